/* Random events of product (c) and (d). */
#include "products.h"
#include <zyd/subsidy.h>
#include <zyd/voucher.h>

struct loan_record {
    struct zyd_subsidy_loan h;
    struct zyd_subsidy_point p[ZYD_SUBSIDY_POINTS_MAX];
};

static bool enrol(struct sim *s, struct draft *d)
{
    struct products *p = s->products;
    char uscc[19];
    int32_t now = today_of(s), from = zyd_date_add(now, -(int32_t)between(s, 0, 3));
    unsigned who = (unsigned)prng_below(&s->client, 2000);
    d->event = ZYD_SE_ENROL;
    d->programme = (uint16_t)(chance(s, 40) ? S_POINT : chance(s, 60) ? S_LOCAL : S_FEE);
    if (p->last_loan[0] == '\0' || chance(s, 60)) {
        uscc_of(uscc, 5000 + who);
        p->last_bank = chance(s, 50) ? BANK : BANK2;
        snprintf(p->last_loan, sizeof p->last_loan,
                 "borrower=%s|household=sha256:H%u|loan=sha256:S%llu|amount_fen=%lld|value_date=%d|maturity=%d|rate_ppm=4.35%%|"
                 "lpr_ppm=3%%|fee_ppm=1%%",
                 uscc, who, (unsigned long long)++p->serial, (long long)between(s, 100000, 90000000), from,
                 zyd_date_add(from, (int32_t)between(s, 30, 300)));
    }
    d->member = p->last_bank;
    TEXT(d, "%s", p->last_loan);
    return true;
}

static int32_t settlement_after(int32_t from, int32_t day)
{
    int32_t month = from / 10000 * 12 + from / 100 % 100 - 1 + (from % 100 < day ? 0 : 1);
    return month / 12 * 10000 + (month % 12 + 1) * 100 + day;
}

/* A period that may be settled now, and an interest that is not more than it bore. */
static bool settle_args(struct sim *s, struct draft *d, const struct zyd_subsidy_enrolment *e, const struct loan_record *l)
{
    int64_t interest = -1;
    int32_t from = l->h.settled_to, end = l->h.paid_off != 0 ? l->h.paid_off : l->h.extended, to = 0;
    if (d->programme == S_FEE) {
        to = l->h.maturity;
        interest = (int64_t)((zyd_u128)(uint64_t)l->h.amount * l->h.fee_ppm * (uint32_t)zyd_days_between(l->h.value_date, to) /
                             365000000u);
        interest = l->h.fee != 0 ? l->h.fee : interest;
    }
    for (uint8_t i = 0; interest < 0 && i < l->h.period_count; i++) {
        if (l->h.periods[i].to > e->settled_to) {
            to = l->h.periods[i].to;
            interest = l->h.periods[i].interest;
        }
    }
    if (interest < 0) {
        int64_t balance = l->h.amount, rate = 1000000;
        for (int tries = 0; tries < 400; tries++) {
            to = settlement_after(from, (int32_t)l->h.settle_day);
            to = to < end ? to : end;
            if (to > e->settled_to || to <= from) {
                break;
            }
            from = to;
        }
        for (uint32_t i = 0; i < l->h.point_count; i++) {
            balance = l->p[i].balance < balance && l->p[i].date < to ? l->p[i].balance : balance;
            rate = l->p[i].rate_ppm < rate ? l->p[i].rate_ppm : rate;
        }
        interest =
            to <= from
                ? 0
                : (int64_t)((zyd_u128)(uint64_t)balance * (uint64_t)rate * (uint32_t)zyd_days_between(from, to) / 360000000u);
        interest = chance(s, 80) ? interest : interest * 9 / 10;
    }
    TEXT(d, "to=%d|interest_fen=%lld|paid_fen=%lld|other_fen=%lld|statement=sha256:s", to == 0 ? today_of(s) : to,
         (long long)interest, (long long)interest, (long long)(chance(s, 10) ? interest / 10 : 0));
    return to <= today_of(s) || chance(s, 5);
}

static uint16_t subsidy_event(struct sim *s, const struct zyd_subsidy_enrolment *e)
{
    uint64_t at = prng_below(&s->client, 100);
    if (e->frozen != 0) {
        return ZYD_SE_UNFREEZE;
    }
    if (e->state == ZYD_SS_CLAWBACK) {
        return at < 60 ? ZYD_SE_REINSTATE : at < 80 ? ZYD_SE_CLOSE : ZYD_SE_CLAWBACK;
    }
    if (e->state == ZYD_SS_STOPPED) {
        return at < 50 ? ZYD_SE_CLOSE : at < 80 ? ZYD_SE_SETTLE : ZYD_SE_CLAWBACK;
    }
    if (at < 12) {
        return at < 10 ? ZYD_SE_REVERSE : ZYD_SE_FREEZE;
    }
    return at < 62   ? ZYD_SE_SETTLE
           : at < 74 ? ZYD_SE_REPAY_CHANGE
           : at < 80 ? ZYD_SE_RATE_CHANGE
           : at < 84 ? ZYD_SE_EXTEND_CHANGE
           : at < 88 ? ZYD_SE_STOP
           : at < 92 ? ZYD_SE_FEE_CHANGE
           : at < 97 ? ZYD_SE_CLAWBACK
                     : ZYD_SE_CLOSE;
}

