/* rederive_cycle.c: product (e): cut-offs, what a cycle takes, answers, notices, deadlines; from state to state (domain.md 3.5, rulings
 * 27 to 31).  Slices of 64 and their order are zyd/cycle.h's: between two of them an obligation may be made or taken back. */
#include "rederive_nets.h"
#include <stdio.h>
#include <stdlib.h>

#define MINUTE_MS UINT64_C(60000)

struct re_cycles {
    struct re *re;
    struct audit_map cycles;
    struct cy_clock *clocks[256]; /* by programme */
};

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

static struct cy_clock *clock_of(struct re_cycles *p, uint16_t programme)
{
    struct zyd_span rest;
    if (programme == 0 || programme > 255 || p->clocks[programme] != NULL) {
        return programme > 255 ? NULL : p->clocks[programme];
    }
    struct cy_clock *k = re_new(sizeof *k);
    if (!re_terms_read(p->re, &k->t, programme, ZYD_CYCLE_PARAM_COUNT, &rest)) {
        free(k);
        return NULL;
    }
    return p->clocks[programme] = k;
}

static void say(struct cy_cycle *c, enum zyd_cycle_state state)
{
    c->state = (uint8_t)state;
    if (c->say_count < sizeof c->says) {
        c->says[c->say_count++] = (uint8_t)state;
    }
}

static void begin(struct cy_cycle *c, enum zyd_cycle_work next)
{
    c->work = (uint8_t)next;
    c->cursor = 0;
}

static void at_time(const struct cy_cycle *c, const struct audit_step *s, uint64_t right)
{
    if (s->time_ms != right) {
        cy_find(c, s, RE_CYCLE_STEP, RE_NO_MEMBER, -1, -1, "at another time than the terms give");
    }
}

/* ---- the cut ---- */

static uint64_t cut_ms(const struct cy_clock *k, int32_t date)
{
    return date == 0 ? 0 : (uint64_t)zyd_ms_of_date(date) + k->t.slots[ZYD_CP_CUT_OFF] * MINUTE_MS;
}

static void start(struct re_cycles *p, const struct audit_step *s)
{
    struct cy_clock *k = clock_of(p, s->programme);
    if (k == NULL) {
        return;
    }
    int32_t date = audit_pass_workday_add(p->re->pass, s->programme, zyd_date_add(s->date, -1), 1);
    if (date == s->date && cut_ms(k, date) <= s->time_ms) {
        date = audit_pass_workday_add(p->re->pass, s->programme, s->date, 1);
    }
    k->next_ms = cut_ms(k, date);
}

static void cycle_id(struct zyd_hash *out, uint16_t programme, uint64_t number)
{
    struct {
        char tag[16];
        uint64_t programme, number;
    } in;
    memset(&in, 0, sizeof in);
    memcpy(in.tag, ZYD_CYCLE_TAG_ID, sizeof ZYD_CYCLE_TAG_ID - 1);
    in.programme = programme;
    in.number = number;
    zyd_sha256(out, &in, sizeof in);
}

static struct cy_cycle *cycle_new(struct re_cycles *p, struct cy_clock *k, int32_t date)
{
    struct cy_cycle *c = re_new(sizeof *c);
    char ref[36];
    c->re = p->re;
    c->clock = k;
    c->date = date;
    c->number = ++k->cycles;
    cycle_id(&c->id, k->t.programme, c->number);
    snprintf(ref, sizeof ref, "cycle %llu", (unsigned long long)c->number);
    audit_map_put(&p->cycles, &c->id, c);
    audit_pass_know(p->re->pass, &c->id, k->t.programme, ref);
    return c;
}

/* What the step tells against what it should; afterwards a cycle that went another way is followed by its legs alone. */
static void told(struct cy_cycle *c, const struct audit_step *s)
{
    size_t at = 0;
    bool same = true;
    for (uint32_t i = 0; i < s->o->event_count; i++) {
        same = same && at < c->say_count && c->says[at] == s->o->events[i].code;
        at++;
    }
    if ((!same || at != c->say_count) && !c->lost) {
        cy_find(c, s, RE_CYCLE_STEP, RE_NO_MEMBER, -1, -1, "it goes another way than answers, notices and time give");
        c->lost = true;
    }
    c->say_count = 0;
}

