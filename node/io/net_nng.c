/* Peer links over NNG streams.  All state belongs to one thread; NNG's own threads only queue "this operation has ended".
 *
 *   zyd_net_send -> outbox of the peer (plain items, lock) -> sealed in one frame when the link is free -> stream
 *   stream -> receive buffer -> frame opened in place -> items -> events.message (on the net thread)
 *
 * A link's life: dial or accept -> handshake (3 s) -> open -> dead -> freed when NNG has reported every operation.
 * A busy link seals once a round trip to the kernel: what was queued meanwhile shares one frame.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "net.h"

#define RX_SMALL 4096u
#define RX_LARGE (256u << 10)
#define SEAL_CHUNK (256u << 10) /* of queued items into one frame, when there are more */
#define BACKOFF_MAX 2000
#define ACCEPT_PAUSE 50
#define PAUSE_RETRY 1

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint8_t *zyd_net_grow(struct bytes *b, size_t more)
{
    if (b->cap - b->size < more) {
        size_t cap = b->cap == 0 ? 4096 : b->cap;
        while (cap - b->size < more)
            cap *= 2;
        uint8_t *data = realloc(b->data, cap);
        zyd_assert(data != NULL); /* bounded by queue and frame limits */
        b->data = data;
        b->cap = cap;
    }
    return b->data + b->size;
}

void zyd_net_notify(struct zyd_net *n, enum event_kind kind, struct conn *c)
{
    struct event e = {kind, c};
    zyd_assert(zyd_queue_push(n->queue, 0, &e, zyd_span(NULL, 0)));
}
void zyd_net_on_accept(void *arg)
{
    zyd_net_notify(arg, EVENT_ACCEPT, NULL);
}
static void on_dial(void *arg)
{
    zyd_net_notify(((struct conn *)arg)->net, EVENT_DIAL, arg);
}
static void on_received(void *arg)
{
    zyd_net_notify(((struct conn *)arg)->net, EVENT_RECEIVED, arg);
}
static void on_sent(void *arg)
{
    zyd_net_notify(((struct conn *)arg)->net, EVENT_SENT, arg);
}
void zyd_net_wake(struct zyd_net *n)
{
    if (!atomic_exchange(&n->wake_pending, true))
        zyd_net_notify(n, EVENT_WAKE, NULL);
}

/* ---- links ---- */

static struct conn *conn_new(struct zyd_net *n, enum conn_state state)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->net = n;
    c->state = state;
    c->peer = 255;
    if (nng_aio_alloc(&c->dial_aio, on_dial, c) != 0 || nng_aio_alloc(&c->receive_aio, on_received, c) != 0 ||
        nng_aio_alloc(&c->send_aio, on_sent, c) != 0) {
        nng_aio_free(c->dial_aio);
        nng_aio_free(c->receive_aio);
        nng_aio_free(c->send_aio);
        free(c);
        return NULL;
    }
    zyd_net_grow(&c->rx, RX_SMALL);
    c->next = n->conns;
    n->conns = c;
    return c;
}

static void conn_free(struct conn *c)
{
    if (c->stream != NULL)
        nng_stream_free(c->stream);
    if (c->dialer != NULL)
        nng_stream_dialer_free(c->dialer);
    nng_aio_free(c->dial_aio);
    nng_aio_free(c->receive_aio);
    nng_aio_free(c->send_aio);
    sodium_memzero(&c->link, sizeof c->link);
    free(c->rx.data);
    free(c->tx.data);
    free(c->plain.data);
    free(c);
}

/* The member code behind a validator index, for logs. */
static const char *peer_name(const struct zyd_net *n, uint8_t peer)
{
    return peer == 255 ? "unknown" : n->codes[peer];
}

static void dial_later(struct zyd_net *n, uint8_t peer, bool was_open)
{
    struct peer *p = &n->peers[peer];
    if (was_open) {
        p->backoff = NET_BACKOFF_MIN;
        p->dial_at = zyd_clock_mono_ms() + 10;
        return;
    }
    uint32_t jitter = randombytes_uniform(p->backoff / 2 + 1);
    p->dial_at = zyd_clock_mono_ms() + p->backoff * 3 / 4 + jitter;
    p->backoff = p->backoff * 2 > BACKOFF_MAX ? BACKOFF_MAX : p->backoff * 2;
}

