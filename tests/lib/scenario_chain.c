#include "tests/lib/scenario_chain.h"
#include "node/replica/replica_internal.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zyd/bundle.h>

#define OUT_SIZE (8u << 20)
#define MAKER 1u /* index of the officer's key */

struct block {
    struct zyd_span value, finality;
};
struct zyd_chain {
    struct zyd_scenario_inproc *inproc; /* makes the genesis */
    struct zyd_scenario_backend inner;
    char folder[512];
    const struct zyd_genesis *g;
    struct zyd_span elf[ZYD_PLUGINS_MAX];
    void *state_mem, *host_mem;
    struct zyd_kv kv;
    struct zyd_state *state;
    struct zyd_host *host;
    struct zyd_header head;
    struct zyd_frontier frontier;
    struct zyd_due cursor;
    struct block *blocks;
    size_t count, told; /* told: blocks whose outcomes were read */
    uint8_t *out;
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
};

struct zyd_chain *zyd_chain_new(const char *plugins)
{
    char why[ZYD_SCENARIO_WHY];
    struct zyd_chain *c = calloc(1, sizeof *c);
    zyd_assert(c != NULL);
    c->out = malloc(OUT_SIZE);
    c->inproc = zyd_scenario_inproc_new(why, plugins);
    zyd_assert(c->out != NULL && c->inproc != NULL);
    c->inner = zyd_scenario_inproc_backend(c->inproc);
    snprintf(c->folder, sizeof c->folder, "%s", plugins);
    return c;
}

void zyd_chain_free(struct zyd_chain *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free((void *)(uintptr_t)c->blocks[i].value.data);
        free((void *)(uintptr_t)c->blocks[i].finality.data);
    }
    for (size_t i = 0; i < ZYD_PLUGINS_MAX; i++) {
        free((void *)(uintptr_t)c->elf[i].data);
    }
    free(c->blocks);
    free(c->state_mem);
    free(c->host_mem);
    free(c->out);
    zyd_scenario_inproc_free(c->inproc);
    free(c);
}

const struct zyd_genesis *zyd_chain_genesis(const struct zyd_chain *c)
{
    return c->g;
}

static enum zyd_status fail(char *why, enum zyd_status status, const char *what)
{
    snprintf(why, ZYD_SCENARIO_WHY, "%.100s (%.100s)", what, zyd_status_text(status));
    return status;
}

/* The keys that a scenario's consortium has (node/scenario/scenario_inproc.c). */
static void secret(uint8_t sk[ZYD_SK_SIZE], uint16_t member, uint8_t key)
{
    const uint8_t seed[32] = {'s', 'c', 'n', (uint8_t)member, key};
    struct zyd_pk pk;
    crypto_sign_seed_keypair(pk.b, sk, seed);
}

/* ---- blocks ---- */

static void certificate(struct zyd_cert *out, const struct zyd_chain *c, uint8_t type, const struct zyd_header *h)
{
    uint8_t sk[ZYD_SK_SIZE], preimage[ZYD_VOTE_PREIMAGE_SIZE];
    struct zyd_vote v = {.type = type, .epoch = h->epoch, .view = h->view, .height = h->height};
    zyd_header_hash(&v.hash, h);
    zyd_vote_preimage(preimage, &c->g->hash, &v);
    memset(out, 0, sizeof *out);
    out->type = type;
    out->epoch = h->epoch;
    out->view = h->view;
    out->height = h->height;
    out->hash = v.hash;
    out->bitmap = 1;
    secret(sk, c->g->validators[0], 0);
    zyd_sig_sign(&out->sigs[0], sk, preimage, sizeof preimage);
}

static struct zyd_span copied(struct zyd_span bytes)
{
    uint8_t *p = malloc(bytes.size + 1);
    zyd_assert(p != NULL);
    memcpy(p, bytes.data, bytes.size);
    return zyd_span(p, bytes.size);
}

/* Everything that a block says before it is executed. */
static struct zyd_header begin(const struct zyd_chain *c, struct zyd_wr *just, uint64_t time_ms, const struct zyd_env *env)
{
    struct zyd_header h = c->head;
    struct zyd_frontier body = {0};
    struct zyd_cert parent;
    size_t certs = c->head.height > 0;
    if (certs > 0) {
        certificate(&parent, c, ZYD_VOTE_N, &c->head);
    }
    zyd_just_encode(just, &parent, certs);
    zyd_just_root(&h.just_root, &parent, certs);
    zyd_header_hash(&h.parent_hash, &c->head);
    h.parent_view = c->head.view;
    h.view = c->head.view + 1;
    h.height = c->head.height + 1;
    h.time_ms = time_ms;
    h.env_count = env != NULL;
    h.body_size = env == NULL ? 0 : (uint32_t)env->bytes.size;
    if (env != NULL) {
        zyd_frontier_append(&body, &env->env_hash);
    }
    zyd_frontier_root(&h.body_root, &body);
    return h;
}

