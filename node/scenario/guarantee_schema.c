/* guarantee_schema.c: names of product (a): events and their arguments, states, labels, deadlines, parameters, presets. */
#include <zyd/guarantee_schema.h>

#include "guarantee_impl.h"

#define X(id, number, zh, en) {number, #id, zh, en},
static const struct zyd_name states[] = {ZYD_GUARANTEE_STATES(X)};
static const struct zyd_name labels[] = {ZYD_GUARANTEE_LABELS(X)};
static const struct zyd_name deadlines[] = {ZYD_GUARANTEE_DEADLINES(X)};
static const struct zyd_name breakers[] = {ZYD_GUARANTEE_BREAKERS(X)};
#undef X
static const struct zyd_names state_names = ZYD_NAMES("state", states);
const struct zyd_names zyd_guarantee_breakers = ZYD_NAMES("breaker", breakers);

static const struct zyd_field apply[] = {
    ZYD_ARG_BORROWER("borrower", true, "借款人", "USCC of a firm, pseudonym of a person"),
    ZYD_ARG_FEN("amount", true, 1, "金额", "amount"),
    ZYD_ARG_U64("term_days", true, 1, 36600, "期限(天)", "term in days"),
    ZYD_ARG_TEXT("purpose", true, 60, "用途", "purpose"),
    ZYD_ARG_U64("county", false, 0, 999999, "区县代码", "county, GB/T 2260"),
    ZYD_ARG_ID("consent", true, "授权书", "hash of the borrower's consent"),
};
static const struct zyd_field dd_done[] = {
    ZYD_ARG_ID("bank_report", true, "银行尽调报告", "hash of the bank's report"),
    ZYD_ARG_ID("guar_report", false, "担保尽调报告", "hash of the guarantor's report; not needed when batch"),
    ZYD_ARG_TEXT("opinion", false, 200, "意见", "opinion"),
};
static const struct zyd_field offer[] = {
    ZYD_ARG_FEN("amount", true, 1, "担保额度", "limit"),
    ZYD_ARG_PPM("fee_ppm", false, "担保费率", "fee a year; default the programme's"),
    ZYD_ARG_ID("tree", false, "分担树", "SHA-256 of the programme's share tree"),
};
static const struct zyd_field file_re[] = {ZYD_ARG_ID("filing", true, "备案文件", "hash of the filing")};
static const struct zyd_field issue[] = {
    ZYD_ARG_ID("letter", true, "担保函", "hash of the letter"),
    ZYD_ARG_DATE("valid_until", true, "有效期至", "last day of a drawdown"),
};
static const struct zyd_field disburse[] = {
    ZYD_ARG_U64("drawdown", true, 0, 999999999, "借据号", "number of the drawdown"),
    ZYD_ARG_FEN("amount", true, 1, "金额", "amount"),
    ZYD_ARG_DATE("value_date", true, "起息日", "value date"),
    ZYD_ARG_DATE("maturity", true, "到期日", "maturity"),
    ZYD_ARG_PPM("rate_ppm", true, "年利率", "rate a year"),
};
static const struct zyd_field repay[] = {
    ZYD_ARG_U64("drawdown", true, 0, 999999999, "借据号", "number of the drawdown"),
    ZYD_ARG_DATE("value_date", true, "还款日", "value date"),
    ZYD_ARG_FEN("amount", true, 1, "金额", "amount"),
    ZYD_ARG_FEN("interest", false, 0, "其中利息", "interest in it; default: interest first"),
};
static const struct zyd_field overdue[] = {
    ZYD_ARG_DATE("overdue_date", true, "逾期日", "overdue since"),
    ZYD_ARG_FEN("principal", true, 1, "本金余额", "principal owed"),
    ZYD_ARG_FEN("interest", true, 0, "欠息", "normal interest owed on that day"),
};
static const struct zyd_field claim[] = {
    ZYD_ARG_FEN("principal", true, 1, "本金", "principal"),
    ZYD_ARG_FEN("interest", true, 0, "利息", "normal interest"),
    ZYD_ARG_LIST("evidence", false, 0, ZYD_GUARANTEE_EVIDENCE_MAX, zyd_list_ids, "证据", "hashes, in the programme's order"),
    ZYD_ARG_BOOL("share_shifted", false, "银行份额已转移", "the bank has insured or shifted its own share"),
};
static const struct zyd_field approve[] = {ZYD_ARG_FEN("amount", true, 0, "代偿核定额", "T: what the guarantee covers")};
static const struct zyd_field recover[] = {
    ZYD_ARG_FEN("gross", true, 1, "回款", "collected"),
    ZYD_ARG_FEN("cost", true, 0, "费用", "cost of collecting"),
    ZYD_ARG_TEXT("bank_ref", true, 35, "银行流水号", "bank reference"),
};
static const struct zyd_field write_off[] = {ZYD_ARG_ID("decision", true, "核销决议", "hash of the decision")};
static const struct zyd_field reason[] = {ZYD_ARG_TEXT("reason", true, 200, "原因", "reason")};
static const struct zyd_field text[] = {ZYD_ARG_ID("document", true, "文件", "hash of the question, or of what answers it")};
static const struct zyd_field refuse[] = {
    ZYD_ARG_U64("code", true, 0, 9999, "原因代码", "reason code"),
    ZYD_ARG_TEXT("clause", true, 200, "合同条款", "clause of the contract"),
};
static const struct zyd_field dispute[] = {
    ZYD_ARG_FEN("amount", true, 1, "争议金额", "in dispute"),
    ZYD_ARG_ID("document", true, "争议文件", "hash of the statement"),
};
static const struct zyd_field resolve[] = {
    ZYD_ARG_FEN("upheld", true, 0, "支持金额", "what of it the guarantee covers after all"),
    ZYD_ARG_ID("document", true, "协议或裁决", "hash of the agreement or award"),
};
static const struct zyd_field extend[] = {
    ZYD_ARG_U64("drawdown", true, 0, 999999999, "借据号", "number of the drawdown"),
    ZYD_ARG_DATE("maturity", true, "新到期日", "new maturity"),
};
static const struct zyd_field cure[] = {
    ZYD_ARG_DATE("value_date", true, "还款日", "value date"),
    ZYD_ARG_FEN("amount", true, 0, "归还欠息", "payment: all interest due"),
};
static const struct zyd_field reverse[] = {
    ZYD_ARG_ID("op", true, "原操作", "op_id of the event"),
    ZYD_ARG_U64("code", true, 0, 9999, "原因代码", "reason code"),
    ZYD_ARG_BOOL("opposite", false, "反向义务", "opposite obligations where the first are settled or in a cycle"),
};
static const struct zyd_field flag_shift[] = {
    ZYD_ARG_BOOL("shifted", true, "银行份额已转移", "the bank has insured or shifted its own share"),
    ZYD_ARG_TEXT("reason", true, 200, "原因", "reason"),
};
static const struct zyd_field enrol_list[] = {
    ZYD_ARG_ID("root", true, "清单根", "root of the tree over the loans"),
    ZYD_ARG_U64("count", true, 1, ZYD_GUARANTEE_LIST_MAX, "笔数", "number of loans"),
    ZYD_ARG_FEN("total", true, 1, "合计金额", "sum of the loans"),
    ZYD_ARG_ID("letter", true, "担保函", "hash of the letter for the list"),
    ZYD_ARG_DATE("valid_until", true, "入账截止日", "last day of taking up"),
    ZYD_ARG_TEXT("purpose", true, 60, "用途", "purpose"),
};
const struct zyd_field zyd_guarantee_loan_fields[ZYD_GUARANTEE_LOAN_FIELDS] = {
    ZYD_ARG_U64("number", true, 0, 999999999, "借据号", "the bank's number of the loan"),
    ZYD_ARG_BORROWER("borrower", true, "借款人", "USCC of a firm, pseudonym of a person"),
    ZYD_ARG_FEN("amount", true, 1, "金额", "amount"),
    ZYD_ARG_DATE("value_date", true, "起息日", "value date"),
    ZYD_ARG_DATE("maturity", true, "到期日", "maturity"),
    ZYD_ARG_PPM("rate_ppm", true, "年利率", "rate a year"),
    ZYD_ARG_U64("county", true, 0, 999999, "区县代码", "county, GB/T 2260; 0: none"),
    ZYD_ARG_ID("consent", true, "授权书", "hash of the borrower's consent"),
};
static const struct zyd_field take_up[] = {
    ZYD_ARG_U64("first", true, 0, ZYD_GUARANTEE_LIST_MAX - 1, "起始序号", "place of the first loan in the list, from 0"),
    ZYD_ARG_LIST("loans", true, 1, ZYD_GUARANTEE_PIECE_MAX, zyd_guarantee_loan_fields, "贷款",
                 "loans as they stand in the list"),
    ZYD_ARG_LIST("path", false, 0, ZYD_GUARANTEE_PATH_MAX, zyd_list_ids, "路径", "hashes from the loans to the root"),
};
static const struct zyd_field opening[] = {
    ZYD_ARG_WORD("state", true, &state_names, "状态", "ACTIVE, OVERDUE or RECOVERING"),
    ZYD_ARG_BORROWER("borrower", true, "借款人", "borrower"),
    ZYD_ARG_FEN("amount", true, 1, "额度", "limit"),
    ZYD_ARG_FEN("principal", true, 0, "本金余额", "principal owed"),
    ZYD_ARG_PPM("rate_ppm", false, "年利率", "rate a year"),
    ZYD_ARG_DATE("value_date", true, "起息日", "value date"),
    ZYD_ARG_DATE("settled_to", false, "已结息至", "interest is settled up to"),
    ZYD_ARG_DATE("maturity", true, "到期日", "maturity"),
    ZYD_ARG_FEN("interest", false, 0, "欠息", "interest due"),
    ZYD_ARG_DATE("overdue_date", false, "逾期日", "overdue since"),
    ZYD_ARG_LIST("borne", false, 0, 16, zyd_list_member_fen, "各方已承担", "RECOVERING: MEMBER=YUAN, ..."),
    ZYD_ARG_U64("fen_days", false, 0, UINT64_MAX, "本期积数", "fen-days released in the period (S)"),
    ZYD_ARG_FEN("used", false, 0, "本期已代偿", "compensated in the period"),
    ZYD_ARG_LIST("rows", false, 0, 32, zyd_list_postings, "期初分录", "MEMBER DR CR YUAN; ..."),
};

