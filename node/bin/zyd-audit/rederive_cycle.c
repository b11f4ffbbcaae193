/* rederive_cycle.c: product (e): answers, payments, notices, deadlines; a cycle from state to state (domain.md 3.5, rulings
 * 28, 30). */
#include "rederive_nets.h"
#include <stdio.h>
#include <stdlib.h>

#define MINUTE_MS UINT64_C(60000)

static void cycle_free(void *p)
{
    struct cy_cycle *c = p;
    free(c->entries);
    free(c->gross);
    free(c->pays);
    free(c);
}

struct re_cycles *re_cycles_new(struct re *re)
{
    struct re_cycles *p = re_new(sizeof *p);
    p->re = re;
    return p;
}

void re_cycles_free(struct re_cycles *p)
{
    audit_map_free(&p->cycles, cycle_free);
    for (size_t i = 0; i < 256; i++) {
        if (p->clocks[i] != NULL) {
            free(p->clocks[i]->parked);
            free(p->clocks[i]);
        }
    }
    free(p);
}

static void at_time(const struct cy_cycle *c, const struct audit_step *s, uint64_t right)
{
    if (s->time_ms != right) {
        cy_find(c, s, RE_CYCLE_STEP, RE_NO_MEMBER, -1, -1, "at another time than the terms give");
    }
}

/* ---- computing and answers ---- */

static void work_compute(struct cy_cycle *c, const struct audit_step *s)
{
    cy_compute(c);
    c->doubted = false;
    if (c->active == 0) {
        cy_begin(c, ZYD_CW_CLOSE);
        return;
    }
    cy_say(c, ZYD_CS_COMPUTED);
    c->needed = c->position | (c->round == 0 ? c->fiscal : 0);
    c->confirmed = c->refused = 0;
    c->work = ZYD_CW_NONE;
    if (c->needed == 0) {
        cy_say(c, ZYD_CS_CONFIRMED);
        cy_begin(c, ZYD_CW_INSTRUCT);
    }
    c->confirm_ms = s->time_ms + cy_param(c, ZYD_CP_CONFIRM_MIN) * MINUTE_MS;
}

/* What it tells of itself in this step; 0: nothing. */
static uint32_t tells(const struct audit_step *s)
{
    return s->o->event_count == 0 ? 0 : s->o->events[0].code;
}

static void go(struct cy_cycle *c, uint32_t state, uint64_t silent)
{
    cy_say(c, (enum zyd_cycle_state)state);
    c->leaving = silent;
    c->round = (uint8_t)(c->round + (state == ZYD_CS_CUT_OFF));
    cy_begin(c, state == ZYD_CS_CONFIRMED ? ZYD_CW_INSTRUCT : state == ZYD_CS_CUT_OFF ? ZYD_CW_RECUT : ZYD_CW_ROLL);
}

/* Ruling 28, when all have answered, or the time is over: it goes on, is cut again, or is given up.  Where its statement was
 * told to differ it asks other members, so it goes on when it says so; else a way that is not the right one is told, and
 * followed. */
static void answered(struct cy_cycle *c, const struct audit_step *s, bool all, uint64_t silent)
{
    uint32_t told = tells(s), right = 0;
    bool way = told == ZYD_CS_CONFIRMED || told == ZYD_CS_CUT_OFF || told == ZYD_CS_UNWINDING;
    silent &= c->position; /* a gross list holds nothing up */
    if (all) {
        right = c->round < ZYD_CYCLE_ROUNDS_MAX ? ZYD_CS_CUT_OFF : ZYD_CS_UNWINDING;
        right = (c->refused | silent) == 0 ? ZYD_CS_CONFIRMED : right;
    }
    if (way && told != right && !c->doubted) {
        cy_find(c, s, RE_CYCLE_STEP, RE_NO_MEMBER, -1, -1, "it goes on without the answers that it needs, or against them");
    }
    if (way || (right != 0 && !c->doubted)) {
        go(c, way ? told : right, silent);
    }
}

