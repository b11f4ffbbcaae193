/* opening.c: OPENING (D21): in a development consortium a contract may begin in the middle of its life, so that worked
 * examples need not be lived through from APPLY.  Refused (9111) anywhere else. */
#include "guarantee.h"

/* Stage rows in anybody's books: array of [member, dr, cr, fen]. */
static void post_stage(struct ct_rd *rd)
{
    uint32_t rows = ct_rd_nil(rd) ? 0 : ct_rd_array(rd);
    for (uint32_t i = 0; i < rows; i++) {
        char code[2][CT_ACCOUNT_SIZE];
        ct_rd_array(rd);
        uint16_t member = (uint16_t)ct_rd_u64(rd, CT_NO_MEMBER);
        for (uint32_t k = 0; k < 2; k++) {
            uint32_t size;
            const uint8_t *text = ct_rd_bin(rd, &size, CT_ACCOUNT_SIZE - 1);
            memcpy(code[k], text, size);
            code[k][size] = 0;
        }
        post(member, ZYD_GL_OPENING, code[0], code[1], cc_arg_fen(rd, 1), 0);
    }
}

/* What each party bore: array of [member, fen]; a claim record as APPROVE and its settlements would have left it. */
static void open_claim(const struct gu *g, struct ct_rd *rd)
{
    struct claim c;
    struct cc_leaves l;
    memset(&c.h, 0, sizeof c.h);
    tree_split_rest(&l, g, 0);
    c.h.party_count = (uint8_t)(l.count + 1);
    c.h.first_payer = param_member(g, ZYD_GP_GUAR);
    c.h.paid = 1;
    for (uint32_t i = 0; i <= l.count; i++) {
        memset(&c.p[i], 0, sizeof c.p[i]);
        c.p[i].member = i == l.count ? g->o.h.bank : l.member[i];
    }
    uint32_t rows = ct_rd_nil(rd) ? 0 : ct_rd_array(rd);
    for (uint32_t k = 0; k < rows; k++) {
        ct_rd_array(rd);
        uint16_t member = (uint16_t)ct_rd_u64(rd, CT_NO_MEMBER);
        int64_t fen = cc_arg_fen(rd, 1);
        uint32_t i = 0;
        while (i <= l.count && c.p[i].member != member) {
            i++;
        }
        if (i > l.count) {
            ct_fail(E_RANGE);
        }
        c.p[i].borne = fen;
        c.h.total += fen;
        if (i == l.count) {
            c.h.bank_part = c.h.overdue_open = fen;
        } else {
            c.p[i].open = fen;
            c.h.rest += fen;
            c.h.compensated += fen;
        }
    }
    claim_store(&c, g);
}

/* OPENING: new -> ACTIVE, OVERDUE or RECOVERING by a bank of the programme.  Inputs: state, borrower, limit, principal owed,
 * rate, value date, interest settled to, maturity, interest due, overdue date, amounts borne, the programme's fen-days S and
 * used compensation, stage rows. */
void event_opening(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    struct zyd_guarantee_drawdown *d = &g->o.d[0];
    struct breaker b;
    ct_rd_array(&rd);
    if (!g->call->development) {
        ct_fail(E_BAD_STATE);
    }
    object_new(g, g->call->member);
    cc_tree_check(&g->tree);
    memset(d, 0, sizeof *d);
    uint8_t state = (uint8_t)ct_rd_u64(&rd, 255);
    if (state != ZYD_GS_ACTIVE && state != ZYD_GS_OVERDUE && state != ZYD_GS_RECOVERING) {
        ct_fail(E_RANGE);
    }
    arg_borrower(g, &rd);
    g->o.h.amount = g->o.h.drawn = d->principal = cc_arg_fen(&rd, 1);
    g->o.h.principal = d->balance = cc_arg_fen(&rd, 0);
    tier_choose(g, g->o.h.amount);
    d->number = 1;
    d->rate_ppm = ct_rd_nil(&rd) ? 0 : (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
    d->value_date = cc_arg_date(&rd);
    d->settled_to = ct_rd_nil(&rd) ? d->value_date : cc_arg_date(&rd);
    d->maturity = d->first_maturity = cc_arg_date(&rd);
    d->interest = ct_rd_nil(&rd) ? 0 : cc_arg_fen(&rd, 0);
    g->o.h.overdue = ct_rd_nil(&rd) ? 0 : cc_arg_date(&rd);
    g->o.h.term_days = (uint32_t)zyd_days_between(d->value_date, d->maturity);
    g->o.h.issued = g->o.h.applied = d->value_date;
    g->o.h.valid_until = d->maturity;
    if (d->balance > d->principal || d->maturity <= d->value_date || (state == ZYD_GS_OVERDUE && g->o.h.overdue == 0)) {
        ct_fail(E_RANGE);
    }
    g->o.h.state = state;
    g->o.h.flags = ZYD_GF_OPENING | ZYD_GF_FILED;
    g->o.h.drawdown_count = 1;
    sign(g, g->call->member);
    signed_end(g);

    object_store(g);
    if (state == ZYD_GS_RECOVERING) {
        open_claim(g, &rd);
    } else if (!ct_rd_nil(&rd)) {
        ct_fail(E_RANGE); /* amounts borne belong to RECOVERING only */
    }
    breaker_load(&b, g);
    bool period = false;
    if (!ct_rd_nil(&rd)) {
        b.h.s_lo = ct_rd_u64(&rd, UINT64_MAX);
        b.h.s_hi = 0;
        period = true;
    }
    if (!ct_rd_nil(&rd)) {
        b.h.used = cc_arg_fen(&rd, 0);
        period = true;
    }
    if (period) {
        breaker_store(&b, g);
    }
    post_stage(&rd);
    ct_rd_end(&rd);
    if (state == ZYD_GS_ACTIVE) {
        memo(g, 0, g->o.h.principal, ZYD_GL_OPENING);
        loan_deadlines(g, (struct loan_dates){0, 0});
    } else if (state == ZYD_GS_OVERDUE) {
        memo(g, 0, g->o.h.principal, ZYD_GL_OPENING);
        deadline_release(g);
    }
}
