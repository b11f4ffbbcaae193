/* The simulated driver: what zydd's loop does with effects, done with future events. */
#include "world.h"
#include <stdlib.h>
#include <sys/mman.h>

static void queue_persist(struct sim *s, struct node *n, const struct zyd_fx *fx)
{
    if (n->pending_count == n->pending_cap) {
        n->pending_cap = n->pending_cap == 0 ? 64 : n->pending_cap * 2;
        n->pending = sim_grow(n->pending, n->pending_cap * sizeof *n->pending);
    }
    struct persist *p = &n->pending[n->pending_count++];
    p->fx = *fx;
    p->data = sim_copy(fx->bytes.data, fx->bytes.size);
    p->fx.bytes = zyd_span(p->data, fx->bytes.size);
    if (!n->syncing) {
        n->syncing = true;
        n->syncing_count = 0; /* set when the sync begins: all that is queued at that moment */
        int64_t took = prng_ppm(&s->disk_chance, s->healed ? 0 : 20000) ? prng_between(&s->disk_chance, 20, 400)
                                                                        : prng_between(&s->disk_chance, 0, 3);
        heap_push(&s->heap, (struct event){.t = s->now + took, .what = AT_SYNC, .node = n->index, .life = n->life});
    }
}

/* Everything queued up to now is durable at once: one group commit. */
void node_synced(struct sim *s, struct node *n)
{
    uint64_t seq = n->synced;
    for (size_t i = 0; i < n->pending_count; i++) {
        disk_apply(&n->disk, &n->pending[i].fx);
        seq = n->pending[i].fx.seq > seq ? n->pending[i].fx.seq : seq;
        free(n->pending[i].data);
    }
    n->pending_count = 0;
    n->syncing = false;
    n->synced = seq;
    /* what waited for it goes first, in order; then the replica hears of it */
    size_t kept = 0;
    for (size_t i = 0; i < n->held_count; i++) {
        struct held h = n->held[i];
        if (h.fx.after_seq > n->synced) {
            n->held[kept++] = h;
            continue;
        }
        if (h.fx.kind == ZYD_FX_SEND) {
            check_sent(s, n, h.fx.bytes);
            link_send(s, n, h.fx.peer, h.fx.bytes);
        } else if (h.fx.kind == ZYD_FX_COMMIT) {
            h.fx.header = &h.header;
            check_commit(s, n, &h.fx);
        }
        free(h.data);
        free(h.block);
        free(h.finality);
    }
    n->held_count = kept;
    struct zyd_ev ev = {.kind = ZYD_EV_SYNCED, .seq = seq};
    node_step(s, n, &ev);
}

static void hold(struct node *n, const struct zyd_fx *fx)
{
    if (n->held_count == n->held_cap) {
        n->held_cap = n->held_cap == 0 ? 64 : n->held_cap * 2;
        n->held = sim_grow(n->held, n->held_cap * sizeof *n->held);
    }
    struct held *h = &n->held[n->held_count++];
    memset(h, 0, sizeof *h);
    h->fx = *fx;
    h->data = sim_copy(fx->bytes.data, fx->bytes.size);
    h->fx.bytes = zyd_span(h->data, fx->bytes.size);
    if (fx->kind == ZYD_FX_COMMIT) {
        h->header = *fx->header;
        h->block = sim_copy(fx->block.data, fx->block.size);
        h->fx.block = zyd_span(h->block, fx->block.size);
        h->finality = sim_copy(fx->finality.data, fx->finality.size);
        h->fx.finality = zyd_span(h->finality, fx->finality.size);
    }
}

static void rearm(struct sim *s, struct node *n)
{
    int64_t due = zyd_replica_deadline_ms(n->replica);
    if (due == INT64_MAX) {
        n->timeout_at = INT64_MAX;
        return;
    }
    due = due <= s->now ? s->now + 1 : due; /* time must pass between two TIMEOUTs */
    if (due != n->timeout_at) {
        n->timeout_at = due;
        heap_push(&s->heap, (struct event){.t = due, .what = AT_TIMEOUT, .node = n->index, .life = n->life});
    }
}

void node_step(struct sim *s, struct node *n, struct zyd_ev *ev)
{
    struct zyd_fx_list fx = {0};
    s->signing = n->index;
    ev->now_ms = s->now;
    ev->wall_ms = sim_wall(s, n);
    enum zyd_status st = zyd_replica_step(n->replica, &fx, ev);
    if (st == ZYD_E_STORE || st == ZYD_E_DAMAGED) {
        check_fail(s, ZYD_SIM_SAFETY, "node %u: the store failed under a healthy disk: %s", n->index, zyd_status_text(st));
        return;
    }
    for (size_t i = 0; i < fx.count; i++) {
        const struct zyd_fx *f = &fx.items[i];
        switch (f->kind) {
        case ZYD_FX_PERSIST:
            queue_persist(s, n, f);
            break;
        case ZYD_FX_SEND:
            if (f->after_seq > n->synced) {
                hold(n, f);
            } else {
                check_sent(s, n, f->bytes);
                link_send(s, n, f->peer, f->bytes);
            }
            break;
        case ZYD_FX_COMMIT:
            if (f->after_seq > n->synced) {
                hold(n, f);
            } else {
                check_commit(s, n, f);
            }
            break;
        case ZYD_FX_REPLY: /* clients look at final blocks only: a refusal shows as no answer */
            break;
        case ZYD_FX_TRACE:
            sim_trace(s, "n%u %.*s", n->index, (int)f->bytes.size, (const char *)f->bytes.data);
            break;
        case ZYD_FX_ALARM:
            sim_trace(s, "n%u ALARM %d %.*s", n->index, (int)f->alarm, (int)f->bytes.size, (const char *)f->bytes.data);
            if (n->byz == HONEST &&
                (f->alarm == ZYD_ALARM_SAFETY || f->alarm == ZYD_ALARM_DIVERGED || f->alarm == ZYD_ALARM_OWN_KEY)) {
                check_fail(s, ZYD_SIM_SAFETY, "node %u raised alarm %d", n->index, (int)f->alarm);
            }
            break;
        }
    }
    rearm(s, n);
}

