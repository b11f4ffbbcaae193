#include "tests/lib/kv_map.h"
#include <stdlib.h>

struct row {
    uint64_t index, serial;
    uint8_t *leaf;
    size_t size;
};
struct blob {
    uint8_t *data;
    size_t size;
};
struct zyd_kv_map {
    struct row *rows; /* ascending by key once sorted; of equal keys the last written stays */
    size_t count, cap;
    bool sorted;
    struct row **by_index;
    size_t by_index_cap;
    struct blob *values, *finality;
    uint64_t heights;
    uint64_t reads, serial;
    enum zyd_status fail;
    uint8_t *last[2];
};

struct zyd_kv_map *zyd_kv_map_new(void)
{
    struct zyd_kv_map *m = calloc(1, sizeof *m);
    zyd_assert(m != NULL);
    m->sorted = true;
    return m;
}

void zyd_kv_map_free(struct zyd_kv_map *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->rows[i].leaf);
    }
    for (uint64_t i = 0; i < m->heights; i++) {
        free(m->values[i].data);
        free(m->finality[i].data);
    }
    free(m->rows);
    free(m->by_index);
    free(m->values);
    free(m->finality);
    free(m->last[0]);
    free(m->last[1]);
    free(m);
}

static int order(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int c = memcmp(x->leaf, y->leaf, 32);
    return c != 0 ? c : x->serial < y->serial ? -1 : 1;
}

static void sort(struct zyd_kv_map *m)
{
    if (m->sorted) {
        return;
    }
    qsort(m->rows, m->count, sizeof *m->rows, order);
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (i + 1 < m->count && memcmp(m->rows[i].leaf, m->rows[i + 1].leaf, 32) == 0) {
            free(m->rows[i].leaf);
        } else {
            m->rows[n++] = m->rows[i];
        }
    }
    m->count = n;
    size_t need = 0;
    for (size_t i = 0; i < n; i++) {
        need = m->rows[i].index >= need ? m->rows[i].index + 1 : need;
    }
    free(m->by_index);
    m->by_index = calloc(need + 1, sizeof *m->by_index);
    zyd_assert(m->by_index != NULL);
    m->by_index_cap = need;
    for (size_t i = 0; i < n; i++) {
        m->by_index[m->rows[i].index] = &m->rows[i];
    }
    m->sorted = true;
}

static void add_row(struct zyd_kv_map *m, uint64_t index, struct zyd_span leaf)
{
    if (m->count == m->cap) {
        m->cap = m->cap == 0 ? 64 : 2 * m->cap;
        m->rows = realloc(m->rows, m->cap * sizeof *m->rows);
        zyd_assert(m->rows != NULL);
    }
    uint8_t *copy = malloc(leaf.size);
    zyd_assert(copy != NULL);
    memcpy(copy, leaf.data, leaf.size);
    m->rows[m->count++] = (struct row){index, m->serial++, copy, leaf.size};
    m->sorted = false;
}

void zyd_kv_map_rows(struct zyd_kv_map *m, struct zyd_span rows)
{
    for (size_t at = 0; at < rows.size;) {
        uint64_t index = zyd_get64(rows.data + at);
        size_t size = zyd_get32(rows.data + at + 8);
        zyd_assert(at + 12 + size <= rows.size);
        add_row(m, index, zyd_span(rows.data + at + 12, size));
        at += 12 + size;
    }
}

static void set_blob(struct blob *b, struct zyd_span s)
{
    if (s.size > 0) {
        free(b->data);
        b->data = malloc(s.size);
        zyd_assert(b->data != NULL);
        memcpy(b->data, s.data, s.size);
        b->size = s.size;
    }
}

void zyd_kv_map_block(struct zyd_kv_map *m, uint64_t height, struct zyd_span value, struct zyd_span finality)
{
    if (height >= m->heights) {
        uint64_t n = height + 64;
        m->values = realloc(m->values, n * sizeof *m->values);
        m->finality = realloc(m->finality, n * sizeof *m->finality);
        zyd_assert(m->values != NULL && m->finality != NULL);
        memset(m->values + m->heights, 0, (n - m->heights) * sizeof *m->values);
        memset(m->finality + m->heights, 0, (n - m->heights) * sizeof *m->finality);
        m->heights = n;
    }
    set_blob(&m->values[height], value);
    set_blob(&m->finality[height], finality);
}

