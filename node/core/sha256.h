/* SHA-256's compression of whole blocks, by the CPU's own instructions where it has them. */
#ifndef ZYD_CORE_SHA256_H
#define ZYD_CORE_SHA256_H

#include <zyd/base.h>

#define sha256_blocks zyd_core_sha256_blocks
#define sha256_blocks_plain zyd_core_sha256_blocks_plain

/* state: eight words; p: count blocks of 64 bytes. */
void sha256_blocks(uint32_t state[8], const uint8_t *p, size_t count);
/* The same by libsodium, whatever the CPU has. */
void sha256_blocks_plain(uint32_t state[8], const uint8_t *p, size_t count);

#endif