#define X(id, number, zh, en) static const char zh_##id[] = zh, en_##id[] = en;
ZYD_GUARANTEE_EVENTS(X)
#undef X
#define EVENT(id, makes, actor, args) ZYD_EVENT(ZYD_GE_##id, makes, #id, zh_##id, en_##id, actor, args)
static const struct zyd_event events[] = {
    EVENT(APPLY, true, "BANK", apply),
    EVENT(DD_DONE, false, "BANK", dd_done),
    EVENT(OFFER, false, "GUAR", offer),
    EVENT(FILE_RE, false, "REG", file_re),
    EVENT(ISSUE, false, "GUAR", issue),
    EVENT(DISBURSE, false, "BANK", disburse),
    EVENT(REPAY, false, "BANK", repay),
    EVENT(OVERDUE, false, "BANK", overdue),
    EVENT(CLAIM, false, "BANK", claim),
    EVENT(APPROVE, false, "GUAR", approve),
    EVENT(RECOVER, false, "COLLECTOR", recover),
    EVENT(WRITE_OFF, false, "PARTY", write_off),
    ZYD_EVENT_BARE(ZYD_GE_RELEASE, false, "RELEASE", zh_RELEASE, en_RELEASE, "BANK"),
    EVENT(BREAKER_RESET, true, "BANK", reason),
    EVENT(OPENING, true, "BANK", opening),
    EVENT(REJECT, false, "GUAR", reason),
    EVENT(CANCEL, false, "BANK", reason),
    EVENT(QUERY, false, "GUAR", text),
    EVENT(SUPPLY, false, "BANK", text),
    EVENT(REFUSE, false, "GUAR", refuse),
    EVENT(DISPUTE, false, "BANK", dispute),
    EVENT(RESOLVE, false, "BANK", resolve),
    EVENT(EXTEND, false, "BANK", extend),
    EVENT(PREPAY, false, "BANK", repay),
    EVENT(CURE, false, "BANK", cure),
    EVENT(FREEZE, false, "ANY", reason),
    EVENT(UNFREEZE, false, "ANY", reason),
    EVENT(REVERSE, false, "PARTY", reverse),
    EVENT(FLAG_SHIFT, false, "ANY", flag_shift),
    EVENT(ENROL_LIST, true, "BANK", enrol_list),
    EVENT(TAKE_UP, false, "BANK", take_up),
};

