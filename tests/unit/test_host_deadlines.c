/* Goal: the host's own rules hold: deadlines fire in order, once and in time; contradictory votes are evidence.
 * Method: short scripts on a ledger in memory with the zoo's guest as contract; the fixture checks conservation of money by a
 * full scan after every block. */
#include "host_rig.h"

/* ---- deadlines ---- */

static void due(struct zyd_fixture *f, const struct zyd_hash *object, uint64_t number, uint64_t ms)
{
    assert_int_equal(act(f, object, ZOO_DUE, ARGS(number, ms)), 0);
}

static void expect_fired(struct zyd_fixture *f, uint32_t i, const struct zyd_hash *object, uint8_t number, uint64_t ms,
                         uint32_t code)
{
    assert_true(zyd_fixture_outcome(f, i));
    assert_int_equal(f->outcome.code, code);
    assert_int_equal(f->outcome.due_ms, ms);
    assert_int_equal(f->outcome.deadline, number);
    assert_memory_equal(&f->outcome.object, object, 32);
}

static void test_deadlines_fire_by_instant_then_object_then_number(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", 0), b = make(f, 1, "B", 0);
    struct zyd_hash *low = zyd_hash_cmp(&a, &b) < 0 ? &a : &b, *high = low == &a ? &b : &a;
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, high, 1, t);
    due(f, high, 2, t - 1);
    due(f, low, 7, t);
    due(f, low, 3, t);
    due(f, low, 5, t + 1);
    due(f, low, 8, t + 2);
    due(f, low, 8, 0);        /* cleared */
    due(f, low, 4, t - 5000);
    due(f, low, 4, t + 5000); /* moved: the old entry is only a hint */
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t - 2), 0);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t), 4);
    expect_fired(f, 0, high, 2, t - 1, 0);
    expect_fired(f, 1, low, 3, t, 0);
    expect_fired(f, 2, low, 7, t, 0);
    expect_fired(f, 3, high, 1, t, 0);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t + 9999), 2);
    expect_fired(f, 0, low, 5, t + 1, 0);
    expect_fired(f, 1, low, 4, t + 5000, 0);
}

static void test_a_deadline_runs_with_its_own_time_and_raises_no_number(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", 0);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 1, t);
    assert_int_equal(f->outcome.seq, 2);
    next_day(f, 20260120);
    expect_fired(f, 0, &a, 1, t, 0);
    assert_int_equal(f->outcome.seq, 2);
    assert_int_equal(f->events[0].data.data[0], (uint8_t)t); /* the guest saw the deadline's instant, little-endian */
}

static void test_a_failing_deadline_is_recorded_and_not_retried(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_REFUSES), b = make(f, 1, "B", ZOO_LOOPS), c = make(f, 1, "C", ZOO_EMITS);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 1, t);
    due(f, &b, 1, t + 1);
    due(f, &c, 1, t + 2);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t + 10), 3);
    expect_fired(f, 0, &a, 1, t, 1003);
    assert_int_equal(f->outcome.event_count, 0);
    expect_fired(f, 1, &b, 1, t + 1, ZYD_CODE_FUEL);
    expect_fired(f, 2, &c, 1, t + 2, 0);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t + 20), 0);
}

static void test_a_deadline_set_into_the_past_joins_the_same_queue(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_RECALLS);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 2, t);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t), 2);
    expect_fired(f, 0, &a, 2, t, 0);
    expect_fired(f, 1, &a, 1, t - 3600000, 0);
}

static void test_deadlines_take_at_most_half_a_block_and_go_on_in_the_next(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_REARMS), b = make(f, 1, "B", ZOO_EMITS);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 1, t);
    due(f, &b, 1, t + 1);
    zyd_fixture_end(f);
    uint32_t first = zyd_fixture_block(f, t + 5);
    assert_in_range(first, 100, ZYD_BLOCK_OPS_MAX / 2);
    assert_in_range(f->block.fuel_used, 1, f->c.g.fuel_block / 2);
    assert_true(zyd_host_sys_due(f->host, f->state, f->overlay, t + 5));
    zyd_fixture_end(f);
    assert_true(zyd_host_sys_due(f->host, f->state, NULL, t + 5));
    assert_in_range(zyd_fixture_block(f, t + 6), 100, ZYD_BLOCK_OPS_MAX / 2);
}

