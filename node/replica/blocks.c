/* Blocks that are not final yet: where they are kept, what they stand on, when they can be executed, when they die. */
#include "replica_internal.h"

/* ---- small open-addressing tables of index + 1, keyed by hash ---- */

bool zyd_replica_table_find(const struct zyd_replica *r, uint32_t *index, const uint16_t *table, const struct zyd_hash *keys,
                            const struct zyd_hash *key)
{
    for (uint32_t at = zyd_get32(key->b + 4) & r->table_mask; table[at] != 0; at = (at + 1) & r->table_mask) {
        if (zyd_hash_eq(&keys[table[at] - 1], key)) {
            *index = table[at] - 1u;
            return true;
        }
    }
    return false;
}

void zyd_replica_table_put(const struct zyd_replica *r, uint16_t *table, const struct zyd_hash *keys, uint32_t index)
{
    uint32_t at = zyd_get32(keys[index].b + 4) & r->table_mask;
    while (table[at] != 0) {
        at = (at + 1) & r->table_mask;
    }
    table[at] = (uint16_t)(index + 1);
}

void zyd_replica_table_clear(const struct zyd_replica *r, uint16_t *table)
{
    memset(table, 0, (size_t)(r->table_mask + 1) * sizeof table[0]);
}

/* ---- slots ---- */

struct slot *zyd_replica_find(struct zyd_replica *r, const struct zyd_hash *hash)
{
    for (size_t i = 0; i < r->slots_used; i++) {
        struct slot *s = &r->slots[i];
        if (s->state != SLOT_FREE && zyd_hash_eq(&s->hash, hash)) {
            return s;
        }
    }
    return NULL;
}

struct body *zyd_replica_body_of(struct zyd_replica *r, const struct slot *s)
{
    return s->body == NO_SLOT ? NULL : &r->bodies[s->body];
}

static bool is_carrier(const struct slot *s)
{
    return (s->header.flags & ZYD_HEADER_CARRIER) != 0;
}

/* A final CARRIER above the head is needed for the seal record of the next block. */
static bool keep_final(const struct zyd_replica *r, const struct slot *s)
{
    return is_carrier(s) && s->header.height == r->head.height && s->header.view > r->head.view;
}

static void slot_reset(struct slot *s)
{
    struct slot_cold *cold = s->cold;
    memset(s, 0, sizeof *s);
    s->cold = cold;
    s->body = NO_SLOT;
}

void zyd_replica_body_free(struct zyd_replica *r, struct slot *s)
{
    struct body *b = zyd_replica_body_of(r, s);
    if (b != NULL) {
        b->used = false;
        s->body = NO_SLOT;
    }
}

/* A place for a newcomer: of a dead one, or a final one that has no body any more; a fresh one; else that of the lowest
 * final one.  Fresh ones come late, so that walks stay short. */
static struct slot *place(struct zyd_replica *r)
{
    struct slot *best = NULL;
    for (size_t i = 0; i < r->slots_used; i++) {
        struct slot *s = &r->slots[i];
        if (s->state == SLOT_FREE) {
            return s;
        }
        if (s->used_step == r->step_no || s->state == SLOT_LIVE || (s->state == SLOT_FINAL && keep_final(r, s))) {
            continue;
        }
        if (s->state == SLOT_DEAD || s->body == NO_SLOT) {
            return s;
        }
        if (best == NULL || s->header.view < best->header.view) {
            best = s;
        }
    }
    return r->slots_used < SLOTS ? &r->slots[r->slots_used++] : best;
}

struct slot *zyd_replica_slot_make(struct zyd_replica *r, const struct zyd_hash *hash, const struct zyd_header *h)
{
    struct slot *s = zyd_replica_find(r, hash);
    if (s != NULL && s->state != SLOT_DEAD) {
        return s;
    }
    if (s != NULL && s->used_step == r->step_no) {
        return NULL; /* effects of this step point into it */
    }
    if (s == NULL && (s = place(r)) == NULL) {
        return NULL;
    }
    if (s->state != SLOT_FREE) {
        zyd_replica_body_free(r, s);
    }
    slot_reset(s);
    s->state = SLOT_LIVE;
    s->hash = *hash;
    s->header = *h;
    s->fetch_peer = (uint8_t)h->proposer;
    return s;
}

