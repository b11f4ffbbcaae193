/* zyd/cycle_names.h: what a reader outside the contract computes of a settlement cycle (zyd/cycle.h): its id, the names of its
 * records, and the hash that a member's CONFIRM names.  In archive zyd_scenario. */
#ifndef ZYD_CYCLE_NAMES_H
#define ZYD_CYCLE_NAMES_H

#include <zyd/base.h>
#include <zyd/cycle.h>

void zyd_cycle_id(struct zyd_hash *out, uint16_t programme, uint64_t number);
#define ZYD_CYCLE_PART_NAME 37u
/* Returns the size: kinds 'M' and 'P' have no number. */
size_t zyd_cycle_part_name(uint8_t name[ZYD_CYCLE_PART_NAME], char kind, const struct zyd_hash *id, uint32_t number);
/* rows: of record 'M', as many as members may be. */
void zyd_cycle_statement_hash(struct zyd_hash *out, const struct zyd_hash *id, const struct zyd_cycle *c,
                              const struct zyd_cycle_member rows[ZYD_CYCLE_MEMBERS_MAX], uint16_t member);

#endif
