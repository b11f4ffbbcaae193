/* Goal: each event of product (a) holds its row of domain.md 3.1: preconditions in order, signers, states, warnings, deadlines;
 * and each refusal changes nothing.
 * Method: the deployed plugin in the real host and state; operations are written as name=value text through the schema.  After
 * every refusal the state root of the block must be the one before.  The sums themselves are in test_scenarios. */
#include "guarantee_rig.h"

static void more_programmes(void)
{
}

#define APPLY_TEXT FIRM "|amount=60000.00|term_days=365|purpose=seed|county=430121|consent=" DOC

static void apply_holds_its_row(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20260105);
    NO(1101, CLOSED, "APPLY", NULL, BANK, 0, APPLY_TEXT); /* before it opens */
    NO(9103, SUM, "APPLY", NULL, BANK, 0, APPLY_TEXT);
    NO(9105, NAT, "APPLY", NULL, BANK, 0, "borrower=91430100MA4TEXT00H|amount=1|term_days=365|purpose=x|consent=" DOC);
    NO(9105, NAT, "APPLY", NULL, BANK, 0, "borrower=91430100MA4TEXTI0G|amount=1|term_days=365|purpose=x|consent=" DOC);
    NO(1108, NAT, "APPLY", NULL, BANK, 0, FIRM "|amount=1|term_days=1097|purpose=x|consent=" DOC);
    NO(9102, AH, "APPLY", NULL, BANK2, 0, APPLY_TEXT); /* no bank of this programme */
    NO(9102, NAT, "APPLY", NULL, GUAR, B(BANK), APPLY_TEXT);
    OK(NAT, "APPLY", &o, BANK2, 0, APPLY_TEXT);
    STATE(o, "APPLIED");
    assert_int_equal(view.head.bank, BANK2);
    assert_int_equal(view.head.county, 430121);
    OK(NAT, "APPLY", &o, BANK, 0, PERSON "|amount=1|term_days=365|purpose=x|consent=" DOC);
    assert_int_equal(view.head.amount, 6000000);
}

static void events_in_a_wrong_state_are_refused(void **state)
{
    struct zyd_hash o;
    (void)state;
    OK(NAT, "APPLY", &o, BANK, 0, APPLY_TEXT);
    NO(9111, NAT, "OFFER", &o, GUAR, 0, "amount=1");
    NO(9111, NAT, "ISSUE", &o, GUAR, B(BANK), "letter=" DOC "|valid_until=2026-12-31");
    NO(9111, NAT, "DISBURSE", &o, BANK, 0, "drawdown=1|amount=1|value_date=2026-01-05|maturity=2026-12-31|rate_ppm=1");
    NO(9111, NAT, "REPAY", &o, BANK, 0, "drawdown=1|value_date=2026-01-05|amount=1");
    NO(9111, NAT, "OVERDUE", &o, BANK, 0, "overdue_date=2026-01-05|principal=1|interest=0");
    NO(9111, NAT, "CLAIM", &o, BANK, 0, "principal=1|interest=0");
    NO(9111, NAT, "APPROVE", &o, GUAR, 0, "amount=1");
    NO(9111, NAT, "RECOVER", &o, GUAR, 0, "gross=1|cost=0|bank_ref=x");
    NO(9111, NAT, "WRITE_OFF", &o, GUAR, 0, "decision=" DOC);
    NO(9111, NAT, "RELEASE", &o, BANK, 0, "");
    NO(9111, NAT, "BREAKER_RESET", NULL, BANK, B(BANK2) | B(GUAR) | B(REG), "reason=nothing to reset");
    /* another programme's object, an unknown one, an unknown event, arguments of a wrong shape */
    NO(9104, AH, "OFFER", &o, GUAR, 0, "amount=1");
    struct zyd_hash unknown = {{1}};
    NO(9115, NAT, "OFFER", &unknown, GUAR, 0, "amount=1");
    for (uint16_t event = 0; event < 300; event = (uint16_t)(event + (event < 32 ? 1 : 40))) {
        struct zyd_fixture_op op = {
            .contract = 1, .event = event, .programme = NAT, .member = BANK, .object = &o, .expect_seq = UINT64_MAX};
        now += 1000;
        zyd_fixture_block(f, now);
        uint32_t code = zyd_fixture_run(f, &op); /* no arguments at all */
        zyd_fixture_end(f);
        assert_true(code == 9104 || code == 9111);
        assert_true(event >= 1 && event <= 31 ? true : code == 9104);
    }
    STATE(o, "APPLIED");
}

