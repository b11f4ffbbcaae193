#include "tests/trace/cluster.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { EV_MESSAGE = 1, EV_SYNCED, EV_BUILT, EV_VERIFIED, EV_TICK, EV_HEADER, EV_CERT };

static void *must(void *p)
{
    if (p == NULL) {
        abort();
    }
    return p;
}

void cluster_say(struct cluster *c, const char *format, ...)
{
    char line[400];
    va_list args;
    if (c->quiet) {
        return;
    }
    int size = snprintf(line, sizeof line, "[%5lld] ", (long long)c->now);
    va_start(args, format);
    size += vsnprintf(line + size, sizeof line - (size_t)size - 2, format, args);
    va_end(args);
    line[size++] = '\n';
    if (c->text_size + (size_t)size + 1 > c->text_cap) {
        c->text_cap = 2 * c->text_cap + 4096;
        c->text = must(realloc(c->text, c->text_cap));
    }
    memcpy(c->text + c->text_size, line, (size_t)size);
    c->text_size += (size_t)size;
    c->text[c->text_size] = '\0';
}

/* ---- keys ---- */

static bool verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}
static void sign(void *ctx, struct zyd_sig *sig, const void *msg, size_t size)
{
    struct cnode *node = ctx;
    zyd_sig_sign(sig, node->sk, msg, size);
}
void cluster_sign(struct cluster *c, struct zyd_vote *vote)
{
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    vote->epoch = c->config.epoch;
    zyd_vote_preimage(preimage, &c->config.chain_id, vote);
    zyd_sig_sign(&vote->sig, c->nodes[vote->signer].sk, preimage, sizeof preimage);
}

/* ---- events ---- */

