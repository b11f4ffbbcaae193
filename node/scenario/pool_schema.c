/* pool_schema.c: names of product (b): events and their arguments, states, labels, deadlines, parameters, presets. */
#include <zyd/pool.h>
#include <zyd/product.h>

#include "product_impl.h"

#define X(id, number, zh, en) {number, #id, zh, en},
static const struct zyd_name states[] = {ZYD_POOL_STATES(X)};
static const struct zyd_name labels[] = {ZYD_POOL_LABELS(X)};
static const struct zyd_name deadlines[] = {ZYD_POOL_DEADLINES(X)};
#undef X
#define WORDS(table) static const struct zyd_names table##_names = ZYD_NAMES(#table, table)
static const struct zyd_name what[] = {
    {ZYD_POOL_OVERDUE, "OVERDUE", "逾期", "overdue"},
    {ZYD_POOL_NPL, "NPL", "不良", "non-performing"},
    {ZYD_POOL_LAWSUIT, "LAWSUIT", "法院受理", "lawsuit accepted"},
};
WORDS(what);

static const struct zyd_field create[] = {ZYD_ARG_TEXT("account", true, 34, "专户账号", "account of the pool")};
static const struct zyd_field fund[] = {
    ZYD_ARG_TEXT("layer", true, ZYD_POOL_NAME_MAX, "资金层", "layer"),
    ZYD_ARG_FEN("amount", true, 1, "金额", "amount"),
    ZYD_ARG_TEXT("bank_ref", true, 35, "银行流水号", "bank reference"),
};
static const struct zyd_field fund_confirm[] = {
    ZYD_ARG_FEN("amount", true, 1, "到账金额", "amount of the notice"),
    ZYD_ARG_TEXT("bank_ref", true, 35, "银行流水号", "reference of the notice"),
};
static const struct zyd_field enrol[] = {
    ZYD_ARG_BORROWER("borrower", true, "借款人", "USCC of a firm, pseudonym of a person"),
    ZYD_ARG_U64("loan_class", true, 1, ZYD_POOL_CLASSES_MAX, "贷款类别", "loan class"),
    ZYD_ARG_DATE("valid_until", true, "有效期至", "last day of a registration"),
};
static const struct zyd_field register_loan[] = {
    ZYD_ARG_BORROWER("borrower", true, "借款人", "USCC of a firm, pseudonym of a person"),
    ZYD_ARG_ID("loan", true, "借款合同", "hash of the bank's loan contract"),
    ZYD_ARG_U64("loan_class", true, 1, ZYD_POOL_CLASSES_MAX, "贷款类别", "loan class"),
    ZYD_ARG_FEN("principal", true, 1, "本金", "principal"),
    ZYD_ARG_PPM("rate_ppm", true, "年利率", "rate a year"),
    ZYD_ARG_DATE("drawn_on", true, "放款日", "day of the drawdown"),
    ZYD_ARG_DATE("maturity", true, "到期日", "maturity"),
    ZYD_ARG_ID("guarantee", false, "担保合同", "contract of product (a) on the same loan"),
};
static const struct zyd_field repay[] = {ZYD_ARG_FEN("amount", true, 1, "归还本金", "principal repaid")};
static const struct zyd_field status[] = {
    ZYD_ARG_WORD("what", true, &what_names, "状态", "what is reported"),
    ZYD_ARG_DATE("since", true, "起始日", "since when"),
};
static const struct zyd_field file[] = {
    ZYD_ARG_FEN("principal", true, 1, "本金", "principal"),
    ZYD_ARG_FEN("interest", false, 0, "利息", "normal interest"),
    ZYD_ARG_FEN("other", false, 0, "罚息及费用", "penalty interest and costs"),
    ZYD_ARG_LIST("evidence", false, 0, ZYD_POOL_EVIDENCE_MAX, zyd_list_ids, "证据", "hashes, in the programme's order"),
};
static const struct zyd_field dept_ok[] = {ZYD_ARG_FEN("base", true, 0, "补偿基数", "what the bank bears")};
static const struct zyd_field review_ok[] = {
    ZYD_ARG_FEN("base", true, 0, "补偿基数", "what the bank bears"),
    ZYD_ARG_FEN("pay", true, 0, "补偿金额", "compensation"),
};
static const struct zyd_field reason[] = {ZYD_ARG_TEXT("reason", true, 200, "原因", "reason")};
static const struct zyd_field resume[] = {
    ZYD_ARG_TEXT("reason", true, 200, "原因", "reason"),
    ZYD_ARG_LIST("contributors", true, 1, ZYD_POOL_LAYERS_MAX, zyd_list_members, "签署的出资方", "contributors that sign"),
};
static const struct zyd_field recover[] = {
    ZYD_ARG_FEN("gross", true, 1, "回款", "collected"),
    ZYD_ARG_FEN("cost", true, 0, "费用", "cost of collecting"),
    ZYD_ARG_TEXT("bank_ref", true, 35, "银行流水号", "bank reference"),
};
static const struct zyd_field demand_back[] = {
    ZYD_ARG_TEXT("finding", true, 200, "问题代码", "finding"),
    ZYD_ARG_PPM("ppm", false, "追回比例", "part of what was paid; default: all that has not come back"),
};
static const struct zyd_field reverse[] = {
    ZYD_ARG_ID("op", true, "原操作", "op_id of the event"),
    ZYD_ARG_U64("code", true, 0, 9999, "原因代码", "reason code"),
};
static const struct zyd_field dispute[] = {
    ZYD_ARG_FEN("amount", true, 1, "争议金额", "part of the base"),
    ZYD_ARG_TEXT("reason", true, 200, "原因", "reason"),
};
static const struct zyd_field resolve[] = {ZYD_ARG_FEN("upheld", true, 0, "维持金额", "of the disputed part")};
static const struct zyd_field opening[] = {
    ZYD_ARG_LIST("rows", true, 1, 32, zyd_list_postings, "期初分录", "MEMBER DR CR YUAN; ..."),
};

