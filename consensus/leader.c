/* Leading a view: choose the parent, gather J, ask for a block, propose it (consensus.md 1.5 try_propose). */
#include "bft_internal.h"

struct plan {
    bool ready;
    const struct zyd_header *parent;
    struct zyd_hash parent_hash;
    const struct zyd_bft_block *block; /* NULL: head */
    uint8_t missing_type;              /* not ready: what we lack; 0 when it is a body or the state */
    uint64_t missing_view;
};

/* u = highest view < view with NC(u, p) and state(p) here; J = NC(u) + XC(w) for u < w < view.  Where NC(u) is known but
 * its block is not, an XC(u) lets us go below it. */
static void choose(struct zyd_bft *b, struct plan *plan)
{
    memset(plan, 0, sizeof *plan);
    for (uint64_t u = b->view - 1;; u--) {
        if (u == b->head.view) {
            plan->missing_type = ZYD_VOTE_N;
            plan->missing_view = u;
            if (u == 0 || b->has_head_nc) {
                plan->ready = true;
                plan->parent = &b->head;
                plan->parent_hash = b->head_hash;
            }
            break;
        }
        const struct zyd_cert *nc = zyd_bft_cert_at(b, ZYD_VOTE_N, u);
        const struct zyd_bft_block *block = nc == NULL ? NULL : zyd_bft_find(b, &nc->hash);
        if (block != NULL && block->linked && block->verdict == VERDICT_OK) {
            plan->ready = true;
            plan->block = block;
            plan->parent = &block->header;
            plan->parent_hash = block->hash;
            break;
        }
        if (zyd_bft_cert_at(b, ZYD_VOTE_X, u) == NULL && !MUTANT(MUTANT_JUSTIFICATION_UNCHECKED)) {
            plan->missing_type = nc == NULL ? ZYD_VOTE_X : 0;
            plan->missing_view = u;
            break;
        }
    }
    if (plan->ready && b->view - plan->parent->view - (plan->parent->view == 0 ? 1 : 0) > ZYD_JUST_MAX) {
        plan->ready = false; /* more skipped views than a J holds (consensus.md 1.5 notes) */
        plan->missing_type = 0;
    }
}

static void ask_certs(struct zyd_bft *b, const struct plan *plan)
{
    if (b->hunt_ms != NEVER && b->now_ms < b->hunt_ms) {
        return;
    }
    b->hunt_ms = b->now_ms + b->d_ms / 2 + 1;
    for (uint64_t u = plan->missing_view, asked = 0; u > b->head.view && asked < 8; u--) {
        if (zyd_bft_cert_at(b, ZYD_VOTE_X, u) == NULL && zyd_bft_cert_at(b, ZYD_VOTE_N, u) == NULL) {
            zyd_bft_send_get(b, ZYD_BFT_ALL, ZYD_VOTE_X, u);
            zyd_bft_send_get(b, ZYD_BFT_ALL, ZYD_VOTE_N, u);
            asked++;
        }
    }
    if (plan->missing_view == b->head.view) {
        zyd_bft_send_get(b, ZYD_BFT_ALL, ZYD_VOTE_N, b->head.view);
    }
}

/* What to make: 1 DATA, 2 CARRIER, 0 nothing now. */
static int kind(struct zyd_bft *b, const struct plan *plan)
{
    uint16_t path[BLOCKS_MAX];
    uint32_t depth = plan->block == NULL ? 0 : zyd_bft_data_depth(b, plan->block);
    bool data = b->pool_nonempty || b->sys_due || zyd_bft_heartbeat_due(b);
    if (plan->block != NULL && zyd_bft_path(b, path, plan->block) >= ZYD_FINALITY_HEADERS_MAX) {
        return 0; /* a longer chain has no finality proof */
    }
    if (data && depth < ZYD_DEPTH_MAX) {
        /* D22: the first operation after idle does not wait; else the rest of the minimum block interval. */
        int64_t rest = zyd_bft_pace_rest(b);
        int64_t at = b->now_ms + rest > b->build_after_ms ? b->now_ms + rest : b->build_after_ms;
        if (at <= b->now_ms) {
            return 1;
        }
        zyd_bft_wake_at(b, at);
        if (b->build_after_ms <= b->now_ms) {
            return 0;
        }
    }
    if (!zyd_bft_carrier_needed(b)) {
        return 0; /* consensus.md 1.13: stay quiet */
    }
    /* CARRIER if it still holds after pace + D in this view: the F votes are usually on their way. */
    int64_t at = b->entered_ms + b->cfg.pace_ms + b->d_ms;
    if (b->now_ms < at) {
        zyd_bft_wake_at(b, at);
        return 0;
    }
    return 2;
}

static size_t gather(struct zyd_bft *b, struct zyd_cert just[ZYD_JUST_MAX], const struct plan *plan)
{
    size_t count = 0;
    uint64_t u = plan->parent->view;
    if (u > 0) {
        just[count++] = *zyd_bft_cert_at(b, ZYD_VOTE_N, u);
    }
    for (uint64_t w = u + 1; w < b->view; w++) {
        const struct zyd_cert *xc = zyd_bft_cert_at(b, ZYD_VOTE_X, w);
        if (xc != NULL) {
            just[count++] = *xc;
        }
    }
    return count;
}