static void die(struct conn *c, const char *why)
{
    struct zyd_net *n = c->net;
    if (c->state == CONN_DEAD)
        return;
    enum conn_state was = c->state;
    c->state = CONN_DEAD;
    if (was == CONN_HANDSHAKE && !c->link.dialler)
        n->unauthenticated--;
    if (was == CONN_HANDSHAKE)
        atomic_fetch_add(&n->refused, 1);
    if (was == CONN_OPEN) {
        struct peer *p = &n->peers[c->peer];
        if (p->conn == c) {
            p->conn = NULL;
            pthread_mutex_lock(&p->lock);
            p->up = false;
            p->outbox.size = 0;
            pthread_mutex_unlock(&p->lock);
            zyd_log(ZYD_LOG_WARN, "peer-down", "member=%s why=\"%s\"", peer_name(n, c->peer), why);
            n->events.peer(n->events.ctx, c->peer, false);
        }
    } else if (was == CONN_HANDSHAKE && zyd_clock_mono_ms() - n->said_at > 1000) {
        n->said_at = zyd_clock_mono_ms(); /* a flood of strangers must not fill the log */
        zyd_log(c->link.dialler ? ZYD_LOG_WARN : ZYD_LOG_INFO, "peer-refused", "member=%s why=\"%s\"", peer_name(n, c->peer),
                why);
    }
    if (c->link.dialler || was == CONN_DIALLING) {
        n->peers[c->peer].dialling = false;
        dial_later(n, c->peer, was == CONN_OPEN);
    }
    if (c->stream != NULL)
        nng_stream_close(c->stream);
    if (c->dialer != NULL)
        nng_stream_dialer_close(c->dialer);
}

static void send_start(struct conn *c)
{
    nng_iov iov = {c->tx.data + c->tx_done, c->tx.size - c->tx_done};
    nng_aio_set_iov(c->send_aio, 1, &iov);
    nng_aio_set_timeout(c->send_aio, NNG_DURATION_INFINITE);
    c->sending = true;
    nng_stream_send(c->stream, c->send_aio);
}

static void seal(struct conn *c, struct zyd_span plain)
{
    uint8_t *out = zyd_net_grow(&c->tx, 4 + plain.size + LINK_SEAL);
    c->tx.size += zyd_link_seal(&c->link, out, plain, zyd_clock_mono_ms());
}

/* Items from plain_done on that go into one frame. */
static size_t chunk_size(const struct conn *c)
{
    size_t left = c->plain.size - c->plain_done, size = 0;
    if (left <= SEAL_CHUNK)
        return left;
    while (size < left) {
        size_t item = LINK_ITEM_HEAD + (zyd_get32(c->plain.data + c->plain_done + size) & 0x3fffffffu);
        if (size > 0 && size + item > SEAL_CHUNK)
            break;
        size += item;
    }
    return size;
}

/* Sends what waits, if the stream is free. */
static void pump(struct conn *c)
{
    if (c->sending || c->state == CONN_DEAD || c->state == CONN_DIALLING)
        return;
    if (c->tx_done == c->tx.size) {
        c->tx.size = c->tx_done = 0;
        if (c->state == CONN_OPEN && c->control_size > 0) {
            seal(c, zyd_span(c->control, c->control_size));
            c->control_size = 0;
        }
        if (c->state == CONN_OPEN && c->plain_done == c->plain.size) {
            struct peer *p = &c->net->peers[c->peer];
            c->plain.size = c->plain_done = 0;
            pthread_mutex_lock(&p->lock);
            struct bytes taken = p->outbox;
            p->outbox = c->plain;
            c->plain = taken;
            pthread_mutex_unlock(&p->lock);
        }
        if (c->state == CONN_OPEN && c->plain_done < c->plain.size) {
            size_t size = chunk_size(c);
            seal(c, zyd_span(c->plain.data + c->plain_done, size));
            c->plain_done += size;
        }
    }
    if (c->tx_done < c->tx.size)
        send_start(c);
}

