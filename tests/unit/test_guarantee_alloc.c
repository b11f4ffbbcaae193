/* Goal: ALLOC, share trees, interest and fees give the sums of domain.md (E1 to E7, E6b, E18), and never a negative step.
 * Method: the contract's own files, compiled natively, run as a contract of their own behind the real host (whose exact
 * mul-div they use); the test body runs inside the call and its results are compared outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/ledger_fixture.h"

#include "contracts/guarantee/params.c"
#include <zyd/guarantee_schema.h>

static struct zyd_fixture *fixture;
static void (*body)(struct gu *g);
static unsigned refs;

static int64_t entry(const struct ct_call *call, uint64_t size)
{
    struct gu g = {.call = call};
    uint8_t record = 1;
    (void)size;
    params_open(&g);
    body(&g);
    ct_put(call->object, CT_ID_SIZE, &record, 1);
    return 0;
}

/* Runs f inside a call; returns the operation's code. */
static uint32_t inside(uint16_t programme, void (*f)(struct gu *g))
{
    char ref[16];
    body = f;
    snprintf(ref, sizeof ref, "R%u", refs++);
    return zyd_fixture_run(fixture, &(struct zyd_fixture_op){.contract = 1, .event = 1, .programme = programme, .ref = ref});
}

static const char *const codes[] = {"BANK", "GUAR",   "REG",    "NFGF",     "LGOV",   "PFIN",
                                    "CITY", "COUNTY", "CITY_G", "COUNTY_G", "INSURER"};
#define CODES (sizeof codes / sizeof codes[0])

/* Programme i + 1 is preset i. */
static int setup(void **state)
{
    const size_t count = zyd_product_guarantee.preset_count;
    const struct zyd_preset *presets = zyd_product_guarantee.presets;
    (void)state;
    fixture = zyd_fixture_new((uint16_t)CODES);
    for (uint16_t i = 0; i < CODES; i++) {
        zyd_fixture_member(fixture, i, codes[i], i == 0 ? ZYD_ROLE_BANK : ZYD_ROLE_OTHER);
    }
    zyd_fixture_native(fixture, 1, "arithmetic", entry);
    for (size_t i = 0; i < count; i++) {
        struct zyd_pair pairs[] = {{"preset", presets[i].name}, {"banks", "BANK"}, {"grades", "99"}};
        size_t given = zyd_preset_value(&presets[i], "tiers") != NULL ? 3 : 2;
        struct zyd_members members = zyd_genesis_members(&fixture->c.g);
        uint8_t bytes[2048];
        char why[ZYD_WHY];
        struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
        assert_int_equal(zyd_product_params_encode(&zyd_product_guarantee, &wr, why, pairs, given, &members), ZYD_OK);
        zyd_fixture_programme(fixture, (uint16_t)(i + 1), 1, presets[i].name, zyd_wr_span(&wr));
    }
    zyd_fixture_start(fixture);
    zyd_fixture_block(fixture, zyd_fixture_at(20260105, 9));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zyd_fixture_end(fixture);
    zyd_fixture_free(fixture);
    return 0;
}

/* What the body is asked, and what it answers. */
static int64_t weights[12], memory[12], answer[18], total;
static uint32_t weight_count;

static void ask_alloc(struct gu *g)
{
    (void)g;
    cc_alloc(answer, memory, total, weights, weight_count);
}

static void expect_alloc(int64_t cumulative, const int64_t *want)
{
    total = cumulative;
    assert_int_equal(inside(1, ask_alloc), 0);
    for (uint32_t i = 0; i < weight_count; i++) {
        assert_int_equal(answer[i], want[i]);
    }
}

static void begin(uint32_t count, const int64_t *w)
{
    memset(memory, 0, sizeof memory);
    memcpy(weights, w, count * sizeof *w);
    weight_count = count;
}
#define BEGIN(...) begin(sizeof((int64_t[]){__VA_ARGS__}) / 8, (int64_t[]){__VA_ARGS__})
#define EXPECT(t, ...) expect_alloc(t, (int64_t[]){__VA_ARGS__})

static void example_E1_gives_its_four_parts(void **state)
{
    (void)state;
    BEGIN(400000, 300000, 200000, 100000);
    EXPECT(100000001, 40000001, 30000000, 20000000, 10000000);
}

