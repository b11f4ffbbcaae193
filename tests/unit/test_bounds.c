/* Goal: at the edge of every range a sum is exact to the fen, and one step beyond it is refused by name and changes nothing.
 * Method: scenarios written by the program and run on the in-process ledger, with what must come out computed here in 128 bits;
 * the runner compares the state root around each refusal.  Edges that other tests hold: 100 children of a split and its depth,
 * 15 prior holders (test_voucher); 16 drawdowns (test_guarantee); a cycle's total (test_cycle); calls, records, postings
 * (test_host_limits); ALLOC and the roundings by themselves (test_guarantee_alloc, e18.scn). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zyd/codec.h>
#include <zyd/date.h>
#include <zyd/scenario.h>

#define MAX INT64_C(9000000000000000) /* fen: MAX_AMT of 3.0.1 */

static char text[256u << 10];
static size_t used;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text + used, sizeof text - used, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof text - used);
    used += (size_t)n;
}

/* Yuan of fen; up to eight in one statement. */
static const char *yuan(int64_t fen)
{
    static char ring[8][32];
    static unsigned at;
    char *out = ring[at++ % 8];
    snprintf(out, sizeof ring[0], "%lld.%02lld", (long long)(fen / 100), (long long)(fen % 100));
    return out;
}

static int64_t half_up(zyd_i128 n, zyd_i128 d)
{
    return (int64_t)((2 * n + d) / (2 * d));
}

static int64_t interest(int64_t principal, int32_t from, int32_t to, int64_t ppm, int64_t basis)
{
    return half_up((zyd_i128)principal * zyd_days_between(from, to) * ppm, (zyd_i128)1000000 * basis);
}

