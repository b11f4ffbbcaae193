/* Goal: what SETTLE sums up by segments is what the page's daily ACCRUE would have added; records keep their bounds; a loan
 * that is guaranteed on this ledger is held against the guarantee's record.
 * Method: the deployed plugins; random households, changes, stops and settlements against a model that goes through every day
 * of every enrolment.  WORLDS=n runs n of them (default 12). */
#include "tests/lib/subsidy_world.h"

/* ---- the loan on this ledger's guarantee, too ---- */

static void a_guaranteed_loan_is_held_against_the_guarantee(void **state)
{
    struct zyd_hash g, o;
    char link[100], other[100];
    (void)state;
    on(20250420);
    guaranteed_loan(&g, "100000.00", 20260410);
    link_to(link, &g, 1);
    link_to(other, &g, 2);
    assert_int_equal(enrol(R2, &o, BANK1, "A", "100000.01", 20250420, 20260410, "4%", link), 9105);
    assert_int_equal(enrol(R2, &o, BANK1, "A", "100000.00", 20250420, 20260409, "4%", link), 9105);
    assert_int_equal(enrol(R2, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4.1%", link), 9105);
    assert_int_equal(enrol(R2, &o, BANK2, "A", "100000.00", 20250420, 20260410, "4%", link), 9105);
    assert_int_equal(enrol(R2, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", other), 9105);
    assert_int_equal(enrol(R2, &o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", link), 0);
    on(20250520);
    NO(9104, R2, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=60000.00"); /* not repaid there */
    NO(9112, R2, "EXTEND_CHANGE", &o, BANK1, 0, "maturity=2026-06-10");
    NO(9111, R2, "STOP", &o, BANK1, 0, "reason=OVERDUE|date=2025-05-10");
    OK(GUARANTEE, "REPAY", &g, BANK1, 0, "drawdown=1|value_date=2025-05-10|amount=40000.00");
    NO(9104, R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33")); /* repaid there, and not told here */
    OK(R2, "REPAY_CHANGE", &o, BANK1, 0, "date=2025-05-10|balance=60000.00");
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "288.89"));
    /* no INT: the guarantee contract books it.  20 x 100,000 + 10 x 60,000 at 2.5 % */
    expect_postings("CITY SUBSIDY 5031 2141.BANK1 180.56|BANK1 SUBSIDY 1141.CITY 2101.@ 180.56");
    on(20250720);
    OK(GUARANTEE, "EXTEND", &g, BANK1, B(GUAR), "drawdown=1|maturity=2026-06-10");
    NO(3007, R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250620, "206.67"));
    OK(R2, "EXTEND_CHANGE", &o, BANK1, 0, "maturity=2026-06-10");
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250620, "206.67"));
    OK(GUARANTEE, "OVERDUE", &g, BANK1, 0, "overdue_date=2025-07-20|principal=60000.00|interest=695.56");
    NO(3008, R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250720, "200.00")); /* overdue there, and not told here */
    OK(R2, "STOP", &o, BANK1, 0, "reason=OVERDUE|date=2025-07-20");
}

/* F1: another fingerprint does not make another loan of a drawdown; nor does it in another class, where the two together could
 * get more than the interest. */
static void a_drawdown_is_one_loan_under_whatever_fingerprint(void **state)
{
    struct zyd_hash g, city, central;
    char first[100], second[100];
    (void)state;
    on(20250420);
    OK(GUARANTEE, "APPLY", &g, BANK1, 0, "borrower=" FIRM "|amount=200000.00|term_days=365|purpose=seed|consent=sha256:c");
    OK(GUARANTEE, "DD_DONE", &g, BANK1, 0, "bank_report=sha256:r");
    OK(GUARANTEE, "OFFER", &g, GUAR, 0, "amount=200000.00");
    OK(GUARANTEE, "ISSUE", &g, GUAR, B(BANK1), "letter=sha256:l|valid_until=2026-12-31");
    for (int i = 1; i <= 2; i++) {
        OK(GUARANTEE, "DISBURSE", &g, BANK1, 0,
           text_of("drawdown=%d|amount=100000.00|value_date=2025-04-20|maturity=2026-04-10|rate_ppm=4%%", i));
    }
    link_to(first, &g, 1);
    link_to(second, &g, 2);
#define DRAWN(programme, object, name, link) enrol(programme, object, BANK1, name, "100000.00", 20250420, 20260410, "4%", link)
    assert_int_equal(DRAWN(R2, &city, "A", first), 0);
    assert_int_equal(DRAWN(LOCAL, NULL, "B", first), 3001); /* of the city, too */
    assert_int_equal(DRAWN(R1, NULL, "B", first), 9105);
    assert_int_equal(DRAWN(R1, &central, "A", first), 0);
    assert_int_equal(DRAWN(R2, NULL, "C", second), 0); /* a drawdown of its own */
    assert_int_equal(DRAWN(R3, NULL, "A", second), 9105);

    /* "A" was a mistake: given up before anything was settled, it does not bar the right one, but then that one bars "A" */
    OK(R2, "CLOSE", &city, DEPT, 0, "");
    assert_int_equal(DRAWN(R2, NULL, "B", first), 9105); /* the central one stands still */
    OK(R1, "CLOSE", &central, DEPT, 0, "");
    assert_int_equal(DRAWN(R2, &city, "B", first), 0);
    assert_int_equal(DRAWN(R2, NULL, "A", first), 3001);
    assert_int_equal(DRAWN(R1, NULL, "A", first), 9105);

    /* what was settled stays the loan's, even if nothing was paid */
    on(20250520);
    OK(R2, "SETTLE", &city, BANK1, B(CITY), "to=2025-05-20|interest=333.33|paid=333.33|other=333.33|statement=sha256:s");
    assert_int_equal(f->outcome.posting_count, 0);
    on(20260411);
    OK(R2, "CLOSE", &city, DEPT, 0, "");
    assert_int_equal(DRAWN(R2, NULL, "A", first), 9105);
#undef DRAWN
}

/* On 20 April 2025 100,000.00 at 4 % for ten days less than a year, and the city's subsidy of it. */
static void guaranteed_and_enrolled(struct zyd_hash *g, struct zyd_hash *o, char link[100])
{
    on(20250420);
    guaranteed_loan(g, "100000.00", 20260410);
    link_to(link, g, 1);
    assert_int_equal(enrol(R2, o, BANK1, "A", "100000.00", 20250420, 20260410, "4%", link), 0);
}

/* CURE makes the loan current again, but not the days on which it was overdue. */
static void overdue_days_that_were_cured_are_not_subsidised(void **state)
{
    struct zyd_hash g, o;
    char link[100];
    (void)state;
    guaranteed_and_enrolled(&g, &o, link);
    on(20250706);
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33"));
    OK(GUARANTEE, "OVERDUE", &g, BANK1, 0, "overdue_date=2025-07-06|principal=100000.00|interest=855.56");
    on(20250711);
    OK(GUARANTEE, "CURE", &g, BANK1, 0, "value_date=2025-07-10|amount=855.56");
    on(20250720);
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250620, "344.44")); /* it became overdue later */
    NO(3008, R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250720, "333.33")); /* overdue for four days, not told here */
    OK(R2, "STOP", &o, BANK1, 0, "reason=OVERDUE|date=2025-07-07");
    NO(3008, R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250720, "333.33")); /* a day of them is left */
    OK(R2, "STOP", &o, BANK1, 0, "reason=OVERDUE|date=2025-07-06");
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250720, "333.33"));
    expect_postings("CITY SUBSIDY 5031 2141.BANK1 111.11|BANK1 SUBSIDY 1141.CITY 2101.@ 111.11"); /* 16 days at 2.5 % */
    STATE(o, "STOPPED");
    assert_int_equal(enrol(R1, NULL, BANK1, "A", "100000.00", 20250420, 20260410, "4%", link), 3008); /* once is enough */
}

