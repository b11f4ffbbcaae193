/* finance.c: DISCOUNT, PLEDGE, UNPLEDGE: a bank's money against a voucher, once and only with a registration (中登网). */
#include "voucher.h"

static uint16_t arg_bank(struct vo *v)
{
    uint16_t bank = arg_member(v);
    if (role_of(bank) != ROLE_BANK) {
        ct_fail(CC_BAD_ID);
    }
    if (bank == v->t.h.core || bank == v->t.h.holder) {
        ct_fail(E_PAYEE);
    }
    return bank;
}

/* DISCOUNT: ACTIVE -> FINANCED by HOLDER and BANK.  The all-in cost that both disclose is what is booked, to the fen. */
void event_discount(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    struct zyd_voucher_link *link = &v->t.l[h->link_count];
    char number[CT_ACCOUNT_SIZE], other[CT_ACCOUNT_SIZE];
    args_open(v, 5);
    must_be_active(v);
    uint16_t bank = arg_bank(v);
    h->rate_ppm = (uint32_t)ct_rd_u64(&v->args, (uint64_t)CC_PPM);
    struct ct_rd registration = v->args;
    registration_take(v, false);
    int64_t cost = cc_arg_fen(&v->args, 0);
    link->recourse = arg_bool(v);
    ct_rd_end(&v->args);
    uint32_t days = (uint32_t)zyd_days_between(v->call->date, h->due);
    int64_t interest = cc_fee(h->face, h->rate_ppm, days, (uint32_t)param(v, ZYD_VP_BASIS)), proceeds = h->face - interest;
    if (h->rate_ppm > param(v, ZYD_VP_RATE_CAP) || proceeds <= 0) {
        ct_fail(CC_RANGE);
    }
    if (cost != interest) {
        ct_fail(E_SUM);
    }
    cc_sign(&v->signers, h->holder);
    cc_sign(&v->signers, bank);
    cc_signed_end(&v->signers);

    account_voucher(number, "1171", h->number);
    cc_account(other, "2101", h->holder);
    cc_post(bank, ZYD_VL_DISCOUNT, number, other, proceeds, NULL);
    account_voucher(other, "2152", h->number);
    cc_post(bank, ZYD_VL_DISCOUNT, number, other, interest, NULL);
    account_voucher(number, "1161", h->number);
    cc_account(other, "1002", bank);
    cc_post(h->holder, ZYD_VL_DISCOUNT, other, number, proceeds, NULL);
    cc_post(h->holder, ZYD_VL_DISCOUNT, "5041", number, interest, NULL);
    v->args = registration;
    registration_take(v, true);
    link->member = h->holder;
    h->link_count++;
    h->holder = bank;
    h->flags |= ZYD_VF_FINANCED;
    h->state = ZYD_VS_FINANCED;
    h->financed = v->call->date;
    h->unearned = interest;
    token_store(v->call->object, &v->t);
}

static void pledge_memo(const struct vo *v, uint16_t why)
{
    char memo[CT_ACCOUNT_SIZE], contra[CT_ACCOUNT_SIZE];
    bool taken = why == ZYD_VL_PLEDGE;
    account_voucher(memo, "9001", v->t.h.number);
    account_voucher(contra, "9002", v->t.h.number);
    cc_post(v->t.h.pledgee, why, taken ? memo : contra, taken ? contra : memo, v->t.h.face, NULL);
}

/* PLEDGE: ACTIVE -> PLEDGED by HOLDER and BANK.  A pledge of a receivable exists from its registration on (Civil Code 445). */
void event_pledge(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    args_open(v, 2);
    must_be_active(v);
    uint16_t bank = arg_bank(v);
    struct ct_rd registration = v->args;
    registration_take(v, false);
    ct_rd_end(&v->args);
    cc_sign(&v->signers, h->holder);
    cc_sign(&v->signers, bank);
    cc_signed_end(&v->signers);
    v->args = registration;
    registration_take(v, true);
    h->pledgee = bank;
    h->state = ZYD_VS_PLEDGED;
    pledge_memo(v, ZYD_VL_PLEDGE);
    token_store(v->call->object, &v->t);
}

void pledge_memo_end(const struct vo *v)
{
    if (v->t.h.pledgee != CT_NO_MEMBER) {
        pledge_memo(v, ZYD_VL_UNPLEDGE);
    }
}

/* UNPLEDGE: PLEDGED -> ACTIVE by the bank; of a matured or defaulted one only the pledge ends. */
void event_unpledge(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    args_none(v);
    not_frozen(v);
    if (h->pledgee == CT_NO_MEMBER) {
        ct_fail(CC_BAD_STATE);
    }
    cc_sign(&v->signers, h->pledgee);
    cc_signed_end(&v->signers);
    pledge_memo_end(v);
    h->pledgee = CT_NO_MEMBER;
    if (h->state == ZYD_VS_PLEDGED) {
        h->state = ZYD_VS_ACTIVE;
    }
    token_store(v->call->object, &v->t);
}
