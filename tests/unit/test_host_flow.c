/* Goal: the host's own rules hold: sequence numbers, countersigning, officers, gross settlement, deadlines, evidence.
 * Method: short scripts on a ledger in memory with the zoo's guest as contract; the fixture checks conservation of money by a
 * full scan after every block. */
#include "tests/lib/ledger_fixture.h"
#include "tests/zoo/zoo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ARGS(...) ZYD_FIXTURE_ARGS(__VA_ARGS__)
#define ZOO 3u
#define DUAL 2u /* programme 2 wants maker and checker */
#define FISCAL 3u

static uint8_t arg_bytes[8192];

static struct zyd_span text(const char *s)
{
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, s, strlen(s));
    return zyd_wr_span(&wr);
}

static int setup(void **state)
{
    const uint8_t params[1] = {0x90};
    struct zyd_fixture *f = zyd_fixture_new(5);
    zyd_fixture_plugin(f, ZOO, "zoo", ZYD_PLUGIN_DIR "/zoo.elf");
    zyd_fixture_programme(f, 1, ZOO, "ZOO", zyd_span(params, 1));
    zyd_fixture_programme(f, DUAL, ZOO, "DUAL", zyd_span(params, 1))->dual = 1;
    zyd_fixture_opening(f, 0, 1, "1001", "3001", 5000);
    zyd_fixture_start(f);
    zyd_fixture_block(f, zyd_fixture_at(20260105, 9)); /* a Monday */
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    zyd_fixture_free(*state);
    return 0;
}

static struct zyd_hash make(struct zyd_fixture *f, uint16_t programme, const char *ref, uint64_t mode)
{
    assert_int_equal(zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_MAKE, .programme = programme,
                                                                .ref = ref, .args = ARGS(mode)}),
                     0);
    return f->object;
}

/* An operation of member 0 on the current number. */
static uint32_t act(struct zyd_fixture *f, const struct zyd_hash *object, uint16_t event, struct zyd_span args)
{
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = event, .programme = 1, .object = object,
                                                       .expect_seq = UINT64_MAX, .args = args});
}

static uint32_t host_op(struct zyd_fixture *f, uint16_t event, uint16_t member, const struct zyd_hash *object)
{
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.event = event, .member = member, .object = object});
}

static void next_day(struct zyd_fixture *f, int32_t date)
{
    zyd_fixture_end(f);
    zyd_fixture_block(f, zyd_fixture_at(date, 9));
}

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

/* Member 0 asks for 100 fen with the signatures of 0, 1 and 2; returns the operation's id. */
static struct zyd_hash ask(struct zyd_fixture *f, const struct zyd_hash *object, uint64_t seq)
{
    const struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REQUIRE, .programme = 1, .object = object,
                                      .expect_seq = seq, .args = ARGS(1, 0, 1, 2), .flags = ZYD_ENV_MAY_WAIT};
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_PENDING);
    assert_int_equal(f->outcome.posting_count, 0);
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_DUP_KEY); /* it waits already */
    return f->op_id;
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

/* ---- deadlines ---- */

static void due(struct zyd_fixture *f, const struct zyd_hash *object, uint64_t number, uint64_t ms)
{
    assert_int_equal(act(f, object, ZOO_DUE, ARGS(number, ms)), 0);
}

static void expect_fired(struct zyd_fixture *f, uint32_t i, const struct zyd_hash *object, uint8_t number, uint64_t ms,
                         uint32_t code)
{
    assert_true(zyd_fixture_outcome(f, i));
    assert_int_equal(f->outcome.code, code);
    assert_int_equal(f->outcome.due_ms, ms);
    assert_int_equal(f->outcome.deadline, number);
    assert_memory_equal(&f->outcome.object, object, 32);
}

