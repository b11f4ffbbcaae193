/* zyd/bft.h: the consensus protocol and nothing else (Simplex, consensus.md 1.2 to 1.10).
 *
 * A pure state machine: inputs in, an ordered list of outputs out; it never calls anyone.  It knows headers, votes and
 * certificates; it never sees an envelope.  Its owner (node/replica) executes blocks, moves bodies, and turns outputs
 * into effects.
 *
 *   proposal -> static checks -> VERIFY -> (owner executes) -> VERIFIED -> N vote: VOTE record, SEND after it is synced
 *   q N votes = NC -> enter view+1; STORE block and F record -> both synced -> F vote SEND
 *   q F votes = FC -> COMMIT in chain order
 *
 * Durability: outputs VOTE, CERT and STORE each carry seq, counted up from 1 over the whole run; the owner persists them
 * and reports SYNCED(seq) when everything up to seq is durable.  SEND.after_seq says what must be durable before the
 * bytes leave.  The machine itself counts its own vote only after SYNCED (P1 to P3).
 *
 * N versus NC versus FC: N is one member's vote for a block, NC a quorum of them (the block is notarized: its children
 * may be voted on), FC a quorum of F votes (the block and all its ancestors are final).
 */
#ifndef ZYD_BFT_H
#define ZYD_BFT_H

#include <zyd/base.h>
#include <zyd/crypto.h>
#include <zyd/ledger.h>

#define ZYD_BFT_OBSERVER 255u       /* me: observer that never signs; a peer that is no validator; BEHIND: peer unknown */
#define ZYD_BFT_WINDOW 64u          /* W: ring of views */
#define ZYD_BFT_SKIP_AFTER 10       /* times delta_ms, at least 2.5 s: a leader that was silent so long is skipped */
#define ZYD_BFT_OUT_MAX 1536u       /* outputs of one step */
#define ZYD_BFT_MSG_MAX (ZYD_HEADER_SIZE + 64u + ZYD_JUST_MAX * ZYD_CERT_SIZE_MAX + 256u)

struct zyd_bft_config {
    struct zyd_hash chain_id;
    uint64_t epoch;             /* 1 */
    uint8_t n, me;              /* validators; my index, or 255: observer that never signs */
    struct zyd_pk pks[ZYD_VALIDATORS_MAX];
    struct zyd_sig_ops sig;     /* sign: the node key */
    struct zyd_header genesis;  /* height 0, view 0: parent of the first block */
    struct zyd_hash valset_hash;
    uint32_t rules_version;
    struct zyd_hash rules_hash;
    uint32_t pace_ms, delta_ms, delta_max_ms, heartbeat_ms, precision_ms, msgdelay_ms;
    uint64_t seed;              /* jitter of retransmission */
};

/* A record of the vote file: one of our own signatures (type N, X or F). */
struct zyd_bft_vote_record {
    struct zyd_vote vote; /* signer = me */
};

struct zyd_bft;
size_t zyd_bft_footprint(void);
struct zyd_bft *zyd_bft_init(void *mem, const struct zyd_bft_config *config);

/* Before START, in this order: what the disk holds.
 * head: the final block's header and the finality certificate that covers it (none at genesis: fc NULL).
 * floor: from the vote file.  votes: own records above final, any order.  certs: stored certificates, any order, and the
 * stored notarization of head itself (a leader that builds on head needs it).
 * blocks: durable unfinalized blocks in ascending view, with J and NC (NULL when the block was final before its NC came).
 * They count as executed: the owner has their write sets applied as overlays before START.
 * restore_vote: ZYD_E_FOREIGN (not our key), ZYD_E_BAD_SIG, ZYD_E_DAMAGED (two votes that our gate never makes): refuse to
 * start.  restore_cert: the codes of zyd_cert_check.  restore_block: ZYD_E_NOT_FOUND (on a losing branch: leave it out and
 * drop its state), ZYD_E_DAMAGED, ZYD_E_EXISTS, ZYD_E_FULL. */
