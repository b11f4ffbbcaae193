/* A node's disk: what is durable.  Reads by the replica see only that, which is stricter than a page cache. */
#include "world.h"
#include <stdlib.h>

static size_t lower(const struct disk *d, const struct zyd_hash *key)
{
    size_t lo = 0, hi = d->leaf_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (zyd_hash_cmp(&d->leaves[d->sorted[mid]].key, key) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static enum zyd_status kv_get(void *ctx, uint64_t *index, struct zyd_span *leaf, const struct zyd_hash *key)
{
    struct disk *d = ctx;
    size_t at = lower(d, key);
    if (at == d->leaf_count || !zyd_hash_eq(&d->leaves[d->sorted[at]].key, key)) {
        return ZYD_E_NOT_FOUND;
    }
    *index = d->sorted[at];
    *leaf = zyd_span(d->leaves[*index].data, d->leaves[*index].size);
    return ZYD_OK;
}

static enum zyd_status kv_below(void *ctx, struct zyd_hash *out, const struct zyd_hash *key)
{
    struct disk *d = ctx;
    size_t at = lower(d, key);
    if (at == 0) {
        return ZYD_E_NOT_FOUND;
    }
    *out = d->leaves[d->sorted[at - 1]].key;
    return ZYD_OK;
}

static enum zyd_status kv_at(void *ctx, struct zyd_span *leaf, uint64_t index)
{
    struct disk *d = ctx;
    if (index >= d->leaf_count) {
        return ZYD_E_NOT_FOUND;
    }
    *leaf = zyd_span(d->leaves[index].data, d->leaves[index].size);
    return ZYD_OK;
}

/* A final block; or, without finality, the newest ones whose record has not been written yet are not visible here. */
static enum zyd_status kv_block(void *ctx, struct zyd_span *value, struct zyd_span *finality, uint64_t height)
{
    struct disk *d = ctx;
    for (size_t i = d->block_count; i-- > 0;) {
        struct disk_block *b = &d->blocks[i];
        if (b->height == height && b->finality != NULL) {
            *value = zyd_span(b->data, b->size);
            *finality = zyd_span(b->finality, b->finality_size);
            return ZYD_OK;
        }
    }
    return ZYD_E_NOT_FOUND;
}

struct zyd_kv disk_kv(struct disk *d)
{
    return (struct zyd_kv){d, kv_get, kv_below, kv_at, kv_block};
}

static void put_leaf(struct disk *d, uint64_t index, struct zyd_span leaf)
{
    if (index < d->leaf_count) {
        free(d->leaves[index].data);
        d->leaves[index].data = sim_copy(leaf.data, leaf.size);
        d->leaves[index].size = leaf.size;
        return;
    }
    zyd_assert(index == d->leaf_count);
    if (d->leaf_count == d->leaf_cap) {
        d->leaf_cap = d->leaf_cap == 0 ? 256 : d->leaf_cap * 2;
        d->leaves = sim_grow(d->leaves, d->leaf_cap * sizeof *d->leaves);
        d->sorted = sim_grow(d->sorted, d->leaf_cap * sizeof *d->sorted);
    }
    struct disk_leaf *l = &d->leaves[index];
    zyd_assert(leaf.size >= ZYD_LEAF_HEAD_SIZE);
    memcpy(l->key.b, leaf.data, 32);
    l->data = sim_copy(leaf.data, leaf.size);
    l->size = leaf.size;
    size_t at = lower(d, &l->key);
    memmove(d->sorted + at + 1, d->sorted + at, (d->leaf_count - at) * sizeof *d->sorted);
    d->sorted[at] = index;
    d->leaf_count++;
}

static struct disk_block *find_block(struct disk *d, uint64_t height, uint64_t view, bool make)
{
    size_t i = d->block_count;
    while (i > 0 && (d->blocks[i - 1].height > height || (d->blocks[i - 1].height == height && d->blocks[i - 1].view > view))) {
        i--;
    }
    if (i > 0 && d->blocks[i - 1].height == height && d->blocks[i - 1].view == view) {
        return &d->blocks[i - 1];
    }
    if (!make) {
        return NULL;
    }
    if (d->block_count == d->block_cap) {
        d->block_cap = d->block_cap == 0 ? 64 : d->block_cap * 2;
        d->blocks = sim_grow(d->blocks, d->block_cap * sizeof *d->blocks);
    }
    memmove(d->blocks + i + 1, d->blocks + i, (d->block_count - i) * sizeof *d->blocks);
    d->block_count++;
    d->blocks[i] = (struct disk_block){.height = height, .view = view};
    return &d->blocks[i];
}

static void put_bytes(struct disk_bytes **list, size_t *count, size_t *cap, struct zyd_span bytes)
{
    if (*count == *cap) {
        *cap = *cap == 0 ? 64 : *cap * 2;
        *list = sim_grow(*list, *cap * sizeof **list);
    }
    (*list)[(*count)++] = (struct disk_bytes){sim_copy(bytes.data, bytes.size), bytes.size};
}

/* Own votes above the floor are never dropped (consensus.md 1.4); those below may be, so drop them to keep runs honest. */
static void raise_floor(struct disk *d, uint64_t floor)
{
    size_t kept = 0;
    d->floor = floor > d->floor ? floor : d->floor;
    for (size_t i = 0; i < d->vote_count; i++) {
        if (zyd_get64(d->votes[i].data + 9) <= d->floor) {
            free(d->votes[i].data);
        } else {
            d->votes[kept++] = d->votes[i];
        }
    }
    d->vote_count = kept;
}

void disk_apply(struct disk *d, const struct zyd_fx *fx)
{
    switch (fx->persist) {
    case ZYD_PERSIST_VOTE:
        put_bytes(&d->votes, &d->vote_count, &d->vote_cap, fx->bytes);
        break;
    case ZYD_PERSIST_CERT:
        put_bytes(&d->certs, &d->cert_count, &d->cert_cap, fx->bytes);
        break;
    case ZYD_PERSIST_FLOOR:
        raise_floor(d, fx->view);
        break;
    case ZYD_PERSIST_BLOCK: {
        struct disk_block *b = find_block(d, fx->height, fx->view, true);
        free(b->data);
        b->data = sim_copy(fx->bytes.data, fx->bytes.size);
        b->size = fx->bytes.size;
        break;
    }
    case ZYD_PERSIST_FINAL: {
        struct disk_block *b = find_block(d, fx->height, fx->view, false);
        zyd_assert(b != NULL && b->data != NULL); /* the block's put comes first */
        zyd_assert(fx->view > d->floor);          /* consensus.md P4: a floor never goes before the finality that it rests on */
        free(b->finality);
        b->finality = sim_copy(fx->bytes.data, fx->bytes.size);
        b->finality_size = fx->bytes.size;
        break;
    }
    case ZYD_PERSIST_CHECKPOINT: {
        struct zyd_rd rd = zyd_rd_of(fx->bytes);
        while (rd.pos < rd.size) {
            uint64_t index = zyd_rx_u64(&rd);
            struct zyd_span leaf = zyd_rx_block(&rd, ZYD_LEAF_SIZE_MAX);
            zyd_assert(!rd.bad);
            put_leaf(d, index, leaf);
        }
        break;
    }
    case ZYD_PERSIST_CHECKPOINT_END:
        zyd_assert(zyd_checkpoint_decode(&d->checkpoint, fx->bytes) == ZYD_OK);
        d->have_checkpoint = true;
        break;
    }
}

void disk_free(struct disk *d)
{
    for (size_t i = 0; i < d->leaf_count; i++) {
        free(d->leaves[i].data);
    }
    for (size_t i = 0; i < d->block_count; i++) {
        free(d->blocks[i].data);
        free(d->blocks[i].finality);
    }
    for (size_t i = 0; i < d->vote_count; i++) {
        free(d->votes[i].data);
    }
    for (size_t i = 0; i < d->cert_count; i++) {
        free(d->certs[i].data);
    }
    free(d->leaves);
    free(d->sorted);
    free(d->blocks);
    free(d->votes);
    free(d->certs);
    memset(d, 0, sizeof *d);
}
