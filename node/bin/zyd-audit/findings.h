/* findings.h: what a second look at the business found in a ledger whose bytes, signatures and execution are right.
 *
 * A finding names what is wrong, where it was booked, and to the fen what was booked and what is right.
 */
#ifndef ZYD_AUDIT_FINDINGS_H
#define ZYD_AUDIT_FINDINGS_H

#include <stdio.h>
#include <zyd/base.h>

struct audit_kind {
    const char *name, *zh, *en; /* name: stable, for programs */
};
struct audit_finding {
    const struct audit_kind *kind;
    uint64_t height, log_index;
    uint16_t contract, programme, event;
    uint8_t deadline; /* SYS operations */
    bool has_object, has_member, has_amounts;
    struct zyd_hash object;
    uint16_t member;         /* whose books, or who is concerned */
    int32_t from, to;        /* period; 0: none */
    int64_t booked, right;   /* fen */
    char ref[36];            /* the contract's number, as its maker gave it; "": none */
    char detail[160];        /* in English; may be empty */
};
#define AUDIT_FINDINGS_MAX 10000u /* kept; more are counted */
struct audit_findings {
    struct audit_finding *rows;
    size_t count, cap;
    uint64_t total;
};
void audit_finding_add(struct audit_findings *f, const struct audit_finding *one);
void audit_findings_free(struct audit_findings *f);

#endif
