/* Start: the checkpoint, then the final blocks after it by their write sets, then what was not final (ledger.md 2.7).
 *
 * A crash may have torn a checkpoint: rows newer than the record `c` can stand in the store.  Write sets hold absolute
 * values, so replaying them all mends that; only the root after the last one is compared. */
#include "replica_internal.h"

/* ---- the store's records ---- */

static enum zyd_status rows_get(void *ctx, uint64_t *index, struct zyd_span *leaf, const struct zyd_hash *key)
{
    const struct zyd_replica *r = ctx;
    return r->rows_shown ? r->cfg.kv.get(r->cfg.kv.ctx, index, leaf, key) : ZYD_E_NOT_FOUND;
}

static enum zyd_status rows_below(void *ctx, struct zyd_hash *out, const struct zyd_hash *key)
{
    const struct zyd_replica *r = ctx;
    return r->rows_shown ? r->cfg.kv.below(r->cfg.kv.ctx, out, key) : ZYD_E_NOT_FOUND;
}

static enum zyd_status rows_at(void *ctx, struct zyd_span *leaf, uint64_t index)
{
    const struct zyd_replica *r = ctx;
    return r->rows_shown ? r->cfg.kv.at(r->cfg.kv.ctx, leaf, index) : ZYD_E_NOT_FOUND;
}

struct zyd_kv zyd_replica_rows(struct zyd_replica *r)
{
    return (struct zyd_kv){.ctx = r, .get = rows_get, .below = rows_below, .at = rows_at};
}

/* ---- reading blocks ---- */

static enum zyd_status bad(const char **why, const char *text, enum zyd_status status)
{
    *why = text;
    return status;
}

/* Value and finality of a final block, copied: what is done with it may read the store again. */
static enum zyd_status read_block(struct zyd_replica *r, struct zyd_block_view *view, struct zyd_finality *f, bool *have,
                                  uint64_t height)
{
    struct zyd_span value;
    struct zyd_span finality;
    enum zyd_status status = r->cfg.kv.block(r->cfg.kv.ctx, &value, &finality, height);
    *have = status == ZYD_OK && finality.size > 0;
    if (status == ZYD_E_NOT_FOUND) {
        return ZYD_OK;
    }
    if (status != ZYD_OK || !*have) {
        return status;
    }
    size_t cap = HEAD_BYTES + 4 + r->env_cap + r->tail_cap;
    if (value.size > cap || finality.size > ZYD_FINALITY_SIZE_MAX) {
        return ZYD_E_DAMAGED;
    }
    uint8_t *copy = r->bodies[0].value;
    memcpy(copy, value.data, value.size);
    memcpy(r->head_fin, finality.data, finality.size);
    r->head_fin_size = finality.size;
    if (zyd_block_decode(view, zyd_span(copy, value.size)) != ZYD_OK || view->header.height != height ||
        (view->header.flags & ZYD_HEADER_CARRIER) != 0 ||
        zyd_finality_decode(f, zyd_span(r->head_fin, finality.size)) != ZYD_OK) {
        return ZYD_E_DAMAGED;
    }
    return ZYD_OK;
}

/* Does the block stand on prev, through the CARRIERs of its seal record? */
bool zyd_replica_links(const struct zyd_block_view *v, const struct zyd_header *prev)
{
    struct zyd_rd rd = zyd_rd_of(v->carriers);
    struct zyd_span bytes;
    struct zyd_span just;
    struct zyd_header h = *prev;
    struct zyd_header c;
    struct zyd_hash hash;
    while (zyd_replica_carrier_next(&rd, &c, &bytes, &just)) {
        zyd_header_hash(&hash, &h);
        if ((c.flags & ZYD_HEADER_CARRIER) == 0 || !zyd_hash_eq(&c.parent_hash, &hash) || c.parent_view != h.view ||
            c.time_ms <= h.time_ms || c.height != prev->height) {
            return false;
        }
        h = c;
    }
    zyd_header_hash(&hash, &h);
    return zyd_rd_done(&rd) == ZYD_OK && zyd_hash_eq(&v->header.parent_hash, &hash) && v->header.parent_view == h.view &&
           v->header.time_ms > h.time_ms && v->header.height == prev->height + 1;
}

