/* One run: faults are drawn from the seed, then healed, then everything must work again. */
#include "world.h"
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zyd/state.h>

int64_t sim_wall(const struct sim *s, const struct node *n)
{
    return WALL0 + s->now + s->wall_jump + (n == NULL ? 0 : n->clock_offset_ms);
}

void sim_trace(struct sim *s, const char *format, ...)
{
    char line[400];
    int at = snprintf(line, sizeof line, "[%7lld] ", (long long)s->now);
    va_list ap;
    va_start(ap, format);
    vsnprintf(line + at, sizeof line - (size_t)at, format, ap);
    va_end(ap);
    zyd_hasher_add(&s->trace, line, strlen(line));
    if (s->options.trace != NULL) {
        s->options.trace(s->options.trace_ctx, line);
    }
}

/* ---- signatures: votes may be keyed hashes (stub) or remembered verdicts; envelopes are always Ed25519 ---- */
#define MEMO 65536u
static bool memo_verify(struct sim *s, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    static struct { /* of the process, not of a run: a verdict depends on its key alone */
        struct zyd_hash key;
        bool verdict;
    } memo[MEMO];
    struct zyd_hasher h;
    struct zyd_hash key;
    if (s->crypto == ZYD_SIM_CRYPTO_REAL) {
        return zyd_sig_verify(pk, msg, size, sig);
    }
    zyd_hasher_start(&h, "zyd/simmemo/1");
    zyd_hasher_add(&h, pk->b, 32);
    zyd_hasher_add(&h, sig->b, 64);
    zyd_hasher_add(&h, msg, size);
    zyd_hasher_end(&h, &key);
    size_t slot = zyd_get32(key.b) % MEMO;
    if (!zyd_hash_eq(&memo[slot].key, &key)) {
        memo[slot].verdict = zyd_sig_verify(pk, msg, size, sig);
        memo[slot].key = key;
    }
    return memo[slot].verdict;
}

static void stub_sign(struct zyd_sig *sig, const struct zyd_pk *pk, const void *msg, size_t size)
{
    struct zyd_hash h;
    zyd_hash2(&h, "zyd/simstub/1", pk->b, 32, msg, size);
    memcpy(sig->b, h.b, 32);
    memcpy(sig->b + 32, h.b, 32);
}

static bool sim_verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    struct sim *s = ctx;
    if (s->crypto == ZYD_SIM_CRYPTO_STUB && size == ZYD_VOTE_PREIMAGE_SIZE) {
        struct zyd_sig want;
        stub_sign(&want, pk, msg, size);
        return memcmp(want.b, sig->b, 64) == 0;
    }
    return memo_verify(s, pk, msg, size, sig);
}


static void sim_sign(void *ctx, struct zyd_sig *sig, const void *msg, size_t size)
{
    /* ctx is the sim; the node that signs is the one whose step runs */
    struct sim *s = ctx;
    struct node *n = &s->nodes[s->signing];
    if (s->crypto == ZYD_SIM_CRYPTO_STUB && size == ZYD_VOTE_PREIMAGE_SIZE) {
        stub_sign(sig, &n->pk, msg, size);
    } else {
        zyd_sig_sign(sig, n->sk, msg, size);
    }
}

struct zyd_sig_ops sim_sig(struct sim *s, struct node *n)
{
    if (n != NULL) {
        s->signing = n->index;
    }
    return (struct zyd_sig_ops){s, sim_verify, sim_sign};
}

/* ---- the plan of a run ---- */
static void draw_plan(struct sim *s)
{
    const struct zyd_sim_options *o = &s->options;
    s->n = o->replicas != 0 ? o->replicas : (uint8_t)(prng_ppm(&s->plan, 700000) ? 4 : prng_between(&s->plan, 5, 7));
    s->f = (uint8_t)zyd_quorum_f(s->n);
    s->client_count = o->clients != 0 ? o->clients : (uint8_t)prng_between(&s->plan, 1, 4);
    s->crypto = o->crypto;
    if (s->crypto == ZYD_SIM_CRYPTO_DRAWN) {
        uint64_t d = prng_below(&s->plan, 100);
        s->crypto = d < 80 ? ZYD_SIM_CRYPTO_STUB : d < 95 ? ZYD_SIM_CRYPTO_MEMO : ZYD_SIM_CRYPTO_REAL;
    }
    s->link = (struct link_faults){
        .delay_min_ms = prng_between(&s->plan, 0, 2), .delay_max_ms = prng_between(&s->plan, 3, 12), .slow_max_ms = 500};
    /* swarm: each class of faults exists in half of the runs */
    if (o->faults) {
        s->link.loss_ppm = prng_ppm(&s->plan, 500000) ? (uint32_t)prng_between(&s->plan, 1000, 150000) : 0;
        s->link.dup_ppm = prng_ppm(&s->plan, 500000) ? (uint32_t)prng_between(&s->plan, 1000, 100000) : 0;
        s->link.slow_ppm = prng_ppm(&s->plan, 500000) ? (uint32_t)prng_between(&s->plan, 1000, 100000) : 0;
    }
}