/* On the settlement date it was overdue: what it was before that date's period does not matter, and a cure later neither. */
static void a_cure_after_the_settlement_date_does_not_help(void **state)
{
    struct zyd_hash g, o;
    char link[100];
    (void)state;
    guaranteed_and_enrolled(&g, &o, link);
    on(20250710);
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250520, "333.33"));
    OK(R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250620, "344.44"));
    OK(GUARANTEE, "OVERDUE", &g, BANK1, 0, "overdue_date=2025-07-06|principal=100000.00|interest=855.56");
    OK(R2, "STOP", &o, BANK1, 0, "reason=OVERDUE|date=2025-07-06");
    on(20250722);
    OK(GUARANTEE, "CURE", &g, BANK1, 0, "value_date=2025-07-21|amount=855.56");
    NO(3008, R2, "SETTLE", &o, BANK1, B(CITY), settle_text(20250720, "333.33"));
}

/* ---- the household's memory ---- */

static void what_ended_enrolments_took_counts_for_a_loan_that_is_enrolled_late(void **state)
{
    struct zyd_hash a, b;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(R1, &a, BANK1, "A", "700000.00", 20250420, 20250620, "4%", ""), 0);
    on(20250625);
    OK(R1, "SETTLE", &a, BANK1, B(CFIN) | B(PFIN), settle_text(20250520, "2333.33"));
    OK(R1, "SETTLE", &a, BANK1, B(CFIN) | B(PFIN), settle_text(20250620, "2411.11"));
    STATE(a, "STOPPED"); /* nobody of the household has anything left to settle */
    on(20250720);
    assert_int_equal(enrol(R1, &b, BANK2, "B", "800000.00", 20250501, 20260430, "4%", ""), 0);
    OK(R1, "SETTLE", &b, BANK2, B(CFIN) | B(PFIN), settle_text(20250520, "1688.89"));
    assert_int_equal(enrolment(&b)->paid, 15833); /* 19 days of the 300,000 that A left, at 1 % */
    OK(R1, "SETTLE", &b, BANK2, B(CFIN) | B(PFIN), settle_text(20250620, "2755.56"));
    assert_int_equal(enrolment(&b)->paid, 15833 + 25833);
    OK(R1, "SETTLE", &b, BANK2, B(CFIN) | B(PFIN), settle_text(20250720, "2666.67"));
    assert_int_equal(enrolment(&b)->paid, 15833 + 25833 + 66667); /* all 800,000 */
}

