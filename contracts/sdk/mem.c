/* mem.c: what the compiler may call behind a contract's back: memory functions and 128-bit
 * division.
 *
 * Linked into every plugin and run by the machine, so each instruction is fuel: copies go by 8
 * bytes.  The machine allows misaligned loads and stores (contracts/vm/SPEC.md 2); C does not, and
 * the compiler would split them into bytes, hence the two lines of assembly.  Guest code only; a
 * native build of a contract takes these from libc. */
#include <stddef.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 i128;

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
u128 __udivti3(u128 a, u128 b);
u128 __umodti3(u128 a, u128 b);
i128 __divti3(i128 a, i128 b);
i128 __modti3(i128 a, i128 b);

struct bytes8 {
    uint8_t b[8];
};
/* `offset` is a constant, so that it goes into the instruction. */
#define LOAD(v, p, offset)                                                                         \
    __asm__("ld %0, %1(%2)"                                                                        \
            : "=r"(v)                                                                              \
            : "i"(offset), "r"(p), "m"(*(const struct bytes8 *)((p) + (offset))))
#define STORE(p, offset, v)                                                                        \
    __asm__("sd %1, %2(%3)"                                                                        \
            : "=m"(*(struct bytes8 *)((p) + (offset)))                                             \
            : "r"(v), "i"(offset), "r"(p))

static inline uint64_t load(const uint8_t *p)
{
    uint64_t v;
    LOAD(v, p, 0);
    return v;
}

/* The last 8 bytes are read first and written last, over what the loop wrote: no loop over the odd
 * bytes, and right also when the two overlap. */
static void copy_up(uint8_t *d, const uint8_t *s, size_t size)
{
    if (size < 8) {
        for (; size != 0; size--) {
            *d++ = *s++;
        }
        return;
    }
    uint64_t tail = load(s + size - 8);
    uint8_t *end = d + size;
    for (; size >= 32; d += 32, s += 32, size -= 32) {
        uint64_t a, b, c, e;
        LOAD(a, s, 0);
        LOAD(b, s, 8);
        LOAD(c, s, 16);
        LOAD(e, s, 24);
        STORE(d, 0, a);
        STORE(d, 8, b);
        STORE(d, 16, c);
        STORE(d, 24, e);
    }
    for (; size > 8; d += 8, s += 8, size -= 8) {
        uint64_t a = load(s);
        STORE(d, 0, a);
    }
    STORE(end, -8, tail);
}

static void copy_down(uint8_t *d, const uint8_t *s, size_t size)
{
    if (size < 8) {
        while (size-- != 0) {
            d[size] = s[size];
        }
        return;
    }
    uint64_t head = load(s);
    uint8_t *start = d;
    d += size;
    s += size;
    for (; size > 8; size -= 8) {
        uint64_t a;
        LOAD(a, s, -8);
        STORE(d, -8, a);
        d -= 8;
        s -= 8;
    }
    STORE(start, 0, head);
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    copy_up(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from < size) {
        copy_down(to, from, size);
    } else {
        copy_up(to, from, size);
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    uint8_t *d = to;
    uint64_t v = (uint64_t)(uint8_t)byte * UINT64_C(0x0101010101010101);
    if (size < 8) {
        for (; size != 0; size--) {
            *d++ = (uint8_t)v;
        }
        return to;
    }
    uint8_t *end = d + size;
    for (; size >= 32; d += 32, size -= 32) {
        STORE(d, 0, v);
        STORE(d, 8, v);
        STORE(d, 16, v);
        STORE(d, 24, v);
    }
    for (; size > 8; d += 8, size -= 8) {
        STORE(d, 0, v);
    }
    STORE(end, -8, v);
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *p = a;
    const uint8_t *q = b;
    for (; size >= 8 && load(p) == load(q); size -= 8) {
        p += 8;
        q += 8;
    }
    for (; size != 0; size--, p++, q++) {
        if (*p != *q) {
            return (int)*p - (int)*q;
        }
    }
    return 0;
}

size_t strlen(const char *s)
{
    const char *p = s;
    while (*p != 0) {
        p++;
    }
    return (size_t)(p - s);
}

static unsigned leading_zeros(uint64_t v) /* v is not 0 */
{
    unsigned n = 0;
    for (unsigned step = 32; step != 0; step /= 2) {
        if (v >> (64 - step) == 0) {
            n += step;
            v <<= step;
        }
    }
    return n;
}

/* (high, low) / b with high < b, so that the quotient fits: Knuth's algorithm D in base 2^32, two
 * digits (TAOCP 2, 4.3.1). */
static uint64_t divide_2_by_1(uint64_t *rest, uint64_t high, uint64_t low, uint64_t b)
{
    unsigned shift = leading_zeros(b);
    b <<= shift;
    if (shift != 0) {
        high = high << shift | low >> (64 - shift);
        low <<= shift;
    }
    uint64_t b1 = b >> 32, b0 = (uint32_t)b;
    uint64_t digits[2] = {low >> 32, (uint32_t)low};
    uint64_t quotient = 0;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t q = high / b1, r = high % b1;
        while (q >> 32 != 0 || q * b0 > (r << 32 | digits[i])) {
            q--;
            r += b1;
            if (r >> 32 != 0) {
                break;
            }
        }
        high = (high << 32 | digits[i]) - q * b;
        quotient = quotient << 32 | q;
    }
    *rest = high >> shift;
    return quotient;
}

static u128 divide(u128 *rest, u128 a, u128 b)
{
    uint64_t ah = (uint64_t)(a >> 64), al = (uint64_t)a;
    uint64_t bh = (uint64_t)(b >> 64), bl = (uint64_t)b;
    if (b == 0) { /* C leaves it undefined; the machine's own answer to a division by zero */
        *rest = a;
        return ~(u128)0;
    }
    if (bh == 0) {
        uint64_t r = 0;
        uint64_t qh = ah / bl;
        uint64_t ql = ah % bl == 0 ? al / bl : divide_2_by_1(&r, ah % bl, al, bl);
        *rest = ah % bl == 0 ? al % bl : r;
        return (u128)qh << 64 | ql;
    }
    /* The quotient is below 2^64: guess it with b's highest 64 bits (Hacker's Delight 9-5), at most
     * one too high. */
    unsigned shift = leading_zeros(bh);
    uint64_t b1 = (uint64_t)((b << shift) >> 64);
    u128 half = a >> 1;
    uint64_t r;
    uint64_t q = divide_2_by_1(&r, (uint64_t)(half >> 64), (uint64_t)half, b1);
    q = q >> (63 - shift);
    if (q != 0) {
        q--;
    }
    *rest = a - b * q;
    if (*rest >= b) {
        *rest -= b;
        q++;
    }
    return q;
}

u128 __udivti3(u128 a, u128 b)
{
    u128 rest;
    return divide(&rest, a, b);
}

u128 __umodti3(u128 a, u128 b)
{
    u128 rest;
    divide(&rest, a, b);
    return rest;
}

static u128 magnitude(i128 v)
{
    return v < 0 ? 0 - (u128)v : (u128)v;
}

i128 __divti3(i128 a, i128 b)
{
    u128 q = __udivti3(magnitude(a), magnitude(b));
    return (i128)((a < 0) != (b < 0) ? 0 - q : q);
}

i128 __modti3(i128 a, i128 b)
{
    u128 r = __umodti3(magnitude(a), magnitude(b));
    return (i128)(a < 0 ? 0 - r : r);
}
