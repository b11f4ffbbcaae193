/* Receipts: their bytes, and what makes one true. */
#include <zyd/ledger.h>

#define RECEIPT_VERSION 1u
#define OUTCOME_SIZE_MAX (256u << 10)
#define PATH_MAX 64u
#define LEAF_SYS_SIZE 37u


/* ---- bytes ---- */

static void write_path(struct zyd_wr *wr, const struct zyd_hash *path, uint32_t count)
{
    zyd_assert(count <= PATH_MAX);
    zyd_wx_u8(wr, (uint8_t)count);
    zyd_wx_bytes(wr, path, (size_t)count * 32u);
}

static uint32_t read_path(struct zyd_rd *rd, struct zyd_hash *path)
{
    uint32_t count = zyd_rx_u8(rd);
    if (count > PATH_MAX) {
        rd->bad = true;
        return 0;
    }
    zyd_rx_copy(rd, path, (size_t)count * 32u);
    return count;
}

void zyd_receipt_encode(struct zyd_wr *wr, const struct zyd_receipt *r)
{
    uint8_t header[ZYD_HEADER_SIZE];
    zyd_wx_u16(wr, RECEIPT_VERSION);
    zyd_wx_block(wr, r->op);
    zyd_wx_u32(wr, r->op_index);
    zyd_wx_u32(wr, r->op_count);
    write_path(wr, r->op_path, r->op_path_count);
    zyd_wx_block(wr, r->outcome);
    zyd_wx_u32(wr, r->outcome_index);
    zyd_wx_u32(wr, r->outcome_count);
    write_path(wr, r->outcome_path, r->outcome_path_count);
    zyd_wx_block(wr, r->leaf);
    zyd_wx_u64(wr, r->log_index);
    write_path(wr, r->log_path, r->log_path_count);
    zyd_header_encode(header, &r->header);
    zyd_wx_bytes(wr, header, sizeof header);
    zyd_finality_encode(wr, &r->finality); /* to the end */
}

enum zyd_status zyd_receipt_decode(struct zyd_receipt *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    uint16_t version = zyd_rx_u16(&rd);
    out->op = zyd_rx_block(&rd, ZYD_OP_PLUGIN_SIZE_MAX);
    out->op_index = zyd_rx_u32(&rd);
    out->op_count = zyd_rx_u32(&rd);
    out->op_path_count = read_path(&rd, out->op_path);
    out->outcome = zyd_rx_block(&rd, OUTCOME_SIZE_MAX);
    out->outcome_index = zyd_rx_u32(&rd);
    out->outcome_count = zyd_rx_u32(&rd);
    out->outcome_path_count = read_path(&rd, out->outcome_path);
    out->leaf = zyd_rx_block(&rd, ZYD_LOG_LEAF_MAX);
    out->log_index = zyd_rx_u64(&rd);
    out->log_path_count = read_path(&rd, out->log_path);
    struct zyd_span header = zyd_rx_span(&rd, ZYD_HEADER_SIZE);
    if (rd.bad || version != RECEIPT_VERSION || zyd_header_decode(&out->header, header) != ZYD_OK) {
        return ZYD_E_MALFORMED;
    }
    return zyd_finality_decode(&out->finality, zyd_span(bytes.data + rd.pos, bytes.size - rd.pos));
}

/* ---- truth ---- */

/* An entry's leaf, taken apart; env holds what its head and signatures say. */
struct entry {
    struct zyd_env env;
    struct zyd_hash outcome_root;
};

static bool leaf_type_fits(uint8_t type, uint8_t class_)
{
    return (class_ == ZYD_ENV_BUSINESS && type == ZYD_LEAF_ENTRY) ||
           (class_ == ZYD_ENV_GOVERNANCE && type == ZYD_LEAF_GOVERNANCE) ||
           (class_ == ZYD_ENV_EVIDENCE && type == ZYD_LEAF_EVIDENCE);
}

