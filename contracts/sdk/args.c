/* args.c: reading a call's arguments and parameters, for every contract.
 *
 * The host checked already that the bytes are canonical MessagePack; a value of another kind or out of range is the caller's
 * mistake: it ends the call with 9104, so a contract reads straight on and never looks back. */
#include <zyd/contract.h>

#define RANGE 9104u

static struct ct_rd part(const struct ct_call *call, uint32_t offset, uint32_t size)
{
    const uint8_t *start = (const uint8_t *)call + offset;
    return (struct ct_rd){start, start + size};
}

struct ct_rd ct_args(const struct ct_call *call)
{
    return part(call, call->args_offset, call->args_size);
}

struct ct_rd ct_params_rd(const struct ct_call *call)
{
    return part(call, call->params_offset, call->params_size);
}

static const uint8_t *take(struct ct_rd *rd, uint64_t size)
{
    const uint8_t *p = rd->p;
    if ((uint64_t)(rd->end - p) < size) {
        ct_fail(RANGE);
    }
    rd->p += size;
    return p;
}

static uint64_t big_endian(struct ct_rd *rd, uint32_t bytes)
{
    const uint8_t *p = take(rd, bytes);
    uint64_t v = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

uint32_t ct_rd_array(struct ct_rd *rd)
{
    uint8_t tag = *take(rd, 1);
    if (tag >= 0x90 && tag <= 0x9f) {
        return tag & 15u;
    }
    if (tag != 0xdc) {
        ct_fail(RANGE);
    }
    return (uint32_t)big_endian(rd, 2);
}

uint64_t ct_rd_u64(struct ct_rd *rd, uint64_t max)
{
    uint8_t tag = *take(rd, 1);
    uint64_t v = tag;
    if (tag >= 0xcc && tag <= 0xcf) {
        v = big_endian(rd, UINT32_C(1) << (tag - 0xcc));
    } else if (tag > 0x7f) {
        ct_fail(RANGE);
    }
    if (v > max) {
        ct_fail(RANGE);
    }
    return v;
}

int64_t ct_rd_i64(struct ct_rd *rd, int64_t min, int64_t max)
{
    uint8_t tag = *take(rd, 1);
    int64_t v = tag;
    if (tag >= 0xe0) {
        v = (int64_t)tag - 256;
    } else if (tag >= 0xd0 && tag <= 0xd3) {
        uint32_t bits = 8u << (tag - 0xd0);
        uint64_t raw = big_endian(rd, bits / 8) << (64 - bits);
        v = (int64_t)raw >> (64 - bits);
    } else if (tag >= 0xcc && tag <= 0xcf) {
        uint64_t u = big_endian(rd, UINT32_C(1) << (tag - 0xcc));
        if (u > INT64_MAX) {
            ct_fail(RANGE);
        }
        v = (int64_t)u;
    } else if (tag > 0x7f) {
        ct_fail(RANGE);
    }
    if (v < min || v > max) {
        ct_fail(RANGE);
    }
    return v;
}

bool ct_rd_nil(struct ct_rd *rd)
{
    if (rd->p == rd->end || *rd->p != 0xc0) {
        return false;
    }
    rd->p++;
    return true;
}

const uint8_t *ct_rd_bin(struct ct_rd *rd, uint32_t *size, uint32_t max)
{
    uint8_t tag = *take(rd, 1);
    if (tag >= 0xa0 && tag <= 0xbf) {
        *size = tag & 31u;
    } else if (tag == 0xc4 || tag == 0xd9) {
        *size = (uint32_t)big_endian(rd, 1);
    } else if (tag == 0xc5 || tag == 0xda) {
        *size = (uint32_t)big_endian(rd, 2);
    } else {
        ct_fail(RANGE);
    }
    if (*size > max) {
        ct_fail(RANGE);
    }
    return take(rd, *size);
}

const uint8_t *ct_rd_id(struct ct_rd *rd)
{
    if (*take(rd, 1) != 0xc4 || *take(rd, 1) != CT_ID_SIZE) {
        ct_fail(RANGE);
    }
    return take(rd, CT_ID_SIZE);
}

void ct_rd_end(const struct ct_rd *rd)
{
    if (rd->p != rd->end) {
        ct_fail(RANGE);
    }
}
