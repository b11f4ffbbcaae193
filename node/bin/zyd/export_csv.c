/* zyd export csv: the ledger at one height as CSV files that join, and manifest.json.
 *
 *   the node's lists --page by page--> rows --filters--> DIR/<sheet>.csv --SHA-256--> DIR/manifest.json (written last)
 *
 * All files speak of one height: the node's height is asked before and after, and everything is read again when it moved.
 * What was read is checked against that height's header: debits and credits of the accounts, the sum of the postings with
 * the openings of genesis, and the obligations that are open.  Postings carry the log index of their entry, accounts and
 * obligations that of the newest posting that names them, objects that of the newest operation that took effect on them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sodium.h>
#include <sys/stat.h>
#include <time.h>

#include <zyd/batch.h>
#include <zyd/cycle.h>
#include <zyd/pool.h>
#include <zyd/state.h>
#include <zyd/subsidy.h>
#include <zyd/voucher.h>

#include "export.h"
#include "ops.h"

#define TRIES 6

/* ---- sheets ---- */

/* kind: 't' text, 'n' number, 'm' money: two columns, NAME_fen and NAME_yuan. */
struct col {
    char kind;
    const char *name, *zh;
};
#define COMMON {'n', "log_index", "日志序号"}
#define IDENTITY \
    COMMON, {'t', "id", "编号"}, {'t', "programme", "项目"}, {'t', "member", "提交成员"}, {'t', "client_ref", "业务编号"}, \
        {'n', "seq", "版本"}, {'t', "state", "状态"}, {'t', "state_zh", "状态（中文）"}
#define HEIGHTS {'n', "made_height", "建立高度"}, {'n', "last_height", "最近变动高度"}

static const struct col accounts[] = {COMMON, {'t', "member", "成员"}, {'t', "programme", "项目"}, {'t', "account", "科目"},
                                      {'m', "debits", "借方合计"}, {'m', "credits", "贷方合计"}, {'m', "balance", "余额"},
                                      {'t', "side", "方向"}, {'n', "entries", "分录数"}, {0}};
static const struct col postings[] = {COMMON, {'n', "height", "高度"}, {'t', "date", "业务日期"}, {'t', "op_id", "操作编号"},
                                      {'t', "event", "事件"}, {'t', "object", "对象编号"}, {'t', "member", "成员"},
                                      {'t', "programme", "项目"}, {'t', "label", "摘要"}, {'t', "dr", "借方科目"},
                                      {'t', "cr", "贷方科目"}, {'m', "amount", "金额"}, {'t', "obligation", "债务编号"}, {0}};
static const struct col obligations[] = {COMMON, {'t', "id", "债务编号"}, {'t', "debtor", "应付方"}, {'t', "creditor", "应收方"},
                                         {'m', "amount", "金额"}, {'t', "state", "状态"}, {'n', "gross", "逐笔结算"},
                                         {'t', "reason", "事由"}, {'t', "reason_zh", "事由（中文）"}, {'t', "programme", "项目"},
                                         {'t', "object", "对象编号"}, {'t', "value_date", "起息日"}, {'n', "seq", "版本"},
                                         HEIGHTS, {0}};
static const struct col objects[] = {IDENTITY, {'t', "contract", "合约"}, {'n', "operations", "操作数"}, HEIGHTS, {0}};
static const struct col guarantees[] = {
    IDENTITY, {'t', "bank", "银行"}, {'t', "borrower", "借款人"}, {'t', "borrower_kind", "借款人类型"}, {'n', "county", "县区"},
    {'n', "term_days", "期限（天）"}, {'n', "fee_ppm", "担保费率ppm"}, {'m', "amount", "额度"}, {'m', "drawn", "已放款"},
    {'m', "principal", "本金余额"}, {'m', "interest", "欠息"}, {'m', "fee", "担保费"}, {'m', "claim", "代偿申请"},
    {'t', "applied", "申请日"}, {'t', "issued", "出函日"}, {'t', "valid_until", "担保函有效期"}, {'t', "overdue", "逾期日"},
    {'t', "claimed", "代偿申请日"}, HEIGHTS, {0}};
static const struct col loans[] = {
    COMMON, {'t', "contract_id", "合约编号"}, {'t', "client_ref", "业务编号"}, {'t', "programme", "项目"}, {'t', "bank", "银行"},
    {'n', "number", "借据"}, {'m', "principal", "放款本金"}, {'m', "balance", "本金余额"}, {'m', "interest", "欠息"},
    {'m', "fee", "担保费"}, {'n', "rate_ppm", "年利率ppm"}, {'t', "value_date", "起息日"}, {'t', "maturity", "到期日"},
    {'t', "settled_to", "已结息至"}, {0}};
