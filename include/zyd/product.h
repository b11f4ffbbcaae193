/* zyd/product.h: the products by name: events, arguments, parameters, presets, states, and their encoders.
 *
 * For the CLI, the API, scenarios, the auditor and the ceremony: turns name=value text into the canonical MessagePack of an
 * operation's args or a programme's params, and back.  Contracts read neither names nor text.  In archive zyd_scenario.
 * A product is one table (node/scenario/<product>_schema.c) and one line in the registry; node/scenario/README.md says how.
 *
 * Text forms:  fen     NAME=1234567.89 or 1,234,567.89 (yuan, at most two decimals), or NAME_fen=123456789 (integer fen)
 *              date    2025-03-03 or 20250303
 *              ppm     43500, or 4.35%
 *              id      64 hex digits, or sha256:TEXT (the SHA-256 of the text: for documents in examples)
 *              borrower  18 characters of USCC, or 64 hex digits of a pseudonym
 *              member  its code; empty: none
 *              bool    true false yes no 1 0
 *              word    one of the field's names, upper case
 *              months  1,4,7,10 or ALL
 *              list    of one column A,B,C; of two columns A=B, C=D; of more columns A B C; D E F (empty: none)
 */
#ifndef ZYD_PRODUCT_H
#define ZYD_PRODUCT_H

#include <stddef.h>

#include <zyd/base.h>
#include <zyd/codec.h>

/* ---- names: states, labels, words of an argument ---- */
struct zyd_name {
    uint16_t number;
    const char *name, *zh, *en;
};
struct zyd_names {
    const char *name; /* what they are: "state", "settle" */
    const struct zyd_name *at;
    size_t count;
};
#define ZYD_COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ZYD_NAMES(name, table) {name, table, ZYD_COUNT(table)}
/* NULL when there is none. */
const struct zyd_name *zyd_name_by_number(const struct zyd_names *names, uint16_t number);
const struct zyd_name *zyd_name_by_text(const struct zyd_names *names, const char *text);

/* ---- fields: arguments of events, parameters of programmes, columns of lists ---- */
enum zyd_field_type {
    /* one number on the wire */
    ZYD_FIELD_FEN, ZYD_FIELD_DATE, ZYD_FIELD_PPM, ZYD_FIELD_U64, ZYD_FIELD_BOOL, ZYD_FIELD_MEMBER, ZYD_FIELD_MONTHS,
    ZYD_FIELD_WORD,
    /* str or bin */
    ZYD_FIELD_STR, ZYD_FIELD_ID, ZYD_FIELD_BORROWER,
    /* array: of one column its elements, of more an array of each row */
    ZYD_FIELD_LIST
};
struct zyd_field {
    const char *name;
    enum zyd_field_type type;
    bool required;     /* an argument that is not: nil when left out, a list of one column: empty */
    uint64_t min, max; /* of a number; of a text: its bytes; of a list: its rows */
    uint64_t def;      /* of a parameter that is one number */
    const char *zh, *en;
    const struct zyd_names *names; /* of ZYD_FIELD_WORD */
    const struct zyd_field *columns; /* of ZYD_FIELD_LIST: no lists, no borrowers */
    uint8_t column_count;
};
const char *zyd_field_type_name(const struct zyd_field *field); /* "fen", "date", "list"; of a word what the names are */
#define ZYD_LIST_MAX 128u /* rows of a list */

/* Entries of a table of arguments. */
#define ZYD_ARG_TEXT(name_, required_, max_, zh_, en_)                                                                 \
    {.name = name_, .type = ZYD_FIELD_STR, .required = required_, .min = 1, .max = max_, .zh = zh_, .en = en_}
#define ZYD_ARG_FEN(name_, required_, min_, zh_, en_)                                                                  \
    {.name = name_, .type = ZYD_FIELD_FEN, .required = required_, .min = min_, .max = (uint64_t)ZYD_MONEY_MAX, .zh = zh_,   \
     .en = en_}
#define ZYD_ARG_DATE(name_, required_, zh_, en_)                                                                       \
    {.name = name_, .type = ZYD_FIELD_DATE, .required = required_, .min = 19700101, .max = 99991231, .zh = zh_, .en = en_}
#define ZYD_ARG_PPM(name_, required_, zh_, en_)                                                                        \
    {.name = name_, .type = ZYD_FIELD_PPM, .required = required_, .max = 1000000, .zh = zh_, .en = en_}
