/* Goal: the template contract does what contracts/README.md says, as the deployed plugin and as a native function, with the
 * same records and outcomes in both.
 * Method: one script of operations runs through two ledgers, one with the ELF in the machine, one with the same source
 * compiled into this program; after each step every leaf of the two states and the last outcome (but for fuel) are compared. */
#define contract_call template_contract_call
#include "contracts/template/iou.c"
#undef contract_call

#include "tests/lib/ledger_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define IOU 2u
#define DEBTOR 0u
#define CREDITOR 1u
#define OTHER 2u

struct pair {
    struct zyd_fixture *vm, *native;
    struct zyd_hash iou, obligation;
    uint64_t seq;
};

static uint8_t scratch[512];

static struct zyd_fixture *ledger(bool native)
{
    struct zyd_fixture *f = zyd_fixture_new(4);
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 2);
    zyd_wr_u64(&wr, 100000000);
    zyd_wr_u64(&wr, 3);
    if (native) {
        zyd_fixture_native(f, IOU, "template", template_contract_call);
    } else {
        zyd_fixture_plugin(f, IOU, "template", ZYD_PLUGIN_DIR "/template.elf");
    }
    zyd_fixture_programme(f, 1, IOU, "IOU", zyd_wr_span(&wr));
    zyd_fixture_start(f);
    return f;
}

static int setup(void **state)
{
    struct pair *p = calloc(1, sizeof *p);
    p->vm = ledger(false);
    p->native = ledger(true);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct pair *p = *state;
    zyd_fixture_free(p->vm);
    zyd_fixture_free(p->native);
    free(p);
    return 0;
}

static void assert_same_state(const struct pair *p)
{
    assert_int_equal(p->vm->leaf_count, p->native->leaf_count);
    for (uint64_t i = 0; i < p->vm->leaf_count; i++) {
        assert_int_equal(p->vm->leaves[i].size, p->native->leaves[i].size);
        assert_memory_equal(p->vm->leaves[i].data, p->native->leaves[i].data, p->vm->leaves[i].size);
    }
}

static void assert_same_outcome(const struct pair *p)
{
    const struct zyd_outcome *a = &p->vm->outcome, *b = &p->native->outcome;
    assert_true(a->fuel > b->fuel); /* instructions cost nothing natively */
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->seq, b->seq);
    assert_memory_equal(&a->op_id, &b->op_id, 32);
    assert_memory_equal(&a->object, &b->object, 32);
    assert_int_equal(a->posting_count, b->posting_count);
    assert_int_equal(a->event_count, b->event_count);
    for (uint32_t i = 0; i < a->posting_count; i++) {
        assert_memory_equal(&p->vm->postings[i], &p->native->postings[i], sizeof(struct zyd_posting));
    }
    for (uint32_t i = 0; i < a->event_count; i++) {
        assert_int_equal(a->events[i].data.size, b->events[i].data.size);
        assert_memory_equal(a->events[i].data.data, b->events[i].data.data, a->events[i].data.size);
    }
}

static uint32_t block(struct pair *p, int32_t date)
{
    uint32_t a = zyd_fixture_block(p->vm, zyd_fixture_at(date, 9));
    uint32_t b = zyd_fixture_block(p->native, zyd_fixture_at(date, 9));
    assert_int_equal(a, b);
    return a;
}

static void end(struct pair *p)
{
    zyd_fixture_end(p->vm);
    zyd_fixture_end(p->native);
    assert_same_state(p);
}

static uint32_t run(struct pair *p, const struct zyd_fixture_op *op)
{
    uint32_t a = zyd_fixture_run(p->vm, op), b = zyd_fixture_run(p->native, op);
    assert_int_equal(a, b);
    if (op->contract == IOU && p->vm->outcome.code == 0) {
        assert_same_outcome(p);
    }
    return a;
}

