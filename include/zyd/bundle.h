/* zyd/bundle.h: writing an export bundle (FORMATS.md 20).  Reading one is node/bin/zyd-audit's.
 *
 *   create -> plugin (each of genesis) -> file (consortium.json) -> block (heights 1, 2, ...) -> finish
 *
 * Segments end at block ends near segment_bytes.  manifest.json is written after them and SHA256SUMS last, so that a bundle
 * that was left half written never looks whole.  Every file is synced.  Functions fill err and return ZYD_E_IO, ZYD_E_EXISTS,
 * ZYD_E_INVALID (what was given does not fit genesis or the blocks before).
 */
#ifndef ZYD_BUNDLE_H
#define ZYD_BUNDLE_H

#include <zyd/genesis.h>
#include <zyd/io.h>
#include <zyd/ledger.h>

struct zyd_bundle;
struct zyd_bundle_options {
    const char *dir;             /* must not exist */
    const struct zyd_genesis *g; /* outlives the bundle */
    const char *tool;            /* "zyd 0.1.0" */
    int64_t created_ms;
    size_t segment_bytes; /* 0: ZYD_SEGMENT_TARGET */
};
enum zyd_status ZYD_MUST_USE zyd_bundle_create(struct zyd_bundle **out, struct zyd_err *err,
                                               const struct zyd_bundle_options *options);
/* An image that genesis pins: goes to plugins/<hash>.elf. */
enum zyd_status ZYD_MUST_USE zyd_bundle_plugin(struct zyd_bundle *b, struct zyd_err *err, struct zyd_span elf);
/* Any other file of the top level. */
enum zyd_status ZYD_MUST_USE zyd_bundle_file(struct zyd_bundle *b, struct zyd_err *err, const char *name,
                                             struct zyd_span bytes);
/* The next block; a write set is left out. */
enum zyd_status ZYD_MUST_USE zyd_bundle_block(struct zyd_bundle *b, struct zyd_err *err, const struct zyd_block_view *v,
                                              struct zyd_span finality);
enum zyd_status ZYD_MUST_USE zyd_bundle_finish(struct zyd_bundle *b, struct zyd_err *err);
void zyd_bundle_free(struct zyd_bundle *b); /* finished or not; NULL is fine */

#endif
