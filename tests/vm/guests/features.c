/* features.c: what contracts use of C, one function each, chosen by input[0].  test_vm.c includes
 * this file to run the same source natively and compares the values.  From 100 on: ways to
 * misbehave, for the machine only. */
#include <stddef.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 f_u128;
__extension__ typedef __int128 f_i128;

int64_t contract_call(const uint8_t *input, uint64_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);

#define NOINLINE __attribute__((noinline))

static uint64_t f_mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

/* The n-th 64-bit number of the input, from byte 1 on, wrapping around. */
static uint64_t f_number(const uint8_t *input, uint64_t size, uint64_t n)
{
    uint64_t v = 0;
    for (uint64_t i = 0; i < 8; i++) {
        v = v << 8 | input[1 + (n * 8 + i) % (size - 1)];
    }
    return v;
}

static uint64_t f_div128(const uint8_t *input, uint64_t size)
{
    uint64_t h = 0;
    for (uint64_t i = 0; i < 40; i++) {
        f_u128 a = (f_u128)f_number(input, size, i) << 64 | f_number(input, size, i + 1);
        f_u128 b = (f_u128)f_number(input, size, i + 2) << 64 | f_number(input, size, i + 3);
        a >>= i * 3 % 128;
        b >>= i * 7 % 128;
        if (b == 0) {
            b = 1;
        }
        h = f_mix(h, (uint64_t)(a / b));
        h = f_mix(h, (uint64_t)((a / b) >> 64));
        h = f_mix(h, (uint64_t)(a % b));
        h = f_mix(h, (uint64_t)((a % b) >> 64));
        f_i128 c = (f_i128)a >> 1, d = (f_i128)(b >> 1) + 1;
        h = f_mix(h, (uint64_t)(-c / d));
        h = f_mix(h, (uint64_t)(c % -d));
        h = f_mix(h, (uint64_t)(-c % -d));
    }
    return h;
}

static uint64_t f_memory(const uint8_t *input, uint64_t size)
{
    uint8_t buffer[700];
    uint64_t h = 0;
    for (unsigned i = 0; i < sizeof buffer; i++) {
        buffer[i] = (uint8_t)(input[1 + i % (size - 1)] + i);
    }
    for (uint64_t i = 0; i < 120; i++) {
        uint64_t r = f_mix(i, f_number(input, size, i));
        size_t n = r % 100, to = (r >> 8) % 300, from = (r >> 24) % 300;
        switch (i % 4) {
        case 0:
            memcpy(buffer + to, buffer + 400 + from % 200, n);
            break;
        case 1:
            memmove(buffer + to, buffer + from % 40 + (to < 20 ? 0 : to - 20), n);
            break;
        case 2:
            memset(buffer + to, (int)(r >> 40 & 255), n);
            break;
        default:
            h = f_mix(h, memcmp(buffer + to, buffer + from, n) > 0);
            h = f_mix(h, memcmp(buffer + to, buffer + from, n) < 0);
            h = f_mix(h, memcmp(buffer + to, buffer + to, n) == 0);
            break;
        }
        for (unsigned k = 0; k < sizeof buffer; k += 3) {
            h = f_mix(h, buffer[k]);
        }
    }
    return h;
}

struct f_node {
    int32_t left, right;
    int64_t key;
};

static NOINLINE void f_insert(struct f_node *t, int32_t *count, int64_t key)
{
    int32_t *at = &t[0].left;
    while (*at != 0) {
        at = key < t[*at].key ? &t[*at].left : &t[*at].right;
    }
    *at = ++*count;
    t[*count] = (struct f_node){0, 0, key};
}

static uint64_t f_walk(const struct f_node *t, int32_t n, uint64_t h)
{
    return n == 0 ? h : f_walk(t, t[n].right, f_mix(f_walk(t, t[n].left, h), (uint64_t)t[n].key));
}

