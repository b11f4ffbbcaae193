/* Goal: each event of product (d) holds its row of domain.md 3.4: preconditions, signers, states, deadlines, postings; E15 comes
 * out to the fen; a voucher is spent once and an invoice financed once; and each refusal changes nothing.
 * Method: the deployed plugin in the real host and state.  Arguments are written as text: numbers, @MEMBER, h:TEXT (the hash of
 * the text), "TEXT, - (nil), [ lists ].  Postings are compared row by row, all of them.  After every refusal the state root of
 * the block must be the one before. */
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
static uint32_t got_count, got_warnings;
static uint32_t got_code; /* the first refusal in it */
static uint64_t fuel_of[32][2]; /* by event: sum, count */

/* ---- text to arguments ---- */
static const char *value(struct zyd_wr *wr, const char *p);

static uint32_t count_of(const char *p) /* values up to the end or the closing bracket */
{
    uint32_t n = 0;
    for (int depth = 0; *p != 0 && depth >= 0; p++) {
        bool starts = *p != ' ' && *p != ']' && (p[-1] == ' ' || p[-1] == '[');
        n += depth == 0 && starts;
        depth += *p == '[' ? 1 : *p == ']' ? -1 : 0;
    }
    return n;
}

static const char *list(struct zyd_wr *wr, const char *p)
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

static const char *value(struct zyd_wr *wr, const char *p)
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
static void programme(uint16_t id, const char *code, const uint64_t slots[ZYD_VOUCHER_PARAM_COUNT])
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

static int setup(void **state)
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

static int teardown(void **state)
{
    (void)state;
    zyd_fixture_free(f);
    return 0;
}

static void gather(void)
{
    for (uint32_t i = 0; i < f->outcome.posting_count; i++) {
        assert_true(got_count < sizeof got / sizeof got[0]);
        got[got_count++] = f->postings[i];
    }
    got_warnings += f->outcome.warning_count;
    got_code = got_code != 0 ? got_code : f->outcome.code;
}

static void gather_none(void)
{
    got_count = got_warnings = got_code = 0;
}

static void block(uint64_t at) /* an empty one: what is due runs; gathers it */
{
    now = at > now ? at : now + 1000;
    uint32_t n = zyd_fixture_block(f, now);
    gather_none();
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        gather();
    }
    zyd_fixture_end(f);
}

static void on(int32_t date)
{
    block(zyd_fixture_at(date, 9));
}

/* One operation in a block of its own; what was due before has run, so a refusal must leave the root as it is. */
static uint32_t run(struct zyd_fixture_op *op, struct zyd_hash *made)
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
static uint32_t act(uint16_t programme_, enum zyd_voucher_event event, struct zyd_hash *object, uint16_t member, unsigned signers,
                    const char *text)
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

static uint32_t settle(const struct zyd_hash *obligation, uint16_t debtor, uint16_t creditor)
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
static const char *label_name(uint16_t label)
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
static void rows_are(const char *const rows[], uint32_t count)
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
static unsigned state_of(const struct zyd_hash *object)
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

static struct zyd_hash obligation_of(const struct zyd_hash *object)
{
    struct zyd_hash id;
    state_of(object);
    memcpy(id.b, view.h.obligation, sizeof id.b);
    return id;
}

/* As zyd/voucher.h says it, by other code than the contract's. */
static struct zyd_hash child_of(const struct zyd_hash *parent, unsigned index)
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

static int64_t balance(uint16_t member, const char *code)
{
    return zyd_fixture_balance(f, member, STD, code);
}

static struct zyd_voucher_line line_of(uint16_t programme_, uint16_t core)
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

static int64_t invoice_left(const char *text)
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

static void open_line(const char *limit)
{
    char text[64];
    snprintf(text, sizeof text, "@CORE %s 20271231", limit);
    OK(LINE, NULL, BANK, 0, text);
}

/* An ACTIVE voucher of `face` fen for S1, on an invoice of its own. */
static struct zyd_hash active(uint64_t face, int32_t due)
{
    char text[128];
    struct zyd_hash v;
    snprintf(text, sizeof text, "@S1 %llu %d - [h:own%u] [%llu]", (unsigned long long)face, due, refs, (unsigned long long)face);
    OK(ISSUE, &v, CORE, 0, text);
    OK(ACCEPT, &v, S1, 0, "");
    return v;
}