static void test_deadlines_fire_by_instant_then_object_then_number(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", 0), b = make(f, 1, "B", 0);
    struct zyd_hash *low = zyd_hash_cmp(&a, &b) < 0 ? &a : &b, *high = low == &a ? &b : &a;
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, high, 1, t);
    due(f, high, 2, t - 1);
    due(f, low, 7, t);
    due(f, low, 3, t);
    due(f, low, 5, t + 1);
    due(f, low, 8, t + 2);
    due(f, low, 8, 0);        /* cleared */
    due(f, low, 4, t - 5000);
    due(f, low, 4, t + 5000); /* moved: the old entry is only a hint */
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t - 2), 0);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t), 4);
    expect_fired(f, 0, high, 2, t - 1, 0);
    expect_fired(f, 1, low, 3, t, 0);
    expect_fired(f, 2, low, 7, t, 0);
    expect_fired(f, 3, high, 1, t, 0);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t + 9999), 2);
    expect_fired(f, 0, low, 5, t + 1, 0);
    expect_fired(f, 1, low, 4, t + 5000, 0);
}

static void test_a_deadline_runs_with_its_own_time_and_raises_no_number(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", 0);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 1, t);
    assert_int_equal(f->outcome.seq, 2);
    next_day(f, 20260120);
    expect_fired(f, 0, &a, 1, t, 0);
    assert_int_equal(f->outcome.seq, 2);
    assert_int_equal(f->events[0].data.data[0], (uint8_t)t); /* the guest saw the deadline's instant, little-endian */
}

static void test_a_failing_deadline_is_recorded_and_not_retried(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_REFUSES), b = make(f, 1, "B", ZOO_LOOPS), c = make(f, 1, "C", ZOO_EMITS);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 1, t);
    due(f, &b, 1, t + 1);
    due(f, &c, 1, t + 2);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t + 10), 3);
    expect_fired(f, 0, &a, 1, t, 1003);
    assert_int_equal(f->outcome.event_count, 0);
    expect_fired(f, 1, &b, 1, t + 1, ZYD_CODE_FUEL);
    expect_fired(f, 2, &c, 1, t + 2, 0);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t + 20), 0);
}

static void test_a_deadline_set_into_the_past_joins_the_same_queue(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_RECALLS);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 2, t);
    zyd_fixture_end(f);
    assert_int_equal(zyd_fixture_block(f, t), 2);
    expect_fired(f, 0, &a, 2, t, 0);
    expect_fired(f, 1, &a, 1, t - 3600000, 0);
}

static void test_deadlines_take_at_most_half_a_block_and_go_on_in_the_next(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_REARMS), b = make(f, 1, "B", ZOO_EMITS);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 1, t);
    due(f, &b, 1, t + 1);
    zyd_fixture_end(f);
    uint32_t first = zyd_fixture_block(f, t + 5);
    assert_in_range(first, 100, ZYD_BLOCK_OPS_MAX / 2);
    assert_in_range(f->block.fuel_used, 1, f->c.g.fuel_block / 2);
    assert_true(zyd_host_sys_due(f->host, f->state, f->overlay, t + 5));
    zyd_fixture_end(f);
    assert_true(zyd_host_sys_due(f->host, f->state, NULL, t + 5));
    assert_in_range(zyd_fixture_block(f, t + 6), 100, ZYD_BLOCK_OPS_MAX / 2);
}

static void test_an_operation_first_fires_what_is_due_of_its_object(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_EMITS), b = make(f, 1, "B", ZOO_EMITS);
    due(f, &a, 3, f->time_ms); /* due at once, and the SYS phase of this block is over */
    due(f, &b, 1, f->time_ms);
    uint32_t before = f->block.op_count;
    assert_int_equal(act(f, &a, ZOO_RETURN, ARGS(1)), ZYD_CODE_BAD_RETURN); /* the firing stays although the operation fails */
    assert_int_equal(f->last_count, 2);
    assert_int_equal(f->last_ok, 1);
    expect_fired(f, before, &a, 3, f->time_ms, 0);
    assert_int_equal(act(f, &a, ZOO_NOTHING, ARGS(0)), 0);
    assert_int_equal(f->last_count, 1);
    next_day(f, 20260106);
    assert_int_equal(f->sys_count, 1); /* b's; a's is consumed */
}