static struct zyd_span promise_args(const char *debtor, const char *creditor, uint64_t amount, int32_t due)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 4);
    zyd_wr_str(&wr, debtor, strlen(debtor));
    zyd_wr_str(&wr, creditor, strlen(creditor));
    zyd_wr_u64(&wr, amount);
    zyd_wr_i64(&wr, due);
    return zyd_wr_span(&wr);
}

static struct zyd_span date_args(int32_t date)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 1);
    zyd_wr_i64(&wr, date);
    return zyd_wr_span(&wr);
}

static struct zyd_span text_args(const char *text)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, text, strlen(text));
    return zyd_wr_span(&wr);
}

/* M00 promises M01 1,234.56 yuan until 30 January 2026; both sign the envelope. */
static void promised(struct pair *p)
{
    block(p, 20260105);
    assert_int_equal(run(p, &(struct zyd_fixture_op){.contract = IOU, .event = IOU_PROMISE, .programme = 1, .member = DEBTOR,
                                                     .ref = "PROMISE-1", .args = promise_args("M00", "M01", 123456, 20260130),
                                                     .signers = {CREDITOR}, .signer_count = 1}),
                     0);
    p->iou = p->vm->object;
    p->obligation = p->vm->postings[0].obligation;
    p->seq = p->vm->outcome.seq;
    end(p);
}

static void test_a_promise_signed_by_both_stands_in_both_books(void **state)
{
    struct pair *p = *state;
    struct zyd_obligation o;
    promised(p);
    assert_int_equal(p->seq, 1);
    assert_int_equal(zyd_fixture_balance(p->vm, DEBTOR, 1, "2141.M01"), -123456);
    assert_int_equal(zyd_fixture_balance(p->vm, DEBTOR, 1, "5041"), 123456);
    assert_int_equal(zyd_fixture_balance(p->vm, CREDITOR, 1, "1141.M00"), 123456);
    assert_int_equal(zyd_fixture_balance(p->vm, CREDITOR, 1, "4011"), -123456);
    assert_true(zyd_fixture_obligation(p->vm, &o, &p->obligation));
    assert_int_equal(o.amount.fen, 123456);
    assert_int_equal(o.value_date, 20260105);
    assert_memory_equal(&o.object, &p->iou, 32);
}

static void test_a_promise_without_the_creditors_signature_is_refused(void **state)
{
    struct pair *p = *state;
    block(p, 20260105);
    const struct zyd_fixture_op op = {.contract = IOU, .event = IOU_PROMISE, .programme = 1, .member = DEBTOR,
                                      .ref = "PROMISE-2", .args = promise_args("M00", "M01", 1, 20260130)};
    assert_int_equal(run(p, &op), ZYD_CODE_SIGNER_MISSING);
    end(p);
}

static void test_a_promise_may_wait_for_its_countersigner(void **state)
{
    struct pair *p = *state;
    struct zyd_pending pending;
    block(p, 20260105);
    assert_int_equal(run(p, &(struct zyd_fixture_op){.contract = IOU, .event = IOU_PROMISE, .programme = 1, .member = DEBTOR,
                                                     .ref = "PROMISE-3", .args = promise_args("M00", "M01", 5, 20260130),
                                                     .flags = ZYD_ENV_MAY_WAIT}),
                     ZYD_CODE_PENDING);
    struct zyd_hash op_id = p->vm->op_id;
    end(p);
    block(p, 20260106);
    assert_int_equal(run(p, &(struct zyd_fixture_op){.event = ZYD_HOST_COUNTERSIGN, .member = CREDITOR, .object = &op_id}), 0);
    assert_int_equal(p->vm->outcome.posting_count, 2);
    end(p);
    assert_true(zyd_fixture_pending(p->vm, &pending, &op_id));
    assert_int_equal(pending.state, 2);
    assert_int_equal(zyd_fixture_balance(p->vm, CREDITOR, 1, "1141.M00"), 5);
}