static bool before(const struct cevent *a, const struct cevent *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static struct cevent *push(struct cluster *c, int kind, uint8_t node, int64_t at)
{
    if (c->event_count == c->event_cap) {
        c->event_cap = 2 * c->event_cap + 64;
        c->events = must(realloc(c->events, c->event_cap * sizeof *c->events));
    }
    struct cevent ev = {.at = at, .order = c->order++, .kind = kind, .node = node, .run = c->runs[node]};
    size_t i = c->event_count++;
    while (i > 0 && before(&ev, &c->events[i - 1])) {
        c->events[i] = c->events[i - 1];
        i--;
    }
    c->events[i] = ev;
    return &c->events[i];
}

/* ---- the fake owner ---- */

void cluster_execute(struct zyd_header *h, const struct zyd_header *parent, uint64_t pool_high)
{
    uint8_t count[8];
    zyd_put64(count, pool_high);
    h->log_size = pool_high;
    h->env_count = (uint32_t)(pool_high - parent->log_size);
    h->body_size = h->env_count;
    zyd_hash1(&h->body_root, "body", count, 8);
    zyd_hash2(&h->log_root, "log", parent->log_root.b, 32, h->body_root.b, 32);
    zyd_hash2(&h->state_root, "state", parent->state_root.b, 32, h->body_root.b, 32);
    h->state_size = 1;
}

static bool executes(const struct zyd_header *h, const struct zyd_header *parent)
{
    struct zyd_header want = *h;
    if ((h->flags & ZYD_HEADER_CARRIER) != 0) {
        return true;
    }
    if (h->log_size < parent->log_size) {
        return false;
    }
    cluster_execute(&want, parent, h->log_size);
    return zyd_hash_eq(&want.state_root, &h->state_root) && zyd_hash_eq(&want.log_root, &h->log_root);
}

static struct cblock *block_of(struct cnode *node, const struct zyd_hash *hash)
{
    for (size_t i = 0; i < node->block_count; i++) {
        if (zyd_hash_eq(&node->blocks[i].hash, hash)) {
            return &node->blocks[i];
        }
    }
    return NULL;
}

static void step(struct cluster *c, struct cnode *node, struct zyd_bft_in *in);

uint64_t cluster_random(struct cluster *c, uint64_t below)
{
    c->rng = c->rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (c->rng >> 33) % below;
}

/* The liar's second block: the same but a millisecond later. */
static struct zyd_span twin(struct cluster *c, uint8_t from, struct zyd_span bytes, uint8_t *out)
{
    struct zyd_header h;
    memcpy(out, bytes.data, bytes.size);
    if (zyd_header_decode(&h, zyd_span(bytes.data + 1, ZYD_HEADER_SIZE)) != ZYD_OK || h.proposer != from) {
        return bytes;
    }
    struct zyd_vote vote = {.type = ZYD_VOTE_N, .view = h.view, .height = h.height, .signer = from};
    h.time_ms++;
    zyd_header_hash(&vote.hash, &h);
    cluster_sign(c, &vote);
    zyd_header_encode(out + 1, &h);
    zyd_vote_encode(out + bytes.size - ZYD_VOTE_SIZE, &vote);
    return zyd_span(out, bytes.size);
}

static void post(struct cluster *c, uint8_t from, uint8_t to, struct zyd_span bytes)
{
    static uint8_t forged[ZYD_BFT_MSG_MAX];
    if (!c->nodes[from].up || c->nodes[from].mute || c->cut[from][to]) {
        return;
    }
    if (c->liar[from] && to % 2 == 1 && bytes.data[0] == ZYD_MSG_PROPOSAL) {
        bytes = twin(c, from, bytes, forged);
    }
    int64_t delay = c->link != NULL ? c->link(c, from, to, bytes) : c->hop_ms;
    if (delay >= 0) {
        struct cevent *ev = push(c, EV_MESSAGE, to, c->now + delay);
        ev->from = from;
        ev->bytes = must(malloc(bytes.size + 1));
        ev->size = bytes.size;
        memcpy(ev->bytes, bytes.data, bytes.size);
    }
}

void cluster_deliver(struct cluster *c, uint8_t to, uint8_t from, const void *bytes, size_t size)
{
    struct cevent *ev = push(c, EV_MESSAGE, to, c->now);
    ev->from = from;
    ev->bytes = must(malloc(size + 1));
    ev->size = size;
    memcpy(ev->bytes, bytes, size);
}

static const char *name_of(struct zyd_span bytes, char text[64])
{
    static const char *const types[] = {"?", "N", "X", "F"};
    static const char *const certs[] = {"?", "NC", "XC", "FC"};
    const uint8_t *p = bytes.data;
    switch (p[0]) {
    case ZYD_MSG_PROPOSAL:
        snprintf(text, 64, "proposal v%llu", (unsigned long long)zyd_get64(p + 1 + 4 + 32 + 8));
        break;
    case ZYD_MSG_VOTE:
        snprintf(text, 64, "%s v%llu", types[p[1] & 3], (unsigned long long)zyd_get64(p + 10));
        break;
    case ZYD_MSG_CERT:
        snprintf(text, 64, "%s v%llu", certs[p[1] & 3], (unsigned long long)zyd_get64(p + 10));
        break;
    case ZYD_MSG_STATUS:
        snprintf(text, 64, "status");
        break;
    default:
        snprintf(text, 64, "get %s v%llu", certs[p[1] & 3], (unsigned long long)zyd_get64(p + 2));
        break;
    }
    return text;
}

static void send(struct cluster *c, struct cnode *node, const struct zyd_bft_out *out)
{
    char text[64];
    if (c->trace_sends && out->bytes.data[0] != ZYD_MSG_STATUS) {
        char to[8];
        snprintf(to, sizeof to, "n%u", out->peer);
        cluster_say(c, "n%u > %s: %s%s", node->idx, out->peer == ZYD_BFT_ALL ? "all" : to, name_of(out->bytes, text),
                    out->after_seq > node->synced ? " (after sync)" : "");
    }
    for (uint8_t to = 0; to < c->n; to++) {
        if (to == node->idx || (out->peer != ZYD_BFT_ALL && out->peer != to)) {
            continue;
        }
        if (out->after_seq <= node->synced) {
            post(c, node->idx, to, out->bytes);
            continue;
        }
        if (c->held_count == c->held_cap) {
            c->held_cap = 2 * c->held_cap + 64;
            c->held = must(realloc(c->held, c->held_cap * sizeof *c->held));
        }
        c->held[c->held_count].from = node->idx;
        c->held[c->held_count].to = to;
        c->held[c->held_count].after_seq = out->after_seq;
        c->held[c->held_count].run = c->runs[node->idx];
        c->held[c->held_count].bytes = must(malloc(out->bytes.size));
        c->held[c->held_count].size = out->bytes.size;
        memcpy(c->held[c->held_count++].bytes, out->bytes.data, out->bytes.size);
    }
}

static void release_held(struct cluster *c, struct cnode *node)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->held_count; i++) {
        bool dead = c->held[i].run != c->runs[c->held[i].from];
        if (!dead && (c->held[i].from != node->idx || c->held[i].after_seq > node->synced)) {
            c->held[kept++] = c->held[i];
            continue;
        }
        if (!dead) {
            post(c, node->idx, c->held[i].to, zyd_span(c->held[i].bytes, c->held[i].size));
        }
        free(c->held[i].bytes);
    }
    c->held_count = kept;
}