static const struct col claims[] = {
    COMMON, {'t', "contract_id", "合约编号"}, {'t', "client_ref", "业务编号"}, {'t', "programme", "项目"}, {'t', "bank", "银行"},
    {'m', "total", "代偿基数"}, {'m', "compensated", "已代偿"}, {'m', "net_recovered", "净追回"}, {'t', "party", "分担方"},
    {'m', "borne", "承担"}, {'m', "recovered", "已追回"}, {'m', "open", "未收回"}, {0}};
static const struct col cycle_members[] = {
    COMMON, {'t', "cycle_id", "清算周期"}, {'n', "number", "期号"}, {'t', "programme", "项目"}, {'t', "state", "状态"},
    {'t', "member", "成员"}, {'m', "in", "应收"}, {'m', "out", "应付"}, {'m', "paid", "已付"}, {'m', "received", "已收"},
    {'m', "gross_in", "逐笔应收"}, {'m', "gross_out", "逐笔应付"}, {0}};
static const struct col identity[] = {IDENTITY, HEIGHTS, {0}};

#define OF(struct_, member_, type_, zh_) ZYD_SHOWN(struct struct_, member_, type_, zh_, "")
static const struct zyd_shown pool_shown[] = {
    OF(zyd_pool, created, DATE, "建立日"), OF(zyd_pool, balance, FEN, "备案贷款余额"), OF(zyd_pool, npl, FEN, "不良余额"),
    OF(zyd_pool, open_claims, U64, "未结补偿申请"), OF(zyd_pool, queue_length, U64, "排队笔数"),
    OF(zyd_pool, pending, FEN, "待分配"), OF(zyd_pool, shortage, FEN, "缺口"), OF(zyd_pool, memo, FEN, "受托方备查")};
static const struct zyd_shown pool_loan_shown[] = {
    OF(zyd_pool_loan, bank, MEMBER, "银行"), OF(zyd_pool_loan, loan, ID, "银行贷款散列"),
    OF(zyd_pool_loan, guarantee, ID, "担保合约"), OF(zyd_pool_loan, loan_class, U64, "贷款类别"),
    OF(zyd_pool_loan, rate_ppm, PPM, "年利率"), OF(zyd_pool_loan, drawn_on, DATE, "放款日"),
    OF(zyd_pool_loan, maturity, DATE, "到期日"), OF(zyd_pool_loan, principal, FEN, "放款本金"),
    OF(zyd_pool_loan, overdue_on, DATE, "逾期日"), OF(zyd_pool_loan, npl_on, DATE, "不良日"),
    OF(zyd_pool_loan, filed_on, DATE, "申请日"), OF(zyd_pool_loan, approved_on, DATE, "批准日"),
    OF(zyd_pool_loan, balance, FEN, "本金余额"), OF(zyd_pool_loan, claimed, FEN, "申请补偿基数"),
    OF(zyd_pool_loan, approved, FEN, "批准补偿"), OF(zyd_pool_loan, paid, FEN, "已补偿"),
    OF(zyd_pool_loan, shortage, FEN, "缺口"), OF(zyd_pool_loan, refunded, FEN, "已返还"),
    OF(zyd_pool_loan, clawed, FEN, "已追回"), OF(zyd_pool_loan, net_recovered, FEN, "净追偿")};
static const struct zyd_shown pool_funding_shown[] = {OF(zyd_pool_funding, layer, U64, "资金层"),
                                                      OF(zyd_pool_funding, amount, FEN, "出资额")};
static const struct zyd_shown subsidy_shown[] = {
    OF(zyd_subsidy_enrolment, bank, MEMBER, "银行"), OF(zyd_subsidy_enrolment, loan, ID, "贷款"),
    OF(zyd_subsidy_enrolment, from, DATE, "贴息起"), OF(zyd_subsidy_enrolment, until, DATE, "贴息止（不含）"),
    OF(zyd_subsidy_enrolment, settled_to, DATE, "已结至"), OF(zyd_subsidy_enrolment, reserved, FEN, "预留"),
    OF(zyd_subsidy_enrolment, paid, FEN, "已贴"), OF(zyd_subsidy_enrolment, clawed, FEN, "已追回"),
    OF(zyd_subsidy_enrolment, fee_back, FEN, "保费退回")};
