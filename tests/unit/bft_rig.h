/* One machine under test and the keys of all its colleagues: forges any message, feeds it, looks at the outputs. */
#ifndef TESTS_UNIT_BFT_RIG_H
#define TESTS_UNIT_BFT_RIG_H

#include <sodium.h>
#include <stdlib.h>
#include <zyd/bft.h>

struct rig {
    struct zyd_bft_config config;
    uint8_t sk[ZYD_VALIDATORS_MAX][ZYD_SK_SIZE];
    void *mem;
    struct zyd_bft *b;
    struct zyd_bft_outs outs;
    int64_t now;
    uint8_t message[ZYD_BFT_MSG_MAX];
};

static bool rig_verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}
static void rig_sign(void *ctx, struct zyd_sig *sig, const void *msg, size_t size)
{
    const struct rig *r = ctx;
    zyd_sig_sign(sig, r->sk[r->config.me], msg, size);
}

static inline void rig_init(struct rig *r, uint8_t n, uint8_t me)
{
    memset(r, 0, sizeof *r);
    r->config = (struct zyd_bft_config){.epoch = 1, .n = n, .me = me, .rules_version = 1, .pace_ms = 5, .delta_ms = 100,
                                        .delta_max_ms = 3000, .precision_ms = 500, .msgdelay_ms = 2000, .seed = 1};
    r->config.sig = (struct zyd_sig_ops){.ctx = r, .verify = rig_verify, .sign = rig_sign};
    memset(r->config.chain_id.b, 0xc1, 32);
    struct zyd_header *g = &r->config.genesis;
    g->version = ZYD_HEADER_VERSION;
    g->chain_id = r->config.chain_id;
    g->rules_version = 1;
    for (uint8_t i = 0; i < n; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        crypto_sign_seed_keypair(r->config.pks[i].b, r->sk[i], seed);
    }
    r->mem = malloc(zyd_bft_footprint());
    r->b = zyd_bft_init(r->mem, &r->config);
    r->now = 10000;
}

static inline void rig_free(struct rig *r)
{
    free(r->mem);
}

static inline void rig_feed(struct rig *r, struct zyd_bft_in in)
{
    in.now_ms = in.wall_ms = r->now;
    zyd_bft_step(r->b, &r->outs, &in);
    zyd_bft_check(r->b);
}
static inline void rig_start(struct rig *r)
{
    rig_feed(r, (struct zyd_bft_in){.kind = ZYD_BFT_IN_START});
}
static inline void rig_tick(struct rig *r, int64_t passes)
{
    r->now += passes;
    rig_feed(r, (struct zyd_bft_in){.kind = ZYD_BFT_IN_TICK});
}
static inline void rig_pool(struct rig *r, bool nonempty)
{
    rig_feed(r, (struct zyd_bft_in){.kind = ZYD_BFT_IN_POOL, .pool_nonempty = nonempty});
}
static inline void rig_bytes(struct rig *r, uint8_t peer, const void *bytes, size_t size)
{
    rig_feed(r, (struct zyd_bft_in){.kind = ZYD_BFT_IN_MESSAGE, .peer = peer, .bytes = zyd_span(bytes, size)});
}

/* ---- looking ---- */

static inline const struct zyd_bft_out *rig_out(const struct rig *r, enum zyd_bft_out_kind kind)
{
    for (size_t i = 0; i < r->outs.count; i++) {
        if (r->outs.items[i].kind == kind) {
            return &r->outs.items[i];
        }
    }
    return NULL;
}
static inline size_t rig_count(const struct rig *r, enum zyd_bft_out_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < r->outs.count; i++) {
        count += r->outs.items[i].kind == kind;
    }
    return count;
}
/* The vote that this step sends, of a type; NULL. */
static inline const struct zyd_bft_out *rig_sent(const struct rig *r, uint8_t message, uint8_t type)
{
    for (size_t i = 0; i < r->outs.count; i++) {
        const struct zyd_bft_out *out = &r->outs.items[i];
        if (out->kind == ZYD_BFT_OUT_SEND && out->bytes.data[0] == message &&
            (message == ZYD_MSG_PROPOSAL || message == ZYD_MSG_STATUS || out->bytes.data[1] == type)) {
            return out;
        }
    }
    return NULL;
}
static inline struct zyd_bft_status rig_status(const struct rig *r)
{
    struct zyd_bft_status status;
    zyd_bft_status(r->b, &status);
    return status;
}
/* SYNCED up to the latest number given out. */
static inline void rig_sync(struct rig *r)
{
    uint64_t seq = zyd_bft_take_seq(r->b);
    rig_feed(r, (struct zyd_bft_in){.kind = ZYD_BFT_IN_SYNCED, .seq = seq});
}
static inline void rig_verified(struct rig *r, const struct zyd_hash *hash, bool ok)
{
    rig_feed(r, (struct zyd_bft_in){.kind = ZYD_BFT_IN_VERIFIED, .hash = *hash, .ok = ok});
}

/* ---- forging ---- */

