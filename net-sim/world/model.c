/* The slow reference model of the state (reliability.md S3): every leaf in an array, the tree hashed anew from all of them at
 * each block, the order of keys and the sums of the books checked by a full scan.  It shares nothing with node/core/state. */
#include "products.h"
#include <stdlib.h>
#include <zyd/host.h>
#include <zyd/state.h>

struct model {
    struct disk_bytes *leaves;
    struct zyd_hash *hashes;
    size_t count, cap;
    size_t *places; /* open-addressed by key: leaf index plus one */
    size_t places_cap;
};

struct model *model_new(void)
{
    return sim_alloc(sizeof(struct model));
}

void model_free(struct model *m)
{
    if (m == NULL) {
        return;
    }
    for (size_t i = 0; i < m->count; i++) {
        free(m->leaves[i].data);
    }
    free(m->leaves);
    free(m->hashes);
    free(m->places);
    free(m);
}

static size_t *place_of(const struct model *m, const uint8_t *key)
{
    size_t i = (size_t)zyd_get64(key) & (m->places_cap - 1);
    while (m->places[i] != 0 && memcmp(m->leaves[m->places[i] - 1].data, key, 32) != 0) {
        i = (i + 1) & (m->places_cap - 1);
    }
    return &m->places[i];
}

static void place_leaf(struct model *m, size_t index)
{
    if (m->count * 2 >= m->places_cap) {
        free(m->places);
        m->places_cap = m->places_cap == 0 ? 4096 : m->places_cap * 2;
        m->places = sim_alloc(m->places_cap * sizeof *m->places);
        for (size_t i = 0; i < m->count; i++) {
            if (m->leaves[i].data != NULL) {
                *place_of(m, m->leaves[i].data) = i + 1;
            }
        }
    }
    *place_of(m, m->leaves[index].data) = index + 1;
}

bool model_find(const struct model *m, struct zyd_record *out, const struct zyd_hash *key)
{
    const size_t *at = m->places_cap == 0 ? NULL : place_of(m, key->b);
    return at != NULL && *at != 0 &&
           zyd_leaf_decode(out, zyd_span(m->leaves[*at - 1].data, m->leaves[*at - 1].size)) == ZYD_OK;
}

static const char *set_leaf(struct model *m, uint64_t index, struct zyd_span leaf)
{
    if (index > m->count) {
        return "a write set skips a leaf";
    }
    if (index == m->count) {
        if (m->count == m->cap) {
            m->cap = m->cap == 0 ? 256 : m->cap * 2;
            m->leaves = sim_grow(m->leaves, m->cap * sizeof *m->leaves);
            m->hashes = sim_grow(m->hashes, m->cap * sizeof *m->hashes);
        }
        m->leaves[m->count++].data = NULL;
    }
    bool fresh = m->leaves[index].data == NULL;
    free(m->leaves[index].data);
    m->leaves[index] = (struct disk_bytes){sim_copy(leaf.data, leaf.size), leaf.size};
    uint8_t *pre = sim_alloc(leaf.size + 1);
    memcpy(pre + 1, leaf.data, leaf.size);
    zyd_sha256(&m->hashes[index], pre, leaf.size + 1);
    free(pre);
    if (fresh) {
        place_leaf(m, index);
    }
    return NULL;
}

/* RFC 6962 2.1, word for word: split at the largest power of two below n. */
static void tree_hash(struct zyd_hash *out, const struct zyd_hash *leaves, size_t n)
{
    if (n == 1) {
        *out = leaves[0];
        return;
    }
    size_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    struct {
        uint8_t prefix;
        struct zyd_hash l, r;
    } node;
    node.prefix = 1;
    tree_hash(&node.l, leaves, k);
    tree_hash(&node.r, leaves + k, n - k);
    zyd_sha256(out, &node, sizeof node);
}

static int by_key(const void *a, const void *b)
{
    return memcmp((*(const struct disk_bytes *const *)a)->data, (*(const struct disk_bytes *const *)b)->data, 32);
}

/* Keys strictly ascending, each leaf naming the next: so absence has one proof. */
static const char *order(struct model *m)
{
    const struct disk_bytes **p = sim_alloc(m->count * sizeof *p);
    const char *why = NULL;
    for (size_t i = 0; i < m->count; i++) {
        p[i] = &m->leaves[i];
    }
    qsort(p, m->count, sizeof *p, by_key);
    for (size_t i = 0; why == NULL && i < m->count; i++) {
        uint8_t last[32];
        memset(last, 0xff, sizeof last);
        const uint8_t *next = i + 1 < m->count ? p[i + 1]->data : last;
        if (memcmp(p[i]->data + 32, next, 32) != 0) {
            why = "a leaf does not name the next greater key";
        }
    }
    free(p);
    return why;
}

static const char *books(struct model *m, const struct zyd_header *h)
{
    zyd_u128 debits = 0, credits = 0, open = 0;
    zyd_i128 net[ZYD_MEMBERS_MAX] = {0};
    for (size_t i = 0; i < m->count; i++) {
        struct zyd_record r;
        struct zyd_account a;
        struct zyd_obligation o;
        if (zyd_leaf_decode(&r, zyd_span(m->leaves[i].data, m->leaves[i].size)) != ZYD_OK) {
            return "a leaf is not well formed";
        }
        if (r.owner != 0) {
            continue;
        }
        if (r.kind == ZYD_REC_ACCOUNT) {
            if (zyd_account_decode(&a, r.value) != ZYD_OK || a.member >= ZYD_MEMBERS_MAX) {
                return "an account is not well formed";
            }
            debits += a.debits;
            credits += a.credits;
            net[a.member] += (zyd_i128)a.debits - (zyd_i128)a.credits;
        } else if (r.kind == ZYD_REC_OBLIGATION) {
            if (zyd_obligation_decode(&o, r.value) != ZYD_OK) {
                return "an obligation is not well formed";
            }
            open += o.state <= 3 ? (uint64_t)o.amount.fen : 0;
        }
    }
    for (size_t i = 0; i < ZYD_MEMBERS_MAX; i++) {
        if (net[i] != 0) {
            return "the books of a member do not sum to zero";
        }
    }
    return debits != credits || debits != h->debits || credits != h->credits || open != h->open_obligations
               ? "the accounts do not add up to the header's control totals"
               : NULL;
}

const char *model_apply(struct model *m, struct zyd_span writes, const struct zyd_header *h, bool whole)
{
    struct zyd_rd rd = zyd_rd_of(writes);
    while (rd.pos < rd.size) {
        uint64_t index = zyd_rx_u64(&rd);
        struct zyd_span leaf = zyd_rx_block(&rd, ZYD_LEAF_SIZE_MAX);
        const char *why =
            rd.bad || leaf.size < ZYD_LEAF_HEAD_SIZE ? "a write set is not well formed" : set_leaf(m, index, leaf);
        if (why != NULL) {
            return why;
        }
    }
    struct zyd_hash root;
    if (m->count == 0 || m->count != h->state_size) {
        return "the number of records is not the header's";
    }
    if (!whole) {
        return NULL;
    }
    tree_hash(&root, m->hashes, m->count);
    if (!zyd_hash_eq(&root, &h->state_root)) {
        return "the state root is not that of the reference model";
    }
    const char *why = order(m);
    return why != NULL ? why : books(m, h);
}