static void a_full_household_forgets_the_oldest_ended_enrolment_and_no_more(void **state)
{
    struct zyd_hash o[20], more;
    char name[16];
    (void)state;
    f->quiet_check = true;
    on(20250420);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "L%d", i);
        assert_int_equal(enrol(R1, &o[i], BANK1, name, "40000.00", 20250420, 20260410, "4%", ""), 0);
    }
    on(20250510);
    for (int i = 0; i < 20; i++) { /* L19 ends first, on 21 April; L0 last, on 10 May */
        OK(R1, "STOP", &o[i], BANK1, 0, text_of("reason=CANCELLED|date=%d", zyd_date_add(20250510, -i)));
    }
    assert_int_equal(enrol(R1, &more, BANK1, "M", "1000.00", 20250422, 20260410, "4%", ""), 3002); /* all have days to settle */
    on(20250520);
    for (int i = 0; i < 20; i++) {
        if (i != 5) {
            OK(R1, "SETTLE", &o[i], BANK1, B(CFIN) | B(PFIN), settle_text(20250520, "133.33"));
        }
    }
    assert_int_equal(enrol(R1, &more, BANK1, "M", "1000.00", 20250421, 20260410, "4%", ""), 3002); /* L5 has days to settle */
    OK(R1, "SETTLE", &o[5], BANK1, B(CFIN) | B(PFIN), settle_text(20250520, "133.33"));
    /* no room before L19's end */
    assert_int_equal(enrol(R1, &more, BANK1, "M", "1000.00", 20250420, 20260410, "4%", ""), 3002);
    assert_int_equal(enrol(R1, &more, BANK1, "M", "1000000.00", 20250421, 20260410, "4%", ""), 0); /* L19 is forgotten */
    OK(R1, "SETTLE", &more, BANK1, B(CFIN) | B(PFIN), settle_text(20250520, "3222.22"));
    int64_t taken = 0;
    for (int i = 0; i < 19; i++) {
        taken += 4000000LL * (19 - i); /* fen-days from 21 April on */
    }
    int64_t days = 29 * 100000000LL - taken;
    assert_int_equal(enrolment(&more)->paid, (2 * days + 36000) / 72000);
    assert_int_equal(enrol(R1, NULL, BANK1, "N", "1000.00", 20250420, 20260410, "4%", ""), 9112); /* its days are forgotten */
}

