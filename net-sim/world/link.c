/* The network: every message is delayed; in the fault phase some are lost, doubled, late or out of order, which is harsher than
 * the byte streams of real links.  After healing a link keeps its order, as a stream does. */
#include "world.h"

static void deliver(struct sim *s, struct node *from, struct node *to, struct zyd_span bytes)
{
    const struct link_faults *f = &s->link;
    if (!s->healed) {
        if (s->side[from->index] != s->side[to->index] || s->cut[from->index][to->index] || prng_ppm(&s->net, f->loss_ppm)) {
            s->result->lost++;
            return;
        }
    }
    int copies = !s->healed && prng_ppm(&s->net, f->dup_ppm) ? 2 : 1;
    for (int i = 0; i < copies; i++) {
        int64_t delay = prng_between(&s->net, f->delay_min_ms, f->delay_max_ms);
        if (!s->healed && prng_ppm(&s->net, f->slow_ppm)) {
            delay = prng_between(&s->net, f->delay_max_ms, f->slow_max_ms);
        }
        struct event e = {.t = s->now + delay, .what = AT_STEP, .node = to->index, .life = to->life};
        int64_t *last = &s->link_last[from->index][to->index];
        if (s->healed && e.t < *last) {
            e.t = *last;
        }
        *last = e.t;
        e.data = sim_copy(bytes.data, bytes.size);
        e.ev = (struct zyd_ev){.kind = ZYD_EV_MESSAGE, .peer = from->validator, .bytes = zyd_span(e.data, bytes.size)};
        heap_push(&s->heap, e);
        s->result->messages++;
    }
}

static void to_validator(struct sim *s, struct node *from, uint8_t v, struct zyd_span bytes)
{
    if (v == from->validator) {
        return;
    }
    for (uint8_t i = 0; i < s->node_count; i++) {
        struct node *n = &s->nodes[i];
        if (!n->up || n->validator != v) {
            continue;
        }
        if (n->byz == TWIN && s->twin_view[from->index] != 2 &&
            s->twin_view[from->index] != (n->index == n->validator ? 0 : 1)) {
            continue; /* this sender sees the other body */
        }
        if (from->byz == TWIN && s->twin_view[i] != 2 && s->twin_view[i] != (from->index == from->validator ? 0 : 1)) {
            continue;
        }
        deliver(s, from, n, bytes);
    }
}

void link_send(struct sim *s, struct node *from, uint8_t to, struct zyd_span bytes)
{
    for (uint8_t v = 0; v < s->n; v++) {
        if (to != ZYD_BFT_ALL && to != v) {
            continue;
        }
        if (from->byz == HONEST || from->byz == TWIN || byz_send(s, from, v, bytes)) {
            to_validator(s, from, v, bytes);
        }
    }
}

void link_partition(struct sim *s)
{
    s->result->partitions++;
    memset(s->cut, 0, sizeof s->cut);
    memset(s->side, 0, sizeof s->side);
    if (prng_ppm(&s->plan, 400000)) { /* one-way */
        uint8_t from = (uint8_t)prng_below(&s->plan, s->node_count), to = (uint8_t)prng_below(&s->plan, s->node_count);
        s->cut[from][to] = true;
        sim_trace(s, "net cut one way %u -> %u", from, to);
    } else {
        for (uint8_t i = 0; i < s->node_count; i++) {
            s->side[i] = (uint8_t)prng_below(&s->plan, 2);
        }
        sim_trace(s, "net partition");
    }
    for (uint8_t i = 0; i < s->node_count; i++) {
        s->twin_view[i] = (uint8_t)prng_below(&s->plan, 3);
    }
}

void link_heal(struct sim *s)
{
    memset(s->cut, 0, sizeof s->cut);
    memset(s->side, 0, sizeof s->side);
    for (uint8_t i = 0; i < s->node_count; i++) {
        s->twin_view[i] = (uint8_t)prng_below(&s->plan, 3);
    }
    sim_trace(s, "net whole");
}