static void due_diligence_offer_and_issue_hold_their_rows(void **state)
{
    struct zyd_hash o, p;
    (void)state;
    OK(NAT, "APPLY", &o, BANK, 0, APPLY_TEXT);
    NO(9104, NAT, "DD_DONE", &o, BANK, B(GUAR), "bank_report=" DOC); /* the guarantor's report */
    NO(9102, NAT, "DD_DONE", &o, BANK, 0, "bank_report=" DOC "|guar_report=" DOC);
    NO(9102, NAT, "DD_DONE", &o, BANK2, B(BANK) | B(GUAR), "bank_report=" DOC "|guar_report=" DOC);
    OK(NAT, "DD_DONE", &o, BANK, B(GUAR), "bank_report=" DOC "|guar_report=" DOC "|opinion=good");
    STATE(o, "DD");
    NO(1108, NAT, "OFFER", &o, GUAR, B(REG), "amount=60000.01");
    NO(9104, NAT, "OFFER", &o, GUAR, B(REG), "amount=60000.00|fee_ppm=10001");
    NO(9103, NAT, "OFFER", &o, GUAR, B(REG), "amount=60000.00|tree=sha256:another tree");
    NO(9102, NAT, "OFFER", &o, GUAR, 0, "amount=60000.00"); /* above auto_limit: REG too */
    NO(9102, NAT, "OFFER", &o, BANK, 0, "amount=40000.00");
    OK(NAT, "OFFER", &o, REG, B(GUAR), "amount=60000.00|fee_ppm=5000");
    STATE(o, "OFFERED");
    NO(1107, NAT, "ISSUE", &o, GUAR, B(BANK), "letter=" DOC "|valid_until=2026-12-31");
    NO(9102, NAT, "FILE_RE", &o, REG, 0, "filing=" DOC);
    OK(NAT, "FILE_RE", &o, REG, B(NFGF), "filing=" DOC);
    NO(9111, NAT, "FILE_RE", &o, REG, B(NFGF), "filing=" DOC);
    NO(9112, NAT, "ISSUE", &o, GUAR, B(BANK), "letter=" DOC "|valid_until=2026-01-04");
    NO(9102, NAT, "ISSUE", &o, GUAR, 0, "letter=" DOC "|valid_until=2026-12-31");
    OK(NAT, "ISSUE", &o, GUAR, B(BANK), "letter=" DOC "|valid_until=2026-12-31");
    STATE(o, "ISSUED");
    assert_int_equal(view.head.fee_ppm, 5000);
    /* a fiscal leaf signs the letter (ruling 12) */
    OK(AH, "APPLY", &p, BANK, 0, FIRM2 "|amount=1000|term_days=365|purpose=seed|consent=" DOC);
    OK(AH, "DD_DONE", &p, BANK, B(GUAR), "bank_report=" DOC "|guar_report=" DOC);
    OK(AH, "OFFER", &p, GUAR, 0, "amount=1000");
    OK(AH, "FILE_RE", &p, REG, 0, "filing=" DOC);
    NO(9102, AH, "ISSUE", &p, GUAR, B(BANK), "letter=" DOC "|valid_until=2026-12-31");
    OK(AH, "ISSUE", &p, LGOV, B(BANK) | B(GUAR), "letter=" DOC "|valid_until=2026-12-31");
    /* filing may follow where the programme says so, but not for ever */
    issue_simple(&p, LATER, FIRM, "1000.00");
    draw(&p, LATER, "1000.00", 300);
    on(20260204);
    OK(LATER, "FILE_RE", &p, NFGF, B(REG), "filing=" DOC);
    issue_simple(&p, LATER, FIRM, "1000.00");
    draw(&p, LATER, "1000.00", 300);
    on(20260310);
    NO(9106, LATER, "FILE_RE", &p, NFGF, B(REG), "filing=" DOC);
    /* the bank's share */
    OK(LOW, "APPLY", &p, BANK, 0, APPLY_TEXT);
    OK(LOW, "DD_DONE", &p, BANK, 0, "bank_report=" DOC);
    NO(1106, LOW, "OFFER", &p, GUAR, 0, "amount=1000");
    NO(1101, CLOSED, "APPLY", NULL, BANK, 0, APPLY_TEXT); /* after it closed */
}

