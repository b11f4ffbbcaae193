/* Goal: product (c) holds domain.md 3.3: the worked examples E11 to E14 and E17 posting by posting and balance by balance; each
 * event's row, preconditions in order, signers and codes; and each refusal changes nothing.
 * Method: the deployed plugins (subsidy, and guarantee beside it) in the real host and state (tests/lib/subsidy_world.h). */
#include "tests/lib/subsidy_world.h"

/* E11 up to its postings; A and B as there. */
static void e11(struct zyd_hash *city, struct zyd_hash *a, struct zyd_hash *b)
{
    on(20250401);
    assert_int_equal(enrol(LOCAL, city, BANK1, "A", "712345.67", 20250401, 20260331, "3%", ""), 0);
    assert_int_equal(enrol(POINT, a, BANK1, "A", "712345.67", 20250401, 20260331, "3%", ""), 0);
    on(20250616);
    assert_int_equal(enrol(POINT, b, BANK2, "B", "498765.43", 20250616, 20260615, "3.4%", ""), 0);
    on(20250801);
    OK(POINT, "REPAY_CHANGE", a, BANK1, 0, "date=2025-08-01|balance=500000.00");
    on(20250920);
    NO(9111, POINT, "SETTLE", a, BANK1, B(CFIN) | B(PFIN), settle_text(20250920, "9325.51")); /* the city comes first */
    OK(LOCAL, "SETTLE", city, BANK1, B(CITY), settle_text(20250920, "9325.51"));
    expect_postings("BANK1 INT 2101.@ 4011 9325.51|"
                    "CITY SUBSIDY 5031 2141.BANK1 7771.26|BANK1 SUBSIDY 1141.CITY 2101.@ 7771.26");
    OK(POINT, "SETTLE", a, BANK1, B(CFIN) | B(PFIN), settle_text(20250920, "9325.51"));
    expect_postings("CFIN SUBSIDY 5031 2141.BANK1 1398.83|BANK1 SUBSIDY 1141.CFIN 2101.@ 1398.83|"
                    "PFIN SUBSIDY 5031 2141.BANK1 155.42|BANK1 SUBSIDY 1141.PFIN 2101.@ 155.42");
    OK(POINT, "SETTLE", b, BANK2, B(CFIN) | B(PFIN), settle_text(20250920, "4522.14"));
    expect_postings("BANK2 INT 2101.@ 4011 4522.14|CFIN SUBSIDY 5031 2141.BANK2 954.26|BANK2 SUBSIDY 1141.CFIN 2101.@ 954.26|"
                    "PFIN SUBSIDY 5031 2141.BANK2 106.03|BANK2 SUBSIDY 1141.PFIN 2101.@ 106.03");
}

static void e11_household_cap_over_two_banks_and_a_prior_local_subsidy(void **state)
{
    struct zyd_hash city, a, b;
    (void)state;
    e11(&city, &a, &b);
    CR(BANK1, "4011", 932551);
    DR(BANK1, "2101." FIRM, 0); /* net cost of A: nothing */
    DR(BANK1, "1141.CFIN", 139883);
    DR(BANK1, "1141.PFIN", 15542);
    DR(BANK1, "1141.CITY", 777126);
    DR(CFIN, "5031", 235309);
    CR(CFIN, "2141.BANK1", 139883);
    CR(CFIN, "2141.BANK2", 95426);
    DR(PFIN, "5031", 26145);
    CR(PFIN, "2141.BANK1", 15542);
    CR(PFIN, "2141.BANK2", 10603);
    DR(BANK2, "2101." FIRM, 346185);
    CR(BANK2, "4011", 452214);
    DR(BANK2, "1141.CFIN", 95426);
    DR(BANK2, "1141.PFIN", 10603);
    DR(CITY, "5031", 777126);
    CR(CITY, "2141.BANK1", 777126);
    STATE(a, "ACCRUING");
    assert_int_equal(enrolment(&b)->paid, 106029);
}

static void e12_above_a_floor_with_early_repayment_and_extension(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250301);
    assert_int_equal(enrol(START, &o, BANK1, "L", "300000.10", 20250301, 20250831, "3.5%", ""), 0);
    assert_int_equal(enrolment(&o)->reserved, 305000); /* FLOOR(300000.10 x 183 x 2 % / 360) */
    on(20250517);
    OK(START, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-17|balance=180000.09");
    on(20250820);
    OK(START, "EXTEND_CHANGE", &o, BANK1, 0, "maturity=2025-11-30");
    assert_true(warned(3007));
    on(20251130);
    STATE(o, "STOPPED"); /* by SYS, at the original maturity */
    NO(9112, START, "SETTLE", &o, BANK1, B(CFIN) | B(COUNTY), settle_text(20250831, "4100.84"));
    NO(3005, START, "SETTLE", &o, BANK1, B(CFIN) | B(COUNTY), settle_text(20251130, "5693.35"));
    OK(START, "SETTLE", &o, BANK1, B(CFIN) | B(COUNTY), settle_text(20251130, "5693.34"));
    assert_true(warned(3007));
    expect_postings("BANK1 INT 2101.@ 4011 5693.34|CFIN SUBSIDY 5031 2141.BANK1 1640.33|BANK1 SUBSIDY 1141.CFIN 2101.@ 1640.33|"
                    "COUNTY SUBSIDY 5031 2141.BANK1 703.00|BANK1 SUBSIDY 1141.COUNTY 2101.@ 703.00");
    DR(BANK1, "2101." FIRM, 335001);
    CR(BANK1, "4011", 569334);
    DR(BANK1, "1141.CFIN", 164033);
    DR(BANK1, "1141.COUNTY", 70300);
    DR(CFIN, "5031", 164033);
    CR(CFIN, "2141.BANK1", 164033);
    DR(COUNTY, "5031", 70300);
    CR(COUNTY, "2141.BANK1", 70300);
    assert_int_equal(budget(START)->reserved, 0);
    NO(3007, START, "SETTLE", &o, BANK1, B(CFIN) | B(COUNTY), settle_text(20251130, "1.00"));
}

