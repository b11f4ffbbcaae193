#include <zyd/mempool.h>
#include "buddy.h"

#define NONE UINT32_MAX
#define COPIES_MAX 4u
#define RESERVE_BYTES (2u * ZYD_BLOCK_BYTES_MAX)
#define RESERVE_COUNT (2u * ZYD_BLOCK_ENVS_MAX)

struct item {
    struct zyd_pool_item pub;
    uint16_t member;                /* of the first signer */
    bool first;                     /* of the copies of its id */
    uint32_t hash_next, id_next;    /* chains of the two tables */
    uint32_t prev, next;            /* order of arrival; next also links free items */
    uint32_t heap_at;               /* place in the heap of expiry */
};
struct zyd_pool {
    struct zyd_pool_limits limits;
    struct item *items;
    uint32_t *by_hash, *by_id;      /* heads of chains; the latter holds first copies and, behind them, the others */
    uint32_t *heap;                 /* items, least valid_until on top */
    uint32_t slots, cap, count, free_item, unused;
    uint32_t oldest, newest;
    uint64_t bytes, pinned_bytes;
    uint32_t pinned_count;
    uint64_t member_bytes[ZYD_MEMBERS_MAX];
    struct buddy memory;
};

/* ---- memory ---- */

static size_t part(uint8_t *base, size_t *used, void **out, uint64_t size)
{
    size_t at = (*used + 63u) & ~(size_t)63u;
    *out = base == NULL ? NULL : base + at;
    *used = at + (size_t)size;
    return *used;
}

static size_t layout(struct zyd_pool *p, uint8_t *base, const struct zyd_pool_limits *l)
{
    size_t used = 0;
    void *self, *items, *by_hash, *by_id, *heap, *bytes, *state, *next, *prev;
    uint32_t cap = l->count_max + RESERVE_COUNT, slots = 1;
    while (slots < cap) {
        slots *= 2;
    }
    /* Twice the bytes: a block of the region may be half empty. */
    uint32_t blocks = buddy_blocks(2 * (l->bytes_max + RESERVE_BYTES));
    part(base, &used, &self, sizeof *p);
    part(base, &used, &items, (uint64_t)cap * sizeof(struct item));
    part(base, &used, &by_hash, (uint64_t)slots * 4);
    part(base, &used, &by_id, (uint64_t)slots * 4);
    part(base, &used, &heap, (uint64_t)cap * 4);
    part(base, &used, &state, blocks);
    part(base, &used, &next, (uint64_t)blocks * 4);
    part(base, &used, &prev, (uint64_t)blocks * 4);
    part(base, &used, &bytes, (uint64_t)blocks * BUDDY_MIN);
    if (base != NULL) {
        memset(p, 0, sizeof *p);
        p->items = items;
        p->by_hash = by_hash;
        p->by_id = by_id;
        p->heap = heap;
        p->slots = slots;
        p->cap = cap;
        memset(state, 0, blocks);
        memset(by_hash, 0xff, (size_t)slots * 4);
        memset(by_id, 0xff, (size_t)slots * 4);
        buddy_init(&p->memory, bytes, state, next, prev, blocks);
    }
    return used;
}

size_t zyd_pool_footprint(const struct zyd_pool_limits *limits)
{
    return layout(NULL, NULL, limits) + 64;
}

struct zyd_pool *zyd_pool_init(void *mem, const struct zyd_pool_limits *limits)
{
    uint8_t *base = (uint8_t *)mem + (64 - (uintptr_t)mem % 64) % 64;
    struct zyd_pool *p = (struct zyd_pool *)(void *)base;
    (void)layout(p, base, limits);
    p->limits = *limits;
    p->free_item = NONE;
    p->oldest = p->newest = NONE;
    return p;
}

/* ---- heap of expiry ---- */

static void heap_set(struct zyd_pool *p, uint32_t at, uint32_t item)
{
    p->heap[at] = item;
    p->items[item].heap_at = at;
}

static bool sooner(const struct zyd_pool *p, uint32_t a, uint32_t b)
{
    return p->items[a].pub.valid_until_ms < p->items[b].pub.valid_until_ms;
}

