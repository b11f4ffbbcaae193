/* tests/unit/guarantee_rig.h: a ledger with the guarantee plugin, its members and programmes, for the tests of its events.
 *
 * The test that includes it defines more_programmes().  OK(programme, "EVENT", &object, member, signers, "a=1|"
     "b=2") must succeed; NO(code, ..)
 * must be refused with it, and then the state root is the one before. */
#ifndef GUARANTEE_RIG_H
#define GUARANTEE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/fixture_text.h"
#include <zyd/date.h>
#include <zyd/guarantee_schema.h>

enum { BANK, GUAR, REG, NFGF, LGOV, BANK2, AUD, MEMBERS };
enum { NAT = 1, AH, TWO, CLOSED, SUM, LOW, STRICT, TIGHT, LATER };
#define FIRM "borrower=91430100MA4TEXT00G"
#define FIRM2 "borrower=91350200776049653A"
#define PERSON "borrower=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DOC "sha256:x"

static struct zyd_fixture *f;
static uint64_t now;


static struct zyd_span params_of(uint8_t bytes[4096], const char *text)
{
    return zyd_fixture_params(f, bytes, &zyd_product_guarantee, text);
}

static void programme(uint16_t id, const char *code, const char *text)
{
    zyd_fixture_programme_text(f, id, &zyd_product_guarantee, code, text);
}

static void more_programmes(void);
static int setup(void **state)
{
    static const char *const codes[] = {"BANK", "GUAR", "REG", "NFGF", "LGOV", "BANK2", "AUD"};
    static const enum zyd_role roles[] = {ZYD_ROLE_BANK,   ZYD_ROLE_GUAR, ZYD_ROLE_REG, ZYD_ROLE_NFGF,
                                          ZYD_ROLE_FISCAL, ZYD_ROLE_BANK, ZYD_ROLE_AUD};
    uint8_t bytes[4096];
    (void)state;
    f = zyd_fixture_new(MEMBERS);
    for (uint16_t i = 0; i < MEMBERS; i++) {
        zyd_fixture_member(f, i, codes[i], roles[i]);
    }
    zyd_fixture_plugin(f, 1, "guarantee", ZYD_PLUGIN_DIR "/guarantee.elf");
    programme(NAT, "NAT", "preset=NAT2080|banks=BANK,BANK2|evidence=notice,contract|cap_ppm=0|grace=3|rate_cap=6%|"
        "auto_limit=50000.00|"
                          "auto_claim=50000.00|household_cap=200000.00|late_ppm=100000|cost_limit=100.00");
    programme(AH, "AH", "preset=AH4321|banks=BANK|household_cap=200000.00");
    programme(TWO, "TWO", "preset=TWO82|banks=BANK|batch=yes|class=2|household_cap=1000000.00");
    programme(CLOSED, "CLOSED", "preset=TWO82|banks=BANK|open_from=2026-02-01|open_until=2026-02-28|class=3");
    /* what no honest tool makes: shares that sum to less, and a bank share below the minimum */
    struct zyd_span bad = params_of(bytes, "preset=TWO82|banks=BANK|class=4|min_bank_share=0");
    for (size_t i = 0; i + 8 <= bad.size; i++) { /* the bank's node: 200000, 0xfffe */
        static const uint8_t node[] = {0x00, 0x03, 0x0d, 0x40, 0xff, 0xfe, 0x00, 0x00};
        if (memcmp(bytes + i, node, 8) == 0) {
            bytes[i + 3] = 0x41;
        }
    }
    zyd_fixture_programme(f, SUM, 1, "SUM", bad);
    bad = params_of(bytes, "tree=BANK 100000, GUAR 900000|banks=BANK|batch=yes|class=5|guar=GUAR|min_bank_share=0");
    bytes[3 + 1 + 8 * ZYD_GP_MIN_BANK_SHARE + 5] = 0x03; /* array, bin 16 head: slot of 8 bytes, 200000 */
    bytes[3 + 1 + 8 * ZYD_GP_MIN_BANK_SHARE + 6] = 0x0d;
    bytes[3 + 1 + 8 * ZYD_GP_MIN_BANK_SHARE + 7] = 0x40;
    zyd_fixture_programme(f, LOW, 1, "LOW", bad);
    programme(STRICT, "STRICT", "preset=TWO82|banks=BANK|batch=yes|class=6|cap_ppm=1%|cap_overflow=REJECT|"
        "household_cap=9000000.00");
    programme(TIGHT, "TIGHT", "preset=TWO82|banks=BANK|batch=yes|class=7|silence=DEEM_APPROVED|warn_ppm=1%|stop_ppm=50%|"
                              "household_cap=9000000.00");
    programme(LATER, "LATER", "preset=NAT2080|banks=BANK|batch=yes|class=8|file_later_days=30|household_cap=9000000.00");
    more_programmes();
    zyd_fixture_start(f);
    now = zyd_fixture_at(20260105, 9); /* a Monday */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zyd_fixture_free(f);
    return 0;
}

static void on(int32_t date) /* time goes on to a date; what is due runs */
{
    uint64_t at = zyd_fixture_at(date, 9);
    if (at > now) {
        now = at;
        zyd_fixture_block(f, now);
        zyd_fixture_end(f);
    }
}

