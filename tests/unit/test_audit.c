/* The auditor (node/bin/zyd-audit) against forged bundles.
 *
 * Goal: whatever is changed in an export is found, and named: the right check, the right height, the right file or log entry.
 * Method: the simulator makes a ledger of guarantee contracts with real Ed25519; the exporter's own writer makes the bundle;
 * then forgeries (tests/lib/audit_forge*.c) are drawn at random, written to disk, and verified as `zyd-audit verify` does.
 * Verdicts of signatures are remembered across tries.
 *
 *   ZYD_AUDIT_TRIES=10000 build/test_audit    exactly so many tries; without it 1,000 or what fits into 40 s
 *   ZYD_AUDIT_SEED=N                          other draws; a failure prints the seed and number of its try
 *   ZYD_AUDIT_KEEP=DIR                        only leaves the good bundle,
 * a receipt and the genesis hash there */
#include "node/bin/zyd-audit/map.h"
#include "tests/lib/audit_forge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <pthread.h>
#include <zyd/consortium.h>

#define ARENA ((size_t)64 << 20)
#define MEMO (1u << 17)

static struct {
    char dir[256];
    struct zyd_sim_ledger *ledger, *other, *stranger;
    struct zyd_image good, other_image, bad;
    struct zyd_arena arena;
    struct zyd_span foreign_plugin;
    struct audit_bundle bundle;
    struct audit_result result, again;
} t;

/* ---- remembered verdicts ---- */

static struct {
    pthread_mutex_t lock;
    struct zyd_hash key[MEMO];
    bool verdict[MEMO];
} memo = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool remembered(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    struct zyd_hasher h;
    struct zyd_hash key;
    (void)ctx;
    zyd_hasher_start(&h, "zyd/testmemo/1");
    zyd_hasher_add(&h, pk->b, 32);
    zyd_hasher_add(&h, sig->b, 64);
    zyd_hasher_add(&h, msg, size);
    zyd_hasher_end(&h, &key);
    size_t slot = zyd_get32(key.b) % MEMO;
    pthread_mutex_lock(&memo.lock);
    bool known = zyd_hash_eq(&memo.key[slot], &key), verdict = memo.verdict[slot];
    pthread_mutex_unlock(&memo.lock);
    if (!known) {
        verdict = zyd_sig_verify(pk, msg, size, sig);
        pthread_mutex_lock(&memo.lock);
        memo.key[slot] = key;
        memo.verdict[slot] = verdict;
        pthread_mutex_unlock(&memo.lock);
    }
    return verdict;
}
static const struct zyd_sig_ops sig = {.ctx = NULL, .verify = remembered};

static void verify(struct audit_result *r, const char *dir, unsigned jobs)
{
    struct audit_options o = {.jobs = jobs, .sig = &sig};
    audit_verify(r, &t.bundle, dir, &t.ledger->genesis.hash, &o);
    audit_bundle_close(&t.bundle);
}

/* ---- the good bundle ---- */

static void path_of(char out[512], const char *name)
{
    snprintf(out, 512, "%s/%s", t.dir, name);
}

static struct zyd_sim_ledger *ledger(uint64_t seed, uint8_t clients)
{
    return zyd_sim_ledger_make(&(struct zyd_sim_ledger_options){
        .seed = seed, .clients = clients, .loans = 3, .until_ms = 6000, .plugin = ZYD_PLUGIN_DIR "/guarantee.elf"});
}

static int setup(void **state)
{
    char path[512];
    struct zyd_err err = {0};
    uint8_t *elf;
    size_t size;
    (void)state;
    /* memory rather than a disk: thousands of small files are written */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(t.dir, sizeof t.dir, "%s/zyd-audit-XXXXXX", base);
    assert_non_null(mkdtemp(t.dir));
    t.ledger = ledger(3, 3);
    t.other = ledger(3, 2);
    t.stranger = ledger(4, 2);
    assert_true(zyd_hash_eq(&t.ledger->genesis.hash, &t.other->genesis.hash));
    assert_false(zyd_hash_eq(&t.ledger->genesis.hash, &t.stranger->genesis.hash));
    path_of(path, "good");
    zyd_sim_ledger_write(t.ledger, path, 16 << 10);
    zyd_image_load(&t.good, t.ledger, path);
    path_of(path, "other");
    zyd_sim_ledger_write(t.other, path, 16 << 10);
    zyd_image_load(&t.other_image, t.other, path);
    assert_int_equal(zyd_file_read(&elf, &size, &err, ZYD_PLUGIN_DIR "/template.elf", 1u << 20), ZYD_OK);
    t.foreign_plugin = zyd_span(elf, size);
    void *mem = malloc(ARENA);
    assert_non_null(mem);
    zyd_arena_init(&t.arena, mem, ARENA);
    t.good.arena = &t.arena;
    return 0;
}

