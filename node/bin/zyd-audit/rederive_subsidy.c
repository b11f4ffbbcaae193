/* rederive_subsidy.c: product (c): what was enrolled, and every settlement to the fen (domain.md 3.3, F1 to F4, E11 to E14, E17). */
#include "rederive_loans.h"
#include <stdlib.h>

struct re_subsidy {
    struct re *re;
    struct re_map loans, enrolments, houses, purposes, controllers, drawn;
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
    re_map_free(&p->loans, loan_free);
    re_map_free(&p->enrolments, enrolment_free);
    re_map_free(&p->houses, house_free);
    re_map_free(&p->purposes, NULL);
    re_map_free(&p->controllers, free);
    re_map_free(&p->drawn, NULL);
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

static uint64_t optional_u64(struct zyd_rd *rd, uint64_t otherwise)
{
    return zyd_rd_nil(rd) ? otherwise : zyd_rd_u64(rd, UINT64_MAX);
}

static void find(struct re_subsidy *p, const struct audit_step *s, const struct su_enrolment *e, enum re_kind kind, int32_t from,
                 int32_t to, int64_t booked, int64_t right, const char *detail)
{
    re_find(p->re, s, kind, e->loan->bank, from, to, booked, right, "%s", detail);
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
    a->from = (int32_t)optional_u64(&rd, (uint64_t)a->value_date);
    a->fee_ppm = (uint32_t)optional_u64(&rd, 0);
    a->linked = optional_hash(&rd, &a->guarantee);
    a->drawdown = (uint32_t)optional_u64(&rd, 1);
    return !rd.bad;
}

static struct su_loan *loan_of(struct re_subsidy *p, const struct enrol_args *a, const struct audit_step *s,
                               const struct su_terms *t)
{
    struct su_loan *l = re_map_get(&p->loans, &a->loan);
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
    re_map_put(&p->loans, &a->loan, l);
    return l;
}

/* F1: by the bank's fingerprint, and by the drawdown that the guarantee knows, which no other fingerprint can hide. */
static void check_loan(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e, const struct enrol_args *a)
{
    struct zyd_hash key;
    const struct su_enrolment *x = e->loan->class_[su_class(e)];
    if (x != NULL) {
        find(p, s, e, RE_DUPLICATE_LOAN, 0, 0, -1, -1, "the loan is enrolled in this class already");
    }
    if (!a->linked) {
        return;
    }
    key_of(&key, su_class(e), a->drawdown, 0, &a->guarantee);
    x = re_map_get(&p->drawn, &key);
    if (x != NULL && x->loan != e->loan && !(x->closed && x->parts[0].paid == 0)) {
        find(p, s, e, RE_DUPLICATE_LOAN, 0, 0, -1, -1, "the same drawdown is enrolled under another loan fingerprint");
    }
    re_map_put(&p->drawn, &key, e);
}

static void check_purpose(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e, const struct enrol_args *a)
{
    struct zyd_hash household;
    if (a->has_purpose) {
        key_of(&e->purpose_key, 'P', su_param(e, ZYD_SP_FAMILY), 0, &a->purpose);
        e->has_purpose = true;
        const struct su_enrolment *x = re_map_get(&p->purposes, &e->purpose_key);
        if (x != NULL && x->has_purpose) {
            find(p, s, e, RE_DUPLICATE_PURPOSE, 0, 0, -1, -1, "the item is subsidised in this family already");
        }
        re_map_put(&p->purposes, &e->purpose_key, e);
    }
    if (a->has_controller) {
        struct { /* the first borrower of the controller */
            struct zyd_hash household;
            bool several;
        } *first;
        key_of(&household, 'R', su_param(e, ZYD_SP_FAMILY), 0, &a->controller);
        first = re_map_get(&p->controllers, &household);
        if (first == NULL) {
            first = re_new(sizeof *first);
            first->household = a->household;
            re_map_put(&p->controllers, &household, first);
        }
        first->several = first->several || !zyd_hash_eq(&first->household, &a->household);
        if (first->several && !re_warned(s, 3010)) {
            find(p, s, e, RE_RELATED_BORROWER, 0, 0, -1, -1, "warning W3010 is missing");
        }
    }
}

static void check_terms(struct re_subsidy *p, const struct audit_step *s, const struct su_enrolment *e)
{
    const struct su_terms *t = e->terms;
    int32_t until = (int32_t)t->t.slots[ZYD_SP_OPEN_UNTIL];
    if (t->suspended || t->closed || s->date < (int32_t)t->t.slots[ZYD_SP_OPEN_FROM] || (until != 0 && s->date > until)) {
        find(p, s, e, t->closed ? RE_AFTER_CLOSE : RE_OUTSIDE_TERM, s->date, s->date, -1, -1, "the programme was not open");
    }
    if (e->from < e->loan->value_date || e->from >= e->loan->maturity) {
        find(p, s, e, RE_OUTSIDE_TERM, e->from, e->until, -1, -1, "the first day is not one of the loan's");
    }
    int64_t cap = (int64_t)su_param(e, ZYD_SP_HOUSEHOLD_CAP), room = su_room(e->house, e->from, cap);
    if (room <= 0) {
        find(p, s, e, RE_HOUSEHOLD_CAP, e->from, e->until, -1, -1, "the household's cap was used up");
    }
    int64_t left = (int64_t)t->t.slots[ZYD_SP_BUDGET] - t->reserved - t->paid + t->back;
    if (e->reserved > left) {
        find(p, s, e, RE_OVER_BUDGET, e->from, e->until, e->reserved, re_max(left, 0), "reserved beyond the budget");
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
    e->house = re_map_get(&p->houses, &key);
    if (e->house == NULL) {
        e->house = re_new(sizeof *e->house);
        re_map_put(&p->houses, &key, e->house);
    }
    re_map_put(&p->enrolments, s->object, e);
    check_loan(p, s, e, &a);
    check_purpose(p, s, e, &a);
    check_terms(p, s, e);
    *(struct su_enrolment **)re_append((void **)&e->house->list, &e->house->count, sizeof e) = e;
    e->loan->class_[su_class(e)] = e;
    t->reserved += e->reserved;
}

/* ---- SETTLE ---- */

struct stated {
    int32_t to;
    int64_t charged, other;
};

static void release_reserve(struct su_enrolment *e)
{
    e->terms->reserved -= e->reserved;
    e->reserved = 0;
}

static void settled(struct su_enrolment *e, int32_t to)
{
    const struct su_loan *l = e->loan;
    e->settled_to = to;
    if (to >= e->until || (l->paid_off != 0 && to >= l->paid_off)) {
        release_reserve(e);
        e->finished = true;
    }
}

/* The period of the loan that ends on to, or that the terms give next; known: another level has settled it before. */
static struct su_period period_of(const struct su_enrolment *e, bool *known)
{
    const struct su_loan *l = e->loan;
    int32_t end = l->paid_off != 0 ? l->paid_off : l->extended;
    struct su_period p = {.from = l->settled_to, .to = l->settled_to};
    /* a period that twelve others followed is forfeited */
    for (size_t i = l->period_count > ZYD_SUBSIDY_PERIODS ? l->period_count - ZYD_SUBSIDY_PERIODS : 0; i < l->period_count; i++) {
        if (l->periods[i].to > e->settled_to) {
            *known = true;
            return l->periods[i];
        }
    }
    *known = false;
    while (p.to < end && p.to <= e->settled_to) {
        p.from = p.to;
        p.to = re_settlement_after(p.from, l->day, l->months);
        p.to = p.to < end ? p.to : end;
    }
    return p;
}

static int64_t whole_interest(const struct su_loan *l, const struct su_period *p)
{
    if (p->to <= l->maturity || p->from >= l->maturity) {
        return su_interest(l, p->from, p->to);
    }
    return su_interest(l, p->from, l->maturity) + su_interest(l, l->maturity, p->to);
}

/* Why more was booked than is right: the limit without which it would be what was booked. */
static enum re_kind blame(const struct su_enrolment *e, int64_t booked, int64_t right, int32_t from, int32_t to, int32_t end,
                          int64_t most, int64_t left)
{
    if (booked <= right) {
        return RE_SUBSIDY_AMOUNT;
    }
    if (e->closed || e->clawed_back) {
        return RE_AFTER_CLOSE;
    }
    if (to <= from) {
        return RE_OUTSIDE_TERM;
    }
    if (booked > most) {
        return RE_OVER_INTEREST;
    }
    if (booked > left) {
        return RE_OVER_BUDGET;
    }
    if (booked == re_min(su_days_subsidy(e, from, to, SU_NO_HOUSEHOLD), most) ||
        booked == re_min(su_days_subsidy(e, from, to, SU_NO_HOUSEHOLD | SU_NO_LOAN_CAP), most)) {
        return RE_HOUSEHOLD_CAP;
    }
    struct su_enrolment longer = *e;
    longer.asks_until = longer.until = end;
    return booked == su_days_subsidy(&longer, from, end, SU_NO_HOUSEHOLD) ? RE_OUTSIDE_TERM : RE_SUBSIDY_AMOUNT;
}

/* The right amount over the payers, with memory (3.0.3), and the rows; what was booked becomes the memory. */
static void split(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e, struct re_rows *rows, int64_t right,
                  uint16_t label, enum re_kind kind, int32_t from, int32_t to)
{
    int64_t inc[RE_PARTS], memory[RE_PARTS] = {0}, weights[RE_PARTS] = {0}, total = right;
    size_t n = e->terms->payer_count;
    for (size_t i = 0; i < n; i++) {
        memory[i] = e->parts[i].paid;
        weights[i] = e->terms->payers[i].ppm;
        total += memory[i];
    }
    if (!re_alloc(inc, memory, total, weights, n)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t payer = e->terms->payers[i].member;
        int64_t booked = re_booked(s, payer, label, "5031", "2141");
        re_expect_due(rows, kind, label, payer, "5031", e->loan->bank, "2101", inc[i]);
        e->parts[i].paid += booked;
        e->terms->paid += booked;
        e->terms->reserved -= re_min(booked, e->reserved);
        e->reserved -= re_min(booked, e->reserved);
    }
    re_compare(p->re, s, rows, kind, from, to);
}

static int64_t booked_subsidy(const struct audit_step *s, const struct su_enrolment *e, uint16_t label)
{
    int64_t sum = 0;
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        sum += re_booked(s, e->terms->payers[i].member, label, "5031", "2141");
    }
    return sum;
}

static int64_t budget_for(const struct su_enrolment *e)
{
    const struct su_terms *t = e->terms;
    return re_max(0, e->reserved + (int64_t)t->t.slots[ZYD_SP_BUDGET] - t->reserved - t->paid + t->back);
}

static void check_state(struct re_subsidy *p, const struct audit_step *s, const struct su_enrolment *e)
{
    if (e->closed || e->clawed_back) {
        find(p, s, e, RE_AFTER_CLOSE, e->settled_to, 0, -1, -1,
             e->closed ? "the enrolment was closed" : "the enrolment was clawed back");
    } else if (e->terms->suspended) {
        find(p, s, e, RE_AFTER_CLOSE, e->settled_to, 0, -1, -1, "the programme was suspended");
    }
}

static void check_linked(struct re_subsidy *p, const struct audit_step *s, const struct su_enrolment *e, int32_t from,
                         int32_t until, int32_t to)
{
    const struct su_loan *l = e->loan;
    struct re_drawn d;
    if (!l->linked || !re_guarantee_drawn(p->re->guarantee, &d, &l->guarantee, l->drawdown)) {
        if (l->overdue != 0 && l->overdue <= to) {
            find(p, s, e, RE_OVERDUE, from, to, -1, -1, "the loan was overdue on the settlement date");
        }
        return;
    }
    if (re_guarantee_overdue(p->re->guarantee, &l->guarantee, from, until, to)) {
        find(p, s, e, RE_OVERDUE, from, to, -1, -1, "the loan was overdue in the guarantee");
    }
    if (d.balance != l->points[l->point_count - 1].balance || d.maturity != l->extended) {
        find(p, s, e, RE_LOAN_DIFFERS, from, to, l->points[l->point_count - 1].balance, d.balance,
             "balance or maturity is another one in the guarantee");
    }
}

static void settle_interest(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e, const struct stated *t)
{
    struct su_loan *l = e->loan;
    struct re_rows rows = {.count = 0};
    bool known;
    struct su_period period = period_of(e, &known);
    int32_t from = e->settled_to > period.from ? e->settled_to : period.from, to = period.to < e->until ? period.to : e->until;
    int32_t before = period.to < l->maturity ? period.to : l->maturity;
    int64_t whole = whole_interest(l, &period);
    check_state(p, s, e);
    check_linked(p, s, e, from, to, period.to);
    if (t->to != period.to || t->to > s->date || from >= l->maturity) {
        find(p, s, e, RE_OUTSIDE_TERM, from, t->to, -1, -1, "it is not the period that the terms give");
    }
    if (known ? t->charged != period.interest : t->charged > whole) {
        find(p, s, e, RE_OVER_INTEREST, period.from, period.to, t->charged, known ? period.interest : whole,
             "the bank certified another interest");
    }
    if (!known) {
        period.interest = t->charged;
        if (!l->linked) { /* else the guarantee books it */
            re_expect(&rows, RE_INTEREST_AMOUNT, l->bank, ZYD_SL_INT, "2101", "4011", re_min(t->charged, whole));
        }
    }
    period.given += t->other;
    if (period.given > period.interest) {
        find(p, s, e, RE_OVER_INTEREST, period.from, period.to, period.given, period.interest,
             "subsidies from elsewhere exceed the interest");
    }
    int64_t most = re_max(0, re_min(su_interest(l, period.from, before), period.interest) - period.given);
    bool none = e->closed || e->clawed_back || to <= from;
    int64_t right = none ? 0 : re_min(su_days_subsidy(e, from, to, 0), most), left = budget_for(e);
    int64_t booked = booked_subsidy(s, e, ZYD_SL_SUBSIDY);
    right = re_min(right, left);
    enum re_kind kind = blame(e, booked, right, from, to, period.to, most, left);
    period.given += booked;
    split(p, s, e, &rows, right, ZYD_SL_SUBSIDY, kind, from, period.to);
    if (known) {
        for (size_t i = 0; i < l->period_count; i++) {
            if (l->periods[i].to == period.to) {
                l->periods[i] = period;
            }
        }
    } else {
        *(struct su_period *)re_append((void **)&l->periods, &l->period_count, sizeof period) = period;
        l->settled_to = period.to;
    }
    settled(e, period.to);
}

static void settle_fee(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e, const struct stated *t)
{
    struct su_loan *l = e->loan;
    struct re_rows rows = {.count = 0};
    int64_t whole = su_fee(e, l->amount, l->maturity), booked = booked_subsidy(s, e, ZYD_SL_FEE_SUBSIDY);
    check_state(p, s, e);
    if (l->overdue != 0) {
        find(p, s, e, RE_OVERDUE, e->from, l->maturity, -1, -1, "the loan was overdue");
    }
    if (t->charged > whole || (l->fee != 0 && t->charged != l->fee)) {
        find(p, s, e, RE_OVER_INTEREST, e->from, l->maturity, t->charged, l->fee != 0 ? l->fee : whole,
             "the bank certified another fee");
    }
    e->eligible = su_eligible(e, e->from, 0);
    int64_t most = re_max(0, t->charged - l->fee_given - t->other), left = budget_for(e);
    int64_t base = re_min(t->charged, su_fee(e, e->eligible, l->maturity));
    bool none = e->closed || e->clawed_back || e->settled_to >= l->maturity;
    int64_t right = none ? 0 : re_min(re_ppm(base, su_param(e, ZYD_SP_RATE_PPM), RE_FLOOR), most);
    enum re_kind kind = booked <= right ? RE_SUBSIDY_AMOUNT
                        : none          ? (e->settled_to >= l->maturity ? RE_OUTSIDE_TERM : RE_AFTER_CLOSE)
                        : booked > most ? RE_OVER_INTEREST
                        : booked > left ? RE_OVER_BUDGET
                                        : RE_HOUSEHOLD_CAP;
    if (kind == RE_HOUSEHOLD_CAP &&
        booked != re_ppm(re_min(t->charged, su_fee(e, su_eligible(e, e->from, SU_NO_HOUSEHOLD), l->maturity)),
                         su_param(e, ZYD_SP_RATE_PPM), RE_FLOOR)) {
        kind = RE_SUBSIDY_AMOUNT;
    }
    l->fee = t->charged;
    l->fee_given += booked + t->other;
    split(p, s, e, &rows, re_min(right, left), ZYD_SL_FEE_SUBSIDY, kind, e->from, l->maturity);
    settled(e, l->maturity);
}

static void settle(struct re_subsidy *p, const struct audit_step *s, struct su_enrolment *e)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct stated t;
    zyd_rd_array(&rd, 64);
    t.to = (int32_t)zyd_rd_u64(&rd, 99991231);
    t.charged = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    optional_u64(&rd, 0); /* what the borrower paid */
    t.other = (int64_t)optional_u64(&rd, 0);
    if (su_is_fee(e)) {
        settle_fee(p, s, e, &t);
    } else {
        settle_interest(p, s, e, &t);
    }
}

