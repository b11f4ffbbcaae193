/* The ledger on disk: LevelDB by its C API (ledger.md 2.7, reliability.md 2.1).
 *
 *   m                      format version, chain id, floor of a rebuild         made with the store
 *   b height view       -> block value                                          synced put, directory fsync
 *   f height            -> view of the final block, its finality proof          seen at once, durable with the next synced put
 *   r record key        -> leaf index, leaf                                     checkpoint
 *   n leaf index        -> record key                                           checkpoint
 *   c                   -> checkpoint                                           checkpoint, last
 *   v                   -> number of the vote file's last durable record        with each synced put
 *
 * Integers in keys are big-endian, so that keys sort by number.  Checksums: LevelDB's own CRC32C of each table block and log
 * record, always verified; above it the chain (block hashes, log and state roots) which the replica checks at start.  No CRC of
 * ours beside these: it would find nothing more.
 * Checkpoint rows are synced too: LevelDB starts a new log without syncing the old one, so rows of an unsynced write may be
 * lost although a later synced write survives, and `c` would speak of records that are not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zyd/catalogue.h>
#include <zyd/state.h>

#include "store.h"

#define STORE_VERSION 1u
#define META_SIZE 50u /* "zydstor1", u16 version, chain id, u64 floor at a rebuild */
/* Values are whole blocks, so a large memory table costs little to fill; each file that is made costs a sync that the next put
 * waits for. */
#define WRITE_BUFFER (64u << 20)
#define FILE_SIZE (32u << 20)
#define CACHE_SIZE (32u << 20)

static const char meta_magic[8] = {'z', 'y', 'd', 's', 't', 'o', 'r', '1'};

#define DIR_SETTLED_NS INT64_C(1000000000)

static const char cure[] =
    "stop, then run zydd --rebuild-ledger: it sets this ledger aside and fetches it anew from the other members; the "
    "vote file stays";

/* zyd_checkpoint_decode stands in a room above this one. */
static bool checkpoint_read(struct zyd_checkpoint *out, struct zyd_span bytes)
{
    if (bytes.size != ZYD_CHECKPOINT_SIZE)
        return false;
    out->height = zyd_get64(bytes.data);
    out->state_size = zyd_get64(bytes.data + 8);
    memcpy(out->state_root.b, bytes.data + 16, 32);
    return true;
}

enum zyd_status zyd_store_failed(struct zyd_err *err, const char *dir, char *text)
{
    enum zyd_status st = ZYD_E_STORE;
    if (strstr(text, "lock ") != NULL) {
        st = ZYD_E_BUSY;
        zyd_err_set(err, ZYD_ERR_STORE_LOCKED, "ledger %s is in use by another process: one data_dir, one node", dir);
    } else if (strstr(text, "create_if_missing is false") != NULL) {
        st = ZYD_E_NOT_FOUND;
        zyd_err_set(err, ZYD_ERR_FILE_READ, "no ledger in %s; check data_dir, or make a new node with zydd --init", dir);
    } else if (strstr(text, "error_if_exists is true") != NULL) {
        st = ZYD_E_EXISTS;
        zyd_err_set(err, ZYD_ERR_FILE_EXISTS, "there is a ledger in %s already", dir);
    } else if (strstr(text, "Corruption") != NULL || strstr(text, "No such file") != NULL) {
        st = ZYD_E_DAMAGED;
        zyd_err_set(err, ZYD_ERR_STORE_DAMAGED, "ledger %s is damaged: %s; %s", dir, text, cure);
    } else {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "ledger %s: %s", dir, text);
    }
    leveldb_free(text);
    return st;
}

enum zyd_status zyd_store_damaged(struct zyd_err *err, const struct zyd_store *s, const char *what)
{
    zyd_err_set(err, ZYD_ERR_STORE_DAMAGED, "ledger %s is damaged: %s; %s", s->dir, what, cure);
    return ZYD_E_DAMAGED;
}

enum zyd_status zyd_store_fetch(struct zyd_store *s, struct zyd_err *err, char **value, size_t *size, const uint8_t *key,
                                size_t key_size)
{
    char *text = NULL;
    *value = leveldb_get(s->db, s->read, (const char *)key, key_size, size, &text);
    return text == NULL ? ZYD_OK : zyd_store_failed(err, s->dir, text);
}

