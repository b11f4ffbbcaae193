/* rederive_net.c: a cycle's arithmetic (domain.md 3.5): positions, payments by the instruction rule, the statement that a
 * member confirms, references of payments; and its rows against them. */
#include "rederive_nets.h"
#include <stdio.h>
#include <stdlib.h>

void cy_find(const struct cy_cycle *c, const struct audit_step *s, enum re_kind kind, uint16_t member, int64_t booked,
             int64_t right, const char *text)
{
    struct audit_step at = *s; /* an operation of a cycle makes an object of its own: name the cycle */
    char ref[36];
    snprintf(ref, sizeof ref, "cycle/%llu", (unsigned long long)c->number);
    at.object = &c->id;
    at.ref = ref;
    at.programme = c->clock->t.programme;
    re_find(c->re, &at, kind, member, 0, 0, booked, right, "%s", text);
}

/* ---- hashes: layouts of zyd/cycle.h ---- */

static void chain(struct zyd_hash *hash, const struct re_debt *d)
{
    uint8_t in[32 + ZYD_CYCLE_ENTRY_HASHED];
    memcpy(in, hash->b, 32);
    memcpy(in + 32, d->id.b, 32);
    memcpy(in + 64, &d->amount, 8);
    memcpy(in + 72, &d->debtor, 2);
    memcpy(in + 74, &d->creditor, 2);
    zyd_sha256(hash, in, sizeof in);
}

void cy_gross_add(struct cy_cycle *c, struct re_debt *d)
{
    *(struct re_debt **)re_append((void **)&c->gross, &c->gross_count, sizeof d) = d;
    c->gross_in[d->creditor] = re_sum(c->gross_in[d->creditor], d->amount);
    c->gross_out[d->debtor] = re_sum(c->gross_out[d->debtor], d->amount);
    chain(&c->gross_hash, d);
}

void cy_sum(struct cy_cycle *c)
{
    memset(c->in, 0, sizeof c->in);
    memset(c->out, 0, sizeof c->out);
    memset(&c->set_hash, 0, sizeof c->set_hash);
    c->total = 0;
    c->active = 0;
    for (size_t i = 0; i < c->entry_count; i++) {
        const struct re_debt *d = c->entries[i].debt;
        if (c->entries[i].status == ZYD_CYCLE_IN) {
            c->in[d->creditor] += d->amount;
            c->out[d->debtor] += d->amount;
            c->total += d->amount;
            c->active++;
            chain(&c->set_hash, d);
        }
    }
}

void cy_statement(struct zyd_hash *out, const struct cy_cycle *c, uint16_t m)
{
    struct zyd_cycle_statement st;
    memset(&st, 0, sizeof st);
    memcpy(st.tag, ZYD_CYCLE_TAG_STATEMENT, sizeof ZYD_CYCLE_TAG_STATEMENT - 1);
    memcpy(st.cycle, c->id.b, 32);
    st.round = c->round;
    st.member = m;
    st.row = (struct zyd_cycle_member){c->in[m],       c->out[m],       c->paid[m],          c->received[m],
                                       c->gross_in[m], c->gross_out[m], c->in[m] - c->out[m]};
    memcpy(st.set_hash, c->set_hash.b, 32);
    memcpy(st.gross_hash, c->gross_hash.b, 32);
    memcpy(st.position_hash, c->position_hash.b, 32);
    memcpy(st.plan_hash, c->plan_hash.b, 32);
    zyd_sha256(out, &st, sizeof st);
}

/* ---- the instruction rule ---- */

struct stand {
    int64_t open; /* > 0: is to receive */
    uint16_t member;
    const uint8_t *uscc;
};

static int by_amount(const struct stand *a, const struct stand *b)
{
    return a->open != b->open ? (a->open > b->open ? -1 : 1) : memcmp(a->uscc, b->uscc, 18);
}

/* The largest of one side, of equal ones the lower member id; NULL: none is left. */
static struct stand *largest(struct stand *side, size_t count)
{
    struct stand *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (side[i].open > 0 && (best == NULL || by_amount(&side[i], best) < 0)) {
            best = &side[i];
        }
    }
    return best;
}