static void receive_start(struct conn *c)
{
    if (c->receiving || c->state == CONN_DEAD || c->held.size > 0)
        return;
    if (c->rx.size == c->rx.cap)
        zyd_net_grow(&c->rx, 1);
    nng_iov iov = {c->rx.data + c->rx.size, c->rx.cap - c->rx.size};
    nng_aio_set_iov(c->receive_aio, 1, &iov);
    nng_aio_set_timeout(c->receive_aio, NNG_DURATION_INFINITE);
    c->receiving = true;
    nng_stream_recv(c->stream, c->receive_aio);
}

static void control_add(struct conn *c, enum link_item kind, uint64_t value)
{
    if (c->control_size + 12 > sizeof c->control)
        return; /* the link is stuck; its silence will end it */
    zyd_put32(c->control + c->control_size, (uint32_t)kind << 30 | 8u);
    zyd_put64(c->control + c->control_size + 4, value);
    c->control_size += 12;
}

static void open_link(struct conn *c)
{
    struct zyd_net *n = c->net;
    uint8_t peer = c->link.peer;
    struct peer *p = &n->peers[peer];
    if (!c->link.dialler)
        n->unauthenticated--;
    c->state = CONN_OPEN;
    c->peer = peer;
    if (!c->link.dialler && p->we_dial) {
        atomic_fetch_add(&n->refused, 1);
        die(c, "the lower key dials, and that is ours");
        return;
    }
    if (p->conn != NULL) /* it has started again, and we had not noticed its end */
        die(p->conn, "replaced by a new link");
    p->conn = c;
    p->backoff = NET_BACKOFF_MIN;
    c->next_ping = zyd_clock_mono_ms() + n->ping_ms;
    zyd_net_grow(&c->rx, RX_LARGE);
    pthread_mutex_lock(&p->lock);
    p->up = true;
    p->outbox.size = 0;
    pthread_mutex_unlock(&p->lock);
    zyd_log(ZYD_LOG_INFO, "peer-up", "member=%s", peer_name(n, peer));
    n->events.peer(n->events.ctx, peer, true);
}

/* Gives a frame's items on.  False: paused or dead. */
static bool items(struct conn *c)
{
    struct zyd_net *n = c->net;
    enum link_item kind;
    struct zyd_span bytes;
    for (;;) {
        size_t pos = c->held_pos;
        enum zyd_status st = zyd_link_item(&kind, &bytes, &pos, c->held);
        if (st == ZYD_E_NOT_FOUND)
            break;
        if (st != ZYD_OK) {
            die(c, "a frame's items are malformed");
            return false;
        }
        switch (kind) {
        case LINK_MESSAGE:
            if (!n->events.message(n->events.ctx, c->peer, bytes)) {
                c->retry_at = zyd_clock_mono_ms() + PAUSE_RETRY;
                return false;
            }
            break;
        case LINK_PING:
            control_add(c, LINK_PONG, zyd_get64(bytes.data));
            break;
        case LINK_PONG: {
            int64_t us = now_us() - (int64_t)zyd_get64(bytes.data);
            if (us >= 0 && us < 60000000)
                atomic_store(&n->peers[c->peer].rtt_us, (unsigned)us);
            break;
        }
        }
        c->held_pos = pos;
    }
    c->held = zyd_span(NULL, 0);
    return true;
}

/* Works through what was received. */
static void parse(struct conn *c)
{
    size_t at = c->held.size > 0 ? c->held_used : 0, need = 0;
    c->retry_at = 0;
    bool go = c->held.size == 0 || items(c);
    while (go && c->state != CONN_DEAD) {
        struct zyd_span plain = {0};
        struct link_out out;
        size_t used;
        enum link_step step = zyd_link_take(&c->link, &plain, &out, &used, &need, c->rx.data + at, c->rx.size - at);
        if (step == LINK_MORE)
            break;
        at += used;
        if (out.size > 0) {
            memcpy(zyd_net_grow(&c->tx, out.size), out.data, out.size);
            c->tx.size += out.size;
        }
        switch (step) {
        case LINK_MORE:
        case LINK_PART:
            break;
        case LINK_AUTHED:
            /* opening makes the buffer larger: at counts from its start, wherever it is */
            open_link(c);
            break;
        case LINK_FRAME:
            c->held = plain;
            c->held_pos = 0;
            go = items(c);
            break;
        case LINK_FAILED:
            die(c, c->link.why);
            break;
        }
    }
    if (c->state == CONN_DEAD)
        return;
    if (!go) { /* paused inside a frame: nothing moves until it has been taken */
        c->held_used = at;
        pump(c);
        return;
    }
    if (at > 0 && at < c->rx.size)
        memmove(c->rx.data, c->rx.data + at, c->rx.size - at);
    c->rx.size -= at;
    if (need > c->rx.cap)
        zyd_net_grow(&c->rx, need - c->rx.size);
    pump(c);
    receive_start(c);
}

