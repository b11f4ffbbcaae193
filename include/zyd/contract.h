/* zyd/contract.h: everything a contract may see and do.  The one public header of the contract ABI, version 1.
 *
 * A contract is ordinary C with one entry:  int64_t contract_call(const struct ct_call *call, uint64_t size);
 * It is called once an operation, with fresh zeroed memory, no globals that can be written, and nothing of the world but
 * the calls below.  It checks its preconditions, requires its signers, then writes.  To refuse, it calls ct_fail(code):
 * the host drops everything that the call did and records the code.  Returning 0 means done; any other value is
 * 9124 BAD_RETURN.  Costs: one unit of fuel an instruction, plus the tariff named at each call.
 *
 * Order inside a contract (ledger.md 2.5): all other preconditions, then signers (ct_require ... ct_require_end), then
 * writes.  If a signer lacks, ct_require_end does not return.
 *
 * The same source is built as an RV64IM ELF (deployed) and natively (unit tests, gdb: tests/lib/native.h); the calls then
 * are an ordinary function.  All integers in the structs below are little-endian in both.
 */
#ifndef ZYD_CONTRACT_H
#define ZYD_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_ABI 1u
#define CT_ID_SIZE 32u
#define CT_ACCOUNT_SIZE 41u /* text of at most 40 characters and its NUL: "1001", "2141.BANK", "1131.9133..." */
#define CT_NO_MEMBER 0xffffu

__extension__ typedef unsigned __int128 ct_u128;

/* Every record of a contract has a sequence number: 1 when made; a member's operation on an object (the record under its
 * 32-byte id) raises it by one.  It also remembers the programme it was made under: operations that name another are 9104. */

/* What the call is about.  Stands at the start of the input memory; offsets are from its start. */
struct ct_call {
    uint32_t abi;
    uint16_t contract, event, programme;
    uint16_t member;      /* who acts; CT_NO_MEMBER for SYS */
    uint8_t sys;          /* 1: a deadline fired or the host reports something (zyd/host.h) */
    uint8_t development;  /* 1: the consortium is a development one (D21) */
    uint8_t deadline;     /* SYS: the deadline's number */
    uint8_t has_object;   /* 0: the operation makes an object; object is then the id it will have */
    int32_t date;         /* business date of the block, or of the deadline for SYS: yyyymmdd, UTC+8 */
    uint64_t time_ms;     /* instant of the block, or of the deadline for SYS */
    uint64_t seq;         /* the object's current number; 0 when it is being made */
    uint8_t object[CT_ID_SIZE];
    uint8_t op_id[CT_ID_SIZE];
    uint32_t args_offset, args_size;     /* one canonical MessagePack array (already checked canonical) */
    uint32_t params_offset, params_size; /* the programme's parameters, canonical MessagePack; empty without programme */
    uint32_t ref_offset, ref_size;       /* client_ref */
};
_Static_assert(sizeof(struct ct_call) == 128, "ABI");

struct ct_obligation {
    uint8_t id[CT_ID_SIZE];
    uint8_t object[CT_ID_SIZE]; /* the object it stems from; its contract hears CT_EVENT_SETTLED */
    int64_t amount;             /* fen */
    uint16_t contract, programme, debtor, creditor, reason; /* reason: the contract's label */
    uint8_t gross;              /* 1: settles by PAID of both; set by the host for FISCAL members, or asked for */
    uint8_t state;              /* enum ct_obligation_state */
    int32_t value_date;
};
_Static_assert(sizeof(struct ct_obligation) == 88, "ABI");
/* What ct_obligation_move does.  All but REVERSE are for the settlement contract: one called for the programme that the
 * obligation's programme names as its settlement programme, on NET obligations only. */
