/* The machine's memory and what its files call of each other.
 *
 * Reading order: bft.c (step) -> wire.c -> on_proposal.c -> chain.c -> gate.c -> on_vote.c -> on_cert.c -> leader.c
 * -> timers.c; restore.c and check.c stand beside.
 *
 * Words.  head: the last block we committed.  fc_top: the highest finalization certificate we hold ("final" in
 * consensus.md 1.5); its block may not be here yet.  tip: the highest notarized block whose header we hold.
 *
 * Invariants, asserted by zyd_bft_check:
 *  I1  view >= 1 and view > the view of each certificate held; view >= head.view + 1.
 *  I2  a slot's view has the slot's place in the ring, and slot.view <= view + 1.
 *  I3  own votes: none above view; no X with a live F; F's hash is that of N when both exist; F has its NC beside it.
 *  I4  an own vote is counted only when released and synced; it is in the ballot exactly then.
 *  I5  each certificate has >= q signers below n, and its array fits its slot (type, view).
 *  I6  no FC beside an XC, no NC of another hash than FC, unless signing has stopped.
 *  I7  blocks: view > head.view, distinct hashes, justification cells are theirs alone and marked used.
 *  I8  a linked block's parent is head or a linked block, with height, time and parent_view right.
 *  I9  a stored block is verified, and its parent is head or stored, with a lower sequence.
 *  I10 floor <= head.view unless restored higher; fc_top.view >= head.view.
 *  I11 synced <= last seq; after_seq of every own vote <= last seq.
 *  I12 an observer has no own vote.
 */
#ifndef ZYD_BFT_INTERNAL_H
#define ZYD_BFT_INTERNAL_H

#include <zyd/bft.h>

#include "mutant.h"

#define RING 128u         /* slots; > W + 2, so what the gate may still sign is never overwritten */
#define BLOCKS_MAX 160u   /* unfinalized chain (72), two headers a view, catch-up batches of 64 */
#define CELLS_MAX 2560u   /* certificates of justifications: 64*65/2 for a window of notarized blocks, and slack */
#define OUT_BYTES (1536u << 10)
#define OUT_SOFT_MAX 640u /* SEND and TRACE stop here; the rest is left for records and commits */
#define TRACE_MAX 160u
#define NONE UINT16_MAX
#define NEVER INT64_MAX
#define STATUS_EVERY_MS 1000
#define BUDGET_PER_S (256 << 10) /* retransmission, bytes a second over all peers (consensus.md 1.5 notes) */
#define BUDGET_MAX (1 << 20)
#define UNTIMELY_ALARM 3u
#define HASTE_VIEWS 16u     /* so many views after final, a refused block is nullified at once; later by time-out */
#define PATIENCE_VIEWS 40u  /* so many views after final, time-outs double */
#define PATIENCE_MSGDELAYS 448 /* at most so long: twice it is below 2^10 MSGDELAY, so a resent proposal is still timely */
#define WIRE_VERSION 1u

enum zyd_bft_verdict { VERDICT_NONE = 0, VERDICT_ASKED, VERDICT_OK, VERDICT_BAD };

struct zyd_bft_block {
    bool used;
    bool cooling;   /* freed in this step: outputs may still point here, so it is not taken again before the next */
    bool linked;    /* parent known, static checks passed */
    bool notarized; /* NC seen */
    bool alarmed;
    bool has_nvote; /* the leader's N signature, so that we can pass the proposal on */
    bool stored;    /* STORE emitted, or restored from disk */
    enum zyd_bft_verdict verdict;
    uint16_t cell_at, cell_count;
    uint64_t store_seq; /* 0: durable since before this run */
    struct zyd_hash hash;
    struct zyd_sig nvote;
    struct zyd_header header;
};

/* One of our signatures. */
struct zyd_bft_own {
    bool have;     /* a record exists (perhaps not synced) */
    bool released; /* may leave once after_seq is synced */
    bool counted;
    bool dead;     /* F of an earlier run whose block never became durable: it never left (P3) */
    uint64_t seq, after_seq, height;
    struct zyd_hash hash;
    struct zyd_sig sig;
};

struct zyd_bft_ballot {
    uint64_t bits;
    uint64_t height[ZYD_VALIDATORS_MAX];
    struct zyd_hash hash[ZYD_VALIDATORS_MAX];
    struct zyd_sig sig[ZYD_VALIDATORS_MAX];
};

struct zyd_bft_slot {
    uint64_t view; /* 0: empty */
    uint16_t proposal[2]; /* blocks that the view's leader signed; NONE */
    bool untimely;        /* already counted */
    bool have_cert[3];    /* by type - 1 */
    uint64_t accused[4];  /* signers already shown as N/N, F/F, N/F, X/F */
    struct zyd_bft_own own[3];
    struct zyd_bft_ballot ballot[3];
    struct zyd_cert cert[3];
};