static const struct zyd_shown cycle_shown[] = {
    OF(zyd_cycle, number, U64, "期号"), OF(zyd_cycle, date, DATE, "截单日"), OF(zyd_cycle, round, U64, "重算次数"),
    OF(zyd_cycle, count, U64, "纳入笔数"), OF(zyd_cycle, active, U64, "有效笔数"), OF(zyd_cycle, gross_count, U64, "逐笔笔数"),
    OF(zyd_cycle, total, FEN, "债务合计"), OF(zyd_cycle, moved, FEN, "付款合计"), OF(zyd_cycle, plan_count, U64, "付款笔数"),
    OF(zyd_cycle, unmatched, U64, "未到账笔数"), OF(zyd_cycle, failures, U64, "付款逾期次数"),
    OF(zyd_cycle, root, ID, "清算单根")};

struct sheet_type {
    const char *name, *zh;
    const struct col *columns;
    const struct zyd_product *product; /* sheets of a product's records */
    uint8_t kind;                      /* first byte of the record; 0: any that has a state */
    size_t size;                       /* least bytes of the record */
    const struct zyd_shown *shown;     /* after columns */
    size_t shown_count;
};
enum { ACCOUNTS, POSTINGS, OBLIGATIONS, OBJECTS, GUARANTEES, LOANS, CLAIMS, POOLS, POOL_LOANS, POOL_FUNDINGS, SUBSIDIES,
       VOUCHERS, CYCLES, CYCLE_MEMBERS, SHEETS };
static const struct sheet_type types[SHEETS] = {
    [ACCOUNTS] = {"accounts", "科目余额", accounts, NULL, 0, 0, NULL, 0},
    [POSTINGS] = {"postings", "分录", postings, NULL, 0, 0, NULL, 0},
    [OBLIGATIONS] = {"obligations", "债务", obligations, NULL, 0, 0, NULL, 0},
    [OBJECTS] = {"objects", "全部对象", objects, NULL, 0, 0, NULL, 0},
    [GUARANTEES] = {"guarantees", "担保合约", guarantees, NULL, 0, 0, NULL, 0},
    [LOANS] = {"loans", "担保项下借据", loans, NULL, 0, 0, NULL, 0},
    [CLAIMS] = {"claims", "代偿及分担", claims, NULL, 0, 0, NULL, 0},
    [POOLS] = {"pools", "风险池", identity, &zyd_product_pool, ZYD_POOL_KIND_POOL, sizeof(struct zyd_pool), pool_shown,
               ZYD_COUNT(pool_shown)},
    [POOL_LOANS] = {"pool_loans", "风险池备案贷款", identity, &zyd_product_pool, ZYD_POOL_KIND_LOAN, sizeof(struct zyd_pool_loan),
                    pool_loan_shown, ZYD_COUNT(pool_loan_shown)},
    [POOL_FUNDINGS] = {"pool_fundings", "风险池出资", identity, &zyd_product_pool, ZYD_POOL_KIND_FUNDING,
                       sizeof(struct zyd_pool_funding), pool_funding_shown, ZYD_COUNT(pool_funding_shown)},
    [SUBSIDIES] = {"subsidies", "贴息登记", identity, &zyd_product_subsidy, ZYD_SUBSIDY_KIND_ENROLMENT,
                   sizeof(struct zyd_subsidy_enrolment), subsidy_shown, ZYD_COUNT(subsidy_shown)},
    [VOUCHERS] = {"vouchers", "应收账款凭证", identity, &zyd_product_voucher, ZYD_VOUCHER_KIND_VOUCHER,
                  sizeof(struct zyd_voucher), NULL, 0}, /* shown: the product's own */
    [CYCLES] = {"cycles", "清算周期", identity, &zyd_product_cycle, ZYD_CYCLE_KIND_CYCLE, sizeof(struct zyd_cycle), cycle_shown,
                ZYD_COUNT(cycle_shown)},
    [CYCLE_MEMBERS] = {"cycle_members", "清算周期成员头寸", cycle_members, NULL, 0, 0, NULL, 0}};

struct sheet {
    FILE *f;
    uint64_t rows;
};
struct job {
    struct cli *c;
    struct client k;
    const char *dir, *programme, *member;
    uint64_t from, to;
    json_t *head;                  /* of the height, as /v1/blocks tells it */
    uint64_t height;
    json_t *account_log, *owed_log; /* text of an account, id of an obligation: log index of the newest posting */
    zyd_u128 debits, credits, posted, open;
    struct sheet sheets[SHEETS];
};

static size_t shown_of(const struct sheet_type *t, const struct zyd_shown **out)
{
    bool own = t->shown == NULL && t->product != NULL;
    *out = own ? t->product->shown : t->shown;
    return own ? t->product->shown_count : t->shown_count;
}

/* ---- rows ---- */

