/* host.c: the room's door: plugins, the SYS phase, and one operation at a time. */
#include "impl.h"

static size_t align(size_t size)
{
    return (size + 63) & ~(size_t)63;
}

size_t zyd_host_footprint(const struct zyd_genesis *genesis)
{
    (void)genesis; /* governance may add plugins until the ledger has all it may */
    return align(sizeof(struct zyd_host)) + align(zyd_vm_footprint()) +
           (ZYD_PLUGINS_MAX + 1) * align(zyd_vm_image_footprint()); /* the last: where a proposed image is tried */
}

struct zyd_host *zyd_host_init(void *mem, const struct zyd_genesis *genesis)
{
    struct zyd_host *h = mem;
    uint8_t *at = mem;
    memset(h, 0, offsetof(struct zyd_host, j) + offsetof(struct journal, changes)); /* the rest is written before it is read */
    at += align(sizeof *h);
    h->genesis = genesis;
    h->vm = zyd_vm_init(at);
    h->image_mem = at + align(zyd_vm_footprint());
    h->image_size = align(zyd_vm_image_footprint());
    return h;
}

enum zyd_status zyd_host_plugin(struct zyd_host *h, const char **why, struct zyd_span elf)
{
    struct zyd_hash hash;
    const size_t size = h->image_size;
    *why = NULL;
    zyd_sha256(&hash, elf.data, elf.size);
    bool known = false;
    for (uint16_t i = 0; i < h->genesis->plugin_count; i++) {
        if (!zyd_hash_eq(&h->genesis->plugins[i].hash, &hash)) {
            continue;
        }
        known = true; /* one file may serve several contract numbers */
        if (zyd_vm_load(&h->plugins[i].image, why, h->image_mem + i * size, size, elf) != ZYD_OK) {
            h->plugins[i].image = NULL;
            return ZYD_E_INVALID;
        }
    }
    if (!known) {
        *why = "genesis names no plugin with this hash";
    }
    return known ? ZYD_OK : ZYD_E_FOREIGN;
}

bool zyd_host_ready(const struct zyd_host *h)
{
    for (uint16_t i = 0; i < h->genesis->plugin_count; i++) {
        if (h->plugins[i].image == NULL && h->plugins[i].native == NULL) {
            return false;
        }
    }
    return true;
}

void zyd_host_set_native(struct zyd_host *h, uint16_t contract, zyd_host_native_fn fn, void *ctx)
{
    for (uint16_t i = 0; i < h->genesis->plugin_count; i++) {
        if (h->genesis->plugins[i].contract == contract) {
            h->plugins[i].native = fn;
            h->plugins[i].native_ctx = ctx;
        }
    }
}

int zyd_host_native_call(struct zyd_host *h, uint64_t *value, uint64_t number, const uint64_t args[6])
{
    zyd_assert(h->in_native);
    return (int)zyd_host_call(h, NULL, value, number, args);
}

static void begin(struct zyd_host *h, struct zyd_host_block *b)
{
    zyd_host_reset(h);
    h->fault = ZYD_OK;
    h->block = b;
}

/* One more call and what an outcome costs beside it still fit into half a block. */
static bool has_room(const struct zyd_host *h, uint64_t used)
{
    return used + h->genesis->fuel_call + ZYD_FUEL_BESIDE <= h->genesis->fuel_block / 2;
}

/* Merges or drops the journal and writes the outcome.  due: NULL for a member's operation. */
static enum zyd_status finish(struct zyd_host *h, struct zyd_wr *wr, const struct result *r, const struct zyd_hash *op_id,
                              const struct zyd_due *due)
{
    struct zyd_host_block *b = h->block;
    struct zyd_outcome o = {.op_id = *op_id, .code = r->code, .fuel = r->fuel, .has_object = r->has_object};
    enum zyd_status status = h->fault;
    if (status == ZYD_OK && r->commit) {
        status = zyd_host_merge(h);
    }
    if (status != ZYD_OK) {
        return status;
    }
    if (r->has_object) {
        o.object = r->object;
        o.seq = r->seq;
    }
    if (due != NULL) {
        o.due_ms = due->due_ms;
        o.deadline = due->number;
        o.contract = h->call.contract;
        o.event = h->call.event;
    }
    if (r->code == 0) {
        o.posting_count = h->j.posting_count;
        o.event_count = h->j.event_count;
        o.warning_count = h->j.warning_count;
        o.postings = h->j.postings;
        o.events = h->j.events;
        o.warnings = h->j.warnings;
    }
    uint8_t length[4] = {0};
    size_t at = wr->size;
    zyd_wx_bytes(wr, length, sizeof length);
    zyd_outcome_encode(wr, &o);
    if (wr->full) {
        return ZYD_E_FULL;
    }
    zyd_put32(wr->data + at, (uint32_t)(wr->size - at - sizeof length));
    b->fuel_used += r->fuel;
    b->env_fuel += r->fuel;
    b->op_count++;
    b->op_number++;
    return ZYD_OK;
}

