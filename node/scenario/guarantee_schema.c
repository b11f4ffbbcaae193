/* guarantee_schema.c: names of product (a): events and their arguments, states, labels, deadlines, parameters, presets. */
#include <zyd/guarantee_schema.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TEXT(name, required, max, zh, en) {name, ZYD_GT_STR, required, 1, max, zh, en}
#define FEN(name, required, min, zh, en) {name, ZYD_GT_FEN, required, min, (uint64_t)ZYD_MONEY_MAX, zh, en}
#define DATE(name, required, zh, en) {name, ZYD_GT_DATE, required, 19700101, 99991231, zh, en}
#define ID(name, required, zh, en) {name, ZYD_GT_ID, required, 32, 32, zh, en}
#define NUMBER(name, required, min, max, zh, en) {name, ZYD_GT_U64, required, min, max, zh, en}

static const struct zyd_guarantee_arg apply[] = {
    {"borrower", ZYD_GT_BORROWER, true, 18, 32, "借款人", "USCC of a firm, pseudonym of a person"},
    FEN("amount", true, 1, "金额", "amount"),
    NUMBER("term_days", true, 1, 36600, "期限(天)", "term in days"),
    TEXT("purpose", true, 60, "用途", "purpose"),
    NUMBER("county", false, 0, 999999, "区县代码", "county, GB/T 2260"),
    ID("consent", true, "授权书", "hash of the borrower's consent"),
};
static const struct zyd_guarantee_arg dd_done[] = {
    ID("bank_report", true, "银行尽调报告", "hash of the bank's report"),
    ID("guar_report", false, "担保尽调报告", "hash of the guarantor's report; not needed when batch"),
    TEXT("opinion", false, 200, "意见", "opinion"),
};
static const struct zyd_guarantee_arg offer[] = {
    FEN("amount", true, 1, "担保额度", "limit"),
    {"fee_ppm", ZYD_GT_PPM, false, 0, 1000000, "担保费率", "fee a year; default the programme's"},
    ID("tree", false, "分担树", "SHA-256 of the programme's share tree"),
};
static const struct zyd_guarantee_arg file_re[] = {ID("filing", true, "备案文件", "hash of the filing")};
static const struct zyd_guarantee_arg issue[] = {
    ID("letter", true, "担保函", "hash of the letter"),
    DATE("valid_until", true, "有效期至", "last day of a drawdown"),
};
static const struct zyd_guarantee_arg disburse[] = {
    NUMBER("drawdown", true, 0, 999999999, "借据号", "number of the drawdown"),
    FEN("amount", true, 1, "金额", "amount"),
    DATE("value_date", true, "起息日", "value date"),
    DATE("maturity", true, "到期日", "maturity"),
    {"rate_ppm", ZYD_GT_PPM, true, 0, 1000000, "年利率", "rate a year"},
};
static const struct zyd_guarantee_arg repay[] = {
    NUMBER("drawdown", true, 0, 999999999, "借据号", "number of the drawdown"),
    DATE("value_date", true, "还款日", "value date"),
    FEN("amount", true, 1, "金额", "amount"),
    FEN("interest", false, 0, "其中利息", "interest in it; default: interest first"),
};
static const struct zyd_guarantee_arg overdue[] = {
    DATE("overdue_date", true, "逾期日", "overdue since"),
    FEN("principal", true, 1, "本金余额", "principal owed"),
    FEN("interest", true, 0, "欠息", "normal interest owed on that day"),
};
static const struct zyd_guarantee_arg claim[] = {
    FEN("principal", true, 1, "本金", "principal"),
    FEN("interest", true, 0, "利息", "normal interest"),
    {"evidence", ZYD_GT_IDS, false, 0, ZYD_GUARANTEE_EVIDENCE_MAX, "证据", "hashes, in the programme's order"},
    {"share_shifted", ZYD_GT_BOOL, false, 0, 1, "银行份额已转移", "the bank has insured or shifted its own share"},
};
static const struct zyd_guarantee_arg approve[] = {FEN("amount", true, 0, "代偿核定额", "T: what the guarantee covers")};
static const struct zyd_guarantee_arg recover[] = {
    FEN("gross", true, 1, "回款", "collected"),
    FEN("cost", true, 0, "费用", "cost of collecting"),
    TEXT("bank_ref", true, 35, "银行流水号", "bank reference"),
};
static const struct zyd_guarantee_arg write_off[] = {ID("decision", true, "核销决议", "hash of the decision")};
static const struct zyd_guarantee_arg reason[] = {TEXT("reason", true, 200, "原因", "reason")};
static const struct zyd_guarantee_arg opening[] = {
    {"state", ZYD_GT_STATE, true, 0, 255, "状态", "ACTIVE, OVERDUE or RECOVERING"},
    {"borrower", ZYD_GT_BORROWER, true, 18, 32, "借款人", "borrower"},
    FEN("amount", true, 1, "额度", "limit"),
    FEN("principal", true, 0, "本金余额", "principal owed"),
    {"rate_ppm", ZYD_GT_PPM, false, 0, 1000000, "年利率", "rate a year"},
    DATE("value_date", true, "起息日", "value date"),
    DATE("settled_to", false, "已结息至", "interest is settled up to"),
    DATE("maturity", true, "到期日", "maturity"),
    FEN("interest", false, 0, "欠息", "interest due"),
    DATE("overdue_date", false, "逾期日", "overdue since"),
    {"borne", ZYD_GT_FENS, false, 0, 16, "各方已承担", "RECOVERING: MEMBER=YUAN, ..."},
    NUMBER("fen_days", false, 0, UINT64_MAX, "本期积数", "fen-days released in the period (S)"),
    FEN("used", false, 0, "本期已代偿", "compensated in the period"),
    {"rows", ZYD_GT_POSTINGS, false, 0, 32, "期初分录", "MEMBER DR CR YUAN; ..."},
};

