/* The signing gate: the only function that makes a signature, and the whole of safety (consensus.md 1.4).
 *
 * Record and release.  zyd_bft_sign looks up the stored bytes first; else it refuses or signs and emits the VOTE record.
 * zyd_bft_release lets a recorded vote go: SEND with after_seq, and counted by ourselves once that is synced.  N is
 * recorded when the static checks pass and released when the block is VERIFIED (P1 overlaps execution). */
#include "bft_internal.h"

void zyd_bft_vote_of(const struct zyd_bft *b, struct zyd_vote *vote, const struct zyd_bft_own *own, uint8_t type,
                     uint64_t view)
{
    memset(vote, 0, sizeof *vote);
    vote->type = type;
    vote->epoch = b->cfg.epoch;
    vote->view = view;
    vote->height = own->height;
    vote->hash = own->hash;
    vote->signer = b->cfg.me;
    vote->sig = own->sig;
}

static bool is_for(const struct zyd_bft_own *own, const struct zyd_hash *hash)
{
    return own->have && zyd_hash_eq(&own->hash, hash);
}
static bool is_for_another(const struct zyd_bft_own *own, const struct zyd_hash *hash)
{
    return own->have && !zyd_hash_eq(&own->hash, hash);
}

/* 1.4, row F: NC(v,h) in hand; header and J in hand and valid by our own check; block and every unfinalized ancestor
 * durable.  "Durable" here: its put is issued before the F record, so after_seq of the vote covers both (P3). */
static bool may_finalize(struct zyd_bft *b, uint64_t view, const struct zyd_hash *hash)
{
    const struct zyd_cert *nc = zyd_bft_cert_at(b, ZYD_VOTE_N, view);
    struct zyd_bft_block *block = zyd_bft_find(b, hash);
    uint64_t seq;
    if (nc == NULL || !zyd_hash_eq(&nc->hash, hash)) {
        return false;
    }
    if (block == NULL || !block->linked || block->header.view != view) {
        return false;
    }
    return zyd_bft_chain_stored(b, block, &seq) || MUTANT(MUTANT_F_BLOCK_NOT_DURABLE);
}

static bool refused(struct zyd_bft *b, const struct zyd_bft_slot *slot, uint8_t type, uint64_t view,
                    const struct zyd_hash *hash)
{
    const struct zyd_bft_own *n = &slot->own[ZYD_VOTE_N - 1];
    const struct zyd_bft_own *x = &slot->own[ZYD_VOTE_X - 1];
    const struct zyd_bft_own *f = &slot->own[ZYD_VOTE_F - 1];
    if (type == ZYD_VOTE_N) {
        return (is_for_another(n, hash) && !MUTANT(MUTANT_TWO_N_IN_A_VIEW)) || (x->have && !MUTANT(MUTANT_N_AFTER_X)) ||
               is_for_another(f, hash);
    }
    if (type == ZYD_VOTE_X) {
        return f->have && !f->dead && !MUTANT(MUTANT_NULLIFY_AFTER_FINALIZE);
    }
    return (x->have && !MUTANT(MUTANT_FINALIZE_AFTER_NULLIFY)) ||
           (is_for_another(n, hash) && !MUTANT(MUTANT_F_AGAINST_OWN_N)) || is_for_another(f, hash) ||
           !may_finalize(b, view, hash);
}

static void sign(struct zyd_bft *b, struct zyd_bft_own *own, uint8_t type, uint64_t view)
{
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    struct zyd_vote vote;
    zyd_bft_vote_of(b, &vote, own, type, view);
    zyd_vote_preimage(preimage, &b->cfg.chain_id, &vote);
    b->cfg.sig.sign(b->cfg.sig.ctx, &own->sig, preimage, sizeof preimage);
}

