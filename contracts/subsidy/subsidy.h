/* subsidy.h: what the files of the subsidy contract share.  Read main.c first, then the files in the order of the
 * declarations.  Sections, tables and rulings are those of domain.md 3.3 and 3.7. */
#ifndef SUBSIDY_H
#define SUBSIDY_H

#include <zyd/common.h>
#include <zyd/subsidy.h>

/* Codes of domain.md 3.6 that this contract ends with, beside the common ones. */
enum code {
    E_DUP_LOAN_CLASS = 3001,
    E_HOUSEHOLD_FULL = 3002,
    E_DUP_PURPOSE = 3003,
    E_BUDGET = 3004, /* also a warning: SETTLE pays what the budget still has */
    E_OVER_INTEREST = 3005,
    E_INTEREST_UNCERTIFIED = 3006,
    E_SUBSIDY_EXTENSION = 3007, /* also a warning: the period has days of an extension */
    E_SUBSIDY_OVERDUE = 3008,
    E_CLAWBACK_OVER_PAID = 3009,
    W_RELATED_BORROWER = 3010
};

struct enrolment {
    struct zyd_subsidy_enrolment h;
    struct zyd_subsidy_payer p[ZYD_SUBSIDY_PAYERS_MAX];
};
struct loan {
    struct zyd_subsidy_loan h;
    struct zyd_subsidy_point p[ZYD_SUBSIDY_POINTS_MAX];
};
struct house {
    struct zyd_subsidy_household h;
    struct zyd_subsidy_entry e[ZYD_SUBSIDY_ENTRIES_MAX];
    struct zyd_subsidy_demand d[ZYD_SUBSIDY_DEMANDS_MAX];
};

/* One call. */
struct su {
    const struct ct_call *call;
    const uint8_t *slots;    /* parameters that are numbers */
    struct ct_rd lists;      /* banks and cost, not read yet */
    struct cc_signers who;
    struct enrolment e;      /* the object of the call */
    struct loan l;           /* its loan */
    char customer[CT_ACCOUNT_SIZE]; /* "2101." and the borrower; set by loan_load */
};

/* ---- records.c: parameters, records, the budget ---- */
void params_open(struct su *s);
uint64_t param(const struct su *s, enum zyd_subsidy_param which);
bool fee_kind(const struct su *s); /* is the programme one of fees? */
uint32_t slot_of(const struct su *s);  /* its slot in the loan */
bool is_bank(const struct su *s, uint16_t member);
void payers_of(struct su *s); /* cost into s->e; 9103 */
void enrolment_load(struct su *s);                             /* with its loan */
void enrolment_store(const struct su *s);
bool loan_read(struct loan *l, const struct su *s, const uint8_t id[CT_ID_SIZE]); /* false: there is none */
bool loan_load(struct su *s, const uint8_t id[CT_ID_SIZE]);    /* the same, as the loan of the call */
void loan_store(const struct su *s, const uint8_t id[CT_ID_SIZE]);
void state_in(const struct su *s, uint32_t first, uint32_t last); /* 9111 unless the enrolment's lies between */
void set_state(struct su *s, enum zyd_subsidy_state state);    /* in the enrolment and in its loan's slot */
void budget_load(struct zyd_subsidy_budget *b, const struct su *s);
void budget_store(struct zyd_subsidy_budget *b, const struct su *s); /* sets OPEN or EXHAUSTED by what is left */
int64_t budget_left(const struct zyd_subsidy_budget *b, const struct su *s);
void release_reserve(struct su *s, struct zyd_subsidy_budget *b);
struct zyd_subsidy_slot *own_slot(struct su *s);
void last_day(struct su *s, int32_t until); /* the subsidised days end there, if they do not end before */
/* It settles no more: its reservation is free again, and the household need not keep days for it. */
void finish(struct su *s, struct house *house, struct zyd_subsidy_budget *b);
bool settled_all(const struct su *s); /* nothing is left to settle */

