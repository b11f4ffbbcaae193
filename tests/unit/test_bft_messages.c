/* Goal: bytes from a peer change the machine only when they are whole, signed and say something the rules allow.
 * Method: a rig with every key forges valid messages, then each truncation, each flipped bit and each broken rule of them;
 * zyd_bft_check runs after every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/bft_rig.h"

static struct rig r;
static struct zyd_header v1, v3; /* v1 on genesis; v3 on v1 over a nullified view 2 */
static struct zyd_cert nc1, xc2, just3[2];

/* me is n0; leaders: v1 n2, v2 n3, v3 n0, v4 n1 (n = 4) would make n0 lead v3, so the rig is n1. */
static int setup(void **state)
{
    (void)state;
    rig_init(&r, 4, 1);
    rig_start(&r);
    v1 = rig_header(&r, 1, &r.config.genesis);
    zyd_just_root(&v1.just_root, NULL, 0);
    nc1 = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &v1);
    xc2 = rig_cert(&r, 0xd, ZYD_VOTE_X, 2, NULL);
    v3 = rig_header(&r, 3, &v1);
    just3[0] = nc1;
    just3[1] = xc2;
    zyd_just_root(&v3.just_root, just3, 2);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    rig_free(&r);
    return 0;
}

static bool taken(const struct zyd_header *h)
{
    struct zyd_hash hash = rig_hash(h);
    return zyd_bft_header(r.b, &hash) != NULL;
}

static void to_view_3(void)
{
    rig_propose(&r, &v1, NULL, 0);
    struct zyd_hash hash = rig_hash(&v1);
    rig_verified(&r, &hash, true);
    rig_send_cert(&r, &nc1);
    rig_send_cert(&r, &xc2);
    assert_int_equal(rig_status(&r).view, 3);
}

/* ---- the good ones ---- */

static void a_valid_proposal_is_recorded_then_voted_behind_its_sync(void **state)
{
    (void)state;
    rig_propose(&r, &v1, NULL, 0);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_VERIFY));
    const struct zyd_bft_out *record = rig_out(&r, ZYD_BFT_OUT_VOTE);
    assert_non_null(record); /* recorded while it executes (P1) */
    assert_int_equal(record->votes[0].type, ZYD_VOTE_N);
    uint64_t seq = record->seq;
    assert_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_N));
    struct zyd_hash hash = rig_hash(&v1);
    rig_verified(&r, &hash, true);
    const struct zyd_bft_out *send = rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_N);
    assert_non_null(send);
    assert_int_equal(send->after_seq, seq);
    assert_int_equal(send->peer, ZYD_BFT_ALL);
}

static void a_proposal_with_its_justification_brings_a_lagging_member_along(void **state)
{
    (void)state;
    rig_propose(&r, &v3, just3, 2);
    assert_int_equal(rig_status(&r).view, 3);
    assert_true(taken(&v3));
    assert_null(rig_out(&r, ZYD_BFT_OUT_VERIFY)); /* its parent's header is not here yet */
    rig_propose(&r, &v1, NULL, 0);
    struct zyd_hash hash = rig_hash(&v1);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_VERIFY));
    rig_verified(&r, &hash, true);
    const struct zyd_bft_out *verify = rig_out(&r, ZYD_BFT_OUT_VERIFY);
    hash = rig_hash(&v3);
    assert_non_null(verify);
    assert_memory_equal(verify->hash.b, hash.b, 32);
    assert_int_equal(verify->just_count, 2);
}

static void a_refused_execution_nullifies_the_view_and_casts_no_notarization(void **state)
{
    (void)state;
    rig_propose(&r, &v1, NULL, 0);
    struct zyd_hash hash = rig_hash(&v1);
    rig_verified(&r, &hash, false);
    assert_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_N));
    assert_non_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_X));
    rig_votes(&r, 0xd, ZYD_VOTE_N, 1, &v1);
    assert_int_equal(rig_status(&r).view, 2); /* we enter on a notarization whatever we think of the block */
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_ALARM));
    assert_int_equal(rig_out(&r, ZYD_BFT_OUT_ALARM)->alarm, ZYD_ALARM_DIVERGED);
    assert_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_F));
}

/* ---- bytes ---- */

