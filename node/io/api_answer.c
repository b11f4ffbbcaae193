/* Answers: problem+json, and members of JSON objects by kind. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <zyd/consortium.h>
#include <zyd/date.h>
#include <zyd/guarantee_schema.h>

#include "api_impl.h"
#include "consortium_json.h"

/* ---- problems ---- */

void zyd_problem_set(struct problem *p, uint32_t code, const char *pointer, const char *format, ...)
{
    va_list args;
    p->code = code;
    snprintf(p->pointer, sizeof p->pointer, "%s", pointer);
    va_start(args, format);
    vsnprintf(p->detail, sizeof p->detail, format, args);
    va_end(args);
    /* cut within a character, or an echo of control characters */
    if (!zyd_utf8_valid(zyd_span(p->detail, strlen(p->detail)))) {
        for (char *c = p->detail; *c; c++) {
            *c = (uint8_t)*c < 0x20 || (uint8_t)*c > 0x7e ? '?' : *c;
        }
    }
    if (!zyd_utf8_valid(zyd_span(p->pointer, strlen(p->pointer)))) {
        p->pointer[0] = '\0';
    }
}

enum step zyd_fail(struct request *r, uint32_t code, const char *pointer, const char *format, ...)
{
    char text[sizeof r->problem.detail];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    zyd_problem_set(&r->problem, code, pointer, "%s", text);
    return zyd_answer_problem(r);
}

const char *zyd_text(const struct request *r, const struct zyd_catalogue_entry *e)
{
    return e->text[r->lang];
}

static void both(json_t *o, const struct request *r, const char *name, const char *const text[2])
{
    char member[32];
    zyd_j_str(o, name, text[r->lang]);
    if (r->lang_both) {
        snprintf(member, sizeof member, "%s_zh", name);
        zyd_j_str(o, member, text[ZYD_LANG_ZH]);
        snprintf(member, sizeof member, "%s_en", name);
        zyd_j_str(o, member, text[ZYD_LANG_EN]);
    }
}

json_t *zyd_problem_json(struct request *r)
{
    struct problem *p = &r->problem;
    const struct zyd_catalogue_entry *e = zyd_catalogue_get(p->code);
    char label[8], type[32];
    json_t *o = json_object();
    zyd_catalogue_label(label, e->code);
    snprintf(type, sizeof type, "/v1/errors#%s", label);
    zyd_j_str(o, "type", type);
    both(o, r, "title", e->text);
    zyd_j_u64(o, "status", r->http);
    zyd_j_str(o, "code", label);
    zyd_j_str(o, "name", e->name);
    zyd_j_u64(o, "exit", e->exit);
    zyd_j_str(o, "detail", p->detail[0] ? p->detail : e->text[r->lang]);
    both(o, r, "remedy", e->fix);
    if (r->raw && zyd_utf8_valid(zyd_span(r->raw, strlen(r->raw)))) {
        char *path = strndup(r->raw, strcspn(r->raw, "?"));
        zyd_j_str(o, "instance", path);
        free(path);
    }
    if (p->pointer[0]) {
        json_t *one = json_object(), *list = json_array();
        zyd_j_str(one, "pointer", p->pointer);
        zyd_j_str(one, "code", label);
        zyd_j_str(one, "detail", p->detail);
        json_array_append_new(list, one);
        json_object_set_new(o, "errors", list);
    }
    json_object_set_new(o, "written",
                        p->written == WRITTEN_UNKNOWN ? json_string("unknown") : json_boolean(p->written == WRITTEN_YES));
    zyd_j_str(o, "retry", zyd_retry_text(p->retry >= 0 ? (enum zyd_retry)p->retry : e->retry));
    zyd_j_str(o, "request_id", r->id);
    if (p->extra) {
        json_object_update_missing(o, p->extra);
    }
    return o;
}

enum step zyd_answer_problem(struct request *r)
{
    const struct zyd_catalogue_entry *e = zyd_catalogue_get(r->problem.code);
    r->http = r->problem.http != 0 ? r->problem.http : e->http;
    r->retry_after = r->http == 429 ? 1 : r->http == 503 ? 2 : 0;
    json_decref(r->json);
    r->json = zyd_problem_json(r);
    atomic_fetch_add(&r->api->refused, 1);
    return STEP_ANSWER;
}

enum step zyd_answer(struct request *r, unsigned http, json_t *json)
{
    json_decref(r->json);
    r->json = json;
    r->http = http;
    return STEP_ANSWER;
}

enum step zyd_answer_bytes(struct request *r, const char *type, uint8_t *bytes, size_t size)
{
    r->bytes = bytes;
    r->bytes_size = size;
    r->type = type;
    r->http = 200;
    return STEP_ANSWER;
}

/* ---- members ---- */

void zyd_j_str(json_t *o, const char *name, const char *text)
{
    json_object_set_new(o, name, text ? json_string(text) : json_null());
}

