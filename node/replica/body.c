/* Dissemination (consensus.md 1.10): envelopes go to all validators as they are accepted; a leader pushes the list of
 * env_hashes beside its proposal; a voter fetches what it lacks, from the leader and then from the others. */
#include "replica_internal.h"

#define TOKENS_MAX (8 << 20)     /* bytes that one peer may be answered at once */
#define TOKENS_PER_MS (32 << 10) /* and its refill */
#define LOOKUP_COST 256          /* bytes that looking for one envelope is charged as */
#define FETCH_GRACE_MS 2         /* gossip of the envelopes is usually on its way */
#define FETCH_MESSAGES_MAX 16u
#define REGOSSIP_MS 1000
#define REGOSSIP_BYTES (256u << 10)

bool zyd_replica_afford(struct zyd_replica *r, uint8_t peer, size_t size)
{
    if (peer >= r->n) {
        return false;
    }
    struct peer *p = &r->peers[peer];
    int64_t passed = r->now_ms - p->tokens_at_ms;
    p->tokens_at_ms = r->now_ms;
    p->tokens = passed >= TOKENS_MAX / TOKENS_PER_MS ? TOKENS_MAX : p->tokens + passed * TOKENS_PER_MS;
    if (p->tokens > TOKENS_MAX) {
        p->tokens = TOKENS_MAX;
    }
    if ((int64_t)size > p->tokens) {
        return false;
    }
    p->tokens -= (int64_t)size;
    return true;
}

/* ---- envelopes ---- */

void zyd_replica_add_special(struct zyd_replica *r, const struct zyd_env *env)
{
    if (env->class_ == ZYD_ENV_BUSINESS) {
        return;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->special_count; i++) {
        if (zyd_pool_by_id(r->pool, &r->special[i]) != NULL) {
            r->special[kept++] = r->special[i];
        }
    }
    r->special_count = kept;
    if (kept < SPECIAL_MAX) {
        r->special[r->special_count++] = env->env_id;
    }
}

static bool wanted(struct zyd_replica *r, const struct zyd_hash *env_hash)
{
    uint32_t index;
    for (size_t i = 0; i < BODIES; i++) {
        const struct body *b = &r->bodies[i];
        if (b->used && !b->complete && r->slots[b->slot].state == SLOT_LIVE &&
            zyd_replica_table_find(r, &index, b->by_hash, b->hashes, env_hash)) {
            return true;
        }
    }
    return false;
}

/* Bodies that waited for this envelope have one less to wait for. */
static void arrived(struct zyd_replica *r, const struct zyd_hash *env_hash)
{
    uint32_t index;
    for (size_t i = 0; i < BODIES; i++) {
        struct body *b = &r->bodies[i];
        if (b->used && !b->complete && b->missing > 0 && r->slots[b->slot].state == SLOT_LIVE &&
            zyd_replica_table_find(r, &index, b->by_hash, b->hashes, env_hash) && --b->missing == 0) {
            zyd_replica_body_refresh(r, &r->slots[b->slot]);
        }
    }
}

static void gossip(struct zyd_replica *r, uint8_t peer, struct zyd_span envelope)
{
    struct zyd_wr wr = zyd_replica_wr(r, envelope.size + 1);
    if (wr.data == NULL) {
        return;
    }
    zyd_wx_u8(&wr, ZYD_MSG_ENVELOPE);
    zyd_wx_bytes(&wr, envelope.data, envelope.size);
    zyd_replica_send(r, peer, zyd_wr_span(&wr));
}

/* What may enter the pool for a coming block: in time by our clock, unknown so far. */
static enum zyd_status admissible(struct zyd_replica *r, const struct zyd_env *env)
{
    uint64_t wall = r->wall_ms > 0 ? (uint64_t)r->wall_ms : 0;
    uint64_t now = wall > r->head.time_ms ? wall : r->head.time_ms;
    if (env->valid_until_ms <= now || env->valid_until_ms - now > r->g->window_ms + r->g->precision_ms) {
        return ZYD_E_EXPIRED;
    }
    if (zyd_replica_window_has(&r->window, &env->env_id)) {
        return ZYD_E_EXISTS;
    }
    const struct zyd_pool_item *item = zyd_pool_by_id(r->pool, &env->env_id);
    return item != NULL && !item->pinned ? ZYD_E_EXISTS : ZYD_OK;
}

