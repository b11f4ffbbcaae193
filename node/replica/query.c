/* Answers about the last final block: a record with its proof, and how the node is doing. */
#include "replica_internal.h"

static enum zyd_status record(struct zyd_replica *r, struct zyd_wr *wr, struct zyd_span bytes)
{
    struct zyd_hash key;
    struct zyd_hash path[64];
    struct zyd_record rec;
    struct zyd_span leaf;
    size_t path_count;
    bool present;
    uint8_t header[ZYD_HEADER_SIZE];
    if (bytes.size != 32) {
        return ZYD_E_MALFORMED;
    }
    memcpy(key.b, bytes.data, 32);
    enum zyd_status status = zyd_state_prove(r->state, &present, &rec, &leaf, path, &path_count, &key);
    if (status != ZYD_OK) {
        return status;
    }
    zyd_header_encode(header, &r->head);
    zyd_wx_bytes(wr, header, sizeof header);
    zyd_wx_u8(wr, present);
    zyd_wx_u64(wr, rec.index);
    zyd_wx_u8(wr, (uint8_t)path_count);
    zyd_wx_bytes(wr, path, 32 * path_count);
    zyd_wx_block(wr, leaf);
    zyd_wx_block(wr, zyd_span(r->head_fin, r->head_fin_size));
    return wr->full ? ZYD_E_FULL : ZYD_OK;
}

void zyd_replica_status(const struct zyd_replica *r, struct zyd_replica_status *out)
{
    memset(out, 0, sizeof *out);
    zyd_bft_status(r->bft, &out->bft);
    out->head = r->head;
    out->head_hash = r->head_hash;
    out->pool_count = zyd_pool_count(r->pool);
    out->pool_bytes = zyd_pool_bytes(r->pool);
    out->ops_final = r->ops_final;
    out->fuel_final = r->fuel_final;
    out->syncing = r->sync.active;
    out->recent_used_ppm = zyd_state_recent_used_ppm(r->state);
    out->checkpoint_height = r->ckpt.last_height;
    uint64_t wall = r->wall_ms > 0 ? (uint64_t)r->wall_ms : 0;
    out->settled_ms = zyd_host_sys_due(r->host, r->state, NULL, wall) ? 0 : wall;
}

enum zyd_status zyd_replica_on_query(struct zyd_replica *r, uint64_t ticket, struct zyd_span bytes)
{
    enum zyd_status status = ZYD_E_MALFORMED;
    struct zyd_span answer = {0};
    if (bytes.size == 1 && bytes.data[0] == ZYD_QUERY_STATUS) {
        struct zyd_replica_status *s = (void *)zyd_replica_bytes(r, sizeof *s);
        if (s == NULL) {
            status = ZYD_E_BUSY;
        } else {
            zyd_replica_status(r, s);
            answer = zyd_span(s, sizeof *s);
            status = ZYD_OK;
        }
    } else if (bytes.size > 0 && bytes.data[0] == ZYD_QUERY_RECORD) {
        struct zyd_wr wr = zyd_replica_wr(r, ZYD_HEADER_SIZE + 64 * 32 + ZYD_LEAF_SIZE_MAX + ZYD_FINALITY_SIZE_MAX + 64);
        status = wr.data == NULL ? ZYD_E_BUSY : record(r, &wr, zyd_span(bytes.data + 1, bytes.size - 1));
        if (status == ZYD_OK) {
            answer = zyd_wr_span(&wr);
        }
        zyd_replica_wr_give_back(r, &wr);
    }
    if (status == ZYD_E_STORE || status == ZYD_E_DAMAGED) {
        zyd_replica_fail(r, status);
    }
    zyd_replica_reply(r, ticket, status, answer);
    return status;
}
