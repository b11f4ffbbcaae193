/* Goal: E8, E9 and E10 come out of product (b) posting by posting and balance by balance.
 * Method: the deployed plugin in the real host and state; operations are name=value text through the schema.  Every posting
 * that any operation or SYS call makes is logged, and the tests read the log to its end.  After a refusal the state root is the
 * one before. */
#include "pool_rig.h"

static void e8_waterfall_shortage_recovery_and_queue(void **state)
{
    struct zyd_hash one, two, refund, first, second;
    (void)state;
    create(W8, B(COUNTY) | B(CITY));
    skip_rows();
    OK(W8, "OPENING", NULL, BANK, 0, "rows=BANK 1102 2101.91430100MA4TEXT00G 3466666.67");
    row("BANK OPENING 1102 2101.91430100MA4TEXT00G 3,466,666.67");
    fund(W8, "MUTUAL", POOL, "200000.00");
    fund(W8, "COUNTY", COUNTY, "1000000.00");
    fund(W8, "CITY", CITY, "500000.00");
    row("POOL FUND 1001 3001.MUTUAL 200,000.00");
    row("POOL FUND 1001 3001.COUNTY 1,000,000.00");
    row("POOL FUND 1001 3001.CITY 500,000.00");
    compensate(&one, W8, BANK, "one", "1800000.00", "900000.00");
    row("POOL MEMO 9001 9002 900,000.00");
    row("POOL MEMO 9002 9001 900,000.00");
    row("POOL DRAW 3001.MUTUAL 2141.BANK 200,000.00");
    row("POOL DRAW 3001.COUNTY 2141.BANK 700,000.00");
    row("BANK DRAW 1141.POOL 2191.POOL 900,000.00");
    first = last_obligation;
    STATE(one, "COMPENSATED");
    compensate(&two, W8, BANK, "two", "1666666.67", "833333.33");
    WARNED(2011);
    STATE(two, "PART_PAID");
    assert_int_equal(loan.shortage, 3333333);
    row("POOL MEMO 9001 9002 833,333.33");
    row("POOL MEMO 9002 9001 833,333.33");
    row("POOL DRAW 3001.COUNTY 2141.BANK 300,000.00");
    row("POOL DRAW 3001.CITY 2141.BANK 500,000.00");
    row("BANK DRAW 1141.POOL 2191.POOL 800,000.00");
    second = last_obligation;
    no_more_rows();
    paid(&first);
    row("POOL SETTLED 2141.BANK 1001 900,000.00");
    row("BANK SETTLED 1001 1141.POOL 900,000.00");
    paid(&second);
    row("POOL SETTLED 2141.BANK 1001 800,000.00");
    row("BANK SETTLED 1001 1141.POOL 800,000.00");
    OK(W8, "RECOVER", &one, BANK, 0, "gross=400000.03|cost=10000.00|bank_ref=R1");
    row("BANK RECOV 1001 2171 400,000.03");
    row("BANK RECOV 2171 1001.COST 10,000.00");
    row("BANK RECOV 2171 1102 195,000.02");
    row("BANK RECOV 2171 2141.POOL 195,000.01");
    row("POOL RECOV 1141.BANK 3009 195,000.01");
    refund = last_obligation;
    row("BANK RECOV 2191.POOL 1102 195,000.01");
    no_more_rows();
    STATE(one, "REFUNDING");
    STATE(two, "PART_PAID"); /* the money is promised, not there */
    tick();
    no_more_rows();
    paid(&refund);
    row("BANK SETTLED 2141.POOL 1001 195,000.01");
    row("POOL SETTLED 1001 1141.BANK 195,000.01");
    row("POOL REFILL 3009 3001.COUNTY 195,000.01");
    row("POOL SERVE_QUEUE 3001.COUNTY 2141.BANK 33,333.33");
    row("BANK SERVE_QUEUE 1141.POOL 2191.POOL 33,333.33");
    no_more_rows();
    STATE(two, "COMPENSATED");
    refund = last_obligation;
    paid(&refund);
    row("POOL SETTLED 2141.BANK 1001 33,333.33");
    row("BANK SETTLED 1001 1141.POOL 33,333.33");
    no_more_rows();
    static const struct {
        uint16_t member;
        const char *account;
        int64_t fen;
    } after[] = {
        {BANK, "1102", 307666664},        {BANK, "2101.91430100MA4TEXT00G", -346666667},
        {BANK, "2191.POOL", -153833332},  {BANK, "1001", 193833335},
        {BANK, "1001.COST", -1000000},    {BANK, "2171", 0},
        {BANK, "1141.POOL", 0},           {BANK, "2141.POOL", 0},
        {POOL, "1001", 16166668},         {POOL, "3001.COUNTY", -16166668},
        {POOL, "3001.MUTUAL", 0},         {POOL, "3001.CITY", 0},
        {POOL, "3009", 0},                {POOL, "2141.BANK", 0},
        {POOL, "1141.BANK", 0},           {POOL, "9001", 0},
    };
    for (size_t i = 0; i < ZYD_COUNT(after); i++) {
        assert_int_equal(balance(after[i].member, W8, after[i].account), after[i].fen);
    }
    read_pool(W8);
    assert_int_equal(pool.shortage + pool.pending, 0);
    assert_int_equal(pool.queue_length, 0);
    assert_int_equal(pool.balance, 307666664);
    assert_int_equal(layer[1].drawn, 100000000 - 16166668);
    on(20260301); /* all was paid: no deadline is left to complain */
    assert_int_equal(sys_warning_count, 0);
}

