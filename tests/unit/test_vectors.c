/* Goal: other people's test vectors pass through our own functions.
 * Method: Wycheproof and CCTV and malleability files for Ed25519, transparency-dev's Merkle proofs, kawanet's MessagePack
 * suite.  They are read from ZYD_SHARED (default ../shared); where that is absent each test says that it skips. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zyd/ledger.h>

static const char *path_of(const char *name)
{
    static char path[4096];
    const char *shared = getenv("ZYD_SHARED");
    snprintf(path, sizeof path, "%s/vectors/%s", shared != NULL ? shared : ZYD_SOURCE_DIR "/../shared", name);
    return path;
}

static json_t *load(const char *name)
{
    json_error_t err;
    FILE *f = fopen(path_of(name), "r");
    if (f == NULL) {
        printf("         %s is not there\n", name);
        skip();
    }
    /* as real: an index of 2^64 - 1 occurs, which is no integer for jansson */
    json_t *j = json_loadf(f, JSON_ALLOW_NUL | (strstr(name, "rfc6962") != NULL ? JSON_DECODE_INT_AS_REAL : 0), &err);
    fclose(f);
    assert_non_null(j);
    return j;
}

static size_t hex(uint8_t *out, size_t cap, const char *text)
{
    size_t n;
    assert_int_equal(sodium_hex2bin(out, cap, text, strlen(text), "-", &n, NULL), 0);
    return n;
}

static const char *str(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    assert_non_null(s);
    return s;
}

static void wycheproof_ed25519(void **state)
{
    (void)state;
    json_t *j = load("wycheproof-ed25519/ed25519_test.json"), *group, *test;
    size_t g, t, count = 0;
    json_array_foreach(json_object_get(j, "testGroups"), g, group) {
        struct zyd_pk pk;
        assert_int_equal(hex(pk.b, 32, str(json_object_get(group, "publicKey"), "pk")), 32);
        json_array_foreach(json_object_get(group, "tests"), t, test) {
            static uint8_t msg[8192], sig[8192];
            struct zyd_sig s;
            size_t msg_size = hex(msg, sizeof msg, str(test, "msg")), n = hex(sig, sizeof sig, str(test, "sig"));
            memcpy(s.b, sig, 64);
            bool ok = n == 64 && zyd_sig_verify(&pk, msg, msg_size, &s);
            assert_int_equal(ok, strcmp(str(test, "result"), "valid") == 0);
            count++;
        }
    }
    assert_int_equal(count, json_integer_value(json_object_get(j, "numberOfTests")));
    json_decref(j);
}

static void cctv_gives_exactly_the_43_acceptances(void **state)
{
    (void)state;
    json_t *want = load("cctv-ed25519/accepted-by-libsodium.json"), *j = load("cctv-ed25519/ed25519vectors.json"), *v;
    json_t *accepted = json_object_get(want, "libsodium-1.0.18");
    size_t i, at = 0;
    json_array_foreach(j, i, v) {
        struct zyd_pk pk;
        struct zyd_sig sig;
        assert_int_equal(hex(pk.b, 32, str(v, "key")), 32);
        assert_int_equal(hex(sig.b, 64, str(v, "sig")), 64);
        const char *msg = str(v, "msg");
        bool listed = json_integer_value(json_array_get(accepted, at)) == json_integer_value(json_object_get(v, "number"));
        assert_int_equal(zyd_sig_verify(&pk, msg, strlen(msg), &sig), listed);
        at += listed ? 1 : 0;
    }
    assert_int_equal(i, 914);
    assert_int_equal(at, 43);
    json_decref(want);
    json_decref(j);
}

static void malleability_file(const char *name, bool want, size_t count)
{
    uint8_t rec[96];
    size_t n = 0;
    FILE *f = fopen(path_of(name), "rb");
    if (f == NULL) {
        printf("         %s is not there\n", name);
        skip();
    }
    while (fread(rec, 1, sizeof rec, f) == sizeof rec) {
        struct zyd_pk pk;
        struct zyd_sig sig;
        memcpy(sig.b, rec, 64);
        memcpy(pk.b, rec + 64, 32);
        assert_int_equal(zyd_sig_verify(&pk, "Zcash", 5, &sig), want);
        n++;
    }
    fclose(f);
    assert_int_equal(n, count);
}

static void malleable_signatures(void **state)
{
    (void)state;
    malleability_file("ed25519-malleability/should_fail.bin", false, 196);
    malleability_file("ed25519-malleability/should_pass.bin", true, 200);
}

/* False when the text is empty or longer than 32 bytes: such a thing cannot reach our functions.  Shorter ones, which stand for
 * any root in a few files, are filled with zeros. */
static bool b64_hash(struct zyd_hash *out, const json_t *j)
{
    size_t n;
    uint8_t buf[4096];
    const char *s = json_string_value(j);
    if (s == NULL || sodium_base642bin(buf, sizeof buf, s, strlen(s), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        n == 0 || n > 32) {
        return false;
    }
    memset(out->b, 0, 32);
    memcpy(out->b, buf, n);
    return true;
}

static bool proof_of(struct zyd_hash *proof, size_t *count, const json_t *j)
{
    size_t i;
    json_t *h;
    bool ok = true;
    *count = json_array_size(j);
    assert_true(*count <= 64);
    json_array_foreach(j, i, h) {
        ok = b64_hash(&proof[i], h) && ok;
    }
    return ok;
}

static uint64_t num(const json_t *j, const char *key)
{
    double v = json_number_value(json_object_get(j, key));
    return v >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)v;
}

