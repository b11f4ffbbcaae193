/* Blocks of powers of two from one region: nothing moves, freeing joins neighbours again.  At most half of a block is
 * waste. */
#ifndef ZYD_CORE_BUDDY_H
#define ZYD_CORE_BUDDY_H

#include <zyd/base.h>

#define BUDDY_MIN 512u
#define BUDDY_ORDERS 24u

struct buddy {
    uint8_t *base;
    uint8_t *state;      /* a byte for each smallest block: 0 inside, order + 1 free head, 0x80 | order used head */
    uint32_t *next, *prev; /* of free heads, by block number */
    uint32_t head[BUDDY_ORDERS];
    uint32_t blocks;     /* a power of two */
    uint32_t orders;
};

#define buddy_blocks zyd_core_buddy_blocks
#define buddy_init zyd_core_buddy_init
#define buddy_take zyd_core_buddy_take
#define buddy_give zyd_core_buddy_give

uint32_t buddy_blocks(uint64_t bytes); /* smallest blocks of a region of at least bytes */
/* base: blocks * BUDDY_MIN bytes; state, next, prev: blocks elements each, any content. */
void buddy_init(struct buddy *b, uint8_t *base, uint8_t *state, uint32_t *next, uint32_t *prev, uint32_t blocks);
uint8_t *buddy_take(struct buddy *b, size_t size); /* NULL: no block large enough is free */
void buddy_give(struct buddy *b, const uint8_t *p);

#endif