static enum zyd_status add_ids(struct zyd_replica *r, const struct zyd_block_view *v)
{
    struct zyd_rd rd = zyd_rd_of(v->envelopes);
    while (!rd.bad && rd.pos < rd.size) {
        struct zyd_span env = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        struct zyd_hash id;
        if (env.size < ZYD_ENV_HEAD_SIZE) {
            return ZYD_E_DAMAGED;
        }
        zyd_hash1(&id, "zyd/env/1", env.data, ZYD_ENV_HEAD_SIZE); /* the id alone: ten minutes of blocks pass here */
        enum zyd_status status = zyd_replica_window_add(&r->window, &id, v->header.time_ms);
        if (status != ZYD_OK) {
            return status;
        }
    }
    return rd.bad ? ZYD_E_DAMAGED : ZYD_OK;
}

/* Log frontier after a stored block, checked against its header. */
static enum zyd_status frontier_after(struct zyd_frontier *f, const struct zyd_block_view *v, const struct zyd_header *prev)
{
    struct zyd_hash root;
    if (zyd_frontier_decode(f, v->frontier) != ZYD_OK || zyd_replica_exec_leaves(f, v, prev) != ZYD_OK) {
        return ZYD_E_DAMAGED;
    }
    zyd_frontier_root(&root, f);
    return f->size == v->header.log_size && zyd_hash_eq(&root, &v->header.log_root) ? ZYD_OK : ZYD_E_DAMAGED;
}

static void set_head(struct zyd_replica *r, const struct zyd_header *h, const struct zyd_frontier *f)
{
    r->head = *h;
    zyd_header_hash(&r->head_hash, h);
    r->head_frontier = *f;
}

static enum zyd_status from_genesis(struct zyd_replica *r, const char **why)
{
    struct zyd_totals totals = {0};
    struct zyd_frontier none = {0};
    uint64_t size;
    struct zyd_hash root;
    struct zyd_overlay *o = zyd_overlay_begin(r->state, NULL);
    zyd_assert(o != NULL);
    enum zyd_status status = zyd_host_genesis(r->host, o, &totals);
    if (status != ZYD_OK) {
        return bad(why, "the records of genesis cannot be made", status);
    }
    zyd_overlay_seal(o, &size, &root);
    status = zyd_state_apply(r->state, o);
    if (status != ZYD_OK) {
        return bad(why, "the records of genesis do not fit", status);
    }
    zyd_replica_genesis_header(&r->genesis, r->g, size, &root, &totals);
    set_head(r, &r->genesis, &none);
    return ZYD_OK;
}

/* Ids of the blocks up to and with last that may still be valid after it. */
static enum zyd_status read_window(struct zyd_replica *r, const char **why, const struct zyd_header *last)
{
    struct zyd_block_view v;
    struct zyd_finality f;
    bool have;
    uint64_t first = last->height;
    uint64_t from = last->time_ms > r->g->window_ms ? last->time_ms - r->g->window_ms : 0;
    for (; first > 1; first--) {
        enum zyd_status status = read_block(r, &v, &f, &have, first - 1);
        if (status != ZYD_OK || !have) {
            return bad(why, "a block of the replay window cannot be read", ZYD_E_DAMAGED);
        }
        if (v.header.time_ms < from) {
            break;
        }
    }
    for (uint64_t h = first; h <= last->height; h++) {
        enum zyd_status status = read_block(r, &v, &f, &have, h);
        if (status == ZYD_OK && have) {
            status = add_ids(r, &v);
        }
        if (status != ZYD_OK || !have) {
            return bad(why, "a block of the replay window cannot be read", status == ZYD_OK ? ZYD_E_DAMAGED : status);
        }
    }
    return ZYD_OK;
}

