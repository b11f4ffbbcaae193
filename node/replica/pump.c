/* What happens inside one step: consensus is fed, its outputs become effects or work, work is done until none is left. */
#include "replica_internal.h"

#define EXECUTE_MAX 8u /* blocks executed in one step: votes and timers must not wait for a whole catch-up */

static struct zyd_span copy(struct zyd_replica *r, struct zyd_span bytes)
{
    uint8_t *p = zyd_replica_bytes(r, bytes.size);
    if (p == NULL || bytes.size == 0) {
        return (struct zyd_span){0};
    }
    memcpy(p, bytes.data, bytes.size);
    return zyd_span(p, bytes.size);
}

static void persist_vote(struct zyd_replica *r, const struct zyd_bft_out *out)
{
    uint8_t *bytes = zyd_replica_bytes(r, ZYD_VOTE_SIZE);
    zyd_assert(bytes != NULL);
    zyd_vote_encode(bytes, &out->votes[0]);
    struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_PERSIST);
    fx->persist = ZYD_PERSIST_VOTE;
    fx->seq = out->seq;
    fx->height = out->votes[0].height;
    fx->view = out->votes[0].view;
    fx->bytes = zyd_span(bytes, ZYD_VOTE_SIZE);
}

static void persist_cert(struct zyd_replica *r, const struct zyd_bft_out *out)
{
    struct zyd_wr wr = zyd_replica_wr(r, ZYD_CERT_SIZE_MAX);
    zyd_assert(wr.data != NULL);
    zyd_cert_encode(&wr, out->cert);
    zyd_assert(!wr.full);
    zyd_replica_wr_give_back(r, &wr);
    struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_PERSIST);
    fx->persist = ZYD_PERSIST_CERT;
    fx->seq = out->seq;
    fx->height = out->cert->height;
    fx->view = out->cert->view;
    fx->bytes = zyd_wr_span(&wr);
}

static void send_out(struct zyd_replica *r, const struct zyd_bft_out *out)
{
    struct zyd_span bytes = copy(r, out->bytes);
    struct zyd_fx *fx = bytes.data == NULL ? NULL : zyd_replica_fx(r, ZYD_FX_SEND);
    if (fx != NULL) {
        fx->peer = out->peer;
        fx->after_seq = out->after_seq;
        fx->bytes = bytes;
    }
}

static void want_build(struct zyd_replica *r, const struct zyd_bft_out *out)
{
    struct zyd_wr wr = zyd_wr_of(r->build_just, JUST_BYTES);
    zyd_just_encode(&wr, out->just, out->just_count);
    zyd_assert(!wr.full);
    r->build_just_size = wr.size;
    r->build_header = *out->header;
    r->build = true;
}

static void want_verify(struct zyd_replica *r, const struct zyd_bft_out *out)
{
    struct slot *s = zyd_replica_slot_make(r, &out->hash, out->header);
    if (s == NULL) {
        return; /* no room: the view passes without our vote */
    }
    zyd_replica_set_just(s, out->just, out->just_count);
    s->verify = true;
    s->idle = false;
    s->tries = 0;
    zyd_replica_want_body(r, s);
}

static void on_out(struct zyd_replica *r, const struct zyd_bft_out *out)
{
    struct zyd_fx *fx;
    switch (out->kind) {
    case ZYD_BFT_OUT_VOTE:
        persist_vote(r, out);
        break;
    case ZYD_BFT_OUT_CERT:
        persist_cert(r, out);
        break;
    case ZYD_BFT_OUT_STORE:
        zyd_replica_on_store(r, out);
        break;
    case ZYD_BFT_OUT_FLOOR:
        r->floor_due = true; /* its number comes after those of this batch, and of the finality records of its commits */
        r->floor_view = out->view;
        r->floor_after = out->after_seq;
        break;
    case ZYD_BFT_OUT_SEND:
        send_out(r, out);
        break;
    case ZYD_BFT_OUT_BUILD:
        want_build(r, out);
        break;
    case ZYD_BFT_OUT_VERIFY:
        want_verify(r, out);
        break;
    case ZYD_BFT_OUT_COMMIT:
        zyd_replica_on_commit(r, out);
        break;
    case ZYD_BFT_OUT_BEHIND:
        zyd_replica_behind(r, out->peer, out->height);
        break;
    case ZYD_BFT_OUT_DROP:
        zyd_replica_drop(r, out->view);
        break;
    case ZYD_BFT_OUT_EVIDENCE:
        zyd_replica_on_evidence(r, out->votes);
        break;
    case ZYD_BFT_OUT_ALARM:
        zyd_replica_alarm(r, out->alarm, "");
        break;
    case ZYD_BFT_OUT_TRACE:
        fx = zyd_replica_fx(r, ZYD_FX_TRACE);
        if (fx != NULL) {
            fx->bytes = copy(r, out->bytes);
        }
        break;
    }
}

void zyd_replica_feed(struct zyd_replica *r, struct zyd_bft_in *in)
{
    struct zyd_bft_outs outs;
    in->now_ms = r->now_ms;
    in->wall_ms = r->wall_ms;
    zyd_bft_step(r->bft, &outs, in);
    for (size_t i = 0; i < outs.count; i++) {
        on_out(r, &outs.items[i]);
    }
}

