/* node/invariant: its own parts.
 *
 *   walk.c       blocks: events in order, counts
 *   table.c      hash tables; invariant.c: faults, programmes, objects, accounts
 *   books.c      I1, I2, I3 and the clearing account of I5
 *   share.c      ALLOC and share trees, written from domain.md 3.0.3
 *   life.c       I10, I11
 *   guarantee.c  I4, I6; pool.c I4, I8; subsidy.c I4, I9; voucher.c I4, I7; cycle.c I5
 */
#ifndef ZYD_INVARIANT_IMPL_H
#define ZYD_INVARIANT_IMPL_H

#include <stdio.h>
#include <stdlib.h>
#include <zyd/codec.h>
#include <zyd/host.h>
#include <zyd/invariant.h>

enum { P_HOST = 0, P_GUARANTEE = 1, P_POOL = 2, P_SUBSIDY = 3, P_VOUCHER = 4, P_CYCLE = 5 };
#define PARTIES 12u /* leaves of a share tree and the bank; payers of a subsidy */

/* ---- table.c: hash -> calloc'ed item ---- */
struct slot {
    struct zyd_hash key;
    void *item;
};
struct table {
    struct slot *slots;
    size_t cap, count, item_size;
};
void *table_get(const struct table *t, const struct zyd_hash *key);
void *table_make(struct table *t, const struct zyd_hash *key, bool *fresh); /* finds or makes */
void table_free(struct table *t);

/* ---- what is known of the ledger ---- */
struct place {
    uint64_t height, log_index;
};
struct account {
    uint16_t member, programme;
    bool touched;
    char code[ZYD_ACCOUNT_MAX + 1];
    struct zyd_hash key;      /* of its record */
    zyd_u128 debits, credits; /* posted */
    zyd_i128 told;            /* debits less credits as its record last said */
    struct place last;
};
struct share { /* of one member */
    uint16_t member;
    int64_t amount;
};
struct guarantee {
    uint16_t bank;
    bool compensated, unsure; /* unsure: OPENING says what is owed, and perhaps no row does: its record will */
    uint8_t tier;             /* as its record said */
    uint32_t taken;           /* of an enrolled list: loans that were taken up */
    int64_t principal;        /* 1101 and 1102 of the bank */
    int64_t due, paid, held;  /* 1121, 1135, 2171: zero after every event */
    int64_t borne_total;      /* by the guarantee side */
    struct share memo[PARTIES], borne[PARTIES];
    uint8_t memo_count, borne_count;
};
struct pool_claim {
    uint16_t bank;
    uint32_t loan_class;
    struct zyd_hash loan, borrower;                /* keys of what its caps are summed under */
    int64_t principal, filed;                      /* filed: principal, interest and other as filed */
    int64_t base, approved, paid, clawed, counted; /* counted: in the caps */
    bool reviewed, resolved; /* resolved: approved is the most that RESOLVE can have added; its record says how much it was */
    int32_t year;            /* of its approval */
    int64_t held;            /* 2171 */
};
struct enrolment {
    struct zyd_hash loan;
    int64_t given, fee_given; /* by this programme, of interest and of the fee */
    int32_t last_to;          /* its last settlement: what REVERSE takes back */
    int64_t last_given, last_fee;
    struct share paid[PARTIES];
    uint8_t paid_count;
};
struct voucher {
    int64_t face;
    bool made, spent;
};
struct cycle {
    bool busy; /* posts its settlement, slice by slice */
};
struct object {
    struct zyd_hash id;
    uint16_t contract, programme;
    uint64_t seq;
    bool touched, opening; /* opening: entered in the middle of its life */
    uint8_t ended;         /* state in which no event may follow, 0: none */
    struct place last;
    union {
        struct guarantee g;
        struct pool_claim p;
        struct enrolment e;
        struct voucher v;
        struct cycle c;
    } is;
};
struct period {
    int32_t to;
    int64_t interest, given;
};
struct loan { /* under its fingerprint: all enrolments of it */
    struct period *periods;
    size_t count, cap;
    int64_t interest, given, fee, fee_given;
};
struct pending {
    uint8_t *op;
    size_t size;
};
struct programme { /* read when first met */
    bool known, good;
    uint8_t *bytes;
    struct zyd_programme p;
    struct zyd_span slots, tree, tiers;  /* guarantee; slots also of the others.  tiers: bytes of its table, if it has one */
    uint32_t ratio_ppm[16], ratio_count; /* pool */
    struct share cost[PARTIES];          /* subsidy: ppm */
    uint8_t cost_count;
};

