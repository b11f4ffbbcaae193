/* Goal: CONFIRM and NOTICE hold their rows of domain.md 3.5 (rulings 28, 30); each refusal changes nothing.
 * Method: as in test_cycle.c; after a refusal the state root must be the one before. */
#include "cycle_rig.h"

/* ---- CONFIRM ---- */

static void test_confirm_is_checked(void **state)
{
    (void)state;
    e16_computed();
    struct zyd_hash good = statement(BANK1), bad = good, none = {{1}};
    bad.b[0] ^= 1;
    assert_int_equal(confirm_with(BANK1, &bad, NULL, 0), 5003);
    assert_int_equal(confirm_with(BANK2, &good, NULL, 0), 5003); /* another's statement */
    assert_int_equal(confirm_with(AUD, &good, NULL, 0), 9102);
    assert_int_equal(confirm_with(BANK1, &good, &none, 1), 9115);
    assert_int_equal(confirm_with(BANK1, &good, &ids[6], 1), 9115); /* a gross one is in no cycle */
    assert_int_equal(confirm_with(BANK1, &good, &ids[2], 1), 9104); /* between NFGF and GUAR */
    struct zyd_hash was = cycle;
    cycle = none;
    assert_int_equal(confirm_with(BANK1, &good, NULL, 0), 9115);
    cycle = was;
    prog = AGENT; /* another programme's cycle */
    assert_int_equal(confirm_with(BANK1, &good, NULL, 0), 9104);
    prog = PROG;
    assert_int_equal(confirm(BANK1), 0);
    assert_int_equal(confirm(BANK1), 9109);
    assert_int_equal(notice_with(BANK1, 1, "N0000000000000001", 1, "", today()), 9111); /* nothing is instructed */
    until(c.confirm_ms);
    assert_true(look(1));
    good = statement(BANK1);
    uint64_t end = c.confirm_ms;
    until(end);
    assert_int_equal(confirm_with(BANK1, &good, NULL, 0), 9111);
}

static void test_what_a_member_refuses_leaves_and_the_rest_is_confirmed_anew(void **state)
{
    (void)state;
    e16_computed();
    struct zyd_hash hash = statement(GUAR), refused[2] = {ids[10], ids[4]};
    assert_int_equal(confirm_with(GUAR, &hash, refused, 2), 0);
    assert_int_equal(confirm(BANK1), 0);
    assert_int_equal(confirm(BANK2), 0);
    assert_int_equal(confirm(REG), 0);
    assert_int_equal(confirm(PFIN), 0);
    assert_int_equal(confirm(NFGF), 0); /* the last answer: cut again */
    until(now + 10);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_COMPUTED);
    assert_int_equal(c.round, 1);
    assert_int_equal(c.active, 7);
    assert_int_equal(c.confirmed, 0);
    assert_int_equal(c.needed, B(BANK1) | B(BANK2) | B(GUAR) | B(REG) | B(NFGF)); /* gross lists were confirmed */
    assert_int_equal(net(GUAR), -122618601 + 30000000 + 85642);
    assert_int_equal(net(BANK2), 21222222 - 30000000);
    assert_int_equal(obligation(10).state, CT_OBL_CREATED);
    assert_int_equal(obligation(4).state, CT_OBL_CREATED);
    struct zyd_hash gone = ids[10];
    hash = statement(GUAR);
    assert_int_equal(confirm_with(GUAR, &hash, &gone, 1), 9111); /* it is out already */
    confirm_all(1);
    for (uint32_t i = 1; i <= c.instr_count; i++) {
        pay(i);
    }
    until(now + 10);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(balance(m, "2199"), 0);
    }
    assert_int_equal(obligation(0).state, CT_OBL_SETTLED);
}

static void test_who_is_silent_refuses_all_of_its_own(void **state)
{
    (void)state;
    e16_computed();
    assert_int_equal(confirm(BANK1), 0);
    assert_int_equal(confirm(BANK2), 0);
    assert_int_equal(confirm(GUAR), 0);
    assert_int_equal(confirm(REG), 0); /* NFGF and PFIN say nothing */
    uint32_t n = until(c.confirm_ms);
    assert_true(warned_since_block(n, 5003));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_COMPUTED);
    assert_int_equal(c.round, 1);
    assert_int_equal(net(GUAR), -169741922); /* the page's second cut: without 3 and 6 */
    assert_int_equal(net(REG), -39259902);
    assert_int_equal(net(NFGF), 0);
    confirm_all(1);
    expect_instr(1, GUAR, BANK1, 169741922);
    expect_instr(2, REG, BANK2, 21222222);
    expect_instr(3, REG, BANK1, 18037680);
    pay(1);
    pay(2);
    pay(3);
    until(now + 10);
    assert_true(look(1));
    e16_settled();
}

