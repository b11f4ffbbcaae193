/* rederive_settle.c: product (c): every settlement to the fen, and what is given back (domain.md 3.3, E11 to E14, E17, rulings 5, 32). */
#include "rederive_loans.h"

void su_find(struct re *re, const struct audit_step *s, const struct su_enrolment *e, enum re_kind kind, int32_t from,
             int32_t to, int64_t booked, int64_t right, const char *detail)
{
    re_find(re, s, kind, e->loan->bank, from, to, booked, right, "%s", detail);
}

/* ---- SETTLE ---- */

struct stated {
    int32_t to;
    int64_t charged, other;
};

void su_release_reserve(struct su_enrolment *e)
{
    e->terms->reserved -= e->reserved;
    e->reserved = 0;
}

static void settled(struct su_enrolment *e, int32_t to)
{
    const struct su_loan *l = e->loan;
    e->settled_to = to;
    if (to >= e->until || (l->paid_off != 0 && to >= l->paid_off)) {
        su_release_reserve(e);
        e->finished = true;
    }
}

/* The period of the loan that ends on to, or that the terms give next; known: another level has settled it before. */
static struct su_period period_of(const struct su_enrolment *e, bool *known)
{
    const struct su_loan *l = e->loan;
    int32_t end = l->paid_off != 0 ? l->paid_off : l->extended;
    struct su_period p = {.from = l->settled_to, .to = l->settled_to};
    /* a period that twelve others followed is forfeited */
    for (size_t i = l->period_count > ZYD_SUBSIDY_PERIODS ? l->period_count - ZYD_SUBSIDY_PERIODS : 0; i < l->period_count;
         i++) {
        if (l->periods[i].to > e->settled_to) {
            *known = true;
            return l->periods[i];
        }
    }
    *known = false;
    while (p.to < end && p.to <= e->settled_to) {
        p.from = p.to;
        p.to = re_settlement_after(p.from, l->day, l->months);
        p.to = p.to < end ? p.to : end;
    }
    return p;
}

static int64_t whole_interest(const struct su_loan *l, const struct su_period *p)
{
    if (p->to <= l->maturity || p->from >= l->maturity) {
        return su_interest(l, p->from, p->to);
    }
    return su_interest(l, p->from, l->maturity) + su_interest(l, l->maturity, p->to);
}

/* Why more was booked than is right: the limit without which it would be what was booked. */
static enum re_kind blame(const struct su_enrolment *e, int64_t booked, int64_t right, int32_t from, int32_t to, int32_t end,
                          int64_t most, int64_t left)
{
    if (booked <= right) {
        return RE_SUBSIDY_AMOUNT;
    }
    if (e->closed || e->clawed_back) {
        return RE_AFTER_CLOSE;
    }
    if (to <= from) {
        return RE_OUTSIDE_TERM;
    }
    if (booked > most) {
        return RE_OVER_INTEREST;
    }
    if (booked > left) {
        return RE_OVER_BUDGET;
    }
    if (booked == re_min(su_days_subsidy(e, from, to, SU_NO_HOUSEHOLD), most) ||
        booked == re_min(su_days_subsidy(e, from, to, SU_NO_HOUSEHOLD | SU_NO_LOAN_CAP), most)) {
        return RE_HOUSEHOLD_CAP;
    }
    struct su_enrolment longer = *e;
    longer.asks_until = longer.until = end;
    return booked == su_days_subsidy(&longer, from, end, SU_NO_HOUSEHOLD) ? RE_OUTSIDE_TERM : RE_SUBSIDY_AMOUNT;
}