static void remove_tree(const char *dir)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

static void free_image(struct zyd_image *m)
{
    for (size_t i = 0; i < m->file_count; i++) {
        free((void *)(uintptr_t)m->files[i].bytes.data);
    }
}

static int teardown(void **state)
{
    (void)state;
    remove_tree(t.dir);
    free_image(&t.good);
    free_image(&t.other_image);
    free((void *)(uintptr_t)t.foreign_plugin.data);
    free(t.arena.base);
    zyd_sim_ledger_free(t.ledger);
    zyd_sim_ledger_free(t.other);
    zyd_sim_ledger_free(t.stranger);
    return 0;
}

/* What the forgeries need to be worth something: more than one segment, SYS operations, postings, payments. */
static void the_ledger_under_test_has_what_a_year_has(void **state)
{
    size_t sys = 0, envelopes = 0;
    (void)state;
    for (size_t i = 0; i < t.good.count; i++) {
        sys += t.good.blocks[i].s[S_SYS].size > 0;
        envelopes += t.good.blocks[i].s[S_ENVELOPES].size > 0;
    }
    struct zyd_header head = zyd_image_header(&t.good, t.good.count - 1);
    print_message(
        "%zu blocks in %zu segments, %zu with SYS operations, %zu with envelopes, %llu operations done, %llu fen posted\n",
        t.good.count, t.good.segments, sys, envelopes, (unsigned long long)t.ledger->operations,
        (unsigned long long)head.debits);
    assert_true(t.good.count >= 20 && t.good.segments >= 3 && sys >= 2 && envelopes >= 10 && head.debits > 0);
}

static void a_good_bundle_is_verified_and_says_what_was_not_done(void **state)
{
    char path[512];
    (void)state;
    path_of(path, "good");
    for (unsigned jobs = 1; jobs <= 4; jobs++) {
        verify(&t.result, path, jobs);
        if (t.result.exit != 0) {
            fail_msg("%s%s", t.result.could_not, t.result.fault.rule);
        }
        assert_int_equal(t.result.blocks, t.good.count);
        for (int row = 0; row < ROW_COUNT; row++) {
            bool needs_more = row == ROW_APPROVALS || row >= ROW_RECEIPTS;
            assert_int_equal(t.result.state[row], needs_more ? AUDIT_NOT_DONE : AUDIT_DONE);
            assert_int_equal(t.result.why[row][0] != '\0', needs_more || row == ROW_REDERIVE); /* it says how much */
        }
        if (jobs == 1) {
            t.again = t.result;
        }
        assert_int_equal(t.result.operations, t.again.operations);
        assert_int_equal(t.result.certificate_signatures, t.again.certificate_signatures);
        assert_int_equal(t.result.envelope_signatures, t.again.envelope_signatures);
    }
}

static void the_forger_rebuilds_what_the_exporter_wrote(void **state)
{
    (void)state;
    zyd_arena_reset(&t.arena);
    t.bad = t.good;
    zyd_image_rebuild(&t.bad);
    for (size_t i = 0; i < t.good.file_count; i++) {
        const struct zyd_image_file *a = &t.good.files[i], *b = zyd_image_find(&t.bad, a->name);
        assert_non_null(b);
        if (strncmp(a->name, "segments/", 9) == 0) {
            assert_int_equal(a->bytes.size, b->bytes.size);
            assert_memory_equal(a->bytes.data, b->bytes.data, a->bytes.size);
        }
    }
    /* with all keys and no change the chain is as good as the old one */
    char path[512];
    path_of(path, "good");
    zyd_image_rechain(&t.bad, 0, 31);
    zyd_image_rebuild(&t.bad);
    zyd_image_write(&t.bad, &t.good, path);
    verify(&t.result, path, 1);
    zyd_image_write(&t.good, &t.bad, path);
    if (t.result.exit != 0) {
        fail_msg("%s height %llu: %s%s", audit_row_name(t.result.fault.row), (unsigned long long)t.result.fault.height,
                 t.result.could_not, t.result.fault.rule);
    }
}

