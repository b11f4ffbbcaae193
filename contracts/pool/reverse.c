/* reverse.c: REVERSE, a correction by mirror image (domain.md 3.0.10): of REPAY, RECOVER, DEMAND_BACK and FUND_CONFIRM, the
 * last of them on its object.  The object becomes again what it was; of the sums that it shares with others, its part is taken
 * back. */
#include "pool.h"

#define LATE (ZYD_PF_REVIEW_LATE | ZYD_PF_DRAW_LATE | ZYD_PF_REFUND_LATE | ZYD_PF_BACK_LATE)

/* What lies over the loan, or others change beside it: it stays as it is now. */
static void keep_beside(struct zyd_pool_loan *to, const struct zyd_pool_loan *now)
{
    memcpy(to->next, now->next, sizeof to->next);
    to->frozen = now->frozen;
    to->frozen_by = now->frozen_by;
    to->draws_open = now->draws_open;
    to->flags = (uint8_t)((to->flags & ~LATE) | (now->flags & LATE));
}

static void loan_hash(uint8_t out[CT_ID_SIZE], const struct zyd_pool_loan *o)
{
    struct zyd_pool_loan image = *o, none;
    memset(&none, 0, sizeof none);
    keep_beside(&image, &none);
    ct_sha256(out, &image, sizeof image);
}

void reversible(struct pl *p, void (*event)(struct pl *p))
{
    struct cc_signed who = {.count = 0, .full = false};
    struct zyd_pool_loan before = p->o.h;
    uint8_t after[CT_ID_SIZE];
    p->signers.noted = &who;
    event(p);
    loan_hash(after, &p->o.h);
    cc_note_store(p->call, &who, after, &before, sizeof before);
}

void reversible_funding(struct pl *p)
{
    struct cc_signed who = {.count = 0, .full = false};
    struct zyd_pool_funding f;
    uint8_t after[CT_ID_SIZE];
    p->signers.noted = &who;
    event_fund_confirm(p);
    ct_get(p->call->contract, p->call->object, CT_ID_SIZE, &f, sizeof f);
    ct_sha256(after, &f, sizeof f);
    cc_note_store(p->call, &who, after, 0, 0);
}

/* The notice was not this pool's money after all: the funding waits again.  9111 when the layer has given it out. */
static void reverse_funding(struct pl *p, struct cc_note *n, struct zyd_pool_funding *f)
{
    uint8_t now[CT_ID_SIZE];
    ct_sha256(now, f, sizeof *f);
    cc_reverse_open(n, p->call, now, false);
    struct zyd_pool_layer *l = &p->layer[f->layer];
    if (l->balance < f->amount) {
        ct_fail(CC_BAD_STATE);
    }
    cc_reverse_signed(n, &p->signers);
    cc_reverse_post(n, p->call, 0, false);
    l->balance -= f->amount;
    l->funded -= f->amount;
    f->state = ZYD_PS_PENDING;
    ct_put(p->call->object, CT_ID_SIZE, f, sizeof *f);
    pool_store(p);
}

/* What the loan adds to the pool's sums. */
static int64_t counted(const struct zyd_pool_loan *o)
{
    return o->flags & ZYD_PF_ENDED ? 0 : o->balance;
}
static int64_t counted_npl(const struct zyd_pool_loan *o)
{
    return o->flags & ZYD_PF_NPL ? o->balance : 0;
}

/* Another pool of the class may have registered the loan since it was repaid. */
static void still_registered(const struct pl *p)
{
    uint8_t key[64], id[CT_ID_SIZE];
    uint32_t size = key_of_bank(key, ZYD_POOL_KEY_LOAN, (uint32_t)param(p, ZYD_PP_CLASS), 1, p->o.h.bank, p->o.h.loan);
    if (ct_get(p->call->contract, key, size, id, sizeof id) != CT_ID_SIZE || memcmp(id, p->call->object, CT_ID_SIZE) != 0) {
        ct_fail(CC_BAD_STATE);
    }
}

static void sums_back(struct pl *p, const struct zyd_pool_loan *was, uint16_t event)
{
    const struct zyd_pool_loan *o = &p->o.h;
    p->pool.balance += counted(was) - counted(o);
    p->pool.npl += counted_npl(was) - counted_npl(o);
    p->pool.pending -= o->refunded + o->clawed - was->refunded - was->clawed;
    if (o->flags & ZYD_PF_ENDED && !(was->flags & ZYD_PF_ENDED)) {
        p->pool.open_claims++;
    }
    if (event == ZYD_PE_REPAY) { /* the memo; its rows are mirrored */
        uint32_t ratio = class_ratio(p, o->loan_class);
        p->pool.memo += cc_ppm(was->balance, ratio, CT_FLOOR) - cc_ppm(o->balance, ratio, CT_FLOOR);
    }
}

static void reverse_loan(struct pl *p, struct cc_note *n)
{
    struct zyd_pool_loan was, now = p->o.h;
    uint8_t hash[CT_ID_SIZE];
    loan_hash(hash, &now);
    cc_reverse_open(n, p->call, hash, false);
    memcpy(&was, n->state, sizeof was);
    int64_t again = was.shortage - now.shortage; /* waits in the queue again */
    int64_t counts = n->h.event == ZYD_PE_DEMAND_BACK ? again + now.clawed - was.clawed : 0;
    if (now.state == ZYD_PS_REPAID) {
        still_registered(p);
    }
    if ((again > 0 && p->pool.round != 0) || !caps_have(p, counts, was.claimed - was.disputed) ||
        counted(&was) - counted(&now) > CC_FEN_MAX - p->pool.balance) {
        ct_fail(CC_BAD_STATE); /* a round of the queue is under way, or the caps were given to others */
    }
    cc_reverse_signed(n, &p->signers);
    cc_reverse_post(n, p->call, 0, false);
    sums_back(p, &was, n->h.event);
    caps_add(p, counts, false);
    shortage_lower(p, -again);
    p->o.h = was;
    keep_beside(&p->o.h, &now);
    if (now.refunds_open != 0 && was.refunds_open == 0) {
        deadline_clear(p, ZYD_PD_REFUND_LATE);
    }
    if (now.backs_open != 0 && was.backs_open == 0) {
        deadline_clear(p, ZYD_PD_BACK_LATE);
    }
    breaker(p, (p->o.h.flags & ZYD_PF_NPL) != 0); /* a sound loan that is owed again lowers the rate */
    if (again > 0) {
        cash_came(p);
    }
    loan_store(p);
    pool_store(p);
}

/* REVERSE: the last event that can be, by its own signers.  Inputs: its op_id, reason code.  9107 when its obligation is in a
 * cycle or settled; then the money is there, and the next report is lower by as much. */
void event_reverse(struct pl *p)
{
    struct cc_note n;
    struct zyd_pool_funding f;
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    if (ct_get(p->call->contract, p->call->object, CT_ID_SIZE, &p->o, sizeof p->o) == (int64_t)sizeof f) {
        memcpy(&f, &p->o, sizeof f);
        if (f.kind != ZYD_POOL_KIND_FUNDING || f.programme != p->call->programme) {
            ct_fail(CC_BAD_STATE);
        }
        reverse_funding(p, &n, &f);
        return;
    }
    loan_load(p);
    reverse_loan(p, &n);
}
