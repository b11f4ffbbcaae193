#include <zyd/crypto.h>
#include <sodium.h>
#include "edge_vectors.h"
#include "sha256.h"

#define TAG_SIZE 16u

_Static_assert(ZYD_SIG_SIZE == crypto_sign_BYTES && ZYD_SK_SIZE == crypto_sign_SECRETKEYBYTES, "Ed25519 sizes");

struct sha_state {
    uint32_t words[8];
    uint64_t size; /* bytes so far */
    uint8_t rest[64];
};
_Static_assert(sizeof(struct zyd_hasher) == sizeof(struct sha_state), "zyd_hasher holds a sha_state");

static const uint32_t SHA_START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static struct sha_state *state_of(struct zyd_hasher *h)
{
    return (struct sha_state *)(void *)h->opaque;
}

void zyd_hasher_start(struct zyd_hasher *h, const char *tag)
{
    struct sha_state *s = state_of(h);
    memcpy(s->words, SHA_START, sizeof s->words);
    s->size = 0;
    if (tag != NULL) {
        size_t n = strlen(tag);
        zyd_assert(n <= TAG_SIZE);
        memset(s->rest, 0, TAG_SIZE);
        memcpy(s->rest, tag, n);
        s->size = TAG_SIZE;
    }
}

void zyd_hasher_add(struct zyd_hasher *h, const void *data, size_t size)
{
    struct sha_state *s = state_of(h);
    const uint8_t *p = data;
    size_t held = (size_t)(s->size % 64);
    s->size += size;
    if (held > 0) {
        size_t n = size < 64 - held ? size : 64 - held;
        if (n > 0) {
            memcpy(s->rest + held, p, n);
        }
        if (held + n < 64) {
            return;
        }
        sha256_blocks(s->words, s->rest, 1);
        p += n;
        size -= n;
    }
    if (size >= 64) {
        sha256_blocks(s->words, p, size / 64);
        p += size / 64 * 64;
    }
    if (size % 64 > 0) {
        memcpy(s->rest, p, size % 64);
    }
}

void zyd_hasher_end(struct zyd_hasher *h, struct zyd_hash *out)
{
    struct sha_state *s = state_of(h);
    uint8_t tail[128] = {0};
    size_t held = (size_t)(s->size % 64), blocks = held < 56 ? 1 : 2;
    memcpy(tail, s->rest, held);
    tail[held] = 0x80;
    zyd_put64(tail + 64 * blocks - 8, s->size * 8);
    sha256_blocks(s->words, tail, blocks);
    for (size_t i = 0; i < 8; i++) {
        zyd_put32(out->b + 4 * i, s->words[i]);
    }
}

void zyd_hash1(struct zyd_hash *out, const char *tag, const void *data, size_t size)
{
    zyd_hash2(out, tag, data, size, NULL, 0);
}

void zyd_hash2(struct zyd_hash *out, const char *tag, const void *a, size_t a_size, const void *b, size_t b_size)
{
    struct zyd_hasher h;
    zyd_hasher_start(&h, tag);
    zyd_hasher_add(&h, a, a_size);
    zyd_hasher_add(&h, b, b_size);
    zyd_hasher_end(&h, out);
}

void zyd_sha256(struct zyd_hash *out, const void *data, size_t size)
{
    struct zyd_hasher h;
    zyd_hasher_start(&h, NULL);
    zyd_hasher_add(&h, data, size);
    zyd_hasher_end(&h, out);
}

bool zyd_sig_verify(const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    return crypto_sign_verify_detached(sig->b, msg, size, pk->b) == 0;
}

void zyd_sig_sign(struct zyd_sig *sig, const uint8_t sk[ZYD_SK_SIZE], const void *msg, size_t size)
{
    (void)crypto_sign_detached(sig->b, NULL, msg, size, sk);
}