size_t zyd_kv_map_count(const struct zyd_kv_map *m)
{
    return m->count;
}

uint64_t zyd_kv_map_reads(const struct zyd_kv_map *m)
{
    return m->reads;
}

void zyd_kv_map_fail(struct zyd_kv_map *m, enum zyd_status with)
{
    m->fail = with;
}

struct zyd_kv_map *zyd_kv_map_copy(const struct zyd_kv_map *m)
{
    struct zyd_kv_map *c = zyd_kv_map_new();
    for (size_t i = 0; i < m->count; i++) {
        add_row(c, m->rows[i].index, zyd_span(m->rows[i].leaf, m->rows[i].size));
    }
    for (uint64_t h = 0; h < m->heights; h++) {
        if (m->values[h].size > 0 || m->finality[h].size > 0) {
            zyd_kv_map_block(c, h, zyd_span(m->values[h].data, m->values[h].size),
                             zyd_span(m->finality[h].data, m->finality[h].size));
        }
    }
    return c;
}

static struct zyd_span answer(struct zyd_kv_map *m, int slot, const void *data, size_t size)
{
    free(m->last[slot]);
    m->last[slot] = malloc(size > 0 ? size : 1);
    zyd_assert(m->last[slot] != NULL);
    if (size > 0) {
        memcpy(m->last[slot], data, size);
    }
    return zyd_span(m->last[slot], size);
}

/* First row whose key is not below key. */
static size_t lower(struct zyd_kv_map *m, const struct zyd_hash *key)
{
    sort(m);
    size_t lo = 0, hi = m->count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (memcmp(m->rows[mid].leaf, key->b, 32) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static enum zyd_status get(void *ctx, uint64_t *index, struct zyd_span *leaf, const struct zyd_hash *key)
{
    struct zyd_kv_map *m = ctx;
    m->reads++;
    size_t at = lower(m, key);
    if (m->fail != ZYD_OK) {
        return m->fail;
    }
    if (at == m->count || memcmp(m->rows[at].leaf, key->b, 32) != 0) {
        return ZYD_E_NOT_FOUND;
    }
    *index = m->rows[at].index;
    *leaf = answer(m, 0, m->rows[at].leaf, m->rows[at].size);
    return ZYD_OK;
}

static enum zyd_status below(void *ctx, struct zyd_hash *out, const struct zyd_hash *key)
{
    struct zyd_kv_map *m = ctx;
    m->reads++;
    size_t at = lower(m, key);
    if (m->fail != ZYD_OK) {
        return m->fail;
    }
    if (at == 0) {
        return ZYD_E_NOT_FOUND;
    }
    memcpy(out->b, m->rows[at - 1].leaf, 32);
    (void)answer(m, 0, NULL, 0);
    return ZYD_OK;
}

static enum zyd_status at(void *ctx, struct zyd_span *leaf, uint64_t index)
{
    struct zyd_kv_map *m = ctx;
    sort(m);
    if (m->fail != ZYD_OK) {
        return m->fail;
    }
    if (index >= m->by_index_cap || m->by_index[index] == NULL) {
        return ZYD_E_NOT_FOUND;
    }
    *leaf = answer(m, 0, m->by_index[index]->leaf, m->by_index[index]->size);
    return ZYD_OK;
}

static enum zyd_status block(void *ctx, struct zyd_span *value, struct zyd_span *finality, uint64_t height)
{
    struct zyd_kv_map *m = ctx;
    if (m->fail != ZYD_OK) {
        return m->fail;
    }
    if (height >= m->heights || m->values[height].size == 0) {
        return ZYD_E_NOT_FOUND;
    }
    *value = answer(m, 0, m->values[height].data, m->values[height].size);
    *finality = answer(m, 1, m->finality[height].data, m->finality[height].size);
    return ZYD_OK;
}

struct zyd_kv zyd_kv_map_kv(struct zyd_kv_map *m)
{
    return (struct zyd_kv){m, get, below, at, block};
}
