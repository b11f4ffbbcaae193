/* main.c: the settlement cycle contract's entry (domain.md 3.5).
 *
 *   CUT: OPEN --TAKE--> CUT_OFF --COMPUTE--> COMPUTED --all CONFIRM--> CONFIRMED --INSTRUCT--> INSTRUCTED --NOTICE--> SETTLING
 *                          ^--- RECUT: refused or silent --|  |                       ^ |                                | |
 *                                  (twice at most)            |                       | '-- pay-in deadline --> UNWINDING <-' |
 *                                                             v                       '------- the rest ----------'       v
 *                                            UNWINDING --ROLL--> CLOSED <--CLOSE-- SETTLED <--PAY--------------- all matched
 *
 * Everything that touches each obligation is cut into slices of 64, each its own SYS call (deadline WORK, due at once). */
#include "cycle.h"

static void member_event(struct cy *y)
{
    if (y->call->has_object) {
        ct_fail(CC_RANGE); /* every event makes an object (ruling 28) */
    }
    switch ((enum zyd_cycle_event)y->call->event) {
    case ZYD_CE_START:
        event_start(y);
        return;
    case ZYD_CE_CONFIRM:
        event_confirm(y);
        return;
    case ZYD_CE_NOTICE:
        event_notice(y);
        return;
    case ZYD_CE_OPENING:
        event_opening(y);
        return;
    }
    ct_fail(CC_RANGE);
}

static void next_slice(struct cy *y)
{
    switch ((enum zyd_cycle_work)y->c.work) {
    case ZYD_CW_TAKE:
        work_take(y);
        break;
    case ZYD_CW_COMPUTE:
        work_compute(y);
        break;
    case ZYD_CW_RECUT:
    case ZYD_CW_UNWIND:
    case ZYD_CW_ROLL:
        work_leave(y);
        break;
    case ZYD_CW_INSTRUCT:
        work_instruct(y);
        break;
    case ZYD_CW_SETTLE:
        work_settle(y);
        break;
    case ZYD_CW_PAY:
        work_pay(y);
        break;
    case ZYD_CW_CLOSE:
        work_close(y);
        break;
    case ZYD_CW_NONE:
        break;
    }
}

static void sys_event(struct cy *y)
{
    if (y->call->event == CT_EVENT_SETTLED) {
        return; /* an OPENING's obligation: nothing more to do */
    }
    switch ((enum zyd_cycle_deadline)y->call->deadline) {
    case ZYD_CD_CUT:
        sys_cut(y);
        break;
    case ZYD_CD_NEXT:
        sys_next(y);
        break;
    case ZYD_CD_CONFIRM_END:
        cycle_load(y, y->call->object);
        sys_confirm_end(y);
        break;
    case ZYD_CD_PAY_END:
        cycle_load(y, y->call->object);
        sys_pay_end(y);
        break;
    case ZYD_CD_WORK:
        cycle_load(y, y->call->object);
        next_slice(y);
        break;
    }
}

int64_t contract_call(const struct ct_call *call, uint64_t size);
int64_t contract_call(const struct ct_call *call, uint64_t size)
{
    struct cy y; /* filled piece by piece: clearing 3 KiB at each call would be fuel for nothing */
    (void)size;
    y.call = call;
    params_open(&y);
    if (call->sys) {
        sys_event(&y);
    } else {
        member_event(&y);
    }
    return 0;
}
