/* I4 and I9 of product (c): a subsidy is wholly shared by those who pay it, and never above the interest, or the fee. */
#include "impl.h"
#include <zyd/subsidy.h>

static struct loan *loan_of(struct zyd_inv *v, const struct zyd_hash *id)
{
    bool fresh;
    return table_make(&v->loans, id, &fresh);
}

static struct period *period_of(struct loan *l, int32_t to)
{
    for (size_t i = l->count; i-- > 0;) {
        if (l->periods[i].to == to) {
            return &l->periods[i];
        }
    }
    if (l->count == l->cap) {
        l->cap = l->cap * 2 + 4;
        l->periods = realloc(l->periods, l->cap * sizeof *l->periods);
        zyd_assert(l->periods != NULL);
    }
    l->periods[l->count] = (struct period){.to = to, .interest = -1};
    return &l->periods[l->count++];
}

/* SETTLE of interest: given is what this one gives, other what the bank says that others gave. */
static bool interest(struct zyd_inv *v, const struct event *e, int64_t given)
{
    struct loan *l = loan_of(v, &e->object->is.e.loan);
    struct zyd_rd rd = zyd_rd_of(e->args);
    zyd_rd_array(&rd, 5);
    struct period *p = period_of(l, (int32_t)zyd_rd_u64(&rd, 99991231));
    int64_t charged = zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX);
    zyd_rd_skip(&rd); /* paid */
    int64_t other = zyd_rd_nil(&rd) ? 0 : zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX);
    if (p->interest < 0) {
        p->interest = charged;
        l->interest += charged;
    }
    p->given += given + other;
    l->given += given + other;
    e->object->is.e.last_to = p->to;
    e->object->is.e.last_given = given + other;
    e->object->is.e.last_fee = 0;
    v->counts.checks[9] += 2;
    if (charged != p->interest || p->given > p->interest) {
        return fault_at(v, 9, e->member, &e->object->id, e->at,
                        "period to %d: subsidies of %lld fen on interest of %lld (said now: %lld)", p->to, (long long)p->given,
                        (long long)p->interest, (long long)charged);
    }
    return l->given <= l->interest ||
           fault_at(v, 9, e->member, &e->object->id, e->at, "all subsidies %lld fen, all interest %lld", (long long)l->given,
                    (long long)l->interest);
}

static bool fee(struct zyd_inv *v, const struct event *e, int64_t given)
{
    struct loan *l = loan_of(v, &e->object->is.e.loan);
    struct zyd_rd rd = zyd_rd_of(e->args);
    zyd_rd_array(&rd, 5);
    zyd_rd_skip(&rd); /* to */
    int64_t charged = zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX);
    zyd_rd_skip(&rd); /* paid */
    int64_t sum = given + (zyd_rd_nil(&rd) ? 0 : zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX));
    l->fee_given += sum;
    e->object->is.e.last_fee = sum;
    e->object->is.e.last_given = 0;
    v->counts.checks[9]++;
    return l->fee_given <= charged ||
           fault_at(v, 9, e->member, &e->object->id, e->at, "fee subsidies of %lld fen on a fee of %lld",
                    (long long)l->fee_given, (long long)charged);
}

/* REVERSE takes the enrolment's last settlement back: what it and others gave is free again, and with the last of it the
 * period. */
static void reversed(struct zyd_inv *v, const struct event *e)
{
    struct enrolment *n = &e->object->is.e;
    struct loan *l = loan_of(v, &n->loan);
    l->fee_given -= n->last_fee;
    for (size_t i = 0; n->last_to != 0 && i < l->count; i++) {
        struct period *p = &l->periods[i];
        if (p->to == n->last_to) {
            p->given -= n->last_given;
            l->given -= n->last_given;
            if (p->given == 0) {
                l->interest -= p->interest;
                *p = l->periods[--l->count];
            }
        }
    }
    n->last_to = 0;
    n->last_given = n->last_fee = 0;
}

