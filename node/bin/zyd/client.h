/* A client of the consortium: one node's API, the genesis, and the keys at hand.
 *
 * Where they come from: --node, --token-file, --consortium, --key; else the devnet's directory, where --as CODE names the
 * institution.  With keys the client signs envelopes itself; without, the node's own officer key signs (JSON routes). */
#ifndef CLIENT_H
#define CLIENT_H

#include <zyd/guarantee_schema.h>
#include <zyd/host.h>

#include "cli.h"

#define SIGNERS_MAX 16u

/* ---- http.c ---- */
struct http {
    void *curl;
    char base[CLI_PATH_MAX], socket[CLI_PATH_MAX], token[512];
};
struct answer {
    long status; /* HTTP status; 0: none came */
    bool sent;   /* false: nothing left this machine */
    json_t *json;
    char *body;
    size_t size;
    char next[32]; /* Zyd-Next */
    char why[256];
};
struct request {
    const char *method, *path, *type, *accept, *prefer, *key; /* key: Idempotency-Key */
    const void *body;
    size_t size;
    long timeout_s;
};
void http_open(struct http *h, const char *url, const char *token);
void http_close(struct http *h);
/* True when an HTTP answer came, of any status. */
bool http_call(const struct cli *c, struct http *h, struct answer *out, const struct request *r);
void answer_free(struct answer *a);
/* Prints why there is no good answer; returns the exit code.  write: the request may have had an effect. */
int http_fail(const struct cli *c, const struct http *h, const struct answer *a, bool write);
/* GET path; the JSON, or NULL after printing. */
json_t *http_get(const struct cli *c, struct http *h, int *rc, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- devnet.c: what the directory says ---- */
struct devnet_member {
    char code[ZYD_CODE_MAX + 1];
    char name_zh[64], name_en[64];
    bool node;
    uint8_t role; /* while it is being made */
    int peer_port, api_port;
};
struct devnet {
    char dir[CLI_PATH_MAX];
    size_t count;
    struct devnet_member members[ZYD_MEMBERS_MAX];
};
/* False when there is no devnet in the directory. */
bool devnet_load(const struct cli *c, struct devnet *d);
/* Pid of a member's node, or 0 when it does not run. */
long devnet_pid(const struct devnet *d, const struct devnet_member *m);
/* Offset of the moved clock in ms, kept beside the devnet so that a healed node gets it. */
int64_t devnet_offset_of(const struct devnet *d);
bool devnet_open(struct http *h, const struct devnet *d, const struct devnet_member *m, const char *role);
const struct devnet_member *devnet_find(const struct devnet *d, const char *code);

/* ---- client.c ---- */
struct signer {
    uint16_t member, key;
    struct zyd_key secret;
};
struct client {
    const struct cli *c;
    struct http http;
    struct zyd_consortium *consortium;
    const struct zyd_genesis *g;
    struct devnet devnet;
    bool on_devnet;
    uint8_t env_class;              /* of envelopes: 0: business */
    struct client_genesis *extended; /* what g points to once the node told of programmes that governance added */
    int me; /* member of --as or of the first key, or -1 */
    size_t signer_count;
    bool governs;
    struct signer signers[SIGNERS_MAX]; /* ascending (member, key) */
};
enum { CLIENT_NODE = 1, CLIENT_GENESIS = 2, CLIENT_KEYS = 4 /* fail without a key */,
       CLIENT_GOVERNS = 8 /* devnet: a governor's token */ };
int client_open(struct client *k, const struct cli *c, unsigned need);
void client_close(struct client *k);
/* Adds the maker key of a devnet member; to govern where genesis wants both officers, the checker's as well. */
int client_add_devnet_signer(struct client *k, const char *code);
/* On a devnet: the height of an answer, which the next command waits for at whatever node it asks. */
void client_seen(const struct client *k, const json_t *answer);
/* The node's clock. */
int client_wall(struct client *k, int64_t *wall_ms);
const struct zyd_programme *client_programme(const struct client *k, const char *code); /* NULL: the first; or none */
int client_member(const struct client *k, const char *code);                            /* or -1 */
void client_code(const struct client *k, uint16_t member, char out[ZYD_CODE_MAX + 1]);
/* What a record of the state holds at the node's latest block. */
struct client_record {
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    size_t size; /* 0: there is none */
    uint64_t seq, height;
    struct zyd_hash key, leaf; /* leaf: of the state tree */
};
/* path: of the proof, behind /v1/records/.  Prints what went wrong; optional: a token that may not see it gets none. */
int client_record(struct client *k, struct client_record *out, const char *path, bool optional);
/* By its key, or by the name that its contract gave it; refuses an answer that is another record. */
int client_record_by_key(struct client *k, struct client_record *out, const struct zyd_hash *key);
int client_record_named(struct client *k, struct client_record *out, uint16_t contract, const void *name, size_t size);

/* Operations being put together: each zyd_ops_add appends u32 length and bytes. */
struct oplist {
    uint8_t *bytes;
    size_t size, cap;
    uint32_t count;
    struct zyd_hash *ids;
};
void oplist_add(struct oplist *l, const struct zyd_op *op);
void oplist_free(struct oplist *l);
/* A signed envelope of them by the client's signers; malloc'd. */
int client_envelope(struct client *k, uint8_t **bytes, size_t *size, struct zyd_hash *env_id, const struct oplist *ops,
                    int64_t valid_until_ms, bool may_wait);
/* Sends the bytes and waits for a final answer: its JSON ({env_id, status, height, operations}).  With --wait 0 the answer may
 * be "pending".  After an unknown outcome it sends the same bytes again until wait_s is over, then exit 4. */
int client_send(struct client *k, json_t **out, const uint8_t *bytes, size_t size, long wait_s);
/* Exit code and a printed error for one element of operations; 0 when done or waiting. */
int client_outcome(const struct client *k, const json_t *operation);
/* Number of "E9108" / "W1113", or 0. */
uint32_t code_number(const char *label);
const char *json_text(const json_t *o, const char *key); /* "" when absent */
int64_t json_fen(const json_t *o, const char *key);

#endif
