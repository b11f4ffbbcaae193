/* hostcalls.c: what a contract may do: each call of zyd/contract.h.
 *
 * Order in each: bounds that need no memory, charge, memory, effect.  So a call that has an effect was paid for, and what a
 * bad call answers depends on its arguments alone.  Guest structs are little-endian whatever this machine is.
 */
#include "impl.h"

static enum zyd_vm_trap stop(uint64_t *value, uint32_t code)
{
    *value = code;
    return ZYD_VM_STOP;
}

static enum zyd_vm_trap done(uint64_t *value, uint32_t code)
{
    *value = code;
    return code == 0 ? ZYD_VM_OK : ZYD_VM_STOP;
}

/* A native contract (tests, gdb) hands out pointers of this process; NULL is its only wrong address that can be told. */
static const uint8_t *reads(struct zyd_host *h, uint64_t address, uint64_t size)
{
    static const uint8_t nothing[1];
    if (!h->in_native) {
        return zyd_vm_read(h->vm, address, size);
    }
    return size == 0 ? nothing : (const uint8_t *)(uintptr_t)address;
}

static uint8_t *writes(struct zyd_host *h, uint64_t address, uint64_t size)
{
    if (!h->in_native) {
        return zyd_vm_write(h->vm, address, size);
    }
    return size == 0 ? h->scratch : (uint8_t *)(uintptr_t)address;
}

static bool charge(struct zyd_host *h, uint64_t fuel)
{
    if (!h->in_native) {
        return zyd_vm_charge(h->vm, fuel);
    }
    h->native_fuel += fuel;
    return h->native_fuel <= h->native_limit;
}

static uint64_t load(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = bytes; i-- > 0;) {
        v = v << 8 | p[i];
    }
    return v;
}

static void store(uint8_t *p, unsigned bytes, uint64_t v)
{
    for (unsigned i = 0; i < bytes; i++, v >>= 8) {
        p[i] = (uint8_t)v;
    }
}

static zyd_u128 load128(const uint8_t *p)
{
    return (zyd_u128)load(p + 8, 8) << 64 | load(p, 8);
}

static void store128(uint8_t *p, zyd_u128 v)
{
    store(p, 8, (uint64_t)v);
    store(p + 8, 8, (uint64_t)(v >> 64));
}

/* Account text up to its NUL, which must come within 41 bytes; size 0 when it does not. */
static enum zyd_vm_trap text(struct zyd_host *h, struct zyd_span *out, uint64_t address)
{
    /* All 41 at once where memory reaches so far (not natively: a literal may end earlier), else byte by byte. */
    const uint8_t *whole = h->in_native ? NULL : zyd_vm_read(h->vm, address, CT_ACCOUNT_SIZE);
    const uint8_t *first = whole != NULL ? whole : reads(h, address, 1);
    *out = zyd_span(NULL, 0);
    for (uint64_t i = 0; i < CT_ACCOUNT_SIZE; i++) {
        const uint8_t *c = whole != NULL ? whole + i : reads(h, address + i, 1);
        if (c == NULL) {
            return ZYD_VM_MEMORY;
        }
        if (*c == 0) {
            *out = zyd_span(first, (size_t)i);
            return ZYD_VM_OK;
        }
    }
    return ZYD_VM_OK;
}

static enum zyd_vm_trap count_read(struct zyd_host *h, uint64_t *value, uint64_t fuel)
{
    if (h->j.reads == ZYD_CALL_READS_MAX) {
        return stop(value, ZYD_CODE_LIMIT);
    }
    h->j.reads++;
    return charge(h, fuel) ? ZYD_VM_OK : ZYD_VM_FUEL;
}

static enum zyd_vm_trap count_put(struct zyd_host *h, uint64_t *value, uint64_t fuel)
{
    if (h->j.puts == ZYD_CALL_PUTS_MAX) {
        return stop(value, ZYD_CODE_LIMIT);
    }
    h->j.puts++;
    return charge(h, fuel) ? ZYD_VM_OK : ZYD_VM_FUEL;
}

