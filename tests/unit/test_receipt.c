/* Goal: a receipt proves one outcome from genesis alone, and nothing that was changed in it goes unseen.
 * Method: receipts of every operation of made-up blocks; every flipped bit and truncation; lies told one at a time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "tests/lib/block.h"

static struct zyd_test_consortium C;
static struct zyd_test_block B;
static uint8_t MEM[8 << 20], LEAF[ZYD_LOG_LEAF_MAX + 1], BYTES[1 << 16];

static enum zyd_status make(struct zyd_receipt *r, uint32_t env, uint32_t op)
{
    struct zyd_arena a;
    zyd_arena_init(&a, MEM, sizeof MEM);
    return zyd_receipt_make(r, LEAF, &a, &B.view, &B.prev, &B.finality, env, op);
}

static enum zyd_status check(const struct zyd_receipt *r, const char **why)
{
    struct zyd_sig_ops ops = zyd_test_sig_ops(NULL);
    return zyd_receipt_check(r, why, &C.g, &ops);
}

static void assert_good(uint32_t env, uint32_t op)
{
    struct zyd_receipt r, again;
    const char *why;
    assert_int_equal(make(&r, env, op), ZYD_OK);
    struct zyd_wr w = zyd_wr_of(BYTES, sizeof BYTES);
    zyd_receipt_encode(&w, &r);
    assert_false(w.full);
    assert_int_equal(zyd_receipt_decode(&again, zyd_wr_span(&w)), ZYD_OK);
    enum zyd_status st = check(&again, &why);
    assert_string_equal(why, "");
    assert_int_equal(st, ZYD_OK);
}

static void every_operation_of_a_block_has_a_good_receipt(void **state)
{
    (void)state;
    static const struct {
        uint32_t envs, ops, sys;
        bool via_child;
    } shapes[] = {{1, 1, 0, false}, {1, 7, 1, false}, {9, 4, 0, true}, {11, 5, 6, true}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        struct zyd_receipt r;
        zyd_test_block_make(&B, &C, shapes[s].envs, shapes[s].ops, shapes[s].sys, shapes[s].via_child);
        for (uint32_t e = 0; e < shapes[s].envs; e++) {
            for (uint32_t o = 0; o < shapes[s].ops; o++) {
                assert_good(e, o);
            }
            assert_int_equal(make(&r, e, shapes[s].ops), ZYD_E_NOT_FOUND);
        }
        for (uint32_t o = 0; o < shapes[s].sys; o++) {
            assert_good(ZYD_RECEIPT_SYS, o);
        }
        assert_int_equal(make(&r, ZYD_RECEIPT_SYS, shapes[s].sys), ZYD_E_NOT_FOUND);
        assert_int_equal(make(&r, shapes[s].envs, 0), ZYD_E_NOT_FOUND);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    zyd_test_block_make(&B, &C, 3, 3, 2, true);
    assert_good(1, 1);
    struct zyd_receipt r;
    struct zyd_wr w = zyd_wr_of(BYTES, sizeof BYTES);
    assert_int_equal(make(&r, 1, 1), ZYD_OK);
    zyd_receipt_encode(&w, &r);
    for (size_t n = 0; n < w.size; n++) {
        assert_int_not_equal(zyd_receipt_decode(&r, zyd_span(BYTES, n)), ZYD_OK);
    }
    BYTES[w.size] = 0;
    assert_int_not_equal(zyd_receipt_decode(&r, zyd_span(BYTES, w.size + 1)), ZYD_OK);
}

/* A receipt does not carry the count of a SYS-free outcome tree in a signed place (only the root binds), so a flipped
 * bit there may leave the same path valid; nothing else may. */
