/* Goal: every bound of ledger.md 2.8 on a call holds at its exact value, and the arithmetic, calendar and registry calls
 * answer right.
 * Method: the zoo's guest makes the same host call N times and N + 1 times; a native contract computes what needs 128 bits. */
#include "tests/lib/ledger_fixture.h"
#include "tests/zoo/zoo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ARGS(...) ZYD_FIXTURE_ARGS(__VA_ARGS__)
#define ZOO 3u
#define NATIVE 4u
#define MEM UINT64_C(0x20000000)
#define INPUT UINT64_C(0x30000000)

static int64_t (*native_body)(const struct ct_call *call);

static int64_t native_entry(const struct ct_call *call, uint64_t size)
{
    assert_true(size >= sizeof *call);
    return native_body(call);
}

struct world {
    struct zyd_fixture *f;
    struct zyd_hash object;
};

static int setup(void **state)
{
    static struct world w;
    uint8_t params[5] = {0x93, 1, 2, 3, 0x90};
    w.f = zyd_fixture_new(4);
    zyd_fixture_plugin(w.f, ZOO, "zoo", ZYD_PLUGIN_DIR "/zoo.elf");
    zyd_fixture_native(w.f, NATIVE, "native", native_entry);
    zyd_fixture_programme(w.f, 1, ZOO, "ZOO", zyd_span(params, 4));
    zyd_fixture_programme(w.f, 2, NATIVE, "NATIVE", zyd_span(params + 4, 1));
    zyd_fixture_start(w.f);
    zyd_fixture_block(w.f, zyd_fixture_at(20260105, 9));
    assert_int_equal(zyd_fixture_run(w.f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_MAKE, .programme = 1,
                                                                  .ref = "OBJECT", .args = ARGS(ZOO_EMITS)}),
                     0);
    w.object = w.f->object;
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    zyd_fixture_end(w->f);
    zyd_fixture_free(w->f);
    return 0;
}

static uint32_t act(struct world *w, uint16_t event, struct zyd_span args)
{
    return zyd_fixture_run(w->f, &(struct zyd_fixture_op){.contract = ZOO, .event = event, .programme = 1,
                                                          .object = &w->object, .expect_seq = UINT64_MAX, .args = args});
}

/* n host calls are fine, one more is 9123 */
#define AT_MOST(n, ...)                                                                                                \
    do {                                                                                                               \
        assert_int_equal(act(w, ZOO_RAW, ARGS(n, __VA_ARGS__)), 0);                                                    \
        assert_int_equal(act(w, ZOO_RAW, ARGS((n) + 1, __VA_ARGS__)), ZYD_CODE_LIMIT);                                 \
    } while (0)
#define ONCE(...) act(w, ZOO_RAW, ARGS(1, __VA_ARGS__))

static void test_reads_are_bounded(void **state)
{
    struct world *w = *state;
    AT_MOST(1024, CT_SYS_GET, ZOO, MEM, 32, MEM, 8, 0);
    AT_MOST(1024, CT_SYS_OBLIGATION_GET, MEM, MEM + 128, 0, 0, 0, 0);
    AT_MOST(1024, CT_SYS_PARAMS, 1, MEM, 64, 0, 0, 0);
}

static void test_writes_are_bounded(void **state)
{
    struct world *w = *state;
    assert_int_equal(act(w, ZOO_PUTS, ARGS(256, 4096)), 0); /* the largest call: 1 MiB of records */
    assert_int_equal(act(w, ZOO_PUTS, ARGS(256, 0)), 0);
    assert_int_equal(act(w, ZOO_PUTS, ARGS(257, 0)), ZYD_CODE_LIMIT);
    AT_MOST(256, CT_SYS_PUT, MEM, 1, MEM, 4096, 0, 0); /* the same record again counts, too */
    AT_MOST(256, CT_SYS_DEADLINE, INPUT + offsetof(struct ct_call, object), 1, 1, 0, 0, 0);
    assert_int_equal(act(w, ZOO_PUTS, ARGS(1, 4097)), ZYD_CODE_LIMIT);
    assert_int_equal(ONCE(CT_SYS_PUT, MEM, 64, MEM, 1, 0, 0), 0);
    assert_int_equal(ONCE(CT_SYS_PUT, MEM, 65, MEM, 1, 0, 0), ZYD_CODE_LIMIT);
    assert_int_equal(ONCE(CT_SYS_PUT, MEM, 0, MEM, 1, 0, 0), ZYD_CODE_LIMIT);
    assert_int_equal(ONCE(CT_SYS_GET, ZOO, MEM, 65, MEM, 1, 0), ZYD_CODE_LIMIT);
    assert_int_equal(ONCE(CT_SYS_GET, ZOO, MEM, 0, MEM, 1, 0), ZYD_CODE_LIMIT);
    assert_int_equal(ONCE(CT_SYS_GET, 65536, MEM, 1, MEM, 1, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_PUT, MEM, 1, MEM, UINT64_MAX, 0, 0), ZYD_CODE_LIMIT);
}