#define ZYD_ARG_ID(name_, required_, zh_, en_)                                                                         \
    {.name = name_, .type = ZYD_FIELD_ID, .required = required_, .min = 32, .max = 32, .zh = zh_, .en = en_}
#define ZYD_ARG_U64(name_, required_, min_, max_, zh_, en_)                                                            \
    {.name = name_, .type = ZYD_FIELD_U64, .required = required_, .min = min_, .max = max_, .zh = zh_, .en = en_}
#define ZYD_ARG_BOOL(name_, required_, zh_, en_)                                                                       \
    {.name = name_, .type = ZYD_FIELD_BOOL, .required = required_, .max = 1, .zh = zh_, .en = en_}
#define ZYD_ARG_MEMBER(name_, required_, zh_, en_)                                                                     \
    {.name = name_, .type = ZYD_FIELD_MEMBER, .required = required_, .max = 65535, .zh = zh_, .en = en_}
#define ZYD_ARG_BORROWER(name_, required_, zh_, en_)                                                                   \
    {.name = name_, .type = ZYD_FIELD_BORROWER, .required = required_, .min = 18, .max = 32, .zh = zh_, .en = en_}
#define ZYD_ARG_WORD(name_, required_, names_, zh_, en_) /* names_: address of a struct zyd_names */                   \
    {.name = name_, .type = ZYD_FIELD_WORD, .required = required_, .max = 65535, .zh = zh_, .en = en_, .names = names_}
#define ZYD_ARG_LIST(name_, required_, min_, max_, columns_, zh_, en_) /* columns_: an array of fields */              \
    {.name = name_, .type = ZYD_FIELD_LIST, .required = required_, .min = min_, .max = max_, .zh = zh_, .en = en_,     \
     .columns = columns_, .column_count = (uint8_t)ZYD_COUNT(columns_)}
/* Columns that many products need. */
extern const struct zyd_field zyd_list_ids[1], zyd_list_members[1], zyd_list_fens[1], zyd_list_numbers[1];
extern const struct zyd_field zyd_list_member_fen[2], zyd_list_member_ppm[2], zyd_list_id_fen[2];
extern const struct zyd_field zyd_list_postings[4]; /* MEMBER DR CR YUAN */
/* Their ARG_LIST, where sizes are known: ZYD_ARG_LIST("invoices", true, 1, 32, zyd_list_id_fen, ...). */

/* Entry of a table of parameters from the product's X macro (id, text, TYPE, default, min, max, zh, en).  TYPE is one of
 * those below, or a word: then the product's file defines ZYD_AS_TYPE as .type = ZYD_FIELD_WORD, .names = &its_names. */
