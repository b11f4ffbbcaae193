/* The block table: which headers are here, how they hang together, what is executed, stored and committed. */
#include "bft_internal.h"

/* ---- table ---- */

struct zyd_bft_block *zyd_bft_find(struct zyd_bft *b, const struct zyd_hash *hash)
{
    for (size_t i = 0; i < b->block_end; i++) {
        if (b->blocks[i].used && i != b->building && zyd_hash_eq(&b->blocks[i].hash, hash)) {
            return &b->blocks[i];
        }
    }
    return NULL;
}

struct zyd_cert *zyd_bft_block_just(struct zyd_bft *b, const struct zyd_bft_block *block)
{
    return block->cell_count == 0 ? NULL : &b->cells[block->cell_at];
}

void zyd_bft_cool_down(struct zyd_bft *b)
{
    for (size_t i = 0; i < b->block_end; i++) {
        struct zyd_bft_block *block = &b->blocks[i];
        if (block->cooling) {
            block->cooling = false;
            memset(b->cell_used + block->cell_at, 0, block->cell_count);
        }
    }
    while (b->block_end > 0 && !b->blocks[b->block_end - 1].used) {
        b->block_end--;
    }
}

void zyd_bft_block_free(struct zyd_bft *b, struct zyd_bft_block *block)
{
    uint16_t idx = (uint16_t)(block - b->blocks);
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, block->header.view);
    for (size_t i = 0; slot != NULL && i < 2; i++) {
        if (slot->proposal[i] == idx) {
            slot->proposal[i] = NONE;
        }
    }
    if (b->building == idx) {
        b->building = NONE;
    }
    block->used = false;
    block->cooling = true;
}

static bool take_cells(struct zyd_bft *b, uint16_t *at, size_t count)
{
    size_t run = 0;
    for (size_t i = 0; i < CELLS_MAX && run < count; i++) {
        run = b->cell_used[i] ? 0 : run + 1;
        *at = (uint16_t)(i + 1 - run);
    }
    if (run < count) {
        return false;
    }
    memset(b->cell_used + *at, 1, count);
    return true;
}

/* The block that is worth least: not notarized, not of the current view, lowest view. */
static struct zyd_bft_block *least(struct zyd_bft *b)
{
    struct zyd_bft_block *worst = NULL;
    for (size_t i = 0; i < b->block_end; i++) {
        struct zyd_bft_block *block = &b->blocks[i];
        if (block->used && !block->notarized && block->header.view != b->view && i != b->building &&
            (worst == NULL || block->header.view < worst->header.view)) {
            worst = block;
        }
    }
    return worst;
}

#define EVICT_RUN 64 /* more than come in until the owner gives its batch again */

/* A member that lags far fills its table with notarized blocks that hang on nothing here, and the block under them all finds no
 * room. Those that are final at the others go, the highest first: the owner fetches them by height when their turn comes. */
static void evict_final_above(struct zyd_bft *b, uint64_t view)
{
    for (unsigned n = 0; n < EVICT_RUN; n++) {
        struct zyd_bft_block *top = NULL;
        for (size_t i = 0; i < b->block_end; i++) {
            struct zyd_bft_block *block = &b->blocks[i];
            if (block->used && !block->linked && !block->stored && block->header.view > view &&
                block->header.view <= zyd_bft_final_view(b) && (top == NULL || block->header.view > top->header.view)) {
                top = block;
            }
        }
        if (top == NULL) {
            return;
        }
        zyd_bft_block_free(b, top);
    }
}

/* A new entry with room for its justification; NULL when the table is full of better ones.  What is evicted cools until
 * the next step, so a full table refuses one block and takes the next. */
struct zyd_bft_block *zyd_bft_block_add(struct zyd_bft *b, uint64_t view, size_t just_count)
{
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        struct zyd_bft_block *block = &b->blocks[i];
        uint16_t at = 0;
        if (block->used || block->cooling) {
            continue;
        }
        if (just_count > 0 && !take_cells(b, &at, just_count)) {
            break;
        }
        memset(block, 0, sizeof *block);
        block->used = true;
        block->header.view = view;
        block->cell_at = at;
        block->cell_count = (uint16_t)just_count;
        if (i >= b->block_end) {
            b->block_end = i + 1;
        }
        return block;
    }
    struct zyd_bft_block *worst = least(b);
    if (worst != NULL) {
        zyd_bft_block_free(b, worst);
    } else {
        evict_final_above(b, view);
    }
    return NULL;
}

/* ---- shape ---- */

