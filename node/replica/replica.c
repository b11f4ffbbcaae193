/* The door: memory, the step, and the effects' list. */
#include "replica_internal.h"

#define NODE_OUT_BYTES ((size_t)24 << 20)

/* ---- limits ---- */

void zyd_replica_limits_node(struct zyd_replica_limits *out)
{
    memset(out, 0, sizeof *out);
    out->state = (struct zyd_state_limits){.records_max = UINT64_C(1) << 24,
                                           .recent_bytes = UINT64_C(2) << 30,
                                           .overlay_bytes = UINT64_C(64) << 20,
                                           .due_max = UINT64_C(1) << 23};
    out->pool = (struct zyd_pool_limits){ZYD_POOL_BYTES_MAX, ZYD_POOL_MEMBER_BYTES_MAX, ZYD_POOL_COUNT_MAX};
    out->window_ids_max = ZYD_WINDOW_IDS_MAX;
    out->block_envs_max = ZYD_BLOCK_ENVS_MAX;
    out->block_bytes_max = ZYD_BLOCK_BYTES_MAX;
    out->block_ops_max = ZYD_BLOCK_OPS_MAX;
    out->checkpoint_blocks = 2000;
    out->block_value_max = 64u << 20;
}

void zyd_replica_limits_small(struct zyd_replica_limits *out)
{
    memset(out, 0, sizeof *out);
    out->state = (struct zyd_state_limits){.records_max = 1u << 16,
                                           .recent_bytes = 16u << 20,
                                           .overlay_bytes = 2u << 20,
                                           .due_max = 1u << 14};
    out->pool = (struct zyd_pool_limits){4u << 20, 2u << 20, 2048};
    out->window_ids_max = 1u << 16;
    out->block_envs_max = 512;
    out->block_bytes_max = 1u << 20;
    out->block_ops_max = 4096;
    out->checkpoint_blocks = 50;
    out->block_value_max = 4u << 20;
}

/* ---- memory ---- */

struct carve {
    uint8_t *base; /* NULL: only counting */
    size_t used;
};

/* Zero pages are promised, so nothing is cleared: untouched parts stay unmapped. */
static void *carve(struct carve *c, size_t size)
{
    void *p = c->base == NULL ? NULL : c->base + c->used;
    c->used += (size + 63) & ~(size_t)63;
    return p;
}

struct parts {
    void *replica, *host, *state, *pool, *bft, *window, *slots, *cold, *left_out, *certs, *fx, *out, *head_fin, *build_just;
    uint8_t *values;
    struct zyd_hash *hashes;
    uint16_t *tables;
    struct zyd_hash *stashes;
};

static uint32_t table_size(uint32_t envs_max)
{
    uint32_t n = 64;
    while (n < 2 * envs_max) {
        n *= 2;
    }
    return n;
}

static size_t env_cap(const struct zyd_replica_limits *l)
{
    return l->block_bytes_max + 4 * (size_t)l->block_envs_max;
}

static size_t value_cap(const struct zyd_replica_limits *l)
{
    return HEAD_BYTES + 4 + env_cap(l) + l->block_value_max;
}

static size_t out_bytes(const struct zyd_replica_limits *l)
{
    /* A step needs: what consensus sends, one body list, answers to one peer, rows of a checkpoint. */
    size_t size = (size_t)8 << 20;
    return l->block_bytes_max >= ZYD_BLOCK_BYTES_MAX ? NODE_OUT_BYTES : size;
}

static size_t lay_out(struct parts *p, void *mem, const struct zyd_replica_config *cfg)
{
    const struct zyd_replica_limits *l = &cfg->limits;
    struct carve c = {.base = mem};
    p->replica = carve(&c, sizeof(struct zyd_replica));
    p->slots = carve(&c, SLOTS * sizeof(struct slot));
    p->cold = carve(&c, SLOTS * sizeof(struct slot_cold));
    p->left_out = carve(&c, LEFT_OUT_MAX * sizeof(struct left_out));
    p->certs = carve(&c, (ZYD_JUST_MAX + 1) * sizeof(struct zyd_cert));
    p->fx = carve(&c, FX_MAX * sizeof(struct zyd_fx));
    p->head_fin = carve(&c, ZYD_FINALITY_SIZE_MAX);
    p->build_just = carve(&c, JUST_BYTES);
    p->hashes = carve(&c, 2 * BODIES * (size_t)l->block_envs_max * 32);
    p->tables = carve(&c, 2 * BODIES * (size_t)table_size(l->block_envs_max) * 2);
    p->stashes = carve(&c, (size_t)cfg->genesis->validator_count * STASH_EACH * l->block_envs_max * 32);
    p->bft = carve(&c, zyd_bft_footprint());
    p->host = carve(&c, zyd_host_footprint(cfg->genesis));
    p->window = carve(&c, zyd_replica_window_footprint(l->window_ids_max));
    p->pool = carve(&c, zyd_pool_footprint(&l->pool));
    p->out = carve(&c, out_bytes(l));
    p->values = carve(&c, BODIES * value_cap(l));
    p->state = carve(&c, zyd_state_footprint(&l->state));
    return c.used;
}

