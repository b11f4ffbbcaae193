/* Catching up inside the epoch (consensus.md 1.7): final blocks from peers, each proven by its own finality, then what the
 * peer holds above.  Consensus stays the one that commits: it is given headers and certificates, and asks for execution. */
#include "replica_internal.h"

#define ASK_AGAIN_MS 2000
#define MORE_MS 50
#define GAP_MS 300 /* later blocks have come, an earlier one has not; or the rest of what was asked for stays away */
#define TRIES_MAX 16u
#define AHEAD_MAX 16u              /* blocks given to consensus and not yet committed */
#define SERVE_BYTES (1u << 20)     /* of envelopes hashed for one answer */
#define READ_COST (64u << 10)      /* bytes that reading one stored block is charged as */
#define RANGE_BYTES (512u << 10)
#define TIP_BYTES (900u << 10)
#define TIP_MAX 32u

/* ---- asking ---- */

static void advance(struct zyd_replica *r);

/* 255: nobody is there. */
static uint8_t next_peer(const struct zyd_replica *r, uint8_t from)
{
    for (uint32_t i = 1; i <= r->n; i++) {
        uint8_t p = (uint8_t)((from + i) % r->n);
        if (p != r->cfg.me && r->peers[p].up) {
            return p;
        }
    }
    return UINT8_MAX;
}

void zyd_replica_behind(struct zyd_replica *r, uint8_t peer, uint64_t height)
{
    struct sync *s = &r->sync;
    if (height > s->target) {
        s->target = height;
    }
    if (!s->active) {
        s->active = true;
        s->peer = peer < r->n && peer != r->cfg.me && r->peers[peer].up ? peer : next_peer(r, r->cfg.me < r->n ? r->cfg.me : 0);
        s->next = r->head.height + 1;
        s->tries = 0;
        s->ask_ms = r->now_ms;
    }
}

static void ask(struct zyd_replica *r)
{
    struct sync *s = &r->sync;
    s->ask_ms = r->now_ms + ASK_AGAIN_MS;
    if (s->peer >= r->n || !r->peers[s->peer].up) {
        s->peer = next_peer(r, s->peer < r->n ? s->peer : 0);
    }
    if (s->peer >= r->n) {
        return;
    }
    /* what comes beyond is refused, and would be missed for ASK_AGAIN_MS */
    uint64_t room = r->head.height + AHEAD_MAX + 1 - s->next;
    if (room == 0) {
        return; /* all that fits is with consensus */
    }
    struct zyd_wr wr = zyd_replica_wr(r, 10);
    if (wr.data == NULL) {
        return;
    }
    s->asked_count = (uint8_t)(room < GET_BLOCKS_MAX ? room : GET_BLOCKS_MAX);
    zyd_wx_u8(&wr, ZYD_MSG_GET_BLOCKS);
    zyd_wx_u64(&wr, s->next);
    zyd_wx_u8(&wr, s->asked_count);
    zyd_replica_send(r, s->peer, zyd_wr_span(&wr));
    zyd_replica_trace(r, "sync asks n% from h%", s->peer, s->next);
    s->asked_ms = r->now_ms;
    s->asked_from = s->next;
    s->asked_head = r->head.height;
}

/* Level-triggered, every step. */
void zyd_replica_sync(struct zyd_replica *r)
{
    struct sync *s = &r->sync;
    if (!s->active) {
        return;
    }
    if (s->next <= r->head.height) {
        s->next = r->head.height + 1;
    }
    if (r->head.height >= s->target && s->tip_seen) {
        s->active = false;
        return;
    }
    /* The batch asked for is all with consensus and nearly executed: the next one. */
    if (s->next > s->asked_from && !s->tip_seen && s->next >= s->asked_from + s->asked_count &&
        s->next <= r->head.height + AHEAD_MAX / 2) {
        ask(r);
        return;
    }
    /* All that the peer had then is final here, and there is more by now. */
    bool more = s->tip_seen && s->next == r->head.height + 1 && s->asked_ms + MORE_MS <= r->now_ms;
    if (s->ask_ms > r->now_ms && !more) {
        return;
    }
    if (s->next > s->asked_from || r->head.height > s->asked_head) {
        s->tries = 0;
    } else if (++s->tries > 1 || more) { /* it is as far behind as we are, or lies */
        s->peer = next_peer(r, s->peer);
        if (s->tries > TRIES_MAX) { /* nobody has it: consensus says so again if it still matters */
            zyd_replica_trace(r, "sync gives up at h%, target h%", s->next, s->target);
            s->active = false;
            s->target = 0;
            return;
        }
    }
    s->next = r->head.height + 1; /* what was given and lost is given again */
    s->tip_seen = false;
    advance(r);
    ask(r);
}

