/* clawback.c: what is given back: CLAWBACK, REINSTATE, FEE_CHANGE (domain.md 3.3, E14, E17, ruling 32). */
#include "subsidy.h"

/* What each payer gets back, by ALLOC over what each paid. */
static void back_by_paid(int64_t *inc, struct su *s, int64_t amount)
{
    int64_t clawed[ZYD_SUBSIDY_PAYERS_MAX], weights[ZYD_SUBSIDY_PAYERS_MAX];
    for (uint32_t i = 0; i < s->e.h.payer_count; i++) {
        clawed[i] = s->e.p[i].clawed;
        weights[i] = s->e.p[i].paid - s->e.p[i].fee_back;
    }
    cc_alloc(inc, clawed, s->e.h.clawed + amount, weights, s->e.h.payer_count);
}

static void back_budget(const struct su *s, int64_t amount)
{
    struct zyd_subsidy_budget b;
    budget_load(&b, s);
    b.back += amount;
    budget_store(&b, s);
}

/* CLAWBACK: any -> CLAWBACK by DEPT or an AUD.  Inputs: finding, share of what was paid in ppm or an amount. */
void event_clawback(struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    struct zyd_subsidy_enrolment *e = &s->e.h;
    int64_t inc[ZYD_SUBSIDY_PAYERS_MAX], net = e->paid - e->fee_back, amount = 0;
    char account[CT_ACCOUNT_SIZE], name[CC_TEXT_SIZE], code[13];
    ct_rd_array(&rd);
    ct_rd_id(&rd); /* the finding */
    bool by_ppm = !ct_rd_nil(&rd);
    uint32_t ppm = by_ppm ? (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM) : 0;
    bool by_amount = !ct_rd_nil(&rd);
    if (by_amount) {
        amount = cc_arg_fen(&rd, 1);
    }
    ct_rd_end(&rd);
    state_in(s, ZYD_SS_ENROLLED, ZYD_SS_CLAWBACK);
    if (by_ppm == by_amount) {
        ct_fail(CC_RANGE);
    }
    if (by_ppm) {
        amount = cc_ppm(net, ppm, CT_HALF_UP); /* ruling 32 */
    }
    if (amount > net - e->clawed || amount == 0) {
        ct_fail(E_CLAWBACK_OVER_PAID);
    }
    uint16_t authority = (uint16_t)param(s, ZYD_SP_DEPT);
    if (ct_member(s->call->member, code) == CC_ROLE_AUD) {
        authority = s->call->member;
    }
    cc_sign(&s->who, authority);
    cc_signed_end(&s->who);

    back_by_paid(inc, s, amount);
    cc_borrower_text(name, s->l.h.borrower_kind, s->l.h.borrower);
    cc_account_text(account, "1165", name);
    for (uint32_t i = 0; i < e->payer_count; i++) {
        cc_oblige_and_post(e->bank, account, s->e.p[i].member, "5031", inc[i], ZYD_SL_CLAWBACK, false);
        s->e.p[i].clawed += inc[i];
    }
    cc_post(e->bank, ZYD_SL_DEBIT_BORR, s->customer, account, amount, 0);
    e->clawed += amount;
    e->authority = authority;
    if (e->state != ZYD_SS_CLAWBACK) {
        e->was = e->state;
        set_state(s, ZYD_SS_CLAWBACK);
        loan_store(s, e->loan);
    }
    back_budget(s, amount);
    enrolment_store(s);
}

/* REINSTATE: CLAWBACK -> ACCRUING (STOPPED, if it was or its days are over) by the authority that clawed back: the opposite
 * obligations.  Input: the decision. */