#define X(id, number, zh, en) static const char zh_##id[] = zh, en_##id[] = en;
ZYD_POOL_EVENTS(X)
#undef X
#define EVENT(id, makes, actor, args) ZYD_EVENT(ZYD_PE_##id, makes, #id, zh_##id, en_##id, actor, args)
static const struct zyd_event events[] = {
    EVENT(CREATE, true, "TRUSTEE", create),
    EVENT(FUND, true, "CONTRIBUTOR", fund),
    EVENT(FUND_CONFIRM, false, "TRUSTEE", fund_confirm),
    EVENT(ENROL, true, "DEPT", enrol),
    EVENT(REGISTER_LOAN, true, "BANK", register_loan),
    EVENT(REPAY, false, "BANK", repay),
    EVENT(STATUS, false, "BANK", status),
    ZYD_EVENT_BARE(ZYD_PE_CURE, false, "CURE", zh_CURE, en_CURE, "BANK"),
    EVENT(FILE, false, "BANK", file),
    EVENT(DEPT_OK, false, "DEPT", dept_ok),
    EVENT(REVIEW_OK, false, "TRUSTEE", review_ok),
    EVENT(REJECT, false, "DEPT", reason),
    EVENT(RECOVER, false, "BANK", recover),
    EVENT(DEMAND_BACK, false, "TRUSTEE", demand_back),
    EVENT(CLOSE, false, "BANK", reason),
    EVENT(RESUME, false, "DEPT", resume),
    EVENT(WIND_UP, false, "TRUSTEE", reason),
    EVENT(OPENING, true, "ANY", opening),
    EVENT(FREEZE, false, "AUD", reason),
    EVENT(UNFREEZE, false, "AUD", reason),
    EVENT(DISPUTE, false, "DEPT", dispute),
    EVENT(RESOLVE, false, "BANK", resolve),
    EVENT(REVERSE, false, "PARTY", reverse),
};

/* The words and lists of parameters. */
static const struct zyd_name settle[] = {{0, "NET", "净额", "net"}, {1, "GROSS", "逐笔", "gross"}};
static const struct zyd_name ratio_base[] = {
    {ZYD_POOL_BASE_PRINCIPAL, "PRINCIPAL", "本金", "principal"},
    {ZYD_POOL_BASE_INTEREST, "PRINCIPAL_INTEREST", "本金和利息", "and normal interest"},
    {ZYD_POOL_BASE_ALL, "ALL", "本息罚息和费用", "and penalty and cost"},
};
static const struct zyd_name short_mode[] = {{1, "FIFO", "先批先付", "in order"}, {2, "PRORATA", "同日按比例", "pro rata of a day"}};
static const struct zyd_name refund_order[] = {{1, "REVERSE", "逆序", "reverse draw order"}, {2, "PRORATA", "按比例", "pro rata"}};
WORDS(settle);
WORDS(ratio_base);
WORDS(short_mode);
WORDS(refund_order);
#define ZYD_AS_SETTLE .type = ZYD_FIELD_WORD, .names = &settle_names
#define ZYD_AS_RATIO_BASE .type = ZYD_FIELD_WORD, .names = &ratio_base_names
#define ZYD_AS_TRIGGER .type = ZYD_FIELD_WORD, .names = &what_names
#define ZYD_AS_SHORT_MODE .type = ZYD_FIELD_WORD, .names = &short_mode_names
#define ZYD_AS_REFUND_ORDER .type = ZYD_FIELD_WORD, .names = &refund_order_names
static const struct zyd_field layer[] = {
    {.name = "name", .type = ZYD_FIELD_STR, .min = 1, .max = ZYD_POOL_NAME_MAX, .zh = "资金层", .en = "layer"},
    {.name = "contributor", .type = ZYD_FIELD_MEMBER, .max = 65535, .zh = "出资方", .en = "contributor"},
    {.name = "level", .type = ZYD_FIELD_U64, .max = ZYD_POOL_LAYERS_MAX - 1, .zh = "级次", .en = "level"},
    {.name = "share", .type = ZYD_FIELD_PPM, .max = 1000000, .zh = "级内比例", .en = "share of its level"},
};
static const struct zyd_field ratio[] = {
    {.name = "ratio", .type = ZYD_FIELD_PPM, .max = 1000000, .zh = "补偿比例", .en = "compensation ratio"}};