/* own: the record, when the answer is not GATE_REFUSED. */
enum zyd_bft_gate zyd_bft_sign(struct zyd_bft *b, struct zyd_bft_own **own, uint8_t type, uint64_t view,
                               uint64_t height, const struct zyd_hash *hash)
{
    zyd_assert(type >= ZYD_VOTE_N && type <= ZYD_VOTE_F);
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, view);
    /* 1.4: "Return the stored bytes" is looked up first, signs nothing, and holds when signing has stopped too. */
    if (slot != NULL && is_for(&slot->own[type - 1], hash) && !slot->own[type - 1].dead) {
        *own = &slot->own[type - 1];
        return GATE_STORED;
    }
    if (!b->started || b->stopped || zyd_bft_is_observer(b)) {
        return GATE_REFUSED;
    }
    /* 1.4: v <= floor.  1.5: v <= (highest view in the file) - W is refused rather than forgotten.  And we sign only in
     * views that a certificate let us enter. */
    if (view <= b->floor || view > b->view || view + ZYD_BFT_WINDOW <= b->own_top ||
        view + ZYD_BFT_WINDOW <= b->view) {
        return GATE_REFUSED;
    }
    slot = zyd_bft_slot_make(b, view);
    zyd_assert(slot != NULL);
    if (refused(b, slot, type, view, hash)) {
        return GATE_REFUSED;
    }
    struct zyd_bft_own *record = &slot->own[type - 1];
    memset(record, 0, sizeof *record);
    record->have = true;
    record->height = height;
    record->hash = *hash;
    sign(b, record, type, view);
    record->seq = record->after_seq = zyd_bft_take_seq(b);
    if (view > b->own_top) {
        b->own_top = view;
    }
    struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_VOTE);
    out->seq = record->seq;
    out->view = view;
    out->height = height;
    out->hash = *hash;
    zyd_bft_vote_of(b, &out->votes[0], record, type, view);
    *own = record;
    return GATE_SIGNED;
}

/* The vote may leave, and count, once max(its record, after_seq) is synced (P1, P2, P3). */
void zyd_bft_release(struct zyd_bft *b, uint8_t type, uint64_t view, uint64_t after_seq)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, view);
    zyd_assert(slot != NULL);
    struct zyd_bft_own *own = &slot->own[type - 1];
    zyd_assert(own->have);
    if (own->released) {
        return;
    }
    own->released = true;
    b->waiting++;
    own->after_seq = own->seq > after_seq ? own->seq : after_seq;
    b->again = true;
    static const char *const names[] = {"N", "X", "F"};
    if (type == ZYD_VOTE_X) {
        zyd_bft_trace(b, "X v%u", view);
    } else {
        zyd_bft_trace(b, "%s v%u h%u %h", names[type - 1], view, own->height, &own->hash);
    }
    struct zyd_bft_block *block = type == ZYD_VOTE_N ? zyd_bft_find(b, &own->hash) : NULL;
    if (block != NULL && zyd_bft_leader(b, view) == b->cfg.me) {
        /* 1.3: the leader's N vote is the proposal's signature. */
        block->nvote = own->sig;
        block->has_nvote = true;
        zyd_bft_send_proposal(b, ZYD_BFT_ALL, block, own->after_seq);
    } else {
        struct zyd_vote vote;
        zyd_bft_vote_of(b, &vote, own, type, view);
        zyd_bft_send_vote(b, ZYD_BFT_ALL, &vote, own->after_seq);
    }
}

/* P1 to P3: counted only when durable.  Own votes pass through the same table as everybody's. */
void zyd_bft_count_own(struct zyd_bft *b)
{
    uint32_t waiting = 0;
    for (size_t i = 0; b->waiting > 0 && i < RING; i++) {
        struct zyd_bft_slot *slot = &b->slots[i];
        if (slot->view == 0 || slot->view <= b->head.view) {
            continue;
        }
        for (uint8_t type = ZYD_VOTE_N; type <= ZYD_VOTE_F; type++) {
            struct zyd_bft_own *own = &slot->own[type - 1];
            if (!own->have || !own->released || own->counted) {
                continue;
            }
            if (own->after_seq > b->synced && !MUTANT(MUTANT_SEND_BEFORE_SYNC)) {
                waiting++;
                continue;
            }
            struct zyd_vote vote;
            own->counted = true;
            zyd_bft_vote_of(b, &vote, own, type, slot->view);
            zyd_bft_ballot_add(b, slot, &vote);
            zyd_bft_tally(b, type, slot->view);
            b->again = true;
        }
    }
    b->waiting = waiting;
}

/* Mutant MUTANT_RESEND_SIGNS only: a helper that signs afresh, past the gate (the bug of consensus.md 6, lesson 1). */
void zyd_bft_resign(struct zyd_bft *b, struct zyd_vote *vote)
{
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    vote->epoch = b->cfg.epoch;
    vote->signer = b->cfg.me;
    zyd_vote_preimage(preimage, &b->cfg.chain_id, vote);
    b->cfg.sig.sign(b->cfg.sig.ctx, &vote->sig, preimage, sizeof preimage);
}
