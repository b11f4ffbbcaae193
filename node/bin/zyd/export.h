/* Export bundles and the auditor's program. */
#ifndef EXPORT_H
#define EXPORT_H

#include "client.h"

#define FRAMES_MAX (64u << 20)
/* Blocks from height on, in order: calls each with the block's bytes and finality;
 * stops at `to` or at the end of the ledger. */
int frames_each(struct client *k, uint64_t from, uint64_t to,
                int (*each)(void *ctx, const struct zyd_block_view *b, struct zyd_span value, struct zyd_span finality),
                void *ctx);
/* Writes a bundle (zyd/verify.h) into dir, which must not exist.  height: the last height in it. */
int export_bundle(struct client *k, const char *dir, uint64_t *height);
/* zyd export csv. */
int export_csv(struct cli *c);
/* Runs a program, waits; its exit code. */
int run_program(const struct cli *c, char *const argv[]);
/* Runs a scenario file in process or (live) through the devnet of --dir. */
int scenario_run_file(const struct cli *c, const char *file, bool live);
/* All pages of a list route; NULL after printing. */
json_t *list_all(struct client *k, int *rc, const char *path);

#endif
