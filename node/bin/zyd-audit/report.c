/* The verdict, for people and for programs.  It always says which checks were done, which failed and which were not done. */
#include "audit.h"
#include <jansson.h>

static const char *state_text(enum check_state s)
{
    return s == CHECK_DONE ? "done" : s == CHECK_FAILED ? "FAILED" : "not done";
}

/* 128-bit fen as yuan with two decimals. */
static void yuan(char out[64], zyd_i128 fen)
{
    char digits[48];
    int n = 0;
    bool minus = fen < 0;
    zyd_u128 v = minus ? (zyd_u128)(-fen) : (zyd_u128)fen;
    do {
        digits[n++] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v > 0 || n < 3);
    int o = 0;
    if (minus) {
        out[o++] = '-';
    }
    for (int i = n - 1; i >= 0; i--) {
        out[o++] = digits[i];
        if (i == 2) {
            out[o++] = '.';
        } else if (i > 2 && (i - 2) % 3 == 0) {
            out[o++] = ',';
        }
    }
    out[o] = '\0';
}

void report_text(FILE *to, const struct result *r, const struct bundle *b)
{
    static const char *const zh[ZYD_CHECK_COUNT] = {"格式", "链接", "历史树", "法定签名", "提交签名", "重新执行", "业务总和"};
    for (int c = 0; c < ZYD_CHECK_COUNT; c++) {
        fprintf(to, "  %-8s %-16s %s\n", zyd_check_name((enum zyd_check)c), zh[c], state_text(r->check[c]));
    }
    fprintf(to, "  %llu blocks, %llu envelopes, %llu operations, %llu certificate and %llu submitter signatures, %.2f s\n",
            (unsigned long long)r->blocks, (unsigned long long)r->entries, (unsigned long long)r->operations,
            (unsigned long long)r->certificate_signatures, (unsigned long long)r->envelope_signatures, r->seconds);
    if (r->failed) {
        fprintf(to, "FAILED 验证失败  height %llu", (unsigned long long)r->fault.height);
        if (r->fault.entry != UINT64_MAX) {
            fprintf(to, ", entry %llu", (unsigned long long)r->fault.entry);
        }
        fprintf(to, ", check %s: %s\n", zyd_check_name(r->fault.check), r->fault.rule);
        return;
    }
    fprintf(to, "  %-12s %20s %20s  (yuan 元)\n", "member", "owes 应付", "is owed 应收");
    for (uint16_t m = 0; m < b->genesis.member_count; m++) {
        char owes[64], owed[64];
        yuan(owes, r->sums[m].owes);
        yuan(owed, r->sums[m].is_owed);
        fprintf(to, "  %-12.*s %20s %20s\n", (int)b->genesis.members[m].code.size, (const char *)b->genesis.members[m].code.data, owes, owed);
    }
    char debits[64], open[64];
    yuan(debits, (zyd_i128)r->head.debits);
    yuan(open, (zyd_i128)r->head.open_obligations);
    fprintf(to, "  debits = credits = %s, open obligations %s, %llu accounts, %llu records\n", debits, open,
            (unsigned long long)r->accounts, (unsigned long long)r->records);
    fprintf(to, "VERIFIED 验证通过  heights %llu-%llu, %s\n", (unsigned long long)b->first_height,
            (unsigned long long)b->last_height, "as of the last block in the bundle; what was never exported cannot be seen here");
}

int report_json(FILE *to, const struct result *r, const struct bundle *b, const char *could_not)
{
    json_t *root = json_object(), *checks = json_object();
    json_object_set_new(root, "schema", json_integer(1));
    json_object_set_new(root, "tool", json_string("zyd-audit 0.1.0"));
    const char *verdict = could_not != NULL ? "could_not_verify" : r->failed ? "failed" : "verified";
    json_object_set_new(root, "verdict", json_string(verdict));
    for (int c = 0; c < ZYD_CHECK_COUNT; c++) {
        json_object_set_new(checks, zyd_check_name((enum zyd_check)c), json_string(state_text(r->check[c])));
    }
    json_object_set_new(root, "checks", checks);
    if (could_not != NULL) {
        json_object_set_new(root, "why", json_string(could_not));
    } else {
        char hex[65], text[64];
        hex_write(hex, &b->genesis.hash);
        json_object_set_new(root, "genesis_hash", json_string(hex));
        json_object_set_new(root, "first_height", json_integer((json_int_t)b->first_height));
        json_object_set_new(root, "last_height", json_integer((json_int_t)b->last_height));
        json_object_set_new(root, "blocks", json_integer((json_int_t)r->blocks));
        json_object_set_new(root, "envelopes", json_integer((json_int_t)r->entries));
        json_object_set_new(root, "operations", json_integer((json_int_t)r->operations));
        json_object_set_new(root, "certificate_signatures", json_integer((json_int_t)r->certificate_signatures));
        json_object_set_new(root, "submitter_signatures", json_integer((json_int_t)r->envelope_signatures));
        hex_write(hex, &r->head.state_root);
        json_object_set_new(root, "state_root", json_string(hex));
        hex_write(hex, &r->head.log_root);
        json_object_set_new(root, "log_root", json_string(hex));
        json_object_set_new(root, "log_size", json_integer((json_int_t)r->head.log_size));
        yuan(text, (zyd_i128)r->head.debits);
        json_object_set_new(root, "debits_yuan", json_string(text));
        yuan(text, (zyd_i128)r->head.open_obligations);
        json_object_set_new(root, "open_obligations_yuan", json_string(text));
        json_t *members = json_array();
        for (uint16_t m = 0; !r->failed && m < b->genesis.member_count; m++) {
            json_t *one = json_object();
            json_object_set_new(one, "code", json_stringn((const char *)b->genesis.members[m].code.data, b->genesis.members[m].code.size));
            yuan(text, r->sums[m].owes);
            json_object_set_new(one, "owes_yuan", json_string(text));
            yuan(text, r->sums[m].is_owed);
            json_object_set_new(one, "is_owed_yuan", json_string(text));
            json_array_append_new(members, one);
        }
        json_object_set_new(root, "members", members);
    }
    if (could_not == NULL && r->failed) {
        json_t *f = json_object();
        json_object_set_new(f, "height", json_integer((json_int_t)r->fault.height));
        json_object_set_new(f, "entry", r->fault.entry == UINT64_MAX ? json_null() : json_integer((json_int_t)r->fault.entry));
        json_object_set_new(f, "check", json_string(zyd_check_name(r->fault.check)));
        json_object_set_new(f, "rule", json_string(r->fault.rule));
        json_object_set_new(root, "fault", f);
    }
    int rc = json_dumpf(root, to, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    fputc('\n', to);
    json_decref(root);
    return rc;
}
