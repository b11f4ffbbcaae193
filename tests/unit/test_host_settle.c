/* Goal: a settlement contract moves obligations of its programmes, nobody else does, and what waits for it is listed.
 * Method: the zoo's guest makes obligations under four programmes; a native contract moves them as its arguments say.
 * The fixture checks conservation, open obligations and account histories by a full scan after every block. */
#include "tests/lib/ledger_fixture.h"
#include "tests/zoo/zoo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ARGS(...) ZYD_FIXTURE_ARGS(__VA_ARGS__)
#define ZOO 3u
#define MOVER 5u
enum { LOAN = 1, SUBSIDY = 2, ALONE = 3, CYCLE = 4, OTHER = 6 };
#define FISCAL 3u

static uint8_t arg_bytes[8192];

/* args [move, id ...]: the same move for each; emits the ages. */
static int64_t mover(const struct ct_call *call, uint64_t size)
{
    struct ct_rd rd = ct_args(call);
    uint32_t count = ct_rd_array(&rd);
    assert_true(size >= sizeof *call);
    if (call->sys) {
        ct_emit(2, call->args_size == 0 ? NULL : (const uint8_t *)call + call->args_offset, call->args_size);
        return 0;
    }
    if (count > 0) {
        enum ct_move move = (enum ct_move)ct_rd_u64(&rd, UINT64_MAX);
        for (uint32_t i = 1; i < count; i++) {
            uint32_t age = ct_obligation_move(ct_rd_id(&rd), move);
            ct_emit(1, &age, sizeof age);
        }
    }
    uint8_t one = 1;
    ct_put(call->object, CT_ID_SIZE, &one, 1);
    return 0;
}

struct world {
    struct zyd_fixture *f;
    struct zyd_hash loan, subsidy, alone;
    unsigned refs;
};
static struct world w;

static struct zyd_hash make(uint16_t programme)
{
    char ref[16];
    snprintf(ref, sizeof ref, "R%u", w.refs++);
    assert_int_equal(zyd_fixture_run(w.f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_MAKE, .programme = programme,
                                                                  .ref = ref, .args = ARGS(0)}),
                     0);
    return w.f->object;
}

static int setup(void **state)
{
    static const char *const codes[] = {"BANK", "GUAR", "REG", "PFIN", "BANK2"};
    const uint8_t params[1] = {0x90};
    w = (struct world){.f = zyd_fixture_new(5)};
    for (uint16_t i = 0; i < 5; i++) {
        zyd_fixture_member(w.f, i, codes[i], i == FISCAL ? ZYD_ROLE_FISCAL : ZYD_ROLE_OTHER);
    }
    zyd_fixture_plugin(w.f, ZOO, "zoo", ZYD_PLUGIN_DIR "/zoo.elf");
    zyd_fixture_native(w.f, MOVER, "mover", mover);
    zyd_fixture_programme(w.f, LOAN, ZOO, "LOAN", zyd_span(params, 1))->settlement = CYCLE;
    zyd_fixture_programme(w.f, SUBSIDY, ZOO, "SUBSIDY", zyd_span(params, 1))->settlement = CYCLE;
    zyd_fixture_programme(w.f, ALONE, ZOO, "ALONE", zyd_span(params, 1));
    zyd_fixture_programme(w.f, CYCLE, MOVER, "CYCLE", zyd_span(params, 1));
    zyd_fixture_programme(w.f, OTHER, MOVER, "OTHER", zyd_span(params, 1));
    zyd_fixture_start(w.f);
    zyd_fixture_block(w.f, zyd_fixture_at(20260105, 9));
    w.loan = make(LOAN);
    w.subsidy = make(SUBSIDY);
    w.alone = make(ALONE);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zyd_fixture_end(w.f);
    zyd_fixture_free(w.f);
    return 0;
}

