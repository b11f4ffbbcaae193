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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_nodes_commit_an_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