static void keep(struct zyd_chain *c, const struct zyd_header *h, struct zyd_span just, const struct zyd_env *env,
                 const struct exec *x)
{
    static uint8_t value[OUT_SIZE + (1u << 20)], finality[ZYD_FINALITY_SIZE_MAX], front[4096], envelopes[ZYD_ENV_SIZE_MAX + 8];
    uint8_t header[ZYD_HEADER_SIZE];
    struct zyd_wr f = zyd_wr_of(front, sizeof front), e = zyd_wr_of(envelopes, sizeof envelopes),
                  v = zyd_wr_of(value, sizeof value), p = zyd_wr_of(finality, sizeof finality);
    struct zyd_rd rd = zyd_rd_of(zyd_wr_span(&x->wr));
    struct zyd_finality final = {.header_count = 0};
    zyd_header_encode(header, h);
    zyd_frontier_encode(&f, &c->frontier);
    if (env != NULL) {
        zyd_wx_block(&e, env->bytes);
    }
    struct zyd_block_view b = {.header_bytes = zyd_span(header, sizeof header), .just = just, .frontier = zyd_wr_span(&f),
                               .envelopes = zyd_wr_span(&e)};
    b.sys = zyd_rx_block(&rd, rd.size);
    b.outcomes = zyd_rx_block(&rd, rd.size);
    zyd_block_encode(&v, &b);
    certificate(&final.fc, c, ZYD_VOTE_F, h);
    zyd_finality_encode(&p, &final);
    zyd_assert(!v.full && !p.full && !e.full && !f.full && !rd.bad);
    c->blocks = realloc(c->blocks, (c->count + 1) * sizeof *c->blocks);
    zyd_assert(c->blocks != NULL);
    c->blocks[c->count++] = (struct block){copied(zyd_wr_span(&v)), copied(zyd_wr_span(&p))};
}

static enum zyd_status run_block(struct zyd_chain *c, char *why, uint32_t *code, uint64_t time_ms, const struct zyd_env *env)
{
    uint8_t bytes[ZYD_CERT_SIZE_MAX + 8];
    struct zyd_wr just = zyd_wr_of(bytes, sizeof bytes);
    struct zyd_header h = begin(c, &just, time_ms, env);
    struct exec x;
    struct zyd_overlay *o = zyd_overlay_begin(c->state, NULL);
    zyd_replica_exec_begin(&x, c->host, c->g, o, &h, &c->head, &c->frontier, c->out, OUT_SIZE, ZYD_BLOCK_OPS_MAX);
    enum zyd_status s = zyd_replica_exec_sys(&x);
    size_t first = x.wr.size;
    s = s == ZYD_OK && env != NULL ? zyd_replica_exec_env(&x, env) : s;
    for (struct zyd_rd rd = zyd_rd_of(zyd_span(x.wr.data + first, x.wr.size - first)); s == ZYD_OK && rd.pos < rd.size;) {
        struct zyd_outcome one; /* the operation's own is the last */
        s = zyd_outcome_decode(&one, c->postings, c->events, c->warnings, zyd_rx_block(&rd, rd.size));
        *code = one.code;
    }
    s = s == ZYD_OK ? zyd_replica_exec_end(&x, &h) : s;
    if (s == ZYD_OK) {
        keep(c, &h, zyd_wr_span(&just), env, &x);
        s = zyd_state_apply(c->state, o);
        zyd_state_due_prune(c->state, &x.hb.sys_cursor);
        c->head = h;
        c->frontier = x.frontier;
    }
    return s == ZYD_OK ? s : fail(why, s, "the block cannot be executed");
}

static enum zyd_status run_due(struct zyd_chain *c, char *why, uint64_t time_ms)
{
    uint32_t code;
    enum zyd_status s = run_block(c, why, &code, time_ms, NULL);
    while (s == ZYD_OK && zyd_host_sys_due(c->host, c->state, NULL, c->head.time_ms)) {
        s = run_block(c, why, &code, c->head.time_ms + 1, NULL);
    }
    return s;
}

/* ---- the backend ---- */

