/* Goal: product (e) nets, pays and unwinds as domain.md 3.5 and E16 say, to the fen; each refusal changes nothing.
 * Method: the deployed plugin in the real host and state.  The programme settles itself and its OPENING makes the obligations.
 * Statement hashes are computed here from the records' layouts.  The fixture scans the whole state after every block. */
#include "tests/lib/ledger_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zyd/contract.h>
#include <zyd/cycle.h>
#include <zyd/date.h>

enum { BANK1, BANK2, GUAR, REG, NFGF, PFIN, AUD, MEMBERS };
enum { PROG = 9, AGENT = 10, SMALL = 11 };
#define CYCLE 5u
#define B(m) (UINT64_C(1) << (m))
#define MINUTE UINT64_C(60000)

static struct zyd_fixture *f;
static uint64_t now;
static unsigned refs;
static uint16_t prog;
static struct zyd_hash ids[512]; /* obligations in the order in which they were made */
static uint32_t id_count;
static uint8_t arg_bytes[8192];
static struct zyd_cycle c;
static struct zyd_cycle_member rows[64];
static struct zyd_hash cycle;

static void slot(uint8_t *slots, enum zyd_cycle_param which, uint64_t v)
{
    zyd_put64(slots + 8 * (size_t)which, v);
}

static void programme(uint16_t id, const char *code, uint64_t min_amount, uint64_t reserve, bool agent)
{
    static const uint64_t defaults[] = {
#define X(name, text, type, def, min, max, zh, en) def,
        ZYD_CYCLE_PARAMS(X)
#undef X
    };
    uint8_t slots[8 * ZYD_CYCLE_PARAM_COUNT], bytes[512];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    for (size_t i = 0; i < ZYD_CYCLE_PARAM_COUNT; i++) {
        zyd_put64(slots + 8 * i, defaults[i]);
    }
    slot(slots, ZYD_CP_MIN_AMOUNT, min_amount);
    slot(slots, ZYD_CP_RESERVE, reserve);
    slot(slots, ZYD_CP_CONFIRM_MODE, agent ? ZYD_CYCLE_AGENT : ZYD_CYCLE_PAYER_PAYEE);
    slot(slots, ZYD_CP_AGENT, agent ? BANK2 : 0xffff);
    zyd_wr_array(&wr, 2);
    zyd_wr_bin(&wr, slots, sizeof slots);
    zyd_wr_array(&wr, 3); /* those that are no banks have accounts at BANK1 and BANK2 */
    for (uint16_t m = GUAR; m <= NFGF; m++) {
        zyd_wr_array(&wr, 3);
        zyd_wr_u64(&wr, m);
        zyd_wr_u64(&wr, m == GUAR ? BANK1 : BANK2);
        zyd_wr_str(&wr, m == GUAR ? "6222-GUAR" : m == REG ? "6222-REG" : "6222-NFGF", m == GUAR ? 9 : m == REG ? 8 : 9);
    }
    zyd_fixture_programme(f, id, CYCLE, code, zyd_wr_span(&wr))->settlement = id;
}

static int setup(void **state)
{
    static const char *const codes[] = {"BANK1", "BANK2", "GUAR", "REG", "NFGF", "PFIN", "AUD"};
    static const enum zyd_role roles[] = {ZYD_ROLE_BANK, ZYD_ROLE_BANK, ZYD_ROLE_GUAR, ZYD_ROLE_REG,
                                          ZYD_ROLE_NFGF, ZYD_ROLE_FISCAL, ZYD_ROLE_AUD};
    (void)state;
    f = zyd_fixture_new(MEMBERS);
    for (uint16_t i = 0; i < MEMBERS; i++) {
        zyd_fixture_member(f, i, codes[i], roles[i]);
    }
    zyd_fixture_plugin(f, CYCLE, "cycle", ZYD_PLUGIN_DIR "/cycle.elf");
    programme(PROG, "NETTING", 0, 0, false);
    programme(AGENT, "AGENT", 0, 10000000, true);
    programme(SMALL, "SMALL", 10000, 0, false);
    zyd_fixture_start(f);
    now = zyd_fixture_at(20260105, 9); /* a Monday */
    prog = PROG;
    id_count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    zyd_fixture_free(f);
    return 0;
}

/* What is due by then runs. */
static uint32_t until(uint64_t ms)
{
    now = ms > now ? ms : now + 1;
    uint32_t n = zyd_fixture_block(f, now);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
    }
    zyd_fixture_end(f);
    return n;
}

static bool warned_since_block(uint32_t n, uint32_t code)
{
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        for (uint32_t k = 0; k < f->outcome.warning_count; k++) {
            if (f->warnings[k] == code) {
                return true;
            }
        }
    }
    return false;
}

/* One operation in a block of its own; a refusal leaves the state as it was. */
static uint32_t act(enum zyd_cycle_event event, uint16_t member, uint64_t signers, struct zyd_span args)
{
    char ref[24];
    snprintf(ref, sizeof ref, "REF%u", refs++);
    struct zyd_fixture_op op = {.contract = CYCLE, .event = (uint16_t)event, .programme = prog, .member = member, .ref = ref,
                                .args = args};
    for (uint16_t m = 0; m < MEMBERS; m++) {
        if ((signers >> m & 1) != 0) {
            op.signers[op.signer_count++] = m;
        }
    }
    until(now + 10);
    struct zyd_hash before = f->root;
    now += 10;
    zyd_fixture_block(f, now);
    uint32_t code = zyd_fixture_run(f, &op);
    zyd_fixture_end(f);
    if (code != 0) {
        assert_int_equal(f->outcome.posting_count + f->outcome.event_count + f->outcome.warning_count, 0);
        assert_memory_equal(&before, &f->root, sizeof before);
    }
    return code;
}

