/* ISO 20022 at the edge: a cycle's payments as files for the banks, the banks' notices back to the ledger.
 *
 *   cycle instructions: records -> struct zyd_iso_order -> bytes -> FILE
 *   notices import:     FILE -> entries -> the instruction that each names -> verdict -> NOTICE operations, sent once
 *
 * The node knows nothing of ISO 20022; node/edge knows nothing of the ledger. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/batch.h>
#include <zyd/date.h>
#include <zyd/iso20022.h>

#include "edge.h"

int edge_validate(const struct cli *c, const void *bytes, size_t size)
{
    const char *path = cli_opt(c, "schema");
    struct zyd_err err = {0};
    size_t xsd_size = 0;
    if (!path) {
        return 0;
    }
    char *xsd = cli_read(c, path, &xsd_size, ZYD_ISO_SIZE_MAX);
    if (!xsd) {
        return ZYD_EXIT_FILE;
    }
    enum zyd_status s = zyd_iso_validate(&err, zyd_span(bytes, size), zyd_span(xsd, xsd_size));
    free(xsd);
    return s == ZYD_OK ? 0 : cli_fail_err(c, &err);
}

/* ---- out ---- */

struct directory { /* --directory: what the ledger does not hold */
    char bank_code[ZYD_MEMBERS_MAX][16];
    struct cycle_account account[ZYD_MEMBERS_MAX]; /* account "": none */
};

enum { DIR_MEMBER, DIR_BANK, DIR_ACCOUNT, DIR_CODE, DIR_COLUMNS };
static int directory_columns(const struct cli *c, const struct zyd_csv *csv, int at[DIR_COLUMNS])
{
    static const char *const names[DIR_COLUMNS][2] = {
        {"member", "成员"}, {"bank", "开户行"}, {"account", "账号"}, {"bank_code", "行号"}};
    for (size_t n = 0; n < DIR_COLUMNS; n++) {
        at[n] = -1;
    }
    for (size_t k = 0; k < csv->columns; k++) {
        size_t n = 0;
        while (n < DIR_COLUMNS && strcmp(zyd_csv_cell(csv, 0, k), names[n][0]) != 0 &&
               strcmp(zyd_csv_cell(csv, 0, k), names[n][1]) != 0) {
            n++;
        }
        if (n == DIR_COLUMNS) {
            return cli_fail(c, ZYD_ERR_CSV_COLUMN, "%s (member 成员, bank 开户行, account 账号, bank_code 行号)",
                            zyd_csv_cell(csv, 0, k));
        }
        at[n] = (int)k;
    }
    return at[DIR_MEMBER] >= 0 ? 0 : cli_fail(c, ZYD_ERR_CSV_NO_COLUMN, "member / 成员");
}

static const char *directory_cell(const struct zyd_csv *csv, size_t row, int column)
{
    return column < 0 ? "" : zyd_csv_cell(csv, row, (size_t)column);
}

static int directory_row(const struct client *k, struct directory *d, const struct zyd_csv *csv, size_t row,
                         const int at[DIR_COLUMNS])
{
    const char *who = directory_cell(csv, row, at[DIR_MEMBER]), *bank = directory_cell(csv, row, at[DIR_BANK]);
    const char *account = directory_cell(csv, row, at[DIR_ACCOUNT]), *code = directory_cell(csv, row, at[DIR_CODE]);
    int member = client_member(k, who), its_bank = bank[0] ? client_member(k, bank) : member;
    if (member < 0 || its_bank < 0) {
        return cli_fail(k->c, ZYD_ERR_CSV_VALUE, TR(k->c, "第 %zu 行：联盟中没有 %s", "row %zu: no member %s"), row + 1,
                        member < 0 ? who : bank);
    }
    if (strlen(account) > ZYD_CYCLE_ACCOUNT_MAX) {
        return cli_fail(k->c, ZYD_ERR_CSV_VALUE, TR(k->c, "第 %zu 行：账号 %s", "row %zu: account %s"), row + 1, account);
    }
    if (code[0] && (strlen(code) != 12 || code[strspn(code, "0123456789")] != '\0')) {
        return cli_fail(k->c, strlen(code) < 12 ? ZYD_ERR_CSV_ZEROS : ZYD_ERR_CSV_VALUE,
                        TR(k->c, "第 %zu 行：行号 %s 应为 12 位数字", "row %zu: bank code %s: 12 digits"), row + 1, code);
    }
    memcpy(d->bank_code[its_bank], code[0] ? code : d->bank_code[its_bank], code[0] ? 13 : 0);
    if (account[0]) {
        d->account[member].member = member;
        d->account[member].bank = its_bank;
        memcpy(d->account[member].account, account, strlen(account) + 1);
    }
    return 0;
}