/* SYNCED covers everything before it, so it cannot overtake a slow put. */
static void persist(struct cluster *c, struct cnode *node, uint64_t seq, int64_t takes_ms)
{
    int64_t at = c->now + takes_ms;
    node->last_seq = seq;
    node->synced_at = at > node->synced_at ? at : node->synced_at;
    push(c, EV_SYNCED, node->idx, node->synced_at)->seq = seq;
}

static void store(struct cluster *c, struct cnode *node, const struct zyd_bft_out *out)
{
    struct cblock *block = block_of(node, &out->hash);
    zyd_assert(block == NULL || !block->durable);
    if (block == NULL) {
        zyd_assert(node->block_count < CLUSTER_BLOCKS);
        block = &node->blocks[node->block_count++];
    }
    memset(block, 0, sizeof *block);
    block->header = *out->header;
    block->hash = out->hash;
    block->just_count = out->just_count;
    for (size_t i = 0; i < out->just_count; i++) {
        block->just[i] = out->just[i];
    }
    block->has_nc = out->cert != NULL;
    if (out->cert != NULL) {
        block->nc = *out->cert;
    }
    block->store_seq = out->seq;
    persist(c, node, out->seq, c->put_ms > 0 ? c->put_ms : c->sync_ms);
}

static void commit(struct cluster *c, struct cnode *node, const struct zyd_bft_out *out)
{
    struct cblock *block = block_of(node, &out->hash);
    zyd_assert(block != NULL); /* stored before it is shown */
    zyd_assert(zyd_hash_eq(&out->header->parent_hash, &node->head_hash));
    struct zyd_hash at = out->hash;
    for (size_t i = 0; i < out->chain_count; i++) {
        zyd_assert(zyd_hash_eq(&out->chain[i].parent_hash, &at));
        zyd_header_hash(&at, &out->chain[i]);
    }
    zyd_assert(zyd_hash_eq(&at, &out->cert->hash));
    zyd_assert(out->cert->type == ZYD_VOTE_F);
    block->final = true;
    block->fc = *out->cert;
    block->final_seq = zyd_bft_take_seq(node->bft);
    persist(c, node, block->final_seq, c->sync_ms);
    node->head = *out->header;
    node->head_hash = out->hash;
    node->commits++;
}

/* The owner's fetch: from a peer that is reachable, what follows our head there. */
static void fetch(struct cluster *c, struct cnode *node)
{
    node->behind++;
    for (uint8_t p = 0; p < c->n; p++) {
        struct cnode *peer = &c->nodes[p];
        if (p == node->idx || !peer->up || c->cut[p][node->idx] || peer->head.view <= node->head.view) {
            continue;
        }
        size_t given = 0;
        for (size_t i = 0; i < peer->block_count && given < 32; i++) {
            const struct cblock *block = &peer->blocks[i];
            if (!block->final || block->header.view <= node->head.view) {
                continue;
            }
            struct cevent *ev = push(c, EV_HEADER, node->idx, c->now + 2 * c->hop_ms);
            ev->header = block->header;
            ev->just_count = block->just_count;
            ev->just = must(malloc(sizeof block->just));
            memcpy(ev->just, block->just, sizeof block->just);
            if (++given == 32 || i + 1 == peer->block_count || block->fc.view == block->header.view) {
                push(c, EV_CERT, node->idx, c->now + 2 * c->hop_ms)->cert = block->fc;
            }
        }
        return;
    }
}

