/* zyd/pool.h: product (b), government risk-compensation pool (domain.md 3.2): its numbers and its records.
 *
 * Shared by the contract (contracts/pool, in the VM) and by the tools and tests outside: freestanding, needs <stdint.h> only.
 * All numbers here are fixed: they stand in the ledger.  Sections and rulings are domain.md's.
 */
#ifndef ZYD_POOL_H
#define ZYD_POOL_H

#include <stdint.h>

#define ZYD_POOL_CONTRACT 2u

/* ---- events: operations of members.  An event number that is not here is refused with 9104.  In brackets: the args array;
 * "?" may be nil. ---- */
/* X(NAME, number, zh, en) */
#define ZYD_POOL_EVENTS(X)                                                                                             \
    X(CREATE, 1, "设立资金池", "create the pool")               /* [account str 1..34] makes the pool */               \
    X(FUND, 2, "出资", "fund a layer")                          /* [layer str, fen, bank_ref] makes a funding */     \
    X(FUND_CONFIRM, 3, "到账确认", "confirm the funding")       /* [fen, bank_ref] on the funding */                   \
    X(ENROL, 4, "白名单", "white list entry")                   /* [borrower, loan_class, valid_until] makes a minute */ \
    X(REGISTER_LOAN, 5, "贷款备案", "register a loan")          /* see struct zyd_pool_loan; makes the loan */         \
    X(REPAY, 6, "还款报送", "report a repayment")               /* [fen] on the loan, as all that follow */            \
    X(STATUS, 7, "逾期不良报送", "report overdue, NPL or lawsuit") /* [what 1..3, date] */                             \
    X(CURE, 8, "恢复正常", "report the loan regular again")     /* [] */                                               \
    X(FILE, 9, "补偿申请", "file a claim")                      /* [principal, interest, other, [evidence ids]] */     \
    X(DEPT_OK, 10, "主管部门审核", "department's review")       /* [base fen] */                                       \
    X(REVIEW_OK, 11, "批准补偿", "approve the claim")           /* [base fen, pay fen] */                              \
    X(REJECT, 12, "退回申请", "reject the claim")               /* [reason str] */                                     \
    X(RECOVER, 13, "追偿回款", "recovery")                      /* [gross, cost, bank_ref] */                          \
    X(DEMAND_BACK, 14, "追回", "demand back")                   /* [finding str, ppm?] */                              \
    X(CLOSE, 15, "结案", "close the claim")                     /* [reason str] */                                     \
    X(RESUME, 16, "恢复新增业务", "resume")                     /* [reason str, [contributors]] on the pool */         \
    X(WIND_UP, 17, "清算", "wind up")                           /* [reason str] on the pool */                         \
    X(OPENING, 18, "期初录入", "opening (development consortium only)") /* [[member, dr, cr, fen] ...] makes a minute */ \
    X(FREEZE, 19, "冻结", "freeze")                             /* [reason str] on a loan */                           \
    X(UNFREEZE, 20, "解冻", "unfreeze")                         /* [reason str] */                                     \
    X(DISPUTE, 21, "提出争议", "dispute a part of the claim")   /* [amount fen, reason str] */                         \
    X(RESOLVE, 22, "解决争议", "resolve the dispute")           /* [upheld fen] */                                     \
    X(REVERSE, 23, "冲正", "reverse by mirror image")           /* [op_id, code]: REPAY, RECOVER, DEMAND_BACK, FUND_CONFIRM */

enum zyd_pool_event {
#define X(name, number, zh, en) ZYD_PE_##name = number,
    ZYD_POOL_EVENTS(X)
#undef X
};

/* ---- deadlines: SYS operations on a loan ---- */
/* X(NAME, number, zh, en) */
#define ZYD_POOL_DEADLINES(X)                                                                                          \
    X(SERVE_QUEUE, 1, "排队补付", "the claim's turn in the shortage queue")                                            \
    X(REVIEW_LATE, 2, "审核逾时", "review is late")                                                                    \
    X(DRAW_LATE, 3, "补偿款逾期未付", "compensation is late")                                                          \
    X(REFUND_LATE, 4, "返还逾期", "refund of a recovery is late")                                                      \
    X(BACK_LATE, 5, "追回款逾期", "money demanded back is late")

