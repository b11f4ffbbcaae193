/* claim.c: CLAIM, APPROVE with its cap, SILENCE, PAID, SHARE_DONE (domain.md 3.1, E5, E7, rulings 1, 4, 8, 14, 18, 20, 21). */
#include "guarantee.h"

static int64_t interest_open(const struct gu *g)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        sum += g->o.d[i].interest;
    }
    return sum;
}

/* T: what the guarantee covers of what is owed, less what late notice loses (ruling 18). */
static int64_t covered(const struct gu *g)
{
    int64_t t = g->o.h.principal;
    if (param(g, ZYD_GP_COVER) == ZYD_GUARANTEE_COVER_INTEREST) {
        t += interest_open(g);
    }
    if (g->o.h.flags & ZYD_GF_NOTICE_LATE) {
        ct_u128 cut;
        ct_muldiv(&cut, (uint64_t)t, (uint64_t)CC_PPM - param(g, ZYD_GP_LATE_PPM), (uint64_t)CC_PPM, CT_FLOOR);
        t = (int64_t)cut;
    }
    return t;
}

/* CLAIM: OVERDUE -> CLAIMED by BANK.  Inputs: principal, interest, evidence hashes, whether the bank's share was shifted. */
void event_claim(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_OVERDUE, ZYD_GS_OVERDUE);
    int64_t principal = cc_arg_fen(&rd, 1), due = cc_arg_fen(&rd, 0);
    uint32_t evidence = ct_rd_array(&rd);
    for (uint32_t i = 0; i < evidence; i++) {
        ct_rd_id(&rd);
    }
    bool shifted = !ct_rd_nil(&rd) && ct_rd_u64(&rd, 1) != 0;
    ct_rd_end(&rd);
    int32_t days = zyd_days_between(g->o.h.overdue, g->call->date);
    if (days < (int32_t)param(g, ZYD_GP_CLAIM_OPEN_DAYS)) {
        ct_fail(E_CLAIM_TOO_EARLY);
    }
    if (days > (int32_t)param(g, ZYD_GP_CLAIM_CLOSE_DAYS)) {
        ct_fail(E_CLAIM_EXPIRED);
    }
    if (evidence < ct_rd_array(&g->documents)) {
        ct_fail(E_EVIDENCE_MISSING);
    }
    if (shifted) {
        ct_fail(E_BANK_SHARE_SHIFTED); /* ruling 20 */
    }
    if (principal != g->o.h.principal || due != interest_open(g)) {
        ct_fail(E_AMOUNT_MISMATCH); /* ruling 18 */
    }
    sign(g, g->o.h.bank);
    signed_end(g);
    g->o.h.claimed = g->call->date;
    g->o.h.claim = covered(g);
    g->o.h.state = ZYD_GS_CLAIMED;
    object_store(g);
    deadline_clear(g, ZYD_GD_RELEASE);
    deadline_after_workdays(g, ZYD_GD_SILENCE, ZYD_GP_REVIEW_WD);
}

/* Takes a deadline away unless it has fired, which its flag tells. */
static void stop_clock(const struct gu *g, enum zyd_guarantee_deadline which, uint8_t fired)
{
    if (!(g->o.h.flags & fired)) {
        deadline_clear(g, which);
    }
}

/* PAID: CLAIM_APPROVED -> COMPENSATED by SYS once the first payer's obligation is settled; SHARE_DONE: -> RECOVERING once no
 * share is open (ruling 8). */
static void paid(struct gu *g, struct claim *c)
{
    c->h.paid = 1;
    g->o.h.state = c->h.shares_open > 0 ? ZYD_GS_COMPENSATED : ZYD_GS_RECOVERING;
    if (c->h.shares_open > 0) {
        deadline_after_workdays(g, ZYD_GD_SHARE_LATE, ZYD_GP_SHARE_WD);
    }
}

