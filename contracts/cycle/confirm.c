/* confirm.c: CONFIRM (domain.md 3.5, ruling 28): each member with a position says yes to the hash of its statement, or names
 * the obligations that it refuses; those leave, and the rest is computed anew, twice at most. */
#include "cycle.h"

/* All have answered, or the time is over: goes on, cuts again, or gives up.  silent: members of `needed` that said nothing. */
static void answered(struct cy *y, uint64_t silent)
{
    silent &= y->c.position; /* a FISCAL member's gross list is not in the netting */
    if ((y->c.refused | silent) == 0) {
        set_state(y, ZYD_CS_CONFIRMED);
        work(y, ZYD_CW_INSTRUCT);
    } else if (y->c.round >= ZYD_CYCLE_ROUNDS_MAX) {
        set_state(y, ZYD_CS_UNWINDING);
        work(y, ZYD_CW_ROLL);
    } else {
        y->c.round++;
        y->c.leaving = silent;
        set_state(y, ZYD_CS_CUT_OFF);
        work(y, ZYD_CW_RECUT);
    }
}

/* Marks an obligation of the member as refused; it leaves with the next pass. */
static void refuse(struct cy *y, const uint8_t *id)
{
    uint8_t key[1 + CT_ID_SIZE];
    struct zyd_cycle_place place;
    struct page p;
    key[0] = 'X';
    memcpy(key + 1, id, CT_ID_SIZE);
    if (ct_get(y->call->contract, key, sizeof key, &place, sizeof place) != (int64_t)sizeof place ||
        place.cycle != y->c.number || place.programme != y->c.programme) {
        ct_fail(CC_UNKNOWN_OBJECT);
    }
    uint32_t index = place.position / ZYD_CYCLE_PAGE;
    page_load(&p, y, 'O', index);
    struct zyd_cycle_entry *e = &p.e[place.position % ZYD_CYCLE_PAGE];
    if (e->status == ZYD_CYCLE_LEFT) {
        ct_fail(CC_BAD_STATE);
    }
    if (e->debtor != y->call->member && e->creditor != y->call->member) {
        ct_fail(CC_RANGE);
    }
    e->status = ZYD_CYCLE_REFUSED;
    page_store(&p, y, 'O', index);
}

/* CONFIRM: COMPUTED -> CONFIRMED once every member asked has said yes.  Inputs: cycle, statement hash, ids refused. */
void event_confirm(struct cy *y)
{
    struct cc_signers who = {.call = y->call};
    struct ct_rd rd = ct_args(y->call);
    uint8_t expected[CT_ID_SIZE];
    if (ct_rd_array(&rd) != 3) {
        ct_fail(CC_RANGE);
    }
    cycle_load(y, ct_rd_id(&rd));
    const uint8_t *statement = ct_rd_id(&rd);
    uint32_t refused = ct_rd_array(&rd);
    struct ct_rd ids = rd;
    for (uint32_t i = 0; i < refused; i++) {
        ct_rd_id(&rd);
    }
    ct_rd_end(&rd);
    if (refused > ZYD_CYCLE_REFUSE_MAX) {
        ct_fail(CC_RANGE);
    }
    if (y->c.state != ZYD_CS_COMPUTED) {
        ct_fail(CC_BAD_STATE);
    }
    if (y->call->time_ms >= y->c.confirm_ms) {
        ct_fail(CC_DEADLINE);
    }
    uint64_t me = UINT64_C(1) << y->call->member;
    if ((y->c.needed & me) == 0) {
        ct_fail(CC_SIGNER_MISSING);
    }
    if (((y->c.confirmed | y->c.refused) & me) != 0) {
        ct_fail(CC_DUP_KEY);
    }
    statement_hash(expected, y, y->call->member);
    if (memcmp(expected, statement, sizeof expected) != 0) {
        ct_fail(E_NOT_CONFIRMED);
    }
    cc_sign(&who, y->call->member);
    cc_signed_end(&who);
    for (uint32_t i = 0; i < refused; i++) {
        refuse(y, ct_rd_id(&ids));
    }
    *(refused > 0 ? &y->c.refused : &y->c.confirmed) |= me;
    if (((y->c.confirmed | y->c.refused) & y->c.needed) == y->c.needed) {
        cycle_deadline(y, ZYD_CD_CONFIRM_END, 0);
        answered(y, 0);
    }
    paper(y, ZYD_CYCLE_KIND_CONFIRM, y->id);
    cycle_store(y);
}

/* The time to confirm is over: who is silent refuses all its obligations (ruling 28). */
void sys_confirm_end(struct cy *y)
{
    if (y->c.state != ZYD_CS_COMPUTED) {
        return;
    }
    ct_warn(E_NOT_CONFIRMED);
    answered(y, y->c.needed & ~(y->c.confirmed | y->c.refused));
    cycle_store(y);
}
