/* Goal: nothing that a contract does can hurt the node: every misdeed ends its operation with a fixed code and fixed fuel and
 * leaves the state as it was.
 * Method: a guest that misbehaves on command (tests/zoo) runs in the real machine, host and state; after each misdeed the
 * state root of the block must be the one of an empty block. */
#include "tests/lib/ledger_fixture.h"
#include "tests/zoo/zoo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <cmocka.h>

#define ARGS(...) ZYD_FIXTURE_ARGS(__VA_ARGS__)
#define ZOO 3u
#define BIG UINT64_C(0x7fffffffffffffff)
#define MEM UINT64_C(0x20000000)
#define END UINT64_C(0x20010000)
#define IMAGE UINT64_C(0x10000)
#define INPUT UINT64_C(0x30000000)

struct world {
    struct zyd_fixture *f;
    struct zyd_hash object;
};

static int setup(void **state)
{
    static struct world w;
    const uint8_t params[1] = {0x90};
    w.f = zyd_fixture_new(4);
    zyd_fixture_plugin(w.f, ZOO, "zoo", ZYD_PLUGIN_DIR "/zoo.elf");
    zyd_fixture_programme(w.f, 1, ZOO, "ZOO", zyd_span(params, 1));
    zyd_fixture_start(w.f);
    zyd_fixture_block(w.f, zyd_fixture_at(20260105, 9));
    assert_int_equal(zyd_fixture_run(w.f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_MAKE, .programme = 1,
                                                                  .member = 0, .ref = "OBJECT", .args = ARGS(ZOO_EMITS)}),
                     0);
    w.object = w.f->object;
    zyd_fixture_end(w.f);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    zyd_fixture_free(((struct world *)*state)->f);
    return 0;
}

/* Runs one misdeed in a block of its own. */
static uint32_t misdeed(struct world *w, uint16_t event, struct zyd_span args)
{
    struct zyd_fixture *f = w->f;
    struct zyd_hash before = f->root;
    uint64_t leaves = f->leaf_count;
    struct zyd_totals totals = f->totals;
    zyd_fixture_block(f, f->time_ms + 1000);
    uint32_t code = zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = event, .programme = 1, .member = 0,
                                                                .object = &w->object, .expect_seq = 1, .args = args});
    assert_int_equal(f->outcome.posting_count + f->outcome.event_count + f->outcome.warning_count, 0);
    zyd_fixture_end(f);
    if (code != 0) {
        assert_memory_equal(&before, &f->root, sizeof before);
        assert_int_equal(leaves, f->leaf_count);
        assert_memory_equal(&totals, &f->totals, sizeof totals);
    }
    return code;
}

#define EXPECT(code, fuel_, event, args)                                                                               \
    do {                                                                                                               \
        uint32_t got_ = misdeed(w, event, args);                                                                       \
        if (getenv("ZOO_PRINT") != NULL) {                                                                             \
            printf("%s:%d code %u fuel %llu\n", __FILE__, __LINE__, got_, (unsigned long long)w->f->outcome.fuel);     \
        } else {                                                                                                       \
            assert_int_equal(got_, code);                                                                              \
            assert_int_equal(w->f->outcome.fuel, fuel_);                                                               \
        }                                                                                                              \
    } while (0)

/* Only the code: many calls that differ in one argument. */
#define RAW(...) misdeed(w, ZOO_RAW, ARGS(__VA_ARGS__))

static void test_an_endless_loop_ends_with_fuel(void **state)
{
    struct world *w = *state;
    EXPECT(ZYD_CODE_FUEL, 5001300, ZOO_LOOP, ARGS(0));
}

static void test_endless_recursion_ends_with_memory(void **state)
{
    struct world *w = *state;
    EXPECT(ZYD_CODE_MEMORY, 12794, ZOO_RECURSE, ARGS(0));
}

static void test_a_frame_larger_than_memory_ends_with_memory(void **state)
{
    struct world *w = *state;
    EXPECT(ZYD_CODE_MEMORY, 1324, ZOO_STACK, ARGS(0));
}

static void test_wild_loads_and_stores_end_with_memory(void **state)
{
    struct world *w = *state;
    EXPECT(ZYD_CODE_MEMORY, 1362, ZOO_STORE, ARGS(0));
    static const uint64_t bad_stores[] = {0, 1, IMAGE, IMAGE + 0x1000, INPUT, MEM - 1, END, BIG, UINT64_MAX};
    static const uint64_t bad_loads[] = {0, IMAGE - 1, MEM - 1, END, INPUT - 1, INPUT + 16384, BIG, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad_stores / sizeof bad_stores[0]; i++) {
        assert_int_equal(misdeed(w, ZOO_STORE, ARGS(bad_stores[i])), ZYD_CODE_MEMORY);
    }
    for (size_t i = 0; i < sizeof bad_loads / sizeof bad_loads[0]; i++) {
        assert_int_equal(misdeed(w, ZOO_LOAD, ARGS(bad_loads[i])), ZYD_CODE_MEMORY);
    }
}

