/* store.h: what opening and writing (store_leveldb.c) and reading (store_read.c) the ledger share. */
#ifndef ZYD_STORE_H
#define ZYD_STORE_H

#include <stdatomic.h>
#include <time.h>

#include <leveldb/c.h>

#include <zyd/io.h>

struct placed { /* a block that lies in the store above the last checkpoint */
    uint64_t height, view;
};
struct zyd_store {
    char dir[4096];
    int dirfd;
    leveldb_t *db;
    leveldb_options_t *options;
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *filter;
    leveldb_readoptions_t *read, *scan;
    leveldb_writeoptions_t *sync, *nosync;
    bool broken;
    bool dir_known; /* the directory as of dir_mtime is durable, and its time stamp had settled then */
    struct timespec dir_mtime;
    uint64_t rebuilt_floor, votes_seq;
    uint64_t votes_noted; /* to go with the next synced put */
    struct zyd_checkpoint checkpoint; /* the last in the store */
    /* writer */
    struct placed *blocks, *finals;
    size_t block_count, block_cap, final_count, final_cap;
    atomic_uint puts, row_puts;
    /* kv: one thread */
    char *get_buf, *at_buf, *block_buf, *final_buf;
    leveldb_iterator_t *below_it;
    unsigned below_puts, below_row_puts;
    struct zyd_err kv_err;
};

static inline size_t key_block(uint8_t out[17], uint64_t height, uint64_t view)
{
    out[0] = 'b';
    zyd_put64(out + 1, height);
    zyd_put64(out + 9, view);
    return 17;
}
static inline size_t key_u64(uint8_t out[9], char kind, uint64_t n)
{
    out[0] = (uint8_t)kind;
    zyd_put64(out + 1, n);
    return 9;
}
static inline size_t key_record(uint8_t out[33], const struct zyd_hash *key)
{
    out[0] = 'r';
    memcpy(out + 1, key->b, 32);
    return 33;
}

/* Takes LevelDB's text, which says what is wrong. */
enum zyd_status zyd_store_failed(struct zyd_err *err, const char *dir, char *text);
enum zyd_status zyd_store_damaged(struct zyd_err *err, const struct zyd_store *s, const char *what);
/* ZYD_OK with *value NULL: not there.  The caller frees it (leveldb_free). */
enum zyd_status zyd_store_fetch(struct zyd_store *s, struct zyd_err *err, char **value, size_t *size, const uint8_t *key,
                                size_t key_size);

#endif
