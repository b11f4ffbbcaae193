/* post.c: the contract's records, account codes, signers and deadlines. */
#include "guarantee.h"

void object_load(struct gu *g)
{
    int64_t size = ct_get(g->call->contract, g->call->object, CT_ID_SIZE, &g->o, sizeof g->o);
    if (size < (int64_t)sizeof g->o.h || g->o.h.kind != ZYD_GUARANTEE_KIND_CONTRACT ||
        g->o.h.programme != g->call->programme) {
        ct_fail(E_BAD_STATE);
    }
}

void object_store(struct gu *g)
{
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
    if (member != CT_NO_MEMBER) {
        ct_require(member);
        g->actor = g->actor || member == g->call->member;
    }
}

void signed_end(struct gu *g)
{
    if (!g->actor && !g->call->sys) {
        ct_fail(E_SIGNER_MISSING); /* an outsider may not act, whoever else signs */
    }
    ct_require_end();
}

void gu_borrower(struct gu *g)
{
    const uint8_t *b = g->o.h.borrower;
    if (g->o.h.borrower_kind == ZYD_GUARANTEE_FIRM) {
        memcpy(g->borrower, b, 18);
        g->borrower[18] = 0;
        return;
    }
    for (uint32_t i = 0; i < 8; i++) {
        g->borrower[2 * i] = "0123456789abcdef"[b[i] >> 4];
        g->borrower[2 * i + 1] = "0123456789abcdef"[b[i] & 15];
    }
    g->borrower[16] = 0;
}

static void join(char out[CT_ACCOUNT_SIZE], const char *code, const char *tail)
{
    while (*code) {
        *out++ = *code++;
    }
    *out++ = '.';
    while (*tail) {
        *out++ = *tail++;
    }
    *out = 0;
}

void account(char out[CT_ACCOUNT_SIZE], const char *code, uint16_t member)
{
    char name[13];
    ct_member(member, name);
    join(out, code, name);
}

void account_borrower(char out[CT_ACCOUNT_SIZE], const struct gu *g, const char *code)
{
    join(out, code, g->borrower);
}

void oblige(struct ct_obligation *out, const struct gu *g, uint16_t debtor, uint16_t creditor, int64_t amount,
            enum zyd_guarantee_label why)
{
    memset(out, 0, sizeof *out);
    out->debtor = debtor;
    out->creditor = creditor;
    out->amount = amount;
    out->reason = (uint16_t)why;
    out->gross = param(g, ZYD_GP_SETTLE) == ZYD_GUARANTEE_GROSS;
    ct_obligation(out);
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
    account(due, "2141", creditor);
    post(debtor, why, dr, due, amount, o.id);
    account(due, "1141", debtor);
    post(creditor, why, due, cr, amount, o.id);
}

void memo(const struct gu *g, int64_t before, int64_t after, enum zyd_guarantee_label why)
{
    struct leaves was, is;
    tree_split(before != 0 ? &was : &is, g, before != 0 ? before : after);
    if (before != 0 && after != 0) {
        tree_split(&is, g, after);
    }
    const struct leaves *l = before != 0 ? &was : &is;
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
    ct_deadline(g->call->object, (uint8_t)which, (uint64_t)zyd_ms_of_date(date));
}

/* The last day is the count-th working day after today; it ends at 00:00 of the next day (ledger.md 2.4 rule 3). */
void deadline_after_workdays(const struct gu *g, enum zyd_guarantee_deadline which, enum zyd_guarantee_param count)
{
    deadline_at(g, which, zyd_date_add(ct_workday_add(g->call->date, (uint32_t)param(g, count)), 1));
}

void deadline_clear(const struct gu *g, enum zyd_guarantee_deadline which)
{
    ct_deadline(g->call->object, (uint8_t)which, 0);
}

int32_t arg_date(struct ct_rd *rd)
{
    int32_t date = (int32_t)ct_rd_u64(rd, 99991231);
    if (!zyd_date_valid(date)) {
        ct_fail(E_BAD_DATE);
    }
    return date;
}

int64_t arg_fen(struct ct_rd *rd, int64_t min)
{
    int64_t fen = (int64_t)ct_rd_u64(rd, (uint64_t)FEN_MAX);
    if (fen < min) {
        ct_fail(E_RANGE);
    }
    return fen;
}

void arg_text(struct ct_rd *rd, uint32_t min, uint32_t max)
{
    uint32_t size;
    ct_rd_bin(rd, &size, max);
    if (size < min) {
        ct_fail(E_RANGE);
    }
}
