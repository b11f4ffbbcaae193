/* Goal: product (d), money against vouchers and their end: DISCOUNT, PLEDGE, PREPAY, MATURE, DEFAULT and recourse hold their
 * rows of domain.md 3.4, and nothing is financed twice.
 * Method: voucher_rig.h. */
#include "voucher_rig.h"

static void a_discount_is_registered_capped_and_disclosed(void **state)
{
    struct zyd_hash v, w;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(100000, 20260405); /* 90 days */
    NO(4009, DISCOUNT, &v, S1, B(BANK), "@BANK 40000 - 1000 0");
    NO(4009, DISCOUNT, &v, S1, B(BANK), "@BANK 40000 \" 1000 0");
    NO(9104, DISCOUNT, &v, S1, B(BANK), "@BANK 240001 \"1 6000 0"); /* over the cap */
    NO(4006, DISCOUNT, &v, S1, B(BANK), "@BANK 40000 \"1 999 0");   /* disclosed cost differs */
    NO(9105, DISCOUNT, &v, S1, B(S2), "@S2 40000 \"1 1000 0");
    NO(9102, DISCOUNT, &v, S1, 0, "@BANK 40000 \"1 1000 0");
    NO(9102, DISCOUNT, &v, BANK, 0, "@BANK 40000 \"1 1000 0");
    OK(DISCOUNT, &v, BANK, B(S1), "@BANK 40000 \"1 1000 0");
    assert_int_equal(balance(BANK, "1171.V1"), 100000);
    assert_int_equal(balance(BANK, "2101.S1"), -99000);
    NO(4005, SPLIT, &v, BANK, 0, "[1 99999]");
    NO(4005, TRANSFER, &v, BANK, B(S2), "@S2 h:t 0");
    NO(4005, PLEDGE, &v, BANK, B(BANK2), "@BANK2 \"2");
    w = active(100000, 20260405);
    NO(4009, DISCOUNT, &w, S1, B(BANK), "@BANK 40000 \"1 1000 0"); /* one registration, one financing */
    NO(4009, PLEDGE, &w, S1, B(BANK), "@BANK \"1");
    OK(DISCOUNT, &w, S1, B(BANK2), "@BANK2 0 \"2 0 0"); /* at no interest: no legs of 0 */
    ROWS("BANK2 DISCOUNT 1171.V2 2101.S1 100000", "S1 DISCOUNT 1002.BANK2 1161.V2 100000");
}

static void a_bank_does_not_finance_its_own_debt(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    OK(LINE, NULL, BANK, 0, "@BANK2 1000 20261231");
    OK(ISSUE, &v, BANK2, 0, "@S1 1000 20260401 - [[h:a 1000]]");
    OK(ACCEPT, &v, S1, 0, "");
    NO(4008, DISCOUNT, &v, S1, B(BANK2), "@BANK2 0 \"1 0 0"); /* it would owe itself */
    NO(4008, PLEDGE, &v, S1, B(BANK2), "@BANK2 \"1");
    OK(DISCOUNT, &v, S1, B(BANK), "@BANK 0 \"1 0 0");
}

static void a_registration_s_record_is_no_object(void **state)
{
    struct zyd_hash v, key;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    OK(PLEDGE, &v, S1, B(BANK), "@BANK \"0123456789012345678901234567890"); /* 31 characters */
    memcpy(key.b, "R0123456789012345678901234567890", 32);
    NO(9115, SPLIT, &key, S1, 0, "[1 999]");
    v = active(1000, 20260401);
    NO(9104, PLEDGE, &v, S1, B(BANK), "@BANK \"012345678901234567890123456789012"); /* 33 */
}

static void a_pledge_binds_until_it_ends(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(4009, PLEDGE, &v, S1, B(BANK), "@BANK -");
    NO(9102, PLEDGE, &v, S1, 0, "@BANK \"P1");
    NO(9105, PLEDGE, &v, S1, B(S2), "@S2 \"P1");
    NO(9111, UNPLEDGE, &v, BANK, 0, "");
    OK(PLEDGE, &v, S1, B(BANK), "@BANK \"P1");
    ROWS("BANK PLEDGE 9001.V1 9002.V1 1000");
    STATE(v, PLEDGED);
    NO(4005, PLEDGE, &v, S1, B(BANK2), "@BANK2 \"P2");
    NO(4005, DISCOUNT, &v, S1, B(BANK), "@BANK 0 \"P2 0 0");
    NO(4005, SPLIT, &v, S1, 0, "[1 999]");
    NO(4005, TRANSFER, &v, S1, B(S2), "@S2 h:t 0");
    NO(4005, PREPAY, &v, CORE, B(S1), "0");
    NO(9102, UNPLEDGE, &v, S1, 0, "");
    NO(9102, UNPLEDGE, &v, BANK2, 0, "");
    OK(UNPLEDGE, &v, BANK, 0, "");
    ROWS("BANK UNPLEDGE 9002.V1 9001.V1 1000");
    STATE(v, ACTIVE);
    NO(4009, PLEDGE, &v, S1, B(BANK), "@BANK \"P1"); /* its registration is used */
    OK(PLEDGE, &v, S1, B(BANK), "@BANK \"P3");
    on(20260401); /* a pledged one matures for its holder; the pledge goes with the payment */
    ROWS("CORE MATURITY 2161.V1 2141.S1 1000", "S1 MATURITY 1141.CORE 1161.V1 1000");
    tell_fuel("MATURE");
    STATE(v, MATURED);
    assert_int_equal(view.h.pledgee, BANK);
    const struct zyd_hash o = obligation_of(&v);
    assert_int_equal(settle(&o, CORE, S1), 0);
    block(0);
    ROWS("BANK UNPLEDGE 9002.V1 9001.V1 1000");
    STATE(v, PAID);
    NO(9111, UNPLEDGE, &v, BANK, 0, "");
}

