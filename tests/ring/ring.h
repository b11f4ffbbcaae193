/* tests/ring/ring.h: the second ring (reliability.md 4.9): four real zydd processes on loopback, made by the ceremony, under a
 * load of real envelopes, and a look at what their disks hold afterwards.
 *
 *   ring_make(&r, &options)              keys, genesis, node.conf and data directories under a temporary directory
 *   ring_start(&r, i); ring_ready(&r, i, ms)
 *   ring_kill(&r, i, SIGKILL)            and waits for its end
 *   ring_load_*                          lanes: each a keep-alive connection that takes a cohort of loans through the programme
 *   ring_look(&look, &r, i)              after its end: every block, vote and certificate of node i
 *
 * Functions that can fail for a reason outside print it and end the program with 70 (ring_die): these are programs, not a
 * library.
 */
#ifndef ZYD_TESTS_RING_H
#define ZYD_TESTS_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <zyd/genesis.h>
#include <zyd/io.h>
#include <zyd/ledger.h>

#define RING_NODES 4u
#define RING_PATH 512u

enum { RING_BANK = 0, RING_GUAR, RING_REG, RING_NFGF }; /* members and validators, in this order */

struct ring_options {
    const char *zydd, *plugin; /* program and guarantee.elf */
    const char *dir;           /* parent of the run's directory; NULL: /tmp */
    const char *limits;        /* members of the consortium file's "limits", or NULL: the LAN preset */
    bool keep;                 /* leave the directory behind */
    bool debug;                /* traces of consensus in the logs */
};
struct ring_node {
    pid_t pid; /* 0: not running */
    int peer_port, api_port, metrics_port;
    char token[65];
    uint8_t maker_sk[ZYD_SK_SIZE];
    atomic_bool up; /* clients may try it */
    unsigned starts;
};
struct ring {
    struct ring_options options;
    char dir[RING_PATH];
    uint8_t *body;
    struct zyd_genesis *genesis;
    struct ring_node nodes[RING_NODES];
};

ZYD_NORETURN void ring_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t ring_now_us(void);
double ring_load_average(void);
void ring_machine(void); /* one line: CPU, cores, memory, load */

void ring_make(struct ring *r, const struct ring_options *options);
void ring_start(struct ring *r, unsigned i);
/* Polls /livez until the deadline. */
bool ring_ready(struct ring *r, unsigned i, int64_t ms);
void ring_kill(struct ring *r, unsigned i, int signal_number);
/* Has it ended by itself?  Then its wait status is in *status. */
bool ring_ended(struct ring *r, unsigned i, int *status);
void ring_log_tail(const struct ring *r, unsigned i, unsigned lines);
/* Ends what runs and, unless options.keep, removes the directory. */
void ring_free(struct ring *r);

/* ---- HTTP, blocking, a connection each (ring_http.c) ---- */
/* Status code, or -1.  body: NUL-terminated, cut at cap. */
int ring_get(const struct ring *r, unsigned node, const char *path, char *body, size_t cap, int64_t ms);
struct ring_head {
    uint64_t height, view;
    char hash[65], state_root[65];
};
bool ring_head(const struct ring *r, unsigned node, struct ring_head *out);
/* Until all running nodes show the same head, and no other for still_ms; false at the deadline. */
bool ring_settle(const struct ring *r, struct ring_head *out, int64_t still_ms, int64_t ms);
/* A number of /metrics: its line begins with name (labels included); summed over lines that do.  -1: none. */
double ring_metric(const struct ring *r, unsigned node, const char *name);

/* ---- load (ring_load.c) ---- */
struct ring_ack { /* a client saw it final */
    struct zyd_hash env_id;
    uint64_t height;
    uint32_t ops;
    int64_t sent_us, final_us;
};
struct ring_load_options {
    unsigned lanes;
    unsigned ops;         /* an envelope: loans of a cohort */
    unsigned prepare;     /* cohorts a lane that are built and signed beforehand; 0: each envelope when it is due */
    unsigned nodes;       /* bit set: where lanes connect; 0: all */
    int64_t pause_us;     /* of a lane between answer and next envelope: a light load */
    uint64_t seed;        /* first loan number */
};
struct ring_load;
struct ring_load *ring_load_make(struct ring *r, const struct ring_load_options *options);
unsigned ring_load_steps(void); /* operations in a loan's life */
/* A thread that runs the lanes until ring_load_stop: then each finishes the envelope that it has sent. */
void ring_load_start(struct ring_load *l);
/* Waits until lanes stand at different steps of a loan's life, so that the mix is that of the programme. */
void ring_load_spread(struct ring_load *l);
void ring_load_stop(struct ring_load *l); /* asks; returns at once */
/* false: lanes still wait for an answer after so long; they are given up */
bool ring_load_join(struct ring_load *l, int64_t ms);
void ring_load_free(struct ring_load *l);
struct ring_load_counts {
    uint64_t sent, acked, ops, refused, retries, expired, dry; /* envelopes, but for ops and refused; dry: lanes that ran out */
    char first_refusal[160];
    int64_t cpu_us, build_us;
};
struct ring_load_counts ring_load_counts(struct ring_load *l); /* at any time */
/* Waits until this many envelopes are acknowledged; false when ms are over. */
bool ring_load_reach(struct ring_load *l, uint64_t acked, int64_t ms);
/* After join: all acknowledgements, in order of their coming. */
const struct ring_ack *ring_load_acks(const struct ring_load *l, size_t *count);

/* ---- afterwards (ring_look.c) ---- */
struct ring_vote {
    uint8_t node, type;
    uint64_t view;
    struct zyd_hash hash;
};
struct ring_look {
    uint64_t height, blocks, envelopes, evidence, ops, sys, fuel;
    uint64_t block_bytes, env_bytes, outcome_bytes, write_bytes, writes;
    struct ring_kind { /* operations of one event; SYS operations: event 100 + deadline */
        uint16_t contract, event;
        uint64_t count, fuel, fuel_max;
    } kinds[32];
    unsigned kind_count;
    struct zyd_hash head_hash, state_root;
    struct zyd_hash *hashes; /* of headers, by height */
    struct ring_seen {
        struct zyd_hash env_id;
        uint64_t height;
    } *seen; /* sorted by env_id, then height */
    size_t seen_count, seen_cap, hash_cap;
    struct ring_vote *votes; /* from certificates in blocks: who signed what */
    size_t vote_count, vote_cap;
};
void ring_look(struct ring_look *out, const struct ring *r, unsigned node); /* it must not run */
void ring_look_free(struct ring_look *l);
/* All whole records of its vote file, appended to *votes; the node must not run.  Own reading of the bytes:
 * nothing is changed. */
void ring_look_votes(struct ring_vote **votes, size_t *count, size_t *cap, const struct ring *r, unsigned node);
/* Contradictions by one key: N and N, F and F of one view with different hashes; F and X of one view.  Prints each; returns how
 * many. Sorts votes. */
size_t ring_conflicts(struct ring_vote *votes, size_t count);

#endif
