/* zyd/ledger.h: envelopes, operations, blocks, certificates, trees, outcomes and receipts.
 *
 *   envelope --env_hash--> body root --+
 *      |                               |
 *   operations --op_id--> ops root     +--> header --header hash--> votes --> certificate (NC, XC, FC)
 *      |                               |
 *   outcomes --leaf--> outcome root    |
 *                         |            |
 *   seal, sys, entry leaves --> log root (RFC 6962 history tree)
 *   records --leaf--> state root (same shape) --+
 *
 * A certificate says that a quorum signed a header.  A receipt says that one operation had one outcome: it is the
 * outcome, its paths up to a header, and a certificate of that header.  Byte tables: FORMATS.md.
 */
#ifndef ZYD_LEDGER_H
#define ZYD_LEDGER_H

#include <zyd/base.h>
#include <zyd/codec.h>
#include <zyd/crypto.h>
#include <zyd/genesis.h>

/* ---- limits (ledger.md 2.8) ---- */
#define ZYD_ENV_SIZE_MAX (1u << 20)
#define ZYD_ENV_OPS_MAX 8192u
#define ZYD_ENV_SIGS_MAX 16u
#define ZYD_OP_SIZE_MAX (16u << 10)
#define ZYD_OP_PLUGIN 10u /* the host's operation that carries an image, and how large it alone may be */
#define ZYD_OP_PLUGIN_SIZE_MAX (264u << 10)
#define ZYD_CLIENT_REF_MAX 35u
#define ZYD_BLOCK_ENVS_MAX 8192u
#define ZYD_BLOCK_BYTES_MAX (4u << 20)
#define ZYD_BLOCK_OPS_MAX 32768u
#define ZYD_CALL_READS_MAX 1024u
#define ZYD_CALL_PUTS_MAX 256u
#define ZYD_CALL_POSTINGS_MAX 256u
#define ZYD_CALL_EVENTS_MAX 64u
#define ZYD_CALL_EVENT_BYTES_MAX 8192u
#define ZYD_CALL_WARNINGS_MAX 64u
#define ZYD_RECORD_KEY_MAX 64u
#define ZYD_RECORD_VALUE_MAX 4096u
#define ZYD_LOG_LEAF_MAX 65535u
#define ZYD_DEPTH_MAX 8u  /* notarized, not yet final blocks */
#define ZYD_JUST_MAX 64u  /* certificates in one justification */
#define ZYD_ACCOUNT_MAX 40u /* account code text: "2141.BANK" */
#define ZYD_WINDOW_IDS_MAX 4194304u

/* ---- RFC 6962 trees (merkle.c) ---- */
void zyd_merkle_leaf(struct zyd_hash *out, const void *data, size_t size); /* SHA-256(0x00 || data) */
void zyd_merkle_node(struct zyd_hash *out, const struct zyd_hash *l, const struct zyd_hash *r);
/* Root over leaf hashes; of none: SHA-256 of nothing.  An odd node is carried up unchanged. */
void zyd_merkle_root(struct zyd_hash *out, const struct zyd_hash *leaves, size_t count);
/* Hashes that prove leaves first..first+n-1 together, into path (at most two a level): from the leaves up, on each level the
 * neighbour on the left, then that on the right, where it is not known.  leaves are worked on and destroyed. */
size_t zyd_merkle_range_path(struct zyd_hash *path, struct zyd_hash *leaves, size_t count, size_t first, size_t n);
/* Inclusion path of leaf index in a tree over leaves; path holds up to 64.  Returns its length. */
size_t zyd_merkle_path(struct zyd_hash *path, const struct zyd_hash *leaves, size_t count, size_t index);
bool ZYD_MUST_USE zyd_merkle_check_inclusion(const struct zyd_hash *root, uint64_t size, uint64_t index,
                                             const struct zyd_hash *leaf, const struct zyd_hash *path,
                                             size_t path_count);
bool ZYD_MUST_USE zyd_merkle_check_consistency(const struct zyd_hash *root1, uint64_t size1,
                                               const struct zyd_hash *root2, uint64_t size2,
                                               const struct zyd_hash *proof, size_t proof_count);