static void e13_the_first_part_of_a_loan_at_a_share_of_its_interest(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250711);
    assert_int_equal(enrol(MICRO, &o, BANK1, "M", "80000.00", 20250711, 20260710, "3%", ""), 0);
    on(20250920);
    OK(MICRO, "SETTLE", &o, BANK1, B(PFIN) | B(CITY) | B(COUNTY), settle_text(20250920, "473.33"));
    expect_postings("BANK1 INT 2101.@ 4011 473.33|PFIN SUBSIDY 5031 2141.BANK1 69.03|BANK1 SUBSIDY 1141.PFIN 2101.@ 69.03|"
                    "CITY SUBSIDY 5031 2141.BANK1 69.03|BANK1 SUBSIDY 1141.CITY 2101.@ 69.03|"
                    "COUNTY SUBSIDY 5031 2141.BANK1 69.02|BANK1 SUBSIDY 1141.COUNTY 2101.@ 69.02");
    DR(BANK1, "2101." FIRM, 26625);
    CR(BANK1, "4011", 47333);
    DR(BANK1, "1141.PFIN", 6903);
    DR(BANK1, "1141.CITY", 6903);
    DR(BANK1, "1141.COUNTY", 6902);
    DR(PFIN, "5031", 6903);
    DR(CITY, "5031", 6903);
    DR(COUNTY, "5031", 6902);
    CR(COUNTY, "2141.BANK1", 6902);
}

static void e14_clawback_by_what_each_level_paid(void **state)
{
    struct zyd_hash city, a, b;
    (void)state;
    e11(&city, &a, &b);
    on(20251010);
    int64_t before = balance(BANK2, "2101." FIRM), cfin = balance(CFIN, "5031"), pfin = balance(PFIN, "5031");
    NO(9102, POINT, "CLAWBACK", &b, BANK2, B(DEPT), "finding=sha256:f|ppm=375000");
    NO(9102, POINT, "CLAWBACK", &b, CFIN, 0, "finding=sha256:f|ppm=375000");
    NO(3009, POINT, "CLAWBACK", &b, AUD, 0, "finding=sha256:f|amount=1060.30");
    NO(9104, POINT, "CLAWBACK", &b, AUD, 0, "finding=sha256:f|amount=1.00|ppm=1");
    NO(9104, POINT, "CLAWBACK", &b, AUD, 0, "finding=sha256:f");
    OK(POINT, "CLAWBACK", &b, AUD, 0, "finding=sha256:f|ppm=375000");
    expect_postings("BANK2 CLAWBACK 1165.@ 2141.CFIN 357.85|CFIN CLAWBACK 1141.BANK2 5031 357.85|"
                    "BANK2 CLAWBACK 1165.@ 2141.PFIN 39.76|PFIN CLAWBACK 1141.BANK2 5031 39.76|"
                    "BANK2 DEBIT_BORR 2101.@ 1165.@ 397.61");
    STATE(b, "CLAWBACK");
    assert_int_equal(balance(CFIN, "5031") - cfin, -35785);
    assert_int_equal(balance(PFIN, "5031") - pfin, -3976);
    assert_int_equal(balance(BANK2, "2101." FIRM) - before, 39761);
    DR(BANK2, "1165." FIRM, 0);
    CR(BANK2, "2141.CFIN", 35785);
    DR(CFIN, "1141.BANK2", 35785);
    pay_all();
    CR(BANK2, "1001", 39761);
    DR(CFIN, "1001", 35785);
    DR(PFIN, "1001", 3976);
    DR(BANK2, "2141.CFIN", 0);
    DR(PFIN, "1141.BANK2", 0);
    on(20251111); /* the rest, later */
    NO(3009, POINT, "CLAWBACK", &b, AUD, 0, "finding=sha256:f|amount=662.69");
    OK(POINT, "CLAWBACK", &b, AUD, 0, "finding=sha256:f|amount=662.68");
    expect_postings("BANK2 CLAWBACK 1165.@ 2141.CFIN 596.41|CFIN CLAWBACK 1141.BANK2 5031 596.41|"
                    "BANK2 CLAWBACK 1165.@ 2141.PFIN 66.27|PFIN CLAWBACK 1141.BANK2 5031 66.27|"
                    "BANK2 DEBIT_BORR 2101.@ 1165.@ 662.68");
    NO(3009, POINT, "CLAWBACK", &b, AUD, 0, "finding=sha256:f|amount=0.01");
    NO(9111, POINT, "SETTLE", &b, BANK2, B(CFIN) | B(PFIN), settle_text(20260615, "1.00"));
    /* by the authority that clawed back, and nobody else: the opposite of all of it */
    NO(9102, POINT, "REINSTATE", &b, DEPT, 0, "decision=sha256:d");
    NO(9111, POINT, "REINSTATE", &a, AUD, 0, "decision=sha256:d");
    OK(POINT, "REINSTATE", &b, AUD, 0, "decision=sha256:d");
    expect_postings("CFIN REINSTATE 5031 2141.BANK2 954.26|BANK2 REINSTATE 1141.CFIN 2101.@ 954.26|"
                    "PFIN REINSTATE 5031 2141.BANK2 106.03|BANK2 REINSTATE 1141.PFIN 2101.@ 106.03");
    STATE(b, "ACCRUING");
    assert_int_equal(budget(POINT)->back, 0);
    assert_int_equal(balance(BANK2, "2101." FIRM), before);
}