static bool inclusion(const json_t *j)
{
    struct zyd_hash root, leaf, proof[64];
    size_t n;
    return b64_hash(&root, json_object_get(j, "root")) && b64_hash(&leaf, json_object_get(j, "leafHash")) &&
           proof_of(proof, &n, json_object_get(j, "proof")) &&
           zyd_merkle_check_inclusion(&root, num(j, "treeSize"), num(j, "leafIdx"), &leaf, proof, n);
}

static bool consistency(const json_t *j)
{
    struct zyd_hash root1, root2, proof[64];
    size_t n;
    uint64_t size1 = num(j, "size1"), size2 = num(j, "size2");
    return b64_hash(&root1, json_object_get(j, "root1")) && b64_hash(&root2, json_object_get(j, "root2")) &&
           proof_of(proof, &n, json_object_get(j, "proof")) &&
           zyd_merkle_check_consistency(&root1, size1, &root2, size2, proof, n);
}

static size_t proofs_below(const char *folder, bool (*check)(const json_t *))
{
    size_t count = 0;
    char dir[4200];
    snprintf(dir, sizeof dir, "%s", path_of(folder));
    DIR *d = opendir(dir);
    if (d == NULL) {
        printf("         %s is not there\n", folder);
        skip();
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char name[5000];
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        size_t len = strlen(name);
        if (e->d_name[0] == '.') {
            continue;
        }
        if (len > 5 && strcmp(name + len - 5, ".json") == 0) {
            json_t *j = load(name);
            bool want = !json_is_true(json_object_get(j, "wantErr"));
            if (check(j) != want) {
                fail_msg("%s: %s", name, want ? "refused" : "accepted");
            }
            json_decref(j);
            count++;
        } else {
            count += proofs_below(name, check);
        }
    }
    closedir(d);
    return count;
}

static void rfc6962_inclusion_proofs(void **state)
{
    (void)state;
    assert_int_equal(proofs_below("rfc6962-merkle/inclusion", inclusion), 98);
}

static void rfc6962_consistency_proofs(void **state)
{
    (void)state;
    assert_int_equal(proofs_below("rfc6962-merkle/consistency", consistency), 98);
}

static void rfc6962_roots(void **state)
{
    (void)state;
    json_t *j = load("rfc6962-merkle/roots-8-leaves.json");
    struct zyd_hash leaves[8], root, want;
    struct zyd_frontier f = {.size = 0};
    for (size_t n = 0; n <= 8; n++) {
        zyd_merkle_root(&root, leaves, n);
        (void)hex(want.b, 32, json_string_value(json_array_get(json_object_get(j, "roots_hex"), n)));
        assert_memory_equal(&root, &want, 32);
        zyd_frontier_root(&root, &f);
        assert_memory_equal(&root, &want, 32);
        if (n < 8) {
            uint8_t data[64];
            size_t size = hex(data, sizeof data, json_string_value(json_array_get(json_object_get(j, "leaf_inputs_hex"), n)));
            zyd_merkle_leaf(&leaves[n], data, size);
            zyd_frontier_append(&f, &leaves[n]);
        }
    }
    json_decref(j);
}

/* Does our subset have the value at all? */
static bool in_subset(const char *kind, const json_t *v)
{
    if (strcmp(kind, "array") == 0) {
        size_t i;
        json_t *e;
        json_array_foreach(v, i, e) {
            if (json_is_object(e) || json_is_real(e) || (json_is_array(e) && !in_subset("array", e))) {
                return false;
            }
        }
        return true;
    }
    return strcmp(kind, "nil") == 0 || strcmp(kind, "bool") == 0 || strcmp(kind, "binary") == 0 ||
           strcmp(kind, "string") == 0 || ((strcmp(kind, "number") == 0 || strcmp(kind, "bignum") == 0) && !json_is_real(v));
}

static void msgpack_values_have_one_accepted_encoding(void **state)
{
    (void)state;
    static const char *const kinds[] = {"nil", "bool", "binary", "bignum", "number", "string", "array", "map",
                                        "timestamp", "ext"};
    json_t *j = load("msgpack-test-suite/msgpack-test-suite.json"), *group, *v, *enc;
    const char *name;
    size_t i, k, values = 0, accepted_in_all = 0;
    json_object_foreach(j, name, group) {
        json_array_foreach(group, i, v) {
            const char *kind = NULL;
            for (size_t n = 0; n < sizeof kinds / sizeof kinds[0]; n++) {
                kind = kind == NULL && json_object_get(v, kinds[n]) != NULL ? kinds[n] : kind;
            }
            assert_non_null(kind);
            size_t accepted = 0, shortest = SIZE_MAX, taken = 0;
            json_array_foreach(json_object_get(v, "msgpack"), k, enc) {
                static uint8_t buf[1 << 17];
                size_t n = hex(buf, sizeof buf, json_string_value(enc));
                struct zyd_rd rd = zyd_rd_of(zyd_span(buf, n));
                (void)zyd_rd_skip(&rd);
                shortest = n < shortest && buf[0] != 0xca && buf[0] != 0xcb ? n : shortest;
                if (zyd_rd_done(&rd) == ZYD_OK) {
                    accepted++;
                    taken = n;
                }
            }
            bool mine = in_subset(kind, json_object_get(v, kind));
            if (accepted != (mine ? 1u : 0u) || (mine && taken != shortest)) {
                fail_msg("%s, value %zu: %zu encodings accepted", name, i, accepted);
            }
            values++;
            accepted_in_all += accepted;
        }
    }
    assert_true(values > 60 && accepted_in_all > 40);
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_ed25519),
        cmocka_unit_test(cctv_gives_exactly_the_43_acceptances),
        cmocka_unit_test(malleable_signatures),
        cmocka_unit_test(rfc6962_inclusion_proofs),
        cmocka_unit_test(rfc6962_consistency_proofs),
        cmocka_unit_test(rfc6962_roots),
        cmocka_unit_test(msgpack_values_have_one_accepted_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
