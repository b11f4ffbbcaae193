/* zyd/host.h: runs operations against an overlay: the host side of zyd/contract.h and the host's own operations.
 *
 * The host owns accounts, obligations, deadlines, pending operations and the registry (D19).  A call runs against a
 * journal: on success the journal is merged into the block's overlay, on any error it is dropped and only the code and
 * the fuel stay.  The same operation on the same state gives the same outcome bytes everywhere.
 *
 * Record keys of owner 0 (before hashing): FORMATS.md, "host records".
 */
#ifndef ZYD_HOST_H
#define ZYD_HOST_H

#include <zyd/base.h>
#include <zyd/genesis.h>
#include <zyd/ledger.h>
#include <zyd/state.h>

#define ZYD_CONTRACT_HOST 0u
enum zyd_host_event { /* operations of contract 0: fixed numbers */
    ZYD_HOST_COUNTERSIGN = 1, /* object = op_id of the pending operation; args [] */
    ZYD_HOST_DECLINE = 2,     /* a party of its object ends it */
    ZYD_HOST_WITHDRAW = 3,    /* its first signer ends it */
    ZYD_HOST_PAID = 4,        /* object = obligation; args [bank reference str 1..35]; debtor and creditor sign */
    ZYD_HOST_EVIDENCE = 5,    /* class 3 envelopes only; object nil; args [vote bin122, vote bin122] */
    ZYD_HOST_EXPIRE = 6,      /* SYS only: a pending operation ran out of time; object = its op_id */
    /* class 2 envelopes only; 7 to 10 propose, with object nil and a client_ref */
    ZYD_HOST_PROGRAMME = 7,   /* args: the programme as it stands in genesis (FORMATS.md 14) */
    ZYD_HOST_CALENDAR = 8,    /* args [calendar, year, days bin46]: a new year, or days to come of one that is there */
    ZYD_HOST_RATE = 9,        /* args [name str 1..12, date yyyymmdd, ppm]: valid from date on */
    ZYD_HOST_PLUGIN = ZYD_OP_PLUGIN, /* 10; args [contract, name str 1..32, SHA-256 bin32, image bin] */
    ZYD_HOST_APPROVE = 11,    /* object = the proposal, expect_seq 0, args [] */
    ZYD_HOST_REVOKE = 12      /* by its proposer */
};
/* Deadline numbers of the host's own objects; contracts have 1..8. */
#define ZYD_DEADLINE_EXPIRE 254u  /* of a pending operation */
#define ZYD_DEADLINE_SETTLED 255u /* of an obligation: its maker is to hear of it */
#define ZYD_LABEL_SETTLED 0xff01u /* label of PAID's postings */
#define ZYD_LABEL_NETTED 0xff03u  /* label of CT_MOVE_SETTLE's postings */
#define ZYD_LABEL_OPENING 0xff02u /* label of genesis openings */

/* Codes of the host and VM (ledger.md 2.6, domain.md 3.6). */
#define ZYD_CODE_BAD_SIGNATURE 9101u
#define ZYD_CODE_SIGNER_MISSING 9102u
#define ZYD_CODE_RANGE 9104u
#define ZYD_CODE_BAD_ID 9105u
#define ZYD_CODE_DEADLINE 9106u
#define ZYD_CODE_ALREADY_INSTRUCTED 9107u
#define ZYD_CODE_STALE_STATE 9108u
#define ZYD_CODE_DUP_KEY 9109u
#define ZYD_CODE_BAD_STATE 9111u
#define ZYD_CODE_BAD_DATE 9112u
#define ZYD_CODE_CALENDAR_MISSING 9113u
#define ZYD_CODE_PENDING 9114u
#define ZYD_CODE_UNKNOWN_OBJECT 9115u
#define ZYD_CODE_FUEL 9120u
#define ZYD_CODE_MEMORY 9121u
#define ZYD_CODE_INSTRUCTION 9122u
#define ZYD_CODE_LIMIT 9123u
#define ZYD_CODE_BAD_RETURN 9124u
#define ZYD_CODE_ABORT 9125u
#define ZYD_CODE_ENVELOPE_FUEL 9126u
#define ZYD_CODE_BAD_PLUGIN 9127u

struct zyd_totals {
    zyd_u128 debits, credits, open_obligations;
};

struct zyd_host;
/* Room for ZYD_PLUGINS_MAX images (about 0.8 MiB each), the decoded registry (3 MiB) and one call's journal (about 4 MiB);
 * lazily mapped zero pages are fine. */
