/* Goal: replicas composed of consensus, execution, pool and store commit the same blocks and survive what they must.
 * Method: small clusters in one process and virtual time (tests/lib/cluster.h), real Ed25519, the template contract as load. */
#include "tests/lib/cluster.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct zyd_cluster *cluster(const struct zyd_cluster_options *options)
{
    struct zyd_cluster_options o = *options;
    o.plugin = ZYD_PLUGIN_DIR "/template.elf";
    o.trace = getenv("ZYD_TRACE") != NULL;
    struct zyd_cluster *c = zyd_cluster_new(4, &o);
    zyd_cluster_start_all(c);
    return c;
}

static void assert_same_heads(struct zyd_cluster *c)
{
    struct zyd_replica_status a, b;
    zyd_replica_status(zyd_cluster_replica(c, 0), &a);
    for (uint32_t i = 1; i < 4; i++) {
        zyd_replica_status(zyd_cluster_replica(c, i), &b);
        assert_memory_equal(&a.head_hash, &b.head_hash, 32);
        assert_memory_equal(&a.head.state_root, &b.head.state_root, 32);
    }
}

static void four_nodes_commit_an_operation(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    assert_true(zyd_cluster_reach(c, 1, 500)); /* a heartbeat: genesis is an hour old */
    assert_int_equal(zyd_cluster_submit(c, 1, zyd_cluster_promise(c, 0, "loan-1", 500, 60000)), ZYD_OK);
    assert_true(zyd_cluster_reach(c, 2, 2000));
    assert_same_heads(c);
    struct zyd_replica_status s;
    zyd_replica_status(zyd_cluster_replica(c, 3), &s);
    assert_int_equal(s.head.env_count, 1);
    assert_int_equal(s.head.debits, s.head.credits);
    assert_int_equal(s.ops_final, 1);
    assert_int_equal(s.pool_count, 0);
    zyd_cluster_free(c);
}


static void submit_ok(struct zyd_cluster *c, uint32_t node, uint16_t member, uint32_t n)
{
    char ref[32];
    snprintf(ref, sizeof ref, "ref-%u-%u", member, n);
    assert_int_equal(zyd_cluster_submit(c, node, zyd_cluster_promise(c, member, ref, 1 + n, 300000)), ZYD_OK);
}

static uint64_t ops_in_chain(struct zyd_cluster *c, uint64_t height)
{
    uint64_t ops = 0;
    for (uint64_t h = 1; h <= height; h++) {
        struct zyd_block_view v;
        struct zyd_span f;
        assert_int_equal(zyd_block_decode(&v, zyd_cluster_block(c, h, &f)), ZYD_OK);
        ops += v.header.env_count;
    }
    return ops;
}

static void an_envelope_is_booked_once_however_often_it_is_sent(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    assert_true(zyd_cluster_reach(c, 1, 500));
    uint8_t copy[4096];
    struct zyd_span env = zyd_cluster_promise(c, 0, "once", 7, 60000);
    memcpy(copy, env.data, env.size);
    env.data = copy;
    assert_int_equal(zyd_cluster_submit(c, 1, env), ZYD_OK);
    assert_int_equal(zyd_cluster_submit(c, 1, env), ZYD_E_EXISTS);
    (void)zyd_cluster_submit(c, 2, env);
    zyd_cluster_run(c, 500);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(zyd_cluster_submit(c, i, env), ZYD_E_EXISTS);
    }
    zyd_cluster_run(c, 12000);
    zyd_cluster_crash(c, 2); /* the window is rebuilt from the store */
    zyd_cluster_start(c, 2);
    assert_int_equal(zyd_cluster_submit(c, 2, env), ZYD_E_EXISTS);
    zyd_cluster_run(c, 50000);
    assert_int_equal(zyd_cluster_submit(c, 3, env), ZYD_E_EXPIRED);
    zyd_cluster_run(c, 1000);
    assert_int_equal(ops_in_chain(c, zyd_cluster_height(c, 0)), 1);
    zyd_cluster_free(c);
}

