/* genesis.c: the records that stand before the first block. */
#include "impl.h"

/* "memb" index u16: role, flags, code, uscc, names.  Canonical MessagePack,
 * so that a light client can show them from a proof. */
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

/* Calendars before the programmes that name them; merged one by one, for a call's journal holds 320 records. */
static enum zyd_status put_registry(struct zyd_host *h)
{
    const struct zyd_genesis *g = h->genesis;
    enum zyd_status status = ZYD_OK;
    for (uint16_t i = 0; i < g->calendar_count && status == ZYD_OK; i++) {
        status = zyd_host_calendar_put(h, i, &g->calendars[i]) == 0 ? zyd_host_merge(h) : ZYD_E_INVALID;
        zyd_host_reset(h);
    }
    for (uint16_t i = 0; i < g->programme_count && status == ZYD_OK; i++) {
        status = zyd_host_programme_add(h, &g->programmes[i]) == 0 ? zyd_host_merge(h) : ZYD_E_INVALID;
        zyd_host_reset(h);
    }
    return h->fault != ZYD_OK ? h->fault : status;
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
    status = status == ZYD_OK ? put_registry(h) : status;
    status = status == ZYD_OK ? post_openings(h) : status;
    zyd_host_reset(h);
    h->block = NULL;
    return status;
}
