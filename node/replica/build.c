/* The leader's part: choose envelopes from the pool, execute them, complete the header (consensus.md 1.5, 1.10).
 *
 * There is no "sealed" flag: what is on the parent's chain or in the window is left out, computed at build time. */
#include "replica_internal.h"

/* ---- envelopes left out after failures (consensus.md 1.6, poison) ---- */

static struct left_out *left_out_of(struct zyd_replica *r, const struct zyd_hash *id)
{
    for (uint32_t i = 0; i < r->left_out_count; i++) {
        if (zyd_hash_eq(&r->left_out[i].env_id, id)) {
            return &r->left_out[i];
        }
    }
    return NULL;
}

static struct left_out *left_out_make(struct zyd_replica *r, const struct zyd_hash *id)
{
    struct left_out *l = left_out_of(r, id);
    if (l != NULL) {
        return l;
    }
    if (r->left_out_count == LEFT_OUT_MAX) {
        r->left_out[0] = r->left_out[--r->left_out_count];
    }
    l = &r->left_out[r->left_out_count++];
    memset(l, 0, sizeof *l);
    l->env_id = *id;
    return l;
}

static void leave_out(struct zyd_replica *r, const struct zyd_hash *id, const char *why)
{
    struct left_out *l = left_out_make(r, id);
    l->until_height = r->head.height + LEFT_OUT_BLOCKS;
    r->pool_dirty = true;
    zyd_replica_alarm(r, ZYD_ALARM_POISON, why);
}

void zyd_replica_blame(struct zyd_replica *r, const struct slot *s)
{
    const struct body *b = zyd_replica_body_of(r, s);
    if (b == NULL || !b->has_ids || b->count > LEFT_OUT_MAX / 4) {
        return; /* so many at once are not poison but trouble on the network */
    }
    for (uint32_t i = 0; i < b->count; i++) {
        struct left_out *l = left_out_make(r, &b->ids[i]);
        if (++l->failures == 2) {
            leave_out(r, &b->ids[i], "left out for 50 blocks: two of our proposals that held it came to nothing");
        }
    }
}

static bool is_left_out(struct zyd_replica *r, const struct zyd_hash *id)
{
    struct left_out *l = r->left_out_count == 0 ? NULL : left_out_of(r, id);
    if (l == NULL || l->until_height == 0) {
        return false;
    }
    if (r->head.height < l->until_height) {
        return true;
    }
    *l = r->left_out[--r->left_out_count];
    return false;
}

/* ---- choice ---- */

bool zyd_replica_eligible(struct zyd_replica *r, const struct zyd_pool_item *item, const struct chain *chain, uint64_t time_ms)
{
    return item->valid_until_ms > time_ms && item->valid_until_ms - time_ms <= r->g->window_ms &&
           !zyd_replica_window_has(&r->window, &item->env_id) && !zyd_replica_on_chain(r, chain, &item->env_id) &&
           !is_left_out(r, &item->env_id);
}

struct build {
    struct slot *s, *base;
    struct body *b;
    struct exec x;
    uint64_t fuel_budget;
    uint32_t env_max; /* stop after so many: a second try */
    enum zyd_status status;
    struct zyd_hash failed_id;
};

static bool fits(const struct zyd_replica *r, const struct build *w, const struct zyd_pool_item *item)
{
    const struct zyd_host_block *hb = &w->x.hb;
    if (w->b->count >= w->env_max || w->b->count >= r->cfg.limits.block_envs_max ||
        w->b->env_size - 4 * (size_t)w->b->count + item->bytes.size > r->cfg.limits.block_bytes_max ||
        hb->op_count + (uint64_t)item->op_count > r->cfg.limits.block_ops_max ||
        r->window.count + (uint64_t)(BODIES + 1) * r->cfg.limits.block_envs_max > r->window.max) {
        return false;
    }
    if (w->b->count == 0) {
        return true;
    }
    /* What so many operations will cost, judged by those of this block so far. */
    uint64_t each = hb->op_count == 0 ? ZYD_FUEL_OPERATION : hb->fuel_used / hb->op_count;
    return hb->fuel_used < w->fuel_budget && each * item->op_count <= w->fuel_budget - hb->fuel_used;
}

