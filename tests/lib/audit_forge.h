/* The forgeries that test_audit.c tries: each changes a bundle and says what the auditor must find. */
#ifndef ZYD_TESTS_AUDIT_FORGE_H
#define ZYD_TESTS_AUDIT_FORGE_H

#include "node/bin/zyd-audit/audit.h"
#include "tests/lib/bundle_image.h"

#define EXITS(code) (1u << (code))
#define ROWS(row) (1u << (row))
#define ROWS_BLOCK                                                                                                             \
    (ROWS(ROW_FRAME) | ROWS(ROW_CHAIN) | ROWS(ROW_HISTORY) | ROWS(ROW_QUORUM) | ROWS(ROW_ENTRY) | ROWS(ROW_REPLAY))

struct forge_random {
    uint64_t s;
};
uint64_t forge_below(struct forge_random *r, uint64_t n); /* 0..n-1 */

struct forge {
    struct zyd_image *m;                   /* a copy of the good one; may be changed */
    const struct zyd_image *other;         /* another ledger of the same genesis */
    const struct zyd_sim_ledger *stranger; /* a ledger of another genesis */
    struct zyd_span foreign_plugin;
    struct forge_random *random;
    /* what must be found */
    uint32_t exits;                  /* bits EXITS */
    uint32_t rows;                   /* with exit 8: bits ROWS of the first fault */
    uint64_t height_min, height_max; /* 0, 0: none need be named */
    uint64_t entry;                  /* UINT64_MAX: any */
    const char *file;                /* the fault names it, or NULL */
    uint64_t verified_to;            /* exit 0: the last height */
    char what[200];
};
struct forgery {
    const char *name;
    unsigned weight;
    bool (*make)(struct forge *f); /* false: not possible with this draw; draw again */
};
extern const struct forgery forge_files[], forge_parts[], forge_chains[]; /* ended by a NULL name */

/* For the makers. */
void forge_expect(struct forge *f, uint32_t exits, uint32_t rows, uint64_t height);
void forge_note(struct forge *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t forge_block(struct forge *f);                                            /* index of any block */
struct zyd_span forge_flip(struct forge *f, struct zyd_span bytes, size_t *at); /* a copy with one byte changed */
/* Items of a section that holds blocks (u32 length, bytes): spans with their length in front; at most max. */
size_t forge_split(struct zyd_span *out, size_t max, struct zyd_span section);

#endif
