/* http_uri.h: reading what a client wrote in the request line and in a few headers.  Hostile text; no allocation. */
#ifndef ZYD_IO_HTTP_URI_H
#define ZYD_IO_HTTP_URI_H

#include <zyd/base.h>

#define ZYD_URI_SIZE_MAX 4096u
#define ZYD_URI_SEGMENTS_MAX 8u
#define ZYD_URI_ARGS_MAX 24u
struct zyd_uri {
    char text[ZYD_URI_SIZE_MAX + 2]; /* decoded pieces, each NUL-terminated */
    uint32_t segment_count, arg_count;
    const char *segments[ZYD_URI_SEGMENTS_MAX];
    struct {
        const char *name, *value; /* value "" when there is no '=' */
    } args[ZYD_URI_ARGS_MAX];
};
/* raw: path and query as sent.  Refuses control characters and NULs (also encoded), bad UTF-8, bad escapes, empty or dot
 * segments, encoded slashes, doubled names.  ZYD_OK, ZYD_E_MALFORMED, ZYD_E_TOO_BIG. */
enum zyd_status zyd_uri_parse(struct zyd_uri *out, const char *raw);
const char *zyd_uri_arg(const struct zyd_uri *u, const char *name); /* or NULL */

bool zyd_utf8_valid(struct zyd_span text); /* and without control characters */
/* Decimal number without sign or leading zeros, at most max. */
bool zyd_decimal_parse(uint64_t *out, const char *text, uint64_t max);
/* 64 hex digits, either case. */
bool zyd_hex32_parse(struct zyd_hash *out, const char *text);
void zyd_hex(char *out, const void *data, size_t size); /* 2 * size + 1 bytes */
/* base64 with padding; malloc'd text. */
char *zyd_base64(const void *data, size_t size);
/* "wait=N" of a Prefer header, in seconds, at most max; 0 when absent. "return=minimal" sets *minimal. */
uint32_t zyd_prefer_parse(bool *minimal, const char *header, uint32_t max);

#endif