/* Genesis itself is not made again: consensus needs its header only for children of block 0, and those are final. A checkpoint
 * stands at height 2 or above, so the block before it is in the store for the seal leaf. */
static enum zyd_status from_checkpoint(struct zyd_replica *r, const char **why, const struct zyd_checkpoint *c)
{
    struct zyd_block_view v = {0};
    struct zyd_finality f;
    struct zyd_frontier after;
    bool have = false;
    enum zyd_status status = c->height < 2 ? ZYD_E_DAMAGED : read_block(r, &v, &f, &have, c->height - 1);
    struct zyd_header prev = v.header;
    if (status == ZYD_OK && have) {
        status = read_block(r, &v, &f, &have, c->height);
    }
    if (status != ZYD_OK || !have) {
        return bad(why, "the block of the checkpoint cannot be read", status == ZYD_OK ? ZYD_E_DAMAGED : status);
    }
    struct zyd_header h = v.header;
    if (!zyd_hash_eq(&h.chain_id, &r->g->hash) || !zyd_hash_eq(&h.rules_hash, &r->g->rules_hash)) {
        return bad(why, "the store belongs to another genesis", ZYD_E_FOREIGN);
    }
    if (h.state_size != c->state_size || !zyd_hash_eq(&h.state_root, &c->state_root)) {
        return bad(why, "the checkpoint is not that of its block", ZYD_E_DAMAGED);
    }
    if (!zyd_replica_links(&v, &prev) || frontier_after(&after, &v, &prev) != ZYD_OK) {
        return bad(why, "the log of the checkpoint's block does not give its root", ZYD_E_DAMAGED);
    }
    r->rows_shown = true;
    status = zyd_state_load(r->state, c->state_size, NULL);
    if (status != ZYD_OK) {
        return bad(why, "the records of the checkpoint cannot be read", status);
    }
    set_head(r, &h, &after);
    r->ckpt.last_height = c->height;
    return read_window(r, why, &h);
}

static enum zyd_status replay(struct zyd_replica *r, const char **why)
{
    struct zyd_block_view v;
    struct zyd_finality f;
    bool have;
    for (;;) {
        size_t fin_size = r->head_fin_size;
        enum zyd_status status = read_block(r, &v, &f, &have, r->head.height + 1);
        if (status != ZYD_OK) {
            return bad(why, "a final block is damaged", status);
        }
        if (!have) {
            r->head_fin_size = fin_size;
            return ZYD_OK;
        }
        struct zyd_frontier after;
        if (!zyd_replica_links(&v, &r->head)) {
            return bad(why, "a final block does not stand on the one before", ZYD_E_DAMAGED);
        }
        if (frontier_after(&after, &v, &r->head) != ZYD_OK) {
            return bad(why, "the log of a final block does not give its root", ZYD_E_DAMAGED);
        }
        status = zyd_state_apply_writes(r->state, v.writes);
        if (status == ZYD_OK) {
            status = add_ids(r, &v);
        }
        if (status != ZYD_OK) {
            return bad(why, "the write set of a final block cannot be applied", status);
        }
        zyd_replica_window_purge(&r->window, v.header.time_ms > r->g->window_ms ? v.header.time_ms - r->g->window_ms : 0);
        set_head(r, &v.header, &after);
    }
}

/* The head's own finality, and the state that it commits to. */
static enum zyd_status check_head(struct zyd_replica *r, const char **why)
{
    struct zyd_finality f;
    struct zyd_block_view v;
    bool have;
    struct zyd_hash root;
    zyd_state_root(r->state, &root);
    if (zyd_state_size(r->state) != r->head.state_size || !zyd_hash_eq(&root, &r->head.state_root)) {
        return bad(why, "the records do not give the state root of the last final block", ZYD_E_DAMAGED);
    }
    if (r->head.height == 0) {
        r->head_fin_size = 0;
        return ZYD_OK;
    }
    enum zyd_status status = read_block(r, &v, &f, &have, r->head.height);
    if (status != ZYD_OK || !have || zyd_finality_check(&f, &v.header, r->g, &r->cfg.sig) != ZYD_OK) {
        return bad(why, "the last final block has no good finality proof", status == ZYD_E_STORE ? status : ZYD_E_DAMAGED);
    }
    return ZYD_OK;
}

