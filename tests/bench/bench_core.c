/* bench_core: what the ledger's primitives cost on one core, and what a changed record costs in the state tree.
 * usage: bench_core [RECORDS ...]      default 100000 1000000
 * The last column is the ratio to one SHA-256 of 65 bytes (a tree node), which hardly depends on anything but the core. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <sodium.h>
#include "tests/lib/consortium.h"
#include "tests/lib/kv_map.h"
#include <zyd/state.h>

static double node_ns;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void line(const char *what, double ns)
{
    printf("%-52s %10.0f ns %12.0f /s %8.1f x\n", what, ns, 1e9 / ns, ns / node_ns);
}

static void machine(void)
{
    char buf[256], model[200] = "unknown CPU";
    struct utsname u;
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f != NULL && fgets(buf, sizeof buf, f) != NULL) {
        if (sscanf(buf, "model name : %199[^\n]", model) == 1) {
            break;
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    uname(&u);
    printf("%s, %s %s, libsodium %s, one core\n", model, u.sysname, u.machine, sodium_version_string());
}

static void primitives(void)
{
    static uint8_t data[4096];
    struct zyd_hash h = {{1}}, g = {{2}};
    struct zyd_pk pk;
    struct zyd_sig sig;
    uint8_t sk[64], seed[32] = {3};
    double t = now_ns();
    for (int i = 0; i < 1000000; i++) {
        zyd_merkle_node(&h, &h, &g);
    }
    node_ns = (now_ns() - t) / 1e6;
    line("SHA-256 of 65 bytes (tree node)", node_ns);
    t = now_ns();
    for (int i = 0; i < 500000; i++) {
        data[0] = h.b[0];
        zyd_merkle_leaf(&h, data, 256);
    }
    line("leaf hash of 256 bytes", (now_ns() - t) / 5e5);
    t = now_ns();
    for (int i = 0; i < 50000; i++) {
        data[0] = h.b[0];
        zyd_sha256(&h, data, sizeof data);
    }
    line("SHA-256 of 4,096 bytes", (now_ns() - t) / 5e4);
    crypto_sign_seed_keypair(pk.b, sk, seed);
    zyd_sig_sign(&sig, sk, data, 96);
    t = now_ns();
    for (int i = 0; i < 20000; i++) {
        if (!zyd_sig_verify(&pk, data, 96, &sig)) {
            abort();
        }
    }
    line("Ed25519 verify of 96 bytes (an envelope)", (now_ns() - t) / 2e4);
    t = now_ns();
    for (int i = 0; i < 20000; i++) {
        data[1] = sig.b[0];
        zyd_sig_sign(&sig, sk, data, 96);
    }
    line("Ed25519 sign", (now_ns() - t) / 2e4);
    t = now_ns();
    for (int i = 0; i < 100; i++) {
        if (zyd_crypto_self_test() != ZYD_OK) {
            abort();
        }
    }
    line("start-up self-test", (now_ns() - t) / 1e2);
}

static void envelopes(uint32_t ops)
{
    static uint8_t rows[1 << 20], buf[1 << 20];
    static struct zyd_hash leaves[ZYD_ENV_OPS_MAX];
    static const uint8_t args[100] = {0xc4, 98};
    uint8_t sk[64], pk[32], seed[32] = {4}, list[102] = {0x91};
    struct zyd_hash chain = {{5}};
    struct zyd_env env;
    struct zyd_wr w = zyd_wr_of(rows, sizeof rows), e = zyd_wr_of(buf, sizeof buf);
    crypto_sign_seed_keypair(pk, sk, seed);
    memcpy(list + 1, args, sizeof args);
    for (uint32_t i = 0; i < ops; i++) {
        uint8_t one[256];
        char ref[20];
        int n = snprintf(ref, sizeof ref, "LOAN-2026-%06u", i);
        struct zyd_op op = {.contract = 1, .event = 2, .programme = 1, .client_ref = zyd_span(ref, (size_t)n),
                            .args = zyd_span(list, 101)};
        struct zyd_wr o = zyd_wr_of(one, sizeof one);
        zyd_op_encode(&o, &op);
        zyd_wx_block(&w, zyd_wr_span(&o));
    }
    zyd_env_build(&e, &chain, ZYD_ENV_BUSINESS, 0, 1, ops, zyd_wr_span(&w), leaves);
    zyd_env_sign(&e, 0, 2, sk);
    uint32_t runs = 200000 / ops + 1;
    double t = now_ns();
    for (uint32_t i = 0; i < runs; i++) {
        if (e.full || zyd_env_decode(&env, zyd_wr_span(&e)) != ZYD_OK) {
            abort();
        }
    }
    char what[80];
    snprintf(what, sizeof what, "decode an envelope of %u, an operation", ops);
    line(what, (now_ns() - t) / runs / ops);
}

static struct zyd_hash key_of(uint64_t n)
{
    struct zyd_hash k;
    uint8_t b[8];
    zyd_put64(b, n);
    zyd_record_key(&k, 1, zyd_span(b, 8));
    return k;
}

static void must(enum zyd_status st)
{
    if (st != ZYD_OK) {
        fprintf(stderr, "bench_core: %s\n", zyd_status_text(st));
        exit(1);
    }
}

static void drain(struct zyd_state *s, struct zyd_kv_map *m)
{
    static uint8_t rows[4 << 20];
    bool more = zyd_state_checkpoint_begin(s);
    while (more) {
        struct zyd_wr wr = zyd_wr_of(rows, sizeof rows);
        more = zyd_state_checkpoint_next(s, &wr, 20000);
        zyd_kv_map_rows(m, zyd_wr_span(&wr));
        if (!more) {
            zyd_state_checkpoint_done(s);
        }
    }
}

/* Blocks of count puts at random among records records of 200-byte values; every second block stacks on two others. */
static void updates(struct zyd_state *s, struct zyd_kv_map *m, uint64_t records, uint32_t count, uint32_t blocks)
{
    uint8_t value[200] = {0};
    uint64_t rng = records, changed = 0;
    double put = 0, seal = 0, apply = 0, get = 0;
    struct zyd_overlay *chain[3] = {NULL, NULL, NULL};
    for (uint32_t b = 0; b < blocks; b++) {
        struct zyd_overlay *o = chain[b % 3] = zyd_overlay_begin(s, b % 3 == 0 ? NULL : chain[b % 3 - 1]);
        static struct zyd_hash keys[100000];
        for (uint32_t i = 0; i < count; i++) {
            rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407u;
            keys[i] = key_of((rng >> 20) % records);
        }
        double t = now_ns();
        struct zyd_record r;
        for (uint32_t i = 0; i < count; i++) {
            must(zyd_overlay_get(o, &r, &keys[i]));
        }
        get += now_ns() - t;
        t = now_ns();
        for (uint32_t i = 0; i < count; i++) {
            zyd_put64(value, rng + i);
            must(zyd_overlay_put(o, &keys[i], 1, ZYD_REC_ACCOUNT, 0, i, zyd_span(value, sizeof value), b + 2));
        }
        put += now_ns() - t;
        struct zyd_hash root;
        uint64_t size;
        t = now_ns();
        zyd_overlay_seal(o, &size, &root);
        seal += now_ns() - t;
        changed += zyd_overlay_changed(o);
        if (b % 3 == 2) {
            t = now_ns();
            for (int i = 0; i < 3; i++) {
                must(zyd_state_apply(s, chain[i]));
            }
            apply += now_ns() - t;
            if (zyd_state_recent_used_ppm(s) > 700000) {
                drain(s, m);
            }
        }
    }
    char what[80];
    double n = (double)count * blocks, c = (double)changed;
    snprintf(what, sizeof what, "%lu records, %u a block: get, store included", (unsigned long)records, count);
    line(what, get / n);
    line("    put", put / n);
    line("    seal, a changed record", seal / c);
    line("    apply, a changed record", apply / c);
    line("    put + seal + apply, a changed record", (put + seal + apply) / c);
}

