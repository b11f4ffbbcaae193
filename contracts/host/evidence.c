/* evidence.c: two contradictory votes by one validator, put on the ledger (consensus.md 1.10, ledger.md 3.8 E1). */
#include "impl.h"

enum rule { NN = 1, FF = 2, NF = 3, XF = 4 };

/* Which rule two votes of one signer, epoch and view break; 0: none. */
static uint8_t contradiction(const struct zyd_vote *a, const struct zyd_vote *b)
{
    bool differ = !zyd_hash_eq(&a->hash, &b->hash);
    if (a->type == b->type) {
        return !differ || a->type == ZYD_VOTE_X ? 0 : a->type == ZYD_VOTE_N ? NN : FF;
    }
    bool x = a->type == ZYD_VOTE_X || b->type == ZYD_VOTE_X;
    bool f = a->type == ZYD_VOTE_F || b->type == ZYD_VOTE_F;
    if (x) {
        return f ? XF : 0; /* N and then X is what a validator does that waited in vain */
    }
    return differ ? NF : 0;
}

static bool read_votes(struct zyd_vote out[2], struct zyd_span args)
{
    struct zyd_rd rd = zyd_rd_of(args);
    zyd_rd_array_of(&rd, 2);
    struct zyd_span a = zyd_rd_bin(&rd, ZYD_VOTE_SIZE);
    struct zyd_span b = zyd_rd_bin(&rd, ZYD_VOTE_SIZE);
    return zyd_rd_done(&rd) == ZYD_OK && zyd_vote_decode(&out[0], a) == ZYD_OK && zyd_vote_decode(&out[1], b) == ZYD_OK;
}

static bool signature_ok(const struct zyd_genesis *g, const struct zyd_vote *v)
{
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    zyd_vote_preimage(preimage, &g->hash, v);
    return zyd_sig_verify(zyd_genesis_validator_pk(g, v->signer), preimage, sizeof preimage, &v->sig);
}

/* "evid" validator u8 epoch u64 view u64 rule u8: a liar who signs a hundred blocks in one view fills one record. */
void zyd_host_evidence(struct zyd_host *h, struct result *r, const struct zyd_op *op)
{
    const struct zyd_genesis *g = h->genesis;
    struct zyd_vote v[2];
    struct zyd_record record;
    struct zyd_hash key;
    uint8_t name[22], value[4 + 2 * ZYD_VOTE_SIZE];
    r->fuel += TARIFF_EVIDENCE + TARIFF_READ + TARIFF_WRITE;
    if (op->has_object || op->programme != 0 || !read_votes(v, op->args) || v[0].signer != v[1].signer ||
        v[0].signer >= g->validator_count || v[0].epoch != 1 || v[1].epoch != 1 || v[0].view != v[1].view ||
        contradiction(&v[0], &v[1]) == 0) {
        r->code = ZYD_CODE_RANGE;
        return;
    }
    if (!signature_ok(g, &v[0]) || !signature_ok(g, &v[1])) {
        r->code = ZYD_CODE_BAD_SIGNATURE;
        return;
    }
    memcpy(name, "evid", 4);
    name[4] = v[0].signer;
    zyd_put64(name + 5, v[0].epoch);
    zyd_put64(name + 13, v[0].view);
    name[21] = contradiction(&v[0], &v[1]);
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, sizeof name);
    if (zyd_host_read(h, &record, &key) != ZYD_E_NOT_FOUND) {
        r->code = ZYD_CODE_DUP_KEY;
        return;
    }
    zyd_put16(value, g->validators[v[0].signer]);
    zyd_put16(value + 2, op->member);
    zyd_vote_encode(value + 4, &v[0]);
    zyd_vote_encode(value + 4 + ZYD_VOTE_SIZE, &v[1]);
    r->code = zyd_host_write(h, &key, ZYD_CONTRACT_HOST, ZYD_REC_EVIDENCE, 0, 1, zyd_span(value, sizeof value));
    r->commit = r->code == 0;
}
