/* voucher_rig.h: a ledger with the voucher contract, for test_voucher and test_voucher_finance: the deployed plugin in the real
 * host and state.
 *
 * Arguments are written as text: numbers, @MEMBER, h:TEXT (the hash of the text), "TEXT, - (nil), [ lists ].  Postings are
 * compared row by row, all of them.  After every refusal the state root of the block must be the one before. */
#ifndef VOUCHER_RIG_H
#define VOUCHER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/ledger_fixture.h"
#include <zyd/date.h>
#include <zyd/voucher.h>

enum { CORE, S1, S2, S3, BANK, BANK2, AUD, CORE2, MEMBERS };
static const char *const codes[] = {"CORE", "S1", "S2", "S3", "BANK", "BANK2", "AUD", "CORE2"};
enum { STD = 1, TIGHT };
#define B(m) (1u << (m))

static struct zyd_fixture *f;
static unsigned refs;
static uint64_t now;
static struct zyd_posting got[4096]; /* of the last operation, or of the SYS phase of the last `on` */
static uint32_t got_count, got_warnings, got_sys; /* got_sys: how many deadlines fired in the last empty block */
static uint32_t got_code; /* the first refusal in it */
static uint64_t got_fuel; /* the dearest call in it */
static uint64_t fuel_of[32][2]; /* by event: sum, count */

/* ---- text to arguments ---- */
static inline const char *value(struct zyd_wr *wr, const char *p);

static inline uint32_t count_of(const char *p) /* values up to the end or the closing bracket */
{
    uint32_t n = 0;
    for (int depth = 0; *p != 0 && depth >= 0; p++) {
        bool starts = *p != ' ' && *p != ']' && (p[-1] == ' ' || p[-1] == '[');
        n += depth == 0 && starts;
        depth += *p == '[' ? 1 : *p == ']' ? -1 : 0;
    }
    return n;
}

static inline const char *list(struct zyd_wr *wr, const char *p)
{
    zyd_wr_array(wr, count_of(p));
    while (*p == ' ') {
        p++;
    }
    while (*p != 0 && *p != ']') {
        p = value(wr, p);
        while (*p == ' ') {
            p++;
        }
    }
    return *p == ']' ? p + 1 : p;
}

static inline const char *value(struct zyd_wr *wr, const char *p)
{
    size_t n = strcspn(p, " ]");
    if (*p == '[') {
        return list(wr, p + 1);
    }
    if (*p == '@') {
        for (uint64_t i = 0; i < MEMBERS; i++) {
            if (strlen(codes[i]) == n - 1 && memcmp(codes[i], p + 1, n - 1) == 0) {
                zyd_wr_u64(wr, i);
                return p + n;
            }
        }
        fail_msg("no member %s", p);
    } else if (*p == 'h') {
        struct zyd_hash h;
        zyd_sha256(&h, p + 2, n - 2);
        zyd_wr_hash(wr, &h);
    } else if (*p == '"') {
        zyd_wr_str(wr, p + 1, n - 1);
    } else if (*p == '-') {
        zyd_wr_nil(wr);
    } else {
        zyd_wr_u64(wr, strtoull(p, NULL, 10));
    }
    return p + n;
}

/* ---- world ---- */
static inline void programme(uint16_t id, const char *code, const uint64_t slots[ZYD_VOUCHER_PARAM_COUNT])
{
    uint8_t bytes[256], slot[ZYD_VOUCHER_PARAM_COUNT * 8];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    for (size_t i = 0; i < ZYD_VOUCHER_PARAM_COUNT; i++) {
        zyd_put64(slot + 8 * i, slots[i]);
    }
    zyd_wr_array(&wr, 1);
    zyd_wr_bin(&wr, slot, sizeof slot);
    zyd_fixture_programme(f, id, ZYD_VOUCHER_CONTRACT, code, zyd_wr_span(&wr));
}

static inline int setup(void **state)
{
    static const enum zyd_role roles[] = {ZYD_ROLE_OTHER, ZYD_ROLE_OTHER, ZYD_ROLE_OTHER, ZYD_ROLE_OTHER,
                                          ZYD_ROLE_BANK,  ZYD_ROLE_BANK,  ZYD_ROLE_AUD,   ZYD_ROLE_OTHER};
    uint64_t slots[] = {
#define X(name, text, type, def, min, max, zh, en) def,
        ZYD_VOUCHER_PARAMS(X)
#undef X
    };
    (void)state;
    f = zyd_fixture_new(MEMBERS);
    for (uint16_t i = 0; i < MEMBERS; i++) {
        zyd_fixture_member(f, i, codes[i], roles[i]);
    }
    zyd_fixture_plugin(f, ZYD_VOUCHER_CONTRACT, "voucher", ZYD_PLUGIN_DIR "/voucher.elf");
    programme(STD, "STD", slots);
    slots[ZYD_VP_DEPTH_MAX] = 1;
    slots[ZYD_VP_OFFER_DAYS] = 3;
    slots[ZYD_VP_TERM_MONTHS] = 6;
    slots[ZYD_VP_REASON_MONTHS] = 1;
    slots[ZYD_VP_RATE_CAP] = 50000;
    programme(TIGHT, "TIGHT", slots);
    f->c.g.created_ms = zyd_fixture_at(20250701, 9);
    zyd_fixture_start(f);
    now = f->time_ms;
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    zyd_fixture_free(f);
    return 0;
}

