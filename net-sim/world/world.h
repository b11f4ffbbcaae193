/* net-sim/world: what the parts of the simulated world know of each other.
 *
 *   world.c     the run: faults drawn from the seed, the event loop, the phases
 *   heap.c      events by (virtual time, number); prng.c: one stream of chance for each part
 *   node.c      the simulated driver: replica_step's effects become future events
 *   disk.c      what a node has made durable, and what a crash takes
 *   link.c      the network
 *   byz.c       members that lie; forge.c: the one that lies with right signatures
 *   workload.c  clients that run guarantee contracts; products.h: those that run all five products
 *   check.c     the checkers; model.c: the slow reference model of the state
 *
 * Invariants: W1 every choice comes from a stream of the seed; W2 nothing reads a clock, an address or uninitialised bytes;
 * W3 checkers see effects and stores only, never the inside of a replica.
 */
#ifndef ZYD_SIM_WORLD_H
#define ZYD_SIM_WORLD_H

#include <zyd/genesis.h>
#include <zyd/ledger.h>
#include <zyd/product.h>
#include <zyd/replica.h>
#include <zyd/sim.h>

#define NODES_MAX 12u   /* instances: validators and the second bodies of twins */
#define CLIENTS_MAX 8u
#define LOANS_MAX ZYD_SIM_LOANS_MAX /* of one client */
#define HEIGHTS_MAX 4096u
#define WALL0 INT64_C(1767571200000) /* 2026-01-05 00:00 UTC */

/* ---- prng.c: xoshiro256**, seeded by splitmix64 ---- */
struct prng {
    uint64_t s[4];
};
void prng_seed(struct prng *p, uint64_t seed, uint64_t stream);
uint64_t prng_next(struct prng *p);
uint64_t prng_below(struct prng *p, uint64_t n);        /* 0..n-1 */
int64_t prng_between(struct prng *p, int64_t lo, int64_t hi); /* both included */
bool prng_ppm(struct prng *p, uint32_t ppm);

/* ---- heap.c ---- */
enum what { AT_STEP = 1, AT_TIMEOUT, AT_SYNC, AT_CRASH, AT_RESTART, AT_PARTITION, AT_HEAL, AT_CLIENT, AT_CLOCK, AT_HEAL_ALL };
struct event {
    int64_t t;
    uint64_t number;
    enum what what;
    uint8_t node;
    uint32_t life;  /* of the node when it was made: events of an earlier life are void */
    struct zyd_ev ev; /* AT_STEP; ev.bytes points to data */
    uint8_t *data;    /* owned */
};
struct heap {
    struct event *items;
    size_t count, cap;
    uint64_t next_number;
};
void heap_push(struct heap *h, struct event e);
bool heap_pop(struct heap *h, struct event *out);

/* ---- disk.c ---- */
struct disk_leaf {
    struct zyd_hash key;
    uint8_t *data;
    size_t size;
};
struct disk_block {
    uint64_t height, view;
    uint8_t *data, *finality;
    size_t size, finality_size; /* finality NULL: not final */
};
struct disk_bytes {
    uint8_t *data;
    size_t size;
};
struct disk {
    struct disk_leaf *leaves; /* by leaf index */
    uint64_t *sorted;         /* leaf indices in order of key */
    size_t leaf_count, leaf_cap;
    struct disk_block *blocks; /* ascending (height, view) */
    size_t block_count, block_cap;
    struct disk_bytes *votes, *certs;
    size_t vote_count, vote_cap, cert_count, cert_cap;
    uint64_t floor;
    bool have_checkpoint;
    struct zyd_checkpoint checkpoint;
};
struct persist { /* begun, not durable */
    struct zyd_fx fx;
    uint8_t *data;
};
void disk_apply(struct disk *d, const struct zyd_fx *fx);
void disk_free(struct disk *d);
struct zyd_kv disk_kv(struct disk *d);

/* ---- node.c ---- */
enum byz { HONEST = 0, MUTE, TWIN, DOUBLE_VOTER, MANGLER, FORGER };
struct held { /* effects that wait for a sync */
    struct zyd_fx fx;
    uint8_t *data, *block, *finality;
    struct zyd_header header;
};
struct node {
    bool used, up;
    uint8_t index, validator; /* index == validator but for the second body of a twin */
    enum byz byz;
    uint32_t life;
    struct disk disk;
    void *mem;
    size_t mem_size;
    struct zyd_replica *replica;
    uint8_t sk[ZYD_SK_SIZE];
    struct zyd_pk pk;
    int64_t clock_offset_ms;
    int64_t timeout_at;
    struct persist *pending;
    size_t pending_count, pending_cap;
    bool syncing;
    size_t syncing_count;
    uint64_t synced;
    struct held *held;
    size_t held_count, held_cap;
    uint64_t committed; /* height */
};
struct sim;
void node_start(struct sim *s, struct node *n, bool first);
void node_crash(struct sim *s, struct node *n);
void node_step(struct sim *s, struct node *n, struct zyd_ev *ev);
void node_synced(struct sim *s, struct node *n);
void node_free(struct node *n);

/* ---- link.c ---- */
struct link_faults {
    uint32_t loss_ppm, dup_ppm, slow_ppm;
    int64_t delay_min_ms, delay_max_ms, slow_max_ms;
};
void link_send(struct sim *s, struct node *from, uint8_t to, struct zyd_span bytes);
void link_partition(struct sim *s);
void link_heal(struct sim *s);

