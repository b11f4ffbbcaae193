/* Applying one final block to the view.  Order within a block: first the write set (what records hold after it), then the
 * outcomes in ledger order, then the links between objects and what concerns them. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/guarantee.h>
#include <zyd/guarantee_schema.h>

#include "view_impl.h"

#define ENV_CLASS_AT 34u /* version 2, chain id 32 (FORMATS.md) */

/* ---- the write set ---- */

static void touch(struct zyd_view *v, uint32_t record)
{
    v->touched = zyd_index_grow(v->touched, v->touched_count, &v->touched_cap, sizeof *v->touched);
    v->touched[v->touched_count++] = record;
}

static void put_record(struct zyd_view *v, const struct zyd_record *r)
{
    uint32_t at = zyd_index_find(&v->records.by_key, v->records.items, &r->key);
    if (at == ZYD_VIEW_NONE) {
        struct zyd_view_record *fresh = zyd_view_push(v->records, &at);
        fresh->key = r->key;
        fresh->owner = r->owner;
        fresh->object = ZYD_VIEW_NONE;
        fresh->first_height = r->first_height;
        zyd_index_add(&v->records.by_key, v->records.items, at);
    }
    struct zyd_view_record *to = &v->records.items[at];
    if (r->value.size != to->size) {
        free(to->value);
        to->value = malloc(r->value.size == 0 ? 1 : r->value.size);
        zyd_assert(to->value != NULL);
        to->size = (uint32_t)r->value.size;
    }
    if (r->value.size > 0) {
        memcpy(to->value, r->value.data, r->value.size);
    }
    to->seq = r->seq;
    to->last_height = r->last_height;
    if (r->owner != 0) {
        touch(v, at);
    }
}

static enum zyd_status put_account(struct zyd_view *v, const struct zyd_record *r)
{
    struct zyd_account a;
    enum zyd_status s = zyd_account_decode(&a, r->value);
    uint32_t at = zyd_index_find(&v->accounts.by_key, v->accounts.items, &r->key);
    if (s == ZYD_OK && at == ZYD_VIEW_NONE) {
        zyd_view_push(v->accounts, &at)->key = r->key;
        zyd_index_add(&v->accounts.by_key, v->accounts.items, at);
    }
    if (s == ZYD_OK) {
        v->accounts.items[at].a = a;
    }
    return s;
}

static enum zyd_status put_obligation(struct zyd_view *v, const struct zyd_record *r)
{
    struct zyd_obligation o;
    enum zyd_status s = zyd_obligation_decode(&o, r->value);
    if (s != ZYD_OK) {
        return s;
    }
    uint32_t at = zyd_index_find(&v->obligations.by_key, v->obligations.items, &o.id);
    if (at == ZYD_VIEW_NONE) {
        struct zyd_view_obligation *fresh = zyd_view_push(v->obligations, &at);
        fresh->o = o;
        fresh->next = ZYD_VIEW_NONE;
        fresh->made_height = r->first_height;
        zyd_index_add(&v->obligations.by_key, v->obligations.items, at);
    }
    struct zyd_view_obligation *to = &v->obligations.items[at];
    to->o = o;
    to->seq = r->seq;
    to->last_height = r->last_height;
    return ZYD_OK;
}

static enum zyd_status put_pending(struct zyd_view *v, const struct zyd_record *r)
{
    struct zyd_pending p;
    struct zyd_op op;
    if (r->value.size == 4) { /* a counter of pending operations (contracts/host/pending.c) */
        return ZYD_OK;
    }
    enum zyd_status s = zyd_pending_decode(&p, r->value);
    s = s == ZYD_OK ? zyd_op_decode(&op, p.op) : s;
    if (s != ZYD_OK) {
        return s;
    }
    uint32_t at = zyd_index_find(&v->pendings.by_key, v->pendings.items, &op.op_id);
    if (at == ZYD_VIEW_NONE) {
        struct zyd_view_pending *fresh = zyd_view_push(v->pendings, &at);
        fresh->op_id = op.op_id;
        fresh->made_height = r->last_height;
        fresh->op_bytes = malloc(p.op.size);
        zyd_assert(fresh->op_bytes != NULL);
        memcpy(fresh->op_bytes, p.op.data, p.op.size);
        s = zyd_op_decode(&fresh->op, zyd_span(fresh->op_bytes, p.op.size));
        zyd_index_add(&v->pendings.by_key, v->pendings.items, at);
    }
    struct zyd_view_pending *to = &v->pendings.items[at];
    to->p = p;
    to->p.op = to->op.bytes;
    to->last_height = r->last_height;
    return s;
}

