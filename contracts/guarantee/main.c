/* main.c: the guarantee contract's entry: which function runs for which event (domain.md 3.1).
 *
 * Every function of an event reads like its row of the table: inputs, preconditions in the table's order, signers, then
 * postings, records and deadlines.  Nothing is written before all signers are there (ledger.md 2.5). */
#include "guarantee.h"

static void member_event(struct gu *g)
{
    uint32_t event = g->call->event;
    bool makes =
        event == ZYD_GE_APPLY || event == ZYD_GE_OPENING || event == ZYD_GE_BREAKER_RESET || event == ZYD_GE_ENROL_LIST;
    if (event < ZYD_GE_APPLY || event > ZYD_GE_TAKE_UP || makes == (g->call->has_object != 0)) {
        ct_fail(E_RANGE); /* no such event, or an object where none belongs */
    }
    if (!makes && event != ZYD_GE_TAKE_UP) {
        object_read(g);
        object_open(g);
        if (g->o.h.flags & ZYD_GF_FROZEN && event != ZYD_GE_UNFREEZE && event != ZYD_GE_REVERSE && event != ZYD_GE_RECOVER) {
            ct_fail(E_FROZEN); /* 3.0.6, ruling 25 */
        }
    }
    switch ((enum zyd_guarantee_event)event) {
    case ZYD_GE_APPLY:
        event_apply(g);
        break;
    case ZYD_GE_DD_DONE:
        event_dd_done(g);
        break;
    case ZYD_GE_OFFER:
        event_offer(g);
        break;
    case ZYD_GE_FILE_RE:
        event_file_re(g);
        break;
    case ZYD_GE_ISSUE:
        event_issue(g);
        break;
    case ZYD_GE_DISBURSE:
        reversible(g, event_disburse);
        break;
    case ZYD_GE_REPAY:
    case ZYD_GE_PREPAY:
        reversible(g, event_repay);
        break;
    case ZYD_GE_OVERDUE:
        reversible(g, event_overdue);
        break;
    case ZYD_GE_CLAIM:
        event_claim(g);
        break;
    case ZYD_GE_APPROVE:
        event_approve(g);
        break;
    case ZYD_GE_RECOVER:
        reversible(g, event_recover);
        break;
    case ZYD_GE_WRITE_OFF:
        reversible(g, event_write_off);
        break;
    case ZYD_GE_RELEASE:
        event_release(g);
        break;
    case ZYD_GE_BREAKER_RESET:
        event_breaker_reset(g);
        break;
    case ZYD_GE_OPENING:
        event_opening(g);
        break;
    case ZYD_GE_REJECT:
        event_reject(g);
        break;
    case ZYD_GE_CANCEL:
        event_cancel(g);
        break;
    case ZYD_GE_QUERY:
        event_query(g);
        break;
    case ZYD_GE_SUPPLY:
        event_supply(g);
        break;
    case ZYD_GE_REFUSE:
        event_refuse(g);
        break;
    case ZYD_GE_DISPUTE:
        event_dispute(g);
        break;
    case ZYD_GE_RESOLVE:
        event_resolve(g);
        break;
    case ZYD_GE_EXTEND:
        reversible(g, event_extend);
        break;
    case ZYD_GE_CURE:
        reversible(g, event_cure);
        break;
    case ZYD_GE_FREEZE:
        event_freeze(g);
        break;
    case ZYD_GE_UNFREEZE:
        event_unfreeze(g);
        break;
    case ZYD_GE_REVERSE:
        event_reverse(g);
        break;
    case ZYD_GE_FLAG_SHIFT:
        event_flag_shift(g);
        break;
    case ZYD_GE_ENROL_LIST:
        event_enrol(g);
        break;
    case ZYD_GE_TAKE_UP:
        event_take_up(g);
        break;
    }
}

static void sys_event(struct gu *g)
{
    if (breaker_is(g->call->object)) {
        sys_breaker_period(g);
        return;
    }
    if (object_read(g) == ZYD_GUARANTEE_KIND_ENROLMENT) {
        sys_enrolment(g);
        return;
    }
    object_open(g);
    if (g->call->event == CT_EVENT_SETTLED) {
        sys_settled(g);
        return;
    }
    switch ((enum zyd_guarantee_deadline)g->call->deadline) {
    case ZYD_GD_INT_SETTLE:
        sys_int_settle(g);
        break;
    case ZYD_GD_OVERDUE:
        sys_overdue(g);
        break;
    case ZYD_GD_LAPSE:
        sys_lapse(g);
        break;
    case ZYD_GD_SILENCE:
        sys_silence(g);
        break;
    case ZYD_GD_RELEASE:
        sys_release(g);
        break;
    case ZYD_GD_PAYMENT_LATE:
    case ZYD_GD_SHARE_LATE:
        sys_late(g);
        break;
    case ZYD_GD_CLOCK:
        sys_clock(g);
        break;
    }
}

int64_t contract_call(const struct ct_call *call, uint64_t size);
int64_t contract_call(const struct ct_call *call, uint64_t size)
{
    struct gu g; /* filled piece by piece: clearing 1.5 KiB at each call would be fuel for nothing */
    (void)size;
    g.call = call;
    g.borrower[0] = 0;
    g.undo = 0;
    g.who = (struct cc_signers){.call = call};
    params_open(&g);
    if (call->sys) {
        sys_event(&g);
    } else {
        member_event(&g);
    }
    return 0;
}