bool subsidy_draw(struct sim *s, struct draft *d, const struct thing *t, bool odd)
{
    struct zyd_subsidy_enrolment e;
    struct loan_record l;
    uint8_t name[33] = {ZYD_SUBSIDY_KEY_LOAN};
    int32_t now = today_of(s);
    if (t == NULL) {
        return enrol(s, d);
    }
    if (record_of(s, &e, sizeof e, 3, t->id.b, 32) < sizeof e) {
        return false;
    }
    memcpy(name + 1, e.loan, 32);
    (void)record_of(s, &l, sizeof l, 3, name, sizeof name);
    d->event = odd ? (uint16_t)between(s, ZYD_SE_SETTLE, ZYD_SE_CLOSE) : subsidy_event(s, &e);
    d->member = d->event == ZYD_SE_FREEZE || d->event == ZYD_SE_UNFREEZE    ? AUD
                : d->event >= ZYD_SE_CLAWBACK && d->event != ZYD_SE_REVERSE ? DEPT
                                                                            : e.bank;
    int64_t balance = l.h.point_count > 0 ? l.p[l.h.point_count - 1].balance : l.h.amount;
    switch (d->event) {
    case ZYD_SE_SETTLE:
        return settle_args(s, d, &e, &l);
    case ZYD_SE_REPAY_CHANGE:
        TEXT(d, "date=%d|balance_fen=%lld", now, (long long)(chance(s, 20) ? 0 : between(s, 0, balance)));
        break;
    case ZYD_SE_RATE_CHANGE:
        TEXT(d, "date=%d|rate_ppm=%lld|lpr_ppm=%lld", now, (long long)between(s, 30000, 60000),
             (long long)between(s, 25000, 35000));
        break;
    case ZYD_SE_EXTEND_CHANGE:
        TEXT(d, "maturity=%d", zyd_date_add(l.h.extended, (int32_t)between(s, 1, 60)));
        break;
    case ZYD_SE_STOP:
        TEXT(d, "reason=%s|date=%d", chance(s, 50) ? "OVERDUE" : chance(s, 50) ? "CANCELLED" : "MISUSE", now);
        break;
    case ZYD_SE_FEE_CHANGE:
        TEXT(d, "earned_fen=%lld", (long long)between(s, 0, l.h.fee));
        break;
    case ZYD_SE_CLAWBACK:
        TEXT(d, "finding=sha256:f|ppm=%lld", (long long)between(s, 1, 900000));
        break;
    case ZYD_SE_REVERSE:
        return reverse_args(s, d, &t->id, chance(s, 50));
    case ZYD_SE_FREEZE:
    case ZYD_SE_UNFREEZE:
        TEXT(d, "reason=r");
        break;
    case ZYD_SE_REINSTATE:
        TEXT(d, "decision=sha256:d");
        break;
    default:
        break;
    }
    return true;
}

/* ---- product (d) ---- */
static void issue(struct sim *s, struct draft *d)
{
    struct products *p = s->products;
    int64_t face = between(s, 100, 30000000), more = between(s, 0, 1000);
    struct zyd_voucher_line line;
    uint8_t name[5] = {ZYD_VOUCHER_KEY_LINE, 0, (uint8_t)V_STD, 0, CORE};
    d->programme = V_STD;
    if (record_of(s, &line, sizeof line, 4, name, sizeof name) == 0 || line.limit - line.used < face) {
        d->event = ZYD_VE_LINE;
        d->member = BANK;
        TEXT(d, "core=CORE|limit_fen=%lld|until=20351231", (long long)(line.used + 2000000000));
        return;
    }
    uint64_t invoice = chance(s, 95) ? ++p->serial : p->serial;
    d->event = ZYD_VE_ISSUE;
    d->member = CORE;
    TEXT(d, "supplier=%s|face_fen=%lld|due=%d|invoices=sha256:N%llu=%lld.%02lld", chance(s, 50) ? "S1" : "S2", (long long)face,
         zyd_date_add(today_of(s), (int32_t)between(s, 5, 150)), (unsigned long long)invoice, (long long)((face + more) / 100),
         (long long)((face + more) % 100));
}

