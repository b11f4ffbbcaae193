/* The owner's side of the peer links: start, send, stop.  Runs on any thread; the rest is the net thread's (net_nng.c). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <zyd/bft.h>
#include <zyd/catalogue.h>

#include "net.h"

#define QUEUE_MAX (8u << 20)

void zyd_net_send(struct zyd_net *n, uint8_t peer, struct zyd_span bytes)
{
    zyd_assert(bytes.size >= 1 && bytes.size <= ZYD_NET_MESSAGE_MAX);
    uint8_t first = peer == ZYD_BFT_ALL ? 0 : peer, count = n->ident.peer_count;
    bool any = false;
    if (peer != ZYD_BFT_ALL && peer >= count)
        return;
    for (uint8_t i = first; i < (peer == ZYD_BFT_ALL ? count : (uint8_t)(peer + 1)); i++) {
        struct peer *p = &n->peers[i];
        if (i == n->ident.me)
            continue;
        pthread_mutex_lock(&p->lock);
        if (p->up && p->outbox.size + LINK_ITEM_HEAD + bytes.size <= n->queue_bytes) {
            uint8_t *out = zyd_net_grow(&p->outbox, LINK_ITEM_HEAD + bytes.size);
            zyd_put32(out, (uint32_t)bytes.size);
            memcpy(out + LINK_ITEM_HEAD, bytes.data, bytes.size);
            p->outbox.size += LINK_ITEM_HEAD + bytes.size;
            any = true;
        } else {
            atomic_fetch_add_explicit(&p->dropped, 1, memory_order_relaxed);
        }
        pthread_mutex_unlock(&p->lock);
    }
    if (any)
        zyd_net_wake(n);
}

void zyd_net_stats(struct zyd_net *n, struct zyd_net_stat out[ZYD_VALIDATORS_MAX])
{
    memset(out, 0, ZYD_VALIDATORS_MAX * sizeof *out);
    for (uint8_t i = 0; i < n->ident.peer_count; i++) {
        struct peer *p = &n->peers[i];
        pthread_mutex_lock(&p->lock);
        out[i].up = p->up;
        pthread_mutex_unlock(&p->lock);
        out[i].sent_bytes = atomic_load(&p->sent);
        out[i].received_bytes = atomic_load(&p->received);
        out[i].dropped = atomic_load(&p->dropped);
        out[i].rtt_us = atomic_load(&p->rtt_us);
    }
}

uint64_t zyd_net_refused(const struct zyd_net *n)
{
    return atomic_load(&n->refused);
}

uint16_t zyd_net_port(const struct zyd_net *n)
{
    return n->port;
}

void zyd_net_address(struct zyd_net *n, uint16_t member, const char *address)
{
    for (uint8_t i = 0; i < n->ident.peer_count; i++)
        if (n->members[i] == member) {
            pthread_mutex_lock(&n->peers[i].lock);
            snprintf(n->peers[i].address, sizeof n->peers[i].address, "%s", address);
            pthread_mutex_unlock(&n->peers[i].lock);
        }
}

static const struct zyd_pk *link_key(const struct zyd_member *m)
{
    for (uint8_t k = 0; k < m->key_count; k++)
        if (m->keys[k].purpose == ZYD_KEY_LINK)
            return &m->keys[k].pk;
    return NULL;
}

static enum zyd_status ident_make(struct zyd_net *n, struct zyd_err *err, const struct zyd_net_config *config)
{
    const struct zyd_genesis *g = config->genesis;
    struct link_ident *id = &n->ident;
    id->genesis = g->hash;
    id->me = 255;
    id->peer_count = g->validator_count;
    id->rekey_bytes = config->rekey_bytes != 0 ? config->rekey_bytes : LINK_REKEY_BYTES;
    memcpy(id->sk, config->link_sk, ZYD_SK_SIZE);
    memcpy(id->pk.b, config->link_sk + 32, 32); /* libsodium's form: seed, public key */
    for (uint8_t i = 0; i < g->validator_count; i++) {
        const struct zyd_pk *pk = link_key(&g->members[g->validators[i]]);
        if (pk == NULL) {
            zyd_err_set(err, ZYD_ERR_KEY_WRONG, "member %u has no link key in the genesis", g->validators[i]);
            return ZYD_E_INVALID;
        }
        id->peers[i] = *pk;
        n->members[i] = g->validators[i];
        const struct zyd_span *code = &g->members[g->validators[i]].code;
        snprintf(n->codes[i], sizeof n->codes[i], "%.*s", (int)code->size, (const char *)code->data);
        if (g->validators[i] == config->me_member)
            id->me = i;
    }
    if (id->me == 255 || memcmp(id->peers[id->me].b, id->pk.b, 32) != 0) {
        zyd_err_set(err, ZYD_ERR_KEY_WRONG, "the link key is not the one that the genesis names for this member");
        return ZYD_E_INVALID;
    }
    return ZYD_OK;
}

