/* Goal: what threads push into a queue comes out once, in the order of each pusher, within its bounds, and wakes a waiting
 * reader. Method: counted items from several threads against one reader that alternates between waiting and working; run it
 * under TSan too. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include <zyd/io.h>

struct head {
    uint32_t who, n;
};

static void items_come_out_as_they_went_in(void **state)
{
    (void)state;
    size_t lanes[2] = {0, 1000};
    struct zyd_queue *q = zyd_queue_make(sizeof(struct head), lanes, 2);
    uint8_t bytes[300];
    struct head h;
    struct zyd_span b;
    assert_false(zyd_queue_take(q));
    for (uint32_t i = 0; i < 300; i++) {
        memset(bytes, (int)i, sizeof bytes);
        h = (struct head){0, i};
        assert_true(zyd_queue_push(q, 0, &h, zyd_span(bytes, i)));
    }
    assert_true(zyd_queue_take(q));
    for (uint32_t i = 0; i < 300; i++) {
        assert_true(zyd_queue_next(q, &h, &b));
        assert_int_equal(h.n, i);
        assert_int_equal(b.size, i);
        assert_int_equal((uintptr_t)b.data % 16, 0);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(b.data[k], (uint8_t)i);
    }
    assert_false(zyd_queue_next(q, &h, &b));
    zyd_queue_free(q);
}

static void a_full_lane_refuses_and_leaves_the_others_alone(void **state)
{
    (void)state;
    size_t lanes[2] = {1000, 1000};
    struct zyd_queue *q = zyd_queue_make(sizeof(struct head), lanes, 2);
    uint8_t bytes[400] = {0};
    struct head h = {0, 0};
    struct zyd_span b;
    assert_true(zyd_queue_push(q, 0, &h, zyd_span(bytes, 400)));
    assert_true(zyd_queue_push(q, 0, &h, zyd_span(bytes, 400)));
    assert_false(zyd_queue_push(q, 0, &h, zyd_span(bytes, 400)));
    assert_true(zyd_queue_push(q, 1, &h, zyd_span(bytes, 400)));
    assert_true(zyd_queue_take(q));
    assert_true(zyd_queue_push(q, 0, &h, zyd_span(bytes, 400))); /* what was taken counts no more */
    int n = 0;
    while (zyd_queue_next(q, &h, &b))
        n++;
    assert_int_equal(n, 3);
    zyd_queue_free(q);
}

#define WRITERS 4
#define EACH 20000u
struct writer {
    struct zyd_queue *q;
    uint32_t who;
};
static void *writer_main(void *arg)
{
    struct writer *w = arg;
    uint8_t bytes[64];
    for (uint32_t i = 0; i < EACH; i++) {
        struct head h = {w->who, i};
        memset(bytes, (int)(i ^ w->who), sizeof bytes);
        while (!zyd_queue_push(w->q, w->who, &h, zyd_span(bytes, i % 64)))
            sched_yield();
    }
    return NULL;
}

static void four_writers_and_a_sleeping_reader_lose_nothing(void **state)
{
    (void)state;
    size_t lanes[WRITERS] = {4096, 4096, 65536, 0};
    struct zyd_queue *q = zyd_queue_make(sizeof(struct head), lanes, WRITERS);
    pthread_t threads[WRITERS];
    struct writer w[WRITERS];
    for (uint32_t i = 0; i < WRITERS; i++) {
        w[i] = (struct writer){q, i};
        assert_int_equal(pthread_create(&threads[i], NULL, writer_main, &w[i]), 0);
    }
    uint32_t next[WRITERS] = {0}, total = 0;
    while (total < WRITERS * EACH) {
        if (!zyd_queue_arm(q)) {
            struct pollfd p = {.fd = zyd_queue_fd(q), .events = POLLIN};
            assert_int_equal(poll(&p, 1, 20000), 1); /* a lost wake-up ends here */
        }
        struct head h;
        struct zyd_span b;
        assert_true(zyd_queue_take(q));
        while (zyd_queue_next(q, &h, &b)) {
            assert_int_equal(h.n, next[h.who]);
            assert_int_equal(b.size, h.n % 64);
            if (b.size > 0)
                assert_int_equal(b.data[b.size - 1], (uint8_t)(h.n ^ h.who));
            next[h.who]++;
            total++;
        }
    }
    for (uint32_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_false(zyd_queue_take(q));
    zyd_queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_as_they_went_in),
        cmocka_unit_test(a_full_lane_refuses_and_leaves_the_others_alone),
        cmocka_unit_test(four_writers_and_a_sleeping_reader_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
