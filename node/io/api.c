/* Start, stop, and the API's own threads: one feeds the view with final blocks and ends waits,
 * one makes the journal durable. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api_impl.h"

#define QUEUE_BYTES (128u << 20) /* beyond it commits are read back from the store */
#define KEPT_FINALITY 256u
#define TICK_MS 20

struct commit {
    struct commit *next;
    uint64_t height;
    uint8_t *block; /* NULL: in the store */
    size_t size;
};
struct kept {
    uint64_t height;
    uint8_t *block, *finality;
    size_t size, finality_size;
};

/* ---- blocks: the store, and what it does not have (yet) ---- */

static uint8_t *copy(const uint8_t *data, size_t size)
{
    uint8_t *p = malloc(size == 0 ? 1 : size);
    zyd_assert(p != NULL);
    if (size > 0) {
        memcpy(p, data, size);
    }
    return p;
}

static void keep(struct zyd_api *a, uint64_t height, struct zyd_span block, struct zyd_span finality)
{
    struct kept *k;
    if (a->config.store) { /* a ring: the finality of the newest blocks rides with a later put */
        if (a->kept_cap == 0) {
            a->kept_cap = KEPT_FINALITY;
            a->kept = calloc(a->kept_cap, sizeof *a->kept);
            zyd_assert(a->kept != NULL);
        }
        k = &a->kept[a->kept_count++ % KEPT_FINALITY];
        free(k->finality);
        block = zyd_span(NULL, 0);
    } else {
        a->kept = zyd_index_grow(a->kept, a->kept_count, &a->kept_cap, sizeof *a->kept);
        k = &a->kept[a->kept_count++];
    }
    *k = (struct kept){height, block.size > 0 ? copy(block.data, block.size) : NULL, copy(finality.data, finality.size),
                       block.size, finality.size};
}

static const struct kept *find_kept(const struct zyd_api *a, uint64_t height)
{
    uint32_t n = a->config.store && a->kept_count > KEPT_FINALITY ? KEPT_FINALITY : a->kept_count;
    for (uint32_t i = 0; i < n; i++) {
        if (a->kept[i].height == height) {
            return &a->kept[i];
        }
    }
    return NULL;
}

static enum zyd_status read_block(void *ctx, uint64_t height, uint8_t **value, size_t *size, uint8_t **finality,
                                  size_t *finality_size)
{
    struct zyd_api *a = ctx;
    struct zyd_err err = {0};
    enum zyd_status s = ZYD_OK;
    *value = *finality = NULL;
    *size = *finality_size = 0;
    if (a->config.store) {
        s = zyd_store_block(a->config.store, &err, height, value, size, finality, finality_size);
    }
    pthread_mutex_lock(&a->queue_lock);
    const struct kept *k = find_kept(a, height);
    if (!a->config.store) {
        s = k ? ZYD_OK : ZYD_E_NOT_FOUND;
        *value = k ? copy(k->block, k->size) : NULL;
        *size = k ? k->size : 0;
    }
    if (s == ZYD_OK && *finality_size == 0 && k) {
        free(*finality);
        *finality = copy(k->finality, k->finality_size);
        *finality_size = k->finality_size;
    }
    pthread_mutex_unlock(&a->queue_lock);
    return s;
}

/* ---- waiters ---- */

/* With wait_lock held. */
static void take_out(struct zyd_api *a, struct request *r)
{
    for (struct request **p = &a->waiters; *p; p = &(*p)->next) {
        if (*p == r) {
            *p = r->next;
            r->next = NULL;
            return;
        }
    }
}

static void end_wait(struct zyd_api *a, struct request *r, bool timed_out)
{
    take_out(a, r);
    r->waiting = WAIT_NONE;
    r->timed_out = timed_out;
    zyd_http_resume(r);
}

/* With wait_lock held and the connection suspended. */
static void put_in(struct zyd_api *a, struct request *r, enum wait_kind kind, int64_t until_ms)
{
    r->waiting = kind;
    r->replied = r->timed_out = false;
    r->wait_until_ms = until_ms;
    r->next = a->waiters;
    a->waiters = r;
}

static void reply(struct request *r, enum zyd_status status, struct zyd_span bytes)
{
    r->replied = true;
    r->reply = status;
    free(r->reply_bytes);
    r->reply_bytes = copy(bytes.data, bytes.size);
    r->reply_size = bytes.size;
}

static bool stopping(struct request *r)
{
    if (r->api->stopping) {
        zyd_problem_set(&r->problem, ZYD_ERR_NOT_READY, "", "the node is stopping");
    }
    return r->api->stopping;
}