/* One notarized hash a view, and no finalization beside a nullification or another hash (consensus.md 2, I2). */
static void check_certs(struct cluster *c, const struct zyd_cert *cert)
{
    if (cert->view >= 4096 || c->forks_expected) {
        return;
    }
    bool *have = c->certs[cert->view].have;
    struct zyd_hash *hash = c->certs[cert->view].hash;
    zyd_assert(!have[cert->type - 1] || zyd_hash_eq(&hash[cert->type - 1], &cert->hash));
    have[cert->type - 1] = true;
    hash[cert->type - 1] = cert->hash;
    zyd_assert(!(have[ZYD_VOTE_X - 1] && have[ZYD_VOTE_F - 1]));
    zyd_assert(!(have[ZYD_VOTE_N - 1] && have[ZYD_VOTE_F - 1]) ||
               zyd_hash_eq(&hash[ZYD_VOTE_N - 1], &hash[ZYD_VOTE_F - 1]));
}

static void act(struct cluster *c, struct cnode *node, const struct zyd_bft_out *out)
{
    switch (out->kind) {
    case ZYD_BFT_OUT_VOTE:
        node->votes[node->vote_count] = out->votes[0];
        node->vote_seq[node->vote_count++] = out->seq;
        zyd_assert(node->vote_count < 4 * CLUSTER_BLOCKS);
        persist(c, node, out->seq, c->sync_ms);
        break;
    case ZYD_BFT_OUT_CERT:
        check_certs(c, out->cert);
        node->certs[node->cert_count] = *out->cert;
        node->cert_seq[node->cert_count++] = out->seq;
        zyd_assert(node->cert_count < 4 * CLUSTER_BLOCKS);
        persist(c, node, out->seq, c->sync_ms);
        break;
    case ZYD_BFT_OUT_STORE:
        store(c, node, out);
        break;
    case ZYD_BFT_OUT_FLOOR:
        break; /* this owner keeps every record */
    case ZYD_BFT_OUT_SEND:
        send(c, node, out);
        break;
    case ZYD_BFT_OUT_BUILD: {
        struct cevent *ev = push(c, EV_BUILT, node->idx, c->now);
        const struct zyd_header *parent = zyd_bft_header(node->bft, &out->header->parent_hash);
        zyd_assert(parent != NULL);
        ev->header = *out->header;
        ev->ok = true;
        if ((out->header->flags & ZYD_HEADER_CARRIER) == 0) {
            uint64_t high = node->pool_high > parent->log_size ? node->pool_high : parent->log_size;
            cluster_execute(&ev->header, parent, high);
            ev->ok = high > parent->log_size || out->force;
        }
        break;
    }
    case ZYD_BFT_OUT_VERIFY: {
        const struct zyd_header *parent = zyd_bft_header(node->bft, &out->header->parent_hash);
        zyd_assert(parent != NULL);
        struct cevent *ev = push(c, EV_VERIFIED, node->idx, c->now);
        ev->hash = out->hash;
        ev->ok = executes(out->header, parent) && !node->lie_verify;
        break;
    }
    case ZYD_BFT_OUT_COMMIT:
        commit(c, node, out);
        break;
    case ZYD_BFT_OUT_BEHIND:
        fetch(c, node);
        break;
    case ZYD_BFT_OUT_DROP:
        break;
    case ZYD_BFT_OUT_EVIDENCE: {
        uint8_t a = out->votes[0].type, b = out->votes[1].type;
        c->evidence[a != b ? (a == ZYD_VOTE_X || b == ZYD_VOTE_X ? 3 : 2) : (a == ZYD_VOTE_N ? 0 : 1)]++;
        node->evidence++;
        zyd_assert(c->liar[out->peer]); /* I3: no honest key in a contradictory pair */
        break;
    }
    case ZYD_BFT_OUT_ALARM:
        node->alarms++;
        break;
    case ZYD_BFT_OUT_TRACE:
        cluster_say(c, "n%u %.*s", node->idx, (int)out->bytes.size, (const char *)out->bytes.data);
        break;
    }
}

