/* What becomes durable and final: block puts, commits in chain order, finality records, checkpoints (ledger.md 2.7). */
#include "replica_internal.h"

#define ROWS_BYTES (256u << 10)
#define ROWS_MAX 2048u
#define ROWS_BATCHES 4u       /* handed out before the driver must have shown them */
#define BEGIN_PPM 400000u     /* of one generation; at 45 % no new block is built or applied while a checkpoint runs, */
#define PRESSED_PPM 450000u   /* so both generations together fit one again when a crash makes us load them */

static void persist_block(struct zyd_replica *r, struct slot *s, uint64_t seq)
{
    uint8_t frontier[8 + 64 * 32];
    struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_PERSIST);
    fx->persist = ZYD_PERSIST_BLOCK;
    fx->seq = seq;
    fx->height = s->header.height;
    fx->view = s->header.view;
    if ((s->header.flags & ZYD_HEADER_CARRIER) == 0) {
        struct body *b = zyd_replica_body_of(r, s);
        fx->bytes = zyd_span(b->value + b->start, b->size);
        b->used_step = r->step_no;
    } else { /* no envelopes, nothing between, the log as it stands */
        struct zyd_wr wr = zyd_replica_wr(r, 9 * 4 + sizeof frontier + ZYD_HEADER_SIZE + s->just_size + s->nc_size);
        zyd_assert(wr.data != NULL);
        uint8_t header[ZYD_HEADER_SIZE];
        struct zyd_wr fw = zyd_wr_of(frontier, sizeof frontier);
        zyd_header_encode(header, &s->header);
        zyd_frontier_encode(&fw, &s->cold->after);
        struct zyd_block_view v = {.header_bytes = zyd_span(header, sizeof header),
                                   .just = zyd_span(s->cold->just, s->just_size),
                                   .nc = zyd_span(s->cold->nc, s->nc_size),
                                   .frontier = zyd_wr_span(&fw)};
        zyd_block_encode(&wr, &v);
        zyd_assert(!wr.full && !fw.full);
        zyd_replica_wr_give_back(r, &wr);
        fx->bytes = zyd_wr_span(&wr);
    }
    s->used_step = r->step_no;
    s->stored = true;
    s->store_seq = seq;
}

static void set_nc(struct slot *s, const struct zyd_cert *nc)
{
    if (nc != NULL && s->nc_size == 0) {
        struct zyd_wr wr = zyd_wr_of(s->cold->nc, sizeof s->cold->nc);
        zyd_cert_encode(&wr, nc);
        zyd_assert(!wr.full);
        s->nc_size = wr.size;
    }
}

/* Consensus stores only what we have executed, so slot and body are here; they are not given away before (blocks.c). */
void zyd_replica_on_store(struct zyd_replica *r, const struct zyd_bft_out *out)
{
    struct slot *s = zyd_replica_find(r, &out->hash);
    if (s == NULL || !s->executed || s->state == SLOT_DEAD) {
        /* Only after its body had to be given away (24 executed blocks, none final).  A restart reads all from the store. */
        zyd_replica_alarm(r, ZYD_ALARM_POISON, "a block was asked for that is no longer in memory: restarting is the cure");
        zyd_replica_fail(r, ZYD_E_FULL);
        return;
    }
    zyd_replica_set_just(s, out->just, out->just_count);
    set_nc(s, out->cert);
    if ((s->header.flags & ZYD_HEADER_CARRIER) == 0 && zyd_replica_compose(r, s) != ZYD_OK) {
        zyd_replica_fail(r, ZYD_E_FULL);
        return;
    }
    persist_block(r, s, out->seq);
}

