/* zydd.h: what the daemon's files share.
 *
 *   net thread --+                                        +--> votes writer --+
 *   API threads -+--> urgent, bulk --> loop: step, effects +--> store writer --+--> urgent (durable)
 *   verifiers ---+                                        +--> net, API
 *
 * The loop is the only thread that touches the replica.  Envelopes from peers pass a verifier first; what is urgent (consensus,
 * what became durable) overtakes bulk (envelopes, queries).
 */
#ifndef ZYDD_H
#define ZYDD_H

#include <pthread.h>
#include <stdatomic.h>

#include <zyd/api.h>
#include <zyd/genesis.h>
#include <zyd/io.h>
#include <zyd/replica.h>

enum writer_which { WRITER_VOTES, WRITER_STORE, WRITERS };
#define VERIFIERS_MAX 4u

/* Head of an item in the loop's queues. */
enum note_kind {
    NOTE_EVENT,   /* an event of zyd/replica.h */
    NOTE_DURABLE, /* which writer, seq: all that it was given up to seq is durable */
    NOTE_LOOK     /* only wakes: the clock has been moved */
};
struct note {
    enum note_kind kind;
    enum zyd_ev_kind event;
    enum writer_which which;
    uint8_t peer;
    bool up, verified;
    uint64_t ticket, seq;
};
/* Lanes of urgent: peers by validator index, then ours (unbounded).  Of bulk: peers, then API submits and queries. */
#define LANE_OWN ZYD_VALIDATORS_MAX
#define LANE_SUBMIT ZYD_VALIDATORS_MAX
#define LANE_QUERY (ZYD_VALIDATORS_MAX + 1u)

struct writer {
    struct node *node;
    enum writer_which which;
    struct zyd_queue *queue; /* heads: struct zyd_fx without bytes */
    pthread_t thread;
    bool started;
};
struct verifier {
    struct node *node;
    struct zyd_queue *queue; /* heads: struct note */
    pthread_t thread;
    bool started;
};
struct pending { /* a PERSIST that is not known to be durable */
    uint64_t seq;
    enum writer_which which;
};
struct held { /* an effect that waits for its PERSIST; its bytes are copies */
    struct zyd_fx fx;
    struct zyd_header header;
    uint8_t *bytes; /* bytes, block and finality one after another */
};

struct node {
    struct zyd_config config;
    uint8_t *genesis_body;
    struct zyd_genesis genesis;
    uint16_t member;
    uint8_t me; /* validator index */
    struct zyd_key node_key, link_key, maker, checker;
    bool have_maker, have_checker;
    struct zyd_store *store;
    struct zyd_votes *votes;
    void *replica_mem;
    size_t replica_mem_size;
    struct zyd_replica *replica;
    uint8_t *plugins[ZYD_PLUGINS_MAX];
    struct zyd_net *net;
    struct zyd_api *api;

    struct zyd_queue *urgent, *bulk;
    struct writer writers[WRITERS];
    struct verifier verifiers[VERIFIERS_MAX];
    unsigned verifier_count;
    atomic_bool writers_stop, verifiers_stop;
    atomic_ullong floor_ready; /* whose finality is durable: the votes writer may write it */
    atomic_ullong votes_seq;   /* of the last durable record in the vote file */
    atomic_ullong sync_count, sync_us, inbox_full, bad_envelopes;

    /* loop */
    uint64_t synced; /* every PERSIST up to it is durable, or lazy */
    uint64_t done[WRITERS];
    struct pending *pending;
    size_t pending_first, pending_count, pending_cap;
    struct held *held;
    size_t held_count, held_cap;
    uint64_t commit_after; /* the latest after_seq of a held COMMIT: later ones wait behind it */
    uint64_t ops_final;
    int64_t health_at, status_at;
};

/* start.c: everything up to the first event; on failure the program's exit code, 0 when it stands.  err says why. */
int zydd_start(struct node *n, struct zyd_err *err);
enum zyd_status zydd_check(struct node *n, struct zyd_err *err); /* consortium, keys and plugins, without the data directory */
void zydd_stop(struct node *n); /* in reverse; also after a failed start */
int zydd_exit_code(enum zyd_status status);
/* Configuration to genesis: what --init needs too. */
enum zyd_status zydd_genesis(struct node *n, struct zyd_err *err);
/* init.c */
enum zyd_status zydd_init(struct node *n, struct zyd_err *err);
enum zyd_status zydd_rebuild(struct node *n, struct zyd_err *err);
/* agree.c: do ledger, vote file and chain tell one story?  Then gives the replica what the disk holds. */
enum zyd_status zydd_restore(struct node *n, struct zyd_err *err);
/* writer.c */
bool zydd_writers_start(struct node *n);
void zydd_writers_stop(struct node *n); /* writes what was handed over, then ends */
/* verifier.c */
bool zydd_verifiers_start(struct node *n);
void zydd_verifiers_stop(struct node *n);
bool zydd_verify(struct node *n, uint8_t peer, struct zyd_span message); /* false: full */
/* loop.c */
struct zyd_net_events zydd_net_events(struct node *n);
struct zyd_api_calls zydd_api_calls(struct node *n);
int zydd_loop(struct node *n, int signal_fd); /* exit code */
void zydd_clock_read(struct node *n);         /* D21: the offset that was set before a restart */
/* notify.c: systemd's protocol; without NOTIFY_SOCKET nothing happens */
void zydd_notify(const char *state);
int64_t zydd_watchdog_ms(void); /* how often WATCHDOG=1 is due; 0: never */
/* main.c: a failed write or sync: the process ends here with 70, before anything that depends on it can leave. */
ZYD_NORETURN void zydd_fatal(const struct zyd_err *err);

#endif