static void a_clawback_is_weighed_by_what_was_paid_not_by_the_shares(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250728);
    assert_int_equal(enrol(POINT, &o, BANK1, "A", "60.00", 20250728, 20260331, "3%", ""), 0);
    on(20250920);
    OK(POINT, "SETTLE", &o, BANK1, B(CFIN) | B(PFIN), settle_text(20250920, "0.27"));
    assert_int_equal(enrolment(&o)->paid, 9); /* 8 and 1 */
    OK(POINT, "CLAWBACK", &o, DEPT, 0, "finding=sha256:f|amount=0.05"); /* by 900000 : 100000 it would be 5 and 0 */
    expect_postings("BANK1 CLAWBACK 1165.@ 2141.CFIN 0.04|CFIN CLAWBACK 1141.BANK1 5031 0.04|"
                    "BANK1 CLAWBACK 1165.@ 2141.PFIN 0.01|PFIN CLAWBACK 1141.BANK1 5031 0.01|"
                    "BANK1 DEBIT_BORR 2101.@ 1165.@ 0.05");
}

static void e17_fee_subsidy_follows_the_refund_of_the_fee(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250110);
    assert_int_equal(enrol(FEE, &o, BANK1, "F", "888888.88", 20250110, 20260110, "4%", ""), 9104); /* no fee named */
    assert_int_equal(enrol(FEE, &o, BANK1, "F", "888888.88", 20250110, 20260110, "4%", "fee_ppm=1%"), 0);
    NO(9111, FEE, "FEE_CHANGE", &o, BANK1, 0, "earned=0");
    NO(9112, FEE, "SETTLE", &o, BANK1, B(COUNTY), settle_text(20250920, "8888.89"));
    NO(3005, FEE, "SETTLE", &o, BANK1, B(COUNTY), settle_text(20260110, "8888.90"));
    NO(3006, FEE, "SETTLE", &o, BANK1, B(COUNTY), "to=2026-01-10|interest=8888.89|paid=8888.88|statement=sha256:s");
    OK(FEE, "SETTLE", &o, BANK1, B(COUNTY), settle_text(20260110, "8888.89"));
    expect_postings("COUNTY FEE_SUBSIDY 5031 2141.BANK1 4444.44|BANK1 FEE_SUBSIDY 1141.COUNTY 2101.@ 4444.44");
    NO(9111, FEE, "SETTLE", &o, BANK1, B(COUNTY), settle_text(20260110, "8888.89"));
    on(20250729); /* day 200 */
    NO(9111, FEE, "FEE_CHANGE", &o, BANK1, 0, "earned=4870.62"); /* not paid off */
    OK(FEE, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-07-29|balance=0");
    NO(3005, FEE, "FEE_CHANGE", &o, BANK1, 0, "earned=4870.63");
    NO(9102, FEE, "FEE_CHANGE", &o, COUNTY, 0, "earned=4870.62");
    OK(FEE, "FEE_CHANGE", &o, BANK1, 0, "earned=4870.62");
    expect_postings("BANK1 FS_CLAWBACK 2101.@ 2141.COUNTY 2009.13|COUNTY FS_CLAWBACK 1141.BANK1 5031 2009.13");
    NO(9111, FEE, "FEE_CHANGE", &o, BANK1, 0, "earned=4870.62");
    DR(COUNTY, "5031", 243531);
    CR(COUNTY, "2141.BANK1", 444444);
    DR(COUNTY, "1141.BANK1", 200913);
    DR(BANK1, "1141.COUNTY", 444444);
    CR(BANK1, "2141.COUNTY", 200913);
    on(20260111);
    STATE(o, "STOPPED");
}

static void fee_subsidies_of_two_levels_never_exceed_the_fee(void **state)
{
    struct zyd_hash county, central;
    (void)state;
    on(20250110);
    assert_int_equal(enrol(FEE, &county, BANK1, "F", "888888.88", 20250110, 20260110, "4%", "fee_ppm=1%"), 0);
    assert_int_equal(enrol(CFEE, &central, BANK1, "F", "888888.88", 20250110, 20260110, "4%", "fee_ppm=1%"), 0);
    NO(9111, CFEE, "SETTLE", &central, BANK1, B(CFIN) | B(PFIN), settle_text(20260110, "8888.89")); /* the county comes first */
    OK(FEE, "SETTLE", &county, BANK1, B(COUNTY), settle_text(20260110, "8888.89"));
    NO(3005, CFEE, "SETTLE", &central, BANK1, B(CFIN) | B(PFIN), settle_text(20260110, "8888.88"));
    OK(CFEE, "SETTLE", &central, BANK1, B(CFIN) | B(PFIN), settle_text(20260110, "8888.89"));
    /* 70 % of the fee on 700,000.00 is 4,900.00; the county left 4,444.45 */
    expect_postings("CFIN FEE_SUBSIDY 5031 2141.BANK1 2222.23|BANK1 FEE_SUBSIDY 1141.CFIN 2101.@ 2222.23|"
                    "PFIN FEE_SUBSIDY 5031 2141.BANK1 2222.22|BANK1 FEE_SUBSIDY 1141.PFIN 2101.@ 2222.22");
    on(20250729);
    OK(CFEE, "REPAY_CHANGE", &central, BANK1, 0, "date=2025-07-29|balance=0");
    NO(9111, CFEE, "FEE_CHANGE", &central, BANK1, 0, "earned=4870.62");
    OK(FEE, "FEE_CHANGE", &county, BANK1, 0, "earned=4870.62");
    OK(CFEE, "FEE_CHANGE", &central, BANK1, 0, "earned=4870.62");
    /* of 4,870.62 the county gives 2,435.31; 70 % of the fee of 700,000.00 would be 2,684.93 */
    assert_int_equal(enrolment(&central)->fee_back, 444445 - 243531);
}