static void make_nodes(struct sim *s)
{
    s->node_count = s->n;
    for (uint8_t i = 0; i < s->n; i++) {
        struct node *n = &s->nodes[i];
        uint8_t seed[32];
        struct zyd_hash h;
        zyd_hash2(&h, "zyd/simkey/1", &s->options.seed, sizeof s->options.seed, &i, 1);
        memcpy(seed, h.b, 32);
        *n = (struct node){.used = true, .index = i, .validator = i};
        crypto_sign_seed_keypair(n->pk.b, n->sk, seed);
        seed[0] ^= 0x55;
        uint8_t pk[32];
        crypto_sign_seed_keypair(pk, s->member_sk[i], seed);
        n->clock_offset_ms = s->options.faults && prng_ppm(&s->plan, 300000) ? prng_between(&s->plan, -150, 150) : 0;
    }
    if (!s->options.faults || s->options.products || !prng_ppm(&s->plan, 500000)) {
        return;
    }
    uint8_t liars = (uint8_t)prng_between(&s->plan, 1, s->f);
    for (uint8_t k = 0; k < liars; k++) {
        struct node *n = &s->nodes[prng_below(&s->plan, s->n)];
        if (n->byz != HONEST) {
            continue;
        }
        n->byz = (enum byz)prng_between(&s->plan, MUTE, FORGER);
        if (n->byz == TWIN) {
            struct node *t = &s->nodes[s->node_count];
            *t = (struct node){.used = true, .index = s->node_count, .validator = n->validator, .byz = TWIN, .pk = n->pk};
            memcpy(t->sk, n->sk, sizeof t->sk);
            s->node_count++;
        }
        sim_trace(s, "n%u is a liar of kind %d", n->index, (int)n->byz);
    }
}

/* The business of years in a minute: days pass all the time, and so do crashes and partitions. */
static void plan_products(struct sim *s)
{
    int64_t until = s->options.until_ms;
    for (int64_t t = 400; t < until; t += prng_between(&s->plan, 400, 2400)) {
        heap_push(&s->heap, (struct event){.t = t, .what = AT_CLOCK});
    }
    for (int64_t t = 2000; s->options.faults && t < until; t += prng_between(&s->plan, 2000, 8000)) {
        if (prng_ppm(&s->plan, 60000)) { /* all lose power at once */
            for (uint8_t i = 0; i < s->node_count; i++) {
                heap_push(&s->heap, (struct event){.t = t, .what = AT_CRASH, .node = i});
            }
        } else if (prng_ppm(&s->plan, 600000)) {
            heap_push(&s->heap, (struct event){.t = t, .what = AT_CRASH, .node = (uint8_t)prng_below(&s->plan, s->node_count)});
        } else {
            heap_push(&s->heap, (struct event){.t = t, .what = AT_PARTITION});
            heap_push(&s->heap, (struct event){.t = t + prng_between(&s->plan, 50, 3000), .what = AT_HEAL});
        }
    }
    heap_push(&s->heap, (struct event){.t = until, .what = AT_HEAL_ALL});
}

