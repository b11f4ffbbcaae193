/* findings_report.c: what was found, for an auditor's working paper: by kind, then one by one, in Chinese and English, and as
 * JSON. */
#include "audit.h"
#include <jansson.h>
#include <zyd/host.h>
#include <zyd/product.h>

#define SHOWN 200u /* one by one in the text; JSON has all that are kept */

static const struct zyd_product *product_of(const struct audit_bundle *b, uint16_t contract)
{
    for (uint16_t i = 0; i < b->genesis.plugin_count; i++) {
        if (b->genesis.plugins[i].contract == contract) {
            return zyd_product_of(b->genesis.plugins[i].name);
        }
    }
    return NULL;
}

static void code_of(char out[13], const struct zyd_span *code)
{
    snprintf(out, 13, "%.*s", code == NULL ? 0 : (int)code->size, code == NULL ? "" : (const char *)code->data);
}

static void member_of(char out[13], const struct audit_finding *f, const struct audit_bundle *b)
{
    code_of(out, f->has_member && f->member < b->genesis.member_count ? &b->genesis.members[f->member].code : NULL);
}

/* Programmes of governance go by their number. */
static void programme_of(char out[16], const struct audit_finding *f, const struct audit_bundle *b)
{
    const struct zyd_programme *p = zyd_genesis_programme(&b->genesis, f->programme);
    snprintf(out, 16, "%u", f->programme);
    if (p != NULL) {
        code_of(out, &p->code);
    }
}

static void date_of(char out[12], int32_t date)
{
    snprintf(out, 12, "%04u-%02u-%02u", (unsigned)(date / 10000) % 10000, (unsigned)(date / 100 % 100) % 100,
             (unsigned)(date % 100) % 100);
}

static const char *event_of(const struct zyd_product *product, const struct audit_finding *f)
{
    bool paid = f->contract == ZYD_CONTRACT_HOST && f->event == ZYD_HOST_PAID;
    return paid ? "PAID" : zyd_outcome_name(product, f->event, f->deadline);
}

static void text_amounts(FILE *to, const struct audit_finding *f)
{
    char booked[64], right[64], difference[64];
    audit_yuan(booked, f->booked);
    audit_yuan(right, f->right);
    audit_yuan(difference, (zyd_i128)f->booked - f->right);
    fprintf(to, "      booked 入账 %s  right 应为 %s  difference 差额 %s yuan 元 (%lld / %lld fen 分)\n", booked, right, difference,
            (long long)f->booked, (long long)f->right);
}

static void text_one(FILE *to, const struct audit_finding *f, size_t number, const struct audit_bundle *b)
{
    char member[13], programme[16], from[12], until[12], hex[65];
    const struct zyd_product *product = product_of(b, f->contract);
    member_of(member, f, b);
    programme_of(programme, f, b);
    audit_hex_write(hex, &f->object);
    fprintf(to, "  %3zu %s %s  %s\n", number, f->kind->name, f->kind->zh, f->kind->en);
    fprintf(to, "      contract 合同 %s %.12s  programme 项目 %s  event 事件 %s", f->ref, f->has_object ? hex : "", programme,
            event_of(product, f));
    if (member[0] != '\0') {
        fprintf(to, "  member 成员 %s", member);
    }
    if (f->to != 0) {
        date_of(from, f->from);
        date_of(until, f->to);
        fprintf(to, "  period 期间 %s..%s", from, until);
    }
    fputc('\n', to);
    if (f->has_amounts) {
        text_amounts(to, f);
    }
    fprintf(to, "      height 高度 %llu  log entry 日志条目 %llu  %s\n", (unsigned long long)f->height,
            (unsigned long long)f->log_index, f->detail);
}

static bool seen_before(const struct audit_findings *all, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (all->rows[k].kind == all->rows[i].kind) {
            return true;
        }
    }
    return false;
}

void audit_findings_text(FILE *to, const struct audit_result *r, const struct audit_bundle *b)
{
    const struct audit_findings *all = &r->findings;
    if (all->total == 0) {
        return;
    }
    fprintf(to, "FINDINGS 审计发现  %llu; %llu amounts were computed a second way 独立重算金额 %llu 笔\n",
            (unsigned long long)all->total, (unsigned long long)r->rederived, (unsigned long long)r->rederived);
    for (size_t i = 0; i < all->count; i++) {
        size_t n = 0;
        for (size_t k = i; k < all->count && !seen_before(all, i); k++) {
            n += all->rows[k].kind == all->rows[i].kind;
        }
        if (n > 0) {
            fprintf(to, "  %6zu  ", n);
            audit_pad(to, all->rows[i].kind->name, 25);
            audit_pad(to, all->rows[i].kind->zh, 24);
            fprintf(to, "%s\n", all->rows[i].kind->en);
        }
    }
    for (size_t i = 0; i < all->count && i < SHOWN; i++) {
        text_one(to, &all->rows[i], i + 1, b);
    }
    if (all->total > SHOWN) {
        fprintf(to, "  ... %llu more, in -o json 其余见 JSON\n", (unsigned long long)(all->total - SHOWN));
    }
}

static json_t *text_or_null(const char *text)
{
    return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *fen_or_null(const struct audit_finding *f, int64_t fen)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)fen);
    return f->has_amounts ? json_string(text) : json_null();
}

static json_t *day_or_null(int32_t date)
{
    char text[12];
    date_of(text, date);
    return date == 0 ? json_null() : json_string(text);
}

static json_t *one_json(const struct audit_finding *f, const struct audit_bundle *b)
{
    char member[13], programme[16], hex[65];
    const struct zyd_product *product = product_of(b, f->contract);
    member_of(member, f, b);
    programme_of(programme, f, b);
    audit_hex_write(hex, &f->object);
    return json_pack("{s:s,s:s,s:s,s:s?,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:s}", "finding", f->kind->name, "zh",
                     f->kind->zh, "en", f->kind->en, "product", product == NULL ? NULL : product->name, "programme", programme,
                     "event", event_of(product, f), "contract", text_or_null(f->ref), "contract_id",
                     f->has_object ? json_string(hex) : json_null(), "member", text_or_null(member), "from",
                     day_or_null(f->from), "to", day_or_null(f->to), "booked_fen", fen_or_null(f, f->booked), "right_fen",
                     fen_or_null(f, f->right), "height", (json_int_t)f->height, "log_index", (json_int_t)f->log_index, "detail",
                     f->detail);
}

struct json_t *audit_findings_json(const struct audit_result *r, const struct audit_bundle *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->findings.count; i++) {
        json_array_append_new(list, one_json(&r->findings.rows[i], b));
    }
    return list;
}
