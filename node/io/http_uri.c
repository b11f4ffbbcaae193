/* Request lines and small header grammars. */
#include <stdlib.h>
#include <strings.h>

#include <sodium.h>

#include "http_uri.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t utf8_length(const uint8_t *p, size_t left)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t c = p[0];
    size_t n = c < 0x80 ? 1u : c >= 0xc2 && c < 0xe0 ? 2u : c >= 0xe0 && c < 0xf0 ? 3u : c >= 0xf0 && c < 0xf5 ? 4u : 0u;
    if (n == 0 || n > left) {
        return 0;
    }
    uint32_t code = n == 1 ? c : c & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3fu);
    }
    return code < least[n] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff ? 0 : n;
}

bool zyd_utf8_valid(struct zyd_span text)
{
    for (size_t i = 0; i < text.size;) {
        size_t n = utf8_length(text.data + i, text.size - i);
        if (n == 0 || text.data[i] < 0x20 || text.data[i] == 0x7f ||
            (n == 2 && text.data[i] == 0xc2 && text.data[i + 1] < 0xa0)) {
            return false;
        }
        i += n;
    }
    return true;
}

/* Decodes raw[0..size) to the end of out->text at *used.  NULL when it is not allowed. */
static const char *piece(struct zyd_uri *out, size_t *used, const char *raw, size_t size, bool query)
{
    char *start = out->text + *used;
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        char c = raw[i];
        if (c == '%') {
            int hi = size - i > 2 ? hex_digit(raw[i + 1]) : -1;
            int lo = size - i > 2 ? hex_digit(raw[i + 2]) : -1;
            if (hi < 0 || lo < 0) {
                return NULL;
            }
            c = (char)(hi << 4 | lo);
            i += 2;
            if (c == '\0' || (!query && c == '/')) {
                return NULL;
            }
        } else if (query && c == '+') {
            c = ' ';
        }
        start[n++] = c;
    }
    if (!zyd_utf8_valid(zyd_span(start, n))) {
        return NULL;
    }
    start[n] = '\0';
    *used += n + 1;
    return start;
}

static bool read_path(struct zyd_uri *out, size_t *used, const char *raw, size_t size)
{
    size_t at = 1;
    if (size == 0 || raw[0] != '/') {
        return false;
    }
    while (at < size) {
        size_t end = at;
        while (end < size && raw[end] != '/') {
            end++;
        }
        const char *s = end == at ? NULL : piece(out, used, raw + at, end - at, false);
        if (!s || strcmp(s, ".") == 0 || strcmp(s, "..") == 0 || out->segment_count == ZYD_URI_SEGMENTS_MAX) {
            return false;
        }
        out->segments[out->segment_count++] = s;
        at = end + 1;
    }
    return size == 1 || raw[size - 1] != '/';
}

static bool read_query(struct zyd_uri *out, size_t *used, const char *raw, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t end = at, eq;
        while (end < size && raw[end] != '&') {
            end++;
        }
        for (eq = at; eq < end && raw[eq] != '='; eq++) {
        }
        const char *name = eq == at ? NULL : piece(out, used, raw + at, eq - at, true);
        const char *value = eq < end ? piece(out, used, raw + eq + 1, end - eq - 1, true) : "";
        if (!name || !value || zyd_uri_arg(out, name) || out->arg_count == ZYD_URI_ARGS_MAX) {
            return false;
        }
        out->args[out->arg_count].name = name;
        out->args[out->arg_count++].value = value;
        at = end + 1;
    }
    return true;
}

enum zyd_status zyd_uri_parse(struct zyd_uri *out, const char *raw)
{
    size_t size = strnlen(raw, ZYD_URI_SIZE_MAX + 1), path = 0, used = 0;
    out->segment_count = out->arg_count = 0;
    if (size > ZYD_URI_SIZE_MAX) {
        return ZYD_E_TOO_BIG;
    }
    for (size_t i = 0; i < size; i++) {
        if (raw[i] <= 0x20 || raw[i] == 0x7f || raw[i] == '#') { /* char may be signed: bytes over 0x7f are refused, too */
            return ZYD_E_MALFORMED;
        }
    }
    while (path < size && raw[path] != '?') {
        path++;
    }
    bool good = read_path(out, &used, raw, path);
    good = good && (path == size || read_query(out, &used, raw + path + 1, size - path - 1));
    return good ? ZYD_OK : ZYD_E_MALFORMED;
}

const char *zyd_uri_arg(const struct zyd_uri *u, const char *name)
{
    for (uint32_t i = 0; i < u->arg_count; i++) {
        if (strcmp(u->args[i].name, name) == 0) {
            return u->args[i].value;
        }
    }
    return NULL;
}

bool zyd_decimal_parse(uint64_t *out, const char *text, uint64_t max)
{
    uint64_t n = 0;
    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0')) {
        return false;
    }
    for (; *text; text++) {
        uint64_t digit = (uint64_t)(uint8_t)*text - '0';
        if (digit > 9 || n > (max - digit) / 10 || digit > max) {
            return false;
        }
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

bool zyd_hex32_parse(struct zyd_hash *out, const char *text)
{
    for (size_t i = 0; i < ZYD_HASH_SIZE; i++) {
        int hi = hex_digit(text[2 * i]);
        int lo = hi < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (lo < 0) {
            return false;
        }
        out->b[i] = (uint8_t)(hi << 4 | lo);
    }
    return text[2 * ZYD_HASH_SIZE] == '\0';
}

void zyd_hex(char *out, const void *data, size_t size)
{
    sodium_bin2hex(out, 2 * size + 1, data, size);
}

char *zyd_base64(const void *data, size_t size)
{
    size_t cap = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    char *out = malloc(cap);
    zyd_assert(out != NULL);
    sodium_bin2base64(out, cap, data, size, sodium_base64_VARIANT_ORIGINAL);
    return out;
}

uint32_t zyd_prefer_parse(bool *minimal, const char *header, uint32_t max)
{
    uint32_t wait = 0;
    *minimal = false;
    while (header && *header) {
        while (*header == ' ' || *header == ',' || *header == ';' || *header == '\t') {
            header++;
        }
        if (strncasecmp(header, "return=minimal", 14) == 0) {
            *minimal = true;
        } else if (strncasecmp(header, "wait=", 5) == 0) {
            wait = 0;
            for (const char *p = header + 5; *p >= '0' && *p <= '9'; p++) {
                wait = wait * 10 + (uint32_t)(*p - '0');
                wait = wait > max ? max : wait;
            }
        }
        while (*header && *header != ',' && *header != ';') {
            header++;
        }
    }
    return wait;
}
