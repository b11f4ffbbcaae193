/* post.c: the contract's records, account codes, signers and deadlines. */
#include "guarantee.h"

uint8_t object_read(struct gu *g)
{
    int64_t size = ct_get(g->call->contract, g->call->object, CT_ID_SIZE, &g->o, sizeof g->o);
    if (size < (int64_t)sizeof(struct zyd_guarantee_enrolment) || g->o.h.programme != g->call->programme) {
        ct_fail(E_BAD_STATE);
    }
    return g->o.h.kind;
}

void object_open(struct gu *g)
{
    if (g->o.h.kind != ZYD_GUARANTEE_KIND_CONTRACT) {
        ct_fail(E_BAD_STATE);
    }
    if (g->o.h.tier != 0) {
        tier_open(g);
    }
}

void object_store(struct gu *g)
{
    g->o.h.changes++;
    ct_put(g->call->object, CT_ID_SIZE, &g->o,
           (uint32_t)(sizeof g->o.h + g->o.h.drawdown_count * sizeof g->o.d[0]));
}

static void claim_key(uint8_t key[1 + CT_ID_SIZE], const struct gu *g)
{
    key[0] = ZYD_GUARANTEE_KEY_CLAIM;
    memcpy(key + 1, g->call->object, CT_ID_SIZE);
}

uint32_t claim_load(struct claim *out, const struct gu *g)
{
    uint8_t key[1 + CT_ID_SIZE];
    claim_key(key, g);
    if (ct_get(g->call->contract, key, sizeof key, out, sizeof *out) < (int64_t)sizeof out->h) {
        ct_fail(E_BAD_STATE);
    }
    if (g->undo != 0) {
        undo_note_claim(g->undo, out, (uint32_t)(sizeof out->h + out->h.party_count * sizeof out->p[0]));
    }
    return out->h.party_count;
}

void claim_store(const struct claim *c, const struct gu *g)
{
    uint8_t key[1 + CT_ID_SIZE];
    claim_key(key, g);
    ct_put(key, sizeof key, c, (uint32_t)(sizeof c->h + c->h.party_count * sizeof c->p[0]));
}

void state_in(const struct gu *g, uint32_t first, uint32_t last)
{
    if (g->o.h.state < first || g->o.h.state > last) {
        ct_fail(E_BAD_STATE);
    }
}

void sign(struct gu *g, uint16_t member)
{
    cc_sign(&g->who, member);
}

void post(uint16_t member, enum zyd_guarantee_label label, const char *dr, const char *cr, int64_t amount,
          const uint8_t *obligation)
{
    cc_post(member, (uint16_t)label, dr, cr, amount, obligation);
}

void gu_borrower(struct gu *g)
{
    cc_borrower_text(g->borrower, g->o.h.borrower_kind, g->o.h.borrower);
}

void account_borrower(char out[CT_ACCOUNT_SIZE], const struct gu *g, const char *code)
{
    cc_account_text(out, code, g->borrower);
}

void oblige(struct ct_obligation *out, const struct gu *g, uint16_t debtor, uint16_t creditor, int64_t amount,
            enum zyd_guarantee_label why)
{
    cc_oblige(out, debtor, creditor, amount, (uint16_t)why, param(g, ZYD_GP_SETTLE) == ZYD_GUARANTEE_GROSS);
}

void oblige_and_post(const struct gu *g, uint16_t debtor, const char *dr, uint16_t creditor, const char *cr, int64_t amount,
                     enum zyd_guarantee_label why)
{
    struct ct_obligation o;
    char due[CT_ACCOUNT_SIZE];
    if (amount == 0 || debtor == creditor) {
        return;
    }
    oblige(&o, g, debtor, creditor, amount, why);
    cc_account(due, "2141", creditor);
    post(debtor, why, dr, due, amount, o.id);
    cc_account(due, "1141", debtor);
    post(creditor, why, due, cr, amount, o.id);
}

void memo(const struct gu *g, int64_t before, int64_t after, enum zyd_guarantee_label why)
{
    struct cc_leaves was, is;
    tree_split(before != 0 ? &was : &is, g, before != 0 ? before : after);
    if (before != 0 && after != 0) {
        tree_split(&is, g, after);
    }
    const struct cc_leaves *l = before != 0 ? &was : &is;
    for (uint32_t i = 0; i < l->count; i++) {
        int64_t up = (after != 0 ? is.amount[i] : 0) - (before != 0 ? was.amount[i] : 0);
        if (up > 0) {
            post(l->member[i], why, "9001", "9002", up, 0);
        } else if (up < 0) {
            post(l->member[i], why, "9002", "9001", -up, 0);
        }
    }
}

void earn_fees(struct gu *g, uint32_t first, uint32_t last)
{
    int64_t sum = 0;
    for (uint32_t i = first; i < last; i++) {
        sum += g->o.d[i].fee;
        g->o.d[i].fee = 0;
    }
    if (sum > 0) {
        post(param_member(g, ZYD_GP_GUAR), ZYD_GL_FEE_EARN, "2151", "4021", sum, 0);
    }
}

void deadline_at(const struct gu *g, enum zyd_guarantee_deadline which, int32_t date)
{
    cc_deadline_at(g->call->object, (uint8_t)which, date);
}

void deadline_after_workdays(const struct gu *g, enum zyd_guarantee_deadline which, enum zyd_guarantee_param count)
{
    cc_deadline_after_workdays(g->call, (uint8_t)which, (uint32_t)param(g, count));
}

void deadline_release(const struct gu *g)
{
    deadline_at(g, ZYD_GD_RELEASE, zyd_date_add(g->o.h.overdue, (int32_t)param(g, ZYD_GP_CLAIM_CLOSE_DAYS) + 1));
}

bool window_over(const struct gu *g)
{
    return zyd_days_between(g->o.h.overdue, g->call->date) > (int32_t)param(g, ZYD_GP_CLAIM_CLOSE_DAYS);
}

void deadline_clear(const struct gu *g, enum zyd_guarantee_deadline which)
{
    ct_deadline(g->call->object, (uint8_t)which, 0);
}
