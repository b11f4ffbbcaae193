/* rederive.h: subsidies, shares, fees and interest computed a second way from what members signed (domain.md 3.0 to 3.3, 3.7), and
 * compared with what was booked, to the fen.
 *
 *   rederive.c            the door: steps by product, comparison of rows, the report's kinds
 *   rederive_math.c       days, roundings, ALLOC, shares: an arithmetic of its own
 *   rederive_subsidy.c    product (c): enrolments; rederive_settle.c: settlements; rederive_days.c: a period, day by day
 *   rederive_pool.c       product (b): pools, loans; rederive_pool_claim.c: claims, caps; rederive_pool_draw.c: layers, queue;
 *                         rederive_pool_back.c: recoveries, refills, reversals, the winding up
 *   rederive_guarantee.c  product (a): contracts; rederive_loan.c: interest, fees; rederive_tree.c: shares; rederive_claim.c: claims, cap,
 *                         recoveries
 *   rederive_debt.c       obligations of all products, what waits for a cycle, PAID; rederive_line.c: rows to the whole account
 *   rederive_cut.c        product (e): cut-offs; rederive_cycle.c: from state to state; rederive_net.c: positions, payments, legs
 *   rederive_voucher.c    product (d): vouchers; rederive_due.c: maturity, prepayment, recourse
 *
 * Nothing here reads a record of a contract or runs its code.  Inputs are arguments of operations that were done, programmes and
 * calendars.  After a finding it goes on from what was booked, so that one fault is told once and not in every later sum.
 */
#ifndef ZYD_AUDIT_REDERIVE_H
#define ZYD_AUDIT_REDERIVE_H

#include "findings.h"
#include "map.h"
#include "pass.h"
#include <zyd/codec.h>
#include <zyd/date.h>

#define RE_PPM UINT64_C(1000000)
#define RE_NO_MEMBER 0xffffu