void event_reinstate(struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    struct zyd_subsidy_enrolment *e = &s->e.h;
    struct zyd_subsidy_budget b;
    ct_rd_array(&rd);
    ct_rd_id(&rd);
    ct_rd_end(&rd);
    state_in(s, ZYD_SS_CLAWBACK, ZYD_SS_CLAWBACK);
    budget_load(&b, s);
    if (e->clawed > budget_left(&b, s)) {
        ct_fail(E_BUDGET); /* given to others meanwhile */
    }
    cc_sign(&s->who, e->authority);
    cc_signed_end(&s->who);
    for (uint32_t i = 0; i < e->payer_count; i++) {
        cc_oblige_and_post(s->e.p[i].member, "5031", e->bank, s->customer, s->e.p[i].clawed, ZYD_SL_REINSTATE, false);
        s->e.p[i].clawed = 0;
    }
    b.back -= e->clawed;
    e->clawed = 0;
    budget_store(&b, s);
    set_state(s, e->was == ZYD_SS_STOPPED ? ZYD_SS_STOPPED : ZYD_SS_ACCRUING);
    loan_store(s, e->loan);
    enrolment_store(s);
}

/* What earlier levels give on the earned fee; they compute it anew first, as they settled first. */
static int64_t earlier_fee_subsidies(const struct su *s)
{
    struct enrolment other;
    int64_t sum = 0;
    for (uint32_t i = 4; i < slot_of(s); i++) {
        const struct zyd_subsidy_slot *t = &s->l.h.slots[i];
        if (t->state == 0 || ct_get(s->call->contract, t->object, CT_ID_SIZE, &other, sizeof other) < 0) {
            continue;
        }
        if (other.h.paid > 0 && !other.h.fee_changed && t->state <= ZYD_SS_STOPPED) {
            ct_fail(CC_BAD_STATE);
        }
        sum += other.h.paid - other.h.clawed - other.h.fee_back;
    }
    return sum;
}

/* FEE_CHANGE: ACCRUING, STOPPED -> same by BANK when the guarantor refunds a part of the fee: the subsidy is computed anew on
 * the earned fee, and the difference goes back (E17).  Input: the earned fee. */
void event_fee_change(struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    struct zyd_subsidy_enrolment *e = &s->e.h;
    int64_t inc[ZYD_SUBSIDY_PAYERS_MAX], weights[ZYD_SUBSIDY_PAYERS_MAX];
    ct_rd_array(&rd);
    int64_t earned = cc_arg_fen(&rd, 0);
    ct_rd_end(&rd);
    state_in(s, ZYD_SS_ACCRUING, ZYD_SS_STOPPED);
    int32_t paid_off = s->l.h.paid_off;
    if (!fee_kind(s) || e->settled_to < s->l.h.maturity || e->fee_changed || paid_off == 0 ||
        paid_off >= s->l.h.maturity) {
        ct_fail(CC_BAD_STATE); /* ruling 17: a fee is refunded when the loan is paid off before maturity, once */
    }
    if (earned > fee_until(s, s->l.h.amount, paid_off) || earned > s->l.h.fee) {
        ct_fail(E_OVER_INTEREST);
    }
    link_check_earned(s, earned);
    int64_t left = cc_max(0, earned - earlier_fee_subsidies(s));
    cc_sign(&s->who, e->bank);
    cc_signed_end(&s->who);
    int64_t base = cc_min(earned, fee_until(s, e->eligible, paid_off)), now = cc_min(left, cc_ppm(base, kind_ppm(s), CT_FLOOR));
    int64_t back = cc_max(0, e->paid - e->clawed - now);
    e->fee_changed = 1;
    e->fee_back += back;
    s->l.h.fee_given -= back;
    if (back > 0) {
        for (uint32_t i = 0; i < e->payer_count; i++) {
            weights[i] = s->e.p[i].paid - s->e.p[i].clawed;
        }
        cc_alloc(inc, 0, back, weights, e->payer_count);
        for (uint32_t i = 0; i < e->payer_count; i++) {
            cc_oblige_and_post(e->bank, s->customer, s->e.p[i].member, "5031", inc[i], ZYD_SL_FS_CLAWBACK, false);
            s->e.p[i].fee_back += inc[i];
        }
    }
    back_budget(s, back);
    loan_store(s, e->loan);
    enrolment_store(s);
}
