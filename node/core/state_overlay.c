/* One block's changes: reads through the chain, puts, due entries. */
#include "state_internal.h"

#define NODE_BYTES 40u

struct zyd_overlay *zyd_overlay_begin(struct zyd_state *s, struct zyd_overlay *parent)
{
    zyd_assert(parent == NULL || (parent->used && parent->sealed && parent->state == s));
    for (uint32_t i = 0; i < ZYD_STATE_OVERLAYS; i++) {
        struct zyd_overlay *o = &s->overlays[i];
        if (o->used) {
            continue;
        }
        o->used = true;
        o->sealed = false;
        o->parent = parent;
        o->children = 0;
        o->dirty = 0;
        o->level_count = 0;
        o->size = parent != NULL ? parent->size : s->size;
        if (parent != NULL) {
            parent->children++;
        }
        return o;
    }
    return NULL;
}

void zyd_overlay_drop(struct zyd_state *s, struct zyd_overlay *o)
{
    zyd_assert(o->used && o->children == 0 && o->state == s);
    if (o->parent != NULL) {
        o->parent->children--;
    }
    rectab_clear(&o->tab);
    crit_reset(&o->due);
    o->used = false;
}

uint32_t zyd_overlay_changed(const struct zyd_overlay *o)
{
    return o->dirty;
}

/* Heap bytes that sealing needs at most for count dirty records in a tree of size leaves (invariant 5). */
static size_t seal_bytes(const struct zyd_overlay *o, uint32_t count, uint64_t size)
{
    uint64_t nodes = 0;
    uint32_t level = 0;
    for (;; level++) {
        uint64_t width = tree_width(size, level);
        nodes += width < count ? width : count;
        if (width <= 1) {
            break;
        }
    }
    (void)o;
    return (size_t)(nodes * NODE_BYTES + 8u * (uint64_t)count + 64u * (level + 3u));
}

static size_t reserve(const struct zyd_overlay *o, uint32_t more)
{
    return o->sealed ? 0 : seal_bytes(o, o->dirty + more, o->size + more);
}

static bool mark_dirty(struct zyd_overlay *o, struct rec *r)
{
    if (!r->dirty) {
        if (reserve(o, 1) > o->tab.heap_size - o->tab.heap_used) {
            return false;
        }
        r->dirty = true;
        o->dirty++;
    }
    return true;
}

/* The leaf of key as this overlay sees it; *own is its record in this very overlay, or NULL. */
static enum zyd_status chain_get(struct zyd_overlay *o, struct found *out, struct rec **own, const uint8_t *key)
{
    *own = NULL;
    for (struct zyd_overlay *at = o; at != NULL; at = at->parent) {
        struct rec *r = rectab_find(&at->tab, key);
        if (r != NULL) {
            *own = at == o ? r : NULL;
            *out = (struct found){r->index, zyd_span(r->leaf, r->size), true};
            return ZYD_OK;
        }
    }
    return state_base_get(o->state, out, key);
}

/* A copy of a leaf from below, in this overlay. */
static struct rec *copy_in(struct zyd_overlay *o, const struct found *f, uint32_t more)
{
    struct rec *r = rectab_add(&o->tab, f->leaf.data, f->index, (uint32_t)f->leaf.size, reserve(o, more));
    if (r != NULL) {
        memcpy(r->leaf, f->leaf.data, f->leaf.size);
    }
    return r;
}

enum zyd_status zyd_overlay_get(struct zyd_overlay *o, struct zyd_record *out, const struct zyd_hash *key)
{
    struct found f;
    struct rec *own;
    enum zyd_status st = chain_get(o, &f, &own, key->b);
    if (st != ZYD_OK) {
        return st;
    }
    if (!f.stable) {
        own = copy_in(o, &f, 0);
        if (own == NULL) {
            return ZYD_E_FULL;
        }
        f.leaf = zyd_span(own->leaf, own->size);
    }
    state_record_of(out, f.index, f.leaf);
    return ZYD_OK;
}

