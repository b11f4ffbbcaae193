/* The vote file: what this validator has signed, durable before it leaves (consensus.md 1.4, D2).
 *
 *   dir/votes-00000001.seg   oldest kept segment: header with the floor of its making, then records
 *   dir/votes-00000002.seg   newest: 1 MiB of zeros at first, filled from the front
 *
 * Votes and certificates share one log, certificates of a turn first: one fdatasync covers both, and the rule that a torn tail
 * is cut from its first bad record on keeps "a certificate is at least as durable as the votes behind it" without a second
 * file. A segment goes when every record in it is at or below the floor that a newer header says (P5).
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zyd/catalogue.h>
#include <zyd/io.h>

#include "slots.h"

#define PATH_CAP 4096
#define SEGMENTS_MAX 4096u
#define BATCH_SLOTS 512u

struct live { /* a record that a restart needs */
    enum slot_type type;
    uint64_t view;
    size_t size;
    uint8_t *bytes;
};
struct zyd_votes {
    char dir[PATH_CAP];
    int dirfd, fd;
    struct zyd_hash chain_id;
    bool broken; /* a write or sync failed: nothing is ever tried again */
    bool used_now; /* appended to since it was opened: a file that was only looked at stays as it is */
    uint64_t floor, next_seq;
    uint32_t first_number, number, used, prev_crc;
    uint64_t *max_view; /* by segment, first_number.. number */
    struct live *live;
    size_t live_count, live_cap;
    uint8_t batch[BATCH_SLOTS * SLOT_SIZE];
    uint32_t batch_count;
};

static const char cure[] =
    "do not delete it: a validator that forgets its votes can break the ledger; restore this node as a new member, "
    "or ask for support";

static void segment_name(char out[64], uint32_t number)
{
    snprintf(out, 64, "votes-%08u.seg", number);
}

