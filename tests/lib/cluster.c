#include "tests/lib/cluster.h"
#include "contracts/template/iou.h"
#include "tests/lib/kv_map.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define WALL0 INT64_C(1767225600000) + 3600000
#define BLOCKS_MAX 8192u

struct item { /* something that will happen */
    int64_t at;
    uint64_t order;
    enum { MESSAGE, SYNC } what;
    uint32_t from, to;
    uint64_t life; /* SYNC: of this run only */
    uint64_t seq;
    uint8_t *data;
    size_t size;
};
struct stored { /* a block in a store */
    uint64_t height, view;
    uint8_t *data;
    size_t size;
};
struct blob {
    uint8_t *data;
    size_t size;
};
struct persist {
    struct zyd_fx fx; /* bytes owned */
};
struct held { /* an effect that waits for a sync */
    struct zyd_fx fx;
};
struct node {
    bool up;
    uint64_t life;
    void *mem;
    size_t mem_size;
    struct zyd_replica *replica;
    struct zyd_kv kv;
    uint64_t committed, persists, crash_at, alarms, synced, last_seq;
    bool crash_durable;
    uint64_t sent[256];
    /* what a crash keeps */
    struct zyd_kv_map *rows;
    struct stored *blocks;
    size_t block_count;
    struct blob finality[ZYD_CLUSTER_HEIGHTS];
    uint64_t final_view[ZYD_CLUSTER_HEIGHTS];
    struct blob *votes, *certs;
    size_t vote_count, cert_count;
    uint64_t floor;
    bool have_checkpoint;
    struct zyd_checkpoint checkpoint;
    /* what it does not */
    struct persist *pending;
    size_t pending_count;
    struct held *held;
    size_t held_count;
    struct blob last_read[2];
    struct cluster_vote {
        struct zyd_vote v;
    } *signed_votes;
    size_t signed_count;
};
struct zyd_cluster {
    struct zyd_cluster_options options;
    struct zyd_test_consortium cons;
    uint32_t count;
    int64_t now;
    uint64_t order;
    uint32_t spins;
    uint8_t *elf;
    size_t elf_size;
    bool cut[ZYD_CLUSTER_NODES][ZYD_CLUSTER_NODES], starved[ZYD_CLUSTER_NODES];
    struct node nodes[ZYD_CLUSTER_NODES];
    struct item *items;
    size_t item_count;
    struct blob block[ZYD_CLUSTER_HEIGHTS], finality[ZYD_CLUSTER_HEIGHTS];
    enum zyd_status reply;
    bool replied;
    struct blob answer;
    uint8_t scratch[4096];
};

static uint8_t *dup(struct zyd_span s)
{
    uint8_t *p = malloc(s.size + 1);
    if (s.size > 0) {
        memcpy(p, s.data, s.size);
    }
    return p;
}

static void *grow(void *p, size_t count, size_t size)
{
    if (count < 16 ? count == 0 : (count & (count - 1)) == 0) {
        p = realloc(p, (count < 16 ? 16 : 2 * count) * size);
        zyd_assert(p != NULL);
    }
    return p;
}

/* ---- the store ---- */

static enum zyd_status kv_block(void *ctx, struct zyd_span *value, struct zyd_span *finality, uint64_t height)
{
    struct node *n = ctx;
    *value = *finality = (struct zyd_span){0};
    if (height >= ZYD_CLUSTER_HEIGHTS || n->finality[height].size == 0) {
        return ZYD_E_NOT_FOUND;
    }
    for (size_t i = 0; i < n->block_count; i++) {
        if (n->blocks[i].height == height && n->blocks[i].view == n->final_view[height]) {
            for (int k = 0; k < 2; k++) { /* the answer before is dead now */
                free(n->last_read[k].data);
            }
            n->last_read[0].data = dup(zyd_span(n->blocks[i].data, n->blocks[i].size));
            n->last_read[1].data = dup(zyd_span(n->finality[height].data, n->finality[height].size));
            *value = zyd_span(n->last_read[0].data, n->blocks[i].size);
            *finality = zyd_span(n->last_read[1].data, n->finality[height].size);
            return ZYD_OK;
        }
    }
    return ZYD_E_DAMAGED;
}

