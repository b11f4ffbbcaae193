/* Sealing an overlay: each changed node is hashed once; and applying it to the base. */
#include "state_internal.h"

/* Ids of the dirty records by ascending index: a merge sort, bottom up. */
static void sort_order(struct zyd_overlay *o, uint32_t *scratch)
{
    uint32_t *from = o->order, *to = scratch, n = o->dirty;
    const struct rec *recs = o->tab.recs;
    for (uint32_t width = 1; width < n; width *= 2) {
        for (uint32_t lo = 0; lo < n; lo += 2 * width) {
            uint32_t mid = lo + width < n ? lo + width : n, hi = lo + 2 * width < n ? lo + 2 * width : n;
            uint32_t a = lo, b = mid;
            for (uint32_t k = lo; k < hi; k++) {
                bool left = a < mid && (b >= hi || recs[from[a]].index <= recs[from[b]].index);
                to[k] = left ? from[a++] : from[b++];
            }
        }
        uint32_t *t = from;
        from = to;
        to = t;
    }
    o->order = from;
}

static struct level new_level(struct zyd_overlay *o, uint64_t count)
{
    struct level l;
    l.index = rectab_heap_take(&o->tab, count * sizeof *l.index);
    l.hash = rectab_heap_take(&o->tab, count * sizeof *l.hash);
    l.count = 0;
    zyd_assert(l.index != NULL && l.hash != NULL);
    return l;
}

/* Position in each ancestor's row of one level; requests ascend, so each row is walked once. */
struct walk {
    const struct zyd_overlay *at[ZYD_STATE_OVERLAYS];
    uint32_t pos[ZYD_STATE_OVERLAYS];
    uint32_t count;
};

static const struct zyd_hash *lower_node(const struct zyd_state *s, struct walk *w, uint32_t level, uint64_t index)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (level >= w->at[i]->level_count) {
            continue;
        }
        const struct level *l = &w->at[i]->levels[level];
        uint32_t step = 1;
        while (w->pos[i] + step < l->count && l->index[w->pos[i] + step] <= index) { /* gallop, then close in */
            w->pos[i] += step;
            step *= 2;
        }
        for (; step > 0; step /= 2) {
            while (w->pos[i] + step < l->count && l->index[w->pos[i] + step] <= index) {
                w->pos[i] += step;
            }
        }
        if (l->index[w->pos[i]] == index) {
            return &l->hash[w->pos[i]];
        }
    }
    return &s->nodes[level][index];
}

static void hash_level(struct zyd_overlay *o, struct walk *w, uint32_t level)
{
    const struct level *from = &o->levels[level];
    uint64_t width = tree_width(o->size, level), up_width = tree_width(o->size, level + 1);
    struct level up = new_level(o, from->count < up_width ? from->count : up_width);
    memset(w->pos, 0, sizeof w->pos);
    for (uint32_t i = 0; i < from->count; i++) {
        uint64_t at = from->index[i];
        const struct zyd_hash *h = &from->hash[i], *beside = NULL;
        if ((at & 1) == 0 && i + 1 < from->count && from->index[i + 1] == at + 1) {
            beside = &from->hash[++i];
        } else if ((at ^ 1) < width) {
            beside = lower_node(o->state, w, level, at ^ 1);
        }
        up.index[up.count] = at / 2;
        if (beside == NULL) {
            up.hash[up.count] = *h; /* the odd last node is carried up */
        } else if ((at & 1) == 0) {
            zyd_merkle_node(&up.hash[up.count], h, beside);
        } else {
            zyd_merkle_node(&up.hash[up.count], beside, h);
        }
        up.count++;
    }
    o->levels[level + 1] = up;
}

static void hash_leaves(struct zyd_overlay *o)
{
    uint32_t *scratch = rectab_heap_take(&o->tab, (size_t)o->dirty * sizeof *scratch);
    o->order = rectab_heap_take(&o->tab, (size_t)o->dirty * sizeof *o->order);
    zyd_assert(scratch != NULL && o->order != NULL);
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->tab.count; i++) {
        if (o->tab.recs[i].dirty) {
            o->order[n++] = i;
        }
    }
    zyd_assert(n == o->dirty);
    sort_order(o, scratch);
    struct level l = new_level(o, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct rec *r = &o->tab.recs[o->order[i]];
        l.index[i] = r->index;
        zyd_merkle_leaf(&l.hash[i], r->leaf, r->size);
    }
    l.count = n;
    o->levels[0] = l;
}

