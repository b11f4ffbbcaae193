/* Goal: an envelope has one encoding, one id whatever its signatures, and nothing hostile gets through its reader.
 * Method: build, decode, verify; then every truncation and every flipped bit of a valid one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "tests/lib/consortium.h"

static struct zyd_test_consortium C;
static uint8_t BUF[1 << 16];

static struct zyd_op op_of(uint16_t member, const char *ref)
{
    static const uint8_t args[] = {0x92, 0x01, 0xa1, 'x'};
    return (struct zyd_op){.contract = 1, .event = 2, .programme = 3, .member = member,
                           .client_ref = zyd_span(ref, strlen(ref)), .args = zyd_span(args, sizeof args)};
}

static struct zyd_span build(uint32_t ops, uint16_t signers)
{
    static uint8_t rows[1 << 15];
    struct zyd_hash leaves[64];
    struct zyd_wr w = zyd_wr_of(rows, sizeof rows);
    for (uint32_t i = 0; i < ops; i++) {
        uint8_t one[256];
        char ref[4] = {'R', (char)('A' + i / 26), (char)('A' + i % 26), 0};
        struct zyd_op op = op_of((uint16_t)(i % signers), ref);
        struct zyd_wr o = zyd_wr_of(one, sizeof one);
        zyd_op_encode(&o, &op);
        zyd_wx_block(&w, zyd_wr_span(&o));
    }
    struct zyd_wr e = zyd_wr_of(BUF, sizeof BUF);
    zyd_env_build(&e, &C.g.hash, ZYD_ENV_BUSINESS, ZYD_ENV_MAY_WAIT, 1000, ops, zyd_wr_span(&w), leaves);
    for (uint16_t i = 0; i < signers; i++) {
        zyd_env_sign(&e, i, 2, C.sk[i][2]);
    }
    assert_false(e.full);
    return zyd_wr_span(&e);
}

static void a_built_envelope_decodes_and_verifies(void **state)
{
    (void)state;
    struct zyd_env env;
    struct zyd_sig_ops ops = zyd_test_sig_ops(NULL);
    assert_int_equal(zyd_env_decode(&env, build(5, 3)), ZYD_OK);
    assert_int_equal(env.op_count, 5);
    assert_int_equal(env.sig_count, 3);
    assert_int_equal(zyd_env_verify(&env, &C.g, &ops), ZYD_OK);
    struct zyd_op op;
    size_t pos = 0;
    uint32_t n = 0;
    while (zyd_env_next_op(&op, &env, &pos)) {
        assert_int_equal(op.member, n % 3);
        assert_int_equal(op.client_ref.size, 3);
        n++;
    }
    assert_int_equal(n, 5);
}

static void the_id_leaves_signatures_out_and_the_hash_does_not(void **state)
{
    (void)state;
    struct zyd_env a, b;
    assert_int_equal(zyd_env_decode(&a, build(2, 1)), ZYD_OK);
    struct zyd_hash id = a.env_id, hash = a.env_hash;
    struct zyd_span again = build(2, 1);
    BUF[again.size - 1] ^= 1; /* another signature, not a valid one */
    assert_int_equal(zyd_env_decode(&b, again), ZYD_OK);
    assert_memory_equal(&id, &b.env_id, 32);
    assert_memory_not_equal(&hash, &b.env_hash, 32);
    struct zyd_sig_ops ops = zyd_test_sig_ops(NULL);
    assert_int_equal(zyd_env_verify(&b, &C.g, &ops), ZYD_E_BAD_SIG);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct zyd_span whole = build(3, 2);
    struct zyd_env env;
    for (size_t n = 0; n < whole.size; n++) {
        assert_int_not_equal(zyd_env_decode(&env, zyd_span(BUF, n)), ZYD_OK);
    }
    BUF[whole.size] = 0;
    assert_int_not_equal(zyd_env_decode(&env, zyd_span(BUF, whole.size + 1)), ZYD_OK);
}