static void fill(struct zyd_bft *b, struct zyd_header *h, const struct plan *plan, bool carrier)
{
    const struct zyd_header *parent = plan->parent;
    if (carrier) {
        *h = *parent; /* log, state and totals stay */
        h->env_count = h->body_size = 0;
        zyd_merkle_root(&h->body_root, NULL, 0);
    } else {
        memset(h, 0, sizeof *h);
    }
    h->version = ZYD_HEADER_VERSION;
    h->flags = carrier ? ZYD_HEADER_CARRIER : 0;
    h->chain_id = b->cfg.chain_id;
    h->epoch = b->cfg.epoch;
    h->view = b->view;
    h->height = parent->height + (carrier ? 0 : 1);
    h->parent_view = parent->view;
    h->parent_hash = plan->parent_hash;
    h->time_ms = (uint64_t)b->wall_ms;
    h->proposer = b->cfg.me;
    h->valset_hash = b->cfg.valset_hash;
    h->rules_version = b->cfg.rules_version;
    h->rules_hash = b->cfg.rules_hash;
}

static void build(struct zyd_bft *b, const struct plan *plan, bool carrier)
{
    size_t count = gather(b, b->just_in, plan);
    struct zyd_bft_block *block = zyd_bft_block_add(b, b->view, count);
    if (block == NULL) {
        zyd_bft_wake_at(b, b->now_ms + 1);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        b->cells[block->cell_at + i] = b->just_in[i];
    }
    fill(b, &block->header, plan, carrier);
    zyd_just_root(&block->header.just_root, b->just_in, count);
    b->building = (uint16_t)(block - b->blocks);
    struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_BUILD);
    out->header = &block->header;
    out->view = b->view;
    out->height = block->header.height;
    out->hash = plan->parent_hash;
    out->just = zyd_bft_block_just(b, block);
    out->just_count = count;
    out->force = carrier || zyd_bft_heartbeat_due(b);
}

void zyd_bft_lead(struct zyd_bft *b)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, b->view);
    struct plan plan;
    if (!b->started || b->stopped || zyd_bft_leader(b, b->view) != b->cfg.me || b->building != NONE) {
        return;
    }
    /* consensus.md 1.5: if N or X recorded for view: return. */
    if (slot != NULL && (slot->own[ZYD_VOTE_N - 1].have || slot->own[ZYD_VOTE_X - 1].have || slot->proposal[0] != NONE)) {
        return;
    }
    choose(b, &plan);
    if (!plan.ready) {
        if (b->armed && plan.missing_type != 0) {
            ask_certs(b, &plan);
            /* if still missing at t_lead/2: nullify(view) */
            if (b->t_lead_ms != NEVER && b->now_ms >= b->t_lead_ms - b->patience_ms) {
                zyd_bft_nullify(b, b->view);
            } else if (b->t_lead_ms != NEVER) {
                zyd_bft_wake_at(b, b->t_lead_ms - b->patience_ms);
            }
        }
        return;
    }
    int what = kind(b, &plan);
    if (what == 0) {
        return;
    }
    if (b->wall_ms < 0 || (uint64_t)b->wall_ms <= plan.parent->time_ms) {
        /* wait until wall > time(p) */
        uint64_t wait = plan.parent->time_ms - (uint64_t)b->wall_ms + 1;
        zyd_bft_wake_at(b, b->now_ms + (int64_t)(wait < 1000 ? wait : 1000));
        return;
    }
    build(b, &plan, what == 2);
}

static bool is_answer(const struct zyd_header *asked, const struct zyd_header *h)
{
    return h->view == asked->view && h->height == asked->height && h->flags == asked->flags &&
           h->epoch == asked->epoch && h->time_ms == asked->time_ms && h->proposer == asked->proposer &&
           h->parent_view == asked->parent_view && zyd_hash_eq(&h->parent_hash, &asked->parent_hash) &&
           zyd_hash_eq(&h->just_root, &asked->just_root);
}

/* BUILT: the owner made and executed the block.  From here it is a proposal like any other, which we have verified. */
void zyd_bft_on_built(struct zyd_bft *b, const struct zyd_header *h, bool ok)
{
    if (b->building == NONE || h == NULL) {
        return; /* the view has moved on */
    }
    struct zyd_bft_block *block = &b->blocks[b->building];
    if (h->view != block->header.view) {
        return;
    }
    if (!ok || !is_answer(&block->header, h)) {
        zyd_bft_block_free(b, block);
        b->build_after_ms = b->now_ms + b->d_ms; /* or a POOL input, or the next view */
        return;
    }
    struct zyd_bft_slot *slot = zyd_bft_slot_make(b, b->view);
    zyd_assert(slot != NULL);
    block->header = *h;
    zyd_header_hash(&block->hash, h);
    block->verdict = VERDICT_OK;
    slot->proposal[0] = b->building;
    b->building = NONE;
    if ((h->flags & ZYD_HEADER_CARRIER) == 0) {
        b->last_data_ms = b->now_ms;
        b->had_data = true;
    }
    b->again = true;
}
