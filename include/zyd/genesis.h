/* zyd/genesis.h: what all members agreed on before the first block.
 *
 * The canonical body is one canonical MessagePack array (FORMATS.md).  genesis hash = chain id = SHA-256 of
 * ("zyd/genesis/1" padded to 16 || body).  consortium.json is made from and into it by node/io/consortium.c.
 * A decoded genesis points into the body, which must outlive it.
 */
#ifndef ZYD_GENESIS_H
#define ZYD_GENESIS_H

#include <zyd/base.h>
#include <zyd/codec.h>
#include <zyd/crypto.h>

#define ZYD_MEMBERS_MAX 64u
#define ZYD_VALIDATORS_MIN 4u /* a development consortium and a simulation may have 1 */
#define ZYD_VALIDATORS_MAX 31u
#define ZYD_MEMBER_KEYS_MAX 16u
#define ZYD_PROGRAMMES_MAX 255u /* with those that governance adds: an object remembers its programme in a byte */
#define ZYD_PLUGINS_MAX 32u     /* with those that governance adds */
#define ZYD_CALENDARS_MAX 4u    /* with those that governance adds */
#define ZYD_RATES_MAX 64u
#define ZYD_PLUGIN_SIZE_MAX (256u << 10)
#define ZYD_FUEL_BLOCK_MAX UINT64_C(250000000) /* the tariff then bounds a block value by 64 MiB */
#define ZYD_FUEL_BESIDE 100000u                /* more than an outcome costs beside its call */
#define ZYD_CALENDAR_YEARS_MAX 40u
#define ZYD_OPENINGS_MAX 256u
#define ZYD_GENESIS_SIZE_MAX (1u << 20)
#define ZYD_PROGRAMME_PARAMS_MAX 3500u
#define ZYD_CODE_MAX 12u /* a member's or programme's short code: A-Z 0-9 _ */

enum zyd_role { /* fixed numbers */
    ZYD_ROLE_BANK = 1,
    ZYD_ROLE_GUAR = 2,
    ZYD_ROLE_REG = 3,    /* re-guarantor */
    ZYD_ROLE_NFGF = 4,   /* national fund */
    ZYD_ROLE_FISCAL = 5, /* finance bureau of any level: always settles gross */
    ZYD_ROLE_AUD = 6,    /* auditor or supervisor */
    ZYD_ROLE_OTHER = 7   /* core enterprise, insurer, department ... */
};
enum zyd_key_purpose { /* fixed numbers */
    ZYD_KEY_NODE = 1,    /* votes and evidence */
    ZYD_KEY_LINK = 2,    /* peer links */
    ZYD_KEY_MAKER = 3,   /* officer: signs operations */
    ZYD_KEY_CHECKER = 4  /* second officer where a programme says dual */
};
#define ZYD_GENESIS_DEVELOPMENT 1u /* flags bit 0: D21 */
#define ZYD_GENESIS_DUAL 2u        /* flags bit 1: a vote on a proposal takes its member's maker and checker */
#define ZYD_MEMBER_VALIDATOR 1u    /* member flags bit 0 */

struct zyd_member_key {
    uint8_t purpose;
    struct zyd_pk pk;
};
struct zyd_member {
    struct zyd_span code;    /* "BANK", unique */
    struct zyd_span uscc;    /* 18 characters, GB 32100 check character verified outside a development consortium too */
    struct zyd_span name_zh; /* UTF-8, 1..60 bytes */
    struct zyd_span name_en;
    struct zyd_span address; /* host:port for peers, or empty when it runs no node */
    uint8_t role;
    uint8_t flags;
    uint8_t key_count;
    struct zyd_member_key keys[ZYD_MEMBER_KEYS_MAX]; /* key index in signatures = position here */
};
struct zyd_plugin_ref {
    uint16_t contract;    /* owner number 1.. of its records; 0 is the host */
    struct zyd_span name; /* "guarantee" */
    struct zyd_hash hash; /* SHA-256 of the ELF file */
};
struct zyd_programme {
    uint16_t id;            /* 1.. */
    uint16_t contract;
    struct zyd_span code;   /* "NAT2080" */
    struct zyd_span name_zh;
    struct zyd_span name_en;
    uint8_t class_;         /* programmes of one class share household caps */
    uint8_t dual;           /* 1: money needs maker and checker */
    uint16_t calendar;      /* index into calendars */
    uint16_t pending_days;  /* working days that an operation may wait for countersigners; default 10 */
    uint16_t settlement;    /* programme of a settlement contract that nets this one's obligations, or itself; 0: none */
    struct zyd_span params; /* canonical MessagePack, owned by the contract; at most 3,500 bytes */
};
struct zyd_calendar_year {
    uint16_t year;
    uint8_t days[46]; /* bit (d mod 8) of byte (d div 8), d = 0 for 1 January: 1 = working day */
};
struct zyd_calendar {
    uint8_t year_count; /* consecutive, ascending */
    struct zyd_calendar_year years[ZYD_CALENDAR_YEARS_MAX];
};
struct zyd_opening { /* development consortium only */
    uint16_t member, programme;
    struct zyd_span dr, cr; /* account codes */
    struct zyd_money amount;
};

