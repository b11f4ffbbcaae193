/* Re-execution for those who check: the same execute.c that voters run, on a state of its own. */
#include "replica_internal.h"

struct zyd_replay {
    const struct zyd_genesis *g;
    struct zyd_replica_limits limits;
    struct zyd_host *host;
    struct zyd_state *state;
    struct window window;
    struct zyd_header head;
    struct zyd_frontier frontier;
    uint8_t *out; /* block_value_max bytes */
    struct zyd_kv kv;
};

static size_t align(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

size_t zyd_replay_footprint(const struct zyd_replica_limits *limits, const struct zyd_genesis *g)
{
    return align(sizeof(struct zyd_replay)) + align(zyd_host_footprint(g)) +
           align(zyd_replica_window_footprint(limits->window_ids_max)) + align(limits->block_value_max) +
           align(zyd_state_footprint(&limits->state));
}

struct zyd_replay *zyd_replay_init(void *mem, const struct zyd_genesis *g, const struct zyd_replica_limits *limits,
                                   const struct zyd_kv *kv)
{
    uint8_t *at = mem;
    struct zyd_replay *p = mem;
    at += align(sizeof *p);
    p->g = g;
    p->limits = *limits;
    p->kv = kv == NULL || kv->get == NULL ? zyd_kv_empty() : *kv;
    p->host = zyd_host_init(at, g);
    at += align(zyd_host_footprint(g));
    zyd_replica_window_init(&p->window, at, limits->window_ids_max);
    at += align(zyd_replica_window_footprint(limits->window_ids_max));
    p->out = at;
    at += align(limits->block_value_max);
    p->state = zyd_state_init(at, &limits->state, &p->kv);
    return p;
}

enum zyd_status zyd_replay_plugin(struct zyd_replay *p, const char **why, struct zyd_span elf)
{
    return zyd_host_plugin(p->host, why, elf);
}

enum zyd_status zyd_replay_genesis(struct zyd_replay *p, struct zyd_header *out)
{
    struct zyd_totals totals = {0};
    uint64_t size;
    struct zyd_hash root;
    struct zyd_overlay *o = zyd_overlay_begin(p->state, NULL);
    zyd_assert(o != NULL);
    enum zyd_status status = zyd_host_genesis(p->host, o, &totals);
    if (status != ZYD_OK) {
        return status;
    }
    zyd_overlay_seal(o, &size, &root);
    status = zyd_state_apply(p->state, o);
    if (status == ZYD_OK) {
        zyd_replica_genesis_header(&p->head, p->g, size, &root, &totals);
        *out = p->head;
    }
    return status;
}

static enum zyd_status broken(const char **why, const char *rule)
{
    *why = rule;
    return ZYD_E_INVALID;
}

static enum zyd_status check_header(const struct zyd_replay *p, const char **why, const struct zyd_block_view *b)
{
    const struct zyd_header *h = &b->header;
    if (h->height != p->head.height + 1) {
        return broken(why, "heights go up by one");
    }
    if (!zyd_hash_eq(&h->chain_id, &p->g->hash) || h->epoch != ZYD_EPOCH_FIRST || h->version != ZYD_HEADER_VERSION) {
        return broken(why, "a block belongs to this consortium and epoch");
    }
    if (!zyd_hash_eq(&h->rules_hash, &p->g->rules_hash) || h->rules_version != ZYD_RULES_VERSION ||
        !zyd_hash_eq(&h->valset_hash, &p->g->valset_hash)) {
        return broken(why, "rules and validators are those of genesis");
    }
    return zyd_replica_links(b, &p->head) ? ZYD_OK : broken(why, "a block stands on the one before, later in time");
}

/* Order, times, window and body root: what the envelopes alone decide.  Ids go into the window as they pass, so one that
 * stands twice in the block is found like one of an earlier block. */
static enum zyd_status check_body(struct zyd_replay *p, const char **why, const struct zyd_block_view *b)
{
    struct zyd_rd rd = zyd_rd_of(b->envelopes);
    struct zyd_frontier body = {0};
    struct zyd_hash root;
    unsigned rank = 0;
    uint64_t time_ms = b->header.time_ms;
    zyd_replica_window_purge(&p->window, time_ms > p->g->window_ms ? time_ms - p->g->window_ms : 0);
    while (!rd.bad && rd.pos < rd.size) {
        struct zyd_env env;
        if (zyd_env_decode(&env, zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX)) != ZYD_OK ||
            !zyd_hash_eq(&env.chain_id, &p->g->hash)) {
            return broken(why, "an envelope is well formed and of this consortium");
        }
        unsigned now = zyd_replica_class_rank(env.class_);
        if (now < rank) {
            return broken(why, "governance, then evidence, then business");
        }
        rank = now;
        if (env.valid_until_ms <= time_ms || env.valid_until_ms - time_ms > p->g->window_ms) {
            return broken(why, "an envelope is valid at the block's time, and not for longer than the window");
        }
        if (zyd_replica_window_has(&p->window, &env.env_id)) {
            return broken(why, "an envelope is booked once");
        }
        enum zyd_status status = zyd_replica_window_add(&p->window, &env.env_id, time_ms);
        if (status != ZYD_OK) {
            *why = "the replay window is larger than this program's memory";
            return status;
        }
        zyd_frontier_append(&body, &env.env_hash);
    }
    zyd_frontier_root(&root, &body);
    if (zyd_rd_done(&rd) != ZYD_OK || body.size != b->header.env_count || !zyd_hash_eq(&root, &b->header.body_root) ||
        b->header.body_size != b->envelopes.size - 4 * (size_t)b->header.env_count) {
        return broken(why, "the body root covers the envelopes in order");
    }
    return ZYD_OK;
}