static enum zyd_status restore(struct node *n, const char **why)
{
    struct disk *d = &n->disk;
    enum zyd_status st = zyd_replica_load(n->replica, why, d->have_checkpoint ? &d->checkpoint : NULL);
    if (st == ZYD_OK) {
        *why = "its votes, certificates or unfinalized blocks are refused";
        st = zyd_replica_restore_floor(n->replica, d->floor);
    }
    for (size_t i = 0; st == ZYD_OK && i < d->vote_count; i++) {
        st = zyd_replica_restore_vote(n->replica, zyd_span(d->votes[i].data, d->votes[i].size));
    }
    for (size_t i = 0; st == ZYD_OK && i < d->cert_count; i++) {
        st = zyd_replica_restore_cert(n->replica, zyd_span(d->certs[i].data, d->certs[i].size));
    }
    uint64_t head_view = 0, head_height = 0;
    for (size_t i = 0; i < d->block_count; i++) {
        if (d->blocks[i].finality != NULL && d->blocks[i].height > head_height) {
            head_height = d->blocks[i].height;
            head_view = d->blocks[i].view;
        }
    }
    for (size_t i = 0; st == ZYD_OK && i < d->block_count; i++) {
        struct disk_block *b = &d->blocks[i];
        if (b->view > head_view && b->finality == NULL) {
            st = zyd_replica_restore_block(n->replica, zyd_span(b->data, b->size));
        }
    }
    return st;
}

void node_start(struct sim *s, struct node *n, bool first)
{
    struct zyd_replica_config c = {.genesis = &s->genesis,
                                   .kv = disk_kv(&n->disk),
                                   .sig = sim_sig(s, n),
                                   .me_member = s->genesis.validators[n->validator],
                                   .me = n->validator,
                                   .seed = prng_next(&s->plan)};
    sim_limits(s, &c.limits);
    size_t size = zyd_replica_footprint(&c);
    if (n->mem != NULL) {
        munmap(n->mem, n->mem_size);
    }
    n->mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    zyd_assert(n->mem != MAP_FAILED);
    n->mem_size = size;
    n->replica = zyd_replica_init(n->mem, &c);
    const char *why = "";
    for (unsigned i = 0; i < sim_plugins(s); i++) {
        zyd_assert(zyd_replica_plugin(n->replica, &why, *sim_plugin(s, i)) == ZYD_OK);
    }
    n->up = true;
    n->synced = 0;
    n->timeout_at = INT64_MAX;
    n->committed = 0;
    enum zyd_status st = restore(n, &why);
    if (st != ZYD_OK) {
        check_fail(s, ZYD_SIM_SAFETY, "node %u does not start from its own disk: %s: %s", n->index, zyd_status_text(st), why);
        return;
    }
    sim_trace(s, "n%u ^ %s", n->index, first ? "start" : "restart");
    struct zyd_ev ev = {.kind = ZYD_EV_START};
    node_step(s, n, &ev);
    for (uint8_t i = 0; i < s->node_count; i++) {
        struct node *o = &s->nodes[i];
        if (o->up && o != n && o->validator != n->validator) {
            struct zyd_ev up = {.kind = ZYD_EV_PEER, .peer = o->validator, .up = true};
            node_step(s, n, &up);
            struct zyd_ev me = {.kind = ZYD_EV_PEER, .peer = n->validator, .up = true};
            node_step(s, o, &me);
        }
    }
}

/* Unsynced writes are lost but for a prefix that happened to reach the disk. */
void node_crash(struct sim *s, struct node *n)
{
    size_t reached = prng_below(&s->disk_chance, n->pending_count + 1);
    for (size_t i = 0; i < n->pending_count; i++) {
        if (i < reached) {
            disk_apply(&n->disk, &n->pending[i].fx);
        }
        free(n->pending[i].data);
    }
    for (size_t i = 0; i < n->held_count; i++) {
        free(n->held[i].data);
        free(n->held[i].block);
        free(n->held[i].finality);
    }
    n->pending_count = n->held_count = 0;
    n->syncing = false;
    n->up = false;
    n->life++;
    s->result->crashes++;
    sim_trace(s, "n%u ! crash, %zu unsynced writes reached the disk", n->index, reached);
    for (uint8_t i = 0; i < s->node_count; i++) {
        struct node *o = &s->nodes[i];
        if (o->up && o->validator != n->validator) {
            struct zyd_ev down = {.kind = ZYD_EV_PEER, .peer = n->validator, .up = false};
            node_step(s, o, &down);
        }
    }
}

void node_free(struct node *n)
{
    for (size_t i = 0; i < n->pending_count; i++) {
        free(n->pending[i].data);
    }
    for (size_t i = 0; i < n->held_count; i++) {
        free(n->held[i].data);
        free(n->held[i].block);
        free(n->held[i].finality);
    }
    free(n->pending);
    free(n->held);
    disk_free(&n->disk);
    if (n->mem != NULL) {
        munmap(n->mem, n->mem_size);
    }
}
