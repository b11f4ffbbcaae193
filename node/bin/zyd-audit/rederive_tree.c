/* rederive_tree.c: the share tree of a programme and what it gives (domain.md 3.0.3, E2, rulings 1 to 3). */
#include "rederive_contract.h"

bool gu_tree_read(struct gu_tree *t, struct zyd_span nodes)
{
    t->node_count = nodes.size / ZYD_GUARANTEE_NODE_SIZE;
    if (t->node_count < 2 || t->node_count > ZYD_GUARANTEE_NODES_MAX) {
        return false;
    }
    for (size_t i = 0; i < t->node_count; i++) {
        const uint8_t *p = nodes.data + i * ZYD_GUARANTEE_NODE_SIZE;
        t->nodes[i] = (struct gu_node){.ppm = zyd_get32(p), .member = zyd_get16(p + 4), .children = p[6]};
    }
    for (size_t i = t->node_count; i-- > 0;) { /* children stand behind their node */
        size_t end = i + 1;
        for (uint8_t k = 0; k < t->nodes[i].children; k++) {
            if (end >= t->node_count) {
                return false;
            }
            end = t->nodes[end].next;
        }
        t->nodes[i].next = end;
    }
    return t->nodes[0].member == ZYD_GUARANTEE_NODE_BANK && t->nodes[1].next == t->node_count &&
           gu_leaves(t, (uint16_t[ZYD_GUARANTEE_LEAVES_MAX]){0}) > 0;
}

size_t gu_leaves(const struct gu_tree *t, uint16_t members[ZYD_GUARANTEE_LEAVES_MAX])
{
    size_t n = 0;
    for (size_t i = 1; i < t->node_count; i++) {
        if (t->nodes[i].children == 0) {
            if (n == ZYD_GUARANTEE_LEAVES_MAX) {
                return 0;
            }
            members[n++] = t->nodes[i].member;
        }
    }
    return n;
}

bool gu_has_leaf(const struct gu_tree *t, uint16_t member)
{
    uint16_t members[ZYD_GUARANTEE_LEAVES_MAX];
    for (size_t i = gu_leaves(t, members); i-- > 0;) {
        if (members[i] == member && member != RE_NO_MEMBER) {
            return true;
        }
    }
    return false;
}

void gu_level1(int64_t *bank, int64_t *rest, const struct gu_tree *t, int64_t total, int64_t bank_before, int64_t rest_before)
{
    int64_t inc[2] = {0, 0}, memory[2] = {bank_before, rest_before};
    int64_t weights[2] = {(int64_t)t->nodes[0].ppm, (int64_t)t->nodes[1].ppm};
    if (!re_alloc(inc, memory, total, weights, 2)) {
        inc[0] = inc[1] = 0;
    }
    *bank = inc[0];
    *rest = inc[1];
}

/* The leaves of a node; *leaf: place of its first leaf, then past its last. */
static void split_node(int64_t *out, const struct gu_tree *t, size_t node, int64_t total, const int64_t *memory, size_t *leaf)
{
    const struct gu_node *p = &t->nodes[node];
    int64_t inc[RE_PARTS], before[RE_PARTS], weights[RE_PARTS];
    size_t n = 0, at = *leaf;
    if (p->children == 0) {
        out[*leaf] = total - (memory == NULL ? 0 : memory[*leaf]);
        (*leaf)++;
        return;
    }
    for (size_t i = node + 1; i < p->next; i = t->nodes[i].next, n++) {
        weights[n] = (int64_t)t->nodes[i].ppm;
        before[n] = 0;
        for (size_t k = i; k < t->nodes[i].next; k++) {
            if (t->nodes[k].children == 0) {
                before[n] += memory == NULL ? 0 : memory[at];
                at++;
            }
        }
    }
    if (!re_alloc(inc, before, total, weights, n)) {
        memset(inc, 0, sizeof inc);
    }
    n = 0;
    for (size_t i = node + 1; i < p->next; i = t->nodes[i].next, n++) {
        split_node(out, t, i, before[n] + inc[n], memory, leaf);
    }
}

void gu_split(int64_t out[ZYD_GUARANTEE_LEAVES_MAX], const struct gu_tree *t, int64_t rest, const int64_t *memory)
{
    size_t leaf = 0;
    split_node(out, t, 1, rest, memory, &leaf);
}

static zyd_u128 gcd(zyd_u128 a, zyd_u128 b)
{
    while (b != 0) {
        zyd_u128 r = a % b;
        a = b;
        b = r;
    }
    return a;
}

struct path {
    zyd_u128 num, den;
};
static struct path along(struct path p, uint64_t ppm)
{
    p.num *= ppm;
    p.den *= RE_PPM;
    zyd_u128 g = gcd(p.num, p.den);
    return g == 0 ? p : (struct path){p.num / g, p.den / g};
}

static int64_t node_fee(const struct gu_tree *t, size_t node, struct path path, uint16_t member, int64_t amount, uint64_t n,
                        zyd_u128 d)
{
    const struct gu_node *p = &t->nodes[node];
    int64_t sum = 0;
    path = along(path, p->ppm);
    if (p->children == 0) {
        return p->member != member ? 0
                                   : re_divide((zyd_u128)(uint64_t)amount * n * path.num, d * path.den, RE_HALF_UP);
    }
    for (size_t i = node + 1; i < p->next; i = t->nodes[i].next) {
        sum += node_fee(t, i, path, member, amount, n, d);
    }
    return sum;
}

int64_t gu_leaf_fee(const struct gu_tree *t, uint16_t member, int64_t amount, uint64_t ppm, int32_t days, uint32_t basis)
{
    return member == RE_NO_MEMBER ? 0
                                  : node_fee(t, 1, (struct path){1, 1}, member, amount, ppm * (uint64_t)(uint32_t)days,
                                             (zyd_u128)RE_PPM * basis);
}

void gu_memo(struct re_rows *rows, const struct gu_tree *t, int64_t before, int64_t after, uint16_t label)
{
    uint16_t members[ZYD_GUARANTEE_LEAVES_MAX];
    int64_t was[ZYD_GUARANTEE_LEAVES_MAX], is[ZYD_GUARANTEE_LEAVES_MAX], bank, rest;
    size_t n = gu_leaves(t, members);
    gu_level1(&bank, &rest, t, before, 0, 0);
    gu_split(was, t, rest, NULL);
    gu_level1(&bank, &rest, t, after, 0, 0);
    gu_split(is, t, rest, NULL);
    for (size_t i = 0; i < n; i++) {
        if (is[i] > was[i]) {
            re_expect(rows, RE_EXPOSURE_AMOUNT, members[i], label, "9001", "9002", is[i] - was[i]);
        } else {
            re_expect(rows, RE_EXPOSURE_AMOUNT, members[i], label, "9002", "9001", was[i] - is[i]);
        }
    }
}
