/* Goal: product (c) holds domain.md 3.3: the worked examples E11 to E14 and E17 posting by posting and balance by balance; each
 * event's row, preconditions in order, signers and codes; and each refusal changes nothing.
 * Method: the deployed plugins (subsidy, and guarantee beside it) in the real host and state; operations are written as name=value
 * text through the schema.  After every refusal the state root of the block must be the one before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/ledger_fixture.h"
#include <zyd/date.h>
#include <zyd/guarantee.h>
#include <zyd/product.h>
#include <zyd/subsidy.h>

enum { BANK1, BANK2, CFIN, PFIN, CITY, COUNTY, DEPT, AUD, GUAR, MEMBERS };
static const char *const codes[] = {"BANK1", "BANK2", "CFIN", "PFIN", "CITY", "COUNTY", "DEPT", "AUD", "GUAR"};
enum { POINT = 1, LOCAL, START, MICRO, FEE, LPR, TIGHT, LATER, NETTED, CFEE, FREE, GUARANTEE, BADCOST };
#define BANKS "|banks=BANK1,BANK2|dept=DEPT"
#define FIRM "91430100MA4TEXT00G"
#define FIRM2 "91350200776049653A"
#define B(m) (1u << (m))

static struct zyd_fixture *f;
static unsigned refs;
static uint64_t now;

static int index_of(void *ctx, const char *code)
{
    (void)ctx;
    return zyd_fixture_member_of(f, code);
}
static bool code_of(void *ctx, char out[13], uint16_t member)
{
    (void)ctx;
    snprintf(out, 13, "%s", codes[member]);
    return true;
}
static const struct zyd_members members = {NULL, index_of, code_of};

static size_t pairs_of(struct zyd_pair *pairs, char *text) /* "a=1|b=2" */
{
    size_t n = 0;
    for (char *p = text; *p != 0;) {
        char *end = strchr(p, '|'), *equal = strchr(p, '=');
        assert_non_null(equal);
        *equal = 0;
        if (end != NULL) {
            *end = 0;
        }
        pairs[n++] = (struct zyd_pair){p, equal + 1};
        p = end == NULL ? equal + 1 + strlen(equal + 1) : end + 1;
    }
    return n;
}

static void programme(uint16_t id, uint16_t contract, const char *code, const char *text)
{
    uint8_t bytes[4096];
    char copy[2048], why[ZYD_WHY];
    struct zyd_pair pairs[64];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    snprintf(copy, sizeof copy, "%s", text);
    if (zyd_product_params_encode(zyd_product_by_number(contract), &wr, why, pairs, pairs_of(pairs, copy), &members) != ZYD_OK) {
        fail_msg("%s: %s", text, why);
    }
    zyd_fixture_programme(f, id, contract, code, zyd_wr_span(&wr));
}

static int setup(void **state)
{
    (void)state;
    f = zyd_fixture_new(MEMBERS);
    for (uint16_t i = 0; i < MEMBERS; i++) {
        zyd_fixture_member(f, i, codes[i], i <= BANK2 ? ZYD_ROLE_BANK : i <= COUNTY ? ZYD_ROLE_FISCAL : i == AUD ? ZYD_ROLE_AUD :
                           i == GUAR ? ZYD_ROLE_GUAR : ZYD_ROLE_OTHER);
    }
    zyd_fixture_plugin(f, 1, "guarantee", ZYD_PLUGIN_DIR "/guarantee.elf");
    zyd_fixture_plugin(f, 3, "subsidy", ZYD_PLUGIN_DIR "/subsidy.elf");
    programme(POINT, 3, "POINT", "preset=SERVICE1PP|cost=CFIN=900000, PFIN=100000|settle_months=9|family=1" BANKS);
    programme(LOCAL, 3, "LOCAL", "kind=RATE_CUT|level=CITY|rate_ppm=2.5%|cost=CITY=1000000|settle_months=9|family=2" BANKS);
    programme(START, 3, "START", "preset=STARTUP|cost=CFIN=700000, COUNTY=300000|settle_months=12|family=3" BANKS);
    programme(MICRO, 3, "MICRO", "preset=MICRO70|cost=PFIN=333334, CITY=333333, COUNTY=333333|settle_months=9|family=4" BANKS);
    programme(FEE, 3, "FEE", "preset=FEE50|cost=COUNTY=1000000|family=5" BANKS);
    programme(LPR, 3, "LPR", "preset=HALF_LPR|cost=CITY=1000000|family=6|settle_months=ALL|max_days=100" BANKS);
    programme(TIGHT, 3, "TIGHT", "preset=HALF_LPR|level=COUNTY|cost=COUNTY=1000000|family=7|budget=2000.00|settle_months=ALL" BANKS);
    programme(LATER, 3, "LATER", "preset=HALF_LPR|cost=CITY=1000000|family=8|open_from=2026-02-01|open_until=2026-02-28" BANKS);
    programme(NETTED, 3, "NETTED", "kind=SHARE_OF_INTEREST|rate_ppm=80%|level=CENTRAL|pay_mode=NET|cost=CFIN=1000000|family=9|settle_months=ALL" BANKS);
    programme(CFEE, 3, "CFEE", "kind=FEE_SHARE|rate_ppm=70%|level=CENTRAL|cost=CFIN=500000, PFIN=500000|family=10|household_cap=500000.00" BANKS);
    programme(FREE, 3, "FREE", "preset=SERVICE1PP|cost=CFIN=1000000|settle_months=ALL|family=1" BANKS);
    programme(GUARANTEE, 1, "GUARANTEE", "preset=TWO82|banks=BANK1|batch=yes|class=1|household_cap=9000000.00");
    programme(BADCOST, 3, "BADCOST", "preset=HALF_LPR|cost=CITY=999999, CFIN=1|family=11" BANKS);
    f->c.g.created_ms = zyd_fixture_at(20250101, 0);
    zyd_fixture_start(f);
    now = zyd_fixture_at(20250102, 9);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zyd_fixture_free(f);
    return 0;
}

