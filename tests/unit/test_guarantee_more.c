/* Goal: the events of product (a) around the straight path hold their rows of domain.md 3.1 and the rulings of 3.7: EXTEND,
 * PREPAY, CURE, QUERY, SUPPLY, REFUSE, DISPUTE, RESOLVE, FREEZE, UNFREEZE, FLAG_SHIFT, and the limits 1104 and 1105 (E20).
 * Method: the deployed plugin in the real host and state; each refusal must leave the state root as it is. */
#include "guarantee_more.h"

/* ---- EXTEND ---- */
static void extend_holds_its_row(void **state)
{
    struct zyd_hash o;
    struct zyd_guarantee_breaker b;
    (void)state;
    on(20260105);
    issue_simple(&o, LATER, FIRM, "36500.00");
    NO(9111, LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2026-06-14");
    draw(&o, LATER, "36500.00", 100); /* to 2026-04-15; a fee of 1.00 a day */
    state_of(&o);
    assert_int_equal(view.drawdowns[0].charged, 10000);
    NO(9104, LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=2|maturity=2026-06-14");
    NO(9112, LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2026-04-15");
    NO(1112, LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2026-07-25"); /* over its term, 100 days */
    NO(9102, LATER, "EXTEND", &o, BANK, B(GUAR), "drawdown=1|maturity=2026-06-14"); /* REG signs (ruling 11) */
    NO(9102, LATER, "EXTEND", &o, BANK, B(REG), "drawdown=1|maturity=2026-06-14");
    NO(9102, LATER, "EXTEND", &o, REG, B(GUAR), "drawdown=1|maturity=2026-06-14");
    on(20260414);
    OK(LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2026-06-14"); /* the day before, 60 days more */
    assert_int_equal(f->outcome.posting_count, 7);
    expect_posting(0, GUAR, "1121", "2151", 6000);
    expect_posting(1, BANK, CUSTOMER, "2141.GUAR", 6000);
    expect_posting(2, GUAR, "1141.BANK", "1121", 6000);
    expect_posting(3, GUAR, "5021", "2141.REG", 720); /* 0.3 % of 20 % twice: its own and the fund's */
    expect_posting(4, REG, "1141.GUAR", "4021", 720);
    expect_posting(5, REG, "5021", "2141.NFGF", 360);
    expect_posting(6, NFGF, "1141.REG", "4021", 360);
    STATE(o, "ACTIVE");
    assert_true((view.head.flags & ZYD_GF_EXTENDED) != 0);
    assert_int_equal(view.drawdowns[0].maturity, 20260614);
    assert_int_equal(view.drawdowns[0].first_maturity, 20260415);
    assert_int_equal(view.drawdowns[0].charged, 16000);
    breaker_of(LATER, &b);
    assert_int_equal(b.s_lo, INT64_C(3650000) * 160); /* ruling 14 */
    assert_int_equal(b.drawdowns, 1);
    on(20260420); /* past the first maturity: not overdue */
    STATE(o, "ACTIVE");
    OK(LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2026-07-24"); /* 100 days in all */
    NO(1112, LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2026-07-25");
    on(20260724);
    NO(1111, LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2026-07-25"); /* not before maturity any more */
    NO(9112, LATER, "PREPAY", &o, BANK, 0, "drawdown=1|value_date=2026-07-24|amount=1"); /* nor is it early */
    on(20260725);
    STATE(o, "OVERDUE");
    assert_int_equal(view.head.overdue, 20260724);
    NO(9111, LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2026-08-25");
    /* a programme that sets ext_max */
    issue_simple(&o, KEEP, FIRM, "36500.00");
    draw(&o, KEEP, "36500.00", 100);
    state_of(&o);
    char text[100];
    snprintf(text, sizeof text, "drawdown=1|maturity=%d", zyd_date_add(view.drawdowns[0].maturity, 31));
    NO(1112, KEEP, "EXTEND", &o, BANK, B(GUAR), text);
    snprintf(text, sizeof text, "drawdown=1|maturity=%d", zyd_date_add(view.drawdowns[0].maturity, 30));
    OK(KEEP, "EXTEND", &o, BANK, B(GUAR), text);
}

/* ---- PREPAY ---- */
static void prepay_refunds_the_fee_that_is_not_earned_e17(void **state)
{
    struct zyd_hash o, refund[8];
    struct zyd_obligation made;
    uint32_t n;
    char text[200], amount[32];
    (void)state;
    on(20260803);
    issue_simple(&o, TWO, FIRM, "888888.88");
    draw(&o, TWO, "888888.88", 365);
    state_of(&o);
    assert_int_equal(view.drawdowns[0].fee, 888889);
    int32_t day200 = zyd_date_add(view.drawdowns[0].value_date, 200);
    pay_text(text, 1, view.drawdowns[0].maturity, "1.00");
    NO(9112, TWO, "PREPAY", &o, BANK, 0, text); /* in the future, and not before maturity */
    on(day200);
    state_of(&o);
    pay_text(text, 1, day200, "888888.88");
    NO(9102, TWO, "PREPAY", &o, GUAR, 0, text);
    NO(1110, TWO, "PREPAY", &o, BANK, 0, "drawdown=1|value_date=2027-02-19|amount=888888.88|interest=0"); /* interest first */
    /* all of it, with the interest due and running */
    ct_u128 days = (ct_u128)zyd_days_between(view.drawdowns[0].settled_to, day200);
    int64_t running = (int64_t)((2 * (ct_u128)88888888 * 40000 * days + 360000000) / 720000000);
    zyd_yuan_text(amount, 88888888 + view.interest + running, false);
    pay_text(text, 1, day200, amount);
    int64_t before = balance(BANK, TWO, CUSTOMER), due = view.interest + running;
    OK(TWO, "PREPAY", &o, BANK, 0, text);
    STATE(o, "RELEASED");
    n = f->outcome.posting_count;
    assert_int_equal(n, 1 + 1 + 1 + 1 + 1 + 2); /* interest booked, paid; principal; memo; fee earned; refund twice */
    expect_posting(0, BANK, "1111", "4011", running);
    expect_posting(1, BANK, CUSTOMER, "1111", due);
    expect_posting(2, BANK, CUSTOMER, "1101", 88888888);
    expect_posting(n - 3, GUAR, "2151", "4021", 487062);
    expect_posting(n - 2, GUAR, "2151", "2141.BANK", 401827);
    expect_posting(n - 1, BANK, "1141.GUAR", CUSTOMER, 401827);
    assert_int_equal(balance(BANK, TWO, CUSTOMER) - before, 88888888 + due - 401827);
    obligations_of(refund, ZYD_GL_FEE_REFUND, &n);
    assert_int_equal(n, 1);
    assert_true(zyd_fixture_obligation(f, &made, &refund[0]));
    assert_int_equal(made.debtor, GUAR);
    assert_int_equal(made.creditor, BANK);
    assert_int_equal(view.drawdowns[0].charged, 888889);
    assert_int_equal(view.drawdowns[0].refunded, 401827);
    assert_int_equal(view.drawdowns[0].closed, day200);
    NO(9111, TWO, "PREPAY", &o, BANK, 0, text);
}

static void prepay_of_a_part_or_without_refund_or_in_an_extension(void **state)
{
    struct zyd_hash o, p;
    char text[200];
    (void)state;
    on(20270301);
    issue_simple(&o, TWO, FIRM, "36500.00");
    draw(&o, TWO, "36500.00", 100); /* fee 1.00 a day, interest 4.06 a day */
    pay_text(text, 1, 20270301, "100.00");
    OK(TWO, "PREPAY", &o, BANK, 0, text); /* a part: as REPAY */
    assert_int_equal(f->outcome.posting_count, 2);
    snprintf(text, sizeof text, "drawdown=1|maturity=%d", zyd_date_add(20270301, 150));
    OK(TWO, "EXTEND", &o, BANK, B(GUAR), text); /* 50 days on 36,400.00: 49.86 */
    state_of(&o);
    assert_int_equal(view.drawdowns[0].charged, 10000 + 4986);
    on(zyd_date_add(20270301, 120)); /* 20 days into it: 19.95 earned */
    state_of(&o);
    NO(1110, TWO, "PREPAY", &o, BANK, 0, "drawdown=1|value_date=2027-06-29|amount=36400.00|interest=0");
    pay_text(text, 1, 20270629, "36435.96");
    int64_t due = view.interest; /* to 20 June; nine days on */
    int64_t nine = (2 * INT64_C(3640000) * 9 * 40000 + 360000000) / 720000000;
    char amount[32];
    zyd_yuan_text(amount, 3640000 + due + nine, false);
    pay_text(text, 1, 20270629, amount);
    OK(TWO, "PREPAY", &o, BANK, 0, text);
    STATE(o, "RELEASED");
    assert_int_equal(view.drawdowns[0].refunded, 14986 - 10000 - 1995);
    /* `refundable` no: all is earned */
    issue_simple(&p, KEEP, FIRM, "36500.00");
    draw(&p, KEEP, "36500.00", 100);
    pay_text(text, 1, 20270629, "36500.00");
    OK(KEEP, "PREPAY", &p, BANK, 0, text);
    assert_int_equal(view.drawdowns[0].refunded, 14986 - 10000 - 1995);
    STATE(p, "RELEASED");
    assert_int_equal(view.drawdowns[0].refunded, 0);
    assert_int_equal(view.drawdowns[0].charged, 10000);
}

/* ---- CURE ---- */
static void cure_brings_an_overdue_loan_back(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20270701);
    issue_simple(&o, TWO, FIRM, "36000.00");
    draw(&o, TWO, "36000.00", 200); /* 4.00 a day */
    NO(9111, TWO, "CURE", &o, BANK, 0, "value_date=2027-07-01|amount=0");
    on(20270802);
    OK(TWO, "OVERDUE", &o, BANK, 0, "overdue_date=2027-07-31|principal=36000|interest=120"); /* interest was not paid */
    on(20270810);
    NO(9112, TWO, "CURE", &o, BANK, 0, "value_date=2027-07-30|amount=120");
    NO(9112, TWO, "CURE", &o, BANK, 0, "value_date=2027-08-11|amount=120");
    NO(1110, TWO, "CURE", &o, BANK, 0, "value_date=2027-08-09|amount=119.99");
    NO(1110, TWO, "CURE", &o, BANK, 0, "value_date=2027-08-09|amount=120.01");
    NO(9102, TWO, "CURE", &o, GUAR, 0, "value_date=2027-08-09|amount=120");
    OK(TWO, "CURE", &o, BANK, 0, "value_date=2027-08-09|amount=120");
    assert_int_equal(f->outcome.posting_count, 2);
    expect_posting(0, BANK, CUSTOMER, "1111", 12000);
    expect_posting(1, BANK, "1101", "1102", 3600000);
    STATE(o, "ACTIVE");
    assert_int_equal(view.head.overdue, 0);
    assert_int_equal(view.head.cures, 1); /* its overdue days are kept: subsidies ask for them (test_subsidy_days) */
    on(20270920); /* normal interest from the value date on: 42 days */
    state_of(&o);
    assert_int_equal(view.interest, 42 * 400);
    /* after a maturity there is no way back */
    OK(TWO, "REPAY", &o, BANK, 0, "drawdown=1|value_date=2027-09-20|amount=168");
    on(20280201);
    STATE(o, "OVERDUE");
    NO(9112, TWO, "CURE", &o, BANK, 0, "value_date=2028-02-01|amount=0");
}

/* ---- QUERY, SUPPLY, the clock ---- */

static void a_query_stops_the_clock_and_supply_starts_it(void **state)
{
    struct zyd_hash o, p;
    (void)state;
    on(20280306); /* a Monday: the review ends on 20 March */
    overdue_claim(&o, SLOW, "1000.00");
    overdue_claim(&p, SLOW, "1000.00");
    NO(9111, SLOW, "SUPPLY", &o, BANK, 0, "document=" DOC);
    NO(9102, SLOW, "QUERY", &o, BANK, 0, "document=" DOC);
    on(20280308);
    OK(SLOW, "QUERY", &o, GUAR, 0, "document=" DOC);
    NO(9111, SLOW, "QUERY", &o, GUAR, 0, "document=" DOC); /* one at a time */
    state_of(&o);
    assert_int_equal(view.head.clock_left, 8);
    on(20280310);
    NO(9102, SLOW, "SUPPLY", &o, GUAR, 0, "document=" DOC);
    OK(SLOW, "SUPPLY", &o, BANK, 0, "document=" DOC); /* 8 working days from the 10th: the 22nd */
    state_of(&o);
    assert_int_equal(view.head.review_until, 20280322);
    NO(9111, SLOW, "SUPPLY", &o, BANK, 0, "document=" DOC);
    OK(SLOW, "QUERY", &o, GUAR, 0, "document=" DOC);
    on(20280317); /* the fifth working day: still time to answer */
    state_of(&o);
    assert_true((view.head.more & ZYD_GM_QUERY) != 0);
    on(20280318); /* nobody did: from the 17th on 8 working days are left, the 29th */
    state_of(&o);
    assert_true((view.head.more & ZYD_GM_QUERY) == 0);
    assert_int_equal(view.head.review_until, 20280329);
    NO(1118, SLOW, "QUERY", &o, GUAR, 0, "document=" DOC);
    NO(9111, SLOW, "SUPPLY", &o, BANK, 0, "document=" DOC);
    assert_true(sys_warned(20280321, 1120)); /* p, which nobody asked about */
    NO(9111, SLOW, "QUERY", &p, GUAR, 0, "document=" DOC); /* escalated */
    assert_false(sys_warned(20280329, 1120));
    assert_true(sys_warned(20280330, 1120)); /* o */
    OK(SLOW, "APPROVE", &o, GUAR, 0, "amount=1000.00");
    OK(SLOW, "REFUSE", &p, GUAR, 0, "code=1|clause=4.2");
    STATE(p, "OVERDUE");
    /* approved with a query open: no clock is left behind */
    overdue_claim(&o, SLOW, "1000.00");
    OK(SLOW, "QUERY", &o, GUAR, 0, "document=" DOC);
    OK(SLOW, "APPROVE", &o, GUAR, 0, "amount=1000.00");
    assert_false(sys_warned(20280420, 1120));
    STATE(o, "CLAIM_APPROVED");
    /* where the day after the fifth is a working day, it counts */
    on(20280425);
    overdue_claim(&o, SLOW, "1000.00"); /* a Tuesday */
    on(20280428);
    OK(SLOW, "QUERY", &o, GUAR, 0, "document=" DOC);
    on(20280503);
    OK(SLOW, "SUPPLY", &o, BANK, 0, "document=" DOC); /* a Wednesday */
    OK(SLOW, "QUERY", &o, GUAR, 0, "document=" DOC);
    on(20280511); /* a Thursday, the day after */
    state_of(&o);
    assert_int_equal(view.head.review_until, 20280519); /* 7 from Wednesday the 10th */
}

static void refuse_leads_back_to_overdue_or_to_the_end(void **state)
{
    struct zyd_hash o, p;
    (void)state;
    on(20280601);
    overdue_claim(&o, SLOW, "1000.00"); /* day 100 */
    NO(9102, SLOW, "REFUSE", &o, BANK, 0, "code=1|clause=4.2");
    OK(SLOW, "REFUSE", &o, GUAR, 0, "code=1|clause=4.2");
    assert_int_equal(f->outcome.posting_count, 0);
    STATE(o, "OVERDUE");
    NO(9111, SLOW, "REFUSE", &o, GUAR, 0, "code=1|clause=4.2");
    assert_false(sys_warned(20280616, 1120)); /* its review is over */
    OK(SLOW, "CLAIM", &o, BANK, 0, "principal=1000|interest=0"); /* again, with better evidence */
    STATE(o, "CLAIMED");
    OK(SLOW, "REFUSE", &o, GUAR, 0, "code=2|clause=4.3");
    on(20280820); /* day 180 is the last */
    STATE(o, "OVERDUE");
    on(20280821);
    STATE(o, "RELEASED");
    overdue_claim(&p, SLOW, "1000.00");
    on(zyd_date_add(today(), 81)); /* day 181, unanswered */
    STATE(p, "CLAIMED");
    OK(SLOW, "REFUSE", &p, GUAR, 0, "code=1|clause=4.2"); /* ruling 7 */
    STATE(p, "RELEASED");
}

/* ---- DISPUTE, RESOLVE ---- */
static void a_part_in_dispute_is_left_out_and_follows_with_memory(void **state)
{
    struct zyd_hash o, shares[8], first[8], second[8];
    struct zyd_guarantee_claim_view c;
    struct zyd_hash key;
    uint8_t name[64];
    uint32_t n;
    (void)state;
    on(20281106);
    overdue_claim(&o, NAT, "1000.07");
    NO(9111, NAT, "RESOLVE", &o, BANK, B(GUAR), "upheld=1|document=" DOC);
    NO(1119, NAT, "DISPUTE", &o, GUAR, 0, "amount=1000.07|document=" DOC); /* all of it is REFUSE */
    NO(1119, NAT, "DISPUTE", &o, GUAR, 0, "amount=1000.08|document=" DOC);
    NO(9102, NAT, "DISPUTE", &o, REG, 0, "amount=300.03|document=" DOC);
    OK(NAT, "DISPUTE", &o, GUAR, 0, "amount=300.03|document=" DOC);
    NO(9111, NAT, "DISPUTE", &o, BANK, 0, "amount=1|document=" DOC);
    NO(1119, NAT, "APPROVE", &o, GUAR, 0, "amount=1000.07");
    OK(NAT, "APPROVE", &o, GUAR, 0, "amount=700.04");
    expect_posting(0, GUAR, "1135", "2141.BANK", 56003);
    expect_posting(1, BANK, "1141.GUAR", "1102", 56003);
    obligations_of(first, ZYD_GL_CLAIM_OK, &n);
    NO(1119, NAT, "RESOLVE", &o, BANK, B(GUAR), "upheld=300.04|document=" DOC);
    NO(9102, NAT, "RESOLVE", &o, BANK, 0, "upheld=200.01|document=" DOC);
    NO(9102, NAT, "RESOLVE", &o, GUAR, 0, "upheld=200.01|document=" DOC);
    OK(NAT, "RESOLVE", &o, BANK, B(GUAR), "upheld=200.01|document=" DOC);
    expect_posting(0, GUAR, "1135", "2141.BANK", 16001); /* 80 % of 900.05 is 720.04; 560.03 came before */
    obligations_of(second, ZYD_GL_CLAIM_OK, &n);
    obligations_of(shares, ZYD_GL_SHARE, &n);
    assert_int_equal(n, 2);
    STATE(o, "CLAIM_APPROVED");
    assert_int_equal(view.head.disputed, 0);
    n = (uint32_t)zyd_guarantee_claim_key(name, &o);
    zyd_record_key(&key, 1, zyd_span(name, n));
    assert_int_equal(zyd_guarantee_claim_read(&c, zyd_fixture_get(f, NULL, &key)), ZYD_OK);
    assert_int_equal(c.head.total, 90005);
    assert_int_equal(c.parties[0].borne, 18001); /* NFGF: as if 900.05 had been split at once */
    assert_int_equal(c.parties[1].borne, 18001);
    assert_int_equal(c.parties[2].borne, 36002);
    assert_int_equal(c.parties[3].borne, 18001);
    assert_int_equal(c.head.overdue_open, 100007 - 72004); /* what was not upheld stays with the bank */
    assert_int_equal(c.head.shares_open, 4);
    NO(9111, NAT, "RESOLVE", &o, BANK, B(GUAR), "upheld=0|document=" DOC);
    pay(&second[0]);
    STATE(o, "CLAIM_APPROVED"); /* the larger one is still owed */
    pay(&first[0]);
    STATE(o, "COMPENSATED");
}

static void the_bank_does_not_write_off_what_is_in_dispute(void **state)
{
    struct zyd_hash o, first[8];
    uint32_t n;
    (void)state;
    on(20281106);
    overdue_claim(&o, SLOW, "1000.00");
    OK(SLOW, "DISPUTE", &o, BANK, 0, "amount=400|document=" DOC);
    OK(SLOW, "APPROVE", &o, GUAR, 0, "amount=600");
    obligations_of(first, ZYD_GL_CLAIM_OK, &n);
    pay(&first[0]);
    STATE(o, "RECOVERING"); /* no shares */
    NO(9111, SLOW, "WRITE_OFF", &o, BANK, 0, "decision=" DOC);
    OK(SLOW, "RECOVER", &o, GUAR, 0, "gross=900|cost=0|bank_ref=x"); /* 600 borne, then the bank's open 1102 */
    NO(1119, SLOW, "RESOLVE", &o, BANK, B(GUAR), "upheld=200|document=" DOC); /* 100 is left */
    OK(SLOW, "RESOLVE", &o, GUAR, B(BANK), "upheld=100|document=" DOC);
    expect_posting(0, GUAR, "1135", "2141.BANK", 8000);
    OK(SLOW, "RECOVER", &o, GUAR, 0, "gross=10|cost=0|bank_ref=x"); /* the surplus that went out stays out: 8.00 and 2.00 */
    expect_posting(1, GUAR, "2171", DEBT, 800);
    expect_posting(3, BANK, "1141.GUAR", "1102", 200);
    assert_int_equal(f->outcome.posting_count, 4);
    OK(SLOW, "WRITE_OFF", &o, BANK, 0, "decision=" DOC); /* its 18.00 */
    expect_posting(0, BANK, "5012", "1102", 1800);
}

static void a_disputed_refusal_keeps_the_guarantee(void **state)
{
    struct zyd_hash o, p;
    (void)state;
    on(20281106);
    overdue_claim(&o, SLOW, "1000.00"); /* day 100 */
    overdue_claim(&p, SLOW, "1000.00");
    OK(SLOW, "REFUSE", &o, GUAR, 0, "code=1|clause=4.2");
    OK(SLOW, "REFUSE", &p, GUAR, 0, "code=1|clause=4.2");
    NO(9102, SLOW, "DISPUTE", &o, GUAR, 0, "amount=1000|document=" DOC);
    NO(1119, SLOW, "DISPUTE", &o, BANK, 0, "amount=1000.01|document=" DOC);
    OK(SLOW, "DISPUTE", &o, BANK, 0, "amount=1000|document=" DOC);
    OK(SLOW, "DISPUTE", &p, BANK, 0, "amount=1000|document=" DOC);
    NO(9111, SLOW, "CLAIM", &o, BANK, 0, "principal=1000|interest=0");
    on(20290205); /* day 191 */
    STATE(o, "OVERDUE");
    NO(1115, SLOW, "CLAIM", &o, BANK, 0, "principal=1000|interest=0");
    NO(1125, SLOW, "RELEASE", &o, BANK, 0, "");
    OK(SLOW, "RESOLVE", &o, GUAR, B(BANK), "upheld=750|document=" DOC);
    STATE(o, "CLAIMED");
    assert_int_equal(view.head.claim, 75000);
    OK(SLOW, "APPROVE", &o, GUAR, 0, "amount=750");
    OK(SLOW, "RESOLVE", &p, GUAR, B(BANK), "upheld=0|document=" DOC);
    STATE(p, "RELEASED");
    /* before APPROVE: what is not upheld leaves the claim; what is upheld stays in */
    overdue_claim(&o, SLOW, "1000.00");
    OK(SLOW, "DISPUTE", &o, GUAR, 0, "amount=400|document=" DOC);
    OK(SLOW, "RESOLVE", &o, GUAR, B(BANK), "upheld=150|document=" DOC);
    OK(SLOW, "APPROVE", &o, GUAR, 0, "amount=750");
}

/* ---- overlays ---- */
static void a_frozen_contract_answers_9110_until_the_same_authority_thaws_it(void **state)
{
    struct zyd_hash o, end;
    (void)state;
    on(20290301);
    issue_simple(&o, SLOW, FIRM, "1000.00");
    NO(9102, SLOW, "FREEZE", &o, BANK, B(GUAR), "reason=no authority");
    NO(9111, SLOW, "UNFREEZE", &o, AUD, 0, "reason=not frozen");
    OK(SLOW, "FREEZE", &o, AUD, 0, "reason=inspection");
    NO(9110, SLOW, "FREEZE", &o, AUD, 0, "reason=twice");
    NO(9110, SLOW, "DISBURSE", &o, BANK, 0, "drawdown=1|amount=1|value_date=2029-03-01|maturity=2029-12-31|rate_ppm=1%");
    NO(9110, SLOW, "CANCEL", &o, BANK, B(GUAR), "reason=x");
    NO(9102, SLOW, "UNFREEZE", &o, BANK, 0, "reason=not me");
    OK(SLOW, "UNFREEZE", &o, AUD, 0, "reason=done");
    draw(&o, SLOW, "1000.00", 100);
    OK(SLOW, "FREEZE", &o, AUD, 0, "reason=inspection");
    on(20290610); /* SYS go on */
    STATE(o, "OVERDUE");
    OK(SLOW, "OPENING", &end, BANK, 0, "state=RECOVERING|" FIRM "|amount=1000|principal=1000|value_date=2028-01-01|"
        "maturity=2028-04-01|overdue_date=2028-04-01|"
                                       "borne=GUAR=800.00,BANK=200.00");
    OK(SLOW, "FREEZE", &end, AUD, 0, "reason=inspection");
    OK(SLOW, "RECOVER", &end, GUAR, 0, "gross=1|cost=0|bank_ref=x"); /* RECOVER goes on (3.0.6) */
    NO(9110, SLOW, "WRITE_OFF", &end, GUAR, 0, "decision=" DOC);
    issue_simple(&end, SLOW, FIRM, "1.00");
    OK(SLOW, "CANCEL", &end, BANK, B(GUAR), "reason=x");
    NO(9111, SLOW, "FREEZE", &end, AUD, 0, "reason=it is over");
}

static void a_flagged_shift_of_the_banks_share_stops_claim_and_approval(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20290702);
    overdue_claim(&o, SLOW, "1000.00");
    NO(9102, SLOW, "FLAG_SHIFT", &o, GUAR, 0, "shifted=yes|reason=seen");
    NO(9111, SLOW, "FLAG_SHIFT", &o, AUD, 0, "shifted=no|reason=was never set");
    OK(SLOW, "FLAG_SHIFT", &o, AUD, 0, "shifted=yes|reason=credit insurance");
    NO(1117, SLOW, "APPROVE", &o, GUAR, 0, "amount=1000");
    OK(SLOW, "REFUSE", &o, GUAR, 0, "code=7|clause=6.1");
    NO(1117, SLOW, "CLAIM", &o, BANK, 0, "principal=1000|interest=0");
    OK(SLOW, "FLAG_SHIFT", &o, AUD, 0, "shifted=no|reason=policy ended");
    OK(SLOW, "CLAIM", &o, BANK, 0, "principal=1000|interest=0");
    /* deemed approval does not get past the flag either */
    overdue_claim(&o, TIGHT, "1000.00");
    OK(TIGHT, "FLAG_SHIFT", &o, AUD, 0, "shifted=yes|reason=credit insurance");
    assert_true(sys_warned(20290717, 1120));
    STATE(o, "CLAIMED");
}

/* ---- limits ---- */
static void offered(struct zyd_hash *o, uint16_t programme_, const char *borrower, const char *amount, uint32_t code)
{
    char text[300];
    snprintf(text, sizeof text, "%s|amount=%s|term_days=365|purpose=seed|consent=" DOC, borrower, amount);
    OK(programme_, "APPLY", o, BANK, 0, text);
    OK(programme_, "DD_DONE", o, BANK, 0, "bank_report=" DOC);
    snprintf(text, sizeof text, "amount=%s", amount);
    NO(code, programme_, "OFFER", o, GUAR, 0, text);
}

static void leverage_counts_the_guarantors_leaf_of_what_is_committed(void **state)
{
    struct zyd_hash a, b, c;
    char text[200];
    (void)state;
    on(20300701);
    offered(&a, LEV, FIRM, "125.00", 0);   /* its leaf: 100.00 */
    offered(&b, LEV, FIRM2, "100.01", 0);  /* small: leaf 80.01, weight CEIL(60.0075) = 60.01 */
    offered(&c, LEV, PERSON, "1049.99", 0); /* leaf 839.99: exactly 1,000.00 in all */
    offered(&c, LEV, PERSON, "0.02", 1104);
    OK(LEV, "CANCEL", &b, BANK, B(GUAR), "reason=x"); /* gives 60.01 back */
    offered(&b, LEV, FIRM2, "100.01", 0); /* which fit again */
    offered(&c, LEV, PERSON, "0.02", 1104);
    OK(LEV, "ISSUE", &a, GUAR, B(BANK), with_date("letter=" DOC "|valid_until=%d", zyd_date_add(today(), 30), 0));
    draw(&a, LEV, "125.00", 100);
    pay_text(text, 1, today(), "25.00");
    OK(LEV, "REPAY", &a, BANK, 0, text); /* frees 20.00 */
    offered(&b, LEV, FIRM2, "33.32", 0); /* small: leaf 26.66, 106.67 with the other: 80.01, 20.00 more */
    offered(&c, LEV, PERSON, "0.02", 1104);
    pay_text(text, 1, today(), "100.00");
    OK(LEV, "REPAY", &a, BANK, 0, text); /* the rest: frees 80.00 */
    STATE(a, "RELEASED");
    OK(LEV, "REVERSE", &a, BANK, 0, reverse_text("")); /* and takes them again */
    STATE(a, "ACTIVE");
    offered(&c, LEV, PERSON, "0.02", 1104);
    OK(LEV, "REPAY", &a, BANK, 0, text);
    offered(&c, LEV, PERSON, "0.02", 0);
}

static void concentration_is_a_tenth_of_net_assets_e20(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20300801);
    offered(&o, CONC, FIRM2, "154320986.27", 1105); /* leaf 123,456,789.02 */
    OK(CONC, "OFFER", &o, GUAR, 0, "amount=154320986.26"); /* 123,456,789.01: FLOOR of the tenth */
    offered(&o, CONC, FIRM2, "0.01", 1105);
    offered(&o, CONC, FIRM, "0.01", 0); /* another borrower */
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extend_holds_its_row),
        cmocka_unit_test(prepay_refunds_the_fee_that_is_not_earned_e17),
        cmocka_unit_test(prepay_of_a_part_or_without_refund_or_in_an_extension),
        cmocka_unit_test(cure_brings_an_overdue_loan_back),
        cmocka_unit_test(a_query_stops_the_clock_and_supply_starts_it),
        cmocka_unit_test(refuse_leads_back_to_overdue_or_to_the_end),
        cmocka_unit_test(a_part_in_dispute_is_left_out_and_follows_with_memory),
        cmocka_unit_test(the_bank_does_not_write_off_what_is_in_dispute),
        cmocka_unit_test(a_disputed_refusal_keeps_the_guarantee),
        cmocka_unit_test(a_frozen_contract_answers_9110_until_the_same_authority_thaws_it),
        cmocka_unit_test(a_flagged_shift_of_the_banks_share_stops_claim_and_approval),
        cmocka_unit_test(leverage_counts_the_guarantors_leaf_of_what_is_committed),
        cmocka_unit_test(concentration_is_a_tenth_of_net_assets_e20),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
