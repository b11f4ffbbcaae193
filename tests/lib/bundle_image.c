#include "tests/lib/bundle_image.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zyd/io.h>
#include <zyd/verify.h>

static void *take(struct zyd_image *m, size_t size)
{
    void *p = zyd_arena_take(m->arena, size == 0 ? 1 : size);
    zyd_assert(p != NULL);
    return p;
}

uint8_t *zyd_image_copy(struct zyd_image *m, struct zyd_span bytes)
{
    uint8_t *p = take(m, bytes.size);
    if (bytes.size > 0) {
        memcpy(p, bytes.data, bytes.size);
    }
    return p;
}

struct zyd_span zyd_image_join(struct zyd_image *m, const struct zyd_span *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += parts[i].size;
    }
    struct zyd_wr wr = zyd_wr_of(take(m, size), size);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0) {
            zyd_wx_bytes(&wr, parts[i].data, parts[i].size);
        }
    }
    zyd_assert(!wr.full);
    return zyd_wr_span(&wr);
}

struct zyd_image_file *zyd_image_find(struct zyd_image *m, const char *name)
{
    for (size_t i = 0; i < m->file_count; i++) {
        if (strcmp(m->files[i].name, name) == 0) {
            return &m->files[i];
        }
    }
    return NULL;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct zyd_image_file *)x)->name, ((const struct zyd_image_file *)y)->name);
}

void zyd_image_set(struct zyd_image *m, const char *name, struct zyd_span bytes)
{
    struct zyd_image_file *f = zyd_image_find(m, name);
    if (f != NULL) {
        f->bytes = bytes;
        return;
    }
    zyd_assert(m->file_count < ZYD_IMAGE_FILES);
    f = &m->files[m->file_count++];
    snprintf(f->name, sizeof f->name, "%s", name);
    f->bytes = bytes;
    qsort(m->files, m->file_count, sizeof *m->files, by_name);
}

void zyd_image_remove(struct zyd_image *m, const char *name)
{
    struct zyd_image_file *f = zyd_image_find(m, name);
    zyd_assert(f != NULL);
    memmove(f, f + 1, (size_t)(m->files + m->file_count - (f + 1)) * sizeof *f);
    m->file_count--;
}

static void read_file(struct zyd_image *m, const char *dir, const char *name)
{
    char path[4096];
    uint8_t *data;
    size_t size;
    struct zyd_err err = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    enum zyd_status st = zyd_file_read(&data, &size, &err, path, 1u << 30);
    zyd_assert(st == ZYD_OK);
    zyd_image_set(m, name, zyd_span(data, size));
}

static void take_apart(struct zyd_image *m, struct zyd_span segment)
{
    struct zyd_segment s;
    struct zyd_block_view v;
    struct zyd_span finality;
    const char *why;
    enum zyd_status st = zyd_segment_open(&s, &why, segment);
    zyd_assert(st == ZYD_OK && m->segments < ZYD_IMAGE_SEGMENTS);
    for (size_t pos = s.frames_at; zyd_segment_next(&v, &finality, &pos, &s) == ZYD_OK;) {
        zyd_assert(m->count < ZYD_IMAGE_BLOCKS);
        m->blocks[m->count++] = (struct zyd_image_block){
            {v.header_bytes, v.just, v.nc, v.carriers, v.frontier, v.envelopes, v.sys, v.outcomes, v.writes, finality}};
    }
    m->bounds[++m->segments] = m->count;
}

void zyd_image_load(struct zyd_image *out, const struct zyd_sim_ledger *l, const char *dir)
{
    memset(out, 0, sizeof *out);
    out->ledger = l;
    read_file(out, dir, "SHA256SUMS");
    struct zyd_span text = out->files[0].bytes;
    for (size_t at = 0; at < text.size;) {
        char name[96];
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = (size_t)(end - text.data) - at;
        snprintf(name, sizeof name, "%.*s", (int)(size - 66), (const char *)text.data + at + 66);
        read_file(out, dir, name);
        at += size + 1;
    }
    for (size_t i = 0; i < out->file_count; i++) {
        if (strncmp(out->files[i].name, "segments/", 9) == 0) {
            take_apart(out, out->files[i].bytes);
        }
    }
}

