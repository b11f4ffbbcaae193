/* The replica's memory and what its files call of each other.
 *
 * Reading order: replica.c (the door) -> pump.c (what a step does) -> blocks.c (unfinalized blocks) -> execute.c ->
 * build.c -> body.c -> sync.c -> commit.c; window.c, evidence.c, query.c, load.c and replay.c stand beside.
 *
 * Words.  slot: one block's header, justification and state here.  body: its envelopes and, after execution, its whole
 * value; bodies are few and large, slots many and small.  base of a block: the DATA block below it, through CARRIERs.
 * head: the last committed DATA block.
 *
 * Rules that hold between steps:
 *  R1  a LIVE slot has an overlay exactly when it is an executed DATA block; an overlay's parent is that of its base.
 *  R2  a body belongs to one slot; a slot with an overlay has a body.
 *  R3  only FINAL and DEAD slots give their place or body to another, and never in the step whose effects point into it.
 *  R4  commits are in chain order: the front of the queue has the head as its base.
 */
#ifndef ZYD_REPLICA_INTERNAL_H
#define ZYD_REPLICA_INTERNAL_H

#include <zyd/replica.h>

#define SLOTS 192u              /* more than the headers that consensus holds */
#define BODIES ZYD_STATE_OVERLAYS
#define JUST_BYTES (1u + ZYD_JUST_MAX * ZYD_CERT_SIZE_MAX)
#define SEAL_BYTES (512u << 10) /* seal record of one block: a rule, or a block could not be sent in one frame */
#define HEAD_BYTES (5u * 4u + ZYD_HEADER_SIZE + JUST_BYTES + ZYD_CERT_SIZE_MAX + SEAL_BYTES + 8u + 64u * 32u)
#define FX_MAX 6144u
#define FX_ROOM 2300u           /* free effects before another piece of work begins: two steps of consensus */
#define GET_ENVS_MAX 512u
#define GET_BLOCKS_MAX 16u
#define STASH_EACH 2u           /* bodies kept of one peer before its proposal comes */
#define SPECIAL_MAX 256u        /* governance and evidence envelopes in the pool */
#define LEFT_OUT_MAX 4096u
#define LEFT_OUT_BLOCKS 50u
#define EVIDENCE_SEEN_MAX 128u
#define NEVER INT64_MAX
#define NO_SLOT UINT16_MAX

/* ---- execute.c: one block on an overlay; shared by leader, voter, restart and auditor ---- */
struct exec {
    struct zyd_host *host;
    const struct zyd_genesis *g;
    struct zyd_overlay *overlay;
    struct zyd_wr wr; /* sections 7, 8 and 9, each u32 length + bytes */
    struct zyd_host_block hb;
    struct zyd_totals totals;
    struct zyd_frontier frontier;
    size_t section; /* where the length of the open section stands */
    uint32_t ops_max;
    uint32_t bad_env; /* index of the envelope that failed, UINT32_MAX: none */
    uint32_t env_count;
};
void zyd_replica_exec_begin(struct exec *x, struct zyd_host *host, const struct zyd_genesis *g, struct zyd_overlay *overlay,
                            const struct zyd_header *h, const struct zyd_header *prev, const struct zyd_frontier *before,
                            void *out, size_t cap, uint32_t ops_max);
/* ZYD_OK; TOO_BIG: over the block's limits; FULL: this node's memory; STORE, DAMAGED. */
enum zyd_status zyd_replica_exec_sys(struct exec *x);
enum zyd_status zyd_replica_exec_env(struct exec *x, const struct zyd_env *env);
/* Seals; fills log and state size and root and the totals of h. */
enum zyd_status zyd_replica_exec_end(struct exec *x, struct zyd_header *h);
/* Adds the leaves of a stored block to a frontier, without executing. */
enum zyd_status zyd_replica_exec_leaves(struct zyd_frontier *f, const struct zyd_block_view *b, const struct zyd_header *prev);
/* Header of height 0 from the sealed genesis state. */
void zyd_replica_genesis_header(struct zyd_header *out, const struct zyd_genesis *g, uint64_t state_size,
                                const struct zyd_hash *state_root, const struct zyd_totals *totals);
/* Order of classes in a block: 0 governance, 1 evidence, 2 business. */
unsigned zyd_replica_class_rank(uint8_t class_);
/* The next CARRIER of section 4. Advances rd; false: the end, or not well formed (rd->bad). */
bool zyd_replica_carrier_next(struct zyd_rd *rd, struct zyd_header *h, struct zyd_span *header_bytes, struct zyd_span *just);

