/* guarantee.h: what the files of the guarantee contract share.  Read main.c first, then the files in the order of the
 * declarations.  Sections, tables and rulings are those of domain.md 3.1 and 3.7. */
#ifndef GUARANTEE_H
#define GUARANTEE_H

#include <zyd/common.h>
#include <zyd/guarantee.h>

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
    const uint8_t *slots, *banks;
    struct cc_tree tree; /* two roots: bank and rest */
    uint32_t bank_count;
    struct ct_rd documents; /* the array of evidence names, not read yet */
    /* the contract of the call; without drawdowns it is not loaded beyond its head */
    struct object o;
    char borrower[CC_TEXT_SIZE]; /* as accounts name it; set by gu_borrower */
    struct cc_signers who;
};

/* ---- params.c: the programme's parameters, decoded where they are asked for ---- */
void params_open(struct gu *g);
uint64_t param(const struct gu *g, enum zyd_guarantee_param which);
uint16_t param_member(const struct gu *g, enum zyd_guarantee_param which); /* or CT_NO_MEMBER */
uint32_t bank_ppm(const struct gu *g);
uint32_t rest_ppm(const struct gu *g);                  /* the guarantee side's share */
/* The share tree without memory: bank's part and the leaves of total (level 1), or of rest alone (the levels below);
 * leaves in depth-first order (ruling 1). */
int64_t tree_split(struct cc_leaves *out, const struct gu *g, int64_t total);
void tree_split_rest(struct cc_leaves *out, const struct gu *g, int64_t rest);

/* ---- post.c: records, accounts, signers, deadlines ---- */
void object_load(struct gu *g);
void object_store(struct gu *g);
uint32_t claim_load(struct claim *out, const struct gu *g); /* its party count */
void claim_store(const struct claim *c, const struct gu *g);
void state_in(const struct gu *g, uint32_t first, uint32_t last); /* 9111 unless the state lies between */
static inline void sign(struct gu *g, uint16_t member)
{
    cc_sign(&g->who, member);
}
static inline void signed_end(const struct gu *g)
{
    cc_signed_end(&g->who);
}
void gu_borrower(struct gu *g);
void account_borrower(char out[CT_ACCOUNT_SIZE], const struct gu *g, const char *code);
static inline void post(uint16_t member, enum zyd_guarantee_label label, const char *dr, const char *cr, int64_t amount,
                        const uint8_t *obligation)
{
    cc_post(member, (uint16_t)label, dr, cr, amount, obligation);
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

/* ---- breaker.c ---- */
struct breaker {
    struct zyd_guarantee_breaker h;
    bool absent; /* no record yet */
};
void breaker_load(struct breaker *b, const struct gu *g); /* rolled on to the year of the call */
void breaker_store(const struct breaker *b, const struct gu *g);
void breaker_open(const struct gu *g); /* 1102 when STOPPED */
int64_t breaker_room(const struct breaker *b, const struct gu *g); /* cap - used; CC_FEN_MAX without a cap */
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
