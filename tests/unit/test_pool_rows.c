/* Goal: each event of product (b) holds its row of domain.md 3.2: preconditions, signers, states, warnings, deadlines; each
 * code of 2001 to 2015 is provoked; each refusal changes nothing; the queue costs the same whatever its length.
 * Method: as in test_pool.c. */
#include "pool_rig.h"

#define DOC "sha256:x"
#define BOTH "|evidence=sha256:a,sha256:b"

static void create_and_fund_hold_their_rows(void **state)
{
    struct zyd_hash o, p;
    (void)state;
    NO(2001, BAD, "CREATE", NULL, POOL, B(COUNTY) | B(CITY), "account=1"); /* 99.9999 % */
    for (uint16_t bad = RP + 1; bad <= BAD_LAST; bad++) {
        NO(2001, bad, "CREATE", NULL, POOL, B(COUNTY) | B(CITY) | B(BANK), "account=1");
    }
    NO(9111, CAPS, "FUND", NULL, COUNTY, 0, "layer=COUNTY|amount=1.00|bank_ref=X"); /* no pool yet */
    NO(9102, CAPS, "CREATE", NULL, POOL, 0, "account=1");
    NO(9102, CAPS, "CREATE", NULL, COUNTY, 0, "account=1");
    NO(9102, CAPS, "CREATE", NULL, BANK, B(COUNTY) | B(POOL), "account=1"); /* an outsider */
    create(CAPS, B(COUNTY));
    NO(9109, CAPS, "CREATE", NULL, POOL, B(COUNTY), "account=1");
    NO(2001, CAPS, "FUND", NULL, COUNTY, 0, "layer=CITY|amount=1.00|bank_ref=X");
    NO(9102, CAPS, "FUND", NULL, CITY, 0, "layer=COUNTY|amount=1.00|bank_ref=X");
    skip_rows();
    OK(CAPS, "FUND", &o, COUNTY, 0, "layer=COUNTY|amount=10000.00|bank_ref=X");
    no_more_rows(); /* said, not there */
    NO(2002, CAPS, "FUND_CONFIRM", &o, POOL, 0, "amount=9999.99|bank_ref=X");
    NO(2002, CAPS, "FUND_CONFIRM", &o, POOL, 0, "amount=10000.00|bank_ref=Y");
    NO(2002, CAPS, "FUND_CONFIRM", &o, POOL, 0, "amount=10000.00|bank_ref=XX");
    NO(9102, CAPS, "FUND_CONFIRM", &o, COUNTY, 0, "amount=10000.00|bank_ref=X");
    OK(CAPS, "FUND_CONFIRM", &o, POOL, 0, "amount=10000.00|bank_ref=X");
    row("POOL FUND 1001 3001.COUNTY 10,000.00");
    no_more_rows();
    NO(9111, CAPS, "FUND_CONFIRM", &o, POOL, 0, "amount=10000.00|bank_ref=X");
    NO(9111, CAPS, "FUND_CONFIRM", &pool_of[CAPS], POOL, 0, "amount=10000.00|bank_ref=X"); /* no funding */
    NO(9111, CAPS, "REPAY", &o, BANK, 0, "amount=1.00");                                   /* no loan */
    create(SAME, B(COUNTY));
    NO(9104, SAME, "FUND_CONFIRM", &o, POOL, 0, "amount=10000.00|bank_ref=X"); /* another pool's */
    OK(SAME, "OPENING", &p, BANK, 0, "rows=BANK 1102 2101.X 1.00");
    STATE(p, "RECORDED");
    for (uint16_t event = 0; event < 300; event = (uint16_t)(event + (event < 20 ? 1 : 40))) {
        struct zyd_fixture_op op = {.contract = 2, .event = event, .programme = CAPS, .member = POOL, .object = &o,
                                    .expect_seq = UINT64_MAX};
        block(now + 1000);
        uint32_t code = zyd_fixture_run(f, &op); /* no arguments at all */
        zyd_fixture_end(f);
        assert_true(code == 9104 || (code == 9111 && event >= 1 && event <= 20));
    }
}

static const char *caps_loan(const char *borrower, const char *name, const char *principal, const char *rate, int32_t drawn)
{
    return text_of("%s|loan=sha256:%s|loan_class=1|principal=%s|rate_ppm=%s|drawn_on=%d|maturity=20290101", borrower, name,
                   principal, rate, drawn);
}