static void refuse(struct cy_cycle *c, const struct audit_step *s, const struct zyd_hash *id)
{
    const struct re_debt *d = re_debt_of(c->re->debts, id);
    if (d == NULL || d->cycle != c || c->entries[d->place].status == ZYD_CYCLE_LEFT ||
        (d->debtor != s->op->member && d->creditor != s->op->member)) {
        cy_find(c, s, RE_CYCLE_STEP, s->op->member, -1, -1, "it refuses what is not its own in the cycle");
    } else {
        c->entries[d->place].status = ZYD_CYCLE_REFUSED;
    }
}

static void confirm(struct cy_cycle *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct zyd_hash right, signed_, id;
    uint64_t me = UINT64_C(1) << (s->op->member & 63);
    zyd_rd_hash(rd, &signed_);
    uint32_t refused = zyd_rd_array(rd, ZYD_CYCLE_REFUSE_MAX);
    bool asked = c->doubted || ((c->needed & me) != 0 && ((c->confirmed | c->refused) & me) == 0);
    if (c->state != ZYD_CS_COMPUTED || !asked || s->time_ms >= c->confirm_ms) {
        cy_find(c, s, RE_CYCLE_STEP, s->op->member, -1, -1, "an answer that nobody waits for");
        return;
    }
    cy_statement(&right, c, s->op->member);
    c->re->compared++;
    if (!zyd_hash_eq(&right, &signed_) && !c->doubted) {
        cy_find(c, s, RE_CYCLE_STATEMENT, s->op->member, -1, -1, "what it confirms is not what the obligations give");
        c->doubted = true;
    }
    for (uint32_t i = 0; i < refused && !rd->bad; i++) {
        zyd_rd_hash(rd, &id);
        refuse(c, s, &id);
    }
    *(refused > 0 ? &c->refused : &c->confirmed) |= me;
    answered(c, s, ((c->confirmed | c->refused) & c->needed) == c->needed, 0);
}

static void confirm_end(struct cy_cycle *c, const struct audit_step *s)
{
    if (c->state == ZYD_CS_COMPUTED) {
        at_time(c, s, c->confirm_ms);
        answered(c, s, true, c->needed & ~(c->confirmed | c->refused));
    }
}

/* ---- payments ---- */

static void instruct(struct cy_cycle *c, const struct audit_step *s, enum zyd_cycle_param minutes)
{
    cy_instruct(c);
    cy_say(c, ZYD_CS_INSTRUCTED);
    cy_begin(c, c->unmatched == 0 ? ZYD_CW_SETTLE : ZYD_CW_NONE);
    c->pay_ms = s->time_ms + cy_param(c, minutes) * MINUTE_MS;
}

/* Past the last obligation of a pass that takes a page a slice. */
static bool pages_end(struct cy_cycle *c)
{
    c->cursor++;
    return c->cursor * ZYD_CYCLE_PAGE >= c->entry_count;
}

/* A payment beyond those of the rule: told with its first notice. */
static void more_pays(struct cy_cycle *c, const struct audit_step *s, size_t number, int64_t amount)
{
    cy_find(c, s, RE_INSTRUCTION_AMOUNT, RE_NO_MEMBER, amount, 0, "a payment that the rule does not give");
    while (c->pay_count < number) {
        struct cy_pay *pay = re_append((void **)&c->pays, &c->pay_count, sizeof *pay);
        *pay = (struct cy_pay){.payer = RE_NO_MEMBER, .payee = RE_NO_MEMBER, .state = ZYD_CYCLE_OPEN, .told = true};
        c->unmatched++;
    }
}

