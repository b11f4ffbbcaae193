/* pool.h: what the files of the pool contract share.  Read main.c first, then the files in the order of the declarations.
 * Sections, tables and rulings are those of domain.md 3.2 and 3.7. */
#ifndef POOL_H
#define POOL_H

#include <zyd/common.h>
#include <zyd/pool.h>

/* Codes of domain.md 3.6 that this contract ends with or warns of, besides the common ones. */
enum code {
    E_LAYERS = 2001,
    E_FUND_UNCONFIRMED = 2002,
    E_NOT_ELIGIBLE = 2003,
    E_OTHER_POOL = 2004,
    E_LEVERAGE = 2005,
    E_TRIGGER_NOT_MET = 2006,
    E_COVERED_BY_GUARANTEE = 2007,
    E_AMOUNT_MISMATCH = 2008,
    E_BANK_YEAR_CAP = 2009,
    W_STACK_TRUNCATED = 2010,
    W_POOL_SHORT = 2011,
    W_REFUND_LATE = 2012,
    E_CLAWBACK_OVER_PAID = 2013,
    E_RESUME_QUORUM = 2014,
    E_OPEN_CLAIMS = 2015
};

#define LAYERS_MAX ZYD_POOL_LAYERS_MAX
#define LAYER_NAME_SIZE (ZYD_POOL_NAME_MAX + 1)

/* Records with room for all that may stand behind them. */
struct loan {
    struct zyd_pool_loan h;
    struct zyd_pool_part part[LAYERS_MAX];
};

struct layer_terms {
    char name[LAYER_NAME_SIZE];
    uint16_t contributor;
    uint32_t level, ppm;
};

/* One call. */
struct pl {
    const struct ct_call *call;
    /* params.c: views into the input */
    const uint8_t *slots;
    struct layer_terms terms[LAYERS_MAX];
    uint32_t layer_count, ratio_count, document_count;
    uint32_t ratios[ZYD_POOL_CLASSES_MAX]; /* ppm of class 1 ... */
    uint64_t banks;                        /* bit: member */
    uint16_t trustee;
    struct cc_signers signers;
    /* the pool, after pool_load */
    uint8_t pool_id[CT_ID_SIZE];
    struct zyd_pool pool;
    struct zyd_pool_layer layer[LAYERS_MAX];
    /* the loan of the call, after loan_load */
    struct loan o;
};

/* ---- params.c ---- */
void params_open(struct pl *p);
uint64_t param(const struct pl *p, enum zyd_pool_param which);
uint32_t layer_end(const struct pl *p, uint32_t first); /* past the last layer of first's level */
void layer_account(char out[CT_ACCOUNT_SIZE], const struct pl *p, uint32_t i); /* 3001.NAME */
bool layer_new(const struct pl *p, uint32_t i); /* is i the first layer of its contributor? */
void layers_check(const struct pl *p);          /* 2001 */
uint32_t class_ratio(const struct pl *p, uint32_t loan_class);
bool is_bank(const struct pl *p, uint16_t member);

/* ---- post.c: records, keys, accounts, signers, deadlines ---- */
void pool_load(struct pl *p); /* 9111 when there is none */
void pool_store(const struct pl *p);
void pool_in(const struct pl *p, enum zyd_pool_state first, enum zyd_pool_state last); /* 9111 */
void pool_become(struct pl *p, enum zyd_pool_state state);                             /* and tells it */
void loan_load(struct pl *p);
void loan_store(const struct pl *p);
void state_in(const struct pl *p, enum zyd_pool_state first, enum zyd_pool_state last); /* 9111 */
void minute_store(const struct pl *p);
uint32_t key_of(uint8_t key[64], uint8_t kind, uint32_t number, uint32_t bytes, const uint8_t *id); /* id: 32 bytes or NULL */
uint32_t key_of_bank(uint8_t key[64], uint8_t kind, uint32_t number, uint32_t bytes, uint16_t bank, const uint8_t *id);
int64_t sum_get(const uint8_t *key, uint32_t size); /* 0 when there is none */
void sum_put(const uint8_t *key, uint32_t size, int64_t sum);
void sign(struct pl *p, uint16_t member);
void signed_end(struct pl *p);
void sign_contributors(struct pl *p);
bool is_auditor(uint16_t member); /* or supervisor */
bool gross(const struct pl *p);
void deadline_workdays(const struct pl *p, enum zyd_pool_deadline which, enum zyd_pool_param count);
void deadline_clear(const struct pl *p, enum zyd_pool_deadline which);
bool id_is_set(const uint8_t id[CT_ID_SIZE]);

