/* scenario_inproc.c: the in-process backend: a consortium as planned, the real state, host and plugin, one operation a block.
 * No consensus and no disk: what consensus adds is order, and the order here is the file's. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include <zyd/date.h>
#include <zyd/host.h>
#include <zyd/scenario.h>
#include <zyd/state.h>

#include "scenario_impl.h"

#define OUTCOMES_SIZE (4u << 20)
#define ELF_MAX (256u << 10)
#define MAKER 1u /* index of the officer's key */

struct zyd_scenario_inproc {
    struct zyd_genesis g;
    uint8_t body[ZYD_GENESIS_SIZE_MAX], params[ZYD_SCENARIO_PROGRAMMES_MAX][ZYD_RECORD_VALUE_MAX];
    char uscc[ZYD_MEMBERS_MAX][19];
    uint8_t sk[ZYD_MEMBERS_MAX][2][ZYD_SK_SIZE];
    char folder[512]; /* of the plugins */
    struct zyd_buf {
        uint8_t *data;
        size_t size;
    } elf[ZYD_PLUGINS_MAX];
    void *state_mem, *host_mem;
    struct zyd_state *state;
    struct zyd_host *host;
    struct zyd_totals totals;
    struct zyd_host_block block;
    uint64_t height, time_ms, log_size;
    struct zyd_wr outcomes; /* of all blocks since they were last read; u32 length + bytes each */
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
    struct zyd_kv nothing;                      /* no record is ever checkpointed */
    const struct zyd_scenario_measure *measure; /* NULL: none */
    const struct zyd_scenario_blocks *blocks;   /* NULL: this file runs them */
};

static struct zyd_span text(const char *s)
{
    return zyd_span(s, strlen(s));
}

static enum zyd_status fail(char *why, enum zyd_status status, const char *what)
{
    snprintf(why, ZYD_SCENARIO_WHY, "%.100s (%.100s)", what, zyd_status_text(status));
    return status;
}

/* ---- genesis ---- */

static void plan_members(struct zyd_scenario_inproc *p, const struct zyd_scenario_plan *plan)
{
    for (size_t i = 0; i < plan->member_count; i++) {
        struct zyd_member *m = &p->g.members[i];
        snprintf(p->uscc[i], 19, "91430000MA4TE%04u0", (unsigned)(i % 10000));
        p->uscc[i][17] = zyd_uscc_check_char(p->uscc[i]);
        m->code = text(plan->members[i].code);
        m->uscc = zyd_span(p->uscc[i], 18);
        m->name_zh = m->name_en = m->code;
        m->address = i == 0 ? text("localhost:1") : text("");
        m->role = plan->members[i].role;
        m->flags = i == 0 ? ZYD_MEMBER_VALIDATOR : 0;
        m->key_count = 2;
        for (uint8_t k = 0; k < 2; k++) {
            const uint8_t seed[32] = {'s', 'c', 'n', (uint8_t)i, k}; /* protects nothing: an example's key */
            m->keys[k].purpose = k == 0 ? ZYD_KEY_NODE : ZYD_KEY_MAKER;
            crypto_sign_seed_keypair(m->keys[k].pk.b, p->sk[i][k], seed);
        }
    }
    p->g.member_count = (uint16_t)plan->member_count;
}

static void plan_calendar(struct zyd_calendar *c, const struct zyd_scenario_plan *plan)
{
    c->year_count = 31;
    for (int32_t y = 0; y < 31; y++) {
        int32_t first = zyd_date_to_day((2010 + y) * 10000 + 101), end = zyd_date_to_day((2011 + y) * 10000 + 101);
        c->years[y].year = (uint16_t)(2010 + y);
        memset(c->years[y].days, 0, sizeof c->years[y].days);
        for (int32_t day = first; day < end; day++) {
            bool working = scenario_working(plan, day);
            uint8_t *byte = &c->years[y].days[(day - first) / 8];
            *byte = (uint8_t)(*byte | (unsigned)working << ((day - first) % 8));
        }
    }
}