static const char *day(int32_t date)
{
    static char ring[4][16];
    static unsigned at;
    char *out = ring[at++ % 4];
    snprintf(out, sizeof ring[0], "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
    return out;
}

static void line(void *ctx, unsigned number, bool ok, const char *what)
{
    (void)ctx;
    if (!ok) {
        print_message("line %u: %s\n", number, what);
    }
}

static void begin(const char *world)
{
    used = 0;
    say("scenario B \"bounds\"\n%s", world);
}

static void run(void)
{
    char why[ZYD_SCENARIO_WHY];
    struct zyd_scenario *s;
    struct zyd_scenario_report report = {.line = line};
    struct zyd_scenario_inproc *p = zyd_scenario_inproc_new(why, ZYD_PLUGIN_DIR);
    assert_non_null(p);
    struct zyd_scenario_backend b = zyd_scenario_inproc_backend(p);
    if (zyd_scenario_parse(&s, why, zyd_span(text, used)) != ZYD_OK || zyd_scenario_run(&report, why, s, &b) != ZYD_OK) {
        fail_msg("%s, %u of %u checks failed in:\n%s", why, report.failures, report.checks, text);
    }
    print_message("%u operations, %u postings, %u checks\n", report.operations, report.postings, report.checks);
    zyd_scenario_free(s);
    zyd_scenario_inproc_free(p);
}

/* ---- guarantee ---- */

static const char guarantee_world[] =
    "member BANK bank\nmember GUAR guar\nprogramme TWO\nparam preset TWO82\nparam banks BANK\nparam batch yes\n"
    "param term_max 36600\nparam household_cap 90000000000000.00\nparam settle_months 12\nparam auto_limit 90000000000000\n";

/* A loan of MAX_AMT on 4 January 2010, over almost thirty years, with a year's interest on 20 December. */
static void a_loan(int32_t maturity, int64_t rate_ppm)
{
    const int64_t fee = half_up((zyd_i128)MAX * zyd_days_between(20100104, maturity) * 10000, (zyd_i128)365 * 1000000);
    say("borrower X 91430100MA4TEXT00G\ndate 2010-01-04\n"
        "do APPLY L by BANK borrower=X amount=%s term_days=%d purpose=p consent=sha256:c\n"
        "do DD_DONE L by BANK bank_report=sha256:r\ndo OFFER L by GUAR amount=%s\n"
        "do ISSUE L by GUAR,BANK letter=sha256:l valid_until=2010-02-01\n",
        yuan(MAX), zyd_days_between(20100104, maturity), yuan(MAX));
    say("do DISBURSE L by BANK drawdown=1 amount=%s value_date=2010-01-04 maturity=%s rate_ppm=%lld\n", yuan(MAX),
        day(maturity), (long long)rate_ppm);
    say("expect posting BANK DRAW 1101 2101.X %s\nexpect posting GUAR DRAW 9001 9002 %s\n", yuan(MAX), yuan(MAX / 10 * 8));
    say("expect posting GUAR FEE_CHARGE 1121 2151 %s\nexpect posting BANK FEE_COLLECT 2101.X 2141.GUAR %s FEE\n"
        "expect posting GUAR FEE_COLLECT 1141.BANK 1121 %s FEE\n",
        yuan(fee), yuan(fee), yuan(fee));
    say("do DISBURSE L by BANK drawdown=2 amount=0.01 value_date=2010-01-04 maturity=%s rate_ppm=3%%\nexpect error 1108\n",
        day(maturity));
}

/* The clock goes to the day after maturity: yearly interest, then OVERDUE.  Returns the interest of all years. */
static int64_t to_overdue(int32_t maturity, int64_t rate_ppm)
{
    int64_t sum = 0;
    int32_t from = 20100104;
    say("date %s\n", day(zyd_date_add(maturity, 1)));
    while (from < maturity) {
        int32_t to = from / 10000 * 10000 + 1220;
        to = to <= from ? to + 10000 : to;
        to = to < maturity ? to : maturity;
        int64_t part = interest(MAX, from, to, rate_ppm, 360);
        say("expect posting BANK INT 1111 4011 %s\n", yuan(part));
        sum += part;
        from = to;
    }
    say("expect posting BANK OVERDUE 1102 1101 %s\nexpect state L OVERDUE\n", yuan(MAX));
    return sum;
}

static void max_amt_over_thirty_years_is_exact(void **state)
{
    const int32_t maturity = 20391230;
    (void)state;
    begin(guarantee_world);
    say("param cover PRINCIPAL\n");
    a_loan(maturity, 30000);
    int64_t sum = to_overdue(maturity, 30000);
    assert_true(sum > MAX / 10 * 9 && sum < MAX);
    say("expect balance BANK 1111 Dr %s\ndate 2040-03-01\n", yuan(sum));
    say("do CLAIM L by BANK principal=%s interest=%s\nexpect error 1119\n", yuan(MAX), yuan(sum - 1));
    say("do CLAIM L by BANK principal=%s interest=%s\n", yuan(MAX), yuan(sum));
    int64_t covered = MAX / 10 * 8;
    say("do APPROVE L by GUAR amount=%s\nexpect posting GUAR CLAIM_OK 1135 2141.BANK %s PAY\n", yuan(MAX), yuan(covered));
    say("expect posting BANK CLAIM_OK 1141.GUAR 1102 %s PAY\n", yuan(covered));
    say("expect posting GUAR OWN_PART 1131.X 1135 %s\nexpect posting GUAR RELEASE 9002 9001 %s\n", yuan(covered),
        yuan(covered));
    int64_t fee = half_up((zyd_i128)MAX * zyd_days_between(20100104, maturity) * 10000, (zyd_i128)365 * 1000000);
    say("expect posting GUAR FEE_EARN 2151 4021 %s\nexpect state L CLAIM_APPROVED\n", yuan(fee));
    run();
}

/* What is covered is more than an amount can say: the claim is refused, not accepted and then stuck. */
static void a_claim_beyond_max_amt_is_refused(void **state)
{
    const int32_t maturity = 20391230;
    (void)state;
    begin(guarantee_world);
    a_loan(maturity, 30000);
    int64_t sum = to_overdue(maturity, 30000);
    say("date 2040-03-01\ndo CLAIM L by BANK principal=%s interest=%s\nexpect error 9104\nexpect state L OVERDUE\n", yuan(MAX),
        yuan(sum));
    run();
}

/* Interest of a year that is no amount: refused at DISBURSE, because the clock that books it cannot be refused. */
static void interest_that_is_no_amount_is_refused_at_the_start(void **state)
{
    const int32_t maturity = 20120104;
    (void)state;
    begin(guarantee_world);
    say("param cover PRINCIPAL\n");
    a_loan(maturity, 980000);
    char *step = strstr(text, "do DISBURSE L"), *rate = strstr(step, "980000");
    char wrong[200];
    snprintf(wrong, sizeof wrong, "%.*s984000\nexpect error 9104\n", (int)(rate - step), step);
    size_t n = strlen(wrong);
    memmove(step + n, step, strlen(step) + 1);
    memcpy(step, wrong, n);
    used += n;
    (void)to_overdue(maturity, 980000);
    run();
}

/* Products of two amounts, 106 bits: ALLOC by what was borne.  The odd fen goes by remainder. */
static void weights_of_max_amt_split_max_amt_exactly(void **state)
{
    const int64_t bank = MAX / 3 + 1, guar = MAX - bank, gross = MAX - 1;
    (void)state;
    begin(guarantee_world);
    say("borrower X 91430100MA4TEXT00G\ndate 2026-01-05\ndo OPENING L by BANK state=RECOVERING borrower=X amount=%s "
        "principal=%s"
        " value_date=2025-01-06 maturity=2025-10-01 overdue_date=2025-10-01 borne=\"GUAR=%s, BANK=%s\"\n",
        yuan(MAX), yuan(MAX), yuan(guar), yuan(bank));
    zyd_i128 to_guar = (zyd_i128)gross * guar / MAX, to_bank = (zyd_i128)gross * bank / MAX;
    zyd_i128 left_guar = (zyd_i128)gross * guar % MAX, left_bank = (zyd_i128)gross * bank % MAX;
    to_guar += to_guar + to_bank < gross && left_guar >= left_bank;
    to_bank = gross - to_guar;
    say("do RECOVER L by GUAR gross=%s cost=0 bank_ref=R\nexpect posting GUAR RECOV 1001 2171 %s\n", yuan(gross), yuan(gross));
    say("expect posting GUAR RECOV 2171 1131.X %s\nexpect posting GUAR RECOV 2171 2141.BANK %s O-1\n"
        "expect posting BANK RECOV 1141.GUAR 1102 %s O-1\n",
        yuan((int64_t)to_guar), yuan((int64_t)to_bank), yuan((int64_t)to_bank));
    run();
}

/* 3.0.3 for the first time: largest remainder, ties to the lower index. */
static void alloc(int64_t *out, int64_t total, const int64_t *weights, size_t count)
{
    int64_t sum = 0, left = total;
    zyd_i128 rest[12];
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = (int64_t)((zyd_i128)total * weights[i] / sum);
        rest[i] = (zyd_i128)total * weights[i] % sum;
        left -= out[i];
    }
    for (; left > 0; left--) {
        size_t best = 0;
        for (size_t i = 1; i < count; i++) {
            best = rest[i] > rest[best] ? i : best;
        }
        out[best]++;
        rest[best] = -1;
    }
}