static void the_household_cap_counts_what_is_committed_in_the_class(void **state)
{
    struct zyd_hash a, b, c;
    char text[160];
    (void)state;
    issue_simple(&a, TWO, FIRM2, "600000.00");
    OK(TWO, "APPLY", &b, BANK, 0, FIRM2 "|amount=400000.01|term_days=365|purpose=seed|consent=" DOC);
    OK(TWO, "DD_DONE", &b, BANK, 0, "bank_report=" DOC);
    NO(1103, TWO, "OFFER", &b, GUAR, 0, "amount=400000.01");
    OK(TWO, "OFFER", &b, GUAR, 0, "amount=400000.00");
    OK(TWO, "APPLY", &c, BANK, 0, FIRM2 "|amount=100000|term_days=365|purpose=seed|consent=" DOC);
    OK(TWO, "DD_DONE", &c, BANK, 0, "bank_report=" DOC);
    NO(1103, TWO, "OFFER", &c, GUAR, 0, "amount=0.01");
    /* another borrower has room of its own, another class too */
    issue_simple(&(struct zyd_hash){{0}}, STRICT, FIRM2, "1000.00");
    /* repaid principal and ended contracts give room back */
    draw(&a, TWO, "600000.00", 300);
    snprintf(text, sizeof text, "drawdown=1|value_date=%d|amount=100000", today());
    OK(TWO, "REPAY", &a, BANK, 0, text);
    OK(TWO, "OFFER", &c, GUAR, 0, "amount=100000");
    OK(TWO, "CANCEL", &b, BANK, B(GUAR), "reason=withdrawn");
    OK(TWO, "APPLY", &b, BANK, 0, FIRM2 "|amount=400000.01|term_days=365|purpose=seed|consent=" DOC);
    OK(TWO, "DD_DONE", &b, BANK, 0, "bank_report=" DOC);
    NO(1103, TWO, "OFFER", &b, GUAR, 0, "amount=400000.01");
    OK(TWO, "OFFER", &b, GUAR, 0, "amount=400000");
    NO(9102, TWO, "CANCEL", &b, BANK, 0, "reason=alone");
    OK(TWO, "CANCEL", &b, GUAR, B(BANK), "reason=together");
    STATE(b, "CANCELLED");
    OK(TWO, "APPLY", &b, BANK, 0, FIRM2 "|amount=1|term_days=365|purpose=seed|consent=" DOC);
    NO(9102, TWO, "REJECT", &b, BANK, 0, "reason=x");
    OK(TWO, "REJECT", &b, GUAR, 0, "reason=no");
    STATE(b, "REJECTED");
    NO(9111, TWO, "DD_DONE", &b, BANK, 0, "bank_report=" DOC);
}

static void steps_that_are_not_taken_in_time_lapse(void **state)
{
    struct zyd_hash a, b, c, d;
    (void)state;
    on(20260401); /* Wednesday */
    OK(TWO, "APPLY", &a, BANK, 0, FIRM "|amount=1|term_days=365|purpose=seed|consent=" DOC);
    OK(TWO, "APPLY", &b, BANK, 0, FIRM "|amount=1|term_days=365|purpose=seed|consent=" DOC);
    OK(TWO, "DD_DONE", &b, BANK, 0, "bank_report=" DOC);
    issue_simple(&c, TWO, FIRM, "1.00");
    issue_simple(&d, TWO, FIRM, "1.00");
    on(20260408); /* fifth working day after DD_DONE: still in time */
    STATE(b, "DD");
    on(20260409);
    STATE(b, "LAPSED");
    on(20260415); /* tenth working day after APPLY */
    STATE(a, "APPLIED");
    on(20260416);
    NO(9111, TWO, "DD_DONE", &a, BANK, 0, "bank_report=" DOC);
    STATE(a, "LAPSED");
    on(20260501); /* last day of validity */
    STATE(c, "ISSUED");
    draw(&d, TWO, "1.00", 100);
    on(20260502);
    STATE(c, "LAPSED");
    STATE(d, "ACTIVE");
}

static void disburse_holds_its_row(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20260505);
    issue_simple(&o, TWO, PERSON, "1000.00");