static void what_is_wrong_with_an_envelope_is_said(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    uint8_t copy[4096];
    struct zyd_span env = zyd_cluster_promise(c, 0, "bad", 7, 60000);
    memcpy(copy, env.data, env.size);
    copy[env.size - 1] ^= 1;
    assert_int_equal(zyd_cluster_submit(c, 0, zyd_span(copy, env.size)), ZYD_E_BAD_SIG);
    copy[env.size - 1] ^= 1;
    assert_int_equal(zyd_cluster_submit(c, 0, zyd_span(copy, env.size - 1)), ZYD_E_MALFORMED);
    copy[2] ^= 1;
    assert_int_equal(zyd_cluster_submit(c, 0, zyd_span(copy, env.size)), ZYD_E_FOREIGN);
    assert_int_equal(zyd_cluster_submit(c, 0, zyd_cluster_promise(c, 0, "late", 7, -1)), ZYD_E_EXPIRED);
    assert_int_equal(zyd_cluster_submit(c, 0, zyd_cluster_promise(c, 0, "far", 7, 700000)), ZYD_E_EXPIRED);
    zyd_cluster_free(c);
}

/* ---- crashes ---- */

static void load(struct zyd_cluster *c, uint32_t from, uint32_t count, int64_t gap_ms)
{
    for (uint32_t i = from; i < from + count; i++) {
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t node = (i + k) % 4;
            if (zyd_cluster_up(c, node)) {
                submit_ok(c, node, (uint16_t)(i % 4), i);
                break;
            }
        }
        zyd_cluster_run(c, gap_ms);
    }
}

static void assert_all_booked(struct zyd_cluster *c, uint32_t ops)
{
    uint64_t top = 0;
    for (uint32_t i = 0; i < 4; i++) {
        top = zyd_cluster_height(c, i) > top ? zyd_cluster_height(c, i) : top;
        assert_int_equal(zyd_cluster_alarms(c, i), 0);
    }
    assert_true(zyd_cluster_reach(c, top, 30000));
    assert_int_equal(ops_in_chain(c, top), ops);
    assert_same_heads(c);
}

static void crash_everywhere(bool durable)
{
    for (uint64_t at = 1; at <= 60; at++) {
        struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 2, .checkpoint_blocks = 3});
        zyd_cluster_crash_at(c, 1, at, durable);
        load(c, 0, 8, 20);
        zyd_cluster_run(c, 1500);
        if (!zyd_cluster_up(c, 1)) {
            zyd_cluster_start(c, 1);
        }
        zyd_cluster_crash_at(c, 1, 0, false);
        load(c, 8, 2, 20);
        zyd_cluster_run(c, 2000);
        assert_all_booked(c, 10);
        zyd_cluster_free(c);
    }
}

static void a_node_resumes_whatever_record_was_its_last(void **state)
{
    (void)state;
    crash_everywhere(true);
}

static void a_node_resumes_whatever_record_was_lost(void **state)
{
    (void)state;
    crash_everywhere(false);
}

static void a_power_cut_of_all_loses_nothing_final(void **state)
{
    (void)state;
    for (int64_t when = 0; when < 40; when++) {
        struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 2, .sync_ms = 2, .checkpoint_blocks = 3});
        load(c, 0, 5, 9);
        zyd_cluster_run(c, when);
        uint64_t top = 0;
        for (uint32_t i = 0; i < 4; i++) {
            top = zyd_cluster_height(c, i) > top ? zyd_cluster_height(c, i) : top;
            zyd_cluster_crash(c, i);
        }
        zyd_cluster_start_all(c);
        load(c, 5, 3, 20);
        zyd_cluster_run(c, 3000);
        for (uint32_t i = 0; i < 4; i++) {
            assert_true(zyd_cluster_height(c, i) >= top);
            assert_int_equal(zyd_cluster_alarms(c, i), 0);
        }
        assert_true(zyd_cluster_reach(c, zyd_cluster_height(c, 0), 5000));
        assert_same_heads(c);
        zyd_cluster_free(c);
    }
}