static enum zyd_status write_set(struct zyd_view *v, struct zyd_span writes)
{
    struct zyd_rd rd = zyd_rd_of(writes);
    while (rd.pos < rd.size) {
        struct zyd_record r;
        (void)zyd_rx_u64(&rd);
        struct zyd_span leaf = zyd_rx_block(&rd, ZYD_LEAF_SIZE_MAX);
        enum zyd_status s = rd.bad ? ZYD_E_MALFORMED : zyd_leaf_decode(&r, leaf);
        if (s != ZYD_OK) {
            return s;
        }
        if (r.owner != 0) {
            put_record(v, &r);
            continue;
        }
        switch ((enum zyd_record_kind)r.kind) {
        case ZYD_REC_ACCOUNT:
            s = put_account(v, &r);
            break;
        case ZYD_REC_OBLIGATION:
            s = put_obligation(v, &r);
            break;
        case ZYD_REC_PENDING:
            s = put_pending(v, &r);
            break;
        case ZYD_REC_DEADLINES:
        case ZYD_REC_PROPOSAL:
            put_record(v, &r);
            break;
        case ZYD_REC_PROGRAMME:
            s = zyd_view_add_programme(v, r.value);
            break;
        case ZYD_REC_PLUGIN:
            put_record(v, &r); /* its image stands in parts beside it */
            zyd_view_add_plugin(v, &r.key, r.value);
            break;
        case ZYD_REC_OBJECT:
        case ZYD_REC_MEMBER:
        case ZYD_REC_EVIDENCE:
        case ZYD_REC_META:
        case ZYD_REC_CALENDAR:
        case ZYD_REC_RATE:
        case ZYD_REC_REGISTRY:
        case ZYD_REC_SENTINEL:
            break;
        }
        if (s != ZYD_OK) {
            return s;
        }
    }
    return ZYD_OK;
}

/* ---- objects ---- */

static void link_tx(struct zyd_view *v, uint32_t object, uint32_t tx)
{
    struct zyd_view_object *o = &v->objects.items[object];
    v->txs.items[tx].object = object;
    v->txs.items[tx].next = ZYD_VIEW_NONE;
    if (o->tx_count == 0) {
        o->first_tx = tx;
    } else {
        v->txs.items[o->last_tx].next = tx;
    }
    o->last_tx = tx;
    o->tx_count++;
    if (v->txs.items[tx].code == 0) {
        o->log_index = v->txs.items[tx].log_index;
    }
}

/* The object of a contract, made on first sight if its record exists; NONE for an object that no operation made yet, and for
 * the record that a contract keeps for its programme.  from: the operation that made it, or NULL. */
static uint32_t object_of(struct zyd_view *v, uint16_t contract, const struct zyd_hash *id, uint16_t programme,
                          const struct zyd_op *from)
{
    struct zyd_hash key;
    uint32_t at = zyd_index_find(&v->objects.by_key, v->objects.items, id);
    if (at != ZYD_VIEW_NONE || contract == ZYD_CONTRACT_HOST ||
        memcmp(id->b, ZYD_GUARANTEE_KEY_BREAKER, sizeof ZYD_GUARANTEE_KEY_BREAKER - 1) == 0) {
        return at;
    }
    zyd_contract_object_key(&key, contract, id);
    uint32_t record = zyd_index_find(&v->records.by_key, v->records.items, &key);
    if (record == ZYD_VIEW_NONE) {
        return ZYD_VIEW_NONE;
    }
    struct zyd_view_object *o = zyd_view_push(v->objects, &at);
    o->id = *id;
    o->record_key = key;
    o->record = record;
    o->first_tx = o->last_tx = o->first_obligation = ZYD_VIEW_NONE;
    o->made_height = v->records.items[record].first_height;
    o->contract = contract;
    o->programme = programme;
    o->member = o->bank = 0xffff;
    if (from) {
        o->member = from->member;
        o->programme = from->programme;
        memcpy(o->client_ref, from->client_ref.data, from->client_ref.size);
    }
    v->records.items[record].object = at;
    zyd_index_add(&v->objects.by_key, v->objects.items, at);
    zyd_index_add(&v->objects_by_record, v->objects.items, at);
    return at;
}