/* The outcomes so far are the block's own, byte for byte. */
static bool same_outcomes(const struct exec *x, size_t from, struct zyd_span theirs, size_t *at)
{
    size_t size = x->wr.size - from;
    bool same = size <= theirs.size - *at && memcmp(x->wr.data + from, theirs.data + *at, size) == 0;
    *at += same ? size : 0;
    return same;
}

static enum zyd_status run(const char **why, uint64_t *entry, struct exec *x, const struct zyd_block_view *b)
{
    struct zyd_rd rd = zyd_rd_of(b->envelopes);
    size_t at = 0;
    enum zyd_status status = zyd_replica_exec_sys(x);
    if (status != ZYD_OK) {
        *why = "the SYS operations fit the block";
        return status;
    }
    if (x->wr.size - 8 != b->sys.size || memcmp(x->wr.data + 4, b->sys.data, b->sys.size) != 0) {
        *entry = x->frontier.size - 1;
        return broken(why, "the SYS operations give the outcomes recorded");
    }
    while (rd.pos < rd.size) {
        struct zyd_env env;
        size_t from = x->wr.size;
        *entry = x->frontier.size;
        status = zyd_env_decode(&env, zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX));
        zyd_assert(status == ZYD_OK);
        status = zyd_replica_exec_env(x, &env);
        if (status != ZYD_OK) {
            *why = "the block's fuel, operations and bytes are within the limits";
            return status;
        }
        if (!same_outcomes(x, from, b->outcomes, &at)) {
            return broken(why, "executing an envelope gives the outcomes recorded");
        }
    }
    *entry = UINT64_MAX;
    return at == b->outcomes.size ? ZYD_OK : broken(why, "there are no more outcomes than operations");
}

static enum zyd_status compare(const char **why, const struct zyd_header *ours, const struct zyd_header *theirs)
{
    if (ours->log_size != theirs->log_size || !zyd_hash_eq(&ours->log_root, &theirs->log_root)) {
        return broken(why, "the log root covers seal, SYS and entries");
    }
    if (ours->debits != theirs->debits || ours->credits != theirs->credits ||
        ours->open_obligations != theirs->open_obligations) {
        return broken(why, "the control totals are those of the postings");
    }
    if (ours->state_size != theirs->state_size || !zyd_hash_eq(&ours->state_root, &theirs->state_root)) {
        return broken(why, "the state root is that of the records after the block");
    }
    return ZYD_OK;
}

enum zyd_status zyd_replay_block(struct zyd_replay *p, const char **why, uint64_t *entry, const struct zyd_block_view *b)
{
    *entry = UINT64_MAX;
    enum zyd_status status = check_header(p, why, b);
    if (status == ZYD_OK) {
        status = check_body(p, why, b);
    }
    if (status != ZYD_OK) {
        return status;
    }
    struct exec x;
    struct zyd_header h = b->header;
    struct zyd_overlay *o = zyd_overlay_begin(p->state, NULL);
    zyd_assert(o != NULL);
    zyd_replica_exec_begin(&x, p->host, p->g, o, &h, &p->head, &p->frontier, p->out, p->limits.block_value_max,
                           ZYD_BLOCK_OPS_MAX);
    status = run(why, entry, &x, b);
    if (status == ZYD_OK) {
        status = zyd_replica_exec_end(&x, &h);
        *why = "this program's memory is too small for the block";
    }
    if (status == ZYD_OK) {
        status = compare(why, &h, &b->header);
    }
    if (status == ZYD_OK) {
        zyd_state_due_prune(p->state, &x.hb.sys_cursor);
        status = zyd_state_apply(p->state, o);
        *why = "this program's memory is too small for the records";
    }
    if (status != ZYD_OK) {
        return status;
    }
    p->head = b->header;
    p->frontier = x.frontier;
    *why = "";
    return ZYD_OK;
}

struct zyd_state *zyd_replay_state(struct zyd_replay *p)
{
    return p->state;
}

const struct zyd_header *zyd_replay_head(const struct zyd_replay *p)
{
    return &p->head;
}