/* ---- bounds ---- */

static void bounds_of_the_household_and_of_the_loan(void **state)
{
    struct zyd_hash o[21], r4, last;
    char name[16];
    uint64_t fuel = 0;
    (void)state;
    f->quiet_check = true;
    on(20250420);
    for (int i = 0; i < 21; i++) {
        snprintf(name, sizeof name, "L%d", i);
        assert_int_equal(enrol(R1, &o[i], BANK1, name, "1000.00", 20250420, 20260410, "4%", ""), i < 20 ? 0 : 3002);
    }
    assert_int_equal(enrol(R4, &r4, BANK1, "X", "1000.00", 20250420, 20290410, "4%", ""), 0);
    /* 20 x 2 demands at the start; 140 more fill the list, and 20 take the place of those of the first day */
    on(20250519);
    for (int i = 0; i < 161; i++) {
        uint32_t code = act(R1, "REPAY_CHANGE", &o[i % 19], BANK1, 0,
                            text_of("date=%d|balance=%d.00", zyd_date_add(20250421, i / 19), 900 - i));
        assert_int_equal(code, i < 160 ? 0 : 9104);
    }
    on(20250520);
    last = o[19];
    OK(R1, "SETTLE", &last, BANK1, B(CFIN) | B(PFIN), settle_text(20250520, "3.33"));
    fuel = f->outcome.fuel;
    print_message("SETTLE of the last of 20 ranks over 180 demands: %u fuel\n", (unsigned)fuel);
    assert_true(fuel < 500000);
    /* once all have settled, the list is short again */
    for (int i = 0; i < 19; i++) {
        struct zyd_hash key;
        struct zyd_subsidy_loan l;
        uint8_t text[33] = {ZYD_SUBSIDY_KEY_LOAN};
        memcpy(text + 1, enrolment(&o[i])->loan, 32);
        zyd_record_key(&key, 3, zyd_span(text, 33));
        struct zyd_span v = zyd_fixture_get(f, NULL, &key);
        memcpy(&l, v.data, sizeof l);
        ct_u128 sum = 0;
        for (uint32_t j = 0; j < l.point_count; j++) {
            struct zyd_subsidy_point p, next = {.date = 20250520};
            memcpy(&p, v.data + sizeof l + j * sizeof p, sizeof p);
            if (j + 1 < l.point_count) {
                memcpy(&next, v.data + sizeof l + (j + 1) * sizeof p, sizeof p);
            }
            sum += (ct_u128)(uint64_t)p.balance * (uint32_t)zyd_days_between(p.date, next.date) * 40000u;
        }
        uint64_t fen = (uint64_t)((2 * sum + 360000000u) / 720000000u);
        OK(R1, "SETTLE", &o[i], BANK1, B(CFIN) | B(PFIN),
           text_of("to=2025-05-20|interest_fen=%u|paid_fen=%u|statement=sha256:s", (unsigned)fen, (unsigned)fen));
    }
    OK(R1, "REPAY_CHANGE", &o[0], BANK1, 0, "date=2025-05-20|balance=1.00");
    /* a loan's periods: the last twelve; what is older and was not settled is forfeited */
    struct zyd_hash r2;
    assert_int_equal(enrol(R2, &r2, BANK1, "X", "1000.00", 20250420, 20290410, "4%", ""), 0);
    for (int month = 0; month < 14; month++) {
        int32_t to = 20250520 + month * 100 + (month > 7 ? 8800 : 0);
        if (month > 0) {
            on(to);
        }
        int32_t days = zyd_days_between(month == 0 ? 20250420 : 20250420 + month * 100 + (month > 8 ? 8800 : 0), to);
        int64_t fen = (2 * (int64_t)100000 * days * 40000 + 360000000) / 720000000;
        if (month == 0) {
            NO(9111, R4, "SETTLE", &r4, BANK1, B(PFIN) | B(CFIN), settle_text(to, "3.33")); /* the city comes first */
        }
        OK(R2, "SETTLE", &r2, BANK1, B(CITY),
           text_of("to=%d|interest_fen=%d|paid_fen=%d|statement=sha256:s", to, (int)fen, (int)fen));
    }
    assert_int_equal(enrolment(&r4)->settled_to, 20250420);
    NO(9112, R4, "SETTLE", &r4, BANK1, B(PFIN) | B(CFIN), settle_text(20250620, "3.44"));
    OK(R4, "SETTLE", &r4, BANK1, B(PFIN) | B(CFIN), settle_text(20250720, "3.33")); /* the oldest of the twelve */
}

