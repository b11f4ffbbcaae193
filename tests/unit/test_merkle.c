/* Goal: roots, paths and frontiers of RFC 6962 trees of every small size agree with each other and with the recursive
 * definition.
 * Method: all sizes to 70 and all leaves; consistency proofs by the recursive definition of the RFC. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <zyd/ledger.h>

#define N 70

static struct zyd_hash L[N];

static void range(struct zyd_hash *out, size_t lo, size_t hi)
{
    if (hi == lo) {
        zyd_sha256(out, NULL, 0);
    } else if (hi - lo == 1) {
        *out = L[lo];
    } else {
        size_t k = 1;
        while (2 * k < hi - lo) {
            k *= 2;
        }
        struct zyd_hash l, r;
        range(&l, lo, lo + k);
        range(&r, lo + k, hi);
        uint8_t buf[65] = {1};
        memcpy(buf + 1, l.b, 32);
        memcpy(buf + 33, r.b, 32);
        zyd_sha256(out, buf, sizeof buf);
    }
}

/* RFC 6962 2.1.2 SUBPROOF(m, D[lo:hi], b) */
static size_t subproof(struct zyd_hash *proof, size_t m, size_t lo, size_t hi, bool b)
{
    if (m == hi - lo) {
        if (!b) {
            range(&proof[0], lo, hi);
        }
        return b ? 0 : 1;
    }
    size_t k = 1, n;
    while (2 * k < hi - lo) {
        k *= 2;
    }
    if (m <= k) {
        n = subproof(proof, m, lo, lo + k, b);
        range(&proof[n], lo + k, hi);
    } else {
        n = subproof(proof, m - k, lo + k, hi, false);
        range(&proof[n], lo, lo + k);
    }
    return n + 1;
}

static int setup(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < N; i++) {
        zyd_merkle_leaf(&L[i], &i, 1);
    }
    return 0;
}

static void roots_and_frontiers_follow_the_definition(void **state)
{
    (void)state;
    struct zyd_frontier f = {.size = 0};
    for (size_t n = 0; n <= N; n++) {
        struct zyd_hash want, got;
        range(&want, 0, n);
        zyd_merkle_root(&got, L, n);
        assert_memory_equal(&want, &got, 32);
        zyd_frontier_root(&got, &f);
        assert_memory_equal(&want, &got, 32);
        uint8_t bytes[8 + 64 * 32 + 1];
        struct zyd_wr w = zyd_wr_of(bytes, sizeof bytes);
        struct zyd_frontier again;
        zyd_frontier_encode(&w, &f);
        assert_int_equal(zyd_frontier_decode(&again, zyd_wr_span(&w)), ZYD_OK);
        zyd_frontier_root(&got, &again);
        assert_memory_equal(&want, &got, 32);
        assert_int_equal(zyd_frontier_decode(&again, zyd_span(bytes, w.size - 1)), ZYD_E_MALFORMED);
        assert_int_equal(zyd_frontier_decode(&again, zyd_span(bytes, w.size + 1)), ZYD_E_MALFORMED);
        if (n < N) {
            zyd_frontier_append(&f, &L[n]);
        }
    }
}

static void every_path_of_every_tree_proves_its_leaf_and_no_other(void **state)
{
    (void)state;
    for (size_t n = 1; n <= N; n++) {
        struct zyd_hash root, path[64];
        zyd_merkle_root(&root, L, n);
        for (size_t i = 0; i < n; i++) {
            size_t count = zyd_merkle_path(path, L, n, i);
            assert_true(zyd_merkle_check_inclusion(&root, n, i, &L[i], path, count));
            assert_false(zyd_merkle_check_inclusion(&root, n, i, &L[(i + 1) % N], path, count));
            assert_false(zyd_merkle_check_inclusion(&root, n, i + n, &L[i], path, count));
            assert_false(zyd_merkle_check_inclusion(&root, 4 * n, i, &L[i], path, count)); /* not a path's end */
            if (n > 1) {
                assert_false(zyd_merkle_check_inclusion(&root, n, i ^ 1, &L[i], path, count));
                assert_false(zyd_merkle_check_inclusion(&root, n, i, &L[i], path, count - 1));
            }
            path[count] = root;
            assert_false(zyd_merkle_check_inclusion(&root, n, i, &L[i], path, count + 1));
        }
    }
}

static void paths_can_be_made_from_a_frontier_and_the_newest_leaves(void **state)
{
    (void)state;
    struct zyd_frontier f = {.size = 0};
    for (size_t old = 0; old < N; old++) {
        for (size_t n = old + 1; n <= N; n++) {
            struct zyd_hash want[64], got[64];
            for (size_t i = old; i < n; i += 3) {
                size_t count = zyd_merkle_path(want, L, n, i);
                assert_int_equal(zyd_frontier_path(got, &f, L + old, n - old, i - old), count);
                assert_memory_equal(want, got, count * 32);
            }
        }
        zyd_frontier_append(&f, &L[old]);
    }
}

static void consistency_proofs_hold_and_bent_ones_do_not(void **state)
{
    (void)state;
    for (size_t n = 1; n <= N; n++) {
        for (size_t m = 1; m <= n; m++) {
            struct zyd_hash r1, r2, proof[64];
            range(&r1, 0, m);
            range(&r2, 0, n);
            size_t count = m == n ? 0 : subproof(proof, m, 0, n, true);
            assert_true(zyd_merkle_check_consistency(&r1, m, &r2, n, proof, count));
            assert_false(zyd_merkle_check_consistency(&r1, m, &r2, 4 * n, proof, count)); /* not a proof's end */
            for (size_t i = 0; i < count; i++) {
                proof[i].b[i % 32] ^= 1;
                assert_false(zyd_merkle_check_consistency(&r1, m, &r2, n, proof, count));
                proof[i].b[i % 32] ^= 1;
            }
            if (count > 0) {
                assert_false(zyd_merkle_check_consistency(&r1, m, &r2, n, proof, count - 1));
                assert_false(zyd_merkle_check_consistency(&r2, m, &r2, n, proof, count));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_and_frontiers_follow_the_definition),
        cmocka_unit_test(every_path_of_every_tree_proves_its_leaf_and_no_other),
        cmocka_unit_test(paths_can_be_made_from_a_frontier_and_the_newest_leaves),
        cmocka_unit_test(consistency_proofs_hold_and_bent_ones_do_not),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
