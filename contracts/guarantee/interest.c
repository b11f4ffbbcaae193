/* interest.c: interest and fees by fen-days, rounded once (domain.md 3.0.2, 3.0.4, ruling 3), and settlement dates. */
#include "guarantee.h"

/* HALF_UP(n * m / d), by 64 bits where they are enough: the answer is the same and the fuel a tenth. */
static int64_t half_up(ct_u128 n, ct_u128 m, ct_u128 d)
{
    uint64_t p;
    ct_u128 out;
    if (n >> 64 == 0 && m >> 64 == 0 && d < (ct_u128)1 << 62 &&
        !__builtin_mul_overflow((uint64_t)n, (uint64_t)m, &p) && p < (uint64_t)1 << 62) {
        return (int64_t)((2 * p + (uint64_t)d) / (2 * (uint64_t)d));
    }
    ct_muldiv(&out, n, m, d, CT_HALF_UP);
    if (out > (ct_u128)FEN_MAX) {
        ct_fail(E_RANGE);
    }
    return (int64_t)out;
}

int64_t interest(uint64_t days_lo, uint64_t days_hi, uint32_t rate_ppm, uint32_t basis)
{
    return half_up((ct_u128)days_hi << 64 | days_lo, rate_ppm, (uint64_t)PPM * basis);
}

int64_t fee(int64_t amount, uint32_t fee_ppm, uint32_t days, uint32_t basis)
{
    return half_up((uint64_t)amount, (uint64_t)fee_ppm * days, (uint64_t)PPM * basis);
}

int64_t refee(int64_t amount, uint64_t num, uint64_t den, uint32_t fee_ppm, uint32_t days, uint32_t basis)
{
    return half_up((ct_u128)(uint64_t)amount * num, (uint64_t)fee_ppm * days, (ct_u128)den * ((uint64_t)PPM * basis));
}

int32_t settlement_after(int32_t date, uint32_t day, uint32_t months)
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

void add_days(uint64_t *lo, uint64_t *hi, int64_t amount, uint32_t days)
{
    ct_u128 sum = ((ct_u128)*hi << 64 | *lo) + (ct_u128)(uint64_t)amount * days;
    *lo = (uint64_t)sum;
    *hi = (uint64_t)(sum >> 64);
}
