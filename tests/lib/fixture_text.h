/* tests/lib/fixture_text.h: operations and programmes of a fixture as name=value text through the product's schema.
 *
 * "a=1|b=2": '|' separates, for lists hold commas.  Text that the schema refuses fails the test. */
#ifndef ZYD_TESTS_FIXTURE_TEXT_H
#define ZYD_TESTS_FIXTURE_TEXT_H

#include "tests/lib/ledger_fixture.h"
#include <zyd/product.h>

/* The parameters of a programme, in bytes. */
struct zyd_span zyd_fixture_params(const struct zyd_fixture *f, uint8_t bytes[4096], const struct zyd_product *product,
                                   const char *text);
/* Adds a programme before zyd_fixture_start. */
void zyd_fixture_programme_text(struct zyd_fixture *f, uint16_t id, const struct zyd_product *product, const char *code,
                                const char *text);
/* An operation of `member`, signed also by the members whose bit is set.  An event that makes an object gets a client_ref of
 * its own, another one acts on `object` whatever its number.  Valid until the next call. */
struct zyd_fixture_op zyd_fixture_op_text(const struct zyd_fixture *f, const struct zyd_product *product, const char *event,
                                          uint16_t programme, const struct zyd_hash *object, uint16_t member, unsigned signers,
                                          const char *text);

#endif
