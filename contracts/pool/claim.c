/* claim.c: from the claim to its approval (domain.md 3.2: FILE, REVIEW_OK, E10), REJECT, CLOSE, FREEZE. */
#include <zyd/guarantee.h>

#include "pool.h"

#define GUARANTEE_CONTRACT 1

/* What product (a) leaves with the bank on this loan: 2007 where it covers the same part.  all: what the claim asks for. */
static int64_t uncovered(const struct pl *p, int64_t all)
{
    struct {
        struct zyd_guarantee_object h;
        struct zyd_guarantee_drawdown d[ZYD_GUARANTEE_DRAWDOWNS_MAX];
    } g;
    struct {
        struct zyd_guarantee_claim h;
        struct zyd_guarantee_party p[12];
    } c;
    uint8_t key[64];
    if (!id_is_set(p->o.h.guarantee)) {
        return all;
    }
    int64_t size = ct_get(GUARANTEE_CONTRACT, p->o.h.guarantee, CT_ID_SIZE, &g, sizeof g);
    if (size < (int64_t)sizeof g.h || g.h.kind != ZYD_GUARANTEE_KIND_CONTRACT || g.h.bank != p->o.h.bank ||
        memcmp(g.h.borrower, p->o.h.borrower, CT_ID_SIZE) != 0) {
        ct_fail(E_COVERED_BY_GUARANTEE); /* a guarantee of somebody else proves nothing */
    }
    if (g.h.state < ZYD_GS_ISSUED || g.h.state == ZYD_GS_RELEASED || g.h.state >= ZYD_GS_REJECTED) {
        return all;
    }
    if (param(p, ZYD_PP_ALLOW_BANK_SHARE) == 0 || g.h.state < ZYD_GS_CLAIM_APPROVED ||
        ct_get(GUARANTEE_CONTRACT, key, key_of(key, ZYD_GUARANTEE_KEY_CLAIM, 0, 0, p->o.h.guarantee), &c, sizeof c) < 0) {
        ct_fail(E_COVERED_BY_GUARANTEE); /* until the guarantor has approved, the bank's part is not known */
    }
    return cc_min(all, c.h.bank_part + c.h.overflow);
}

/* Met from `trigger_days` after the reported date on (2006), for `window_days` (9106). */
static void trigger_met(const struct pl *p)
{
    const struct zyd_pool_loan *o = &p->o.h;
    uint64_t trigger = param(p, ZYD_PP_TRIGGER);
    int32_t since = trigger == ZYD_POOL_OVERDUE ? o->overdue_on : trigger == ZYD_POOL_NPL ? o->npl_on : o->lawsuit_on;
    if (since == 0 || zyd_days_between(since, p->call->date) < (int32_t)param(p, ZYD_PP_TRIGGER_DAYS)) {
        ct_fail(E_TRIGGER_NOT_MET);
    }
    if (zyd_days_between(since, p->call->date) > (int32_t)param(p, ZYD_PP_WINDOW_DAYS)) {
        ct_fail(CC_DEADLINE);
    }
}

static int64_t fen_or_none(struct ct_rd *rd)
{
    return ct_rd_nil(rd) ? 0 : cc_arg_fen(rd, 0);
}

/* FILE: DEFAULTED, REJECTED -> FILED by BANK.  Inputs: principal, normal interest, penalty and cost, evidence hashes. */
void event_file(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    int64_t principal = cc_arg_fen(&rd, 1), interest = fen_or_none(&rd), other = fen_or_none(&rd);
    uint32_t evidence = ct_rd_array(&rd);
    for (uint32_t i = 0; i < evidence; i++) {
        ct_rd_id(&rd);
    }
    ct_rd_end(&rd);
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    if (o->state != ZYD_PS_REJECTED) {
        state_in(p, ZYD_PS_REGISTERED, ZYD_PS_DEFAULTED);
    }
    trigger_met(p);
    if (evidence < p->document_count) {
        ct_fail(E_TRIGGER_NOT_MET); /* the documents are what shows it */
    }
    uint64_t base = param(p, ZYD_PP_RATIO_BASE);
    int64_t all = principal + (base >= ZYD_POOL_BASE_INTEREST ? interest : 0) + (base == ZYD_POOL_BASE_ALL ? other : 0);
    all = uncovered(p, all);
    if (principal != o->balance) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
    if (all > CC_FEN_MAX) {
        ct_fail(CC_RANGE);
    }
    sign(p, o->bank);
    signed_end(p);
    o->claimed = all;
    o->disputed = 0;
    o->filed_on = p->call->date;
    o->state = ZYD_PS_FILED;
    p->pool.open_claims++;
    if (!(o->flags & ZYD_PF_NPL)) {
        npl_set(p, true);
        breaker(p, true);
    }
    loan_store(p);
    pool_store(p);
    deadline_workdays(p, ZYD_PD_REVIEW_LATE, ZYD_PP_DEPT_WD);
}

