/* Proposals: header, justification, the leader's N vote; what is checked before anything is executed or signed. */
#include "bft_internal.h"

#define JUNK_MAX 4u

/* ---- checks ---- */

/* What a header must say whatever its parent (consensus.md 1.3, ledger.md 3.2).  Epochs end in a later version, so
 * EPOCH_END is refused; rules and validators are those of genesis. */
bool zyd_bft_header_sane(const struct zyd_bft *b, const struct zyd_header *h)
{
    const struct zyd_bft_config *cfg = &b->cfg;
    if (h->version != ZYD_HEADER_VERSION || h->epoch != cfg->epoch || !zyd_hash_eq(&h->chain_id, &cfg->chain_id)) {
        return false;
    }
    if ((h->flags & ~ZYD_HEADER_CARRIER) != 0 || h->view == 0 || h->parent_view >= h->view || h->height == UINT64_MAX) {
        return false;
    }
    if (h->proposer != zyd_bft_leader(b, h->view) && !MUTANT(MUTANT_LEADER_UNCHECKED)) {
        return false;
    }
    return zyd_hash_eq(&h->valset_hash, &cfg->valset_hash) && h->rules_version == cfg->rules_version &&
           zyd_hash_eq(&h->rules_hash, &cfg->rules_hash) && h->debits == h->credits;
}

static bool same_ledger(const struct zyd_header *h, const struct zyd_header *parent)
{
    struct zyd_hash nothing;
    zyd_merkle_root(&nothing, NULL, 0);
    return h->env_count == 0 && h->body_size == 0 && zyd_hash_eq(&h->body_root, &nothing) &&
           h->log_size == parent->log_size && zyd_hash_eq(&h->log_root, &parent->log_root) &&
           h->state_size == parent->state_size && zyd_hash_eq(&h->state_root, &parent->state_root) &&
           h->debits == parent->debits && h->credits == parent->credits &&
           h->open_obligations == parent->open_obligations;
}

/* consensus.md 1.5 "require: parent links, height, time > parent.time".  A CARRIER keeps its parent's height, log, state
 * and totals (1.3). */
bool zyd_bft_static_check(const struct zyd_bft *b, const struct zyd_header *h, const struct zyd_header *parent)
{
    bool carrier = (h->flags & ZYD_HEADER_CARRIER) != 0;
    (void)b;
    if (!MUTANT(MUTANT_PARENT_LINK_UNCHECKED) &&
        (h->parent_view != parent->view || h->height != parent->height + (carrier ? 0 : 1))) {
        return false;
    }
    if (h->time_ms <= parent->time_ms && !MUTANT(MUTANT_TIME_UNCHECKED)) {
        return false;
    }
    return !carrier || same_ledger(h, parent);
}

/* consensus.md 1.3: J = NC(parent) or epoch start | XC(w) for every parent_view < w < view; an embedded J is always
 * checked in full. */
bool zyd_bft_just_check(struct zyd_bft *b, const struct zyd_header *h, const struct zyd_cert *just, size_t count)
{
    struct zyd_hash root;
    size_t at = 0;
    if (count > ZYD_JUST_MAX) {
        return false;
    }
    zyd_just_root(&root, just, count);
    if (!zyd_hash_eq(&root, &h->just_root)) {
        return false;
    }
    if (MUTANT(MUTANT_JUSTIFICATION_UNCHECKED)) {
        return true;
    }
    if (h->view - h->parent_view - (h->parent_view == 0 ? 1 : 0) != count) {
        return false;
    }
    if (h->parent_view == 0) {
        struct zyd_hash genesis;
        zyd_header_hash(&genesis, &b->cfg.genesis);
        if (!zyd_hash_eq(&genesis, &h->parent_hash)) {
            return false;
        }
    } else {
        if (just[0].type != ZYD_VOTE_N || just[0].view != h->parent_view || just[0].epoch != h->epoch) {
            return false;
        }
        if (!zyd_hash_eq(&just[0].hash, &h->parent_hash) && !MUTANT(MUTANT_PARENT_LINK_UNCHECKED)) {
            return false;
        }
        if (just[0].height + ((h->flags & ZYD_HEADER_CARRIER) != 0 ? 0 : 1) != h->height &&
            !MUTANT(MUTANT_PARENT_LINK_UNCHECKED)) {
            return false;
        }
        at = 1;
    }
    for (uint64_t w = h->parent_view + 1; at < count; at++, w++) {
        if (just[at].type != ZYD_VOTE_X || just[at].view != w || just[at].epoch != h->epoch) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (zyd_bft_cert_valid(b, &just[i]) != ZYD_OK) {
            return false;
        }
    }
    return true;
}

/* consensus.md 1.8: timely(t), judged once, by N voters only. */
static bool timely(const struct zyd_bft *b, uint64_t time_ms)
{
    uint64_t doublings = b->k < 10 ? b->k : 10;
    int64_t t = time_ms > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)time_ms;
    int64_t back = (int64_t)b->cfg.precision_ms + (int64_t)((uint64_t)b->cfg.msgdelay_ms << doublings);
    return t <= b->wall_ms + (int64_t)b->cfg.precision_ms && t >= b->wall_ms - back;
}

