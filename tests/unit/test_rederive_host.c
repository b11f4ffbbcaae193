/* zyd-audit's second look at what a host books by itself (node/bin/zyd-audit/rederive_debt.c, rederive_net.c).
 *
 * Goal: an obligation settled twice, a leg or a payment of a cycle that is a fen off or in another member's books is found and
 * told to the fen, although no contract can book it.
 * Method: an honest ledger of a cycle; the auditor is told every outcome as it is, and of one another thing: again, or with a
 * row that was changed.
 */
#include "cycle_rig.h"
#include "node/bin/zyd-audit/rederive.h"
#include <zyd/voucher.h>

struct change { /* of the first outcome that has a row of this label */
    uint16_t label, row;
    bool again;       /* told a second time */
    int64_t fen;      /* added to the row */
    uint16_t member;  /* 0xffff: as it is */
    const char *kind; /* that must be found; NULL: nothing */
    int64_t booked, right;
};
static struct {
    struct audit_pass *pass;
    struct re *re;
    const struct change *change;
    bool done;
} audit;

static void told(struct zyd_fixture *x, const struct zyd_op *op, uint64_t log_index, uint32_t n)
{
    struct zyd_posting rows_[ZYD_CALL_POSTINGS_MAX];
    struct zyd_outcome o = x->outcome;
    struct audit_step at = {.height = x->height, .log_index = log_index, .number = n, .time_ms = x->time_ms, .o = &o};
    const struct change *k = audit.change;
    bool mine = !audit.done && o.posting_count > k->row && o.postings[0].label == k->label;
    memcpy(rows_, o.postings, o.posting_count * sizeof *rows_);
    o.postings = rows_;
    if (mine) {
        rows_[k->row].amount.fen += k->fen;
        rows_[k->row].member = k->member == 0xffff ? rows_[k->row].member : k->member;
        audit.done = true;
    }
    audit_pass_step(audit.pass, &at, op, x->state);
    if (mine && k->again) {
        audit_pass_step(audit.pass, &at, op, x->state);
    }
}

static void watch(void *ctx, struct zyd_fixture *x, const struct zyd_op *op, uint64_t log_index, uint32_t n)
{
    (void)ctx;
    if (audit.re == NULL) { /* the first outcome: genesis is there */
        audit.pass = audit_pass_new(&x->c.g);
        audit.re = re_open(&x->c.g, audit.pass);
    }
    told(x, op, log_index, n);
}

/* GUAR owes BANK1 100.00, REG owes GUAR 40.00; PFIN owes BANK1 7.00, which is gross and is paid by both. */
static void life(const struct change *change)
{
    void *state = NULL;
    static const uint8_t reference[] = {0x91, 0xa1, 'X'};
    audit.change = change;
    audit.done = false;
    audit.re = NULL;
    setup(&state);
    f->watch = watch;
    start();
    owe(GUAR, BANK1, 10000);
    owe(REG, GUAR, 4000);
    owe(PFIN, BANK1, 700);
    struct zyd_fixture_op paid = {.event = ZYD_HOST_PAID, .programme = PROG, .member = PFIN, .object = &ids[2], .expect_seq = 1,
                                  .args = zyd_span(reference, sizeof reference), .signers = {BANK1}, .signer_count = 1};
    now += 10;
    zyd_fixture_block(f, now);
    assert_int_equal(zyd_fixture_run(f, &paid), 0);
    zyd_fixture_end(f);
    until(zyd_fixture_at(20260105, 16));
    until(now + 10);
    confirm_all(1);
    until(now + 10);
    pay(1);
    pay(2);
    for (unsigned i = 0; i < 4; i++) {
        until(now + 10);
    }
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    teardown(&state);
}

static void check(const struct change *change)
{
    bool found = change->kind == NULL;
    life(change);
    const struct audit_findings *all = &audit.re->findings;
    for (size_t i = 0; i < all->count; i++) {
        const struct audit_finding *x = &all->rows[i];
        bool amounts = x->booked == change->booked && x->right == change->right;
        found = found || (strcmp(x->kind->name, change->kind) == 0 && amounts);
    }
    for (size_t i = 0; i < all->count && (!found || change->kind == NULL); i++) {
        const struct audit_finding *x = &all->rows[i];
        print_message("%s %lld %lld %s\n", x->kind->name, (long long)x->booked, (long long)x->right, x->detail);
    }
    assert_true(found);
    assert_true((change->kind == NULL) == (all->count == 0));
    assert_true(audit.re->compared > 15);
    re_close(audit.re);
    audit_pass_free(audit.pass);
}

static void what_is_as_it_was_has_no_finding(void **state)
{
    static const struct change none = {.member = 0xffff};
    (void)state;
    check(&none);
}

static void an_obligation_paid_or_netted_twice_is_found(void **state)
{
    static const struct change twice[] = {
        {ZYD_LABEL_SETTLED, 0, true, 0, 0xffff, "obligation_settled_twice", 700, 0},
        {ZYD_LABEL_NETTED, 0, true, 0, 0xffff, "obligation_settled_twice", 10000, 0},
    };
    (void)state;
    check(&twice[0]);
    check(&twice[1]);
}

