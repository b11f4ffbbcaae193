/* Goal: the rules between messages: evidence, alarms, restart, depth, quiet, observers.  Method: a rig for one machine, the
 * small cluster where several are needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/trace/cluster.c"
#include "tests/unit/bft_rig.h"

static struct rig r;
static struct zyd_header v1, other;
static struct zyd_hash h1;

static int setup(void **state)
{
    (void)state;
    rig_init(&r, 4, 1); /* leaders: v1 n2, v2 n3, v3 n0, v4 n1 */
    v1 = rig_header(&r, 1, &r.config.genesis);
    zyd_just_root(&v1.just_root, NULL, 0);
    other = v1;
    other.state_size = 5;
    h1 = rig_hash(&v1);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    rig_free(&r);
    return 0;
}

/* ---- evidence and alarms ---- */

static void accuses(uint8_t type_a, const struct zyd_header *a, uint8_t type_b, const struct zyd_header *b)
{
    teardown(NULL);
    setup(NULL);
    rig_start(&r);
    rig_votes(&r, 1, type_a, 1, a);
    assert_null(rig_out(&r, ZYD_BFT_OUT_EVIDENCE));
    rig_votes(&r, 1, type_a, 1, a);
    assert_null(rig_out(&r, ZYD_BFT_OUT_EVIDENCE)); /* the same message twice is no offence */
    rig_votes(&r, 1, type_b, 1, b);
    const struct zyd_bft_out *out = rig_out(&r, ZYD_BFT_OUT_EVIDENCE);
    assert_non_null(out);
    assert_int_equal(out->peer, 0);
    assert_int_equal(out->votes[0].type, type_a);
    assert_int_equal(out->votes[1].type, type_b);
    for (int i = 0; i < 2; i++) {
        uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
        zyd_vote_preimage(preimage, &r.config.chain_id, &out->votes[i]);
        assert_true(zyd_sig_verify(&r.config.pks[0], preimage, sizeof preimage, &out->votes[i].sig));
    }
    rig_votes(&r, 1, type_b, 1, b);
    assert_null(rig_out(&r, ZYD_BFT_OUT_EVIDENCE)); /* said once */
}

static void contradictory_votes_are_evidence_of_each_kind(void **state)
{
    (void)state;
    accuses(ZYD_VOTE_N, &v1, ZYD_VOTE_N, &other);
    accuses(ZYD_VOTE_F, &v1, ZYD_VOTE_F, &other);
    accuses(ZYD_VOTE_N, &v1, ZYD_VOTE_F, &other);
    accuses(ZYD_VOTE_F, &other, ZYD_VOTE_N, &v1);
    accuses(ZYD_VOTE_X, NULL, ZYD_VOTE_F, &v1);
    accuses(ZYD_VOTE_F, &v1, ZYD_VOTE_X, NULL);
}

static void honest_pairs_are_no_evidence(void **state)
{
    (void)state;
    rig_start(&r);
    rig_votes(&r, 1, ZYD_VOTE_N, 1, &v1);
    rig_votes(&r, 1, ZYD_VOTE_F, 1, &v1);
    rig_votes(&r, 8, ZYD_VOTE_N, 1, &v1);
    rig_votes(&r, 8, ZYD_VOTE_X, 1, NULL); /* X after N is allowed */
    assert_int_equal(rig_status(&r).evidence, 0);
}

static void a_certificate_shows_a_vote_that_was_kept_from_us(void **state)
{
    (void)state;
    rig_start(&r);
    rig_votes(&r, 1, ZYD_VOTE_N, 1, &other);
    struct zyd_cert nc = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &v1);
    rig_send_cert(&r, &nc);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_EVIDENCE));
}

