/* tests/lib/bundle_image.h: a bundle in memory, taken apart, for tests that forge one.
 *
 * A forger changes sections of blocks, then has everything around them made anew: the chain behind the change (rechain:
 * frontiers, roots, links, certificates with the old signatures or with as many keys as he holds), the segments, manifest.json
 * and SHA256SUMS.  All bytes live in one arena that is emptied for each try.
 */
#ifndef ZYD_TESTS_BUNDLE_IMAGE_H
#define ZYD_TESTS_BUNDLE_IMAGE_H

#include "tests/lib/sim_chain.h"

#define ZYD_IMAGE_FILES 64u
#define ZYD_IMAGE_BLOCKS 256u
#define ZYD_IMAGE_SEGMENTS 32u

enum zyd_section {
    S_HEADER = 0,
    S_JUST,
    S_NC,
    S_CARRIERS,
    S_FRONTIER,
    S_ENVELOPES,
    S_SYS,
    S_OUTCOMES,
    S_WRITES,
    S_FINALITY,
    S_COUNT
};
struct zyd_image_block {
    struct zyd_span s[S_COUNT];
};
struct zyd_image_file {
    char name[96];
    struct zyd_span bytes;
};
struct zyd_image {
    struct zyd_arena *arena;
    const struct zyd_sim_ledger *ledger;
    struct zyd_image_file files[ZYD_IMAGE_FILES]; /* SHA256SUMS too */
    size_t file_count;
    struct zyd_image_block blocks[ZYD_IMAGE_BLOCKS];
    size_t count;
    size_t bounds[ZYD_IMAGE_SEGMENTS + 1]; /* segment k holds blocks bounds[k] .. bounds[k + 1] - 1 */
    size_t segments;
};
/* Everything of the bundle in dir; bytes are malloc'd and stay. */
void zyd_image_load(struct zyd_image *out, const struct zyd_sim_ledger *l, const char *dir);
struct zyd_image_file *zyd_image_find(struct zyd_image *m, const char *name); /* or NULL */
void zyd_image_set(struct zyd_image *m, const char *name, struct zyd_span bytes);
void zyd_image_remove(struct zyd_image *m, const char *name);
/* A copy in the arena that may be written to. */
uint8_t *zyd_image_copy(struct zyd_image *m, struct zyd_span bytes);
struct zyd_span zyd_image_join(struct zyd_image *m, const struct zyd_span *parts, size_t count);

/* How many keys the forger holds: certificates over changed headers carry new signatures by validators 0 .. keys-1, and the old
 * ones of the others; all: every certificate is signed by all. */
void zyd_image_rechain(struct zyd_image *m, size_t from, unsigned keys);
/* Segments from blocks and bounds (heights by position), manifest, sums. */
void zyd_image_rebuild(struct zyd_image *m);
void zyd_image_manifest(struct zyd_image *m, const char *format, int64_t last_height_off);
void zyd_image_sums(struct zyd_image *m);
/* The footer's hash of one segment that was changed by hand. */
void zyd_image_refoot(uint8_t *segment, size_t size);

struct zyd_header zyd_image_header(const struct zyd_image *m, size_t i);
void zyd_image_set_header(struct zyd_image *m, size_t i, const struct zyd_header *h);

/* Puts files on disk where they differ from what is there: old is what the last write left, or NULL. */
void zyd_image_write(const struct zyd_image *m, const struct zyd_image *old, const char *dir);

#endif
