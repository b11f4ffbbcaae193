/* net.h: what the loop (net_nng.c) and its owner's side (net.c) of the peer links share. */
#ifndef ZYD_NET_H
#define ZYD_NET_H

#include <pthread.h>
#include <stdatomic.h>

#include <nng/nng.h>

#include <zyd/io.h>

#include "link.h"

#define NET_BACKOFF_MIN 50

enum event_kind { EVENT_ACCEPT, EVENT_DIAL, EVENT_RECEIVED, EVENT_SENT, EVENT_WAKE };
struct conn;
struct event {
    enum event_kind kind;
    struct conn *conn;
};
struct bytes {
    uint8_t *data;
    size_t size, cap;
};
enum conn_state { CONN_DIALLING, CONN_HANDSHAKE, CONN_OPEN, CONN_DEAD };
struct conn {
    struct zyd_net *net;
    struct conn *next;
    enum conn_state state;
    struct link link;
    nng_stream *stream;
    nng_stream_dialer *dialer;
    nng_aio *dial_aio, *receive_aio, *send_aio;
    bool dialling, receiving, sending;
    int64_t deadline, last_received, next_ping;
    struct bytes rx, tx;
    size_t tx_done;
    struct bytes plain; /* the peer's items that are being sealed */
    size_t plain_done;
    uint8_t control[16 * 12]; /* pings and pongs */
    size_t control_size;
    struct zyd_span held; /* items of an opened frame that the owner could not take yet; inside rx */
    size_t held_pos, held_used;
    int64_t retry_at;
    uint8_t peer;
};
struct peer {
    pthread_mutex_t lock; /* outbox, up, address */
    struct bytes outbox;
    bool up;
    char address[256];
    atomic_ullong sent, received, dropped;
    atomic_uint rtt_us;
    /* net thread */
    struct conn *conn; /* the open link */
    bool we_dial, dialling;
    int64_t dial_at;
    uint32_t backoff;
};
struct zyd_net {
    struct link_ident ident;
    struct zyd_net_events events;
    uint32_t ping_ms, dead_ms;
    size_t queue_bytes;
    uint16_t members[ZYD_VALIDATORS_MAX];
    char codes[ZYD_VALIDATORS_MAX][ZYD_CODE_MAX + 1];
    struct peer peers[ZYD_VALIDATORS_MAX];
    struct zyd_queue *queue;
    nng_stream_listener *listener;
    nng_aio *accept_aio;
    bool accepting;
    int64_t accept_at; /* re-arm after an error; 0: not needed */
    uint16_t port;
    struct conn *conns;
    uint32_t unauthenticated;
    atomic_bool stop, wake_pending;
    atomic_ullong refused;
    int64_t said_at;
    pthread_t thread;
};


uint8_t *zyd_net_grow(struct bytes *b, size_t more);
void zyd_net_notify(struct zyd_net *n, enum event_kind kind, struct conn *c);
void zyd_net_wake(struct zyd_net *n);
void zyd_net_on_accept(void *net); /* NNG's callback */
void *zyd_net_main(void *net);     /* the thread */

#endif
