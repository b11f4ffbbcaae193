/* Reading a bundle's files.  Everything in them is hostile until the checks have passed. */
#include "audit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENTS_MAX 100000u

bool hex_read(struct zyd_hash *out, const char *text)
{
    for (size_t i = 0; i < 64; i++) {
        char c = text[i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (v < 0) {
            return false;
        }
        out->b[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : out->b[i / 2] | v);
    }
    return text[64] == '\0';
}

void hex_write(char out[65], const struct zyd_hash *h)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = digit[h->b[i] >> 4];
        out[2 * i + 1] = digit[h->b[i] & 15];
    }
    out[64] = '\0';
}

void file_free(struct file *f)
{
    if (f->mapped) {
        munmap(f->data, f->size);
    } else {
        free(f->data);
    }
    memset(f, 0, sizeof *f);
}

int file_read(struct file *out, char *why, size_t why_size, const char *path, size_t size_max, bool map)
{
    memset(out, 0, sizeof *out);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        snprintf(why, why_size, "%s: cannot be read: %s", path, fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0) {
            close(fd);
        }
        return EXIT_COULD_NOT;
    }
    out->size = (size_t)st.st_size;
    if (out->size == 0 || out->size > size_max) {
        snprintf(why, why_size, "%s: %zu bytes; it must have 1 to %zu", path, out->size, size_max);
        close(fd);
        return EXIT_COULD_NOT;
    }
    if (map) {
        out->data = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
        out->mapped = out->data != MAP_FAILED;
    } else if ((out->data = malloc(out->size)) != NULL) {
        size_t got = 0;
        while (got < out->size) {
            ssize_t n = read(fd, out->data + got, out->size - got);
            if (n <= 0) {
                break;
            }
            got += (size_t)n;
        }
        if (got < out->size) {
            free(out->data);
            out->data = NULL;
        }
    }
    close(fd);
    if (out->data == NULL || out->data == MAP_FAILED) {
        snprintf(why, why_size, "%s: cannot be read into memory", path);
        memset(out, 0, sizeof *out);
        return EXIT_COULD_NOT;
    }
    return 0;
}

/* A name from the manifest that stays inside the bundle. */
static bool safe_name(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL && strlen(name) < 64;
}

static int open_genesis(struct bundle *b, char *why, size_t why_size, const struct zyd_hash *genesis_hash)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/genesis", b->dir);
    int rc = file_read(&b->genesis_file, why, why_size, path, ZYD_GENESIS_SIZE_MAX, false);
    if (rc != 0) {
        return rc;
    }
    const char *rule = "";
    struct zyd_span body = zyd_span(b->genesis_file.data, b->genesis_file.size);
    struct zyd_hash hash;
    zyd_hash1(&hash, "zyd/genesis/1", body.data, body.size);
    if (!zyd_hash_eq(&hash, genesis_hash)) {
        char is[65], want[65];
        hex_write(is, &hash);
        hex_write(want, genesis_hash);
        snprintf(why, why_size, "this bundle is of another consortium: its genesis hash is %s, you gave %s", is, want);
        return EXIT_BAD_LEDGER;
    }
    if (zyd_genesis_decode(&b->genesis, &rule, body) != ZYD_OK) {
        snprintf(why, why_size, "genesis: %s", rule);
        return EXIT_BAD_LEDGER;
    }
    return 0;
}

static int open_plugins(struct bundle *b, char *why, size_t why_size)
{
    for (uint16_t i = 0; i < b->genesis.plugin_count; i++) {
        struct plugin_file *p = &b->plugins[i];
        char path[4096], hex[65];
        hex_write(hex, &b->genesis.plugins[i].hash);
        snprintf(p->name, sizeof p->name, "plugins/%s.elf", hex);
        snprintf(path, sizeof path, "%s/%s", b->dir, p->name);
        int rc = file_read(&p->file, why, why_size, path, 512u << 10, false);
        if (rc != 0) {
            return rc;
        }
        b->plugin_count++;
        struct zyd_hash hash;
        zyd_sha256(&hash, p->file.data, p->file.size);
        if (!zyd_hash_eq(&hash, &b->genesis.plugins[i].hash)) {
            snprintf(why, why_size, "%s: the contract image does not have the hash that genesis pins", p->name);
            return EXIT_BAD_LEDGER;
        }
    }
    return 0;
}