static void example_E6_gives_its_three_instalments_and_its_sum_at_once(void **state)
{
    (void)state;
    BEGIN(94246642, 47123321, 47123321, 47123321);
    EXPECT(48765433, 19506173, 9753087, 9753087, 9753086);
    EXPECT(48765440, 3, 1, 1, 2);
    EXPECT(61111118, 4938271, 2469136, 2469136, 2469135);
    BEGIN(94246642, 47123321, 47123321, 47123321);
    EXPECT(61111118, 24444447, 12222224, 12222224, 12222223);
}

static void the_fen_that_moves_backwards_is_held(void **state)
{
    (void)state;
    BEGIN(6, 6, 2);
    EXPECT(10, 4, 4, 2);
    EXPECT(11, 1, 0, 0);
    assert_int_equal(memory[0], 5);
    assert_int_equal(memory[1], 4);
    assert_int_equal(memory[2], 2);
    EXPECT(14, 1, 2, 0);
}

/* A layer of a pool that lacked its part: the others paid for it and now it catches up (was a step for each fen). */
static void memory_far_from_the_weights_costs_no_time(void **state)
{
    (void)state;
    BEGIN(500000, 300000, 200000);
    memory[1] = 8000000000000000;
    EXPECT(8000000000000100, 100, 0, 0);
    BEGIN(500000, 300000, 200000);
    memory[0] = 8000000000000000;
    EXPECT(8000000000000101, 0, 101, 0);
}

static void products_beyond_64_bits_are_exact(void **state)
{
    (void)state;
    BEGIN(4500000000000000, 4499999999999999, 1);
    EXPECT(9000000000000000, 4500000000000000, 4499999999999999, 1);
    BEGIN(1000000, 999999, 999998);
    EXPECT(8999999999999999, 3000003000003000, 3000000000000000, 2999996999996999); /* by the model */
}

static void nonsense_ends_the_call_with_its_code(void **state)
{
    (void)state;
    BEGIN(0, 0);
    total = 1;
    assert_int_equal(inside(1, ask_alloc), 9103);
    BEGIN(1, 1);
    memory[0] = 2; /* more was paid than there is in all */
    assert_int_equal(inside(1, ask_alloc), 9104);
}

/* Every node of every preset, fen by fen over several periods: with memory as without, so no clamp is ever needed. */
static int64_t worst;
static void walk_node(const uint8_t *p, uint32_t count)
{
    int64_t w[12], paid[12] = {0}, inc[12], target[12];
    const uint8_t *q = p;
    for (uint32_t i = 0; i < count; i++, q = cc_node_next(q)) {
        w[i] = cc_node_ppm(q);
        if (cc_node_children(q) > 0) {
            walk_node(q + ZYD_GUARANTEE_NODE_SIZE, cc_node_children(q));
        }
    }
    for (int64_t t = 0; t <= 64; t++) {
        int64_t sum = 0;
        cc_alloc(inc, paid, t, w, count);
        cc_alloc(target, 0, t, w, count);
        for (uint32_t i = 0; i < count; i++) {
            worst = inc[i] < worst ? inc[i] : worst;
            worst = target[i] != paid[i] ? -99 : worst;
            sum += paid[i];
        }
        worst = sum != t ? -99 : worst;
    }
}

static int64_t bank_part;
static struct cc_leaves parts;
static void ask_tree(struct gu *g)
{
    cc_tree_check(&g->tree);
    walk_node(g->tree.p, 2);
    bank_part = tree_split(&parts, g, total);
}

