/* recover.c: money that comes back (domain.md 3.2: RECOVER, DEMAND_BACK; E8, rulings 22, 32), and what SETTLED and late
 * deadlines do to a claim. */
#include "pool.h"

/* Of what was paid for the claim, what has not come back nor is on its way. */
static int64_t outstanding(const struct pl *p)
{
    return p->o.h.paid - p->o.h.refunded - p->o.h.clawed;
}

/* The bank's receivable falls: 1102, then 1111 for what the claim held besides principal. */
static void credit_debt(struct pl *p, const char *dr, int64_t amount)
{
    int64_t principal = cc_min(amount, p->o.h.balance);
    cc_post(p->o.h.bank, ZYD_PL_RECOV, dr, "1102", principal, 0);
    cc_post(p->o.h.bank, ZYD_PL_RECOV, dr, "1111", amount - principal, 0);
    balance_lower(p, principal);
}

/* The bank owes the pool `amount` > 0, which waits in 3009 until the cash is there; `dr` is what the bank debits. */
static void promise(struct pl *p, const char *dr, int64_t amount, enum zyd_pool_label label)
{
    cc_oblige_and_post(p->o.h.bank, dr, p->trustee, "3009", amount, (uint16_t)label, gross(p));
    p->pool.pending += amount;
}

/* Cost first (ruling 22): what is left of gross for distribution. */
static int64_t take_cost(struct pl *p, int64_t gross_, int64_t cost)
{
    int64_t take = cc_min(gross_, cost + p->o.h.cost_carried);
    p->o.h.cost_carried += cost - take;
    cc_post(p->o.h.bank, ZYD_PL_RECOV, "1001", "2171", gross_, 0);
    cc_post(p->o.h.bank, ZYD_PL_RECOV, "2171", "1001.COST", take, 0);
    return gross_ - take;
}

/* RECOVER: COMPENSATED -> REFUNDING by BANK; TRUSTEE too when cost > `cost_limit`.  Inputs: gross, cost, bank reference.
 * Weights are what each bears: the pool what was approved (ruling 32) and not demanded back.  Of the pool's part, what it has
 * paid comes back; what it has not paid yet is made good by the recovery and leaves the queue. */
void event_recover(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    int64_t gross_ = cc_arg_fen(&rd, 1), cost = cc_arg_fen(&rd, 0);
    cc_arg_text(&rd, 1, 35);
    ct_rd_end(&rd);
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    if (o->state != ZYD_PS_CLAWED_BACK) {
        state_in(p, ZYD_PS_APPROVED, ZYD_PS_REFUNDING);
    }
    if (gross_ > CC_FEN_MAX - o->net_recovered || cost > CC_FEN_MAX - o->cost_carried) {
        ct_fail(CC_RANGE);
    }
    sign(p, o->bank);
    if (cost > (int64_t)param(p, ZYD_PP_COST_LIMIT)) {
        sign(p, p->trustee);
    }
    signed_end(p);
    int64_t net = take_cost(p, gross_, cost);
    /* what was approved, less what was demanded back or was not paid for it: that the bank bears again */
    int64_t bears = outstanding(p) + o->shortage + o->pool_recovered;
    int64_t weights[2] = {o->claimed - bears, bears}, memory[2] = {o->bank_recovered, o->pool_recovered}, inc[2];
    o->net_recovered += net;
    int64_t total = cc_min(o->net_recovered, o->claimed);
    int64_t surplus = net - (total - memory[0] - memory[1]);
    cc_alloc(inc, memory, total, weights, 2);
    o->bank_recovered = memory[0];
    o->pool_recovered = memory[1];
    int64_t refund = cc_min(inc[1], outstanding(p));
    shortage_lower(p, cc_min(inc[1] - refund, o->shortage));
    credit_debt(p, "2171", inc[0] + inc[1] - refund);
    if (refund > 0) {
        char returnable[CT_ACCOUNT_SIZE];
        promise(p, "2171", refund, ZYD_PL_RECOV);
        cc_account(returnable, "2191", p->trustee);
        credit_debt(p, returnable, refund);
        o->refunded += refund;
        if (o->refunds_open++ == 0) {
            deadline_workdays(p, ZYD_PD_REFUND_LATE, ZYD_PP_REFUND_WD);
        }
    }
    char text[CC_TEXT_SIZE], customer[CT_ACCOUNT_SIZE];
    cc_borrower_text(text, o->borrower_kind, o->borrower);
    cc_account_text(customer, "2101", text);
    cc_post(o->bank, ZYD_PL_RECOV, "2171", customer, surplus, 0);
    if (o->state != ZYD_PS_CLAWED_BACK && o->shortage == 0) {
        o->state = ZYD_PS_REFUNDING;
    }
    breaker(p, false);
    loan_store(p);
    pool_store(p);
}

/* DEMAND_BACK: any claim that was approved -> CLAWED_BACK by TRUSTEE or an auditor.  Inputs: finding; ppm of what was paid, or
 * nil for all that has not come back.  What was still to be paid is not paid any more. */
