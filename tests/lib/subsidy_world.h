/* tests/lib/subsidy_world.h: a ledger with the subsidy and the guarantee plugin, nine members and seventeen programmes, for the
 * tests of product (c).  Operations are name=value text through the schema; after every refusal the state root must be the one
 * before. */
#ifndef ZYD_TESTS_SUBSIDY_WORLD_H
#define ZYD_TESTS_SUBSIDY_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/fixture_text.h"
#include <zyd/contract.h>
#include <zyd/date.h>
#include <zyd/guarantee.h>
#include <zyd/product.h>
#include <zyd/subsidy.h>

enum { BANK1, BANK2, CFIN, PFIN, CITY, COUNTY, DEPT, AUD, GUAR, MEMBERS };
static const char *const codes[] = {"BANK1", "BANK2", "CFIN", "PFIN", "CITY", "COUNTY", "DEPT", "AUD", "GUAR"};
enum { POINT = 1, LOCAL, START, MICRO, FEE, LPR, TIGHT, LATER, NETTED, CFEE, FREE, GUARANTEE, BADCOST,
       R1, R2, R3, R4 };
#define BANKS "|banks=BANK1,BANK2|dept=DEPT"
#define FIRM "91430100MA4TEXT00G"
#define FIRM2 "91350200776049653A"
#define B(m) (1u << (m))

static struct zyd_fixture *f;
static uint64_t now;

static inline void programme(uint16_t id, uint16_t contract, const char *code, const char *text)
{
    zyd_fixture_programme_text(f, id, zyd_product_by_number(contract), code, text);
}

static inline int setup(void **state)
{
    (void)state;
    f = zyd_fixture_new(MEMBERS);
    for (uint16_t i = 0; i < MEMBERS; i++) {
        static const enum zyd_role roles[] = {ZYD_ROLE_BANK,   ZYD_ROLE_BANK,   ZYD_ROLE_FISCAL,
                                              ZYD_ROLE_FISCAL, ZYD_ROLE_FISCAL, ZYD_ROLE_FISCAL,
                                              ZYD_ROLE_OTHER,  ZYD_ROLE_AUD,    ZYD_ROLE_GUAR};
        zyd_fixture_member(f, i, codes[i], roles[i]);
    }
    zyd_fixture_plugin(f, 1, "guarantee", ZYD_PLUGIN_DIR "/guarantee.elf");
    zyd_fixture_plugin(f, 3, "subsidy", ZYD_PLUGIN_DIR "/subsidy.elf");
    programme(POINT, 3, "POINT", "preset=SERVICE1PP|cost=CFIN=900000, PFIN=100000|settle_months=9|family=1" BANKS);
    programme(LOCAL, 3, "LOCAL", "kind=RATE_CUT|level=CITY|rate_ppm=2.5%|cost=CITY=1000000|settle_months=9|family=2" BANKS);
    programme(START, 3, "START", "preset=STARTUP|cost=CFIN=700000, COUNTY=300000|settle_months=12|family=3" BANKS);
    programme(MICRO, 3, "MICRO", "preset=MICRO70|cost=PFIN=333334, CITY=333333, COUNTY=333333|settle_months=9|family=4" BANKS);
    programme(FEE, 3, "FEE", "preset=FEE50|cost=COUNTY=1000000|family=5" BANKS);
    programme(LPR, 3, "LPR", "preset=HALF_LPR|cost=CITY=1000000|family=6|settle_months=ALL|max_days=100" BANKS);
    programme(TIGHT, 3, "TIGHT",
              "preset=HALF_LPR|level=COUNTY|cost=COUNTY=1000000|family=7|budget=2000.00|settle_months=ALL" BANKS);
    programme(LATER, 3, "LATER", "preset=HALF_LPR|cost=CITY=1000000|family=8|open_from=2026-02-01|open_until=2026-02-28" BANKS);
    programme(NETTED, 3, "NETTED",
              "kind=SHARE_OF_INTEREST|rate_ppm=80%|level=CENTRAL|pay_mode=NET|cost=CFIN=1000000|family=9|"
              "settle_months=ALL" BANKS);
    programme(CFEE, 3, "CFEE",
              "kind=FEE_SHARE|rate_ppm=70%|level=CENTRAL|cost=CFIN=500000, PFIN=500000|family=10|"
              "household_cap=700000.00" BANKS);
    programme(FREE, 3, "FREE", "preset=SERVICE1PP|cost=CFIN=1000000|settle_months=ALL|family=1" BANKS);
    programme(GUARANTEE, 1, "GUARANTEE", "preset=TWO82|banks=BANK1|batch=yes|class=1|household_cap=9000000.00");
    programme(BADCOST, 3, "BADCOST", "preset=HALF_LPR|cost=CITY=999999|family=11" BANKS);
    programme(R1, 3, "R1", "kind=RATE_CUT|level=CENTRAL|rate_ppm=1%|cost=CFIN=900000, PFIN=100000|family=20|settle_months=ALL|"
                           "household_cap=1000000.00|max_days=300" BANKS);
    programme(R2, 3, "R2",
              "kind=ABOVE_FLOOR|level=CITY|cost=CITY=1000000|family=21|settle_months=ALL|loan_cap=300000.00" BANKS);
    programme(R3, 3, "R3", "kind=SHARE_OF_LPR|rate_ppm=30%|level=COUNTY|cost=COUNTY=1000000|family=22|settle_months=ALL|"
                           "household_cap=700000.01" BANKS);
    programme(R4, 3, "R4", "kind=SHARE_OF_INTEREST|rate_ppm=40%|level=PROVINCIAL|cost=PFIN=500000, CFIN=500000|family=23|"
                           "settle_months=ALL|loan_cap=200000.00|household_cap=500000.00" BANKS);
    f->c.g.created_ms = zyd_fixture_at(20250101, 0);
    zyd_fixture_start(f);
    now = zyd_fixture_at(20250102, 9);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    zyd_fixture_free(f);
    return 0;
}

