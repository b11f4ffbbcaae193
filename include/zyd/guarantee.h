/* zyd/guarantee.h: product (a), financing guarantee with risk sharing (domain.md 3.1): its numbers and its records.
 *
 * Shared by the contract (contracts/guarantee, in the VM) and by the tools and tests outside: freestanding, needs
 * <stdint.h> only.  Names, argument lists and encoders for people and JSON are in zyd/product.h.
 * All numbers here are fixed: they stand in the ledger.  Sections and rulings are domain.md's.
 */
#ifndef ZYD_GUARANTEE_H
#define ZYD_GUARANTEE_H

#include <stdint.h>

/* ---- events: operations of members.  An event number that is not here is refused with 9104. ---- */
/* X(NAME, number, zh, en) */
#define ZYD_GUARANTEE_EVENTS(X)                                                                                        \
    X(APPLY, 1, "授信申请", "apply")                                                                                   \
    X(DD_DONE, 2, "尽职调查完成", "due diligence done")                                                                \
    X(OFFER, 3, "担保意向", "offer of guarantee")                                                                      \
    X(FILE_RE, 4, "再担保备案", "re-guarantee filing")                                                                 \
    X(ISSUE, 5, "出具担保函", "issue the guarantee letter")                                                            \
    X(DISBURSE, 6, "放款", "disburse")                                                                                 \
    X(REPAY, 7, "还款", "repay")                                                                                       \
    X(OVERDUE, 8, "逾期通知", "overdue notice")                                                                        \
    X(CLAIM, 9, "代偿申请", "claim")                                                                                   \
    X(APPROVE, 10, "代偿批准", "approve the claim")                                                                    \
    X(RECOVER, 11, "追偿回款", "recovery")                                                                             \
    X(WRITE_OFF, 12, "核销", "write off")                                                                              \
    X(RELEASE, 13, "解保", "release")                                                                                  \
    X(BREAKER_RESET, 14, "恢复新增业务", "reset the breaker")                                                          \
    X(OPENING, 15, "期初录入", "opening (development consortium only)")                                                \
    X(REJECT, 16, "拒绝担保", "reject the application")                                                                \
    X(CANCEL, 17, "取消", "cancel")                                                                                    \
    X(QUERY, 18, "代偿质询", "query on a claim")                                                                       \
    X(SUPPLY, 19, "补充材料", "answer to a query")                                                                     \
    X(REFUSE, 20, "拒绝代偿", "refuse the claim")                                                                      \
    X(DISPUTE, 21, "争议", "dispute a part of a claim, or a refusal")                                                  \
    X(RESOLVE, 22, "争议解决", "resolve the dispute")                                                                  \
    X(EXTEND, 23, "展期", "extend a drawdown")                                                                         \
    X(PREPAY, 24, "提前还款", "early repayment, with refund of the fee")                                               \
    X(CURE, 25, "逾期转正常", "arrears paid, active again")                                                            \
    X(FREEZE, 26, "冻结", "freeze")                                                                                    \
    X(UNFREEZE, 27, "解冻", "unfreeze")                                                                                \
    X(REVERSE, 28, "冲正", "reverse the last event by its mirror image")                                               \
    X(FLAG_SHIFT, 29, "标记银行份额转移", "an auditor flags that the bank shifted its share")                          \
    X(ENROL_LIST, 30, "批量登记", "enrol a list of small loans under one signature")                                        \
    X(TAKE_UP, 31, "登记入账", "loans of an enrolled list enter the books")

enum zyd_guarantee_event {
#define X(name, number, zh, en) ZYD_GE_##name = number,
    ZYD_GUARANTEE_EVENTS(X)
#undef X
};

