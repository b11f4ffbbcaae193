/* api_impl.h: what the files of the API share.
 *
 *   http.c        listeners, limits, one struct request a request; suspends and resumes connections
 *   api.c         start and stop, the view thread, waiters, the journal thread
 *   api_route.c   the table of routes, authorization
 *   api_answer.c  JSON and problem+json
 *   api_op.c      JSON -> one operation (no network, no state but genesis: fuzzed)
 *   api_envelope.c  envelopes as they come    api_write.c   operations that the node signs
 *   api_read.c    objects, pending operations   api_books.c   accounts, obligations, programmes
 *   api_ledger.c  blocks, receipts, proofs, postings         api_node.c    health, metrics, topology, clock
 *   api_stream.c  server-sent events
 *   api_journal.c the bytes this node signed and the keys they were asked under
 *
 * A request is owned by the HTTP thread that serves its connection, except between wait_begin and its resumption: then it
 * stands in the list of waiters and only the thread that takes it out of the list (under api->wait_lock) may touch
 * it. */
#ifndef ZYD_IO_API_IMPL_H
#define ZYD_IO_API_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include <jansson.h>
#include <zyd/api.h>
#include <zyd/catalogue.h>

#include "api_journal.h"
#include "http_uri.h"
#include "tokens.h"
#include "view.h"
#include "view_index.h"

#define ZYD_HTTP_JSON_MAX (2u << 20)
#define ZYD_HTTP_HEADER_MAX (16u << 10)
#define ZYD_HTTP_CONNECTIONS 512u
#define ZYD_HTTP_PAGE_MAX 500u
#define ZYD_HTTP_PAGE 100u
#define ZYD_HTTP_LISTENERS_MAX 8u
#define ZYD_HTTP_WAIT_MAX 60u       /* seconds of Prefer: wait */
#define ZYD_HTTP_REPLY_MS 10000     /* the loop must answer a SUBMIT or QUERY by then */
#define ZYD_JSON_DEPTH_MAX 16u
#define ZYD_VALID_MS UINT64_C(300000) /* valid_until of envelopes that the node signs */

struct MHD_Connection;
struct MHD_Daemon;
struct zyd_http;
struct request;

