/* dispute.c: DISPUTE and RESOLVE of a part of a claim (domain.md 3.0.6): what is in dispute is left out of the compensation,
 * the rest goes on; what is upheld later is paid on top. */
#include "pool.h"

/* DISPUTE: FILED, REVIEW -> same by DEPT, TRUSTEE or BANK: whoever does not agree to the base.  Inputs: amount of the base,
 * less than all of it (that would be REJECT), reason. */
void event_dispute(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    int64_t amount = cc_arg_fen(&rd, 1);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    state_in(p, ZYD_PS_FILED, ZYD_PS_REVIEW);
    if (o->disputed != 0) {
        ct_fail(CC_BAD_STATE); /* one at a time */
    }
    if (amount >= o->claimed) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
    uint16_t who = p->call->member;
    sign(p, who == o->bank || who == p->trustee ? who : (uint16_t)param(p, ZYD_PP_DEPT));
    signed_end(p);
    o->disputed = amount;
    loan_store(p);
}

/* RESOLVE: by ALL(BANK, DEPT, TRUSTEE).  Input: how much of the disputed part is upheld.  Before REVIEW_OK that is base again,
 * and the rest leaves the claim.  After it what is upheld is compensated on top, as far as the caps leave room, and waits its
 * turn. */
void event_resolve(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    int64_t upheld = cc_arg_fen(&rd, 0), more = 0;
    ct_rd_end(&rd);
    bool approved = o->state != ZYD_PS_FILED && o->state != ZYD_PS_REVIEW;
    if (approved) {
        pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
        state_in(p, ZYD_PS_APPROVED, ZYD_PS_REFUNDING);
    }
    if (o->disputed == 0 || p->pool.round != 0) {
        ct_fail(CC_BAD_STATE);
    }
    if (upheld > o->disputed) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
    sign(p, o->bank);
    sign(p, (uint16_t)param(p, ZYD_PP_DEPT));
    sign(p, p->trustee);
    signed_end(p);
    if (approved) {
        more = compensation_more(p, o->claimed - o->disputed + upheld);
        o->disputed = 0; /* what was not upheld stays with the bank, in the weights of recoveries too */
    } else {
        o->claimed -= o->disputed - upheld;
        o->disputed = 0;
    }
    if (more > 0) {
        o->approved += more;
        caps_add(p, more, true);
        if (o->flags & ZYD_PF_QUEUED) {
            shortage_lower(p, -more);
            if (o->state > ZYD_PS_PART_PAID) {
                o->state = ZYD_PS_PART_PAID;
            }
            cash_came(p);
        } else {
            o->shortage += more;
            o->approved_on = p->call->date; /* among those that wait it is one of this day (pro rata) */
            draw(p);
        }
        pool_store(p);
    }
    loan_store(p);
}