/* ---- kinds of findings: X(NAME, text, zh, en) ---- */
#define RE_KINDS(X)                                                                                                            \
    X(DUPLICATE_LOAN, "duplicate_loan", "同一笔贷款重复贴息", "one loan subsidised twice in a class (F1)")                     \
    X(HOUSEHOLD_CAP, "household_cap", "超出单户上限", "over the household cap (F2)")                                           \
    X(DUPLICATE_PURPOSE, "duplicate_purpose", "同一用途重复贴息", "one item in two programmes of a family (F3)")               \
    X(RELATED_BORROWER, "related_borrower", "关联借款人未提示", "related borrower not flagged (F4)")                           \
    X(AFTER_CLOSE, "after_close", "结清后贴息", "subsidy after the enrolment was closed")                                      \
    X(OUTSIDE_TERM, "outside_term", "期限外贴息", "subsidy for days outside the term")                                         \
    X(OVERDUE, "overdue", "逾期贷款贴息", "subsidy of an overdue loan")                                                        \
    X(OVER_INTEREST, "over_interest", "贴息超过利息", "subsidy or certified interest above the interest")                      \
    X(OVER_BUDGET, "over_budget", "超出预算", "over the programme's budget")                                                   \
    X(LOAN_DIFFERS, "loan_differs", "贷款数据不一致", "the loan is another one in the guarantee")                              \
    X(SUBSIDY_AMOUNT, "subsidy_amount", "贴息金额不符", "another subsidy than the terms give")                                 \
    X(CLAWBACK_AMOUNT, "clawback_amount", "追回金额不符", "another clawback than the terms give")                              \
    X(BANK_SHARE_SHIFTED, "bank_share_shifted", "银行份额转移", "compensation although the bank's share was shifted")         \
    X(BANK_SHARE, "bank_share", "银行分担不符", "the bank bears another share than the tree gives")                            \
    X(PAID_TWICE, "paid_twice", "重复代偿", "a claim compensated twice")                                                       \
    X(OVER_CAP, "over_cap", "超过代偿率上限", "compensation over the programme's cap")                                         \
    X(CLAIM_AMOUNT, "claim_amount", "代偿金额不符", "another compensation than is covered")                                    \
    X(SHARE_AMOUNT, "share_amount", "分担金额不符", "another share than the tree gives")                                       \
    X(FEE_AMOUNT, "fee_amount", "担保费不符", "another guarantee or re-guarantee fee than the terms give")                     \
    X(INTEREST_AMOUNT, "interest_amount", "利息不符", "another interest than the balance gives")                               \
    X(RECOVERY_AMOUNT, "recovery_amount", "追偿分配不符", "another part of a recovery than what was borne gives")              \
    X(EXPOSURE_AMOUNT, "exposure_amount", "在保责任不符", "another exposure memo than the tree gives")                         \
    X(LOAN_AMOUNT, "loan_amount", "本金分录不符", "principal booked otherwise than stated")                                    \
    X(POOL_SHARE, "pool_share", "资金池补偿金额不符", "another compensation by a pool than base, ratio and cash give")         \
    X(POOL_OVER_CAP, "pool_over_cap", "超过资金池上限", "compensation over a cap of the pool or the stacking ceiling")         \
    X(POOL_LAYER, "pool_layer", "资金池出资层次不符", "drawn from other layers than their order and shares give")              \
    X(POOL_QUEUE, "pool_queue", "资金池排队次序不符", "a claim paid out of its turn, or not in its turn")                      \
    X(POOL_PAID_TWICE, "pool_paid_twice", "资金池重复补偿", "a loan or claim compensated twice")                               \
    X(POOL_NOT_ELIGIBLE, "pool_not_eligible", "不符合资金池条件", "a loan or claim that the pool does not stand behind")       \
    X(POOL_RECOVERY, "pool_recovery", "资金池追偿分配不符", "another part of a recovery than what each bears gives")           \
    X(POOL_REFUND, "pool_refund", "返还回补层次不符", "layers refilled otherwise than they paid")                              \
    X(POOL_DEMAND_BACK, "pool_demand_back", "资金池追回金额不符", "another amount demanded back than was paid")                \
    X(POOL_FUNDING, "pool_funding", "出资到账不符", "funding booked otherwise than sent and confirmed")                        \
    X(POOL_WIND_UP, "pool_wind_up", "清算返还不符", "wound up with claims open, or another part returned")                     \
    X(POOL_MEMO, "pool_memo", "或有补偿责任不符", "another memo of what the pool may have to pay")                             \
    X(POOL_BREAKER, "pool_breaker", "熔断状态不符", "the pool warned, stopped or went on otherwise than its lines say")        \
    X(OBLIGATION_AMOUNT, "obligation_amount", "往来金额不符", "an obligation made or settled with another amount")           \
    X(OBLIGATION_SETTLED_TWICE, "obligation_settled_twice", "往来重复清算", "an obligation settled, or taken back, twice")     \
    X(OBLIGATION_LEFT_OUT, "obligation_left_out", "往来遗漏", "an obligation of the cut was not settled with it")              \
    X(OBLIGATION_NOT_IN_CUT, "obligation_not_in_cut", "清算范围外往来", "netted although it is not in the cut, or left it")        \
    X(GROSS_NET, "gross_net", "全额轧差不符", "a gross obligation was netted, or a net one settled by itself")                 \
    X(CYCLE_STATEMENT, "cycle_statement", "清算单不符", "a member confirmed another statement than the obligations give")      \
    X(CYCLE_STEP, "cycle_step", "清算步骤不符", "a cycle went on without the answers, notices or time that it takes")          \
    X(INSTRUCTION_AMOUNT, "instruction_amount", "付款指令不符", "another payment than the instruction rule gives")             \
    X(NET_POSITION, "net_position", "轧差头寸不符", "the cash of a cycle is not the member's net position")                    \
    X(OVER_LINE, "over_line", "超出授信额度", "a voucher beyond the core firm's line")                                         \
    X(INVOICE_USED, "invoice_used", "发票重复融资", "a voucher beyond what is left of its invoices")                           \
    X(REGISTRATION_USED, "registration_used", "登记重复使用", "one registration finances twice, or there is none")             \
    X(VOUCHER_SPENT, "voucher_spent", "凭证重复使用", "a voucher that is spent, bound or over was used again")                 \
    X(VOUCHER_AMOUNT, "voucher_amount", "凭证金额不符", "another amount than the voucher's face gives")                        \
    X(DISCOUNT_AMOUNT, "discount_amount", "贴现金额不符", "another discount than rate and days give")                          \
    X(RECOURSE_AMOUNT, "recourse_amount", "追索金额不符", "another recourse than the chain of holders gives")                  \
    X(UNEXPLAINED, "unexplained", "无法解释的分录", "booked by an event that books nothing")
enum re_kind {
#define X(name, text, zh, en) RE_##name,
    RE_KINDS(X)
#undef X
        RE_KIND_COUNT
};
const struct audit_kind *re_kind(enum re_kind k);

/* ---- rederive_math.c ---- */
enum re_round { RE_FLOOR, RE_HALF_UP };
int64_t re_divide(zyd_u128 n, zyd_u128 d, enum re_round how); /* d > 0; INT64_MAX when it does not fit */
int64_t re_ppm(int64_t amount, uint64_t ppm, enum re_round how);
int64_t re_min(int64_t a, int64_t b);
int64_t re_max(int64_t a, int64_t b);
int32_t re_days(int32_t from, int32_t to); /* 0 when to is not later */
/* amount x ppm x days / (10^6 x basis), HALF_UP once. */
int64_t re_yearly(int64_t amount, uint64_t ppm, int32_t days, uint32_t basis);
/* The first settlement date after date (ruling 5). */
int32_t re_settlement_after(int32_t date, uint32_t day, uint32_t months);
/* ALLOC (3.0.3): increments that bring memory to the shares of total; false: all weights 0, or total below the memory. */
#define RE_PARTS 32u
bool re_alloc(int64_t *inc, const int64_t *memory, int64_t total, const int64_t *weights, size_t count);

void *re_new(size_t size); /* cleared */
/* One more element at the end of an array that grows: its address. */
void *re_append(void **array, size_t *count, size_t size);

