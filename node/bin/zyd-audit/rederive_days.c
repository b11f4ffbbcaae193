/* rederive_days.c: subsidy and interest of a period, one day after the other, as domain.md 3.3 says it (the contract sums segments). */
#include "rederive_loans.h"

const struct su_point *su_point_on(const struct su_loan *l, int32_t date)
{
    const struct su_point *p = &l->points[0];
    for (size_t i = 1; i < l->point_count && l->points[i].date <= date; i++) {
        p = &l->points[i];
    }
    return p;
}

int64_t su_interest(const struct su_loan *l, int32_t from, int32_t to)
{
    zyd_u128 sum = 0;
    for (int32_t n = re_days(from, to), d = 0; d < n; d++) {
        const struct su_point *p = su_point_on(l, zyd_date_add(from, d));
        sum += (zyd_u128)(uint64_t)p->balance * p->rate_ppm;
    }
    return re_divide(sum, (zyd_u128)RE_PPM * l->basis, RE_HALF_UP);
}

/* What it asks for on a day. */
static int64_t asks(const struct su_enrolment *e, int32_t date, unsigned without)
{
    if (date < e->from || date >= e->asks_until) {
        return 0;
    }
    int64_t balance = su_point_on(e->loan, date)->balance;
    return without & SU_NO_LOAN_CAP ? balance : re_min(balance, (int64_t)su_param(e, ZYD_SP_LOAN_CAP));
}

/* Household principal that the entries before `end` take on a day; *last: what the last of them gets. */
static int64_t taken(const struct su_house *h, size_t end, int32_t date, int64_t *last)
{
    int64_t sum = 0;
    *last = 0;
    for (size_t i = 0; i < end; i++) {
        int64_t room = re_max(0, (int64_t)su_param(h->list[i], ZYD_SP_HOUSEHOLD_CAP) - sum);
        *last = re_min(asks(h->list[i], date, 0), room);
        sum += *last;
    }
    return sum;
}

int64_t su_eligible(const struct su_enrolment *e, int32_t date, unsigned without)
{
    int64_t last;
    size_t rank = 0;
    if (without & (SU_NO_HOUSEHOLD | SU_NO_LOAN_CAP)) {
        return asks(e, date, without);
    }
    while (rank < e->house->count && e->house->list[rank] != e) {
        rank++;
    }
    taken(e->house, rank + 1 < e->house->count ? rank + 1 : e->house->count, date, &last);
    return last;
}

int64_t su_room(const struct su_house *h, int32_t date, int64_t cap)
{
    int64_t last;
    return cap - taken(h, h->count, date, &last);
}

/* Rate of the subsidy in 10^-12 a year. */
static uint64_t rate_of(const struct su_enrolment *e, const struct su_point *p)
{
    uint64_t share = su_param(e, ZYD_SP_RATE_PPM), rate = p->rate_ppm * RE_PPM;
    uint64_t floor = p->lpr_ppm > su_param(e, ZYD_SP_FLOOR_PPM) ? p->lpr_ppm - su_param(e, ZYD_SP_FLOOR_PPM) : 0;
    switch ((enum zyd_subsidy_kind)su_param(e, ZYD_SP_KIND)) {
    case ZYD_SK_RATE_CUT:
        return share * RE_PPM < rate ? share * RE_PPM : rate;
    case ZYD_SK_ABOVE_FLOOR:
        return p->rate_ppm > floor ? (p->rate_ppm - floor) * RE_PPM : 0;
    case ZYD_SK_SHARE_OF_INTEREST:
        return share * p->rate_ppm;
    case ZYD_SK_SHARE_OF_LPR:
        return share * p->lpr_ppm < rate ? share * p->lpr_ppm : rate;
    case ZYD_SK_FEE_SHARE:
        break;
    }
    return 0;
}

/* What earlier levels leave of the loan's rate on a day. */
static uint64_t rate_left(const struct su_enrolment *e, const struct su_point *p, int32_t date)
{
    uint64_t left = p->rate_ppm * RE_PPM;
    for (size_t i = 0; i < su_class(e); i++) {
        const struct su_enrolment *x = e->loan->class_[i];
        if (x != NULL && x != e && date >= x->from && date < x->until) {
            uint64_t rate = rate_of(x, p);
            left -= rate < left ? rate : left;
        }
    }
    return left;
}

int64_t su_days_subsidy(const struct su_enrolment *e, int32_t from, int32_t to, unsigned without)
{
    zyd_u128 by_rate = 0, by_interest = 0;
    for (int32_t n = re_days(from, to), d = 0; d < n; d++) {
        int32_t date = zyd_date_add(from, d);
        const struct su_point *p = su_point_on(e->loan, date);
        uint64_t base = (uint64_t)su_eligible(e, date, without), rate = rate_of(e, p), left = rate_left(e, p, date);
        by_rate += (zyd_u128)base * (rate < left || without & SU_NO_STACKING ? rate : left);
        by_interest += (zyd_u128)base * p->rate_ppm;
    }
    if (su_param(e, ZYD_SP_KIND) == ZYD_SK_SHARE_OF_INTEREST) { /* ruling 32 */
        int64_t interest = re_divide(by_interest, (zyd_u128)RE_PPM * e->loan->basis, RE_HALF_UP);
        return re_ppm(interest, su_param(e, ZYD_SP_RATE_PPM), RE_FLOOR);
    }
    return re_divide(by_rate, (zyd_u128)RE_PPM * RE_PPM * e->loan->basis, RE_HALF_UP);
}

int64_t su_fee(const struct su_enrolment *e, int64_t principal, int32_t until)
{
    return re_yearly(principal, e->loan->fee_ppm, re_days(e->loan->value_date, until), (uint32_t)su_param(e, ZYD_SP_FEE_BASIS));
}

int64_t su_most(const struct su_enrolment *e)
{
    int64_t cap = re_min((int64_t)su_param(e, ZYD_SP_LOAN_CAP), (int64_t)su_param(e, ZYD_SP_HOUSEHOLD_CAP));
    int64_t base = re_min(e->loan->amount, cap);
    if (su_is_fee(e)) {
        return re_ppm(su_fee(e, base, e->loan->maturity), su_param(e, ZYD_SP_RATE_PPM), RE_FLOOR);
    }
    uint64_t rate = rate_of(e, su_point_on(e->loan, e->from)), days = (uint64_t)(uint32_t)re_days(e->from, e->until);
    return re_divide((zyd_u128)(uint64_t)base * days * rate, (zyd_u128)RE_PPM * RE_PPM * e->loan->basis, RE_FLOOR);
}