static void plan_faults(struct sim *s)
{
    int64_t until = s->options.until_ms;
    if (s->options.products) {
        plan_products(s);
        return;
    }
    if (s->options.faults) {
        int crashes = prng_ppm(&s->plan, 600000) ? (int)prng_between(&s->plan, 1, 10) : 0;
        for (int i = 0; i < crashes; i++) {
            int64_t t = prng_between(&s->plan, 100, until * 8 / 10);
            heap_push(&s->heap, (struct event){.t = t, .what = AT_CRASH, .node = (uint8_t)prng_below(&s->plan, s->node_count)});
        }
        if (prng_ppm(&s->plan, 200000)) { /* the whole consortium loses power at once */
            int64_t t = prng_between(&s->plan, 100, until * 8 / 10);
            for (uint8_t i = 0; i < s->node_count; i++) {
                heap_push(&s->heap, (struct event){.t = t, .what = AT_CRASH, .node = i});
            }
        }
        int partitions = prng_ppm(&s->plan, 500000) ? (int)prng_between(&s->plan, 1, 6) : 0;
        for (int i = 0; i < partitions; i++) {
            int64_t t = prng_between(&s->plan, 100, until * 7 / 10);
            heap_push(&s->heap, (struct event){.t = t, .what = AT_PARTITION});
            heap_push(&s->heap, (struct event){.t = t + prng_between(&s->plan, 50, 5000), .what = AT_HEAL});
        }
    }
    for (int i = 0; i < 6; i++) { /* the development clock: days pass, deadlines fire */
        heap_push(&s->heap, (struct event){.t = prng_between(&s->plan, 1000, until), .what = AT_CLOCK});
    }
    heap_push(&s->heap, (struct event){.t = until, .what = AT_HEAL_ALL});
}

unsigned sim_plugins(const struct sim *s)
{
    return s->options.products ? 5 : 1;
}

const struct zyd_span *sim_plugin(const struct sim *s, unsigned i)
{
    return s->options.products ? &s->options.plugins[i] : &s->options.plugin;
}

void zyd_sim_count(struct zyd_inv_counts *sum, const struct zyd_inv_counts *one)
{
    sum->blocks += one->blocks;
    sum->events += one->events;
    sum->refused += one->refused;
    sum->postings += one->postings;
    sum->scans += one->scans;
    for (unsigned i = 0; i <= ZYD_INV_COUNT; i++) {
        sum->checks[i] += one->checks[i];
    }
    for (unsigned p = 0; p < ZYD_INV_PRODUCTS; p++) {
        sum->sys[p] += one->sys[p];
        for (unsigned e = 0; e < ZYD_INV_EVENTS; e++) {
            sum->done[p][e] += one->done[p][e];
        }
    }
    for (unsigned i = 0; i < ZYD_INV_CODES; i++) {
        sum->codes[i] += one->codes[i];
    }
}

/* Small, unless the envelopes are large: then records and deadlines grow with them. */
void sim_limits(const struct sim *s, struct zyd_replica_limits *out)
{
    zyd_replica_limits_small(out);
    if (s->options.loans > 4) {
        out->state.records_max = 1u << 20;
        out->state.due_max = 1u << 18;
        out->state.recent_bytes = 256u << 20;
        out->state.overlay_bytes = 32u << 20;
        out->pool = (struct zyd_pool_limits){32u << 20, 16u << 20, 2048};
        out->block_bytes_max = 4u << 20;
        out->block_value_max = 32u << 20;
    }
}

static void show_genesis(struct sim *s)
{
    struct zyd_sim_keys *keys = sim_alloc(sizeof *keys);
    for (uint8_t i = 0; i < s->n; i++) {
        memcpy(keys->node[i], s->nodes[i].sk, ZYD_SK_SIZE);
        memcpy(keys->maker[i], s->member_sk[i], ZYD_SK_SIZE);
    }
    s->options.chain->genesis(s->options.chain->ctx, &s->genesis, &s->genesis_header, keys);
    free(keys);
}

