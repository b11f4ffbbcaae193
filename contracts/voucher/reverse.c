/* reverse.c: REVERSE, a correction by mirror image (domain.md 3.0.10), of ACCEPT, DISCOUNT, PLEDGE, UNPLEDGE and PREPAY.
 *
 * A spend is not undone: every voucher is spent at most once (I7), so SPLIT and TRANSFER stand.  Whoever got a voucher by
 * mistake transfers it back. */
#include "voucher.h"

/* What the note keeps besides the voucher as it was. */
struct state {
    uint8_t registration[ZYD_VOUCHER_REGISTRATION_MAX]; /* that the event took; zeros: none */
    struct token t;
};

static uint32_t state_size(const struct token *t)
{
    return (uint32_t)(ZYD_VOUCHER_REGISTRATION_MAX + sizeof t->h + t->h.link_count * sizeof t->l[0]);
}

static void token_hash(uint8_t out[CT_ID_SIZE], const struct token *t)
{
    struct token image = *t;
    image.h.flags &= (uint8_t)~ZYD_VF_FROZEN; /* what an auditor lays over it is no change */
    image.h.freezer = 0;
    ct_sha256(out, &image, (uint32_t)(sizeof image.h + image.h.link_count * sizeof image.l[0]));
}

void reversible(struct vo *v, void (*event)(struct vo *v))
{
    struct cc_signed who = {.count = 0, .full = false};
    struct state before;
    uint8_t after[CT_ID_SIZE];
    before.t = v->t;
    v->signers.noted = &who;
    event(v);
    memcpy(before.registration, v->registration, sizeof before.registration);
    token_hash(after, &v->t);
    cc_note_store(v->call, &who, after, &before, state_size(&before.t));
}

static void deadlines(const struct vo *v, uint16_t event)
{
    const struct zyd_voucher *h = &v->t.h;
    if (event == ZYD_VE_PREPAY) {
        deadline_clear(v, ZYD_VD_CLOCK);
        deadline_clear(v, ZYD_VD_DEFAULTED);
        cc_deadline_at(v->call->object, ZYD_VD_MATURE, h->due);
    } else if (event == ZYD_VE_ACCEPT) { /* an offer whose days are over ends at once */
        deadline_clear(v, ZYD_VD_MATURE);
        cc_deadline_at(v->call->object, ZYD_VD_OFFER_END, zyd_date_add(h->offered_until, 1));
    }
}

/* REVERSE: the last event, by its own signers.  Inputs: its op_id, reason code.  9107 when what PREPAY made is in a cycle or
 * paid. */
void event_reverse(struct vo *v)
{
    struct cc_note n;
    struct state was;
    struct zyd_voucher now = v->t.h;
    uint8_t hash[CT_ID_SIZE];
    token_hash(hash, &v->t);
    cc_reverse_open(&n, v->call, hash, false);
    cc_reverse_signed(&n, &v->signers);
    cc_reverse_post(&n, v->call, 0, false);
    memcpy(&was, n.state, n.h.state_size);
    registration_free(was.registration);
    memcpy(&v->t, &was.t, n.h.state_size - ZYD_VOUCHER_REGISTRATION_MAX);
    v->t.h.flags = (uint8_t)((v->t.h.flags & ~ZYD_VF_FROZEN) | (now.flags & ZYD_VF_FROZEN));
    v->t.h.freezer = now.freezer;
    token_store(v->call->object, &v->t);
    deadlines(v, n.h.event);
}