static enum zyd_status kv_get(void *ctx, uint64_t *index, struct zyd_span *leaf, const struct zyd_hash *key)
{
    struct zyd_kv kv = zyd_kv_map_kv(((struct node *)ctx)->rows);
    return kv.get(kv.ctx, index, leaf, key);
}

static enum zyd_status kv_below(void *ctx, struct zyd_hash *out, const struct zyd_hash *key)
{
    struct zyd_kv kv = zyd_kv_map_kv(((struct node *)ctx)->rows);
    return kv.below(kv.ctx, out, key);
}

static enum zyd_status kv_at(void *ctx, struct zyd_span *leaf, uint64_t index)
{
    struct zyd_kv kv = zyd_kv_map_kv(((struct node *)ctx)->rows);
    return kv.at(kv.ctx, leaf, index);
}

static void put_blob(struct blob **list, size_t *count, struct zyd_span bytes)
{
    *list = grow(*list, *count, sizeof **list);
    (*list)[*count] = (struct blob){dup(bytes), bytes.size};
    (*count)++;
}

static void put_block(struct node *n, const struct zyd_fx *fx)
{
    for (size_t i = 0; i < n->block_count; i++) {
        zyd_assert(n->blocks[i].height != fx->height || n->blocks[i].view != fx->view);
    }
    n->blocks = grow(n->blocks, n->block_count, sizeof *n->blocks);
    n->blocks[n->block_count++] = (struct stored){fx->height, fx->view, dup(fx->bytes), fx->bytes.size};
}

static void make_durable(struct node *n, const struct zyd_fx *fx)
{
    switch (fx->persist) {
    case ZYD_PERSIST_VOTE:
        put_blob(&n->votes, &n->vote_count, fx->bytes);
        break;
    case ZYD_PERSIST_CERT:
        put_blob(&n->certs, &n->cert_count, fx->bytes);
        break;
    case ZYD_PERSIST_FLOOR:
        zyd_assert(fx->view >= n->floor);
        n->floor = fx->view;
        break;
    case ZYD_PERSIST_BLOCK:
        put_block(n, fx);
        break;
    case ZYD_PERSIST_FINAL:
        zyd_assert(fx->height < ZYD_CLUSTER_HEIGHTS);
        zyd_assert(n->finality[fx->height].size == 0);
        zyd_assert(fx->view > n->floor); /* P4: a floor never goes before the finality that it rests on */
        n->finality[fx->height] = (struct blob){dup(fx->bytes), fx->bytes.size};
        n->final_view[fx->height] = fx->view;
        break;
    case ZYD_PERSIST_CHECKPOINT:
        zyd_kv_map_rows(n->rows, fx->bytes);
        break;
    case ZYD_PERSIST_CHECKPOINT_END:
        n->have_checkpoint = true;
        zyd_assert(zyd_checkpoint_decode(&n->checkpoint, fx->bytes) == ZYD_OK);
        break;
    }
}

/* ---- effects ---- */

static struct item *push(struct zyd_cluster *c, int64_t at)
{
    c->items = grow(c->items, c->item_count, sizeof *c->items);
    struct item *it = &c->items[c->item_count++];
    memset(it, 0, sizeof *it);
    it->at = at;
    it->order = c->order++;
    return it;
}

/* No vote that left contradicts one that left before, across crashes (consensus.md 1.4). */
static void check_vote(struct node *n, uint32_t me, struct zyd_span bytes)
{
    struct zyd_vote v;
    if (bytes.data[0] != ZYD_MSG_VOTE || zyd_vote_decode(&v, zyd_span(bytes.data + 1, bytes.size - 1)) != ZYD_OK ||
        v.signer != me) {
        return;
    }
    for (size_t i = 0; i < n->signed_count; i++) {
        const struct zyd_vote *o = &n->signed_votes[i].v;
        if (o->view != v.view) {
            continue;
        }
        bool same = zyd_hash_eq(&o->hash, &v.hash);
        zyd_assert(o->type != v.type || same);
        zyd_assert(!(o->type == ZYD_VOTE_X && v.type == ZYD_VOTE_F));
        zyd_assert(!(o->type == ZYD_VOTE_F && v.type == ZYD_VOTE_X));
        zyd_assert(!(o->type != ZYD_VOTE_X && v.type != ZYD_VOTE_X) || same);
    }
    n->signed_votes = grow(n->signed_votes, n->signed_count, sizeof *n->signed_votes);
    n->signed_votes[n->signed_count++].v = v;
}