struct zyd_header zyd_image_header(const struct zyd_image *m, size_t i)
{
    struct zyd_header h;
    enum zyd_status st = zyd_header_decode(&h, m->blocks[i].s[S_HEADER]);
    zyd_assert(st == ZYD_OK);
    return h;
}

void zyd_image_set_header(struct zyd_image *m, size_t i, const struct zyd_header *h)
{
    uint8_t *p = take(m, ZYD_HEADER_SIZE);
    zyd_header_encode(p, h);
    m->blocks[i].s[S_HEADER] = zyd_span(p, ZYD_HEADER_SIZE);
}

/* ---- the chain behind a change ---- */

static void sign(const struct zyd_image *m, struct zyd_cert *c, unsigned keys)
{
    unsigned n = m->ledger->genesis.validator_count;
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    struct zyd_vote v = {.type = c->type, .epoch = c->epoch, .view = c->view, .height = c->height, .hash = c->hash};
    zyd_vote_preimage(preimage, &m->ledger->genesis.hash, &v);
    if (keys >= n) {
        c->bitmap = (UINT64_C(1) << n) - 1;
    }
    for (unsigned i = 0, at = 0; i < n; i++) {
        if ((c->bitmap >> i & 1) != 0) {
            if (i < keys) {
                zyd_sig_sign(&c->sigs[at], m->ledger->keys.node[i], preimage, sizeof preimage);
            }
            at++;
        }
    }
}

/* The justification over a changed parent; its root goes into h. */
static struct zyd_span rejustify(struct zyd_image *m, struct zyd_header *h, struct zyd_span just, unsigned keys)
{
    struct zyd_cert certs[ZYD_JUST_MAX];
    size_t count;
    enum zyd_status st = zyd_just_decode(certs, &count, just);
    zyd_assert(st == ZYD_OK);
    for (size_t i = 0; i < count; i++) {
        if (certs[i].type == ZYD_VOTE_N && !zyd_hash_eq(&certs[i].hash, &h->parent_hash)) {
            certs[i].hash = h->parent_hash;
            sign(m, &certs[i], keys);
        }
    }
    zyd_just_root(&h->just_root, certs, count);
    struct zyd_wr wr = zyd_wr_of(take(m, count * ZYD_CERT_SIZE_MAX + 1), count * ZYD_CERT_SIZE_MAX + 1);
    zyd_just_encode(&wr, certs, count);
    zyd_assert(!wr.full);
    return zyd_wr_span(&wr);
}

static void recarry(struct zyd_image *m, struct zyd_image_block *b, struct zyd_header *parent, unsigned keys)
{
    struct zyd_rd rd = zyd_rd_of(b->s[S_CARRIERS]);
    size_t cap = b->s[S_CARRIERS].size + 8192;
    struct zyd_wr wr = zyd_wr_of(take(m, cap), cap);
    while (rd.pos < rd.size) {
        struct zyd_header h;
        uint8_t bytes[ZYD_HEADER_SIZE];
        enum zyd_status st = zyd_header_decode(&h, zyd_rx_span(&rd, ZYD_HEADER_SIZE));
        zyd_assert(st == ZYD_OK);
        struct zyd_span just = zyd_rx_block(&rd, rd.size);
        zyd_header_hash(&h.parent_hash, parent);
        h.parent_view = parent->view;
        h.log_size = parent->log_size;
        h.log_root = parent->log_root;
        h.state_size = parent->state_size;
        h.state_root = parent->state_root;
        h.debits = parent->debits;
        h.credits = parent->credits;
        h.open_obligations = parent->open_obligations;
        just = rejustify(m, &h, just, keys);
        zyd_header_encode(bytes, &h);
        zyd_wx_bytes(&wr, bytes, sizeof bytes);
        zyd_wx_block(&wr, just);
        *parent = h;
    }
    zyd_assert(!wr.full);
    b->s[S_CARRIERS] = zyd_wr_span(&wr);
}

