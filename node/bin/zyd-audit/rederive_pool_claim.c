/* rederive_pool_claim.c: product (b): from the claim to what is approved: base, ratio, caps, the stacking ceiling, disputes
 * (domain.md 3.2, E8, E10). */
#include "rederive_pool.h"

/* What product (a) leaves with the bank, when the loan names a guarantee that covers it. */
static int64_t uncovered(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s, int64_t all)
{
    int64_t part = 0;
    if (!c->linked) {
        return all;
    }
    switch (re_guarantee_left(p->re->guarantee, &part, &c->guarantee, c->bank, &c->borrower)) {
    case RE_LEFT_ALL:
        return all;
    case RE_LEFT_PART:
        if (pl_param(c->pool, ZYD_PP_ALLOW_BANK_SHARE) != 0) {
            return re_min(all, part);
        }
        break;
    case RE_LEFT_OPEN:
        break;
    }
    pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "a guarantee covers the same part, or it is another borrower's");
    return all;
}

static void check_trigger(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s, uint32_t documents)
{
    const struct pl_pool *pool = c->pool;
    int32_t since = c->since[pl_param(pool, ZYD_PP_TRIGGER) & 3u];
    if (since == 0 || since > s->date || re_days(since, s->date) < (int32_t)pl_param(pool, ZYD_PP_TRIGGER_DAYS)) {
        pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "claimed before what the programme asks for had happened");
    } else if (re_days(since, s->date) > (int32_t)pl_param(pool, ZYD_PP_WINDOW_DAYS)) {
        pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "claimed after the last day of a claim");
    }
    if (documents < pool->documents) {
        pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "claimed without its documents");
    }
}

static int64_t or_nothing(struct zyd_rd *rd)
{
    return zyd_rd_nil(rd) ? 0 : (int64_t)zyd_rd_u64(rd, INT64_MAX);
}

void pl_file(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    int64_t principal = (int64_t)zyd_rd_u64(rd, INT64_MAX), interest = or_nothing(rd), other = or_nothing(rd);
    uint64_t base = pl_param(c->pool, ZYD_PP_RATIO_BASE);
    uint32_t documents = zyd_rd_array(rd, 64);
    pl_none(p, s);
    if (pl_approved(c)) {
        pl_wrong(p, s, c, RE_POOL_PAID_TWICE, "claimed again after the claim was approved");
        return;
    }
    check_trigger(p, c, s, documents);
    if (principal != c->m.balance) {
        re_find(p->re, s, RE_POOL_SHARE, c->bank, 0, 0, principal, c->m.balance, "principal claimed, and owed");
    }
    principal += base >= ZYD_POOL_BASE_INTEREST ? interest : 0;
    principal += base == ZYD_POOL_BASE_ALL ? other : 0;
    c->m.claimed = uncovered(p, c, s, principal);
    c->m.disputed = 0;
    c->m.state = ZYD_PS_FILED;
    c->reviewed = false;
    c->pool->open_claims++;
    if (!c->m.npl) {
        pl_npl(c, true);
        pl_breaker(c->pool, true);
    }
}

static void check_base(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    int64_t base = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    if (base != pl_base(c)) {
        re_find(p->re, s, RE_POOL_SHARE, c->bank, 0, 0, base, pl_base(c), "the base of the claim that was reviewed");
    }
}

void pl_dept_ok(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    check_base(p, c, s, rd);
    c->reviewed = true;
    c->m.state = ZYD_PS_REVIEW;
    pl_none(p, s);
}

/* ---- caps ---- */

static int64_t *borrower_sum(struct re_pool *p, const struct pl_loan *c)
{
    return pl_sum(p, 'B', c->pool->t.programme, 0, &c->borrower);
}

static int64_t *year_sum(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s)
{
    return pl_sum(p, 'Y', (uint64_t)c->pool->t.programme << 16 | c->bank, (uint64_t)(s->date / 10000), NULL);
}

static int64_t *stack_sum(struct re_pool *p, const struct pl_loan *c) /* of all programmes */
{
    return pl_sum(p, 'S', c->bank, 0, &c->loan);
}

void pl_count(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s, int64_t amount, bool year)
{
    *borrower_sum(p, c) += amount;
    *stack_sum(p, c) += amount;
    *year_sum(p, c, s) += year ? amount : 0;
}

int64_t pl_over_caps(struct re_pool *p, const struct pl_loan *c)
{
    int64_t cap = pl_fen(c->pool, ZYD_PP_PER_BORROWER_CAP);
    int64_t ceiling = re_ppm(pl_base(c), pl_param(c->pool, ZYD_PP_STACK_PPM), RE_FLOOR);
    int64_t over = re_max(*stack_sum(p, c) - ceiling, 0);
    return cap == 0 ? over : re_max(*borrower_sum(p, c) - cap, over);
}

