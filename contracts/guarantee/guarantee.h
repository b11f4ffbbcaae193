/* guarantee.h: what the files of the guarantee contract share.  Read main.c first, then the files in the order of the
 * declarations.  Sections, tables and rulings are those of domain.md 3.1 and 3.7. */
#ifndef GUARANTEE_H
#define GUARANTEE_H

#include <zyd/contract.h>
#include <zyd/date.h>
#include <zyd/guarantee.h>

#define PPM INT64_C(1000000)
#define FEN_MAX INT64_C(9000000000000000) /* 3.0.1 MAX_AMT */
#define ROLE_FISCAL 5                     /* zyd/genesis.h */

/* Codes of domain.md 3.6 that this contract ends with. */
enum code {
    E_PROGRAMME_CLOSED = 1101,
    E_BREAKER_STOPPED = 1102,
    E_HOUSEHOLD_CAP = 1103,
    E_BANK_SHARE_LOW = 1106,
    E_FILING_MISSING = 1107,
    E_OVER_LIMIT = 1108,
    E_RATE_OVER_CAP = 1109,
    E_SPLIT_ORDER = 1110,
    W_NOTICE_LATE = 1113,
    E_CLAIM_TOO_EARLY = 1114,
    E_CLAIM_EXPIRED = 1115,
    E_EVIDENCE_MISSING = 1116,
    E_BANK_SHARE_SHIFTED = 1117,
    E_AMOUNT_MISMATCH = 1119,
    W_SILENCE_ESCALATED = 1120,
    W_PAYMENT_LATE = 1121,
    W_SHARE_LATE = 1122,
    E_NOTHING_TO_WRITE_OFF = 1124,
    E_NOT_RELEASABLE = 1125,
    E_CAP_EXHAUSTED = 1126,
    E_SIGNER_MISSING = 9102,
    E_SHARE_SUM = 9103,
    E_RANGE = 9104,
    E_BAD_ID = 9105,
    E_DEADLINE = 9106,
    E_DUP_KEY = 9109,
    E_BAD_STATE = 9111,
    E_BAD_DATE = 9112
};

/* An object record with room for all its drawdowns. */
struct object {
    struct zyd_guarantee_object h;
    struct zyd_guarantee_drawdown d[ZYD_GUARANTEE_DRAWDOWNS_MAX];
};
struct claim {
    struct zyd_guarantee_claim h;
    struct zyd_guarantee_party p[ZYD_GUARANTEE_LEAVES_MAX + 1];
};

/* One call. */
struct gu {
    const struct ct_call *call;
    /* params.c: views into the input */
    const uint8_t *slots, *tree, *tree_end, *banks;
    uint32_t bank_count;
    struct ct_rd documents; /* the array of evidence names, not read yet */
    /* the contract of the call; without drawdowns it is not loaded beyond its head */
    struct object o;
    char borrower[19]; /* as accounts name it; set by gu_borrower */
    bool actor;        /* call->member is one of the signers */
};

/* Amounts of the leaves of the guarantee side, in depth-first order (ruling 1). */
struct leaves {
    uint32_t count;
    uint16_t member[ZYD_GUARANTEE_LEAVES_MAX];
    int64_t amount[ZYD_GUARANTEE_LEAVES_MAX];
};

/* ---- params.c: the programme's parameters, decoded where they are asked for ---- */
void params_open(struct gu *g);
uint64_t param(const struct gu *g, enum zyd_guarantee_param which);
uint16_t param_member(const struct gu *g, enum zyd_guarantee_param which); /* or CT_NO_MEMBER */
uint32_t node_ppm(const uint8_t *node);
uint16_t node_member(const uint8_t *node);
uint32_t node_children(const uint8_t *node);
const uint8_t *node_next(const uint8_t *node);          /* past the node and all below it */
uint32_t rest_ppm(const struct gu *g);                  /* the guarantee side's share */
bool tree_has(const struct gu *g, uint16_t member);     /* is member a leaf? */
void tree_check(const struct gu *g);                    /* 9103 unless every node's children sum to 1,000,000 */

/* ---- alloc.c: 3.0.3.  Knows nothing of the contract; tests/model drives it natively. ---- */
/* inc: increments that bring the cumulative total T to its shares by weights; paid (memory, may be NULL for none) is raised by
 * them.  count 1..12.  Ends the call with 9103 when all weights are 0, with 9104 when total < sum of paid. */
void alloc(int64_t *inc, int64_t *paid, int64_t total, const int64_t *weights, uint32_t count);
/* The share tree without memory: bank's part and the leaves of total (level 1), or of rest alone (the levels below). */
int64_t tree_split(struct leaves *out, const struct gu *g, int64_t total);
void tree_split_rest(struct leaves *out, const struct gu *g, int64_t rest);

/* ---- interest.c: 3.0.4, 3.0.2.  Knows nothing of the contract either. ---- */
int64_t interest(uint64_t days_lo, uint64_t days_hi, uint32_t rate_ppm, uint32_t basis); /* HALF_UP, once */
int64_t fee(int64_t amount, uint32_t fee_ppm, uint32_t days, uint32_t basis);
/* Fee on the part of amount that the path of shares below num / den reaches. */
int64_t refee(int64_t amount, uint64_t num, uint64_t den, uint32_t fee_ppm, uint32_t days, uint32_t basis);
int32_t settlement_after(int32_t date, uint32_t day, uint32_t months); /* first settlement date later than date */
void add_days(uint64_t *lo, uint64_t *hi, int64_t amount, uint32_t days);