static int directory_read(const struct client *k, struct directory *d)
{
    const char *path = cli_opt(k->c, "directory");
    struct zyd_err err = {0};
    struct zyd_csv *csv = NULL;
    int at[DIR_COLUMNS];
    size_t size = 0;
    memset(d, 0, sizeof *d);
    if (!path) {
        return 0;
    }
    char *text = cli_read(k->c, path, &size, ZYD_CSV_SIZE_MAX);
    if (!text) {
        return ZYD_EXIT_FILE;
    }
    int rc = zyd_csv_parse(&csv, &err, zyd_span(text, size)) == ZYD_OK ? 0 : cli_fail_err(k->c, &err);
    free(text);
    rc = rc ? rc : directory_columns(k->c, csv, at);
    for (size_t row = 1; rc == 0 && row < csv->rows; row++) {
        rc = directory_row(k, d, csv, row, at);
    }
    zyd_csv_free(csv);
    return rc;
}

static void put(char *out, size_t cap, struct zyd_span s)
{
    size_t n = s.size < cap ? s.size : cap - 1;
    memcpy(out, s.data, n);
    out[n] = '\0';
}

static int party(const struct client *k, struct zyd_iso_party *out, uint16_t member, const struct cycle_terms *t,
                 const struct directory *d)
{
    const struct zyd_member *m = &k->g->members[member];
    const struct cycle_account *a = cycle_account_of(t, member);
    const struct cycle_account *own = d->account[member].account[0] ? &d->account[member] : NULL;
    memset(out, 0, sizeof *out);
    out->is_bank = m->role == ZYD_ROLE_BANK;
    if (a && own && (strcmp(a->account, own->account) != 0 || a->bank != own->bank)) {
        return cli_fail(k->c, ZYD_ERR_ISO_ACCOUNT,
                        TR(k->c, "%.*s：文件中的 %s 与账本登记的 %s 不同", "%.*s: %s in the file, %s on the ledger"),
                        (int)m->code.size, (const char *)m->code.data, own->account, a->account);
    }
    a = a ? a : own;
    if (!a && !out->is_bank) {
        return cli_fail(k->c, ZYD_ERR_ISO_ACCOUNT, "%.*s", (int)m->code.size, (const char *)m->code.data);
    }
    int bank = a && a->bank >= 0 ? a->bank : member;
    const struct zyd_member *b = &k->g->members[bank];
    put(out->name, sizeof out->name, m->name_zh);
    put(out->uscc, sizeof out->uscc, m->uscc);
    put(out->bank, sizeof out->bank, b->code);
    put(out->bank_name, sizeof out->bank_name, b->name_zh);
    put(out->bank_uscc, sizeof out->bank_uscc, b->uscc);
    memcpy(out->bank_code, d->bank_code[bank], sizeof out->bank_code);
    memcpy(out->account, a ? a->account : "", a ? sizeof out->account : 1);
    return 0;
}

struct outgoing {
    struct zyd_iso_order order;
    struct zyd_iso_payment *payments;
    struct zyd_iso_payment *sorted;
    uint32_t *numbers; /* of payments */
    size_t total;      /* in this round, of all formats and payers */
};

