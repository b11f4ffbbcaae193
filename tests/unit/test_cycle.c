/* Goal: product (e) nets, pays and unwinds as domain.md 3.5 and E16 say, to the fen, at a flat cost an obligation.
 * Method: the deployed plugin in the real host and state.  The programme settles itself and its OPENING makes the obligations.
 * Statement hashes are computed here from the records' layouts.  The fixture scans the whole state after every block. */
#include "cycle_rig.h"

static void test_e16_nobody_had_paid_when_nfgf_misses_the_deadline(void **state)
{
    (void)state;
    e16_instructed();
    uint32_t n = until(c.pay_ms);
    assert_true(warned_since_block(n, 5006));
    assert_true(look(1));
    /* nobody paid: the payers of all four leave, and nothing is left (ruling 30) */
    assert_int_equal(c.failed, B(GUAR) | B(NFGF) | B(REG));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.active, 0);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(obligation(i).state, CT_OBL_CREATED);
    }
    /* the next working day's cycle takes them again */
    until(zyd_fixture_at(20260106, 16));
    assert_true(look(2));
    assert_int_equal(c.state, ZYD_CS_COMPUTED);
    assert_int_equal(c.count, 9);
    assert_int_equal(c.gross_count, 0); /* shown once */
    assert_int_equal(net(GUAR), -122618601);
    for (uint32_t i = 0; i < 9; i++) {
        assert_int_equal(entry('O', i).age, 1);
    }
}

static void test_e16_guar_and_reg_have_paid_and_pay_the_rest(void **state)
{
    (void)state;
    e16_instructed();
    pay(1);
    pay(3);
    pay(4);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_SETTLING);
    assert_int_equal(c.unmatched, 1);
    uint64_t failed_at = c.pay_ms;
    uint32_t n = until(c.pay_ms);
    assert_true(warned_since_block(n, 5006));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_INSTRUCTED);
    assert_int_equal(c.failed, B(NFGF));
    assert_int_equal(c.pay_ms, failed_at + 60 * MINUTE);
    /* re-cut without 3 and 6 */
    assert_int_equal(c.active, 7);
    assert_int_equal(net(BANK1), 187779602);
    assert_int_equal(net(BANK2), 21222222);
    assert_int_equal(net(GUAR), -169741922);
    assert_int_equal(net(REG), -39259902);
    assert_int_equal(net(NFGF), 0);
    /* what is already paid is credited: GUAR pays 470,805.00 and 428.21 more (ruling 30) */
    assert_int_equal(c.instr_count, 6);
    assert_int_equal(instr(2).state, ZYD_CYCLE_VOID);
    expect_instr(5, GUAR, BANK1, 47080500);
    expect_instr(6, GUAR, REG, 42821);
    pay(5);
    pay(6);
    until(now + 10);
    assert_true(look(1));
    e16_settled();
    assert_int_equal(entry('O', 2).status, ZYD_CYCLE_LEFT);
}

/* E16's postings: the set of rows 1 to 20, each once, when the payments are those of the re-cut set at once. */
static void test_e16_postings_through_clearing(void **state)
{
    static const struct {
        uint16_t member;
        const char *dr, *cr;
        int64_t fen;
    } want[20] = {
        {GUAR, "2141.BANK1", "2199", 188493284}, {BANK1, "2199", "1141.GUAR", 188493284}, {REG, "2141.GUAR", "2199", 47123321},
        {GUAR, "2199", "1141.REG", 47123321},    {BANK1, "2141.GUAR", "2199", 713682},    {GUAR, "2199", "1141.BANK1", 713682},
        {GUAR, "2141.REG", "2199", 85642},       {REG, "2199", "1141.GUAR", 85642},       {BANK2, "2141.GUAR", "2199", 1000001},
        {GUAR, "2199", "1141.BANK2", 1000001},   {GUAR, "2141.BANK2", "2199", 30000000},
        {BANK2, "2199", "1141.GUAR", 30000000},
        {BANK2, "2141.REG", "2199", 7777777},    {REG, "2199", "1141.BANK2", 7777777},    {GUAR, "2199", "1001", 169741922},
        {BANK1, "1001", "2199", 169741922},      {REG, "2199", "1001", 21222222},         {BANK2, "1001", "2199", 21222222},
        {REG, "2199", "1001", 18037680},         {BANK1, "1001", "2199", 18037680}};
    bool seen[20] = {false};
    (void)state;
    start();
    for (size_t i = 0; i < 12; i++) {
        if (i != 2 && i != 5) {
            owe(e16[i].debtor, e16[i].creditor, e16[i].fen);
        }
    }
    until(zyd_fixture_at(20260105, 16));
    confirm_all(1);
    expect_instr(1, GUAR, BANK1, 169741922);
    expect_instr(2, REG, BANK2, 21222222);
    expect_instr(3, REG, BANK1, 18037680);
    pay(1);
    pay(2);
    pay(3);
    now += 10;
    uint32_t n = zyd_fixture_block(f, now), count = 0;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
        for (uint32_t k = 0; k < f->outcome.posting_count; k++, count++) {
            const struct zyd_posting *p = &f->postings[k];
            uint32_t w = 0;
            while (w < 20 && (seen[w] || p->member != want[w].member || strcmp(p->dr, want[w].dr) != 0 ||
                              strcmp(p->cr, want[w].cr) != 0 || p->amount.fen != want[w].fen)) {
                w++;
            }
            assert_in_range(w, 0, 19);
            assert_int_equal(p->label, w < 14 ? ZYD_LABEL_NETTED : ZYD_CL_PAID);
            seen[w] = true;
        }
    }
    zyd_fixture_end(f);
    assert_int_equal(count, 20);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
}

