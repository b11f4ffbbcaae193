#include "crit.h"

#define LEAF 0x80000000u

size_t crit_key_bytes(uint32_t key_size)
{
    return (key_size + 3u) & ~3u;
}

void crit_init(struct crit *c, uint8_t *keys, struct crit_node *nodes, uint32_t key_size, uint32_t cap)
{
    zyd_assert(cap < LEAF);
    c->keys = keys;
    c->nodes = nodes;
    c->key_size = key_size;
    c->stride = (uint32_t)crit_key_bytes(key_size);
    c->cap = cap;
    crit_reset(c);
}

void crit_reset(struct crit *c)
{
    c->count = 0;
    c->root = CRIT_NONE;
    c->next_key = c->next_node = 0;
    c->free_key = c->free_node = CRIT_NONE;
}

static uint8_t *key_at(const struct crit *c, uint32_t ref)
{
    return c->keys + (size_t)(ref & ~LEAF) * c->stride;
}

static uint32_t bit_of(const uint8_t *key, uint32_t bit)
{
    return (uint32_t)key[bit / 8] >> (7 - bit % 8) & 1u;
}

/* First bit in which a and b differ, or CRIT_NONE. */
static uint32_t diff_bit(const struct crit *c, const uint8_t *a, const uint8_t *b)
{
    for (uint32_t i = 0; i < c->key_size; i++) {
        uint32_t x = (uint32_t)(a[i] ^ b[i]);
        if (x != 0) {
            uint32_t bit = 0;
            while ((x & 0x80) == 0) {
                x <<= 1;
                bit++;
            }
            return i * 8 + bit;
        }
    }
    return CRIT_NONE;
}

/* The leaf that a walk by key's bits ends at: it shares the longest prefix with key. */
static uint32_t best_leaf(const struct crit *c, const uint8_t *key)
{
    uint32_t ref = c->root;
    while ((ref & LEAF) == 0) {
        const struct crit_node *n = &c->nodes[ref];
        ref = n->child[bit_of(key, n->bit)];
    }
    return ref;
}

static uint32_t take_key(struct crit *c, const uint8_t *key)
{
    uint32_t id = c->free_key;
    if (id != CRIT_NONE) {
        memcpy(&c->free_key, key_at(c, id), sizeof c->free_key);
    } else {
        id = c->next_key++;
    }
    memcpy(key_at(c, id), key, c->key_size);
    return id | LEAF;
}

static uint32_t take_node(struct crit *c)
{
    uint32_t id = c->free_node;
    if (id != CRIT_NONE) {
        c->free_node = c->nodes[id].child[0];
        return id;
    }
    return c->next_node++;
}

enum zyd_status crit_add(struct crit *c, const uint8_t *key)
{
    uint32_t diff = 0;
    if (c->count > 0) {
        diff = diff_bit(c, key, key_at(c, best_leaf(c, key)));
        if (diff == CRIT_NONE) {
            return ZYD_E_EXISTS;
        }
    }
    if (c->count == c->cap) {
        return ZYD_E_FULL;
    }
    uint32_t leaf = take_key(c, key);
    if (c->count++ == 0) {
        c->root = leaf;
        return ZYD_OK;
    }
    uint32_t *at = &c->root;
    while ((*at & LEAF) == 0 && c->nodes[*at].bit < diff) {
        struct crit_node *n = &c->nodes[*at];
        at = &n->child[bit_of(key, n->bit)];
    }
    uint32_t id = take_node(c);
    uint32_t side = bit_of(key, diff);
    c->nodes[id].bit = diff;
    c->nodes[id].child[side] = leaf;
    c->nodes[id].child[1 - side] = *at;
    *at = id;
    return ZYD_OK;
}

bool crit_del(struct crit *c, const uint8_t *key)
{
    if (c->count == 0) {
        return false;
    }
    uint32_t *at = &c->root, *up = NULL;
    uint32_t side = 0;
    while ((*at & LEAF) == 0) {
        struct crit_node *n = &c->nodes[*at];
        side = bit_of(key, n->bit);
        up = at;
        at = &n->child[side];
    }
    if (diff_bit(c, key, key_at(c, *at)) != CRIT_NONE) {
        return false;
    }
    uint32_t leaf = *at & ~LEAF;
    memcpy(key_at(c, leaf), &c->free_key, sizeof c->free_key);
    c->free_key = leaf;
    if (up == NULL) {
        c->root = CRIT_NONE;
    } else {
        uint32_t id = *up;
        *up = c->nodes[id].child[1 - side];
        c->nodes[id].child[0] = c->free_node;
        c->free_node = id;
    }
    c->count--;
    return true;
}

static const uint8_t *edge(const struct crit *c, uint32_t ref, uint32_t side)
{
    if (ref == CRIT_NONE) {
        return NULL;
    }
    while ((ref & LEAF) == 0) {
        ref = c->nodes[ref].child[side];
    }
    return key_at(c, ref);
}

/* The neighbour of key on one side (0: below, 1: above). */
static const uint8_t *beside(const struct crit *c, const uint8_t *key, uint32_t side)
{
    if (c->count == 0) {
        return NULL;
    }
    if (key == NULL) {
        return edge(c, c->root, 1 - side);
    }
    uint32_t diff = diff_bit(c, key, key_at(c, best_leaf(c, key)));
    uint32_t ref = c->root, other = CRIT_NONE; /* other: the nearest subtree wholly on that side */
    while ((ref & LEAF) == 0 && (diff == CRIT_NONE || c->nodes[ref].bit < diff)) {
        const struct crit_node *n = &c->nodes[ref];
        uint32_t b = bit_of(key, n->bit);
        if (b != side) {
            other = n->child[side];
        }
        ref = n->child[b];
    }
    /* All of ref differs from key first at diff: it lies on one side of key as a whole. */
    if (diff != CRIT_NONE && bit_of(key, diff) != side) {
        other = ref;
    }
    return edge(c, other, 1 - side);
}

const uint8_t *crit_below(const struct crit *c, const uint8_t *key)
{
    return beside(c, key, 0);
}

const uint8_t *crit_above(const struct crit *c, const uint8_t *key)
{
    return beside(c, key, 1);
}