void zyd_bft_restore_head(struct zyd_bft *b, const struct zyd_header *head, const struct zyd_cert *fc, uint64_t floor);
enum zyd_status ZYD_MUST_USE zyd_bft_restore_vote(struct zyd_bft *b, const struct zyd_vote *vote);
enum zyd_status ZYD_MUST_USE zyd_bft_restore_cert(struct zyd_bft *b, const struct zyd_cert *cert);
enum zyd_status ZYD_MUST_USE zyd_bft_restore_block(struct zyd_bft *b, const struct zyd_header *h,
                                                   const struct zyd_cert *just, size_t just_count,
                                                   const struct zyd_cert *nc);

enum zyd_bft_in_kind {
    ZYD_BFT_IN_START = 1,
    ZYD_BFT_IN_TICK,     /* also: the deadline has passed */
    ZYD_BFT_IN_MESSAGE,  /* peer, bytes: a consensus message from an authenticated validator (or observer: 255) */
    ZYD_BFT_IN_SYNCED,   /* seq */
    ZYD_BFT_IN_BUILT,    /* header: BUILD's header with body, log, state and totals filled in, nothing else changed; ok false:
                          * nothing to propose after all (asked again on the next POOL, or after a while).  header is given
                          * in both cases: its view says which BUILD is answered.  A block that we built has been executed
                          * by that: no VERIFY follows */
    ZYD_BFT_IN_VERIFIED, /* hash, ok: answers VERIFY: execution gave the header's roots or not; the body is here */
    ZYD_BFT_IN_HEADER,   /* header, just: a block (DATA or CARRIER) fetched by the owner during catch-up, in chain order from
                          * our final block on; trusted only through certificates */
    ZYD_BFT_IN_CERT,     /* cert: a certificate fetched by the owner; checked here.  In catch-up feed up to 64 HEADERs, then
                          * the FC that covers them; VERIFY, STORE and COMMIT follow as for live blocks */
    ZYD_BFT_IN_POOL,     /* pool_nonempty, sys_due: levels (consensus.md 1.5 arm): is there an envelope that I would put into a
                          * block on my tip now; is a deadline due.  Feed when either changes, look after every step */
    ZYD_BFT_IN_PEER      /* peer, ok: the link came up; or was closed by its side and a redial was refused */
};
struct zyd_bft_in {
    enum zyd_bft_in_kind kind;
    int64_t now_ms;  /* monotonic, every input */
    int64_t wall_ms; /* UTC */
    uint8_t peer;
    bool ok, pool_nonempty, sys_due;
    uint64_t seq;
    struct zyd_hash hash;
    struct zyd_span bytes;
    const struct zyd_header *header;
    const struct zyd_cert *just;
    size_t just_count;
    const struct zyd_cert *cert;
};