static void registration_holds_its_row(void **state)
{
    struct zyd_hash o, other;
    (void)state;
    int32_t day = today();
    NO(2003, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "1000.00", "4%", day)); /* not on the list */
    NO(9102, CAPS, "ENROL", NULL, BANK, 0, FIRM "|loan_class=1|valid_until=2027-12-31");
    NO(9104, CAPS, "ENROL", NULL, DEPT, 0, FIRM "|loan_class=2|valid_until=2027-12-31"); /* the pool has one class */
    OK(CAPS, "ENROL", NULL, DEPT, 0, text_of(FIRM "|loan_class=1|valid_until=%d", zyd_date_add(day, -1)));
    NO(2003, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "1000.00", "4%", day)); /* since yesterday */
    OK(CAPS, "ENROL", NULL, DEPT, 0, FIRM "|loan_class=1|valid_until=2027-12-31");
    NO(2003, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "1000.00", "60001", day)); /* over the rate cap */
    NO(9112, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "1000.00", "4%", zyd_date_add(day, 1)));
    NO(9112, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "1000.00", "4%", 20290101));
    NO(9106, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "1000.00", "4%", zyd_date_add(day, -15)));
    NO(2005, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "20000.01", "4%", day)); /* twice 10,000.00 */
    NO(9102, CAPS, "REGISTER_LOAN", NULL, CITY, 0, caps_loan(FIRM, "a", "1000.00", "4%", day));
    skip_rows();
    OK(CAPS, "REGISTER_LOAN", &o, BANK, 0, caps_loan(FIRM, "a", "1000.01", "60000", zyd_date_add(day, -14))); /* 10 wd */
    row("POOL MEMO 9001 9002 500.00"); /* FLOOR */
    no_more_rows();
    NO(2005, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "b", "19000.00", "4%", day));
    NO(9109, CAPS, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "1000.00", "4%", day));
    OK(SAME, "ENROL", NULL, DEPT, 0, FIRM "|loan_class=1|valid_until=2027-12-31");
    /* in another pool of the class */
    NO(2004, SAME, "REGISTER_LOAN", NULL, BANK, 0, caps_loan(FIRM, "a", "1000.00", "4%", day));
    OK(SAME, "REGISTER_LOAN", &other, BANK2, 0, caps_loan(FIRM, "a", "1000.00", "4%", day));    /* another bank's loan */
    NO(2008, CAPS, "REPAY", &o, BANK, 0, "amount=1000.02");
    NO(9102, CAPS, "REPAY", &o, BANK2, 0, "amount=1.00");
    skip_rows();
    OK(CAPS, "REPAY", &o, BANK, 0, "amount=400.02");
    row("POOL MEMO 9002 9001 200.01"); /* 599.99: FLOOR 299.99 */
    OK(CAPS, "REPAY", &o, BANK, 0, "amount=599.99");
    row("POOL MEMO 9002 9001 299.99");
    no_more_rows();
    STATE(o, "REPAID");
    NO(9111, CAPS, "REPAY", &o, BANK, 0, "amount=0.01");
    OK(SAME, "REGISTER_LOAN", &other, BANK, 0, caps_loan(FIRM, "a", "1000.00", "4%", day)); /* that registration is over */
    read_pool(CAPS);
    assert_int_equal(pool.balance + pool.npl + pool.memo, 0);
}

static void status_and_claim_hold_their_rows(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20260202);
    register_loan(&o, CAPS, BANK, FIRM, "c", "1000.00");
    NO(2006, CAPS, "FILE", &o, BANK, 0, "principal=1000.00" BOTH); /* nothing reported */
    NO(9112, CAPS, "STATUS", &o, BANK, 0, "what=OVERDUE|since=2026-02-03");
    NO(9112, CAPS, "STATUS", &o, BANK, 0, "what=OVERDUE|since=2026-02-01"); /* before the drawdown */
    NO(9102, CAPS, "STATUS", &o, BANK2, 0, "what=OVERDUE|since=2026-02-02");
    OK(CAPS, "STATUS", &o, BANK, 0, "what=LAWSUIT|since=2026-02-02");
    NO(2006, CAPS, "FILE", &o, BANK, 0, "principal=1000.00" BOTH); /* this programme asks for something else */
    OK(CAPS, "STATUS", &o, BANK, 0, "what=OVERDUE|since=2026-02-02");
    NO(9109, CAPS, "STATUS", &o, BANK, 0, "what=OVERDUE|since=2026-02-02");
    STATE(o, "DEFAULTED");
    on(20260402); /* day 59 */
    NO(2006, CAPS, "FILE", &o, BANK, 0, "principal=1000.00" BOTH);
    on(20260403); /* day 60 */
    NO(2006, CAPS, "FILE", &o, BANK, 0, "principal=1000.00|evidence=sha256:a"); /* one of two documents */
    NO(2008, CAPS, "FILE", &o, BANK, 0, "principal=999.99" BOTH);
    NO(9102, CAPS, "FILE", &o, BANK2, 0, "principal=1000.00" BOTH);
    OK(CAPS, "FILE", &o, BANK, 0, "principal=1000.00" BOTH);
    NO(9111, CAPS, "FILE", &o, BANK, 0, "principal=1000.00" BOTH);
    NO(9111, CAPS, "REPAY", &o, BANK, 0, "amount=1.00");
    NO(9111, CAPS, "REVIEW_OK", &o, POOL, 0, "base=1000.00|pay=400.00");
    NO(2008, CAPS, "DEPT_OK", &o, DEPT, 0, "base=999.99");
    NO(9102, CAPS, "DEPT_OK", &o, POOL, 0, "base=1000.00");
    NO(9102, CAPS, "REJECT", &o, POOL, 0, "reason=not its turn");
    OK(CAPS, "REJECT", &o, DEPT, 0, "reason=unclear");
    STATE(o, "REJECTED");
    on(20260801); /* day 180 */
    OK(CAPS, "FILE", &o, BANK, 0, "principal=1000.00" BOTH);
    on(20260808); /* the fifth working day is Friday the 7th */
    assert_true(warned(sys_warnings, sys_warning_count, 9106));
    STATE(o, "FILED");
    assert_true(loan.flags & ZYD_PF_REVIEW_LATE);
    OK(CAPS, "DEPT_OK", &o, DEPT, 0, "base=1000.00");
    NO(9102, CAPS, "REJECT", &o, DEPT, 0, "reason=not its turn");
    NO(9102, CAPS, "REVIEW_OK", &o, DEPT, 0, "base=1000.00|pay=400.00");
    NO(2008, CAPS, "REVIEW_OK", &o, POOL, 0, "base=1000.01|pay=400.00");
    NO(2008, CAPS, "REVIEW_OK", &o, POOL, 0, "base=1000.00|pay=500.00"); /* nominal, but the cap of a claim is 400.00 */
    OK(CAPS, "REJECT", &o, POOL, 0, "reason=too late anyway");
    on(20260802);
    NO(9106, CAPS, "FILE", &o, BANK, 0, "principal=1000.00" BOTH); /* day 188 */
    OK(CAPS, "REPAY", &o, BANK, 0, "amount=1000.00"); /* a rejected claim's loan may still be paid */
    STATE(o, "REPAID");
}