static int64_t under(int64_t most, const struct pl_pool *pool, enum zyd_pool_param cap, int64_t used)
{
    return pl_fen(pool, cap) == 0 ? most : re_min(most, pl_fen(pool, cap) - used);
}

/* What may still be approved on top of what was: the least of ratio, caps and ceiling. */
static int64_t allowed(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s, int64_t base)
{
    const struct pl_pool *pool = c->pool;
    int64_t most = re_ppm(base, (uint64_t)pl_ratio(c), RE_FLOOR) - c->m.approved;
    most = under(most, pool, ZYD_PP_PER_CLAIM_CAP, c->m.approved);
    most = under(most, pool, ZYD_PP_PER_BORROWER_CAP, *borrower_sum(p, c));
    most = under(most, pool, ZYD_PP_PER_BANK_YEAR_CAP, *year_sum(p, c, s));
    most = re_min(most, re_ppm(base, pl_param(pool, ZYD_PP_STACK_PPM), RE_FLOOR) - *stack_sum(p, c));
    return re_max(most, 0);
}

/* ---- approval ---- */

static void again(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, int64_t pay)
{
    int64_t booked = re_booked(s, c->pool->trustee, ZYD_PL_DRAW, "3001", "2141");
    re_find(p->re, s, RE_POOL_PAID_TWICE, c->bank, 0, 0, pay, 0, "the claim was approved before");
    for (size_t i = 0; i < c->pool->layer_count; i++) {
        int64_t one = pl_layer_booked(s, c->pool, ZYD_PL_DRAW, i, true);
        c->pool->layers[i].balance -= one;
        c->pool->layers[i].drawn += one;
        c->part[i].paid += one;
    }
    c->m.paid += booked;
    c->m.state = ZYD_PS_COMPENSATED;
    pl_count(p, c, s, pay, true);
}

void pl_review_ok(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines rows = {.count = 0};
    check_base(p, c, s, rd);
    int64_t pay = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    if (pl_approved(c)) {
        again(p, c, s, pay);
        return;
    }
    if (!c->reviewed) {
        pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "approved without the department's review");
    }
    int64_t right = allowed(p, c, s, pl_base(c));
    if (pay != right) {
        bool over = pay > right && pay <= re_ppm(pl_base(c), (uint64_t)pl_ratio(c), RE_FLOOR);
        enum re_kind kind = over ? RE_POOL_OVER_CAP : RE_POOL_SHARE;
        re_find(p->re, s, kind, c->bank, 0, 0, pay, right, "compensation as it was approved");
    }
    c->m.approved = c->m.shortage = pay;
    c->m.approved_on = s->date;
    c->m.state = ZYD_PS_APPROVED;
    pl_count(p, c, s, pay, true);
    pl_memo(&rows, c);
    if (pay == 0 && c->m.disputed == 0) {
        c->m.state = ZYD_PS_CLOSED;
        pl_ended(c);
        re_lines_compare(p->re, s, &rows, RE_UNEXPLAINED);
        return;
    }
    pl_draw(p, c, s, &rows);
}

void pl_reject(struct re_pool *p, struct pl_loan *c, const struct audit_step *s)
{
    c->m.state = ZYD_PS_REJECTED;
    c->m.claimed = c->m.disputed = 0;
    c->pool->open_claims -= c->pool->open_claims > 0;
    pl_none(p, s);
}

/* ---- disputes ---- */

void pl_dispute(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    int64_t amount = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    if (amount >= c->m.claimed) {
        re_find(p->re, s, RE_POOL_SHARE, c->bank, 0, 0, amount, c->m.claimed, "disputed, and claimed");
    }
    c->m.disputed = re_min(amount, c->m.claimed);
    pl_none(p, s);
}

void pl_resolve(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines rows = {.count = 0};
    int64_t upheld = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    if (upheld > c->m.disputed) {
        re_find(p->re, s, RE_POOL_SHARE, c->bank, 0, 0, upheld, c->m.disputed, "upheld, and disputed");
    }
    int64_t base = pl_base(c) + upheld;
    c->m.disputed = 0;
    if (!pl_approved(c)) {
        c->m.claimed = base;
        pl_none(p, s);
        return;
    }
    int64_t more = allowed(p, c, s, base); /* on top, as far as the caps leave room on the day */
    c->m.approved += more;
    pl_count(p, c, s, more, true);
    if (more == 0 || c->queued) {
        pl_shortage(c, more);
        c->m.state = more > 0 && c->m.state > ZYD_PS_PART_PAID ? ZYD_PS_PART_PAID : c->m.state;
        pl_none(p, s);
        return;
    }
    c->m.shortage += more;
    c->m.approved_on = s->date;
    pl_draw(p, c, s, &rows);
}