static enum zyd_status plan_programme(struct zyd_scenario_inproc *p, char *why, const struct zyd_scenario_plan *plan, size_t i)
{
    const struct zyd_scenario_programme *from = &plan->programmes[i];
    struct zyd_members members = zyd_genesis_members(&p->g);
    struct zyd_wr wr = zyd_wr_of(p->params[i], sizeof p->params[i]);
    struct zyd_programme *g = &p->g.programmes[i];
    char reason[ZYD_WHY];
    enum zyd_status s = zyd_product_params_encode(from->product, &wr, reason, from->params, from->param_count, &members);
    if (s != ZYD_OK) {
        snprintf(why, ZYD_SCENARIO_WHY, "%s: %.180s", from->code, reason);
        return s;
    }
    p->g.programme_count++;
    g->id = (uint16_t)(i + 1);
    g->contract = from->product->number;
    g->code = g->name_zh = g->name_en = text(from->code);
    g->class_ = 1;
    g->dual = 0;
    g->calendar = 0;
    g->pending_days = 10;
    g->params = zyd_wr_span(&wr);
    for (size_t k = 0; from->settlement != NULL && k < plan->programme_count; k++) {
        if (strcmp(plan->programmes[k].code, from->settlement) == 0) {
            g->settlement = (uint16_t)(k + 1);
        }
    }
    return from->settlement == NULL || g->settlement != 0 ? ZYD_OK : fail(why, ZYD_E_INVALID, "settlement: no such programme");
}

static enum zyd_status read_elf(struct zyd_scenario_inproc *p, char *why, struct zyd_buf *to, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s.elf", p->folder, name);
    FILE *f = fopen(path, "rb");
    free(to->data);
    to->data = malloc(ELF_MAX);
    zyd_assert(to->data != NULL);
    to->size = f == NULL ? 0 : fread(to->data, 1, ELF_MAX, f);
    if (f != NULL) {
        fclose(f);
    }
    if (to->size == 0 || to->size == ELF_MAX) {
        snprintf(why, ZYD_SCENARIO_WHY, "the plugin %.180s cannot be read", path);
        return ZYD_E_IO;
    }
    return ZYD_OK;
}

/* The plugins of the plan's products, ascending. */
static enum zyd_status plan_plugins(struct zyd_scenario_inproc *p, char *why, const struct zyd_scenario_plan *plan)
{
    struct zyd_genesis *g = &p->g;
    enum zyd_status s = ZYD_OK;
    const struct zyd_product *product;
    g->plugin_count = 0;
    for (uint16_t number = 1; s == ZYD_OK && number < ZYD_PLUGINS_MAX; number++) {
        bool used = false;
        product = zyd_product_by_number(number);
        for (size_t i = 0; product != NULL && i < plan->programme_count; i++) {
            used = used || plan->programmes[i].product == product;
        }
        if (used) {
            struct zyd_plugin_ref *ref = &g->plugins[g->plugin_count];
            struct zyd_buf *elf = &p->elf[g->plugin_count++];
            s = read_elf(p, why, elf, product->name);
            ref->contract = number;
            ref->name = text(product->name);
            zyd_sha256(&ref->hash, elf->data, elf->size);
        }
    }
    return s;
}