static void own_finality(struct zyd_replica *r, struct slot *s, const struct zyd_bft_out *out)
{
    size_t size = 0;
    uint8_t *headers = zyd_replica_bytes(r, (out->chain_count + 1) * ZYD_HEADER_SIZE);
    zyd_assert(headers != NULL);
    zyd_assert(out->chain_count <= ZYD_FINALITY_HEADERS_MAX);
    for (size_t i = 0; i < out->chain_count; i++, size += ZYD_HEADER_SIZE) {
        zyd_header_encode(headers + size, &out->chain[i]);
    }
    struct zyd_finality f = {.fc = *out->cert, .header_count = (uint32_t)out->chain_count, .headers = zyd_span(headers, size)};
    struct zyd_wr wr = zyd_wr_of(s->cold->fin, sizeof s->cold->fin);
    zyd_finality_encode(&wr, &f);
    zyd_assert(!wr.full);
    s->fin_size = wr.size;
}

void zyd_replica_on_commit(struct zyd_replica *r, const struct zyd_bft_out *out)
{
    struct slot *s = zyd_replica_find(r, &out->hash);
    if (s == NULL || s->state != SLOT_LIVE || !s->executed || s->committing) {
        zyd_replica_alarm(r, ZYD_ALARM_SAFETY, "a block became final that we did not execute");
        zyd_replica_fail(r, ZYD_E_INVALID);
        return;
    }
    if (s->fin_size == 0) { /* a fetched block came with its own proof: the shorter one */
        own_finality(r, s, out);
    }
    s->committing = true;
    s->idle = false;
    zyd_assert(r->queue_count < SLOTS);
    r->queue[r->queue_count++] = (uint16_t)(s - r->slots);
}

static void take_out_of_pool(struct zyd_replica *r, const struct body *b, uint64_t time_ms)
{
    for (uint32_t i = 0; i < b->count; i++) {
        enum zyd_status status = zyd_replica_window_add(&r->window, &b->ids[i], time_ms);
        if (status != ZYD_OK) {
            zyd_replica_fail(r, status);
        }
        zyd_pool_remove(r->pool, &b->ids[i]);
    }
    zyd_pool_expire(r->pool, time_ms, NULL, NULL);
    zyd_replica_window_purge(&r->window, time_ms > r->g->window_ms ? time_ms - r->g->window_ms : 0);
}

static void show_commit(struct zyd_replica *r, struct slot *s, const struct body *b)
{
    struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_COMMIT);
    fx->after_seq = s->store_seq;
    fx->height = s->header.height;
    fx->view = s->header.view;
    fx->header = &s->header;
    fx->block = zyd_span(b->value + b->start, b->size);
    fx->finality = zyd_span(s->cold->fin, s->fin_size);
    uint64_t seq = zyd_bft_take_seq(r->bft);
    fx = zyd_replica_fx(r, ZYD_FX_PERSIST);
    fx->persist = ZYD_PERSIST_FINAL;
    fx->seq = seq;
    fx->height = s->header.height;
    fx->view = s->header.view;
    fx->bytes = zyd_span(s->cold->fin, s->fin_size);
}

/* One DATA block: its overlay becomes the base. ZYD_E_FULL: a checkpoint must end first. */
static enum zyd_status commit_data(struct zyd_replica *r, struct slot *s)
{
    struct body *b = zyd_replica_body_of(r, s);
    struct slot *base;
    bool linked = zyd_replica_base(r, &base, &s->header.parent_hash);
    zyd_assert(linked);
    zyd_assert(base == NULL);
    zyd_assert(b != NULL && s->overlay != NULL && b->composed);
    zyd_replica_drop_losers(r, s);
    /* Before the overlay joins the base: what its operations set may be due already and must stay. */
    zyd_state_due_prune(r->state, &s->sys_cursor);
    enum zyd_status status = zyd_state_apply(r->state, s->overlay);
    if (status != ZYD_OK) {
        return status;
    }
    s->overlay = NULL;
    r->head = s->header;
    r->head_hash = s->hash;
    r->head_frontier = s->cold->after;
    memcpy(r->head_fin, s->cold->fin, s->fin_size);
    r->head_fin_size = s->fin_size;
    r->ops_final += s->op_count;
    r->fuel_final += s->fuel;
    take_out_of_pool(r, b, s->header.time_ms);
    b->used_step = r->step_no;
    show_commit(r, s, b);
    return ZYD_OK;
}