/* ---- taking a proposal ---- */

static bool is_certified(const struct zyd_bft *b, uint64_t view, const struct zyd_hash *hash)
{
    const struct zyd_cert *nc = zyd_bft_cert_at(b, ZYD_VOTE_N, view);
    const struct zyd_cert *fc = zyd_bft_cert_at(b, ZYD_VOTE_F, view);
    return (nc != NULL && zyd_hash_eq(&nc->hash, hash)) || (fc != NULL && zyd_hash_eq(&fc->hash, hash));
}

static struct zyd_bft_block *insert(struct zyd_bft *b, const struct zyd_header *h, const struct zyd_hash *hash,
                                    const struct zyd_cert *just, size_t just_count)
{
    struct zyd_bft_block *block = zyd_bft_block_add(b, h->view, just_count);
    if (block == NULL) {
        b->dropped++;
        return NULL;
    }
    block->header = *h;
    block->hash = *hash;
    for (size_t i = 0; i < just_count; i++) {
        b->cells[block->cell_at + i] = just[i];
    }
    block->notarized = is_certified(b, h->view, hash);
    b->again = true;
    return block;
}

/* At most two headers a view; a certificate overrides the slot (consensus.md 2, attacks 6 and 7). */
static bool has_room(struct zyd_bft *b, uint64_t view, const struct zyd_hash *hash)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, view);
    if (slot == NULL || slot->proposal[0] == NONE || slot->proposal[1] == NONE) {
        return true;
    }
    if (!is_certified(b, view, hash)) {
        return false;
    }
    zyd_bft_block_free(b, &b->blocks[slot->proposal[1]]);
    return true;
}

static void remember_proposal(struct zyd_bft *b, const struct zyd_bft_block *block)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_make(b, block->header.view);
    uint16_t idx = (uint16_t)(block - b->blocks);
    if (slot == NULL || slot->proposal[0] == idx || slot->proposal[1] == idx) {
        return;
    }
    if (slot->proposal[0] == NONE) {
        slot->proposal[0] = idx;
    } else if (slot->proposal[1] == NONE) {
        slot->proposal[1] = idx;
    }
    b->again = true;
}

static void note_data(struct zyd_bft *b, const struct zyd_header *h)
{
    if ((h->flags & ZYD_HEADER_CARRIER) == 0 && h->view == b->view) {
        b->last_data_ms = b->now_ms;
        b->had_data = true;
    }
}

/* b->just_in holds the justification. */
void zyd_bft_on_proposal(struct zyd_bft *b, uint8_t peer, const struct zyd_header *h, size_t just_count,
                         const struct zyd_vote *nvote)
{
    struct zyd_hash hash;
    uint8_t leader = zyd_bft_leader(b, h->view);
    zyd_header_hash(&hash, h);
    /* consensus.md 1.5: drop unless our epoch; floor < view <= view + W; signed by leader(view); sizes and counts. */
    if (!zyd_bft_header_sane(b, h) || h->view <= b->head.view || h->view > b->view + ZYD_BFT_WINDOW ||
        h->view + RING <= b->view + 2) {
        b->dropped++;
        return;
    }
    if (nvote->type != ZYD_VOTE_N || nvote->epoch != h->epoch || nvote->view != h->view || nvote->height != h->height ||
        !zyd_hash_eq(&nvote->hash, &hash) || (nvote->signer != leader && !MUTANT(MUTANT_LEADER_UNCHECKED))) {
        b->dropped++;
        return;
    }
    struct zyd_bft_block *block = zyd_bft_find(b, &hash);
    if (block != NULL && block->has_nvote) {
        return;
    }
    /* A header whose hash a quorum signed needs no leader's signature (attack 6: a certificate overrides the slot). */
    bool certified = is_certified(b, h->view, &hash);
    bool signed_ = zyd_bft_vote_valid(b, nvote);
    if ((!signed_ && !certified) || (!signed_ && block != NULL)) {
        b->dropped++;
        return;
    }
    if (block != NULL) { /* fetched, or known by its certificate only */
        block->has_nvote = true;
        block->nvote = nvote->sig;
        zyd_bft_on_vote(b, nvote, true);
        remember_proposal(b, block);
        return;
    }
    /* One signature was checked; the leader answers for what follows.  Two N of one view are evidence by themselves. */
    if (signed_ && h->view <= b->view + 1) {
        zyd_bft_on_vote(b, nvote, true);
    }
    if (!has_room(b, h->view, &hash) || (b->peers[leader].junk >= JUNK_MAX && !certified)) {
        b->dropped++;
        return;
    }
    if (!zyd_bft_just_check(b, h, b->just_in, just_count)) {
        b->peers[leader].junk += !certified;
        b->dropped++;
        return;
    }
    if (peer < b->n) {
        b->ahead_peer = peer;
    }
    block = insert(b, h, &hash, b->just_in, just_count);
    if (block == NULL) {
        return;
    }
    block->has_nvote = signed_;
    block->nvote = nvote->sig;
    /* 1.5: for each cert in J: on_cert.  It heals lag and certificate splits in one message. */
    for (size_t i = 0; i < just_count; i++) {
        zyd_bft_on_cert(b, &b->just_in[i], true);
    }
    if (h->view > b->head.view && block->used) {
        if (signed_) {
            zyd_bft_on_vote(b, nvote, true);
        }
        remember_proposal(b, block);
        note_data(b, h);
    }
}

