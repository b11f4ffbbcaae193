/* Goal: the host's own rules hold: sequence numbers, countersigning, officers, gross settlement.
 * Method: short scripts on a ledger in memory with the zoo's guest as contract; the fixture checks conservation of money by a
 * full scan after every block. */
#include "host_rig.h"

/* ---- objects and their numbers ---- */

static void test_an_object_has_number_one_and_each_operation_raises_it(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", ZOO_EMITS);
    assert_int_equal(f->outcome.seq, 1);
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_NOTHING, .programme = 1, .object = &object, .expect_seq = 1};
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    assert_int_equal(f->outcome.seq, 2);
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_STALE_STATE);
    assert_int_equal(f->outcome.seq, 2);
    op.expect_seq = 3;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_STALE_STATE);
    op.expect_seq = 2;
    op.event = ZOO_RETURN;
    op.args = ARGS(1);
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_BAD_RETURN); /* a failure takes no number */
    op.event = ZOO_NOTHING;
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    assert_int_equal(f->outcome.seq, 3);
}

static void test_one_reference_makes_one_object(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_MAKE, .programme = 1, .ref = "A", .args = ARGS(0)};
    struct zyd_hash object = make(f, 1, "A", 0);
    op.args = ARGS(1); /* whatever the other bytes */
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_DUP_KEY);
    next_day(f, 20260106);
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_DUP_KEY);
    assert_memory_equal(&f->object, &object, 32);
    op.member = 1; /* another maker: another object */
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    assert_memory_not_equal(&f->object, &object, 32);
}

static void test_unknown_things_have_their_codes(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash none = {{1}}, object = make(f, 1, "A", 0);
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_NOTHING, .programme = 1, .object = &none, .expect_seq = 1};
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_UNKNOWN_OBJECT);
    op.object = &object;
    op.programme = DUAL; /* it was made under programme 1 */
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.programme = 0;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.programme = 9;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.programme = 1;
    op.contract = 9;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.contract = 0;
    op.event = 0;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.event = ZYD_HOST_EXPIRE; /* only the clock expires */
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.class_ = ZYD_ENV_GOVERNANCE;
    op.contract = ZOO;
    op.event = ZOO_NOTHING;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
}

static void test_a_contract_reads_its_own_writes(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0);
    assert_int_equal(act(f, &object, ZOO_READBACK, ARGS(0)), 0);
    assert_int_equal(act(f, &object, ZOO_READBACK, ARGS(0)), 0);
    assert_int_equal(zyd_fixture_balance(f, 0, 1, "1777"), 222);
    assert_int_equal(act(f, &object, ZOO_DIVIDE, ARGS(0)), 0);
}

/* ---- postings ---- */

static void test_openings_and_postings_make_balances_and_histories(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash key, object = make(f, 1, "A", 0), history[2];
    struct zyd_account a;
    assert_int_equal(zyd_fixture_balance(f, 0, 1, "1001"), 5000);
    assert_int_equal(zyd_fixture_balance(f, 0, 1, "3001"), -5000);
    zyd_account_key(&key, 0, 1, zyd_span("1001", 4));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(act(f, &object, ZOO_REQUIRE, ARGS(1, 0)), 0);
        assert_int_equal(zyd_account_decode(&a, zyd_fixture_get(f, NULL, &key)), ZYD_OK);
        assert_int_equal(a.entry_count, i + 2);
        history[i] = a.history;
    }
    assert_memory_not_equal(&history[0], &history[1], 32);

    /* the chain by hand: history, log index, number in the leaf, then the posting (FORMATS.md) */
    uint8_t bytes[32 + 8 + 4 + 2 + 8 + 32 + 5 + 5] = {0};
    memcpy(bytes, history[0].b, 32);
    zyd_put64(bytes + 32, f->log_size - 1);
    zyd_put16(bytes + 44, 16);
    zyd_put64(bytes + 46, 100);
    memcpy(bytes + 86, "\x04" "1001" "\x04" "2001", 10);
    struct zyd_hash hand;
    zyd_hash1(&hand, "zyd/hist/1", bytes, sizeof bytes);
    assert_memory_equal(&hand, &history[1], 32);
}

static uint32_t post_as(struct zyd_fixture *f, const struct zyd_hash *object, const char *dr, size_t dr_size, const char *cr,
                        int64_t amount)
{
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 3);
    zyd_wr_bin(&wr, dr, dr_size);
    zyd_wr_bin(&wr, cr, strlen(cr));
    zyd_wr_i64(&wr, amount);
    return act(f, object, ZOO_POST_AS, zyd_wr_span(&wr));
}