void event_demand_back(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 200);
    int64_t amount = outstanding(p);
    bool part = !ct_rd_nil(&rd);
    if (part) {
        amount = cc_ppm(o->paid, (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM), CT_HALF_UP); /* ruling 32 */
    }
    ct_rd_end(&rd);
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    if (o->state < ZYD_PS_APPROVED || o->state == ZYD_PS_REJECTED || o->state == ZYD_PS_REPAID || o->approved == 0) {
        ct_fail(CC_BAD_STATE);
    }
    if (amount > outstanding(p) || (amount == 0 && o->shortage == 0)) {
        ct_fail(E_CLAWBACK_OVER_PAID);
    }
    sign(p, is_auditor(p->call->member) ? p->call->member : p->trustee);
    signed_end(p);
    int64_t cancelled = o->shortage;
    shortage_lower(p, cancelled);
    caps_add(p, -(amount + cancelled), false);
    if (amount > 0) {
        char returnable[CT_ACCOUNT_SIZE];
        cc_account(returnable, "2191", p->trustee);
        promise(p, returnable, amount, ZYD_PL_DEMAND_BACK);
        o->clawed += amount;
        if (o->backs_open++ == 0) {
            deadline_workdays(p, ZYD_PD_BACK_LATE, ZYD_PP_BACK_WD);
        }
    }
    o->state = ZYD_PS_CLAWED_BACK;
    o->disputed = 0; /* nothing more will be paid */
    if (outstanding(p) == 0 && !(o->flags & ZYD_PF_ENDED)) {
        claim_ended(p);
    }
    loan_store(p);
    pool_store(p);
}

/* ALLOC of an amount over layers first..end by what each paid for this claim, with the memory of what came back to each. */
static void refill_shares(const struct pl *p, int64_t parts[LAYERS_MAX], int64_t amount, uint32_t first, uint32_t end)
{
    int64_t paid[LAYERS_MAX], memory[LAYERS_MAX], total = amount;
    for (uint32_t i = first; i < end; i++) {
        paid[i] = p->o.part[i].paid;
        memory[i] = p->o.part[i].refilled;
        total += memory[i];
    }
    cc_alloc(parts + first, memory + first, total, paid + first, end - first);
}

/* What of an amount goes to which layer: back to those that paid this claim, the last drawn first; within a level, or for
 * by_weight over all, by what each paid. */
static void refill_parts(const struct pl *p, int64_t parts[LAYERS_MAX], int64_t amount, bool by_weight)
{
    memset(parts, 0, sizeof parts[0] * LAYERS_MAX);
    if (by_weight) {
        refill_shares(p, parts, amount, 0, p->o.h.part_count);
        return;
    }
    for (uint32_t end = p->o.h.part_count; end > 0 && amount > 0;) {
        uint32_t first = end;
        int64_t there = 0;
        do {
            first--;
            there += p->o.part[first].paid - p->o.part[first].refilled;
        } while (first > 0 && p->terms[first - 1].level == p->terms[end - 1].level);
        int64_t take = cc_min(amount, there);
        if (take > 0) {
            refill_shares(p, parts, take, first, end);
        }
        amount -= take;
        end = first;
    }
}

/* The cash of a refund is there: 3009 -> 3001 (E8 row 23), and the queue is called. */
static void refill(struct pl *p, const struct ct_obligation *ob, bool by_weight)
{
    int64_t parts[LAYERS_MAX];
    refill_parts(p, parts, ob->amount, by_weight);
    for (uint32_t i = 0; i < p->o.h.part_count; i++) {
        if (parts[i] > 0) {
            char account[CT_ACCOUNT_SIZE];
            layer_account(account, p, i);
            cc_post(p->trustee, ZYD_PL_REFILL, "3009", account, parts[i], ob->id);
            p->layer[i].balance += parts[i];
            p->layer[i].drawn -= parts[i];
            p->o.part[i].refilled += parts[i];
        }
    }
    p->pool.pending -= ob->amount;
    cash_came(p);
}

/* One obligation less under way; the last takes its deadline with it. */
static void one_less(const struct pl *p, uint32_t *count, enum zyd_pool_deadline which)
{
    if (*count > 0 && --*count == 0) {
        deadline_clear(p, which);
    }
}

/* An obligation of the claim was settled. */
void sys_settled(struct pl *p)
{
    struct ct_obligation ob;
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    if (ct_obligation_get(&ob, ct_rd_id(&rd)) != 0) {
        return;
    }
    if (ob.reason == ZYD_PL_DRAW || ob.reason == ZYD_PL_SERVE_QUEUE) {
        one_less(p, &p->o.h.draws_open, ZYD_PD_DRAW_LATE);
    } else if (ob.reason == ZYD_PL_RECOV) {
        one_less(p, &p->o.h.refunds_open, ZYD_PD_REFUND_LATE);
        refill(p, &ob, param(p, ZYD_PP_REFUND_ORDER) == ZYD_POOL_REFUND_PRORATA);
    } else if (ob.reason == ZYD_PL_DEMAND_BACK) {
        one_less(p, &p->o.h.backs_open, ZYD_PD_BACK_LATE);
        refill(p, &ob, true);
    }
    loan_store(p);
    pool_store(p);
}

/* A review or a payment is late: it ages, nothing else changes.  2012 for a refund; 9106 for the rest. */
void sys_late(struct pl *p)
{
    static const uint8_t flags[] = {[ZYD_PD_REVIEW_LATE] = ZYD_PF_REVIEW_LATE,
                                    [ZYD_PD_DRAW_LATE] = ZYD_PF_DRAW_LATE,
                                    [ZYD_PD_REFUND_LATE] = ZYD_PF_REFUND_LATE,
                                    [ZYD_PD_BACK_LATE] = ZYD_PF_BACK_LATE};
    if (p->call->deadline >= sizeof flags) {
        return;
    }
    p->o.h.flags |= flags[p->call->deadline];
    ct_warn(p->call->deadline == ZYD_PD_REFUND_LATE ? (uint32_t)W_REFUND_LATE : (uint32_t)CC_DEADLINE);
    loan_store(p);
}