static void cut(struct re_cycles *p, const struct audit_step *s)
{
    struct cy_clock *k = s->object == NULL ? NULL : clock_of(p, zyd_get16(s->object->b + 30));
    struct re_queue *q = k == NULL ? NULL : re_queue_of(p->re->debts, k->t.programme);
    if (q == NULL) {
        return;
    }
    bool late = k->next_ms != 0 && s->time_ms != k->next_ms;
    k->next_ms = cut_ms(k, audit_pass_workday_add(p->re->pass, k->t.programme, s->date, (uint32_t)k->t.slots[ZYD_CP_EVERY_WD]));
    bool enough = k->parked_first < k->parked_count && k->parked_sum >= (int64_t)k->t.slots[ZYD_CP_MIN_AMOUNT];
    if (q->waiting == 0 || (q->count == k->looked && !enough)) { /* ruling 27 */
        if (s->o->event_count > 0) {
            re_find(p->re, s, RE_CYCLE_STEP, RE_NO_MEMBER, 0, 0, -1, -1, "a cycle of nothing");
        }
        return;
    }
    struct cy_cycle *c = cycle_new(p, k, s->date);
    c->list_next = k->looked;
    c->list_end = k->looked = q->count;
    if (enough) {
        c->park_next = k->parked_first;
        c->park_end = k->parked_first = k->parked_count;
        k->parked_sum = 0;
    }
    if (late) {
        cy_find(c, s, RE_CYCLE_STEP, RE_NO_MEMBER, -1, -1, "a cut-off at another time than the terms give");
    }
    say(c, ZYD_CS_OPEN);
    begin(c, ZYD_CW_TAKE);
    told(c, s);
}

/* ---- what it takes ---- */

static void widen(struct cy_cycle *c, const struct re_debt *d)
{
    const struct zyd_member *members = c->re->genesis->members;
    uint16_t last = d->debtor > d->creditor ? d->debtor : d->creditor;
    c->members = last >= c->members ? (uint16_t)(last + 1) : c->members;
    if (d->gross) {
        c->fiscal |= members[d->debtor].role == ZYD_ROLE_FISCAL ? UINT64_C(1) << d->debtor : 0;
        c->fiscal |= members[d->creditor].role == ZYD_ROLE_FISCAL ? UINT64_C(1) << d->creditor : 0;
    }
}

static bool take_net(struct cy_cycle *c, struct re_debt *d)
{
    re_debt_lock(c->re->debts, d);
    if (d->value_date > c->date || c->total > ZYD_MONEY_MAX - d->amount) {
        re_debt_roll(c->re->debts, d); /* for the next cycle */
        return false;
    }
    d->cycle = c;
    d->place = (uint32_t)c->entry_count;
    d->legs = 0;
    *(struct cy_entry *)re_append((void **)&c->entries, &c->entry_count, sizeof *c->entries) = (struct cy_entry){d, ZYD_CYCLE_IN};
    c->total += d->amount;
    return true;
}

static void park(struct cy_clock *k, struct re_debt *d) /* ruling 31 */
{
    *(struct re_debt **)re_append((void **)&k->parked, &k->parked_count, sizeof d) = d;
    k->parked_sum = re_min(k->parked_sum + d->amount, ZYD_MONEY_MAX);
}

static void look_at(struct cy_cycle *c, struct re_debt *d, bool parked)
{
    if (d->state != RE_DEBT_OPEN) {
        return;
    }
    if (d->gross) { /* ruling 29: shown */
        widen(c, d);
        cy_gross_add(c, d);
    } else if (!parked && d->amount < (int64_t)cy_param(c, ZYD_CP_MIN_AMOUNT)) {
        park(c->clock, d);
    } else if (take_net(c, d)) {
        widen(c, d);
    }
}

