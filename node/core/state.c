/* The base: memory, reads below the overlays, loading, checkpoints. */
#include "state_internal.h"

/* ---- memory ---- */

static uint32_t cache_slots(const struct zyd_state_limits *l)
{
    uint64_t want = l->recent_bytes / 4 / CACHE_SLOT_SIZE;
    uint32_t n = 64;
    while (n < want && n < 32768) {
        n *= 2;
    }
    return n;
}

static void layout(struct zyd_state *s, struct carver *c, const struct zyd_state_limits *l)
{
    uint32_t due_cap = l->due_max > 0x40000000u ? 0x40000000u : (uint32_t)l->due_max;
    (void)carve(c, sizeof *s);
    for (uint32_t level = 0; level < LEVELS_MAX; level++) {
        uint64_t width = tree_width(l->records_max, level);
        s->nodes[level] = carve(c, width * sizeof(struct zyd_hash));
        if (width <= 1) {
            break;
        }
    }
    rectab_carve(&s->gen[0], c, l->recent_bytes / 2);
    rectab_carve(&s->gen[1], c, l->recent_bytes / 2);
    uint8_t *due_keys = carve(c, due_cap * crit_key_bytes(DUE_KEY_SIZE));
    struct crit_node *due_nodes = carve(c, (uint64_t)due_cap * sizeof *due_nodes);
    s->cache_count = cache_slots(l);
    s->cache = carve(c, (uint64_t)s->cache_count * sizeof *s->cache);
    if (c->base != NULL) {
        crit_init(&s->due, due_keys, due_nodes, DUE_KEY_SIZE, due_cap);
    }
    for (uint32_t i = 0; i < ZYD_STATE_OVERLAYS; i++) {
        struct zyd_overlay *o = &s->overlays[i];
        rectab_carve(&o->tab, c, l->overlay_bytes);
        uint8_t *keys = carve(c, o->tab.cap * crit_key_bytes(DUE_KEY_SIZE));
        struct crit_node *nodes = carve(c, (uint64_t)o->tab.cap * sizeof *nodes);
        if (c->base != NULL) {
            crit_init(&o->due, keys, nodes, DUE_KEY_SIZE, o->tab.cap);
            o->state = s;
            o->used = false;
        }
    }
}

size_t zyd_state_footprint(const struct zyd_state_limits *limits)
{
    struct zyd_state s; /* only its pointers' place in the row counts */
    struct carver c = {NULL, 0};
    layout(&s, &c, limits);
    return c.used + 64;
}

static void put_sentinel(struct zyd_state *s)
{
    uint8_t leaf[ZYD_LEAF_HEAD_SIZE] = {0};
    memset(leaf + LEAF_NEXT, 0xff, 32);
    leaf[LEAF_KIND] = ZYD_REC_SENTINEL;
    struct rec *r = rectab_add(&s->gen[s->current], leaf, 0, sizeof leaf, 0);
    zyd_assert(r != NULL && crit_add(&s->gen[s->current].created, leaf) == ZYD_OK);
    memcpy(r->leaf, leaf, sizeof leaf);
    r->dirty = true;
    zyd_merkle_leaf(&s->nodes[0][0], leaf, sizeof leaf);
    s->root = s->nodes[0][0];
    s->size = 1;
}

struct zyd_state *zyd_state_init(void *mem, const struct zyd_state_limits *limits, const struct zyd_kv *kv)
{
    zyd_assert(limits->records_max > 0 && limits->records_max < UINT64_C(1) << 40);
    struct carver c = {(uint8_t *)mem + (64 - (uintptr_t)mem % 64) % 64, 0};
    struct zyd_state *s = (struct zyd_state *)(void *)c.base;
    layout(s, &c, limits);
    s->limits = *limits;
    s->kv = *kv;
    s->current = 0;
    s->running = false;
    s->cursor = 0;
    s->kv_size = 0;
    s->kv_beyond = true;
    put_sentinel(s);
    return s;
}

uint64_t zyd_state_size(const struct zyd_state *s)
{
    return s->size;
}

void zyd_state_root(const struct zyd_state *s, struct zyd_hash *out)
{
    *out = s->root;
}

/* ---- reads of the base ---- */

static struct cache_slot *slot_of(struct zyd_state *s, const uint8_t *key)
{
    return &s->cache[zyd_get32(key + 4) & (s->cache_count - 1)];
}

void state_cache_put(struct zyd_state *s, const uint8_t *key, uint64_t index, struct zyd_span leaf)
{
    struct cache_slot *c = slot_of(s, key);
    if (leaf.size > sizeof c->leaf) {
        if (memcmp(c->key, key, 32) == 0) {
            c->state = 0;
        }
        return;
    }
    memcpy(c->key, key, 32);
    c->state = leaf.size > 0 ? 1 : 2;
    c->index = index;
    c->size = (uint32_t)leaf.size;
    if (leaf.size > 0) {
        memcpy(c->leaf, leaf.data, leaf.size);
    }
}