static void unknown_events_and_wrong_shapes_are_refused(void **state)
{
    struct zyd_hash o;
    (void)state;
    on(20250420);
    assert_int_equal(enrol(LPR, &o, BANK1, "A", "1000.00", 20250420, 20260410, "4%", ""), 0);
    for (uint16_t event = 0; event < 300; event = (uint16_t)(event + (event < 14 ? 1 : 40))) {
        for (int makes = 0; makes < 2; makes++) {
            struct zyd_fixture_op op = {.contract = 3, .event = event, .programme = LPR, .member = BANK1};
            op.expect_seq = UINT64_MAX;
            op.object = makes ? NULL : &o;
            op.ref = makes ? text_of("U%d", event) : NULL;
            now += 1000;
            zyd_fixture_block(f, now);
            uint32_t code = zyd_fixture_run(f, &op); /* no arguments at all */
            zyd_fixture_end(f);
            assert_int_equal(code, event == ZYD_SE_CLOSE && !makes ? 9102 : 9104);
        }
    }
    NO(9104, START, "CLOSE", &o, DEPT, 0, ""); /* another programme's object */
    NO(9115, LPR, "CLOSE", &(struct zyd_hash){{1}}, DEPT, 0, "");
}

/* ---- the page's daily ACCRUE, as a model: every day of every enrolment one by one ---- */

struct m_point {
    int32_t day;
    int64_t balance;
    uint32_t rate, lpr;
};
struct m_period {
    int32_t from, to;
    int64_t interest, given;
};
struct m_loan {
    char name[16];
    int64_t amount;
    int32_t value, maturity, paid_off, settled; /* days; paid_off 0: not */
    struct m_point p[64];
    struct m_period periods[40];
    int points, period_count, enrolled; /* enrolled: bit of each programme */
};
struct m_enrolment {
    struct zyd_hash id;
    int loan, programme; /* 0 .. 3: R1 .. R4 */
    int32_t from, until, settled;
    int64_t paid;
};
static struct m_loan loans[8];
static struct m_enrolment enrols[40];
static int loan_count, enrol_count;
static const int m_level[4] = {4, 2, 1, 3};
static const int64_t m_cap[4] = {100000000, INT64_MAX, 70000001, 50000000};
static const int64_t m_loan_cap[4] = {INT64_MAX, 30000000, INT64_MAX, 20000000};