static void on(int32_t date) /* time goes on to a date; what is due runs, and must succeed */
{
    uint64_t at = zyd_fixture_at(date, 9);
    assert_true(at > now);
    now = at;
    uint32_t n = zyd_fixture_block(f, now);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
    }
    zyd_fixture_end(f);
}

/* One operation in a block of its own.  signers: bits of members besides the first. */
static uint32_t act(uint16_t programme_, const char *event, struct zyd_hash *object, uint16_t member, unsigned signers, const char *text)
{
    char copy[1600], why[ZYD_WHY], ref[24];
    struct zyd_pair pairs[32];
    static uint8_t bytes[4096];
    uint16_t contract = programme_ == GUARANTEE ? 1 : 3;
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    const struct zyd_event *e = zyd_event_by_name(zyd_product_by_number(contract), event);
    struct zyd_fixture_op op = {.contract = contract, .event = e->number, .programme = programme_, .member = member};
    snprintf(copy, sizeof copy, "%s", text);
    if (zyd_args_encode(&wr, why, e, pairs, pairs_of(pairs, copy), &members) != ZYD_OK) {
        fail_msg("%s %s: %s", event, text, why);
    }
    op.args = zyd_wr_span(&wr);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        if (signers >> m & 1) {
            op.signers[op.signer_count++] = m;
        }
    }
    if (e->makes) {
        snprintf(ref, sizeof ref, "REF%u", refs++);
        op.ref = ref;
    } else {
        op.object = object;
        op.expect_seq = UINT64_MAX;
    }
    now += 1000;
    zyd_fixture_block(f, now);
    zyd_fixture_end(f); /* what was due is over: a refusal must now leave the root as it is */
    struct zyd_hash before = f->root;
    now += 1000;
    zyd_fixture_block(f, now);
    uint32_t code = zyd_fixture_run(f, &op);
    zyd_fixture_end(f);
    if (code != 0) {
        assert_int_equal(f->outcome.posting_count + f->outcome.event_count + f->outcome.warning_count, 0);
        assert_memory_equal(&before, &f->root, sizeof before);
    } else if (e->makes && object != NULL) {
        *object = f->object;
    }
    if (getenv("FUEL") != NULL) {
        printf("FUEL %s %u %u\n", event, code, (unsigned)f->outcome.fuel);
    }
    return code;
}
#define OK(...) assert_int_equal(act(__VA_ARGS__), 0)
#define NO(code, ...) assert_int_equal(act(__VA_ARGS__), code)

/* All postings of the last operation, in order: "BANK1 INT 2101.x 4011 1.00|..."; @ stands for the borrower. */
static void expect_postings(const char *text)
{
    char got[4096] = "", want[4096], name[40];
    size_t n = 0, w = 0;
    for (uint32_t i = 0; i < f->outcome.posting_count; i++) {
        const struct zyd_posting *p = &f->outcome.postings[i];
        zyd_yuan_text(name, p->amount.fen, false);
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%s %s %s %s %s", i > 0 ? "|" : "", codes[p->member],
                              zyd_label_by_number(&zyd_product_subsidy, p->label)->name, p->dr, p->cr, name);
    }
    for (; *text != 0; text++) {
        w += (size_t)snprintf(want + w, sizeof want - w, *text == '@' ? FIRM : "%c", *text);
    }
    want[w] = 0;
    assert_string_equal(got, want);
}

