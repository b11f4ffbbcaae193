/* How fast zyd-audit verifies: a bundle made by the simulator (four real replicas, guarantee contracts, real Ed25519), verified
 * as `zyd-audit verify` does it, by number of jobs. bench_audit make DIR [OPERATIONS [OPERATIONS_AN_ENVELOPE]]    default
 * 100,000 at 100 bench_audit DIR GENESIS_HASH [JOBS ...]                       default 1 2; the best of three runs each */
#include "node/bin/zyd-audit/audit.h"
#include "tests/lib/sim_chain.h"
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int make(const char *dir, uint64_t operations, uint64_t each)
{
    /* eight clients, one envelope each at a time; a client comes back after about 0.1 to 0.4 virtual seconds */
    struct zyd_sim_ledger *l = zyd_sim_ledger_make(&(struct zyd_sim_ledger_options){.seed = 11,
                                                                                    .blocks = (uint32_t)(operations / each),
                                                                                    .clients = 8,
                                                                                    .loans = (uint8_t)each,
                                                                                    .until_ms = INT64_C(100000000),
                                                                                    .plugin = ZYD_PLUGIN_DIR "/guarantee.elf"});
    char hex[65];
    zyd_sim_ledger_write(l, dir, 0);
    audit_hex_write(hex, &l->genesis.hash);
    printf("%s %s\n", dir, hex);
    fprintf(stderr, "%zu blocks, %llu operations that succeeded\n", l->count, (unsigned long long)l->operations);
    zyd_sim_ledger_free(l);
    return 0;
}

static double megabytes(const struct audit_bundle *b)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < b->files.count; i++) {
        bytes += b->files.rows[i].bytes.size;
    }
    return (double)bytes / 1e6;
}

static int run(const char *dir, const struct zyd_hash *hash, unsigned jobs)
{
    static struct audit_bundle b;
    static struct audit_result r;
    double best = 1e9, mb = 0;
    for (int i = 0; i < 3; i++) {
        struct audit_options o = {.jobs = jobs};
        audit_verify(&r, &b, dir, hash, &o);
        mb = megabytes(&b);
        audit_bundle_close(&b);
        if (r.exit != 0) {
            fprintf(stderr, "not verified: %s%s\n", r.could_not, r.fault.rule);
            return r.exit;
        }
        best = r.seconds < best ? r.seconds : best;
    }
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("jobs %u: %.3f s; %.0f operations/s, %.0f envelopes/s, %.0f blocks/s, %.1f MB/s  (%llu operations, %llu envelopes, "
           "%llu blocks, "
           "%llu + %llu signatures, %.1f MB; %ld MB resident)\n",
           jobs, best, (double)r.operations / best, (double)r.envelopes / best, (double)r.blocks / best, mb / best,
           (unsigned long long)r.operations, (unsigned long long)r.envelopes, (unsigned long long)r.blocks,
           (unsigned long long)r.certificate_signatures, (unsigned long long)r.envelope_signatures, mb, u.ru_maxrss / 1024);
    return 0;
}

int main(int argc, char **argv)
{
    struct zyd_hash hash;
    if (argc > 2 && strcmp(argv[1], "make") == 0) {
        uint64_t each = argc > 4 ? strtoull(argv[4], NULL, 10) : 100;
        return make(argv[2], argc > 3 ? strtoull(argv[3], NULL, 10) : 100000,
                    each < 1 || each > ZYD_SIM_LOANS_MAX ? 100 : each);
    }
    if (argc < 3 || !audit_hex_read(&hash, argv[2])) {
        fputs("bench_audit make DIR [OPERATIONS [OPERATIONS_AN_ENVELOPE]] | bench_audit DIR GENESIS_HASH [JOBS ...]\n", stderr);
        return 2;
    }
    int rc = 0;
    for (int i = 3; rc == 0 && i < (argc == 3 ? 5 : argc); i++) {
        rc = run(argv[1], &hash, argc == 3 ? (unsigned)i - 2 : (unsigned)strtoul(argv[i], NULL, 10));
    }
    return rc;
}