static enum zyd_status chain_below(struct zyd_overlay *o, struct zyd_hash *out, const struct zyd_hash *key)
{
    enum zyd_status st = state_base_below(o->state, out, key);
    if (st != ZYD_OK && st != ZYD_E_NOT_FOUND) {
        return st;
    }
    for (struct zyd_overlay *at = o; at != NULL; at = at->parent) {
        const uint8_t *k = crit_below(&at->tab.created, key->b);
        if (k != NULL && (st != ZYD_OK || memcmp(k, out->b, 32) > 0)) {
            memcpy(out->b, k, 32);
            st = ZYD_OK;
        }
    }
    return st;
}

/* The record of key in this overlay, copied in when it is only below. */
static enum zyd_status bring(struct zyd_overlay *o, struct rec **out, const uint8_t *key, uint32_t more)
{
    struct found f;
    enum zyd_status st = chain_get(o, &f, out, key);
    if (st == ZYD_OK && *out == NULL) {
        *out = copy_in(o, &f, more);
        st = *out == NULL ? ZYD_E_FULL : ZYD_OK;
    }
    return st;
}

static enum zyd_status change(struct zyd_overlay *o, struct rec *r, uint8_t flags, uint64_t seq, struct zyd_span value,
                              uint64_t height)
{
    if (!mark_dirty(o, r) ||
        !rectab_resize(&o->tab, r, ZYD_LEAF_HEAD_SIZE + (uint32_t)value.size, reserve(o, 0))) {
        return ZYD_E_FULL;
    }
    r->leaf[LEAF_FLAGS] = flags;
    zyd_put64(r->leaf + LEAF_SEQ, seq);
    zyd_put64(r->leaf + LEAF_LAST, height);
    if (value.size > 0) {
        memmove(r->leaf + ZYD_LEAF_HEAD_SIZE, value.data, value.size); /* it may be an earlier reading of this record */
    }
    return ZYD_OK;
}

/* Appends a leaf and links it behind its predecessor.  Nothing is linked before both have their memory. */
static enum zyd_status create(struct zyd_overlay *o, const struct zyd_hash *key, uint16_t owner, uint8_t kind,
                              uint8_t flags, uint64_t seq, struct zyd_span value, uint64_t height)
{
    struct zyd_hash before;
    struct rec *prev;
    if (o->size >= o->state->limits.records_max) {
        return ZYD_E_FULL;
    }
    enum zyd_status st = chain_below(o, &before, key);
    if (st == ZYD_OK) {
        st = bring(o, &prev, before.b, 2);
    }
    if (st != ZYD_OK) {
        return st == ZYD_E_NOT_FOUND ? ZYD_E_DAMAGED : st;
    }
    if (memcmp(prev->leaf + LEAF_NEXT, key->b, 32) <= 0) {
        return ZYD_E_DAMAGED; /* the store named a predecessor that is none */
    }
    uint32_t size = ZYD_LEAF_HEAD_SIZE + (uint32_t)value.size;
    struct rec *r = rectab_add(&o->tab, key->b, o->size, size, reserve(o, 2));
    if (r == NULL) {
        return ZYD_E_FULL;
    }
    st = crit_add(&o->tab.created, key->b);
    zyd_assert(st == ZYD_OK);
    o->size++;
    bool room = mark_dirty(o, r) && mark_dirty(o, prev);
    zyd_assert(room);
    memcpy(r->leaf + LEAF_NEXT, prev->leaf + LEAF_NEXT, 32);
    memcpy(prev->leaf + LEAF_NEXT, key->b, 32);
    zyd_put16(r->leaf + LEAF_OWNER, owner);
    r->leaf[LEAF_KIND] = kind;
    r->leaf[LEAF_FLAGS] = flags;
    zyd_put64(r->leaf + LEAF_SEQ, seq);
    zyd_put64(r->leaf + LEAF_FIRST, height);
    zyd_put64(r->leaf + LEAF_LAST, height);
    if (value.size > 0) {
        memcpy(r->leaf + ZYD_LEAF_HEAD_SIZE, value.data, value.size);
    }
    return ZYD_OK;
}

