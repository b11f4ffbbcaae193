/* scenario_impl.h: a parsed scenario, between its parser and its runner. */
#ifndef ZYD_SCENARIO_IMPL_H
#define ZYD_SCENARIO_IMPL_H

#include <zyd/scenario.h>

#define WORDS_MAX 64u
#define LABELS_MAX 64u

struct step {
    unsigned line;
    size_t count;
    char **words; /* words[count] is NULL; of one allocation each */
};
struct borrower {
    const char *label, *id;
};
struct zyd_scenario {
    struct zyd_scenario_plan plan;
    struct borrower borrowers[16];
    size_t borrower_count;
    struct step *steps; /* what is left after the plan: date, do, expect, check, alloc */
    size_t step_count, step_cap;
    char **kept; /* every allocation of words */
    size_t kept_count, kept_cap;
};

/* scenario_check.c: statements `alloc`, `check`.  NULL when it holds, else what is wrong (static text or in why). */
struct alloc_memory {
    char name[32];
    size_t count;
    int64_t weights[16], paid[16];
};
struct checker {
    struct alloc_memory allocs[16];
    size_t alloc_count;
};
const char *scenario_check(struct checker *c, char why[ZYD_SCENARIO_WHY], const struct step *step);

#endif
