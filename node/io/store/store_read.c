/* Reads of the ledger: the replica's table, and blocks for other threads. */
#include <stdlib.h>

#include <zyd/catalogue.h>
#include <zyd/state.h>

#include "store.h"

#define ITER_PUTS_MAX 64u /* an old iterator pins memory tables: make it anew after so many puts */

static enum zyd_status kv_get(void *ctx, uint64_t *index, struct zyd_span *leaf, const struct zyd_hash *key)
{
    struct zyd_store *s = ctx;
    uint8_t k[33];
    size_t size;
    leveldb_free(s->get_buf);
    enum zyd_status st = zyd_store_fetch(s, &s->kv_err, &s->get_buf, &size, k, key_record(k, key));
    if (st != ZYD_OK || s->get_buf == NULL)
        return st == ZYD_OK ? ZYD_E_NOT_FOUND : st;
    if (size < 8 + ZYD_LEAF_HEAD_SIZE || memcmp(s->get_buf + 8, key->b, 32) != 0)
        return zyd_store_damaged(&s->kv_err, s, "a record's row is not readable");
    *index = zyd_get64((const uint8_t *)s->get_buf);
    *leaf = zyd_span(s->get_buf + 8, size - 8);
    return ZYD_OK;
}

static enum zyd_status kv_below(void *ctx, struct zyd_hash *out, const struct zyd_hash *key)
{
    struct zyd_store *s = ctx;
    uint8_t k[33];
    unsigned puts = atomic_load(&s->puts), row_puts = atomic_load(&s->row_puts);
    if (s->below_it != NULL && (s->below_row_puts != row_puts || puts - s->below_puts > ITER_PUTS_MAX)) {
        leveldb_iter_destroy(s->below_it);
        s->below_it = NULL;
    }
    if (s->below_it == NULL) {
        s->below_it = leveldb_create_iterator(s->db, s->read);
        s->below_puts = puts;
        s->below_row_puts = row_puts;
    }
    leveldb_iter_seek(s->below_it, (const char *)k, key_record(k, key));
    if (leveldb_iter_valid(s->below_it))
        leveldb_iter_prev(s->below_it);
    else
        leveldb_iter_seek_to_last(s->below_it);
    char *text = NULL;
    leveldb_iter_get_error(s->below_it, &text);
    if (text != NULL)
        return zyd_store_failed(&s->kv_err, s->dir, text);
    size_t size;
    const char *found = leveldb_iter_valid(s->below_it) ? leveldb_iter_key(s->below_it, &size) : NULL;
    if (found == NULL || size != 33 || found[0] != 'r')
        return ZYD_E_NOT_FOUND;
    memcpy(out->b, found + 1, 32);
    return ZYD_OK;
}

static enum zyd_status kv_at(void *ctx, struct zyd_span *leaf, uint64_t index)
{
    struct zyd_store *s = ctx;
    uint8_t k[33];
    size_t size;
    char *key;
    enum zyd_status st = zyd_store_fetch(s, &s->kv_err, &key, &size, k, key_u64(k, 'n', index));
    if (st != ZYD_OK || key == NULL)
        return st == ZYD_OK ? ZYD_E_NOT_FOUND : st;
    struct zyd_hash hash = {{0}};
    bool good = size == 32;
    memcpy(hash.b, key, good ? 32 : 0);
    leveldb_free(key);
    leveldb_free(s->at_buf);
    s->at_buf = NULL;
    if (good)
        st = zyd_store_fetch(s, &s->kv_err, &s->at_buf, &size, k, key_record(k, &hash));
    if (st != ZYD_OK)
        return st;
    if (!good || s->at_buf == NULL || size < 8 + ZYD_LEAF_HEAD_SIZE || zyd_get64((const uint8_t *)s->at_buf) != index)
        return zyd_store_damaged(&s->kv_err, s, "a leaf's number and its record contradict each other");
    *leaf = zyd_span(s->at_buf + 8, size - 8);
    return ZYD_OK;
}

