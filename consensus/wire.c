/* The peer messages of FORMATS.md ("peer messages: consensus"), in and out.  Everything read here is hostile: one
 * encoding a value, a bound on every read, and a message is taken whole or dropped whole. */
#include "bft_internal.h"

bool zyd_bft_afford(struct zyd_bft *b, uint8_t peer, size_t size)
{
    int64_t cost = (int64_t)size * (peer == ZYD_BFT_ALL ? (int64_t)b->n - 1 : 1);
    int64_t passed = b->now_ms - b->budget_at_ms;
    passed = passed > 10000 ? 10000 : passed;
    b->budget_at_ms = b->now_ms;
    b->budget += passed * BUDGET_PER_S / 1000;
    b->budget = b->budget > BUDGET_MAX ? BUDGET_MAX : b->budget;
    if (cost > b->budget) {
        return false;
    }
    b->budget -= cost;
    return true;
}

static struct zyd_wr message(struct zyd_bft *b, uint8_t kind)
{
    struct zyd_wr wr = zyd_wr_of(b->bytes + b->bytes_used, OUT_BYTES - b->bytes_used);
    zyd_wx_u8(&wr, kind);
    return wr;
}

static void post(struct zyd_bft *b, const struct zyd_wr *wr, uint8_t peer, uint64_t after_seq)
{
    if (b->n == 1 || wr->full) {
        b->dropped += wr->full;
        return;
    }
    struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_SEND);
    if (out == NULL) {
        return;
    }
    out->peer = peer;
    out->bytes = zyd_wr_span(wr);
    out->after_seq = MUTANT(MUTANT_SEND_BEFORE_SYNC) || after_seq <= b->synced ? 0 : after_seq;
    b->bytes_used += wr->size;
}

void zyd_bft_send_vote(struct zyd_bft *b, uint8_t peer, const struct zyd_vote *vote, uint64_t after_seq)
{
    uint8_t bytes[ZYD_VOTE_SIZE];
    zyd_vote_encode(bytes, vote);
    struct zyd_wr wr = message(b, ZYD_MSG_VOTE);
    zyd_wx_bytes(&wr, bytes, sizeof bytes);
    post(b, &wr, peer, after_seq);
}

void zyd_bft_send_cert(struct zyd_bft *b, uint8_t peer, const struct zyd_cert *cert)
{
    struct zyd_wr wr = message(b, ZYD_MSG_CERT);
    zyd_cert_encode(&wr, cert);
    post(b, &wr, peer, 0);
}

void zyd_bft_send_proposal(struct zyd_bft *b, uint8_t peer, const struct zyd_bft_block *block, uint64_t after_seq)
{
    /* Without the leader's signature (restored, or fetched by the owner) the field is zeros: who asked holds the NC. */
    uint8_t header[ZYD_HEADER_SIZE];
    uint8_t vote[ZYD_VOTE_SIZE];
    struct zyd_vote nvote = {.type = ZYD_VOTE_N, .epoch = b->cfg.epoch, .view = block->header.view,
                             .height = block->header.height, .hash = block->hash,
                             .signer = zyd_bft_leader(b, block->header.view), .sig = block->nvote};
    zyd_header_encode(header, &block->header);
    zyd_vote_encode(vote, &nvote);
    struct zyd_wr wr = message(b, ZYD_MSG_PROPOSAL);
    zyd_wx_bytes(&wr, header, sizeof header);
    zyd_wx_u8(&wr, (uint8_t)block->cell_count);
    for (size_t i = 0; i < block->cell_count; i++) {
        zyd_cert_encode(&wr, &b->cells[block->cell_at + i]);
    }
    zyd_wx_bytes(&wr, vote, sizeof vote);
    post(b, &wr, peer, after_seq);
}

size_t zyd_bft_proposal_size(const struct zyd_bft *b, const struct zyd_bft_block *block)
{
    size_t size = 2 + ZYD_HEADER_SIZE + ZYD_VOTE_SIZE;
    for (size_t i = 0; i < block->cell_count; i++) {
        size += zyd_cert_size(&b->cells[block->cell_at + i]);
    }
    return size;
}

