#include "tests/lib/live.h"
#include "tests/lib/kv_map.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <zyd/guarantee_schema.h>

#define MUST(expr) ((expr) ? (void)0 : zyd_panic(__FILE__, __LINE__, #expr))
#define LISTENER_SHIFT 56

struct zyd_live_event {
    struct zyd_live_event *next;
    enum zyd_ev_kind kind;
    uint64_t ticket;
    size_t size;
    uint8_t bytes[];
};

static int64_t mono(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t real(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void zyd_live_plan(struct zyd_live *l, const char *codes)
{
    uint32_t n = 1;
    memset(l, 0, sizeof *l);
    for (const char *p = codes; *p; p++) {
        n += *p == ',';
    }
    snprintf(l->codes, sizeof l->codes, "%s", codes);
    zyd_test_consortium_plan(&l->c, 1, n);
    l->c.g.plugin_count = 1;
    l->c.g.plugins[0].contract = 1;
    l->c.g.plugins[0].name = zyd_span("guarantee", 9);
    l->c.g.heartbeat_ms = 500;
    char *p = l->codes;
    for (uint32_t i = 0; i < n; i++) {
        size_t size = strcspn(p, ",");
        l->c.g.members[i].code = zyd_span(p, size);
        if (size == 4 && memcmp(p, "NFGF", 4) == 0) {
            l->c.g.members[i].role = ZYD_ROLE_NFGF;
        } else if (i == 4) {
            l->c.g.members[i].role = ZYD_ROLE_FISCAL;
        }
        p += size + 1;
    }
}

void zyd_live_plugin(struct zyd_live *l, uint16_t contract, const char *name)
{
    struct zyd_plugin_ref *p = &l->c.g.plugins[l->c.g.plugin_count++];
    p->contract = contract;
    p->name = zyd_span(name, strlen(name));
}

struct zyd_programme *zyd_live_programme(struct zyd_live *l, uint16_t id, const char *code, const char *params)
{
    return zyd_live_programme_of(l, &zyd_product_guarantee, id, code, params);
}

struct zyd_programme *zyd_live_programme_of(struct zyd_live *l, const struct zyd_product *product, uint16_t id,
                                            const char *code, const char *params)
{
    struct zyd_pair pairs[64];
    char *copy = strdup(params), *save = NULL, why[ZYD_WHY] = "";
    size_t n = 0;
    uint16_t at = l->c.g.programme_count++;
    struct zyd_members members = zyd_genesis_members(&l->c.g);
    for (char *t = strtok_r(copy, ";", &save); t; t = strtok_r(NULL, ";", &save)) {
        char *eq = strchr(t, '=');
        MUST(eq != NULL && n < 64);
        *eq = '\0';
        pairs[n++] = (struct zyd_pair){t, eq + 1};
    }
    struct zyd_wr wr = zyd_wr_of(l->params[at], sizeof l->params[at]);
    if (zyd_product_params_encode(product, &wr, why, pairs, n, &members) != ZYD_OK) {
        zyd_panic(__FILE__, __LINE__, why);
    }
    free(copy);
    snprintf(l->programme_codes[at], sizeof l->programme_codes[at], "%s", code);
    struct zyd_programme *p = &l->c.g.programmes[at];
    p->id = id;
    p->contract = product->number;
    p->code = p->name_zh = p->name_en = zyd_span(l->programme_codes[at], strlen(code));
    p->class_ = 1;
    p->pending_days = 10;
    p->params = zyd_wr_span(&wr);
    return p;
}

/* ---- the loop ---- */

static void effects(struct zyd_live *l, const struct zyd_fx_list *fx, uint64_t *seq)
{
    for (size_t i = 0; i < fx->count; i++) {
        const struct zyd_fx *x = &fx->items[i];
        uint32_t listener;
        switch (x->kind) {
        case ZYD_FX_PERSIST:
            *seq = x->seq;
            if (x->persist == ZYD_PERSIST_CHECKPOINT) {
                zyd_kv_map_rows(l->kv, x->bytes);
            }
            break;
        case ZYD_FX_COMMIT:
            pthread_mutex_lock(&l->lock);
            zyd_kv_map_block(l->kv, x->header->height, x->block, x->finality);
            l->height = x->header->height;
            pthread_mutex_unlock(&l->lock);
            pthread_mutex_lock(&l->hook_lock); /* a listener that left is not called any more */
            for (uint32_t k = 0; k < l->hook_count; k++) {
                if (l->hooks[k].commit) {
                    l->hooks[k].commit(l->hooks[k].ctx, x->header, x->block, x->finality);
                }
            }
            pthread_mutex_unlock(&l->hook_lock);
            break;
        case ZYD_FX_REPLY:
            pthread_mutex_lock(&l->hook_lock);
            listener = (uint32_t)(x->ticket >> LISTENER_SHIFT);
            if (listener < l->hook_count && l->hooks[listener].reply) {
                l->hooks[listener].reply(l->hooks[listener].ctx, x->ticket & ((UINT64_C(1) << LISTENER_SHIFT) - 1), x->status,
                                         x->bytes);
            }
            pthread_mutex_unlock(&l->hook_lock);
            break;
        case ZYD_FX_ALARM:
            zyd_panic(__FILE__, __LINE__, "alarm");
        case ZYD_FX_SEND:
        case ZYD_FX_TRACE:
            break;
        }
    }
}

static void step(struct zyd_live *l, enum zyd_ev_kind kind, uint64_t ticket, struct zyd_span bytes)
{
    uint64_t done = 0, seq = 0;
    struct zyd_fx_list fx = {0};
    struct zyd_ev ev = {
        .kind = kind, .now_ms = mono(), .wall_ms = zyd_live_wall(l), .ticket = ticket, .bytes = bytes, .verified = true};
    zyd_replica_step(l->replica, &fx, &ev);
    effects(l, &fx, &seq);
    while (seq > done) { /* a disk that is always quick */
        done = seq;
        ev = (struct zyd_ev){.kind = ZYD_EV_SYNCED, .now_ms = mono(), .wall_ms = zyd_live_wall(l), .seq = done};
        zyd_replica_step(l->replica, &fx, &ev);
        effects(l, &fx, &seq);
    }
}

static struct zyd_live_event *next_event(struct zyd_live *l)
{
    struct timespec t;
    int64_t wait = zyd_replica_deadline_ms(l->replica) - mono();
    wait = wait < 0 ? 0 : wait > 20 ? 20 : wait;
    pthread_mutex_lock(&l->lock);
    if (!l->first && l->running && wait > 0) {
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += wait * 1000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&l->cond, &l->lock, &t);
    }
    struct zyd_live_event *e = l->first;
    if (e) {
        l->first = e->next;
        l->last = e->next ? l->last : NULL;
    }
    pthread_mutex_unlock(&l->lock);
    return e;
}

static void *loop(void *ctx)
{
    struct zyd_live *l = ctx;
    step(l, ZYD_EV_START, 0, zyd_span(NULL, 0));
    for (bool run = true; run;) {
        struct zyd_live_event *e = next_event(l);
        if (e) {
            step(l, e->kind, e->ticket, zyd_span(e->bytes, e->size));
            free(e);
        } else {
            step(l, ZYD_EV_TIMEOUT, 0, zyd_span(NULL, 0));
        }
        pthread_mutex_lock(&l->lock);
        run = l->running;
        pthread_mutex_unlock(&l->lock);
    }
    return NULL;
}

static void load_image(struct zyd_live *l, uint16_t at, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        zyd_panic(__FILE__, __LINE__, path);
    }
    l->images[at].elf = malloc(ZYD_PLUGIN_SIZE_MAX);
    l->images[at].size = fread(l->images[at].elf, 1, ZYD_PLUGIN_SIZE_MAX, f);
    fclose(f);
    zyd_sha256(&l->c.g.plugins[at].hash, l->images[at].elf, l->images[at].size);
}

