/* exposure.c: leverage and concentration of the guarantor (domain.md E20, ruling 10): 1104, 1105.
 *
 * Two sums are kept, of all its contracts and of one borrower's, because a list of all contracts would grow with the ledger.
 * They are kept by programmes that set `net_assets`; others neither pay for them nor count. */
#include "guarantee.h"

struct sums {
    struct zyd_guarantee_exposure all, borrower;
};

static void keys(uint8_t key[3 + 32], const struct gu *g)
{
    uint16_t guar = param_member(g, ZYD_GP_GUAR);
    key[0] = ZYD_GUARANTEE_KEY_EXPOSURE;
    key[1] = (uint8_t)(guar >> 8);
    key[2] = (uint8_t)guar;
    memcpy(key + 3, g->o.h.borrower, 32);
}

static void load(struct sums *s, const struct gu *g)
{
    uint8_t key[35];
    keys(key, g);
    if (ct_get(g->call->contract, key, 3, &s->all, sizeof s->all) < 0) {
        memset(&s->all, 0, sizeof s->all);
    }
    if (ct_get(g->call->contract, key, 35, &s->borrower, sizeof s->borrower) < 0) {
        memset(&s->borrower, 0, sizeof s->borrower);
    }
}

static void add(struct sums *s, bool small, int64_t fen)
{
    *(small ? &s->all.small : &s->all.other) += fen;
    *(small ? &s->borrower.small : &s->borrower.other) += fen;
}

static void store(const struct sums *s, const struct gu *g)
{
    uint8_t key[35];
    keys(key, g);
    ct_put(key, 3, &s->all, sizeof s->all);
    ct_put(key, 35, &s->borrower, sizeof s->borrower);
}

/* GUAR's leaf of an amount; 0 when it has none. */
static int64_t own_leaf(const struct gu *g, int64_t amount)
{
    struct cc_leaves l;
    int64_t sum = 0;
    tree_split(&l, g, amount);
    for (uint32_t i = 0; i < l.count; i++) {
        sum += l.member[i] == param_member(g, ZYD_GP_GUAR) ? l.amount[i] : 0;
    }
    return sum;
}

static int64_t weighted(const struct gu *g, const struct zyd_guarantee_exposure *e)
{
    return cc_ppm(e->small, (uint32_t)param(g, ZYD_GP_SMALL_PPM), CT_CEIL) + e->other; /* CEIL once, on the sum */
}

int64_t committed(const struct gu *g)
{
    bool over = g->o.h.state < ZYD_GS_OFFERED || g->o.h.state == ZYD_GS_RELEASED || g->o.h.state >= ZYD_GS_REJECTED;
    return over ? 0 : g->o.h.amount - (g->o.h.drawn - g->o.h.principal);
}

static bool is_small(const struct gu *g, int64_t amount)
{
    return amount <= (int64_t)param(g, ZYD_GP_SMALL_MAX);
}

void exposure_offer(struct gu *g, int64_t amount)
{
    struct sums s;
    int64_t assets = (int64_t)param(g, ZYD_GP_NET_ASSETS);
    if (assets == 0) {
        return;
    }
    load(&s, g);
    add(&s, is_small(g, amount), own_leaf(g, amount));
    if (weighted(g, &s.all) > assets * (int64_t)param(g, ZYD_GP_LEVERAGE)) {
        ct_fail(E_LEVERAGE);
    }
    if (weighted(g, &s.borrower) > cc_ppm(assets, (uint32_t)param(g, ZYD_GP_CONCENTRATION), CT_FLOOR)) {
        ct_fail(E_CONCENTRATION);
    }
}

void exposure_open(struct gu *g, int64_t amount)
{
    struct sums s;
    if (param(g, ZYD_GP_NET_ASSETS) == 0) {
        return;
    }
    g->o.h.more |= (uint8_t)(ZYD_GM_EXPOSED | (is_small(g, amount) ? ZYD_GM_SMALL : 0));
    load(&s, g);
    add(&s, is_small(g, amount), own_leaf(g, amount));
    store(&s, g);
}

void exposure_move(const struct gu *g, int64_t before)
{
    struct sums s;
    int64_t after = committed(g);
    if (!(g->o.h.more & ZYD_GM_EXPOSED) || before == after) {
        return;
    }
    load(&s, g);
    add(&s, (g->o.h.more & ZYD_GM_SMALL) != 0, own_leaf(g, after) - own_leaf(g, before));
    store(&s, g);
}
