/* cycle_schema.c: names of product (e): events and their arguments, states, labels, deadlines, parameters. */
#include <zyd/cycle.h>
#include <zyd/product.h>

#include "product_impl.h"

#define X(id, number, zh, en) {number, #id, zh, en},
static const struct zyd_name states[] = {ZYD_CYCLE_STATES(X)};
static const struct zyd_name labels[] = {ZYD_CYCLE_LABELS(X)};
static const struct zyd_name deadlines[] = {ZYD_CYCLE_DEADLINES(X)};
#undef X
static const struct zyd_name sides[] = {{ZYD_CYCLE_DEBIT, "DEBIT", "借记", "debit"},
                                        {ZYD_CYCLE_CREDIT, "CREDIT", "贷记", "credit"}};
static const struct zyd_name modes[] = {
    {ZYD_CYCLE_BILATERAL, "BILATERAL", "成员间付款", "members pay each other"},
    {ZYD_CYCLE_AGENT_BANK, "AGENT_BANK", "代理行划付", "an agent bank carries the payments out"},
    {ZYD_CYCLE_CNAPS_SPECIAL, "CNAPS_SPECIAL", "特许参与者净额", "a special participant of CNAPS submits them"},
};
static const struct zyd_name notices[] = {
    {ZYD_CYCLE_PAYER_PAYEE, "PAYER_PAYEE", "双方银行", "the banks of payer and payee"},
    {ZYD_CYCLE_AGENT, "AGENT", "代理行", "the agent bank"},
};
static const struct zyd_names side_names = ZYD_NAMES("side", sides);
static const struct zyd_names mode_names = ZYD_NAMES("mode", modes);
static const struct zyd_names notice_names = ZYD_NAMES("confirm_mode", notices);

static const struct zyd_field confirm[] = {
    ZYD_ARG_ID("cycle", true, "清算周期", "cycle"),
    ZYD_ARG_ID("statement", true, "清算单散列", "hash of the member's statement"),
    ZYD_ARG_LIST("refuse", false, 0, ZYD_CYCLE_REFUSE_MAX, zyd_list_ids, "拒绝的往来", "obligations refused"),
};
static const struct zyd_field notice[] = {
    ZYD_ARG_ID("cycle", true, "清算周期", "cycle"),
    ZYD_ARG_WORD("side", true, &side_names, "方向", "DEBIT by the payer's bank, CREDIT by the payee's"),
    ZYD_ARG_TEXT("end_to_end", true, 35, "端到端标识", "EndToEndId of the payment"),
    ZYD_ARG_FEN("amount", true, 1, "金额", "amount"),
    ZYD_ARG_TEXT("account", false, ZYD_CYCLE_ACCOUNT_MAX, "账号", "account that was debited or credited"),
    ZYD_ARG_TEXT("bank_ref", true, 35, "银行流水号", "bank reference"),
    ZYD_ARG_DATE("value_date", true, "起息日", "value date"),
};
static const struct zyd_field opening[] = {
    ZYD_ARG_MEMBER("debtor", true, "应付方", "debtor"),
    ZYD_ARG_MEMBER("creditor", true, "应收方", "creditor"),
    ZYD_ARG_FEN("amount", true, 1, "金额", "amount"),
    ZYD_ARG_TEXT("debit", true, 40, "应付方借记科目", "account that the debtor debits"),
    ZYD_ARG_TEXT("credit", true, 40, "应收方贷记科目", "account that the creditor credits"),
};
static const struct zyd_event events[] = {
    ZYD_EVENT_BARE(ZYD_CE_START, true, "START", "启动清算日程", "start the schedule of cut-offs", "ANY"),
    ZYD_EVENT(ZYD_CE_CONFIRM, true, "CONFIRM", "确认清算单", "confirm the statement, or refuse obligations", "MEMBER", confirm),
    ZYD_EVENT(ZYD_CE_NOTICE, true, "NOTICE", "到账通知", "a bank's debit or credit notice", "BANK", notice),
    ZYD_EVENT(ZYD_CE_OPENING, true, "OPENING", "期初录入", "opening (development consortium only)", "DEBTOR", opening),
};

#define ZYD_AS_MODE .type = ZYD_FIELD_WORD, .names = &mode_names
#define ZYD_AS_NOTICES .type = ZYD_FIELD_WORD, .names = &notice_names
static const struct zyd_field account_columns[] = {
    {.name = "member", .type = ZYD_FIELD_MEMBER, .max = 65535, .zh = "机构", .en = "member"},
    {.name = "bank", .type = ZYD_FIELD_MEMBER, .max = 65535, .zh = "开户行", .en = "its bank"},
    {.name = "account", .type = ZYD_FIELD_STR, .min = 1, .max = ZYD_CYCLE_ACCOUNT_MAX, .zh = "账号", .en = "account"},
};
static const struct zyd_field params[] = {
#define X(id, text, type, def, min, max, zh, en) ZYD_PARAM(text, type, def, min, max, zh, en),
    ZYD_CYCLE_PARAMS(X)
#undef X
    ZYD_ARG_LIST("accounts", false, 0, ZYD_CYCLE_MEMBERS_MAX, account_columns, "收付账户",
                 "who sends the notices for a member, and the account that they name"),
};

const struct zyd_product zyd_product_cycle = {
    .number = 5,
    .name = "cycle",
    .zh = "多边轧差与清算周期",
    .en = "multilateral netting and settlement cycle",
    .events = events,
    .event_count = ZYD_COUNT(events),
    .states = ZYD_NAMES("state", states),
    .labels = ZYD_NAMES("label", labels),
    .deadlines = ZYD_NAMES("deadline", deadlines),
    .params = params,
    .param_count = ZYD_COUNT(params),
    .parties = zyd_cycle_parties,
    .own_rows = true,
};