/* The widest and deepest share tree: 11 leaves in five levels, over the greatest amount; every fen has its place. */
static void eleven_sharers_in_five_levels_sum_to_the_whole(void **state)
{
    static const int64_t top[] = {200000, 800000}, rest[] = {100000, 100000, 100000, 100000, 100000, 100000, 400000},
                         a[] = {333333, 333333, 333334}, b[] = {333333, 666667}, c[] = {499999, 500001};
    int64_t level[2], part[11], inner[3], deep[2];
    const int64_t total = MAX - 7;
    (void)state;
    alloc(level, total, top, 2);
    alloc(part, level[1], rest, 7);
    alloc(inner, part[6], a, 3);
    memcpy(part + 6, inner, 2 * sizeof inner[0]);
    alloc(deep, inner[2], b, 2);
    part[8] = deep[0];
    alloc(part + 9, deep[1], c, 2);
    begin("member BANK bank\nmember GUAR guar\n");
    for (int i = 0; i < 10; i++) {
        say("member M%d other\n", i);
    }
    say("programme WIDE\nparam banks BANK\nparam batch yes\nparam guar GUAR\n"
        "param tree \"BANK 200000, REST 800000 (GUAR 100000, M0 100000, M1 100000, M2 100000, M3 100000, M4 100000, "
        "A 400000 (M5 333333, M6 333333, B 333334 (M7 333333, C 666667 (M8 499999, M9 500001))))\"\n"
        "borrower X 91430100MA4TEXT00G\ndate 2026-01-05\n");
    say("do OPENING L by BANK state=OVERDUE borrower=X amount=%s principal=%s value_date=2025-01-06 maturity=2025-10-01 "
        "overdue_date=2025-10-01\n",
        yuan(total), yuan(total));
    say("expect posting GUAR OPENING 9001 9002 %s\n", yuan(part[0]));
    for (int i = 0; i < 10; i++) {
        say("expect posting M%d OPENING 9001 9002 %s\n", i, yuan(part[i + 1]));
    }
    say("do CLAIM L by BANK principal=%s interest=0\ndo APPROVE L by GUAR amount=%s\n", yuan(total), yuan(total));
    say("expect posting GUAR CLAIM_OK 1135 2141.BANK %s PAY\nexpect posting BANK CLAIM_OK 1141.GUAR 1102 %s PAY\n",
        yuan(level[1]), yuan(level[1]));
    say("expect posting GUAR OWN_PART 1131.X 1135 %s\n", yuan(part[0]));
    for (int i = 0; i < 10; i++) {
        say("expect posting GUAR SHARE 1141.M%d 1135 %s S%d\nexpect posting M%d SHARE 1131.X 2141.GUAR %s S%d\n", i,
            yuan(part[i + 1]), i, i, yuan(part[i + 1]), i);
    }
    say("expect posting GUAR RELEASE 9002 9001 %s\n", yuan(part[0]));
    for (int i = 0; i < 10; i++) {
        say("expect posting M%d RELEASE 9002 9001 %s\n", i, yuan(part[i + 1]));
    }
    say("expect balance GUAR 1135 Dr 0.00\n");
    run();
}