static bool read_entry(struct entry *out, struct zyd_span leaf)
{
    struct zyd_rd rd = zyd_rd_of(leaf);
    struct zyd_env *env = &out->env;
    uint8_t type = zyd_rx_u8(&rd);
    uint16_t version = zyd_rx_u16(&rd);
    zyd_rx_hash(&rd, &env->chain_id);
    env->class_ = zyd_rx_u8(&rd);
    env->flags = zyd_rx_u8(&rd);
    env->valid_until_ms = zyd_rx_u64(&rd);
    env->op_count = zyd_rx_u32(&rd);
    zyd_rx_hash(&rd, &env->ops_root);
    env->sig_count = zyd_rx_u8(&rd);
    if (rd.bad || version != 1 || env->sig_count == 0 || env->sig_count > ZYD_ENV_SIGS_MAX ||
        !leaf_type_fits(type, env->class_)) {
        return false;
    }
    for (uint8_t i = 0; i < env->sig_count; i++) {
        env->sigs[i].member = zyd_rx_u16(&rd);
        env->sigs[i].key = zyd_rx_u16(&rd);
        zyd_rx_copy(&rd, env->sigs[i].sig.b, ZYD_SIG_SIZE);
    }
    zyd_rx_hash(&rd, &env->env_hash);
    zyd_rx_hash(&rd, &out->outcome_root);
    (void)zyd_rx_u32(&rd);
    /* What zyd_env_verify looks at: the head, and no operations (theirs is checked by its path). */
    env->bytes = zyd_span(leaf.data + 1, ZYD_ENV_HEAD_SIZE);
    env->ops = zyd_span(NULL, 0);
    return zyd_rd_done(&rd) == ZYD_OK;
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

static enum zyd_status fail(const char **why, const char *text, enum zyd_status st)
{
    *why = text;
    return st;
}

static enum zyd_status check_op(const struct zyd_receipt *r, const char **why, const struct zyd_outcome *o,
                                const struct zyd_env *env)
{
    struct zyd_op op;
    if (zyd_op_decode(&op, r->op) != ZYD_OK) {
        return fail(why, "the operation is not a valid encoding", ZYD_E_MALFORMED);
    }
    if (!zyd_hash_eq(&op.op_id, &o->op_id) || o->due_ms != 0) {
        return fail(why, "the outcome is another operation's", ZYD_E_INVALID);
    }
    if (r->op_count != env->op_count || !zyd_merkle_check_inclusion(&env->ops_root, r->op_count, r->op_index, &op.op_id,
                                                                    r->op_path, r->op_path_count)) {
        return fail(why, "the operation is not in the envelope", ZYD_E_INVALID);
    }
    if (!signed_by(env, op.member)) {
        return fail(why, "the acting member did not sign the envelope", ZYD_E_INVALID);
    }
    return ZYD_OK;
}

static enum zyd_status check_entry(const struct zyd_receipt *r, const char **why, struct zyd_hash *outcome_root,
                                   const struct zyd_outcome *o, const struct zyd_genesis *g,
                                   const struct zyd_sig_ops *sig)
{
    struct entry e;
    if (!read_entry(&e, r->leaf)) {
        return fail(why, "the log entry is not a valid encoding", ZYD_E_MALFORMED);
    }
    enum zyd_status st = zyd_env_verify(&e.env, g, sig);
    if (st != ZYD_OK) {
        return fail(why, "a submitter's signature is wrong", st);
    }
    *outcome_root = e.outcome_root;
    if (r->op.size > 0) {
        return check_op(r, why, o, &e.env);
    }
    if (o->due_ms == 0 || r->op_index != 0 || r->op_count != 0 || r->op_path_count != 0) {
        return fail(why, "the operation is missing", ZYD_E_INVALID);
    }
    return ZYD_OK;
}

static enum zyd_status check_sys(const struct zyd_receipt *r, const char **why, struct zyd_hash *outcome_root,
                                 const struct zyd_outcome *o)
{
    if (r->leaf.size != LEAF_SYS_SIZE) {
        return fail(why, "the log entry is not a valid encoding", ZYD_E_MALFORMED);
    }
    if (r->op.size != 0 || r->op_index != 0 || r->op_count != 0 || r->op_path_count != 0 || o->due_ms == 0 ||
        zyd_get32(r->leaf.data + 1) != r->outcome_count) {
        return fail(why, "the outcome is not of a SYS operation", ZYD_E_INVALID);
    }
    memcpy(outcome_root->b, r->leaf.data + 5, 32);
    return ZYD_OK;
}

enum zyd_status zyd_receipt_check(const struct zyd_receipt *r, const char **why, const struct zyd_genesis *g,
                                  const struct zyd_sig_ops *sig)
{
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[ZYD_CALL_WARNINGS_MAX];
    struct zyd_outcome o;
    struct zyd_hash root, leaf;
    *why = "";
    if (zyd_outcome_decode(&o, postings, events, warnings, r->outcome) != ZYD_OK || r->leaf.size == 0) {
        return fail(why, "the outcome is not a valid encoding", ZYD_E_MALFORMED);
    }
    bool sys = r->leaf.data[0] == ZYD_LEAF_SYS;
    enum zyd_status st = sys ? check_sys(r, why, &root, &o) : check_entry(r, why, &root, &o, g, sig);
    if (st != ZYD_OK) {
        return st;
    }
    zyd_merkle_leaf(&leaf, r->outcome.data, r->outcome.size);
    if (!zyd_merkle_check_inclusion(&root, r->outcome_count, r->outcome_index, &leaf, r->outcome_path,
                                    r->outcome_path_count)) {
        return fail(why, "the outcome is not in the log entry", ZYD_E_INVALID);
    }
    zyd_merkle_leaf(&leaf, r->leaf.data, r->leaf.size);
    if (!zyd_merkle_check_inclusion(&r->header.log_root, r->header.log_size, r->log_index, &leaf, r->log_path,
                                    r->log_path_count)) {
        return fail(why, "the log entry is not in the log of the header", ZYD_E_INVALID);
    }
    st = zyd_finality_check(&r->finality, &r->header, g, sig);
    return st == ZYD_OK ? ZYD_OK : fail(why, "the header is not shown to be final", st);
}