/* ---- deadlines (ruling 24); SYS operations.  On the breaker record number 1 is the new period. ---- */
/* X(NAME, number, zh, en) */
#define ZYD_GUARANTEE_DEADLINES(X)                                                                                     \
    X(INT_SETTLE, 1, "结息", "interest settlement")                                                                    \
    X(OVERDUE, 2, "到期未还转逾期", "overdue after maturity")                                                          \
    X(LAPSE, 3, "逾时失效", "lapse")                                                                                   \
    X(CLOCK, 4, "补件期满", "end of the query clock")                                                                  \
    X(SILENCE, 5, "审核逾时", "silence on a claim")                                                                    \
    X(RELEASE, 6, "索赔期满解保", "release: claim window over")                                                        \
    X(PAYMENT_LATE, 7, "代偿款逾期未付", "first payer is late")                                                        \
    X(SHARE_LATE, 8, "分担款逾期未付", "a share is late")

enum zyd_guarantee_deadline {
#define X(name, number, zh, en) ZYD_GD_##name = number,
    ZYD_GUARANTEE_DEADLINES(X)
#undef X
};

/* ---- states of a contract (domain.md 3.1); of an enrolment: ENROLLED, then TAKEN_UP or LAPSED ---- */
/* X(NAME, number, zh, en) */
#define ZYD_GUARANTEE_STATES(X)                                                                                        \
    X(APPLIED, 10, "已申请", "applied")                                                                                \
    X(DD, 11, "已尽调", "due diligence done")                                                                          \
    X(OFFERED, 12, "已出意向", "offered")                                                                              \
    X(ISSUED, 13, "已出函", "letter issued")                                                                           \
    X(ACTIVE, 14, "在保", "active")                                                                                    \
    X(OVERDUE, 15, "逾期", "overdue")                                                                                  \
    X(CLAIMED, 16, "已申请代偿", "claimed")                                                                            \
    X(CLAIM_APPROVED, 17, "代偿已批准", "claim approved")                                                              \
    X(COMPENSATED, 18, "已代偿", "compensated")                                                                        \
    X(RECOVERING, 19, "追偿中", "recovering")                                                                          \
    X(RELEASED, 20, "已解保", "released")                                                                              \
    X(WRITTEN_OFF, 21, "已核销", "written off")                                                                        \
    X(REJECTED, 22, "已拒绝", "rejected")                                                                              \
    X(LAPSED, 23, "已失效", "lapsed")                                                                                  \
    X(CANCELLED, 24, "已取消", "cancelled")                                                                            \
    X(ENROLLED, 25, "已批量登记", "a list is enrolled")                                                                \
    X(TAKEN_UP, 26, "已全部入账", "every loan of the list is in the books")

enum zyd_guarantee_state {
#define X(name, number, zh, en) ZYD_GS_##name = number,
    ZYD_GUARANTEE_STATES(X)
#undef X
};

/* ---- breaker states of a programme ---- */
#define ZYD_GUARANTEE_BREAKERS(X)                                                                                      \
    X(NORMAL, 0, "正常", "normal")                                                                                     \
    X(WARN, 1, "预警", "warning")                                                                                      \
    X(STOPPED, 2, "暂停新增", "stopped")

enum zyd_guarantee_breaker_state {
#define X(name, number, zh, en) ZYD_GB_##name = number,
    ZYD_GUARANTEE_BREAKERS(X)
#undef X
};

/* ---- labels of postings, and reasons of obligations ---- */
/* X(NAME, number, zh, en) */
#define ZYD_GUARANTEE_LABELS(X)                                                                                        \
    X(OPENING, 1, "期初", "opening")                                                                                   \
    X(DRAW, 2, "放款", "drawdown, and exposure taken on")                                                              \
    X(FEE_CHARGE, 3, "应收担保费", "guarantee fee charged")                                                            \
    X(FEE_COLLECT, 4, "代收担保费", "guarantee fee collected by the bank")                                             \
    X(REFEE, 5, "再担保费", "re-guarantee fee")                                                                        \
    X(FEE_EARN, 6, "担保费确认收入", "guarantee fee earned")                                                           \
    X(INT, 7, "计提利息", "interest due")                                                                              \
    X(REPAY_INT, 8, "归还利息", "interest paid")                                                                       \
    X(REPAY_PRIN, 9, "归还本金", "principal paid")                                                                     \
    X(RELEASE, 10, "解除在保责任", "exposure released")                                                                \
    X(OVERDUE, 11, "转逾期", "moved to overdue")                                                                       \
    X(CLAIM_OK, 12, "代偿", "compensation")                                                                            \
    X(OWN_PART, 13, "自担部分", "first payer's own part")                                                              \
    X(SHARE, 14, "分担", "share of another party")                                                                     \
    X(CAP_OVERFLOW, 15, "超上限由银行承担", "over the cap, borne by the bank")                                         \
    X(RECOV, 16, "追偿分配", "recovery and its distribution")                                                          \
    X(WRITE_OFF, 17, "核销", "written off")                                                                            \
    X(FEE_REFUND, 18, "退还担保费", "guarantee fee refunded")                                                          \
    X(CURE, 19, "逾期转正常", "back from overdue")                                                                     \
    X(REVERSE, 20, "冲正", "obligation against one that was reversed; its mirrored postings keep their labels")