/* Postings of APPROVE in the order of ruling 1. */
static void post_compensation(struct gu *g, struct claim *c, const struct cc_leaves *l, int64_t due)
{
    uint16_t payer = c->h.first_payer, bank = g->o.h.bank;
    int64_t from_interest = c->h.compensated < due ? c->h.compensated : due; /* interest is credited first */
    char own[CT_ACCOUNT_SIZE], to[CT_ACCOUNT_SIZE], from[CT_ACCOUNT_SIZE];
    struct ct_obligation o;
    account_borrower(own, g, "1131");
    if (c->h.compensated > 0) {
        oblige(&o, g, payer, bank, c->h.compensated, ZYD_GL_CLAIM_OK);
        cc_account(to, "2141", bank);
        cc_account(from, "1141", payer);
        post(payer, ZYD_GL_CLAIM_OK, "1135", to, c->h.compensated, o.id);
        post(bank, ZYD_GL_CLAIM_OK, from, "1111", from_interest, o.id);
        post(bank, ZYD_GL_CLAIM_OK, from, "1102", c->h.compensated - from_interest, o.id);
    }
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->member[i] == payer) {
            post(payer, ZYD_GL_OWN_PART, own, "1135", l->amount[i], 0);
        }
    }
    cc_account(to, "2141", payer);
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->member[i] == payer || l->amount[i] == 0) {
            continue;
        }
        oblige(&o, g, l->member[i], payer, l->amount[i], ZYD_GL_SHARE);
        cc_account(from, "1141", l->member[i]);
        post(payer, ZYD_GL_SHARE, from, "1135", l->amount[i], o.id);
        post(l->member[i], ZYD_GL_SHARE, own, to, l->amount[i], o.id);
        c->h.shares_open++;
    }
    c->h.overdue_open = g->o.h.principal - (c->h.compensated - from_interest);
    c->h.interest_open = interest_open(g) - from_interest;
    int64_t from_principal = c->h.overflow < c->h.overdue_open ? c->h.overflow : c->h.overdue_open;
    post(bank, ZYD_GL_CAP_OVERFLOW, "5011", "1102", from_principal, 0);
    post(bank, ZYD_GL_CAP_OVERFLOW, "5011", "1111", c->h.overflow - from_principal, 0);
    c->h.overdue_open -= from_principal;
    c->h.interest_open -= c->h.overflow - from_principal;
}

/* The APPROVE algorithm of 3.1. */
static void approve(struct gu *g, struct breaker *b)
{
    struct claim c;
    struct cc_leaves l;
    memset(&c.h, 0, sizeof c.h);
    c.h.total = g->o.h.claim;
    c.h.bank_part = tree_split(&l, g, c.h.total); /* level 1 */
    c.h.rest = c.h.total - c.h.bank_part;
    int64_t room = breaker_room(b, g);
    c.h.compensated = c.h.rest < room ? c.h.rest : room;
    c.h.overflow = c.h.rest - c.h.compensated;
    if (c.h.overflow > 0) {
        if (param(g, ZYD_GP_CAP_OVERFLOW) == ZYD_GUARANTEE_OVERFLOW_REJECT) {
            ct_fail(E_CAP_EXHAUSTED); /* ruling 8 */
        }
        tree_split_rest(&l, g, c.h.compensated);
    }
    sign(g, param_member(g, ZYD_GP_GUAR));
    if (c.h.total > (int64_t)param(g, ZYD_GP_AUTO_CLAIM)) {
        uint16_t reg = param_member(g, ZYD_GP_REG), nfgf = param_member(g, ZYD_GP_NFGF);
        sign(g, cc_tree_has(&g->tree, reg) ? reg : CT_NO_MEMBER);
        sign(g, cc_tree_has(&g->tree, nfgf) ? nfgf : CT_NO_MEMBER);
    }
    signed_end(g);

    c.h.first_payer = param_member(g, ZYD_GP_FIRST_PAYER);
    if (c.h.first_payer == CT_NO_MEMBER) {
        c.h.first_payer = param_member(g, ZYD_GP_GUAR);
    }
    int64_t due = param(g, ZYD_GP_COVER) == ZYD_GUARANTEE_COVER_INTEREST ? interest_open(g) : 0;
    gu_borrower(g);
    post_compensation(g, &c, &l, due);
    memo(g, g->o.h.principal, 0, ZYD_GL_RELEASE);  /* ruling 2 */
    earn_fees(g, 0, g->o.h.drawdown_count);        /* ruling 4 */
    c.h.party_count = (uint8_t)(l.count + 1);
    for (uint32_t i = 0; i <= l.count; i++) { /* depth-first, BANK last (ruling 1) */
        bool bank = i == l.count;
        memset(&c.p[i], 0, sizeof c.p[i]);
        c.p[i].member = bank ? g->o.h.bank : l.member[i];
        c.p[i].borne = bank ? c.h.bank_part + c.h.overflow : l.amount[i];
        c.p[i].open = bank ? 0 : l.amount[i];
    }
    breaker_claimed(b, g, c.h.compensated, c.h.overflow);
    breaker_store(b, g);
    g->o.h.state = ZYD_GS_CLAIM_APPROVED;
    if (!g->call->sys) {
        stop_clock(g, ZYD_GD_SILENCE, ZYD_GF_ESCALATED);
    }
    if (c.h.compensated == 0) {
        paid(g, &c); /* ruling 8 */
    } else {
        deadline_after_workdays(g, ZYD_GD_PAYMENT_LATE, ZYD_GP_PAY_WD);
    }
    claim_store(&c, g);
    object_store(g);
}

