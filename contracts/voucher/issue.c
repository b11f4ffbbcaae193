/* issue.c: LINE, ISSUE, ACCEPT, CANCEL and the end of an offer: the core firm's debt comes into being. */
#include "voucher.h"

/* LINE: a bank signs how much a core firm may have issued and unpaid.  A line that is used stays with its bank unless that
 * bank lets go of it. */
void event_line(struct vo *v)
{
    struct zyd_voucher_line line, before = {.bank = CT_NO_MEMBER};
    args_open(v, 3);
    line.core = arg_member(v);
    line.bank = v->call->member;
    line.limit = cc_arg_fen(&v->args, 0);
    line.until = cc_arg_date(&v->args);
    ct_rd_end(&v->args);
    if (line.core == line.bank) {
        ct_fail(E_SELF);
    }
    if (role_of(line.bank) != ROLE_BANK) {
        ct_fail(CC_SIGNER_MISSING);
    }
    line.used = line_load(&before, v, line.core) ? before.used : 0;
    cc_sign(&v->signers, line.bank);
    if (line.used > 0 && before.bank != line.bank) {
        cc_sign(&v->signers, before.bank);
    }
    cc_signed_end(&v->signers);
    const struct zyd_voucher_minute minute = {.kind = ZYD_VOUCHER_KIND_MINUTE, .programme = v->call->programme,
                                              .core = line.core, .bank = line.bank, .date = v->call->date,
                                              .until = line.until, .limit = line.limit};
    line_store(v, &line);
    ct_put(v->call->object, CT_ID_SIZE, &minute, sizeof minute);
}

/* date plus n calendar months; where that month has no such day, its last day. */
static int32_t add_months(int32_t date, uint32_t n)
{
    int32_t month = date / 10000 * 12 + date / 100 % 100 - 1 + (int32_t)n;
    int32_t first = month / 12 * 10000 + (month % 12 + 1) * 100, day = date % 100;
    while (!zyd_date_valid(first + day)) {
        day--;
    }
    return first + day;
}

/* The invoices that a voucher stands on, in one ISSUE. */
struct basket {
    uint32_t count;
    struct zyd_voucher_use use[ZYD_VOUCHER_INVOICES_MAX];
    struct zyd_voucher_invoice invoice[ZYD_VOUCHER_INVOICES_MAX];
};

static void invoice_key(uint8_t key[1 + CT_ID_SIZE], uint8_t kind, const uint8_t id[CT_ID_SIZE])
{
    key[0] = kind;
    memcpy(key + 1, id, CT_ID_SIZE);
}

/* Takes what is still missing of the face from the i-th invoice.  4003 where it is used up, or was registered with another
 * amount or between other parties. */
static void basket_take(struct basket *b, const struct vo *v, uint32_t i, uint16_t supplier, int64_t amount, int64_t missing)
{
    struct zyd_voucher_invoice *in = &b->invoice[i];
    uint8_t key[1 + CT_ID_SIZE];
    invoice_key(key, ZYD_VOUCHER_KEY_INVOICE, b->use[i].invoice);
    if (ct_get(v->call->contract, key, sizeof key, in, sizeof *in) < 0) {
        *in = (struct zyd_voucher_invoice){.core = v->call->member, .seller = supplier, .amount = amount, .left = amount};
    }
    if (in->left == 0 || in->amount != amount || in->core != v->call->member || in->seller != supplier) {
        ct_fail(E_INVOICE_USED);
    }
    if (missing == 0) {
        ct_fail(CC_RANGE); /* those before it suffice: it would be bound for nothing */
    }
    b->use[i].taken = cc_min(in->left, missing);
    in->left -= b->use[i].taken;
}

/* Reads the list; takes the face from the invoices in their order.  4003 also where what is left of them does not reach it. */
static void basket_fill(struct basket *b, struct vo *v, uint16_t supplier, int64_t face)
{
    b->count = ct_rd_array(&v->args);
    if (b->count == 0 || b->count > ZYD_VOUCHER_INVOICES_MAX) {
        ct_fail(CC_RANGE);
    }
    for (uint32_t i = 0; i < b->count; i++) {
        if (ct_rd_array(&v->args) != 2) {
            ct_fail(CC_RANGE);
        }
        memcpy(b->use[i].invoice, ct_rd_id(&v->args), CT_ID_SIZE);
        if (i > 0 && memcmp(b->use[i - 1].invoice, b->use[i].invoice, CT_ID_SIZE) >= 0) {
            ct_fail(CC_RANGE); /* ascending: none twice */
        }
        basket_take(b, v, i, supplier, cc_arg_fen(&v->args, 1), face);
        face -= b->use[i].taken;
    }
    if (face > 0) {
        ct_fail(E_INVOICE_USED);
    }
}

static void basket_store(const struct basket *b, const struct vo *v)
{
    uint8_t key[1 + CT_ID_SIZE];
    for (uint32_t i = 0; i < b->count; i++) {
        invoice_key(key, ZYD_VOUCHER_KEY_INVOICE, b->use[i].invoice);
        ct_put(key, sizeof key, &b->invoice[i], sizeof b->invoice[i]);
    }
    invoice_key(key, ZYD_VOUCHER_KEY_USE, v->call->object);
    ct_put(key, sizeof key, b->use, (uint32_t)(b->count * sizeof b->use[0]));
}

