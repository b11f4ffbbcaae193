/* cycle.h: what the files of the settlement cycle contract share.  Read main.c first, then the files in the order of the
 * declarations.  Sections, tables and rulings are those of domain.md 3.5 and 3.7. */
#ifndef CYCLE_H
#define CYCLE_H

#include <zyd/common.h>
#include <zyd/contract.h>
#include <zyd/cycle.h>
#include <zyd/date.h>

/* Codes of domain.md 3.6 that only this contract ends with, or warns of. */
enum code {
    W_EMPTY = 5001,
    E_NOT_ZERO = 5002,
    E_NOT_CONFIRMED = 5003, /* also a warning: silence */
    E_UNKNOWN_REFERENCE = 5004,
    E_NOTICE_MISMATCH = 5005,
    W_PAY_IN_FAILED = 5006
};

struct page {
    uint32_t count;
    struct zyd_cycle_entry e[ZYD_CYCLE_PAGE];
};

/* One call. */
struct cy {
    const struct ct_call *call;
    const uint8_t *slots;
    struct ct_rd accounts;       /* the array of accounts, not read yet */
    uint8_t id[CT_ID_SIZE];      /* of the cycle that the call is about */
    struct zyd_cycle c;
    struct zyd_cycle_member m[ZYD_CYCLE_MEMBERS_MAX];
};

/* ---- record.c: records, hashes, deadlines ---- */
void params_open(struct cy *y);
static inline uint64_t param(const struct cy *y, enum zyd_cycle_param which)
{
    return cc_slot(y->slots, (uint32_t)which);
}
void clock_key(uint8_t out[CT_ID_SIZE], uint16_t programme);
bool clock_load(struct zyd_cycle_clock *out, const struct cy *y); /* false: none, zeros */
void clock_store(const struct zyd_cycle_clock *k, const struct cy *y);
void cycle_id(uint8_t out[CT_ID_SIZE], uint16_t programme, uint64_t number);
/* The cycle and its members' rows; 9115 when id is no cycle, 9104 when it is another programme's. */
void cycle_load(struct cy *y, const uint8_t *id);
void cycle_store(const struct cy *y); /* both */
void page_load(struct page *p, const struct cy *y, char kind, uint32_t index);
void page_store(const struct page *p, const struct cy *y, char kind, uint32_t index);
void instr_load(struct zyd_cycle_instruction *i, const struct cy *y, uint32_t number); /* 9115 when there is none */
bool instr_find(struct zyd_cycle_instruction *i, const struct cy *y, uint32_t number);
void instr_store(const struct zyd_cycle_instruction *i, const struct cy *y, uint32_t number);
void hash_entry(uint8_t hash[32], const struct zyd_cycle_entry *e);
void statement_hash(uint8_t out[32], const struct cy *y, uint16_t member);
void set_state(struct cy *y, enum zyd_cycle_state state); /* and emits it */
void work(struct cy *y, enum zyd_cycle_work next);        /* from its first page on, as a SYS operation of its own, at once */
void work_on(const struct cy *y);                         /* the next slice of the same */
void cycle_deadline(const struct cy *y, enum zyd_cycle_deadline which, uint64_t due_ms); /* 0 clears */
void paper(const struct cy *y, enum zyd_cycle_kind kind, const uint8_t *about);
/* Adds or takes an obligation to its two rows and the sums. */
void book(struct cy *y, const struct zyd_cycle_entry *e);
void clear_sums(struct cy *y);

/* ---- take.c: OPEN and CUT ---- */
void event_start(struct cy *y);
void event_opening(struct cy *y);
void sys_cut(struct cy *y);
void sys_next(struct cy *y);
void work_take(struct cy *y);

/* ---- compute.c: COMPUTE ---- */
int64_t residual(const struct zyd_cycle_member *m);
/* Positions and the payments by the instruction rule, into the cycle and its 'P' record; 5002. */
void compute(struct cy *y);
void work_compute(struct cy *y);

/* ---- confirm.c: CONFIRM, its end, and what follows a refusal ---- */
void event_confirm(struct cy *y);
void sys_confirm_end(struct cy *y);

/* ---- pay.c: INSTRUCT, NOTICE, FAIL ---- */
void work_instruct(struct cy *y);
void make_instructions(struct cy *y, uint64_t pay_minutes);
void event_notice(struct cy *y);
void sys_pay_end(struct cy *y);

/* ---- settle.c: passes over the obligations: RECUT, UNWIND, ROLL; SETTLE, PAY, CLOSE ---- */
void work_leave(struct cy *y);
void work_settle(struct cy *y);
void work_pay(struct cy *y);
void work_close(struct cy *y);

#endif
