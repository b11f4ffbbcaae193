/* Certificates: they move the view, let us finalize, and make blocks final. */
#include "bft_internal.h"

/* Mutants 1 and 9 only: a check that forgets how many signers are enough. */
static enum zyd_status loose_valid(struct zyd_bft *b, const struct zyd_cert *cert, uint32_t enough)
{
    struct zyd_vote vote = {.type = cert->type, .epoch = cert->epoch, .view = cert->view, .height = cert->height,
                            .hash = cert->hash};
    uint32_t at = 0;
    if (cert->epoch != b->cfg.epoch || cert->bitmap >> b->n != 0) {
        return ZYD_E_INVALID;
    }
    for (uint8_t i = 0; i < b->n; i++) {
        vote.signer = i;
        if ((cert->bitmap >> i & 1) != 0) {
            vote.sig = cert->sigs[at++];
            if (!zyd_bft_vote_valid(b, &vote)) {
                return ZYD_E_BAD_SIG;
            }
        }
    }
    return at >= enough ? ZYD_OK : ZYD_E_INVALID;
}

/* consensus.md 1.3, always in this order: epoch, no bit >= n, popcount >= q, array length, every signature. */
enum zyd_status zyd_bft_cert_valid(struct zyd_bft *b, const struct zyd_cert *cert)
{
    if (MUTANT(MUTANT_QUORUM_MINUS_ONE) || MUTANT(MUTANT_CERT_POPCOUNT_UNCHECKED)) {
        return loose_valid(b, cert, MUTANT(MUTANT_QUORUM_MINUS_ONE) ? b->q : 1);
    }
    return zyd_cert_check(cert, &b->cfg.chain_id, b->cfg.epoch, b->cfg.pks, b->n, &b->cached_sig);
}

/* consensus.md 1.5: DELTA * 1.25^max(0, k-2), capped by DELTA_MAX; the same at all who hold the same FC. */
static int64_t view_delay(const struct zyd_bft *b, uint64_t k)
{
    int64_t d = b->cfg.delta_ms;
    for (uint64_t i = 2; i < k && d < b->cfg.delta_max_ms; i++) {
        d += d / 4 > 0 ? d / 4 : 1;
    }
    return d > b->cfg.delta_max_ms ? b->cfg.delta_max_ms : d;
}

/* A J holds 64 certificates, so 63 nullified views in a row would be the end.  While bodies do not get through, votes may:
 * from PATIENCE_VIEWS on views are no longer spent at DELTA_MAX.  Nobody waits longer for it once the network is back: the
 * leader of the view resends its proposal every D, and a dead one is skipped. */
static int64_t patience(const struct zyd_bft *b)
{
    int64_t ms = b->d_ms, max = (int64_t)b->cfg.msgdelay_ms * PATIENCE_MSGDELAYS;
    max = max > ms ? max : ms;
    for (uint64_t i = PATIENCE_VIEWS; i < b->k && ms < max; i++) {
        ms *= 2;
    }
    return ms > max ? max : ms;
}

void zyd_bft_enter(struct zyd_bft *b, uint64_t view, const struct zyd_cert *entry)
{
    if (view <= b->view) {
        return;
    }
    if (MUTANT(MUTANT_FORGET_OWN_VOTES) && zyd_bft_slot_at(b, view - 1) != NULL) {
        memset(&zyd_bft_slot_at(b, view - 1)->own[ZYD_VOTE_X - 1], 0, sizeof(struct zyd_bft_own));
    }
    b->view = view;
    b->has_entry = entry != NULL;
    if (entry != NULL) {
        b->entry = *entry;
        b->nullified += entry->type == ZYD_VOTE_X;
    }
    b->k = view - 1 - zyd_bft_final_view(b);
    b->d_ms = view_delay(b, b->k);
    b->patience_ms = patience(b);
    b->entered_ms = b->now_ms;
    b->armed = b->gave_up = false;
    b->t_lead_ms = b->t_adv_ms = b->resend_ms = NEVER;
    b->build_after_ms = b->now_ms;
    if (b->building != NONE) {
        zyd_bft_block_free(b, &b->blocks[b->building]);
    }
    for (size_t i = 0; i < b->n; i++) {
        b->peers[i].junk = 0;
    }
    static const char *const names[] = {"NC", "XC", "FC"};
    zyd_bft_trace(b, "enter v%u by %s, leader n%u", view, entry == NULL ? "start" : names[entry->type - 1],
                  (uint64_t)zyd_bft_leader(b, view));
    b->again = true;
}

/* consensus.md 1.5: two NCs of one view with different hashes, or FC and XC of one view, or NC(v,h) and FC(v,h'). */
static bool contradicts(const struct zyd_bft *b, const struct zyd_cert *cert)
{
    const struct zyd_cert *nc = zyd_bft_cert_at(b, ZYD_VOTE_N, cert->view);
    const struct zyd_cert *xc = zyd_bft_cert_at(b, ZYD_VOTE_X, cert->view);
    const struct zyd_cert *fc = zyd_bft_cert_at(b, ZYD_VOTE_F, cert->view);
    if (cert->type == ZYD_VOTE_X) {
        return fc != NULL;
    }
    return (nc != NULL && !zyd_hash_eq(&nc->hash, &cert->hash)) || (fc != NULL && !zyd_hash_eq(&fc->hash, &cert->hash)) ||
           (cert->type == ZYD_VOTE_F && xc != NULL) ||
           (cert->view == b->head.view && !zyd_hash_eq(&cert->hash, &b->head_hash));
}