/* ---- E15 ---- */
static void e15_comes_out_posting_by_posting(void **state)
{
    struct zyd_hash v1, v2, v3, v4, v2b;
    (void)state;
    on(20250715);
    open_line("500000000");
    OK(ISSUE, &v1, CORE, 0, "@S1 300000000 20251220 - [h:invoice] [300000000]");
    NO_ROWS();
    OK(ACCEPT, &v1, S1, 0, "");
    ROWS("CORE ISSUE 2001.S1 2161.V1 300000000", "S1 ISSUE 1161.V1 1122.CORE 300000000");
    NO(4003, ISSUE, NULL, CORE, 0, "@S1 1 20251220 - [h:invoice] [300000000]");
    OK(SPLIT, &v1, S1, 0, "[123456789 98765433 77777778]");
    ROWS("S1 SPLIT 1161.V2 1161.V1 123456789", "CORE SPLIT 2161.V1 2161.V2 123456789", "S1 SPLIT 1161.V3 1161.V1 98765433",
         "CORE SPLIT 2161.V1 2161.V3 98765433", "S1 SPLIT 1161.V4 1161.V1 77777778", "CORE SPLIT 2161.V1 2161.V4 77777778");
    v2 = child_of(&v1, 0), v3 = child_of(&v1, 1), v4 = child_of(&v1, 2);
    STATE(v1, SPENT);
    OK(TRANSFER, &v2, S1, B(S2), "@S2 h:trade 0");
    ROWS("S1 TRANSFER 2001.S2 1161.V2 123456789", "S2 TRANSFER 1161.V2 1122.S1 123456789");
    v2b = child_of(&v2, 0);
    STATE(v2, SPENT);
    STATE(v2b, ACTIVE);
    assert_int_equal(view.h.holder, S2);
    on(20250808);
    OK(DISCOUNT, &v3, S1, B(BANK), "@BANK 36500 \"01234567890123456789 1341838 0");
    ROWS("BANK DISCOUNT 1171.V3 2101.S1 97423595", "BANK DISCOUNT 1171.V3 2152.V3 1341838",
         "S1 DISCOUNT 1002.BANK 1161.V3 97423595", "S1 DISCOUNT 5041 1161.V3 1341838");
    STATE(v3, FINANCED);
    NO(4005, DISCOUNT, &v3, S1, B(BANK2), "@BANK2 36500 \"98765432109876543210 1341838 0");
    NO(4005, PLEDGE, &v3, S1, B(BANK2), "@BANK2 \"98765432109876543210");
    on(20251219);
    NO_ROWS();
    on(20251220);
    /* the three mature at one instant, in the order of their ids */
    assert_int_equal(got_count, 7);
    assert_int_equal(got_code, 0);
    STATE(v4, MATURED);
    assert_int_equal(balance(CORE, "2161.V3"), 0);
    assert_int_equal(balance(CORE, "2141.BANK"), -98765433);
    assert_int_equal(balance(BANK, "1141.CORE"), 98765433);
    assert_int_equal(balance(BANK, "1171.V3"), 0);
    assert_int_equal(balance(BANK, "2152.V3"), 0);
    assert_int_equal(balance(BANK, "4011"), -1341838);
    assert_int_equal(balance(CORE, "2141.S2"), -123456789);
    assert_int_equal(balance(CORE, "2141.S1"), -77777778);
    assert_int_equal(balance(S1, "1141.CORE"), 77777778);
    const struct zyd_hash o151 = obligation_of(&v3), o152 = obligation_of(&v2b), o153 = obligation_of(&v4);
    assert_int_equal(settle(&o151, CORE, BANK), 0);
    ROWS("CORE SETTLED 2141.BANK 1001 98765433", "BANK SETTLED 1001 1141.CORE 98765433");
    assert_int_equal(settle(&o152, CORE, S2), 0);
    ROWS("CORE SETTLED 2141.S2 1001 123456789", "S2 SETTLED 1001 1141.CORE 123456789");
    assert_int_equal(settle(&o153, CORE, S1), 0);
    ROWS("CORE SETTLED 2141.S1 1001 77777778", "S1 SETTLED 1001 1141.CORE 77777778");
    on(20251221);
    STATE(v2b, PAID);
    STATE(v3, PAID);
    STATE(v4, PAID);
    static const struct {
        uint16_t member;
        const char *code;
        int64_t dr;
    } end[] = {{CORE, "2001.S1", 300000000}, {CORE, "1001", -300000000}, {S1, "1122.CORE", -300000000}, {S1, "2001.S2", 123456789},
               {S1, "1002.BANK", 97423595},  {S1, "5041", 1341838},      {S1, "1001", 77777778},        {S2, "1122.S1", -123456789},
               {S2, "1001", 123456789},      {BANK, "2101.S1", -97423595}, {BANK, "4011", -1341838},    {BANK, "1001", 98765433}};
    size_t open = 0;
    for (size_t i = 0; i < sizeof end / sizeof end[0]; i++) {
        assert_int_equal(balance(end[i].member, end[i].code), end[i].dr);
    }
    for (uint64_t i = 1; i < f->leaf_count; i++) { /* and no other account is open */
        struct zyd_record r;
        struct zyd_account a;
        assert_int_equal(zyd_leaf_decode(&r, f->leaves[i]), ZYD_OK);
        if (r.kind == ZYD_REC_ACCOUNT && r.owner == 0) {
            assert_int_equal(zyd_account_decode(&a, r.value), ZYD_OK);
            open += a.debits != a.credits;
        }
    }
    assert_int_equal(open, sizeof end / sizeof end[0]);
    assert_int_equal(line_of(STD, CORE).used, 0);
}

static void maturity_posts_debtor_creditor_and_the_bank_s_income(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20250807);
    open_line("100000000");
    v = active(98765433, 20251220);
    on(20250808);
    OK(DISCOUNT, &v, BANK, B(S1), "@BANK 36500 \"1 1341838 1");
    on(20251220);
    ROWS("CORE MATURITY 2161.V1 2141.BANK 98765433", "BANK MATURITY 1141.CORE 1171.V1 98765433", "BANK MATURITY 2152.V1 4011 1341838");
    const struct zyd_hash o = obligation_of(&v);
    assert_memory_equal(&got[0].obligation, &o, sizeof o);
    assert_memory_equal(&got[1].obligation, &o, sizeof o);
    struct zyd_obligation owed;
    assert_true(zyd_fixture_obligation(f, &owed, &o));
    assert_int_equal(owed.amount.fen, 98765433);
    assert_memory_equal(&owed.object, &v, sizeof v);
}

