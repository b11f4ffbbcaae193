/* Goal: the one hash and the one signature rule are those that ledger.md 3.11 freezes.
 * Method: published known answers, the start-up self-test, and keys made unfit by adding points of small order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sodium.h>
#include <zyd/crypto.h>

static void the_self_test_accepts_this_library(void **state)
{
    (void)state;
    assert_int_equal(zyd_crypto_self_test(), ZYD_OK);
}

static void a_tagged_hash_is_sha256_of_the_padded_tag_and_the_bytes(void **state)
{
    (void)state;
    struct zyd_hash a, b, c;
    uint8_t buf[19] = "zyd/env/1";
    memcpy(buf + 16, "abc", 3);
    zyd_sha256(&a, buf, sizeof buf);
    zyd_hash1(&b, "zyd/env/1", "abc", 3);
    zyd_hash2(&c, "zyd/env/1", "a", 1, "bc", 2);
    assert_memory_equal(&a, &b, 32);
    assert_memory_equal(&a, &c, 32);
    zyd_hash1(&b, "zyd/env/2", "abc", 3);
    assert_memory_not_equal(&a, &b, 32);
}

static void any_cut_of_the_input_gives_libsodiums_hash(void **state)
{
    (void)state;
    static uint8_t data[1000];
    uint32_t seed = 7;
    for (size_t i = 0; i < sizeof data; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (uint8_t)(seed >> 24);
    }
    for (size_t size = 0; size <= sizeof data; size++) {
        struct zyd_hash want, got;
        struct zyd_hasher h;
        crypto_hash_sha256(want.b, data, size);
        zyd_sha256(&got, data, size);
        assert_memory_equal(&want, &got, 32);
        zyd_hasher_start(&h, NULL);
        for (size_t at = 0; at < size;) {
            seed = seed * 1664525u + 1013904223u;
            size_t n = (seed >> 20) % 150 < size - at ? (seed >> 20) % 150 : size - at;
            zyd_hasher_add(&h, data + at, n);
            at += n;
        }
        zyd_hasher_end(&h, &got);
        assert_memory_equal(&want, &got, 32);
    }
}

static void a_key_with_a_part_of_small_order_is_not_enrolled(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {7};
    static const uint8_t order2[32] = {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    static const uint8_t order4[32] = {0};
    struct zyd_pk pk, bad;
    uint8_t sk[64];
    crypto_sign_seed_keypair(pk.b, sk, seed);
    assert_true(zyd_pk_enrollable(&pk));
    assert_int_equal(crypto_core_ed25519_add(bad.b, pk.b, order2), 0);
    assert_false(zyd_pk_enrollable(&bad));
    assert_int_equal(crypto_core_ed25519_add(bad.b, pk.b, order4), 0);
    assert_false(zyd_pk_enrollable(&bad));
    memcpy(bad.b, order2, 32);
    assert_false(zyd_pk_enrollable(&bad));
    memset(bad.b, 0, 32);
    assert_false(zyd_pk_enrollable(&bad));
    memset(bad.b, 0xff, 32); /* not canonical */
    assert_false(zyd_pk_enrollable(&bad));
}

static void any_flipped_bit_spoils_a_signature(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {9};
    struct zyd_pk pk;
    struct zyd_sig sig;
    uint8_t sk[64];
    crypto_sign_seed_keypair(pk.b, sk, seed);
    zyd_sig_sign(&sig, sk, "message", 7);
    assert_true(zyd_sig_verify(&pk, "message", 7, &sig));
    for (size_t i = 0; i < 512; i++) {
        sig.b[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(zyd_sig_verify(&pk, "message", 7, &sig));
        sig.b[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    assert_false(zyd_sig_verify(&pk, "messagE", 7, &sig));
}

static void crc32c_can_be_computed_in_parts(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0};
    assert_int_equal(zyd_crc32c(0, zeros, 32), 0x8a9136aau); /* RFC 3720 B.4 */
    assert_int_equal(zyd_crc32c(zyd_crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_self_test_accepts_this_library),
        cmocka_unit_test(a_tagged_hash_is_sha256_of_the_padded_tag_and_the_bytes),
        cmocka_unit_test(any_cut_of_the_input_gives_libsodiums_hash),
        cmocka_unit_test(a_key_with_a_part_of_small_order_is_not_enrolled),
        cmocka_unit_test(any_flipped_bit_spoils_a_signature),
        cmocka_unit_test(crc32c_can_be_computed_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
