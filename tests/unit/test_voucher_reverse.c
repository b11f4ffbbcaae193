/* Goal: REVERSE of product (d) holds domain.md 3.0.10: ACCEPT, DISCOUNT, PLEDGE, UNPLEDGE and PREPAY are taken back by their
 * signers as long as nothing came after them, and leave books, voucher, registration and deadlines as they were; a spend stands
 * (I7).
 * Method: voucher_rig.h; pictures of books and voucher before and after. */
#include "voucher_rig.h"

static const char *const books[] = {"2001.S1", "2161.V1", "1161.V1", "1122.CORE", "1171.V1", "2101.S1", "2152.V1", "1002.BANK",
                                    "5041", "4011", "9001.V1", "9002.V1", "2141.S1", "1141.CORE", "2141.BANK"};
enum { BOOKS = sizeof books / sizeof *books };
struct picture {
    int64_t balance[MEMBERS][BOOKS];
    struct zyd_voucher h;
};

static struct picture take(const struct zyd_hash *o)
{
    struct picture p;
    memset(&p, 0, sizeof p);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        for (size_t i = 0; i < BOOKS; i++) {
            p.balance[m][i] = balance(m, books[i]);
        }
    }
    state_of(o);
    p.h = view.h;
    return p;
}

/* REVERSE of the last operation */
static uint32_t reverse(struct zyd_hash *o, uint16_t member, unsigned signers, const struct zyd_hash *op_id)
{
    uint8_t bytes[64];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wr_array(&wr, 2);
    zyd_wr_hash(&wr, op_id);
    zyd_wr_u64(&wr, 3);
    struct zyd_fixture_op op = {.contract = ZYD_VOUCHER_CONTRACT, .event = ZYD_VE_REVERSE, .programme = STD, .member = member,
                                .object = o, .args = zyd_wr_span(&wr)};
    for (uint16_t m = 0; m < MEMBERS; m++) {
        if (signers >> m & 1) {
            op.signers[op.signer_count++] = m;
        }
    }
    return run(&op, NULL);
}

static void there_and_back(enum zyd_voucher_event event, struct zyd_hash *o, uint16_t member, unsigned signers,
                           const char *text)
{
    struct picture before = take(o);
    assert_int_equal(act(STD, event, o, member, signers, text), 0);
    struct zyd_hash id = f->op_id;
    uint32_t rows = got_count;
    assert_int_equal(reverse(o, CORE2, signers | B(member), &id), 9102); /* an outsider */
    if (signers != 0) {
        assert_int_equal(reverse(o, member, 0, &id), 9102);
    }
    assert_int_equal(reverse(o, member, signers, o), 9111); /* another event's id */
    assert_int_equal(reverse(o, member, signers, &id), 0);
    assert_int_equal(got_count, rows);
    struct picture after = take(o);
    assert_memory_equal(before.balance, after.balance, sizeof before.balance);
    assert_memory_equal(&before.h, &after.h, sizeof before.h);
    assert_int_equal(reverse(o, member, signers, &id), 9111); /* once */
}

static void every_reversal_restores_books_and_voucher(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("9000000");
    OK(ISSUE, &v, CORE, 0, "@S1 100000 20260405 - [[h:own 100000]]");
    there_and_back(ZYD_VE_ACCEPT, &v, S1, 0, "");
    OK(ACCEPT, &v, S1, 0, "");
    there_and_back(ZYD_VE_DISCOUNT, &v, S1, B(BANK), "@BANK 40000 \"1 1000 0");
    there_and_back(ZYD_VE_PLEDGE, &v, S1, B(BANK), "@BANK \"1"); /* the registration is free again */
    OK(PLEDGE, &v, BANK, B(S1), "@BANK \"1");
    there_and_back(ZYD_VE_UNPLEDGE, &v, BANK, 0, "");
    NO(4005, DISCOUNT, &v, S1, B(BANK), "@BANK 40000 \"2 1000 0"); /* pledged again */
    OK(UNPLEDGE, &v, BANK, 0, "");
    there_and_back(ZYD_VE_PREPAY, &v, CORE, B(S1), "10");
    OK(DISCOUNT, &v, S1, B(BANK), "@BANK 40000 \"2 1000 0");
    there_and_back(ZYD_VE_PREPAY, &v, CORE, B(BANK), "10"); /* with the discount unearned again */
    on(20260405); /* no clock of a default is left; it matures on its day */
    STATE(v, MATURED);
    ROWS("CORE MATURITY 2161.V1 2141.BANK 100000", "BANK MATURITY 1141.CORE 1171.V1 100000", "BANK MATURITY 2152.V1 4011 1000");
}

static void an_offer_that_is_open_again_ends_on_its_day(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("100000");
    OK(ISSUE, &v, CORE, 0, "@S1 100000 20260405 - [[h:own 100000]]");
    OK(ACCEPT, &v, S1, 0, "");
    struct zyd_hash id = f->op_id;
    on(20260201);
    assert_int_equal(reverse(&v, S1, 0, &id), 0);
    STATE(v, OFFERED);
    block(0);
    STATE(v, CANCELLED); /* its ten days were over */
    assert_int_equal(line_of(STD, CORE).used, 0);
    assert_int_equal(invoice_left("own"), 100000);
    on(20260405);
    STATE(v, CANCELLED);
}

static void what_followed_or_was_paid_is_not_reversed(void **state)
{
    struct zyd_hash v, w;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(100000, 20260405);
    struct zyd_hash accept = f->op_id;
    assert_int_equal(reverse(&v, S2, B(S1), &accept), 9102);
    OK(TRANSFER, &v, S1, B(S2), "@S2 h:t 0");
    struct zyd_hash transfer = f->op_id;
    assert_int_equal(reverse(&v, S1, B(S2), &transfer), 9111); /* a spend is never undone */
    assert_int_equal(reverse(&v, S1, 0, &accept), 9111);
    w = active(100000, 20260405);
    OK(PREPAY, &w, CORE, B(S1), "10");
    struct zyd_hash prepay = f->op_id, owed = obligation_of(&w);
    OK(FREEZE, &w, AUD, 0, "h:o"); /* frozen: REVERSE goes on, and the freeze stays */
    assert_int_equal(reverse(&w, CORE, B(S1), &prepay), 0);
    state_of(&w);
    assert_true((view.h.flags & ZYD_VF_FROZEN) != 0);
    assert_int_equal(view.h.freezer, AUD);
    OK(UNFREEZE, &w, AUD, 0, "");
    OK(PREPAY, &w, CORE, B(S1), "20");
    prepay = f->op_id;
    owed = obligation_of(&w);
    assert_int_equal(settle(&owed, CORE, S1), 0);
    assert_int_equal(reverse(&w, CORE, B(S1), &prepay), 9107);
    STATE(w, PAID);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_reversal_restores_books_and_voucher),
        T(an_offer_that_is_open_again_ends_on_its_day),
        T(what_followed_or_was_paid_is_not_reversed),
    };
    return cmocka_run_group_tests(tests, NULL, fuel_told);
}
