/* repay.c: the running loan: INT_SETTLE, REPAY, OVERDUE, RELEASE (domain.md 3.0.4, 3.1, E4, rulings 4 to 7, 15, 16). */
#include "guarantee.h"

static int32_t min_date(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* The next day on which interest of d is settled: a settlement date or its maturity (ruling 5).  0: none any more. */
static int32_t next_settlement(const struct gu *g, const struct zyd_guarantee_drawdown *d)
{
    if (d->settled_to >= d->maturity || d->balance == 0) {
        return 0;
    }
    int32_t next = cc_settlement_after(d->settled_to, (uint32_t)param(g, ZYD_GP_SETTLE_DAY),
                                    (uint32_t)param(g, ZYD_GP_SETTLE_MONTHS));
    return min_date(next, d->maturity);
}

/* The earliest maturity of what is still owed; 0: nothing is. */
static int32_t first_maturity(const struct gu *g)
{
    int32_t first = 0;
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        const struct zyd_guarantee_drawdown *d = &g->o.d[i];
        if (d->balance > 0 && (first == 0 || d->maturity < first)) {
            first = d->maturity;
        }
    }
    return first;
}

struct loan_dates loan_dates(const struct gu *g)
{
    struct loan_dates out = {0, first_maturity(g)};
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        int32_t next = next_settlement(g, &g->o.d[i]);
        if (next != 0 && (out.settle == 0 || next < out.settle)) {
            out.settle = next;
        }
    }
    if (out.overdue != 0) {
        out.overdue = zyd_date_add(out.overdue, (int32_t)param(g, ZYD_GP_GRACE) + 1);
    }
    return out;
}

static void move_deadline(const struct gu *g, enum zyd_guarantee_deadline which, int32_t was, int32_t is)
{
    if (is != 0 && is != was) {
        deadline_at(g, which, is);
    } else if (is == 0 && was != 0) {
        deadline_clear(g, which);
    }
}

void loan_deadlines(const struct gu *g, struct loan_dates was)
{
    struct loan_dates is = g->o.h.state == ZYD_GS_ACTIVE ? loan_dates(g) : (struct loan_dates){0, 0};
    move_deadline(g, ZYD_GD_INT_SETTLE, was.settle, is.settle);
    move_deadline(g, ZYD_GD_OVERDUE, was.overdue, is.overdue);
}

/* Days that the running accumulator of d has reached on date: never past maturity, never less than none. */
static uint32_t running_days(const struct zyd_guarantee_drawdown *d, int32_t date)
{
    int32_t to = min_date(date, d->maturity);
    return to > d->settled_to ? (uint32_t)zyd_days_between(d->settled_to, to) : 0;
}

/* Interest of the running accumulator on date, not booked yet.  What was repaid since the last settlement earned until its own
 * value date, in whatever order the repayments came in. */
static int64_t running_interest(const struct gu *g, const struct zyd_guarantee_drawdown *d, int32_t date)
{
    uint64_t lo = d->days_lo, hi = d->days_hi;
    cc_add_days(&lo, &hi, d->balance, running_days(d, date));
    return cc_interest(lo, hi, d->rate_ppm, (uint32_t)param(g, ZYD_GP_LOAN_BASIS));
}

/* Books the interest of d up to date (exclusive) and starts a new accumulator. */
static void settle(const struct gu *g, struct zyd_guarantee_drawdown *d, int32_t date)
{
    int64_t due = running_interest(g, d, date);
    post(g->o.h.bank, ZYD_GL_INT, "1111", "4011", due, 0);
    d->interest += due;
    d->days_lo = d->days_hi = 0;
    d->settled_to = zyd_date_add(d->settled_to, (int32_t)running_days(d, date));
}

/* INT_SETTLE: ACTIVE -> same by SYS on a settlement date or at a maturity. */
void sys_int_settle(struct gu *g)
{
    state_in(g, ZYD_GS_ACTIVE, ZYD_GS_ACTIVE);
    struct loan_dates was = {0, loan_dates(g).overdue}; /* the deadline that fired is gone */
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        int32_t next = next_settlement(g, &g->o.d[i]);
        if (next != 0 && next <= g->call->date) {
            settle(g, &g->o.d[i], next);
        }
    }
    object_store(g);
    loan_deadlines(g, was);
}

