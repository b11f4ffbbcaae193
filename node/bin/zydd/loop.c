/* The loop around zyd_replica_step: events in, effects out in their order, those that need a durable PERSIST held back until it
 * is. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <zyd/catalogue.h>

#include "zydd.h"

#define HEALTH_MS 200
#define STATUS_MS 5000
#define BULK_RUN 8u /* bulk items between two looks at what is urgent */

/* ---- from other threads ---- */

static bool on_message(void *ctx, uint8_t peer, struct zyd_span bytes)
{
    struct node *n = ctx;
    struct note note = {.kind = NOTE_EVENT, .event = ZYD_EV_MESSAGE, .peer = peer};
    bool taken = bytes.size > 1 && bytes.data[0] == ZYD_MSG_ENVELOPE ? zydd_verify(n, peer, bytes)
                                                                     : zyd_queue_push(n->urgent, peer, &note, bytes);
    if (!taken)
        atomic_fetch_add(&n->inbox_full, 1);
    return taken;
}

static void on_peer(void *ctx, uint8_t peer, bool up)
{
    struct node *n = ctx;
    struct note note = {.kind = NOTE_EVENT, .event = ZYD_EV_PEER, .peer = peer, .up = up};
    bool pushed = zyd_queue_push(n->urgent, LANE_OWN, &note, zyd_span(NULL, 0));
    zyd_assert(pushed);
}

struct zyd_net_events zydd_net_events(struct node *n)
{
    return (struct zyd_net_events){n, on_message, on_peer};
}

static bool api_push(struct node *n, enum zyd_ev_kind event, size_t lane, uint64_t ticket, struct zyd_span bytes, bool verified)
{
    struct note note = {.kind = NOTE_EVENT, .event = event, .ticket = ticket, .verified = verified};
    bool taken = zyd_queue_push(n->bulk, lane, &note, bytes);
    if (!taken)
        atomic_fetch_add(&n->inbox_full, 1);
    return taken;
}
static bool api_submit(void *ctx, uint64_t ticket, struct zyd_span envelope)
{
    return api_push(ctx, ZYD_EV_SUBMIT, LANE_SUBMIT, ticket, envelope, true);
}
static bool api_query(void *ctx, uint64_t ticket, struct zyd_span bytes)
{
    return api_push(ctx, ZYD_EV_QUERY, LANE_QUERY, ticket, bytes, false);
}
static int64_t api_wall_ms(void *ctx)
{
    (void)ctx;
    return zyd_clock_wall_ms();
}
static void api_clock_set(void *ctx, int64_t wall_ms)
{
    struct node *n = ctx;
    struct zyd_err err;
    char path[ZYD_CONFIG_TEXT_MAX + 64], text[32];
    zyd_assert((n->genesis.flags & ZYD_GENESIS_DEVELOPMENT) != 0);
    int64_t offset = wall_ms - (zyd_clock_wall_ms() - zyd_clock_offset());
    zyd_clock_offset_set(offset);
    snprintf(path, sizeof path, "%s/clock_offset", n->config.data_dir);
    int size = snprintf(text, sizeof text, "%lld\n", (long long)offset);
    if (zyd_file_write_atomic(&err, path, text, (size_t)size, 0600) != ZYD_OK)
        zyd_log(ZYD_LOG_WARN, "clock", "text=\"%s\"", err.text);
    struct note look = {.kind = NOTE_LOOK};
    (void)zyd_queue_push(n->urgent, LANE_OWN, &look, zyd_span(NULL, 0));
}
static void api_net_stats(void *ctx, struct zyd_net_stat out[ZYD_VALIDATORS_MAX])
{
    zyd_net_stats(((struct node *)ctx)->net, out);
}

struct zyd_api_calls zydd_api_calls(struct node *n)
{
    return (struct zyd_api_calls){n, api_submit, api_query, api_wall_ms, api_clock_set, api_net_stats};
}

void zydd_clock_read(struct node *n)
{
    char path[ZYD_CONFIG_TEXT_MAX + 64];
    struct zyd_err err;
    uint8_t *text;
    size_t size;
    if ((n->genesis.flags & ZYD_GENESIS_DEVELOPMENT) == 0)
        return;
    snprintf(path, sizeof path, "%s/clock_offset", n->config.data_dir);
    if (zyd_file_read(&text, &size, &err, path, 64) != ZYD_OK)
        return;
    zyd_clock_offset_set(strtoll((const char *)text, NULL, 10));
    free(text);
    zyd_log(ZYD_LOG_WARN, "clock", "offset_ms=%lld text=\"a development node: its clock has been moved\"",
            (long long)zyd_clock_offset());
}

/* ---- effects ---- */

static void begin(struct node *n, const struct zyd_fx *fx)
{
    if (fx->kind == ZYD_FX_SEND)
        zyd_net_send(n->net, fx->peer, fx->bytes);
    else if (fx->kind == ZYD_FX_REPLY)
        zyd_api_on_reply(n->api, fx->ticket, fx->status, fx->bytes);
    else if (fx->kind == ZYD_FX_COMMIT)
        zyd_api_on_commit(n->api, fx->header, fx->block, fx->finality);
}