uint64_t zyd_bft_final_view(const struct zyd_bft *b)
{
    return b->has_fc_top && b->fc_top.view > b->head.view ? b->fc_top.view : b->head.view;
}

struct zyd_bft_block *zyd_bft_tip(struct zyd_bft *b)
{
    struct zyd_bft_block *tip = NULL;
    for (size_t i = 0; i < b->block_end; i++) {
        struct zyd_bft_block *block = &b->blocks[i];
        if (block->used && block->notarized && (tip == NULL || block->header.view > tip->header.view)) {
            tip = block;
        }
    }
    return tip;
}

const struct zyd_header *zyd_bft_tip_header(struct zyd_bft *b)
{
    const struct zyd_bft_block *tip = zyd_bft_tip(b);
    return tip == NULL ? &b->head : &tip->header;
}

/* path[0] = block, then its ancestors down to the child of head; 0 when a link is missing. */
size_t zyd_bft_path(struct zyd_bft *b, uint16_t path[BLOCKS_MAX], const struct zyd_bft_block *block)
{
    size_t count = 0;
    while (block != NULL && block->linked && count < BLOCKS_MAX) {
        path[count++] = (uint16_t)(block - b->blocks);
        if (zyd_hash_eq(&block->header.parent_hash, &b->head_hash)) {
            return count;
        }
        block = zyd_bft_find(b, &block->header.parent_hash);
    }
    return 0;
}

/* Is the block and every unfinalized ancestor put (P3)?  seq: the highest number among those puts. */
bool zyd_bft_chain_stored(struct zyd_bft *b, const struct zyd_bft_block *block, uint64_t *seq)
{
    uint16_t path[BLOCKS_MAX];
    size_t count = zyd_bft_path(b, path, block);
    *seq = 0;
    for (size_t i = 0; i < count; i++) {
        const struct zyd_bft_block *at = &b->blocks[path[i]];
        if (!at->stored) {
            return false;
        }
        *seq = at->store_seq > *seq ? at->store_seq : *seq;
    }
    return count > 0;
}

uint32_t zyd_bft_data_depth(struct zyd_bft *b, const struct zyd_bft_block *block)
{
    uint16_t path[BLOCKS_MAX];
    size_t count = zyd_bft_path(b, path, block);
    uint32_t depth = 0;
    for (size_t i = 0; i < count; i++) {
        depth += (b->blocks[path[i]].header.flags & ZYD_HEADER_CARRIER) == 0;
    }
    return depth;
}

/* consensus.md 1.5: a DATA block above final lies on the chain of the highest notarized block.  A notarized block whose
 * header is not here is taken for one. */
bool zyd_bft_carrier_needed(struct zyd_bft *b)
{
    uint64_t final = zyd_bft_final_view(b);
    const struct zyd_bft_block *block = zyd_bft_tip(b);
    uint64_t top = block == NULL ? b->head.view : block->header.view;
    for (uint64_t v = b->view - 1; v > final && v > top && v + RING > b->view; v--) {
        if (zyd_bft_cert_at(b, ZYD_VOTE_N, v) != NULL) {
            return true;
        }
    }
    while (block != NULL && block->header.view > final) {
        if ((block->header.flags & ZYD_HEADER_CARRIER) == 0) {
            return true;
        }
        block = zyd_bft_find(b, &block->header.parent_hash);
    }
    return false;
}

/* ---- linking ---- */

static void diverged(struct zyd_bft *b, struct zyd_bft_block *block)
{
    if (!block->alarmed) {
        block->alarmed = true;
        zyd_bft_alarm(b, ZYD_ALARM_DIVERGED, block->header.view);
    }
}

/* A block that cannot hang on head.  If it is final, two final chains exist (consensus.md 1.5: never by height). */
static void dead_branch(struct zyd_bft *b, struct zyd_bft_block *block)
{
    if (b->has_fc_top && zyd_hash_eq(&b->fc_top.hash, &block->hash) && !b->stopped) {
        zyd_bft_alarm(b, ZYD_ALARM_SAFETY, block->header.view);
    }
    zyd_bft_block_free(b, block);
    b->again = true;
}