static int round_read(struct client *k, struct outgoing *o, const struct cycle_name *y, const struct zyd_cycle *cycle,
                      const struct cycle_terms *t, const struct directory *d)
{
    struct zyd_hash ids[ZYD_CYCLE_MEMBERS_MAX];
    uint8_t in[1 + sizeof ids] = {(uint8_t)o->order.format};
    struct zyd_hash h;
    char hex[65], check[65];
    size_t id_count = 0;
    int rc = 0;
    o->order.count = o->total = 0;
    for (uint32_t n = cycle->instr_first; rc == 0 && n <= cycle->instr_count && id_count < ZYD_CYCLE_MEMBERS_MAX; n++) {
        struct zyd_cycle_instruction i;
        struct zyd_iso_payment *p = &o->payments[o->order.count];
        rc = cycle_instruction(k, &i, y, n);
        rc = rc ? rc : party(k, &p->payer, i.payer, t, d);
        rc = rc ? rc : party(k, &p->payee, i.payee, t, d);
        if (rc) {
            return rc;
        }
        o->total++;
        if (!zyd_iso_belongs(o->order.format, p) || (k->me >= 0 && k->c->as && i.payer != (uint16_t)k->me)) {
            continue;
        }
        p->fen = i.amount;
        snprintf(p->end_to_end, sizeof p->end_to_end, "%.25s", i.end_to_end);
        zyd_iso_uetr(p->uetr, i.id);
        const struct zyd_programme *g = zyd_genesis_programme(k->g, y->programme);
        snprintf(p->note, sizeof p->note, "%.*s#%llu-%u", (int)g->code.size, (const char *)g->code.data,
                 (unsigned long long)y->number, n);
        memcpy(ids[id_count++].b, i.id, 32);
        o->order.count++;
    }
    memcpy(in + 1, ids, id_count * 32);
    zyd_sha256(&h, in, 1 + id_count * 32);
    cli_hex(hex, y->id.b);
    cli_hex(check, h.b);
    snprintf(o->order.message, sizeof o->order.message, "ZYD%.12s-%u%04u-%.8s", hex, (unsigned)in[0],
             cycle->instr_first % 10000, check);
    o->order.created_ms = (int64_t)cycle->pay_ms - (cycle->failures ? t->fail_ms : t->pay_ms);
    o->order.date = zyd_date_of_ms(o->order.created_ms);
    return rc;
}

/* Payments of one payer together, payers in the order of their first payment. */
static void by_payer(struct outgoing *o)
{
    size_t n = 0;
    for (size_t i = 0; i < o->order.count; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++) {
            first = first && strcmp(o->payments[k].payer.uscc, o->payments[i].payer.uscc) != 0;
        }
        for (size_t k = i; first && k < o->order.count; k++) {
            if (strcmp(o->payments[k].payer.uscc, o->payments[i].payer.uscc) == 0) {
                o->sorted[n++] = o->payments[k];
            }
        }
    }
    o->order.payments = o->sorted;
}

static int instructions_write(struct client *k, struct outgoing *o, const char *name)
{
    const struct cli *c = k->c;
    struct zyd_err err = {0};
    char *bytes = NULL, hex[65];
    size_t size = 0;
    struct zyd_hash h;
    int64_t sum = 0;
    if (o->order.count == 0) {
        return cli_fail(c, ZYD_ERR_NOT_FOUND,
                        TR(c, "%s 的 %zu 笔付款中没有属于这种报文的（双方均为银行：pacs009；其余：pain001）",
                           "%s: none of its %zu payments is of this kind (both are banks: pacs009; all others: pain001)"),
                        name, o->total);
    }
    by_payer(o);
    if (zyd_iso_write(&bytes, &size, &err, &o->order) != ZYD_OK) {
        return cli_fail_err(c, &err);
    }
    int rc = edge_validate(c, bytes, size);
    rc = rc ? rc : cli_write(c, cli_opt(c, "out"), bytes, size, 0644, cli_opt(c, "force") != NULL);
    zyd_sha256(&h, bytes, size);
    free(bytes);
    for (size_t i = 0; i < o->order.count; i++) {
        sum += o->sorted[i].fen;
    }
    cli_hex(hex, h.b);
    if (rc == 0 && c->json) {
        json_t *j = json_pack("{s:s,s:s,s:i,s:I,s:s,s:s}", "cycle", name, "message", o->order.message, "payments",
                              (int)o->order.count, "amount_fen", (json_int_t)sum, "file", cli_opt(c, "out"), "sha256", hex);
        cli_json(j);
        json_decref(j);
    } else if (rc == 0) {
        char yuan[32];
        zyd_yuan_text(yuan, sum, true);
        cli_say(c, TR(c, "%s：%zu 笔付款共 %s 元，报文 %s → %s", "%s: %zu payments of %s yuan, message %s -> %s"), name,
                o->order.count, yuan, o->order.message, cli_opt(c, "out"));
    }
    return rc;
}