/* A file whose terms already say too much is refused before anything runs. */
static void refused(const char *what)
{
    char why[ZYD_SCENARIO_WHY];
    struct zyd_scenario *s;
    struct zyd_scenario_report report = {.line = NULL};
    struct zyd_scenario_inproc *p = zyd_scenario_inproc_new(why, ZYD_PLUGIN_DIR);
    assert_non_null(p);
    struct zyd_scenario_backend b = zyd_scenario_inproc_backend(p);
    assert_int_equal(zyd_scenario_parse(&s, why, zyd_span(text, used)), ZYD_OK);
    assert_int_not_equal(zyd_scenario_run(&report, why, s, &b), ZYD_OK);
    assert_int_equal(report.operations, 0);
    if (strstr(why, what) == NULL) {
        fail_msg("it says: %s", why);
    }
    zyd_scenario_free(s);
    zyd_scenario_inproc_free(p);
}

static void twelve_sharers_are_one_too_many(void **state)
{
    (void)state;
    begin("member BANK bank\nmember GUAR guar\n");
    for (int i = 0; i < 11; i++) {
        say("member M%d other\n", i);
    }
    say("programme WIDE\nparam banks BANK\nparam guar GUAR\nparam tree \"BANK 200000, REST 800000 (GUAR 890000");
    for (int i = 0; i < 11; i++) {
        say(", M%d 10000", i);
    }
    say(")\"\nborrower X 91430100MA4TEXT00G\ndate 2026-01-05\n");
    refused("tree");
}

/* A drawdown is extended four times; each time the fee of the new days is charged. */
static void four_extensions_are_the_last(void **state)
{
    int32_t maturity = 20260305;
    (void)state;
    begin(guarantee_world);
    say("param ext_max 3660\nborrower X 91430100MA4TEXT00G\ndate 2026-01-05\n"
        "do APPLY L by BANK borrower=X amount=36500.00 term_days=365 purpose=p consent=sha256:c\n"
        "do DD_DONE L by BANK bank_report=sha256:r\ndo OFFER L by GUAR amount=36500.00\n"
        "do ISSUE L by GUAR,BANK letter=sha256:l valid_until=2026-02-01\n"
        "do DISBURSE L by BANK drawdown=1 amount=36500.00 value_date=2026-01-05 maturity=2026-03-05 rate_ppm=3%%\n"
        "expect posting BANK DRAW 1101 2101.X 36500.00\nexpect posting GUAR DRAW 9001 9002 29200.00\n");
    for (int i = 0; i < 5; i++) {
        int32_t to = zyd_date_add(maturity, 10 + i);
        int64_t fee = interest(3650000, i == 0 ? 20260105 : maturity, i == 0 ? maturity : to, 10000, 365);
        if (i > 0) {
            say("do EXTEND L by BANK,GUAR drawdown=1 maturity=%s\n", day(to));
            maturity = to;
        }
        say("expect posting GUAR FEE_CHARGE 1121 2151 %s\nexpect posting BANK FEE_COLLECT 2101.X 2141.GUAR %s O%d\n"
            "expect posting GUAR FEE_COLLECT 1141.BANK 1121 %s O%d\n",
            yuan(fee), yuan(fee), i, yuan(fee), i);
    }
    say("do EXTEND L by BANK,GUAR drawdown=1 maturity=%s\nexpect error 1112\n", day(zyd_date_add(maturity, 1)));
    run();
}