/* A stream is there: the handshake begins. */
static void begin(struct conn *c, nng_stream *stream, bool dialler)
{
    struct link_out out;
    int64_t now = zyd_clock_mono_ms();
    c->stream = stream;
    c->state = CONN_HANDSHAKE;
    c->deadline = now + ZYD_NET_HANDSHAKE_MS;
    c->last_received = now;
    nng_stream_set_bool(stream, NNG_OPT_TCP_NODELAY, true);
    zyd_link_start(&c->link, &out, &c->net->ident, dialler, c->peer, now);
    if (out.size > 0) {
        memcpy(zyd_net_grow(&c->tx, out.size), out.data, out.size);
        c->tx.size += out.size;
    }
    pump(c);
    receive_start(c);
}

static void dial(struct zyd_net *n, uint8_t peer)
{
    struct peer *p = &n->peers[peer];
    char url[300];
    pthread_mutex_lock(&p->lock);
    snprintf(url, sizeof url, "tcp://%s", p->address);
    pthread_mutex_unlock(&p->lock);
    struct conn *c = url[6] == 0 ? NULL : conn_new(n, CONN_DIALLING);
    if (c == NULL || nng_stream_dialer_alloc(&c->dialer, url) != 0) {
        if (c != NULL)
            c->state = CONN_DEAD;
        dial_later(n, peer, false);
        return;
    }
    p->dialling = true;
    c->peer = peer;
    c->dialling = true;
    nng_aio_set_timeout(c->dial_aio, ZYD_NET_HANDSHAKE_MS);
    nng_stream_dialer_dial(c->dialer, c->dial_aio);
}

static void accept_start(struct zyd_net *n)
{
    n->accepting = true;
    n->accept_at = 0;
    nng_stream_listener_accept(n->listener, n->accept_aio);
}

static void accepted(struct zyd_net *n, bool stopping)
{
    int rv = nng_aio_result(n->accept_aio);
    n->accepting = false;
    if (rv == 0) {
        nng_stream *stream = nng_aio_get_output(n->accept_aio, 0);
        struct conn *c = stopping || n->unauthenticated >= ZYD_NET_UNAUTHENTICATED_MAX ? NULL : conn_new(n, CONN_HANDSHAKE);
        if (c == NULL) {
            nng_stream_free(stream);
            atomic_fetch_add(&n->refused, 1);
        } else {
            n->unauthenticated++;
            begin(c, stream, false);
        }
    }
    if (rv == NNG_ECLOSED || stopping)
        return;
    if (rv == 0)
        accept_start(n);
    else /* no descriptors, or an aborted connection: at once would spin */
        n->accept_at = zyd_clock_mono_ms() + ACCEPT_PAUSE;
}

static void handle(struct zyd_net *n, const struct event *e, bool stopping)
{
    struct conn *c = e->conn;
    int rv;
    switch (e->kind) {
    case EVENT_ACCEPT:
        accepted(n, stopping);
        break;
    case EVENT_DIAL:
        c->dialling = false;
        rv = nng_aio_result(c->dial_aio);
        if (rv == 0 && c->state == CONN_DEAD)
            nng_stream_free(nng_aio_get_output(c->dial_aio, 0));
        else if (rv == 0)
            begin(c, nng_aio_get_output(c->dial_aio, 0), true);
        else
            die(c, nng_strerror(rv));
        break;
    case EVENT_RECEIVED:
        c->receiving = false;
        rv = nng_aio_result(c->receive_aio);
        if (rv != 0) {
            die(c, rv == NNG_ECONNSHUT || rv == NNG_ECLOSED ? "it closed the connection" : nng_strerror(rv));
        } else if (c->state != CONN_DEAD) {
            size_t count = nng_aio_count(c->receive_aio);
            c->rx.size += count;
            c->last_received = zyd_clock_mono_ms();
            if (c->state == CONN_OPEN)
                atomic_fetch_add_explicit(&n->peers[c->peer].received, count, memory_order_relaxed);
            parse(c);
        }
        break;
    case EVENT_SENT:
        c->sending = false;
        rv = nng_aio_result(c->send_aio);
        if (rv != 0) {
            die(c, nng_strerror(rv));
        } else if (c->state != CONN_DEAD) {
            size_t count = nng_aio_count(c->send_aio);
            c->tx_done += count;
            if (c->state == CONN_OPEN)
                atomic_fetch_add_explicit(&n->peers[c->peer].sent, count, memory_order_relaxed);
            pump(c);
        }
        break;
    case EVENT_WAKE:
        atomic_store(&n->wake_pending, false);
        for (uint8_t i = 0; i < n->ident.peer_count; i++)
            if (n->peers[i].conn != NULL)
                pump(n->peers[i].conn);
        break;
    }
}

