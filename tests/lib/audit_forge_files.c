/* Forgeries of files: bytes flipped, cut, missing, added; nothing is made good around them unless it says so. */
#include "tests/lib/audit_forge.h"
#include <stdarg.h>

uint64_t forge_below(struct forge_random *r, uint64_t n)
{
    r->s += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = r->s;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % n;
}

void forge_expect(struct forge *f, uint32_t exits, uint32_t rows, uint64_t height)
{
    f->exits = exits;
    f->rows = rows;
    f->height_min = f->height_max = height;
    f->entry = UINT64_MAX;
}

void forge_note(struct forge *f, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(f->what, sizeof f->what, format, ap);
    va_end(ap);
}

size_t forge_block(struct forge *f)
{
    return (size_t)forge_below(f->random, f->m->count);
}

struct zyd_span forge_flip(struct forge *f, struct zyd_span bytes, size_t *at)
{
    uint8_t *p = zyd_image_copy(f->m, bytes);
    *at = (size_t)forge_below(f->random, bytes.size);
    p[*at] = (uint8_t)(p[*at] ^
                       (forge_below(f->random, 2) == 0 ? 1u << forge_below(f->random, 8) : 1 + forge_below(f->random, 255)));
    return zyd_span(p, bytes.size);
}

size_t forge_split(struct zyd_span *out, size_t max, struct zyd_span section)
{
    size_t n = 0;
    for (size_t at = 0; at < section.size && n < max; n++) {
        size_t size = 4 + (size_t)zyd_get32(section.data + at);
        out[n] = zyd_span(section.data + at, size);
        at += size;
    }
    return n;
}

static struct zyd_image_file *any_file(struct forge *f)
{
    struct zyd_image_file *one = &f->m->files[forge_below(f->random, f->m->file_count)];
    if (forge_below(f->random, 10) < 7) { /* most of the bytes are in segments */
        do {
            one = &f->m->files[forge_below(f->random, f->m->file_count)];
        } while (strncmp(one->name, "segments/", 9) != 0);
    }
    return one;
}

/* Which heights a byte of a segment belongs to: all of them in head and footer. */
static void place(struct forge *f, const struct zyd_image_file *file, size_t at)
{
    struct zyd_segment s;
    const char *why;
    struct zyd_block_view v;
    struct zyd_span finality;
    enum zyd_status st = zyd_segment_open(&s, &why, file->bytes);
    zyd_assert(st == ZYD_OK);
    f->height_min = s.head.first_height;
    f->height_max = s.head.last_height;
    size_t pos = s.frames_at, from = pos;
    for (uint64_t h = s.head.first_height; zyd_segment_next(&v, &finality, &pos, &s) == ZYD_OK; h++, from = pos) {
        if (at >= from && at < pos) {
            f->height_min = f->height_max = h;
        }
    }
}

static bool raw_flip(struct forge *f)
{
    struct zyd_image_file *file = any_file(f);
    struct zyd_span good = file->bytes;
    size_t at;
    bool segment = strncmp(file->name, "segments/", 9) == 0;
    struct zyd_span bad = forge_flip(f, good, &at);
    bool text = strcmp(file->name, "manifest.json") == 0 || strcmp(file->name, "SHA256SUMS") == 0;
    forge_expect(f, EXITS(8) | (text ? EXITS(9) : 0), ROWS(ROW_FILES) | ROWS(ROW_GENESIS) | ROWS(ROW_PLUGINS) | ROWS_BLOCK, 0);
    size_t hash_at = good.size - 32;
    if (segment && at < hash_at) { /* in the footer's own hash only the files' check can see it */
        place(f, file, at);
        f->rows = ROWS_BLOCK;
    }
    f->file = text ? NULL : file->name;
    forge_note(f, "%s byte %zu", file->name, at);
    file->bytes = bad;
    return true;
}

static bool raw_cut(struct forge *f)
{
    struct zyd_image_file *file = any_file(f);
    size_t left = (size_t)forge_below(f->random, file->bytes.size);
    file->bytes = zyd_span(file->bytes.data, left);
    forge_expect(f, EXITS(9), 0, 0);
    forge_note(f, "%s cut to %zu", file->name, left);
    return true;
}

static bool raw_missing(struct forge *f)
{
    struct zyd_image_file *file = any_file(f);
    forge_expect(f, EXITS(9), 0, 0);
    forge_note(f, "%s", file->name);
    zyd_image_remove(f->m, file->name);
    return true;
}

static bool raw_extra(struct forge *f)
{
    static const char *const names[] = {"plugins/x.elf", "segments/000000000900-000000000901.seg", "notes", ".hidden"};
    const char *name = names[forge_below(f->random, 4)];
    zyd_image_set(f->m, name, zyd_span("x", 1));
    forge_expect(f, EXITS(9), 0, 0);
    forge_note(f, "%s", name);
    return true;
}