static void start_model(struct sim *s)
{
    struct zyd_replica_limits limits;
    sim_limits(s, &limits);
    struct zyd_kv nothing = zyd_kv_empty();
    void *mem = sim_alloc(zyd_replay_footprint(&limits, &s->genesis));
    struct zyd_replay *r = zyd_replay_init(mem, &s->genesis, &limits, &nothing);
    const char *why = "";
    for (unsigned i = 0; i < sim_plugins(s); i++) {
        zyd_assert(zyd_replay_plugin(r, &why, *sim_plugin(s, i)) == ZYD_OK);
    }
    zyd_assert(zyd_replay_genesis(r, &s->genesis_header) == ZYD_OK);
    struct zyd_state *st = zyd_replay_state(r);
    s->model = model_new();
    uint8_t *rows = sim_alloc(4u << 20);
    struct zyd_wr wr = zyd_wr_of(rows, 4u << 20);
    bool more = zyd_state_checkpoint_begin(st);
    while (more) {
        more = zyd_state_checkpoint_next(st, &wr, 1000);
    }
    zyd_assert(!wr.full);
    why = model_apply(s->model, zyd_wr_span(&wr), &s->genesis_header, true);
    if (why != NULL) {
        check_fail(s, ZYD_SIM_SAFETY, "genesis: %s", why);
    }
    if (s->options.chain != NULL) {
        show_genesis(s);
    }
    free(rows);
    free(mem);
}

static void heal_all(struct sim *s)
{
    s->healed = true;
    link_heal(s);
    s->link.delay_min_ms = 0;
    s->link.delay_max_ms = 5;
    for (uint8_t i = 0; i < s->node_count; i++) {
        s->nodes[i].clock_offset_ms = 0;
        if (!s->nodes[i].up) {
            node_start(s, &s->nodes[i], false);
        }
    }
}

static void handle(struct sim *s, struct event *e)
{
    struct node *n = &s->nodes[e->node];
    zyd_hasher_add(&s->trace, &e->t, sizeof e->t);
    uint32_t what = (uint32_t)e->what << 8 | e->node;
    zyd_hasher_add(&s->trace, &what, sizeof what);
    switch (e->what) {
    case AT_STEP:
        zyd_hasher_add(&s->trace, e->ev.bytes.data, e->ev.bytes.size);
        if (n->up && n->life == e->life) {
            node_step(s, n, &e->ev);
        }
        break;
    case AT_TIMEOUT:
        if (n->up && n->life == e->life && n->timeout_at == e->t) {
            struct zyd_ev ev = {.kind = ZYD_EV_TIMEOUT};
            n->timeout_at = INT64_MAX;
            node_step(s, n, &ev);
        }
        break;
    case AT_SYNC:
        if (n->up && n->life == e->life) {
            node_synced(s, n);
        }
        break;
    case AT_CRASH:
        if (n->up && !s->healed) {
            node_crash(s, n);
            heap_push(&s->heap,
                      (struct event){.t = s->now + prng_between(&s->plan, 20, 3000), .what = AT_RESTART, .node = n->index});
        }
        break;
    case AT_RESTART:
        if (!n->up) {
            node_start(s, n, false);
        }
        break;
    case AT_PARTITION:
        if (!s->healed) {
            link_partition(s);
        }
        break;
    case AT_HEAL:
        link_heal(s);
        break;
    case AT_CLIENT:
        workload_client(s, e->node);
        break;
    case AT_CLOCK:
        s->wall_jump += !s->options.products              ? prng_between(&s->plan, 1, 45) * 86400000
                        : prng_ppm(&s->plan, 500000) ? prng_between(&s->plan, 10, 600) * 60000
                        : prng_ppm(&s->plan, 850000) ? prng_between(&s->plan, 1, 4) * 86400000
                                                     : prng_between(&s->plan, 5, 40) * 86400000;
        sim_trace(s, "clock moved to day %lld", (long long)((WALL0 + s->now + s->wall_jump) / 86400000));
        break;
    case AT_HEAL_ALL:
        heal_all(s);
        break;
    }
}

/* After healing, within a bounded time: new envelopes of every client become final, and every honest node stands at the tip. */
static bool recovered(const struct sim *s, const uint64_t *acked_at_heal, uint64_t top_at_heal)
{
    for (uint8_t c = 0; c < s->client_count; c++) {
        if (s->clients[c].acked < acked_at_heal[c] + 2) {
            return false;
        }
    }
    for (uint8_t i = 0; i < s->node_count; i++) {
        if (s->nodes[i].byz == HONEST && (!s->nodes[i].up || s->nodes[i].committed <= top_at_heal)) {
            return false;
        }
    }
    return true;
}

#define HEAL_LIMIT_MS 60000