static const struct zyd_field document[] = {
    {.name = "document", .type = ZYD_FIELD_STR, .min = 1, .max = 60, .zh = "材料", .en = "document"}};
static const struct zyd_field params[] = {
#define X(id, name, type, def, min, max, zh, en) ZYD_PARAM(name, type, def, min, max, zh, en),
    ZYD_POOL_PARAMS(X)
#undef X
    ZYD_ARG_LIST("layers", true, 1, ZYD_POOL_LAYERS_MAX, layer, "资金层", "NAME CONTRIBUTOR LEVEL SHARE; ... in draw order"),
    ZYD_ARG_LIST("ratios", true, 1, ZYD_POOL_CLASSES_MAX, ratio, "补偿比例", "of loan class 1, 2 ..."),
    ZYD_ARG_LIST("banks", true, 1, ZYD_POOL_BANKS_MAX, zyd_list_members, "合作银行", "banks that may register loans"),
    ZYD_ARG_LIST("evidence", false, 0, ZYD_POOL_EVIDENCE_MAX, document, "申请材料", "documents that a claim must carry"),
};

/* Published schemes (domain.md 1.4); layers' contributors are members of these codes. */
static const struct zyd_preset presets[] = {
    {"JX523", "江西财农信贷通5:2:3", "Jiangxi 5:2:3", {
        {"layers", "PROV_AGRI PROV_AGRI 0 50%; CITY CITY 0 20%; COUNTY COUNTY 0 30%"}, {"ratios", "50%"}, {"trigger", "NPL"}}},
    {"AHTECH", "安徽科技贷款", "Anhui sci-tech: direct 30 %, guaranteed 20 %", {
        {"ratios", "30%,20%,35%,25%"}, {"trigger", "NPL"}, {"stack_ceiling_ppm", "80%"}, {"allow_bank_share", "yes"}}},
    {"HBTECH", "湖北科技贷款", "Hubei sci-tech: province and city 1:1", {
        {"layers", "PROVINCE PROVINCE 0 50%; CITY CITY 0 50%"}, {"warn_ppm", "5%"}, {"stop_ppm", "8%"}}},
    {"WXTECH", "锡科贷", "Wuxi", {
        {"trigger", "LAWSUIT"}, {"dept_wd", "5"}, {"review_wd", "5"}, {"evidence", "dunning,lawsuit accepted"}}},
    {"MS5050", "眉山五五", "Meishan 50:50, all that is owed", {{"ratios", "50%"}, {"ratio_base", "ALL"}}},
};

#define POOL(member, type, zh, en) ZYD_SHOWN_OF(ZYD_POOL_KIND_POOL, struct zyd_pool, member, type, zh, en)
#define FUNDING(member, type, zh, en) ZYD_SHOWN_OF(ZYD_POOL_KIND_FUNDING, struct zyd_pool_funding, member, type, zh, en)
#define LOAN(member, type, zh, en) ZYD_SHOWN_OF(ZYD_POOL_KIND_LOAN, struct zyd_pool_loan, member, type, zh, en)
static const struct zyd_shown shown[] = {
    POOL(balance, FEN, "备案贷款余额", "registered loans"),
    POOL(npl, FEN, "不良余额", "of these in default"),
    POOL(pending, FEN, "待到账出资", "funding not arrived"),
    POOL(shortage, FEN, "排队待补偿", "approved, not drawn"),
    POOL(open_claims, U64, "未结补偿", "open claims"),
    FUNDING(layer, U64, "资金层序号", "layer, from 0"),
    FUNDING(amount, FEN, "出资额", "amount"),
    LOAN(bank, MEMBER, "贷款银行", "bank"),
    LOAN(loan, ID, "贷款编号", "the bank's loan, hashed"),
    LOAN(rate_ppm, PPM, "利率", "rate"),
    LOAN(drawn_on, DATE, "放款日", "drawn on"),
    LOAN(maturity, DATE, "到期日", "maturity"),
    LOAN(principal, FEN, "贷款本金", "principal"),
    LOAN(balance, FEN, "贷款余额", "still owed"),
    LOAN(claimed, FEN, "申请基数", "base as filed"),
    LOAN(disputed, FEN, "争议金额", "of it in dispute"),
    LOAN(approved, FEN, "批准补偿", "approved"),
    LOAN(paid, FEN, "已补偿", "drawn from the layers"),
    LOAN(shortage, FEN, "排队待补偿", "approved, not drawn"),
    LOAN(refunded, FEN, "返还", "promised back"),
    LOAN(clawed, FEN, "追回", "demanded back"),
    LOAN(net_recovered, FEN, "净追偿", "recovered, net"),
};

const struct zyd_product zyd_product_pool = {
    .number = ZYD_POOL_CONTRACT,
    .name = "pool",
    .zh = "风险补偿资金池",
    .en = "risk-compensation pool",
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
    .parties = zyd_pool_parties,
};