#define DRAW(no, amount, value, maturity, rate)                                                                        \
    TWO, "DISBURSE", &o, BANK, 0,                                                                                      \
        "drawdown=" no "|amount=" amount "|value_date=" value "|maturity=" maturity "|rate_ppm=" rate
    NO(9112, DRAW("1", "1", "2026-05-06", "2026-12-31", "1%")); /* the future */
    NO(9112, DRAW("1", "1", "2026-05-04", "2026-12-31", "1%")); /* before the letter */
    NO(9112, DRAW("1", "1", "2026-05-05", "2026-05-05", "1%"));
    NO(1108, DRAW("1", "1000.01", "2026-05-05", "2026-12-31", "1%"));
    NO(1108, DRAW("1", "1", "2026-05-05", "2029-12-31", "1%"));
    NO(9102, TWO, "DISBURSE", &o, GUAR, 0, "drawdown=1|amount=1|value_date=2026-05-05|maturity=2026-12-31|rate_ppm=1%");
    OK(DRAW("1", "400", "2026-05-05", "2026-12-31", "1%"));
    NO(9109, DRAW("1", "400", "2026-05-05", "2026-12-31", "1%"));
    NO(1108, DRAW("2", "600.01", "2026-05-05", "2026-12-31", "1%"));
    for (int i = 2; i <= 16; i++) {
        char text[128];
        snprintf(text, sizeof text, "drawdown=%d|amount=1|value_date=2026-05-05|maturity=2026-12-31|rate_ppm=1%%", i);
        OK(TWO, "DISBURSE", &o, BANK, 0, text);
    }
    NO(1108, DRAW("17", "1", "2026-05-05", "2026-12-31", "1%"));
    STATE(o, "ACTIVE");
    assert_int_equal(view.head.drawdown_count, 16);
    on(20260605);
    NO(9106, DRAW("99", "1", "2026-06-05", "2026-12-31", "1%")); /* after validity */
    struct zyd_hash p;
    OK(NAT, "APPLY", &p, BANK, 0, APPLY_TEXT);
    OK(NAT, "DD_DONE", &p, BANK, B(GUAR), "bank_report=" DOC "|guar_report=" DOC);
    OK(NAT, "OFFER", &p, GUAR, 0, "amount=100");
    OK(NAT, "FILE_RE", &p, REG, B(NFGF), "filing=" DOC);
    OK(NAT, "ISSUE", &p, GUAR, B(BANK), "letter=" DOC "|valid_until=2026-06-30");
    NO(1109, NAT, "DISBURSE", &p, BANK, 0, "drawdown=1|amount=1|value_date=2026-06-05|maturity=2026-12-31|rate_ppm=6.0001%");
    OK(NAT, "DISBURSE", &p, BANK, 0, "drawdown=1|amount=1|value_date=2026-06-05|maturity=2026-12-31|rate_ppm=6%");
}

static void repay_holds_its_row(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20260608);
    issue_simple(&o, TWO, PERSON, "10000.00");
    draw(&o, TWO, "10000.00", 200); /* 4 %, matures 2026-12-25 */
#define PAY(no, date, rest) TWO, "REPAY", &o, BANK, 0, "drawdown=" no "|value_date=" date "|" rest
    NO(9104, PAY("2", "2026-06-08", "amount=1"));
    NO(9112, PAY("1", "2026-06-09", "amount=1"));
    NO(9112, PAY("1", "2026-06-07", "amount=1"));
    NO(1110, PAY("1", "2026-06-08", "amount=10000.01"));
    NO(1110, PAY("1", "2026-06-08", "amount=1|interest=0.01")); /* nothing is due */
    NO(9102, TWO, "REPAY", &o, GUAR, 0, "drawdown=1|value_date=2026-06-08|amount=1");
    on(20260622); /* INT_SETTLE was on the 20th: 12 days, 13.33 */
    STATE(o, "ACTIVE");
    assert_int_equal(view.interest, 1333);
    NO(9112, PAY("1", "2026-06-19", "amount=1"));             /* settled already */
    NO(1110, PAY("1", "2026-06-22", "amount=100|interest=0")); /* principal before interest */
    NO(1110, PAY("1", "2026-06-22", "amount=100|interest=13.32"));
    NO(1110, PAY("1", "2026-06-22", "amount=13.34|interest=13.34"));
    OK(PAY("1", "2026-06-22", "amount=5.00")); /* part of the interest alone */
    STATE(o, "ACTIVE");
    assert_int_equal(view.interest, 833);
    OK(PAY("1", "2026-06-22", "amount=1008.33"));
    STATE(o, "ACTIVE");
    assert_int_equal(view.head.principal, 900000);
    assert_false(warned(9106));
    on(20260625);
    OK(PAY("1", "2026-06-22", "amount=1000.00")); /* reported on the third working day */
    assert_true(warned(9106));
    /* the payoff pays the running interest: 10,000 for 2 days, 8,000 for 3 days = 20/9 + 24/9 = 4.89 */
    NO(1110, PAY("1", "2026-06-25", "amount=8000.00|interest=0"));
    NO(1110, PAY("1", "2026-06-25", "amount=8004.88"));
    int64_t fee = view.fee;
    assert_true(fee > 0);
    assert_int_equal(zyd_fixture_balance(f, GUAR, TWO, "4021"), 0);
    OK(PAY("1", "2026-06-25", "amount=8004.89"));
    STATE(o, "RELEASED");
    assert_int_equal(view.fee, 0);
    assert_int_equal(zyd_fixture_balance(f, GUAR, TWO, "4021"), -fee); /* ruling 4 */
    NO(9111, PAY("1", "2026-06-25", "amount=1"));
}

