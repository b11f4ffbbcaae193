/* Columns of each sheet, and rows: text guarded against formulas, money as fen and as yuan. */
#include <stdlib.h>

#include <zyd/batch.h>
#include <zyd/cycle.h>
#include <zyd/pool.h>
#include <zyd/subsidy.h>
#include <zyd/voucher.h>

#include "csv_sheets.h"

#define COMMON                                                                                     \
    {                                                                                              \
        'n', "log_index", "日志序号"                                                           \
    }
#define IDENTITY                                                                                   \
    COMMON, {'t', "id", "编号"}, {'t', "programme", "项目"}, {'t', "member", "提交成员"},          \
        {'t', "client_ref", "业务编号"}, {'n', "seq", "版本"}, {'t', "state", "状态"},             \
    {                                                                                              \
        't', "state_zh", "状态（中文）"                                                      \
    }
#define HEIGHTS                                                                                    \
    {'n', "made_height", "建立高度"},                                                              \
    {                                                                                              \
        'n', "last_height", "最近变动高度"                                                   \
    }

static const struct col accounts[] = {COMMON,
                                      {'t', "member", "成员"},
                                      {'t', "programme", "项目"},
                                      {'t', "account", "科目"},
                                      {'m', "debits", "借方合计"},
                                      {'m', "credits", "贷方合计"},
                                      {'m', "balance", "余额"},
                                      {'t', "side", "方向"},
                                      {'n', "entries", "分录数"},
                                      {0}};
static const struct col postings[] = {COMMON,
                                      {'n', "height", "高度"},
                                      {'t', "date", "业务日期"},
                                      {'t', "op_id", "操作编号"},
                                      {'t', "event", "事件"},
                                      {'t', "object", "对象编号"},
                                      {'t', "member", "成员"},
                                      {'t', "programme", "项目"},
                                      {'t', "label", "摘要"},
                                      {'t', "dr", "借方科目"},
                                      {'t', "cr", "贷方科目"},
                                      {'m', "amount", "金额"},
                                      {'t', "obligation", "债务编号"},
                                      {0}};
static const struct col obligations[] = {COMMON,
                                         {'t', "id", "债务编号"},
                                         {'t', "debtor", "应付方"},
                                         {'t', "creditor", "应收方"},
                                         {'m', "amount", "金额"},
                                         {'t', "state", "状态"},
                                         {'n', "gross", "逐笔结算"},
                                         {'t', "reason", "事由"},
                                         {'t', "reason_zh", "事由（中文）"},
                                         {'t', "programme", "项目"},
                                         {'t', "object", "对象编号"},
                                         {'t', "value_date", "起息日"},
                                         {'n', "seq", "版本"},
                                         HEIGHTS,
                                         {0}};
static const struct col objects[] = {
    IDENTITY, {'t', "contract", "合约"}, {'n', "operations", "操作数"}, HEIGHTS, {0}};
static const struct col guarantees[] = {IDENTITY,
                                        {'t', "bank", "银行"},
                                        {'t', "borrower", "借款人"},
                                        {'t', "borrower_kind", "借款人类型"},
                                        {'n', "county", "县区"},
                                        {'n', "term_days", "期限（天）"},
                                        {'n', "fee_ppm", "担保费率ppm"},
                                        {'m', "amount", "额度"},
                                        {'m', "drawn", "已放款"},
                                        {'m', "principal", "本金余额"},
                                        {'m', "interest", "欠息"},
                                        {'m', "fee", "担保费"},
                                        {'m', "claim", "代偿申请"},
                                        {'t', "applied", "申请日"},
                                        {'t', "issued", "出函日"},
                                        {'t', "valid_until", "担保函有效期"},
                                        {'t', "overdue", "逾期日"},
                                        {'t', "claimed", "代偿申请日"},
                                        HEIGHTS,
                                        {0}};
static const struct col loans[] = {COMMON,
                                   {'t', "contract_id", "合约编号"},
                                   {'t', "client_ref", "业务编号"},
                                   {'t', "programme", "项目"},
                                   {'t', "bank", "银行"},
                                   {'n', "number", "借据"},
                                   {'m', "principal", "放款本金"},
                                   {'m', "balance", "本金余额"},
                                   {'m', "interest", "欠息"},
                                   {'m', "fee", "担保费"},
                                   {'n', "rate_ppm", "年利率ppm"},
                                   {'t', "value_date", "起息日"},
                                   {'t', "maturity", "到期日"},
                                   {'t', "settled_to", "已结息至"},
                                   {0}};
static const struct col claims[] = {COMMON,
                                    {'t', "contract_id", "合约编号"},
                                    {'t', "client_ref", "业务编号"},
                                    {'t', "programme", "项目"},
                                    {'t', "bank", "银行"},
                                    {'m', "total", "代偿基数"},
                                    {'m', "compensated", "已代偿"},
                                    {'m', "net_recovered", "净追回"},
                                    {'t', "party", "分担方"},
                                    {'m', "borne", "承担"},
                                    {'m', "recovered", "已追回"},
                                    {'m', "open", "未收回"},
                                    {0}};
