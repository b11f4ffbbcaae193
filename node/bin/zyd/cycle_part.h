/* The records of a settlement cycle (zyd/cycle.h), read one by one from a node. */
#ifndef CYCLE_PART_H
#define CYCLE_PART_H

#include <zyd/cycle_names.h>

#include "ops.h"

struct cycle_name {
    uint16_t contract, programme;
    uint64_t number;
    struct zyd_hash id;
};
/* PROGRAMME#N, or N alone: of the first settlement programme.  Prints what is wrong. */
int cycle_find(const struct client *k, struct cycle_name *y, const char *text);
void cycle_name_of(struct cycle_name *y, const struct zyd_programme *p, uint64_t number);
/* The cycle itself; E8012 when there is none. */
int cycle_load(struct client *k, struct zyd_cycle *out, const struct cycle_name *y, const char *text);
int cycle_instruction(struct client *k, struct zyd_cycle_instruction *out, const struct cycle_name *y, uint32_t number);

/* What a settlement programme's parameters say. */
struct cycle_terms {
    int64_t pay_ms, fail_ms;
    int agent; /* member, or -1: each side's bank sends its notice */
    size_t count;
    struct cycle_account {
        int member, bank;
        char account[36];
    } rows[ZYD_CYCLE_MEMBERS_MAX];
};
int cycle_terms_read(const struct client *k, struct cycle_terms *out, const struct zyd_programme *p);
/* NULL: the member is a bank of its own. */
const struct cycle_account *cycle_account_of(const struct cycle_terms *t, int member);

#endif
