/* rederive_subsidy.c: product (c): what was enrolled, and what happens to it (domain.md 3.3, F1 to F4). */
#include "rederive_loans.h"
#include <stdlib.h>

struct re_subsidy {
    struct re *re;
    struct audit_map loans, enrolments, houses, purposes, controllers, drawn;
    struct su_terms *terms[256];
};

struct su_before { /* an enrolment and its loan before the last SETTLE or FEE_CHANGE */
    struct re_note note;
    struct su_enrolment e;
    struct su_loan l;
    struct su_period *periods;
};

static void enrolment_free(void *p)
{
    struct su_enrolment *e = p;
    if (e->before != NULL) {
        free(e->before->note.posted);
        free(e->before->periods);
        free(e->before);
    }
    free(e);
}

static void loan_free(void *p)
{
    struct su_loan *l = p;
    free(l->points);
    free(l->periods);
    free(l);
}

static void house_free(void *p)
{
    struct su_house *h = p;
    free(h->list);
    free(h);
}

struct re_subsidy *re_subsidy_new(struct re *re)
{
    struct re_subsidy *p = re_new(sizeof *p);
    p->re = re;
    return p;
}

void re_subsidy_free(struct re_subsidy *p)
{
    audit_map_free(&p->loans, loan_free);
    audit_map_free(&p->enrolments, enrolment_free);
    audit_map_free(&p->houses, house_free);
    audit_map_free(&p->purposes, NULL);
    audit_map_free(&p->controllers, free);
    audit_map_free(&p->drawn, NULL);
    for (size_t i = 0; i < 256; i++) {
        free(p->terms[i]);
    }
    free(p);
}

static struct su_terms *terms_of(struct re_subsidy *p, uint16_t programme)
{
    struct zyd_span rest;
    if (programme > 255 || p->terms[programme] != NULL) {
        return programme > 255 ? NULL : p->terms[programme];
    }
    struct su_terms *t = re_new(sizeof *t);
    if (!re_terms_read(p->re, &t->t, programme, ZYD_SUBSIDY_PARAM_COUNT, &rest)) {
        free(t);
        return NULL;
    }
    struct zyd_rd rd = zyd_rd_of(rest);
    zyd_rd_skip(&rd); /* the banks */
    t->payer_count = zyd_rd_array(&rd, ZYD_SUBSIDY_PAYERS_MAX);
    for (size_t i = 0; i < t->payer_count; i++) {
        zyd_rd_array_of(&rd, 2);
        t->payers[i].member = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
        t->payers[i].ppm = (int64_t)zyd_rd_u64(&rd, RE_PPM);
    }
    p->terms[programme] = t;
    return t;
}

static void key_of(struct zyd_hash *out, uint64_t letter, uint64_t a, uint64_t b, const struct zyd_hash *id)
{
    uint8_t bytes[24 + 32];
    zyd_put64(bytes, letter);
    zyd_put64(bytes + 8, a);
    zyd_put64(bytes + 16, b);
    memcpy(bytes + 24, id->b, 32);
    zyd_sha256(out, bytes, sizeof bytes);
}

static bool optional_hash(struct zyd_rd *rd, struct zyd_hash *out)
{
    if (zyd_rd_nil(rd)) {
        return false;
    }
    zyd_rd_hash(rd, out);
    return true;
}

/* ---- ENROL ---- */

struct enrol_args {
    struct zyd_hash household, loan, purpose, controller, guarantee;
    bool has_purpose, has_controller, linked;
    int64_t amount;
    int32_t value_date, maturity, from;
    uint32_t rate_ppm, lpr_ppm, fee_ppm, drawdown;
};

static bool enrol_read(struct enrol_args *a, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    zyd_rd_array(&rd, 64);
    zyd_rd_skip(&rd); /* the borrower, by name of accounts */
    zyd_rd_hash(&rd, &a->household);
    zyd_rd_hash(&rd, &a->loan);
    a->has_purpose = optional_hash(&rd, &a->purpose);
    a->has_controller = optional_hash(&rd, &a->controller);
    a->amount = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    a->value_date = (int32_t)zyd_rd_u64(&rd, 99991231);
    a->maturity = (int32_t)zyd_rd_u64(&rd, 99991231);
    a->rate_ppm = (uint32_t)zyd_rd_u64(&rd, RE_PPM);
    a->lpr_ppm = (uint32_t)zyd_rd_u64(&rd, RE_PPM);
    a->from = (int32_t)su_optional_u64(&rd, (uint64_t)a->value_date);
    a->fee_ppm = (uint32_t)su_optional_u64(&rd, 0);
    a->linked = optional_hash(&rd, &a->guarantee);
    a->drawdown = (uint32_t)su_optional_u64(&rd, 1);
    return !rd.bad;
}

