/* I5 of product (e): net positions add up to nothing, and after a settlement nothing stands in 2199. */
#include "impl.h"
#include <zyd/cycle.h>

static bool positions(struct zyd_inv *v, const struct object *o, const struct zyd_cycle *c,
                      const struct zyd_inv_source *records)
{
    uint8_t name[33];
    struct zyd_hash key;
    struct zyd_record r;
    zyd_i128 net = 0;
    name[0] = 'M';
    memcpy(name + 1, o->id.b, 32);
    zyd_record_key(&key, P_CYCLE, zyd_span(name, sizeof name));
    if (!records->get(records->ctx, &r, &key)) {
        return true;
    }
    for (size_t at = 0; at + sizeof(struct zyd_cycle_member) <= r.value.size; at += sizeof(struct zyd_cycle_member)) {
        struct zyd_cycle_member m;
        memcpy(&m, r.value.data + at, sizeof m);
        net += (zyd_i128)m.in - m.out;
    }
    v->counts.checks[5]++;
    return net == 0 || fault_at(v, 5, NOBODY, &o->id, o->last, "net positions of cycle %llu sum to %lld fen",
                                (unsigned long long)c->number, (long long)net);
}

bool cycle_record(struct zyd_inv *v, struct object *o, struct zyd_span value, const struct zyd_inv_source *records)
{
    struct zyd_cycle c;
    if (value.size < sizeof c || value.data[0] != ZYD_CYCLE_KIND_CYCLE) {
        return true;
    }
    memcpy(&c, value.data, sizeof c);
    bool busy = c.state == ZYD_CS_SETTLING && c.work != ZYD_CW_NONE;
    v->busy += (busy ? 1u : 0u) - (o->is.c.busy ? 1u : 0u);
    o->is.c.busy = busy;
    /* while a slice computes, its rows are half done */
    return c.work != ZYD_CW_NONE || positions(v, o, &c, records);
}

bool cycle_block(struct zyd_inv *v, uint64_t height)
{
    struct place at = {height, v->settled_at.log_index};
    if (v->busy != 0) {
        return true;
    }
    for (uint16_t m = 0; m < v->g->member_count; m++) {
        v->counts.checks[5]++;
        if (v->clearing[m] != 0) {
            return fault_at(v, 5, m, NULL, at, "2199 is %lld fen after the settlement, not 0", (long long)v->clearing[m]);
        }
    }
    return true;
}