/* ---- rows of the table ---- */
static void the_line_is_the_bank_s_word(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [h:a] [100]"); /* none */
    NO(9102, LINE, NULL, S1, 0, "@CORE 1000 20261231");              /* no bank */
    NO(9102, LINE, NULL, CORE, B(BANK), "@S1 1000 20261231");
    NO(4004, LINE, NULL, BANK, 0, "@BANK 1000 20261231");
    NO(9105, LINE, NULL, BANK, 0, "99 1000 20261231");
    NO(9112, LINE, NULL, BANK, 0, "@CORE 1000 20260231");
    NO(9104, LINE, NULL, BANK, 0, "@CORE 9000000000000001 20261231");
    OK(LINE, &v, BANK, 0, "@CORE 1000 20260110");
    NO(9111, ACCEPT, &v, S1, 0, ""); /* its minute is no voucher */
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 1001 20260401 - [h:a] [1001]");
    OK(ISSUE, &v, CORE, 0, "@S1 1000 20260401 - [h:a] [1000]");
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 1 20260401 - [h:b] [1]");
    assert_int_equal(line_of(STD, CORE).used, 1000);
    NO(9102, LINE, NULL, BANK2, 0, "@CORE 2000 20261231"); /* used: the other bank must let go */
    OK(LINE, NULL, BANK2, B(BANK), "@CORE 2000 20260109");
    assert_int_equal(line_of(STD, CORE).used, 1000);
    assert_int_equal(line_of(STD, CORE).bank, BANK2);
    OK(LINE, NULL, BANK2, 0, "@CORE 500 20260110"); /* lower than used: no new ones */
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 1 20260401 - [h:b] [1]");
    OK(LINE, NULL, BANK2, 0, "@CORE 2000 20260110");
    on(20260110);
    OK(ISSUE, &v, CORE, 0, "@S1 1 20260401 - [h:b] [1]");
    on(20260111);
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 1 20260401 - [h:c] [1]"); /* after its last day */
    NO(4002, ISSUE, NULL, CORE2, 0, "@S1 1 20260401 - [h:c] [1]");
    TIGHT_NO(4002, ISSUE, NULL, CORE, 0, "@S1 1 20260201 - [h:c] [1]"); /* a line is of one programme */
}

static void terms_are_calendar_months(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20250831);
    open_line("9000000");
    NO(9112, ISSUE, NULL, CORE, 0, "@S1 1 20250831 - [h:a] [1]"); /* due today */
    NO(9112, ISSUE, NULL, CORE, 0, "@S1 1 20250931 - [h:a] [1]");
    NO(4001, ISSUE, NULL, CORE, 0, "@S1 1 20260301 - [h:a] [1]"); /* six months end on 28 February */
    OK(ISSUE, &v, CORE, 0, "@S1 1 20260228 - [h:a] [1]");
    NO(9102, ISSUE, NULL, CORE, 0, "@S1 1 20260301 h:reason [h:b] [1]"); /* the reason is the bank's */
    NO(9102, ISSUE, NULL, CORE, B(BANK2), "@S1 1 20260301 h:reason [h:b] [1]");
    OK(ISSUE, &v, CORE, B(BANK), "@S1 1 20260831 h:reason [h:b] [1]");
    NO(4001, ISSUE, NULL, CORE, B(BANK), "@S1 1 20260901 h:reason [h:c] [1]");
    on(20270831);
    NO(4001, ISSUE, NULL, CORE, 0, "@S1 1 20280301 - [h:c] [0]"); /* the table's order: the term before the invoices */
    OK(ISSUE, &v, CORE, 0, "@S1 1 20280229 - [h:c] [1]"); /* a leap year's last day */
}