/* With wait_lock held: the event is queued and the wait for its reply begun, or ended at once. */
static void ask(struct zyd_api *a, struct request *r, bool submit, struct zyd_span bytes)
{
    put_in(a, r, WAIT_REPLY, zyd_api_now_ms() + ZYD_HTTP_REPLY_MS);
    r->ticket = ++a->next_ticket;
    bool queued = submit ? a->calls.submit(a->calls.ctx, r->ticket, bytes) : a->calls.query(a->calls.ctx, r->ticket, bytes);
    if (!queued) {
        atomic_fetch_add(&a->busy, 1);
        reply(r, ZYD_E_FULL, zyd_span(NULL, 0));
        end_wait(a, r, false);
    }
}

bool zyd_api_wait_reply(struct request *r, bool submit, struct zyd_span bytes)
{
    struct zyd_api *a = r->api;
    pthread_mutex_lock(&a->wait_lock);
    bool go = !stopping(r);
    if (go) {
        zyd_http_suspend(r);
        ask(a, r, submit, bytes);
    }
    pthread_mutex_unlock(&a->wait_lock);
    return go;
}

static bool env_final(struct zyd_api *a, const struct zyd_hash *env_id)
{
    zyd_view_lock(a->view);
    bool is = zyd_view_env(a->view, env_id) != NULL;
    zyd_view_unlock(a->view);
    return is;
}

bool zyd_api_wait_final(struct request *r)
{
    struct zyd_api *a = r->api;
    pthread_mutex_lock(&a->wait_lock);
    bool wait = !a->stopping && !env_final(a, &r->w.env_id);
    r->timed_out = a->stopping;
    if (wait) {
        zyd_http_suspend(r);
        put_in(a, r, WAIT_FINAL, zyd_api_now_ms() + (int64_t)r->wait_s * 1000);
    }
    pthread_mutex_unlock(&a->wait_lock);
    return wait;
}

bool zyd_api_wait_journal(struct request *r)
{
    struct zyd_api *a = r->api;
    pthread_mutex_lock(&a->wait_lock);
    bool go = !stopping(r);
    if (go) {
        zyd_http_suspend(r);
        r->waiting = WAIT_JOURNAL;
        r->next = NULL;
        pthread_mutex_lock(&a->journal_lock);
        if (a->journal_last) {
            a->journal_last->next = r;
        } else {
            a->journal_queue = r;
        }
        a->journal_last = r;
        pthread_cond_signal(&a->journal_cond);
        pthread_mutex_unlock(&a->journal_lock);
    }
    pthread_mutex_unlock(&a->wait_lock);
    return go;
}

void zyd_api_on_reply(struct zyd_api *a, uint64_t ticket, enum zyd_status status, struct zyd_span bytes)
{
    pthread_mutex_lock(&a->wait_lock);
    for (struct request *r = a->waiters; r; r = r->next) {
        if (r->waiting == WAIT_REPLY && r->ticket == ticket) {
            reply(r, status, bytes);
            end_wait(a, r, false);
            break;
        }
    }
    pthread_mutex_unlock(&a->wait_lock);
}

/* Ends the waits that are over: their envelope is final, or their time. */
static void sweep(struct zyd_api *a)
{
    int64_t now = zyd_api_now_ms();
    pthread_mutex_lock(&a->wait_lock);
    for (struct request *r = a->waiters, *next; r; r = next) {
        next = r->next;
        if (r->waiting == WAIT_FINAL && env_final(a, &r->w.env_id)) {
            end_wait(a, r, false);
        } else if (now >= r->wait_until_ms) {
            end_wait(a, r, true);
        }
    }
    zyd_api_streams_wake(a, false);
    pthread_mutex_unlock(&a->wait_lock);
}

/* ---- the view thread ---- */

static struct commit *pop(struct zyd_api *a)
{
    struct timespec t;
    pthread_mutex_lock(&a->queue_lock);
    if (!a->queue_first && a->view_running) {
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_nsec += TICK_MS * 1000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&a->queue_cond, &a->queue_lock, &t);
    }
    struct commit *c = a->queue_first;
    if (c) {
        a->queue_first = c->next;
        a->queue_last = c->next ? a->queue_last : NULL;
        a->queue_bytes -= c->block ? c->size : 0;
    }
    pthread_mutex_unlock(&a->queue_lock);
    return c;
}

/* Only the thread that applies blocks changes the view's genesis. */
static enum zyd_status apply(struct zyd_api *a, struct zyd_span block)
{
    enum zyd_status s = zyd_view_apply(a->view, block);
    a->g = zyd_view_genesis(a->view);
    return s;
}

