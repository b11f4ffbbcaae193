/* tests/unit/pool_rig.h: the ledger, programmes and verbs of the tests of product (b): test_pool.c (examples), test_pool_rows.c
 * (the rows of the table). */
#ifndef POOL_RIG_H
#define POOL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/fixture_text.h"
#include <zyd/date.h>
#include <zyd/pool.h>
#include <zyd/product.h>

enum { POOL, BANK, BANK2, PROV_AGRI, CITY, COUNTY, DEPT, AUD, GUAR, MEMBERS };
enum { W8 = 1, W9, PT, FL, CP, CAPS, SAME, PR, BR, BAD, GB, GU, Q, CASE, RF, RP, BAD_LAST = RP + 7 };
#define FIRM "borrower=91430100MA4TEXT00G"
#define FIRM2 "borrower=91350200776049653A"
#define PERSON "borrower=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define COMMON "trustee=POOL|dept=DEPT|settle=GROSS|trigger=NPL|stop_ppm=0|warn_ppm=0|"
#define ONE_LAYER "layers=COUNTY COUNTY 0 100%|ratios=50%|banks=BANK,BANK2|"

static struct zyd_fixture *f;
static uint64_t now, fuel_max[32];
static struct zyd_hash pool_of[BAD_LAST + 1];
static bool together; /* operations go into the open block, which stays open */

/* ---- the log of postings ---- */
struct row {
    uint16_t member, label;
    char dr[CT_ACCOUNT_SIZE], cr[CT_ACCOUNT_SIZE];
    int64_t amount;
    struct zyd_hash obligation;
};
static struct row rows[20000];
static size_t row_count, row_read;
static struct zyd_hash last_obligation; /* of the last row that was read and has one */
static uint32_t sys_warnings[64], sys_warning_count;
static int sys_calls;

static void log_outcome(void)
{
    for (uint32_t i = 0; i < f->outcome.posting_count; i++) {
        const struct zyd_posting *p = &f->outcome.postings[i];
        struct row *r = &rows[row_count++];
        assert_true(row_count < ZYD_COUNT(rows));
        r->member = p->member;
        r->label = p->label;
        r->amount = p->amount.fen;
        r->obligation = p->obligation;
        snprintf(r->dr, sizeof r->dr, "%s", p->dr);
        snprintf(r->cr, sizeof r->cr, "%s", p->cr);
    }
}

/* Opens a block; what is due runs and must succeed. */
static void block(uint64_t at)
{
    now = at;
    uint32_t n = zyd_fixture_block(f, now);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
        log_outcome();
        sys_calls++;
        if (f->outcome.fuel > fuel_max[f->outcome.event == CT_EVENT_SETTLED ? 30 : 31]) {
            fuel_max[f->outcome.event == CT_EVENT_SETTLED ? 30 : 31] = f->outcome.fuel;
        }
        for (uint32_t k = 0; k < f->outcome.warning_count; k++) {
            sys_warnings[sys_warning_count++ % 64] = f->outcome.warnings[k];
        }
    }
}

static void tick(void)
{
    block(now + 1000);
    zyd_fixture_end(f);
}

static inline void on(int32_t date)
{
    sys_warning_count = 0;
    if (zyd_fixture_at(date, 9) > now) {
        block(zyd_fixture_at(date, 9));
        zyd_fixture_end(f);
    }
}

static inline bool warned(const uint32_t *warnings, uint32_t count, uint32_t code)
{
    for (uint32_t i = 0; i < count; i++) {
        if (warnings[i] == code) {
            return true;
        }
    }
    return false;
}

/* "MEMBER LABEL DR CR YUAN" is the next row of the log. */
static inline void row(const char *expected)
{
    char text[200], yuan[32];
    assert_true(row_read < row_count);
    const struct row *r = &rows[row_read++];
    zyd_yuan_text(yuan, r->amount, true);
    const struct zyd_span code = f->c.g.members[r->member].code;
    snprintf(text, sizeof text, "%.*s %s %s %s %s", (int)code.size, (const char *)code.data,
             zyd_label_by_number(&zyd_product_pool, r->label)->name, r->dr, r->cr, yuan);
    assert_string_equal(text, expected);
    if (!zyd_hash_is_zero(&r->obligation)) {
        last_obligation = r->obligation;
    }
}
static inline void no_more_rows(void)
{
    assert_int_equal(row_count, row_read);
}
static void skip_rows(void)
{
    row_read = row_count;
}