static void owe(uint16_t debtor, uint16_t creditor, int64_t fen)
{
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 5);
    zyd_wr_u64(&wr, debtor);
    zyd_wr_u64(&wr, creditor);
    zyd_wr_u64(&wr, (uint64_t)fen);
    zyd_wr_str(&wr, "5011", 4);
    zyd_wr_str(&wr, "4021", 4);
    assert_int_equal(act(ZYD_CE_OPENING, debtor, B(creditor), zyd_wr_span(&wr)), 0);
    ids[id_count++] = f->postings[0].obligation;
}

static void start(void)
{
    static const uint8_t none[1] = {0x90};
    assert_int_equal(act(ZYD_CE_START, BANK1, 0, zyd_span(none, 1)), 0);
}

/* ---- reading records ---- */

static struct zyd_span record(const void *name, size_t size)
{
    struct zyd_hash key;
    zyd_record_key(&key, CYCLE, zyd_span(name, size));
    return zyd_fixture_get(f, NULL, &key);
}

static struct zyd_span part(char kind, uint32_t index, bool numbered)
{
    uint8_t name[37];
    name[0] = (uint8_t)kind;
    memcpy(name + 1, cycle.b, 32);
    zyd_put32(name + 33, index);
    return record(name, numbered ? 37 : 33);
}

/* The programme's cycle of a number; false when there is none. */
static bool look(uint64_t number)
{
    struct {
        char tag[16];
        uint64_t programme, number;
    } in = {ZYD_CYCLE_TAG_ID, prog, number};
    zyd_sha256(&cycle, &in, sizeof in);
    struct zyd_span v = record(cycle.b, 32);
    if (v.size == 0) {
        return false;
    }
    assert_int_equal(v.size, sizeof c);
    memcpy(&c, v.data, sizeof c);
    v = part('M', 0, false);
    memset(rows, 0, sizeof rows);
    memcpy(rows, v.data, v.size);
    return true;
}

static struct zyd_cycle_instruction instr(uint32_t number)
{
    struct zyd_cycle_instruction i;
    struct zyd_span v = part('N', number, true);
    assert_int_equal(v.size, sizeof i);
    memcpy(&i, v.data, sizeof i);
    return i;
}

static struct zyd_cycle_entry entry(char kind, uint32_t position)
{
    struct zyd_cycle_entry e;
    struct zyd_span v = part(kind, position / 64, true);
    assert_true(v.size >= (position % 64 + 1) * sizeof e);
    memcpy(&e, v.data + position % 64 * sizeof e, sizeof e);
    return e;
}

static int64_t net(uint16_t m)
{
    return rows[m].in - rows[m].out;
}

/* ---- confirming and noticing ---- */

static struct zyd_hash statement(uint16_t member)
{
    struct zyd_cycle_statement s;
    struct zyd_hash out;
    memset(&s, 0, sizeof s);
    strcpy(s.tag, ZYD_CYCLE_TAG_STATEMENT);
    memcpy(s.cycle, cycle.b, 32);
    s.round = c.round;
    s.member = member;
    s.row = rows[member];
    memcpy(s.set_hash, c.set_hash, 32);
    memcpy(s.gross_hash, c.gross_hash, 32);
    memcpy(s.position_hash, c.position_hash, 32);
    memcpy(s.plan_hash, c.plan_hash, 32);
    zyd_sha256(&out, &s, sizeof s);
    return out;
}

static uint32_t confirm_with(uint16_t member, const struct zyd_hash *hash, const struct zyd_hash *refused, uint32_t count)
{
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 3);
    zyd_wr_hash(&wr, &cycle);
    zyd_wr_hash(&wr, hash);
    zyd_wr_array(&wr, count);
    for (uint32_t i = 0; i < count; i++) {
        zyd_wr_hash(&wr, &refused[i]);
    }
    return act(ZYD_CE_CONFIRM, member, 0, zyd_wr_span(&wr));
}

static uint32_t confirm(uint16_t member)
{
    struct zyd_hash hash = statement(member);
    return confirm_with(member, &hash, NULL, 0);
}

static void confirm_all(uint64_t number)
{
    assert_true(look(number));
    uint64_t needed = c.needed;
    for (uint16_t m = 0; m < MEMBERS; m++) {
        if ((needed >> m & 1) != 0) {
            assert_int_equal(confirm(m), 0);
        }
    }
    until(now + 10);
    assert_true(look(number));
}

static const char *const accounts[] = {"", "", "6222-GUAR", "6222-REG", "6222-NFGF", "", ""};
static const uint16_t bank_of[] = {BANK1, BANK2, BANK1, BANK2, BANK2, PFIN, AUD};

static uint32_t notice_with(uint16_t member, uint64_t side, const char *reference, int64_t amount, const char *account, int32_t date)
{
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 7);
    zyd_wr_hash(&wr, &cycle);
    zyd_wr_u64(&wr, side);
    zyd_wr_str(&wr, reference, strlen(reference));
    zyd_wr_u64(&wr, (uint64_t)amount);
    if (*account == 0) {
        zyd_wr_nil(&wr);
    } else {
        zyd_wr_str(&wr, account, strlen(account));
    }
    zyd_wr_str(&wr, "HVPS-1", 6);
    zyd_wr_u64(&wr, (uint64_t)date);
    return act(ZYD_CE_NOTICE, member, 0, zyd_wr_span(&wr));
}