/* The words of parameters. */
static const struct zyd_name settle[] = {{0, "NET", "净额", "net"}, {1, "GROSS", "逐笔", "gross"}};
static const struct zyd_name cover[] = {{1, "PRINCIPAL", "本金", "principal"}, {2, "INTEREST", "本金和利息", "and interest"}};
static const struct zyd_name silence[] = {{1, "ESCALATE", "上报", "escalate"}, {2, "DEEM_APPROVED", "视为批准", "deemed approved"}};
static const struct zyd_name period[] = {{1, "CALENDAR_YEAR", "公历年", "calendar year"}};
static const struct zyd_name overflow[] = {{1, "BANK", "银行承担", "the bank bears it"}, {2, "REJECT", "拒绝", "refused"}};
static const struct zyd_name recovery[] = {{1, "BY_BORNE", "按实际承担", "by what was borne"}};
static const struct zyd_name basis[] = {{360, "360", "360天", "360 days"}, {365, "365", "365天", "365 days"}};
#define WORDS(table) static const struct zyd_names table##_names = ZYD_NAMES(#table, table)
WORDS(settle);
WORDS(cover);
WORDS(silence);
WORDS(period);
WORDS(overflow);
WORDS(recovery);
WORDS(basis);
#define ZYD_AS_SETTLE .type = ZYD_FIELD_WORD, .names = &settle_names
#define ZYD_AS_COVER .type = ZYD_FIELD_WORD, .names = &cover_names
#define ZYD_AS_SILENCE .type = ZYD_FIELD_WORD, .names = &silence_names
#define ZYD_AS_PERIOD .type = ZYD_FIELD_WORD, .names = &period_names
#define ZYD_AS_OVERFLOW .type = ZYD_FIELD_WORD, .names = &overflow_names
#define ZYD_AS_RECOVERY .type = ZYD_FIELD_WORD, .names = &recovery_names
#define ZYD_AS_BASIS .type = ZYD_FIELD_WORD, .names = &basis_names
static const struct zyd_field params[] = {
#define X(id, name, type, def, min, max, zh, en) ZYD_PARAM(name, type, def, min, max, zh, en),
    ZYD_GUARANTEE_PARAMS(X)
#undef X
};