enum zyd_status zyd_overlay_put(struct zyd_overlay *o, const struct zyd_hash *key, uint16_t owner, uint8_t kind,
                                uint8_t flags, uint64_t seq, struct zyd_span value, uint64_t height)
{
    static const struct zyd_hash top = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    struct rec *r;
    zyd_assert(!o->sealed);
    zyd_assert(value.size <= ZYD_RECORD_VALUE_MAX && kind <= ZYD_REC_REGISTRY);
    zyd_assert(!zyd_hash_is_zero(key) && !zyd_hash_eq(key, &top));
    enum zyd_status st = bring(o, &r, key->b, 1);
    if (st == ZYD_E_NOT_FOUND) {
        return create(o, key, owner, kind, flags, seq, value, height);
    }
    return st == ZYD_OK ? change(o, r, flags, seq, value, height) : st;
}

enum zyd_status overlay_add_raw(struct zyd_overlay *o, uint64_t index, struct zyd_span leaf)
{
    struct zyd_record rec;
    if (zyd_leaf_decode(&rec, leaf) != ZYD_OK || index > o->size || rectab_find(&o->tab, rec.key.b) != NULL) {
        return ZYD_E_DAMAGED;
    }
    if (index >= o->state->limits.records_max) {
        return ZYD_E_FULL;
    }
    struct rec *r = rectab_add(&o->tab, rec.key.b, index, (uint32_t)leaf.size, reserve(o, 1));
    if (r == NULL) {
        return ZYD_E_FULL;
    }
    memcpy(r->leaf, leaf.data, leaf.size);
    if (index == o->size) {
        enum zyd_status st = crit_add(&o->tab.created, rec.key.b);
        zyd_assert(st == ZYD_OK);
        o->size++;
    }
    return mark_dirty(o, r) ? state_due_add_leaf(&o->due, &rec) : ZYD_E_FULL;
}

/* ---- due entries ---- */

enum zyd_status zyd_overlay_due_add(struct zyd_overlay *o, const struct zyd_due *due)
{
    uint8_t key[DUE_KEY_SIZE];
    zyd_assert(!o->sealed);
    state_due_key(key, due);
    enum zyd_status st = crit_add(&o->due, key);
    return st == ZYD_E_EXISTS ? ZYD_OK : st;
}

static const uint8_t *earlier(const uint8_t *a, const uint8_t *b)
{
    return a == NULL || (b != NULL && memcmp(b, a, DUE_KEY_SIZE) < 0) ? b : a;
}

static const uint8_t *next_due(const struct zyd_state *s, const struct zyd_overlay *o, const uint8_t *after)
{
    const uint8_t *best = crit_above(&s->due, after);
    for (; o != NULL; o = o->parent) {
        best = earlier(best, crit_above(&o->due, after));
    }
    return best;
}

static void due_of(struct zyd_due *out, const uint8_t *key)
{
    out->due_ms = zyd_get64(key);
    memcpy(out->object.b, key + 8, 32);
    out->number = key[40];
}

bool zyd_overlay_due_next(struct zyd_overlay *o, struct zyd_due *out, const struct zyd_due *cursor, uint64_t limit_ms)
{
    uint8_t after[DUE_KEY_SIZE];
    if (cursor != NULL) {
        state_due_key(after, cursor);
    }
    const uint8_t *key = next_due(o->state, o, cursor != NULL ? after : NULL);
    if (key == NULL || zyd_get64(key) > limit_ms) {
        return false;
    }
    due_of(out, key);
    return true;
}

bool zyd_state_due_first(struct zyd_state *s, struct zyd_overlay *o, struct zyd_due *out)
{
    const uint8_t *key = next_due(s, o, NULL);
    if (key == NULL) {
        return false;
    }
    due_of(out, key);
    return true;
}

void zyd_state_due_prune(struct zyd_state *s, const struct zyd_due *upto)
{
    uint8_t last[DUE_KEY_SIZE], key[DUE_KEY_SIZE];
    state_due_key(last, upto);
    const uint8_t *first;
    while ((first = crit_above(&s->due, NULL)) != NULL && memcmp(first, last, DUE_KEY_SIZE) <= 0) {
        memcpy(key, first, DUE_KEY_SIZE);
        (void)crit_del(&s->due, key);
    }
}