static void cell(FILE *f, bool *first, const char *text, bool guard)
{
    if (!*first) {
        fputc(',', f);
    }
    *first = false;
    zyd_csv_write_cell(f, text, guard);
}

static const char *value_text(const json_t *row, const char *key, char buffer[32])
{
    const json_t *v = json_object_get(row, key);
    if (json_is_integer(v)) {
        snprintf(buffer, 32, "%lld", (long long)json_integer_value(v));
        return buffer;
    }
    return json_is_boolean(v) ? (json_is_true(v) ? "1" : "0") : json_is_string(v) ? json_string_value(v) : "";
}

/* The node says both; fields of a record only fen. */
static void money(FILE *f, bool *first, const json_t *row, const char *name)
{
    char key[64], yuan[34], buffer[32];
    snprintf(key, sizeof key, "%.50s_fen", name);
    const char *fen = value_text(row, key, buffer);
    cell(f, first, fen, false);
    snprintf(key, sizeof key, "%.50s_yuan", name);
    const char *said = json_string_value(json_object_get(row, key));
    if (!said && fen[0]) {
        bool minus = fen[0] == '-';
        yuan[0] = '-';
        zyd_yuan_text(yuan + 1, strtoll(fen + minus, NULL, 10), false);
        said = yuan + !minus;
    }
    cell(f, first, said ? said : "", false);
}

static void header_row(FILE *f, const struct sheet_type *t)
{
    const struct zyd_shown *shown;
    size_t n = shown_of(t, &shown);
    bool first = true;
    char name[64];
    fputs("\xef\xbb\xbf", f);
    for (const struct col *col = t->columns; col->name; col++) {
        snprintf(name, sizeof name, "%.50s%s", col->name, col->kind == 'm' ? "_fen" : "");
        cell(f, &first, name, false);
        if (col->kind == 'm') {
            snprintf(name, sizeof name, "%.50s_yuan", col->name);
            cell(f, &first, name, false);
        }
    }
    for (size_t i = 0; i < n; i++) {
        bool fen = shown[i].field.type == ZYD_FIELD_FEN;
        snprintf(name, sizeof name, "%.50s%s", shown[i].field.name, fen ? "_fen" : "");
        cell(f, &first, name, false);
        if (fen) {
            snprintf(name, sizeof name, "%.50s_yuan", shown[i].field.name);
            cell(f, &first, name, false);
        }
    }
    fputs("\r\n", f);
}

/* The filters: a row without programme or member at all is about none of them. */
static bool wanted(const struct job *j, const json_t *row)
{
    static const char *const members[] = {"member", "bank", "debtor", "creditor", "party"};
    bool named = j->member == NULL;
    for (size_t i = 0; !named && i < ZYD_COUNT(members); i++) {
        named = strcmp(json_text(row, members[i]), j->member) == 0;
    }
    return named && (!j->programme || strcmp(json_text(row, "programme"), j->programme) == 0);
}