enum ct_move {
    CT_MOVE_LOCK = 1,     /* CREATED -> LOCKED */
    CT_MOVE_INSTRUCT = 2, /* LOCKED -> INSTRUCTED */
    CT_MOVE_SETTLE = 3,   /* INSTRUCTED -> SETTLED: posts debtor 2141.creditor / 2199 and creditor 2199 / 1141.debtor in the
                           * obligation's programme, and its maker hears CT_EVENT_SETTLED */
    CT_MOVE_ROLL = 4,     /* LOCKED, INSTRUCTED -> CREATED, waits again, one older */
    CT_MOVE_RELEASE = 5,  /* the same, not older */
    CT_MOVE_REVERSE = 6   /* CREATED -> REVERSED by the contract and programme that made it; 9107 once in a cycle or settled */
};
enum ct_obligation_state {
    CT_OBL_CREATED = 1,
    CT_OBL_LOCKED = 2,
    CT_OBL_INSTRUCTED = 3,
    CT_OBL_SETTLED = 4,
    CT_OBL_REVERSED = 5
};

struct ct_balance {
    ct_u128 debits, credits; /* fen ever posted */
};

enum ct_mode { CT_FLOOR = 0, CT_HALF_UP = 1, CT_CEIL = 2 };

/* Events that the host sends (call->sys == 1). */
#define CT_EVENT_DEADLINE 0xff01u /* a deadline of the object: call->deadline */
#define CT_EVENT_SETTLED 0xff02u  /* an obligation of the object was settled; args = [obligation id bin32] */

/* Numbers of the host calls: fixed.  Tariff in units of fuel; one unit is about a nanosecond of a node, so a call costs what
 * it makes all nodes hash, keep and send.  An operation costs 1,000 before its first instruction, 300 for the look at its
 * object and 3,000 for the object's new number. */
enum ct_call_number {
    CT_SYS_GET = 1,        /* 300 + 1/8 B */
    CT_SYS_PUT = 2,        /* 3,000 + 4 B */
    CT_SYS_POST = 3,       /* 6,000 */
    CT_SYS_OBLIGATION = 4, /* 4,000; 6,500 more where it joins a settlement programme's list */
    CT_SYS_OBLIGATION_GET = 5, /* 300 */
    CT_SYS_DEADLINE = 6,   /* 4,000 */
    CT_SYS_EMIT = 7,       /* 200 + 4 B */
    CT_SYS_REQUIRE = 8,    /* 20 */
    CT_SYS_REQUIRE_END = 9, /* 20 */
    CT_SYS_MULDIV = 10,    /* 100 */
    CT_SYS_SHA256 = 11,    /* 400 + 3 B */
    CT_SYS_FAIL = 12,
    CT_SYS_WARN = 13,      /* 20 */
    CT_SYS_WORKDAY_ADD = 14, /* 100 + 1 a day */
    CT_SYS_WORKDAY_IS = 15, /* 50 */
    CT_SYS_MEMBER = 16,    /* 50 */
    CT_SYS_MEMBER_FIND = 17, /* 100 */
    CT_SYS_BALANCE = 18,   /* 600 */
    CT_SYS_PARAMS = 19,    /* 300 + 1/8 B */
    CT_SYS_OBLIGATION_MOVE = 20, /* 7,500; SETTLE 23,500; ROLL, RELEASE 10,500 */
    CT_SYS_RATE = 21,      /* 300 */
    CT_SYS_POSTINGS = 22   /* 300 + 1/8 B */
};

#ifdef __riscv
static inline int64_t ct_sys(int64_t n, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)
{
    register int64_t a0 __asm__("a0") = a;
    register int64_t a1 __asm__("a1") = b;
    register int64_t a2 __asm__("a2") = c;
    register int64_t a3 __asm__("a3") = d;
    register int64_t a4 __asm__("a4") = e;
    register int64_t a5 __asm__("a5") = f;
    register int64_t a7 __asm__("a7") = n;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}
#else
int64_t ct_sys(int64_t n, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f); /* tests/lib/native.c */
#endif
#define CT_PTR(p) ((int64_t)(intptr_t)(p))

/* Refuse: ends the call, nothing that it did stays.  code: 1..65535 (domain.md 3.6). */
__attribute__((noreturn)) static inline void ct_fail(uint32_t code)
{
    for (;;) {
        ct_sys(CT_SYS_FAIL, code, 0, 0, 0, 0, 0);
    }
}
/* Record a warning with the event; at most 64. */
static inline void ct_warn(uint32_t code)
{
    ct_sys(CT_SYS_WARN, code, 0, 0, 0, 0, 0);
}
/* Value of a record of owner (a contract number, or 0: the host) under key (1..64 bytes) into out (cap bytes).
 * Returns its size, or -1 when there is none.  A value larger than cap ends the call with 9123. */
