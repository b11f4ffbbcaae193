/* Clients: each runs a few guarantee contracts through their life, several operations in one envelope, and pays what is owed.
 * A client keeps the bytes that it sent and sends the same bytes again until they are final or have expired (ledger.md 2.3). */
#include "world.h"
#include <stdlib.h>
#include <zyd/date.h>
#include <zyd/guarantee.h>
#include <zyd/guarantee_schema.h>
#include <zyd/host.h>

enum { BANK = 0, GUAR = 1, REG = 2, NFGF = 3 }; /* members of the simulated consortium, in order */
enum step { APPLY, DD_DONE, OFFER, FILE_RE, ISSUE, DISBURSE, PAY, REPAY, STEPS };

static const uint16_t signers_of[STEPS][2] = {{BANK, BANK}, {BANK, GUAR}, {GUAR, REG}, {REG, NFGF},
                                              {BANK, GUAR}, {BANK, BANK}, {BANK, BANK}, {BANK, BANK}};

static void text(struct zyd_wr *wr, const char *s)
{
    zyd_wr_str(wr, s, strlen(s));
}

static void digest(struct zyd_wr *wr, const char *what, uint32_t number)
{
    struct zyd_hash h;
    zyd_hash2(&h, "zyd/simdoc/1", what, strlen(what), &number, sizeof number);
    zyd_wr_hash(wr, &h);
}

void uscc_of(char out[19], uint32_t number)
{
    memcpy(out, "91430100MA4000000X", 19);
    for (int i = 16; i > 9; i--, number /= 10) {
        out[i] = (char)('0' + number % 10);
    }
    out[17] = zyd_uscc_check_char(out);
}

static int64_t amount_of(uint32_t number)
{
    return 10000000 + (int64_t)(number % 97) * 123457;
}

static uint64_t today(const struct sim *s, int plus_days)
{
    return (uint64_t)zyd_date_add(zyd_date_of_ms(WALL0 + s->now + s->wall_jump), plus_days);
}

static void guarantee_args(struct sim *s, struct zyd_wr *wr, const struct loan *l)
{
    char uscc[19];
    switch ((enum step)l->step) {
    case APPLY:
        uscc_of(uscc, l->number);
        zyd_wr_array(wr, 6);
        zyd_wr_str(wr, uscc, 18);
        zyd_wr_u64(wr, (uint64_t)amount_of(l->number));
        zyd_wr_u64(wr, 365);
        text(wr, "feed");
        zyd_wr_nil(wr);
        digest(wr, "consent", l->number);
        break;
    case DD_DONE:
        zyd_wr_array(wr, 3);
        digest(wr, "bank", l->number);
        digest(wr, "guar", l->number);
        zyd_wr_nil(wr);
        break;
    case OFFER:
        zyd_wr_array(wr, 3);
        zyd_wr_u64(wr, (uint64_t)amount_of(l->number));
        zyd_wr_nil(wr);
        zyd_wr_nil(wr);
        break;
    case FILE_RE:
        zyd_wr_array(wr, 1);
        digest(wr, "filing", l->number);
        break;
    case ISSUE:
        zyd_wr_array(wr, 2);
        digest(wr, "letter", l->number);
        zyd_wr_u64(wr, today(s, 30));
        break;
    case DISBURSE:
        zyd_wr_array(wr, 5);
        zyd_wr_u64(wr, 1);
        zyd_wr_u64(wr, (uint64_t)amount_of(l->number));
        zyd_wr_u64(wr, today(s, 0));
        zyd_wr_u64(wr, today(s, 200));
        zyd_wr_u64(wr, 43500);
        break;
    case REPAY:
        zyd_wr_array(wr, 4);
        zyd_wr_u64(wr, 1);
        zyd_wr_u64(wr, today(s, 0));
        zyd_wr_u64(wr, (uint64_t)amount_of(l->number) / 3);
        zyd_wr_nil(wr);
        break;
    case PAY:
    case STEPS:
        zyd_assert(false);
    }
}