/* A borrower has 100 contracts of a class at most. */
static void a_household_of_a_hundred_contracts_is_full(void **state)
{
    (void)state;
    begin(guarantee_world);
    say("borrower X 91430100MA4TEXT00G\ndate 2026-01-05\n");
    for (int i = 0; i <= 100; i++) {
        say("do APPLY L%d by BANK borrower=X amount=0.01 term_days=365 purpose=p consent=sha256:c\n"
            "do DD_DONE L%d by BANK bank_report=sha256:r\ndo OFFER L%d by GUAR amount=0.01\n%s",
            i, i, i, i == 100 ? "expect error 1103\n" : "");
    }
    run();
}

/* ---- pool ---- */

#define LAYERS 12
static void pool_world(int layers)
{
    begin("member BANK bank\nmember POOL other\nmember DEPT other\n");
    say("programme P pool\nparam trustee POOL\nparam dept DEPT\nparam banks BANK\nparam ratios 100%%\nparam trigger NPL\n"
        "param stack_ceiling_ppm 100%%\nparam warn_ppm 0\nparam stop_ppm 0\nparam layers \"");
    for (int i = 0; i < layers; i++) {
        say("%sL%d POOL 0 %d", i == 0 ? "" : "; ", i, i + 1 < layers ? 83333 : 1000000 - 83333 * (layers - 1));
    }
    say("\"\nborrower X 91430100MA4TEXT00G\ndate 2026-01-05\n");
}

/* MAX_AMT in twelve layers of one level, drawn whole by one claim and come back whole: each layer's share to the fen. */
static void twelve_layers_hold_draw_and_refill_max_amt(void **state)
{
    int64_t weights[LAYERS], part[LAYERS];
    (void)state;
    for (int i = 0; i < LAYERS; i++) {
        weights[i] = i + 1 < LAYERS ? 83333 : 1000000 - 83333 * (LAYERS - 1);
    }
    alloc(part, MAX, weights, LAYERS);
    pool_world(LAYERS);
    say("do CREATE P by POOL account=1\n");
    for (int i = 0; i < LAYERS; i++) {
        say("do FUND F%d by POOL layer=L%d amount=%s bank_ref=R\ndo FUND_CONFIRM F%d by POOL amount=%s bank_ref=R\n"
            "expect posting POOL FUND 1001 3001.L%d %s\n",
            i, i, yuan(part[i]), i, yuan(part[i]), i, yuan(part[i]));
    }
    say("do FUND MORE by POOL layer=L0 amount=0.01 bank_ref=R\ndo FUND_CONFIRM MORE by POOL amount=0.01 bank_ref=R\n"
        "expect error 9104\ndo ENROL E by DEPT borrower=X loan_class=1 valid_until=2026-12-31\n");
    say("do REGISTER_LOAN A by BANK borrower=X loan=sha256:a loan_class=1 principal=%s rate_ppm=4%% drawn_on=2026-01-05 "
        "maturity=2026-12-31\nexpect posting POOL MEMO 9001 9002 %s\n",
        yuan(MAX), yuan(MAX));
    say("do REGISTER_LOAN B by BANK borrower=X loan=sha256:b loan_class=1 principal=0.01 rate_ppm=4%% drawn_on=2026-01-05 "
        "maturity=2026-12-31\nexpect error 2005\n");
    say("do STATUS A by BANK what=NPL since=2026-01-05\ndo FILE A by BANK principal=%s\ndo DEPT_OK A by DEPT base=%s\n",
        yuan(MAX), yuan(MAX));
    say("do REVIEW_OK A by POOL base=%s pay=%s\nexpect posting POOL MEMO 9002 9001 %s\n", yuan(MAX), yuan(MAX), yuan(MAX));
    for (int i = 0; i < LAYERS; i++) {
        say("expect posting POOL DRAW 3001.L%d 2141.BANK %s DRAWN\n", i, yuan(part[i]));
    }
    say("expect posting BANK DRAW 1141.POOL 2191.POOL %s DRAWN\nexpect state A COMPENSATED\n", yuan(MAX));
    say("do RECOVER A by BANK gross=%s cost=0 bank_ref=R\nexpect posting BANK RECOV 1001 2171 %s\n"
        "expect posting BANK RECOV 2171 2141.POOL %s BACK\nexpect posting POOL RECOV 1141.BANK 3009 %s BACK\n"
        "expect posting BANK RECOV 2191.POOL 1102 %s\n",
        yuan(MAX), yuan(MAX), yuan(MAX), yuan(MAX), yuan(MAX));
    say("do RECOVER A by BANK gross=0.01 cost=0 bank_ref=R\nexpect error 9104\n");
    say("do PAID BACK by BANK,POOL bank_ref=R\nexpect posting BANK SETTLED 2141.POOL 1001 %s BACK\n"
        "expect posting POOL SETTLED 1001 1141.BANK %s BACK\n",
        yuan(MAX), yuan(MAX));
    for (int i = 0; i < LAYERS; i++) {
        say("expect posting POOL REFILL 3009 3001.L%d %s BACK\n", i, yuan(part[i]));
    }
    run();
    pool_world(LAYERS + 1);
    refused("layers");
}