static void no_truncation_and_no_extra_byte_is_taken(void **state)
{
    (void)state;
    uint8_t bytes[ZYD_BFT_MSG_MAX + 1];
    size_t size = rig_proposal(&r, &v3, just3, 2, (uint8_t)v3.proposer, false);
    memcpy(bytes, r.message, size);
    bytes[size] = 0;
    for (size_t cut = 0; cut <= size + 1; cut++) {
        if (cut != size) {
            uint64_t dropped = rig_status(&r).dropped;
            rig_bytes(&r, 0, bytes, cut);
            assert_int_equal(rig_status(&r).dropped, dropped + 1);
            assert_int_equal(rig_status(&r).view, 1);
        }
    }
    struct zyd_vote vote = rig_vote(&r, 0, ZYD_VOTE_X, 1, NULL);
    uint8_t small[1 + ZYD_VOTE_SIZE + 1] = {ZYD_MSG_VOTE};
    zyd_vote_encode(small + 1, &vote);
    for (size_t cut = 0; cut <= sizeof small; cut++) {
        if (cut != sizeof small - 1) {
            uint64_t dropped = rig_status(&r).dropped;
            rig_bytes(&r, 0, small, cut);
            assert_int_equal(rig_status(&r).dropped, dropped + 1);
        }
    }
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wx_u8(&wr, ZYD_MSG_CERT);
    zyd_cert_encode(&wr, &xc2);
    bytes[wr.size] = 0;
    for (size_t cut = 0; cut <= wr.size + 1; cut++) {
        if (cut != wr.size) {
            uint64_t dropped = rig_status(&r).dropped;
            rig_bytes(&r, 0, bytes, cut);
            assert_int_equal(rig_status(&r).dropped, dropped + 1);
            assert_int_equal(rig_status(&r).view, 1);
        }
    }
    const uint8_t status[1 + 66 + 1] = {ZYD_MSG_STATUS, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1};
    const uint8_t get[1 + 9 + 1] = {ZYD_MSG_GET_CERT, 1};
    for (size_t cut = 0; cut <= sizeof status; cut++) {
        uint64_t dropped = rig_status(&r).dropped;
        rig_bytes(&r, 0, status, cut);
        assert_int_equal(rig_status(&r).dropped, dropped + (cut != sizeof status - 1));
    }
    for (size_t cut = 0; cut <= sizeof get; cut++) {
        uint64_t dropped = rig_status(&r).dropped;
        rig_bytes(&r, 0, get, cut);
        assert_int_equal(rig_status(&r).dropped, dropped + (cut != sizeof get - 1));
    }
}

static void no_flipped_bit_of_a_proposal_is_voted_for(void **state)
{
    (void)state;
    size_t size = rig_proposal(&r, &v1, NULL, 0, (uint8_t)v1.proposer, false);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        r.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rig_bytes(&r, 2, r.message, size);
        r.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_null(rig_out(&r, ZYD_BFT_OUT_VERIFY));
        assert_null(rig_out(&r, ZYD_BFT_OUT_VOTE));
    }
    rig_bytes(&r, 2, r.message, size);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_VERIFY));
}

static void no_flipped_bit_of_a_vote_counts(void **state)
{
    (void)state;
    struct zyd_vote vote = rig_vote(&r, 3, ZYD_VOTE_X, 1, NULL);
    uint8_t bytes[1 + ZYD_VOTE_SIZE] = {ZYD_MSG_VOTE};
    zyd_vote_encode(bytes + 1, &vote);
    rig_votes(&r, 0x5, ZYD_VOTE_X, 1, NULL);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rig_bytes(&r, 3, bytes, sizeof bytes);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(rig_status(&r).view, 1);
    }
    rig_bytes(&r, 3, bytes, sizeof bytes);
    assert_int_equal(rig_status(&r).view, 2);
}

static void no_flipped_bit_of_a_certificate_moves_us(void **state)
{
    (void)state;
    struct zyd_wr wr = zyd_wr_of(r.message, sizeof r.message);
    zyd_wx_u8(&wr, ZYD_MSG_CERT);
    zyd_cert_encode(&wr, &xc2);
    for (size_t bit = 0; bit < 8 * wr.size; bit++) {
        r.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rig_bytes(&r, 3, r.message, wr.size);
        r.message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(rig_status(&r).view, 1);
    }
    rig_bytes(&r, 3, r.message, wr.size);
    assert_int_equal(rig_status(&r).view, 3);
}

/* ---- certificates ---- */