enum zyd_pool_deadline {
#define X(name, number, zh, en) ZYD_PD_##name = number,
    ZYD_POOL_DEADLINES(X)
#undef X
};

/* ---- states: of the pool 1..6, of a loan and its claim 10..21, of a funding 30..31, of a minute 40 ---- */
/* X(NAME, number, zh, en) */
#define ZYD_POOL_STATES(X)                                                                                             \
    X(DRAFT, 1, "待签署", "draft")                                                                                     \
    X(OPEN, 2, "运行", "open")                                                                                         \
    X(WARN, 3, "预警", "warning")                                                                                      \
    X(STOPPED, 4, "暂停新增", "stopped")                                                                               \
    X(WINDING_UP, 5, "清算中", "winding up")                                                                           \
    X(WOUND_UP, 6, "已清算", "closed")                                                                                 \
    X(REGISTERED, 10, "已备案", "registered")                                                                          \
    X(DEFAULTED, 11, "已逾期", "in default")                                                                           \
    X(FILED, 12, "已申请", "filed")                                                                                    \
    X(REVIEW, 13, "主管部门已审", "reviewed by the department")                                                        \
    X(APPROVED, 14, "已批准待付", "approved, waiting in the queue")                                                    \
    X(PART_PAID, 15, "部分补偿", "part paid")                                                                          \
    X(COMPENSATED, 16, "已补偿", "compensated")                                                                        \
    X(REFUNDING, 17, "追偿返还中", "refunding")                                                                        \
    X(CLOSED, 18, "已结案", "closed")                                                                                  \
    X(REJECTED, 19, "已退回", "rejected")                                                                              \
    X(CLAWED_BACK, 20, "已追回", "clawed back")                                                                        \
    X(REPAID, 21, "已还清", "repaid")                                                                                  \
    X(PENDING, 30, "待到账", "pending")                                                                                \
    X(CONFIRMED, 31, "已到账", "confirmed")                                                                            \
    X(RECORDED, 40, "已记录", "recorded")

enum zyd_pool_state {
#define X(name, number, zh, en) ZYD_PS_##name = number,
    ZYD_POOL_STATES(X)
#undef X
};

/* ---- labels of postings, and reasons of obligations ---- */
/* X(NAME, number, zh, en) */
#define ZYD_POOL_LABELS(X)                                                                                             \
    X(OPENING, 1, "期初", "opening")                                                                                   \
    X(FUND, 2, "出资到账", "funding confirmed")                                                                        \
    X(MEMO, 3, "或有补偿责任", "contingent compensation")                                                              \
    X(DRAW, 4, "补偿支出", "drawn from the layers")                                                                    \
    X(SERVE_QUEUE, 5, "排队补付", "drawn for the queue")                                                               \
    X(RECOV, 6, "追偿分配", "recovery and its distribution")                                                           \
    X(REFILL, 7, "返还到账回补", "refund confirmed, layers refilled")                                                  \
    X(DEMAND_BACK, 8, "追回", "demanded back")                                                                         \
    X(WIND_UP, 9, "清算返还", "returned at the winding up")

enum zyd_pool_label {
#define X(name, number, zh, en) ZYD_PL_##name = number,
    ZYD_POOL_LABELS(X)
#undef X
};

/* Emitted: the pool changed its state: programme u16 big-endian, old state u8, new state u8. */
#define ZYD_POOL_EMIT_STATE 1u

/* ---- parameters of a programme (a programme is one pool): the common form (zyd/product.h), a MessagePack array of 5 ----
 *   bin    slots: a u64 big-endian for each number of the table
 *   array  layers in draw order: [name str, contributor, level, ppm].  Levels are 0, 1, 2 ... and drawn one after the other
 *          (waterfall); layers of one level share it (pro rata), their ppm sum to 1,000,000.  The name is the account's:
 *          3001.NAME.  The contributor of a layer that outsiders fund is the trustee.
 *   array  ratios: compensation ratio in ppm of loan class 1, 2 ...
 *   array  banks that may register loans
 *   array  evidence: names of the documents that a claim must carry, in the order of its hashes
 * X(NAME, text, type, default, min, max, zh, en).  A member is an index, 65535 = none. */