static bool raw_longer(struct forge *f)
{
    struct zyd_image_file *file = any_file(f);
    struct zyd_span parts[2] = {file->bytes, zyd_span("}\n\0\x01", 1 + (size_t)forge_below(f->random, 4))};
    file->bytes = zyd_image_join(f->m, parts, 2);
    bool segment = strncmp(file->name, "segments/", 9) == 0;
    forge_expect(f, EXITS(8) | (strcmp(file->name, "SHA256SUMS") == 0 ? EXITS(9) : 0),
                 ROWS(ROW_FILES) | ROWS(ROW_GENESIS) | ROWS(ROW_FRAME), 0);
    f->file = strcmp(file->name, "SHA256SUMS") == 0 || segment ? NULL : file->name;
    forge_note(f, "%s", file->name);
    return true;
}

static bool raw_swapped(struct forge *f)
{
    struct zyd_image_file *a = any_file(f), *b = any_file(f);
    struct zyd_span t = a->bytes;
    if (a == b) {
        return false;
    }
    a->bytes = b->bytes;
    b->bytes = t;
    forge_expect(f, EXITS(8) | EXITS(9), ROWS(ROW_FILES) | ROWS(ROW_GENESIS) | ROWS(ROW_PLUGINS) | ROWS_BLOCK, 0);
    forge_note(f, "%s and %s", a->name, b->name);
    return true;
}

/* ---- manifest and sums, with the sums made good ---- */

static bool edited(struct forge *f, const char *from, const char *to)
{
    struct zyd_image_file *file = zyd_image_find(f->m, "manifest.json");
    size_t n = strlen(from), at[64], found = 0;
    for (size_t i = 0; i + n <= file->bytes.size && found < 64; i++) {
        if (memcmp(file->bytes.data + i, from, n) == 0) {
            at[found++] = i;
        }
    }
    if (found == 0) {
        return false;
    }
    size_t i = at[forge_below(f->random, found)];
    struct zyd_span parts[3] = {zyd_span(file->bytes.data, i), zyd_span(to, strlen(to)),
                                zyd_span(file->bytes.data + i + n, file->bytes.size - i - n)};
    file->bytes = zyd_image_join(f->m, parts, 3);
    zyd_image_sums(f->m);
    forge_note(f, "%s -> %s", from, to);
    return true;
}

static bool manifest_edit(struct forge *f)
{
    static const char *const edits[][2] = {
        {"\"last_height\":", "\"last_height\":1"},
        {"\"first_height\":", "\"first_height\":1"},
        {"\"log_size\":", "\"log_size\":1"},
        {"\"bytes\":", "\"bytes\":1"},
        {"\"sha256\":\"", "\"sha256\":\"0"},
        {"\"genesis_hash\":\"", "\"genesis_hash\":\"f"},
        {"\"file\":\"", "\"file\":\"../"},
        {"\"file\":\"segments/", "\"file\":\"segments/1"},
        {"\"format\"", "\"formal\""},
        {"\"segments\":[", "\"segments\":[], \"was\":["},
        {"\"tool\":", "\"tool\":1,\"loot\":"},
        {"{\"file\"", "{\"file\":1,\"file\""},
        {"\"log_size\":", "\"log_size\":-"},
        {"\"last_height\":", "\"last_height\":99999999999999"},
        {"]}", "]"},
        {"\"files\":[", "\"files\":["},
    };
    zyd_image_manifest(f->m, "zyd-bundle-1", 0);
    size_t i = (size_t)forge_below(f->random, sizeof edits / sizeof edits[0] - 1);
    forge_expect(f, EXITS(8) | EXITS(9), ROWS(ROW_FILES) | ROWS(ROW_FRAME), 0);
    return edited(f, edits[i][0], edits[i][1]);
}

static bool newer(struct forge *f)
{
    forge_expect(f, EXITS(9), 0, 0);
    if (forge_below(f->random, 2) == 0) {
        zyd_image_manifest(f->m, "zyd-bundle-2", 0);
        forge_note(f, "format");
    } else {
        struct zyd_image_file *file;
        do {
            file = any_file(f);
        } while (strncmp(file->name, "segments/", 9) != 0);
        uint8_t *p = zyd_image_copy(f->m, file->bytes);
        p[9] = 2; /* version */
        zyd_image_refoot(p, file->bytes.size);
        file->bytes = zyd_span(p, file->bytes.size);
        forge_note(f, "%s", file->name);
        zyd_image_manifest(f->m, "zyd-bundle-1", 0);
    }
    zyd_image_sums(f->m);
    return true;
}