static enum zyd_status apply_stored(struct zyd_api *a, uint64_t height)
{
    uint8_t *value, *finality;
    size_t size, finality_size;
    enum zyd_status s = read_block(a, height, &value, &size, &finality, &finality_size);
    s = s == ZYD_OK ? apply(a, zyd_span(value, size)) : s;
    free(value);
    free(finality);
    return s;
}

static void apply_commit(struct zyd_api *a, const struct commit *c)
{
    if (c->height <= zyd_view_height(a->view)) { /* known from the start-up scan */
        return;
    }
    enum zyd_status s = c->block ? apply(a, zyd_span(c->block, c->size)) : apply_stored(a, c->height);
    if (s != ZYD_OK) {
        pthread_mutex_lock(&a->queue_lock);
        a->view_broken = true;
        pthread_mutex_unlock(&a->queue_lock);
        zyd_log(ZYD_LOG_ERROR, "api_view",
                "block %llu cannot be indexed (%s): reads stay at the height before; restart the node",
                (unsigned long long)c->height, zyd_status_text(s));
    }
}

static void *view_main(void *ctx)
{
    struct zyd_api *a = ctx;
    for (bool run = true; run;) {
        struct commit *c = pop(a);
        if (c && !a->view_broken) {
            apply_commit(a, c);
        }
        if (c) {
            free(c->block);
            free(c);
        }
        sweep(a);
        pthread_mutex_lock(&a->queue_lock);
        run = a->view_running;
        pthread_mutex_unlock(&a->queue_lock);
    }
    return NULL;
}

void zyd_api_on_commit(struct zyd_api *a, const struct zyd_header *h, struct zyd_span block, struct zyd_span finality)
{
    struct commit *c = calloc(1, sizeof *c);
    zyd_assert(c != NULL);
    c->height = h->height;
    pthread_mutex_lock(&a->queue_lock);
    if (!a->config.store || a->queue_bytes + block.size <= QUEUE_BYTES) {
        c->block = copy(block.data, block.size);
        c->size = block.size;
        a->queue_bytes += block.size;
    }
    keep(a, h->height, block, finality);
    a->tip = h->height;
    if (a->queue_last) {
        a->queue_last->next = c;
    } else {
        a->queue_first = c;
    }
    a->queue_last = c;
    pthread_cond_signal(&a->queue_cond);
    pthread_mutex_unlock(&a->queue_lock);
}

void zyd_api_on_health(struct zyd_api *a, const struct zyd_api_health *h)
{
    pthread_mutex_lock(&a->health_lock);
    a->health = *h;
    a->have_health = true;
    a->health_ms = zyd_api_now_ms();
    pthread_mutex_unlock(&a->health_lock);
}

/* ---- the journal thread: one sync for all that wait ---- */

static struct request *journal_take(struct zyd_api *a, bool *run)
{
    pthread_mutex_lock(&a->journal_lock);
    while (!a->journal_queue && a->journal_running) {
        pthread_cond_wait(&a->journal_cond, &a->journal_lock);
    }
    struct request *list = a->journal_queue;
    a->journal_queue = a->journal_last = NULL;
    *run = a->journal_running || list != NULL;
    pthread_mutex_unlock(&a->journal_lock);
    return list;
}

static void *journal_main(void *ctx)
{
    struct zyd_api *a = ctx;
    bool run = true;
    while (run) {
        struct zyd_hash keys[ZYD_HTTP_CONNECTIONS];
        struct zyd_err err = {0};
        struct request *list = journal_take(a, &run);
        uint8_t *bytes = NULL;
        size_t size = 0, n = 0;
        pthread_mutex_lock(&a->journal_lock);
        for (struct request *r = list; r && n < ZYD_HTTP_CONNECTIONS; r = r->next) {
            keys[n++] = r->w.jkey;
        }
        enum zyd_status s = n == 0 ? ZYD_OK : zyd_journal_encode(a->journal, &err, &bytes, &size, keys, n);
        pthread_mutex_unlock(&a->journal_lock);
        s = s == ZYD_OK ? zyd_journal_append(a->journal, &err, bytes, size) : s;
        free(bytes);
        if (s != ZYD_OK) {
            zyd_log(ZYD_LOG_ERROR, "api_journal", "%s", err.text);
        }
        pthread_mutex_lock(&a->wait_lock);
        for (struct request *next; list; list = next) {
            next = list->next;
            list->next = NULL;
            if (s != ZYD_OK || list->w.env_size == 0) { /* not durable, or a draft: nothing to send */
                put_in(a, list, WAIT_JOURNAL, 0);
                reply(list, s, zyd_span(NULL, 0));
                end_wait(a, list, false);
            } else {
                ask(a, list, true, zyd_span(list->w.env, list->w.env_size));
            }
        }
        pthread_mutex_unlock(&a->wait_lock);
    }
    return NULL;
}