#define ZYD_POOL_PARAMS(X)                                                                                             \
    X(CLASS, "class", U64, 1, 1, 255, "资金池类别", "a loan stands in one pool of a class")                            \
    X(SETTLE, "settle", SETTLE, 1, 0, 1, "结算方式", "obligations settle gross by PAID, or in netting cycles")         \
    X(TRUSTEE, "trustee", MEMBER, 65535, 0, 65535, "受托管理机构", "holds the pool's account and books")               \
    X(DEPT, "dept", MEMBER, 65535, 0, 65535, "主管部门", "white list and first review")                                \
    X(RATIO_BASE, "ratio_base", RATIO_BASE, 1, 1, 3, "补偿基数", "principal, and normal interest, and all")            \
    X(TRIGGER, "trigger", TRIGGER, 2, 1, 3, "申请条件", "what must have been reported: overdue, NPL, lawsuit")         \
    X(TRIGGER_DAYS, "trigger_days", U64, 0, 0, 3660, "触发天数", "days after that date before a claim")                \
    X(WINDOW_DAYS, "window_days", U64, 180, 0, 3660, "申请期限(天)", "days after that date, last day of a claim")      \
    X(REGISTER_WD, "register_wd", U64, 10, 0, 250, "备案时限(工作日)", "working days from drawdown to REGISTER_LOAN")  \
    X(DEPT_WD, "dept_wd", U64, 5, 1, 250, "主管部门审核(工作日)", "working days from FILE to DEPT_OK")                 \
    X(REVIEW_WD, "review_wd", U64, 5, 1, 250, "批准时限(工作日)", "working days from DEPT_OK to REVIEW_OK")            \
    X(DRAW_WD, "draw_wd", U64, 5, 1, 250, "拨付时限(工作日)", "working days from a draw to its payment")               \
    X(REFUND_WD, "refund_wd", U64, 10, 1, 250, "返还时限(工作日)", "working days from RECOVER to the refund")          \
    X(BACK_WD, "back_wd", U64, 20, 1, 250, "追回时限(工作日)", "working days from DEMAND_BACK to the payment")         \
    X(RATE_CAP, "rate_cap", PPM, 1000000, 0, 1000000, "利率上限", "highest loan rate a year")                          \
    X(PER_CLAIM_CAP, "per_claim_cap", FEN, 0, 0, 9000000000000000, "单笔上限", "of one claim; 0: none")                \
    X(PER_BORROWER_CAP, "per_borrower_cap", FEN, 0, 0, 9000000000000000, "单户上限", "of one borrower; 0: none")       \
    X(PER_BANK_YEAR_CAP, "per_bank_year_cap", FEN, 0, 0, 9000000000000000, "银行年度上限", "of a bank a year; 0: none") \
    X(STACK_PPM, "stack_ceiling_ppm", PPM, 800000, 0, 1000000, "叠加上限", "all programmes of what the bank bears")    \
    X(LEVERAGE, "leverage", U64, 0, 0, 1000, "放大倍数", "loans at most so many times the layers' cash; 0: no limit")  \
    X(WARN_PPM, "warn_ppm", PPM, 50000, 0, 1000000, "预警线", "NPL principal / balance that warns; 0: none")           \
    X(STOP_PPM, "stop_ppm", PPM, 80000, 0, 1000000, "熔断线", "NPL principal / balance that stops; 0: none")           \
    X(SHORT_MODE, "short_mode", SHORT_MODE, 1, 1, 2, "不足时", "FIFO, or pro rata of one approval date")               \
    X(REFUND_ORDER, "refund_order", REFUND_ORDER, 1, 1, 2, "返还顺序", "reverse draw order, or pro rata")              \
    X(ALLOW_BANK_SHARE, "allow_bank_share", BOOL, 0, 0, 1, "可补银行自担", "the bank's part of product (a) may claim") \
    X(RESUME_K, "resume_k", U64, 1, 1, 12, "恢复签署数", "contributors that must sign RESUME")                         \
    X(COST_LIMIT, "cost_limit", FEN, 5000000, 0, 9000000000000000, "追偿费用限额", "above: TRUSTEE signs too")