/* A slice: 64 of the list, or what fills a page of either kind; all: whatever is left. */
static bool take(struct cy_cycle *c, bool all)
{
    const struct re_queue *q = re_queue_of(c->re->debts, c->clock->t.programme);
    size_t net_end = (c->entry_count / ZYD_CYCLE_PAGE + 1) * ZYD_CYCLE_PAGE;
    size_t gross_end = (c->gross_count / ZYD_CYCLE_PAGE + 1) * ZYD_CYCLE_PAGE;
    for (size_t seen = 0; all || (seen < ZYD_CYCLE_PAGE && c->entry_count < net_end && c->gross_count < gross_end); seen++) {
        if (c->park_next < c->park_end) {
            look_at(c, c->clock->parked[c->park_next++], true);
        } else if (c->list_next < c->list_end) {
            look_at(c, q->at[c->list_next++], false);
        } else {
            return false;
        }
    }
    return true;
}

static void work_take(struct cy_cycle *c, const struct audit_step *s)
{
    bool more = take(c, false), closes = s->o->event_count > 0;
    if (more && closes) { /* it says that it is done */
        take(c, true);
        more = false;
    }
    if (!more && closes) {
        cy_sum(c);
        say(c, ZYD_CS_CUT_OFF);
        begin(c, ZYD_CW_COMPUTE);
    }
}

/* ---- computing and answers ---- */

static void work_compute(struct cy_cycle *c, const struct audit_step *s)
{
    cy_compute(c);
    c->doubted = false;
    if (c->active == 0) {
        begin(c, ZYD_CW_CLOSE);
        return;
    }
    say(c, ZYD_CS_COMPUTED);
    c->needed = c->position | (c->round == 0 ? c->fiscal : 0);
    c->confirmed = c->refused = 0;
    c->work = ZYD_CW_NONE;
    if (c->needed == 0) {
        say(c, ZYD_CS_CONFIRMED);
        begin(c, ZYD_CW_INSTRUCT);
    }
    c->confirm_ms = s->time_ms + cy_param(c, ZYD_CP_CONFIRM_MIN) * MINUTE_MS;
}

