/* zyd/mempool.h: verified envelopes that wait for a block.
 *
 * Bounded by bytes, in all and per member (of the first signer).  Order is arrival.  There is no "sealed" flag: a
 * leader walks the pool in order and skips ids that are on its parent's chain (consensus.md 1.10).
 */
#ifndef ZYD_MEMPOOL_H
#define ZYD_MEMPOOL_H

#include <zyd/ledger.h>

#define ZYD_POOL_BYTES_MAX (64u << 20)
#define ZYD_POOL_MEMBER_BYTES_MAX (16u << 20)
#define ZYD_POOL_COUNT_MAX 65536u

struct zyd_pool_limits {
    uint64_t bytes_max, member_bytes_max;
    uint32_t count_max;
};
struct zyd_pool;
struct zyd_pool_item {
    struct zyd_hash env_id, env_hash;
    uint64_t valid_until_ms, ticket; /* ticket: who to answer, 0 nobody */
    int64_t arrived_ms;
    uint32_t op_count;
    uint8_t class_;
    struct zyd_span bytes; /* the pool's; until the item is removed */
    bool pinned;           /* fetched for a block only: the walk does not offer it to a leader */
};
size_t zyd_pool_footprint(const struct zyd_pool_limits *limits);
struct zyd_pool *zyd_pool_init(void *mem, const struct zyd_pool_limits *limits);
/* Copies the envelope.  ZYD_OK, ZYD_E_EXISTS (same env_id and env_hash), ZYD_E_FULL.  Another env_hash of a known env_id is
 * kept beside the first, at most 4 of one id. */
enum zyd_status ZYD_MUST_USE zyd_pool_add(struct zyd_pool *p, const struct zyd_env *env, int64_t now_ms, uint64_t ticket);
/* The same for an envelope that a proposal names and that was fetched for it: it may use the reserve beyond bytes_max (two
 * blocks), because a full pool must never keep a voter from a block.  A later zyd_pool_add of the same bytes makes it an
 * ordinary one (ZYD_OK). */
enum zyd_status ZYD_MUST_USE zyd_pool_add_pinned(struct zyd_pool *p, const struct zyd_env *env, int64_t now_ms);
const struct zyd_pool_item *zyd_pool_by_hash(const struct zyd_pool *p, const struct zyd_hash *env_hash);
const struct zyd_pool_item *zyd_pool_by_id(const struct zyd_pool *p, const struct zyd_hash *env_id); /* the first that came */
/* Removes every copy of an id (final, or expired). */
void zyd_pool_remove(struct zyd_pool *p, const struct zyd_hash *env_id);
/* Removes what expired at or before time_ms; calls gone for each (may be NULL). */
void zyd_pool_expire(struct zyd_pool *p, uint64_t time_ms, void (*gone)(void *ctx, const struct zyd_pool_item *), void *ctx);
/* Walk in order of arrival: start with *cursor = 0; NULL at the end.  Only the first copy of an id, and none that is
 * pinned.  Nothing may be added or removed during a walk. */
const struct zyd_pool_item *zyd_pool_next(const struct zyd_pool *p, uint32_t *cursor);
uint32_t zyd_pool_count(const struct zyd_pool *p);
uint64_t zyd_pool_bytes(const struct zyd_pool *p);

#endif