struct zyd_guarantee_drawdown *find_drawdown(struct gu *g, uint32_t number)
{
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        if (g->o.d[i].number == number) {
            return &g->o.d[i];
        }
    }
    ct_fail(E_RANGE);
}

/* The fee of a drawdown that PREPAY pays off before maturity: earned to the value date, the rest back to the borrower through
 * the bank (E17, ruling 17). */
static void refund_fee(struct gu *g, struct zyd_guarantee_drawdown *d, int32_t date, const char *customer)
{
    uint16_t guar = param_member(g, ZYD_GP_GUAR);
    int64_t earned = cc_min(d->fee, fee_earned(g, (uint32_t)(d - g->o.d), date));
    post(guar, ZYD_GL_FEE_EARN, "2151", "4021", earned, 0);
    d->refunded = d->fee - earned;
    oblige_and_post(g, guar, "2151", g->o.h.bank, customer, d->refunded, ZYD_GL_FEE_REFUND);
    d->fee = 0;
}

/* REPAY: ACTIVE, OVERDUE -> same, or RELEASED at 0, by BANK.  Inputs: drawdown, value date, amount, interest in it (nil: by the
 * order of 3.0.4: interest first).  PREPAY: the same in ACTIVE before maturity; a payoff then refunds the unearned fee. */
void event_repay(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    bool early = g->call->event == ZYD_GE_PREPAY;
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_ACTIVE, early ? ZYD_GS_ACTIVE : ZYD_GS_OVERDUE);
    bool active = g->o.h.state == ZYD_GS_ACTIVE;
    struct zyd_guarantee_drawdown *d = find_drawdown(g, (uint32_t)ct_rd_u64(&rd, 999999999));
    int32_t date = cc_arg_date(&rd);
    int64_t amount = cc_arg_fen(&rd, 1), open = d->interest;
    bool split = !ct_rd_nil(&rd);
    int64_t paid_interest = split ? cc_arg_fen(&rd, 0) : 0;
    ct_rd_end(&rd);
    if (date > g->call->date || date < d->settled_to || (early && date >= d->maturity)) {
        ct_fail(E_BAD_DATE); /* ruling 15 */
    }
    /* What pays the drawdown off also pays the interest up to the value date, booked first (ruling 15). */
    int64_t running = active ? running_interest(g, d, date) : 0;
    bool payoff = split ? amount - paid_interest == d->balance : amount == d->balance + open + running;
    if (payoff) {
        open += running;
    }
    if (!split) {
        paid_interest = amount < open ? amount : open;
    }
    int64_t paid_principal = amount - paid_interest;
    if (paid_interest > open || paid_principal < 0 || paid_principal > d->balance ||
        (paid_principal > 0 && paid_interest != open) || (paid_principal == d->balance && !payoff)) {
        ct_fail(E_SPLIT_ORDER);
    }
    sign(g, g->o.h.bank);
    signed_end(g);

    uint32_t report = (uint32_t)param(g, ZYD_GP_REPORT_WD);
    if (zyd_days_between(date, g->call->date) > (int32_t)report && ct_workday_add(date, report) < g->call->date) {
        ct_warn(E_DEADLINE); /* ruling 16 */
    }
    char customer[CT_ACCOUNT_SIZE];
    struct loan_dates was = active ? loan_dates(g) : (struct loan_dates){0, 0};
    int64_t before = committed(g);
    gu_borrower(g);
    account_borrower(customer, g, "2101");
    if (payoff && active) {
        settle(g, d, date);
    }
    post(g->o.h.bank, ZYD_GL_REPAY_INT, customer, "1111", paid_interest, 0);
    d->interest -= paid_interest;
    if (paid_principal > 0) {
        post(g->o.h.bank, ZYD_GL_REPAY_PRIN, customer, active ? "1101" : "1102", paid_principal, 0);
        memo(g, g->o.h.principal, g->o.h.principal - paid_principal, ZYD_GL_RELEASE);
        if (active && !payoff) {
            /* the running accumulator keeps what this part earned until its value date */
            cc_add_days(&d->days_lo, &d->days_hi, paid_principal, running_days(d, date));
        }
        d->balance -= paid_principal;
        g->o.h.principal -= paid_principal;
    }
    if (payoff) {
        uint32_t i = (uint32_t)(d - g->o.d);
        d->closed = date;
        if (early && param(g, ZYD_GP_REFUNDABLE) != 0) {
            refund_fee(g, d, date, customer);
        }
        earn_fees(g, i, i + 1);
        if (g->o.h.principal == 0) {
            g->o.h.state = ZYD_GS_RELEASED;
        }
        loan_deadlines(g, was);
        if (g->o.h.principal == 0 && !active) {
            deadline_clear(g, ZYD_GD_RELEASE);
        }
    }
    exposure_move(g, before);
    object_store(g);
}