/* submit: a client's, to be passed on; else a peer's.  One that a waiting body names is taken whatever our clock says. */
enum zyd_status zyd_replica_on_envelope(struct zyd_replica *r, uint64_t ticket, bool submit, bool verified,
                                        struct zyd_span bytes, struct zyd_hash *env_id)
{
    struct zyd_env env;
    enum zyd_status status = zyd_env_decode(&env, bytes);
    if (status != ZYD_OK) {
        return status;
    }
    *env_id = env.env_id;
    if (!zyd_hash_eq(&env.chain_id, &r->g->hash)) {
        return ZYD_E_FOREIGN;
    }
    bool pinned = wanted(r, &env.env_hash);
    enum zyd_status fit = admissible(r, &env);
    if (fit != ZYD_OK && !pinned) {
        return fit;
    }
    if (!verified) {
        status = zyd_env_verify(&env, r->g, &r->cfg.sig);
        if (status != ZYD_OK) {
            return status;
        }
    }
    status = fit == ZYD_OK ? zyd_pool_add(r->pool, &env, r->now_ms, ticket) : ZYD_E_FULL;
    if (status == ZYD_E_FULL && pinned) {
        enum zyd_status pin = zyd_pool_add_pinned(r->pool, &env, r->now_ms);
        status = fit == ZYD_E_EXISTS && pin == ZYD_OK ? ZYD_OK : pin;
    } else if (status == ZYD_OK) {
        zyd_replica_add_special(r, &env);
        r->pool_added = true;
    }
    if (status == ZYD_OK && submit) {
        gossip(r, ZYD_BFT_ALL, bytes);
    }
    if (pinned && (status == ZYD_OK || status == ZYD_E_EXISTS)) {
        arrived(r, &env.env_hash);
    }
    return status;
}

/* An envelope that we can give: from the pool, or from a recent block. */
static bool find_envelope(struct zyd_replica *r, struct zyd_span *out, const struct zyd_hash *env_hash)
{
    uint32_t index;
    const struct zyd_pool_item *item = zyd_pool_by_hash(r->pool, env_hash);
    if (item != NULL) {
        *out = item->bytes;
        return true;
    }
    for (size_t i = 0; i < BODIES; i++) {
        const struct body *b = &r->bodies[i];
        if (!b->used || !b->complete || !zyd_replica_table_find(r, &index, b->by_hash, b->hashes, env_hash)) {
            continue;
        }
        struct zyd_rd rd = zyd_rd_of(zyd_span(b->value + HEAD_BYTES + 4, b->env_size));
        for (uint32_t k = 0; k < index; k++) {
            (void)zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        }
        *out = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        return !rd.bad;
    }
    return false;
}

enum zyd_status zyd_replica_on_get_envs(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    uint16_t count = zyd_rx_u16(&rd);
    struct zyd_span hashes = zyd_rx_span(&rd, (size_t)count * 32);
    if (zyd_rd_done(&rd) != ZYD_OK || count == 0 || count > GET_ENVS_MAX) {
        return ZYD_E_MALFORMED;
    }
    if (!zyd_replica_afford(r, peer, (size_t)count * LOOKUP_COST)) {
        return ZYD_E_BUSY;
    }
    for (uint16_t i = 0; i < count; i++) {
        struct zyd_hash h;
        struct zyd_span env;
        memcpy(h.b, hashes.data + (size_t)i * 32, 32);
        if (find_envelope(r, &env, &h)) {
            if (!zyd_replica_afford(r, peer, env.size + 64)) {
                return ZYD_E_BUSY;
            }
            gossip(r, peer, env);
        }
    }
    return ZYD_OK;
}

/* ---- bodies ---- */