static inline int64_t ct_get(uint16_t owner, const void *key, uint32_t key_size, void *out, uint32_t cap)
{
    return ct_sys(CT_SYS_GET, owner, CT_PTR(key), key_size, CT_PTR(out), cap, 0);
}
/* Make or change one of the contract's own records; value 0..4096 bytes.  The record under the 32-byte object id is the
 * object itself: it must exist when an operation that makes the object returns. */
static inline void ct_put(const void *key, uint32_t key_size, const void *value, uint32_t size)
{
    ct_sys(CT_SYS_PUT, CT_PTR(key), key_size, CT_PTR(value), size, 0, 0);
}
/* One debit and one credit in the books of member; amount > 0 (0 posts nothing).  obligation: 32 bytes or NULL.  Labels from
 * 0xff00 on are the host's.  An account is 1..40 characters of 0-9 A-Z a-z . _ - and starts with a digit; accounts need no
 * opening.  They belong to (member, the call's programme).  9104 for anything else. */
static inline void ct_post(uint16_t member, uint16_t label, const char *dr, const char *cr, int64_t amount,
                           const uint8_t *obligation)
{
    ct_sys(CT_SYS_POST, (int64_t)member << 16 | label, CT_PTR(dr), CT_PTR(cr), amount, CT_PTR(obligation), 0);
}
/* What this call has posted so far, in order, for a note from which a later call can mirror it.  Each: member u16, label u16,
 * bytes of dr u8, of cr u8, of the obligation's id u8 (0 or 32), zero u8, amount i64 (little-endian: 16 bytes), then dr, cr
 * and the id.  Returns the bytes of all, or -1 when they are more than cap. */
#define CT_POSTING_HEAD 16u
static inline int64_t ct_postings(void *out, uint32_t cap)
{
    return ct_sys(CT_SYS_POSTINGS, CT_PTR(out), cap, 0, 0, 0, 0);
}
/* An obligation of debtor towards creditor, made now; fill debtor, creditor, amount > 0, reason, gross; the host fills the
 * rest (id, object, contract, programme, value_date, state; gross = 1 when either is FISCAL).  Makes no posting. */
static inline void ct_obligation(struct ct_obligation *io)
{
    ct_sys(CT_SYS_OBLIGATION, CT_PTR(io), 0, 0, 0, 0, 0);
}
/* 0, or -1 when there is none. */
static inline int64_t ct_obligation_get(struct ct_obligation *out, const uint8_t *id)
{
    return ct_sys(CT_SYS_OBLIGATION_GET, CT_PTR(out), CT_PTR(id), 0, 0, 0, 0);
}
/* Changes an obligation's state.  Returns how often it was rolled.  Ends the call with 9115 (no such obligation), 9104 (not
 * this contract's to move), 9111 (not in a state that the move starts from; a GROSS one), 9107.
 * Every obligation made under a programme with a settlement programme S joins the list of S, and a rolled or released one joins
 * it again at its end.  The list is host records that ct_get(0, ...) reads: "oblq" S u16 -> next number u64, NET ones that are
 * CREATED u64; "oblq" S u16 number u64 -> obligation id (integers big-endian, numbers from 0).  Nothing ever leaves it: a
 * settlement contract keeps its own place. */
static inline uint32_t ct_obligation_move(const uint8_t *id, enum ct_move move)
{
    return (uint32_t)ct_sys(CT_SYS_OBLIGATION_MOVE, CT_PTR(id), (int64_t)move, 0, 0, 0, 0);
}
/* Deadline number (1..8) of one of the contract's own objects (the call's object, or an own record under a 32-byte key that
 * exists already; else 9115); due_ms 0 clears it.  At one instant deadlines fire in ascending (object, number): a contract
 * that keeps an object for its programme under 30 zero bytes and the programme's number (u16, big-endian) is called for it
 * before its other objects. */
