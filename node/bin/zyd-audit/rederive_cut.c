/* rederive_cut.c: product (e): when a cut-off falls, and what a cycle takes (domain.md 3.5, rulings 27, 29, 31).  Slices of
 * 64 and their order are zyd/cycle.h's: between two of them an obligation may be made or taken back. */
#include "rederive_nets.h"
#include <stdio.h>
#include <stdlib.h>
#include <zyd/cycle_names.h>

#define MINUTE_MS UINT64_C(60000)

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

/* ---- what a step should tell ---- */

void cy_say(struct cy_cycle *c, enum zyd_cycle_state state)
{
    c->state = (uint8_t)state;
    if (c->say_count < sizeof c->says) {
        c->says[c->say_count++] = (uint8_t)state;
    }
}

void cy_begin(struct cy_cycle *c, enum zyd_cycle_work next)
{
    c->work = (uint8_t)next;
    c->cursor = 0;
}

void cy_told(struct cy_cycle *c, const struct audit_step *s)
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

/* ---- the cut ---- */

static uint64_t cut_ms(const struct cy_clock *k, int32_t date)
{
    return date == 0 ? 0 : (uint64_t)zyd_ms_of_date(date) + k->t.slots[ZYD_CP_CUT_OFF] * MINUTE_MS;
}

void cy_start(struct re_cycles *p, const struct audit_step *s)
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

static struct cy_cycle *cycle_new(struct re_cycles *p, struct cy_clock *k, int32_t date)
{
    struct cy_cycle *c = re_new(sizeof *c);
    char ref[36];
    c->re = p->re;
    c->clock = k;
    c->date = date;
    c->number = ++k->cycles;
    zyd_cycle_id(&c->id, k->t.programme, c->number);
    snprintf(ref, sizeof ref, "cycle/%llu", (unsigned long long)c->number);
    audit_map_put(&p->cycles, &c->id, c);
    audit_pass_know(p->re->pass, &c->id, k->t.programme, ref);
    return c;
}

void cy_cut(struct re_cycles *p, const struct audit_step *s)
{
    struct cy_clock *k = s->object == NULL ? NULL : clock_of(p, zyd_get16(s->object->b + 30));
    struct re_queue *q = k == NULL ? NULL : re_queue_of(p->re->debts, k->t.programme);
    bool says = s->o->event_count > 0;
    if (q == NULL) {
        return;
    }
    bool late = k->next_ms != 0 && s->time_ms != k->next_ms;
    int32_t next = audit_pass_workday_add(p->re->pass, k->t.programme, s->date, (uint32_t)k->t.slots[ZYD_CP_EVERY_WD]);
    k->next_ms = cut_ms(k, next);
    bool enough = k->parked_first < k->parked_count && k->parked_sum >= (int64_t)k->t.slots[ZYD_CP_MIN_AMOUNT];
    bool due = q->waiting > 0 && (q->count > k->looked || enough); /* ruling 27 */
    if (late || due != says) {
        struct audit_step named = *s;
        named.programme = k->t.programme;
        re_find(p->re, &named, RE_CYCLE_STEP, RE_NO_MEMBER, 0, 0, -1, -1, "%s",
                late  ? "a cut-off at another time than the terms give"
                : due ? "a cut-off that makes no cycle of what waits"
                      : "a cycle of nothing");
    }
    if (!says) {
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
    cy_say(c, ZYD_CS_OPEN);
    cy_begin(c, ZYD_CW_TAKE);
    cy_told(c, s);
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
    struct cy_entry *e = re_append((void **)&c->entries, &c->entry_count, sizeof *e);
    *e = (struct cy_entry){d, ZYD_CYCLE_IN};
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

void cy_take(struct cy_cycle *c, const struct audit_step *s)
{
    bool more = take(c, false), closes = s->o->event_count > 0;
    if (more && closes) { /* it says that it is done */
        take(c, true);
        more = false;
    }
    if (!more && closes) {
        cy_sum(c);
        cy_say(c, ZYD_CS_CUT_OFF);
        cy_begin(c, ZYD_CW_COMPUTE);
    }
}