void zyd_live_start(struct zyd_live *l, const char *elf)
{
    const char *why = "", *file = strrchr(elf, '/');
    load_image(l, 0, elf);
    for (uint16_t i = 1; i < l->c.g.plugin_count; i++) {
        char path[512];
        const struct zyd_span name = l->c.g.plugins[i].name;
        snprintf(path, sizeof path, "%.*s%.*s.elf", file == NULL ? 0 : (int)(file + 1 - elf), elf, (int)name.size,
                 (const char *)name.data);
        load_image(l, i, path);
    }
    zyd_test_consortium_seal(&l->c);
    l->kv = zyd_kv_map_new();
    struct zyd_replica_config config = {.genesis = &l->c.g,
                                        .kv = zyd_kv_map_kv(l->kv),
                                        .sig = zyd_test_sig_ops(l->c.sk[0][0]),
                                        .me_member = 0,
                                        .me = 0,
                                        .seed = 7};
    zyd_replica_limits_small(&config.limits);
    l->mem_size = zyd_replica_footprint(&config);
    l->mem = mmap(NULL, l->mem_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    MUST(l->mem != MAP_FAILED);
    l->replica = zyd_replica_init(l->mem, &config);
    for (uint16_t i = 0; i < l->c.g.plugin_count; i++) {
        MUST(zyd_replica_plugin(l->replica, &why, zyd_span(l->images[i].elf, l->images[i].size)) == ZYD_OK);
    }
    MUST(zyd_replica_load(l->replica, &why, NULL) == ZYD_OK);
    MUST(zyd_replica_restore_floor(l->replica, 0) == ZYD_OK);
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->hook_lock, NULL);
    pthread_cond_init(&l->cond, NULL);
    l->wall_offset = (int64_t)l->c.g.created_ms + 4 * 86400000 - real();
    l->running = true;
    MUST(pthread_create(&l->thread, NULL, loop, l) == 0);
}

