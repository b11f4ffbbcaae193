/* Goal: a certificate counts only with a quorum of good signatures of this epoch's validators; votes, certificates,
 * justifications and finality proofs have one encoding.
 * Method: quorum tables by hand; every truncation and flipped bit; certificates short of, at and above the quorum. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "tests/lib/block.h"

static struct zyd_test_consortium C;
static struct zyd_test_block B;

static void quorums_are_those_of_the_table(void **state)
{
    (void)state;
    static const uint8_t table[][3] = {{1, 0, 1},   {2, 0, 2},   {3, 0, 2},   {4, 1, 3},   {5, 1, 4},   {6, 1, 4},
                                       {7, 2, 5},   {8, 2, 6},   {9, 2, 6},   {10, 3, 7},  {13, 4, 9},  {16, 5, 11},
                                       {19, 6, 13}, {22, 7, 15}, {25, 8, 17}, {28, 9, 19}, {31, 10, 21}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(zyd_quorum_f(table[i][0]), table[i][1]);
        assert_int_equal(zyd_quorum_q(table[i][0]), table[i][2]);
    }
    for (uint32_t n = 1; n <= 31; n++) { /* two quorums share f + 1; n - f are enough for one */
        uint32_t f = zyd_quorum_f(n), q = zyd_quorum_q(n);
        assert_true(2 * q >= n + f + 1);
        assert_true(n - f >= q);
    }
}

static enum zyd_status check(const struct zyd_cert *c)
{
    struct zyd_sig_ops ops = zyd_test_sig_ops(NULL);
    struct zyd_pk pks[ZYD_VALIDATORS_MAX];
    for (uint8_t i = 0; i < C.g.validator_count; i++) {
        pks[i] = *zyd_genesis_validator_pk(&C.g, i);
    }
    return zyd_cert_check(c, &C.g.hash, 1, pks, C.g.validator_count, &ops);
}

static void a_certificate_needs_a_quorum_of_good_signatures(void **state)
{
    (void)state;
    struct zyd_cert c;
    for (uint8_t type = ZYD_VOTE_N; type <= ZYD_VOTE_F; type++) {
        for (uint32_t k = 0; k <= 7; k++) {
            zyd_test_cert(&c, &C, type, &B.view.header, k);
            assert_int_equal(check(&c), k >= 5 ? ZYD_OK : ZYD_E_INVALID);
        }
    }
    c.epoch = 2;
    assert_int_equal(check(&c), ZYD_E_FOREIGN);
    c.epoch = 1;
    c.bitmap |= 1u << 7; /* an eighth validator of seven */
    assert_int_equal(check(&c), ZYD_E_INVALID);
    zyd_test_cert(&c, &C, ZYD_VOTE_F, &B.view.header, 7);
    c.sigs[6].b[0] ^= 1; /* all are checked, not only the first q */
    assert_int_equal(check(&c), ZYD_E_BAD_SIG);
    zyd_test_cert(&c, &C, ZYD_VOTE_F, &B.view.header, 5);
    c.bitmap = 0x2f; /* the fifth signature under the sixth's name */
    assert_int_equal(check(&c), ZYD_E_BAD_SIG);
    zyd_test_cert(&c, &C, ZYD_VOTE_N, &B.view.header, 5);
    c.type = ZYD_VOTE_F; /* notarization passed off as finalization */
    assert_int_equal(check(&c), ZYD_E_BAD_SIG);
}