static void enrol_holds_its_row(void **state)
{
    struct zyd_hash o, p;
    (void)state;
    on(20250310);
    assert_int_equal(enrol(LATER, &o, BANK1, "A", "1000.00", 20250310, 20260310, "4%", ""), 9111); /* a draft yet */
    assert_int_equal(enrol(BADCOST, &o, BANK1, "A", "1000.00", 20250310, 20260310, "4%", ""), 9103);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "1000.00", 20250311, 20260310, "4%", ""), 9112); /* not lent yet */
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "1000.00", 20250310, 20250310, "4%", ""), 9112);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "1000.00", 20250310, 20260310, "4%", "from=2025-03-09"), 9112);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "1000.00", 20250310, 20260310, "4%", "from=2026-03-10"), 9112);
    assert_int_equal(enrol(FEE, &o, BANK1, "A", "1000.00", 20250310, 20260310, "4%", "fee_ppm=1%|from=2025-03-11"), 9112);
    assert_int_equal(enrol(LPR, &o, GUAR, "A", "1000.00", 20250310, 20260310, "4%", ""), 9102);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "1000.00", 20250310, 20260310, "4%", "guarantee=sha256:none"), 9115);
#define TEXT "household=sha256:h|loan=sha256:A|amount=1000.00|value_date=2025-03-10|maturity=2026-03-10|rate_ppm=4%|lpr_ppm=3%"
    NO(9105, LPR, "ENROL", NULL, BANK1, B(DEPT), "borrower=91430100MA4TEXT00H|" TEXT);
    NO(9102, LPR, "ENROL", NULL, BANK1, 0, "borrower=" FIRM "|" TEXT);
    NO(9102, LPR, "ENROL", NULL, BANK1, B(CITY), "borrower=" FIRM "|" TEXT);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "1000.00", 20250310, 20260310, "4%", ""), 0);
    STATE(o, "ENROLLED");
    assert_int_equal(f->outcome.posting_count, 0);
    assert_int_equal(enrolment(&o)->until, 20250618); /* max_days 100 */
    assert_int_equal(enrolment(&o)->reserved, 416); /* FLOOR(1000.00 x 100 x 1.5 % / 360) */
    assert_int_equal(budget(LPR)->reserved, 416);
    /* F1 in the same class, and the same F1 with other terms */
    assert_int_equal(enrol(LPR, &p, BANK1, "A", "1000.00", 20250310, 20260310, "4%", ""), 3001);
    assert_int_equal(enrol(LOCAL, &p, BANK1, "A", "1000.00", 20250310, 20260310, "4%", ""), 3001); /* another city programme */
    assert_int_equal(enrol(NETTED, &p, BANK2, "A", "1000.00", 20250310, 20260310, "4%", ""), 9105);
    assert_int_equal(enrol(NETTED, &p, BANK1, "A", "1000.01", 20250310, 20260310, "4%", ""), 9105);
    assert_int_equal(enrol(NETTED, &p, BANK1, "A", "1000.00", 20250310, 20260310, "4.1%", ""), 9105);
    NO(9105, NETTED, "ENROL", NULL, BANK1, B(DEPT), "borrower=" FIRM2 "|" TEXT);
    assert_int_equal(enrol(MICRO, &p, BANK1, "A", "1000.00", 20250310, 20260310, "4%", ""), 9112); /* other settlement dates */
    assert_int_equal(enrol(NETTED, &p, BANK1, "A", "1000.00", 20250310, 20260310, "4%", ""), 0);
}

static void one_item_has_one_programme_of_a_family(void **state)
{
    struct zyd_hash o, p;
    (void)state;
    on(20250310);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "1000.00", 20250310, 20260310, "4%", "purpose=sha256:invoice 7"), 0);
    assert_int_equal(enrol(LPR, &p, BANK2, "B", "1000.00", 20250310, 20260310, "4%", "purpose=sha256:invoice 7"), 3003);
    assert_int_equal(enrol(LPR, &p, BANK2, "B", "1000.00", 20250310, 20260310, "4%", "purpose=sha256:invoice 8"), 0);
    assert_int_equal(enrol(NETTED, &p, BANK2, "C", "1000.00", 20250310, 20260310, "4%", "purpose=sha256:invoice 7"), 0);
    /* closed before anything was paid: class and purpose are free again, the budget too */
    int64_t reserved = budget(LPR)->reserved;
    NO(9102, LPR, "CLOSE", &o, BANK1, B(DEPT), "");
    OK(LPR, "CLOSE", &o, DEPT, 0, "");
    STATE(o, "CLOSED");
    assert_int_equal(budget(LPR)->reserved, reserved - 416);
    NO(9111, LPR, "CLOSE", &o, DEPT, 0, "");
    NO(9111, LPR, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-03-10|balance=0");
    assert_int_equal(enrol(LPR, &p, BANK1, "A", "1000.00", 20250310, 20260310, "4%", "purpose=sha256:invoice 7"), 0);
}