static struct zyd_hash oblige(uint16_t programme, const struct zyd_hash *object, uint64_t debtor, uint64_t creditor,
                              uint64_t amount)
{
    struct zyd_hash id;
    assert_int_equal(zyd_fixture_run(w.f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_OBLIGE, .programme = programme,
                                                                  .object = object, .expect_seq = UINT64_MAX,
                                                                  .args = ARGS(debtor, creditor, amount, 0)}),
                     0);
    memcpy(id.b, w.f->events[0].data.data, sizeof id.b);
    return id;
}

static uint32_t move_as(uint16_t programme, enum ct_move move, const struct zyd_hash *ids, uint32_t count)
{
    char ref[16];
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, count + 1);
    zyd_wr_u64(&wr, move);
    for (uint32_t i = 0; i < count; i++) {
        zyd_wr_hash(&wr, &ids[i]);
    }
    snprintf(ref, sizeof ref, "M%u", w.refs++);
    zyd_fixture_end(w.f);
    zyd_fixture_block(w.f, w.f->time_ms + 1000);
    return zyd_fixture_run(w.f, &(struct zyd_fixture_op){.contract = MOVER, .programme = programme, .ref = ref,
                                                        .args = zyd_wr_span(&wr)});
}
static uint32_t move(enum ct_move m, const struct zyd_hash *id)
{
    return move_as(CYCLE, m, id, 1);
}

static uint8_t state_of(const struct zyd_hash *id)
{
    struct zyd_obligation o;
    assert_true(zyd_fixture_obligation(w.f, &o, id));
    return o.state;
}

static void expect_list(uint16_t settlement, uint64_t next, uint64_t waiting)
{
    struct zyd_hash key;
    zyd_obligation_list_key(&key, settlement, NULL);
    struct zyd_span value = zyd_fixture_get(w.f, NULL, &key);
    assert_int_equal(value.size, 16);
    assert_int_equal(zyd_get64(value.data), next);
    assert_int_equal(zyd_get64(value.data + 8), waiting);
}

static void expect_entry(uint16_t settlement, uint64_t number, const struct zyd_hash *id)
{
    struct zyd_hash key;
    zyd_obligation_list_key(&key, settlement, &number);
    struct zyd_span value = zyd_fixture_get(w.f, NULL, &key);
    assert_int_equal(value.size, 32);
    assert_memory_equal(value.data, id->b, 32);
}

static void test_obligations_of_all_programmes_join_the_list_of_their_settlement_programme(void **state)
{
    (void)state;
    struct zyd_hash key;
    struct zyd_hash a = oblige(LOAN, &w.loan, 0, 1, 100), b = oblige(SUBSIDY, &w.subsidy, 1, 2, 200);
    struct zyd_hash gross = oblige(SUBSIDY, &w.subsidy, FISCAL, 0, 300), alone = oblige(ALONE, &w.alone, 0, 1, 400);
    expect_list(CYCLE, 3, 2); /* the gross one is listed and does not count as waiting */
    expect_entry(CYCLE, 0, &a);
    expect_entry(CYCLE, 1, &b);
    expect_entry(CYCLE, 2, &gross);
    zyd_obligation_list_key(&key, OTHER, NULL);
    assert_int_equal(zyd_fixture_get(w.f, NULL, &key).size, 0);
    assert_int_equal(move(CT_MOVE_LOCK, &alone), ZYD_CODE_RANGE); /* its programme names no settlement programme */
}