size_t zyd_host_footprint(const struct zyd_genesis *genesis);
/* mem: footprint bytes, 16-byte aligned, any content.  genesis must outlive it. */
struct zyd_host *zyd_host_init(void *mem, const struct zyd_genesis *genesis);
/* Loads the image of one plugin of genesis; its SHA-256 must be the one named there. ZYD_OK, ZYD_E_FOREIGN (hash),
 * ZYD_E_INVALID (refused by the loader: why). */
enum zyd_status ZYD_MUST_USE zyd_host_plugin(struct zyd_host *h, const char **why, struct zyd_span elf);
/* All plugins that genesis names are loaded. */
bool zyd_host_ready(const struct zyd_host *h);

/* Puts the genesis records (members, calendars, programmes, openings) into an overlay on an empty state: height 0. */
enum zyd_status ZYD_MUST_USE zyd_host_genesis(struct zyd_host *h, struct zyd_overlay *o, struct zyd_totals *totals);

/* One block.  totals: the parent's on entry, updated in place. */
struct zyd_host_block {
    struct zyd_overlay *overlay;
    uint64_t height, time_ms;
    struct zyd_totals *totals;
    uint64_t fuel_used; /* of the whole block so far: 0 at first, then the host's */
    uint32_t op_count;  /* outcomes of the whole block so far: 0 at first, then the host's */
    /* Where the next outcome will stand: the caller sets log_index to the index of the history leaf (SYS or entry) that will
     * carry it, and op_number to 0 at each new leaf; the host counts op_number up.  Both go into account histories. */
    uint64_t log_index;
    uint32_t op_number;
    uint64_t env_fuel; /* of the envelope so far: the caller sets 0 before its first operation, then the host's */
    struct zyd_due sys_cursor; /* zeros at first, then the host's: where the SYS phase stands.  When the block is applied, due
                                * entries up to it may be pruned, never further: a sliced phase goes on in the next block */
};
/* Fuel that every outcome costs before its first instruction. */
#define ZYD_FUEL_OPERATION 1000u
/* Outcomes are appended to wr as u32 length + bytes; leaf hashes and ok flags are the caller's to compute from them. */

/* Runs the next due SYS operation (ledger.md 2.4 rule 3) into one outcome.  *ran is false when none is due at time_ms, or when
 * one more call could take the SYS phase over half the block's fuel or operations: the rest waits for the next block.
 * ZYD_OK; ZYD_E_FULL or ZYD_E_STORE: the block cannot be executed here. */
enum zyd_status ZYD_MUST_USE zyd_host_run_sys(struct zyd_host *h, struct zyd_wr *wr, bool *ran, struct zyd_host_block *b);
/* Runs one operation of a verified envelope: first the due deadlines of its object, as outcomes of their own, then it.  When
 * one more call could take the envelope over half the block's fuel it is not run: 9126, no fuel; so any envelope fits into a
 * block. count: outcomes appended (>= 1). ok: outcomes with code 0. code: the operation's own outcome code. */
enum zyd_status ZYD_MUST_USE zyd_host_run_op(struct zyd_host *h, struct zyd_wr *wr, uint32_t *count, uint32_t *ok,
                                             uint32_t *code, struct zyd_host_block *b, const struct zyd_env *env,
                                             const struct zyd_op *op);
/* Is a SYS operation due at time_ms on this overlay (NULL: base)? */
bool zyd_host_sys_due(struct zyd_host *h, struct zyd_state *s, struct zyd_overlay *o, uint64_t time_ms);