static void every_flipped_bit_is_refused_or_seen_by_verify(void **state)
{
    (void)state;
    struct zyd_span whole = build(3, 2);
    struct zyd_sig_ops ops = zyd_test_sig_ops(NULL);
    for (size_t i = 0; i < whole.size * 8; i++) {
        struct zyd_env env;
        BUF[i / 8] ^= (uint8_t)(1u << i % 8);
        if (zyd_env_decode(&env, whole) == ZYD_OK) {
            assert_int_not_equal(zyd_env_verify(&env, &C.g, &ops), ZYD_OK);
        }
        BUF[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void signers_must_be_known_officers_and_cover_every_actor(void **state)
{
    (void)state;
    struct zyd_sig_ops ops = zyd_test_sig_ops(NULL);
    struct zyd_env env;
    struct zyd_span e = build(1, 1);
    size_t sig_at = e.size - ZYD_ENV_SIG_SIZE;
    zyd_put16(BUF + sig_at + 2, 0); /* the node key never signs business */
    assert_int_equal(zyd_env_decode(&env, e), ZYD_OK);
    assert_int_equal(zyd_env_verify(&env, &C.g, &ops), ZYD_E_INVALID);
    zyd_put16(BUF + sig_at + 2, 4); /* no such key */
    assert_int_equal(zyd_env_decode(&env, e), ZYD_OK);
    assert_int_equal(zyd_env_verify(&env, &C.g, &ops), ZYD_E_FOREIGN);
    zyd_put16(BUF + sig_at, 60); /* no such member */
    assert_int_equal(zyd_env_decode(&env, e), ZYD_OK);
    assert_int_equal(zyd_env_verify(&env, &C.g, &ops), ZYD_E_FOREIGN);
    zyd_put16(BUF + sig_at, 1);
    zyd_put16(BUF + sig_at + 2, 2); /* another member signs for member 0 */
    assert_int_equal(zyd_env_decode(&env, e), ZYD_OK);
    assert_int_equal(zyd_env_verify(&env, &C.g, &ops), ZYD_E_INVALID);
    BUF[10] ^= 1; /* another chain */
    assert_int_equal(zyd_env_decode(&env, e), ZYD_OK);
    assert_int_equal(zyd_env_verify(&env, &C.g, &ops), ZYD_E_FOREIGN);
}

static void signatures_ascend_and_none_stands_twice(void **state)
{
    (void)state;
    struct zyd_env env;
    struct zyd_span e = build(2, 2);
    uint8_t *a = BUF + e.size - 2 * ZYD_ENV_SIG_SIZE, *b = a + ZYD_ENV_SIG_SIZE, t[ZYD_ENV_SIG_SIZE];
    memcpy(t, a, sizeof t);
    memcpy(a, b, sizeof t);
    memcpy(b, t, sizeof t);
    assert_int_equal(zyd_env_decode(&env, e), ZYD_E_MALFORMED);
    memcpy(a, b, sizeof t);
    assert_int_equal(zyd_env_decode(&env, e), ZYD_E_MALFORMED);
}

static void an_operation_makes_an_object_or_names_one(void **state)
{
    (void)state;
    uint8_t buf[256];
    struct zyd_op out, op = op_of(1, "REF-1");
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
    zyd_op_encode(&w, &op);
    assert_int_equal(zyd_op_decode(&out, zyd_wr_span(&w)), ZYD_OK);
    op.expect_seq = 1; /* there is nothing to expect yet */
    w = zyd_wr_of(buf, sizeof buf);
    zyd_op_encode(&w, &op);
    assert_int_equal(zyd_op_decode(&out, zyd_wr_span(&w)), ZYD_E_MALFORMED);
    op.has_object = true;
    w = zyd_wr_of(buf, sizeof buf);
    zyd_op_encode(&w, &op);
    assert_int_equal(zyd_op_decode(&out, zyd_wr_span(&w)), ZYD_E_MALFORMED); /* both */
    op.client_ref = zyd_span(NULL, 0);
    w = zyd_wr_of(buf, sizeof buf);
    zyd_op_encode(&w, &op);
    assert_int_equal(zyd_op_decode(&out, zyd_wr_span(&w)), ZYD_OK);
    assert_int_equal(out.expect_seq, 1);
    op.has_object = false;
    op.expect_seq = 0;
    w = zyd_wr_of(buf, sizeof buf);
    zyd_op_encode(&w, &op);
    assert_int_equal(zyd_op_decode(&out, zyd_wr_span(&w)), ZYD_E_MALFORMED); /* neither */
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
        cmocka_unit_test(a_built_envelope_decodes_and_verifies),
        cmocka_unit_test(the_id_leaves_signatures_out_and_the_hash_does_not),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused_or_seen_by_verify),
        cmocka_unit_test(signers_must_be_known_officers_and_cover_every_actor),
        cmocka_unit_test(signatures_ascend_and_none_stands_twice),
        cmocka_unit_test(an_operation_makes_an_object_or_names_one),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
