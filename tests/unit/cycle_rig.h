/* cycle_rig.h: what the tests of the settlement cycle share: a consortium of seven with three netting programmes, operations,
 * and the records of a cycle as a member reads them. */
#ifndef ZYD_TESTS_CYCLE_RIG_H
#define ZYD_TESTS_CYCLE_RIG_H

#include "tests/lib/ledger_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zyd/contract.h>
#include <zyd/cycle.h>
#include <zyd/date.h>

#define RIG static __attribute__((unused)) /* no test file needs them all */

enum { BANK1, BANK2, GUAR, REG, NFGF, PFIN, AUD, MEMBERS };
enum { PROG = 9, AGENT = 10, SMALL = 11 };
#define CYCLE 5u
#define B(m) (UINT64_C(1) << (m))
#define MINUTE UINT64_C(60000)

RIG struct zyd_fixture *f;
RIG uint64_t now;
RIG unsigned refs;
RIG uint16_t prog;
RIG struct zyd_hash ids[512]; /* obligations in the order in which they were made */
RIG uint32_t id_count;
RIG uint8_t arg_bytes[8192];
RIG struct zyd_cycle c;
RIG struct zyd_cycle_member rows[64];
RIG struct zyd_hash cycle;
RIG uint64_t most_fuel[8]; /* of an operation, by event */

RIG void slot(uint8_t *slots, enum zyd_cycle_param which, uint64_t v)
{
    zyd_put64(slots + 8 * (size_t)which, v);
}

RIG void programme(uint16_t id, const char *code, uint64_t min_amount, uint64_t reserve, bool agent)
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

RIG void (*more_plugins)(void), (*more_programmes)(void); /* before start; NULL: none */

RIG int setup(void **state)
{
    static const char *const codes[] = {"BANK1", "BANK2", "GUAR", "REG", "NFGF", "PFIN", "AUD"};
    static const enum zyd_role roles[] = {ZYD_ROLE_BANK, ZYD_ROLE_BANK, ZYD_ROLE_GUAR, ZYD_ROLE_REG,
                                          ZYD_ROLE_NFGF, ZYD_ROLE_FISCAL, ZYD_ROLE_AUD};
    (void)state;
    f = zyd_fixture_new(MEMBERS);
    for (uint16_t i = 0; i < MEMBERS; i++) {
        zyd_fixture_member(f, i, codes[i], roles[i]);
    }
    if (more_plugins != NULL) {
        more_plugins();
    }
    zyd_fixture_plugin(f, CYCLE, "cycle", ZYD_PLUGIN_DIR "/cycle.elf");
    programme(PROG, "NETTING", 0, 0, false);
    programme(AGENT, "AGENT", 0, 10000000, true);
    programme(SMALL, "SMALL", 10000, 0, false);
    if (more_programmes != NULL) {
        more_programmes();
    }
    zyd_fixture_start(f);
    now = zyd_fixture_at(20260105, 9); /* a Monday */
    prog = PROG;
    id_count = 0;
    return 0;
}

RIG int teardown(void **state)
{
    (void)state;
    zyd_fixture_free(f);
    return 0;
}

/* What is due by then runs. */
RIG uint32_t until(uint64_t ms)
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