static void test_postings_are_checked(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0);
    char longest[42], unended[64];
    memset(longest, '1', sizeof longest);
    memset(unended, '1', sizeof unended);
    assert_int_equal(post_as(f, &object, longest, 40, "2001", 1), 0);
    assert_int_equal(post_as(f, &object, longest, 41, "2001", 1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, unended, 64, "2001", 1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "", 0, "2001", 1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "A001", 4, "2001", 1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "1 01", 4, "2001", 1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "1\xe4\xb8\xad", 4, "2001", 1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "1001", 4, "1001", 1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "1001", 4, "1001.a_B-9", 1), 0);
    assert_int_equal(post_as(f, &object, "1001", 4, "2001", -1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "1001", 4, "2001", INT64_MIN), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "1001", 4, "2001", ZYD_MONEY_MAX + 1), ZYD_CODE_RANGE);
    assert_int_equal(post_as(f, &object, "1001", 4, "2001", ZYD_MONEY_MAX), 0);
    assert_int_equal(post_as(f, &object, "1001", 4, "2001", 0), 0);
    assert_int_equal(f->outcome.posting_count, 0); /* nothing is posted for nothing */
}

/* ---- signers ---- */

static void test_a_missing_signer_is_refused_also_when_the_contract_forgets_to_look(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0);
    assert_int_equal(act(f, &object, ZOO_REQUIRE, ARGS(1, 0, 1)), ZYD_CODE_SIGNER_MISSING);
    assert_int_equal(act(f, &object, ZOO_REQUIRE, ARGS(0, 0, 1)), ZYD_CODE_SIGNER_MISSING);
    assert_int_equal(act(f, &object, ZOO_REQUIRE, ARGS(0, 0)), 0);
    assert_int_equal(act(f, &object, ZOO_REQUIRE, ARGS(0, 5)), ZYD_CODE_RANGE); /* no such member */
}

static void test_dual_programmes_want_maker_and_checker_for_money(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, DUAL, "D", 0); /* no money: the maker is enough */
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REQUIRE, .programme = DUAL, .object = &object, .expect_seq = 1,
                                .args = ARGS(1, 0)};
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_SIGNER_MISSING);
    op.signers[0] = ZYD_FIXTURE_KEY(1, 3); /* another member's checker does not help */
    op.signer_count = 1;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_SIGNER_MISSING);
    op.flags = ZYD_ENV_MAY_WAIT; /* an officer of the acting member is not waited for */
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_SIGNER_MISSING);
    op.signers[0] = ZYD_FIXTURE_KEY(0, 3);
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    op.event = ZOO_OBLIGE;
    op.args = ARGS(0, 1, 5, 1);
    op.expect_seq = 2;
    op.signer_count = 0;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_SIGNER_MISSING);
}

static uint8_t pending_state(struct zyd_fixture *f, const struct zyd_hash *id, uint32_t *code)
{
    struct zyd_pending p;
    assert_true(zyd_fixture_pending(f, &p, id));
    *code = p.code;
    return p.state;
}

static void test_countersigners_complete_an_operation_one_after_another(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0), id = ask(f, &object, 1), none = {{7}};
    struct zyd_pending p;
    uint32_t code;
    assert_true(zyd_fixture_pending(f, &p, &id));
    assert_int_equal(p.missing_count, 2);
    assert_int_equal(p.missing[0], 1);
    assert_int_equal(p.missing[1], 2);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 3, &id), ZYD_CODE_SIGNER_MISSING); /* nobody asked member 3 */
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &none), ZYD_CODE_UNKNOWN_OBJECT);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 0, &id), ZYD_CODE_DUP_KEY);
    next_day(f, 20260106);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &id), ZYD_CODE_PENDING);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &id), ZYD_CODE_DUP_KEY);
    assert_true(zyd_fixture_pending(f, &p, &id));
    assert_int_equal(p.signer_count, 2);
    assert_int_equal(p.missing_count, 1);
    assert_int_equal(zyd_fixture_balance(f, 0, 1, "2001"), 0);
    next_day(f, 20260107);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 2, &id), 0);
    assert_int_equal(f->outcome.posting_count, 1);
    assert_memory_equal(&f->outcome.object, &object, 32);
    assert_int_equal(f->outcome.seq, 2);
    assert_int_equal(zyd_fixture_balance(f, 0, 1, "2001"), -100);
    assert_int_equal(pending_state(f, &id, &code), 2);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &id), ZYD_CODE_BAD_STATE);
    assert_int_equal(host_op(f, ZYD_HOST_WITHDRAW, 0, &id), ZYD_CODE_BAD_STATE);
    next_day(f, 20260301);
    assert_int_equal(f->sys_count, 0); /* its expiry was cleared */
}

