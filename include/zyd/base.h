/* zyd/base.h: the words every room shares.
 *
 * Status codes are what C functions return.  They are not the outcome codes of operations (E1101 ...), which
 * live in zyd/catalogue.h.  An assertion is for our own bugs, is never compiled out and ends the process through
 * zyd_panic, which each program provides.  Wrong bytes from a peer, client, disk or plugin are always a status.
 */
#ifndef ZYD_BASE_H
#define ZYD_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Values are fixed: they cross the wire in QUERY replies and stand in logs.  Never renumber. */
#define ZYD_STATUS_MAP(X)                                                                          \
    X(ZYD_OK, 0, "ok")                                                                             \
    X(ZYD_E_MALFORMED, 1, "the bytes are not a valid encoding")                                    \
    X(ZYD_E_TOO_BIG, 2, "larger than the limit")                                                   \
    X(ZYD_E_FULL, 3, "a bounded table is full")                                                    \
    X(ZYD_E_BAD_SIG, 4, "a signature does not verify")                                             \
    X(ZYD_E_STORE, 5, "the store could not be read or written")                                    \
    X(ZYD_E_NOT_FOUND, 6, "not found")                                                             \
    X(ZYD_E_EXISTS, 7, "already there")                                                            \
    X(ZYD_E_INVALID, 8, "well formed, but a rule forbids it")                                      \
    X(ZYD_E_EXPIRED, 9, "its time has passed or has not come")                                     \
    X(ZYD_E_FOREIGN, 10, "belongs to another consortium, epoch or key")                            \
    X(ZYD_E_IO, 11, "an operating-system call failed")                                             \
    X(ZYD_E_DAMAGED, 12, "stored data fails its checksum or contradicts other stored data")        \
    X(ZYD_E_BUSY, 13, "not now; try again")

enum zyd_status {
#define X(name, value, text) name = value,
    ZYD_STATUS_MAP(X)
#undef X
};

/* zyd_status_text names a status in English; never NULL. */
const char *zyd_status_text(enum zyd_status status);

#if defined(__GNUC__)
#define ZYD_MUST_USE __attribute__((warn_unused_result))
#define ZYD_NORETURN __attribute__((noreturn))
#else
#define ZYD_MUST_USE
#define ZYD_NORETURN
#endif

/* Provided by every program (and by tests/lib/panic.c for tests); prints and aborts. */
ZYD_NORETURN void zyd_panic(const char *file, int line, const char *what);
#define zyd_assert(expr) ((expr) ? (void)0 : zyd_panic(__FILE__, __LINE__, #expr))

__extension__ typedef unsigned __int128 zyd_u128;
__extension__ typedef __int128 zyd_i128;

/* Bytes that somebody else owns; the function that hands one out says until when. */
struct zyd_span {
    const uint8_t *data;
    size_t size;
};
static inline struct zyd_span zyd_span(const void *data, size_t size)
{
    return (struct zyd_span){(const uint8_t *)data, size};
}

#define ZYD_HASH_SIZE 32u
struct zyd_hash {
    uint8_t b[32];
};
static inline bool zyd_hash_eq(const struct zyd_hash *a, const struct zyd_hash *b)
{
    return memcmp(a->b, b->b, 32) == 0;
}
static inline int zyd_hash_cmp(const struct zyd_hash *a, const struct zyd_hash *b)
{
    return memcmp(a->b, b->b, 32);
}
static inline bool zyd_hash_is_zero(const struct zyd_hash *a)
{
    static const struct zyd_hash zero = {{0}};
    return memcmp(a->b, zero.b, 32) == 0;
}

/* An amount in fen.  0 .. ZYD_MONEY_MAX wherever it is booked; direction is Dr or Cr, never a sign. */
struct zyd_money {
    int64_t fen;
};
#define ZYD_MONEY_MAX INT64_C(9000000000000000) /* domain.md 3.0.1 MAX_AMT */

/* Big-endian loads and stores: every fixed layout of ours is big-endian (FORMATS.md). */
static inline void zyd_put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void zyd_put32(uint8_t *p, uint32_t v)
{
    zyd_put16(p, (uint16_t)(v >> 16));
    zyd_put16(p + 2, (uint16_t)v);
}
static inline void zyd_put64(uint8_t *p, uint64_t v)
{
    zyd_put32(p, (uint32_t)(v >> 32));
    zyd_put32(p + 4, (uint32_t)v);
}
static inline uint16_t zyd_get16(const uint8_t *p)
{
    return (uint16_t)((uint32_t)p[0] << 8 | p[1]);
}
static inline uint32_t zyd_get32(const uint8_t *p)
{
    return (uint32_t)zyd_get16(p) << 16 | zyd_get16(p + 2);
}
static inline uint64_t zyd_get64(const uint8_t *p)
{
    return (uint64_t)zyd_get32(p) << 32 | zyd_get32(p + 4);
}

/* A region that only grows and is emptied at once.  Pure rooms take all their memory from such a region that
 * their caller made.  zyd_arena_take returns 16-byte aligned, zeroed memory, or NULL when the region is full. */
struct zyd_arena {
    uint8_t *base;
    size_t size;
    size_t used;
};
void zyd_arena_init(struct zyd_arena *arena, void *mem, size_t size);
void *zyd_arena_take(struct zyd_arena *arena, size_t size);
static inline void zyd_arena_reset(struct zyd_arena *arena)
{
    arena->used = 0;
}

#endif
