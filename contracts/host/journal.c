/* journal.c: what the running call changed.  Dropped as a whole, or merged as a whole. */
#include "impl.h"

/* Only what was used is cleared: a call touches a handful of records, the tables hold hundreds. */
void zyd_host_reset(struct zyd_host *h)
{
    struct journal *j = &h->j;
    for (uint32_t i = 0; i < j->change_count; i++) {
        j->buckets[zyd_get16(j->changes[i].key.b) % BUCKETS] = 0;
    }
    for (uint32_t i = 0; i < j->account_count; i++) {
        j->account_buckets[zyd_get16(j->accounts[i].key.b) % BUCKETS] = 0;
    }
    j->change_count = j->account_count = j->due_count = 0;
    j->posting_count = j->event_count = j->warning_count = 0;
    j->value_used = j->event_bytes = j->reads = j->puts = j->obligations = 0;
    j->posted = j->opened = j->closed = 0;
}

/* Enough to spread names: an account's differ in their first 8 bytes or their last, ids everywhere. */
static uint32_t memo_slot(uint16_t owner, const uint8_t *name, size_t size)
{
    uint64_t first = 0, last = 0;
    if (size >= 8) {
        memcpy(&first, name, 8);
        memcpy(&last, name + size - 8, 8);
    } else {
        memcpy(&first, name, size);
    }
    uint64_t mix = (first ^ owner) * UINT64_C(0x9e3779b97f4a7c15) ^ (last + size) * UINT64_C(0xc2b2ae3d27d4eb4f);
    return (uint32_t)(mix >> 40) % MEMO_SIZE;
}

void zyd_host_key(struct zyd_host *h, struct zyd_hash *out, uint16_t owner, const void *name, size_t size)
{
    struct memo *m = &h->memo[memo_slot(owner, name, size)];
    if (m->size != size || m->owner != owner || memcmp(m->name, name, size) != 0) {
        zyd_record_key(&m->key, owner, zyd_span(name, size));
        m->owner = owner;
        m->size = (uint8_t)size;
        memcpy(m->name, name, size);
    }
    *out = m->key;
}

static struct change *find(struct journal *j, const struct zyd_hash *key)
{
    for (uint32_t i = j->buckets[zyd_get16(key->b) % BUCKETS]; i != 0; i = j->changes[i - 1].next) {
        if (zyd_hash_eq(&j->changes[i - 1].key, key)) {
            return &j->changes[i - 1];
        }
    }
    return NULL;
}

enum zyd_status zyd_host_read(struct zyd_host *h, struct zyd_record *out, const struct zyd_hash *key)
{
    const struct change *c = find(&h->j, key);
    if (c != NULL) {
        memset(out, 0, sizeof *out);
        out->key = c->key;
        out->owner = c->owner;
        out->kind = c->kind;
        out->flags = c->flags;
        out->seq = c->seq;
        out->value = zyd_span(c->value, c->size);
        return ZYD_OK;
    }
    enum zyd_status status = zyd_overlay_get(h->block->overlay, out, key);
    if (status != ZYD_OK && status != ZYD_E_NOT_FOUND) {
        h->fault = status;
    }
    return status;
}

uint32_t zyd_host_write(struct zyd_host *h, const struct zyd_hash *key, uint16_t owner, uint8_t kind, uint8_t flags,
                        uint64_t seq, struct zyd_span value)
{
    struct journal *j = &h->j;
    struct change *c = find(j, key);
    if (c == NULL) {
        if (j->change_count == RECS_MAX) {
            return ZYD_CODE_LIMIT;
        }
        uint16_t *bucket = &j->buckets[zyd_get16(key->b) % BUCKETS];
        c = &j->changes[j->change_count++];
        c->key = *key;
        c->cap = 0;
        c->next = *bucket;
        *bucket = (uint16_t)j->change_count;
    }
    if (value.size > c->cap) {
        if (value.size > VALUES_SIZE - j->value_used) {
            return ZYD_CODE_LIMIT;
        }
        c->value = j->values + j->value_used;
        c->cap = (uint32_t)value.size;
        j->value_used += c->cap;
    }
    c->owner = owner;
    c->kind = kind;
    c->flags = flags;
    c->seq = seq;
    c->size = (uint32_t)value.size;
    if (value.size != 0) {
        memmove(c->value, value.data, value.size);
    }
    return 0;
}

static int due_cmp(const struct zyd_due *a, const struct zyd_due *b)
{
    if (a->due_ms != b->due_ms) {
        return a->due_ms < b->due_ms ? -1 : 1;
    }
    int object = zyd_hash_cmp(&a->object, &b->object);
    return object != 0 ? object : (int)a->number - (int)b->number;
}

/* A deadline set into the past joins the same queue (ledger.md 2.4): the queue is then read again from its instant on. */
static void rewind_cursor(struct zyd_due *cursor, const struct zyd_due *due)
{
    if (due_cmp(due, cursor) <= 0) {
        cursor->due_ms = due->due_ms - 1;
        memset(cursor->object.b, 0xff, sizeof cursor->object.b);
        cursor->number = 255;
    }
}

enum zyd_status zyd_host_merge(struct zyd_host *h)
{
    struct journal *j = &h->j;
    struct zyd_host_block *b = h->block;
    for (uint32_t i = 0; i < j->change_count; i++) {
        const struct change *c = &j->changes[i];
        enum zyd_status status = zyd_overlay_put(b->overlay, &c->key, c->owner, c->kind, c->flags, c->seq,
                                                 zyd_span(c->value, c->size), b->height);
        if (status != ZYD_OK) {
            return status;
        }
    }
    enum zyd_status status = zyd_host_merge_accounts(h);
    for (uint32_t i = 0; i < j->due_count && status == ZYD_OK; i++) {
        status = zyd_overlay_due_add(b->overlay, &j->dues[i]);
        rewind_cursor(&b->sys_cursor, &j->dues[i]);
    }
    b->totals->debits += j->posted;
    b->totals->credits += j->posted;
    b->totals->open_obligations += j->opened;
    b->totals->open_obligations -= j->closed;
    return status;
}