static enum zyd_status make_genesis(struct zyd_scenario_inproc *p, char *why, const struct zyd_scenario_plan *plan)
{
    struct zyd_genesis *g = &p->g;
    const char *reason;
    memset(g, 0, sizeof *g);
    g->name_zh = g->name_en = text("scenario");
    g->flags = ZYD_GENESIS_DEVELOPMENT;
    g->created_ms = (uint64_t)zyd_ms_of_date(plan->start);
    g->fuel_block = 50000000;
    g->fuel_call = 5000000;
    g->window_ms = 600000;
    g->pace_ms = 5;
    g->delta_ms = 100;
    g->delta_max_ms = 5000;
    g->heartbeat_ms = 10000;
    g->precision_ms = 500;
    g->msgdelay_ms = 1000;
    plan_members(p, plan);
    g->calendar_count = 1;
    plan_calendar(&g->calendars[0], plan);
    enum zyd_status s = plan_plugins(p, why, plan);
    for (size_t i = 0; s == ZYD_OK && i < plan->programme_count; i++) {
        s = plan_programme(p, why, plan, i);
    }
    if (s != ZYD_OK) {
        return s;
    }
    struct zyd_wr wr = zyd_wr_of(p->body, sizeof p->body);
    zyd_genesis_encode(&wr, g);
    if (wr.full) {
        return fail(why, ZYD_E_TOO_BIG, "genesis");
    }
    s = zyd_genesis_decode(g, &reason, zyd_wr_span(&wr));
    return s == ZYD_OK ? s : fail(why, s, reason);
}

static enum zyd_status apply(struct zyd_scenario_inproc *p, struct zyd_overlay *o)
{
    struct zyd_hash root;
    uint64_t size;
    zyd_overlay_seal(o, &size, &root);
    enum zyd_status s = zyd_state_apply(p->state, o);
    zyd_state_due_prune(p->state, &p->block.sys_cursor);
    return s;
}

static enum zyd_status start(void *ctx, char *why, const struct zyd_scenario_plan *plan)
{
    struct zyd_state_limits limits = {
        .records_max = 1u << 17, .recent_bytes = 64u << 20, .overlay_bytes = 8u << 20, .due_max = 1u << 16};
    struct zyd_scenario_inproc *p = ctx;
    const char *reason;
    enum zyd_status s = make_genesis(p, why, plan);
    if (s != ZYD_OK) {
        return s;
    }
    free(p->state_mem);
    free(p->host_mem);
    if (p->measure != NULL) {
        limits = p->measure->limits;
        free(p->outcomes.data);
        p->outcomes = zyd_wr_of(malloc(p->measure->outcome_bytes), p->measure->outcome_bytes);
        zyd_assert(p->outcomes.data != NULL);
    }
    p->state_mem = calloc(1, zyd_state_footprint(&limits));
    p->host_mem = calloc(1, zyd_host_footprint(&p->g) + 16);
    zyd_assert(p->state_mem != NULL && p->host_mem != NULL);
    p->nothing = zyd_kv_empty();
    p->state = zyd_state_init(p->state_mem, &limits, &p->nothing);
    p->host = zyd_host_init(p->host_mem, &p->g);
    for (size_t i = 0; i < p->g.plugin_count; i++) {
        s = zyd_host_plugin(p->host, &reason, zyd_span(p->elf[i].data, p->elf[i].size));
        if (s != ZYD_OK) {
            return fail(why, s, reason);
        }
    }
    struct zyd_overlay *o = zyd_overlay_begin(p->state, NULL);
    memset(&p->block, 0, sizeof p->block);
    memset(&p->totals, 0, sizeof p->totals);
    s = zyd_host_genesis(p->host, o, &p->totals);
    if (s == ZYD_OK) {
        s = apply(p, o);
    }
    p->height = 0;
    p->log_size = 1;
    p->time_ms = p->g.created_ms;
    p->outcomes.size = 0;
    if (s == ZYD_OK && p->blocks != NULL) {
        struct zyd_scenario_world world = {&p->g, p->state, p->host, &p->totals, p->sk[p->g.validators[0]][0], {{NULL, 0}}};
        for (size_t i = 0; i < p->g.plugin_count; i++) {
            world.plugins[i] = zyd_span(p->elf[i].data, p->elf[i].size);
        }
        p->blocks->start(p->blocks->ctx, &world);
    }
    return s == ZYD_OK ? s : fail(why, s, "genesis");
}

/* ---- blocks ---- */