/* ---- answering ---- */

static bool range_of(struct zyd_replica *r, struct zyd_block_view *view, struct zyd_span *finality, uint64_t height)
{
    struct zyd_span value;
    for (size_t i = 0; i < r->slots_used; i++) {
        const struct slot *s = &r->slots[i];
        const struct body *b = zyd_replica_body_of(r, s);
        if (s->state == SLOT_FINAL && b != NULL && b->composed && s->header.height == height) {
            *finality = zyd_span(s->cold->fin, s->fin_size);
            return zyd_block_decode(view, zyd_span(b->value + b->start, b->size)) == ZYD_OK;
        }
    }
    enum zyd_status status = r->cfg.kv.block(r->cfg.kv.ctx, &value, finality, height);
    if (status == ZYD_E_STORE || status == ZYD_E_DAMAGED) {
        zyd_replica_fail(r, status);
    }
    if (status != ZYD_OK) {
        return false;
    }
    if (finality->size == 0 && height == r->head.height) {
        *finality = zyd_span(r->head_fin, r->head_fin_size);
    }
    return finality->size > 0 && zyd_block_decode(view, value) == ZYD_OK;
}

/* One BLOCK message.  *spent: bytes of envelopes hashed. */
static bool give_block(struct zyd_replica *r, uint8_t peer, size_t *spent, uint64_t height)
{
    struct zyd_block_view v;
    struct zyd_span finality;
    if (!zyd_replica_afford(r, peer, READ_COST) || !range_of(r, &v, &finality, height) ||
        !zyd_replica_afford(r, peer, v.envelopes.size / 8)) {
        return false;
    }
    size_t cap = 64 + ZYD_HEADER_SIZE + v.just.size + v.nc.size + v.carriers.size +
                 32 * (size_t)v.header.env_count + finality.size;
    struct zyd_wr wr = zyd_replica_wr(r, cap);
    if (wr.data == NULL) {
        return false;
    }
    zyd_wx_u8(&wr, ZYD_MSG_BLOCK);
    zyd_wx_bytes(&wr, v.header_bytes.data, v.header_bytes.size);
    zyd_wx_block(&wr, v.just);
    zyd_wx_block(&wr, v.nc);
    zyd_wx_block(&wr, v.carriers);
    zyd_wx_u32(&wr, v.header.env_count);
    struct zyd_rd rd = zyd_rd_of(v.envelopes);
    while (!rd.bad && rd.pos < rd.size) {
        struct zyd_span env = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        struct zyd_hash h;
        zyd_hash1(&h, "zyd/envb/1", env.data, env.size);
        zyd_wx_hash(&wr, &h);
    }
    zyd_wx_block(&wr, finality);
    zyd_replica_wr_give_back(r, &wr);
    if (rd.bad || wr.full) {
        return false;
    }
    *spent += v.envelopes.size;
    zyd_replica_send(r, peer, zyd_wr_span(&wr));
    return true;
}

/* Blocks above our head, ascending views, that others can check by themselves. */
static void give_tip(struct zyd_replica *r, uint8_t peer)
{
    struct zyd_wr wr = zyd_replica_wr(r, TIP_BYTES);
    uint64_t above = r->head.view;
    uint8_t count = 0;
    if (wr.data == NULL) {
        return;
    }
    zyd_wx_u8(&wr, ZYD_MSG_TIP);
    zyd_wx_u8(&wr, 0);
    while (count < TIP_MAX) {
        const struct slot *next = NULL;
        for (size_t i = 0; i < r->slots_used; i++) {
            const struct slot *s = &r->slots[i];
            if ((s->state == SLOT_LIVE || s->state == SLOT_FINAL) && s->has_just && s->header.view > above &&
                (next == NULL || s->header.view < next->header.view)) {
                next = s;
            }
        }
        if (next == NULL || wr.cap - wr.size < ZYD_HEADER_SIZE + 8 + next->just_size + next->nc_size) {
            break;
        }
        uint8_t header[ZYD_HEADER_SIZE];
        zyd_header_encode(header, &next->header);
        zyd_wx_bytes(&wr, header, sizeof header);
        zyd_wx_block(&wr, zyd_span(next->cold->just, next->just_size));
        zyd_wx_block(&wr, zyd_span(next->cold->nc, next->nc_size));
        above = next->header.view;
        count++;
    }
    wr.data[1] = count;
    zyd_replica_wr_give_back(r, &wr);
    if (zyd_replica_afford(r, peer, wr.size)) {
        zyd_replica_send(r, peer, zyd_wr_span(&wr));
    }
}

