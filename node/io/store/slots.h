/* slots.h: the pure half of the vote file: 256-byte slots in segments of 1 MiB (FORMATS.md "vote file").
 *
 *   segment = header slot | slot | slot | ... | zeros
 *   record  = one slot (a vote, a floor, a mark) or several (a certificate), each with a part number
 *
 * Every slot carries its own CRC32C, the CRC of the slot before it, its sequence number, and the highest sequence number that
 * was known to be durable when it was written.  So a reader can tell a torn tail (never durable, cut it off) from damage.
 */
#ifndef ZYD_SLOTS_H
#define ZYD_SLOTS_H

#include <zyd/base.h>

#define SLOT_SIZE 256u
#define SLOT_HEAD 28u
#define SLOT_PAYLOAD_MAX (SLOT_SIZE - SLOT_HEAD)
#define SLOT_COUNT 4096u /* of a segment, with its header */
#define SEGMENT_SIZE (SLOT_COUNT * SLOT_SIZE)
#define SLOT_PARTS_MAX 16u
#define RECORD_SIZE_MAX (SLOT_PARTS_MAX * SLOT_PAYLOAD_MAX)
#define SLOTS_VERSION 1u

enum slot_type { /* fixed numbers */
    SLOT_VOTE = 1,
    SLOT_CERT = 2,
    SLOT_FLOOR = 3,
    SLOT_MARK = 4,  /* opened or closed: only tells what is durable */
    SLOT_HEADER = 16
};
struct slot {
    uint32_t crc, prev_crc;
    uint64_t seq, durable_seq;
    uint8_t type, part, parts;
    struct zyd_span payload;
};
struct segment_header {
    struct zyd_hash chain_id;
    uint32_t number;
    uint64_t floor, first_seq;
    uint32_t crc, prev_crc;
};

/* Writes one slot and returns its CRC. */
uint32_t zyd_slot_encode(uint8_t out[SLOT_SIZE], const struct slot *s);
/* ZYD_OK, or ZYD_E_MALFORMED: checksum, type, part or padding wrong.  payload points into bytes. */
enum zyd_status zyd_slot_decode(struct slot *out, const uint8_t bytes[SLOT_SIZE]);
uint32_t zyd_segment_header_encode(uint8_t out[SLOT_SIZE], const struct segment_header *h);
enum zyd_status zyd_segment_header_decode(struct segment_header *out, const uint8_t bytes[SLOT_SIZE]);

/* What a segment's bytes hold. */
struct segment_scan {
    uint32_t used;     /* slots that hold whole good records, header included */
    bool torn;         /* something follows them that must be cut off */
    uint64_t last_seq; /* of the last used slot */
    uint32_t last_crc;
};
/* bytes: SEGMENT_SIZE.  last: the newest segment, whose tail may be torn; in an older one only zeros may follow the records.
 * each (may be NULL) gets every whole record in order; its payload is dead afterwards.
 * ZYD_OK, or ZYD_E_DAMAGED: a record that was durable is gone. */
enum zyd_status zyd_segment_scan(struct segment_scan *out, const uint8_t *bytes, const struct segment_header *h, bool last,
                                 enum zyd_status (*each)(void *ctx, enum slot_type type, struct zyd_span payload),
                                 void *ctx);
#endif
