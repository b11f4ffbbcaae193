/* Time: arming, time-outs, skips, retransmission, status, fetching (consensus.md 1.5, 1.7, 1.13). */
#include "bft_internal.h"

#define WANT_MAX 8u

int64_t zyd_bft_pace_rest(const struct zyd_bft *b)
{
    int64_t rest = b->had_data ? b->last_data_ms + b->cfg.pace_ms - b->now_ms : 0;
    return rest > 0 ? rest : 0;
}

/* consensus.md 1.13: a DATA block every T_hb, by the time of the tip; 0 = never. */
bool zyd_bft_heartbeat_due(struct zyd_bft *b)
{
    if (b->cfg.heartbeat_ms == 0) {
        return false;
    }
    const struct zyd_header *tip = zyd_bft_tip_header(b);
    uint64_t wall = b->wall_ms < 0 ? 0 : (uint64_t)b->wall_ms;
    uint64_t due = tip->time_ms + b->cfg.heartbeat_ms;
    if (wall >= due) {
        return true;
    }
    uint64_t wait = due - wall;
    zyd_bft_wake_at(b, b->now_ms + (int64_t)(wait < 60000 ? wait : 60000));
    return false;
}

/* SKIP_AFTER, but not below what 1 s STATUS frames can show. */
static int64_t skip_after(const struct zyd_bft *b)
{
    int64_t limit = (int64_t)b->cfg.delta_ms * ZYD_BFT_SKIP_AFTER;
    return limit > 5 * STATUS_EVERY_MS / 2 ? limit : 5 * STATUS_EVERY_MS / 2;
}

/* A quorum (us included) was heard without a break since quorum_ms. */
static void watch_quorum(struct zyd_bft *b)
{
    uint32_t heard = 0;
    for (uint8_t i = 0; i < b->n; i++) {
        heard += i == b->cfg.me || b->now_ms - b->peers[i].heard_ms <= skip_after(b);
    }
    if (heard < b->q) {
        b->quorum_ms = b->now_ms;
    }
}

/* consensus.md 1.5: nothing heard from l for SKIP_AFTER while q others were heard (all that time: after a partition
 * everybody was silent a moment ago), or its link is known to be closed by its side.  Local opinion: a skip needs q
 * agreeing votes. */
bool zyd_bft_inactive(const struct zyd_bft *b, uint8_t validator)
{
    const struct zyd_bft_peer *peer = &b->peers[validator];
    uint32_t heard = 0;
    if (validator == b->cfg.me) {
        return false;
    }
    for (uint8_t i = 0; i < b->n; i++) {
        heard += i != validator && (i == b->cfg.me || b->now_ms - b->peers[i].heard_ms <= skip_after(b));
    }
    if (heard < b->q) {
        return false;
    }
    int64_t since = peer->heard_ms > b->quorum_ms ? peer->heard_ms : b->quorum_ms;
    return peer->down || b->now_ms - since > skip_after(b);
}

/* ---- nullify ---- */

static void cast_x(struct zyd_bft *b, uint64_t view)
{
    static const struct zyd_hash zero;
    struct zyd_bft_own *own;
    if (zyd_bft_sign(b, &own, ZYD_VOTE_X, view, 0, &zero) != GATE_REFUSED) {
        zyd_bft_release(b, ZYD_VOTE_X, view, 0);
    }
}

/* A power cut may leave NC(u) on every disk and its block on none: then no leader can build on it, and none below it
 * without XC(u).  Whoever lacks the block long enough votes X(u); the gate refuses it to all who signed F(u), and who
 * signed F has the block.  (consensus.md 1.4 has the argument that such a block was never final.) */
static void nullify_lost(struct zyd_bft *b)
{
    uint64_t final = zyd_bft_final_view(b);
    for (uint64_t u = b->view - 1; u > final && u + ZYD_BFT_WINDOW > b->view; u--) {
        const struct zyd_cert *nc = zyd_bft_cert_at(b, ZYD_VOTE_N, u);
        if (u + 3 > b->view || nc == NULL || zyd_bft_cert_at(b, ZYD_VOTE_X, u) != NULL) {
            continue;
        }
        const struct zyd_bft_block *block = zyd_bft_find(b, &nc->hash);
        if (block == NULL || block->verdict == VERDICT_NONE || block->verdict == VERDICT_ASKED) {
            cast_x(b, u);
        }
    }
}

void zyd_bft_nullify(struct zyd_bft *b, uint64_t view)
{
    cast_x(b, view);
    b->t_lead_ms = b->t_adv_ms = NEVER; /* done with this view; what follows is retransmission */
    if (view == b->view) {
        b->gave_up = true;
        nullify_lost(b);
        if (b->building != NONE) {
            zyd_bft_block_free(b, &b->blocks[b->building]);
        }
    }
    b->again = true;
}