static void test_wrong_arguments_have_their_codes(void **state)
{
    struct pair *p = *state;
    struct zyd_fixture_op op = {.contract = IOU, .event = IOU_PROMISE, .programme = 1, .member = DEBTOR, .ref = "PROMISE-4",
                                .signers = {CREDITOR}, .signer_count = 1};
    block(p, 20260105);
    op.args = promise_args("M00", "NOONE", 1, 20260130);
    assert_int_equal(run(p, &op), IOU_BAD_ID);
    op.args = promise_args("M00", "M00", 1, 20260130);
    assert_int_equal(run(p, &op), IOU_RANGE);
    op.args = promise_args("M00", "M01", 0, 20260130);
    assert_int_equal(run(p, &op), IOU_RANGE);
    op.args = promise_args("M00", "M01", 1, 20260104);
    assert_int_equal(run(p, &op), IOU_BAD_DATE);
    op.args = promise_args("M00", "M01", 1, 20260230);
    assert_int_equal(run(p, &op), IOU_BAD_DATE);
    op.args = promise_args("M00", "M01", 100000001, 20260130);
    assert_int_equal(run(p, &op), IOU_OVER_LIMIT);
    op.args = date_args(20260130);
    assert_int_equal(run(p, &op), IOU_RANGE);
    op.args = text_args("not a promise");
    assert_int_equal(run(p, &op), IOU_RANGE);
    op.event = 77;
    assert_int_equal(run(p, &op), IOU_RANGE);
    end(p);
}

static void test_an_unpaid_promise_becomes_overdue_after_its_grace(void **state)
{
    struct pair *p = *state;
    promised(p);
    assert_int_equal(block(p, 20260202), 0); /* 30 January + 3 days of grace: the last is 2 February */
    end(p);
    assert_int_equal(block(p, 20260205), 1); /* the first block after: it runs as of 00:00 of the 3rd */
    assert_true(zyd_fixture_outcome(p->vm, 0));
    assert_int_equal(p->vm->outcome.code, 0);
    assert_int_equal(p->vm->outcome.due_ms, zyd_fixture_at(20260203, 0));
    assert_int_equal(p->vm->outcome.event_count, 1);
    assert_int_equal(p->vm->events[0].code, IOU_EMIT_OVERDUE);
    assert_int_equal(p->vm->outcome.seq, 1); /* SYS raises nothing */
    end(p);
    assert_int_equal(block(p, 20260206), 0); /* once */
    end(p);
}

static void test_an_extension_moves_the_deadline(void **state)
{
    struct pair *p = *state;
    promised(p);
    block(p, 20260110);
    struct zyd_fixture_op op = {.contract = IOU, .event = IOU_EXTEND, .programme = 1, .member = CREDITOR, .object = &p->iou,
                                .expect_seq = 1, .args = date_args(20260227), .signers = {DEBTOR}, .signer_count = 1};
    assert_int_equal(run(p, &op), 0);
    assert_int_equal(p->vm->outcome.seq, 2);
    assert_int_equal(run(p, &op), ZYD_CODE_STALE_STATE); /* the number was taken */
    end(p);
    assert_int_equal(block(p, 20260301), 0);
    end(p);
    assert_int_equal(block(p, 20260303), 1);
    end(p);
}

