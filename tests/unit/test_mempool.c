/* Goal: the pool keeps exactly what it took, in order of arrival, within its bounds, and gives every byte back.
 * Method: random histories against a plain list; then the bounds one by one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <zyd/mempool.h>

static uint64_t rng = 1;
static uint64_t rnd(uint64_t n)
{
    uint64_t z = (rng += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % n;
}

static uint8_t BYTES[ZYD_ENV_SIZE_MAX];

/* Envelope number id in its copy-th form: only what the pool looks at. */
static struct zyd_env env_of(uint32_t id, uint32_t copy, size_t size)
{
    struct zyd_env e = {.bytes = zyd_span(BYTES, size), .class_ = 1, .op_count = 1, .sig_count = 1};
    uint8_t n[8];
    zyd_put32(n, id);
    zyd_put32(n + 4, copy);
    zyd_sha256(&e.env_id, n, 4);
    zyd_sha256(&e.env_hash, n, 8);
    e.valid_until_ms = 100 + id % 50;
    e.sigs[0].member = (uint16_t)(id % 5);
    memset(BYTES, (int)(id * 7 + copy), size);
    return e;
}

struct entry {
    uint32_t id, copy;
    size_t size;
    bool pinned;
};
static struct entry list[4096];
static uint32_t listed;

static void list_del(uint32_t at)
{
    memmove(&list[at], &list[at + 1], (listed - at - 1) * sizeof list[0]);
    listed--;
}

static bool offered(uint32_t at) /* the copy of its id that a leader sees */
{
    if (list[at].pinned) {
        return false;
    }
    for (uint32_t i = 0; i < listed; i++) {
        if (list[i].id == list[at].id && i != at && !list[i].pinned && i < at) {
            return false;
        }
    }
    return true;
}

static void check_walk(const struct zyd_pool *p)
{
    uint32_t cursor = 0, i = 0, n = 0;
    uint64_t bytes = 0;
    const struct zyd_pool_item *it;
    while ((it = zyd_pool_next(p, &cursor)) != NULL) {
        n++;
        assert_false(it->pinned);
    }
    for (i = 0; i < listed; i++) {
        struct zyd_env e = env_of(list[i].id, list[i].copy, list[i].size);
        it = zyd_pool_by_hash(p, &e.env_hash);
        assert_non_null(it);
        assert_int_equal(it->bytes.size, list[i].size);
        assert_memory_equal(it->bytes.data, BYTES, list[i].size);
        assert_int_equal(it->pinned, list[i].pinned);
        assert_non_null(zyd_pool_by_id(p, &e.env_id));
        bytes += list[i].size;
    }
    assert_int_equal(zyd_pool_count(p), listed);
    assert_int_equal(zyd_pool_bytes(p), bytes);
    uint32_t ids = 0;
    for (i = 0; i < listed; i++) {
        ids += offered(i) ? 1 : 0;
    }
    assert_int_equal(n, ids);
}

static uint32_t gone_count;
static void gone(void *ctx, const struct zyd_pool_item *it)
{
    (void)it;
    assert_ptr_equal(ctx, &gone_count);
    gone_count++;
}

static void add_one(struct zyd_pool *p)
{
    uint32_t id = (uint32_t)rnd(300), copy = rnd(6) == 0 ? (uint32_t)rnd(6) : 0, copies = 0, at = UINT32_MAX;
    size_t size = 1 + (rnd(10) == 0 ? rnd(9000) : rnd(700));
    bool pin = rnd(4) == 0;
    for (uint32_t i = 0; i < listed; i++) {
        copies += list[i].id == id ? 1 : 0;
        at = list[i].id == id && list[i].copy == copy ? i : at;
    }
    struct zyd_env e = env_of(id, copy, at != UINT32_MAX ? list[at].size : size);
    enum zyd_status st = pin ? zyd_pool_add_pinned(p, &e, 5) : zyd_pool_add(p, &e, 5, 9);
    if (at != UINT32_MAX) {
        assert_int_equal(st, !pin && list[at].pinned ? ZYD_OK : ZYD_E_EXISTS);
        list[at].pinned = list[at].pinned && pin;
    } else if (copies >= 4) {
        assert_int_equal(st, ZYD_E_FULL);
    } else {
        assert_int_equal(st, ZYD_OK);
        list[listed++] = (struct entry){id, copy, size, pin};
    }
}