static void step(struct cluster *c, struct cnode *node, struct zyd_bft_in *in)
{
    struct zyd_bft_outs outs;
    in->now_ms = c->now;
    in->wall_ms = c->now + 1000 + node->wall_skew;
    zyd_bft_step(node->bft, &outs, in);
    for (size_t i = 0; i < outs.count; i++) {
        act(c, node, &outs.items[i]);
    }
    zyd_bft_check(node->bft);
    c->steps++;
    /* POOL is a level: an operation that is not in the chain of my tip. */
    struct zyd_bft_status status;
    zyd_bft_status(node->bft, &status);
    const struct zyd_header *tip = zyd_bft_header(node->bft, &status.tip_hash);
    bool nonempty = node->pool_high > tip->log_size;
    if (nonempty != node->pool_told) {
        node->pool_told = nonempty;
        struct zyd_bft_in pool = {.kind = ZYD_BFT_IN_POOL, .pool_nonempty = nonempty};
        step(c, node, &pool);
    }
    int64_t deadline = zyd_bft_deadline_ms(node->bft);
    if (deadline != INT64_MAX && (deadline > c->now ? deadline : c->now) != node->tick_at) {
        node->tick_at = deadline > c->now ? deadline : c->now;
        push(c, EV_TICK, node->idx, node->tick_at);
    }
}

static void handle(struct cluster *c, struct cevent *ev)
{
    struct cnode *node = &c->nodes[ev->node];
    bool stale = !node->up || (ev->kind != EV_MESSAGE && ev->run != c->runs[ev->node]) ||
                 (ev->kind == EV_TICK && ev->at != node->tick_at); /* the deadline has moved */
    struct zyd_bft_in in = {0};
    if (!stale) {
        switch (ev->kind) {
        case EV_MESSAGE:
            in.kind = ZYD_BFT_IN_MESSAGE;
            in.peer = ev->from;
            in.bytes = zyd_span(ev->bytes, ev->size);
            break;
        case EV_SYNCED:
            in.kind = ZYD_BFT_IN_SYNCED;
            in.seq = node->synced = ev->seq;
            release_held(c, node);
            break;
        case EV_BUILT:
            in.kind = ZYD_BFT_IN_BUILT;
            in.header = &ev->header;
            in.ok = ev->ok;
            break;
        case EV_VERIFIED:
            in.kind = ZYD_BFT_IN_VERIFIED;
            in.hash = ev->hash;
            in.ok = ev->ok;
            break;
        case EV_HEADER:
            in.kind = ZYD_BFT_IN_HEADER;
            in.header = &ev->header;
            in.just = ev->just;
            in.just_count = ev->just_count;
            break;
        case EV_CERT:
            in.kind = ZYD_BFT_IN_CERT;
            in.cert = &ev->cert;
            break;
        default:
            in.kind = ZYD_BFT_IN_TICK;
            node->tick_at = -1;
            break;
        }
        step(c, node, &in);
    }
    free(ev->bytes);
    free(ev->just);
}

void cluster_run(struct cluster *c, int64_t until_ms)
{
    while (c->event_count > 0 && c->events[0].at <= until_ms) {
        struct cevent ev = c->events[0];
        c->event_count--;
        memmove(c->events, c->events + 1, c->event_count * sizeof *c->events);
        zyd_assert(ev.at >= c->now || ev.kind == EV_TICK);
        c->now = ev.at > c->now ? ev.at : c->now;
        handle(c, &ev);
    }
    c->now = until_ms;
}

/* ---- life ---- */

void cluster_start(struct cluster *c, uint8_t n)
{
    memset(c, 0, sizeof *c);
    c->n = n;
    c->hop_ms = 1;
    c->sync_ms = 1;
    c->config = (struct zyd_bft_config){.epoch = 1, .n = n, .rules_version = 1, .pace_ms = 5, .delta_ms = 100,
                                        .delta_max_ms = 3000, .heartbeat_ms = 0, .precision_ms = 500,
                                        .msgdelay_ms = 2000, .seed = 7};
    memset(c->config.chain_id.b, 0xc1, 32);
    memset(c->config.valset_hash.b, 0xa5, 32);
    memset(c->config.rules_hash.b, 0x7e, 32);
    struct zyd_header *g = &c->config.genesis;
    g->version = ZYD_HEADER_VERSION;
    g->chain_id = c->config.chain_id;
    g->valset_hash = c->config.valset_hash;
    g->rules_hash = c->config.rules_hash;
    g->rules_version = 1;
    for (uint8_t i = 0; i < n; i++) {
        uint8_t seed[32] = {0};
        seed[0] = (uint8_t)(i + 1);
        c->nodes[i].idx = i;
        crypto_sign_seed_keypair(c->config.pks[i].b, c->nodes[i].sk, seed);
    }
    for (uint8_t i = 0; i < n; i++) {
        struct cnode *node = &c->nodes[i];
        node->votes = must(calloc(4 * CLUSTER_BLOCKS, sizeof *node->votes));
        node->vote_seq = must(calloc(4 * CLUSTER_BLOCKS, sizeof *node->vote_seq));
        node->certs = must(calloc(4 * CLUSTER_BLOCKS, sizeof *node->certs));
        node->cert_seq = must(calloc(4 * CLUSTER_BLOCKS, sizeof *node->cert_seq));
        node->blocks = must(calloc(CLUSTER_BLOCKS, sizeof *node->blocks));
        cluster_boot(c, i);
    }
}

