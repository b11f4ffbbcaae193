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
    E_LEVERAGE = 1104,
    E_CONCENTRATION = 1105,
    E_BANK_SHARE_LOW = 1106,
    E_FILING_MISSING = 1107,
    E_OVER_LIMIT = 1108,
    E_RATE_OVER_CAP = 1109,
    E_SPLIT_ORDER = 1110,
    E_EXTEND_LATE = 1111,
    E_EXTEND_TOO_LONG = 1112,
    W_NOTICE_LATE = 1113,
    E_CLAIM_TOO_EARLY = 1114,
    E_CLAIM_EXPIRED = 1115,
    E_EVIDENCE_MISSING = 1116,
    E_BANK_SHARE_SHIFTED = 1117,
    E_TOO_MANY_QUERIES = 1118,
    E_AMOUNT_MISMATCH = 1119,
    W_SILENCE_ESCALATED = 1120,
    W_PAYMENT_LATE = 1121,
    W_SHARE_LATE = 1122,
    E_NOTHING_TO_WRITE_OFF = 1124,
    E_NOT_RELEASABLE = 1125,
    E_CAP_EXHAUSTED = 1126,
    E_NO_TIER = 1127,
    E_NOT_IN_LIST = 1128,
    E_SIGNER_MISSING = 9102,
    E_SHARE_SUM = 9103,
    E_RANGE = 9104,
    E_BAD_ID = 9105,
    E_DEADLINE = 9106,
    E_ALREADY_INSTRUCTED = 9107,
    E_DUP_KEY = 9109,
    E_FROZEN = 9110,
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
    struct ct_rd documents; /* the array of evidence names, not read yet; tiers follow it */
    bool tiers;             /* the programme has tiers */
    /* the contract of the call; without drawdowns it is not loaded beyond its head */
    struct object o;
    char borrower[CC_TEXT_SIZE]; /* as accounts name it; set by gu_borrower */
    struct cc_signers who;
    struct undo *undo; /* reverse.c: what the event does, noted down; NULL: it cannot be reversed */
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
/* With memory: increments that bring the leaves to their shares of rest. */
void tree_split_more(struct cc_leaves *out, const struct gu *g, int64_t rest, const int64_t *memory);

/* ---- tier.c: shares by the loan's amount and the borrower's grade ---- */
void tier_choose(struct gu *g, int64_t amount); /* 1127; the contract remembers its tier, and g->tree is that tier's */
void tier_open(struct gu *g);                   /* g->tree of the tier that the contract remembers */

/* ---- post.c: records, accounts, signers, deadlines ---- */
uint8_t object_read(struct gu *g); /* the call's object into g->o; its kind; 9111 where there is none */
void object_open(struct gu *g);    /* what was read is a contract, else 9111; with the tree of its tier */
void object_store(struct gu *g);
uint32_t claim_load(struct claim *out, const struct gu *g); /* its party count */
void claim_store(const struct claim *c, const struct gu *g);
void state_in(const struct gu *g, uint32_t first, uint32_t last); /* 9111 unless the state lies between */
void sign(struct gu *g, uint16_t member);
static inline void signed_end(const struct gu *g)
{
    cc_signed_end(&g->who);
}
void gu_borrower(struct gu *g);
void account_borrower(char out[CT_ACCOUNT_SIZE], const struct gu *g, const char *code);
/* One debit and one credit; nothing for 0 (ruling 1). */
void post(uint16_t member, enum zyd_guarantee_label label, const char *dr, const char *cr, int64_t amount,
          const uint8_t *obligation);
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
void deadline_release(const struct gu *g); /* ruling 7: 00:00 of overdue date + claim_close_days + 1 */
bool window_over(const struct gu *g);      /* the last day of a claim is past */
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
void breaker_released(const struct gu *g, int64_t principal, uint32_t days, bool drawdown); /* S grows (ruling 14) */
void breaker_taken_back(const struct gu *g, int32_t year, uint64_t lo, uint64_t hi, bool drawdown);
bool breaker_is(const uint8_t object[CT_ID_SIZE]); /* is it the key of a breaker record? */

/* ---- exposure.c: what GUAR has committed, kept as two sums (rulings 10, E20) ---- */
int64_t committed(const struct gu *g); /* of the contract: limit less principal repaid; 0 when it is over */
void exposure_offer(struct gu *g, int64_t amount); /* 1104, 1105 */
void exposure_open(struct gu *g, int64_t amount);
void exposure_move(const struct gu *g, int64_t before); /* from what the contract committed to what it commits now */