/* An obligation of the contract's object was settled. */
static void tell_settled(struct zyd_host *h, struct result *r, const struct zyd_due *due, uint8_t args[35])
{
    struct call *c = &h->call;
    struct zyd_obligation o;
    struct zyd_hash key;
    struct zyd_record record;
    uint64_t seq;
    if (zyd_host_obligation_read(h, &o, &seq, &due->object) != ZYD_OK) {
        r->code = ZYD_CODE_UNKNOWN_OBJECT;
        return;
    }
    struct zyd_wr wr = zyd_wr_of(args, 35);
    zyd_wr_array(&wr, 1);
    zyd_wr_hash(&wr, &o.id);
    c->contract = o.contract;
    c->event = CT_EVENT_SETTLED;
    c->object = o.object;
    c->args = zyd_wr_span(&wr);
    r->object = o.object;
    zyd_host_key(h, &key, o.contract, o.object.b, CT_ID_SIZE);
    if (zyd_host_read(h, &record, &key) != ZYD_OK) {
        r->code = ZYD_CODE_UNKNOWN_OBJECT;
        return;
    }
    r->seq = c->seq = record.seq;
    zyd_host_run_contract(h, r);
}

static void deadline_call(struct zyd_host *h, struct result *r)
{
    struct call *c = &h->call;
    struct zyd_hash key;
    struct zyd_record record;
    zyd_host_key(h, &key, c->contract, c->object.b, CT_ID_SIZE);
    if (zyd_host_read(h, &record, &key) != ZYD_OK) {
        r->code = ZYD_CODE_UNKNOWN_OBJECT;
        return;
    }
    r->seq = c->seq = record.seq;
    zyd_host_run_contract(h, r);
}

/* "zyd/sysid/1": height u64, number of the outcome in the block u32, due u64, object, deadline u8. */
static void sys_id(struct zyd_hash *out, const struct zyd_host_block *b, const struct zyd_due *due)
{
    uint8_t bytes[53];
    zyd_put64(bytes, b->height);
    zyd_put32(bytes + 8, b->op_count);
    zyd_put64(bytes + 12, due->due_ms);
    memcpy(bytes + 20, due->object.b, ZYD_HASH_SIZE);
    bytes[52] = due->number;
    zyd_hash1(out, "zyd/sysid/1", bytes, sizeof bytes);
}

