/* main.c: the guarantee contract's entry: which function runs for which event (domain.md 3.1).
 *
 * Every function of an event reads like its row of the table: inputs, preconditions in the table's order, signers, then
 * postings, records and deadlines.  Nothing is written before all signers are there (ledger.md 2.5). */
#include "guarantee.h"

static void member_event(struct gu *g)
{
    uint32_t event = g->call->event;
    bool makes = event == ZYD_GE_APPLY || event == ZYD_GE_OPENING || event == ZYD_GE_BREAKER_RESET;
    if (event < ZYD_GE_APPLY || event > ZYD_GE_CANCEL || makes == (g->call->has_object != 0)) {
        ct_fail(E_RANGE); /* no such event, or an object where none belongs */
    }
    if (!makes) {
        object_load(g);
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
        event_disburse(g);
        break;
    case ZYD_GE_REPAY:
        event_repay(g);
        break;
    case ZYD_GE_OVERDUE:
        event_overdue(g);
        break;
    case ZYD_GE_CLAIM:
        event_claim(g);
        break;
    case ZYD_GE_APPROVE:
        event_approve(g);
        break;
    case ZYD_GE_RECOVER:
        event_recover(g);
        break;
    case ZYD_GE_WRITE_OFF:
        event_write_off(g);
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
    }
}

static void sys_event(struct gu *g)
{
    if (breaker_is(g->call->object)) {
        sys_breaker_period(g);
        return;
    }
    object_load(g);
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
    case ZYD_GD_CLOCK: /* never set: QUERY is not an event of this version */
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
    g.who = (struct cc_signers){call, false};
    params_open(&g);
    if (call->sys) {
        sys_event(&g);
    } else {
        member_event(&g);
    }
    return 0;
}