/* Log leaves, roots and counts of block i into h; f is the log before it and after it. */
static void relog(struct zyd_image *m, const struct zyd_image_block *b, struct zyd_header *h, const struct zyd_header *prev,
                  struct zyd_frontier *f)
{
    static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[ZYD_CALL_WARNINGS_MAX];
    struct zyd_hash leaf, root;
    struct zyd_frontier tree = {0}, body = {0};
    zyd_leaf_seal(&leaf, prev, &h->just_root);
    zyd_frontier_append(f, &leaf);
    for (struct zyd_rd rd = zyd_rd_of(b->s[S_SYS]); rd.pos < rd.size;) {
        struct zyd_span o = zyd_rx_block(&rd, rd.size);
        zyd_merkle_leaf(&leaf, o.data, o.size);
        zyd_frontier_append(&tree, &leaf);
    }
    if (tree.size > 0) {
        zyd_frontier_root(&root, &tree);
        zyd_leaf_sys(&leaf, (uint32_t)tree.size, &root);
        zyd_frontier_append(f, &leaf);
    }
    struct zyd_rd outcomes = zyd_rd_of(b->s[S_OUTCOMES]);
    h->env_count = h->body_size = 0;
    for (struct zyd_rd rd = zyd_rd_of(b->s[S_ENVELOPES]); rd.pos < rd.size;) {
        struct zyd_env env;
        uint32_t left, ok = 0;
        struct zyd_span bytes = zyd_rx_block(&rd, rd.size);
        enum zyd_status st = zyd_env_decode(&env, bytes);
        zyd_assert(st == ZYD_OK);
        tree.size = 0;
        for (left = env.op_count; left > 0 && outcomes.pos < outcomes.size;) {
            struct zyd_outcome o;
            struct zyd_span one = zyd_rx_block(&outcomes, outcomes.size);
            st = zyd_outcome_decode(&o, postings, events, warnings, one);
            zyd_assert(st == ZYD_OK);
            zyd_merkle_leaf(&leaf, one.data, one.size);
            zyd_frontier_append(&tree, &leaf);
            left -= o.due_ms == 0;
            ok += o.code == 0;
        }
        uint8_t *data = take(m, 4096);
        struct zyd_wr wr = zyd_wr_of(data, 4096);
        zyd_frontier_root(&root, &tree);
        zyd_leaf_entry_data(&wr, &env, &root, ok);
        zyd_assert(!wr.full);
        zyd_merkle_leaf(&leaf, wr.data, wr.size);
        zyd_frontier_append(f, &leaf);
        zyd_frontier_append(&body, &env.env_hash);
        h->env_count++;
        h->body_size += (uint32_t)bytes.size;
    }
    zyd_frontier_root(&h->body_root, &body);
    zyd_frontier_root(&h->log_root, f);
    h->log_size = f->size;
}

static struct zyd_span recertify(struct zyd_image *m, struct zyd_span old, const struct zyd_header *h, bool finality,
                                 unsigned keys)
{
    struct zyd_cert c = {0};
    struct zyd_rd rd = zyd_rd_of(old);
    if (old.size == 0) {
        return old;
    }
    zyd_cert_read(&rd, &c);
    c.view = h->view;
    c.height = h->height;
    zyd_header_hash(&c.hash, h);
    sign(m, &c, keys);
    struct zyd_wr wr = zyd_wr_of(take(m, ZYD_CERT_SIZE_MAX + 4), ZYD_CERT_SIZE_MAX + 4);
    zyd_cert_encode(&wr, &c);
    if (finality) {
        zyd_wx_u32(&wr, 0); /* of the block itself: no headers between */
    }
    zyd_assert(!wr.full);
    return zyd_wr_span(&wr);
}