enum zyd_bft_out_kind {
    ZYD_BFT_OUT_VOTE = 1, /* seq, vote: append to the vote file and sync */
    ZYD_BFT_OUT_CERT,     /* seq, cert: append to the certificate file (synced with, and before, the votes) */
    ZYD_BFT_OUT_STORE,    /* seq, hash: put this block (header, J, NC, body, outcomes, write set), synced.  Emitted at most once
                           * a block in a run, ancestors first, only of executed blocks; never again of restored ones */
    /* view: new floor for the vote file header; write it lazily, after the finality record is durable (P4) */
    ZYD_BFT_OUT_FLOOR,
    ZYD_BFT_OUT_SEND,     /* peer or ZYD_BFT_ALL, bytes, after_seq */
    ZYD_BFT_OUT_BUILD,    /* header: version .. parent_hash, time, proposer, valset, rules and just_root are filled, flags say
                           * CARRIER or not; the owner fills the body, log, state and totals and answers BUILT.  force: a
                           * heartbeat, build it even when there is nothing to put in; else answer ok false then (the POOL
                           * level may be older than the tip).  A CARRIER's fields are all filled: answer at once */
    ZYD_BFT_OUT_VERIFY,   /* hash, header, just, peer (its leader): fetch the body if absent, execute on the parent, answer
                           * VERIFIED.  Its parent is executed.  At most ZYD_DEPTH_MAX DATA blocks deep.  CARRIERs too: nothing
                           * to execute (their fields were compared with the parent's), answer ok */
    ZYD_BFT_OUT_COMMIT,   /* hash, header, cert, chain: final now; in chain order, each block once; CARRIERs too (flagged).
                           * Stored before; tell clients after after_seq */
    ZYD_BFT_OUT_BEHIND,   /* peer (who knows more, or 255), view, height: certified blocks that we cannot link are out there:
                           * the owner fetches from its final height on and feeds HEADER and CERT */
    ZYD_BFT_OUT_DROP,     /* view: blocks of views <= view that are not on the final chain are dead */
    ZYD_BFT_OUT_EVIDENCE, /* votes[2]: contradictory, both signatures checked */
    ZYD_BFT_OUT_ALARM,    /* alarm */
    ZYD_BFT_OUT_TRACE     /* text: a line for golden traces and debug logs */
};
#define ZYD_BFT_ALL 254u /* every other validator */
enum zyd_bft_alarm { /* fixed numbers */
    ZYD_ALARM_SAFETY = 1,   /* contradictory certificates: signing has stopped */
    ZYD_ALARM_DIVERGED = 2, /* a quorum notarized what our execution refused */
    ZYD_ALARM_OWN_KEY = 3,  /* an unknown vote by our own key: signing has stopped */
    ZYD_ALARM_CLOCK = 4,    /* proposals are repeatedly untimely by our clock */
    ZYD_ALARM_POISON = 5    /* an operation is left out (owner raises it) */
};
struct zyd_bft_out {
    enum zyd_bft_out_kind kind;
    uint8_t peer;
    bool force; /* BUILD */
    enum zyd_bft_alarm alarm;
    uint64_t seq, after_seq, view, height;
    struct zyd_hash hash;
    const struct zyd_header *header;
    const struct zyd_cert *just; /* of VERIFY, STORE */
    size_t just_count;
    const struct zyd_cert *cert; /* CERT: it; STORE: the NC; COMMIT: the FC that covers it */
    const struct zyd_header *chain; /* COMMIT: headers from its child up to the certified one */
    size_t chain_count;
    struct zyd_vote votes[2];    /* VOTE: [0]; EVIDENCE: both */
    struct zyd_span bytes;       /* SEND: message; TRACE: text */
};
struct zyd_bft_outs {
    const struct zyd_bft_out *items; /* the machine's; valid until the next step */
    size_t count;
};

/* Feed one input.  Never fails: hostile bytes are dropped (and counted).  out: what the owner must do, in order. */
void zyd_bft_step(struct zyd_bft *b, struct zyd_bft_outs *out, const struct zyd_bft_in *in);
/* When to feed TICK at the latest, on the now_ms scale; INT64_MAX when nothing is armed. */
int64_t zyd_bft_deadline_ms(const struct zyd_bft *b);
/* The owner's own PERSISTs share the sequence: takes the next number. */
uint64_t zyd_bft_take_seq(struct zyd_bft *b);

struct zyd_bft_status {
    uint64_t view, final_view, final_height, tip_view, tip_height; /* tip: highest notarized block whose header we hold */
    struct zyd_hash final_hash, tip_hash;
    uint8_t leader;
    uint64_t views_nullified, evidence, dropped; /* counters since START */
    uint64_t last_vote_height[ZYD_VALIDATORS_MAX]; /* by validator: height of the last N or F vote seen */
    uint64_t peer_final_height[ZYD_VALIDATORS_MAX];
    bool stopped; /* signing has stopped after an alarm */
};
void zyd_bft_status(const struct zyd_bft *b, struct zyd_bft_status *out);
/* For the owner's window and pool tests: walk parent_hash from the tip.  Also finds CARRIERs. */
/* unfinalized or head; or NULL */
const struct zyd_header *zyd_bft_header(const struct zyd_bft *b, const struct zyd_hash *hash);
/* Walks the invariants numbered in consensus/bft_internal.h; asserts each.  For simulator, fuzzers and tests. */
void zyd_bft_check(const struct zyd_bft *b);

/* Consensus messages (first byte of a peer message; 1..15 are consensus, 16.. the owner's). */
enum zyd_bft_msg { /* fixed numbers */
    ZYD_MSG_PROPOSAL = 1, /* header, justification (u8 count, certificates), leader's N vote */
    ZYD_MSG_VOTE = 2,
    ZYD_MSG_CERT = 3,
    ZYD_MSG_STATUS = 4,    /* u16 version, epoch, view, final view, final height, final hash; every second, advisory */
    ZYD_MSG_GET_CERT = 5   /* type, view: answered with the certificate or own stored votes of that view */
};

#endif
