/* The replay window (ledger.md 2.3): ids of final blocks that could still be valid.
 *
 * Ids stand in a ring in order of commit, which is order of block time, so the oldest are always at the tail: forgetting
 * needs no search.  Chains of equal buckets go through the ring's indices. */
#include "replica_internal.h"

static uint32_t bucket_count(uint32_t ids_max)
{
    uint32_t n = 64;
    while (n < ids_max) {
        n *= 2;
    }
    return n;
}

size_t zyd_replica_window_footprint(uint32_t ids_max)
{
    return (size_t)bucket_count(ids_max) * sizeof(uint32_t) + (size_t)ids_max * sizeof(struct window_id) + 32;
}

void zyd_replica_window_init(struct window *w, void *mem, uint32_t ids_max)
{
    uint32_t buckets = bucket_count(ids_max);
    memset(w, 0, sizeof *w);
    w->max = ids_max;
    w->bucket_mask = buckets - 1;
    w->ids = mem;
    w->buckets = (uint32_t *)(void *)((uint8_t *)mem + (size_t)ids_max * sizeof(struct window_id));
}

static uint32_t *bucket(const struct window *w, const struct zyd_hash *id)
{
    return &w->buckets[zyd_get32(id->b + 8) & w->bucket_mask];
}

bool zyd_replica_window_has(const struct window *w, const struct zyd_hash *id)
{
    for (uint32_t at = *bucket(w, id); at != 0; at = w->ids[at - 1].next) {
        if (zyd_hash_eq(&w->ids[at - 1].id, id)) {
            return true;
        }
    }
    return false;
}

enum zyd_status zyd_replica_window_add(struct window *w, const struct zyd_hash *id, uint64_t time_ms)
{
    if (w->count == w->max) {
        return ZYD_E_FULL;
    }
    uint32_t at = (uint32_t)(((uint64_t)w->tail + w->count) % w->max);
    uint32_t *b = bucket(w, id);
    w->ids[at].id = *id;
    w->ids[at].time_ms = time_ms;
    w->ids[at].next = *b;
    *b = at + 1;
    w->count++;
    return ZYD_OK;
}

void zyd_replica_window_purge(struct window *w, uint64_t before_ms)
{
    while (w->count > 0 && w->ids[w->tail].time_ms < before_ms) {
        uint32_t *link = bucket(w, &w->ids[w->tail].id);
        while (*link != w->tail + 1) {
            zyd_assert(*link != 0);
            link = &w->ids[*link - 1].next;
        }
        *link = w->ids[w->tail].next;
        w->tail = (w->tail + 1) % w->max;
        w->count--;
    }
}