static bool sums_edit(struct forge *f)
{
    struct zyd_image_file *file = zyd_image_find(f->m, "SHA256SUMS");
    uint8_t *p = zyd_image_copy(f->m, file->bytes);
    size_t size = file->bytes.size;
    const uint8_t *line = memchr(p, '\n', size);
    zyd_assert(line != NULL);
    size_t second = (size_t)(line + 1 - p);
    forge_expect(f, EXITS(9), 0, 0);
    switch (forge_below(f->random, 4)) {
    case 0: { /* two hashes change places: both files then have other bytes than listed */
        uint8_t t[64];
        memcpy(t, p, 64);
        memcpy(p, p + second, 64);
        memcpy(p + second, t, 64);
        forge_expect(f, EXITS(8), ROWS(ROW_FILES), 0);
        break;
    }
    case 1: /* a line less */
        memmove(p, p + second, size - second);
        size -= second;
        break;
    case 2: /* not sorted */
        for (size_t i = 66; p[i] != '\n'; i++) {
            p[i] = 'z';
        }
        break;
    default: /* another separator */
        p[65] = '*';
        break;
    }
    file->bytes = zyd_span(p, size);
    forge_note(f, "%u", (unsigned)size);
    return true;
}

/* A segment's head or footer changed, all hashes made good. */
static bool segment_frame(struct forge *f)
{
    struct zyd_image_file *file;
    struct zyd_segment s;
    const char *why;
    do {
        file = any_file(f);
    } while (strncmp(file->name, "segments/", 9) != 0);
    enum zyd_status st = zyd_segment_open(&s, &why, file->bytes);
    zyd_assert(st == ZYD_OK);
    size_t foot = file->bytes.size - ZYD_SEGMENT_FOOT_SIZE, at;
    do {
        at = forge_below(f->random, 2) == 0 ? (size_t)forge_below(f->random, s.frames_at)
                                            : foot + (size_t)forge_below(f->random, 60);
    } while (at == 8 || at == 9); /* the version: newer() */
    uint8_t *p = zyd_image_copy(f->m, file->bytes);
    p[at] = (uint8_t)(p[at] ^ 1u << forge_below(f->random, 8));
    zyd_image_refoot(p, file->bytes.size);
    file->bytes = zyd_span(p, file->bytes.size);
    forge_expect(f, EXITS(8), ROWS(ROW_FRAME) | ROWS(ROW_HISTORY), 0);
    f->height_min = s.head.first_height;
    f->height_max = s.head.last_height;
    f->file = file->name;
    forge_note(f, "%s byte %zu", file->name, at);
    zyd_image_manifest(f->m, "zyd-bundle-1", 0);
    zyd_image_sums(f->m);
    return true;
}

static bool genesis_of_another(struct forge *f)
{
    zyd_image_set(f->m, "genesis", f->stranger->genesis.body);
    zyd_image_manifest(f->m, "zyd-bundle-1", 0);
    zyd_image_sums(f->m);
    forge_expect(f, EXITS(8), ROWS(ROW_GENESIS), 0);
    f->file = "genesis";
    return true;
}

static bool plugin_swapped(struct forge *f)
{
    for (size_t i = 0; i < f->m->file_count; i++) {
        struct zyd_image_file *file = &f->m->files[i];
        if (strncmp(file->name, "plugins/", 8) == 0) {
            size_t at;
            file->bytes = forge_below(f->random, 2) == 0 ? f->foreign_plugin : forge_flip(f, file->bytes, &at);
            f->file = file->name;
        }
    }
    zyd_image_manifest(f->m, "zyd-bundle-1", 0);
    zyd_image_sums(f->m);
    forge_expect(f, EXITS(8), ROWS(ROW_PLUGINS), 0);
    return true;
}

static bool consortium_file(struct forge *f)
{
    static const char *const texts[] = {"{}", "not JSON", "{\"members\": []}"};
    const char *text = texts[forge_below(f->random, 3)];
    zyd_image_set(f->m, "consortium.json", zyd_span(text, strlen(text)));
    zyd_image_manifest(f->m, "zyd-bundle-1", 0);
    zyd_image_sums(f->m);
    forge_expect(f, EXITS(8), ROWS(ROW_APPROVALS), 0);
    f->file = "consortium.json";
    return true;
}

const struct forgery forge_files[] = {
    {"a byte is flipped", 30, raw_flip},
    {"a file is cut", 6, raw_cut},
    {"a file is missing", 2, raw_missing},
    {"a file is not listed", 1, raw_extra},
    {"a file has more bytes", 2, raw_longer},
    {"two files change places", 1, raw_swapped},
    {"the manifest is edited", 4, manifest_edit},
    {"something is newer than the tool", 1, newer},
    {"SHA256SUMS is edited", 2, sums_edit},
    {"a segment's head or footer is edited", 4, segment_frame},
    {"the genesis is another's", 1, genesis_of_another},
    {"a plugin is swapped", 1, plugin_swapped},
    {"consortium.json is another's", 1, consortium_file},
    {NULL, 0, NULL},
};
