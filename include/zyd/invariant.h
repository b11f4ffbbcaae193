/* zyd/invariant.h: I1 to I11 of domain.md 3.0.9, checked from outside, a second way.
 *
 * Reads a ledger block by block: envelopes, outcomes, and the records as they stand after the block.  It keeps books, memos,
 * shares, vouchers, pool claims and subsidies of its own from the outcomes' postings and the operations' arguments, and shares
 * no code with what it checks: neither with the host nor with a contract (only the decoders of their bytes).  zyd-audit runs it
 * over what it has verified, zyd-sim over what its simulated members made final.  node/invariant/README.md says which invariant
 * is what.
 *
 * After each event: what that event moved.  After each block: the records that its events touched.  zyd_inv_scan: everything.
 */
#ifndef ZYD_INVARIANT_H
#define ZYD_INVARIANT_H

#include <zyd/genesis.h>
#include <zyd/ledger.h>
#include <zyd/state.h>

#define ZYD_INV_COUNT 11u
#define ZYD_INV_EVENTS 48u  /* event numbers of one product that are counted apart */
#define ZYD_INV_PRODUCTS 6u /* 0: the host */
#define ZYD_INV_CODES 10000u

/* Records after the block; false: there is none.  The value stays valid until the next call. */
struct zyd_inv_source {
    void *ctx;
    bool (*get)(void *ctx, struct zyd_record *out, const struct zyd_hash *key);
};

struct zyd_inv_fault {
    uint8_t invariant; /* 1..11; 0: none */
    bool has_member, has_object;
    uint16_t member;
    struct zyd_hash object;
    uint64_t height, log_index; /* log_index: of the event, or of the last one that touched what is wrong; UINT64_MAX: none */
    char what[240];
};

struct zyd_inv_counts {
    uint64_t blocks, events, refused, postings, scans;
    uint64_t checks[ZYD_INV_COUNT + 1];              /* of each invariant */
    uint64_t done[ZYD_INV_PRODUCTS][ZYD_INV_EVENTS]; /* by members, code 0 */
    uint64_t sys[ZYD_INV_PRODUCTS];                  /* by deadlines and settlements, code 0 */
    uint32_t codes[ZYD_INV_CODES];                   /* refused, by code */
};

static inline uint64_t zyd_inv_checks(const struct zyd_inv_counts *c) /* of all invariants */
{
    uint64_t sum = 0;
    for (unsigned i = 1; i <= ZYD_INV_COUNT; i++) {
        sum += c->checks[i];
    }
    return sum;
}

struct zyd_inv;
/* genesis must outlive it.  NULL: no memory. */
struct zyd_inv *zyd_inv_new(const struct zyd_genesis *genesis);
void zyd_inv_free(struct zyd_inv *v);
/* The blocks in order, from height 1.  False: *fault says what is broken; the first one stands. */
bool zyd_inv_block(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_block_view *b,
                   const struct zyd_inv_source *records);
/* All accounts, contracts, vouchers, claims and cycles against the records. */
bool zyd_inv_scan(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_inv_source *records);
const struct zyd_inv_counts *zyd_inv_counts(const struct zyd_inv *v);

/* One event alone, for tests: op NULL for what the host did by itself.  records may be NULL: programmes then are those of
 * genesis, and what needs records waits for zyd_inv_records. */
bool zyd_inv_event(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_op *op, const struct zyd_outcome *o,
                   const struct zyd_header *h, uint64_t log_index, const struct zyd_inv_source *records);
bool zyd_inv_envelope(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_hash *env_id, uint64_t height,
                      uint64_t log_index);
/* The records that events touched since the last call. */
bool zyd_inv_records(struct zyd_inv *v, struct zyd_inv_fault *fault, uint64_t height, const struct zyd_inv_source *records);

#endif