/* ---- what changes the loan, and the end ---- */

static void point(struct su_loan *l, int32_t date, const int64_t *balance, const uint32_t *rates)
{
    struct su_point last = l->points[l->point_count - 1];
    if (last.date != date) {
        re_append((void **)&l->points, &l->point_count, sizeof last);
    }
    last.date = date;
    last.balance = balance != NULL ? *balance : last.balance;
    last.rate_ppm = rates != NULL ? rates[0] : last.rate_ppm;
    last.lpr_ppm = rates != NULL ? rates[1] : last.lpr_ppm;
    l->points[l->point_count - 1] = last;
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
        l->paid_off = balance == 0 ? date : l->paid_off;
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
        release_reserve(e);
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

static int64_t paid_of(const struct su_enrolment *e)
{
    int64_t sum = 0;
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        sum += e->parts[i].paid;
    }
    return sum;
}

static void close_(struct su_enrolment *e)
{
    e->closed = true;
    e->until = e->settled_to < e->until ? e->settled_to : e->until;
    e->asks_until = e->settled_to < e->asks_until ? e->settled_to : e->asks_until;
    release_reserve(e);
    if (paid_of(e) == 0) { /* class and item are free again */
        if (e->loan->class_[su_class(e)] == e) {
            e->loan->class_[su_class(e)] = NULL;
        }
        e->has_purpose = false;
    }
}

