/* tests/lib/ledger_fixture.h: a ledger in memory, without consensus: operations go in, block by block, through the real
 * envelopes, host and state.
 *
 *   struct zyd_fixture *f = zyd_fixture_new(4);                    members M00 .. M03, development flag
 *   zyd_fixture_member(f, 0, "BANK", ZYD_ROLE_BANK);               other codes and roles
 *   zyd_fixture_plugin(f, 1, "template", ZYD_PLUGIN_DIR "/template.elf");   or zyd_fixture_native(f, 1, "template", entry)
 *   zyd_fixture_programme(f, 1, 1, "IOU", params)->dual = 0;       more fields may be set until start
 *   zyd_fixture_start(f);                                          genesis
 *   zyd_fixture_block(f, zyd_fixture_at(20260105, 9));             opens a block and runs its SYS phase
 *   code = zyd_fixture_run(f, &(struct zyd_fixture_op){...});      one operation in an envelope of its own
 *   zyd_fixture_end(f);                                            seals and applies; checks conservation
 *
 * f->outcome is the last operation's outcome (its arrays too), f->op_id and f->object its ids.  Anything that goes wrong in
 * the fixture itself is a zyd_panic.
 */
#ifndef ZYD_TESTS_LEDGER_FIXTURE_H
#define ZYD_TESTS_LEDGER_FIXTURE_H

#include "tests/lib/consortium.h"
#include "tests/lib/native.h"
#include <zyd/host.h>
#include <zyd/state.h>

struct zyd_fixture;
/* Told of every outcome, in f->outcome, in the ledger's order; op: whose it is, NULL: of a deadline. */
typedef void zyd_fixture_watch(void *ctx, struct zyd_fixture *f, const struct zyd_op *op, uint64_t log_index, uint32_t n);

struct zyd_fixture {
    struct zyd_test_consortium c;
    struct zyd_state_limits limits; /* may be changed until start */
    struct zyd_state *state;
    struct zyd_host *host;
    struct zyd_overlay *overlay; /* NULL between blocks */
    struct zyd_host_block block;
    struct zyd_totals totals;
    uint64_t height, time_ms, log_size;
    struct zyd_hash root;
    /* outcomes of the open or last block, u32 length + bytes each */
    struct zyd_wr outcomes;
    uint8_t *write_set;
    uint32_t sys_count, last_count, last_ok; /* outcomes of the SYS phase; of the last operation with what it fired */
    /* the last operation */
    struct zyd_hash op_id, object, env_id;
    struct zyd_outcome outcome;
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
    /* every leaf as it stands, by index: what a full scan sees */
    struct zyd_span *leaves;
    uint64_t leaf_count, leaf_cap;
    struct zyd_native natives[ZYD_PLUGINS_MAX];
    uint8_t *elfs[ZYD_PLUGINS_MAX];
    size_t elf_sizes[ZYD_PLUGINS_MAX];
    char *texts[256];
    uint32_t text_count;
    void *state_mem, *host_mem;
    struct zyd_fixture_book *books; /* accounts as an auditor computes them from outcomes alone */
    size_t book_count, book_cap;
    zyd_fixture_watch *watch; /* NULL: nobody; may be set until start */
    void *watch_ctx;
    bool quiet_check; /* true: zyd_fixture_end does not scan (benchmarks) */
    bool unsigned_envelopes; /* true: signatures are zeros (the host trusts what let the envelope in); saves their cost */
    uint64_t run_ns, seal_ns; /* time spent in zyd_host_run_op; in sealing and applying blocks */
};

struct zyd_fixture_op {
    uint16_t contract, event, programme, member;
    const struct zyd_hash *object; /* NULL: it makes one */
    uint64_t expect_seq;           /* UINT64_MAX: the object's current one */
    const char *ref;               /* client_ref when it makes one */
    struct zyd_span args;          /* empty: [] */
    uint8_t class_, flags;         /* 0: business; ZYD_ENV_MAY_WAIT */
    /* besides member, any order: member * 4 + key (ZYD_FIXTURE_KEY), maker if only a member */
    uint16_t signers[ZYD_ENV_SIGS_MAX];
    uint8_t signer_count;
    bool same_envelope; /* what the operation before spent counts on: ZYD_CODE_ENVELOPE_FUEL */
};
#define ZYD_FIXTURE_KEY(member, key) ((uint16_t)(0x8000u | (uint32_t)(member) << 4 | (uint32_t)(key)))

/* Arguments that are unsigned integers only; valid until the next call. */
struct zyd_span zyd_fixture_args(const uint64_t *v, uint32_t count);
#define ZYD_FIXTURE_ARGS(...)                                                                                          \
    zyd_fixture_args((const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

struct zyd_fixture *zyd_fixture_new(uint32_t members);
void zyd_fixture_free(struct zyd_fixture *f);
void zyd_fixture_member(struct zyd_fixture *f, uint16_t member, const char *code, enum zyd_role role);
void zyd_fixture_plugin(struct zyd_fixture *f, uint16_t contract, const char *name, const char *path);
void zyd_fixture_native(struct zyd_fixture *f, uint16_t contract, const char *name, zyd_native_entry entry);
/* params are copied. */
struct zyd_programme *zyd_fixture_programme(struct zyd_fixture *f, uint16_t id, uint16_t contract, const char *code,
                                            struct zyd_span params);
void zyd_fixture_opening(struct zyd_fixture *f, uint16_t member, uint16_t programme, const char *dr, const char *cr,
                         int64_t amount);
void zyd_fixture_start(struct zyd_fixture *f);

/* Instant of an hour (UTC+8) of a date. */
uint64_t zyd_fixture_at(int32_t date, int hour);
/* Opens a block (ends an open one first).  Returns the number of SYS outcomes: 0 .. that-1 of zyd_fixture_outcome. */
uint32_t zyd_fixture_block(struct zyd_fixture *f, uint64_t time_ms);
uint32_t zyd_fixture_run(struct zyd_fixture *f, const struct zyd_fixture_op *op);
void zyd_fixture_end(struct zyd_fixture *f);
/* Decodes outcome i of the block into f->outcome; false when there is none. */
bool zyd_fixture_outcome(struct zyd_fixture *f, uint32_t i);

/* Debits less credits of an account; 0 when there is none. */
int64_t zyd_fixture_balance(struct zyd_fixture *f, uint16_t member, uint16_t programme, const char *code);
/* A record's value, or an empty span; *seq (may be NULL) its number. */
struct zyd_span zyd_fixture_get(struct zyd_fixture *f, uint64_t *seq, const struct zyd_hash *key);
bool zyd_fixture_obligation(struct zyd_fixture *f, struct zyd_obligation *out, const struct zyd_hash *id);
bool zyd_fixture_pending(struct zyd_fixture *f, struct zyd_pending *out, const struct zyd_hash *op_id);

/* Full scan of the state between blocks: each member's debits equal its credits, control totals equal the sums of accounts
 * and of open obligations, and every account (sums, entries, history) is what an auditor computes from genesis and outcomes.
 * Panics with what differs. */
void zyd_fixture_check(struct zyd_fixture *f);

#endif