static void deliver(struct zyd_cluster *c, uint32_t from, const struct zyd_fx *fx)
{
    zyd_assert(fx->bytes.size > 0);
    c->nodes[from].sent[fx->bytes.data[0]]++;
    check_vote(&c->nodes[from], from, fx->bytes);
    for (uint32_t to = 0; to < c->count; to++) {
        if (to == from || (fx->peer != ZYD_BFT_ALL && fx->peer != to) || !c->nodes[to].up || c->cut[from][to] ||
            (c->starved[to] && fx->bytes.data[0] >= ZYD_MSG_ENVELOPE)) {
            continue;
        }
        struct item *it = push(c, c->now + c->options.delay_ms);
        it->what = MESSAGE;
        it->from = from;
        it->to = to;
        it->data = dup(fx->bytes);
        it->size = fx->bytes.size;
    }
}

static void set_blob(struct blob *b, struct zyd_span s)
{
    if (b->size != 0) {
        zyd_assert(b->size == s.size && memcmp(b->data, s.data, s.size) == 0);
        return;
    }
    *b = (struct blob){dup(s), s.size};
}

/* Blocks of two nodes at one height: same header. */
static void on_commit(struct zyd_cluster *c, uint32_t i, const struct zyd_fx *fx)
{
    struct node *n = &c->nodes[i];
    struct zyd_block_view ours, theirs;
    zyd_assert(fx->height == n->committed + 1);
    zyd_assert(fx->height < ZYD_CLUSTER_HEIGHTS);
    n->committed = fx->height;
    zyd_assert(zyd_block_decode(&ours, fx->block) == ZYD_OK);
    if (c->block[fx->height].size == 0) {
        set_blob(&c->block[fx->height], fx->block);
        set_blob(&c->finality[fx->height], fx->finality);
        return;
    }
    zyd_assert(zyd_block_decode(&theirs, zyd_span(c->block[fx->height].data, c->block[fx->height].size)) == ZYD_OK);
    zyd_assert(memcmp(ours.header_bytes.data, theirs.header_bytes.data, ZYD_HEADER_SIZE) == 0);
    zyd_assert(ours.outcomes.size == theirs.outcomes.size);
    zyd_assert(memcmp(ours.outcomes.data, theirs.outcomes.data, ours.outcomes.size) == 0);
}

static void begin_effect(struct zyd_cluster *c, uint32_t i, const struct zyd_fx *fx)
{
    struct node *n = &c->nodes[i];
    switch (fx->kind) {
    case ZYD_FX_SEND:
        deliver(c, i, fx);
        break;
    case ZYD_FX_COMMIT:
        on_commit(c, i, fx);
        break;
    case ZYD_FX_REPLY:
        c->replied = true;
        c->reply = fx->status;
        free(c->answer.data);
        c->answer = (struct blob){dup(fx->bytes), fx->bytes.size};
        break;
    case ZYD_FX_ALARM:
        n->alarms++;
        fprintf(stderr, "[%lld] n%u ALARM %d %.*s\n", (long long)c->now, i, (int)fx->alarm, (int)fx->bytes.size,
                (const char *)fx->bytes.data);
        break;
    case ZYD_FX_TRACE:
        if (c->options.trace) {
            fprintf(stderr, "[%5lld] n%u %.*s\n", (long long)c->now, i, (int)fx->bytes.size, (const char *)fx->bytes.data);
        }
        break;
    case ZYD_FX_PERSIST:
        break;
    }
}

static void drop_pending(struct node *n)
{
    for (size_t i = 0; i < n->pending_count; i++) {
        free((void *)(uintptr_t)n->pending[i].fx.bytes.data);
    }
    n->pending_count = 0;
}

static void own(struct zyd_fx *fx)
{
    fx->bytes.data = dup(fx->bytes);
    fx->block.data = dup(fx->block);
    fx->finality.data = dup(fx->finality);
}

static void disown(struct zyd_fx *fx)
{
    free((void *)(uintptr_t)fx->bytes.data);
    free((void *)(uintptr_t)fx->block.data);
    free((void *)(uintptr_t)fx->finality.data);
}

