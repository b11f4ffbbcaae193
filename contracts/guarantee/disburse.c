/* disburse.c: DISBURSE, the exposure and the fees that it brings (domain.md 3.1, E3, rulings 2, 3, 13, 14). */
#include "guarantee.h"

/* Re-guarantee fees of REG and NFGF (ruling 3): each leaf rounded by itself on the ppm along its path; GUAR pays REG both,
 * REG passes the fund's on.  Where there is no REG, GUAR pays the fund. */
struct refees {
    int64_t reg, nfgf;
};
static void path_refees(struct refees *out, const struct gu *g, const uint8_t *p, uint32_t count, uint64_t num, uint64_t den,
                        int64_t amount, uint32_t days)
{
    uint32_t basis = (uint32_t)param(g, ZYD_GP_FEE_BASIS);
    for (; count > 0; count--, p = cc_node_next(p)) {
        uint64_t n, d = den;
        bool big = __builtin_mul_overflow(num, cc_node_ppm(p), &n);
        if (!big && n % (uint64_t)CC_PPM == 0) {
            n /= (uint64_t)CC_PPM; /* most paths are whole ppm: keeps the product far below 2^126 */
        } else if (big || __builtin_mul_overflow(den, (uint64_t)CC_PPM, &d)) {
            ct_fail(E_RANGE); /* more than three levels of shares that are no whole ppm */
        }
        if (cc_node_children(p) > 0) {
            path_refees(out, g, p + CC_NODE_SIZE, cc_node_children(p), n, d, amount, days);
        } else if (cc_node_member(p) == param_member(g, ZYD_GP_REG)) {
            out->reg += cc_fee_of_part(amount, n, d, (uint32_t)param(g, ZYD_GP_REFEE_REG_PPM), days, basis);
        } else if (cc_node_member(p) == param_member(g, ZYD_GP_NFGF)) {
            out->nfgf += cc_fee_of_part(amount, n, d, (uint32_t)param(g, ZYD_GP_REFEE_NFGF_PPM), days, basis);
        }
    }
}

/* Fees of GUAR and, out of them, of REG and NFGF on amount for [from, to) (E3, ruling 3). */
void charge_fees(struct gu *g, struct zyd_guarantee_drawdown *d, int64_t amount, int32_t from, int32_t to)
{
    uint16_t guar = param_member(g, ZYD_GP_GUAR), reg = param_member(g, ZYD_GP_REG), nfgf = param_member(g, ZYD_GP_NFGF);
    uint32_t days = (uint32_t)zyd_days_between(from, to);
    struct refees r = {0, 0};
    char customer[CT_ACCOUNT_SIZE];
    int64_t charge = cc_fee(amount, g->o.h.fee_ppm, days, (uint32_t)param(g, ZYD_GP_FEE_BASIS));
    d->fee += charge;
    d->charged += charge;
    account_borrower(customer, g, "2101");
    post(guar, ZYD_GL_FEE_CHARGE, "1121", "2151", charge, 0);
    oblige_and_post(g, g->o.h.bank, customer, guar, "1121", charge, ZYD_GL_FEE_COLLECT);
    path_refees(&r, g, g->tree.p + CC_NODE_SIZE, 1, 1, 1, amount, days);
    if (reg != CT_NO_MEMBER && cc_tree_has(&g->tree, reg)) {
        oblige_and_post(g, guar, "5021", reg, "4021", r.reg + r.nfgf, ZYD_GL_REFEE);
        oblige_and_post(g, reg, "5021", nfgf, "4021", r.nfgf, ZYD_GL_REFEE);
    } else {
        oblige_and_post(g, guar, "5021", nfgf, "4021", r.nfgf, ZYD_GL_REFEE);
    }
}

uint32_t check_drawdown(const struct gu *g, const struct zyd_guarantee_drawdown *d)
{
    if (d->value_date > g->call->date || d->maturity <= d->value_date) {
        ct_fail(E_BAD_DATE);
    }
    uint32_t days = (uint32_t)zyd_days_between(d->value_date, d->maturity);
    if (g->o.h.drawn + d->principal > g->o.h.amount || days > param(g, ZYD_GP_TERM_MAX) ||
        g->o.h.drawdown_count == ZYD_GUARANTEE_DRAWDOWNS_MAX) {
        ct_fail(E_OVER_LIMIT);
    }
    if (d->rate_ppm > param(g, ZYD_GP_RATE_CAP)) {
        ct_fail(E_RATE_OVER_CAP);
    }
    /* a year's interest must be an amount (9104): INT_SETTLE could not refuse it any more */
    if (d->principal > CC_FEN_MAX / 2) {
        (void)cc_fee(d->principal, d->rate_ppm, 366, (uint32_t)param(g, ZYD_GP_LOAN_BASIS));
    }
    return days;
}

void draw(struct gu *g, struct zyd_guarantee_drawdown *d, uint32_t days)
{
    struct loan_dates was = loan_dates(g);
    char customer[CT_ACCOUNT_SIZE];
    gu_borrower(g);
    account_borrower(customer, g, "2101");
    post(g->o.h.bank, ZYD_GL_DRAW, "1101", customer, d->principal, 0);
    memo(g, g->o.h.principal, g->o.h.principal + d->principal, ZYD_GL_DRAW);
    charge_fees(g, d, d->principal, d->value_date, d->maturity);
    breaker_released(g, d->principal, days, true);
    if (g->o.h.state == ZYD_GS_ISSUED) {
        deadline_clear(g, ZYD_GD_LAPSE);
    }
    g->o.h.state = ZYD_GS_ACTIVE;
    g->o.h.drawn += d->principal;
    g->o.h.principal += d->principal;
    g->o.d[g->o.h.drawdown_count++] = *d;
    object_store(g);
    loan_deadlines(g, was);
}

/* DISBURSE: ISSUED, ACTIVE -> ACTIVE by BANK.  Inputs: drawdown number, amount, value date, maturity, rate. */
void event_disburse(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    struct zyd_guarantee_drawdown d;
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_ISSUED, ZYD_GS_ACTIVE);
    breaker_open(g);
    memset(&d, 0, sizeof d);
    d.number = (uint32_t)ct_rd_u64(&rd, 999999999);
    d.principal = d.balance = cc_arg_fen(&rd, 1);
    d.value_date = d.settled_to = cc_arg_date(&rd);
    d.maturity = d.first_maturity = cc_arg_date(&rd);
    d.rate_ppm = (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
    ct_rd_end(&rd);
    if (d.value_date > g->o.h.valid_until) {
        ct_fail(E_DEADLINE);
    }
    if (d.value_date < g->o.h.issued) {
        ct_fail(E_BAD_DATE);
    }
    uint32_t days = check_drawdown(g, &d);
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        if (g->o.d[i].number == d.number) {
            ct_fail(E_DUP_KEY);
        }
    }
    sign(g, g->o.h.bank);
    signed_end(g);
    draw(g, &d, days);
}
