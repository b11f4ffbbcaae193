/* Export bundles: the writer (zyd/bundle.h; FORMATS.md 20). */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <zyd/bundle.h>
#include <zyd/catalogue.h>
#include <zyd/consortium.h>
#include <zyd/replica.h>
#include <zyd/verify.h>

#define NAME_MAX_SIZE 96u

struct listed {
    char name[NAME_MAX_SIZE];
    struct zyd_hash hash;
    size_t size;
};

struct zyd_bundle {
    struct zyd_bundle_options o;
    char *dir;
    struct zyd_replay *replay; /* until the genesis header is made */
    void *replay_mem;
    size_t replay_size;
    struct zyd_header before, last; /* before the open segment; last block given */
    struct zyd_segment_head head;
    uint8_t *buf; /* head, frames and room for the footer of the open segment */
    size_t head_size, used, cap;
    uint64_t first_height;
    struct listed *files;
    size_t file_count, file_cap;
    json_t *segments;
};

static const char format_text[] = "A zyd export bundle.\n"
                                  "\n"
                                  "SHA256SUMS      every other file, as sha256sum writes it: sha256sum -c SHA256SUMS\n"
                                  "manifest.json   what there is: heights, log size, segments, sizes\n"
                                  "genesis         the canonical body whose tagged SHA-256 is the chain id\n"
                                  "consortium.json the same as the members approved it, with their approvals\n"
                                  "plugins/        the contract images that genesis pins\n"
                                  "segments/       the blocks\n"
                                  "\n"
                                  "Every byte is described in include/zyd/FORMATS.md of the zyd sources.  To check it, take "
                                  "the genesis hash from the members,\n"
                                  "never from here:\n"
                                  "\n"
                                  "  zyd-audit verify THIS-DIRECTORY --genesis-hash H\n";

static void hex(char out[65], const struct zyd_hash *h)
{
    for (size_t i = 0; i < 32; i++) {
        snprintf(out + 2 * i, 3, "%02x", h->b[i]);
    }
}

static enum zyd_status out_of_memory(struct zyd_err *err)
{
    zyd_err_set(err, ZYD_ERR_FILE_WRITE, "out of memory");
    return ZYD_E_IO;
}

static enum zyd_status write_listed(struct zyd_bundle *b, struct zyd_err *err, const char *name, struct zyd_span bytes)
{
    char path[4096];
    if (b->file_count == b->file_cap) {
        size_t cap = b->file_cap * 2 + 16;
        struct listed *grown = realloc(b->files, cap * sizeof *grown);
        if (grown == NULL) {
            return out_of_memory(err);
        }
        b->files = grown;
        b->file_cap = cap;
    }
    struct listed *l = &b->files[b->file_count];
    snprintf(l->name, sizeof l->name, "%s", name);
    if ((size_t)snprintf(path, sizeof path, "%s/%s", b->dir, name) >= sizeof path) {
        zyd_err_set(err, ZYD_ERR_FILE_WRITE, "%s: the path is too long", b->dir);
        return ZYD_E_IO;
    }
    enum zyd_status st = zyd_file_write_atomic(err, path, bytes.data, bytes.size, 0644);
    if (st == ZYD_OK) {
        zyd_sha256(&l->hash, bytes.data, bytes.size);
        l->size = bytes.size;
        b->file_count++;
    }
    return st;
}

enum zyd_status zyd_bundle_file(struct zyd_bundle *b, struct zyd_err *err, const char *name, struct zyd_span bytes)
{
    zyd_assert(strchr(name, '/') == NULL && name[0] != '.' && strlen(name) < NAME_MAX_SIZE);
    return write_listed(b, err, name, bytes);
}

