/* One block on an overlay (ledger.md 2.4): seal, SYS, then envelopes in the block's order; then state, roots and totals.
 * Leader, voter, restart and auditor run this same code. */
#include "replica_internal.h"

static void section_open(struct exec *x)
{
    x->section = x->wr.size;
    zyd_wx_u32(&x->wr, 0);
}

static void section_close(struct exec *x)
{
    if (!x->wr.full) {
        zyd_put32(x->wr.data + x->section, (uint32_t)(x->wr.size - x->section - 4));
    }
}

void zyd_replica_exec_begin(struct exec *x, struct zyd_host *host, const struct zyd_genesis *g, struct zyd_overlay *overlay,
                            const struct zyd_header *h, const struct zyd_header *prev, const struct zyd_frontier *before,
                            void *out, size_t cap, uint32_t ops_max)
{
    memset(x, 0, sizeof *x);
    x->host = host;
    x->g = g;
    x->overlay = overlay;
    x->wr = zyd_wr_of(out, cap);
    x->ops_max = ops_max;
    x->bad_env = UINT32_MAX;
    x->totals = (struct zyd_totals){prev->debits, prev->credits, prev->open_obligations};
    x->frontier = *before;
    x->hb.overlay = overlay;
    x->hb.height = h->height;
    x->hb.time_ms = h->time_ms;
    x->hb.totals = &x->totals;
    struct zyd_hash leaf;
    zyd_leaf_seal(&leaf, prev, &h->just_root);
    zyd_frontier_append(&x->frontier, &leaf);
}

/* Leaf hashes of the outcomes (u32 length + bytes each) in bytes. */
static bool outcome_leaves(struct zyd_frontier *tree, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    while (!rd.bad && rd.pos < rd.size) {
        struct zyd_span outcome = zyd_rx_block(&rd, rd.size);
        struct zyd_hash leaf;
        zyd_merkle_leaf(&leaf, outcome.data, outcome.size);
        zyd_frontier_append(tree, &leaf);
    }
    return zyd_rd_done(&rd) == ZYD_OK;
}

static enum zyd_status over_limits(const struct exec *x)
{
    if (x->hb.fuel_used > x->g->fuel_block || x->hb.op_count > x->ops_max) {
        return ZYD_E_TOO_BIG;
    }
    return x->wr.full ? ZYD_E_FULL : ZYD_OK;
}

enum zyd_status zyd_replica_exec_sys(struct exec *x)
{
    x->hb.log_index = x->frontier.size;
    x->hb.op_number = 0;
    section_open(x);
    uint32_t count = 0;
    for (;;) {
        bool ran;
        enum zyd_status status = zyd_host_run_sys(x->host, &x->wr, &ran, &x->hb);
        if (status != ZYD_OK) {
            return status;
        }
        if (!ran) {
            break;
        }
        count++;
        if ((status = over_limits(x)) != ZYD_OK) {
            return status;
        }
    }
    section_close(x);
    if (x->wr.full) {
        return ZYD_E_FULL;
    }
    if (count > 0) {
        struct zyd_frontier tree = {0};
        struct zyd_hash root;
        struct zyd_hash leaf;
        bool ok = outcome_leaves(&tree, zyd_span(x->wr.data + x->section + 4, x->wr.size - x->section - 4));
        zyd_assert(ok);
        zyd_assert(tree.size == count);
        zyd_frontier_root(&root, &tree);
        zyd_leaf_sys(&leaf, count, &root);
        zyd_frontier_append(&x->frontier, &leaf);
    }
    section_open(x); /* outcomes of the envelopes */
    return ZYD_OK;
}

static void entry_leaf(struct zyd_frontier *log, const struct zyd_env *env, const struct zyd_hash *root, uint32_t ok)
{
    uint8_t data[ZYD_ENV_HEAD_SIZE + ZYD_ENV_SIGS_MAX * ZYD_ENV_SIG_SIZE + 128];
    struct zyd_wr wr = zyd_wr_of(data, sizeof data);
    struct zyd_hash leaf;
    zyd_leaf_entry_data(&wr, env, root, ok);
    zyd_assert(!wr.full);
    zyd_merkle_leaf(&leaf, wr.data, wr.size);
    zyd_frontier_append(log, &leaf);
}

enum zyd_status zyd_replica_exec_env(struct exec *x, const struct zyd_env *env)
{
    size_t first = x->wr.size;
    size_t pos = 0;
    uint32_t ok_count = 0;
    struct zyd_op op;
    x->bad_env = x->env_count;
    x->hb.log_index = x->frontier.size;
    x->hb.op_number = 0;
    x->hb.env_fuel = 0;
    while (zyd_env_next_op(&op, env, &pos)) {
        uint32_t count;
        uint32_t ok;
        uint32_t code;
        enum zyd_status status = zyd_host_run_op(x->host, &x->wr, &count, &ok, &code, &x->hb, env, &op);
        if (status == ZYD_OK) {
            status = over_limits(x);
        }
        if (status != ZYD_OK) {
            return status;
        }
        ok_count += ok;
    }
    struct zyd_frontier tree = {0};
    struct zyd_hash root;
    bool good = outcome_leaves(&tree, zyd_span(x->wr.data + first, x->wr.size - first));
    zyd_assert(good);
    zyd_frontier_root(&root, &tree);
    entry_leaf(&x->frontier, env, &root, ok_count);
    x->bad_env = UINT32_MAX;
    x->env_count++;
    return ZYD_OK;
}