/* ---- problems ---- */
enum written { WRITTEN_NO = 0, WRITTEN_YES, WRITTEN_UNKNOWN };
struct problem {
    uint32_t code; /* catalogue; 0: none */
    unsigned http; /* 0: the catalogue's */
    enum written written;
    int retry; /* enum zyd_retry, or -1: the catalogue's */
    char detail[512]; /* English; "": none */
    char pointer[96]; /* JSON pointer of the member at fault; "": none */
    json_t *extra;    /* members to add, owned; or NULL */
};
void zyd_problem_set(struct problem *p, uint32_t code, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- one request ---- */
enum wait_kind { WAIT_NONE = 0, WAIT_JOURNAL, WAIT_REPLY, WAIT_FINAL };
struct request {
    struct zyd_api *api;
    struct MHD_Connection *conn;
    const struct route *route;
    char *raw;
    char method[8];
    struct zyd_uri uri;
    bool started, refused, metrics_listener, close, head;
    char id[27];
    int64_t start_us;
    enum zyd_lang lang;
    bool lang_both;
    struct zyd_principal who;
    /* headers that routes read; "" when absent */
    char accept[128], key[64];
    uint32_t wait_s;
    bool minimal;
    uint8_t *body;
    size_t body_size, body_cap, body_max;
    /* waiting */
    enum wait_kind waiting;
    bool replied, timed_out;
    uint64_t ticket;
    int64_t wait_until_ms; /* monotonic */
    enum zyd_status reply;
    uint8_t *reply_bytes;
    size_t reply_size;
    struct request *next; /* list of waiters */
    /* the write in hand (api_write.c) */
    struct {
        int step;
        uint8_t *env;
        size_t env_size;
        struct zyd_hash env_id, op_id, object, jkey;
        uint64_t valid_until_ms;
        bool makes, running, declined; /* running: its journal entry says so */
    } w;
    /* the answer */
    struct problem problem;
    unsigned http;
    json_t *json;
    uint8_t *bytes; /* malloc'd, when not JSON */
    size_t bytes_size;
    struct stream *stream; /* the answer is one that goes on (api_stream.c) */
    const char *type;
    char location[160], link[400], next_frame[24], allow[64];
    unsigned retry_after;
};

enum step { STEP_ANSWER = 0, STEP_WAIT };
enum need { NEED_NONE = 0, NEED_READ, NEED_ALL, NEED_MAKER, NEED_SIGNER, NEED_OPERATOR, NEED_SUBMIT };
enum body_kind { BODY_NONE = 0, BODY_JSON, BODY_ENVELOPE };
struct route {
    const char *method, *path; /* '*': any one segment */
    enum need need;
    enum body_kind body;
    enum step (*run)(struct request *r); /* called again after each wait */
    bool metrics; /* on the metrics listener */
};
const struct route *zyd_api_route(const struct request *r, bool *path_known, char allow[64]);
/* Sets the problem and returns false when the principal may not. */
bool zyd_api_authorize(struct request *r, const char *authorization);
/* May the principal see an object whose parties are these? */
bool zyd_api_sees(const struct request *r, uint64_t parties);
size_t zyd_api_route_count(void);
const struct route *zyd_api_route_at(size_t index);

/* ---- the API ---- */
#define ZYD_SENT_MAX 65536u
struct sent { /* envelopes that went through this node */
    struct zyd_hash env_id;
    uint64_t valid_until_ms;
};
struct sent_op {
    struct zyd_hash op_id, env_id;
};
struct zyd_api {
    struct zyd_api_config config;
    struct zyd_api_calls calls;
    const struct zyd_genesis *_Atomic g; /* the view's: it grows when governance adds a programme or plugin */
    struct zyd_view *view;
    struct zyd_tokens *tokens;
    struct zyd_journal *journal; /* or NULL: no data_dir */
    struct zyd_http *http;
    int maker_key, checker_key; /* key index in genesis, or -1 */
    struct zyd_sig_ops sig;

    pthread_mutex_t wait_lock;
    struct request *waiters;
    struct stream *streams; /* those that are suspended */
    atomic_uint_fast32_t stream_count;
    uint64_t next_ticket;
    bool stopping;

    pthread_mutex_t queue_lock; /* commits */
    pthread_cond_t queue_cond;
    struct commit *queue_first, *queue_last;
    size_t queue_bytes;
    uint64_t tip; /* highest height told by on_commit */
    bool view_broken;
    pthread_t view_thread;
    bool view_running;

    struct kept *kept; /* block values and finality proofs that the store cannot give: all without a store, else the newest */
    uint32_t kept_count, kept_cap;

    pthread_mutex_t journal_lock; /* the journal and its queue */
    pthread_cond_t journal_cond;
    struct request *journal_queue, *journal_last; /* by next; not in waiters */
    pthread_t journal_thread;
    bool journal_running;

    pthread_mutex_t sent_lock;
    struct sent sent[ZYD_SENT_MAX];
    struct sent_op sent_ops[ZYD_SENT_MAX];
    uint32_t sent_at, sent_ops_at;
    struct zyd_index sent_index, sent_ops_index;

    pthread_mutex_t health_lock;
    struct zyd_api_health health;
    bool have_health;
    int64_t health_ms;

    atomic_uint_fast64_t http_counts[64][6]; /* by route and status class */
    atomic_uint_fast64_t http_us[64];
    atomic_uint_fast64_t http_total, submits, busy, refused;
};
/* Waits.  Each suspends the connection and returns true: the caller then returns STEP_WAIT without touching r again; the route
 * runs again when the wait is over.  false: no wait began (stopping: the problem is set). */
/* Queues SUBMIT or QUERY and waits for its reply: r->replied, reply, reply_bytes; or timed_out. */
bool zyd_api_wait_reply(struct request *r, bool submit, struct zyd_span bytes);
/* Waits wait_s for w.env_id to be final; false when it is already, or when the API stops (timed_out). */
bool zyd_api_wait_final(struct request *r);
/* Hands r to the journal thread, which makes the entry of w.jkey durable, then submits w.env and waits as above.  Without w.env
 * (a draft) the reply is the status of the write. */
bool zyd_api_wait_journal(struct request *r);
void zyd_api_sent_add(struct zyd_api *a, const struct zyd_env *env);
/* How the node knows an operation or envelope that is not final: its valid_until, or 0. */
uint64_t zyd_api_sent_env(struct zyd_api *a, const struct zyd_hash *env_id);
uint64_t zyd_api_sent_op(struct zyd_api *a, const struct zyd_hash *op_id, struct zyd_hash *env_id);

/* api_stream.c.  read: bytes, 0 when suspended, -1 at the end. */
long zyd_api_stream_read(void *stream, char *to, size_t max);
void zyd_api_stream_free(void *stream);
void zyd_api_streams_wake(struct zyd_api *a, bool all);

/* ---- http.c ---- */
enum zyd_status zyd_http_start(struct zyd_http **out, struct zyd_err *err, struct zyd_api *a, const char *listen, bool metrics);
uint16_t zyd_http_port(const struct zyd_http *h, bool metrics);
void zyd_http_quiesce(struct zyd_http *h);
void zyd_http_stop(struct zyd_http *h);
void zyd_http_suspend(struct request *r);
void zyd_http_resume(struct request *r);
const char *zyd_http_header(const struct request *r, const char *name);
int64_t zyd_api_now_ms(void); /* monotonic */

/* ---- api_answer.c ---- */
enum step zyd_answer(struct request *r, unsigned http, json_t *json); /* takes json */
enum step zyd_answer_bytes(struct request *r, const char *type, uint8_t *bytes, size_t size); /* takes bytes */
enum step zyd_answer_problem(struct request *r);
enum step zyd_fail(struct request *r, uint32_t code, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
json_t *zyd_problem_json(struct request *r); /* of r->problem */
const char *zyd_text(const struct request *r, const struct zyd_catalogue_entry *e);
/* Members by kind. */
void zyd_j_fen(json_t *o, const char *name, int64_t fen);        /* NAME_fen, NAME_yuan */
void zyd_j_fen128(json_t *o, const char *name, zyd_u128 fen);    /* the same */
void zyd_j_hash(json_t *o, const char *name, const struct zyd_hash *hash);
void zyd_j_hex(json_t *o, const char *name, const void *data, size_t size);
void zyd_j_date(json_t *o, const char *name, int32_t date);      /* null for 0 */
void zyd_j_time(json_t *o, const char *name, uint64_t ms);
void zyd_j_u64(json_t *o, const char *name, uint64_t n);         /* integer */
void zyd_j_u64s(json_t *o, const char *name, uint64_t n);        /* string */
void zyd_j_span(json_t *o, const char *name, struct zyd_span text);
void zyd_j_str(json_t *o, const char *name, const char *text);   /* null for NULL */
void zyd_j_member(json_t *o, const char *name, const struct zyd_genesis *g, uint16_t member);
void zyd_j_programme(json_t *o, const char *name, const struct zyd_genesis *g, uint16_t programme);
json_t *zyd_j_members(const struct zyd_genesis *g, uint64_t bitmap);
/* code, name, message, remedy of an outcome; nothing but nulls for 0 and 9114. */
void zyd_j_code(json_t *o, const struct request *r, uint32_t code);
const char *zyd_result_text(uint32_t code); /* "done" "refused" "waiting" */
const char *zyd_event_text(char out[24], const struct zyd_genesis *g, uint16_t contract, uint16_t event, uint8_t deadline,
                           bool sys);
struct zyd_span zyd_contract_text(const struct zyd_genesis *g, uint16_t contract);
/* Arguments of an operation by name where there is a schema, else as values; NULL when they cannot be shown. */
json_t *zyd_j_args(const struct zyd_genesis *g, const struct zyd_op *op);
/* Pages: limit and after of the query; false with the problem set. */
struct page {
    uint64_t after; /* start at this position */
    uint32_t limit;
};
bool zyd_page_read(struct request *r, struct page *out);
/* {"items","next","height"} and the Link header.  next: position to go on at, or UINT64_MAX. Takes items. */
json_t *zyd_page_json(struct request *r, json_t *items, uint64_t next);

/* ---- api_op.c: JSON -> operation; no network, no clock ---- */
struct op_request { /* what a body asks for, checked */
    uint8_t bytes[ZYD_OP_SIZE_MAX];
    size_t size;
    struct zyd_op op; /* decoded again from bytes */
    bool may_wait;
};
/* Parses a body with duplicates refused, depth and size bounded. NULL: the problem says why. */
json_t *zyd_json_read(struct problem *p, const void *bytes, size_t size);
/* POST /v1/contracts.  key: Idempotency-Key or "". */
bool zyd_op_make(struct op_request *out, struct problem *p, const struct zyd_genesis *g, uint16_t member, const char *key,
                 const json_t *body);
/* POST /v1/contracts/{id}/events/{event}. */
bool zyd_op_event(struct op_request *out, struct problem *p, const struct zyd_genesis *g, uint16_t member, uint16_t contract,
                  uint16_t programme, const struct zyd_hash *object, const char *event, const json_t *body);
bool zyd_op_paid(struct op_request *out, struct problem *p, uint16_t member, const struct zyd_hash *obligation,
                 const json_t *body);
/* COUNTERSIGN, DECLINE, WITHDRAW; body may be NULL. */
bool zyd_op_pending(struct op_request *out, struct problem *p, uint16_t member, uint16_t event, const struct zyd_hash *op_id,
                    const json_t *body);
bool zyd_key_valid(const char *key); /* 1..35 printable ASCII */

/* ---- routes ---- */
#define ZYD_API_RUN(X)                                                                                                         \
    X(envelope_post)                                                                                                           \
    X(envelope_get) X(contract_post) X(event_post) X(paid_post) X(countersign_post) X(decline_post) X(withdraw_post)           \
        X(contracts_get) X(contract_get) X(history_get) X(receipt_get) X(pending_get) X(balances_get) X(obligations_get)       \
            X(programmes_get) X(programme_get) X(transaction_get) X(transaction_receipt_get) X(proposals_get) X(cycles_get)    \
                X(cycle_get) X(cycle_statement_get) X(postings_get) X(blocks_get) X(block_get) X(block_raw_get) X(frames_get)  \
                    X(proof_get) X(consortium_get) X(plugin_get) X(plugins_get) X(nodes_get) X(status_get) X(version_get)      \
                        X(errors_get) X(schema_get) X(stream_get) X(livez_get) X(readyz_get) X(metrics_get) X(clock_get)       \
                            X(clock_post)
#define X(name) enum step zyd_run_##name(struct request *r);
ZYD_API_RUN(X)
#undef X

/* shared by routes */
/* An object by id or client_ref, that the principal may see; copies, or sets the problem. */
bool zyd_object_find(struct request *r, struct zyd_view_object *out, const char *text);
struct tx_copy;
enum step zyd_receipt_answer(struct request *r, const struct tx_copy *c);
/* Member index of a query argument: 0xffff when it is not given; false with the problem set when it is unknown. */
bool zyd_member_arg(struct request *r, const char *name, uint16_t *out);
/* A query argument of 64 hex digits. */
bool zyd_hash_arg(struct request *r, const char *name, struct zyd_hash *out, bool *given);
const char *zyd_obligation_state(uint8_t state);
json_t *zyd_obligation_json(const struct zyd_api *a, const struct zyd_view_obligation *o); /* with the lock */
/* Programme id of the query argument "programme": 0 when it is not given. */
bool zyd_programme_arg(struct request *r, uint16_t *out);

#endif
