/* A table of record leaves by key, with their bytes: what one overlay or one generation of recent changes holds. */
#ifndef ZYD_CORE_RECTAB_H
#define ZYD_CORE_RECTAB_H

#include <zyd/state.h>
#include "crit.h"

struct rec {
    uint64_t index; /* in the tree */
    uint8_t *leaf;
    uint32_t size, cap, slot;
    bool dirty; /* false: only a copy of what lies below, kept so that its bytes stay put */
};
struct rectab {
    uint32_t *slots; /* rec id + 1; 0 empty; open addressing by the key's first bytes, at most half full */
    uint32_t slot_count, cap, count;
    struct rec *recs;
    uint8_t *heap;
    size_t heap_size, heap_used;
    struct crit created; /* keys made here, in order */
};

/* Carves memory, or only counts it (base NULL). */
struct carver {
    uint8_t *base;
    size_t used;
};

#define carve zyd_core_carve
#define rectab_carve zyd_core_rectab_carve
#define rectab_clear zyd_core_rectab_clear
#define rectab_find zyd_core_rectab_find
#define rectab_add zyd_core_rectab_add
#define rectab_resize zyd_core_rectab_resize
#define rectab_heap_take zyd_core_rectab_heap_take
#define rectab_round zyd_core_rectab_round

void *carve(struct carver *c, uint64_t size); /* 64-byte aligned */
/* bytes: for everything.  The slots must be zero. */
void rectab_carve(struct rectab *t, struct carver *c, uint64_t bytes);
void rectab_clear(struct rectab *t);
struct rec *rectab_find(const struct rectab *t, const uint8_t *key);
/* A new record (its key must be absent) with room for size bytes, of which the caller writes all; keep: heap bytes that must
 * stay free.  NULL: full. */
struct rec *rectab_add(struct rectab *t, const uint8_t *key, uint64_t index, uint32_t size, size_t keep);
/* Makes room for size bytes; what is there stays at the front. False: full. */
bool rectab_resize(struct rectab *t, struct rec *r, uint32_t size, size_t keep);
void *rectab_heap_take(struct rectab *t, size_t size);
uint32_t rectab_round(uint32_t size); /* heap bytes that a leaf takes */

#endif