static void not_recovered(struct sim *s, const uint64_t *acked_at_heal, uint64_t top_at_heal)
{
    char who[160] = "";
    size_t at = 0;
    for (uint8_t i = 0; i < s->node_count && at < sizeof who - 24; i++) {
        at += (size_t)snprintf(who + at, sizeof who - at, " n%u%s:%llu", i, s->nodes[i].byz == HONEST ? "" : "!",
                               (unsigned long long)s->nodes[i].committed);
    }
    for (uint8_t c = 0; c < s->client_count && at < sizeof who - 24; c++) {
        at += (size_t)snprintf(who + at, sizeof who - at, " c%u:+%llu", c,
                               (unsigned long long)(s->clients[c].acked - acked_at_heal[c]));
    }
    check_fail(s, ZYD_SIM_LIVENESS, "liveness: %d s after healing (top then %llu, now %llu):%s", HEAL_LIMIT_MS / 1000,
               (unsigned long long)top_at_heal, (unsigned long long)s->top, who);
}

static void run(struct sim *s)
{
    struct event e;
    uint64_t acked[CLIENTS_MAX] = {0}, top = 0;
    bool noted = false;
    while (s->result->verdict == ZYD_SIM_PASS && heap_pop(&s->heap, &e)) {
        s->now = e.t;
        s->result->events++;
        handle(s, &e);
        free(e.data);
        if (s->healed && !noted) {
            for (uint8_t c = 0; c < s->client_count; c++) {
                acked[c] = s->clients[c].acked;
            }
            top = s->top;
            noted = true;
        }
        if (noted && s->result->events % 64 == 0 && recovered(s, acked, top)) {
            break;
        }
        if (noted && s->now > s->options.until_ms + HEAL_LIMIT_MS) {
            not_recovered(s, acked, top);
        }
        bool enough = s->options.product_events != 0 && s->result->invariant_events >= s->options.product_events;
        if (((s->options.blocks != 0 && s->top >= s->options.blocks) || enough) && !s->healed) {
            s->options.until_ms = s->now;
            heap_push(&s->heap, (struct event){.t = s->now, .what = AT_HEAL_ALL});
            s->options.blocks = 0;
            s->options.product_events = 0;
        }
    }
    while (heap_pop(&s->heap, &e)) {
        free(e.data);
    }
    if (s->result->verdict == ZYD_SIM_PASS) {
        /* what is on its way to the disks arrives; then every disk is looked through */
        for (uint8_t i = 0; i < s->node_count; i++) {
            for (size_t k = 0; k < s->nodes[i].pending_count; k++) {
                disk_apply(&s->nodes[i].disk, &s->nodes[i].pending[k].fx);
                free(s->nodes[i].pending[k].data);
            }
            s->nodes[i].pending_count = 0;
        }
        check_end(s);
    }
}

enum zyd_status zyd_sim_run(struct zyd_sim_result *out, const struct zyd_sim_options *options)
{
    struct sim *s = sim_alloc(sizeof *s);
    memset(out, 0, sizeof *out);
    s->options = *options;
    s->result = out;
    if (s->options.until_ms == 0) {
        s->options.until_ms = 20000;
    }
    struct prng *streams[] = {&s->net, &s->disk_chance, &s->client, &s->byz_chance, &s->plan};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        prng_seed(streams[i], options->seed, i + 1);
    }
    zyd_hasher_start(&s->trace, "zyd/simtrace/1");
    draw_plan(s);
    make_nodes(s);
    workload_init(s);
    if (out->verdict == ZYD_SIM_PASS) {
        start_model(s);
        if (s->products != NULL) {
            products_start(s);
        }
        plan_faults(s);
        for (uint8_t i = 0; i < s->node_count; i++) {
            node_start(s, &s->nodes[i], true);
        }
        run(s);
    }
    zyd_hasher_end(&s->trace, &out->trace_hash);
    out->virtual_ms = s->now;
    for (uint8_t i = 0; i < s->node_count; i++) {
        node_free(&s->nodes[i]);
    }
    for (uint8_t c = 0; c < s->client_count; c++) {
        free(s->clients[c].env);
    }
    for (uint64_t h = 0; h <= s->top; h++) {
        free(s->chain[h].block);
        free(s->chain[h].finality);
    }
    products_free(s);
    model_free(s->model);
    free(s->ids);
    free(s->votes);
    free(s->heap.items);
    free(s->genesis_body);
    free(s);
    return ZYD_OK;
}