struct zyd_inv {
    const struct zyd_genesis *g;
    struct zyd_inv_counts counts;
    struct zyd_inv_fault fault;
    struct table accounts, objects, loans, obligations, envelopes, pending, sums;
    struct account **touched_accounts;
    size_t account_count, account_cap;
    struct object **touched_objects;
    size_t object_count, object_cap;
    zyd_i128 net[ZYD_MEMBERS_MAX];      /* of the account records */
    zyd_i128 clearing[ZYD_MEMBERS_MAX]; /* 2199 */
    zyd_i128 owed[ZYD_MEMBERS_MAX][ZYD_MEMBERS_MAX], owes[ZYD_MEMBERS_MAX][ZYD_MEMBERS_MAX];
    uint32_t busy; /* cycles that post */
    struct place settled_at;
    struct programme programmes[ZYD_PROGRAMMES_MAX + 1];
    /* of the block that is read */
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted emitted[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[ZYD_CALL_WARNINGS_MAX];
};

/* An event that was executed, code 0. */
struct event {
    uint16_t contract, number, programme, member;
    bool sys, makes;
    uint8_t deadline;
    int32_t date;
    struct zyd_span args;
    const struct zyd_outcome *o;
    struct place at;
    struct object *object; /* NULL: the host's */
};

/* ---- invariant.c ---- */
#define NOBODY 0xffffu
bool fault_at(struct zyd_inv *v, uint8_t invariant, uint16_t member, const struct zyd_hash *object, struct place at,
              const char *format, ...) __attribute__((format(printf, 6, 7)));                               /* returns false */
struct object *object_of(struct zyd_inv *v, const struct zyd_hash *id, uint16_t contract, struct place at); /* touches it */
const struct programme *programme_of(struct zyd_inv *v, uint16_t id, const struct zyd_inv_source *records); /* or NULL */
uint64_t slot_of(const struct programme *p, unsigned n);
/* Voucher or loan n that an object made (SPLIT, TRANSFER, TAKE_UP): SHA-256(tag, its id, n u16 big-endian). */
void child_id(struct zyd_hash *out, const char *tag, const struct zyd_hash *parent, uint16_t n);
int64_t *sum_of(struct zyd_inv *v, const char *what, const void *a, size_t a_size, const void *b, size_t b_size);
struct share *share_of(struct share *list, uint8_t *count, uint16_t member);
static inline bool begins(const char *code, const char *with)
{
    return strncmp(code, with, strlen(with)) == 0;
}
/* What a posting adds to accounts that are called, or begin with, a code: debits less credits. */
static inline int64_t moved(const struct zyd_posting *p, const char *code, bool whole)
{
    bool dr = whole ? strcmp(p->dr, code) == 0 : begins(p->dr, code),
         cr = whole ? strcmp(p->cr, code) == 0 : begins(p->cr, code);
    return (dr ? p->amount.fen : 0) - (cr ? p->amount.fen : 0);
}
int member_of(const struct zyd_inv *v, const char *code); /* of a code text, or -1 */
const char *name_of(const struct zyd_inv *v, uint16_t member, char out[16]);

/* ---- share.c ---- */
/* Increments that bring paid (never NULL; not changed) to the shares of total; false: the weights are all zero, or total is
 * less. */
bool alloc(int64_t *inc, const int64_t *paid, int64_t total, const int64_t *weights, unsigned count);
/* The guarantee side of a programme's tree: out gets for each leaf, summed by member, what it gets of rest beyond before. */
bool tree_rest(struct share *out, uint8_t *count, struct zyd_span tree, int64_t rest, const struct share *before,
               uint8_t before_count);
bool tree_first(int64_t *rest, struct zyd_span tree, int64_t total); /* level 1: the bank, and the rest */

/* ---- one event, one touched record: false after fault_at ---- */
bool books_event(struct zyd_inv *v, const struct event *e);
bool books_records(struct zyd_inv *v, const struct zyd_inv_source *records);
bool books_scan(struct zyd_inv *v, const struct zyd_inv_source *records);
bool books_opening(struct zyd_inv *v);
bool life_event(struct zyd_inv *v, const struct event *e);
void life_record(struct object *o, struct zyd_span value);
bool guarantee_event(struct zyd_inv *v, const struct event *e, const struct programme *p);
bool guarantee_record(struct zyd_inv *v, struct object *o, struct zyd_span value, const struct programme *p);
bool pool_event(struct zyd_inv *v, const struct event *e, const struct programme *p);
bool pool_record(struct zyd_inv *v, struct object *o, struct zyd_span value);
bool subsidy_event(struct zyd_inv *v, const struct event *e, const struct programme *p);
bool subsidy_record(struct zyd_inv *v, struct object *o, struct zyd_span value);
bool voucher_event(struct zyd_inv *v, const struct event *e);
bool voucher_record(struct zyd_inv *v, struct object *o, struct zyd_span value);
bool cycle_record(struct zyd_inv *v, struct object *o, struct zyd_span value, const struct zyd_inv_source *records);
bool cycle_block(struct zyd_inv *v, uint64_t height);
/* Debits less credits of an account. */
zyd_i128 balance_of(const struct zyd_inv *v, uint16_t member, uint16_t programme, const char *code);

#endif
