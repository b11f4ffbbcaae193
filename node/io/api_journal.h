/* api_journal.h: what this node signed for callers, kept until the ledger has answered for it (ledger.md 2.3, client rule).
 *
 * An entry: the key a caller asked under, the operation, and the envelope's bytes.  It is durable before the envelope leaves,
 * so a repeated request after any crash finds the same bytes.  Drafts of dual programmes have an operation and no envelope yet.
 * File: records u32 length, u32 CRC32C, body; only ever appended; a torn last record is one that never left.
 * Bounded: the oldest entries go at 64 MiB; what they protect is then the ledger's (object ids, expect_seq).
 * Not thread-safe: its owner locks (append apart).
 */
#ifndef ZYD_IO_API_JOURNAL_H
#define ZYD_IO_API_JOURNAL_H

#include <zyd/io.h>

struct zyd_journal;
struct zyd_journal_entry {
    struct zyd_hash jkey, op_id, env_id; /* env_id zeros: a draft */
    uint64_t valid_until_ms;
    uint8_t *bytes; /* the envelope, or the operation of a draft */
    size_t size;
    uint8_t flags;  /* of the envelope to be built from a draft */
    uint32_t token; /* line of the maker's token: another one must approve */
    bool running;   /* a request is handling it now; not stored */
};
enum zyd_status zyd_journal_open(struct zyd_journal **out, struct zyd_err *err, const char *path);
void zyd_journal_close(struct zyd_journal *j);
struct zyd_journal_entry *zyd_journal_find(struct zyd_journal *j, const struct zyd_hash *jkey);
struct zyd_journal_entry *zyd_journal_find_op(struct zyd_journal *j, const struct zyd_hash *op_id);
struct zyd_journal_entry *zyd_journal_at(struct zyd_journal *j, uint32_t index); /* or NULL at the end */
/* Adds or replaces the entry of jkey in memory (bytes are copied). Not yet durable. */
struct zyd_journal_entry *zyd_journal_set(struct zyd_journal *j, const struct zyd_journal_entry *e);
/* Forgets an entry that was set and never written. */
void zyd_journal_unset(struct zyd_journal *j, const struct zyd_hash *jkey);
/* Two steps of making entries durable: encode them (with the owner's lock held; malloc'd), then append and sync the bytes
 * (without it; one thread).  A failure is for the caller to report: nothing was sent. */
enum zyd_status zyd_journal_encode(struct zyd_journal *j, struct zyd_err *err, uint8_t **out, size_t *size,
                                   const struct zyd_hash *jkeys, size_t count);
enum zyd_status zyd_journal_append(struct zyd_journal *j, struct zyd_err *err, const uint8_t *bytes, size_t size);

#endif
