/* voucher.h: what the files of the voucher contract share.  Read main.c first, then issue.c, token.c, finance.c, mature.c.
 * Sections and rulings are those of domain.md 3.4 and 3.7. */
#ifndef VOUCHER_H
#define VOUCHER_H

#include <zyd/common.h>
#include <zyd/voucher.h>

#define ROLE_BANK 1 /* zyd/genesis.h: what ct_member answers */

/* Codes of domain.md 3.6; the common ones stand in zyd/common.h. */
enum code {
    E_TERM = 4001,
    E_LINE = 4002,
    E_INVOICE_USED = 4003,
    E_SELF = 4004,
    E_SPENT = 4005,
    E_SUM = 4006,
    E_DEPTH = 4007,
    E_PAYEE = 4008,
    E_NOT_REGISTERED = 4009,
    E_DEFAULTED = 4010 /* also the warning of DEFAULT */
};

/* A voucher with room for all its prior holders. */
struct token {
    struct zyd_voucher h;
    struct zyd_voucher_link l[ZYD_VOUCHER_LINKS_MAX];
};

/* One call. */
struct vo {
    const struct ct_call *call;
    const uint8_t *slots; /* the programme's parameters */
    struct token t;       /* the voucher of the call */
    struct ct_rd args;
    struct cc_signers signers;
    uint8_t registration[ZYD_VOUCHER_REGISTRATION_MAX]; /* that the call took */
};

/* ---- record.c: parameters, arguments, records, accounts ---- */
void params_open(struct vo *v);
static inline uint64_t param(const struct vo *v, enum zyd_voucher_param which)
{
    return cc_slot(v->slots, which);
}
void args_open(struct vo *v, uint32_t count); /* 9104 unless the array has so many */
void args_none(struct vo *v);                 /* an event without arguments */
uint16_t arg_member(struct vo *v);            /* 9105 unless there is such a member */
bool arg_bool(struct vo *v);
int64_t role_of(uint16_t member); /* -1: no such member */

void token_load(struct vo *v);
void token_store(const uint8_t id[CT_ID_SIZE], const struct token *t);
void not_frozen(const struct vo *v); /* 9110 */
/* 9110 frozen, 4005 spent or bound, 4010 defaulted, 9111 in any other state but ACTIVE: for what disposes of a voucher. */
void must_be_active(const struct vo *v);
void must_be_in(const struct vo *v, enum zyd_voucher_state state); /* 9110, 9111 */
uint32_t serial_take(const struct vo *v, uint32_t count);          /* the first of count new numbers */
bool line_load(struct zyd_voucher_line *out, const struct vo *v, uint16_t core);
void line_store(const struct vo *v, const struct zyd_voucher_line *line);
void line_release(const struct vo *v); /* the voucher's face no longer counts */
/* The argument that names a registration: 4009 without one, or with one that was used before.  write: it is used now. */
void registration_take(struct vo *v, bool write);
void registration_free(const uint8_t number[ZYD_VOUCHER_REGISTRATION_MAX]); /* zeros: none */

void account_voucher(char out[CT_ACCOUNT_SIZE], const char *code, uint32_t number); /* "1161.V" + number */
/* An obligation, and its two postings: debtor dr / 2141.creditor, creditor 1141.debtor / cr.  Its id goes to id unless NULL. */
void oblige(const struct vo *v, uint16_t debtor, const char *dr, uint16_t creditor, const char *cr, int64_t amount,
            uint16_t why, uint8_t *id);
void deadline_clear(const struct vo *v, enum zyd_voucher_deadline which);

/* ---- the events: one function a row of 3.4 ---- */
void event_line(struct vo *v); /* issue.c */
void event_issue(struct vo *v);
void event_accept(struct vo *v);
void event_cancel(struct vo *v);
void sys_offer_end(struct vo *v);
void event_split(struct vo *v); /* token.c */
void event_transfer(struct vo *v);
void event_freeze(struct vo *v);
void event_unfreeze(struct vo *v);
void event_discount(struct vo *v); /* finance.c */
void event_pledge(struct vo *v);
void event_unpledge(struct vo *v);
void pledge_memo_end(const struct vo *v);
void event_prepay(struct vo *v); /* mature.c */
void event_default(struct vo *v);
void sys_mature(struct vo *v);
void sys_clock(struct vo *v);
void sys_default(struct vo *v);
void sys_settled(struct vo *v);
void reversible(struct vo *v, void (*event)(struct vo *v)); /* reverse.c: runs the event and notes it down */
void event_reverse(struct vo *v);

#endif
