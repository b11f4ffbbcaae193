/* Shared by genesis.c and genesis_rules.c only. */
#ifndef ZYD_CORE_GENESIS_INTERNAL_H
#define ZYD_CORE_GENESIS_INTERNAL_H

#include <zyd/ledger.h>

static inline bool genesis_span_eq(struct zyd_span a, struct zyd_span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The first rule that a well-formed body breaks, or NULL.  Derived fields are not yet set. */
#define genesis_fault zyd_core_genesis_fault
const char *genesis_fault(const struct zyd_genesis *g);

#endif