/* The right amount over the payers, with memory (3.0.3), and the rows; what was booked becomes the memory. */
static void split(struct re *re, const struct audit_step *s, struct su_enrolment *e, struct re_rows *rows, int64_t right,
                  uint16_t label, enum re_kind kind, int32_t from, int32_t to)
{
    int64_t inc[RE_PARTS], memory[RE_PARTS] = {0}, weights[RE_PARTS] = {0}, total = right;
    size_t n = e->terms->payer_count;
    for (size_t i = 0; i < n; i++) {
        memory[i] = e->parts[i].paid;
        weights[i] = e->terms->payers[i].ppm;
        total += memory[i];
    }
    if (!re_alloc(inc, memory, total, weights, n)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t payer = e->terms->payers[i].member;
        int64_t booked = re_booked(s, payer, label, "5031", "2141");
        re_expect_due(rows, kind, label, payer, "5031", e->loan->bank, "2101", inc[i]);
        e->parts[i].paid += booked;
        e->terms->paid += booked;
        e->terms->reserved -= re_min(booked, e->reserved);
        e->reserved -= re_min(booked, e->reserved);
    }
    re_compare(re, s, rows, kind, from, to);
}

static int64_t booked_subsidy(const struct audit_step *s, const struct su_enrolment *e, uint16_t label)
{
    int64_t sum = 0;
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        sum += re_booked(s, e->terms->payers[i].member, label, "5031", "2141");
    }
    return sum;
}

static int64_t budget_for(const struct su_enrolment *e)
{
    const struct su_terms *t = e->terms;
    return re_max(0, e->reserved + (int64_t)t->t.slots[ZYD_SP_BUDGET] - t->reserved - t->paid + t->back);
}

static void check_state(struct re *re, const struct audit_step *s, const struct su_enrolment *e)
{
    if (e->closed || e->clawed_back) {
        su_find(re, s, e, RE_AFTER_CLOSE, e->settled_to, 0, -1, -1,
             e->closed ? "the enrolment was closed" : "the enrolment was clawed back");
    } else if (e->terms->suspended) {
        su_find(re, s, e, RE_AFTER_CLOSE, e->settled_to, 0, -1, -1, "the programme was suspended");
    }
}

static void check_linked(struct re *re, const struct audit_step *s, const struct su_enrolment *e, int32_t from,
                         int32_t until, int32_t to)
{
    const struct su_loan *l = e->loan;
    struct re_drawn d;
    if (!l->linked || !re_guarantee_drawn(re->guarantee, &d, &l->guarantee, l->drawdown)) {
        if (l->overdue != 0 && l->overdue <= to) {
            su_find(re, s, e, RE_OVERDUE, from, to, -1, -1, "the loan was overdue on the settlement date");
        }
        return;
    }
    if (re_guarantee_overdue(re->guarantee, &l->guarantee, from, until, to)) {
        su_find(re, s, e, RE_OVERDUE, from, to, -1, -1, "the loan was overdue in the guarantee");
    }
    if (d.balance != l->points[l->point_count - 1].balance || d.maturity != l->extended) {
        su_find(re, s, e, RE_LOAN_DIFFERS, from, to, l->points[l->point_count - 1].balance, d.balance,
             "balance or maturity is another one in the guarantee");
    }
}

static void settle_interest(struct re *re, const struct audit_step *s, struct su_enrolment *e, const struct stated *t)
{
    struct su_loan *l = e->loan;
    struct re_rows rows = {.count = 0};
    bool known;
    struct su_period period = period_of(e, &known);
    int32_t from = e->settled_to > period.from ? e->settled_to : period.from, to = period.to < e->until ? period.to : e->until;
    int32_t before = period.to < l->maturity ? period.to : l->maturity;
    int64_t whole = whole_interest(l, &period);
    check_state(re, s, e);
    check_linked(re, s, e, from, to, period.to);
    if (t->to != period.to || t->to > s->date || from >= l->maturity) {
        su_find(re, s, e, RE_OUTSIDE_TERM, from, t->to, -1, -1, "it is not the period that the terms give");
    }
    if (known ? t->charged != period.interest : t->charged > whole) {
        su_find(re, s, e, RE_OVER_INTEREST, period.from, period.to, t->charged, known ? period.interest : whole,
             "the bank certified another interest");
    }
    if (!known) {
        period.interest = t->charged;
        if (!l->linked) { /* else the guarantee books it */
            re_expect(&rows, RE_INTEREST_AMOUNT, l->bank, ZYD_SL_INT, "2101", "4011", re_min(t->charged, whole));
        }
    }
    period.given += t->other;
    if (period.given > period.interest) {
        su_find(re, s, e, RE_OVER_INTEREST, period.from, period.to, period.given, period.interest,
             "subsidies from elsewhere exceed the interest");
    }
    int64_t most = re_max(0, re_min(su_interest(l, period.from, before), period.interest) - period.given);
    bool none = e->closed || e->clawed_back || to <= from;
    int64_t right = none ? 0 : re_min(su_days_subsidy(e, from, to, 0), most), left = budget_for(e);
    int64_t booked = booked_subsidy(s, e, ZYD_SL_SUBSIDY);
    right = re_min(right, left);
    enum re_kind kind = blame(e, booked, right, from, to, period.to, most, left);
    period.given += booked;
    split(re, s, e, &rows, right, ZYD_SL_SUBSIDY, kind, from, period.to);
    if (known) {
        for (size_t i = 0; i < l->period_count; i++) {
            if (l->periods[i].to == period.to) {
                l->periods[i] = period;
            }
        }
    } else {
        *(struct su_period *)re_append((void **)&l->periods, &l->period_count, sizeof period) = period;
        l->settled_to = period.to;
    }
    settled(e, period.to);
}