enum zyd_guarantee_label {
#define X(name, number, zh, en) ZYD_GL_##name = number,
    ZYD_GUARANTEE_LABELS(X)
#undef X
};

/* Emitted events. */
#define ZYD_GUARANTEE_EMIT_BREAKER 1u /* the breaker changed: programme u16 big-endian, old state u8, new state u8 */

/* ---- parameters of a programme ----
 * canonical MessagePack array of 5, or 6 where the programme has tiers:
 *   bin   slots: ZYD_GUARANTEE_PARAM_COUNT times u64 big-endian, in the order of this table
 *   bin   tree: nodes in depth-first order, 8 bytes each: share of its parent in ppm u32 big-endian, member u16 big-endian
 *         (ZYD_GUARANTEE_NODE_BANK: the bank of the contract; ZYD_GUARANTEE_NODE_INNER: a node with children),
 *         number of direct children u8, zero u8.  The root is not written; its two children are the bank and the rest.
 *   bin   banks that may apply: u16 big-endian each, ascending
 *   array of str: labels of the inner nodes in order (REST, PROV_SIDE ...): for people only
 *   array of str: names of the documents that a claim must carry, in the order of its hashes
 *   bin   tiers: register programme that borrowers' grades stand in u16 big-endian (0: none), then for each tier, of which the
 *         first that fits is taken: highest amount in fen u64 big-endian (0: any), grade u8 (0: any), zero u8, and a tree in
 *         place of the one above, with the same nodes and other shares
 * X(NAME, text, type, default, min, max, zh, en); types: zyd/product.h.  A member is an index, 65535 = none. */
