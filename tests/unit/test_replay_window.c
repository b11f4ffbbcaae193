/* Goal: the replay window holds exactly the ids of blocks that are not older than asked, however its ring has turned.
 * Method: random adds and purges beside a plain list. */
#include "node/replica/replica_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define MAX 200u

static struct zyd_hash id_of(uint32_t n)
{
    struct zyd_hash h;
    zyd_sha256(&h, &n, sizeof n);
    return h;
}

static void the_window_is_the_list_of_what_is_young(void **state)
{
    (void)state;
    struct window w;
    void *mem = calloc(1, zyd_replica_window_footprint(MAX));
    uint64_t time[20000];
    uint32_t first = 0, end = 0;
    uint64_t now = 1000;
    zyd_replica_window_init(&w, mem, MAX);
    srand(7);
    while (end < 15000) {
        now += (uint64_t)(rand() % 50);
        for (int k = rand() % 20; k > 0; k--) {
            struct zyd_hash h = id_of(end);
            if (end - first == MAX) {
                assert_int_equal(zyd_replica_window_add(&w, &h, now), ZYD_E_FULL);
                break;
            }
            assert_int_equal(zyd_replica_window_add(&w, &h, now), ZYD_OK);
            time[end++] = now;
        }
        uint64_t before = now > 400 ? now - 400 : 0;
        zyd_replica_window_purge(&w, before);
        while (first < end && time[first] < before) {
            first++;
        }
        assert_int_equal(w.count, end - first);
        for (uint32_t i = first > 30 ? first - 30 : 0; i < end + 10; i += 1 + (uint32_t)(rand() % 7)) {
            struct zyd_hash h = id_of(i);
            assert_int_equal(zyd_replica_window_has(&w, &h), i >= first && i < end);
        }
    }
    zyd_replica_window_purge(&w, UINT64_MAX);
    assert_int_equal(w.count, 0);
    free(mem);
}

static void a_full_window_takes_nothing_more(void **state)
{
    (void)state;
    struct window w;
    void *mem = calloc(1, zyd_replica_window_footprint(2));
    zyd_replica_window_init(&w, mem, 2);
    struct zyd_hash a = id_of(1), b = id_of(2), c = id_of(3);
    assert_int_equal(zyd_replica_window_add(&w, &a, 1), ZYD_OK);
    assert_int_equal(zyd_replica_window_add(&w, &b, 2), ZYD_OK);
    assert_int_equal(zyd_replica_window_add(&w, &c, 3), ZYD_E_FULL);
    assert_false(zyd_replica_window_has(&w, &c));
    zyd_replica_window_purge(&w, 2);
    assert_false(zyd_replica_window_has(&w, &a));
    assert_int_equal(zyd_replica_window_add(&w, &c, 3), ZYD_OK);
    assert_true(zyd_replica_window_has(&w, &b));
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_is_the_list_of_what_is_young),
        cmocka_unit_test(a_full_window_takes_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
