/* I1, I2, I3, and the clearing account of I5: every posting into books of our own, and those against the records. */
#include "impl.h"

static struct account *account_of(struct zyd_inv *v, uint16_t member, uint16_t programme, const char *code, struct place at)
{
    struct zyd_hash key;
    bool fresh;
    zyd_account_key(&key, member, programme, zyd_span(code, strlen(code)));
    struct account *a = table_make(&v->accounts, &key, &fresh);
    if (fresh) {
        a->member = member;
        a->programme = programme;
        a->key = key;
        snprintf(a->code, sizeof a->code, "%s", code);
    }
    a->last = at;
    if (!a->touched) {
        if (v->account_count == v->account_cap) {
            v->account_cap = v->account_cap * 2 + 1024;
            v->touched_accounts = realloc(v->touched_accounts, v->account_cap * sizeof *v->touched_accounts);
            zyd_assert(v->touched_accounts != NULL);
        }
        v->touched_accounts[v->account_count++] = a;
        a->touched = true;
    }
    return a;
}

zyd_i128 balance_of(const struct zyd_inv *v, uint16_t member, uint16_t programme, const char *code)
{
    struct zyd_hash key;
    zyd_account_key(&key, member, programme, zyd_span(code, strlen(code)));
    const struct account *a = table_get(&v->accounts, &key);
    return a == NULL ? 0 : (zyd_i128)a->debits - (zyd_i128)a->credits;
}

/* 1141.x and 2141.x say who owes whom, 2199 what a settlement has under way. */
static bool between_members(struct zyd_inv *v, uint16_t member, const char *code, int64_t up, struct place at)
{
    if (strcmp(code, "2199") == 0) {
        v->clearing[member] += up;
        return true;
    }
    bool due_from = begins(code, "1141."), due_to = begins(code, "2141.");
    if (!due_from && !due_to) {
        return true;
    }
    int other = member_of(v, code + 5);
    if (other < 0) {
        return fault_at(v, 3, member, NULL, at, "account %s names nobody", code);
    }
    if (due_from) {
        v->owed[member][other] += up;
    } else {
        v->owes[member][other] -= up;
    }
    return true;
}

static bool code_good(const char *code)
{
    size_t n = strlen(code);
    return n >= 1 && n <= ZYD_ACCOUNT_MAX && code[0] >= '0' && code[0] <= '9';
}

static bool enter(struct zyd_inv *v, const struct zyd_posting *p, struct place at, const struct zyd_hash *object)
{
    v->counts.postings++;
    v->counts.checks[1]++;
    if (p->member >= v->g->member_count || p->amount.fen <= 0 || p->amount.fen > ZYD_MONEY_MAX || !code_good(p->dr) ||
        !code_good(p->cr) || strcmp(p->dr, p->cr) == 0) {
        return fault_at(v, 1, p->member, object, at, "%s / %s %lld: not a debit and a credit of one member and amount", p->dr,
                        p->cr, (long long)p->amount.fen);
    }
    struct account *dr = account_of(v, p->member, p->programme, p->dr, at),
                   *cr = account_of(v, p->member, p->programme, p->cr, at);
    dr->debits += (uint64_t)p->amount.fen;
    cr->credits += (uint64_t)p->amount.fen;
    return between_members(v, p->member, p->dr, p->amount.fen, at) && between_members(v, p->member, p->cr, -p->amount.fen, at);
}

static bool mirror(struct zyd_inv *v, uint16_t a, uint16_t b, const struct zyd_hash *object, struct place at)
{
    char x[16], y[16];
    v->counts.checks[3]++;
    if (v->owed[a][b] != v->owes[b][a]) {
        return fault_at(v, 3, a, object, at, "%s is owed %lld fen by %s (1141), which owes it %lld (2141)", name_of(v, a, x),
                        (long long)v->owed[a][b], name_of(v, b, y), (long long)v->owes[b][a]);
    }
    return true;
}

static bool mirrored(struct zyd_inv *v, const struct zyd_posting *p, const struct zyd_hash *object, struct place at)
{
    const char *codes[2] = {p->dr, p->cr};
    for (int i = 0; i < 2; i++) {
        bool from = begins(codes[i], "1141."), to = begins(codes[i], "2141.");
        uint16_t other = from || to ? (uint16_t)member_of(v, codes[i] + 5) : 0;
        if ((from && !mirror(v, p->member, other, object, at)) || (to && !mirror(v, other, p->member, object, at))) {
            return false;
        }
    }
    return true;
}

