/* extend.c: EXTEND and CURE (domain.md 3.1, rulings 3, 11, 14, 17, 19), and the fee earned until a day. */
#include "guarantee.h"

struct extensions {
    struct zyd_guarantee_extension e[ZYD_GUARANTEE_EXTENSIONS_MAX];
};

static void extension_key(uint8_t key[2 + CT_ID_SIZE], const struct gu *g, uint32_t i)
{
    key[0] = ZYD_GUARANTEE_KEY_EXTENSION;
    memcpy(key + 1, g->call->object, CT_ID_SIZE);
    key[1 + CT_ID_SIZE] = (uint8_t)i;
}

static void extensions_load(struct extensions *out, const struct gu *g, uint32_t i)
{
    uint8_t key[2 + CT_ID_SIZE];
    extension_key(key, g, i);
    ct_get(g->call->contract, key, sizeof key, out, sizeof *out);
}

static int64_t segment_earned(const struct gu *g, int64_t amount, int32_t from, int32_t to, int32_t date)
{
    int32_t end = date < to ? date : to;
    return end <= from ? 0
                       : cc_fee(amount, g->o.h.fee_ppm, (uint32_t)zyd_days_between(from, end),
                                (uint32_t)param(g, ZYD_GP_FEE_BASIS));
}

int64_t fee_earned(const struct gu *g, uint32_t i, int32_t date)
{
    const struct zyd_guarantee_drawdown *d = &g->o.d[i];
    struct extensions x;
    int64_t sum = segment_earned(g, d->principal, d->value_date, d->first_maturity, date);
    if (d->extensions > 0) {
        extensions_load(&x, g, i);
    }
    for (uint32_t k = 0; k < d->extensions; k++) {
        sum += segment_earned(g, x.e[k].amount, x.e[k].from, x.e[k].to, date);
    }
    return sum;
}

/* ext_max, or the classic lending rule: short loans (a year) their term, medium ones (five years) half of it, long ones 3
 * years. */
static int32_t longest(const struct gu *g, const struct zyd_guarantee_drawdown *d)
{
    int32_t set = (int32_t)param(g, ZYD_GP_EXT_MAX), term = zyd_days_between(d->value_date, d->first_maturity);
    return set != 0 ? set : term <= 366 ? term : term <= 1827 ? term / 2 : 1096;
}

/* EXTEND: ACTIVE -> ACTIVE by ALL(BANK, GUAR), and REG where it is in the tree (ruling 11).  Inputs: drawdown, new maturity. */
void event_extend(struct gu *g)
{
    struct extensions x;
    uint8_t key[2 + CT_ID_SIZE];
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_ACTIVE, ZYD_GS_ACTIVE);
    struct zyd_guarantee_drawdown *d = find_drawdown(g, (uint32_t)ct_rd_u64(&rd, 999999999));
    int32_t from = d->maturity, to = cc_arg_date(&rd);
    uint32_t i = (uint32_t)(d - g->o.d);
    ct_rd_end(&rd);
    if (d->balance == 0) {
        ct_fail(E_BAD_STATE);
    }
    if (g->call->date >= from) {
        ct_fail(E_EXTEND_LATE);
    }
    if (to <= from) {
        ct_fail(E_BAD_DATE);
    }
    if (zyd_days_between(d->first_maturity, to) > longest(g, d) || d->extensions == ZYD_GUARANTEE_EXTENSIONS_MAX) {
        ct_fail(E_EXTEND_TOO_LONG);
    }
    sign(g, g->o.h.bank);
    sign(g, param_member(g, ZYD_GP_GUAR));
    sign(g, cc_tree_has(&g->tree, param_member(g, ZYD_GP_REG)) ? param_member(g, ZYD_GP_REG) : CT_NO_MEMBER);
    signed_end(g);
    struct loan_dates was = loan_dates(g);
    gu_borrower(g);
    charge_fees(g, d, d->balance, from, to);
    breaker_released(g, d->balance, (uint32_t)zyd_days_between(from, to), false);
    if (d->extensions > 0) {
        extensions_load(&x, g, i);
    }
    x.e[d->extensions++] = (struct zyd_guarantee_extension){from, to, d->balance};
    extension_key(key, g, i);
    ct_put(key, sizeof key, &x, (uint32_t)(d->extensions * sizeof x.e[0]));
    d->maturity = to;
    g->o.h.flags |= ZYD_GF_EXTENDED;
    object_store(g);
    loan_deadlines(g, was);
}

/* Overdue from o.h.overdue to date: subsidies ask for it later, when o.h.overdue is gone. */
static void note_spell(struct gu *g, int32_t date)
{
    struct zyd_guarantee_spell spells[ZYD_GUARANTEE_CURES_MAX];
    uint8_t key[1 + CT_ID_SIZE] = {ZYD_GUARANTEE_KEY_SPELLS};
    memcpy(key + 1, g->call->object, CT_ID_SIZE);
    if (g->o.h.cures > 0) {
        ct_get(g->call->contract, key, sizeof key, spells, sizeof spells);
    }
    spells[g->o.h.cures++] = (struct zyd_guarantee_spell){g->o.h.overdue, date};
    ct_put(key, sizeof key, spells, (uint32_t)(g->o.h.cures * sizeof spells[0]));
}

/* CURE (ruling 19): OVERDUE -> ACTIVE by BANK.  Inputs: value date, payment: all of 1111.  Normal interest resumes on the value
 * date, so every maturity must lie beyond it. */
void event_cure(struct gu *g)
{
    char customer[CT_ACCOUNT_SIZE];
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_OVERDUE, ZYD_GS_OVERDUE);
    int32_t date = cc_arg_date(&rd);
    int64_t payment = cc_arg_fen(&rd, 0);
    ct_rd_end(&rd);
    if (date > g->call->date || date < g->o.h.overdue) {
        ct_fail(E_BAD_DATE);
    }
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        if (g->o.d[i].balance > 0 && g->o.d[i].maturity <= g->call->date) {
            ct_fail(E_BAD_DATE);
        }
    }
    if (g->o.h.cures == ZYD_GUARANTEE_CURES_MAX) {
        ct_fail(E_RANGE);
    }
    if (payment != interest_open(g) || g->o.h.principal == 0) {
        ct_fail(E_SPLIT_ORDER);
    }
    sign(g, g->o.h.bank);
    signed_end(g);
    gu_borrower(g);
    account_borrower(customer, g, "2101");
    post(g->o.h.bank, ZYD_GL_REPAY_INT, customer, "1111", payment, 0);
    post(g->o.h.bank, ZYD_GL_CURE, "1101", "1102", g->o.h.principal, 0);
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        struct zyd_guarantee_drawdown *d = &g->o.d[i];
        d->interest = 0;
        if (d->balance > 0) {
            d->settled_to = date;
            d->days_lo = d->days_hi = 0;
        }
    }
    note_spell(g, date);
    g->o.h.state = ZYD_GS_ACTIVE;
    g->o.h.overdue = 0;
    g->o.h.disputed = 0;
    g->o.h.flags &= (uint8_t)~ZYD_GF_NOTICE_LATE;
    g->o.h.more &= (uint8_t)~(ZYD_GM_REFUSED | ZYD_GM_DISPUTED);
    object_store(g);
    deadline_clear(g, ZYD_GD_RELEASE);
    loan_deadlines(g, (struct loan_dates){0, 0});
}
