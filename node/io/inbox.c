/* Queues between threads.  Two buffers: writers append to one under the lock, the reader works through the other without it.
 * An eventfd is written only while the reader has said that it waits: a busy loop makes no system calls here. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <zyd/io.h>

#define ALIGN 16u

struct buffer {
    uint8_t *data;
    size_t size, cap;
};
struct entry { /* before each item: head, then bytes, each padded to ALIGN */
    uint64_t bytes_size;
    uint64_t total;
};
struct zyd_queue {
    pthread_mutex_t lock;
    int fd;
    bool waiting, signalled; /* signalled: fd holds a count that the reader has not taken off */
    size_t head_size, lanes;
    size_t lane_max[ZYD_QUEUE_LANES_MAX], lane_used[ZYD_QUEUE_LANES_MAX];
    struct buffer in, out; /* out: the reader's */
    size_t pos;
};

static size_t padded(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

struct zyd_queue *zyd_queue_make(size_t head_size, const size_t *lane_max, size_t lanes)
{
    zyd_assert(lanes <= ZYD_QUEUE_LANES_MAX);
    struct zyd_queue *q = calloc(1, sizeof *q);
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (q == NULL || fd < 0 || pthread_mutex_init(&q->lock, NULL) != 0) {
        free(q);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    q->fd = fd;
    q->head_size = head_size;
    q->lanes = lanes;
    memcpy(q->lane_max, lane_max, lanes * sizeof *lane_max);
    return q;
}

void zyd_queue_free(struct zyd_queue *q)
{
    if (q == NULL)
        return;
    close(q->fd);
    pthread_mutex_destroy(&q->lock);
    free(q->in.data);
    free(q->out.data);
    free(q);
}

static bool reserve(struct buffer *b, size_t more)
{
    if (b->cap - b->size >= more)
        return true;
    size_t cap = b->cap == 0 ? 65536 : b->cap;
    while (cap - b->size < more)
        cap *= 2;
    uint8_t *data = aligned_alloc(ALIGN, cap);
    if (data == NULL)
        return false;
    if (b->size > 0)
        memcpy(data, b->data, b->size);
    free(b->data);
    b->data = data;
    b->cap = cap;
    return true;
}

bool zyd_queue_push(struct zyd_queue *q, size_t lane, const void *head, struct zyd_span bytes)
{
    size_t total = sizeof(struct entry) + padded(q->head_size) + padded(bytes.size);
    struct entry e = {bytes.size, total};
    pthread_mutex_lock(&q->lock);
    bool ok = q->lane_max[lane] == 0 || q->lane_used[lane] + total <= q->lane_max[lane];
    ok = ok && reserve(&q->in, total);
    if (ok) {
        uint8_t *p = q->in.data + q->in.size;
        memcpy(p, &e, sizeof e);
        memcpy(p + sizeof e, head, q->head_size);
        if (bytes.size > 0)
            memcpy(p + sizeof e + padded(q->head_size), bytes.data, bytes.size);
        q->in.size += total;
        q->lane_used[lane] += total;
    }
    if (ok && q->waiting) {
        uint64_t one = 1;
        ssize_t ignored = write(q->fd, &one, sizeof one); /* under the lock, so that signalled is true to fd */
        (void)ignored;
        q->waiting = false;
        q->signalled = true;
    }
    pthread_mutex_unlock(&q->lock);
    return ok;
}

bool zyd_queue_arm(struct zyd_queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool there = q->in.size > 0;
    q->waiting = !there;
    pthread_mutex_unlock(&q->lock);
    return there;
}

int zyd_queue_fd(const struct zyd_queue *q)
{
    return q->fd;
}

bool zyd_queue_take(struct zyd_queue *q)
{
    pthread_mutex_lock(&q->lock);
    if (q->signalled) {
        uint64_t count;
        ssize_t ignored = read(q->fd, &count, sizeof count);
        (void)ignored;
    }
    q->waiting = q->signalled = false;
    struct buffer taken = q->in;
    q->in = q->out;
    q->in.size = 0;
    memset(q->lane_used, 0, sizeof q->lane_used);
    pthread_mutex_unlock(&q->lock);
    q->out = taken;
    q->pos = 0;
    return taken.size > 0;
}

bool zyd_queue_next(struct zyd_queue *q, void *head, struct zyd_span *bytes)
{
    struct entry e;
    if (q->pos == q->out.size)
        return false;
    const uint8_t *p = q->out.data + q->pos;
    memcpy(&e, p, sizeof e);
    memcpy(head, p + sizeof e, q->head_size);
    *bytes = zyd_span(p + sizeof e + padded(q->head_size), (size_t)e.bytes_size);
    q->pos += (size_t)e.total;
    return true;
}