static void heap_up(struct zyd_pool *p, uint32_t at)
{
    uint32_t item = p->heap[at];
    while (at > 0 && sooner(p, item, p->heap[(at - 1) / 2])) {
        heap_set(p, at, p->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(p, at, item);
}

static void heap_down(struct zyd_pool *p, uint32_t at, uint32_t count)
{
    uint32_t item = p->heap[at];
    for (uint32_t kid = 2 * at + 1; kid < count; kid = 2 * at + 1) {
        if (kid + 1 < count && sooner(p, p->heap[kid + 1], p->heap[kid])) {
            kid++;
        }
        if (!sooner(p, p->heap[kid], item)) {
            break;
        }
        heap_set(p, at, p->heap[kid]);
        at = kid;
    }
    heap_set(p, at, item);
}

static void heap_remove(struct zyd_pool *p, uint32_t at, uint32_t count)
{
    uint32_t last = p->heap[count - 1];
    if (at == count - 1) {
        return;
    }
    heap_set(p, at, last);
    heap_up(p, at);
    heap_down(p, p->items[last].heap_at, count - 1);
}

/* ---- tables ---- */

static uint32_t slot_of(const struct zyd_pool *p, const struct zyd_hash *h)
{
    return zyd_get32(h->b) & (p->slots - 1);
}

static uint32_t find_hash(const struct zyd_pool *p, const struct zyd_hash *env_hash)
{
    uint32_t i = p->by_hash[slot_of(p, env_hash)];
    while (i != NONE && !zyd_hash_eq(&p->items[i].pub.env_hash, env_hash)) {
        i = p->items[i].hash_next;
    }
    return i;
}

/* The first copy of an id, and how many there are. */
static uint32_t find_id(const struct zyd_pool *p, const struct zyd_hash *env_id, uint32_t *copies)
{
    uint32_t first = NONE;
    *copies = 0;
    for (uint32_t i = p->by_id[slot_of(p, env_id)]; i != NONE; i = p->items[i].id_next) {
        if (zyd_hash_eq(&p->items[i].pub.env_id, env_id)) {
            first = p->items[i].first ? i : first;
            ++*copies;
        }
    }
    return first;
}

static void unchain(uint32_t *head, struct item *items, uint32_t item, bool by_id)
{
    uint32_t *at = head;
    while (*at != item) {
        at = by_id ? &items[*at].id_next : &items[*at].hash_next;
    }
    *at = by_id ? items[item].id_next : items[item].hash_next;
}

static void forget(struct zyd_pool *p, uint32_t i)
{
    struct item *it = &p->items[i];
    unchain(&p->by_hash[slot_of(p, &it->pub.env_hash)], p->items, i, false);
    unchain(&p->by_id[slot_of(p, &it->pub.env_id)], p->items, i, true);
    heap_remove(p, it->heap_at, p->count);
    *(it->prev == NONE ? &p->oldest : &p->items[it->prev].next) = it->next;
    *(it->next == NONE ? &p->newest : &p->items[it->next].prev) = it->prev;
    if (it->pub.pinned) {
        p->pinned_bytes -= it->pub.bytes.size;
        p->pinned_count--;
    } else {
        p->bytes -= it->pub.bytes.size;
        p->member_bytes[it->member] -= it->pub.bytes.size;
    }
    buddy_give(&p->memory, it->pub.bytes.data);
    it->next = p->free_item;
    p->free_item = i;
    p->count--;
}

/* ---- adding ---- */

/* The walk offers one copy of an id: the first that came, but an ordinary one before one fetched for a block. */
static void claim_first(struct zyd_pool *p, uint32_t i)
{
    uint32_t copies, first = find_id(p, &p->items[i].pub.env_id, &copies);
    if (first == NONE || (p->items[first].pub.pinned && !p->items[i].pub.pinned)) {
        if (first != NONE) {
            p->items[first].first = false;
        }
        p->items[i].first = true;
    }
}

static bool room(const struct zyd_pool *p, uint16_t member, size_t size)
{
    return p->bytes + size <= p->limits.bytes_max && p->member_bytes[member] + size <= p->limits.member_bytes_max &&
           p->count - p->pinned_count < p->limits.count_max;
}

static bool reserve_room(const struct zyd_pool *p, size_t size)
{
    return p->pinned_bytes + size <= RESERVE_BYTES && p->pinned_count < RESERVE_COUNT;
}

static enum zyd_status unpin(struct zyd_pool *p, uint32_t i, int64_t now_ms, uint64_t ticket)
{
    struct item *it = &p->items[i];
    size_t size = it->pub.bytes.size;
    if (!it->pub.pinned) {
        return ZYD_E_EXISTS;
    }
    if (!room(p, it->member, size)) {
        return ZYD_E_FULL;
    }
    it->pub.pinned = false;
    it->pub.arrived_ms = now_ms;
    it->pub.ticket = ticket;
    p->pinned_bytes -= size;
    p->pinned_count--;
    p->bytes += size;
    p->member_bytes[it->member] += size;
    claim_first(p, i);
    return ZYD_OK;
}

static uint32_t take_item(struct zyd_pool *p)
{
    uint32_t i = p->free_item;
    if (i != NONE) {
        p->free_item = p->items[i].next;
        return i;
    }
    return p->unused < p->cap ? p->unused++ : NONE;
}

static void insert(struct zyd_pool *p, uint32_t i, const struct zyd_env *env)
{
    struct item *it = &p->items[i];
    uint32_t *hash_head = &p->by_hash[slot_of(p, &env->env_hash)], *id_head = &p->by_id[slot_of(p, &env->env_id)];
    it->hash_next = *hash_head;
    *hash_head = i;
    it->id_next = *id_head;
    *id_head = i;
    it->prev = p->newest;
    it->next = NONE;
    *(p->newest == NONE ? &p->oldest : &p->items[p->newest].next) = i;
    p->newest = i;
    heap_set(p, p->count, i);
    heap_up(p, p->count);
    p->count++;
}

static enum zyd_status add(struct zyd_pool *p, const struct zyd_env *env, int64_t now_ms, uint64_t ticket, bool pinned)
{
    uint32_t copies, known = find_hash(p, &env->env_hash);
    if (known != NONE) {
        return pinned ? ZYD_E_EXISTS : unpin(p, known, now_ms, ticket);
    }
    (void)find_id(p, &env->env_id, &copies);
    uint16_t member = env->sigs[0].member;
    zyd_assert(env->sig_count > 0 && member < ZYD_MEMBERS_MAX);
    size_t size = env->bytes.size;
    if (copies >= COPIES_MAX || !(pinned ? reserve_room(p, size) : room(p, member, size))) {
        return ZYD_E_FULL;
    }
    uint8_t *bytes = buddy_take(&p->memory, size);
    uint32_t i = bytes != NULL ? take_item(p) : NONE;
    if (i == NONE) {
        if (bytes != NULL) {
            buddy_give(&p->memory, bytes);
        }
        return ZYD_E_FULL;
    }
    memcpy(bytes, env->bytes.data, size);
    struct item *it = &p->items[i];
    it->pub = (struct zyd_pool_item){.env_id = env->env_id, .env_hash = env->env_hash,
                                     .valid_until_ms = env->valid_until_ms, .ticket = ticket, .arrived_ms = now_ms,
                                     .op_count = env->op_count, .class_ = env->class_,
                                     .bytes = zyd_span(bytes, size), .pinned = pinned};
    it->member = member;
    it->first = false;
    insert(p, i, env);
    claim_first(p, i);
    if (pinned) {
        p->pinned_bytes += size;
        p->pinned_count++;
    } else {
        p->bytes += size;
        p->member_bytes[member] += size;
    }
    return ZYD_OK;
}

enum zyd_status zyd_pool_add(struct zyd_pool *p, const struct zyd_env *env, int64_t now_ms, uint64_t ticket)
{
    return add(p, env, now_ms, ticket, false);
}

enum zyd_status zyd_pool_add_pinned(struct zyd_pool *p, const struct zyd_env *env, int64_t now_ms)
{
    return add(p, env, now_ms, 0, true);
}

/* ---- reading and removing ---- */

const struct zyd_pool_item *zyd_pool_by_hash(const struct zyd_pool *p, const struct zyd_hash *env_hash)
{
    uint32_t i = find_hash(p, env_hash);
    return i == NONE ? NULL : &p->items[i].pub;
}

const struct zyd_pool_item *zyd_pool_by_id(const struct zyd_pool *p, const struct zyd_hash *env_id)
{
    uint32_t copies, i = find_id(p, env_id, &copies);
    return i == NONE ? NULL : &p->items[i].pub;
}

void zyd_pool_remove(struct zyd_pool *p, const struct zyd_hash *env_id)
{
    struct zyd_hash id = *env_id; /* it may stand in an item that goes */
    uint32_t i = p->by_id[slot_of(p, &id)];
    while (i != NONE) {
        uint32_t next = p->items[i].id_next;
        if (zyd_hash_eq(&p->items[i].pub.env_id, &id)) {
            forget(p, i);
        }
        i = next;
    }
}

void zyd_pool_expire(struct zyd_pool *p, uint64_t time_ms, void (*gone)(void *ctx, const struct zyd_pool_item *),
                     void *ctx)
{
    /* All copies of an id share their head, so they expire together. */
    while (p->count > 0 && p->items[p->heap[0]].pub.valid_until_ms <= time_ms) {
        uint32_t i = p->heap[0];
        if (gone != NULL) {
            gone(ctx, &p->items[i].pub);
        }
        forget(p, i);
    }
}

const struct zyd_pool_item *zyd_pool_next(const struct zyd_pool *p, uint32_t *cursor)
{
    uint32_t i = *cursor == 0 ? p->oldest : *cursor == NONE ? NONE : *cursor - 1;
    while (i != NONE && (p->items[i].pub.pinned || !p->items[i].first)) {
        i = p->items[i].next;
    }
    if (i == NONE) {
        *cursor = NONE;
        return NULL;
    }
    *cursor = p->items[i].next == NONE ? NONE : p->items[i].next + 1;
    return &p->items[i].pub;
}

uint32_t zyd_pool_count(const struct zyd_pool *p)
{
    return p->count;
}

uint64_t zyd_pool_bytes(const struct zyd_pool *p)
{
    return p->bytes + p->pinned_bytes;
}
