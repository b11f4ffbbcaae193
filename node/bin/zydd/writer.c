/* Group commit.  Two threads, so that a turn's votes and its block are synced side by side; each takes all that waits, writes
 * it with one sync, and tells the loop.
 *
 * Lazy: a finality record is written at once so that it can be read, and is durable with the next synced put, or within a
 * second. Only then is the floor behind it given to the votes writer (consensus.md P4). */
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include <zyd/catalogue.h>

#include "zydd.h"

#define BATCH_MAX 4096u
#define FINALS_MAX 4096u
#define FINAL_WAIT_MS 1000

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void told(struct node *n, enum writer_which which, uint64_t seq)
{
    struct note note = {.kind = NOTE_DURABLE, .which = which, .seq = seq};
    if (!zyd_queue_push(n->urgent, LANE_OWN, &note, zyd_span(NULL, 0))) {
        struct zyd_err err;
        zyd_err_set(&err, ZYD_ERR_STORE_FAILED, "out of memory");
        zydd_fatal(&err);
    }
}

/* Waits until something is there, or until_ms; false: nothing came. */
static bool wait(struct writer *w, int64_t until_ms)
{
    if (zyd_queue_arm(w->queue))
        return true;
    int64_t left = until_ms == INT64_MAX ? -1 : until_ms - zyd_clock_mono_ms();
    struct pollfd p = {.fd = zyd_queue_fd(w->queue), .events = POLLIN};
    return poll(&p, 1, left < 0 ? (until_ms == INT64_MAX ? -1 : 0) : (int)left) > 0;
}

static void count_sync(struct node *n, int64_t began_us)
{
    atomic_fetch_add_explicit(&n->sync_us, (unsigned long long)(now_us() - began_us), memory_order_relaxed);
    atomic_fetch_add_explicit(&n->sync_count, 1, memory_order_relaxed);
}

/* ---- votes ---- */

static void votes_write(struct node *n, struct zyd_fx *items, size_t count)
{
    struct zyd_err err;
    uint64_t seq = 0;
    for (size_t i = 0; i < count; i++)
        seq = items[i].seq > seq ? items[i].seq : seq;
    uint64_t floor = atomic_load(&n->floor_ready);
    if (floor > zyd_votes_floor(n->votes))
        items[count++] = (struct zyd_fx){.kind = ZYD_FX_PERSIST, .persist = ZYD_PERSIST_FLOOR, .view = floor};
    int64_t began = now_us();
    if (zyd_votes_append(n->votes, &err, items, count) != ZYD_OK)
        zydd_fatal(&err);
    count_sync(n, began);
    atomic_store(&n->votes_seq, zyd_votes_seq(n->votes));
    if (seq > 0)
        told(n, WRITER_VOTES, seq);
}

static void *votes_main(void *arg)
{
    struct writer *w = arg;
    static struct zyd_fx items[BATCH_MAX + 1];
    while (!atomic_load(&w->node->writers_stop) || zyd_queue_arm(w->queue)) {
        size_t count = 0;
        (void)wait(w, INT64_MAX);
        (void)zyd_queue_take(w->queue);
        struct zyd_fx fx;
        while (zyd_queue_next(w->queue, &fx, &fx.bytes)) {
            if (fx.kind != ZYD_FX_PERSIST)
                continue; /* only wakes */
            items[count++] = fx;
            if (count == BATCH_MAX) {
                votes_write(w->node, items, count);
                count = 0;
            }
        }
        if (count > 0)
            votes_write(w->node, items, count);
    }
    if (atomic_load(&w->node->floor_ready) > zyd_votes_floor(w->node->votes))
        votes_write(w->node, items, 0); /* a clean end leaves the floor where it is */
    return NULL;
}

/* ---- store ---- */

struct finals { /* written, not yet durable */
    struct zyd_fx items[FINALS_MAX];
    uint8_t *bytes[FINALS_MAX];
    size_t count;
    int64_t oldest_ms;
    uint64_t floor; /* highest asked for behind them */
};

static void finals_add(struct finals *f, const struct zyd_fx *fx)
{
    uint8_t *copy = malloc(fx->bytes.size + 1);
    zyd_assert(copy != NULL && f->count < FINALS_MAX);
    memcpy(copy, fx->bytes.data, fx->bytes.size);
    if (f->count == 0)
        f->oldest_ms = zyd_clock_mono_ms();
    f->bytes[f->count] = copy;
    f->items[f->count] = *fx;
    f->items[f->count++].bytes = zyd_span(copy, fx->bytes.size);
}