/* ---- subsidy ---- */

static void subsidy_world(int payers, const char *rate)
{
    begin("member BANK bank\nmember DEPT other\n");
    for (int i = 0; i < payers; i++) {
        say("member F%d fiscal\n", i);
    }
    say("programme S subsidy\nparam kind RATE_CUT\nparam rate_ppm %s\nparam level CENTRAL\nparam settle_months 12\n"
        "param max_days 36600\nparam banks BANK\nparam dept DEPT\nparam cost \"",
        rate);
    for (int i = 0; i < payers; i++) {
        say("%sF%d=%d", i == 0 ? "" : ", ", i, i + 1 < payers ? 123456 : 1000000 - 123456 * (payers - 1));
    }
    say("\"\nborrower X 91430100MA4TEXT00G\ndate 2010-01-04\n");
}

static void enrol(const char *label, int64_t fen, int32_t maturity, const char *rate)
{
    say("do ENROL %s by BANK,DEPT borrower=X household=sha256:h loan=sha256:%s amount=%s value_date=2010-01-04 maturity=%s "
        "rate_ppm=%s lpr_ppm=3%%\n",
        label, label, yuan(fen), day(maturity), rate);
}

/* MAX_AMT for thirty years, settled each year over eight payers with memory, never more than the interest. */
static void eight_payers_subsidise_max_amt_for_thirty_years(void **state)
{
    const int32_t maturity = 20391230;
    int64_t weights[8], before[8] = {0}, now[8], sum = 0;
    int32_t from = 20100104;
    (void)state;
    for (int i = 0; i < 8; i++) {
        weights[i] = i < 7 ? 123456 : 1000000 - 123456 * 7;
    }
    subsidy_world(8, "1%");
    enrol("A", MAX, maturity, "3%");
    while (from < maturity) {
        int32_t to = from / 10000 * 10000 + 1220;
        to = to <= from ? to + 10000 : to;
        to = to < maturity ? to : maturity;
        const char *charged = yuan(interest(MAX, from, to, 30000, 360));
        sum += interest(MAX, from, to, 10000, 360);
        alloc(now, sum, weights, 8);
        say("date %s\ndo SETTLE A by BANK,F0,F1,F2,F3,F4,F5,F6,F7 to=%s interest=%s paid=%s statement=sha256:s\n"
            "expect posting BANK INT 2101.X 4011 %s\n",
            day(to), day(to), charged, charged, charged);
        for (int i = 0; i < 8; i++) {
            const char *part = yuan(now[i] - before[i]);
            say("expect posting F%d SUBSIDY 5031 2141.BANK %s O%d-%d\nexpect posting BANK SUBSIDY 1141.F%d 2101.X %s O%d-%d\n",
                i, part, i, to, i, part, i, to);
            before[i] = now[i];
        }
        from = to;
    }
    say("expect field A paid %s\nexpect state A STOPPED\n", yuan(sum));
    run();
    subsidy_world(9, "1%");
    refused("cost");
}

/* What could be reserved is more than an amount can say. */
static void a_reservation_beyond_max_amt_is_refused(void **state)
{
    (void)state;
    subsidy_world(1, "100%");
    enrol("A", MAX, 20391230, "100%");
    say("expect error 9104\nexpect state A ABSENT\n");
    enrol("A", MAX, 20101225, "100%"); /* 355 days of 360 */
    run();
}

static void a_household_of_twenty_loans_is_full(void **state)
{
    char label[16];
    (void)state;
    subsidy_world(1, "1%");
    for (int i = 0; i <= 20; i++) {
        snprintf(label, sizeof label, "A%d", i);
        enrol(label, 1, 20391230, "3%");
    }
    say("expect error 3002\n");
    run();
}

/* A loan keeps 96 points of its balance between settlements: the 97th waits for a settlement, or falls on a day that has one.
 */