void zyd_live_stop(struct zyd_live *l)
{
    pthread_mutex_lock(&l->lock);
    l->running = false;
    pthread_cond_broadcast(&l->cond);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    for (struct zyd_live_event *e = l->first, *next; e; e = next) {
        next = e->next;
        free(e);
    }
    munmap(l->mem, l->mem_size);
    zyd_kv_map_free(l->kv);
    for (uint16_t i = 0; i < l->c.g.plugin_count; i++) {
        free(l->images[i].elf);
    }
}

/* Copies of a committed block, malloc'd; false: not yet. */
static bool copy_block(struct zyd_live *l, uint64_t height, struct zyd_span *value, struct zyd_span *finality)
{
    pthread_mutex_lock(&l->lock);
    struct zyd_kv kv = zyd_kv_map_kv(l->kv);
    struct zyd_span v, f;
    bool there = kv.block(kv.ctx, &v, &f, height) == ZYD_OK;
    if (there) {
        uint8_t *a = malloc(v.size), *b = malloc(f.size + 1);
        memcpy(a, v.data, v.size);
        memcpy(b, f.data, f.size);
        *value = zyd_span(a, v.size);
        *finality = zyd_span(b, f.size);
    }
    pthread_mutex_unlock(&l->lock);
    return there;
}

uint32_t zyd_live_listen(struct zyd_live *l, const struct zyd_live_hooks *hooks)
{
    pthread_mutex_lock(&l->hook_lock);
    uint32_t at = 0;
    while (at < l->hook_count && l->hooks[at].commit) {
        at++;
    }
    MUST(at < ZYD_LIVE_LISTENERS);
    l->hook_count = at < l->hook_count ? l->hook_count : at + 1;
    l->hooks[at] = *hooks;
    struct zyd_span value, finality;
    /* what came before; the loop may tell the last one again */
    for (uint64_t h = 1; copy_block(l, h, &value, &finality); h++) {
        struct zyd_block_view b;
        MUST(zyd_block_decode(&b, value) == ZYD_OK);
        hooks->commit(hooks->ctx, &b.header, value, finality);
        free((void *)(uintptr_t)value.data);
        free((void *)(uintptr_t)finality.data);
    }
    pthread_mutex_unlock(&l->hook_lock);
    return at;
}

void zyd_live_unlisten(struct zyd_live *l, uint32_t listener)
{
    pthread_mutex_lock(&l->hook_lock);
    memset(&l->hooks[listener], 0, sizeof l->hooks[listener]);
    pthread_mutex_unlock(&l->hook_lock);
}

static bool put(struct zyd_live *l, enum zyd_ev_kind kind, uint32_t listener, uint64_t ticket, struct zyd_span bytes)
{
    struct zyd_live_event *e = malloc(sizeof *e + bytes.size);
    MUST(e != NULL);
    *e = (struct zyd_live_event){.kind = kind, .ticket = (uint64_t)listener << LISTENER_SHIFT | ticket, .size = bytes.size};
    memcpy(e->bytes, bytes.data, bytes.size);
    pthread_mutex_lock(&l->lock);
    bool taken = !l->deaf;
    l->submits += kind == ZYD_EV_SUBMIT && taken;
    if (taken && !(l->frozen && kind == ZYD_EV_SUBMIT)) {
        if (l->last) {
            l->last->next = e;
        } else {
            l->first = e;
        }
        l->last = e;
    } else {
        free(e);
    }
    pthread_cond_broadcast(&l->cond);
    pthread_mutex_unlock(&l->lock);
    return taken;
}

bool zyd_live_submit(struct zyd_live *l, uint32_t listener, uint64_t ticket, struct zyd_span bytes)
{
    return put(l, ZYD_EV_SUBMIT, listener, ticket, bytes);
}

bool zyd_live_query(struct zyd_live *l, uint32_t listener, uint64_t ticket, struct zyd_span bytes)
{
    return put(l, ZYD_EV_QUERY, listener, ticket, bytes);
}

void zyd_live_await_submit(struct zyd_live *l)
{
    pthread_mutex_lock(&l->lock);
    while (l->submits == 0) {
        pthread_cond_wait(&l->cond, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
}

int64_t zyd_live_wall(struct zyd_live *l)
{
    pthread_mutex_lock(&l->lock);
    int64_t offset = l->wall_offset;
    pthread_mutex_unlock(&l->lock);
    return real() + offset;
}

void zyd_live_clock(struct zyd_live *l, int64_t wall_ms)
{
    pthread_mutex_lock(&l->lock);
    l->wall_offset = wall_ms - real();
    pthread_cond_broadcast(&l->cond);
    pthread_mutex_unlock(&l->lock);
}

