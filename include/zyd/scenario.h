/* zyd/scenario.h: worked examples as plain text, run against any ledger (format: tests/scenarios/README.md).
 *
 *   file --parse--> plan (members, programmes, calendar) + steps --run--> backend: in process (zyd_scenario_inproc), or
 *   whatever the caller plugs in: a live devnet.
 *
 * May use malloc and stdio.  In archive zyd_scenario.
 */
#ifndef ZYD_SCENARIO_H
#define ZYD_SCENARIO_H

#include <zyd/base.h>
#include <zyd/genesis.h>
#include <zyd/product.h>
#include <zyd/ledger.h>
#include <zyd/state.h>

#define ZYD_SCENARIO_WHY 240
#define ZYD_SCENARIO_PARAMS_MAX 96u
#define ZYD_SCENARIO_DAYS_MAX 64u
#define ZYD_SCENARIO_PROGRAMMES_MAX 16u

struct zyd_scenario_programme {
    char code[ZYD_CODE_MAX + 1];
    const struct zyd_product *product;
    const char *settlement; /* code of the programme that nets its obligations; NULL: none */
    struct zyd_pair params[ZYD_SCENARIO_PARAMS_MAX]; /* for zyd_product_params_encode */
    size_t param_count;
};

/* The world that the file wants. */
struct zyd_scenario_plan {
    char name[32], title[200];
    struct {
        char code[ZYD_CODE_MAX + 1];
        uint8_t role; /* enum zyd_role */
    } members[ZYD_MEMBERS_MAX];
    size_t member_count;
    struct zyd_scenario_programme programmes[ZYD_SCENARIO_PROGRAMMES_MAX];
    size_t programme_count;
    struct {
        int32_t from, to; /* both included */
        bool working;
    } days[ZYD_SCENARIO_DAYS_MAX]; /* against Monday to Friday, in order */
    size_t day_count;
    int32_t start; /* the first date */
};

struct zyd_scenario;
/* ZYD_OK, ZYD_E_IO, ZYD_E_MALFORMED: why has the line and what is wrong. */
enum zyd_status ZYD_MUST_USE zyd_scenario_open(struct zyd_scenario **out, char why[ZYD_SCENARIO_WHY], const char *path);
enum zyd_status ZYD_MUST_USE zyd_scenario_parse(struct zyd_scenario **out, char why[ZYD_SCENARIO_WHY], struct zyd_span text);
void zyd_scenario_free(struct zyd_scenario *s);
const struct zyd_scenario_plan *zyd_scenario_plan(const struct zyd_scenario *s);
/* True when the file has checks of arithmetic only and needs no ledger. */
bool zyd_scenario_arithmetic(const struct zyd_scenario *s);

/* A ledger to run on.  Every function returns ZYD_OK, or anything else with why filled: the run ends there. */
struct zyd_scenario_backend {
    void *ctx;
    /* Makes the consortium of the plan, or checks that the running one has its members and programmes. */
    enum zyd_status (*start)(void *ctx, char why[ZYD_SCENARIO_WHY], const struct zyd_scenario_plan *plan);
    /* After start. */
    const struct zyd_genesis *(*genesis)(void *ctx);
    uint16_t (*programme)(void *ctx, size_t index); /* number of the plan's programme */
    /* Business time moves to this time (ms; no earlier than it is, but for the same day), and all that is due has run. */
    enum zyd_status (*advance)(void *ctx, char why[ZYD_SCENARIO_WHY], int64_t time_ms);
    /* One operation (one of the host's governance: in an envelope of that class) signed by members[0..count-1], the first of
     * which is op->member: in one envelope, or in turn (the first submits, the others countersign: ledger.md 2.5).  *code: its
     * outcome, after all of them signed.  Returns when that is final and the SYS operations that follow from it (a settled
     * obligation) have run. */
    enum zyd_status (*submit)(void *ctx, char why[ZYD_SCENARIO_WHY], uint32_t *code, const struct zyd_op *op,
                              const uint16_t *members, size_t count, bool in_turn);
    /* Every outcome since the last call, in the ledger's order. */
    enum zyd_status (*outcomes)(void *ctx, char why[ZYD_SCENARIO_WHY],
                                void (*each)(void *to, const struct zyd_outcome *outcome), void *to);
    /* Debits less credits; 0 where there is no account. */
    enum zyd_status (*balance)(void *ctx, char why[ZYD_SCENARIO_WHY], zyd_i128 *out, uint16_t member,
                               uint16_t programme, const char *account);
    /* A record's value (at most ZYD_RECORD_VALUE_MAX bytes; size 0: none) and number. */
    enum zyd_status (*record)(void *ctx, char why[ZYD_SCENARIO_WHY], uint8_t *value, size_t *size, uint64_t *seq,
                              const struct zyd_hash *key);
    /* Over all records, after the last block that `outcomes` gave; zeros: not known. */
    enum zyd_status (*root)(void *ctx, char why[ZYD_SCENARIO_WHY], struct zyd_hash *out);
};

