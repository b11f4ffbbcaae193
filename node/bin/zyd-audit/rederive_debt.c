/* rederive_debt.c: obligations (domain.md 3.0.7): made where a debtor's row names one (x / 2141), taken back by its mirror,
 * settled by PAID or with a cycle.  Gross are those of FISCAL members (3.5) and of programmes whose terms say so. */
#include "rederive_nets.h"
#include <stdlib.h>
#include <zyd/guarantee.h>
#include <zyd/pool.h>

#define MADE_MAX ZYD_CALL_POSTINGS_MAX /* obligations of one call */

enum settle { SETTLE_UNKNOWN, SETTLE_NET, SETTLE_GROSS };
struct re_debts {
    struct re *re;
    struct audit_map debts;
    struct re_queue queues[256]; /* by settlement programme */
    uint8_t settle[256];         /* enum settle, by programme */
    uint64_t steps;
};

struct re_debts *re_debts_new(struct re *re)
{
    struct re_debts *p = re_new(sizeof *p);
    p->re = re;
    return p;
}

void re_debts_free(struct re_debts *p)
{
    audit_map_free(&p->debts, free);
    for (size_t i = 0; i < 256; i++) {
        free(p->queues[i].at);
    }
    free(p);
}

struct re_debt *re_debt_of(const struct re_debts *p, const struct zyd_hash *id)
{
    return audit_map_get(&p->debts, id);
}

struct re_queue *re_queue_of(struct re_debts *p, uint16_t settlement)
{
    return settlement == 0 || settlement > 255 ? NULL : &p->queues[settlement];
}

/* ---- states ---- */

static void join(struct re_debts *p, struct re_debt *d)
{
    struct re_queue *q = re_queue_of(p, d->settlement);
    if (q != NULL) {
        *(struct re_debt **)re_append((void **)&q->at, &q->count, sizeof d) = d;
        q->waiting += !d->gross;
    }
}

static void leave(struct re_debts *p, struct re_debt *d)
{
    struct re_queue *q = re_queue_of(p, d->settlement);
    if (q != NULL && !d->gross && d->state == RE_DEBT_OPEN && q->waiting > 0) {
        q->waiting--;
    }
}

void re_debt_lock(struct re_debts *p, struct re_debt *d)
{
    leave(p, d);
    d->state = RE_DEBT_LOCKED;
}

void re_debt_roll(struct re_debts *p, struct re_debt *d)
{
    d->state = RE_DEBT_OPEN;
    join(p, d);
}

void re_debt_settle(struct re_debt *d, const struct audit_step *s)
{
    d->state = RE_DEBT_SETTLED;
    d->settled = s->height;
}

/* ---- made ---- */

static bool asks_gross(struct re_debts *p, uint16_t programme, const struct zyd_product *product)
{
    static const struct {
        const struct zyd_product *product;
        size_t slots, settle;
    } table[] = {{&zyd_product_guarantee, ZYD_GUARANTEE_PARAM_COUNT, ZYD_GP_SETTLE},
                 {&zyd_product_pool, ZYD_POOL_PARAM_COUNT, ZYD_PP_SETTLE},
                 {&zyd_product_voucher, ZYD_VOUCHER_PARAM_COUNT, ZYD_VP_SETTLE}};
    struct re_terms t;
    struct zyd_span rest;
    uint8_t *known = &p->settle[programme & 255];
    for (size_t i = 0; *known == SETTLE_UNKNOWN && i < sizeof table / sizeof *table; i++) {
        if (product == table[i].product && re_terms_read(p->re, &t, programme, table[i].slots, &rest)) {
            *known = t.slots[table[i].settle] != 0 ? SETTLE_GROSS : SETTLE_NET;
        }
    }
    if (*known == SETTLE_UNKNOWN) { /* subsidies and openings leave it to the members' class */
        *known = product == NULL ? SETTLE_GROSS : SETTLE_NET;
    }
    return *known == SETTLE_GROSS;
}

static bool is_fiscal(const struct re_debts *p, uint16_t member)
{
    return member < p->re->genesis->member_count && p->re->genesis->members[member].role == ZYD_ROLE_FISCAL;
}

static uint16_t member_by(const struct re_debts *p, const char *account)
{
    int m = zyd_genesis_member_by_code(p->re->genesis, zyd_span(account + 5, strlen(account + 5)));
    return m < 0 ? RE_NO_MEMBER : (uint16_t)m;
}

static bool begins(const char *account, const char *code)
{
    return strncmp(account, code, strlen(code)) == 0;
}

static bool of_host(const struct zyd_posting *p)
{
    return p->label == ZYD_LABEL_SETTLED || p->label == ZYD_LABEL_NETTED;
}

/* NULL, and told: it is owed to nobody. */
static struct re_debt *make(struct re_debts *p, const struct audit_step *s, const struct zyd_posting *row)
{
    uint16_t creditor = member_by(p, row->cr);
    struct zyd_programme terms;
    if (creditor == RE_NO_MEMBER || creditor == row->member) {
        re_find(p->re, s, RE_OBLIGATION_AMOUNT, row->member, 0, 0, row->amount.fen, 0, "%s is no other member", row->cr);
        return NULL;
    }
    struct re_debt *d = re_new(sizeof *d);
    d->id = row->obligation;
    d->debtor = row->member;
    d->creditor = creditor;
    d->programme = row->programme;
    d->settlement = audit_pass_programme(p->re->pass, &terms, row->programme) ? terms.settlement : 0;
    d->value_date = zyd_date_of_ms((int64_t)s->block_ms); /* ruling 27 */
    d->gross = is_fiscal(p, d->debtor) || is_fiscal(p, d->creditor) ||
               (row->programme <= 255 && asks_gross(p, row->programme, re_product(p->re->genesis, s->contract)));
    d->step = p->steps;
    d->ref = s->ref;
    audit_map_put(&p->debts, &d->id, d);
    return d;
}

