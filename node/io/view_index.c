/* Hash index with open addressing over positions of an array. */
#include <stdlib.h>

#include <sodium.h>
#include <zyd/base.h>

#include "view_index.h"

void zyd_index_init(struct zyd_index *x, size_t stride, size_t key_at)
{
    memset(x, 0, sizeof *x);
    x->stride = stride;
    x->key_at = key_at;
    randombytes_buf(&x->seed, sizeof x->seed);
}

void zyd_index_free(struct zyd_index *x)
{
    free(x->slots);
    x->slots = NULL;
    x->cap = x->count = 0;
}

void zyd_index_clear(struct zyd_index *x)
{
    if (x->slots) {
        memset(x->slots, 0, x->cap * sizeof *x->slots);
    }
    x->count = 0;
}

static const uint8_t *key_of(const struct zyd_index *x, const void *array, uint32_t position)
{
    return (const uint8_t *)array + (size_t)position * x->stride + x->key_at;
}

static uint64_t hash_of(const struct zyd_index *x, const uint8_t *key)
{
    return (zyd_get64(key) ^ x->seed) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Slot of the key with this hash, or the free place where it belongs. */
static uint32_t slot_of(const struct zyd_index *x, const void *array, const uint8_t *key, uint64_t hash)
{
    uint32_t i = (uint32_t)(hash >> 32) & (x->cap - 1), tag = (uint32_t)hash;
    while (x->slots[i].at != 0 &&
           (x->slots[i].tag != tag || memcmp(key_of(x, array, x->slots[i].at - 1), key, ZYD_HASH_SIZE) != 0)) {
        i = (i + 1) & (x->cap - 1);
    }
    return i;
}

uint32_t zyd_index_find(const struct zyd_index *x, const void *array, const struct zyd_hash *key)
{
    if (x->cap == 0) {
        return UINT32_MAX;
    }
    uint32_t at = x->slots[slot_of(x, array, key->b, hash_of(x, key->b))].at;
    return at == 0 ? UINT32_MAX : at - 1;
}

void zyd_index_add(struct zyd_index *x, const void *array, uint32_t position)
{
    if (x->count + 1 > x->cap / 4 * 3) {
        struct zyd_index bigger = *x;
        bigger.cap = x->cap == 0 ? 64 : x->cap * 2;
        bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
        zyd_assert(bigger.slots != NULL);
        for (uint32_t i = 0; i < x->cap; i++) {
            if (x->slots[i].at != 0) {
                const uint8_t *key = key_of(x, array, x->slots[i].at - 1);
                bigger.slots[slot_of(&bigger, array, key, hash_of(x, key))] = x->slots[i];
            }
        }
        free(x->slots);
        *x = bigger;
    }
    const uint8_t *key = key_of(x, array, position);
    uint64_t hash = hash_of(x, key);
    uint32_t slot = slot_of(x, array, key, hash);
    zyd_assert(x->slots[slot].at == 0);
    x->slots[slot] = (struct zyd_index_slot){position + 1, (uint32_t)hash};
    x->count++;
}

void zyd_index_replace(struct zyd_index *x, const void *array, uint32_t position)
{
    const uint8_t *key = key_of(x, array, position);
    uint32_t slot = slot_of(x, array, key, hash_of(x, key));
    zyd_assert(x->slots[slot].at != 0);
    x->slots[slot].at = position + 1;
}

void *zyd_index_grow(void *array, uint32_t count, uint32_t *cap, size_t stride)
{
    if (count < *cap) {
        return array;
    }
    uint32_t more = *cap < 32 ? 64 : *cap + *cap / 2;
    void *p = realloc(array, (size_t)more * stride);
    zyd_assert(p != NULL);
    *cap = more;
    return p;
}