bool books_event(struct zyd_inv *v, const struct event *e)
{
    const struct zyd_hash *object = e->o->has_object ? &e->o->object : NULL;
    zyd_i128 all = 0;
    bool clears = false;
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        if (!enter(v, &e->o->postings[i], e->at, object)) {
            return false;
        }
        clears = clears || strcmp(e->o->postings[i].dr, "2199") == 0 || strcmp(e->o->postings[i].cr, "2199") == 0;
    }
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        if (!mirrored(v, &e->o->postings[i], object, e->at)) {
            return false;
        }
    }
    if (!clears) {
        return true;
    }
    v->counts.checks[5]++;
    v->settled_at = e->at;
    for (uint16_t m = 0; m < v->g->member_count; m++) {
        all += v->clearing[m];
    }
    return all == 0 || fault_at(v, 5, NOBODY, object, e->at,
                                "2199 of all members is %lld fen, not 0: net positions do not add up", (long long)all);
}

bool books_opening(struct zyd_inv *v)
{
    struct place at = {0, UINT64_MAX};
    for (uint16_t i = 0; i < v->g->opening_count; i++) {
        const struct zyd_opening *o = &v->g->openings[i];
        struct zyd_posting p = {.member = o->member, .programme = o->programme, .amount = o->amount};
        memcpy(p.dr, o->dr.data, o->dr.size);
        memcpy(p.cr, o->cr.data, o->cr.size);
        if (!enter(v, &p, at, NULL)) {
            return false;
        }
    }
    return true;
}

/* The record of an account holds what was posted: both legs of each transfer, and nothing else (I1). */
static bool told(struct zyd_inv *v, struct account *a, const struct zyd_inv_source *records)
{
    struct zyd_record r;
    struct zyd_account is;
    v->counts.checks[1]++;
    if (!records->get(records->ctx, &r, &a->key) || zyd_account_decode(&is, r.value) != ZYD_OK) {
        return fault_at(v, 1, a->member, NULL, a->last, "account %s of programme %u has no record", a->code, a->programme);
    }
    if (is.debits != a->debits || is.credits != a->credits || is.member != a->member || is.programme != a->programme) {
        return fault_at(v, 1, a->member, NULL, a->last, "account %s of programme %u: record %lld/%lld, postings %lld/%lld",
                        a->code, a->programme, (long long)is.debits, (long long)is.credits, (long long)a->debits,
                        (long long)a->credits);
    }
    zyd_i128 net = (zyd_i128)is.debits - (zyd_i128)is.credits;
    v->net[a->member] += net - a->told;
    a->told = net;
    return true;
}

static bool sums_zero(struct zyd_inv *v, struct place at)
{
    for (uint16_t m = 0; m < v->g->member_count; m++) {
        v->counts.checks[2]++;
        if (v->net[m] != 0) {
            return fault_at(v, 2, m, NULL, at, "the accounts of the member sum to %lld fen, not 0", (long long)v->net[m]);
        }
    }
    return true;
}

bool books_records(struct zyd_inv *v, const struct zyd_inv_source *records)
{
    struct place at = {0, UINT64_MAX};
    for (size_t i = 0; i < v->account_count; i++) {
        v->touched_accounts[i]->touched = false;
        if (!told(v, v->touched_accounts[i], records)) {
            return false;
        }
        at = v->touched_accounts[i]->last;
    }
    bool any = v->account_count > 0;
    v->account_count = 0;
    return !any || sums_zero(v, at);
}

bool books_scan(struct zyd_inv *v, const struct zyd_inv_source *records)
{
    zyd_i128 net[ZYD_MEMBERS_MAX] = {0};
    struct place at = {0, UINT64_MAX};
    for (size_t i = 0; i < v->accounts.cap; i++) {
        struct account *a = v->accounts.slots[i].item;
        if (a != NULL) {
            if (!told(v, a, records)) {
                return false;
            }
            net[a->member] += (zyd_i128)a->debits - (zyd_i128)a->credits;
        }
    }
    for (uint16_t m = 0; m < v->g->member_count; m++) {
        v->counts.checks[2]++;
        if (net[m] != 0 || v->net[m] != 0) {
            return fault_at(v, 2, m, NULL, at, "all accounts of the member sum to %lld fen, not 0", (long long)v->net[m]);
        }
        for (uint16_t b = 0; b < v->g->member_count; b++) {
            if (!mirror(v, m, b, NULL, at)) {
                return false;
            }
        }
    }
    return true;
}