static int32_t today(void)
{
    return zyd_date_of_ms((int64_t)now);
}

static uint32_t notice(uint32_t number, uint64_t side)
{
    struct zyd_cycle_instruction i = instr(number);
    uint16_t who = side == ZYD_CYCLE_DEBIT ? i.payer : i.payee;
    return notice_with(bank_of[who], side, i.end_to_end, i.amount, accounts[who], today());
}

static void pay(uint32_t number)
{
    assert_int_equal(notice(number, ZYD_CYCLE_DEBIT), 0);
    assert_int_equal(notice(number, ZYD_CYCLE_CREDIT), 0);
}

static void expect_instr(uint32_t number, uint16_t payer, uint16_t payee, int64_t amount)
{
    struct zyd_cycle_instruction i = instr(number);
    assert_int_equal(i.payer, payer);
    assert_int_equal(i.payee, payee);
    assert_int_equal(i.amount, amount);
    assert_int_equal(strlen(i.end_to_end), 25);
    char want[18];
    snprintf(want, sizeof want, "N%02X%02X%02X%02X%02X%02X%04u", cycle.b[0], cycle.b[1], cycle.b[2], cycle.b[3], cycle.b[4],
             cycle.b[5], number);
    assert_memory_equal(i.end_to_end, want, 17);
}

static struct zyd_obligation obligation(uint32_t i)
{
    struct zyd_obligation o;
    assert_true(zyd_fixture_obligation(f, &o, &ids[i]));
    return o;
}

static int64_t balance(uint16_t m, const char *code)
{
    return zyd_fixture_balance(f, m, prog, code);
}

/* ---- E16 ---- */

static const struct {
    uint16_t debtor, creditor;
    int64_t fen;
} e16[12] = {{GUAR, BANK1, 188493284}, {REG, GUAR, 47123321},  {NFGF, GUAR, 47123321}, {BANK1, GUAR, 713682},
             {GUAR, REG, 85642},       {REG, NFGF, 42821},     {PFIN, BANK1, 15542},   {PFIN, BANK2, 10603},
             {BANK2, PFIN, 3976},      {BANK2, GUAR, 1000001}, {GUAR, BANK2, 30000000}, {BANK2, REG, 7777777}};

/* The twelve obligations, the cut-off at 16:00, and round one as the page prints it. */
static void e16_computed(void)
{
    start();
    for (size_t i = 0; i < 12; i++) {
        owe(e16[i].debtor, e16[i].creditor, e16[i].fen);
    }
    until(zyd_fixture_at(20260105, 16));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_COMPUTED);
    assert_int_equal(c.count, 9);
    assert_int_equal(c.gross_count, 3);
    assert_int_equal(net(BANK1), 187779602);
    assert_int_equal(net(BANK2), 21222222);
    assert_int_equal(net(GUAR), -122618601);
    assert_int_equal(net(REG), -39302723);
    assert_int_equal(net(NFGF), -47080500);
    assert_int_equal(net(PFIN), 0);
    assert_int_equal(c.total, 322359849);
    assert_int_equal(c.moved, 209001824);
    assert_int_equal(c.needed, B(BANK1) | B(BANK2) | B(GUAR) | B(REG) | B(NFGF) | B(PFIN));
    /* gross: shown, in order, not locked (ruling 29) */
    static const uint32_t gross[3] = {6, 7, 8};
    for (uint32_t i = 0; i < 3; i++) {
        struct zyd_cycle_entry e = entry('G', i);
        assert_memory_equal(e.id, ids[gross[i]].b, 32);
        assert_int_equal(e.amount, e16[gross[i]].fen);
        assert_int_equal(obligation(gross[i]).state, CT_OBL_CREATED);
    }
    assert_int_equal(rows[PFIN].gross_out, 26145);
    assert_int_equal(rows[PFIN].gross_in, 3976);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(obligation(i).state, i >= 6 && i <= 8 ? CT_OBL_CREATED : CT_OBL_LOCKED);
    }
}

static void e16_instructed(void)
{
    e16_computed();
    confirm_all(1);
    assert_int_equal(c.state, ZYD_CS_INSTRUCTED);
    assert_int_equal(c.instr_count, 4);
    expect_instr(1, GUAR, BANK1, 122618601);
    expect_instr(2, NFGF, BANK1, 47080500);
    expect_instr(3, REG, BANK2, 21222222);
    expect_instr(4, REG, BANK1, 18080501);
    assert_int_equal(obligation(0).state, CT_OBL_INSTRUCTED);
}