static inline struct zyd_vote rig_vote(const struct rig *r, uint8_t signer, uint8_t type, uint64_t view,
                                       const struct zyd_header *h)
{
    struct zyd_vote v = {.type = type, .epoch = r->config.epoch, .view = view, .signer = signer};
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    if (h != NULL) {
        v.height = h->height;
        zyd_header_hash(&v.hash, h);
    }
    zyd_vote_preimage(preimage, &r->config.chain_id, &v);
    zyd_sig_sign(&v.sig, r->sk[signer], preimage, sizeof preimage);
    return v;
}
static inline void rig_send_vote(struct rig *r, const struct zyd_vote *v)
{
    uint8_t bytes[1 + ZYD_VOTE_SIZE] = {ZYD_MSG_VOTE};
    zyd_vote_encode(bytes + 1, v);
    rig_bytes(r, v->signer, bytes, sizeof bytes);
}
static inline void rig_votes(struct rig *r, uint64_t signers, uint8_t type, uint64_t view, const struct zyd_header *h)
{
    for (uint8_t i = 0; i < r->config.n; i++) {
        if ((signers >> i & 1) != 0) {
            struct zyd_vote v = rig_vote(r, i, type, view, h);
            rig_send_vote(r, &v);
        }
    }
}
static inline struct zyd_cert rig_cert(const struct rig *r, uint64_t signers, uint8_t type, uint64_t view,
                                       const struct zyd_header *h)
{
    struct zyd_cert c;
    size_t count = 0;
    memset(&c, 0, sizeof c);
    c.type = type;
    c.epoch = r->config.epoch;
    c.view = view;
    c.bitmap = signers;
    for (uint8_t i = 0; i < r->config.n; i++) {
        if ((signers >> i & 1) != 0) {
            struct zyd_vote v = rig_vote(r, i, type, view, h);
            c.height = v.height;
            c.hash = v.hash;
            c.sigs[count++] = v.sig;
        }
    }
    return c;
}
static inline void rig_send_cert(struct rig *r, const struct zyd_cert *c)
{
    struct zyd_wr wr = zyd_wr_of(r->message, sizeof r->message);
    zyd_wx_u8(&wr, ZYD_MSG_CERT);
    zyd_cert_encode(&wr, c);
    rig_bytes(r, 1, r->message, wr.size);
}
/* A DATA header on parent; just_root is filled by rig_proposal. */
static inline struct zyd_header rig_header(const struct rig *r, uint64_t view, const struct zyd_header *parent)
{
    struct zyd_header h = *parent;
    h.flags = 0;
    h.epoch = r->config.epoch;
    h.view = view;
    h.height = parent->height + 1;
    h.parent_view = parent->view;
    zyd_header_hash(&h.parent_hash, parent);
    h.time_ms = (uint64_t)r->now - 100 + view;
    struct zyd_hash lead;
    uint8_t epoch[8];
    zyd_put64(epoch, r->config.epoch);
    zyd_hash2(&lead, "zyd/leader/1", r->config.chain_id.b, 32, epoch, 8);
    h.proposer = (uint16_t)((zyd_get64(lead.b) % r->config.n + view) % r->config.n);
    h.state_root.b[0]++;
    return h;
}
static inline struct zyd_header rig_carrier(const struct rig *r, uint64_t view, const struct zyd_header *parent)
{
    struct zyd_header h = rig_header(r, view, parent);
    h.flags = ZYD_HEADER_CARRIER;
    h.height = parent->height;
    h.state_root = parent->state_root;
    h.env_count = h.body_size = 0;
    zyd_merkle_root(&h.body_root, NULL, 0);
    return h;
}
/* Encodes into r->message; fills just_root unless keep_root.  Returns the size. */
static inline size_t rig_proposal(struct rig *r, struct zyd_header *h, const struct zyd_cert *just, size_t count,
                                  uint8_t signer, bool keep_root)
{
    uint8_t header[ZYD_HEADER_SIZE], vote[ZYD_VOTE_SIZE];
    if (!keep_root) {
        zyd_just_root(&h->just_root, just, count);
    }
    struct zyd_vote v = rig_vote(r, signer, ZYD_VOTE_N, h->view, h);
    zyd_header_encode(header, h);
    zyd_vote_encode(vote, &v);
    struct zyd_wr wr = zyd_wr_of(r->message, sizeof r->message);
    zyd_wx_u8(&wr, ZYD_MSG_PROPOSAL);
    zyd_wx_bytes(&wr, header, sizeof header);
    zyd_wx_u8(&wr, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        zyd_cert_encode(&wr, &just[i]);
    }
    zyd_wx_bytes(&wr, vote, sizeof vote);
    return wr.size;
}
static inline void rig_propose(struct rig *r, struct zyd_header *h, const struct zyd_cert *just, size_t count)
{
    size_t size = rig_proposal(r, h, just, count, (uint8_t)h->proposer, false);
    rig_bytes(r, (uint8_t)h->proposer, r->message, size);
}
static inline struct zyd_hash rig_hash(const struct zyd_header *h)
{
    struct zyd_hash hash;
    zyd_header_hash(&hash, h);
    return hash;
}

#endif