/* True when the node crashed. */
static bool begin_persist(struct zyd_cluster *c, uint32_t i, const struct zyd_fx *fx)
{
    struct node *n = &c->nodes[i];
    zyd_assert(fx->seq == n->last_seq + 1);
    n->last_seq = fx->seq;
    n->persists++;
    n->pending = grow(n->pending, n->pending_count, sizeof *n->pending);
    n->pending[n->pending_count].fx = *fx;
    n->pending[n->pending_count++].fx.bytes.data = dup(fx->bytes);
    if (n->crash_at != 0 && --n->crash_at == 0) {
        for (size_t k = 0; n->crash_durable && k < n->pending_count; k++) {
            make_durable(n, &n->pending[k].fx);
        }
        zyd_cluster_crash(c, i);
        return true;
    }
    struct item *it = push(c, c->now + c->options.sync_ms);
    it->what = SYNC;
    it->to = i;
    it->life = n->life;
    it->seq = fx->seq;
    return false;
}

static void begin_all(struct zyd_cluster *c, uint32_t i, const struct zyd_fx_list *list)
{
    struct node *n = &c->nodes[i];
    for (size_t k = 0; k < list->count; k++) {
        const struct zyd_fx *fx = &list->items[k];
        if (fx->kind == ZYD_FX_PERSIST) {
            if (begin_persist(c, i, fx)) {
                return;
            }
        } else if (fx->after_seq > n->synced) {
            n->held = grow(n->held, n->held_count, sizeof *n->held);
            n->held[n->held_count].fx = *fx;
            own(&n->held[n->held_count++].fx);
        } else {
            begin_effect(c, i, fx);
        }
    }
}

static void step(struct zyd_cluster *c, uint32_t i, struct zyd_ev *ev, enum zyd_status *status)
{
    struct zyd_fx_list list;
    ev->now_ms = c->now;
    ev->wall_ms = zyd_cluster_wall(c);
    enum zyd_status st = zyd_replica_step(c->nodes[i].replica, &list, ev);
    if (status != NULL) {
        *status = st;
    }
    begin_all(c, i, &list);
}

/* ---- life ---- */

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        zyd_panic(__FILE__, __LINE__, path);
    }
    uint8_t *p = malloc(1u << 20);
    *size = fread(p, 1, 1u << 20, f);
    fclose(f);
    return p;
}

struct zyd_cluster *zyd_cluster_new(uint32_t nodes, const struct zyd_cluster_options *options)
{
    struct zyd_cluster *c = calloc(1, sizeof *c);
    c->options = *options;
    c->count = nodes;
    c->now = 1000;
    c->elf = read_file(options->plugin, &c->elf_size);
    zyd_test_consortium_plan(&c->cons, nodes, nodes);
    struct zyd_genesis *g = &c->cons.g;
    struct zyd_plugin_ref *p = &g->plugins[g->plugin_count++];
    p->contract = 1;
    p->name = zyd_span("template", 8);
    zyd_sha256(&p->hash, c->elf, c->elf_size);
    struct zyd_wr wr = zyd_wr_of(c->scratch, sizeof c->scratch);
    zyd_wr_array(&wr, 2);
    zyd_wr_u64(&wr, 100000000);
    zyd_wr_u64(&wr, 3);
    g->programmes[g->programme_count++] = (struct zyd_programme){.id = 1,
                                                                 .contract = 1,
                                                                 .code = zyd_span("IOU", 3),
                                                                 .name_zh = zyd_span("借据", 6),
                                                                 .name_en = zyd_span("IOU", 3),
                                                                 .pending_days = 10,
                                                                 .params = zyd_wr_span(&wr)};
    zyd_test_consortium_seal(&c->cons);
    for (uint32_t i = 0; i < nodes; i++) {
        c->nodes[i].rows = zyd_kv_map_new();
    }
    return c;
}

struct zyd_test_consortium *zyd_cluster_consortium(struct zyd_cluster *c)
{
    return &c->cons;
}

static void *pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    zyd_assert(p != MAP_FAILED);
    return p;
}

