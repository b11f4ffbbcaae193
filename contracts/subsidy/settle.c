/* settle.c: SETTLE: one period of interest, or one guarantee fee (domain.md 3.3, E11 to E13, E17, rulings 5, 32). */
#include "subsidy.h"

/* What the bank states. */
struct stated {
    int32_t to;
    int64_t charged, paid, other; /* paid -1: not stated; other: subsidies from outside the ledger */
    bool statement;
};

static void read_stated(struct stated *t, const struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    ct_rd_array(&rd);
    t->to = cc_arg_date(&rd);
    t->charged = cc_arg_fen(&rd, 0);
    t->paid = ct_rd_nil(&rd) ? -1 : cc_arg_fen(&rd, 0);
    t->other = ct_rd_nil(&rd) ? 0 : cc_arg_fen(&rd, 0);
    t->statement = !ct_rd_nil(&rd);
    if (t->statement) {
        ct_rd_id(&rd);
    }
    ct_rd_end(&rd);
}

static void check_certified(const struct su *s, const struct stated *t)
{
    if (!t->statement || (param(s, ZYD_SP_PAY_MODE) == ZYD_SM_REFUND && t->paid < t->charged)) {
        ct_fail(E_INTEREST_UNCERTIFIED);
    }
}

/* Levels settle in ascending order: no earlier one may still owe its part of from..to (3.3, stacking). */
static void check_order(const struct su *s, int32_t from, int32_t to)
{
    uint32_t own = slot_of(s);
    for (uint32_t i = own & 4u; i < own; i++) {
        const struct zyd_subsidy_slot *t = &s->l.h.slots[i];
        if (t->state >= ZYD_SS_ENROLLED && t->state <= ZYD_SS_STOPPED && t->from < to && t->until > from &&
            t->settled_to < (t->until < to ? t->until : to)) {
            ct_fail(CC_BAD_STATE);
        }
    }
}

/* The end of the loan's period that starts on from: a settlement date or the end of the loan; from itself: no more periods. */
static int32_t period_end(const struct loan *l, int32_t from)
{
    int32_t end = l->h.paid_off != 0 ? l->h.paid_off : l->h.extended;
    if (from >= end) {
        return from;
    }
    int32_t next = cc_settlement_after(from, l->h.settle_day, l->h.settle_months);
    return next < end ? next : end;
}

/* The period that the enrolment settles next: one that another level has opened (its index), or a new one (-1). */
static int32_t find_period(struct zyd_subsidy_period *out, const struct su *s)
{
    int32_t at = s->e.h.settled_to;
    for (uint32_t i = 0; i < s->l.h.period_count; i++) {
        const struct zyd_subsidy_period *p = &s->l.h.periods[i];
        if (p->to > at) {
            *out = *p;
            return (int32_t)i;
        }
    }
    memset(out, 0, sizeof *out);
    out->from = s->l.h.settled_to;
    out->to = period_end(&s->l, out->from);
    while (out->to <= at && out->to > out->from) { /* periods before this enrolment, that no other wants */
        out->from = out->to;
        out->to = period_end(&s->l, out->from);
    }
    if (out->to <= at) {
        ct_fail(at >= s->l.h.maturity ? E_SUBSIDY_EXTENSION : CC_BAD_STATE);
    }
    return -1;
}

/* No other enrolment may still have days to settle before a new period that does not follow on the last. */
static void check_skipped(const struct su *s, int32_t from)
{
    if (from <= s->l.h.settled_to) {
        return;
    }
    for (uint32_t i = 0; i < 4; i++) {
        const struct zyd_subsidy_slot *t = &s->l.h.slots[i];
        if (t->state >= ZYD_SS_ENROLLED && t->state <= ZYD_SS_CLAWBACK && t->settled_to < from && t->settled_to < t->until) {
            ct_fail(CC_BAD_STATE);
        }
    }
}

/* Interest of the whole period; days of an extension are an accumulator of their own (E12). */
static int64_t whole_interest(const struct loan *l, const struct zyd_subsidy_period *p)
{
    int32_t m = l->h.maturity;
    if (p->to <= m || p->from >= m) {
        return loan_interest(l, p->from, p->to);
    }
    return loan_interest(l, p->from, m) + loan_interest(l, m, p->to);
}