/* ---- reverse.c: 3.0.10 ---- */
void undo_note_claim(struct undo *u, const struct claim *c, uint32_t size);
void undo_note_days(struct undo *u, int32_t year, uint64_t lo, uint64_t hi);
void reversible(struct gu *g, void (*event)(struct gu *g)); /* runs it, and notes down how to take it back */

/* ---- the events: one function a row of 3.1 ---- */
void arg_borrower(struct gu *g, struct ct_rd *rd); /* apply.c: 9105 */
void object_new(struct gu *g, uint16_t bank);
bool is_bank(const struct gu *g, uint16_t member); /* may it apply? */
void programme_open(const struct gu *g);           /* 1101, 9103, 1102 */
void sign_filers(struct gu *g);                    /* REG and NFGF where they share */
void sign_fiscal(struct gu *g);                    /* every FISCAL leaf */
struct household {
    struct zyd_guarantee_household h;
    uint8_t ids[ZYD_GUARANTEE_HOUSEHOLD_MAX][CT_ID_SIZE];
};
void limits(struct household *list, struct gu *g, int64_t amount); /* 1103 to 1106 */
void commit(struct household *list, struct gu *g, int64_t amount); /* the contract counts from now on */
void event_apply(struct gu *g);
void event_dd_done(struct gu *g);
void event_offer(struct gu *g);
void event_file_re(struct gu *g);
void event_issue(struct gu *g);
void event_reject(struct gu *g);
void event_cancel(struct gu *g);
void sys_lapse(struct gu *g);
void household_again(const struct gu *g);
void event_disburse(struct gu *g);      /* disburse.c */
/* 9112 for its dates, 1108 for its term, 1109 for its rate; its days. */
uint32_t check_drawdown(const struct gu *g, const struct zyd_guarantee_drawdown *d);
void draw(struct gu *g, struct zyd_guarantee_drawdown *d, uint32_t days); /* all that it posts, and the contract is ACTIVE */
void charge_fees(struct gu *g, struct zyd_guarantee_drawdown *d, int64_t amount, int32_t from, int32_t to);
void event_repay(struct gu *g);         /* repay.c; PREPAY too */
struct zyd_guarantee_drawdown *find_drawdown(struct gu *g, uint32_t number); /* 9104 */
void event_extend(struct gu *g);        /* extend.c */
void event_cure(struct gu *g);
int64_t fee_earned(const struct gu *g, uint32_t i, int32_t date); /* of drawdown i up to date (ruling 17) */
void event_overdue(struct gu *g);
void release(struct gu *g);
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
int64_t interest_open(const struct gu *g);
void compensate_disputed(struct gu *g, int64_t amount); /* RESOLVE after APPROVE: the algorithm again, on T + amount */
void review_from(struct gu *g, int32_t date, uint32_t workdays);
void stop_review(struct gu *g);        /* its deadlines, and an open query */
void claimed(struct gu *g, int64_t amount); /* into CLAIMED, with a new review */
int64_t covered(const struct gu *g);
void event_query(struct gu *g);         /* dispute.c */
void event_supply(struct gu *g);
void event_refuse(struct gu *g);
void event_dispute(struct gu *g);
void event_resolve(struct gu *g);
void sys_clock(struct gu *g);
void sign_claim(struct gu *g, int64_t amount); /* GUAR; REG and NFGF where they share and amount is over auto_claim */
void sys_silence(struct gu *g);
void sys_settled(struct gu *g);
void sys_late(struct gu *g);
void event_recover(struct gu *g);       /* recover.c */
void event_write_off(struct gu *g);
void event_breaker_reset(struct gu *g); /* breaker.c */
void sys_breaker_period(struct gu *g);
void event_opening(struct gu *g);       /* opening.c */
void event_freeze(struct gu *g);        /* overlay.c */
void event_unfreeze(struct gu *g);
void event_flag_shift(struct gu *g);
void event_reverse(struct gu *g);       /* reverse.c */
void event_enrol(struct gu *g);         /* enrol.c */
void event_take_up(struct gu *g);
void sys_enrolment(struct gu *g);

#endif