static void invoices_are_financed_once(void **state)
{
    struct zyd_hash v;
    struct zyd_hash h[2];
    char text[256];
    const char *low = "x", *high = "y";
    (void)state;
    zyd_sha256(&h[0], "x", 1);
    zyd_sha256(&h[1], "y", 1);
    if (memcmp(&h[0], &h[1], 32) > 0) {
        low = "y", high = "x";
    }
    on(20260105);
    open_line("9000000");
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [] []");
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [h:x] []");
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [h:x] [0]");
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 0 20260401 - [h:x] [1]");
    snprintf(text, sizeof text, "@S1 100 20260401 - [h:%s h:%s] [60 60]", high, low);
    NO(9104, ISSUE, NULL, CORE, 0, text); /* not ascending */
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [h:x h:x] [60 60]");
    snprintf(text, sizeof text, "@S1 100 20260401 - [h:%s h:%s] [100 60]", low, high);
    NO(9104, ISSUE, NULL, CORE, 0, text); /* the first suffices */
    snprintf(text, sizeof text, "@S1 121 20260401 - [h:%s h:%s] [60 60]", low, high);
    NO(4003, ISSUE, NULL, CORE, 0, text);
    NO(4004, ISSUE, NULL, CORE, 0, "@CORE 60 20260401 - [h:z] [60]");
    assert_int_equal(invoice_left(low), -1);
    snprintf(text, sizeof text, "@S1 100 20260401 - [h:%s h:%s] [60 60]", low, high);
    OK(ISSUE, &v, CORE, 0, text);
    assert_int_equal(invoice_left(low), 0);
    assert_int_equal(invoice_left(high), 20);
    OK(LINE, NULL, BANK, 0, "@CORE2 9000000 20271231");
    snprintf(text, sizeof text, "@S1 20 20260401 - [h:%s] [60]", high);
    NO(4003, ISSUE, NULL, CORE2, 0, text); /* another debtor, another seller, another amount, another programme */
    snprintf(text, sizeof text, "@S2 20 20260401 - [h:%s] [60]", high);
    NO(4003, ISSUE, NULL, CORE, 0, text);
    snprintf(text, sizeof text, "@S1 20 20260401 - [h:%s] [61]", high);
    NO(4003, ISSUE, NULL, CORE, 0, text);
    snprintf(text, sizeof text, "@S1 21 20260201 - [h:%s] [60]", high);
    TIGHT_OK(LINE, NULL, BANK, 0, "@CORE 9000000 20271231");
    TIGHT_NO(4003, ISSUE, NULL, CORE, 0, text);
    /* CANCEL gives back what it took, and the line */
    NO(9102, CANCEL, &v, S1, 0, "");
    OK(CANCEL, &v, CORE, 0, "");
    STATE(v, CANCELLED);
    assert_int_equal(invoice_left(low), 60);
    assert_int_equal(invoice_left(high), 60);
    assert_int_equal(line_of(STD, CORE).used, 0);
    NO(9111, ACCEPT, &v, S1, 0, "");
    NO(9111, CANCEL, &v, CORE, 0, "");
    snprintf(text, sizeof text, "@S1 120 20260401 - [h:%s h:%s] [60 60]", low, high);
    OK(ISSUE, &v, CORE, 0, text);
}

static void an_offer_is_accepted_in_time_or_lapses(void **state)
{
    struct zyd_hash a, b, c;
    (void)state;
    on(20260105);
    open_line("9000000");
    OK(ISSUE, &a, CORE, 0, "@S1 100 20260401 - [h:a] [100]");
    OK(ISSUE, &b, CORE, 0, "@S1 100 20260401 - [h:b] [100]");
    OK(ISSUE, &c, CORE, 0, "@S1 100 20260110 - [h:c] [100]"); /* due before the offer would end */
    NO(9102, ACCEPT, &a, S2, 0, "");
    NO(9111, SPLIT, &a, S1, 0, "[50 50]");
    NO(9111, TRANSFER, &a, S1, B(S2), "@S2 h:t 0");
    on(20260109);
    STATE(c, OFFERED);
    on(20260110);
    STATE(c, CANCELLED); /* nothing is accepted on its due date */
    on(20260115);
    OK(ACCEPT, &a, S1, 0, ""); /* the tenth day */
    STATE(a, ACTIVE);
    NO(9111, ACCEPT, &a, S1, 0, "");
    NO(9111, CANCEL, &a, CORE, 0, "");
    on(20260116);
    NO_ROWS();
    NO(9111, ACCEPT, &b, S1, 0, "");
    STATE(b, CANCELLED);
    assert_int_equal(invoice_left("b"), 100);
    assert_int_equal(invoice_left("c"), 100);
    assert_int_equal(line_of(STD, CORE).used, 100);
}

static void a_split_adds_up_and_spends(void **state)
{
    struct zyd_hash v, child;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(4006, SPLIT, &v, S1, 0, "[]");
    NO(4006, SPLIT, &v, S1, 0, "[1000]");
    NO(4006, SPLIT, &v, S1, 0, "[500 499]");
    NO(4006, SPLIT, &v, S1, 0, "[500 501]");
    NO(4006, SPLIT, &v, S1, 0, "[1000 0]");
    NO(4006, SPLIT, &v, S1, 0, "[9000000000000000 9000000000000000]");
    NO(9104, SPLIT, &v, S1, 0, "[9000000000000001 1]");
    NO(9104, SPLIT, &v, S1, 0, "[500 500] 1");
    NO(9102, SPLIT, &v, S2, B(S1), "[500 500]");
    NO(9102, SPLIT, &v, CORE, 0, "[500 500]");
    OK(SPLIT, &v, S1, 0, "[999 1]");
    STATE(v, SPENT);
    assert_int_equal(view.h.child_count, 2);
    NO(4005, SPLIT, &v, S1, 0, "[999 1]");
    NO(4005, TRANSFER, &v, S1, B(S2), "@S2 h:t 0");
    NO(4005, DISCOUNT, &v, S1, B(BANK), "@BANK 0 \"1 0 0");
    NO(4005, PLEDGE, &v, S1, B(BANK), "@BANK \"1");
    NO(4005, PREPAY, &v, CORE, B(S1), "0");
    child = child_of(&v, 1);
    STATE(child, ACTIVE);
    assert_int_equal(view.h.face, 1);
    assert_int_equal(view.h.depth, 1);
    assert_memory_equal(view.h.parent, v.b, 32);
    NO(4006, SPLIT, &child, S1, 0, "[1 1]");
    child = child_of(&v, 0); /* five generations and no more */
    for (unsigned depth = 2; depth <= 5; depth++) {
        char text[32];
        snprintf(text, sizeof text, "[%u 1]", 1000 - depth);
        OK(SPLIT, &child, S1, 0, text);
        child = child_of(&child, 0);
    }
    STATE(child, ACTIVE);
    assert_int_equal(view.h.depth, 5);
    NO(4007, SPLIT, &child, S1, 0, "[994 1]");
}