/* The payment that a notice names, as the notice says it: what differs is told once, and then holds. */
static struct cy_pay *noticed(struct cy_cycle *c, const struct audit_step *s, struct zyd_span reference, int64_t amount)
{
    size_t number = 0;
    for (size_t i = 13; reference.size == ZYD_CYCLE_E2E_SIZE && i < 17; i++) {
        number = number * 10 + (size_t)(reference.data[i] - '0') % 10;
    }
    if (number > c->pay_count) {
        more_pays(c, s, number, amount);
    }
    if (number == 0) {
        cy_find(c, s, RE_INSTRUCTION_AMOUNT, RE_NO_MEMBER, amount, 0, "a notice without a payment");
        return NULL;
    }
    struct cy_pay *pay = &c->pays[number - 1];
    c->re->compared++;
    if (!pay->told && (pay->amount != amount || memcmp(pay->reference, reference.data, ZYD_CYCLE_E2E_SIZE) != 0)) {
        cy_find(c, s, RE_INSTRUCTION_AMOUNT, pay->payer, amount, pay->amount,
                pay->amount != amount ? "the amount of the notice" : "the reference of the notice: another payer or payee");
        pay->told = true;
    }
    if (pay->told) {
        pay->amount = amount;
        cy_reference(pay, c, number);
    }
    return pay;
}

static void match(struct cy_cycle *c, struct cy_pay *pay)
{
    pay->state = ZYD_CYCLE_MATCHED;
    if (pay->payer != RE_NO_MEMBER) {
        c->paid[pay->payer] += pay->amount;
        c->received[pay->payee] += pay->amount;
    }
    c->unmatched -= c->unmatched > 0;
}

static void notice(struct cy_cycle *c, const struct audit_step *s, struct zyd_rd *rd)
{
    uint8_t side = (uint8_t)zyd_rd_u64(rd, ZYD_CYCLE_CREDIT);
    struct zyd_span reference = zyd_rd_str(rd, 1, 35);
    int64_t amount = (int64_t)zyd_rd_u64(rd, ZYD_MONEY_MAX);
    struct cy_pay *pay = noticed(c, s, reference, amount);
    if (c->state == ZYD_CS_INSTRUCTED) {
        cy_say(c, ZYD_CS_SETTLING);
    }
    if (pay == NULL) {
        return;
    }
    if (c->state != ZYD_CS_SETTLING || pay->state != ZYD_CYCLE_OPEN || (pay->notices & side) != 0 || s->time_ms >= c->pay_ms) {
        cy_find(c, s, RE_CYCLE_STEP, pay->payer, -1, -1, "a notice of a payment that is matched, void or late");
        return;
    }
    bool agent = cy_param(c, ZYD_CP_CONFIRM_MODE) == ZYD_CYCLE_AGENT;
    pay->notices = (uint8_t)(agent ? ZYD_CYCLE_DEBIT | ZYD_CYCLE_CREDIT : pay->notices | side);
    if (pay->notices == (ZYD_CYCLE_DEBIT | ZYD_CYCLE_CREDIT)) {
        match(c, pay);
        if (c->unmatched == 0) {
            cy_begin(c, ZYD_CW_SETTLE);
        }
    }
}

/* Ruling 30. */
static void pay_end(struct cy_cycle *c, const struct audit_step *s)
{
    if ((c->state != ZYD_CS_INSTRUCTED && c->state != ZYD_CS_SETTLING) || c->unmatched == 0) {
        return;
    }
    at_time(c, s, c->pay_ms);
    c->leaving = 0;
    for (size_t i = c->pay_first; i < c->pay_count; i++) {
        if (c->pays[i].state == ZYD_CYCLE_OPEN) {
            c->pays[i].state = ZYD_CYCLE_VOID;
            c->leaving |= c->pays[i].payer == RE_NO_MEMBER ? 0 : UINT64_C(1) << c->pays[i].payer;
        }
    }
    cy_say(c, ZYD_CS_UNWINDING);
    cy_begin(c, ZYD_CW_UNWIND);
}

/* ---- passes over the obligations ---- */

static void left(struct cy_cycle *c, const struct audit_step *s)
{
    uint8_t work = c->work;
    bool paid = false;
    cy_sum(c);
    for (size_t m = 0; m < ZYD_MEMBERS_MAX; m++) {
        paid = paid || c->paid[m] != 0;
    }
    if (work == ZYD_CW_RECUT) {
        cy_begin(c, ZYD_CW_COMPUTE);
        return;
    }
    cy_compute(c);
    if (work == ZYD_CW_ROLL) {
        cy_begin(c, ZYD_CW_CLOSE);
    } else if (c->active == 0 && c->plan_count == 0) {
        cy_begin(c, paid ? ZYD_CW_PAY : ZYD_CW_CLOSE);
    } else {
        instruct(c, s, ZYD_CP_FAIL_MIN);
    }
}