static void test_a_member_signs_only_for_itself(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0), id = ask(f, &object, 1);
    struct zyd_pending p;
    /* member 2 signs the envelope of member 1's COUNTERSIGN, too: that is not member 2's countersignature */
    assert_int_equal(zyd_fixture_run(f, &(struct zyd_fixture_op){.event = ZYD_HOST_COUNTERSIGN, .member = 1, .object = &id,
                                                                .signers = {2}, .signer_count = 1}),
                     ZYD_CODE_PENDING);
    assert_true(zyd_fixture_pending(f, &p, &id));
    assert_int_equal(p.missing_count, 1);
    assert_int_equal(p.missing[0], 2);
}

static void test_a_pending_operation_ends_when_its_object_moved_on(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0), id = ask(f, &object, 1);
    uint32_t code;
    assert_int_equal(act(f, &object, ZOO_NOTHING, ARGS(0)), 0);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &id), ZYD_CODE_STALE_STATE);
    assert_int_equal(pending_state(f, &id, &code), 6);
    assert_int_equal(code, ZYD_CODE_STALE_STATE);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 2, &id), ZYD_CODE_BAD_STATE);
}

static void test_a_party_declines_and_the_first_signer_withdraws(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0), id = ask(f, &object, 1);
    uint32_t code;
    assert_int_equal(host_op(f, ZYD_HOST_DECLINE, 3, &id), ZYD_CODE_SIGNER_MISSING);
    assert_int_equal(host_op(f, ZYD_HOST_DECLINE, 0, &id), ZYD_CODE_SIGNER_MISSING);
    assert_int_equal(host_op(f, ZYD_HOST_WITHDRAW, 1, &id), ZYD_CODE_SIGNER_MISSING);
    assert_int_equal(host_op(f, ZYD_HOST_DECLINE, 2, &id), 0);
    assert_int_equal(pending_state(f, &id, &code), 3);
    assert_int_equal(code, ZYD_CODE_SIGNER_MISSING);
    struct zyd_hash again = ask(f, &object, 1); /* the same bytes may be asked for anew */
    assert_memory_equal(&again, &id, 32);
    assert_int_equal(host_op(f, ZYD_HOST_WITHDRAW, 0, &id), 0);
    assert_int_equal(pending_state(f, &id, &code), 4);
    next_day(f, 20260301);
    assert_int_equal(f->sys_count, 0);
}

static void test_a_pending_operation_expires_after_ten_working_days(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0), id = ask(f, &object, 1);
    uint32_t code;
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, zyd_fixture_at(20260119, 23)), 0);
    assert_int_equal(pending_state(f, &id, &code), 1);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, zyd_fixture_at(20260120, 0)), 1);
    assert_true(zyd_fixture_outcome(f, 0));
    assert_int_equal(f->outcome.code, 0);
    assert_int_equal(f->outcome.contract, 0);
    assert_int_equal(f->outcome.event, ZYD_HOST_EXPIRE);
    assert_memory_equal(&f->outcome.object, &id, 32);
    assert_int_equal(pending_state(f, &id, &code), 5);
    assert_int_equal(code, ZYD_CODE_DEADLINE);
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &id), ZYD_CODE_BAD_STATE);
}

static void test_an_object_holds_eight_pending_operations(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0), ids[9];
    for (uint64_t i = 0; i < 9; i++) {
        struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REQUIRE, .programme = 1, .object = &object, .expect_seq = 1,
                                    .args = ARGS(1, 0, 1, (i + 1) << 16), .flags = ZYD_ENV_MAY_WAIT};
        assert_int_equal(zyd_fixture_run(f, &op), i < 8 ? ZYD_CODE_PENDING : ZYD_CODE_LIMIT);
        ids[i] = f->op_id;
    }
    assert_int_equal(host_op(f, ZYD_HOST_WITHDRAW, 0, &ids[3]), 0);
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REQUIRE, .programme = 1, .object = &object, .expect_seq = 1,
                                .args = ARGS(1, 0, 1, UINT64_C(9) << 16), .flags = ZYD_ENV_MAY_WAIT};
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_PENDING);
}