static void test_a_rise_beyond_the_reserve_is_warned_of(void **state)
{
    (void)state;
    prog = AGENT; /* reserve 100,000.00; GUAR's pay-in rises by 471,233.21 */
    e16_computed();
    confirm_all(1);
    for (uint32_t i = 1; i <= 4; i++) {
        struct zyd_cycle_instruction p = instr(i);
        if (p.payer != NFGF) { /* the agent bank vouches for both sides, and nobody else does */
            assert_int_equal(notice_with(BANK1, ZYD_CYCLE_DEBIT, p.end_to_end, p.amount, accounts[p.payer], today()), 9102);
            assert_int_equal(notice_with(BANK2, ZYD_CYCLE_DEBIT, p.end_to_end, p.amount, accounts[p.payer], today()), 0);
        }
    }
    until(c.pay_ms);
    uint32_t warnings = 0;
    for (uint32_t i = 0; i < f->sys_count; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        warnings += f->outcome.warning_count;
    }
    assert_int_equal(warnings, 2); /* the failure, and the rise */
}

/* ---- the clock ---- */

static void test_without_a_net_obligation_no_cycle_is_made(void **state)
{
    (void)state;
    static const uint8_t none[1] = {0x90};
    start();
    assert_int_equal(act(ZYD_CE_START, BANK2, 0, zyd_span(none, 1)), 9109);
    owe(PFIN, BANK1, 500); /* a gross one alone makes none (ruling 27) */
    until(zyd_fixture_at(20260105, 16));
    assert_false(look(1));
    until(zyd_fixture_at(20260106, 9));
    owe(GUAR, BANK1, 100);
    until(zyd_fixture_at(20260106, 16));
    assert_true(look(1));
    assert_int_equal(c.count, 1);
    assert_int_equal(c.gross_count, 1);
    until(zyd_fixture_at(20260109, 16)); /* a Friday: silence closed it; each day takes it anew */
    assert_true(look(4));
    assert_int_equal(c.date, 20260109);
    until(zyd_fixture_at(20260111, 23));
    assert_false(look(5)); /* no cut-off on a weekend */
}

static void test_start_is_for_the_next_cut_off_that_lies_ahead(void **state)
{
    (void)state;
    until(zyd_fixture_at(20260109, 17)); /* Friday after the cut-off */
    start();
    owe(GUAR, BANK1, 100);
    until(zyd_fixture_at(20260112, 15));
    assert_false(look(1));
    until(zyd_fixture_at(20260112, 16));
    assert_true(look(1));
}

static void test_small_ones_wait_and_a_cycle_of_nothing_else_is_empty(void **state)
{
    (void)state;
    prog = SMALL; /* min_amount 100.00 */
    start();
    owe(GUAR, BANK1, 9999);
    uint32_t n = until(zyd_fixture_at(20260105, 16));
    assert_true(warned_since_block(n, 5001));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.count, 0);
    assert_int_equal(obligation(0).state, CT_OBL_CREATED);
    owe(GUAR, BANK1, 10000);
    until(zyd_fixture_at(20260106, 16));
    assert_true(look(2));
    assert_int_equal(c.count, 1);
    assert_int_equal(net(BANK1), 10000);
    assert_int_equal(obligation(0).state, CT_OBL_CREATED);
    confirm_all(2);
    pay(1);
    until(now + 10);
    /* a fen more of small ones, and together they make the minimum: at the cut-off after the one that sees it */
    owe(BANK1, REG, 1);
    until(zyd_fixture_at(20260107, 16));
    assert_true(look(3));
    assert_int_equal(c.count, 0);
    until(zyd_fixture_at(20260108, 16));
    assert_true(look(4));
    assert_int_equal(c.state, ZYD_CS_COMPUTED);
    assert_int_equal(c.count, 2);
    assert_int_equal(net(BANK1), 9998);
    assert_int_equal(net(REG), 1);
    until(zyd_fixture_at(20260109, 15)); /* nobody confirms: small again */
    assert_int_equal(obligation(0).state, CT_OBL_CREATED);
    until(zyd_fixture_at(20260109, 16));
    assert_true(look(5));
    assert_int_equal(c.count, 0);
}

