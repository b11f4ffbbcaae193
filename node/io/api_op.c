/* From JSON to one operation.  No network, no clock, no state: the fuzzer runs it as it is. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/guarantee_schema.h>

#include "api_impl.h"
#include "consortium_json.h"

#define PAIRS_MAX 64u

bool zyd_key_valid(const char *key)
{
    size_t n = strnlen(key, ZYD_CLIENT_REF_MAX + 1);
    for (size_t i = 0; i < n; i++) {
        if (key[i] < 0x20 || key[i] > 0x7e) {
            return false;
        }
    }
    return n >= 1 && n <= ZYD_CLIENT_REF_MAX;
}

/* ---- reading JSON ---- */

static bool shallow(const json_t *v, unsigned depth)
{
    const char *key;
    json_t *one;
    if (depth > ZYD_JSON_DEPTH_MAX) {
        return false;
    }
    if (json_is_array(v)) {
        for (size_t i = 0; i < json_array_size(v); i++) {
            if (!shallow(json_array_get(v, i), depth + 1)) {
                return false;
            }
        }
    } else if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, one)
        {
            if (!shallow(one, depth + 1)) {
                return false;
            }
        }
    }
    return true;
}

json_t *zyd_json_read(struct problem *p, const void *bytes, size_t size)
{
    json_error_t at;
    if (size > 0 && memchr(bytes, 0, size)) { /* the library takes a NUL after the value for the end */
        zyd_problem_set(p, ZYD_ERR_MALFORMED, "", "a NUL byte");
        return NULL;
    }
    json_t *v = size > ZYD_HTTP_JSON_MAX ? NULL : json_loadb(bytes, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (!v) {
        if (size > ZYD_HTTP_JSON_MAX) {
            zyd_problem_set(p, ZYD_ERR_TOO_BIG, "", "JSON of more than %u bytes", ZYD_HTTP_JSON_MAX);
        } else {
            zyd_problem_set(p, ZYD_ERR_MALFORMED, "", "line %d, column %d: %.160s", at.line, at.column, at.text);
        }
        return NULL;
    }
    if (!shallow(v, 1)) {
        zyd_problem_set(p, ZYD_ERR_MALFORMED, "", "nested more than %u deep", ZYD_JSON_DEPTH_MAX);
        json_decref(v);
        return NULL;
    }
    return v;
}

static bool members_known(struct problem *p, const json_t *body, const char *const *allowed)
{
    const char *key;
    json_t *value;
    char pointer[96];
    if (!json_is_object(body)) {
        zyd_problem_set(p, ZYD_ERR_MALFORMED, "", "a JSON object is expected");
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        bool known = false;
        for (size_t i = 0; allowed[i]; i++) {
            known |= strcmp(allowed[i], key) == 0;
        }
        if (!known) {
            snprintf(pointer, sizeof pointer, "/%.80s", key);
            zyd_problem_set(p, ZYD_ERR_FIELD_UNKNOWN, pointer, "%.80s", key);
            return false;
        }
    }
    return true;
}

/* Text of a member; "" when it is absent and not required. */
static const char *member_text(struct problem *p, const json_t *body, const char *name, bool required)
{
    const json_t *v = json_object_get(body, name);
    char pointer[96];
    snprintf(pointer, sizeof pointer, "/%s", name);
    if (!v && !required) {
        return "";
    }
    if (!v) {
        zyd_problem_set(p, ZYD_ERR_FIELD_MISSING, pointer, "%s", name);
        return NULL;
    }
    if (!json_is_string(v) || !zyd_utf8_valid(zyd_span(json_string_value(v), json_string_length(v)))) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, pointer, "%s: a text without control characters is expected", name);
        return NULL;
    }
    return json_string_value(v);
}

static bool member_bool(struct problem *p, bool *out, const json_t *body, const char *name, bool missing)
{
    const json_t *v = json_object_get(body, name);
    char pointer[96];
    *out = v ? json_is_true(v) : missing;
    if (v && !json_is_boolean(v)) {
        snprintf(pointer, sizeof pointer, "/%s", name);
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, pointer, "%s: true or false is expected", name);
        return false;
    }
    return true;
}

