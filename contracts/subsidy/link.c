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

void link_check_settle(const struct su *s, int32_t to)
{
    struct other o;
    if (!s->l.h.linked) {
        return;
    }
    const struct zyd_guarantee_drawdown *d = look(&o, s);
    if (o.h.overdue != 0 && o.h.overdue <= to) {
        ct_fail(E_SUBSIDY_OVERDUE);
    }
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
        if (o.h.overdue == 0) {
            ct_fail(CC_BAD_STATE);
        }
    }
}