static const struct m_point *m_at(const struct m_loan *l, int32_t day)
{
    const struct m_point *p = &l->p[0];
    for (int i = 1; i < l->points && l->p[i].day <= day; i++) {
        p = &l->p[i];
    }
    return p;
}
static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static int64_t m_room(int programme_, int before, int32_t day, int64_t *own) /* room that enrolments before `before` leave */
{
    int64_t room = m_cap[programme_];
    for (int i = 0; i <= before && i < enrol_count; i++) {
        const struct m_enrolment *e = &enrols[i];
        if (e->programme != programme_) {
            continue;
        }
        bool on_day = day >= e->from && day < e->until;
        int64_t asks = on_day ? least(m_at(&loans[e->loan], day)->balance, m_loan_cap[programme_]) : 0;
        int64_t gets = least(asks, room > 0 ? room : 0);
        if (i == before) {
            *own = gets;
            return room;
        }
        room -= gets;
    }
    return room;
}
/* In 10^-12 a year. */
static int64_t m_rate(int programme_, const struct m_point *p)
{
    int64_t rate = p->rate, lpr = p->lpr, million = 1000000;
    switch (programme_) {
    case 0:
        return least(10000, rate) * million;
    case 1:
        return rate > lpr - 15000 ? (rate - (lpr - 15000)) * million : 0;
    case 2:
        return least(300000 * lpr, rate * million);
    default:
        return 400000 * rate;
    }
}
static int64_t m_half_up(ct_u128 n, ct_u128 d)
{
    return (int64_t)((2 * n + d) / (2 * d));
}
static int64_t m_interest(const struct m_loan *l, int32_t from, int32_t to)
{
    ct_u128 n = 0;
    for (int32_t d = from; d < to; d++) {
        n += (ct_u128)m_at(l, d)->balance * m_at(l, d)->rate;
    }
    return m_half_up(n, 360000000);
}
static int64_t m_subsidy(int which, int32_t from, int32_t to)
{
    const struct m_enrolment *e = &enrols[which];
    const struct m_loan *l = &loans[e->loan];
    ct_u128 n = 0, interest = 0;
    for (int32_t d = from; d < to; d++) {
        const struct m_point *p = m_at(l, d);
        int64_t own = 0, left = (int64_t)p->rate * 1000000;
        m_room(e->programme, which, d, &own);
        for (int i = 0; i < enrol_count; i++) {
            if (enrols[i].loan == e->loan && m_level[enrols[i].programme] < m_level[e->programme] && d >= enrols[i].from &&
                d < enrols[i].until) {
                left -= m_rate(enrols[i].programme, p);
            }
        }
        n += (ct_u128)own * (uint64_t)(left > 0 ? least(left, m_rate(e->programme, p)) : 0);
        interest += (ct_u128)own * p->rate;
    }
    return e->programme == 3 ? m_half_up(interest, 360000000) * 400000 / 1000000
                             : m_half_up(n, (ct_u128)1000000 * 360000000);
}
static int32_t m_end(const struct m_loan *l, int32_t from)
{
    int32_t end = l->paid_off != 0 ? l->paid_off : l->maturity, d = from + 1;
    while (zyd_date_from_day(d) % 100 != 20) {
        d++;
    }
    return from >= end ? from : d < end ? d : end;
}
/* The next period of an enrolment: its place in the loan's list, or -1 and *p filled; -2: none. */
static int m_next(struct m_period *p, const struct m_enrolment *e)
{
    const struct m_loan *l = &loans[e->loan];
    if (e->settled >= e->until) {
        return -2;
    }
    for (int i = 0; i < l->period_count; i++) {
        if (l->periods[i].to > e->settled) {
            *p = l->periods[i];
            return e->until > p->from ? i : -2;
        }
    }
    *p = (struct m_period){l->settled, m_end(l, l->settled), 0, 0};
    while (p->to <= e->settled && p->to > p->from) {
        p->from = p->to;
        p->to = m_end(l, p->from);
    }
    return p->to <= e->settled || e->until <= p->from ? -2 : -1;
}

static void m_settle(int which)
{
    static const uint16_t ids[4] = {R1, R2, R3, R4};
    static const unsigned signers[4] = {B(CFIN) | B(PFIN), B(CITY), B(COUNTY), B(PFIN) | B(CFIN)};
    struct m_enrolment *e = &enrols[which];
    struct m_loan *l = &loans[e->loan];
    struct m_period p;
    int at = m_next(&p, e);
    int32_t from = e->settled > p.from ? e->settled : p.from, to = e->until < p.to ? e->until : p.to;
    if (at < 0) {
        p.interest = m_interest(l, p.from, p.to);
    }
    int64_t most = least(p.interest - p.given, m_interest(l, from, to));
    int64_t amount = least(m_subsidy(which, from, to), most > 0 ? most : 0);
    OK(ids[e->programme], "SETTLE", &e->id, BANK1, signers[e->programme],
       text_of("to=%d|interest_fen=%lld|paid_fen=%lld|statement=sha256:s", zyd_date_from_day(p.to), (long long)p.interest,
               (long long)p.interest));
    assert_int_equal(enrolment(&e->id)->paid - e->paid, amount);
    e->paid += amount;
    e->settled = p.to;
    p.given += amount;
    assert_true(p.given <= p.interest); /* I9 */
    if (at < 0) {
        at = l->period_count++;
        l->settled = p.to;
    }
    l->periods[at] = p;
}