/* The compact range of a tree that only grows: the roots of its complete subtrees, largest first. */
struct zyd_frontier {
    uint64_t size;
    struct zyd_hash nodes[64]; /* popcount(size) of them */
};
void zyd_frontier_append(struct zyd_frontier *f, const struct zyd_hash *leaf);
void zyd_frontier_root(struct zyd_hash *out, const struct zyd_frontier *f);
/* Path of leaf start->size + i in the tree of size start->size + count, whose last count leaves are leaves. */
size_t zyd_frontier_path(struct zyd_hash *path, const struct zyd_frontier *start,
                         const struct zyd_hash *leaves, size_t count, size_t i);

/* ---- envelopes and operations (tx.c; ledger.md 2.1) ---- */
enum zyd_env_class { ZYD_ENV_BUSINESS = 1, ZYD_ENV_GOVERNANCE = 2, ZYD_ENV_EVIDENCE = 3 };
#define ZYD_ENV_MAY_WAIT 1u
#define ZYD_ENV_HEAD_SIZE 80u
#define ZYD_ENV_SIG_SIZE 68u

struct zyd_env_sig {
    uint16_t member, key;
    struct zyd_sig sig;
};
/* A decoded envelope: a view over its bytes. */
struct zyd_env {
    struct zyd_span bytes;   /* the whole envelope */
    struct zyd_hash env_id;  /* "zyd/env/1" over the head: what the signatures sign, too */
    struct zyd_hash env_hash; /* "zyd/envb/1" over all bytes */
    struct zyd_hash chain_id;
    uint8_t class_, flags;
    uint64_t valid_until_ms;
    uint32_t op_count;
    struct zyd_hash ops_root;
    struct zyd_span ops; /* op_count times: u32 length, canonical array */
    uint8_t sig_count;
    struct zyd_env_sig sigs[ZYD_ENV_SIGS_MAX];
};
/* One operation: a view.  host operations have contract 0. */
struct zyd_op {
    struct zyd_hash op_id; /* RFC 6962 leaf hash of bytes */
    struct zyd_span bytes;
    uint16_t contract, event, programme, member;
    bool has_object;
    struct zyd_hash object;
    uint64_t expect_seq;
    struct zyd_span client_ref; /* 1..35 printable ASCII when it makes an object, else empty */
    struct zyd_span args;       /* one canonical MessagePack array */
};

/* Decodes and checks everything that needs no state: encoding, bounds, ascending signers, ops root, ids.  Does not
 * check signatures.  Returns ZYD_OK, ZYD_E_MALFORMED, ZYD_E_TOO_BIG. */
enum zyd_status ZYD_MUST_USE zyd_env_decode(struct zyd_env *out, struct zyd_span bytes);
/* Next operation of an envelope; *pos starts at 0.  False at the end.  Cannot fail on a decoded envelope. */
bool zyd_env_next_op(struct zyd_op *op, const struct zyd_env *env, size_t *pos);
enum zyd_status ZYD_MUST_USE zyd_op_decode(struct zyd_op *out, struct zyd_span bytes);
/* Signers known in genesis, key purposes right for the class (3: node keys, else maker/checker; node keys never sign
 * business), every op's member among the signers, every signature good.  ZYD_OK, ZYD_E_FOREIGN, ZYD_E_INVALID,
 * ZYD_E_BAD_SIG. */
enum zyd_status ZYD_MUST_USE zyd_env_verify(const struct zyd_env *env, const struct zyd_genesis *g,
                                            const struct zyd_sig_ops *sig);
/* Building, for clients.  op: appends one operation's canonical array to wr. */
void zyd_op_encode(struct zyd_wr *wr, const struct zyd_op *op);
/* ops: op_count length-prefixed operations.  Writes the head and operations and a signature count of 0; then
 * zyd_env_sign adds one signature (call in ascending (member, key) order). leaves: scratch for op_count hashes. */
void zyd_env_build(struct zyd_wr *wr, const struct zyd_hash *chain_id, uint8_t class_, uint8_t flags,
                   uint64_t valid_until_ms, uint32_t op_count, struct zyd_span ops, struct zyd_hash *leaves);
void zyd_env_sign(struct zyd_wr *wr, uint16_t member, uint16_t key, const uint8_t sk[ZYD_SK_SIZE]);
/* Id of an object that a member makes (ledger.md 2.3). */
void zyd_object_id(struct zyd_hash *out, uint16_t contract, uint16_t programme, uint16_t member,
                   struct zyd_span client_ref);
/* Id of the n-th object that a contract makes while it runs operation op_id. */
void zyd_object_id_made(struct zyd_hash *out, const struct zyd_hash *op_id, uint32_t n);