static void peers_make(struct zyd_net *n, const struct zyd_net_config *config)
{
    for (uint8_t i = 0; i < n->ident.peer_count; i++) {
        struct peer *p = &n->peers[i];
        struct zyd_span genesis = config->genesis->members[n->members[i]].address;
        const char *other = config->address[n->members[i]];
        if (other != NULL)
            snprintf(p->address, sizeof p->address, "%s", other);
        else
            snprintf(p->address, sizeof p->address, "%.*s", (int)genesis.size, (const char *)genesis.data);
        p->we_dial = i != n->ident.me && memcmp(n->ident.pk.b, n->ident.peers[i].b, 32) < 0;
        p->backoff = NET_BACKOFF_MIN;
    }
}

static enum zyd_status listen_start(struct zyd_net *n, struct zyd_err *err, const char *address)
{
    char url[300];
    snprintf(url, sizeof url, "tcp://%s", address);
    int rv = nng_stream_listener_alloc(&n->listener, url), port = 0;
    if (rv == 0)
        rv = nng_stream_listener_listen(n->listener);
    if (rv == 0)
        rv = nng_stream_listener_get_int(n->listener, NNG_OPT_TCP_BOUND_PORT, &port);
    if (rv == 0)
        rv = nng_aio_alloc(&n->accept_aio, zyd_net_on_accept, n);
    if (rv != 0) {
        zyd_err_set(err, ZYD_ERR_ADDRESS, "[peer] listen = %s: %s", address, nng_strerror(rv));
        return ZYD_E_IO;
    }
    nng_aio_set_timeout(n->accept_aio, NNG_DURATION_INFINITE);
    n->port = (uint16_t)port;
    return ZYD_OK;
}

static void net_free(struct zyd_net *n)
{
    if (n->accept_aio != NULL)
        nng_aio_free(n->accept_aio);
    if (n->listener != NULL)
        nng_stream_listener_free(n->listener);
    for (uint8_t i = 0; i < ZYD_VALIDATORS_MAX; i++) {
        pthread_mutex_destroy(&n->peers[i].lock);
        free(n->peers[i].outbox.data);
    }
    zyd_queue_free(n->queue);
    sodium_memzero(n, sizeof *n);
    free(n);
}

enum zyd_status zyd_net_start(struct zyd_net **out, struct zyd_err *err, const struct zyd_net_config *config,
                              const struct zyd_net_events *events)
{
    static const size_t unbounded[1] = {0};
    struct zyd_net *n = calloc(1, sizeof *n);
    *out = NULL;
    if (n == NULL || sodium_init() < 0) {
        zyd_err_set(err, ZYD_ERR_ADDRESS, "peer links: out of memory");
        free(n);
        return ZYD_E_IO;
    }
    for (uint8_t i = 0; i < ZYD_VALIDATORS_MAX; i++)
        pthread_mutex_init(&n->peers[i].lock, NULL);
    n->events = *events;
    n->ping_ms = config->ping_ms != 0 ? config->ping_ms : 1000;
    n->dead_ms = config->dead_ms != 0 ? config->dead_ms : 5000;
    n->queue_bytes = config->queue_bytes != 0 ? config->queue_bytes : QUEUE_MAX;
    n->queue = zyd_queue_make(sizeof(struct event), unbounded, 1);
    enum zyd_status st = n->queue == NULL ? ZYD_E_IO : ident_make(n, err, config);
    if (n->queue == NULL)
        zyd_err_set(err, ZYD_ERR_ADDRESS, "peer links: %s", strerror(errno));
    if (st == ZYD_OK) {
        peers_make(n, config);
        st = listen_start(n, err, config->listen);
    }
    if (st == ZYD_OK && pthread_create(&n->thread, NULL, zyd_net_main, n) != 0) {
        zyd_err_set(err, ZYD_ERR_ADDRESS, "peer links: no thread");
        st = ZYD_E_IO;
    }
    if (st != ZYD_OK) {
        net_free(n);
        return st;
    }
    (void)pthread_setname_np(n->thread, "net");
    *out = n;
    return ZYD_OK;
}

void zyd_net_stop(struct zyd_net *n)
{
    if (n == NULL)
        return;
    atomic_store(&n->stop, true);
    zyd_net_notify(n, EVENT_WAKE, NULL);
    pthread_join(n->thread, NULL);
    net_free(n);
}
