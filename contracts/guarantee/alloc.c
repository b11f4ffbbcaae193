/* alloc.c: ALLOC, the cumulative largest remainder with memory, and the share tree (domain.md 3.0.3). */
#include "guarantee.h"

#define COUNT_MAX ZYD_GUARANTEE_CHILDREN_MAX

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

void alloc(int64_t *inc, int64_t *paid, int64_t total, const int64_t *weights, uint32_t count)
{
    uint64_t r[COUNT_MAX], sum = 0;
    int64_t left = total, before = 0; /* left: fen that the floors leave over */
    for (uint32_t i = 0; i < count; i++) {
        sum += (uint64_t)weights[i];
    }
    if (sum == 0) {
        ct_fail(E_SHARE_SUM);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t q;
        divide(&q, &r[i], (uint64_t)total, (uint64_t)weights[i], sum);
        inc[i] = (int64_t)q;
        left -= inc[i];
    }
    uint32_t given = 0; /* bit i: the target of i was rounded up */
    for (; left > 0; left--) {
        uint32_t best = COUNT_MAX;
        for (uint32_t i = 0; i < count; i++) {
            if (!(given >> i & 1) && (best == COUNT_MAX || r[i] > r[best])) {
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
        ct_fail(E_RANGE);
    }
    /* The Alabama paradox (E6b): a target below what was paid is made up by those with the smallest remainders. */
    for (uint32_t i = 0; i < count; i++) {
        while (inc[i] < 0) {
            uint32_t from = COUNT_MAX;
            for (uint32_t j = 0; j < count; j++) {
                if (inc[j] > 0 && (from == COUNT_MAX || r[j] <= r[from])) {
                    from = j;
                }
            }
            inc[i]++;
            inc[from]--;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        paid[i] += inc[i];
    }
}

/* ALLOC at each node; the leaves in depth-first order (ruling 1). */
static void split_children(struct leaves *out, const uint8_t *p, uint32_t count, int64_t total)
{
    int64_t weights[COUNT_MAX], parts[COUNT_MAX];
    const uint8_t *q = p;
    if (count < 1 || count > COUNT_MAX) {
        ct_fail(E_RANGE);
    }
    for (uint32_t i = 0; i < count; i++, q = node_next(q)) {
        weights[i] = node_ppm(q);
    }
    alloc(parts, 0, total, weights, count);
    for (uint32_t i = 0; i < count; i++, p = node_next(p)) {
        if (node_children(p) > 0) {
            split_children(out, p + ZYD_GUARANTEE_NODE_SIZE, node_children(p), parts[i]);
        } else {
            if (out->count == ZYD_GUARANTEE_LEAVES_MAX) {
                ct_fail(E_RANGE);
            }
            out->member[out->count] = node_member(p);
            out->amount[out->count++] = parts[i];
        }
    }
}

void tree_split_rest(struct leaves *out, const struct gu *g, int64_t rest)
{
    const uint8_t *p = g->tree + ZYD_GUARANTEE_NODE_SIZE;
    out->count = 0;
    if (node_children(p) > 0) {
        split_children(out, p + ZYD_GUARANTEE_NODE_SIZE, node_children(p), rest);
    } else {
        out->count = 1;
        out->member[0] = node_member(p);
        out->amount[0] = rest;
    }
}

int64_t tree_split(struct leaves *out, const struct gu *g, int64_t total)
{
    int64_t weights[2] = {node_ppm(g->tree), rest_ppm(g)}, parts[2];
    alloc(parts, 0, total, weights, 2);
    tree_split_rest(out, g, parts[1]);
    return parts[0];
}
