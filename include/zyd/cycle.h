/* zyd/cycle.h: product (e), multilateral netting and settlement cycle (domain.md 3.5): its numbers and its records.
 *
 * Shared by the contract (contracts/cycle, in the VM) and by the tools and tests outside: freestanding.  All numbers here are
 * fixed: they stand in the ledger.  Sections and rulings are domain.md's.
 */
#ifndef ZYD_CYCLE_H
#define ZYD_CYCLE_H

#include <stdint.h>

/* ---- events of members.  CONFIRM and NOTICE make records of their own: they carry no expect_seq (ruling 28). ---- */
/* X(NAME, number, zh, en) */
#define ZYD_CYCLE_EVENTS(X)                                                                                            \
    X(START, 1, "启动清算日程", "start the schedule of cut-offs")                                                      \
    X(CONFIRM, 2, "确认清算单", "confirm the statement, or refuse obligations in it")                                  \
    X(NOTICE, 3, "到账通知", "a bank's debit or credit notice")                                                        \
    X(OPENING, 4, "期初录入", "opening: an obligation from before (development consortium only)")

enum zyd_cycle_event {
#define X(name, number, zh, en) ZYD_CE_##name = number,
    ZYD_CYCLE_EVENTS(X)
#undef X
};

/* ---- deadlines: CUT and NEXT are the clock's, the others a cycle's.  WORK is the next slice of what a cycle does. ---- */
#define ZYD_CYCLE_DEADLINES(X)                                                                                         \
    X(CUT, 1, "截单", "cut-off")                                                                                       \
    X(NEXT, 2, "下一截单日", "next cut-off")                                                                           \
    X(CONFIRM_END, 3, "确认期满", "end of the time to confirm")                                                        \
    X(PAY_END, 4, "付款期满", "pay-in deadline")                                                                       \
    X(WORK, 5, "清算处理", "next slice of a cycle's work")

enum zyd_cycle_deadline {
#define X(name, number, zh, en) ZYD_CD_##name = number,
    ZYD_CYCLE_DEADLINES(X)
#undef X
};

/* ---- states of a cycle ---- */
#define ZYD_CYCLE_STATES(X)                                                                                            \
    X(OPEN, 10, "归集中", "collecting")                                                                                \
    X(CUT_OFF, 11, "已截单", "cut off")                                                                                \
    X(COMPUTED, 12, "已轧差", "computed, waits for confirmations")                                                     \
    X(CONFIRMED, 13, "已确认", "confirmed")                                                                            \
    X(INSTRUCTED, 14, "已出付款指令", "instructed")                                                                    \
    X(SETTLING, 15, "清算中", "settling")                                                                              \
    X(SETTLED, 16, "已清算", "settled")                                                                                \
    X(UNWINDING, 17, "退出重算中", "unwinding")                                                                        \
    X(CLOSED, 18, "已关闭", "closed")

enum zyd_cycle_state {
#define X(name, number, zh, en) ZYD_CS_##name = number,
    ZYD_CYCLE_STATES(X)
#undef X
};

/* ---- labels of postings and obligations; the legs against 2141 and 1141 are the host's NETTED ---- */
#define ZYD_CYCLE_LABELS(X)                                                                                            \
    X(OPENING, 1, "期初", "opening")                                                                                   \
    X(PAID, 2, "净额付款", "net payment")

enum zyd_cycle_label {
#define X(name, number, zh, en) ZYD_CL_##name = number,
    ZYD_CYCLE_LABELS(X)
#undef X
};

/* ---- parameters: array of [bin: one slot of 8 bytes each, big-endian, in this order; accounts].  accounts: array of at most
 * 64 `[member, bank, account]`: who sends the notices for the member and the account that they name.  A member that is not
 * there is a bank of its own and its account is not compared. ---- */
/* X(NAME, text, TYPE, default, min, max, zh, en) */
#define ZYD_CYCLE_PARAMS(X)                                                                                            \
    X(CUT_OFF, "cut_off", U64, 960, 0, 1439, "截单时刻（零点后分钟）", "cut-off, minutes after 00:00")                 \
    X(EVERY_WD, "every_wd", U64, 1, 1, 250, "周期工作日数", "working days from one cut-off to the next")               \
    X(CONFIRM_MIN, "confirm_min", U64, 30, 1, 10080, "确认时限（分钟）", "time to confirm, minutes")                   \
    X(PAY_MIN, "pay_min", U64, 120, 1, 10080, "付款时限（分钟）", "time to pay in, minutes")                           \
    X(FAIL_MIN, "fail_min", U64, 60, 1, 10080, "重算后付款时限（分钟）", "time to pay after an unwinding, minutes")    \
    X(MIN_AMOUNT, "min_amount", FEN, 0, 0, 9000000000000000, "起算金额", "smaller ones wait until together they make it")    \
    X(RESERVE, "reserve", FEN, 0, 0, 9000000000000000, "每成员备付金", "a member's reserve; more: warning 5006 at a re-cut") \
    X(MODE, "mode", MODE, 1, 1, 3, "付款方式", "who carries out the instructions")                                     \
    X(CONFIRM_MODE, "confirm_mode", NOTICES, 1, 1, 2, "到账确认方式", "whose notices prove a payment")                 \
    X(AGENT, "agent", MEMBER, 65535, 0, 65535, "代理清算行", "agent bank")