enum zyd_status zyd_replica_on_get_blocks(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    uint64_t first = zyd_rx_u64(&rd);
    uint8_t count = zyd_rx_u8(&rd);
    if (zyd_rd_done(&rd) != ZYD_OK || first == 0 || count == 0 || count > GET_BLOCKS_MAX) {
        return ZYD_E_MALFORMED;
    }
    size_t spent = 0;
    uint64_t h = first;
    while (h <= r->head.height && h - first < count && spent < SERVE_BYTES && give_block(r, peer, &spent, h)) {
        h++;
    }
    if (h > r->head.height) {
        give_tip(r, peer);
    }
    return ZYD_OK;
}

enum zyd_status zyd_replica_on_get_range(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    uint64_t height = zyd_rx_u64(&rd);
    uint32_t first = zyd_rx_u32(&rd);
    uint16_t count = zyd_rx_u16(&rd);
    struct zyd_block_view v;
    struct zyd_span finality;
    if (zyd_rd_done(&rd) != ZYD_OK || count == 0 || count > GET_ENVS_MAX) {
        return ZYD_E_MALFORMED;
    }
    if (!zyd_replica_afford(r, peer, READ_COST)) {
        return ZYD_E_BUSY;
    }
    if (height == 0 || height > r->head.height || !range_of(r, &v, &finality, height)) {
        return ZYD_E_NOT_FOUND;
    }
    struct zyd_rd envs = zyd_rd_of(v.envelopes);
    size_t sent = 0;
    for (uint32_t i = 0; !envs.bad && envs.pos < envs.size && i < first + (uint64_t)count && sent < RANGE_BYTES; i++) {
        struct zyd_span env = zyd_rx_block(&envs, ZYD_ENV_SIZE_MAX);
        if (i < first || envs.bad) {
            continue;
        }
        struct zyd_wr wr = zyd_replica_wr(r, env.size + 1);
        if (wr.data == NULL || !zyd_replica_afford(r, peer, env.size + 64)) {
            return ZYD_E_BUSY;
        }
        zyd_wx_u8(&wr, ZYD_MSG_ENVELOPE);
        zyd_wx_bytes(&wr, env.data, env.size);
        zyd_replica_send(r, peer, zyd_wr_span(&wr));
        sent += env.size;
    }
    return ZYD_OK;
}

/* ---- taking ---- */

static void feed_header(struct zyd_replica *r, const struct zyd_header *h, size_t just_count)
{
    struct zyd_bft_in in = {.kind = ZYD_BFT_IN_HEADER, .header = h, .just = r->certs, .just_count = just_count};
    zyd_replica_feed(r, &in);
}

static void feed_cert(struct zyd_replica *r, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    if (bytes.size == 0) {
        return;
    }
    zyd_cert_read(&rd, &r->certs[0]);
    if (zyd_rd_done(&rd) == ZYD_OK) {
        struct zyd_bft_in in = {.kind = ZYD_BFT_IN_CERT, .cert = &r->certs[0]};
        zyd_replica_feed(r, &in);
    }
}

/* Finality covers the header, the header covers its justification by just_root: what a peer sends beside must match, for the
 * first that comes is kept. Certificates then in r->certs. */
static bool just_of(struct zyd_replica *r, size_t *count, const struct zyd_header *h, struct zyd_span just)
{
    struct zyd_hash root;
    if (zyd_just_decode(r->certs, count, just) != ZYD_OK) {
        return false;
    }
    zyd_just_root(&root, r->certs, *count);
    return zyd_hash_eq(&root, &h->just_root);
}

