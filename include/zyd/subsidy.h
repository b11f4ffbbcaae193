/* zyd/subsidy.h: product (c), interest subsidy and guarantee-fee subsidy (domain.md 3.3): its numbers and its records.
 *
 * Shared by the contract (contracts/subsidy, in the VM) and by the tools and tests outside: freestanding, <stdint.h> only.
 * All numbers here are fixed: they stand in the ledger.  Sections and rulings are domain.md's.
 *
 * An object is an enrolment: one loan in one programme.  Beside it stand records that enrolments share: the loan (what the bank
 * reports, once for all programmes), the household (who comes before whom under the cap), the programme's budget.
 */
#ifndef ZYD_SUBSIDY_H
#define ZYD_SUBSIDY_H

#include <stdint.h>

/* ---- events: operations of members.  An event number that is not here is refused with 9104. ---- */
/* X(NAME, number, zh, en); the arguments, in order, stand beside it ([..]: may be nil) */
#define ZYD_SUBSIDY_EVENTS(X)                                                                                          \
    /* borrower, household id, loan id, [purpose id], [controller id], amount fen, value_date, maturity, rate_ppm,       \
     * lpr_ppm, [from date], [fee_ppm], [guarantee id], [drawdown number] */                                           \
    X(ENROL, 1, "纳入贴息", "enrol a loan")                                                                            \
    /* to date, interest fen charged, [paid fen], [other fen], [statement id] */                                       \
    X(SETTLE, 2, "结算贴息", "settle a period")                                                                        \
    X(REPAY_CHANGE, 3, "还本变动", "principal was repaid") /* date, balance fen after */                               \
    X(RATE_CHANGE, 4, "利率变动", "loan rate or LPR changed") /* date, rate_ppm, lpr_ppm */                            \
    X(EXTEND_CHANGE, 5, "展期", "loan extended") /* maturity date */                                                   \
    X(STOP, 6, "停止贴息", "stop the subsidy") /* reason, date */                                                      \
    X(FEE_CHANGE, 7, "担保费变动", "guarantee fee refunded") /* earned fen */                                          \
    X(CLAWBACK, 8, "追回", "claw back") /* finding id, [ppm], [amount fen]: one of the two */                          \
    X(REINSTATE, 9, "恢复", "reinstate") /* decision id */                                                             \
    X(CLOSE, 10, "结清", "close the enrolment") /* - */                                                                \
    X(PROGRAMME, 11, "项目状态", "suspend, resume or close the programme") /* state, reason text 1..60 */               \
    X(FREEZE, 12, "冻结", "freeze") /* reason text 1..200 */                                                           \
    X(UNFREEZE, 13, "解冻", "unfreeze") /* reason text 1..200 */                                                       \
    X(REVERSE, 14, "冲正", "reverse the last settlement by its mirror image") /* op id, code, [opposite 0/1] */

enum zyd_subsidy_event {
#define X(name, number, zh, en) ZYD_SE_##name = number,
    ZYD_SUBSIDY_EVENTS(X)
#undef X
};

/* ---- deadlines; SYS operations ---- */
#define ZYD_SUBSIDY_DEADLINES(X) X(STOP, 1, "贴息期满", "end of the subsidised days")
enum zyd_subsidy_deadline {
#define X(name, number, zh, en) ZYD_SD_##name = number,
    ZYD_SUBSIDY_DEADLINES(X)
#undef X
};

/* ---- states of an enrolment (3.3).  APPLIED is the pending operation ENROL that waits for the department. ---- */
#define ZYD_SUBSIDY_STATES(X)                                                                                          \
    X(ENROLLED, 11, "已纳入", "enrolled")                                                                              \
    X(ACCRUING, 12, "贴息中", "accruing")                                                                              \
    X(STOPPED, 13, "已停止", "stopped")                                                                                \
    X(CLAWBACK, 14, "追回中", "clawed back")                                                                           \
    X(CLOSED, 15, "已结清", "closed")                                                                                  \
    X(MINUTE, 16, "项目决定", "decision on the programme")
enum zyd_subsidy_state {
#define X(name, number, zh, en) ZYD_SS_##name = number,
    ZYD_SUBSIDY_STATES(X)
#undef X
};

/* ---- states of a programme.  Before open_from it is a draft. ---- */
#define ZYD_SUBSIDY_PROGRAMME_STATES(X)                                                                                \
    X(OPEN, 1, "开放", "open")                                                                                         \
    X(EXHAUSTED, 2, "预算用尽", "budget exhausted")                                                                    \
    X(SUSPENDED, 3, "暂停", "suspended: no ENROL, no SETTLE")                                                          \
    X(CLOSED, 4, "关闭", "closed: no ENROL")