/* ---- block header (block.c; ledger.md 3.2), 378 bytes ---- */
#define ZYD_HEADER_SIZE 378u
#define ZYD_HEADER_VERSION 1u
#define ZYD_EPOCH_FIRST 1u
#define ZYD_HEADER_CARRIER 1u
#define ZYD_HEADER_EPOCH_END 2u
struct zyd_header {
    uint16_t version, flags;
    struct zyd_hash chain_id;
    uint64_t epoch, view, height, parent_view;
    struct zyd_hash parent_hash;
    uint64_t time_ms;
    uint16_t proposer; /* validator index */
    struct zyd_hash body_root;
    uint32_t env_count, body_size; /* body_size: bytes of all envelopes */
    uint64_t log_size;
    struct zyd_hash log_root;
    uint64_t state_size;
    struct zyd_hash state_root;
    zyd_u128 debits, credits, open_obligations;
    struct zyd_hash valset_hash;
    uint32_t rules_version;
    struct zyd_hash rules_hash;
    struct zyd_hash just_root;
};
void zyd_header_encode(uint8_t out[ZYD_HEADER_SIZE], const struct zyd_header *h);
enum zyd_status ZYD_MUST_USE zyd_header_decode(struct zyd_header *out, struct zyd_span bytes);
void zyd_header_hash(struct zyd_hash *out, const struct zyd_header *h); /* "zyd/block/1" */

/* ---- votes and certificates (cert.c; consensus.md 1.3) ---- */
enum zyd_vote_type { ZYD_VOTE_N = 1, ZYD_VOTE_X = 2, ZYD_VOTE_F = 3 }; /* notarize, nullify, finalize */
#define ZYD_VOTE_PREIMAGE_SIZE 105u
#define ZYD_VOTE_SIZE 122u /* type, epoch, view, height, hash, signer u8, signature */
struct zyd_vote {
    uint8_t type;
    uint64_t epoch, view, height; /* height and hash are 0 for X */
    struct zyd_hash hash;
    uint8_t signer;
    struct zyd_sig sig;
};
/* Quorum arithmetic: f = (n-1)/3, q = (n+f)/2 + 1 (consensus.md 1.2). */
uint32_t zyd_quorum_f(uint32_t n);
uint32_t zyd_quorum_q(uint32_t n);
void zyd_vote_preimage(uint8_t out[ZYD_VOTE_PREIMAGE_SIZE], const struct zyd_hash *chain_id,
                       const struct zyd_vote *v);
void zyd_vote_encode(uint8_t out[ZYD_VOTE_SIZE], const struct zyd_vote *v);
enum zyd_status ZYD_MUST_USE zyd_vote_decode(struct zyd_vote *out, struct zyd_span bytes);

#define ZYD_CERT_SIZE_MAX (65u + 31u * 64u)
struct zyd_cert {
    uint8_t type;
    uint64_t epoch, view, height;
    struct zyd_hash hash;
    uint64_t bitmap;
    struct zyd_sig sigs[ZYD_VALIDATORS_MAX]; /* popcount(bitmap), ascending signer */
};
void zyd_cert_encode(struct zyd_wr *wr, const struct zyd_cert *c);
/* Bounded: at most 31 signatures, bitmap without bits >= 31, X with zero hash and height. Advances rd. */
void zyd_cert_read(struct zyd_rd *rd, struct zyd_cert *out);
size_t zyd_cert_size(const struct zyd_cert *c);
/* In the order of consensus.md 1.3: epoch, bits < n, popcount >= q, every signature.  ZYD_OK, ZYD_E_FOREIGN,
 * ZYD_E_INVALID, ZYD_E_BAD_SIG. */
enum zyd_status ZYD_MUST_USE zyd_cert_check(const struct zyd_cert *c, const struct zyd_hash *chain_id,
                                            uint64_t epoch, const struct zyd_pk *pks, uint32_t n,
                                            const struct zyd_sig_ops *sig);
/* Leaf hash of a certificate in just_root, and the root over a justification. */
void zyd_just_root(struct zyd_hash *out, const struct zyd_cert *certs, size_t count);

