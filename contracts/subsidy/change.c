/* change.c: what happens to the loan between settlements, and the end of an enrolment (domain.md 3.3: REPAY_CHANGE, STOP,
 * CLOSE; ruling 15). */
#include "subsidy.h"

static uint32_t level_of_slot(uint32_t slot)
{
    return (slot & 3u) + 1;
}

/* A point of the loan: a new one, or the last one told again, which is how a wrong one is corrected.  Changes come in the order
 * of their dates and not before the last settlement (ruling 15).  unpays: tells that something is owed. */
static void check_point(const struct su *s, int32_t date, bool unpays)
{
    const struct zyd_subsidy_loan *l = &s->l.h;
    if (date > s->call->date || date < l->settled_to || date < s->l.p[l->point_count - 1].date || date >= l->extended) {
        ct_fail(CC_BAD_DATE);
    }
    if (l->paid_off != 0 && !(unpays && date == l->paid_off)) {
        ct_fail(CC_BAD_STATE);
    }
    if (l->point_count == ZYD_SUBSIDY_POINTS_MAX && date != s->l.p[l->point_count - 1].date) {
        ct_fail(CC_RANGE);
    }
}

/* The date is the last one's: that point is told again, and goes when it then says what the one before it says. */
static void set_point(struct su *s, const struct zyd_subsidy_point *p)
{
    struct zyd_subsidy_point *last = &s->l.p[s->l.h.point_count - 1];
    if (last->date != p->date) {
        last[1] = *p;
        s->l.h.point_count++;
        return;
    }
    *last = *p;
    if (s->l.h.point_count > 1 && last[-1].balance == p->balance && last[-1].rate_ppm == p->rate_ppm &&
        last[-1].lpr_ppm == p->lpr_ppm) {
        s->l.h.point_count--;
    }
}

static void sign_bank(struct su *s)
{
    cc_sign(&s->who, s->e.h.bank);
    cc_signed_end(&s->who);
}

/* The most that a REPAY_CHANGE of this date may leave: less than is owed; on the date of the last change, what was owed before
 * that (a correction). */
static int64_t most_left(const struct su *s, int32_t date)
{
    const struct zyd_subsidy_point *last = &s->l.p[s->l.h.point_count - 1];
    return last->date == date && s->l.h.point_count > 1 ? last[-1].balance : last->balance - 1;
}

/* What built on the repayment that is told again, higher: a fee's refund, a period that ended with it, an enrolment that begins
 * with it.  Each must be taken back first. */
static void check_unused(const struct su *s, const struct house *house, uint32_t slot, int32_t date)
{
    struct enrolment e;
    const struct zyd_subsidy_slot *t = &s->l.h.slots[slot];
    bool used = t->from >= date || !house_has(house, t->object); /* forgotten there: those days are, too */
    if (slot < ZYD_SUBSIDY_SLOTS / 2) { /* of interest */
        used = used || house->e[house_find(house, t->object)].done;
    } else {
        ct_get(s->call->contract, t->object, CT_ID_SIZE, &e, sizeof e);
        used = used || e.h.fee_changed;
    }
    if (used) {
        ct_fail(CC_BAD_STATE);
    }
}

/* The loan's demand in its households from date on: lowered, and cap freed for those that come later (E11); or, where a
 * repayment is corrected, raised again to what it was or less.  With only_look nothing is written. */
static void ask_again(struct su *s, int32_t date, int64_t balance, bool raise, bool only_look)
{
    for (uint32_t i = 0; i < ZYD_SUBSIDY_SLOTS; i++) {
        const struct zyd_subsidy_slot *t = &s->l.h.slots[i];
        if (t->state < ZYD_SS_ENROLLED || t->state > ZYD_SS_CLAWBACK || date >= t->until) {
            continue;
        }
        struct house house;
        house_load(&house, s, level_of_slot(i), t->family);
        if (only_look) {
            check_unused(s, &house, i, date);
        }
        if (house_has(&house, t->object)) {
            uint32_t rank = house_find(&house, t->object);
            if (raise) {
                house_raise(&house, rank, date, balance);
                house_lower(&house, rank, t->until, 0); /* a STOP since then had nothing left to lower */
            } else {
                house_lower(&house, rank, date, balance);
            }
            if (!only_look) {
                house_store(&house, s, level_of_slot(i), t->family);
            }
        }
    }
}