/* Cash per member, clearing at zero, the netted set's 1141 and 2141 at zero, 3 and 6 rolled. */
static void e16_settled(void)
{
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(balance(BANK1, "1001"), 187779602);
    assert_int_equal(balance(BANK2, "1001"), 21222222);
    assert_int_equal(balance(GUAR, "1001"), -169741922);
    assert_int_equal(balance(REG, "1001"), -39259902);
    assert_int_equal(balance(NFGF, "1001"), 0);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(balance(m, "2199"), 0);
    }
    for (uint32_t i = 0; i < 12; i++) {
        bool rolled = i == 2 || i == 5, gross = i >= 6 && i <= 8;
        struct zyd_obligation o = obligation(i);
        char owed[24], due[24];
        assert_int_equal(o.state, rolled || gross ? CT_OBL_CREATED : CT_OBL_SETTLED);
        assert_int_equal(o.value_date, 20260105); /* a rolled one keeps its value date */
        snprintf(owed, sizeof owed, "2141.%.*s", (int)f->c.g.members[e16[i].creditor].code.size, f->c.g.members[e16[i].creditor].code.data);
        snprintf(due, sizeof due, "1141.%.*s", (int)f->c.g.members[e16[i].debtor].code.size, f->c.g.members[e16[i].debtor].code.data);
        assert_int_equal(-balance(e16[i].debtor, owed), rolled || gross ? e16[i].fen : 0);
        assert_int_equal(balance(e16[i].creditor, due), rolled || gross ? e16[i].fen : 0);
    }
    struct zyd_hash root, all[64];
    for (uint16_t m = 0; m < c.members; m++) {
        all[m] = statement(m);
    }
    zyd_sha256(&root, all, c.members * sizeof all[0]);
    assert_memory_equal(root.b, c.root, 32);
}

static void test_e16_nobody_had_paid_when_nfgf_misses_the_deadline(void **state)
{
    (void)state;
    e16_instructed();
    uint32_t n = until(c.pay_ms);
    assert_true(warned_since_block(n, 5006));
    assert_true(look(1));
    /* nobody paid: the payers of all four leave, and nothing is left (ruling 30) */
    assert_int_equal(c.failed, B(GUAR) | B(NFGF) | B(REG));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.active, 0);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(obligation(i).state, CT_OBL_CREATED);
    }
    /* the next working day's cycle takes them again */
    until(zyd_fixture_at(20260106, 16));
    assert_true(look(2));
    assert_int_equal(c.state, ZYD_CS_COMPUTED);
    assert_int_equal(c.count, 9);
    assert_int_equal(c.gross_count, 0); /* shown once */
    assert_int_equal(net(GUAR), -122618601);
    for (uint32_t i = 0; i < 9; i++) {
        assert_int_equal(entry('O', i).age, 1);
    }
}

static void test_e16_guar_and_reg_have_paid_and_pay_the_rest(void **state)
{
    (void)state;
    e16_instructed();
    pay(1);
    pay(3);
    pay(4);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_SETTLING);
    assert_int_equal(c.unmatched, 1);
    uint64_t failed_at = c.pay_ms;
    uint32_t n = until(c.pay_ms);
    assert_true(warned_since_block(n, 5006));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_INSTRUCTED);
    assert_int_equal(c.failed, B(NFGF));
    assert_int_equal(c.pay_ms, failed_at + 60 * MINUTE);
    /* re-cut without 3 and 6 */
    assert_int_equal(c.active, 7);
    assert_int_equal(net(BANK1), 187779602);
    assert_int_equal(net(BANK2), 21222222);
    assert_int_equal(net(GUAR), -169741922);
    assert_int_equal(net(REG), -39259902);
    assert_int_equal(net(NFGF), 0);
    /* what is already paid is credited: GUAR pays 470,805.00 and 428.21 more (ruling 30) */
    assert_int_equal(c.instr_count, 6);
    assert_int_equal(instr(2).state, ZYD_CYCLE_VOID);
    expect_instr(5, GUAR, BANK1, 47080500);
    expect_instr(6, GUAR, REG, 42821);
    pay(5);
    pay(6);
    until(now + 10);
    assert_true(look(1));
    e16_settled();
    assert_int_equal(entry('O', 2).status, ZYD_CYCLE_LEFT);
}

/* E16's postings: the set of rows 1 to 20, each once, when the payments are those of the re-cut set at once. */
static void test_e16_postings_through_clearing(void **state)
{
    static const struct {
        uint16_t member;
        const char *dr, *cr;
        int64_t fen;
    } want[20] = {
        {GUAR, "2141.BANK1", "2199", 188493284}, {BANK1, "2199", "1141.GUAR", 188493284}, {REG, "2141.GUAR", "2199", 47123321},
        {GUAR, "2199", "1141.REG", 47123321},    {BANK1, "2141.GUAR", "2199", 713682},    {GUAR, "2199", "1141.BANK1", 713682},
        {GUAR, "2141.REG", "2199", 85642},       {REG, "2199", "1141.GUAR", 85642},       {BANK2, "2141.GUAR", "2199", 1000001},
        {GUAR, "2199", "1141.BANK2", 1000001},   {GUAR, "2141.BANK2", "2199", 30000000},  {BANK2, "2199", "1141.GUAR", 30000000},
        {BANK2, "2141.REG", "2199", 7777777},    {REG, "2199", "1141.BANK2", 7777777},    {GUAR, "2199", "1001", 169741922},
        {BANK1, "1001", "2199", 169741922},      {REG, "2199", "1001", 21222222},         {BANK2, "1001", "2199", 21222222},
        {REG, "2199", "1001", 18037680},         {BANK1, "1001", "2199", 18037680}};
    bool seen[20] = {false};
    (void)state;
    start();
    for (size_t i = 0; i < 12; i++) {
        if (i != 2 && i != 5) {
            owe(e16[i].debtor, e16[i].creditor, e16[i].fen);
        }
    }
    until(zyd_fixture_at(20260105, 16));
    confirm_all(1);
    expect_instr(1, GUAR, BANK1, 169741922);
    expect_instr(2, REG, BANK2, 21222222);
    expect_instr(3, REG, BANK1, 18037680);
    pay(1);
    pay(2);
    pay(3);
    now += 10;
    uint32_t n = zyd_fixture_block(f, now), count = 0;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
        for (uint32_t k = 0; k < f->outcome.posting_count; k++, count++) {
            const struct zyd_posting *p = &f->postings[k];
            uint32_t w = 0;
            while (w < 20 && (seen[w] || p->member != want[w].member || strcmp(p->dr, want[w].dr) != 0 ||
                              strcmp(p->cr, want[w].cr) != 0 || p->amount.fen != want[w].fen)) {
                w++;
            }
            assert_in_range(w, 0, 19);
            assert_int_equal(p->label, w < 14 ? ZYD_LABEL_NETTED : ZYD_CL_PAID);
            seen[w] = true;
        }
    }
    zyd_fixture_end(f);
    assert_int_equal(count, 20);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
}