static bool own_x(struct zyd_bft *b)
{
    const struct zyd_bft_slot *slot = zyd_bft_slot_at(b, b->view);
    return slot != NULL && slot->own[ZYD_VOTE_X - 1].have;
}

/* arm = pool_nonempty | carrier_needed | heartbeat_due | sys_due | seen >= f+1 X(v); level-triggered. */
static bool arm_reason(struct zyd_bft *b)
{
    const struct zyd_bft_slot *slot = zyd_bft_slot_at(b, b->view);
    uint32_t x = 0;
    for (uint64_t bits = slot == NULL ? 0 : slot->ballot[ZYD_VOTE_X - 1].bits; bits != 0; bits &= bits - 1) {
        x++;
    }
    bool heartbeat = zyd_bft_heartbeat_due(b);
    return b->pool_nonempty || b->sys_due || heartbeat || x >= b->f + 1 || zyd_bft_carrier_needed(b);
}

static void arm(struct zyd_bft *b)
{
    bool reason = !b->stopped && !zyd_bft_is_observer(b) && arm_reason(b);
    if (!reason) {
        b->armed = false;
        b->t_lead_ms = b->t_adv_ms = NEVER;
        return;
    }
    if (!b->armed) {
        /* Timers start at the first arming in a view; D was fixed on entry. */
        int64_t rest = zyd_bft_pace_rest(b);
        b->armed = true;
        if (!own_x(b) && !b->gave_up) {
            b->t_lead_ms = b->now_ms + rest + 2 * b->patience_ms;
            b->t_adv_ms = b->now_ms + rest + 3 * b->patience_ms;
            b->again = true; /* a leader may act on it */
        }
    }
    if (own_x(b) || b->gave_up) {
        return;
    }
    const struct zyd_bft_slot *slot = zyd_bft_slot_at(b, b->view);
    bool proposed = slot != NULL && slot->proposal[0] != NONE;
    if (!proposed && zyd_bft_inactive(b, zyd_bft_leader(b, b->view))) {
        zyd_bft_trace(b, "skip v%u, n%u is silent", b->view, (uint64_t)zyd_bft_leader(b, b->view));
        zyd_bft_nullify(b, b->view); /* costs one hop, not a time-out */
    } else if (b->now_ms >= b->t_adv_ms || (b->now_ms >= b->t_lead_ms && !proposed)) {
        zyd_bft_trace(b, "time-out v%u", b->view);
        zyd_bft_nullify(b, b->view);
    } else if (b->now_ms >= b->t_lead_ms) {
        b->t_lead_ms = NEVER;
    }
}

/* ---- retransmission ---- */

static uint8_t next_peer(struct zyd_bft *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        b->hunt_peer = (uint8_t)((b->hunt_peer + 1u) % b->n);
        if (b->hunt_peer != b->cfg.me && !b->peers[b->hunt_peer].down) {
            break;
        }
    }
    return b->hunt_peer;
}

/* To all, or to a few in turn while a long J makes it dear. */
static void resend_proposal(struct zyd_bft *b, uint8_t peer, const struct zyd_bft_block *block)
{
    size_t size = zyd_bft_proposal_size(b, block);
    if (zyd_bft_afford(b, peer, size)) {
        zyd_bft_send_proposal(b, peer, block, 0);
        return;
    }
    for (unsigned i = 0; peer == ZYD_BFT_ALL && i < 4; i++) {
        uint8_t one = next_peer(b);
        if (one == b->cfg.me || !zyd_bft_afford(b, one, size)) {
            return;
        }
        zyd_bft_send_proposal(b, one, block, 0);
    }
}

static void resend_own(struct zyd_bft *b, uint8_t peer, uint8_t type, uint64_t view)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, view);
    if (slot == NULL || !slot->own[type - 1].released || slot->own[type - 1].after_seq > b->synced) {
        return; /* what is not durable yet was sent a moment ago, behind its seq */
    }
    struct zyd_bft_block *block = type == ZYD_VOTE_N ? zyd_bft_find(b, &slot->own[type - 1].hash) : NULL;
    struct zyd_vote vote;
    if (block != NULL && block->has_nvote && zyd_bft_leader(b, view) == b->cfg.me && view == b->view) {
        resend_proposal(b, peer, block);
        return;
    }
    if (zyd_bft_afford(b, peer, ZYD_VOTE_SIZE + 1)) {
        zyd_bft_vote_of(b, &vote, &slot->own[type - 1], type, view);
        zyd_bft_send_vote(b, peer, &vote, 0);
    }
}