static void a_certificate_needs_a_quorum_of_different_known_signers(void **state)
{
    (void)state;
    struct zyd_cert few = rig_cert(&r, 0x5, ZYD_VOTE_X, 1, NULL);
    rig_send_cert(&r, &few);
    assert_int_equal(rig_status(&r).view, 1);
    struct zyd_cert doubled = rig_cert(&r, 0x7, ZYD_VOTE_X, 1, NULL);
    doubled.sigs[1] = doubled.sigs[0]; /* one signature in two places */
    rig_send_cert(&r, &doubled);
    assert_int_equal(rig_status(&r).view, 1);
    struct zyd_cert foreign = rig_cert(&r, 0x7, ZYD_VOTE_X, 1, NULL);
    foreign.bitmap = 0x16; /* n4 of n = 4 */
    rig_send_cert(&r, &foreign);
    assert_int_equal(rig_status(&r).view, 1);
    struct zyd_cert retyped = rig_cert(&r, 0x7, ZYD_VOTE_N, 1, &v1);
    retyped.type = ZYD_VOTE_F; /* a prepare reused as a commit */
    rig_send_cert(&r, &retyped);
    assert_int_equal(rig_status(&r).view, 1);
    struct zyd_cert other_epoch = rig_cert(&r, 0x7, ZYD_VOTE_X, 1, NULL);
    other_epoch.epoch = 2;
    rig_send_cert(&r, &other_epoch);
    assert_int_equal(rig_status(&r).view, 1);
    struct zyd_cert good = rig_cert(&r, 0x7, ZYD_VOTE_X, 1, NULL);
    rig_send_cert(&r, &good);
    /* n1's X is in it, which we never signed: our key runs twice */
    assert_int_equal(rig_status(&r).view, 2);
    assert_true(rig_status(&r).stopped);
}

static void votes_of_two_blocks_make_no_certificate_together(void **state)
{
    (void)state;
    struct zyd_header other = v1;
    other.time_ms++;
    rig_votes(&r, 0x5, ZYD_VOTE_N, 1, &v1);
    rig_votes(&r, 0x8, ZYD_VOTE_N, 1, &other);
    assert_int_equal(rig_status(&r).view, 1);
}

static void the_quorum_is_right_for_every_size(void **state)
{
    (void)state;
    static const uint32_t q_of[32] = {[4] = 3,  [5] = 4,   [6] = 4,   [7] = 5,   [8] = 6,   [9] = 6,  [10] = 7,
                                      [13] = 9, [16] = 11, [19] = 13, [22] = 15, [25] = 17, [28] = 19, [31] = 21};
    for (uint8_t n = 4; n <= 31; n++) {
        static struct rig m;
        rig_init(&m, n, (uint8_t)(n - 1));
        rig_start(&m);
        uint32_t f = ((uint32_t)n - 1) / 3, q = 0;
        while (2 * ++q < (uint32_t)n + f + 1) { /* the smallest whose pairs share f + 1 */
        }
        assert_true(q_of[n] == 0 || q_of[n] == q);
        for (uint8_t i = 0; i < q; i++) {
            assert_int_equal(rig_status(&m).view, 1);
            struct zyd_vote v = rig_vote(&m, i, ZYD_VOTE_X, 1, NULL);
            rig_send_vote(&m, &v);
            rig_send_vote(&m, &v); /* twice is once */
        }
        assert_int_equal(rig_status(&m).view, 2);
        struct zyd_cert few = rig_cert(&m, (UINT64_C(1) << (q - 1)) - 1, ZYD_VOTE_X, 2, NULL);
        struct zyd_cert enough = rig_cert(&m, (UINT64_C(1) << q) - 1, ZYD_VOTE_X, 2, NULL);
        rig_send_cert(&m, &few);
        assert_int_equal(rig_status(&m).view, 2);
        rig_send_cert(&m, &enough);
        assert_int_equal(rig_status(&m).view, 3);
        rig_free(&m);
    }
}

/* ---- proposals that break one rule ---- */

static void refuse(struct zyd_header h, const struct zyd_cert *just, size_t count, const char *why)
{
    size_t size = rig_proposal(&r, &h, just, count, (uint8_t)v3.proposer, false);
    rig_bytes(&r, (uint8_t)v3.proposer, r.message, size);
    if (rig_out(&r, ZYD_BFT_OUT_VERIFY) != NULL || rig_out(&r, ZYD_BFT_OUT_VOTE) != NULL) {
        fail_msg("voted for a proposal with %s", why);
    }
}

