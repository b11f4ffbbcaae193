/* pass.h: what a verified ledger did, operation by operation, for checks that look at the business a second way.
 *
 *   struct audit_pass *p = audit_pass_new(g);
 *   audit_pass_add(p, step, ctx);                each checker sees every step, in the ledger's order
 *   audit_pass_block(p, &view, state);           after the block was replayed; state: the records behind it
 *   audit_pass_free(p);
 *
 * The pass resolves what an outcome alone does not say: the operation behind a countersignature, the programme of a SYS
 * operation, the place in the log.  It trusts no record of a contract; what a checker needs of an object's past it keeps
 * itself.
 */
#ifndef ZYD_AUDIT_PASS_H
#define ZYD_AUDIT_PASS_H

#include <zyd/genesis.h>
#include <zyd/ledger.h>
#include <zyd/state.h>

struct audit_step {
    uint64_t height, log_index;
    uint32_t number;           /* of the outcome under its log index */
    uint64_t time_ms;          /* the block's; of a SYS operation its own due time */
    uint64_t block_ms;         /* the block's */
    int32_t date;              /* business date of time_ms */
    const struct zyd_op *op;   /* whose effects they are: of a COUNTERSIGN the operation that waited; NULL: SYS */
    const struct zyd_op *sent; /* as it stands in the envelope; NULL: SYS */
    const struct zyd_outcome *o; /* code 0: done; anything else booked nothing */
    uint16_t contract, event;  /* of op or of the SYS operation */
    uint16_t programme;        /* 0: not known (records that belong to none) */
    const struct zyd_hash *object; /* NULL: none */
    const char *ref;               /* the object's number, as its maker gave it; "": none */
};
typedef void audit_step_fn(void *ctx, const struct audit_step *step);

struct audit_pass;
struct audit_pass *audit_pass_new(const struct zyd_genesis *g);
void audit_pass_free(struct audit_pass *p); /* NULL is fine */
void audit_pass_add(struct audit_pass *p, audit_step_fn *step, void *ctx);
void audit_pass_block(struct audit_pass *p, const struct zyd_block_view *b, struct zyd_state *state);
/* One step alone, where there is no block to read (tests): height, log_index, number, o, and the block's time_ms of at; op as
 * it was sent, NULL: SYS. */
void audit_pass_step(struct audit_pass *p, const struct audit_step *at, const struct zyd_op *op, struct zyd_state *state);

/* An object that an operation made beside its own (a loan of a list): its programme and number from then on. */
void audit_pass_know(struct audit_pass *p, const struct zyd_hash *object, uint16_t programme, const char *ref);

/* While steps are told: programmes and calendars as they stand behind the block (programmes never change; of a calendar only
 * days to come).  False: there is none.  out points into memory of the pass, until its next call. */
bool audit_pass_programme(struct audit_pass *p, struct zyd_programme *out, uint16_t id);
/* The date `days` working days after date by the calendar of a programme; 0: the calendar is silent. */
int32_t audit_pass_workday_add(struct audit_pass *p, uint16_t programme, int32_t date, uint32_t days);

#endif