/* ---- window.c: env_ids of final blocks that may still be valid ---- */
struct window {
    uint32_t max, count, tail, bucket_mask; /* tail: the oldest */
    uint32_t *buckets;                      /* index + 1 of the chain's first, 0: none */
    struct window_id {
        struct zyd_hash id;
        uint64_t time_ms;
        uint32_t next;
    } *ids;
};
size_t zyd_replica_window_footprint(uint32_t ids_max);
void zyd_replica_window_init(struct window *w, void *mem, uint32_t ids_max);
bool zyd_replica_window_has(const struct window *w, const struct zyd_hash *id);
enum zyd_status zyd_replica_window_add(struct window *w, const struct zyd_hash *id, uint64_t time_ms);
/* Forgets ids of blocks older than before_ms. */
void zyd_replica_window_purge(struct window *w, uint64_t before_ms);

/* ---- the replica ---- */
enum slot_state { SLOT_FREE = 0, SLOT_LIVE, SLOT_FINAL, SLOT_DEAD };

struct body {
    bool used, complete, composed;
    uint16_t slot;
    uint64_t used_step;
    uint32_t count, missing;
    struct zyd_hash *hashes, *ids;   /* block_envs_max each */
    uint16_t *by_hash, *by_id;       /* tables of index + 1 */
    bool has_ids;
    uint8_t *value;                  /* value_cap bytes: HEAD_BYTES, then section 6 and on, each u32 length + bytes */
    size_t env_size;                 /* section 6 */
    size_t tail_size;                /* sections 7..9 with their lengths */
    size_t start, size;              /* the composed value */
    struct zyd_frontier before;
};

/* The large parts of a slot, apart so that a walk over the slots stays in the cache. */
struct slot_cold {
    struct zyd_frontier after; /* of the log, once executed */
    uint8_t nc[ZYD_CERT_SIZE_MAX];
    uint8_t fin[ZYD_FINALITY_SIZE_MAX];
    uint8_t just[JUST_BYTES];
};

struct slot {
    enum slot_state state;
    bool has_just, verify, executed, bad, stuck, committing, stored, own, blamed;
    bool idle; /* its body was given away: not fetched again until a child or a commit needs it */
    bool old;  /* fetched as final: its envelopes are asked for by height, too */
    uint16_t body; /* NO_SLOT: none */
    uint64_t used_step, store_seq;
    struct zyd_hash hash;
    struct zyd_header header;
    struct zyd_overlay *overlay;
    struct zyd_due sys_cursor;
    uint64_t fuel;
    uint32_t op_count;
    /* fetching */
    int64_t fetch_ms;
    uint32_t tries;
    uint8_t fetch_peer;
    uint32_t fetch_missing;
    size_t just_size, nc_size, fin_size;
    struct slot_cold *cold;
};

struct stash {
    bool used;
    struct zyd_hash hash;
    uint32_t count;
    struct zyd_hash *hashes;
};

struct left_out {
    struct zyd_hash env_id;
    uint32_t failures;
    uint64_t until_height; /* 0: only counted */
};

struct peer {
    bool up;
    int64_t tokens, tokens_at_ms; /* bytes that it may be answered now */
    uint8_t stash_next;
    struct stash stash[STASH_EACH];
};

struct sync {
    bool active;
    uint8_t peer;
    uint64_t next;      /* first height not yet given to consensus */
    int64_t ask_ms;     /* ask again, perhaps another peer */
    int64_t asked_ms;
    uint64_t target, asked_from, asked_head;
    uint32_t tries;
    uint8_t asked_count;
    bool tip_seen;
};

struct checkpoint {
    bool running, rows_done, urgent;
    uint64_t wait_seq; /* 0: none */
    uint64_t last_height;
    struct zyd_checkpoint what;
};

struct zyd_replica {
    struct zyd_replica_config cfg;
    const struct zyd_genesis *g;
    struct zyd_host *host;
    struct zyd_state *state;
    /* What the state sees of the store: nothing before the first checkpoint is whole,
     * since a crash may have left rows of it. */
    struct zyd_kv rows;
    bool rows_shown;
    struct zyd_pool *pool;
    struct zyd_bft *bft;
    void *bft_mem;
    struct window window;
    uint8_t n;