static void a_hundred_children_fit_and_mature(void **state)
{
    struct zyd_hash v;
    char text[1024] = "[";
    int64_t sum = 0;
    (void)state;
    on(20260105);
    open_line("9000000000000000");
    v = active(9000000000000000, 20260401); /* MAX_AMT */
    for (int64_t i = 0; i < 99; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%lld ", (long long)(i + 1));
    }
    strcat(text, "8999999999995050 1]"); /* 101 of them, which add up to 1 more: too many comes first */
    NO(4006, SPLIT, &v, S1, 0, text);
    strcpy(strrchr(text, ' '), "]");
    OK(SPLIT, &v, S1, 0, text);
    assert_int_equal(got_count, 200);
    print_message("[   fuel   ] SPLIT into 100: %llu\n", (unsigned long long)f->outcome.fuel);
    assert_true(f->outcome.fuel < 2500000);
    for (unsigned i = 0; i < 100; i++) {
        struct zyd_hash child = child_of(&v, i);
        STATE(child, ACTIVE);
        assert_int_equal(view.h.number, 2 + i);
        sum += view.h.face;
    }
    assert_int_equal(sum, 9000000000000000);
    on(20260401);
    assert_int_equal(got_count, 200); /* each by itself, at the same instant */
    assert_int_equal(balance(CORE, "2141.S1"), -9000000000000000);
    assert_int_equal(balance(S1, "1141.CORE"), 9000000000000000);
    for (unsigned i = 0; i < 100; i++) {
        struct zyd_hash child = child_of(&v, i);
        const struct zyd_hash o = obligation_of(&child);
        STATE(child, MATURED);
        assert_int_equal(settle(&o, CORE, S1), 0);
    }
    block(0);
    assert_int_equal(line_of(STD, CORE).used, 0);
    assert_int_equal(balance(S1, "1001"), 9000000000000000);
}

static void a_transfer_goes_to_a_trading_partner(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(4008, TRANSFER, &v, S1, B(CORE), "@CORE h:t 0");
    NO(4008, TRANSFER, &v, S1, 0, "@S1 h:t 0");
    NO(4008, TRANSFER, &v, S1, B(BANK), "@BANK h:t 0"); /* that is a discount */
    NO(9105, TRANSFER, &v, S1, 0, "77 h:t 0");
    NO(9104, TRANSFER, &v, S1, B(S2), "@S2 - 0");
    NO(9102, TRANSFER, &v, S1, 0, "@S2 h:t 0");
    NO(9102, TRANSFER, &v, S2, 0, "@S2 h:t 0");
    NO(9102, TRANSFER, &v, S3, B(S1) | B(S2), "@S2 h:t 0");
    OK(TRANSFER, &v, S2, B(S1), "@S2 h:t 1");
    NO(4005, TRANSFER, &v, S1, B(S3), "@S3 h:t 0"); /* to another: too late */
    v = child_of(&v, 0);
    STATE(v, ACTIVE);
    assert_int_equal(view.h.number, 1);
    assert_int_equal(view.h.depth, 0);
    for (unsigned i = 1; i < ZYD_VOUCHER_LINKS_MAX - 1; i++) { /* 15 prior holders, and a place for a discount */
        uint16_t from = i % 2 ? S2 : S1;
        OK(TRANSFER, &v, from, B(S1) | B(S2), from == S2 ? "@S1 h:t 0" : "@S2 h:t 0");
        v = child_of(&v, 0);
    }
    STATE(v, ACTIVE);
    assert_int_equal(view.h.link_count, 15);
    NO(4007, TRANSFER, &v, S2, B(S1), "@S1 h:t 0");
    OK(DISCOUNT, &v, S2, B(BANK), "@BANK 0 \"1 0 1");
    STATE(v, FINANCED);
    assert_int_equal(view.h.link_count, 16);
}

static void a_discount_is_registered_capped_and_disclosed(void **state)
{
    struct zyd_hash v, w;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(100000, 20260405); /* 90 days */
    NO(4009, DISCOUNT, &v, S1, B(BANK), "@BANK 40000 - 1000 0");
    NO(4009, DISCOUNT, &v, S1, B(BANK), "@BANK 40000 \" 1000 0");
    NO(9104, DISCOUNT, &v, S1, B(BANK), "@BANK 240001 \"1 6000 0"); /* over the cap */
    NO(4006, DISCOUNT, &v, S1, B(BANK), "@BANK 40000 \"1 999 0");   /* disclosed cost differs */
    NO(9105, DISCOUNT, &v, S1, B(S2), "@S2 40000 \"1 1000 0");
    NO(9102, DISCOUNT, &v, S1, 0, "@BANK 40000 \"1 1000 0");
    NO(9102, DISCOUNT, &v, BANK, 0, "@BANK 40000 \"1 1000 0");
    OK(DISCOUNT, &v, BANK, B(S1), "@BANK 40000 \"1 1000 0");
    assert_int_equal(balance(BANK, "1171.V1"), 100000);
    assert_int_equal(balance(BANK, "2101.S1"), -99000);
    NO(4005, SPLIT, &v, BANK, 0, "[1 99999]");
    NO(4005, TRANSFER, &v, BANK, B(S2), "@S2 h:t 0");
    NO(4005, PLEDGE, &v, BANK, B(BANK2), "@BANK2 \"2");
    w = active(100000, 20260405);
    NO(4009, DISCOUNT, &w, S1, B(BANK), "@BANK 40000 \"1 1000 0"); /* one registration, one financing */
    NO(4009, PLEDGE, &w, S1, B(BANK), "@BANK \"1");
    OK(DISCOUNT, &w, S1, B(BANK2), "@BANK2 0 \"2 0 0"); /* at no interest: no legs of 0 */
    ROWS("BANK2 DISCOUNT 1171.V2 2101.S1 100000", "S1 DISCOUNT 1002.BANK2 1161.V2 100000");
}

