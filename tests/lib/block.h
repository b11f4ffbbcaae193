/* tests/lib/block.h: a whole block with envelopes, outcomes, roots and certificates, built by hand for tests.
 *
 * Every envelope has ops operations of member (i mod 4); each operation leaves one outcome, and every third operation is
 * preceded by the outcome of a deadline that it fired.  sys outcomes open the block.  Its parent is a made-up header.
 */
#ifndef ZYD_TESTS_BLOCK_H
#define ZYD_TESTS_BLOCK_H

#include "tests/lib/consortium.h"

struct zyd_test_block {
    uint8_t bytes[1 << 20], finality_bytes[1 << 16], parts[1 << 20];
    struct zyd_span value;
    struct zyd_block_view view;
    struct zyd_header prev, child;
    struct zyd_finality finality; /* by a child when via_child */
};
void zyd_test_block_make(struct zyd_test_block *out, const struct zyd_test_consortium *c, uint32_t envs, uint32_t ops,
                         uint32_t sys, bool via_child);

#endif