static bool placed_add(struct placed **list, size_t *count, size_t *cap, uint64_t height, uint64_t view)
{
    if (*count == *cap) {
        size_t grown_cap = *cap == 0 ? 1024 : *cap * 2;
        struct placed *grown = realloc(*list, grown_cap * sizeof *grown);
        if (grown == NULL)
            return false;
        *list = grown;
        *cap = grown_cap;
    }
    (*list)[(*count)++] = (struct placed){height, view};
    return true;
}

/* Blocks at and above the checkpoint: what a later checkpoint may have to delete. */
static enum zyd_status placed_load(struct zyd_store *s, struct zyd_err *err)
{
    leveldb_iterator_t *it = leveldb_create_iterator(s->db, s->scan);
    uint8_t key[17];
    bool ok = true;
    leveldb_iter_seek(it, (const char *)key, key_block(key, s->checkpoint.height, 0));
    for (; ok && leveldb_iter_valid(it); leveldb_iter_next(it)) {
        size_t size;
        const uint8_t *k = (const uint8_t *)leveldb_iter_key(it, &size);
        if (size == 17 && k[0] == 'b')
            ok = placed_add(&s->blocks, &s->block_count, &s->block_cap, zyd_get64(k + 1), zyd_get64(k + 9));
        else
            break;
    }
    leveldb_iter_seek(it, (const char *)key, key_u64(key, 'f', s->checkpoint.height));
    for (; ok && leveldb_iter_valid(it); leveldb_iter_next(it)) {
        size_t size, value_size;
        const uint8_t *k = (const uint8_t *)leveldb_iter_key(it, &size);
        const uint8_t *v = (const uint8_t *)leveldb_iter_value(it, &value_size);
        if (size != 9 || k[0] != 'f' || value_size < 8)
            break;
        ok = placed_add(&s->finals, &s->final_count, &s->final_cap, zyd_get64(k + 1), zyd_get64(v));
    }
    char *text = NULL;
    leveldb_iter_get_error(it, &text);
    leveldb_iter_destroy(it);
    if (text != NULL)
        return zyd_store_failed(err, s->dir, text);
    if (!ok)
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "ledger %s: out of memory", s->dir);
    return ok ? ZYD_OK : ZYD_E_IO;
}

static enum zyd_status meta_write(struct zyd_store *s, struct zyd_err *err, const struct zyd_hash *chain_id, uint64_t floor)
{
    uint8_t meta[META_SIZE];
    char *text = NULL;
    memcpy(meta, meta_magic, 8);
    zyd_put16(meta + 8, STORE_VERSION);
    memcpy(meta + 10, chain_id->b, 32);
    zyd_put64(meta + 42, floor);
    leveldb_put(s->db, s->sync, "m", 1, (const char *)meta, META_SIZE, &text);
    if (text != NULL)
        return zyd_store_failed(err, s->dir, text);
    s->rebuilt_floor = floor;
    if (fsync(s->dirfd) == 0)
        return ZYD_OK;
    zyd_err_set(err, ZYD_ERR_STORE_FAILED, "ledger %s: %s", s->dir, strerror(errno));
    return ZYD_E_IO;
}

static enum zyd_status meta_check(struct zyd_store *s, struct zyd_err *err, const struct zyd_hash *chain_id)
{
    char *value;
    size_t size;
    enum zyd_status st = zyd_store_fetch(s, err, &value, &size, (const uint8_t *)"m", 1);
    if (st != ZYD_OK)
        return st;
    const uint8_t *v = (const uint8_t *)value;
    if (value == NULL || size != META_SIZE || memcmp(v, meta_magic, 8) != 0) {
        st = zyd_store_damaged(err, s, "it does not say which consortium it holds");
    } else if (zyd_get16(v + 8) != STORE_VERSION) {
        zyd_err_set(err, ZYD_ERR_STORE_FOREIGN, "ledger %s has format %u, this program reads %u; use the version that wrote it",
                    s->dir, zyd_get16(v + 8), STORE_VERSION);
        st = ZYD_E_FOREIGN;
    } else if (memcmp(v + 10, chain_id->b, 32) != 0) {
        zyd_err_set(err, ZYD_ERR_STORE_FOREIGN, "ledger %s belongs to another consortium; check data_dir and consortium",
                    s->dir);
        st = ZYD_E_FOREIGN;
    } else {
        s->rebuilt_floor = zyd_get64(v + 42);
    }
    leveldb_free(value);
    return st;
}