void zyd_replica_set_just(struct slot *s, const struct zyd_cert *certs, size_t count)
{
    if (s->has_just) {
        return;
    }
    struct zyd_wr wr = zyd_wr_of(s->cold->just, sizeof s->cold->just);
    zyd_just_encode(&wr, certs, count);
    zyd_assert(!wr.full);
    s->just_size = wr.size;
    s->has_just = true;
}

static bool has_live_child(const struct zyd_replica *r, const struct slot *s)
{
    for (size_t i = 0; i < r->slots_used; i++) {
        const struct slot *c = &r->slots[i];
        if (c->state == SLOT_LIVE && !c->idle && zyd_hash_eq(&c->header.parent_hash, &s->hash)) {
            return true;
        }
    }
    return false;
}

/* A body for s: a free one; else that of a dead or old final block; else of the LIVE block with the lowest view that nothing
 * stands on, when many proposals came to nothing and none is final (it goes back to waiting, and is fetched again if a
 * child or a commit needs it). */
struct body *zyd_replica_body_make(struct zyd_replica *r, struct slot *s)
{
    struct slot *victim = NULL;
    for (size_t i = 0; i < BODIES; i++) {
        struct body *b = &r->bodies[i];
        if (!b->used && b->used_step != r->step_no) {
            uint8_t *value = b->value;
            struct zyd_hash *hashes = b->hashes;
            struct zyd_hash *ids = b->ids;
            uint16_t *by_hash = b->by_hash;
            uint16_t *by_id = b->by_id;
            memset(b, 0, sizeof *b);
            b->value = value;
            b->hashes = hashes;
            b->ids = ids;
            b->by_hash = by_hash;
            b->by_id = by_id;
            b->used = true;
            b->slot = (uint16_t)(s - r->slots);
            s->body = (uint16_t)i;
            return b;
        }
    }
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < BODIES; i++) {
        struct body *b = &r->bodies[i];
        if (!b->used || b->used_step == r->step_no) {
            continue;
        }
        struct slot *o = &r->slots[b->slot];
        uint64_t rank = UINT64_MAX;
        if (o->state == SLOT_DEAD) {
            rank = 0;
        } else if (o->state == SLOT_FINAL) {
            rank = 1 + o->header.height;
        } else if (!o->stored && !o->committing && o->header.view + 2 < s->header.view && !has_live_child(r, o)) {
            rank = (UINT64_C(1) << 62) + o->header.view;
        }
        if (rank < best) {
            best = rank;
            victim = o;
        }
    }
    if (victim == NULL) {
        return NULL;
    }
    if (victim->overlay != NULL) {
        zyd_overlay_drop(r->state, victim->overlay);
        victim->overlay = NULL;
    }
    victim->executed = false;
    victim->idle = victim->state == SLOT_LIVE;
    zyd_replica_body_free(r, victim);
    return zyd_replica_body_make(r, s);
}

/* ---- chains ---- */

bool zyd_replica_base(struct zyd_replica *r, struct slot **base, const struct zyd_hash *parent_hash)
{
    const struct zyd_hash *h = parent_hash;
    for (size_t i = 0; i <= SLOTS; i++) {
        if (zyd_hash_eq(h, &r->head_hash)) {
            *base = NULL;
            return true;
        }
        struct slot *s = zyd_replica_find(r, h);
        if (s == NULL || s->state == SLOT_DEAD) {
            return false;
        }
        if (!is_carrier(s)) {
            *base = s;
            return s->state == SLOT_LIVE;
        }
        h = &s->header.parent_hash;
    }
    return false;
}