static void resend_cert(struct zyd_bft *b, uint8_t peer, const struct zyd_cert *cert)
{
    if (cert != NULL && zyd_bft_afford(b, peer, zyd_cert_size(cert) + 1)) {
        zyd_bft_send_cert(b, peer, cert);
    }
}

static const struct zyd_cert *tip_nc(struct zyd_bft *b)
{
    const struct zyd_bft_block *tip = zyd_bft_tip(b);
    return tip == NULL ? NULL : zyd_bft_cert_at(b, ZYD_VOTE_N, tip->header.view);
}

/* Mutant MUTANT_RESEND_SIGNS: the fresh signature of consensus.md 6, lesson 1. */
static void resend_afresh(struct zyd_bft *b)
{
    const struct zyd_bft_block *tip = zyd_bft_tip(b);
    if (tip != NULL) {
        struct zyd_vote vote = {.type = ZYD_VOTE_F, .view = tip->header.view, .height = tip->header.height,
                                .hash = tip->hash};
        zyd_bft_resign(b, &vote);
        zyd_bft_send_vote(b, ZYD_BFT_ALL, &vote, 0);
    }
}

/* consensus.md 1.5 nullify: every R (jittered, byte-budgeted) resend stored X(v) + entry_cert + NC(tip) + FC(final); on
 * TICK: for the highest notarized-unfinalized view resend stored F.  Stored bytes only: nothing here can sign. */
static void resend(struct zyd_bft *b)
{
    const struct zyd_bft_block *tip = zyd_bft_tip(b);
    const struct zyd_cert *nc = tip_nc(b);
    resend_own(b, ZYD_BFT_ALL, ZYD_VOTE_X, b->view);
    resend_own(b, ZYD_BFT_ALL, ZYD_VOTE_N, b->view);
    if (MUTANT(MUTANT_RESEND_SIGNS)) {
        resend_afresh(b);
    } else if (tip != NULL && tip->header.view > zyd_bft_final_view(b)) {
        resend_own(b, ZYD_BFT_ALL, ZYD_VOTE_F, tip->header.view);
    }
    resend_cert(b, ZYD_BFT_ALL, b->has_entry ? &b->entry : NULL);
    if (nc != NULL && (!b->has_entry || nc->view != b->entry.view)) {
        resend_cert(b, ZYD_BFT_ALL, nc);
    }
    if (b->has_fc_top && (!b->has_entry || b->fc_top.view != b->entry.view)) {
        resend_cert(b, ZYD_BFT_ALL, &b->fc_top);
    }
    unsigned old = 0;
    for (uint64_t u = b->view - 1; u > zyd_bft_final_view(b) && u + ZYD_BFT_WINDOW > b->view && old < 4; u--) {
        if (zyd_bft_cert_at(b, ZYD_VOTE_N, u) != NULL && zyd_bft_cert_at(b, ZYD_VOTE_X, u) == NULL) {
            resend_own(b, ZYD_BFT_ALL, ZYD_VOTE_X, u);
            old++;
        }
    }
}

static void retransmit(struct zyd_bft *b)
{
    bool lonely = b->n == 1 || zyd_bft_is_observer(b);
    bool leading = false;
    const struct zyd_bft_slot *slot = zyd_bft_slot_at(b, b->view);
    if (slot != NULL && zyd_bft_leader(b, b->view) == b->cfg.me) {
        leading = slot->own[ZYD_VOTE_N - 1].released;
    }
    if (lonely || !(own_x(b) || leading || zyd_bft_carrier_needed(b))) {
        b->resend_ms = NEVER;
        return;
    }
    if (b->resend_ms != NEVER && b->now_ms < b->resend_ms) {
        return;
    }
    bool first = b->resend_ms == NEVER;
    b->resend_ms = b->now_ms + b->d_ms + (int64_t)(zyd_bft_random(b) % (uint64_t)(b->d_ms + 1));
    if (!first) {
        resend(b);
    }
}

/* consensus.md 1.5 PEER up: FC(final), entry_cert, NC(tip) and all own stored votes above final, lowest view first. */
void zyd_bft_peer_up(struct zyd_bft *b, uint8_t peer)
{
    if (zyd_bft_is_observer(b)) {
        return;
    }
    const struct zyd_cert *nc = tip_nc(b);
    zyd_bft_send_status(b, peer);
    resend_cert(b, peer, b->has_fc_top ? &b->fc_top : NULL);
    if (b->has_entry && (!b->has_fc_top || b->entry.view != b->fc_top.view)) {
        resend_cert(b, peer, &b->entry);
    }
    if (nc != NULL && (!b->has_entry || nc->view != b->entry.view)) {
        resend_cert(b, peer, nc);
    }
    uint64_t from = zyd_bft_final_view(b) + 1;
    if (from + ZYD_BFT_WINDOW <= b->view) {
        from = b->view - ZYD_BFT_WINDOW + 1;
    }
    for (uint64_t v = from; v <= b->view; v++) {
        for (uint8_t type = ZYD_VOTE_N; type <= ZYD_VOTE_F; type++) {
            resend_own(b, peer, type, v);
        }
    }
}