bool zyd_replica_commit_one(struct zyd_replica *r)
{
    if (r->queue_count == 0) {
        return false;
    }
    struct slot *s = &r->slots[r->queue[0]];
    if ((s->header.flags & ZYD_HEADER_CARRIER) == 0) {
        if (!s->stored) { /* consensus puts each block before it commits it */
            zyd_replica_fail(r, ZYD_E_INVALID);
            return false;
        }
        enum zyd_status status = commit_data(r, s);
        if (status == ZYD_E_FULL) {
            r->ckpt.urgent = true;
            return false;
        }
        if (status != ZYD_OK) {
            zyd_replica_fail(r, status);
            return false;
        }
    }
    s->state = SLOT_FINAL;
    s->committing = false;
    s->used_step = r->step_no;
    r->queue_count--;
    memmove(r->queue, r->queue + 1, r->queue_count * sizeof r->queue[0]);
    r->pool_dirty = true;
    return true;
}

/* ---- checkpoints ---- */

bool zyd_replica_pressed(const struct zyd_replica *r)
{
    return r->ckpt.running && zyd_state_recent_used_ppm(r->state) >= PRESSED_PPM;
}

static bool begin_due(const struct zyd_replica *r)
{
    return r->head.height >= 2 && r->head.height > r->ckpt.last_height &&
           (r->ckpt.urgent || zyd_state_recent_used_ppm(r->state) >= BEGIN_PPM ||
            r->head.height - r->ckpt.last_height >= r->cfg.limits.checkpoint_blocks);
}

static void put_rows(struct zyd_replica *r)
{
    for (unsigned i = 0; i < ROWS_BATCHES && !r->ckpt.rows_done; i++) {
        struct zyd_wr wr = zyd_replica_wr(r, ROWS_BYTES);
        if (wr.data == NULL) {
            r->more_work = true;
            return;
        }
        r->ckpt.rows_done = !zyd_state_checkpoint_next(r->state, &wr, ROWS_MAX);
        zyd_replica_wr_give_back(r, &wr);
        if (wr.size == 0) {
            continue;
        }
        struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_PERSIST);
        fx->persist = ZYD_PERSIST_CHECKPOINT;
        fx->seq = r->ckpt.wait_seq = zyd_bft_take_seq(r->bft);
        fx->height = r->ckpt.what.height;
        fx->bytes = zyd_wr_span(&wr);
    }
    if (r->ckpt.rows_done) {
        uint8_t *bytes = zyd_replica_bytes(r, ZYD_CHECKPOINT_SIZE);
        zyd_assert(bytes != NULL);
        zyd_checkpoint_encode(bytes, &r->ckpt.what);
        struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_PERSIST);
        fx->persist = ZYD_PERSIST_CHECKPOINT_END;
        fx->seq = r->ckpt.wait_seq = zyd_bft_take_seq(r->bft);
        fx->height = r->ckpt.what.height;
        fx->bytes = zyd_span(bytes, ZYD_CHECKPOINT_SIZE);
    }
}

/* One bounded piece a step. */
void zyd_replica_checkpoint(struct zyd_replica *r)
{
    struct checkpoint *c = &r->ckpt;
    if (!c->running) {
        if (!begin_due(r) || !zyd_state_checkpoint_begin(r->state)) {
            return;
        }
        c->running = true;
        c->rows_done = c->urgent = false;
        c->wait_seq = 0;
        c->what.height = r->head.height;
        c->what.state_size = r->head.state_size;
        c->what.state_root = r->head.state_root;
    }
    if (c->wait_seq == 0) {
        put_rows(r);
    }
}

void zyd_replica_checkpoint_synced(struct zyd_replica *r, uint64_t seq)
{
    struct checkpoint *c = &r->ckpt;
    if (!c->running || c->wait_seq == 0 || seq < c->wait_seq) {
        return;
    }
    c->wait_seq = 0;
    if (c->rows_done) {
        r->rows_shown = true;
        zyd_state_checkpoint_done(r->state);
        c->running = false;
        c->last_height = c->what.height;
    }
}