static const struct col cycle_members[] = {COMMON,
                                           {'t', "cycle_id", "清算周期"},
                                           {'n', "number", "期号"},
                                           {'t', "programme", "项目"},
                                           {'t', "state", "状态"},
                                           {'t', "member", "成员"},
                                           {'m', "in", "应收"},
                                           {'m', "out", "应付"},
                                           {'m', "paid", "已付"},
                                           {'m', "received", "已收"},
                                           {'m', "gross_in", "逐笔应收"},
                                           {'m', "gross_out", "逐笔应付"},
                                           {0}};
static const struct col cycle_payments[] = {COMMON,
                                            {'t', "id", "付款编号"},
                                            {'t', "cycle_id", "清算周期"},
                                            {'n', "number", "序号"},
                                            {'t', "programme", "项目"},
                                            {'t', "end_to_end", "端到端标识"},
                                            {'t', "debtor", "付款方"},
                                            {'t', "creditor", "收款方"},
                                            {'m', "amount", "金额"},
                                            {'t', "state", "状态"},
                                            {'n', "debit_notice", "借记通知"},
                                            {'n', "credit_notice", "贷记通知"},
                                            {0}};
static const struct col identity[] = {IDENTITY, HEIGHTS, {0}};

#define OF(struct_, member_, type_, zh_) ZYD_SHOWN(struct struct_, member_, type_, zh_, "")
static const struct zyd_shown pool_shown[] = {
    OF(zyd_pool, created, DATE, "建立日"),       OF(zyd_pool, balance, FEN, "备案贷款余额"),
    OF(zyd_pool, npl, FEN, "不良余额"),          OF(zyd_pool, open_claims, U64, "未结补偿申请"),
    OF(zyd_pool, queue_length, U64, "排队笔数"), OF(zyd_pool, pending, FEN, "待分配"),
    OF(zyd_pool, shortage, FEN, "缺口"),         OF(zyd_pool, memo, FEN, "受托方备查")};
static const struct zyd_shown pool_loan_shown[] = {
    OF(zyd_pool_loan, bank, MEMBER, "银行"),       OF(zyd_pool_loan, loan, ID, "银行贷款散列"),
    OF(zyd_pool_loan, guarantee, ID, "担保合约"),  OF(zyd_pool_loan, loan_class, U64, "贷款类别"),
    OF(zyd_pool_loan, rate_ppm, PPM, "年利率"),    OF(zyd_pool_loan, drawn_on, DATE, "放款日"),
    OF(zyd_pool_loan, maturity, DATE, "到期日"),   OF(zyd_pool_loan, principal, FEN, "放款本金"),
    OF(zyd_pool_loan, overdue_on, DATE, "逾期日"), OF(zyd_pool_loan, npl_on, DATE, "不良日"),
    OF(zyd_pool_loan, filed_on, DATE, "申请日"),   OF(zyd_pool_loan, approved_on, DATE, "批准日"),
    OF(zyd_pool_loan, balance, FEN, "本金余额"),   OF(zyd_pool_loan, claimed, FEN, "申请补偿基数"),
    OF(zyd_pool_loan, approved, FEN, "批准补偿"),  OF(zyd_pool_loan, paid, FEN, "已补偿"),
    OF(zyd_pool_loan, shortage, FEN, "缺口"),      OF(zyd_pool_loan, refunded, FEN, "已返还"),
    OF(zyd_pool_loan, clawed, FEN, "已追回"),      OF(zyd_pool_loan, net_recovered, FEN, "净追偿")};
static const struct zyd_shown pool_funding_shown[] = {OF(zyd_pool_funding, layer, U64, "资金层"),
                                                      OF(zyd_pool_funding, amount, FEN, "出资额")};
static const struct zyd_shown subsidy_shown[] = {
    OF(zyd_subsidy_enrolment, bank, MEMBER, "银行"),
    OF(zyd_subsidy_enrolment, loan, ID, "贷款"),
    OF(zyd_subsidy_enrolment, from, DATE, "贴息起"),
    OF(zyd_subsidy_enrolment, until, DATE, "贴息止（不含）"),
    OF(zyd_subsidy_enrolment, settled_to, DATE, "已结至"),
    OF(zyd_subsidy_enrolment, reserved, FEN, "预留"),
    OF(zyd_subsidy_enrolment, paid, FEN, "已贴"),
    OF(zyd_subsidy_enrolment, clawed, FEN, "已追回"),
    OF(zyd_subsidy_enrolment, fee_back, FEN, "保费退回")};