static struct su_loan *loan_of(struct re_subsidy *p, const struct enrol_args *a, const struct audit_step *s,
                               const struct su_terms *t)
{
    struct su_loan *l = audit_map_get(&p->loans, &a->loan);
    if (l != NULL) {
        if (l->period_count == 0 && a->from < l->settled_to) {
            l->settled_to = a->from; /* periods begin with the first subsidised day of all programmes */
        }
        return l;
    }
    l = re_new(sizeof *l);
    l->bank = s->op->member;
    l->linked = a->linked;
    l->guarantee = a->guarantee;
    l->drawdown = a->drawdown;
    l->amount = a->amount;
    l->value_date = a->value_date;
    l->maturity = l->extended = a->maturity;
    struct re_drawn drawn;
    if (a->linked && re_guarantee_drawn(p->re->guarantee, &drawn, &a->guarantee, a->drawdown)) {
        l->extended = drawn.maturity; /* extended before it was enrolled */
    }
    l->settled_to = a->from;
    l->day = (uint32_t)t->t.slots[ZYD_SP_SETTLE_DAY];
    l->months = (uint32_t)t->t.slots[ZYD_SP_SETTLE_MONTHS];
    l->basis = (uint32_t)t->t.slots[ZYD_SP_BASIS];
    l->fee_ppm = a->fee_ppm;
    struct su_point *point = re_append((void **)&l->points, &l->point_count, sizeof *point);
    *point = (struct su_point){a->value_date, a->rate_ppm, a->lpr_ppm, a->amount};
    audit_map_put(&p->loans, &a->loan, l);
    return l;
}

static int64_t paid_of(const struct su_enrolment *e)
{
    int64_t sum = 0;
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        sum += e->parts[i].paid;
    }
    return sum;
}

/* F1: by the bank's fingerprint, and by the drawdown that the guarantee knows, which no other fingerprint can hide. */
static void check_loan(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e, const struct enrol_args *a)
{
    struct zyd_hash key;
    const struct su_enrolment *x = e->loan->class_[su_class(e)];
    if (x != NULL) {
        su_find(p->re, s, e, RE_DUPLICATE_LOAN, 0, 0, -1, -1, "the loan is enrolled in this class already");
    }
    if (!a->linked) {
        return;
    }
    key_of(&key, su_class(e), a->drawdown, 0, &a->guarantee);
    x = audit_map_get(&p->drawn, &key);
    if (x != NULL && x->loan != e->loan && !(x->closed && paid_of(x) == 0)) {
        su_find(p->re, s, e, RE_DUPLICATE_LOAN, 0, 0, -1, -1, "the same drawdown is enrolled under another loan fingerprint");
        return; /* the first stays in the way of all others, whatever becomes of this one */
    }
    audit_map_put(&p->drawn, &key, e);
}

static void check_purpose(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e, const struct enrol_args *a)
{
    struct zyd_hash household;
    if (a->has_purpose) {
        key_of(&e->purpose_key, 'P', su_param(e, ZYD_SP_FAMILY), 0, &a->purpose);
        e->has_purpose = true;
        const struct su_enrolment *x = audit_map_get(&p->purposes, &e->purpose_key);
        if (x != NULL && x->has_purpose) {
            su_find(p->re, s, e, RE_DUPLICATE_PURPOSE, 0, 0, -1, -1, "the item is subsidised in this family already");
        }
        audit_map_put(&p->purposes, &e->purpose_key, e);
    }
    if (a->has_controller) {
        struct { /* the first borrower of the controller */
            struct zyd_hash household;
            bool several;
        } *first;
        key_of(&household, 'R', su_param(e, ZYD_SP_FAMILY), 0, &a->controller);
        first = audit_map_get(&p->controllers, &household);
        if (first == NULL) {
            first = re_new(sizeof *first);
            first->household = a->household;
            audit_map_put(&p->controllers, &household, first);
        }
        first->several = first->several || !zyd_hash_eq(&first->household, &a->household);
        if (first->several && !re_warned(s, 3010)) {
            su_find(p->re, s, e, RE_RELATED_BORROWER, 0, 0, -1, -1, "warning W3010 is missing");
        }
    }
}