void zyd_bft_send_status(struct zyd_bft *b, uint8_t peer)
{
    struct zyd_wr wr = message(b, ZYD_MSG_STATUS);
    zyd_wx_u16(&wr, WIRE_VERSION);
    zyd_wx_u64(&wr, b->cfg.epoch);
    zyd_wx_u64(&wr, b->view);
    zyd_wx_u64(&wr, b->head.view);
    zyd_wx_u64(&wr, b->head.height);
    zyd_wx_hash(&wr, &b->head_hash);
    post(b, &wr, peer, 0);
}

void zyd_bft_send_get(struct zyd_bft *b, uint8_t peer, uint8_t type, uint64_t view)
{
    struct zyd_wr wr = message(b, ZYD_MSG_GET_CERT);
    zyd_wx_u8(&wr, type);
    zyd_wx_u64(&wr, view);
    post(b, &wr, peer, 0);
}

/* ---- in ---- */

static bool read_proposal(struct zyd_bft *b, uint8_t peer, struct zyd_rd *rd)
{
    struct zyd_header header;
    struct zyd_vote nvote;
    struct zyd_span header_bytes = zyd_rx_span(rd, ZYD_HEADER_SIZE);
    size_t count = zyd_rx_u8(rd);
    if (rd->bad || count > ZYD_JUST_MAX || zyd_header_decode(&header, header_bytes) != ZYD_OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        zyd_cert_read(rd, &b->just_in[i]);
        if (rd->bad) {
            return false;
        }
    }
    struct zyd_span vote_bytes = zyd_rx_span(rd, ZYD_VOTE_SIZE);
    if (zyd_rd_done(rd) != ZYD_OK || zyd_vote_decode(&nvote, vote_bytes) != ZYD_OK) {
        return false;
    }
    zyd_bft_on_proposal(b, peer, &header, count, &nvote);
    return true;
}

static bool read_vote(struct zyd_bft *b, uint8_t peer, struct zyd_rd *rd)
{
    struct zyd_vote vote;
    struct zyd_span bytes = zyd_rx_span(rd, ZYD_VOTE_SIZE);
    if (zyd_rd_done(rd) != ZYD_OK || zyd_vote_decode(&vote, bytes) != ZYD_OK) {
        return false;
    }
    /* consensus.md 1.5: a vote that shows a lower view is answered with what brings its signer here; once in D. */
    if (peer < b->n && peer != b->cfg.me && vote.signer == peer && vote.epoch == b->cfg.epoch && vote.view < b->view &&
        vote.type == ZYD_VOTE_X && b->now_ms - b->peers[peer].answered_ms >= b->d_ms && b->has_entry &&
        zyd_bft_afford(b, peer, 2 * zyd_cert_size(&b->entry))) {
        b->peers[peer].answered_ms = b->now_ms;
        zyd_bft_send_cert(b, peer, &b->entry);
        if (b->has_fc_top && vote.view <= b->fc_top.view && b->fc_top.view != b->entry.view) {
            zyd_bft_send_cert(b, peer, &b->fc_top);
        }
    }
    zyd_bft_on_vote(b, &vote, false);
    return true;
}

static bool read_cert(struct zyd_bft *b, uint8_t peer, struct zyd_rd *rd)
{
    struct zyd_cert cert;
    zyd_cert_read(rd, &cert);
    if (zyd_rd_done(rd) != ZYD_OK) {
        return false;
    }
    const struct zyd_cert *known = zyd_bft_cert_at(b, cert.type, cert.view);
    if (cert.view <= b->head.view && !(cert.view == b->head.view && known == NULL)) {
        return true; /* attack 16: below final nothing can change */
    }
    if (known != NULL && zyd_hash_eq(&known->hash, &cert.hash)) {
        return true; /* one per (type, view) */
    }
    if (zyd_bft_cert_valid(b, &cert) != ZYD_OK) {
        return false;
    }
    if (peer < b->n) {
        b->ahead_peer = peer;
    }
    zyd_bft_on_cert(b, &cert, true);
    return true;
}

