/* zyd-audit's second look at what a host books by itself (node/bin/zyd-audit/rederive_debt.c, rederive_net.c).
 *
 * Goal: an obligation settled twice, a leg or a payment of a cycle that is a fen off or in another member's books is found and
 * told to the fen, although no contract can book it.
 * Method: an honest ledger of a cycle; the auditor is told every outcome as it is, and of one another thing: again, or with a
 * row that was changed.
 */
#include "cycle_rig.h"
#include "node/bin/zyd-audit/rederive.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_as_it_was_has_no_finding),
        cmocka_unit_test(an_obligation_paid_or_netted_twice_is_found),
        cmocka_unit_test(a_row_that_is_a_fen_off_or_another_members_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