void zyd_replica_chain(struct zyd_replica *r, struct chain *c, struct slot *base)
{
    c->count = 0;
    c->broken = false;
    while (base != NULL && !c->broken) {
        const struct body *b = zyd_replica_body_of(r, base);
        if (b == NULL || !b->has_ids || c->count == BODIES) {
            c->broken = true;
            return;
        }
        c->bodies[c->count++] = b;
        c->broken = !zyd_replica_base(r, &base, &base->header.parent_hash);
    }
}

bool zyd_replica_on_chain(const struct zyd_replica *r, const struct chain *c, const struct zyd_hash *id)
{
    uint32_t index;
    for (uint32_t i = 0; i < c->count; i++) {
        if (zyd_replica_table_find(r, &index, c->bodies[i]->by_id, c->bodies[i]->ids, id)) {
            return true;
        }
    }
    return c->broken;
}

size_t zyd_replica_seal_size(struct zyd_replica *r, const struct zyd_hash *parent_hash)
{
    size_t size = 0;
    struct slot *s;
    const struct zyd_hash *h = parent_hash;
    while (!zyd_hash_eq(h, &r->head_hash) && (s = zyd_replica_find(r, h)) != NULL && is_carrier(s)) {
        if (!s->has_just) {
            return SIZE_MAX;
        }
        size += ZYD_HEADER_SIZE + 4 + s->just_size;
        if (size > SEAL_BYTES) {
            return SIZE_MAX;
        }
        h = &s->header.parent_hash;
    }
    return size;
}

/* Section 4, made from the end: the CARRIERs are found from the newest back. */
static void seal_record(struct zyd_replica *r, uint8_t *out, size_t size, const struct slot *s)
{
    size_t at = size;
    const struct zyd_hash *h = &s->header.parent_hash;
    for (;;) {
        struct slot *c = zyd_replica_find(r, h);
        if (zyd_hash_eq(h, &r->head_hash) || c == NULL || !is_carrier(c)) {
            break;
        }
        at -= ZYD_HEADER_SIZE + 4 + c->just_size;
        zyd_header_encode(out + at, &c->header);
        zyd_put32(out + at + ZYD_HEADER_SIZE, (uint32_t)c->just_size);
        memcpy(out + at + ZYD_HEADER_SIZE + 4, c->cold->just, c->just_size);
        h = &c->header.parent_hash;
    }
    zyd_assert(at == 0);
}

/* The head of the value is written backwards from section 6, so the large sections never move. */
enum zyd_status zyd_replica_compose(struct zyd_replica *r, struct slot *s)
{
    struct body *b = zyd_replica_body_of(r, s);
    zyd_assert(b != NULL);
    if (b->composed) {
        return ZYD_OK;
    }
    size_t seal = zyd_replica_seal_size(r, &s->header.parent_hash);
    if (seal == SIZE_MAX || !s->has_just) {
        return ZYD_E_FULL;
    }
    uint8_t frontier[8 + 64 * 32 + 16];
    struct zyd_wr fw = zyd_wr_of(frontier, sizeof frontier);
    zyd_frontier_encode(&fw, &b->before);
    zyd_assert(!fw.full);
    size_t head = 5 * 4 + ZYD_HEADER_SIZE + s->just_size + s->nc_size + seal + fw.size;
    zyd_assert(head <= HEAD_BYTES);
    b->start = HEAD_BYTES - head;
    struct zyd_wr wr = zyd_wr_of(b->value + b->start, head);
    uint8_t header[ZYD_HEADER_SIZE];
    zyd_header_encode(header, &s->header);
    zyd_wx_block(&wr, zyd_span(header, sizeof header));
    zyd_wx_block(&wr, zyd_span(s->cold->just, s->just_size));
    zyd_wx_block(&wr, zyd_span(s->cold->nc, s->nc_size));
    zyd_wx_u32(&wr, (uint32_t)seal);
    seal_record(r, b->value + b->start + wr.size, seal, s);
    wr.size += seal;
    zyd_wx_block(&wr, zyd_wr_span(&fw));
    zyd_assert(!wr.full);
    zyd_assert(wr.size == head);
    b->size = head + 4 + b->env_size + b->tail_size;
    b->composed = true;
    return ZYD_OK;
}

