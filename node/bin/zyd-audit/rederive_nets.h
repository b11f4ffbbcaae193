/* rederive_nets.h: what members owe each other, and the two products in which it moves: settlement cycles (domain.md 3.5,
 * rulings 27 to 31) and vouchers (3.4).  An obligation is known from the postings that name it; a cycle from what members
 * signed, its deadlines and the states that it told; nobody's record is read. */
#ifndef ZYD_AUDIT_REDERIVE_NETS_H
#define ZYD_AUDIT_REDERIVE_NETS_H

#include "rederive.h"
#include <zyd/contract.h>
#include <zyd/crypto.h>
#include <zyd/cycle.h>
#include <zyd/host.h>
#include <zyd/product.h>
#include <zyd/voucher.h>

const struct zyd_product *re_product(const struct zyd_genesis *g, uint16_t contract); /* rederive.c; NULL: none that is known */

/* ---- rederive_line.c: the rows of an operation to the whole account, and to the obligation or payment that they name ---- */
struct re_line {
    uint16_t member, label;
    char dr[ZYD_ACCOUNT_MAX + 1], cr[ZYD_ACCOUNT_MAX + 1];
    struct zyd_hash about; /* zeros: any */
    int64_t right, booked;
    enum re_kind kind;
};
#define RE_LINES (2u * ZYD_CALL_POSTINGS_MAX)
struct re_lines {
    size_t count;
    struct re_line line[RE_LINES];
};
/* The line, or NULL for an amount of 0. */
struct re_line *re_line_add(struct re_lines *l, enum re_kind kind, uint16_t member, uint16_t label, const char *dr,
                            const char *cr, int64_t amount, const struct zyd_hash *about);
/* A row that nobody expects is `other`. */
void re_lines_compare(struct re *re, const struct audit_step *s, struct re_lines *l, enum re_kind other);
typedef char re_account[ZYD_ACCOUNT_MAX + 1];
void re_account_of(re_account out, const struct re *re, const char *code, uint16_t member); /* "2141.BANK" */

/* Of amounts that only a faulty contract lets grow so large: around the end, as its machine does. */
static inline int64_t re_sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* ---- rederive_debt.c: obligations (3.0.7) ---- */
enum re_debt_state { RE_DEBT_OPEN, RE_DEBT_LOCKED, RE_DEBT_SETTLED, RE_DEBT_REVERSED };
struct re_debt {
    struct zyd_hash id;
    int64_t amount, claim; /* what the debtor's rows say, and the creditor's */
    uint16_t debtor, creditor, programme, settlement;
    bool gross, astray; /* astray: it was told that it is not where it should be */
    uint8_t legs;       /* of a netting: bit 0 debtor's, bit 1 creditor's */
    enum re_debt_state state;
    int32_t value_date;
    uint64_t step, settled; /* of the steps of all: made in; settled in the block of this height */
    const char *ref;        /* its maker's number */
    struct cy_cycle *cycle; /* its last, and the place in it */
    uint32_t place;
};
/* What waits for a settlement programme, in the order of making and rolling. */
struct re_queue {
    struct re_debt **at;
    size_t count, waiting; /* waiting: NET ones that are open */
};
struct re_debts *re_debts_new(struct re *re);
void re_debts_free(struct re_debts *p);
void re_debts_step(struct re_debts *p, const struct audit_step *s); /* of what was done, before its product's */
struct re_debt *re_debt_of(const struct re_debts *p, const struct zyd_hash *id); /* or NULL */
struct re_queue *re_queue_of(struct re_debts *p, uint16_t settlement);
void re_debt_lock(struct re_debts *p, struct re_debt *d);
void re_debt_roll(struct re_debts *p, struct re_debt *d); /* waits again, at the end */
void re_debt_settle(struct re_debt *d, const struct audit_step *s);
/* The obligation whose debtor's row is posting i of the step; NULL: none. */
struct re_debt *re_debt_made(const struct re_debts *p, const struct audit_step *s, uint32_t i);

/* ---- rederive_cut.c, rederive_cycle.c, rederive_net.c ---- */
struct cy_entry {
    struct re_debt *debt;
    uint8_t status; /* enum zyd_cycle_status */
};
struct cy_pay { /* an instruction */
    int64_t amount;
    uint16_t payer, payee;
    uint8_t state, notices; /* enum zyd_cycle_instr_state; sides */
    bool told, booked;      /* told: it was found to be another one */
    struct zyd_hash id;
    char reference[ZYD_CYCLE_E2E_SIZE + 1];
};
struct cy_clock { /* a programme's cut-offs */
    struct re_terms t;
    struct re_debt **parked; /* below min_amount */
    size_t parked_count, parked_first, looked; /* looked: place in the queue */
    int64_t parked_sum;
    uint64_t cycles, next_ms; /* 0: not known */
};
struct cy_cycle {
    struct re *re;
    struct cy_clock *clock;
    struct zyd_hash id;
    uint64_t number;
    int32_t date;
    uint8_t state, round, work;
    bool lost, doubted; /* lost: it went another way, only its legs are followed; doubted: its statement was told to differ */
    uint8_t says[4];    /* states that the running step should tell */
    size_t say_count;
    size_t list_next, list_end, park_next, park_end, cursor;
    struct cy_entry *entries;
    size_t entry_count;
    struct re_debt **gross;
    size_t gross_count;
    uint16_t members;
    int64_t in[ZYD_MEMBERS_MAX], out[ZYD_MEMBERS_MAX], paid[ZYD_MEMBERS_MAX], received[ZYD_MEMBERS_MAX];
    int64_t gross_in[ZYD_MEMBERS_MAX], gross_out[ZYD_MEMBERS_MAX];
    int64_t legs[ZYD_MEMBERS_MAX], cash[ZYD_MEMBERS_MAX]; /* as booked: what it was to receive, and did */
    int64_t total;
    size_t active;
    uint64_t fiscal, position, needed, confirmed, refused, leaving;
    uint64_t confirm_ms, pay_ms;
    struct zyd_hash set_hash, gross_hash, position_hash, plan_hash;
    struct zyd_cycle_plan plan[ZYD_CYCLE_MEMBERS_MAX];
    size_t plan_count;
    struct cy_pay *pays;
    size_t pay_count, pay_first, unmatched;
};
struct re_cycles {
    struct re *re;
    struct audit_map cycles;
    struct cy_clock *clocks[256]; /* by programme */
};
struct re_cycles *re_cycles_new(struct re *re);
void re_cycles_free(struct re_cycles *p);
void re_cycles_step(struct re_cycles *p, const struct audit_step *s);