/* Ruling 28. */
static void answered(struct cy_cycle *c, uint64_t silent)
{
    silent &= c->position; /* a gross list holds nothing up */
    if ((c->refused | silent) == 0) {
        say(c, ZYD_CS_CONFIRMED);
        begin(c, ZYD_CW_INSTRUCT);
    } else if (c->round == ZYD_CYCLE_ROUNDS_MAX) {
        say(c, ZYD_CS_UNWINDING);
        begin(c, ZYD_CW_ROLL);
    } else {
        c->round++;
        c->leaving = silent;
        say(c, ZYD_CS_CUT_OFF);
        begin(c, ZYD_CW_RECUT);
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
    if (c->state != ZYD_CS_COMPUTED || (c->needed & me) == 0 || ((c->confirmed | c->refused) & me) != 0 ||
        s->time_ms >= c->confirm_ms) {
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
    if (((c->confirmed | c->refused) & c->needed) == c->needed) {
        answered(c, 0);
    }
}

static void confirm_end(struct cy_cycle *c, const struct audit_step *s)
{
    if (c->state == ZYD_CS_COMPUTED) {
        at_time(c, s, c->confirm_ms);
        answered(c, c->needed & ~(c->confirmed | c->refused));
    }
}

/* ---- payments ---- */

static void instruct(struct cy_cycle *c, const struct audit_step *s, enum zyd_cycle_param minutes)
{
    cy_instruct(c);
    say(c, ZYD_CS_INSTRUCTED);
    begin(c, c->unmatched == 0 ? ZYD_CW_SETTLE : ZYD_CW_NONE);
    c->pay_ms = s->time_ms + cy_param(c, minutes) * MINUTE_MS;
}

/* Past the last obligation of a pass that takes a page a slice. */
static bool pages_end(struct cy_cycle *c)
{
    c->cursor++;
    return c->cursor * ZYD_CYCLE_PAGE >= c->entry_count;
}

/* The payment that a notice names, as the notice says it: what differs is told once, and then holds. */
static struct cy_pay *noticed(struct cy_cycle *c, const struct audit_step *s, struct zyd_span reference, int64_t amount)
{
    size_t number = 0;
    for (size_t i = 13; reference.size == ZYD_CYCLE_E2E_SIZE && i < 17; i++) {
        number = number * 10 + (size_t)(reference.data[i] - '0') % 10;
    }
    if (number == 0 || number > c->pay_count) {
        cy_find(c, s, RE_INSTRUCTION_AMOUNT, RE_NO_MEMBER, amount, 0, "a payment that the rule does not give");
        return NULL;
    }
    struct cy_pay *pay = &c->pays[number - 1];
    c->re->compared++;
    if (!pay->told && (pay->amount != amount || memcmp(pay->reference, reference.data, ZYD_CYCLE_E2E_SIZE) != 0)) {
        cy_find(c, s, RE_INSTRUCTION_AMOUNT, pay->payer, amount, pay->amount,
                pay->amount != amount ? "the amount of the notice" : "the reference of the notice");
        pay->told = true;
        pay->amount = amount;
        cy_reference(pay, c, number);
    }
    return pay;
}

static void notice(struct cy_cycle *c, const struct audit_step *s, struct zyd_rd *rd)
{
    uint8_t side = (uint8_t)zyd_rd_u64(rd, ZYD_CYCLE_CREDIT);
    struct zyd_span reference = zyd_rd_str(rd, 1, 35);
    int64_t amount = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    struct cy_pay *pay = noticed(c, s, reference, amount);
    if (c->state == ZYD_CS_INSTRUCTED) {
        say(c, ZYD_CS_SETTLING);
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
        pay->state = ZYD_CYCLE_MATCHED;
        c->paid[pay->payer] += pay->amount;
        c->received[pay->payee] += pay->amount;
        c->unmatched--;
        if (c->unmatched == 0) {
            begin(c, ZYD_CW_SETTLE);
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
            c->leaving |= UINT64_C(1) << c->pays[i].payer;
        }
    }
    say(c, ZYD_CS_UNWINDING);
    begin(c, ZYD_CW_UNWIND);
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
        begin(c, ZYD_CW_COMPUTE);
        return;
    }
    cy_compute(c);
    if (work == ZYD_CW_ROLL) {
        begin(c, ZYD_CW_CLOSE);
    } else if (c->active == 0 && c->plan_count == 0) {
        begin(c, paid ? ZYD_CW_PAY : ZYD_CW_CLOSE);
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
        say(c, ZYD_CS_SETTLED);
        begin(c, ZYD_CW_CLOSE);
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
    if (!known) {
        cy_find(c, s, RE_CYCLE_STEP, RE_NO_MEMBER, -1, -1, "settled before every payment was matched");
    }
    begin(c, ZYD_CW_SETTLE);
}

static void work(struct cy_cycle *c, const struct audit_step *s)
{
    bool pays = has_label(s, ZYD_CL_PAID);
    if (c->work != ZYD_CW_SETTLE && c->work != ZYD_CW_PAY && (pays || has_label(s, ZYD_LABEL_NETTED))) {
        resume(c, s);
    }
    if (c->work == ZYD_CW_SETTLE && pays) {
        begin(c, ZYD_CW_PAY);
    }
    cy_legs(c, s);
    switch ((enum zyd_cycle_work)c->work) {
    case ZYD_CW_TAKE:
        work_take(c, s);
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
            begin(c, ZYD_CW_PAY);
        }
        break;
    case ZYD_CW_PAY:
        work_pay(c, s);
        break;
    case ZYD_CW_CLOSE:
        c->work = ZYD_CW_NONE;
        say(c, ZYD_CS_CLOSED);
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
    int64_t amount = (int64_t)zyd_rd_u64(rd, INT64_MAX);
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
        start(p, s);
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
        told(c, s);
    }
}

static void by_time(struct re_cycles *p, const struct audit_step *s)
{
    if (s->o->deadline == ZYD_CD_CUT) {
        cut(p, s);
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
    told(c, s);
}

void re_cycles_step(struct re_cycles *p, const struct audit_step *s)
{
    if (s->op != NULL) {
        by_member(p, s);
    } else {
        by_time(p, s);
    }
}
