/* genesis.c: the records that stand before the first block. */
#include "impl.h"

/* "memb" index u16: role, flags, code, uscc, names; "prog" id u16: contract, class, dual, calendar, days, code, parameters.
 * Canonical MessagePack, so that a light client can show them from a proof. */
static enum zyd_status put_member(struct zyd_host *h, uint16_t index)
{
    const struct zyd_member *m = &h->genesis->members[index];
    uint8_t name[6];
    struct zyd_hash key;
    struct zyd_wr wr = zyd_wr_of(h->scratch, sizeof h->scratch);
    zyd_wr_array(&wr, 6);
    zyd_wr_u64(&wr, m->role);
    zyd_wr_u64(&wr, m->flags);
    zyd_wr_str(&wr, (const char *)m->code.data, m->code.size);
    zyd_wr_str(&wr, (const char *)m->uscc.data, m->uscc.size);
    zyd_wr_str(&wr, (const char *)m->name_zh.data, m->name_zh.size);
    zyd_wr_str(&wr, (const char *)m->name_en.data, m->name_en.size);
    zyd_assert(!wr.full);
    memcpy(name, "memb", 4);
    zyd_put16(name + 4, index);
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, sizeof name);
    return zyd_overlay_put(h->block->overlay, &key, ZYD_CONTRACT_HOST, ZYD_REC_MEMBER, 0, 1, zyd_wr_span(&wr), 0);
}

static enum zyd_status put_programme(struct zyd_host *h, const struct zyd_programme *p)
{
    uint8_t name[6];
    struct zyd_hash key;
    struct zyd_wr wr = zyd_wr_of(h->scratch, sizeof h->scratch);
    zyd_wr_array(&wr, p->settlement == 0 ? 7 : 8);
    zyd_wr_u64(&wr, p->contract);
    zyd_wr_u64(&wr, p->class_);
    zyd_wr_u64(&wr, p->dual);
    zyd_wr_u64(&wr, p->calendar);
    zyd_wr_u64(&wr, p->pending_days);
    zyd_wr_str(&wr, (const char *)p->code.data, p->code.size);
    zyd_wr_bin(&wr, p->params.data, p->params.size);
    if (p->settlement != 0) {
        zyd_wr_u64(&wr, p->settlement);
    }
    if (wr.full) {
        return ZYD_E_INVALID; /* parameters of at most 3,500 bytes fit */
    }
    memcpy(name, "prog", 4);
    zyd_put16(name + 4, p->id);
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, sizeof name);
    return zyd_overlay_put(h->block->overlay, &key, ZYD_CONTRACT_HOST, ZYD_REC_PROGRAMME, 0, 1, zyd_wr_span(&wr), 0);
}

static enum zyd_status post_openings(struct zyd_host *h)
{
    const struct zyd_genesis *g = h->genesis;
    if (g->opening_count != 0 && (g->flags & ZYD_GENESIS_DEVELOPMENT) == 0) {
        return ZYD_E_INVALID;
    }
    for (uint16_t i = 0; i < g->opening_count; i++) {
        const struct zyd_opening *o = &g->openings[i];
        h->block->op_number = i;
        if (zyd_host_post(h, o->member, o->programme, ZYD_LABEL_OPENING, o->dr, o->cr, o->amount.fen, NULL) != 0) {
            return h->fault != ZYD_OK ? h->fault : ZYD_E_INVALID;
        }
    }
    return zyd_host_merge(h);
}

enum zyd_status zyd_host_genesis(struct zyd_host *h, struct zyd_overlay *o, struct zyd_totals *totals)
{
    struct zyd_host_block block = {.overlay = o, .time_ms = h->genesis->created_ms, .totals = totals};
    enum zyd_status status = ZYD_OK;
    memset(totals, 0, sizeof *totals);
    zyd_host_reset(h);
    h->fault = ZYD_OK;
    h->block = &block;
    for (uint16_t i = 0; i < h->genesis->member_count && status == ZYD_OK; i++) {
        status = put_member(h, i);
    }
    for (uint16_t i = 0; i < h->genesis->programme_count && status == ZYD_OK; i++) {
        status = put_programme(h, &h->genesis->programmes[i]);
    }
    status = status == ZYD_OK ? post_openings(h) : status;
    zyd_host_reset(h);
    h->block = NULL;
    return status;
}
