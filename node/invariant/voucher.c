/* I4 and I7 of product (d): children make up their parent; a voucher is spent once;
 * the core firm owes exactly the live ones. */
#include "impl.h"
#include <zyd/voucher.h>

static bool child(struct zyd_inv *v, const struct event *e, uint16_t index, int64_t face)
{
    struct zyd_hash id;
    child_id(&id, ZYD_VOUCHER_CHILD_TAG, &e->object->id, index);
    struct object *c = object_of(v, &id, P_VOUCHER, e->at);
    if (c->is.v.made) {
        return fault_at(v, 7, e->member, &c->id, e->at, "a child voucher is made twice");
    }
    c->programme = e->programme;
    c->seq = 1;
    c->is.v = (struct voucher){.face = face, .made = true};
    return true;
}

static bool spend(struct zyd_inv *v, const struct event *e)
{
    struct zyd_rd rd = zyd_rd_of(e->args);
    struct voucher *t = &e->object->is.v;
    int64_t sum = 0, posted = 0, face = t->face;
    uint32_t count = 1;
    zyd_rd_array(&rd, 3);
    if (e->number == ZYD_VE_SPLIT) {
        count = zyd_rd_array(&rd, ZYD_VOUCHER_CHILDREN_MAX);
        for (uint16_t i = 0; i < count; i++) {
            int64_t part = zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX);
            sum += part;
            if (!child(v, e, i, part)) {
                return false;
            }
        }
    } else {
        sum = face;
        if (!child(v, e, 0, face)) {
            return false;
        }
    }
    t->spent = true;
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        posted += e->o->postings[i].amount.fen; /* both sides: the holder's or holders', and the core's */
    }
    v->counts.checks[4]++;
    if (sum != face) {
        return fault_at(v, 7, e->member, &e->object->id, e->at, "children of %lld fen in all, the parent's face is %lld",
                        (long long)sum, (long long)face);
    }
    return posted == 2 * face ||
           fault_at(v, 4, e->member, &e->object->id, e->at, "%lld fen are carried over, twice the face is %lld",
                    (long long)posted, (long long)(2 * face));
}

bool voucher_event(struct zyd_inv *v, const struct event *e)
{
    struct voucher *t = &e->object->is.v;
    v->counts.checks[7]++;
    if (e->sys) {
        return !t->spent || e->o->posting_count == 0 ||
               fault_at(v, 7, NOBODY, &e->object->id, e->at, "a spent voucher still moves money");
    }
    if (e->number == ZYD_VE_ISSUE) {
        struct zyd_rd rd = zyd_rd_of(e->args);
        zyd_rd_array(&rd, 8);
        zyd_rd_skip(&rd); /* supplier */
        *t = (struct voucher){.face = zyd_rd_i64(&rd, 0, ZYD_MONEY_MAX), .made = true};
        return true;
    }
    if (t->spent && e->number < ZYD_VE_FREEZE) {
        return fault_at(v, 7, e->member, &e->object->id, e->at, "event %u on a voucher that is spent", e->number);
    }
    if (!t->made || (e->number != ZYD_VE_SPLIT && e->number != ZYD_VE_TRANSFER)) {
        return true;
    }
    return spend(v, e);
}

bool voucher_record(struct zyd_inv *v, struct object *o, struct zyd_span value)
{
    struct zyd_voucher r;
    char code[24];
    if (value.size < sizeof r || value.data[0] != ZYD_VOUCHER_KIND_VOUCHER || !o->is.v.made) {
        return true;
    }
    memcpy(&r, value.data, sizeof r);
    v->counts.checks[7]++;
    if (r.face != o->is.v.face || (r.state == ZYD_VS_SPENT) != o->is.v.spent) {
        return fault_at(v, 7, r.holder, &o->id, o->last, "its record says face %lld, state %u; its events face %lld, %s",
                        (long long)r.face, r.state, (long long)o->is.v.face, o->is.v.spent ? "spent" : "not spent");
    }
    if (r.state == ZYD_VS_SPENT && r.child_count == 1) {
        return true; /* its number lives on in the payee's */
    }
    bool live = r.state == ZYD_VS_ACTIVE || r.state == ZYD_VS_FINANCED || r.state == ZYD_VS_PLEDGED;
    snprintf(code, sizeof code, "2161.V%u", r.number);
    zyd_i128 owed = -balance_of(v, r.core, r.programme, code);
    return owed == (live ? r.face : 0) ||
           fault_at(v, 7, r.core, &o->id, o->last, "%s is %lld fen, the voucher's face %lld, state %u", code, (long long)owed,
                    (long long)r.face, r.state);
}