    bool loaded, head_given, started;
    enum zyd_status fatal;
    int64_t now_ms, wall_ms;
    uint64_t step_no;

    struct zyd_header genesis;
    struct zyd_header head;
    struct zyd_hash head_hash;
    struct zyd_frontier head_frontier;
    size_t head_fin_size;
    uint8_t *head_fin; /* ZYD_FINALITY_SIZE_MAX */
    uint64_t ops_final, fuel_final;

    /* work left by consensus */
    bool build;
    struct zyd_header build_header;
    size_t build_just_size;
    uint8_t *build_just; /* JUST_BYTES */
    bool floor_due;
    uint64_t floor_view, floor_after;
    uint16_t queue[SLOTS]; /* slots to commit, in order */
    uint32_t queue_count;
    bool more_work;

    bool pool_dirty, pool_added, level_pool, level_sys, level_given;
    struct zyd_hash level_tip;
    int64_t level_check_ms, regossip_ms;
    uint32_t regossip_cursor;

    struct sync sync;
    struct checkpoint ckpt;

    uint32_t special_count, left_out_count, evidence_next;
    struct zyd_hash special[SPECIAL_MAX];
    struct left_out *left_out; /* LEFT_OUT_MAX */
    struct zyd_hash evidence_seen[EVIDENCE_SEEN_MAX];

    uint32_t table_mask;
    size_t env_cap, tail_cap, value_cap;
    struct slot *slots;
    uint32_t slots_used; /* walks end here */
    struct body bodies[BODIES];
    struct peer peers[ZYD_VALIDATORS_MAX];
    struct zyd_cert *certs; /* ZYD_JUST_MAX + 1, scratch */
    struct zyd_header *headers; /* ZYD_FINALITY_HEADERS_MAX, scratch */

    struct zyd_fx *fx;
    size_t fx_count;
    struct zyd_arena out;
};

/* replica.c */
struct zyd_fx *zyd_replica_fx(struct zyd_replica *r, enum zyd_fx_kind kind); /* NULL: full (never for PERSIST and COMMIT) */
uint8_t *zyd_replica_bytes(struct zyd_replica *r, size_t size);              /* of this step's effects; NULL: full */
struct zyd_wr zyd_replica_wr(struct zyd_replica *r, size_t cap);             /* data NULL: full */
void zyd_replica_wr_give_back(struct zyd_replica *r, const struct zyd_wr *wr);
void zyd_replica_send(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes); /* bytes: effect bytes already */
void zyd_replica_alarm(struct zyd_replica *r, enum zyd_bft_alarm alarm, const char *text);
void zyd_replica_reply(struct zyd_replica *r, uint64_t ticket, enum zyd_status status, struct zyd_span bytes);
/* A line for logs and golden traces: each % stands for the next number. */
void zyd_replica_trace(struct zyd_replica *r, const char *text, uint64_t a, uint64_t b);
void zyd_replica_fail(struct zyd_replica *r, enum zyd_status status); /* remembers the first fatal one */

/* pump.c */
void zyd_replica_feed(struct zyd_replica *r, struct zyd_bft_in *in); /* consensus steps; its outputs become effects and work */
void zyd_replica_pump(struct zyd_replica *r);
bool zyd_replica_room(const struct zyd_replica *r); /* for the effects of two more steps of consensus */
bool zyd_replica_pool_nonempty(struct zyd_replica *r);

/* blocks.c */
struct slot *zyd_replica_find(struct zyd_replica *r, const struct zyd_hash *hash);
struct slot *zyd_replica_slot_make(struct zyd_replica *r, const struct zyd_hash *hash, const struct zyd_header *h);
struct body *zyd_replica_body_of(struct zyd_replica *r, const struct slot *s);
struct body *zyd_replica_body_make(struct zyd_replica *r, struct slot *s);
void zyd_replica_body_free(struct zyd_replica *r, struct slot *s);
/* The DATA block below a block whose parent is parent_hash: *base NULL is the head.  False: unknown or not alive. */
bool zyd_replica_base(struct zyd_replica *r, struct slot **base, const struct zyd_hash *parent_hash);
void zyd_replica_set_just(struct slot *s, const struct zyd_cert *certs, size_t count);
/* The bodies of the unfinalized chain that ends in base (NULL: none), so that many ids can be looked up. broken: one is not
 * here; then every id counts as on it. */