bool zyd_pk_enrollable(const struct zyd_pk *pk)
{
    /* The order of the prime subgroup, less one. */
    static const uint8_t order_less_1[32] = {0xec, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                             0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                             0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    if (crypto_core_ed25519_is_valid_point(pk->b) != 1) {
        return false;
    }
    /* That function misses a point with a part of order 2 (CVE-2025-69277): it looks at x alone.  (L-1) P = -P holds
     * in the prime subgroup only, for that part vanishes under the even number L-1. */
    uint8_t q[32];
    if (crypto_scalarmult_ed25519_noclamp(q, order_less_1, pk->b) != 0) {
        return false;
    }
    q[31] ^= 0x80;
    return memcmp(q, pk->b, sizeof q) == 0;
}

static const uint32_t CRC32C[256] = {
    0x00000000u, 0xf26b8303u, 0xe13b70f7u, 0x1350f3f4u, 0xc79a971fu, 0x35f1141cu,
    0x26a1e7e8u, 0xd4ca64ebu, 0x8ad958cfu, 0x78b2dbccu, 0x6be22838u, 0x9989ab3bu,
    0x4d43cfd0u, 0xbf284cd3u, 0xac78bf27u, 0x5e133c24u, 0x105ec76fu, 0xe235446cu,
    0xf165b798u, 0x030e349bu, 0xd7c45070u, 0x25afd373u, 0x36ff2087u, 0xc494a384u,
    0x9a879fa0u, 0x68ec1ca3u, 0x7bbcef57u, 0x89d76c54u, 0x5d1d08bfu, 0xaf768bbcu,
    0xbc267848u, 0x4e4dfb4bu, 0x20bd8edeu, 0xd2d60dddu, 0xc186fe29u, 0x33ed7d2au,
    0xe72719c1u, 0x154c9ac2u, 0x061c6936u, 0xf477ea35u, 0xaa64d611u, 0x580f5512u,
    0x4b5fa6e6u, 0xb93425e5u, 0x6dfe410eu, 0x9f95c20du, 0x8cc531f9u, 0x7eaeb2fau,
    0x30e349b1u, 0xc288cab2u, 0xd1d83946u, 0x23b3ba45u, 0xf779deaeu, 0x05125dadu,
    0x1642ae59u, 0xe4292d5au, 0xba3a117eu, 0x4851927du, 0x5b016189u, 0xa96ae28au,
    0x7da08661u, 0x8fcb0562u, 0x9c9bf696u, 0x6ef07595u, 0x417b1dbcu, 0xb3109ebfu,
    0xa0406d4bu, 0x522bee48u, 0x86e18aa3u, 0x748a09a0u, 0x67dafa54u, 0x95b17957u,
    0xcba24573u, 0x39c9c670u, 0x2a993584u, 0xd8f2b687u, 0x0c38d26cu, 0xfe53516fu,
    0xed03a29bu, 0x1f682198u, 0x5125dad3u, 0xa34e59d0u, 0xb01eaa24u, 0x42752927u,
    0x96bf4dccu, 0x64d4cecfu, 0x77843d3bu, 0x85efbe38u, 0xdbfc821cu, 0x2997011fu,
    0x3ac7f2ebu, 0xc8ac71e8u, 0x1c661503u, 0xee0d9600u, 0xfd5d65f4u, 0x0f36e6f7u,
    0x61c69362u, 0x93ad1061u, 0x80fde395u, 0x72966096u, 0xa65c047du, 0x5437877eu,
    0x4767748au, 0xb50cf789u, 0xeb1fcbadu, 0x197448aeu, 0x0a24bb5au, 0xf84f3859u,
    0x2c855cb2u, 0xdeeedfb1u, 0xcdbe2c45u, 0x3fd5af46u, 0x7198540du, 0x83f3d70eu,
    0x90a324fau, 0x62c8a7f9u, 0xb602c312u, 0x44694011u, 0x5739b3e5u, 0xa55230e6u,
    0xfb410cc2u, 0x092a8fc1u, 0x1a7a7c35u, 0xe811ff36u, 0x3cdb9bddu, 0xceb018deu,
    0xdde0eb2au, 0x2f8b6829u, 0x82f63b78u, 0x709db87bu, 0x63cd4b8fu, 0x91a6c88cu,
    0x456cac67u, 0xb7072f64u, 0xa457dc90u, 0x563c5f93u, 0x082f63b7u, 0xfa44e0b4u,
    0xe9141340u, 0x1b7f9043u, 0xcfb5f4a8u, 0x3dde77abu, 0x2e8e845fu, 0xdce5075cu,
    0x92a8fc17u, 0x60c37f14u, 0x73938ce0u, 0x81f80fe3u, 0x55326b08u, 0xa759e80bu,
    0xb4091bffu, 0x466298fcu, 0x1871a4d8u, 0xea1a27dbu, 0xf94ad42fu, 0x0b21572cu,
    0xdfeb33c7u, 0x2d80b0c4u, 0x3ed04330u, 0xccbbc033u, 0xa24bb5a6u, 0x502036a5u,
    0x4370c551u, 0xb11b4652u, 0x65d122b9u, 0x97baa1bau, 0x84ea524eu, 0x7681d14du,
    0x2892ed69u, 0xdaf96e6au, 0xc9a99d9eu, 0x3bc21e9du, 0xef087a76u, 0x1d63f975u,
    0x0e330a81u, 0xfc588982u, 0xb21572c9u, 0x407ef1cau, 0x532e023eu, 0xa145813du,
    0x758fe5d6u, 0x87e466d5u, 0x94b49521u, 0x66df1622u, 0x38cc2a06u, 0xcaa7a905u,
    0xd9f75af1u, 0x2b9cd9f2u, 0xff56bd19u, 0x0d3d3e1au, 0x1e6dcdeeu, 0xec064eedu,
    0xc38d26c4u, 0x31e6a5c7u, 0x22b65633u, 0xd0ddd530u, 0x0417b1dbu, 0xf67c32d8u,
    0xe52cc12cu, 0x1747422fu, 0x49547e0bu, 0xbb3ffd08u, 0xa86f0efcu, 0x5a048dffu,
    0x8ecee914u, 0x7ca56a17u, 0x6ff599e3u, 0x9d9e1ae0u, 0xd3d3e1abu, 0x21b862a8u,
    0x32e8915cu, 0xc083125fu, 0x144976b4u, 0xe622f5b7u, 0xf5720643u, 0x07198540u,
    0x590ab964u, 0xab613a67u, 0xb831c993u, 0x4a5a4a90u, 0x9e902e7bu, 0x6cfbad78u,
    0x7fab5e8cu, 0x8dc0dd8fu, 0xe330a81au, 0x115b2b19u, 0x020bd8edu, 0xf0605beeu,
    0x24aa3f05u, 0xd6c1bc06u, 0xc5914ff2u, 0x37faccf1u, 0x69e9f0d5u, 0x9b8273d6u,
    0x88d28022u, 0x7ab90321u, 0xae7367cau, 0x5c18e4c9u, 0x4f48173du, 0xbd23943eu,
    0xf36e6f75u, 0x0105ec76u, 0x12551f82u, 0xe03e9c81u, 0x34f4f86au, 0xc69f7b69u,
    0xd5cf889du, 0x27a40b9eu, 0x79b737bau, 0x8bdcb4b9u, 0x988c474du, 0x6ae7c44eu,
    0xbe2da0a5u, 0x4c4623a6u, 0x5f16d052u, 0xad7d5351u};

uint32_t zyd_crc32c(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *p = data;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc = CRC32C[(crc ^ p[i]) & 0xff] ^ crc >> 8;
    }
    return ~crc;
}