static void test_a_member_holds_ten_thousand_pending_operations(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash last = {{0}};
    f->quiet_check = true; /* ten blocks of a thousand: their scans would take longer than all the rest */
    for (uint32_t i = 0; i <= 10000; i++) {
        char ref[16];
        snprintf(ref, sizeof ref, "R%u", i);
        struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REQUIRE, .programme = 1, .member = 1, .ref = ref,
                                    .args = ARGS(1, 0), .flags = ZYD_ENV_MAY_WAIT};
        if (i % 1000 == 0) {
            zyd_fixture_block(f, f->time_ms + 1000);
        }
        assert_int_equal(zyd_fixture_run(f, &op), i < 10000 ? ZYD_CODE_PENDING : ZYD_CODE_LIMIT);
        last = i < 10000 ? f->op_id : last;
    }
    assert_int_equal(host_op(f, ZYD_HOST_WITHDRAW, 1, &last), 0);
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REQUIRE, .programme = 1, .member = 1, .ref = "ONE MORE",
                                .args = ARGS(1, 0), .flags = ZYD_ENV_MAY_WAIT};
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_PENDING);
}

static void test_an_operation_too_large_for_a_record_cannot_wait(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0);
    uint64_t many[480] = {1, 0, 1};
    for (size_t i = 3; i < 480; i++) {
        many[i] = UINT64_C(0x1234567890000001); /* nine bytes each; the guest takes the low 16 bits: member 1 */
    }
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REQUIRE, .programme = 1, .object = &object, .expect_seq = 1,
                                .args = zyd_fixture_args(many, 480), .flags = ZYD_ENV_MAY_WAIT};
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_LIMIT);
    op.signers[0] = 1;
    op.signer_count = 1;
    assert_int_equal(zyd_fixture_run(f, &op), 0); /* complete, it need not wait */
}

/* ---- obligations ---- */

static struct zyd_hash oblige(struct zyd_fixture *f, const struct zyd_hash *object, uint64_t debtor, uint64_t creditor,
                              uint64_t amount, uint64_t gross)
{
    struct zyd_hash id;
    assert_int_equal(act(f, object, ZOO_OBLIGE, ARGS(debtor, creditor, amount, gross)), 0);
    assert_int_equal(f->events[0].code, 15);
    memcpy(id.b, f->events[0].data.data, 32);
    return id;
}

static void test_obligations_are_checked(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0);
    struct zyd_obligation o;
    assert_int_equal(act(f, &object, ZOO_OBLIGE, ARGS(0, 0, 5, 1)), ZYD_CODE_RANGE);
    assert_int_equal(act(f, &object, ZOO_OBLIGE, ARGS(0, 5, 5, 1)), ZYD_CODE_RANGE);
    assert_int_equal(act(f, &object, ZOO_OBLIGE, ARGS(5, 0, 5, 1)), ZYD_CODE_RANGE);
    assert_int_equal(act(f, &object, ZOO_OBLIGE, ARGS(0, 1, 0, 1)), ZYD_CODE_RANGE);
    assert_int_equal(act(f, &object, ZOO_OBLIGE, ARGS(0, 1, (uint64_t)ZYD_MONEY_MAX + 1, 1)), ZYD_CODE_RANGE);
    assert_int_equal(act(f, &object, ZOO_OBLIGE, ARGS(0, 1, UINT64_MAX, 1)), ZYD_CODE_RANGE);
    assert_int_equal(act(f, &object, ZOO_OBLIGE, ARGS(0, 1, 5, 2)), ZYD_CODE_RANGE);
    struct zyd_hash net = oblige(f, &object, 0, 1, 5, 0), fiscal = oblige(f, &object, 0, FISCAL, 6, 0);
    assert_true(zyd_fixture_obligation(f, &o, &net));
    assert_int_equal(o.gross, 0);
    assert_int_equal(o.reason, 9);
    assert_int_equal(o.value_date, 20260105);
    assert_true(zyd_fixture_obligation(f, &o, &fiscal));
    assert_int_equal(o.gross, 1); /* a finance bureau settles gross whatever was asked for */
    assert_true(f->totals.open_obligations == 11);
}

static struct zyd_fixture_op paid(uint16_t member, const struct zyd_hash *id, uint64_t seq, struct zyd_span args)
{
    return (struct zyd_fixture_op){.event = ZYD_HOST_PAID, .member = member, .object = id, .expect_seq = seq, .args = args};
}

