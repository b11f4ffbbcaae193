/* zyd/replica.h: the door.  zyd_replica_step is the only way into the pure half; zydd and zyd-sim are two loops around it.
 *
 * The replica composes consensus (zyd/bft.h), execution (zyd/host.h), the records (zyd/state.h) and the pool
 * (zyd/mempool.h).  It moves envelopes and bodies between members, executes before it votes, and answers queries.
 *
 *   START, SUBMIT, QUERY, MESSAGE, PEER, TIMEOUT, SYNCED   -->  step  -->  PERSIST, COMMIT, SEND, REPLY, TRACE, ALARM
 *
 * Effects are to be begun in order.  PERSIST has a seq, counted up by one; an effect whose after_seq is not 0 is begun only
 * when that PERSIST is synced; the others go on.  SYNCED(seq) tells that every PERSIST up to seq is durable.
 * Event bytes belong to the caller and are dead after the step.
 * Effect bytes belong to the replica until the next step. */
#ifndef ZYD_REPLICA_H
#define ZYD_REPLICA_H

#include <zyd/base.h>
#include <zyd/bft.h>
#include <zyd/genesis.h>
#include <zyd/host.h>
#include <zyd/kv.h>
#include <zyd/ledger.h>
#include <zyd/mempool.h>
#include <zyd/state.h>

#define ZYD_RULES_VERSION 1u /* of headers */

enum zyd_ev_kind {
    ZYD_EV_START = 1,
    ZYD_EV_SUBMIT,  /* ticket, bytes: one envelope from a client; verified: the driver has run zyd_env_verify on it */
    ZYD_EV_QUERY,   /* ticket, bytes: enum zyd_query and its arguments */
    ZYD_EV_MESSAGE, /* peer, bytes, verified (for MSG_ENVELOPE) */
    ZYD_EV_PEER,    /* peer, up */
    ZYD_EV_TIMEOUT,
    ZYD_EV_SYNCED   /* seq */
};
struct zyd_ev {
    enum zyd_ev_kind kind;
    int64_t now_ms;  /* monotonic, ms; drives every timer; never goes back */
    int64_t wall_ms; /* UTC, ms since 1970; for proposals and the timely test only */
    uint8_t peer;    /* validator index of the authenticated sender; 255: an observer */
    bool up, verified;
    uint64_t ticket, seq;
    struct zyd_span bytes;
};

enum zyd_fx_kind { ZYD_FX_PERSIST = 1, ZYD_FX_COMMIT, ZYD_FX_SEND, ZYD_FX_REPLY, ZYD_FX_TRACE, ZYD_FX_ALARM };
enum zyd_persist_kind {
    ZYD_PERSIST_VOTE = 1,   /* bytes: a vote (zyd_vote_encode) for the vote file; synced */
    ZYD_PERSIST_CERT,       /* bytes: a certificate for the certificate file; synced before the votes of the same sync */
    ZYD_PERSIST_FLOOR,      /* view: new floor for the vote file's header; lazily */
    ZYD_PERSIST_BLOCK,      /* height, view, bytes: block value; `b` height view; synced, then the directory */
    ZYD_PERSIST_FINAL,      /* height, view, bytes: finality proof; `f` height; rides with the next synced put, or within 1 s */
    ZYD_PERSIST_CHECKPOINT, /* bytes: rows (u64 index, u32 length, leaf bytes); not synced; SYNCED says it is visible to kv */
    ZYD_PERSIST_CHECKPOINT_END /* bytes: a struct zyd_checkpoint encoding; `c`; written after all rows.  Blocks of losing
                                * views at heights < its height may be deleted; at its height they stay (a CARRIER over the
                                * newest final block shares its height and is needed at restart) */
};
struct zyd_fx {
    enum zyd_fx_kind kind;
    enum zyd_persist_kind persist;
    uint8_t peer;      /* SEND: validator index, or ZYD_BFT_ALL */
    uint64_t seq;      /* PERSIST */
    uint64_t after_seq;
    uint64_t height, view;
    uint64_t ticket;   /* REPLY */
    enum zyd_status status; /* REPLY */
    enum zyd_bft_alarm alarm;
    struct zyd_span bytes; /* PERSIST, SEND, REPLY, TRACE (text), ALARM (text) */
    /* COMMIT: a DATA block is final.  Ascending heights, each once a run.  The driver may index it. */
    const struct zyd_header *header;
    struct zyd_span block, finality;
};
struct zyd_fx_list {
    const struct zyd_fx *items;
    size_t count;
};

