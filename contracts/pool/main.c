/* main.c: the pool contract's entry: which function runs for which event (domain.md 3.2).
 *
 * Every function of an event reads like its row of the table: inputs, preconditions in the table's order, signers, then
 * postings, records and deadlines.  Nothing is written before all signers are there (ledger.md 2.5). */
#include "pool.h"

static bool makes_object(uint32_t event)
{
    return event == ZYD_PE_CREATE || event == ZYD_PE_FUND || event == ZYD_PE_ENROL || event == ZYD_PE_REGISTER_LOAN ||
           event == ZYD_PE_OPENING;
}

static bool on_loan(uint32_t event)
{
    return (event >= ZYD_PE_REPAY && event <= ZYD_PE_CLOSE) || event == ZYD_PE_FREEZE || event == ZYD_PE_UNFREEZE ||
           event == ZYD_PE_DISPUTE || event == ZYD_PE_RESOLVE;
}

static void member_event(struct pl *p)
{
    uint32_t event = p->call->event;
    if (event < ZYD_PE_CREATE || event > ZYD_PE_REVERSE || makes_object(event) == (p->call->has_object != 0)) {
        ct_fail(CC_RANGE); /* no such event, or an object where none belongs */
    }
    if (event != ZYD_PE_CREATE && event != ZYD_PE_OPENING) {
        pool_load(p);
    }
    if (on_loan(event)) {
        loan_load(p);
        if (p->o.h.frozen && event != ZYD_PE_UNFREEZE && event != ZYD_PE_RECOVER) {
            ct_fail(CC_FROZEN); /* ruling 25: SYS go on */
        }
    }
    switch ((enum zyd_pool_event)event) {
    case ZYD_PE_CREATE:
        event_create(p);
        break;
    case ZYD_PE_FUND:
        event_fund(p);
        break;
    case ZYD_PE_FUND_CONFIRM:
        reversible_funding(p);
        break;
    case ZYD_PE_ENROL:
        event_enrol(p);
        break;
    case ZYD_PE_REGISTER_LOAN:
        event_register_loan(p);
        break;
    case ZYD_PE_REPAY:
        reversible(p, event_repay);
        break;
    case ZYD_PE_STATUS:
        event_status(p);
        break;
    case ZYD_PE_CURE:
        event_cure(p);
        break;
    case ZYD_PE_FILE:
        event_file(p);
        break;
    case ZYD_PE_DEPT_OK:
        event_dept_ok(p);
        break;
    case ZYD_PE_REVIEW_OK:
        event_review_ok(p);
        break;
    case ZYD_PE_REJECT:
        event_reject(p);
        break;
    case ZYD_PE_RECOVER:
        reversible(p, event_recover);
        break;
    case ZYD_PE_DEMAND_BACK:
        reversible(p, event_demand_back);
        break;
    case ZYD_PE_CLOSE:
        event_close(p);
        break;
    case ZYD_PE_RESUME:
        event_resume(p);
        break;
    case ZYD_PE_WIND_UP:
        event_wind_up(p);
        break;
    case ZYD_PE_OPENING:
        event_opening(p);
        break;
    case ZYD_PE_FREEZE:
        event_freeze(p);
        break;
    case ZYD_PE_UNFREEZE:
        event_unfreeze(p);
        break;
    case ZYD_PE_DISPUTE:
        event_dispute(p);
        break;
    case ZYD_PE_RESOLVE:
        event_resolve(p);
        break;
    case ZYD_PE_REVERSE:
        event_reverse(p);
        break;
    }
}

static void sys_event(struct pl *p)
{
    pool_load(p);
    if (memcmp(p->pool_id, p->call->object, CT_ID_SIZE) == 0) { /* the pool has no deadlines: a return was paid */
        sys_returned(p);
        return;
    }
    loan_load(p);
    if (p->call->event == CT_EVENT_SETTLED) {
        sys_settled(p);
    } else if (p->call->deadline == ZYD_PD_SERVE_QUEUE) {
        sys_serve_queue(p);
    } else {
        sys_late(p);
    }
}

int64_t contract_call(const struct ct_call *call, uint64_t size);
int64_t contract_call(const struct ct_call *call, uint64_t size)
{
    struct pl p; /* filled piece by piece: clearing it at each call would be fuel for nothing */
    (void)size;
    p.call = call;
    p.signers = (struct cc_signers){.call = call};
    params_open(&p);
    if (call->sys) {
        sys_event(&p);
    } else {
        member_event(&p);
    }
    return 0;
}