void cy_compute(struct cy_cycle *c)
{
    static const uint8_t none[18] = {0};
    struct stand debtors[ZYD_MEMBERS_MAX], creditors[ZYD_MEMBERS_MAX], *d, *k;
    size_t debtor_count = 0, creditor_count = 0;
    int64_t open[ZYD_MEMBERS_MAX];
    c->position = 0;
    c->plan_count = 0;
    for (uint16_t m = 0; m < c->members; m++) {
        const struct zyd_span *uscc = &c->re->genesis->members[m].uscc;
        open[m] = c->in[m] - c->out[m] + c->paid[m] - c->received[m]; /* ruling 30 */
        struct stand one = {open[m] < 0 ? -open[m] : open[m], m, uscc->size == 18 ? uscc->data : none};
        c->position |= open[m] != 0 ? UINT64_C(1) << m : 0;
        if (open[m] < 0) {
            debtors[debtor_count++] = one;
        } else {
            creditors[creditor_count++] = one;
        }
    }
    zyd_sha256(&c->position_hash, open, c->members * sizeof open[0]);
    while ((d = largest(debtors, debtor_count)) != NULL && (k = largest(creditors, creditor_count)) != NULL) {
        int64_t amount = re_min(d->open, k->open);
        c->plan[c->plan_count++] = (struct zyd_cycle_plan){amount, d->member, k->member, 0};
        d->open -= amount;
        k->open -= amount;
    }
    zyd_sha256(&c->plan_hash, c->plan, c->plan_count * sizeof c->plan[0]);
}

/* ---- payments ---- */

static void hex(char *out, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = "0123456789ABCDEF"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789ABCDEF"[bytes[i] & 15];
    }
}

void cy_reference(struct cy_pay *pay, const struct cy_cycle *c, size_t number)
{
    struct {
        uint8_t cycle[32];
        uint32_t number;
        uint16_t payer, payee;
        int64_t amount;
    } in;
    memcpy(in.cycle, c->id.b, 32);
    in.number = (uint32_t)number;
    in.payer = pay->payer;
    in.payee = pay->payee;
    in.amount = pay->amount;
    zyd_sha256(&pay->id, &in, sizeof in);
    memset(pay->reference, 0, sizeof pay->reference);
    pay->reference[0] = 'N';
    hex(pay->reference + 1, c->id.b, 6);
    for (size_t i = 0, n = number; i < 4; i++, n /= 10) {
        pay->reference[16 - i] = (char)('0' + n % 10);
    }
    hex(pay->reference + 17, pay->id.b, 4);
}

void cy_instruct(struct cy_cycle *c)
{
    c->pay_first = c->pay_count;
    for (size_t i = 0; i < c->plan_count; i++) {
        struct cy_pay *pay = re_append((void **)&c->pays, &c->pay_count, sizeof *pay);
        pay->amount = c->plan[i].amount;
        pay->payer = c->plan[i].payer;
        pay->payee = c->plan[i].payee;
        pay->state = ZYD_CYCLE_OPEN;
        cy_reference(pay, c, c->pay_count);
    }
    c->unmatched = c->plan_count;
}

/* ---- rows ---- */

static bool leg_is_right(const struct cy_cycle *c, const struct re_debt *d, const struct zyd_posting *p, bool debtors)
{
    re_account account;
    re_account_of(account, c->re, debtors ? "2141" : "1141", debtors ? d->creditor : d->debtor);
    return p->member == (debtors ? d->debtor : d->creditor) && p->programme == d->programme && p->amount.fen == d->amount &&
           strcmp(debtors ? p->dr : p->cr, account) == 0 && strcmp(debtors ? p->cr : p->dr, "2199") == 0;
}

static void leg(struct cy_cycle *c, const struct audit_step *s, const struct zyd_posting *p)
{
    struct re_debt *d = re_debt_of(c->re->debts, &p->obligation);
    bool debtors = strncmp(p->dr, "2141", 4) == 0;
    uint8_t side = debtors ? 1 : 2;
    c->re->compared++;
    c->legs[p->member] += debtors ? -p->amount.fen : p->amount.fen;
    if (d == NULL || (d->legs & side) != 0 || (d->state == RE_DEBT_SETTLED && d->legs == 0)) {
        cy_find(c, s, RE_OBLIGATION_SETTLED_TWICE, p->member, p->amount.fen, 0,
                d == NULL ? "there is no such obligation" : "it was settled before");
        return;
    }
    if (!leg_is_right(c, d, p, debtors)) {
        cy_find(c, s, RE_OBLIGATION_AMOUNT, p->member, p->amount.fen, d->amount, "a leg is not the obligation's");
    }
    bool in = d->cycle == c && c->entries[d->place].status == ZYD_CYCLE_IN;
    if (!in && d->legs == 0 && !d->astray && !c->lost) {
        cy_find(c, s, d->gross ? RE_GROSS_NET : RE_OBLIGATION_NOT_IN_CUT, p->member, p->amount.fen, 0,
                d->gross ? "a gross obligation was netted" : "it is not in the cycle");
    }
    d->legs |= side;
    if (d->legs == 3) {
        re_debt_settle(d, s);
        if (d->cycle == c) {
            c->entries[d->place].status = ZYD_CYCLE_DONE;
        }
    }
}