static void work_leave(struct cy_cycle *c, const struct audit_step *s)
{
    for (size_t i = c->cursor * ZYD_CYCLE_PAGE; i < c->entry_count && i < (c->cursor + 1) * ZYD_CYCLE_PAGE; i++) {
        struct cy_entry *e = &c->entries[i];
        bool goes = c->work == ZYD_CW_ROLL || e->status == ZYD_CYCLE_REFUSED ||
                    ((c->leaving >> e->debt->debtor | c->leaving >> e->debt->creditor) & 1) != 0;
        if (e->status != ZYD_CYCLE_LEFT && goes) {
            e->status = ZYD_CYCLE_LEFT;
            re_debt_roll(c->re->debts, e->debt);
        }
    }
    if (pages_end(c)) {
        left(c, s);
    }
}

static void work_pay(struct cy_cycle *c, const struct audit_step *s)
{
    size_t to = c->cursor + ZYD_CYCLE_PAGE;
    cy_left_out(c, s);
    cy_cash(c, s, c->cursor, to);
    c->cursor = to;
    if (to >= c->pay_count) {
        cy_balance(c, s);
        cy_say(c, ZYD_CS_SETTLED);
        cy_begin(c, ZYD_CW_CLOSE);
    }
}

static bool has_label(const struct audit_step *s, uint16_t label)
{
    return s->o->posting_count > 0 && s->o->postings[0].label == label;
}

/* Where it books before the notices that it waits for: told unless the payments were, and followed. */
static void resume(struct cy_cycle *c, const struct audit_step *s)
{
    bool known = c->doubted;
    for (size_t i = 0; i < c->pay_count; i++) {
        known = known || c->pays[i].told;
    }
    for (size_t i = c->pay_first; i < c->pay_count && !known; i++) { /* booked as if it were */
        if (c->pays[i].state == ZYD_CYCLE_OPEN) {
            match(c, &c->pays[i]);
        }
    }
    if (!known) {
        cy_find(c, s, RE_CYCLE_STEP, RE_NO_MEMBER, -1, -1, "settled before every payment was matched");
    }
    cy_begin(c, ZYD_CW_SETTLE);
}

static void work(struct cy_cycle *c, const struct audit_step *s)
{
    bool pays = has_label(s, ZYD_CL_PAID);
    if (c->work != ZYD_CW_SETTLE && c->work != ZYD_CW_PAY && (pays || has_label(s, ZYD_LABEL_NETTED))) {
        resume(c, s);
    }
    if (c->work == ZYD_CW_SETTLE && pays) {
        cy_begin(c, ZYD_CW_PAY);
    }
    cy_legs(c, s);
    switch ((enum zyd_cycle_work)c->work) {
    case ZYD_CW_TAKE:
        cy_take(c, s);
        break;
    case ZYD_CW_COMPUTE:
        work_compute(c, s);
        break;
    case ZYD_CW_RECUT:
    case ZYD_CW_UNWIND:
    case ZYD_CW_ROLL:
        work_leave(c, s);
        break;
    case ZYD_CW_INSTRUCT:
        if (pages_end(c)) {
            instruct(c, s, ZYD_CP_PAY_MIN);
        }
        break;
    case ZYD_CW_SETTLE:
        if (pages_end(c)) {
            cy_begin(c, ZYD_CW_PAY);
        }
        break;
    case ZYD_CW_PAY:
        work_pay(c, s);
        break;
    case ZYD_CW_CLOSE:
        c->work = ZYD_CW_NONE;
        cy_say(c, ZYD_CS_CLOSED);
        break;
    case ZYD_CW_NONE:
        break;
    }
}

/* ---- the door ---- */

