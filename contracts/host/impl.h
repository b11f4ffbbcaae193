/* impl.h: what the files of this room share.
 *
 * One call at a time: `struct zyd_host` holds the journal of the call that runs and who runs it.  Functions that can refuse
 * return an outcome code (0: fine).  A read of the store that fails is no outcome: it sets h->fault, the call is given up and
 * the whole block with it.
 */
#ifndef ZYD_HOST_IMPL_H
#define ZYD_HOST_IMPL_H

#include <zyd/contract.h>
#include <zyd/date.h>
#include <zyd/host.h>
#include <zyd/vm.h>

#define RECS_MAX 320u     /* puts of a call, and what the host adds */
#define ACCOUNTS_MAX 512u /* two a posting */
#define VALUES_SIZE ((ZYD_CALL_PUTS_MAX + 8u) * ZYD_RECORD_VALUE_MAX)
#define DUES_MAX (ZYD_CALL_PUTS_MAX + 8u)
#define WARNINGS_MAX 64u
#define BUCKETS 1024u
#define MEMO_SIZE 1024u
#define SLOTS_MAX 9u
#define FIRES_MAX 16u /* deadlines that fire before one operation */

/* Tariff of host calls, and of the same work in the host's own operations.  One unit is about a nanosecond, as an
 * instruction of the machine is: a changed record is copied twice, hashed with its path and stored, so that 50 M of fuel a
 * block also bound its bytes (about 12 MiB of records or of events). */
#define TARIFF_READ 300u
#define TARIFF_WRITE 3000u
#define TARIFF_WRITE_BYTE 4u
#define TARIFF_POST 6000u /* two accounts */
#define TARIFF_OBLIGATION 4000u
#define TARIFF_LIST 6500u  /* an entry of a settlement programme's list, and its head */
#define TARIFF_COUNT 3500u /* its head alone */
#define TARIFF_DEADLINE 4000u
#define TARIFF_BALANCE 600u
#define TARIFF_EMIT 200u
#define TARIFF_EMIT_BYTE 4u
#define TARIFF_SHA256 400u
#define TARIFF_SHA256_BYTE 3u
#define TARIFF_MULDIV 100u
#define TARIFF_SIGNER 20u
#define TARIFF_MEMBER 50u
#define TARIFF_SEARCH 100u
#define TARIFF_EVIDENCE 80000u /* two signature checks */

#define ACCOUNT_VALUE_SIZE 120u
#define OBLIGATION_VALUE_SIZE 91u

struct change { /* a record that the call made or changed */
    struct zyd_hash key;
    uint64_t seq;
    uint8_t *value;
    uint32_t size, cap;
    uint16_t owner, next; /* next: index + 1 in its bucket */
    uint8_t kind, flags;
};

struct account {
    struct zyd_hash key, history;
    zyd_u128 debits, credits;
    uint64_t entry_count;
    uint16_t member, programme, next;
    uint8_t code_size;
    char code[ZYD_ACCOUNT_MAX];
};

struct journal {
    uint32_t change_count, account_count, due_count, posting_count, event_count, warning_count;
    uint32_t value_used, event_bytes, reads, puts, obligations;
    zyd_u128 posted, opened, closed;
    uint16_t buckets[BUCKETS], account_buckets[BUCKETS];
    struct change changes[RECS_MAX];
    struct account accounts[ACCOUNTS_MAX];
    struct zyd_due dues[DUES_MAX];
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[WARNINGS_MAX];
    uint8_t event_data[ZYD_CALL_EVENT_BYTES_MAX];
    uint8_t values[VALUES_SIZE];
};

struct signers {
    uint64_t members; /* bit m: member m signed */
    uint8_t count;
    uint16_t member[ZYD_ENV_SIGS_MAX], key[ZYD_ENV_SIGS_MAX];
};

/* The call that runs. */
struct call {
    uint16_t contract, event, programme, member;
    bool sys, makes;
    uint8_t deadline;
    uint64_t time_ms, seq;
    int32_t date;
    struct zyd_hash object, op_id;
    struct zyd_span args, ref;
    const struct zyd_programme *terms; /* NULL: no programme; of the host's slot, good until the call ends */
    uint8_t mark;                      /* what an object made now remembers of it: its position, 0 without */
    const struct signers *signers;
    uint64_t needed; /* bit m: the contract wants member m's signature */
    bool waits;      /* it ended only because a signer lacks */
};