static enum zyd_status run_op(struct zyd_scenario_inproc *p, uint32_t *code, const struct zyd_env *env)
{
    struct zyd_op op;
    uint32_t count, ok;
    size_t pos = 0;
    zyd_assert(zyd_env_next_op(&op, env, &pos));
    p->block.op_number = 0;
    p->block.env_fuel = 0;
    return zyd_host_run_op(p->host, &p->outcomes, &count, &ok, code, &p->block, env, &op);
}

/* What run_block is about to do, timed by the caller, without a trace. */
static enum zyd_status rehearse(struct zyd_scenario_inproc *p, const struct zyd_env *env)
{
    struct zyd_host_block block = p->block;
    struct zyd_totals totals = p->totals;
    size_t size = p->outcomes.size;
    uint32_t code;
    bool ran = true;
    enum zyd_status s = ZYD_OK;
    p->block.overlay = zyd_overlay_begin(p->state, NULL);
    while (s == ZYD_OK && ran) {
        s = zyd_host_run_sys(p->host, &p->outcomes, &ran, &p->block);
    }
    if (s == ZYD_OK) {
        p->block.log_index++;
        p->measure->around(p->measure->ctx, true);
        s = run_op(p, &code, env);
        p->measure->around(p->measure->ctx, false);
    }
    zyd_overlay_drop(p->state, p->block.overlay);
    p->block = block;
    p->totals = totals;
    p->outcomes.size = size;
    return s;
}

/* Opens a block at time_ms, runs its SYS phase, then the operation of env (may be NULL), and applies it. */
static enum zyd_status run_block(struct zyd_scenario_inproc *p, char *why, uint32_t *code, uint64_t time_ms,
                                 const struct zyd_env *env)
{
    bool ran = true;
    enum zyd_status s = ZYD_OK;
    p->time_ms = time_ms;
    if (p->blocks != NULL) {
        s = p->blocks->run(p->blocks->ctx, &p->outcomes, code, time_ms, env);
        return s == ZYD_OK ? s : fail(why, s, "the block cannot be executed");
    }
    p->height++;
    p->block = (struct zyd_host_block){
        .height = p->height, .time_ms = time_ms, .totals = &p->totals, .log_index = p->log_size + 1};
    for (unsigned i = 0; s == ZYD_OK && env != NULL && p->measure != NULL && i < p->measure->rehearsals; i++) {
        s = rehearse(p, env);
    }
    struct zyd_overlay *o = p->block.overlay = zyd_overlay_begin(p->state, NULL);
    while (s == ZYD_OK && ran) {
        s = zyd_host_run_sys(p->host, &p->outcomes, &ran, &p->block);
    }
    p->log_size += p->block.op_count != 0 ? 2 : 1;
    if (s == ZYD_OK && env != NULL) {
        p->block.log_index = p->log_size++;
        s = run_op(p, code, env);
    }
    if (s == ZYD_OK) {
        s = apply(p, o);
    }
    return s == ZYD_OK ? s : fail(why, s, "the block cannot be executed");
}

static enum zyd_status run_due(struct zyd_scenario_inproc *p, char *why, uint64_t time_ms)
{
    enum zyd_status s = run_block(p, why, NULL, time_ms, NULL);
    while (s == ZYD_OK && zyd_host_sys_due(p->host, p->state, NULL, p->time_ms)) {
        s = run_block(p, why, NULL, p->time_ms + 1, NULL);
    }
    return s;
}

static enum zyd_status advance(void *ctx, char *why, int64_t time_ms)
{
    struct zyd_scenario_inproc *p = ctx;
    uint64_t at = (uint64_t)time_ms;
    if (at <= p->time_ms) {
        if (zyd_date_of_ms((int64_t)p->time_ms) == zyd_date_of_ms(time_ms)) {
            return ZYD_OK;
        }
        return fail(why, ZYD_E_INVALID, "time does not go back");
    }
    return run_due(p, why, at);
}

