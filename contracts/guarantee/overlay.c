/* overlay.c: what an auditor or supervisor lays over a contract (domain.md 3.0.6, rulings 20, 25): FREEZE, UNFREEZE,
 * FLAG_SHIFT.
 *
 * These do not count as changes of the contract: what came before can still be reversed. */
#include "guarantee.h"

static void store_overlay(struct gu *g)
{
    g->o.h.changes--; /* object_store counts it */
    object_store(g);
}

static void by_auditor(struct gu *g)
{
    char code[13];
    if (ct_member(g->call->member, code) != CC_ROLE_AUD) {
        ct_fail(E_SIGNER_MISSING);
    }
    sign(g, g->call->member);
    signed_end(g);
}

/* FREEZE: any state before the end -> frozen by any AUD.  Input: reason.  A frozen contract answers 9110 (main.c). */
void event_freeze(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    if (g->o.h.state == ZYD_GS_RELEASED || g->o.h.state >= ZYD_GS_REJECTED) {
        ct_fail(E_BAD_STATE); /* I10 */
    }
    by_auditor(g);
    g->o.h.flags |= ZYD_GF_FROZEN;
    g->o.h.frozen_by = g->call->member;
    store_overlay(g);
}

/* UNFREEZE: by the authority that froze.  Input: reason. */
void event_unfreeze(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    if (!(g->o.h.flags & ZYD_GF_FROZEN)) {
        ct_fail(E_BAD_STATE);
    }
    sign(g, g->o.h.frozen_by);
    signed_end(g);
    g->o.h.flags &= (uint8_t)~ZYD_GF_FROZEN;
    g->o.h.frozen_by = 0;
    store_overlay(g);
}

/* FLAG_SHIFT (ruling 20): APPLIED..CLAIMED -> same by any AUD: CLAIM and APPROVE then end with 1117.  Inputs: whether the
 * bank's share is shifted, reason. */
void event_flag_shift(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    bool shifted = ct_rd_u64(&rd, 1) != 0;
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    state_in(g, ZYD_GS_APPLIED, ZYD_GS_CLAIMED);
    if (shifted == ((g->o.h.more & ZYD_GM_SHIFTED) != 0)) {
        ct_fail(E_BAD_STATE);
    }
    by_auditor(g);
    g->o.h.more ^= ZYD_GM_SHIFTED;
    store_overlay(g);
}