static enum zyd_status votes_seq_read(struct zyd_store *s, struct zyd_err *err)
{
    char *value;
    size_t size;
    enum zyd_status st = zyd_store_fetch(s, err, &value, &size, (const uint8_t *)"v", 1);
    if (st == ZYD_OK && value != NULL && size != 8)
        st = zyd_store_damaged(err, s, "its record of the vote file is not readable");
    if (st == ZYD_OK && value != NULL)
        s->votes_seq = zyd_get64((const uint8_t *)value);
    leveldb_free(value);
    return st;
}

static void options_make(struct zyd_store *s, bool create)
{
    s->cache = leveldb_cache_create_lru(CACHE_SIZE);
    s->filter = leveldb_filterpolicy_create_bloom(10);
    s->options = leveldb_options_create();
    leveldb_options_set_create_if_missing(s->options, create);
    leveldb_options_set_error_if_exists(s->options, create);
    leveldb_options_set_paranoid_checks(s->options, 1);
    leveldb_options_set_write_buffer_size(s->options, WRITE_BUFFER);
    leveldb_options_set_max_file_size(s->options, FILE_SIZE);
    leveldb_options_set_cache(s->options, s->cache);
    leveldb_options_set_filter_policy(s->options, s->filter);
    leveldb_options_set_compression(s->options, leveldb_no_compression); /* hashes and signatures do not shrink */
    s->read = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(s->read, 1);
    s->scan = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(s->scan, 1);
    leveldb_readoptions_set_fill_cache(s->scan, 0);
    s->sync = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(s->sync, 1);
    s->nosync = leveldb_writeoptions_create();
}

enum zyd_status zyd_store_open(struct zyd_store **out, struct zyd_err *err, const char *dir, const struct zyd_hash *chain_id,
                               bool create, uint64_t rebuilt_floor)
{
    struct zyd_store *s = calloc(1, sizeof *s);
    char *text = NULL;
    *out = NULL;
    if (s == NULL) {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "ledger %s: out of memory", dir);
        return ZYD_E_IO;
    }
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    s->dirfd = -1;
    options_make(s, create);
    s->db = leveldb_open(s->options, dir, &text);
    enum zyd_status st = text == NULL ? ZYD_OK : zyd_store_failed(err, dir, text);
    if (st == ZYD_OK) {
        s->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->dirfd < 0) {
            zyd_err_set(err, ZYD_ERR_STORE_FAILED, "ledger %s: %s", dir, strerror(errno));
            st = ZYD_E_IO;
        }
    }
    if (st == ZYD_OK)
        st = create ? meta_write(s, err, chain_id, rebuilt_floor) : meta_check(s, err, chain_id);
    bool have;
    if (st == ZYD_OK)
        st = zyd_store_checkpoint(s, err, &have, &s->checkpoint);
    if (st == ZYD_OK)
        st = placed_load(s, err);
    if (st == ZYD_OK)
        st = votes_seq_read(s, err);
    if (st != ZYD_OK) {
        zyd_store_close(s);
        return st;
    }
    *out = s;
    return ZYD_OK;
}

void zyd_store_close(struct zyd_store *s)
{
    if (s == NULL)
        return;
    if (s->below_it != NULL)
        leveldb_iter_destroy(s->below_it);
    leveldb_free(s->get_buf);
    leveldb_free(s->at_buf);
    leveldb_free(s->block_buf);
    leveldb_free(s->final_buf);
    if (s->db != NULL)
        leveldb_close(s->db);
    leveldb_options_destroy(s->options);
    leveldb_readoptions_destroy(s->read);
    leveldb_readoptions_destroy(s->scan);
    leveldb_writeoptions_destroy(s->sync);
    leveldb_writeoptions_destroy(s->nosync);
    leveldb_filterpolicy_destroy(s->filter);
    leveldb_cache_destroy(s->cache);
    if (s->dirfd >= 0)
        close(s->dirfd);
    free(s->blocks);
    free(s->finals);
    free(s);
}

uint64_t zyd_store_rebuilt_floor(const struct zyd_store *s)
{
    return s->rebuilt_floor;
}

uint64_t zyd_store_votes_seq(const struct zyd_store *s)
{
    return s->votes_seq;
}

void zyd_store_votes_note(struct zyd_store *s, uint64_t seq)
{
    s->votes_noted = seq;
}

