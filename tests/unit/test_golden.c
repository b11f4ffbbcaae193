/* Goal: the bytes of the ledger do not change unnoticed, and an independent reader can follow them.
 * Method: everything is built from fixed seeds and compared with tests/vectors/<name>.hex.  After a wanted change of a
 * format run it with ZYD_GOLDEN_WRITE=1, and read the difference.  tests/vectors/check.py, plain Python that shares
 * nothing with us, decodes the same files and recomputes every hash, root and signature; it is run here too. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/lib/block.h"
#include "tests/lib/kv_map.h"
#include <zyd/state.h>

static struct zyd_test_consortium C;
static struct zyd_test_block B;
static uint8_t BUF[1 << 20];

static void golden(const char *name, struct zyd_span bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/vectors/%s.hex", ZYD_SOURCE_DIR, name);
    if (getenv("ZYD_GOLDEN_WRITE") != NULL) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        for (size_t i = 0; i < bytes.size; i++) {
            fprintf(f, "%02x%s", bytes.data[i], i % 48 == 47 || i + 1 == bytes.size ? "\n" : "");
        }
        assert_int_equal(fclose(f), 0);
    }
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fail_msg("%s is missing", path);
    }
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned v;
        if (fscanf(f, "%2x", &v) != 1 || v != bytes.data[i]) {
            fail_msg("%s: byte %zu differs", path, i);
        }
    }
    char rest;
    assert_int_equal(fscanf(f, " %c", &rest), EOF);
    fclose(f);
}

static void genesis(void **state)
{
    (void)state;
    golden("genesis", C.g.body);
}

static void block_finality_and_receipts(void **state)
{
    (void)state;
    static uint8_t mem[1 << 20], leaf[ZYD_LOG_LEAF_MAX + 1];
    struct zyd_receipt_block rb;
    struct zyd_receipt r;
    struct zyd_arena a;
    golden("block", B.value);
    uint8_t prev[ZYD_HEADER_SIZE];
    zyd_header_encode(prev, &B.prev);
    golden("previous-header", zyd_span(prev, sizeof prev));
    struct zyd_wr w = zyd_wr_of(BUF, sizeof BUF);
    zyd_finality_encode(&w, &B.finality);
    golden("finality", zyd_wr_span(&w));
    zyd_arena_init(&a, mem, sizeof mem);
    assert_int_equal(zyd_receipt_open(&rb, &a, &B.view, &B.prev), ZYD_OK);
    assert_int_equal(zyd_receipt_of(&r, leaf, &rb, &B.finality, 4, 1), ZYD_OK);
    w = zyd_wr_of(BUF, sizeof BUF);
    zyd_receipt_encode(&w, &r);
    golden("receipt", zyd_wr_span(&w));
    assert_int_equal(zyd_receipt_of(&r, leaf, &rb, &B.finality, ZYD_RECEIPT_SYS, 1), ZYD_OK);
    w = zyd_wr_of(BUF, sizeof BUF);
    zyd_receipt_encode(&w, &r);
    golden("receipt-sys", zyd_wr_span(&w));
}

static void vote(void **state)
{
    (void)state;
    struct zyd_vote v = {.type = ZYD_VOTE_N, .epoch = 1, .view = 10, .height = 7, .signer = 2};
    uint8_t out[ZYD_VOTE_SIZE], preimage[ZYD_VOTE_PREIMAGE_SIZE];
    zyd_header_hash(&v.hash, &B.view.header);
    zyd_vote_preimage(preimage, &C.g.hash, &v);
    zyd_sig_sign(&v.sig, C.sk[2][0], preimage, sizeof preimage);
    zyd_vote_encode(out, &v);
    golden("vote", zyd_span(out, sizeof out));
}

/* Every kind and every bound of the canonical encoding, in one array. */
static void canonical_values(void **state)
{
    (void)state;
    static const int64_t ints[] = {0, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, INT64_MAX, -1, -32, -33,
                                   -128, -129, -32768, -32769, -2147483648LL, -2147483649LL, INT64_MIN};
    static const size_t sizes[] = {0, 31, 32, 255, 256};
    static char text[256];
    memset(text, 'z', sizeof text);
    struct zyd_wr w = zyd_wr_of(BUF, sizeof BUF);
    zyd_wr_array(&w, 6);
    zyd_wr_nil(&w);
    zyd_wr_bool(&w, true);
    zyd_wr_array(&w, 21);
    for (size_t i = 0; i < 20; i++) {
        zyd_wr_i64(&w, ints[i]);
    }
    zyd_wr_u64(&w, UINT64_MAX);
    zyd_wr_array(&w, 5);
    for (size_t i = 0; i < 5; i++) {
        zyd_wr_str(&w, text, sizes[i]);
    }
    zyd_wr_array(&w, 5);
    for (size_t i = 0; i < 5; i++) {
        zyd_wr_bin(&w, text, sizes[i]);
    }
    zyd_wr_str(&w, "政银担", 9);
    golden("canonical", zyd_wr_span(&w));
}