/* Interest to the overdue date first, then all principal to 1102 (ruling 6). */
static void go_overdue(struct gu *g, int32_t date)
{
    struct loan_dates was = loan_dates(g);
    if (g->call->sys) {
        was.overdue = 0; /* it fired */
    }
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        if (g->o.d[i].balance > 0) {
            settle(g, &g->o.d[i], date);
        }
    }
    post(g->o.h.bank, ZYD_GL_OVERDUE, "1102", "1101", g->o.h.principal, 0);
    g->o.h.overdue = date;
    g->o.h.state = ZYD_GS_OVERDUE;
    object_store(g);
    loan_deadlines(g, was);
    deadline_release(g);
}

/* OVERDUE: ACTIVE -> OVERDUE by BANK.  Inputs: date, principal, interest: as the ledger has them on that date. */
void event_overdue(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    int64_t owed = 0;
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_ACTIVE, ZYD_GS_ACTIVE);
    int32_t date = cc_arg_date(&rd);
    int64_t principal = cc_arg_fen(&rd, 1), due = cc_arg_fen(&rd, 0);
    ct_rd_end(&rd);
    if (date > g->call->date) {
        ct_fail(E_BAD_DATE);
    }
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        const struct zyd_guarantee_drawdown *d = &g->o.d[i];
        owed += d->interest;
        if (d->balance == 0) {
            continue;
        }
        if (date < d->settled_to && date != first_maturity(g)) {
            ct_fail(E_BAD_DATE); /* ruling 15; another drawdown may have settled since the first maturity */
        }
        owed += running_interest(g, d, date);
    }
    if (principal != g->o.h.principal || due != owed) {
        ct_fail(E_AMOUNT_MISMATCH); /* ruling 18 */
    }
    sign(g, g->o.h.bank);
    signed_end(g);
    if (g->call->date > ct_workday_add(date, (uint32_t)param(g, ZYD_GP_NOTICE_WD))) {
        g->o.h.flags |= ZYD_GF_NOTICE_LATE;
        ct_warn(W_NOTICE_LATE);
    }
    go_overdue(g, date);
}

/* OVERDUE by SYS at 00:00 of maturity + grace + 1, with the maturity as the overdue date (ruling 5). */
void sys_overdue(struct gu *g)
{
    state_in(g, ZYD_GS_ACTIVE, ZYD_GS_ACTIVE);
    go_overdue(g, first_maturity(g));
}

void release(struct gu *g)
{
    int64_t before = committed(g);
    bool active = g->o.h.state == ZYD_GS_ACTIVE;
    struct loan_dates was = active ? loan_dates(g) : (struct loan_dates){0, 0};
    memo(g, g->o.h.principal, 0, ZYD_GL_RELEASE);
    earn_fees(g, 0, g->o.h.drawdown_count);
    g->o.h.state = ZYD_GS_RELEASED;
    exposure_move(g, before);
    object_store(g);
    loan_deadlines(g, was);
    if (!active && !g->call->sys) {
        deadline_clear(g, ZYD_GD_RELEASE);
    }
}

/* RELEASE: ACTIVE, OVERDUE -> RELEASED by BANK when nothing is owed or the claim window is over (ruling 7). */
void event_release(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    ct_rd_end(&rd);
    state_in(g, ZYD_GS_ACTIVE, ZYD_GS_OVERDUE);
    bool over = g->o.h.state == ZYD_GS_OVERDUE && window_over(g) && !(g->o.h.more & ZYD_GM_DISPUTED);
    if (g->o.h.principal != 0 && !over) {
        ct_fail(E_NOT_RELEASABLE);
    }
    sign(g, g->o.h.bank);
    signed_end(g);
    release(g);
}

/* RELEASE by SYS at 00:00 of overdue date + claim_close_days + 1 (ruling 7). */
void sys_release(struct gu *g)
{
    state_in(g, ZYD_GS_OVERDUE, ZYD_GS_OVERDUE);
    release(g);
}
