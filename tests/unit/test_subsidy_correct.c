/* Goal: what the bank told wrongly of a loan is corrected by telling it again for the same date: REPAY_CHANGE, RATE_CHANGE
 * leave loan and household as if it had been told rightly at once, or are refused with nothing changed when something was built
 * on it.
 * Method: the deployed plugins in the real host and state (tests/lib/subsidy_world.h); the same life with and without
 * the error, and their records compared. */
#include "tests/lib/subsidy_world.h"

static const char *reverse_text(void)
{
    static char text[100];
    char id[65];
    for (size_t i = 0; i < sizeof f->op_id.b; i++) {
        snprintf(id + 2 * i, 3, "%02x", f->op_id.b[i]);
    }
    snprintf(text, sizeof text, "op=%s|code=3", id);
    return text;
}

struct records {
    uint8_t loan[4096], house[8192];
};

static void record(uint8_t *out, size_t cap, const uint8_t *name, size_t size)
{
    struct zyd_hash key;
    zyd_record_key(&key, 3, zyd_span(name, size));
    struct zyd_span v = zyd_fixture_get(f, NULL, &key);
    assert_true(v.size > 0 && v.size <= cap);
    memset(out, 0, cap);
    memcpy(out, v.data, v.size);
}

/* The loan of o, and its household under R1; without the enrolments' ids, which each life has its own. */
static void take(struct records *r, const struct zyd_hash *o)
{
    uint8_t loan[33] = {ZYD_SUBSIDY_KEY_LOAN}, house[35] = {ZYD_SUBSIDY_KEY_HOUSEHOLD, ZYD_SV_CENTRAL, 20};
    struct zyd_hash household;
    memcpy(loan + 1, enrolment(o)->loan, 32);
    zyd_sha256(&household, "h", 1);
    memcpy(house + 3, household.b, 32);
    record(r->loan, sizeof r->loan, loan, sizeof loan);
    record(r->house, sizeof r->house, house, sizeof house);
    for (size_t i = 0; i < ZYD_SUBSIDY_SLOTS; i++) {
        memset(r->loan + offsetof(struct zyd_subsidy_loan, slots) + i * sizeof(struct zyd_subsidy_slot), 0, 32);
    }
    for (size_t i = 0; i < 2; i++) { /* the household has two */
        memset(r->house + sizeof(struct zyd_subsidy_household) + i * sizeof(struct zyd_subsidy_entry), 0, 32);
    }
}

/* A loan of 200,000.00 under R1 (1 %), R2 (above the floor; of 300,000.00 at most) and R4 (40 % of the interest of 200,000.00),
 * with a later one of the household, and the changes in order.  The first period's subsidies of R2, in fen. */
