/* zyd/codec.h: reading and writing the only two encodings of ours.
 *
 * 1. Fixed layout: big-endian integers and raw bytes at known offsets (zyd_rx_*, zyd_wx_*).
 * 2. Canonical MessagePack: arrays of the exact length expected, never maps, floats or extensions; integers,
 *    strings and binaries in their shortest form; nothing after the end (zyd_rd_*, zyd_wr_*).  One value has one
 *    encoding, so a hash of the bytes is a hash of the value.  Packing uses msgpack-c; reading is our own cursor,
 *    because msgpack-c allocates what a hostile header claims and accepts several encodings of one value.
 *
 * A reader fails once and stays failed: read everything, then ask zyd_rd_done once.  After a failure every read
 * returns 0, an empty span or false.  Spans point into the input.
 */
#ifndef ZYD_CODEC_H
#define ZYD_CODEC_H

#include <zyd/base.h>

#define ZYD_RD_DEPTH_MAX 8u   /* nested arrays */
#define ZYD_RD_ITEMS_MAX 512u /* values in one zyd_rd_skip */

struct zyd_rd {
    const uint8_t *data;
    size_t size;
    size_t pos;
    bool bad;
};

struct zyd_rd zyd_rd_of(struct zyd_span bytes);
/* Header of an array of at most count_max values; returns its count. */
uint32_t zyd_rd_array(struct zyd_rd *rd, uint32_t count_max);
/* Header of an array of exactly count values; false and failed otherwise. */
bool zyd_rd_array_of(struct zyd_rd *rd, uint32_t count);
uint64_t zyd_rd_u64(struct zyd_rd *rd, uint64_t max);
int64_t zyd_rd_i64(struct zyd_rd *rd, int64_t min, int64_t max);
bool zyd_rd_bool(struct zyd_rd *rd);
/* True and consumed if the next value is nil; false and nothing consumed otherwise. */
bool zyd_rd_nil(struct zyd_rd *rd);
struct zyd_span zyd_rd_bin(struct zyd_rd *rd, size_t size_max);
/* A binary of exactly 32 bytes; out is zeroed on failure. */
void zyd_rd_hash(struct zyd_rd *rd, struct zyd_hash *out);
/* A string of size_min..size_max bytes of valid UTF-8 without control characters. */
struct zyd_span zyd_rd_str(struct zyd_rd *rd, size_t size_min, size_t size_max);
/* Steps over one value of any allowed kind, checking that it is canonical; returns its bytes. */
struct zyd_span zyd_rd_skip(struct zyd_rd *rd);
/* ZYD_OK when nothing failed and every byte was read, else ZYD_E_MALFORMED. */
enum zyd_status ZYD_MUST_USE zyd_rd_done(const struct zyd_rd *rd);

/* Fixed layout, with the same cursor. */
uint8_t zyd_rx_u8(struct zyd_rd *rd);
uint16_t zyd_rx_u16(struct zyd_rd *rd);
uint32_t zyd_rx_u32(struct zyd_rd *rd);
uint64_t zyd_rx_u64(struct zyd_rd *rd);
zyd_u128 zyd_rx_u128(struct zyd_rd *rd);
void zyd_rx_hash(struct zyd_rd *rd, struct zyd_hash *out);
void zyd_rx_copy(struct zyd_rd *rd, void *out, size_t size);
struct zyd_span zyd_rx_span(struct zyd_rd *rd, size_t size); /* exactly size bytes */
/* u32 length, then that many bytes, at most size_max. */
struct zyd_span zyd_rx_block(struct zyd_rd *rd, size_t size_max);

/* A writer into a caller's buffer.  full is set once a value does not fit; nothing is written past the end and
 * size stays where it was.  Check full once, at the end. */
struct zyd_wr {
    uint8_t *data;
    size_t cap;
    size_t size;
    bool full;
};

struct zyd_wr zyd_wr_of(void *data, size_t cap);
void zyd_wr_array(struct zyd_wr *wr, uint32_t count);
void zyd_wr_u64(struct zyd_wr *wr, uint64_t value);
void zyd_wr_i64(struct zyd_wr *wr, int64_t value);
void zyd_wr_bool(struct zyd_wr *wr, bool value);
void zyd_wr_nil(struct zyd_wr *wr);
void zyd_wr_bin(struct zyd_wr *wr, const void *data, size_t size);
void zyd_wr_hash(struct zyd_wr *wr, const struct zyd_hash *hash);
void zyd_wr_str(struct zyd_wr *wr, const char *text, size_t size);
/* Bytes that are already canonical MessagePack, or raw bytes of a fixed layout. */
void zyd_wx_bytes(struct zyd_wr *wr, const void *data, size_t size);
void zyd_wx_u8(struct zyd_wr *wr, uint8_t v);
void zyd_wx_u16(struct zyd_wr *wr, uint16_t v);
void zyd_wx_u32(struct zyd_wr *wr, uint32_t v);
void zyd_wx_u64(struct zyd_wr *wr, uint64_t v);
void zyd_wx_u128(struct zyd_wr *wr, zyd_u128 v);
void zyd_wx_hash(struct zyd_wr *wr, const struct zyd_hash *hash);
void zyd_wx_block(struct zyd_wr *wr, struct zyd_span bytes); /* u32 length, bytes */
static inline struct zyd_span zyd_wr_span(const struct zyd_wr *wr)
{
    return zyd_span(wr->data, wr->size);
}

#endif
