/* reverse.c: REVERSE, a correction by mirror image (domain.md 3.0.10), of SETTLE and FEE_CHANGE; CLAWBACK has REINSTATE.
 * FREEZE and UNFREEZE (3.0.6). */
#include "subsidy.h"

/* Enrolment and loan as a settlement left them, without what an auditor laid over. */
static void pair_hash(uint8_t out[CT_ID_SIZE], const struct su *s)
{
    struct enrolment e = s->e;
    uint8_t pair[2][CT_ID_SIZE];
    e.h.frozen = 0;
    e.h.frozen_by = 0;
    ct_sha256(pair[0], &e, (uint32_t)(sizeof e.h + e.h.payer_count * sizeof e.p[0]));
    ct_sha256(pair[1], &s->l, (uint32_t)(sizeof s->l.h + s->l.h.point_count * sizeof s->l.p[0]));
    ct_sha256(out, pair, sizeof pair);
}

struct before {
    uint8_t bytes[CC_NOTE_SIZE];
    uint32_t size;
};
/* False: it is more than a note takes. */
static bool add(struct before *b, const void *part, uint32_t size)
{
    if (b->size + size > sizeof b->bytes) {
        return false;
    }
    memcpy(b->bytes + b->size, part, size);
    b->size += size;
    return true;
}

void reversible(struct su *s, void (*event)(struct su *s))
{
    struct cc_signed who = {.count = 0, .full = false};
    struct before b;
    uint8_t after[CT_ID_SIZE];
    b.size = 0;
    who.full = !add(&b, &s->e, (uint32_t)(sizeof s->e.h + s->e.h.payer_count * sizeof s->e.p[0])) ||
               !add(&b, &s->l, (uint32_t)(sizeof s->l.h + s->l.h.point_count * sizeof s->l.p[0]));
    s->who.noted = &who;
    event(s);
    pair_hash(after, s);
    cc_note_store(s->call, &who, after, b.bytes, b.size);
}

/* The household knows the enrolment and all days that it will settle again. */
static uint32_t rank_again(const struct house *house, const struct su *s, const struct enrolment *was)
{
    uint32_t rank = house_find(house, s->call->object);
    if (house->h.since > was->h.settled_to) {
        ct_fail(CC_BAD_STATE);
    }
    return rank;
}

/* REVERSE: any -> what it was before the last SETTLE or FEE_CHANGE, by its signers.  Inputs: its op_id, reason code, whether
 * opposite obligations may stand against those that are settled.  A later level's settlement of the period must be reversed
 * first. */
void event_reverse(struct su *s)
{
    struct cc_note n;
    struct enrolment was;
    struct zyd_subsidy_budget b;
    struct house house;
    struct zyd_subsidy_enrolment *e = &s->e.h;
    uint32_t level = (uint32_t)param(s, ZYD_SP_LEVEL), family = (uint32_t)param(s, ZYD_SP_FAMILY);
    uint8_t now[CT_ID_SIZE];
    pair_hash(now, s);
    cc_reverse_open(&n, s->call, now, true);
    uint32_t size = (uint32_t)(sizeof was.h + e->payer_count * sizeof was.p[0]);
    memcpy(&was, n.state, size);
    house_load(&house, s, level, family);
    uint32_t rank = rank_again(&house, s, &was);
    budget_load(&b, s);
    b.reserved += was.h.reserved - e->reserved;
    b.paid += was.h.paid - e->paid;
    b.back += was.h.fee_back - e->fee_back;
    if (budget_left(&b, s) < 0) {
        ct_fail(E_BUDGET); /* given to others meanwhile */
    }
    cc_reverse_signed(&n, &s->who);
    cc_reverse_post(&n, s->call, ZYD_SL_REVERSE, false);
    budget_store(&b, s);
    house.e[rank].settled_to = was.h.settled_to;
    house.e[rank].done = 0;
    house_store(&house, s, level, family);
    if (e->state == ZYD_SS_STOPPED && was.h.state != ZYD_SS_STOPPED) {
        cc_deadline_at(s->call->object, ZYD_SD_STOP, was.h.until);
    }
    was.h.frozen = e->frozen;
    was.h.frozen_by = e->frozen_by;
    memcpy(&s->e, &was, size);
    memcpy(&s->l, n.state + size, n.h.state_size - size);
    loan_store(s, s->e.h.loan);
    enrolment_store(s);
}

static void read_reason(const struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
}

/* FREEZE: by any auditor or supervisor.  Until UNFREEZE members' events but REVERSE are refused (9110; ruling 25). */
void event_freeze(struct su *s)
{
    char code[13];
    read_reason(s);
    if (ct_member(s->call->member, code) != CC_ROLE_AUD) {
        ct_fail(CC_SIGNER_MISSING);
    }
    cc_sign(&s->who, s->call->member);
    cc_signed_end(&s->who);
    s->e.h.frozen = 1;
    s->e.h.frozen_by = s->call->member;
    enrolment_store(s);
}

/* UNFREEZE: by the same authority. */
void event_unfreeze(struct su *s)
{
    read_reason(s);
    if (!s->e.h.frozen) {
        ct_fail(CC_BAD_STATE);
    }
    cc_sign(&s->who, s->e.h.frozen_by);
    cc_signed_end(&s->who);
    s->e.h.frozen = 0;
    s->e.h.frozen_by = 0;
    enrolment_store(s);
}