static void test_a_rise_beyond_the_reserve_is_warned_of(void **state)
{
    (void)state;
    prog = AGENT; /* reserve 100,000.00; GUAR's pay-in rises by 471,233.21 */
    e16_computed();
    confirm_all(1);
    for (uint32_t i = 1; i <= 4; i++) {
        struct zyd_cycle_instruction p = instr(i);
        if (p.payer != NFGF) { /* the agent bank vouches for both sides, and nobody else does */
            assert_int_equal(notice_with(BANK1, ZYD_CYCLE_DEBIT, p.end_to_end, p.amount, accounts[p.payer], today()), 9102);
            assert_int_equal(notice_with(BANK2, ZYD_CYCLE_DEBIT, p.end_to_end, p.amount, accounts[p.payer], today()), 0);
        }
    }
    until(c.pay_ms);
    uint32_t warnings = 0;
    for (uint32_t i = 0; i < f->sys_count; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        warnings += f->outcome.warning_count;
    }
    assert_int_equal(warnings, 2); /* the failure, and the rise */
}

/* ---- the clock ---- */

static void test_without_a_net_obligation_no_cycle_is_made(void **state)
{
    (void)state;
    static const uint8_t none[1] = {0x90};
    start();
    assert_int_equal(act(ZYD_CE_START, BANK2, 0, zyd_span(none, 1)), 9109);
    owe(PFIN, BANK1, 500); /* a gross one alone makes none (ruling 27) */
    until(zyd_fixture_at(20260105, 16));
    assert_false(look(1));
    until(zyd_fixture_at(20260106, 9));
    owe(GUAR, BANK1, 100);
    until(zyd_fixture_at(20260106, 16));
    assert_true(look(1));
    assert_int_equal(c.count, 1);
    assert_int_equal(c.gross_count, 1);
    until(zyd_fixture_at(20260109, 16)); /* a Friday: silence closed it; each day takes it anew */
    assert_true(look(4));
    assert_int_equal(c.date, 20260109);
    until(zyd_fixture_at(20260111, 23));
    assert_false(look(5)); /* no cut-off on a weekend */
}

static void test_start_is_for_the_next_cut_off_that_lies_ahead(void **state)
{
    (void)state;
    until(zyd_fixture_at(20260109, 17)); /* Friday after the cut-off */
    start();
    owe(GUAR, BANK1, 100);
    until(zyd_fixture_at(20260112, 15));
    assert_false(look(1));
    until(zyd_fixture_at(20260112, 16));
    assert_true(look(1));
}

static void test_small_ones_wait_and_a_cycle_of_nothing_else_is_empty(void **state)
{
    (void)state;
    prog = SMALL; /* min_amount 100.00 */
    start();
    owe(GUAR, BANK1, 9999);
    uint32_t n = until(zyd_fixture_at(20260105, 16));
    assert_true(warned_since_block(n, 5001));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.count, 0);
    assert_int_equal(obligation(0).state, CT_OBL_CREATED);
    owe(GUAR, BANK1, 10000);
    until(zyd_fixture_at(20260106, 16));
    assert_true(look(2));
    assert_int_equal(c.count, 1);
    assert_int_equal(net(BANK1), 10000);
    until(zyd_fixture_at(20260107, 15));
    assert_int_equal(obligation(0).state, CT_OBL_CREATED);
}

static void test_debts_in_a_circle_settle_without_a_payment(void **state)
{
    (void)state;
    start();
    owe(BANK1, GUAR, 777);
    owe(GUAR, REG, 777);
    owe(REG, BANK1, 777);
    until(zyd_fixture_at(20260105, 16));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.instr_count, 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(obligation(i).state, CT_OBL_SETTLED);
    }
}

/* ---- CONFIRM ---- */

static void test_confirm_is_checked(void **state)
{
    (void)state;
    e16_computed();
    struct zyd_hash good = statement(BANK1), bad = good, none = {{1}};
    bad.b[0] ^= 1;
    assert_int_equal(confirm_with(BANK1, &bad, NULL, 0), 5003);
    assert_int_equal(confirm_with(BANK2, &good, NULL, 0), 5003); /* another's statement */
    assert_int_equal(confirm_with(AUD, &good, NULL, 0), 9102);
    assert_int_equal(confirm_with(BANK1, &good, &none, 1), 9115);
    assert_int_equal(confirm_with(BANK1, &good, &ids[6], 1), 9115); /* a gross one is in no cycle */
    assert_int_equal(confirm_with(BANK1, &good, &ids[2], 1), 9104); /* between NFGF and GUAR */
    struct zyd_hash was = cycle;
    cycle = none;
    assert_int_equal(confirm_with(BANK1, &good, NULL, 0), 9115);
    cycle = was;
    prog = AGENT; /* another programme's cycle */
    assert_int_equal(confirm_with(BANK1, &good, NULL, 0), 9104);
    prog = PROG;
    assert_int_equal(confirm(BANK1), 0);
    assert_int_equal(confirm(BANK1), 9109);
    assert_int_equal(notice_with(BANK1, 1, "N0000000000000001", 1, "", today()), 9111); /* nothing is instructed */
    until(c.confirm_ms);
    assert_true(look(1));
    good = statement(BANK1);
    uint64_t end = c.confirm_ms;
    until(end);
    assert_int_equal(confirm_with(BANK1, &good, NULL, 0), 9111);
}