/* A slot is found by its key, except one that never held any: its zero key is the sentinel's and its state 0. */
static const struct cache_slot *cache_find(struct zyd_state *s, const uint8_t *key)
{
    const struct cache_slot *c = slot_of(s, key);
    return c->state != 0 && memcmp(c->key, key, 32) == 0 ? c : NULL;
}

static enum zyd_status kv_get(struct zyd_state *s, struct found *out, const uint8_t *key)
{
    struct zyd_hash k;
    struct zyd_record rec;
    memcpy(k.b, key, 32);
    enum zyd_status st = s->kv.get(s->kv.ctx, &out->index, &out->leaf, &k);
    /* 1. A checkpoint writes rows. 2. The node dies before its last one. 3. It starts from the checkpoint before, which
     * has no such record: a row past its size is not there. */
    st = st == ZYD_OK && out->index >= s->kv_size ? ZYD_E_NOT_FOUND : st;
    if (st == ZYD_E_NOT_FOUND) {
        state_cache_put(s, key, 0, zyd_span(NULL, 0));
        return st;
    }
    if (st != ZYD_OK) {
        return st;
    }
    if (zyd_leaf_decode(&rec, out->leaf) != ZYD_OK || !zyd_hash_eq(&rec.key, &k)) {
        return ZYD_E_DAMAGED;
    }
    state_cache_put(s, key, out->index, out->leaf);
    return ZYD_OK;
}

enum zyd_status state_base_get(struct zyd_state *s, struct found *out, const uint8_t *key)
{
    const struct rec *r = rectab_find(&s->gen[s->current], key);
    if (r == NULL && s->running) {
        r = rectab_find(&s->gen[1 - s->current], key);
    }
    if (r != NULL) {
        *out = (struct found){r->index, zyd_span(r->leaf, r->size), true};
        return ZYD_OK;
    }
    out->stable = false;
    const struct cache_slot *c = cache_find(s, key);
    if (c != NULL) {
        out->index = c->index;
        out->leaf = zyd_span(c->leaf, c->size);
        return c->state == 1 ? ZYD_OK : ZYD_E_NOT_FOUND;
    }
    return kv_get(s, out, key);
}

/* The greatest key below in the last complete checkpoint: rows past its size are stepped over (see kv_get). */
static enum zyd_status kv_below(struct zyd_state *s, struct zyd_hash *out, const struct zyd_hash *key)
{
    struct zyd_hash at = *key;
    for (;;) {
        enum zyd_status st = s->kv.below(s->kv.ctx, out, &at);
        if (st != ZYD_OK || (!s->kv_beyond && !s->running)) {
            return st;
        }
        uint64_t index;
        struct zyd_span leaf;
        st = s->kv.get(s->kv.ctx, &index, &leaf, out);
        if (st != ZYD_OK || index < s->kv_size) {
            return st == ZYD_E_NOT_FOUND ? ZYD_E_DAMAGED : st;
        }
        at = *out;
    }
}

enum zyd_status state_base_below(struct zyd_state *s, struct zyd_hash *out, const struct zyd_hash *key)
{
    const uint8_t *best[2];
    best[0] = crit_below(&s->gen[s->current].created, key->b);
    best[1] = s->running ? crit_below(&s->gen[1 - s->current].created, key->b) : NULL;
    enum zyd_status st = kv_below(s, out, key);
    if (st != ZYD_OK && st != ZYD_E_NOT_FOUND) {
        return st;
    }
    for (int i = 0; i < 2; i++) {
        if (best[i] != NULL && (st != ZYD_OK || memcmp(best[i], out->b, 32) > 0)) {
            memcpy(out->b, best[i], 32);
            st = ZYD_OK;
        }
    }
    return st;
}

enum zyd_status zyd_state_get(struct zyd_state *s, struct zyd_record *out, const struct zyd_hash *key)
{
    struct found f;
    enum zyd_status st = state_base_get(s, &f, key->b);
    if (st == ZYD_OK) {
        state_record_of(out, f.index, f.leaf);
    }
    return st;
}