#define BROKEN(field, value, why)                                                                  \
    do {                                                                                           \
        teardown(NULL);                                                                            \
        setup(NULL);                                                                               \
        to_view_3();                                                                               \
        struct zyd_header h_ = v3;                                                                 \
        h_.field = (value);                                                                        \
        refuse(h_, just3, 2, why);                                                                 \
    } while (0)

static void a_header_that_breaks_one_rule_is_not_voted_for(void **state)
{
    (void)state;
    BROKEN(version, 2, "another version");
    BROKEN(flags, ZYD_HEADER_EPOCH_END, "an epoch end");
    BROKEN(flags, ZYD_HEADER_CARRIER, "a carrier of the next height");
    BROKEN(epoch, 2, "another epoch");
    BROKEN(chain_id.b[0], 0, "another chain");
    BROKEN(height, v3.height + 1, "a gap in the heights");
    BROKEN(height, v3.height - 1, "its parent's height");
    BROKEN(parent_view, 2, "the wrong parent view");
    BROKEN(parent_view, 0, "a parent view that leaves out the parent");
    BROKEN(parent_hash.b[5], 1, "another parent");
    BROKEN(time_ms, v1.time_ms, "its parent's time");
    BROKEN(time_ms, v1.time_ms - 1, "a time before its parent's");
    BROKEN(time_ms, (uint64_t)r.now + 501, "a time in the future");
    BROKEN(proposer, 3, "another proposer");
    BROKEN(valset_hash.b[0], 1, "other validators");
    BROKEN(rules_version, 9, "another rules version");
    BROKEN(rules_hash.b[0], 1, "other rules");
    BROKEN(debits, 5, "debits that are not credits");
    BROKEN(view, 3 + ZYD_BFT_WINDOW + 1, "a view beyond the window");
    /* and unbroken it is voted for */
    teardown(NULL);
    setup(NULL);
    to_view_3();
    rig_propose(&r, &v3, just3, 2);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_VOTE));
}

static void an_old_time_is_untimely_but_a_quorum_settles_it(void **state)
{
    (void)state;
    to_view_3();
    r.now += 60000;
    rig_propose(&r, &v3, just3, 2);
    assert_null(rig_out(&r, ZYD_BFT_OUT_VERIFY)); /* the record of N and the execution begin together */
    struct zyd_cert nc3 = rig_cert(&r, 0xd, ZYD_VOTE_N, 3, &v3);
    rig_send_cert(&r, &nc3);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_VERIFY)); /* 1.8: never asked of a block that has a certificate */
}

static void a_time_ahead_of_our_clock_is_voted_for_when_it_comes(void **state)
{
    (void)state;
    to_view_3();
    v3.time_ms = (uint64_t)r.now + 700;
    rig_propose(&r, &v3, just3, 2);
    assert_null(rig_out(&r, ZYD_BFT_OUT_VOTE));
    assert_true(zyd_bft_deadline_ms(r.b) <= r.now + 200);
    rig_tick(&r, 200);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_VOTE));
}

static void a_proposal_of_somebody_who_does_not_lead_is_dropped(void **state)
{
    (void)state;
    for (uint8_t signer = 0; signer < 4; signer++) {
        struct zyd_header h = v1;
        h.proposer = signer;
        size_t size = rig_proposal(&r, &h, NULL, 0, signer, false);
        rig_bytes(&r, signer, r.message, size);
        assert_int_equal(rig_out(&r, ZYD_BFT_OUT_VERIFY) != NULL, signer == v1.proposer);
    }
    size_t size = rig_proposal(&r, &v1, NULL, 0, 3, false); /* the leader's header under another's vote */
    rig_bytes(&r, 3, r.message, size);
    assert_null(rig_out(&r, ZYD_BFT_OUT_VERIFY));
}