static void test_what_a_member_refuses_leaves_and_the_rest_is_confirmed_anew(void **state)
{
    (void)state;
    e16_computed();
    struct zyd_hash hash = statement(GUAR), refused[2] = {ids[10], ids[4]};
    assert_int_equal(confirm_with(GUAR, &hash, refused, 2), 0);
    assert_int_equal(confirm(BANK1), 0);
    assert_int_equal(confirm(BANK2), 0);
    assert_int_equal(confirm(REG), 0);
    assert_int_equal(confirm(PFIN), 0);
    assert_int_equal(confirm(NFGF), 0); /* the last answer: cut again */
    until(now + 10);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_COMPUTED);
    assert_int_equal(c.round, 1);
    assert_int_equal(c.active, 7);
    assert_int_equal(c.confirmed, 0);
    assert_int_equal(c.needed, B(BANK1) | B(BANK2) | B(GUAR) | B(REG) | B(NFGF)); /* gross lists were confirmed */
    assert_int_equal(net(GUAR), -122618601 + 30000000 + 85642);
    assert_int_equal(net(BANK2), 21222222 - 30000000);
    assert_int_equal(obligation(10).state, CT_OBL_CREATED);
    assert_int_equal(obligation(4).state, CT_OBL_CREATED);
    struct zyd_hash gone = ids[10];
    hash = statement(GUAR);
    assert_int_equal(confirm_with(GUAR, &hash, &gone, 1), 9111); /* it is out already */
    confirm_all(1);
    for (uint32_t i = 1; i <= c.instr_count; i++) {
        pay(i);
    }
    until(now + 10);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(balance(m, "2199"), 0);
    }
    assert_int_equal(obligation(0).state, CT_OBL_SETTLED);
}

static void test_who_is_silent_refuses_all_of_its_own(void **state)
{
    (void)state;
    e16_computed();
    assert_int_equal(confirm(BANK1), 0);
    assert_int_equal(confirm(BANK2), 0);
    assert_int_equal(confirm(GUAR), 0);
    assert_int_equal(confirm(REG), 0); /* NFGF and PFIN say nothing */
    uint32_t n = until(c.confirm_ms);
    assert_true(warned_since_block(n, 5003));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_COMPUTED);
    assert_int_equal(c.round, 1);
    assert_int_equal(net(GUAR), -169741922); /* the page's second cut: without 3 and 6 */
    assert_int_equal(net(REG), -39259902);
    assert_int_equal(net(NFGF), 0);
    confirm_all(1);
    expect_instr(1, GUAR, BANK1, 169741922);
    expect_instr(2, REG, BANK2, 21222222);
    expect_instr(3, REG, BANK1, 18037680);
    pay(1);
    pay(2);
    pay(3);
    until(now + 10);
    assert_true(look(1));
    e16_settled();
}

static void test_a_silent_fiscal_member_holds_nothing_up(void **state)
{
    (void)state;
    e16_computed();
    for (uint16_t m = BANK1; m <= NFGF; m++) {
        assert_int_equal(confirm(m), 0);
    }
    uint32_t n = until(c.confirm_ms);
    assert_true(warned_since_block(n, 5003));
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_INSTRUCTED);
    assert_int_equal(c.round, 0);
    assert_int_equal(c.active, 9);
}

static void test_a_third_refusal_closes_the_cycle_and_rolls_all(void **state)
{
    (void)state;
    e16_computed();
    static const uint32_t refused[3] = {5, 4, 3};
    for (uint32_t round = 0; round < 3; round++) {
        assert_true(look(1));
        assert_int_equal(c.round, round);
        uint64_t needed = c.needed;
        for (uint16_t m = 0; m < MEMBERS; m++) {
            struct zyd_hash hash = statement(m);
            bool party = e16[refused[round]].debtor == m;
            if ((needed >> m & 1) != 0) {
                assert_int_equal(confirm_with(m, &hash, &ids[refused[round]], party ? 1 : 0), 0);
            }
        }
        until(now + 10);
    }
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.round, 2);
    assert_int_equal(c.active, 0);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(obligation(i).state, CT_OBL_CREATED);
    }
    assert_int_equal(balance(GUAR, "1001"), 0);
}

/* ---- NOTICE ---- */