enum zyd_pool_param { /* of the numbers; layers, ratios, banks and evidence follow them */
#define X(name, text, type, def, min, max, zh, en) ZYD_PP_##name,
    ZYD_POOL_PARAMS(X)
#undef X
        ZYD_POOL_PARAM_COUNT
};
enum { ZYD_POOL_BASE_PRINCIPAL = 1, ZYD_POOL_BASE_INTEREST = 2, ZYD_POOL_BASE_ALL = 3 };
enum { ZYD_POOL_OVERDUE = 1, ZYD_POOL_NPL = 2, ZYD_POOL_LAWSUIT = 3 }; /* `trigger`, and STATUS */
enum { ZYD_POOL_SHORT_FIFO = 1, ZYD_POOL_SHORT_PRORATA = 2 };
enum { ZYD_POOL_REFUND_REVERSE = 1, ZYD_POOL_REFUND_PRORATA = 2 };
#define ZYD_POOL_LAYERS_MAX 12u
#define ZYD_POOL_CLASSES_MAX 8u
#define ZYD_POOL_BANKS_MAX 32u
#define ZYD_POOL_EVIDENCE_MAX 16u
#define ZYD_POOL_NAME_MAX 12u /* of a layer: A-Z 0-9 _ */

/* ---- records of the contract: the VM's memory as it is, so integers are little-endian ----
 * key (owner = the contract's number)                     value
 * object id 32                                             pool, funding, minute or loan: the first byte is its kind
 * 'P' || programme u16 BE                                  id of the pool, 32 bytes
 * 'E' || programme u16 BE || borrower 32                   struct zyd_pool_entry (white list)
 * 'L' || class u8 || bank u16 BE || loan 32                id of the loan's object, 32 bytes
 * 'B' || programme u16 BE || borrower 32                   int64: approved for the borrower, less what was demanded back
 * 'Y' || programme u16 BE || bank u16 BE || year u16 BE    int64: approved for the bank in the year
 * 'S' || bank u16 BE || loan 32                            int64: approved for the loan by all programmes, less demanded back
 * 'D' || programme u16 BE || date u32 BE                   int64: short of the claims approved that day (short_mode PRORATA)
 * 'N' || object id                                         struct cc_note_head ...: the last event that REVERSE can take back;
 *                                                          its state is a struct zyd_pool_loan (of a funding: nothing) */
#define ZYD_POOL_KIND_POOL 1u
#define ZYD_POOL_KIND_FUNDING 2u
#define ZYD_POOL_KIND_MINUTE 3u
#define ZYD_POOL_KIND_LOAN 4u
#define ZYD_POOL_KEY_POOL 'P'
#define ZYD_POOL_KEY_ENTRY 'E'
#define ZYD_POOL_KEY_LOAN 'L'
#define ZYD_POOL_KEY_BORROWER 'B'
#define ZYD_POOL_KEY_BANK_YEAR 'Y'
#define ZYD_POOL_KEY_STACK 'S'
#define ZYD_POOL_KEY_DAY 'D'

#define ZYD_POOL_FIRM 1u   /* borrower: 18 characters of USCC, zeros */
#define ZYD_POOL_PERSON 2u /* borrower: 32 bytes of pseudonym; accounts name its first 16 hex digits */

struct zyd_pool_layer {
    int64_t balance; /* 3001.NAME */
    int64_t funded;  /* ever */
    int64_t drawn;   /* ever, less refilled: memory of the level's ALLOC */
};
_Static_assert(sizeof(struct zyd_pool_layer) == 24, "record layout");