static void hold(struct node *n, const struct zyd_fx *fx, uint64_t after)
{
    if (n->held_count == n->held_cap) {
        n->held_cap = n->held_cap == 0 ? 64 : n->held_cap * 2;
        n->held = realloc(n->held, n->held_cap * sizeof *n->held);
        zyd_assert(n->held != NULL);
    }
    struct held *h = &n->held[n->held_count++];
    *h = (struct held){.fx = *fx, .bytes = malloc(fx->bytes.size + fx->block.size + fx->finality.size + 1)};
    zyd_assert(h->bytes != NULL);
    h->fx.after_seq = after;
    uint8_t *p = h->bytes;
    struct zyd_span *spans[3] = {&h->fx.bytes, &h->fx.block, &h->fx.finality};
    for (int i = 0; i < 3; i++) {
        if (spans[i]->size > 0)
            memcpy(p, spans[i]->data, spans[i]->size);
        spans[i]->data = p;
        p += spans[i]->size;
    }
    if (fx->header != NULL)
        h->header = *fx->header;
}

static void release(struct node *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n->held_count; i++) {
        struct held h = n->held[i];
        if (h.fx.after_seq > n->synced) {
            n->held[kept++] = h;
            continue;
        }
        if (h.fx.header != NULL)
            h.fx.header = &h.header;
        begin(n, &h.fx);
        free(h.bytes);
    }
    n->held_count = kept;
}

static void persist(struct node *n, const struct zyd_fx *fx)
{
    enum writer_which which = WRITER_STORE;
    bool lazy = false;
    switch (fx->persist) {
    case ZYD_PERSIST_VOTE:
    case ZYD_PERSIST_CERT:
        which = WRITER_VOTES;
        break;
    case ZYD_PERSIST_FLOOR: /* goes through the store's writer, behind the finality that it rests on */
    case ZYD_PERSIST_FINAL:
        lazy = true;
        break;
    case ZYD_PERSIST_BLOCK:
    case ZYD_PERSIST_CHECKPOINT:
    case ZYD_PERSIST_CHECKPOINT_END:
        break;
    }
    if (!lazy) {
        if (n->pending_count == n->pending_cap) {
            size_t cap = n->pending_cap == 0 ? 256 : n->pending_cap * 2;
            struct pending *grown = malloc(cap * sizeof *grown);
            zyd_assert(grown != NULL);
            for (size_t i = 0; i < n->pending_count; i++)
                grown[i] = n->pending[(n->pending_first + i) % n->pending_cap];
            free(n->pending);
            n->pending = grown;
            n->pending_cap = cap;
            n->pending_first = 0;
        }
        n->pending[(n->pending_first + n->pending_count++) % n->pending_cap] = (struct pending){fx->seq, which};
    }
    struct zyd_fx head = *fx;
    head.bytes = zyd_span(NULL, 0);
    bool pushed = zyd_queue_push(n->writers[which].queue, 0, &head, fx->bytes);
    zyd_assert(pushed);
}

static void effect(struct node *n, const struct zyd_fx *fx)
{
    uint64_t after = fx->after_seq;
    switch (fx->kind) {
    case ZYD_FX_PERSIST:
        persist(n, fx);
        return;
    case ZYD_FX_COMMIT: /* heights ascend: none passes one that is held */
        if (n->commit_after > after)
            after = n->commit_after;
        if (after > n->synced)
            n->commit_after = after;
        break;
    case ZYD_FX_SEND:
    case ZYD_FX_REPLY:
        break;
    case ZYD_FX_TRACE:
        zyd_log(ZYD_LOG_DEBUG, "trace", "%.*s", (int)fx->bytes.size, (const char *)fx->bytes.data);
        return;
    case ZYD_FX_ALARM:
        zyd_log(ZYD_LOG_ERROR, "alarm", "alarm=%d text=\"%.*s\"", fx->alarm, (int)fx->bytes.size, (const char *)fx->bytes.data);
        return;
    }
    if (after > n->synced)
        hold(n, fx, after);
    else
        begin(n, fx);
}

/* One event.  False: the node must stop. */
static bool step(struct node *n, struct zyd_ev *ev)
{
    struct zyd_fx_list fx = {0};
    ev->now_ms = zyd_clock_mono_ms();
    ev->wall_ms = zyd_clock_wall_ms();
    enum zyd_status st = zyd_replica_step(n->replica, &fx, ev);
    for (size_t i = 0; i < fx.count; i++)
        effect(n, &fx.items[i]);
    if (st == ZYD_E_STORE || st == ZYD_E_DAMAGED) {
        const struct zyd_err *err = zyd_store_kv_error(n->store);
        zyd_log(ZYD_LOG_ERROR, "store", "code=E%u text=\"%s\"", err->code, err->code != 0 ? err->text : zyd_status_text(st));
        return false;
    }
    if (st != ZYD_OK && ev->kind != ZYD_EV_SUBMIT)
        zyd_log(ZYD_LOG_DEBUG, "event-refused", "kind=%d peer=%u why=\"%s\"", ev->kind, ev->peer, zyd_status_text(st));
    return true;
}