/* The objects that a product made out of this one: no operation names them as made, so that they
 * begin here.  Their reference is the parent's with /N, where that fits. */
static void children_of(struct zyd_view *v, uint32_t parent)
{
    const struct zyd_view_object from = v->objects.items[parent];
    const struct zyd_product *product = from.contract != 0 ? zyd_view_product(v, from.contract) : NULL;
    struct zyd_hash id;
    for (uint16_t n = 0; zyd_child_id(&id, product, &from.id, n); n++) {
        bool known = zyd_index_find(&v->objects.by_key, v->objects.items, &id) != ZYD_VIEW_NONE;
        uint32_t at = object_of(v, from.contract, &id, from.programme, NULL);
        if (at == ZYD_VIEW_NONE) {
            return;
        }
        if (!known) {
            struct zyd_view_object *o = &v->objects.items[at];
            char ref[sizeof o->client_ref + 8];
            o->member = from.member;
            o->log_index = from.log_index;
            int size = snprintf(ref, sizeof ref, "%s/%u", from.client_ref, (unsigned)n + 1);
            if (from.client_ref[0] && (size_t)size < sizeof o->client_ref) {
                memcpy(o->client_ref, ref, (size_t)size + 1);
            }
        }
    }
}

static void count_object(struct zyd_view *v, const struct zyd_view_object *o, bool in)
{
    const struct zyd_programme *p = zyd_genesis_programme(v->g, o->programme);
    if (p && o->kind == ZYD_GUARANTEE_KIND_CONTRACT) {
        struct zyd_view_programme *to = &v->programmes[p - v->g->programmes];
        to->contracts += in ? 1u : UINT32_MAX;
        to->by_state[o->state & 63u] += in ? 1u : UINT32_MAX;
        to->principal += in ? o->principal : -o->principal;
    }
}

/* What lists filter by, from the object's own record. */
static void refresh(struct zyd_view *v, uint32_t record)
{
    const struct zyd_view_record *r = &v->records.items[record];
    if (r->object == ZYD_VIEW_NONE || r->owner != v->guarantee) {
        return;
    }
    struct zyd_view_object *o = &v->objects.items[r->object];
    struct zyd_guarantee_view g;
    count_object(v, o, false);
    if (zyd_guarantee_object_read(&g, zyd_span(r->value, r->size)) == ZYD_OK) {
        o->kind = ZYD_GUARANTEE_KIND_CONTRACT;
        o->state = g.head.state;
        o->bank = g.head.bank;
        o->principal = g.head.principal;
    } else {
        o->kind = r->size > 0 ? r->value[0] : 0;
    }
    count_object(v, o, true);
}

/* ---- outcomes ---- */

struct block {
    struct zyd_view *v;
    const struct zyd_block_view *b;
    struct zyd_view_block *entry;
    uint64_t log_index;
};

static uint32_t add_tx(struct block *k, const struct zyd_view_tx *tx)
{
    struct zyd_view *v = k->v;
    uint32_t at;
    uint32_t older = zyd_index_find(&v->txs.by_key, v->txs.items, &tx->op_id);
    struct zyd_view_tx *to = zyd_view_push(v->txs, &at);
    *to = *tx;
    to->next = to->object = ZYD_VIEW_NONE;
    to->older = older;
    if (older == ZYD_VIEW_NONE) {
        zyd_index_add(&v->txs.by_key, v->txs.items, at);
    } else {
        zyd_index_replace(&v->txs.by_key, v->txs.items, at);
    }
    return at;
}