static void ninety_six_balances_of_a_period_fit(void **state)
{
    (void)state;
    subsidy_world(1, "1%");
    enrol("A", 1000, 20391230, "3%");
    say("date 2010-07-01\n");
    for (int i = 1; i <= 96; i++) {
        say("do REPAY_CHANGE A by BANK date=%s balance=%s\n%s", day(zyd_date_add(20100104, i)), yuan(1000 - i),
            i == 96 ? "expect error 9104\n" : "");
    }
    say("do REPAY_CHANGE A by BANK date=%s balance=%s\n", day(zyd_date_add(20100104, 95)), yuan(1));
    run();
}

/* ---- voucher ---- */

/* MAX_AMT for a year, discounted at a day's rate that leaves a fen; a fen more of voucher has no line. */
static void a_voucher_of_max_amt_is_discounted_to_the_fen(void **state)
{
    const int64_t cost = interest(MAX, 20260105, 20270105, 239999, 360), proceeds = MAX - cost;
    (void)state;
    begin("member CORE other\nmember S1 other\nmember BANK bank\nprogramme V voucher\ndate 2026-01-05\n");
    say("do LINE N by BANK core=CORE limit=%s until=2026-12-31\n", yuan(MAX));
    say("do ISSUE A by CORE,BANK supplier=S1 face=%s due=2027-01-05 reason=sha256:r invoices=\"sha256:a=%s\"\n", yuan(MAX),
        yuan(MAX));
    say("do ISSUE B by CORE supplier=S1 face=0.01 due=2026-04-01 invoices=\"sha256:b=%s\"\nexpect error 4002\n", yuan(MAX));
    say("do ISSUE B by CORE supplier=S1 face=0.01 due=2026-04-01 invoices=\"sha256:a=%s\"\nexpect error 4003\n", yuan(MAX));
    say("do ACCEPT A by S1\nexpect posting CORE ISSUE 2001.S1 2161.V1 %s\nexpect posting S1 ISSUE 1161.V1 1122.CORE %s\n",
        yuan(MAX), yuan(MAX));
    say("do SPLIT A by S1 faces=%s,%s\nexpect error 4006\n", yuan(MAX), yuan(MAX)); /* twice the face, and no overflow */
    say("do DISCOUNT A by S1,BANK bank=BANK rate_ppm=239999 registration=1 cost=%s\nexpect error 4006\n", yuan(cost + 1));
    say("do DISCOUNT A by S1,BANK bank=BANK rate_ppm=239999 registration=1 cost=%s\n", yuan(cost));
    say("expect posting BANK DISCOUNT 1171.V1 2101.S1 %s\nexpect posting BANK DISCOUNT 1171.V1 2152.V1 %s\n", yuan(proceeds),
        yuan(cost));
    say("expect posting S1 DISCOUNT 1002.BANK 1161.V1 %s\nexpect posting S1 DISCOUNT 5041 1161.V1 %s\n", yuan(proceeds),
        yuan(cost));
    run();
}

/* ---- cycle ---- */

/* As many members as a consortium has, all of whom owe one: 63 obligations that together are just below MAX_AMT, 63 payments.
 */
static void sixty_four_members_net_to_the_fen(void **state)
{
    int64_t owed[64] = {0}, sum = 0;
    (void)state;
    begin("");
    for (int i = 0; i < 64; i++) {
        say("member M%d bank\n", i);
    }
    say("programme NET cycle\nsettlement NET\ndate 2026-01-05\ndo START CLOCK by M0\n");
    for (int i = 1; i < 64; i++) {
        owed[i] = MAX / 63 - i;
        sum += owed[i];
        say("do OPENING O%d by M%d,M0 debtor=M%d creditor=M0 amount=%s debit=5011 credit=4021\n"
            "expect posting M%d OPENING 5011 2141.M0 %s D%d\nexpect posting M0 OPENING 1141.M%d 4021 %s D%d\n",
            i, i, i, yuan(owed[i]), i, yuan(owed[i]), i, i, yuan(owed[i]), i);
    }
    say("date 2026-01-05 16:00\nexpect cycle NET 1 COMPUTED\nexpect net NET 1 M0 %s\n", yuan(sum));
    for (int i = 0; i < 64; i++) {
        say("do CONFIRM C%d by M%d cycle=@NET#1 statement=@NET#1/M%d\n", i, i, i);
    }
    say("expect payment NET 1 count 63\n");
    for (int i = 1; i < 64; i++) { /* the largest debtor first */
        say("do NOTICE A%d by M%d cycle=@NET#1 side=DEBIT end_to_end=@NET#1/%d amount=%s bank_ref=R value_date=2026-01-05\n"
            "do NOTICE B%d by M0 cycle=@NET#1 side=CREDIT end_to_end=@NET#1/%d amount=%s bank_ref=R value_date=2026-01-05\n",
            i, i, i, yuan(owed[i]), i, i, yuan(owed[i]));
    }
    for (int i = 1; i < 64; i++) {
        say("expect posting M%d NETTED 2141.M0 2199 %s D%d\nexpect posting M0 NETTED 2199 1141.M%d %s D%d\n", i, yuan(owed[i]),
            i, i, yuan(owed[i]), i);
    }
    for (int i = 1; i < 64; i++) {
        say("expect posting M%d PAID 2199 1001 %s P%d\nexpect posting M0 PAID 1001 2199 %s P%d\n", i, yuan(owed[i]), i,
            yuan(owed[i]), i);
    }
    say("expect cycle NET 1 CLOSED\nexpect balances M0 4021 Cr %s 1001 Dr %s\n", yuan(sum), yuan(sum));
    run();
}