static void a_justification_must_be_complete_and_right(void **state)
{
    (void)state;
    to_view_3();
    struct zyd_cert j[3] = {nc1, xc2, xc2};
    struct zyd_header other = v1;
    other.time_ms++;
    refuse(v3, NULL, 0, "no justification");
    refuse(v3, j, 1, "the skip certificate missing");
    teardown(NULL);
    setup(NULL);
    to_view_3();
    refuse(v3, j + 1, 1, "the notarization missing");
    refuse(v3, j, 3, "one certificate too many");
    teardown(NULL);
    setup(NULL);
    to_view_3();
    j[0] = xc2;
    j[1] = nc1;
    refuse(v3, j, 2, "the certificates in another order");
    j[0] = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &other);
    j[1] = xc2;
    refuse(v3, j, 2, "the notarization of another block");
    teardown(NULL);
    setup(NULL);
    to_view_3();
    j[0] = nc1;
    j[1] = rig_cert(&r, 0x9, ZYD_VOTE_X, 2, NULL);
    refuse(v3, j, 2, "a skip certificate of q - 1");
    j[1] = rig_cert(&r, 0xd, ZYD_VOTE_X, 1, NULL);
    refuse(v3, j, 2, "a skip certificate of another view");
    teardown(NULL);
    setup(NULL);
    to_view_3();
    j[1] = xc2;
    j[1].sigs[2].b[0] ^= 1;
    refuse(v3, j, 2, "a bad signature");
    j[1] = rig_cert(&r, 0xd, ZYD_VOTE_F, 2, &v1);
    refuse(v3, j, 2, "a finalization for a skip");
    teardown(NULL);
    setup(NULL);
    to_view_3();
    v3.just_root.b[0] ^= 1;
    size_t size = rig_proposal(&r, &v3, just3, 2, (uint8_t)v3.proposer, true);
    rig_bytes(&r, (uint8_t)v3.proposer, r.message, size);
    assert_null(rig_out(&r, ZYD_BFT_OUT_VERIFY)); /* a just_root of something else */
}

static void a_carrier_keeps_its_parents_ledger(void **state)
{
    (void)state;
    for (int broken = 0; broken < 6; broken++) {
        teardown(NULL);
        setup(NULL);
        to_view_3();
        struct zyd_header c = rig_carrier(&r, 3, &v1);
        c.log_size += broken == 1;
        c.state_root.b[0] ^= broken == 2;
        c.env_count += broken == 3;
        c.body_root.b[0] ^= broken == 4;
        c.open_obligations += broken == 5;
        rig_propose(&r, &c, just3, 2);
        assert_int_equal(rig_out(&r, ZYD_BFT_OUT_VERIFY) != NULL, broken == 0);
    }
}

static void a_flood_of_proposals_keeps_two_and_executes_one(void **state)
{
    (void)state;
    size_t kept = 0, executed = 0, evidence = 0;
    for (uint64_t i = 0; i < 200; i++) {
        struct zyd_header h = v1;
        h.state_size = i;
        rig_propose(&r, &h, NULL, 0);
        kept += taken(&h);
        executed += rig_count(&r, ZYD_BFT_OUT_VERIFY);
        evidence += rig_count(&r, ZYD_BFT_OUT_EVIDENCE);
    }
    assert_int_equal(kept, 2);
    assert_int_equal(executed, 1);
    assert_int_equal(evidence, 1);
}

/* ---- votes outside the window ---- */

static void votes_are_taken_up_to_the_next_view_only(void **state)
{
    (void)state;
    rig_votes(&r, 0xd, ZYD_VOTE_X, 3, NULL);
    assert_int_equal(rig_status(&r).view, 1); /* attack 17: a certificate may jump, votes may not */
    rig_votes(&r, 0xd, ZYD_VOTE_X, 2, NULL);
    assert_int_equal(rig_status(&r).view, 3);
    struct zyd_cert far = rig_cert(&r, 0xd, ZYD_VOTE_X, 1000000, NULL);
    rig_send_cert(&r, &far);
    assert_int_equal(rig_status(&r).view, 1000001);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_valid_proposal_is_recorded_then_voted_behind_its_sync),
        T(a_proposal_with_its_justification_brings_a_lagging_member_along),
        T(a_refused_execution_nullifies_the_view_and_casts_no_notarization),
        T(no_truncation_and_no_extra_byte_is_taken),
        T(no_flipped_bit_of_a_proposal_is_voted_for),
        T(no_flipped_bit_of_a_vote_counts),
        T(no_flipped_bit_of_a_certificate_moves_us),
        T(a_certificate_needs_a_quorum_of_different_known_signers),
        T(votes_of_two_blocks_make_no_certificate_together),
        T(the_quorum_is_right_for_every_size),
        T(a_header_that_breaks_one_rule_is_not_voted_for),
        T(an_old_time_is_untimely_but_a_quorum_settles_it),
        T(a_time_ahead_of_our_clock_is_voted_for_when_it_comes),
        T(a_proposal_of_somebody_who_does_not_lead_is_dropped),
        T(a_justification_must_be_complete_and_right),
        T(a_carrier_keeps_its_parents_ledger),
        T(a_flood_of_proposals_keeps_two_and_executes_one),
        T(votes_are_taken_up_to_the_next_view_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