static enum zyd_status load_plugins(struct zyd_chain *c, char *why)
{
    const char *reason = "";
    for (uint16_t i = 0; i < c->g->plugin_count; i++) {
        char path[600];
        struct zyd_err err = {0};
        uint8_t *bytes;
        size_t size;
        snprintf(path, sizeof path, "%s/%.*s.elf", c->folder, (int)c->g->plugins[i].name.size,
                 (const char *)c->g->plugins[i].name.data);
        enum zyd_status s = zyd_file_read(&bytes, &size, &err, path, 1u << 20);
        if (s != ZYD_OK) {
            return fail(why, s, err.text);
        }
        c->elf[i] = zyd_span(bytes, size);
        s = zyd_host_plugin(c->host, &reason, c->elf[i]);
        if (s != ZYD_OK) {
            return fail(why, s, reason);
        }
    }
    return ZYD_OK;
}

static enum zyd_status start(void *ctx, char *why, const struct zyd_scenario_plan *plan)
{
    const struct zyd_state_limits limits = {
        .records_max = 1u << 17, .recent_bytes = 64u << 20, .overlay_bytes = 8u << 20, .due_max = 1u << 16};
    struct zyd_chain *c = ctx;
    struct zyd_totals totals = {0};
    struct zyd_hash root;
    uint64_t size;
    enum zyd_status s = c->inner.start(c->inner.ctx, why, plan);
    if (s != ZYD_OK) {
        return s;
    }
    c->g = c->inner.genesis(c->inner.ctx);
    c->state_mem = calloc(1, zyd_state_footprint(&limits));
    c->host_mem = calloc(1, zyd_host_footprint(c->g) + 16);
    zyd_assert(c->state_mem != NULL && c->host_mem != NULL);
    c->kv = zyd_kv_empty();
    c->state = zyd_state_init(c->state_mem, &limits, &c->kv);
    c->host = zyd_host_init(c->host_mem, c->g);
    s = load_plugins(c, why);
    if (s != ZYD_OK) {
        return s;
    }
    struct zyd_overlay *o = zyd_overlay_begin(c->state, NULL);
    s = zyd_host_genesis(c->host, o, &totals);
    zyd_overlay_seal(o, &size, &root);
    s = s == ZYD_OK ? zyd_state_apply(c->state, o) : s;
    zyd_replica_genesis_header(&c->head, c->g, size, &root, &totals);
    return s == ZYD_OK ? s : fail(why, s, "genesis");
}

static const struct zyd_genesis *genesis(void *ctx)
{
    return ((struct zyd_chain *)ctx)->g;
}

static uint16_t programme(void *ctx, size_t index)
{
    (void)ctx;
    return (uint16_t)(index + 1);
}

static enum zyd_status advance(void *ctx, char *why, int64_t time_ms)
{
    struct zyd_chain *c = ctx;
    return (uint64_t)time_ms <= c->head.time_ms ? ZYD_OK : run_due(c, why, (uint64_t)time_ms);
}

static enum zyd_status envelope(struct zyd_chain *c, char *why, uint32_t *code, const struct zyd_op *op, uint8_t flags,
                                const uint16_t *members, size_t count)
{
    static uint8_t op_bytes[ZYD_OP_SIZE_MAX], ops_bytes[ZYD_OP_SIZE_MAX + 8], env_bytes[ZYD_OP_SIZE_MAX + 4096];
    struct zyd_wr one = zyd_wr_of(op_bytes, sizeof op_bytes), ops = zyd_wr_of(ops_bytes, sizeof ops_bytes);
    struct zyd_wr wr = zyd_wr_of(env_bytes, sizeof env_bytes);
    struct zyd_hash leaf;
    struct zyd_env env;
    zyd_op_encode(&one, op);
    zyd_wx_block(&ops, zyd_wr_span(&one));
    bool governs = op->contract == ZYD_CONTRACT_HOST && op->event >= ZYD_HOST_PROGRAMME && op->event <= ZYD_HOST_REVOKE;
    zyd_env_build(&wr, &c->g->hash, governs ? ZYD_ENV_GOVERNANCE : ZYD_ENV_BUSINESS, flags, c->head.time_ms + 300000, 1, zyd_wr_span(&ops), &leaf);
    for (uint16_t m = 0; m < c->g->member_count; m++) { /* ascending, as an envelope wants them */
        for (size_t i = 0; i < count; i++) {
            if (members[i] == m) {
                uint8_t sk[ZYD_SK_SIZE];
                secret(sk, m, MAKER);
                zyd_env_sign(&wr, m, MAKER, sk);
                break;
            }
        }
    }
    enum zyd_status s = one.full || ops.full || wr.full ? ZYD_E_TOO_BIG : zyd_env_decode(&env, zyd_wr_span(&wr));
    return s == ZYD_OK ? run_block(c, why, code, c->head.time_ms + 1000, &env) : fail(why, s, "envelope");
}