enum zyd_status zyd_replica_exec_end(struct exec *x, struct zyd_header *h)
{
    section_close(x);
    zyd_overlay_seal(x->overlay, &h->state_size, &h->state_root);
    section_open(x);
    zyd_overlay_write_set(x->overlay, &x->wr);
    section_close(x);
    if (x->wr.full) {
        return ZYD_E_FULL;
    }
    h->log_size = x->frontier.size;
    zyd_frontier_root(&h->log_root, &x->frontier);
    h->debits = x->totals.debits;
    h->credits = x->totals.credits;
    h->open_obligations = x->totals.open_obligations;
    return ZYD_OK;
}

/* Outcomes of one envelope in section 8: each operation's own outcome ends its group (due_ms 0). */
static bool skip_outcomes(struct zyd_rd *rd, struct zyd_frontier *tree, uint32_t *ok_count, uint32_t op_count)
{
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
    *ok_count = 0;
    while (op_count > 0) {
        struct zyd_outcome o;
        struct zyd_span bytes = zyd_rx_block(rd, rd->size);
        if (rd->bad || zyd_outcome_decode(&o, postings, events, warnings, bytes) != ZYD_OK) {
            return false;
        }
        struct zyd_hash leaf;
        zyd_merkle_leaf(&leaf, bytes.data, bytes.size);
        zyd_frontier_append(tree, &leaf);
        *ok_count += o.code == 0;
        op_count -= o.due_ms == 0;
    }
    return true;
}

enum zyd_status zyd_replica_exec_leaves(struct zyd_frontier *f, const struct zyd_block_view *b, const struct zyd_header *prev)
{
    struct zyd_hash leaf;
    struct zyd_hash root;
    zyd_leaf_seal(&leaf, prev, &b->header.just_root);
    zyd_frontier_append(f, &leaf);
    if (b->sys.size > 0) {
        struct zyd_frontier tree = {0};
        if (!outcome_leaves(&tree, b->sys)) {
            return ZYD_E_MALFORMED;
        }
        zyd_frontier_root(&root, &tree);
        zyd_leaf_sys(&leaf, (uint32_t)tree.size, &root);
        zyd_frontier_append(f, &leaf);
    }
    struct zyd_rd envs = zyd_rd_of(b->envelopes);
    struct zyd_rd outs = zyd_rd_of(b->outcomes);
    while (!envs.bad && envs.pos < envs.size) {
        struct zyd_env env;
        struct zyd_frontier tree = {0};
        uint32_t ok_count;
        if (zyd_env_decode(&env, zyd_rx_block(&envs, ZYD_ENV_SIZE_MAX)) != ZYD_OK ||
            !skip_outcomes(&outs, &tree, &ok_count, env.op_count)) {
            return ZYD_E_MALFORMED;
        }
        zyd_frontier_root(&root, &tree);
        entry_leaf(f, &env, &root, ok_count);
    }
    return zyd_rd_done(&envs) == ZYD_OK && zyd_rd_done(&outs) == ZYD_OK ? ZYD_OK : ZYD_E_MALFORMED;
}

void zyd_replica_genesis_header(struct zyd_header *out, const struct zyd_genesis *g, uint64_t state_size,
                                const struct zyd_hash *state_root, const struct zyd_totals *totals)
{
    memset(out, 0, sizeof *out);
    out->version = ZYD_HEADER_VERSION;
    out->chain_id = g->hash;
    out->epoch = ZYD_EPOCH_FIRST;
    out->time_ms = g->created_ms;
    zyd_merkle_root(&out->body_root, NULL, 0);
    zyd_merkle_root(&out->log_root, NULL, 0);
    zyd_merkle_root(&out->just_root, NULL, 0);
    out->state_size = state_size;
    out->state_root = *state_root;
    out->debits = totals->debits;
    out->credits = totals->credits;
    out->open_obligations = totals->open_obligations;
    out->valset_hash = g->valset_hash;
    out->rules_version = ZYD_RULES_VERSION;
    out->rules_hash = g->rules_hash;
}

unsigned zyd_replica_class_rank(uint8_t class_)
{
    return class_ == ZYD_ENV_GOVERNANCE ? 0 : class_ == ZYD_ENV_EVIDENCE ? 1 : 2;
}

bool zyd_replica_carrier_next(struct zyd_rd *rd, struct zyd_header *h, struct zyd_span *header_bytes, struct zyd_span *just)
{
    if (rd->bad || rd->pos == rd->size) {
        return false;
    }
    *header_bytes = zyd_rx_span(rd, ZYD_HEADER_SIZE);
    *just = zyd_rx_block(rd, JUST_BYTES);
    if (rd->bad || zyd_header_decode(h, *header_bytes) != ZYD_OK) {
        rd->bad = true;
        return false;
    }
    return true;
}