static void note_notarized(struct zyd_bft *b, const struct zyd_cert *cert)
{
    struct zyd_bft_block *block = zyd_bft_find(b, &cert->hash);
    if (block != NULL && block->header.view == cert->view) {
        block->notarized = true;
    }
}

/* Of the lower certificates the one of most use is kept: the highest whose block hangs on head.  1. A member lacks the header
 * of v128. 2. FC(131) comes, and its block. 3. The owner fetches v104.. with their FCs: they must count. */
static bool better_low(struct zyd_bft *b, const struct zyd_cert *cert, const struct zyd_bft_block *block)
{
    const struct zyd_bft_block *low = b->has_fc_low ? zyd_bft_find(b, &b->fc_low.hash) : NULL;
    return low == NULL || !low->linked || (block->linked && cert->view > b->fc_low.view);
}

static void on_final(struct zyd_bft *b, const struct zyd_cert *cert)
{
    struct zyd_bft_block *block = zyd_bft_find(b, &cert->hash);
    if (!b->has_fc_top || cert->view > b->fc_top.view) {
        b->fc_top = *cert; /* FC only upward (attack 16) */
        b->has_fc_top = true;
    } else if (block != NULL && better_low(b, cert, block)) {
        b->fc_low = *cert;
        b->has_fc_low = true;
    }
    note_notarized(b, cert);
}

/* cert was verified or made from verified votes.  relay: broadcast it once (it was not fetched by the owner). */
void zyd_bft_on_cert(struct zyd_bft *b, const struct zyd_cert *cert, bool relay)
{
    static const char *const names[] = {"NC", "XC", "FC"};
    if (cert->view < b->head.view || cert->view == 0) {
        return;
    }
    zyd_bft_accuse_cert(b, cert);
    if (contradicts(b, cert)) {
        if (!b->stopped) {
            zyd_bft_alarm(b, ZYD_ALARM_SAFETY, cert->view);
        }
        return;
    }
    if (cert->view == b->head.view) {
        if (cert->type == ZYD_VOTE_N) {
            b->head_nc = *cert; /* a leader on head needs it */
            b->has_head_nc = true;
        }
        return;
    }
    if (zyd_bft_cert_at(b, cert->type, cert->view) != NULL) {
        if (cert->type == ZYD_VOTE_F) { /* it may have come before its header did: now it can be of use */
            on_final(b, cert);
            b->again = true;
        }
        return;
    }
    bool moves = cert->view >= b->view || (cert->type == ZYD_VOTE_F && cert->view > zyd_bft_final_view(b));
    struct zyd_bft_slot *slot = zyd_bft_slot_make(b, cert->view);
    if (slot != NULL) {
        slot->cert[cert->type - 1] = *cert;
        slot->have_cert[cert->type - 1] = true;
        struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_CERT);
        out->seq = zyd_bft_take_seq(b);
        out->view = cert->view;
        out->height = cert->height;
        out->hash = cert->hash;
        out->cert = &slot->cert[cert->type - 1];
        if (cert->type == ZYD_VOTE_X) {
            zyd_bft_trace(b, "XC v%u", cert->view);
        } else {
            zyd_bft_trace(b, "%s v%u h%u %h", names[cert->type - 1], cert->view, cert->height, &cert->hash);
        }
    }
    if (relay && moves) {
        zyd_bft_send_cert(b, ZYD_BFT_ALL, cert);
    }
    b->again = true;
    if (cert->type == ZYD_VOTE_F) {
        on_final(b, cert);
    } else if (cert->type == ZYD_VOTE_N) {
        note_notarized(b, cert);
    }
    if (cert->view >= b->view) {
        zyd_bft_enter(b, cert->view + 1, cert);
    }
}

/* consensus.md 1.5 NC(v,h): try cast F(v,h) after the body; level-triggered over all notarized blocks above final.  The
 * block and its ancestors are put first, whether or not the gate lets us sign: their children will need them. */
void zyd_bft_try_finalize(struct zyd_bft *b)
{
    uint64_t final = zyd_bft_final_view(b);
    for (size_t i = 0; i < b->block_end; i++) {
        struct zyd_bft_block *block = &b->blocks[i];
        if (!block->used || !block->notarized || !block->linked || block->header.view <= final ||
            block->verdict != VERDICT_OK) {
            continue;
        }
        uint64_t view = block->header.view, seq;
        struct zyd_bft_slot *slot = zyd_bft_slot_at(b, view);
        const struct zyd_bft_own *known = slot == NULL ? NULL : &slot->own[ZYD_VOTE_F - 1];
        if (known != NULL && known->have && known->released) {
            continue;
        }
        if (!MUTANT(MUTANT_F_BLOCK_NOT_DURABLE) && !zyd_bft_store_chain(b, block)) {
            continue;
        }
        struct zyd_bft_own *own;
        if (zyd_bft_sign(b, &own, ZYD_VOTE_F, view, block->header.height, &block->hash) == GATE_REFUSED) {
            continue;
        }
        (void)zyd_bft_chain_stored(b, block, &seq);
        zyd_bft_release(b, ZYD_VOTE_F, view, seq);
    }
}
