/* Walks the invariants numbered in bft_internal.h. */
#include "bft_internal.h"

static const struct zyd_bft_block *find(const struct zyd_bft *b, const struct zyd_hash *hash)
{
    for (size_t i = 0; i < b->block_end; i++) {
        if (b->blocks[i].used && i != b->building && zyd_hash_eq(&b->blocks[i].hash, hash)) {
            return &b->blocks[i];
        }
    }
    return NULL;
}

static void check_cert(const struct zyd_bft *b, const struct zyd_cert *cert, uint8_t type, uint64_t view)
{
    uint32_t signers = 0;
    for (uint64_t bits = cert->bitmap; bits != 0; bits &= bits - 1) {
        signers++;
    }
    zyd_assert(cert->type == type);
    zyd_assert(cert->view == view);
    zyd_assert(cert->epoch == b->cfg.epoch);
    zyd_assert(cert->bitmap >> b->n == 0);
    zyd_assert(signers >= b->q || MUTANT(MUTANT_CERT_POPCOUNT_UNCHECKED));
    zyd_assert(cert->view < b->view); /* I1 */
}

static void check_own(const struct zyd_bft *b, const struct zyd_bft_slot *slot)
{
    const struct zyd_bft_own *n = &slot->own[0], *x = &slot->own[1], *f = &slot->own[2];
    for (uint8_t t = 0; t < 3; t++) {
        const struct zyd_bft_own *own = &slot->own[t];
        if (!own->have) {
            continue;
        }
        zyd_assert(!zyd_bft_is_observer(b)); /* I12 */
        zyd_assert(slot->view <= b->own_top); /* I3 */
        zyd_assert(own->seq <= b->seq && own->after_seq <= b->seq); /* I11 */
        if (own->counted) { /* I4 */
            zyd_assert(own->released);
            zyd_assert(own->after_seq <= b->synced || MUTANT(MUTANT_SEND_BEFORE_SYNC));
            zyd_assert((slot->ballot[t].bits >> b->cfg.me & 1) != 0);
        } else {
            zyd_assert((slot->ballot[t].bits >> b->cfg.me & 1) == 0);
        }
    }
    if (f->have && !f->dead && slot->view > b->head.view) { /* I3 */
        zyd_assert(!x->have || MUTANT(MUTANT_FINALIZE_AFTER_NULLIFY) || MUTANT(MUTANT_NULLIFY_AFTER_FINALIZE));
        zyd_assert(!n->have || zyd_hash_eq(&n->hash, &f->hash) || MUTANT(MUTANT_F_AGAINST_OWN_N));
        if (f->seq != 0) {
            zyd_assert(slot->have_cert[0] && zyd_hash_eq(&slot->cert[0].hash, &f->hash));
        }
    }
}

static void check_slot(const struct zyd_bft *b, const struct zyd_bft_slot *slot, size_t at)
{
    uint64_t top = b->own_top > b->view ? b->own_top : b->view;
    zyd_assert(slot->view % RING == at && slot->view <= top + 1); /* I2 */
    for (uint8_t t = 0; t < 3; t++) {
        zyd_assert(slot->ballot[t].bits >> b->n == 0);
        if (slot->have_cert[t]) {
            check_cert(b, &slot->cert[t], (uint8_t)(t + 1), slot->view); /* I5 */
        }
    }
    if (!b->stopped) { /* I6 */
        zyd_assert(!(slot->have_cert[1] && slot->have_cert[2]));
        if (slot->have_cert[0] && slot->have_cert[2]) {
            zyd_assert(zyd_hash_eq(&slot->cert[0].hash, &slot->cert[2].hash));
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (slot->proposal[i] != NONE) {
            zyd_assert(b->blocks[slot->proposal[i]].used);
            zyd_assert(b->blocks[slot->proposal[i]].header.view == slot->view);
        }
    }
    check_own(b, slot);
}

static void check_block(const struct zyd_bft *b, const struct zyd_bft_block *block)
{
    zyd_assert(block->header.view > b->head.view); /* I7 */
    zyd_assert(block->cell_count <= ZYD_JUST_MAX);
    for (size_t i = 0; i < block->cell_count; i++) {
        zyd_assert(b->cell_used[block->cell_at + i] == 1);
    }
    if ((size_t)(block - b->blocks) == b->building) {
        return;
    }
    zyd_assert(find(b, &block->hash) == block);
    if (!block->linked) {
        zyd_assert(!block->stored && block->verdict == VERDICT_NONE);
        return;
    }
    bool on_head = zyd_hash_eq(&block->header.parent_hash, &b->head_hash); /* I8 */
    const struct zyd_bft_block *parent = on_head ? NULL : find(b, &block->header.parent_hash);
    zyd_assert(on_head || (parent != NULL && parent->linked));
    zyd_assert(zyd_bft_static_check(b, &block->header, on_head ? &b->head : &parent->header));
    if (block->stored) { /* I9 */
        zyd_assert(block->verdict == VERDICT_OK || MUTANT(MUTANT_COMMIT_UNEXECUTED));
        zyd_assert(on_head || (parent->stored && parent->store_seq <= block->store_seq));
    }
}

void zyd_bft_check(const struct zyd_bft *b)
{
    size_t cells = 0, used = 0;
    zyd_assert(b->view >= 1 && b->view >= b->head.view + 1); /* I1 */
    zyd_assert(b->synced <= b->seq);                         /* I11 */
    zyd_assert(b->floor >= b->head.view);                    /* I10 */
    zyd_assert(!b->has_fc_top || b->fc_top.view >= b->head.view);
    zyd_assert(!b->has_entry || b->entry.view < b->view);
    for (size_t i = 0; i < RING; i++) {
        if (b->slots[i].view != 0) {
            check_slot(b, &b->slots[i], i);
        }
    }
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        if (b->blocks[i].used) {
            check_block(b, &b->blocks[i]);
        }
        zyd_assert(i < b->block_end || !b->blocks[i].used);
        cells += b->blocks[i].used || b->blocks[i].cooling ? b->blocks[i].cell_count : 0;
    }
    for (size_t i = 0; i < CELLS_MAX; i++) {
        used += b->cell_used[i] != 0;
    }
    zyd_assert(cells == used);
}
