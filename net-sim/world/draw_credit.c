/* Random events of product (a) and (b). */
#include "products.h"
#include <zyd/guarantee.h>
#include <zyd/pool.h>

struct contract {
    struct zyd_guarantee_object h;
    struct zyd_guarantee_drawdown d[ZYD_GUARANTEE_DRAWDOWNS_MAX];
};

static uint16_t one_of(struct sim *s, const uint16_t *events, size_t count)
{
    return events[prng_below(&s->client, count)];
}
#define ONE(s, ...) one_of(s, (const uint16_t[]){__VA_ARGS__}, sizeof((uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

static uint16_t guarantee_event(struct sim *s, const struct contract *c)
{
    bool all = c->h.drawn == c->h.amount;
    switch ((enum zyd_guarantee_state)c->h.state) {
    case ZYD_GS_APPLIED:
        return chance(s, 90) ? ZYD_GE_DD_DONE : ONE(s, ZYD_GE_REJECT, ZYD_GE_CANCEL);
    case ZYD_GS_DD:
        return chance(s, 92) ? ZYD_GE_OFFER : ONE(s, ZYD_GE_REJECT, ZYD_GE_CANCEL);
    case ZYD_GS_OFFERED:
        return (c->h.flags & ZYD_GF_FILED) == 0 && c->h.programme == G_NAT ? ZYD_GE_FILE_RE : ZYD_GE_ISSUE;
    case ZYD_GS_ISSUED:
        return chance(s, 95) ? ZYD_GE_DISBURSE : ZYD_GE_CANCEL;
    case ZYD_GS_ACTIVE:
        return !all && chance(s, 40) ? ZYD_GE_DISBURSE
               : chance(s, 55)       ? ZYD_GE_REPAY
                                     : ONE(s, ZYD_GE_PREPAY, ZYD_GE_EXTEND, ZYD_GE_OVERDUE, ZYD_GE_REVERSE, ZYD_GE_REVERSE,
                                           ZYD_GE_RELEASE, ZYD_GE_FREEZE, ZYD_GE_FLAG_SHIFT);
    case ZYD_GS_OVERDUE:
        return chance(s, 55)
                   ? ZYD_GE_CLAIM
                   : ONE(s, ZYD_GE_CURE, ZYD_GE_REPAY, ZYD_GE_REVERSE, ZYD_GE_DISPUTE, ZYD_GE_RESOLVE, ZYD_GE_FLAG_SHIFT);
    case ZYD_GS_CLAIMED:
        return chance(s, 50) ? ZYD_GE_APPROVE
                             : ONE(s, ZYD_GE_QUERY, ZYD_GE_SUPPLY, ZYD_GE_REFUSE, ZYD_GE_DISPUTE, ZYD_GE_RESOLVE);
    case ZYD_GS_CLAIM_APPROVED:
    case ZYD_GS_COMPENSATED:
        return ONE(s, ZYD_GE_RESOLVE, ZYD_GE_RECOVER, ZYD_GE_RECOVER, ZYD_GE_REVERSE);
    case ZYD_GS_RECOVERING:
        return ONE(s, ZYD_GE_RECOVER, ZYD_GE_RECOVER, ZYD_GE_WRITE_OFF, ZYD_GE_REVERSE, ZYD_GE_RESOLVE);
    case ZYD_GS_WRITTEN_OFF:
        return ONE(s, ZYD_GE_RECOVER, ZYD_GE_REVERSE);
    default:
        return ONE(s, ZYD_GE_REPAY, ZYD_GE_DISBURSE, ZYD_GE_RECOVER, ZYD_GE_CLAIM, ZYD_GE_FREEZE);
    }
}