void zyd_overlay_seal(struct zyd_overlay *o, uint64_t *size, struct zyd_hash *root)
{
    zyd_assert(o->used && !o->sealed);
    if (o->dirty == 0) {
        o->root = o->parent != NULL ? o->parent->root : o->state->root;
    } else {
        struct walk w = {.count = 0};
        for (const struct zyd_overlay *p = o->parent; p != NULL; p = p->parent) {
            w.at[w.count++] = p;
        }
        hash_leaves(o);
        uint32_t level = 0;
        for (; tree_width(o->size, level) > 1; level++) {
            hash_level(o, &w, level);
        }
        o->level_count = level + 1;
        o->root = o->levels[level].hash[0];
    }
    o->sealed = true;
    *size = o->size;
    *root = o->root;
}

void zyd_overlay_write_set(const struct zyd_overlay *o, struct zyd_wr *wr)
{
    zyd_assert(o->sealed);
    for (uint32_t i = 0; i < o->dirty; i++) {
        const struct rec *r = &o->tab.recs[o->order[i]];
        zyd_wx_u64(wr, r->index);
        zyd_wx_block(wr, zyd_span(r->leaf, r->size));
    }
}

/* ---- apply ---- */

static bool fits(const struct zyd_state *s, const struct zyd_overlay *o)
{
    const struct rectab *t = &s->gen[s->current];
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < o->dirty; i++) {
        bytes += rectab_round(o->tab.recs[o->order[i]].size);
    }
    return o->dirty <= t->cap - t->count && bytes <= t->heap_size - t->heap_used &&
           o->due.count <= s->due.cap - s->due.count;
}

static void apply_record(struct zyd_state *s, const struct rec *r)
{
    struct rectab *t = &s->gen[s->current];
    struct rec *mine = rectab_find(t, r->leaf);
    bool ok = true;
    if (mine == NULL) {
        mine = rectab_add(t, r->leaf, r->index, r->size, 0);
        ok = mine != NULL;
    } else {
        ok = rectab_resize(t, mine, r->size, 0);
    }
    zyd_assert(ok);
    memcpy(mine->leaf, r->leaf, r->size);
    if (r->index >= s->size) {
        enum zyd_status st = crit_add(&t->created, r->leaf);
        zyd_assert(st == ZYD_OK);
    }
}

static void apply_nodes(struct zyd_state *s, const struct zyd_overlay *o)
{
    for (uint32_t level = 0; level < o->level_count; level++) {
        const struct level *l = &o->levels[level];
        for (uint32_t i = 0; i < l->count; i++) {
            s->nodes[level][l->index[i]] = l->hash[i];
        }
    }
}

enum zyd_status zyd_state_apply(struct zyd_state *s, struct zyd_overlay *o)
{
    zyd_assert(o->used && o->sealed && o->parent == NULL && o->state == s);
    if (!fits(s, o)) {
        return ZYD_E_FULL;
    }
    for (uint32_t i = 0; i < o->dirty; i++) {
        apply_record(s, &o->tab.recs[o->order[i]]);
    }
    for (const uint8_t *k = crit_above(&o->due, NULL); k != NULL; k = crit_above(&o->due, k)) {
        (void)crit_add(&s->due, k); /* there is room; an entry that is there already is the same entry */
    }
    apply_nodes(s, o);
    s->size = o->size;
    s->root = o->root;
    for (uint32_t i = 0; i < ZYD_STATE_OVERLAYS; i++) {
        if (s->overlays[i].used && s->overlays[i].parent == o) {
            s->overlays[i].parent = NULL;
        }
    }
    o->children = 0;
    zyd_overlay_drop(s, o);
    return ZYD_OK;
}

enum zyd_status zyd_state_apply_writes(struct zyd_state *s, struct zyd_span writes)
{
    struct zyd_overlay *o = zyd_overlay_begin(s, NULL);
    if (o == NULL) {
        return ZYD_E_FULL;
    }
    struct zyd_rd rd = zyd_rd_of(writes);
    enum zyd_status st = ZYD_OK;
    while (st == ZYD_OK && rd.pos < rd.size) {
        uint64_t index = zyd_rx_u64(&rd);
        struct zyd_span leaf = zyd_rx_block(&rd, ZYD_LEAF_SIZE_MAX);
        st = rd.bad ? ZYD_E_DAMAGED : overlay_add_raw(o, index, leaf);
    }
    if (st == ZYD_OK) {
        uint64_t size;
        struct zyd_hash root;
        zyd_overlay_seal(o, &size, &root);
        st = zyd_state_apply(s, o);
    }
    if (st != ZYD_OK) {
        zyd_overlay_drop(s, o);
    }
    return st;
}