static int by_place(const void *a, const void *b)
{
    const struct stored *x = *(const struct stored *const *)a, *y = *(const struct stored *const *)b;
    if (x->height != y->height) {
        return x->height < y->height ? -1 : 1;
    }
    return x->view < y->view ? -1 : x->view > y->view;
}

static void must(enum zyd_status status, const char *why)
{
    if (status != ZYD_OK) {
        fprintf(stderr, "status %s\n", zyd_status_text(status));
        zyd_panic(__FILE__, __LINE__, why);
    }
}

static void restore(struct node *n)
{
    must(zyd_replica_restore_floor(n->replica, n->floor), "floor");
    for (size_t i = 0; i < n->vote_count; i++) {
        must(zyd_replica_restore_vote(n->replica, zyd_span(n->votes[i].data, n->votes[i].size)), "vote");
    }
    for (size_t i = 0; i < n->cert_count; i++) {
        must(zyd_replica_restore_cert(n->replica, zyd_span(n->certs[i].data, n->certs[i].size)), "cert");
    }
    const struct stored **order = malloc((n->block_count + 1) * sizeof *order);
    for (size_t i = 0; i < n->block_count; i++) {
        order[i] = &n->blocks[i];
    }
    qsort(order, n->block_count, sizeof *order, by_place);
    for (size_t i = 0; i < n->block_count; i++) {
        must(zyd_replica_restore_block(n->replica, zyd_span(order[i]->data, order[i]->size)), "block");
    }
    free(order);
}

static enum zyd_status load(struct zyd_cluster *c, uint32_t i, const char **why)
{
    struct node *n = &c->nodes[i];
    n->kv = (struct zyd_kv){n, kv_get, kv_below, kv_at, kv_block};
    struct zyd_replica_config cfg = {.genesis = &c->cons.g,
                                     .kv = n->kv,
                                     .sig = zyd_test_sig_ops(c->cons.sk[c->cons.g.validators[i]][0]),
                                     .me_member = c->cons.g.validators[i],
                                     .me = (uint8_t)i,
                                     .seed = i + 1};
    if (c->options.node_limits) {
        zyd_replica_limits_node(&cfg.limits);
    } else {
        zyd_replica_limits_small(&cfg.limits);
    }
    if (c->options.checkpoint_blocks != 0) {
        cfg.limits.checkpoint_blocks = c->options.checkpoint_blocks;
    }
    if (c->options.recent_bytes != 0) {
        cfg.limits.state.recent_bytes = c->options.recent_bytes;
    }
    n->mem_size = zyd_replica_footprint(&cfg);
    n->mem = pages(n->mem_size);
    n->replica = zyd_replica_init(n->mem, &cfg);
    must(zyd_replica_plugin(n->replica, why, zyd_span(c->elf, c->elf_size)), "plugin");
    return zyd_replica_load(n->replica, why, n->have_checkpoint ? &n->checkpoint : NULL);
}

enum zyd_status zyd_cluster_try_load(struct zyd_cluster *c, uint32_t node, const char **why)
{
    zyd_assert(!c->nodes[node].up);
    enum zyd_status status = load(c, node, why);
    munmap(c->nodes[node].mem, c->nodes[node].mem_size);
    return status;
}

struct zyd_span zyd_cluster_plugin(const struct zyd_cluster *c)
{
    return zyd_span(c->elf, c->elf_size);
}

void zyd_cluster_start(struct zyd_cluster *c, uint32_t i)
{
    struct node *n = &c->nodes[i];
    const char *why = "";
    zyd_assert(!n->up);
    enum zyd_status loaded = load(c, i, &why);
    must(loaded, why);
    restore(n);
    struct zyd_replica_status status;
    zyd_replica_status(n->replica, &status);
    n->committed = status.head.height;
    n->up = true;
    n->life++;
    n->synced = n->last_seq = 0;
    step(c, i, &(struct zyd_ev){.kind = ZYD_EV_START}, NULL);
    for (uint32_t k = 0; k < c->count; k++) {
        if (k != i && c->nodes[k].up && n->up) {
            step(c, i, &(struct zyd_ev){.kind = ZYD_EV_PEER, .peer = (uint8_t)k, .up = true}, NULL);
            if (c->nodes[k].up) {
                step(c, k, &(struct zyd_ev){.kind = ZYD_EV_PEER, .peer = (uint8_t)i, .up = true}, NULL);
            }
        }
    }
}

