/* zyd/guarantee_schema.h: product (a) beyond the common form of zyd/product.h: its parameters, its records read back.
 *
 * params: besides the names of the table
 *   preset   name of a preset: its tree, cap_ppm, min_bank_share and guar, reg, nfgf (each may be set anew)
 *   tree     in place of preset: "BANK 200000, REST 800000 (NFGF 250000, REG 250000, GUAR 500000)"; leaves are member
 *            codes, BANK is the bank of the contract
 *   bind     LEAF=CODE,... : members that stand for leaves of the preset (default: the member of that code)
 *   banks    codes separated by commas (required)
 *   evidence names separated by commas (default: none)
 *   tiers    "LIMIT [grade=G]: TREE; ...": trees over the same leaves for loans up to LIMIT yuan ("any") and borrowers of grade
 *            G; the first that fits is taken, 1127 when none does (default: the one tree for all)
 *   grades   number of the register programme that grades stand in; needed where a tier names one
 * The sums of shares are checked (why then begins with "tree").  Back: tree, banks, evidence, tiers and grades where there are
 * any, and every slot.
 */
#ifndef ZYD_GUARANTEE_SCHEMA_H
#define ZYD_GUARANTEE_SCHEMA_H

#include <zyd/guarantee.h>
#include <zyd/product.h>

extern const struct zyd_names zyd_guarantee_breakers; /* states of a programme's breaker */

/* A loan of an enrolled list: its leaf is the canonical array of these. */
#define ZYD_GUARANTEE_LOAN_FIELDS 8
extern const struct zyd_field zyd_guarantee_loan_fields[ZYD_GUARANTEE_LOAN_FIELDS];

struct zyd_guarantee_view { /* copies: aligned */
    struct zyd_guarantee_object head;
    struct zyd_guarantee_drawdown drawdowns[ZYD_GUARANTEE_DRAWDOWNS_MAX];
    int64_t interest, fee; /* sums over drawdowns */
};
struct zyd_guarantee_claim_view {
    struct zyd_guarantee_claim head;
    struct zyd_guarantee_party parties[ZYD_GUARANTEE_LEAVES_MAX + 1];
};
/* ZYD_OK, ZYD_E_MALFORMED (ZYD_E_INVALID: a record of another kind). */
enum zyd_status ZYD_MUST_USE zyd_guarantee_object_read(struct zyd_guarantee_view *out, struct zyd_span value);
enum zyd_status ZYD_MUST_USE zyd_guarantee_claim_read(struct zyd_guarantee_claim_view *out, struct zyd_span value);
enum zyd_status ZYD_MUST_USE zyd_guarantee_breaker_read(struct zyd_guarantee_breaker *out, struct zyd_span value);
/* Record keys (before hashing, for zyd_record_key with the contract as owner); return their size, at most 64. */
size_t zyd_guarantee_claim_key(uint8_t out[64], const struct zyd_hash *object);
size_t zyd_guarantee_breaker_key(uint8_t out[64], uint16_t programme);
size_t zyd_guarantee_household_key(uint8_t out[64], uint8_t class_, const uint8_t borrower[32]);
/* Text of the borrower as accounts name it: 18 characters or 16 hex digits. */
void zyd_guarantee_borrower_text(char out[19], uint32_t kind, const uint8_t borrower[32]);

#endif
