/* tests/lib/consortium.h: a small consortium with known keys, for tests.
 *
 *   static struct zyd_test_consortium c;          (large: keep it static)
 *   zyd_test_consortium_plan(&c, 4, 6);           4 validators, 6 members; development flag set
 *   c.g.programmes[c.g.programme_count++] = ...;  add what the test needs
 *   zyd_test_consortium_seal(&c);                 encodes and decodes: c.g.hash is the chain id
 *
 * Member i has code "M<i>", keys 0 node, 1 link, 2 maker, 3 checker; roles go round bank, guarantor, re-guarantor,
 * fiscal; calendar 0 covers 2020..2040, Monday to Friday.  Keys come from fixed seeds and protect nothing.
 */
#ifndef ZYD_TESTS_CONSORTIUM_H
#define ZYD_TESTS_CONSORTIUM_H

#include <zyd/genesis.h>
#include <zyd/ledger.h>

struct zyd_test_consortium {
    struct zyd_genesis g;
    uint8_t body[ZYD_GENESIS_SIZE_MAX];
    uint8_t sk[ZYD_MEMBERS_MAX][4][ZYD_SK_SIZE];
    char text[ZYD_MEMBERS_MAX][64];
};
void zyd_test_consortium_plan(struct zyd_test_consortium *c, uint32_t validators, uint32_t members);
void zyd_test_consortium_seal(struct zyd_test_consortium *c);
/* Plain libsodium; its sign uses the 64 bytes at ctx (NULL: it must not be asked to sign). */
struct zyd_sig_ops zyd_test_sig_ops(uint8_t *sk);
/* An F, N or X certificate by the first count validators. */
void zyd_test_cert(struct zyd_cert *out, const struct zyd_test_consortium *c, uint8_t type,
                   const struct zyd_header *h, uint32_t count);

#endif