/* fields: of the record, or NULL. */
static void write_row(struct job *j, int sheet, const json_t *row, const json_t *fields)
{
    const struct sheet_type *t = &types[sheet];
    const struct zyd_shown *shown;
    size_t n = shown_of(t, &shown);
    FILE *f = j->sheets[sheet].f;
    bool first = true;
    char buffer[32];
    if (!wanted(j, row) && !(fields && wanted(j, fields))) {
        return;
    }
    for (const struct col *col = t->columns; col->name; col++) {
        if (col->kind == 'm') {
            money(f, &first, row, col->name);
        } else {
            cell(f, &first, value_text(row, col->name, buffer), col->kind == 't');
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct zyd_field *field = &shown[i].field;
        if (field->type == ZYD_FIELD_FEN) {
            money(f, &first, fields, field->name);
        } else {
            cell(f, &first, value_text(fields, field->name, buffer), true);
        }
    }
    fputs("\r\n", f);
    j->sheets[sheet].rows++;
}

/* ---- the lists ---- */

static zyd_u128 fen_of(const json_t *row, const char *key)
{
    zyd_u128 v = 0;
    for (const char *p = json_text(row, key); *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (unsigned)(*p - '0');
    }
    return v;
}

/* Calls each with every item; all pages.  moved: a page was of another height. */
static int each_item(struct job *j, const char *path, bool *moved, int (*each)(struct job *j, json_t *item))
{
    char after[160] = "";
    int rc = 0;
    while (rc == 0) {
        json_t *page = http_get(j->c, &j->k.http, &rc, "%s%climit=500%s", path, strchr(path, '?') ? '&' : '?', after), *item;
        size_t i;
        *moved = *moved || (page && (uint64_t)json_integer_value(json_object_get(page, "height")) != j->height);
        json_array_foreach(json_object_get(page, "items"), i, item)
        {
            rc = rc ? rc : each(j, item);
        }
        const char *next = json_string_value(json_object_get(page, "next"));
        char safe[140] = "";
        url_escape(safe, sizeof safe, next ? next : "");
        snprintf(after, sizeof after, "&after=%s", safe);
        json_decref(page);
        if (!next || *moved || cli_interrupted) {
            break;
        }
    }
    return rc ? rc : cli_interrupted ? ZYD_EXIT_INTERRUPTED : 0;
}

static void account_name(char out[128], const json_t *row, const char *code)
{
    snprintf(out, 128, "%.20s %.20s %.60s", json_text(row, "member"), json_text(row, "programme"), json_text(row, code));
}

static int on_posting(struct job *j, json_t *p)
{
    char name[128];
    uint64_t height = (uint64_t)json_integer_value(json_object_get(p, "height"));
    json_t *log = json_object_get(p, "log_index");
    j->posted += fen_of(p, "amount_fen");
    account_name(name, p, "dr");
    json_object_set(j->account_log, name, log);
    account_name(name, p, "cr");
    json_object_set(j->account_log, name, log);
    if (json_is_string(json_object_get(p, "obligation"))) {
        json_object_set(j->owed_log, json_text(p, "obligation"), log);
    }
    if (height >= j->from && height <= j->to) {
        write_row(j, POSTINGS, p, NULL);
    }
    return 0;
}

static int on_account(struct job *j, json_t *a)
{
    char name[128];
    account_name(name, a, "account");
    json_t *log = json_object_get(j->account_log, name); /* none: only an opening of genesis, which has no log entry */
    json_object_set(a, "log_index", log ? log : json_null());
    j->debits += fen_of(a, "debits_fen");
    j->credits += fen_of(a, "credits_fen");
    write_row(j, ACCOUNTS, a, NULL);
    return 0;
}

static int on_obligation(struct job *j, json_t *o)
{
    const char *state = json_text(o, "state");
    json_t *log = json_object_get(j->owed_log, json_text(o, "id"));
    json_object_set(o, "log_index", log ? log : json_null());
    if (strcmp(state, "SETTLED") != 0 && strcmp(state, "REVERSED") != 0) {
        j->open += fen_of(o, "amount_fen");
    }
    write_row(j, OBLIGATIONS, o, NULL);
    return 0;
}

/* ---- objects ---- */

/* A guarantee's drawdowns and claim stand on its own page only. */
static int guarantee_parts(struct job *j, const json_t *summary)
{
    static const char *const heads[] = {"client_ref", "programme", "bank", "log_index"};
    int rc = 0;
    size_t i;
    json_t *part, *o = http_get(j->c, &j->k.http, &rc, "/v1/contracts/%.64s", json_text(summary, "id"));
    const json_t *claim = json_object_get(o, "claim");
    json_t *row = json_pack("{s:O}", "contract_id", json_object_get(summary, "id"));
    for (i = 0; i < ZYD_COUNT(heads); i++) {
        json_object_set(row, heads[i], json_object_get(summary, heads[i]));
    }
    json_array_foreach(json_object_get(o, "drawdowns"), i, part)
    {
        json_object_update(part, row);
        write_row(j, LOANS, part, NULL);
    }
    json_array_foreach(json_object_get(claim, "parties"), i, part)
    {
        json_object_set(part, "party", json_object_get(part, "member"));
        json_object_del(part, "member");
        json_object_update(part, row);
        json_object_update(part, (json_t *)(uintptr_t)claim);
        write_row(j, CLAIMS, part, NULL);
    }
    json_decref(row);
    json_decref(o);
    return rc;
}

/* Value of a contract's record; 0: there is none. */
static int record_value(struct job *j, uint8_t *value, size_t cap, size_t *size, uint16_t owner, const void *name, size_t n)
{
    struct zyd_hash key;
    char hex[65];
    static uint8_t leaf[ZYD_RECORD_VALUE_MAX + 256];
    struct zyd_record record;
    size_t got = 0;
    int rc = 0;
    *size = 0;
    zyd_record_key(&key, owner, zyd_span(name, n));
    cli_hex(hex, key.b);
    json_t *o = http_get(j->c, &j->k.http, &rc, "/v1/records/%s/proof", hex);
    const char *text = json_text(o, "leaf");
    if (json_is_true(json_object_get(o, "present")) &&
        sodium_base642bin(leaf, sizeof leaf, text, strlen(text), NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
        zyd_leaf_decode(&record, zyd_span(leaf, got)) == ZYD_OK && record.value.size <= cap) {
        memcpy(value, record.value.data, record.value.size);
        *size = record.value.size;
    }
    json_decref(o);
    return rc;
}

static void put_fen(json_t *row, const char *key, int64_t fen)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)fen);
    json_object_set_new(row, key, json_string(text));
}