/* Nothing covers the notarization: it is the block's own and good, or it is not kept. */
static bool nc_of(struct zyd_replica *r, const struct zyd_hash *hash, const struct zyd_header *h, struct zyd_span nc)
{
    struct zyd_cert *c = &r->certs[ZYD_JUST_MAX];
    struct zyd_pk pks[ZYD_VALIDATORS_MAX];
    struct zyd_rd rd = zyd_rd_of(nc);
    zyd_cert_read(&rd, c);
    if (zyd_rd_done(&rd) != ZYD_OK || c->type != ZYD_VOTE_N || c->view != h->view || c->height != h->height ||
        !zyd_hash_eq(&c->hash, hash)) {
        return false;
    }
    for (uint8_t i = 0; i < r->n; i++) {
        pks[i] = *zyd_genesis_validator_pk(r->g, i);
    }
    return zyd_cert_check(c, &r->g->hash, h->epoch, pks, r->n, &r->cfg.sig) == ZYD_OK;
}

/* The slot of a fetched block waits with its proof and body list until the one before it was given to consensus. */
static void keep(struct zyd_replica *r, const struct zyd_block_view *v, struct zyd_span finality, const uint8_t *hashes,
                 uint32_t count, size_t just_count)
{
    struct zyd_hash hash;
    zyd_header_hash(&hash, &v->header);
    struct slot *s = zyd_replica_slot_make(r, &hash, &v->header);
    if (s == NULL || s->state != SLOT_LIVE) {
        return;
    }
    zyd_replica_set_just(s, r->certs, just_count);
    if (s->nc_size == 0 && v->nc.size > 0 && nc_of(r, &hash, &v->header, v->nc)) {
        memcpy(s->cold->nc, v->nc.data, v->nc.size);
        s->nc_size = v->nc.size;
    }
    memcpy(s->cold->fin, finality.data, finality.size);
    s->fin_size = finality.size;
    s->fetch_peer = r->sync.peer;
    s->old = true;
    s->idle = false;
    if (s->body == NO_SLOT) {
        (void)zyd_replica_give_body(r, s, hashes, count);
    }
}

/* The CARRIERs below a block hang together by hash, up to the block; each gets a slot with its justification. */
static bool keep_carriers(struct zyd_replica *r, const struct zyd_block_view *v)
{
    struct zyd_rd rd = zyd_rd_of(v->carriers);
    struct zyd_header h;
    struct zyd_hash hash;
    struct zyd_span bytes;
    struct zyd_span just;
    bool first = true;
    for (unsigned pass = 0; pass < 2; pass++) { /* first only check */
        rd.pos = 0;
        while (zyd_replica_carrier_next(&rd, &h, &bytes, &just)) {
            size_t count;
            if ((h.flags & ZYD_HEADER_CARRIER) == 0 || (!first && !zyd_hash_eq(&hash, &h.parent_hash)) ||
                !just_of(r, &count, &h, just)) {
                return false;
            }
            zyd_header_hash(&hash, &h);
            first = false;
            struct slot *s = pass == 0 ? NULL : zyd_replica_slot_make(r, &hash, &h);
            if (s != NULL) {
                zyd_replica_set_just(s, r->certs, count);
            }
        }
        if (zyd_rd_done(&rd) != ZYD_OK || (!first && !zyd_hash_eq(&hash, &v->header.parent_hash))) {
            return false;
        }
        first = true;
    }
    return true;
}

/* Gives header and justification of a slot to consensus, CARRIERs below it first. */
static void feed_slot(struct zyd_replica *r, struct slot *s)
{
    struct slot *chain[SLOTS];
    size_t count = 0;
    for (struct slot *c = s; c != NULL && count < SLOTS; c = zyd_replica_find(r, &c->header.parent_hash)) {
        if (c != s && ((c->header.flags & ZYD_HEADER_CARRIER) == 0 || c->state != SLOT_LIVE)) {
            break;
        }
        chain[count++] = c;
    }
    while (count-- > 0 && zyd_replica_room(r)) {
        size_t just_count;
        struct slot *c = chain[count];
        if (c->has_just && zyd_just_decode(r->certs, &just_count, zyd_span(c->cold->just, c->just_size)) == ZYD_OK) {
            feed_header(r, &c->header, just_count);
        }
    }
}

