/* Four replicas on one thread, no disk and no network: what the pure half itself costs.
 *
 *   bench_replica [operations an envelope = 100] [envelopes = 300]
 *
 * Operations are the template contract's PROMISE (two records, one posting pair, one obligation, one deadline).  Signatures of
 * envelopes are checked before they enter (the driver does that on other threads); votes are real Ed25519.  Prints operations a
 * second of one core that runs all four members, and a member's share. */
#include "tests/lib/cluster.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    uint32_t each = argc > 1 ? (uint32_t)atoi(argv[1]) : 100, envs = argc > 2 ? (uint32_t)atoi(argv[2]) : 300;
    struct zyd_cluster_options o = {.delay_ms = 1, .sync_ms = 1, .node_limits = true, .verified = true,
                                    .plugin = ZYD_PLUGIN_DIR "/template.elf"};
    struct zyd_cluster *c = zyd_cluster_new(4, &o);
    struct zyd_span *all = malloc(envs * sizeof *all);
    for (uint32_t i = 0; i < envs; i++) {
        char ref[24];
        snprintf(ref, sizeof ref, "b%u", i);
        all[i] = zyd_cluster_promises(c, (uint16_t)(i % 4), ref, each, 100, 500000);
    }
    zyd_cluster_start_all(c);
    if (!zyd_cluster_reach(c, 1, 1000)) {
        return 1;
    }
    double start = now();
    struct zyd_replica_status st = {0};
    uint32_t given = 0;
    while (st.ops_final < (uint64_t)each * envs) {
        for (uint32_t k = 0; k < 16 && given < envs; k++, given++) {
            if (zyd_cluster_submit_verified(c, given % 4, all[given]) != ZYD_OK) {
                return 1;
            }
        }
        zyd_cluster_run(c, 5);
        zyd_replica_status(zyd_cluster_replica(c, 0), &st);
    }
    double seconds = now() - start;
    double ops = (double)each * envs;
    printf("bench_replica  operations %.0f in %u envelopes, blocks %llu, %.2f s: %.0f op/s for four members, %.1f us an "
           "operation and member\n",
           ops, envs, (unsigned long long)st.head.height, seconds, ops / seconds, seconds * 1e6 / ops / 4);
    zyd_cluster_free(c);
    for (uint32_t i = 0; i < envs; i++) {
        free((void *)(uintptr_t)all[i].data);
    }
    free(all);
    return 0;
}
