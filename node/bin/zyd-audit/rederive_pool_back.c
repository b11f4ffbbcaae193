/* rederive_pool_back.c: product (b): recoveries, demand-backs, refills of the layers, reversals, the winding up (domain.md 3.2,
 * E8, rulings 22, 32). */
#include "rederive_pool.h"
#include <stdio.h>

/* The bank's receivable falls: principal, then what the claim held besides. */
static void credit(struct re_lines *rows, struct pl_loan *c, const char *dr, int64_t amount)
{
    int64_t principal = re_min(amount, c->m.balance);
    re_line_add(rows, RE_POOL_RECOVERY, c->bank, ZYD_PL_RECOV, dr, "1102", principal, NULL);
    re_line_add(rows, RE_POOL_RECOVERY, c->bank, ZYD_PL_RECOV, dr, "1111", amount - principal, NULL);
    pl_lower(c, principal);
}

static int64_t pending_booked(const struct pl_loan *c, const struct audit_step *s, uint16_t label)
{
    return re_booked(s, c->pool->trustee, label, "1141", "3009");
}

void pl_recover(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines rows = {.count = 0};
    re_account returnable;
    int64_t gross = (int64_t)zyd_rd_u64(rd, INT64_MAX), cost = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    if (!pl_approved(c) || c->m.state == ZYD_PS_CLOSED) {
        re_find(p->re, s, RE_POOL_RECOVERY, c->bank, 0, 0, gross, 0, "recovered although the pool bears nothing of it");
        return;
    }
    int64_t costs = re_min(gross, cost + c->m.carried); /* ruling 22 */
    c->m.carried += cost - costs;
    int64_t net = re_min(gross - costs, re_max(c->m.claimed - c->m.net, 0));
    c->m.net += net;
    int64_t bears = pl_outstanding(c) + c->m.shortage + c->m.pool_got; /* approved, and not demanded back */
    int64_t weights[2] = {re_max(c->m.claimed - bears, 0), re_max(bears, 0)}, had[2] = {c->m.bank_got, c->m.pool_got}, inc[2];
    if (!re_alloc(inc, had, c->m.net, weights, 2)) {
        inc[0] = inc[1] = 0;
    }
    c->m.bank_got += inc[0];
    c->m.pool_got += inc[1];
    int64_t back = re_min(inc[1], pl_outstanding(c)), less = inc[1] - back; /* what the pool has not paid yet it need not pay */
    pl_shortage(c, -re_min(less, c->m.shortage));
    re_line_add(&rows, RE_POOL_RECOVERY, c->bank, ZYD_PL_RECOV, "1001", "2171", gross, NULL);
    re_line_add(&rows, RE_POOL_RECOVERY, c->bank, ZYD_PL_RECOV, "2171", "1001.COST", costs, NULL);
    credit(&rows, c, "2171", inc[0] + less);
    re_account_of(returnable, p->re, "2191", c->pool->trustee);
    pl_due(p->re, &rows, RE_POOL_RECOVERY, ZYD_PL_RECOV, c->bank, "2171", c->pool->trustee, "3009", back);
    credit(&rows, c, returnable, back);
    re_line_add(&rows, RE_POOL_RECOVERY, c->bank, ZYD_PL_RECOV, "2171", c->customer, gross - costs - net, NULL);
    re_lines_compare(p->re, s, &rows, RE_UNEXPLAINED);
    c->m.refunded += pending_booked(c, s, ZYD_PL_RECOV);
    c->pool->pending += pending_booked(c, s, ZYD_PL_RECOV);
    if (c->m.state != ZYD_PS_CLAWED_BACK && c->m.shortage == 0) {
        c->m.state = ZYD_PS_REFUNDING;
    }
    pl_breaker(c->pool, false);
}

void pl_demand_back(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines rows = {.count = 0};
    re_account returnable;
    int64_t open = pl_outstanding(c), amount = open;
    zyd_rd_skip(rd); /* the finding */
    if (!zyd_rd_nil(rd)) {
        amount = re_ppm(c->m.paid, zyd_rd_u64(rd, RE_PPM), RE_HALF_UP); /* ruling 32 */
    }
    if (amount > open || !pl_approved(c)) {
        re_find(p->re, s, RE_POOL_DEMAND_BACK, c->bank, 0, 0, amount, open, "demanded back, and paid and not come back");
    }
    re_account_of(returnable, p->re, "2191", c->pool->trustee);
    pl_due(p->re, &rows, RE_POOL_DEMAND_BACK, ZYD_PL_DEMAND_BACK, c->bank, returnable, c->pool->trustee, "3009", amount);
    re_lines_compare(p->re, s, &rows, RE_UNEXPLAINED);
    int64_t booked = pending_booked(c, s, ZYD_PL_DEMAND_BACK), cancelled = c->m.shortage;
    pl_shortage(c, -cancelled); /* what was still to be paid is not paid any more */
    pl_count(p, c, s, -booked - cancelled, false);
    c->m.clawed += booked;
    c->pool->pending += booked;
    c->m.disputed = 0;
    c->m.state = ZYD_PS_CLAWED_BACK;
    if (pl_outstanding(c) == 0 && !c->m.ended) {
        pl_ended(c);
    }
}

