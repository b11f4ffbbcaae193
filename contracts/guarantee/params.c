/* params.c: parameters and share tree of the programme (zyd/guarantee.h, "parameters of a programme"). */
#include "guarantee.h"

void params_open(struct gu *g)
{
    struct ct_rd rd = ct_params_rd(g->call);
    uint32_t size;
    if (ct_rd_array(&rd) != 5) {
        ct_fail(E_RANGE);
    }
    g->slots = ct_rd_bin(&rd, &size, ZYD_GUARANTEE_PARAM_COUNT * 8);
    if (size != ZYD_GUARANTEE_PARAM_COUNT * 8) {
        ct_fail(E_RANGE);
    }
    g->tree = ct_rd_bin(&rd, &size, ZYD_GUARANTEE_NODES_MAX * ZYD_GUARANTEE_NODE_SIZE);
    g->tree_end = g->tree + size;
    /* two subtrees, bank and rest, that end where the bytes end */
    uint32_t open = 2;
    const uint8_t *p = g->tree;
    for (; open > 0 && p < g->tree_end; p += ZYD_GUARANTEE_NODE_SIZE) {
        open += node_children(p) - 1;
    }
    if (open != 0 || p != g->tree_end || node_member(g->tree) != ZYD_GUARANTEE_NODE_BANK) {
        ct_fail(E_RANGE);
    }
    g->banks = ct_rd_bin(&rd, &size, ZYD_GUARANTEE_BANKS_MAX * 2);
    g->bank_count = size / 2;
    uint32_t labels = ct_rd_array(&rd);
    while (labels-- > 0) {
        ct_rd_bin(&rd, &size, 255);
    }
    g->documents = rd;
}

uint64_t param(const struct gu *g, enum zyd_guarantee_param which)
{
    const uint8_t *p = g->slots + (uint32_t)which * 8;
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
           (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | p[7];
}

uint16_t param_member(const struct gu *g, enum zyd_guarantee_param which)
{
    return (uint16_t)param(g, which);
}

uint32_t node_ppm(const uint8_t *node)
{
    return (uint32_t)node[0] << 24 | (uint32_t)node[1] << 16 | (uint32_t)node[2] << 8 | node[3];
}

uint16_t node_member(const uint8_t *node)
{
    return (uint16_t)(node[4] << 8 | node[5]);
}

uint32_t node_children(const uint8_t *node)
{
    return node[6];
}

const uint8_t *node_next(const uint8_t *node)
{
    uint32_t open = 1;
    while (open > 0) {
        open += node_children(node) - 1;
        node += ZYD_GUARANTEE_NODE_SIZE;
    }
    return node;
}

uint32_t rest_ppm(const struct gu *g)
{
    return node_ppm(g->tree + ZYD_GUARANTEE_NODE_SIZE);
}

bool tree_has(const struct gu *g, uint16_t member)
{
    for (const uint8_t *p = g->tree; p < g->tree_end; p += ZYD_GUARANTEE_NODE_SIZE) {
        if (node_member(p) == member && node_children(p) == 0) {
            return member != CT_NO_MEMBER;
        }
    }
    return false;
}

static void check_children(const uint8_t *p, uint32_t count, uint32_t depth)
{
    uint32_t sum = 0;
    if (count > ZYD_GUARANTEE_CHILDREN_MAX || depth > ZYD_GUARANTEE_DEPTH_MAX) {
        ct_fail(E_RANGE);
    }
    for (; count > 0; count--, p = node_next(p)) {
        sum += node_ppm(p);
        if ((node_member(p) == ZYD_GUARANTEE_NODE_INNER) != (node_children(p) > 0)) {
            ct_fail(E_RANGE);
        }
        if (node_children(p) > 0) {
            check_children(p + ZYD_GUARANTEE_NODE_SIZE, node_children(p), depth + 1);
        }
    }
    if (sum != PPM) {
        ct_fail(E_SHARE_SUM);
    }
}

void tree_check(const struct gu *g)
{
    check_children(g->tree, 2, 1);
}