static int by_height(const void *x, const void *y)
{
    const struct segment_file *a = x, *b = y;
    uint64_t ha = a->segment.head.first_height, hb = b->segment.head.first_height;
    return ha < hb ? -1 : ha > hb;
}

static int open_segment(struct bundle *b, char *why, size_t why_size, const char *name)
{
    struct segment_file *s = &b->segments[b->segment_count];
    char path[4096];
    const char *rule;
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(path, sizeof path, "%s/segments/%s", b->dir, name);
    int rc = file_read(&s->file, why, why_size, path, (size_t)1 << 32, true);
    if (rc != 0) {
        return rc;
    }
    b->segment_count++;
    if (zyd_segment_open(&s->segment, &rule, zyd_span(s->file.data, s->file.size)) != ZYD_OK) {
        snprintf(why, why_size, "segments/%s: %s", name, rule);
        return EXIT_COULD_NOT;
    }
    if (!zyd_hash_eq(&s->segment.head.chain_id, &b->genesis.hash)) {
        snprintf(why, why_size, "segments/%s: of another consortium", name);
        return EXIT_BAD_LEDGER;
    }
    return 0;
}

/* manifest.json: which segments there must be.  A segment that it names and that is not there is a hole, never a pass. */
static int open_segments(struct bundle *b, char *why, size_t why_size)
{
    char path[4096];
    struct file f;
    snprintf(path, sizeof path, "%s/manifest.json", b->dir);
    int rc = file_read(&f, why, why_size, path, 64u << 20, false);
    if (rc != 0) {
        return rc;
    }
    json_error_t e;
    json_t *m = json_loadb((const char *)f.data, f.size, JSON_REJECT_DUPLICATES, &e);
    file_free(&f);
    json_t *list = json_object_get(m, "segments");
    size_t count = json_array_size(list);
    json_int_t first = json_integer_value(json_object_get(m, "first_height"));
    json_int_t last = json_integer_value(json_object_get(m, "last_height"));
    if (m == NULL || count == 0 || count > SEGMENTS_MAX || first < 1 || last < first) {
        snprintf(why, why_size, "manifest.json: not a manifest, or it names no segments");
        json_decref(m);
        return EXIT_COULD_NOT;
    }
    b->first_height = (uint64_t)first;
    b->last_height = (uint64_t)last;
    b->segments = calloc(count, sizeof *b->segments);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), "file"));
        if (b->segments == NULL || name == NULL || !safe_name(name)) {
            snprintf(why, why_size, "manifest.json: segment %zu has no proper file name", i);
            rc = EXIT_COULD_NOT;
            break;
        }
        rc = open_segment(b, why, why_size, name);
    }
    json_decref(m);
    if (rc != 0) {
        return rc;
    }
    qsort(b->segments, b->segment_count, sizeof *b->segments, by_height);
    uint64_t next = b->first_height;
    for (size_t i = 0; i < b->segment_count; i++) {
        const struct zyd_segment_head *h = &b->segments[i].segment.head;
        if (h->first_height != next) {
            snprintf(why, why_size, "heights %llu to %llu are not in the bundle", (unsigned long long)next,
                     (unsigned long long)h->first_height - 1);
            return EXIT_COULD_NOT;
        }
        next = h->last_height + 1;
    }
    if (next != b->last_height + 1) {
        snprintf(why, why_size, "heights %llu to %llu are not in the bundle", (unsigned long long)next,
                 (unsigned long long)b->last_height);
        return EXIT_COULD_NOT;
    }
    return 0;
}

int bundle_open(struct bundle *b, char *why, size_t why_size, const char *dir, const struct zyd_hash *genesis_hash)
{
    memset(b, 0, sizeof *b);
    if (strlen(dir) >= sizeof b->dir) {
        snprintf(why, why_size, "the bundle's path is too long");
        return EXIT_COULD_NOT;
    }
    memcpy(b->dir, dir, strlen(dir) + 1);
    int rc = open_genesis(b, why, why_size, genesis_hash);
    if (rc == 0) {
        rc = open_plugins(b, why, why_size);
    }
    return rc == 0 ? open_segments(b, why, why_size) : rc;
}

void bundle_close(struct bundle *b)
{
    file_free(&b->genesis_file);
    for (size_t i = 0; i < b->plugin_count; i++) {
        file_free(&b->plugins[i].file);
    }
    for (size_t i = 0; i < b->segment_count; i++) {
        file_free(&b->segments[i].file);
    }
    free(b->segments);
}