static void test_an_operation_first_fires_what_is_due_of_its_object(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_EMITS), b = make(f, 1, "B", ZOO_EMITS);
    due(f, &a, 3, f->time_ms); /* due at once, and the SYS phase of this block is over */
    due(f, &b, 1, f->time_ms);
    uint32_t before = f->block.op_count;
    assert_int_equal(act(f, &a, ZOO_RETURN, ARGS(1)), ZYD_CODE_BAD_RETURN); /* the firing stays although the operation fails */
    assert_int_equal(f->last_count, 2);
    assert_int_equal(f->last_ok, 1);
    expect_fired(f, before, &a, 3, f->time_ms, 0);
    assert_int_equal(act(f, &a, ZOO_NOTHING, ARGS(0)), 0);
    assert_int_equal(f->last_count, 1);
    next_day(f, 20260106);
    assert_int_equal(f->sys_count, 1); /* b's; a's is consumed */
}

static void test_a_countersigner_first_fires_what_is_due_of_the_object(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_EMITS);
    due(f, &a, 3, f->time_ms);
    struct zyd_hash id = ask(f, &a, 2);
    due(f, &a, 4, f->time_ms); /* raises the number: the pending operation will be stale, but the deadline comes first */
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &id), ZYD_CODE_STALE_STATE);
    assert_int_equal(f->last_count, 2);
}

static void test_an_object_that_rearms_for_ever_cannot_hold_up_a_block(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_REARMS);
    due(f, &a, 1, f->time_ms);
    assert_int_equal(act(f, &a, ZOO_NOTHING, ARGS(0)), ZYD_CODE_LIMIT);
    assert_int_equal(f->last_count, 17);
}

static void test_sys_due_tells_when_a_block_is_needed(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_EMITS);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 1, t);
    due(f, &a, 1, t + 1000); /* the entry at t is stale now */
    zyd_fixture_end(f);
    assert_false(zyd_host_sys_due(f->host, f->state, NULL, t - 1));
    assert_false(zyd_host_sys_due(f->host, f->state, NULL, t + 999));
    assert_true(zyd_host_sys_due(f->host, f->state, NULL, t + 1000));
    assert_int_equal(zyd_fixture_block(f, t + 1000), 1);
    assert_false(zyd_host_sys_due(f->host, f->state, f->overlay, t + 5000));
    zyd_fixture_end(f);
    assert_false(zyd_host_sys_due(f->host, f->state, NULL, t + 5000));
}

/* ---- evidence ---- */

static void vote(uint8_t out[ZYD_VOTE_SIZE], const struct zyd_fixture *f, uint8_t type, uint64_t view, uint8_t hash)
{
    struct zyd_vote v = {.type = type, .epoch = 1, .view = view, .signer = 2};
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    if (type != ZYD_VOTE_X) {
        v.height = 5;
        memset(v.hash.b, hash, 32);
    }
    zyd_vote_preimage(preimage, &f->c.g.hash, &v);
    zyd_sig_sign(&v.sig, f->c.sk[f->c.g.validators[2]][0], preimage, sizeof preimage);
    zyd_vote_encode(out, &v);
}

static uint32_t accuse(struct zyd_fixture *f, const char *ref, const uint8_t a[ZYD_VOTE_SIZE], const uint8_t b[ZYD_VOTE_SIZE])
{
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 2);
    zyd_wr_bin(&wr, a, ZYD_VOTE_SIZE);
    zyd_wr_bin(&wr, b, ZYD_VOTE_SIZE);
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.event = ZYD_HOST_EVIDENCE, .member = 1, .ref = ref,
                                                       .class_ = ZYD_ENV_EVIDENCE, .args = zyd_wr_span(&wr)});
}