/* The one block at a height whose finality has not been written yet; none or several: not found. */
static enum zyd_status only_block(struct zyd_store *s, struct zyd_err *err, uint64_t *view, uint64_t height)
{
    leveldb_iterator_t *it = leveldb_create_iterator(s->db, s->scan);
    uint8_t key[17];
    unsigned count = 0;
    leveldb_iter_seek(it, (const char *)key, key_block(key, height, 0));
    for (; count < 2 && leveldb_iter_valid(it); leveldb_iter_next(it)) {
        size_t size;
        const uint8_t *k = (const uint8_t *)leveldb_iter_key(it, &size);
        if (size != 17 || memcmp(k, key, 9) != 0)
            break;
        *view = zyd_get64(k + 9);
        count++;
    }
    char *text = NULL;
    leveldb_iter_get_error(it, &text);
    leveldb_iter_destroy(it);
    if (text != NULL)
        return zyd_store_failed(err, s->dir, text);
    return count == 1 ? ZYD_OK : ZYD_E_NOT_FOUND;
}

static enum zyd_status block_fetch(struct zyd_store *s, struct zyd_err *err, char **value, size_t *size, char **final,
                                   size_t *final_size, uint64_t height)
{
    uint8_t k[17];
    uint64_t view = 0;
    *value = *final = NULL;
    enum zyd_status st = zyd_store_fetch(s, err, final, final_size, k, key_u64(k, 'f', height));
    if (st == ZYD_OK && *final == NULL)
        st = only_block(s, err, &view, height);
    else if (st == ZYD_OK && *final_size < 8)
        st = zyd_store_damaged(err, s, "a finality record is not readable");
    else if (st == ZYD_OK)
        view = zyd_get64((const uint8_t *)*final);
    if (st == ZYD_OK)
        st = zyd_store_fetch(s, err, value, size, k, key_block(k, height, view));
    if (st == ZYD_OK && *value == NULL) /* a finality may come before its block: catch-up */
        st = ZYD_E_NOT_FOUND;
    return st;
}

static enum zyd_status kv_block(void *ctx, struct zyd_span *value, struct zyd_span *finality, uint64_t height)
{
    struct zyd_store *s = ctx;
    size_t size, final_size;
    leveldb_free(s->block_buf);
    leveldb_free(s->final_buf);
    enum zyd_status st = block_fetch(s, &s->kv_err, &s->block_buf, &size, &s->final_buf, &final_size, height);
    if (st != ZYD_OK)
        return st;
    *value = zyd_span(s->block_buf, size);
    *finality = s->final_buf == NULL ? zyd_span(NULL, 0) : zyd_span(s->final_buf + 8, final_size - 8);
    return ZYD_OK;
}

struct zyd_kv zyd_store_kv(struct zyd_store *s)
{
    return (struct zyd_kv){s, kv_get, kv_below, kv_at, kv_block};
}

const struct zyd_err *zyd_store_kv_error(const struct zyd_store *s)
{
    return &s->kv_err;
}

enum zyd_status zyd_store_block(struct zyd_store *s, struct zyd_err *err, uint64_t height, uint8_t **value, size_t *size,
                                uint8_t **finality, size_t *finality_size)
{
    char *v, *f;
    size_t f_size;
    enum zyd_status st = block_fetch(s, err, &v, size, &f, &f_size, height);
    *value = *finality = NULL;
    *finality_size = 0;
    if (st == ZYD_OK) {
        *value = malloc(*size > 0 ? *size : 1);
        *finality = malloc(f != NULL && f_size > 8 ? f_size - 8 : 1);
        if (*value == NULL || *finality == NULL) {
            free(*value);
            free(*finality);
            *value = *finality = NULL;
            zyd_err_set(err, ZYD_ERR_STORE_FAILED, "ledger %s: out of memory", s->dir);
            st = ZYD_E_IO;
        } else {
            memcpy(*value, v, *size);
            *finality_size = f == NULL ? 0 : f_size - 8;
            if (f != NULL)
                memcpy(*finality, f + 8, f_size - 8);
        }
    }
    leveldb_free(v);
    leveldb_free(f);
    return st;
}
