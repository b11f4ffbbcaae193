/* An ordered set of byte strings of one size: a crit-bit tree in caller's memory.
 *
 * An inner node names the first bit in which its two halves differ; a walk from the root needs no comparison of keys
 * until its end.  Uniform keys give a depth near log2(count); any keys at most 8 * key_size.
 */
#ifndef ZYD_CORE_CRIT_H
#define ZYD_CORE_CRIT_H

#include <zyd/base.h>

#define CRIT_NONE UINT32_MAX

struct crit_node {
    uint32_t child[2]; /* top bit set: a leaf's id */
    uint32_t bit;
};
struct crit {
    uint8_t *keys; /* stride bytes each */
    struct crit_node *nodes;
    uint32_t key_size, stride, cap;
    uint32_t count, root;
    uint32_t next_key, next_node; /* never used so far */
    uint32_t free_key, free_node; /* lists of freed ones */
};

#define crit_key_bytes zyd_core_crit_key_bytes
#define crit_init zyd_core_crit_init
#define crit_reset zyd_core_crit_reset
#define crit_add zyd_core_crit_add
#define crit_del zyd_core_crit_del
#define crit_below zyd_core_crit_below
#define crit_above zyd_core_crit_above

size_t crit_key_bytes(uint32_t key_size); /* of keys, for one key; nodes: one crit_node a key */
void crit_init(struct crit *c, uint8_t *keys, struct crit_node *nodes, uint32_t key_size, uint32_t cap);
void crit_reset(struct crit *c);
/* ZYD_OK, ZYD_E_EXISTS, ZYD_E_FULL. */
enum zyd_status crit_add(struct crit *c, const uint8_t *key);
bool crit_del(struct crit *c, const uint8_t *key);
/* The greatest key strictly below key / the least strictly above; key NULL: the greatest / the least of all.  NULL: none. */
const uint8_t *crit_below(const struct crit *c, const uint8_t *key);
const uint8_t *crit_above(const struct crit *c, const uint8_t *key);

#endif