static void test_paid_settles_the_obligation_and_tells_the_contract(void **state)
{
    struct pair *p = *state;
    struct zyd_obligation o;
    promised(p);
    block(p, 20260120);
    struct zyd_fixture_op paid = {.event = ZYD_HOST_PAID, .member = DEBTOR, .object = &p->obligation, .expect_seq = 1,
                                  .args = text_args("BANKREF-1"), .signers = {CREDITOR}, .signer_count = 1};
    assert_int_equal(run(p, &paid), 0);
    assert_int_equal(p->vm->outcome.posting_count, 2);
    assert_int_equal(p->vm->postings[0].label, ZYD_LABEL_SETTLED);
    assert_string_equal(p->vm->postings[0].dr, "2141.M01");
    assert_string_equal(p->vm->postings[0].cr, "1001");
    assert_string_equal(p->vm->postings[1].dr, "1001");
    assert_string_equal(p->vm->postings[1].cr, "1141.M00");
    end(p);
    assert_true(zyd_fixture_obligation(p->vm, &o, &p->obligation));
    assert_int_equal(o.state, CT_OBL_SETTLED);
    assert_int_equal(zyd_fixture_balance(p->vm, DEBTOR, 1, "2141.M01"), 0);
    assert_int_equal(zyd_fixture_balance(p->vm, CREDITOR, 1, "1001"), 123456);

    assert_int_equal(block(p, 20260121), 1);
    assert_true(zyd_fixture_outcome(p->vm, 0));
    assert_int_equal(p->vm->outcome.event, CT_EVENT_SETTLED);
    assert_int_equal(p->vm->outcome.code, 0);
    assert_memory_equal(&p->vm->outcome.object, &p->iou, 32);
    assert_int_equal(p->vm->events[0].code, IOU_EMIT_PAID);
    end(p);
    assert_int_equal(block(p, 20260301), 0); /* its deadline was cleared */
    end(p);
}

static void test_a_note_is_emitted_and_changes_only_the_number(void **state)
{
    struct pair *p = *state;
    promised(p);
    block(p, 20260106);
    struct zyd_fixture_op op = {.contract = IOU, .event = IOU_NOTE, .programme = 1, .member = OTHER, .object = &p->iou,
                                .expect_seq = 1, .args = text_args("not mine")};
    assert_int_equal(run(p, &op), IOU_RANGE);
    op.member = DEBTOR;
    op.args = text_args("on its way");
    assert_int_equal(run(p, &op), 0);
    assert_int_equal(p->vm->outcome.seq, 2);
    assert_int_equal(p->vm->events[0].data.size, 10);
    end(p);
}

static void test_an_extension_that_waits_ends_when_the_promise_was_paid(void **state)
{
    struct pair *p = *state;
    struct zyd_pending pending;
    promised(p);
    block(p, 20260110);
    assert_int_equal(run(p, &(struct zyd_fixture_op){.contract = IOU, .event = IOU_EXTEND, .programme = 1, .member = CREDITOR,
                                                     .object = &p->iou, .expect_seq = 1, .args = date_args(20260227),
                                                     .flags = ZYD_ENV_MAY_WAIT}),
                     ZYD_CODE_PENDING);
    struct zyd_hash op_id = p->vm->op_id;
    assert_int_equal(run(p, &(struct zyd_fixture_op){.event = ZYD_HOST_PAID, .member = DEBTOR, .object = &p->obligation,
                                                     .expect_seq = 1, .args = text_args("BANKREF-2"), .signers = {CREDITOR},
                                                     .signer_count = 1}),
                     0);
    end(p);
    /* SYS raises no number: expect_seq still holds, the contract's own check does not */
    assert_int_equal(block(p, 20260112), 1);
    assert_int_equal(run(p, &(struct zyd_fixture_op){.event = ZYD_HOST_COUNTERSIGN, .member = DEBTOR, .object = &op_id}),
                     IOU_BAD_STATE);
    end(p);
    assert_true(zyd_fixture_pending(p->vm, &pending, &op_id));
    assert_int_equal(pending.state, 6);
    assert_int_equal(pending.code, IOU_BAD_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_promise_signed_by_both_stands_in_both_books, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_promise_without_the_creditors_signature_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_promise_may_wait_for_its_countersigner, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_arguments_have_their_codes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_unpaid_promise_becomes_overdue_after_its_grace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_extension_moves_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paid_settles_the_obligation_and_tells_the_contract, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_extension_that_waits_ends_when_the_promise_was_paid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_note_is_emitted_and_changes_only_the_number, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