static void test_a_countersigner_first_fires_what_is_due_of_the_object(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_EMITS);
    due(f, &a, 3, f->time_ms);
    struct zyd_hash id = ask(f, &a, 2);
    due(f, &a, 4, f->time_ms); /* raises the number: the pending operation will be stale, but the deadline comes first */
    assert_int_equal(host_op(f, ZYD_HOST_COUNTERSIGN, 1, &id), ZYD_CODE_STALE_STATE);
    assert_int_equal(f->last_count, 2);
}

static void test_an_object_that_rearms_for_ever_cannot_hold_up_a_block(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_REARMS);
    due(f, &a, 1, f->time_ms);
    assert_int_equal(act(f, &a, ZOO_NOTHING, ARGS(0)), ZYD_CODE_LIMIT);
    assert_int_equal(f->last_count, 17);
}

static void test_sys_due_tells_when_a_block_is_needed(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash a = make(f, 1, "A", ZOO_EMITS);
    uint64_t t = zyd_fixture_at(20260110, 0);
    due(f, &a, 1, t);
    due(f, &a, 1, t + 1000); /* the entry at t is stale now */
    zyd_fixture_end(f);
    assert_false(zyd_host_sys_due(f->host, f->state, NULL, t - 1));
    assert_false(zyd_host_sys_due(f->host, f->state, NULL, t + 999));
    assert_true(zyd_host_sys_due(f->host, f->state, NULL, t + 1000));
    assert_int_equal(zyd_fixture_block(f, t + 1000), 1);
    assert_false(zyd_host_sys_due(f->host, f->state, f->overlay, t + 5000));
    zyd_fixture_end(f);
    assert_false(zyd_host_sys_due(f->host, f->state, NULL, t + 5000));
}

/* ---- evidence ---- */

static void vote(uint8_t out[ZYD_VOTE_SIZE], const struct zyd_fixture *f, uint8_t type, uint64_t view, uint8_t hash)
{
    struct zyd_vote v = {.type = type, .epoch = 1, .view = view, .signer = 2};
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    if (type != ZYD_VOTE_X) {
        v.height = 5;
        memset(v.hash.b, hash, 32);
    }
    zyd_vote_preimage(preimage, &f->c.g.hash, &v);
    zyd_sig_sign(&v.sig, f->c.sk[f->c.g.validators[2]][0], preimage, sizeof preimage);
    zyd_vote_encode(out, &v);
}

static uint32_t accuse(struct zyd_fixture *f, const char *ref, const uint8_t a[ZYD_VOTE_SIZE], const uint8_t b[ZYD_VOTE_SIZE])
{
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 2);
    zyd_wr_bin(&wr, a, ZYD_VOTE_SIZE);
    zyd_wr_bin(&wr, b, ZYD_VOTE_SIZE);
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.event = ZYD_HOST_EVIDENCE, .member = 1, .ref = ref,
                                                       .class_ = ZYD_ENV_EVIDENCE, .args = zyd_wr_span(&wr)});
}

static void test_contradictory_votes_are_recorded_once(void **state)
{
    struct zyd_fixture *f = *state;
    uint8_t n1[ZYD_VOTE_SIZE], n2[ZYD_VOTE_SIZE], n3[ZYD_VOTE_SIZE], f1[ZYD_VOTE_SIZE], f2[ZYD_VOTE_SIZE], x[ZYD_VOTE_SIZE];
    vote(n1, f, ZYD_VOTE_N, 9, 1);
    vote(n2, f, ZYD_VOTE_N, 9, 2);
    vote(n3, f, ZYD_VOTE_N, 9, 3);
    vote(f1, f, ZYD_VOTE_F, 9, 1);
    vote(f2, f, ZYD_VOTE_F, 9, 2);
    vote(x, f, ZYD_VOTE_X, 9, 0);
    assert_int_equal(accuse(f, "E1", n1, n2), 0);
    assert_int_equal(accuse(f, "E2", n1, n2), ZYD_CODE_DUP_KEY);
    assert_int_equal(accuse(f, "E3", n2, n1), ZYD_CODE_DUP_KEY);
    assert_int_equal(accuse(f, "E4", n1, n3), ZYD_CODE_DUP_KEY); /* one record a view and rule */
    assert_int_equal(accuse(f, "E5", f1, f2), 0);
    assert_int_equal(accuse(f, "E6", n1, f2), 0);
    assert_int_equal(accuse(f, "E7", x, f1), 0);
    assert_int_equal(accuse(f, "E8", f1, x), ZYD_CODE_DUP_KEY);
    struct zyd_hash key;
    uint8_t name[22] = {'e', 'v', 'i', 'd', 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 4};
    zyd_record_key(&key, 0, zyd_span(name, sizeof name));
    assert_int_equal(zyd_fixture_get(f, NULL, &key).size, 4 + 2 * ZYD_VOTE_SIZE);
}