struct zyd_bft_peer {
    int64_t heard_ms;
    bool down;
    uint8_t untimely; /* proposals in a row that our clock found untimely */
    uint8_t junk;     /* proposals of this view that failed the costly checks */
    uint64_t final_height, vote_height;
    int64_t answered_ms;
};

struct zyd_bft {
    struct zyd_bft_config cfg;
    struct zyd_sig_ops cached_sig; /* verify through the vote tables first */
    uint32_t n, f, q;
    uint64_t leader_base;
    bool started, stopped;
    int64_t now_ms, wall_ms;
    uint64_t rng;

    uint64_t seq, synced;
    uint32_t waiting; /* own votes that were released and not counted */

    /* head */
    struct zyd_header head;
    struct zyd_hash head_hash;
    bool has_head_nc, has_head_fc;
    struct zyd_cert head_nc, head_fc;
    uint64_t floor, own_top; /* own_top: highest view with an own record */

    /* finality */
    bool has_fc_top, has_fc_low;
    struct zyd_cert fc_top;
    struct zyd_cert fc_low; /* catch-up: a lower FC whose block is here */

    /* view */
    uint64_t view, k;
    int64_t entered_ms, d_ms; /* D of this view, at most DELTA_MAX */
    int64_t patience_ms;      /* D, or more where the views left in a J run out (README, decision 5) */
    bool has_entry;
    struct zyd_cert entry;
    bool armed;
    bool gave_up; /* nullify was tried in this view, whatever the gate said */
    int64_t t_lead_ms, t_adv_ms;
    uint16_t building;      /* block under construction, or NONE */
    int64_t build_after_ms; /* not before: BUILT said no */
    int64_t last_data_ms;   /* the latest DATA proposal we took */
    bool had_data;

    /* arm reasons */
    bool pool_nonempty, sys_due;

    /* repeated work */
    int64_t resend_ms, status_ms, hunt_ms, behind_ms;
    int64_t wake_ms; /* earliest instant that some waiting rule of this step named */
    int64_t quorum_ms; /* since when q validators are heard without a break */
    int64_t budget, budget_at_ms;
    uint8_t hunt_peer, ahead_peer;

    uint64_t nullified, evidence, dropped;
    struct zyd_bft_peer peers[ZYD_VALIDATORS_MAX];

    bool again; /* settle once more */
    bool out_full;
    size_t out_count, trace_count, bytes_used;
    struct zyd_bft_out outs[ZYD_BFT_OUT_MAX];
    size_t chain_used, commit_runs;
    struct zyd_header chain[2 * BLOCKS_MAX]; /* headers that this step's COMMITs point to */
    struct zyd_cert commit_fc[4];
    uint8_t bytes[OUT_BYTES];

    size_t block_end; /* no block at or above is in use: walks end here */
    struct zyd_bft_block blocks[BLOCKS_MAX];
    struct zyd_bft_slot slots[RING];
    uint8_t cell_used[CELLS_MAX];
    struct zyd_cert just_in[ZYD_JUST_MAX]; /* of the message being read */
    struct zyd_cert cells[CELLS_MAX];      /* last: pages stay untouched until needed */
};

/* bft.c */
struct zyd_bft_out *zyd_bft_emit(struct zyd_bft *b, enum zyd_bft_out_kind kind);
void zyd_bft_trace(struct zyd_bft *b, const char *format, ...);
void zyd_bft_alarm(struct zyd_bft *b, enum zyd_bft_alarm alarm, uint64_t view);
void zyd_bft_wake_at(struct zyd_bft *b, int64_t at_ms);
uint64_t zyd_bft_random(struct zyd_bft *b);
uint8_t zyd_bft_leader(const struct zyd_bft *b, uint64_t view);
bool zyd_bft_is_observer(const struct zyd_bft *b);
/* The slot of a view: at gives it only if it is there, make makes room for it (NULL when the ring has moved past). */
struct zyd_bft_slot *zyd_bft_slot_at(struct zyd_bft *b, uint64_t view);
struct zyd_bft_slot *zyd_bft_slot_make(struct zyd_bft *b, uint64_t view);
const struct zyd_cert *zyd_bft_cert_at(const struct zyd_bft *b, uint8_t type, uint64_t view);

/* wire.c */
void zyd_bft_on_message(struct zyd_bft *b, uint8_t peer, struct zyd_span bytes);
void zyd_bft_send_vote(struct zyd_bft *b, uint8_t peer, const struct zyd_vote *vote, uint64_t after_seq);
void zyd_bft_send_cert(struct zyd_bft *b, uint8_t peer, const struct zyd_cert *cert);
void zyd_bft_send_proposal(struct zyd_bft *b, uint8_t peer, const struct zyd_bft_block *block, uint64_t after_seq);
size_t zyd_bft_proposal_size(const struct zyd_bft *b, const struct zyd_bft_block *block);
void zyd_bft_send_status(struct zyd_bft *b, uint8_t peer);
void zyd_bft_send_get(struct zyd_bft *b, uint8_t peer, uint8_t type, uint64_t view);
/* Takes size bytes to each of the peers named from the retransmission budget; false: not now. */
bool zyd_bft_afford(struct zyd_bft *b, uint8_t peer, size_t size);