static void an_unknown_vote_of_our_own_key_stops_signing(void **state)
{
    (void)state;
    rig_start(&r);
    struct zyd_vote forged = rig_vote(&r, 1, ZYD_VOTE_X, 1, NULL);
    forged.sig.b[3] ^= 1;
    rig_send_vote(&r, &forged); /* anyone can claim to be us */
    assert_false(rig_status(&r).stopped);
    rig_votes(&r, 2, ZYD_VOTE_X, 1, NULL);
    assert_true(rig_status(&r).stopped);
    assert_int_equal(rig_out(&r, ZYD_BFT_OUT_ALARM)->alarm, ZYD_ALARM_OWN_KEY);
    rig_propose(&r, &v1, NULL, 0);
    assert_null(rig_out(&r, ZYD_BFT_OUT_VOTE));
}

static void contradictory_certificates_stop_signing(void **state)
{
    (void)state;
    const uint8_t types[3][2] = {{ZYD_VOTE_N, ZYD_VOTE_N}, {ZYD_VOTE_X, ZYD_VOTE_F}, {ZYD_VOTE_N, ZYD_VOTE_F}};
    for (int i = 0; i < 3; i++) {
        teardown(NULL);
        setup(NULL);
        rig_start(&r);
        struct zyd_cert a = rig_cert(&r, 0xd, types[i][0], 1, types[i][0] == ZYD_VOTE_X ? NULL : &v1);
        struct zyd_cert b = rig_cert(&r, 0xd, types[i][1], 1, &other);
        rig_send_cert(&r, &a);
        assert_false(rig_status(&r).stopped);
        rig_send_cert(&r, &b);
        assert_true(rig_status(&r).stopped);
    }
    teardown(NULL);
    setup(NULL);
    rig_start(&r);
    struct zyd_cert nc = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &v1), xc = rig_cert(&r, 0xd, ZYD_VOTE_X, 1, NULL);
    rig_send_cert(&r, &nc);
    rig_send_cert(&r, &xc);
    assert_false(rig_status(&r).stopped); /* NC and XC of one view are no contradiction */
}

/* ---- restart ---- */

static void a_stored_notarization_leaves_only_when_its_block_is_verified_again(void **state)
{
    (void)state;
    struct zyd_vote n = rig_vote(&r, 1, ZYD_VOTE_N, 1, &v1);
    assert_int_equal(zyd_bft_restore_vote(r.b, &n), ZYD_OK);
    rig_start(&r);
    assert_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_N));
    rig_propose(&r, &v1, NULL, 0);
    assert_null(rig_out(&r, ZYD_BFT_OUT_VOTE)); /* stored bytes, no new record */
    assert_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_N));
    rig_verified(&r, &h1, true);
    const struct zyd_bft_out *send = rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_N);
    assert_non_null(send);
    assert_int_equal(send->after_seq, 0);
}

static void a_stored_notarization_forbids_another_block(void **state)
{
    (void)state;
    struct zyd_vote n = rig_vote(&r, 1, ZYD_VOTE_N, 1, &other);
    assert_int_equal(zyd_bft_restore_vote(r.b, &n), ZYD_OK);
    rig_start(&r);
    rig_propose(&r, &v1, NULL, 0);
    assert_null(rig_out(&r, ZYD_BFT_OUT_VOTE));
}

static void a_stored_nullification_forbids_notarization_and_finalization(void **state)
{
    (void)state;
    struct zyd_vote x = rig_vote(&r, 1, ZYD_VOTE_X, 1, NULL);
    assert_int_equal(zyd_bft_restore_vote(r.b, &x), ZYD_OK);
    rig_start(&r);
    assert_non_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_X));
    rig_propose(&r, &v1, NULL, 0);
    assert_null(rig_out(&r, ZYD_BFT_OUT_VOTE));
    rig_votes(&r, 0xd, ZYD_VOTE_N, 1, &v1);
    assert_int_equal(rig_status(&r).view, 2);
    rig_verified(&r, &h1, true);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_STORE));
    assert_null(rig_out(&r, ZYD_BFT_OUT_VOTE));
}