static int cycle_parts(struct job *j, const json_t *object, uint16_t owner, struct zyd_span value)
{
    static struct zyd_cycle_member rows[ZYD_CYCLE_MEMBERS_MAX];
    struct zyd_cycle cycle;
    uint8_t name[33] = {'M'};
    size_t size;
    memcpy(&cycle, value.data, sizeof cycle);
    if (!cli_unhex(name + 1, json_text(object, "id"))) {
        return 0;
    }
    int rc = record_value(j, (uint8_t *)rows, sizeof rows, &size, owner, name, sizeof name);
    for (uint16_t m = 0; rc == 0 && m < size / sizeof rows[0] && m < j->k.g->member_count; m++) {
        const struct zyd_cycle_member *x = &rows[m];
        char code[ZYD_CODE_MAX + 1];
        if (!x->in && !x->out && !x->gross_in && !x->gross_out && !x->paid && !x->received) {
            continue;
        }
        client_code(&j->k, m, code);
        json_t *row = json_pack("{s:O,s:O,s:I,s:O,s:O,s:s}", "log_index", json_object_get(object, "log_index"), "cycle_id",
                                json_object_get(object, "id"), "number", (json_int_t)cycle.number, "programme",
                                json_object_get(object, "programme"), "state", json_object_get(object, "state"), "member", code);
        put_fen(row, "in_fen", x->in);
        put_fen(row, "out_fen", x->out);
        put_fen(row, "paid_fen", x->paid);
        put_fen(row, "received_fen", x->received);
        put_fen(row, "gross_in_fen", x->gross_in);
        put_fen(row, "gross_out_fen", x->gross_out);
        write_row(j, CYCLE_MEMBERS, row, NULL);
        json_decref(row);
    }
    return rc;
}