void zyd_replica_push_body(struct zyd_replica *r, const struct slot *s, uint8_t peer)
{
    const struct body *b = zyd_replica_body_of(r, s);
    struct zyd_wr wr = zyd_replica_wr(r, 1 + 32 + 4 + 32 * (size_t)b->count);
    if (wr.data == NULL) {
        return;
    }
    zyd_wx_u8(&wr, ZYD_MSG_BODY);
    zyd_wx_hash(&wr, &s->hash);
    zyd_wx_u32(&wr, b->count);
    zyd_wx_bytes(&wr, b->hashes, 32 * (size_t)b->count);
    zyd_replica_send(r, peer, zyd_wr_span(&wr));
}

/* Takes a list of env_hashes for a block if it is the one its header commits to. */
bool zyd_replica_give_body(struct zyd_replica *r, struct slot *s, const uint8_t *hashes, uint32_t count)
{
    struct zyd_hash root;
    struct body *b = zyd_replica_body_of(r, s);
    if (b != NULL || count != s->header.env_count || count > r->cfg.limits.block_envs_max ||
        (b = zyd_replica_body_make(r, s)) == NULL) {
        return b != NULL;
    }
    if (count > 0) {
        memcpy(b->hashes, hashes, (size_t)count * 32);
    }
    zyd_merkle_root(&root, b->hashes, count);
    zyd_replica_table_clear(r, b->by_hash);
    bool good = zyd_hash_eq(&root, &s->header.body_root);
    for (uint32_t i = 0; good && i < count; i++) {
        uint32_t other;
        good = !zyd_replica_table_find(r, &other, b->by_hash, b->hashes, &b->hashes[i]);
        if (good) {
            zyd_replica_table_put(r, b->by_hash, b->hashes, i);
        } else {
            s->bad = true; /* the header itself commits to one envelope twice */
        }
    }
    if (!good) {
        zyd_replica_body_free(r, s);
        return false;
    }
    b->count = count;
    s->tries = 0;
    s->fetch_ms = r->now_ms + FETCH_GRACE_MS;
    zyd_replica_body_refresh(r, s);
    return true;
}

/* Counts what is missing; with nothing missing, lays the envelopes out in the block's order. */
void zyd_replica_body_refresh(struct zyd_replica *r, struct slot *s)
{
    struct body *b = zyd_replica_body_of(r, s);
    size_t size = 0;
    uint8_t *at = b->value + HEAD_BYTES + 4;
    b->missing = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        struct zyd_span env;
        if (!find_envelope(r, &env, &b->hashes[i])) {
            b->missing++;
            continue;
        }
        if (size + 4 + env.size > r->env_cap) {
            s->bad = true; /* larger than a block may be */
            r->more_work = true;
            return;
        }
        if (b->missing == 0) {
            zyd_put32(at + size, (uint32_t)env.size);
            memcpy(at + size + 4, env.data, env.size);
        }
        size += 4 + env.size;
    }
    if (b->missing == 0) {
        zyd_put32(b->value + HEAD_BYTES, (uint32_t)size);
        b->env_size = size;
        b->complete = true;
    }
}

/* A block's body is needed: perhaps its leader pushed it before the proposal came. */
void zyd_replica_want_body(struct zyd_replica *r, struct slot *s)
{
    if ((s->header.flags & ZYD_HEADER_CARRIER) != 0 || s->body != NO_SLOT || s->bad) {
        return;
    }
    if (s->header.env_count == 0) {
        (void)zyd_replica_give_body(r, s, NULL, 0);
        return;
    }
    for (size_t p = 0; p < r->n; p++) {
        for (size_t i = 0; i < STASH_EACH; i++) {
            struct stash *st = &r->peers[p].stash[i];
            if (st->used && zyd_hash_eq(&st->hash, &s->hash)) {
                st->used = false;
                if (zyd_replica_give_body(r, s, st->hashes[0].b, st->count)) {
                    return;
                }
            }
        }
    }
    s->fetch_ms = r->now_ms + FETCH_GRACE_MS;
}