enum zyd_subsidy_programme_state {
#define X(name, number, zh, en) ZYD_SB_##name = number,
    ZYD_SUBSIDY_PROGRAMME_STATES(X)
#undef X
};

/* ---- why an enrolment stopped ---- */
#define ZYD_SUBSIDY_REASONS(X)                                                                                         \
    X(OVERDUE, 1, "逾期", "overdue")                                                                                   \
    X(CANCELLED, 2, "借款人退出", "cancelled by the borrower")                                                         \
    X(MISUSE, 3, "挪用", "misuse of the proceeds")                                                                     \
    X(TERM, 4, "期满", "end of max_days or original maturity")                                                         \
    X(REPAID, 5, "已还清", "paid off and settled")
enum zyd_subsidy_reason {
#define X(name, number, zh, en) ZYD_SR_##name = number,
    ZYD_SUBSIDY_REASONS(X)
#undef X
};

/* ---- labels of postings, and reasons of obligations ---- */
#define ZYD_SUBSIDY_LABELS(X)                                                                                          \
    X(INT, 1, "收取利息", "interest charged")                                                                          \
    X(SUBSIDY, 2, "贴息", "interest subsidy")                                                                          \
    X(FEE_SUBSIDY, 3, "保费补贴", "guarantee-fee subsidy")                                                             \
    X(CLAWBACK, 4, "追回贴息", "clawed back")                                                                          \
    X(DEBIT_BORR, 5, "向借款人追回", "debited to the borrower")                                                        \
    X(FS_CLAWBACK, 6, "追回保费补贴", "fee subsidy clawed back")                                                       \
    X(REINSTATE, 7, "恢复贴息", "clawback undone")                                                                     \
    X(REVERSE, 8, "冲正", "obligation against one that was reversed; its mirrored postings keep their labels")
enum zyd_subsidy_label {
#define X(name, number, zh, en) ZYD_SL_##name = number,
    ZYD_SUBSIDY_LABELS(X)
#undef X
};

/* ---- words of parameters ---- */
#define ZYD_SUBSIDY_KINDS(X)                                                                                           \
    X(RATE_CUT, 1, "固定贴息率", "rate_ppm points of the loan rate")                                                   \
    X(ABOVE_FLOOR, 2, "下限以上", "all above LPR less floor_ppm")                                                      \
    X(SHARE_OF_INTEREST, 3, "利息比例", "rate_ppm of the interest")                                                    \
    X(SHARE_OF_LPR, 4, "LPR比例", "rate_ppm of LPR")                                                                   \
    X(FEE_SHARE, 5, "保费比例", "rate_ppm of the guarantee fee")
enum zyd_subsidy_kind {
#define X(name, number, zh, en) ZYD_SK_##name = number,
    ZYD_SUBSIDY_KINDS(X)
#undef X
};
#define ZYD_SUBSIDY_LEVELS(X) /* in the order in which they settle (ruling 32) */                                      \
    X(COUNTY, 1, "县级", "county")                                                                                     \
    X(CITY, 2, "市级", "city")                                                                                         \
    X(PROVINCIAL, 3, "省级", "provincial")                                                                             \
    X(CENTRAL, 4, "中央", "central")
enum zyd_subsidy_level {
#define X(name, number, zh, en) ZYD_SV_##name = number,
    ZYD_SUBSIDY_LEVELS(X)
#undef X
};
#define ZYD_SUBSIDY_PAY_MODES(X)                                                                                       \
    X(REFUND, 1, "先付后贴", "borrower pays first")                                                                    \
    X(NET, 2, "直减", "bank charges the rest")
enum zyd_subsidy_pay_mode {
#define X(name, number, zh, en) ZYD_SM_##name = number,
    ZYD_SUBSIDY_PAY_MODES(X)
#undef X
};

/* ---- parameters of a programme: the common form of zyd/product.h ----
 * [bin slots, banks: array of member, cost: array of [member, ppm]]
 * X(NAME, text, type, default, min, max, zh, en) */