/* ---- envelopes that went through this node ---- */

void zyd_api_sent_add(struct zyd_api *a, const struct zyd_env *env)
{
    struct zyd_op op;
    size_t pos = 0;
    pthread_mutex_lock(&a->sent_lock);
    if (a->sent_at == ZYD_SENT_MAX) { /* full: begin anew; what is lost reads "unknown" until it is final */
        zyd_index_clear(&a->sent_index);
        a->sent_at = 0;
    }
    if (zyd_index_find(&a->sent_index, a->sent, &env->env_id) == UINT32_MAX) {
        a->sent[a->sent_at] = (struct sent){env->env_id, env->valid_until_ms};
        zyd_index_add(&a->sent_index, a->sent, a->sent_at++);
    }
    for (uint32_t i = 0; i < 64 && zyd_env_next_op(&op, env, &pos); i++) {
        if (a->sent_ops_at == ZYD_SENT_MAX) {
            zyd_index_clear(&a->sent_ops_index);
            a->sent_ops_at = 0;
        }
        uint32_t at = zyd_index_find(&a->sent_ops_index, a->sent_ops, &op.op_id);
        if (at != UINT32_MAX) {
            a->sent_ops[at].env_id = env->env_id;
            continue;
        }
        a->sent_ops[a->sent_ops_at] = (struct sent_op){op.op_id, env->env_id};
        zyd_index_add(&a->sent_ops_index, a->sent_ops, a->sent_ops_at++);
    }
    pthread_mutex_unlock(&a->sent_lock);
}

uint64_t zyd_api_sent_env(struct zyd_api *a, const struct zyd_hash *env_id)
{
    pthread_mutex_lock(&a->sent_lock);
    uint32_t at = zyd_index_find(&a->sent_index, a->sent, env_id);
    uint64_t until = at == UINT32_MAX ? 0 : a->sent[at].valid_until_ms;
    pthread_mutex_unlock(&a->sent_lock);
    return until;
}

uint64_t zyd_api_sent_op(struct zyd_api *a, const struct zyd_hash *op_id, struct zyd_hash *env_id)
{
    pthread_mutex_lock(&a->sent_lock);
    uint32_t at = zyd_index_find(&a->sent_ops_index, a->sent_ops, op_id);
    if (at != UINT32_MAX) {
        *env_id = a->sent_ops[at].env_id;
    }
    pthread_mutex_unlock(&a->sent_lock);
    if (at != UINT32_MAX) {
        return zyd_api_sent_env(a, env_id);
    }
    uint64_t until = 0;
    pthread_mutex_lock(&a->journal_lock);
    const struct zyd_journal_entry *e = a->journal ? zyd_journal_find_op(a->journal, op_id) : NULL;
    if (e) {
        *env_id = e->env_id;
        until = e->valid_until_ms;
    }
    pthread_mutex_unlock(&a->journal_lock);
    return until;
}

/* ---- start and stop ---- */

static int key_index(const struct zyd_genesis *g, uint16_t member, const struct zyd_key *key, uint8_t purpose)
{
    const struct zyd_member *m = member < g->member_count ? &g->members[member] : NULL;
    for (uint8_t i = 0; key && m && i < m->key_count; i++) {
        if (m->keys[i].purpose == purpose && memcmp(m->keys[i].pk.b, key->pk.b, ZYD_PK_SIZE) == 0) {
            return i;
        }
    }
    return -1;
}

static bool verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}

static void init(struct zyd_api *a)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&a->wait_lock, NULL);
    pthread_mutex_init(&a->queue_lock, NULL);
    pthread_cond_init(&a->queue_cond, &attr);
    pthread_mutex_init(&a->journal_lock, NULL);
    pthread_cond_init(&a->journal_cond, &attr);
    pthread_mutex_init(&a->sent_lock, NULL);
    pthread_mutex_init(&a->health_lock, NULL);
    pthread_condattr_destroy(&attr);
    zyd_index_init(&a->sent_index, sizeof(struct sent), offsetof(struct sent, env_id));
    zyd_index_init(&a->sent_ops_index, sizeof(struct sent_op), offsetof(struct sent_op, op_id));
}

