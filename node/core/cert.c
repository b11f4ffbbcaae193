#include <zyd/ledger.h>

uint32_t zyd_quorum_f(uint32_t n)
{
    return n == 0 ? 0 : (n - 1) / 3;
}

uint32_t zyd_quorum_q(uint32_t n)
{
    return (n + zyd_quorum_f(n)) / 2 + 1;
}

void zyd_vote_preimage(uint8_t out[ZYD_VOTE_PREIMAGE_SIZE], const struct zyd_hash *chain_id, const struct zyd_vote *v)
{
    static const char tag[16] = "zyd/vote/1";
    memcpy(out, tag, 16);
    memcpy(out + 16, chain_id->b, 32);
    zyd_put64(out + 48, v->epoch);
    out[56] = v->type;
    zyd_put64(out + 57, v->view);
    zyd_put64(out + 65, v->height);
    memcpy(out + 73, v->hash.b, 32);
}

void zyd_vote_encode(uint8_t out[ZYD_VOTE_SIZE], const struct zyd_vote *v)
{
    out[0] = v->type;
    zyd_put64(out + 1, v->epoch);
    zyd_put64(out + 9, v->view);
    zyd_put64(out + 17, v->height);
    memcpy(out + 25, v->hash.b, 32);
    out[57] = v->signer;
    memcpy(out + 58, v->sig.b, 64);
}

/* An X vote is for no block: its height and hash must be zeros, so that it has one encoding. */
static bool target_ok(uint8_t type, uint64_t height, const struct zyd_hash *hash)
{
    return type >= ZYD_VOTE_N && type <= ZYD_VOTE_F &&
           (type != ZYD_VOTE_X || (height == 0 && zyd_hash_is_zero(hash)));
}

enum zyd_status zyd_vote_decode(struct zyd_vote *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    out->type = zyd_rx_u8(&rd);
    out->epoch = zyd_rx_u64(&rd);
    out->view = zyd_rx_u64(&rd);
    out->height = zyd_rx_u64(&rd);
    zyd_rx_hash(&rd, &out->hash);
    out->signer = zyd_rx_u8(&rd);
    zyd_rx_copy(&rd, out->sig.b, sizeof out->sig.b);
    if (!target_ok(out->type, out->height, &out->hash) || out->signer >= ZYD_VALIDATORS_MAX) {
        return ZYD_E_MALFORMED;
    }
    return zyd_rd_done(&rd);
}

static uint32_t signers(uint64_t bitmap)
{
    uint32_t n = 0;
    for (; bitmap != 0; bitmap &= bitmap - 1) {
        n++;
    }
    return n;
}

size_t zyd_cert_size(const struct zyd_cert *c)
{
    return 65u + (size_t)signers(c->bitmap) * ZYD_SIG_SIZE;
}

void zyd_cert_encode(struct zyd_wr *wr, const struct zyd_cert *c)
{
    uint32_t n = signers(c->bitmap);
    zyd_assert(n <= ZYD_VALIDATORS_MAX);
    zyd_wx_u8(wr, c->type);
    zyd_wx_u64(wr, c->epoch);
    zyd_wx_u64(wr, c->view);
    zyd_wx_u64(wr, c->height);
    zyd_wx_hash(wr, &c->hash);
    zyd_wx_u64(wr, c->bitmap);
    for (uint32_t i = 0; i < n; i++) {
        zyd_wx_bytes(wr, c->sigs[i].b, ZYD_SIG_SIZE);
    }
}

void zyd_cert_read(struct zyd_rd *rd, struct zyd_cert *out)
{
    out->type = zyd_rx_u8(rd);
    out->epoch = zyd_rx_u64(rd);
    out->view = zyd_rx_u64(rd);
    out->height = zyd_rx_u64(rd);
    zyd_rx_hash(rd, &out->hash);
    out->bitmap = zyd_rx_u64(rd);
    if (out->bitmap >> ZYD_VALIDATORS_MAX != 0 || !target_ok(out->type, out->height, &out->hash)) {
        rd->bad = true;
    }
    uint32_t n = rd->bad ? 0 : signers(out->bitmap);
    for (uint32_t i = 0; i < n; i++) {
        zyd_rx_copy(rd, out->sigs[i].b, ZYD_SIG_SIZE);
    }
}