void cluster_boot(struct cluster *c, uint8_t idx)
{
    struct cnode *node = &c->nodes[idx];
    struct zyd_bft_config config = c->config;
    zyd_assert(!node->up);
    config.me = idx;
    config.sig = (struct zyd_sig_ops){.ctx = node, .verify = verify, .sign = sign};
    node->mem = must(malloc(zyd_bft_footprint()));
    node->bft = zyd_bft_init(node->mem, &config);
    node->up = true;
    node->synced = node->last_seq = 0;
    node->synced_at = 0;
    node->pool_told = false;
    node->tick_at = -1;
    const struct cblock *head = NULL;
    for (size_t i = 0; i < node->block_count; i++) {
        if (node->blocks[i].final && (head == NULL || node->blocks[i].header.view > head->header.view)) {
            head = &node->blocks[i];
        }
    }
    node->head = head == NULL ? config.genesis : head->header;
    zyd_header_hash(&node->head_hash, &node->head);
    if (head != NULL) {
        zyd_bft_restore_head(node->bft, &head->header, &head->fc, head->header.view);
        if (head->has_nc) {
            zyd_assert(zyd_bft_restore_cert(node->bft, &head->nc) == ZYD_OK);
        }
    }
    for (size_t i = 0; i < node->vote_count; i++) {
        zyd_assert(zyd_bft_restore_vote(node->bft, &node->votes[i]) == ZYD_OK);
    }
    for (size_t i = 0; i < node->cert_count; i++) {
        zyd_assert(zyd_bft_restore_cert(node->bft, &node->certs[i]) == ZYD_OK);
    }
    for (uint64_t view = node->head.view + 1, left = node->block_count; left > 0; left--) {
        const struct cblock *next = NULL;
        for (size_t i = 0; i < node->block_count; i++) {
            const struct cblock *b = &node->blocks[i];
            if (b->header.view >= view && (next == NULL || b->header.view < next->header.view)) {
                next = b;
            }
        }
        if (next == NULL) {
            break;
        }
        enum zyd_status status = zyd_bft_restore_block(node->bft, &next->header, next->just, next->just_count,
                                                       next->has_nc ? &next->nc : NULL);
        zyd_assert(status == ZYD_OK || status == ZYD_E_NOT_FOUND);
        view = next->header.view + 1;
    }
    struct zyd_bft_in in = {.kind = ZYD_BFT_IN_START};
    step(c, node, &in);
}

void cluster_crash(struct cluster *c, uint8_t idx)
{
    struct cnode *node = &c->nodes[idx];
    zyd_assert(node->up);
    node->up = false;
    c->runs[idx]++;
    release_held(c, node);
    free(node->mem);
    size_t kept = 0;
    for (size_t i = 0; i < node->vote_count; i++) {
        if (node->vote_seq[i] <= node->synced) {
            node->votes[kept] = node->votes[i];
            node->vote_seq[kept++] = 0;
        }
    }
    node->vote_count = kept;
    kept = 0;
    for (size_t i = 0; i < node->cert_count; i++) {
        if (node->cert_seq[i] <= node->synced) {
            node->certs[kept] = node->certs[i];
            node->cert_seq[kept++] = 0;
        }
    }
    node->cert_count = kept;
    kept = 0;
    for (size_t i = 0; i < node->block_count; i++) {
        struct cblock *block = &node->blocks[i];
        if (block->store_seq <= node->synced) {
            block->durable = true;
            block->final = block->final && block->final_seq <= node->synced;
            block->store_seq = block->final_seq = 0;
            if (kept != i) {
                node->blocks[kept] = *block;
            }
            kept++;
        }
    }
    node->block_count = kept;
    cluster_say(c, "n%u crashes", idx);
}