uint64_t zyd_store_bytes(const struct zyd_store *s)
{
    const char *start[1] = {""}, *limit[1] = {"\xff"};
    const size_t start_size[1] = {0}, limit_size[1] = {1};
    uint64_t size = 0;
    leveldb_approximate_sizes(s->db, 1, start, start_size, limit, limit_size, &size);
    return size;
}

/* ---- writing ---- */

/* The directory's entries become durable.  Most puts make no file: then its time stamp is that of the last sync, and a second
 * flush of the disk would only double the time of every block.  A stamp younger than a second may hide another change in the
 * same tick. */
static bool dir_sync(struct zyd_store *s)
{
    struct stat sb;
    struct timespec now;
    if (fstat(s->dirfd, &sb) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    bool same = s->dir_known && sb.st_mtim.tv_sec == s->dir_mtime.tv_sec && sb.st_mtim.tv_nsec == s->dir_mtime.tv_nsec;
    if (same)
        return true;
    int64_t age = (int64_t)(now.tv_sec - sb.st_mtim.tv_sec) * 1000000000 + (now.tv_nsec - sb.st_mtim.tv_nsec);
    if (fsync(s->dirfd) != 0)
        return false;
    s->dir_known = age >= DIR_SETTLED_NS;
    s->dir_mtime = sb.st_mtim;
    return true;
}

static int by_height(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    return (x->height > y->height) - (x->height < y->height);
}

/* Losing blocks below the checkpoint go; the store forgets what it need not watch any more.  Blocks at its own height stay
 * until the next one: unfinalized blocks may stand on them. */
static void losers_delete(struct zyd_store *s, leveldb_writebatch_t *batch, uint64_t height)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->block_count; i++) {
        struct placed b = s->blocks[i];
        if (b.height >= height) {
            s->blocks[kept++] = b;
            continue;
        }
        const struct placed *final = bsearch(&b, s->finals, s->final_count, sizeof b, by_height);
        if (final != NULL && final->view != b.view) {
            uint8_t k[17];
            leveldb_writebatch_delete(batch, (const char *)k, key_block(k, b.height, b.view));
        }
    }
    s->block_count = kept;
    kept = 0;
    for (size_t f = 0; f < s->final_count; f++)
        if (s->finals[f].height >= height)
            s->finals[kept++] = s->finals[f];
    s->final_count = kept;
}

static void rows_put(struct zyd_store *s, leveldb_writebatch_t *batch, struct zyd_span rows)
{
    size_t at = 0;
    while (at < rows.size) {
        uint8_t k[33], value[8 + ZYD_LEAF_SIZE_MAX];
        zyd_assert(rows.size - at >= 12);
        uint64_t index = zyd_get64(rows.data + at);
        uint32_t size = zyd_get32(rows.data + at + 8);
        at += 12;
        zyd_assert(size >= ZYD_LEAF_HEAD_SIZE && size <= ZYD_LEAF_SIZE_MAX && size <= rows.size - at);
        struct zyd_hash key;
        memcpy(key.b, rows.data + at, 32);
        zyd_put64(value, index);
        memcpy(value + 8, rows.data + at, size);
        leveldb_writebatch_put(batch, (const char *)k, key_record(k, &key), (const char *)value, 8 + size);
        if (index >= s->checkpoint.state_size) /* an older leaf keeps its number */
            leveldb_writebatch_put(batch, (const char *)k, key_u64(k, 'n', index), (const char *)key.b, 32);
        at += size;
    }
}

static bool item_put(struct zyd_store *s, leveldb_writebatch_t *batch, bool *sync, const struct zyd_fx *fx)
{
    uint8_t k[33];
    const char *data = (const char *)fx->bytes.data;
    switch (fx->persist) {
    case ZYD_PERSIST_VOTE:
    case ZYD_PERSIST_CERT:
    case ZYD_PERSIST_FLOOR:
        return true; /* the vote file's */
    case ZYD_PERSIST_BLOCK:
        leveldb_writebatch_put(batch, (const char *)k, key_block(k, fx->height, fx->view), data, fx->bytes.size);
        return placed_add(&s->blocks, &s->block_count, &s->block_cap, fx->height, fx->view);
    case ZYD_PERSIST_FINAL: {
        uint8_t *value = malloc(8 + fx->bytes.size);
        if (value == NULL)
            return false;
        zyd_put64(value, fx->view);
        memcpy(value + 8, data, fx->bytes.size);
        leveldb_writebatch_put(batch, (const char *)k, key_u64(k, 'f', fx->height), (const char *)value, 8 + fx->bytes.size);
        free(value);
        if (s->final_count > 0 && s->finals[s->final_count - 1].height >= fx->height)
            return true; /* written again to become durable; heights only grow */
        return placed_add(&s->finals, &s->final_count, &s->final_cap, fx->height, fx->view);
    }
    case ZYD_PERSIST_CHECKPOINT:
        rows_put(s, batch, fx->bytes);
        *sync = true;
        return true;
    case ZYD_PERSIST_CHECKPOINT_END:
        zyd_assert(checkpoint_read(&s->checkpoint, fx->bytes));
        leveldb_writebatch_put(batch, "c", 1, data, fx->bytes.size);
        losers_delete(s, batch, s->checkpoint.height);
        *sync = true;
        return true;
    }
    return true;
}