/* Settles what is due of a loan: period by period, and in it by level. */
static void m_settle_loan(int loan, int32_t today)
{
    for (;;) {
        struct m_period p;
        int32_t first = INT32_MAX;
        for (int i = 0; i < enrol_count; i++) {
            if (enrols[i].loan == loan && m_next(&p, &enrols[i]) != -2 && p.to <= today && p.to < first) {
                first = p.to;
            }
        }
        if (first == INT32_MAX) {
            return;
        }
        for (int level = 1; level <= 4; level++) {
            for (int i = 0; i < enrol_count; i++) {
                if (enrols[i].loan == loan && m_level[enrols[i].programme] == level && m_next(&p, &enrols[i]) != -2 &&
                    p.to == first) {
                    m_settle(i);
                }
            }
        }
    }
}

static uint64_t seed;
static uint32_t dice(uint32_t sides)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % sides;
}

static void m_enrol(int programme_, int loan, int32_t today)
{
    int32_t from =
        loans[loan].enrolled == 0 && dice(2) == 0 ? today - (int32_t)dice((uint32_t)(today - loans[loan].value) + 1) : today;
    static const uint16_t ids[4] = {R1, R2, R3, R4};
    struct m_loan *l = &loans[loan];
    struct m_enrolment *e = &enrols[enrol_count];
    int64_t unused;
    int64_t room = m_room(programme_, enrol_count, from, &unused);
    uint32_t code = act(ids[programme_], "ENROL", &e->id, BANK1, B(DEPT),
                        text_of("borrower=" FIRM "|household=sha256:h|loan=sha256:%s|amount_fen=%lld|value_date=%d|maturity=%d|"
                                "rate_ppm=%u|lpr_ppm=%u|from=%d",
                                l->name, (long long)l->amount, zyd_date_from_day(l->value), zyd_date_from_day(l->maturity),
                                m_at(l, from)->rate, m_at(l, from)->lpr, zyd_date_from_day(from)));
    assert_int_equal(code, room > 0 ? 0 : 3002);
    if (code != 0) {
        return;
    }
    e->loan = loan;
    e->programme = programme_;
    e->from = e->settled = from;
    int32_t last = from + (programme_ == 0 ? 300 : 1096); /* max_days */
    e->until = l->maturity > last ? last : l->maturity;
    e->paid = 0;
    if (l->enrolled == 0) {
        l->settled = from;
    }
    l->enrolled |= 1 << programme_;
    enrol_count++;
}

static void m_change(int loan, int32_t today)
{
    static const uint16_t ids[4] = {R1, R2, R3, R4};
    struct m_loan *l = &loans[loan];
    const struct m_point *last = &l->p[l->points - 1];
    int32_t least_day = l->settled > last->day ? l->settled : last->day;
    int32_t most_day = today < l->maturity - 1 ? today : l->maturity - 1;
    int which = (int)dice((uint32_t)enrol_count);
    if (l->enrolled == 0 || l->paid_off != 0 || most_day < least_day || l->points == 64 || enrols[which].loan != loan) {
        return;
    }
    struct m_point p = *last;
    p.day = least_day + (int32_t)dice((uint32_t)(most_day - least_day) + 1);
    uint16_t id = ids[enrols[which].programme];
    if (dice(3) == 0) {
        p.rate = 25000 + dice(25000);
        p.lpr = 25000 + dice(10000);
        OK(id, "RATE_CHANGE", &enrols[which].id, BANK1, 0,
           text_of("date=%d|rate_ppm=%u|lpr_ppm=%u", zyd_date_from_day(p.day), p.rate, p.lpr));
    } else {
        p.balance = dice(8) == 0 ? 0 : p.balance * (int64_t)dice(1000) / 1000;
        OK(id, "REPAY_CHANGE", &enrols[which].id, BANK1, 0,
           text_of("date=%d|balance_fen=%lld", zyd_date_from_day(p.day), (long long)p.balance));
        l->paid_off = p.balance == 0 ? p.day : 0;
    }
    if (last->day == p.day) {
        l->points--;
    }
    l->p[l->points++] = p;
}