/* Keeps the last periods, and of the loan's points those that they and later ones need. */
static void keep_period(struct loan *l, const struct zyd_subsidy_period *p)
{
    if (l->h.period_count == ZYD_SUBSIDY_PERIODS) {
        for (uint32_t i = 1; i < ZYD_SUBSIDY_PERIODS; i++) {
            l->h.periods[i - 1] = l->h.periods[i];
        }
        l->h.period_count--;
    }
    l->h.periods[l->h.period_count++] = *p;
    l->h.settled_to = p->to;
    uint32_t gone = point_on(l, l->h.periods[0].from);
    if (gone > 0) {
        l->h.point_count -= gone;
        for (uint32_t i = 0; i < l->h.point_count; i++) {
            l->p[i] = l->p[i + gone];
        }
    }
}

void pay_out(struct su *s, int64_t amount, enum zyd_subsidy_label why)
{
    int64_t inc[ZYD_SUBSIDY_PAYERS_MAX], paid[ZYD_SUBSIDY_PAYERS_MAX], weights[ZYD_SUBSIDY_PAYERS_MAX];
    uint32_t count = s->e.h.payer_count;
    for (uint32_t i = 0; i < count; i++) {
        paid[i] = s->e.p[i].paid;
        weights[i] = s->e.p[i].ppm;
    }
    s->e.h.paid += amount;
    cc_alloc(inc, paid, s->e.h.paid, weights, count);
    for (uint32_t i = 0; i < count; i++) {
        cc_oblige_and_post(s->e.p[i].member, "5031", s->e.h.bank, s->customer, inc[i], (uint16_t)why, false);
        s->e.p[i].paid = paid[i];
    }
}

/* What the budget still has for this enrolment: its reservation first. */
static int64_t within_budget(const struct su *s, const struct zyd_subsidy_budget *b, int64_t amount)
{
    return cc_min(amount, cc_max(0, s->e.h.reserved + budget_left(b, s)));
}

static void take_budget(struct su *s, struct zyd_subsidy_budget *b, int64_t amount)
{
    int64_t reserved = cc_min(amount, s->e.h.reserved);
    s->e.h.reserved -= reserved;
    b->reserved -= reserved;
    b->paid += amount;
}

static void sign_settle(struct su *s)
{
    cc_sign(&s->who, s->e.h.bank);
    for (uint32_t i = 0; i < s->e.h.payer_count; i++) {
        cc_sign(&s->who, s->e.p[i].member);
    }
    cc_signed_end(&s->who);
}

/* Records after a settlement up to to. */
static void settled(struct su *s, struct house *house, struct zyd_subsidy_budget *b, int32_t to)
{
    uint32_t level = (uint32_t)param(s, ZYD_SP_LEVEL), family = (uint32_t)param(s, ZYD_SP_FAMILY);
    uint32_t rank = house_find(house, s->call->object);
    s->e.h.settled_to = own_slot(s)->settled_to = house->e[rank].settled_to = to;
    if (s->e.h.state == ZYD_SS_ENROLLED) {
        set_state(s, ZYD_SS_ACCRUING);
    }
    if (settled_all(s)) {
        finish(s, house, b);
        if (s->e.h.state != ZYD_SS_STOPPED && !fee_kind(s)) { /* a fee's refund may still follow */
            set_state(s, ZYD_SS_STOPPED);
            s->e.h.reason = s->l.h.paid_off != 0 ? ZYD_SR_REPAID : ZYD_SR_TERM;
            ct_deadline(s->call->object, ZYD_SD_STOP, 0);
        }
    }
    house_store(house, s, level, family);
    loan_store(s, s->e.h.loan);
    budget_store(b, s);
    enrolment_store(s);
}