static void a_related_borrower_is_flagged_only(void **state)
{
    (void)state;
    on(20250310);
    assert_int_equal(enrol(LPR, NULL, BANK1, "A", "1000.00", 20250310, 20260310, "4%", "controller=sha256:boss"), 0);
    assert_int_equal(enrol(LPR, NULL, BANK1, "B", "1000.00", 20250310, 20260310, "4%", "controller=sha256:boss"), 0);
    assert_false(warned(3010)); /* the same borrower */
    OK(LPR, "ENROL", NULL, BANK1, B(DEPT),
       "borrower=" FIRM2 "|household=sha256:h2|loan=sha256:C|controller=sha256:boss|amount=1.00|"
       "value_date=2025-03-10|maturity=2026-03-10|rate_ppm=4%|lpr_ppm=3%");
    assert_true(warned(3010));
    assert_int_equal(enrol(LPR, NULL, BANK1, "D", "1000.00", 20250310, 20260310, "4%", "controller=sha256:boss"), 0);
    assert_true(warned(3010)); /* and from then on all of them */
    assert_int_equal(enrol(NETTED, NULL, BANK1, "D", "1000.00", 20250310, 20260310, "4%", "controller=sha256:boss"), 0);
    assert_false(warned(3010)); /* another family */
}

static void a_full_household_is_refused_until_a_repayment_frees_cap(void **state)
{
    struct zyd_hash a, b, c, local;
    (void)state;
    on(20250401);
    assert_int_equal(enrol(POINT, &a, BANK1, "A", "999999.99", 20250401, 20260331, "3%", ""), 0);
    assert_int_equal(enrol(POINT, &b, BANK2, "B", "0.02", 20250401, 20260331, "3%", ""), 0); /* one fen of it */
    assert_int_equal(enrol(POINT, &c, BANK2, "C", "1000.00", 20250401, 20260331, "3%", ""), 3002);
    assert_int_equal(enrol(LOCAL, &local, BANK2, "C", "1000.00", 20250401, 20260331, "3%", ""), 0); /* another class */
    on(20250501);
    OK(POINT, "REPAY_CHANGE", &a, BANK1, 0, "date=2025-04-11|balance=999999.00");
    assert_int_equal(enrol(POINT, &c, BANK2, "C", "1000.00", 20250401, 20260331, "3%", ""), 3002); /* full on its first day */
    assert_int_equal(enrol(POINT, &c, BANK2, "C", "1000.00", 20250401, 20260331, "3%", "from=2025-04-11"), 0);
    /* STOP frees it, too: from 1 May on the whole of C is eligible */
    NO(9102, POINT, "STOP", &a, BANK1, B(DEPT), "reason=MISUSE|date=2025-05-01");
    NO(9102, POINT, "STOP", &a, DEPT, B(BANK1), "reason=CANCELLED|date=2025-05-01");
    NO(9112, POINT, "STOP", &a, DEPT, 0, "reason=MISUSE|date=2025-05-02");
    NO(9112, POINT, "STOP", &a, DEPT, 0, "reason=MISUSE|date=2025-03-31");
    NO(9104, POINT, "STOP", &a, DEPT, 0, "reason=TERM|date=2025-05-01");
    OK(POINT, "STOP", &a, DEPT, 0, "reason=MISUSE|date=2025-05-01");
    STATE(a, "STOPPED");
    NO(9111, POINT, "STOP", &a, DEPT, 0, "reason=MISUSE|date=2025-05-01");
    on(20250920);
    OK(LOCAL, "SETTLE", &local, BANK2, B(CITY), settle_text(20250920, "14.33"));
    assert_int_equal(enrolment(&local)->paid, 1194);
    /* 20 days of 0.98 (1,000,000.00 less 999,999.00 less B's 0.02), 142 of 1,000.00, at the half point that LOCAL leaves */
    OK(POINT, "SETTLE", &c, BANK2, B(CFIN) | B(PFIN), settle_text(20250920, "14.33"));
    expect_postings("CFIN SUBSIDY 5031 2141.BANK2 1.77|BANK2 SUBSIDY 1141.CFIN 2101.@ 1.77|"
                    "PFIN SUBSIDY 5031 2141.BANK2 0.20|BANK2 SUBSIDY 1141.PFIN 2101.@ 0.20");
}