static void settle_fee(struct re *re, const struct audit_step *s, struct su_enrolment *e, const struct stated *t)
{
    struct su_loan *l = e->loan;
    struct re_rows rows = {.count = 0};
    int64_t whole = su_fee(e, l->amount, l->maturity), booked = booked_subsidy(s, e, ZYD_SL_FEE_SUBSIDY);
    check_state(re, s, e);
    if (l->overdue != 0) {
        su_find(re, s, e, RE_OVERDUE, e->from, l->maturity, -1, -1, "the loan was overdue");
    }
    if (t->charged > whole || (l->fee != 0 && t->charged != l->fee)) {
        su_find(re, s, e, RE_OVER_INTEREST, e->from, l->maturity, t->charged, l->fee != 0 ? l->fee : whole,
             "the bank certified another fee");
    }
    e->eligible = su_eligible(e, e->from, 0);
    int64_t most = re_max(0, t->charged - l->fee_given - t->other), left = budget_for(e);
    int64_t base = re_min(t->charged, su_fee(e, e->eligible, l->maturity));
    bool none = e->closed || e->clawed_back || e->settled_to >= l->maturity;
    int64_t right = none ? 0 : re_min(re_ppm(base, su_param(e, ZYD_SP_RATE_PPM), RE_FLOOR), most);
    enum re_kind kind = booked <= right ? RE_SUBSIDY_AMOUNT
                        : none          ? (e->settled_to >= l->maturity ? RE_OUTSIDE_TERM : RE_AFTER_CLOSE)
                        : booked > most ? RE_OVER_INTEREST
                        : booked > left ? RE_OVER_BUDGET
                                        : RE_HOUSEHOLD_CAP;
    if (kind == RE_HOUSEHOLD_CAP &&
        booked != re_ppm(re_min(t->charged, su_fee(e, su_eligible(e, e->from, SU_NO_HOUSEHOLD), l->maturity)),
                         su_param(e, ZYD_SP_RATE_PPM), RE_FLOOR)) {
        kind = RE_SUBSIDY_AMOUNT;
    }
    l->fee = t->charged;
    l->fee_given += booked + t->other;
    split(re, s, e, &rows, re_min(right, left), ZYD_SL_FEE_SUBSIDY, kind, e->from, l->maturity);
    settled(e, l->maturity);
}

void su_settle(struct re *re, const struct audit_step *s, struct su_enrolment *e)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct stated t;
    zyd_rd_array(&rd, 64);
    t.to = (int32_t)zyd_rd_u64(&rd, 99991231);
    t.charged = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    su_optional_u64(&rd, 0); /* what the borrower paid */
    t.other = (int64_t)su_optional_u64(&rd, 0);
    if (su_is_fee(e)) {
        settle_fee(re, s, e, &t);
    } else {
        settle_interest(re, s, e, &t);
    }
}

/* ---- what is given back ---- */

static void back_rows(struct re_rows *rows, struct su_enrolment *e, const int64_t *inc, uint16_t label, const char *from)
{
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        re_expect_due(rows, RE_CLAWBACK_AMOUNT, label, e->loan->bank, from, e->terms->payers[i].member, "5031", inc[i]);
    }
}