/* ---- lag and silence ---- */

static void a_node_that_was_away_catches_up(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1, .checkpoint_blocks = 10});
    load(c, 0, 3, 20);
    zyd_cluster_crash(c, 3);
    load(c, 3, 80, 20);
    uint64_t height = zyd_cluster_height(c, 0);
    assert_true(height >= 60);
    zyd_cluster_start(c, 3);
    assert_true(zyd_cluster_reach(c, height, 5000));
    load(c, 83, 3, 20);
    zyd_cluster_run(c, 1000);
    assert_all_booked(c, 86);
    struct zyd_replica_status st;
    zyd_replica_status(zyd_cluster_replica(c, 3), &st);
    assert_false(st.syncing);
    zyd_cluster_free(c);
}

static void a_dead_leader_costs_a_view_not_the_chain(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    load(c, 0, 2, 20);
    zyd_cluster_crash(c, 0);
    load(c, 2, 12, 50);
    zyd_cluster_run(c, 4000);
    assert_int_equal(ops_in_chain(c, zyd_cluster_height(c, 1)), 14);
    zyd_cluster_start(c, 0);
    zyd_cluster_run(c, 3000);
    assert_all_booked(c, 14);
    zyd_cluster_free(c);
}

static void a_voter_fetches_what_gossip_did_not_bring(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    assert_true(zyd_cluster_reach(c, 1, 500));
    zyd_cluster_run(c, 100);
    zyd_cluster_cut(c, 2, 3, true); /* 3 hears nothing from 2, who accepts */
    for (uint32_t i = 0; i < 20; i++) {
        submit_ok(c, 2, 0, i);
    }
    zyd_cluster_run(c, 700);
    assert_true(zyd_cluster_sent(c, 3, ZYD_MSG_GET_ENVS) > 0);
    assert_true(zyd_cluster_reach(c, zyd_cluster_height(c, 0), 2000));
    zyd_cluster_cut(c, 2, 3, false);
    zyd_cluster_run(c, 1000);
    assert_all_booked(c, 20);
    zyd_cluster_free(c);
}

/* It has every header and certificate, so consensus knows of no gap; the bodies went by while the others still held them, and
 * now they have been restarted and hold them in their stores only. */
static void a_voter_without_bodies_gets_them_from_the_stores(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    assert_true(zyd_cluster_reach(c, 1, 500));
    zyd_cluster_run(c, 100);
    zyd_cluster_starve(c, 2, true);
    for (uint32_t i = 0; i < 4 || (i < 100 && zyd_cluster_height(c, 2) >= zyd_cluster_height(c, 0)); i++) {
        submit_ok(c, 0, 0, i); /* while the starved one leads, the others wait for its view to end */
        zyd_cluster_run(c, 20);
    }
    uint64_t top = zyd_cluster_height(c, 0);
    assert_true(zyd_cluster_height(c, 2) < top);
    zyd_cluster_crash(c, 0);
    zyd_cluster_crash(c, 1);
    zyd_cluster_crash(c, 3);
    zyd_cluster_starve(c, 2, false);
    zyd_cluster_start(c, 0); /* a quorum only with the starved one */
    zyd_cluster_start(c, 1);
    zyd_cluster_run(c, 3000);
    assert_true(zyd_cluster_height(c, 2) >= top);
    submit_ok(c, 1, 0, 1000);
    assert_true(zyd_cluster_reach(c, top + 1, 3000));
    zyd_cluster_free(c);
}

