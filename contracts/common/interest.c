/* interest.c: roundings, interest and fees by fen-days, rounded once, and settlement dates (domain.md 3.0.2, 3.0.4). */
#include <zyd/common.h>

int64_t cc_round(ct_u128 n, ct_u128 m, ct_u128 d, enum ct_mode mode)
{
    uint64_t p;
    ct_u128 out;
    /* 64 bits where they are enough: the answer is the same and the fuel a tenth */
    if (n >> 64 == 0 && m >> 64 == 0 && d != 0 && d < (ct_u128)1 << 62 &&
        !__builtin_mul_overflow((uint64_t)n, (uint64_t)m, &p) && p < (uint64_t)1 << 62) {
        uint64_t e = (uint64_t)d;
        out = mode == CT_HALF_UP ? (2 * p + e) / (2 * e) : p / e + (mode == CT_CEIL && p % e != 0);
    } else {
        ct_muldiv(&out, n, m, d, mode);
    }
    if (out > (ct_u128)CC_FEN_MAX) {
        ct_fail(CC_RANGE);
    }
    return (int64_t)out;
}

int64_t cc_interest(uint64_t days_lo, uint64_t days_hi, uint32_t rate_ppm, uint32_t basis)
{
    return cc_half_up((ct_u128)days_hi << 64 | days_lo, rate_ppm, (uint64_t)CC_PPM * basis);
}

int64_t cc_fee(int64_t amount, uint32_t fee_ppm, uint32_t days, uint32_t basis)
{
    return cc_half_up((uint64_t)amount, (uint64_t)fee_ppm * days, (uint64_t)CC_PPM * basis);
}

int64_t cc_fee_of_part(int64_t amount, uint64_t num, uint64_t den, uint32_t fee_ppm, uint32_t days, uint32_t basis)
{
    return cc_half_up((ct_u128)(uint64_t)amount * num, (uint64_t)fee_ppm * days, (ct_u128)den * ((uint64_t)CC_PPM * basis));
}

int32_t cc_settlement_after(int32_t date, uint32_t day, uint32_t months)
{
    int32_t year = date / 10000, month = date / 100 % 100;
    bool passed = date % 100 >= (int32_t)day;
    for (;;) {
        if (!passed && months >> (month - 1) & 1) {
            return year * 10000 + month * 100 + (int32_t)day;
        }
        passed = false;
        if (++month > 12) {
            month = 1;
            year++;
        }
    }
}

void cc_add_days(uint64_t *lo, uint64_t *hi, int64_t amount, uint32_t days)
{
    ct_u128 sum = ((ct_u128)*hi << 64 | *lo) + (ct_u128)(uint64_t)amount * days;
    *lo = (uint64_t)sum;
    *hi = (uint64_t)(sum >> 64);
}