static int instructions(struct client *k, struct outgoing *o)
{
    const struct cli *c = k->c;
    struct cycle_name y;
    struct zyd_cycle before, after;
    struct cycle_terms t;
    struct directory d;
    int rc = cycle_find(k, &y, c->pos[0]);
    rc = rc ? rc : cycle_terms_read(k, &t, zyd_genesis_programme(k->g, y.programme));
    rc = rc ? rc : directory_read(k, &d);
    for (int tries = 0; rc == 0; tries++) {
        rc = cycle_load(k, &before, &y, c->pos[0]);
        if (rc == 0 && before.state != ZYD_CS_INSTRUCTED && before.state != ZYD_CS_SETTLING) {
            const struct zyd_name *s = zyd_name_by_number(&zyd_product_cycle.states, before.state);
            return cli_fail(
                c, 9111,
                TR(c, "%s：%s；只有已出付款指令的周期才能导出", "%s: %s; only a cycle that is instructed has payments to make"),
                c->pos[0], s ? TR(c, s->zh, s->en) : "?");
        }
        rc = rc ? rc : round_read(k, o, &y, &before, &t, &d);
        rc = rc ? rc : cycle_load(k, &after, &y, c->pos[0]);
        if (rc == 0 && after.instr_first == before.instr_first && after.instr_count == before.instr_count) {
            break;
        }
        rc = rc == 0 && tries == 4 ? cli_fail(c, ZYD_ERR_BUSY, TR(c, "%s 正在变化", "%s is changing"), c->pos[0]) : rc;
    }
    return rc ? rc : instructions_write(k, o, c->pos[0]);
}

static int run_instructions(struct cli *c)
{
    struct client k;
    struct outgoing o = {0};
    const char *format = cli_opt(c, "format");
    if (!cli_opt(c, "out")) {
        return cli_fail(c, ZYD_ERR_USAGE, "--out FILE");
    }
    o.order.format = format && strcmp(format, "pacs009") == 0   ? ZYD_ISO_PACS009
                     : format && strcmp(format, "pain001") == 0 ? ZYD_ISO_PAIN001
                                                                : 0;
    if (!o.order.format) {
        return cli_fail(c, ZYD_ERR_USAGE, "--format pacs009 | pain001");
    }
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    o.payments = calloc(ZYD_CYCLE_MEMBERS_MAX + 1, sizeof *o.payments);
    o.sorted = calloc(ZYD_CYCLE_MEMBERS_MAX + 1, sizeof *o.sorted);
    zyd_assert(o.payments && o.sorted);
    if (k.me >= 0) {
        put(o.order.initiator, sizeof o.order.initiator, k.g->members[k.me].name_zh);
    } else {
        snprintf(o.order.initiator, sizeof o.order.initiator, "zyd");
    }
    rc = instructions(&k, &o);
    free(o.payments);
    free(o.sorted);
    client_close(&k);
    return rc;
}

/* ---- a member's statement ---- */

