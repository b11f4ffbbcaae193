/* settle.c: passes over a cycle's obligations, a page of 64 each SYS call: out of the cycle (RECUT, UNWIND, ROLL) or settled
 * (SETTLE); then the cash (PAY) and the end (CLOSE). */
#include "cycle.h"

static bool leaves(const struct cy *y, const struct zyd_cycle_entry *e)
{
    return y->c.work == ZYD_CW_ROLL || e->status == ZYD_CYCLE_REFUSED ||
           ((y->c.leaving >> e->debtor | y->c.leaving >> e->creditor) & 1) != 0;
}

/* Another's failure may raise what a member has to pay in (E16: GUAR's).  Its reserve is there for that; beyond it people are
 * told.  The reserve itself is money at the member's bank: nobody holds it here. */
static void warn_of_reserve(const struct cy *y)
{
    int64_t reserve = (int64_t)param(y, ZYD_CP_RESERVE);
    for (uint32_t i = 0; reserve > 0 && i < y->c.members; i++) {
        int64_t position = y->m[i].in - y->m[i].out;
        if (position < 0 && y->m[i].asked - position > reserve) {
            ct_warn(W_PAY_IN_FAILED);
        }
    }
}

static bool any_paid(const struct cy *y)
{
    for (uint32_t i = 0; i < y->c.members; i++) {
        if (y->m[i].paid != 0) {
            return true;
        }
    }
    return false;
}

static void left(struct cy *y)
{
    switch ((enum zyd_cycle_work)y->c.work) {
    case ZYD_CW_RECUT: /* each round is confirmed anew */
        work(y, ZYD_CW_COMPUTE);
        break;
    case ZYD_CW_UNWIND: /* no new confirmation: the same obligations, fewer */
        compute(y);
        warn_of_reserve(y);
        if (y->c.active == 0 && y->c.plan_count == 0) {
            work(y, any_paid(y) ? ZYD_CW_PAY : ZYD_CW_CLOSE);
        } else {
            make_instructions(y, param(y, ZYD_CP_FAIL_MIN));
        }
        break;
    default:
        compute(y);
        work(y, ZYD_CW_CLOSE);
        break;
    }
}

/* Rolls what leaves; what stays is summed and hashed anew. */
void work_leave(struct cy *y)
{
    struct page p;
    if (y->c.cursor == 0) {
        clear_sums(y);
    }
    page_load(&p, y, 'O', y->c.cursor);
    bool changed = false;
    for (uint32_t i = 0; i < p.count; i++) {
        struct zyd_cycle_entry *e = &p.e[i];
        if (e->status == ZYD_CYCLE_LEFT) {
            continue;
        }
        if (leaves(y, e)) {
            ct_obligation_move(e->id, CT_MOVE_ROLL);
            e->status = ZYD_CYCLE_LEFT;
            changed = true;
        } else {
            book(y, e);
        }
    }
    if (changed) {
        page_store(&p, y, 'O', y->c.cursor);
    }
    y->c.cursor++;
    if (y->c.cursor * ZYD_CYCLE_PAGE < y->c.count) {
        work_on(y);
    } else {
        left(y);
    }
    cycle_store(y);
}

/* SETTLE: the host posts the four legs through 2199 and tells the makers. */
void work_settle(struct cy *y)
{
    struct page p;
    page_load(&p, y, 'O', y->c.cursor);
    bool changed = false;
    for (uint32_t i = 0; i < p.count; i++) {
        if (p.e[i].status == ZYD_CYCLE_IN) {
            ct_obligation_move(p.e[i].id, CT_MOVE_SETTLE);
            p.e[i].status = ZYD_CYCLE_DONE;
            changed = true;
        }
    }
    if (changed) {
        page_store(&p, y, 'O', y->c.cursor);
    }
    y->c.cursor++;
    if (y->c.cursor * ZYD_CYCLE_PAGE < y->c.count) {
        work_on(y);
    } else {
        work(y, ZYD_CW_PAY);
    }
    cycle_store(y);
}

/* Cash of the matched payments of all rounds, in the cycle's own programme: then 2199 is zero for every member. */
void work_pay(struct cy *y)
{
    struct zyd_cycle_instruction i;
    uint32_t end = y->c.cursor + ZYD_CYCLE_PAGE;
    for (; y->c.cursor < y->c.instr_count && y->c.cursor < end; y->c.cursor++) {
        instr_load(&i, y, y->c.cursor + 1);
        if (i.state == ZYD_CYCLE_MATCHED) {
            cc_post(i.payer, ZYD_CL_PAID, "2199", "1001", i.amount, i.id);
            cc_post(i.payee, ZYD_CL_PAID, "1001", "2199", i.amount, i.id);
        }
    }
    if (y->c.cursor < y->c.instr_count) {
        work_on(y);
    } else {
        set_state(y, ZYD_CS_SETTLED);
        work(y, ZYD_CW_CLOSE);
    }
    cycle_store(y);
}

/* CLOSE: the members' statements and the root over them. */
void work_close(struct cy *y)
{
    uint8_t statements[ZYD_CYCLE_MEMBERS_MAX][CT_ID_SIZE];
    for (uint32_t i = 0; i < y->c.members; i++) {
        statement_hash(statements[i], y, (uint16_t)i);
    }
    ct_sha256(y->c.root, statements, y->c.members * CT_ID_SIZE);
    y->c.work = ZYD_CW_NONE;
    set_state(y, ZYD_CS_CLOSED);
    cycle_store(y);
}