static void too_little_memory_changes_no_verdict(void **state)
{
    struct audit_options o = {.jobs = 2, .sig = &sig, .memory = 1};
    char path[512];
    (void)state;
    path_of(path, "good");
    audit_verify(&t.result, &t.bundle, path, &t.ledger->genesis.hash, &o);
    audit_bundle_close(&t.bundle);
    if (t.result.exit != 0) {
        fail_msg("%s%s", t.result.could_not, t.result.fault.rule);
    }
    assert_int_equal(t.result.blocks, t.good.count);
    assert_int_equal(t.result.operations, t.again.operations);
    assert_int_equal(t.result.records, t.again.records);
}

static void another_genesis_hash_is_another_consortium(void **state)
{
    struct audit_options o = {.jobs = 1, .sig = &sig};
    char path[512];
    (void)state;
    path_of(path, "good");
    audit_verify(&t.result, &t.bundle, path, &t.stranger->genesis.hash, &o);
    audit_bundle_close(&t.bundle);
    assert_int_equal(t.result.exit, EXIT_BAD_LEDGER);
    assert_int_equal(t.result.fault.row, ROW_GENESIS);
}

static void nothing_is_never_verified(void **state)
{
    char path[512], name[512 + 16];
    (void)state;
    path_of(path, "nothing");
    verify(&t.result, path, 1); /* no folder */
    assert_int_equal(t.result.exit, EXIT_COULD_NOT);
    assert_int_equal(mkdir(path, 0755), 0);
    verify(&t.result, path, 1); /* an empty one */
    assert_int_equal(t.result.exit, EXIT_COULD_NOT);
    snprintf(name, sizeof name, "%s/SHA256SUMS", path);
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fclose(f);
    verify(&t.result, path, 1); /* one that lists nothing */
    assert_int_equal(t.result.exit, EXIT_COULD_NOT);
    assert_int_equal(t.result.state[ROW_FRAME], AUDIT_NOT_DONE);
}

/* ---- forgeries ---- */

static const struct forgery *draw(struct forge_random *r, unsigned *index)
{
    static const struct forgery *const tables[] = {forge_files, forge_parts, forge_chains};
    unsigned sum = 0;
    for (size_t k = 0; k < 3; k++) {
        for (const struct forgery *f = tables[k]; f->name != NULL; f++) {
            sum += f->weight;
        }
    }
    uint64_t at = forge_below(r, sum);
    *index = 0;
    for (size_t k = 0; k < 3; k++) {
        for (const struct forgery *f = tables[k]; f->name != NULL; f++, ++*index) {
            if (at < f->weight) {
                return f;
            }
            at -= f->weight;
        }
    }
    return NULL;
}

static const char *judge(const struct forge *f, const struct audit_result *r)
{
    if ((f->exits & EXITS(r->exit)) == 0) {
        return "the exit code is another";
    }
    if (r->exit == 0) {
        return r->blocks == f->verified_to ? NULL : "verified up to another height";
    }
    if (r->exit == EXIT_COULD_NOT) {
        return r->could_not[0] != '\0' ? NULL : "it does not say why it could not";
    }
    if ((f->rows & ROWS(r->fault.row)) == 0) {
        return "another check found it";
    }
    if (f->height_min != 0 && (!r->fault.has_height || r->fault.height < f->height_min || r->fault.height > f->height_max)) {
        return "another height is named";
    }
    if (f->entry != UINT64_MAX && (!r->fault.has_entry || r->fault.entry != f->entry)) {
        return "another log entry is named";
    }
    return f->file == NULL || strcmp(f->file, r->fault.file) == 0 ? NULL : "another file is named";
}