/* ---- found.c: CREATE, FUND, FUND_CONFIRM, RESUME, WIND_UP, OPENING ---- */
void event_create(struct pl *p);
void event_fund(struct pl *p);
void event_fund_confirm(struct pl *p);
void event_resume(struct pl *p);
void event_wind_up(struct pl *p);
void event_opening(struct pl *p);
void sys_returned(struct pl *p);

/* ---- loan.c: ENROL, REGISTER_LOAN, REPAY, STATUS, CURE, and the breaker ---- */
void event_enrol(struct pl *p);
void event_register_loan(struct pl *p);
void event_repay(struct pl *p);
void event_status(struct pl *p);
void event_cure(struct pl *p);
void npl_set(struct pl *p, bool on);          /* counts the loan in the pool's npl, or not */
void balance_lower(struct pl *p, int64_t by); /* the loan's principal, and with it the pool's sums */
/* BREAK: the integer test of E9.  rose: the rate may have risen; only then the pool stops. */
void breaker(struct pl *p, bool rose);
/* The memo of what the pool may have to pay on the loan, at the ratio of its class: from `before` to `after` of principal. */
void memo(struct pl *p, int64_t before, int64_t after);

/* ---- claim.c: FILE, DEPT_OK, REVIEW_OK, REJECT, CLOSE, FREEZE, UNFREEZE ---- */
void event_file(struct pl *p);
void event_dept_ok(struct pl *p);
void event_review_ok(struct pl *p);
void event_reject(struct pl *p);
void event_close(struct pl *p);
void event_freeze(struct pl *p);
void event_unfreeze(struct pl *p);
void claim_ended(struct pl *p); /* it no longer counts as open, nor its loan's balance */
/* What REVIEW_OK counts against the caps of borrower, stacking and (with_year) bank: + or -. */
void caps_add(const struct pl *p, int64_t amount, bool with_year);

/* Do the caps of borrower and stacking leave so much?  base: what of the claim is not in dispute. */
bool caps_have(const struct pl *p, int64_t amount, int64_t base);
int64_t compensation_more(const struct pl *p, int64_t base);    /* what a greater base adds to what was approved */

/* ---- dispute.c ---- */
void event_dispute(struct pl *p);
void event_resolve(struct pl *p);

/* ---- reverse.c ---- */
void reversible(struct pl *p, void (*event)(struct pl *p)); /* runs the event of a loan and notes it down */
void reversible_funding(struct pl *p);                      /* FUND_CONFIRM, noted down */
void event_reverse(struct pl *p);

/* ---- draw.c: DRAW and SERVE_QUEUE ---- */
int64_t cash(const struct pl *p); /* in all layers */
void draw(struct pl *p);          /* the claim was approved: pays it, or what there is, and queues the rest */
void sys_serve_queue(struct pl *p);
void cash_came(struct pl *p);                       /* calls the queue's first claim; before pool_store */
void shortage_lower(struct pl *p, int64_t by);      /* of the call's claim, without payment */

/* ---- recover.c: RECOVER, DEMAND_BACK, and what SETTLED and deadlines do to a claim ---- */
void event_recover(struct pl *p);
void event_demand_back(struct pl *p);
void sys_settled(struct pl *p);
void sys_late(struct pl *p);

#endif