void zyd_cluster_start_all(struct zyd_cluster *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (!c->nodes[i].up) {
            zyd_cluster_start(c, i);
        }
    }
}

void zyd_cluster_crash(struct zyd_cluster *c, uint32_t i)
{
    struct node *n = &c->nodes[i];
    zyd_assert(n->up);
    n->up = false;
    n->life++;
    n->crash_at = 0;
    munmap(n->mem, n->mem_size);
    n->replica = NULL;
    drop_pending(n);
    for (size_t k = 0; k < n->held_count; k++) {
        disown(&n->held[k].fx);
    }
    n->held_count = 0;
    for (uint32_t k = 0; k < c->count; k++) {
        if (k != i && c->nodes[k].up) {
            step(c, k, &(struct zyd_ev){.kind = ZYD_EV_PEER, .peer = (uint8_t)i, .up = false}, NULL);
        }
    }
}

bool zyd_cluster_up(const struct zyd_cluster *c, uint32_t node)
{
    return c->nodes[node].up;
}

void zyd_cluster_crash_at(struct zyd_cluster *c, uint32_t node, uint64_t persists, bool durable)
{
    c->nodes[node].crash_at = persists;
    c->nodes[node].crash_durable = durable;
}

void zyd_cluster_starve(struct zyd_cluster *c, uint32_t to, bool starved)
{
    c->starved[to] = starved;
}

void zyd_cluster_cut(struct zyd_cluster *c, uint32_t from, uint32_t to, bool cut)
{
    c->cut[from][to] = cut;
}

static void on_sync(struct zyd_cluster *c, uint32_t i, uint64_t seq)
{
    struct node *n = &c->nodes[i];
    uint64_t life = n->life;
    size_t done = 0;
    while (done < n->pending_count && n->pending[done].fx.seq <= seq) {
        make_durable(n, &n->pending[done].fx);
        free((void *)(uintptr_t)n->pending[done].fx.bytes.data);
        done++;
    }
    memmove(n->pending, n->pending + done, (n->pending_count - done) * sizeof *n->pending);
    n->pending_count -= done;
    n->synced = seq;
    size_t kept = 0;
    for (size_t k = 0; k < n->held_count; k++) {
        if (n->held[k].fx.after_seq <= seq) {
            begin_effect(c, i, &n->held[k].fx);
            disown(&n->held[k].fx);
        } else {
            n->held[kept++] = n->held[k];
        }
    }
    n->held_count = kept;
    if (n->up && n->life == life) {
        step(c, i, &(struct zyd_ev){.kind = ZYD_EV_SYNCED, .seq = seq}, NULL);
    }
}

static bool next_item(struct zyd_cluster *c, struct item *out, int64_t until)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < c->item_count; i++) {
        if (best == SIZE_MAX || c->items[i].at < c->items[best].at ||
            (c->items[i].at == c->items[best].at && c->items[i].order < c->items[best].order)) {
            best = i;
        }
    }
    if (best == SIZE_MAX || c->items[best].at > until) {
        return false;
    }
    *out = c->items[best];
    c->items[best] = c->items[--c->item_count];
    return true;
}

static bool next_timer(struct zyd_cluster *c, uint32_t *node, int64_t *at)
{
    bool found = false;
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->nodes[i].up) {
            int64_t d = zyd_replica_deadline_ms(c->nodes[i].replica);
            if (!found || d < *at) {
                *at = d;
                *node = i;
                found = true;
            }
        }
    }
    return found;
}

/* One thing; false: nothing before until. */
static bool turn(struct zyd_cluster *c, int64_t until)
{
    struct item it;
    uint32_t node = 0;
    int64_t timer = INT64_MAX;
    bool has_timer = next_timer(c, &node, &timer);
    if (has_timer && timer <= c->now) {
        step(c, node, &(struct zyd_ev){.kind = ZYD_EV_TIMEOUT}, NULL);
        zyd_assert(++c->spins < 1000); /* a deadline that is always now is a hang */
        return true;
    }
    if (next_item(c, &it, has_timer && timer < until ? timer : until)) {
        c->now = it.at > c->now ? it.at : c->now;
        c->spins = 0;
        struct node *n = &c->nodes[it.to];
        if (it.what == SYNC && n->up && n->life == it.life) {
            on_sync(c, it.to, it.seq);
        } else if (it.what == MESSAGE && n->up && !c->cut[it.from][it.to]) {
            step(c, it.to, &(struct zyd_ev){.kind = ZYD_EV_MESSAGE, .peer = (uint8_t)it.from, .verified = c->options.verified,
                                            .bytes = zyd_span(it.data, it.size)}, NULL);
        }
        free(it.data);
        return true;
    }
    if (has_timer && timer <= until) {
        c->spins = 0;
        c->now = timer;
        return true;
    }
    c->now = until;
    return false;
}