enum zyd_cycle_param {
#define X(name, text, type, def, min, max, zh, en) ZYD_CP_##name,
    ZYD_CYCLE_PARAMS(X)
#undef X
        ZYD_CYCLE_PARAM_COUNT
};
enum { ZYD_CYCLE_BILATERAL = 1, ZYD_CYCLE_AGENT_BANK = 2, ZYD_CYCLE_CNAPS_SPECIAL = 3 }; /* mode */
enum { ZYD_CYCLE_PAYER_PAYEE = 1, ZYD_CYCLE_AGENT = 2 };                                 /* confirm_mode */
enum { ZYD_CYCLE_DEBIT = 1, ZYD_CYCLE_CREDIT = 2 };                                      /* side of a notice */

#define ZYD_CYCLE_ACCOUNT_MAX 34u
#define ZYD_CYCLE_MEMBERS_MAX 64u
#define ZYD_CYCLE_PAGE 64u      /* obligations a page, and a slice */
#define ZYD_CYCLE_REFUSE_MAX 64u /* ids in one CONFIRM */
#define ZYD_CYCLE_ROUNDS_MAX 2u /* recomputations after refusals (ruling 28) */
#define ZYD_CYCLE_E2E_SIZE 25u  /* EndToEndId: "N", 12 hex digits of the cycle's id, 4 of number, 8 hex digits of check */

/* ---- records of the contract: the VM's memory as it is, so integers are little-endian ----
 * key (owner = the contract's number)               value
 * "cycle/clock", zeros to 30, programme u16 BE       struct zyd_cycle_clock
 * cycle id 32                                        struct zyd_cycle (kind 1); other kinds: what made the object
 * 'M' || cycle id                                    members times struct zyd_cycle_member, by member index
 * 'O' || cycle id || page u32 BE                     up to 64 struct zyd_cycle_entry: the NET ones, by position
 * 'G' || cycle id || page u32 BE                     the same of the GROSS ones (ruling 29: shown, never locked)
 * 'P' || cycle id                                    plan_count struct zyd_cycle_plan: the payments of this round
 * 'N' || cycle id || number u32 BE                   struct zyd_cycle_instruction, numbers from 1 over all rounds
 * 'X' || obligation id                               struct zyd_cycle_place: its last cycle and position
 * 'W' || programme u16 BE || number u64 BE           id of an obligation below min_amount, which waits for others like it
 * cycle id = SHA-256("zyd/cycle/id/1", zero || programme u64 || number u64, little-endian) */
#define ZYD_CYCLE_KEY_CLOCK "cycle/clock"
#define ZYD_CYCLE_TAG_ID "zyd/cycle/id/1"
#define ZYD_CYCLE_TAG_STATEMENT "zyd/cycle/stm/1"
enum zyd_cycle_kind {
    ZYD_CYCLE_KIND_CYCLE = 1,
    ZYD_CYCLE_KIND_START = 2,
    ZYD_CYCLE_KIND_CONFIRM = 3,
    ZYD_CYCLE_KIND_NOTICE = 4,
    ZYD_CYCLE_KIND_OPENING = 5
};

struct zyd_cycle_clock {
    uint64_t cycles;                       /* made so far */
    uint64_t list_next;                    /* first number of the host's list that no cycle has looked at */
    uint64_t park_first, park_end;         /* numbers of the 'W' records not looked at again */
    int64_t parked;                        /* their sum, at most MAX_AMT: from min_amount on a cut-off takes them */
    uint64_t cut_ms;                       /* next cut-off */
};
_Static_assert(sizeof(struct zyd_cycle_clock) == 48, "record layout");

enum zyd_cycle_work { /* what WORK does next */
    ZYD_CW_NONE = 0,
    ZYD_CW_TAKE = 1,
    ZYD_CW_COMPUTE = 2,
    ZYD_CW_RECUT = 3,
    ZYD_CW_INSTRUCT = 4,
    ZYD_CW_UNWIND = 5,
    ZYD_CW_SETTLE = 6,
    ZYD_CW_PAY = 7,
    ZYD_CW_ROLL = 8,
    ZYD_CW_CLOSE = 9
};