/* How an operation ended. */
struct result {
    uint32_t code;
    uint64_t fuel;
    bool waits;  /* code is 9102 and nothing but a signer lacks */
    bool commit; /* the journal is to be merged (always when code is 0) */
    bool has_object;
    struct zyd_hash object;
    uint64_t seq;
    uint64_t missing; /* bit m: member m should have signed */
};

struct plugin {
    struct zyd_vm_image *image;
    struct zyd_hash hash; /* of what image was loaded from, for those that governance added */
    zyd_host_native_fn native;
    void *native_ctx;
};

struct programme_slot {
    struct zyd_programme p; /* decoded from bytes */
    uint8_t bytes[ZYD_RECORD_VALUE_MAX];
};
struct calendar_slot {
    struct zyd_calendar c;
    uint8_t bytes[ZYD_RECORD_VALUE_MAX];
};

struct memo { /* record keys are hashes of few, often used names */
    struct zyd_hash key;
    uint16_t owner;
    uint8_t size;
    uint8_t name[ZYD_RECORD_KEY_MAX];
};

struct zyd_host {
    const struct zyd_genesis *genesis;
    struct zyd_host_block *block;
    enum zyd_status fault;
    struct zyd_vm *vm;
    bool in_native;
    uint64_t native_fuel, native_limit;
    struct call call;
    struct plugin plugins[ZYD_PLUGINS_MAX];
    uint8_t *image_mem;
    size_t image_size;
    uint32_t programme_sizes[ZYD_PROGRAMMES_MAX + 1]; /* of the slots' bytes; 0: empty */
    uint32_t calendar_sizes[ZYD_CALENDARS_MAX];
    struct memo memo[MEMO_SIZE];
    _Alignas(16) uint8_t input[ZYD_VM_INPUT_MAX]; /* native contracts read it as a struct */
    uint8_t account_value[ACCOUNT_VALUE_SIZE];
    uint8_t scratch[ZYD_RECORD_VALUE_MAX];
    struct journal j;
    /* not cleared at the start: their sizes above are */
    struct programme_slot programmes[ZYD_PROGRAMMES_MAX + 1];
    struct calendar_slot calendars[ZYD_CALENDARS_MAX];
    uint8_t elf[ZYD_PLUGIN_SIZE_MAX];
};

/* journal.c */
void zyd_host_reset(struct zyd_host *h);
void zyd_host_key(struct zyd_host *h, struct zyd_hash *out, uint16_t owner, const void *name, size_t size);
/* ZYD_OK or ZYD_E_NOT_FOUND; anything else also stands in h->fault. */
enum zyd_status zyd_host_read(struct zyd_host *h, struct zyd_record *out, const struct zyd_hash *key);
/* Code 0 or 9123. */
uint32_t zyd_host_write(struct zyd_host *h, const struct zyd_hash *key, uint16_t owner, uint8_t kind, uint8_t flags,
                        uint64_t seq, struct zyd_span value);
enum zyd_status zyd_host_merge(struct zyd_host *h);

/* account.c */
uint32_t zyd_host_post(struct zyd_host *h, uint16_t member, uint16_t programme, uint16_t label, struct zyd_span dr,
                       struct zyd_span cr, int64_t amount, const struct zyd_hash *obligation);
bool zyd_host_account_code_ok(struct zyd_span code);
/* Sums of an account as the call sees it; zeros when there is none. */
void zyd_host_balance(struct zyd_host *h, zyd_u128 *debits, zyd_u128 *credits, uint16_t member, uint16_t programme,
                      struct zyd_span code);
/* Value of an account that this call posted to, or an empty span. */
struct zyd_span zyd_host_account_value(struct zyd_host *h, const struct zyd_hash *key);
enum zyd_status zyd_host_merge_accounts(struct zyd_host *h);

/* obligation.c */
uint32_t zyd_host_obligation_make(struct zyd_host *h, struct zyd_obligation *io);
enum zyd_status zyd_host_obligation_read(struct zyd_host *h, struct zyd_obligation *out, uint64_t *seq,
                                         const struct zyd_hash *id);
/* ct_obligation_move. *age: how often it was rolled. */
uint32_t zyd_host_obligation_move(struct zyd_host *h, uint32_t *age, const struct zyd_hash *id, enum ct_move move);
void zyd_host_paid(struct zyd_host *h, struct result *r, const struct zyd_op *op);

/* deadline.c */
uint32_t zyd_host_deadline_set(struct zyd_host *h, uint16_t contract, uint16_t programme, const struct zyd_hash *object,
                               uint8_t number, uint64_t due_ms);