enum zyd_status zyd_state_prove(struct zyd_state *s, bool *present, struct zyd_record *rec, struct zyd_span *leaf,
                                struct zyd_hash *path, size_t *path_count, const struct zyd_hash *key)
{
    struct found f;
    enum zyd_status st = state_base_get(s, &f, key->b);
    *present = st == ZYD_OK;
    if (st == ZYD_E_NOT_FOUND) {
        struct zyd_hash before;
        st = state_base_below(s, &before, key);
        if (st == ZYD_OK) {
            st = state_base_get(s, &f, before.b);
        }
        st = st == ZYD_E_NOT_FOUND ? ZYD_E_DAMAGED : st; /* at least the sentinel lies below */
    }
    if (st != ZYD_OK) {
        return st;
    }
    if (f.index >= s->size) {
        return ZYD_E_DAMAGED;
    }
    state_record_of(rec, f.index, f.leaf);
    *leaf = f.leaf;
    *path_count = 0;
    uint64_t at = f.index;
    for (uint32_t level = 0; tree_width(s->size, level) > 1; level++, at >>= 1) {
        if ((at ^ 1) < tree_width(s->size, level)) {
            path[(*path_count)++] = s->nodes[level][at ^ 1];
        }
    }
    return ZYD_OK;
}

/* ---- loading ---- */

static void build(struct zyd_state *s)
{
    uint32_t level = 0;
    for (; tree_width(s->size, level) > 1; level++) {
        uint64_t width = tree_width(s->size, level);
        for (uint64_t i = 0; i < width; i += 2) {
            struct zyd_hash *up = &s->nodes[level + 1][i / 2];
            if (i + 1 < width) {
                zyd_merkle_node(up, &s->nodes[level][i], &s->nodes[level][i + 1]);
            } else {
                *up = s->nodes[level][i];
            }
        }
    }
    s->root = s->nodes[level][0];
}

enum zyd_status zyd_state_load(struct zyd_state *s, uint64_t size, const struct zyd_hash *root)
{
    if (size == 0) {
        return ZYD_E_DAMAGED;
    }
    if (size > s->limits.records_max) {
        return ZYD_E_FULL;
    }
    rectab_clear(&s->gen[0]);
    rectab_clear(&s->gen[1]);
    crit_reset(&s->due);
    s->running = false;
    for (uint64_t i = 0; i < size; i++) {
        struct zyd_span leaf;
        struct zyd_record rec;
        enum zyd_status st = s->kv.at(s->kv.ctx, &leaf, i);
        if (st != ZYD_OK) {
            return st == ZYD_E_NOT_FOUND ? ZYD_E_DAMAGED : st;
        }
        if (zyd_leaf_decode(&rec, leaf) != ZYD_OK || (rec.kind == ZYD_REC_SENTINEL) != (i == 0)) {
            return ZYD_E_DAMAGED;
        }
        zyd_merkle_leaf(&s->nodes[0][i], leaf.data, leaf.size);
        st = state_due_add_leaf(&s->due, &rec);
        if (st != ZYD_OK) {
            return st;
        }
    }
    s->size = size;
    s->kv_size = size;
    s->kv_beyond = true;
    build(s);
    return root == NULL || zyd_hash_eq(root, &s->root) ? ZYD_OK : ZYD_E_DAMAGED;
}

/* ---- checkpoint ---- */

bool zyd_state_checkpoint_begin(struct zyd_state *s)
{
    if (s->running || s->gen[s->current].count == 0) {
        return false;
    }
    s->current = 1 - s->current;
    s->running = true;
    s->frozen_size = s->size;
    s->cursor = 0;
    return true;
}

bool zyd_state_checkpoint_next(struct zyd_state *s, struct zyd_wr *wr, uint32_t count_max)
{
    zyd_assert(s->running);
    const struct rectab *t = &s->gen[1 - s->current];
    for (uint32_t n = 0; n < count_max && s->cursor < t->count; n++) {
        const struct rec *r = &t->recs[s->cursor];
        if (12u + (size_t)r->size > wr->cap - wr->size) {
            break;
        }
        zyd_wx_u64(wr, r->index);
        zyd_wx_block(wr, zyd_span(r->leaf, r->size));
        /* From here on the cache may answer for this row: until done, frozen is read first. */
        state_cache_put(s, r->leaf, r->index, zyd_span(r->leaf, r->size));
        s->cursor++;
    }
    return s->cursor < t->count;
}

void zyd_state_checkpoint_done(struct zyd_state *s)
{
    zyd_assert(s->running && s->cursor == s->gen[1 - s->current].count);
    rectab_clear(&s->gen[1 - s->current]);
    s->running = false;
    s->kv_size = s->frozen_size;
    s->kv_beyond = false; /* what an older torn one left behind is covered: its rows came from blocks before this one */
}

bool zyd_state_checkpoint_running(const struct zyd_state *s)
{
    return s->running;
}

uint32_t zyd_state_recent_used_ppm(const struct zyd_state *s)
{
    const struct rectab *t = &s->gen[s->current];
    uint64_t heap = (uint64_t)t->heap_used * 1000000u / t->heap_size;
    uint64_t recs = (uint64_t)t->count * 1000000u / t->cap;
    return (uint32_t)(heap > recs ? heap : recs);
}
