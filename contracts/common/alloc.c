/* alloc.c: ALLOC, the cumulative largest remainder with memory, and share trees (domain.md 3.0.3). */
#include <zyd/common.h>

/* q = T*w div W, r = T*w mod W */
static void divide(uint64_t *q, uint64_t *r, uint64_t total, uint64_t weight, uint64_t sum)
{
    uint64_t n;
    if (!__builtin_mul_overflow(total, weight, &n)) {
        *q = n / sum;
        *r = n % sum;
        return;
    }
    ct_u128 q128;
    ct_muldiv(&q128, total, weight, sum, CT_FLOOR);
    *q = (uint64_t)q128;
    *r = total * weight - *q * sum; /* r < sum < 2^64: the low 64 bits are all of it */
}

void cc_alloc(int64_t *inc, int64_t *paid, int64_t total, const int64_t *weights, uint32_t count)
{
    uint64_t r[CC_ALLOC_MAX], sum = 0;
    int64_t left = total, before = 0; /* left: fen that the floors leave over */
    for (uint32_t i = 0; i < count; i++) {
        sum += (uint64_t)weights[i];
    }
    if (sum == 0) {
        ct_fail(CC_SHARE_SUM);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t q;
        divide(&q, &r[i], (uint64_t)total, (uint64_t)weights[i], sum);
        inc[i] = (int64_t)q;
        left -= inc[i];
    }
    uint32_t given = 0; /* bit i: the target of i was rounded up */
    for (; left > 0; left--) {
        uint32_t best = CC_ALLOC_MAX;
        for (uint32_t i = 0; i < count; i++) {
            if (!(given >> i & 1) && (best == CC_ALLOC_MAX || r[i] > r[best])) {
                best = i;
            }
        }
        given |= 1u << best;
        inc[best]++;
    }
    if (paid == 0) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        before += paid[i];
        inc[i] -= paid[i];
    }
    if (before > total) {
        ct_fail(CC_RANGE);
    }
    /* The Alabama paradox (E6b): a target below what was paid is made up by those with the smallest remainders.  Who gives
     * stays the same until it has nothing more, so all that it can give moves at once: memory far from the weights (a layer
     * of a pool that others helped out) must not cost a step for each fen. */
    for (uint32_t i = 0; i < count; i++) {
        while (inc[i] < 0) {
            uint32_t from = CC_ALLOC_MAX;
            for (uint32_t j = 0; j < count; j++) {
                if (inc[j] > 0 && (from == CC_ALLOC_MAX || r[j] <= r[from])) {
                    from = j;
                }
            }
            int64_t move = cc_min(-inc[i], inc[from]);
            inc[i] += move;
            inc[from] -= move;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        paid[i] += inc[i];
    }
}

void cc_tree_open(struct cc_tree *t, const uint8_t *nodes, uint32_t size, uint32_t roots)
{
    uint32_t open = roots;
    const uint8_t *p = nodes;
    t->p = nodes;
    t->end = nodes + size;
    t->roots = roots;
    for (; open > 0 && (uint64_t)(t->end - p) >= CC_NODE_SIZE; p += CC_NODE_SIZE) {
        open += cc_node_children(p) - 1;
    }
    if (open != 0 || p != t->end) {
        ct_fail(CC_RANGE);
    }
}

uint32_t cc_node_ppm(const uint8_t *node)
{
    return (uint32_t)node[0] << 24 | (uint32_t)node[1] << 16 | (uint32_t)node[2] << 8 | node[3];
}

uint16_t cc_node_member(const uint8_t *node)
{
    return cc_u16(node + 4);
}

uint32_t cc_node_children(const uint8_t *node)
{
    return node[6];
}

const uint8_t *cc_node_next(const uint8_t *node)
{
    uint32_t open = 1;
    while (open > 0) {
        open += cc_node_children(node) - 1;
        node += CC_NODE_SIZE;
    }
    return node;
}

bool cc_tree_has(const struct cc_tree *t, uint16_t member)
{
    for (const uint8_t *p = t->p; p < t->end; p += CC_NODE_SIZE) {
        if (cc_node_member(p) == member && cc_node_children(p) == 0) {
            return member != CT_NO_MEMBER;
        }
    }
    return false;
}

static void check_children(const uint8_t *p, uint32_t count, uint32_t depth)
{
    uint32_t sum = 0;
    if (count > CC_CHILDREN_MAX || depth > CC_DEPTH_MAX) {
        ct_fail(CC_RANGE);
    }
    for (; count > 0; count--, p = cc_node_next(p)) {
        sum += cc_node_ppm(p);
        if ((cc_node_member(p) == CC_NODE_INNER) != (cc_node_children(p) > 0)) {
            ct_fail(CC_RANGE);
        }
        if (cc_node_children(p) > 0) {
            check_children(p + CC_NODE_SIZE, cc_node_children(p), depth + 1);
        }
    }
    if (sum != CC_PPM) {
        ct_fail(CC_SHARE_SUM);
    }
}

void cc_tree_check(const struct cc_tree *t)
{
    check_children(t->p, t->roots, 1);
}

void cc_tree_split(struct cc_leaves *out, const uint8_t *p, uint32_t count, int64_t total)
{
    int64_t weights[CC_CHILDREN_MAX], parts[CC_CHILDREN_MAX];
    const uint8_t *q = p;
    if (count < 1 || count > CC_CHILDREN_MAX) {
        ct_fail(CC_RANGE);
    }
    for (uint32_t i = 0; i < count; i++, q = cc_node_next(q)) {
        weights[i] = cc_node_ppm(q);
    }
    cc_alloc(parts, 0, total, weights, count);
    for (uint32_t i = 0; i < count; i++, p = cc_node_next(p)) {
        if (cc_node_children(p) > 0) {
            cc_tree_split(out, p + CC_NODE_SIZE, cc_node_children(p), parts[i]);
        } else {
            if (out->count == CC_LEAVES_MAX) {
                ct_fail(CC_RANGE);
            }
            out->member[out->count] = cc_node_member(p);
            out->amount[out->count++] = parts[i];
        }
    }
}

void cc_tree_split_more(struct cc_leaves *out, const uint8_t *p, uint32_t count, int64_t total, const int64_t *memory)
{
    int64_t weights[CC_CHILDREN_MAX], paid[CC_CHILDREN_MAX], inc[CC_CHILDREN_MAX];
    const uint8_t *q = p;
    const int64_t *m = memory;
    if (count < 1 || count > CC_CHILDREN_MAX) {
        ct_fail(CC_RANGE);
    }
    for (uint32_t i = 0; i < count; i++) {
        weights[i] = cc_node_ppm(q);
        paid[i] = 0;
        for (const uint8_t *end = cc_node_next(q); q < end; q += CC_NODE_SIZE) {
            paid[i] += cc_node_children(q) == 0 ? *m++ : 0;
        }
    }
    cc_alloc(inc, paid, total, weights, count);
    for (uint32_t i = 0; i < count; i++, p = cc_node_next(p)) {
        uint32_t first = out->count;
        if (cc_node_children(p) > 0) {
            cc_tree_split_more(out, p + CC_NODE_SIZE, cc_node_children(p), paid[i], memory);
        } else {
            if (out->count == CC_LEAVES_MAX) {
                ct_fail(CC_RANGE);
            }
            out->member[out->count] = cc_node_member(p);
            out->amount[out->count++] = inc[i];
        }
        memory += out->count - first;
    }
}