struct zyd_scenario_report {
    void *ctx;
    /* Called for each failed expectation, and with ok for each one that holds; text is one line. May be NULL. */
    void (*line)(void *ctx, unsigned number, bool ok, const char *text);
    unsigned operations, postings, checks, failures;
};
/* Runs all steps.  ZYD_OK when every expectation held; ZYD_E_INVALID when some did not (report); else the backend's status or
 * ZYD_E_MALFORMED, with why. */
enum zyd_status ZYD_MUST_USE zyd_scenario_run(struct zyd_scenario_report *report, char why[ZYD_SCENARIO_WHY],
                                              const struct zyd_scenario *s, const struct zyd_scenario_backend *backend);

/* The in-process backend: genesis, state and host of this library, one operation a block, no consensus, no disk.
 * plugins: folder of <product>.elf; those of the plan's products are read.  NULL on failure, with why. */
struct zyd_scenario_inproc;
struct zyd_scenario_inproc *zyd_scenario_inproc_new(char why[ZYD_SCENARIO_WHY], const char *plugins);
void zyd_scenario_inproc_free(struct zyd_scenario_inproc *p);
struct zyd_scenario_backend zyd_scenario_inproc_backend(struct zyd_scenario_inproc *p);

/* For measurements.  Must outlive p; what it says may change between operations, but the sizes count when the ledger starts. */
struct zyd_scenario_measure {
    struct zyd_state_limits limits;
    size_t outcome_bytes;                   /* of all outcomes between two times that they are read */
    uint64_t step_ms;                       /* between two blocks */
    unsigned rehearsals;                    /* times that each operation is run, and undone, before it is */
    void *ctx;
    void (*around)(void *ctx, bool begin); /* before and after each of them */
};
void zyd_scenario_inproc_measure(struct zyd_scenario_inproc *p, const struct zyd_scenario_measure *measure);

/* For a ledger that is more than its records: who runs the blocks in the place of the in-process backend.  Must outlive p. */
struct zyd_scenario_world {
    const struct zyd_genesis *g;
    struct zyd_state *state;
    struct zyd_host *host;
    const struct zyd_totals *totals;        /* behind genesis */
    const uint8_t *sk;                      /* of the only validator */
    struct zyd_span plugins[ZYD_PLUGINS_MAX]; /* as in g */
};
struct zyd_scenario_blocks {
    void *ctx;
    void (*start)(void *ctx, const struct zyd_scenario_world *world); /* behind genesis; what it points to lives as long as p */
    /* What is due at time_ms, then the operation of env (NULL: none; *code: its outcome's), applied to the state.  Outcomes:
     * behind what stands in out, u32 length + bytes each. */
    enum zyd_status (*run)(void *ctx, struct zyd_wr *out, uint32_t *code, uint64_t time_ms, const struct zyd_env *env);
};
void zyd_scenario_inproc_blocks(struct zyd_scenario_inproc *p, const struct zyd_scenario_blocks *blocks);

#endif