static void views_overlap_on_a_slow_network(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 20, .sync_ms = 1});
    uint64_t deepest = 0;
    for (uint32_t i = 0; i < 100; i++) {
        submit_ok(c, i % 4, (uint16_t)(i % 4), i);
        zyd_cluster_run(c, 10);
        struct zyd_replica_status st;
        zyd_replica_status(zyd_cluster_replica(c, 0), &st);
        uint64_t depth = st.bft.tip_height - st.head.height;
        deepest = depth > deepest ? depth : deepest;
    }
    zyd_cluster_run(c, 1000);
    assert_true(deepest >= 1); /* a child was notarized before its parent was final */
    assert_true(zyd_cluster_height(c, 0) >= 20); /* 1000 ms: two hops of 20 ms a block, not three */
    assert_all_booked(c, 100);
    zyd_cluster_free(c);
}

/* ---- what others do with the chain ---- */

static void replay_gives_the_same_roots(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    load(c, 0, 30, 10);
    zyd_cluster_run(c, 1000);
    struct zyd_test_consortium *cons = zyd_cluster_consortium(c);
    struct zyd_replica_limits limits;
    zyd_replica_limits_small(&limits);
    static const struct zyd_kv nothing;
    void *mem = calloc(1, zyd_replay_footprint(&limits, &cons->g));
    struct zyd_replay *p = zyd_replay_init(mem, &cons->g, &limits, &nothing);
    const char *why = "";
    struct zyd_header g;
    uint64_t entry;
    assert_int_equal(zyd_replay_plugin(p, &why, zyd_cluster_plugin(c)), ZYD_OK);
    assert_int_equal(zyd_replay_genesis(p, &g), ZYD_OK);
    uint64_t height = zyd_cluster_height(c, 0);
    uint8_t *bad = NULL;
    for (uint64_t h = 1; h <= height; h++) {
        struct zyd_block_view v;
        struct zyd_span fin;
        struct zyd_span value = zyd_cluster_block(c, h, &fin);
        assert_int_equal(zyd_block_decode(&v, value), ZYD_OK);
        enum zyd_status st = zyd_replay_block(p, &why, &entry, &v);
        assert_string_equal(why, "");
        assert_int_equal(st, ZYD_OK);
        bad = realloc(bad, value.size);
        memcpy(bad, value.data, value.size);
    }
    struct zyd_hash root;
    zyd_state_root(zyd_replay_state(p), &root);
    assert_memory_equal(&root, &zyd_replay_head(p)->state_root, 32);
    /* The last block again: refused by its height. */
    struct zyd_block_view v;
    struct zyd_span fin;
    assert_int_equal(zyd_block_decode(&v, zyd_cluster_block(c, height, &fin)), ZYD_OK);
    assert_int_equal(zyd_replay_block(p, &why, &entry, &v), ZYD_E_INVALID);
    free(bad);
    free(mem);
    zyd_cluster_free(c);
}

static void receipts_made_from_stored_blocks_check(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    load(c, 0, 12, 3);
    zyd_cluster_run(c, 1000);
    struct zyd_test_consortium *cons = zyd_cluster_consortium(c);
    struct zyd_sig_ops sig = zyd_test_sig_ops(NULL);
    static struct zyd_receipt r;
    static uint8_t leaf[ZYD_LOG_LEAF_MAX + 1];
    uint32_t made = 0;
    for (uint64_t h = 2; h <= zyd_cluster_height(c, 0); h++) {
        struct zyd_block_view b, prev;
        struct zyd_span fin, unused;
        struct zyd_finality f;
        assert_int_equal(zyd_block_decode(&prev, zyd_cluster_block(c, h - 1, &unused)), ZYD_OK);
        assert_int_equal(zyd_block_decode(&b, zyd_cluster_block(c, h, &fin)), ZYD_OK);
        assert_int_equal(zyd_finality_decode(&f, fin), ZYD_OK);
        for (uint32_t e = 0; e < b.header.env_count; e++) {
            void *mem = malloc(1u << 20);
            struct zyd_arena arena;
            const char *why = "";
            zyd_arena_init(&arena, mem, 1u << 20);
            assert_int_equal(zyd_receipt_make(&r, leaf, &arena, &b, &prev.header, &f, e, 0), ZYD_OK);
            assert_int_equal(zyd_receipt_check(&r, &why, &cons->g, &sig), ZYD_OK);
            free(mem);
            made++;
        }
    }
    assert_int_equal(made, 12);
    zyd_cluster_free(c);
}