/* ---- log entries (block.c; ledger.md 3.3) ---- */
enum zyd_leaf_type { ZYD_LEAF_SEAL = 1, ZYD_LEAF_SYS = 2, ZYD_LEAF_GOVERNANCE = 3, ZYD_LEAF_EVIDENCE = 4, ZYD_LEAF_ENTRY = 5 };
void zyd_leaf_seal(struct zyd_hash *out, const struct zyd_header *prev_data, const struct zyd_hash *just_root);
void zyd_leaf_sys(struct zyd_hash *out, uint32_t count, const struct zyd_hash *outcome_root);
/* Writes the entry's leaf data (type || head || signatures || env_hash || outcome root || ok count) to wr. */
void zyd_leaf_entry_data(struct zyd_wr *wr, const struct zyd_env *env, const struct zyd_hash *outcome_root,
                         uint32_t ok_count);

/* ---- outcomes (outcome.c) ---- */
struct zyd_posting {
    uint16_t member, programme;
    uint16_t label; /* the contract's name for the row: CLAIM_OK, SHARE ... (zyd/guarantee.h); host rows: zyd/host.h */
    char dr[ZYD_ACCOUNT_MAX + 1], cr[ZYD_ACCOUNT_MAX + 1]; /* account codes, NUL-terminated */
    struct zyd_money amount;                               /* > 0 */
    struct zyd_hash obligation;                            /* zeros: none */
};
struct zyd_emitted {
    uint16_t code;
    struct zyd_span data;
};
/* A view over an outcome's canonical bytes, or what to encode.  The leaf of the outcome tree is the leaf hash of
 * the bytes. */
struct zyd_outcome {
    struct zyd_hash op_id;
    uint32_t code; /* 0 done, 9114 pending, else why not */
    uint64_t fuel;
    bool has_object;
    struct zyd_hash object;
    uint64_t seq; /* the object's new sequence number; 0 without an object */
    /* SYS operations only: due_ms > 0 */
    uint64_t due_ms;
    uint8_t deadline;       /* its number */
    uint16_t contract, event;
    uint32_t posting_count, event_count, warning_count;
    const struct zyd_posting *postings;
    const struct zyd_emitted *events;
    const uint32_t *warnings;
};
void zyd_outcome_encode(struct zyd_wr *wr, const struct zyd_outcome *o);
/* postings, events, warnings are decoded into the caller's arrays of at least the call limits (256, 64, 64). */
enum zyd_status ZYD_MUST_USE zyd_outcome_decode(struct zyd_outcome *out, struct zyd_posting *postings,
                                                struct zyd_emitted *events, uint32_t *warnings,
                                                struct zyd_span bytes);

/* ---- a stored or exported block (block.c): sections in fixed order, each u32 length + bytes ----
 * 1 header  2 justification certificates  3 own notarization or empty  4 the CARRIERs between
 * the previous DATA block and this, each header 378, u32 length + justification
 * 5 log frontier before the block (before its seal leaf)  6 envelopes, each u32 length + bytes
 * 7 outcomes of SYS operations, each u32 length + bytes  8 outcomes of the envelopes, flat, in the order of section 6, each
 * u32 length + bytes: before an operation's own outcome those of the deadlines it fired (due_ms > 0)
 * 9 write set (store only; empty in exports): per record u64 leaf index, u32 length, leaf bytes */
struct zyd_block_view {
    struct zyd_span header_bytes, just, nc, carriers, frontier, envelopes, sys, outcomes, writes;
    struct zyd_header header;
};
enum zyd_status ZYD_MUST_USE zyd_block_decode(struct zyd_block_view *out, struct zyd_span bytes);
void zyd_block_encode(struct zyd_wr *wr, const struct zyd_block_view *b); /* uses the spans only */
void zyd_frontier_encode(struct zyd_wr *wr, const struct zyd_frontier *f);
enum zyd_status ZYD_MUST_USE zyd_frontier_decode(struct zyd_frontier *out, struct zyd_span bytes);
/* count certificates, u8 count first. */
void zyd_just_encode(struct zyd_wr *wr, const struct zyd_cert *certs, size_t count);
/* certs: ZYD_JUST_MAX */
enum zyd_status ZYD_MUST_USE zyd_just_decode(struct zyd_cert *certs, size_t *count, struct zyd_span bytes);

#define ZYD_FINALITY_HEADERS_MAX (ZYD_DEPTH_MAX + 64u)
#define ZYD_FINALITY_SIZE_MAX (ZYD_CERT_SIZE_MAX + 4u + ZYD_FINALITY_HEADERS_MAX * ZYD_HEADER_SIZE)
/* Finality proof of a block: FC of the block or of a descendant, and the headers from the block's child up to the
 * certified one (none when it is the block itself). Stored under `f`, exported, and part of receipts. */