/* P4: a crash between a floor and the finality under it would look like a ledger that has lost blocks. */
static void persist_floor(struct zyd_replica *r)
{
    if (r->floor_due && r->queue_count == 0) {
        struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_PERSIST);
        r->floor_due = false;
        fx->persist = ZYD_PERSIST_FLOOR;
        fx->seq = zyd_bft_take_seq(r->bft);
        fx->view = r->floor_view;
        fx->after_seq = r->floor_after;
    }
}

/* ---- what arms consensus (consensus.md 1.5, pool_nonempty; 1.13, sys_due) ---- */

static struct slot *tip_base(struct zyd_replica *r, bool *known, struct zyd_hash *tip)
{
    struct zyd_bft_status status;
    struct slot *base = NULL;
    zyd_bft_status(r->bft, &status);
    *tip = status.tip_hash;
    struct slot *s = zyd_replica_find(r, tip);
    if (s != NULL && s->state == SLOT_LIVE && (s->header.flags & ZYD_HEADER_CARRIER) == 0) {
        base = s;
        *known = s->executed;
    } else if (s != NULL && s->state == SLOT_LIVE) {
        *known = zyd_replica_base(r, &base, &s->header.parent_hash) && (base == NULL || base->executed);
    } else {
        *known = true; /* the head, or a tip that is not here yet: judge by the head */
    }
    return base;
}

static bool any_eligible(struct zyd_replica *r, struct slot *base)
{
    uint64_t prev = base == NULL ? r->head.time_ms : base->header.time_ms;
    uint64_t wall = r->wall_ms > 0 ? (uint64_t)r->wall_ms : 0;
    uint64_t time_ms = wall > prev ? wall : prev + 1;
    uint32_t cursor = 0;
    struct chain chain;
    zyd_replica_chain(r, &chain, base);
    const struct zyd_pool_item *item;
    while ((item = zyd_pool_next(r->pool, &cursor)) != NULL) {
        if (zyd_replica_eligible(r, item, &chain, time_ms)) {
            return true;
        }
    }
    return false;
}

#define SYS_CHECK_MS 1000

/* Feeds POOL when a level changed; the walk is made anew only when pool or tip changed, or once a second for expiry. */
static bool levels(struct zyd_replica *r)
{
    struct zyd_hash tip;
    bool known;
    struct slot *base = tip_base(r, &known, &tip);
    /* One more envelope changes nothing while there are some already. */
    bool again = r->pool_dirty || (r->pool_added && !r->level_pool) || !zyd_hash_eq(&tip, &r->level_tip) ||
                 r->now_ms >= r->level_check_ms;
    if (!again) {
        return false;
    }
    if (!known) { /* the tip waits for its execution, and every step looks again */
        r->pool_dirty = true;
        r->level_check_ms = NEVER;
        return false;
    }
    uint64_t wall = r->wall_ms > 0 ? (uint64_t)r->wall_ms : 0;
    bool pool = any_eligible(r, base);
    bool sys = zyd_host_sys_due(r->host, r->state, base == NULL ? NULL : base->overlay, wall);
    struct zyd_due due;
    bool waits = zyd_state_due_first(r->state, base == NULL ? NULL : base->overlay, &due);
    r->level_check_ms = NEVER;
    if (zyd_pool_count(r->pool) > 0 || waits) {
        r->level_check_ms = r->now_ms + SYS_CHECK_MS;
    }
    if (waits && due.due_ms > wall && due.due_ms - wall < SYS_CHECK_MS) {
        r->level_check_ms = r->now_ms + (int64_t)(due.due_ms - wall);
    }
    r->pool_dirty = r->pool_added = false;
    r->level_tip = tip;
    if (r->level_given && pool == r->level_pool && sys == r->level_sys) {
        return false;
    }
    r->level_given = true;
    r->level_pool = pool;
    r->level_sys = sys;
    struct zyd_bft_in in = {.kind = ZYD_BFT_IN_POOL, .pool_nonempty = pool, .sys_due = sys};
    zyd_replica_feed(r, &in);
    return true;
}

/* ---- the loop ---- */

bool zyd_replica_room(const struct zyd_replica *r)
{
    return FX_MAX - r->fx_count >= FX_ROOM && r->out.size - r->out.used >= r->out.size / 2;
}

void zyd_replica_pump(struct zyd_replica *r)
{
    unsigned executed = 0;
    while (r->fatal == ZYD_OK) {
        if (!zyd_replica_room(r) || executed >= EXECUTE_MAX) {
            r->more_work = true;
            break;
        }
        if (zyd_replica_commit_one(r)) {
            continue;
        }
        persist_floor(r);
        if (r->build) {
            zyd_replica_build(r);
            executed++;
            continue;
        }
        if (!zyd_replica_pressed(r) && zyd_replica_execute_one(r)) {
            executed++;
            continue;
        }
        if (!levels(r)) {
            break;
        }
    }
    if (r->fatal == ZYD_OK && zyd_replica_room(r)) {
        zyd_replica_fetch(r);
        zyd_replica_sync(r);
        zyd_replica_regossip(r);
        zyd_replica_checkpoint(r);
    }
}