/* chain.c: the block table */
struct zyd_bft_block *zyd_bft_find(struct zyd_bft *b, const struct zyd_hash *hash);
struct zyd_bft_block *zyd_bft_block_add(struct zyd_bft *b, uint64_t view, size_t just_count);
void zyd_bft_block_free(struct zyd_bft *b, struct zyd_bft_block *block);
struct zyd_cert *zyd_bft_block_just(struct zyd_bft *b, const struct zyd_bft_block *block);
struct zyd_bft_block *zyd_bft_tip(struct zyd_bft *b); /* NULL: head */
const struct zyd_header *zyd_bft_tip_header(struct zyd_bft *b);
size_t zyd_bft_path(struct zyd_bft *b, uint16_t path[BLOCKS_MAX], const struct zyd_bft_block *block);
void zyd_bft_cool_down(struct zyd_bft *b);
uint64_t zyd_bft_final_view(const struct zyd_bft *b);
bool zyd_bft_chain_stored(struct zyd_bft *b, const struct zyd_bft_block *block, uint64_t *seq);
uint32_t zyd_bft_data_depth(struct zyd_bft *b, const struct zyd_bft_block *block);
bool zyd_bft_carrier_needed(struct zyd_bft *b);
bool zyd_bft_store_chain(struct zyd_bft *b, struct zyd_bft_block *block);
void zyd_bft_link(struct zyd_bft *b);
void zyd_bft_ask_verify(struct zyd_bft *b, struct zyd_bft_block *block);
void zyd_bft_verify_wanted(struct zyd_bft *b);
void zyd_bft_commit(struct zyd_bft *b);

/* gate.c */
enum zyd_bft_gate { GATE_REFUSED = 0, GATE_STORED, GATE_SIGNED };
enum zyd_bft_gate zyd_bft_sign(struct zyd_bft *b, struct zyd_bft_own **own, uint8_t type, uint64_t view,
                               uint64_t height, const struct zyd_hash *hash);
void zyd_bft_vote_of(const struct zyd_bft *b, struct zyd_vote *vote, const struct zyd_bft_own *own, uint8_t type,
                     uint64_t view);
void zyd_bft_release(struct zyd_bft *b, uint8_t type, uint64_t view, uint64_t after_seq);
void zyd_bft_count_own(struct zyd_bft *b);
void zyd_bft_resign(struct zyd_bft *b, struct zyd_vote *vote);

/* on_proposal.c */
bool zyd_bft_just_check(struct zyd_bft *b, const struct zyd_header *h, const struct zyd_cert *just, size_t count);
bool zyd_bft_static_check(const struct zyd_bft *b, const struct zyd_header *h, const struct zyd_header *parent);
bool zyd_bft_header_sane(const struct zyd_bft *b, const struct zyd_header *h);
void zyd_bft_on_proposal(struct zyd_bft *b, uint8_t peer, const struct zyd_header *h, size_t just_count,
                         const struct zyd_vote *nvote);
void zyd_bft_on_header(struct zyd_bft *b, const struct zyd_header *h, const struct zyd_cert *just, size_t just_count);
void zyd_bft_on_verified(struct zyd_bft *b, const struct zyd_hash *hash, bool ok);
void zyd_bft_try_notarize(struct zyd_bft *b);

/* on_vote.c */
void zyd_bft_on_vote(struct zyd_bft *b, const struct zyd_vote *vote, bool checked);
void zyd_bft_tally(struct zyd_bft *b, uint8_t type, uint64_t view);
void zyd_bft_ballot_add(struct zyd_bft *b, struct zyd_bft_slot *slot, const struct zyd_vote *vote);
void zyd_bft_accuse_cert(struct zyd_bft *b, const struct zyd_cert *cert);
bool zyd_bft_vote_valid(struct zyd_bft *b, const struct zyd_vote *vote);

/* on_cert.c */
enum zyd_status zyd_bft_cert_valid(struct zyd_bft *b, const struct zyd_cert *cert);
void zyd_bft_on_cert(struct zyd_bft *b, const struct zyd_cert *cert, bool relay);
void zyd_bft_try_finalize(struct zyd_bft *b);
void zyd_bft_enter(struct zyd_bft *b, uint64_t view, const struct zyd_cert *entry);

/* leader.c */
void zyd_bft_lead(struct zyd_bft *b);
void zyd_bft_on_built(struct zyd_bft *b, const struct zyd_header *h, bool ok);

/* timers.c */
bool zyd_bft_heartbeat_due(struct zyd_bft *b);
void zyd_bft_time(struct zyd_bft *b);
void zyd_bft_nullify(struct zyd_bft *b, uint64_t view);
int64_t zyd_bft_pace_rest(const struct zyd_bft *b);
void zyd_bft_peer_up(struct zyd_bft *b, uint8_t peer);
bool zyd_bft_inactive(const struct zyd_bft *b, uint8_t validator);

#endif