static enum zyd_status submit(void *ctx, char *why, uint32_t *code, const struct zyd_op *op, const uint16_t *members,
                              size_t count, bool in_turn)
{
    struct zyd_chain *c = ctx;
    enum zyd_status s = envelope(c, why, code, op, in_turn ? ZYD_ENV_MAY_WAIT : 0, members, in_turn ? 1 : count);
    if (s == ZYD_OK && in_turn && *code == ZYD_CODE_PENDING) {
        static uint8_t bytes[ZYD_OP_SIZE_MAX];
        const uint8_t none[1] = {0x90};
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
                                     .args = zyd_span(none, 1)};
            s = envelope(c, why, code, &counter, 0, &members[i], 1);
        }
    }
    return s == ZYD_OK ? run_due(c, why, c->head.time_ms + 1000) : s;
}

static enum zyd_status outcomes(void *ctx, char *why, void (*each)(void *to, const struct zyd_outcome *outcome), void *to)
{
    struct zyd_chain *c = ctx;
    for (; c->told < c->count; c->told++) {
        struct zyd_block_view b;
        enum zyd_status s = zyd_block_decode(&b, c->blocks[c->told].value);
        const struct zyd_span sections[2] = {b.sys, b.outcomes};
        for (size_t i = 0; i < 2 && s == ZYD_OK; i++) {
            for (struct zyd_rd rd = zyd_rd_of(sections[i]); rd.pos < rd.size && s == ZYD_OK;) {
                struct zyd_outcome o;
                s = zyd_outcome_decode(&o, c->postings, c->events, c->warnings, zyd_rx_block(&rd, rd.size));
                if (s == ZYD_OK) {
                    each(to, &o);
                }
            }
        }
        if (s != ZYD_OK) {
            return fail(why, s, "outcome");
        }
    }
    return ZYD_OK;
}

static enum zyd_status record(void *ctx, char *why, uint8_t *value, size_t *size, uint64_t *seq, const struct zyd_hash *key)
{
    struct zyd_chain *c = ctx;
    struct zyd_record r;
    enum zyd_status s = zyd_state_get(c->state, &r, key);
    *size = 0;
    *seq = 0;
    if (s == ZYD_OK) {
        memcpy(value, r.value.data, r.value.size);
        *size = r.value.size;
        *seq = r.seq;
    }
    return s == ZYD_OK || s == ZYD_E_NOT_FOUND ? ZYD_OK : fail(why, s, "record");
}

static enum zyd_status balance(void *ctx, char *why, zyd_i128 *out, uint16_t member, uint16_t number, const char *account)
{
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_account a;
    struct zyd_hash key;
    size_t size;
    uint64_t seq;
    zyd_account_key(&key, member, number, zyd_span(account, strlen(account)));
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
    zyd_state_root(((struct zyd_chain *)ctx)->state, out);
    return ZYD_OK;
}

struct zyd_scenario_backend zyd_chain_backend(struct zyd_chain *c)
{
    struct zyd_scenario_backend b = c->inner; /* what is not named here is the inner one's */
    b.ctx = c;
    b.start = start;
    b.genesis = genesis;
    b.programme = programme;
    b.advance = advance;
    b.submit = submit;
    b.outcomes = outcomes;
    b.balance = balance;
    b.record = record;
    b.root = root;
    return b;
}

void zyd_chain_write(const struct zyd_chain *c, const char *dir)
{
    struct zyd_bundle *b = NULL;
    struct zyd_err err = {0};
    struct zyd_bundle_options o = {.dir = dir, .g = c->g, .tool = "tests", .created_ms = INT64_C(1767571200000)};
    enum zyd_status s = zyd_bundle_create(&b, &err, &o);
    for (size_t i = 0; s == ZYD_OK && i < c->g->plugin_count; i++) {
        s = zyd_bundle_plugin(b, &err, c->elf[i]);
    }
    for (size_t i = 0; s == ZYD_OK && i < c->count; i++) {
        struct zyd_block_view v;
        s = zyd_block_decode(&v, c->blocks[i].value);
        s = s == ZYD_OK ? zyd_bundle_block(b, &err, &v, c->blocks[i].finality) : s;
    }
    s = s == ZYD_OK ? zyd_bundle_finish(b, &err) : s;
    if (s != ZYD_OK) {
        fprintf(stderr, "%s\n", err.text);
        zyd_assert(false);
    }
    zyd_bundle_free(b);
}