#define ZYD_GUARANTEE_PARAMS(X)                                                                                        \
    X(CLASS, "class", U64, 1, 1, 255, "项目类别", "programmes of one class share household caps")                      \
    X(SETTLE, "settle", SETTLE, 1, 0, 1, "结算方式", "obligations settle gross by PAID, or in netting cycles")         \
    X(COVER, "cover", COVER, 2, 1, 2, "保证范围", "principal, or principal and normal interest")                       \
    X(BATCH, "batch", BOOL, 0, 0, 1, "见贷即担", "due diligence by the bank alone")                                    \
    X(OPEN_FROM, "open_from", DATE, 0, 0, 99991231, "受理开始日", "first day of applications; 0: none")                \
    X(OPEN_UNTIL, "open_until", DATE, 0, 0, 99991231, "受理截止日", "last day of applications; 0: none")               \
    X(GUAR, "guar", MEMBER, 65535, 0, 65535, "担保机构", "the guarantor that signs")                                   \
    X(REG, "reg", MEMBER, 65535, 0, 65535, "再担保机构", "the re-guarantor")                                           \
    X(NFGF, "nfgf", MEMBER, 65535, 0, 65535, "国家融资担保基金", "the national fund")                                  \
    X(FIRST_PAYER, "first_payer", MEMBER, 65535, 0, 65535, "首付方", "pays the bank first; default guar")              \
    X(COLLECTOR, "collector", MEMBER, 65535, 0, 65535, "追偿方", "collects recoveries; default guar")                  \
    X(BASE_RATE, "base_rate", PPM, 30000, 0, 1000000, "基准利率", "the LPR that rate_cap was set from; for people")    \
    X(RATE_CAP, "rate_cap", PPM, 1000000, 0, 1000000, "利率上限", "highest loan rate a year")                          \
    X(LOAN_BASIS, "loan_basis", BASIS, 360, 360, 365, "贷款计息基础", "days a year of loan interest")                  \
    X(SETTLE_DAY, "settle_day", U64, 20, 1, 28, "结息日", "day of the month of interest settlement")                   \
    X(SETTLE_MONTHS, "settle_months", MONTHS, 0x924, 1, 4095, "结息月", "months of settlement: bit 0 January")         \
    X(FEE_PPM, "fee_ppm", PPM, 10000, 0, 1000000, "担保费率", "guarantee fee a year")                                  \
    X(FEE_BASIS, "fee_basis", BASIS, 365, 360, 365, "担保费计费基础", "days a year of fees")                           \
    X(REFEE_REG_PPM, "refee_reg_ppm", PPM, 3000, 0, 1000000, "再担保费率", "on the re-guarantor's share")              \
    X(REFEE_NFGF_PPM, "refee_nfgf_ppm", PPM, 3000, 0, 1000000, "国家基金再担保费率", "on the national fund's share")   \
    X(HOUSEHOLD_CAP, "household_cap", FEN, 1000000000, 0, 9000000000000000, "单户上限", "of one borrower in the class") \
    X(TERM_MAX, "term_max", U64, 1096, 1, 36600, "最长期限(天)", "longest drawdown in days")                           \
    X(MIN_BANK_SHARE, "min_bank_share", PPM, 200000, 0, 1000000, "银行最低分担", "least share of the bank")            \
    X(AUTO_LIMIT, "auto_limit", FEN, 500000000, 0, 9000000000000000, "免再担保审批额", "OFFER above it: REG signs too") \
    X(AUTO_CLAIM, "auto_claim", FEN, 300000000, 0, 9000000000000000, "免上级审批代偿额", "above: REG and NFGF sign")   \
    X(FILE_LATER_DAYS, "file_later_days", U64, 0, 0, 3660, "备案宽限(天)", "filing may follow ISSUE by so many days")  \
    X(DD_WD, "dd_wd", U64, 10, 1, 250, "尽调时限(工作日)", "working days from APPLY to DD_DONE")                       \
    X(OFFER_WD, "offer_wd", U64, 5, 1, 250, "意向时限(工作日)", "working days from DD_DONE to OFFER")                  \
    X(ISSUE_WD, "issue_wd", U64, 10, 1, 250, "出函时限(工作日)", "working days from OFFER to ISSUE")                   \
    X(REPORT_WD, "report_wd", U64, 2, 0, 250, "还款报送(工作日)", "a later REPAY carries warning 9106")                \
    X(NOTICE_WD, "notice_wd", U64, 5, 0, 250, "逾期通知(工作日)", "a later OVERDUE lowers the claim by late_ppm")      \
    X(GRACE, "grace", U64, 0, 0, 366, "宽限期(天)", "days after maturity in which payment is in time")                 \
    X(LATE_PPM, "late_ppm", PPM, 0, 0, 1000000, "迟报扣减", "part of the claim that late notice loses")                \
    X(CLAIM_OPEN_DAYS, "claim_open_days", U64, 60, 0, 3660, "可索赔起始(天)", "days overdue before a claim")           \
    X(CLAIM_CLOSE_DAYS, "claim_close_days", U64, 180, 0, 3660, "索赔截止(天)", "days overdue, last day of a claim")    \
    X(REVIEW_WD, "review_wd", U64, 10, 1, 250, "审核时限(工作日)", "working days from CLAIM to APPROVE")               \
    X(PAY_WD, "pay_wd", U64, 5, 1, 250, "付款时限(工作日)", "working days from APPROVE to PAID")                       \
    X(SHARE_WD, "share_wd", U64, 20, 1, 250, "分担时限(工作日)", "working days from PAID to SHARE_DONE")               \
    X(SILENCE, "silence", SILENCE, 1, 1, 2, "逾时处理", "silence on a claim: escalate, or deemed approved")            \
    X(CAP_PPM, "cap_ppm", PPM, 0, 0, 1000000, "代偿率上限", "compensation-rate cap; 0: none")                          \
    X(CAP_PERIOD, "cap_period", PERIOD, 1, 1, 1, "上限统计期", "calendar year")                                        \
    X(CAP_OVERFLOW, "cap_overflow", OVERFLOW, 1, 1, 2, "超上限处理", "BANK bears it, or the claim is refused (1126)")  \
    X(MIN_ROOM, "min_room", FEN, 1, 0, 9000000000000000, "最低余量", "room below it after a claim: STOPPED")           \
    X(WARN_PPM, "warn_ppm", PPM, 0, 0, 1000000, "预警线", "compensation rate that warns; 0: none")                     \
    X(STOP_PPM, "stop_ppm", PPM, 0, 0, 1000000, "熔断线", "compensation rate that stops new business; 0: none")        \
    X(AUTO_RESET, "auto_reset", BOOL, 1, 0, 1, "新期自动恢复", "a new period sets the breaker to NORMAL")              \
    X(RECOVERY_MODE, "recovery_mode", RECOVERY, 1, 1, 1, "追偿分配方式", "by the amounts actually borne")              \
    X(COST_LIMIT, "cost_limit", FEN, 5000000, 0, 9000000000000000, "追偿费用限额", "above: GUAR and BANK sign too")    \
    X(REFUNDABLE, "refundable", BOOL, 1, 0, 1, "提前还款退费", "PREPAY refunds the unearned fee")                      \
    X(EXT_MAX, "ext_max", U64, 0, 0, 36600, "最长展期(天)", "0: short loans their term, medium half, long 1096 days")  \
    X(SUPPLY_WD, "supply_wd", U64, 5, 1, 250, "补件时限(工作日)", "an open query stops the clock so long at most")     \
    X(NET_ASSETS, "net_assets", FEN, 0, 0, 9000000000000000, "担保机构净资产", "0: 1104 and 1105 are not tested")      \
    X(LEVERAGE, "leverage", U64, 10, 1, 100, "放大倍数上限", "weighted exposure to net assets")                        \
    X(CONCENTRATION, "concentration_ppm", PPM, 100000, 0, 1000000, "单户集中度", "one borrower, of net assets")        \
    X(SMALL_MAX, "small_max", FEN, 0, 0, 9000000000000000, "小额界限", "offers up to it weigh small_ppm")              \
    X(SMALL_PPM, "small_ppm", PPM, 1000000, 0, 1000000, "小额权重", "weight of small exposures")