enum zyd_status zyd_cert_check(const struct zyd_cert *c, const struct zyd_hash *chain_id, uint64_t epoch,
                               const struct zyd_pk *pks, uint32_t n, const struct zyd_sig_ops *sig)
{
    if (c->epoch != epoch) {
        return ZYD_E_FOREIGN;
    }
    if (n == 0 || n > ZYD_VALIDATORS_MAX || c->bitmap >> n != 0 || signers(c->bitmap) < zyd_quorum_q(n) ||
        !target_ok(c->type, c->height, &c->hash)) {
        return ZYD_E_INVALID;
    }
    struct zyd_vote v = {.type = c->type, .epoch = c->epoch, .view = c->view, .height = c->height, .hash = c->hash};
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    zyd_vote_preimage(preimage, chain_id, &v);
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        if ((c->bitmap >> i & 1) != 0 && !sig->verify(sig->ctx, &pks[i], preimage, sizeof preimage, &c->sigs[at++])) {
            return ZYD_E_BAD_SIG;
        }
    }
    return ZYD_OK;
}

void zyd_just_root(struct zyd_hash *out, const struct zyd_cert *certs, size_t count)
{
    struct zyd_frontier f;
    f.size = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t buf[ZYD_CERT_SIZE_MAX];
        struct zyd_wr wr = zyd_wr_of(buf, sizeof buf);
        struct zyd_hash leaf;
        zyd_cert_encode(&wr, &certs[i]);
        zyd_assert(!wr.full);
        zyd_merkle_leaf(&leaf, buf, wr.size);
        zyd_frontier_append(&f, &leaf);
    }
    zyd_frontier_root(out, &f);
}

void zyd_just_encode(struct zyd_wr *wr, const struct zyd_cert *certs, size_t count)
{
    zyd_assert(count <= ZYD_JUST_MAX);
    zyd_wx_u8(wr, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        zyd_cert_encode(wr, &certs[i]);
    }
}

enum zyd_status zyd_just_decode(struct zyd_cert *certs, size_t *count, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    size_t n = zyd_rx_u8(&rd);
    if (n > ZYD_JUST_MAX) {
        return ZYD_E_MALFORMED;
    }
    for (size_t i = 0; i < n && !rd.bad; i++) {
        zyd_cert_read(&rd, &certs[i]);
    }
    *count = n;
    return zyd_rd_done(&rd);
}

void zyd_finality_encode(struct zyd_wr *wr, const struct zyd_finality *f)
{
    zyd_assert(f->headers.size == (size_t)f->header_count * ZYD_HEADER_SIZE);
    zyd_cert_encode(wr, &f->fc);
    zyd_wx_u32(wr, f->header_count);
    zyd_wx_bytes(wr, f->headers.data, f->headers.size);
}

enum zyd_status zyd_finality_decode(struct zyd_finality *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    zyd_cert_read(&rd, &out->fc);
    out->header_count = zyd_rx_u32(&rd);
    if (out->header_count > ZYD_FINALITY_HEADERS_MAX || out->fc.type != ZYD_VOTE_F) {
        return ZYD_E_MALFORMED;
    }
    out->headers = zyd_rx_span(&rd, (size_t)out->header_count * ZYD_HEADER_SIZE);
    return zyd_rd_done(&rd);
}

enum zyd_status zyd_finality_check(const struct zyd_finality *f, const struct zyd_header *h,
                                   const struct zyd_genesis *g, const struct zyd_sig_ops *sig)
{
    struct zyd_header at = *h;
    struct zyd_hash hash;
    zyd_header_hash(&hash, &at);
    for (uint32_t i = 0; i < f->header_count; i++) {
        struct zyd_header next;
        enum zyd_status st =
            zyd_header_decode(&next, zyd_span(f->headers.data + (size_t)i * ZYD_HEADER_SIZE, ZYD_HEADER_SIZE));
        if (st != ZYD_OK) {
            return st;
        }
        if (!zyd_hash_eq(&next.parent_hash, &hash) || next.view <= at.view || next.parent_view != at.view) {
            return ZYD_E_INVALID;
        }
        at = next;
        zyd_header_hash(&hash, &at);
    }
    if (!zyd_hash_eq(&at.chain_id, &g->hash) || !zyd_hash_eq(&at.valset_hash, &g->valset_hash) ||
        !zyd_hash_eq(&h->chain_id, &g->hash)) {
        return ZYD_E_FOREIGN;
    }
    if (f->fc.type != ZYD_VOTE_F || !zyd_hash_eq(&f->fc.hash, &hash) || f->fc.view != at.view ||
        f->fc.height != at.height || f->fc.epoch != at.epoch) {
        return ZYD_E_INVALID;
    }
    struct zyd_pk pks[ZYD_VALIDATORS_MAX];
    for (uint8_t i = 0; i < g->validator_count; i++) {
        pks[i] = *zyd_genesis_validator_pk(g, i);
    }
    return zyd_cert_check(&f->fc, &g->hash, ZYD_EPOCH_FIRST, pks, g->validator_count, sig);
}