static inline void gather(void)
{
    for (uint32_t i = 0; i < f->outcome.posting_count; i++) {
        assert_true(got_count < sizeof got / sizeof got[0]);
        got[got_count++] = f->postings[i];
    }
    got_warnings += f->outcome.warning_count;
    got_fuel = f->outcome.fuel > got_fuel ? f->outcome.fuel : got_fuel;
    got_code = got_code != 0 ? got_code : f->outcome.code;
}

static inline void gather_none(void)
{
    got_count = got_warnings = got_code = 0;
    got_fuel = 0;
}

static inline void block(uint64_t at) /* an empty one: what is due runs; gathers it */
{
    now = at > now ? at : now + 1000;
    uint32_t n = zyd_fixture_block(f, now);
    gather_none();
    got_sys = n;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        gather();
    }
    zyd_fixture_end(f);
}

static inline void on(int32_t date)
{
    block(zyd_fixture_at(date, 9));
}

/* One operation in a block of its own; what was due before has run, so a refusal must leave the root as it is. */
static inline uint32_t run(struct zyd_fixture_op *op, struct zyd_hash *made)
{
    char ref[24];
    if (op->object == NULL) {
        snprintf(ref, sizeof ref, "REF%u", refs++);
        op->ref = ref;
    }
    op->expect_seq = UINT64_MAX;
    block(0);
    assert_int_equal(got_code, 0);
    struct zyd_hash before = f->root;
    now += 1000;
    zyd_fixture_block(f, now);
    uint32_t code = zyd_fixture_run(f, op);
    zyd_fixture_end(f);
    gather_none();
    gather();
    if (code != 0) {
        assert_int_equal(f->outcome.posting_count + f->outcome.event_count + f->outcome.warning_count, 0);
        assert_memory_equal(&before, &f->root, sizeof before);
    } else if (made != NULL && op->object == NULL) {
        *made = f->object;
    }
    return code;
}

/* signers: bits of members; the first operand is who acts */
static inline uint32_t act(uint16_t programme_, enum zyd_voucher_event event, struct zyd_hash *object, uint16_t member,
                           unsigned signers, const char *text)
{
    static uint8_t bytes[8192];
    char padded[4096];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    bool makes = event == ZYD_VE_LINE || event == ZYD_VE_ISSUE;
    snprintf(padded, sizeof padded, " %s", text);
    list(&wr, padded + 1);
    assert_false(wr.full);
    struct zyd_fixture_op op = {.contract = ZYD_VOUCHER_CONTRACT, .event = (uint16_t)event, .programme = programme_,
                                .member = member, .object = makes ? NULL : object, .args = zyd_wr_span(&wr)};
    for (uint16_t m = 0; m < MEMBERS; m++) {
        if (signers >> m & 1) {
            op.signers[op.signer_count++] = m;
        }
    }
    uint32_t code = run(&op, object);
    if (code == 0) {
        fuel_of[event][0] += f->outcome.fuel;
        fuel_of[event][1]++;
    }
    return code;
}
#define OK(event, ...) assert_int_equal(act(STD, ZYD_VE_##event, __VA_ARGS__), 0)
#define NO(code, event, ...) assert_int_equal(act(STD, ZYD_VE_##event, __VA_ARGS__), code)
#define TIGHT_OK(event, ...) assert_int_equal(act(TIGHT, ZYD_VE_##event, __VA_ARGS__), 0)
#define TIGHT_NO(code, event, ...) assert_int_equal(act(TIGHT, ZYD_VE_##event, __VA_ARGS__), code)

static inline uint32_t settle(const struct zyd_hash *obligation, uint16_t debtor, uint16_t creditor)
{
    uint8_t bytes[16];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, "REF", 3);
    struct zyd_fixture_op op = {.contract = ZYD_CONTRACT_HOST, .event = ZYD_HOST_PAID, .programme = STD, .member = debtor,
                                .object = obligation, .args = zyd_wr_span(&wr), .signers = {creditor}, .signer_count = 1};
    return run(&op, NULL);
}

/* ---- looking at it ---- */
static inline const char *label_name(uint16_t label)
{
#define X(name, number, zh, en)                                                                                        \
    if (label == number) {                                                                                             \
        return #name;                                                                                                  \
    }
    ZYD_VOUCHER_LABELS(X)
#undef X
    return label == ZYD_LABEL_SETTLED ? "SETTLED" : "?";
}