static void m_world(uint64_t number)
{
    seed = number;
    loan_count = enrol_count = 0;
    int32_t today = zyd_date_to_day(20250105);
    for (int step = 0; step < 45; step++) {
        today += 1 + (int32_t)dice(20);
        on(zyd_date_from_day(today));
        if (loan_count < 8 && dice(4) == 0) {
            struct m_loan *l = &loans[loan_count++];
            memset(l, 0, sizeof *l);
            snprintf(l->name, sizeof l->name, "L%d", loan_count);
            l->value = today;
            l->maturity = today + 60 + (int32_t)dice(500);
            l->p[0] = (struct m_point){today, 1 + dice(60000000), 25000 + dice(25000), 25000 + dice(10000)};
            l->points = 1;
            l->amount = l->p[0].balance;
        }
        for (int i = 0; i < loan_count; i++) {
            int programme_ = (int)dice(8);
            if (programme_ < 4 && !(loans[i].enrolled >> programme_ & 1) && loans[i].paid_off == 0 &&
                today < loans[i].maturity && enrol_count < 20) {
                m_enrol(programme_, i, today);
            }
            if (dice(3) == 0 && enrol_count > 0) {
                m_change(i, today);
            }
            if (dice(4) != 0) {
                m_settle_loan(i, today);
            }
        }
        int which = (int)dice(30);
        if (which < enrol_count && today < enrols[which].until && enrols[which].settled < enrols[which].until &&
            strcmp(state_of(&enrols[which].id), "STOPPED") != 0) {
            static const uint16_t ids[4] = {R1, R2, R3, R4};
            int32_t date = today - (int32_t)dice(3) > enrols[which].from ? today - (int32_t)dice(1) : enrols[which].from;
            OK(ids[enrols[which].programme], "STOP", &enrols[which].id, BANK1, 0,
               text_of("reason=CANCELLED|date=%d", zyd_date_from_day(date)));
            enrols[which].until = date;
        }
    }
}

static void settling_by_segments_is_accruing_day_by_day(void **state)
{
    unsigned settled = 0;
    int64_t paid = 0;
    const char *worlds = getenv("WORLDS");
    (void)state;
    for (uint64_t i = 1; i <= (worlds != NULL ? strtoull(worlds, NULL, 10) : 12); i++) {
        if (i > 1) {
            teardown(NULL);
            setup(NULL);
        }
        f->quiet_check = true;
        m_world(i);
        for (int e = 0; e < enrol_count; e++) {
            paid += enrols[e].paid;
        }
        for (int l = 0; l < loan_count; l++) {
            settled += (unsigned)loans[l].period_count;
        }
    }
    print_message("%u periods, %lld fen\n", settled, (long long)paid);
    assert_true(settled > 100 && paid > 1000000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_guaranteed_loan_is_held_against_the_guarantee),
        T(a_drawdown_is_one_loan_under_whatever_fingerprint),
        T(overdue_days_that_were_cured_are_not_subsidised),
        T(a_cure_after_the_settlement_date_does_not_help),
        T(what_ended_enrolments_took_counts_for_a_loan_that_is_enrolled_late),
        T(a_full_household_forgets_the_oldest_ended_enrolment_and_no_more),
        T(bounds_of_the_household_and_of_the_loan),
        T(unknown_events_and_wrong_shapes_are_refused),
        T(settling_by_segments_is_accruing_day_by_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
