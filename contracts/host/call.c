/* call.c: one call of a contract: its input, the machine, its verdict; and what a member's operation needs around it. */
#include "impl.h"

uint64_t zyd_host_missing(const struct zyd_host *h)
{
    return h->call.sys ? 0 : h->call.needed & ~h->call.signers->members;
}

void zyd_contract_object_key(struct zyd_hash *out, uint16_t contract, const struct zyd_hash *object)
{
    zyd_record_key(out, contract, zyd_span(object->b, ZYD_HASH_SIZE));
}

void zyd_host_op_object(struct zyd_hash *out, const struct zyd_op *op)
{
    if (op->has_object) {
        *out = op->object;
    } else {
        zyd_object_id(out, op->contract, op->programme, op->member, op->client_ref);
    }
}

static void le(uint8_t *p, unsigned bytes, uint64_t v)
{
    for (unsigned i = 0; i < bytes; i++, v >>= 8) {
        p[i] = (uint8_t)v;
    }
}

/* One of the parts behind struct ct_call; false when the input would be too big. */
static bool part(uint8_t input[ZYD_VM_INPUT_MAX], size_t *size, size_t field, struct zyd_span bytes)
{
    size_t at = (*size + 7) & ~(size_t)7;
    if (bytes.size > ZYD_VM_INPUT_MAX - at) {
        return false;
    }
    memset(input + *size, 0, at - *size);
    if (bytes.size != 0) {
        memcpy(input + at, bytes.data, bytes.size);
    }
    le(input + field, 4, at);
    le(input + field + 4, 4, bytes.size);
    *size = at + bytes.size;
    return true;
}

/* struct ct_call in little-endian, then arguments, parameters and client_ref.  Size 0: too big. */
static size_t build_input(struct zyd_host *h)
{
    const struct call *c = &h->call;
    uint8_t *p = h->input;
    size_t size = sizeof(struct ct_call);
    memset(p, 0, size);
    le(p, 4, CT_ABI);
    le(p + offsetof(struct ct_call, contract), 2, c->contract);
    le(p + offsetof(struct ct_call, event), 2, c->event);
    le(p + offsetof(struct ct_call, programme), 2, c->programme);
    le(p + offsetof(struct ct_call, member), 2, c->sys ? CT_NO_MEMBER : c->member);
    p[offsetof(struct ct_call, sys)] = c->sys;
    p[offsetof(struct ct_call, development)] = (h->genesis->flags & ZYD_GENESIS_DEVELOPMENT) != 0;
    p[offsetof(struct ct_call, deadline)] = c->deadline;
    p[offsetof(struct ct_call, has_object)] = !c->makes;
    le(p + offsetof(struct ct_call, date), 4, (uint32_t)c->date);
    le(p + offsetof(struct ct_call, time_ms), 8, c->time_ms);
    le(p + offsetof(struct ct_call, seq), 8, c->seq);
    memcpy(p + offsetof(struct ct_call, object), c->object.b, CT_ID_SIZE);
    memcpy(p + offsetof(struct ct_call, op_id), c->op_id.b, CT_ID_SIZE);
    bool ok = part(p, &size, offsetof(struct ct_call, args_offset), c->args) &&
              part(p, &size, offsetof(struct ct_call, params_offset),
                   c->terms == NULL ? zyd_span(NULL, 0) : c->terms->params) &&
              part(p, &size, offsetof(struct ct_call, ref_offset), c->ref);
    return ok ? size : 0;
}

static uint32_t verdict(struct zyd_host *h, const struct zyd_vm_result *vm)
{
    switch (vm->trap) {
    case ZYD_VM_OK:
        if (vm->value != 0) {
            return ZYD_CODE_BAD_RETURN;
        }
        if (zyd_host_missing(h) != 0) { /* it asked for a signer and never looked at the answer */
            h->call.waits = true;
            return ZYD_CODE_SIGNER_MISSING;
        }
        return 0;
    case ZYD_VM_FUEL:
        return ZYD_CODE_FUEL;
    case ZYD_VM_MEMORY:
        return ZYD_CODE_MEMORY;
    case ZYD_VM_PC:
    case ZYD_VM_ECALL:
    case ZYD_VM_EBREAK:
        return ZYD_CODE_INSTRUCTION;
    case ZYD_VM_STOP:
        return (uint32_t)vm->value;
    }
    return ZYD_CODE_ABORT;
}