static void prepayment_shares_the_discount(void **state)
{
    struct zyd_hash v, w;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(4006, PREPAY, &v, CORE, B(S1), "1000");
    NO(9102, PREPAY, &v, CORE, 0, "10");
    NO(9102, PREPAY, &v, S1, 0, "10");
    OK(PREPAY, &v, CORE, B(S1), "10");
    ROWS("CORE PREPAY 2161.V1 2141.S1 990", "S1 PREPAY 1141.CORE 1161.V1 990", "CORE PREPAY 2161.V1 4011 10",
         "S1 PREPAY 5041 1161.V1 10");
    STATE(v, MATURED);
    NO(9111, PREPAY, &v, CORE, B(S1), "10");
    assert_int_equal(line_of(STD, CORE).used, 1000);
    struct zyd_hash o = obligation_of(&v);
    assert_int_equal(settle(&o, CORE, S1), 0);
    block(0);
    STATE(v, PAID);
    assert_int_equal(line_of(STD, CORE).used, 0);
    w = active(100000, 20260405);
    OK(DISCOUNT, &w, S1, B(BANK), "@BANK 40000 \"1 1000 0");
    OK(PREPAY, &w, BANK, B(CORE), "400");
    ROWS("CORE PREPAY 2161.V2 2141.BANK 99600", "BANK PREPAY 1141.CORE 1171.V2 99600", "CORE PREPAY 2161.V2 4011 400",
         "BANK PREPAY 5041 1171.V2 400", "BANK PREPAY 2152.V2 4011 1000");
    on(20260108); /* third working day after Monday the 5th: still in time */
    STATE(w, MATURED);
    on(20260109);
    STATE(w, DEFAULTED);
    assert_int_equal(got_warnings, 1);
    NO_ROWS(); /* without recourse */
    on(20260405);
    NO_ROWS(); /* what was prepaid does not mature again */
    assert_int_equal(got_sys, 0);
}

static struct zyd_hash recourse_of(uint16_t debtor) /* the obligation among the gathered postings */
{
    for (uint32_t i = 0; i < got_count; i++) {
        if (got[i].member == debtor && strncmp(got[i].cr, "2141.", 5) == 0) {
            return got[i].obligation;
        }
    }
    fail_msg("%s owes nothing", codes[debtor]);
    return (struct zyd_hash){{0}};
}

/* S1 -> S2 -> S3 with recourse, discounted by S3 with recourse; ends MATURED and unpaid on its third working day. */
static struct zyd_hash chain(const char *first)
{
    char text[64];
    on(20260105);
    open_line("9000000");
    struct zyd_hash v = active(1000, 20260401);
    snprintf(text, sizeof text, "@S2 h:t %s", first);
    OK(TRANSFER, &v, S1, B(S2), text);
    v = child_of(&v, 0);
    OK(TRANSFER, &v, S2, B(S3), "@S3 h:t 1");
    v = child_of(&v, 0);
    OK(DISCOUNT, &v, S3, B(BANK), "@BANK 0 \"1 0 1");
    on(20260401);
    STATE(v, MATURED);
    on(20260406); /* Wednesday 1 April, plus three working days: Monday */
    STATE(v, MATURED);
    return v;
}