static void test_an_obligation_goes_through_a_cycle_and_its_maker_hears(void **state)
{
    (void)state;
    struct zyd_hash id = oblige(LOAN, &w.loan, 1, 0, 188493284);
    assert_int_equal(move(CT_MOVE_LOCK, &id), 0);
    assert_int_equal(state_of(&id), CT_OBL_LOCKED);
    expect_list(CYCLE, 1, 0);
    assert_int_equal(move(CT_MOVE_INSTRUCT, &id), 0);
    assert_int_equal(state_of(&id), CT_OBL_INSTRUCTED);
    assert_int_equal(move(CT_MOVE_SETTLE, &id), 0);
    assert_int_equal(state_of(&id), CT_OBL_SETTLED);
    /* E16, rows 1 and 2: in the obligation's programme */
    assert_int_equal(w.f->outcome.posting_count, 2);
    const struct zyd_posting *p = w.f->postings;
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(p[i].label, ZYD_LABEL_NETTED);
        assert_int_equal(p[i].programme, LOAN);
        assert_int_equal(p[i].amount.fen, 188493284);
        assert_memory_equal(p[i].obligation.b, id.b, 32);
    }
    assert_int_equal(p[0].member, 1);
    assert_string_equal(p[0].dr, "2141.BANK");
    assert_string_equal(p[0].cr, "2199");
    assert_int_equal(p[1].member, 0);
    assert_string_equal(p[1].dr, "2199");
    assert_string_equal(p[1].cr, "1141.GUAR");
    assert_true(w.f->totals.open_obligations == 0);
    zyd_fixture_end(w.f);
    assert_int_equal(zyd_fixture_block(w.f, w.f->time_ms + 1000), 1); /* the maker's SYS call */
    assert_true(zyd_fixture_outcome(w.f, 0));
    assert_int_equal(w.f->outcome.code, 0);
    assert_int_equal(w.f->outcome.event, CT_EVENT_SETTLED);
    assert_int_equal(w.f->outcome.contract, ZOO);
    assert_memory_equal(w.f->outcome.object.b, w.loan.b, 32);
    for (enum ct_move m = CT_MOVE_LOCK; m <= CT_MOVE_RELEASE; m++) {
        assert_int_equal(move(m, &id), ZYD_CODE_BAD_STATE);
    }
}

static void test_a_rolled_obligation_waits_again_and_ages(void **state)
{
    (void)state;
    struct zyd_hash id = oblige(LOAN, &w.loan, 1, 0, 500);
    uint32_t age;
    for (uint32_t round = 0; round < 3; round++) {
        assert_int_equal(move(CT_MOVE_LOCK, &id), 0);
        memcpy(&age, w.f->events[0].data.data, 4);
        assert_int_equal(age, round > 1 ? 2 : round);
        if (round == 1) {
            assert_int_equal(move(CT_MOVE_INSTRUCT, &id), 0);
        }
        assert_int_equal(move(round == 2 ? CT_MOVE_RELEASE : CT_MOVE_ROLL, &id), 0);
        assert_int_equal(state_of(&id), CT_OBL_CREATED);
        expect_list(CYCLE, round + 2, 1);
        expect_entry(CYCLE, round + 1, &id);
    }
    memcpy(&age, w.f->events[0].data.data, 4);
    assert_int_equal(age, 2); /* RELEASE does not age */
    struct zyd_obligation o;
    assert_true(zyd_fixture_obligation(w.f, &o, &id));
    assert_int_equal(o.value_date, 20260105);
}

static void test_only_the_settlement_programme_moves_and_only_from_the_right_state(void **state)
{
    (void)state;
    struct zyd_hash id = oblige(LOAN, &w.loan, 1, 0, 500), gross = oblige(LOAN, &w.loan, FISCAL, 0, 5), none = {{7}};
    assert_int_equal(move_as(OTHER, CT_MOVE_LOCK, &id, 1), ZYD_CODE_RANGE); /* the contract for another programme */
    assert_int_equal(move_as(0, CT_MOVE_LOCK, &id, 1), ZYD_CODE_RANGE);
    assert_int_equal(move(CT_MOVE_LOCK, &none), ZYD_CODE_UNKNOWN_OBJECT);
    assert_int_equal(move(CT_MOVE_LOCK, &gross), ZYD_CODE_BAD_STATE); /* ruling 29 */
    assert_int_equal(move((enum ct_move)0, &id), ZYD_CODE_RANGE);
    assert_int_equal(move((enum ct_move)7, &id), ZYD_CODE_RANGE);
    for (enum ct_move m = CT_MOVE_INSTRUCT; m <= CT_MOVE_RELEASE; m++) {
        assert_int_equal(move(m, &id), ZYD_CODE_BAD_STATE);
    }
    assert_int_equal(move(CT_MOVE_LOCK, &id), 0);
    assert_int_equal(move(CT_MOVE_LOCK, &id), ZYD_CODE_BAD_STATE);
    assert_int_equal(move(CT_MOVE_SETTLE, &id), ZYD_CODE_BAD_STATE); /* not instructed yet */
    assert_int_equal(state_of(&id), CT_OBL_LOCKED);
    assert_int_equal(move(CT_MOVE_REVERSE, &id), ZYD_CODE_RANGE);
}