/* STATUS is advisory (consensus.md 1.7): it is answered with proofs, or asks for them. */
static bool read_status(struct zyd_bft *b, uint8_t peer, struct zyd_rd *rd)
{
    uint16_t version = zyd_rx_u16(rd);
    uint64_t epoch = zyd_rx_u64(rd);
    uint64_t view = zyd_rx_u64(rd);
    uint64_t final_view = zyd_rx_u64(rd);
    uint64_t final_height = zyd_rx_u64(rd);
    struct zyd_hash final_hash;
    zyd_rx_hash(rd, &final_hash);
    if (zyd_rd_done(rd) != ZYD_OK || version != WIRE_VERSION || epoch != b->cfg.epoch) {
        return false;
    }
    if (peer >= b->n || peer == b->cfg.me) {
        return true;
    }
    b->peers[peer].final_height = final_height;
    if (final_view < b->head.view && b->has_head_fc && zyd_bft_afford(b, peer, zyd_cert_size(&b->head_fc))) {
        zyd_bft_send_cert(b, peer, b->fc_top.view > b->head_fc.view ? &b->fc_top : &b->head_fc);
    }
    if (view < b->view && b->has_entry && zyd_bft_afford(b, peer, zyd_cert_size(&b->entry))) {
        zyd_bft_send_cert(b, peer, &b->entry);
    }
    uint64_t known = b->has_fc_top ? b->fc_top.view : b->head.view;
    if (final_view > known) {
        b->ahead_peer = peer;
        zyd_bft_send_get(b, peer, ZYD_VOTE_F, final_view);
    }
    return true;
}

/* consensus.md 1.5: a FETCH is answered with the certificate or, failing that, with the stored own votes of that view.
 * One for a notarization brings the proposal with it, so that a lost header heals here. */
static bool read_get(struct zyd_bft *b, uint8_t peer, struct zyd_rd *rd)
{
    uint8_t type = zyd_rx_u8(rd);
    uint64_t view = zyd_rx_u64(rd);
    if (zyd_rd_done(rd) != ZYD_OK || type < ZYD_VOTE_N || type > ZYD_VOTE_F || peer == ZYD_BFT_OBSERVER) {
        return false;
    }
    const struct zyd_cert *cert = zyd_bft_cert_at(b, type, view);
    if (cert == NULL && type == ZYD_VOTE_N) {
        cert = zyd_bft_cert_at(b, ZYD_VOTE_F, view); /* names the block as well */
    }
    if (cert == NULL && view <= b->head.view && b->has_head_fc) {
        cert = &b->head_fc;
    }
    if (cert != NULL && zyd_bft_afford(b, peer, zyd_cert_size(cert))) {
        zyd_bft_send_cert(b, peer, cert);
    }
    struct zyd_bft_block *block = cert != NULL && type == ZYD_VOTE_N ? zyd_bft_find(b, &cert->hash) : NULL;
    if (block != NULL && zyd_bft_afford(b, peer, zyd_bft_proposal_size(b, block))) {
        zyd_bft_send_proposal(b, peer, block, 0);
    }
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, view);
    for (uint8_t t = ZYD_VOTE_N; cert == NULL && slot != NULL && t <= ZYD_VOTE_F; t++) {
        if (slot->own[t - 1].released && zyd_bft_afford(b, peer, ZYD_VOTE_SIZE + 1)) {
            struct zyd_vote vote;
            zyd_bft_vote_of(b, &vote, &slot->own[t - 1], t, view);
            zyd_bft_send_vote(b, peer, &vote, slot->own[t - 1].after_seq);
        }
    }
    return true;
}

void zyd_bft_on_message(struct zyd_bft *b, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    bool ok = false;
    if (peer < b->n) {
        b->peers[peer].heard_ms = b->now_ms;
        b->peers[peer].down = false;
    }
    switch (zyd_rx_u8(&rd)) {
    case ZYD_MSG_PROPOSAL:
        ok = read_proposal(b, peer, &rd);
        break;
    case ZYD_MSG_VOTE:
        ok = read_vote(b, peer, &rd);
        break;
    case ZYD_MSG_CERT:
        ok = read_cert(b, peer, &rd);
        break;
    case ZYD_MSG_STATUS:
        ok = read_status(b, peer, &rd);
        break;
    case ZYD_MSG_GET_CERT:
        ok = read_get(b, peer, &rd);
        break;
    default:
        break;
    }
    if (!ok) {
        b->dropped++;
    }
}