void zyd_j_span(json_t *o, const char *name, struct zyd_span text)
{
    json_object_set_new(o, name, json_stringn((const char *)text.data, text.size));
}

void zyd_j_u64(json_t *o, const char *name, uint64_t n)
{
    json_object_set_new(o, name, json_integer((json_int_t)n));
}

void zyd_j_u64s(json_t *o, const char *name, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    zyd_j_str(o, name, text);
}

void zyd_j_fen128(json_t *o, const char *name, zyd_u128 fen)
{
    char digits[48], yuan[52], member[64];
    size_t end = sizeof digits - 1, at = end;
    digits[end] = '\0';
    do {
        digits[--at] = (char)('0' + (int)(fen % 10));
        fen /= 10;
    } while (fen != 0);
    snprintf(member, sizeof member, "%s_fen", name);
    zyd_j_str(o, member, digits + at);
    while (end - at < 3) {
        digits[--at] = '0';
    }
    snprintf(yuan, sizeof yuan, "%.*s.%s", (int)(end - at - 2), digits + at, digits + end - 2);
    snprintf(member, sizeof member, "%s_yuan", name);
    zyd_j_str(o, member, yuan);
}

void zyd_j_fen(json_t *o, const char *name, int64_t fen)
{
    if (fen >= 0) {
        zyd_j_fen128(o, name, (zyd_u128)(uint64_t)fen);
        return;
    }
    json_t *t = json_object();
    char member[64], text[64];
    static const char *const forms[2] = {"fen", "yuan"};
    zyd_j_fen128(t, name, (zyd_u128)(0 - (uint64_t)fen));
    for (int i = 0; i < 2; i++) {
        snprintf(member, sizeof member, "%s_%s", name, forms[i]);
        snprintf(text, sizeof text, "-%s", json_string_value(json_object_get(t, member)));
        zyd_j_str(o, member, text);
    }
    json_decref(t);
}

void zyd_j_hex(json_t *o, const char *name, const void *data, size_t size)
{
    char *text = malloc(2 * size + 1);
    zyd_assert(text != NULL);
    zyd_hex(text, data, size);
    zyd_j_str(o, name, text);
    free(text);
}

void zyd_j_hash(json_t *o, const char *name, const struct zyd_hash *hash)
{
    zyd_j_hex(o, name, hash->b, ZYD_HASH_SIZE);
}

void zyd_j_date(json_t *o, const char *name, int32_t date)
{
    char text[16];
    if (date == 0) {
        json_object_set_new(o, name, json_null());
        return;
    }
    snprintf(text, sizeof text, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
    zyd_j_str(o, name, text);
}

void zyd_j_time(json_t *o, const char *name, uint64_t ms)
{
    char text[32];
    zyd_rfc3339(text, (int64_t)ms);
    zyd_j_str(o, name, text);
}

void zyd_j_member(json_t *o, const char *name, const struct zyd_genesis *g, uint16_t member)
{
    if (member < g->member_count) {
        zyd_j_span(o, name, g->members[member].code);
    } else {
        json_object_set_new(o, name, json_null());
    }
}

void zyd_j_programme(json_t *o, const char *name, const struct zyd_genesis *g, uint16_t programme)
{
    const struct zyd_programme *p = zyd_genesis_programme(g, programme);
    if (p) {
        zyd_j_span(o, name, p->code);
    } else {
        json_object_set_new(o, name, json_null());
    }
}

json_t *zyd_j_members(const struct zyd_genesis *g, uint64_t bitmap)
{
    json_t *list = json_array();
    for (uint16_t m = 0; m < g->member_count; m++) {
        if ((bitmap >> m & 1) != 0) {
            json_array_append_new(list, json_stringn((const char *)g->members[m].code.data, g->members[m].code.size));
        }
    }
    return list;
}

const char *zyd_result_text(uint32_t code)
{
    return code == 0 ? "done" : code == ZYD_CODE_PENDING ? "waiting" : "refused";
}

void zyd_j_code(json_t *o, const struct request *r, uint32_t code)
{
    char label[8];
    zyd_j_str(o, "result", zyd_result_text(code));
    if (code == 0) {
        return;
    }
    const struct zyd_catalogue_entry *e = zyd_catalogue_find(code);
    if (!e) { /* a plugin's own code */
        snprintf(label, sizeof label, "E%u", code % 100000u);
        zyd_j_str(o, "code", label);
        return;
    }
    zyd_catalogue_label(label, code);
    zyd_j_str(o, "code", label);
    zyd_j_str(o, "name", e->name);
    zyd_j_str(o, "message", e->text[r->lang]);
    zyd_j_str(o, "remedy", e->fix[r->lang]);
}

struct zyd_span zyd_contract_text(const struct zyd_genesis *g, uint16_t contract)
{
    static const char host[] = "host", none[] = "?";
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        if (g->plugins[i].contract == contract) {
            return g->plugins[i].name;
        }
    }
    return contract == ZYD_CONTRACT_HOST ? zyd_span(host, 4) : zyd_span(none, 1);
}