static bool durable(struct node *n, const struct note *note)
{
    uint64_t before = n->synced;
    n->done[note->which] = note->seq;
    while (n->pending_count > 0) {
        const struct pending *p = &n->pending[n->pending_first];
        if (p->seq > n->done[p->which])
            break;
        n->synced = p->seq;
        n->pending_first = (n->pending_first + 1) % n->pending_cap;
        n->pending_count--;
    }
    if (n->synced == before)
        return true;
    release(n);
    struct zyd_ev ev = {.kind = ZYD_EV_SYNCED, .seq = n->synced};
    return step(n, &ev);
}

static bool handle(struct node *n, const struct note *note, struct zyd_span bytes)
{
    struct zyd_ev ev = {.kind = note->event,
                        .peer = note->peer,
                        .up = note->up,
                        .verified = note->verified,
                        .ticket = note->ticket,
                        .bytes = bytes};
    switch (note->kind) {
    case NOTE_EVENT:
        return step(n, &ev);
    case NOTE_DURABLE:
        return durable(n, note);
    case NOTE_LOOK:
        ev.kind = ZYD_EV_TIMEOUT;
        return step(n, &ev);
    }
    return true;
}

static bool urgent(struct node *n)
{
    struct note note;
    struct zyd_span bytes;
    bool go = true;
    if (zyd_queue_take(n->urgent))
        while (go && zyd_queue_next(n->urgent, &note, &bytes))
            go = handle(n, &note, bytes);
    return go;
}

static bool bulk(struct node *n)
{
    struct note note;
    struct zyd_span bytes;
    unsigned run = 0;
    bool go = true;
    if (!zyd_queue_take(n->bulk))
        return true;
    while (go && zyd_queue_next(n->bulk, &note, &bytes)) {
        go = handle(n, &note, bytes);
        if (++run % BULK_RUN == 0 && go)
            go = urgent(n);
    }
    return go;
}

/* ---- around it ---- */

static void health(struct node *n, int64_t now)
{
    static struct zyd_api_health h; /* large */
    char state[160];
    if (now >= n->health_at) {
        h = (struct zyd_api_health){.fsync_count = atomic_load(&n->sync_count),
                                    .fsync_us_sum = atomic_load(&n->sync_us),
                                    .inbox_full = atomic_load(&n->inbox_full)};
        zyd_replica_status(n->replica, &h.replica);
        zyd_api_on_health(n->api, &h);
        n->health_at = now + HEALTH_MS;
    }
    int64_t watchdog = zydd_watchdog_ms(), every = watchdog > 0 && watchdog < STATUS_MS ? watchdog : STATUS_MS;
    if (now >= n->status_at) {
        snprintf(state, sizeof state, "%sSTATUS=height %llu, view %llu, %s", watchdog > 0 ? "WATCHDOG=1\n" : "",
                 (unsigned long long)h.replica.bft.final_height, (unsigned long long)h.replica.bft.view,
                 h.replica.syncing ? "catching up" : "in step");
        zydd_notify(state);
        n->status_at = now + every;
    }
}

/* 0: go on; 1: told to stop. */
static bool told_to_stop(struct node *n, int signal_fd)
{
    struct signalfd_siginfo info;
    bool stop = false;
    while (read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            zydd_clock_read(n);
        else
            stop = true;
    }
    return stop;
}

int zydd_loop(struct node *n, int signal_fd)
{
    struct zyd_ev ev = {.kind = ZYD_EV_START};
    bool go = step(n, &ev), stop = false;
    (void)pthread_setname_np(pthread_self(), "loop");
    zyd_log(ZYD_LOG_INFO, "started", "member=%s validator=%u peer_port=%u api_port=%u", n->config.name, n->me,
            zyd_net_port(n->net), zyd_api_port(n->api));
    while (go && !stop) {
        int64_t now = zyd_clock_mono_ms(), due = zyd_replica_deadline_ms(n->replica);
        if (now >= due) {
            ev = (struct zyd_ev){.kind = ZYD_EV_TIMEOUT};
            go = step(n, &ev);
            due = zyd_replica_deadline_ms(n->replica);
        }
        health(n, now);
        due = due < n->health_at ? due : n->health_at;
        due = due < n->status_at ? due : n->status_at;
        bool there = zyd_queue_arm(n->urgent), more = zyd_queue_arm(n->bulk);
        int64_t wait = due - zyd_clock_mono_ms();
        struct pollfd fds[3] = {{.fd = zyd_queue_fd(n->urgent), .events = POLLIN},
                                {.fd = zyd_queue_fd(n->bulk), .events = POLLIN},
                                {.fd = signal_fd, .events = POLLIN}};
        if (!there && !more)
            (void)poll(fds, 3, wait < 0 ? 0 : (int)wait);
        stop = told_to_stop(n, signal_fd);
        go = go && urgent(n) && bulk(n);
    }
    zyd_log(ZYD_LOG_INFO, "stopping", "why=\"%s\"", go ? "told to" : "the store failed");
    return go ? 0 : ZYD_EXIT_BUG;
}