static void settle_holds_its_row(void **state)
{
    struct zyd_hash o, net, late;
    (void)state;
    on(20250410);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "100000.00", 20250410, 20260410, "4%", ""), 0);
    assert_int_equal(enrol(NETTED, &net, BANK1, "A", "100000.00", 20250410, 20260410, "4%", ""), 0);
    on(20250419);
    NO(9112, LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250420, "111.11")); /* tomorrow */
    on(20250520);
    NO(9112, LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "444.44")); /* the period ends on 20 April */
    NO(3006, LPR, "SETTLE", &o, BANK1, B(CITY), "to=2025-04-20|interest=111.11|paid=111.11");
    NO(3006, LPR, "SETTLE", &o, BANK1, B(CITY), "to=2025-04-20|interest=111.11|paid=111.10|statement=sha256:s");
    NO(3006, LPR, "SETTLE", &o, BANK1, B(CITY), "to=2025-04-20|interest=111.11|statement=sha256:s");
    NO(3005, LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250420, "111.12"));
    NO(3005, LPR, "SETTLE", &o, BANK1, B(CITY), "to=2025-04-20|interest=111.11|paid=111.11|other=111.12|statement=sha256:s");
    NO(9102, LPR, "SETTLE", &o, BANK1, 0, settle_text(20250420, "111.11"));
    NO(9102, LPR, "SETTLE", &o, BANK2, B(BANK1) | B(CITY), settle_text(20250420, "111.11"));
    /* half of LPR is 1.5 %: 41.67; what came from elsewhere leaves less */
    OK(LPR, "SETTLE", &o, BANK1, B(CITY), "to=2025-04-20|interest=111.11|paid=111.11|other=80.00|statement=sha256:s");
    expect_postings("BANK1 INT 2101.@ 4011 111.11|CITY SUBSIDY 5031 2141.BANK1 31.11|BANK1 SUBSIDY 1141.CITY 2101.@ 31.11");
    STATE(o, "ACCRUING");
    /* the central level comes to nothing: no rows, no second INT; NET needs no proof that the borrower paid */
    NO(3005, NETTED, "SETTLE", &net, BANK1, B(CFIN), "to=2025-04-20|interest=111.10|statement=sha256:s");
    OK(NETTED, "SETTLE", &net, BANK1, B(CFIN), "to=2025-04-20|interest=111.11|statement=sha256:s");
    assert_int_equal(f->outcome.posting_count, 0);
    OK(LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33")); /* 125.00 */
    OK(NETTED, "SETTLE", &net, BANK1, B(CFIN), "to=2025-05-20|interest=333.33|statement=sha256:s");
    expect_postings("CFIN SUBSIDY 5031 2141.BANK1 208.33|BANK1 SUBSIDY 1141.CFIN 2101.@ 208.33"); /* of 266.66 what is left */
    /* a level that came later settles the period that is open, for its own days */
    assert_int_equal(enrol(TIGHT, &late, BANK1, "A", "100000.00", 20250410, 20260410, "4%", "from=2025-05-21"), 0);
    on(20250620);
    NO(9111, LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250620, "344.44")); /* the county comes first now */
    OK(TIGHT, "SETTLE", &late, BANK1, B(COUNTY), settle_text(20250620, "344.44"));
    assert_int_equal(enrolment(&late)->paid, 12500); /* 30 of 31 days */
}

static void a_bank_may_charge_less_than_the_ledger_computes(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250520);
    OK(LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "100.00"));
    expect_postings("BANK1 INT 2101.@ 4011 100.00|CITY SUBSIDY 5031 2141.BANK1 100.00|BANK1 SUBSIDY 1141.CITY 2101.@ 100.00");
}