static void test_postings_are_bounded(void **state)
{
    struct world *w = *state;
    assert_int_equal(act(w, ZOO_POSTS, ARGS(256)), 0);
    assert_int_equal(w->f->outcome.posting_count, 256);
    assert_int_equal(act(w, ZOO_POSTS, ARGS(257)), ZYD_CODE_LIMIT);
}

static void test_events_and_warnings_are_bounded(void **state)
{
    struct world *w = *state;
    AT_MOST(64, CT_SYS_EMIT, 1, MEM, 128, 0, 0, 0); /* 64 times 128 are also all 8 KiB */
    assert_int_equal(ONCE(CT_SYS_EMIT, 1, MEM, 8192, 0, 0, 0), 0);
    assert_int_equal(ONCE(CT_SYS_EMIT, 1, MEM, 8193, 0, 0, 0), ZYD_CODE_LIMIT);
    assert_int_equal(act(w, ZOO_RAW, ARGS(64, CT_SYS_EMIT, 1, MEM, 129, 0, 0, 0)), ZYD_CODE_LIMIT);
    assert_int_equal(ONCE(CT_SYS_EMIT, 65536, MEM, 1, 0, 0, 0), ZYD_CODE_RANGE);
    AT_MOST(64, CT_SYS_WARN, 9106, 0, 0, 0, 0, 0);
    assert_int_equal(ONCE(CT_SYS_WARN, 0, 0, 0, 0, 0, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_WARN, 65536, 0, 0, 0, 0, 0), ZYD_CODE_RANGE);
}

static void test_deadlines_and_labels_are_bounded(void **state)
{
    struct world *w = *state;
    uint64_t object = INPUT + offsetof(struct ct_call, object);
    assert_int_equal(ONCE(CT_SYS_DEADLINE, object, 0, 1, 0, 0, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_DEADLINE, object, 9, 1, 0, 0, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_DEADLINE, object, 255, 1, 0, 0, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_DEADLINE, object, 8, UINT64_C(253402300800000), 0, 0, 0), 0);
    assert_int_equal(ONCE(CT_SYS_DEADLINE, object, 8, UINT64_C(253402300800001), 0, 0, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_DEADLINE, MEM, 1, 1, 0, 0, 0), ZYD_CODE_UNKNOWN_OBJECT);
    assert_int_equal(ONCE(CT_SYS_POST, 0xff00, INPUT, INPUT, 1, 0, 0), ZYD_CODE_RANGE); /* the host's labels */
    assert_int_equal(ONCE(CT_SYS_POST, UINT64_C(1) << 32, INPUT, INPUT, 1, 0, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_REQUIRE, 4, 0, 0, 0, 0, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_MULDIV, MEM, MEM, 3, 0, 0, 0), ZYD_CODE_RANGE);
    assert_int_equal(ONCE(CT_SYS_MULDIV, MEM, MEM, 0, 0, 0, 0), ZYD_CODE_RANGE); /* 0 / 0 */
}