/* Appends and executes one envelope of the pool; false: stop here. */
static bool take(struct zyd_replica *r, struct build *w, const struct zyd_pool_item *item)
{
    struct zyd_env env;
    struct body *b = w->b;
    if (!fits(r, w, item)) {
        return false;
    }
    uint8_t *at = b->value + HEAD_BYTES + 4 + b->env_size;
    zyd_put32(at, (uint32_t)item->bytes.size);
    memcpy(at + 4, item->bytes.data, item->bytes.size);
    w->status = zyd_env_decode(&env, zyd_span(at + 4, item->bytes.size));
    zyd_assert(w->status == ZYD_OK);
    w->status = zyd_replica_exec_env(&w->x, &env);
    if (w->status != ZYD_OK) {
        w->failed_id = env.env_id;
        return false;
    }
    b->hashes[b->count] = env.env_hash;
    b->ids[b->count] = env.env_id;
    zyd_replica_table_put(r, b->by_hash, b->hashes, b->count);
    zyd_replica_table_put(r, b->by_id, b->ids, b->count);
    b->count++;
    b->env_size += 4 + item->bytes.size;
    return true;
}

static void choose(struct zyd_replica *r, struct build *w, uint64_t time_ms)
{
    uint32_t index;
    struct chain chain;
    zyd_replica_chain(r, &chain, w->base);
    for (unsigned rank = 0; rank < 2; rank++) {
        for (uint32_t i = 0; i < r->special_count; i++) {
            const struct zyd_pool_item *item = zyd_pool_by_id(r->pool, &r->special[i]);
            if (item != NULL && zyd_replica_class_rank(item->class_) == rank &&
                !zyd_replica_table_find(r, &index, w->b->by_id, w->b->ids, &item->env_id) &&
                zyd_replica_eligible(r, item, &chain, time_ms) && !take(r, w, item)) {
                return;
            }
        }
    }
    uint32_t cursor = 0;
    const struct zyd_pool_item *item;
    while ((item = zyd_pool_next(r->pool, &cursor)) != NULL) {
        if (item->class_ == ZYD_ENV_BUSINESS && zyd_replica_eligible(r, item, &chain, time_ms) && !take(r, w, item)) {
            return;
        }
    }
}

/* One try on a fresh overlay. */
static enum zyd_status attempt(struct zyd_replica *r, struct build *w, struct zyd_header *h)
{
    struct body *b = w->b;
    const struct zyd_header *prev = w->base == NULL ? &r->head : &w->base->header;
    b->count = 0;
    b->env_size = 0;
    zyd_replica_table_clear(r, b->by_hash);
    zyd_replica_table_clear(r, b->by_id);
    w->s->overlay = zyd_overlay_begin(r->state, w->base == NULL ? NULL : w->base->overlay);
    if (w->s->overlay == NULL) {
        return ZYD_E_BUSY;
    }
    b->before = w->base == NULL ? r->head_frontier : w->base->cold->after;
    h->height = prev->height + 1;
    uint8_t *tail = b->value + HEAD_BYTES + 4 + r->env_cap;
    zyd_replica_exec_begin(&w->x, r->host, r->g, w->s->overlay, h, prev, &b->before, tail, r->tail_cap,
                           r->cfg.limits.block_ops_max);
    w->status = zyd_replica_exec_sys(&w->x);
    if (w->status == ZYD_OK) {
        choose(r, w, h->time_ms);
    }
    if (w->status == ZYD_OK) {
        w->status = zyd_replica_exec_end(&w->x, h);
    }
    if (w->status != ZYD_OK) {
        zyd_overlay_drop(r->state, w->s->overlay);
        w->s->overlay = NULL;
    }
    return w->status;
}