/* A block that the owner fetched (consensus.md 1.7).  Kept only if it hangs on what is here, so that hostile headers
 * cannot fill the table: its J proves its parent, and only a certificate makes it count itself. */
void zyd_bft_on_header(struct zyd_bft *b, const struct zyd_header *h, const struct zyd_cert *just, size_t just_count)
{
    struct zyd_hash hash;
    if (h == NULL || !zyd_bft_header_sane(b, h) || h->view <= b->head.view || just_count > ZYD_JUST_MAX) {
        b->dropped++;
        return;
    }
    zyd_header_hash(&hash, h);
    bool on_head = zyd_hash_eq(&h->parent_hash, &b->head_hash);
    struct zyd_bft_block *parent = on_head ? NULL : zyd_bft_find(b, &h->parent_hash);
    if (zyd_bft_find(b, &hash) != NULL) {
        return;
    }
    if ((!on_head && (parent == NULL || !parent->linked)) ||
        !zyd_bft_static_check(b, h, on_head ? &b->head : &parent->header) ||
        !zyd_bft_just_check(b, h, just, just_count)) {
        b->dropped++;
        return;
    }
    struct zyd_bft_block *block = insert(b, h, &hash, just, just_count);
    if (block == NULL) {
        return;
    }
    for (size_t i = 0; i < just_count; i++) {
        zyd_bft_on_cert(b, &just[i], false);
    }
}

/* ---- voting ---- */

void zyd_bft_on_verified(struct zyd_bft *b, const struct zyd_hash *hash, bool ok)
{
    struct zyd_bft_block *block = zyd_bft_find(b, hash);
    if (block == NULL || block->verdict != VERDICT_ASKED) {
        return;
    }
    block->verdict = ok || MUTANT(MUTANT_VERDICT_IGNORED) ? VERDICT_OK : VERDICT_BAD;
    b->again = true;
    if (block->verdict == VERDICT_BAD) {
        /* consensus.md 1.5 on VERIFIED: mark bad; if hdr.view == view: nullify(view). */
        zyd_bft_trace(b, "refused v%u %h", block->header.view, &block->hash);
        if (block->header.view == b->view && b->k < HASTE_VIEWS) {
            zyd_bft_nullify(b, b->view);
        }
    }
}

static void count_untimely(struct zyd_bft *b, struct zyd_bft_slot *slot)
{
    struct zyd_bft_peer *leader = &b->peers[zyd_bft_leader(b, slot->view)];
    if (slot->untimely) {
        return;
    }
    slot->untimely = true;
    zyd_bft_trace(b, "untimely v%u", slot->view);
    if (++leader->untimely == UNTIMELY_ALARM) {
        leader->untimely = 0;
        zyd_bft_alarm(b, ZYD_ALARM_CLOCK, slot->view);
    }
}

/* Level-triggered N for the first header of the current view: record when its static checks pass and its execution has
 * begun, release when it is VERIFIED. */
void zyd_bft_try_notarize(struct zyd_bft *b)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, b->view);
    if (slot == NULL || slot->proposal[0] == NONE) {
        return;
    }
    bool second = MUTANT(MUTANT_TWO_N_IN_A_VIEW) && slot->proposal[1] != NONE;
    struct zyd_bft_block *block = &b->blocks[slot->proposal[second ? 1 : 0]];
    struct zyd_bft_own *own = &slot->own[ZYD_VOTE_N - 1];
    if (!block->linked || slot->own[ZYD_VOTE_X - 1].have) {
        return;
    }
    if (!own->have) {
        bool ours = zyd_bft_leader(b, b->view) == b->cfg.me;
        if (!timely(b, block->header.time_ms) && !ours && !MUTANT(MUTANT_TIME_UNCHECKED)) {
            count_untimely(b, slot);
            if ((int64_t)block->header.time_ms > b->wall_ms) {
                zyd_bft_wake_at(b, b->now_ms + ((int64_t)block->header.time_ms - b->wall_ms) - b->cfg.precision_ms);
            }
            return;
        }
        if (!slot->untimely) {
            b->peers[zyd_bft_leader(b, b->view)].untimely = 0;
        }
    }
    zyd_bft_ask_verify(b, block);
    if (block->verdict == VERDICT_NONE || block->verdict == VERDICT_BAD) {
        return;
    }
    if (zyd_bft_sign(b, &own, ZYD_VOTE_N, b->view, block->header.height, &block->hash) == GATE_REFUSED) {
        return;
    }
    if (block->verdict == VERDICT_OK) {
        zyd_bft_release(b, ZYD_VOTE_N, b->view, 0);
    }
}