static void test_the_maker_reverses_what_is_in_no_cycle(void **state)
{
    (void)state;
    struct zyd_hash a = oblige(LOAN, &w.loan, 1, 0, 500);
    expect_list(CYCLE, 1, 1);
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REVERSE, .programme = LOAN, .object = &w.loan,
                                .expect_seq = UINT64_MAX};
    struct zyd_wr id = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&id, 1);
    zyd_wr_hash(&id, &a);
    op.args = zyd_wr_span(&id);
    assert_int_equal(zyd_fixture_run(w.f, &op), 0);
    assert_int_equal(state_of(&a), CT_OBL_REVERSED);
    assert_true(w.f->totals.open_obligations == 0);
    expect_list(CYCLE, 1, 0);
    id.size = 0;
    zyd_wr_array(&id, 1);
    zyd_wr_hash(&id, &a);
    assert_int_equal(zyd_fixture_run(w.f, &op), ZYD_CODE_BAD_STATE);
    assert_int_equal(move(CT_MOVE_LOCK, &a), ZYD_CODE_BAD_STATE);
    struct zyd_hash b = oblige(LOAN, &w.loan, 1, 0, 500);
    assert_int_equal(move(CT_MOVE_LOCK, &b), 0);
    id.size = 0;
    zyd_wr_array(&id, 1);
    zyd_wr_hash(&id, &b);
    assert_int_equal(zyd_fixture_run(w.f, &op), ZYD_CODE_ALREADY_INSTRUCTED);
    op.programme = SUBSIDY; /* another programme of the same contract */
    op.object = &w.subsidy;
    assert_int_equal(zyd_fixture_run(w.f, &op), ZYD_CODE_RANGE);
    assert_int_equal(state_of(&b), CT_OBL_LOCKED);
}

static void test_sixty_four_move_in_one_call_at_a_flat_price(void **state)
{
    (void)state;
    struct zyd_hash ids[128];
    for (uint32_t i = 0; i < 128; i++) {
        ids[i] = oblige(LOAN, &w.loan, 1 + i % 2, 0, 100 + i);
    }
    assert_int_equal(move_as(CYCLE, CT_MOVE_LOCK, ids, 64), 0);
    assert_int_equal(move_as(CYCLE, CT_MOVE_LOCK, ids + 64, 64), 0);
    uint64_t fuel = w.f->outcome.fuel;
    assert_in_range(fuel, 64 * 7500, 64 * 7800 + 10000); /* flat: what a move costs does not depend on what else waits */
    assert_int_equal(move_as(CYCLE, CT_MOVE_INSTRUCT, ids, 64), 0);
    assert_int_equal(move_as(CYCLE, CT_MOVE_SETTLE, ids, 64), 0);
    assert_in_range(w.f->outcome.fuel, 64 * 23500, 64 * 23800 + 10000);
    assert_int_equal(w.f->outcome.posting_count, 128);
    assert_int_equal(move_as(CYCLE, CT_MOVE_ROLL, ids + 64, 64), 0);
    assert_in_range(w.f->outcome.fuel, 64 * 10500, 64 * 10800 + 10000);
    expect_list(CYCLE, 128 + 64, 64);
    assert_true(w.f->totals.open_obligations == 64 * 100 + (64 + 127) * 64 / 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_obligations_of_all_programmes_join_the_list_of_their_settlement_programme),
        T(test_an_obligation_goes_through_a_cycle_and_its_maker_hears),
        T(test_a_rolled_obligation_waits_again_and_ages),
        T(test_only_the_settlement_programme_moves_and_only_from_the_right_state),
        T(test_the_maker_reverses_what_is_in_no_cycle),
        T(test_sixty_four_move_in_one_call_at_a_flat_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
