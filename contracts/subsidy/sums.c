/* sums.c: fen-days of a period by segments in which nothing changes, and what follows from them (3.0.2, 3.0.4, 3.3). */
#include "subsidy.h"

#define PPM2 ((uint64_t)CC_PPM * (uint64_t)CC_PPM)

static int32_t min_date(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

uint32_t point_on(const struct loan *l, int32_t date)
{
    uint32_t i = 0;
    while (i + 1 < l->h.point_count && l->p[i + 1].date <= date) {
        i++;
    }
    return i;
}

static int32_t point_end(const struct loan *l, uint32_t i, int32_t to)
{
    return i + 1 < l->h.point_count ? min_date(l->p[i + 1].date, to) : to;
}

int64_t loan_interest(const struct loan *l, int32_t from, int32_t to)
{
    ct_u128 n = 0; /* of balance x days x ppm: rates differ, so the sum is over the common denominator, with one rounding */
    for (uint32_t i = point_on(l, from); from < to; i++) {
        int32_t end = point_end(l, i, to);
        n += (ct_u128)(uint64_t)l->p[i].balance * ((uint64_t)(uint32_t)zyd_days_between(from, end) * l->p[i].rate_ppm);
        from = end;
    }
    return cc_half_up(n, 1, (uint64_t)CC_PPM * l->h.basis);
}

uint64_t subsidy_rate(uint32_t kind, uint32_t ppm, uint32_t rate_ppm, uint32_t lpr_ppm)
{
    uint64_t unit = (uint64_t)CC_PPM, rate = rate_ppm * unit, r;
    switch ((enum zyd_subsidy_kind)kind) {
    case ZYD_SK_RATE_CUT:
        return ppm < rate_ppm ? ppm * unit : rate;
    case ZYD_SK_ABOVE_FLOOR: {
        uint32_t floor = lpr_ppm > ppm ? lpr_ppm - ppm : 0;
        return rate_ppm > floor ? (rate_ppm - floor) * unit : 0;
    }
    case ZYD_SK_SHARE_OF_INTEREST:
        return (uint64_t)ppm * rate_ppm;
    case ZYD_SK_SHARE_OF_LPR:
        r = (uint64_t)ppm * lpr_ppm;
        return r < rate ? r : rate;
    case ZYD_SK_FEE_SHARE:
        break;
    }
    ct_fail(CC_RANGE);
}

/* What the levels that settle earlier take of the rate on a day; *end is moved to where that may change. */
static uint64_t earlier_rates(const struct su *s, const struct zyd_subsidy_point *p, int32_t day, int32_t *end)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < slot_of(s); i++) {
        const struct zyd_subsidy_slot *t = &s->l.h.slots[i];
        if (t->state == 0) {
            continue;
        }
        if (t->from > day) {
            *end = min_date(*end, t->from);
        } else if (t->until > day) {
            *end = min_date(*end, t->until);
            sum += subsidy_rate(t->kind, t->rate_ppm, p->rate_ppm, p->lpr_ppm);
        }
    }
    return sum;
}

uint32_t kind_ppm(const struct su *s)
{
    return (uint32_t)param(s, param(s, ZYD_SP_KIND) == ZYD_SK_ABOVE_FLOOR ? ZYD_SP_FLOOR_PPM : ZYD_SP_RATE_PPM);
}

int64_t period_subsidy(const struct su *s, const struct house *h, uint32_t rank, int32_t from, int32_t to)
{
    const struct loan *l = &s->l;
    uint32_t kind = (uint32_t)param(s, ZYD_SP_KIND);
    struct asked asked;
    ct_u128 by_rate = 0, by_interest = 0;
    asked_start(&asked, h);
    for (uint32_t i = point_on(l, from); from < to; i = point_on(l, from)) {
        int32_t end = point_end(l, i, to);
        const struct zyd_subsidy_point *p = &l->p[i];
        uint64_t rate = subsidy_rate(kind, kind_ppm(s), p->rate_ppm, p->lpr_ppm);
        uint64_t taken = earlier_rates(s, p, from, &end), all = p->rate_ppm * (uint64_t)CC_PPM;
        uint64_t left = all > taken ? all - taken : 0; /* the rest of the real rate [S39] */
        asked_on(&asked, h, from);
        if (asked.next < h->h.demand_count) {
            end = min_date(end, h->d[asked.next].date);
        }
        uint64_t days = (uint32_t)zyd_days_between(from, end), base = (uint64_t)eligible(h, &asked, rank);
        by_rate += (ct_u128)base * (days * (rate < left ? rate : left));
        by_interest += (ct_u128)base * (days * p->rate_ppm);
        from = end;
    }
    if (kind == ZYD_SK_SHARE_OF_INTEREST) { /* ruling 32; SETTLE limits it by the amount, not by the rate */
        return cc_ppm(cc_half_up(by_interest, 1, (uint64_t)CC_PPM * l->h.basis), kind_ppm(s), CT_FLOOR);
    }
    return cc_half_up(by_rate, 1, (ct_u128)PPM2 * l->h.basis);
}

int64_t fee_until(const struct su *s, int64_t principal, int32_t date)
{
    uint32_t days = (uint32_t)zyd_days_between(s->l.h.value_date, date);
    return cc_fee(principal, s->l.h.fee_ppm, days, (uint32_t)param(s, ZYD_SP_FEE_BASIS));
}

int64_t most_subsidy(const struct su *s)
{
    int64_t cap = cc_min((int64_t)param(s, ZYD_SP_LOAN_CAP), (int64_t)param(s, ZYD_SP_HOUSEHOLD_CAP));
    int64_t base = cc_min(s->l.h.amount, cap);
    if (fee_kind(s)) {
        return cc_ppm(fee_until(s, base, s->l.h.maturity), kind_ppm(s), CT_FLOOR);
    }
    const struct zyd_subsidy_point *p = &s->l.p[point_on(&s->l, s->e.h.from)];
    uint64_t days = (uint32_t)zyd_days_between(s->e.h.from, s->e.h.until);
    uint64_t rate = subsidy_rate((uint32_t)param(s, ZYD_SP_KIND), kind_ppm(s), p->rate_ppm, p->lpr_ppm);
    return cc_floor((uint64_t)base, days * rate, (ct_u128)PPM2 * s->l.h.basis);
}
