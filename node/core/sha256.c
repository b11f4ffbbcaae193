#include "sha256.h"
#include <sodium.h>

_Static_assert(sizeof(((crypto_hash_sha256_state *)0)->state) == 32, "libsodium's state begins with the eight words");

void sha256_blocks_plain(uint32_t state[8], const uint8_t *p, size_t count)
{
    crypto_hash_sha256_state s;
    memcpy(s.state, state, 32);
    s.count = 0;
    (void)crypto_hash_sha256_update(&s, p, 64 * count); /* whole blocks: nothing stays in its buffer */
    memcpy(state, s.state, 32);
}

/* The choice is made by the loader (ifunc): a pure room has no variable to remember it in.  Sanitizers instrument the
 * resolver, which runs before they are ready, so their builds take the plain way. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define PLAIN_ONLY
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__) || !defined(__ELF__) ||    \
    !defined(__GNUC__)
#define PLAIN_ONLY
#endif

#ifdef PLAIN_ONLY

void sha256_blocks(uint32_t state[8], const uint8_t *p, size_t count)
{
    sha256_blocks_plain(state, p, count);
}

#else

#include <cpuid.h>
#include <immintrin.h>

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))

static inline SHA_TARGET __m128i load(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

/* Four rounds with words m0; the schedule of the words that follow: m1 (next, finished here) and m3 (begun here). */
#define ROUNDS(i, m0, m1, m3, finish, begin)                                                                          \
    do {                                                                                                              \
        __m128i w = _mm_add_epi32(m0, load(&K[4 * (i)]));                                                             \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, w);                                                                  \
        if (finish) {                                                                                                 \
            m1 = _mm_sha256msg2_epu32(_mm_add_epi32(m1, _mm_alignr_epi8(m0, m3, 4)), m0);                             \
        }                                                                                                             \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(w, 0x0e));                                         \
        if (begin) {                                                                                                  \
            m3 = _mm_sha256msg1_epu32(m3, m0);                                                                        \
        }                                                                                                             \
    } while (0)

static SHA_TARGET void blocks_ni(uint32_t state[8], const uint8_t *p, size_t count)
{
    static const uint8_t swap[16] = {3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12};
    const __m128i order = load(swap);
    __m128i t = _mm_shuffle_epi32(load(&state[0]), 0xb1), u = _mm_shuffle_epi32(load(&state[4]), 0x1b);
    __m128i abef = _mm_alignr_epi8(t, u, 8), cdgh = _mm_blend_epi16(u, t, 0xf0);
    for (; count > 0; count--, p += 64) {
        const __m128i abef_in = abef, cdgh_in = cdgh;
        __m128i a = _mm_shuffle_epi8(load(p), order), b = _mm_shuffle_epi8(load(p + 16), order);
        __m128i c = _mm_shuffle_epi8(load(p + 32), order), d = _mm_shuffle_epi8(load(p + 48), order);
        ROUNDS(0, a, b, d, 0, 0);
        ROUNDS(1, b, c, a, 0, 1);
        ROUNDS(2, c, d, b, 0, 1);
        ROUNDS(3, d, a, c, 1, 1);
        ROUNDS(4, a, b, d, 1, 1);
        ROUNDS(5, b, c, a, 1, 1);
        ROUNDS(6, c, d, b, 1, 1);
        ROUNDS(7, d, a, c, 1, 1);
        ROUNDS(8, a, b, d, 1, 1);
        ROUNDS(9, b, c, a, 1, 1);
        ROUNDS(10, c, d, b, 1, 1);
        ROUNDS(11, d, a, c, 1, 1);
        ROUNDS(12, a, b, d, 1, 1);
        ROUNDS(13, b, c, a, 1, 0);
        ROUNDS(14, c, d, b, 1, 0);
        ROUNDS(15, d, a, c, 0, 0);
        abef = _mm_add_epi32(abef, abef_in);
        cdgh = _mm_add_epi32(cdgh, cdgh_in);
    }
    t = _mm_shuffle_epi32(abef, 0x1b);
    u = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)&state[0], _mm_blend_epi16(t, u, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)&state[4], _mm_alignr_epi8(u, t, 8));
}

typedef void blocks_fn(uint32_t state[8], const uint8_t *p, size_t count);

__attribute__((used)) static blocks_fn *choose(void) /* by the loader; clang does not see that */
{
    unsigned a, b, c, d;
    bool sse = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
    bool sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1u << 29)) != 0;
    return sse && sha ? blocks_ni : sha256_blocks_plain;
}

void sha256_blocks(uint32_t state[8], const uint8_t *p, size_t count) __attribute__((ifunc("choose")));

#endif