size_t zyd_replica_footprint(const struct zyd_replica_config *config)
{
    struct parts p;
    return lay_out(&p, NULL, config);
}

static void give_bodies(struct zyd_replica *r, const struct parts *p)
{
    const struct zyd_replica_limits *l = &r->cfg.limits;
    size_t table = r->table_mask + 1;
    for (size_t i = 0; i < BODIES; i++) {
        struct body *b = &r->bodies[i];
        b->value = p->values + i * value_cap(l);
        b->hashes = p->hashes + 2 * i * l->block_envs_max;
        b->ids = b->hashes + l->block_envs_max;
        b->by_hash = p->tables + 2 * i * table;
        b->by_id = b->by_hash + table;
    }
    for (size_t i = 0; i < r->n; i++) {
        for (size_t k = 0; k < STASH_EACH; k++) {
            r->peers[i].stash[k].hashes = p->stashes + (i * STASH_EACH + k) * l->block_envs_max;
        }
    }
}

struct zyd_replica *zyd_replica_init(void *mem, const struct zyd_replica_config *config)
{
    const struct zyd_replica_limits *l = &config->limits;
    zyd_assert(l->block_envs_max >= 1 && l->block_envs_max <= ZYD_BLOCK_ENVS_MAX);
    zyd_assert(l->block_bytes_max <= ZYD_BLOCK_BYTES_MAX);
    struct parts p;
    (void)lay_out(&p, mem, config);
    struct zyd_replica *r = p.replica;
    r->cfg = *config;
    r->g = config->genesis;
    r->n = config->genesis->validator_count;
    r->slots = p.slots;
    r->left_out = p.left_out;
    r->certs = p.certs;
    r->fx = p.fx;
    r->head_fin = p.head_fin;
    r->build_just = p.build_just;
    r->bft_mem = p.bft;
    r->table_mask = table_size(l->block_envs_max) - 1;
    r->env_cap = env_cap(l);
    r->tail_cap = l->block_value_max;
    give_bodies(r, &p);
    for (size_t i = 0; i < SLOTS; i++) {
        r->slots[i].body = NO_SLOT;
        r->slots[i].cold = &((struct slot_cold *)p.cold)[i];
    }
    zyd_arena_init(&r->out, p.out, out_bytes(l));
    r->host = zyd_host_init(p.host, r->g);
    r->pool = zyd_pool_init(p.pool, &l->pool);
    r->rows = zyd_replica_rows(r);
    r->state = zyd_state_init(p.state, &l->state, &r->rows);
    zyd_replica_window_init(&r->window, p.window, l->window_ids_max);
    r->level_check_ms = NEVER;
    r->step_no = 1; /* 0 is "no effect points here" */
    return r;
}

enum zyd_status zyd_replica_plugin(struct zyd_replica *r, const char **why, struct zyd_span elf)
{
    return zyd_host_plugin(r->host, why, elf);
}

/* ---- effects ---- */

struct zyd_fx *zyd_replica_fx(struct zyd_replica *r, enum zyd_fx_kind kind)
{
    bool must = kind == ZYD_FX_PERSIST || kind == ZYD_FX_COMMIT || kind == ZYD_FX_REPLY || kind == ZYD_FX_ALARM;
    if (r->fx_count + (must ? 0 : 1024) >= FX_MAX) {
        zyd_assert(!must);
        return NULL;
    }
    struct zyd_fx *fx = &r->fx[r->fx_count++];
    memset(fx, 0, sizeof *fx);
    fx->kind = kind;
    return fx;
}

uint8_t *zyd_replica_bytes(struct zyd_replica *r, size_t size)
{
    size_t need = (size + 15) & ~(size_t)15;
    if (need < size || need > r->out.size - r->out.used) {
        return NULL;
    }
    uint8_t *p = r->out.base + r->out.used;
    r->out.used += need;
    return p;
}

/* Bytes of messages: a quarter of the region stays free for what must not be lost. */
struct zyd_wr zyd_replica_wr(struct zyd_replica *r, size_t cap)
{
    uint8_t *p = cap > r->out.size / 4 * 3 || r->out.used > r->out.size / 4 * 3 - cap ? NULL : zyd_replica_bytes(r, cap);
    return zyd_wr_of(p, p == NULL ? 0 : cap);
}

