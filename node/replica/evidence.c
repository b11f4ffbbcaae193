/* Two contradictory votes become an envelope of class 3, signed by our node key (consensus.md 1.9). */
#include "replica_internal.h"

#define EVIDENCE_VALID_MS 300000u

static bool seen(struct zyd_replica *r, const struct zyd_vote votes[2])
{
    uint8_t what[1 + 8 + 8 + 2] = {votes[0].signer};
    struct zyd_hash h;
    zyd_put64(what + 1, votes[0].epoch);
    zyd_put64(what + 9, votes[0].view);
    what[17] = votes[0].type < votes[1].type ? votes[0].type : votes[1].type;
    what[18] = votes[0].type < votes[1].type ? votes[1].type : votes[0].type;
    zyd_sha256(&h, what, sizeof what);
    for (size_t i = 0; i < EVIDENCE_SEEN_MAX; i++) {
        if (zyd_hash_eq(&r->evidence_seen[i], &h)) {
            return true;
        }
    }
    r->evidence_seen[r->evidence_next++ % EVIDENCE_SEEN_MAX] = h;
    return false;
}

static bool node_key(const struct zyd_replica *r, uint16_t *key)
{
    const struct zyd_member *m = &r->g->members[r->cfg.me_member];
    for (uint16_t i = 0; i < m->key_count; i++) {
        if (m->keys[i].purpose == ZYD_KEY_NODE) {
            *key = i;
            return true;
        }
    }
    return false;
}

/* The signature that zyd_env_sign would add, made through sig_ops: the key itself is not ours to hold. */
static void sign(struct zyd_replica *r, struct zyd_wr *wr, uint16_t key)
{
    uint8_t preimage[16 + ZYD_ENV_HEAD_SIZE] = "zyd/env/1";
    struct zyd_sig sig;
    memcpy(preimage + 16, wr->data, ZYD_ENV_HEAD_SIZE);
    r->cfg.sig.sign(r->cfg.sig.ctx, &sig, preimage, sizeof preimage);
    wr->data[wr->size - 1] = 1;
    zyd_wx_u16(wr, r->cfg.me_member);
    zyd_wx_u16(wr, key);
    zyd_wx_bytes(wr, sig.b, sizeof sig.b);
}

void zyd_replica_on_evidence(struct zyd_replica *r, const struct zyd_vote votes[2])
{
    uint8_t bytes[1024];
    uint8_t args[2 * (ZYD_VOTE_SIZE + 2) + 1];
    uint8_t op_bytes[512];
    uint8_t vote[ZYD_VOTE_SIZE];
    struct zyd_hash leaf;
    struct zyd_hash id;
    uint16_t key;
    if (r->cfg.me_member >= r->g->member_count || !node_key(r, &key) || seen(r, votes)) {
        return;
    }
    struct zyd_wr aw = zyd_wr_of(args, sizeof args);
    zyd_wr_array(&aw, 2);
    for (size_t i = 0; i < 2; i++) {
        zyd_vote_encode(vote, &votes[i]);
        zyd_wr_bin(&aw, vote, sizeof vote);
    }
    struct zyd_op op = {.contract = ZYD_CONTRACT_HOST, .event = ZYD_HOST_EVIDENCE, .member = r->cfg.me_member,
                        .args = zyd_wr_span(&aw)};
    struct zyd_wr ow = zyd_wr_of(op_bytes + 4, sizeof op_bytes - 4);
    zyd_op_encode(&ow, &op);
    zyd_put32(op_bytes, (uint32_t)ow.size);
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_env_build(&wr, &r->g->hash, ZYD_ENV_EVIDENCE, 0, (uint64_t)r->wall_ms + EVIDENCE_VALID_MS, 1,
                  zyd_span(op_bytes, ow.size + 4), &leaf);
    sign(r, &wr, key);
    zyd_assert(!wr.full && !ow.full && !aw.full);
    (void)zyd_replica_on_envelope(r, 0, true, true, zyd_wr_span(&wr), &id);
}
