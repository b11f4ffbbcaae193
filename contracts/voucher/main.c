/* main.c: the voucher contract's entry: which function runs for which event (domain.md 3.4).
 *
 *   ISSUE --> OFFERED --ACCEPT--> ACTIVE --SPLIT, TRANSFER--> SPENT + children, each ACTIVE
 *                |                  |  <--UNPLEDGE/PLEDGE-->  PLEDGED
 *                |                  +--DISCOUNT--> FINANCED
 *             CANCEL,             ACTIVE, PLEDGED, FINANCED --due date, or PREPAY--> MATURED --settled--> PAID
 *             offer ends                                                               +--3 wd--> DEFAULTED --settled--> PAID
 *                v
 *            CANCELLED
 *
 * Every function of an event reads like its row of the table: inputs, preconditions in the table's order, signers, then
 * postings, records and deadlines.  Nothing is written before all signers are there (ledger.md 2.5). */
#include "voucher.h"

static void member_event(struct vo *v)
{
    uint32_t event = v->call->event;
    bool makes = event == ZYD_VE_LINE || event == ZYD_VE_ISSUE;
    if (event < ZYD_VE_LINE || event > ZYD_VE_REVERSE || makes == (v->call->has_object != 0)) {
        ct_fail(CC_RANGE); /* no such event, or an object where none belongs */
    }
    if (!makes) {
        token_load(v);
    }
    switch ((enum zyd_voucher_event)event) {
    case ZYD_VE_LINE:
        event_line(v);
        break;
    case ZYD_VE_ISSUE:
        event_issue(v);
        break;
    case ZYD_VE_ACCEPT:
        reversible(v, event_accept);
        break;
    case ZYD_VE_CANCEL:
        event_cancel(v);
        break;
    case ZYD_VE_SPLIT:
        event_split(v);
        break;
    case ZYD_VE_TRANSFER:
        event_transfer(v);
        break;
    case ZYD_VE_DISCOUNT:
        reversible(v, event_discount);
        break;
    case ZYD_VE_PLEDGE:
        reversible(v, event_pledge);
        break;
    case ZYD_VE_UNPLEDGE:
        reversible(v, event_unpledge);
        break;
    case ZYD_VE_PREPAY:
        reversible(v, event_prepay);
        break;
    case ZYD_VE_DEFAULT:
        event_default(v);
        break;
    case ZYD_VE_FREEZE:
        event_freeze(v);
        break;
    case ZYD_VE_UNFREEZE:
        event_unfreeze(v);
        break;
    case ZYD_VE_REVERSE:
        event_reverse(v);
        break;
    }
}

static void sys_event(struct vo *v)
{
    token_load(v);
    if (v->call->event == CT_EVENT_SETTLED) {
        sys_settled(v);
        return;
    }
    switch ((enum zyd_voucher_deadline)v->call->deadline) {
    case ZYD_VD_OFFER_END:
        sys_offer_end(v);
        break;
    case ZYD_VD_MATURE:
        sys_mature(v);
        break;
    case ZYD_VD_CLOCK:
        sys_clock(v);
        break;
    case ZYD_VD_DEFAULTED:
        sys_default(v);
        break;
    }
}

int64_t contract_call(const struct ct_call *call, uint64_t size);
int64_t contract_call(const struct ct_call *call, uint64_t size)
{
    struct vo v = {.call = call, .signers = {.call = call}};
    (void)size;
    params_open(&v);
    if (call->sys) {
        sys_event(&v);
    } else {
        member_event(&v);
    }
    return 0;
}