struct chain {
    const struct body *bodies[BODIES];
    uint32_t count;
    bool broken;
};
void zyd_replica_chain(struct zyd_replica *r, struct chain *c, struct slot *base);
bool zyd_replica_on_chain(const struct zyd_replica *r, const struct chain *c, const struct zyd_hash *id);
bool zyd_replica_table_find(const struct zyd_replica *r, uint32_t *index, const uint16_t *table, const struct zyd_hash *keys,
                            const struct zyd_hash *key);
void zyd_replica_table_put(const struct zyd_replica *r, uint16_t *table, const struct zyd_hash *keys, uint32_t index);
void zyd_replica_table_clear(const struct zyd_replica *r, uint16_t *table);
/* Kills what is at or below view and not final or on its way, and all that stands on the dead. */
void zyd_replica_drop(struct zyd_replica *r, uint64_t view);
void zyd_replica_kill(struct zyd_replica *r, struct slot *s);
/* Kills all LIVE slots that do not descend from s. */
void zyd_replica_drop_losers(struct zyd_replica *r, struct slot *s);
/* Executes one block that is ready; false when there is none. */
bool zyd_replica_execute_one(struct zyd_replica *r);
enum zyd_status zyd_replica_execute_slot(struct zyd_replica *r, struct slot *s);
/* Puts the value together in the body; ZYD_E_FULL when the seal record is too large. */
enum zyd_status zyd_replica_compose(struct zyd_replica *r, struct slot *s);
/* Seal record size of a block on parent_hash, or SIZE_MAX. */
size_t zyd_replica_seal_size(struct zyd_replica *r, const struct zyd_hash *parent_hash);

/* build.c */
void zyd_replica_build(struct zyd_replica *r);
bool zyd_replica_eligible(struct zyd_replica *r, const struct zyd_pool_item *item, const struct chain *chain, uint64_t time_ms);
void zyd_replica_blame(struct zyd_replica *r, const struct slot *s); /* an own proposal came to nothing */

/* body.c */
enum zyd_status zyd_replica_on_envelope(struct zyd_replica *r, uint64_t ticket, bool submit, bool verified,
                                        struct zyd_span bytes, struct zyd_hash *env_id);
enum zyd_status zyd_replica_on_get_envs(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes);
enum zyd_status zyd_replica_on_body(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes);
enum zyd_status zyd_replica_on_get_body(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes);
void zyd_replica_want_body(struct zyd_replica *r, struct slot *s);
bool zyd_replica_give_body(struct zyd_replica *r, struct slot *s, const uint8_t *hashes, uint32_t count);
void zyd_replica_body_refresh(struct zyd_replica *r, struct slot *s);
void zyd_replica_push_body(struct zyd_replica *r, const struct slot *s, uint8_t peer);
void zyd_replica_fetch(struct zyd_replica *r);
void zyd_replica_regossip(struct zyd_replica *r);
bool zyd_replica_afford(struct zyd_replica *r, uint8_t peer, size_t size);
void zyd_replica_add_special(struct zyd_replica *r, const struct zyd_env *env);

/* sync.c */
void zyd_replica_behind(struct zyd_replica *r, uint8_t peer, uint64_t height);
void zyd_replica_sync(struct zyd_replica *r);
enum zyd_status zyd_replica_on_get_blocks(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes);
enum zyd_status zyd_replica_on_block(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes);
enum zyd_status zyd_replica_on_tip(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes);
enum zyd_status zyd_replica_on_get_range(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes);

/* commit.c */
void zyd_replica_on_commit(struct zyd_replica *r, const struct zyd_bft_out *out);
void zyd_replica_on_store(struct zyd_replica *r, const struct zyd_bft_out *out);
bool zyd_replica_commit_one(struct zyd_replica *r);
void zyd_replica_checkpoint(struct zyd_replica *r);
void zyd_replica_checkpoint_synced(struct zyd_replica *r, uint64_t seq);
bool zyd_replica_pressed(const struct zyd_replica *r);

/* evidence.c, query.c */
void zyd_replica_on_evidence(struct zyd_replica *r, const struct zyd_vote votes[2]);
enum zyd_status zyd_replica_on_query(struct zyd_replica *r, uint64_t ticket, struct zyd_span bytes);

/* load.c */
struct zyd_kv zyd_replica_rows(struct zyd_replica *r);
bool zyd_replica_links(const struct zyd_block_view *v, const struct zyd_header *prev);
void zyd_replica_give_head(struct zyd_replica *r, uint64_t floor);

#endif
