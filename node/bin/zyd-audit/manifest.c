/* SHA256SUMS and manifest.json: hostile text in, tables out. */
#include "audit.h"
#include <jansson.h>
#include <stdlib.h>

bool audit_hex_read(struct zyd_hash *out, const char *text)
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

void audit_hex_write(char out[65], const struct zyd_hash *h)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = digit[h->b[i] >> 4];
        out[2 * i + 1] = digit[h->b[i] & 15];
    }
    out[64] = '\0';
}

/* A path that stays inside the bundle: name or folder/name of plain characters, none beginning with a dot. */
static bool plain_name(const char *name, size_t size)
{
    size_t slashes = 0;
    bool start = true;
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (c == '/') {
            slashes++;
            if (start || i + 1 == size) {
                return false;
            }
            start = true;
        } else if (alpha || (!start && (c == '.' || c == '-'))) {
            start = false;
        } else {
            return false;
        }
    }
    return size > 0 && size <= AUDIT_NAME_MAX && slashes <= 1;
}

static bool sums_row(struct audit_sum *out, const char *line, size_t size)
{
    char digits[65];
    if (size < 67 || line[64] != ' ' || line[65] != ' ' || !plain_name(line + 66, size - 66)) {
        return false;
    }
    for (size_t i = 0; i < 64; i++) { /* sha256sum writes small letters: one list, one text */
        if (line[i] >= 'A' && line[i] <= 'F') {
            return false;
        }
    }
    memcpy(digits, line, 64);
    digits[64] = '\0';
    memcpy(out->name, line + 66, size - 66);
    out->name[size - 66] = '\0';
    return audit_hex_read(&out->hash, digits);
}

int audit_sums_read(struct audit_sums *out, const char **why, size_t *line, struct zyd_span text)
{
    size_t lines = 0;
    memset(out, 0, sizeof *out);
    *line = 0;
    *why = "it is empty or its last line is cut";
    if (text.size == 0 || text.data[text.size - 1] != '\n') {
        return EXIT_COULD_NOT;
    }
    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] == '\n';
    }
    *why = "it lists too many files";
    if (lines > AUDIT_FILES_MAX || (out->rows = calloc(lines, sizeof *out->rows)) == NULL) {
        return EXIT_COULD_NOT;
    }
    for (size_t at = 0; at < text.size; out->count++) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = (size_t)(end - (text.data + at));
        struct audit_sum *row = &out->rows[out->count];
        *line = out->count + 1;
        if (!sums_row(row, (const char *)text.data + at, size)) {
            *why = "a line is not a hash, two spaces and a plain name";
            return EXIT_COULD_NOT;
        }
        if ((out->count > 0 && strcmp(row[-1].name, row->name) >= 0) || strcmp(row->name, "SHA256SUMS") == 0) {
            *why = "the names do not ascend, or it lists itself";
            return EXIT_COULD_NOT;
        }
        at += size + 1;
    }
    *why = "";
    return 0;
}

void audit_sums_free(struct audit_sums *s)
{
    free(s->rows);
    memset(s, 0, sizeof *s);
}

/* ---- manifest.json ---- */

static bool number(uint64_t *out, const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    json_int_t n = json_integer_value(v);
    *out = (uint64_t)n;
    return json_is_integer(v) && n >= 0;
}

static bool name_of(char out[AUDIT_NAME_MAX + 1], const json_t *object)
{
    const json_t *v = json_object_get(object, "file");
    size_t size = json_string_length(v);
    if (!json_is_string(v) || !plain_name(json_string_value(v), size)) {
        return false;
    }
    memcpy(out, json_string_value(v), size + 1);
    return true;
}

static bool hash_of(struct zyd_hash *out, const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    return json_is_string(v) && json_string_length(v) == 64 && audit_hex_read(out, json_string_value(v));
}

static int bad(char *why, size_t why_size, int code, const char *text)
{
    snprintf(why, why_size, "manifest.json: %s", text);
    return code;
}