/* FIPS 180-4 "abc" and the 56-byte message, which needs two blocks. */
static bool sha256_ok(void)
{
    /* Our blocks against libsodium's whole hash, at every length around the ends of blocks. */
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) {
        struct zyd_hash mine;
        uint8_t theirs[32];
        bytes[i] = (uint8_t)(i * 37 + 11);
        zyd_sha256(&mine, bytes, i);
        (void)crypto_hash_sha256(theirs, bytes, i);
        if (memcmp(mine.b, theirs, sizeof theirs) != 0) {
            return false;
        }
    }
    static const uint8_t abc[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                    0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                    0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t two[32] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26,
                                    0x93, 0x0c, 0x3e, 0x60, 0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff,
                                    0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1};
    static const char two_text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    struct zyd_hash h;
    struct zyd_hasher inc;
    zyd_sha256(&h, "abc", 3);
    bool ok = memcmp(h.b, abc, 32) == 0;
    zyd_hasher_start(&inc, NULL);
    zyd_hasher_add(&inc, two_text, 20);
    zyd_hasher_add(&inc, two_text + 20, sizeof two_text - 1 - 20);
    zyd_hasher_end(&inc, &h);
    return ok && memcmp(h.b, two, 32) == 0;
}

/* RFC 8032 7.1, test 2: seed, public key, signature of the byte 72. */
static bool ed25519_ok(void)
{
    static const uint8_t sk[64] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec,
                                   0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c,
                                   0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb, 0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89,
                                   0x5a, 0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf,
                                   0x2e, 0xc4, 0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c};
    static const uint8_t want[64] = {0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f,
                                     0x64, 0x25, 0x40, 0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76,
                                     0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda, 0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99,
                                     0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c, 0x38, 0x7b, 0x2e, 0xae,
                                     0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00};
    static const uint8_t msg[1] = {0x72};
    struct zyd_sig sig;
    struct zyd_pk pk;
    memcpy(pk.b, sk + 32, sizeof pk.b);
    zyd_sig_sign(&sig, sk, msg, sizeof msg);
    if (memcmp(sig.b, want, sizeof want) != 0 || !zyd_sig_verify(&pk, msg, sizeof msg, &sig)) {
        return false;
    }
    sig.b[0] ^= 1;
    return !zyd_sig_verify(&pk, msg, sizeof msg, &sig) && zyd_pk_enrollable(&pk);
}

static bool edges_ok(void)
{
    for (size_t i = 0; i < sizeof EDGE_VECTORS / sizeof EDGE_VECTORS[0]; i++) {
        const struct edge_vector *e = &EDGE_VECTORS[i];
        struct zyd_pk pk;
        struct zyd_sig sig;
        memcpy(pk.b, e->key, sizeof pk.b);
        memcpy(sig.b, e->sig, sizeof sig.b);
        if (zyd_sig_verify(&pk, e->message, strlen(e->message), &sig) != e->accept) {
            return false;
        }
    }
    return true;
}

enum zyd_status zyd_crypto_self_test(void)
{
    bool crc_ok = zyd_crc32c(0, "123456789", 9) == 0xe3069283u;
    return sha256_ok() && ed25519_ok() && edges_ok() && crc_ok ? ZYD_OK : ZYD_E_INVALID;
}
