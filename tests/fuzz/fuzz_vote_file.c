/* A vote file segment from arbitrary slots.  Input: slot numbers and bytes that are laid over a good segment; checksums are
 * made right again where the input asks for it, so that the code behind them is reached. */
#include <zyd/crypto.h>
#include <zyd/ledger.h>

#include "node/io/store/slots.h"

static uint8_t segment[SEGMENT_SIZE];

static enum zyd_status each(void *ctx, enum slot_type type, struct zyd_span payload)
{
    size_t *total = ctx;
    zyd_assert(type != SLOT_HEADER && payload.size <= RECORD_SIZE_MAX);
    *total += payload.size;
    if (type == SLOT_VOTE) {
        struct zyd_vote v;
        (void)!zyd_vote_decode(&v, payload);
    } else if (type == SLOT_CERT) {
        static struct zyd_cert c;
        struct zyd_rd rd = zyd_rd_of(payload);
        zyd_cert_read(&rd, &c);
    }
    return ZYD_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct segment_header h = {.number = 1, .first_seq = 1};
    struct segment_scan scan;
    uint32_t crc = zyd_segment_header_encode(segment, &h), used = 1;
    size_t total = 0;
    memset(segment + SLOT_SIZE, 0, 64 * SLOT_SIZE);
    /* Each instruction: flags, then a slot's 256 bytes or what is left. */
    while (size > 1 && used < 64) {
        uint8_t flags = data[0];
        size_t n = size - 1 < SLOT_SIZE ? size - 1 : SLOT_SIZE;
        uint8_t *s = segment + (size_t)used * SLOT_SIZE;
        memcpy(s, data + 1, n);
        data += 1 + n;
        size -= 1 + n;
        if (flags & 1)
            zyd_put32(s + 4, crc);
        if (flags & 2)
            zyd_put64(s + 8, used);
        if (flags & 4)
            zyd_put64(s + 16, used - 1u - (flags >> 4 < used ? flags >> 4 : 0u));
        if (flags & 8)
            zyd_put32(s, zyd_crc32c(0, s + 4, SLOT_SIZE - 4));
        crc = zyd_get32(s);
        used++;
    }
    zyd_assert(zyd_segment_header_decode(&h, segment) == ZYD_OK);
    enum zyd_status st = zyd_segment_scan(&scan, segment, &h, true, each, &total);
    if (st != ZYD_OK)
        return 0;
    /* What is kept after the cut reads the same, and is whole. */
    memset(segment + (size_t)scan.used * SLOT_SIZE, 0, (size_t)(65 - scan.used) * SLOT_SIZE);
    struct segment_scan again;
    size_t total_again = 0;
    zyd_assert(zyd_segment_scan(&again, segment, &h, false, each, &total_again) == ZYD_OK);
    zyd_assert(again.used == scan.used && !again.torn && total == total_again && again.last_crc == scan.last_crc);
    return 0;
}