static const struct zyd_shown cycle_shown[] = {
    OF(zyd_cycle, number, U64, "期号"),           OF(zyd_cycle, date, DATE, "截单日"),
    OF(zyd_cycle, round, U64, "重算次数"),        OF(zyd_cycle, count, U64, "纳入笔数"),
    OF(zyd_cycle, active, U64, "有效笔数"),       OF(zyd_cycle, gross_count, U64, "逐笔笔数"),
    OF(zyd_cycle, total, FEN, "债务合计"),        OF(zyd_cycle, moved, FEN, "付款合计"),
    OF(zyd_cycle, plan_count, U64, "付款笔数"),   OF(zyd_cycle, unmatched, U64, "未到账笔数"),
    OF(zyd_cycle, failures, U64, "付款逾期次数"), OF(zyd_cycle, root, ID, "清算单根")};

const struct sheet_type sheet_types[SHEETS] = {
    [ACCOUNTS] = {"accounts", "科目余额", accounts, NULL, 0, 0, NULL, 0},
    [POSTINGS] = {"postings", "分录", postings, NULL, 0, 0, NULL, 0},
    [OBLIGATIONS] = {"obligations", "债务", obligations, NULL, 0, 0, NULL, 0},
    [OBJECTS] = {"objects", "全部对象", objects, NULL, 0, 0, NULL, 0},
    [GUARANTEES] = {"guarantees", "担保合约", guarantees, NULL, 0, 0, NULL, 0},
    [LOANS] = {"loans", "担保项下借据", loans, NULL, 0, 0, NULL, 0},
    [CLAIMS] = {"claims", "代偿及分担", claims, NULL, 0, 0, NULL, 0},
    [POOLS] = {"pools", "风险池", identity, &zyd_product_pool, ZYD_POOL_KIND_POOL,
               sizeof(struct zyd_pool), pool_shown, ZYD_COUNT(pool_shown)},
    [POOL_LOANS] = {"pool_loans", "风险池备案贷款", identity, &zyd_product_pool, ZYD_POOL_KIND_LOAN,
                    sizeof(struct zyd_pool_loan), pool_loan_shown, ZYD_COUNT(pool_loan_shown)},
    [POOL_FUNDINGS] = {"pool_fundings", "风险池出资", identity, &zyd_product_pool,
                       ZYD_POOL_KIND_FUNDING, sizeof(struct zyd_pool_funding), pool_funding_shown,
                       ZYD_COUNT(pool_funding_shown)},
    [SUBSIDIES] = {"subsidies", "贴息登记", identity, &zyd_product_subsidy,
                   ZYD_SUBSIDY_KIND_ENROLMENT, sizeof(struct zyd_subsidy_enrolment), subsidy_shown,
                   ZYD_COUNT(subsidy_shown)},
    [VOUCHERS] = {"vouchers", "应收账款凭证", identity, &zyd_product_voucher,
                  ZYD_VOUCHER_KIND_VOUCHER, sizeof(struct zyd_voucher), NULL,
                  0}, /* shown: the product's own */
    [CYCLES] = {"cycles", "清算周期", identity, &zyd_product_cycle, ZYD_CYCLE_KIND_CYCLE,
                sizeof(struct zyd_cycle), cycle_shown, ZYD_COUNT(cycle_shown)},
    [CYCLE_MEMBERS] = {"cycle_members", "清算周期成员头寸", cycle_members, NULL, 0, 0, NULL, 0},
    [CYCLE_PAYMENTS] = {"cycle_payments", "清算周期付款", cycle_payments, NULL, 0, 0, NULL, 0}};

size_t sheet_shown(const struct sheet_type *t, const struct zyd_shown **out)
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
    return json_is_boolean(v)  ? (json_is_true(v) ? "1" : "0")
           : json_is_string(v) ? json_string_value(v)
                               : "";
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

void sheet_header(FILE *f, const struct sheet_type *t)
{
    const struct zyd_shown *shown;
    size_t n = sheet_shown(t, &shown);
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

void sheet_row(FILE *f, const struct sheet_type *t, const json_t *row, const json_t *fields)
{
    const struct zyd_shown *shown;
    size_t n = sheet_shown(t, &shown);
    bool first = true;
    char buffer[32];
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
}

json_t *sheet_columns(const struct sheet_type *t)
{
    json_t *list = json_array();
    const struct zyd_shown *shown;
    size_t n = sheet_shown(t, &shown);
    for (const struct col *col = t->columns; col->name; col++) {
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s}", "name", col->name, "zh", col->zh, "type",
                                        col->kind == 'm'   ? "money"
                                        : col->kind == 'n' ? "number"
                                                           : "text"));
    }
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name", shown[i].field.name, "zh",
                                              shown[i].field.zh, "type",
                                              shown[i].field.type == ZYD_FIELD_FEN
                                                  ? "money"
                                                  : zyd_field_type_name(&shown[i].field)));
    }
    return list;
}