static bool build_data(struct zyd_replica *r, struct build *w, struct zyd_header *h)
{
    w->env_max = UINT32_MAX;
    for (unsigned tries = 0; tries < 4; tries++) {
        enum zyd_status status = attempt(r, w, h);
        if (status == ZYD_OK) {
            struct body *b = w->b;
            memmove(b->value + HEAD_BYTES + 4 + b->env_size, w->x.wr.data, w->x.wr.size);
            zyd_put32(b->value + HEAD_BYTES, (uint32_t)b->env_size);
            b->tail_size = w->x.wr.size;
            b->complete = b->has_ids = true;
            h->env_count = b->count;
            h->body_size = (uint32_t)(b->env_size - 4 * (size_t)b->count);
            zyd_merkle_root(&h->body_root, b->hashes, b->count);
            return true;
        }
        if (status == ZYD_E_STORE || status == ZYD_E_DAMAGED) {
            zyd_replica_fail(r, status);
            return false;
        }
        if (status == ZYD_E_BUSY) {
            return false;
        }
        /* Too much for one block: the same again, shorter.  Alone too much: it can never be in a block. */
        if (w->x.bad_env == UINT32_MAX && w->b->count == 1) {
            leave_out(r, &w->b->ids[0], "left out for 50 blocks: one envelope writes more than a block may");
        } else if (w->x.bad_env == UINT32_MAX) {
            w->env_max = w->b->count / 2;
        } else if (w->b->count > 0) {
            w->env_max = w->b->count;
        } else {
            leave_out(r, &w->failed_id, "left out for 50 blocks: one envelope costs more than a block may");
        }
    }
    return false;
}

static void build_carrier(struct zyd_header *h, const struct zyd_header *base)
{
    h->height = base->height;
    zyd_merkle_root(&h->body_root, NULL, 0);
    h->env_count = h->body_size = 0;
    h->log_size = base->log_size;
    h->log_root = base->log_root;
    h->state_size = base->state_size;
    h->state_root = base->state_root;
    h->debits = base->debits;
    h->credits = base->credits;
    h->open_obligations = base->open_obligations;
}

/* A slot under the hash of the finished header; NULL: no room. */
static struct slot *build_slot(struct zyd_replica *r, struct zyd_header *h)
{
    struct build w = {0};
    struct zyd_hash key;
    bool carrier = (h->flags & ZYD_HEADER_CARRIER) != 0;
    w.fuel_budget = r->cfg.exec_budget_fuel == 0 || r->cfg.exec_budget_fuel > r->g->fuel_block ? r->g->fuel_block
                                                                                              : r->cfg.exec_budget_fuel;
    if (!zyd_replica_base(r, &w.base, &h->parent_hash) || (w.base != NULL && !w.base->executed) ||
        zyd_replica_seal_size(r, &h->parent_hash) == SIZE_MAX || (!carrier && zyd_replica_pressed(r))) {
        return NULL;
    }
    zyd_header_hash(&key, h); /* of the unfinished header: unique enough until it is done */
    w.s = zyd_replica_slot_make(r, &key, h);
    if (w.s == NULL) {
        return NULL;
    }
    w.s->own = true;
    memcpy(w.s->cold->just, r->build_just, r->build_just_size);
    w.s->just_size = r->build_just_size;
    w.s->has_just = true;
    if (carrier) {
        build_carrier(h, w.base == NULL ? &r->head : &w.base->header);
        w.s->cold->after = w.base == NULL ? r->head_frontier : w.base->cold->after;
    } else {
        w.b = zyd_replica_body_make(r, w.s);
        if (w.b == NULL || !build_data(r, &w, h)) {
            zyd_replica_kill(r, w.s);
            return NULL;
        }
        w.s->cold->after = w.x.frontier;
        w.s->sys_cursor = w.x.hb.sys_cursor;
        w.s->fuel = w.x.hb.fuel_used;
        w.s->op_count = w.x.hb.op_count;
    }
    w.s->executed = true;
    w.s->header = *h;
    zyd_header_hash(&w.s->hash, h);
    return w.s;
}

void zyd_replica_build(struct zyd_replica *r)
{
    struct zyd_header h = r->build_header;
    r->build = false;
    struct slot *s = build_slot(r, &h);
    struct zyd_bft_in in = {.kind = ZYD_BFT_IN_BUILT, .ok = s != NULL, .header = &h};
    if (s != NULL && s->body != NO_SLOT) {
        zyd_replica_push_body(r, s, ZYD_BFT_ALL);
    }
    zyd_replica_feed(r, &in);
    if (s != NULL) {
        struct zyd_bft_in verified = {.kind = ZYD_BFT_IN_VERIFIED, .hash = s->hash, .ok = true};
        zyd_replica_feed(r, &verified);
    }
    r->pool_dirty = true;
}
