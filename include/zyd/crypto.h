/* zyd/crypto.h: the one wall to the crypto library (D7, D12), and to the SHA instructions of the CPU.
 *
 * Hash: SHA-256; every hash of ours starts with a 16-byte tag, its name padded with zeros, so that bytes of one
 * kind can never be read as another.  The exceptions are the RFC 6962 tree hashes (zyd/ledger.h), which carry that
 * standard's one-byte prefixes.
 * Signature: Ed25519 as libsodium 1.0.18 checks it (ledger.md 3.11): no cofactor, canonical S, no small-order or
 * non-canonical A or R.  zyd_crypto_self_test holds the library to the frozen rule and every program calls it
 * before its first use.  No key is ever made here (node/io/keyfile.c does that).
 */
#ifndef ZYD_CRYPTO_H
#define ZYD_CRYPTO_H

#include <zyd/base.h>

#define ZYD_PK_SIZE 32u
#define ZYD_SK_SIZE 64u /* libsodium's form: seed, public key */
#define ZYD_SIG_SIZE 64u

struct zyd_pk {
    uint8_t b[32];
};
struct zyd_sig {
    uint8_t b[64];
};

/* Incremental hash.  tag: at most 16 bytes of text, or NULL for none. */
struct zyd_hasher {
    uint64_t opaque[13]; /* eight words, size, unfinished block */
};
void zyd_hasher_start(struct zyd_hasher *h, const char *tag);
void zyd_hasher_add(struct zyd_hasher *h, const void *data, size_t size);
void zyd_hasher_end(struct zyd_hasher *h, struct zyd_hash *out);

/* Tagged hash of one or two byte ranges. */
void zyd_hash1(struct zyd_hash *out, const char *tag, const void *data, size_t size);
void zyd_hash2(struct zyd_hash *out, const char *tag, const void *a, size_t a_size, const void *b,
               size_t b_size);
/* Plain SHA-256, for file hashes and the RFC 6962 trees. */
void zyd_sha256(struct zyd_hash *out, const void *data, size_t size);

bool ZYD_MUST_USE zyd_sig_verify(const struct zyd_pk *pk, const void *msg, size_t size,
                                 const struct zyd_sig *sig);
void zyd_sig_sign(struct zyd_sig *sig, const uint8_t sk[ZYD_SK_SIZE], const void *msg, size_t size);
/* Is pk fit to be enrolled: canonical, prime-order subgroup, not small order (ledger.md 3.11 rule 1). */
bool ZYD_MUST_USE zyd_pk_enrollable(const struct zyd_pk *pk);

/* How a pure room checks and makes signatures without owning a key or a cache.  The node gives libsodium with its
 * node key; the simulator may remember verdicts.  verify must give the verdict of zyd_sig_verify.  sign signs with
 * the one key its owner holds for the purpose. */
struct zyd_sig_ops {
    void *ctx;
    bool (*verify)(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size,
                   const struct zyd_sig *sig);
    void (*sign)(void *ctx, struct zyd_sig *sig, const void *msg, size_t size);
};

/* CRC32C (Castagnoli), for our own files. */
uint32_t zyd_crc32c(uint32_t crc, const void *data, size_t size);

/* Known answers for every primitive, and the edge-case signatures on which Ed25519 libraries differ.
 * Returns ZYD_OK, or ZYD_E_INVALID: then the program must not start. */
enum zyd_status ZYD_MUST_USE zyd_crypto_self_test(void);

#endif