/* ---- rederive.c ---- */
struct re_guarantee;
struct re_subsidy;
struct re_pool;
struct re_debts; /* rederive_nets.h */
struct re_cycles;
struct re_vouchers;
struct re {
    const struct zyd_genesis *genesis;
    struct audit_pass *pass;
    struct audit_findings findings;
    uint64_t compared; /* amounts */
    struct re_guarantee *guarantee;
    struct re_subsidy *subsidy;
    struct re_pool *pool;
    struct re_debts *debts;
    struct re_cycles *cycles;
    struct re_vouchers *vouchers;
};
struct re *re_open(const struct zyd_genesis *g, struct audit_pass *pass); /* joins the pass */
void re_close(struct re *re);

/* Rows of one operation: what is right, added up by member, label and the accounts' codes without what follows the dot, but
 * for a pool's layers (3001.NAME). */
#define RE_CODE_SIZE 18u
#define RE_ROWS 256u
struct re_row {
    uint16_t member, label;
    char dr[RE_CODE_SIZE], cr[RE_CODE_SIZE];
    int64_t right, booked;
    enum re_kind kind;
};
struct re_rows {
    size_t count;
    struct re_row row[RE_ROWS];
};
void re_expect(struct re_rows *r, enum re_kind kind, uint16_t member, uint16_t label, const char *dr, const char *cr,
               int64_t amount);
int64_t re_booked(const struct audit_step *s, uint16_t member, uint16_t label, const char *dr, const char *cr);
/* An obligation's two rows: debtor dr / 2141, creditor 1141 / cr. */
void re_expect_due(struct re_rows *r, enum re_kind kind, uint16_t label, uint16_t debtor, const char *dr, uint16_t creditor,
                   const char *cr, int64_t amount);
/* Compares with the step's postings; a row that nobody expects is `other`. */
void re_compare(struct re *re, const struct audit_step *s, struct re_rows *r, enum re_kind other, int32_t from, int32_t to);
/* What REVERSE may take back: the last such operation of an object, and what it posted. */
struct re_note {
    struct zyd_hash op_id;
    uint16_t event;
    struct zyd_posting *posted;
    size_t count;
    bool good;
};
void re_note_take(struct re_note *n, const struct audit_step *s);
/* The step's postings are the note's, mirrored; an opposite obligation may stand in place of one that was taken back.  False,
 * with a finding: it is another operation that was reversed. */
bool re_note_mirror(struct re *re, const struct audit_step *s, struct re_note *n);
/* A finding at a step; amounts in fen, or both -1: none. */
void re_find(struct re *re, const struct audit_step *s, enum re_kind kind, uint16_t member, int32_t from, int32_t to,
             int64_t booked, int64_t right, const char *format, ...) __attribute__((format(printf, 9, 10)));
bool re_warned(const struct audit_step *s, uint32_t code);

/* A programme's parameters: numbers in the order of the product's table, and what stands behind them. */
struct re_terms {
    uint16_t programme;
    uint64_t slots[64];
    uint8_t rest[ZYD_RECORD_VALUE_MAX];
    size_t rest_size;
};
bool re_terms_read(struct re *re, struct re_terms *out, uint16_t programme, size_t slots, struct zyd_span *rest);

/* ---- the products ---- */
struct re_subsidy *re_subsidy_new(struct re *re);
void re_subsidy_free(struct re_subsidy *p);
void re_subsidy_step(struct re_subsidy *p, const struct audit_step *s);
struct re_guarantee *re_guarantee_new(struct re *re);
void re_guarantee_free(struct re_guarantee *p);
void re_guarantee_step(struct re_guarantee *p, const struct audit_step *s);
void re_guarantee_grade(struct re_guarantee *p, const struct audit_step *s); /* GRADE of the register */
/* What the guarantee knows of a drawdown; false: it does not know it. */
struct re_drawn {
    int64_t balance;
    int32_t maturity;
};
bool re_guarantee_drawn(const struct re_guarantee *p, struct re_drawn *out, const struct zyd_hash *object, uint32_t number);
/* What it leaves with its bank of the loan it stands for (3.2, FILE): all, a part, or that is not known yet; OPEN also when it
 * is no guarantee of this bank and borrower (SHA-256 of the argument). */
enum re_left { RE_LEFT_ALL, RE_LEFT_PART, RE_LEFT_OPEN };
enum re_left re_guarantee_left(const struct re_guarantee *p, int64_t *part, const struct zyd_hash *object, uint16_t bank,
                               const struct zyd_hash *borrower);
struct re_pool *re_pool_new(struct re *re);
void re_pool_free(struct re_pool *p);
void re_pool_step(struct re_pool *p, const struct audit_step *s);
void re_pool_settled(struct re_pool *p, const struct audit_step *s); /* every step: obligations of pools that were paid in it */
/* Was it overdue on one of the days from..until, or on the day to? */
bool re_guarantee_overdue(const struct re_guarantee *p, const struct zyd_hash *object, int32_t from, int32_t until, int32_t to);

#endif