#define X(id, number, zh, en) static const char zh_##id[] = zh, en_##id[] = en;
ZYD_GUARANTEE_EVENTS(X)
#undef X
#define EVENT(id, makes, actor, table)                                                                                 \
    {ZYD_GE_##id, makes, #id, zh_##id, en_##id, actor, (uint8_t)COUNT(table), table}
static const struct zyd_guarantee_event_info events[] = {
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
    {ZYD_GE_RELEASE, false, "RELEASE", zh_RELEASE, en_RELEASE, "BANK", 0, NULL},
    EVENT(BREAKER_RESET, true, "BANK", reason),
    EVENT(OPENING, true, "BANK", opening),
    EVENT(REJECT, false, "GUAR", reason),
    EVENT(CANCEL, false, "BANK", reason),
};

#define X(id, number, zh, en) {number, #id, zh, en},
static const struct zyd_guarantee_name states[] = {ZYD_GUARANTEE_STATES(X)};
static const struct zyd_guarantee_name labels[] = {
    ZYD_GUARANTEE_LABELS(X){0xff01, "SETTLED", "清算", "settled"}, /* zyd/host.h */
    {0xff02, "GENESIS", "创世期初", "opening in genesis"}};
static const struct zyd_guarantee_name deadlines[] = {ZYD_GUARANTEE_DEADLINES(X)};
static const struct zyd_guarantee_name breakers[] = {ZYD_GUARANTEE_BREAKERS(X)};
#undef X

static const struct zyd_guarantee_param_info params[] = {
#define X(id, name, type, def, min, max, zh, en) {name, ZYD_GT_##type, def, min, max, zh, en},
    ZYD_GUARANTEE_PARAMS(X)
#undef X
};

static const struct zyd_guarantee_preset presets[] = {
    {"AH4321", "安徽4321", "Anhui 4321", "BANK 200000, REST 800000 (GUAR 500000, REG 375000, LGOV 125000)", 0, 200000, "GUAR"},
    {"HN4321", "湖南4321", "Hunan 4321",
     "BANK 200000, REST 800000 (PROV_SIDE 500000 (NFGF 500000, PFIN 250000, REG 250000), GUAR 375000, "
     "LOCAL 125000 (CITY 500000, COUNTY 500000))",
     0, 200000, "GUAR"},
    {"NAT2080", "总对总批量2080", "national batch 20:80", "BANK 200000, REST 800000 (NFGF 250000, REG 250000, GUAR 500000)",
     30000, 200000, "GUAR"},
    {"SC206020", "四川206020", "Sichuan 20:60:20", "BANK 200000, REST 800000 (REG 250000, GUAR 750000)", 30000, 200000, "GUAR"},
    {"TECH40", "科创计划一档", "sci-tech plan, tier 40", "BANK 200000, REST 800000 (NFGF 500000, REG 250000, GUAR 250000)",
     50000, 200000, "GUAR"},
    {"TECH35", "科创计划二档", "sci-tech plan, tier 35", "BANK 200000, REST 800000 (NFGF 437500, REG 250000, GUAR 312500)",
     50000, 200000, "GUAR"},
    {"TECH30", "科创计划三档", "sci-tech plan, tier 30", "BANK 200000, REST 800000 (NFGF 375000, REG 250000, GUAR 375000)",
     50000, 200000, "GUAR"},
    {"XC520", "宣城520", "Xuancheng 520",
     "BANK 200000, REST 800000 (NFGF 250000, REG 250000, CITY_G 250000, COUNTY_G 250000)", 0, 200000, "COUNTY_G"},
    {"TWO82", "银担二八", "two parties 2:8", "BANK 200000, GUAR 800000", 0, 200000, "GUAR"},
    {"SZ91", "深圳一九", "Shenzhen 1:9", "BANK 100000, GUAR 900000", 0, 100000, "GUAR"},
};

static const char *const types[] = {
    [ZYD_GT_FEN] = "fen",           [ZYD_GT_DATE] = "date",         [ZYD_GT_PPM] = "ppm",
    [ZYD_GT_U64] = "u64",           [ZYD_GT_BOOL] = "bool",         [ZYD_GT_ID] = "id",
    [ZYD_GT_IDS] = "ids",           [ZYD_GT_STR] = "str",           [ZYD_GT_BORROWER] = "borrower",
    [ZYD_GT_MEMBER] = "member",     [ZYD_GT_BASIS] = "basis",       [ZYD_GT_MONTHS] = "months",
    [ZYD_GT_SETTLE] = "settle",     [ZYD_GT_COVER] = "cover",       [ZYD_GT_SILENCE] = "silence",
    [ZYD_GT_PERIOD] = "period",     [ZYD_GT_OVERFLOW] = "overflow", [ZYD_GT_RECOVERY] = "recovery",
    [ZYD_GT_STATE] = "state",       [ZYD_GT_POSTINGS] = "postings", [ZYD_GT_FENS] = "fens",
};

const char *zyd_guarantee_type_name(enum zyd_guarantee_type type)
{
    return types[type];
}

const struct zyd_guarantee_event_info *zyd_guarantee_events(size_t *count)
{
    *count = COUNT(events);
    return events;
}

const struct zyd_guarantee_event_info *zyd_guarantee_event_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT(events); i++) {
        if (strcmp(events[i].name, name) == 0) {
            return &events[i];
        }
    }
    return NULL;
}