void zyd_cluster_run(struct zyd_cluster *c, int64_t ms)
{
    int64_t until = c->now + ms;
    while (turn(c, until)) {
    }
}

bool zyd_cluster_reach(struct zyd_cluster *c, uint64_t height, int64_t ms)
{
    int64_t until = c->now + ms;
    for (;;) {
        bool all = true;
        for (uint32_t i = 0; i < c->count; i++) {
            all = all && (!c->nodes[i].up || c->nodes[i].committed >= height);
        }
        if (all) {
            return true;
        }
        if (!turn(c, until)) {
            return false;
        }
    }
}

enum zyd_status zyd_cluster_submit_verified(struct zyd_cluster *c, uint32_t node, struct zyd_span envelope)
{
    c->replied = false;
    step(c, node, &(struct zyd_ev){.kind = ZYD_EV_SUBMIT, .ticket = 1, .verified = true, .bytes = envelope}, NULL);
    zyd_assert(c->replied);
    return c->reply;
}

enum zyd_status zyd_cluster_submit(struct zyd_cluster *c, uint32_t node, struct zyd_span envelope)
{
    c->replied = false;
    step(c, node, &(struct zyd_ev){.kind = ZYD_EV_SUBMIT, .ticket = 1, .bytes = envelope}, NULL);
    zyd_assert(c->replied);
    return c->reply;
}

enum zyd_status zyd_cluster_message(struct zyd_cluster *c, uint32_t node, uint8_t peer, struct zyd_span bytes)
{
    enum zyd_status status;
    step(c, node, &(struct zyd_ev){.kind = ZYD_EV_MESSAGE, .peer = peer, .bytes = bytes}, &status);
    return status;
}

enum zyd_status zyd_cluster_query(struct zyd_cluster *c, struct zyd_span *answer, uint32_t node, struct zyd_span bytes)
{
    c->replied = false;
    step(c, node, &(struct zyd_ev){.kind = ZYD_EV_QUERY, .ticket = 2, .bytes = bytes}, NULL);
    zyd_assert(c->replied);
    *answer = zyd_span(c->answer.data, c->answer.size);
    return c->reply;
}

struct zyd_replica *zyd_cluster_replica(struct zyd_cluster *c, uint32_t node)
{
    return c->nodes[node].replica;
}
uint64_t zyd_cluster_height(const struct zyd_cluster *c, uint32_t node)
{
    return c->nodes[node].committed;
}
int64_t zyd_cluster_wall(const struct zyd_cluster *c)
{
    return WALL0 + c->now;
}
uint64_t zyd_cluster_persists(const struct zyd_cluster *c, uint32_t node)
{
    return c->nodes[node].persists;
}
uint64_t zyd_cluster_alarms(const struct zyd_cluster *c, uint32_t node)
{
    return c->nodes[node].alarms;
}
uint64_t zyd_cluster_sent(const struct zyd_cluster *c, uint32_t node, uint8_t message)
{
    return c->nodes[node].sent[message];
}
struct zyd_span zyd_cluster_block(const struct zyd_cluster *c, uint64_t height, struct zyd_span *finality)
{
    *finality = zyd_span(c->finality[height].data, c->finality[height].size);
    return zyd_span(c->block[height].data, c->block[height].size);
}