static uint64_t f_tree(const uint8_t *input, uint64_t size)
{
    struct f_node t[200] = {{0, 0, 0}};
    int32_t count = 0;
    for (uint64_t i = 0; i < 150; i++) {
        f_insert(t, &count, (int64_t)f_mix(i, f_number(input, size, i)) >> (i % 50));
    }
    return f_walk(t, t[0].left, 0);
}

static int64_t f_add(int64_t a)
{
    return a + 1;
}
static int64_t f_halve(int64_t a)
{
    return a / 2;
}
static int64_t f_negate(int64_t a)
{
    return -(a >> 1);
}
static int64_t f_third(int64_t a)
{
    return a % 3 * 1000 + a / 3;
}

static uint64_t f_tables(const uint8_t *input, uint64_t size)
{
    static int64_t (*const steps[4])(int64_t) = {f_add, f_halve, f_negate, f_third};
    static const char *const names[5] = {"APPLY", "ISSUE", "DISBURSE", "CLAIM", "RELEASE"};
    int64_t v = (int64_t)f_number(input, size, 0);
    uint64_t h = 0;
    for (uint64_t i = 0; i < 300; i++) {
        v = steps[(v >> 3 ^ input[1 + i % (size - 1)]) & 3](v);
        const char *name = names[(uint64_t)v % 5];
        h = f_mix(h, strlen(name) + (uint64_t)(uint8_t)name[1]);
        switch ((uint64_t)v % 9) {
        case 0:
            v ^= 0x55;
            break;
        case 1:
            v += (int64_t)i;
            break;
        case 2:
            h ^= 3;
            break;
        case 3:
            v = (int64_t)((uint64_t)v * 77);
            break;
        case 4:
            v >>= 2;
            break;
        case 5:
            h = h << 3 | h >> 61;
            break;
        case 6:
            v = (int32_t)v;
            break;
        default:
            h++;
            break;
        }
    }
    return f_mix(h, (uint64_t)v);
}

static NOINLINE int64_t f_many(int a, long b, short c, char d, int64_t e, uint8_t f, int64_t g,
                               int64_t i, int64_t j, int64_t k)
{
    return a - b * c + d - e + f * g - i + j * 3 - k;
}

static uint64_t f_calls(const uint8_t *input, uint64_t size)
{
    uint64_t h = 0;
    for (uint64_t i = 0; i < 50; i++) {
        int64_t n = (int64_t)(f_number(input, size, i) >> 40);
        h = f_mix(h, (uint64_t)f_many((int)n, n / 3, (short)(n & 99), (char)(n & 63), -n,
                                      (uint8_t)n, n % 77, n * 5, 1, n));
    }
    return h;
}

static uint64_t feature(const uint8_t *input, uint64_t size)
{
    switch (input[0]) {
    case 0:
        return f_div128(input, size);
    case 1:
        return f_memory(input, size);
    case 2:
        return f_tree(input, size);
    case 3:
        return f_tables(input, size);
    case 4:
        return f_calls(input, size);
    default:
        return 0;
    }
}

#ifdef __riscv
static NOINLINE uint64_t deeper(uint64_t n)
{
    volatile uint8_t frame[256];
    frame[0] = (uint8_t)n;
    return n == 0 ? 0 : deeper(n + 1) + frame[0];
}

static int64_t misbehave(uint8_t how)
{
    static const uint64_t constant[2] = {1, 2};
    volatile uint64_t count = 0;
    switch (how) {
    case 100: /* never ends */
        for (;;) {
            count = count + 1;
        }
    case 101: /* endless recursion */
        return (int64_t)deeper(1);
    case 102: /* null pointer */
        return *(volatile int64_t *)(uintptr_t)count;
    case 103: /* write to a constant */
        *(volatile uint64_t *)(uintptr_t)&constant[1] = 5;
        return 0;
    case 104: /* jump to data */
        return ((int64_t(*)(void))(uintptr_t)constant)();
    default:
        __builtin_trap();
    }
}

int64_t contract_call(const uint8_t *input, uint64_t size)
{
    return input[0] >= 100 ? misbehave(input[0]) : (int64_t)feature(input, size);
}
#endif