static void a_finalization_leaves_behind_both_its_record_and_its_block(void **state)
{
    (void)state;
    rig_start(&r);
    rig_propose(&r, &v1, NULL, 0);
    rig_verified(&r, &h1, true);
    rig_sync(&r);
    rig_votes(&r, 0x1, ZYD_VOTE_N, 1, &v1); /* the third, with the leader's in the proposal and our own */
    const struct zyd_bft_out *store = rig_out(&r, ZYD_BFT_OUT_STORE), *record = rig_out(&r, ZYD_BFT_OUT_VOTE);
    const struct zyd_bft_out *cert = rig_out(&r, ZYD_BFT_OUT_CERT), *send = rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_F);
    assert_non_null(store);
    assert_non_null(record);
    assert_non_null(send);
    assert_true(cert->seq < record->seq); /* P1a */
    assert_true(store->seq <= send->after_seq);
    assert_true(record->seq <= send->after_seq);
    assert_non_null(store->cert); /* the block's own notarization goes with it */
}

static void a_finalization_whose_block_is_not_durable_is_dead_after_a_restart(void **state)
{
    (void)state;
    struct zyd_vote f = rig_vote(&r, 1, ZYD_VOTE_F, 1, &v1);
    struct zyd_cert nc = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &v1);
    assert_int_equal(zyd_bft_restore_vote(r.b, &f), ZYD_OK);
    assert_int_equal(zyd_bft_restore_cert(r.b, &nc), ZYD_OK);
    rig_start(&r);
    assert_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_F));
    assert_int_equal(rig_status(&r).view, 2);
}

static void a_finalization_whose_block_is_durable_is_sent_again(void **state)
{
    (void)state;
    struct zyd_vote f = rig_vote(&r, 1, ZYD_VOTE_F, 1, &v1);
    struct zyd_cert nc = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &v1);
    assert_int_equal(zyd_bft_restore_vote(r.b, &f), ZYD_OK);
    assert_int_equal(zyd_bft_restore_block(r.b, &v1, NULL, 0, &nc), ZYD_OK);
    rig_start(&r);
    assert_non_null(rig_sent(&r, ZYD_MSG_VOTE, ZYD_VOTE_F));
    rig_votes(&r, 0x5, ZYD_VOTE_F, 1, &v1); /* with our own that is a quorum */
    assert_int_equal(rig_count(&r, ZYD_BFT_OUT_COMMIT), 1);
    assert_int_equal(rig_count(&r, ZYD_BFT_OUT_STORE), 0);
}

/* ---- far behind ---- */

/* Live proposals from view first to last, each final at the others; *tip: the one before first, then the last. */
static void others_go_on(struct zyd_header *tip, uint64_t first, uint64_t last)
{
    for (uint64_t v = first; v <= last; v++) {
        struct zyd_header h = rig_header(&r, v, tip);
        struct zyd_cert nc = rig_cert(&r, 0xd, ZYD_VOTE_N, v - 1, tip);
        rig_propose(&r, &h, &nc, 1);
        struct zyd_cert fc = rig_cert(&r, 0xd, ZYD_VOTE_F, v, &h);
        rig_send_cert(&r, &fc);
        *tip = h;
    }
}

/* The owner gives the block that hangs on head, and its certificate. */
static void give_v1(void)
{
    struct zyd_cert fc = rig_cert(&r, 0xd, ZYD_VOTE_F, 1, &v1);
    rig_feed(&r, (struct zyd_bft_in){.kind = ZYD_BFT_IN_HEADER, .header = &v1});
    rig_feed(&r, (struct zyd_bft_in){.kind = ZYD_BFT_IN_CERT, .cert = &fc});
}

/* Nobody sent v1: all that came after it hangs on nothing, until the owner fetches it.  What it gives and is refused it gives
 * again some time later, and the others do not wait. */