/* ---- fetching ---- */

static size_t want(uint64_t views[WANT_MAX], size_t count, uint64_t view)
{
    for (size_t i = 0; i < count; i++) {
        if (views[i] == view) {
            return count;
        }
    }
    if (count < WANT_MAX) {
        views[count++] = view;
    }
    return count;
}

/* Headers that we know by certificate or as a parent, and do not have. */
static size_t missing(struct zyd_bft *b, uint64_t views[WANT_MAX])
{
    size_t count = 0;
    uint64_t final = zyd_bft_final_view(b);
    for (uint64_t v = b->view - 1; v > final && v + ZYD_BFT_WINDOW > b->view; v--) {
        const struct zyd_cert *nc = zyd_bft_cert_at(b, ZYD_VOTE_N, v);
        if (nc != NULL && zyd_bft_find(b, &nc->hash) == NULL) {
            count = want(views, count, v);
        }
    }
    for (size_t i = 0; i < b->block_end; i++) {
        const struct zyd_bft_block *block = &b->blocks[i];
        if (block->used && !block->linked && i != b->building && block->header.parent_view > b->head.view &&
            zyd_bft_find(b, &block->header.parent_hash) == NULL) {
            count = want(views, count, block->header.parent_view);
        }
    }
    if (b->has_fc_top && b->fc_top.view > b->head.view && zyd_bft_find(b, &b->fc_top.hash) == NULL) {
        count = want(views, count, b->fc_top.view);
    }
    return count;
}

static void hunt(struct zyd_bft *b)
{
    uint64_t views[WANT_MAX];
    size_t count = b->n > 1 ? missing(b, views) : 0;
    if (count == 0) {
        if (b->hunt_ms != NEVER && b->now_ms >= b->hunt_ms) {
            b->hunt_ms = NEVER;
        }
        return;
    }
    if (b->hunt_ms == NEVER) {
        b->hunt_ms = b->now_ms + b->d_ms / 2; /* the proposal may be on its way */
    } else if (b->now_ms >= b->hunt_ms) {
        b->hunt_ms = b->now_ms + b->d_ms;
        uint8_t peer = next_peer(b);
        for (size_t i = 0; i < count && peer != b->cfg.me; i++) {
            zyd_bft_send_get(b, peer, ZYD_VOTE_N, views[i]);
        }
    }
}

/* consensus.md 1.7: a final block that does not hang on head is beyond what peers' machines still hold. */
static void behind(struct zyd_bft *b)
{
    uint16_t path[BLOCKS_MAX];
    struct zyd_bft_block *block = b->has_fc_top ? zyd_bft_find(b, &b->fc_top.hash) : NULL;
    bool is = b->has_fc_top && b->fc_top.view > b->head.view && (block == NULL || zyd_bft_path(b, path, block) == 0);
    if (!is) {
        b->behind_ms = NEVER;
        return;
    }
    if (b->behind_ms == NEVER) {
        /* One or two blocks are mostly on their way. */
        b->behind_ms = b->now_ms + (b->fc_top.height > b->head.height + 2 ? 0 : b->d_ms);
    }
    if (b->now_ms >= b->behind_ms) {
        b->behind_ms = b->now_ms + (5 * b->d_ms > 500 ? 5 * b->d_ms : 500);
        struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_BEHIND);
        out->peer = b->ahead_peer;
        out->view = b->fc_top.view;
        out->height = b->fc_top.height;
        out->hash = b->fc_top.hash;
        zyd_bft_trace(b, "behind: head h%u, final h%u", b->head.height, b->fc_top.height);
    }
}

void zyd_bft_time(struct zyd_bft *b)
{
    if (!b->started) {
        return;
    }
    watch_quorum(b);
    arm(b);
    if (b->again) {
        return; /* the rules before this one go first; timers come round again */
    }
    retransmit(b);
    hunt(b);
    behind(b);
    if (b->now_ms >= b->status_ms) {
        b->status_ms = b->n == 1 || zyd_bft_is_observer(b) ? NEVER : b->now_ms + STATUS_EVERY_MS;
        if (b->n > 1 && !zyd_bft_is_observer(b)) {
            zyd_bft_send_status(b, ZYD_BFT_ALL);
        }
    }
}
