/* A block: its SYS outcomes, then its envelopes' operations, each with what it fired; then the records that they touched. */
#include "impl.h"
#include <zyd/date.h>

static bool product_event(struct zyd_inv *v, const struct event *e, const struct zyd_inv_source *records)
{
    const struct programme *p = programme_of(v, e->programme, records);
    switch (e->contract) {
    case P_GUARANTEE:
        return guarantee_event(v, e, p);
    case P_POOL:
        return pool_event(v, e, p);
    case P_SUBSIDY:
        return subsidy_event(v, e, p);
    case P_VOUCHER:
        return voucher_event(v, e);
    default:
        return true;
    }
}

static void count(struct zyd_inv *v, const struct event *e)
{
    unsigned product = e->contract < ZYD_INV_PRODUCTS ? e->contract : 0;
    v->counts.events++;
    if (e->sys) {
        v->counts.sys[product]++;
    } else {
        v->counts.done[product][e->number < ZYD_INV_EVENTS ? e->number : 0]++;
    }
}

static bool executed(struct zyd_inv *v, struct event *e, const struct zyd_inv_source *records)
{
    if (e->contract != P_HOST && e->o->has_object) {
        e->object = object_of(v, &e->o->object, e->contract, e->at);
        if (e->sys) {
            e->programme = e->object->programme; /* an object keeps its own */
        } else {
            e->object->programme = e->programme;
        }
    }
    count(v, e);
    if (!books_event(v, e)) {
        return false;
    }
    if (e->object != NULL && e->object->contract == e->contract && !product_event(v, e, records)) {
        return false;
    }
    return life_event(v, e);
}

/* COUNTERSIGN runs an operation that was sent earlier: it was kept when it began to wait. */
static void keep_pending(struct zyd_inv *v, const struct zyd_op *op)
{
    bool fresh;
    struct pending *p = table_make(&v->pending, &op->op_id, &fresh);
    if (fresh) {
        p->op = malloc(op->bytes.size);
        zyd_assert(p->op != NULL);
        memcpy(p->op, op->bytes.data, op->bytes.size);
        p->size = op->bytes.size;
    }
}

static void as_pending(struct zyd_inv *v, struct zyd_op *op)
{
    struct zyd_op was;
    if (op->contract != P_HOST || op->event != ZYD_HOST_COUNTERSIGN) {
        return;
    }
    const struct pending *p = table_get(&v->pending, &op->object);
    if (p != NULL && zyd_op_decode(&was, zyd_span(p->op, p->size)) == ZYD_OK) {
        *op = was;
    }
}

bool zyd_inv_event(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_op *op, const struct zyd_outcome *o,
                   const struct zyd_header *h, uint64_t log_index, const struct zyd_inv_source *records)
{
    struct event e = {.o = o, .at = {h->height, log_index}, .date = zyd_date_of_ms((int64_t)h->time_ms), .member = NOBODY};
    struct zyd_op real;
    if (op != NULL) {
        real = *op;
        as_pending(v, &real);
        e.contract = real.contract;
        e.number = real.event;
        e.programme = real.programme;
        e.member = real.member;
        e.makes = !real.has_object;
        e.args = real.args;
    } else {
        e.contract = o->contract;
        e.number = o->event;
        e.deadline = o->deadline;
        e.sys = true;
    }
    if (o->code != 0) {
        v->counts.refused++;
        v->counts.codes[o->code < ZYD_INV_CODES ? o->code : 0]++;
        v->counts.checks[1]++;
        if (o->posting_count != 0) {
            (void)fault_at(v, 1, e.member, o->has_object ? &o->object : NULL, e.at, "a refusal (%u) posts", o->code);
        }
        if (o->code == ZYD_CODE_PENDING && op != NULL && op->contract != P_HOST) {
            keep_pending(v, op);
        }
    } else {
        (void)executed(v, &e, records);
    }
    *fault = v->fault;
    return fault->invariant == 0;
}