#define ZYD_PARAM(text_, type_, def_, min_, max_, zh_, en_)                                                            \
    {.name = text_, ZYD_AS_##type_, .def = def_, .min = min_, .max = max_, .zh = zh_, .en = en_}
#define ZYD_AS_FEN .type = ZYD_FIELD_FEN
#define ZYD_AS_DATE .type = ZYD_FIELD_DATE
#define ZYD_AS_PPM .type = ZYD_FIELD_PPM
#define ZYD_AS_U64 .type = ZYD_FIELD_U64
#define ZYD_AS_BOOL .type = ZYD_FIELD_BOOL
#define ZYD_AS_MEMBER .type = ZYD_FIELD_MEMBER
#define ZYD_AS_MONTHS .type = ZYD_FIELD_MONTHS
#define ZYD_AS_ID .type = ZYD_FIELD_ID
#define ZYD_AS_STR .type = ZYD_FIELD_STR

/* ---- events ---- */
struct zyd_event {
    uint16_t number;
    bool makes; /* makes an object: object nil, client_ref set */
    const char *name, *zh, *en;
    const char *actor; /* who acts: "BANK" "GUAR" "REG" ... (roles of domain.md) */
    uint8_t arg_count;
    const struct zyd_field *args; /* in order: the args array has exactly these */
};
#define ZYD_EVENT(number_, makes_, name_, zh_, en_, actor_, args_)                                                     \
    {number_, makes_, name_, zh_, en_, actor_, (uint8_t)ZYD_COUNT(args_), args_}
#define ZYD_EVENT_BARE(number_, makes_, name_, zh_, en_, actor_) {number_, makes_, name_, zh_, en_, actor_, 0, NULL}

/* ---- products ---- */
/* A field of an object's record that people see: a value of this type in the struct, little-endian as the contract wrote it. */
struct zyd_shown {
    struct zyd_field field; /* a number, an id or a text padded with zeros */
    uint16_t offset, size;
    uint8_t kind; /* of records whose first byte is this; 0: of all */
};
#define ZYD_SHOWN(struct_, member_, type_, zh_, en_) ZYD_SHOWN_OF(0, struct_, member_, type_, zh_, en_)
#define ZYD_SHOWN_OF(kind_, struct_, member_, type_, zh_, en_)                                                         \
    {{.name = #member_, ZYD_AS_##type_, .max = UINT64_MAX, .zh = zh_, .en = en_},                                      \
     (uint16_t)offsetof(struct_, member_), (uint16_t)sizeof(((struct_ *)0)->member_), kind_}
struct zyd_pair {
    const char *name, *value; /* NUL-terminated UTF-8; a JSON array is its elements joined by commas */
};
#define ZYD_PRESET_VALUES 12u
struct zyd_preset {
    const char *name, *zh, *en;
    struct zyd_pair values[ZYD_PRESET_VALUES]; /* parameters that it gives; up to the first without a name */
};
const char *zyd_preset_value(const struct zyd_preset *preset, const char *name); /* or NULL */

/* The members of the consortium. */
struct zyd_members {
    void *ctx;
    int (*index)(void *ctx, const char *code);              /* or -1 */
    bool (*code)(void *ctx, char out[13], uint16_t member); /* false: none */
};
struct zyd_genesis;
struct zyd_members zyd_genesis_members(const struct zyd_genesis *g); /* those of genesis; g must stay */
#define ZYD_WHY 200
typedef void zyd_emit(void *ctx, const char *name, const char *value);

struct zyd_product {
    uint16_t number;      /* of the contract: guarantee 1, pool 2, subsidy 3, voucher 4, cycle 5, register 6 */
    const char *name;     /* "guarantee": of the plugin file and of the contract in genesis */
    const char *zh, *en;
    const struct zyd_event *events;
    size_t event_count;
    struct zyd_names states;    /* of objects */
    struct zyd_names labels;    /* of postings and obligations; not the host's */
    struct zyd_names deadlines; /* SYS operations */
    const struct zyd_field *params; /* in the order of the slots */
    size_t param_count;
    const struct zyd_preset *presets;
    size_t preset_count;
    /* State in the value of an object's record; -1: the record is of another kind.  NULL: byte 0 is
     * a kind, byte 1 the state. */
    int (*state)(struct zyd_span value);
    const struct zyd_shown *shown; /* of an object that has a state; NULL: none */
    size_t shown_count;
    /* Members (bits) that are parties of an object by its record (domain.md 3.0.11), besides who made it.  fixed: members that
     * the programme's parameters name, but for its banks; all: with them.  NULL: fixed. */
    uint64_t (*parties)(struct zyd_span value, uint64_t fixed, uint64_t all);
    bool own_rows; /* of an operation a party sees its own postings, not all */
    const char *child_tag; /* child N of an object has the id SHA-256(tag, the object's id, N u16 big-endian); NULL: none */
    /* NULL: the common form of parameters (below). */
    enum zyd_status (*params_encode)(struct zyd_wr *wr, char why[ZYD_WHY], const struct zyd_pair *pairs, size_t count,
                                     const struct zyd_members *members);
    enum zyd_status (*params_decode)(zyd_emit *emit, void *ctx, struct zyd_span params, const struct zyd_members *members);
};
extern const struct zyd_product zyd_product_guarantee, zyd_product_pool, zyd_product_subsidy,
    zyd_product_voucher, zyd_product_cycle, zyd_product_register;
/* NULL when there is none; also for name or number of the host (0). */
const struct zyd_product *zyd_product_by_number(uint16_t number);
const struct zyd_product *zyd_product_by_name(const char *name);
const struct zyd_product *zyd_product_of(struct zyd_span name); /* by name */
const struct zyd_product *zyd_product_at(size_t index);         /* 0, 1 ...; NULL past the last */

/* In these product may be NULL: then nothing is found, but for what is the host's. */
const struct zyd_event *zyd_event_by_name(const struct zyd_product *product, const char *name); /* or NULL */
const struct zyd_event *zyd_event_by_number(const struct zyd_product *product, uint16_t number);
const struct zyd_name *zyd_label_by_number(const struct zyd_product *product, uint16_t number); /* also SETTLED, GENESIS */
const struct zyd_name *zyd_label_by_name(const struct zyd_product *product, const char *name);
const struct zyd_preset *zyd_preset_by_name(const struct zyd_product *product, const char *name);
const struct zyd_name *zyd_state_of(const struct zyd_product *product, struct zyd_span value); /* of an object's record */
/* Tells the shown fields of an object's record, as arguments are told; nothing when it has no state. */
void zyd_object_tell(const struct zyd_product *product, zyd_emit *emit, void *ctx, struct zyd_span value,
                     const struct zyd_members *members);
/* Members (bits) that parameters in the common form name: fixed without those of the list "banks", all with them. */
void zyd_product_members(const struct zyd_product *product, struct zyd_span params, uint64_t *fixed, uint64_t *all);
uint64_t zyd_object_parties(const struct zyd_product *product, struct zyd_span value, uint64_t fixed, uint64_t all);
/* Id of child number n of an object, by the product's child_tag; false: it has none. */
bool zyd_child_id(struct zyd_hash *out, const struct zyd_product *product, const struct zyd_hash *parent, uint16_t n);
/* Name of what an outcome tells: a member's event, or a SYS one by its number and deadline ("INT_SETTLE"). "?" if none. */
const char *zyd_outcome_name(const struct zyd_product *product, uint16_t event, uint8_t deadline);

/* ---- encoding ---- */
/* args of an event.  Every pair must be used.  ZYD_OK; ZYD_E_INVALID with the reason in why, whose text begins with the name
 * of the argument; ZYD_E_FULL.  members is needed where a member is named. */
enum zyd_status ZYD_MUST_USE zyd_args_encode(struct zyd_wr *wr, char why[ZYD_WHY], const struct zyd_event *event,
                                             const struct zyd_pair *pairs, size_t count, const struct zyd_members *members);
/* Back: one call of emit for each argument that is not nil, in order; fen as NAME_fen.  ZYD_OK, ZYD_E_MALFORMED. */
enum zyd_status ZYD_MUST_USE zyd_args_decode(zyd_emit *emit, void *ctx, const struct zyd_event *event, struct zyd_span args,
                                             const struct zyd_members *members);
/* params of a programme.  The common form is the MessagePack array of
 *   bin   one u64 big-endian for each parameter that is one number, in the order of the table
 *   then each other parameter (str, id, list) in the order of the table, as an argument would be; left out: nil, a list: empty
 * Besides the parameters, "preset" names a preset whose values stand unless given anew.  A product whose parameters have
 * another form (the guarantee's share tree) has its own params_encode; zyd/<product>_schema.h says which. */
enum zyd_status ZYD_MUST_USE zyd_product_params_encode(const struct zyd_product *product, struct zyd_wr *wr, char why[ZYD_WHY],
                                                    const struct zyd_pair *pairs, size_t count,
                                                    const struct zyd_members *members);
/* Back: every parameter (a nil one is left out). */
enum zyd_status ZYD_MUST_USE zyd_product_params_decode(const struct zyd_product *product, zyd_emit *emit, void *ctx,
                                                    struct zyd_span params, const struct zyd_members *members);

/* Integer fen of a yuan text; false: not an amount of 0..ZYD_MONEY_MAX with at most two decimals. */
bool zyd_yuan_parse(int64_t *fen, const char *text);
/* "1,234,567.89" with grouping, else "1234567.89". */
void zyd_yuan_text(char out[32], int64_t fen, bool grouped);
bool zyd_date_parse(int32_t *date, const char *text);
/* 大写, without 人民币: 1409.50 is 壹仟肆佰零玖元伍角整.  Every run of zeros between two figures is one 零, also where a
 * bill may leave it out (107,000.53 is 壹拾万零柒仟元零伍角叁分); 整 follows 元 and 角, never 分.  False and "": not
 * 0..ZYD_MONEY_MAX. */
#define ZYD_CAPITAL_SIZE 160
bool zyd_yuan_capital(char out[ZYD_CAPITAL_SIZE], int64_t fen);

#endif