enum zyd_guarantee_param {
#define X(name, text, type, def, min, max, zh, en) ZYD_GP_##name,
    ZYD_GUARANTEE_PARAMS(X)
#undef X
        ZYD_GUARANTEE_PARAM_COUNT
};
enum { ZYD_GUARANTEE_NET = 0, ZYD_GUARANTEE_GROSS = 1 };                 /* settle */
enum { ZYD_GUARANTEE_COVER_PRINCIPAL = 1, ZYD_GUARANTEE_COVER_INTEREST = 2 };
enum { ZYD_GUARANTEE_OVERFLOW_BANK = 1, ZYD_GUARANTEE_OVERFLOW_REJECT = 2 };
enum { ZYD_GUARANTEE_SILENCE_ESCALATE = 1, ZYD_GUARANTEE_SILENCE_APPROVE = 2 };
#define ZYD_GUARANTEE_NODE_SIZE 8u
#define ZYD_GUARANTEE_NODE_BANK 0xfffeu
#define ZYD_GUARANTEE_NODE_INNER 0xffffu
#define ZYD_GUARANTEE_NODES_MAX 24u  /* without the root */
#define ZYD_GUARANTEE_LEAVES_MAX 11u /* of the guarantee side */
#define ZYD_GUARANTEE_CHILDREN_MAX 12u
#define ZYD_GUARANTEE_DEPTH_MAX 5u
#define ZYD_GUARANTEE_BANKS_MAX 32u
#define ZYD_GUARANTEE_EVIDENCE_MAX 16u
#define ZYD_GUARANTEE_TIERS_MAX 8u
#define ZYD_GUARANTEE_TIER_HEAD 10u /* bytes of a tier before its tree */