static void a_row_that_is_a_fen_off_or_another_members_is_found(void **state)
{
    static const struct change changes[] = {
        {ZYD_LABEL_SETTLED, 1, false, -1, 0xffff, "obligation_amount", 699, 700},
        {ZYD_LABEL_NETTED, 1, false, 1, 0xffff, "obligation_amount", 10001, 10000},
        {ZYD_LABEL_NETTED, 3, false, 0, NFGF, "obligation_amount", 4000, 4000},
        {ZYD_CL_PAID, 0, false, 1, 0xffff, "instruction_amount", 6001, 6000},
        {ZYD_CL_PAID, 0, false, 1, 0xffff, "net_position", 6001, 6000},
        {ZYD_CL_PAID, 2, false, 0, NFGF, "net_position", 0, 4000},
        {ZYD_CL_OPENING, 0, false, 1, 0xffff, "obligation_amount", 10001, 10000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        check(&changes[i]);
    }
}

/* ---- a block that comes late ---- */

enum { BILLS = 20 };

static void voucher_op(enum zyd_voucher_event event, uint16_t member, const struct zyd_hash *object, const char *ref,
                       struct zyd_wr *wr)
{
    struct zyd_fixture_op op = {.contract = ZYD_VOUCHER_CONTRACT, .event = (uint16_t)event, .programme = BILLS,
                                .member = member, .object = object, .expect_seq = UINT64_MAX, .ref = ref,
                                .args = zyd_wr_span(wr)};
    now += 10;
    zyd_fixture_block(f, now);
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    zyd_fixture_end(f);
}

static void voucher_plugin(void)
{
    zyd_fixture_plugin(f, ZYD_VOUCHER_CONTRACT, "voucher", ZYD_PLUGIN_DIR "/voucher.elf");
}

static void voucher_programme(void)
{
    static const uint64_t defaults[] = {
#define X(name, text, type, def, min, max, zh, en) def,
        ZYD_VOUCHER_PARAMS(X)
#undef X
    };
    uint8_t slots[8 * ZYD_VOUCHER_PARAM_COUNT], bytes[128];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    for (size_t i = 0; i < ZYD_VOUCHER_PARAM_COUNT; i++) {
        zyd_put64(slots + 8 * i, i == ZYD_VP_SETTLE ? 0 : defaults[i]);
    }
    zyd_wr_array(&wr, 1);
    zyd_wr_bin(&wr, slots, sizeof slots);
    zyd_fixture_programme(f, BILLS, ZYD_VOUCHER_CONTRACT, "BILLS", zyd_wr_span(&wr))->settlement = PROG;
}

/* GUAR owes REG 50.00, due on 7 January. */
static void voucher_due(void)
{
    uint8_t bytes[256];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wr_array(&wr, 3);
    zyd_wr_u64(&wr, GUAR);
    zyd_wr_u64(&wr, 100000);
    zyd_wr_u64(&wr, 20261231);
    voucher_op(ZYD_VE_LINE, BANK1, NULL, "LINE", &wr);
    wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wr_array(&wr, 5);
    zyd_wr_u64(&wr, REG);
    zyd_wr_u64(&wr, 5000);
    zyd_wr_u64(&wr, 20260107);
    zyd_wr_nil(&wr);
    zyd_wr_array(&wr, 1);
    zyd_wr_array(&wr, 2);
    zyd_wr_hash(&wr, &(struct zyd_hash){.b = {7}});
    zyd_wr_u64(&wr, 5000);
    voucher_op(ZYD_VE_ISSUE, GUAR, NULL, "V1", &wr);
    struct zyd_hash voucher = f->outcome.object;
    wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wr_array(&wr, 0);
    voucher_op(ZYD_VE_ACCEPT, REG, &voucher, NULL, &wr);
}

/* No block between the 6th and the 8th: the voucher's maturity and a cut-off of the 7th run in one block of the 8th.  What the
 * maturity makes has that block's date (ruling 27), so the cut of the 7th gives it back and the cut of the 8th takes it. */
static void what_a_late_block_makes_is_for_the_next_cut(void **state)
{
    static const struct change none = {.member = 0xffff};
    (void)state;
    audit.change = &none;
    audit.done = false;
    audit.re = NULL;
    more_plugins = voucher_plugin;
    more_programmes = voucher_programme;
    setup(NULL);
    f->watch = watch;
    start();
    voucher_due();
    until(zyd_fixture_at(20260106, 17));
    until(zyd_fixture_at(20260108, 9));
    for (unsigned i = 0; i < 4; i++) {
        until(now + 10);
    }
    assert_true(look(1));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(c.count, 0);
    until(zyd_fixture_at(20260108, 16));
    until(now + 10);
    assert_true(look(2));
    assert_int_equal(c.count, 1);
    confirm_all(2);
    pay(1);
    for (unsigned i = 0; i < 4; i++) {
        until(now + 10);
    }
    assert_true(look(2));
    assert_int_equal(c.state, ZYD_CS_CLOSED);
    assert_int_equal(audit.re->findings.count, 0);
    assert_true(audit.re->compared > 8);
    teardown(NULL);
    re_close(audit.re);
    audit_pass_free(audit.pass);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_as_it_was_has_no_finding),
        cmocka_unit_test(an_obligation_paid_or_netted_twice_is_found),
        cmocka_unit_test(a_row_that_is_a_fen_off_or_another_members_is_found),
        cmocka_unit_test(what_a_late_block_makes_is_for_the_next_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
