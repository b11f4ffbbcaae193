/* draw.c: paying claims out of the layers, and the shortage queue (domain.md 3.2: DRAW, SERVE_QUEUE; E8, E9).
 *
 * The queue is a list: the pool's record names its first and last claim, each claim's record the next.  A SYS call serves one
 * claim and calls the next, one millisecond later so that it comes after it in the same block when there is room; so neither
 * joining nor serving costs more when the queue is long. */
#include "pool.h"

int64_t cash(const struct pl *p)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < p->layer_count; i++) {
        sum += p->layer[i].balance;
    }
    return sum;
}

/* The layers of `live` bring what each has borne to its share of their sum and `want`: inc, which may be negative, or more than
 * a layer has. */
static void even_out(const struct pl *p, int64_t inc[LAYERS_MAX], uint32_t live, int64_t want)
{
    int64_t weights[LAYERS_MAX], target[LAYERS_MAX];
    uint32_t index[LAYERS_MAX], n = 0;
    for (uint32_t i = 0; i < p->layer_count; i++) {
        if (live >> i & 1) {
            index[n] = i;
            weights[n++] = p->terms[i].ppm;
            want += p->layer[i].drawn;
        }
    }
    cc_alloc(target, 0, want, weights, n);
    for (uint32_t k = 0; k < n; k++) {
        inc[index[k]] = target[k] - p->layer[index[k]].drawn;
    }
}

/* One level's share of `want`, which is not more than it has: ALLOC with the memory of what each layer has borne.  A layer that
 * has borne more than its share gives nothing this time, one that lacks its part gives what it has; the others are asked again.
 * Not ALLOC's own memory: it would make up such differences fen by fen. */
static void spread_level(struct pl *p, int64_t parts[LAYERS_MAX], uint32_t first, uint32_t end, int64_t want)
{
    uint32_t live = (1u << end) - (1u << first);
    while (want > 0 && live != 0) {
        int64_t inc[LAYERS_MAX];
        uint32_t ahead = 0, empty = 0;
        even_out(p, inc, live, want);
        for (uint32_t i = first; i < end; i++) {
            if (live >> i & 1) {
                ahead |= (uint32_t)(inc[i] < 0) << i;
                empty |= (uint32_t)(inc[i] > p->layer[i].balance) << i;
            }
        }
        if (ahead != 0) {
            live &= ~ahead;
            continue;
        }
        for (uint32_t i = first; i < end; i++) {
            if (live >> i & 1 && (empty == 0 || empty >> i & 1)) {
                parts[i] = cc_min(inc[i], p->layer[i].balance);
                want -= parts[i];
            }
        }
        live = empty == 0 ? 0 : live & ~empty;
    }
    for (uint32_t i = first; i < end && want > 0; i++) { /* only those that are ahead have something left */
        int64_t more = cc_min(want, p->layer[i].balance - parts[i]);
        parts[i] += more;
        want -= more;
    }
}

/* Layers in order; amount is not more than there is in all. */
static void spread(struct pl *p, int64_t parts[LAYERS_MAX], int64_t amount)
{
    uint32_t end;
    memset(parts, 0, sizeof parts[0] * LAYERS_MAX);
    for (uint32_t first = 0; first < p->layer_count && amount > 0; first = end) {
        int64_t there = 0;
        end = layer_end(p, first);
        for (uint32_t i = first; i < end; i++) {
            there += p->layer[i].balance;
        }
        int64_t want = cc_min(amount, there);
        if (want > 0) {
            spread_level(p, parts, first, end, want);
        }
        amount -= want;
    }
}

static uint32_t day_key(uint8_t key[64], const struct pl *p)
{
    uint32_t size = key_of(key, ZYD_POOL_KEY_DAY, p->call->programme, 2, 0);
    for (uint32_t shift = 32; shift > 0; shift -= 8) {
        key[size++] = (uint8_t)((uint32_t)p->o.h.approved_on >> (shift - 8));
    }
    return size;
}

static void day_add(const struct pl *p, int64_t amount)
{
    uint8_t key[64];
    if (amount != 0 && param(p, ZYD_PP_SHORT_MODE) == ZYD_POOL_SHORT_PRORATA) {
        uint32_t size = day_key(key, p);
        sum_put(key, size, sum_get(key, size) + amount);
    }
}

void shortage_lower(struct pl *p, int64_t by)
{
    p->o.h.shortage -= by;
    p->pool.shortage -= by;
    day_add(p, -by);
}

/* Postings of a payment of amount > 0 from the layers to the bank (E8, E9). */
static void pay(struct pl *p, int64_t amount, enum zyd_pool_label label)
{
    struct zyd_pool_loan *o = &p->o.h;
    struct ct_obligation ob;
    int64_t parts[LAYERS_MAX];
    char from[CT_ACCOUNT_SIZE], to[CT_ACCOUNT_SIZE];
    spread(p, parts, amount);
    if (o->part_count == 0) {
        memset(p->o.part, 0, sizeof p->o.part);
        o->part_count = (uint8_t)p->layer_count;
    }
    cc_oblige(&ob, p->trustee, o->bank, amount, (uint16_t)label, gross(p));
    cc_account(to, "2141", o->bank);
    for (uint32_t i = 0; i < p->layer_count; i++) {
        if (parts[i] > 0) {
            layer_account(from, p, i);
            cc_post(p->trustee, (uint16_t)label, from, to, parts[i], ob.id);
            p->layer[i].balance -= parts[i];
            p->layer[i].drawn += parts[i];
            p->o.part[i].paid += parts[i];
        }
    }
    cc_account(from, "1141", p->trustee);
    cc_account(to, "2191", p->trustee);
    cc_post(o->bank, (uint16_t)label, from, to, amount, ob.id);
    o->paid += amount;
    if (o->draws_open++ == 0) {
        deadline_workdays(p, ZYD_PD_DRAW_LATE, ZYD_PP_DRAW_WD);
    }
}

