/* zyd/state.h: the records and their tree (ledger.md 2.7, 3.4).
 *
 * A record is {key, value}; key = "zyd/key/1" || owner u16 || owner's key bytes.  Its leaf holds a fixed head and the
 * value.  Leaves stand in order of creation in a dense RFC 6962 tree; each names the next greater key, so absence has a
 * proof.  Records are never deleted.
 *
 *   reads of block k:  overlay k -> its unfinalized ancestors -> recent (since the checkpoint) -> kv (the checkpoint)
 *
 * An overlay holds what one block changed: leaves, tree nodes, due entries.  Overlays form a tree of unfinalized blocks
 * over the base.  When a block is final its overlay is applied to the base and siblings are dropped.
 * X versus Y: a *leaf* is the bytes of a record that the tree hashes; a *due entry* is only an index to find
 * deadline records in order of time; the truth of a deadline stands in its record (zyd/host.h).
 */
#ifndef ZYD_STATE_H
#define ZYD_STATE_H

#include <zyd/base.h>
#include <zyd/codec.h>
#include <zyd/crypto.h>
#include <zyd/kv.h>
#include <zyd/ledger.h>

#define ZYD_LEAF_HEAD_SIZE 92u /* key 32, next_key 32, owner u16, kind u8, flags u8, seq u64, first u64, last u64 */
#define ZYD_LEAF_SIZE_MAX (ZYD_LEAF_HEAD_SIZE + ZYD_RECORD_VALUE_MAX)

enum zyd_record_kind { /* fixed numbers; owner 0 */
    ZYD_REC_OBJECT = 0,   /* a contract's own record */
    ZYD_REC_ACCOUNT = 1,
    ZYD_REC_OBLIGATION = 2,
    ZYD_REC_DEADLINES = 3,
    ZYD_REC_PENDING = 4,
    ZYD_REC_MEMBER = 5,
    ZYD_REC_PROGRAMME = 6,
    ZYD_REC_EVIDENCE = 7,
    ZYD_REC_META = 8,      /* control totals */
    ZYD_REC_CALENDAR = 9,
    ZYD_REC_RATE = 10,
    ZYD_REC_PLUGIN = 11,   /* and the parts of its image */
    ZYD_REC_PROPOSAL = 12, /* and the parts of a proposed image */
    ZYD_REC_REGISTRY = 13, /* counts, positions and names of what governance keeps */
    ZYD_REC_SENTINEL = 255 /* leaf 0 */
};

struct zyd_record {
    uint64_t index;
    struct zyd_hash key, next_key;
    uint16_t owner;
    uint8_t kind, flags;
    uint64_t seq, first_height, last_height;
    struct zyd_span value;
};
void zyd_record_key(struct zyd_hash *out, uint16_t owner, struct zyd_span owner_key);
void zyd_leaf_encode(struct zyd_wr *wr, const struct zyd_record *r);
enum zyd_status ZYD_MUST_USE zyd_leaf_decode(struct zyd_record *out, struct zyd_span bytes);

struct zyd_state_limits {
    uint64_t records_max;      /* leaves in the tree */
    uint64_t recent_bytes;     /* memory for records changed since the checkpoint (two generations, half each) */
    uint64_t overlay_bytes;    /* memory of one overlay, about 1 KiB a changed record; there are ZYD_STATE_OVERLAYS */
    uint64_t due_max;          /* deadlines in the base */
};
#define ZYD_STATE_OVERLAYS 24u

struct zyd_state;
struct zyd_overlay;

size_t zyd_state_footprint(const struct zyd_state_limits *limits);
/* An empty base: only the sentinel.  kv must outlive it. mem: footprint bytes, all zero (fresh lazily mapped pages are: it is
 * never cleared as a whole). */
struct zyd_state *zyd_state_init(void *mem, const struct zyd_state_limits *limits, const struct zyd_kv *kv);
/* Rebuilds nodes and due entries from the checkpoint's leaves 0..size-1 and checks the root.  root NULL: not checked, for a
 * checkpoint that a crash may have torn: the caller then replays write sets and compares the root after the last one with
 * its header. */
enum zyd_status ZYD_MUST_USE zyd_state_load(struct zyd_state *s, uint64_t size, const struct zyd_hash *root);
uint64_t zyd_state_size(const struct zyd_state *s);
void zyd_state_root(const struct zyd_state *s, struct zyd_hash *out);

/* parent NULL: on the base.  Returns NULL when all overlays are taken. */
struct zyd_overlay *zyd_overlay_begin(struct zyd_state *s, struct zyd_overlay *parent);
void zyd_overlay_drop(struct zyd_state *s, struct zyd_overlay *o); /* it must have no children */
/* Reads through the chain.  The value stays valid until the next put into this overlay or drop/apply.
 * ZYD_OK, ZYD_E_NOT_FOUND, ZYD_E_STORE, ZYD_E_DAMAGED, ZYD_E_FULL (as put: what the store gives is copied into the overlay). */
