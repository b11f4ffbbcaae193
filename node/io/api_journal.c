/* The journal of operations that the node's keys signed. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zyd/catalogue.h>

#include "api_journal.h"
#include "view_index.h"

#define MAGIC "ZYDAPIJ1"
#define BODY_HEAD (1u + 32u * 3u + 8u + 1u + 4u) /* type, jkey, op_id, env_id, valid_until, flags, token */
#define BODY_MAX (BODY_HEAD + ZYD_ENV_SIZE_MAX)
#define MEMORY_MAX (64u << 20)
#define FILE_MAX (256u << 20)

struct zyd_journal {
    int fd;
    char *path;
    uint64_t file_size;
    struct zyd_journal_entry *items; /* in order of first setting */
    uint32_t count, cap;
    size_t memory;
    struct zyd_index by_jkey, by_op;
};

static enum zyd_status fail(struct zyd_err *err, const struct zyd_journal *j, const char *what)
{
    zyd_err_set(err, ZYD_ERR_FILE_WRITE, "%s: %s: %s", j->path, what, strerror(errno));
    return ZYD_E_IO;
}

static bool write_all(int fd, const uint8_t *p, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        p += n;
        size -= (size_t)n;
    }
    return true;
}

static size_t encode(uint8_t *out, const struct zyd_journal_entry *e)
{
    uint8_t *p = out + 8;
    *p++ = 1;
    memcpy(p, e->jkey.b, 32);
    memcpy(p + 32, e->op_id.b, 32);
    memcpy(p + 64, e->env_id.b, 32);
    zyd_put64(p + 96, e->valid_until_ms);
    p[104] = e->flags;
    zyd_put32(p + 105, e->token);
    memcpy(p + 109, e->bytes, e->size);
    size_t body = BODY_HEAD + e->size;
    zyd_put32(out, (uint32_t)body);
    zyd_put32(out + 4, zyd_crc32c(0, out + 8, body));
    return 8 + body;
}

/* ---- memory ---- */

static void index_all(struct zyd_journal *j)
{
    zyd_index_clear(&j->by_jkey);
    zyd_index_clear(&j->by_op);
    for (uint32_t i = 0; i < j->count; i++) {
        zyd_index_add(&j->by_jkey, j->items, i);
        if (zyd_index_find(&j->by_op, j->items, &j->items[i].op_id) == UINT32_MAX) {
            zyd_index_add(&j->by_op, j->items, i);
        } else { /* two keys for the same operation: the later one answers */
            zyd_index_replace(&j->by_op, j->items, i);
        }
    }
}

/* Drops the older half when memory is full, never an entry that a request is handling. */
static void evict(struct zyd_journal *j)
{
    uint32_t to = 0;
    size_t aim = MEMORY_MAX / 2;
    for (uint32_t i = 0; i < j->count; i++) {
        struct zyd_journal_entry *e = &j->items[i];
        if (!e->running && j->memory > aim) {
            j->memory -= e->size + sizeof *e;
            free(e->bytes);
            continue;
        }
        j->items[to++] = *e;
    }
    j->count = to;
    index_all(j);
}

struct zyd_journal_entry *zyd_journal_find(struct zyd_journal *j, const struct zyd_hash *jkey)
{
    uint32_t at = zyd_index_find(&j->by_jkey, j->items, jkey);
    return at == UINT32_MAX ? NULL : &j->items[at];
}

struct zyd_journal_entry *zyd_journal_find_op(struct zyd_journal *j, const struct zyd_hash *op_id)
{
    uint32_t at = zyd_index_find(&j->by_op, j->items, op_id);
    return at == UINT32_MAX ? NULL : &j->items[at];
}

struct zyd_journal_entry *zyd_journal_at(struct zyd_journal *j, uint32_t index)
{
    return index < j->count ? &j->items[index] : NULL;
}

