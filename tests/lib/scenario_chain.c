#include "tests/lib/scenario_chain.h"
#include "node/replica/replica_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <zyd/bundle.h>

#define OUT_SIZE (8u << 20)

struct block {
    struct zyd_span value, finality;
};
struct zyd_chain {
    struct zyd_scenario_inproc *inproc; /* all but the blocks */
    struct zyd_scenario_blocks hooks;
    struct zyd_scenario_world world;
    struct zyd_header head;
    struct zyd_frontier frontier;
    struct block *blocks;
    size_t count;
    uint8_t *out;
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
};

/* ---- blocks ---- */

static void certificate(struct zyd_cert *out, const struct zyd_chain *c, uint8_t type, const struct zyd_header *h)
{
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    struct zyd_vote v = {.type = type, .epoch = h->epoch, .view = h->view, .height = h->height};
    zyd_header_hash(&v.hash, h);
    zyd_vote_preimage(preimage, &c->world.g->hash, &v);
    memset(out, 0, sizeof *out);
    out->type = type;
    out->epoch = h->epoch;
    out->view = h->view;
    out->height = h->height;
    out->hash = v.hash;
    out->bitmap = 1;
    zyd_sig_sign(&out->sigs[0], c->world.sk, preimage, sizeof preimage);
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

/* ---- the backend's blocks ---- */

static void start(void *ctx, const struct zyd_scenario_world *world)
{
    struct zyd_chain *c = ctx;
    struct zyd_hash root;
    c->world = *world;
    zyd_state_root(world->state, &root);
    zyd_replica_genesis_header(&c->head, world->g, zyd_state_size(world->state), &root, world->totals);
}

static enum zyd_status run(void *ctx, struct zyd_wr *out, uint32_t *code, uint64_t time_ms, const struct zyd_env *env)
{
    struct zyd_chain *c = ctx;
    uint8_t bytes[ZYD_CERT_SIZE_MAX + 8];
    struct zyd_wr just = zyd_wr_of(bytes, sizeof bytes);
    struct zyd_header h = begin(c, &just, time_ms, env);
    struct exec x;
    struct zyd_overlay *o = zyd_overlay_begin(c->world.state, NULL);
    zyd_replica_exec_begin(&x, c->world.host, c->world.g, o, &h, &c->head, &c->frontier, c->out, OUT_SIZE, ZYD_BLOCK_OPS_MAX);
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
        struct zyd_rd rd = zyd_rd_of(zyd_wr_span(&x.wr));
        keep(c, &h, zyd_wr_span(&just), env, &x);
        for (unsigned section = 0; section < 2; section++) { /* SYS, operations */
            struct zyd_span told = zyd_rx_block(&rd, rd.size);
            zyd_wx_bytes(out, told.data, told.size);
        }
        s = zyd_state_apply(c->world.state, o);
        zyd_state_due_prune(c->world.state, &x.hb.sys_cursor);
        c->head = h;
        c->frontier = x.frontier;
    }
    return s;
}

/* ---- the door ---- */

struct zyd_chain *zyd_chain_new(const char *plugins)
{
    char why[ZYD_SCENARIO_WHY];
    struct zyd_chain *c = calloc(1, sizeof *c);
    zyd_assert(c != NULL);
    c->out = malloc(OUT_SIZE);
    c->inproc = zyd_scenario_inproc_new(why, plugins);
    zyd_assert(c->out != NULL && c->inproc != NULL);
    c->hooks = (struct zyd_scenario_blocks){c, start, run};
    zyd_scenario_inproc_blocks(c->inproc, &c->hooks);
    return c;
}

void zyd_chain_free(struct zyd_chain *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free((void *)(uintptr_t)c->blocks[i].value.data);
        free((void *)(uintptr_t)c->blocks[i].finality.data);
    }
    free(c->blocks);
    free(c->out);
    zyd_scenario_inproc_free(c->inproc);
    free(c);
}

const struct zyd_genesis *zyd_chain_genesis(const struct zyd_chain *c)
{
    return c->world.g;
}

struct zyd_scenario_backend zyd_chain_backend(struct zyd_chain *c)
{
    return zyd_scenario_inproc_backend(c->inproc);
}

void zyd_chain_write(const struct zyd_chain *c, const char *dir)
{
    struct zyd_bundle *b = NULL;
    struct zyd_err err = {0};
    struct zyd_bundle_options o = {.dir = dir, .g = c->world.g, .tool = "tests", .created_ms = INT64_C(1767571200000)};
    enum zyd_status s = zyd_bundle_create(&b, &err, &o);
    for (size_t i = 0; s == ZYD_OK && i < c->world.g->plugin_count; i++) {
        s = zyd_bundle_plugin(b, &err, c->world.plugins[i]);
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