/* What a checkpoint says (`c`): the state at height is in the store. */
struct zyd_checkpoint {
    uint64_t height, state_size;
    struct zyd_hash state_root;
};
#define ZYD_CHECKPOINT_SIZE 48u
void zyd_checkpoint_encode(uint8_t out[ZYD_CHECKPOINT_SIZE], const struct zyd_checkpoint *c);
enum zyd_status ZYD_MUST_USE zyd_checkpoint_decode(struct zyd_checkpoint *out, struct zyd_span bytes);

struct zyd_replica_limits {
    struct zyd_state_limits state;
    struct zyd_pool_limits pool;
    uint32_t window_ids_max;     /* replay window, <= ZYD_WINDOW_IDS_MAX */
    uint32_t block_envs_max;     /* <= ZYD_BLOCK_ENVS_MAX */
    uint32_t block_bytes_max;    /* <= ZYD_BLOCK_BYTES_MAX */
    uint32_t block_ops_max;
    uint32_t checkpoint_blocks;  /* begin a checkpoint every so many blocks (or at half the recent memory) */
    uint32_t block_value_max;    /* bytes of one block value with outcomes and write set */
};
/* What the node uses, and what a simulated or test node uses (small). */
void zyd_replica_limits_node(struct zyd_replica_limits *out);
void zyd_replica_limits_small(struct zyd_replica_limits *out);

struct zyd_replica_config {
    const struct zyd_genesis *genesis; /* outlives the replica */
    struct zyd_replica_limits limits;
    struct zyd_kv kv;
    struct zyd_sig_ops sig;  /* verify: any key; sign: my node key */
    uint16_t me_member;      /* my member index; 0xffff: none */
    uint8_t me;              /* validator index, or 255: observer */
    uint64_t seed;
    uint64_t exec_budget_fuel; /* a leader closes its block here; 0: the genesis limit */
};

struct zyd_replica;
size_t zyd_replica_footprint(const struct zyd_replica_config *config);
/* mem: zero pages (may be lazily mapped).  Plugins: give each image that genesis names before load. */
struct zyd_replica *zyd_replica_init(void *mem, const struct zyd_replica_config *config);
enum zyd_status ZYD_MUST_USE zyd_replica_plugin(struct zyd_replica *r, const char **why, struct zyd_span elf);
/* checkpoint NULL: a new node, state made from genesis.  Else loads the checkpoint and replays final blocks from kv up to the
 * highest height whose block and finality are both there; checks chain, roots, totals.  why names the first fault.
 * ZYD_OK, ZYD_E_DAMAGED, ZYD_E_STORE, ZYD_E_FOREIGN (another genesis). */
enum zyd_status ZYD_MUST_USE zyd_replica_load(struct zyd_replica *r, const char **why, const struct zyd_checkpoint *checkpoint);
/* Then what else the disk holds, in this order: floor (0 when there is none; call it always), votes, certificates, block values
 * ascending (height, view) that lie above the last final block: greater height, or its height and a greater view than the one
 * its finality record names.  Values at or below the loaded head are ignored, so giving too many is harmless. */
enum zyd_status ZYD_MUST_USE zyd_replica_restore_floor(struct zyd_replica *r, uint64_t floor);
/* Certificates that cannot matter any more are accepted and dropped. */
enum zyd_status ZYD_MUST_USE zyd_replica_restore_vote(struct zyd_replica *r, struct zyd_span vote);
enum zyd_status ZYD_MUST_USE zyd_replica_restore_cert(struct zyd_replica *r, struct zyd_span cert);
enum zyd_status ZYD_MUST_USE zyd_replica_restore_block(struct zyd_replica *r, struct zyd_span value);

/* ZYD_OK, or what was wrong with the event (MALFORMED, TOO_BIG, FULL, BAD_SIG, EXPIRED, FOREIGN ...), or ZYD_E_STORE /
 * ZYD_E_DAMAGED when a kv read failed: then the driver must stop the node.  fx may hold effects in any case. */
