/* The demonstration year's parts: the portfolio of guaranteed loans (demo.c), the other products' story (demo_story.c), the
 * netting cycle (demo_cycle.c). */
#ifndef DEMO_H
#define DEMO_H

#include "ops.h"

struct story {
    const struct cli *c;
    struct client *k;
    int32_t year, today;
    unsigned operations;
    json_t *done;  /* what was done, for the summary */
    json_t *cycle; /* the cycle's outcome: {number, ...}; NULL: there was none */
};
/* The acts of a day of the year (month * 100 + day; 0: the first). */
int story_day(struct story *s, int month_day);
/* Starts the clock of the cycle programme, waits for the cut-off, confirms, sends the banks' notices, until it is CLOSED. */
int story_cycle(struct story *s);
/* One operation, signed by members of the devnet ("GUAR,REG": the first acts); words: "name=value name=value".  object: its
 * client_ref; "REF/0": the first child of a voucher; 64 hex digits. */
int story_do(struct story *s, const char *programme, const char *event, const char *object, const char *signers,
             const char *words);
int story_summary(struct story *s);
void story_cycle_summary(const struct story *s);
/* Signers are these members of the devnet. */
int demo_signers(struct client *k, const char *signers);

#endif