static size_t statement_rows(const struct client *k, struct zyd_iso_row *rows, const json_t *list, uint16_t member)
{
    char code[ZYD_CODE_MAX + 1];
    size_t n = 0, i;
    const json_t *o;
    client_code(k, member, code);
    json_array_foreach((json_t *)(uintptr_t)list, i, o)
    {
        struct zyd_iso_row *r = &rows[n];
        const char *status = json_text(o, "status");
        r->credit = strcmp(json_text(o, "creditor"), code) == 0;
        int other = client_member(k, json_text(o, r->credit ? "debtor" : "creditor"));
        r->settled = strcmp(status, "DONE") == 0;
        if (other < 0 || (!r->settled && strcmp(status, "IN") != 0)) {
            continue; /* refused, or left with its member: not of this position */
        }
        r->fen = json_fen(o, "amount_fen");
        snprintf(r->id, sizeof r->id, "%.64s", json_text(o, "id"));
        put(r->other, sizeof r->other, k->g->members[other].name_zh);
        put(r->other_uscc, sizeof r->other_uscc, k->g->members[other].uscc);
        n++;
    }
    return n;
}

int edge_statement(const struct client *k, const json_t *statement, const struct zyd_hash *cycle, int64_t cut_ms,
                   uint16_t member)
{
    const struct cli *c = k->c;
    const struct zyd_member *m = &k->g->members[member];
    const json_t *list = json_object_get(statement, "obligations");
    struct zyd_iso_row *rows = calloc(json_array_size(list) + 1, sizeof *rows);
    struct zyd_iso_statement s = {.created_ms = cut_ms, .date = zyd_date_of_ms(cut_ms), .rows = rows};
    struct zyd_err err = {0};
    char hex[65], *bytes = NULL;
    size_t size = 0;
    zyd_assert(rows);
    cli_hex(hex, cycle->b);
    snprintf(s.message, sizeof s.message, "ZYD%.12s-S%u-%.8s", hex, (unsigned)member, json_text(statement, "statement"));
    put(s.owner, sizeof s.owner, m->name_zh);
    put(s.code, sizeof s.code, m->code);
    put(s.uscc, sizeof s.uscc, m->uscc);
    s.net = json_fen(statement, "net_fen");
    s.count = statement_rows(k, rows, list, member);
    int rc = zyd_iso_statement_write(&bytes, &size, &err, &s) == ZYD_OK ? 0 : cli_fail_err(c, &err);
    rc = rc ? rc : edge_validate(c, bytes, size);
    rc = rc ? rc : cli_write(c, cli_opt(c, "out"), bytes, size, 0644, cli_opt(c, "force") != NULL);
    free(bytes);
    free(rows);
    return rc;
}

static const struct option instruction_options[] = {
    {"format", 0, "FORMAT", "pacs009（双方均为银行）或 pain001（其余）", "pacs009 (both are banks) or pain001 (all others)"},
    {"out", 0, "FILE", "输出文件", "output file"},
    {"force", 0, NULL, "覆盖已有文件", "overwrite"},
    {"schema", 0, "XSD", "写出前按此模式校验", "check by this schema before writing"},
    {"directory", 0, "CSV", "成员的行号、开户行、账号（member,bank,account,bank_code）",
     "bank codes and accounts of members (member,bank,account,bank_code)"},
    {0}};

const struct command edge_commands[] = {
    {"cycle", "instructions", "online", "PROGRAMME#N --format pacs009|pain001 --out FILE [--as MEMBER]",
     "付款指令报文（ISO 20022；--as 只含该付款方）", "the payments as ISO 20022 (--as: of this payer only)",
     "zyd cycle instructions NETTING#1 --format pain001 --out pay.xml --as GUAR", instruction_options, 1, 1, run_instructions},
    {"notices", "import", "online", "FILE [--as MEMBER] [--dry-run]", "读入银行对账单或到账通知（camt.053/054）",
     "a bank's statement or notices (camt.053/054) against the payments", "zyd notices import camt054.xml --as BANK",
     notice_options, 1, 1, run_notices},
    {0}};
