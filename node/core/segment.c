/* Export segments: head, frames, foot (zyd/verify.h; FORMATS.md "Export segment"). */
#include <zyd/verify.h>

#define SEGMENT_VERSION 1u
#define FOOT_MAGIC "ZYDSEGE1"
#define FRAME_SIZE_MIN (4u + 9u * 4u + ZYD_HEADER_SIZE + 4u) /* a block of nothing but its header, and no finality */

void zyd_segment_head_encode(struct zyd_wr *wr, const struct zyd_segment_head *h)
{
    static const char magic[8] = ZYD_SEGMENT_MAGIC;
    uint8_t frontier[8 + 64 * 32];
    struct zyd_wr f = zyd_wr_of(frontier, sizeof frontier);
    zyd_frontier_encode(&f, &h->frontier);
    zyd_assert(!f.full);
    zyd_wx_bytes(wr, magic, sizeof magic);
    zyd_wx_u16(wr, SEGMENT_VERSION);
    zyd_wx_hash(wr, &h->chain_id);
    zyd_wx_u64(wr, h->first_height);
    zyd_wx_u64(wr, h->last_height);
    zyd_wx_u64(wr, h->first_index);
    zyd_wx_u64(wr, h->end_index);
    zyd_wx_u64(wr, h->state_size);
    zyd_wx_hash(wr, &h->state_root);
    zyd_wx_block(wr, zyd_wr_span(&f));
}

void zyd_segment_frame_encode(struct zyd_wr *wr, struct zyd_span block, struct zyd_span finality)
{
    zyd_wx_block(wr, block);
    zyd_wx_block(wr, finality);
}

void zyd_segment_foot_encode(uint8_t out[ZYD_SEGMENT_FOOT_SIZE], uint32_t blocks, uint64_t entries, uint64_t size,
                             const struct zyd_hash *log_root, const struct zyd_hash *file_hash)
{
    memcpy(out, FOOT_MAGIC, 8);
    zyd_put32(out + 8, blocks);
    zyd_put64(out + 12, entries);
    zyd_put64(out + 20, size);
    memcpy(out + 28, log_root->b, 32);
    memcpy(out + 60, file_hash->b, 32);
}

/* The hash that the footer must hold, and that of the whole file, in one pass. */
static void hash_file(struct zyd_segment *out)
{
    size_t foot = out->file.size < ZYD_SEGMENT_FOOT_SIZE ? out->file.size : ZYD_SEGMENT_FOOT_SIZE;
    size_t body = out->file.size - foot;
    struct zyd_hasher h, whole;
    struct zyd_hash hash;
    zyd_hasher_start(&h, NULL);
    zyd_hasher_add(&h, out->file.data, body);
    whole = h;
    zyd_hasher_end(&h, &hash);
    zyd_hasher_add(&whole, out->file.data + body, foot);
    zyd_hasher_end(&whole, &out->file_hash);
    out->hash_ok = foot == ZYD_SEGMENT_FOOT_SIZE && memcmp(hash.b, out->file.data + body + 60, 32) == 0;
}

static enum zyd_status read_head(struct zyd_segment *out, const char **why, size_t body)
{
    struct zyd_rd rd = zyd_rd_of(zyd_span(out->file.data, body));
    uint8_t magic[8];
    zyd_rx_copy(&rd, magic, sizeof magic);
    uint16_t version = zyd_rx_u16(&rd);
    zyd_rx_hash(&rd, &out->head.chain_id);
    out->head.first_height = zyd_rx_u64(&rd);
    out->head.last_height = zyd_rx_u64(&rd);
    out->head.first_index = zyd_rx_u64(&rd);
    out->head.end_index = zyd_rx_u64(&rd);
    out->head.state_size = zyd_rx_u64(&rd);
    zyd_rx_hash(&rd, &out->head.state_root);
    struct zyd_span frontier = zyd_rx_block(&rd, 8 + 64 * 32);
    *why = "the segment's head is not valid";
    if (rd.bad || memcmp(magic, ZYD_SEGMENT_MAGIC, 8) != 0) {
        return ZYD_E_MALFORMED;
    }
    if (version != SEGMENT_VERSION) {
        *why = "the segment has a version that this tool does not know";
        return ZYD_E_FOREIGN;
    }
    if (zyd_frontier_decode(&out->head.frontier, frontier) != ZYD_OK || out->head.frontier.size != out->head.first_index ||
        out->head.end_index < out->head.first_index || out->head.first_height == 0 ||
        out->head.last_height < out->head.first_height) {
        return ZYD_E_MALFORMED;
    }
    out->frames_at = rd.pos;
    out->frames_end = body;
    return ZYD_OK;
}

enum zyd_status zyd_segment_open(struct zyd_segment *out, const char **why, struct zyd_span file)
{
    memset(out, 0, sizeof *out);
    out->file = file;
    hash_file(out);
    *why = "the segment is cut: it has no footer";
    if (file.size < ZYD_SEGMENT_FOOT_SIZE) {
        return ZYD_E_MALFORMED;
    }
    size_t body = file.size - ZYD_SEGMENT_FOOT_SIZE;
    const uint8_t *foot = file.data + body;
    if (memcmp(foot, FOOT_MAGIC, 8) != 0 || zyd_get64(foot + 20) != body) {
        return ZYD_E_MALFORMED;
    }
    enum zyd_status st = read_head(out, why, body);
    if (st != ZYD_OK) {
        return st;
    }
    out->blocks = zyd_get32(foot + 8);
    out->entries = zyd_get64(foot + 12);
    memcpy(out->end_root.b, foot + 28, 32);
    *why = "the footer's counts do not fit the head or the bytes";
    uint64_t span = out->head.last_height - out->head.first_height; /* one less than the blocks: it cannot overflow */
    if (out->blocks == 0 || out->blocks - 1 != span || out->entries != out->head.end_index - out->head.first_index ||
        (uint64_t)out->blocks * FRAME_SIZE_MIN > out->frames_end - out->frames_at) {
        return ZYD_E_MALFORMED;
    }
    *why = "";
    return ZYD_OK;
}

enum zyd_status zyd_segment_next(struct zyd_block_view *block, struct zyd_span *finality, size_t *pos,
                                 const struct zyd_segment *s)
{
    if (*pos == s->frames_end) {
        return ZYD_E_NOT_FOUND;
    }
    struct zyd_rd rd = zyd_rd_of(zyd_span(s->file.data + *pos, s->frames_end - *pos));
    struct zyd_span value = zyd_rx_block(&rd, rd.size);
    *finality = zyd_rx_block(&rd, ZYD_FINALITY_SIZE_MAX);
    if (rd.bad) {
        return ZYD_E_MALFORMED;
    }
    *pos += rd.pos;
    return zyd_block_decode(block, value);
}