static void a_payoff_before_an_earlier_part_leaves_nothing_behind(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20260701);
    issue_simple(&o, TWO, PERSON, "36000.00");
    draw(&o, TWO, "36000.00", 300); /* 4.00 a day */
    on(20260703);
    OK(PAY("1", "2026-07-03", "amount=18000.00"));
    /* the rest was paid two days before, and is reported now: 18,000 earned for two days, that is 4.00 */
    OK(PAY("1", "2026-07-01", "amount=18004.00"));
    STATE(o, "RELEASED");
    assert_int_equal(view.interest, 0);
}

static void overdue_and_claim_hold_their_rows(void **state)
{
    struct zyd_hash o, p;
    (void)state;
    on(20260706);
    OK(NAT, "APPLY", &o, BANK, 0, PERSON "|amount=90000|term_days=365|purpose=seed|consent=" DOC);
    OK(NAT, "DD_DONE", &o, BANK, B(GUAR), "bank_report=" DOC "|guar_report=" DOC);
    OK(NAT, "OFFER", &o, GUAR, B(REG), "amount=90000");
    OK(NAT, "FILE_RE", &o, REG, B(NFGF), "filing=" DOC);
    OK(NAT, "ISSUE", &o, GUAR, B(BANK), "letter=" DOC "|valid_until=2026-07-31");
    OK(NAT, "DISBURSE", &o, BANK, 0, "drawdown=1|amount=90000|value_date=2026-07-06|maturity=2026-08-05|rate_ppm=4%");
    NO(1125, NAT, "RELEASE", &o, BANK, 0, "");
    on(20260805); /* maturity: 30 days of 10.00 */
    STATE(o, "ACTIVE");
    assert_int_equal(view.interest, 30000);
    NO(9112, NAT, "OVERDUE", &o, BANK, 0, "overdue_date=2026-08-06|principal=90000|interest=300");
    NO(1119, NAT, "OVERDUE", &o, BANK, 0, "overdue_date=2026-08-05|principal=89999.99|interest=300");
    NO(1119, NAT, "OVERDUE", &o, BANK, 0, "overdue_date=2026-08-05|principal=90000|interest=300.01");
    NO(9102, NAT, "OVERDUE", &o, GUAR, 0, "overdue_date=2026-08-05|principal=90000|interest=300");
    on(20260808); /* the last day of grace */
    STATE(o, "ACTIVE");
    on(20260809); /* SYS moves it, with the maturity as overdue date */
    STATE(o, "OVERDUE");
    assert_int_equal(view.head.overdue, 20260805);
    assert_int_equal(zyd_fixture_balance(f, BANK, NAT, "1102"), 9000000);
#define CLAIM_TEXT "principal=90000|interest=300|evidence=" DOC "," DOC
    on(20261003);
    NO(1114, NAT, "CLAIM", &o, BANK, 0, CLAIM_TEXT);
    on(20261004); /* 60 days */
    NO(1116, NAT, "CLAIM", &o, BANK, 0, "principal=90000|interest=300|evidence=" DOC);
    NO(1117, NAT, "CLAIM", &o, BANK, 0, CLAIM_TEXT "|share_shifted=yes");
    NO(1119, NAT, "CLAIM", &o, BANK, 0, "principal=90000|interest=299.99|evidence=" DOC "," DOC);
    NO(9102, NAT, "CLAIM", &o, GUAR, 0, CLAIM_TEXT);
    OK(NAT, "CLAIM", &o, BANK, 0, CLAIM_TEXT);
    STATE(o, "CLAIMED");
    assert_int_equal(view.head.claim, 9030000);
    NO(1119, NAT, "APPROVE", &o, GUAR, B(REG) | B(NFGF), "amount=90299.99");
    NO(9102, NAT, "APPROVE", &o, GUAR, B(REG), "amount=90300"); /* above auto_claim */
    NO(9102, NAT, "APPROVE", &o, REG, B(NFGF), "amount=90300");
    /* silence: 1120 after the tenth working day, and the same signers still decide */
    assert_false(sys_warned(20261016, 1120));
    assert_true(sys_warned(20261017, 1120));
    OK(NAT, "APPROVE", &o, NFGF, B(REG) | B(GUAR), "amount=90300");
    STATE(o, "CLAIM_APPROVED");
    assert_true((view.head.flags & ZYD_GF_ESCALATED) != 0);
    assert_true(sys_warned(20261026, 1121)); /* five working days for the first payer */
    /* a late report of an overdue loan costs late_ppm of the claim, and the window closes */
    on(20261102);
    OK(NAT, "OPENING", &p, BANK, 0,
       "state=ACTIVE|" FIRM "|amount=1000|principal=1000|value_date=2026-01-01|settled_to=2026-09-20|maturity=2026-12-01");
    OK(NAT, "OVERDUE", &p, BANK, 0, "overdue_date=2026-10-23|principal=1000|interest=0");
    assert_true(warned(1113));
    on(20270422); /* 181 days: the guarantee is over (ruling 7) */
    STATE(p, "RELEASED");
    NO(9111, NAT, "CLAIM", &p, BANK, 0, "principal=1000|interest=0|evidence=" DOC "," DOC);
    OK(NAT, "OPENING", &p, BANK, 0,
       "state=ACTIVE|" FIRM "|amount=1000|principal=1000|value_date=2026-01-01|settled_to=2027-03-20|maturity=2027-12-01");
    OK(NAT, "OVERDUE", &p, BANK, 0, "overdue_date=2027-03-20|principal=1000|interest=0");
    on(20270519);
    OK(NAT, "CLAIM", &p, BANK, 0, "principal=1000|interest=0|evidence=" DOC "," DOC);
    STATE(p, "CLAIMED");
    assert_int_equal(view.head.claim, 90000); /* 10 % lost */
    OK(NAT, "OPENING", &p, BANK, 0,
       "state=OVERDUE|" FIRM "|amount=1000|principal=1000|value_date=2025-01-01|maturity=2026-06-01|overdue_date=2026-06-01");
    NO(9111, NAT, "CLAIM", &p, BANK, 0, "principal=1000|interest=0|evidence=" DOC "," DOC); /* its RELEASE was due at once */
}