/* ---- what is given back ---- */

static void back_rows(struct re_rows *rows, struct su_enrolment *e, const int64_t *inc, uint16_t label, const char *from)
{
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        re_expect_due(rows, RE_CLAWBACK_AMOUNT, label, e->loan->bank, from, e->terms->payers[i].member, "5031", inc[i]);
    }
}

static void clawback(struct re_subsidy *p, struct su_enrolment *e, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct re_rows rows = {.count = 0};
    int64_t inc[RE_PARTS], memory[RE_PARTS] = {0}, weights[RE_PARTS] = {0}, net = 0, clawed = 0;
    size_t n = e->terms->payer_count;
    for (size_t i = 0; i < n; i++) {
        memory[i] = e->parts[i].clawed;
        weights[i] = e->parts[i].paid - e->parts[i].fee_back;
        net += weights[i];
        clawed += memory[i];
    }
    zyd_rd_array(&rd, 64);
    zyd_rd_skip(&rd);
    bool by_ppm = !zyd_rd_nil(&rd);
    int64_t amount = by_ppm ? re_ppm(net, zyd_rd_u64(&rd, RE_PPM), RE_HALF_UP) : (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    if (amount > net - clawed) {
        find(p, s, e, RE_CLAWBACK_AMOUNT, 0, 0, amount, net - clawed, "more than was paid");
    }
    if (!re_alloc(inc, memory, clawed + amount, weights, n)) {
        return;
    }
    back_rows(&rows, e, inc, ZYD_SL_CLAWBACK, "1165");
    re_expect(&rows, RE_CLAWBACK_AMOUNT, e->loan->bank, ZYD_SL_DEBIT_BORR, "2101", "1165", amount);
    re_compare(p->re, s, &rows, RE_UNEXPLAINED, 0, 0);
    for (size_t i = 0; i < n; i++) {
        int64_t booked = re_booked(s, e->terms->payers[i].member, ZYD_SL_CLAWBACK, "1141", "5031");
        e->parts[i].clawed += booked;
        e->terms->back += booked;
    }
    e->clawed_back = true;
}

static void reinstate(struct re_subsidy *p, struct su_enrolment *e, const struct audit_step *s)
{
    struct re_rows rows = {.count = 0};
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        re_expect_due(&rows, RE_CLAWBACK_AMOUNT, ZYD_SL_REINSTATE, e->terms->payers[i].member, "5031", e->loan->bank, "2101",
                      e->parts[i].clawed);
        e->terms->back -= e->parts[i].clawed;
        e->parts[i].clawed = 0;
    }
    re_compare(p->re, s, &rows, RE_UNEXPLAINED, 0, 0);
    e->clawed_back = false;
}

