/* token.c: SPLIT and TRANSFER spend a voucher and make its children; FREEZE stops all of its members' operations. */
#include "voucher.h"

/* The id of child index (zyd/voucher.h). */
static void child_id(uint8_t out[CT_ID_SIZE], const uint8_t parent[CT_ID_SIZE], uint32_t index)
{
    uint8_t bytes[sizeof ZYD_VOUCHER_CHILD_TAG - 1 + CT_ID_SIZE + 2];
    memcpy(bytes, ZYD_VOUCHER_CHILD_TAG, sizeof ZYD_VOUCHER_CHILD_TAG - 1);
    memcpy(bytes + sizeof ZYD_VOUCHER_CHILD_TAG - 1, parent, CT_ID_SIZE);
    bytes[sizeof bytes - 2] = (uint8_t)(index >> 8);
    bytes[sizeof bytes - 1] = (uint8_t)index;
    ct_sha256(out, bytes, sizeof bytes);
}

/* child, filled but for its parent, comes into being with its own maturity. */
static void child_make(const struct vo *v, struct token *child, uint32_t index)
{
    uint8_t id[CT_ID_SIZE];
    child_id(id, v->call->object, index);
    memcpy(child->h.parent, v->call->object, CT_ID_SIZE);
    token_store(id, child);
    cc_deadline_at(id, ZYD_VD_MATURE, child->h.due);
}

static void spend(struct vo *v, uint32_t children, uint32_t first_number)
{
    uint8_t out[CT_ID_SIZE + 6];
    v->t.h.state = ZYD_VS_SPENT;
    v->t.h.child_count = (uint16_t)children;
    token_store(v->call->object, &v->t);
    deadline_clear(v, ZYD_VD_MATURE);
    memcpy(out, v->call->object, CT_ID_SIZE);
    out[CT_ID_SIZE] = (uint8_t)(children >> 8);
    out[CT_ID_SIZE + 1] = (uint8_t)children;
    for (uint32_t i = 0; i < 4; i++) {
        out[CT_ID_SIZE + 2 + i] = (uint8_t)(first_number >> (24 - 8 * i));
    }
    ct_emit(ZYD_VOUCHER_EMIT_CHILDREN, out, sizeof out);
}

/* SPLIT: ACTIVE -> SPENT and children ACTIVE, by HOLDER.  Input: the faces. */
void event_split(struct vo *v)
{
    int64_t face[ZYD_VOUCHER_CHILDREN_MAX], sum = 0;
    struct zyd_voucher *h = &v->t.h;
    char from_core[CT_ACCOUNT_SIZE], from_holder[CT_ACCOUNT_SIZE], to[CT_ACCOUNT_SIZE];
    args_open(v, 1);
    must_be_active(v);
    uint32_t count = ct_rd_array(&v->args);
    if (count < 2 || count > ZYD_VOUCHER_CHILDREN_MAX) {
        ct_fail(E_SUM);
    }
    for (uint32_t i = 0; i < count; i++) {
        face[i] = cc_arg_fen(&v->args, 0);
        if (face[i] == 0 || face[i] > h->face - sum) {
            ct_fail(E_SUM);
        }
        sum += face[i];
    }
    ct_rd_end(&v->args);
    if (sum != h->face) {
        ct_fail(E_SUM);
    }
    if (h->depth >= param(v, ZYD_VP_DEPTH_MAX)) {
        ct_fail(E_DEPTH);
    }
    cc_sign(&v->signers, h->holder);
    cc_signed_end(&v->signers);

    struct token child = v->t;
    uint32_t first = serial_take(v, count);
    child.h.depth++;
    account_voucher(from_holder, "1161", h->number);
    account_voucher(from_core, "2161", h->number);
    for (uint32_t i = 0; i < count; i++) {
        child.h.number = first + i;
        child.h.face = face[i];
        account_voucher(to, "1161", child.h.number);
        cc_post(h->holder, ZYD_VL_SPLIT, to, from_holder, face[i], NULL);
        account_voucher(to, "2161", child.h.number);
        cc_post(h->core, ZYD_VL_SPLIT, from_core, to, face[i], NULL);
        child_make(v, &child, i);
    }
    spend(v, count, first);
}

/* TRANSFER: ACTIVE -> SPENT and a new token of the payee, by HOLDER and PAYEE.  A bank takes vouchers by DISCOUNT alone, which
 * asks for a registration and a rate. */
void event_transfer(struct vo *v)
{
    struct zyd_voucher *h = &v->t.h;
    char number[CT_ACCOUNT_SIZE], trade[CT_ACCOUNT_SIZE];
    args_open(v, 3);
    must_be_active(v);
    uint16_t payee = arg_member(v);
    ct_rd_id(&v->args);
    bool recourse = arg_bool(v);
    ct_rd_end(&v->args);
    if (payee == h->core || payee == h->holder || role_of(payee) == ROLE_BANK) {
        ct_fail(E_PAYEE);
    }
    if (h->link_count == ZYD_VOUCHER_LINKS_MAX - 1) {
        ct_fail(E_DEPTH); /* the last place is a DISCOUNT's */
    }
    cc_sign(&v->signers, h->holder);
    cc_sign(&v->signers, payee);
    cc_signed_end(&v->signers);

    struct token child = v->t;
    account_voucher(number, "1161", h->number);
    cc_account(trade, "2001", payee);
    cc_post(h->holder, ZYD_VL_TRANSFER, trade, number, h->face, NULL);
    cc_account(trade, "1122", h->holder);
    cc_post(payee, ZYD_VL_TRANSFER, number, trade, h->face, NULL);
    child.l[child.h.link_count++] = (struct zyd_voucher_link){.member = h->holder, .recourse = recourse};
    child.h.holder = payee;
    child_make(v, &child, 0);
    spend(v, 1, h->number);
}

/* FREEZE: any AUD; UNFREEZE: the same (3.0.6).  SYS goes on (ruling 25). */
void event_freeze(struct vo *v)
{
    args_open(v, 1);
    ct_rd_id(&v->args);
    ct_rd_end(&v->args);
    not_frozen(v);
    if (role_of(v->call->member) != CC_ROLE_AUD) {
        ct_fail(CC_SIGNER_MISSING);
    }
    cc_sign(&v->signers, v->call->member);
    cc_signed_end(&v->signers);
    v->t.h.flags |= ZYD_VF_FROZEN;
    v->t.h.freezer = v->call->member;
    token_store(v->call->object, &v->t);
}

void event_unfreeze(struct vo *v)
{
    args_none(v);
    if (!(v->t.h.flags & ZYD_VF_FROZEN)) {
        ct_fail(CC_BAD_STATE);
    }
    cc_sign(&v->signers, v->t.h.freezer);
    cc_signed_end(&v->signers);
    v->t.h.flags &= (uint8_t)~ZYD_VF_FROZEN;
    v->t.h.freezer = CT_NO_MEMBER;
    token_store(v->call->object, &v->t);
}