enum zyd_status zyd_replica_step(struct zyd_replica *r, struct zyd_fx_list *fx, const struct zyd_ev *ev);
int64_t zyd_replica_deadline_ms(const struct zyd_replica *r);

/* SUBMIT's REPLY: status OK (in the pool and sent on; bytes: env_id), EXISTS (known: pool or window), EXPIRED, BAD_SIG, FULL,
 * FOREIGN, INVALID, MALFORMED, BUSY (read-only). */

enum zyd_query { /* fixed numbers; first byte of QUERY bytes */
    /* record key 32 -> header 378, u8 present, u64 index, u8 path count, path, u32 + leaf, u32 + finality */
    ZYD_QUERY_RECORD = 1,
    ZYD_QUERY_STATUS = 2  /* -> struct zyd_replica_status */
};
struct zyd_replica_status {
    struct zyd_bft_status bft;
    struct zyd_header head; /* last final DATA block */
    struct zyd_hash head_hash;
    uint32_t pool_count;
    uint64_t pool_bytes;
    uint64_t ops_final;       /* operations in final blocks since START */
    uint64_t fuel_final;
    bool syncing;             /* behind, catching up */
    uint32_t recent_used_ppm;
    uint64_t checkpoint_height;
    uint64_t settled_ms;      /* no deadline is due in the final state up to this instant of the wall clock; 0: one is */
};
void zyd_replica_status(const struct zyd_replica *r, struct zyd_replica_status *out);

/* Peer messages of the replica (16..; below are consensus's). */
enum zyd_replica_msg { /* fixed numbers */
    ZYD_MSG_ENVELOPE = 16, /* an envelope: gossip, or an answer */
    ZYD_MSG_GET_ENVS = 17, /* u16 count <= 512, env_hashes: answered from pool and recent blocks */
    ZYD_MSG_BODY = 18,     /* header hash, u32 count, env_hashes: the ordered body */
    ZYD_MSG_GET_BODY = 19, /* header hash */
    /* u64 first height, u8 count <= 16: answered with BLOCKs, then TIP when the answer reached our head */
    ZYD_MSG_GET_BLOCKS = 20,
    /* header 378, u32 + justification, u32 + NC or empty, u32 + CARRIERs (section 4 of the block value), u32 count +
     * env_hashes, u32 + finality */
    ZYD_MSG_BLOCK = 21,
    /* u8 count, each: header 378, u32 + justification, u32 + NC or empty; ascending views: what we hold above our last final
     * block */
    ZYD_MSG_TIP = 22,
    ZYD_MSG_GET_RANGE = 23 /* u64 height, u32 first, u16 count <= 512: envelopes of a final block, answered as ENVELOPEs */
};

/* Re-execution for the auditor, the simulator's checker and tools: the same code that voters run. */
struct zyd_replay;
size_t zyd_replay_footprint(const struct zyd_replica_limits *limits, const struct zyd_genesis *g);
/* kv NULL or empty: the records stay in memory (limits->state.recent_bytes).  Give plugins, then genesis, then blocks. */
struct zyd_replay *zyd_replay_init(void *mem, const struct zyd_genesis *g, const struct zyd_replica_limits *limits,
                                   const struct zyd_kv *kv);
enum zyd_status ZYD_MUST_USE zyd_replay_plugin(struct zyd_replay *p, const char **why, struct zyd_span elf);
/* Makes the genesis state; out: the genesis header. */
enum zyd_status ZYD_MUST_USE zyd_replay_genesis(struct zyd_replay *p, struct zyd_header *out);
/* Executes one block on the state so far and applies it.  Checks chain, window, body root, log root, outcomes, state root,
 * totals, rules against its header.  Does not check signatures or certificates (zyd/verify.h does).  why names the first rule
 * broken; entry: the log index it concerns, or UINT64_MAX.  After an error the replay is unusable. */
enum zyd_status ZYD_MUST_USE zyd_replay_block(struct zyd_replay *p, const char **why, uint64_t *entry,
                                              const struct zyd_block_view *b);
struct zyd_state *zyd_replay_state(struct zyd_replay *p);
const struct zyd_header *zyd_replay_head(const struct zyd_replay *p);

#endif