/* ---- records of the contract: the VM's memory as it is, so integers are little-endian ----
 * key (owner = the contract's number)                     value
 * object id 32                                             struct zyd_guarantee_object + its drawdowns (kind 1)
 *                                                          struct zyd_guarantee_reset (kind 2: one BREAKER_RESET)
 *                                                          struct zyd_guarantee_enrolment (kind 3: one ENROL_LIST)
 * 'L' || root 32                                           id of the enrolment with this root
 * 'N' || bank u16 BE || loan number u32 BE                 struct zyd_guarantee_origin: the loan was enrolled
 * 'C' || object id                                         struct zyd_guarantee_claim + its parties; made at APPROVE
 * "guarantee/breaker", zeros to 30, programme u16 BE       struct zyd_guarantee_breaker
 * 'H' || class u8 || borrower 32                           struct zyd_guarantee_household + ids
 * 'X' || object id || drawdown's place u8                  struct zyd_guarantee_extension, as many as the drawdown says
 * 'U' || object id                                         struct zyd_guarantee_undo + what it needs: the last event that
 *                                                          REVERSE can take back
 * 'O' || object id                                         struct zyd_guarantee_spell, as many as the object's `cures` say:
 *                                                          when it was overdue and was cured, oldest first
 * 'E' || GUAR u16 BE                                       struct zyd_guarantee_exposure: of all its contracts
 * 'E' || GUAR u16 BE || borrower 32                        the same of one borrower; both only with `net_assets` */
#define ZYD_GUARANTEE_KIND_CONTRACT 1u
#define ZYD_GUARANTEE_KIND_RESET 2u
#define ZYD_GUARANTEE_KIND_ENROLMENT 3u
#define ZYD_GUARANTEE_KEY_LIST 'L'
#define ZYD_GUARANTEE_KEY_NUMBER 'N'
#define ZYD_GUARANTEE_KEY_CLAIM 'C'
#define ZYD_GUARANTEE_KEY_HOUSEHOLD 'H'
#define ZYD_GUARANTEE_KEY_EXTENSION 'X'
#define ZYD_GUARANTEE_KEY_UNDO 'U'
#define ZYD_GUARANTEE_KEY_SPELLS 'O'
#define ZYD_GUARANTEE_KEY_EXPOSURE 'E'
#define ZYD_GUARANTEE_KEY_BREAKER "guarantee/breaker"

#define ZYD_GUARANTEE_FIRM 1u   /* borrower: 18 characters of USCC, zeros */
#define ZYD_GUARANTEE_PERSON 2u /* borrower: 32 bytes of pseudonym; accounts name its first 16 hex digits */

#define ZYD_GF_FILED 1u        /* FILE_RE was booked */
#define ZYD_GF_NOTICE_LATE 2u  /* 1113 */
#define ZYD_GF_ESCALATED 4u    /* 1120 */
#define ZYD_GF_PAY_LATE 8u     /* 1121 */
#define ZYD_GF_SHARE_LATE 16u  /* 1122 */
#define ZYD_GF_OPENING 32u     /* made by OPENING, in the middle of its life */
#define ZYD_GF_EXTENDED 64u    /* a drawdown was extended (for subsidies) */
#define ZYD_GF_FROZEN 128u     /* FREEZE by frozen_by */
/* more */
#define ZYD_GM_QUERY 1u        /* a query is open: the clock stands */
#define ZYD_GM_REFUSED 2u      /* the last claim was refused */
#define ZYD_GM_DISPUTED 4u     /* `disputed` is in dispute */
#define ZYD_GM_SHIFTED 8u      /* FLAG_SHIFT by an auditor */
#define ZYD_GM_EXPOSED 16u     /* counted in the exposure of GUAR */
#define ZYD_GM_SMALL 32u       /* there among the small ones */
#define ZYD_GUARANTEE_QUERIES_MAX 2u
#define ZYD_GUARANTEE_EXTENSIONS_MAX 4u

