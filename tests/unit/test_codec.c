/* Goal: one value has one encoding; the reader never reads past the end and stays failed after a failure.
 * Method: the bounds of every form written and read back; each form one size too large; hostile nesting and counts;
 * random bytes: whatever is accepted re-encodes to itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <zyd/codec.h>

static struct zyd_rd rd_of(const void *data, size_t size)
{
    return zyd_rd_of(zyd_span(data, size));
}

static void integers_round_trip_at_every_bound(void **state)
{
    (void)state;
    static const int64_t values[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, INT64_MAX, -1, -32,
                                     -33, -128, -129, -32768, -32769, -2147483648LL, -2147483649LL, INT64_MIN};
    static const size_t sizes[] = {1, 1, 1, 2, 2, 3, 3, 5, 5, 9, 9, 1, 1, 2, 2, 3, 3, 5, 5, 9, 9};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t buf[16];
        struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
        zyd_wr_i64(&w, values[i]);
        assert_int_equal(w.size, sizes[i]);
        struct zyd_rd r = rd_of(buf, w.size);
        assert_true(zyd_rd_i64(&r, INT64_MIN, INT64_MAX) == values[i]);
        assert_int_equal(zyd_rd_done(&r), ZYD_OK);
        for (size_t n = 0; n < w.size; n++) {
            r = rd_of(buf, n);
            assert_int_equal(zyd_rd_i64(&r, INT64_MIN, INT64_MAX), 0);
            assert_int_equal(zyd_rd_done(&r), ZYD_E_MALFORMED);
        }
    }
    uint8_t buf[16];
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
    zyd_wr_u64(&w, UINT64_MAX);
    struct zyd_rd r = rd_of(buf, w.size);
    assert_true(zyd_rd_u64(&r, UINT64_MAX) == UINT64_MAX);
    r = rd_of(buf, w.size);
    assert_int_equal(zyd_rd_i64(&r, INT64_MIN, INT64_MAX), 0);
    assert_true(r.bad);
}

static void longer_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t size, bytes[9];
    } bad[] = {
        {2, {0xcc, 0x7f}},          {3, {0xcd, 0x00, 0xff}},       {5, {0xce, 0, 0, 0xff, 0xff}},
        {9, {0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},           {2, {0xd0, 0x05}},
        {2, {0xd0, 0xe0}},          {3, {0xd1, 0xff, 0x80}},       {5, {0xd2, 0xff, 0xff, 0x80, 0}},
        {9, {0xd3, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0}},        {3, {0xd1, 0x01, 0x00}},
        {3, {0xd9, 1, 'a'}},        {4, {0xda, 0, 1, 'a'}},        {3, {0xdc, 0, 0}},
        {5, {0xdd, 0, 0, 0, 0}},    {4, {0xc5, 0, 1, 'a'}},        {1, {0x80}},
        {5, {0xca, 0, 0, 0, 0}},    {1, {0xc1}},                   {3, {0xd4, 1, 2}},
        {2, {0xc7, 0}},             {9, {0xcb, 0, 0, 0, 0, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct zyd_rd r = rd_of(bad[i].bytes, bad[i].size);
        assert_int_equal(zyd_rd_skip(&r).size, 0);
        assert_int_equal(zyd_rd_done(&r), ZYD_E_MALFORMED);
    }
}

static void text_is_utf8_without_control_characters(void **state)
{
    (void)state;
    static const char *const good[] = {"", "a", "\xe6\x94\xbf\xe9\x93\xb6\xe6\x8b\x85", "\xf0\x9f\x8d\xba", "\xc2\xa0",
                                       "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x01", "\x7f", "\xc2\x85", "\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
                                      "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe6\x94",
                                      "\xe6\x94\x41", "\xff", "a\nb"};
    uint8_t buf[64];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
        zyd_wr_str(&w, good[i], strlen(good[i]));
        struct zyd_rd r = rd_of(buf, w.size);
        assert_int_equal(zyd_rd_str(&r, 0, 20).size, strlen(good[i]));
        assert_int_equal(zyd_rd_done(&r), ZYD_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
        zyd_wr_str(&w, bad[i], strlen(bad[i]));
        struct zyd_rd r = rd_of(buf, w.size);
        (void)zyd_rd_str(&r, 0, 20);
        assert_true(r.bad);
        r = rd_of(buf, w.size);
        (void)zyd_rd_skip(&r);
        assert_true(r.bad);
    }
}

static void depth_and_items_are_bounded(void **state)
{
    (void)state;
    uint8_t deep[16], wide[1024];
    memset(deep, 0x91, sizeof deep);
    deep[8] = 1;
    struct zyd_rd r = rd_of(deep, 9); /* eight arrays and a number */
    assert_int_equal(zyd_rd_skip(&r).size, 9);
    deep[8] = 0x91;
    deep[9] = 1;
    r = rd_of(deep, 10);
    assert_int_equal(zyd_rd_skip(&r).size, 0);
    memset(wide, 0, sizeof wide);
    wide[0] = 0xdc;
    zyd_put16(wide + 1, 511);
    r = rd_of(wide, 3 + 511);
    assert_int_equal(zyd_rd_skip(&r).size, 3 + 511);
    zyd_put16(wide + 1, 512);
    r = rd_of(wide, 3 + 512);
    assert_int_equal(zyd_rd_skip(&r).size, 0);
    static const uint8_t hostile[] = {0xdd, 0xff, 0xff, 0xff, 0xff}; /* four billion values that are not there */
    r = rd_of(hostile, sizeof hostile);
    assert_int_equal(zyd_rd_skip(&r).size, 0);
    r = rd_of(hostile, sizeof hostile);
    assert_int_equal(zyd_rd_array(&r, 100), 0);
    static const uint8_t claims[] = {0xc6, 0xff, 0xff, 0xff, 0xff};
    r = rd_of(claims, sizeof claims);
    assert_int_equal(zyd_rd_bin(&r, SIZE_MAX).size, 0);
    assert_true(r.bad);
}