static void check_terms(struct re_subsidy *p, const struct audit_step *s, const struct su_enrolment *e)
{
    const struct su_terms *t = e->terms;
    int32_t until = (int32_t)t->t.slots[ZYD_SP_OPEN_UNTIL];
    if (t->suspended || t->closed || s->date < (int32_t)t->t.slots[ZYD_SP_OPEN_FROM] || (until != 0 && s->date > until)) {
        su_find(p->re, s, e, t->closed ? RE_AFTER_CLOSE : RE_OUTSIDE_TERM, s->date, s->date, -1, -1,
                "the programme was not open");
    }
    if (e->from < e->loan->value_date || e->from >= e->loan->maturity) {
        su_find(p->re, s, e, RE_OUTSIDE_TERM, e->from, e->until, -1, -1, "the first day is not one of the loan's");
    }
    int64_t cap = (int64_t)su_param(e, ZYD_SP_HOUSEHOLD_CAP), room = su_room(e->house, e->from, cap);
    if (room <= 0) {
        su_find(p->re, s, e, RE_HOUSEHOLD_CAP, e->from, e->until, -1, -1, "the household's cap was used up");
    }
    int64_t left = (int64_t)t->t.slots[ZYD_SP_BUDGET] - t->reserved - t->paid + t->back;
    if (e->reserved > left) {
        su_find(p->re, s, e, RE_OVER_BUDGET, e->from, e->until, e->reserved, re_max(left, 0), "reserved beyond the budget");
    }
}

static void enrol(struct re_subsidy *p, const struct audit_step *s)
{
    struct enrol_args a = {.amount = 0};
    struct su_terms *t = terms_of(p, s->programme);
    struct zyd_hash key;
    if (t == NULL || s->object == NULL || !enrol_read(&a, s)) {
        return;
    }
    struct su_enrolment *e = re_new(sizeof *e);
    e->object = *s->object;
    e->terms = t;
    e->loan = loan_of(p, &a, s, t);
    e->from = e->settled_to = a.from;
    e->until = e->loan->maturity;
    if (!su_is_fee(e) && re_days(e->from, e->until) > (int32_t)su_param(e, ZYD_SP_MAX_DAYS)) {
        e->until = zyd_date_add(e->from, (int32_t)su_param(e, ZYD_SP_MAX_DAYS));
    }
    e->asks_until = e->until;
    e->reserved = su_most(e);
    key_of(&key, 'H', su_param(e, ZYD_SP_LEVEL), su_param(e, ZYD_SP_FAMILY), &a.household);
    e->house = audit_map_get(&p->houses, &key);
    if (e->house == NULL) {
        e->house = re_new(sizeof *e->house);
        audit_map_put(&p->houses, &key, e->house);
    }
    audit_map_put(&p->enrolments, s->object, e);
    check_loan(p, s, e, &a);
    check_purpose(p, s, e, &a);
    check_terms(p, s, e);
    *(struct su_enrolment **)re_append((void **)&e->house->list, &e->house->count, sizeof e) = e;
    e->loan->class_[su_class(e)] = e;
    t->reserved += e->reserved;
}

/* ---- what changes the loan, and the end ---- */

static void point(struct su_loan *l, int32_t date, const int64_t *balance, const uint32_t *rates)
{
    struct su_point last = l->points[l->point_count - 1];
    bool again = last.date == date;
    if (!again) {
        re_append((void **)&l->points, &l->point_count, sizeof last);
    }
    last.date = date;
    last.balance = balance != NULL ? *balance : last.balance;
    last.rate_ppm = rates != NULL ? rates[0] : last.rate_ppm;
    last.lpr_ppm = rates != NULL ? rates[1] : last.lpr_ppm;
    l->points[l->point_count - 1] = last;
    const struct su_point *was = &l->points[l->point_count - 1] - (l->point_count > 1);
    if (again && l->point_count > 1 && was->balance == last.balance && was->rate_ppm == last.rate_ppm &&
        was->lpr_ppm == last.lpr_ppm) {
        l->point_count--; /* told again as it was before: taken back */
    }
}

static void change(struct su_enrolment *e, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct su_loan *l = e->loan;
    zyd_rd_array(&rd, 64);
    int32_t date = (int32_t)zyd_rd_u64(&rd, 99991231);
    if (s->event == ZYD_SE_REPAY_CHANGE) {
        int64_t balance = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
        point(l, date, &balance, NULL);
        l->paid_off = balance == 0 ? date : 0;
    } else if (s->event == ZYD_SE_RATE_CHANGE) {
        uint32_t rates[2];
        rates[0] = (uint32_t)zyd_rd_u64(&rd, RE_PPM);
        rates[1] = (uint32_t)zyd_rd_u64(&rd, RE_PPM);
        point(l, date, NULL, rates);
    } else {
        l->extended = date;
    }
}

static void stop_from(struct su_enrolment *e, int32_t date)
{
    e->stopped = true;
    e->until = date < e->until ? date : e->until;
    e->asks_until = date < e->asks_until ? date : e->asks_until;
    if (e->settled_to >= e->until || (e->loan->paid_off != 0 && e->settled_to >= e->loan->paid_off)) {
        su_release_reserve(e);
    }
}

