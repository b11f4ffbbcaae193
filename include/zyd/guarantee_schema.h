/* zyd/guarantee_schema.h: product (a) by name: events, arguments, parameters, presets, and their encoders.
 *
 * For the CLI, the API, scenarios and the ceremony: turns name=value text into the canonical MessagePack of an operation's
 * args or a programme's params, and back.  The contract reads neither names nor text.  In archive zyd_scenario.
 *
 * Text forms:  fen     NAME=1234567.89 or 1,234,567.89 (yuan, at most two decimals), or NAME_fen=123456789 (integer fen)
 *              date    2025-03-03 or 20250303
 *              ppm     43500, or 4.35%
 *              id      64 hex digits, or sha256:TEXT (the SHA-256 of the text: for documents in examples)
 *              ids     ids separated by commas
 *              borrower  18 characters of USCC, or 64 hex digits of a pseudonym
 *              member  its code; empty: none
 *              bool    true false yes no 1 0
 *              enums   the words of zyd_guarantee_word, upper case
 *              months  1,4,7,10 or ALL
 */
#ifndef ZYD_GUARANTEE_SCHEMA_H
#define ZYD_GUARANTEE_SCHEMA_H

#include <zyd/base.h>
#include <zyd/codec.h>
#include <zyd/guarantee.h>

enum zyd_guarantee_type {
    ZYD_GT_FEN, ZYD_GT_DATE, ZYD_GT_PPM, ZYD_GT_U64, ZYD_GT_BOOL, ZYD_GT_ID, ZYD_GT_IDS, ZYD_GT_STR, ZYD_GT_BORROWER,
    ZYD_GT_MEMBER, ZYD_GT_BASIS, ZYD_GT_MONTHS, ZYD_GT_SETTLE, ZYD_GT_COVER, ZYD_GT_SILENCE, ZYD_GT_PERIOD,
    ZYD_GT_OVERFLOW, ZYD_GT_RECOVERY, ZYD_GT_STATE,
    ZYD_GT_POSTINGS, /* OPENING only: MEMBER DR CR YUAN; ... */
    ZYD_GT_FENS      /* OPENING only: MEMBER=YUAN, ... */
};
const char *zyd_guarantee_type_name(enum zyd_guarantee_type type); /* "fen", "date" ... */

struct zyd_guarantee_arg {
    const char *name;
    enum zyd_guarantee_type type;
    bool required;     /* else nil when left out */
    uint64_t min, max; /* of a number; of a text: its bytes */
    const char *zh, *en;
};
struct zyd_guarantee_event_info {
    uint16_t number;
    bool makes; /* makes an object: object nil, client_ref set */
    const char *name, *zh, *en;
    const char *actor; /* who acts: "BANK" "GUAR" "REG" "COLLECTOR" "PARTY" "ANY" (roles of 3.1) */
    uint8_t arg_count;
    const struct zyd_guarantee_arg *args; /* in order: the args array has exactly these */
};
/* All events; *count of them. */
const struct zyd_guarantee_event_info *zyd_guarantee_events(size_t *count);
const struct zyd_guarantee_event_info *zyd_guarantee_event_by_name(const char *name); /* or NULL */
const struct zyd_guarantee_event_info *zyd_guarantee_event_by_number(uint16_t number);
/* Name of what an outcome tells: a member's event, or a SYS one by its number and deadline ("INT_SETTLE"). "?" if none. */
const char *zyd_guarantee_outcome_name(uint16_t event, uint8_t deadline);

/* A numbered name. */
struct zyd_guarantee_name {
    uint16_t number;
    const char *name, *zh, *en;
};
/* NULL when there is none. */
const struct zyd_guarantee_name *zyd_guarantee_state_by_number(uint16_t number);
const struct zyd_guarantee_name *zyd_guarantee_state_by_name(const char *name);
const struct zyd_guarantee_name *zyd_guarantee_label_by_number(uint16_t number); /* also the host's SETTLED and OPENING */
const struct zyd_guarantee_name *zyd_guarantee_label_by_name(const char *name);
const struct zyd_guarantee_name *zyd_guarantee_deadline_by_number(uint16_t number);
const struct zyd_guarantee_name *zyd_guarantee_breaker_by_number(uint16_t number);

struct zyd_guarantee_param_info {
    const char *name;
    enum zyd_guarantee_type type;
    uint64_t def, min, max;
    const char *zh, *en;
};
const struct zyd_guarantee_param_info *zyd_guarantee_params(size_t *count); /* in the order of the slots */

struct zyd_guarantee_preset {
    const char *name, *zh, *en;
    const char *tree; /* "BANK 200000, REST 800000 (NFGF 250000, REG 250000, GUAR 500000)" */
    uint32_t cap_ppm, min_bank_share;
    const char *guar; /* the leaf that is the guarantor */
};
const struct zyd_guarantee_preset *zyd_guarantee_presets(size_t *count);
const struct zyd_guarantee_preset *zyd_guarantee_preset_by_name(const char *name);