static void put_promise(struct zyd_cluster *c, struct zyd_wr *ops, uint16_t member, uint16_t creditor, const char *ref,
                        uint64_t amount)
{
    uint8_t args[128], op_bytes[512];
    struct zyd_wr aw = zyd_wr_of(args, sizeof args);
    const struct zyd_member *m = c->cons.g.members;
    zyd_wr_array(&aw, 4);
    zyd_wr_str(&aw, (const char *)m[member].code.data, m[member].code.size);
    zyd_wr_str(&aw, (const char *)m[creditor].code.data, m[creditor].code.size);
    zyd_wr_u64(&aw, amount);
    zyd_wr_i64(&aw, 20270101);
    struct zyd_op op = {.contract = 1, .event = IOU_PROMISE, .programme = 1, .member = member,
                        .client_ref = zyd_span(ref, strlen(ref)), .args = zyd_wr_span(&aw)};
    struct zyd_wr ow = zyd_wr_of(op_bytes, sizeof op_bytes);
    zyd_op_encode(&ow, &op);
    zyd_wx_block(ops, zyd_wr_span(&ow));
}

static void seal(struct zyd_cluster *c, struct zyd_wr *wr, uint16_t member, uint16_t creditor, uint32_t count,
                 struct zyd_span ops, int64_t valid_ms)
{
    struct zyd_hash *leaves = malloc(count * sizeof *leaves);
    zyd_env_build(wr, &c->cons.g.hash, ZYD_ENV_BUSINESS, 0, (uint64_t)(zyd_cluster_wall(c) + valid_ms), count, ops, leaves);
    uint16_t first = member < creditor ? member : creditor, second = member < creditor ? creditor : member;
    zyd_env_sign(wr, first, 2, c->cons.sk[first][2]);
    zyd_env_sign(wr, second, 2, c->cons.sk[second][2]);
    zyd_assert(!wr->full);
    free(leaves);
}

struct zyd_span zyd_cluster_promises(struct zyd_cluster *c, uint16_t member, const char *ref, uint32_t count, uint64_t amount,
                                     int64_t valid_ms)
{
    size_t cap = 256 * (size_t)count + 1024;
    uint8_t *ops = malloc(cap), *env = malloc(cap);
    uint16_t creditor = (uint16_t)((member + 1) % c->cons.g.member_count);
    struct zyd_wr ow = zyd_wr_of(ops, cap), wr = zyd_wr_of(env, cap);
    for (uint32_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s-%u", ref, i);
        put_promise(c, &ow, member, creditor, name, amount);
    }
    seal(c, &wr, member, creditor, count, zyd_wr_span(&ow), valid_ms);
    free(ops);
    return zyd_wr_span(&wr);
}

struct zyd_span zyd_cluster_promise(struct zyd_cluster *c, uint16_t member, const char *ref, uint64_t amount, int64_t valid_ms)
{
    uint8_t ops[600];
    uint16_t creditor = (uint16_t)((member + 1) % c->cons.g.member_count);
    struct zyd_wr ow = zyd_wr_of(ops, sizeof ops), wr = zyd_wr_of(c->scratch, sizeof c->scratch);
    put_promise(c, &ow, member, creditor, ref, amount);
    seal(c, &wr, member, creditor, 1, zyd_wr_span(&ow), valid_ms);
    return zyd_wr_span(&wr);
}

void zyd_cluster_free(struct zyd_cluster *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        struct node *n = &c->nodes[i];
        if (n->up) {
            zyd_cluster_crash(c, i);
        }
        zyd_kv_map_free(n->rows);
        for (size_t k = 0; k < n->block_count; k++) {
            free(n->blocks[k].data);
        }
        for (size_t k = 0; k < ZYD_CLUSTER_HEIGHTS; k++) {
            free(n->finality[k].data);
        }
        for (size_t k = 0; k < n->vote_count; k++) {
            free(n->votes[k].data);
        }
        for (size_t k = 0; k < n->cert_count; k++) {
            free(n->certs[k].data);
        }
        free(n->blocks);
        free(n->votes);
        free(n->certs);
        free(n->pending);
        free(n->held);
        free(n->signed_votes);
        free(n->last_read[0].data);
        free(n->last_read[1].data);
    }
    for (size_t i = 0; i < c->item_count; i++) {
        free(c->items[i].data);
    }
    for (size_t k = 0; k < ZYD_CLUSTER_HEIGHTS; k++) {
        free(c->block[k].data);
        free(c->finality[k].data);
    }
    free(c->items);
    free(c->elf);
    free(c->answer.data);
    free(c);
}