static void state_by_shortage(struct pl *p)
{
    p->o.h.state = p->o.h.shortage == 0 ? ZYD_PS_COMPENSATED : p->o.h.paid > 0 ? ZYD_PS_PART_PAID : ZYD_PS_APPROVED;
}

static void join_queue(struct pl *p)
{
    struct zyd_pool *q = &p->pool;
    if (id_is_set(q->head)) {
        struct loan last;
        ct_get(p->call->contract, q->tail, CT_ID_SIZE, &last, sizeof last);
        memcpy(last.h.next, p->call->object, CT_ID_SIZE);
        ct_put(q->tail, CT_ID_SIZE, &last, (uint32_t)(sizeof last.h + sizeof last.part[0] * last.h.part_count));
    } else {
        memcpy(q->head, p->call->object, CT_ID_SIZE);
    }
    memcpy(q->tail, p->call->object, CT_ID_SIZE);
    q->queue_length++;
    q->shortage += p->o.h.shortage;
    p->o.h.flags |= ZYD_PF_QUEUED;
    day_add(p, p->o.h.shortage);
}

/* DRAW.  Who comes while others wait, waits behind them. */
void draw(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    int64_t now = p->pool.shortage > 0 ? 0 : cc_min(o->shortage, cash(p));
    if (now > 0) {
        pay(p, now, ZYD_PL_DRAW);
        o->shortage -= now;
    }
    state_by_shortage(p);
    if (o->shortage > 0) {
        ct_warn(W_POOL_SHORT);
        join_queue(p);
    }
}

static void call_next(const struct pl *p, const uint8_t *object)
{
    ct_deadline(object, ZYD_PD_SERVE_QUEUE, p->call->time_ms + 1);
}

void cash_came(struct pl *p)
{
    if (p->pool.shortage > 0 && p->pool.round == 0 && cash(p) > 0) {
        call_next(p, p->pool.head);
    }
}

static bool is_me(const struct pl *p, const uint8_t *id)
{
    return memcmp(id, p->call->object, CT_ID_SIZE) == 0;
}

/* The call's claim is the first and has nothing short: the next becomes the first. */
static void leave_queue(struct pl *p)
{
    memcpy(p->pool.head, p->o.h.next, CT_ID_SIZE);
    if (!id_is_set(p->pool.head)) {
        memset(p->pool.tail, 0, CT_ID_SIZE);
    }
    p->pool.queue_length--;
    p->o.h.flags = (uint8_t)(p->o.h.flags & ~ZYD_PF_QUEUED);
}

static void pay_short(struct pl *p, int64_t amount)
{
    if (amount > 0) {
        pay(p, amount, ZYD_PL_SERVE_QUEUE);
        shortage_lower(p, amount);
        state_by_shortage(p);
    }
}

/* FIFO: the first claim takes what there is. */
static void serve_fifo(struct pl *p)
{
    pay_short(p, cc_min(p->o.h.shortage, cash(p)));
    if (p->o.h.shortage == 0) {
        leave_queue(p);
        cash_came(p);
    }
}

/* The last claim of a round is this one, or the next was approved on another day. */
static bool round_over(const struct pl *p)
{
    struct loan next;
    if (is_me(p, p->pool.round_end) || !id_is_set(p->o.h.next)) {
        return true;
    }
    ct_get(p->call->contract, p->o.h.next, CT_ID_SIZE, &next, sizeof next);
    return next.h.approved_on != p->o.h.approved_on;
}

/* PRORATA: a round goes once over the claims of the first one's approval day.  After claims with `seen` short in all,
 * FLOOR(cash x seen / total) is given out: the round gives out exactly its cash, each claim within a fen of its share. */
static void serve_prorata(struct pl *p)
{
    struct zyd_pool *q = &p->pool;
    if (q->round == 0) {
        uint8_t key[64];
        uint32_t size = day_key(key, p);
        q->round = 1;
        q->round_total = sum_get(key, size);
        q->round_cash = cc_min(cash(p), q->round_total);
        q->round_seen = q->round_given = 0;
        memcpy(q->round_end, q->tail, CT_ID_SIZE);
    }
    q->round_seen += p->o.h.shortage;
    int64_t due = 0;
    if (q->round_total > 0) {
        due = cc_floor((uint64_t)q->round_cash, (uint64_t)q->round_seen, (uint64_t)q->round_total);
    }
    int64_t amount = cc_min(cc_min(due - q->round_given, p->o.h.shortage), cash(p));
    q->round_given += amount;
    pay_short(p, amount);
    bool over = round_over(p), left = p->o.h.shortage == 0 && is_me(p, q->head);
    if (left) {
        leave_queue(p);
    }
    if (!over) {
        call_next(p, p->o.h.next);
        return;
    }
    q->round = 0;
    if (q->round_given > 0 || left) {
        cash_came(p); /* another round, or the next day's claims */
    }
}

/* SERVE_QUEUE: PART_PAID, APPROVED -> COMPENSATED or PART_PAID by SYS: the claim's turn.  One that was demanded back, or made
 * good by a recovery, is passed over. */
void sys_serve_queue(struct pl *p)
{
    bool turn = p->pool.round != 0 || is_me(p, p->pool.head);
    if (!(p->o.h.flags & ZYD_PF_QUEUED) || !turn) {
        return;
    }
    if (param(p, ZYD_PP_SHORT_MODE) == ZYD_POOL_SHORT_PRORATA) {
        serve_prorata(p);
    } else {
        serve_fifo(p);
    }
    loan_store(p);
    pool_store(p);
}