static const struct zyd_product *product_of(const struct zyd_genesis *g, uint16_t contract)
{
    return zyd_product_of(zyd_contract_text(g, contract));
}

const char *zyd_event_text(char out[24], const struct zyd_genesis *g, uint16_t contract, uint16_t event, uint8_t deadline,
                           bool sys)
{
    static const char *const host[] = {"", "COUNTERSIGN", "DECLINE", "WITHDRAW", "PAID", "EVIDENCE", "EXPIRE",
                                       "PROGRAMME", "CALENDAR", "RATE", "PLUGIN", "APPROVE", "REVOKE"};
    if (contract == ZYD_CONTRACT_HOST && event >= 1 && event <= ZYD_HOST_REVOKE) {
        return host[event];
    }
    if (product_of(g, contract)) {
        return zyd_outcome_name(product_of(g, contract), event, deadline);
    }
    snprintf(out, 24, sys ? "%u.%u" : "%u", event, deadline);
    return out;
}

static void set_pair(void *ctx, const char *name, const char *value)
{
    zyd_j_str(ctx, name, value);
}

json_t *zyd_j_args(const struct zyd_genesis *g, const struct zyd_op *op)
{
    if (product_of(g, op->contract)) {
        const struct zyd_event *e = zyd_event_by_number(product_of(g, op->contract), op->event);
        struct zyd_members members = zyd_genesis_members(g);
        json_t *o = json_object();
        if (e && zyd_args_decode(set_pair, o, e, op->args, &members) == ZYD_OK) {
            return o;
        }
        json_decref(o);
        return json_null();
    }
    if (op->args.size > ZYD_OP_SIZE_MAX) { /* an image is no text: its records and the block hold it */
        return json_null();
    }
    struct zyd_rd rd = zyd_rd_of(op->args);
    json_t *v = zyd_cj_plain_show(&rd, 0);
    if (zyd_rd_done(&rd) != ZYD_OK) {
        json_decref(v);
        v = json_null();
    }
    return v;
}

/* ---- pages ---- */

bool zyd_page_read(struct request *r, struct page *out)
{
    const char *limit = zyd_uri_arg(&r->uri, "limit"), *after = zyd_uri_arg(&r->uri, "after");
    uint64_t n = ZYD_HTTP_PAGE;
    out->after = 0;
    if (limit && (!zyd_decimal_parse(&n, limit, ZYD_HTTP_PAGE_MAX) || n == 0)) {
        zyd_problem_set(&r->problem, ZYD_ERR_FIELD_VALUE, "", "limit: 1 to %u", ZYD_HTTP_PAGE_MAX);
        r->problem.http = 400;
        return false;
    }
    if (after && !zyd_decimal_parse(&out->after, after, UINT64_MAX - 1)) {
        zyd_problem_set(&r->problem, ZYD_ERR_FIELD_VALUE, "", "after: the cursor of an earlier answer");
        r->problem.http = 400;
        return false;
    }
    out->limit = (uint32_t)n;
    return true;
}

/* The same query with another cursor, for Link. */
static void next_link(struct request *r, const char *cursor)
{
    size_t path = strcspn(r->raw, "?"), at;
    const char *q = r->raw[path] == '?' ? r->raw + path + 1 : "";
    int n = snprintf(r->link, sizeof r->link, "<%.*s?after=%s", (int)path, r->raw, cursor);
    at = n > 0 ? (size_t)n : 0;
    while (*q && at < sizeof r->link) {
        size_t size = strcspn(q, "&");
        if (strncmp(q, "after=", 6) != 0 && size > 0 && at + size + 16 < sizeof r->link) {
            n = snprintf(r->link + at, sizeof r->link - at, "&%.*s", (int)size, q);
            at += n > 0 ? (size_t)n : 0;
        }
        q += size + (q[size] == '&');
    }
    if (at + 14 < sizeof r->link) {
        snprintf(r->link + at, sizeof r->link - at, ">; rel=\"next\"");
    } else {
        r->link[0] = '\0';
    }
}

json_t *zyd_page_json(struct request *r, json_t *items, uint64_t next)
{
    char cursor[24];
    json_t *o = json_object();
    json_object_set_new(o, "items", items);
    if (next == UINT64_MAX) {
        json_object_set_new(o, "next", json_null());
    } else {
        snprintf(cursor, sizeof cursor, "%llu", (unsigned long long)next);
        zyd_j_str(o, "next", cursor);
        next_link(r, cursor);
    }
    zyd_view_lock(r->api->view);
    zyd_j_u64(o, "height", zyd_view_height(r->api->view));
    zyd_view_unlock(r->api->view);
    return o;
}
