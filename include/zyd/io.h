/* zyd/io.h: the effects: one outside thing a file in node/io.  Everything here may block, allocate and fail.
 *
 * Store (archive zyd_store: the simulator may link it): LevelDB and the vote file.  Net: peer links.  The rest: keys, clock,
 * log. Functions return enum zyd_status and fill a struct zyd_err with what, where and what to do.
 */
#ifndef ZYD_IO_H
#define ZYD_IO_H

#include <zyd/base.h>
#include <zyd/crypto.h>
#include <zyd/genesis.h>
#include <zyd/kv.h>
#include <zyd/ledger.h>
#include <zyd/replica.h>

struct zyd_err {
    uint32_t code;  /* catalogue: 8xxx */
    char text[512]; /* English, one line: what, where, what to do */
};
void zyd_err_set(struct zyd_err *err, uint32_t code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- LevelDB (node/io/store/store_leveldb.c; ledger.md 2.7, reliability.md 2.1) ---- */
struct zyd_store;
/* Opens, or with create makes, the database in dir (create: it must not exist).  Never repairs.  rebuilt_floor: with create,
 * the vote file's floor when an old ledger was set aside, else 0. ZYD_OK, ZYD_E_DAMAGED (the cure is in err), ZYD_E_FOREIGN
 * (another consortium or format), ZYD_E_BUSY (another process), ZYD_E_NOT_FOUND, ZYD_E_EXISTS, ZYD_E_STORE, ZYD_E_IO. */
enum zyd_status zyd_store_open(struct zyd_store **out, struct zyd_err *err, const char *dir, const struct zyd_hash *chain_id,
                               bool create, uint64_t rebuilt_floor);
void zyd_store_close(struct zyd_store *s);
uint64_t zyd_store_rebuilt_floor(const struct zyd_store *s);
/* Number of the vote file's last record (zyd_votes_seq) that was durable at some synced put: a vote file that ends before it is
 * an old one.  note: goes with the next synced put; on the putting thread. */
uint64_t zyd_store_votes_seq(const struct zyd_store *s);
void zyd_store_votes_note(struct zyd_store *s, uint64_t seq);
uint64_t zyd_store_bytes(const struct zyd_store *s); /* approximate, on disk */
/* The read table for the replica; valid from any one thread, beside zyd_store_put on another. */
struct zyd_kv zyd_store_kv(struct zyd_store *s);
const struct zyd_err *zyd_store_kv_error(const struct zyd_store *s); /* of the last failed read through the table */
/* Puts the persisted items of one turn (kinds BLOCK, FINAL, CHECKPOINT, CHECKPOINT_END; vote file kinds are passed over) in one
 * write; sync: fdatasync and fsync of the directory before it returns.  Checkpoint items always sync.  One thread.  A failure
 * is fatal: never retried. */
enum zyd_status zyd_store_put(struct zyd_store *s, struct zyd_err *err, const struct zyd_fx *items, size_t count, bool sync);
/* What restart needs.  *have false: no checkpoint (a new store). */
enum zyd_status zyd_store_checkpoint(struct zyd_store *s, struct zyd_err *err, bool *have, struct zyd_checkpoint *out);
/* Block values above the final block at head_height, ascending (height, view): also CARRIERs that keep its height. */
enum zyd_status zyd_store_unfinal(struct zyd_store *s, struct zyd_err *err, uint64_t head_height,
                                  enum zyd_status (*each)(void *ctx, struct zyd_span value), void *ctx);
/* Final block by height, from any thread: malloc'd copies, caller frees.  ZYD_E_NOT_FOUND.  *finality_size 0:
 * not written yet. */
enum zyd_status zyd_store_block(struct zyd_store *s, struct zyd_err *err, uint64_t height, uint8_t **value, size_t *size,
                                uint8_t **finality, size_t *finality_size);

/* ---- vote file and certificate file (node/io/store/vote_file.c; consensus.md 1.4) ---- */
struct zyd_votes;
enum zyd_status zyd_votes_create(struct zyd_err *err, const char *dir, const struct zyd_hash *chain_id); /* by init only */
/* Missing or damaged: ZYD_E_DAMAGED, the node must not start (quarantine is a later step). */
enum zyd_status zyd_votes_open(struct zyd_votes **out, struct zyd_err *err, const char *dir, const struct zyd_hash *chain_id);
void zyd_votes_close(struct zyd_votes *v);
uint64_t zyd_votes_floor(const struct zyd_votes *v);
uint64_t zyd_votes_seq(const struct zyd_votes *v); /* number of its last record; after open or append: durable */
/* Does it hold our vote of this type, view and hash?  Only votes above the floor are held. */
bool zyd_votes_has(const struct zyd_votes *v, uint8_t type, uint64_t view, const struct zyd_hash *hash);
/* The votes above the floor, in the order of their making; then the certificates from the floor on. */
enum zyd_status zyd_votes_each(struct zyd_votes *v, struct zyd_err *err,
                               enum zyd_status (*vote)(void *ctx, struct zyd_span vote),
                               enum zyd_status (*cert)(void *ctx, struct zyd_span cert), void *ctx);
/* Appends VOTE, CERT, FLOOR items (others are passed over), certificates first, and syncs once.  One thread.  A failure is
 * fatal: never retried. */
enum zyd_status zyd_votes_append(struct zyd_votes *v, struct zyd_err *err, const struct zyd_fx *items, size_t count);

/* ---- peer links (node/io/net_nng.c, link.c; prototypes.md 1.3, 2) ---- */
struct zyd_net;
struct zyd_net_config {
    const struct zyd_genesis *genesis; /* outlives the net */
    uint16_t me_member;
    uint8_t link_sk[ZYD_SK_SIZE];
    const char *listen;                   /* "host:port"; port 0: any free one */
    const char *address[ZYD_MEMBERS_MAX]; /* override by member index, or NULL: genesis */
    /* 0: the standard (1 s, 5 s, 256 MiB, 8 MiB) */
    uint32_t ping_ms, dead_ms;
    uint64_t rekey_bytes;
    size_t queue_bytes;
};
#define ZYD_NET_MESSAGE_MAX ((1u << 20) + (64u << 10) - 21u) /* bytes of one message: a frame less its seal and its length */
#define ZYD_NET_UNAUTHENTICATED_MAX 64u
#define ZYD_NET_HANDSHAKE_MS 3000
/* Callbacks run on the net thread; they must only queue.  peer: validator index.  message returns false when it cannot take it
 * now: reading from that peer pauses, and the same message comes again after 1 ms.  peer:
 * a closed connection is told at once. */
struct zyd_net_events {
    void *ctx;
    bool (*message)(void *ctx, uint8_t peer, struct zyd_span bytes);
    void (*peer)(void *ctx, uint8_t peer, bool up);
};
/* The lower link key dials.  ZYD_OK, ZYD_E_INVALID (our key is not in genesis, an address), ZYD_E_IO (cannot listen). */
enum zyd_status zyd_net_start(struct zyd_net **out, struct zyd_err *err, const struct zyd_net_config *config,
                              const struct zyd_net_events *events);
uint16_t zyd_net_port(const struct zyd_net *n);
/* Dials (or will be dialled by) member at another address from now on; thread-safe. */
void zyd_net_address(struct zyd_net *n, uint16_t member, const char *address);
/* Copies; thread-safe; drops when the peer's queue is full or it is down.  peer ZYD_BFT_ALL: every validator but us. */
void zyd_net_send(struct zyd_net *n, uint8_t peer, struct zyd_span bytes);
struct zyd_net_stat {
    bool up;
    uint64_t sent_bytes, received_bytes, dropped;
    uint32_t rtt_us;
};
void zyd_net_stats(struct zyd_net *n, struct zyd_net_stat out[ZYD_VALIDATORS_MAX]);
uint64_t zyd_net_refused(const struct zyd_net *n); /* links that ended before they were authenticated */
void zyd_net_stop(struct zyd_net *n);

/* ---- keys at rest (node/io/keyfile.c): Argon2id + XChaCha20-Poly1305, FORMATS.md ---- */
struct zyd_key {
    uint8_t purpose; /* enum zyd_key_purpose */
    struct zyd_pk pk;
    uint8_t sk[ZYD_SK_SIZE];
};
#define ZYD_KEY_FILE_SIZE 148u
void zyd_key_generate(struct zyd_key *out, uint8_t purpose);
void zyd_key_wipe(struct zyd_key *key);
/* strength: 0 interactive (devnet, tests), 1 moderate (default).  passphrase may be empty only with strength 0.  Never
 * overwrites: ZYD_E_EXISTS. */
enum zyd_status zyd_key_save(struct zyd_err *err, const char *path, const struct zyd_key *key, const char *passphrase,
                             int strength);
/* ZYD_OK, ZYD_E_BAD_SIG (wrong passphrase), ZYD_E_DAMAGED, ZYD_E_NOT_FOUND, ZYD_E_IO (also: other users may read the file). */
enum zyd_status zyd_key_load(struct zyd_key *out, struct zyd_err *err, const char *path, const char *passphrase);
enum zyd_status zyd_key_inspect(struct zyd_key *out_public, struct zyd_err *err, const char *path); /* sk zeroed */
/* The file's bytes; for tests and the fuzzer. */
enum zyd_status zyd_key_open(struct zyd_key *out, struct zyd_span file, const char *passphrase);
/* First line of a file or of descriptor 0 ("-"); for passphrases.  Never from an argument. */
enum zyd_status zyd_secret_read(char *out, size_t cap, struct zyd_err *err, const char *path);

/* ---- clock and log ---- */
int64_t zyd_clock_mono_ms(void);
/* UTC; in a development consortium moved by the offset (D21).  The offset is the process's one; 0 at first. */
int64_t zyd_clock_wall_ms(void);
void zyd_clock_offset_set(int64_t ms);
int64_t zyd_clock_offset(void);
enum zyd_log_level { ZYD_LOG_ERROR = 0, ZYD_LOG_WARN, ZYD_LOG_INFO, ZYD_LOG_DEBUG };
enum zyd_log_format {
    ZYD_LOG_AUTO = 0, /* journal under systemd, else text on a terminal, else JSON lines */
    ZYD_LOG_TEXT,
    ZYD_LOG_JSON,
    ZYD_LOG_JOURNAL /* text behind the journal's <priority> */
};
void zyd_log_setup(enum zyd_log_level level, enum zyd_log_format format, const char *name);
/* One line to standard error, in one write.  event: a fixed word a reader can search for ("peer-up"); format: key=value pairs.
 * Never personal data, keys or documents.  Any thread. */
void zyd_log(enum zyd_log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- files ---- */
/* malloc'd, one zero byte behind the end.  ZYD_E_NOT_FOUND, ZYD_E_TOO_BIG, ZYD_E_IO. */
enum zyd_status zyd_file_read(uint8_t **out, size_t *size, struct zyd_err *err, const char *path, size_t size_max);
/* The whole file or the old one, durable when it returns. */
enum zyd_status zyd_file_write_atomic(struct zyd_err *err, const char *path, const void *data, size_t size, unsigned mode);
/* Large zero pages for a footprint, mapped lazily; NULL on failure. */
void *zyd_pages_map(size_t size);
void zyd_pages_unmap(void *mem, size_t size);

/* ---- ports on loopback (node/io/port.c): for nodes that this machine starts itself ---- */
bool zyd_port_free(int port); /* it can be bound now; a moment later another may have it */
/* One that is free, at random, and that nobody else finds while this process lives; 0: none. */
int zyd_port_find(void);

/* ---- text of others (node/io/text.c) ---- */
/* Bytes from the start that are UTF-8 without NUL. */
size_t zyd_utf8_span(struct zyd_span bytes);
/* GB18030 (GBK, GB2312) as UTF-8, malloc'd; NULL: it is not, or holds a NUL, from *bad on. */
char *zyd_gb18030_text(size_t *size, size_t *bad, struct zyd_span bytes);
size_t zyd_line_of(struct zyd_span bytes, size_t at); /* of the byte at this offset, from 1 */

/* ---- queues between threads (node/io/inbox.c): many writers, one reader, bounded by bytes a lane ----
 * An item is a head of fixed size and bytes; both are copied in.  The reader takes all there is at once and reads it without
 * a lock; writers wake it only while it waits. */
struct zyd_queue;
#define ZYD_QUEUE_LANES_MAX 40u
/* lane_max: bytes that may wait in each lane; 0: no bound.  NULL when out of memory or descriptors. */
struct zyd_queue *zyd_queue_make(size_t head_size, const size_t *lane_max, size_t lanes);
void zyd_queue_free(struct zyd_queue *q);
bool zyd_queue_push(struct zyd_queue *q, size_t lane, const void *head, struct zyd_span bytes); /* false: the lane is full */
/* Reader: true when something is there; else the next push makes zyd_queue_fd readable. */
bool zyd_queue_arm(struct zyd_queue *q);
int zyd_queue_fd(const struct zyd_queue *q);
/* Reader: takes what is there; then next, until false.  Bytes are 16-byte aligned and live until the next take. */
bool zyd_queue_take(struct zyd_queue *q);
bool zyd_queue_next(struct zyd_queue *q, void *head, struct zyd_span *bytes);

/* ---- node.conf (node/io/config.c; surfaces.md 3.3) ---- */
#define ZYD_CONFIG_TEXT_MAX 1024u
struct zyd_config {
    char path[ZYD_CONFIG_TEXT_MAX]; /* the file; relative paths in it start at its directory */
    char name[ZYD_CONFIG_TEXT_MAX]; /* [node]: our member code */
    char consortium[ZYD_CONFIG_TEXT_MAX];
    struct zyd_hash genesis_hash;
    char data_dir[ZYD_CONFIG_TEXT_MAX];
    char plugins[ZYD_CONFIG_TEXT_MAX];
    char peer_listen[ZYD_CONFIG_TEXT_MAX]; /* [peer]: "host:port" */
    uint32_t peer_count;
    struct zyd_config_peer { /* [peer "CODE"] */
        char code[ZYD_CODE_MAX + 1];
        char address[256];
    } peers[ZYD_MEMBERS_MAX];
    char api_listen[ZYD_CONFIG_TEXT_MAX]; /* [api]: comma list of "host:port" and "unix:/path" */
    char api_tokens[ZYD_CONFIG_TEXT_MAX]; /* path or empty */
    bool api_open_reads;
    char key_node[ZYD_CONFIG_TEXT_MAX], key_link[ZYD_CONFIG_TEXT_MAX]; /* [key]: paths */
    char key_maker[ZYD_CONFIG_TEXT_MAX], key_checker[ZYD_CONFIG_TEXT_MAX]; /* or empty */
    char key_passphrase_file[ZYD_CONFIG_TEXT_MAX];                         /* or empty: empty passphrase */
    char metrics_listen[ZYD_CONFIG_TEXT_MAX];                              /* or empty */
    enum zyd_log_format log_format;
    enum zyd_log_level log_level;
    char log_lang[16]; /* "zh-CN" or "en" */
};
/* Reads the file, then the environment (ZYD_<SECTION>_<KEY>, ZYD_PEER_<CODE>_ADDRESS), then checks.  err: file:line: what,
 * allowed, suggestion.  ZYD_OK, ZYD_E_INVALID, ZYD_E_NOT_FOUND, ZYD_E_IO. */
enum zyd_status zyd_config_load(struct zyd_config *out, struct zyd_err *err, const char *path);
/* The same over text (for tests and the fuzzer): env is a NULL-terminated list of NAME=VALUE, or NULL. */
enum zyd_status zyd_config_parse(struct zyd_config *out, struct zyd_err *err, const char *path, struct zyd_span text,
                                 char *const *env);
/* The effective configuration as a node.conf; malloc'd. */
char *zyd_config_print(const struct zyd_config *c);

/* ---- consortium.json (node/io/consortium.c; surfaces.md 3.4) ---- */
/* Reads the file into a canonical genesis body (malloc'd), its hash, and its approvals: bit i of *approvals is set when member
 * i approved this body.  Checks proofs of possession and approvals.  More: zyd/consortium.h. */
enum zyd_status zyd_consortium_load(uint8_t **body, size_t *size, struct zyd_hash *hash, uint64_t *approvals,
                                    struct zyd_err *err, const char *path);

#endif