static void a_reader_that_failed_stays_failed(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x05, 0xc3, 0x05, 0x05};
    struct zyd_rd r = rd_of(bytes, sizeof bytes);
    assert_int_equal(zyd_rd_u64(&r, 4), 0); /* above its bound */
    assert_false(zyd_rd_bool(&r));
    assert_int_equal(zyd_rd_u64(&r, 9), 0);
    assert_int_equal(zyd_rx_u8(&r), 0);
    assert_false(zyd_rd_nil(&r));
    assert_int_equal(zyd_rd_done(&r), ZYD_E_MALFORMED);
    struct zyd_hash h;
    memset(&h, 1, sizeof h);
    zyd_rd_hash(&r, &h);
    assert_true(zyd_hash_is_zero(&h));
}

static void a_writer_that_is_full_writes_nothing_more(void **state)
{
    (void)state;
    uint8_t buf[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    struct zyd_wr w = zyd_wr_of(buf, 4);
    zyd_wr_u64(&w, 1);
    zyd_wr_u64(&w, UINT64_MAX);
    assert_true(w.full);
    zyd_wr_u64(&w, 1); /* it would fit; but the value before it is missing */
    assert_int_equal(w.size, 1);
    assert_int_equal(buf[1], 9);
}

/* Reads any canonical value and writes it again with our writer. */
static void copy_value(struct zyd_rd *r, struct zyd_wr *w)
{
    struct zyd_rd at = *r;
    uint8_t b = r->data[r->pos];
    if (zyd_rd_nil(r)) {
        zyd_wr_nil(w);
    } else if (b == 0xc2 || b == 0xc3) {
        zyd_wr_bool(w, zyd_rd_bool(r));
    } else if ((b & 0xf0) == 0x90 || b == 0xdc || b == 0xdd) {
        uint32_t n = zyd_rd_array(r, 512);
        zyd_wr_array(w, n);
        for (uint32_t i = 0; i < n; i++) {
            copy_value(r, w);
        }
    } else if (b >= 0xc4 && b <= 0xc6) {
        struct zyd_span s = zyd_rd_bin(r, SIZE_MAX);
        zyd_wr_bin(w, s.data, s.size);
    } else if ((b & 0xe0) == 0xa0 || (b >= 0xd9 && b <= 0xdb)) {
        struct zyd_span s = zyd_rd_str(r, 0, SIZE_MAX);
        zyd_wr_str(w, (const char *)s.data, s.size);
    } else if (b == 0xcf) {
        zyd_wr_u64(w, zyd_rd_u64(r, UINT64_MAX));
    } else {
        zyd_wr_i64(w, zyd_rd_i64(r, INT64_MIN, INT64_MAX));
    }
    assert_false(r->bad);
    (void)at;
}

static void whatever_is_accepted_encodes_to_itself(void **state)
{
    (void)state;
    static const uint8_t heads[] = {0xc0, 0xc2, 0xc4, 0xc5, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd9, 0xda,
                                    0xdc, 0x91, 0x92, 0x93, 0x9f, 0xa1, 0xa3, 0xe0, 0xff, 0x01, 0x7f, 0x80, 0xca, 0xc7};
    uint32_t seed = 1, accepted = 0;
    for (int run = 0; run < 300000; run++) {
        uint8_t in[40], out[64];
        for (size_t i = 0; i < sizeof in; i++) {
            seed = seed * 1664525u + 1013904223u;
            uint32_t x = seed >> 16;
            in[i] = x % 3 == 0 ? heads[(x >> 2) % sizeof heads] : x % 3 == 1 ? 0 : (uint8_t)(x >> 4);
        }
        struct zyd_rd r = rd_of(in, sizeof in);
        struct zyd_span s = zyd_rd_skip(&r);
        if (r.bad) {
            continue;
        }
        struct zyd_rd again = zyd_rd_of(s);
        struct zyd_wr w = zyd_wr_of(out, sizeof out);
        copy_value(&again, &w);
        assert_int_equal(w.size, s.size);
        assert_memory_equal(out, in, s.size);
        accepted += s.size > 1 ? 1 : 0;
    }
    assert_true(accepted > 10000);
}

static void fixed_layouts_round_trip(void **state)
{
    (void)state;
    uint8_t buf[128];
    struct zyd_hash h, g;
    memset(&h, 7, sizeof h);
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
    zyd_wx_u8(&w, 1);
    zyd_wx_u16(&w, 0x0203);
    zyd_wx_u32(&w, 0x04050607);
    zyd_wx_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
    zyd_wx_u128(&w, (zyd_u128)UINT64_C(0x1011121314151617) << 64 | UINT64_C(0x18191a1b1c1d1e1f));
    zyd_wx_hash(&w, &h);
    zyd_wx_block(&w, zyd_span("abc", 3));
    for (uint8_t i = 0; i < 31; i++) {
        assert_int_equal(buf[i], i < 15 ? i + 1 : i + 1);
    }
    struct zyd_rd r = rd_of(buf, w.size);
    assert_int_equal(zyd_rx_u8(&r), 1);
    assert_int_equal(zyd_rx_u16(&r), 0x0203);
    assert_int_equal(zyd_rx_u32(&r), 0x04050607);
    assert_true(zyd_rx_u64(&r) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true((uint64_t)zyd_rx_u128(&r) == UINT64_C(0x18191a1b1c1d1e1f));
    zyd_rx_hash(&r, &g);
    assert_memory_equal(&g, &h, 32);
    assert_int_equal(zyd_rx_block(&r, 3).size, 3);
    assert_int_equal(zyd_rd_done(&r), ZYD_OK);
    r = rd_of(buf + w.size - 7, 7);
    assert_int_equal(zyd_rx_block(&r, 2).size, 0); /* above its bound */
    assert_true(r.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_round_trip_at_every_bound),
        cmocka_unit_test(longer_forms_are_refused),
        cmocka_unit_test(text_is_utf8_without_control_characters),
        cmocka_unit_test(depth_and_items_are_bounded),
        cmocka_unit_test(a_reader_that_failed_stays_failed),
        cmocka_unit_test(a_writer_that_is_full_writes_nothing_more),
        cmocka_unit_test(whatever_is_accepted_encodes_to_itself),
        cmocka_unit_test(fixed_layouts_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