struct zyd_journal_entry *zyd_journal_set(struct zyd_journal *j, const struct zyd_journal_entry *e)
{
    uint8_t *bytes = malloc(e->size);
    zyd_assert(bytes != NULL);
    memcpy(bytes, e->bytes, e->size);
    uint32_t at = zyd_index_find(&j->by_jkey, j->items, &e->jkey);
    if (at == UINT32_MAX) {
        if (j->memory + e->size > MEMORY_MAX) {
            evict(j);
        }
        at = j->count;
        j->items = zyd_index_grow(j->items, j->count, &j->cap, sizeof *j->items);
        j->items[j->count++] = *e;
        j->memory += e->size + sizeof *e;
        zyd_index_add(&j->by_jkey, j->items, at);
    } else {
        j->memory += e->size;
        j->memory -= j->items[at].size;
        free(j->items[at].bytes);
        j->items[at] = *e;
    }
    j->items[at].bytes = bytes;
    if (zyd_index_find(&j->by_op, j->items, &e->op_id) == UINT32_MAX) {
        zyd_index_add(&j->by_op, j->items, at);
    } else {
        zyd_index_replace(&j->by_op, j->items, at);
    }
    return &j->items[at];
}

void zyd_journal_unset(struct zyd_journal *j, const struct zyd_hash *jkey)
{
    uint32_t at = zyd_index_find(&j->by_jkey, j->items, jkey);
    if (at == UINT32_MAX) {
        return;
    }
    j->memory -= j->items[at].size + sizeof j->items[at];
    free(j->items[at].bytes);
    memmove(&j->items[at], &j->items[at + 1], (j->count - at - 1) * sizeof *j->items);
    j->count--;
    index_all(j);
}

/* ---- file ---- */

static bool decode(struct zyd_journal_entry *e, const uint8_t *p, size_t size)
{
    memset(e, 0, sizeof *e);
    if (size <= BODY_HEAD || p[0] != 1) {
        return false;
    }
    memcpy(e->jkey.b, p + 1, 32);
    memcpy(e->op_id.b, p + 33, 32);
    memcpy(e->env_id.b, p + 65, 32);
    e->valid_until_ms = zyd_get64(p + 97);
    e->flags = p[105];
    e->token = zyd_get32(p + 106);
    e->bytes = (uint8_t *)(uintptr_t)(p + BODY_HEAD);
    e->size = size - BODY_HEAD;
    return true;
}

/* Reads records up to the end or a torn last one; what follows a bad record that is not the last is damage. */
static enum zyd_status load(struct zyd_journal *j, struct zyd_err *err, const uint8_t *data, size_t size, size_t *good)
{
    size_t pos = sizeof MAGIC - 1;
    *good = pos;
    while (pos < size) {
        struct zyd_journal_entry e;
        size_t left = size - pos;
        uint32_t body = left >= 8 ? zyd_get32(data + pos) : 0;
        bool whole = left >= 8 && body <= BODY_MAX && body <= left - 8;
        if (!whole || zyd_crc32c(0, data + pos + 8, body) != zyd_get32(data + pos + 4) || !decode(&e, data + pos + 8, body)) {
            if (whole && left - 8 > body) {
                zyd_err_set(err, ZYD_ERR_JOURNAL, "%s: byte %zu: a damaged record is followed by others; keep the file and ask",
                            j->path, pos);
                return ZYD_E_DAMAGED;
            }
            return ZYD_OK;
        }
        zyd_journal_set(j, &e);
        pos += 8 + body;
        *good = pos;
    }
    return ZYD_OK;
}