#define ZYD_GUARANTEE_DRAWDOWNS_MAX 16u
struct zyd_guarantee_drawdown {
    uint32_t number, rate_ppm;
    int32_t value_date, maturity;
    int32_t first_maturity;     /* as drawn; maturity is later after EXTEND */
    int32_t settled_to;         /* interest is booked up to here, exclusive */
    int32_t closed;             /* value date of what paid it off, 0: not yet */
    uint32_t extensions;
    int64_t principal, balance; /* fen as drawn; still owed */
    int64_t interest;           /* booked and unpaid (its part of 1111) */
    int64_t fee;                /* charged and not yet earned (its part of 2151) */
    int64_t charged, refunded;  /* fees: ever charged; given back by PREPAY.  Earned after a payoff: charged - refunded */
    uint64_t days_lo, days_hi;  /* fen-days since settled_to of principal that was repaid in between (128 bits) */
};
_Static_assert(sizeof(struct zyd_guarantee_drawdown) == 96, "record layout");

struct zyd_guarantee_object {
    uint8_t kind, state, flags, drawdown_count;
    uint16_t programme, bank; /* bank: member that applied */
    uint32_t borrower_kind;
    uint8_t borrower[32];
    uint32_t county;          /* GB/T 2260 code of the place, 0: not given */
    uint32_t term_days, fee_ppm;
    int32_t applied, issued, valid_until, overdue, claimed; /* dates, 0: not yet */
    int32_t review_until; /* last day of the review of the claim, as the clock stood when it last ran */
    int64_t amount;    /* the limit: as applied, then as offered */
    int64_t drawn;     /* ever */
    int64_t principal; /* still owed, all drawdowns */
    int64_t claim;     /* what was claimed: covered principal and interest */
    int64_t disputed;  /* of it, or of a refused one, in dispute */
    uint32_t changes;  /* counts stores but for FREEZE, UNFREEZE, FLAG_SHIFT: REVERSE asks whether anything came after */
    uint16_t frozen_by;
    uint8_t more;      /* ZYD_GM_... */
    uint8_t queries, clock_left; /* queries of this claim; working days left of its review while a query is open */
    uint8_t cures;     /* times that it was overdue and was cured; the days stand in the record of spells */
    uint8_t tier;      /* chosen at OFFER, from 1; 0: the programme has none */
    uint8_t zero[5];
    /* then drawdown_count of struct zyd_guarantee_drawdown */
};
_Static_assert(sizeof(struct zyd_guarantee_object) == 136, "record layout");

/* ENROL_LIST and TAKE_UP (contracts/guarantee/README.md, "A list under one signature").  The n-th loan that is taken up has
 * the id SHA-256(ZYD_GUARANTEE_CHILD_TAG, id of the enrolment, n u16 big-endian), n from 0. */
#define ZYD_GUARANTEE_CHILD_TAG "zyd/guarantee/loan"
#define ZYD_GUARANTEE_LIST_MAX 4096u /* loans of a list */
#define ZYD_GUARANTEE_PIECE_MAX 8u   /* loans of one TAKE_UP */
#define ZYD_GUARANTEE_PATH_MAX 24u   /* hashes beside a piece, two a level */
struct zyd_guarantee_enrolment {
    uint8_t kind, state, zero[2];
    uint16_t programme, bank; /* these five as in a contract */
    uint32_t count, taken;       /* loans of the list; in the books so far */
    int32_t enrolled, valid_until;
    int64_t total, drawn;        /* fen of the list; taken up so far */
    uint8_t root[32];            /* RFC 6962 tree over the loans, each as its canonical array */
    uint8_t letter[32];          /* hash of the guarantee letter for the list */
};
_Static_assert(sizeof(struct zyd_guarantee_enrolment) == 104, "record layout");
struct zyd_guarantee_origin {
    uint8_t loan[32], enrolment[32];
    uint32_t index, zero; /* place in the list, from 0 */
};
_Static_assert(sizeof(struct zyd_guarantee_origin) == 72, "record layout");