static bool warned(uint32_t code)
{
    for (uint32_t i = 0; i < f->outcome.warning_count; i++) {
        if (f->outcome.warnings[i] == code) {
            return true;
        }
    }
    return false;
}

/* Debits less credits over all programmes of the subsidy, in fen. */
static int64_t balance(uint16_t member, const char *account)
{
    int64_t sum = 0;
    for (uint16_t p = POINT; p <= FREE; p++) {
        sum += zyd_fixture_balance(f, member, p, account);
    }
    return sum;
}
#define DR(member, account, fen) assert_int_equal(balance(member, account), fen)
#define CR(member, account, fen) assert_int_equal(balance(member, account), -(fen))

static const struct zyd_subsidy_enrolment *enrolment(const struct zyd_hash *object)
{
    static struct zyd_subsidy_enrolment e;
    struct zyd_hash key;
    zyd_contract_object_key(&key, 3, object);
    struct zyd_span v = zyd_fixture_get(f, NULL, &key);
    assert_true(v.size >= sizeof e);
    memcpy(&e, v.data, sizeof e);
    return &e;
}
static const char *state_of(const struct zyd_hash *object)
{
    return zyd_name_by_number(&zyd_product_subsidy.states, enrolment(object)->state)->name;
}
#define STATE(object, name) assert_string_equal(state_of(&(object)), name)

static const struct zyd_subsidy_budget *budget(uint16_t programme_)
{
    static struct zyd_subsidy_budget b;
    uint8_t name[32] = ZYD_SUBSIDY_KEY_BUDGET;
    struct zyd_hash key;
    name[31] = (uint8_t)programme_;
    zyd_record_key(&key, 3, zyd_span(name, 32));
    struct zyd_span v = zyd_fixture_get(f, NULL, &key);
    assert_int_equal(v.size, sizeof b);
    memcpy(&b, v.data, sizeof b);
    return &b;
}

static char *text_of(const char *format, ...)
{
    static char text[8][1024];
    static unsigned next;
    char *out = text[next++ % 8];
    va_list ap;
    va_start(ap, format);
    vsnprintf(out, 1024, format, ap);
    va_end(ap);
    return out;
}

/* ENROL of loan `name` of FIRM. */
static uint32_t enrol(uint16_t programme_, struct zyd_hash *o, uint16_t bank, const char *name, const char *amount, int32_t from,
                      int32_t maturity, const char *rate, const char *more)
{
    return act(programme_, "ENROL", o, bank, B(DEPT),
               text_of("borrower=" FIRM "|household=sha256:h|loan=sha256:%s|amount=%s|value_date=%d|maturity=%d|rate_ppm=%s|"
                       "lpr_ppm=3%%%s%s",
                       name, amount, from, maturity, rate, *more != 0 ? "|" : "", more));
}
static const char *settle_text(int32_t to, const char *interest)
{
    return text_of("to=%d|interest=%s|paid=%s|statement=sha256:s", to, interest, interest);
}

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
    expect_postings("BANK1 INT 2101.@ 4011 9325.51|CITY SUBSIDY 5031 2141.BANK1 7771.26|BANK1 SUBSIDY 1141.CITY 2101.@ 7771.26");
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

/* PAID of every obligation of the last operation. */
static void pay_all(void)
{
    struct zyd_hash ids[16];
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->outcome.posting_count; i++) {
        if (!zyd_hash_is_zero(&f->outcome.postings[i].obligation) &&
            (n == 0 || memcmp(&ids[n - 1], &f->outcome.postings[i].obligation, 32) != 0)) {
            ids[n++] = f->outcome.postings[i].obligation;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        static const uint8_t args[] = {0x91, 0xa1, 'x'};
        struct zyd_obligation o;
        assert_true(zyd_fixture_obligation(f, &o, &ids[i]));
        struct zyd_fixture_op op = {.event = ZYD_HOST_PAID, .programme = o.programme, .member = o.debtor, .object = &ids[i],
                                    .expect_seq = UINT64_MAX, .args = zyd_span(args, 3), .signers = {o.creditor}, .signer_count = 1};
        now += 1000;
        zyd_fixture_block(f, now);
        assert_int_equal(zyd_fixture_run(f, &op), 0);
        zyd_fixture_end(f);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(e11_household_cap_over_two_banks_and_a_prior_local_subsidy, setup, teardown),
        cmocka_unit_test_setup_teardown(e12_above_a_floor_with_early_repayment_and_extension, setup, teardown),
        cmocka_unit_test_setup_teardown(e13_the_first_part_of_a_loan_at_a_share_of_its_interest, setup, teardown),
        cmocka_unit_test_setup_teardown(e14_clawback_by_what_each_level_paid, setup, teardown),
        cmocka_unit_test_setup_teardown(e17_fee_subsidy_follows_the_refund_of_the_fee, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