/* Writes a new file with what is in memory, beside the old one, and puts it in its place. */
static enum zyd_status rewrite(struct zyd_journal *j, struct zyd_err *err)
{
    size_t cap = sizeof MAGIC, at = sizeof MAGIC - 1;
    for (uint32_t i = 0; i < j->count; i++) {
        cap += 8 + BODY_HEAD + j->items[i].size;
    }
    uint8_t *all = malloc(cap);
    zyd_assert(all != NULL);
    memcpy(all, MAGIC, at);
    for (uint32_t i = 0; i < j->count; i++) {
        at += encode(all + at, &j->items[i]);
    }
    enum zyd_status s = zyd_file_write_atomic(err, j->path, all, at, 0600);
    free(all);
    if (s != ZYD_OK) {
        return s;
    }
    if (j->fd >= 0) {
        close(j->fd);
    }
    j->fd = open(j->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    j->file_size = at;
    return j->fd < 0 ? fail(err, j, "open") : ZYD_OK;
}

enum zyd_status zyd_journal_open(struct zyd_journal **out, struct zyd_err *err, const char *path)
{
    struct zyd_journal *j = calloc(1, sizeof *j);
    uint8_t *data = NULL;
    size_t size = 0, good = 0;
    enum zyd_status s = ZYD_OK;
    zyd_assert(j != NULL);
    j->fd = -1;
    j->path = strdup(path);
    zyd_index_init(&j->by_jkey, sizeof *j->items, offsetof(struct zyd_journal_entry, jkey));
    zyd_index_init(&j->by_op, sizeof *j->items, offsetof(struct zyd_journal_entry, op_id));
    if (access(path, F_OK) == 0) {
        s = zyd_file_read(&data, &size, err, path, FILE_MAX * 2u);
        if (s == ZYD_OK && (size < sizeof MAGIC - 1 || memcmp(data, MAGIC, sizeof MAGIC - 1) != 0)) {
            zyd_err_set(err, ZYD_ERR_JOURNAL, "%s: not a journal of the API", path);
            s = ZYD_E_DAMAGED;
        }
        s = s == ZYD_OK ? load(j, err, data, size, &good) : s;
    }
    free(data);
    if (s == ZYD_OK && (good == 0 || good > FILE_MAX / 4)) {
        s = rewrite(j, err);
    } else if (s == ZYD_OK) {
        j->file_size = good;
        j->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (j->fd < 0 || ftruncate(j->fd, (off_t)good) != 0) {
            s = fail(err, j, "open");
        }
    }
    if (s != ZYD_OK) {
        zyd_journal_close(j);
        j = NULL;
    }
    *out = j;
    return s;
}

void zyd_journal_close(struct zyd_journal *j)
{
    if (!j) {
        return;
    }
    if (j->fd >= 0) {
        close(j->fd);
    }
    for (uint32_t i = 0; i < j->count; i++) {
        free(j->items[i].bytes);
    }
    free(j->items);
    zyd_index_free(&j->by_jkey);
    zyd_index_free(&j->by_op);
    free(j->path);
    free(j);
}

enum zyd_status zyd_journal_encode(struct zyd_journal *j, struct zyd_err *err, uint8_t **out, size_t *size,
                                   const struct zyd_hash *jkeys, size_t count)
{
    size_t cap = 0;
    *out = NULL;
    *size = 0;
    if (j->file_size > FILE_MAX) {
        return rewrite(j, err); /* holds the new entries, too, and is synced */
    }
    for (size_t i = 0; i < count; i++) {
        const struct zyd_journal_entry *e = zyd_journal_find(j, &jkeys[i]);
        cap += e ? 8 + BODY_HEAD + e->size : 0;
    }
    *out = malloc(cap + 1);
    zyd_assert(*out != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct zyd_journal_entry *e = zyd_journal_find(j, &jkeys[i]);
        *size += e ? encode(*out + *size, e) : 0;
    }
    return ZYD_OK;
}

enum zyd_status zyd_journal_append(struct zyd_journal *j, struct zyd_err *err, const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return ZYD_OK;
    }
    if (j->fd < 0 || !write_all(j->fd, bytes, size)) {
        enum zyd_status s = fail(err, j, "write");
        if (j->fd >= 0 && ftruncate(j->fd, (off_t)j->file_size) != 0) { /* half a record must not stand before later ones */
            close(j->fd);
            j->fd = -1;
        }
        return s;
    }
    if (fdatasync(j->fd) != 0) { /* what the disk holds is unknown now: nothing is signed until a restart */
        enum zyd_status s = fail(err, j, "sync");
        close(j->fd);
        j->fd = -1;
        return s;
    }
    j->file_size += size;
    return ZYD_OK;
}
