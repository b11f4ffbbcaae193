/* api_tx.h: one final outcome, copied out of the view so that it can be told without the lock. */
#ifndef ZYD_IO_API_TX_H
#define ZYD_IO_API_TX_H

#include "api_impl.h"

struct tx_copy {
    struct zyd_view_tx tx;
    struct zyd_hash object, env_id;
    bool has_object, has_env, has_pending;
    uint64_t time_ms, parties; /* parties: of the object, and who acted */
    uint32_t env_index;
    uint8_t pending_state;     /* of the pending operation that this one became */
    uint32_t pending_code;
    struct zyd_hash completed_by;
};
/* With the view's lock held. */
void zyd_tx_copy(struct tx_copy *out, const struct zyd_api *a, const struct zyd_view_tx *tx);
/* The own (not SYS) tx of a one-operation envelope. */
const struct zyd_view_tx *zyd_tx_of_env(const struct zyd_view *v, const struct zyd_view_env *e);
/* Without it: the whole story, or without postings (brief) from the view alone.  NULL with the problem set. */
json_t *zyd_tx_tell(struct request *r, const struct tx_copy *c);
void zyd_tx_brief(json_t *o, const struct request *r, const struct tx_copy *c);
json_t *zyd_pending_tell(const struct request *r, const struct zyd_view_pending *p); /* with the lock */
const char *zyd_pending_state_text(uint8_t state);
json_t *zyd_postings_tell(const struct zyd_genesis *g, const struct zyd_outcome *o, uint64_t of); /* of: members, as bits */
void zyd_posting_tell(json_t *to, const struct zyd_genesis *g, const struct zyd_posting *p);

#endif