static void test_contradictory_votes_are_recorded_once(void **state)
{
    struct zyd_fixture *f = *state;
    uint8_t n1[ZYD_VOTE_SIZE], n2[ZYD_VOTE_SIZE], n3[ZYD_VOTE_SIZE], f1[ZYD_VOTE_SIZE], f2[ZYD_VOTE_SIZE], x[ZYD_VOTE_SIZE];
    vote(n1, f, ZYD_VOTE_N, 9, 1);
    vote(n2, f, ZYD_VOTE_N, 9, 2);
    vote(n3, f, ZYD_VOTE_N, 9, 3);
    vote(f1, f, ZYD_VOTE_F, 9, 1);
    vote(f2, f, ZYD_VOTE_F, 9, 2);
    vote(x, f, ZYD_VOTE_X, 9, 0);
    assert_int_equal(accuse(f, "E1", n1, n2), 0);
    assert_int_equal(accuse(f, "E2", n1, n2), ZYD_CODE_DUP_KEY);
    assert_int_equal(accuse(f, "E3", n2, n1), ZYD_CODE_DUP_KEY);
    assert_int_equal(accuse(f, "E4", n1, n3), ZYD_CODE_DUP_KEY); /* one record a view and rule */
    assert_int_equal(accuse(f, "E5", f1, f2), 0);
    assert_int_equal(accuse(f, "E6", n1, f2), 0);
    assert_int_equal(accuse(f, "E7", x, f1), 0);
    assert_int_equal(accuse(f, "E8", f1, x), ZYD_CODE_DUP_KEY);
    struct zyd_hash key;
    uint8_t name[22] = {'e', 'v', 'i', 'd', 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 4};
    zyd_record_key(&key, 0, zyd_span(name, sizeof name));
    assert_int_equal(zyd_fixture_get(f, NULL, &key).size, 4 + 2 * ZYD_VOTE_SIZE);
}

static void test_votes_that_agree_or_are_forged_accuse_nobody(void **state)
{
    struct zyd_fixture *f = *state;
    uint8_t n1[ZYD_VOTE_SIZE], n2[ZYD_VOTE_SIZE], f1[ZYD_VOTE_SIZE], x[ZYD_VOTE_SIZE], later[ZYD_VOTE_SIZE];
    vote(n1, f, ZYD_VOTE_N, 9, 1);
    vote(n2, f, ZYD_VOTE_N, 9, 2);
    vote(f1, f, ZYD_VOTE_F, 9, 1);
    vote(x, f, ZYD_VOTE_X, 9, 0);
    vote(later, f, ZYD_VOTE_N, 10, 2);
    assert_int_equal(accuse(f, "E1", n1, n1), ZYD_CODE_RANGE);
    assert_int_equal(accuse(f, "E2", n1, f1), ZYD_CODE_RANGE);
    assert_int_equal(accuse(f, "E3", n1, x), ZYD_CODE_RANGE);
    assert_int_equal(accuse(f, "E4", x, x), ZYD_CODE_RANGE);
    assert_int_equal(accuse(f, "E5", n1, later), ZYD_CODE_RANGE);
    for (size_t i = 0; i < ZYD_VOTE_SIZE; i++) { /* every changed byte, whatever it then says */
        uint8_t forged[ZYD_VOTE_SIZE];
        memcpy(forged, n2, sizeof forged);
        forged[i] ^= 1;
        uint32_t code = accuse(f, "E6", n1, forged);
        assert_true(code == ZYD_CODE_BAD_SIGNATURE || (code == ZYD_CODE_RANGE && i < ZYD_VOTE_SIZE - ZYD_SIG_SIZE));
    }
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 2);
    zyd_wr_bin(&wr, n1, sizeof n1);
    zyd_wr_bin(&wr, n2, sizeof n2);
    const struct zyd_fixture_op business = {.event = ZYD_HOST_EVIDENCE, .member = 1, .ref = "E7", .args = zyd_wr_span(&wr)};
    assert_int_equal(zyd_fixture_run(f, &business), ZYD_CODE_RANGE); /* only in an envelope of class 3 */
    const struct zyd_fixture_op other = {.contract = ZOO, .event = ZOO_MAKE, .programme = 1, .member = 1, .ref = "E8",
                                         .class_ = ZYD_ENV_EVIDENCE, .args = ARGS(0)};
    assert_int_equal(zyd_fixture_run(f, &other), ZYD_CODE_RANGE); /* and nothing else in one */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_deadlines_fire_by_instant_then_object_then_number),
        T(test_a_deadline_runs_with_its_own_time_and_raises_no_number),
        T(test_a_failing_deadline_is_recorded_and_not_retried),
        T(test_a_deadline_set_into_the_past_joins_the_same_queue),
        T(test_deadlines_take_at_most_half_a_block_and_go_on_in_the_next),
        T(test_an_operation_first_fires_what_is_due_of_its_object),
        T(test_a_countersigner_first_fires_what_is_due_of_the_object),
        T(test_an_object_that_rearms_for_ever_cannot_hold_up_a_block),
        T(test_sys_due_tells_when_a_block_is_needed),
        T(test_contradictory_votes_are_recorded_once),
        T(test_votes_that_agree_or_are_forged_accuse_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