static void put(struct node *n, const struct zyd_fx *items, size_t count, bool sync)
{
    struct zyd_err err;
    int64_t began = now_us();
    zyd_store_votes_note(n->store, atomic_load(&n->votes_seq));
    if (zyd_store_put(n->store, &err, items, count, sync) != ZYD_OK)
        zydd_fatal(&err);
    if (sync)
        count_sync(n, began);
}

/* items: room for FINALS_MAX more behind count. */
static void put_synced(struct node *n, struct finals *f, struct zyd_fx *items, size_t count)
{
    memcpy(items + count, f->items, f->count * sizeof *items);
    put(n, items, count + f->count, true);
    for (size_t i = 0; i < f->count; i++)
        free(f->bytes[i]);
    f->count = 0;
    if (f->floor > atomic_load(&n->floor_ready))
        atomic_store(&n->floor_ready, f->floor);
}

static void store_batch(struct node *n, struct finals *f, struct zyd_fx *items, size_t count, bool sync)
{
    uint64_t seq = 0;
    for (size_t i = 0; i < count; i++) {
        seq = items[i].seq > seq ? items[i].seq : seq;
        if (items[i].persist == ZYD_PERSIST_FLOOR && items[i].view > f->floor)
            f->floor = items[i].view;
    }
    if (sync || f->count + count > FINALS_MAX) {
        put_synced(n, f, items, count);
    } else {
        put(n, items, count, false);
        for (size_t i = 0; i < count; i++)
            if (items[i].persist == ZYD_PERSIST_FINAL)
                finals_add(f, &items[i]);
        if (f->count == 0 && f->floor > atomic_load(&n->floor_ready))
            atomic_store(&n->floor_ready, f->floor); /* its finality went before */
    }
    if (seq > 0)
        told(n, WRITER_STORE, seq);
}

static void *store_main(void *arg)
{
    struct writer *w = arg;
    static struct zyd_fx items[BATCH_MAX + FINALS_MAX];
    static struct finals f;
    while (!atomic_load(&w->node->writers_stop) || zyd_queue_arm(w->queue)) {
        size_t count = 0;
        bool sync = false;
        if (!wait(w, f.count == 0 ? INT64_MAX : f.oldest_ms + FINAL_WAIT_MS)) {
            put_synced(w->node, &f, items, 0);
            continue;
        }
        (void)zyd_queue_take(w->queue);
        struct zyd_fx fx;
        while (zyd_queue_next(w->queue, &fx, &fx.bytes)) {
            if (fx.kind != ZYD_FX_PERSIST)
                continue; /* only wakes */
            items[count++] = fx;
            sync = sync || (fx.persist != ZYD_PERSIST_FINAL && fx.persist != ZYD_PERSIST_FLOOR);
            if (count == BATCH_MAX) {
                store_batch(w->node, &f, items, count, sync);
                count = 0;
            }
        }
        if (count > 0)
            store_batch(w->node, &f, items, count, sync);
    }
    if (f.count > 0)
        put_synced(w->node, &f, items, 0);
    return NULL;
}

bool zydd_writers_start(struct node *n)
{
    static const size_t unbounded[1] = {0}; /* bounded by what the replica keeps unfinished */
    for (int i = 0; i < WRITERS; i++) {
        struct writer *w = &n->writers[i];
        w->node = n;
        w->which = (enum writer_which)i;
        w->queue = zyd_queue_make(sizeof(struct zyd_fx), unbounded, 1);
        w->started = w->queue != NULL && pthread_create(&w->thread, NULL, i == WRITER_VOTES ? votes_main : store_main, w) == 0;
        if (!w->started)
            return false;
        (void)pthread_setname_np(w->thread, i == WRITER_VOTES ? "votes" : "store");
    }
    return true;
}

void zydd_writers_stop(struct node *n)
{
    struct zyd_fx wake = {.kind = ZYD_FX_TRACE};
    atomic_store(&n->writers_stop, true);
    for (int i = WRITERS; i-- > 0;) { /* the store first: it may make a floor ready */
        struct writer *w = &n->writers[i];
        if (w->started) {
            (void)zyd_queue_push(w->queue, 0, &wake, zyd_span(NULL, 0));
            pthread_join(w->thread, NULL);
        }
        zyd_queue_free(w->queue);
        *w = (struct writer){0};
    }
}