static void start_consensus(struct zyd_replica *r)
{
    const struct zyd_genesis *g = r->g;
    struct zyd_bft_config c = {.chain_id = g->hash,
                               .epoch = ZYD_EPOCH_FIRST,
                               .n = g->validator_count,
                               .me = r->cfg.me,
                               .sig = r->cfg.sig,
                               .genesis = r->genesis,
                               .valset_hash = g->valset_hash,
                               .rules_version = ZYD_RULES_VERSION,
                               .rules_hash = g->rules_hash,
                               .pace_ms = g->pace_ms,
                               .delta_ms = g->delta_ms,
                               .delta_max_ms = g->delta_max_ms,
                               .heartbeat_ms = g->heartbeat_ms,
                               .precision_ms = g->precision_ms,
                               .msgdelay_ms = g->msgdelay_ms,
                               .seed = r->cfg.seed};
    for (uint8_t i = 0; i < c.n; i++) {
        c.pks[i] = *zyd_genesis_validator_pk(g, i);
    }
    r->bft = zyd_bft_init(r->bft_mem, &c);
}

enum zyd_status zyd_replica_load(struct zyd_replica *r, const char **why, const struct zyd_checkpoint *checkpoint)
{
    zyd_assert(!r->loaded);
    if (!zyd_host_ready(r->host)) {
        return bad(why, "a plugin that genesis names is missing", ZYD_E_FOREIGN);
    }
    enum zyd_status status = checkpoint == NULL ? from_genesis(r, why) : from_checkpoint(r, why, checkpoint);
    if (status == ZYD_OK) {
        status = replay(r, why);
    }
    if (status == ZYD_OK) {
        status = check_head(r, why);
    }
    if (status == ZYD_OK && !zyd_hash_eq(&r->head.chain_id, &r->g->hash)) {
        status = bad(why, "the store belongs to another genesis", ZYD_E_FOREIGN);
    }
    if (status != ZYD_OK) {
        return status;
    }
    start_consensus(r);
    r->loaded = true;
    return ZYD_OK;
}

/* ---- what the disk holds beside ---- */

void zyd_replica_give_head(struct zyd_replica *r, uint64_t floor)
{
    struct zyd_finality f;
    if (r->head_given) {
        return;
    }
    r->head_given = true;
    bool have = r->head_fin_size > 0 && zyd_finality_decode(&f, zyd_span(r->head_fin, r->head_fin_size)) == ZYD_OK;
    zyd_bft_restore_head(r->bft, &r->head, have ? &f.fc : NULL, floor);
}

enum zyd_status zyd_replica_restore_floor(struct zyd_replica *r, uint64_t floor)
{
    zyd_assert(r->loaded && !r->started);
    zyd_replica_give_head(r, floor);
    return ZYD_OK;
}

enum zyd_status zyd_replica_restore_vote(struct zyd_replica *r, struct zyd_span vote)
{
    struct zyd_vote v;
    zyd_replica_give_head(r, 0);
    enum zyd_status status = zyd_vote_decode(&v, vote);
    return status == ZYD_OK ? zyd_bft_restore_vote(r->bft, &v) : ZYD_E_DAMAGED;
}

enum zyd_status zyd_replica_restore_cert(struct zyd_replica *r, struct zyd_span cert)
{
    struct zyd_rd rd = zyd_rd_of(cert);
    zyd_replica_give_head(r, 0);
    zyd_cert_read(&rd, &r->certs[0]);
    return zyd_rd_done(&rd) == ZYD_OK ? zyd_bft_restore_cert(r->bft, &r->certs[0]) : ZYD_E_DAMAGED;
}

