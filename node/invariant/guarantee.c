/* I4 and I6 of product (a): what is split is wholly split, by the tree; the memo is the tree of what is owed. */
#include "impl.h"
#include <zyd/guarantee.h>

static const struct share nothing[1];

/* The tree that the contract has; size 0: a programme with tiers, and its record was not seen since one was chosen. */
static struct zyd_span tree_of(const struct object *o, const struct programme *p)
{
    size_t row = ZYD_GUARANTEE_TIER_HEAD + p->tree.size;
    if (p->tiers.size < 2) {
        return p->tree;
    }
    if (o->is.g.tier == 0 || 2u + o->is.g.tier * row > p->tiers.size) {
        return zyd_span(NULL, 0);
    }
    return zyd_span(p->tiers.data + 2u + (o->is.g.tier - 1u) * row + ZYD_GUARANTEE_TIER_HEAD, p->tree.size);
}

/* What the parties took of a compensation in this event: rows that credit 1135 in the first payer's books. */
static bool shares_good(struct zyd_inv *v, const struct event *e, const struct programme *p)
{
    struct guarantee *g = &e->object->is.g;
    struct share took[PARTIES], want[PARTIES];
    uint8_t took_count = 0, want_count = 0;
    int64_t whole = 0;
    char name[16];
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        const struct zyd_posting *t = &e->o->postings[i];
        whole += strcmp(t->dr, "1135") == 0 ? t->amount.fen : 0;
        if (strcmp(t->cr, "1135") == 0) {
            int other = begins(t->dr, "1141.") ? member_of(v, t->dr + 5) : (int)t->member;
            share_of(took, &took_count, (uint16_t)other)->amount += t->amount.fen;
        }
    }
    struct zyd_span tree = tree_of(e->object, p);
    if (whole == 0 || tree.size == 0) {
        return true;
    }
    v->counts.checks[4]++;
    if (!tree_rest(want, &want_count, tree, g->borne_total + whole, g->borne, g->borne_count)) {
        return fault_at(v, 4, NOBODY, &e->object->id, e->at, "the share tree of programme %u cannot split %lld fen", p->p.id,
                        (long long)(g->borne_total + whole));
    }
    for (uint8_t i = 0; i < want_count; i++) {
        int64_t is = share_of(took, &took_count, want[i].member)->amount;
        if (is != want[i].amount) {
            return fault_at(v, 4, want[i].member, &e->object->id, e->at, "%s takes %lld fen of %lld, its share is %lld",
                            name_of(v, want[i].member, name), (long long)is, (long long)whole, (long long)want[i].amount);
        }
        share_of(g->borne, &g->borne_count, want[i].member)->amount += is;
        whole -= is;
        g->borne_total += is;
    }
    return whole == 0 ||
           fault_at(v, 4, NOBODY, &e->object->id, e->at, "%lld fen of a compensation are shared by nobody", (long long)whole);
}

static bool memo_zero(const struct guarantee *g)
{
    for (uint8_t i = 0; i < g->memo_count; i++) {
        if (g->memo[i].amount != 0) {
            return false;
        }
    }
    return true;
}

static bool memo_is_tree(struct zyd_inv *v, struct object *o, const struct programme *p, struct place at)
{
    struct guarantee *g = &o->is.g;
    struct share want[PARTIES];
    uint8_t count = 0;
    int64_t rest = 0;
    char name[16];
    struct zyd_span tree = tree_of(o, p);
    if (tree.size == 0) {
        return true;
    }
    if (g->principal < 0 || !tree_first(&rest, tree, g->principal) || !tree_rest(want, &count, tree, rest, nothing, 0)) {
        return fault_at(v, 6, NOBODY, &o->id, at, "the share tree cannot split the principal of %lld fen",
                        (long long)g->principal);
    }
    for (uint8_t i = 0; i < count; i++) {
        int64_t is = share_of(g->memo, &g->memo_count, want[i].member)->amount;
        if (is != want[i].amount) {
            return fault_at(
                v, 6, want[i].member, &o->id, at, "the memo of %s is %lld fen; its share of the principal %lld is %lld",
                name_of(v, want[i].member, name), (long long)is, (long long)g->principal, (long long)want[i].amount);
        }
    }
    for (uint8_t i = 0; i < g->memo_count; i++) {
        uint8_t k = 0;
        while (k < count && want[k].member != g->memo[i].member) {
            k++;
        }
        if (k == count && g->memo[i].amount != 0) {
            return fault_at(v, 6, g->memo[i].member, &o->id, at, "a memo of %lld fen at a member without a share",
                            (long long)g->memo[i].amount);
        }
    }
    return true;
}

/* The memo may be gone though principal is owed: when the guarantee is over, or has been called. */
static bool may_be_over(const struct event *e)
{
    return e->sys || e->object->ended != 0 || e->object->is.g.compensated || e->number == ZYD_GE_RELEASE ||
           e->number == ZYD_GE_APPROVE || e->number == ZYD_GE_REFUSE || e->number == ZYD_GE_RESOLVE;
}