static void test_a_silent_fiscal_member_holds_nothing_up(void **state)
{
    (void)state;
    e16_computed();
    for (uint16_t m = BANK1; m <= NFGF; m++) {
        assert_int_equal(confirm(m), 0);
    }
    uint32_t n = until(c.confirm_ms);
    assert_true(warned_since_block(n, 5003));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_INSTRUCTED);
    assert_int_equal(c.round, 0);
    assert_int_equal(c.active, 9);
}

static void test_a_third_refusal_closes_the_cycle_and_rolls_all(void **state)
{
    (void)state;
    e16_computed();
    static const uint32_t refused[3] = {5, 4, 3};
    for (uint32_t round = 0; round < 3; round++) {
        assert_true(look(1));
        assert_int_equal(c.round, round);
        uint64_t needed = c.needed;
        for (uint16_t m = 0; m < MEMBERS; m++) {
            struct zyd_hash hash = statement(m);
            bool party = e16[refused[round]].debtor == m;
            if ((needed >> m & 1) != 0) {
                assert_int_equal(confirm_with(m, &hash, &ids[refused[round]], party ? 1 : 0), 0);
            }
        }
        until(now + 10);
    }
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.round, 2);
    assert_int_equal(c.active, 0);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(obligation(i).state, CT_OBL_CREATED);
    }
    assert_int_equal(balance(GUAR, "1001"), 0);
}

/* Nothing that a member can send makes it so: a fen is added to a record behind the contract's back. */
static void test_positions_that_do_not_sum_to_zero_halt_the_cycle(void **state)
{
    struct zyd_cycle_member wrong[64];
    struct zyd_record r;
    struct zyd_hash key;
    uint8_t name[33] = {'M'};
    (void)state;
    e16_computed();
    memcpy(name + 1, cycle.b, 32);
    zyd_record_key(&key, CYCLE, zyd_span(name, sizeof name));
    now += 10;
    zyd_fixture_block(f, now);
    assert_int_equal(zyd_overlay_get(f->overlay, &r, &key), ZYD_OK);
    size_t size = r.value.size;
    memcpy(wrong, r.value.data, size);
    wrong[PFIN].paid++; /* positions themselves are summed anew in each round */
    struct zyd_span value = zyd_span(wrong, size);
    assert_int_equal(zyd_overlay_put(f->overlay, &key, r.owner, r.kind, r.flags, r.seq, value, f->height), ZYD_OK);
    zyd_fixture_end(f);
    struct zyd_hash hash = statement(GUAR);
    assert_int_equal(confirm_with(GUAR, &hash, &ids[10], 1), 0);
    assert_int_equal(confirm(BANK1), 0);
    assert_int_equal(confirm(BANK2), 0);
    assert_int_equal(confirm(REG), 0);
    assert_true(look(1));
    assert_int_equal(confirm(PFIN), 0);
    assert_int_equal(confirm(NFGF), 0); /* the last answer: cut again, and computed */
    uint32_t halted = 0;
    for (uint32_t block = 0; block < 3; block++) { /* a slice of work is called a millisecond after the one before */
        now += 10;
        uint32_t n = zyd_fixture_block(f, now);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(zyd_fixture_outcome(f, i));
            halted += f->outcome.code == 5002;
        }
        zyd_fixture_end(f);
    }
assert_int_equal(halted, 1);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CUT_OFF); /* and there it stays: its obligations are locked, nobody pays */
    assert_int_equal(obligation(0).state, CT_OBL_LOCKED);
    until(now + 86400000);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CUT_OFF);
}

/* ---- NOTICE ---- */

