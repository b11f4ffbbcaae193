/* RFC 6962 trees.  A tree over n leaves splits at the largest power of two below n; building it level by level, an odd
 * last node is carried up unchanged. */
#include <zyd/ledger.h>

void zyd_merkle_leaf(struct zyd_hash *out, const void *data, size_t size)
{
    static const uint8_t prefix = 0;
    struct zyd_hasher h;
    zyd_hasher_start(&h, NULL);
    zyd_hasher_add(&h, &prefix, 1);
    zyd_hasher_add(&h, data, size);
    zyd_hasher_end(&h, out);
}

void zyd_merkle_node(struct zyd_hash *out, const struct zyd_hash *l, const struct zyd_hash *r)
{
    uint8_t buf[65];
    buf[0] = 1;
    memcpy(buf + 1, l->b, 32);
    memcpy(buf + 33, r->b, 32);
    zyd_sha256(out, buf, sizeof buf);
}

static size_t bits(uint64_t v)
{
    size_t n = 0;
    for (; v != 0; v &= v - 1) {
        n++;
    }
    return n;
}

void zyd_frontier_append(struct zyd_frontier *f, const struct zyd_hash *leaf)
{
    struct zyd_hash h = *leaf;
    size_t n = bits(f->size);
    for (uint64_t s = f->size; (s & 1) != 0; s >>= 1) {
        zyd_merkle_node(&h, &f->nodes[--n], &h);
    }
    f->nodes[n] = h;
    f->size++;
}

void zyd_frontier_root(struct zyd_hash *out, const struct zyd_frontier *f)
{
    size_t n = bits(f->size);
    if (n == 0) {
        zyd_sha256(out, NULL, 0);
        return;
    }
    struct zyd_hash h = f->nodes[n - 1];
    for (size_t i = n - 1; i > 0; i--) {
        zyd_merkle_node(&h, &f->nodes[i - 1], &h);
    }
    *out = h;
}

void zyd_merkle_root(struct zyd_hash *out, const struct zyd_hash *leaves, size_t count)
{
    struct zyd_frontier f;
    f.size = 0;
    for (size_t i = 0; i < count; i++) {
        zyd_frontier_append(&f, &leaves[i]);
    }
    zyd_frontier_root(out, &f);
}

/* Largest power of two below n, n >= 2. */
static uint64_t split(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k) {
        k <<= 1;
    }
    return k;
}

/* Root of leaves lo..hi-1 of a tree whose first start->size leaves are known by their frontier only.  On a path to one of
 * the new leaves every subtree that is wholly old is one of the frontier's nodes. */
static void range_root(struct zyd_hash *out, const struct zyd_frontier *start, const struct zyd_hash *leaves,
                       uint64_t lo, uint64_t hi)
{
    if (lo >= start->size) {
        zyd_merkle_root(out, leaves + (lo - start->size), (size_t)(hi - lo));
    } else if (hi <= start->size) {
        unsigned level = 0;
        while ((UINT64_C(1) << level) < hi - lo) {
            level++;
        }
        *out = start->nodes[bits(start->size >> level >> 1)];
    } else {
        uint64_t mid = lo + split(hi - lo);
        struct zyd_hash l, r;
        range_root(&l, start, leaves, lo, mid);
        range_root(&r, start, leaves, mid, hi);
        zyd_merkle_node(out, &l, &r);
    }
}

size_t zyd_frontier_path(struct zyd_hash *path, const struct zyd_frontier *start, const struct zyd_hash *leaves,
                         size_t count, size_t i)
{
    zyd_assert(i < count);
    uint64_t lo = 0, hi = start->size + count, at = start->size + i;
    size_t n = 0;
    while (hi - lo > 1) {
        uint64_t mid = lo + split(hi - lo);
        if (at < mid) {
            range_root(&path[n++], start, leaves, mid, hi);
            hi = mid;
        } else {
            range_root(&path[n++], start, leaves, lo, mid);
            lo = mid;
        }
    }
    for (size_t a = 0; a < n / 2; a++) { /* found from the root down; a path goes from the leaf up */
        struct zyd_hash t = path[a];
        path[a] = path[n - 1 - a];
        path[n - 1 - a] = t;
    }
    return n;
}

size_t zyd_merkle_path(struct zyd_hash *path, const struct zyd_hash *leaves, size_t count, size_t index)
{
    static const struct zyd_frontier none = {0, {{{0}}}};
    return zyd_frontier_path(path, &none, leaves, count, index);
}

size_t zyd_merkle_range_path(struct zyd_hash *path, struct zyd_hash *leaves, size_t count, size_t first, size_t n)
{
    size_t found = 0, end = first + n;
    zyd_assert(n > 0 && end <= count);
    while (count > 1) {
        if ((first & 1) != 0) {
            path[found++] = leaves[--first];
        }
        if ((end & 1) != 0 && end < count) {
            path[found++] = leaves[end++];
        }
        for (size_t i = 0; i + 1 < count; i += 2) {
            zyd_merkle_node(&leaves[i / 2], &leaves[i], &leaves[i + 1]);
        }
        if ((count & 1) != 0) {
            leaves[count / 2] = leaves[count - 1];
        }
        first /= 2;
        end = (end + 1) / 2;
        count = (count + 1) / 2;
    }
    return found;
}

/* RFC 9162 2.1.3.2 */
bool zyd_merkle_check_inclusion(const struct zyd_hash *root, uint64_t size, uint64_t index, const struct zyd_hash *leaf,
                                const struct zyd_hash *path, size_t path_count)
{
    if (index >= size) {
        return false;
    }
    uint64_t fn = index, sn = size - 1;
    struct zyd_hash r = *leaf;
    for (size_t i = 0; i < path_count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            zyd_merkle_node(&r, &path[i], &r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            zyd_merkle_node(&r, &r, &path[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && zyd_hash_eq(&r, root);
}

/* RFC 9162 2.1.4.2.  A tree of size 0 is consistent with everything, so it proves nothing and is refused. */
bool zyd_merkle_check_consistency(const struct zyd_hash *root1, uint64_t size1, const struct zyd_hash *root2,
                                  uint64_t size2, const struct zyd_hash *proof, size_t proof_count)
{
    if (size1 == 0 || size1 > size2) {
        return false;
    }
    if (size1 == size2) {
        return proof_count == 0 && zyd_hash_eq(root1, root2);
    }
    uint64_t fn = size1 - 1, sn = size2 - 1;
    size_t i = 0;
    struct zyd_hash fr = *root1;
    if ((size1 & (size1 - 1)) != 0) { /* not a power of two: the first hash is where the old tree ends */
        if (proof_count == 0) {
            return false;
        }
        fr = proof[i++];
    }
    struct zyd_hash sr = fr;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    for (; i < proof_count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            zyd_merkle_node(&fr, &proof[i], &fr);
            zyd_merkle_node(&sr, &proof[i], &sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            zyd_merkle_node(&sr, &sr, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && zyd_hash_eq(&fr, root1) && zyd_hash_eq(&sr, root2);
}