static void set_field(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

static int record_parts(struct job *j, const json_t *o, const struct zyd_product *product)
{
    static uint8_t value[ZYD_RECORD_VALUE_MAX];
    size_t size = 0;
    const struct zyd_members members = client_members(&j->k);
    const char *hex = json_text(o, "value");
    if (sodium_hex2bin(value, sizeof value, hex, strlen(hex), NULL, &size, NULL) != 0 || size < 2) {
        return 0;
    }
    for (int s = POOLS; s < SHEETS; s++) {
        const struct sheet_type *t = &types[s];
        if (t->product != product || value[0] != t->kind || size < t->size) {
            continue;
        }
        struct zyd_product as = *product;
        as.shown_count = shown_of(t, &as.shown);
        json_t *fields = json_object();
        zyd_object_tell(&as, set_field, fields, zyd_span(value, size), &members);
        write_row(j, s, o, fields);
        json_decref(fields);
        if (s == CYCLES) {
            uint16_t owner = 0;
            for (uint16_t i = 0; i < j->k.g->plugin_count; i++) {
                owner = zyd_product_of(j->k.g->plugins[i].name) == product ? j->k.g->plugins[i].contract : owner;
            }
            return cycle_parts(j, o, owner, zyd_span(value, size));
        }
    }
    return 0;
}

static int on_object(struct job *j, json_t *o)
{
    const struct zyd_product *product = zyd_product_by_name(json_text(o, "contract"));
    if (json_integer_value(json_object_get(o, "seq")) == 0) {
        return 0; /* only refused operations named it */
    }
    write_row(j, OBJECTS, o, NULL);
    if (product == &zyd_product_guarantee && strcmp(json_text(o, "kind"), "contract") == 0) {
        write_row(j, GUARANTEES, o, NULL);
        return wanted(j, o) && json_fen(o, "drawn_fen") > 0 ? guarantee_parts(j, o) : 0;
    }
    return product ? record_parts(j, o, product) : 0;
}

/* ---- one height ---- */

static int read_head(struct job *j)
{
    int rc = 0;
    json_decref(j->head);
    j->head = http_get(j->c, &j->k.http, &rc, "/v1/blocks/latest");
    j->height = (uint64_t)json_integer_value(json_object_get(j->head, "height"));
    return rc;
}

static int sheets_open(struct job *j)
{
    for (int s = 0; s < SHEETS; s++) {
        char path[CLI_PATH_MAX];
        j->sheets[s].rows = 0;
        if (j->sheets[s].f) {
            fclose(j->sheets[s].f);
        }
        cli_path(path, "%s/%s.csv", j->dir, types[s].name);
        j->sheets[s].f = fopen(path, "wb");
        if (!j->sheets[s].f) {
            return cli_fail(j->c, ZYD_ERR_FILE_WRITE, "%s: %s", path, strerror(errno));
        }
        header_row(j->sheets[s].f, &types[s]);
    }
    return 0;
}

static int read_all(struct job *j, bool *moved)
{
    *moved = false;
    j->debits = j->credits = j->posted = j->open = 0;
    json_object_clear(j->account_log);
    json_object_clear(j->owed_log);
    int rc = sheets_open(j);
    rc = rc ? rc : each_item(j, "/v1/postings", moved, on_posting);
    rc = rc || *moved ? rc : each_item(j, "/v1/balances", moved, on_account);
    rc = rc || *moved ? rc : each_item(j, "/v1/obligations", moved, on_obligation);
    rc = rc || *moved ? rc : each_item(j, "/v1/contracts", moved, on_object);
    uint64_t before = j->height;
    json_t *head = json_incref(j->head);
    rc = rc ? rc : read_head(j); /* single objects were read, too: still the same height? */
    *moved = *moved || j->height != before;
    if (!*moved) {
        json_decref(j->head);
        j->head = json_incref(head);
    }
    json_decref(head);
    return rc;
}

/* What the header commits to and the files must add up to. */
static int check_sums(struct job *j)
{
    for (uint16_t i = 0; i < j->k.g->opening_count; i++) {
        j->posted += (uint64_t)j->k.g->openings[i].amount.fen;
    }
    const struct {
        const char *what;
        zyd_u128 have, want;
    } sums[] = {{"accounts: debits", j->debits, fen_of(j->head, "debits_fen")},
                {"accounts: credits", j->credits, fen_of(j->head, "credits_fen")},
                {"postings and openings", j->posted, fen_of(j->head, "debits_fen")},
                {"obligations that are open", j->open, fen_of(j->head, "open_obligations_fen")}};
    for (size_t i = 0; i < ZYD_COUNT(sums); i++) {
        if (sums[i].have != sums[i].want) {
            return cli_fail(j->c, ZYD_ERR_VERIFY_FAILED, "%s: %llu, %s %llu: %llu", sums[i].what, (unsigned long long)sums[i].have,
                            TR(j->c, "高度", "header of height"), (unsigned long long)j->height,
                            (unsigned long long)sums[i].want);
        }
    }
    return 0;
}

/* ---- manifest ---- */

static json_t *columns_json(const struct sheet_type *t)
{
    json_t *list = json_array();
    const struct zyd_shown *shown;
    size_t n = shown_of(t, &shown);
    for (const struct col *col = t->columns; col->name; col++) {
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name", col->name, "zh", col->zh, "type",
                                              col->kind == 'm' ? "money" : col->kind == 'n' ? "number" : "text"));
    }
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name", shown[i].field.name, "zh", shown[i].field.zh, "type",
                                              shown[i].field.type == ZYD_FIELD_FEN ? "money"
                                                                                   : zyd_field_type_name(&shown[i].field)));
    }
    return list;
}

static int close_sheets(struct job *j, json_t *files)
{
    int rc = 0;
    for (int s = 0; s < SHEETS; s++) {
        char path[CLI_PATH_MAX], name[64], hex[65];
        struct zyd_hash hash;
        size_t size = 0;
        snprintf(name, sizeof name, "%s.csv", types[s].name);
        cli_path(path, "%s/%s", j->dir, name);
        bool bad = j->sheets[s].f == NULL || fflush(j->sheets[s].f) != 0 || ferror(j->sheets[s].f) != 0;
        bad = (j->sheets[s].f != NULL && fclose(j->sheets[s].f) != 0) || bad;
        j->sheets[s].f = NULL;
        if (rc || !files) {
            continue;
        }
        if (bad) {
            rc = cli_fail(j->c, ZYD_ERR_FILE_WRITE, "%s", path);
            continue;
        }
        char *text = cli_read(j->c, path, &size, (size_t)1 << 40);
        if (!text) {
            rc = ZYD_EXIT_FILE;
            continue;
        }
        zyd_sha256(&hash, text, size);
        free(text);
        cli_hex(hex, hash.b);
        json_array_append_new(files, json_pack("{s:s,s:s,s:I,s:I,s:s,s:o}", "name", name, "zh", types[s].zh, "rows",
                                               (json_int_t)j->sheets[s].rows, "bytes", (json_int_t)size, "sha256", hex, "columns",
                                               columns_json(&types[s])));
    }
    return rc;
}