/* Host records, decoded from a record's value (FORMATS.md). */
struct zyd_account {
    uint16_t member, programme;
    char code[ZYD_ACCOUNT_MAX + 1];
    zyd_u128 debits, credits;
    uint64_t entry_count;
    struct zyd_hash history;
};
enum zyd_status ZYD_MUST_USE zyd_account_decode(struct zyd_account *out, struct zyd_span value);
void zyd_account_key(struct zyd_hash *out, uint16_t member, uint16_t programme, struct zyd_span code);
struct zyd_obligation {
    struct zyd_hash id, object;
    struct zyd_money amount;
    uint16_t contract, programme, debtor, creditor, reason;
    uint8_t gross, state; /* enum ct_obligation_state */
    int32_t value_date;
};
enum zyd_status ZYD_MUST_USE zyd_obligation_decode(struct zyd_obligation *out, struct zyd_span value);
void zyd_obligation_key(struct zyd_hash *out, const struct zyd_hash *id);
/* The list of a settlement programme (zyd/contract.h, ct_obligation_move): its head, or entry number. */
void zyd_obligation_list_key(struct zyd_hash *out, uint16_t settlement, const uint64_t *number);
/* Record key of a contract's object. */
void zyd_contract_object_key(struct zyd_hash *out, uint16_t contract, const struct zyd_hash *object);
struct zyd_pending {
    struct zyd_span op;       /* the operation's bytes */
    uint64_t expires_ms;
    uint8_t state;            /* 1 waits, 2 done, 3 declined, 4 withdrawn, 5 expired, 6 failed */
    uint32_t code;            /* outcome code once it ended */
    uint8_t signer_count, missing_count;
    uint16_t signers[ZYD_ENV_SIGS_MAX]; /* (member, key) ascending: a member with maker and checker stands twice */
    uint16_t keys[ZYD_ENV_SIGS_MAX];
    uint16_t missing[ZYD_ENV_SIGS_MAX]; /* members that the last attempt lacked */
};
enum zyd_status ZYD_MUST_USE zyd_pending_decode(struct zyd_pending *out, struct zyd_span value);
void zyd_pending_key(struct zyd_hash *out, const struct zyd_hash *op_id);
struct zyd_deadlines {
    struct zyd_hash object;
    uint16_t contract, programme;
    uint8_t count;
    struct zyd_due_slot slots[ZYD_DUE_SLOTS_MAX]; /* ascending number; at most 9 */
};
enum zyd_status ZYD_MUST_USE zyd_deadlines_decode(struct zyd_deadlines *out, struct zyd_span value);
void zyd_deadlines_key(struct zyd_hash *out, const struct zyd_hash *object);

/* What governance keeps, in order of arrival, genesis first (its plugins stand in genesis alone).  Count: u16.  Index, position
 * from 0: programme id, calendar or contract u16, or the rate's name. */
enum zyd_registry { ZYD_REGISTRY_PROGRAMME = 1, ZYD_REGISTRY_CALENDAR = 2, ZYD_REGISTRY_PLUGIN = 3, ZYD_REGISTRY_RATE = 4 };
void zyd_registry_count_key(struct zyd_hash *out, enum zyd_registry kind);
void zyd_registry_index_key(struct zyd_hash *out, enum zyd_registry kind, uint16_t position);
/* Values: zyd_programme_decode, zyd_calendar_decode, zyd_rate_on, zyd_plugin_decode. */
void zyd_programme_key(struct zyd_hash *out, uint16_t id);
void zyd_calendar_key(struct zyd_hash *out, uint16_t calendar);
void zyd_rate_key(struct zyd_hash *out, struct zyd_span rate);
void zyd_plugin_key(struct zyd_hash *out, uint16_t contract);
void zyd_plugin_part_key(struct zyd_hash *out, uint16_t contract, uint16_t part); /* of its image: parts from 0 to its size */
bool zyd_rate_on(uint32_t *ppm, struct zyd_span value, int32_t date);
enum zyd_status ZYD_MUST_USE zyd_plugin_decode(struct zyd_plugin_ref *out, uint32_t *size, struct zyd_span value);
struct zyd_proposal {
    uint16_t event, proposer;
    uint8_t state; /* 1 open, 2 done, 3 revoked, 4 failed */
    uint64_t approvals; /* bit m: member m */
    uint64_t expires_ms;
    uint32_t code;        /* why it failed */
    struct zyd_span args; /* of the proposing operation; of PLUGIN the image's size in place of its bytes */
};
enum zyd_status ZYD_MUST_USE zyd_proposal_decode(struct zyd_proposal *out, struct zyd_span value);
void zyd_proposal_key(struct zyd_hash *out, const struct zyd_hash *id);

/* For unit tests and gdb (tests/lib/native.h): runs fn where the plugin of contract would run.  fn fills *result as
 * zyd_vm_call does and calls zyd_host_native_call for each host call, with pointers of this process as addresses.  A node
 * never uses it. */
struct zyd_vm_result;
typedef void (*zyd_host_native_fn)(void *ctx, struct zyd_vm_result *result, struct zyd_host *h, struct zyd_span input,
                                   uint64_t fuel);
void zyd_host_set_native(struct zyd_host *h, uint16_t contract, zyd_host_native_fn fn, void *ctx);
/* Returns an enum zyd_vm_trap: OK to go on with *value, anything else ends the call. */
int zyd_host_native_call(struct zyd_host *h, uint64_t *value, uint64_t number, const uint64_t args[6]);

#endif