static enum zyd_status make_dirs(const struct zyd_bundle *b, struct zyd_err *err)
{
    static const char *const sub[] = {"", "/segments", "/plugins"};
    char path[4096];
    for (size_t i = 0; i < 3; i++) {
        bool fits = (size_t)snprintf(path, sizeof path, "%s%s", b->dir, sub[i]) < sizeof path;
        if (!fits || mkdir(path, 0755) != 0) {
            bool there = fits && errno == EEXIST;
            zyd_err_set(err, there ? ZYD_ERR_FILE_EXISTS : ZYD_ERR_FILE_WRITE, "%s: %s", path,
                        fits ? strerror(errno) : "too long");
            return there ? ZYD_E_EXISTS : ZYD_E_IO;
        }
    }
    return ZYD_OK;
}

enum zyd_status zyd_bundle_create(struct zyd_bundle **out, struct zyd_err *err, const struct zyd_bundle_options *options)
{
    struct zyd_replica_limits limits;
    struct zyd_kv nothing = zyd_kv_empty();
    *out = NULL;
    struct zyd_bundle *b = calloc(1, sizeof *b);
    if (b == NULL || (b->dir = strdup(options->dir)) == NULL || (b->segments = json_array()) == NULL) {
        zyd_bundle_free(b);
        return out_of_memory(err);
    }
    b->o = *options;
    b->o.segment_bytes = options->segment_bytes == 0 ? ZYD_SEGMENT_TARGET : options->segment_bytes;
    /* the state that genesis makes is where the first segment starts */
    zyd_replica_limits_small(&limits);
    b->replay_size = zyd_replay_footprint(&limits, options->g);
    b->replay_mem = zyd_pages_map(b->replay_size);
    if (b->replay_mem == NULL) {
        zyd_bundle_free(b);
        return out_of_memory(err);
    }
    b->replay = zyd_replay_init(b->replay_mem, options->g, &limits, &nothing);
    enum zyd_status st = make_dirs(b, err);
    st = st != ZYD_OK ? st : write_listed(b, err, "genesis", options->g->body);
    st = st != ZYD_OK ? st : write_listed(b, err, "FORMAT.txt", zyd_span(format_text, sizeof format_text - 1));
    if (st != ZYD_OK) {
        zyd_bundle_free(b);
        return st;
    }
    *out = b;
    return ZYD_OK;
}

enum zyd_status zyd_bundle_plugin(struct zyd_bundle *b, struct zyd_err *err, struct zyd_span elf)
{
    struct zyd_hash hash;
    char name[NAME_MAX_SIZE], text[65];
    const char *why = "";
    bool pinned = false;
    zyd_sha256(&hash, elf.data, elf.size);
    hex(text, &hash);
    for (uint16_t i = 0; i < b->o.g->plugin_count; i++) {
        pinned |= zyd_hash_eq(&hash, &b->o.g->plugins[i].hash);
    }
    if (!pinned || b->replay == NULL || zyd_replay_plugin(b->replay, &why, elf) != ZYD_OK) {
        zyd_err_set(err, ZYD_ERR_PLUGIN, "%s: %s", text, pinned ? why : "genesis pins no image with this hash");
        return ZYD_E_INVALID;
    }
    snprintf(name, sizeof name, "plugins/%s.elf", text);
    return write_listed(b, err, name, elf);
}

static enum zyd_status need(struct zyd_bundle *b, struct zyd_err *err, size_t more)
{
    if (b->cap - b->used >= more) {
        return ZYD_OK;
    }
    size_t cap = b->cap * 2 + more + (1u << 16);
    uint8_t *grown = realloc(b->buf, cap);
    if (grown == NULL) {
        return out_of_memory(err);
    }
    b->buf = grown;
    b->cap = cap;
    return ZYD_OK;
}