void cy_legs(struct cy_cycle *c, const struct audit_step *s)
{
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *p = &s->o->postings[i];
        if (p->label == ZYD_LABEL_NETTED) {
            leg(c, s, p);
        } else if (p->label != ZYD_CL_PAID) {
            cy_find(c, s, RE_UNEXPLAINED, p->member, p->amount.fen, 0, "a cycle books legs and payments alone");
        }
    }
}

void cy_left_out(struct cy_cycle *c, const struct audit_step *s)
{
    for (size_t i = 0; i < c->entry_count; i++) {
        struct re_debt *d = c->entries[i].debt;
        if (c->entries[i].status == ZYD_CYCLE_IN) {
            cy_find(c, s, RE_OBLIGATION_LEFT_OUT, d->debtor, 0, d->amount, "in the cut, and not settled with it");
            c->entries[i].status = ZYD_CYCLE_LEFT;
            d->astray = true;
            d->state = RE_DEBT_OPEN;
        }
    }
}

/* The payment of an id; one that was told to be another may be found by its amount alone. */
static struct cy_pay *pay_of(struct cy_cycle *c, const struct zyd_posting *p)
{
    for (size_t i = 0; i < c->pay_count; i++) {
        if (zyd_hash_eq(&c->pays[i].id, &p->obligation)) {
            return &c->pays[i];
        }
    }
    for (size_t i = 0; i < c->pay_count; i++) {
        if (c->pays[i].told && c->pays[i].state == ZYD_CYCLE_MATCHED && c->pays[i].amount == p->amount.fen) {
            return &c->pays[i];
        }
    }
    return NULL;
}

static void cash_row(struct cy_cycle *c, const struct audit_step *s, const struct zyd_posting *p)
{
    bool payers = strcmp(p->dr, "2199") == 0 && strcmp(p->cr, "1001") == 0;
    bool payees = strcmp(p->dr, "1001") == 0 && strcmp(p->cr, "2199") == 0;
    struct cy_pay *pay = pay_of(c, p);
    bool known = pay != NULL && (payers || payees) && (pay->told || p->member == (payers ? pay->payer : pay->payee)) &&
                 pay->state == ZYD_CYCLE_MATCHED;
    c->re->compared++;
    c->cash[p->member] += payers ? -p->amount.fen : payees ? p->amount.fen : 0;
    if (!known || p->amount.fen != pay->amount || p->programme != c->clock->t.programme) {
        cy_find(c, s, RE_INSTRUCTION_AMOUNT, p->member, p->amount.fen, known ? pay->amount : 0, "booked as paid");
    }
    if (pay != NULL) {
        pay->booked = true;
    }
}

void cy_cash(struct cy_cycle *c, const struct audit_step *s, size_t from, size_t to)
{
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        if (s->o->postings[i].label == ZYD_CL_PAID) {
            cash_row(c, s, &s->o->postings[i]);
        }
    }
    for (size_t i = from; i < to && i < c->pay_count; i++) {
        if (c->pays[i].state == ZYD_CYCLE_MATCHED && !c->pays[i].booked && !c->pays[i].told) {
            cy_find(c, s, RE_INSTRUCTION_AMOUNT, c->pays[i].payer, 0, c->pays[i].amount, "paid and not booked");
        }
    }
}

/* 2199 of everybody is nothing (I5): what a member received is what the legs gave it, who gave pays. */
void cy_balance(struct cy_cycle *c, const struct audit_step *s)
{
    for (uint16_t m = 0; m < ZYD_MEMBERS_MAX; m++) {
        int64_t booked = c->cash[m], right = c->legs[m];
        c->re->compared += right != 0;
        if (booked != right) {
            bool pays = right < 0 || (right == 0 && booked < 0);
            cy_find(c, s, RE_NET_POSITION, m, pays ? -booked : booked, pays ? -right : right,
                    pays ? "it pays" : "it receives");
        }
    }
}
