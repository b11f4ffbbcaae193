#include "rectab.h"

#define BYTES_PER_RECORD 768u /* what one record takes on average with its tree nodes: sets the number of slots */
#define RECORDS_MIN 64u

void *carve(struct carver *c, uint64_t size)
{
    size_t at = (c->used + 63u) & ~(size_t)63u;
    c->used = at + (size_t)size;
    return c->base == NULL ? NULL : c->base + at;
}

void rectab_carve(struct rectab *t, struct carver *c, uint64_t bytes)
{
    uint64_t cap = bytes / BYTES_PER_RECORD;
    cap = cap < RECORDS_MIN ? RECORDS_MIN : cap > 0x20000000u ? 0x20000000u : cap;
    uint32_t slots = 2 * RECORDS_MIN;
    while (slots < 2 * cap) {
        slots *= 2;
    }
    size_t start = c->used;
    t->cap = (uint32_t)cap;
    t->slot_count = slots;
    t->slots = carve(c, (uint64_t)slots * sizeof *t->slots);
    t->recs = carve(c, cap * sizeof *t->recs);
    uint8_t *keys = carve(c, cap * crit_key_bytes(32));
    struct crit_node *nodes = carve(c, cap * sizeof *nodes);
    size_t fixed = c->used - start;
    t->heap_size = bytes > fixed ? (size_t)(bytes - fixed) : 0;
    t->heap_size = t->heap_size < RECORDS_MIN * 4096u ? RECORDS_MIN * 4096u : t->heap_size;
    t->heap = carve(c, t->heap_size);
    if (c->base != NULL) {
        crit_init(&t->created, keys, nodes, 32, t->cap);
        t->count = 0;
        t->heap_used = 0;
    }
}

void rectab_clear(struct rectab *t)
{
    if (t->count < t->slot_count / 8) {
        for (uint32_t i = 0; i < t->count; i++) {
            t->slots[t->recs[i].slot] = 0;
        }
    } else {
        memset(t->slots, 0, (size_t)t->slot_count * sizeof *t->slots);
    }
    t->count = 0;
    t->heap_used = 0;
    crit_reset(&t->created);
}

/* Where key is, or the empty slot where it would be.  Keys are hashes: their first bytes are as good as any. */
static uint32_t slot_of(const struct rectab *t, const uint8_t *key)
{
    uint32_t at = zyd_get32(key) & (t->slot_count - 1);
    while (t->slots[at] != 0 && memcmp(t->recs[t->slots[at] - 1].leaf, key, 32) != 0) {
        at = (at + 1) & (t->slot_count - 1);
    }
    return at;
}

struct rec *rectab_find(const struct rectab *t, const uint8_t *key)
{
    uint32_t id = t->slots[slot_of(t, key)];
    return id == 0 ? NULL : &t->recs[id - 1];
}

uint32_t rectab_round(uint32_t size)
{
    return (size + 31u) & ~31u;
}

void *rectab_heap_take(struct rectab *t, size_t size)
{
    size = (size + 31u) & ~(size_t)31u;
    if (size > t->heap_size - t->heap_used) {
        return NULL;
    }
    void *p = t->heap + t->heap_used;
    t->heap_used += size;
    return p;
}

static uint8_t *leaf_room(struct rectab *t, uint32_t size, size_t keep)
{
    size_t left = t->heap_size - t->heap_used;
    if (keep > left || rectab_round(size) > left - keep) {
        return NULL;
    }
    return rectab_heap_take(t, size);
}

struct rec *rectab_add(struct rectab *t, const uint8_t *key, uint64_t index, uint32_t size, size_t keep)
{
    uint8_t *leaf = t->count < t->cap ? leaf_room(t, size, keep) : NULL;
    if (leaf == NULL) {
        return NULL;
    }
    uint32_t slot = slot_of(t, key);
    zyd_assert(t->slots[slot] == 0);
    struct rec *r = &t->recs[t->count++];
    *r = (struct rec){index, leaf, size, rectab_round(size), slot, false};
    memcpy(leaf, key, 32);
    t->slots[slot] = t->count;
    return r;
}

bool rectab_resize(struct rectab *t, struct rec *r, uint32_t size, size_t keep)
{
    if (size > r->cap) {
        uint8_t *leaf = leaf_room(t, size, keep);
        if (leaf == NULL) {
            return false;
        }
        memcpy(leaf, r->leaf, r->size);
        r->leaf = leaf;
        r->cap = rectab_round(size);
    }
    r->size = size;
    return true;
}
