/* main.c: the subsidy contract's entry: which function runs for which event (domain.md 3.3).
 *
 * Every function of an event reads like its row of the table: inputs, preconditions in the table's order, signers, then
 * postings, records and deadlines.  Nothing is written before all signers are there (ledger.md 2.5).
 *
 * ACCRUE has no operation: what a day adds follows from the balances, rates and dates that the loan and the household keep, so
 * SETTLE sums the days up, segment by segment, and a day on which nothing changes costs nothing. */
#include "subsidy.h"

static void member_event(struct su *s)
{
    uint32_t event = s->call->event;
    bool makes = event == ZYD_SE_ENROL || event == ZYD_SE_PROGRAMME;
    if (event < ZYD_SE_ENROL || event > ZYD_SE_REVERSE || makes == (s->call->has_object != 0)) {
        ct_fail(CC_RANGE); /* no such event, or an object where none belongs */
    }
    if (!makes) {
        enrolment_load(s);
        if (s->e.h.frozen && event != ZYD_SE_UNFREEZE && event != ZYD_SE_REVERSE) {
            ct_fail(CC_FROZEN);
        }
    }
    switch ((enum zyd_subsidy_event)event) {
    case ZYD_SE_ENROL:
        event_enrol(s);
        break;
    case ZYD_SE_SETTLE:
        reversible(s, event_settle);
        break;
    case ZYD_SE_REPAY_CHANGE:
        event_repay_change(s);
        break;
    case ZYD_SE_RATE_CHANGE:
        event_rate_change(s);
        break;
    case ZYD_SE_EXTEND_CHANGE:
        event_extend_change(s);
        break;
    case ZYD_SE_STOP:
        event_stop(s);
        break;
    case ZYD_SE_FEE_CHANGE:
        reversible(s, event_fee_change);
        break;
    case ZYD_SE_CLAWBACK:
        event_clawback(s);
        break;
    case ZYD_SE_REINSTATE:
        event_reinstate(s);
        break;
    case ZYD_SE_CLOSE:
        event_close(s);
        break;
    case ZYD_SE_PROGRAMME:
        event_programme(s);
        break;
    case ZYD_SE_FREEZE:
        event_freeze(s);
        break;
    case ZYD_SE_UNFREEZE:
        event_unfreeze(s);
        break;
    case ZYD_SE_REVERSE:
        event_reverse(s);
        break;
    }
}

int64_t contract_call(const struct ct_call *call, uint64_t size);
int64_t contract_call(const struct ct_call *call, uint64_t size)
{
    struct su s; /* filled piece by piece: clearing 4 KiB at each call would be fuel for nothing */
    (void)size;
    s.call = call;
    s.who = (struct cc_signers){.call = call};
    params_open(&s);
    if (!call->sys) {
        member_event(&s);
    } else if (call->event == CT_EVENT_DEADLINE) {
        enrolment_load(&s);
        sys_stop(&s);
    } /* else: an obligation was settled; nothing follows from it */
    return 0;
}
