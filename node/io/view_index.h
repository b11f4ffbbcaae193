/* view_index.h: a hash index from 32-byte keys to positions in an array; the keys stay in the array.
 * Keys are hashes, but clients can choose them: the seed keeps chains short whatever they choose. */
#ifndef ZYD_IO_VIEW_INDEX_H
#define ZYD_IO_VIEW_INDEX_H

#include <zyd/base.h>

struct zyd_index_slot {
    uint32_t at;  /* position + 1; 0: free */
    uint32_t tag; /* of the key's hash: another key is passed over without a look at the array */
};
struct zyd_index {
    struct zyd_index_slot *slots;
    uint32_t cap, count;
    uint64_t seed;
    size_t stride, key_at;
};
void zyd_index_init(struct zyd_index *x, size_t stride, size_t key_at);
void zyd_index_free(struct zyd_index *x);
/* Position of key in array, or UINT32_MAX. */
uint32_t zyd_index_find(const struct zyd_index *x, const void *array, const struct zyd_hash *key);
/* array[position] holds a key that is not in the index. */
void zyd_index_add(struct zyd_index *x, const void *array, uint32_t position);
/* array[position] takes the place of the element with the same key. */
void zyd_index_replace(struct zyd_index *x, const void *array, uint32_t position);
void zyd_index_clear(struct zyd_index *x);
/* Grows *array (elements of stride bytes) so that it has room for one more than count; ends the process when there is no
 * memory: the view has no way on without it. */
void *zyd_index_grow(void *array, uint32_t count, uint32_t *cap, size_t stride);

#endif
