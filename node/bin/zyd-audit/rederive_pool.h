/* rederive_pool.h: risk-compensation pools as the auditor keeps them (rederive_pool.c, rederive_pool_claim.c,
 * rederive_pool_draw.c, rederive_pool_back.c): layers, loans and their claims, caps, the queue, all from what members
 * signed. */
#ifndef ZYD_AUDIT_REDERIVE_POOL_H
#define ZYD_AUDIT_REDERIVE_POOL_H

#include "rederive_nets.h"
#include <zyd/pool.h>

#define PL_ACCOUNT (5u + ZYD_POOL_NAME_MAX + 1u) /* 3001.NAME */

struct pl_layer {
    char account[PL_ACCOUNT];
    uint16_t contributor;
    uint64_t level;
    int64_t ppm, balance, funded, drawn; /* drawn: less what came back */
};
struct pl_loan;
struct pl_round { /* of a pro rata queue: over the claims of one approval day */
    bool on;
    size_t at, last; /* places in the queue */
    int64_t cash, total, seen, given;
};
struct pl_pool { /* a programme */
    struct re_terms t;
    struct pl_layer layers[ZYD_POOL_LAYERS_MAX];
    size_t layer_count, ratio_count, documents, open_claims, returns;
    int64_t ratios[ZYD_POOL_CLASSES_MAX];
    uint64_t banks; /* bit: member */
    uint16_t trustee;
    uint8_t state;
    int64_t balance, npl, pending, memo, shortage;
    struct pl_loan **queue; /* everybody who ever waited; those from head on still do */
    size_t queue_count, head;
    struct pl_round round;
    bool hungry, told; /* cash is there for claims that wait, since when; a finding says so */
    int32_t hungry_on;
    uint64_t hungry_at;
};
struct pl_money { /* of a loan and its claim: what REVERSE brings back */
    uint8_t state;
    bool npl, ended; /* counts in the pool's npl; no longer in its sums */
    int32_t approved_on;
    int64_t balance, memo;
    int64_t claimed, disputed, approved, paid, shortage, refunded, clawed;
    int64_t net, carried, bank_got, pool_got; /* recoveries */
};
struct pl_loan {
    struct pl_pool *pool;
    uint16_t bank;
    uint64_t class_;
    struct zyd_hash borrower, loan, guarantee; /* borrower: SHA-256 of the argument */
    re_account customer;                       /* 2101.BORROWER */
    bool linked, reviewed, queued;
    int32_t drawn_on, since[ZYD_POOL_LAWSUIT + 1]; /* since: as STATUS said; 0: not */
    size_t place;                                  /* in the queue */
    struct pl_money m, before;
    struct {
        int64_t paid, refilled;
    } part[ZYD_POOL_LAYERS_MAX];
    struct re_note note;
    uint16_t noted; /* the event that before and note are of */
};
struct pl_funding {
    struct pl_pool *pool;
    size_t layer;
    int64_t amount;
    struct zyd_hash ref; /* SHA-256 */
    bool confirmed;
    struct re_note note;
};
struct pl_promise { /* an obligation */
    struct zyd_hash id;
    struct pl_loan *loan; /* NULL: of a winding up */
    struct pl_pool *pool;
    uint16_t label;
    int64_t amount;
    uint64_t settled; /* height; 0: not, or told */
};
struct re_pool {
    struct re *re;
    struct pl_pool **pools;
    size_t pool_count;
    struct audit_map loans, fundings, promises; /* by object; by obligation */
    struct audit_map registered;                /* by class, bank and loan: the loan */
    struct audit_map entries, sums;             /* white lists; int64 that caps are held against */
    struct pl_promise **paid;                   /* settled, and their objects have not heard of it yet */
    size_t paid_count;
};