static void a_block_under_a_table_full_of_final_ones_is_taken(void **state)
{
    (void)state;
    struct zyd_header tip = v1;
    rig_start(&r);
    others_go_on(&tip, 2, 200);
    give_v1();
    assert_null(rig_out(&r, ZYD_BFT_OUT_VERIFY)); /* the table is full: this test is about that */
    others_go_on(&tip, 201, 220);
    give_v1();
    const struct zyd_bft_out *verify = rig_out(&r, ZYD_BFT_OUT_VERIFY);
    assert_non_null(verify);
    assert_true(zyd_hash_eq(&verify->hash, &h1));
}

static void damaged_stored_votes_are_refused(void **state)
{
    (void)state;
    struct zyd_vote n = rig_vote(&r, 1, ZYD_VOTE_N, 1, &v1), two = rig_vote(&r, 1, ZYD_VOTE_N, 1, &other);
    struct zyd_vote foreign = rig_vote(&r, 2, ZYD_VOTE_N, 1, &v1), old_epoch = n;
    assert_int_equal(zyd_bft_restore_vote(r.b, &n), ZYD_OK);
    assert_int_equal(zyd_bft_restore_vote(r.b, &two), ZYD_E_DAMAGED);
    assert_int_equal(zyd_bft_restore_vote(r.b, &foreign), ZYD_E_FOREIGN);
    n.sig.b[0] ^= 1;
    assert_int_equal(zyd_bft_restore_vote(r.b, &n), ZYD_E_BAD_SIG);
    old_epoch.epoch = 0;
    assert_int_equal(zyd_bft_restore_vote(r.b, &old_epoch), ZYD_OK); /* ignored by its epoch field */
}

static void damaged_stored_blocks_and_certificates_are_refused(void **state)
{
    (void)state;
    struct zyd_cert nc = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &v1), bad = nc, wrong = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &other);
    struct zyd_header orphan = v1, broken = v1;
    bad.sigs[0].b[0] ^= 1;
    assert_int_equal(zyd_bft_restore_cert(r.b, &bad), ZYD_E_BAD_SIG);
    assert_int_equal(zyd_bft_restore_block(r.b, &v1, NULL, 0, &wrong), ZYD_E_DAMAGED);
    broken.just_root.b[0] ^= 1;
    assert_int_equal(zyd_bft_restore_block(r.b, &broken, NULL, 0, NULL), ZYD_E_DAMAGED);
    orphan.parent_view = 0;
    orphan.view = 2;
    orphan.parent_hash.b[0] ^= 1;
    assert_int_not_equal(zyd_bft_restore_block(r.b, &orphan, NULL, 0, NULL), ZYD_OK);
    assert_int_equal(zyd_bft_restore_block(r.b, &v1, NULL, 0, &nc), ZYD_OK);
    assert_int_equal(zyd_bft_restore_block(r.b, &v1, NULL, 0, &nc), ZYD_E_EXISTS);
}

/* ---- observers ---- */

static void an_observer_follows_and_never_signs(void **state)
{
    (void)state;
    teardown(NULL);
    rig_init(&r, 4, ZYD_BFT_OBSERVER);
    rig_start(&r);
    rig_pool(&r, true);
    size_t records = 0, sends = 0;
    rig_propose(&r, &v1, NULL, 0);
    records += rig_count(&r, ZYD_BFT_OUT_VOTE);
    assert_non_null(rig_out(&r, ZYD_BFT_OUT_VERIFY));
    struct zyd_cert nc = rig_cert(&r, 0xd, ZYD_VOTE_N, 1, &v1), fc = rig_cert(&r, 0xd, ZYD_VOTE_F, 1, &v1);
    rig_send_cert(&r, &nc);
    rig_verified(&r, &h1, true);
    rig_send_cert(&r, &fc);
    assert_int_equal(rig_count(&r, ZYD_BFT_OUT_COMMIT), 1);
    for (int i = 0; i < 50; i++) {
        rig_tick(&r, 100);
        records += rig_count(&r, ZYD_BFT_OUT_VOTE);
        sends += rig_count(&r, ZYD_BFT_OUT_SEND);
    }
    assert_int_equal(records, 0);
    assert_int_equal(sends, 0);
}