struct zyd_genesis {
    struct zyd_hash hash;
    struct zyd_span body;
    struct zyd_span name_zh, name_en;
    uint8_t flags;
    uint8_t preset; /* 0 LAN, 1 WAN: only a name; the numbers below decide */
    uint64_t created_ms;
    /* G parameters (ledger.md 2.8), all in ms or units of fuel */
    uint64_t fuel_block, fuel_call, window_ms; /* a call and ZYD_FUEL_BESIDE fit into half a block */
    uint32_t pace_ms, delta_ms, delta_max_ms, heartbeat_ms, precision_ms, msgdelay_ms;
    uint16_t member_count, plugin_count, programme_count, calendar_count, opening_count;
    struct zyd_member members[ZYD_MEMBERS_MAX];
    struct zyd_plugin_ref plugins[ZYD_PLUGINS_MAX];
    struct zyd_programme programmes[ZYD_PROGRAMMES_MAX];
    struct zyd_calendar calendars[ZYD_CALENDARS_MAX];
    struct zyd_opening openings[ZYD_OPENINGS_MAX];
    /* derived */
    uint8_t validator_count;
    uint16_t validators[ZYD_VALIDATORS_MAX]; /* validator index -> member index, in member order */
    struct zyd_hash valset_hash;             /* "zyd/valset/1" || epoch 1 u64 || count u8 || node keys */
    struct zyd_hash rules_hash;              /* "zyd/rules/1" || VM version u32 || (contract u16, plugin hash)... */
};

/* Decodes and checks a canonical body: bounds, unique codes and keys, key fitness, roles, a weak validator set,
 * references between parts.  out is about 400 KiB: the caller's.  why: a static English text naming the first fault.
 * Returns ZYD_OK, ZYD_E_MALFORMED (not canonical) or ZYD_E_INVALID (a rule), out then unusable. */
enum zyd_status ZYD_MUST_USE zyd_genesis_decode(struct zyd_genesis *out, const char **why,
                                                struct zyd_span body);
/* Encodes g (derived fields, hash and body ignored) into wr. */
void zyd_genesis_encode(struct zyd_wr *wr, const struct zyd_genesis *g);

const struct zyd_programme *zyd_genesis_programme(const struct zyd_genesis *g, uint16_t id); /* or NULL */
int zyd_genesis_member_by_code(const struct zyd_genesis *g, struct zyd_span code);           /* or -1 */
int zyd_genesis_validator_of(const struct zyd_genesis *g, uint16_t member);                  /* or -1 */
/* The node key of a validator. */
const struct zyd_pk *zyd_genesis_validator_pk(const struct zyd_genesis *g, uint8_t validator);
/* USCC check character (GB 32100-2015); true for a well-formed code of 18. */
bool zyd_uscc_valid(struct zyd_span uscc);
/* The check character of the first 17, or 0 when one of them is not of the alphabet. */
char zyd_uscc_check_char(const char first17[17]);

/* A programme or calendar alone, as it stands in the body, in governance operations and in records (FORMATS.md 14, 16).
 * Decoding checks the encoding only; out points into bytes.  A fault is a static English text naming the first broken rule,
 * NULL: none; what a programme refers to is the caller's to look up. */
enum zyd_status ZYD_MUST_USE zyd_programme_decode(struct zyd_programme *out, struct zyd_span bytes);
void zyd_programme_encode(struct zyd_wr *wr, const struct zyd_programme *p);
const char *zyd_programme_fault(const struct zyd_programme *p);
enum zyd_status ZYD_MUST_USE zyd_calendar_decode(struct zyd_calendar *out, struct zyd_span bytes);
void zyd_calendar_encode(struct zyd_wr *wr, const struct zyd_calendar *c);
const char *zyd_calendar_fault(const struct zyd_calendar *c);
/* A code of 1..12 of A-Z 0-9 _ */
bool zyd_code_valid(struct zyd_span code);
/* Members that vote on governance: all that hold an officer's key (ZYD_GENESIS_DUAL: a maker's and a checker's) but auditors.
 * Bit m: member m.  Approval takes zyd_quorum_q of their number. */
uint64_t zyd_genesis_voters(const struct zyd_genesis *g);

/* Working days.  Both return false when the calendar has no such year (9113). */
bool zyd_calendar_is_working(const struct zyd_calendar *c, int32_t date, bool *working);
/* The date that lies count working days after date (count 0: date itself). */
bool zyd_calendar_add(const struct zyd_calendar *c, int32_t date, uint32_t count, int32_t *out);

#endif