/* One operation in a block of its own.  signers: bits of members besides the first. */
static uint32_t act(uint16_t programme_, const char *event, struct zyd_hash *object, uint16_t member, unsigned signers,
                    const char *text)
{
    struct zyd_fixture_op op = zyd_fixture_op_text(f, &zyd_product_guarantee, event, programme_, object, member, signers, text);
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
    if (getenv("FUEL") != NULL && code == 0) { /* what contracts/guarantee/README.md tells */
        printf("FUEL %s %u %u\n", event, (unsigned)f->outcome.fuel, (unsigned)f->outcome.posting_count);
    }
    return code;
}
#define B(m) (1u << (m))
#define OK(...) assert_int_equal(act(__VA_ARGS__), 0)
#define NO(code, ...) assert_int_equal(act(__VA_ARGS__), code)

static struct zyd_guarantee_view view;
static const char *state_of(const struct zyd_hash *object)
{
    struct zyd_hash key;
    zyd_contract_object_key(&key, 1, object);
    assert_int_equal(zyd_guarantee_object_read(&view, zyd_fixture_get(f, NULL, &key)), ZYD_OK);
    return zyd_name_by_number(&zyd_product_guarantee.states, view.head.state)->name;
}
#define STATE(object, name) assert_string_equal(state_of(&(object)), name)

static inline const char *breaker_of(uint16_t programme_, struct zyd_guarantee_breaker *b)
{
    uint8_t name[64];
    struct zyd_hash key;
    size_t n = zyd_guarantee_breaker_key(name, programme_);
    zyd_record_key(&key, 1, zyd_span(name, n));
    struct zyd_span value = zyd_fixture_get(f, NULL, &key);
    memset(b, 0, sizeof *b);
    if (value.size > 0) {
        assert_int_equal(zyd_guarantee_breaker_read(b, value), ZYD_OK);
    }
    return zyd_name_by_number(&zyd_guarantee_breakers, b->state)->name;
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

/* Did a SYS operation of the last block give the warning? */
static inline bool sys_warned(int32_t date, uint32_t code)
{
    bool found = false;
    now = zyd_fixture_at(date, 9) > now ? zyd_fixture_at(date, 9) : now + 1000;
    uint32_t n = zyd_fixture_block(f, now);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
        found = found || warned(code);
    }
    zyd_fixture_end(f);
    return found;
}

static inline int32_t today(void)
{
    return zyd_date_of_ms((int64_t)now);
}

static const char *with_date(const char *format, int32_t a, int32_t b)
{
    static char text[4][512];
    static unsigned next;
    char *out = text[next++ % 4];
    snprintf(out, 512, format, a, b);
    return out;
}

/* A contract of TWO (bank alone at due diligence) up to ISSUED. */
static inline void issue_simple(struct zyd_hash *o, uint16_t programme_, const char *borrower, const char *amount)
{
    char text[256];
    snprintf(text, sizeof text, "%s|amount=%s|term_days=365|purpose=seed|consent=" DOC, borrower, amount);
    OK(programme_, "APPLY", o, BANK, 0, text);
    OK(programme_, "DD_DONE", o, BANK, 0, "bank_report=" DOC);
    snprintf(text, sizeof text, "amount=%s", amount);
    OK(programme_, "OFFER", o, GUAR, 0, text);
    OK(programme_, "ISSUE", o, GUAR, B(BANK), with_date("letter=" DOC "|valid_until=%d", zyd_date_add(today(), 30), 0));
}

static inline void draw(struct zyd_hash *o, uint16_t programme_, const char *amount, int days)
{
    char text[256];
    snprintf(text, sizeof text, "drawdown=1|amount=%s|value_date=%d|maturity=%d|"
        "rate_ppm=4%%", amount, today(), zyd_date_add(today(), days));
    OK(programme_, "DISBURSE", o, BANK, 0, text);
}

/* Settles an obligation of the last outcome's postings by debtor and creditor. */
static inline void pay(const struct zyd_hash *id)
{
    struct zyd_obligation o;
    uint8_t bytes[16];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    assert_true(zyd_fixture_obligation(f, &o, id));
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, "REF", 3);
    now += 1000;
    zyd_fixture_block(f, now);
    const struct zyd_fixture_op op = {.event = ZYD_HOST_PAID,
                                      .programme = o.programme,
                                      .member = o.debtor,
                                      .signers = {o.creditor},
                                      .signer_count = 1,
                                      .object = id,
                                      .expect_seq = UINT64_MAX,
                                      .args = zyd_wr_span(&wr)};
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    zyd_fixture_end(f);
    now += 1000; /* its contract hears of it in the next block */
    zyd_fixture_block(f, now);
    zyd_fixture_end(f);
}

static inline void obligations_of(struct zyd_hash out[8], enum zyd_guarantee_label label, uint32_t *count)
{
    *count = 0;
    for (uint32_t i = 0; i < f->outcome.posting_count; i++) {
        const struct zyd_posting *p = &f->outcome.postings[i];
        if (p->label == label && !zyd_hash_is_zero(&p->obligation) &&
            (*count == 0 || !zyd_hash_eq(&out[*count - 1], &p->obligation))) {
            out[(*count)++] = p->obligation;
        }
    }
}

#endif