/* The last taken gives back what it did not write. */
void zyd_replica_wr_give_back(struct zyd_replica *r, const struct zyd_wr *wr)
{
    if (wr->data != NULL && wr->data + ((wr->cap + 15) & ~(size_t)15) == r->out.base + r->out.used) {
        r->out.used = (size_t)(wr->data - r->out.base) + ((wr->size + 15) & ~(size_t)15);
    }
}

void zyd_replica_send(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_SEND);
    if (fx != NULL) {
        fx->peer = peer;
        fx->bytes = bytes;
    }
}

void zyd_replica_alarm(struct zyd_replica *r, enum zyd_bft_alarm alarm, const char *text)
{
    if (r->fx == NULL || r->fx_count + 512 >= FX_MAX) {
        return;
    }
    struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_ALARM);
    fx->alarm = alarm;
    fx->bytes = zyd_span(text, strlen(text));
}

void zyd_replica_reply(struct zyd_replica *r, uint64_t ticket, enum zyd_status status, struct zyd_span bytes)
{
    if (ticket != 0) {
        struct zyd_fx *fx = zyd_replica_fx(r, ZYD_FX_REPLY);
        fx->ticket = ticket;
        fx->status = status;
        fx->bytes = bytes;
    }
}

void zyd_replica_trace(struct zyd_replica *r, const char *text, uint64_t a, uint64_t b)
{
    const uint64_t args[2] = {a, b};
    size_t used = 0;
    struct zyd_wr wr = zyd_replica_wr(r, strlen(text) + 40);
    struct zyd_fx *fx = wr.data == NULL ? NULL : zyd_replica_fx(r, ZYD_FX_TRACE);
    if (fx == NULL) {
        return;
    }
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != '%' || used == 2) {
            zyd_wx_u8(&wr, (uint8_t)*p);
            continue;
        }
        uint64_t v = args[used++];
        uint8_t digits[20];
        size_t at = sizeof digits;
        do {
            digits[--at] = (uint8_t)('0' + v % 10);
            v /= 10;
        } while (v > 0);
        zyd_wx_bytes(&wr, digits + at, sizeof digits - at);
    }
    zyd_replica_wr_give_back(r, &wr);
    fx->bytes = zyd_wr_span(&wr);
}

void zyd_replica_fail(struct zyd_replica *r, enum zyd_status status)
{
    if (r->fatal == ZYD_OK) {
        r->fatal = status;
    }
}

/* ---- the step ---- */

static enum zyd_status submit(struct zyd_replica *r, const struct zyd_ev *ev)
{
    uint8_t *id = zyd_replica_bytes(r, 32);
    struct zyd_hash env_id = {{0}};
    enum zyd_status status = zyd_replica_on_envelope(r, ev->ticket, true, ev->verified, ev->bytes, &env_id);
    memcpy(id, env_id.b, 32);
    bool known = status == ZYD_OK || status == ZYD_E_EXISTS;
    zyd_replica_reply(r, ev->ticket, status, zyd_span(id, known ? 32 : 0));
    return status;
}

static enum zyd_status message(struct zyd_replica *r, const struct zyd_ev *ev)
{
    struct zyd_hash env_id;
    if (ev->bytes.size == 0) {
        return ZYD_E_MALFORMED;
    }
    struct zyd_span rest = zyd_span(ev->bytes.data + 1, ev->bytes.size - 1);
    uint8_t type = ev->bytes.data[0];
    if (type < ZYD_MSG_ENVELOPE) {
        struct zyd_bft_in in = {.kind = ZYD_BFT_IN_MESSAGE, .peer = ev->peer, .bytes = ev->bytes};
        zyd_replica_feed(r, &in);
        return ZYD_OK;
    }
    if (ev->peer >= r->n || ev->peer == r->cfg.me) {
        return ZYD_E_FOREIGN; /* observers are served in a later version */
    }
    if (type == ZYD_MSG_ENVELOPE) {
        return zyd_replica_on_envelope(r, 0, false, ev->verified, rest, &env_id);
    }
    if (type == ZYD_MSG_GET_ENVS) {
        return zyd_replica_on_get_envs(r, ev->peer, rest);
    }
    if (type == ZYD_MSG_BODY) {
        return zyd_replica_on_body(r, ev->peer, rest);
    }
    if (type == ZYD_MSG_GET_BODY) {
        return zyd_replica_on_get_body(r, ev->peer, rest);
    }
    if (type == ZYD_MSG_GET_BLOCKS) {
        return zyd_replica_on_get_blocks(r, ev->peer, rest);
    }
    if (type == ZYD_MSG_BLOCK) {
        return zyd_replica_on_block(r, ev->peer, rest);
    }
    if (type == ZYD_MSG_TIP) {
        return zyd_replica_on_tip(r, ev->peer, rest);
    }
    return type == ZYD_MSG_GET_RANGE ? zyd_replica_on_get_range(r, ev->peer, rest) : ZYD_E_MALFORMED;
}

