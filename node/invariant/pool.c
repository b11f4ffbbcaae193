/* I4 and I8 of product (b): no layer below zero, no compensation above ratio, ceiling and caps. */
#include "impl.h"
#include <zyd/pool.h>

static void registered(const struct event *e)
{
    struct pool_claim *c = &e->object->is.p;
    struct zyd_rd rd = zyd_rd_of(e->args);
    zyd_rd_array(&rd, 8);
    struct zyd_span borrower = zyd_rd_skip(&rd), loan = zyd_rd_skip(&rd);
    c->loan_class = (uint32_t)zyd_rd_u64(&rd, UINT32_MAX);
    c->bank = e->member;
    zyd_hash2(&c->borrower, "inv/borrower", &e->programme, sizeof e->programme, borrower.data, borrower.size);
    zyd_hash2(&c->loan, "inv/loan", &c->bank, sizeof c->bank, loan.data, loan.size);
}

static int64_t floor_ppm(int64_t amount, uint64_t ppm)
{
    return (int64_t)((zyd_u128)(uint64_t)amount * ppm / 1000000u);
}

static void filed(const struct event *e)
{
    struct pool_claim *c = &e->object->is.p;
    struct zyd_rd rd = zyd_rd_of(e->args);
    zyd_rd_array(&rd, 4);
    c->filed = 0;
    for (int i = 0; i < 3; i++) {
        c->filed += zyd_rd_nil(&rd) ? 0 : zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX);
    }
}

/* What was approved counts in three sums. */
/* the bank's of the year and the borrower's, in the programme; the loan's in all */
enum { OF_YEAR, OF_BORROWER, OF_LOAN, SUMS };

static void sums_of(int64_t *sums[SUMS], struct zyd_inv *v, uint16_t programme, const struct pool_claim *c,
                    int32_t in_year)
{
    const uint32_t year[3] = {programme, c->bank, (uint32_t)in_year};
    sums[OF_YEAR] = sum_of(v, "inv/year", year, sizeof year, "", 0);
    sums[OF_BORROWER] = sum_of(v, "inv/ofb", c->borrower.b, 32, "", 0);
    sums[OF_LOAN] = sum_of(v, "inv/ofl", c->loan.b, 32, "", 0);
}

/* Adds to (or, less than 0, takes from) what is approved, in the sums too. */
static void approve(int64_t *sums[SUMS], struct pool_claim *c, int64_t more)
{
    for (int i = 0; i < SUMS; i++) {
        *sums[i] += more;
    }
    c->approved += more;
    c->counted += more;
}

static uint32_t ratio_of(const struct programme *p, const struct pool_claim *c)
{
    return c->loan_class >= 1 && c->loan_class <= p->ratio_count ? p->ratio_ppm[c->loan_class - 1] : 0;
}

static bool approved(struct zyd_inv *v, const struct event *e, const struct programme *p)
{
    struct pool_claim *c = &e->object->is.p;
    struct zyd_rd rd = zyd_rd_of(e->args);
    zyd_rd_array(&rd, 2);
    int64_t *sums[SUMS];
    c->base = zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX);
    c->approved = c->counted = 0;
    c->reviewed = true;
    c->year = e->date / 10000;
    sums_of(sums, v, e->programme, c, c->year);
    approve(sums, c, zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX));
    const struct {
        int64_t is, most;
        const char *what;
    } tests[] = {
        {c->base, c->filed, "base, of what was filed"},
        {c->approved, floor_ppm(c->base, ratio_of(p, c)), "compensation, by the ratio"},
        {c->approved, (int64_t)slot_of(p, ZYD_PP_PER_CLAIM_CAP), "compensation, by the cap of a claim"},
        {*sums[OF_BORROWER], (int64_t)slot_of(p, ZYD_PP_PER_BORROWER_CAP), "compensation for the borrower"},
        {*sums[OF_YEAR], (int64_t)slot_of(p, ZYD_PP_PER_BANK_YEAR_CAP), "compensation of the bank in the year"},
        {*sums[OF_LOAN], floor_ppm(c->base, slot_of(p, ZYD_PP_STACK_PPM)),
         "compensation of all programmes, by the stacking ceiling"},
    };
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        bool none = (i >= 2 && i <= 4 && tests[i].most == 0) || (i == 5 && c->approved == 0);
        v->counts.checks[8]++;
        if (!none && tests[i].is > tests[i].most) {
            return fault_at(v, 8, c->bank, &e->object->id, e->at, "%s: %lld fen, at most %lld", tests[i].what,
                            (long long)tests[i].is, (long long)tests[i].most);
        }
    }
    return true;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* RESOLVE after the approval: what is upheld is base again and may be compensated on top, as far as ratio, caps and ceiling
 * leave room.  How much it was, its record says: never more than this. */
