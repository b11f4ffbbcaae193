/* subsidy_schema.c: names of product (c): events and their arguments, states, labels, parameters, presets. */
#include <zyd/product.h>
#include <zyd/subsidy.h>

#include "product_impl.h"

#define X(id, number, zh, en) {number, #id, zh, en},
static const struct zyd_name states[] = {ZYD_SUBSIDY_STATES(X)};
static const struct zyd_name labels[] = {ZYD_SUBSIDY_LABELS(X)};
static const struct zyd_name deadlines[] = {ZYD_SUBSIDY_DEADLINES(X)};
static const struct zyd_name programme_states[] = {ZYD_SUBSIDY_PROGRAMME_STATES(X)};
static const struct zyd_name reasons[] = {ZYD_SUBSIDY_REASONS(X)};
static const struct zyd_name kinds[] = {ZYD_SUBSIDY_KINDS(X)};
static const struct zyd_name levels[] = {ZYD_SUBSIDY_LEVELS(X)};
static const struct zyd_name pay_modes[] = {ZYD_SUBSIDY_PAY_MODES(X)};
#undef X
static const struct zyd_names programme_state_names = ZYD_NAMES("programme state", programme_states);
static const struct zyd_names reason_names = ZYD_NAMES("reason", reasons);
static const struct zyd_names kind_names = ZYD_NAMES("kind", kinds);
static const struct zyd_names level_names = ZYD_NAMES("level", levels);
static const struct zyd_names pay_mode_names = ZYD_NAMES("pay mode", pay_modes);

static const struct zyd_field enrol[] = {
    ZYD_ARG_BORROWER("borrower", true, "借款人", "USCC of a firm, pseudonym of a person"),
    ZYD_ARG_ID("household", true, "借款人指纹F2", "fingerprint of the borrower, the same at all banks"),
    ZYD_ARG_ID("loan", true, "借据指纹F1", "fingerprint of bank, contract, drawdown, amount, date"),
    ZYD_ARG_ID("purpose", false, "用途指纹F3", "fingerprint of the invoice or project"),
    ZYD_ARG_ID("controller", false, "实际控制人指纹F4", "pseudonym of who controls the borrower"),
    ZYD_ARG_FEN("amount", true, 1, "借款本金", "principal as drawn"),
    ZYD_ARG_DATE("value_date", true, "起息日", "value date"),
    ZYD_ARG_DATE("maturity", true, "到期日", "original maturity"),
    ZYD_ARG_PPM("rate_ppm", true, "年利率", "rate a year on the first subsidised day"),
    ZYD_ARG_PPM("lpr_ppm", true, "LPR", "LPR that goes with it"),
    ZYD_ARG_DATE("from", false, "贴息起始日", "first subsidised day; default the value date"),
    ZYD_ARG_PPM("fee_ppm", false, "担保费率", "guarantee fee a year; needed where fees are subsidised"),
    ZYD_ARG_ID("guarantee", false, "担保合同", "the guarantee contract's object, when it is on this ledger"),
    ZYD_ARG_U64("drawdown", false, 0, 999999999, "借据号", "its drawdown; default 1"),
};
static const struct zyd_field settle[] = {
    ZYD_ARG_DATE("to", true, "结算至", "end of the period, not counted"),
    ZYD_ARG_FEN("interest", true, 0, "已收利息", "interest (or fee) that the bank certifies as charged"),
    ZYD_ARG_FEN("paid", false, 0, "借款人已付", "of it paid by the borrower; needed when REFUND"),
    ZYD_ARG_FEN("other", false, 0, "账外补贴", "subsidies for the period from outside this ledger"),
    ZYD_ARG_ID("statement", false, "对账单", "hash of the bank's statement; without it 3006"),
};
static const struct zyd_field repay_change[] = {
    ZYD_ARG_DATE("date", true, "还本日", "value date"),
    ZYD_ARG_FEN("balance", true, 0, "本金余额", "principal that is left"),
};
static const struct zyd_field rate_change[] = {
    ZYD_ARG_DATE("date", true, "调整日", "first day"),
    ZYD_ARG_PPM("rate_ppm", true, "年利率", "rate a year"),
    ZYD_ARG_PPM("lpr_ppm", true, "LPR", "LPR that goes with it"),
};
static const struct zyd_field extend_change[] = {ZYD_ARG_DATE("maturity", true, "展期后到期日", "new maturity")};
static const struct zyd_field stop[] = {
    ZYD_ARG_WORD("reason", true, &reason_names, "原因", "OVERDUE, CANCELLED or MISUSE"),
    ZYD_ARG_DATE("date", true, "停止日", "no day counts from it on"),
};
static const struct zyd_field fee_change[] = {ZYD_ARG_FEN("earned", true, 0, "已赚担保费", "fee that the guarantor keeps")};
static const struct zyd_field clawback[] = {
    ZYD_ARG_ID("finding", true, "审计发现", "hash of the finding"),
    ZYD_ARG_PPM("ppm", false, "追回比例", "part of what was paid"),
    ZYD_ARG_FEN("amount", false, 1, "追回金额", "or an amount"),
};
static const struct zyd_field reinstate[] = {ZYD_ARG_ID("decision", true, "恢复决定", "hash of the decision")};
static const struct zyd_field reason[] = {ZYD_ARG_TEXT("reason", true, 200, "原因", "reason")};
static const struct zyd_field reverse[] = {
    ZYD_ARG_ID("op", true, "原操作", "op_id of the event"),
    ZYD_ARG_U64("code", true, 0, 9999, "原因代码", "reason code"),
    ZYD_ARG_BOOL("opposite", false, "反向义务", "opposite obligations where the first are settled or in a cycle"),
};
static const struct zyd_field programme[] = {
    ZYD_ARG_WORD("state", true, &programme_state_names, "状态", "OPEN, SUSPENDED or CLOSED"),
    ZYD_ARG_TEXT("reason", true, 60, "原因", "reason"),
};