#define PRESET(name, zh, en, cap, bank, guarantor, shares)                                                             \
    {name, zh, en, {{"tree", shares}, {"cap_ppm", cap}, {"min_bank_share", bank}, {"guar", guarantor}}}
static const struct zyd_preset presets[] = {
    PRESET("AH4321", "安徽4321", "Anhui 4321", "0", "200000", "GUAR",
           "BANK 200000, REST 800000 (GUAR 500000, REG 375000, LGOV 125000)"),
    PRESET("HN4321", "湖南4321", "Hunan 4321", "0", "200000", "GUAR",
           "BANK 200000, REST 800000 (PROV_SIDE 500000 (NFGF 500000, PFIN 250000, REG 250000), GUAR 375000, "
           "LOCAL 125000 (CITY 500000, COUNTY 500000))"),
    PRESET("NAT2080", "总对总批量2080", "national batch 20:80", "30000", "200000", "GUAR",
           "BANK 200000, REST 800000 (NFGF 250000, REG 250000, GUAR 500000)"),
    PRESET("SC206020", "四川206020", "Sichuan 20:60:20", "30000", "200000", "GUAR",
           "BANK 200000, REST 800000 (REG 250000, GUAR 750000)"),
    PRESET("TECH40", "科创计划一档", "sci-tech plan, tier 40", "50000", "200000", "GUAR",
           "BANK 200000, REST 800000 (NFGF 500000, REG 250000, GUAR 250000)"),
    PRESET("TECH35", "科创计划二档", "sci-tech plan, tier 35", "50000", "200000", "GUAR",
           "BANK 200000, REST 800000 (NFGF 437500, REG 250000, GUAR 312500)"),
    PRESET("TECH30", "科创计划三档", "sci-tech plan, tier 30", "50000", "200000", "GUAR",
           "BANK 200000, REST 800000 (NFGF 375000, REG 250000, GUAR 375000)"),
    PRESET("XC520", "宣城520", "Xuancheng 520", "0", "200000", "COUNTY_G",
           "BANK 200000, REST 800000 (NFGF 250000, REG 250000, CITY_G 250000, COUNTY_G 250000)"),
    PRESET("TWO82", "银担二八", "two parties 2:8", "0", "200000", "GUAR",
           "BANK 200000, GUAR 800000"),
    PRESET("SZ91", "深圳一九", "Shenzhen 1:9", "0", "100000", "GUAR",
           "BANK 100000, GUAR 900000"),
    PRESET("YZB", "银政保", "bank, government, insurer", "0", "200000", "INSURER",
           "BANK 200000, REST 800000 (INSURER 625000, LGOV 375000)"),
    PRESET("ZYDB", "政银担加保险", "guarantor with an insurer", "0", "200000", "GUAR",
           "BANK 200000, REST 800000 (GUAR 375000, INSURER 375000, LGOV 250000)"),
    {"TECHTIERS", "科创贷分档", "sci-tech loans by grade: 40, 35, 30",
     {{"tree", "BANK 200000, REST 800000 (NFGF 375000, REG 250000, GUAR 375000)"}, {"cap_ppm", "50000"},
      {"min_bank_share", "200000"}, {"guar", "GUAR"},
      {"tiers", "any grade=1: BANK 200000, REST 800000 (NFGF 500000, REG 250000, GUAR 250000); "
                "any grade=2: BANK 200000, REST 800000 (NFGF 437500, REG 250000, GUAR 312500); "
                "any grade=3: BANK 200000, REST 800000 (NFGF 375000, REG 250000, GUAR 375000)"}}},
};