static void loan_args(struct sim *s, struct draft *d, const struct contract *c)
{
    int32_t now = today_of(s);
    const struct zyd_guarantee_drawdown *w = &c->d[c->h.drawdown_count == 0 ? 0 : prng_below(&s->client, c->h.drawdown_count)];
    int64_t left = c->h.amount - c->h.drawn, sum = 0;
    for (uint8_t i = 0; i < c->h.drawdown_count; i++) {
        sum += c->d[i].interest;
    }
    switch (d->event) {
    case ZYD_GE_DISBURSE:
        TEXT(d, "drawdown=%u|amount_fen=%lld|value_date=%d|maturity=%d|rate_ppm=%lld", c->h.drawdown_count + 1u,
             (long long)(chance(s, 60) || left < 1000 ? left : between(s, 1, left)), now,
             zyd_date_add(now, (int32_t)between(s, 5, 200)), (long long)between(s, 30000, 60000));
        break;
    case ZYD_GE_REPAY:
    case ZYD_GE_PREPAY:
        TEXT(d, "drawdown=%u|value_date=%d|amount_fen=%lld", w->number, now,
             (long long)(chance(s, 45) ? w->balance + w->interest : between(s, 1, w->balance + w->interest + 1)));
        break;
    case ZYD_GE_EXTEND:
        TEXT(d, "drawdown=%u|maturity=%d", w->number, zyd_date_add(w->maturity, (int32_t)between(s, 1, 90)));
        break;
    case ZYD_GE_OVERDUE:
        TEXT(d, "overdue_date=%d|principal_fen=%lld|interest_fen=%lld", w->maturity, (long long)c->h.principal, (long long)sum);
        break;
    case ZYD_GE_CURE:
        TEXT(d, "value_date=%d|amount_fen=%lld", now, (long long)sum);
        break;
    case ZYD_GE_CLAIM:
        TEXT(d, "principal_fen=%lld|interest_fen=%lld", (long long)c->h.principal, (long long)sum);
        break;
    default:
        break;
    }
}

static void undo_args(struct sim *s, struct draft *d)
{
    struct zyd_guarantee_undo u;
    uint8_t name[33];
    char hex[65];
    name[0] = ZYD_GUARANTEE_KEY_UNDO;
    memcpy(name + 1, d->object.b, 32);
    (void)record_of(s, &u, sizeof u, 1, name, sizeof name);
    hex_of(hex, u.op_id);
    TEXT(d, "op=%s|code=7|opposite=%s", hex, chance(s, 50) ? "yes" : "no");
}

static void claim_args(struct sim *s, struct draft *d, const struct contract *c)
{
    int64_t disputed = c->h.disputed;
    switch (d->event) {
    case ZYD_GE_APPROVE:
        TEXT(d, "amount_fen=%lld", (long long)(c->h.claim - (c->h.more & ZYD_GM_DISPUTED ? disputed : 0)));
        break;
    case ZYD_GE_DISPUTE:
        TEXT(d, "amount_fen=%lld|document=sha256:x", (long long)between(s, 1, c->h.claim > 1 ? c->h.claim - 1 : 1));
        break;
    case ZYD_GE_RESOLVE:
        TEXT(d, "upheld_fen=%lld|document=sha256:x", (long long)between(s, 0, disputed));
        break;
    case ZYD_GE_RECOVER:
        TEXT(d, "gross_fen=%lld|cost_fen=%lld|bank_ref=R", (long long)between(s, 1, c->h.claim / (chance(s, 20) ? 1 : 4) + 100),
             (long long)(chance(s, 30) ? between(s, 0, 60000) : 0));
        break;
    case ZYD_GE_REVERSE:
        undo_args(s, d);
        break;
    default:
        break;
    }
}

static void paper_args(struct sim *s, struct draft *d, const struct contract *c)
{
    switch (d->event) {
    case ZYD_GE_DD_DONE:
        TEXT(d, "bank_report=sha256:b|guar_report=sha256:g");
        break;
    case ZYD_GE_OFFER:
        TEXT(d, "amount_fen=%lld", (long long)c->h.amount);
        break;
    case ZYD_GE_FILE_RE:
        TEXT(d, "filing=sha256:f");
        break;
    case ZYD_GE_ISSUE:
        TEXT(d, "letter=sha256:l|valid_until=%d", zyd_date_add(today_of(s), 90));
        break;
    case ZYD_GE_REJECT:
    case ZYD_GE_CANCEL:
    case ZYD_GE_FREEZE:
    case ZYD_GE_UNFREEZE:
        TEXT(d, "reason=r");
        break;
    case ZYD_GE_QUERY:
    case ZYD_GE_SUPPLY:
        TEXT(d, "document=sha256:q");
        break;
    case ZYD_GE_REFUSE:
        TEXT(d, "code=3|clause=c");
        break;
    case ZYD_GE_WRITE_OFF:
        TEXT(d, "decision=sha256:w");
        break;
    case ZYD_GE_FLAG_SHIFT:
        TEXT(d, "shifted=%s|reason=r", c->h.more & ZYD_GM_SHIFTED ? "no" : "yes");
        break;
    default:
        loan_args(s, d, c);
        claim_args(s, d, c);
        break;
    }
}

