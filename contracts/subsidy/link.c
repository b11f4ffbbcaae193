/* link.c: what the guarantee contract's record says of the same loan (zyd/guarantee.h).  Pulled where it matters, so that
 * neither contract waits for the other: what the bank tells this contract may not be better than what it told that one. */
#include "subsidy.h"
#include <zyd/guarantee.h>

#define GUARANTEE 1 /* number of the guarantee contract */

struct other {
    struct zyd_guarantee_object h;
    struct zyd_guarantee_drawdown d[ZYD_GUARANTEE_DRAWDOWNS_MAX];
};

static const struct zyd_guarantee_drawdown *look(struct other *o, const struct su *s)
{
    int64_t size = ct_get(GUARANTEE, s->l.h.guarantee, CT_ID_SIZE, o, sizeof *o);
    if (size < 0) {
        ct_fail(CC_UNKNOWN_OBJECT);
    }
    if (size < (int64_t)sizeof o->h || o->h.kind != ZYD_GUARANTEE_KIND_CONTRACT) {
        ct_fail(CC_BAD_ID);
    }
    for (uint32_t i = 0; i < o->h.drawdown_count; i++) {
        if (o->d[i].number == s->l.h.drawdown) {
            return &o->d[i];
        }
    }
    ct_fail(CC_BAD_ID);
}

void link_check_new(struct su *s, uint32_t rate_ppm)
{
    struct other o;
    if (!s->l.h.linked) {
        return;
    }
    const struct zyd_guarantee_drawdown *d = look(&o, s);
    if (o.h.bank != s->l.h.bank || o.h.borrower_kind != s->l.h.borrower_kind ||
        memcmp(o.h.borrower, s->l.h.borrower, CT_ID_SIZE) != 0 || d->principal != s->l.h.amount ||
        d->value_date != s->l.h.value_date || d->first_maturity != s->l.h.maturity || d->rate_ppm != rate_ppm ||
        (s->l.h.fee_ppm != 0 && o.h.fee_ppm != s->l.h.fee_ppm)) {
        ct_fail(CC_BAD_ID);
    }
    s->l.h.extended = d->maturity;
}

void link_check_balance(const struct su *s, int32_t date, int64_t balance)
{
    struct other o;
    if (!s->l.h.linked) {
        return;
    }
    const struct zyd_guarantee_drawdown *d = look(&o, s);
    if (d->balance > balance || (balance == 0 && d->closed != date)) {
        ct_fail(CC_RANGE);
    }
}

void link_check_earned(const struct su *s, int64_t earned)
{
    struct other o;
    if (!s->l.h.linked) {
        return;
    }
    const struct zyd_guarantee_drawdown *d = look(&o, s);
    int64_t kept = d->charged - d->refunded; /* of the extensions' fees too, which are not subsidised */
    if (earned > kept || (d->extensions == 0 && earned != kept)) {
        ct_fail(CC_RANGE);
    }
}

/* What the guarantee keeps of days on which the loan was overdue and that CURE ended: their count. */
static uint32_t cured_spells(struct zyd_guarantee_spell spells[ZYD_GUARANTEE_CURES_MAX], const struct su *s,
                             const struct other *o)
{
    uint8_t key[1 + CT_ID_SIZE] = {ZYD_GUARANTEE_KEY_SPELLS};
    if (o->h.cures > 0) {
        memcpy(key + 1, s->l.h.guarantee, CT_ID_SIZE);
        ct_get(GUARANTEE, key, sizeof key, spells, ZYD_GUARANTEE_CURES_MAX * (uint32_t)sizeof spells[0]);
    }
    return o->h.cures;
}

/* Overdue on the settlement date, or on days that are to be settled (from..until). */
static void check_overdue(const struct su *s, const struct other *o, int32_t from, int32_t until, int32_t to)
{
    struct zyd_guarantee_spell spells[ZYD_GUARANTEE_CURES_MAX];
    if (o->h.overdue != 0 && o->h.overdue <= to) {
        ct_fail(E_SUBSIDY_OVERDUE);
    }
    for (uint32_t n = cured_spells(spells, s, o); n > 0; n--) {
        const struct zyd_guarantee_spell *p = &spells[n - 1];
        if (p->from < p->to && ((p->from < until && p->to > from) || (p->from <= to && p->to > to))) {
            ct_fail(E_SUBSIDY_OVERDUE); /* cured since, but the subsidy ended on the first overdue day (STOP) */
        }
    }
}

bool link_cured(const struct su *s)
{
    struct other o;
    if (!s->l.h.linked) {
        return false;
    }
    look(&o, s);
    return o.h.cures > 0 && o.h.overdue == 0;
}

void link_check_settle(const struct su *s, int32_t from, int32_t until, int32_t to)
{
    struct other o;
    if (!s->l.h.linked) {
        return;
    }
    const struct zyd_guarantee_drawdown *d = look(&o, s);
    check_overdue(s, &o, from, until, to);
    if (d->maturity != s->l.h.extended) {
        ct_fail(E_SUBSIDY_EXTENSION); /* extended there, and not told here */
    }
    if (d->balance != s->l.p[s->l.h.point_count - 1].balance) {
        ct_fail(CC_RANGE); /* repaid there, and not told here */
    }
}

void link_check_extended(const struct su *s, int32_t maturity)
{
    struct other o;
    if (s->l.h.linked && look(&o, s)->maturity != maturity) {
        ct_fail(CC_BAD_DATE);
    }
}

void link_check_overdue(const struct su *s)
{
    struct other o;
    if (s->l.h.linked) {
        look(&o, s);
        if (o.h.overdue == 0 && o.h.cures == 0) {
            ct_fail(CC_BAD_STATE);
        }
    }
}