/* A countersignature that ended a pending operation with success: the object may begin here, with the operation that waited. */
static void completed(struct zyd_view *v, struct zyd_view_pending *p, const struct zyd_hash *by, const struct zyd_outcome *o)
{
    p->completed_by = *by;
    if (p->op.contract == ZYD_CONTRACT_HOST || !o->has_object ||
        zyd_index_find(&v->objects.by_key, v->objects.items, &o->object) != ZYD_VIEW_NONE) {
        return;
    }
    uint32_t object = object_of(v, p->op.contract, &o->object, p->op.programme, p->op.has_object ? NULL : &p->op);
    uint32_t first = zyd_index_find(&v->txs.by_key, v->txs.items, &p->op_id);
    if (object != ZYD_VIEW_NONE && first != ZYD_VIEW_NONE && v->txs.items[first].object == ZYD_VIEW_NONE) {
        link_tx(v, object, first);
    }
}

static uint32_t object_of_op(struct zyd_view *v, const struct zyd_op *op, const struct zyd_outcome *o)
{
    if (op->contract != ZYD_CONTRACT_HOST) {
        return o->has_object ? object_of(v, op->contract, &o->object, op->programme, op->has_object ? NULL : op)
                             : ZYD_VIEW_NONE;
    }
    struct zyd_hash id = op->object;
    uint32_t p = op->has_object ? zyd_index_find(&v->pendings.by_key, v->pendings.items, &id) : ZYD_VIEW_NONE;
    if (p != ZYD_VIEW_NONE) {
        struct zyd_view_pending *pending = &v->pendings.items[p];
        if (op->event == ZYD_HOST_COUNTERSIGN && o->code == 0) {
            completed(v, pending, &op->op_id, o);
        }
        if (pending->op.contract != ZYD_CONTRACT_HOST && o->has_object) {
            return zyd_index_find(&v->objects.by_key, v->objects.items, &o->object);
        }
        id = pending->op.object;
    }
    uint32_t ob = zyd_index_find(&v->obligations.by_key, v->obligations.items, &id);
    if (ob == ZYD_VIEW_NONE) {
        return ZYD_VIEW_NONE;
    }
    const struct zyd_obligation *obligation = &v->obligations.items[ob].o;
    return object_of(v, obligation->contract, &obligation->object, obligation->programme, NULL);
}

/* One outcome; op NULL: of a deadline. */
static enum zyd_status outcome(struct block *k, struct zyd_view_tx *tx, const struct zyd_op *op)
{
    struct zyd_view *v = k->v;
    const struct zyd_outcome *o = &v->outcome.o;
    tx->op_id = o->op_id;
    tx->height = k->entry->height;
    tx->log_index = k->log_index;
    tx->code = o->code;
    tx->seq = o->seq;
    tx->fuel = o->fuel > UINT32_MAX ? UINT32_MAX : (uint32_t)o->fuel;
    tx->postings = (uint16_t)o->posting_count;
    tx->deadline = o->deadline;
    tx->sys = op == NULL;
    tx->contract = op ? op->contract : o->contract;
    tx->event = op ? op->event : o->event;
    tx->programme = op ? op->programme : 0;
    tx->member = op ? op->member : 0xffff;
    uint32_t at = add_tx(k, tx);
    bool proposes = op != NULL && op->contract == ZYD_CONTRACT_HOST && op->event >= ZYD_HOST_PROGRAMME &&
                    op->event <= ZYD_HOST_PLUGIN;
    if (proposes && o->code == 0) {
        uint32_t proposal;
        struct zyd_view_proposal *p = zyd_view_push(v->proposals, &proposal);
        p->id = o->object;
        p->made_height = tx->height;
        zyd_index_add(&v->proposals.by_key, v->proposals.items, proposal);
    }
    uint32_t object = op            ? object_of_op(v, op, o)
                      : o->has_object ? object_of(v, o->contract, &o->object, 0, NULL)
                                      : ZYD_VIEW_NONE;
    if (object != ZYD_VIEW_NONE) {
        link_tx(v, object, at);
        children_of(v, object);
        if (op == NULL) {
            v->txs.items[at].programme = v->objects.items[object].programme;
        }
    }
    if (op == NULL) {
        v->counts.sys++;
        v->counts.sys_failed += o->code != 0;
        k->entry->sys_count++;
    } else {
        v->counts.ops[o->code == 0 ? 0 : o->code == ZYD_CODE_PENDING ? 2 : 1]++;
        k->entry->op_count++;
        k->entry->refused += o->code != 0 && o->code != ZYD_CODE_PENDING;
    }
    return ZYD_OK;
}

