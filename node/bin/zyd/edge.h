/* The two halves of the ISO 20022 edge: cmd_edge.c out, cmd_notices.c in. */
#ifndef EDGE_H
#define EDGE_H

#include "cycle_part.h"

/* By --schema, when it is given; prints what is wrong. */
int edge_validate(const struct cli *c, const void *bytes, size_t size);
/* A member's statement (the JSON that cycle statement prints) as camt.053 into --out. */
int edge_statement(const struct client *k, const json_t *statement, const struct zyd_hash *cycle, int64_t cut_ms,
                   uint16_t member);
int run_notices(struct cli *c);
extern const struct option notice_options[];

#endif