static inline void ct_deadline(const uint8_t *object, uint8_t number, uint64_t due_ms)
{
    ct_sys(CT_SYS_DEADLINE, CT_PTR(object), number, (int64_t)due_ms, 0, 0, 0);
}
/* An event for the outcome (and, later, for subscribers). */
static inline void ct_emit(uint16_t code, const void *data, uint32_t size)
{
    ct_sys(CT_SYS_EMIT, code, CT_PTR(data), size, 0, 0, 0);
}
/* Has member signed this operation?  Remembers it as needed: ct_require_end ends the call with 9102 (or makes it wait)
 * unless every needed member has signed.  SYS calls need no signers. */
static inline bool ct_require(uint16_t member)
{
    return ct_sys(CT_SYS_REQUIRE, member, 0, 0, 0, 0, 0) != 0;
}
static inline void ct_require_end(void)
{
    ct_sys(CT_SYS_REQUIRE_END, 0, 0, 0, 0, 0, 0);
}
/* out = round(a * b / d); ends the call with 9104 unless a * b < 2^126 and d > 0. */
static inline void ct_muldiv(ct_u128 *out, ct_u128 a, ct_u128 b, ct_u128 d, enum ct_mode mode)
{
    ct_u128 in[3] = {a, b, d};
    ct_sys(CT_SYS_MULDIV, CT_PTR(out), CT_PTR(in), mode, 0, 0, 0);
}
static inline void ct_sha256(uint8_t out[CT_ID_SIZE], const void *data, uint32_t size)
{
    ct_sys(CT_SYS_SHA256, CT_PTR(out), CT_PTR(data), size, 0, 0, 0);
}
/* date plus count working days of the programme's calendar; ends the call with 9113 where the calendar is silent. */
static inline int32_t ct_workday_add(int32_t date, uint32_t count)
{
    return (int32_t)ct_sys(CT_SYS_WORKDAY_ADD, date, count, 0, 0, 0, 0);
}
static inline bool ct_workday_is(int32_t date)
{
    return ct_sys(CT_SYS_WORKDAY_IS, date, 0, 0, 0, 0, 0) != 0;
}
/* Code (NUL-terminated, at most 12 characters) and role (enum zyd_role) of a member; role -1: no such member. */
static inline int64_t ct_member(uint16_t member, char code[13])
{
    return ct_sys(CT_SYS_MEMBER, member, CT_PTR(code), 0, 0, 0, 0);
}
static inline int64_t ct_member_find(const void *code, uint32_t size) /* index or -1 */
{
    return ct_sys(CT_SYS_MEMBER_FIND, CT_PTR(code), size, 0, 0, 0, 0);
}
static inline void ct_balance(struct ct_balance *out, uint16_t member, const char *account)
{
    ct_sys(CT_SYS_BALANCE, CT_PTR(out), member, CT_PTR(account), 0, 0, 0);
}
/* Parameters of another programme; size, or -1. */
static inline int64_t ct_params(uint16_t programme, void *out, uint32_t cap)
{
    return ct_sys(CT_SYS_PARAMS, programme, CT_PTR(out), cap, 0, 0, 0);
}

/* Reference rate in ppm a year that is valid on date ("LPR1Y", 5): the last that governance let begin on it or before; -1:
 * none. */
static inline int64_t ct_rate(const void *name, uint32_t size, int32_t date)
{
    return ct_sys(CT_SYS_RATE, CT_PTR(name), size, date, 0, 0, 0);
}

/* contracts/sdk: helpers linked into every contract. */
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* Reading arguments: the bytes are canonical already, but of any shape: a wrong shape ends the call with 9104. */
struct ct_rd {
    const uint8_t *p, *end;
};
struct ct_rd ct_args(const struct ct_call *call);
struct ct_rd ct_params_rd(const struct ct_call *call);
uint32_t ct_rd_array(struct ct_rd *rd); /* count */
uint64_t ct_rd_u64(struct ct_rd *rd, uint64_t max);
int64_t ct_rd_i64(struct ct_rd *rd, int64_t min, int64_t max);
bool ct_rd_nil(struct ct_rd *rd); /* consumes it if it is nil */
const uint8_t *ct_rd_bin(struct ct_rd *rd, uint32_t *size, uint32_t max); /* bin or str */
const uint8_t *ct_rd_id(struct ct_rd *rd);                                /* bin of 32 */
void ct_rd_end(const struct ct_rd *rd);                                   /* 9104 unless all was read */

#endif