static bool read_outcome(struct zyd_view *v, struct zyd_rd *rd, uint32_t *at)
{
    *at = (uint32_t)rd->pos;
    struct zyd_span bytes = zyd_rx_block(rd, rd->size);
    struct zyd_view_outcome *x = &v->outcome;
    return !rd->bad && zyd_outcome_decode(&x->o, x->postings, x->events, x->warnings, bytes) == ZYD_OK;
}

static enum zyd_status sys_section(struct block *k)
{
    struct zyd_rd rd = zyd_rd_of(k->b->sys);
    for (uint32_t i = 0; rd.pos < rd.size; i++) {
        struct zyd_view_tx tx = {.env = ZYD_VIEW_NONE, .op_index = i, .op_at = ZYD_VIEW_NONE, .outcome_index = i};
        if (!read_outcome(k->v, &rd, &tx.outcome_at)) {
            return ZYD_E_MALFORMED;
        }
        enum zyd_status s = outcome(k, &tx, NULL);
        if (s != ZYD_OK) {
            return s;
        }
    }
    k->log_index += k->b->sys.size > 0;
    return ZYD_OK;
}

static enum zyd_status envelope(struct block *k, struct zyd_rd *outcomes, const struct zyd_env *env, uint32_t index)
{
    struct zyd_view *v = k->v;
    uint32_t at, outcome_index = 0;
    size_t pos = 0;
    struct zyd_op op;
    struct zyd_view_env *e = zyd_view_push(v->envs, &at);
    *e = (struct zyd_view_env){.env_id = env->env_id,
                               .height = k->entry->height,
                               .index = index,
                               .first_tx = v->txs.count,
                               .op_count = env->op_count};
    if (zyd_index_find(&v->envs.by_key, v->envs.items, &env->env_id) != ZYD_VIEW_NONE) {
        return ZYD_E_INVALID; /* booked twice */
    }
    zyd_index_add(&v->envs.by_key, v->envs.items, at);
    for (uint32_t i = 0; i < env->op_count; i++) {
        struct zyd_view_tx tx = {.env = at, .op_index = i, .op_at = ZYD_VIEW_NONE};
        uint32_t op_at = (uint32_t)((size_t)(env->ops.data - k->b->envelopes.data) + pos);
        if (!zyd_env_next_op(&op, env, &pos)) {
            return ZYD_E_MALFORMED;
        }
        bool own = false;
        while (!own) {
            tx.outcome_index = outcome_index++;
            if (!read_outcome(v, outcomes, &tx.outcome_at)) {
                return ZYD_E_MALFORMED;
            }
            own = v->outcome.o.due_ms == 0;
            tx.op_at = own ? op_at : ZYD_VIEW_NONE;
            enum zyd_status s = outcome(k, &tx, own ? &op : NULL);
            if (s != ZYD_OK) {
                return s;
            }
        }
        e = &v->envs.items[at];
        uint32_t code = v->outcome.o.code;
        e->done += code == 0;
        e->waiting += code == ZYD_CODE_PENDING;
        e->refused += code != 0 && code != ZYD_CODE_PENDING;
    }
    v->envs.items[at].tx_count = v->txs.count - v->envs.items[at].first_tx;
    return ZYD_OK;
}

/* Entries stand in the log by class: governance, evidence, business, each in the order of the body. at[class]:
 * the next index. */
