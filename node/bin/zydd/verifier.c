/* Client signatures of gossiped envelopes, checked beside the loop.  The same pure functions that the replica would call. */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "zydd.h"

#define LANE_BYTES (4u << 20) /* waiting of one peer */

static bool libsodium_verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}

static void check(struct node *n, const struct note *note, struct zyd_span message)
{
    static const struct zyd_sig_ops ops = {NULL, libsodium_verify, NULL};
    struct zyd_env env;
    struct note good = *note;
    enum zyd_status st = zyd_env_decode(&env, zyd_span(message.data + 1, message.size - 1));
    if (st == ZYD_OK)
        st = zyd_env_verify(&env, &n->genesis, &ops);
    if (st != ZYD_OK) {
        unsigned long long bad = atomic_fetch_add(&n->bad_envelopes, 1) + 1;
        if ((bad & (bad - 1)) == 0) /* 1, 2, 4, 8 ...: a flood must not fill the log */
            zyd_log(ZYD_LOG_WARN, "bad-envelope", "peer=%u why=\"%s\" so_far=%llu", note->peer, zyd_status_text(st), bad);
        return;
    }
    good.verified = true;
    while (!zyd_queue_push(n->bulk, good.peer, &good, message)) {
        if (atomic_load(&n->verifiers_stop))
            return;
        atomic_fetch_add(&n->inbox_full, 1);
        poll(NULL, 0, 1); /* the loop is behind: our own queue fills, then the peer's link pauses */
    }
}

static void *verifier_main(void *arg)
{
    struct verifier *v = arg;
    while (!atomic_load(&v->node->verifiers_stop)) {
        struct note note;
        struct zyd_span message;
        if (!zyd_queue_arm(v->queue)) {
            struct pollfd p = {.fd = zyd_queue_fd(v->queue), .events = POLLIN};
            (void)poll(&p, 1, -1);
        }
        (void)zyd_queue_take(v->queue);
        while (zyd_queue_next(v->queue, &note, &message))
            if (note.kind == NOTE_EVENT)
                check(v->node, &note, message);
    }
    return NULL;
}

bool zydd_verifiers_start(struct node *n)
{
    size_t lanes[ZYD_VALIDATORS_MAX + 1];
    for (size_t i = 0; i < ZYD_VALIDATORS_MAX; i++)
        lanes[i] = LANE_BYTES;
    lanes[LANE_OWN] = 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned want = cores >= 8 ? VERIFIERS_MAX : cores >= 2 ? (unsigned)cores / 2 : 1;
    for (; n->verifier_count < want; n->verifier_count++) {
        struct verifier *v = &n->verifiers[n->verifier_count];
        v->node = n;
        v->queue = zyd_queue_make(sizeof(struct note), lanes, ZYD_VALIDATORS_MAX + 1);
        v->started = v->queue != NULL && pthread_create(&v->thread, NULL, verifier_main, v) == 0;
        if (!v->started)
            return false;
        (void)pthread_setname_np(v->thread, "verify");
    }
    return true;
}

void zydd_verifiers_stop(struct node *n)
{
    struct note wake = {.kind = NOTE_LOOK};
    atomic_store(&n->verifiers_stop, true);
    for (unsigned i = 0; i < VERIFIERS_MAX; i++) {
        struct verifier *v = &n->verifiers[i];
        if (v->started) {
            (void)zyd_queue_push(v->queue, LANE_OWN, &wake, zyd_span(NULL, 0));
            pthread_join(v->thread, NULL);
        }
        zyd_queue_free(v->queue);
        *v = (struct verifier){0};
    }
}

bool zydd_verify(struct node *n, uint8_t peer, struct zyd_span message)
{
    struct note note = {.kind = NOTE_EVENT, .event = ZYD_EV_MESSAGE, .peer = peer};
    /* Spread by the last byte of its last signature. */
    struct verifier *v = &n->verifiers[message.data[message.size - 1] % n->verifier_count];
    return zyd_queue_push(v->queue, peer, &note, message);
}
