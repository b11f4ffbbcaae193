/* product_params.c: the common form of a programme's parameters <-> name=value text. */
#include "product_impl.h"

#define PARAMS_MAX 128u

/* The text of a parameter: as given, else the preset's, else NULL. */
static const char *text_of(bool *integer_fen, const struct zyd_field *f, const struct zyd_pair *pairs, size_t count,
                           const struct zyd_preset *preset)
{
    for (size_t i = 0; i < count; i++) {
        if (zyd_schema_named(pairs[i].name, f, integer_fen)) {
            return pairs[i].value;
        }
    }
    *integer_fen = false;
    return preset == NULL ? NULL : zyd_preset_value(preset, f->name);
}

/* Every pair is the preset or one parameter, once. */
static enum zyd_status check_names(const struct zyd_product *product, char *why, const struct zyd_pair *pairs, size_t count,
                                   const struct zyd_preset **preset)
{
    bool integer_fen, given[PARAMS_MAX] = {false};
    *preset = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        if (strcmp(pairs[i].name, "preset") == 0) {
            if (*preset != NULL) {
                return zyd_schema_fail(why, "preset", "given twice");
            }
            *preset = zyd_preset_by_name(product, pairs[i].value);
            if (*preset == NULL) {
                return zyd_schema_fail(why, "preset", "no such preset");
            }
            continue;
        }
        while (k < product->param_count && !zyd_schema_named(pairs[i].name, &product->params[k], &integer_fen)) {
            k++;
        }
        if (k == product->param_count || given[k]) {
            return zyd_schema_fail(why, pairs[i].name, k == product->param_count ? "no such parameter" : "given twice");
        }
        given[k] = true;
    }
    return ZYD_OK;
}

static enum zyd_status encode(const struct zyd_product *product, struct zyd_wr *wr, char *why, const struct zyd_pair *pairs,
                              size_t count, const struct zyd_members *members)
{
    const struct zyd_preset *preset;
    uint8_t slots[PARAMS_MAX * 8];
    uint32_t numbers = 0;
    bool integer_fen;
    zyd_assert(product->param_count <= PARAMS_MAX);
    enum zyd_status s = check_names(product, why, pairs, count, &preset);
    if (s != ZYD_OK) {
        return s;
    }
    for (size_t k = 0; k < product->param_count; k++) {
        const struct zyd_field *f = &product->params[k];
        const char *text = text_of(&integer_fen, f, pairs, count, preset);
        uint64_t v = f->def;
        if (!zyd_schema_is_number(f->type)) {
            continue;
        }
        const char *bad = text == NULL ? NULL : zyd_schema_number(&v, f, integer_fen, text, members);
        if (bad != NULL || (text == NULL && f->required)) {
            return zyd_schema_fail(why, f->name, bad != NULL ? bad : "missing");
        }
        for (size_t i = 0; i < 8; i++) {
            slots[8 * numbers + i] = (uint8_t)(v >> (56 - 8 * i));
        }
        numbers++;
    }
    zyd_wr_array(wr, 1 + (uint32_t)product->param_count - numbers);
    zyd_wr_bin(wr, slots, 8 * numbers);
    for (size_t k = 0; k < product->param_count; k++) {
        const struct zyd_field *f = &product->params[k];
        const char *text = text_of(&integer_fen, f, pairs, count, preset), *bad = NULL;
        if (zyd_schema_is_number(f->type)) {
            continue;
        }
        if (text == NULL && f->required) {
            bad = "missing";
        } else if (text == NULL) {
            zyd_schema_write_none(wr, f);
        } else {
            bad = zyd_schema_write(wr, f, false, text, members);
        }
        if (bad != NULL) {
            return zyd_schema_fail(why, f->name, bad);
        }
    }
    return wr->full ? ZYD_E_FULL : ZYD_OK;
}

enum zyd_status zyd_product_params_encode(const struct zyd_product *product, struct zyd_wr *wr, char why[ZYD_WHY],
                                          const struct zyd_pair *pairs, size_t count, const struct zyd_members *members)
{
    why[0] = 0;
    return product->params_encode != NULL ? product->params_encode(wr, why, pairs, count, members)
                                          : encode(product, wr, why, pairs, count, members);
}

enum zyd_status zyd_product_params_decode(const struct zyd_product *product, zyd_emit *emit, void *ctx, struct zyd_span params,
                                          const struct zyd_members *members)
{
    struct zyd_rd rd = zyd_rd_of(params);
    uint32_t numbers = 0;
    if (product->params_decode != NULL) {
        return product->params_decode(emit, ctx, params, members);
    }
    for (size_t k = 0; k < product->param_count; k++) {
        numbers += zyd_schema_is_number(product->params[k].type);
    }
    zyd_rd_array_of(&rd, 1 + (uint32_t)product->param_count - numbers);
    struct zyd_span slots = zyd_rd_bin(&rd, 8 * PARAMS_MAX);
    if (rd.bad || slots.size != 8 * (size_t)numbers) {
        return ZYD_E_MALFORMED;
    }
    for (size_t k = 0, at = 0; k < product->param_count; k++) {
        const struct zyd_field *f = &product->params[k];
        if (!zyd_schema_is_number(f->type)) {
            zyd_schema_tell(emit, ctx, &rd, f, members);
            continue;
        }
        uint64_t v = 0;
        for (size_t i = 0; i < 8; i++) {
            v = v << 8 | slots.data[at++];
        }
        zyd_schema_tell_number(emit, ctx, f, v, members);
    }
    return zyd_rd_done(&rd);
}
