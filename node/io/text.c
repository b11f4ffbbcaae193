/* Text of others: is it UTF-8, and if it is GB18030, what is it in UTF-8 (iconv)? */
#include <stdlib.h>

#include <iconv.h>
#include <zyd/io.h>

size_t zyd_utf8_span(struct zyd_span bytes)
{
    const uint8_t *p = bytes.data;
    for (size_t i = 0; i < bytes.size;) {
        uint8_t c = p[i];
        size_t more = c < 0x80 ? 0 : c >= 0xc2 && c <= 0xdf ? 1 : c >= 0xe0 && c <= 0xef ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 9;
        if (c == 0 || more == 9 || more >= bytes.size - i) {
            return i;
        }
        uint32_t v = more == 1 ? c & 0x1fu : more == 2 ? c & 0x0fu : c & 0x07u;
        for (size_t k = 1; k <= more; k++) {
            if ((p[i + k] & 0xc0) != 0x80) {
                return i;
            }
            v = v << 6 | (p[i + k] & 0x3fu);
        }
        if ((more == 2 && (v < 0x800 || (v >= 0xd800 && v <= 0xdfff))) || (more == 3 && (v < 0x10000 || v > 0x10ffff))) {
            return i;
        }
        i += more + 1;
    }
    return bytes.size;
}

char *zyd_gb18030_text(size_t *size, size_t *bad, struct zyd_span bytes)
{
    iconv_t cd = iconv_open("UTF-8", "GB18030");
    const uint8_t *nul = bytes.size ? memchr(bytes.data, 0, bytes.size) : NULL;
    size_t until = nul ? (size_t)(nul - bytes.data) : bytes.size, cap = bytes.size * 3 + 16, left_in = until, left_out = cap;
    char *out = malloc(cap), *in = (char *)(uintptr_t)bytes.data, *p = out;
    zyd_assert(cd != (iconv_t)-1 && out);
    size_t n = iconv(cd, &in, &left_in, &p, &left_out);
    iconv_close(cd);
    *size = cap - left_out;
    *bad = until - left_in;
    if (n == (size_t)-1 || *bad < bytes.size || zyd_utf8_span(zyd_span(out, *size)) < *size) {
        free(out);
        return NULL;
    }
    return out;
}

size_t zyd_line_of(struct zyd_span bytes, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at && i < bytes.size; i++) {
        line += bytes.data[i] == '\n';
    }
    return line;
}