void su_clawback(struct re *re, struct su_enrolment *e, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct re_rows rows = {.count = 0};
    int64_t inc[RE_PARTS], memory[RE_PARTS] = {0}, weights[RE_PARTS] = {0}, net = 0, clawed = 0;
    size_t n = e->terms->payer_count;
    for (size_t i = 0; i < n; i++) {
        memory[i] = e->parts[i].clawed;
        weights[i] = e->parts[i].paid - e->parts[i].fee_back;
        net += weights[i];
        clawed += memory[i];
    }
    zyd_rd_array(&rd, 64);
    zyd_rd_skip(&rd);
    bool by_ppm = !zyd_rd_nil(&rd);
    int64_t amount = by_ppm ? re_ppm(net, zyd_rd_u64(&rd, RE_PPM), RE_HALF_UP) : (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    if (amount > net - clawed) {
        su_find(re, s, e, RE_CLAWBACK_AMOUNT, 0, 0, amount, net - clawed, "more than was paid");
    }
    if (!re_alloc(inc, memory, clawed + amount, weights, n)) {
        return;
    }
    back_rows(&rows, e, inc, ZYD_SL_CLAWBACK, "1165");
    re_expect(&rows, RE_CLAWBACK_AMOUNT, e->loan->bank, ZYD_SL_DEBIT_BORR, "2101", "1165", amount);
    re_compare(re, s, &rows, RE_UNEXPLAINED, 0, 0);
    for (size_t i = 0; i < n; i++) {
        int64_t booked = re_booked(s, e->terms->payers[i].member, ZYD_SL_CLAWBACK, "1141", "5031");
        e->parts[i].clawed += booked;
        e->terms->back += booked;
    }
    e->clawed_back = true;
}

void su_reinstate(struct re *re, struct su_enrolment *e, const struct audit_step *s)
{
    struct re_rows rows = {.count = 0};
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        re_expect_due(&rows, RE_CLAWBACK_AMOUNT, ZYD_SL_REINSTATE, e->terms->payers[i].member, "5031", e->loan->bank, "2101",
                      e->parts[i].clawed);
        e->terms->back -= e->parts[i].clawed;
        e->parts[i].clawed = 0;
    }
    re_compare(re, s, &rows, RE_UNEXPLAINED, 0, 0);
    e->clawed_back = false;
}

/* E17: the subsidy anew on the earned fee; what was paid above it goes back by what each paid. */
void su_fee_change(struct re *re, struct su_enrolment *e, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct re_rows rows = {.count = 0};
    struct su_loan *l = e->loan;
    int64_t inc[RE_PARTS], weights[RE_PARTS] = {0}, kept = 0, earlier = 0;
    zyd_rd_array(&rd, 64);
    int64_t earned = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    for (size_t i = 4; i < su_class(e); i++) {
        const struct su_enrolment *x = l->class_[i];
        for (size_t k = 0; x != NULL && k < x->terms->payer_count; k++) {
            earlier += x->parts[k].paid - x->parts[k].clawed - x->parts[k].fee_back;
        }
    }
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        weights[i] = e->parts[i].paid - e->parts[i].clawed;
        kept += weights[i];
    }
    int64_t base = re_min(earned, su_fee(e, e->eligible, l->paid_off));
    int64_t now = re_min(re_max(0, earned - earlier), re_ppm(base, su_param(e, ZYD_SP_RATE_PPM), RE_FLOOR));
    int64_t back = re_max(0, kept - now);
    if (back > 0 && re_alloc(inc, NULL, back, weights, e->terms->payer_count)) {
        back_rows(&rows, e, inc, ZYD_SL_FS_CLAWBACK, "2101");
    }
    re_compare(re, s, &rows, RE_UNEXPLAINED, 0, 0);
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        int64_t booked = re_booked(s, e->terms->payers[i].member, ZYD_SL_FS_CLAWBACK, "1141", "5031");
        e->parts[i].fee_back += booked;
        l->fee_given -= booked;
        e->terms->back += booked;
    }
    e->fee_changed = true;
}
