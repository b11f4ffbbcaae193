/* Goal: whatever members do or leave undone, a cycle ends with every fen where it belongs.
 * Method: seeded histories: random obligations on each of several days; members confirm, refuse, are silent; banks send both
 * notices, one or none; payers fail once and again.  After each block the fixture scans the state; after each cycle the cash,
 * the clearing account and what is still owed are computed anew from the obligations alone.  ZYD_CYCLE_SEEDS sets how many
 * histories. */
#include "cycle_rig.h"

static uint64_t seed;
static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % n);
}

static struct {
    uint16_t debtor, creditor;
    int64_t fen;
} made[512];
static unsigned seen_states[CT_OBL_REVERSED + 1], refused_ids, silent_members, failures, refunds, empty_rounds;

static void new_obligations(void)
{
    uint32_t n = 1 + random_below(12);
    for (uint32_t i = 0; i < n && id_count < 500; i++) {
        uint16_t a = (uint16_t)random_below(6), b = (uint16_t)((a + 1 + random_below(5)) % 6);
        int64_t fen = random_below(4) == 0 ? 100 * (1 + (int64_t)random_below(3)) : 1 + (int64_t)random_below(100000000);
        made[id_count].debtor = a;
        made[id_count].creditor = b;
        made[id_count].fen = fen;
        owe(a, b, fen);
    }
}

/* One member's answer: yes, no to one of its obligations, or nothing. */
static void answer(uint16_t m)
{
    uint32_t what = random_below(10);
    struct zyd_hash hash = statement(m);
    if (what == 0) {
        silent_members++;
        return;
    }
    for (uint32_t i = 0; what == 1 && i < c.count; i++) {
        struct zyd_cycle_entry e = entry('O', i);
        if (e.status == ZYD_CYCLE_IN && (e.debtor == m || e.creditor == m)) {
            struct zyd_hash id;
            memcpy(id.b, e.id, 32);
            refused_ids++;
            assert_int_equal(confirm_with(m, &hash, &id, 1), 0);
            return;
        }
    }
    assert_int_equal(confirm_with(m, &hash, NULL, 0), 0);
}

static void answers(uint64_t number)
{
    uint64_t needed = c.needed;
    uint8_t round = c.round;
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_true(look(number));
        if ((needed >> m & 1) != 0 && c.state == ZYD_CS_COMPUTED && c.round == round) {
            answer(m);
        }
    }
    until(now + 10);
    assert_true(look(number));
    if (c.state == ZYD_CS_COMPUTED && c.round == round) {
        until(c.confirm_ms); /* somebody was silent */
    }
}

/* The banks' notices of this round's payments, of which some lack. */
static void payments(uint64_t number, bool all)
{
    uint32_t last = c.instr_count;
    for (uint32_t n = c.instr_first; n <= last; n++) {
        uint32_t what = all ? 9 : random_below(10);
        if (what != 0) {
            assert_int_equal(notice(n, ZYD_CYCLE_DEBIT), 0);
        }
        if (what > 1) {
            assert_int_equal(notice(n, ZYD_CYCLE_CREDIT), 0);
        }
    }
    until(now + 10);
    assert_true(look(number));
    if (c.state == ZYD_CS_INSTRUCTED || c.state == ZYD_CS_SETTLING) {
        uint64_t gone = c.failed;
        until(c.pay_ms);
        assert_true(look(number));
        failures++;
        for (uint32_t n = c.instr_first; n <= c.instr_count && c.state == ZYD_CS_INSTRUCTED; n++) {
            refunds += (gone >> instr(n).payee & 1) != 0;
        }
    }
}

/* All books against the obligations: cash is what settled obligations moved, 2141 and 1141 what did not, 2199 nothing. */
static void audit(void)
{
    int64_t cash[MEMBERS] = {0}, owed[MEMBERS][MEMBERS] = {{0}};
    for (uint32_t i = 0; i < id_count; i++) {
        struct zyd_obligation o = obligation(i);
        seen_states[o.state]++;
        assert_int_equal(o.amount.fen, made[i].fen);
        if (o.state == CT_OBL_SETTLED) {
            cash[o.creditor] += o.amount.fen;
            cash[o.debtor] -= o.amount.fen;
        } else {
            assert_int_equal(o.state, CT_OBL_CREATED); /* nothing is left locked by a closed cycle */
            owed[o.debtor][o.creditor] += o.amount.fen;
        }
    }
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(balance(m, "1001"), cash[m]);
        assert_int_equal(balance(m, "2199"), 0);
        for (uint16_t k = 0; k < MEMBERS; k++) {
            char code[24];
            snprintf(code, sizeof code, "2141.%.*s", (int)f->c.g.members[k].code.size, f->c.g.members[k].code.data);
            assert_int_equal(-balance(m, code), owed[m][k]);
            snprintf(code, sizeof code, "1141.%.*s", (int)f->c.g.members[k].code.size, f->c.g.members[k].code.data);
            assert_int_equal(balance(m, code), owed[k][m]);
        }
    }
}

static void one_cycle(uint64_t number)
{
    uint32_t steps = 0;
    while (c.state != ZYD_CS_CLOSED) {
        int64_t sum = 0, rest = 0;
        for (uint16_t m = 0; m < MEMBERS; m++) {
            sum += net(m);
            rest += net(m) + rows[m].paid - rows[m].received;
        }
        assert_int_equal(sum, 0);
        assert_int_equal(rest, 0);
        assert_in_range(steps, 0, 20);
        switch (c.state) {
        case ZYD_CS_COMPUTED:
            answers(number);
            break;
        case ZYD_CS_INSTRUCTED:
        case ZYD_CS_SETTLING:
            payments(number, steps > 8);
            break;
        default:
            until(now + 10);
            break;
        }
        steps++;
        assert_true(look(number));
    }
    empty_rounds += c.active == 0;
}

static void test_random_histories_end_with_every_fen_where_it_belongs(void **state)
{
    const char *wanted = getenv("ZYD_CYCLE_SEEDS");
    uint32_t count = wanted == NULL ? 40 : (uint32_t)strtoul(wanted, NULL, 10), cycles = 0;
    (void)state;
    for (uint32_t k = 1; k <= count; k++) {
        setup(NULL);
        seed = k;
        start();
        uint64_t number = 0;
        for (int32_t day = 5; day <= 8; day++) {
            if (now < zyd_fixture_at(20260100 + day, 9)) {
                until(zyd_fixture_at(20260100 + day, 9));
            }
            new_obligations();
            until(zyd_fixture_at(20260100 + day, 16));
            if (look(number + 1)) {
                number++;
                cycles++;
                one_cycle(number);
                audit();
            }
        }
        teardown(NULL);
    }
    print_message("%u histories, %u cycles; refused %u, silent %u, missed deadlines %u, paid back %u, nothing left %u; "
                  "settled %u\n",
                  count, cycles, refused_ids, silent_members, failures, refunds, empty_rounds, seen_states[CT_OBL_SETTLED]);
    for (size_t e = ZYD_CE_START; e <= ZYD_CE_OPENING; e++) {
        assert_in_range(most_fuel[e], 1, 150000);
        print_message("most fuel of event %zu: %llu\n", e, (unsigned long long)most_fuel[e]);
    }
    assert_true(cycles >= count && seen_states[CT_OBL_SETTLED] > 0); /* what the histories are about did happen */
    assert_true(refused_ids > 0 && silent_members > 0 && failures > 0 && refunds > 0 && empty_rounds > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_histories_end_with_every_fen_where_it_belongs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