/* Timers, dials and the dead.  Returns when to come again at the latest. */
static int64_t tend(struct zyd_net *n)
{
    int64_t now = zyd_clock_mono_ms(), next = now + 60000;
    if (n->accept_at != 0 && now >= n->accept_at)
        accept_start(n);
    for (uint8_t i = 0; i < n->ident.peer_count; i++) {
        struct peer *p = &n->peers[i];
        if (p->we_dial && p->conn == NULL && !p->dialling && now >= p->dial_at)
            dial(n, i);
    }
    for (struct conn **at = &n->conns; *at != NULL;) {
        struct conn *c = *at;
        if (c->state == CONN_HANDSHAKE && now >= c->deadline)
            die(c, "it did not authenticate in time");
        if (c->state == CONN_OPEN && now - c->last_received >= n->dead_ms && c->held.size == 0)
            die(c, "it has been silent for too long");
        if (c->state == CONN_OPEN && now >= c->next_ping) {
            control_add(c, LINK_PING, (uint64_t)now_us());
            c->next_ping = now + n->ping_ms;
            pump(c);
        }
        if (c->state == CONN_OPEN && c->retry_at != 0 && now >= c->retry_at)
            parse(c);
        if (c->state == CONN_DEAD && !c->dialling && !c->receiving && !c->sending) {
            *at = c->next;
            conn_free(c);
            continue;
        }
        int64_t due = c->state == CONN_HANDSHAKE ? c->deadline
                      : c->state == CONN_OPEN    ? (c->retry_at != 0 && c->retry_at < c->next_ping ? c->retry_at : c->next_ping)
                                                 : next;
        next = due < next ? due : next;
        at = &c->next;
    }
    if (n->accept_at != 0 && n->accept_at < next)
        next = n->accept_at;
    for (uint8_t i = 0; i < n->ident.peer_count; i++) {
        struct peer *p = &n->peers[i];
        if (p->we_dial && p->conn == NULL && !p->dialling && p->dial_at < next)
            next = p->dial_at;
    }
    return next;
}

static void drain(struct zyd_net *n, int64_t until, bool stopping)
{
    struct event e;
    struct zyd_span none;
    if (!zyd_queue_arm(n->queue)) {
        int64_t wait = until - zyd_clock_mono_ms();
        struct pollfd p = {.fd = zyd_queue_fd(n->queue), .events = POLLIN};
        (void)poll(&p, 1, wait < 0 ? 0 : (int)wait);
    }
    if (zyd_queue_take(n->queue))
        while (zyd_queue_next(n->queue, &e, &none))
            handle(n, &e, stopping);
}

void *zyd_net_main(void *arg)
{
    struct zyd_net *n = arg;
    accept_start(n);
    while (!atomic_load(&n->stop))
        drain(n, tend(n), false);
    nng_stream_listener_close(n->listener);
    for (struct conn *c = n->conns; c != NULL; c = c->next)
        die(c, "this node stops");
    for (uint8_t i = 0; i < n->ident.peer_count; i++)
        n->peers[i].we_dial = false;
    n->accept_at = 0;
    while (n->conns != NULL || n->accepting) {
        tend(n);
        if (n->conns != NULL || n->accepting)
            drain(n, zyd_clock_mono_ms() + 1000, true);
    }
    return NULL;
}