enum zyd_status ZYD_MUST_USE zyd_overlay_get(struct zyd_overlay *o, struct zyd_record *out, const struct zyd_hash *key);
/* Makes or changes a record: owner and kind are fixed by the first put.  Links the predecessor's next_key.
 * ZYD_OK, ZYD_E_FULL (memory or records_max: a limit of this node, the block cannot be executed), ZYD_E_STORE. */
enum zyd_status ZYD_MUST_USE zyd_overlay_put(struct zyd_overlay *o, const struct zyd_hash *key, uint16_t owner,
                                             uint8_t kind, uint8_t flags, uint64_t seq, struct zyd_span value,
                                             uint64_t height);
/* The value of a ZYD_REC_DEADLINES record starts with the part that the state reads when it rebuilds its due entries at
 * start and in replay: object 32, count u8, count times {number u8, due_ms u64}.  What follows is the host's.  A live host
 * calls zyd_overlay_due_add itself. */
struct zyd_due_slot {
    uint8_t number;
    uint64_t due_ms;
};
#define ZYD_DUE_SLOTS_MAX 32u
void zyd_due_part_encode(struct zyd_wr *wr, const struct zyd_hash *object, const struct zyd_due_slot *slots, uint8_t count);
void zyd_due_part_read(struct zyd_rd *rd, struct zyd_hash *object, struct zyd_due_slot *slots, uint8_t *count);
/* Due entries: candidates in ascending (due_ms, object, number).  An entry is only a hint: its reader compares it with the
 * deadline record.  next gives the first entry strictly after *cursor in the whole chain with due <= limit; false if none. */
struct zyd_due {
    uint64_t due_ms;
    struct zyd_hash object;
    uint8_t number;
};
enum zyd_status ZYD_MUST_USE zyd_overlay_due_add(struct zyd_overlay *o, const struct zyd_due *due);
bool zyd_overlay_due_next(struct zyd_overlay *o, struct zyd_due *out, const struct zyd_due *cursor, uint64_t limit_ms);
/* The smallest due entry of chain or base at all (o may be NULL: base). False if none. */
bool zyd_state_due_first(struct zyd_state *s, struct zyd_overlay *o, struct zyd_due *out);
/* Drops the entries of the base up to and with *upto: those that the block about to be applied has handled.  Call it before
 * zyd_state_apply: an entry that this block itself added may be due already and must stay. */
void zyd_state_due_prune(struct zyd_state *s, const struct zyd_due *upto);
/* Hashes the changed leaves and paths once; after it no more puts. */
void zyd_overlay_seal(struct zyd_overlay *o, uint64_t *size, struct zyd_hash *root);
uint32_t zyd_overlay_changed(const struct zyd_overlay *o);
/* Appends the write set (ledger.h section 9), ascending leaf index. Sealed overlays only. */
void zyd_overlay_write_set(const struct zyd_overlay *o, struct zyd_wr *wr);
/* Applies a sealed overlay whose parent is the base; children become children of the base. ZYD_E_FULL: finish a checkpoint
 * first (nothing changed).  Overlays that do not descend from o must have been dropped. */
enum zyd_status ZYD_MUST_USE zyd_state_apply(struct zyd_state *s, struct zyd_overlay *o);
/* Applies a stored write set at start (replay after a checkpoint). */
enum zyd_status ZYD_MUST_USE zyd_state_apply_writes(struct zyd_state *s, struct zyd_span writes);

/* Reads of the base (last final block), for queries. */
enum zyd_status ZYD_MUST_USE zyd_state_get(struct zyd_state *s, struct zyd_record *out, const struct zyd_hash *key);
/* Inclusion proof of the record, or of its predecessor when absent (*present says which). leaf: the bytes proven. */
enum zyd_status ZYD_MUST_USE zyd_state_prove(struct zyd_state *s, bool *present, struct zyd_record *rec,
                                             struct zyd_span *leaf, struct zyd_hash *path, size_t *path_count,
                                             const struct zyd_hash *key);
/* Client side: does leaf + path prove key present (value then in *rec) or absent under root? */
enum zyd_status ZYD_MUST_USE zyd_state_check_proof(struct zyd_record *rec, bool *present, const struct zyd_hash *root,
                                                   uint64_t size, struct zyd_span leaf, uint64_t index,
                                                   const struct zyd_hash *path, size_t path_count,
                                                   const struct zyd_hash *key);

/* Checkpoint.  begin freezes the current generation (false if one is still running or nothing changed); next appends up to
 * count_max rows to wr (per row: u64 index, u32 length, leaf bytes; as a write set) and returns true while more remain; done
 * says that the store holds them all (call after the driver reports it), and frees the generation. */
bool zyd_state_checkpoint_begin(struct zyd_state *s);
bool zyd_state_checkpoint_next(struct zyd_state *s, struct zyd_wr *wr, uint32_t count_max);
void zyd_state_checkpoint_done(struct zyd_state *s);
bool zyd_state_checkpoint_running(const struct zyd_state *s);
/* Share of the current generation's memory in use, in ppm. */
uint32_t zyd_state_recent_used_ppm(const struct zyd_state *s);

#endif