/* ---- cluster rules ---- */

static struct cluster c;

static int64_t no_f(struct cluster *cl, uint8_t from, uint8_t to, struct zyd_span bytes)
{
    (void)cl, (void)from, (void)to;
    return bytes.data[0] == ZYD_MSG_VOTE && bytes.data[1] == ZYD_VOTE_F ? -1 : 1;
}

static void eight_unfinalized_blocks_and_then_only_carriers(void **state)
{
    (void)state;
    cluster_start(&c, 4);
    c.quiet = true;
    c.link = no_f;
    for (int i = 0; i < 40; i++) {
        cluster_submit(&c, 255);
        cluster_run(&c, c.now + 20);
    }
    cluster_run(&c, c.now + 1000);
    struct zyd_bft_status status;
    zyd_bft_status(c.nodes[0].bft, &status);
    assert_int_equal(status.final_height, 0);
    assert_int_equal(status.tip_height, ZYD_DEPTH_MAX);
    assert_true(status.tip_view > ZYD_DEPTH_MAX); /* carriers above */
    c.link = NULL;
    cluster_run(&c, c.now + 2000);
    cluster_agree(&c, ZYD_DEPTH_MAX + 1);
    cluster_free(&c);
}

static uint64_t sent, sent_status;
static int64_t counting(struct cluster *cl, uint8_t from, uint8_t to, struct zyd_span bytes)
{
    (void)cl, (void)from, (void)to;
    sent++;
    sent_status += bytes.data[0] == ZYD_MSG_STATUS;
    return 1;
}

static void an_idle_consortium_sends_status_and_writes_nothing(void **state)
{
    (void)state;
    cluster_start(&c, 4);
    cluster_submit(&c, 255);
    cluster_run(&c, 1000);
    cluster_agree(&c, 1);
    uint64_t seq[4], views[4];
    struct zyd_bft_status status;
    for (uint8_t i = 0; i < 4; i++) {
        seq[i] = c.nodes[i].last_seq;
        zyd_bft_status(c.nodes[i].bft, &status);
        views[i] = status.view;
        assert_true(zyd_bft_deadline_ms(c.nodes[i].bft) > c.now); /* only the next STATUS is due */
    }
    sent = sent_status = 0;
    c.link = counting;
    uint64_t steps = c.steps;
    cluster_run(&c, 61000);
    assert_int_equal(sent, sent_status);
    assert_int_equal(sent, 4 * 3 * 60);
    assert_int_equal(c.steps - steps, 4 * 60 * (1 + 3)); /* a tick and three messages a second */
    for (uint8_t i = 0; i < 4; i++) {
        zyd_bft_status(c.nodes[i].bft, &status);
        assert_int_equal(c.nodes[i].last_seq, seq[i]);
        assert_int_equal(status.view, views[i]);
    }
    cluster_free(&c);
}

static void an_idle_consortium_makes_a_heartbeat_block_when_told_to(void **state)
{
    (void)state;
    memset(&c, 0, sizeof c);
    cluster_start(&c, 4);
    for (uint8_t i = 0; i < 4; i++) {
        cluster_crash(&c, i);
    }
    c.config.heartbeat_ms = 10000;
    for (uint8_t i = 0; i < 4; i++) {
        cluster_boot(&c, i);
    }
    cluster_run(&c, 100000);
    cluster_agree(&c, 9);
    assert_true(cluster_height(&c, 0) <= 11);
    cluster_free(&c);
}

static void more_operations_than_one_block_are_paced(void **state)
{
    (void)state;
    cluster_start(&c, 4);
    c.quiet = true;
    for (int i = 0; i < 1000; i++) {
        cluster_submit(&c, 255);
        cluster_run(&c, c.now + 1);
    }
    cluster_run(&c, c.now + 500);
    struct zyd_bft_status status;
    zyd_bft_status(c.nodes[0].bft, &status);
    assert_true(status.final_height >= 100);
    assert_true(status.final_height <= 1000 / c.config.pace_ms + 2); /* D22: 5 ms between blocks */
    cluster_free(&c);
}