static void test_host_calls_are_paid_for(void **state)
{
    struct world *w = *state;
    uint64_t fuel[2];
    static const struct {
        uint64_t price, call[7];
    } cases[] = {
        {300, {CT_SYS_GET, ZOO, MEM, 32, MEM, 8, 0}},
        {3012, {CT_SYS_PUT, MEM, 1, MEM, 3, 0, 0}},
        {19384, {CT_SYS_PUT, MEM, 1, MEM, 4096, 0, 0}},
        {4000, {CT_SYS_DEADLINE, INPUT + offsetof(struct ct_call, object), 1, 1, 0, 0, 0}},
        {232, {CT_SYS_EMIT, 1, MEM, 8, 0, 0, 0}},
        {424, {CT_SYS_SHA256, MEM, MEM, 8, 0, 0, 0}},
        {20, {CT_SYS_REQUIRE, 0, 0, 0, 0, 0, 0}},
        {20, {CT_SYS_REQUIRE_END, 0, 0, 0, 0, 0, 0}},
        {20, {CT_SYS_WARN, 1, 0, 0, 0, 0, 0}},
        {50, {CT_SYS_WORKDAY_IS, 20260105, 0, 0, 0, 0, 0}},
        {110, {CT_SYS_WORKDAY_ADD, 20260105, 10, 0, 0}},
        {50, {CT_SYS_MEMBER, 0, MEM, 0, 0, 0, 0}},
        {100, {CT_SYS_MEMBER_FIND, MEM, 3, 0, 0, 0, 0}},
        {300, {CT_SYS_PARAMS, 1, MEM, 64, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (uint64_t n = 1; n <= 2; n++) {
            const uint64_t *c = cases[i].call;
            assert_int_equal(act(w, ZOO_RAW, ARGS(n, c[0], c[1], c[2], c[3], c[4], c[5], c[6])), 0);
            fuel[n - 1] = w->f->outcome.fuel;
        }
        /* the second call costs its price and the instructions of one turn of the guest's loop */
        assert_in_range(fuel[1] - fuel[0], cases[i].price + 5, cases[i].price + 20);
    }
}

static void test_input_too_large_for_the_machine_is_refused(void **state)
{
    struct world *w = *state;
    static uint8_t big[ZYD_OP_SIZE_MAX];
    struct zyd_wr wr = zyd_wr_of(big, sizeof big);
    static const uint8_t zeros[16256];
    /* 128 bytes of struct ct_call and 8 for 4 of parameters and their padding stand beside 4 + 16,244 of arguments */
    zyd_wr_array(&wr, 1);
    zyd_wr_bin(&wr, zeros, 16244);
    assert_int_equal(act(w, ZOO_NOTHING, zyd_wr_span(&wr)), 0);
    wr.size = 0;
    zyd_wr_array(&wr, 1);
    zyd_wr_bin(&wr, zeros, 16245);
    assert_int_equal(act(w, ZOO_NOTHING, zyd_wr_span(&wr)), ZYD_CODE_LIMIT);
}

/* ---- answers, seen by a native contract ---- */

static uint32_t native(struct world *w, const char *ref, int64_t (*body)(const struct ct_call *call))
{
    native_body = body;
    return zyd_fixture_run(w->f, &(struct zyd_fixture_op){.contract = NATIVE, .programme = 2, .ref = ref});
}

/* 50 M a block, 5 M a call: once an envelope has spent more than 19.9 M, a call more could take it over half the block. */
static void test_an_envelope_spends_at_most_half_a_block(void **state)
{
    struct world *w = *state;
    struct zyd_fixture_op loop = {
        .contract = ZOO, .event = ZOO_LOOP, .programme = 1, .object = &w->object, .expect_seq = UINT64_MAX, .args = ARGS(0)};
    for (unsigned i = 0; i < 4; i++) {
        loop.same_envelope = i > 0;
        assert_int_equal(zyd_fixture_run(w->f, &loop), ZYD_CODE_FUEL);
    }
    uint64_t spent = w->f->block.fuel_used;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(zyd_fixture_run(w->f, &loop), ZYD_CODE_ENVELOPE_FUEL);
        assert_int_equal(w->f->outcome.fuel, 0);
        assert_false(w->f->outcome.has_object);
    }
    assert_int_equal(w->f->block.fuel_used, spent);
    loop.same_envelope = false; /* the next envelope of the block */
    assert_int_equal(zyd_fixture_run(w->f, &loop), ZYD_CODE_FUEL);
}

static int64_t check_muldiv(const struct ct_call *call)
{
    const ct_u128 one = 1;
    ct_u128 out;
    ct_put(call->object, 32, "x", 1);
    ct_muldiv(&out, 7, 3, 2, CT_FLOOR);
    assert_true(out == 10);
    ct_muldiv(&out, 7, 3, 2, CT_HALF_UP);
    assert_true(out == 11);
    ct_muldiv(&out, 7, 3, 2, CT_CEIL);
    assert_true(out == 11);
    ct_muldiv(&out, 7, 3, 5, CT_HALF_UP);
    assert_true(out == 4);
    ct_muldiv(&out, 7, 3, 7, CT_CEIL);
    assert_true(out == 3);
    ct_muldiv(&out, 0, ~(ct_u128)0, 1, CT_CEIL);
    assert_true(out == 0);
    ct_muldiv(&out, (one << 126) - 1, 1, 1, CT_FLOOR);
    assert_true(out == (one << 126) - 1);
    ct_muldiv(&out, one << 63, one << 62, one << 100, CT_FLOOR); /* 2^125 */
    assert_true(out == one << 25);
    ct_muldiv(&out, (one << 126) - 1, 1, ~(ct_u128)0, CT_HALF_UP); /* the divisor doubled would not fit */
    assert_true(out == 0);
    ct_muldiv(&out, (one << 126) - 1, 1, (one << 127) - 1, CT_HALF_UP);
    assert_true(out == 0);
    ct_muldiv(&out, (one << 126) - 1, 1, (one << 127) - 2, CT_HALF_UP); /* exactly half */
    assert_true(out == 1);
    ct_muldiv(&out, UINT64_C(8679011967), 43500, 360000000, CT_HALF_UP); /* domain.md E5: 37 days of 2,345,678.91 */
    assert_true(out == 1048714);
    return 0;
}

static int64_t check_muldiv_overflow(const struct ct_call *call)
{
    ct_u128 out;
    (void)call;
    ct_muldiv(&out, (ct_u128)1 << 63, (ct_u128)1 << 63, 1, CT_FLOOR); /* 2^126 */
    return 0;
}

static int64_t check_muldiv_by_nothing(const struct ct_call *call)
{
    ct_u128 out;
    (void)call;
    ct_muldiv(&out, 1, 1, 0, CT_FLOOR);
    return 0;
}

static void test_muldiv_rounds_exactly_and_refuses_what_does_not_fit(void **state)
{
    struct world *w = *state;
    assert_int_equal(native(w, "M1", check_muldiv), 0);
    assert_int_equal(native(w, "M2", check_muldiv_overflow), ZYD_CODE_RANGE);
    assert_int_equal(native(w, "M3", check_muldiv_by_nothing), ZYD_CODE_RANGE);
}

static int64_t check_postings(const struct ct_call *call)
{
    uint8_t rows[256], id[32];
    uint16_t member, label;
    int64_t amount;
    struct ct_obligation o = {.debtor = 0, .creditor = 1, .amount = 70, .reason = 3};
    ct_put(call->object, 32, "x", 1);
    assert_int_equal(ct_postings(rows, 0), 0); /* nothing yet */
    ct_obligation(&o);
    ct_post(0, 7, "1001", "2141.M01", 70, o.id);
    ct_post(0, 8, "1001", "1002", 0, NULL); /* posts nothing */
    ct_post(1, 9, "1141.M00", "4011", 5, NULL);
    memset(rows, 0xee, sizeof rows);
    assert_int_equal(ct_postings(rows, 87), -1); /* 16 + 4 + 8 + 32, and 16 + 8 + 4 */
    assert_int_equal(rows[0], 0xee);
    assert_int_equal(ct_postings(rows, sizeof rows), 88);
    assert_int_equal(rows[88], 0xee);
    memcpy(&member, rows + 60, 2);
    memcpy(&label, rows + 62, 2);
    memcpy(&amount, rows + 68, 8);
    assert_int_equal(member, 1);
    assert_int_equal(label, 9);
    assert_true(amount == 5);
    assert_memory_equal(rows + 4, ((uint8_t[]){4, 8, 32, 0}), 4);
    assert_memory_equal(rows + 64, ((uint8_t[]){8, 4, 0, 0}), 4);
    assert_memory_equal(rows + 16, "10012141.M01", 12);
    memcpy(id, rows + 28, 32);
    assert_memory_equal(id, o.id, 32);
    assert_memory_equal(rows + 76, "1141.M004011", 12);
    return 0;
}

static void test_a_call_reads_back_what_it_posted(void **state)
{
    struct world *w = *state;
    assert_int_equal(native(w, "P1", check_postings), 0);
}

static int64_t check_world(const struct ct_call *call)
{
    char code[13];
    uint8_t params[8], hash[32];
    struct ct_balance b;
    static const uint8_t abc[4] = {0xba, 0x78, 0x16, 0xbf};
    ct_put(call->object, 32, "x", 1);
    assert_int_equal(call->abi, CT_ABI);
    assert_int_equal(call->contract, NATIVE);
    assert_int_equal(call->programme, 2);
    assert_int_equal(call->member, 0);
    assert_int_equal(call->has_object, 0);
    assert_int_equal(call->development, 1);
    assert_int_equal(call->seq, 0);
    assert_int_equal(call->date, 20260105);
    assert_true(call->time_ms == zyd_fixture_at(20260105, 9));
    assert_int_equal(call->ref_size, 2);
    assert_memory_equal((const uint8_t *)call + call->ref_offset, "W1", 2);
    assert_int_equal(ct_workday_add(20260105, 0), 20260105);
    assert_int_equal(ct_workday_add(20260105, 10), 20260119);
    assert_int_equal(ct_workday_add(20260109, 1), 20260112);
    assert_true(ct_workday_is(20260105));
    assert_false(ct_workday_is(20260104));
    assert_int_equal(ct_member(0, code), ZYD_ROLE_BANK);
    assert_string_equal(code, "M00");
    assert_int_equal(ct_member(3, code), ZYD_ROLE_FISCAL);
    assert_int_equal(ct_member(4, code), -1);
    assert_int_equal(ct_member_find("M02", 3), 2);
    assert_int_equal(ct_member_find("M09", 3), -1);
    assert_int_equal(ct_member_find("", 0), -1);
    assert_int_equal(ct_params(1, params, sizeof params), 4);
    assert_int_equal(params[0], 0x93);
    assert_int_equal(ct_params(7, params, sizeof params), -1);
    ct_balance(&b, 1, "1001");
    assert_true(b.debits == 0 && b.credits == 0);
    ct_sha256(hash, "abc", 3);
    assert_memory_equal(hash, abc, 4);
    /* host records are read by their names (FORMATS.md) */
    uint8_t record[512];
    assert_true(ct_get(0, "memb\0\2", 6, record, sizeof record) > 18);
    assert_int_equal(ct_get(0, "memb\0\7", 6, record, sizeof record), -1);
    assert_int_equal(ct_get(ZOO, call->object, 32, record, sizeof record), -1); /* that is another owner's name space */
    return 0;
}

static int64_t check_calendar_end(const struct ct_call *call)
{
    (void)call;
    ct_workday_add(20401228, 30);
    return 0;
}

static int64_t check_wrong_date(const struct ct_call *call)
{
    (void)call;
    ct_workday_is(20260230);
    return 0;
}

static void test_a_contract_sees_the_world_it_was_promised(void **state)
{
    struct world *w = *state;
    assert_int_equal(native(w, "W1", check_world), 0);
    assert_int_equal(native(w, "W2", check_calendar_end), ZYD_CODE_CALENDAR_MISSING);
    assert_int_equal(native(w, "W3", check_wrong_date), ZYD_CODE_RANGE);
}

static void test_plugins_are_pinned_by_hash(void **state)
{
    struct world *w = *state;
    const char *why;
    static uint8_t copy[ZYD_OP_SIZE_MAX * 32];
    size_t size = w->f->elf_sizes[0];
    memcpy(copy, w->f->elfs[0], size);
    copy[size - 1] ^= 1;
    assert_int_equal(zyd_host_plugin(w->f->host, &why, zyd_span(copy, size)), ZYD_E_FOREIGN);
    assert_non_null(why);
    assert_int_equal(zyd_host_plugin(w->f->host, &why, zyd_span(copy, 0)), ZYD_E_FOREIGN);
    assert_int_equal(zyd_host_plugin(w->f->host, &why, zyd_span(w->f->elfs[0], size)), ZYD_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_reads_are_bounded),
        T(test_writes_are_bounded),
        T(test_postings_are_bounded),
        T(test_events_and_warnings_are_bounded),
        T(test_deadlines_and_labels_are_bounded),
        T(test_host_calls_are_paid_for),
        T(test_input_too_large_for_the_machine_is_refused),
        T(test_an_envelope_spends_at_most_half_a_block),
        T(test_muldiv_rounds_exactly_and_refuses_what_does_not_fit),
        T(test_a_call_reads_back_what_it_posted),
        T(test_a_contract_sees_the_world_it_was_promised),
        T(test_plugins_are_pinned_by_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