/* REPAY_CHANGE: any -> same by BANK.  Inputs: value date, balance that is left.  Told once, for all programmes of the loan.
 * Told again for the date of the last change it takes that one's place. */
void event_repay_change(struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    ct_rd_array(&rd);
    int32_t date = cc_arg_date(&rd);
    int64_t balance = cc_arg_fen(&rd, 0);
    ct_rd_end(&rd);
    state_in(s, ZYD_SS_ENROLLED, ZYD_SS_CLAWBACK);
    check_point(s, date, balance > 0);
    struct zyd_subsidy_point p = s->l.p[s->l.h.point_count - 1];
    bool raise = balance > p.balance;
    if (balance > most_left(s, date) || balance == p.balance) {
        ct_fail(CC_RANGE);
    }
    link_check_balance(s, date, balance);
    if (raise) {
        ask_again(s, date, balance, true, true);
    }
    sign_bank(s);
    p.date = date;
    p.balance = balance;
    set_point(s, &p);
    s->l.h.paid_off = balance == 0 ? date : 0;
    ask_again(s, date, balance, raise, false);
    loan_store(s, s->e.h.loan);
}

/* RATE_CHANGE: any -> same by BANK.  Inputs: date, the loan's rate, LPR.  A new accumulator from date on (3.0.4).  Told again
 * for the date of the last change it takes that one's place. */
