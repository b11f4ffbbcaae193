/* zyd/kv.h: the only outward calls of the pure half: reads of what was stored before.
 *
 * Spans stay valid until the next call through the same table.  Every function returns ZYD_OK, ZYD_E_NOT_FOUND, or
 * ZYD_E_STORE / ZYD_E_DAMAGED, after which the node stops.
 */
#ifndef ZYD_KV_H
#define ZYD_KV_H

#include <zyd/base.h>

struct zyd_kv {
    void *ctx;
    /* Leaf (index, bytes) of a record as of the last complete checkpoint. */
    enum zyd_status (*get)(void *ctx, uint64_t *index, struct zyd_span *leaf, const struct zyd_hash *key);
    /* The greatest record key below key, as of the last checkpoint. */
    enum zyd_status (*below)(void *ctx, struct zyd_hash *out, const struct zyd_hash *key);
    /* Leaf by index: for rebuilding the tree at start. */
    enum zyd_status (*at)(void *ctx, struct zyd_span *leaf, uint64_t index);
    /* Value of the final block at a height, and its finality proof (`b` and `f` of ledger.md 2.7).  At the newest heights the
     * finality may be missing (it rides with the next put): empty span then. */
    enum zyd_status (*block)(void *ctx, struct zyd_span *value, struct zyd_span *finality, uint64_t height);
};

/* A store that holds nothing: for those who keep every record in memory (auditor, checkers). */
struct zyd_kv zyd_kv_empty(void);

#endif