static void test_votes_that_agree_or_are_forged_accuse_nobody(void **state)
{
    struct zyd_fixture *f = *state;
    uint8_t n1[ZYD_VOTE_SIZE], n2[ZYD_VOTE_SIZE], f1[ZYD_VOTE_SIZE], x[ZYD_VOTE_SIZE], later[ZYD_VOTE_SIZE];
    vote(n1, f, ZYD_VOTE_N, 9, 1);
    vote(n2, f, ZYD_VOTE_N, 9, 2);
    vote(f1, f, ZYD_VOTE_F, 9, 1);
    vote(x, f, ZYD_VOTE_X, 9, 0);
    vote(later, f, ZYD_VOTE_N, 10, 2);
    assert_int_equal(accuse(f, "E1", n1, n1), ZYD_CODE_RANGE);
    assert_int_equal(accuse(f, "E2", n1, f1), ZYD_CODE_RANGE);
    assert_int_equal(accuse(f, "E3", n1, x), ZYD_CODE_RANGE);
    assert_int_equal(accuse(f, "E4", x, x), ZYD_CODE_RANGE);
    assert_int_equal(accuse(f, "E5", n1, later), ZYD_CODE_RANGE);
    for (size_t i = 0; i < ZYD_VOTE_SIZE; i++) { /* every changed byte, whatever it then says */
        uint8_t forged[ZYD_VOTE_SIZE];
        memcpy(forged, n2, sizeof forged);
        forged[i] ^= 1;
        uint32_t code = accuse(f, "E6", n1, forged);
        assert_true(code == ZYD_CODE_BAD_SIGNATURE || (code == ZYD_CODE_RANGE && i < ZYD_VOTE_SIZE - ZYD_SIG_SIZE));
    }
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 2);
    zyd_wr_bin(&wr, n1, sizeof n1);
    zyd_wr_bin(&wr, n2, sizeof n2);
    const struct zyd_fixture_op business = {.event = ZYD_HOST_EVIDENCE, .member = 1, .ref = "E7", .args = zyd_wr_span(&wr)};
    assert_int_equal(zyd_fixture_run(f, &business), ZYD_CODE_RANGE); /* only in an envelope of class 3 */
    const struct zyd_fixture_op other = {.contract = ZOO, .event = ZOO_MAKE, .programme = 1, .member = 1, .ref = "E8",
                                         .class_ = ZYD_ENV_EVIDENCE, .args = ARGS(0)};
    assert_int_equal(zyd_fixture_run(f, &other), ZYD_CODE_RANGE); /* and nothing else in one */
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
        T(test_deadlines_fire_by_instant_then_object_then_number),
        T(test_a_deadline_runs_with_its_own_time_and_raises_no_number),
        T(test_a_failing_deadline_is_recorded_and_not_retried),
        T(test_a_deadline_set_into_the_past_joins_the_same_queue),
        T(test_deadlines_take_at_most_half_a_block_and_go_on_in_the_next),
        T(test_an_operation_first_fires_what_is_due_of_its_object),
        T(test_a_countersigner_first_fires_what_is_due_of_the_object),
        T(test_an_object_that_rearms_for_ever_cannot_hold_up_a_block),
        T(test_sys_due_tells_when_a_block_is_needed),
        T(test_contradictory_votes_are_recorded_once),
        T(test_votes_that_agree_or_are_forged_accuse_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