static enum zyd_status open_segment(struct zyd_bundle *b, struct zyd_err *err, const struct zyd_block_view *v)
{
    b->head = (struct zyd_segment_head){.chain_id = b->o.g->hash,
                                        .first_height = v->header.height,
                                        .first_index = b->before.log_size,
                                        .state_size = b->before.state_size,
                                        .state_root = b->before.state_root};
    if (zyd_frontier_decode(&b->head.frontier, v->frontier) != ZYD_OK) {
        zyd_err_set(err, ZYD_ERR_MALFORMED, "the log frontier of height %llu", (unsigned long long)v->header.height);
        return ZYD_E_INVALID;
    }
    b->used = 0;
    enum zyd_status st = need(b, err, 4096);
    if (st == ZYD_OK) { /* its last fields are not known yet; the size is */
        struct zyd_wr wr = zyd_wr_of(b->buf, b->cap);
        zyd_segment_head_encode(&wr, &b->head);
        zyd_assert(!wr.full);
        b->head_size = b->used = wr.size;
    }
    return st;
}

static enum zyd_status close_segment(struct zyd_bundle *b, struct zyd_err *err)
{
    char name[NAME_MAX_SIZE], text[65];
    struct zyd_hash hash;
    enum zyd_status st = need(b, err, ZYD_SEGMENT_FOOT_SIZE);
    if (st != ZYD_OK) {
        return st;
    }
    b->head.last_height = b->last.height;
    b->head.end_index = b->last.log_size;
    struct zyd_wr wr = zyd_wr_of(b->buf, b->head_size);
    zyd_segment_head_encode(&wr, &b->head);
    zyd_assert(!wr.full && wr.size == b->head_size);
    zyd_sha256(&hash, b->buf, b->used);
    zyd_segment_foot_encode(b->buf + b->used, (uint32_t)(b->head.last_height - b->head.first_height + 1),
                            b->head.end_index - b->head.first_index, b->used, &b->last.log_root, &hash);
    b->used += ZYD_SEGMENT_FOOT_SIZE;
    snprintf(name, sizeof name, "segments/%012llu-%012llu.seg", (unsigned long long)b->head.first_height,
             (unsigned long long)b->head.last_height);
    st = write_listed(b, err, name, zyd_span(b->buf, b->used));
    if (st == ZYD_OK) {
        hex(text, &b->files[b->file_count - 1].hash);
        json_array_append_new(b->segments,
                              json_pack("{s:s,s:I,s:I,s:I,s:s}", "file", name, "first_height", (json_int_t)b->head.first_height,
                                        "last_height", (json_int_t)b->head.last_height, "bytes", (json_int_t)b->used, "sha256",
                                        text));
    }
    b->before = b->last;
    b->used = 0;
    return st;
}

static enum zyd_status append(struct zyd_bundle *b, struct zyd_err *err, const struct zyd_block_view *v,
                              struct zyd_span finality)
{
    struct zyd_block_view bare = *v;
    bare.writes = zyd_span(NULL, 0);
    size_t size = ZYD_HEADER_SIZE + v->just.size + v->nc.size + v->carriers.size + v->frontier.size + v->envelopes.size +
                  v->sys.size + v->outcomes.size + 9 * 4;
    enum zyd_status st = need(b, err, size + finality.size + 8);
    if (st == ZYD_OK) {
        struct zyd_wr wr = zyd_wr_of(b->buf + b->used, b->cap - b->used);
        zyd_wx_u32(&wr, (uint32_t)size);
        zyd_block_encode(&wr, &bare);
        zyd_assert(!wr.full && wr.size == size + 4);
        zyd_wx_block(&wr, finality);
        b->used += wr.size;
    }
    return st;
}

