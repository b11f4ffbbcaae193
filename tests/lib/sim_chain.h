/* tests/lib/sim_chain.h: a ledger made by the simulator (real replicas, real Ed25519, guarantee contracts), kept whole, with
 * the keys of everybody, and written as an export bundle by the exporter's own writer.
 *
 *   struct zyd_sim_ledger *l = zyd_sim_ledger_make(&(struct zyd_sim_ledger_options){.seed = 7, .blocks = 25, ...});
 *   zyd_sim_ledger_write(l, dir, 0);
 *   zyd_sim_ledger_free(l);
 *
 * What goes wrong is a zyd_panic.
 */
#ifndef ZYD_TESTS_SIM_CHAIN_H
#define ZYD_TESTS_SIM_CHAIN_H

#include <zyd/genesis.h>
#include <zyd/ledger.h>
#include <zyd/sim.h>

struct zyd_sim_ledger_options {
    uint64_t seed;
    uint32_t blocks; /* at least so many */
    uint8_t clients, loans;
    int64_t until_ms;   /* the clock moves forward by days six times before; 0: 6,000 */
    const char *plugin; /* path of guarantee.elf */
};
struct zyd_sim_block {
    struct zyd_span value, finality; /* value as exported, without write set */
};
struct zyd_sim_ledger {
    struct zyd_genesis genesis;
    uint8_t *body;
    struct zyd_header genesis_header;
    struct zyd_sim_keys keys;
    struct zyd_span plugin;
    struct zyd_sim_block *blocks; /* blocks[0] is height 1 */
    size_t count, cap;
    uint64_t operations; /* that succeeded */
};
struct zyd_sim_ledger *zyd_sim_ledger_make(const struct zyd_sim_ledger_options *options);
void zyd_sim_ledger_free(struct zyd_sim_ledger *l);
/* dir must not exist.  segment_bytes as in zyd/bundle.h. */
void zyd_sim_ledger_write(const struct zyd_sim_ledger *l, const char *dir, size_t segment_bytes);

#endif