/* Takes the envelopes of a stored value into a body and executes it again. */
static enum zyd_status restore_data(struct zyd_replica *r, struct slot *s, const struct zyd_block_view *v)
{
    struct body *b = zyd_replica_body_make(r, s);
    if (b == NULL || v->envelopes.size > r->env_cap || v->header.env_count > r->cfg.limits.block_envs_max) {
        return ZYD_E_FULL;
    }
    if (v->envelopes.size > 0) {
        memcpy(b->value + HEAD_BYTES + 4, v->envelopes.data, v->envelopes.size);
    }
    zyd_put32(b->value + HEAD_BYTES, (uint32_t)v->envelopes.size);
    b->env_size = v->envelopes.size;
    zyd_replica_table_clear(r, b->by_hash);
    struct zyd_rd rd = zyd_rd_of(v->envelopes);
    while (b->count < v->header.env_count) {
        struct zyd_span env = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        if (rd.bad) {
            return ZYD_E_DAMAGED;
        }
        zyd_hash1(&b->hashes[b->count], "zyd/envb/1", env.data, env.size);
        zyd_replica_table_put(r, b->by_hash, b->hashes, b->count);
        b->count++;
    }
    b->complete = true;
    struct zyd_hash root;
    zyd_merkle_root(&root, b->hashes, b->count);
    if (zyd_rd_done(&rd) != ZYD_OK || !zyd_hash_eq(&root, &s->header.body_root)) {
        return ZYD_E_DAMAGED;
    }
    return ZYD_OK;
}

static enum zyd_status restore_slot(struct zyd_replica *r, struct slot *s, const struct zyd_block_view *v)
{
    size_t just_count;
    if (zyd_just_decode(r->certs, &just_count, v->just) != ZYD_OK || v->nc.size > sizeof s->cold->nc) {
        return ZYD_E_DAMAGED;
    }
    zyd_replica_set_just(s, r->certs, just_count);
    if (v->nc.size > 0) {
        memcpy(s->cold->nc, v->nc.data, v->nc.size);
    }
    s->nc_size = v->nc.size;
    enum zyd_status status = (s->header.flags & ZYD_HEADER_CARRIER) != 0 ? ZYD_OK : restore_data(r, s, v);
    if (status == ZYD_OK) {
        status = zyd_replica_execute_slot(r, s);
    }
    if (status == ZYD_OK && s->body != NO_SLOT) {
        status = zyd_replica_compose(r, s);
    }
    if (status != ZYD_OK) {
        return status == ZYD_E_INVALID ? ZYD_E_DAMAGED : status;
    }
    struct zyd_cert *nc = &r->certs[ZYD_JUST_MAX];
    if (v->nc.size > 0) {
        struct zyd_rd rd = zyd_rd_of(v->nc);
        zyd_cert_read(&rd, nc);
        if (zyd_rd_done(&rd) != ZYD_OK) {
            return ZYD_E_DAMAGED;
        }
    }
    s->stored = true;
    return zyd_bft_restore_block(r->bft, &s->header, r->certs, just_count, v->nc.size > 0 ? nc : NULL);
}

enum zyd_status zyd_replica_restore_block(struct zyd_replica *r, struct zyd_span value)
{
    struct zyd_block_view v;
    struct zyd_hash hash;
    struct slot *base;
    zyd_replica_give_head(r, 0);
    if (zyd_block_decode(&v, value) != ZYD_OK) {
        return ZYD_E_DAMAGED;
    }
    zyd_header_hash(&hash, &v.header);
    if (v.header.view <= r->head.view || v.header.height < r->head.height ||
        !zyd_replica_base(r, &base, &v.header.parent_hash) || zyd_replica_find(r, &hash) != NULL) {
        return ZYD_OK; /* final already, or on a branch that lost */
    }
    struct slot *s = zyd_replica_slot_make(r, &hash, &v.header);
    if (s == NULL) {
        return ZYD_E_FULL;
    }
    enum zyd_status status = restore_slot(r, s, &v);
    if (status == ZYD_OK) {
        return ZYD_OK;
    }
    zyd_replica_kill(r, s);
    return status == ZYD_E_NOT_FOUND || status == ZYD_E_EXISTS ? ZYD_OK : status;
}
