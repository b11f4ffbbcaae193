#include <zyd/ledger.h>

void zyd_header_encode(uint8_t out[ZYD_HEADER_SIZE], const struct zyd_header *h)
{
    struct zyd_wr wr = zyd_wr_of(out, ZYD_HEADER_SIZE);
    zyd_wx_u16(&wr, h->version);
    zyd_wx_u16(&wr, h->flags);
    zyd_wx_hash(&wr, &h->chain_id);
    zyd_wx_u64(&wr, h->epoch);
    zyd_wx_u64(&wr, h->view);
    zyd_wx_u64(&wr, h->height);
    zyd_wx_u64(&wr, h->parent_view);
    zyd_wx_hash(&wr, &h->parent_hash);
    zyd_wx_u64(&wr, h->time_ms);
    zyd_wx_u16(&wr, h->proposer);
    zyd_wx_hash(&wr, &h->body_root);
    zyd_wx_u32(&wr, h->env_count);
    zyd_wx_u32(&wr, h->body_size);
    zyd_wx_u64(&wr, h->log_size);
    zyd_wx_hash(&wr, &h->log_root);
    zyd_wx_u64(&wr, h->state_size);
    zyd_wx_hash(&wr, &h->state_root);
    zyd_wx_u128(&wr, h->debits);
    zyd_wx_u128(&wr, h->credits);
    zyd_wx_u128(&wr, h->open_obligations);
    zyd_wx_hash(&wr, &h->valset_hash);
    zyd_wx_u32(&wr, h->rules_version);
    zyd_wx_hash(&wr, &h->rules_hash);
    zyd_wx_hash(&wr, &h->just_root);
    zyd_assert(!wr.full && wr.size == ZYD_HEADER_SIZE);
}

enum zyd_status zyd_header_decode(struct zyd_header *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    out->version = zyd_rx_u16(&rd);
    out->flags = zyd_rx_u16(&rd);
    zyd_rx_hash(&rd, &out->chain_id);
    out->epoch = zyd_rx_u64(&rd);
    out->view = zyd_rx_u64(&rd);
    out->height = zyd_rx_u64(&rd);
    out->parent_view = zyd_rx_u64(&rd);
    zyd_rx_hash(&rd, &out->parent_hash);
    out->time_ms = zyd_rx_u64(&rd);
    out->proposer = zyd_rx_u16(&rd);
    zyd_rx_hash(&rd, &out->body_root);
    out->env_count = zyd_rx_u32(&rd);
    out->body_size = zyd_rx_u32(&rd);
    out->log_size = zyd_rx_u64(&rd);
    zyd_rx_hash(&rd, &out->log_root);
    out->state_size = zyd_rx_u64(&rd);
    zyd_rx_hash(&rd, &out->state_root);
    out->debits = zyd_rx_u128(&rd);
    out->credits = zyd_rx_u128(&rd);
    out->open_obligations = zyd_rx_u128(&rd);
    zyd_rx_hash(&rd, &out->valset_hash);
    out->rules_version = zyd_rx_u32(&rd);
    zyd_rx_hash(&rd, &out->rules_hash);
    zyd_rx_hash(&rd, &out->just_root);
    if (out->version != ZYD_HEADER_VERSION || out->flags > (ZYD_HEADER_CARRIER | ZYD_HEADER_EPOCH_END) ||
        out->env_count > ZYD_BLOCK_ENVS_MAX || out->body_size > ZYD_BLOCK_BYTES_MAX) {
        return ZYD_E_MALFORMED;
    }
    return zyd_rd_done(&rd);
}

void zyd_header_hash(struct zyd_hash *out, const struct zyd_header *h)
{
    uint8_t bytes[ZYD_HEADER_SIZE];
    zyd_header_encode(bytes, h);
    zyd_hash1(out, "zyd/block/1", bytes, sizeof bytes);
}