/* The obligation that was named last, read or not. */
static inline struct zyd_hash last_owed(void)
{
    size_t i = row_count;
    while (i > 1 && zyd_hash_is_zero(&rows[i - 1].obligation)) {
        i--;
    }
    return rows[i - 1].obligation;
}


static void programme(uint16_t id, uint16_t contract, const char *code, const char *text)
{
    zyd_fixture_programme_text(f, id, zyd_product_by_number(contract), code, text);
}

/* One operation in a block of its own.  signers: bits of members besides the first.  Events of product (a) by "a:NAME". */
static uint32_t act(uint16_t programme_, const char *event, struct zyd_hash *object, uint16_t member, unsigned signers,
                    const char *text)
{
    const struct zyd_product *product = event[1] == ':' ? &zyd_product_guarantee : &zyd_product_pool;
    const char *name = event[1] == ':' ? event + 2 : event;
    struct zyd_fixture_op op = zyd_fixture_op_text(f, product, name, programme_, object, member, signers, text);
    if (!together) {
        tick(); /* what was due is over: a refusal must now leave the root as it is */
    }
    struct zyd_hash before = f->root;
    if (!together) {
        block(now + 1000);
    }
    uint32_t code = zyd_fixture_run(f, &op);
    log_outcome();
    if (code == 0 && product == &zyd_product_pool && f->outcome.fuel > fuel_max[op.event]) {
        fuel_max[op.event] = f->outcome.fuel;
    }
    if (!together) {
        zyd_fixture_end(f);
    }
    if (code != 0) {
        assert_int_equal(f->outcome.posting_count + f->outcome.event_count + f->outcome.warning_count, 0);
        assert_memory_equal(&before, &f->root, sizeof before);
    } else if (op.ref != NULL && object != NULL) {
        *object = f->object;
    }
    return code;
}
#define B(m) (1u << (m))
#define OK(...) assert_int_equal(act(__VA_ARGS__), 0)
#define NO(code, ...) assert_int_equal(act(__VA_ARGS__), code)
#define WARNED(code) assert_true(warned(f->outcome.warnings, f->outcome.warning_count, code))

/* Debtor and creditor report an obligation paid; its contract hears of it in the next block. */
static void paid(const struct zyd_hash *id)
{
    struct zyd_obligation o;
    uint8_t bytes[16];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    assert_true(zyd_fixture_obligation(f, &o, id));
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, "REF", 3);
    block(now + 1000);
    struct zyd_fixture_op op = {.contract = 0, .event = ZYD_HOST_PAID, .programme = o.programme, .member = o.debtor,
                                .signers = {o.creditor}, .signer_count = 1, .object = id, .expect_seq = UINT64_MAX,
                                .args = zyd_wr_span(&wr)};
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    log_outcome();
    zyd_fixture_end(f);
    tick();
}

static struct zyd_pool_loan loan;
static const char *state_of(const struct zyd_hash *object)
{
    struct zyd_hash key;
    zyd_contract_object_key(&key, 2, object);
    struct zyd_span value = zyd_fixture_get(f, NULL, &key);
    assert_true(value.size > 0);
    if (value.data[0] == ZYD_POOL_KIND_LOAN) {
        memcpy(&loan, value.data, sizeof loan);
    }
    return zyd_state_of(&zyd_product_pool, value)->name;
}
#define STATE(object, name) assert_string_equal(state_of(&(object)), name)

static struct zyd_pool pool;
static struct zyd_pool_layer layer[12];
static inline void read_pool(uint16_t programme_)
{
    struct zyd_hash key;
    zyd_contract_object_key(&key, 2, &pool_of[programme_]);
    struct zyd_span value = zyd_fixture_get(f, NULL, &key);
    assert_true(value.size >= sizeof pool);
    memcpy(&pool, value.data, sizeof pool);
    memcpy(layer, value.data + sizeof pool, value.size - sizeof pool);
}

static inline int64_t balance(uint16_t member, uint16_t programme_, const char *account)
{
    return zyd_fixture_balance(f, member, programme_, account);
}