void zyd_image_rechain(struct zyd_image *m, size_t from, unsigned keys)
{
    struct zyd_header prev = from == 0 ? m->ledger->genesis_header : zyd_image_header(m, from - 1);
    struct zyd_frontier f;
    enum zyd_status st = zyd_frontier_decode(&f, m->blocks[from].s[S_FRONTIER]);
    zyd_assert(st == ZYD_OK);
    for (size_t i = from; i < m->count; i++) {
        struct zyd_image_block *b = &m->blocks[i];
        struct zyd_header h = zyd_image_header(m, i), parent = prev;
        struct zyd_wr wr = zyd_wr_of(take(m, 8 + 64 * 32), 8 + 64 * 32);
        zyd_frontier_encode(&wr, &f);
        b->s[S_FRONTIER] = zyd_wr_span(&wr);
        recarry(m, b, &parent, keys);
        zyd_header_hash(&h.parent_hash, &parent);
        h.parent_view = parent.view;
        b->s[S_JUST] = rejustify(m, &h, b->s[S_JUST], keys);
        relog(m, b, &h, &prev, &f);
        zyd_image_set_header(m, i, &h);
        b->s[S_NC] = recertify(m, b->s[S_NC], &h, false, keys);
        b->s[S_FINALITY] = recertify(m, b->s[S_FINALITY], &h, true, keys);
        prev = h;
    }
}

/* ---- what stands around the blocks ---- */

void zyd_image_refoot(uint8_t *segment, size_t size)
{
    struct zyd_hash hash;
    zyd_sha256(&hash, segment, size - ZYD_SEGMENT_FOOT_SIZE);
    memcpy(segment + size - 32, hash.b, 32);
}

static void segment(struct zyd_image *m, size_t k)
{
    size_t first = m->bounds[k], end = m->bounds[k + 1], size = 8192;
    char name[96];
    for (size_t i = first; i < end; i++) {
        for (int s = 0; s < S_COUNT; s++) {
            size += m->blocks[i].s[s].size + 8;
        }
    }
    const struct zyd_span front = m->blocks[first].s[S_FRONTIER];
    struct zyd_header before = first == 0 ? m->ledger->genesis_header : zyd_image_header(m, first - 1),
                      last = zyd_image_header(m, end - 1);
    uint64_t index = front.size < 8 ? 0 : zyd_get64(front.data);
    struct zyd_wr wr = zyd_wr_of(take(m, size), size);
    zyd_wx_bytes(&wr, ZYD_SEGMENT_MAGIC, 8);
    zyd_wx_u16(&wr, 1);
    zyd_wx_hash(&wr, &m->ledger->genesis.hash);
    zyd_wx_u64(&wr, first + 1);
    zyd_wx_u64(&wr, end);
    zyd_wx_u64(&wr, index);
    zyd_wx_u64(&wr, last.log_size);
    zyd_wx_u64(&wr, before.state_size);
    zyd_wx_hash(&wr, &before.state_root);
    zyd_wx_block(&wr, front);
    for (size_t i = first; i < end; i++) {
        size_t at = wr.size;
        zyd_wx_u32(&wr, 0);
        for (int s = 0; s < S_FINALITY; s++) {
            zyd_wx_block(&wr, m->blocks[i].s[s]);
        }
        zyd_put32(wr.data + at, (uint32_t)(wr.size - at - 4));
        zyd_wx_block(&wr, m->blocks[i].s[S_FINALITY]);
    }
    uint8_t foot[ZYD_SEGMENT_FOOT_SIZE];
    struct zyd_hash hash;
    zyd_sha256(&hash, wr.data, wr.size);
    zyd_segment_foot_encode(foot, (uint32_t)(end - first), last.log_size - index, wr.size, &last.log_root, &hash);
    zyd_wx_bytes(&wr, foot, sizeof foot);
    zyd_assert(!wr.full);
    snprintf(name, sizeof name, "segments/%012zu-%012zu.seg", first + 1, end);
    zyd_image_set(m, name, zyd_wr_span(&wr));
}

static void hex(char out[65], const struct zyd_hash *h)
{
    for (size_t i = 0; i < 32; i++) {
        snprintf(out + 2 * i, 3, "%02x", h->b[i]);
    }
}

struct text {
    char *data;
    size_t size, cap;
};
static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    t->size += (size_t)vsnprintf(t->data + t->size, t->cap - t->size, format, ap);
    va_end(ap);
    zyd_assert(t->size < t->cap);
}