static void base_is(const struct pl *p, struct ct_rd *rd)
{
    if (cc_arg_fen(rd, 0) != p->o.h.claimed - p->o.h.disputed) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
}

/* DEPT_OK: FILED -> REVIEW by DEPT, the first of the two authorities.  Input: base. */
void event_dept_ok(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    state_in(p, ZYD_PS_FILED, ZYD_PS_FILED);
    base_is(p, &rd);
    ct_rd_end(&rd);
    sign(p, (uint16_t)param(p, ZYD_PP_DEPT));
    signed_end(p);
    p->o.h.state = ZYD_PS_REVIEW;
    loan_store(p);
    deadline_workdays(p, ZYD_PD_REVIEW_LATE, ZYD_PP_REVIEW_WD);
}

static uint32_t borrower_key(uint8_t key[64], const struct pl *p)
{
    return key_of(key, ZYD_POOL_KEY_BORROWER, p->call->programme, 2, p->o.h.borrower);
}

static uint32_t year_key(uint8_t key[64], const struct pl *p)
{
    uint32_t year = (uint32_t)p->call->date / 10000;
    return key_of_bank(key, ZYD_POOL_KEY_BANK_YEAR, (uint32_t)p->call->programme << 16 | year, 4, p->o.h.bank, 0);
}

static uint32_t stack_key(uint8_t key[64], const struct pl *p)
{
    return key_of_bank(key, ZYD_POOL_KEY_STACK, 0, 0, p->o.h.bank, p->o.h.loan);
}

void caps_add(const struct pl *p, int64_t amount, bool with_year)
{
    uint8_t key[64];
    uint32_t size = borrower_key(key, p);
    if (amount == 0) {
        return;
    }
    sum_put(key, size, sum_get(key, size) + amount);
    size = stack_key(key, p);
    sum_put(key, size, sum_get(key, size) + amount);
    if (with_year) {
        size = year_key(key, p);
        sum_put(key, size, sum_get(key, size) + amount);
    }
}

/* What a cap leaves; CC_FEN_MAX where it is 0, none. */
static int64_t room(const struct pl *p, enum zyd_pool_param cap, const uint8_t *key, uint32_t size)
{
    int64_t limit = (int64_t)param(p, cap);
    return limit == 0 ? CC_FEN_MAX : cc_max(limit - (size == 0 ? 0 : sum_get(key, size)), 0);
}

/* pay = min(nominal, caps, ceiling); *stacked: the stacking ceiling is what cut it (W2010). */
static int64_t compensation(const struct pl *p, bool *stacked)
{
    uint8_t key[64];
    int64_t base = p->o.h.claimed - p->o.h.disputed; /* 3.0.6: the undisputed part proceeds */
    int64_t pay = cc_ppm(base, class_ratio(p, p->o.h.loan_class), CT_FLOOR);
    uint32_t size = year_key(key, p);
    int64_t year = room(p, ZYD_PP_PER_BANK_YEAR_CAP, key, size);
    if (year == 0) {
        ct_fail(E_BANK_YEAR_CAP);
    }
    pay = cc_min(pay, year);
    pay = cc_min(pay, room(p, ZYD_PP_PER_CLAIM_CAP, 0, 0));
    size = borrower_key(key, p);
    pay = cc_min(pay, room(p, ZYD_PP_PER_BORROWER_CAP, key, size));
    size = stack_key(key, p);
    int64_t ceiling = cc_ppm(base, (uint32_t)param(p, ZYD_PP_STACK_PPM), CT_FLOOR) - sum_get(key, size);
    *stacked = ceiling < pay;
    return cc_min(pay, cc_max(ceiling, 0));
}

int64_t compensation_more(const struct pl *p, int64_t base)
{
    uint8_t key[64];
    int64_t more = cc_ppm(base, class_ratio(p, p->o.h.loan_class), CT_FLOOR) - p->o.h.approved;
    uint32_t size = year_key(key, p);
    more = cc_min(more, room(p, ZYD_PP_PER_BANK_YEAR_CAP, key, size));
    more = cc_min(more, room(p, ZYD_PP_PER_CLAIM_CAP, 0, 0) - p->o.h.approved);
    size = borrower_key(key, p);
    more = cc_min(more, room(p, ZYD_PP_PER_BORROWER_CAP, key, size));
    size = stack_key(key, p);
    more = cc_min(more, cc_ppm(base, (uint32_t)param(p, ZYD_PP_STACK_PPM), CT_FLOOR) - sum_get(key, size));
    return cc_max(more, 0);
}