#define X(id, number, zh, en) static const char zh_##id[] = zh, en_##id[] = en;
ZYD_SUBSIDY_EVENTS(X)
#undef X
#define EVENT(id, makes, actor, args) ZYD_EVENT(ZYD_SE_##id, makes, #id, zh_##id, en_##id, actor, args)
static const struct zyd_event events[] = {
    EVENT(ENROL, true, "BANK", enrol),
    EVENT(SETTLE, false, "BANK", settle),
    EVENT(REPAY_CHANGE, false, "BANK", repay_change),
    EVENT(RATE_CHANGE, false, "BANK", rate_change),
    EVENT(EXTEND_CHANGE, false, "BANK", extend_change),
    EVENT(STOP, false, "BANK", stop),
    EVENT(FEE_CHANGE, false, "BANK", fee_change),
    EVENT(CLAWBACK, false, "DEPT", clawback),
    EVENT(REINSTATE, false, "DEPT", reinstate),
    ZYD_EVENT_BARE(ZYD_SE_CLOSE, false, "CLOSE", zh_CLOSE, en_CLOSE, "DEPT"),
    EVENT(PROGRAMME, true, "DEPT", programme),
    EVENT(FREEZE, false, "AUD", reason),
    EVENT(UNFREEZE, false, "AUD", reason),
    EVENT(REVERSE, false, "PARTY", reverse),
};

#define ZYD_AS_KIND .type = ZYD_FIELD_WORD, .names = &kind_names
#define ZYD_AS_LEVEL .type = ZYD_FIELD_WORD, .names = &level_names
#define ZYD_AS_PAY_MODE .type = ZYD_FIELD_WORD, .names = &pay_mode_names
static const struct zyd_field params[] = {
#define X(id, name, type, def, min, max, zh, en) ZYD_PARAM(name, type, def, min, max, zh, en),
    ZYD_SUBSIDY_PARAMS(X)
#undef X
    ZYD_ARG_LIST("banks", true, 1, ZYD_SUBSIDY_BANKS_MAX, zyd_list_members, "合作银行", "banks that may enrol"),
    ZYD_ARG_LIST("cost", true, 1, ZYD_SUBSIDY_PAYERS_MAX, zyd_list_member_ppm, "资金分担", "MEMBER=PPM, ... : sum 1000000"),
};

static const struct zyd_preset presets[] = {
    {"SERVICE1PP", "服务业贷款贴息", "service-sector loans, one point a year",
     {{"kind", "RATE_CUT"}, {"level", "CENTRAL"}, {"rate_ppm", "10000"}, {"household_cap", "1000000.00"}, {"max_days", "365"}}},
    {"STARTUP", "创业担保贷款贴息", "start-up guaranteed loans: all above LPR less 150bp",
     {{"kind", "ABOVE_FLOOR"}, {"level", "CENTRAL"}, {"floor_ppm", "15000"}, {"max_days", "1096"}}},
    {"MICRO70", "脱贫人口小额信贷", "micro-credit: 70 % of the interest on the first 50,000",
     {{"kind", "SHARE_OF_INTEREST"}, {"level", "PROVINCIAL"}, {"rate_ppm", "700000"}, {"loan_cap", "50000.00"},
      {"max_days", "1096"}}},
    {"HALF_LPR", "半额LPR贴息", "half of LPR", {{"kind", "SHARE_OF_LPR"}, {"level", "CITY"}, {"rate_ppm", "500000"}}},
    {"FEE50", "担保费补贴50", "half of the guarantee fee", {{"kind", "FEE_SHARE"}, {"level", "COUNTY"}, {"rate_ppm", "500000"}}},
};

#define SHOWN(member, type, zh, en)                                                                                    \
    ZYD_SHOWN_OF(ZYD_SUBSIDY_KIND_ENROLMENT, struct zyd_subsidy_enrolment, member, type, zh, en)
static const struct zyd_shown shown[] = {
    SHOWN(bank, MEMBER, "贷款银行", "bank"),
    SHOWN(loan, ID, "贷款编号", "loan"),
    SHOWN(from, DATE, "补贴起日", "subsidised from"),
    SHOWN(until, DATE, "补贴止日", "until, not counted"),
    SHOWN(settled_to, DATE, "已结算至", "settled to"),
    SHOWN(eligible, FEN, "保费补贴基数", "principal of the fee subsidy"),
    SHOWN(reserved, FEN, "预留预算", "of the budget, not settled yet"),
    SHOWN(paid, FEN, "已补贴", "paid"),
    SHOWN(clawed, FEN, "已追回", "clawed back"),
    SHOWN(fee_back, FEN, "保费变更退回", "given back by a change of the fee"),
};

const struct zyd_product zyd_product_subsidy = {
    .number = 3,
    .name = "subsidy",
    .zh = "贴息与保费补贴",
    .en = "interest and fee subsidy",
    .events = events,
    .event_count = ZYD_COUNT(events),
    .states = ZYD_NAMES("state", states),
    .labels = ZYD_NAMES("label", labels),
    .deadlines = ZYD_NAMES("deadline", deadlines),
    .params = params,
    .param_count = ZYD_COUNT(params),
    .presets = presets,
    .preset_count = ZYD_COUNT(presets),
    .shown = shown,
    .shown_count = ZYD_COUNT(shown),
    .parties = zyd_subsidy_parties,
};
