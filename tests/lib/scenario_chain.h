/* tests/lib/scenario_chain.h: a scenario's ledger as a real chain: one operation a block, executed by node/replica's own code,
 * notarized and finalized by the one validator of the scenario's consortium, and written as an export bundle.
 *
 *   struct zyd_chain *c = zyd_chain_new(folder of plugins);
 *   struct zyd_scenario_backend b = zyd_chain_backend(c);
 *   zyd_scenario_run(&report, why, scenario, &b);
 *   zyd_chain_write(c, dir);                       verified by zyd-audit with zyd_chain_genesis(c)->hash
 *   zyd_chain_free(c);
 *
 * Another folder of plugins makes another ledger under the same signatures: what a dishonest host would have booked.
 */
#ifndef ZYD_TESTS_SCENARIO_CHAIN_H
#define ZYD_TESTS_SCENARIO_CHAIN_H

#include <zyd/scenario.h>

struct zyd_chain;
struct zyd_chain *zyd_chain_new(const char *plugins);
void zyd_chain_free(struct zyd_chain *c);
struct zyd_scenario_backend zyd_chain_backend(struct zyd_chain *c);
const struct zyd_genesis *zyd_chain_genesis(const struct zyd_chain *c);
void zyd_chain_write(const struct zyd_chain *c, const char *dir); /* dir must not exist */

#endif