void event_rate_change(struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    ct_rd_array(&rd);
    int32_t date = cc_arg_date(&rd);
    uint32_t rate = (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM), lpr = (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
    ct_rd_end(&rd);
    state_in(s, ZYD_SS_ENROLLED, ZYD_SS_CLAWBACK);
    check_point(s, date, false);
    sign_bank(s);
    struct zyd_subsidy_point p = {date, rate, lpr, 0, s->l.p[s->l.h.point_count - 1].balance};
    set_point(s, &p);
    loan_store(s, s->e.h.loan);
}

/* EXTEND_CHANGE: any -> same by BANK.  Input: the new maturity.  Days from the original maturity on are not subsidised: every
 * enrolment's days end there anyway, so nothing else changes (E12). */
void event_extend_change(struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    ct_rd_array(&rd);
    int32_t maturity = cc_arg_date(&rd);
    ct_rd_end(&rd);
    state_in(s, ZYD_SS_ENROLLED, ZYD_SS_CLAWBACK);
    if (maturity <= s->l.h.extended || s->l.h.settled_to >= s->l.h.extended) {
        ct_fail(CC_BAD_DATE);
    }
    if ((s->l.h.overdue != 0 && !link_cured(s)) || s->l.h.paid_off != 0) {
        ct_fail(CC_BAD_STATE);
    }
    link_check_extended(s, maturity);
    sign_bank(s);
    ct_warn(E_SUBSIDY_EXTENSION);
    s->l.h.extended = maturity;
    loan_store(s, s->e.h.loan);
}

/* STOPPED from until on.  What lies before it can still be settled; without such days it is finished. */
static void stop(struct su *s, int32_t until, enum zyd_subsidy_reason reason)
{
    struct zyd_subsidy_budget b;
    struct house house;
    uint32_t level = (uint32_t)param(s, ZYD_SP_LEVEL), family = (uint32_t)param(s, ZYD_SP_FAMILY);
    house_load(&house, s, level, family);
    if (house_has(&house, s->call->object)) { /* else it asks for nothing any more */
        house_lower(&house, house_find(&house, s->call->object), until, 0);
    }
    last_day(s, until);
    set_state(s, ZYD_SS_STOPPED);
    s->e.h.reason = (uint8_t)reason;
    if (settled_all(s)) {
        budget_load(&b, s);
        finish(s, &house, &b);
        budget_store(&b, s);
    }
    house_store(&house, s, level, family);
    loan_store(s, s->e.h.loan);
    enrolment_store(s);
}

/* STOP: ENROLLED, ACCRUING -> STOPPED by BANK (overdue, borrower withdrew) or DEPT (misuse).  Inputs: reason, date from which
 * on no day counts.  Overdue is a fact of the loan: any one enrolment tells it for all, a stopped one too. */
void event_stop(struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    ct_rd_array(&rd);
    uint32_t reason = (uint32_t)ct_rd_u64(&rd, ZYD_SR_MISUSE);
    int32_t date = cc_arg_date(&rd);
    ct_rd_end(&rd);
    if (reason == 0) {
        ct_fail(CC_RANGE);
    }
    state_in(s, ZYD_SS_ENROLLED, reason == ZYD_SR_OVERDUE ? ZYD_SS_STOPPED : ZYD_SS_ACCRUING);
    if (date > s->call->date || date < s->e.h.from) {
        ct_fail(CC_BAD_DATE);
    }
    if (reason == ZYD_SR_OVERDUE) {
        link_check_overdue(s);
    }
    cc_sign(&s->who, reason == ZYD_SR_MISUSE ? (uint16_t)param(s, ZYD_SP_DEPT) : s->e.h.bank);
    cc_signed_end(&s->who);
    if (reason == ZYD_SR_OVERDUE && (s->l.h.overdue == 0 || date < s->l.h.overdue)) {
        s->l.h.overdue = date;
    }
    if (s->e.h.state != ZYD_SS_STOPPED) {
        ct_deadline(s->call->object, ZYD_SD_STOP, 0);
    }
    stop(s, date, (enum zyd_subsidy_reason)reason);
}

/* STOP by SYS at 00:00 of the first day after max_days or of the original maturity. */
void sys_stop(struct su *s)
{
    if (s->e.h.state == ZYD_SS_CLAWBACK) {
        s->e.h.was = ZYD_SS_STOPPED; /* what REINSTATE goes back to */
        s->e.h.reason = ZYD_SR_TERM;
        enrolment_store(s);
        return;
    }
    state_in(s, ZYD_SS_ENROLLED, ZYD_SS_ACCRUING);
    stop(s, s->e.h.until, ZYD_SR_TERM);
}

/* The class and the purpose of a loan that never had a subsidy are free again. */
static void give_back(struct su *s)
{
    uint8_t key[2 + CT_ID_SIZE], any = 0;
    memset(own_slot(s), 0, sizeof *own_slot(s));
    for (uint32_t i = 0; i < CT_ID_SIZE; i++) {
        any |= s->e.h.purpose[i];
    }
    if (any) {
        key[0] = ZYD_SUBSIDY_KEY_PURPOSE;
        key[1] = (uint8_t)param(s, ZYD_SP_FAMILY);
        memcpy(key + 2, s->e.h.purpose, CT_ID_SIZE);
        ct_put(key, sizeof key, "", 0);
    }
}

/* CLOSE: ENROLLED, STOPPED, CLAWBACK -> CLOSED by DEPT.  Days that were not settled are forfeited. */
void event_close(struct su *s)
{
    struct zyd_subsidy_budget b;
    struct house house;
    uint32_t level = (uint32_t)param(s, ZYD_SP_LEVEL), family = (uint32_t)param(s, ZYD_SP_FAMILY);
    struct ct_rd rd = ct_args(s->call);
    ct_rd_array(&rd);
    ct_rd_end(&rd);
    state_in(s, ZYD_SS_ENROLLED, ZYD_SS_CLAWBACK);
    if (s->e.h.state == ZYD_SS_ACCRUING) {
        ct_fail(CC_BAD_STATE);
    }
    cc_sign(&s->who, (uint16_t)param(s, ZYD_SP_DEPT));
    cc_signed_end(&s->who);
    if (s->e.h.state == ZYD_SS_ENROLLED || (s->e.h.state == ZYD_SS_CLAWBACK && s->e.h.was != ZYD_SS_STOPPED)) {
        ct_deadline(s->call->object, ZYD_SD_STOP, 0);
    }
    last_day(s, s->e.h.settled_to); /* nor do they bind the rate of later levels */
    house_load(&house, s, level, family);
    if (house_has(&house, s->call->object)) {
        uint32_t rank = house_find(&house, s->call->object);
        house_lower(&house, rank, s->e.h.settled_to, 0);
        house.e[rank].done = 1;
        house_store(&house, s, level, family);
    }
    budget_load(&b, s);
    release_reserve(s, &b);
    budget_store(&b, s);
    set_state(s, ZYD_SS_CLOSED);
    if (s->e.h.paid == 0) {
        give_back(s);
    }
    loan_store(s, s->e.h.loan);
    enrolment_store(s);
}