static void test_notices_are_checked(void **state)
{
    (void)state;
    e16_instructed();
    struct zyd_cycle_instruction i = instr(1); /* GUAR pays BANK1; BANK1 keeps GUAR's account */
    char other[36];
    int32_t day = today();
    strcpy(other, i.end_to_end);
    other[24] = other[24] == '0' ? '1' : '0';
    assert_int_equal(notice_with(BANK1, 1, other, i.amount, "6222-GUAR", day), 5004);
    assert_int_equal(notice_with(BANK1, 1, "N", i.amount, "6222-GUAR", day), 5004);
    memcpy(other, i.end_to_end, 26);
    memcpy(other + 13, "0005", 4);
    assert_int_equal(notice_with(BANK1, 1, other, i.amount, "6222-GUAR", day), 5004);
    assert_int_equal(notice_with(BANK1, 1, i.end_to_end, i.amount - 1, "6222-GUAR", day), 5005);
    assert_int_equal(notice_with(BANK1, 1, i.end_to_end, i.amount, "6222-GUAX", day), 5005);
    assert_int_equal(notice_with(BANK1, 1, i.end_to_end, i.amount, "", day), 5005);
    assert_int_equal(notice_with(BANK1, 0, i.end_to_end, i.amount, "6222-GUAR", day), 9104);
    assert_int_equal(notice_with(BANK1, 3, i.end_to_end, i.amount, "6222-GUAR", day), 9104);
    assert_int_equal(notice_with(BANK1, 1, i.end_to_end, i.amount, "6222-GUAR", 20260106), 9112);
    assert_int_equal(notice_with(GUAR, 1, i.end_to_end, i.amount, "6222-GUAR", day), 9102); /* not its own bank */
    assert_int_equal(notice_with(BANK2, 1, i.end_to_end, i.amount, "6222-GUAR", day), 9102);
    assert_int_equal(notice(1, 1), 0);
    assert_int_equal(notice(1, 1), 9109);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_SETTLING);
    assert_int_equal(c.unmatched, 4);
    assert_int_equal(notice(1, 2), 0);
    assert_int_equal(notice(1, 2), 9109);
    assert_true(look(1));
    assert_int_equal(c.unmatched, 3);
    assert_int_equal(rows[GUAR].paid, 122618601);
    assert_int_equal(rows[BANK1].received, 122618601);
    pay(3);
    pay(4);
    until(c.pay_ms);
    assert_int_equal(notice(2, 1), 9106); /* NFGF is too late: its payment is void */
}

/* A payer that fails after it had paid a part gets that part back. */
static void test_a_payer_that_fails_half_way_is_paid_back(void **state)
{
    (void)state;
    e16_instructed();
    pay(1);
    pay(2);
    pay(3); /* REG to BANK2, but not REG to BANK1 */
    until(c.pay_ms);
    assert_true(look(1));
    assert_int_equal(c.failed, B(REG));
    assert_int_equal(net(REG), 0);
    int64_t rest = 0;
    for (uint16_t m = 0; m < MEMBERS; m++) {
        rest += rows[m].in - rows[m].out + rows[m].paid - rows[m].received;
    }
    assert_int_equal(rest, 0);
    assert_int_equal(rows[REG].paid, 21222222);
    bool back = false;
    for (uint32_t n = c.instr_first; n <= c.instr_count; n++) {
        back = back || instr(n).payee == REG;
        pay(n);
    }
    assert_true(back);
    until(now + 10);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(balance(REG, "1001"), 0);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(balance(m, "2199"), 0);
    }
}

/* ---- size ---- */

/* What the contract has to come to, by another way: sorted lists that are sorted again after each payment. */
static uint32_t model_plan(struct zyd_cycle_plan *out, int64_t *open)
{
    uint32_t count = 0;
    for (;;) {
        int debtor = -1, creditor = -1;
        for (int pass = 0; pass < 2; pass++) {
            for (int m = 0; m < MEMBERS; m++) {
                int64_t v = pass == 0 ? -open[m] : open[m];
                int *best = pass == 0 ? &debtor : &creditor;
                int64_t b = *best < 0 ? 0 : pass == 0 ? -open[*best] : open[*best];
                if (v > b || (v > 0 && v == b && memcmp(f->c.g.members[m].uscc.data, f->c.g.members[*best].uscc.data, 18) < 0)) {
                    *best = m;
                }
            }
        }
        if (debtor < 0) {
            return count;
        }
        int64_t x = -open[debtor] < open[creditor] ? -open[debtor] : open[creditor];
        out[count++] = (struct zyd_cycle_plan){x, (uint16_t)debtor, (uint16_t)creditor, 0};
        open[debtor] += x;
        open[creditor] -= x;
    }
}