/* ---- post.c: records, accounts, signers, deadlines ---- */
void object_load(struct gu *g);
void object_store(struct gu *g);
uint32_t claim_load(struct claim *out, const struct gu *g); /* its party count */
void claim_store(const struct claim *c, const struct gu *g);
void state_in(const struct gu *g, uint32_t first, uint32_t last); /* 9111 unless the state lies between */
/* Signers: sign each, then signed_end (9102).  CT_NO_MEMBER is nobody. */
void sign(struct gu *g, uint16_t member);
void signed_end(struct gu *g);
void gu_borrower(struct gu *g);
void account(char out[CT_ACCOUNT_SIZE], const char *code, uint16_t member); /* "2141." + its code */
void account_borrower(char out[CT_ACCOUNT_SIZE], const struct gu *g, const char *code);
/* One debit and one credit; nothing for 0 (ruling 1), which would still cost its tariff. */
static inline void post(uint16_t member, enum zyd_guarantee_label label, const char *dr, const char *cr, int64_t amount,
                        const uint8_t *obligation)
{
    if (amount != 0) {
        ct_post(member, (uint16_t)label, dr, cr, amount, obligation);
    }
}
/* An obligation (3.0.7: its mode by `settle`); id stays in out for the postings. */
void oblige(struct ct_obligation *out, const struct gu *g, uint16_t debtor, uint16_t creditor, int64_t amount,
            enum zyd_guarantee_label why);
/* The same with its two postings: debtor dr / 2141.creditor, then creditor 1141.debtor / cr. */
void oblige_and_post(const struct gu *g, uint16_t debtor, const char *dr, uint16_t creditor, const char *cr, int64_t amount,
                     enum zyd_guarantee_label why);
/* Ruling 2: the memo moves from the shares of `before` to those of `after`. */
void memo(const struct gu *g, int64_t before, int64_t after, enum zyd_guarantee_label why);
/* Ruling 4: what is left in 2151 of drawdowns first..last-1 is earned. */
void earn_fees(struct gu *g, uint32_t first, uint32_t last);
void deadline_at(const struct gu *g, enum zyd_guarantee_deadline which, int32_t date); /* 00:00 of date */
void deadline_after_workdays(const struct gu *g, enum zyd_guarantee_deadline which, enum zyd_guarantee_param count);
void deadline_clear(const struct gu *g, enum zyd_guarantee_deadline which);
int32_t arg_date(struct ct_rd *rd); /* 9112 unless it is a calendar date */
int64_t arg_fen(struct ct_rd *rd, int64_t min);
void arg_text(struct ct_rd *rd, uint32_t min, uint32_t max);

/* ---- breaker.c ---- */
struct breaker {
    struct zyd_guarantee_breaker h;
    bool absent; /* no record yet */
};
void breaker_load(struct breaker *b, const struct gu *g); /* rolled on to the year of the call */
void breaker_store(const struct breaker *b, const struct gu *g);
void breaker_open(const struct gu *g); /* 1102 when STOPPED */
int64_t breaker_room(const struct breaker *b, const struct gu *g); /* cap - used; FEN_MAX without a cap */
void breaker_claimed(struct breaker *b, const struct gu *g, int64_t compensated, int64_t overflow);
bool breaker_is(const uint8_t object[CT_ID_SIZE]); /* is it the key of a breaker record? */

/* ---- the events: one function a row of 3.1 ---- */
void arg_borrower(struct gu *g, struct ct_rd *rd); /* apply.c: 9105 */
void object_new(struct gu *g);
void event_apply(struct gu *g);
void event_dd_done(struct gu *g);
void event_offer(struct gu *g);
void event_file_re(struct gu *g);
void event_issue(struct gu *g);
void event_reject(struct gu *g);
void event_cancel(struct gu *g);
void sys_lapse(struct gu *g);
void event_disburse(struct gu *g);      /* disburse.c */
void event_repay(struct gu *g);         /* repay.c */
void event_overdue(struct gu *g);
void event_release(struct gu *g);
void sys_int_settle(struct gu *g);
void sys_overdue(struct gu *g);
void sys_release(struct gu *g);
/* INT_SETTLE and OVERDUE of what is still owed: dates of their deadlines, 0 where there is none. */
struct loan_dates {
    int32_t settle, overdue;
};
struct loan_dates loan_dates(const struct gu *g);
/* Sets or clears those that are not as they were: a deadline costs as much as ten postings' arithmetic. */
void loan_deadlines(const struct gu *g, struct loan_dates was);
void event_claim(struct gu *g);         /* claim.c */
void event_approve(struct gu *g);
void sys_silence(struct gu *g);
void sys_settled(struct gu *g);
void sys_late(struct gu *g);
void event_recover(struct gu *g);       /* recover.c */
void event_write_off(struct gu *g);
void event_breaker_reset(struct gu *g); /* breaker.c */
void sys_breaker_period(struct gu *g);
void event_opening(struct gu *g);       /* opening.c */

#endif