static void resolved(struct zyd_inv *v, const struct event *e, const struct programme *p)
{
    struct pool_claim *c = &e->object->is.p;
    struct zyd_rd rd = zyd_rd_of(e->args);
    zyd_rd_array(&rd, 1);
    int64_t upheld = zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX);
    if (!c->reviewed) {
        return;
    }
    c->base += upheld;
    int64_t *sums[SUMS];
    sums_of(sums, v, e->programme, c, e->date / 10000);
    const int64_t caps[SUMS] = {(int64_t)slot_of(p, ZYD_PP_PER_BANK_YEAR_CAP), (int64_t)slot_of(p, ZYD_PP_PER_BORROWER_CAP),
                                floor_ppm(c->base, slot_of(p, ZYD_PP_STACK_PPM))};
    int64_t more = floor_ppm(c->base, ratio_of(p, c)) - c->approved, claim = (int64_t)slot_of(p, ZYD_PP_PER_CLAIM_CAP);
    more = claim == 0 ? more : at_most(more, claim - c->approved);
    for (int i = 0; i < SUMS; i++) {
        more = caps[i] == 0 && i != OF_LOAN ? more : at_most(more, caps[i] - *sums[i]);
    }
    if (more > 0) {
        approve(sums, c, more);
        c->resolved = true;
        c->year = e->date / 10000;
    }
}

/* What is demanded back leaves the borrower's and the loan's sums; what was approved and not paid is cancelled with it. */
static void demanded(struct zyd_inv *v, uint16_t programme, struct pool_claim *c)
{
    int64_t now = c->paid - c->clawed;
    int64_t less = c->counted - (now > 0 ? now : 0);
    if (less > 0) {
        int64_t *sums[SUMS];
        sums_of(sums, v, programme, c, c->year);
        *sums[OF_BORROWER] -= less;
        *sums[OF_LOAN] -= less;
        c->counted -= less;
    }
}

static bool layers(struct zyd_inv *v, const struct event *e)
{
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        const struct zyd_posting *t = &e->o->postings[i];
        for (int side = 0; side < 2; side++) {
            const char *code = side == 0 ? t->dr : t->cr;
            if (begins(code, "3001.")) {
                zyd_i128 has = -balance_of(v, t->member, t->programme, code);
                v->counts.checks[8]++;
                if (has < 0) {
                    return fault_at(v, 8, t->member, e->o->has_object ? &e->o->object : NULL, e->at,
                                    "layer %s is %lld fen, below zero", code, (long long)has);
                }
            }
        }
    }
    return true;
}

bool pool_event(struct zyd_inv *v, const struct event *e, const struct programme *p)
{
    struct pool_claim *c = &e->object->is.p;
    int64_t from_layers = 0, to_bank = 0, back = 0;
    if (!layers(v, e) || p == NULL) {
        return p == NULL;
    }
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        const struct zyd_posting *t = &e->o->postings[i];
        bool draw = t->label == ZYD_PL_DRAW || t->label == ZYD_PL_SERVE_QUEUE;
        from_layers += draw ? moved(t, "3001.", false) : 0;
        to_bank -= draw ? moved(t, "2191.", false) : 0;
        back -= t->label == ZYD_PL_DEMAND_BACK ? moved(t, "2141.", false) : 0;
        c->held += moved(t, "2171", true);
    }
    v->counts.checks[4]++;
    if (from_layers != to_bank || c->held != 0) {
        return fault_at(v, 4, NOBODY, &e->object->id, e->at,
                        "layers give %lld fen, the bank gets %lld; of a recovery %lld are left", (long long)from_layers,
                        (long long)to_bank, (long long)c->held);
    }
    if (!e->sys && e->number == ZYD_PE_REGISTER_LOAN) {
        registered(e);
    } else if (!e->sys && e->number == ZYD_PE_FILE) {
        filed(e);
    } else if (!e->sys && e->number == ZYD_PE_REVIEW_OK && !approved(v, e, p)) {
        return false;
    } else if (!e->sys && e->number == ZYD_PE_RESOLVE) {
        resolved(v, e, p);
    }
    c->paid += to_bank;
    c->clawed += back;
    if (!e->sys && e->number == ZYD_PE_DEMAND_BACK) {
        demanded(v, e->programme, c);
    }
    v->counts.checks[8]++;
    return c->paid <= c->approved || fault_at(v, 8, c->bank, &e->object->id, e->at, "paid %lld fen, approved %lld",
                                              (long long)c->paid, (long long)c->approved);
}

bool pool_record(struct zyd_inv *v, struct object *o, struct zyd_span value)
{
    struct zyd_pool_loan r;
    if (value.size < sizeof r || value.data[0] != ZYD_POOL_KIND_LOAN) {
        return true;
    }
    memcpy(&r, value.data, sizeof r);
    struct pool_claim *c = &o->is.p;
    if (c->resolved && r.approved < c->approved) { /* RESOLVE gave less than there was room for */
        int64_t *sums[SUMS];
        sums_of(sums, v, o->programme, c, c->year);
        approve(sums, c, r.approved - c->approved);
    }
    c->resolved = false;
    v->counts.checks[8]++;
    return r.paid == o->is.p.paid ||
           fault_at(v, 8, r.bank, &o->id, o->last, "the claim says %lld fen were paid, the postings %lld", (long long)r.paid,
                    (long long)o->is.p.paid);
}