static const char *text_of(const char *format, ...)
{
    static char text[8][512];
    static unsigned next;
    char *out = text[next++ % 8];
    va_list args;
    va_start(args, format);
    vsnprintf(out, 512, format, args);
    va_end(args);
    return out;
}

static int32_t today(void)
{
    return zyd_date_of_ms((int64_t)now);
}

static void fund(uint16_t programme_, const char *name, uint16_t contributor, const char *amount)
{
    struct zyd_hash o;
    OK(programme_, "FUND", &o, contributor, 0, text_of("layer=%s|amount=%s|bank_ref=REF-%s", name, amount, name));
    STATE(o, "PENDING");
    OK(programme_, "FUND_CONFIRM", &o, POOL, 0, text_of("amount=%s|bank_ref=REF-%s", amount, name));
    STATE(o, "CONFIRMED");
}

static const char *loan_text(const char *borrower, const char *name, const char *principal)
{
    return text_of("%s|loan=sha256:%s|loan_class=1|principal=%s|rate_ppm=4%%|drawn_on=%d|maturity=%d", borrower, name,
                   principal, today(), zyd_date_add(today(), 365));
}

static void register_loan(struct zyd_hash *o, uint16_t programme_, uint16_t bank, const char *borrower, const char *name,
                          const char *principal)
{
    OK(programme_, "ENROL", NULL, DEPT, 0, text_of("%s|loan_class=1|valid_until=2099-12-31", borrower));
    OK(programme_, "REGISTER_LOAN", o, bank, 0, loan_text(borrower, name, principal));
}

static inline void approve(struct zyd_hash *o, uint16_t programme_, const char *base, const char *pay)
{
    OK(programme_, "DEPT_OK", o, DEPT, 0, text_of("base=%s", base));
    STATE(*o, "REVIEW");
    OK(programme_, "REVIEW_OK", o, POOL, 0, text_of("base=%s|pay=%s", base, pay));
}

/* A loan that goes bad on the day it is registered, up to the approved claim. */
static inline void compensate(struct zyd_hash *o, uint16_t programme_, uint16_t bank, const char *name,
                              const char *principal, const char *pay)
{
    register_loan(o, programme_, bank, FIRM, name, principal);
    OK(programme_, "STATUS", o, bank, 0, text_of("what=NPL|since=%d", today()));
    OK(programme_, "FILE", o, bank, 0, text_of("principal=%s", principal));
    approve(o, programme_, principal, pay);
}

static inline void create(uint16_t programme_, unsigned contributors)
{
    OK(programme_, "CREATE", &pool_of[programme_], POOL, contributors, "account=6225880000000001");
    STATE(pool_of[programme_], "OPEN");
}