/* 1,000.00 overdue since today, claimed 60 days later, up to REVIEW. */
static void review(struct zyd_hash *o, uint16_t bank, const char *borrower, const char *name)
{
    register_loan(o, CAPS, bank, borrower, name, "1000.00");
    OK(CAPS, "STATUS", o, bank, 0, text_of("what=OVERDUE|since=%d", today()));
    on(zyd_date_add(today(), 60));
    OK(CAPS, "FILE", o, bank, 0, "principal=1000.00" BOTH);
    OK(CAPS, "DEPT_OK", o, DEPT, 0, "base=1000.00");
}

static void caps_of_claim_borrower_and_bank_year_hold(void **state)
{
    struct zyd_hash o[6];
    (void)state;
    on(20270104);
    review(&o[0], BANK, FIRM, "cap 0");
    OK(CAPS, "REVIEW_OK", &o[0], POOL, 0, "base=1000.00|pay=400.00"); /* per claim */
    review(&o[1], BANK, FIRM, "cap 1");
    OK(CAPS, "REVIEW_OK", &o[1], POOL, 0, "base=1000.00|pay=300.00"); /* per borrower: 700.00 */
    review(&o[2], BANK, FIRM2, "cap 2");
    OK(CAPS, "REVIEW_OK", &o[2], POOL, 0, "base=1000.00|pay=300.00"); /* per bank and year: 1,000.00 */
    review(&o[3], BANK, PERSON, "cap 3");
    NO(2009, CAPS, "REVIEW_OK", &o[3], POOL, 0, "base=1000.00|pay=400.00");
    NO(2009, CAPS, "REVIEW_OK", &o[3], POOL, 0, "base=1000.00|pay=0");
    review(&o[4], BANK2, PERSON, "cap 4");
    OK(CAPS, "REVIEW_OK", &o[4], POOL, 0, "base=1000.00|pay=400.00"); /* another bank's year */
    on(20280104);
    OK(CAPS, "REVIEW_OK", &o[3], POOL, 0, "base=1000.00|pay=300.00"); /* a new year; the person's cap is left with 300.00 */
    review(&o[5], BANK, FIRM, "cap 5");
    skip_rows();
    OK(CAPS, "REVIEW_OK", &o[5], POOL, 0, "base=1000.00|pay=0"); /* the borrower has had its 700.00 */
    row("POOL MEMO 9002 9001 500.00");
    no_more_rows();
    STATE(o[5], "CLOSED");
    NO(9111, CAPS, "DEMAND_BACK", &o[5], POOL, 0, "finding=none");
    /* what is demanded back frees the borrower's cap again */
    OK(CAPS, "DEMAND_BACK", &o[1], POOL, 0, "finding=F3");
    review(&o[5], BANK, FIRM, "cap 6");
    OK(CAPS, "REVIEW_OK", &o[5], POOL, 0, "base=1000.00|pay=300.00");
}