static bool same(const struct audit_result *a, const struct audit_result *b)
{
    return a->exit == b->exit && strcmp(a->could_not, b->could_not) == 0 && a->fault.row == b->fault.row &&
           a->fault.has_height == b->fault.has_height && a->fault.height == b->fault.height &&
           a->fault.entry == b->fault.entry && strcmp(a->fault.rule, b->fault.rule) == 0 && a->blocks == b->blocks &&
           a->operations == b->operations && a->certificate_signatures == b->certificate_signatures &&
           memcmp(a->state, b->state, sizeof a->state) == 0 && memcmp(a->why, b->why, sizeof a->why) == 0;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* 1. A block's frontier is wrong.  2. One job finds it from the block below, another from the block itself.  3. Whoever is
 * first, the same is told. */
static void of_two_faults_at_one_place_the_same_is_told(void **state)
{
    (void)state;
    struct audit_fault below = {
        .row = ROW_HISTORY, .has_height = true, .has_entry = true, .height = 3, .entry = 5, .rule = "b"};
    struct audit_fault itself = below;
    strcpy(itself.rule, "a");
    static struct audit_result first, second;
    audit_note(&first, &below);
    audit_note(&first, &itself);
    audit_note(&second, &itself);
    audit_note(&second, &below);
    assert_string_equal(first.fault.rule, second.fault.rule);
    assert_string_equal(first.fault.rule, "a");
}

/* 1. Keys that crowd the end of the table are put and taken at random.  2. What was put and not taken is found after each step,
 * and nothing else. */
static void a_map_forgets_what_is_taken_and_finds_the_rest(void **state)
{
    struct audit_map m = {.cap = 0};
    struct forge_random r = {7};
    bool there[90] = {false};
    static int values[90];
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        struct zyd_hash key = {{0}};
        size_t n = forge_below(&r, 90);
        zyd_put64(key.b, UINT64_MAX - n / 30); /* three places, the last ones before the table begins anew */
        key.b[31] = (uint8_t)n;
        if (there[n]) {
            assert_ptr_equal(audit_map_take(&m, &key), &values[n]);
        } else {
            assert_null(audit_map_take(&m, &key));
            audit_map_put(&m, &key, &values[n]);
        }
        there[n] = !there[n];
        size_t count = 0;
        for (size_t k = 0; k < 90; k++) {
            zyd_put64(key.b, UINT64_MAX - k / 30);
            key.b[31] = (uint8_t)k;
            assert_ptr_equal(audit_map_get(&m, &key), there[k] ? &values[k] : NULL);
            count += there[k];
        }
        assert_int_equal(m.count, count);
    }
    audit_map_free(&m, NULL);
}

static bool one_try(uint64_t seed, uint64_t number, uint64_t *counts)
{
    struct forge_random r = {seed * UINT64_C(0x100000001b3) + number};
    struct forge f;
    const struct forgery *kind;
    char path[512];
    unsigned index;
    path_of(path, "good");
    kind = draw(&r, &index);
    do {
        zyd_arena_reset(&t.arena);
        t.bad = t.good;
        f = (struct forge){.m = &t.bad,
                           .other = &t.other_image,
                           .stranger = t.stranger,
                           .foreign_plugin = t.foreign_plugin,
                           .random = &r,
                           .entry = UINT64_MAX};
    } while (!kind->make(&f));
    counts[index]++;
    zyd_image_write(&t.bad, &t.good, path);
    verify(&t.result, path, 1);
    const char *wrong = judge(&f, &t.result);
    bool more_jobs = number % 8 == 0;
    if (more_jobs) {
        verify(&t.again, path, 3);
    }
    zyd_image_write(&t.good, &t.bad, path);
    if (wrong == NULL && more_jobs && !same(&t.result, &t.again)) {
        wrong = "the verdict is another with more jobs";
    }
    if (wrong != NULL) {
        const struct audit_fault *x = &t.result.fault;
        print_error("ZYD_AUDIT_SEED=%llu try %llu: %s (%s): %s\n  exit %d, check %s, height %llu, entry %lld, file %s: %s%s\n",
                    (unsigned long long)seed, (unsigned long long)number, kind->name, f.what, wrong, t.result.exit,
                    audit_row_name(x->row), (unsigned long long)x->height, x->has_entry ? (long long)x->entry : -1, x->file,
                    x->rule, t.result.could_not);
    }
    return wrong == NULL;
}