bool caps_have(const struct pl *p, int64_t amount, int64_t base)
{
    uint8_t key[64];
    uint32_t size = borrower_key(key, p);
    if (amount > room(p, ZYD_PP_PER_BORROWER_CAP, key, size)) {
        return false;
    }
    size = stack_key(key, p);
    return amount == 0 || amount <= cc_ppm(base, (uint32_t)param(p, ZYD_PP_STACK_PPM), CT_FLOOR) - sum_get(key, size);
}

/* REVIEW_OK: REVIEW -> APPROVED by TRUSTEE, and DRAW at once: -> COMPENSATED, PART_PAID, or APPROVED while it waits for its
 * turn.  Inputs: base, compensation. */
void event_review_ok(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    struct ct_rd rd = ct_args(p->call);
    bool stacked;
    ct_rd_array(&rd);
    state_in(p, ZYD_PS_REVIEW, ZYD_PS_REVIEW);
    base_is(p, &rd);
    int64_t signed_pay = cc_arg_fen(&rd, 0);
    ct_rd_end(&rd);
    int64_t pay = compensation(p, &stacked);
    if (signed_pay != pay) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
    sign(p, p->trustee);
    signed_end(p);
    if (stacked) {
        ct_warn(W_STACK_TRUNCATED);
        o->flags |= ZYD_PF_STACKED;
    }
    o->approved = o->shortage = pay;
    o->approved_on = p->call->date;
    o->state = ZYD_PS_APPROVED;
    caps_add(p, pay, true);
    memo(p, o->balance, 0);
    deadline_clear(p, ZYD_PD_REVIEW_LATE);
    if (pay == 0 && o->disputed == 0) {
        o->state = ZYD_PS_CLOSED; /* nothing to pay, nothing to come back */
        claim_ended(p);
    } else {
        draw(p);
    }
    loan_store(p);
    pool_store(p);
}

void claim_ended(struct pl *p)
{
    npl_set(p, false);
    p->pool.balance -= p->o.h.balance;
    p->o.h.flags |= ZYD_PF_ENDED;
    p->pool.open_claims--;
    breaker(p, false);
}

static void read_reason(const struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
}

/* REJECT: FILED, REVIEW -> REJECTED by the authority whose turn it is.  Input: reason.  It may be filed again in time. */
void event_reject(struct pl *p)
{
    read_reason(p);
    state_in(p, ZYD_PS_FILED, ZYD_PS_REVIEW);
    sign(p, p->o.h.state == ZYD_PS_FILED ? (uint16_t)param(p, ZYD_PP_DEPT) : p->trustee);
    signed_end(p);
    p->o.h.state = ZYD_PS_REJECTED;
    p->o.h.claimed = p->o.h.disputed = 0;
    p->pool.open_claims--;
    deadline_clear(p, ZYD_PD_REVIEW_LATE);
    loan_store(p);
    pool_store(p);
}

/* CLOSE: COMPENSATED, REFUNDING, CLAWED_BACK in part -> CLOSED by BANK and TRUSTEE: nothing more is to be recovered.  Input:
 * reason.  No payment may be under way, and nothing in dispute. */
void event_close(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    read_reason(p);
    bool clawed = o->state == ZYD_PS_CLAWED_BACK && !(o->flags & ZYD_PF_ENDED);
    if (!clawed) {
        state_in(p, ZYD_PS_COMPENSATED, ZYD_PS_REFUNDING);
    }
    if (o->draws_open + o->refunds_open + o->backs_open != 0 || o->disputed != 0) {
        ct_fail(CC_BAD_STATE);
    }
    sign(p, o->bank);
    sign(p, p->trustee);
    signed_end(p);
    o->state = ZYD_PS_CLOSED;
    claim_ended(p);
    loan_store(p);
    pool_store(p);
}

/* FREEZE (3.0.6): by any auditor or supervisor.  Until UNFREEZE members' events but RECOVER are refused (9110). */
void event_freeze(struct pl *p)
{
    read_reason(p);
    if (!is_auditor(p->call->member)) {
        ct_fail(CC_SIGNER_MISSING);
    }
    sign(p, p->call->member);
    signed_end(p);
    p->o.h.frozen = 1;
    p->o.h.frozen_by = p->call->member;
    loan_store(p);
}

/* UNFREEZE: by the same authority. */
void event_unfreeze(struct pl *p)
{
    read_reason(p);
    if (!p->o.h.frozen) {
        ct_fail(CC_BAD_STATE);
    }
    sign(p, p->o.h.frozen_by);
    signed_end(p);
    p->o.h.frozen = 0;
    p->o.h.frozen_by = 0;
    loan_store(p);
}
