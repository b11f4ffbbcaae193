/* mature.c: MATURE, PREPAY, PAID, DEFAULT and recourse: the core firm's debt falls due and ends.
 *
 * Recourse (追索) goes back along the prior holders, the last one first, link by link while each was passed on with recourse:
 * the holder has a claim on the one it got the voucher from, and when that is paid, the payer has one on its own predecessor.
 * Who pays gets 1165.V<n>, the right to what the core firm still owes; who is paid holds 2171.V<n> against its claim on the
 * core firm, and passes a late payment of the core firm on (PASS_ON). So CORE's one obligation stands until it pays. */
#include "voucher.h"

/* The claim on CORE of `amount` comes due; the rest of the face is given up. */
static void fall_due(struct vo *v, int64_t amount, uint16_t why)
{
    struct zyd_voucher *h = &v->t.h;
    char owed[CT_ACCOUNT_SIZE], held[CT_ACCOUNT_SIZE], unearned[CT_ACCOUNT_SIZE];
    account_voucher(owed, "2161", h->number);
    account_voucher(held, h->flags & ZYD_VF_FINANCED ? "1171" : "1161", h->number);
    oblige(v, h->core, owed, h->holder, held, amount, why, h->obligation);
    cc_post(h->core, why, owed, "4011", h->face - amount, NULL);
    cc_post(h->holder, why, "5041", held, h->face - amount, NULL);
    account_voucher(unearned, "2152", h->number);
    cc_post(h->holder, why, unearned, "4011", h->unearned, NULL);
    h->unearned = 0;
    h->owed = amount;
    h->payable = v->call->date;
    h->state = ZYD_VS_MATURED;
    token_store(v->call->object, &v->t);
    /* The clock is a call of its own: where the calendar does not reach so far (9113), the maturity stands all the same. */
    ct_deadline(v->call->object, ZYD_VD_CLOCK, v->call->time_ms);
}

/* MATURE: -> MATURED by SYS at 00:00 of the due date. */
void sys_mature(struct vo *v)
{
    uint8_t state = v->t.h.state;
    if (state == ZYD_VS_ACTIVE || state == ZYD_VS_FINANCED || state == ZYD_VS_PLEDGED) {
        fall_due(v, v->t.h.face, ZYD_VL_MATURITY);
    }
}

/* PREPAY: ACTIVE, FINANCED -> MATURED at once, by CORE and HOLDER, less the discount that they agree on. */
void event_prepay(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    args_open(v, 1);
    not_frozen(v);
    if (h->state != ZYD_VS_FINANCED) {
        must_be_active(v);
    }
    int64_t discount = cc_arg_fen(&v->args, 0);
    ct_rd_end(&v->args);
    if (discount >= h->face) {
        ct_fail(E_SUM);
    }
    cc_sign(&v->signers, h->core);
    cc_sign(&v->signers, h->holder);
    cc_signed_end(&v->signers);
    h->flags |= ZYD_VF_PREPAID;
    deadline_clear(v, ZYD_VD_MATURE);
    fall_due(v, h->face - discount, ZYD_VL_PREPAY);
}

/* Last day of payment in time. */
static int32_t last_day(const struct vo *v)
{
    return ct_workday_add(v->t.h.payable, (uint32_t)param(v, ZYD_VP_DEFAULT_WD));
}

void sys_clock(struct vo *v)
{
    if (v->t.h.state == ZYD_VS_MATURED) {
        cc_deadline_at(v->call->object, ZYD_VD_DEFAULTED, zyd_date_add(last_day(v), 1));
    }
}

/* Who got the voucher from link i. */
static uint16_t receiver(const struct vo *v, uint32_t i)
{
    return i + 1 == v->t.h.link_count ? v->t.h.holder : v->t.l[i + 1].member;
}

/* The next claim back along the chain, if the link allows one. */
static void call_next(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    char right[CT_ACCOUNT_SIZE], held[CT_ACCOUNT_SIZE];
    if (h->called == h->link_count || !v->t.l[h->link_count - h->called - 1].recourse) {
        return;
    }
    uint32_t i = (uint32_t)(h->link_count - h->called - 1);
    account_voucher(right, "1165", h->number);
    account_voucher(held, "2171", h->number);
    oblige(v, v->t.l[i].member, right, receiver(v, i), held, h->owed, ZYD_VL_RECOURSE, NULL);
    h->called++;
}

/* The core firm paid after all: each receiver owes its predecessor what it was, or is to be, paid by it. */
static void pass_on(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    char right[CT_ACCOUNT_SIZE], held[CT_ACCOUNT_SIZE];
    account_voucher(right, "1165", h->number);
    account_voucher(held, "2171", h->number);
    for (uint32_t n = 1; n <= h->called; n++) {
        uint32_t i = h->link_count - n;
        oblige(v, receiver(v, i), held, v->t.l[i].member, right, h->owed, ZYD_VL_PASS_ON, NULL);
    }
}

static void fail_to_pay(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    uint8_t out[12];
    h->state = ZYD_VS_DEFAULTED;
    call_next(v);
    token_store(v->call->object, &v->t);
    ct_warn(E_DEFAULTED);
    out[0] = (uint8_t)(h->core >> 8);
    out[1] = (uint8_t)h->core;
    out[2] = (uint8_t)(h->holder >> 8);
    out[3] = (uint8_t)h->holder;
    for (uint32_t i = 0; i < 8; i++) {
        out[4 + i] = (uint8_t)((uint64_t)h->owed >> (56 - 8 * i));
    }
    ct_emit(ZYD_VOUCHER_EMIT_DEFAULT, out, sizeof out);
}

/* DEFAULT: MATURED -> DEFAULTED by SYS after default_wd. */
void sys_default(struct vo *v)
{
    if (v->t.h.state == ZYD_VS_MATURED) {
        fail_to_pay(v);
    }
}

/* The same by HOLDER: where no clock could be set, for want of a calendar. */
void event_default(struct vo *v)
{
    args_none(v);
    must_be_in(v, ZYD_VS_MATURED);
    if (v->call->date <= last_day(v)) {
        ct_fail(CC_BAD_DATE);
    }
    cc_sign(&v->signers, v->t.h.holder);
    cc_signed_end(&v->signers);
    fail_to_pay(v);
}

/* PAID: MATURED, DEFAULTED -> PAID by SYS when CORE's obligation is settled; a settled recourse calls the next link. */
void sys_settled(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    struct ct_obligation o;
    args_open(v, 1);
    const uint8_t *id = ct_rd_id(&v->args);
    if (ct_obligation_get(&o, id) != 0) {
        ct_fail(CC_BAD_STATE);
    }
    if (o.reason == ZYD_VL_RECOURSE && h->state == ZYD_VS_DEFAULTED) {
        call_next(v);
    } else if (memcmp(id, h->obligation, CT_ID_SIZE) == 0 && (h->state == ZYD_VS_MATURED || h->state == ZYD_VS_DEFAULTED)) {
        if (h->state == ZYD_VS_MATURED) {
            deadline_clear(v, ZYD_VD_DEFAULTED);
        }
        h->state = ZYD_VS_PAID;
        line_release(v);
        pledge_memo_end(v);
        h->pledgee = CT_NO_MEMBER;
        pass_on(v);
    }
    token_store(v->call->object, &v->t);
}
