/* guarantee_view.c: the records of the guarantee contract read back. */
#include <zyd/guarantee_schema.h>

#include "product_impl.h"

/* Of one drawdown, so that their sum fits.  Interest may pass the greatest amount (thirty years of it), never this. */
#define PART_MAX (INT64_MAX / ZYD_GUARANTEE_DRAWDOWNS_MAX)

/* Records are the VM's memory, so little-endian; this copies them as they are. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are read in place: give this file a decoder first");

enum zyd_status zyd_guarantee_object_read(struct zyd_guarantee_view *out, struct zyd_span value)
{
    memset(out, 0, sizeof *out);
    if (value.size > 0 && value.data[0] != ZYD_GUARANTEE_KIND_CONTRACT) {
        return ZYD_E_INVALID;
    }
    if (value.size < sizeof out->head) {
        return ZYD_E_MALFORMED;
    }
    memcpy(&out->head, value.data, sizeof out->head);
    size_t count = out->head.drawdown_count;
    if (count > ZYD_GUARANTEE_DRAWDOWNS_MAX || value.size != sizeof out->head + count * sizeof out->drawdowns[0]) {
        return ZYD_E_MALFORMED;
    }
    memcpy(out->drawdowns, value.data + sizeof out->head, count * sizeof out->drawdowns[0]);
    for (size_t i = 0; i < count; i++) {
        const struct zyd_guarantee_drawdown *d = &out->drawdowns[i];
        if (d->interest < 0 || d->interest > PART_MAX || d->fee < 0 || d->fee > PART_MAX) {
            return ZYD_E_MALFORMED; /* no contract of ours wrote this */
        }
        out->interest += d->interest;
        out->fee += d->fee;
    }
    return ZYD_OK;
}

enum zyd_status zyd_guarantee_claim_read(struct zyd_guarantee_claim_view *out, struct zyd_span value)
{
    memset(out, 0, sizeof *out);
    if (value.size < sizeof out->head) {
        return ZYD_E_MALFORMED;
    }
    memcpy(&out->head, value.data, sizeof out->head);
    size_t count = out->head.party_count;
    if (count > ZYD_GUARANTEE_LEAVES_MAX + 1 || value.size != sizeof out->head + count * sizeof out->parties[0]) {
        return ZYD_E_MALFORMED;
    }
    memcpy(out->parties, value.data + sizeof out->head, count * sizeof out->parties[0]);
    return ZYD_OK;
}

enum zyd_status zyd_guarantee_breaker_read(struct zyd_guarantee_breaker *out, struct zyd_span value)
{
    memset(out, 0, sizeof *out);
    if (value.size != sizeof *out) {
        return ZYD_E_MALFORMED;
    }
    memcpy(out, value.data, sizeof *out);
    return ZYD_OK;
}

size_t zyd_guarantee_claim_key(uint8_t out[64], const struct zyd_hash *object)
{
    out[0] = ZYD_GUARANTEE_KEY_CLAIM;
    memcpy(out + 1, object->b, 32);
    return 33;
}

size_t zyd_guarantee_breaker_key(uint8_t out[64], uint16_t programme)
{
    memset(out, 0, 32);
    memcpy(out, ZYD_GUARANTEE_KEY_BREAKER, sizeof ZYD_GUARANTEE_KEY_BREAKER - 1);
    out[30] = (uint8_t)(programme >> 8);
    out[31] = (uint8_t)programme;
    return 32;
}

size_t zyd_guarantee_household_key(uint8_t out[64], uint8_t class_, const uint8_t borrower[32])
{
    out[0] = ZYD_GUARANTEE_KEY_HOUSEHOLD;
    out[1] = class_;
    memcpy(out + 2, borrower, 32);
    return 34;
}

void zyd_guarantee_borrower_text(char out[19], uint32_t kind, const uint8_t borrower[32])
{
    if (kind == ZYD_GUARANTEE_FIRM) {
        memcpy(out, borrower, 18);
        out[18] = 0;
    } else {
        zyd_schema_hex(out, borrower, 8);
    }
}