static inline void on(int32_t date) /* time goes on to a date; what is due runs, and must succeed */
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
static inline uint32_t act(uint16_t programme_, const char *event, struct zyd_hash *object, uint16_t member,
                           unsigned signers, const char *text)
{
    const struct zyd_product *product = programme_ == GUARANTEE ? &zyd_product_guarantee : &zyd_product_subsidy;
    struct zyd_fixture_op op = zyd_fixture_op_text(f, product, event, programme_, object, member, signers, text);
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
    } else if (op.ref != NULL && object != NULL) {
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
static inline void expect_postings(const char *text)
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

static inline bool warned(uint32_t code)
{
    for (uint32_t i = 0; i < f->outcome.warning_count; i++) {
        if (f->outcome.warnings[i] == code) {
            return true;
        }
    }
    return false;
}

/* Debits less credits over all programmes of the subsidy, in fen. */
static inline int64_t balance(uint16_t member, const char *account)
{
    int64_t sum = 0;
    for (uint16_t p = POINT; p <= R4; p++) {
        sum += p == GUARANTEE ? 0 : zyd_fixture_balance(f, member, p, account);
    }
    return sum;
}
#define DR(member, account, fen) assert_int_equal(balance(member, account), fen)
#define CR(member, account, fen) assert_int_equal(balance(member, account), -(fen))

static inline const struct zyd_subsidy_enrolment *enrolment(const struct zyd_hash *object)
{
    static struct zyd_subsidy_enrolment e;
    struct zyd_hash key;
    zyd_contract_object_key(&key, 3, object);
    struct zyd_span v = zyd_fixture_get(f, NULL, &key);
    assert_true(v.size >= sizeof e);
    memcpy(&e, v.data, sizeof e);
    return &e;
}
static inline const char *state_of(const struct zyd_hash *object)
{
    return zyd_name_by_number(&zyd_product_subsidy.states, enrolment(object)->state)->name;
}
#define STATE(object, name) assert_string_equal(state_of(&(object)), name)

static inline const struct zyd_subsidy_budget *budget(uint16_t programme_)
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

static inline char *text_of(const char *format, ...)
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
static inline uint32_t enrol(uint16_t programme_, struct zyd_hash *o, uint16_t bank, const char *name, const char *amount,
                             int32_t from,
                      int32_t maturity, const char *rate, const char *more)
{
    return act(programme_, "ENROL", o, bank, B(DEPT),
               text_of("borrower=" FIRM "|household=sha256:h|loan=sha256:%s|amount=%s|value_date=%d|maturity=%d|rate_ppm=%s|"
                       "lpr_ppm=3%%%s%s",
                       name, amount, from, maturity, rate, *more != 0 ? "|" : "", more));
}
static inline const char *settle_text(int32_t to, const char *interest)
{
    return text_of("to=%d|interest=%s|paid=%s|statement=sha256:s", to, interest, interest);
}

/* PAID of every obligation of the last operation. */
static inline void pay_all(void)
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
                                    .expect_seq = UINT64_MAX, .args = zyd_span(args, 3), .signer_count = 1};
        op.signers[0] = o.creditor;
        now += 1000;
        zyd_fixture_block(f, now);
        assert_int_equal(zyd_fixture_run(f, &op), 0);
        zyd_fixture_end(f);
    }
}

/* A loan of 4 % from today on under the guarantee programme, disbursed. */
static inline void guaranteed_loan(struct zyd_hash *o, const char *amount, int32_t maturity)
{
    int32_t today = zyd_date_of_ms((int64_t)now);
    OK(GUARANTEE, "APPLY", o, BANK1, 0,
       text_of("borrower=" FIRM "|amount=%s|term_days=365|purpose=seed|consent=sha256:c", amount));
    OK(GUARANTEE, "DD_DONE", o, BANK1, 0, "bank_report=sha256:r");
    OK(GUARANTEE, "OFFER", o, GUAR, 0, text_of("amount=%s", amount));
    OK(GUARANTEE, "ISSUE", o, GUAR, B(BANK1), "letter=sha256:l|valid_until=2026-12-31");
    OK(GUARANTEE, "DISBURSE", o, BANK1, 0,
       text_of("drawdown=1|amount=%s|value_date=%d|maturity=%d|rate_ppm=4%%", amount, today, maturity));
}

static inline void link_to(char out[100], const struct zyd_hash *guarantee, unsigned drawdown)
{
    char hex[65];
    for (int i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", guarantee->b[i]);
    }
    snprintf(out, 100, "guarantee=%s|drawdown=%u", hex, drawdown);
}

#endif