/* ---- death ---- */

void zyd_replica_kill(struct zyd_replica *r, struct slot *s)
{
    if (s->own && s->executed && !s->blamed) {
        s->blamed = true;
        zyd_replica_blame(r, s);
    }
    if (s->overlay != NULL) {
        zyd_overlay_drop(r->state, s->overlay);
        s->overlay = NULL;
    }
    struct body *b = zyd_replica_body_of(r, s);
    if (b != NULL && b->used_step != r->step_no) {
        zyd_replica_body_free(r, s);
    }
    s->state = SLOT_DEAD;
    r->pool_dirty = true;
}

static bool on_path(struct zyd_replica *r, const struct slot *s, const struct slot *top)
{
    /* is s an ancestor of top, or top itself? */
    for (size_t i = 0; i < SLOTS && top != NULL; i++) {
        if (top == s) {
            return true;
        }
        if (top->header.view <= s->header.view) {
            return false;
        }
        top = zyd_replica_find(r, &top->header.parent_hash);
    }
    return false;
}

/* Kills the slots marked, children (higher views) before parents. */
static void kill_marked(struct zyd_replica *r, const bool marked[SLOTS])
{
    for (;;) {
        struct slot *top = NULL;
        for (size_t i = 0; i < r->slots_used; i++) {
            struct slot *s = &r->slots[i];
            if (marked[i] && s->state == SLOT_LIVE && (top == NULL || s->header.view > top->header.view)) {
                top = s;
            }
        }
        if (top == NULL) {
            return;
        }
        zyd_replica_kill(r, top);
    }
}

/* The dead take their descendants with them: parents have lower views, so rounds in any order reach a fixed point. */
static void mark_descendants(struct zyd_replica *r, bool marked[SLOTS])
{
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = 0; i < r->slots_used; i++) {
            struct slot *s = &r->slots[i];
            if (marked[i] || s->state != SLOT_LIVE || s->committing) {
                continue;
            }
            struct slot *p = zyd_replica_find(r, &s->header.parent_hash);
            if (p != NULL && marked[p - r->slots]) {
                marked[i] = true;
                again = true;
            }
        }
    }
}

void zyd_replica_drop(struct zyd_replica *r, uint64_t view)
{
    bool marked[SLOTS];
    for (size_t i = 0; i < r->slots_used; i++) {
        const struct slot *s = &r->slots[i];
        marked[i] = s->state == SLOT_LIVE && !s->committing && s->header.view <= view;
        for (uint32_t k = 0; marked[i] && k < r->queue_count; k++) {
            marked[i] = !on_path(r, s, &r->slots[r->queue[k]]);
        }
    }
    mark_descendants(r, marked);
    kill_marked(r, marked);
}

void zyd_replica_drop_losers(struct zyd_replica *r, struct slot *winner)
{
    bool marked[SLOTS];
    for (size_t i = 0; i < r->slots_used; i++) {
        struct slot *s = &r->slots[i];
        struct slot *base;
        marked[i] = false;
        if (s->state != SLOT_LIVE || s == winner || s->committing) {
            continue;
        }
        if (on_path(r, winner, s)) {
            continue; /* stands on it */
        }
        /* At or below its view, or linked to the old head by another way. */
        marked[i] = s->header.view <= winner->header.view ||
                    (zyd_replica_base(r, &base, &s->header.parent_hash) && base == NULL);
        if (on_path(r, s, winner)) {
            marked[i] = false; /* a CARRIER below it */
        }
    }
    mark_descendants(r, marked);
    kill_marked(r, marked);
}

/* ---- execution ---- */

