#include "world.h"

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void prng_seed(struct prng *p, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed ^ (stream * UINT64_C(0xd1342543de82ef95));
    for (int i = 0; i < 4; i++) {
        p->s[i] = splitmix(&x);
    }
}

uint64_t prng_next(struct prng *p)
{
    uint64_t *s = p->s;
    uint64_t five = s[1] * 5, r = (five << 7 | five >> 57) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return r;
}

uint64_t prng_below(struct prng *p, uint64_t n)
{
    return n == 0 ? 0 : prng_next(p) % n;
}

int64_t prng_between(struct prng *p, int64_t lo, int64_t hi)
{
    return lo + (int64_t)prng_below(p, (uint64_t)(hi - lo) + 1);
}

bool prng_ppm(struct prng *p, uint32_t ppm)
{
    return prng_below(p, 1000000) < ppm;
}