/* They join the list in the order in which the call made them, which is not that of its rows: an id tells its number. */
static void join_in_order(struct re_debts *p, const struct audit_step *s, struct re_debt **made, size_t count)
{
    const struct zyd_hash *op_id = s->op == NULL ? &s->o->op_id : &s->op->op_id;
    struct zyd_hash id;
    for (uint32_t n = 0; count > 1 && n < MADE_MAX; n++) {
        zyd_object_id_made(&id, op_id, UINT32_C(0x80000000) | n);
        for (size_t i = 0; i < count; i++) {
            if (made[i] != NULL && zyd_hash_eq(&made[i]->id, &id)) {
                join(p, made[i]);
                made[i] = NULL;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (made[i] != NULL) {
            join(p, made[i]);
        }
    }
}

static void take_back(struct re_debts *p, const struct audit_step *s, struct re_debt *d)
{
    if (d->state == RE_DEBT_REVERSED && d->step == p->steps) {
        return; /* the second of its rows */
    }
    if (d->state != RE_DEBT_OPEN) {
        re_find(p->re, s, RE_OBLIGATION_SETTLED_TWICE, d->debtor, 0, 0, d->amount, 0,
                "taken back after it was settled, or in a cycle");
    }
    leave(p, d);
    d->state = RE_DEBT_REVERSED;
    d->step = p->steps;
}

static void rows(struct re_debts *p, const struct audit_step *s)
{
    struct re_debt *made[MADE_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *row = &s->o->postings[i];
        if (of_host(row) || zyd_hash_is_zero(&row->obligation)) {
            continue;
        }
        struct re_debt *d = re_debt_of(p, &row->obligation);
        if (begins(row->cr, "2141.")) {
            if (d == NULL && (d = make(p, s, row)) != NULL) {
                made[count++] = d;
            }
            if (d != NULL) {
                d->amount += row->amount.fen;
            }
        } else if (begins(row->dr, "2141.") && d != NULL) {
            take_back(p, s, d);
        }
    }
    join_in_order(p, s, made, count);
}

struct re_debt *re_debt_made(const struct re_debts *p, const struct audit_step *s, uint32_t i)
{
    const struct zyd_posting *row = &s->o->postings[i];
    bool debt = !of_host(row) && !zyd_hash_is_zero(&row->obligation) && begins(row->cr, "2141.");
    return debt ? re_debt_of(p, &row->obligation) : NULL;
}

/* What the creditors' rows say of the obligations of this step. */
static void both_sides(struct re_debts *p, const struct audit_step *s)
{
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *row = &s->o->postings[i];
        struct re_debt *d = of_host(row) || !begins(row->dr, "1141.") ? NULL : re_debt_of(p, &row->obligation);
        if (d != NULL && d->step == p->steps) {
            d->claim += row->amount.fen;
        }
    }
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        struct re_debt *d = re_debt_made(p, s, i);
        if (d != NULL && d->step == p->steps && d->claim != d->amount) {
            re_find(p->re, s, RE_OBLIGATION_AMOUNT, d->creditor, 0, 0, d->claim, d->amount,
                    "debtor and creditor book another amount");
            d->claim = d->amount;
        }
    }
}

/* ---- PAID ---- */

static void paid(struct re_debts *p, const struct audit_step *at)
{
    struct re_lines lines = {.count = 0};
    re_account owed, due;
    struct audit_step named = *at, *s = &named;
    struct re_debt *d = re_debt_of(p, &at->op->object);
    if (d == NULL) {
        re_lines_compare(p->re, s, &lines, RE_OBLIGATION_AMOUNT);
        return;
    }
    named.ref = d->ref;
    named.programme = d->programme;
    if (d->state != RE_DEBT_OPEN) {
        re_find(p->re, s, RE_OBLIGATION_SETTLED_TWICE, d->debtor, 0, 0, d->amount, 0,
                "paid although it was settled, taken back or in a cycle");
    } else if (!d->gross && !d->astray) {
        re_find(p->re, s, RE_GROSS_NET, d->debtor, 0, 0, d->amount, 0, "a net obligation was paid by itself");
    }
    re_account_of(owed, p->re, "2141", d->creditor);
    re_account_of(due, p->re, "1141", d->debtor);
    re_line_add(&lines, RE_OBLIGATION_AMOUNT, d->debtor, ZYD_LABEL_SETTLED, owed, "1001", d->amount, &d->id);
    re_line_add(&lines, RE_OBLIGATION_AMOUNT, d->creditor, ZYD_LABEL_SETTLED, "1001", due, d->amount, &d->id);
    re_lines_compare(p->re, s, &lines, RE_OBLIGATION_AMOUNT);
    leave(p, d);
    re_debt_settle(d, s);
}

void re_debts_step(struct re_debts *p, const struct audit_step *s)
{
    p->steps++;
    if (s->contract == ZYD_CONTRACT_HOST) {
        if (s->op != NULL && s->event == ZYD_HOST_PAID) {
            paid(p, s);
        }
        return;
    }
    rows(p, s);
    both_sides(p, s);
}