static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    zyd_test_block_make(&B, &C, 3, 3, 2, true);
    struct zyd_receipt r;
    const char *why;
    struct zyd_wr w = zyd_wr_of(BYTES, sizeof BYTES);
    assert_int_equal(make(&r, 1, 1), ZYD_OK);
    zyd_receipt_encode(&w, &r);
    struct zyd_receipt good = r;
    for (size_t i = 0; i < w.size * 8; i++) {
        BYTES[i / 8] ^= (uint8_t)(1u << i % 8);
        if (zyd_receipt_decode(&r, zyd_wr_span(&w)) == ZYD_OK && check(&r, &why) == ZYD_OK) {
            assert_true(r.outcome_count != good.outcome_count || r.outcome_index != good.outcome_index);
        }
        BYTES[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void lies_are_named(void **state)
{
    (void)state;
    struct zyd_receipt r, other;
    const char *why;
    static uint8_t other_leaf[ZYD_LOG_LEAF_MAX + 1];
    zyd_test_block_make(&B, &C, 3, 4, 2, false);
    assert_int_equal(make(&other, 0, 2), ZYD_OK);
    memcpy(other_leaf, LEAF, other.leaf.size);

    assert_int_equal(make(&r, 0, 1), ZYD_OK); /* somebody else's outcome */
    r.outcome = other.outcome;
    assert_int_equal(check(&r, &why), ZYD_E_INVALID);
    assert_string_equal(why, "the outcome is another operation's");

    assert_int_equal(make(&r, 0, 1), ZYD_OK); /* the operation left out */
    r.op = zyd_span(NULL, 0);
    assert_int_equal(check(&r, &why), ZYD_E_INVALID);
    assert_string_equal(why, "the operation is missing");

    assert_int_equal(make(&r, 0, 1), ZYD_OK); /* a certificate with one signature too few */
    r.finality.fc.bitmap &= ~UINT64_C(4);
    assert_int_equal(check(&r, &why), ZYD_E_INVALID);
    assert_string_equal(why, "the header is not shown to be final");

    assert_int_equal(make(&r, 0, 1), ZYD_OK); /* notarized is not final */
    zyd_test_cert(&r.finality.fc, &C, ZYD_VOTE_N, &r.header, 4);
    assert_int_equal(check(&r, &why), ZYD_E_INVALID);

    assert_int_equal(make(&r, 0, 1), ZYD_OK); /* another header under a good certificate */
    r.header.time_ms++;
    assert_int_equal(check(&r, &why), ZYD_E_INVALID);

    assert_int_equal(make(&r, ZYD_RECEIPT_SYS, 1), ZYD_OK); /* a deadline's outcome passed off as an operation's */
    r.op = other.op;
    assert_int_equal(check(&r, &why), ZYD_E_INVALID);
}

/* The validators are the ones who lie here: they certify an entry whose submitter never signed it. */
static void a_certified_entry_without_its_submitters_signature_is_refused(void **state)
{
    (void)state;
    struct zyd_receipt r;
    const char *why;
    uint8_t sk[ZYD_SK_SIZE];
    memcpy(sk, C.sk[0][2], sizeof sk);
    memcpy(C.sk[0][2], C.sk[5][2], sizeof sk);
    zyd_test_block_make(&B, &C, 2, 2, 0, false);
    memcpy(C.sk[0][2], sk, sizeof sk);
    assert_int_equal(make(&r, 0, 1), ZYD_OK);
    assert_int_equal(check(&r, &why), ZYD_E_BAD_SIG);
    assert_string_equal(why, "a submitter's signature is wrong");
    assert_good(1, 1); /* the other member's envelope in the same block */
}

static void a_block_that_does_not_give_its_log_root_makes_no_receipt(void **state)
{
    (void)state;
    struct zyd_receipt r;
    zyd_test_block_make(&B, &C, 3, 4, 2, false);
    B.prev.time_ms++;
    assert_int_equal(make(&r, 0, 0), ZYD_E_DAMAGED);
    B.prev.time_ms--;
    B.view.outcomes.size = 0;
    assert_int_equal(make(&r, 0, 0), ZYD_E_DAMAGED);
    zyd_test_block_make(&B, &C, 3, 4, 2, false);
    struct zyd_arena a;
    for (size_t n = 0; n < 4096; n += 64) {
        zyd_arena_init(&a, MEM, n);
        assert_int_equal(zyd_receipt_make(&r, LEAF, &a, &B.view, &B.prev, &B.finality, 0, 0), ZYD_E_FULL);
    }
}

static void a_block_survives_its_encoding_and_nothing_else(void **state)
{
    (void)state;
    struct zyd_block_view v;
    zyd_test_block_make(&B, &C, 2, 2, 1, false);
    static uint8_t again[1 << 16];
    struct zyd_wr w = zyd_wr_of(again, sizeof again);
    zyd_block_encode(&w, &B.view);
    assert_int_equal(w.size, B.value.size);
    assert_memory_equal(again, B.value.data, w.size);
    for (size_t n = 0; n < B.value.size; n++) {
        assert_int_equal(zyd_block_decode(&v, zyd_span(B.bytes, n)), ZYD_E_MALFORMED);
    }
    for (size_t i = 0; i < B.value.size * 8; i++) { /* whatever still decodes must encode to the same bytes */
        B.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        if (zyd_block_decode(&v, B.value) == ZYD_OK) {
            w = zyd_wr_of(again, sizeof again);
            zyd_block_encode(&w, &v);
            assert_int_equal(w.size, B.value.size);
            assert_memory_equal(again, B.bytes, w.size);
        }
        B.bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static int setup(void **state)
{
    (void)state;
    zyd_test_consortium_plan(&C, 4, 6);
    zyd_test_consortium_seal(&C);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_of_a_block_has_a_good_receipt),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(lies_are_named),
        cmocka_unit_test(a_certified_entry_without_its_submitters_signature_is_refused),
        cmocka_unit_test(a_block_that_does_not_give_its_log_root_makes_no_receipt),
        cmocka_unit_test(a_block_survives_its_encoding_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