static void test_wild_jumps_end_with_instruction(void **state)
{
    struct world *w = *state;
    EXPECT(ZYD_CODE_INSTRUCTION, 1361, ZOO_JUMP, ARGS(0));
    static const uint64_t bad[] = {2, IMAGE - 4, IMAGE + 0x40000, MEM, INPUT, BIG, UINT64_MAX, UINT64_MAX - 3};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(misdeed(w, ZOO_JUMP, ARGS(bad[i])), ZYD_CODE_INSTRUCTION);
    }
}

static void test_a_breakpoint_ends_with_instruction(void **state)
{
    struct world *w = *state;
    EXPECT(ZYD_CODE_INSTRUCTION, 1317, ZOO_EBREAK, ARGS(0));
}

static void test_an_unknown_host_call_ends_with_instruction(void **state)
{
    struct world *w = *state;
    EXPECT(ZYD_CODE_INSTRUCTION, 2218, ZOO_RAW, ARGS(1, 0, 0, 0, 0, 0, 0, 0));
    static const uint64_t bad[] = {40, 63, 64, 93, 255, 256, 65536 + 1, UINT64_C(1) << 32 | 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(RAW(1, bad[i], 0, 0, 0, 0, 0, 0), ZYD_CODE_INSTRUCTION);
    }
}

static void test_a_nonsense_return_is_bad_return(void **state)
{
    struct world *w = *state;
    EXPECT(ZYD_CODE_BAD_RETURN, 1363, ZOO_RETURN, ARGS(1));
    assert_int_equal(misdeed(w, ZOO_RETURN, ARGS(UINT64_MAX)), ZYD_CODE_BAD_RETURN);
    assert_int_equal(misdeed(w, ZOO_RETURN, ARGS(UINT64_C(1) << 32)), ZYD_CODE_BAD_RETURN);
    assert_int_equal(misdeed(w, ZOO_RETURN, ARGS(9114)), ZYD_CODE_BAD_RETURN);
}

static void test_an_operation_that_makes_nothing_is_bad_return(void **state)
{
    struct world *w = *state;
    struct zyd_fixture *f = w->f;
    zyd_fixture_block(f, f->time_ms + 1000);
    assert_int_equal(zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_NOTHING, .programme = 1,
                                                                .member = 0, .ref = "NOTHING"}),
                     ZYD_CODE_BAD_RETURN);
    zyd_fixture_end(f);
}

static void test_memory_is_fresh_in_every_call(void **state)
{
    struct world *w = *state;
    EXPECT(1001, 32053, ZOO_FILL, ARGS(0));
    /* PUTS stores what lies at the start of memory: zeros again */
    assert_int_equal(misdeed(w, ZOO_NOTHING, ARGS(0)), 0);
}

static void test_a_contract_may_not_refuse_in_the_hosts_name(void **state)
{
    struct world *w = *state;
    static const uint64_t reserved[] = {0,         9114, 9120, 9121, 9122, 9123, 9124, 9125, 9126, 65536, UINT64_C(1) << 32,
                                        UINT64_MAX};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        assert_int_equal(RAW(1, CT_SYS_FAIL, reserved[i], 0, 0, 0, 0, 0), ZYD_CODE_ABORT);
    }
    assert_int_equal(RAW(1, CT_SYS_FAIL, 1, 0, 0, 0, 0, 0), 1);
    assert_int_equal(RAW(1, CT_SYS_FAIL, 65535, 0, 0, 0, 0, 0), 65535);
}

static void test_a_refusal_drops_all_that_was_done(void **state)
{
    struct world *w = *state;
    EXPECT(1234, 21832, ZOO_WASTE, ARGS(1234));
}