static void an_overdue_loan_is_not_subsidised(void **state)
{
    struct zyd_hash o, net;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    assert_int_equal(enrol(NETTED, &net, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250625);
    OK(LPR, "STOP", &o, BANK1, 0, "reason=OVERDUE|date=2025-06-15");
    STATE(o, "STOPPED");
    OK(LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33")); /* was not overdue on that settlement date */
    NO(3008, LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250620, "344.44"));
    OK(LPR, "CLOSE", &o, DEPT, 0, ""); /* gives up the days before 15 June */
    assert_int_equal(budget(LPR)->reserved, 0);
    OK(NETTED, "SETTLE", &net, BANK1, B(CFIN), settle_text(20250520, "333.33"));
    NO(3008, NETTED, "SETTLE", &net, BANK1, B(CFIN), settle_text(20250620, "344.44")); /* told by the other enrolment */
    assert_int_equal(enrol(FREE, NULL, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 3001);
    assert_int_equal(enrol(R3, NULL, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 3008);
}

static void changes_of_the_loan_hold_their_rows(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(START, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    NO(9112, START, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-04-21|balance=1.00");
    NO(9104, START, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-04-20|balance=100000.00");
    NO(9102, START, "REPAY_CHANGE", &o, BANK2, 0, "date=2025-04-20|balance=1.00");
    NO(9102, START, "RATE_CHANGE", &o, DEPT, 0, "date=2025-04-20|rate_ppm=4%|lpr_ppm=2%");
    NO(9112, START, "EXTEND_CHANGE", &o, BANK1, 0, "maturity=2026-04-10");
    NO(9102, START, "EXTEND_CHANGE", &o, BANK2, 0, "maturity=2026-05-10");
    on(20250520);
    OK(START, "RATE_CHANGE", &o, BANK1, 0, "date=2025-05-10|rate_ppm=3.8%|lpr_ppm=2.8%");
    NO(9112, START, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-09|balance=1.00"); /* in the order of their dates */
    OK(START, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=60000.00");
    OK(START, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-20|balance=0");
    NO(9111, START, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-20|balance=0");
    NO(9111, START, "EXTEND_CHANGE", &o, BANK1, 0, "maturity=2026-05-10");
    NO(9111, START, "RATE_CHANGE", &o, BANK1, 0, "date=2025-05-20|rate_ppm=3.8%|lpr_ppm=2.8%");
    /* 20 days of 100,000 at 4 % (floor 1.5 %), 10 of 60,000 at 3.8 % (floor 1.3 %): one rounding */
    OK(START, "SETTLE", &o, BANK1, B(CFIN) | B(COUNTY), settle_text(20250520, "285.55"));
    assert_int_equal(enrolment(&o)->paid, 18056); /* (20 x 100,000 + 10 x 60,000) x 2.5 % / 360 = 180.555.. */
    STATE(o, "STOPPED");
    assert_int_equal(enrolment(&o)->reason, ZYD_SR_REPAID);
    assert_int_equal(budget(START)->reserved, 0);
    NO(9111, START, "SETTLE", &o, BANK1, B(CFIN) | B(COUNTY), settle_text(20250520, "285.55"));
    OK(START, "CLOSE", &o, DEPT, 0, "");
    assert_int_equal(enrol(R2, NULL, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 9112); /* settled by other dates */
    assert_int_equal(enrol(START, NULL, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 3001); /* it had its subsidy */
}

static void the_budget_bounds_what_is_promised_and_paid(void **state)
{
    struct zyd_hash a, b, c;
    (void)state;
    on(20250420);
    /* half of LPR for 355 days on 100,000: 1,479.16 of 2,000.00 */
    assert_int_equal(enrol(TIGHT, &a, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    assert_int_equal(budget(TIGHT)->reserved, 147916);
    assert_int_equal(enrol(TIGHT, &b, BANK1, "B", "100000.00", 20250420, 20260410, "4%", ""), 3004);
    assert_int_equal(enrol(TIGHT, &b, BANK1, "B", "35211.26", 20250420, 20260410, "4%", ""), 0); /* 520.83 */
    assert_int_equal(budget(TIGHT)->state, ZYD_SB_OPEN);
    assert_int_equal(enrol(TIGHT, &c, BANK1, "C", "2.00", 20250420, 20260410, "4%", ""), 3004); /* two fen of the one left */
    assert_int_equal(enrol(TIGHT, &c, BANK1, "C", "1.00", 20250420, 20260410, "4%", ""), 0);
    assert_int_equal(budget(TIGHT)->state, ZYD_SB_EXHAUSTED);
    assert_int_equal(enrol(TIGHT, NULL, BANK1, "D", "0.01", 20250420, 20260410, "4%", ""), 3004);
    /* LPR goes up: SETTLE pays what was reserved, and says so */
    OK(TIGHT, "RATE_CHANGE", &b, BANK1, 0, "date=2025-04-20|rate_ppm=90%|lpr_ppm=100%");
    on(20250620);
    OK(TIGHT, "SETTLE", &b, BANK1, B(COUNTY), settle_text(20250520, "2640.84"));
    assert_true(warned(3004));
    assert_int_equal(enrolment(&b)->paid, 52083);
    assert_int_equal(enrolment(&b)->reserved, 0);
    assert_int_equal(budget(TIGHT)->paid, 52083);
    /* money that comes back opens it again; and REINSTATE needs it to be there still */
    OK(TIGHT, "CLAWBACK", &b, AUD, 0, "finding=sha256:f|ppm=1000000");
    assert_int_equal(budget(TIGHT)->state, ZYD_SB_OPEN);
    assert_int_equal(enrol(TIGHT, NULL, BANK1, "D", "1000.00", 20250420, 20260410, "4%", ""), 0);
    NO(3004, TIGHT, "REINSTATE", &b, AUD, 0, "decision=sha256:d");
}

static void the_department_suspends_and_closes_the_programme(void **state)
{
    struct zyd_hash o, m;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250520);
    NO(9102, LPR, "PROGRAMME", &m, CITY, B(DEPT), "state=SUSPENDED|reason=audit");
    NO(9104, LPR, "PROGRAMME", &m, DEPT, 0, "state=EXHAUSTED|reason=audit");
    NO(9111, LPR, "PROGRAMME", &m, DEPT, 0, "state=OPEN|reason=audit");
    OK(LPR, "PROGRAMME", &m, DEPT, 0, "state=SUSPENDED|reason=audit");
    NO(9111, LPR, "SETTLE", &m, BANK1, B(CITY), settle_text(20250520, "333.33")); /* a minute is no enrolment */
    assert_int_equal(enrol(LPR, NULL, BANK1, "B", "100000.00", 20250420, 20260410, "4%", ""), 9111);
    NO(9111, LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33"));
    OK(LPR, "PROGRAMME", &m, DEPT, 0, "state=OPEN|reason=audit over");
    OK(LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33"));
    OK(LPR, "PROGRAMME", &m, DEPT, 0, "state=CLOSED|reason=end");
    NO(9111, LPR, "PROGRAMME", &m, DEPT, 0, "state=OPEN|reason=again");
    assert_int_equal(enrol(LPR, NULL, BANK1, "B", "100000.00", 20250420, 20260410, "4%", ""), 9111);
    on(20250620);
    OK(LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250620, "344.44")); /* what was promised is paid */
    on(20250730); /* the hundredth day was 28 July */
    STATE(o, "STOPPED");
    assert_int_equal(enrolment(&o)->reason, ZYD_SR_TERM);
    OK(LPR, "SETTLE", &o, BANK1, B(CITY), settle_text(20250720, "333.33"));
}

static void a_clawed_back_enrolment_keeps_its_rank_and_resumes_without_a_gap(void **state)
{
    struct zyd_hash a, b;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(R1, &a, BANK1, "A", "800000.00", 20250420, 20260410, "4%", ""), 0);
    assert_int_equal(enrol(R1, &b, BANK2, "B", "800000.00", 20250420, 20260410, "4%", ""), 0);
    on(20250620);
    OK(R1, "SETTLE", &a, BANK1, B(CFIN) | B(PFIN), settle_text(20250520, "2666.67"));
    OK(R1, "CLAWBACK", &a, DEPT, 0, "finding=sha256:f|amount=100.00");
    NO(9111, R1, "SETTLE", &a, BANK1, B(CFIN) | B(PFIN), settle_text(20250620, "2755.56"));
    OK(R1, "SETTLE", &b, BANK2, B(CFIN) | B(PFIN), settle_text(20250520, "2666.67"));
    OK(R1, "SETTLE", &b, BANK2, B(CFIN) | B(PFIN), settle_text(20250620, "2755.56"));
    assert_int_equal(enrolment(&b)->paid, 16667 + 17222); /* 200,000 at 1 % for 30 and 31 days */
    OK(R1, "REINSTATE", &a, DEPT, 0, "decision=sha256:d");
    OK(R1, "SETTLE", &a, BANK1, B(CFIN) | B(PFIN), settle_text(20250620, "2755.56"));
    assert_int_equal(enrolment(&a)->paid, 66667 + 68889);
    /* its days end while it is clawed back: then REINSTATE leads to STOPPED, and what is left can be settled */
    OK(R1, "CLAWBACK", &a, DEPT, 0, "finding=sha256:f|amount=100.00");
    on(20260215);
    STATE(a, "CLAWBACK");
    OK(R1, "REINSTATE", &a, DEPT, 0, "decision=sha256:d");
    STATE(a, "STOPPED");
    OK(R1, "SETTLE", &a, BANK1, B(CFIN) | B(PFIN), settle_text(20250720, "2666.67"));
}

/* 360,000.00 at 3 % for a year, under one programme; and its first settlement, by the city, then by the levels above. */
static uint32_t enrol_for_a_year(uint16_t programme_, struct zyd_hash *o, const char *more)
{
    return enrol(programme_, o, BANK1, "A", "360000.00", 20250401, 20260331, "3%", more);
}
static void settle_city_then_point(struct zyd_hash *city, struct zyd_hash *point)
{
    on(20250920);
    OK(LOCAL, "SETTLE", city, BANK1, B(CITY), settle_text(20250920, "5160.00"));
    OK(POINT, "SETTLE", point, BANK1, B(CFIN) | B(PFIN), settle_text(20250920, "5160.00"));
}

/* What a level that was closed would have given is not taken off the rate of later ones. */
static void a_closed_level_leaves_the_rate_to_later_ones(void **state)
{
    struct zyd_hash city, a;
    (void)state;
    on(20250401);
    assert_int_equal(enrol_for_a_year(LOCAL, &city, ""), 0);
    assert_int_equal(enrol_for_a_year(POINT, &a, ""), 0);
    settle_city_then_point(&city, &a);
    assert_int_equal(enrolment(&a)->paid, 86000); /* 3 % less 2.5 %, for 172 days */
    on(20260331);
    NO(9111, POINT, "SETTLE", &a, BANK1, B(CFIN) | B(PFIN), settle_text(20260331, "5760.00")); /* the city comes first */
    OK(LOCAL, "CLOSE", &city, DEPT, 0, "");
    OK(POINT, "SETTLE", &a, BANK1, B(CFIN) | B(PFIN), settle_text(20260331, "5760.00"));
    assert_int_equal(enrolment(&a)->paid, 86000 + 192000); /* 1 % for 192 days */
}

/* Two programmes whose subsidised days begin on different dates: the earlier ones count, whichever enrolled first. */
static void the_first_period_begins_with_the_first_subsidised_day(void **state)
{
    struct zyd_hash city, a;
    (void)state;
    on(20250601);
    assert_int_equal(enrol_for_a_year(POINT, &a, "from=2025-05-01"), 0);
    assert_int_equal(enrol_for_a_year(LOCAL, &city, ""), 0);
    settle_city_then_point(&city, &a);
    assert_int_equal(enrolment(&city)->paid, 430000); /* 2.5 % for 172 days */
    assert_int_equal(enrolment(&a)->paid, 71000); /* 0.5 % for 142 days */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(e11_household_cap_over_two_banks_and_a_prior_local_subsidy),
        T(e12_above_a_floor_with_early_repayment_and_extension),
        T(e13_the_first_part_of_a_loan_at_a_share_of_its_interest),
        T(e14_clawback_by_what_each_level_paid),
        T(a_clawback_is_weighed_by_what_was_paid_not_by_the_shares),
        T(e17_fee_subsidy_follows_the_refund_of_the_fee),
        T(fee_subsidies_of_two_levels_never_exceed_the_fee),
        T(enrol_holds_its_row),
        T(one_item_has_one_programme_of_a_family),
        T(a_related_borrower_is_flagged_only),
        T(a_full_household_is_refused_until_a_repayment_frees_cap),
        T(settle_holds_its_row),
        T(a_bank_may_charge_less_than_the_ledger_computes),
        T(an_overdue_loan_is_not_subsidised),
        T(changes_of_the_loan_hold_their_rows),
        T(the_budget_bounds_what_is_promised_and_paid),
        T(the_department_suspends_and_closes_the_programme),
        T(a_clawed_back_enrolment_keeps_its_rank_and_resumes_without_a_gap),
        T(a_closed_level_leaves_the_rate_to_later_ones),
        T(the_first_period_begins_with_the_first_subsidised_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