static void test_debts_in_a_circle_settle_without_a_payment(void **state)
{
    (void)state;
    start();
    owe(BANK1, GUAR, 777);
    owe(GUAR, REG, 777);
    owe(REG, BANK1, 777);
    until(zyd_fixture_at(20260105, 16));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.instr_count, 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(obligation(i).state, CT_OBL_SETTLED);
    }
}

/* ---- size ---- */

/* What the contract has to come to, by another way: sorted lists that are sorted again after each payment. */
static uint32_t model_plan(struct zyd_cycle_plan *out, int64_t *open)
{
    uint32_t count = 0;
    for (;;) {
        int debtor = -1, creditor = -1;
        for (int pass = 0; pass < 2; pass++) {
            for (int m = 0; m < MEMBERS; m++) {
                int64_t v = pass == 0 ? -open[m] : open[m];
                int *best = pass == 0 ? &debtor : &creditor;
                int64_t b = *best < 0 ? 0 : pass == 0 ? -open[*best] : open[*best];
                const struct zyd_member *all = f->c.g.members;
                if (v > b || (v > 0 && v == b && memcmp(all[m].uscc.data, all[*best].uscc.data, 18) < 0)) {
                    *best = m;
                }
            }
        }
        if (debtor < 0) {
            return count;
        }
        int64_t x = -open[debtor] < open[creditor] ? -open[debtor] : open[creditor];
        out[count++] = (struct zyd_cycle_plan){x, (uint16_t)debtor, (uint16_t)creditor, 0};
        open[debtor] += x;
        open[creditor] -= x;
    }
}

static void test_three_hundred_obligations_in_slices_of_flat_cost(void **state)
{
    (void)state;
    uint64_t seed = 20260105, most = 0;
    int64_t open[MEMBERS] = {0};
    struct zyd_cycle_plan want[64];
    struct zyd_hash set = {{0}};
    start();
    for (uint32_t i = 0; i < 300; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint16_t a = (uint16_t)(seed >> 33 & 0xffff) % 5, b = (uint16_t)((a + 1 + (seed >> 50) % 4) % 5);
        int64_t fen = i % 7 == 0 ? 100 : (int64_t)(seed >> 20 & 0xffffff) + 1;
        owe(a, b, fen);
        open[a] -= fen;
        open[b] += fen;
        struct {
            uint8_t hash[32];
            struct zyd_cycle_entry e;
        } in = {.e = {.amount = fen, .debtor = a, .creditor = b}};
        memcpy(in.hash, set.b, 32);
        memcpy(in.e.id, ids[i].b, 32);
        zyd_sha256(&set, &in, 32 + ZYD_CYCLE_ENTRY_HASHED);
    }
    now = zyd_fixture_at(20260105, 16);
    uint32_t n = zyd_fixture_block(f, now);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
        most = f->outcome.fuel > most ? f->outcome.fuel : most;
    }
    zyd_fixture_end(f);
    assert_int_equal(n, 2 + 5 + 1); /* CUT, NEXT, five slices (300 entries and the end), COMPUTE */
    print_message("most fuel of a slice of TAKE: %llu\n", (unsigned long long)most);
    assert_in_range(most, 1, 2000000);
    assert_true(look(1));
    assert_int_equal(c.count, 300);
    assert_memory_equal(c.set_hash, set.b, 32);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(net(m), open[m]);
    }
    uint32_t plan = model_plan(want, open);
    assert_int_equal(c.plan_count, plan);
    struct zyd_span p = part('P', 0, false);
    assert_int_equal(p.size, plan * sizeof want[0]);
    assert_memory_equal(p.data, want, p.size);
    confirm_all(1);
    for (uint32_t i = 1; i <= c.instr_count; i++) {
        pay(i);
    }
    now += 10;
    n = zyd_fixture_block(f, now);
    most = 0;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
        most = f->outcome.fuel > most ? f->outcome.fuel : most;
    }
    zyd_fixture_end(f);
    print_message("most fuel of a slice of SETTLE: %llu\n", (unsigned long long)most);
    assert_in_range(most, 1, 3000000);
    until(now + 10);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    for (uint32_t i = 0; i < 300; i++) {
        assert_int_equal(obligation(i).state, CT_OBL_SETTLED);
    }
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(balance(m, "2199"), 0);
    }
}