static void a_record_is_proven_against_the_last_final_block(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    load(c, 0, 5, 20);
    zyd_cluster_run(c, 500);
    struct zyd_test_consortium *cons = zyd_cluster_consortium(c);
    struct zyd_sig_ops sig = zyd_test_sig_ops(NULL);
    for (int absent = 0; absent < 2; absent++) {
        uint8_t q[33] = {ZYD_QUERY_RECORD};
        struct zyd_hash object, key;
        struct zyd_span answer;
        zyd_object_id(&object, 1, 1, 0, zyd_span(absent ? "nobody" : "ref-0-0", absent ? 6 : 7));
        zyd_contract_object_key(&key, 1, &object);
        memcpy(q + 1, key.b, 32);
        assert_int_equal(zyd_cluster_query(c, &answer, 2, zyd_span(q, sizeof q)), ZYD_OK);
        struct zyd_rd rd = zyd_rd_of(answer);
        struct zyd_header h;
        struct zyd_finality f;
        struct zyd_hash path[64];
        struct zyd_record rec;
        bool present;
        assert_int_equal(zyd_header_decode(&h, zyd_rx_span(&rd, ZYD_HEADER_SIZE)), ZYD_OK);
        uint8_t said = zyd_rx_u8(&rd);
        uint64_t index = zyd_rx_u64(&rd);
        uint8_t count = zyd_rx_u8(&rd);
        for (uint8_t i = 0; i < count; i++) {
            zyd_rx_hash(&rd, &path[i]);
        }
        struct zyd_span leaf = zyd_rx_block(&rd, ZYD_LEAF_SIZE_MAX);
        struct zyd_span fin = zyd_rx_block(&rd, ZYD_FINALITY_SIZE_MAX);
        assert_int_equal(zyd_rd_done(&rd), ZYD_OK);
        assert_int_equal(zyd_finality_decode(&f, fin), ZYD_OK);
        assert_int_equal(zyd_finality_check(&f, &h, &cons->g, &sig), ZYD_OK);
        assert_int_equal(zyd_state_check_proof(&rec, &present, &h.state_root, h.state_size, leaf, index, path, count, &key),
                         ZYD_OK);
        assert_int_equal(present, !absent);
        assert_int_equal(said, !absent);
    }
    zyd_cluster_free(c);
}