void zyd_host_run_contract(struct zyd_host *h, struct result *r)
{
    const struct plugin *plugin = zyd_host_plugin_of(h, h->call.contract);
    struct zyd_vm_result vm = {.trap = ZYD_VM_OK};
    if (plugin == NULL) {
        r->code = ZYD_CODE_RANGE;
        return;
    }
    if (plugin->image == NULL && plugin->native == NULL) {
        h->fault = ZYD_E_INVALID; /* its file was never given to zyd_host_plugin */
        return;
    }
    size_t size = build_input(h);
    if (size == 0) {
        r->code = ZYD_CODE_LIMIT;
        return;
    }
    if (plugin->native != NULL) {
        h->in_native = true;
        h->native_fuel = 0;
        h->native_limit = h->genesis->fuel_call;
        plugin->native(plugin->native_ctx, &vm, h, zyd_span(h->input, size), h->genesis->fuel_call);
        vm.fuel_used = h->native_fuel;
        h->in_native = false;
    } else {
        enum zyd_status status =
            zyd_vm_call(h->vm, &vm, plugin->image, zyd_span(h->input, size), h->genesis->fuel_call, zyd_host_call, h);
        zyd_assert(status == ZYD_OK);
    }
    r->fuel += vm.fuel_used;
    r->code = verdict(h, &vm);
}

/* The object's record after a successful operation: it must be there, and a member's operation on it raises seq. */
static void settle_object(struct zyd_host *h, struct result *r, const struct zyd_hash *key)
{
    struct zyd_record record;
    enum zyd_status status = zyd_host_read(h, &record, key);
    if (status != ZYD_OK) {
        r->code = ZYD_CODE_BAD_RETURN;
        return;
    }
    r->seq = record.seq;
    if (!h->call.makes) {
        r->fuel += TARIFF_WRITE;
        r->seq = record.seq + 1;
        r->code = zyd_host_write(h, key, record.owner, record.kind, record.flags, r->seq, record.value);
    }
}

static void contract_op(struct zyd_host *h, struct result *r, const struct zyd_op *op)
{
    struct call *c = &h->call;
    struct zyd_record record;
    struct zyd_hash key;
    c->terms = zyd_host_programme(h, &c->mark, op->programme);
    if (!zyd_host_contract_known(h, op->contract) || (c->terms == NULL && op->programme != 0) ||
        (c->terms != NULL && c->terms->contract != op->contract)) {
        r->code = ZYD_CODE_RANGE;
        return;
    }
    r->fuel += TARIFF_READ;
    zyd_host_key(h, &key, op->contract, c->object.b, CT_ID_SIZE);
    enum zyd_status status = zyd_host_read(h, &record, &key);
    r->seq = c->seq = status == ZYD_OK ? record.seq : 0;
    if (c->makes) {
        r->code = status == ZYD_OK ? ZYD_CODE_DUP_KEY : 0;
    } else if (status != ZYD_OK) {
        r->code = ZYD_CODE_UNKNOWN_OBJECT;
    } else if (record.flags != c->mark) {
        r->code = ZYD_CODE_RANGE; /* another programme's object */
    } else if (op->expect_seq != record.seq) {
        r->code = ZYD_CODE_STALE_STATE;
    }
    if (r->code != 0 || h->fault != ZYD_OK) {
        return;
    }
    zyd_host_run_contract(h, r);
    if (r->code == 0 && h->fault == ZYD_OK) {
        settle_object(h, r, &key);
    }
}

bool zyd_host_both_officers(const struct zyd_host *h, const struct signers *s, uint16_t member)
{
    bool maker = false, checker = false;
    for (uint8_t i = 0; i < s->count; i++) {
        const struct zyd_member *m = &h->genesis->members[s->member[i]];
        if (s->member[i] == member && s->key[i] < m->key_count) {
            maker = maker || m->keys[s->key[i]].purpose == ZYD_KEY_MAKER;
            checker = checker || m->keys[s->key[i]].purpose == ZYD_KEY_CHECKER;
        }
    }
    return maker && checker;
}

void zyd_host_attempt(struct zyd_host *h, struct result *r, const struct zyd_op *op, const struct signers *signers)
{
    struct call *c = &h->call;
    memset(c, 0, sizeof *c);
    c->contract = op->contract;
    c->event = op->event;
    c->programme = op->programme;
    c->member = op->member;
    c->makes = !op->has_object;
    c->time_ms = h->block->time_ms;
    c->date = zyd_date_of_ms((int64_t)h->block->time_ms);
    c->op_id = op->op_id;
    c->args = op->args;
    c->ref = op->client_ref;
    c->signers = signers;
    zyd_host_op_object(&c->object, op);
    r->has_object = true;
    r->object = c->object;
    r->code = 0;
    if (op->contract == ZYD_CONTRACT_HOST) {
        zyd_host_paid(h, r, op);
    } else {
        contract_op(h, r, op);
    }
    bool money = h->j.posting_count != 0 || h->j.obligations != 0;
    if (r->code == 0 && c->terms != NULL && c->terms->dual != 0 && money && !zyd_host_both_officers(h, signers, op->member)) {
        r->code = ZYD_CODE_SIGNER_MISSING;
    }
    r->commit = r->code == 0;
    r->waits = r->code == ZYD_CODE_SIGNER_MISSING && c->waits;
    r->missing = zyd_host_missing(h);
}