static int64_t life(struct records *r, const char *const *events, const char *const *texts, size_t count, const char *interest)
{
    struct zyd_hash o[4];
    assert_int_equal(setup(NULL), 0);
    on(20250420);
    assert_int_equal(enrol(R1, &o[0], BANK1, "A", "200000.00", 20250420, 20260410, "4%", ""), 0);
    assert_int_equal(enrol(R2, &o[1], BANK1, "A", "200000.00", 20250420, 20260410, "4%", ""), 0);
    assert_int_equal(enrol(R4, &o[2], BANK1, "A", "200000.00", 20250420, 20260410, "4%", ""), 0);
    assert_int_equal(enrol(R1, &o[3], BANK2, "B", "900000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250520);
    for (size_t i = 0; i < count; i++) {
        OK(R1, events[i], &o[0], BANK1, 0, texts[i]);
    }
    take(r, &o[0]);
    OK(R2, "SETTLE", &o[1], BANK1, B(CITY), settle_text(20250520, interest));
    int64_t paid = enrolment(&o[1])->paid;
    teardown(NULL);
    return paid;
}

static void what_is_told_again_is_as_if_it_had_been_told_at_once(void **state)
{
    static const char *const repay[] = {"REPAY_CHANGE", "REPAY_CHANGE", "REPAY_CHANGE", "REPAY_CHANGE", "REPAY_CHANGE"};
    static const char *const rates[] = {"RATE_CHANGE", "RATE_CHANGE", "RATE_CHANGE"};
    static const struct {
        const char *const *events;
        const char *wrong[5], *right[2];
        size_t wrong_count, right_count;
        const char *interest;
        int64_t paid;
    } cases[] = {
        /* too little is left, nothing at all is left, too much is left */
        {repay, {"date=2025-05-05|balance=10000.00", "date=2025-05-05|balance=100000.00"},
         {"date=2025-05-05|balance=100000.00"}, 2, 1, "500.00", 31250},
        {repay, {"date=2025-05-05|balance=0", "date=2025-05-05|balance=100000.00"},
         {"date=2025-05-05|balance=100000.00"}, 2, 1, "500.00", 31250},
        {repay, {"date=2025-05-05|balance=150000.00", "date=2025-05-05|balance=100000.00"},
         {"date=2025-05-05|balance=100000.00"}, 2, 1, "500.00", 31250},
        /* the wrong date: what is told goes, and the right one follows; also an earlier one, and two in turn */
        {repay, {"date=2025-04-25|balance=100000.00", "date=2025-04-25|balance=200000.00", "date=2025-05-05|balance=100000.00"},
         {"date=2025-05-05|balance=100000.00"}, 3, 1, "500.00", 31250},
        {repay, {"date=2025-05-15|balance=0", "date=2025-05-15|balance=200000.00", "date=2025-05-05|balance=100000.00"},
         {"date=2025-05-05|balance=100000.00"}, 3, 1, "500.00", 31250},
        {repay, {"date=2025-05-05|balance=9.00", "date=2025-05-15|balance=8.00", "date=2025-05-15|balance=9.00",
                 "date=2025-05-05|balance=100000.00"},
         {"date=2025-05-05|balance=100000.00"}, 4, 1, "500.00", 31250},
        /* no repayment at all */
        {repay, {"date=2025-05-05|balance=0", "date=2025-05-05|balance=200000.00"}, {NULL}, 2, 0, "666.67", 41667},
        /* a rate; its date */
        {rates, {"date=2025-05-05|rate_ppm=30%|lpr_ppm=3%", "date=2025-05-05|rate_ppm=3%|lpr_ppm=3%"},
         {"date=2025-05-05|rate_ppm=3%|lpr_ppm=3%"}, 2, 1, "583.33", 33333},
        {rates, {"date=2025-05-15|rate_ppm=3%|lpr_ppm=3%", "date=2025-05-15|rate_ppm=4%|lpr_ppm=3%",
                 "date=2025-05-05|rate_ppm=3%|lpr_ppm=3%"},
         {"date=2025-05-05|rate_ppm=3%|lpr_ppm=3%"}, 3, 1, "583.33", 33333},
    };
    struct records *wrong = calloc(2, sizeof *wrong), *right = wrong + 1;
    (void)state;
    for (size_t i = 0; i < ZYD_COUNT(cases); i++) {
        int64_t corrected = life(wrong, cases[i].events, cases[i].wrong, cases[i].wrong_count, cases[i].interest);
        int64_t at_once = life(right, cases[i].events, cases[i].right, cases[i].right_count, cases[i].interest);
        if (corrected != at_once || memcmp(wrong, right, sizeof *wrong) != 0 || at_once != cases[i].paid) {
            fail_msg("case %zu: %lld fen, not corrected: %lld", i, (long long)corrected, (long long)at_once);
        }
    }
    free(wrong);
}

static void a_correction_holds_its_rows(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(R1, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250520);
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-05|balance=60000.00");
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=10000.00");
    NO(9104, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=60000.01"); /* more than was owed before */
    NO(9104, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=10000.00"); /* it says so already */
    NO(9104, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-11|balance=50000.00"); /* another day's */
    NO(9112, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-05|balance=70000.00"); /* the last one first */
    NO(9102, R1, "REPAY_CHANGE", &o, BANK2, 0, "date=2025-05-10|balance=50000.00");
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=0");
    NO(9111, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=0");
    NO(9111, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-12|balance=1.00");
    NO(9111, R1, "RATE_CHANGE", &o, BANK1, 0, "date=2025-05-10|rate_ppm=3%|lpr_ppm=3%"); /* it is paid off */
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=50000.00");
    OK(R1, "RATE_CHANGE", &o, BANK1, 0, "date=2025-05-10|rate_ppm=3%|lpr_ppm=3%"); /* the day's rate stays with the balance */
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=60000.00");
    NO(9112, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-09|balance=1.00");
    /* 15 x 100,000 + 5 x 60,000 at 4 %, 10 x 60,000 at 3 % */
    OK(R1, "SETTLE", &o, BANK1, B(CFIN) | B(PFIN), settle_text(20250520, "250.00"));
    NO(9112, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=50000.00"); /* settled */
    /* on the settlement day itself, told after it, corrected after it */
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-20|balance=0");
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-20|balance=30000.00");
    on(20250620);
    OK(R1, "SETTLE", &o, BANK1, B(CFIN) | B(PFIN), settle_text(20250620, "77.50")); /* 31 x 30,000 at 3 % */
    STATE(o, "ACCRUING");
}

static void what_was_built_on_a_repayment_is_taken_back_first(void **state)
{
    struct zyd_hash o, later, fee;
    char back[100];
    (void)state;
    on(20250420);
    assert_int_equal(enrol(R1, &o, BANK1, "A", "800000.00", 20250420, 20260410, "4%", ""), 0);
    assert_int_equal(enrol(R1, &later, BANK2, "B", "900000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250520);
    /* a later one of the household has settled by the cap that was freed */
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=100000.00");
    OK(R1, "SETTLE", &later, BANK2, B(CFIN) | B(PFIN), settle_text(20250520, "3000.00"));
    assert_int_equal(enrolment(&later)->paid, 36111); /* 20 days of 200,000 and 10 of 900,000 at 1 % */
    snprintf(back, sizeof back, "%s", reverse_text());
    NO(9111, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=700000.00");
    OK(R1, "REVERSE", &later, BANK2, B(CFIN) | B(PFIN), back);
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=700000.00");
    OK(R1, "SETTLE", &later, BANK2, B(CFIN) | B(PFIN), settle_text(20250520, "3000.00"));
    assert_int_equal(enrolment(&later)->paid, 19444); /* 20 days of 200,000 and 10 of 300,000 */
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=600000.00"); /* lower is told without asking anybody */
    /* its own last period ended with it */
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-19|balance=0");
    OK(R1, "SETTLE", &o, BANK1, B(CFIN) | B(PFIN), settle_text(20250519, "2377.78"));
    STATE(o, "STOPPED");
    snprintf(back, sizeof back, "%s", reverse_text());
    NO(9111, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-19|balance=1.00");
    OK(R1, "REVERSE", &o, BANK1, B(CFIN) | B(PFIN), back);
    NO(9111, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-19|balance=1.00"); /* and the later one's days */
    /* a fee's refund */
    assert_int_equal(enrol(FEE, &fee, BANK1, "F", "888888.88", 20250520, 20260110, "4%", "fee_ppm=1%"), 0);
    OK(FEE, "SETTLE", &fee, BANK1, B(COUNTY), settle_text(20260110, "5722.98"));
    on(20250729);
    OK(FEE, "REPAY_CHANGE", &fee, BANK1, 0, "date=2025-07-29|balance=0");
    OK(FEE, "FEE_CHANGE", &fee, BANK1, 0, "earned=1000.00");
    snprintf(back, sizeof back, "%s", reverse_text());
    NO(9111, FEE, "REPAY_CHANGE", &fee, BANK1, 0, "date=2025-07-29|balance=88.00");
    OK(FEE, "REVERSE", &fee, BANK1, B(COUNTY), back);
    OK(FEE, "REPAY_CHANGE", &fee, BANK1, 0, "date=2025-07-29|balance=88.00");
    NO(9111, FEE, "FEE_CHANGE", &fee, BANK1, 0, "earned=1000.00"); /* it is not paid off */
}

static void an_enrolment_that_begins_with_the_repayment_keeps_it(void **state)
{
    struct zyd_hash o, late;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(R1, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250520);
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=10000.00");
    assert_int_equal(enrol(R2, &late, BANK1, "A", "100000.00", 20250420, 20260410, "4%", "from=2025-05-10"), 0);
    NO(9111, R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=60000.00");
    OK(R2, "CLOSE", &late, DEPT, 0, "");
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=60000.00");
}

static void a_stop_after_the_repayment_holds_when_it_is_corrected(void **state)
{
    struct zyd_hash o, next;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(R1, &o, BANK1, "A", "1000000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250520);
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=0");
    OK(R1, "STOP", &o, BANK1, 0, "reason=CANCELLED|date=2025-05-15");
    OK(R1, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=1000000.00");
    assert_int_equal(enrol(R1, &next, BANK2, "B", "1000.00", 20250514, 20260410, "4%", ""), 3002); /* the cap is used up */
    assert_int_equal(enrol(R1, &next, BANK2, "B", "1000.00", 20250515, 20260410, "4%", ""), 0);
}

static void what_the_guarantee_takes_back_is_told_again_here(void **state)
{
    struct zyd_hash g, o;
    char link[100], back[100];
    (void)state;
    on(20250420);
    guaranteed_loan(&g, "100000.00", 20260410);
    link_to(link, &g, 1);
    assert_int_equal(enrol(R2, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", link), 0);
    on(20250520);
    OK(GUARANTEE, "REPAY", &g, BANK1, 0, "drawdown=1|value_date=2025-05-10|amount=40000.00");
    snprintf(back, sizeof back, "%s", reverse_text());
    OK(R2, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=60000.00");
    OK(GUARANTEE, "REVERSE", &g, BANK1, 0, back);
    NO(9104, R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33")); /* nothing was repaid there */
    OK(R2, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=100000.00");
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33"));
    assert_int_equal(enrolment(&o)->paid, 20833); /* 30 x 100,000 at 2.5 % */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_again_is_as_if_it_had_been_told_at_once),
        T(a_correction_holds_its_rows),
        T(what_was_built_on_a_repayment_is_taken_back_first),
        T(an_enrolment_that_begins_with_the_repayment_keeps_it),
        T(a_stop_after_the_repayment_holds_when_it_is_corrected),
        T(what_the_guarantee_takes_back_is_told_again_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