/* The bound of the work that is not cut into slices: 64 members, all of whose positions are equal. */
static void test_sixty_four_members_with_equal_positions(void **state)
{
    uint64_t most = 0;
    (void)state;
    zyd_fixture_free(f);
    f = zyd_fixture_new(64);
    for (uint16_t i = 0; i < 64; i++) { /* none of them FISCAL: all are netted */
        char code[8];
        snprintf(code, sizeof code, "M%02u", i);
        zyd_fixture_member(f, i, code, ZYD_ROLE_OTHER);
    }
    zyd_fixture_plugin(f, CYCLE, "cycle", ZYD_PLUGIN_DIR "/cycle.elf");
    programme(PROG, "NETTING", 0, 0, false);
    zyd_fixture_start(f);
    start();
    for (uint16_t i = 0; i < 32; i++) {
        owe(i, (uint16_t)(63 - i), 12345);
    }
    now = zyd_fixture_at(20260105, 16);
    for (uint32_t step = 0; step < 2; step++) { /* the cut; then the time to confirm is over, and so on */
        uint32_t n = zyd_fixture_block(f, now);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(zyd_fixture_outcome(f, i));
            assert_int_equal(f->outcome.code, 0);
            most = f->outcome.fuel > most ? f->outcome.fuel : most;
        }
        zyd_fixture_end(f);
        assert_true(look(1));
        assert_int_equal(c.plan_count, step == 0 ? 32 : 0);
        now = c.confirm_ms;
    }
    print_message("most fuel of a SYS call with 64 members: %llu\n", (unsigned long long)most);
    assert_in_range(most, 1, 2500000);
}

/* Equal amounts: the lower USCC goes first. */
static void test_ties_go_by_member_id(void **state)
{
    (void)state;
    int64_t open[MEMBERS] = {0};
    struct zyd_cycle_plan want[64];
    start();
    owe(BANK1, GUAR, 500);
    owe(BANK2, REG, 500);
    open[BANK1] = open[BANK2] = -500;
    open[GUAR] = open[REG] = 500;
    until(zyd_fixture_at(20260105, 16));
    assert_true(look(1));
    assert_int_equal(c.plan_count, model_plan(want, open));
    assert_memory_equal(part('P', 0, false).data, want, 2 * sizeof want[0]);
}

static void test_more_than_an_amount_can_say_waits_for_the_next_cycle(void **state)
{
    (void)state;
    start();
    owe(GUAR, BANK1, ZYD_MONEY_MAX - 5);
    owe(GUAR, BANK1, 6);
    owe(GUAR, BANK1, 5);
    until(zyd_fixture_at(20260105, 16));
    assert_true(look(1));
    assert_int_equal(c.count, 2);
    assert_int_equal(c.total, ZYD_MONEY_MAX);
    assert_int_equal(obligation(1).state, CT_OBL_CREATED);
    confirm_all(1);
    pay(1);
    until(now + 10);
    until(zyd_fixture_at(20260106, 16));
    assert_true(look(2));
    assert_int_equal(c.count, 1);
    assert_int_equal(entry('O', 0).age, 0); /* waiting so is no ageing */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_e16_nobody_had_paid_when_nfgf_misses_the_deadline),
        T(test_e16_guar_and_reg_have_paid_and_pay_the_rest),
        T(test_e16_postings_through_clearing),
        T(test_a_rise_beyond_the_reserve_is_warned_of),
        T(test_without_a_net_obligation_no_cycle_is_made),
        T(test_start_is_for_the_next_cut_off_that_lies_ahead),
        T(test_small_ones_wait_and_a_cycle_of_nothing_else_is_empty),
        T(test_debts_in_a_circle_settle_without_a_payment),
        T(test_three_hundred_obligations_in_slices_of_flat_cost),
        T(test_sixty_four_members_with_equal_positions),
        T(test_ties_go_by_member_id),
        T(test_more_than_an_amount_can_say_waits_for_the_next_cycle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