void cluster_free(struct cluster *c)
{
    for (uint8_t i = 0; i < c->n; i++) {
        struct cnode *node = &c->nodes[i];
        if (node->up) {
            free(node->mem);
        }
        free(node->votes);
        free(node->vote_seq);
        free(node->certs);
        free(node->cert_seq);
        free(node->blocks);
    }
    for (size_t i = 0; i < c->event_count; i++) {
        free(c->events[i].bytes);
        free(c->events[i].just);
    }
    for (size_t i = 0; i < c->held_count; i++) {
        free(c->held[i].bytes);
    }
    free(c->events);
    free(c->held);
    free(c->text);
}

void cluster_submit(struct cluster *c, uint8_t idx)
{
    uint64_t high = 0;
    for (uint8_t i = 0; i < c->n; i++) {
        high = c->nodes[i].pool_high > high ? c->nodes[i].pool_high : high;
    }
    cluster_say(c, "operation %llu", (unsigned long long)(high + 1));
    for (uint8_t i = 0; i < c->n; i++) {
        if (idx == i || idx == 255) {
            c->nodes[i].pool_high = high + 1;
            if (c->nodes[i].up) {
                struct zyd_bft_in in = {.kind = ZYD_BFT_IN_TICK};
                step(c, &c->nodes[i], &in);
            }
        }
    }
}

void cluster_cut(struct cluster *c, uint8_t a, uint8_t b, bool cut)
{
    c->cut[a][b] = c->cut[b][a] = cut;
}

void cluster_peer(struct cluster *c, uint8_t idx, uint8_t peer, bool up)
{
    struct zyd_bft_in in = {.kind = ZYD_BFT_IN_PEER, .peer = peer, .ok = up};
    if (c->nodes[idx].up) {
        step(c, &c->nodes[idx], &in);
    }
}

uint64_t cluster_height(struct cluster *c, uint8_t idx)
{
    return c->nodes[idx].head.height;
}

void cluster_agree(struct cluster *c, uint64_t height)
{
    const struct cnode *longest = NULL;
    for (uint8_t i = 0; i < c->n; i++) {
        struct cnode *node = &c->nodes[i];
        if (!node->up) {
            continue;
        }
        if (node->head.height < height) {
            fprintf(stderr, "%sn%u is at height %llu, not %llu\n", c->text, i, (unsigned long long)node->head.height,
                    (unsigned long long)height);
            abort();
        }
        for (size_t k = 0; k < node->block_count; k++) {
            for (size_t m = 0; longest != NULL && m < longest->block_count; m++) {
                const struct cblock *a = &node->blocks[k], *b = &longest->blocks[m];
                if (a->final && b->final && a->header.view == b->header.view) {
                    zyd_assert(zyd_hash_eq(&a->hash, &b->hash));
                }
                if (a->final && b->final && a->header.height == b->header.height &&
                    (a->header.flags & ZYD_HEADER_CARRIER) == 0 && (b->header.flags & ZYD_HEADER_CARRIER) == 0) {
                    zyd_assert(zyd_hash_eq(&a->hash, &b->hash));
                }
            }
        }
        if (longest == NULL || node->head.height > longest->head.height) {
            longest = node;
        }
    }
}

void cluster_golden(struct cluster *c, const char *const *lines, size_t count)
{
    const char *at = c->text == NULL ? "" : c->text;
    bool same = true;
    for (size_t i = 0; i < count && same; i++) {
        size_t size = strlen(lines[i]);
        same = strncmp(at, lines[i], size) == 0 && at[size] == '\n';
        if (!same) {
            fprintf(stderr, "line %zu differs; golden: %s\n", i + 1, lines[i]);
        }
        at += same ? size + 1 : 0;
    }
    if (!same || *at != '\0') {
        fprintf(stderr, "--- the run was ---\n%s", c->text == NULL ? "" : c->text);
        abort();
    }
}