static bool object_record(struct zyd_inv *v, struct object *o, const struct zyd_inv_source *records)
{
    struct zyd_record r;
    struct zyd_hash key;
    zyd_contract_object_key(&key, o->contract, &o->id);
    if (!records->get(records->ctx, &r, &key)) {
        return fault_at(v, 10, NOBODY, &o->id, o->last, "an object of contract %u has no record", o->contract);
    }
    life_record(o, r.value);
    switch (o->contract) {
    case P_GUARANTEE:
        return guarantee_record(v, o, r.value, programme_of(v, o->programme, NULL));
    case P_POOL:
        return pool_record(v, o, r.value);
    case P_SUBSIDY:
        return subsidy_record(v, o, r.value);
    case P_VOUCHER:
        return voucher_record(v, o, r.value);
    case P_CYCLE:
        return cycle_record(v, o, r.value, records);
    default:
        return true;
    }
}

bool zyd_inv_records(struct zyd_inv *v, struct zyd_inv_fault *fault, uint64_t height, const struct zyd_inv_source *records)
{
    bool good = books_records(v, records);
    for (size_t i = 0; i < v->object_count; i++) {
        v->touched_objects[i]->touched = false;
        good = good && object_record(v, v->touched_objects[i], records);
    }
    v->object_count = 0;
    (void)(good && cycle_block(v, height));
    *fault = v->fault;
    return fault->invariant == 0;
}

static bool next(struct zyd_inv *v, struct zyd_outcome *o, struct zyd_rd *rd)
{
    struct zyd_span bytes = zyd_rx_block(rd, rd->size);
    return !rd->bad && zyd_outcome_decode(o, v->postings, v->emitted, v->warnings, bytes) == ZYD_OK;
}

static bool unreadable(struct zyd_inv *v, struct zyd_inv_fault *fault, struct place at)
{
    (void)fault_at(v, 1, NOBODY, NULL, at, "an envelope or outcome cannot be read");
    *fault = v->fault;
    return false;
}

static bool envelope(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_env *env, struct zyd_rd *outcomes,
                     const struct zyd_header *h, uint64_t index, const struct zyd_inv_source *records)
{
    size_t pos = 0;
    struct zyd_op op;
    if (!zyd_inv_envelope(v, fault, &env->env_id, h->height, index)) {
        return false;
    }
    while (zyd_env_next_op(&op, env, &pos)) {
        struct zyd_outcome o;
        do {
            if (!next(v, &o, outcomes)) {
                return unreadable(v, fault, (struct place){h->height, index});
            }
            if (!zyd_inv_event(v, fault, o.due_ms != 0 ? NULL : &op, &o, h, index, records)) {
                return false;
            }
        } while (o.due_ms != 0);
    }
    return true;
}

bool zyd_inv_block(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_block_view *b,
                   const struct zyd_inv_source *records)
{
    struct zyd_frontier f;
    struct zyd_rd sys = zyd_rd_of(b->sys), envs = zyd_rd_of(b->envelopes), outcomes = zyd_rd_of(b->outcomes);
    struct zyd_outcome o;
    if (zyd_frontier_decode(&f, b->frontier) != ZYD_OK) {
        return unreadable(v, fault, (struct place){b->header.height, UINT64_MAX});
    }
    uint64_t index = f.size + 1; /* behind the seal */
    while (sys.pos < sys.size) {
        if (!next(v, &o, &sys)) {
            return unreadable(v, fault, (struct place){b->header.height, index});
        }
        if (!zyd_inv_event(v, fault, NULL, &o, &b->header, index, records)) {
            return false;
        }
    }
    index += b->sys.size > 0 ? 1 : 0;
    for (; envs.pos < envs.size; index++) {
        struct zyd_env env;
        if (zyd_env_decode(&env, zyd_rx_block(&envs, ZYD_ENV_SIZE_MAX)) != ZYD_OK) {
            return unreadable(v, fault, (struct place){b->header.height, index});
        }
        if (!envelope(v, fault, &env, &outcomes, &b->header, index, records)) {
            return false;
        }
    }
    v->counts.blocks++;
    return zyd_inv_records(v, fault, b->header.height, records);
}

bool zyd_inv_scan(struct zyd_inv *v, struct zyd_inv_fault *fault, const struct zyd_inv_source *records)
{
    bool good = books_scan(v, records);
    for (size_t i = 0; good && i < v->objects.cap; i++) {
        struct object *o = v->objects.slots[i].item;
        good = o == NULL || object_record(v, o, records);
    }
    v->counts.scans++;
    *fault = v->fault;
    return fault->invariant == 0;
}
