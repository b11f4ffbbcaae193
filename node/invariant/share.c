/* ALLOC and share trees, written a second time from domain.md 3.0.3. */
#include "impl.h"
#include <zyd/guarantee.h>

#define MANY 128u

bool alloc(int64_t *inc, const int64_t *paid, int64_t total, const int64_t *weights, unsigned count)
{
    zyd_u128 whole = 0, left = (uint64_t)total;
    zyd_u128 rest[MANY];
    bool up[MANY] = {false};
    int64_t had = 0;
    for (unsigned i = 0; i < count; i++) {
        whole += (uint64_t)weights[i];
        had += paid[i];
    }
    if (count == 0 || count > MANY || whole == 0 || total < had) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        zyd_u128 n = (zyd_u128)(uint64_t)total * (uint64_t)weights[i];
        inc[i] = (int64_t)(n / whole);
        rest[i] = n % whole;
        left -= n / whole;
    }
    while (left-- > 0) { /* to the largest remainders, ties to the lower index */
        unsigned best = count;
        for (unsigned i = 0; i < count; i++) {
            best = !up[i] && (best == count || rest[i] > rest[best]) ? i : best;
        }
        up[best] = true;
        inc[best]++;
    }
    for (unsigned i = 0; i < count; i++) {
        inc[i] -= paid[i];
    }
    for (unsigned i = 0; i < count;
         i++) { /* a target below what was paid: the smallest remainders give, ties the higher index */
        while (inc[i] < 0) {
            unsigned from = count;
            for (unsigned j = 0; j < count; j++) {
                from = inc[j] > 0 && (from == count || rest[j] <= rest[from]) ? j : from;
            }
            int64_t by = inc[from] < -inc[i] ? inc[from] : -inc[i];
            inc[i] += by;
            inc[from] -= by;
        }
    }
    return true;
}

/* A programme's tree: 8 bytes a node, depth first: ppm u32, member u16, children u8, zero. */
struct walk {
    const uint8_t *at, *end;
    struct share *out;
    uint8_t *count;
    const struct share *before;
    uint8_t before_count;
    bool bad;
};

static const uint8_t *behind(const struct walk *w, const uint8_t *node)
{
    unsigned open = 1;
    while (open > 0 && node < w->end) {
        open += node[6];
        open--;
        node += ZYD_GUARANTEE_NODE_SIZE;
    }
    return node;
}

static int64_t had_of(const struct walk *w, uint16_t member)
{
    for (uint8_t i = 0; i < w->before_count; i++) {
        if (w->before[i].member == member) {
            return w->before[i].amount;
        }
    }
    return 0;
}

/* What the leaves below a node had. */
static int64_t had_below(const struct walk *w, const uint8_t *node)
{
    int64_t sum = 0;
    for (const uint8_t *end = behind(w, node); node < end; node += ZYD_GUARANTEE_NODE_SIZE) {
        sum += node[6] == 0 ? had_of(w, zyd_get16(node + 4)) : 0;
    }
    return sum;
}

/* total over the siblings from node on; total counts what they had. */
static void spread(struct walk *w, const uint8_t *node, unsigned siblings, int64_t total)
{
    int64_t weights[ZYD_GUARANTEE_CHILDREN_MAX] = {0}, had[ZYD_GUARANTEE_CHILDREN_MAX] = {0}, inc[ZYD_GUARANTEE_CHILDREN_MAX];
    const uint8_t *child[ZYD_GUARANTEE_CHILDREN_MAX];
    if (siblings > ZYD_GUARANTEE_CHILDREN_MAX) {
        w->bad = true;
        return;
    }
    for (unsigned i = 0; i < siblings; i++, node = behind(w, node)) {
        if (node >= w->end) {
            w->bad = true;
            return;
        }
        child[i] = node;
        weights[i] = zyd_get32(node);
        had[i] = had_below(w, node);
    }
    if (!alloc(inc, had, total, weights, siblings)) {
        w->bad = true;
        return;
    }
    for (unsigned i = 0; i < siblings && !w->bad; i++) {
        if (child[i][6] > 0) {
            spread(w, child[i] + ZYD_GUARANTEE_NODE_SIZE, child[i][6], had[i] + inc[i]);
        } else if (*w->count == PARTIES) {
            w->bad = true;
        } else {
            struct share *s = share_of(w->out, w->count, zyd_get16(child[i] + 4));
            s->amount += inc[i];
        }
    }
}

bool tree_rest(struct share *out, uint8_t *count, struct zyd_span tree, int64_t rest, const struct share *before,
               uint8_t before_count)
{
    const uint8_t *nodes = tree.data, *side = nodes + ZYD_GUARANTEE_NODE_SIZE; /* behind the bank's leaf */
    struct walk w = {side, nodes + tree.size, out, count, before, before_count, false};
    *count = 0;
    if (tree.size < 2u * ZYD_GUARANTEE_NODE_SIZE) {
        return false;
    }
    spread(&w, side[6] > 0 ? side + ZYD_GUARANTEE_NODE_SIZE : side, side[6] > 0 ? side[6] : 1, rest);
    return !w.bad;
}

bool tree_first(int64_t *rest, struct zyd_span tree, int64_t total)
{
    if (tree.size < 2u * ZYD_GUARANTEE_NODE_SIZE) {
        return false;
    }
    int64_t weights[2] = {zyd_get32(tree.data), zyd_get32(tree.data + ZYD_GUARANTEE_NODE_SIZE)}, none[2] = {0, 0}, inc[2];
    bool good = alloc(inc, none, total, weights, 2);
    *rest = good ? inc[1] : 0;
    return good;
}