static enum zyd_status open_all(struct zyd_api *a, struct zyd_err *err, uint64_t height)
{
    const struct zyd_view_source source = {a, read_block};
    char path[4200];
    a->view = zyd_view_make(a->g, &source);
    zyd_assert(a->view != NULL);
    for (uint64_t h = 1; h <= height; h++) {
        enum zyd_status s = apply_stored(a, h);
        if (s != ZYD_OK) {
            zyd_err_set(err, ZYD_ERR_STORE_DAMAGED, "block %llu cannot be indexed: %s", (unsigned long long)h,
                        zyd_status_text(s));
            return s;
        }
        if (h % 100000 == 0) {
            zyd_log(ZYD_LOG_INFO, "api_view", "indexed %llu of %llu blocks", (unsigned long long)h, (unsigned long long)height);
        }
    }
    a->tip = height;
    enum zyd_status s = zyd_tokens_load(&a->tokens, err, a->config.tokens, a->g, a->config.me_member);
    if (s == ZYD_OK && a->config.data_dir) {
        snprintf(path, sizeof path, "%s/api.journal", a->config.data_dir);
        s = zyd_journal_open(&a->journal, err, path);
    }
    return s;
}

enum zyd_status zyd_api_start(struct zyd_api **out, struct zyd_err *err, const struct zyd_api_config *config,
                              const struct zyd_api_calls *calls, uint64_t height)
{
    struct zyd_api *a = calloc(1, sizeof *a);
    zyd_assert(a != NULL);
    *out = NULL;
    a->config = *config;
    a->calls = *calls;
    a->g = config->genesis;
    a->sig.verify = verify;
    a->maker_key = key_index(a->g, config->me_member, config->maker, ZYD_KEY_MAKER);
    a->checker_key = key_index(a->g, config->me_member, config->checker, ZYD_KEY_CHECKER);
    init(a);
    enum zyd_status s = open_all(a, err, height);
    if (s == ZYD_OK) {
        a->view_running = a->journal_running = true;
        zyd_assert(pthread_create(&a->view_thread, NULL, view_main, a) == 0);
        zyd_assert(pthread_create(&a->journal_thread, NULL, journal_main, a) == 0);
        s = zyd_http_start(&a->http, err, a, config->listen, false);
    }
    if (s == ZYD_OK && config->metrics_listen && config->metrics_listen[0]) {
        s = zyd_http_start(&a->http, err, a, config->metrics_listen, true);
    }
    if (s != ZYD_OK) {
        zyd_api_stop(a);
        return s;
    }
    *out = a;
    return ZYD_OK;
}

uint16_t zyd_api_port(const struct zyd_api *a)
{
    return zyd_http_port(a->http, false);
}

uint16_t zyd_api_metrics_port(const struct zyd_api *a)
{
    return zyd_http_port(a->http, true);
}

/* Suspended connections must be resumed before the library stops. */
void zyd_api_stop(struct zyd_api *a)
{
    bool threads = a->view_running;
    zyd_http_quiesce(a->http);
    pthread_mutex_lock(&a->wait_lock);
    a->stopping = true;
    pthread_mutex_unlock(&a->wait_lock);
    pthread_mutex_lock(&a->journal_lock);
    a->journal_running = false;
    pthread_cond_signal(&a->journal_cond);
    pthread_mutex_unlock(&a->journal_lock);
    if (threads) {
        pthread_join(a->journal_thread, NULL); /* it empties its queue into the waiters first */
    }
    pthread_mutex_lock(&a->wait_lock);
    while (a->waiters) {
        end_wait(a, a->waiters, true);
    }
    if (a->view) {
        zyd_api_streams_wake(a, true);
    }
    pthread_mutex_unlock(&a->wait_lock);
    zyd_http_stop(a->http);
    pthread_mutex_lock(&a->queue_lock);
    a->view_running = false;
    pthread_cond_signal(&a->queue_cond);
    pthread_mutex_unlock(&a->queue_lock);
    if (threads) {
        pthread_join(a->view_thread, NULL);
    }
    for (struct commit *c = a->queue_first, *next; c; c = next) {
        next = c->next;
        free(c->block);
        free(c);
    }
    for (uint32_t i = 0; i < a->kept_cap && i < a->kept_count; i++) {
        free(a->kept[i].block);
        free(a->kept[i].finality);
    }
    free(a->kept);
    zyd_view_free(a->view);
    zyd_tokens_free(a->tokens);
    zyd_journal_close(a->journal);
    zyd_index_free(&a->sent_index);
    zyd_index_free(&a->sent_ops_index);
    free(a);
}