static void a_claim_on_its_last_day_is_in_time(void **state)
{
    struct zyd_hash p;
    (void)state;
    on(20270519);
    OK(NAT, "OPENING", &p, BANK, 0,
       "state=OVERDUE|" FIRM "|amount=1000|principal=1000|value_date=2025-01-01|maturity=2026-11-20|overdue_date=2026-11-20");
    OK(NAT, "CLAIM", &p, BANK, 0, "principal=1000|interest=0|evidence=" DOC "," DOC); /* day 180 */
    OK(NAT, "OPENING", &p, BANK, 0,
       "state=OVERDUE|" FIRM "|amount=1000|principal=0|value_date=2025-01-01|maturity=2027-03-01|overdue_date=2027-03-01");
    OK(NAT, "RELEASE", &p, BANK, 0, ""); /* nothing is owed */
    STATE(p, "RELEASED");
}

static void compensation_recovery_and_write_off_hold_their_rows(void **state)
{
    struct zyd_hash o, first[8], shares[8];
    uint32_t n, m;
    (void)state;
    on(20270601);
    OK(NAT, "OPENING", &o, BANK, 0,
       "state=OVERDUE|" FIRM "|amount=1000|principal=1000|value_date=2026-01-01|maturity=2027-04-01|overdue_date=2027-04-01|"
       "rows=BANK 1102 2101.X 1000");
    OK(NAT, "CLAIM", &o, BANK, 0, "principal=1000|interest=0|evidence=" DOC "," DOC);
    OK(NAT, "APPROVE", &o, GUAR, 0, "amount=1000");
    obligations_of(first, ZYD_GL_CLAIM_OK, &n);
    obligations_of(shares, ZYD_GL_SHARE, &m);
    assert_int_equal(n, 1);
    assert_int_equal(m, 2);
    NO(9111, NAT, "RECOVER", &o, GUAR, 0, "gross=1|cost=0|bank_ref=x");
    pay(&shares[0]); /* a share may come before the first payer's money */
    STATE(o, "CLAIM_APPROVED");
    pay(&first[0]);
    STATE(o, "COMPENSATED");
    NO(9111, NAT, "WRITE_OFF", &o, GUAR, 0, "decision=" DOC); /* a share is open */
    assert_false(sys_warned(20270601, 1122));
    assert_true(sys_warned(20270630, 1122)); /* 20 working days */
    pay(&shares[1]);
    STATE(o, "RECOVERING");
    assert_true((view.head.flags & ZYD_GF_SHARE_LATE) != 0);
}