static int state_of(struct zyd_span value)
{
    struct zyd_guarantee_view view;
    if (value.size == sizeof(struct zyd_guarantee_enrolment) && value.data[0] == ZYD_GUARANTEE_KIND_ENROLMENT) {
        return value.data[1];
    }
    return zyd_guarantee_object_read(&view, value) == ZYD_OK ? view.head.state : -1;
}

#define SHOWN(member, type, zh, en)                                                                                    \
    ZYD_SHOWN_OF(ZYD_GUARANTEE_KIND_CONTRACT, struct zyd_guarantee_object, member, type, zh, en)
#define LIST_SHOWN(member, type, zh, en)                                                                               \
    ZYD_SHOWN_OF(ZYD_GUARANTEE_KIND_ENROLMENT, struct zyd_guarantee_enrolment, member, type, zh, en)
static const struct zyd_shown shown[] = {
    SHOWN(bank, MEMBER, "银行", "bank"),
    SHOWN(amount, FEN, "额度", "limit"),
    SHOWN(drawn, FEN, "已放款", "drawn ever"),
    SHOWN(principal, FEN, "本金余额", "principal owed"),
    SHOWN(claim, FEN, "代偿申请", "claimed"),
    SHOWN(fee_ppm, PPM, "担保费率", "fee a year"),
    SHOWN(applied, DATE, "申请日", "applied"),
    SHOWN(issued, DATE, "出函日", "issued"),
    SHOWN(valid_until, DATE, "担保函有效期", "last day of a drawdown"),
    SHOWN(overdue, DATE, "逾期日", "overdue since"),
    SHOWN(claimed, DATE, "代偿申请日", "claimed on"),
    SHOWN(tier, U64, "分担档位", "tier of shares; 0: none"),
    LIST_SHOWN(bank, MEMBER, "银行", "bank"),
    LIST_SHOWN(count, U64, "笔数", "loans of the list"),
    LIST_SHOWN(taken, U64, "已入账笔数", "loans in the books"),
    LIST_SHOWN(total, FEN, "合计金额", "sum of the list"),
    LIST_SHOWN(drawn, FEN, "已入账金额", "in the books"),
    LIST_SHOWN(enrolled, DATE, "登记日", "enrolled"),
    LIST_SHOWN(valid_until, DATE, "入账截止日", "last day of taking up"),
    LIST_SHOWN(root, ID, "清单根", "root of the tree over the loans"),
};

const struct zyd_product zyd_product_guarantee = {
    .number = 1,
    .name = "guarantee",
    .zh = "融资担保",
    .en = "financing guarantee",
    .events = events,
    .event_count = ZYD_COUNT(events),
    .states = ZYD_NAMES("state", states),
    .labels = ZYD_NAMES("label", labels),
    .deadlines = ZYD_NAMES("deadline", deadlines),
    .params = params,
    .param_count = ZYD_COUNT(params),
    .presets = presets,
    .preset_count = ZYD_COUNT(presets),
    .state = state_of,
    .shown = shown,
    .shown_count = ZYD_COUNT(shown),
    .child_tag = ZYD_GUARANTEE_CHILD_TAG,
    .params_encode = zyd_guarantee_params_encode,
    .params_decode = zyd_guarantee_params_decode,
};