static void what_a_guarantee_covers_is_not_claimed_again(void **state)
{
    static const uint16_t pools[] = {CASE, GB};
    struct zyd_hash running, paid_, o;
    (void)state;
    create(CASE, B(COUNTY));
    create(GB, B(COUNTY));
    fund(CASE, "COUNTY", COUNTY, "100000.00");
    fund(GB, "COUNTY", COUNTY, "100000.00");
    OK(GU, "a:OPENING", &running, BANK, 0, "state=OVERDUE|" FIRM "|amount=100.00|principal=100.00|value_date=2027-01-01|"
       "maturity=2027-12-01|overdue_date=2027-12-01");
    OK(GU, "a:OPENING", &paid_, BANK, 0, "state=RECOVERING|" FIRM "|amount=100.00|principal=100.00|value_date=2027-01-01|"
       "maturity=2027-12-01|overdue_date=2027-12-01|borne=GUAR=79.99,BANK=20.01");
    for (int i = 0; i < 2; i++) {
        char hex[2][65];
        for (size_t b = 0; b < 32; b++) {
            snprintf(hex[0] + 2 * b, 3, "%02x", running.b[b]);
            snprintf(hex[1] + 2 * b, 3, "%02x", paid_.b[b]);
        }
        OK(pools[i], "ENROL", NULL, DEPT, 0, FIRM "|loan_class=1|valid_until=2099-12-31");
        OK(pools[i], "ENROL", NULL, DEPT, 0, FIRM2 "|loan_class=1|valid_until=2099-12-31");
        for (int k = 0; k < 4; k++) { /* running; paid; somebody else's; unknown */
            const char *text = loan_text(k == 2 ? FIRM2 : FIRM, text_of("g%d", k), "100.00");
            const char *guarantee = k == 0 ? hex[0] : k == 3 ? "sha256:unknown" : hex[1];
            OK(pools[i], "REGISTER_LOAN", &o, BANK, 0, text_of("%s|guarantee=%s", text, guarantee));
            OK(pools[i], "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
            if (i == 1 && k == 1) { /* allow_bank_share, and the guarantor has paid: the bank's own 20.01 */
                OK(GB, "FILE", &o, BANK, 0, "principal=100.00");
                OK(GB, "DEPT_OK", &o, DEPT, 0, "base=20.01");
                OK(GB, "REVIEW_OK", &o, POOL, 0, "base=20.01|pay=10.00");
            } else {
                NO(2007, pools[i], "FILE", &o, BANK, 0, "principal=100.00");
            }
        }
    }
}

static void recoveries_hold_their_row(void **state)
{
    struct zyd_hash o, id;
    (void)state;
    register_loan(&o, CASE, BANK, FIRM, "rec", "100.00"); /* ratio_base ALL */
    NO(9111, CASE, "RECOVER", &o, BANK, 0, "gross=1.00|cost=0|bank_ref=X");
    OK(CASE, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(CASE, "FILE", &o, BANK, 0, "principal=100.00|interest=10.00|other=0.01");
    approve(&o, CASE, "110.01", "55.00");
    skip_rows();
    NO(9102, CASE, "RECOVER", &o, POOL, 0, "gross=1.00|cost=0|bank_ref=X");
    NO(9102, CASE, "RECOVER", &o, BANK, 0, "gross=1.00|cost=50000.01|bank_ref=X"); /* over cost_limit: the trustee too */
    OK(CASE, "RECOVER", &o, BANK, 0, "gross=1.00|cost=3.00|bank_ref=X");           /* 2.00 of cost are carried on */
    row("BANK RECOV 1001 2171 1.00");
    row("BANK RECOV 2171 1001.COST 1.00");
    no_more_rows();
    STATE(o, "REFUNDING");
    OK(CASE, "RECOVER", &o, BANK, 0, "gross=102.00|cost=0|bank_ref=X");
    row("BANK RECOV 1001 2171 102.00");
    row("BANK RECOV 2171 1001.COST 2.00");
    row("BANK RECOV 2171 1102 50.00"); /* ALLOC 100.00 by 55.01 and 55.00: 50.00 and 50.00 */
    row("BANK RECOV 2171 2141.POOL 50.00");
    row("POOL RECOV 1141.BANK 3009 50.00");
    id = last_obligation;
    row("BANK RECOV 2191.POOL 1102 50.00");
    OK(CASE, "RECOVER", &o, BANK, 0, "gross=20.00|cost=0|bank_ref=X"); /* 10.01 of it is more than anybody bore: 9.99 */
    row("BANK RECOV 1001 2171 20.00");
    row("BANK RECOV 2171 1111 5.01"); /* the principal is paid: what the claim held besides */
    row("BANK RECOV 2171 2141.POOL 5.00");
    row("POOL RECOV 1141.BANK 3009 5.00");
    struct zyd_hash second = last_obligation;
    row("BANK RECOV 2191.POOL 1111 5.00");
    row("BANK RECOV 2171 2101.91430100MA4TEXT00G 9.99");
    no_more_rows();
    assert_int_equal(balance(BANK, CASE, "2171"), 0);
    NO(9111, CASE, "CLOSE", &o, BANK, B(POOL), "reason=refunds are under way");
    paid(&second); /* in any order */
    on(zyd_date_add(today(), 20));
    assert_true(warned(sys_warnings, sys_warning_count, 2012));
    STATE(o, "REFUNDING");
    assert_true(loan.flags & ZYD_PF_REFUND_LATE);
    assert_true(loan.flags & ZYD_PF_DRAW_LATE); /* the pool has not paid its 55.00 either */
    assert_true(warned(sys_warnings, sys_warning_count, 9106));
    paid(&id);
    read_pool(CASE);
    assert_int_equal(pool.pending, 0);
    assert_int_equal(layer[0].balance, 10000000);
    NO(9111, CASE, "CLOSE", &o, BANK, B(POOL), "reason=the compensation is not paid");
    NO(2013, CASE, "DEMAND_BACK", &o, POOL, 0, "finding=F1"); /* all of it has come back */
}

static void a_recovery_makes_good_what_is_still_short(void **state)
{
    struct zyd_hash o, id;
    (void)state;
    create(Q, B(COUNTY));
    fund(Q, "COUNTY", COUNTY, "10.00");
    compensate(&o, Q, BANK, "short", "100.00", "50.00");
    STATE(o, "PART_PAID");
    skip_rows();
    OK(Q, "RECOVER", &o, BANK, 0, "gross=60.00|cost=0|bank_ref=X"); /* the pool's 30.00: 10.00 paid, 20.00 of 40.00 short */
    row("BANK RECOV 1001 2171 60.00");
    row("BANK RECOV 2171 1102 50.00");
    row("BANK RECOV 2171 2141.POOL 10.00");
    row("POOL RECOV 1141.BANK 3009 10.00");
    id = last_obligation;
    row("BANK RECOV 2191.POOL 1102 10.00");
    no_more_rows();
    STATE(o, "PART_PAID");
    assert_int_equal(loan.shortage, 2000);
    skip_rows();
    paid(&id); /* the refund itself serves the queue */
    row("BANK SETTLED 2141.POOL 1001 10.00");
    row("POOL SETTLED 1001 1141.BANK 10.00");
    row("POOL REFILL 3009 3001.COUNTY 10.00");
    row("POOL SERVE_QUEUE 3001.COUNTY 2141.BANK 10.00");
    row("BANK SERVE_QUEUE 1141.POOL 2191.POOL 10.00");
    no_more_rows();
    OK(Q, "RECOVER", &o, BANK, 0, "gross=40.00|cost=0|bank_ref=X"); /* 20.00: 10.00 back, the last 10.00 made good */
    STATE(o, "REFUNDING");
    assert_int_equal(loan.shortage, 0);
    assert_int_equal(loan.balance, 0);
    read_pool(Q);
    assert_int_equal(pool.shortage, 0);
    assert_int_equal(pool.queue_length, 1); /* passed over when its turn comes */
}

static void demand_back_holds_its_row(void **state)
{
    struct zyd_hash o, p, id;
    (void)state;
    OK(CASE, "ENROL", NULL, DEPT, 0, FIRM "|loan_class=1|valid_until=2099-12-31");
    compensate(&o, CASE, BANK, "back", "100.01", "50.00");
    id = last_owed();
    paid(&id);
    NO(9102, CASE, "DEMAND_BACK", &o, BANK, 0, "finding=F1");
    NO(9102, CASE, "DEMAND_BACK", &o, DEPT, B(POOL), "finding=F1");
    skip_rows();
    OK(CASE, "DEMAND_BACK", &o, AUD, 0, "finding=F1|ppm=375100");
    row("BANK DEMAND_BACK 2191.POOL 2141.POOL 18.76"); /* HALF_UP(50.00 x 37.51 %): half a fen up */
    row("POOL DEMAND_BACK 1141.BANK 3009 18.76");
    no_more_rows();
    id = last_obligation;
    STATE(o, "CLAWED_BACK");
    NO(2013, CASE, "DEMAND_BACK", &o, POOL, 0, "finding=F1|ppm=624900"); /* 31.25: a fen too much */
    NO(2013, CASE, "DEMAND_BACK", &o, POOL, 0, "finding=F1|ppm=0");
    NO(9111, CASE, "CLOSE", &o, BANK, B(POOL), "reason=money is under way");
    on(zyd_date_add(today(), 40));
    assert_true(warned(sys_warnings, sys_warning_count, 9106));
    skip_rows();
    paid(&id);
    row("BANK SETTLED 2141.POOL 1001 18.76");
    row("POOL SETTLED 1001 1141.BANK 18.76");
    row("POOL REFILL 3009 3001.COUNTY 18.76");
    OK(CASE, "DEMAND_BACK", &o, POOL, 0, "finding=F1"); /* the rest */
    row("BANK DEMAND_BACK 2191.POOL 2141.POOL 31.24");
    row("POOL DEMAND_BACK 1141.BANK 3009 31.24");
    no_more_rows();
    id = last_obligation;
    paid(&id);
    assert_true((state_of(&o), loan.flags & ZYD_PF_ENDED) != 0);
    NO(9111, CASE, "CLOSE", &o, BANK, B(POOL), "reason=it has ended");
    NO(2013, CASE, "DEMAND_BACK", &o, AUD, 0, "finding=F1");
    skip_rows();
    OK(CASE, "RECOVER", &o, BANK, 0, "gross=10.00|cost=0|bank_ref=X"); /* the pool bears nothing any more: all is the bank's */
    row("BANK RECOV 1001 2171 10.00");
    row("BANK RECOV 2171 1102 10.00");
    no_more_rows();
    /* a claim in review has nothing to give back */
    register_loan(&p, CASE, BANK, FIRM, "early", "1.00");
    OK(CASE, "STATUS", &p, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(CASE, "FILE", &p, BANK, 0, "principal=1.00");
    NO(9111, CASE, "DEMAND_BACK", &p, AUD, 0, "finding=F1");
    approve(&p, CASE, "1.00", "0.50");
    id = last_owed();
    paid(&id);
    NO(9102, CASE, "CLOSE", &p, BANK, 0, "reason=alone");
    read_pool(CASE);
    struct zyd_pool was = pool;
    OK(CASE, "CLOSE", &p, BANK, B(POOL), "reason=no assets");
    STATE(p, "CLOSED");
    read_pool(CASE); /* the loan is no longer among those that the breaker looks at */
    assert_int_equal(pool.balance, was.balance - 100);
    assert_int_equal(pool.npl, was.npl - 100);
    assert_int_equal(pool.open_claims, was.open_claims - 1);
    NO(9111, CASE, "RECOVER", &p, BANK, 0, "gross=1.00|cost=0|bank_ref=X");
}

/* After a part was demanded back the pool bears only the rest of what was approved: later recoveries are split by that. */
static void a_recovery_after_a_demand_back_in_part_goes_by_what_is_still_borne(void **state)
{
    struct zyd_hash o, id;
    (void)state;
    compensate(&o, CASE, BANK, "part back", "1.00", "0.50");
    id = last_owed();
    paid(&id);
    OK(CASE, "DEMAND_BACK", &o, POOL, 0, "finding=F1|ppm=500000");
    skip_rows();
    OK(CASE, "RECOVER", &o, BANK, 0, "gross=0.40|cost=0|bank_ref=X"); /* the bank bears 0.75, the pool 0.25 */
    row("BANK RECOV 1001 2171 0.40");
    row("BANK RECOV 2171 1102 0.30");
    row("BANK RECOV 2171 2141.POOL 0.10");
    row("POOL RECOV 1141.BANK 3009 0.10");
    row("BANK RECOV 2191.POOL 1102 0.10");
    no_more_rows();
    OK(CASE, "RECOVER", &o, BANK, 0, "gross=0.60|cost=0|bank_ref=X");
    row("BANK RECOV 1001 2171 0.60");
    row("BANK RECOV 2171 1102 0.45");
    row("BANK RECOV 2171 2141.POOL 0.15");
    row("POOL RECOV 1141.BANK 3009 0.15");
    row("BANK RECOV 2191.POOL 1102 0.15");
    no_more_rows();
    NO(2013, CASE, "DEMAND_BACK", &o, AUD, 0, "finding=F1"); /* all of it has come back */
}

/* Layers that paid a claim together get a recovery back in proportion (refund_order PRORATA); demand-back likewise. */
static void a_pro_rata_refund_goes_by_what_each_layer_paid(void **state)
{
    struct zyd_hash o, id;
    (void)state;
    create(PR, B(COUNTY) | B(CITY));
    fund(PR, "COUNTY", COUNTY, "30.00");
    fund(PR, "CITY", CITY, "70.00");
    compensate(&o, PR, BANK, "pr", "200.00", "100.00");
    OK(PR, "RECOVER", &o, BANK, 0, "gross=20.02|cost=0|bank_ref=X");
    id = last_owed();
    skip_rows();
    paid(&id);
    row("BANK SETTLED 2141.POOL 1001 10.01");
    row("POOL SETTLED 1001 1141.BANK 10.01");
    row("POOL REFILL 3009 3001.COUNTY 3.00");
    row("POOL REFILL 3009 3001.CITY 7.01");
    no_more_rows();
}

static void a_frozen_claim_refuses_members_but_not_recoveries(void **state)
{
    struct zyd_hash o;
    (void)state;
    register_loan(&o, CASE, BANK, FIRM, "ice", "10.00");
    OK(CASE, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    NO(9111, CASE, "UNFREEZE", &o, AUD, 0, "reason=it is not");
    NO(9102, CASE, "FREEZE", &o, POOL, B(AUD), "reason=not an auditor");
    OK(CASE, "FREEZE", &o, AUD, 0, "reason=under audit");
    NO(9110, CASE, "FREEZE", &o, AUD, 0, "reason=twice");
    NO(9110, CASE, "FILE", &o, BANK, 0, "principal=10.00");
    NO(9110, CASE, "DEMAND_BACK", &o, AUD, 0, "finding=F1");
    NO(9111, CASE, "RECOVER", &o, BANK, 0, "gross=1.00|cost=0|bank_ref=X"); /* for its state, not for the ice */
    NO(9102, CASE, "UNFREEZE", &o, POOL, 0, "reason=another authority");
    OK(CASE, "UNFREEZE", &o, AUD, 0, "reason=nothing found");
    OK(CASE, "FILE", &o, BANK, 0, "principal=10.00");
}

/* n claims wait; then money for all of them comes at once. */
static void the_queue_is_served_in_order_at_the_same_cost_each(void **state)
{
    enum { N = 40 };
    static struct zyd_hash o[N];
    uint64_t join[2] = {0, 0}, serve[2];
    (void)state;
    skip_rows();
    for (int i = 0; i < N; i++) {
        compensate(&o[i], Q, BANK2, text_of("queue %d", i), "2.00", "1.00");
        join[i > N / 2] = f->outcome.fuel;
        STATE(o[i], "APPROVED");
    }
    assert_true(join[1] < join[0] + 1000);
    OK(Q, "DEMAND_BACK", &o[2], AUD, 0, "finding=F2"); /* nothing was paid: it only leaves the queue */
    STATE(o[2], "CLAWED_BACK");
    skip_rows();
    int before = sys_calls;
    fund(Q, "COUNTY", COUNTY, "1.50");
    tick();
    row("POOL FUND 1001 3001.COUNTY 1.50");
    row("POOL SERVE_QUEUE 3001.COUNTY 2141.BANK2 1.00");
    row("BANK2 SERVE_QUEUE 1141.POOL 2191.POOL 1.00");
    row("POOL SERVE_QUEUE 3001.COUNTY 2141.BANK2 0.50");
    row("BANK2 SERVE_QUEUE 1141.POOL 2191.POOL 0.50");
    no_more_rows();
    STATE(o[0], "COMPENSATED");
    STATE(o[1], "PART_PAID");
    assert_int_equal(sys_calls - before, 3); /* the claim that a recovery made good, and two */
    fund(Q, "COUNTY", COUNTY, "100.00");
    serve[0] = serve[1] = 0;
    for (int blocks = 0; blocks < 10; blocks++) {
        block(now + 1000);
        for (uint32_t i = 0; zyd_fixture_outcome(f, i); i++) {
            if (f->outcome.posting_count == 2) {
                serve[0] = serve[0] == 0 ? f->outcome.fuel : serve[0];
                serve[1] = f->outcome.fuel;
            }
        }
        zyd_fixture_end(f);
    }
    for (int i = 0; i < N; i++) {
        STATE(o[i], i == 2 ? "CLAWED_BACK" : "COMPENSATED");
    }
    assert_true(serve[0] > 0 && serve[1] < serve[0] + 1000);
    read_pool(Q);
    assert_int_equal(pool.queue_length, 0);
    assert_true(zyd_hash_is_zero((const struct zyd_hash *)pool.head) && zyd_hash_is_zero((const struct zyd_hash *)pool.tail));
    assert_int_equal(pool.shortage, 0);
    assert_int_equal(layer[0].balance, 10150 - (N - 1) * 100 + 1000 - 1000);
    /* in order, each once */
    size_t served = 0;
    for (size_t i = row_read; i < row_count; i++) {
        served += rows[i].label == ZYD_PL_SERVE_QUEUE && rows[i].member == POOL;
    }
    assert_int_equal(served, N - 2); /* 0 was served before, 2 is not */
}

static void a_newcomer_waits_behind_the_queue_even_when_cash_has_just_come(void **state)
{
    struct zyd_hash first, second, funding;
    (void)state;
    read_pool(Q);
    register_loan(&second, Q, BANK, FIRM, "second", "20.00");
    OK(Q, "STATUS", &second, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(Q, "FILE", &second, BANK, 0, "principal=20.00");
    OK(Q, "DEPT_OK", &second, DEPT, 0, "base=20.00");
    compensate(&first, Q, BANK2, "first", "200.00", "100.00"); /* all there is, and 37.50 short */
    OK(Q, "FUND", &funding, COUNTY, 0, "layer=COUNTY|amount=5.00|bank_ref=X");
    tick();
    skip_rows();
    block(now + 1000);
    together = true;
    OK(Q, "FUND_CONFIRM", &funding, POOL, 0, "amount=5.00|bank_ref=X");
    OK(Q, "REVIEW_OK", &second, POOL, 0, "base=20.00|pay=10.00");
    together = false;
    zyd_fixture_end(f);
    STATE(second, "APPROVED");
    tick();
    row("POOL FUND 1001 3001.COUNTY 5.00");
    row("POOL MEMO 9002 9001 10.00");
    row("POOL SERVE_QUEUE 3001.COUNTY 2141.BANK2 5.00");
    row("BANK2 SERVE_QUEUE 1141.POOL 2191.POOL 5.00");
    no_more_rows();
    STATE(first, "PART_PAID");
    STATE(second, "APPROVED");
    fund(Q, "COUNTY", COUNTY, "1000.00");
    tick();
    STATE(first, "COMPENSATED");
    STATE(second, "COMPENSATED");
}

static int64_t got(struct zyd_hash *o)
{
    state_of(o);
    return loan.paid;
}

static void a_pro_rata_queue_shares_among_claims_of_one_day(void **state)
{
    struct zyd_hash o[4];
    (void)state;
    skip_rows();
    fund(PR, "COUNTY", COUNTY, "0.01"); /* with what the refund left: 10.02 */
    compensate(&o[0], PR, BANK, "s0", "220.04", "110.02"); /* takes 10.02, 100.00 short */
    compensate(&o[1], PR, BANK2, "s1", "400.00", "200.00");
    compensate(&o[2], PR, BANK, "s2", "600.02", "300.01");
    on(zyd_date_add(today(), 1));
    compensate(&o[3], PR, BANK, "s3", "100.00", "50.00"); /* a day later */
    fund(PR, "CITY", CITY, "60.01");
    tick();
    assert_int_equal(got(&o[0]), 1002 + 1000); /* FLOOR(60.01 x 100.00 / 600.01) = 10.0015 */
    assert_int_equal(got(&o[1]), 2000);        /* to 30.0045 in all */
    assert_int_equal(got(&o[2]), 3001);        /* to 60.01 */
    assert_int_equal(got(&o[3]), 0);
    read_pool(PR);
    assert_int_equal(pool.shortage, 60001 - 6001 + 5000);
    OK(PR, "DEMAND_BACK", &o[1], AUD, 0, "finding=F2"); /* the others' shares grow */
    fund(PR, "CITY", CITY, "380.00");                    /* 90.00 + 270.00 are short of that day, then 50.00 */
    tick();
    tick();
    assert_int_equal(got(&o[0]), 11002);
    assert_int_equal(got(&o[1]), 2000);
    assert_int_equal(got(&o[2]), 30001);
    assert_int_equal(got(&o[3]), 2000);
    STATE(o[2], "COMPENSATED");
    STATE(o[3], "PART_PAID");
    fund(PR, "COUNTY", COUNTY, "31.00");
    tick();
    tick();
    STATE(o[3], "COMPENSATED");
    read_pool(PR);
    assert_int_equal(pool.queue_length + pool.round, 0);
    assert_int_equal(layer[0].balance + layer[1].balance, 100);
}

static void wind_up_holds_its_row(void **state)
{
    struct zyd_hash o, id;
    (void)state;
    /* W8 of E8: MUTUAL (outsiders), COUNTY, CITY */
    create(W8, B(COUNTY) | B(CITY));
    fund(W8, "MUTUAL", POOL, "100.00");
    fund(W8, "COUNTY", COUNTY, "200.00");
    fund(W8, "CITY", CITY, "50.00");
    compensate(&o, W8, BANK, "last", "300.00", "150.00");
    id = last_owed();
    NO(2015, W8, "WIND_UP", &pool_of[W8], POOL, B(COUNTY) | B(CITY), "reason=a claim is open");
    paid(&id);
    OK(W8, "RECOVER", &o, BANK, 0, "gross=20.00|cost=0|bank_ref=X");
    id = last_owed();
    paid(&id); /* 10.00 back to COUNTY */
    read_pool(W8);
    assert_int_equal(layer[1].drawn, 4000);
    OK(W8, "CLOSE", &o, BANK, B(POOL), "reason=no assets");
    OK(W8, "DEMAND_BACK", &o, AUD, 0, "finding=F4"); /* a closed claim, too */
    id = last_owed();
    NO(2015, W8, "WIND_UP", &pool_of[W8], POOL, B(COUNTY) | B(CITY), "reason=money is under way");
    skip_rows();
    paid(&id);
    row("BANK SETTLED 2141.POOL 1001 140.00");
    row("POOL SETTLED 1001 1141.BANK 140.00");
    row("POOL REFILL 3009 3001.MUTUAL 100.00");
    row("POOL REFILL 3009 3001.COUNTY 40.00");
    no_more_rows();
    register_loan(&o, W8, BANK, FIRM, "still good", "10.00");
    NO(9102, W8, "WIND_UP", &pool_of[W8], POOL, B(COUNTY), "reason=end");
    NO(9102, W8, "WIND_UP", &pool_of[W8], COUNTY, B(CITY), "reason=end");
    NO(9111, W8, "WIND_UP", &o, POOL, B(COUNTY) | B(CITY), "reason=not the pool");
    skip_rows();
    OK(W8, "WIND_UP", &pool_of[W8], POOL, B(COUNTY) | B(CITY), "reason=end");
    row("POOL WIND_UP 3001.MUTUAL 2101.MUTUAL 100.00"); /* owed to outsiders */
    row("POOL WIND_UP 3001.COUNTY 2141.COUNTY 200.00");
    row("COUNTY WIND_UP 1141.POOL 4031 200.00");
    struct zyd_hash county = last_obligation;
    row("POOL WIND_UP 3001.CITY 2141.CITY 50.00");
    row("CITY WIND_UP 1141.POOL 4031 50.00");
    id = last_obligation;
    row("POOL MEMO 9002 9001 5.00");
    no_more_rows();
    STATE(pool_of[W8], "WINDING_UP");
    NO(9111, W8, "FUND", NULL, COUNTY, 0, "layer=COUNTY|amount=1.00|bank_ref=X");
    NO(9111, W8, "REPAY", &o, BANK, 0, "amount=1.00");
    paid(&id);
    STATE(pool_of[W8], "WINDING_UP");
    paid(&county);
    STATE(pool_of[W8], "WOUND_UP");
    assert_int_equal(balance(POOL, W8, "1001"), 10000);
    assert_int_equal(balance(POOL, W8, "9001"), 0);
    read_pool(W8);
    assert_int_equal(pool.memo, 0);
    NO(9111, W8, "WIND_UP", &pool_of[W8], POOL, B(COUNTY) | B(CITY), "reason=twice");
    /* nothing to give back */
    create(W9, B(PROV_AGRI) | B(CITY) | B(COUNTY));
    OK(W9, "WIND_UP", &pool_of[W9], POOL, B(PROV_AGRI) | B(CITY) | B(COUNTY), "reason=never used");
    STATE(pool_of[W9], "WOUND_UP");
}

/* Contributors that sign one after another: DRAFT is the operation that waits. */
static void the_pool_waits_for_its_contributors(void **state)
{
    uint8_t bytes[64];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    (void)state;
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, "1", 1);
    struct zyd_fixture_op op = {.contract = 2, .event = ZYD_PE_CREATE, .programme = CP, .member = POOL, .ref = "WAIT",
                                .args = zyd_wr_span(&wr), .flags = ZYD_ENV_MAY_WAIT};
    block(now + 1000);
    assert_int_equal(zyd_fixture_run(f, &op), 9114);
    struct zyd_hash id = f->op_id, object = f->object;
    zyd_fixture_end(f);
    NO(9111, CP, "FUND", NULL, CITY, 0, "layer=CITY_POOL|amount=1.00|bank_ref=X");
    block(now + 1000);
    op = (struct zyd_fixture_op){.contract = 0, .event = ZYD_HOST_COUNTERSIGN, .member = CITY, .object = &id};
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    zyd_fixture_end(f);
    STATE(object, "OPEN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_and_fund_hold_their_rows),
        cmocka_unit_test(registration_holds_its_row),
        cmocka_unit_test(status_and_claim_hold_their_rows),
        cmocka_unit_test(caps_of_claim_borrower_and_bank_year_hold),
        cmocka_unit_test(what_a_guarantee_covers_is_not_claimed_again),
        cmocka_unit_test(recoveries_hold_their_row),
        cmocka_unit_test(a_recovery_makes_good_what_is_still_short),
        cmocka_unit_test(demand_back_holds_its_row),
        cmocka_unit_test(a_recovery_after_a_demand_back_in_part_goes_by_what_is_still_borne),
        cmocka_unit_test(a_frozen_claim_refuses_members_but_not_recoveries),
        cmocka_unit_test(a_pro_rata_refund_goes_by_what_each_layer_paid),
        cmocka_unit_test(the_queue_is_served_in_order_at_the_same_cost_each),
        cmocka_unit_test(a_newcomer_waits_behind_the_queue_even_when_cash_has_just_come),
        cmocka_unit_test(a_pro_rata_queue_shares_among_claims_of_one_day),
        cmocka_unit_test(wind_up_holds_its_row),
        cmocka_unit_test(the_pool_waits_for_its_contributors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