static void e9_pro_rata_layers(void **state)
{
    struct zyd_hash o;
    (void)state;
    create(W9, B(PROV_AGRI) | B(CITY) | B(COUNTY));
    fund(W9, "PROV_AGRI", PROV_AGRI, "50000.01"); /* ruling 32: E9 presumes FUND */
    fund(W9, "CITY", CITY, "20000.00");
    fund(W9, "COUNTY", COUNTY, "30000.00");
    register_loan(&o, W9, BANK, FIRM, "nine", "100000.01");
    OK(W9, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(W9, "FILE", &o, BANK, 0, "principal=100000.01");
    OK(W9, "DEPT_OK", &o, DEPT, 0, "base=100000.01");
    skip_rows();
    OK(W9, "REVIEW_OK", &o, POOL, 0, "base=100000.01|pay=100000.01");
    row("POOL MEMO 9002 9001 100,000.01");
    row("POOL DRAW 3001.PROV_AGRI 2141.BANK 50,000.01");
    row("POOL DRAW 3001.CITY 2141.BANK 20,000.00");
    row("POOL DRAW 3001.COUNTY 2141.BANK 30,000.00");
    row("BANK DRAW 1141.POOL 2191.POOL 100,000.01");
    struct zyd_hash id = last_obligation;
    paid(&id);
    row("POOL SETTLED 2141.BANK 1001 100,000.01");
    row("BANK SETTLED 1001 1141.POOL 100,000.01");
    no_more_rows();
    assert_int_equal(balance(POOL, W9, "1001"), 0);
    assert_int_equal(balance(BANK, W9, "2191.POOL"), -10000001);
    /* a layer that lacks its part is helped out by the others of its level, and pays less than its share from then on */
    fund(W9, "PROV_AGRI", PROV_AGRI, "10.00");
    fund(W9, "COUNTY", COUNTY, "100.00");
    skip_rows();
    compensate(&o, W9, BANK, "nine b", "50.00", "50.00");
    row("POOL MEMO 9001 9002 50.00");
    row("POOL MEMO 9002 9001 50.00");
    row("POOL DRAW 3001.PROV_AGRI 2141.BANK 10.00");
    row("POOL DRAW 3001.COUNTY 2141.BANK 40.00");
    row("BANK DRAW 1141.POOL 2191.POOL 50.00");
    no_more_rows();
    /* COUNTY has borne 22.00 more than its share: the others make up for it, by their own shares */
    fund(W9, "PROV_AGRI", PROV_AGRI, "100.00");
    fund(W9, "CITY", CITY, "100.00");
    skip_rows();
    compensate(&o, W9, BANK, "nine c", "10.00", "10.00");
    row("POOL MEMO 9001 9002 10.00");
    row("POOL MEMO 9002 9001 10.00");
    row("POOL DRAW 3001.PROV_AGRI 2141.BANK 4.28"); /* to 5/7 of 70,020.01 */
    row("POOL DRAW 3001.CITY 2141.BANK 5.72");
    row("BANK DRAW 1141.POOL 2191.POOL 10.00");
    no_more_rows();
    compensate(&o, W9, BANK, "nine d", "260.00", "260.00"); /* 250.00 are there, COUNTY's too */
    WARNED(2011);
    STATE(o, "PART_PAID");
    assert_int_equal(loan.paid, 25000);
    read_pool(W9);
    assert_int_equal(layer[0].balance + layer[1].balance + layer[2].balance, 0);
    fund(W9, "CITY", CITY, "10.00");
    tick(); /* the queue has it */
    fund(W9, "PROV_AGRI", PROV_AGRI, "1.00");
    fund(W9, "CITY", CITY, "2000.00");
    fund(W9, "COUNTY", COUNTY, "2000.00");
    skip_rows();
    compensate(&o, W9, BANK, "nine e", "1000.00", "1000.00");
    row("POOL MEMO 9001 9002 1,000.00");
    row("POOL MEMO 9002 9001 1,000.00");
    row("POOL DRAW 3001.PROV_AGRI 2141.BANK 1.00"); /* all it has; the others 999.00 so that they stand 2:3 */
    row("POOL DRAW 3001.CITY 2141.BANK 373.60");    /* to 20,483.60 */
    row("POOL DRAW 3001.COUNTY 2141.BANK 625.40");  /* to 30,725.40 */
    row("BANK DRAW 1141.POOL 2191.POOL 1,000.00");
    no_more_rows();
}

/* E9's four tests: NPL, balance, what the breaker must be. */
static void e9_the_breaker_at_its_lines(void **state)
{
    struct zyd_hash good, bad, more, o;
    (void)state;
    create(BR, B(COUNTY) | B(CITY) | B(PROV_AGRI));
    register_loan(&good, BR, BANK, FIRM, "good", "949999.99");
    register_loan(&bad, BR, BANK, FIRM, "bad", "50000.00");
    OK(BR, "STATUS", &bad, BANK, 0, text_of("what=NPL|since=%d", today()));
    STATE(pool_of[BR], "WARN"); /* 50,000.00 of 999,999.99 */
    register_loan(&o, BR, BANK, FIRM, "fen", "0.02");
    STATE(pool_of[BR], "OPEN"); /* of 1,000,000.01: one fen below the line */
    OK(BR, "REPAY", &o, BANK, 0, "amount=0.01");
    STATE(pool_of[BR], "WARN"); /* of 1,000,000.00: at the line */
    OK(BR, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    STATE(pool_of[BR], "WARN"); /* 50,000.01 */
    OK(BR, "CURE", &o, BANK, 0, "");
    STATE(o, "REGISTERED");
    register_loan(&more, BR, BANK, FIRM, "more", "9000000.00");
    STATE(pool_of[BR], "OPEN");
    register_loan(&o, BR, BANK, FIRM, "big", "749999.99");
    OK(BR, "REPAY", &good, BANK, 0, "amount=749999.99"); /* back to 10,000,000.00 */
    OK(BR, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    read_pool(BR);
    assert_int_equal(pool.npl, 79999999);
    assert_int_equal(pool.balance, 1000000000);
    STATE(pool_of[BR], "WARN");
    struct zyd_hash fen;
    register_loan(&fen, BR, BANK, FIRM, "last fen", "0.01");
    OK(BR, "REPAY", &good, BANK, 0, "amount=0.01");
    OK(BR, "STATUS", &fen, BANK, 0, text_of("what=NPL|since=%d", today()));
    STATE(pool_of[BR], "STOPPED"); /* 800,000.00 of 10,000,000.00 */
    assert_int_equal(f->outcome.event_count, 1);
    assert_int_equal(f->outcome.events[0].code, ZYD_POOL_EMIT_STATE);
    NO(9111, BR, "REGISTER_LOAN", NULL, BANK, 0, loan_text(FIRM, "new", "1.00"));
    OK(BR, "REPAY", &fen, BANK, 0, "amount=0.01");
    STATE(fen, "REPAID");
    STATE(pool_of[BR], "STOPPED"); /* only people lead out of it */
    read_pool(BR);
    assert_int_equal(pool.npl, 79999999);
    OK(BR, "STATUS", &more, BANK, 0, text_of("what=NPL|since=%d", today())); /* far above the line */
    NO(2014, BR, "RESUME", &pool_of[BR], DEPT, B(COUNTY), "reason=one of two|contributors=COUNTY");
    NO(2014, BR, "RESUME", &pool_of[BR], DEPT, B(COUNTY), "reason=twice the same|contributors=COUNTY,COUNTY");
    NO(2014, BR, "RESUME", &pool_of[BR], DEPT, B(COUNTY) | B(BANK), "reason=a bank|contributors=COUNTY,BANK");
    NO(9102, BR, "RESUME", &pool_of[BR], DEPT, B(COUNTY), "reason=named, not signed|contributors=COUNTY,CITY");
    NO(9102, BR, "RESUME", &pool_of[BR], COUNTY, B(CITY), "reason=without the department|contributors=COUNTY,CITY");
    NO(9102, BR, "RESUME", &pool_of[BR], BANK, B(CITY) | B(COUNTY) | B(DEPT), "reason=an outsider|contributors=COUNTY,CITY");
    NO(9111, BR, "RESUME", &good, DEPT, B(CITY) | B(COUNTY), "reason=not the pool|contributors=COUNTY,CITY");
    OK(BR, "RESUME", &pool_of[BR], DEPT, B(CITY) | B(PROV_AGRI), "reason=two of three|contributors=CITY,PROV_AGRI");
    STATE(pool_of[BR], "OPEN");
    NO(9111, BR, "RESUME", &pool_of[BR], DEPT, B(CITY) | B(PROV_AGRI), "reason=again|contributors=CITY,PROV_AGRI");
    register_loan(&o, BR, BANK, FIRM, "after", "10.00");
    STATE(pool_of[BR], "WARN"); /* the rate has fallen, though it is above the line */
    OK(BR, "REPAY", &good, BANK, 0, "amount=0.01");
    STATE(pool_of[BR], "STOPPED"); /* it has risen */
}

static void e10_the_stacking_ceiling(void **state)
{
    static const uint16_t pools[] = {PT, FL, CP};
    static const char *const names[] = {"PROV_TECH", "FIRST_LOAN", "CITY_POOL"};
    static const char *const pays[] = {"99999.99", "16666.66", "150000.01"};
    struct zyd_hash o[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        uint16_t contributor = i == 2 ? CITY : COUNTY;
        create(pools[i], B(contributor));
        fund(pools[i], names[i], contributor, "500000.00");
        if (i == 0) { /* listed for class 1 only */
            OK(PT, "ENROL", NULL, DEPT, 0, FIRM "|loan_class=1|valid_until=2099-12-31");
            NO(2003, PT, "REGISTER_LOAN", NULL, BANK, 0,
               text_of(FIRM "|loan=sha256:t|loan_class=2|principal=1.00|rate_ppm=1%%|drawn_on=%d|maturity=20290101", today()));
        }
        register_loan(&o[i], pools[i], BANK, FIRM, "ten", "333333.33"); /* the same loan in pools of three classes */
        OK(pools[i], "STATUS", &o[i], BANK, 0, text_of("what=NPL|since=%d", today()));
        OK(pools[i], "FILE", &o[i], BANK, 0, "principal=333333.33");
        OK(pools[i], "DEPT_OK", &o[i], DEPT, 0, "base=333333.33");
        if (i == 2) {
            NO(2008, CP, "REVIEW_OK", &o[i], POOL, 0, "base=333333.33|pay=166666.66"); /* the nominal amount */
        }
        OK(pools[i], "REVIEW_OK", &o[i], POOL, 0, text_of("base=333333.33|pay=%s", pays[i]));
        assert_int_equal(warned(f->outcome.warnings, f->outcome.warning_count, 2010), i == 2);
        STATE(o[i], "COMPENSATED");
    }
    assert_int_equal(balance(BANK, PT, "2191.POOL"), -9999999);
    assert_int_equal(balance(BANK, FL, "2191.POOL"), -1666666);
    assert_int_equal(balance(BANK, CP, "2191.POOL"), -15000001);
    assert_int_equal(balance(POOL, CP, "3001.CITY_POOL"), -(50000000 - 15000001));
    assert_int_equal(9999999 + 1666666 + 15000001, 26666666); /* FLOOR(80 % of 333,333.33) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e8_waterfall_shortage_recovery_and_queue),
        cmocka_unit_test(e9_pro_rata_layers),
        cmocka_unit_test(e9_the_breaker_at_its_lines),
        cmocka_unit_test(e10_the_stacking_ceiling),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