/* A cycle that went another way: what its legs settle is settled, what is left when it closes waits again. */
static void follow(struct cy_cycle *c, const struct audit_step *s)
{
    cy_legs(c, s);
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *p = &s->o->postings[i];
        if (p->label == ZYD_CL_PAID) {
            c->cash[p->member] += strcmp(p->cr, "1001") == 0 ? -p->amount.fen : p->amount.fen;
        }
    }
    for (uint32_t i = 0; i < s->o->event_count; i++) {
        if (s->o->events[i].code == ZYD_CS_CLOSED) {
            cy_balance(c, s);
            for (size_t k = 0; k < c->entry_count; k++) {
                if (c->entries[k].status == ZYD_CYCLE_IN || c->entries[k].status == ZYD_CYCLE_REFUSED) {
                    c->entries[k].status = ZYD_CYCLE_LEFT;
                    re_debt_roll(c->re->debts, c->entries[k].debt);
                }
            }
        }
    }
}

static void opening(struct re_cycles *p, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines lines = {.count = 0};
    re_account owed, due, dr = {0}, cr = {0};
    uint16_t debtor = (uint16_t)zyd_rd_u64(rd, UINT16_MAX), creditor = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    int64_t amount = (int64_t)zyd_rd_u64(rd, ZYD_MONEY_MAX);
    struct zyd_span debit = zyd_rd_str(rd, 1, ZYD_ACCOUNT_MAX), credit = zyd_rd_str(rd, 1, ZYD_ACCOUNT_MAX);
    snprintf(dr, sizeof dr, "%.*s", (int)debit.size, (const char *)debit.data);
    snprintf(cr, sizeof cr, "%.*s", (int)credit.size, (const char *)credit.data);
    re_account_of(owed, p->re, "2141", creditor);
    re_account_of(due, p->re, "1141", debtor);
    re_line_add(&lines, RE_OBLIGATION_AMOUNT, debtor, ZYD_CL_OPENING, dr, owed, amount, NULL);
    re_line_add(&lines, RE_OBLIGATION_AMOUNT, creditor, ZYD_CL_OPENING, due, cr, amount, NULL);
    re_lines_compare(p->re, s, &lines, RE_UNEXPLAINED);
}

static void by_member(struct re_cycles *p, const struct audit_step *s)
{
    struct re_lines none = {.count = 0};
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct zyd_hash id;
    zyd_rd_array(&rd, 64);
    if (s->event == ZYD_CE_OPENING) {
        opening(p, s, &rd);
        return;
    }
    re_lines_compare(p->re, s, &none, RE_UNEXPLAINED);
    if (s->event == ZYD_CE_START) {
        cy_start(p, s);
        return;
    }
    zyd_rd_hash(&rd, &id);
    struct cy_cycle *c = audit_map_get(&p->cycles, &id);
    if (c == NULL) {
        re_find(p->re, s, RE_CYCLE_STEP, s->op->member, 0, 0, -1, -1, "of a cycle that there is not");
    } else if (!c->lost) {
        if (s->event == ZYD_CE_CONFIRM) {
            confirm(c, s, &rd);
        } else {
            notice(c, s, &rd);
        }
        cy_told(c, s);
    }
}

static void by_time(struct re_cycles *p, const struct audit_step *s)
{
    if (s->o->deadline == ZYD_CD_CUT) {
        cy_cut(p, s);
        return;
    }
    struct cy_cycle *c = s->object == NULL ? NULL : audit_map_get(&p->cycles, s->object);
    if (c == NULL) {
        struct re_lines none = {.count = 0};
        re_lines_compare(p->re, s, &none, RE_UNEXPLAINED);
        return;
    }
    if (c->lost) {
        follow(c, s);
    } else if (s->o->deadline == ZYD_CD_CONFIRM_END) {
        confirm_end(c, s);
    } else if (s->o->deadline == ZYD_CD_PAY_END) {
        pay_end(c, s);
    } else {
        work(c, s);
    }
    cy_told(c, s);
}

void re_cycles_step(struct re_cycles *p, const struct audit_step *s)
{
    if (s->op != NULL) {
        by_member(p, s);
    } else {
        by_time(p, s);
    }
}