static inline uint64_t cy_param(const struct cy_cycle *c, enum zyd_cycle_param which)
{
    return c->clock->t.slots[which];
}
void cy_find(const struct cy_cycle *c, const struct audit_step *s, enum re_kind kind, uint16_t member, int64_t booked,
             int64_t right, const char *text);
void cy_say(struct cy_cycle *c, enum zyd_cycle_state state); /* it goes there, and should tell so */
void cy_begin(struct cy_cycle *c, enum zyd_cycle_work next);
/* What the step tells against what it should; afterwards a cycle that went another way is followed by its legs alone. */
void cy_told(struct cy_cycle *c, const struct audit_step *s);
void cy_start(struct re_cycles *p, const struct audit_step *s);
void cy_cut(struct re_cycles *p, const struct audit_step *s);
void cy_take(struct cy_cycle *c, const struct audit_step *s); /* a slice */
void cy_sum(struct cy_cycle *c);     /* in, out, the set's hash: of what is in */
void cy_compute(struct cy_cycle *c); /* positions and payments, with their hashes */
void cy_statement(struct zyd_hash *out, const struct cy_cycle *c, uint16_t member);
void cy_instruct(struct cy_cycle *c); /* the plan as payments */
void cy_reference(struct cy_pay *pay, const struct cy_cycle *c, size_t number);
void cy_gross_add(struct cy_cycle *c, struct re_debt *d);
void cy_legs(struct cy_cycle *c, const struct audit_step *s); /* the rows of the step, but for PAID */
void cy_left_out(struct cy_cycle *c, const struct audit_step *s);
void cy_cash(struct cy_cycle *c, const struct audit_step *s, size_t from, size_t to); /* the PAID rows: of these payments */
void cy_balance(struct cy_cycle *c, const struct audit_step *s); /* cash against legs */

/* ---- rederive_voucher.c, rederive_due.c ---- */
struct vo_terms {
    struct re_terms t;
    uint32_t serial;
};
struct vo_owing { /* an obligation that stems from a voucher */
    struct re_debt *debt;
    uint16_t why; /* enum zyd_voucher_label */
    bool told;    /* its SETTLED was seen */
};
struct vo_take { /* of an invoice */
    struct vo_invoice *invoice;
    int64_t taken;
};
struct vo_voucher {
    struct vo_terms *terms;
    struct vo_line *line;
    struct zyd_hash id;
    enum zyd_voucher_state state;
    uint16_t core, holder, pledgee;
    bool financed;
    uint32_t number;
    int64_t face, unearned, owed;
    int32_t due, payable;
    uint32_t depth, called;
    size_t link_count;
    struct zyd_voucher_link links[ZYD_VOUCHER_LINKS_MAX];
    struct vo_take *takes;
    size_t take_count;
    struct vo_owing *owing;
    size_t owing_count;
    struct re_debt *core_debt;
    struct vo_registration *registration; /* of the last DISCOUNT or PLEDGE */
    struct re_note note;
    struct vo_voucher *before; /* the note's event */
    char ref[36];
};
struct re_vouchers {
    struct re *re;
    struct audit_map vouchers, lines, invoices, registrations;
    struct vo_terms *terms[256];
};
struct vo_line {
    int64_t limit, used;
};
struct re_vouchers *re_vouchers_new(struct re *re);
void re_vouchers_free(struct re_vouchers *p);
void re_vouchers_step(struct re_vouchers *p, const struct audit_step *s);

static inline uint64_t vo_param(const struct vo_voucher *v, enum zyd_voucher_param which)
{
    return v->terms->t.slots[which];
}
void vo_account(re_account out, const char *code, uint32_t number); /* "1161.V3" */
void vo_find(struct re *re, const struct audit_step *s, const struct vo_voucher *v, enum re_kind kind, int64_t booked,
             int64_t right, const char *text);
void vo_memo_end(struct re_lines *l, const struct vo_voucher *v);
void vo_fall_due(struct re *re, struct vo_voucher *v, const struct audit_step *s, int64_t amount, uint16_t label);
void vo_default(struct re *re, struct vo_voucher *v, const struct audit_step *s);
void vo_settled(struct re *re, struct vo_voucher *v, const struct audit_step *s);

#endif
