/* Goal: REVERSE of product (c) holds domain.md 3.0.10: a settlement that is taken back by its signers leaves books, enrolment,
 * loan, household and budget as they were, or is refused with nothing changed; FREEZE holds 3.0.6.
 * Method: the deployed plugins in the real host and state (tests/lib/subsidy_world.h); pictures before and after. */
#include "tests/lib/subsidy_world.h"

static const char *reverse_text(const char *more)
{
    char id[65];
    for (size_t i = 0; i < sizeof f->op_id.b; i++) {
        snprintf(id + 2 * i, 3, "%02x", f->op_id.b[i]);
    }
    return text_of("op=%s|code=3%s", id, more);
}

/* Books, enrolment, loan, household and budget: what a reversal must bring back. */
struct picture {
    int64_t balance[MEMBERS][12];
    uint8_t record[3][4096];
    struct zyd_subsidy_enrolment enrolment;
    struct zyd_subsidy_budget budget;
};
static void take(struct picture *p, uint16_t programme_, const struct zyd_hash *o, uint8_t level, uint8_t family)
{
    static const char *const books[] = {("2101." FIRM), "4011", "5031", "1141.CFIN", "1141.PFIN", "1141.CITY", "2141.BANK1",
                                        "1141.BANK1", "2141.CFIN", "2141.PFIN", "2141.CITY", "1141.COUNTY"};
    uint8_t name[35] = {ZYD_SUBSIDY_KEY_LOAN};
    struct zyd_hash key;
    memset(p, 0, sizeof *p);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        for (size_t i = 0; i < ZYD_COUNT(books); i++) {
            p->balance[m][i] = balance(m, books[i]);
        }
    }
    p->enrolment = *enrolment(o);
    p->budget = *budget(programme_);
    memcpy(name + 1, p->enrolment.loan, 32);
    zyd_record_key(&key, 3, zyd_span(name, 33));
    struct zyd_span v = zyd_fixture_get(f, NULL, &key);
    memcpy(p->record[0], v.data, v.size);
    name[0] = ZYD_SUBSIDY_KEY_HOUSEHOLD;
    name[1] = level;
    name[2] = family;
    struct zyd_hash household;
    zyd_sha256(&household, "h", 1);
    memcpy(name + 3, household.b, 32);
    zyd_record_key(&key, 3, zyd_span(name, 35));
    v = zyd_fixture_get(f, NULL, &key);
    assert_true(v.size > 0);
    memcpy(p->record[1], v.data, v.size);
    zyd_contract_object_key(&key, 3, o);
    v = zyd_fixture_get(f, NULL, &key);
    memcpy(p->record[2], v.data, v.size);
}

static void a_reversed_settlement_leaves_everything_as_it_was(void **state)
{
    struct zyd_hash o, later;
    struct picture *before = calloc(2, sizeof *before), *after = before + 1;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(R2, &o, BANK1, "A", "200000.00", 20250420, 20250820, "4%", ""), 0);
    assert_int_equal(enrol(R1, &later, BANK1, "A", "200000.00", 20250420, 20250820, "4%", ""), 0);
    NO(9111, R2, "REVERSE", &o, BANK1, B(CITY), "op=sha256:x|code=1"); /* nothing to reverse */
    on(20250820);
    for (int month = 5; month <= 8; month++) { /* the first, in the middle, and the last, which ends it */
        static const char *const interest[] = {"666.67", "688.89", "666.67", "688.89"};
        const char *text = settle_text(20250020 + month * 100, interest[month - 5]);
        take(before, R2, &o, ZYD_SV_CITY, 21);
        OK(R2, "SETTLE", &o, BANK1, B(CITY), text);
        const char *back = reverse_text("");
        NO(9102, R2, "REVERSE", &o, DEPT, B(CITY) | B(BANK1), back);
        NO(9102, R2, "REVERSE", &o, BANK1, 0, back);
        OK(R2, "REVERSE", &o, BANK1, B(CITY), back);
        take(after, R2, &o, ZYD_SV_CITY, 21);
        assert_memory_equal(before, after, sizeof *before);
        NO(9111, R2, "REVERSE", &o, BANK1, B(CITY), back); /* once */
        OK(R2, "SETTLE", &o, BANK1, B(CITY), text);
        back = reverse_text("");
        OK(R1, "SETTLE", &later, BANK1, B(CFIN) | B(PFIN), text);
        NO(9111, R2, "REVERSE", &o, BANK1, B(CITY), back); /* the later level built on it */
    }
    STATE(o, "STOPPED");
    free(before);
}

static void a_reversal_goes_against_what_is_paid_by_an_opposite_obligation(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(R2, &o, BANK1, "A", "200000.00", 20250420, 20260420, "4%", ""), 0);
    on(20250520);
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "666.67"));
    const char *back = reverse_text(""), *opposite = reverse_text("|opposite=yes");
    pay_all();
    OK(R2, "FREEZE", &o, AUD, 0, "reason=wrong statement");
    NO(9110, R2, "CLAWBACK", &o, DEPT, 0, "finding=sha256:f|ppm=10%");
    NO(9107, R2, "REVERSE", &o, BANK1, B(CITY), back);
    OK(R2, "REVERSE", &o, BANK1, B(CITY), opposite);
    expect_postings("BANK1 INT 4011 2101.@ 666.67|CITY SUBSIDY 1141.BANK1 5031 416.67|BANK1 SUBSIDY 2101.@ 2141.CITY 416.67");
    CR(CITY, "5031", 0);
    DR(CITY, "1141.BANK1", 41667);
    CR(BANK1, "2141.CITY", 41667);
    NO(9102, R2, "UNFREEZE", &o, DEPT, 0, "reason=corrected");
    OK(R2, "UNFREEZE", &o, AUD, 0, "reason=corrected");
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "600.00")); /* what was really charged */
    assert_int_equal(enrolment(&o)->paid, 41667);
    NO(9111, R2, "UNFREEZE", &o, AUD, 0, "reason=again");
    NO(9102, R2, "FREEZE", &o, DEPT, 0, "reason=mine");
}

static void a_reversal_needs_the_budget_and_the_days_that_it_gives_back(void **state)
{
    struct zyd_hash a, b;
    (void)state;
    on(20250420);
    /* the loan is repaid early: what was reserved beyond is given to another */
    assert_int_equal(enrol(TIGHT, &a, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250520);
    OK(TIGHT, "REPAY_CHANGE", &a, BANK1, 0, "date=2025-05-20|balance=0");
    OK(TIGHT, "SETTLE", &a, BANK1, B(COUNTY), settle_text(20250520, "333.33"));
    STATE(a, "STOPPED");
    const char *back = reverse_text("");
    assert_int_equal(enrol(TIGHT, &b, BANK1, "B", "100000.00", 20250520, 20260410, "4%", ""), 0);
    NO(3004, TIGHT, "REVERSE", &a, BANK1, B(COUNTY), back);
    OK(TIGHT, "CLOSE", &b, DEPT, 0, "");
    OK(TIGHT, "REVERSE", &a, BANK1, B(COUNTY), back);
    STATE(a, "ENROLLED");
    OK(TIGHT, "SETTLE", &a, BANK1, B(COUNTY), settle_text(20250520, "333.33"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_reversed_settlement_leaves_everything_as_it_was),
        T(a_reversal_goes_against_what_is_paid_by_an_opposite_obligation),
        T(a_reversal_needs_the_budget_and_the_days_that_it_gives_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