#define ZYD_SUBSIDY_PARAMS(X)                                                                                          \
    X(KIND, "kind", KIND, 1, 1, 5, "贴息方式", "how the subsidy is computed")                                          \
    X(LEVEL, "level", LEVEL, 4, 1, 4, "资金级次", "level of the money; with family the class of duplicates")           \
    X(FAMILY, "family", U64, 1, 1, 255, "政策类别", "policy family: household cap and purposes are counted in it")     \
    X(RATE_PPM, "rate_ppm", PPM, 10000, 0, 1000000, "贴息率或比例", "points a year, or the share")                     \
    X(FLOOR_PPM, "floor_ppm", PPM, 15000, 0, 1000000, "LPR下浮", "ABOVE_FLOOR: the borrower bears LPR less this")      \
    X(BASIS, "basis", U64, 360, 360, 365, "计息基础", "days a year of interest")                                       \
    X(FEE_BASIS, "fee_basis", U64, 365, 360, 365, "保费计费基础", "days a year of fees")                               \
    X(HOUSEHOLD_CAP, "household_cap", FEN, 9000000000000000, 1, 9000000000000000, "单户上限", "principal a day") \
    X(LOAN_CAP, "loan_cap", FEN, 9000000000000000, 1, 9000000000000000, "单笔上限", "subsidised principal of one loan") \
    X(MAX_DAYS, "max_days", U64, 1096, 1, 36600, "最长贴息天数", "days from the first subsidised day")                 \
    X(BUDGET, "budget", FEN, 9000000000000000, 0, 9000000000000000, "预算", "of the programme")                        \
    X(PAY_MODE, "pay_mode", PAY_MODE, 1, 1, 2, "支付方式", "REFUND or NET")                                            \
    X(SETTLE_DAY, "settle_day", U64, 20, 1, 28, "结算日", "day of the month of settlement")                            \
    X(SETTLE_MONTHS, "settle_months", MONTHS, 0x924, 1, 4095, "结算月", "months of settlement: bit 0 January")         \
    X(OPEN_FROM, "open_from", DATE, 0, 0, 99991231, "受理开始日", "first day of ENROL; 0: none")                       \
    X(OPEN_UNTIL, "open_until", DATE, 0, 0, 99991231, "受理截止日", "last day of ENROL; 0: none")                      \
    X(DEPT, "dept", MEMBER, 65535, 0, 65535, "主管部门", "judges who is eligible")
enum zyd_subsidy_param {
#define X(name, text, type, def, min, max, zh, en) ZYD_SP_##name,
    ZYD_SUBSIDY_PARAMS(X)
#undef X
        ZYD_SUBSIDY_PARAM_COUNT
};
#define ZYD_SUBSIDY_BANKS_MAX 64u
#define ZYD_SUBSIDY_PAYERS_MAX 8u

/* ---- records of the contract: the VM's memory as it is, so integers are little-endian ----
 * key (owner = the contract's number)                     value
 * object id 32                                             struct zyd_subsidy_enrolment + payers, or struct zyd_subsidy_minute
 * 'L' || loan id (F1) 32                                   struct zyd_subsidy_loan + points
 * 'H' || level u8 || family u8 || household id (F2) 32     struct zyd_subsidy_household + entries + points
 * 'P' || family u8 || purpose id (F3) 32                   id of the enrolment that has it; empty: free again
 * 'R' || family u8 || controller id (F4) 32                struct zyd_subsidy_related
 * 'D' || guarantee id 32 || drawdown number u32 BE         loan id (F1) under which the drawdown is enrolled
 * 'N' || object id                                         struct cc_note_head ...: the last settlement that REVERSE can take
 *                                                          back; its state: enrolment and payers, loan and points as they were
 * "subsidy/budget", zeros to 30, programme u16 BE          struct zyd_subsidy_budget */
#define ZYD_SUBSIDY_KIND_ENROLMENT 1u
#define ZYD_SUBSIDY_KIND_MINUTE 2u
#define ZYD_SUBSIDY_KEY_LOAN 'L'
#define ZYD_SUBSIDY_KEY_HOUSEHOLD 'H'
#define ZYD_SUBSIDY_KEY_PURPOSE 'P'
#define ZYD_SUBSIDY_KEY_RELATED 'R'
#define ZYD_SUBSIDY_KEY_DRAWDOWN 'D'
#define ZYD_SUBSIDY_KEY_BUDGET "subsidy/budget"

struct zyd_subsidy_payer {
    uint16_t member, zero16;
    uint32_t ppm;
    int64_t paid;    /* ALLOC's memory, and the weight of a clawback (E14) */
    int64_t clawed;  /* given back by CLAWBACK */
    int64_t fee_back; /* given back by FEE_CHANGE */
};
_Static_assert(sizeof(struct zyd_subsidy_payer) == 32, "record layout");

struct zyd_subsidy_enrolment {
    uint8_t kind, state, reason, was; /* reason: enum zyd_subsidy_reason; was: the state before CLAWBACK */
    uint8_t payer_count, fee_changed, frozen, zero8; /* frozen: FREEZE by frozen_by */
    uint16_t programme, bank, authority, frozen_by;  /* authority: who clawed back */
    int32_t from, until;        /* subsidised days: from..until, until not counted */
    int32_t settled_to, zero32;
    int64_t eligible;           /* FEE_SHARE: principal under the caps when the fee was charged */
    int64_t reserved;           /* of the budget, for what is not settled yet */
    int64_t paid, clawed, fee_back; /* sums over payers */
    uint8_t loan[32], purpose[32]; /* purpose: zeros when none */
    /* then payer_count of struct zyd_subsidy_payer */
};
_Static_assert(sizeof(struct zyd_subsidy_enrolment) == 136, "record layout");