void zyd_image_manifest(struct zyd_image *m, const char *format, int64_t last_height_off)
{
    struct text t = {take(m, 32768), 0, 32768};
    char digits[65];
    const char *comma = "";
    hex(digits, &m->ledger->genesis.hash);
    add(&t,
        "{\"format\":\"%s\",\"tool\":\"forger\",\"created\":\"\",\"genesis_hash\":\"%s\",\"first_height\":1,\"last_height\":%"
        "lld,\"log_size\":%llu",
        format, digits, (long long)m->count + last_height_off,
        (unsigned long long)(m->count == 0 ? 0 : zyd_image_header(m, m->count - 1).log_size));
    for (int segments = 1; segments >= 0; segments--) {
        add(&t, segments ? ",\"segments\":[" : "],\"files\":[");
        comma = "";
        for (size_t i = 0; i < m->file_count; i++) {
            const struct zyd_image_file *f = &m->files[i];
            unsigned long long first = 0, last = 0;
            struct zyd_hash hash;
            bool is = sscanf(f->name, "segments/%llu-%llu.seg", &first, &last) == 2;
            if (is != (segments == 1) || strcmp(f->name, "SHA256SUMS") == 0 || strcmp(f->name, "manifest.json") == 0) {
                continue;
            }
            zyd_sha256(&hash, f->bytes.data, f->bytes.size);
            hex(digits, &hash);
            add(&t, "%s{\"file\":\"%s\",\"bytes\":%zu", comma, f->name, f->bytes.size);
            if (is) {
                add(&t, ",\"first_height\":%llu,\"last_height\":%llu,\"sha256\":\"%s\"", first, last, digits);
            }
            add(&t, "}");
            comma = ",";
        }
    }
    add(&t, "]}");
    zyd_image_set(m, "manifest.json", zyd_span(t.data, t.size));
}

void zyd_image_sums(struct zyd_image *m)
{
    struct text t = {take(m, 32768), 0, 32768};
    for (size_t i = 0; i < m->file_count; i++) {
        char digits[65];
        struct zyd_hash hash;
        if (strcmp(m->files[i].name, "SHA256SUMS") != 0) {
            zyd_sha256(&hash, m->files[i].bytes.data, m->files[i].bytes.size);
            hex(digits, &hash);
            add(&t, "%s  %s\n", digits, m->files[i].name);
        }
    }
    zyd_image_set(m, "SHA256SUMS", zyd_span(t.data, t.size));
}

void zyd_image_rebuild(struct zyd_image *m)
{
    for (size_t i = m->file_count; i-- > 0;) {
        if (strncmp(m->files[i].name, "segments/", 9) == 0) {
            zyd_image_remove(m, m->files[i].name);
        }
    }
    for (size_t k = 0; k < m->segments; k++) {
        if (m->bounds[k] < m->bounds[k + 1]) {
            segment(m, k);
        }
    }
    zyd_image_manifest(m, "zyd-bundle-1", 0);
    zyd_image_sums(m);
}

static const struct zyd_image_file *find(const struct zyd_image *m, const char *name)
{
    return m == NULL ? NULL : zyd_image_find((struct zyd_image *)(uintptr_t)m, name);
}

void zyd_image_write(const struct zyd_image *m, const struct zyd_image *old, const char *dir)
{
    char path[4096];
    for (size_t i = 0; old != NULL && i < old->file_count; i++) {
        if (find(m, old->files[i].name) == NULL) {
            snprintf(path, sizeof path, "%s/%s", dir, old->files[i].name);
            unlink(path);
        }
    }
    for (size_t i = 0; i < m->file_count; i++) {
        const struct zyd_image_file *f = &m->files[i], *had = find(old, f->name);
        if (had != NULL && had->bytes.data == f->bytes.data && had->bytes.size == f->bytes.size) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", dir, f->name);
        unlink(path);
        FILE *to = fopen(path, "wb");
        zyd_assert(to != NULL);
        size_t wrote = fwrite(f->bytes.data, 1, f->bytes.size, to);
        int rc = fclose(to);
        zyd_assert(wrote == f->bytes.size && rc == 0);
    }
}