enum zyd_status zyd_replica_on_body(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    struct zyd_hash hash;
    zyd_rx_hash(&rd, &hash);
    uint32_t count = zyd_rx_u32(&rd);
    if (count > r->cfg.limits.block_envs_max) {
        return ZYD_E_TOO_BIG;
    }
    struct zyd_span hashes = zyd_rx_span(&rd, (size_t)count * 32);
    if (zyd_rd_done(&rd) != ZYD_OK || peer >= r->n) {
        return ZYD_E_MALFORMED;
    }
    struct slot *s = zyd_replica_find(r, &hash);
    if (s != NULL) {
        if (s->state == SLOT_LIVE && s->body == NO_SLOT && !s->idle && (s->header.flags & ZYD_HEADER_CARRIER) == 0) {
            (void)zyd_replica_give_body(r, s, hashes.data, count);
        }
        return ZYD_OK;
    }
    struct peer *p = &r->peers[peer];
    struct stash *st = &p->stash[p->stash_next];
    p->stash_next = (uint8_t)((p->stash_next + 1) % STASH_EACH);
    st->used = true;
    st->hash = hash;
    st->count = count;
    if (count > 0) {
        memcpy(st->hashes, hashes.data, (size_t)count * 32);
    }
    return ZYD_OK;
}

enum zyd_status zyd_replica_on_get_body(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    struct zyd_hash hash;
    zyd_rx_hash(&rd, &hash);
    if (zyd_rd_done(&rd) != ZYD_OK) {
        return ZYD_E_MALFORMED;
    }
    const struct slot *s = zyd_replica_find(r, &hash);
    if (s == NULL || s->body == NO_SLOT) {
        return ZYD_E_NOT_FOUND;
    }
    if (!zyd_replica_afford(r, peer, 64 + 32 * (size_t)zyd_replica_body_of(r, s)->count)) {
        return ZYD_E_BUSY;
    }
    zyd_replica_push_body(r, s, peer);
    return ZYD_OK;
}

/* ---- fetching ---- */

static uint8_t fetch_from(struct zyd_replica *r, const struct slot *s)
{
    uint8_t first = s->fetch_peer < r->n ? s->fetch_peer : 0;
    for (uint32_t i = 0; i < r->n; i++) {
        uint8_t p = (uint8_t)((first + s->tries + i) % r->n);
        if (p != r->cfg.me && r->peers[p].up) {
            return p;
        }
    }
    return first;
}

static void ask_body(struct zyd_replica *r, const struct slot *s, uint8_t peer)
{
    struct zyd_wr wr = zyd_replica_wr(r, 33);
    if (wr.data != NULL) {
        zyd_wx_u8(&wr, ZYD_MSG_GET_BODY);
        zyd_wx_hash(&wr, &s->hash);
        zyd_replica_send(r, peer, zyd_wr_span(&wr));
    }
}

/* A block that is final everywhere is asked for by height: its envelopes left the pools long ago. */
static void ask_range(struct zyd_replica *r, const struct slot *s, uint8_t peer, uint32_t first)
{
    struct zyd_wr wr = zyd_replica_wr(r, 16);
    if (wr.data != NULL) {
        zyd_wx_u8(&wr, ZYD_MSG_GET_RANGE);
        zyd_wx_u64(&wr, s->header.height);
        zyd_wx_u32(&wr, first);
        zyd_wx_u16(&wr, GET_ENVS_MAX);
        zyd_replica_send(r, peer, zyd_wr_span(&wr));
    }
}

