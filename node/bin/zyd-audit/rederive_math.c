/* rederive_math.c: the arithmetic of domain.md 3.0.2 to 3.0.4 once more, straight from the page: whole numbers of 128 bits, ALLOC by
 * sorting.  It shares nothing with contracts/common. */
#include "rederive.h"
#include <stdlib.h>

int64_t re_divide(zyd_u128 n, zyd_u128 d, enum re_round how)
{
    zyd_u128 q = n / d, r = n % d;
    q += how == RE_HALF_UP && r >= d - r;
    return q > (zyd_u128)INT64_MAX ? INT64_MAX : (int64_t)q;
}

int64_t re_ppm(int64_t amount, uint64_t ppm, enum re_round how)
{
    return re_divide((zyd_u128)(uint64_t)amount * ppm, RE_PPM, how);
}

int64_t re_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t re_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int32_t re_days(int32_t from, int32_t to)
{
    return to > from ? zyd_days_between(from, to) : 0;
}

int64_t re_yearly(int64_t amount, uint64_t ppm, int32_t days, uint32_t basis)
{
    return re_divide((zyd_u128)(uint64_t)amount * ppm * (uint64_t)(uint32_t)days, (zyd_u128)RE_PPM * basis, RE_HALF_UP);
}

int32_t re_settlement_after(int32_t date, uint32_t day, uint32_t months)
{
    for (int32_t m = date / 10000 * 12 + date / 100 % 100 - 1, n = 0; n < 14; m++, n++) {
        int32_t on = m / 12 * 10000 + (m % 12 + 1) * 100 + (int32_t)day;
        if ((months >> (m % 12) & 1) != 0 && on > date) {
            return on;
        }
    }
    return 99991231; /* no month is set: never */
}

struct part {
    size_t index;
    zyd_u128 rest;
};
static int by_rest(const void *a, const void *b)
{
    const struct part *p = a, *q = b;
    if (p->rest != q->rest) {
        return p->rest > q->rest ? -1 : 1;
    }
    return p->index < q->index ? -1 : p->index > q->index;
}

bool re_alloc(int64_t *inc, const int64_t *memory, int64_t total, const int64_t *weights, size_t count)
{
    struct part parts[RE_PARTS];
    zyd_u128 sum = 0;
    zyd_i128 before = 0;
    int64_t left = total;
    if (count > RE_PARTS) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        sum += (uint64_t)weights[i];
        before += memory == NULL ? 0 : memory[i];
    }
    if (sum == 0 || before > total) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        zyd_u128 n = (zyd_u128)(uint64_t)total * (uint64_t)weights[i];
        inc[i] = (int64_t)(n / sum);
        left -= inc[i];
        parts[i] = (struct part){i, n % sum};
    }
    qsort(parts, count, sizeof *parts, by_rest);
    for (size_t i = 0; i < count && left > 0; i++, left--) {
        inc[parts[i].index]++;
    }
    for (size_t i = 0; i < count && memory != NULL; i++) {
        inc[i] -= memory[i];
    }
    for (size_t i = 0; i < count; i++) { /* E6b: who has the smallest remainder gives, the highest index first */
        for (size_t k = count; inc[i] < 0 && k-- > 0;) {
            size_t j = parts[k].index;
            int64_t move = re_min(-inc[i], re_max(inc[j], 0));
            inc[i] += move;
            inc[j] -= move;
        }
    }
    return true;
}

/* ---- memory ---- */

void *re_new(size_t size)
{
    void *p = calloc(1, size);
    zyd_assert(p != NULL);
    return p;
}

void *re_append(void **array, size_t *count, size_t size)
{
    if ((*count & (*count - 1)) == 0) { /* full at every power of two */
        *array = realloc(*array, (*count == 0 ? 1 : *count * 2) * size);
        zyd_assert(*array != NULL);
    }
    uint8_t *at = (uint8_t *)*array + (*count)++ * size;
    memset(at, 0, size);
    return at;
}