static void random_histories_agree_with_a_list(void **state)
{
    (void)state;
    struct zyd_pool_limits l = {4u << 20, 4u << 20, 4000};
    void *mem = malloc(zyd_pool_footprint(&l));
    assert_non_null(mem);
    memset(mem, 0xa5, zyd_pool_footprint(&l)); /* it trusts nothing that was there */
    struct zyd_pool *p = zyd_pool_init(mem, &l);
    for (int step = 0; step < 20000; step++) {
        if (rnd(100) < 70) {
            add_one(p);
        } else if (rnd(100) < 97) {
            uint32_t id = (uint32_t)rnd(300);
            struct zyd_env e = env_of(id, 0, 1);
            zyd_pool_remove(p, &e.env_id);
            assert_null(zyd_pool_by_id(p, &e.env_id));
            for (uint32_t i = listed; i > 0; i--) {
                if (list[i - 1].id == id) {
                    list_del(i - 1);
                }
            }
        } else {
            uint64_t time = 95 + rnd(30);
            uint32_t want = 0;
            for (uint32_t i = listed; i > 0; i--) {
                if (100 + list[i - 1].id % 50 <= time) {
                    list_del(i - 1);
                    want++;
                }
            }
            gone_count = 0;
            zyd_pool_expire(p, time, gone, &gone_count);
            assert_int_equal(gone_count, want);
        }
        if (step % 50 == 0) {
            check_walk(p);
        }
    }
    zyd_pool_expire(p, UINT64_MAX, NULL, NULL);
    assert_int_equal(zyd_pool_bytes(p), 0);
    struct zyd_env big = env_of(1, 0, ZYD_ENV_SIZE_MAX); /* all blocks have joined again */
    assert_int_equal(zyd_pool_add(p, &big, 0, 0), ZYD_OK);
    free(mem);
}

static void a_member_cannot_fill_the_pool(void **state)
{
    (void)state;
    struct zyd_pool_limits l = {8u << 20, 2u << 20, 100};
    void *mem = malloc(zyd_pool_footprint(&l));
    struct zyd_pool *p = zyd_pool_init(mem, &l);
    struct zyd_env e = env_of(0, 0, ZYD_ENV_SIZE_MAX);
    assert_int_equal(zyd_pool_add(p, &e, 0, 0), ZYD_OK);
    e = env_of(5, 0, ZYD_ENV_SIZE_MAX);
    assert_int_equal(zyd_pool_add(p, &e, 0, 0), ZYD_OK);
    e = env_of(10, 0, 1);
    assert_int_equal(zyd_pool_add(p, &e, 0, 0), ZYD_E_FULL);
    e = env_of(1, 0, 1);
    assert_int_equal(zyd_pool_add(p, &e, 0, 0), ZYD_OK);
    free(mem);
}

static void a_full_pool_still_takes_what_a_block_needs(void **state)
{
    (void)state;
    struct zyd_pool_limits l = {2u << 20, 2u << 20, 10};
    void *mem = malloc(zyd_pool_footprint(&l));
    struct zyd_pool *p = zyd_pool_init(mem, &l);
    for (uint32_t i = 0; i < 2; i++) {
        struct zyd_env e = env_of(i, 0, ZYD_ENV_SIZE_MAX);
        assert_int_equal(zyd_pool_add(p, &e, 0, 0), ZYD_OK);
    }
    for (uint32_t i = 2; i < 10; i++) { /* two whole blocks */
        struct zyd_env e = env_of(i, 0, ZYD_ENV_SIZE_MAX);
        assert_int_equal(zyd_pool_add(p, &e, 0, 0), ZYD_E_FULL);
        assert_int_equal(zyd_pool_add_pinned(p, &e, 0), ZYD_OK);
    }
    struct zyd_env e = env_of(11, 0, ZYD_ENV_SIZE_MAX);
    assert_int_equal(zyd_pool_add_pinned(p, &e, 0), ZYD_E_FULL);
    uint32_t cursor = 0, n = 0;
    while (zyd_pool_next(p, &cursor) != NULL) {
        n++;
    }
    assert_int_equal(n, 2);
    free(mem);
}

static void the_walk_is_in_order_of_arrival(void **state)
{
    (void)state;
    struct zyd_pool_limits l = {1u << 20, 1u << 20, 100};
    void *mem = malloc(zyd_pool_footprint(&l));
    struct zyd_pool *p = zyd_pool_init(mem, &l);
    static const uint32_t ids[] = {9, 3, 7, 1, 8};
    for (size_t i = 0; i < 5; i++) {
        struct zyd_env e = env_of(ids[i], 0, 10);
        assert_int_equal(zyd_pool_add(p, &e, (int64_t)i, 0), ZYD_OK);
    }
    struct zyd_env e = env_of(7, 0, 10);
    zyd_pool_remove(p, &e.env_id);
    static const int64_t want[] = {0, 1, 3, 4};
    uint32_t cursor = 0;
    for (size_t i = 0; i < 4; i++) {
        const struct zyd_pool_item *it = zyd_pool_next(p, &cursor);
        assert_non_null(it);
        assert_int_equal(it->arrived_ms, want[i]);
    }
    assert_null(zyd_pool_next(p, &cursor));
    assert_null(zyd_pool_next(p, &cursor));
    free(mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_agree_with_a_list),
        cmocka_unit_test(a_member_cannot_fill_the_pool),
        cmocka_unit_test(a_full_pool_still_takes_what_a_block_needs),
        cmocka_unit_test(the_walk_is_in_order_of_arrival),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
