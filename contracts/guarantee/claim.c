/* claim.c: CLAIM, APPROVE with its cap, SILENCE, PAID, SHARE_DONE (domain.md 3.1, E5, E7, rulings 1, 4, 8, 14, 18, 20, 21). */
#include "guarantee.h"

int64_t interest_open(const struct gu *g)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        sum += g->o.d[i].interest;
    }
    return sum;
}

/* T: what the guarantee covers of what is owed, less what late notice loses (ruling 18). */
int64_t covered(const struct gu *g)
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
    if (g->o.h.more & ZYD_GM_DISPUTED) {
        ct_fail(E_BAD_STATE); /* the refusal of the last one is in dispute */
    }
    if (evidence < ct_rd_array(&g->documents)) {
        ct_fail(E_EVIDENCE_MISSING);
    }
    if (shifted || g->o.h.more & ZYD_GM_SHIFTED) {
        ct_fail(E_BANK_SHARE_SHIFTED); /* ruling 20 */
    }
    if (principal != g->o.h.principal || due != interest_open(g)) {
        ct_fail(E_AMOUNT_MISMATCH); /* ruling 18 */
    }
    int64_t amount = covered(g);
    if (amount > CC_FEN_MAX) {
        ct_fail(E_RANGE); /* 3.0.1: nobody could sign it in APPROVE */
    }
    sign(g, g->o.h.bank);
    signed_end(g);
    deadline_clear(g, ZYD_GD_RELEASE);
    claimed(g, amount);
}

void claimed(struct gu *g, int64_t amount)
{
    g->o.h.claimed = g->call->date;
    g->o.h.claim = amount;
    g->o.h.disputed = 0;
    g->o.h.queries = 0;
    g->o.h.flags &= (uint8_t)~ZYD_GF_ESCALATED;
    g->o.h.more &= (uint8_t)~(ZYD_GM_REFUSED | ZYD_GM_DISPUTED);
    g->o.h.state = ZYD_GS_CLAIMED;
    review_from(g, g->call->date, (uint32_t)param(g, ZYD_GP_REVIEW_WD));
    object_store(g);
}

void review_from(struct gu *g, int32_t date, uint32_t workdays)
{
    g->o.h.review_until = ct_workday_add(date, workdays);
    deadline_at(g, ZYD_GD_SILENCE, zyd_date_add(g->o.h.review_until, 1));
}

/* Takes a deadline away unless it has fired, which its flag tells. */
static void stop_clock(const struct gu *g, enum zyd_guarantee_deadline which, uint8_t fired)
{
    if (!(g->o.h.flags & fired)) {
        deadline_clear(g, which);
    }
}