/* APPROVE: CLAIMED -> CLAIM_APPROVED by GUAR; REG and NFGF too above `auto_claim`.  Input: T. */
void event_approve(struct gu *g)
{
    struct breaker b;
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_CLAIMED, ZYD_GS_CLAIMED);
    int64_t amount = cc_arg_fen(&rd, 0);
    ct_rd_end(&rd);
    if (amount != g->o.h.claim) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
    breaker_load(&b, g);
    approve(g, &b);
}

/* SILENCE: CLAIMED -> CLAIMED (escalated) or CLAIM_APPROVED by SYS after review_wd. */
void sys_silence(struct gu *g)
{
    state_in(g, ZYD_GS_CLAIMED, ZYD_GS_CLAIMED);
    if (param(g, ZYD_GP_SILENCE) == ZYD_GUARANTEE_SILENCE_APPROVE) {
        struct breaker b;
        breaker_load(&b, g);
        approve(g, &b);
        return;
    }
    g->o.h.flags |= ZYD_GF_ESCALATED;
    ct_warn(W_SILENCE_ESCALATED);
    object_store(g);
}

/* An obligation of the contract was settled: only those of a claim move it. */
void sys_settled(struct gu *g)
{
    struct ct_obligation o;
    struct claim c;
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    if (ct_obligation_get(&o, ct_rd_id(&rd)) != 0 || (o.reason != ZYD_GL_CLAIM_OK && o.reason != ZYD_GL_SHARE)) {
        return;
    }
    claim_load(&c, g);
    if (o.reason == ZYD_GL_CLAIM_OK && g->o.h.state == ZYD_GS_CLAIM_APPROVED) {
        paid(g, &c);
        stop_clock(g, ZYD_GD_PAYMENT_LATE, ZYD_GF_PAY_LATE);
    } else if (o.reason == ZYD_GL_SHARE && c.h.shares_open > 0) {
        c.h.shares_open--;
        if (c.h.shares_open == 0 && g->o.h.state == ZYD_GS_COMPENSATED) {
            g->o.h.state = ZYD_GS_RECOVERING;
            stop_clock(g, ZYD_GD_SHARE_LATE, ZYD_GF_SHARE_LATE);
        }
    }
    claim_store(&c, g);
    object_store(g);
}

/* 1121 and 1122: the first payer, or a share, is late.  They age; nothing else changes. */
void sys_late(struct gu *g)
{
    bool payment = g->call->deadline == ZYD_GD_PAYMENT_LATE;
    g->o.h.flags |= payment ? ZYD_GF_PAY_LATE : ZYD_GF_SHARE_LATE;
    ct_warn(payment ? W_PAYMENT_LATE : W_SHARE_LATE);
    object_store(g);
}