static void test_paid_is_signed_by_debtor_and_creditor_one_after_another(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0), id = oblige(f, &object, 0, 1, 700, 1);
    struct zyd_obligation o;
    struct zyd_fixture_op op = paid(0, &id, 1, text("REF"));
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_SIGNER_MISSING);
    op.flags = ZYD_ENV_MAY_WAIT;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_PENDING);
    struct zyd_hash op_id = f->op_id;
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &op_id), 0);
    assert_int_equal(f->outcome.posting_count, 2);
    assert_memory_equal(&f->outcome.object, &id, 32);
    assert_int_equal(f->outcome.seq, 2);
    assert_true(zyd_fixture_obligation(f, &o, &id));
    assert_int_equal(o.state, CT_OBL_SETTLED);
    assert_int_equal(zyd_fixture_balance(f, 0, 1, "2141.M01"), 700);
    assert_int_equal(zyd_fixture_balance(f, 0, 1, "1001"), 5000 - 700);
    assert_int_equal(zyd_fixture_balance(f, 1, 1, "1001"), 700);
    assert_int_equal(zyd_fixture_balance(f, 1, 1, "1141.M00"), -700);
    assert_true(f->totals.open_obligations == 0);
    next_day(f, 20260106); /* the maker hears of it */
    assert_int_equal(f->sys_count, 1);
    assert_true(zyd_fixture_outcome(f, 0));
    assert_int_equal(f->outcome.event, CT_EVENT_SETTLED);
    assert_int_equal(f->outcome.contract, ZOO);
    assert_int_equal(f->outcome.due_ms, zyd_fixture_at(20260105, 9));
    assert_memory_equal(&f->outcome.object, &object, 32);
    assert_int_equal(f->events[0].code, 18);
    assert_memory_equal(f->events[0].data.data, &id, 32);
    next_day(f, 20260107);
    assert_int_equal(f->sys_count, 0);
}

static void test_paid_is_checked(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, 1, "A", 0), none = {{9}};
    struct zyd_hash gross = oblige(f, &object, 0, 1, 700, 1), net = oblige(f, &object, 0, 1, 5, 0);
    struct zyd_fixture_op op = paid(0, &none, 1, text("REF"));
    op.signers[0] = 1;
    op.signer_count = 1;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_UNKNOWN_OBJECT);
    op.object = &net;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_BAD_STATE); /* a net one belongs to a cycle */
    op.object = &gross;
    op.expect_seq = 2;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_STALE_STATE);
    op.expect_seq = 1;
    op.args = text("");
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.args = text("A reference that is longer than thirty-five");
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.args = text("REF");
    op.programme = DUAL;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_RANGE);
    op.programme = 1;
    op.member = 2;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_SIGNER_MISSING);
    op.member = 1;
    op.signers[0] = 0;
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_STALE_STATE);
    assert_true(f->last_count == 2); /* the second one first fired the notice to the maker, which was due */
    op.expect_seq = 2;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_BAD_STATE);
}

static void test_paid_in_a_dual_programme_wants_both_officers(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash object = make(f, DUAL, "D", 0), id;
    struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_OBLIGE, .programme = DUAL, .object = &object, .expect_seq = 1,
                                .args = ARGS(0, 1, 5, 1), .signers = {ZYD_FIXTURE_KEY(0, 3)}, .signer_count = 1};
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    memcpy(id.b, f->events[0].data.data, 32);
    op = paid(0, &id, 1, text("REF"));
    op.signers[op.signer_count++] = 1;
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_SIGNER_MISSING);
    op.signers[op.signer_count++] = ZYD_FIXTURE_KEY(0, 3);
    assert_int_equal(zyd_fixture_run(f, &op), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_an_object_has_number_one_and_each_operation_raises_it),
        T(test_one_reference_makes_one_object),
        T(test_unknown_things_have_their_codes),
        T(test_a_contract_reads_its_own_writes),
        T(test_openings_and_postings_make_balances_and_histories),
        T(test_postings_are_checked),
        T(test_a_missing_signer_is_refused_also_when_the_contract_forgets_to_look),
        T(test_dual_programmes_want_maker_and_checker_for_money),
        T(test_countersigners_complete_an_operation_one_after_another),
        T(test_a_member_signs_only_for_itself),
        T(test_a_pending_operation_ends_when_its_object_moved_on),
        T(test_a_party_declines_and_the_first_signer_withdraws),
        T(test_a_pending_operation_expires_after_ten_working_days),
        T(test_an_object_holds_eight_pending_operations),
        T(test_a_member_holds_ten_thousand_pending_operations),
        T(test_an_operation_too_large_for_a_record_cannot_wait),
        T(test_obligations_are_checked),
        T(test_paid_is_signed_by_debtor_and_creditor_one_after_another),
        T(test_paid_is_checked),
        T(test_paid_in_a_dual_programme_wants_both_officers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