struct zyd_cycle {
    uint8_t kind, state, round, work;       /* round: recomputations after refusals; work: enum zyd_cycle_work */
    uint16_t programme, members;            /* members: highest index that has a row, plus one */
    uint32_t count, active, gross_count;    /* NET taken; of these still in; GROSS shown */
    uint32_t cursor;                        /* of the running work: page or instruction */
    uint32_t plan_count;
    uint32_t instr_first, instr_count;      /* first of this round; made in all rounds */
    uint32_t unmatched;                     /* of this round */
    int32_t date;                           /* of the cut-off */
    uint32_t failures;                      /* pay-in deadlines passed */
    uint64_t number, cut_ms, confirm_ms, pay_ms;
    uint64_t list_next, list_end, park_next, park_end; /* TAKE: what is left to look at */
    uint64_t fiscal;                        /* bit m: FISCAL member with GROSS rows */
    uint64_t position;                      /* bit m: position is not zero */
    uint64_t needed, confirmed, refused;    /* of this round */
    uint64_t leaving;                       /* RECUT, UNWIND: all obligations of these leave */
    uint64_t failed;                        /* missed a pay-in deadline */
    int64_t total;                          /* sum of the NET ones that are in */
    int64_t moved;                          /* sum of this round's payments */
    uint8_t set_hash[32], gross_hash[32], position_hash[32], plan_hash[32];
    uint8_t root[32];                       /* CLOSED: SHA-256 over the members' statement hashes, by member index */
};
_Static_assert(sizeof(struct zyd_cycle) == 344, "record layout");

struct zyd_cycle_member {
    int64_t in, out;             /* of the obligations that are in */
    int64_t paid, received;      /* matched payments */
    int64_t gross_in, gross_out; /* GROSS list */
    int64_t asked;               /* in - out when it was last asked to confirm */
};
_Static_assert(sizeof(struct zyd_cycle_member) == 56, "record layout");

enum zyd_cycle_status { ZYD_CYCLE_IN = 1, ZYD_CYCLE_REFUSED = 2, ZYD_CYCLE_LEFT = 3, ZYD_CYCLE_DONE = 4 };
struct zyd_cycle_entry {
    uint8_t id[32];
    int64_t amount;
    uint16_t debtor, creditor;
    uint8_t status; /* enum zyd_cycle_status */
    uint8_t age;    /* how often it was rolled before this cycle */
    uint16_t programme;
};
_Static_assert(sizeof(struct zyd_cycle_entry) == 48, "record layout");
/* set_hash: 32 zeros, then for each entry that is in, in order: SHA-256(hash || id || amount || debtor || creditor), which are
 * its first 44 bytes.  gross_hash: the same over the GROSS ones. */
#define ZYD_CYCLE_ENTRY_HASHED 44u

struct zyd_cycle_plan {
    int64_t amount;
    uint16_t payer, payee;
    uint32_t zero;
};
_Static_assert(sizeof(struct zyd_cycle_plan) == 16, "record layout");
/* plan_hash: SHA-256 of the 'P' record.  position_hash: SHA-256 of i64 in - out + paid - received, one a member row. */

enum zyd_cycle_instr_state { ZYD_CYCLE_OPEN = 1, ZYD_CYCLE_MATCHED = 2, ZYD_CYCLE_VOID = 3 };
struct zyd_cycle_instruction {
    int64_t amount;
    uint16_t payer, payee;
    uint8_t state, notices;  /* notices: bit 0 debit, bit 1 credit */
    uint16_t failures;       /* of the cycle when it was made */
    char end_to_end[32];     /* 25 characters and zeros */
    uint8_t id[32];          /* SHA-256(cycle id || number u32 || payer u16 || payee u16 || amount i64); postings name it */
};
_Static_assert(sizeof(struct zyd_cycle_instruction) == 80, "record layout");

struct zyd_cycle_place {
    uint64_t cycle;    /* its number */
    uint32_t position;
    uint16_t programme, zero;
};
_Static_assert(sizeof(struct zyd_cycle_place) == 16, "record layout");

/* What a member confirms, and what stands under the root: statement hash = SHA-256 of these bytes. */
struct zyd_cycle_statement {
    char tag[16]; /* ZYD_CYCLE_TAG_STATEMENT, zeros */
    uint8_t cycle[32];
    uint32_t round;
    uint16_t member, zero;
    struct zyd_cycle_member row;
    uint8_t set_hash[32], gross_hash[32], position_hash[32], plan_hash[32];
};
_Static_assert(sizeof(struct zyd_cycle_statement) == 240, "record layout");

/* START, CONFIRM, NOTICE, OPENING leave this under their own id. */
struct zyd_cycle_paper {
    uint8_t kind, zero;
    uint16_t programme;
    int32_t date;
    uint8_t cycle[32]; /* CONFIRM, NOTICE; OPENING: the obligation */
};
_Static_assert(sizeof(struct zyd_cycle_paper) == 40, "record layout");

#endif