void zyd_bft_link(struct zyd_bft *b)
{
    for (size_t i = 0; i < b->block_end; i++) {
        struct zyd_bft_block *block = &b->blocks[i];
        if (!block->used || i == b->building) {
            continue;
        }
        bool on_head = zyd_hash_eq(&block->header.parent_hash, &b->head_hash);
        struct zyd_bft_block *parent = on_head ? NULL : zyd_bft_find(b, &block->header.parent_hash);
        if (!on_head && parent == NULL && (block->linked || block->header.parent_view <= b->head.view)) {
            dead_branch(b, block);
            continue;
        }
        if (block->linked || (!on_head && (parent == NULL || !parent->linked))) {
            continue;
        }
        if (zyd_bft_static_check(b, &block->header, on_head ? &b->head : &parent->header)) {
            block->linked = true;
        } else {
            if (block->notarized) {
                diverged(b, block);
            }
            zyd_bft_block_free(b, block);
        }
        b->again = true;
    }
}

/* ---- execution ---- */

void zyd_bft_ask_verify(struct zyd_bft *b, struct zyd_bft_block *block)
{
    if (block->verdict != VERDICT_NONE || !block->linked) {
        return;
    }
    if (!zyd_hash_eq(&block->header.parent_hash, &b->head_hash)) {
        const struct zyd_bft_block *parent = zyd_bft_find(b, &block->header.parent_hash);
        if (parent == NULL || parent->verdict != VERDICT_OK) {
            return;
        }
    }
    uint32_t depth = zyd_bft_data_depth(b, block);
    if (depth == 0 ? zyd_bft_path(b, (uint16_t[BLOCKS_MAX]){0}, block) == 0 : depth > ZYD_DEPTH_MAX) {
        return; /* consensus.md 1.6: the owner keeps at most 8 overlays; asked again when head moves */
    }
    block->verdict = VERDICT_ASKED;
    struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_VERIFY);
    out->hash = block->hash;
    out->header = &block->header;
    out->just = zyd_bft_block_just(b, block);
    out->just_count = block->cell_count;
    out->view = block->header.view;
    out->height = block->header.height;
    out->peer = zyd_bft_leader(b, block->header.view);
}

/* What is notarized is executed whether or not we voted for it: its children will need it. */
void zyd_bft_verify_wanted(struct zyd_bft *b)
{
    for (size_t i = 0; i < b->block_end; i++) {
        struct zyd_bft_block *block = &b->blocks[i];
        if (!block->used || !block->notarized) {
            continue;
        }
        zyd_bft_ask_verify(b, block);
        if (block->verdict == VERDICT_BAD) {
            diverged(b, block);
        }
    }
}

/* ---- storing and committing ---- */

/* P3: the block and each unfinalized ancestor, ancestors first.  False when one of them is not executed. */
bool zyd_bft_store_chain(struct zyd_bft *b, struct zyd_bft_block *block)
{
    uint16_t path[BLOCKS_MAX];
    size_t count = zyd_bft_path(b, path, block);
    for (size_t i = 0; i < count; i++) {
        if (b->blocks[path[i]].verdict != VERDICT_OK) {
            return false;
        }
    }
    for (size_t i = count; i-- > 0;) {
        struct zyd_bft_block *at = &b->blocks[path[i]];
        if (at->stored) {
            continue;
        }
        const struct zyd_cert *nc = zyd_bft_cert_at(b, ZYD_VOTE_N, at->header.view);
        at->stored = true;
        at->store_seq = zyd_bft_take_seq(b);
        struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_STORE);
        out->seq = at->store_seq;
        out->hash = at->hash;
        out->view = at->header.view;
        out->height = at->header.height;
        out->header = &at->header;
        out->just = zyd_bft_block_just(b, at);
        out->just_count = at->cell_count;
        out->cert = nc != NULL && zyd_hash_eq(&nc->hash, &at->hash) ? nc : NULL;
    }
    return count > 0;
}

static void advance_head(struct zyd_bft *b, const struct zyd_bft_block *block, const struct zyd_cert *fc)
{
    const struct zyd_cert *nc = zyd_bft_cert_at(b, ZYD_VOTE_N, block->header.view);
    if (nc != NULL && zyd_hash_eq(&nc->hash, &block->hash)) {
        b->head_nc = *nc;
        b->has_head_nc = true;
    } else {
        b->has_head_nc = false;
    }
    b->head = block->header;
    b->head_hash = block->hash;
    b->head_fc = *fc;
    b->has_head_fc = true;
}

static void prune(struct zyd_bft *b, uint64_t after_seq)
{
    for (size_t i = 0; i < b->block_end; i++) {
        if (b->blocks[i].used && b->blocks[i].header.view <= b->head.view) {
            zyd_bft_block_free(b, &b->blocks[i]);
        }
    }
    if (b->has_fc_low && b->fc_low.view <= b->head.view) {
        b->has_fc_low = false;
    }
    struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_DROP);
    out->view = b->head.view;
    if (b->head.view > b->floor) {
        b->floor = b->head.view;
    }
    out = zyd_bft_emit(b, ZYD_BFT_OUT_FLOOR);
    out->view = b->floor;
    out->after_seq = after_seq;
    b->again = true;
}