struct zyd_guarantee_extension {
    int32_t from, to;
    int64_t amount; /* outstanding then: what its fee was charged on */
};
_Static_assert(sizeof(struct zyd_guarantee_extension) == 16, "record layout");

#define ZYD_GUARANTEE_CURES_MAX 255u
struct zyd_guarantee_spell {
    int32_t from, to; /* overdue from this day until, but not on, the value date of CURE */
};
_Static_assert(sizeof(struct zyd_guarantee_spell) == 8, "record layout");

struct zyd_guarantee_exposure {
    int64_t small, other; /* GUAR's leaf of what contracts commit; small: those with weight small_ppm */
};
_Static_assert(sizeof(struct zyd_guarantee_exposure) == 16, "record layout");

struct zyd_guarantee_undo {
    uint8_t op_id[32];         /* of the event; zeros: it cannot be reversed */
    uint64_t s_lo, s_hi;       /* fen-days that it added to S of year */
    int32_t year;
    uint32_t changes;          /* of the object after it */
    uint16_t event, drawdowns; /* drawdowns: bit i: drawdown i is here as it was */
    uint16_t claim_size;
    uint8_t signer_count, zero[9];
    /* then signers u16, struct zyd_guarantee_object, drawdowns, claim (claim_size bytes) as they were, and its postings as
     * ct_postings tells them */
};
_Static_assert(sizeof(struct zyd_guarantee_undo) == 72, "record layout");

struct zyd_guarantee_reset {
    uint8_t kind, was; /* was: the breaker's state before */
    uint16_t programme;
    int32_t date;
};
_Static_assert(sizeof(struct zyd_guarantee_reset) == 8, "record layout");

struct zyd_guarantee_party {
    uint16_t member, zero16;
    uint32_t zero32;
    int64_t borne;     /* weight of recoveries */
    int64_t recovered; /* ALLOC's memory */
    int64_t open;      /* still in 1131; the bank's stands in overdue_open */
};
_Static_assert(sizeof(struct zyd_guarantee_party) == 32, "record layout");
struct zyd_guarantee_claim {
    uint8_t party_count;     /* leaves of the guarantee side in depth-first order, then the bank */
    uint8_t shares_open;     /* share obligations not settled yet */
    uint8_t paid;            /* the first payer's obligation is settled */
    uint8_t recoveries;      /* count, stays at 255 */
    uint16_t first_payer;
    uint16_t payments_open;  /* the first payer's obligations that are not settled: one, and one more after RESOLVE */
    int64_t total, bank_part, rest, compensated, overflow; /* T, bank's level 1, R, R', R - R' */
    int64_t net_recovered, cost_carried;
    int64_t overdue_open, interest_open; /* the bank's 1102 and 1111 of this contract */
    /* then party_count of struct zyd_guarantee_party */
};
_Static_assert(sizeof(struct zyd_guarantee_claim) == 80, "record layout");

struct zyd_guarantee_breaker {
    uint8_t state; /* enum zyd_guarantee_breaker_state */
    uint8_t zero8[3];
    int32_t year;               /* the running period */
    uint64_t s_lo, s_hi;        /* S: fen-days released in the period */
    int64_t used;               /* compensated by the guarantee side in the period */
    uint32_t claims, drawdowns; /* counted in the period */
};
_Static_assert(sizeof(struct zyd_guarantee_breaker) == 40, "record layout");

#define ZYD_GUARANTEE_HOUSEHOLD_MAX 100u
struct zyd_guarantee_household {
    uint32_t count, zero;
    /* then count ids of 32 bytes: contracts of the borrower from OFFERED on; ended ones go at the next OFFER */
};

#endif
