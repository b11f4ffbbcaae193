/* Shared by the state_*.c files only.
 *
 *   overlay -> its ancestors -> gen[current] -> gen[frozen] (while a checkpoint runs) -> cache -> kv
 *
 * Invariants
 *   1  size and root of base and overlay are those of the leaves that reads through them give.
 *   2  A key of the state is in the created set of one layer at least, or in kv.
 *   3  kv holds for a key what it held at the last checkpoint, or what frozen holds; frozen is read before it.
 *   4  A cache entry equals what kv holds, or what frozen holds for a row already handed to the store.
 *   5  Heap of an unsealed overlay always has room for the nodes of its dirty records: sealing cannot fail.
 */
#ifndef ZYD_CORE_STATE_INTERNAL_H
#define ZYD_CORE_STATE_INTERNAL_H

#include <zyd/state.h>
#include "rectab.h"

#define LEVELS_MAX 48u
#define DUE_KEY_SIZE 41u

/* Leaf head offsets. */
enum { LEAF_NEXT = 32, LEAF_OWNER = 64, LEAF_KIND = 66, LEAF_FLAGS = 67, LEAF_SEQ = 68, LEAF_FIRST = 76, LEAF_LAST = 84 };

struct level { /* changed nodes of one level, ascending */
    uint64_t *index;
    struct zyd_hash *hash;
    uint32_t count;
};
struct zyd_overlay {
    struct zyd_state *state;
    struct zyd_overlay *parent; /* NULL: the base */
    uint32_t children;
    bool used, sealed;
    struct rectab tab;
    struct crit due;
    uint64_t size; /* leaves */
    uint32_t dirty;
    /* once sealed */
    uint32_t *order; /* ids of dirty records, ascending index */
    struct level levels[LEVELS_MAX];
    uint32_t level_count; /* 0: nothing changed */
    struct zyd_hash root;
};
#define CACHE_SLOT_SIZE 1024u
struct cache_slot {
    uint64_t index;
    uint32_t state; /* 0 empty, 1 present, 2 known to be absent from kv */
    uint32_t size;
    uint8_t key[32];
    uint8_t leaf[CACHE_SLOT_SIZE - 48];
};
struct zyd_state {
    struct zyd_state_limits limits;
    struct zyd_kv kv;
    uint64_t size;
    struct zyd_hash root;
    struct zyd_hash *nodes[LEVELS_MAX]; /* nodes[l][i]: root of leaves i << l .. */
    struct rectab gen[2];
    uint32_t current;
    bool running;     /* gen[1 - current] is frozen */
    uint64_t kv_size;     /* leaves that the last complete checkpoint holds */
    uint64_t frozen_size; /* leaves that the running one will */
    bool kv_beyond;       /* the store may hold rows past kv_size: a crash tore a checkpoint */
    uint32_t cursor;  /* next record of it to hand out */
    struct crit due;
    struct cache_slot *cache;
    uint32_t cache_count; /* a power of two */
    struct zyd_overlay overlays[ZYD_STATE_OVERLAYS];
};

/* A leaf somewhere below the overlays.  stable: its bytes stay until the next apply; otherwise until the next read. */
struct found {
    uint64_t index;
    struct zyd_span leaf;
    bool stable;
};

#define state_base_get zyd_core_state_base_get
#define state_base_below zyd_core_state_base_below
#define state_record_of zyd_core_state_record_of
#define state_cache_put zyd_core_state_cache_put
#define state_due_key zyd_core_state_due_key
#define state_due_add_leaf zyd_core_state_due_add_leaf
#define overlay_add_raw zyd_core_overlay_add_raw

enum zyd_status state_base_get(struct zyd_state *s, struct found *out, const uint8_t *key);
/* The greatest key of the base below key. */
enum zyd_status state_base_below(struct zyd_state *s, struct zyd_hash *out, const struct zyd_hash *key);
void state_record_of(struct zyd_record *out, uint64_t index, struct zyd_span leaf); /* a leaf that was checked before */
void state_cache_put(struct zyd_state *s, const uint8_t *key, uint64_t index, struct zyd_span leaf);
void state_due_key(uint8_t out[DUE_KEY_SIZE], const struct zyd_due *due);
/* Adds the due entries that a deadlines record holds. */
enum zyd_status state_due_add_leaf(struct crit *due, const struct zyd_record *rec);
/* Puts a whole leaf as it is (replay). */
enum zyd_status overlay_add_raw(struct zyd_overlay *o, uint64_t index, struct zyd_span leaf);
/* Nodes at a level of a tree of size leaves. */
static inline uint64_t tree_width(uint64_t size, uint32_t level)
{
    return (size >> level) + ((size & ((UINT64_C(1) << level) - 1)) != 0 ? 1 : 0);
}

#endif
