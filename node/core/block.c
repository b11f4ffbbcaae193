#include <zyd/ledger.h>

/* ---- log entries ---- */

void zyd_leaf_seal(struct zyd_hash *out, const struct zyd_header *prev_data, const struct zyd_hash *just_root)
{
    uint8_t data[1 + ZYD_HEADER_SIZE + 32];
    data[0] = ZYD_LEAF_SEAL;
    zyd_header_encode(data + 1, prev_data);
    memcpy(data + 1 + ZYD_HEADER_SIZE, just_root->b, 32);
    zyd_merkle_leaf(out, data, sizeof data);
}

void zyd_leaf_sys(struct zyd_hash *out, uint32_t count, const struct zyd_hash *outcome_root)
{
    uint8_t data[37];
    data[0] = ZYD_LEAF_SYS;
    zyd_put32(data + 1, count);
    memcpy(data + 5, outcome_root->b, 32);
    zyd_merkle_leaf(out, data, sizeof data);
}

static uint8_t leaf_type(uint8_t env_class)
{
    switch ((enum zyd_env_class)env_class) {
    case ZYD_ENV_GOVERNANCE:
        return ZYD_LEAF_GOVERNANCE;
    case ZYD_ENV_EVIDENCE:
        return ZYD_LEAF_EVIDENCE;
    case ZYD_ENV_BUSINESS:
        break;
    }
    return ZYD_LEAF_ENTRY;
}

void zyd_leaf_entry_data(struct zyd_wr *wr, const struct zyd_env *env, const struct zyd_hash *outcome_root,
                         uint32_t ok_count)
{
    size_t sigs = 1u + (size_t)env->sig_count * ZYD_ENV_SIG_SIZE;
    zyd_wx_u8(wr, leaf_type(env->class_));
    zyd_wx_bytes(wr, env->bytes.data, ZYD_ENV_HEAD_SIZE);
    zyd_wx_bytes(wr, env->bytes.data + env->bytes.size - sigs, sigs);
    zyd_wx_hash(wr, &env->env_hash);
    zyd_wx_hash(wr, outcome_root);
    zyd_wx_u32(wr, ok_count);
}

/* ---- frontier ---- */

static size_t node_count(uint64_t size)
{
    size_t n = 0;
    for (; size != 0; size &= size - 1) {
        n++;
    }
    return n;
}

void zyd_frontier_encode(struct zyd_wr *wr, const struct zyd_frontier *f)
{
    zyd_wx_u64(wr, f->size);
    zyd_wx_bytes(wr, f->nodes, node_count(f->size) * 32u);
}

enum zyd_status zyd_frontier_decode(struct zyd_frontier *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    out->size = zyd_rx_u64(&rd);
    zyd_rx_copy(&rd, out->nodes, node_count(out->size) * 32u);
    return zyd_rd_done(&rd);
}

/* ---- a stored or exported block ---- */

void zyd_block_encode(struct zyd_wr *wr, const struct zyd_block_view *b)
{
    zyd_wx_block(wr, b->header_bytes);
    zyd_wx_block(wr, b->just);
    zyd_wx_block(wr, b->nc);
    zyd_wx_block(wr, b->carriers);
    zyd_wx_block(wr, b->frontier);
    zyd_wx_block(wr, b->envelopes);
    zyd_wx_block(wr, b->sys);
    zyd_wx_block(wr, b->outcomes);
    zyd_wx_block(wr, b->writes);
}

/* Is s a row of u32 length + bytes?  Counts them and their bytes. */
static bool rows_ok(struct zyd_span s, uint32_t *count, uint64_t *bytes)
{
    struct zyd_rd rd = zyd_rd_of(s);
    *count = 0;
    *bytes = 0;
    while (!rd.bad && rd.pos < rd.size) {
        *bytes += zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX).size;
        ++*count;
    }
    return zyd_rd_done(&rd) == ZYD_OK;
}

static bool carriers_ok(struct zyd_span s)
{
    struct zyd_rd rd = zyd_rd_of(s);
    uint32_t count = 0;
    while (!rd.bad && rd.pos < rd.size && count++ < ZYD_JUST_MAX) {
        (void)zyd_rx_span(&rd, ZYD_HEADER_SIZE);
        (void)zyd_rx_block(&rd, 1u + ZYD_JUST_MAX * ZYD_CERT_SIZE_MAX);
    }
    return zyd_rd_done(&rd) == ZYD_OK;
}

static bool writes_ok(struct zyd_span s)
{
    struct zyd_rd rd = zyd_rd_of(s);
    while (!rd.bad && rd.pos < rd.size) {
        (void)zyd_rx_u64(&rd);
        (void)zyd_rx_block(&rd, UINT16_MAX);
    }
    return zyd_rd_done(&rd) == ZYD_OK;
}

enum zyd_status zyd_block_decode(struct zyd_block_view *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    out->header_bytes = zyd_rx_block(&rd, ZYD_HEADER_SIZE);
    out->just = zyd_rx_block(&rd, 1u + ZYD_JUST_MAX * ZYD_CERT_SIZE_MAX);
    out->nc = zyd_rx_block(&rd, ZYD_CERT_SIZE_MAX);
    out->carriers = zyd_rx_block(&rd, UINT32_MAX);
    out->frontier = zyd_rx_block(&rd, 8u + 64u * 32u);
    out->envelopes = zyd_rx_block(&rd, ZYD_BLOCK_BYTES_MAX + 4u * ZYD_BLOCK_ENVS_MAX);
    out->sys = zyd_rx_block(&rd, UINT32_MAX);
    out->outcomes = zyd_rx_block(&rd, UINT32_MAX);
    out->writes = zyd_rx_block(&rd, UINT32_MAX);
    if (zyd_rd_done(&rd) != ZYD_OK) {
        return ZYD_E_MALFORMED;
    }
    enum zyd_status st = zyd_header_decode(&out->header, out->header_bytes);
    struct zyd_frontier f;
    if (st != ZYD_OK || zyd_frontier_decode(&f, out->frontier) != ZYD_OK) {
        return ZYD_E_MALFORMED;
    }
    uint32_t envs, sys, outcomes;
    uint64_t env_bytes, unused;
    if (!rows_ok(out->envelopes, &envs, &env_bytes) || envs != out->header.env_count ||
        env_bytes != out->header.body_size || !rows_ok(out->sys, &sys, &unused) ||
        !rows_ok(out->outcomes, &outcomes, &unused) || !carriers_ok(out->carriers) || !writes_ok(out->writes)) {
        return ZYD_E_MALFORMED;
    }
    return ZYD_OK;
}
