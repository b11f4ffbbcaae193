#include <zyd/codec.h>
#include <msgpack/pack.h>

/* ---- reading ---- */

struct zyd_rd zyd_rd_of(struct zyd_span bytes)
{
    return (struct zyd_rd){bytes.data, bytes.size, 0, false};
}

/* The next size bytes, consumed; NULL (and failed) when there are not so many. */
static const uint8_t *take(struct zyd_rd *rd, size_t size)
{
    if (rd->bad || size > rd->size - rd->pos) {
        rd->bad = true;
        return NULL;
    }
    const uint8_t *p = rd->data + rd->pos;
    rd->pos += size;
    return p;
}

/* Big-endian integer of width bytes that must be at least min: a smaller one has a shorter form. */
static uint64_t take_uint(struct zyd_rd *rd, size_t width, uint64_t min)
{
    const uint8_t *p = take(rd, width);
    uint64_t v = 0;
    for (size_t i = 0; p != NULL && i < width; i++) {
        v = v << 8 | p[i];
    }
    if (v < min) {
        rd->bad = true;
        return 0;
    }
    return v;
}

enum kind { KIND_BAD, KIND_UINT, KIND_NEG, KIND_NIL, KIND_BOOL, KIND_STR, KIND_BIN, KIND_ARRAY };

struct token {
    enum kind kind;
    uint64_t u;  /* integer, bool, or length */
    int64_t neg; /* KIND_NEG */
};

static struct token bad_token(struct zyd_rd *rd)
{
    rd->bad = true;
    return (struct token){KIND_BAD, 0, 0};
}

static struct token neg_token(struct zyd_rd *rd, size_t width, uint64_t sign, int64_t below)
{
    uint64_t v = take_uint(rd, width, 0);
    if (rd->bad || v < sign) {
        return bad_token(rd);
    }
    /* v stands for v - 2 * sign: computed without leaving int64 */
    int64_t neg = (int64_t)(v - sign) - (int64_t)(sign - 1) - 1;
    return neg < below ? (struct token){KIND_NEG, 0, neg} : bad_token(rd);
}

/* The head of the next value: its kind and its number or length.  Every second encoding is refused here. */
static struct token next_token(struct zyd_rd *rd)
{
    const uint8_t *p = take(rd, 1);
    if (p == NULL) {
        return (struct token){KIND_BAD, 0, 0};
    }
    uint8_t b = *p;
    if (b <= 0x7f) {
        return (struct token){KIND_UINT, b, 0};
    }
    if (b >= 0xe0) {
        return (struct token){KIND_NEG, 0, (int64_t)b - 256};
    }
    if (b >= 0x90 && b <= 0x9f) {
        return (struct token){KIND_ARRAY, b & 15u, 0};
    }
    if (b >= 0xa0 && b <= 0xbf) {
        return (struct token){KIND_STR, b & 31u, 0};
    }
    struct token t = {KIND_BAD, 0, 0};
    switch (b) {
    case 0xc0:
        return (struct token){KIND_NIL, 0, 0};
    case 0xc2:
    case 0xc3:
        return (struct token){KIND_BOOL, b & 1u, 0};
    case 0xc4:
        t = (struct token){KIND_BIN, take_uint(rd, 1, 0), 0};
        break;
    case 0xc5:
        t = (struct token){KIND_BIN, take_uint(rd, 2, 0x100), 0};
        break;
    case 0xc6:
        t = (struct token){KIND_BIN, take_uint(rd, 4, 0x10000), 0};
        break;
    case 0xcc:
        t = (struct token){KIND_UINT, take_uint(rd, 1, 0x80), 0};
        break;
    case 0xcd:
        t = (struct token){KIND_UINT, take_uint(rd, 2, 0x100), 0};
        break;
    case 0xce:
        t = (struct token){KIND_UINT, take_uint(rd, 4, 0x10000), 0};
        break;
    case 0xcf:
        t = (struct token){KIND_UINT, take_uint(rd, 8, UINT64_C(0x100000000)), 0};
        break;
    case 0xd0:
        return neg_token(rd, 1, UINT64_C(0x80), -32);
    case 0xd1:
        return neg_token(rd, 2, UINT64_C(0x8000), -0x80);
    case 0xd2:
        return neg_token(rd, 4, UINT64_C(0x80000000), -0x8000);
    case 0xd3:
        return neg_token(rd, 8, UINT64_C(0x8000000000000000), -INT64_C(0x80000000));
    case 0xd9:
        t = (struct token){KIND_STR, take_uint(rd, 1, 32), 0};
        break;
    case 0xda:
        t = (struct token){KIND_STR, take_uint(rd, 2, 0x100), 0};
        break;
    case 0xdb:
        t = (struct token){KIND_STR, take_uint(rd, 4, 0x10000), 0};
        break;
    case 0xdc:
        t = (struct token){KIND_ARRAY, take_uint(rd, 2, 16), 0};
        break;
    case 0xdd:
        t = (struct token){KIND_ARRAY, take_uint(rd, 4, 0x10000), 0};
        break;
    default: /* maps, floats, extensions and 0xc1 */
        return bad_token(rd);
    }
    return rd->bad ? (struct token){KIND_BAD, 0, 0} : t;
}