/* ---- refills: the cash of a refund is there ---- */

/* Layers first..end get `amount`, by what each paid for this claim, with memory. */
static void refill_some(int64_t *out, const struct pl_loan *c, size_t first, size_t end, int64_t amount)
{
    int64_t paid[ZYD_POOL_LAYERS_MAX], had[ZYD_POOL_LAYERS_MAX];
    for (size_t i = first; i < end; i++) {
        paid[i - first] = c->part[i].paid;
        had[i - first] = c->part[i].refilled;
        amount += c->part[i].refilled;
    }
    if (!re_alloc(out + first, had, amount, paid, end - first)) {
        memset(out + first, 0, (end - first) * sizeof *out);
    }
}

/* Reverse draw order: the level that was drawn last comes first, each until it has back what it paid. */
static void refill_parts(int64_t out[ZYD_POOL_LAYERS_MAX], const struct pl_loan *c, int64_t amount, bool by_weight)
{
    const struct pl_pool *pool = c->pool;
    memset(out, 0, sizeof out[0] * ZYD_POOL_LAYERS_MAX);
    if (by_weight) {
        refill_some(out, c, 0, pool->layer_count, amount);
        return;
    }
    for (size_t end = pool->layer_count, first; end > 0 && amount > 0; end = first) {
        int64_t lacks = 0;
        for (first = end; first > 0 && pool->layers[first - 1].level == pool->layers[end - 1].level; first--) {
            lacks += c->part[first - 1].paid - c->part[first - 1].refilled;
        }
        int64_t part = re_min(amount, lacks);
        if (part > 0) {
            refill_some(out, c, first, end, part);
            amount -= part;
        }
    }
}

static void refill(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, const struct pl_promise *o)
{
    struct re_lines rows = {.count = 0};
    struct pl_pool *pool = c->pool;
    int64_t parts[ZYD_POOL_LAYERS_MAX];
    bool by_weight = o->label == ZYD_PL_DEMAND_BACK || pl_param(pool, ZYD_PP_REFUND_ORDER) == ZYD_POOL_REFUND_PRORATA;
    refill_parts(parts, c, o->amount, by_weight);
    for (size_t i = 0; i < pool->layer_count; i++) {
        const char *account = pool->layers[i].account;
        re_line_add(&rows, RE_POOL_REFUND, pool->trustee, ZYD_PL_REFILL, "3009", account, parts[i], &o->id);
    }
    re_lines_compare(p->re, s, &rows, RE_POOL_REFUND);
    for (size_t i = 0; i < pool->layer_count; i++) {
        int64_t one = pl_layer_booked(s, pool, ZYD_PL_REFILL, i, false);
        pool->layers[i].balance += one;
        pool->layers[i].drawn -= one;
        c->part[i].refilled += one;
    }
    pool->pending -= o->amount;
}

/* ---- obligations ---- */

void pl_promised(struct re_pool *p, struct pl_pool *pool, struct pl_loan *c, const struct audit_step *s)
{
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *row = &s->o->postings[i];
        if (strncmp(row->dr, "1141", 4) != 0 || zyd_hash_is_zero(&row->obligation) ||
            audit_map_get(&p->promises, &row->obligation) != NULL) {
            continue;
        }
        struct pl_promise *o = re_new(sizeof *o);
        *o = (struct pl_promise){row->obligation, c, pool, row->label, row->amount.fen, 0};
        audit_map_put(&p->promises, &row->obligation, o);
        pool->returns += c == NULL;
    }
}

void pl_settled_rows(struct re_pool *p, const struct audit_step *s)
{
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *row = &s->o->postings[i];
        bool settles = row->label == ZYD_LABEL_SETTLED || row->label == ZYD_LABEL_NETTED;
        if (!settles || strncmp(row->dr, "2141", 4) != 0) {
            continue;
        }
        struct pl_promise *o = audit_map_get(&p->promises, &row->obligation);
        if (o != NULL) {
            o->settled = s->height;
            *(struct pl_promise **)re_append((void **)&p->paid, &p->paid_count, sizeof o) = o;
        }
    }
}

static bool names(const struct audit_step *s, const struct pl_promise *o)
{
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        if (zyd_hash_eq(&s->o->postings[i].obligation, &o->id)) {
            return true;
        }
    }
    return false;
}

/* Which obligation the object hears of: the one that the rows name, else the earliest, by its id. */
static struct pl_promise *heard(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s)
{
    size_t best = p->paid_count;
    for (size_t i = 0; i < p->paid_count; i++) {
        struct pl_promise *o = p->paid[i];
        if (o->loan != c || (c == NULL && o->pool->t.programme != s->programme)) {
            continue;
        }
        if (names(s, o)) {
            best = i;
            break;
        }
        const struct pl_promise *b = best == p->paid_count ? NULL : p->paid[best];
        if (b == NULL || o->settled < b->settled || (o->settled == b->settled && memcmp(o->id.b, b->id.b, 32) < 0)) {
            best = i;
        }
    }
    if (best == p->paid_count) {
        return NULL;
    }
    struct pl_promise *o = p->paid[best];
    p->paid[best] = p->paid[--p->paid_count];
    return o;
}