enum zyd_status zyd_bundle_block(struct zyd_bundle *b, struct zyd_err *err, const struct zyd_block_view *v,
                                 struct zyd_span finality)
{
    enum zyd_status st = ZYD_OK;
    if (b->replay != NULL) {
        if (zyd_replay_genesis(b->replay, &b->before) != ZYD_OK) {
            zyd_err_set(err, ZYD_ERR_PLUGIN, "genesis makes no state: an image is missing");
            return ZYD_E_INVALID;
        }
        zyd_pages_unmap(b->replay_mem, b->replay_size);
        b->replay_mem = b->replay = NULL;
        b->last = b->before;
    }
    if (v->header.height != b->last.height + 1) {
        zyd_err_set(err, ZYD_ERR_MALFORMED, "height %llu follows height %llu", (unsigned long long)v->header.height,
                    (unsigned long long)b->last.height);
        return ZYD_E_INVALID;
    }
    if (b->used > b->head_size && b->used + v->envelopes.size + v->outcomes.size + finality.size > b->o.segment_bytes) {
        st = close_segment(b, err);
    }
    if (st == ZYD_OK && b->used == 0) {
        st = open_segment(b, err, v);
    }
    st = st != ZYD_OK ? st : append(b, err, v, finality);
    if (st == ZYD_OK) {
        b->first_height = b->first_height == 0 ? v->header.height : b->first_height;
        b->last = v->header;
    }
    return st;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct listed *)x)->name, ((const struct listed *)y)->name);
}

static char *manifest_text(struct zyd_bundle *b)
{
    char when[32], chain[65];
    zyd_rfc3339(when, b->o.created_ms);
    hex(chain, &b->o.g->hash);
    qsort(b->files, b->file_count, sizeof *b->files, by_name);
    json_t *files = json_array();
    for (size_t i = 0; i < b->file_count; i++) {
        if (strncmp(b->files[i].name, "segments/", 9) != 0) {
            json_array_append_new(files,
                                  json_pack("{s:s,s:I}", "file", b->files[i].name, "bytes", (json_int_t)b->files[i].size));
        }
    }
    json_t *m =
        json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:O,s:o}", "format", "zyd-bundle-1", "tool", b->o.tool, "created", when,
                  "genesis_hash", chain, "first_height", (json_int_t)b->first_height, "last_height", (json_int_t)b->last.height,
                  "log_size", (json_int_t)b->last.log_size, "segments", b->segments, "files", files);
    char *text = m == NULL ? NULL : json_dumps(m, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(m);
    return text;
}

static enum zyd_status write_sums(struct zyd_bundle *b, struct zyd_err *err)
{
    size_t at = 0, cap = b->file_count * (64 + 2 + NAME_MAX_SIZE + 1) + 1;
    char *text = malloc(cap), path[4096], digits[65];
    if (text == NULL) {
        return out_of_memory(err);
    }
    qsort(b->files, b->file_count, sizeof *b->files, by_name);
    for (size_t i = 0; i < b->file_count; i++) {
        hex(digits, &b->files[i].hash);
        at += (size_t)snprintf(text + at, cap - at, "%s  %s\n", digits, b->files[i].name);
    }
    snprintf(path, sizeof path, "%s/SHA256SUMS", b->dir);
    enum zyd_status st = zyd_file_write_atomic(err, path, text, at, 0644);
    free(text);
    return st;
}

enum zyd_status zyd_bundle_finish(struct zyd_bundle *b, struct zyd_err *err)
{
    enum zyd_status st = b->used > 0 ? close_segment(b, err) : ZYD_OK;
    if (st == ZYD_OK && b->first_height == 0) {
        zyd_err_set(err, ZYD_ERR_NOT_FOUND, "no block was exported");
        return ZYD_E_INVALID;
    }
    char *text = st == ZYD_OK ? manifest_text(b) : NULL;
    if (st == ZYD_OK) {
        st = text == NULL ? out_of_memory(err) : write_listed(b, err, "manifest.json", zyd_span(text, strlen(text)));
    }
    free(text);
    return st == ZYD_OK ? write_sums(b, err) : st;
}

void zyd_bundle_free(struct zyd_bundle *b)
{
    if (b == NULL) {
        return;
    }
    zyd_pages_unmap(b->replay_mem, b->replay_size);
    json_decref(b->segments);
    free(b->files);
    free(b->buf);
    free(b->dir);
    free(b);
}