/* One deadline that its record holds: the slot is consumed whatever the call does. */
static enum zyd_status fire(struct zyd_host *h, struct zyd_wr *wr, bool *ok, struct zyd_host_block *b,
                            const struct zyd_due *due)
{
    struct call *c = &h->call;
    struct zyd_deadlines d;
    struct result r = {.fuel = ZYD_FUEL_OPERATION + TARIFF_DEADLINE, .has_object = true, .object = due->object};
    uint8_t args[35] = {0x90};
    begin(h, b);
    if (zyd_host_deadlines_read(h, &d, &due->object) != ZYD_OK) {
        return h->fault != ZYD_OK ? h->fault : ZYD_E_DAMAGED;
    }
    uint32_t bad = zyd_host_deadline_set(h, d.contract, d.programme, &due->object, due->number, 0);
    memset(c, 0, sizeof *c);
    c->sys = true;
    c->contract = d.contract;
    c->event = CT_EVENT_DEADLINE;
    c->programme = d.programme;
    c->terms = zyd_host_programme(h, &c->mark, d.programme);
    c->deadline = due->number;
    c->time_ms = due->due_ms;
    c->date = zyd_date_of_ms((int64_t)due->due_ms);
    c->object = due->object;
    c->args = zyd_span(args, 1);
    sys_id(&c->op_id, b, due);
    struct zyd_hash op_id = c->op_id;
    if (d.contract != ZYD_CONTRACT_HOST) {
        deadline_call(h, &r);
    } else if (due->number == ZYD_DEADLINE_SETTLED) {
        tell_settled(h, &r, due, args);
    } else {
        c->event = ZYD_HOST_EXPIRE;
        zyd_host_expire(h, &r, &due->object);
    }
    if (r.code != 0) {
        zyd_host_reset(h);
        bad = zyd_host_deadline_set(h, d.contract, d.programme, &due->object, due->number, 0);
    }
    zyd_assert(bad == 0 || h->fault != ZYD_OK);
    r.commit = true;
    *ok = r.code == 0;
    return finish(h, wr, &r, &op_id, due);
}

enum zyd_status zyd_host_run_sys(struct zyd_host *h, struct zyd_wr *wr, bool *ran, struct zyd_host_block *b)
{
    struct zyd_due due;
    bool ok;
    *ran = false;
    if (!has_room(h, b->fuel_used) || b->op_count >= ZYD_BLOCK_OPS_MAX / 2) {
        return ZYD_OK;
    }
    begin(h, b);
    while (zyd_overlay_due_next(b->overlay, &due, &b->sys_cursor, b->time_ms)) {
        b->sys_cursor = due;
        bool holds = zyd_host_deadline_holds(h, &due);
        if (h->fault != ZYD_OK) {
            return h->fault;
        }
        if (holds) {
            *ran = true;
            return fire(h, wr, &ok, b, &due);
        }
    }
    return ZYD_OK;
}

static void signers_of(struct signers *out, const struct zyd_env *env)
{
    memset(out, 0, sizeof *out);
    out->count = env->sig_count;
    for (uint8_t i = 0; i < env->sig_count; i++) {
        out->member[i] = env->sigs[i].member;
        out->key[i] = env->sigs[i].key;
        out->members |= UINT64_C(1) << (env->sigs[i].member % ZYD_MEMBERS_MAX);
    }
}

/* Fires what is due of an object before an operation on it (D18).  *refuse: more is due than one operation or envelope may
 * fire. */
static enum zyd_status fire_object(struct zyd_host *h, struct zyd_wr *wr, uint32_t *count, uint32_t *ok, uint32_t *refuse,
                                   struct zyd_host_block *b, uint16_t contract, const struct zyd_hash *object)
{
    struct zyd_due due;
    for (uint32_t i = 0; i < FIRES_MAX; i++) {
        bool good;
        begin(h, b);
        if (!zyd_host_deadline_due(h, &due, contract, object, b->time_ms)) {
            return h->fault;
        }
        if (!has_room(h, b->env_fuel)) {
            *refuse = ZYD_CODE_ENVELOPE_FUEL;
            return ZYD_OK;
        }
        enum zyd_status status = fire(h, wr, &good, b, &due);
        if (status != ZYD_OK) {
            return status;
        }
        ++*count;
        *ok += good;
    }
    begin(h, b);
    if (zyd_host_deadline_due(h, &due, contract, object, b->time_ms)) {
        *refuse = ZYD_CODE_LIMIT;
    }
    return h->fault;
}

static enum zyd_status fire_first(struct zyd_host *h, struct zyd_wr *wr, uint32_t *count, uint32_t *ok, uint32_t *refuse,
                                  struct zyd_host_block *b, const struct zyd_op *op)
{
    struct zyd_op inner;
    if (!op->has_object) {
        return ZYD_OK;
    }
    enum zyd_status status = fire_object(h, wr, count, ok, refuse, b, op->contract, &op->object);
    bool countersign = op->contract == ZYD_CONTRACT_HOST && op->event == ZYD_HOST_COUNTERSIGN;
    if (status != ZYD_OK || *refuse != 0 || !countersign) {
        return status;
    }
    begin(h, b);
    if (!zyd_host_pending_op(h, &inner, &op->object) || !inner.has_object) {
        return h->fault;
    }
    struct zyd_hash object = inner.object; /* inner points into a record that firing may change */
    return fire_object(h, wr, count, ok, refuse, b, inner.contract, &object);
}