static bool verify_carrier(const struct slot *s, const struct zyd_header *base)
{
    const struct zyd_header *h = &s->header;
    struct zyd_hash none;
    zyd_merkle_root(&none, NULL, 0);
    return h->height == base->height && zyd_hash_eq(&h->body_root, &none) && h->env_count == 0 && h->body_size == 0 &&
           h->log_size == base->log_size && zyd_hash_eq(&h->log_root, &base->log_root) &&
           h->state_size == base->state_size && zyd_hash_eq(&h->state_root, &base->state_root) &&
           h->debits == base->debits && h->credits == base->credits && h->open_obligations == base->open_obligations;
}

/* Everything of ledger.md 2.2 and 2.3 that the envelopes alone and the chain decide; fills the id table. */
static bool check_envelopes(struct zyd_replica *r, struct slot *s, struct body *b, struct slot *base)
{
    struct zyd_rd rd = zyd_rd_of(zyd_span(b->value + HEAD_BYTES + 4, b->env_size));
    unsigned rank = 0;
    struct chain chain;
    zyd_replica_chain(r, &chain, base);
    b->has_ids = false;
    zyd_replica_table_clear(r, b->by_id);
    for (uint32_t i = 0; i < b->count; i++) {
        struct zyd_env env;
        uint32_t other;
        if (zyd_env_decode(&env, zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX)) != ZYD_OK ||
            !zyd_hash_eq(&env.env_hash, &b->hashes[i])) {
            return false;
        }
        unsigned now = zyd_replica_class_rank(env.class_);
        if (now < rank || env.valid_until_ms <= s->header.time_ms ||
            env.valid_until_ms - s->header.time_ms > r->g->window_ms || zyd_replica_window_has(&r->window, &env.env_id) ||
            zyd_replica_on_chain(r, &chain, &env.env_id) ||
            zyd_replica_table_find(r, &other, b->by_id, b->ids, &env.env_id)) {
            return false;
        }
        rank = now;
        b->ids[i] = env.env_id;
        zyd_replica_table_put(r, b->by_id, b->ids, i);
    }
    b->has_ids = true;
    return zyd_rd_done(&rd) == ZYD_OK;
}

static enum zyd_status run_envelopes(struct exec *x, struct zyd_span envelopes)
{
    struct zyd_rd rd = zyd_rd_of(envelopes);
    enum zyd_status status = zyd_replica_exec_sys(x);
    while (status == ZYD_OK && rd.pos < rd.size) {
        struct zyd_env env;
        status = zyd_env_decode(&env, zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX));
        if (status == ZYD_OK) {
            status = zyd_replica_exec_env(x, &env);
        }
    }
    return status;
}

/* ZYD_OK: executed and equal; INVALID: the block is bad; FULL: this node cannot now; STORE, DAMAGED. */
enum zyd_status zyd_replica_execute_slot(struct zyd_replica *r, struct slot *s)
{
    struct slot *base;
    bool linked = zyd_replica_base(r, &base, &s->header.parent_hash);
    zyd_assert(linked);
    const struct zyd_header *prev = base == NULL ? &r->head : &base->header;
    const struct zyd_frontier *before = base == NULL ? &r->head_frontier : &base->cold->after;
    if (is_carrier(s)) {
        if (!verify_carrier(s, prev)) {
            return ZYD_E_INVALID;
        }
        s->cold->after = *before;
        s->executed = true;
        return ZYD_OK;
    }
    struct body *b = zyd_replica_body_of(r, s);
    zyd_assert(b != NULL && b->complete);
    if (s->header.height != prev->height + 1 || s->header.body_size != b->env_size - 4 * (size_t)b->count ||
        s->header.env_count != b->count || zyd_replica_seal_size(r, &s->header.parent_hash) == SIZE_MAX ||
        !check_envelopes(r, s, b, base)) {
        return ZYD_E_INVALID;
    }
    struct zyd_overlay *overlay = zyd_overlay_begin(r->state, base == NULL ? NULL : base->overlay);
    if (overlay == NULL) {
        return ZYD_E_BUSY;
    }
    struct exec x;
    struct zyd_header h = s->header;
    uint8_t *tail = b->value + HEAD_BYTES + 4 + b->env_size;
    zyd_replica_exec_begin(&x, r->host, r->g, overlay, &h, prev, before, tail, r->tail_cap, r->cfg.limits.block_ops_max);
    enum zyd_status status = run_envelopes(&x, zyd_span(b->value + HEAD_BYTES + 4, b->env_size));
    if (status == ZYD_OK) {
        status = zyd_replica_exec_end(&x, &h);
    }
    if (status == ZYD_OK) {
        uint8_t ours[ZYD_HEADER_SIZE];
        uint8_t theirs[ZYD_HEADER_SIZE];
        zyd_header_encode(ours, &h);
        zyd_header_encode(theirs, &s->header);
        status = memcmp(ours, theirs, sizeof ours) == 0 ? ZYD_OK : ZYD_E_INVALID;
    } else if (status == ZYD_E_TOO_BIG) {
        status = ZYD_E_INVALID;
    }
    if (status != ZYD_OK) {
        zyd_overlay_drop(r->state, overlay);
        return status;
    }
    b->tail_size = x.wr.size;
    b->before = *before;
    s->overlay = overlay;
    s->cold->after = x.frontier;
    s->sys_cursor = x.hb.sys_cursor;
    s->fuel = x.hb.fuel_used;
    s->op_count = x.hb.op_count;
    s->executed = true;
    return ZYD_OK;
}