static inline uint64_t pl_param(const struct pl_pool *p, enum zyd_pool_param which)
{
    return p->t.slots[which];
}
static inline int64_t pl_fen(const struct pl_pool *p, enum zyd_pool_param which)
{
    return (int64_t)pl_param(p, which);
}
static inline bool pl_running(const struct pl_pool *p)
{
    return p->state >= ZYD_PS_OPEN && p->state <= ZYD_PS_STOPPED;
}
static inline bool pl_approved(const struct pl_loan *c)
{
    return c->m.state >= ZYD_PS_APPROVED && c->m.state != ZYD_PS_REJECTED && c->m.state != ZYD_PS_REPAID;
}
static inline int64_t pl_base(const struct pl_loan *c) /* 3.0.6: what is not in dispute */
{
    return c->m.claimed - c->m.disputed;
}
static inline int64_t pl_outstanding(const struct pl_loan *c) /* of what was paid, what neither came back nor is on its way */
{
    return c->m.paid - c->m.refunded - c->m.clawed;
}
int64_t pl_cash(const struct pl_pool *p);

/* ---- rederive_pool.c ---- */
void pl_breaker(struct pl_pool *p, bool rose); /* E9; rose: the rate may have risen, only then it stops */
void pl_npl(struct pl_loan *c, bool on);
void pl_lower(struct pl_loan *c, int64_t by); /* what is owed, and the pool's sums with it */
void pl_ended(struct pl_loan *c);             /* no claim any more */
/* The memo as it should stand: FLOOR(owed x ratio) until the claim is approved. */
void pl_memo(struct re_lines *rows, struct pl_loan *c);
int64_t pl_ratio(const struct pl_loan *c);
/* A number by letter, numbers and id, 0 at first. */
int64_t *pl_sum(struct re_pool *p, char letter, uint64_t a, uint64_t b, const struct zyd_hash *id);
void pl_key(struct zyd_hash *out, char letter, uint64_t a, uint64_t b, const struct zyd_hash *id);
void pl_none(struct re_pool *p, const struct audit_step *s); /* an event that books nothing */
void pl_wrong(struct re_pool *p, const struct audit_step *s, const struct pl_loan *c, enum re_kind kind, const char *why);

/* An obligation's two rows: debtor dr / 2141, creditor 1141 / cr. */
void pl_due(const struct re *re, struct re_lines *rows, enum re_kind kind, uint16_t label, uint16_t debtor, const char *dr,
            uint16_t creditor, const char *cr, int64_t amount);

/* ---- rederive_pool_claim.c ---- */
void pl_file(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd);
void pl_dept_ok(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd);
void pl_review_ok(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd);
void pl_reject(struct re_pool *p, struct pl_loan *c, const struct audit_step *s);
void pl_dispute(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd);
void pl_resolve(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd);
/* What is approved of the claim's loan or borrower beyond cap and ceiling; 0: nothing. */
int64_t pl_over_caps(struct re_pool *p, const struct pl_loan *c);
/* Against the caps of borrower and stacking; the bank's year too. */
void pl_count(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s, int64_t amount, bool year);

/* ---- rederive_pool_draw.c ---- */
/* DRAW of an approved claim: at once what there is unless others wait, the rest joins the queue.  rows: what else is booked. */
void pl_draw(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct re_lines *rows);
void pl_serve(struct re_pool *p, struct pl_loan *c, const struct audit_step *s);
void pl_shortage(struct pl_loan *c, int64_t more); /* of a claim in the queue */
/* Cash came for claims that wait and nobody served them; before a member's operation. */
void pl_waiting(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s);
void pl_hungry(struct pl_pool *pool, const struct audit_step *s, bool served); /* behind every operation */
/* What was booked between a layer's account and the other one. */
int64_t pl_layer_booked(const struct audit_step *s, const struct pl_pool *p, uint16_t label, size_t layer, bool debit);

/* ---- rederive_pool_back.c ---- */
void pl_recover(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd);
void pl_demand_back(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd);
void pl_reverse(struct re_pool *p, struct pl_loan *c, const struct audit_step *s);
void pl_reverse_funding(struct re_pool *p, struct pl_funding *f, const struct audit_step *s);
void pl_wind_up(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s);
/* Notes the obligations of a step. */
void pl_promised(struct re_pool *p, struct pl_pool *pool, struct pl_loan *c, const struct audit_step *s);
void pl_settled_rows(struct re_pool *p, const struct audit_step *s);
void pl_settled(struct re_pool *p, struct pl_loan *c, const struct audit_step *s); /* the object hears of it */

#endif