static void stop(struct su_enrolment *e, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct su_loan *l = e->loan;
    zyd_rd_array(&rd, 64);
    uint64_t reason = zyd_rd_u64(&rd, 255);
    int32_t date = (int32_t)zyd_rd_u64(&rd, 99991231);
    if (reason == ZYD_SR_OVERDUE && (l->overdue == 0 || date < l->overdue)) {
        l->overdue = date;
    }
    stop_from(e, date);
}

static void close_(struct su_enrolment *e)
{
    e->closed = true;
    e->until = e->settled_to < e->until ? e->settled_to : e->until;
    e->asks_until = e->settled_to < e->asks_until ? e->settled_to : e->asks_until;
    su_release_reserve(e);
    if (paid_of(e) == 0) { /* class and item are free again */
        if (e->loan->class_[su_class(e)] == e) {
            e->loan->class_[su_class(e)] = NULL;
        }
        e->has_purpose = false;
    }
}

/* ---- REVERSE ---- */

static void remember(struct su_enrolment *e, const struct audit_step *s)
{
    struct su_before *b = e->before == NULL ? re_new(sizeof *b) : e->before;
    size_t size = e->loan->period_count * sizeof *b->periods;
    e->before = b;
    re_note_take(&b->note, s);
    b->e = *e;
    b->l = *e->loan;
    free(b->periods);
    b->periods = re_new(size + 1);
    if (size > 0) {
        memcpy(b->periods, e->loan->periods, size);
    }
}

static void reverse(struct re_subsidy *p, struct su_enrolment *e, const struct audit_step *s)
{
    struct re_note none = {.good = false};
    struct su_before *b = e->before;
    if (!re_note_mirror(p->re, s, b == NULL ? &none : &b->note) || b == NULL) {
        return;
    }
    e->terms->reserved += b->e.reserved - e->reserved;
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        e->terms->paid += b->e.parts[i].paid - e->parts[i].paid;
        e->terms->back += b->e.parts[i].fee_back - e->parts[i].fee_back;
    }
    *e = b->e;
    e->before = b;
    e->loan->fee = b->l.fee;
    e->loan->fee_given = b->l.fee_given;
    e->loan->settled_to = b->l.settled_to;
    e->loan->period_count = b->l.period_count;
    if (b->l.period_count > 0) {
        memcpy(e->loan->periods, b->periods, b->l.period_count * sizeof *b->periods);
    }
}

/* ---- the door ---- */

static void programme(struct re_subsidy *p, const struct audit_step *s)
{
    struct su_terms *t = terms_of(p, s->programme);
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    zyd_rd_array(&rd, 64);
    uint64_t state = zyd_rd_u64(&rd, 255);
    if (t != NULL) {
        t->suspended = state == ZYD_SB_SUSPENDED;
        t->closed = state == ZYD_SB_CLOSED;
    }
}

static void member_event(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e)
{
    if (s->event == ZYD_SE_SETTLE || s->event == ZYD_SE_FEE_CHANGE) {
        remember(e, s);
    }
    switch ((enum zyd_subsidy_event)s->event) {
    case ZYD_SE_REVERSE:
        reverse(p, e, s);
        return;
    case ZYD_SE_SETTLE:
        su_settle(p->re, s, e);
        return;
    case ZYD_SE_CLAWBACK:
        su_clawback(p->re, e, s);
        return;
    case ZYD_SE_REINSTATE:
        su_reinstate(p->re, e, s);
        return;
    case ZYD_SE_FEE_CHANGE:
        su_fee_change(p->re, e, s);
        return;
    case ZYD_SE_REPAY_CHANGE:
    case ZYD_SE_RATE_CHANGE:
    case ZYD_SE_EXTEND_CHANGE:
        change(e, s);
        break;
    case ZYD_SE_STOP:
        stop(e, s);
        break;
    case ZYD_SE_CLOSE:
        close_(e);
        break;
    case ZYD_SE_ENROL:
    case ZYD_SE_PROGRAMME:
    case ZYD_SE_FREEZE:
    case ZYD_SE_UNFREEZE:
        break;
    }
    struct re_rows none = {.count = 0};
    re_compare(p->re, s, &none, RE_UNEXPLAINED, 0, 0);
}

void re_subsidy_step(struct re_subsidy *p, const struct audit_step *s)
{
    struct su_enrolment *e = s->object == NULL ? NULL : audit_map_get(&p->enrolments, s->object);
    if (s->op != NULL && s->event == ZYD_SE_ENROL) {
        enrol(p, s);
    } else if (s->op != NULL && s->event == ZYD_SE_PROGRAMME) {
        programme(p, s);
    } else if (e != NULL && s->op != NULL) {
        member_event(p, s, e);
    } else if (e != NULL && s->o->due_ms > 0 && s->o->deadline == ZYD_SD_STOP && !e->clawed_back) {
        stop_from(e, e->until);
    }
}
