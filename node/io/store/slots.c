/* The vote file's bytes: encoding, and the rule that tells a torn tail from damage (consensus.md 1.4).  No I/O here. */
#include <zyd/codec.h>
#include <zyd/crypto.h>

#include "slots.h"

static const char magic[8] = {'z', 'y', 'd', 'v', 'o', 't', 'e', '1'};

uint32_t zyd_slot_encode(uint8_t out[SLOT_SIZE], const struct slot *s)
{
    zyd_assert(s->payload.size <= SLOT_PAYLOAD_MAX && s->parts >= 1 && s->part < s->parts);
    memset(out, 0, SLOT_SIZE);
    zyd_put32(out + 4, s->prev_crc);
    zyd_put64(out + 8, s->seq);
    zyd_put64(out + 16, s->durable_seq);
    out[24] = s->type;
    out[25] = s->part;
    out[26] = s->parts;
    out[27] = (uint8_t)s->payload.size;
    if (s->payload.size > 0)
        memcpy(out + SLOT_HEAD, s->payload.data, s->payload.size);
    uint32_t crc = zyd_crc32c(0, out + 4, SLOT_SIZE - 4);
    zyd_put32(out, crc);
    return crc;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

enum zyd_status zyd_slot_decode(struct slot *out, const uint8_t bytes[SLOT_SIZE])
{
    *out = (struct slot){.crc = zyd_get32(bytes),
                         .prev_crc = zyd_get32(bytes + 4),
                         .seq = zyd_get64(bytes + 8),
                         .durable_seq = zyd_get64(bytes + 16),
                         .type = bytes[24],
                         .part = bytes[25],
                         .parts = bytes[26],
                         .payload = zyd_span(bytes + SLOT_HEAD, bytes[27])};
    if (bytes[27] > SLOT_PAYLOAD_MAX || zyd_crc32c(0, bytes + 4, SLOT_SIZE - 4) != out->crc)
        return ZYD_E_MALFORMED;
    bool known = out->type == SLOT_VOTE || out->type == SLOT_CERT || out->type == SLOT_FLOOR ||
                 out->type == SLOT_MARK || out->type == SLOT_HEADER;
    if (!known || out->parts == 0 || out->parts > SLOT_PARTS_MAX || out->part >= out->parts ||
        (out->parts > 1 && out->type != SLOT_CERT) || out->durable_seq >= out->seq ||
        !all_zero(bytes + SLOT_HEAD + bytes[27], SLOT_PAYLOAD_MAX - bytes[27]))
        return ZYD_E_MALFORMED;
    return ZYD_OK;
}

uint32_t zyd_segment_header_encode(uint8_t out[SLOT_SIZE], const struct segment_header *h)
{
    uint8_t payload[54];
    memcpy(payload, magic, 8);
    zyd_put16(payload + 8, SLOTS_VERSION);
    memcpy(payload + 10, h->chain_id.b, 32);
    zyd_put32(payload + 42, h->number);
    zyd_put64(payload + 46, h->floor);
    /* Its sequence number is that of the first record; it takes none itself. */
    struct slot s = {.prev_crc = h->prev_crc,
                     .seq = h->first_seq,
                     .durable_seq = h->first_seq - 1,
                     .type = SLOT_HEADER,
                     .parts = 1,
                     .payload = zyd_span(payload, sizeof payload)};
    return zyd_slot_encode(out, &s);
}

enum zyd_status zyd_segment_header_decode(struct segment_header *out, const uint8_t bytes[SLOT_SIZE])
{
    struct slot s;
    enum zyd_status st = zyd_slot_decode(&s, bytes);
    if (st != ZYD_OK)
        return st;
    if (s.type != SLOT_HEADER || s.payload.size != 54 || s.seq == 0 || s.durable_seq != s.seq - 1 ||
        memcmp(s.payload.data, magic, 8) != 0 || zyd_get16(s.payload.data + 8) != SLOTS_VERSION)
        return ZYD_E_MALFORMED;
    *out = (struct segment_header){.number = zyd_get32(s.payload.data + 42),
                                   .floor = zyd_get64(s.payload.data + 46),
                                   .first_seq = s.seq,
                                   .crc = s.crc,
                                   .prev_crc = s.prev_crc};
    memcpy(out->chain_id.b, s.payload.data + 10, 32);
    return ZYD_OK;
}

/* Is there, behind the first bad slot, a good one written when the bad one was already durable? */
static bool durable_later(const uint8_t *bytes, const struct segment_header *h, uint32_t bad)
{
    uint64_t bad_seq = h->first_seq + bad - 1;
    for (uint32_t i = bad + 1; i < SLOT_COUNT; i++) {
        const uint8_t *p = bytes + (size_t)i * SLOT_SIZE;
        struct slot s;
        if (zyd_get64(p + 8) == h->first_seq + i - 1 && zyd_slot_decode(&s, p) == ZYD_OK && s.type != SLOT_HEADER &&
            s.durable_seq >= bad_seq)
            return true;
    }
    return false;
}

enum zyd_status zyd_segment_scan(struct segment_scan *out, const uint8_t *bytes, const struct segment_header *h, bool last,
                                 enum zyd_status (*each)(void *ctx, enum slot_type type, struct zyd_span payload),
                                 void *ctx)
{
    uint8_t record[RECORD_SIZE_MAX];
    size_t size = 0;
    uint32_t crc = h->crc, i = 1;
    uint8_t open_parts = 0, next_part = 0; /* of the record being put together */
    *out = (struct segment_scan){.used = 1, .last_seq = h->first_seq - 1, .last_crc = h->crc};
    for (; i < SLOT_COUNT; i++) {
        struct slot s;
        const uint8_t *p = bytes + (size_t)i * SLOT_SIZE;
        if (zyd_slot_decode(&s, p) != ZYD_OK || s.type == SLOT_HEADER || s.prev_crc != crc ||
            s.seq != h->first_seq + i - 1 || s.part != next_part ||
            (s.part > 0 && s.parts != open_parts))
            break;
        crc = s.crc;
        if (s.part == 0)
            size = 0;
        memcpy(record + size, s.payload.data, s.payload.size);
        size += s.payload.size;
        open_parts = s.parts;
        next_part = (uint8_t)(s.part + 1);
        if (next_part < s.parts)
            continue;
        next_part = 0;
        out->used = i + 1;
        out->last_seq = s.seq;
        out->last_crc = s.crc;
        if (each != NULL) {
            enum zyd_status st = each(ctx, (enum slot_type)s.type, zyd_span(record, size));
            if (st != ZYD_OK)
                return st;
        }
    }
    out->torn = !all_zero(bytes + (size_t)out->used * SLOT_SIZE, SEGMENT_SIZE - (size_t)out->used * SLOT_SIZE);
    if (!out->torn)
        return ZYD_OK;
    if (!last || durable_later(bytes, h, out->used))
        return ZYD_E_DAMAGED;
    return ZYD_OK;
}