/* ---- encoding ---- */
struct zyd_pair {
    const char *name, *value; /* NUL-terminated UTF-8; a JSON array is its elements joined by commas */
};
/* The members of the consortium. */
struct zyd_guarantee_members {
    void *ctx;
    int (*index)(void *ctx, const char *code);              /* or -1 */
    bool (*code)(void *ctx, char out[13], uint16_t member); /* false: none */
};
#define ZYD_GUARANTEE_WHY 200
/* args of an event.  Every pair must be used.  ZYD_OK; ZYD_E_INVALID with the reason in why, whose text begins with the name
 * of the argument; ZYD_E_FULL.  members is needed by OPENING only. */
enum zyd_status ZYD_MUST_USE zyd_guarantee_args_encode(struct zyd_wr *wr, char why[ZYD_GUARANTEE_WHY],
                                                       const struct zyd_guarantee_event_info *event,
                                                       const struct zyd_pair *pairs, size_t count,
                                                       const struct zyd_guarantee_members *members);
/* Back: one call of emit for each argument that is not nil, in order; fen as NAME_fen.  ZYD_OK, ZYD_E_MALFORMED. */
typedef void zyd_guarantee_emit(void *ctx, const char *name, const char *value);
enum zyd_status ZYD_MUST_USE zyd_guarantee_args_decode(zyd_guarantee_emit *emit, void *ctx,
                                                       const struct zyd_guarantee_event_info *event, struct zyd_span args,
                                                       const struct zyd_guarantee_members *members);
/* params of a programme.  Besides the names of zyd_guarantee_params:
 *   preset   name of a preset: its tree, cap_ppm, min_bank_share and guar, reg, nfgf (each may be set anew)
 *   tree     in place of preset, the text form above; leaves are member codes, BANK is the bank of the contract
 *   bind     LEAF=CODE,... : members that stand for leaves of the preset (default: the member of that code)
 *   banks    codes separated by commas (required)
 *   evidence names separated by commas (default: none)
 * The sums of shares are checked (why then begins with "tree"). */
enum zyd_status ZYD_MUST_USE zyd_guarantee_params_encode(struct zyd_wr *wr, char why[ZYD_GUARANTEE_WHY],
                                                         const struct zyd_pair *pairs, size_t count,
                                                         const struct zyd_guarantee_members *members);
/* Back: tree, banks, evidence and every slot. */
enum zyd_status ZYD_MUST_USE zyd_guarantee_params_decode(zyd_guarantee_emit *emit, void *ctx, struct zyd_span params,
                                                         const struct zyd_guarantee_members *members);

/* ---- what the ledger holds, read back ---- */
struct zyd_guarantee_view { /* copies: aligned */
    struct zyd_guarantee_object head;
    struct zyd_guarantee_drawdown drawdowns[ZYD_GUARANTEE_DRAWDOWNS_MAX];
    int64_t interest, fee; /* sums over drawdowns */
};
struct zyd_guarantee_claim_view {
    struct zyd_guarantee_claim head;
    struct zyd_guarantee_party parties[ZYD_GUARANTEE_LEAVES_MAX + 1];
};
/* ZYD_OK, ZYD_E_MALFORMED (ZYD_E_INVALID: a record of another kind). */
enum zyd_status ZYD_MUST_USE zyd_guarantee_object_read(struct zyd_guarantee_view *out, struct zyd_span value);
enum zyd_status ZYD_MUST_USE zyd_guarantee_claim_read(struct zyd_guarantee_claim_view *out, struct zyd_span value);
enum zyd_status ZYD_MUST_USE zyd_guarantee_breaker_read(struct zyd_guarantee_breaker *out, struct zyd_span value);
/* Record keys (before hashing, for zyd_record_key with the contract as owner); return their size, at most 64. */
size_t zyd_guarantee_claim_key(uint8_t out[64], const struct zyd_hash *object);
size_t zyd_guarantee_breaker_key(uint8_t out[64], uint16_t programme);
size_t zyd_guarantee_household_key(uint8_t out[64], uint8_t class_, const uint8_t borrower[32]);
/* Text of the borrower as accounts name it: 18 characters or 16 hex digits. */
void zyd_guarantee_borrower_text(char out[19], uint32_t kind, const uint8_t borrower[32]);

/* Integer fen of a yuan text; false: not an amount of 0..ZYD_MONEY_MAX with at most two decimals. */
bool zyd_yuan_parse(int64_t *fen, const char *text);
/* "1,234,567.89" with grouping, else "1234567.89". */
void zyd_yuan_text(char out[32], int64_t fen, bool grouped);
bool zyd_date_parse(int32_t *date, const char *text);

#endif