static void split_args(struct sim *s, struct draft *d, int64_t face)
{
    size_t at = (size_t)TEXT(d, "faces=");
    int64_t left = face;
    for (int n = (int)between(s, 1, 4); n > 0 && left > 1; n--) {
        int64_t part = between(s, 1, left - 1);
        at += (size_t)snprintf(d->text + at, DRAFT_TEXT - at, "%lld.%02lld,", (long long)(part / 100), (long long)(part % 100));
        left -= part;
    }
    snprintf(d->text + at, DRAFT_TEXT - at, "%lld.%02lld", (long long)(left / 100), (long long)(left % 100));
}

static uint16_t voucher_event(struct sim *s, const struct zyd_voucher *r)
{
    uint64_t at = prng_below(&s->client, 100);
    switch ((enum zyd_voucher_state)r->state) {
    case ZYD_VS_OFFERED:
        return at < 85 ? ZYD_VE_ACCEPT : ZYD_VE_CANCEL;
    case ZYD_VS_ACTIVE:
        return at < 25   ? ZYD_VE_SPLIT
               : at < 55 ? ZYD_VE_TRANSFER
               : at < 75 ? ZYD_VE_DISCOUNT
               : at < 85 ? ZYD_VE_PLEDGE
               : at < 93 ? ZYD_VE_PREPAY
               : at < 97 ? ZYD_VE_REVERSE
                         : ZYD_VE_FREEZE;
    case ZYD_VS_PLEDGED:
        return at < 85 ? ZYD_VE_UNPLEDGE : ZYD_VE_REVERSE;
    case ZYD_VS_FINANCED:
    case ZYD_VS_MATURED:
        return at < 75 && r->state == ZYD_VS_FINANCED ? ZYD_VE_PREPAY : ZYD_VE_REVERSE;
    default:
        return (uint16_t)between(s, ZYD_VE_SPLIT, ZYD_VE_PREPAY);
    }
}

bool voucher_draw(struct sim *s, struct draft *d, const struct thing *t, bool odd)
{
    struct zyd_voucher r;
    if (t == NULL) {
        issue(s, d);
        return true;
    }
    if (record_of(s, &r, sizeof r, 4, t->id.b, 32) < sizeof r || (r.state == ZYD_VS_FINANCED && chance(s, 80))) {
        return false;
    }
    d->event = odd                       ? (uint16_t)between(s, ZYD_VE_ACCEPT, ZYD_VE_UNFREEZE)
               : r.flags & ZYD_VF_FROZEN ? ZYD_VE_UNFREEZE
                                         : voucher_event(s, &r);
    d->member = d->event == ZYD_VE_CANCEL || d->event == ZYD_VE_PREPAY     ? r.core
                : d->event == ZYD_VE_FREEZE || d->event == ZYD_VE_UNFREEZE ? AUD
                : d->event == ZYD_VE_REVERSE && r.state == ZYD_VS_MATURED  ? r.core
                                                                           : r.holder;
    switch (d->event) {
    case ZYD_VE_SPLIT:
        split_args(s, d, r.face + (chance(s, 5) ? 1 : 0));
        break;
    case ZYD_VE_TRANSFER:
        TEXT(d, "payee=%s|trade=sha256:t|recourse=%s", chance(s, 90) ? r.holder == S1 ? "S2" : "S1" : "CITY",
             chance(s, 50) ? "yes" : "no");
        break;
    case ZYD_VE_DISCOUNT: {
        int32_t days = zyd_days_between(today_of(s), r.due);
        zyd_u128 n = (zyd_u128)(uint64_t)r.face * 50000u * (uint32_t)(days > 0 ? days : 0), half = 180000000u;
        TEXT(d, "bank=%s|rate_ppm=50000|registration=Z%llu|cost_fen=%llu|recourse=%s", chance(s, 50) ? "BANK" : "BANK2",
             (unsigned long long)++s->products->serial, (unsigned long long)((n + half) / (2 * half)),
             chance(s, 50) ? "yes" : "no");
        break;
    }
    case ZYD_VE_PLEDGE:
        TEXT(d, "bank=BANK2|registration=Z%llu", (unsigned long long)++s->products->serial);
        break;
    case ZYD_VE_UNPLEDGE:
        d->member = r.pledgee;
        break;
    case ZYD_VE_PREPAY:
        TEXT(d, "discount_fen=%lld", (long long)between(s, 0, r.face / 10));
        break;
    case ZYD_VE_REVERSE:
        return reverse_args(s, d, &t->id, false);
    case ZYD_VE_FREEZE:
        TEXT(d, "order=sha256:o");
        break;
    default:
        break;
    }
    return true;
}