enum zyd_status zyd_store_put(struct zyd_store *s, struct zyd_err *err, const struct zyd_fx *items, size_t count, bool sync)
{
    if (s->broken) {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "ledger %s: an earlier write failed; the node must stop", s->dir);
        return ZYD_E_STORE;
    }
    leveldb_writebatch_t *batch = leveldb_writebatch_create();
    char *text = NULL;
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++)
        ok = item_put(s, batch, &sync, &items[i]);
    if (sync && s->votes_noted > s->votes_seq) {
        uint8_t seq[8];
        s->votes_seq = s->votes_noted;
        zyd_put64(seq, s->votes_seq);
        leveldb_writebatch_put(batch, "v", 1, (const char *)seq, 8);
    }
    if (ok)
        leveldb_write(s->db, sync ? s->sync : s->nosync, batch, &text);
    leveldb_writebatch_destroy(batch);
    if (text != NULL) {
        s->broken = true;
        return zyd_store_failed(err, s->dir, text);
    }
    if (!ok || (sync && !dir_sync(s))) {
        s->broken = true;
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "ledger %s: %s; the node stops, a failed sync is never tried again", s->dir,
                    ok ? strerror(errno) : "out of memory");
        return ZYD_E_IO;
    }
    for (size_t i = 0; i < count; i++)
        if (items[i].persist == ZYD_PERSIST_CHECKPOINT)
            atomic_fetch_add(&s->row_puts, 1);
    atomic_fetch_add(&s->puts, 1);
    return ZYD_OK;
}

/* ---- restart ---- */

enum zyd_status zyd_store_checkpoint(struct zyd_store *s, struct zyd_err *err, bool *have, struct zyd_checkpoint *out)
{
    char *value;
    size_t size;
    *have = false;
    *out = (struct zyd_checkpoint){0};
    enum zyd_status st = zyd_store_fetch(s, err, &value, &size, (const uint8_t *)"c", 1);
    if (st != ZYD_OK || value == NULL)
        return st;
    *have = true;
    if (!checkpoint_read(out, zyd_span(value, size)))
        st = zyd_store_damaged(err, s, "its checkpoint is not readable");
    leveldb_free(value);
    return st;
}

enum zyd_status zyd_store_unfinal(struct zyd_store *s, struct zyd_err *err, uint64_t head_height,
                                  enum zyd_status (*each)(void *ctx, struct zyd_span value), void *ctx)
{
    uint8_t key[17];
    char *value;
    size_t size;
    uint64_t final_view = 0;
    enum zyd_status st = zyd_store_fetch(s, err, &value, &size, key, key_u64(key, 'f', head_height));
    if (st != ZYD_OK)
        return st;
    if (value != NULL && size >= 8)
        final_view = zyd_get64((const uint8_t *)value);
    leveldb_free(value);
    leveldb_iterator_t *it = leveldb_create_iterator(s->db, s->scan);
    /* CARRIER blocks keep their parent's height: those on the head come first. */
    leveldb_iter_seek(it, (const char *)key, key_block(key, head_height, final_view + 1));
    for (; st == ZYD_OK && leveldb_iter_valid(it); leveldb_iter_next(it)) {
        const uint8_t *k = (const uint8_t *)leveldb_iter_key(it, &size);
        if (size != 17 || k[0] != 'b')
            break;
        size_t value_size;
        const char *v = leveldb_iter_value(it, &value_size);
        st = each(ctx, zyd_span(v, value_size));
    }
    char *text = NULL;
    leveldb_iter_get_error(it, &text);
    leveldb_iter_destroy(it);
    if (text != NULL)
        return zyd_store_failed(err, s->dir, text);
    return st;
}