static void a_pledge_binds_until_it_ends(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(4009, PLEDGE, &v, S1, B(BANK), "@BANK -");
    NO(9102, PLEDGE, &v, S1, 0, "@BANK \"P1");
    NO(9105, PLEDGE, &v, S1, B(S2), "@S2 \"P1");
    NO(9111, UNPLEDGE, &v, BANK, 0, "");
    OK(PLEDGE, &v, S1, B(BANK), "@BANK \"P1");
    ROWS("BANK PLEDGE 9001.V1 9002.V1 1000");
    STATE(v, PLEDGED);
    NO(4005, PLEDGE, &v, S1, B(BANK2), "@BANK2 \"P2");
    NO(4005, DISCOUNT, &v, S1, B(BANK), "@BANK 0 \"P2 0 0");
    NO(4005, SPLIT, &v, S1, 0, "[1 999]");
    NO(4005, TRANSFER, &v, S1, B(S2), "@S2 h:t 0");
    NO(4005, PREPAY, &v, CORE, B(S1), "0");
    NO(9102, UNPLEDGE, &v, S1, 0, "");
    NO(9102, UNPLEDGE, &v, BANK2, 0, "");
    OK(UNPLEDGE, &v, BANK, 0, "");
    ROWS("BANK UNPLEDGE 9002.V1 9001.V1 1000");
    STATE(v, ACTIVE);
    NO(4009, PLEDGE, &v, S1, B(BANK), "@BANK \"P1"); /* its registration is used */
    OK(PLEDGE, &v, S1, B(BANK), "@BANK \"P3");
    on(20260401); /* a pledged one matures for its holder; the pledge goes with the payment */
    ROWS("CORE MATURITY 2161.V1 2141.S1 1000", "S1 MATURITY 1141.CORE 1161.V1 1000");
    STATE(v, MATURED);
    assert_int_equal(view.h.pledgee, BANK);
    const struct zyd_hash o = obligation_of(&v);
    assert_int_equal(settle(&o, CORE, S1), 0);
    block(0);
    ROWS("BANK UNPLEDGE 9002.V1 9001.V1 1000");
    STATE(v, PAID);
    NO(9111, UNPLEDGE, &v, BANK, 0, "");
}

static void prepayment_shares_the_discount(void **state)
{
    struct zyd_hash v, w;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(4006, PREPAY, &v, CORE, B(S1), "1000");
    NO(9102, PREPAY, &v, CORE, 0, "10");
    NO(9102, PREPAY, &v, S1, 0, "10");
    OK(PREPAY, &v, CORE, B(S1), "10");
    ROWS("CORE PREPAY 2161.V1 2141.S1 990", "S1 PREPAY 1141.CORE 1161.V1 990", "CORE PREPAY 2161.V1 4011 10",
         "S1 PREPAY 5041 1161.V1 10");
    STATE(v, MATURED);
    NO(9111, PREPAY, &v, CORE, B(S1), "10");
    assert_int_equal(line_of(STD, CORE).used, 1000);
    struct zyd_hash o = obligation_of(&v);
    assert_int_equal(settle(&o, CORE, S1), 0);
    block(0);
    STATE(v, PAID);
    assert_int_equal(line_of(STD, CORE).used, 0);
    w = active(100000, 20260405);
    OK(DISCOUNT, &w, S1, B(BANK), "@BANK 40000 \"1 1000 0");
    OK(PREPAY, &w, BANK, B(CORE), "400");
    ROWS("CORE PREPAY 2161.V2 2141.BANK 99600", "BANK PREPAY 1141.CORE 1171.V2 99600", "CORE PREPAY 2161.V2 4011 400",
         "BANK PREPAY 5041 1171.V2 400", "BANK PREPAY 2152.V2 4011 1000");
    on(20260108); /* third working day after Monday the 5th: still in time */
    STATE(w, MATURED);
    on(20260109);
    STATE(w, DEFAULTED);
    assert_int_equal(got_warnings, 1);
    NO_ROWS(); /* without recourse */
    on(20260405);
    NO_ROWS(); /* what was prepaid does not mature again */
}