void workload_op(struct zyd_wr *ops, const struct zyd_op *op)
{
    uint8_t buf[8400];
    struct zyd_wr wr = zyd_wr_of(buf, sizeof buf);
    zyd_op_encode(&wr, op);
    zyd_assert(!wr.full);
    zyd_wx_block(ops, zyd_wr_span(&wr));
}

/* The next operation of a loan; client c, its index i.  signers: bit set of members that must sign. */
static void loan_op(struct sim *s, struct zyd_wr *ops, uint8_t c, struct loan *l, uint32_t *signers)
{
    static const uint16_t event[STEPS] = {ZYD_GE_APPLY, ZYD_GE_DD_DONE, ZYD_GE_OFFER, ZYD_GE_FILE_RE,
                                          ZYD_GE_ISSUE, ZYD_GE_DISBURSE, ZYD_HOST_PAID, ZYD_GE_REPAY};
    uint8_t buf[2048];
    char ref[24] = "c00-0000000";
    struct zyd_wr args = zyd_wr_of(buf, sizeof buf);
    struct zyd_op op = {.contract = 1, .event = event[l->step], .programme = 1, .member = signers_of[l->step][0]};
    ref[2] = (char)('0' + c);
    uint32_t number = l->number;
    for (int i = 10; i > 3; i--, number /= 10) {
        ref[i] = (char)('0' + number % 10);
    }
    if (l->step == PAY) { /* the last obligation of its list */
        size_t i = l->owed_count - 1;
        op = (struct zyd_op){
            .event = ZYD_HOST_PAID, .member = l->debtor[i], .has_object = true, .object = l->owed[i], .expect_seq = 1};
        zyd_wr_array(&args, 1);
        text(&args, "BK-1");
        *signers |= 1u << l->debtor[i] | 1u << l->creditor[i];
    } else {
        guarantee_args(s, &args, l);
        *signers |= 1u << signers_of[l->step][0] | 1u << signers_of[l->step][1];
        if (l->step == APPLY) {
            op.client_ref = zyd_span(ref, 11);
            zyd_object_id(&l->object, 1, 1, BANK, op.client_ref);
        } else {
            op.has_object = true;
            op.object = l->object;
            op.expect_seq = l->seq;
        }
    }
    op.args = zyd_wr_span(&args);
    zyd_assert(!args.full);
    workload_op(ops, &op);
}

void workload_seal(struct sim *s, struct client *cl, const struct zyd_wr *ops, uint8_t flags, uint32_t signers)
{
    struct zyd_hash leaves[LOANS_MAX];
    struct zyd_env env;
    zyd_assert(!ops->full);
    cl->env = sim_alloc(ops->size + 4096);
    struct zyd_wr wr = zyd_wr_of(cl->env, ops->size + 4096);
    cl->valid_until_ms = (uint64_t)(WALL0 + s->now + s->wall_jump) + 30000;
    zyd_env_build(&wr, &s->genesis.hash, ZYD_ENV_BUSINESS, flags, cl->valid_until_ms, (uint32_t)cl->op_count, zyd_wr_span(ops),
                  leaves);
    for (uint16_t m = 0; m < s->genesis.member_count; m++) {
        if (signers >> m & 1) {
            zyd_env_sign(&wr, m, 1, s->member_sk[m]);
        }
    }
    zyd_assert(!wr.full);
    cl->env_size = wr.size;
    zyd_assert(zyd_env_decode(&env, zyd_wr_span(&wr)) == ZYD_OK);
    cl->env_id = env.env_id;
}