static bool member_seq(struct problem *p, uint64_t *out, const json_t *body, uint64_t missing)
{
    const json_t *v = json_object_get(body, "expect_seq");
    *out = missing;
    if (!v && missing != 0) {
        return true;
    }
    if (!v) {
        zyd_problem_set(p, ZYD_ERR_FIELD_MISSING, "/expect_seq", "expect_seq: the seq of the object that the caller saw");
        return false;
    }
    if (!json_is_integer(v) || json_integer_value(v) < 1) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/expect_seq", "expect_seq: an integer from 1 on is expected");
        return false;
    }
    *out = (uint64_t)json_integer_value(v);
    return true;
}

/* ---- arguments ---- */

static const struct zyd_field *arg_by_name(const struct zyd_event *e, const char *name, size_t size)
{
    for (uint8_t i = 0; i < e->arg_count; i++) {
        if (strlen(e->args[i].name) == size && memcmp(e->args[i].name, name, size) == 0) {
            return &e->args[i];
        }
    }
    return NULL;
}

static bool list_has_comma(const json_t *v)
{
    for (size_t i = 0; json_is_array(v) && i < json_array_size(v); i++) {
        const char *text = json_string_value(json_array_get(v, i));
        if (text && strchr(text, ',')) {
            return true;
        }
    }
    return false;
}

/* One member of "args" as the schema's text; NULL with the problem set. */
static char *arg_text(struct problem *p, const struct zyd_event *e, const char *name, const json_t *value)
{
    char pointer[96];
    size_t size = strlen(name);
    const struct zyd_field *arg = arg_by_name(e, name, size);
    bool fen = false;
    snprintf(pointer, sizeof pointer, "/args/%.80s", name);
    if (!arg && size > 4 && strcmp(name + size - 4, "_fen") == 0) {
        arg = arg_by_name(e, name, size - 4);
        fen = true;
        arg = arg && arg->type == ZYD_FIELD_FEN ? arg : NULL;
    }
    if (!arg) {
        zyd_problem_set(p, ZYD_ERR_FIELD_UNKNOWN, pointer, "%s has no argument %.80s", e->name, name);
        return NULL;
    }
    if (arg->type == ZYD_FIELD_FEN) {
        uint64_t n;
        if (!fen || !json_is_string(value) || !zyd_decimal_parse(&n, json_string_value(value), (uint64_t)ZYD_MONEY_MAX)) {
            zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, pointer, "%s_fen: a text of integer fen is expected", arg->name);
            return NULL;
        }
        return strdup(json_string_value(value));
    }
    const char *text = json_string_value(value);
    if ((text && !zyd_utf8_valid(zyd_span(text, strlen(text)))) || list_has_comma(value)) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, pointer, "%s: control characters, or a comma within a list's element",
                        arg->name);
        return NULL;
    }
    char *out = zyd_cj_value_text(value);
    if (!out) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, pointer, "%s: a text, an integer, true, false or a list of them is expected",
                        arg->name);
    }
    return out;
}

/* The reason of the schema begins with the name of the argument. */
static void schema_problem(struct problem *p, const struct zyd_event *e, const json_t *args, const char *why)
{
    char pointer[96] = "/args";
    size_t n = strcspn(why, " :=");
    const struct zyd_field *arg = arg_by_name(e, why, n);
    if (!arg && n > 4 && memcmp(why + n - 4, "_fen", 4) == 0) {
        arg = arg_by_name(e, why, n - 4);
    }
    bool missing = false;
    if (arg) {
        char given[80];
        snprintf(given, sizeof given, "%.60s%s", arg->name, arg->type == ZYD_FIELD_FEN ? "_fen" : "");
        snprintf(pointer, sizeof pointer, "/args/%s", given);
        missing = !json_object_get(args, given);
    }
    zyd_problem_set(p, missing ? ZYD_ERR_FIELD_MISSING : ZYD_ERR_FIELD_VALUE, pointer, "%s", why);
}