/* Nodes REST -> (a 428571, b 428571, c 142858), d: the weights 6:6:2 of E6b one level down. */
static void a_tree_with_memory_never_takes_a_fen_back(void **state)
{
    static const uint8_t nodes[] = {0x00, 0x0a, 0xae, 0x60, 0xff, 0xff, 3, 0, /* 700000 */
                                    0x00, 0x06, 0x8a, 0x1b, 0, 0, 0, 0, 0x00, 0x06, 0x8a, 0x1b, 0, 1, 0, 0,
                                    0x00, 0x02, 0x2e, 0x0a, 0, 2, 0, 0, 0x00, 0x04, 0x93, 0xe0, 0, 3, 0, 0}; /* 300000 */
    struct cc_tree tree;
    struct cc_leaves inc = {0}, whole = {0};
    int64_t memory[4] = {0};
    bool clamped = false;
    (void)state;
    cc_tree_open(&tree, nodes, sizeof nodes, 2);
    cc_tree_check(&tree);
    for (int64_t total = 0; total <= 2000; total += total % 7 + 1) {
        int64_t sum = 0;
        inc.count = whole.count = 0;
        cc_tree_split_more(&inc, tree.p, 2, total, memory);
        cc_tree_split(&whole, tree.p, 2, total);
        assert_int_equal(inc.count, 4);
        for (uint32_t i = 0; i < 4; i++) {
            assert_int_equal(inc.member[i], i);
            assert_true(inc.amount[i] >= 0);
            memory[i] += inc.amount[i];
            sum += memory[i];
            assert_in_range(memory[i] - whole.amount[i] + 2, 0, 4);
            clamped = clamped || memory[i] != whole.amount[i];
        }
        assert_int_equal(sum, total);
    }
    assert_true(clamped); /* without memory a fen would have gone back */
    inc.count = 0;
    cc_tree_split_more(&inc, tree.p + CC_NODE_SIZE, 3, 11, (const int64_t[]){4, 4, 2}); /* E6b */
    assert_int_equal(inc.amount[0], 1);
    assert_int_equal(inc.amount[1], 0);
    assert_int_equal(inc.amount[2], 0);
}

static void every_preset_sums_exactly_and_never_steps_back(void **state)
{
    static const int64_t totals[] = {0, 1, 2, 3, 5, 99, 100, 101, 77777701, 235616605, 8999999999999999, 9000000000000000};
    const size_t count = zyd_product_guarantee.preset_count;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof totals / sizeof totals[0]; k++) {
            worst = 0;
            total = totals[k];
            assert_int_equal(inside((uint16_t)(i + 1), ask_tree), 0);
            assert_int_equal(worst, 0);
            int64_t sum = bank_part;
            for (uint32_t n = 0; n < parts.count; n++) {
                assert_true(parts.amount[n] >= 0);
                sum += parts.amount[n];
            }
            assert_int_equal(sum, total);
        }
    }
}

static void expect_preset(const char *name, int64_t bank, uint32_t count, const int64_t *want)
{
    const size_t n = zyd_product_guarantee.preset_count;
    const struct zyd_preset *presets = zyd_product_guarantee.presets;
    for (uint16_t i = 0; i < n; i++) {
        if (strcmp(presets[i].name, name) == 0) {
            assert_int_equal(inside((uint16_t)(i + 1), ask_tree), 0);
            assert_int_equal(bank_part, bank);
            assert_int_equal(parts.count, count);
            for (uint32_t k = 0; k < count; k++) {
                assert_int_equal(parts.amount[k], want[k]);
            }
            return;
        }
    }
    fail_msg("no preset %s", name);
}
#define PRESET(name, bank, ...)                                                                                        \
    expect_preset(name, bank, sizeof((int64_t[]){__VA_ARGS__}) / 8, (int64_t[]){__VA_ARGS__})

static void each_preset_has_the_shares_of_its_row(void **state)
{
    (void)state;
    total = 1000000; /* so that every part is a share in ppm */
    PRESET("AH4321", 200000, 400000, 300000, 100000);
    PRESET("HN4321", 200000, 200000, 100000, 100000, 300000, 50000, 50000);
    PRESET("NAT2080", 200000, 200000, 200000, 400000);
    PRESET("SC206020", 200000, 200000, 600000);
    PRESET("TECH40", 200000, 400000, 200000, 200000);
    PRESET("TECH35", 200000, 350000, 200000, 250000);
    PRESET("TECH30", 200000, 300000, 200000, 300000);
    PRESET("XC520", 200000, 200000, 200000, 200000, 200000);
    PRESET("TWO82", 200000, 800000);
    PRESET("SZ91", 100000, 900000);
    PRESET("YZB", 200000, 500000, 300000);
    PRESET("ZYDB", 200000, 300000, 300000, 200000);
    PRESET("TECHTIERS", 200000, 300000, 200000, 300000); /* before a tier is chosen */
}

