/* The verdict, for people and for programs.  It always says which checks were done, which failed, and which were not done and
 * why. */
#include "audit.h"
#include <jansson.h>
#include <zyd/consortium.h>

static const struct {
    const char *name, *zh;
} rows[ROW_COUNT] = {
    [ROW_FILES] = {"files", "文件完整"},
    [ROW_GENESIS] = {"genesis", "创世"},
    [ROW_APPROVALS] = {"approvals", "成员批准"},
    [ROW_PLUGINS] = {"plugins", "合约映像"},
    [ROW_FRAME] = {"frame", "格式"},
    [ROW_CHAIN] = {"chain", "区块链接"},
    [ROW_HISTORY] = {"history", "历史树"},
    [ROW_QUORUM] = {"quorum", "法定签名"},
    [ROW_ENTRY] = {"entry", "提交者签名"},
    [ROW_REPLAY] = {"replay", "重新执行"},
    [ROW_SUMS] = {"sums", "业务总和"},
    [ROW_INVARIANTS] = {"invariants", "不变量"},
    [ROW_REDERIVE] = {"rederive", "独立重算"},
    [ROW_RECEIPTS] = {"receipts", "回执"},
    [ROW_SOURCES] = {"sources", "多方比对"},
    [ROW_WITNESSES] = {"witnesses", "外部见证"},
};

const char *audit_row_name(enum audit_row row)
{
    return rows[row].name;
}

static const char *state_name(enum audit_state s)
{
    return s == AUDIT_DONE ? "done" : s == AUDIT_FAILED ? "failed" : "not_done";
}

void audit_yuan(char out[64], zyd_i128 fen)
{
    char digits[48];
    int n = 0;
    bool minus = fen < 0;
    zyd_u128 v = minus ? -(zyd_u128)fen : (zyd_u128)fen;
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

/* Columns of a UTF-8 text; what we print is ASCII, Chinese characters and their punctuation: three bytes, two columns. */
static int columns(const char *text)
{
    int n = 0;
    for (const uint8_t *c = (const uint8_t *)text; *c != 0; c++) {
        n += *c < 0x80 ? 1 : *c >= 0xe3 && *c <= 0xef ? 2 : *c >= 0xc0 ? 1 : 0;
    }
    return n;
}

void audit_pad(FILE *to, const char *text, int width)
{
    fprintf(to, "%s%*s", text, width > columns(text) ? width - columns(text) : 0, "");
}

static void right(FILE *to, const char *text, int width)
{
    fprintf(to, "%*s%s", width > columns(text) ? width - columns(text) : 0, "", text);
}

static void text_checks(FILE *to, const struct audit_result *r)
{
    static const char *const state[] = {"not done 未做", "done     已做", "FAILED   失败"};
    for (int i = 0; i < ROW_COUNT; i++) {
        fputs("  ", to);
        audit_pad(to, rows[i].name, 11);
        audit_pad(to, rows[i].zh, 12);
        if (r->why[i][0] != '\0') {
            audit_pad(to, state[r->state[i]], 15);
            fprintf(to, "%s\n", r->why[i]);
        } else {
            fprintf(to, "%s\n", state[r->state[i]]);
        }
    }
}

static void text_members(FILE *to, const struct audit_result *r, const struct audit_bundle *b)
{
    char text[64];
    fputs("  ", to);
    audit_pad(to, "member 成员", 14);
    right(to, "owes 应付", 22);
    right(to, "is owed 应收", 22);
    fputs("  yuan 元\n", to);
    for (uint16_t m = 0; m < b->genesis.member_count; m++) {
        snprintf(text, sizeof text, "%.*s", (int)b->genesis.members[m].code.size,
                 (const char *)b->genesis.members[m].code.data);
        fputs("  ", to);
        audit_pad(to, text, 14);
        audit_yuan(text, r->sums[m].owes);
        right(to, text, 22);
        audit_yuan(text, r->sums[m].is_owed);
        right(to, text, 22);
        fputc('\n', to);
    }
}

static void text_fault(FILE *to, const struct audit_result *r, const struct audit_bundle *b)
{
    const struct audit_fault *f = &r->fault;
    fprintf(to, "FAILED 验证失败  check %s %s", rows[f->row].name, rows[f->row].zh);
    if (f->has_height) {
        fprintf(to, ", height 高度 %llu", (unsigned long long)f->height);
    }
    if (f->has_entry) {
        fprintf(to, ", log entry 日志条目 %llu", (unsigned long long)f->entry);
    }
    if (f->file[0] != '\0') {
        fprintf(to, ", file 文件 %s", f->file);
    }
    if (f->has_member) {
        const struct zyd_span code = b->genesis.members[f->member].code;
        fprintf(to, ", member 成员 %.*s", (int)code.size, (const char *)code.data);
    }
    if (f->has_object) {
        char hex[65];
        audit_hex_write(hex, &f->object);
        fprintf(to, ", object 对象 %s", hex);
    }
    fprintf(to, "\n  %s\n", f->rule);
}

void audit_report_text(FILE *to, const struct audit_result *r, const struct audit_bundle *b)
{
    text_checks(to, r);
    fprintf(to, "  %llu blocks 区块, %llu envelopes 信封, %llu operations 操作, %llu + %llu signatures 签名, %.2f s\n",
            (unsigned long long)r->blocks, (unsigned long long)r->envelopes, (unsigned long long)r->operations,
            (unsigned long long)r->certificate_signatures, (unsigned long long)r->envelope_signatures, r->seconds);
    if (r->exit == EXIT_COULD_NOT) {
        fprintf(to, "COULD NOT VERIFY 无法验证  %s\n  neither a pass nor an accusation 既非通过，也非指控\n", r->could_not);
        return;
    }
    if (r->exit != 0) {
        audit_findings_text(to, r, b);
        text_fault(to, r, b);
        return;
    }
    text_members(to, r, b);
    char debits[64], open[64];
    audit_yuan(debits, (zyd_i128)r->head.debits);
    audit_yuan(open, (zyd_i128)r->head.open_obligations);
    fprintf(to, "  debits 借 = credits 贷 = %s, open obligations 未结债务 %s, %llu accounts 账户, %llu records 记录\n", debits,
            open, (unsigned long long)r->accounts, (unsigned long long)r->records);
    fprintf(to,
            "VERIFIED 验证通过  heights 高度 %llu-%llu\n  as of the last block here; blocks that were left out behind it "
            "cannot be seen "
            "以此处最后区块为准，其后未导出的区块无从得知\n",
            (unsigned long long)b->manifest.first_height, (unsigned long long)b->manifest.last_height);
}

/* ---- JSON ---- */

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *hash(const struct zyd_hash *h)
{
    char hex[65];
    audit_hex_write(hex, h);
    return json_string(hex);
}

/* Sums may pass 64 bits: integer fen as text. */
static json_t *fen(zyd_i128 v)
{
    char text[64], plain[64];
    size_t n = 0;
    audit_yuan(text, v);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != ',' && *c != '.') {
            plain[n++] = *c;
        }
    }
    plain[n] = '\0';
    char *digits = plain + (plain[0] == '-');
    while (digits[0] == '0' && digits[1] != '\0') {
        memmove(digits, digits + 1, strlen(digits));
    }
    return json_string(plain);
}