enum zyd_status zyd_host_deadlines_read(struct zyd_host *h, struct zyd_deadlines *out, const struct zyd_hash *object);
/* The object's first deadline due at time_ms, if contract owns it. */
bool zyd_host_deadline_due(struct zyd_host *h, struct zyd_due *out, uint16_t contract, const struct zyd_hash *object,
                           uint64_t time_ms);
/* Does the object's record hold exactly this deadline? */
bool zyd_host_deadline_holds(struct zyd_host *h, const struct zyd_due *due);

/* pending.c */
void zyd_host_pending_make(struct zyd_host *h, struct result *r, const struct zyd_op *op);
void zyd_host_countersign(struct zyd_host *h, struct result *r, const struct zyd_op *op, const struct signers *signers);
void zyd_host_pending_end(struct zyd_host *h, struct result *r, const struct zyd_op *op);
void zyd_host_expire(struct zyd_host *h, struct result *r, const struct zyd_hash *op_id);
/* The operation that COUNTERSIGN of op_id would run; false when none waits. op points into the record. */
bool zyd_host_pending_op(struct zyd_host *h, struct zyd_op *op, const struct zyd_hash *op_id);

/* evidence.c */
void zyd_host_evidence(struct zyd_host *h, struct result *r, const struct zyd_op *op);

/* registry.c.  _fit: code 0 or why it may not stand; _add and _put: into the journal, after _fit. */
/* NULL: none, or h->fault. */
const struct zyd_programme *zyd_host_programme(struct zyd_host *h, uint8_t *mark, uint16_t id);
uint32_t zyd_host_programme_fit(struct zyd_host *h, const struct zyd_programme *p);
uint32_t zyd_host_programme_add(struct zyd_host *h, const struct zyd_programme *p);
const struct zyd_calendar *zyd_host_calendar(struct zyd_host *h, uint16_t calendar);
/* out: the calendar with the year in it. */
uint32_t zyd_host_calendar_fit(struct zyd_host *h, struct zyd_calendar *out, uint16_t calendar,
                               const struct zyd_calendar_year *year);
uint32_t zyd_host_calendar_put(struct zyd_host *h, uint16_t calendar, const struct zyd_calendar *c);
uint32_t zyd_host_rate_fit(struct zyd_host *h, struct zyd_span rate, int32_t date, uint32_t ppm);
uint32_t zyd_host_rate_add(struct zyd_host *h, struct zyd_span rate, int32_t date, uint32_t ppm);
/* The rate valid on date: the last that began on it or before; false: none, or h->fault. */
bool zyd_host_rate(struct zyd_host *h, uint32_t *ppm, struct zyd_span rate, int32_t date);
bool zyd_host_contract_known(struct zyd_host *h, uint16_t contract);
/* The contract's plugin, loaded if governance added it; NULL: none, or h->fault. */
struct plugin *zyd_host_plugin_of(struct zyd_host *h, uint16_t contract);
uint32_t zyd_host_plugin_fit(struct zyd_host *h, const struct zyd_plugin_ref *ref);
uint32_t zyd_host_plugin_add(struct zyd_host *h, const struct zyd_plugin_ref *ref, struct zyd_span elf);
/* Does the machine take this image? */
bool zyd_host_image_fit(struct zyd_host *h, struct zyd_span elf);
/* A proposed image waits in records of its proposer; his next one replaces it. */
uint32_t zyd_host_image_stage(struct zyd_host *h, uint16_t member, const struct zyd_hash *proposal, struct zyd_span elf);
bool zyd_host_image_staged(struct zyd_host *h, struct zyd_span *elf, uint16_t member, const struct zyd_hash *proposal,
                           uint32_t size);

/* governance.c */
void zyd_host_govern(struct zyd_host *h, struct result *r, const struct zyd_op *op, const struct signers *signers);

/* call.c */
/* One try of a member's operation, contract's or PAID, with these signers, into the journal. */
void zyd_host_attempt(struct zyd_host *h, struct result *r, const struct zyd_op *op, const struct signers *signers);
/* The contract of h->call runs. */
void zyd_host_run_contract(struct zyd_host *h, struct result *r);
/* Members that h->call needed and that have not signed. */
uint64_t zyd_host_missing(const struct zyd_host *h);
void zyd_host_op_object(struct zyd_hash *out, const struct zyd_op *op);
/* Did a maker and a checker of the member sign? (ledger.md 2.1, `dual`) */
bool zyd_host_both_officers(const struct zyd_host *h, const struct signers *s, uint16_t member);

/* hostcalls.c */
enum zyd_vm_trap zyd_host_call(void *ctx, struct zyd_vm *vm, uint64_t *value, uint64_t number,
                               const uint64_t args[ZYD_VM_ARGS]);

#endif