/* A second lies between two operations, so that a reader of the ledger can tell them apart. */
static uint64_t step_ms(const struct zyd_scenario_inproc *p)
{
    return p->measure != NULL ? p->measure->step_ms : 1000;
}

static enum zyd_status one_envelope(struct zyd_scenario_inproc *p, char *why, uint32_t *code, const struct zyd_op *op,
                                    uint8_t flags, const uint16_t *members, size_t count)
{
    static uint8_t op_bytes[ZYD_OP_SIZE_MAX], ops_bytes[ZYD_OP_SIZE_MAX + 8], env_bytes[ZYD_OP_SIZE_MAX + 4096];
    struct zyd_wr one = zyd_wr_of(op_bytes, sizeof op_bytes), ops = zyd_wr_of(ops_bytes, sizeof ops_bytes);
    struct zyd_wr wr = zyd_wr_of(env_bytes, sizeof env_bytes);
    struct zyd_hash leaf;
    struct zyd_env env;
    zyd_op_encode(&one, op);
    zyd_wx_block(&ops, zyd_wr_span(&one));
    bool governs = op->contract == ZYD_CONTRACT_HOST && op->event >= ZYD_HOST_PROGRAMME && op->event <= ZYD_HOST_REVOKE;
    zyd_env_build(&wr, &p->g.hash, governs ? ZYD_ENV_GOVERNANCE : ZYD_ENV_BUSINESS, flags, p->time_ms + 300000, 1,
                  zyd_wr_span(&ops), &leaf);
    for (uint16_t m = 0; m < p->g.member_count; m++) { /* ascending, as an envelope wants them */
        for (size_t i = 0; i < count; i++) {
            if (members[i] == m) {
                zyd_env_sign(&wr, m, MAKER, p->sk[m][MAKER]);
                break;
            }
        }
    }
    if (one.full || ops.full || wr.full) {
        return fail(why, ZYD_E_TOO_BIG, "operation");
    }
    enum zyd_status s = zyd_env_decode(&env, zyd_wr_span(&wr));
    if (s != ZYD_OK) {
        return fail(why, s, "envelope");
    }
    return run_block(p, why, code, p->time_ms + step_ms(p), &env);
}

static enum zyd_status submit(void *ctx, char *why, uint32_t *code, const struct zyd_op *op, const uint16_t *members,
                              size_t count, bool in_turn)
{
    struct zyd_scenario_inproc *p = ctx;
    enum zyd_status s = one_envelope(p, why, code, op, in_turn ? ZYD_ENV_MAY_WAIT : 0, members, in_turn ? 1 : count);
    if (s == ZYD_OK && in_turn && *code == ZYD_CODE_PENDING) {
        static uint8_t bytes[ZYD_OP_SIZE_MAX];
        const uint8_t no_args[1] = {0x90};
        struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
        struct zyd_hash op_id;
        zyd_op_encode(&wr, op);
        zyd_merkle_leaf(&op_id, bytes, wr.size);
        for (size_t i = 1; s == ZYD_OK && i < count; i++) {
            struct zyd_op counter = {.contract = ZYD_CONTRACT_HOST,
                                     .event = ZYD_HOST_COUNTERSIGN,
                                     .member = members[i],
                                     .has_object = true,
                                     .object = op_id,
                                     .args = zyd_span(no_args, 1)};
            s = one_envelope(p, why, code, &counter, 0, &members[i], 1);
        }
    }
    return s == ZYD_OK ? run_due(p, why, p->time_ms + step_ms(p)) : s;
}

/* ---- reading ---- */