/* ---- household.c: whose principal comes first under the cap ---- */
void house_load(struct house *h, const struct su *s, uint32_t level, uint32_t family);
void house_store(const struct house *h, const struct su *s, uint32_t level, uint32_t family);
bool house_has(const struct house *h, const uint8_t object[CT_ID_SIZE]);
uint32_t house_find(const struct house *h, const uint8_t object[CT_ID_SIZE]); /* its rank; 9111 */
/* A new entry, last in rank, that asks for amount from from on until until.  The caller checked that there is room. */
void house_add(struct house *h, const struct su *s, int64_t cap, int64_t amount, int32_t from, int32_t until);
/* At most amount from date on; 9104 when the list is full of days that have yet to be settled. */
void house_lower(struct house *h, uint32_t rank, int32_t date, int64_t amount);
/* A house_lower on the same date, the entry's last before its end, is replaced by this one.  9111: those days are forgotten, or
 * one that comes later has settled some of them. */
void house_raise(struct house *h, uint32_t rank, int32_t date, int64_t amount);
/* Room for one more entry that asks from `from` on and for demands more demands (where too many days have yet to be settled,
 * house_add still ends with 9104); forgets no more than that takes.  False: the household is full. */
bool house_room(struct house *h, uint32_t demands, int32_t from);
struct asked { /* what each asks for on a day */
    uint32_t next; /* first demand of a later day */
    int64_t amount[ZYD_SUBSIDY_ENTRIES_MAX];
};
void asked_start(struct asked *a, const struct house *h);
void asked_on(struct asked *a, const struct house *h, int32_t date); /* goes on to date, which only grows */
int64_t eligible(const struct house *h, const struct asked *a, uint32_t rank); /* 3.3, F2 */
int64_t household_room(const struct house *h, int32_t date, int64_t cap);      /* for one who comes last */

/* ---- sums.c: fen-days of a period (3.0.4, 3.3) ---- */
uint32_t point_on(const struct loan *l, int32_t date); /* the one in force; no day before the first is asked for */
int64_t loan_interest(const struct loan *l, int32_t from, int32_t to); /* HALF_UP once */
/* Subsidy of days from..to by the programme's kind, before it is limited to the interest. */
int64_t period_subsidy(const struct su *s, const struct house *h, uint32_t rank, int32_t from, int32_t to);
uint32_t kind_ppm(const struct su *s); /* the parameter that goes with the kind */
int64_t most_subsidy(const struct su *s); /* FLOOR of the most that the enrolment can come to */
uint64_t subsidy_rate(uint32_t kind, uint32_t ppm, uint32_t rate_ppm, uint32_t lpr_ppm); /* in 10^-12 a year */
int64_t fee_until(const struct su *s, int64_t principal, int32_t date); /* guarantee fee from the value date on */

/* ---- link.c: the guarantee contract's record of the same loan ---- */
void link_check_new(struct su *s, uint32_t rate_ppm); /* 9105 unless it is this loan */
void link_check_balance(const struct su *s, int32_t date, int64_t balance); /* 9104 when it is owed more there */
void link_check_earned(const struct su *s, int64_t earned); /* 9104 unless the guarantor kept so much of the fee */
/* 9104, 3007; 3008 when the loan was overdue on one of the days from..until that are settled, or on the settlement date to. */
void link_check_settle(const struct su *s, int32_t from, int32_t until, int32_t to);
bool link_cured(const struct su *s); /* was it overdue there, and is it no more? */
void link_check_extended(const struct su *s, int32_t maturity);
void link_check_overdue(const struct su *s);

/* ---- the events ---- */
void event_enrol(struct su *s);         /* enrol.c */
void event_settle(struct su *s);        /* settle.c */
void pay_out(struct su *s, int64_t amount, enum zyd_subsidy_label why); /* ALLOC over the payers, obligations, postings */
void event_repay_change(struct su *s);  /* change.c */
void event_rate_change(struct su *s);
void event_extend_change(struct su *s);
void event_stop(struct su *s);
void sys_stop(struct su *s);
void event_close(struct su *s);
void event_fee_change(struct su *s);    /* clawback.c */
void event_clawback(struct su *s);
void event_reinstate(struct su *s);
void event_programme(struct su *s);     /* programme.c */
void reversible(struct su *s, void (*event)(struct su *s)); /* reverse.c: runs the event and notes it down */
void event_reverse(struct su *s);
void event_freeze(struct su *s);
void event_unfreeze(struct su *s);

#endif