RIG bool warned_since_block(uint32_t n, uint32_t code)
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
RIG uint32_t act(enum zyd_cycle_event event, uint16_t member, uint64_t signers, struct zyd_span args)
{
    char ref[24];
    snprintf(ref, sizeof ref, "REF%u", refs++);
    struct zyd_fixture_op op = {.contract = CYCLE, .event = (uint16_t)event, .programme = prog, .member = member, .ref = ref,
                                .args = args};
    for (uint16_t m = 0; m < 64; m++) {
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
    most_fuel[event] = f->outcome.fuel > most_fuel[event] ? f->outcome.fuel : most_fuel[event];
    if (code != 0) {
        assert_int_equal(f->outcome.posting_count + f->outcome.event_count + f->outcome.warning_count, 0);
        assert_memory_equal(&before, &f->root, sizeof before);
    }
    return code;
}

RIG void owe(uint16_t debtor, uint16_t creditor, int64_t fen)
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

RIG void start(void)
{
    static const uint8_t none[1] = {0x90};
    assert_int_equal(act(ZYD_CE_START, BANK1, 0, zyd_span(none, 1)), 0);
}

/* ---- reading records ---- */

RIG struct zyd_span record(const void *name, size_t size)
{
    struct zyd_hash key;
    zyd_record_key(&key, CYCLE, zyd_span(name, size));
    return zyd_fixture_get(f, NULL, &key);
}

RIG struct zyd_span part(char kind, uint32_t index, bool numbered)
{
    uint8_t name[37];
    name[0] = (uint8_t)kind;
    memcpy(name + 1, cycle.b, 32);
    zyd_put32(name + 33, index);
    return record(name, numbered ? 37 : 33);
}

/* The programme's cycle of a number; false when there is none. */
RIG bool look(uint64_t number)
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

RIG struct zyd_cycle_instruction instr(uint32_t number)
{
    struct zyd_cycle_instruction i;
    struct zyd_span v = part('N', number, true);
    assert_int_equal(v.size, sizeof i);
    memcpy(&i, v.data, sizeof i);
    return i;
}

RIG struct zyd_cycle_entry entry(char kind, uint32_t position)
{
    struct zyd_cycle_entry e;
    struct zyd_span v = part(kind, position / 64, true);
    assert_true(v.size >= (position % 64 + 1) * sizeof e);
    memcpy(&e, v.data + position % 64 * sizeof e, sizeof e);
    return e;
}

RIG int64_t net(uint16_t m)
{
    return rows[m].in - rows[m].out;
}

/* ---- confirming and noticing ---- */

RIG struct zyd_hash statement(uint16_t member)
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

RIG uint32_t confirm_with(uint16_t member, const struct zyd_hash *hash, const struct zyd_hash *refused, uint32_t count)
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

RIG uint32_t confirm(uint16_t member)
{
    struct zyd_hash hash = statement(member);
    return confirm_with(member, &hash, NULL, 0);
}

RIG void confirm_all(uint64_t number)
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

RIG const char *const accounts[] = {"", "", "6222-GUAR", "6222-REG", "6222-NFGF", "", ""};
RIG const uint16_t bank_of[] = {BANK1, BANK2, BANK1, BANK2, BANK2, PFIN, AUD};

RIG uint32_t notice_with(uint16_t member, uint64_t side, const char *reference, int64_t amount, const char *account,
                         int32_t date)
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

RIG int32_t today(void)
{
    return zyd_date_of_ms((int64_t)now);
}

RIG uint32_t notice(uint32_t number, uint64_t side)
{
    struct zyd_cycle_instruction i = instr(number);
    uint16_t who = side == ZYD_CYCLE_DEBIT ? i.payer : i.payee;
    return notice_with(bank_of[who], side, i.end_to_end, i.amount, accounts[who], today());
}

RIG void pay(uint32_t number)
{
    assert_int_equal(notice(number, ZYD_CYCLE_DEBIT), 0);
    assert_int_equal(notice(number, ZYD_CYCLE_CREDIT), 0);
}

RIG void expect_instr(uint32_t number, uint16_t payer, uint16_t payee, int64_t amount)
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

RIG struct zyd_obligation obligation(uint32_t i)
{
    struct zyd_obligation o;
    assert_true(zyd_fixture_obligation(f, &o, &ids[i]));
    return o;
}

RIG int64_t balance(uint16_t m, const char *code)
{
    return zyd_fixture_balance(f, m, prog, code);
}

/* ---- E16: the twelve obligations ---- */

RIG const struct {
    uint16_t debtor, creditor;
    int64_t fen;
} e16[12] = {{GUAR, BANK1, 188493284}, {REG, GUAR, 47123321},  {NFGF, GUAR, 47123321}, {BANK1, GUAR, 713682},
             {GUAR, REG, 85642},       {REG, NFGF, 42821},     {PFIN, BANK1, 15542},   {PFIN, BANK2, 10603},
             {BANK2, PFIN, 3976},      {BANK2, GUAR, 1000001}, {GUAR, BANK2, 30000000}, {BANK2, REG, 7777777}};

/* The twelve obligations, the cut-off at 16:00, and round one as the page prints it. */
RIG void e16_computed(void)
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

RIG void e16_instructed(void)
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
RIG void e16_settled(void)
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
        struct zyd_span from = f->c.g.members[e16[i].debtor].code, to = f->c.g.members[e16[i].creditor].code;
        snprintf(owed, sizeof owed, "2141.%.*s", (int)to.size, to.data);
        snprintf(due, sizeof due, "1141.%.*s", (int)from.size, from.data);
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

#endif