/* ISSUE: -> OFFERED by CORE; above reason_months by the line's bank too, whose reason it is [S42]. */
void event_issue(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    struct zyd_voucher_line line;
    struct basket basket;
    int32_t today = v->call->date;
    args_open(v, 5);
    h->core = v->call->member;
    h->holder = arg_member(v);
    h->face = cc_arg_fen(&v->args, 1);
    h->due = cc_arg_date(&v->args);
    bool reason = !ct_rd_nil(&v->args);
    if (reason) {
        ct_rd_id(&v->args);
    }
    if (h->due <= today) {
        ct_fail(CC_BAD_DATE);
    }
    if (h->due > add_months(today, (uint32_t)param(v, ZYD_VP_TERM_MONTHS)) ||
        (!reason && h->due > add_months(today, (uint32_t)param(v, ZYD_VP_REASON_MONTHS)))) {
        ct_fail(E_TERM);
    }
    basket_fill(&basket, v, h->holder, h->face);
    ct_rd_end(&v->args);
    if (h->holder == h->core) {
        ct_fail(E_SELF);
    }
    if (!line_load(&line, v, h->core) || today > line.until || h->face > line.limit - line.used) {
        ct_fail(E_LINE);
    }
    cc_sign(&v->signers, h->core);
    if (reason) {
        cc_sign(&v->signers, line.bank);
    }
    cc_signed_end(&v->signers);

    line.used += h->face;
    line_store(v, &line);
    basket_store(&basket, v);
    h->kind = ZYD_VOUCHER_KIND_VOUCHER;
    h->state = ZYD_VS_OFFERED;
    h->programme = v->call->programme;
    h->line_bank = line.bank;
    h->pledgee = CT_NO_MEMBER;
    h->freezer = CT_NO_MEMBER;
    h->number = serial_take(v, 1);
    h->issued = today;
    h->offered_until = zyd_date_add(today, (int32_t)param(v, ZYD_VP_OFFER_DAYS));
    if (h->offered_until >= h->due) {
        h->offered_until = zyd_date_add(h->due, -1); /* nothing is accepted on the day it is to be paid */
    }
    token_store(v->call->object, &v->t);
    cc_deadline_at(v->call->object, ZYD_VD_OFFER_END, zyd_date_add(h->offered_until, 1));
}

/* ACCEPT: OFFERED -> ACTIVE by SUPPLIER, while the offer stands (its end comes first, as SYS). */
void event_accept(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    char dr[CT_ACCOUNT_SIZE], cr[CT_ACCOUNT_SIZE];
    args_none(v);
    must_be_in(v, ZYD_VS_OFFERED);
    cc_sign(&v->signers, h->holder);
    cc_signed_end(&v->signers);
    cc_account(dr, "2001", h->holder);
    account_voucher(cr, "2161", h->number);
    cc_post(h->core, ZYD_VL_ISSUE, dr, cr, h->face, NULL);
    account_voucher(dr, "1161", h->number);
    cc_account(cr, "1122", h->core);
    cc_post(h->holder, ZYD_VL_ISSUE, dr, cr, h->face, NULL);
    h->state = ZYD_VS_ACTIVE;
    token_store(v->call->object, &v->t);
    deadline_clear(v, ZYD_VD_OFFER_END);
    cc_deadline_at(v->call->object, ZYD_VD_MATURE, h->due);
}

/* What the offer took of its invoices and of the line is free again. */
static void cancel(struct vo *v)
{
    struct zyd_voucher_use use[ZYD_VOUCHER_INVOICES_MAX];
    struct zyd_voucher_invoice in;
    uint8_t key[1 + CT_ID_SIZE];
    invoice_key(key, ZYD_VOUCHER_KEY_USE, v->call->object);
    int64_t size = ct_get(v->call->contract, key, sizeof key, use, sizeof use);
    for (uint32_t i = 0; i < (uint32_t)(size / (int64_t)sizeof use[0]); i++) {
        invoice_key(key, ZYD_VOUCHER_KEY_INVOICE, use[i].invoice);
        if (ct_get(v->call->contract, key, sizeof key, &in, sizeof in) != (int64_t)sizeof in) {
            ct_fail(CC_BAD_STATE); /* never: ISSUE wrote it */
        }
        in.left += use[i].taken;
        ct_put(key, sizeof key, &in, sizeof in);
    }
    line_release(v);
    v->t.h.state = ZYD_VS_CANCELLED;
    token_store(v->call->object, &v->t);
}

/* CANCEL: OFFERED -> CANCELLED by CORE. */
void event_cancel(struct vo *v)
{
    args_none(v);
    must_be_in(v, ZYD_VS_OFFERED);
    cc_sign(&v->signers, v->t.h.core);
    cc_signed_end(&v->signers);
    cancel(v);
    deadline_clear(v, ZYD_VD_OFFER_END);
}

/* The offer ends: OFFERED -> CANCELLED by SYS. */
void sys_offer_end(struct vo *v)
{
    if (v->t.h.state == ZYD_VS_OFFERED) {
        cancel(v);
    }
}