static void a_liar_is_on_the_ledger_once(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    assert_true(zyd_cluster_reach(c, 1, 500));
    zyd_cluster_run(c, 200);
    zyd_cluster_crash(c, 3); /* its true votes would add other pairs */
    struct zyd_test_consortium *cons = zyd_cluster_consortium(c);
    struct zyd_replica_status st;
    zyd_replica_status(zyd_cluster_replica(c, 0), &st);
    for (uint32_t node = 0; node < 3; node++) {
        for (uint8_t k = 0; k < 2; k++) {
            struct zyd_vote v = {
                .type = ZYD_VOTE_N, .epoch = 1, .view = st.bft.view, .height = st.head.height + 1, .signer = 3};
            uint8_t pre[ZYD_VOTE_PREIMAGE_SIZE], msg[1 + ZYD_VOTE_SIZE] = {ZYD_MSG_VOTE};
            memset(v.hash.b, 1 + k, 32);
            zyd_vote_preimage(pre, &cons->g.hash, &v);
            zyd_sig_sign(&v.sig, cons->sk[cons->g.validators[3]][0], pre, sizeof pre);
            zyd_vote_encode(msg + 1, &v);
            assert_int_equal(zyd_cluster_message(c, node, 3, zyd_span(msg, sizeof msg)), ZYD_OK);
        }
    }
    zyd_cluster_run(c, 3000);
    uint32_t evidence = 0;
    uint32_t booked = 0;
    for (uint64_t h = 1; h <= zyd_cluster_height(c, 0); h++) {
        struct zyd_block_view v;
        struct zyd_span fin;
        assert_int_equal(zyd_block_decode(&v, zyd_cluster_block(c, h, &fin)), ZYD_OK);
        struct zyd_rd rd = zyd_rd_of(v.envelopes);
        struct zyd_rd outs = zyd_rd_of(v.outcomes);
        while (!rd.bad && rd.pos < rd.size) {
            struct zyd_env env;
            struct zyd_outcome o;
            static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
            static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
            static uint32_t warnings[64];
            assert_int_equal(zyd_env_decode(&env, zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX)), ZYD_OK);
            assert_int_equal(zyd_outcome_decode(&o, postings, events, warnings, zyd_rx_block(&outs, outs.size)), ZYD_OK);
            evidence += env.class_ == ZYD_ENV_EVIDENCE;
            booked += o.code == 0;
        }
    }
    assert_true(evidence >= 1); /* each of three saw it */
    assert_int_equal(booked, 1); /* one record; the others are DUP_KEY */
    assert_true(zyd_cluster_reach(c, zyd_cluster_height(c, 0), 1000));
    zyd_cluster_free(c);
}

static void checkpoints_keep_memory_bounded(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 3, .recent_bytes = 1u << 20,
                                                                  .checkpoint_blocks = 1000});
    for (uint32_t i = 0; i < 60; i++) {
        for (uint32_t k = 0; k < 20; k++) {
            submit_ok(c, k % 4, (uint16_t)(k % 4), i * 20 + k);
        }
        zyd_cluster_run(c, 20);
    }
    zyd_cluster_run(c, 3000);
    assert_all_booked(c, 1200);
    struct zyd_replica_status st;
    zyd_replica_status(zyd_cluster_replica(c, 1), &st);
    assert_true(st.checkpoint_height > 10);
    zyd_cluster_crash(c, 1);
    zyd_cluster_start(c, 1);
    load(c, 1200, 3, 20);
    zyd_cluster_run(c, 1000);
    assert_all_booked(c, 1203);
    zyd_cluster_free(c);
}

static void another_genesis_is_refused(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1, .checkpoint_blocks = 2});
    load(c, 0, 6, 20);
    zyd_cluster_crash(c, 0);
    zyd_cluster_consortium(c)->g.hash.b[0] ^= 1;
    const char *why = "";
    assert_int_equal(zyd_cluster_try_load(c, 0, &why), ZYD_E_FOREIGN);
    zyd_cluster_consortium(c)->g.hash.b[0] ^= 1;
    zyd_cluster_free(c);
}

/* Node 0 leads and is heard by nobody: its proposals die.  Twice the same envelope, then it is left out. */
static void an_envelope_that_sinks_two_proposals_is_left_out(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    assert_true(zyd_cluster_reach(c, 1, 500));
    zyd_cluster_run(c, 200);
    for (uint32_t to = 1; to < 4; to++) {
        zyd_cluster_cut(c, 0, to, true);
    }
    submit_ok(c, 0, 0, 1); /* known to node 0 alone */
    for (uint32_t i = 0; i < 40 && zyd_cluster_alarms(c, 0) == 0; i++) {
        submit_ok(c, 1, 1, i); /* keeps the others busy: views go round, blocks become final */
        zyd_cluster_run(c, 400);
    }
    assert_true(zyd_cluster_alarms(c, 0) > 0);
    for (uint32_t to = 1; to < 4; to++) {
        zyd_cluster_cut(c, 0, to, false);
    }
    zyd_cluster_run(c, 5000); /* another leader books it */
    struct zyd_replica_status st;
    zyd_replica_status(zyd_cluster_replica(c, 0), &st);
    assert_int_equal(st.pool_count, 0);
    assert_true(zyd_cluster_reach(c, zyd_cluster_height(c, 1), 1000));
    zyd_cluster_free(c);
}

