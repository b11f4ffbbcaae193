/* zyd/verify.h: checking an exported ledger without trusting anybody (ledger.md 3.7, 3.9).
 *
 * A bundle is a directory: SHA256SUMS, manifest.json, genesis (the canonical body), consortium.json (as the members approved
 * it), plugins/<hash>.elf, segments/<first>-<last>.seg, FORMAT.txt (FORMATS.md 20; zyd/bundle.h writes it).  A segment ends at
 * a block end; its footer makes every cut visible; the compact range at its start lets segments be checked alone.
 *
 * The checks, each done / failed / not done:
 *   frame    framing, canonical bytes, counts, footers, file hashes
 *   chain    heights, parent hashes, rising time, rules
 *   history  every log leaf and node, root of every header, body roots, ops roots, outcome roots
 *   quorum   every signature of every certificate (justification, notarization, finality)
 *   entry    every submitter signature, its signer and key
 *   replay   re-execution: equal outcomes, state roots, control totals
 *   sums     business sums over the final state: debits = credits, each 1141 equals its mirror 2141, obligations
 *
 * This header is the pure part, one block at a time;
 * node/bin/zyd-audit reads files and spreads work over threads. */
#ifndef ZYD_VERIFY_H
#define ZYD_VERIFY_H

#include <zyd/base.h>
#include <zyd/genesis.h>
#include <zyd/ledger.h>

enum zyd_check { /* fixed numbers */
    ZYD_CHECK_FRAME = 0,
    ZYD_CHECK_CHAIN,
    ZYD_CHECK_HISTORY,
    ZYD_CHECK_QUORUM,
    ZYD_CHECK_ENTRY,
    ZYD_CHECK_REPLAY,
    ZYD_CHECK_SUMS,
    ZYD_CHECK_COUNT
};
const char *zyd_check_name(enum zyd_check c);

/* The first thing that is wrong. */
struct zyd_fault {
    enum zyd_check check;
    uint64_t height;
    uint64_t entry;       /* log index, or UINT64_MAX */
    const char *rule;     /* static English text: which rule */
};

/* ---- segments (FORMATS.md) ---- */
#define ZYD_SEGMENT_MAGIC "ZYDSEG1"
#define ZYD_SEGMENT_TARGET (64u << 20)
struct zyd_segment_head {
    struct zyd_hash chain_id;
    uint64_t first_height, last_height, first_index, end_index; /* log indices [first, end) */
    struct zyd_frontier frontier; /* of the log before first_height */
    uint64_t state_size;          /* before first_height */
    struct zyd_hash state_root;
};
/* Writer: head, then per block zyd_segment_frame(block value without write set, finality), then end. wr holds one piece
 * at a time; the caller appends it to the file and keeps the running hash. */
void zyd_segment_head_encode(struct zyd_wr *wr, const struct zyd_segment_head *h);
void zyd_segment_frame_encode(struct zyd_wr *wr, struct zyd_span block, struct zyd_span finality);
#define ZYD_SEGMENT_FOOT_SIZE                                                                                                  \
    92u /* "ZYDSEGE1", u32 blocks, u64 entries, u64 bytes before, log root 32, SHA-256 32 of all before */
void zyd_segment_foot_encode(uint8_t out[ZYD_SEGMENT_FOOT_SIZE], uint32_t blocks, uint64_t entries, uint64_t size,
                             const struct zyd_hash *log_root, const struct zyd_hash *file_hash);
/* Reader over a whole mapped segment.  open checks magic, head and footer, and says in hash_ok whether the bytes have the hash
 * in the footer: when they have not, reading on finds which block is the first bad one.  It returns ZYD_OK, ZYD_E_MALFORMED or
 * ZYD_E_FOREIGN (a version that this code does not know); file, file_hash and hash_ok are set in any case. */
struct zyd_segment {
    struct zyd_span file;
    struct zyd_hash file_hash; /* SHA-256 of all bytes, footer included */
    struct zyd_segment_head head;
    uint32_t blocks; /* never more than the bytes can hold */
    uint64_t entries;
    struct zyd_hash end_root;
    bool hash_ok;
    size_t frames_at, frames_end;
};
enum zyd_status ZYD_MUST_USE zyd_segment_open(struct zyd_segment *out, const char **why, struct zyd_span file);
/* Next block; *pos starts at frames_at. ZYD_E_NOT_FOUND at the end. */
enum zyd_status ZYD_MUST_USE zyd_segment_next(struct zyd_block_view *block, struct zyd_span *finality, size_t *pos,
                                              const struct zyd_segment *s);

/* ---- one block ---- */
/* History: rebuilds the block's log leaves, ops and outcome roots from its frames on frontier (advanced on success), and
 * compares the header. */
enum zyd_status ZYD_MUST_USE zyd_verify_history(struct zyd_fault *fault, struct zyd_frontier *frontier,
                                                struct zyd_arena *scratch, const struct zyd_block_view *b,
                                                const struct zyd_header *prev_data);
/* Chain: links to the previous DATA block through the carriers; height, time, view, rules, chain id. */
enum zyd_status ZYD_MUST_USE zyd_verify_chain(struct zyd_fault *fault, const struct zyd_genesis *g,
                                              const struct zyd_block_view *b, const struct zyd_header *prev_data);
/* Quorum: justification (J complete, just_root), own NC if present, finality.  sig.verify is called for each signature. */
enum zyd_status ZYD_MUST_USE zyd_verify_quorum(struct zyd_fault *fault, const struct zyd_genesis *g,
                                               const struct zyd_block_view *b, struct zyd_span finality,
                                               const struct zyd_sig_ops *sig);
/* Entry: every envelope's signers and signatures. */
enum zyd_status ZYD_MUST_USE zyd_verify_entries(struct zyd_fault *fault, const struct zyd_genesis *g,
                                                const struct zyd_block_view *b, const struct zyd_sig_ops *sig);
/* History and entry in one pass over the envelopes; what history finds comes first. */
enum zyd_status ZYD_MUST_USE zyd_verify_body(struct zyd_fault *fault, struct zyd_frontier *frontier, struct zyd_arena *scratch,
                                             const struct zyd_genesis *g, const struct zyd_block_view *b,
                                             const struct zyd_header *prev_data, const struct zyd_sig_ops *sig);

#endif