/* A proof holds at most ZYD_FINALITY_HEADERS_MAX headers.  A member that catches up may have linked more blocks than that to
 * the newest certificate: cut the path at a block between that has one of its own. */
static const struct zyd_cert *shorten(const struct zyd_bft *b, uint16_t path[BLOCKS_MAX], size_t *count)
{
    for (size_t i = *count - ZYD_FINALITY_HEADERS_MAX; i < *count; i++) {
        const struct zyd_bft_block *block = &b->blocks[path[i]];
        const struct zyd_cert *fc = zyd_bft_cert_at(b, ZYD_VOTE_F, block->header.view);
        if (fc != NULL && zyd_hash_eq(&fc->hash, &block->hash)) {
            *count -= i;
            memmove(path, path + i, *count * sizeof path[0]);
            return fc;
        }
    }
    return NULL;
}

static const struct zyd_cert *final_target(struct zyd_bft *b, uint16_t path[BLOCKS_MAX], size_t *count)
{
    const struct zyd_cert *all[2] = {b->has_fc_top ? &b->fc_top : NULL, b->has_fc_low ? &b->fc_low : NULL};
    for (size_t i = 0; i < 2; i++) {
        if (all[i] == NULL || all[i]->view <= b->head.view) {
            continue;
        }
        struct zyd_bft_block *block = zyd_bft_find(b, &all[i]->hash);
        *count = block == NULL ? 0 : zyd_bft_path(b, path, block);
        if (MUTANT(MUTANT_COMMIT_WITHOUT_ANCESTORS) && block != NULL) {
            path[0] = (uint16_t)(block - b->blocks);
            *count = 1;
        }
        if (*count > ZYD_FINALITY_HEADERS_MAX) {
            const struct zyd_cert *nearer = shorten(b, path, count);
            if (nearer != NULL) {
                return nearer;
            }
        } else if (*count > 0) {
            return all[i];
        }
    }
    return NULL;
}

/* consensus.md 1.5 on_cert FC: COMMIT chain, in chain order, each block once, executed and put before it is shown (P3). */
void zyd_bft_commit(struct zyd_bft *b)
{
    uint16_t path[BLOCKS_MAX];
    size_t count = 0;
    const struct zyd_cert *fc = final_target(b, path, &count);
    if (fc == NULL) {
        return;
    }
    struct zyd_bft_block *next = &b->blocks[path[count - 1]];
    zyd_bft_ask_verify(b, next);
    if (next->verdict == VERDICT_BAD) {
        diverged(b, next);
    }
    if (next->verdict != VERDICT_OK && !MUTANT(MUTANT_COMMIT_UNEXECUTED)) {
        return;
    }
    if (b->commit_runs == sizeof b->commit_fc / sizeof b->commit_fc[0] || b->chain_used + count > 2 * BLOCKS_MAX) {
        zyd_bft_wake_at(b, b->now_ms);
        return;
    }
    struct zyd_cert *proof = &b->commit_fc[b->commit_runs++];
    struct zyd_header *chain = &b->chain[b->chain_used];
    *proof = *fc;
    b->chain_used += count;
    for (size_t i = 0; i < count; i++) {
        chain[i] = b->blocks[path[count - 1 - i]].header;
    }
    uint64_t seq = 0;
    for (size_t i = 0; i < count; i++) {
        struct zyd_bft_block *block = &b->blocks[path[count - 1 - i]];
        if (block->verdict != VERDICT_OK && !MUTANT(MUTANT_COMMIT_UNEXECUTED)) {
            break;
        }
        (void)zyd_bft_store_chain(b, block);
        seq = block->store_seq;
        struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_COMMIT);
        out->hash = block->hash;
        out->view = block->header.view;
        out->height = block->header.height;
        out->header = &chain[i];
        out->cert = proof;
        out->chain = &chain[i + 1];
        out->chain_count = count - 1 - i;
        out->after_seq = seq > b->synced ? seq : 0;
        zyd_bft_trace(b, "final v%u h%u %h%s", block->header.view, block->header.height, &block->hash,
                      (block->header.flags & ZYD_HEADER_CARRIER) != 0 ? " carrier" : "");
        advance_head(b, block, proof);
    }
    prune(b, seq);
}