uint32_t zyd_rd_array(struct zyd_rd *rd, uint32_t count_max)
{
    struct token t = next_token(rd);
    if (t.kind != KIND_ARRAY || t.u > count_max) {
        rd->bad = true;
        return 0;
    }
    return (uint32_t)t.u;
}

bool zyd_rd_array_of(struct zyd_rd *rd, uint32_t count)
{
    if (zyd_rd_array(rd, count) != count) {
        rd->bad = true;
    }
    return !rd->bad;
}

uint64_t zyd_rd_u64(struct zyd_rd *rd, uint64_t max)
{
    struct token t = next_token(rd);
    if (t.kind != KIND_UINT || t.u > max) {
        rd->bad = true;
        return 0;
    }
    return t.u;
}

int64_t zyd_rd_i64(struct zyd_rd *rd, int64_t min, int64_t max)
{
    struct token t = next_token(rd);
    int64_t v = t.neg;
    if (t.kind == KIND_UINT && t.u <= INT64_MAX) {
        v = (int64_t)t.u;
    } else if (t.kind != KIND_NEG) {
        rd->bad = true;
    }
    if (rd->bad || v < min || v > max) {
        rd->bad = true;
        return 0;
    }
    return v;
}

bool zyd_rd_bool(struct zyd_rd *rd)
{
    struct token t = next_token(rd);
    if (t.kind != KIND_BOOL) {
        rd->bad = true;
        return false;
    }
    return t.u == 1;
}

bool zyd_rd_nil(struct zyd_rd *rd)
{
    if (rd->bad || rd->pos == rd->size || rd->data[rd->pos] != 0xc0) {
        return false;
    }
    rd->pos++;
    return true;
}

struct zyd_span zyd_rd_bin(struct zyd_rd *rd, size_t size_max)
{
    struct token t = next_token(rd);
    if (t.kind != KIND_BIN || t.u > size_max) {
        rd->bad = true;
        return zyd_span(NULL, 0);
    }
    return zyd_rx_span(rd, (size_t)t.u);
}

void zyd_rd_hash(struct zyd_rd *rd, struct zyd_hash *out)
{
    struct zyd_span s = zyd_rd_bin(rd, sizeof out->b);
    if (s.size != sizeof out->b) {
        rd->bad = true;
        memset(out->b, 0, sizeof out->b);
        return;
    }
    memcpy(out->b, s.data, sizeof out->b);
}

/* Length of the UTF-8 sequence at p (RFC 3629: shortest form, no surrogates, up to U+10FFFF) that is not a control
 * character; 0 if there is none. */
static size_t utf8_step(const uint8_t *p, size_t left)
{
    uint8_t b = p[0];
    if (b < 0x80) {
        return b >= 0x20 && b != 0x7f ? 1 : 0;
    }
    size_t n = b >= 0xc2 && b <= 0xdf ? 2 : (b & 0xf0) == 0xe0 ? 3 : b >= 0xf0 && b <= 0xf4 ? 4 : 0;
    if (n == 0 || n > left) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool bad = (b == 0xc2 && p[1] < 0xa0) ||  /* U+0080..U+009F */
               (b == 0xe0 && p[1] < 0xa0) ||  /* overlong */
               (b == 0xed && p[1] >= 0xa0) || /* surrogates */
               (b == 0xf0 && p[1] < 0x90) ||  /* overlong */
               (b == 0xf4 && p[1] >= 0x90);   /* past U+10FFFF */
    return bad ? 0 : n;
}