static void ask_envelopes(struct zyd_replica *r, const struct slot *s, const struct body *b, uint8_t peer)
{
    uint32_t i = 0;
    for (uint32_t m = 0; m < FETCH_MESSAGES_MAX && i < b->count; m++) {
        struct zyd_wr wr = zyd_replica_wr(r, 3 + 32 * (size_t)GET_ENVS_MAX);
        uint16_t count = 0;
        if (wr.data == NULL) {
            return;
        }
        zyd_wx_u8(&wr, ZYD_MSG_GET_ENVS);
        zyd_wx_u16(&wr, 0);
        for (; i < b->count && count < GET_ENVS_MAX; i++) {
            struct zyd_span env;
            if (!find_envelope(r, &env, &b->hashes[i])) {
                if (count == 0 && s->old && s->tries % 2 == 0) {
                    ask_range(r, s, peer, i);
                }
                zyd_wx_hash(&wr, &b->hashes[i]);
                count++;
            }
        }
        if (count == 0) {
            zyd_replica_wr_give_back(r, &wr);
            return;
        }
        zyd_put16(wr.data + 1, count);
        zyd_replica_wr_give_back(r, &wr);
        zyd_replica_send(r, peer, zyd_wr_span(&wr));
    }
}

static int64_t fetch_again_ms(const struct zyd_replica *r)
{
    int64_t ms = 2 * (int64_t)r->g->delta_ms;
    return ms < 50 ? 50 : ms > 1000 ? 1000 : ms;
}

#define FINAL_TRIES 2u

/* Consensus may have every header and certificate of a block whose body nobody holds any more but in the store: it is final at
 * the others, and they have been restarted or have moved on.  Then it is fetched by height, as all final blocks are. */
static void fetch_as_final(struct zyd_replica *r, const struct slot *s)
{
    struct zyd_bft_status status;
    if (s->old || s->tries < FINAL_TRIES) {
        return;
    }
    zyd_bft_status(r->bft, &status);
    for (uint8_t p = 0; p < r->n; p++) {
        if (p != r->cfg.me && r->peers[p].up && status.peer_final_height[p] >= s->header.height) {
            zyd_replica_behind(r, p, s->header.height);
            return;
        }
    }
}

void zyd_replica_fetch(struct zyd_replica *r)
{
    for (size_t i = 0; i < r->slots_used; i++) {
        struct slot *s = &r->slots[i];
        if (s->state != SLOT_LIVE || s->executed || s->bad || s->idle || s->stuck || s->fetch_ms > r->now_ms ||
            (s->header.flags & ZYD_HEADER_CARRIER) != 0) {
            continue;
        }
        if (s->body == NO_SLOT) {
            zyd_replica_want_body(r, s); /* room for one may have come */
        }
        struct body *b = zyd_replica_body_of(r, s);
        if (b != NULL && b->complete) {
            s->fetch_ms = NEVER;
            continue;
        }
        if (b != NULL) {
            uint32_t before = b->missing;
            zyd_replica_body_refresh(r, s);
            if (b->complete || s->bad) {
                r->more_work = true;
                continue;
            }
            if (before < s->fetch_missing) {
                s->tries -= s->tries > 0; /* it answers: stay */
            }
            s->fetch_missing = b->missing;
        }
        uint8_t peer = fetch_from(r, s);
        if (b == NULL) {
            ask_body(r, s, peer);
        } else {
            ask_envelopes(r, s, b, peer);
        }
        s->tries++;
        s->fetch_ms = r->now_ms + fetch_again_ms(r);
        fetch_as_final(r, s);
    }
}

/* consensus.md 1.5 on TICK: holders send the oldest waiting envelopes again, in turn, until they are final. */
void zyd_replica_regossip(struct zyd_replica *r)
{
    if (r->regossip_ms > r->now_ms || zyd_pool_count(r->pool) == 0) {
        return;
    }
    size_t sent = 0;
    uint32_t cursor = r->regossip_cursor;
    const struct zyd_pool_item *item;
    while (sent < REGOSSIP_BYTES && (item = zyd_pool_next(r->pool, &cursor)) != NULL) {
        if (item->arrived_ms + REGOSSIP_MS <= r->now_ms) {
            gossip(r, ZYD_BFT_ALL, item->bytes);
            sent += item->bytes.size;
        }
    }
    r->regossip_cursor = sent < REGOSSIP_BYTES ? 0 : cursor;
    r->regossip_ms = r->now_ms + REGOSSIP_MS;
}