static void every_forgery_is_found_and_named(void **state)
{
    const char *tries_text = getenv("ZYD_AUDIT_TRIES"), *seed_text = getenv("ZYD_AUDIT_SEED");
    uint64_t tries = tries_text == NULL ? 1000 : strtoull(tries_text, NULL, 10), n;
    uint64_t seed = seed_text == NULL ? 1 : strtoull(seed_text, NULL, 10), counts[64] = {0};
    double started = seconds();
    unsigned index = 0, failed = 0;
    (void)state;
    for (n = 0; n < tries && failed < 20 && (tries_text != NULL || seconds() - started < 40); n++) {
        failed += !one_try(seed, n, counts);
    }
    assert_int_equal(failed, 0);
    const struct forgery *const tables[] = {forge_files, forge_parts, forge_chains};
    for (size_t k = 0; k < 3; k++) {
        for (const struct forgery *f = tables[k]; f->name != NULL; f++) {
            print_message("%6llu  %s\n", (unsigned long long)counts[index++], f->name);
        }
    }
    print_message("%llu forgeries, all found and named, %.1f s\n", (unsigned long long)n, seconds() - started);
}

/* ---- for the tests in other languages ---- */

static int keep(const char *dir)
{
    char path[512], hex[65];
    static struct zyd_receipt receipt;
    static uint8_t leaf[ZYD_LOG_LEAF_MAX + 1], out[1 << 16];
    struct zyd_arena scratch;
    t.ledger = ledger(3, 3);
    snprintf(path, sizeof path, "%s/bundle", dir);
    zyd_sim_ledger_write(t.ledger, path, 16 << 10);
    uint8_t *mem = malloc(4u << 20);
    zyd_assert(mem != NULL);
    unsigned made = 0;
    struct zyd_header prev = t.ledger->genesis_header;
    for (size_t i = 0; i < t.ledger->count; i++) {
        struct zyd_block_view v;
        struct zyd_finality fin;
        enum zyd_status st = zyd_block_decode(&v, t.ledger->blocks[i].value);
        zyd_assert(st == ZYD_OK && zyd_finality_decode(&fin, t.ledger->blocks[i].finality) == ZYD_OK);
        for (uint32_t k = 0; k < 10; k++) { /* of three envelopes three operations, and one that time did */
            zyd_arena_init(&scratch, mem, 4u << 20);
            uint32_t env = k == 9 ? ZYD_RECEIPT_SYS : k / 3;
            if (zyd_receipt_make(&receipt, leaf, &scratch, &v, &prev, &fin, env, k % 3) == ZYD_OK) {
                struct zyd_wr wr = zyd_wr_of(out, sizeof out);
                zyd_receipt_encode(&wr, &receipt);
                zyd_assert(!wr.full);
                snprintf(path, sizeof path, "%s/%u.receipt", dir, made++);
                struct zyd_err err = {0};
                st = zyd_file_write_atomic(&err, path, wr.data, wr.size, 0644);
                zyd_assert(st == ZYD_OK);
            }
        }
        prev = v.header;
    }
    free(mem);
    audit_hex_write(hex, &t.ledger->genesis.hash);
    struct zyd_err err = {0};
    char *json = NULL;
    enum zyd_status st = zyd_consortium_show(&json, &err, &t.ledger->genesis);
    zyd_assert(st == ZYD_OK);
    snprintf(path, sizeof path, "%s/consortium.json", dir);
    st = zyd_file_write_atomic(&err, path, json, strlen(json), 0644);
    zyd_assert(st == ZYD_OK);
    free(json);
    printf("%s\n", hex);
    zyd_sim_ledger_free(t.ledger);
    return 0;
}

int main(void)
{
    if (getenv("ZYD_AUDIT_KEEP") != NULL) {
        return keep(getenv("ZYD_AUDIT_KEEP"));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ledger_under_test_has_what_a_year_has),
        cmocka_unit_test(a_good_bundle_is_verified_and_says_what_was_not_done),
        cmocka_unit_test(too_little_memory_changes_no_verdict),
        cmocka_unit_test(the_forger_rebuilds_what_the_exporter_wrote),
        cmocka_unit_test(another_genesis_hash_is_another_consortium),
        cmocka_unit_test(nothing_is_never_verified),
        cmocka_unit_test(of_two_faults_at_one_place_the_same_is_told),
        cmocka_unit_test(a_map_forgets_what_is_taken_and_finds_the_rest),
        cmocka_unit_test(every_forgery_is_found_and_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
