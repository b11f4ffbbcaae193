/* The two halves of the ISO 20022 edge: cmd_edge.c out, cmd_notices.c in. */
#ifndef EDGE_H
#define EDGE_H

#include "cycle_part.h"

/* By --schema, when it is given; prints what is wrong. */
int edge_validate(const struct cli *c, const void *bytes, size_t size);
int run_notices(struct cli *c);
extern const struct option notice_options[];

#endif
