/* tests/lib/kv_map.h: what LevelDB holds for the pure half, in memory.
 *
 *   struct zyd_kv_map *m = zyd_kv_map_new();
 *   struct zyd_kv kv = zyd_kv_map_kv(m);
 *   zyd_kv_map_rows(m, rows);      rows of a checkpoint or write set: u64 index, u32 length, leaf bytes
 *   zyd_kv_map_block(m, 7, value, finality);
 *   zyd_kv_map_free(m);
 *
 * To make hits of the span rule visible ("valid until the next call"), every answer is a fresh copy and the one
 * before it is freed: a sanitizer build shows a late use.
 */
#ifndef ZYD_TESTS_KV_MAP_H
#define ZYD_TESTS_KV_MAP_H

#include <zyd/kv.h>

struct zyd_kv_map;
struct zyd_kv_map *zyd_kv_map_new(void);
void zyd_kv_map_free(struct zyd_kv_map *m);
struct zyd_kv_map *zyd_kv_map_copy(const struct zyd_kv_map *m);
struct zyd_kv zyd_kv_map_kv(struct zyd_kv_map *m);
void zyd_kv_map_rows(struct zyd_kv_map *m, struct zyd_span rows);
/* Each may be empty: then what is there stays. */
void zyd_kv_map_block(struct zyd_kv_map *m, uint64_t height, struct zyd_span value, struct zyd_span finality);
size_t zyd_kv_map_count(const struct zyd_kv_map *m); /* records */
uint64_t zyd_kv_map_reads(const struct zyd_kv_map *m); /* get and below so far */
void zyd_kv_map_fail(struct zyd_kv_map *m, enum zyd_status with); /* every read gives this from now on; ZYD_OK: works */

#endif