static void a_node_that_cannot_execute_does_not_stop_the_others(void **state)
{
    (void)state;
    cluster_start(&c, 4);
    c.nodes[1].lie_verify = true;
    for (int i = 0; i < 10; i++) {
        cluster_submit(&c, 255);
        cluster_run(&c, c.now + 700);
    }
    for (uint8_t i = 0; i < 4; i++) {
        if (i != 1) {
            assert_true(cluster_height(&c, i) >= 8);
        }
    }
    assert_true(c.nodes[1].alarms >= 1); /* DIVERGED */
    assert_int_equal(c.nodes[0].alarms, 0);
    cluster_free(&c);
}

/* Proposals are lost, votes are not: views are spent until the network is back. */
static int64_t no_proposals(struct cluster *cl, uint8_t from, uint8_t to, struct zyd_span bytes)
{
    (void)cl, (void)from, (void)to;
    return bytes.data[0] == ZYD_MSG_PROPOSAL ? -1 : 1;
}

static void three_hours_of_lost_proposals_leave_views_to_go_on(void **state)
{
    (void)state;
    cluster_start(&c, 4);
    c.quiet = true;
    c.link = no_proposals;
    cluster_submit(&c, 255);
    cluster_run(&c, 3 * 3600 * 1000);
    assert_int_equal(cluster_height(&c, 0), 0);
    struct zyd_bft_status status;
    zyd_bft_status(c.nodes[0].bft, &status);
    assert_true(status.view > 40);
    assert_true(status.view < 58);
    c.link = NULL;
    cluster_run(&c, c.now + 10000);
    cluster_agree(&c, 1);
    cluster_free(&c);
}

static void a_member_alone_commits_by_itself(void **state)
{
    (void)state;
    cluster_start(&c, 1);
    for (int i = 0; i < 5; i++) {
        cluster_submit(&c, 255);
        cluster_run(&c, c.now + 50);
    }
    cluster_agree(&c, 5);
    cluster_crash(&c, 0);
    cluster_boot(&c, 0);
    cluster_submit(&c, 255);
    cluster_run(&c, c.now + 500);
    cluster_agree(&c, 6);
    cluster_free(&c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(contradictory_votes_are_evidence_of_each_kind),
        T(honest_pairs_are_no_evidence),
        T(a_certificate_shows_a_vote_that_was_kept_from_us),
        T(an_unknown_vote_of_our_own_key_stops_signing),
        T(contradictory_certificates_stop_signing),
        T(a_stored_notarization_leaves_only_when_its_block_is_verified_again),
        T(a_stored_notarization_forbids_another_block),
        T(a_stored_nullification_forbids_notarization_and_finalization),
        T(a_finalization_leaves_behind_both_its_record_and_its_block),
        T(a_finalization_whose_block_is_not_durable_is_dead_after_a_restart),
        T(a_finalization_whose_block_is_durable_is_sent_again),
        T(damaged_stored_votes_are_refused),
        T(damaged_stored_blocks_and_certificates_are_refused),
        T(an_observer_follows_and_never_signs),
        T(a_block_under_a_table_full_of_final_ones_is_taken),
        cmocka_unit_test(eight_unfinalized_blocks_and_then_only_carriers),
        cmocka_unit_test(an_idle_consortium_sends_status_and_writes_nothing),
        cmocka_unit_test(an_idle_consortium_makes_a_heartbeat_block_when_told_to),
        cmocka_unit_test(more_operations_than_one_block_are_paced),
        cmocka_unit_test(a_node_that_cannot_execute_does_not_stop_the_others),
        cmocka_unit_test(three_hours_of_lost_proposals_leave_views_to_go_on),
        cmocka_unit_test(a_member_alone_commits_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