static struct zyd_hash recourse_of(uint16_t debtor) /* the obligation among the gathered postings */
{
    for (uint32_t i = 0; i < got_count; i++) {
        if (got[i].member == debtor && strncmp(got[i].cr, "2141.", 5) == 0) {
            return got[i].obligation;
        }
    }
    fail_msg("%s owes nothing", codes[debtor]);
    return (struct zyd_hash){{0}};
}

/* S1 -> S2 -> S3 with recourse, discounted by S3 with recourse; ends MATURED and unpaid on its third working day. */
static struct zyd_hash chain(const char *first)
{
    char text[64];
    on(20260105);
    open_line("9000000");
    struct zyd_hash v = active(1000, 20260401);
    snprintf(text, sizeof text, "@S2 h:t %s", first);
    OK(TRANSFER, &v, S1, B(S2), text);
    v = child_of(&v, 0);
    OK(TRANSFER, &v, S2, B(S3), "@S3 h:t 1");
    v = child_of(&v, 0);
    OK(DISCOUNT, &v, S3, B(BANK), "@BANK 0 \"1 0 1");
    on(20260401);
    STATE(v, MATURED);
    on(20260406); /* Wednesday 1 April, plus three working days: Monday */
    STATE(v, MATURED);
    return v;
}

static void default_calls_the_chain_and_a_late_payment_is_passed_on(void **state)
{
    struct zyd_hash v = chain("1"), o;
    (void)state;
    on(20260407);
    ROWS("S3 RECOURSE 1165.V1 2141.BANK 1000", "BANK RECOURSE 1141.S3 2171.V1 1000");
    assert_int_equal(got_warnings, 1);
    STATE(v, DEFAULTED);
    o = recourse_of(S3);
    NO(4010, TRANSFER, &v, BANK, B(S1), "@S1 h:t 0");
    NO(4010, PLEDGE, &v, BANK, B(BANK2), "@BANK2 \"2");
    NO(4010, PREPAY, &v, CORE, B(BANK), "0");
    assert_int_equal(settle(&o, S3, BANK), 0);
    block(0);
    ROWS("S2 RECOURSE 1165.V1 2141.S3 1000", "S3 RECOURSE 1141.S2 2171.V1 1000");
    STATE(v, DEFAULTED);
    o = obligation_of(&v); /* the core firm pays the bank after all */
    assert_int_equal(settle(&o, CORE, BANK), 0);
    block(0);
    ROWS("BANK PASS_ON 2171.V1 2141.S3 1000", "S3 PASS_ON 1141.BANK 1165.V1 1000", "S3 PASS_ON 2171.V1 2141.S2 1000",
         "S2 PASS_ON 1141.S3 1165.V1 1000");
    STATE(v, PAID);
    assert_int_equal(line_of(STD, CORE).used, 0);
    o = recourse_of(BANK);
    assert_int_equal(settle(&o, BANK, S3), 0);
    block(0);
    NO_ROWS(); /* no more claims back */
    assert_int_equal(balance(BANK, "1001"), 1000); /* twice 1,000 in, once out */
    assert_int_equal(balance(BANK, "2171.V1"), 0);
    assert_int_equal(balance(S3, "1165.V1"), 0);
    assert_int_equal(balance(S2, "1165.V1"), 0);
    /* S2 and S3 owe each other the same: nothing in net */
    assert_int_equal(balance(S2, "2141.S3") + balance(S2, "1141.S3"), 0);
}

static void recourse_ends_at_the_first_link_without_it(void **state)
{
    struct zyd_hash v = chain("0"), o;
    (void)state;
    on(20260407);
    o = recourse_of(S3);
    assert_int_equal(settle(&o, S3, BANK), 0);
    block(0);
    o = recourse_of(S2);
    assert_int_equal(settle(&o, S2, S3), 0);
    block(0);
    NO_ROWS(); /* S1 passed it on without recourse: S2 bears it */
    STATE(v, DEFAULTED);
    assert_int_equal(view.h.called, 2);
    assert_int_equal(balance(S2, "1165.V1"), 1000);
}

static void payment_in_time_is_no_default(void **state)
{
    struct zyd_hash v = chain("1");
    const struct zyd_hash o = obligation_of(&v);
    (void)state;
    NO(9112, DEFAULT, &v, BANK, 0, "");
    assert_int_equal(settle(&o, CORE, BANK), 0);
    on(20260407);
    NO_ROWS();
    assert_int_equal(got_warnings, 0);
    STATE(v, PAID);
    NO(9111, DEFAULT, &v, BANK, 0, "");
    NO(9111, TRANSFER, &v, BANK, B(S1), "@S1 h:t 0");
}

static void a_silent_calendar_stops_the_clock_and_not_the_maturity(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20401201);
    OK(LINE, NULL, BANK, 0, "@CORE 1000 20411231");
    v = active(1000, 20401231);
    on(20401231); /* the third working day after lies in 2041, which the calendar does not know yet */
    assert_int_equal(got_code, 9113);
    ROWS("CORE MATURITY 2161.V1 2141.S1 1000", "S1 MATURITY 1141.CORE 1161.V1 1000");
    STATE(v, MATURED);
    NO(9113, DEFAULT, &v, S1, 0, "");
    struct zyd_calendar *cal = &f->c.g.calendars[0]; /* the year is published */
    memmove(&cal->years[0], &cal->years[1], (size_t)(cal->year_count - 1) * sizeof cal->years[0]);
    struct zyd_calendar_year *year = &cal->years[cal->year_count - 1];
    year->year = 2041;
    memset(year->days, 0xff, sizeof year->days);
    on(20410103);
    NO(9112, DEFAULT, &v, S1, 0, "");
    on(20410104);
    NO(9102, DEFAULT, &v, S2, 0, "");
    NO(9104, DEFAULT, &v, S1, 0, "1");
    OK(DEFAULT, &v, S1, 0, "");
    STATE(v, DEFAULTED);
}