static void build(struct sim *s, uint8_t c)
{
    struct client *cl = &s->clients[c];
    uint8_t *mem = sim_alloc(OPS_SIZE_MAX);
    struct zyd_wr ops = zyd_wr_of(mem, OPS_SIZE_MAX);
    uint32_t signers = 0;
    cl->op_count = 0;
    for (size_t i = 0; i < cl->loan_count; i++) {
        struct loan *l = &cl->loans[i];
        if (l->step == STEPS || (l->step == PAY && l->owed_count == 0)) {
            *l = (struct loan){.number = (uint32_t)c * 100000 + cl->next_number++};
        }
        cl->ops_of[cl->op_count++] = (unsigned)i;
        loan_op(s, &ops, c, l, &signers);
    }
    workload_seal(s, cl, &ops, 0, signers);
    free(mem);
}

static void submit(struct sim *s, struct client *cl)
{
    uint8_t target = (uint8_t)prng_below(&s->client, s->n);
    struct node *n = &s->nodes[target];
    if (!n->up) {
        return;
    }
    struct event e = {.t = s->now + prng_between(&s->client, 0, 3), .what = AT_STEP, .node = n->index, .life = n->life};
    e.data = sim_copy(cl->env, cl->env_size);
    e.ev = (struct zyd_ev){.kind = ZYD_EV_SUBMIT, .ticket = 1, .bytes = zyd_span(e.data, cl->env_size)};
    heap_push(&s->heap, e);
}

/* Called now and then: builds, sends, sends again, or gives up what has expired for good. */
void workload_client(struct sim *s, uint8_t c)
{
    struct client *cl = &s->clients[c];
    uint64_t head_time = s->top > 0 ? zyd_get64(s->chain[s->top].block + 4 + 100) : 0; /* time_ms of the newest final header */
    if (cl->env != NULL && head_time > cl->valid_until_ms) { /* it can never be booked any more: look, then build anew */
        free(cl->env);
        cl->env = NULL;
        if (s->products != NULL) {
            products_let_go(s, c);
        }
    }
    if (cl->env == NULL && s->products != NULL) {
        products_build(s, c);
    } else if (cl->env == NULL) {
        build(s, c);
    }
    if (cl->env != NULL) {
        submit(s, cl);
    }
    heap_push(&s->heap,
              (struct event){.t = s->now + prng_between(&s->client, 20, s->healed ? 200 : 800), .what = AT_CLIENT, .node = c});
}

static void note_obligations(struct loan *l, const struct zyd_outcome *o)
{
    for (uint32_t i = 0; i < o->posting_count; i++) {
        const struct zyd_posting *p = &o->postings[i];
        bool debtor = strncmp(p->cr, "2141.", 5) == 0, creditor = strncmp(p->dr, "1141.", 5) == 0;
        if (zyd_hash_is_zero(&p->obligation) || (!debtor && !creditor)) {
            continue;
        }
        size_t k = 0;
        while (k < l->owed_count && !zyd_hash_eq(&l->owed[k], &p->obligation)) {
            k++;
        }
        if (k == 16) {
            continue;
        }
        if (k == l->owed_count) {
            l->owed[l->owed_count++] = p->obligation;
        }
        if (debtor) {
            l->debtor[k] = p->member;
        } else {
            l->creditor[k] = p->member;
        }
    }
}

static void on_outcome(struct sim *s, struct loan *l, const struct zyd_outcome *o)
{
    if (l->step == PAY) {
        l->owed_count -= o->code == 0 || o->code == 9111 || o->code == 9108; /* paid, now or before */
        l->step = l->owed_count == 0 ? REPAY : PAY;
    } else if (o->code != 0) { /* e.g. its working days are over, or the date has moved on: another loan */
        sim_trace(s, "loan %u step %u refused %u", l->number, l->step, o->code);
        l->step = STEPS;
    } else {
        l->seq = o->seq;
        if (l->step == DISBURSE) {
            note_obligations(l, o);
        }
        l->step++;
        if (l->step == PAY && l->owed_count == 0) {
            l->step = REPAY;
        }
    }
    s->result->operations += o->code == 0;
}