static void *map(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        perror("bench_core: mmap");
        exit(1);
    }
    return p;
}

static void state(uint64_t records)
{
    struct zyd_state_limits l = {records + 16, UINT64_C(256) << 20, UINT64_C(64) << 20, 1000};
    struct zyd_kv_map *m = zyd_kv_map_new();
    struct zyd_kv kv = zyd_kv_map_kv(m);
    size_t size = zyd_state_footprint(&l);
    void *mem = map(size);
    struct zyd_state *s = zyd_state_init(mem, &l, &kv);
    uint8_t value[200] = {0};
    double t = now_ns(), stores = 0;
    for (uint64_t i = 0; i < records;) {
        struct zyd_overlay *o = zyd_overlay_begin(s, NULL);
        for (uint32_t n = 0; n < 20000 && i < records; n++, i++) {
            struct zyd_hash k = key_of(i);
            must(zyd_overlay_put(o, &k, 1, ZYD_REC_ACCOUNT, 0, 0, zyd_span(value, sizeof value), 1));
        }
        struct zyd_hash root;
        uint64_t leaves;
        zyd_overlay_seal(o, &leaves, &root);
        must(zyd_state_apply(s, o));
        if (zyd_state_recent_used_ppm(s) > 600000) {
            double u = now_ns();
            drain(s, m);
            stores += now_ns() - u;
        }
    }
    drain(s, m);
    char what[80];
    snprintf(what, sizeof what, "%lu records: make one (20,000 a block)", (unsigned long)records);
    line(what, (now_ns() - t - stores) / (double)records);
    struct zyd_hash root;
    zyd_state_root(s, &root);
    uint64_t leaves = zyd_state_size(s);
    t = now_ns();
    must(zyd_state_load(s, leaves, &root));
    line("    load at start, a record", (now_ns() - t) / (double)leaves);
    updates(s, m, records, 2000, 60);
    updates(s, m, records, 8000, 30);
    munmap(mem, size);
    zyd_kv_map_free(m);
}

int main(int argc, char **argv)
{
    machine();
    primitives();
    envelopes(1);
    envelopes(100);
    envelopes(1000);
    if (argc == 1) {
        state(100000);
        state(1000000);
    }
    for (int i = 1; i < argc; i++) {
        state(strtoull(argv[i], NULL, 10));
    }
    return 0;
}