static void start(struct zyd_replica *r)
{
    struct zyd_bft_in in = {.kind = ZYD_BFT_IN_START};
    zyd_replica_give_head(r, 0);
    r->started = true;
    r->pool_dirty = true;
    for (size_t i = 0; i < r->n; i++) {
        r->peers[i].tokens_at_ms = r->now_ms;
        r->peers[i].tokens = 1 << 20;
    }
    zyd_replica_feed(r, &in);
}

static enum zyd_status dispatch(struct zyd_replica *r, const struct zyd_ev *ev)
{
    struct zyd_bft_in in = {.kind = ZYD_BFT_IN_TICK, .peer = ev->peer, .ok = ev->up, .seq = ev->seq};
    switch (ev->kind) {
    case ZYD_EV_START:
        start(r);
        return ZYD_OK;
    case ZYD_EV_SUBMIT:
        return submit(r, ev);
    case ZYD_EV_QUERY:
        return zyd_replica_on_query(r, ev->ticket, ev->bytes);
    case ZYD_EV_MESSAGE:
        return message(r, ev);
    case ZYD_EV_PEER:
        if (ev->peer >= r->n) {
            return ZYD_E_FOREIGN;
        }
        r->peers[ev->peer].up = ev->up;
        in.kind = ZYD_BFT_IN_PEER;
        zyd_replica_feed(r, &in);
        return ZYD_OK;
    case ZYD_EV_TIMEOUT:
        zyd_replica_feed(r, &in);
        return ZYD_OK;
    case ZYD_EV_SYNCED:
        in.kind = ZYD_BFT_IN_SYNCED;
        zyd_replica_checkpoint_synced(r, ev->seq);
        zyd_replica_feed(r, &in);
        return ZYD_OK;
    }
    return ZYD_E_MALFORMED;
}

enum zyd_status zyd_replica_step(struct zyd_replica *r, struct zyd_fx_list *fx, const struct zyd_ev *ev)
{
    zyd_assert(r->loaded);
    zyd_assert(r->started == (ev->kind != ZYD_EV_START));
    r->step_no++;
    r->fx_count = 0;
    zyd_arena_reset(&r->out);
    r->more_work = false;
    if (ev->now_ms > r->now_ms) {
        r->now_ms = ev->now_ms;
    }
    r->wall_ms = ev->wall_ms;
    enum zyd_status status = r->fatal;
    if (status == ZYD_OK) {
        status = dispatch(r, ev);
        zyd_replica_pump(r);
    }
    fx->items = r->fx;
    fx->count = r->fx_count;
    return r->fatal != ZYD_OK ? r->fatal : status;
}

int64_t zyd_replica_deadline_ms(const struct zyd_replica *r)
{
    int64_t at = zyd_bft_deadline_ms(r->bft);
    if (r->more_work) {
        return r->now_ms;
    }
    for (size_t i = 0; i < r->slots_used; i++) {
        const struct slot *s = &r->slots[i];
        if (s->state == SLOT_LIVE && !s->executed && !s->bad && !s->idle && !s->stuck && s->fetch_ms < at &&
            (s->header.flags & ZYD_HEADER_CARRIER) == 0) {
            at = s->fetch_ms;
        }
    }
    if (r->sync.active && r->sync.ask_ms < at) {
        at = r->sync.ask_ms;
    }
    if (zyd_pool_count(r->pool) > 0 && r->regossip_ms < at) {
        at = r->regossip_ms;
    }
    return r->level_check_ms < at ? r->level_check_ms : at;
}

/* ---- checkpoint record ---- */

void zyd_checkpoint_encode(uint8_t out[ZYD_CHECKPOINT_SIZE], const struct zyd_checkpoint *c)
{
    zyd_put64(out, c->height);
    zyd_put64(out + 8, c->state_size);
    memcpy(out + 16, c->state_root.b, 32);
}

enum zyd_status zyd_checkpoint_decode(struct zyd_checkpoint *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    out->height = zyd_rx_u64(&rd);
    out->state_size = zyd_rx_u64(&rd);
    zyd_rx_hash(&rd, &out->state_root);
    enum zyd_status status = zyd_rd_done(&rd);
    return status == ZYD_OK && (out->height == 0 || out->state_size == 0) ? ZYD_E_MALFORMED : status;
}