static void host_op(struct zyd_host *h, struct result *r, const struct zyd_op *op, const struct signers *signers)
{
    switch (op->event) {
    case ZYD_HOST_COUNTERSIGN:
        zyd_host_countersign(h, r, op, signers);
        return;
    case ZYD_HOST_DECLINE:
    case ZYD_HOST_WITHDRAW:
        zyd_host_pending_end(h, r, op);
        return;
    case ZYD_HOST_PAID:
        zyd_host_attempt(h, r, op, signers);
        return;
    default:
        r->code = ZYD_CODE_RANGE;
    }
}

enum zyd_status zyd_host_run_op(struct zyd_host *h, struct zyd_wr *wr, uint32_t *count, uint32_t *ok, uint32_t *code,
                                struct zyd_host_block *b, const struct zyd_env *env, const struct zyd_op *op)
{
    struct result r = {.fuel = ZYD_FUEL_OPERATION};
    struct signers signers;
    uint32_t refuse = 0;
    *count = *ok = *code = 0;
    enum zyd_status status = fire_first(h, wr, count, ok, &refuse, b, op);
    if (status != ZYD_OK) {
        return status;
    }
    begin(h, b);
    signers_of(&signers, env);
    bool is_evidence = op->contract == ZYD_CONTRACT_HOST && op->event == ZYD_HOST_EVIDENCE;
    bool governs = op->contract == ZYD_CONTRACT_HOST && op->event >= ZYD_HOST_PROGRAMME && op->event <= ZYD_HOST_REVOKE;
    if (refuse == 0 && !has_room(h, b->env_fuel)) {
        refuse = ZYD_CODE_ENVELOPE_FUEL;
    }
    if (refuse != 0) {
        r.code = refuse;
        r.fuel = refuse == ZYD_CODE_ENVELOPE_FUEL ? 0 : r.fuel; /* so that the rest of a large envelope cannot fill the block */
    } else if (env->class_ == ZYD_ENV_EVIDENCE && is_evidence) {
        zyd_host_evidence(h, &r, op);
    } else if (env->class_ == ZYD_ENV_GOVERNANCE && governs) {
        zyd_host_govern(h, &r, op, &signers);
    } else if (env->class_ != ZYD_ENV_BUSINESS || is_evidence || governs) {
        r.code = ZYD_CODE_RANGE;
    } else if (op->contract == ZYD_CONTRACT_HOST) {
        host_op(h, &r, op, &signers);
    } else {
        zyd_host_attempt(h, &r, op, &signers);
    }
    if (h->fault == ZYD_OK && r.waits && !r.commit && (env->flags & ZYD_ENV_MAY_WAIT) != 0) {
        zyd_host_pending_make(h, &r, op);
    }
    *code = r.code;
    status = finish(h, wr, &r, &op->op_id, NULL);
    if (status == ZYD_OK) {
        ++*count;
        *ok += r.code == 0;
    }
    return status;
}

bool zyd_host_sys_due(struct zyd_host *h, struct zyd_state *s, struct zyd_overlay *o, uint64_t time_ms)
{
    struct zyd_host_block b = {.time_ms = time_ms};
    struct zyd_due due, cursor = {0};
    if (!zyd_state_due_first(s, o, &due) || due.due_ms > time_ms) {
        return false;
    }
    b.overlay = o != NULL ? o : zyd_overlay_begin(s, NULL);
    if (b.overlay == NULL) {
        return true; /* cannot look closer: a block for nothing is harmless */
    }
    bool found = false;
    begin(h, &b);
    while (!found && zyd_overlay_due_next(b.overlay, &due, &cursor, time_ms)) {
        cursor = due;
        found = zyd_host_deadline_holds(h, &due) || h->fault != ZYD_OK;
    }
    if (o == NULL) {
        zyd_overlay_drop(s, b.overlay);
    }
    h->block = NULL;
    return found;
}