static uint16_t guarantee_actor(struct sim *s, uint16_t event, uint16_t bank)
{
    switch (event) {
    case ZYD_GE_OFFER:
    case ZYD_GE_REJECT:
    case ZYD_GE_QUERY:
    case ZYD_GE_APPROVE:
    case ZYD_GE_REFUSE:
    case ZYD_GE_RECOVER:
        return GUAR;
    case ZYD_GE_FILE_RE:
        return REG;
    case ZYD_GE_FREEZE:
    case ZYD_GE_UNFREEZE:
    case ZYD_GE_FLAG_SHIFT:
        return AUD;
    case ZYD_GE_WRITE_OFF:
        return (uint16_t)(chance(s, 40) ? bank : between(s, GUAR, NFGF));
    default:
        return bank;
    }
}

bool guarantee_draw(struct sim *s, struct draft *d, const struct thing *t, bool odd)
{
    struct contract c;
    char uscc[19];
    if (t == NULL) {
        d->programme = chance(s, 65) ? G_NAT : G_TWO;
        d->member = d->programme == G_NAT && chance(s, 60) ? BANK : BANK2;
        d->event = chance(s, 1) ? ZYD_GE_BREAKER_RESET : ZYD_GE_APPLY;
        uscc_of(uscc, (uint32_t)prng_below(&s->client, 3000));
        if (d->event == ZYD_GE_APPLY) {
            TEXT(d, "borrower=%s|amount_fen=%lld|term_days=365|purpose=feed|consent=sha256:c", uscc,
                 (long long)between(s, 100000, 50000000));
        } else {
            TEXT(d, "reason=r");
        }
        return true;
    }
    (void)record_of(s, &c, sizeof c, 1, t->id.b, 32);
    d->event = odd ? (uint16_t)between(s, ZYD_GE_DD_DONE, ZYD_GE_FLAG_SHIFT) : guarantee_event(s, &c);
    if (d->event == ZYD_GE_BREAKER_RESET || d->event == ZYD_GE_OPENING) {
        d->event = ZYD_GE_APPROVE;
    }
    if (c.h.flags & ZYD_GF_FROZEN && chance(s, 80)) {
        d->event = ZYD_GE_UNFREEZE;
    }
    if (c.h.more & ZYD_GM_SHIFTED && chance(s, 60)) {
        d->event = ZYD_GE_FLAG_SHIFT;
    }
    d->member = guarantee_actor(s, d->event, c.h.bank);
    paper_args(s, d, &c);
    return true;
}

/* ---- product (b) ---- */
struct pool {
    struct zyd_pool h;
    struct zyd_pool_layer layer[ZYD_POOL_LAYERS_MAX];
};

static bool pool_of(struct sim *s, struct pool *p, uint16_t programme)
{
    uint8_t name[3] = {ZYD_POOL_KEY_POOL, 0, (uint8_t)programme}, id[32];
    return record_of(s, id, sizeof id, 2, name, sizeof name) != 0 && record_of(s, p, sizeof *p, 2, id, 32) != 0;
}

static bool pool_new(struct sim *s, struct draft *d)
{
    struct pool p;
    char uscc[19];
    static const char *const layers[2][2] = {{"COUNTY", "CITYL"}, {"LEFT", "RIGHT"}};
    d->programme = chance(s, 60) ? P_LAYERS : P_SHARED;
    if (!pool_of(s, &p, d->programme)) {
        d->event = ZYD_PE_CREATE;
        d->member = TRUSTEE;
        TEXT(d, "account=6222-POOL");
        return true;
    }
    unsigned who = (unsigned)prng_below(&s->client, 60);
    uscc_of(uscc, who);
    if (p.layer[0].balance + p.layer[1].balance < 20000000 || chance(s, 5)) {
        unsigned layer = (unsigned)prng_below(&s->client, 2);
        d->event = ZYD_PE_FUND;
        d->member = layer == 0 ? TRUSTEE : CITY;
        TEXT(d, "layer=%s|amount_fen=%lld|bank_ref=F", layers[d->programme == P_SHARED][layer],
             (long long)between(s, 1000000, 9000000));
        return true;
    }
    uint8_t entry[35] = {ZYD_POOL_KEY_ENTRY, 0, (uint8_t)d->programme};
    struct zyd_pool_entry e;
    memcpy(entry + 3, uscc, 18);
    if (record_of(s, &e, sizeof e, 2, entry, sizeof entry) == 0 || e.valid_until < today_of(s)) {
        d->event = ZYD_PE_ENROL;
        d->member = DEPT;
        TEXT(d, "borrower=%s|loan_class=%u|valid_until=%d", uscc, d->programme == P_LAYERS ? 1u + who % 2u : 1u,
             zyd_date_add(today_of(s), 200));
        return true;
    }
    d->event = ZYD_PE_REGISTER_LOAN;
    d->member = chance(s, 50) ? BANK : BANK2;
    TEXT(d, "borrower=%s|loan=sha256:P%llu|loan_class=%u|principal_fen=%lld|rate_ppm=4%%|drawn_on=%d|maturity=%d", uscc,
         (unsigned long long)(chance(s, 90) ? ++s->products->serial : s->products->serial), e.loan_class,
         (long long)between(s, 100000, 20000000), today_of(s), zyd_date_add(today_of(s), (int32_t)between(s, 30, 300)));
    return true;
}