static void test_three_hundred_obligations_in_slices_of_flat_cost(void **state)
{
    (void)state;
    uint64_t seed = 20260105, most = 0;
    int64_t open[MEMBERS] = {0};
    struct zyd_cycle_plan want[64];
    struct zyd_hash set = {{0}};
    start();
    for (uint32_t i = 0; i < 300; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint16_t a = (uint16_t)(seed >> 33 & 0xffff) % 5, b = (uint16_t)((a + 1 + (seed >> 50) % 4) % 5);
        int64_t fen = i % 7 == 0 ? 100 : (int64_t)(seed >> 20 & 0xffffff) + 1;
        owe(a, b, fen);
        open[a] -= fen;
        open[b] += fen;
        struct {
            uint8_t hash[32];
            struct zyd_cycle_entry e;
        } in = {.e = {.amount = fen, .debtor = a, .creditor = b}};
        memcpy(in.hash, set.b, 32);
        memcpy(in.e.id, ids[i].b, 32);
        zyd_sha256(&set, &in, 32 + ZYD_CYCLE_ENTRY_HASHED);
    }
    now = zyd_fixture_at(20260105, 16);
    uint32_t n = zyd_fixture_block(f, now);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
        most = f->outcome.fuel > most ? f->outcome.fuel : most;
    }
    zyd_fixture_end(f);
    assert_int_equal(n, 2 + 5 + 1); /* CUT, NEXT, five slices (300 entries and the end), COMPUTE */
    print_message("most fuel of a slice of TAKE: %llu\n", (unsigned long long)most);
    assert_in_range(most, 1, 2000000);
    assert_true(look(1));
    assert_int_equal(c.count, 300);
    assert_memory_equal(c.set_hash, set.b, 32);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(net(m), open[m]);
    }
    uint32_t plan = model_plan(want, open);
    assert_int_equal(c.plan_count, plan);
    struct zyd_span p = part('P', 0, false);
    assert_int_equal(p.size, plan * sizeof want[0]);
    assert_memory_equal(p.data, want, p.size);
    confirm_all(1);
    for (uint32_t i = 1; i <= c.instr_count; i++) {
        pay(i);
    }
    now += 10;
    n = zyd_fixture_block(f, now);
    most = 0;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(zyd_fixture_outcome(f, i));
        assert_int_equal(f->outcome.code, 0);
        most = f->outcome.fuel > most ? f->outcome.fuel : most;
    }
    zyd_fixture_end(f);
    print_message("most fuel of a slice of SETTLE: %llu\n", (unsigned long long)most);
    assert_in_range(most, 1, 3000000);
    until(now + 10);
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    for (uint32_t i = 0; i < 300; i++) {
        assert_int_equal(obligation(i).state, CT_OBL_SETTLED);
    }
    for (uint16_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(balance(m, "2199"), 0);
    }
}

/* Equal amounts: the lower USCC goes first. */
static void test_ties_go_by_member_id(void **state)
{
    (void)state;
    int64_t open[MEMBERS] = {0};
    struct zyd_cycle_plan want[64];
    start();
    owe(BANK1, GUAR, 500);
    owe(BANK2, REG, 500);
    open[BANK1] = open[BANK2] = -500;
    open[GUAR] = open[REG] = 500;
    until(zyd_fixture_at(20260105, 16));
    assert_true(look(1));
    assert_int_equal(c.plan_count, model_plan(want, open));
    assert_memory_equal(part('P', 0, false).data, want, 2 * sizeof want[0]);
}

static void test_more_than_an_amount_can_say_waits_for_the_next_cycle(void **state)
{
    (void)state;
    start();
    owe(GUAR, BANK1, ZYD_MONEY_MAX - 5);
    owe(GUAR, BANK1, 6);
    owe(GUAR, BANK1, 5);
    until(zyd_fixture_at(20260105, 16));
    assert_true(look(1));
    assert_int_equal(c.count, 2);
    assert_int_equal(c.total, ZYD_MONEY_MAX);
    assert_int_equal(obligation(1).state, CT_OBL_CREATED);
    confirm_all(1);
    pay(1);
    until(now + 10);
    until(zyd_fixture_at(20260106, 16));
    assert_true(look(2));
    assert_int_equal(c.count, 1);
    assert_int_equal(entry('O', 0).age, 0); /* waiting so is no ageing */
}

static void test_wrong_shapes_are_refused(void **state)
{
    (void)state;
    static const uint8_t one[2] = {0x91, 0x01}, none[1] = {0x90};
    assert_int_equal(act(ZYD_CE_START, BANK1, 0, zyd_span(one, 2)), 9104);
    assert_int_equal(act(ZYD_CE_CONFIRM, BANK1, 0, zyd_span(none, 1)), 9104);
    assert_int_equal(act(ZYD_CE_NOTICE, BANK1, 0, zyd_span(none, 1)), 9104);
    assert_int_equal(act(ZYD_CE_OPENING, BANK1, 0, zyd_span(none, 1)), 9104);
    assert_int_equal(act((enum zyd_cycle_event)5, BANK1, 0, zyd_span(none, 1)), 9104);
    start();
    struct zyd_hash made = f->object;
    assert_int_equal(zyd_fixture_block(f, now + 10), 0);
    assert_int_equal(zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = CYCLE, .event = ZYD_CE_START, .programme = prog,
                                                                .object = &made, .expect_seq = UINT64_MAX}),
                     9104);
    zyd_fixture_end(f);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_e16_nobody_had_paid_when_nfgf_misses_the_deadline),
        T(test_e16_guar_and_reg_have_paid_and_pay_the_rest),
        T(test_e16_postings_through_clearing),
        T(test_a_rise_beyond_the_reserve_is_warned_of),
        T(test_without_a_net_obligation_no_cycle_is_made),
        T(test_start_is_for_the_next_cut_off_that_lies_ahead),
        T(test_small_ones_wait_and_a_cycle_of_nothing_else_is_empty),
        T(test_debts_in_a_circle_settle_without_a_payment),
        T(test_confirm_is_checked),
        T(test_what_a_member_refuses_leaves_and_the_rest_is_confirmed_anew),
        T(test_who_is_silent_refuses_all_of_its_own),
        T(test_a_silent_fiscal_member_holds_nothing_up),
        T(test_a_third_refusal_closes_the_cycle_and_rolls_all),
        T(test_notices_are_checked),
        T(test_a_payer_that_fails_half_way_is_paid_back),
        T(test_three_hundred_obligations_in_slices_of_flat_cost),
        T(test_ties_go_by_member_id),
        T(test_more_than_an_amount_can_say_waits_for_the_next_cycle),
        T(test_wrong_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