struct zyd_finality {
    struct zyd_cert fc;
    uint32_t header_count; /* <= ZYD_FINALITY_HEADERS_MAX */
    struct zyd_span headers; /* header_count * ZYD_HEADER_SIZE */
};
void zyd_finality_encode(struct zyd_wr *wr, const struct zyd_finality *f);
enum zyd_status ZYD_MUST_USE zyd_finality_decode(struct zyd_finality *out, struct zyd_span bytes);
/* Does it make header final?  Links by hash, then zyd_cert_check. */
enum zyd_status ZYD_MUST_USE zyd_finality_check(const struct zyd_finality *f, const struct zyd_header *h,
                                                const struct zyd_genesis *g, const struct zyd_sig_ops *sig);

/* ---- receipts (receipt.c; ledger.md 3.5 form 1) ---- */
struct zyd_receipt {
    struct zyd_span op, outcome;       /* operation bytes (empty for SYS), outcome bytes */
    uint32_t op_index, op_count;       /* in its envelope; 0, 0 for SYS */
    uint32_t outcome_index, outcome_count; /* in its outcome tree: an envelope's holds fired deadlines too */
    uint32_t op_path_count, outcome_path_count, log_path_count;
    struct zyd_hash op_path[64], outcome_path[64], log_path[64];
    struct zyd_span leaf;              /* the log leaf's data: entry or sys */
    uint64_t log_index;
    struct zyd_header header;
    struct zyd_finality finality;
};
void zyd_receipt_encode(struct zyd_wr *wr, const struct zyd_receipt *r);
enum zyd_status ZYD_MUST_USE zyd_receipt_decode(struct zyd_receipt *out, struct zyd_span bytes);
/* Everything, from genesis alone.  why names the first rule that fails. */
enum zyd_status ZYD_MUST_USE zyd_receipt_check(const struct zyd_receipt *r, const char **why,
                                               const struct zyd_genesis *g, const struct zyd_sig_ops *sig);
/* Making receipts from a stored block: open once a block, then one for each operation wanted.
 * prev_data: the header of the previous DATA block (its seal stands in this one).  scratch: at least 192 bytes an envelope and
 * 96 an outcome or operation of the block, plus 128 KiB; it belongs to the opened block until the caller resets it. ZYD_OK,
 * ZYD_E_FULL (scratch), ZYD_E_DAMAGED (the parts do not give the header's log root). */
struct zyd_receipt_block {
    const struct zyd_block_view *block; /* the caller's; must stay */
    struct zyd_arena *scratch;
    struct zyd_frontier before;
    struct zyd_hash *leaves; /* of this block's log entries */
    uint32_t leaf_count, sys_count;
    struct zyd_receipt_env *envs; /* receipt.c */
    struct zyd_receipt_row *rows; /* outcomes: the SYS section's, then the envelopes' */
    struct zyd_hash *row_hashes;
};
enum zyd_status ZYD_MUST_USE zyd_receipt_open(struct zyd_receipt_block *out, struct zyd_arena *scratch,
                                              const struct zyd_block_view *b, const struct zyd_header *prev_data);
/* The receipt of operation op_index of envelope env_index; env_index ZYD_RECEIPT_SYS: of the op_index-th outcome of the SYS
 * section.  leaf_buf: ZYD_LOG_LEAF_MAX + 1 bytes that the receipt points into.  ZYD_OK, ZYD_E_NOT_FOUND, ZYD_E_FULL. */
#define ZYD_RECEIPT_SYS UINT32_MAX
enum zyd_status ZYD_MUST_USE zyd_receipt_of(struct zyd_receipt *out, uint8_t *leaf_buf, struct zyd_receipt_block *rb,
                                            const struct zyd_finality *f, uint32_t env_index, uint32_t op_index);
/* Both in one: for a single receipt. */
enum zyd_status ZYD_MUST_USE zyd_receipt_make(struct zyd_receipt *out, uint8_t *leaf_buf, struct zyd_arena *scratch,
                                              const struct zyd_block_view *b, const struct zyd_header *prev_data,
                                              const struct zyd_finality *f, uint32_t env_index, uint32_t op_index);

#endif