static json_t *manifest_json(const struct job *j, json_t *files)
{
    static const char *const of_head[] = {"height",    "hash",       "time",       "date",       "log_size",
                                          "log_root",  "state_size", "state_root", "debits_fen", "credits_fen",
                                          "open_obligations_fen"};
    char hex[65];
    json_t *header = json_object();
    for (size_t i = 0; i < ZYD_COUNT(of_head); i++) {
        json_object_set(header, of_head[i], json_object_get(j->head, of_head[i]));
    }
    cli_hex(hex, j->k.g->hash.b);
    return json_pack("{s:s,s:s,s:s,s:o,s:{s:s?,s:s?,s:I,s:I},s:s,s:O}", "format", "zyd-csv-1", "tool", "zyd " CLI_VERSION,
                     "genesis_hash", hex, "header", header, "filters", "programme", j->programme, "member", j->member,
                     "postings_from", (json_int_t)j->from, "postings_to", (json_int_t)(j->to < j->height ? j->to : j->height), "guard",
                     "text that begins with = + - @ has an apostrophe before it", "files", files);
}

static int write_manifest(struct job *j)
{
    char path[CLI_PATH_MAX];
    json_t *files = json_array();
    int rc = close_sheets(j, files);
    json_t *manifest = manifest_json(j, files);
    char *text = json_dumps(manifest, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    cli_path(path, "%s/manifest.json", j->dir);
    rc = rc ? rc : !text ? cli_fail(j->c, ZYD_ERR_BUG, "manifest") : cli_write(j->c, path, text, strlen(text), 0644, false);
    if (rc == 0) {
        static const struct column columns[] = {
            {"name", "文件", "FILE", 't'}, {"rows", "行数", "ROWS", 'r'}, {"sha256", "SHA-256", "SHA-256", 'h'}, {0}};
        if (j->c->json) {
            cli_json(manifest);
        } else {
            cli_table(j->c, files, columns);
        }
        cli_say(j->c, TR(j->c, "高度 %llu，状态根 %s", "height %llu, state root %s"), (unsigned long long)j->height,
                json_text(j->head, "state_root"));
    }
    free(text);
    json_decref(manifest);
    json_decref(files);
    return rc;
}

static bool height_opt(struct cli *c, const char *name, uint64_t fallback, uint64_t *out)
{
    long v = -1;
    if (!cli_number(c, name, -1, 0, INT64_MAX - 1, &v)) {
        return false;
    }
    *out = v < 0 ? fallback : (uint64_t)v;
    return true;
}

int export_csv(struct cli *c)
{
    struct job *j = calloc(1, sizeof *j);
    bool moved = true;
    zyd_assert(j);
    *j = (struct job){.c = c, .dir = cli_opt(c, "out"), .programme = cli_opt(c, "programme"), .member = cli_opt(c, "member")};
    int rc = !j->dir ? cli_fail(c, ZYD_ERR_USAGE, "--out DIR") : 0;
    rc = rc || (height_opt(c, "from", 1, &j->from) && height_opt(c, "to", INT64_MAX, &j->to)) ? rc : ZYD_EXIT_USAGE;
    bool opened = rc == 0 && (rc = client_open(&j->k, c, CLIENT_NODE | CLIENT_GENESIS)) == 0;
    if (opened && ((j->member && client_member(&j->k, j->member) < 0) || (j->programme && !client_programme(&j->k, j->programme)))) {
        rc = cli_fail(c, ZYD_ERR_NOT_FOUND, "%s %s", j->member ? j->member : "", j->programme ? j->programme : "");
    }
    if (opened && rc == 0 && mkdir(j->dir, 0755) != 0) {
        rc = cli_fail(c, errno == EEXIST ? ZYD_ERR_FILE_EXISTS : ZYD_ERR_FILE_WRITE, "%s: %s", j->dir, strerror(errno));
    }
    j->account_log = json_object();
    j->owed_log = json_object();
    rc = rc ? rc : read_head(j);
    for (int i = 0; rc == 0 && moved && i < TRIES; i++) {
        rc = read_all(j, &moved);
    }
    if (rc == 0 && moved) {
        rc = cli_fail(c, ZYD_ERR_LEDGER_MOVED, "%d x, %llu", TRIES, (unsigned long long)j->height);
    }
    rc = rc ? rc : check_sums(j);
    rc = rc ? rc : write_manifest(j);
    (void)close_sheets(j, NULL);
    json_decref(j->account_log);
    json_decref(j->owed_log);
    json_decref(j->head);
    if (opened) {
        client_close(&j->k);
    }
    free(j);
    return rc;
}