static bool args_by_schema(struct zyd_wr *wr, struct problem *p, const struct zyd_genesis *g,
                           const struct zyd_event *e, const json_t *args)
{
    struct zyd_pair pairs[PAIRS_MAX];
    struct zyd_members members = zyd_genesis_members(g);
    char why[ZYD_WHY] = "";
    size_t count = 0;
    bool good = true;
    const char *key;
    json_t *value;
    if (args && !json_is_object(args)) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/args", "args: an object of named arguments is expected");
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)args, key, value)
    {
        if (json_is_null(value)) {
            continue;
        }
        char *text = NULL;
        if (count == PAIRS_MAX) {
            zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/args", "too many arguments");
        } else {
            text = arg_text(p, e, key, value);
        }
        if (!text) {
            good = false;
            break;
        }
        pairs[count++] = (struct zyd_pair){key, text};
    }
    if (good) {
        enum zyd_status s = zyd_args_encode(wr, why, e, pairs, count, &members);
        good = s == ZYD_OK;
        if (!good) {
            schema_problem(p, e, args, why[0] ? why : zyd_status_text(s));
        }
    }
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)pairs[i].value);
    }
    return good;
}

static bool args_plain(struct zyd_wr *wr, struct problem *p, const json_t *args)
{
    struct zyd_err err = {0};
    if (!args) {
        zyd_wr_array(wr, 0);
        return true;
    }
    if (!json_is_array(args) || zyd_cj_plain(wr, &err, args, 0) != ZYD_OK) {
        zyd_problem_set(
            p, ZYD_ERR_FIELD_VALUE, "/args",
            "args: a list of integers, texts, booleans, nulls and lists is expected, for a contract without a schema");
        return false;
    }
    return true;
}

/* ---- operations ---- */

static bool finish(struct op_request *out, struct problem *p, struct zyd_op *op, const struct zyd_wr *args)
{
    struct zyd_wr wr = zyd_wr_of(out->bytes, sizeof out->bytes);
    op->args = zyd_wr_span(args);
    zyd_op_encode(&wr, op);
    if (args->full || wr.full) {
        zyd_problem_set(p, ZYD_ERR_TOO_BIG, "/args", "an operation of more than %u bytes", ZYD_OP_SIZE_MAX);
        return false;
    }
    out->size = wr.size;
    if (zyd_op_decode(&out->op, zyd_wr_span(&wr)) != ZYD_OK) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/args", "the arguments do not make an operation");
        return false;
    }
    return true;
}

static const struct zyd_product *product_of(const struct zyd_genesis *g, uint16_t contract)
{
    return zyd_product_of(zyd_contract_text(g, contract));
}

/* Event and arguments into op; scratch holds the arguments. */
static bool event_args(struct zyd_op *op, struct zyd_wr *args, struct problem *p, const struct zyd_genesis *g,
                       const char *event, const json_t *body, bool makes)
{
    uint64_t number;
    if (product_of(g, op->contract)) {
        const struct zyd_event *e = zyd_event_by_name(product_of(g, op->contract), event);
        if (!e || e->makes != makes) {
            zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, makes ? "/event" : "", "%.40s is not an event that %s", event,
                            makes ? "makes a contract" : "a contract knows (GET /v1/schema)");
            if (!makes) {
                p->http = 404;
            }
            return false;
        }
        op->event = e->number;
        return args_by_schema(args, p, g, e, json_object_get(body, "args"));
    }
    if (!zyd_decimal_parse(&number, event, 0xfeff)) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/event", "the event of a contract without a schema is a number");
        return false;
    }
    op->event = (uint16_t)number;
    return args_plain(args, p, json_object_get(body, "args"));
}

static const struct zyd_programme *programme_of(struct problem *p, const struct zyd_genesis *g, const char *code)
{
    for (uint16_t i = 0; i < g->programme_count; i++) {
        if (g->programmes[i].code.size == strlen(code) && memcmp(g->programmes[i].code.data, code, strlen(code)) == 0) {
            return &g->programmes[i];
        }
    }
    zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/programme", "no programme %.40s in the consortium", code);
    return NULL;
}

static bool same(struct zyd_span name, const char *text)
{
    return name.size == strlen(text) && memcmp(name.data, text, name.size) == 0;
}