static void log_order(uint64_t at[4], const struct block *k)
{
    uint64_t count[4] = {0};
    struct zyd_rd rd = zyd_rd_of(k->b->envelopes);
    while (rd.pos < rd.size && !rd.bad) {
        struct zyd_span bytes = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        uint8_t class_ = bytes.size > ENV_CLASS_AT ? bytes.data[ENV_CLASS_AT] : 0;
        count[class_ & 3u]++;
    }
    at[ZYD_ENV_GOVERNANCE] = k->log_index;
    at[ZYD_ENV_EVIDENCE] = at[ZYD_ENV_GOVERNANCE] + count[ZYD_ENV_GOVERNANCE];
    at[ZYD_ENV_BUSINESS] = at[ZYD_ENV_EVIDENCE] + count[ZYD_ENV_EVIDENCE];
}

static enum zyd_status envelopes(struct block *k)
{
    struct zyd_rd rd = zyd_rd_of(k->b->envelopes), outcomes = zyd_rd_of(k->b->outcomes);
    uint64_t at[4];
    log_order(at, k);
    for (uint32_t i = 0; rd.pos < rd.size; i++) {
        struct zyd_env env;
        struct zyd_span bytes = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        enum zyd_status s = rd.bad ? ZYD_E_MALFORMED : zyd_env_decode(&env, bytes);
        if (s == ZYD_OK) {
            k->log_index = at[env.class_]++;
            s = envelope(k, &outcomes, &env, i);
        }
        if (s != ZYD_OK) {
            return s;
        }
    }
    return outcomes.pos == outcomes.size ? ZYD_OK : ZYD_E_MALFORMED;
}

static void link_obligations(struct zyd_view *v, uint32_t from)
{
    for (uint32_t i = from; i < v->obligations.count; i++) {
        struct zyd_view_obligation *o = &v->obligations.items[i];
        uint32_t object = object_of(v, o->o.contract, &o->o.object, o->o.programme, NULL);
        if (object != ZYD_VIEW_NONE) {
            uint32_t *end = &v->objects.items[object].first_obligation;
            while (*end != ZYD_VIEW_NONE) {
                end = &v->obligations.items[*end].next;
            }
            *end = i;
        }
    }
}

static enum zyd_status apply(struct zyd_view *v, const struct zyd_block_view *b, size_t size)
{
    uint32_t at, obligations = v->obligations.count;
    struct zyd_frontier frontier;
    enum zyd_status s = zyd_frontier_decode(&frontier, b->frontier);
    if (s != ZYD_OK) {
        return s;
    }
    struct zyd_view_block entry = {.height = b->header.height,
                                   .view = b->header.view,
                                   .time_ms = b->header.time_ms,
                                   .env_count = b->header.env_count,
                                   .size = (uint32_t)size,
                                   .first_env = v->envs.count,
                                   .first_tx = v->txs.count,
                                   .proposer = b->header.proposer};
    zyd_header_hash(&entry.hash, &b->header);
    struct block k = {v, b, &entry, frontier.size + 1}; /* the seal stands before everything */
    v->touched_count = 0;
    s = write_set(v, b->writes);
    s = s == ZYD_OK ? sys_section(&k) : s;
    s = s == ZYD_OK ? envelopes(&k) : s;
    if (s != ZYD_OK) {
        return s;
    }
    link_obligations(v, obligations);
    for (uint32_t i = 0; i < v->touched_count; i++) {
        refresh(v, v->touched[i]);
    }
    *zyd_view_push(v->blocks, &at) = entry;
    v->height = entry.height;
    v->time_ms = entry.time_ms;
    return ZYD_OK;
}

enum zyd_status zyd_view_apply(struct zyd_view *v, struct zyd_span block)
{
    struct zyd_block_view b;
    enum zyd_status s = zyd_block_decode(&b, block);
    if (s != ZYD_OK || b.header.height != v->height + 1) {
        return s != ZYD_OK ? s : ZYD_E_INVALID;
    }
    zyd_assert(pthread_rwlock_wrlock(&v->lock) == 0);
    s = apply(v, &b, block.size);
    zyd_assert(pthread_rwlock_unlock(&v->lock) == 0);
    return s;
}