/* What each payer gives in this event, against ALLOC of all that the enrolment was given. */
static bool shared(struct zyd_inv *v, const struct event *e, const struct programme *p, const struct share *gave,
                   uint8_t gave_count, int64_t all)
{
    struct enrolment *n = &e->object->is.e;
    int64_t weights[PARTIES], had[PARTIES], inc[PARTIES], total = all;
    char name[16];
    for (uint8_t i = 0; i < p->cost_count; i++) {
        weights[i] = p->cost[i].amount;
        had[i] = share_of(n->paid, &n->paid_count, p->cost[i].member)->amount;
        total += had[i];
    }
    v->counts.checks[4]++;
    if (!alloc(inc, had, total, weights, p->cost_count)) {
        return fault_at(v, 4, NOBODY, &e->object->id, e->at, "the cost shares of programme %u cannot split %lld fen", p->p.id,
                        (long long)total);
    }
    for (uint8_t i = 0; i < p->cost_count; i++) {
        int64_t is = 0;
        for (uint8_t k = 0; k < gave_count; k++) {
            is += gave[k].member == p->cost[i].member ? gave[k].amount : 0;
        }
        if (is != inc[i]) {
            return fault_at(v, 4, p->cost[i].member, &e->object->id, e->at,
                            "%s gives %lld fen of a subsidy of %lld, its share is %lld", name_of(v, p->cost[i].member, name),
                            (long long)is, (long long)all, (long long)inc[i]);
        }
        all -= is;
    }
    return all == 0 ||
           fault_at(v, 4, NOBODY, &e->object->id, e->at, "%lld fen of a subsidy are given by nobody", (long long)all);
}

bool subsidy_event(struct zyd_inv *v, const struct event *e, const struct programme *p)
{
    struct enrolment *n = &e->object->is.e;
    struct share gave[PARTIES];
    uint8_t gave_count = 0;
    int64_t all = 0, of_fee = 0, got = 0;
    if (!e->sys && e->number == ZYD_SE_ENROL) {
        struct zyd_rd rd = zyd_rd_of(e->args);
        zyd_rd_array(&rd, 16);
        zyd_rd_skip(&rd);
        zyd_rd_skip(&rd);
        zyd_rd_hash(&rd, &n->loan);
    }
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        const struct zyd_posting *t = &e->o->postings[i];
        if (t->label == ZYD_SL_SUBSIDY || t->label == ZYD_SL_FEE_SUBSIDY) {
            int64_t gives = moved(t, "5031", true);
            all += gives;
            of_fee += t->label == ZYD_SL_FEE_SUBSIDY ? gives : 0;
            got -= moved(t, "2101.", false);
            if (gives != 0) {
                share_of(gave, &gave_count, t->member)->amount += gives;
            }
        }
    }
    if (all != got) {
        return fault_at(v, 4, NOBODY, &e->object->id, e->at, "a subsidy of %lld fen is given, the borrower gets %lld",
                        (long long)all, (long long)got);
    }
    if (p != NULL && all > 0 && !shared(v, e, p, gave, gave_count, all)) {
        return false;
    }
    for (uint8_t i = 0; i < gave_count; i++) {
        share_of(n->paid, &n->paid_count, gave[i].member)->amount += gave[i].amount;
    }
    n->given += all - of_fee;
    n->fee_given += of_fee;
    if (!e->sys && e->number == ZYD_SE_REVERSE) {
        reversed(v, e);
    }
    if (!e->sys && e->number == ZYD_SE_SETTLE && p != NULL) {
        return slot_of(p, ZYD_SP_KIND) == ZYD_SK_FEE_SHARE ? fee(v, e, of_fee) : interest(v, e, all);
    }
    return true;
}

bool subsidy_record(struct zyd_inv *v, struct object *o, struct zyd_span value)
{
    struct zyd_subsidy_enrolment r;
    if (value.size < sizeof r || value.data[0] != ZYD_SUBSIDY_KIND_ENROLMENT) {
        return true;
    }
    memcpy(&r, value.data, sizeof r);
    v->counts.checks[9]++;
    return r.paid == o->is.e.given + o->is.e.fee_given ||
           fault_at(v, 9, r.bank, &o->id, o->last, "the enrolment says %lld fen were given, the postings %lld",
                    (long long)r.paid, (long long)(o->is.e.given + o->is.e.fee_given));
}