static int64_t sum_at(struct sim *s, const void *name, size_t size)
{
    int64_t sum = 0;
    (void)record_of(s, &sum, sizeof sum, 2, name, size);
    return sum;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What REVIEW_OK must say (3.2): nominal, caps, ceiling. */
static int64_t compensation(struct sim *s, const struct zyd_pool_loan *o)
{
    static const int64_t ratio[2][2] = {{500000, 400000}, {300000, 300000}};
    bool shared = o->programme == P_SHARED;
    uint8_t name[64] = {ZYD_POOL_KEY_BORROWER, 0, (uint8_t)o->programme};
    int64_t base = o->claimed - o->disputed, pay = base * ratio[shared][o->loan_class > 1] / 1000000;
    memcpy(name + 3, o->borrower, 32);
    int64_t of_borrower = sum_at(s, name, 35);
    name[0] = ZYD_POOL_KEY_STACK;
    name[1] = 0;
    name[2] = (uint8_t)o->bank;
    memcpy(name + 3, o->loan, 32);
    int64_t ceiling = base * (shared ? 200000 : 800000) / 1000000 - sum_at(s, name, 35);
    if (!shared) { /* its caps: 50,000 a claim, 300,000 a borrower */
        pay = least(pay, 5000000);
        pay = least(pay, of_borrower < 30000000 ? 30000000 - of_borrower : 0);
    }
    return least(pay, ceiling > 0 ? ceiling : 0);
}

static uint16_t pool_event(struct sim *s, const struct zyd_pool_loan *o)
{
    switch ((enum zyd_pool_state)o->state) {
    case ZYD_PS_REGISTERED:
        return chance(s, 55) ? ZYD_PE_STATUS : chance(s, 80) ? ZYD_PE_REPAY : ZYD_PE_FREEZE;
    case ZYD_PS_DEFAULTED:
        return chance(s, 60) ? ZYD_PE_FILE : ONE(s, ZYD_PE_CURE, ZYD_PE_REPAY, ZYD_PE_STATUS);
    case ZYD_PS_FILED:
        return chance(s, 85) ? ZYD_PE_DEPT_OK : ONE(s, ZYD_PE_REJECT, ZYD_PE_DISPUTE, ZYD_PE_DISPUTE);
    case ZYD_PS_REVIEW:
        return chance(s, 85) ? ZYD_PE_REVIEW_OK : ONE(s, ZYD_PE_REJECT, ZYD_PE_DISPUTE, ZYD_PE_RESOLVE);
    case ZYD_PS_REJECTED:
        return chance(s, 80) ? ZYD_PE_FILE : ZYD_PE_REPAY;
    case ZYD_PS_APPROVED:
    case ZYD_PS_PART_PAID:
    case ZYD_PS_COMPENSATED:
    case ZYD_PS_REFUNDING:
    case ZYD_PS_CLAWED_BACK:
        return o->disputed != 0 && chance(s, 40) ? ZYD_PE_RESOLVE
                                                 : ONE(s, ZYD_PE_RECOVER, ZYD_PE_RECOVER, ZYD_PE_RECOVER, ZYD_PE_DEMAND_BACK,
                                                       ZYD_PE_CLOSE, ZYD_PE_CLOSE, ZYD_PE_REVERSE);
    default:
        return ONE(s, ZYD_PE_RECOVER, ZYD_PE_DEMAND_BACK, ZYD_PE_REPAY, ZYD_PE_CLOSE);
    }
}

static void pool_args(struct sim *s, struct draft *d, const struct zyd_pool_loan *o)
{
    switch (d->event) {
    case ZYD_PE_REPAY:
        TEXT(d, "amount_fen=%lld", (long long)(chance(s, 25) ? o->balance : between(s, 1, o->balance)));
        break;
    case ZYD_PE_STATUS:
        TEXT(d, "what=%s|since=%d", chance(s, 75) ? "OVERDUE" : chance(s, 50) ? "NPL" : "LAWSUIT", today_of(s));
        break;
    case ZYD_PE_FILE:
        TEXT(d, "principal_fen=%lld|interest_fen=%lld", (long long)o->balance, (long long)between(s, 0, 5000));
        break;
    case ZYD_PE_DEPT_OK:
        TEXT(d, "base_fen=%lld", (long long)(o->claimed - o->disputed));
        break;
    case ZYD_PE_REVIEW_OK:
        TEXT(d, "base_fen=%lld|pay_fen=%lld", (long long)(o->claimed - o->disputed),
             (long long)(compensation(s, o) + (chance(s, 4) ? 1 : 0)));
        break;
    case ZYD_PE_RECOVER:
        TEXT(d, "gross_fen=%lld|cost_fen=%lld|bank_ref=R", (long long)between(s, 1, o->claimed / 2 + 100),
             (long long)(chance(s, 30) ? between(s, 0, 5000) : 0));
        break;
    case ZYD_PE_DEMAND_BACK:
        if (chance(s, 60)) {
            TEXT(d, "finding=f|ppm=%lld", (long long)between(s, 1, 500000));
        } else {
            TEXT(d, "finding=f");
        }
        break;
    case ZYD_PE_DISPUTE:
        TEXT(d, "amount_fen=%lld|reason=r", (long long)between(s, 1, o->claimed / 2 + 1));
        break;
    case ZYD_PE_RESOLVE:
        TEXT(d, "upheld_fen=%lld", (long long)between(s, 0, o->disputed));
        break;
    case ZYD_PE_REVERSE:
        (void)reverse_args(s, d, &d->object, false);
        break;
    case ZYD_PE_REJECT:
    case ZYD_PE_CLOSE:
    case ZYD_PE_FREEZE:
    case ZYD_PE_UNFREEZE:
        TEXT(d, "reason=r");
        break;
    default:
        break;
    }
}

static uint16_t pool_actor(struct sim *s, const struct zyd_pool_loan *o, uint16_t event)
{
    switch (event) {
    case ZYD_PE_DEPT_OK:
        return DEPT;
    case ZYD_PE_REJECT:
        return o->state == ZYD_PS_FILED ? DEPT : TRUSTEE;
    case ZYD_PE_REVIEW_OK:
        return TRUSTEE;
    case ZYD_PE_DEMAND_BACK:
        return chance(s, 50) ? TRUSTEE : AUD;
    case ZYD_PE_FREEZE:
    case ZYD_PE_UNFREEZE:
        return AUD;
    default:
        return o->bank;
    }
}

bool pool_draw(struct sim *s, struct draft *d, const struct thing *t, bool odd)
{
    struct zyd_pool_loan o;
    if (t == NULL) {
        return pool_new(s, d);
    }
    (void)record_of(s, &o, sizeof o, 2, t->id.b, 32);
    if (o.kind == ZYD_POOL_KIND_FUNDING) {
        struct zyd_pool_funding f;
        (void)record_of(s, &f, sizeof f, 2, t->id.b, 32);
        d->event = ZYD_PE_FUND_CONFIRM;
        d->member = TRUSTEE;
        TEXT(d, "amount_fen=%lld|bank_ref=F", (long long)f.amount);
        return true;
    }
    if (o.kind != ZYD_POOL_KIND_LOAN) {
        return false;
    }
    d->event = odd                              ? (uint16_t)between(s, ZYD_PE_REPAY, ZYD_PE_CLOSE)
               : o.frozen != 0 && chance(s, 80) ? ZYD_PE_UNFREEZE
                                                : pool_event(s, &o);
    d->member = pool_actor(s, &o, d->event);
    pool_args(s, d, &o);
    return true;
}