static bool text_ok(struct zyd_span s)
{
    for (size_t i = 0; i < s.size;) {
        size_t n = utf8_step(s.data + i, s.size - i);
        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

struct zyd_span zyd_rd_str(struct zyd_rd *rd, size_t size_min, size_t size_max)
{
    struct token t = next_token(rd);
    if (t.kind != KIND_STR || t.u < size_min || t.u > size_max) {
        rd->bad = true;
        return zyd_span(NULL, 0);
    }
    struct zyd_span s = zyd_rx_span(rd, (size_t)t.u);
    if (!text_ok(s)) {
        rd->bad = true;
        return zyd_span(NULL, 0);
    }
    return s;
}

struct zyd_span zyd_rd_skip(struct zyd_rd *rd)
{
    size_t start = rd->pos;
    uint64_t left[ZYD_RD_DEPTH_MAX]; /* values still to read in each open array */
    uint32_t depth = 0, items = 0;
    do {
        struct token t = next_token(rd);
        if (rd->bad || ++items > ZYD_RD_ITEMS_MAX) {
            rd->bad = true;
            return zyd_span(NULL, 0);
        }
        if (t.kind == KIND_STR || t.kind == KIND_BIN) {
            struct zyd_span s = zyd_rx_span(rd, (size_t)t.u);
            if (t.kind == KIND_STR && !text_ok(s)) {
                rd->bad = true;
            }
        }
        if (depth > 0) {
            left[depth - 1]--;
        }
        if (t.kind == KIND_ARRAY) {
            if (depth == ZYD_RD_DEPTH_MAX) {
                rd->bad = true;
                return zyd_span(NULL, 0);
            }
            left[depth++] = t.u;
        }
        while (depth > 0 && left[depth - 1] == 0) {
            depth--;
        }
    } while (depth > 0 && !rd->bad);
    return rd->bad ? zyd_span(NULL, 0) : zyd_span(rd->data + start, rd->pos - start);
}

enum zyd_status zyd_rd_done(const struct zyd_rd *rd)
{
    return !rd->bad && rd->pos == rd->size ? ZYD_OK : ZYD_E_MALFORMED;
}

uint8_t zyd_rx_u8(struct zyd_rd *rd)
{
    const uint8_t *p = take(rd, 1);
    return p == NULL ? 0 : *p;
}

uint16_t zyd_rx_u16(struct zyd_rd *rd)
{
    const uint8_t *p = take(rd, 2);
    return p == NULL ? 0 : zyd_get16(p);
}

uint32_t zyd_rx_u32(struct zyd_rd *rd)
{
    const uint8_t *p = take(rd, 4);
    return p == NULL ? 0 : zyd_get32(p);
}

uint64_t zyd_rx_u64(struct zyd_rd *rd)
{
    const uint8_t *p = take(rd, 8);
    return p == NULL ? 0 : zyd_get64(p);
}

zyd_u128 zyd_rx_u128(struct zyd_rd *rd)
{
    const uint8_t *p = take(rd, 16);
    return p == NULL ? 0 : (zyd_u128)zyd_get64(p) << 64 | zyd_get64(p + 8);
}

void zyd_rx_hash(struct zyd_rd *rd, struct zyd_hash *out)
{
    zyd_rx_copy(rd, out->b, sizeof out->b);
}

void zyd_rx_copy(struct zyd_rd *rd, void *out, size_t size)
{
    const uint8_t *p = take(rd, size);
    if (p == NULL) {
        memset(out, 0, size);
        return;
    }
    memcpy(out, p, size);
}

struct zyd_span zyd_rx_span(struct zyd_rd *rd, size_t size)
{
    const uint8_t *p = take(rd, size);
    return p == NULL ? zyd_span(NULL, 0) : zyd_span(p, size);
}

struct zyd_span zyd_rx_block(struct zyd_rd *rd, size_t size_max)
{
    uint32_t size = zyd_rx_u32(rd);
    if (size > size_max) {
        rd->bad = true;
        return zyd_span(NULL, 0);
    }
    return zyd_rx_span(rd, size);
}

/* ---- writing ---- */

struct zyd_wr zyd_wr_of(void *data, size_t cap)
{
    return (struct zyd_wr){data, cap, 0, false};
}

void zyd_wx_bytes(struct zyd_wr *wr, const void *data, size_t size)
{
    if (wr->full || size > wr->cap - wr->size) {
        wr->full = true;
        return;
    }
    if (size > 0) {
        memcpy(wr->data + wr->size, data, size);
        wr->size += size;
    }
}

static int pack_write(void *ctx, const char *data, size_t size)
{
    zyd_wx_bytes(ctx, data, size);
    return 0;
}

/* The packer is two words: making one for each value costs less than carrying it in the writer would in clarity. */
static msgpack_packer packer(struct zyd_wr *wr)
{
    msgpack_packer pk;
    msgpack_packer_init(&pk, wr, pack_write);
    return pk;
}

void zyd_wr_array(struct zyd_wr *wr, uint32_t count)
{
    msgpack_packer pk = packer(wr);
    msgpack_pack_array(&pk, count);
}

void zyd_wr_u64(struct zyd_wr *wr, uint64_t value)
{
    msgpack_packer pk = packer(wr);
    msgpack_pack_uint64(&pk, value);
}

void zyd_wr_i64(struct zyd_wr *wr, int64_t value)
{
    msgpack_packer pk = packer(wr);
    msgpack_pack_int64(&pk, value);
}

void zyd_wr_bool(struct zyd_wr *wr, bool value)
{
    msgpack_packer pk = packer(wr);
    if (value) {
        msgpack_pack_true(&pk);
    } else {
        msgpack_pack_false(&pk);
    }
}

void zyd_wr_nil(struct zyd_wr *wr)
{
    msgpack_packer pk = packer(wr);
    msgpack_pack_nil(&pk);
}

void zyd_wr_bin(struct zyd_wr *wr, const void *data, size_t size)
{
    msgpack_packer pk = packer(wr);
    msgpack_pack_bin(&pk, size);
    zyd_wx_bytes(wr, data, size);
}

void zyd_wr_hash(struct zyd_wr *wr, const struct zyd_hash *hash)
{
    zyd_wr_bin(wr, hash->b, sizeof hash->b);
}

void zyd_wr_str(struct zyd_wr *wr, const char *text, size_t size)
{
    msgpack_packer pk = packer(wr);
    msgpack_pack_str(&pk, size);
    zyd_wx_bytes(wr, text, size);
}

void zyd_wx_u8(struct zyd_wr *wr, uint8_t v)
{
    zyd_wx_bytes(wr, &v, 1);
}

void zyd_wx_u16(struct zyd_wr *wr, uint16_t v)
{
    uint8_t b[2];
    zyd_put16(b, v);
    zyd_wx_bytes(wr, b, sizeof b);
}

void zyd_wx_u32(struct zyd_wr *wr, uint32_t v)
{
    uint8_t b[4];
    zyd_put32(b, v);
    zyd_wx_bytes(wr, b, sizeof b);
}

void zyd_wx_u64(struct zyd_wr *wr, uint64_t v)
{
    uint8_t b[8];
    zyd_put64(b, v);
    zyd_wx_bytes(wr, b, sizeof b);
}

void zyd_wx_u128(struct zyd_wr *wr, zyd_u128 v)
{
    zyd_wx_u64(wr, (uint64_t)(v >> 64));
    zyd_wx_u64(wr, (uint64_t)v);
}

void zyd_wx_hash(struct zyd_wr *wr, const struct zyd_hash *hash)
{
    zyd_wx_bytes(wr, hash->b, sizeof hash->b);
}

void zyd_wx_block(struct zyd_wr *wr, struct zyd_span bytes)
{
    zyd_wx_u32(wr, (uint32_t)bytes.size);
    zyd_wx_bytes(wr, bytes.data, bytes.size);
}