/* A write set over an empty state, and proofs: of a record, and of the absence of one. */
static void state_tree(void **state)
{
    (void)state;
    struct zyd_state_limits limits = {64, 1u << 20, 1u << 20, 16};
    struct zyd_kv_map *m = zyd_kv_map_new();
    struct zyd_kv kv = zyd_kv_map_kv(m);
    void *mem = calloc(1, zyd_state_footprint(&limits));
    struct zyd_state *s = zyd_state_init(mem, &limits, &kv);
    struct zyd_overlay *o = zyd_overlay_begin(s, NULL);
    struct zyd_hash key, root, path[64];
    uint64_t size;
    for (uint8_t i = 0; i < 12; i++) {
        char owner_key[16] = {0};
        snprintf(owner_key, sizeof owner_key, "record %u", i);
        zyd_record_key(&key, i % 3, zyd_span(owner_key, strlen(owner_key)));
        assert_int_equal(zyd_overlay_put(o, &key, i % 3, ZYD_REC_OBJECT, i, i, zyd_span(owner_key, i), 5 + i), ZYD_OK);
    }
    zyd_overlay_seal(o, &size, &root);
    struct zyd_wr w = zyd_wr_of(BUF, sizeof BUF);
    zyd_wx_u64(&w, size);
    zyd_wx_hash(&w, &root);
    zyd_overlay_write_set(o, &w);
    golden("state", zyd_wr_span(&w)); /* size, root, write set */
    assert_int_equal(zyd_state_apply(s, o), ZYD_OK);
    w = zyd_wr_of(BUF, sizeof BUF);
    for (uint8_t i = 0; i < 2; i++) { /* record 7 of owner 1; and owner 9's, which has none */
        struct zyd_record rec;
        struct zyd_span leaf;
        size_t count;
        bool present;
        zyd_record_key(&key, i == 0 ? 1 : 9, zyd_span("record 7", 8));
        assert_int_equal(zyd_state_prove(s, &present, &rec, &leaf, path, &count, &key), ZYD_OK);
        assert_int_equal(present, i == 0);
        zyd_wx_hash(&w, &key);
        zyd_wx_u64(&w, rec.index);
        zyd_wx_block(&w, leaf);
        zyd_wx_u8(&w, (uint8_t)count);
        zyd_wx_bytes(&w, path, count * 32);
    }
    golden("state-proofs", zyd_wr_span(&w)); /* twice: key, index, leaf, path */
    free(mem);
    zyd_kv_map_free(m);
}

static void an_independent_reader_agrees(void **state)
{
    (void)state;
    if (system("python3 -c ''") != 0) {
        printf("         no python3\n");
        skip();
    }
    assert_int_equal(system("python3 " ZYD_SOURCE_DIR "/tests/vectors/check.py"), 0);
}

static int setup(void **state)
{
    (void)state;
    static const uint8_t params[] = {0x92, 1, 0xa2, 'o', 'k'};
    zyd_test_consortium_plan(&C, 4, 6);
    C.g.plugin_count = 1;
    C.g.plugins[0] = (struct zyd_plugin_ref){.contract = 1, .name = zyd_span("guarantee", 9)};
    zyd_sha256(&C.g.plugins[0].hash, "elf", 3);
    C.g.programme_count = 1;
    C.g.programmes[0] = (struct zyd_programme){.id = 1, .contract = 1, .class_ = 1, .dual = 1, .pending_days = 10,
                                               .code = zyd_span("NAT2080", 7), .name_zh = zyd_span("国担", 6),
                                               .params = zyd_span(params, sizeof params)};
    C.g.opening_count = 1;
    C.g.openings[0] = (struct zyd_opening){.member = 0, .programme = 1, .dr = zyd_span("1011", 4),
                                           .cr = zyd_span("3001", 4), .amount = {100000000}};
    zyd_test_consortium_seal(&C);
    zyd_test_block_make(&B, &C, 5, 3, 2, true);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genesis),
        cmocka_unit_test(canonical_values),
        cmocka_unit_test(block_finality_and_receipts),
        cmocka_unit_test(vote),
        cmocka_unit_test(state_tree),
        cmocka_unit_test(an_independent_reader_agrees),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
