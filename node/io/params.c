/* Programme parameters: JSON <-> the canonical MessagePack that the programme's contract reads. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <zyd/catalogue.h>
#include <zyd/consortium.h>
#include <zyd/product.h>

#include "consortium_json.h"

#define PAIRS_MAX 128u

/* ---- any contract: arrays as they are ---- */

enum zyd_status zyd_cj_plain(struct zyd_wr *wr, struct zyd_err *err, const json_t *v, unsigned depth)
{
    switch (json_typeof(v)) {
    case JSON_ARRAY:
        if (depth >= ZYD_RD_DEPTH_MAX) {
            return zyd_cj_fail(err, "params", "nested too deeply");
        }
        zyd_wr_array(wr, (uint32_t)json_array_size(v));
        for (size_t i = 0; i < json_array_size(v); i++) {
            enum zyd_status s = zyd_cj_plain(wr, err, json_array_get(v, i), depth + 1);
            if (s != ZYD_OK) {
                return s;
            }
        }
        return ZYD_OK;
    case JSON_INTEGER:
        zyd_wr_i64(wr, json_integer_value(v));
        return ZYD_OK;
    case JSON_STRING:
        zyd_wr_str(wr, json_string_value(v), json_string_length(v));
        return ZYD_OK;
    case JSON_TRUE:
    case JSON_FALSE:
        zyd_wr_bool(wr, json_is_true(v));
        return ZYD_OK;
    case JSON_NULL:
        zyd_wr_nil(wr);
        return ZYD_OK;
    case JSON_OBJECT:
    case JSON_REAL:
        break;
    }
    return zyd_cj_fail(err, "params", "arrays, integers, texts, true, false and null are allowed");
}

/* Text of a JSON value as the schema takes it; malloc'd. */
char *zyd_cj_value_text(const json_t *v)
{
    char number[32];
    if (json_is_string(v)) {
        return strdup(json_string_value(v));
    }
    if (json_is_integer(v)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
        return strdup(number);
    }
    if (json_is_boolean(v)) {
        return strdup(json_is_true(v) ? "true" : "false");
    }
    if (json_is_array(v)) {
        char *all = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&all, &size);
        for (size_t i = 0; f && i < json_array_size(v); i++) {
            char *one = json_is_array(json_array_get(v, i)) ? NULL : zyd_cj_value_text(json_array_get(v, i));
            if (!one) {
                fclose(f);
                free(all);
                return NULL;
            }
            fprintf(f, "%s%s", i ? "," : "", one);
            free(one);
        }
        if (f) {
            fclose(f);
        }
        return all;
    }
    return NULL;
}

static enum zyd_status schema_encode(const struct zyd_product *product, struct zyd_wr *wr, struct zyd_err *err, const json_t *o,
                                     const struct zyd_genesis *g)
{
    struct zyd_pair pairs[PAIRS_MAX];
    struct zyd_members members =zyd_genesis_members(g);
    char why[ZYD_WHY] = "";
    size_t count = 0;
    enum zyd_status s = ZYD_OK;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        char *text = count < PAIRS_MAX ? zyd_cj_value_text(value) : NULL;
        if (!text) {
            s = zyd_cj_fail(err, "params", "each member is a text, an integer, true, false or a list of them");
            break;
        }
        pairs[count++] = (struct zyd_pair){key, text};
    }
    if (s == ZYD_OK) {
        s = zyd_product_params_encode(product, wr, why, pairs, count, &members);
        if (s != ZYD_OK) {
            zyd_err_set(err, strncmp(why, "tree", 4) == 0 && strstr(why, "do not sum") ? 9103u : ZYD_ERR_FILE_FORMAT,
                        "params: %s", why[0] ? why : zyd_status_text(s));
        }
    }
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)pairs[i].value);
    }
    return s;
}

enum zyd_status zyd_params_encode(struct zyd_wr *wr, struct zyd_err *err, const char *contract, const char *json,
                                  const struct zyd_genesis *g)
{
    json_error_t at;
    json_t *v = json_loads(json, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    const struct zyd_product *product = zyd_product_by_name(contract);
    enum zyd_status s;
    if (json_is_object(v) && product) {
        s = schema_encode(product, wr, err, v, g);
    } else if (json_is_array(v)) {
        s = zyd_cj_plain(wr, err, v, 0);
    } else {
        s = zyd_cj_fail(err, "params",
                        json_is_object(v) ? "this contract has no named parameters; give an array"
                                          : "an object or an array is expected");
    }
    json_decref(v);
    return s;
}

/* ---- back ---- */

json_t *zyd_cj_plain_show(struct zyd_rd *rd, unsigned depth)
{
    uint8_t first = rd->pos < rd->size ? rd->data[rd->pos] : 0xc1;
    if ((first & 0xf0) == 0x90 || first == 0xdc || first == 0xdd) {
        json_t *list = json_array();
        uint32_t count = zyd_rd_array(rd, ZYD_RD_ITEMS_MAX);
        for (uint32_t i = 0; i < count && !rd->bad && depth < ZYD_RD_DEPTH_MAX; i++) {
            json_array_append_new(list, zyd_cj_plain_show(rd, depth + 1));
        }
        return list;
    }
    if (first == 0xc0) {
        (void)zyd_rd_nil(rd);
        return json_null();
    }
    if (first == 0xc2 || first == 0xc3) {
        return json_boolean(zyd_rd_bool(rd));
    }
    if ((first & 0xe0) == 0xa0 || (first >= 0xd9 && first <= 0xdb)) {
        struct zyd_span text = zyd_rd_str(rd, 0, ZYD_OP_SIZE_MAX);
        return json_stringn((const char *)text.data, text.size);
    }
    if (first >= 0xc4 && first <= 0xc6) {
        rd->bad = true; /* binaries have no plain form */
        return json_null();
    }
    return json_integer(zyd_rd_i64(rd, INT64_MIN, INT64_MAX));
}

static void show_pair(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

enum zyd_status zyd_params_show(char **json, struct zyd_err *err, const char *contract, struct zyd_span params,
                                const struct zyd_genesis *g)
{
    const struct zyd_product *product = zyd_product_by_name(contract);
    struct zyd_members members =zyd_genesis_members(g);
    enum zyd_status s;
    json_t *v;
    if (product) {
        v = json_object();
        s = zyd_product_params_decode(product, show_pair, v, params, &members);
    } else {
        struct zyd_rd rd = zyd_rd_of(params);
        v = zyd_cj_plain_show(&rd, 0);
        s = zyd_rd_done(&rd);
    }
    *json = s == ZYD_OK ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(v);
    if (!*json) {
        zyd_err_set(err, ZYD_ERR_FILE_FORMAT, "the parameters of a programme cannot be shown");
        return s != ZYD_OK ? s : ZYD_E_INVALID;
    }
    return ZYD_OK;
}
