/* I10 and I11: what has ended stays so; each number, reference and envelope is taken once. */
#include "impl.h"
#include <zyd/cycle.h>
#include <zyd/guarantee.h>
#include <zyd/pool.h>
#include <zyd/subsidy.h>
#include <zyd/voucher.h>

static bool is_reverse(uint16_t contract, uint16_t event)
{
    return (contract == P_GUARANTEE && event == ZYD_GE_REVERSE) || (contract == P_POOL && event == ZYD_PE_REVERSE) ||
           (contract == P_SUBSIDY && event == ZYD_SE_REVERSE) || (contract == P_VOUCHER && event == ZYD_VE_REVERSE);
}

/* Events of members that may follow an end: overlays, corrections, and what the tables name. */
static bool may_follow(uint16_t contract, uint8_t ended, uint16_t event)
{
    switch (contract) {
    case P_GUARANTEE:
        return event == ZYD_GE_REVERSE || event == ZYD_GE_UNFREEZE ||
               (ended == ZYD_GS_WRITTEN_OFF && (event == ZYD_GE_RECOVER || event == ZYD_GE_FREEZE));
    case P_POOL: /* 3.2: DEMAND_BACK from any state; RECOVER goes on after a CLAWED_BACK */
        return event == ZYD_PE_REVERSE || event == ZYD_PE_FREEZE || event == ZYD_PE_UNFREEZE ||
               (ended == ZYD_PS_CLOSED && event == ZYD_PE_DEMAND_BACK);
    case P_SUBSIDY:
        return event > ZYD_SE_PROGRAMME; /* overlays and corrections */
    case P_VOUCHER:
        return event >= ZYD_VE_FREEZE;
    default:
        return false;
    }
}

static uint8_t end_of(const struct object *o, struct zyd_span r)
{
    if (r.size < 3) {
        return 0;
    }
    uint8_t kind = r.data[0], state = r.data[1];
    switch (o->contract) {
    case P_GUARANTEE:
        return kind == ZYD_GUARANTEE_KIND_CONTRACT && (state == ZYD_GS_RELEASED || state >= ZYD_GS_WRITTEN_OFF) ? state : 0;
    case P_POOL:
        return kind == ZYD_POOL_KIND_LOAN && (state == ZYD_PS_CLOSED || state == ZYD_PS_REPAID) ? state : 0;
    case P_SUBSIDY:
        return kind == ZYD_SUBSIDY_KIND_ENROLMENT && state == ZYD_SS_CLOSED ? state : 0;
    case P_VOUCHER:
        return kind == ZYD_VOUCHER_KIND_VOUCHER && (state == ZYD_VS_PAID || state == ZYD_VS_CANCELLED) ? state
                                                                                                       : 0; /* SPENT: I7 */
    case P_CYCLE:
        return kind == ZYD_CYCLE_KIND_CYCLE && state == ZYD_CS_CLOSED ? state : 0;
    default:
        return 0;
    }
}

/* Ends that the event itself says, before its record is read. */
static uint8_t end_by(const struct event *e)
{
    static const struct {
        uint16_t contract, event;
        uint8_t state;
    } ends[] = {{P_GUARANTEE, ZYD_GE_REJECT, ZYD_GS_REJECTED},  {P_GUARANTEE, ZYD_GE_CANCEL, ZYD_GS_CANCELLED},
                {P_GUARANTEE, ZYD_GE_RELEASE, ZYD_GS_RELEASED}, {P_POOL, ZYD_PE_CLOSE, ZYD_PS_CLOSED},
                {P_SUBSIDY, ZYD_SE_CLOSE, ZYD_SS_CLOSED},       {P_VOUCHER, ZYD_VE_CANCEL, ZYD_VS_CANCELLED}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i].contract == e->contract && ends[i].event == e->number) {
            return ends[i].state;
        }
    }
    return 0;
}

static bool in_order(struct zyd_inv *v, const struct event *e)
{
    struct object *o = e->object;
    v->counts.checks[11]++;
    if (e->makes && o->seq != 0) {
        return fault_at(v, 11, e->member, &o->id, e->at, "one client_ref makes two objects");
    }
    if (o->seq != 0 && e->o->seq != o->seq + 1) {
        return fault_at(v, 11, e->member, &o->id, e->at, "sequence number %llu follows %llu", (unsigned long long)e->o->seq,
                        (unsigned long long)o->seq);
    }
    o->seq = e->o->seq;
    return true;
}

static bool settle_once(struct zyd_inv *v, const struct zyd_hash *obligation, const struct event *e)
{
    bool fresh;
    (void)table_make(&v->obligations, obligation, &fresh);
    v->counts.checks[11]++;
    return fresh || fault_at(v, 11, e->member, obligation, e->at, "the obligation is settled twice");
}

static bool settlements(struct zyd_inv *v, const struct event *e)
{
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        const struct zyd_posting *p = &e->o->postings[i];
        bool settles = p->label == ZYD_LABEL_SETTLED || p->label == ZYD_LABEL_NETTED;
        if (settles && begins(p->dr, "2141.") && !settle_once(v, &p->obligation, e)) {
            return false;
        }
    }
    return true;
}

bool life_event(struct zyd_inv *v, const struct event *e)
{
    if (!settlements(v, e)) {
        return false;
    }
    struct object *o = e->object;
    if (o == NULL) {
        return true;
    }
    v->counts.checks[10]++;
    if (o->ended != 0 && (e->sys ? e->o->posting_count > 0 : !may_follow(o->contract, o->ended, e->number))) {
        return fault_at(v, 10, e->member, &o->id, e->at, "event %u of contract %u after its end in state %u", e->number,
                        o->contract, o->ended);
    }
    if (!e->sys) {
        uint8_t end = end_by(e);
        bool undone = is_reverse(o->contract, e->number); /* its record says where it stands now */
        o->ended = undone ? 0 : end != 0 ? end : o->ended;
        return in_order(v, e);
    }
    return true;
}

void life_record(struct object *o, struct zyd_span value)
{
    o->ended = end_of(o, value);
}

bool zyd_inv_envelope(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_hash *env_id, uint64_t height,
                      uint64_t log_index)
{
    bool fresh;
    (void)table_make(&v->envelopes, env_id, &fresh);
    v->counts.checks[11]++;
    if (!fresh) {
        (void)fault_at(v, 11, NOBODY, env_id, (struct place){height, log_index}, "the envelope is booked twice");
    }
    *fault = v->fault;
    return fault->invariant == 0;
}
