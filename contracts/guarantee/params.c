/* params.c: parameters and share tree of the programme (zyd/guarantee.h, "parameters of a programme"). */
#include "guarantee.h"

void params_open(struct gu *g)
{
    struct ct_rd rd = ct_params_rd(g->call);
    uint32_t size;
    uint32_t parts = ct_rd_array(&rd);
    if (parts != 5 && parts != 6) {
        ct_fail(E_RANGE);
    }
    g->tiers = parts == 6;
    g->slots = cc_slots(&rd, ZYD_GUARANTEE_PARAM_COUNT);
    const uint8_t *nodes = ct_rd_bin(&rd, &size, ZYD_GUARANTEE_NODES_MAX * CC_NODE_SIZE);
    cc_tree_open(&g->tree, nodes, size, 2); /* two subtrees, bank and rest */
    if (cc_node_member(nodes) != ZYD_GUARANTEE_NODE_BANK) {
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
    return cc_slot(g->slots, (uint32_t)which);
}

uint16_t param_member(const struct gu *g, enum zyd_guarantee_param which)
{
    return (uint16_t)param(g, which);
}

uint32_t bank_ppm(const struct gu *g)
{
    return cc_node_ppm(g->tree.p);
}

uint32_t rest_ppm(const struct gu *g)
{
    return cc_node_ppm(g->tree.p + CC_NODE_SIZE);
}

void tree_split_rest(struct cc_leaves *out, const struct gu *g, int64_t rest)
{
    const uint8_t *p = g->tree.p + CC_NODE_SIZE;
    out->count = 0;
    if (cc_node_children(p) > 0) {
        cc_tree_split(out, p + CC_NODE_SIZE, cc_node_children(p), rest);
    } else {
        out->count = 1;
        out->member[0] = cc_node_member(p);
        out->amount[0] = rest;
    }
}

int64_t tree_split(struct cc_leaves *out, const struct gu *g, int64_t total)
{
    int64_t weights[2] = {bank_ppm(g), rest_ppm(g)}, parts[2];
    cc_alloc(parts, 0, total, weights, 2);
    tree_split_rest(out, g, parts[1]);
    return parts[0];
}

void tree_split_more(struct cc_leaves *out, const struct gu *g, int64_t rest, const int64_t *memory)
{
    const uint8_t *p = g->tree.p + CC_NODE_SIZE;
    out->count = 0;
    if (cc_node_children(p) > 0) {
        cc_tree_split_more(out, p + CC_NODE_SIZE, cc_node_children(p), rest, memory);
    } else {
        out->count = 1;
        out->member[0] = cc_node_member(p);
        out->amount[0] = rest - memory[0];
    }
}