/* Can it run now?  A base that is bad makes it bad. */
static bool ready(struct zyd_replica *r, struct slot *s)
{
    struct slot *base;
    if (s->state != SLOT_LIVE || s->executed || s->bad || s->stuck || s->idle ||
        !zyd_replica_base(r, &base, &s->header.parent_hash)) {
        return false;
    }
    if (base != NULL && base->bad) {
        s->bad = true;
        return true;
    }
    if (base != NULL && base->idle) { /* its body was given away: get it again */
        base->idle = false;
        base->tries = 0;
        zyd_replica_want_body(r, base);
    }
    if (base != NULL && !base->executed) {
        return false;
    }
    const struct body *b = zyd_replica_body_of(r, s);
    return is_carrier(s) || (b != NULL && b->complete);
}

static void answer(struct zyd_replica *r, struct slot *s)
{
    struct zyd_bft_in in = {.kind = ZYD_BFT_IN_VERIFIED, .hash = s->hash, .ok = !s->bad};
    s->verify = false;
    zyd_replica_feed(r, &in);
}

/* The verdict on what is lowest; false: a limit or a fault of this node, nothing done. */
static bool execute_next(struct zyd_replica *r, struct slot *s)
{
    enum zyd_status status = s->bad ? ZYD_E_INVALID : zyd_replica_execute_slot(r, s);
    if (status == ZYD_E_BUSY) { /* all overlays taken: later */
        return false;
    }
    if (status == ZYD_E_STORE || status == ZYD_E_DAMAGED) {
        zyd_replica_fail(r, status);
        return false;
    }
    if (status == ZYD_E_FULL) { /* no verdict on the block; of a final one we cannot go on without it */
        s->stuck = true;
        if (s->old) {
            zyd_replica_fail(r, ZYD_E_FULL);
        }
        return !s->old;
    }
    s->bad = status != ZYD_OK;
    if (s->bad && s->old) {
        zyd_replica_alarm(r, ZYD_ALARM_DIVERGED, "a final block does not execute to its roots here");
    }
    r->pool_dirty = true;
    return true;
}

bool zyd_replica_execute_one(struct zyd_replica *r)
{
    struct slot *next = NULL;
    for (size_t i = 0; i < r->slots_used; i++) {
        struct slot *s = &r->slots[i];
        if (s->state == SLOT_LIVE && s->verify && (s->executed || s->bad)) {
            answer(r, s); /* executed before consensus asked: a fetched block */
            return true;
        }
        if ((next == NULL || s->header.view < next->header.view) && ready(r, s)) {
            next = s;
        }
    }
    return next != NULL && execute_next(r, next);
}
