#include <zyd/ledger.h>

#define HEAD_COUNT_AT 44u /* offset of the operation count in an envelope's head */
#define ENV_VERSION 1u

static const char ENV_TAG[16] = "zyd/env/1";

/* ---- operations ---- */

static bool printable(struct zyd_span s)
{
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < 0x20 || s.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

/* All fields but op_id. */
static enum zyd_status parse_op(struct zyd_op *out, struct zyd_span bytes)
{
    if (bytes.size > ZYD_OP_PLUGIN_SIZE_MAX) {
        return ZYD_E_TOO_BIG;
    }
    struct zyd_rd whole = zyd_rd_of(bytes);
    (void)zyd_rd_skip(&whole); /* depth, items and canonical form of everything, args included */
    if (zyd_rd_done(&whole) != ZYD_OK) {
        return ZYD_E_MALFORMED;
    }
    struct zyd_rd rd = zyd_rd_of(bytes);
    out->bytes = bytes;
    (void)zyd_rd_array_of(&rd, 8);
    out->contract = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
    out->event = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
    out->programme = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
    out->member = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
    out->has_object = !zyd_rd_nil(&rd);
    memset(out->object.b, 0, sizeof out->object.b);
    if (out->has_object) {
        zyd_rd_hash(&rd, &out->object);
    }
    out->expect_seq = zyd_rd_u64(&rd, UINT64_MAX);
    out->client_ref = zyd_rd_str(&rd, 0, ZYD_CLIENT_REF_MAX);
    out->args = zyd_rd_skip(&rd);
    if (zyd_rd_done(&rd) != ZYD_OK || !printable(out->client_ref)) {
        return ZYD_E_MALFORMED;
    }
    bool plugin = out->contract == 0 && out->event == ZYD_OP_PLUGIN;
    if (bytes.size > ZYD_OP_SIZE_MAX && !plugin) {
        return ZYD_E_TOO_BIG;
    }
    uint8_t head = out->args.data[0];
    bool array = (head & 0xf0) == 0x90 || head == 0xdc || head == 0xdd;
    bool names = out->has_object ? out->client_ref.size == 0 : out->expect_seq == 0;
    bool makes = out->has_object || out->contract == 0 || out->client_ref.size > 0;
    return array && names && makes ? ZYD_OK : ZYD_E_MALFORMED;
}

enum zyd_status zyd_op_decode(struct zyd_op *out, struct zyd_span bytes)
{
    enum zyd_status st = parse_op(out, bytes);
    if (st == ZYD_OK) {
        zyd_merkle_leaf(&out->op_id, bytes.data, bytes.size);
    }
    return st;
}

void zyd_op_encode(struct zyd_wr *wr, const struct zyd_op *op)
{
    zyd_wr_array(wr, 8);
    zyd_wr_u64(wr, op->contract);
    zyd_wr_u64(wr, op->event);
    zyd_wr_u64(wr, op->programme);
    zyd_wr_u64(wr, op->member);
    if (op->has_object) {
        zyd_wr_hash(wr, &op->object);
    } else {
        zyd_wr_nil(wr);
    }
    zyd_wr_u64(wr, op->expect_seq);
    zyd_wr_str(wr, (const char *)op->client_ref.data, op->client_ref.size);
    zyd_wx_bytes(wr, op->args.data, op->args.size);
}

void zyd_object_id(struct zyd_hash *out, uint16_t contract, uint16_t programme, uint16_t member,
                   struct zyd_span client_ref)
{
    uint8_t head[6];
    zyd_put16(head, contract);
    zyd_put16(head + 2, programme);
    zyd_put16(head + 4, member);
    zyd_hash2(out, "zyd/obj/1", head, sizeof head, client_ref.data, client_ref.size);
}

void zyd_object_id_made(struct zyd_hash *out, const struct zyd_hash *op_id, uint32_t n)
{
    uint8_t tail[4];
    zyd_put32(tail, n);
    zyd_hash2(out, "zyd/obj/2", op_id->b, sizeof op_id->b, tail, sizeof tail);
}

/* ---- envelopes ---- */

static bool ascending(const struct zyd_env_sig *a, const struct zyd_env_sig *b)
{
    return a->member < b->member || (a->member == b->member && a->key < b->key);
}

static void read_head(struct zyd_rd *rd, struct zyd_env *out)
{
    uint16_t version = zyd_rx_u16(rd);
    zyd_rx_hash(rd, &out->chain_id);
    out->class_ = zyd_rx_u8(rd);
    out->flags = zyd_rx_u8(rd);
    out->valid_until_ms = zyd_rx_u64(rd);
    out->op_count = zyd_rx_u32(rd);
    zyd_rx_hash(rd, &out->ops_root);
    if (version != ENV_VERSION || out->class_ < ZYD_ENV_BUSINESS || out->class_ > ZYD_ENV_EVIDENCE ||
        out->flags > ZYD_ENV_MAY_WAIT || out->op_count == 0) {
        rd->bad = true;
    }
}

static enum zyd_status read_ops(struct zyd_rd *rd, struct zyd_env *out)
{
    struct zyd_frontier tree;
    tree.size = 0;
    size_t start = rd->pos;
    for (uint32_t i = 0; i < out->op_count; i++) {
        struct zyd_op op;
        struct zyd_span bytes = zyd_rx_block(rd, ZYD_OP_PLUGIN_SIZE_MAX);
        if (rd->bad || zyd_op_decode(&op, bytes) != ZYD_OK) {
            return ZYD_E_MALFORMED;
        }
        zyd_frontier_append(&tree, &op.op_id);
    }
    struct zyd_hash root;
    zyd_frontier_root(&root, &tree);
    out->ops = zyd_span(rd->data + start, rd->pos - start);
    return zyd_hash_eq(&root, &out->ops_root) ? ZYD_OK : ZYD_E_MALFORMED;
}

static void read_sigs(struct zyd_rd *rd, struct zyd_env *out)
{
    out->sig_count = zyd_rx_u8(rd);
    if (out->sig_count == 0 || out->sig_count > ZYD_ENV_SIGS_MAX) {
        rd->bad = true;
        return;
    }
    for (uint8_t i = 0; i < out->sig_count; i++) {
        struct zyd_env_sig *s = &out->sigs[i];
        s->member = zyd_rx_u16(rd);
        s->key = zyd_rx_u16(rd);
        zyd_rx_copy(rd, s->sig.b, sizeof s->sig.b);
        if (i > 0 && !ascending(s - 1, s)) {
            rd->bad = true;
        }
    }
}

enum zyd_status zyd_env_decode(struct zyd_env *out, struct zyd_span bytes)
{
    if (bytes.size > ZYD_ENV_SIZE_MAX) {
        return ZYD_E_TOO_BIG;
    }
    struct zyd_rd rd = zyd_rd_of(bytes);
    out->bytes = bytes;
    read_head(&rd, out);
    if (rd.bad) {
        return ZYD_E_MALFORMED;
    }
    if (out->op_count > ZYD_ENV_OPS_MAX) {
        return ZYD_E_TOO_BIG;
    }
    enum zyd_status st = read_ops(&rd, out);
    if (st != ZYD_OK) {
        return st;
    }
    read_sigs(&rd, out);
    if (zyd_rd_done(&rd) != ZYD_OK) {
        return ZYD_E_MALFORMED;
    }
    zyd_hash1(&out->env_id, ENV_TAG, bytes.data, ZYD_ENV_HEAD_SIZE);
    zyd_hash1(&out->env_hash, "zyd/envb/1", bytes.data, bytes.size);
    return ZYD_OK;
}

bool zyd_env_next_op(struct zyd_op *op, const struct zyd_env *env, size_t *pos)
{
    if (*pos >= env->ops.size) {
        return false;
    }
    size_t size = zyd_get32(env->ops.data + *pos);
    enum zyd_status st = zyd_op_decode(op, zyd_span(env->ops.data + *pos + 4, size));
    zyd_assert(st == ZYD_OK);
    *pos += 4 + size;
    return true;
}

static enum zyd_status signer_ok(const struct zyd_env *env, const struct zyd_env_sig *s, const struct zyd_genesis *g)
{
    if (s->member >= g->member_count || s->key >= g->members[s->member].key_count) {
        return ZYD_E_FOREIGN;
    }
    uint8_t purpose = g->members[s->member].keys[s->key].purpose;
    bool officer = purpose == ZYD_KEY_MAKER || purpose == ZYD_KEY_CHECKER;
    bool fits = env->class_ == ZYD_ENV_EVIDENCE ? purpose == ZYD_KEY_NODE : officer;
    return fits ? ZYD_OK : ZYD_E_INVALID;
}

static bool signed_by(const struct zyd_env *env, uint16_t member)
{
    for (uint8_t i = 0; i < env->sig_count; i++) {
        if (env->sigs[i].member == member) {
            return true;
        }
    }
    return false;
}

static enum zyd_status actors_ok(const struct zyd_env *env)
{
    for (size_t pos = 0; pos < env->ops.size;) {
        struct zyd_op op;
        size_t size = zyd_get32(env->ops.data + pos);
        enum zyd_status st = parse_op(&op, zyd_span(env->ops.data + pos + 4, size));
        zyd_assert(st == ZYD_OK);
        if (!signed_by(env, op.member)) {
            return ZYD_E_INVALID;
        }
        pos += 4 + size;
    }
    return ZYD_OK;
}

static void sign_bytes(uint8_t out[16 + ZYD_ENV_HEAD_SIZE], const uint8_t *head)
{
    memcpy(out, ENV_TAG, 16);
    memcpy(out + 16, head, ZYD_ENV_HEAD_SIZE);
}

enum zyd_status zyd_env_verify(const struct zyd_env *env, const struct zyd_genesis *g, const struct zyd_sig_ops *sig)
{
    if (!zyd_hash_eq(&env->chain_id, &g->hash)) {
        return ZYD_E_FOREIGN;
    }
    for (uint8_t i = 0; i < env->sig_count; i++) {
        enum zyd_status st = signer_ok(env, &env->sigs[i], g);
        if (st != ZYD_OK) {
            return st;
        }
    }
    enum zyd_status st = actors_ok(env);
    if (st != ZYD_OK) {
        return st;
    }
    uint8_t msg[16 + ZYD_ENV_HEAD_SIZE];
    sign_bytes(msg, env->bytes.data);
    for (uint8_t i = 0; i < env->sig_count; i++) {
        const struct zyd_env_sig *s = &env->sigs[i];
        if (!sig->verify(sig->ctx, &g->members[s->member].keys[s->key].pk, msg, sizeof msg, &s->sig)) {
            return ZYD_E_BAD_SIG;
        }
    }
    return ZYD_OK;
}

/* ---- building ---- */

void zyd_env_build(struct zyd_wr *wr, const struct zyd_hash *chain_id, uint8_t class_, uint8_t flags,
                   uint64_t valid_until_ms, uint32_t op_count, struct zyd_span ops, struct zyd_hash *leaves)
{
    struct zyd_rd rd = zyd_rd_of(ops);
    for (uint32_t i = 0; i < op_count; i++) {
        struct zyd_span op = zyd_rx_block(&rd, ZYD_OP_PLUGIN_SIZE_MAX);
        zyd_merkle_leaf(&leaves[i], op.data, op.size);
    }
    zyd_assert(zyd_rd_done(&rd) == ZYD_OK);
    struct zyd_hash root;
    zyd_merkle_root(&root, leaves, op_count);
    zyd_wx_u16(wr, ENV_VERSION);
    zyd_wx_hash(wr, chain_id);
    zyd_wx_u8(wr, class_);
    zyd_wx_u8(wr, flags);
    zyd_wx_u64(wr, valid_until_ms);
    zyd_wx_u32(wr, op_count);
    zyd_wx_hash(wr, &root);
    zyd_wx_bytes(wr, ops.data, ops.size);
    zyd_wx_u8(wr, 0);
}

void zyd_env_sign(struct zyd_wr *wr, uint16_t member, uint16_t key, const uint8_t sk[ZYD_SK_SIZE])
{
    if (wr->full) {
        return;
    }
    zyd_assert(wr->size > ZYD_ENV_HEAD_SIZE);
    size_t at = ZYD_ENV_HEAD_SIZE;
    for (uint32_t n = zyd_get32(wr->data + HEAD_COUNT_AT); n > 0; n--) {
        at += 4u + zyd_get32(wr->data + at);
        zyd_assert(at < wr->size);
    }
    zyd_assert(wr->size == at + 1 + (size_t)wr->data[at] * ZYD_ENV_SIG_SIZE);
    uint8_t msg[16 + ZYD_ENV_HEAD_SIZE];
    struct zyd_sig sig;
    sign_bytes(msg, wr->data);
    zyd_sig_sign(&sig, sk, msg, sizeof msg);
    zyd_wx_u16(wr, member);
    zyd_wx_u16(wr, key);
    zyd_wx_bytes(wr, sig.b, sizeof sig.b);
    wr->data[at]++;
}