static void certificates_survive_their_encoding_and_nothing_else(void **state)
{
    (void)state;
    struct zyd_cert c, d;
    uint8_t buf[ZYD_CERT_SIZE_MAX], again[ZYD_CERT_SIZE_MAX];
    zyd_test_cert(&c, &C, ZYD_VOTE_F, &B.view.header, 5);
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
    zyd_cert_encode(&w, &c);
    assert_int_equal(w.size, zyd_cert_size(&c));
    for (size_t n = 0; n <= w.size; n++) {
        struct zyd_rd rd = zyd_rd_of(zyd_span(buf, n));
        zyd_cert_read(&rd, &d);
        assert_int_equal(zyd_rd_done(&rd), n == w.size ? ZYD_OK : ZYD_E_MALFORMED);
    }
    for (size_t i = 0; i < w.size * 8; i++) {
        buf[i / 8] ^= (uint8_t)(1u << i % 8);
        struct zyd_rd rd = zyd_rd_of(zyd_span(buf, w.size));
        zyd_cert_read(&rd, &d);
        if (zyd_rd_done(&rd) == ZYD_OK) {
            struct zyd_wr w2 = zyd_wr_of(again, sizeof again);
            zyd_cert_encode(&w2, &d);
            assert_int_equal(w2.size, w.size);
            assert_memory_equal(again, buf, w.size);
            assert_int_not_equal(check(&d), ZYD_OK);
        }
        buf[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void a_null_vote_is_for_no_block(void **state)
{
    (void)state;
    struct zyd_vote v = {.type = ZYD_VOTE_X, .epoch = 1, .view = 9, .signer = 3}, out;
    uint8_t buf[ZYD_VOTE_SIZE + 1] = {0};
    zyd_vote_encode(buf, &v);
    assert_int_equal(zyd_vote_decode(&out, zyd_span(buf, ZYD_VOTE_SIZE)), ZYD_OK);
    assert_int_equal(zyd_vote_decode(&out, zyd_span(buf, ZYD_VOTE_SIZE + 1)), ZYD_E_MALFORMED);
    for (size_t n = 0; n < ZYD_VOTE_SIZE; n++) {
        assert_int_equal(zyd_vote_decode(&out, zyd_span(buf, n)), ZYD_E_MALFORMED);
    }
    buf[24] = 1; /* height */
    assert_int_equal(zyd_vote_decode(&out, zyd_span(buf, ZYD_VOTE_SIZE)), ZYD_E_MALFORMED);
    buf[24] = 0;
    buf[56] = 1; /* hash */
    assert_int_equal(zyd_vote_decode(&out, zyd_span(buf, ZYD_VOTE_SIZE)), ZYD_E_MALFORMED);
    buf[0] = ZYD_VOTE_N;
    assert_int_equal(zyd_vote_decode(&out, zyd_span(buf, ZYD_VOTE_SIZE)), ZYD_OK);
    buf[0] = 4;
    assert_int_equal(zyd_vote_decode(&out, zyd_span(buf, ZYD_VOTE_SIZE)), ZYD_E_MALFORMED);
    buf[0] = ZYD_VOTE_F;
    buf[57] = 31; /* no such signer in any set */
    assert_int_equal(zyd_vote_decode(&out, zyd_span(buf, ZYD_VOTE_SIZE)), ZYD_E_MALFORMED);
}

static void a_preimage_differs_in_every_field(void **state)
{
    (void)state;
    struct zyd_vote v = {.type = ZYD_VOTE_N, .epoch = 1, .view = 2, .height = 3}, w;
    uint8_t a[ZYD_VOTE_PREIMAGE_SIZE], b[ZYD_VOTE_PREIMAGE_SIZE];
    struct zyd_hash chain = C.g.hash;
    zyd_vote_preimage(a, &chain, &v);
    assert_memory_equal(a, "zyd/vote/1\0\0\0\0\0\0", 16);
    for (int field = 0; field < 6; field++) {
        w = v;
        chain = C.g.hash;
        w.type = field == 0 ? ZYD_VOTE_F : w.type;
        w.epoch += field == 1 ? 1 : 0;
        w.view += field == 2 ? 1 : 0;
        w.height += field == 3 ? 1 : 0;
        w.hash.b[31] = field == 4 ? 1 : 0;
        chain.b[0] ^= field == 5 ? 1 : 0;
        zyd_vote_preimage(b, &chain, &w);
        assert_memory_not_equal(a, b, sizeof a);
    }
}

static void a_justification_survives_its_encoding(void **state)
{
    (void)state;
    static struct zyd_cert certs[ZYD_JUST_MAX], out[ZYD_JUST_MAX];
    static uint8_t buf[1 + ZYD_JUST_MAX * ZYD_CERT_SIZE_MAX];
    size_t count;
    for (size_t i = 0; i < 3; i++) {
        zyd_test_cert(&certs[i], &C, i == 0 ? ZYD_VOTE_N : ZYD_VOTE_X, &B.view.header, 5);
    }
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
    zyd_just_encode(&w, certs, 3);
    assert_int_equal(zyd_just_decode(out, &count, zyd_wr_span(&w)), ZYD_OK);
    assert_int_equal(count, 3);
    struct zyd_hash a, b;
    zyd_just_root(&a, certs, 3);
    zyd_just_root(&b, out, 3);
    assert_memory_equal(&a, &b, 32);
    zyd_just_root(&b, out, 2);
    assert_memory_not_equal(&a, &b, 32);
    for (size_t n = 0; n < w.size; n++) {
        assert_int_equal(zyd_just_decode(out, &count, zyd_span(buf, n)), ZYD_E_MALFORMED);
    }
    buf[0] = 65;
    assert_int_equal(zyd_just_decode(out, &count, zyd_wr_span(&w)), ZYD_E_MALFORMED);
}

static enum zyd_status final_now(void)
{
    struct zyd_sig_ops ops = zyd_test_sig_ops(NULL);
    return zyd_finality_check(&B.finality, &B.view.header, &C.g, &ops);
}

static void finality_links_the_block_to_the_certified_one(void **state)
{
    (void)state;
    struct zyd_test_block *b = &B;
    zyd_test_block_make(b, &C, 1, 1, 0, true);
    assert_int_equal(final_now(), ZYD_OK);
    b->finality.header_count = 0;
    b->finality.headers.size = 0;
    assert_int_equal(final_now(), ZYD_E_INVALID); /* the certificate names a block that is not shown */
    zyd_test_block_make(b, &C, 1, 1, 0, true);
    b->finality_bytes[100] ^= 1; /* another child */
    assert_int_equal(final_now(), ZYD_E_INVALID);
    b->finality_bytes[100] ^= 1;
    b->finality_bytes[70] ^= 1; /* a child of another parent */
    assert_int_equal(final_now(), ZYD_E_INVALID);
    zyd_test_block_make(b, &C, 1, 1, 0, false);
    assert_int_equal(final_now(), ZYD_OK);
    zyd_test_cert(&b->finality.fc, &C, ZYD_VOTE_N, &b->view.header, 5);
    assert_int_equal(final_now(), ZYD_E_INVALID);
    zyd_test_cert(&b->finality.fc, &C, ZYD_VOTE_F, &b->view.header, 4);
    assert_int_equal(final_now(), ZYD_E_INVALID);
    zyd_test_cert(&b->finality.fc, &C, ZYD_VOTE_F, &b->view.header, 5);
    b->finality.fc.sigs[0].b[5] ^= 1;
    assert_int_equal(final_now(), ZYD_E_BAD_SIG);
    C.g.hash.b[0] ^= 1;
    assert_int_equal(final_now(), ZYD_E_FOREIGN);
    C.g.hash.b[0] ^= 1;
}

static void a_header_survives_its_encoding(void **state)
{
    (void)state;
    uint8_t buf[ZYD_HEADER_SIZE + 1], again[ZYD_HEADER_SIZE];
    struct zyd_header h;
    struct zyd_hash a, b;
    zyd_header_encode(buf, &B.view.header);
    zyd_header_hash(&a, &B.view.header);
    for (size_t n = 0; n < sizeof buf; n++) {
        assert_int_equal(zyd_header_decode(&h, zyd_span(buf, n)), n == ZYD_HEADER_SIZE ? ZYD_OK : ZYD_E_MALFORMED);
    }
    for (size_t i = 0; i < ZYD_HEADER_SIZE * 8; i++) {
        buf[i / 8] ^= (uint8_t)(1u << i % 8);
        if (zyd_header_decode(&h, zyd_span(buf, ZYD_HEADER_SIZE)) == ZYD_OK) {
            zyd_header_encode(again, &h);
            assert_memory_equal(again, buf, ZYD_HEADER_SIZE);
            zyd_header_hash(&b, &h);
            assert_memory_not_equal(&a, &b, 32);
        }
        buf[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static int setup(void **state)
{
    (void)state;
    zyd_test_consortium_plan(&C, 7, 8);
    zyd_test_consortium_seal(&C);
    zyd_test_block_make(&B, &C, 1, 1, 0, false);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quorums_are_those_of_the_table),
        cmocka_unit_test(a_certificate_needs_a_quorum_of_good_signatures),
        cmocka_unit_test(certificates_survive_their_encoding_and_nothing_else),
        cmocka_unit_test(a_null_vote_is_for_no_block),
        cmocka_unit_test(a_preimage_differs_in_every_field),
        cmocka_unit_test(a_justification_survives_its_encoding),
        cmocka_unit_test(a_header_survives_its_encoding),
        cmocka_unit_test(finality_links_the_block_to_the_certified_one),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