static bool write_all(int fd, const uint8_t *p, size_t n, off_t at)
{
    while (n > 0) {
        ssize_t k = pwrite(fd, p, n, at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
        at += k;
    }
    return true;
}

static bool read_all(int fd, uint8_t *p, size_t n)
{
    off_t at = 0;
    while (n > 0) {
        ssize_t k = pread(fd, p, n, at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
        at += k;
    }
    return true;
}

/* Takes the segment out of the page cache.  Written or read as a whole it lies there in large folios, and then every record of
 * 256 bytes would write half a megabyte (measured on ext4); a page that a record itself brings in is 4 KiB. */
static void uncache(int fd)
{
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* A whole new segment under its final name, durable with its directory entry (P7); returns its descriptor or -1. */
static int segment_make(int dirfd, const struct segment_header *h, uint32_t *crc)
{
    char name[64];
    segment_name(name, h->number);
    static const char temp[] = "votes-new.tmp";
    int fd = openat(dirfd, temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    uint8_t *zeros = calloc(1, SEGMENT_SIZE);
    bool ok = fd >= 0 && zeros != NULL;
    if (ok) {
        *crc = zyd_segment_header_encode(zeros, h);
        ok = write_all(fd, zeros, SEGMENT_SIZE, 0) && fsync(fd) == 0 && renameat(dirfd, temp, dirfd, name) == 0 &&
             fsync(dirfd) == 0;
    }
    int saved = errno;
    free(zeros);
    if (ok)
        uncache(fd);
    if (!ok && fd >= 0)
        close(fd);
    errno = saved;
    return ok ? fd : -1;
}

enum zyd_status zyd_votes_create(struct zyd_err *err, const char *dir, const struct zyd_hash *chain_id)
{
    if (mkdir(dir, 0700) != 0) {
        bool exists = errno == EEXIST;
        zyd_err_set(err, exists ? ZYD_ERR_FILE_EXISTS : ZYD_ERR_FILE_WRITE, "vote file %s: %s%s", dir, strerror(errno),
                    exists ? "; a vote file is made once in a node's life and never replaced" : "");
        return exists ? ZYD_E_EXISTS : ZYD_E_IO;
    }
    char parent[PATH_CAP];
    snprintf(parent, sizeof parent, "%s/..", dir);
    int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int parentfd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct segment_header h = {.chain_id = *chain_id, .number = 1, .first_seq = 1};
    uint32_t crc;
    int fd = dirfd < 0 || parentfd < 0 ? -1 : segment_make(dirfd, &h, &crc);
    bool ok = fd >= 0 && fsync(parentfd) == 0;
    if (!ok)
        zyd_err_set(err, ZYD_ERR_FILE_WRITE, "vote file %s: cannot be made: %s", dir, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (dirfd >= 0)
        close(dirfd);
    if (parentfd >= 0)
        close(parentfd);
    return ok ? ZYD_OK : ZYD_E_IO;
}

/* Type and view of what a restart needs; false: the payload is none of ours. */
static bool record_view(enum slot_type type, struct zyd_span payload, uint64_t *view)
{
    struct zyd_vote vote;
    struct zyd_cert cert;
    struct zyd_rd rd = zyd_rd_of(payload);
    switch (type) {
    case SLOT_VOTE:
        if (zyd_vote_decode(&vote, payload) != ZYD_OK)
            return false;
        *view = vote.view;
        return true;
    case SLOT_CERT:
        zyd_cert_read(&rd, &cert);
        *view = cert.view;
        return zyd_rd_done(&rd) == ZYD_OK;
    case SLOT_FLOOR:
        *view = payload.size == 8 ? zyd_get64(payload.data) : 0;
        return payload.size == 8;
    case SLOT_MARK:
        *view = 0;
        return payload.size == 0;
    case SLOT_HEADER:
        return false;
    }
    return false;
}

static bool live_add(struct zyd_votes *v, enum slot_type type, uint64_t view, struct zyd_span payload)
{
    if (v->live_count == v->live_cap) {
        size_t cap = v->live_cap == 0 ? 256 : v->live_cap * 2;
        struct live *grown = realloc(v->live, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        v->live = grown;
        v->live_cap = cap;
    }
    uint8_t *bytes = malloc(payload.size);
    if (bytes == NULL)
        return false;
    memcpy(bytes, payload.data, payload.size);
    v->live[v->live_count++] = (struct live){type, view, payload.size, bytes};
    return true;
}

/* A certificate of the floor's own view is kept: it lets a restart enter the next view. */
static void live_prune(struct zyd_votes *v)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->live_count; i++) {
        const struct live *l = &v->live[i];
        if (l->view > v->floor || (l->type == SLOT_CERT && l->view == v->floor))
            v->live[kept++] = *l;
        else
            free(l->bytes);
    }
    v->live_count = kept;
}

static bool note(struct zyd_votes *v, enum slot_type type, uint64_t view, struct zyd_span payload)
{
    uint64_t *max = &v->max_view[v->number - v->first_number];
    if (type == SLOT_FLOOR && view > v->floor) {
        v->floor = view;
        live_prune(v);
    }
    if (type != SLOT_VOTE && type != SLOT_CERT)
        return true;
    if (view > *max)
        *max = view;
    if (view < v->floor || (type == SLOT_VOTE && view == v->floor))
        return true;
    return live_add(v, type, view, payload);
}

static enum zyd_status scan_each(void *ctx, enum slot_type type, struct zyd_span payload)
{
    uint64_t view;
    if (!record_view(type, payload, &view))
        return ZYD_E_DAMAGED;
    return note(ctx, type, view, payload) ? ZYD_OK : ZYD_E_IO;
}

/* Numbers of the segments there, without gaps.  False: none, a gap, or not readable. */
static bool segments_find(struct zyd_votes *v)
{
    int fd = dup(v->dirfd);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    uint32_t low = UINT32_MAX, high = 0, count = 0;
    rewinddir(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        unsigned number;
        char name[64];
        if (sscanf(e->d_name, "votes-%8u.seg", &number) != 1)
            continue;
        segment_name(name, number);
        if (strcmp(name, e->d_name) != 0)
            continue;
        low = number < low ? number : low;
        high = number > high ? number : high;
        count++;
    }
    closedir(d);
    v->first_number = low;
    v->number = high;
    return count > 0 && count <= SEGMENTS_MAX && high - low + 1 == count;
}

static enum zyd_status damaged(const struct zyd_votes *v, struct zyd_err *err, uint32_t number, const char *what)
{
    zyd_err_set(err, ZYD_ERR_VOTE_FILE, "vote file %s, segment %u: %s; %s", v->dir, number, what, cure);
    return ZYD_E_DAMAGED;
}

/* Reads segment v->number (the newest so far), checks it against the one before it, keeps its records. */
static enum zyd_status segment_load(struct zyd_votes *v, struct zyd_err *err, uint8_t *bytes, bool last)
{
    char name[64];
    struct stat sb;
    segment_name(name, v->number);
    int fd = openat(v->dirfd, name, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &sb) != 0) {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s/%s: %s", v->dir, name, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ZYD_E_IO;
    }
    v->fd = fd;
    if (sb.st_size != SEGMENT_SIZE)
        return damaged(v, err, v->number, "it has been cut or has grown");
    if (!read_all(fd, bytes, SEGMENT_SIZE)) {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s/%s: cannot be read: %s", v->dir, name, strerror(errno));
        return ZYD_E_IO;
    }
    struct segment_header h;
    if (zyd_segment_header_decode(&h, bytes) != ZYD_OK || h.number != v->number)
        return damaged(v, err, v->number, "its header is not readable");
    if (!zyd_hash_eq(&h.chain_id, &v->chain_id)) {
        zyd_err_set(err, ZYD_ERR_STORE_FOREIGN, "vote file %s belongs to another consortium; check data_dir and consortium",
                    v->dir);
        return ZYD_E_FOREIGN;
    }
    if (v->next_seq != 0 && (h.first_seq != v->next_seq || h.prev_crc != v->prev_crc))
        return damaged(v, err, v->number, "it does not continue the one before");
    if (h.floor > v->floor)
        v->floor = h.floor;
    struct segment_scan scan;
    enum zyd_status st = zyd_segment_scan(&scan, bytes, &h, last, scan_each, v);
    if (st == ZYD_E_DAMAGED)
        return damaged(v, err, v->number, "a durable record is missing or changed");
    if (st != ZYD_OK) {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s: out of memory", v->dir);
        return st;
    }
    if (scan.torn) { /* so that no stale slot ever stands behind a new one */
        size_t at = (size_t)scan.used * SLOT_SIZE;
        memset(bytes + at, 0, SEGMENT_SIZE - at);
        if (!write_all(fd, bytes + at, SEGMENT_SIZE - at, (off_t)at)) {
            zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s/%s: cannot be written: %s", v->dir, name, strerror(errno));
            return ZYD_E_IO;
        }
    }
    /* What a killed process wrote may be visible and yet not durable. */
    if (fdatasync(fd) != 0) {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s/%s: cannot be synced: %s", v->dir, name, strerror(errno));
        return ZYD_E_IO;
    }
    uncache(fd);
    v->used = scan.used;
    v->next_seq = scan.last_seq + 1;
    v->prev_crc = scan.last_crc;
    return ZYD_OK;
}

static enum zyd_status batch_flush(struct zyd_votes *v, struct zyd_err *err)
{
    if (v->batch_count == 0)
        return ZYD_OK;
    size_t size = (size_t)v->batch_count * SLOT_SIZE;
    off_t at = (off_t)((size_t)(v->used - v->batch_count) * SLOT_SIZE);
    v->batch_count = 0;
    if (!write_all(v->fd, v->batch, size, at)) {
        v->broken = true;
        zyd_err_set(err, ZYD_ERR_STORE_FAILED,
                    "vote file %s: write failed: %s; the node stops, a failed write is never tried again", v->dir,
                    strerror(errno));
        return ZYD_E_IO;
    }
    return ZYD_OK;
}

static enum zyd_status sync_now(struct zyd_votes *v, struct zyd_err *err)
{
    enum zyd_status st = batch_flush(v, err);
    if (st != ZYD_OK)
        return st;
    if (fdatasync(v->fd) != 0) {
        v->broken = true;
        zyd_err_set(err, ZYD_ERR_STORE_FAILED,
                    "vote file %s: sync failed: %s; the node stops, a failed sync is never tried again", v->dir,
                    strerror(errno));
        return ZYD_E_IO;
    }
    return ZYD_OK;
}

/* The newest segment is full: what is in it becomes durable, then a new one is made, then old ones may go. */
static enum zyd_status rotate(struct zyd_votes *v, struct zyd_err *err)
{
    enum zyd_status st = sync_now(v, err);
    if (st != ZYD_OK)
        return st;
    size_t count = v->number - v->first_number + 1;
    uint64_t *grown = realloc(v->max_view, (count + 1) * sizeof *grown);
    struct segment_header h = {.chain_id = v->chain_id,
                               .number = v->number + 1,
                               .floor = v->floor,
                               .first_seq = v->next_seq,
                               .prev_crc = v->prev_crc};
    uint32_t crc = 0;
    if (grown != NULL)
        v->max_view = grown;
    int fd = grown == NULL || count >= SEGMENTS_MAX ? -1 : segment_make(v->dirfd, &h, &crc);
    if (fd < 0) {
        v->broken = true;
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s: a new segment cannot be made: %s; the node stops", v->dir,
                    strerror(errno));
        return ZYD_E_IO;
    }
    close(v->fd);
    v->fd = fd;
    v->number = h.number;
    v->used = 1;
    v->prev_crc = crc;
    v->max_view[count] = 0;
    size_t drop = 0;
    while (drop < count && v->max_view[drop] <= v->floor) {
        char name[64];
        segment_name(name, v->first_number + (uint32_t)drop);
        if (unlinkat(v->dirfd, name, 0) != 0)
            break; /* harmless: tried again at the next rotation */
        drop++;
    }
    memmove(v->max_view, v->max_view + drop, (count + 1 - drop) * sizeof *v->max_view);
    v->first_number += (uint32_t)drop;
    return ZYD_OK;
}

static enum zyd_status add(struct zyd_votes *v, struct zyd_err *err, enum slot_type type, uint64_t durable,
                           struct zyd_span payload)
{
    uint32_t parts = payload.size == 0 ? 1 : (uint32_t)((payload.size + SLOT_PAYLOAD_MAX - 1) / SLOT_PAYLOAD_MAX);
    zyd_assert(parts <= SLOT_PARTS_MAX);
    enum zyd_status st = ZYD_OK;
    if (v->used + parts > SLOT_COUNT)
        st = rotate(v, err);
    else if (v->batch_count + parts > BATCH_SLOTS)
        st = batch_flush(v, err);
    if (st != ZYD_OK)
        return st;
    for (uint32_t part = 0; part < parts; part++) {
        size_t at = (size_t)part * SLOT_PAYLOAD_MAX;
        size_t size = payload.size - at < SLOT_PAYLOAD_MAX ? payload.size - at : SLOT_PAYLOAD_MAX;
        struct slot s = {.prev_crc = v->prev_crc,
                         .seq = v->next_seq++,
                         .durable_seq = durable,
                         .type = (uint8_t)type,
                         .part = (uint8_t)part,
                         .parts = (uint8_t)parts,
                         .payload = zyd_span(payload.size == 0 ? NULL : payload.data + at, size)};
        v->prev_crc = zyd_slot_encode(v->batch + (size_t)v->batch_count * SLOT_SIZE, &s);
        v->batch_count++;
        v->used++;
    }
    uint64_t view = 0;
    zyd_assert(record_view(type, payload, &view));
    if (!note(v, type, view, payload)) {
        v->broken = true;
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s: out of memory", v->dir);
        return ZYD_E_IO;
    }
    return ZYD_OK;
}

enum zyd_status zyd_votes_open(struct zyd_votes **out, struct zyd_err *err, const char *dir, const struct zyd_hash *chain_id)
{
    struct zyd_votes *v = calloc(1, sizeof *v);
    uint8_t *bytes = malloc(SEGMENT_SIZE);
    enum zyd_status st = ZYD_E_IO;
    *out = NULL;
    if (v == NULL || bytes == NULL) {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s: out of memory", dir);
        free(v);
        free(bytes);
        return ZYD_E_IO;
    }
    v->fd = -1;
    v->chain_id = *chain_id;
    snprintf(v->dir, sizeof v->dir, "%s", dir);
    v->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (v->dirfd < 0) {
        st = errno == ENOENT ? ZYD_E_DAMAGED : ZYD_E_IO;
        zyd_err_set(err, ZYD_ERR_VOTE_FILE, "vote file %s: %s; %s", dir, strerror(errno), cure);
    } else if (flock(v->dirfd, LOCK_EX | LOCK_NB) != 0) {
        st = ZYD_E_BUSY;
        zyd_err_set(err, ZYD_ERR_STORE_LOCKED, "vote file %s is in use by another process: one key, one process", dir);
    } else if (!segments_find(v)) {
        st = ZYD_E_DAMAGED;
        zyd_err_set(err, ZYD_ERR_VOTE_FILE, "vote file %s: segments are missing; %s", dir, cure);
    } else {
        uint32_t high = v->number;
        unlinkat(v->dirfd, "votes-new.tmp", 0);
        v->max_view = calloc(high - v->first_number + 1, sizeof *v->max_view);
        st = v->max_view == NULL ? ZYD_E_IO : ZYD_OK;
        for (v->number = v->first_number; st == ZYD_OK; v->number++) {
            st = segment_load(v, err, bytes, v->number == high);
            if (v->number == high)
                break;
            if (v->fd >= 0)
                close(v->fd);
            v->fd = -1;
        }
        live_prune(v);
        if (st == ZYD_OK && fsync(v->dirfd) != 0)
            st = ZYD_E_IO;
    }
    free(bytes);
    if (st != ZYD_OK) {
        v->broken = true;
        zyd_votes_close(v);
        return st;
    }
    *out = v;
    return ZYD_OK;
}

void zyd_votes_close(struct zyd_votes *v)
{
    if (v == NULL)
        return;
    struct zyd_err ignored;
    if (!v->broken && v->used_now && add(v, &ignored, SLOT_MARK, v->next_seq - 1, zyd_span(NULL, 0)) == ZYD_OK)
        (void)sync_now(v, &ignored); /* only sharpens the next open's check */
    if (v->fd >= 0)
        close(v->fd);
    if (v->dirfd >= 0)
        close(v->dirfd);
    for (size_t i = 0; i < v->live_count; i++)
        free(v->live[i].bytes);
    free(v->live);
    free(v->max_view);
    free(v);
}

uint64_t zyd_votes_floor(const struct zyd_votes *v)
{
    return v->floor;
}

uint64_t zyd_votes_seq(const struct zyd_votes *v)
{
    return v->next_seq - 1;
}

bool zyd_votes_has(const struct zyd_votes *v, uint8_t type, uint64_t view, const struct zyd_hash *hash)
{
    for (size_t i = v->live_count; i-- > 0;) {
        struct zyd_vote vote;
        if (v->live[i].type == SLOT_VOTE && v->live[i].view == view &&
            zyd_vote_decode(&vote, zyd_span(v->live[i].bytes, v->live[i].size)) == ZYD_OK && vote.type == type &&
            zyd_hash_eq(&vote.hash, hash))
            return true;
    }
    return false;
}

enum zyd_status zyd_votes_each(struct zyd_votes *v, struct zyd_err *err,
                               enum zyd_status (*vote)(void *ctx, struct zyd_span vote),
                               enum zyd_status (*cert)(void *ctx, struct zyd_span cert), void *ctx)
{
    for (int certs = 0; certs < 2; certs++)
        for (size_t i = 0; i < v->live_count; i++) {
            const struct live *l = &v->live[i];
            if ((l->type == SLOT_CERT) != (certs == 1))
                continue;
            enum zyd_status st = (certs ? cert : vote)(ctx, zyd_span(l->bytes, l->size));
            if (st != ZYD_OK) {
                zyd_err_set(err, ZYD_ERR_VOTE_FILE, "vote file %s: the record of view %llu is refused: %s; %s", v->dir,
                            (unsigned long long)l->view, zyd_status_text(st), cure);
                return st;
            }
        }
    return ZYD_OK;
}

enum zyd_status zyd_votes_append(struct zyd_votes *v, struct zyd_err *err, const struct zyd_fx *items, size_t count)
{
    if (v->broken) {
        zyd_err_set(err, ZYD_ERR_STORE_FAILED, "vote file %s: an earlier write failed; the node must stop", v->dir);
        return ZYD_E_IO;
    }
    uint64_t durable = v->next_seq - 1;
    if (!v->used_now) { /* a mark says that all before it was durable, so that bit rot in the last vote is seen as damage */
        enum zyd_status st = add(v, err, SLOT_MARK, durable, zyd_span(NULL, 0));
        if (st != ZYD_OK)
            return st;
        v->used_now = true;
    }
    for (int certs = 1; certs >= 0; certs--)
        for (size_t i = 0; i < count; i++) {
            const struct zyd_fx *fx = &items[i];
            uint8_t floor[8];
            enum zyd_status st = ZYD_OK;
            if ((fx->persist == ZYD_PERSIST_CERT) != (certs == 1))
                continue;
            zyd_put64(floor, fx->view);
            if (fx->persist == ZYD_PERSIST_CERT)
                st = add(v, err, SLOT_CERT, durable, fx->bytes);
            else if (fx->persist == ZYD_PERSIST_VOTE)
                st = add(v, err, SLOT_VOTE, durable, fx->bytes);
            else if (fx->persist == ZYD_PERSIST_FLOOR && fx->view > v->floor)
                st = add(v, err, SLOT_FLOOR, durable, zyd_span(floor, 8));
            if (st != ZYD_OK)
                return st;
        }
    return sync_now(v, err);
}
