/* zyd/sim.h: the deterministic world around zyd_replica_step (reliability.md 4).
 *
 * One process, one thread, one heap of events keyed by (virtual time, sequence number).  n replicas, clients, an adversary;
 * a network that delays, loses, duplicates, reorders, partitions and cuts one way; disks that lose unsynced writes at a
 * crash.  Checkers stand outside the replicas.  One 64-bit seed decides everything: same seed,
 * same trace hash. */
#ifndef ZYD_SIM_H
#define ZYD_SIM_H

#include <zyd/base.h>
#include <zyd/invariant.h>
#include <zyd/replica.h>

enum zyd_sim_crypto {
    ZYD_SIM_CRYPTO_DRAWN = 0, /* by the seed: 80 % stub, 15 % memo, 5 % real */
    ZYD_SIM_CRYPTO_STUB,      /* votes carry a keyed hash; envelopes as memo */
    ZYD_SIM_CRYPTO_MEMO,      /* Ed25519; verdicts are remembered by exact bytes for the whole process */
    ZYD_SIM_CRYPTO_REAL       /* Ed25519, every check anew */
};
#define ZYD_SIM_LOANS_MAX 128u
/* The secret keys of a run: of validators by index, of members (their key 1, maker) by position. */
struct zyd_sim_keys {
    uint8_t node[ZYD_VALIDATORS_MAX][ZYD_SK_SIZE], maker[ZYD_MEMBERS_MAX][ZYD_SK_SIZE];
};
/* Shows the ledger that a run makes: genesis first, then every block once, ascending, when it first becomes final anywhere (its
 * value with the write set, its finality).  What the arguments point to dies with the call. */
struct zyd_sim_chain {
    void *ctx;
    void (*genesis)(void *ctx, const struct zyd_genesis *g, const struct zyd_header *header, const struct zyd_sim_keys *keys);
    void (*block)(void *ctx, struct zyd_span value, struct zyd_span finality);
};
struct zyd_sim_options {
    uint64_t seed;
    uint8_t replicas;        /* 0: drawn from the seed, 4..7 */
    uint8_t clients;         /* 0: drawn */
    uint32_t blocks;         /* end of the fault phase: when so many blocks are final, or at until_ms */
    int64_t until_ms;        /* virtual; 0: 60 s */
    bool faults;             /* false: a healthy network and no crashes */
    enum zyd_sim_crypto crypto;
    struct zyd_span plugin;  /* the guarantee contract's ELF: the workload runs it */
    uint8_t loans;           /* of each client, that is operations of an envelope, up to ZYD_SIM_LOANS_MAX; 0: drawn, 1..4 */
    const struct zyd_sim_chain *chain; /* or NULL */
    /* All five products in place of guarantee contracts alone: I1 to I11 are checked after each event (zyd/invariant.h). */
    bool products;
    struct zyd_span plugins[5]; /* guarantee, pool, subsidy, voucher, cycle */
    uint64_t product_events;    /* end of the fault phase: so many events were executed or refused */
    uint32_t scan_every;        /* blocks between two full scans */
    struct zyd_inv_counts *counts; /* or NULL: those of the run are added */
    void (*trace)(void *ctx, const char *line); /* or NULL */
    void *trace_ctx;
};
enum zyd_sim_verdict { /* exit codes of zyd-sim */
    ZYD_SIM_PASS = 0,
    ZYD_SIM_SAFETY = 1,
    ZYD_SIM_LIVENESS = 2,
    ZYD_SIM_NONDETERMINISM = 3
};
struct zyd_sim_result {
    enum zyd_sim_verdict verdict;
    char why[256];               /* which checker, where */
    struct zyd_hash trace_hash;  /* SHA-256 over every event */
    int64_t virtual_ms;
    uint64_t events, blocks, operations, crashes, partitions, messages, lost, byzantine_acts, nullified, evidence;
    uint64_t invariant_events; /* executed or refused in final blocks */
};
void zyd_sim_count(struct zyd_inv_counts *sum, const struct zyd_inv_counts *one);
enum zyd_status zyd_sim_run(struct zyd_sim_result *out, const struct zyd_sim_options *options);

#endif
