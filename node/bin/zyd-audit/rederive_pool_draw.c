/* rederive_pool_draw.c: product (b): what is drawn from which layer, and the shortage queue (domain.md 3.2, E8, E9). */
#include "rederive_pool.h"

int64_t pl_layer_booked(const struct audit_step *s, const struct pl_pool *p, uint16_t label, size_t layer, bool debit)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *row = &s->o->postings[i];
        if (row->member == p->trustee && row->label == label &&
            strcmp(debit ? row->dr : row->cr, p->layers[layer].account) == 0) {
            sum += row->amount.fen;
        }
    }
    return sum;
}

/* One level of n layers gives `want`, which is not more than it has: each up to its share of all that the level has borne
 * (3.0.3).  Who has borne more than its share gives nothing, who lacks its part gives what it has, and the others are
 * asked again. */
static void level(int64_t *out, const struct pl_layer *y, size_t n, int64_t want)
{
    int64_t weights[ZYD_POOL_LAYERS_MAX], share[ZYD_POOL_LAYERS_MAX];
    for (size_t i = 0; i < n; i++) {
        weights[i] = y[i].ppm; /* 0: not asked */
    }
    while (want > 0) {
        bool ahead = false, dry = false;
        int64_t all = want;
        for (size_t i = 0; i < n; i++) {
            all += weights[i] > 0 ? y[i].drawn : 0;
        }
        if (!re_alloc(share, NULL, all, weights, n)) {
            break; /* nobody is asked any more */
        }
        for (size_t i = 0; i < n; i++) {
            ahead = ahead || (weights[i] > 0 && share[i] < y[i].drawn);
            dry = dry || (weights[i] > 0 && share[i] - y[i].drawn > y[i].balance);
        }
        for (size_t i = 0; i < n; i++) {
            int64_t part = weights[i] > 0 ? share[i] - y[i].drawn : 0;
            bool out_of_it = ahead ? part < 0 : dry ? part > y[i].balance : false;
            if (weights[i] > 0 && !ahead && (!dry || out_of_it)) {
                out[i] = re_min(part, y[i].balance);
                want -= out[i];
            }
            weights[i] = out_of_it ? 0 : weights[i];
        }
        if (!ahead && !dry) {
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        int64_t more = re_min(want, y[i].balance - out[i]);
        out[i] += more;
        want -= more;
    }
}

/* Level by level: the next one is asked when the one before it is empty. */
static void layers(int64_t out[ZYD_POOL_LAYERS_MAX], const struct pl_pool *p, int64_t amount)
{
    memset(out, 0, sizeof out[0] * ZYD_POOL_LAYERS_MAX);
    for (size_t i = 0, end; i < p->layer_count && amount > 0; i = end) {
        int64_t there = 0;
        for (end = i; end < p->layer_count && p->layers[end].level == p->layers[i].level; end++) {
            there += p->layers[end].balance;
        }
        int64_t part = re_min(amount, there);
        level(out + i, p->layers + i, end - i, part);
        amount -= part;
    }
}

/* Rows of a payment of `amount`, compared with what was booked; then it counts as it was booked.  wrong: what another sum is
 * called. */
static int64_t pay(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct re_lines *rows, int64_t amount,
                   uint16_t label, enum re_kind wrong)
{
    struct pl_pool *pool = c->pool;
    int64_t parts[ZYD_POOL_LAYERS_MAX], booked = 0;
    for (size_t i = 0; i < pool->layer_count; i++) {
        booked += pl_layer_booked(s, pool, label, i, true);
    }
    enum re_kind kind = booked == amount ? RE_POOL_LAYER : wrong;
    re_account owed, due, returnable;
    re_account_of(owed, p->re, "2141", c->bank);
    re_account_of(due, p->re, "1141", pool->trustee);
    re_account_of(returnable, p->re, "2191", pool->trustee);
    layers(parts, pool, amount);
    for (size_t i = 0; i < pool->layer_count; i++) {
        re_line_add(rows, kind, pool->trustee, label, pool->layers[i].account, owed, parts[i], NULL);
    }
    re_line_add(rows, wrong, c->bank, label, due, returnable, amount, NULL);
    bool told = re_booked(s, c->bank, label, due, returnable) == amount; /* the bank has it where it belongs */
    re_lines_compare(p->re, s, rows, booked == amount && !told ? RE_UNEXPLAINED : kind);
    for (size_t i = 0; i < pool->layer_count; i++) {
        int64_t one = pl_layer_booked(s, pool, label, i, true);
        pool->layers[i].balance -= one;
        pool->layers[i].drawn += one;
        c->part[i].paid += one;
    }
    c->m.paid += booked;
    return booked;
}

static void state_of(struct pl_loan *c)
{
    c->m.state = c->m.shortage == 0 ? ZYD_PS_COMPENSATED : c->m.paid > 0 ? ZYD_PS_PART_PAID : ZYD_PS_APPROVED;
}

/* ---- the queue ---- */

void pl_shortage(struct pl_loan *c, int64_t more)
{
    c->m.shortage += more;
    c->pool->shortage += more;
}

static void join(struct pl_loan *c)
{
    struct pl_pool *pool = c->pool;
    c->queued = true;
    c->place = pool->queue_count;
    *(struct pl_loan **)re_append((void **)&pool->queue, &pool->queue_count, sizeof c) = c;
    pool->shortage += c->m.shortage;
}

void pl_draw(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct re_lines *rows)
{
    bool others = c->pool->shortage > 0;
    int64_t now = others ? 0 : re_min(c->m.shortage, pl_cash(c->pool));
    int64_t booked = pay(p, c, s, rows, now, ZYD_PL_DRAW, others ? RE_POOL_QUEUE : RE_POOL_SHARE);
    c->m.shortage = re_max(c->m.shortage - booked, 0);
    state_of(c);
    if (c->m.shortage > 0) {
        join(c);
    }
}

/* Pro rata of one approval day: after claims with `seen` short in all, FLOOR(cash x seen / total) has been given out. */
static int64_t part_of_day(struct pl_pool *pool, const struct pl_loan *c)
{
    struct pl_round *r = &pool->round;
    if (!r->on) {
        if (c->place != pool->head) {
            return 0;
        }
        *r = (struct pl_round){.on = true, .at = pool->head, .last = pool->head};
        for (size_t i = pool->head; i < pool->queue_count && pool->queue[i]->m.approved_on == c->m.approved_on; i++) {
            r->total += pool->queue[i]->m.shortage;
            r->last = i;
        }
        r->cash = re_min(pl_cash(pool), r->total);
    }
    if (c->place != r->at) {
        return 0;
    }
    r->seen += c->m.shortage;
    int64_t due = r->total == 0 ? 0 : re_divide((zyd_u128)(uint64_t)r->cash * (uint64_t)r->seen, (uint64_t)r->total, RE_FLOOR);
    return re_max(re_min(re_min(due - r->given, c->m.shortage), pl_cash(pool)), 0);
}

static int64_t part_in_turn(const struct pl_pool *pool, const struct pl_loan *c)
{
    for (size_t i = pool->head; i < pool->queue_count; i++) {
        if (pool->queue[i]->m.shortage > 0) {
            return pool->queue[i] == c ? re_min(c->m.shortage, pl_cash(pool)) : 0;
        }
    }
    return 0;
}

static void next(struct pl_pool *pool, struct pl_loan *c, int64_t booked)
{
    struct pl_round *r = &pool->round;
    if (r->on && c->place == r->at) {
        r->given += booked;
        r->on = r->at++ < r->last;
    }
    if (c->queued && c->m.shortage == 0 && c->place == pool->head) {
        c->queued = false;
        pool->head++;
    }
}

void pl_serve(struct re_pool *p, struct pl_loan *c, const struct audit_step *s)
{
    struct re_lines rows = {.count = 0};
    struct pl_pool *pool = c->pool;
    bool by_day = pl_param(pool, ZYD_PP_SHORT_MODE) == ZYD_POOL_SHORT_PRORATA;
    enum re_kind wrong = c->m.shortage == 0 ? RE_POOL_PAID_TWICE : RE_POOL_SHARE;
    int64_t right = !c->queued ? 0 : by_day ? part_of_day(pool, c) : part_in_turn(pool, c);
    bool turn = !by_day || (pool->round.on && pool->round.at == c->place);
    if (c->m.shortage > 0 && (!turn || (!by_day && right == 0))) {
        wrong = RE_POOL_QUEUE;
    }
    int64_t booked = pay(p, c, s, &rows, right, ZYD_PL_SERVE_QUEUE, wrong);
    pl_shortage(c, -re_min(booked, c->m.shortage));
    if (booked > 0) {
        state_of(c);
    }
    next(pool, c, booked);
}

/* ---- does it go on? ---- */

void pl_hungry(struct pl_pool *pool, const struct audit_step *s, bool served)
{
    bool hungry = pool->shortage > 0 && pl_cash(pool) > 0;
    if (hungry && (served || !pool->hungry)) {
        pool->hungry_on = s->date;
        pool->hungry_at = s->height;
        pool->told = false;
    }
    pool->hungry = hungry;
}

void pl_waiting(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s)
{
    if (pool->hungry && !pool->told && s->date > pool->hungry_on && s->height > pool->hungry_at + 1) {
        re_find(p->re, s, RE_POOL_QUEUE, pool->trustee, pool->hungry_on, s->date, 0, re_min(pl_cash(pool), pool->shortage),
                "cash is there for claims that wait, and none was served");
        pool->told = true;
    }
}
