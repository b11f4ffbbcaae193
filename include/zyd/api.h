/* zyd/api.h: the HTTP/JSON surface of a node (surfaces.md 3.6), and the view of the ledger that it serves.
 *
 * zydd starts it, tells it each final block (on_commit) and each REPLY (on_reply), and gets SUBMIT and QUERY events from it
 * through calls.  The API's threads never touch the replica: they queue an event with a ticket and wait for its reply.
 * The view (transactions, objects, histories, account lists) is derived from final blocks only, and rebuilt from the
 * store at start; it is never read by execution.
 */
#ifndef ZYD_API_H
#define ZYD_API_H

#include <zyd/io.h>

struct zyd_api;
struct zyd_api_config {
    const struct zyd_genesis *genesis;
    const char *consortium_json; /* path, served as it is */
    const char *data_dir;        /* holds the API's journal; NULL: none, and then nothing is signed for callers */
    struct zyd_store *store;     /* NULL (tests): only blocks told by on_commit are known */
    const char *name, *version;
    uint16_t me_member;
    uint8_t me; /* validator index or 255 */
    const char *listen;         /* comma list: "127.0.0.1:7443", "unix:/path", port 0: any free one */
    const char *metrics_listen; /* or NULL */
    const char *tokens;         /* path of the token file, or NULL */
    bool open_reads;
    const struct zyd_key *maker, *checker; /* officer keys for operations that come unsigned, or NULL */
    const char *plugin_dir;
};
struct zyd_api_calls {
    void *ctx;
    /* Queue an event; false when the inbox is full (answer 429).  Bytes are copied.  Must not block on the loop: it is
     * called with a lock held that zyd_api_on_reply takes, so a caller of on_reply holds no lock that submit takes.  The API
     * has run zyd_env_decode and zyd_env_verify on the envelope: its SUBMIT event says verified. */
    bool (*submit)(void *ctx, uint64_t ticket, struct zyd_span envelope);
    bool (*query)(void *ctx, uint64_t ticket, struct zyd_span bytes);
    int64_t (*wall_ms)(void *ctx);                 /* the node's clock, moved in a development consortium */
    void (*clock_set)(void *ctx, int64_t wall_ms); /* D21; never called without the development flag */
    void (*net_stats)(void *ctx, struct zyd_net_stat out[ZYD_VALIDATORS_MAX]);
};
/* Rebuilds the view from the store up to height, then serves. */
enum zyd_status zyd_api_start(struct zyd_api **out, struct zyd_err *err, const struct zyd_api_config *config,
                              const struct zyd_api_calls *calls, uint64_t height);
uint16_t zyd_api_port(const struct zyd_api *a); /* of the first TCP listener */
uint16_t zyd_api_metrics_port(const struct zyd_api *a);
/* From the loop thread; both only copy and queue. */
void zyd_api_on_commit(struct zyd_api *a, const struct zyd_header *h, struct zyd_span block, struct zyd_span finality);
void zyd_api_on_reply(struct zyd_api *a, uint64_t ticket, enum zyd_status status, struct zyd_span bytes);
/* Health that only the loop knows. */
struct zyd_api_health {
    struct zyd_replica_status replica;
    bool read_only;
    uint64_t fsync_count, fsync_us_sum, inbox_full;
};
void zyd_api_on_health(struct zyd_api *a, const struct zyd_api_health *h); /* about every 200 ms */
void zyd_api_stop(struct zyd_api *a);

#endif
