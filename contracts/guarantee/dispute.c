/* dispute.c: QUERY, SUPPLY, REFUSE, DISPUTE, RESOLVE and the clock of a review (domain.md 3.0.6, 3.1, rulings 7, 21). */
#include "guarantee.h"

/* QUERY: CLAIMED -> CLAIMED by GUAR, at most twice a claim.  Input: text.  The clock stands for supply_wd at most. */
void event_query(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    uint32_t left = 0;
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_CLAIMED, ZYD_GS_CLAIMED);
    ct_rd_id(&rd);
    ct_rd_end(&rd);
    if (g->o.h.more & ZYD_GM_QUERY || g->o.h.flags & ZYD_GF_ESCALATED) {
        ct_fail(E_BAD_STATE); /* ruling 21 */
    }
    if (g->o.h.queries == ZYD_GUARANTEE_QUERIES_MAX) {
        ct_fail(E_TOO_MANY_QUERIES);
    }
    sign(g, param_member(g, ZYD_GP_GUAR));
    signed_end(g);
    for (int32_t day = g->call->date; day < g->o.h.review_until;) {
        day = zyd_date_add(day, 1);
        left += ct_workday_is(day);
    }
    g->o.h.clock_left = (uint8_t)left; /* at most review_wd, 250 */
    g->o.h.queries++;
    g->o.h.more |= ZYD_GM_QUERY;
    object_store(g);
    deadline_clear(g, ZYD_GD_SILENCE);
    deadline_after_workdays(g, ZYD_GD_CLOCK, ZYD_GP_SUPPLY_WD);
}

/* The review goes on after `date` with the working days that were left. */
static void clock_on(struct gu *g, int32_t date)
{
    g->o.h.more &= (uint8_t)~ZYD_GM_QUERY;
    review_from(g, date, g->o.h.clock_left);
    object_store(g);
}

/* SUPPLY: CLAIMED -> CLAIMED by BANK while a query is open.  Input: document. */
void event_supply(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_CLAIMED, ZYD_GS_CLAIMED);
    ct_rd_id(&rd);
    ct_rd_end(&rd);
    if (!(g->o.h.more & ZYD_GM_QUERY)) {
        ct_fail(E_BAD_STATE);
    }
    sign(g, g->o.h.bank);
    signed_end(g);
    deadline_clear(g, ZYD_GD_CLOCK);
    clock_on(g, g->call->date);
}

/* CLOCK: nothing was supplied in supply_wd; the clock runs again after the last of those days. */
void sys_clock(struct gu *g)
{
    state_in(g, ZYD_GS_CLAIMED, ZYD_GS_CLAIMED);
    clock_on(g, zyd_date_add(g->call->date, -1));
}

/* REFUSE: CLAIMED -> OVERDUE by GUAR; RELEASED at once when the last day of a claim is past (ruling 7).  Inputs: reason code,
 * clause of the contract. */
void event_refuse(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_CLAIMED, ZYD_GS_CLAIMED);
    ct_rd_u64(&rd, 9999);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    sign(g, param_member(g, ZYD_GP_GUAR));
    signed_end(g);
    stop_review(g);
    g->o.h.state = ZYD_GS_OVERDUE;
    g->o.h.disputed = 0;
    g->o.h.more = (uint8_t)((g->o.h.more | ZYD_GM_REFUSED) & ~ZYD_GM_DISPUTED);
    if (window_over(g)) {
        release(g);
        return;
    }
    object_store(g);
    deadline_release(g);
}

/* DISPUTE: of a part of the claim, CLAIMED -> CLAIMED by BANK or GUAR: APPROVE then goes without it.  Of a refusal, OVERDUE ->
 * OVERDUE by BANK, of any part: the guarantee does not end while it lasts.  Inputs: amount, document. */
void event_dispute(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    uint16_t bank = g->o.h.bank, guar = param_member(g, ZYD_GP_GUAR);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_OVERDUE, ZYD_GS_CLAIMED);
    bool refusal = g->o.h.state == ZYD_GS_OVERDUE;
    int64_t amount = cc_arg_fen(&rd, 1);
    ct_rd_id(&rd);
    ct_rd_end(&rd);
    if (g->o.h.more & ZYD_GM_DISPUTED || (refusal && !(g->o.h.more & ZYD_GM_REFUSED))) {
        ct_fail(E_BAD_STATE);
    }
    if (amount > g->o.h.claim || (!refusal && amount == g->o.h.claim)) {
        ct_fail(E_AMOUNT_MISMATCH); /* all of a claim is refused, not disputed */
    }
    sign(g, !refusal && g->call->member == guar ? guar : bank);
    signed_end(g);
    g->o.h.disputed = amount;
    g->o.h.more |= ZYD_GM_DISPUTED;
    object_store(g);
    if (refusal) {
        deadline_clear(g, ZYD_GD_RELEASE);
    }
}

static void resolved(struct gu *g)
{
    g->o.h.disputed = 0;
    g->o.h.more &= (uint8_t)~ZYD_GM_DISPUTED;
}

/* RESOLVE: by BANK and GUAR, and who signs APPROVE where money follows.  Inputs: amount upheld, agreement or award.
 *   CLAIMED                 the rest leaves the claim
 *   OVERDUE (refused)       upheld: claimed again, for that amount; nothing: the guarantee ends with the claim window
 *   CLAIM_APPROVED..RECOVERING   upheld: compensated on top, the shares with memory */
void event_resolve(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_OVERDUE, ZYD_GS_RECOVERING);
    int64_t upheld = cc_arg_fen(&rd, 0);
    ct_rd_id(&rd);
    ct_rd_end(&rd);
    if (!(g->o.h.more & ZYD_GM_DISPUTED)) {
        ct_fail(E_BAD_STATE);
    }
    if (upheld > g->o.h.disputed || (g->o.h.state == ZYD_GS_OVERDUE && upheld > covered(g))) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
    sign(g, g->o.h.bank);
    sign(g, param_member(g, ZYD_GP_GUAR));
    if (g->o.h.state > ZYD_GS_CLAIMED && upheld > 0) {
        compensate_disputed(g, upheld); /* the other signers, too */
        resolved(g);
        object_store(g);
        return;
    }
    signed_end(g);
    if (g->o.h.state == ZYD_GS_OVERDUE && upheld > 0) {
        claimed(g, upheld);
        return;
    }
    if (g->o.h.state == ZYD_GS_CLAIMED) {
        g->o.h.claim -= g->o.h.disputed - upheld;
    }
    resolved(g);
    if (g->o.h.state == ZYD_GS_OVERDUE && window_over(g)) {
        release(g);
        return;
    }
    object_store(g);
    if (g->o.h.state == ZYD_GS_OVERDUE) {
        deadline_release(g);
    }
}