/* Whatever of the fetched blocks comes next in height goes to consensus, with the certificate that makes it final. */
static void advance(struct zyd_replica *r)
{
    struct sync *y = &r->sync;
    for (;;) {
        struct slot *next = NULL;
        for (size_t i = 0; i < r->slots_used && next == NULL; i++) {
            struct slot *s = &r->slots[i];
            if (s->state == SLOT_LIVE && s->old && s->header.height == y->next) {
                next = s;
            }
        }
        struct zyd_finality f;
        if (next == NULL || !zyd_replica_room(r) ||
            zyd_finality_decode(&f, zyd_span(next->cold->fin, next->fin_size)) != ZYD_OK) {
            return;
        }
        feed_slot(r, next);
        feed_cert(r, zyd_span(next->cold->nc, next->nc_size));
        r->certs[0] = f.fc;
        struct zyd_bft_in fc = {.kind = ZYD_BFT_IN_CERT, .cert = &r->certs[0]};
        zyd_replica_feed(r, &fc);
        y->next++;
    }
}

enum zyd_status zyd_replica_on_block(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    struct zyd_block_view v = {.header_bytes = zyd_rx_span(&rd, ZYD_HEADER_SIZE)};
    struct zyd_finality f;
    v.just = zyd_rx_block(&rd, JUST_BYTES);
    v.nc = zyd_rx_block(&rd, ZYD_CERT_SIZE_MAX);
    v.carriers = zyd_rx_block(&rd, SEAL_BYTES);
    uint32_t count = zyd_rx_u32(&rd);
    struct zyd_span hashes =
        count <= r->cfg.limits.block_envs_max ? zyd_rx_span(&rd, (size_t)count * 32) : (struct zyd_span){0};
    struct zyd_span finality = zyd_rx_block(&rd, ZYD_FINALITY_SIZE_MAX);
    if (zyd_rd_done(&rd) != ZYD_OK || hashes.size != (size_t)count * 32 ||
        zyd_header_decode(&v.header, v.header_bytes) != ZYD_OK || zyd_finality_decode(&f, finality) != ZYD_OK ||
        (v.header.flags & ZYD_HEADER_CARRIER) != 0) {
        return ZYD_E_MALFORMED;
    }
    uint64_t height = v.header.height;
    struct sync *s = &r->sync;
    if (!s->active || peer != s->peer || height <= r->head.height || height > r->head.height + AHEAD_MAX) {
        return ZYD_E_BUSY; /* not what we asked for */
    }
    enum zyd_status status = zyd_finality_check(&f, &v.header, r->g, &r->cfg.sig);
    size_t just_count;
    if (status == ZYD_OK && (!keep_carriers(r, &v) || !just_of(r, &just_count, &v.header, v.just))) {
        status = ZYD_E_MALFORMED;
    }
    if (status != ZYD_OK) {
        zyd_replica_trace(r, "sync refuses h% of n%", height, peer);
        s->peer = next_peer(r, s->peer);
        return status;
    }
    keep(r, &v, finality, hashes.data, count, just_count);
    advance(r);
    s->ask_ms = r->now_ms + (s->next < s->asked_from + s->asked_count ? GAP_MS : ASK_AGAIN_MS);
    return ZYD_OK;
}

enum zyd_status zyd_replica_on_tip(struct zyd_replica *r, uint8_t peer, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    uint8_t count = zyd_rx_u8(&rd);
    if (count > TIP_MAX || !r->sync.active || peer != r->sync.peer) {
        return ZYD_E_BUSY;
    }
    for (uint8_t i = 0; i < count && zyd_replica_room(r); i++) {
        struct zyd_header h;
        size_t just_count;
        struct zyd_span header = zyd_rx_span(&rd, ZYD_HEADER_SIZE);
        struct zyd_span just = zyd_rx_block(&rd, JUST_BYTES);
        struct zyd_span nc = zyd_rx_block(&rd, ZYD_CERT_SIZE_MAX);
        if (rd.bad || zyd_header_decode(&h, header) != ZYD_OK || zyd_just_decode(r->certs, &just_count, just) != ZYD_OK) {
            return ZYD_E_MALFORMED;
        }
        feed_header(r, &h, just_count);
        feed_cert(r, nc);
    }
    zyd_replica_trace(r, "sync has the tip of n%: % blocks", peer, count);
    r->sync.tip_seen = true;
    return rd.bad ? ZYD_E_MALFORMED : ZYD_OK;
}