static void env_outcomes(struct sim *s, struct client *cl, struct zyd_rd *rd)
{
    static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
    for (size_t i = 0; i < cl->op_count;) {
        struct zyd_outcome o;
        struct zyd_span bytes = zyd_rx_block(rd, rd->size);
        if (rd->bad || zyd_outcome_decode(&o, postings, events, warnings, bytes) != ZYD_OK) {
            check_fail(s, ZYD_SIM_SAFETY, "an outcome in a final block is not well formed");
            return;
        }
        if (o.due_ms == 0 && s->products != NULL) {
            products_outcome(s, (uint8_t)(cl - s->clients), i++, &o);
        } else if (o.due_ms == 0) {
            on_outcome(s, &cl->loans[cl->ops_of[i++]], &o);
        }
    }
    if (s->products != NULL) {
        products_let_go(s, (uint8_t)(cl - s->clients));
    }
    free(cl->env);
    cl->env = NULL;
    cl->acked++;
}

/* Skips one envelope's outcomes. */
static bool skip_outcomes(struct zyd_rd *rd, uint32_t op_count)
{
    static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
    while (op_count > 0) {
        struct zyd_outcome o;
        struct zyd_span bytes = zyd_rx_block(rd, rd->size);
        if (rd->bad || zyd_outcome_decode(&o, postings, events, warnings, bytes) != ZYD_OK) {
            return false;
        }
        op_count -= o.due_ms == 0;
    }
    return true;
}

void workload_commit(struct sim *s, const struct zyd_block_view *b)
{
    struct zyd_rd envs = zyd_rd_of(b->envelopes), outcomes = zyd_rd_of(b->outcomes);
    while (envs.pos < envs.size) {
        struct zyd_env env;
        struct zyd_span bytes = zyd_rx_block(&envs, ZYD_ENV_SIZE_MAX);
        if (envs.bad || zyd_env_decode(&env, bytes) != ZYD_OK) {
            check_fail(s, ZYD_SIM_SAFETY, "an envelope in a final block is not well formed");
            return;
        }
        struct client *mine = NULL;
        for (uint8_t c = 0; c < s->client_count; c++) {
            if (s->clients[c].env != NULL && zyd_hash_eq(&s->clients[c].env_id, &env.env_id)) {
                mine = &s->clients[c];
            }
        }
        if (mine != NULL) {
            env_outcomes(s, mine, &outcomes);
        } else if (!skip_outcomes(&outcomes, env.op_count)) {
            check_fail(s, ZYD_SIM_SAFETY, "outcomes of a final block are not well formed");
            return;
        }
    }
}

void workload_member(struct zyd_member *m, char uscc[19], uint8_t index, const char *code, uint8_t role,
                     const struct zyd_pk *node, const uint8_t maker[ZYD_SK_SIZE])
{
    uscc_of(uscc, 9000000u + index);
    m->code = zyd_span(code, strlen(code));
    m->uscc = zyd_span(uscc, 18);
    m->name_zh = m->name_en = m->code;
    m->address = zyd_span("sim:1", 5);
    m->role = role;
    m->key_count = 2;
    m->keys[0] = (struct zyd_member_key){ZYD_KEY_NODE, *node};
    m->keys[1].purpose = ZYD_KEY_MAKER;
    memcpy(m->keys[1].pk.b, maker + 32, 32);
}

