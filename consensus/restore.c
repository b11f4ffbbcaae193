/* What the disk holds, before START (consensus.md 1.4, 1.5 START).  Stored bytes are checked like a peer's. */
#include "bft_internal.h"

static void raise_view(struct zyd_bft *b, const struct zyd_cert *cert)
{
    /* "After a start, view = 1 + the highest view of a stored certificate." */
    if (cert->view + 1 > b->view || !b->has_entry) {
        b->entry = *cert;
        b->has_entry = true;
    }
    if (cert->view + 1 > b->view) {
        b->view = cert->view + 1;
    }
}

void zyd_bft_restore_head(struct zyd_bft *b, const struct zyd_header *head, const struct zyd_cert *fc, uint64_t floor)
{
    zyd_assert(!b->started);
    b->head = *head;
    zyd_header_hash(&b->head_hash, head);
    b->has_head_nc = false;
    b->floor = floor > head->view ? floor : head->view;
    if (head->view + 1 > b->view) {
        b->view = head->view + 1;
    }
    if (fc != NULL) {
        zyd_assert(fc->view >= head->view);
        b->head_fc = b->fc_top = *fc;
        b->has_head_fc = b->has_fc_top = true;
        raise_view(b, fc);
    }
}

enum zyd_status zyd_bft_restore_vote(struct zyd_bft *b, const struct zyd_vote *vote)
{
    zyd_assert(!b->started);
    if (vote->epoch != b->cfg.epoch) {
        return ZYD_OK; /* old records are ignored by their epoch field (consensus.md 1.11) */
    }
    if (vote->signer != b->cfg.me || vote->type < ZYD_VOTE_N || vote->type > ZYD_VOTE_F || vote->view == 0) {
        return ZYD_E_FOREIGN;
    }
    if (!zyd_bft_vote_valid(b, vote)) {
        return ZYD_E_BAD_SIG;
    }
    if (vote->view > b->own_top) {
        b->own_top = vote->view;
    }
    struct zyd_bft_slot *slot = vote->view <= b->head.view ? NULL : zyd_bft_slot_make(b, vote->view);
    if (slot == NULL) {
        return ZYD_OK; /* below the floor, or so old that the gate refuses its view anyway */
    }
    struct zyd_bft_own *own = &slot->own[vote->type - 1];
    if (own->have && !zyd_hash_eq(&own->hash, &vote->hash)) {
        return ZYD_E_DAMAGED; /* our own gate never signs two */
    }
    memset(own, 0, sizeof *own);
    own->have = true;
    own->height = vote->height;
    own->hash = vote->hash;
    own->sig = vote->sig;
    return ZYD_OK;
}

enum zyd_status zyd_bft_restore_cert(struct zyd_bft *b, const struct zyd_cert *cert)
{
    zyd_assert(!b->started);
    if (cert->type < ZYD_VOTE_N || cert->type > ZYD_VOTE_F) {
        return ZYD_E_MALFORMED;
    }
    if (cert->epoch != b->cfg.epoch || cert->view < b->head.view) {
        return ZYD_OK;
    }
    enum zyd_status status = zyd_bft_cert_valid(b, cert);
    if (status != ZYD_OK) {
        return status;
    }
    if (cert->view == b->head.view) {
        if (cert->type == ZYD_VOTE_N && zyd_hash_eq(&cert->hash, &b->head_hash)) {
            b->head_nc = *cert;
            b->has_head_nc = true;
        }
        return ZYD_OK;
    }
    raise_view(b, cert);
    struct zyd_bft_slot *slot = zyd_bft_slot_make(b, cert->view);
    if (slot != NULL && !slot->have_cert[cert->type - 1]) {
        slot->cert[cert->type - 1] = *cert;
        slot->have_cert[cert->type - 1] = true;
    }
    if (cert->type == ZYD_VOTE_F && (!b->has_fc_top || cert->view > b->fc_top.view)) {
        b->fc_top = *cert;
        b->has_fc_top = true;
    }
    return ZYD_OK;
}

enum zyd_status zyd_bft_restore_block(struct zyd_bft *b, const struct zyd_header *h, const struct zyd_cert *just,
                                      size_t just_count, const struct zyd_cert *nc)
{
    struct zyd_hash hash;
    zyd_assert(!b->started);
    if (h->view <= b->head.view) {
        return ZYD_OK; /* a losing view */
    }
    if (!zyd_bft_header_sane(b, h) || !zyd_bft_just_check(b, h, just, just_count)) {
        return ZYD_E_DAMAGED;
    }
    zyd_header_hash(&hash, h);
    bool on_head = zyd_hash_eq(&h->parent_hash, &b->head_hash);
    struct zyd_bft_block *parent = on_head ? NULL : zyd_bft_find(b, &h->parent_hash);
    if (zyd_bft_find(b, &hash) != NULL) {
        return ZYD_E_EXISTS;
    }
    if (!on_head && parent == NULL) {
        return ZYD_E_NOT_FOUND; /* a losing branch: the owner need not keep its state */
    }
    if (!zyd_bft_static_check(b, h, on_head ? &b->head : &parent->header)) {
        return ZYD_E_DAMAGED;
    }
    if (nc != NULL) {
        if (nc->type != ZYD_VOTE_N || nc->view != h->view || !zyd_hash_eq(&nc->hash, &hash)) {
            return ZYD_E_DAMAGED;
        }
        enum zyd_status status = zyd_bft_restore_cert(b, nc);
        if (status != ZYD_OK) {
            return status;
        }
    }
    struct zyd_bft_block *block = zyd_bft_block_add(b, h->view, just_count);
    if (block == NULL) {
        return ZYD_E_FULL;
    }
    block->header = *h;
    block->hash = hash;
    for (size_t i = 0; i < just_count; i++) {
        b->cells[block->cell_at + i] = just[i];
        enum zyd_status status = zyd_bft_restore_cert(b, &just[i]);
        if (status != ZYD_OK) {
            return status;
        }
    }
    const struct zyd_cert *stored = zyd_bft_cert_at(b, ZYD_VOTE_N, h->view);
    block->notarized = nc != NULL || (stored != NULL && zyd_hash_eq(&stored->hash, &hash));
    block->linked = true;
    block->stored = true;
    block->verdict = VERDICT_OK; /* what was put had been executed */
    return ZYD_OK;
}