static void recover_signers_costs_and_surplus(void **state)
{
    struct zyd_hash o;
    int64_t customer = zyd_fixture_balance(f, BANK, NAT, "2101.91430100MA4TEXT00G");
    (void)state;
    on(20270701);
    OK(NAT, "OPENING", &o, BANK, 0,
       "state=RECOVERING|" FIRM "|amount=1000|principal=1000|value_date=2026-01-01|maturity=2027-04-01|overdue_date=2027-04-01|"
       "borne=GUAR=400.00,REG=200.00,NFGF=200.00,BANK=200.00");
    NO(9102, NAT, "RECOVER", &o, BANK, 0, "gross=1|cost=0|bank_ref=x");
    NO(9102, NAT, "RECOVER", &o, GUAR, 0, "gross=500|cost=100.01|bank_ref=x"); /* above cost_limit */
    OK(NAT, "RECOVER", &o, GUAR, B(BANK), "gross=50|cost=100.01|bank_ref=x"); /* all of it is cost; 50.01 is carried */
    assert_int_equal(f->outcome.posting_count, 2);
    OK(NAT, "RECOVER", &o, GUAR, 0, "gross=150.01|cost=0|bank_ref=x"); /* 50.01 cost first, then 100.00 net */
    assert_int_equal(f->outcome.posting_count, 2 + 1 + 3 * 2);
    NO(9102, NAT, "WRITE_OFF", &o, LGOV, 0, "decision=" DOC); /* bore nothing */
    OK(NAT, "WRITE_OFF", &o, REG, 0, "decision=" DOC);
    NO(1124, NAT, "WRITE_OFF", &o, REG, 0, "decision=" DOC);
    /* everything comes back, and 70.00 more: the surplus is the borrower's */
    OK(NAT, "RECOVER", &o, GUAR, 0, "gross=970|cost=0|bank_ref=x");
    assert_int_equal(zyd_fixture_balance(f, BANK, NAT, "2101.91430100MA4TEXT00G") - customer, -7000);
    assert_int_equal(zyd_fixture_balance(f, GUAR, NAT, "2171"), 0);
    NO(1124, NAT, "WRITE_OFF", &o, GUAR, 0, "decision=" DOC); /* nothing is left */
}

static void the_cap_can_refuse_and_the_lines_warn_and_stop(void **state)
{
    struct zyd_hash o;
    struct zyd_guarantee_breaker b;
    (void)state;
    on(20270801);
    /* STRICT: cap 1 % of nothing, REJECT */
    OK(STRICT, "OPENING", &o, BANK, 0,
       "state=OVERDUE|" FIRM
       "|amount=1000|principal=1000|value_date=2026-01-01|maturity=2027-05-01|overdue_date=2027-05-01|fen_days=1");
    OK(STRICT, "CLAIM", &o, BANK, 0, "principal=1000|interest=0");
    NO(1126, STRICT, "APPROVE", &o, GUAR, 0, "amount=1000");
    /* TIGHT: warn 1 %, stop 50 % of S * 80 % / 365; silence approves by itself */
    OK(TIGHT, "OPENING", &o, BANK, 0,
       "state=OVERDUE|" FIRM "|amount=1000|principal=1000|value_date=2026-01-01|maturity=2027-05-01|overdue_date=2027-05-01|"
       /* 1,000,000 fen a year * 80 % = 8,000.00: warn at 80.00, stop at 4,000.00 */
       "fen_days=365000000");
    OK(TIGHT, "CLAIM", &o, BANK, 0, "principal=1000|interest=0");
    on(20270820); /* silence: DEEM_APPROVED */
    STATE(o, "CLAIM_APPROVED");
    assert_string_equal(breaker_of(TIGHT, &b), "WARN");
    assert_int_equal(b.used, 80000);
    OK(TIGHT, "APPLY", &o, BANK, 0, FIRM "|amount=1000|term_days=365|purpose=seed|consent=" DOC); /* WARN goes on */
    OK(TIGHT, "OPENING", &o, BANK, 0,
       "state=OVERDUE|" FIRM "|amount=9000|principal=4000|value_date=2026-01-01|maturity=2027-06-01|overdue_date=2027-06-01");
    OK(TIGHT, "CLAIM", &o, BANK, 0, "principal=4000|interest=0");
    OK(TIGHT, "APPROVE", &o, GUAR, 0, "amount=4000"); /* used 4,000.00: exactly the line */
    assert_string_equal(breaker_of(TIGHT, &b), "STOPPED");
    NO(1102, TIGHT, "APPLY", NULL, BANK, 0, FIRM "|amount=1000|term_days=365|purpose=seed|consent=" DOC);
    NO(9102, TIGHT, "BREAKER_RESET", NULL, BANK, 0, "reason=alone");
    OK(TIGHT, "BREAKER_RESET", NULL, BANK, B(GUAR), "reason=together");
    assert_string_equal(breaker_of(TIGHT, &b), "NORMAL");
    assert_int_equal(f->outcome.event_count, 1);
    assert_int_equal(f->outcome.events[0].code, ZYD_GUARANTEE_EMIT_BREAKER);
    on(20280101); /* a new period, though nobody touched the programme */
    breaker_of(TIGHT, &b);
    assert_int_equal(b.used, 0);
    assert_int_equal(b.year, 2028);
}