/* ---- hostile bytes: everything that a peer may say, cut and bent ---- */

static void bent_messages_change_nothing(void **state)
{
    (void)state;
    struct zyd_cluster *c = cluster(&(struct zyd_cluster_options){.delay_ms = 1, .sync_ms = 1});
    load(c, 0, 5, 20);
    zyd_cluster_run(c, 300);
    struct zyd_replica_status before, after;
    zyd_replica_status(zyd_cluster_replica(c, 0), &before);
    uint8_t bytes[2048];
    static const uint8_t kinds[] = {ZYD_MSG_ENVELOPE, ZYD_MSG_GET_ENVS, ZYD_MSG_BODY, ZYD_MSG_GET_BODY,
                                    ZYD_MSG_GET_BLOCKS, ZYD_MSG_BLOCK, ZYD_MSG_TIP, ZYD_MSG_GET_RANGE, 99};
    for (size_t k = 0; k < sizeof kinds; k++) {
        for (size_t size = 1; size < 600; size += 1 + size / 40) {
            for (unsigned fill = 0; fill < 4; fill++) {
                memset(bytes, (int)(fill * 85), sizeof bytes);
                bytes[0] = kinds[k];
                (void)zyd_cluster_message(c, 0, 1, zyd_span(bytes, size));
            }
        }
    }
    struct zyd_span env = zyd_cluster_promise(c, 1, "bent", 3, 60000);
    bytes[0] = ZYD_MSG_ENVELOPE;
    memcpy(bytes + 1, env.data, env.size);
    for (size_t i = 0; i < env.size * 8; i++) {
        bytes[1 + i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(zyd_cluster_message(c, 0, 1, zyd_span(bytes, env.size + 1)), ZYD_OK);
        bytes[1 + i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t size = 0; size < env.size; size++) {
        assert_int_not_equal(zyd_cluster_message(c, 0, 1, zyd_span(bytes, size + 1)), ZYD_OK);
    }
    zyd_replica_status(zyd_cluster_replica(c, 0), &after);
    assert_int_equal(before.pool_count, after.pool_count);
    load(c, 5, 5, 20);
    zyd_cluster_run(c, 1000);
    assert_all_booked(c, 10);
    zyd_cluster_free(c);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_nodes_commit_an_operation),
        cmocka_unit_test(an_envelope_is_booked_once_however_often_it_is_sent),
        cmocka_unit_test(what_is_wrong_with_an_envelope_is_said),
        cmocka_unit_test(a_node_that_was_away_catches_up),
        cmocka_unit_test(a_dead_leader_costs_a_view_not_the_chain),
        cmocka_unit_test(a_voter_fetches_what_gossip_did_not_bring),
        cmocka_unit_test(a_voter_without_bodies_gets_them_from_the_stores),
        cmocka_unit_test(views_overlap_on_a_slow_network),
        cmocka_unit_test(replay_gives_the_same_roots),
        cmocka_unit_test(receipts_made_from_stored_blocks_check),
        cmocka_unit_test(a_record_is_proven_against_the_last_final_block),
        cmocka_unit_test(a_liar_is_on_the_ledger_once),
        cmocka_unit_test(checkpoints_keep_memory_bounded),
        cmocka_unit_test(another_genesis_is_refused),
        cmocka_unit_test(an_envelope_that_sinks_two_proposals_is_left_out),
        cmocka_unit_test(bent_messages_change_nothing),
        cmocka_unit_test(a_node_resumes_whatever_record_was_its_last),
        cmocka_unit_test(a_node_resumes_whatever_record_was_lost),
        cmocka_unit_test(a_power_cut_of_all_loses_nothing_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