bool zyd_op_make(struct op_request *out, struct problem *p, const struct zyd_genesis *g, uint16_t member, const char *key,
                 const json_t *body)
{
    static const char *const allowed[] = {"programme", "client_ref", "contract", "event", "args", "may_wait", NULL};
    static const char apply[] = "APPLY";
    uint8_t scratch[ZYD_OP_SIZE_MAX];
    struct zyd_wr args = zyd_wr_of(scratch, sizeof scratch);
    if (!members_known(p, body, allowed)) {
        return false;
    }
    const char *code = member_text(p, body, "programme", true);
    const char *contract = code ? member_text(p, body, "contract", false) : NULL;
    const char *event = contract ? member_text(p, body, "event", false) : NULL;
    const char *ref = event ? member_text(p, body, "client_ref", false) : NULL;
    const struct zyd_programme *programme = ref ? programme_of(p, g, code) : NULL;
    if (!programme || !member_bool(p, &out->may_wait, body, "may_wait", true)) {
        return false;
    }
    if (contract[0] && !same(zyd_contract_text(g, programme->contract), contract)) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/contract", "programme %.40s is not one of contract %.40s", code, contract);
        return false;
    }
    if (ref[0] == '\0' && key[0] == '\0') {
        zyd_problem_set(p, ZYD_ERR_KEY_MISSING, "/client_ref", "give Idempotency-Key or client_ref");
        return false;
    }
    if ((ref[0] && !zyd_key_valid(ref)) || (ref[0] && key[0] && strcmp(ref, key) != 0)) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/client_ref",
                        "client_ref: 1 to 35 printable ASCII characters, equal to Idempotency-Key where both are given");
        return false;
    }
    ref = ref[0] ? ref : key;
    struct zyd_op op = {.contract = programme->contract,
                        .programme = programme->id,
                        .member = member,
                        .client_ref = zyd_span(ref, strlen(ref))};
    return event_args(&op, &args, p, g, event[0] ? event : apply, body, true) && finish(out, p, &op, &args);
}

bool zyd_op_event(struct op_request *out, struct problem *p, const struct zyd_genesis *g, uint16_t member, uint16_t contract,
                  uint16_t programme, const struct zyd_hash *object, const char *event, const json_t *body)
{
    static const char *const allowed[] = {"expect_seq", "args", "may_wait", NULL};
    uint8_t scratch[ZYD_OP_SIZE_MAX];
    struct zyd_wr args = zyd_wr_of(scratch, sizeof scratch);
    struct zyd_op op = {.contract = contract, .programme = programme, .member = member, .has_object = true, .object = *object};
    return members_known(p, body, allowed) && member_seq(p, &op.expect_seq, body, 0) &&
           member_bool(p, &out->may_wait, body, "may_wait", true) && event_args(&op, &args, p, g, event, body, false) &&
           finish(out, p, &op, &args);
}

bool zyd_op_paid(struct op_request *out, struct problem *p, uint16_t member, const struct zyd_hash *obligation,
                 const json_t *body)
{
    static const char *const allowed[] = {"expect_seq", "bank_ref", "may_wait", NULL};
    uint8_t scratch[64];
    struct zyd_wr args = zyd_wr_of(scratch, sizeof scratch);
    struct zyd_op op = {.contract = ZYD_CONTRACT_HOST, .event = ZYD_HOST_PAID, .member = member, .has_object = true,
                        .object = *obligation};
    if (!members_known(p, body, allowed) || !member_seq(p, &op.expect_seq, body, 1) ||
        !member_bool(p, &out->may_wait, body, "may_wait", true)) {
        return false;
    }
    const char *ref = member_text(p, body, "bank_ref", true);
    if (!ref) {
        return false;
    }
    if (strlen(ref) < 1 || strlen(ref) > 35) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "/bank_ref", "bank_ref: 1 to 35 bytes");
        return false;
    }
    zyd_wr_array(&args, 1);
    zyd_wr_str(&args, ref, strlen(ref));
    return finish(out, p, &op, &args);
}

bool zyd_op_pending(struct op_request *out, struct problem *p, uint16_t member, uint16_t event, const struct zyd_hash *op_id,
                    const json_t *body)
{
    static const char *const allowed[] = {NULL};
    static const uint8_t none[1] = {0x90};
    uint8_t scratch[1];
    struct zyd_wr args = zyd_wr_of(scratch, sizeof scratch);
    struct zyd_op op = {.contract = ZYD_CONTRACT_HOST, .event = event, .member = member, .has_object = true, .object = *op_id};
    if (body && !members_known(p, body, allowed)) {
        return false;
    }
    zyd_wx_bytes(&args, none, 1);
    out->may_wait = false;
    return finish(out, p, &op, &args);
}