/* ---- byz.c: called for each message that a lying member sends; returns false to suppress it ---- */
bool byz_send(struct sim *s, struct node *from, uint8_t to, struct zyd_span bytes);
bool forge_send(struct sim *s, struct node *from, uint8_t to, struct zyd_span bytes); /* forge.c */

/* ---- workload.c ---- */
struct loan {
    unsigned step;
    uint32_t number;
    struct zyd_hash object;
    uint64_t seq;
    struct zyd_hash owed[16]; /* obligations to be paid */
    uint16_t debtor[16], creditor[16];
    size_t owed_count;
};
struct client {
    struct loan loans[LOANS_MAX];
    size_t loan_count;
    uint32_t next_number;
    uint8_t *env; /* the outstanding envelope, or NULL */
    size_t env_size;
    struct zyd_hash env_id;
    uint64_t valid_until_ms;
    unsigned ops_of[LOANS_MAX]; /* loan index of operation i */
    size_t op_count;
    uint64_t acked; /* envelopes */
};
void workload_init(struct sim *s);
void workload_client(struct sim *s, uint8_t client);
/* A block became final at a node that a client may have asked: looks for its envelope. */
void workload_commit(struct sim *s, const struct zyd_block_view *b);
/* What both workloads need. */
#define OPS_SIZE_MAX ((size_t)512 << 10) /* of an envelope's operations */
void uscc_of(char out[19], uint32_t number); /* a valid USCC */
/* Code, USCC (kept in uscc), names, address, role and two keys; maker: its secret key. */
void workload_member(struct zyd_member *m, char uscc[19], uint8_t index, const char *code, uint8_t role,
                     const struct zyd_pk *node, const uint8_t maker[ZYD_SK_SIZE]);
void workload_op(struct zyd_wr *ops, const struct zyd_op *op); /* behind those that are there */
/* The client's envelope of its op_count operations; signers: a bit set of members, bits beyond the last are ignored. */
void workload_seal(struct sim *s, struct client *cl, const struct zyd_wr *ops, uint8_t flags, uint32_t signers);

/* ---- products.c ---- */
void products_genesis(struct sim *s, struct zyd_genesis *g); /* members, plugins, programmes */
void products_start(struct sim *s);
void products_free(struct sim *s);
void products_build(struct sim *s, uint8_t client); /* leaves no envelope when nothing fits */
void products_let_go(struct sim *s, uint8_t client); /* its envelope is over */
void products_outcome(struct sim *s, uint8_t client, size_t i, const struct zyd_outcome *o);
void products_block(struct sim *s, const struct zyd_block_view *b);
bool products_scan(struct sim *s);

/* ---- check.c, model.c ---- */
struct canonical {
    bool known;
    struct zyd_hash hash;
    uint8_t *block, *finality;
    size_t block_size, finality_size;
};
struct vote_seen {
    bool used;
    uint8_t signer, type;
    uint64_t view;
    struct zyd_hash hash;
};
struct model; /* all leaves; the root computed from scratch */
struct model *model_new(void);
void model_free(struct model *m);
/* NULL or what is wrong.  whole: also root, order and books, which look at every leaf. */
const char *model_apply(struct model *m, struct zyd_span writes, const struct zyd_header *h, bool whole);

void check_fail(struct sim *s, enum zyd_sim_verdict verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));
void check_sent(struct sim *s, const struct node *from, struct zyd_span bytes);
void check_commit(struct sim *s, struct node *n, const struct zyd_fx *fx);
void check_end(struct sim *s);

struct sim {
    struct zyd_sim_options options;
    struct zyd_sim_result *result;
    struct heap heap;
    int64_t now;
    int64_t wall_jump; /* development clock: added to every wall clock */
    struct prng net, disk_chance, client, byz_chance, plan;
    uint8_t signing; /* the node whose step runs: whose key signs */
    uint8_t n, f;
    uint8_t node_count;
    struct node nodes[NODES_MAX];
    struct zyd_genesis genesis;
    uint8_t *genesis_body;
    uint8_t member_sk[ZYD_MEMBERS_MAX][ZYD_SK_SIZE]; /* maker keys */
    enum zyd_sim_crypto crypto;
    struct link_faults link;
    bool healed;
    uint8_t side[NODES_MAX]; /* partition: same number may talk */
    bool cut[NODES_MAX][NODES_MAX]; /* one-way: from, to */
    int64_t link_last[NODES_MAX][NODES_MAX]; /* when the newest message of a link arrives */
    uint8_t twin_view[NODES_MAX];  /* which body of a twin a validator sees: 0, 1, 2 both */
    uint8_t client_count;
    struct client clients[CLIENTS_MAX];
    struct products *products; /* or NULL */
    struct canonical chain[HEIGHTS_MAX];
    uint64_t top; /* highest canonical height */
    struct model *model;
    uint64_t model_height;
    struct zyd_hash *ids; /* open-addressed set of final env_ids */
    size_t ids_cap, ids_count;
    struct vote_seen *votes;
    size_t votes_cap, votes_count;
    struct zyd_hasher trace;
    struct zyd_header genesis_header;
};
unsigned sim_plugins(const struct sim *s);
const struct zyd_span *sim_plugin(const struct sim *s, unsigned i);
void sim_limits(const struct sim *s, struct zyd_replica_limits *out);
struct zyd_sig_ops sim_sig(struct sim *s, struct node *n);
int64_t sim_wall(const struct sim *s, const struct node *n);
void sim_trace(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Allocation that never fails: a simulator out of memory is stopped. */
void *sim_alloc(size_t size);
void *sim_grow(void *p, size_t size);
uint8_t *sim_copy(const void *data, size_t size);

#endif
