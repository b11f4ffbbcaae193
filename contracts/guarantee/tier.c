/* tier.c: shares by tier (科创贷): a programme may have several trees over the same parties, each for loans up to an amount and
 * borrowers of a grade.  The first that fits is the contract's for good. */
#include "guarantee.h"
#include <zyd/register.h>

struct tiers {
    uint16_t grades; /* register programme; 0: none */
    const uint8_t *rows;
    uint32_t count, row_size;
};

static void tiers_read(struct tiers *t, const struct gu *g)
{
    struct ct_rd rd = g->documents;
    uint32_t size;
    for (uint32_t n = ct_rd_array(&rd); n > 0; n--) {
        ct_rd_bin(&rd, &size, 255);
    }
    uint32_t tree = (uint32_t)(g->tree.end - g->tree.p);
    t->row_size = ZYD_GUARANTEE_TIER_HEAD + tree;
    const uint8_t *p = ct_rd_bin(&rd, &size, 2 + ZYD_GUARANTEE_TIERS_MAX * t->row_size);
    if (size < 2 || (size - 2) % t->row_size != 0) {
        ct_fail(E_RANGE);
    }
    t->grades = cc_u16(p);
    t->rows = p + 2;
    t->count = (size - 2) / t->row_size;
}

static void use(struct gu *g, const struct tiers *t, uint32_t i)
{
    const uint8_t *tree = t->rows + i * t->row_size + ZYD_GUARANTEE_TIER_HEAD;
    cc_tree_open(&g->tree, tree, t->row_size - ZYD_GUARANTEE_TIER_HEAD, 2);
}

/* As the register has it today; 0: none, or no longer valid. */
static uint32_t grade_of(const struct gu *g, uint16_t programme)
{
    uint8_t key[ZYD_REGISTER_GRADE_KEY_SIZE];
    struct zyd_register_current r;
    key[0] = ZYD_REGISTER_KEY_GRADE;
    key[1] = (uint8_t)(programme >> 8);
    key[2] = (uint8_t)programme;
    memcpy(key + 3, g->o.h.borrower, sizeof g->o.h.borrower);
    if (programme == 0 || ct_get(ZYD_REGISTER_CONTRACT, key, sizeof key, &r, sizeof r) != (int64_t)sizeof r ||
        r.until < g->call->date) {
        return 0;
    }
    return (uint32_t)r.value;
}

void tier_choose(struct gu *g, int64_t amount)
{
    struct tiers t;
    if (!g->tiers) {
        return;
    }
    tiers_read(&t, g);
    uint32_t grade = grade_of(g, t.grades);
    for (uint32_t i = 0; i < t.count; i++) {
        const uint8_t *row = t.rows + i * t.row_size;
        uint64_t most = cc_slot(row, 0);
        if ((most == 0 || (uint64_t)amount <= most) && (row[8] == 0 || row[8] == grade)) {
            use(g, &t, i);
            cc_tree_check(&g->tree);
            g->o.h.tier = (uint8_t)(i + 1);
            return;
        }
    }
    ct_fail(E_NO_TIER);
}

void tier_open(struct gu *g)
{
    struct tiers t;
    tiers_read(&t, g);
    if (g->o.h.tier > t.count) {
        ct_fail(E_RANGE);
    }
    use(g, &t, g->o.h.tier - 1u);
}