static bool loan_event(struct zyd_inv *v, const struct event *e, const struct programme *p);

/* TAKE_UP: its rows are those of as many DISBURSE, each of a contract of its own, in order. */
static bool taken_up(struct zyd_inv *v, const struct event *e, const struct programme *p)
{
    struct guarantee *list = &e->object->is.g;
    uint16_t bank = list->bank;
    for (uint32_t i = 0; i < e->o->posting_count;) {
        uint32_t end = i + 1;
        while (end < e->o->posting_count && strcmp(e->o->postings[end].dr, "1101") != 0) {
            end++;
        }
        struct zyd_hash id;
        child_id(&id, ZYD_GUARANTEE_CHILD_TAG, &e->object->id, (uint16_t)list->taken++);
        struct zyd_outcome part = *e->o;
        part.postings = e->o->postings + i;
        part.posting_count = end - i;
        struct event one = *e;
        one.o = &part;
        one.number = ZYD_GE_DISBURSE;
        one.object = object_of(v, &id, P_GUARANTEE, e->at);
        one.object->programme = e->programme;
        one.object->is.g.bank = bank;
        if (!loan_event(v, &one, p)) {
            return false;
        }
        i = end;
    }
    return true;
}

bool guarantee_event(struct zyd_inv *v, const struct event *e, const struct programme *p)
{
    if (p == NULL || (!e->sys && e->number == ZYD_GE_BREAKER_RESET)) {
        return true; /* a minute */
    }
    if (!e->sys && e->number == ZYD_GE_ENROL_LIST) {
        e->object->is.g.bank = e->member;
        return true;
    }
    return !e->sys && e->number == ZYD_GE_TAKE_UP ? taken_up(v, e, p) : loan_event(v, e, p);
}

static bool loan_event(struct zyd_inv *v, const struct event *e, const struct programme *p)
{
    struct object *o = e->object;
    struct guarantee *g = &o->is.g;
    bool exposure = false;
    if (e->makes) {
        g->bank = e->member;
        o->opening = !e->sys && e->number == ZYD_GE_OPENING;
    }
    for (uint32_t i = 0; i < e->o->posting_count; i++) {
        const struct zyd_posting *t = &e->o->postings[i];
        if (t->member == g->bank) {
            int64_t up = moved(t, "1101", true) + moved(t, "1102", true);
            g->principal += up;
            exposure = exposure || up != 0;
        }
        int64_t memo = moved(t, "9001", true);
        if (memo != 0) {
            share_of(g->memo, &g->memo_count, t->member)->amount += memo;
            exposure = true;
        }
        g->due += moved(t, "1121", true);
        g->paid += moved(t, "1135", true);
        g->held += moved(t, "2171", true);
    }
    if (o->opening && e->makes) { /* entered in the middle of its life: what was on its way then stays out of these */
        g->due = g->paid = g->held = 0;
        g->unsure = true;
    }
    v->counts.checks[4]++;
    if (g->due != 0 || g->paid != 0 || g->held != 0) {
        return fault_at(v, 4, NOBODY, &o->id, e->at,
                        "parts are not the whole: fees 1121 %lld, compensation 1135 %lld, recovery 2171 %lld left",
                        (long long)g->due, (long long)g->paid, (long long)g->held);
    }
    if (!shares_good(v, e, p)) {
        return false;
    }
    if (!exposure || g->unsure) {
        return true;
    }
    v->counts.checks[6]++;
    if (may_be_over(e) && memo_zero(g)) {
        g->compensated = g->compensated || g->principal != 0;
        return true;
    }
    return memo_is_tree(v, o, p, e->at);
}

bool guarantee_record(struct zyd_inv *v, struct object *o, struct zyd_span value, const struct programme *p)
{
    struct zyd_guarantee_object r;
    if (p == NULL || value.size < sizeof r || value.data[0] != ZYD_GUARANTEE_KIND_CONTRACT) {
        return true;
    }
    memcpy(&r, value.data, sizeof r);
    v->counts.checks[6]++;
    o->is.g.tier = r.tier;
    o->is.g.principal = o->is.g.unsure ? r.principal : o->is.g.principal;
    o->is.g.unsure = false;
    if (r.state < ZYD_GS_ACTIVE || r.state > ZYD_GS_CLAIMED) {
        o->is.g.compensated = r.state >= ZYD_GS_CLAIM_APPROVED;
        return memo_zero(&o->is.g) || fault_at(v, 6, NOBODY, &o->id, o->last, "a memo is left in state %u", r.state);
    }
    o->is.g.compensated = false;
    if (r.principal != o->is.g.principal) {
        return fault_at(v, 6, o->is.g.bank, &o->id, o->last,
                        "the contract says %lld fen are owed, the bank's 1101 and 1102 %lld", (long long)r.principal,
                        (long long)o->is.g.principal);
    }
    return memo_is_tree(v, o, p, o->last);
}