static json_t *fault_json(const struct audit_fault *f, const struct audit_bundle *b)
{
    const struct zyd_span code = f->has_member ? b->genesis.members[f->member].code : zyd_span("", 0);
    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "check", rows[f->row].name, "invariant",
                     f->invariant != 0 ? json_sprintf("I%u", f->invariant) : json_null(), "member",
                     f->has_member ? json_stringn((const char *)code.data, code.size) : json_null(), "object",
                     f->has_object ? hash(&f->object) : json_null(), "height",
                     f->has_height ? number(f->height) : json_null(), "entry", f->has_entry ? number(f->entry) : json_null(),
                     "file", f->file[0] ? json_string(f->file) : json_null(), "rule", f->rule);
}

static json_t *ledger_json(const struct audit_result *r, const struct audit_bundle *b)
{
    char when[32];
    json_t *members = json_array();
    zyd_rfc3339(when, (int64_t)r->head.time_ms);
    for (uint16_t m = 0; m < b->genesis.member_count; m++) {
        const struct zyd_member *one = &b->genesis.members[m];
        json_array_append_new(members,
                              json_pack("{s:o,s:o,s:o}", "code", json_stringn((const char *)one->code.data, one->code.size),
                                        "owes_fen", fen(r->sums[m].owes), "is_owed_fen", fen(r->sums[m].is_owed)));
    }
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "first_height", number(b->manifest.first_height),
                     "last_height", number(b->manifest.last_height), "log_size", number(r->head.log_size), "log_root",
                     hash(&r->head.log_root), "state_size", number(r->head.state_size), "state_root", hash(&r->head.state_root),
                     "time", when, "debits_fen", fen((zyd_i128)r->head.debits), "credits_fen", fen((zyd_i128)r->head.credits),
                     "open_obligations_fen", fen((zyd_i128)r->head.open_obligations), "accounts", number(r->accounts),
                     "members", members);
}

int audit_report_json(FILE *to, const struct audit_result *r, const struct audit_bundle *b)
{
    static const char *const verdict[] = {"verified", "failed", "could_not_verify"};
    json_t *checks = json_array();
    for (int i = 0; i < ROW_COUNT; i++) {
        json_array_append_new(checks, json_pack("{s:s,s:s,s:s,s:s}", "check", rows[i].name, "zh", rows[i].zh, "state",
                                                state_name(r->state[i]), "why", r->why[i]));
    }
    json_t *counts = json_pack("{s:o,s:o,s:o,s:o,s:o}", "blocks", number(r->blocks), "envelopes", number(r->envelopes),
                               "operations", number(r->operations), "certificate_signatures", number(r->certificate_signatures),
                               "submitter_signatures", number(r->envelope_signatures));
    json_t *root =
        json_pack("{s:s,s:s,s:s,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:f}", "schema", "zyd-audit-report/1", "tool",
                  "zyd-audit " AUDIT_VERSION, "verdict",
                  verdict[r->exit == 0                 ? 0
                          : r->exit == EXIT_BAD_LEDGER ? 1
                                                       : 2],
                  "exit", r->exit, "could_not", r->exit == EXIT_COULD_NOT ? json_string(r->could_not) : json_null(), "fault",
                  r->exit == EXIT_BAD_LEDGER ? fault_json(&r->fault, b) : json_null(), "genesis_hash",
                  b->have_genesis ? hash(&b->genesis.hash) : json_null(), "checks", checks, "counts", counts, "ledger",
                  r->exit == 0 ? ledger_json(r, b) : json_null(), "findings", audit_findings_json(r, b), "seconds", r->seconds);
    int rc = root == NULL ? -1 : json_dumpf(root, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    fputc('\n', to);
    json_decref(root);
    return rc;
}