static void test_notices_are_checked(void **state)
{
    (void)state;
    e16_instructed();
    struct zyd_cycle_instruction i = instr(1); /* GUAR pays BANK1; BANK1 keeps GUAR's account */
    char other[36];
    int32_t day = today();
    strcpy(other, i.end_to_end);
    other[24] = other[24] == '0' ? '1' : '0';
    assert_int_equal(notice_with(BANK1, 1, other, i.amount, "6222-GUAR", day), 5004);
    assert_int_equal(notice_with(BANK1, 1, "N", i.amount, "6222-GUAR", day), 5004);
    memcpy(other, i.end_to_end, 26);
    memcpy(other + 13, "0005", 4);
    assert_int_equal(notice_with(BANK1, 1, other, i.amount, "6222-GUAR", day), 5004);
    assert_int_equal(notice_with(BANK1, 1, i.end_to_end, i.amount - 1, "6222-GUAR", day), 5005);
    assert_int_equal(notice_with(BANK1, 1, i.end_to_end, i.amount, "6222-GUAX", day), 5005);
    assert_int_equal(notice_with(BANK1, 1, i.end_to_end, i.amount, "", day), 5005);
    assert_int_equal(notice_with(BANK1, 0, i.end_to_end, i.amount, "6222-GUAR", day), 9104);
    assert_int_equal(notice_with(BANK1, 3, i.end_to_end, i.amount, "6222-GUAR", day), 9104);
    assert_int_equal(notice_with(BANK1, 1, i.end_to_end, i.amount, "6222-GUAR", 20260106), 9112);
    assert_int_equal(notice_with(GUAR, 1, i.end_to_end, i.amount, "6222-GUAR", day), 9102); /* not its own bank */
    assert_int_equal(notice_with(BANK2, 1, i.end_to_end, i.amount, "6222-GUAR", day), 9102);
    assert_int_equal(notice(1, 1), 0);
    assert_int_equal(notice(1, 1), 9109);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_SETTLING);
    assert_int_equal(c.unmatched, 4);
    assert_int_equal(notice(1, 2), 0);
    assert_int_equal(notice(1, 2), 9109);
    assert_true(look(1));
    assert_int_equal(c.unmatched, 3);
    assert_int_equal(rows[GUAR].paid, 122618601);
    assert_int_equal(rows[BANK1].received, 122618601);
    pay(3);
    pay(4);
    until(c.pay_ms);
    assert_int_equal(notice(2, 1), 9106); /* NFGF is too late: its payment is void */
}

/* A payer that fails after it had paid a part gets that part back. */
static void test_a_payer_that_fails_half_way_is_paid_back(void **state)
{
    (void)state;
    e16_instructed();
    pay(1);
    pay(2);
    pay(3); /* REG to BANK2, but not REG to BANK1 */
    until(c.pay_ms);
    assert_true(look(1));
    assert_int_equal(c.failed, B(REG));
    assert_int_equal(net(REG), 0);
    int64_t rest = 0;
    for (uint16_t m = 0; m < MEMBERS; m++) {
        rest += rows[m].in - rows[m].out + rows[m].paid - rows[m].received;
    }
    assert_int_equal(rest, 0);
    assert_int_equal(rows[REG].paid, 21222222);
    bool back = false;
    for (uint32_t n = c.instr_first; n <= c.instr_count; n++) {
        back = back || instr(n).payee == REG;
        pay(n);
    }
    assert_true(back);
    until(now + 10);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(balance(REG, "1001"), 0);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(balance(m, "2199"), 0);
    }
}

static void test_wrong_shapes_are_refused(void **state)
{
    (void)state;
    static const uint8_t one[2] = {0x91, 0x01}, none[1] = {0x90};
    assert_int_equal(act(ZYD_CE_START, BANK1, 0, zyd_span(one, 2)), 9104);
    assert_int_equal(act(ZYD_CE_CONFIRM, BANK1, 0, zyd_span(none, 1)), 9104);
    assert_int_equal(act(ZYD_CE_NOTICE, BANK1, 0, zyd_span(none, 1)), 9104);
    assert_int_equal(act(ZYD_CE_OPENING, BANK1, 0, zyd_span(none, 1)), 9104);
    assert_int_equal(act((enum zyd_cycle_event)5, BANK1, 0, zyd_span(none, 1)), 9104);
    start();
    struct zyd_hash made = f->object;
    assert_int_equal(zyd_fixture_block(f, now + 10), 0);
    assert_int_equal(zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = CYCLE, .event = ZYD_CE_START, .programme = prog,
                                                                .object = &made, .expect_seq = UINT64_MAX}),
                     9104);
    zyd_fixture_end(f);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_confirm_is_checked),
        T(test_what_a_member_refuses_leaves_and_the_rest_is_confirmed_anew),
        T(test_who_is_silent_refuses_all_of_its_own),
        T(test_a_silent_fiscal_member_holds_nothing_up),
        T(test_a_third_refusal_closes_the_cycle_and_rolls_all),
        T(test_positions_that_do_not_sum_to_zero_halt_the_cycle),
        T(test_notices_are_checked),
        T(test_a_payer_that_fails_half_way_is_paid_back),
        T(test_wrong_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