void pl_settled(struct re_pool *p, struct pl_loan *c, const struct audit_step *s)
{
    const struct pl_promise *o = heard(p, c, s);
    if (o != NULL && c != NULL && (o->label == ZYD_PL_RECOV || o->label == ZYD_PL_DEMAND_BACK)) {
        refill(p, c, s, o);
        return;
    }
    pl_none(p, s);
    if (o != NULL && c == NULL && o->pool->returns > 0 && --o->pool->returns == 0) {
        o->pool->state = ZYD_PS_WOUND_UP;
    }
}

/* ---- REVERSE (3.0.10) ---- */

void pl_reverse_funding(struct re_pool *p, struct pl_funding *f, const struct audit_step *s)
{
    if (!re_note_mirror(p->re, s, &f->note)) {
        return;
    }
    for (size_t i = 0; i < f->pool->layer_count; i++) {
        int64_t booked = pl_layer_booked(s, f->pool, ZYD_PL_FUND, i, true);
        f->pool->layers[i].balance -= booked;
        f->pool->layers[i].funded -= booked;
    }
    f->confirmed = false;
}

void pl_reverse(struct re_pool *p, struct pl_loan *c, const struct audit_step *s)
{
    struct pl_pool *pool = c->pool;
    struct pl_money now = c->m, was = c->before;
    if (!re_note_mirror(p->re, s, &c->note)) {
        return;
    }
    pool->balance += (was.ended ? 0 : was.balance) - (now.ended ? 0 : now.balance);
    pool->npl += (was.npl ? was.balance : 0) - (now.npl ? now.balance : 0);
    pool->pending -= now.refunded + now.clawed - was.refunded - was.clawed;
    pool->memo += was.memo - now.memo;
    pool->shortage += was.shortage - now.shortage;
    pool->open_claims += now.ended && !was.ended;
    c->m = was;
    int64_t again = was.shortage - now.shortage + now.clawed - was.clawed;
    if (c->noted == ZYD_PE_DEMAND_BACK && again > 0) {
        pl_count(p, c, s, again, false);
        int64_t over = pl_over_caps(p, c);
        if (over > 0) {
            re_find(p->re, s, RE_POOL_OVER_CAP, c->bank, 0, 0, again, re_max(again - over, 0), "the caps were given to others");
        }
    }
    pl_breaker(pool, was.npl); /* a sound loan that is owed again lowers the rate */
}

/* ---- WIND_UP ---- */

void pl_wind_up(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s)
{
    struct re_lines rows = {.count = 0};
    int64_t weights[ZYD_POOL_LAYERS_MAX], back[ZYD_POOL_LAYERS_MAX];
    bool owes = false;
    if (pool->open_claims != 0 || pool->pending != 0 || pool->shortage != 0) {
        re_find(p->re, s, RE_POOL_WIND_UP, pool->trustee, 0, 0, -1, -1, "wound up with claims open");
    }
    for (size_t i = 0; i < pool->layer_count; i++) { /* contributed, less what was drawn */
        weights[i] = re_max(pool->layers[i].funded - pool->layers[i].drawn, 0);
    }
    if (!re_alloc(back, NULL, pl_cash(pool), weights, pool->layer_count)) {
        memset(back, 0, sizeof back);
    }
    for (size_t i = 0; i < pool->layer_count; i++) {
        struct pl_layer *y = &pool->layers[i];
        if (y->contributor == pool->trustee) {
            re_account outsiders;
            snprintf(outsiders, sizeof outsiders, "2101%s", y->account + 4);
            re_line_add(&rows, RE_POOL_WIND_UP, pool->trustee, ZYD_PL_WIND_UP, y->account, outsiders, back[i], NULL);
        } else {
            pl_due(p->re, &rows, RE_POOL_WIND_UP, ZYD_PL_WIND_UP, pool->trustee, y->account, y->contributor, "4031", back[i]);
            owes = owes || back[i] > 0;
        }
    }
    re_line_add(&rows, RE_POOL_MEMO, pool->trustee, ZYD_PL_MEMO, "9002", "9001", pool->memo, NULL);
    re_lines_compare(p->re, s, &rows, RE_UNEXPLAINED);
    for (size_t i = 0; i < pool->layer_count; i++) {
        int64_t booked = pl_layer_booked(s, pool, ZYD_PL_WIND_UP, i, true);
        pool->layers[i].balance -= booked;
        pool->layers[i].drawn += booked;
    }
    pool->memo = 0;
    pool->state = owes ? ZYD_PS_WINDING_UP : ZYD_PS_WOUND_UP;
}