/* bytes of `value_bytes` into the guest: -1 when there is none */
static enum zyd_vm_trap hand_out(struct zyd_host *h, uint64_t *value, struct zyd_span bytes, uint64_t address, uint64_t cap)
{
    if (bytes.size > cap) {
        return stop(value, ZYD_CODE_LIMIT);
    }
    if (!charge(h, bytes.size / 8)) {
        return ZYD_VM_FUEL;
    }
    uint8_t *out = writes(h, address, bytes.size);
    if (out == NULL) {
        return ZYD_VM_MEMORY;
    }
    if (bytes.size != 0) {
        memcpy(out, bytes.data, bytes.size);
    }
    *value = bytes.size;
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_get(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    struct zyd_hash key;
    struct zyd_record record;
    if (a[0] > UINT16_MAX) {
        return stop(value, ZYD_CODE_RANGE);
    }
    if (a[2] == 0 || a[2] > ZYD_RECORD_KEY_MAX) {
        return stop(value, ZYD_CODE_LIMIT);
    }
    enum zyd_vm_trap trap = count_read(h, value, TARIFF_READ);
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    const uint8_t *name = reads(h, a[1], a[2]);
    if (name == NULL) {
        return ZYD_VM_MEMORY;
    }
    zyd_host_key(h, &key, (uint16_t)a[0], name, (size_t)a[2]);
    struct zyd_span posted = a[0] == 0 ? zyd_host_account_value(h, &key) : zyd_span(NULL, 0);
    if (posted.size != 0) {
        return hand_out(h, value, posted, a[3], a[4]);
    }
    enum zyd_status status = zyd_host_read(h, &record, &key);
    if (status == ZYD_E_NOT_FOUND) {
        *value = UINT64_MAX;
        return ZYD_VM_OK;
    }
    return status == ZYD_OK ? hand_out(h, value, record.value, a[3], a[4]) : stop(value, ZYD_CODE_LIMIT);
}

static enum zyd_vm_trap sys_put(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    const struct call *call = &h->call;
    struct zyd_hash key;
    struct zyd_record record;
    if (a[1] == 0 || a[1] > ZYD_RECORD_KEY_MAX || a[3] > ZYD_RECORD_VALUE_MAX) {
        return stop(value, ZYD_CODE_LIMIT);
    }
    enum zyd_vm_trap trap = count_put(h, value, TARIFF_WRITE + a[3] * TARIFF_WRITE_BYTE);
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    const uint8_t *name = reads(h, a[0], a[1]);
    const uint8_t *bytes = reads(h, a[2], a[3]);
    if (name == NULL || bytes == NULL) {
        return ZYD_VM_MEMORY;
    }
    uint8_t flags = call->mark;
    uint64_t seq = 1;
    zyd_host_key(h, &key, call->contract, name, (size_t)a[1]);
    enum zyd_status status = zyd_host_read(h, &record, &key);
    if (status == ZYD_OK) {
        seq = record.seq;
        flags = record.flags;
    } else if (status != ZYD_E_NOT_FOUND) {
        return stop(value, ZYD_CODE_LIMIT);
    }
    return done(value, zyd_host_write(h, &key, call->contract, ZYD_REC_OBJECT, flags, seq, zyd_span(bytes, (size_t)a[3])));
}

static enum zyd_vm_trap sys_post(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    struct zyd_span dr, cr;
    struct zyd_hash obligation;
    if (a[0] > UINT32_MAX || (a[0] & UINT16_MAX) >= 0xff00u) {
        return stop(value, ZYD_CODE_RANGE);
    }
    if (!charge(h, TARIFF_POST)) {
        return ZYD_VM_FUEL;
    }
    if (text(h, &dr, a[1]) != ZYD_VM_OK || text(h, &cr, a[2]) != ZYD_VM_OK) {
        return ZYD_VM_MEMORY;
    }
    if (a[4] != 0) {
        const uint8_t *id = reads(h, a[4], CT_ID_SIZE);
        if (id == NULL) {
            return ZYD_VM_MEMORY;
        }
        memcpy(obligation.b, id, CT_ID_SIZE);
    }
    return done(value, zyd_host_post(h, (uint16_t)(a[0] >> 16), h->call.programme, (uint16_t)a[0], dr, cr, (int64_t)a[3],
                                     a[4] == 0 ? NULL : &obligation));
}

static void store_obligation(uint8_t p[sizeof(struct ct_obligation)], const struct zyd_obligation *o)
{
    memcpy(p, o->id.b, CT_ID_SIZE);
    memcpy(p + 32, o->object.b, CT_ID_SIZE);
    store(p + 64, 8, (uint64_t)o->amount.fen);
    store(p + 72, 2, o->contract);
    store(p + 74, 2, o->programme);
    store(p + 76, 2, o->debtor);
    store(p + 78, 2, o->creditor);
    store(p + 80, 2, o->reason);
    p[82] = o->gross;
    p[83] = o->state;
    store(p + 84, 4, (uint32_t)o->value_date);
}

static enum zyd_vm_trap sys_obligation(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    struct zyd_obligation o;
    enum zyd_vm_trap trap = count_put(h, value, TARIFF_OBLIGATION);
    if (trap == ZYD_VM_OK && h->call.terms != NULL && h->call.terms->settlement != 0) {
        trap = count_put(h, value, TARIFF_LIST);
    }
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    uint8_t *p = writes(h, a[0], sizeof(struct ct_obligation));
    if (p == NULL) {
        return ZYD_VM_MEMORY;
    }
    memset(&o, 0, sizeof o);
    o.amount.fen = (int64_t)load(p + 64, 8);
    o.debtor = (uint16_t)load(p + 76, 2);
    o.creditor = (uint16_t)load(p + 78, 2);
    o.reason = (uint16_t)load(p + 80, 2);
    o.gross = p[82];
    uint32_t code = zyd_host_obligation_make(h, &o);
    if (code == 0) {
        store_obligation(p, &o);
    }
    return done(value, code);
}

static enum zyd_vm_trap sys_obligation_get(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    struct zyd_obligation o;
    struct zyd_hash id;
    uint64_t seq;
    enum zyd_vm_trap trap = count_read(h, value, TARIFF_READ);
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    uint8_t *p = writes(h, a[0], sizeof(struct ct_obligation));
    const uint8_t *bytes = reads(h, a[1], CT_ID_SIZE);
    if (p == NULL || bytes == NULL) {
        return ZYD_VM_MEMORY;
    }
    memcpy(id.b, bytes, CT_ID_SIZE);
    enum zyd_status status = zyd_host_obligation_read(h, &o, &seq, &id);
    if (status == ZYD_OK) {
        store_obligation(p, &o);
    }
    *value = status == ZYD_OK ? 0 : UINT64_MAX;
    return h->fault == ZYD_OK ? ZYD_VM_OK : stop(value, ZYD_CODE_LIMIT);
}

static enum zyd_vm_trap sys_obligation_move(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    struct zyd_hash id;
    uint64_t fuel = TARIFF_OBLIGATION;
    if (a[1] < CT_MOVE_LOCK || a[1] > CT_MOVE_REVERSE) {
        return stop(value, ZYD_CODE_RANGE);
    }
    bool lists = a[1] == CT_MOVE_ROLL || a[1] == CT_MOVE_RELEASE;
    fuel += a[1] == CT_MOVE_SETTLE ? 2 * TARIFF_POST + TARIFF_DEADLINE : 0;
    enum zyd_vm_trap trap = count_put(h, value, fuel + TARIFF_COUNT);
    if (trap == ZYD_VM_OK && (lists || a[1] == CT_MOVE_SETTLE)) { /* two records of its own beside the counter */
        trap = count_put(h, value, lists ? TARIFF_LIST - TARIFF_COUNT : 0);
    }
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    const uint8_t *bytes = reads(h, a[0], CT_ID_SIZE);
    if (bytes == NULL) {
        return ZYD_VM_MEMORY;
    }
    memcpy(id.b, bytes, CT_ID_SIZE);
    uint32_t age = 0;
    uint32_t code = zyd_host_obligation_move(h, &age, &id, (enum ct_move)a[1]);
    if (code != 0) {
        return stop(value, code);
    }
    *value = age;
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_deadline(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    const struct call *call = &h->call;
    struct zyd_hash object, key;
    struct zyd_record record;
    if (a[1] < 1 || a[1] > 8) {
        return stop(value, ZYD_CODE_RANGE);
    }
    enum zyd_vm_trap trap = count_put(h, value, TARIFF_DEADLINE);
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    const uint8_t *bytes = reads(h, a[0], CT_ID_SIZE);
    if (bytes == NULL) {
        return ZYD_VM_MEMORY;
    }
    memcpy(object.b, bytes, CT_ID_SIZE);
    if (!zyd_hash_eq(&object, &call->object)) {
        zyd_host_key(h, &key, call->contract, object.b, CT_ID_SIZE);
        if (zyd_host_read(h, &record, &key) != ZYD_OK) {
            return stop(value, ZYD_CODE_UNKNOWN_OBJECT);
        }
    }
    return done(value, zyd_host_deadline_set(h, call->contract, call->programme, &object, (uint8_t)a[1], a[2]));
}

static enum zyd_vm_trap sys_emit(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    struct journal *j = &h->j;
    if (a[0] > UINT16_MAX) {
        return stop(value, ZYD_CODE_RANGE);
    }
    if (j->event_count == ZYD_CALL_EVENTS_MAX || a[2] > ZYD_CALL_EVENT_BYTES_MAX - j->event_bytes) {
        return stop(value, ZYD_CODE_LIMIT);
    }
    if (!charge(h, TARIFF_EMIT + a[2] * TARIFF_EMIT_BYTE)) {
        return ZYD_VM_FUEL;
    }
    const uint8_t *bytes = reads(h, a[1], a[2]);
    if (bytes == NULL) {
        return ZYD_VM_MEMORY;
    }
    struct zyd_emitted *e = &j->events[j->event_count++];
    e->code = (uint16_t)a[0];
    e->data = zyd_span(j->event_data + j->event_bytes, (size_t)a[2]);
    if (a[2] != 0) {
        memcpy(j->event_data + j->event_bytes, bytes, (size_t)a[2]);
        j->event_bytes += (uint32_t)a[2];
    }
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_require(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    struct call *call = &h->call;
    if (a[0] >= h->genesis->member_count) {
        return stop(value, ZYD_CODE_RANGE);
    }
    if (!charge(h, TARIFF_SIGNER)) {
        return ZYD_VM_FUEL;
    }
    if (call->sys) {
        *value = 1;
        return ZYD_VM_OK;
    }
    call->needed |= UINT64_C(1) << a[0];
    *value = call->signers->members >> a[0] & 1;
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_require_end(struct zyd_host *h, uint64_t *value)
{
    if (!charge(h, TARIFF_SIGNER)) {
        return ZYD_VM_FUEL;
    }
    if (zyd_host_missing(h) != 0) {
        h->call.waits = true;
        return stop(value, ZYD_CODE_SIGNER_MISSING);
    }
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_muldiv(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    const zyd_u128 bound = (zyd_u128)1 << 126;
    if (a[2] > CT_CEIL) {
        return stop(value, ZYD_CODE_RANGE);
    }
    if (!charge(h, TARIFF_MULDIV)) {
        return ZYD_VM_FUEL;
    }
    uint8_t *out = writes(h, a[0], 16);
    const uint8_t *in = reads(h, a[1], 48);
    if (out == NULL || in == NULL) {
        return ZYD_VM_MEMORY;
    }
    zyd_u128 x = load128(in), y = load128(in + 16), d = load128(in + 32);
    if (d == 0 || (x != 0 && y > (bound - 1) / x)) {
        return stop(value, ZYD_CODE_RANGE);
    }
    zyd_u128 quotient = x * y / d, rest = x * y % d;
    switch ((enum ct_mode)a[2]) {
    case CT_FLOOR:
        break;
    case CT_HALF_UP: /* 2 rest >= d, without overflow */
        quotient += rest >= d - rest;
        break;
    case CT_CEIL:
        quotient += rest != 0;
        break;
    }
    store128(out, quotient);
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_sha256(struct zyd_host *h, const uint64_t a[ZYD_VM_ARGS])
{
    struct zyd_hash hash;
    const uint8_t *bytes = reads(h, a[1], a[2]); /* first: it bounds the size that is paid for */
    uint8_t *out = writes(h, a[0], CT_ID_SIZE);
    if (bytes == NULL || out == NULL) {
        return ZYD_VM_MEMORY;
    }
    if (!charge(h, TARIFF_SHA256 + (a[2] < UINT32_MAX ? a[2] : UINT32_MAX) * TARIFF_SHA256_BYTE)) {
        return ZYD_VM_FUEL;
    }
    zyd_sha256(&hash, bytes, (size_t)a[2]);
    memcpy(out, hash.b, CT_ID_SIZE);
    return ZYD_VM_OK;
}

/* A contract may not pass off its refusal as the host's: waiting, fuel, memory ... */
static enum zyd_vm_trap sys_fail(uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    bool reserved = a[0] == 0 || a[0] > UINT16_MAX || a[0] == ZYD_CODE_PENDING ||
                    (a[0] >= ZYD_CODE_FUEL && a[0] <= ZYD_CODE_ENVELOPE_FUEL);
    return stop(value, reserved ? ZYD_CODE_ABORT : (uint32_t)a[0]);
}

static enum zyd_vm_trap sys_warn(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    if (a[0] == 0 || a[0] > UINT16_MAX) {
        return stop(value, ZYD_CODE_RANGE);
    }
    if (h->j.warning_count == WARNINGS_MAX) {
        return stop(value, ZYD_CODE_LIMIT);
    }
    if (!charge(h, TARIFF_SIGNER)) {
        return ZYD_VM_FUEL;
    }
    h->j.warnings[h->j.warning_count++] = (uint32_t)a[0];
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_workday(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS], bool add)
{
    const struct zyd_programme *terms = h->call.terms;
    int64_t date = (int64_t)a[0];
    bool working = false;
    int32_t out = 0;
    if (date < 19700101 || date > 99991231 || !zyd_date_valid((int32_t)date) || (add && a[1] > 100000)) {
        return stop(value, ZYD_CODE_RANGE);
    }
    if (!charge(h, add ? TARIFF_SEARCH + a[1] : TARIFF_MEMBER)) {
        return ZYD_VM_FUEL;
    }
    const struct zyd_calendar *calendar = terms == NULL ? NULL : zyd_host_calendar(h, terms->calendar);
    if (calendar == NULL) {
        return stop(value, ZYD_CODE_CALENDAR_MISSING);
    }
    bool known = add ? zyd_calendar_add(calendar, (int32_t)date, (uint32_t)a[1], &out)
                     : zyd_calendar_is_working(calendar, (int32_t)date, &working);
    *value = add ? (uint64_t)out : working;
    return known ? ZYD_VM_OK : stop(value, ZYD_CODE_CALENDAR_MISSING);
}

static enum zyd_vm_trap sys_member(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    if (!charge(h, TARIFF_MEMBER)) {
        return ZYD_VM_FUEL;
    }
    uint8_t *out = writes(h, a[1], ZYD_CODE_MAX + 1);
    if (out == NULL) {
        return ZYD_VM_MEMORY;
    }
    *value = UINT64_MAX;
    if (a[0] < h->genesis->member_count) {
        const struct zyd_member *m = &h->genesis->members[a[0]];
        memset(out, 0, ZYD_CODE_MAX + 1);
        memcpy(out, m->code.data, m->code.size);
        *value = m->role;
    }
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_member_find(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    if (!charge(h, TARIFF_SEARCH)) {
        return ZYD_VM_FUEL;
    }
    *value = UINT64_MAX;
    if (a[1] == 0 || a[1] > ZYD_CODE_MAX) {
        return ZYD_VM_OK;
    }
    const uint8_t *code = reads(h, a[0], a[1]);
    if (code == NULL) {
        return ZYD_VM_MEMORY;
    }
    *value = (uint64_t)(int64_t)zyd_genesis_member_by_code(h->genesis, zyd_span(code, (size_t)a[1]));
    return ZYD_VM_OK;
}

static enum zyd_vm_trap sys_balance(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    struct zyd_span code;
    zyd_u128 debits, credits;
    if (a[1] >= h->genesis->member_count) {
        return stop(value, ZYD_CODE_RANGE);
    }
    enum zyd_vm_trap trap = count_read(h, value, TARIFF_BALANCE);
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    uint8_t *out = writes(h, a[0], sizeof(struct ct_balance));
    if (out == NULL || text(h, &code, a[2]) != ZYD_VM_OK) {
        return ZYD_VM_MEMORY;
    }
    if (!zyd_host_account_code_ok(code)) {
        return stop(value, ZYD_CODE_RANGE);
    }
    zyd_host_balance(h, &debits, &credits, (uint16_t)a[1], h->call.programme, code);
    store128(out, debits);
    store128(out + 16, credits);
    return h->fault == ZYD_OK ? ZYD_VM_OK : stop(value, ZYD_CODE_LIMIT);
}

static enum zyd_vm_trap sys_params(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    enum zyd_vm_trap trap = count_read(h, value, TARIFF_READ);
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    uint8_t mark;
    const struct zyd_programme *p = a[0] > UINT16_MAX ? NULL : zyd_host_programme(h, &mark, (uint16_t)a[0]);
    if (p == NULL) {
        *value = UINT64_MAX;
        return h->fault == ZYD_OK ? ZYD_VM_OK : stop(value, ZYD_CODE_LIMIT);
    }
    return hand_out(h, value, p->params, a[1], a[2]);
}

static enum zyd_vm_trap sys_rate(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    uint32_t ppm = 0;
    enum zyd_vm_trap trap = count_read(h, value, TARIFF_READ);
    if (trap != ZYD_VM_OK) {
        return trap;
    }
    const uint8_t *name = a[1] > ZYD_CODE_MAX ? NULL : reads(h, a[0], a[1]);
    if (a[1] == 0 || a[1] > ZYD_CODE_MAX || a[2] > 99991231) {
        return stop(value, ZYD_CODE_RANGE);
    }
    if (name == NULL) {
        return ZYD_VM_MEMORY;
    }
    bool known = zyd_host_rate(h, &ppm, zyd_span(name, (size_t)a[1]), (int32_t)a[2]);
    *value = known ? ppm : UINT64_MAX;
    return h->fault == ZYD_OK ? ZYD_VM_OK : stop(value, ZYD_CODE_LIMIT);
}

static uint8_t *little(uint8_t *p, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        *p++ = (uint8_t)(v >> 8 * i);
    }
    return p;
}

static uint8_t *copied(uint8_t *p, const void *from, size_t size)
{
    memcpy(p, from, size);
    return p + size;
}

static enum zyd_vm_trap sys_postings(struct zyd_host *h, uint64_t *value, const uint64_t a[ZYD_VM_ARGS])
{
    const struct journal *j = &h->j;
    uint64_t size = 0;
    for (uint32_t i = 0; i < j->posting_count; i++) {
        const struct zyd_posting *p = &j->postings[i];
        size += CT_POSTING_HEAD + strlen(p->dr) + strlen(p->cr) + (zyd_hash_is_zero(&p->obligation) ? 0 : ZYD_HASH_SIZE);
    }
    *value = UINT64_MAX;
    if (size > a[1]) {
        return charge(h, TARIFF_READ) ? ZYD_VM_OK : ZYD_VM_FUEL;
    }
    if (!charge(h, TARIFF_READ + size / 8)) {
        return ZYD_VM_FUEL;
    }
    uint8_t *out = writes(h, a[0], size);
    if (out == NULL) {
        return ZYD_VM_MEMORY;
    }
    for (uint32_t i = 0; i < j->posting_count; i++) {
        const struct zyd_posting *p = &j->postings[i];
        uint8_t bound = zyd_hash_is_zero(&p->obligation) ? 0 : ZYD_HASH_SIZE;
        out = little(out, p->member, 2);
        out = little(out, p->label, 2);
        out = little(out, strlen(p->dr), 1);
        out = little(out, strlen(p->cr), 1);
        out = little(out, bound, 2);
        out = little(out, (uint64_t)p->amount.fen, 8);
        out = copied(out, p->dr, strlen(p->dr));
        out = copied(out, p->cr, strlen(p->cr));
        out = copied(out, p->obligation.b, bound);
    }
    *value = size;
    return ZYD_VM_OK;
}

enum zyd_vm_trap zyd_host_call(void *ctx, struct zyd_vm *vm, uint64_t *value, uint64_t number,
                               const uint64_t args[ZYD_VM_ARGS])
{
    struct zyd_host *h = ctx;
    (void)vm;
    *value = 0;
    if (number < CT_SYS_GET || number > CT_SYS_POSTINGS) {
        return ZYD_VM_ECALL;
    }
    switch ((enum ct_call_number)number) {
    case CT_SYS_GET:
        return sys_get(h, value, args);
    case CT_SYS_PUT:
        return sys_put(h, value, args);
    case CT_SYS_POST:
        return sys_post(h, value, args);
    case CT_SYS_OBLIGATION:
        return sys_obligation(h, value, args);
    case CT_SYS_OBLIGATION_GET:
        return sys_obligation_get(h, value, args);
    case CT_SYS_DEADLINE:
        return sys_deadline(h, value, args);
    case CT_SYS_EMIT:
        return sys_emit(h, value, args);
    case CT_SYS_REQUIRE:
        return sys_require(h, value, args);
    case CT_SYS_REQUIRE_END:
        return sys_require_end(h, value);
    case CT_SYS_MULDIV:
        return sys_muldiv(h, value, args);
    case CT_SYS_SHA256:
        return sys_sha256(h, args);
    case CT_SYS_FAIL:
        return sys_fail(value, args);
    case CT_SYS_WARN:
        return sys_warn(h, value, args);
    case CT_SYS_WORKDAY_ADD:
        return sys_workday(h, value, args, true);
    case CT_SYS_WORKDAY_IS:
        return sys_workday(h, value, args, false);
    case CT_SYS_MEMBER:
        return sys_member(h, value, args);
    case CT_SYS_MEMBER_FIND:
        return sys_member_find(h, value, args);
    case CT_SYS_BALANCE:
        return sys_balance(h, value, args);
    case CT_SYS_PARAMS:
        return sys_params(h, value, args);
    case CT_SYS_OBLIGATION_MOVE:
        return sys_obligation_move(h, value, args);
    case CT_SYS_RATE:
        return sys_rate(h, value, args);
    case CT_SYS_POSTINGS:
        return sys_postings(h, value, args);
    }
    return ZYD_VM_ECALL;
}
