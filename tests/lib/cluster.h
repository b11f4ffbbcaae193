/* tests/lib/cluster.h: a few replicas in one process, in virtual time: enough to test node/replica; the simulator (net-sim)
 * is for faults drawn from a seed.
 *
 *   struct zyd_cluster *c = zyd_cluster_new(4, &(struct zyd_cluster_options){.delay_ms = 1});
 *   zyd_cluster_start_all(c);
 *   zyd_cluster_submit(c, 0, envelope)                 status of the REPLY
 *   zyd_cluster_run(c, 200);                           200 ms
 *   zyd_cluster_crash(c, 2); zyd_cluster_start(c, 2);  loses what was not synced
 *   zyd_cluster_free(c);
 *
 * A disk takes PERSISTs in order and syncs them sync_ms later.  Every effect with after_seq waits for it, as a driver must.
 * Panics when a node fails, when two nodes commit different blocks at one height, when a node commits out of order, or when
 * a key signs two contradictory votes in its life.
 */
#ifndef ZYD_TESTS_CLUSTER_H
#define ZYD_TESTS_CLUSTER_H

#include "tests/lib/consortium.h"
#include <zyd/replica.h>

#define ZYD_CLUSTER_NODES 7u
#define ZYD_CLUSTER_HEIGHTS 2048u

struct zyd_cluster_options {
    int64_t delay_ms; /* of every message */
    int64_t sync_ms;  /* from PERSIST to SYNCED */
    uint32_t checkpoint_blocks; /* 0: that of the small limits */
    uint32_t recent_bytes;      /* 0: the same */
    bool trace;         /* to stderr */
    bool verified;      /* envelopes of peers count as checked by the driver */
    bool node_limits;   /* those of a node, not the small ones */
    const char *plugin; /* path of template.elf: ZYD_PLUGIN_DIR is known to tests only */
};
struct zyd_cluster;

struct zyd_cluster *zyd_cluster_new(uint32_t nodes, const struct zyd_cluster_options *options);
void zyd_cluster_free(struct zyd_cluster *c);
struct zyd_test_consortium *zyd_cluster_consortium(struct zyd_cluster *c);
void zyd_cluster_start(struct zyd_cluster *c, uint32_t node);
void zyd_cluster_start_all(struct zyd_cluster *c);
void zyd_cluster_crash(struct zyd_cluster *c, uint32_t node);
bool zyd_cluster_up(const struct zyd_cluster *c, uint32_t node);
/* The node crashes when it has handed out so many PERSISTs, counted from now; 0: never.  durable of them are kept. */
void zyd_cluster_crash_at(struct zyd_cluster *c, uint32_t node, uint64_t persists, bool durable);
void zyd_cluster_cut(struct zyd_cluster *c, uint32_t from, uint32_t to, bool cut);
/* Only consensus's messages reach a starved node: no envelopes, bodies or blocks. */
void zyd_cluster_starve(struct zyd_cluster *c, uint32_t to, bool starved);
void zyd_cluster_run(struct zyd_cluster *c, int64_t ms);
/* Runs until every running node has committed height, at most ms: false then. */
bool zyd_cluster_reach(struct zyd_cluster *c, uint64_t height, int64_t ms);
/* verified: the driver has checked the signatures. */
enum zyd_status zyd_cluster_submit_verified(struct zyd_cluster *c, uint32_t node, struct zyd_span envelope);
enum zyd_status zyd_cluster_submit(struct zyd_cluster *c, uint32_t node, struct zyd_span envelope);
/* A raw event, as the driver would feed it; returns the step's status. */
enum zyd_status zyd_cluster_message(struct zyd_cluster *c, uint32_t node, uint8_t peer, struct zyd_span bytes);
enum zyd_status zyd_cluster_query(struct zyd_cluster *c, struct zyd_span *answer, uint32_t node, struct zyd_span bytes);
struct zyd_span zyd_cluster_plugin(const struct zyd_cluster *c);
/* Loads a node that is down from its store and lets go of it again. */
enum zyd_status zyd_cluster_try_load(struct zyd_cluster *c, uint32_t node, const char **why);
struct zyd_replica *zyd_cluster_replica(struct zyd_cluster *c, uint32_t node);
uint64_t zyd_cluster_height(const struct zyd_cluster *c, uint32_t node);
int64_t zyd_cluster_wall(const struct zyd_cluster *c);
uint64_t zyd_cluster_persists(const struct zyd_cluster *c, uint32_t node);
uint64_t zyd_cluster_alarms(const struct zyd_cluster *c, uint32_t node);
uint64_t zyd_cluster_sent(const struct zyd_cluster *c, uint32_t node, uint8_t message); /* messages of a kind */
/* A committed block (value, finality) as some node showed it; empty spans when there is none. */
struct zyd_span zyd_cluster_block(const struct zyd_cluster *c, uint64_t height, struct zyd_span *finality);

/* An envelope of count operations as below, refs <ref>-0 ..; malloc'd, the caller frees. */
struct zyd_span zyd_cluster_promises(struct zyd_cluster *c, uint16_t member, const char *ref, uint32_t count, uint64_t amount,
                                     int64_t valid_ms);
/* An envelope of one operation of the template contract: member (debtor) promises member + 1 an amount, both sign. */
struct zyd_span zyd_cluster_promise(struct zyd_cluster *c, uint16_t member, const char *ref, uint64_t amount, int64_t valid_ms);

#endif
