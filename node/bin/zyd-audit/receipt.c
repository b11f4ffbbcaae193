/* One receipt, given the consortium and its hash (ledger.md 3.5 form 1). */
#include "audit.h"
#include <jansson.h>
#include <stdlib.h>
#include <zyd/consortium.h>

#define RECEIPT_SIZE_MAX (2u << 20)

static bool verify_one(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}

static int verdict(FILE *to, bool json, int code, const char *text)
{
    static const char *const words[] = {"FAILED 验证失败", "COULD NOT VERIFY 无法验证"};
    bool bad = code == EXIT_BAD_LEDGER;
    if (json) {
        json_t *o = json_pack("{s:s,s:s,s:i,s:s}", "schema", "zyd-audit-receipt/1", "verdict",
                              bad ? "failed" : "could_not_verify", "exit", code, "why", text);
        json_dumpf(o, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        fputc('\n', to);
        json_decref(o);
    } else {
        fprintf(to, "%s  %s\n", words[bad ? 0 : 1], text);
    }
    return code;
}

/* consortium.json, or the canonical body itself.  Whichever: the body must have the hash. */
static int read_genesis(struct zyd_genesis *g, struct zyd_consortium **c, char *why, size_t why_size, struct zyd_span file,
                        const struct zyd_hash *want)
{
    size_t at = 0;
    const char *rule = "";
    struct zyd_hash is;
    struct zyd_span body = file;
    while (at < file.size &&
           (file.data[at] == ' ' || file.data[at] == '\n' || file.data[at] == '\r' || file.data[at] == '\t')) {
        at++;
    }
    if (at < file.size && file.data[at] == '{') {
        struct zyd_err err = {0};
        if (zyd_consortium_parse(c, &err, file) != ZYD_OK || zyd_consortium_genesis(*c) == NULL) {
            snprintf(why, why_size, "the consortium file cannot be read: %.300s", err.text);
            return EXIT_COULD_NOT;
        }
        body = zyd_consortium_genesis(*c)->body;
    }
    zyd_hash1(&is, "zyd/genesis/1", body.data, body.size);
    if (!zyd_hash_eq(&is, want)) {
        char hex[65];
        audit_hex_write(hex, &is);
        snprintf(why, why_size, "the genesis given has the hash %s, not the one that you gave", hex);
        return EXIT_COULD_NOT;
    }
    if (zyd_genesis_decode(g, &rule, body) != ZYD_OK) {
        snprintf(why, why_size, "this tool cannot read the genesis: %s", rule);
        return EXIT_COULD_NOT;
    }
    return 0;
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *t = json_string_value(json_object_get(o, name));
    return t == NULL ? "" : t;
}

static void print_words(FILE *to, const struct zyd_genesis *g, const json_t *w, const struct zyd_receipt *r)
{
    char when[32], yuan[64];
    const char *name;
    json_t *value;
    size_t i;
    zyd_rfc3339(when, (int64_t)r->header.time_ms);
    fprintf(to, "VERIFIED 验证通过  %s\n", text_of(w, "op_id"));
    fprintf(to, "  consortium 联盟   %.*s\n", (int)g->name_zh.size, (const char *)g->name_zh.data);
    fprintf(to, "  operation 操作    %s %s %s", text_of(w, "contract"), text_of(w, "event"), text_of(w, "event_zh"));
    fprintf(to, "%s%s%s%s\n", text_of(w, "member")[0] ? "  by " : "", text_of(w, "member"),
            text_of(w, "client_ref")[0] ? "  ref " : "", text_of(w, "client_ref"));
    if (text_of(w, "object")[0] != '\0') {
        fprintf(to, "  object 对象       %s, seq %lld\n", text_of(w, "object"),
                (long long)json_integer_value(json_object_get(w, "seq")));
    }
    json_object_foreach(json_object_get(w, "args"), name, value)
    {
        size_t n = strlen(name);
        if (n > 4 && strcmp(name + n - 4, "_fen") == 0) { /* the schema gives amounts in fen */
            audit_yuan(yuan, strtoll(json_string_value(value), NULL, 10));
            fprintf(to, "    %-22.*s %s yuan 元\n", (int)(n - 4), name, yuan);
        } else {
            fprintf(to, "    %-22s %s\n", name, json_string_value(value));
        }
    }
    json_int_t code = json_integer_value(json_object_get(w, "code"));
    fprintf(to,
            code == 0      ? "  outcome 结果      done 完成"
            : code == 9114 ? "  outcome 结果      waits for signatures 待会签 E%lld"
                           : "  outcome 结果      refused 拒绝 E%lld",
            (long long)code);
    fprintf(to, ", height 高度 %llu, log entry 日志条目 %llu, %s\n", (unsigned long long)r->header.height,
            (unsigned long long)r->log_index, when);
    json_array_foreach(json_object_get(w, "postings"), i, value)
    {
        audit_yuan(yuan, json_integer_value(json_object_get(value, "fen")));
        fprintf(to, "    %-12s dr 借 %-18s cr 贷 %-18s %18s  %s %s\n", text_of(value, "member"), text_of(value, "debit"),
                text_of(value, "credit"), yuan, text_of(value, "label"), text_of(value, "label_zh"));
    }
}

static void print_loan(FILE *to, json_t *loan)
{
    const char *name;
    json_t *value;
    if (loan == NULL) {
        return;
    }
    fprintf(to, "  loan 贷款         stands in the list, place %lld 在清单中\n",
            (long long)json_integer_value(json_object_get(loan, "index")));
    json_object_foreach(loan, name, value)
    {
        char yuan[64];
        size_t n = strlen(name);
        if (n > 4 && strcmp(name + n - 4, "_fen") == 0) {
            audit_yuan(yuan, strtoll(json_string_value(value), NULL, 10));
            fprintf(to, "    %-22.*s %s yuan 元\n", (int)(n - 4), name, yuan);
        } else if (json_is_string(value)) {
            fprintf(to, "    %-22s %s\n", name, json_string_value(value));
        }
    }
}

static int checked(FILE *to, const struct zyd_genesis *g, const struct zyd_receipt *r, const char *loan_file, bool json)
{
    static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[ZYD_CALL_WARNINGS_MAX];
    struct zyd_outcome o;
    struct zyd_op op;
    const char *rule = "";
    char text[400];
    json_t *loan = NULL;
    struct zyd_sig_ops sig = {.ctx = NULL, .verify = verify_one};
    if (zyd_receipt_check(r, &rule, g, &sig) != ZYD_OK) {
        snprintf(text, sizeof text, "receipt 回执: %s", rule);
        return verdict(to, json, EXIT_BAD_LEDGER, text);
    }
    /* both were decoded by the check */
    bool whole = zyd_outcome_decode(&o, postings, events, warnings, r->outcome) == ZYD_OK &&
                 (r->op.size == 0 || zyd_op_decode(&op, r->op) == ZYD_OK);
    zyd_assert(whole);
    int rc = loan_file == NULL ? 0 : audit_loan(&loan, text, sizeof text, g, r->op.size == 0 ? NULL : &op, o.code, loan_file);
    if (rc != 0) {
        return verdict(to, json, rc, text);
    }
    json_t *w = audit_words(g, r->op.size == 0 ? NULL : &op, &o);
    if (json) {
        char when[32];
        zyd_rfc3339(when, (int64_t)r->header.time_ms);
        json_t *root = json_pack("{s:s,s:s,s:i,s:I,s:I,s:s,s:o}", "schema", "zyd-audit-receipt/1", "verdict", "verified",
                                 "exit", 0, "height", (json_int_t)r->header.height, "log_index", (json_int_t)r->log_index,
                                 "time", when, "operation", w);
        if (loan != NULL) {
            json_object_set(root, "loan", loan);
        }
        json_dumpf(root, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        fputc('\n', to);
        json_decref(root);
    } else {
        print_words(to, g, w, r);
        print_loan(to, loan);
        json_decref(w);
    }
    json_decref(loan);
    return EXIT_VERIFIED;
}

int audit_receipt(FILE *to, const char *file, const char *genesis_file, const struct zyd_hash *genesis_hash, const char *loan,
                  bool json)
{
    static struct zyd_genesis g;
    static struct zyd_receipt receipt;
    struct zyd_consortium *c = NULL;
    struct zyd_span genesis, bytes = zyd_span(NULL, 0);
    char why[512];
    int rc = audit_file_read(&genesis, why, sizeof why, genesis_file, ZYD_CONSORTIUM_TEXT_MAX);
    rc = rc != 0 ? rc : audit_file_read(&bytes, why, sizeof why, file, RECEIPT_SIZE_MAX);
    rc = rc != 0 ? rc : read_genesis(&g, &c, why, sizeof why, genesis, genesis_hash);
    if (rc != 0) {
        verdict(to, json, rc, why);
    } else if (bytes.size >= 2 && zyd_get16(bytes.data) != 1) {
        rc = verdict(to, json, EXIT_COULD_NOT, "not a receipt, or one of a version that this tool does not know");
    } else if (zyd_receipt_decode(&receipt, bytes) != ZYD_OK) {
        rc = verdict(to, json, EXIT_COULD_NOT, "receipt 回执: it is cut, or not well formed");
    } else {
        rc = checked(to, &g, &receipt, loan, json);
    }
    zyd_consortium_free(c);
    free((void *)(uintptr_t)genesis.data);
    free((void *)(uintptr_t)bytes.data);
    return rc;
}