static int setup(void **state)
{
    static const char *const codes[] = {"POOL", "BANK", "BANK2", "PROV_AGRI", "CITY", "COUNTY", "DEPT", "AUD", "GUAR"};
    static const enum zyd_role roles[] = {ZYD_ROLE_OTHER, ZYD_ROLE_BANK, ZYD_ROLE_BANK, ZYD_ROLE_GUAR, ZYD_ROLE_FISCAL,
                                          ZYD_ROLE_FISCAL, ZYD_ROLE_OTHER, ZYD_ROLE_AUD, ZYD_ROLE_GUAR};
    (void)state;
    f = zyd_fixture_new(MEMBERS);
    for (uint16_t i = 0; i < MEMBERS; i++) {
        zyd_fixture_member(f, i, codes[i], roles[i]);
    }
    zyd_fixture_plugin(f, 1, "guarantee", ZYD_PLUGIN_DIR "/guarantee.elf");
    zyd_fixture_plugin(f, 2, "pool", ZYD_PLUGIN_DIR "/pool.elf");
    programme(W8, 2, "W8", COMMON "class=1|ratios=50%|banks=BANK|"
              "layers=MUTUAL POOL 0 100%; COUNTY COUNTY 1 100%; CITY CITY 2 100%");
    programme(W9, 2, "W9", COMMON "preset=JX523|class=2|ratios=100%|stack_ceiling_ppm=100%|banks=BANK");
    programme(PT, 2, "PT", COMMON "class=3|ratios=30%,40%|banks=BANK|layers=PROV_TECH COUNTY 0 100%");
    programme(FL, 2, "FL", COMMON "class=4|ratios=5%|banks=BANK|layers=FIRST_LOAN COUNTY 0 100%");
    programme(CP, 2, "CP", COMMON "class=5|ratios=50%|banks=BANK|layers=CITY_POOL CITY 0 100%");
    programme(CAPS, 2, "CAPS", ONE_LAYER "trustee=POOL|dept=DEPT|settle=GROSS|trigger=OVERDUE|trigger_days=60|window_days=180|"
              "class=6|evidence=dunning,contract|per_claim_cap=400.00|per_borrower_cap=700.00|per_bank_year_cap=1000.00|"
              "leverage=2|rate_cap=6%|stop_ppm=0|warn_ppm=0|cost_limit=10.00");
    programme(SAME, 2, "SAME", COMMON ONE_LAYER "class=6");
    programme(PR, 2, "PR", COMMON "class=7|ratios=50%|banks=BANK,BANK2|short_mode=PRORATA|refund_order=PRORATA|"
              "layers=COUNTY COUNTY 0 100%; CITY CITY 1 100%");
    programme(BR, 2, "BR", "trustee=POOL|dept=DEPT|settle=GROSS|trigger=NPL|class=8|resume_k=2|ratios=50%|banks=BANK|"
              "layers=COUNTY COUNTY 0 50%; CITY CITY 0 30%; AGRI PROV_AGRI 0 20%");
    programme(BAD, 2, "BAD", COMMON "class=9|ratios=50%|banks=BANK|layers=COUNTY COUNTY 0 50%; CITY CITY 0 49.9999%");
    programme(GB, 2, "GB", COMMON ONE_LAYER "class=10|allow_bank_share=yes");
    programme(GU, 1, "GU", "preset=TWO82|banks=BANK");
    programme(Q, 2, "Q", COMMON ONE_LAYER "class=11");
    programme(CASE, 2, "CASE", COMMON ONE_LAYER "class=12|ratio_base=ALL|stack_ceiling_ppm=100%");
    programme(RF, 2, "RF", COMMON "class=13|ratios=50%|banks=BANK,BANK2|layers=COUNTY POOL 0 50%; CITY POOL 0 50%");
    programme(RP, 2, "RP", COMMON "class=14|ratios=50%|banks=BANK,BANK2|short_mode=PRORATA|refund_order=PRORATA|"
              "layers=COUNTY POOL 0 100%; CITY POOL 1 100%");
    static const char *const bad[] = {
        COMMON "ratios=50%|banks=BANK|layers=COUNTY COUNTY 0 100%; CITY CITY 2 100%", /* no level 1 */
        COMMON "ratios=50%|banks=BANK|layers=COUNTY COUNTY 1 100%",                   /* nor 0 */
        COMMON "ratios=50%|banks=BANK|layers=COUNTY COUNTY 0 100%; CITY CITY 0 0%",   /* a layer that pays nothing */
        COMMON "ratios=50%|banks=BANK|layers=CITY COUNTY 0 50%; CITY CITY 0 50%",     /* two on one account */
        COMMON "ratios=50%|banks=BANK|layers=county COUNTY 0 100%",
        "trustee=POOL|" ONE_LAYER, /* nobody to judge */
        "trustee=BANK|dept=DEPT|" ONE_LAYER,
    };
    for (uint16_t i = 0; i < ZYD_COUNT(bad); i++) {
        programme((uint16_t)(RP + 1 + i), 2, text_of("BAD%d", i), bad[i]);
    }
    zyd_fixture_start(f);
    now = zyd_fixture_at(20260105, 9); /* a Monday */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const sys[] = {"SETTLED", "DEADLINE"};
    for (uint16_t e = 1; e < 32; e++) {
        if (fuel_max[e] > 0) {
            const struct zyd_event *event = zyd_event_by_number(&zyd_product_pool, e);
            const char *name = event == NULL ? sys[e - 30] : event->name;
            print_message("%-14s %8llu fuel at most\n", name, (unsigned long long)fuel_max[e]);
            assert_true(fuel_max[e] < 300000);
        }
    }
    zyd_fixture_free(f);
    return 0;
}

#endif
