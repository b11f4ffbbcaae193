/* recover.c: RECOVER and WRITE_OFF (domain.md 3.1, E6, rulings 1, 22, 23). */
#include "guarantee.h"

/* Where a part of a recovery goes in the books of the party that gets it, largest claim first (ruling 22). */
struct target {
    const char *account;
    int64_t amount;
};

/* The accounts that `amount` of party i pays down; n of them.  The bank's: 1102, then 1111; anybody's rest is income. */
static uint32_t pay_down(struct target out[3], struct claim *c, uint32_t i, const char *receivable, int64_t amount)
{
    bool bank = i + 1 == c->h.party_count;
    int64_t *open[2] = {bank ? &c->h.overdue_open : &c->p[i].open, bank ? &c->h.interest_open : 0};
    const char *accounts[2] = {bank ? "1102" : receivable, "1111"};
    uint32_t n = 0;
    for (uint32_t k = 0; k < 2 && open[k] != 0; k++) {
        int64_t take = amount < *open[k] ? amount : *open[k];
        *open[k] -= take;
        amount -= take;
        out[n++] = (struct target){accounts[k], take};
    }
    out[n++] = (struct target){"4031", amount};
    return n;
}

/* One party's part: its own books when it is the collector, else an obligation of the collector towards it. */
static void distribute(const struct gu *g, uint16_t collector, uint16_t party, const struct target *t, uint32_t n)
{
    struct ct_obligation o;
    char due[CT_ACCOUNT_SIZE];
    int64_t sum = 0;
    for (uint32_t k = 0; k < n; k++) {
        sum += t[k].amount;
    }
    if (sum == 0) {
        return;
    }
    if (party != collector) {
        oblige(&o, g, collector, party, sum, ZYD_GL_RECOV);
        cc_account(due, "2141", party);
        post(collector, ZYD_GL_RECOV, "2171", due, sum, o.id);
        cc_account(due, "1141", collector);
    }
    for (uint32_t k = 0; k < n; k++) {
        post(party, ZYD_GL_RECOV, party == collector ? "2171" : due, t[k].account, t[k].amount,
                party == collector ? 0 : o.id);
    }
}

/* Surplus over all that was borne: the bank's open claims, then the borrower (ruling 22), in the bank's one obligation. */
static uint32_t add_surplus(struct target *t, uint32_t n, struct claim *c, const char *customer, int64_t surplus)
{
    int64_t principal = surplus < c->h.overdue_open ? surplus : c->h.overdue_open;
    c->h.overdue_open -= principal;
    surplus -= principal;
    int64_t due = surplus < c->h.interest_open ? surplus : c->h.interest_open;
    c->h.interest_open -= due;
    t[n++] = (struct target){"1102", principal};
    t[n++] = (struct target){"1111", due};
    t[n++] = (struct target){customer, surplus - due};
    return n;
}

/* RECOVER: COMPENSATED, RECOVERING, WRITTEN_OFF -> same by the collector; GUAR and BANK too when cost > `cost_limit`.
 * Inputs: gross, cost, bank reference. */
void event_recover(struct gu *g)
{
    struct claim c;
    int64_t weights[ZYD_GUARANTEE_LEAVES_MAX + 1], memory[ZYD_GUARANTEE_LEAVES_MAX + 1], inc[ZYD_GUARANTEE_LEAVES_MAX + 1];
    int64_t borne = 0;
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    if (g->o.h.state != ZYD_GS_COMPENSATED && g->o.h.state != ZYD_GS_RECOVERING && g->o.h.state != ZYD_GS_WRITTEN_OFF) {
        ct_fail(E_BAD_STATE);
    }
    int64_t gross = cc_arg_fen(&rd, 1), cost = cc_arg_fen(&rd, 0);
    cc_arg_text(&rd, 1, 35);
    ct_rd_end(&rd);
    uint32_t count = claim_load(&c, g);
    uint16_t collector = param_member(g, ZYD_GP_COLLECTOR), guar = param_member(g, ZYD_GP_GUAR);
    collector = collector == CT_NO_MEMBER ? guar : collector;
    sign(g, collector);
    if (cost > (int64_t)param(g, ZYD_GP_COST_LIMIT)) {
        sign(g, guar);
        sign(g, g->o.h.bank);
    }
    signed_end(g);

    int64_t take = cost + c.h.cost_carried; /* ruling 22 */
    take = gross < take ? gross : take;
    c.h.cost_carried += cost - take;
    c.h.net_recovered += gross - take;
    c.h.recoveries = (uint8_t)(c.h.recoveries == 255 ? 255 : c.h.recoveries + 1);
    post(collector, ZYD_GL_RECOV, "1001", "2171", gross, 0);
    post(collector, ZYD_GL_RECOV, "2171", "1001.COST", take, 0);
    int64_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        weights[i] = c.p[i].borne;
        memory[i] = c.p[i].recovered;
        borne += weights[i];
        before += memory[i];
    }
    int64_t total = cc_min(before + gross - take, borne); /* what went out as surplus before stays out */
    int64_t surplus = gross - take - (total - before);
    cc_alloc(inc, memory, total, weights, count);
    char receivable[CT_ACCOUNT_SIZE], customer[CT_ACCOUNT_SIZE];
    gu_borrower(g);
    account_borrower(receivable, g, "1131");
    account_borrower(customer, g, "2101");
    for (uint32_t i = 0; i < count; i++) {
        struct target t[6];
        c.p[i].recovered = memory[i];
        uint32_t n = pay_down(t, &c, i, receivable, inc[i]);
        if (i + 1 == count) {
            n = add_surplus(t, n, &c, customer, surplus);
        }
        distribute(g, collector, c.p[i].member, t, n);
    }
    claim_store(&c, g);
}

/* WRITE_OFF: RECOVERING -> WRITTEN_OFF once no bearer has anything open (ruling 23); each bearer for its own part. */
void event_write_off(struct gu *g)
{
    struct claim c;
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    ct_rd_id(&rd);
    ct_rd_end(&rd);
    state_in(g, ZYD_GS_RECOVERING, ZYD_GS_RECOVERING);
    uint32_t count = claim_load(&c, g), mine = count;
    for (uint32_t i = 0; i < count; i++) {
        if (c.p[i].member == g->call->member) {
            mine = i;
        }
    }
    if (mine == count) {
        ct_fail(E_SIGNER_MISSING);
    }
    bool bank = mine + 1 == count;
    int64_t part = bank ? c.h.overdue_open : c.p[mine].open, due = bank ? c.h.interest_open : 0;
    if (bank && g->o.h.more & ZYD_GM_DISPUTED) {
        ct_fail(E_BAD_STATE); /* what is in dispute may still be compensated */
    }
    if (part + due == 0) {
        ct_fail(E_NOTHING_TO_WRITE_OFF);
    }
    sign(g, g->call->member);
    signed_end(g);
    char receivable[CT_ACCOUNT_SIZE];
    gu_borrower(g);
    account_borrower(receivable, g, "1131");
    post(g->call->member, ZYD_GL_WRITE_OFF, "5012", bank ? "1102" : receivable, part, 0);
    post(g->call->member, ZYD_GL_WRITE_OFF, "5012", "1111", due, 0);
    if (bank) {
        c.h.overdue_open = c.h.interest_open = 0;
    } else {
        c.p[mine].open = 0;
    }
    int64_t open = c.h.overdue_open + c.h.interest_open;
    for (uint32_t i = 0; i < count; i++) {
        open += c.p[i].open;
    }
    if (open == 0) {
        g->o.h.state = ZYD_GS_WRITTEN_OFF;
        object_store(g);
    }
    claim_store(&c, g);
}