static int read_segments(struct audit_manifest *out, char *why, size_t why_size, const json_t *list)
{
    size_t count = json_array_size(list);
    if (count == 0) {
        return bad(why, why_size, EXIT_COULD_NOT, "it names no segments: there is nothing to verify");
    }
    if (count > AUDIT_FILES_MAX || (out->segments = calloc(count, sizeof *out->segments)) == NULL) {
        return bad(why, why_size, EXIT_COULD_NOT, "it names too many segments");
    }
    uint64_t next = out->first_height;
    for (; out->segment_count < count; out->segment_count++) {
        struct audit_manifest_segment *s = &out->segments[out->segment_count];
        const json_t *o = json_array_get(list, out->segment_count);
        if (!name_of(s->name, o) || strncmp(s->name, "segments/", 9) != 0 || !number(&s->first_height, o, "first_height") ||
            !number(&s->last_height, o, "last_height") || !number(&s->bytes, o, "bytes") || !hash_of(&s->hash, o, "sha256") ||
            s->last_height < s->first_height) {
            return bad(why, why_size, EXIT_BAD_LEDGER, "a segment without proper file, heights, bytes or sha256");
        }
        if (s->first_height > next) {
            snprintf(why, why_size, "manifest.json: heights %llu to %llu are in no segment", (unsigned long long)next,
                     (unsigned long long)s->first_height - 1);
            return EXIT_COULD_NOT;
        }
        if (s->first_height < next) {
            return bad(why, why_size, EXIT_BAD_LEDGER, "the heights of its segments overlap or are out of order");
        }
        next = s->last_height + 1;
    }
    if (next - 1 < out->last_height) {
        snprintf(why, why_size, "manifest.json: heights %llu to %llu are in no segment", (unsigned long long)next,
                 (unsigned long long)out->last_height);
        return EXIT_COULD_NOT;
    }
    return next - 1 == out->last_height ? 0 : bad(why, why_size, EXIT_BAD_LEDGER, "its segments go beyond its last height");
}

static int read_files(struct audit_manifest *out, char *why, size_t why_size, const json_t *list)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > AUDIT_FILES_MAX || (out->files = calloc(count + 1, sizeof *out->files)) == NULL) {
        return bad(why, why_size, EXIT_BAD_LEDGER, "its files are not a list");
    }
    for (; out->file_count < count; out->file_count++) {
        struct audit_manifest_file *f = &out->files[out->file_count];
        const json_t *o = json_array_get(list, out->file_count);
        if (!name_of(f->name, o) || !number(&f->bytes, o, "bytes")) {
            return bad(why, why_size, EXIT_BAD_LEDGER, "a file without proper name or bytes");
        }
    }
    return 0;
}

static int read_manifest(struct audit_manifest *out, char *why, size_t why_size, const json_t *m)
{
    static const char ours[] = "zyd-bundle-1";
    const json_t *format = json_object_get(m, "format");
    if (!json_is_string(format)) {
        return bad(why, why_size, EXIT_BAD_LEDGER, "it names no format");
    }
    if (strcmp(json_string_value(format), ours) != 0) {
        bool newer = strncmp(json_string_value(format), ours, sizeof ours - 2) == 0;
        return newer ? bad(why, why_size, EXIT_COULD_NOT, "a format that is newer than this tool: take a newer zyd-audit")
                     : bad(why, why_size, EXIT_COULD_NOT, "not the format of a bundle");
    }
    if (!hash_of(&out->genesis_hash, m, "genesis_hash") || !number(&out->first_height, m, "first_height") ||
        !number(&out->last_height, m, "last_height") || !number(&out->log_size, m, "log_size") ||
        !json_is_string(json_object_get(m, "tool")) || !json_is_string(json_object_get(m, "created")) ||
        out->first_height == 0 || out->last_height < out->first_height) {
        return bad(why, why_size, EXIT_BAD_LEDGER, "without proper genesis_hash, heights, log_size, tool or created");
    }
    if (out->first_height != 1) {
        return bad(why, why_size, EXIT_COULD_NOT,
                   "the bundle does not start at height 1: without the state before it nothing can be executed");
    }
    int rc = read_segments(out, why, why_size, json_object_get(m, "segments"));
    return rc != 0 ? rc : read_files(out, why, why_size, json_object_get(m, "files"));
}

int audit_manifest_read(struct audit_manifest *out, char *why, size_t why_size, struct zyd_span text)
{
    json_error_t e;
    memset(out, 0, sizeof *out);
    json_t *m = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &e);
    if (m == NULL) {
        bool cut = text.size == 0 || json_error_code(&e) == json_error_premature_end_of_input;
        return cut ? bad(why, why_size, EXIT_COULD_NOT, "it is cut") : bad(why, why_size, EXIT_BAD_LEDGER, "it is not JSON");
    }
    int rc = json_is_object(m) ? read_manifest(out, why, why_size, m)
                               : bad(why, why_size, EXIT_BAD_LEDGER, "it is not a JSON object");
    json_decref(m);
    return rc;
}

void audit_manifest_free(struct audit_manifest *m)
{
    free(m->segments);
    free(m->files);
    memset(m, 0, sizeof *m);
}