const struct zyd_guarantee_event_info *zyd_guarantee_event_by_number(uint16_t number)
{
    for (size_t i = 0; i < COUNT(events); i++) {
        if (events[i].number == number) {
            return &events[i];
        }
    }
    return NULL;
}

static const struct zyd_guarantee_name *by_number(const struct zyd_guarantee_name *table, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].number == number) {
            return &table[i];
        }
    }
    return NULL;
}

static const struct zyd_guarantee_name *by_name(const struct zyd_guarantee_name *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

const struct zyd_guarantee_name *zyd_guarantee_state_by_number(uint16_t number)
{
    return by_number(states, COUNT(states), number);
}
const struct zyd_guarantee_name *zyd_guarantee_state_by_name(const char *name)
{
    return by_name(states, COUNT(states), name);
}
const struct zyd_guarantee_name *zyd_guarantee_label_by_number(uint16_t number)
{
    return by_number(labels, COUNT(labels), number);
}
const struct zyd_guarantee_name *zyd_guarantee_label_by_name(const char *name)
{
    return by_name(labels, COUNT(labels), name);
}
const struct zyd_guarantee_name *zyd_guarantee_deadline_by_number(uint16_t number)
{
    return by_number(deadlines, COUNT(deadlines), number);
}
const struct zyd_guarantee_name *zyd_guarantee_breaker_by_number(uint16_t number)
{
    return by_number(breakers, COUNT(breakers), number);
}

const char *zyd_guarantee_outcome_name(uint16_t event, uint8_t deadline)
{
    const struct zyd_guarantee_event_info *e = zyd_guarantee_event_by_number(event);
    const struct zyd_guarantee_name *d = zyd_guarantee_deadline_by_number(deadline);
    if (event == 0xff02u) { /* CT_EVENT_SETTLED */
        return "SETTLED";
    }
    if (event == 0xff01u) { /* CT_EVENT_DEADLINE */
        return d == NULL ? "?" : d->name;
    }
    return e == NULL ? "?" : e->name;
}

const struct zyd_guarantee_param_info *zyd_guarantee_params(size_t *count)
{
    *count = COUNT(params);
    return params;
}

const struct zyd_guarantee_preset *zyd_guarantee_presets(size_t *count)
{
    *count = COUNT(presets);
    return presets;
}

const struct zyd_guarantee_preset *zyd_guarantee_preset_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT(presets); i++) {
        if (strcmp(presets[i].name, name) == 0) {
            return &presets[i];
        }
    }
    return NULL;
}
