/* A small deterministic cluster around zyd_bft: n instances, virtual time, scripted links, and an owner that "executes" a
 * block by hashing.  Everything that happens becomes a line of text, so a test can hold a whole run against golden lines.
 * It shares no code with net-sim: two hands, two mistakes. */
#ifndef TESTS_TRACE_CLUSTER_H
#define TESTS_TRACE_CLUSTER_H

#include <zyd/bft.h>

#define CLUSTER_NODES 8
#define CLUSTER_BLOCKS 512

struct cblock {
    struct zyd_header header;
    struct zyd_hash hash;
    struct zyd_cert just[ZYD_JUST_MAX];
    size_t just_count;
    bool has_nc, durable, final, final_durable;
    uint64_t store_seq, final_seq;
    struct zyd_cert nc, fc;
};

struct cnode {
    bool up;
    uint8_t idx;
    void *mem;
    struct zyd_bft *bft;
    uint8_t sk[ZYD_SK_SIZE];
    /* disk: entries count as durable once their seq is synced */
    struct zyd_vote *votes;
    uint64_t *vote_seq;
    size_t vote_count;
    struct zyd_cert *certs;
    uint64_t *cert_seq;
    size_t cert_count;
    struct cblock *blocks;
    size_t block_count;
    uint64_t synced, last_seq;
    int64_t synced_at; /* of the latest record that was issued */
    /* owner */
    uint64_t pool_high;
    bool pool_told;
    bool lie_verify;     /* says false to every VERIFY */
    bool mute;           /* nothing leaves */
    int64_t tick_at;
    int64_t wall_skew;
    uint64_t behind, evidence, alarms, commits;
    struct zyd_header head;
    struct zyd_hash head_hash;
};

struct cluster;
/* Gives the delay of a message, or -1 to lose it. */
typedef int64_t (*cluster_link)(struct cluster *c, uint8_t from, uint8_t to, struct zyd_span bytes);

struct cevent {
    int64_t at;
    uint64_t order;
    int kind;
    uint8_t node, from;
    uint64_t run; /* of the node: an event of an earlier run is dropped */
    uint64_t seq;
    struct zyd_hash hash;
    struct zyd_header header;
    struct zyd_cert *just;
    size_t just_count;
    struct zyd_cert cert;
    bool ok;
    uint8_t *bytes;
    size_t size;
};

struct cluster {
    uint8_t n;
    int64_t now;
    uint64_t order;
    struct cnode nodes[CLUSTER_NODES];
    uint64_t runs[CLUSTER_NODES];
    struct zyd_bft_config config;
    struct cevent *events;
    size_t event_count, event_cap;
    struct {
        uint8_t from, to;
        uint64_t after_seq, run;
        uint8_t *bytes;
        size_t size;
    } *held;
    size_t held_count, held_cap;
    cluster_link link;
    bool liar[CLUSTER_NODES];  /* as leader, sends the odd members another block of the same view */
    bool quiet;                /* keep no text */
    uint64_t rng;              /* for links that are drawn, not scripted */
    int64_t hop_ms, sync_ms;
    int64_t put_ms; /* a block's put takes longer than a record; 0: sync_ms */
    bool cut[CLUSTER_NODES][CLUSTER_NODES];
    bool trace_sends;
    char *text;
    size_t text_size, text_cap;
    uint64_t steps;
    uint64_t evidence[4]; /* N/N F/F N/F X/F */
    bool forks_expected;  /* a test with more liars than f */
    struct {
        bool have[3];
        struct zyd_hash hash[3];
    } certs[4096]; /* by view: every certificate that anyone made */
};

/* 1 <= n <= CLUSTER_NODES; genesis time 0, wall = virtual time + 1 s. */
void cluster_start(struct cluster *c, uint8_t n);
void cluster_free(struct cluster *c);
void cluster_boot(struct cluster *c, uint8_t node);          /* from its disk */
void cluster_crash(struct cluster *c, uint8_t node);         /* loses what is not synced */
void cluster_submit(struct cluster *c, uint8_t node);        /* one more operation in the pool of one node, or 255: of all */
void cluster_run(struct cluster *c, int64_t until_ms);
void cluster_cut(struct cluster *c, uint8_t a, uint8_t b, bool cut); /* both ways */
void cluster_peer(struct cluster *c, uint8_t node, uint8_t peer, bool up);
void cluster_deliver(struct cluster *c, uint8_t to, uint8_t from, const void *bytes, size_t size);
void cluster_say(struct cluster *c, const char *format, ...);
/* Signs as any validator: for tests that lie. */
void cluster_sign(struct cluster *c, struct zyd_vote *vote);
/* Fails the test unless all live nodes agree block for block and the shortest has at least height. */
void cluster_agree(struct cluster *c, uint64_t height);
void cluster_golden(struct cluster *c, const char *const *lines, size_t count);
uint64_t cluster_height(struct cluster *c, uint8_t node);
uint64_t cluster_random(struct cluster *c, uint64_t below);
/* Fills the roots of a header as the honest owner would. */
void cluster_execute(struct zyd_header *h, const struct zyd_header *parent, uint64_t pool_high);

#endif