/* E17: the subsidy anew on the earned fee; what was paid above it goes back by what each paid. */
static void fee_change(struct re_subsidy *p, struct su_enrolment *e, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct re_rows rows = {.count = 0};
    struct su_loan *l = e->loan;
    int64_t inc[RE_PARTS], weights[RE_PARTS] = {0}, kept = 0, earlier = 0;
    zyd_rd_array(&rd, 64);
    int64_t earned = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    for (size_t i = 4; i < su_class(e); i++) {
        const struct su_enrolment *x = l->class_[i];
        for (size_t k = 0; x != NULL && k < x->terms->payer_count; k++) {
            earlier += x->parts[k].paid - x->parts[k].clawed - x->parts[k].fee_back;
        }
    }
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        weights[i] = e->parts[i].paid - e->parts[i].clawed;
        kept += weights[i];
    }
    int64_t base = re_min(earned, su_fee(e, e->eligible, l->paid_off));
    int64_t now = re_min(re_max(0, earned - earlier), re_ppm(base, su_param(e, ZYD_SP_RATE_PPM), RE_FLOOR));
    int64_t back = re_max(0, kept - now);
    if (back > 0 && re_alloc(inc, NULL, back, weights, e->terms->payer_count)) {
        back_rows(&rows, e, inc, ZYD_SL_FS_CLAWBACK, "2101");
    }
    re_compare(p->re, s, &rows, RE_UNEXPLAINED, 0, 0);
    for (size_t i = 0; i < e->terms->payer_count; i++) {
        int64_t booked = re_booked(s, e->terms->payers[i].member, ZYD_SL_FS_CLAWBACK, "1141", "5031");
        e->parts[i].fee_back += booked;
        l->fee_given -= booked;
        e->terms->back += booked;
    }
    e->fee_changed = true;
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
        settle(p, s, e);
        return;
    case ZYD_SE_CLAWBACK:
        clawback(p, e, s);
        return;
    case ZYD_SE_REINSTATE:
        reinstate(p, e, s);
        return;
    case ZYD_SE_FEE_CHANGE:
        fee_change(p, e, s);
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
    struct su_enrolment *e = s->object == NULL ? NULL : re_map_get(&p->enrolments, s->object);
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