static void example_E2_the_tree_gives_other_fen_than_a_flat_table(void **state)
{
    (void)state;
    total = 77777701;
    PRESET("HN4321", 15555540, 15555541, 7777770, 7777770, 23333310, 3888885, 3888885);
    BEGIN(200000, 100000, 100000, 300000, 200000, 50000, 50000);
    EXPECT(77777701, 15555540, 7777770, 7777770, 23333311, 15555540, 3888885, 3888885);
}

static void ask_sums(struct gu *g)
{
    (void)g;
    answer[0] = cc_interest(5733333340, 0, 43500, 360);
    answer[1] = cc_interest(18036666580, 0, 43500, 360);
    answer[2] = cc_fee(123456789, 10000, 211, 365);
    answer[3] = cc_fee_of_part(123456789, 200000, 1000000, 3000, 211, 365);
    answer[4] = cc_fee(123456789, 10000, 211, 360);
    answer[5] = cc_interest(8679011967, 0, 43500, 360);
    uint64_t lo = 0, hi = 0; /* E18: 64 bits of fen-days are not enough */
    for (int i = 0; i < 3; i++) {
        cc_add_days(&lo, &hi, CC_FEN_MAX, 1000);
    }
    answer[6] = (int64_t)hi;
    answer[7] = (int64_t)lo;
    answer[8] = cc_interest(lo, hi, 43500, 360);
    answer[9] = cc_interest(180000000, 0, 1, 360);  /* exactly half a fen goes up */
    answer[10] = cc_interest(179999999, 0, 1, 360);
    answer[11] = cc_ceil(7, 1, 3); /* the three roundings, by 64 bits and by 128 */
    answer[12] = cc_floor(8, 1, 3);
    answer[13] = cc_half_up(7, 1, 2);
    answer[14] = cc_ceil((ct_u128)1 << 100, 3, (ct_u128)1 << 101);
    answer[15] = cc_floor((ct_u128)1 << 100, 3, (ct_u128)1 << 101);
    answer[16] = cc_half_up((ct_u128)1 << 100, 3, (ct_u128)1 << 101);
    answer[17] = cc_ppm(8001, 750000, CT_CEIL);
}

static void interest_and_fees_are_those_of_E3_to_E5_and_E18(void **state)
{
    static const int64_t want[] = {692778,  2179431, 713682, 42821, 723594, 1048714, 1, 8553255926290448384 /* 27e18 - 2^64 */,
                                   3262500000000000, 1, 0, 3, 2, 4, 2, 1, 2, 6001};
    (void)state;
    assert_int_equal(inside(1, ask_sums), 0);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(answer[i], want[i]);
    }
}

static void ask_dates(struct gu *g)
{
    (void)g;
    answer[0] = cc_settlement_after(20250115, 20, 0x924);
    answer[1] = cc_settlement_after(20250319, 20, 0x924);
    answer[2] = cc_settlement_after(20250320, 20, 0x924); /* later than the date itself */
    answer[3] = cc_settlement_after(20251220, 20, 0x924);
    answer[4] = cc_settlement_after(20240229, 1, 0xfff);
    answer[5] = cc_settlement_after(20250620, 20, 0x800); /* December only */
}

static void settlement_dates_are_the_twentieth_of_the_quarter_end(void **state)
{
    static const int64_t want[] = {20250320, 20250320, 20250620, 20260320, 20240301, 20251220};
    (void)state;
    assert_int_equal(inside(1, ask_dates), 0);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(answer[i], want[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_E1_gives_its_four_parts),
        cmocka_unit_test(example_E6_gives_its_three_instalments_and_its_sum_at_once),
        cmocka_unit_test(the_fen_that_moves_backwards_is_held),
        cmocka_unit_test(memory_far_from_the_weights_costs_no_time),
        cmocka_unit_test(products_beyond_64_bits_are_exact),
        cmocka_unit_test(nonsense_ends_the_call_with_its_code),
        cmocka_unit_test(a_tree_with_memory_never_takes_a_fen_back),
        cmocka_unit_test(every_preset_sums_exactly_and_never_steps_back),
        cmocka_unit_test(each_preset_has_the_shares_of_its_row),
        cmocka_unit_test(example_E2_the_tree_gives_other_fen_than_a_flat_table),
        cmocka_unit_test(interest_and_fees_are_those_of_E3_to_E5_and_E18),
        cmocka_unit_test(settlement_dates_are_the_twentieth_of_the_quarter_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