static enum zyd_status outcomes(void *ctx, char *why, void (*each)(void *to, const struct zyd_outcome *outcome), void *to)
{
    struct zyd_scenario_inproc *p = ctx;
    struct zyd_rd rd = zyd_rd_of(zyd_wr_span(&p->outcomes));
    while (rd.pos < rd.size) {
        struct zyd_outcome o;
        struct zyd_span bytes = zyd_rx_block(&rd, rd.size);
        enum zyd_status s = zyd_outcome_decode(&o, p->postings, p->events, p->warnings, bytes);
        if (rd.bad || s != ZYD_OK) {
            return fail(why, ZYD_E_MALFORMED, "outcome");
        }
        each(to, &o);
    }
    if (p->outcomes.full) {
        return fail(why, ZYD_E_FULL, "outcomes");
    }
    p->outcomes.size = 0;
    return ZYD_OK;
}

static enum zyd_status record(void *ctx, char *why, uint8_t *value, size_t *size, uint64_t *seq, const struct zyd_hash *key)
{
    struct zyd_scenario_inproc *p = ctx;
    struct zyd_record r;
    enum zyd_status s = zyd_state_get(p->state, &r, key);
    *size = 0;
    *seq = 0;
    if (s == ZYD_E_NOT_FOUND) {
        return ZYD_OK;
    }
    if (s != ZYD_OK) {
        return fail(why, s, "record");
    }
    memcpy(value, r.value.data, r.value.size);
    *size = r.value.size;
    *seq = r.seq;
    return ZYD_OK;
}

static enum zyd_status balance(void *ctx, char *why, zyd_i128 *out, uint16_t member, uint16_t programme,
                               const char *account)
{
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_account a;
    struct zyd_hash key;
    size_t size;
    uint64_t seq;
    zyd_account_key(&key, member, programme, text(account));
    enum zyd_status s = record(ctx, why, value, &size, &seq, &key);
    *out = 0;
    if (s == ZYD_OK && size != 0) {
        s = zyd_account_decode(&a, zyd_span(value, size));
        *out = s == ZYD_OK ? (zyd_i128)a.debits - (zyd_i128)a.credits : 0;
    }
    return s;
}

static enum zyd_status root(void *ctx, char *why, struct zyd_hash *out)
{
    (void)why;
    zyd_state_root(((struct zyd_scenario_inproc *)ctx)->state, out);
    return ZYD_OK;
}

static const struct zyd_genesis *genesis(void *ctx)
{
    return &((struct zyd_scenario_inproc *)ctx)->g;
}

static uint16_t programme(void *ctx, size_t index)
{
    (void)ctx;
    return (uint16_t)(index + 1);
}

struct zyd_scenario_inproc *zyd_scenario_inproc_new(char why[ZYD_SCENARIO_WHY], const char *plugins)
{
    struct zyd_scenario_inproc *p = calloc(1, sizeof *p);
    zyd_assert(p != NULL);
    if (strlen(plugins) >= sizeof p->folder) {
        snprintf(why, ZYD_SCENARIO_WHY, "the plugins' folder has a name that is too long");
        free(p);
        return NULL;
    }
    snprintf(p->folder, sizeof p->folder, "%s", plugins);
    p->outcomes = zyd_wr_of(malloc(OUTCOMES_SIZE), OUTCOMES_SIZE);
    zyd_assert(p->outcomes.data != NULL);
    return p;
}

void zyd_scenario_inproc_measure(struct zyd_scenario_inproc *p, const struct zyd_scenario_measure *measure)
{
    p->measure = measure;
}

void zyd_scenario_inproc_blocks(struct zyd_scenario_inproc *p, const struct zyd_scenario_blocks *blocks)
{
    p->blocks = blocks;
}

void zyd_scenario_inproc_free(struct zyd_scenario_inproc *p)
{
    if (p != NULL) {
        for (size_t i = 0; i < ZYD_PLUGINS_MAX; i++) {
            free(p->elf[i].data);
        }
        free(p->outcomes.data);
        free(p->state_mem);
        free(p->host_mem);
        free(p);
    }
}

struct zyd_scenario_backend zyd_scenario_inproc_backend(struct zyd_scenario_inproc *p)
{
    return (struct zyd_scenario_backend){p, start, genesis, programme, advance, submit, outcomes, balance, record, root};
}