void stop_review(struct gu *g)
{
    if (g->o.h.more & ZYD_GM_QUERY) {
        g->o.h.more &= (uint8_t)~ZYD_GM_QUERY;
        deadline_clear(g, ZYD_GD_CLOCK);
    } else {
        stop_clock(g, ZYD_GD_SILENCE, ZYD_GF_ESCALATED);
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

/* What one round of the APPROVE algorithm gives: APPROVE is the first, a dispute that is resolved for the bank one more. */
struct round {
    int64_t bank, rest, compensated, overflow;
    struct cc_leaves l;
};

/* The APPROVE algorithm of 3.1 on amount more than c holds already: level 1, the cap, the levels below, each with memory. */
static void share_out(struct round *r, const struct gu *g, const struct breaker *b, const struct claim *c, int64_t amount)
{
    int64_t weights[2] = {bank_ppm(g), rest_ppm(g)}, before[2] = {c->h.bank_part, c->h.rest}, inc[2];
    int64_t memory[ZYD_GUARANTEE_LEAVES_MAX];
    cc_alloc(inc, before, c->h.total + amount, weights, 2);
    r->bank = inc[0];
    r->rest = inc[1];
    r->compensated = cc_min(r->rest, breaker_room(b, g));
    r->overflow = r->rest - r->compensated;
    if (r->overflow > 0 && param(g, ZYD_GP_CAP_OVERFLOW) == ZYD_GUARANTEE_OVERFLOW_REJECT) {
        ct_fail(E_CAP_EXHAUSTED); /* ruling 8 */
    }
    for (uint32_t i = 0; i + 1 < c->h.party_count; i++) {
        memory[i] = c->p[i].borne;
    }
    tree_split_more(&r->l, g, c->h.compensated + r->compensated, memory);
}

/* Postings of a round in the order of ruling 1, and what they leave open. */
static void post_compensation(struct gu *g, struct claim *c, const struct round *r)
{
    uint16_t payer = c->h.first_payer, bank = g->o.h.bank;
    bool covers = param(g, ZYD_GP_COVER) == ZYD_GUARANTEE_COVER_INTEREST;
    int64_t from_interest = covers ? cc_min(r->compensated, c->h.interest_open) : 0; /* interest is credited first */
    char own[CT_ACCOUNT_SIZE], to[CT_ACCOUNT_SIZE], from[CT_ACCOUNT_SIZE];
    struct ct_obligation o;
    account_borrower(own, g, "1131");
    if (r->compensated > 0) {
        oblige(&o, g, payer, bank, r->compensated, ZYD_GL_CLAIM_OK);
        c->h.payments_open++;
        cc_account(to, "2141", bank);
        cc_account(from, "1141", payer);
        post(payer, ZYD_GL_CLAIM_OK, "1135", to, r->compensated, o.id);
        post(bank, ZYD_GL_CLAIM_OK, from, "1111", from_interest, o.id);
        post(bank, ZYD_GL_CLAIM_OK, from, "1102", r->compensated - from_interest, o.id);
    }
    for (uint32_t i = 0; i < r->l.count; i++) {
        if (r->l.member[i] == payer) {
            post(payer, ZYD_GL_OWN_PART, own, "1135", r->l.amount[i], 0);
        }
    }
    cc_account(to, "2141", payer);
    for (uint32_t i = 0; i < r->l.count; i++) {
        if (r->l.member[i] == payer || r->l.amount[i] == 0) {
            continue;
        }
        oblige(&o, g, r->l.member[i], payer, r->l.amount[i], ZYD_GL_SHARE);
        cc_account(from, "1141", r->l.member[i]);
        post(payer, ZYD_GL_SHARE, from, "1135", r->l.amount[i], o.id);
        post(r->l.member[i], ZYD_GL_SHARE, own, to, r->l.amount[i], o.id);
        c->h.shares_open++;
    }
    c->h.overdue_open -= r->compensated - from_interest;
    c->h.interest_open -= from_interest;
    int64_t from_principal = cc_min(r->overflow, c->h.overdue_open);
    post(bank, ZYD_GL_CAP_OVERFLOW, "5011", "1102", from_principal, 0);
    post(bank, ZYD_GL_CAP_OVERFLOW, "5011", "1111", r->overflow - from_principal, 0);
    c->h.overdue_open -= from_principal;
    c->h.interest_open -= r->overflow - from_principal;
}

/* What the parties bore and have open after a round. */
static void bear(struct claim *c, const struct round *r, int64_t amount)
{
    c->h.total += amount;
    c->h.bank_part += r->bank;
    c->h.rest += r->rest;
    c->h.compensated += r->compensated;
    c->h.overflow += r->overflow;
    for (uint32_t i = 0; i < r->l.count; i++) {
        c->p[i].borne += r->l.amount[i];
        c->p[i].open += r->l.amount[i];
    }
    c->p[r->l.count].borne += r->bank + r->overflow; /* BANK last (ruling 1) */
}

void sign_claim(struct gu *g, int64_t amount)
{
    sign(g, param_member(g, ZYD_GP_GUAR));
    if (amount > (int64_t)param(g, ZYD_GP_AUTO_CLAIM)) {
        sign_filers(g);
    }
}

static void claim_new(struct claim *c, const struct gu *g)
{
    struct cc_leaves l;
    tree_split_rest(&l, g, 0);
    memset(c, 0, sizeof c->h + (l.count + 1) * sizeof c->p[0]);
    c->h.party_count = (uint8_t)(l.count + 1);
    for (uint32_t i = 0; i <= l.count; i++) {
        c->p[i].member = i == l.count ? g->o.h.bank : l.member[i];
    }
    c->h.overdue_open = g->o.h.principal;
    c->h.interest_open = interest_open(g);
    c->h.first_payer = param_member(g, ZYD_GP_FIRST_PAYER);
    if (c->h.first_payer == CT_NO_MEMBER) {
        c->h.first_payer = param_member(g, ZYD_GP_GUAR);
    }
}

static void approve(struct gu *g, struct breaker *b)
{
    struct claim c;
    struct round r;
    int64_t amount = g->o.h.claim - g->o.h.disputed;
    claim_new(&c, g);
    share_out(&r, g, b, &c, amount);
    sign_claim(g, amount);
    signed_end(g);

    gu_borrower(g);
    post_compensation(g, &c, &r);
    bear(&c, &r, amount);
    memo(g, g->o.h.principal, 0, ZYD_GL_RELEASE);  /* ruling 2 */
    earn_fees(g, 0, g->o.h.drawdown_count);        /* ruling 4 */
    breaker_claimed(b, g, r.compensated, r.overflow);
    breaker_store(b, g);
    g->o.h.state = ZYD_GS_CLAIM_APPROVED;
    if (!g->call->sys) {
        stop_review(g);
    }
    if (r.compensated == 0) {
        paid(g, &c); /* ruling 8 */
    } else {
        deadline_after_workdays(g, ZYD_GD_PAYMENT_LATE, ZYD_GP_PAY_WD);
    }
    claim_store(&c, g);
    object_store(g);
}

void compensate_disputed(struct gu *g, int64_t amount)
{
    struct breaker b;
    struct claim c;
    struct round r;
    claim_load(&c, g);
    if (amount > c.h.overdue_open + c.h.interest_open) {
        ct_fail(E_AMOUNT_MISMATCH); /* recoveries have paid the bank meanwhile */
    }
    breaker_load(&b, g);
    share_out(&r, g, &b, &c, amount);
    sign_claim(g, c.h.total + amount);
    signed_end(g);
    gu_borrower(g);
    post_compensation(g, &c, &r);
    bear(&c, &r, amount);
    breaker_claimed(&b, g, r.compensated, r.overflow);
    breaker_store(&b, g);
    claim_store(&c, g);
}

/* APPROVE: CLAIMED -> CLAIM_APPROVED by GUAR; REG and NFGF too above `auto_claim`.  Input: T, less what is in dispute. */
void event_approve(struct gu *g)
{
    struct breaker b;
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_CLAIMED, ZYD_GS_CLAIMED);
    int64_t amount = cc_arg_fen(&rd, 0);
    ct_rd_end(&rd);
    if (g->o.h.more & ZYD_GM_SHIFTED) {
        ct_fail(E_BANK_SHARE_SHIFTED); /* flagged after the claim (ruling 20) */
    }
    if (amount != g->o.h.claim - g->o.h.disputed) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
    breaker_load(&b, g);
    approve(g, &b);
}

/* SILENCE: CLAIMED -> CLAIMED (escalated) or CLAIM_APPROVED by SYS after review_wd. */
void sys_silence(struct gu *g)
{
    state_in(g, ZYD_GS_CLAIMED, ZYD_GS_CLAIMED);
    if (param(g, ZYD_GP_SILENCE) == ZYD_GUARANTEE_SILENCE_APPROVE && !(g->o.h.more & ZYD_GM_SHIFTED)) {
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
    if (o.reason == ZYD_GL_CLAIM_OK && c.h.payments_open > 0) {
        c.h.payments_open--;
        if (c.h.payments_open == 0 && g->o.h.state == ZYD_GS_CLAIM_APPROVED) {
            paid(g, &c);
            stop_clock(g, ZYD_GD_PAYMENT_LATE, ZYD_GF_PAY_LATE);
        }
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