/* Where each host call takes its pointers: bit i: argument i; a size behind the pointer that makes sense. */
struct pointer_case {
    uint16_t number;
    uint8_t pointer; /* which argument is made wild */
    bool writes;     /* the host writes there */
    uint64_t size;   /* bytes it touches */
    uint64_t args[6];
};
static const struct pointer_case pointer_cases[] = {
    {CT_SYS_GET, 1, false, 32, {ZOO, 0, 32, MEM, 64, 0}},
    {CT_SYS_PUT, 0, false, 4, {0, 4, MEM, 4, 0, 0}},
    {CT_SYS_PUT, 2, false, 4, {MEM, 4, 0, 4, 0, 0}},
    {CT_SYS_POST, 1, false, 1, {7, 0, MEM, 5, 0, 0}},
    {CT_SYS_POST, 2, false, 1, {7, MEM, 0, 5, 0, 0}},
    {CT_SYS_POST, 4, false, 32, {7, MEM, MEM, 5, 0, 0}},
    {CT_SYS_OBLIGATION, 0, true, 88, {0, 0, 0, 0, 0, 0}},
    {CT_SYS_OBLIGATION_GET, 0, true, 88, {0, MEM, 0, 0, 0, 0}},
    {CT_SYS_OBLIGATION_GET, 1, false, 32, {MEM, 0, 0, 0, 0, 0}},
    {CT_SYS_DEADLINE, 0, false, 32, {0, 1, 0, 0, 0, 0}},
    {CT_SYS_EMIT, 1, false, 8, {1, 0, 8, 0, 0, 0}},
    {CT_SYS_MULDIV, 0, true, 16, {0, MEM, 0, 0, 0, 0}},
    {CT_SYS_MULDIV, 1, false, 48, {MEM, 0, 0, 0, 0, 0}},
    {CT_SYS_SHA256, 0, true, 32, {0, MEM, 8, 0, 0, 0}},
    {CT_SYS_SHA256, 1, false, 8, {MEM, 0, 8, 0, 0, 0}},
    {CT_SYS_MEMBER, 1, true, 13, {0, 0, 0, 0, 0, 0}},
    {CT_SYS_MEMBER_FIND, 0, false, 4, {0, 4, 0, 0, 0, 0}},
    {CT_SYS_BALANCE, 0, true, 32, {0, 0, MEM, 0, 0, 0}},
    {CT_SYS_BALANCE, 2, false, 1, {MEM, 0, 0, 0, 0, 0}},
    {CT_SYS_PARAMS, 1, true, 1, {1, 0, 64, 0, 0, 0}},
    {CT_SYS_OBLIGATION_MOVE, 0, false, 32, {0, 1, 0, 0, 0, 0}},
};

static void test_every_host_call_refuses_wild_pointers(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof pointer_cases / sizeof pointer_cases[0]; i++) {
        const struct pointer_case *c = &pointer_cases[i];
        const uint64_t wild[] = {0, 1, IMAGE - 1, MEM - 1, MEM - c->size, END - c->size + 1, END, INPUT - c->size,
                                 INPUT + 16384, BIG, UINT64_MAX - c->size + 1, UINT64_MAX,
                                 c->writes ? IMAGE : 2, c->writes ? INPUT : 3};
        for (size_t k = 0; k < sizeof wild / sizeof wild[0]; k++) {
            uint64_t a[8] = {1, c->number};
            memcpy(a + 2, c->args, sizeof c->args);
            a[2 + c->pointer] = wild[k];
            if (c->number == CT_SYS_POST && c->pointer == 4 && wild[k] == 0) {
                continue; /* NULL: no obligation */
            }
            uint32_t code = misdeed(w, ZOO_RAW, zyd_fixture_args(a, 8));
            if (code != ZYD_CODE_MEMORY) {
                fail_msg("host call %u, argument %u = %llx: code %u", c->number, c->pointer, (unsigned long long)wild[k], code);
            }
        }
    }
}

/* The last byte of memory under the stack's own: 4 KiB below the end nothing lives while RAW runs. */
#define ROOM (END - 4096)

static void test_a_record_goes_out_only_where_it_fits(void **state)
{
    struct world *w = *state;
    uint64_t object_at = INPUT + offsetof(struct ct_call, object);
    assert_int_equal(RAW(1, CT_SYS_GET, ZOO, object_at, 32, ROOM, 0, 0), ZYD_CODE_LIMIT); /* it has one byte */
    assert_int_equal(RAW(1, CT_SYS_GET, ZOO, object_at, 32, ROOM, 1, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_endless_loop_ends_with_fuel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_endless_recursion_ends_with_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_frame_larger_than_memory_ends_with_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wild_loads_and_stores_end_with_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wild_jumps_end_with_instruction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_breakpoint_ends_with_instruction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_unknown_host_call_ends_with_instruction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_nonsense_return_is_bad_return, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_operation_that_makes_nothing_is_bad_return, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_is_fresh_in_every_call, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_contract_may_not_refuse_in_the_hosts_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refusal_drops_all_that_was_done, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_host_call_refuses_wild_pointers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_record_goes_out_only_where_it_fits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