struct zyd_pool {
    uint8_t kind, state, layer_count, round; /* round: a pro rata round is under way */
    uint16_t programme, zero16;
    int32_t created;
    uint32_t open_claims;   /* FILED and later, not REJECTED, CLOSED, or wholly CLAWED_BACK */
    uint32_t queue_length;  /* loans linked from head to tail, also those that have nothing short any more */
    uint32_t returns_open;  /* obligations of the winding up that are not settled */
    int64_t balance, npl;   /* principal of registered loans; of those in default */
    int64_t pending;        /* 3009 */
    int64_t shortage;       /* approved and not drawn, of all claims in the queue */
    int64_t memo;           /* 9001 of the trustee */
    uint8_t head[32], tail[32];
    uint8_t round_end[32];  /* the last claim of the round */
    int64_t round_cash, round_total, round_seen, round_given;
    /* then layer_count of struct zyd_pool_layer */
};
_Static_assert(sizeof(struct zyd_pool) == 192, "record layout");

struct zyd_pool_funding {
    uint8_t kind, state, layer, ref_size;
    uint16_t programme, zero16;
    int64_t amount;
    uint8_t ref[40]; /* bank reference, zeros */
};
_Static_assert(sizeof(struct zyd_pool_funding) == 56, "record layout");

struct zyd_pool_minute {
    uint8_t kind, state;
    uint16_t programme;
    int32_t date;
};
_Static_assert(sizeof(struct zyd_pool_minute) == 8, "record layout");

struct zyd_pool_entry {
    uint32_t loan_class;
    int32_t valid_until; /* last day on which a loan may be registered */
};
_Static_assert(sizeof(struct zyd_pool_entry) == 8, "record layout");

#define ZYD_PF_REVIEW_LATE 1u
#define ZYD_PF_DRAW_LATE 2u
#define ZYD_PF_REFUND_LATE 4u /* 2012 */
#define ZYD_PF_BACK_LATE 8u
#define ZYD_PF_QUEUED 16u     /* linked in the queue */
#define ZYD_PF_NPL 32u        /* counted in the pool's npl */
#define ZYD_PF_ENDED 64u      /* a claim that no longer counts as open */
#define ZYD_PF_STACKED 128u   /* W2010: cut by the stacking ceiling */

struct zyd_pool_part {
    int64_t paid, refilled; /* by a layer for this claim; come back to it */
};
_Static_assert(sizeof(struct zyd_pool_part) == 16, "record layout");

/* REGISTER_LOAN's args: [borrower, loan id, loan_class, principal, rate_ppm, drawn_on, maturity, guarantee id?]. */
struct zyd_pool_loan {
    uint8_t kind, state, flags, part_count; /* part_count: the pool's layers, from the first draw on */
    uint16_t programme, bank;
    uint8_t borrower[32];
    uint8_t loan[32];      /* the bank's loan, as a hash */
    uint8_t guarantee[32]; /* contract of product (a) on the same loan; zeros: none */
    uint8_t next[32];      /* the next claim in the queue; zeros: none */
    uint32_t borrower_kind, loan_class, rate_ppm;
    int32_t drawn_on, maturity;
    int32_t overdue_on, npl_on, lawsuit_on, filed_on, approved_on; /* 0: not */
    uint32_t draws_open, refunds_open, backs_open;                 /* obligations not settled yet */
    uint8_t frozen, zero8;     /* frozen: FREEZE by frozen_by */
    uint16_t frozen_by;
    int64_t principal, balance; /* as drawn; still owed */
    int64_t claimed;            /* base as filed: what the bank bears */
    int64_t approved, paid, shortage; /* paid: drawn from the layers; shortage: approved, neither drawn nor made good */
    int64_t refunded, clawed;   /* of what was paid: promised back out of recoveries, demanded back */
    int64_t net_recovered, cost_carried, bank_recovered, pool_recovered; /* ALLOC's memory: BANK, POOL */
    int64_t disputed;           /* of claimed, in dispute: left out of the compensation */
    /* then part_count of struct zyd_pool_part */
};
_Static_assert(sizeof(struct zyd_pool_loan) == 296, "record layout");

#endif