/* ---- the smallest amounts ---- */

/* One fen goes to whom the largest remainder gives it, and no leg of nothing is posted. */
static void one_fen_has_one_bearer(void **state)
{
    (void)state;
    begin(guarantee_world);
    say("borrower X 91430100MA4TEXT00G\ndate 2026-01-05\n"
        "do OPENING L by BANK state=OVERDUE borrower=X amount=0.01 principal=0.01 value_date=2025-01-06 maturity=2025-10-01 "
        "overdue_date=2025-10-01\nexpect posting GUAR OPENING 9001 9002 0.01\n"
        "do CLAIM L by BANK principal=0.01 interest=0\ndo APPROVE L by GUAR amount=0\nexpect error 1119\n"
        "do APPROVE L by GUAR amount=0.01\nexpect posting GUAR CLAIM_OK 1135 2141.BANK 0.01 PAY\n"
        "expect posting BANK CLAIM_OK 1141.GUAR 1102 0.01 PAY\nexpect posting GUAR OWN_PART 1131.X 1135 0.01\n"
        "expect posting GUAR RELEASE 9002 9001 0.01\n"
        "do RECOVER L by GUAR gross=0.01 cost=0.02 bank_ref=R\nexpect error 9111\n");
    say("do PAID PAY by GUAR,BANK bank_ref=R\nexpect posting GUAR SETTLED 2141.BANK 1001 0.01 PAY\n"
        "expect posting BANK SETTLED 1001 1141.GUAR 0.01 PAY\n"
        "do RECOVER L by GUAR gross=0.01 cost=0.02 bank_ref=R\nexpect posting GUAR RECOV 1001 2171 0.01\n"
        "expect posting GUAR RECOV 2171 1001.COST 0.01\n" /* a fen of cost is carried */
        "do RECOVER L by GUAR gross=0.02 cost=0 bank_ref=R\nexpect posting GUAR RECOV 1001 2171 0.02\n"
        "expect posting GUAR RECOV 2171 1001.COST 0.01\nexpect posting GUAR RECOV 2171 1131.X 0.01\n");
    run();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(max_amt_over_thirty_years_is_exact),
        cmocka_unit_test(a_claim_beyond_max_amt_is_refused),
        cmocka_unit_test(interest_that_is_no_amount_is_refused_at_the_start),
        cmocka_unit_test(weights_of_max_amt_split_max_amt_exactly),
        cmocka_unit_test(eleven_sharers_in_five_levels_sum_to_the_whole),
        cmocka_unit_test(twelve_sharers_are_one_too_many),
        cmocka_unit_test(four_extensions_are_the_last),
        cmocka_unit_test(a_household_of_a_hundred_contracts_is_full),
        cmocka_unit_test(twelve_layers_hold_draw_and_refill_max_amt),
        cmocka_unit_test(eight_payers_subsidise_max_amt_for_thirty_years),
        cmocka_unit_test(a_reservation_beyond_max_amt_is_refused),
        cmocka_unit_test(a_household_of_twenty_loans_is_full),
        cmocka_unit_test(ninety_six_balances_of_a_period_fit),
        cmocka_unit_test(a_voucher_of_max_amt_is_discounted_to_the_fen),
        cmocka_unit_test(sixty_four_members_net_to_the_fen),
        cmocka_unit_test(one_fen_has_one_bearer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