static void a_stopped_programme_refuses_every_step_of_new_business(void **state)
{
    struct zyd_hash dd, offered, issued, o;
    (void)state;
    on(20280103);
    OK(TIGHT, "APPLY", &dd, BANK, 0, FIRM "|amount=1000|term_days=365|purpose=seed|consent=" DOC);
    OK(TIGHT, "DD_DONE", &dd, BANK, 0, "bank_report=" DOC);
    OK(TIGHT, "APPLY", &offered, BANK, 0, FIRM "|amount=1000|term_days=365|purpose=seed|consent=" DOC);
    OK(TIGHT, "DD_DONE", &offered, BANK, 0, "bank_report=" DOC);
    OK(TIGHT, "OFFER", &offered, GUAR, 0, "amount=1000");
    issue_simple(&issued, TIGHT, FIRM, "1000.00");
    OK(TIGHT, "OPENING", &o, BANK, 0,
       "state=OVERDUE|" FIRM
       "|amount=9000|principal=4000|value_date=2026-01-01|maturity=2027-09-01|overdue_date=2027-09-01|fen_days=1");
    OK(TIGHT, "CLAIM", &o, BANK, 0, "principal=4000|interest=0");
    OK(TIGHT, "APPROVE", &o, GUAR, 0, "amount=4000");
    NO(1102, TIGHT, "OFFER", &dd, GUAR, 0, "amount=1000");
    NO(1102, TIGHT, "ISSUE", &offered, GUAR, B(BANK), "letter=" DOC "|valid_until=2028-12-31");
    NO(1102, TIGHT, "DISBURSE", &issued, BANK, 0, "drawdown=1|amount=1|value_date=2028-01-03|maturity=2028-12-31|rate_ppm=1%");
}

static void several_members_sign_one_after_another(void **state)
{
    struct zyd_hash o, op;
    uint8_t bytes[64];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    char why[ZYD_WHY];
    const struct zyd_event *e = zyd_event_by_name(&zyd_product_guarantee, "CANCEL");
    struct zyd_pair reason = {"reason", "both"};
    (void)state;
    const struct zyd_members members = zyd_genesis_members(&f->c.g);
    OK(TWO, "APPLY", &o, BANK, 0, FIRM "|amount=1|term_days=365|purpose=seed|consent=" DOC);
    assert_int_equal(zyd_args_encode(&wr, why, e, &reason, 1, &members), ZYD_OK);
    now += 1000;
    zyd_fixture_block(f, now);
    assert_int_equal(zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = 1,
                                                                 .event = e->number,
                                                                 .programme = TWO,
                                                                 .member = GUAR,
                                                                 .object = &o,
                                                                 .expect_seq = UINT64_MAX,
                                                                 .args = zyd_wr_span(&wr),
                                                                 .flags = ZYD_ENV_MAY_WAIT}),
                     9114);
    op = f->op_id;
    zyd_fixture_end(f);
    STATE(o, "APPLIED");
    now += 1000;
    zyd_fixture_block(f, now);
    assert_int_equal(
        zyd_fixture_run(f,
                        &(struct zyd_fixture_op){.contract = 0, .event = ZYD_HOST_COUNTERSIGN, .member = BANK, .object = &op}),
        0);
    zyd_fixture_end(f);
    STATE(o, "CANCELLED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apply_holds_its_row),
        cmocka_unit_test(events_in_a_wrong_state_are_refused),
        cmocka_unit_test(due_diligence_offer_and_issue_hold_their_rows),
        cmocka_unit_test(the_household_cap_counts_what_is_committed_in_the_class),
        cmocka_unit_test(steps_that_are_not_taken_in_time_lapse),
        cmocka_unit_test(disburse_holds_its_row),
        cmocka_unit_test(repay_holds_its_row),
        cmocka_unit_test(a_payoff_before_an_earlier_part_leaves_nothing_behind),
        cmocka_unit_test(overdue_and_claim_hold_their_rows),
        cmocka_unit_test(a_claim_on_its_last_day_is_in_time),
        cmocka_unit_test(compensation_recovery_and_write_off_hold_their_rows),
        cmocka_unit_test(recover_signers_costs_and_surplus),
        cmocka_unit_test(the_cap_can_refuse_and_the_lines_warn_and_stop),
        cmocka_unit_test(a_stopped_programme_refuses_every_step_of_new_business),
        cmocka_unit_test(several_members_sign_one_after_another),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