static void default_calls_the_chain_and_a_late_payment_is_passed_on(void **state)
{
    struct zyd_hash v = chain("1"), o;
    (void)state;
    on(20260407);
    ROWS("S3 RECOURSE 1165.V1 2141.BANK 1000", "BANK RECOURSE 1141.S3 2171.V1 1000");
    tell_fuel("DEFAULT with recourse");
    assert_int_equal(got_warnings, 1);
    STATE(v, DEFAULTED);
    o = recourse_of(S3);
    NO(4010, TRANSFER, &v, BANK, B(S1), "@S1 h:t 0");
    NO(4010, PLEDGE, &v, BANK, B(BANK2), "@BANK2 \"2");
    NO(4010, PREPAY, &v, CORE, B(BANK), "0");
    assert_int_equal(settle(&o, S3, BANK), 0);
    block(0);
    ROWS("S2 RECOURSE 1165.V1 2141.S3 1000", "S3 RECOURSE 1141.S2 2171.V1 1000");
    STATE(v, DEFAULTED);
    o = obligation_of(&v); /* the core firm pays the bank after all */
    assert_int_equal(settle(&o, CORE, BANK), 0);
    block(0);
    ROWS("BANK PASS_ON 2171.V1 2141.S3 1000", "S3 PASS_ON 1141.BANK 1165.V1 1000", "S3 PASS_ON 2171.V1 2141.S2 1000",
         "S2 PASS_ON 1141.S3 1165.V1 1000");
    STATE(v, PAID);
    assert_int_equal(line_of(STD, CORE).used, 0);
    o = recourse_of(BANK);
    assert_int_equal(settle(&o, BANK, S3), 0);
    block(0);
    NO_ROWS(); /* no more claims back */
    assert_int_equal(balance(BANK, "1001"), 1000); /* twice 1,000 in, once out */
    assert_int_equal(balance(BANK, "2171.V1"), 0);
    assert_int_equal(balance(S3, "1165.V1"), 0);
    assert_int_equal(balance(S2, "1165.V1"), 0);
    /* S2 and S3 owe each other the same: nothing in net */
    assert_int_equal(balance(S2, "2141.S3") + balance(S2, "1141.S3"), 0);
}

static void recourse_ends_at_the_first_link_without_it(void **state)
{
    struct zyd_hash v = chain("0"), o;
    (void)state;
    on(20260407);
    o = recourse_of(S3);
    assert_int_equal(settle(&o, S3, BANK), 0);
    block(0);
    o = recourse_of(S2);
    assert_int_equal(settle(&o, S2, S3), 0);
    block(0);
    NO_ROWS(); /* S1 passed it on without recourse: S2 bears it */
    STATE(v, DEFAULTED);
    assert_int_equal(view.h.called, 2);
    assert_int_equal(balance(S2, "1165.V1"), 1000);
}

static void payment_in_time_is_no_default(void **state)
{
    struct zyd_hash v = chain("1");
    const struct zyd_hash o = obligation_of(&v);
    (void)state;
    NO(9112, DEFAULT, &v, BANK, 0, "");
    assert_int_equal(settle(&o, CORE, BANK), 0);
    block(0);
    on(20260407);
    NO_ROWS();
    assert_int_equal(got_sys, 0);
    assert_int_equal(got_warnings, 0);
    STATE(v, PAID);
    NO(9111, DEFAULT, &v, BANK, 0, "");
    NO(9111, TRANSFER, &v, BANK, B(S1), "@S1 h:t 0");
}

/* The members decide on the year's calendar: its first eight days are working days. */
static void publish_2041(void)
{
    struct zyd_calendar_year year = {.year = 2041, .days = {0xff}};
    uint8_t bytes[64];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wr_array(&wr, 3);
    zyd_wr_u64(&wr, 0);
    zyd_wr_u64(&wr, year.year);
    zyd_wr_bin(&wr, year.days, sizeof year.days);
    struct zyd_fixture_op op = {.event = ZYD_HOST_CALENDAR, .member = 0, .ref = "2041", .args = zyd_wr_span(&wr),
                                .class_ = ZYD_ENV_GOVERNANCE, .signers = {S1, S2, S3, BANK, BANK2, AUD, CORE2},
                                .signer_count = 7};
    zyd_fixture_block(f, now += 1000);
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    zyd_fixture_end(f);
}

static void a_silent_calendar_stops_the_clock_and_not_the_maturity(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20401201);
    OK(LINE, NULL, BANK, 0, "@CORE 1000 20411231");
    v = active(1000, 20401231);
    on(20401231); /* the third working day after lies in 2041, which the calendar does not know yet */
    assert_int_equal(got_code, 9113);
    ROWS("CORE MATURITY 2161.V1 2141.S1 1000", "S1 MATURITY 1141.CORE 1161.V1 1000");
    STATE(v, MATURED);
    NO(9113, DEFAULT, &v, S1, 0, "");
    publish_2041();
    on(20410103);
    NO(9112, DEFAULT, &v, S1, 0, "");
    on(20410104);
    NO(9102, DEFAULT, &v, S2, 0, "");
    NO(9104, DEFAULT, &v, S1, 0, "1");
    OK(DEFAULT, &v, S1, 0, "");
    STATE(v, DEFAULTED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_discount_is_registered_capped_and_disclosed),
        T(a_bank_does_not_finance_its_own_debt),
        T(a_registration_s_record_is_no_object),
        T(a_pledge_binds_until_it_ends),
        T(prepayment_shares_the_discount),
        T(default_calls_the_chain_and_a_late_payment_is_passed_on),
        T(recourse_ends_at_the_first_link_without_it),
        T(payment_in_time_is_no_default),
        T(a_silent_calendar_stops_the_clock_and_not_the_maturity),
    };
    return cmocka_run_group_tests(tests, NULL, fuel_told);
}