static void settle_interest(struct su *s, const struct stated *t, struct zyd_subsidy_budget *b)
{
    struct zyd_subsidy_period p;
    struct house house;
    int32_t known = find_period(&p, s);
    int32_t from = s->e.h.settled_to > p.from ? s->e.h.settled_to : p.from, to = p.to < s->e.h.until ? p.to : s->e.h.until;
    if (from >= s->l.h.maturity) {
        ct_fail(E_SUBSIDY_EXTENSION);
    }
    if (to <= from) {
        ct_fail(CC_BAD_STATE); /* stopped before */
    }
    if (t->to != p.to || t->to > s->call->date) {
        ct_fail(CC_BAD_DATE);
    }
    check_skipped(s, p.from);
    check_order(s, p.from, p.to);
    if (s->l.h.overdue != 0 && s->l.h.overdue <= p.to && !link_cured(s)) {
        ct_fail(E_SUBSIDY_OVERDUE);
    }
    link_check_settle(s, from, to, p.to);
    check_certified(s, t);
    if (known < 0 ? t->charged > whole_interest(&s->l, &p) : t->charged != p.interest) {
        ct_fail(E_OVER_INTEREST);
    }
    p.interest = t->charged;
    if (t->other > p.interest - cc_min(p.interest, p.given)) {
        ct_fail(E_OVER_INTEREST);
    }
    p.given += t->other;
    house_load(&house, s, (uint32_t)param(s, ZYD_SP_LEVEL), (uint32_t)param(s, ZYD_SP_FAMILY));
    /* what earlier levels and others left of the interest; days of an extension have none to be subsidised */
    int32_t before = p.to < s->l.h.maturity ? p.to : s->l.h.maturity;
    int64_t most = cc_max(0, cc_min(loan_interest(&s->l, p.from, before), p.interest) - p.given);
    uint32_t rank = house_find(&house, s->call->object);
    int64_t amount = cc_min(period_subsidy(s, &house, rank, from, to), most);
    int64_t pays = within_budget(s, b, amount);
    sign_settle(s);

    if (p.to > s->l.h.maturity) {
        ct_warn(E_SUBSIDY_EXTENSION);
    }
    if (pays < amount) {
        ct_warn(E_BUDGET);
    }
    if (known < 0 && !s->l.h.linked) { /* else the guarantee contract books it */
        cc_post(s->e.h.bank, ZYD_SL_INT, s->customer, "4011", p.interest, 0);
    }
    p.given += pays;
    pay_out(s, pays, ZYD_SL_SUBSIDY);
    take_budget(s, b, pays);
    if (known < 0) {
        keep_period(&s->l, &p);
    } else {
        s->l.h.periods[known] = p;
    }
    settled(s, &house, b, p.to);
}

/* A fee is charged for value date to maturity at once, so it is settled at once (E17). */
static void settle_fee(struct su *s, const struct stated *t, struct zyd_subsidy_budget *b)
{
    struct house house;
    struct asked asked;
    struct zyd_subsidy_loan *l = &s->l.h;
    if (s->e.h.settled_to >= l->maturity) {
        ct_fail(CC_BAD_STATE);
    }
    if (t->to != l->maturity) {
        ct_fail(CC_BAD_DATE);
    }
    check_order(s, l->value_date, l->maturity);
    if (l->overdue != 0) {
        ct_fail(E_SUBSIDY_OVERDUE);
    }
    check_certified(s, t);
    if (t->charged > fee_until(s, l->amount, l->maturity) || (l->fee != 0 && t->charged != l->fee) ||
        t->other > t->charged - cc_min(t->charged, l->fee_given)) {
        ct_fail(E_OVER_INTEREST);
    }
    house_load(&house, s, (uint32_t)param(s, ZYD_SP_LEVEL), (uint32_t)param(s, ZYD_SP_FAMILY));
    asked_start(&asked, &house);
    asked_on(&asked, &house, s->e.h.from);
    s->e.h.eligible = eligible(&house, &asked, house_find(&house, s->call->object));
    int64_t base = cc_min(t->charged, fee_until(s, s->e.h.eligible, l->maturity));
    int64_t amount = cc_min(cc_ppm(base, kind_ppm(s), CT_FLOOR), cc_max(0, t->charged - l->fee_given - t->other));
    int64_t pays = within_budget(s, b, amount);
    sign_settle(s);

    if (pays < amount) {
        ct_warn(E_BUDGET);
    }
    l->fee = t->charged;
    l->fee_given += pays + t->other;
    pay_out(s, pays, ZYD_SL_FEE_SUBSIDY);
    take_budget(s, b, pays);
    settled(s, &house, b, l->maturity);
}

/* SETTLE: ENROLLED, ACCRUING -> ACCRUING (STOPPED: what is left) by BANK and every FISCAL level that pays. */
void event_settle(struct su *s)
{
    struct zyd_subsidy_budget b;
    struct stated t;
    read_stated(&t, s);
    state_in(s, ZYD_SS_ENROLLED, ZYD_SS_STOPPED);
    budget_load(&b, s);
    if (b.state == ZYD_SB_SUSPENDED) {
        ct_fail(CC_BAD_STATE);
    }
    if (fee_kind(s)) {
        settle_fee(s, &t, &b);
    } else {
        settle_interest(s, &t, &b);
    }
}