/* All gathered postings: "MEMBER LABEL DR CR FEN" each. */
static inline void rows_are(const char *const rows[], uint32_t count)
{
    char text[160];
    for (uint32_t i = 0; i < got_count && i < count; i++) {
        snprintf(text, sizeof text, "%s %s %s %s %lld", codes[got[i].member], label_name(got[i].label), got[i].dr, got[i].cr,
                 (long long)got[i].amount.fen);
        assert_string_equal(text, rows[i]);
    }
    assert_int_equal(got_count, count);
}
#define ROWS(...) rows_are((const char *const[]){__VA_ARGS__}, sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *))
#define NO_ROWS() assert_int_equal(got_count, 0)

static struct {
    struct zyd_voucher h;
    struct zyd_voucher_link l[ZYD_VOUCHER_LINKS_MAX];
} view;
static inline unsigned state_of(const struct zyd_hash *object)
{
    struct zyd_hash key;
    zyd_contract_object_key(&key, ZYD_VOUCHER_CONTRACT, object);
    struct zyd_span v = zyd_fixture_get(f, NULL, &key);
    assert_true(v.size >= sizeof view.h && v.size <= sizeof view);
    memcpy(&view, v.data, v.size);
    assert_int_equal(v.size, sizeof view.h + view.h.link_count * sizeof view.l[0]);
    return view.h.state;
}
#define STATE(object, name) assert_int_equal(state_of(&(object)), ZYD_VS_##name)

static inline struct zyd_hash obligation_of(const struct zyd_hash *object)
{
    struct zyd_hash id;
    state_of(object);
    memcpy(id.b, view.h.obligation, sizeof id.b);
    return id;
}

/* As zyd/voucher.h says it, by other code than the contract's. */
static inline struct zyd_hash child_of(const struct zyd_hash *parent, unsigned index)
{
    uint8_t bytes[64];
    struct zyd_hash id;
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wx_bytes(&wr, "zyd/voucher/child", 17);
    zyd_wx_hash(&wr, parent);
    zyd_wx_u16(&wr, (uint16_t)index);
    zyd_sha256(&id, bytes, wr.size);
    return id;
}

static inline int64_t balance(uint16_t member, const char *code)
{
    return zyd_fixture_balance(f, member, STD, code);
}

static inline struct zyd_voucher_line line_of(uint16_t programme_, uint16_t core)
{
    const uint8_t name[] = {'L', 0, (uint8_t)programme_, 0, (uint8_t)core};
    struct zyd_voucher_line line;
    struct zyd_hash key;
    zyd_record_key(&key, ZYD_VOUCHER_CONTRACT, zyd_span(name, sizeof name));
    struct zyd_span v = zyd_fixture_get(f, NULL, &key);
    assert_int_equal(v.size, sizeof line);
    memcpy(&line, v.data, sizeof line);
    return line;
}

static inline int64_t invoice_left(const char *text)
{
    uint8_t name[33] = {'I'};
    struct zyd_voucher_invoice in;
    struct zyd_hash h, key;
    zyd_sha256(&h, text, strlen(text));
    memcpy(name + 1, h.b, 32);
    zyd_record_key(&key, ZYD_VOUCHER_CONTRACT, zyd_span(name, sizeof name));
    struct zyd_span v = zyd_fixture_get(f, NULL, &key);
    if (v.size == 0) {
        return -1;
    }
    memcpy(&in, v.data, sizeof in);
    return in.left;
}

static inline void open_line(const char *limit)
{
    char text[64];
    snprintf(text, sizeof text, "@CORE %s 20271231", limit);
    OK(LINE, NULL, BANK, 0, text);
}

/* An ACTIVE voucher of `face` fen for S1, on an invoice of its own. */
static inline struct zyd_hash active(uint64_t face, int32_t due)
{
    char text[128];
    struct zyd_hash v;
    snprintf(text, sizeof text, "@S1 %llu %d - [[h:own%u %llu]]", (unsigned long long)face, due, refs,
             (unsigned long long)face);
    OK(ISSUE, &v, CORE, 0, text);
    OK(ACCEPT, &v, S1, 0, "");
    return v;
}

static inline void tell_fuel(const char *what)
{
    print_message("[   fuel   ] %s: %llu\n", what, (unsigned long long)got_fuel);
}

static inline int fuel_told(void **state)
{
    (void)state;
#define X(name, number, zh, en)                                                                                        \
    print_message("[   fuel   ] %-9s %8llu\n", #name,                                                                  \
                  (unsigned long long)(fuel_of[number][1] ? fuel_of[number][0] / fuel_of[number][1] : 0));
    ZYD_VOUCHER_EVENTS(X)
#undef X
    return 0;
}

#endif