struct zyd_subsidy_minute {
    uint8_t kind, state, was, is; /* of the programme */
    int32_t date;
};
_Static_assert(sizeof(struct zyd_subsidy_minute) == 8, "record layout");

/* An enrolment as its loan knows it. */
struct zyd_subsidy_slot {
    uint8_t object[32];
    uint8_t state, kind, family, zero8; /* state 0: free */
    uint32_t rate_ppm;                  /* FLOOR_PPM for ABOVE_FLOOR */
    int32_t from, until, settled_to, zero32;
};
_Static_assert(sizeof(struct zyd_subsidy_slot) == 56, "record layout");
struct zyd_subsidy_period { /* one settlement period of the loan */
    int32_t from, to;
    int64_t interest; /* charged, as the bank certified */
    int64_t given;    /* by all levels, and from others as declared */
};
_Static_assert(sizeof(struct zyd_subsidy_period) == 24, "record layout");
struct zyd_subsidy_point { /* from this date on, until the next */
    int32_t date;
    uint32_t rate_ppm, lpr_ppm, zero32;
    int64_t balance;
};
_Static_assert(sizeof(struct zyd_subsidy_point) == 24, "record layout");
#define ZYD_SUBSIDY_SLOTS 8u   /* interest COUNTY .. CENTRAL, then fee COUNTY .. CENTRAL */
#define ZYD_SUBSIDY_PERIODS 12u /* the last ones; what is older and was not settled is forfeited */
#define ZYD_SUBSIDY_POINTS_MAX 96u
struct zyd_subsidy_loan {
    uint16_t bank, zero16;
    uint32_t drawdown; /* of the guarantee contract's object, when it is on the ledger */
    uint8_t borrower_kind, linked, period_count, zero8;
    uint32_t point_count;
    uint8_t borrower[32], household[32], guarantee[32];
    int32_t value_date, maturity;   /* as first agreed */
    int32_t extended;               /* maturity as it is now */
    int32_t overdue, paid_off;      /* 0: not */
    int32_t settled_to;             /* interest is charged up to here */
    uint32_t settle_day, settle_months, basis, fee_ppm;
    int64_t amount;
    int64_t fee, fee_given;         /* charged, and subsidised by all levels */
    struct zyd_subsidy_slot slots[ZYD_SUBSIDY_SLOTS];
    struct zyd_subsidy_period periods[ZYD_SUBSIDY_PERIODS];
    /* then point_count of struct zyd_subsidy_point, by date */
};
_Static_assert(sizeof(struct zyd_subsidy_loan) == 912, "record layout");

/* The household: enrolments in the order of their rank, and what each asks for from which day on. */
#define ZYD_SUBSIDY_ENTRIES_MAX 20u
#define ZYD_SUBSIDY_DEMANDS_MAX 180u
struct zyd_subsidy_entry {
    uint8_t object[32];
    int64_t cap;        /* its programme's household_cap */
    int64_t base;       /* asked for on the day `since` */
    int32_t settled_to; /* days before it do not matter to this enrolment any more */
    uint32_t done;      /* 1: settles no more */
};
_Static_assert(sizeof(struct zyd_subsidy_entry) == 56, "record layout");
struct zyd_subsidy_demand {
    int32_t date;
    uint32_t entry; /* index */
    int64_t amount; /* from date on */
};
_Static_assert(sizeof(struct zyd_subsidy_demand) == 16, "record layout");
struct zyd_subsidy_household {
    uint32_t entry_count, demand_count;
    int32_t since; /* no day before it is known any more */
    uint32_t zero32;
    /* then the entries, then the demands by date */
};
_Static_assert(sizeof(struct zyd_subsidy_household) == 16, "record layout");

struct zyd_subsidy_related {
    uint8_t household[32]; /* the first borrower of this controller */
    uint32_t several, zero32;
};
_Static_assert(sizeof(struct zyd_subsidy_related) == 40, "record layout");

struct zyd_subsidy_budget {
    uint8_t state, zero8[7]; /* enum zyd_subsidy_programme_state */
    int64_t reserved, paid, back; /* back: clawed back */
    uint32_t enrolments, zero32;
};
_Static_assert(sizeof(struct zyd_subsidy_budget) == 40, "record layout");

#endif