/* BANK, GUAR, REG, NFGF and, beyond four, OTHER members; all are validators. */
static void guarantee_genesis(struct sim *s, struct zyd_genesis *g)
{
    static const char *const codes[] = {"BANK", "GUAR", "REG", "NFGF", "M4", "M5", "M6", "M7", "M8", "M9"};
    static const uint8_t roles[] = {ZYD_ROLE_BANK, ZYD_ROLE_GUAR, ZYD_ROLE_REG, ZYD_ROLE_NFGF};
    static char usccs[NODES_MAX][19];
    static uint8_t params[4096];
    g->member_count = s->n;
    for (uint8_t i = 0; i < s->n; i++) {
        struct zyd_member *m = &g->members[i];
        workload_member(m, usccs[i], i, codes[i], i < 4 ? roles[i] : ZYD_ROLE_OTHER, &s->nodes[i].pk, s->member_sk[i]);
        m->name_zh = g->name_zh;
        m->flags = ZYD_MEMBER_VALIDATOR;
    }
    g->plugin_count = 1;
    g->plugins[0] = (struct zyd_plugin_ref){.contract = 1, .name = zyd_span("guarantee", 9)};
    zyd_sha256(&g->plugins[0].hash, s->options.plugin.data, s->options.plugin.size);
    char why[ZYD_WHY];
    struct zyd_wr wr = zyd_wr_of(params, sizeof params);
    const struct zyd_members members = zyd_genesis_members(g);
    static const struct zyd_pair pairs[] = {{"preset", "NAT2080"}, {"banks", "BANK"}};
    zyd_assert(zyd_product_params_encode(&zyd_product_guarantee, &wr, why, pairs, 2, &members) == ZYD_OK);
    g->programme_count = 1;
    g->programmes[0] = (struct zyd_programme){.id = 1,
                                              .contract = 1,
                                              .code = zyd_span("NAT2080", 7),
                                              .name_zh = g->name_zh,
                                              .name_en = g->name_en,
                                              .class_ = 1,
                                              .pending_days = 10,
                                              .params = zyd_wr_span(&wr)};
}

void workload_init(struct sim *s)
{
    struct zyd_genesis *g = sim_alloc(sizeof *g);
    g->name_zh = zyd_span("模拟", strlen("模拟"));
    g->name_en = zyd_span("simulation", 10);
    g->flags = ZYD_GENESIS_DEVELOPMENT;
    g->created_ms = (uint64_t)WALL0 - 1000;
    g->fuel_block = 50000000;
    g->fuel_call = 5000000;
    g->window_ms = 600000;
    g->pace_ms = 5;
    g->delta_ms = 100;
    g->delta_max_ms = 3000;
    g->heartbeat_ms = 60000;
    g->precision_ms = 500;
    g->msgdelay_ms = 2000;
    if (s->options.products) {
        products_genesis(s, g);
    } else {
        guarantee_genesis(s, g);
    }
    g->calendar_count = 1;
    g->calendars[0].year_count = 12;
    for (uint8_t y = 0; y < 12; y++) {
        g->calendars[0].years[y].year = (uint16_t)(2025 + y);
        memset(g->calendars[0].years[y].days, 0xff, 45); /* every day of a year works; days past its last are zero */
        bool leap = (2025 + y) % 4 == 0;
        g->calendars[0].years[y].days[45] = leap ? 0x3f : 0x1f;
    }
    s->genesis_body = sim_alloc(64 << 10);
    struct zyd_wr body = zyd_wr_of(s->genesis_body, 64 << 10);
    zyd_genesis_encode(&body, g);
    const char *reason = "";
    enum zyd_status st = zyd_genesis_decode(&s->genesis, &reason, zyd_wr_span(&body));
    if (st != ZYD_OK) {
        check_fail(s, ZYD_SIM_SAFETY, "the simulated genesis is refused: %s", reason);
    }
    free(g);
    for (uint8_t c = 0; c < s->client_count; c++) {
        s->clients[c].loan_count = s->options.loans != 0 ? s->options.loans : (size_t)prng_between(&s->client, 1, 4);
        for (size_t i = 0; i < s->clients[c].loan_count; i++) {
            s->clients[c].loans[i].number = (uint32_t)c * 100000 + s->clients[c].next_number++;
        }
        heap_push(&s->heap, (struct event){.t = prng_between(&s->client, 1, 50), .what = AT_CLIENT, .node = c});
    }
}
