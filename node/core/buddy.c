#include "buddy.h"

#define NONE UINT32_MAX
#define USED 0x80u

uint32_t buddy_blocks(uint64_t bytes)
{
    uint32_t n = 1;
    while ((uint64_t)n * BUDDY_MIN < bytes) {
        n *= 2;
    }
    return n;
}

static void push(struct buddy *b, uint32_t at, uint32_t order)
{
    b->state[at] = (uint8_t)(order + 1);
    b->prev[at] = NONE;
    b->next[at] = b->head[order];
    if (b->head[order] != NONE) {
        b->prev[b->head[order]] = at;
    }
    b->head[order] = at;
}

static void unlink_free(struct buddy *b, uint32_t at, uint32_t order)
{
    if (b->prev[at] != NONE) {
        b->next[b->prev[at]] = b->next[at];
    } else {
        b->head[order] = b->next[at];
    }
    if (b->next[at] != NONE) {
        b->prev[b->next[at]] = b->prev[at];
    }
    b->state[at] = 0;
}

void buddy_init(struct buddy *b, uint8_t *base, uint8_t *state, uint32_t *next, uint32_t *prev, uint32_t blocks)
{
    *b = (struct buddy){.base = base, .state = state, .next = next, .prev = prev, .blocks = blocks};
    for (uint32_t n = blocks; n > 1; n /= 2) {
        b->orders++;
    }
    zyd_assert(b->orders < BUDDY_ORDERS);
    for (uint32_t i = 0; i < BUDDY_ORDERS; i++) {
        b->head[i] = NONE;
    }
    push(b, 0, b->orders);
}

uint8_t *buddy_take(struct buddy *b, size_t size)
{
    uint32_t want = 0;
    while (((size_t)BUDDY_MIN << want) < size) {
        want++;
    }
    uint32_t order = want;
    while (order <= b->orders && b->head[order] == NONE) {
        order++;
    }
    if (order > b->orders) {
        return NULL;
    }
    uint32_t at = b->head[order];
    unlink_free(b, at, order);
    while (order > want) { /* the upper half of each split stays free */
        order--;
        push(b, at + (1u << order), order);
    }
    b->state[at] = (uint8_t)(USED | order);
    return b->base + (size_t)at * BUDDY_MIN;
}

void buddy_give(struct buddy *b, const uint8_t *p)
{
    uint32_t at = (uint32_t)((size_t)(p - b->base) / BUDDY_MIN);
    zyd_assert(at < b->blocks && (b->state[at] & USED) != 0);
    uint32_t order = b->state[at] & ~USED;
    b->state[at] = 0;
    while (order < b->orders) {
        uint32_t twin = at ^ (1u << order);
        if (b->state[twin] != order + 1) {
            break;
        }
        unlink_free(b, twin, order);
        at = at < twin ? at : twin;
        order++;
    }
    push(b, at, order);
}