static void the_auditor_freezes_members_not_time(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(9102, FREEZE, &v, CORE, B(AUD), "h:order");
    NO(9111, UNFREEZE, &v, AUD, 0, "");
    OK(FREEZE, &v, AUD, 0, "h:order");
    NO(9110, FREEZE, &v, AUD, 0, "h:order");
    NO(9110, SPLIT, &v, S1, 0, "[1 999]");
    NO(9110, TRANSFER, &v, S1, B(S2), "@S2 h:t 0");
    NO(9110, DISCOUNT, &v, S1, B(BANK), "@BANK 0 \"1 0 0");
    NO(9110, PLEDGE, &v, S1, B(BANK), "@BANK \"1");
    NO(9110, UNPLEDGE, &v, BANK, 0, "");
    NO(9110, PREPAY, &v, CORE, B(S1), "0");
    NO(9110, ACCEPT, &v, S1, 0, "");
    NO(9102, UNFREEZE, &v, S1, 0, "");
    OK(UNFREEZE, &v, AUD, 0, "");
    OK(FREEZE, &v, AUD, 0, "h:order");
    on(20260401);
    STATE(v, MATURED);
}

static void limits_are_the_programme_s(void **state)
{
    struct zyd_hash v, w;
    (void)state;
    on(20260105);
    TIGHT_OK(LINE, NULL, BANK, 0, "@CORE 9000000 20271231");
    TIGHT_NO(4001, ISSUE, NULL, CORE, B(BANK), "@S1 100000 20260706 h:r [h:a] [100000]");
    TIGHT_NO(4001, ISSUE, NULL, CORE, 0, "@S1 100000 20260206 - [h:a] [100000]");
    TIGHT_OK(ISSUE, &v, CORE, B(BANK), "@S1 100000 20260405 h:r [h:a] [100000]");
    TIGHT_OK(ISSUE, &w, CORE, 0, "@S1 100000 20260205 - [h:b] [100000]");
    TIGHT_OK(ACCEPT, &v, S1, 0, "");
    ROWS("CORE ISSUE 2001.S1 2161.V1 100000", "S1 ISSUE 1161.V1 1122.CORE 100000"); /* numbers begin anew in each programme */
    NO(9104, SPLIT, &v, S1, 0, "[1 99999]");                                        /* under another programme's name */
    TIGHT_NO(9104, DISCOUNT, &v, S1, B(BANK), "@BANK 50001 \"1 1250 0");
    TIGHT_OK(SPLIT, &v, S1, 0, "[40000 60000]");
    v = child_of(&v, 1);
    TIGHT_NO(4007, SPLIT, &v, S1, 0, "[1 59999]");
    on(20260109);
    STATE(w, CANCELLED);
}

static void wrong_events_and_shapes_are_refused(void **state)
{
    struct zyd_hash v, unknown = {{1}};
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(9115, SPLIT, &unknown, S1, 0, "[1 999]");
    for (unsigned event = 0; event < 64; event++) {
        struct zyd_fixture_op op = {.contract = ZYD_VOUCHER_CONTRACT, .event = (uint16_t)event, .programme = STD, .member = S1,
                                    .object = &v};
        uint8_t bytes[] = {0x99, 0, 0, 0, 0, 0, 0, 0, 0, 0}; /* nine arguments: nobody's */
        op.args = zyd_span(bytes, sizeof bytes);
        assert_int_equal(run(&op, NULL), 9104);
    }
    STATE(v, ACTIVE);
}

static int fuel_told(void **state)
{
    (void)state;
#define X(name, number, zh, en)                                                                                        \
    print_message("[   fuel   ] %-9s %8llu\n", #name,                                                                  \
                  (unsigned long long)(fuel_of[number][1] ? fuel_of[number][0] / fuel_of[number][1] : 0));
    ZYD_VOUCHER_EVENTS(X)
#undef X
    return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(e15_comes_out_posting_by_posting),
        T(maturity_posts_debtor_creditor_and_the_bank_s_income),
        T(the_line_is_the_bank_s_word),
        T(terms_are_calendar_months),
        T(invoices_are_financed_once),
        T(an_offer_is_accepted_in_time_or_lapses),
        T(a_split_adds_up_and_spends),
        T(a_hundred_children_fit_and_mature),
        T(a_transfer_goes_to_a_trading_partner),
        T(a_discount_is_registered_capped_and_disclosed),
        T(a_pledge_binds_until_it_ends),
        T(prepayment_shares_the_discount),
        T(default_calls_the_chain_and_a_late_payment_is_passed_on),
        T(recourse_ends_at_the_first_link_without_it),
        T(payment_in_time_is_no_default),
        T(a_silent_calendar_stops_the_clock_and_not_the_maturity),
        T(the_auditor_freezes_members_not_time),
        T(limits_are_the_programme_s),
        T(wrong_events_and_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, fuel_told);
}
