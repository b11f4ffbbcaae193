/* pending.c: operations that wait for countersigners (D17, ledger.md 2.5, ruling 33).
 *
 *   made --COUNTERSIGN, more lack--> waits --COUNTERSIGN--> done | failed
 *                                      |-- DECLINE --> declined    |-- WITHDRAW --> withdrawn    |-- time --> expired
 *
 * A pending operation reserves nothing: each COUNTERSIGN runs it again from the start, on the state of its own block.
 */
#include "impl.h"

#define MEMBER_PENDINGS_MAX 10000u
#define OBJECT_PENDINGS_MAX 8u
#define PENDING_DAYS 10u

enum state { WAITS = 1, DONE = 2, DECLINED = 3, WITHDRAWN = 4, EXPIRED = 5, FAILED = 6 };

static size_t name_of(uint8_t name[4 + ZYD_HASH_SIZE], const char *kind, const struct zyd_hash *id)
{
    memcpy(name, kind, 4);
    memcpy(name + 4, id->b, ZYD_HASH_SIZE);
    return 4 + ZYD_HASH_SIZE;
}

void zyd_pending_key(struct zyd_hash *out, const struct zyd_hash *op_id)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(name, name_of(name, "pend", op_id)));
}

enum zyd_status zyd_pending_decode(struct zyd_pending *out, struct zyd_span value)
{
    struct zyd_rd rd = zyd_rd_of(value);
    memset(out, 0, sizeof *out);
    out->state = zyd_rx_u8(&rd);
    out->code = zyd_rx_u32(&rd);
    out->expires_ms = zyd_rx_u64(&rd);
    out->signer_count = zyd_rx_u8(&rd);
    if (out->signer_count > ZYD_ENV_SIGS_MAX) {
        return ZYD_E_MALFORMED;
    }
    for (uint8_t i = 0; i < out->signer_count; i++) {
        out->signers[i] = zyd_rx_u16(&rd);
        out->keys[i] = zyd_rx_u16(&rd);
    }
    out->missing_count = zyd_rx_u8(&rd);
    if (out->missing_count > ZYD_ENV_SIGS_MAX) {
        return ZYD_E_MALFORMED;
    }
    for (uint8_t i = 0; i < out->missing_count; i++) {
        out->missing[i] = zyd_rx_u16(&rd);
    }
    out->op = zyd_rx_block(&rd, ZYD_RECORD_VALUE_MAX);
    if (zyd_rd_done(&rd) != ZYD_OK || out->state < WAITS || out->state > FAILED || out->signer_count == 0 ||
        out->op.size == 0) {
        return ZYD_E_MALFORMED;
    }
    return ZYD_OK;
}

static enum zyd_status read(struct zyd_host *h, struct zyd_pending *out, uint64_t *seq, const struct zyd_hash *op_id)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    struct zyd_hash key;
    struct zyd_record record;
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, name_of(name, "pend", op_id));
    enum zyd_status status = zyd_host_read(h, &record, &key);
    if (status != ZYD_OK) {
        return status;
    }
    *seq = record.seq;
    if (zyd_pending_decode(out, record.value) != ZYD_OK) {
        h->fault = ZYD_E_DAMAGED;
        return h->fault;
    }
    return ZYD_OK;
}

/* Code 0, or 9123 when signers and operation do not fit a record. */
static uint32_t write(struct zyd_host *h, const struct zyd_pending *p, uint64_t seq, const struct zyd_hash *op_id)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    struct zyd_hash key;
    struct zyd_wr wr = zyd_wr_of(h->scratch, sizeof h->scratch);
    zyd_wx_u8(&wr, p->state);
    zyd_wx_u32(&wr, p->code);
    zyd_wx_u64(&wr, p->expires_ms);
    zyd_wx_u8(&wr, p->signer_count);
    for (uint8_t i = 0; i < p->signer_count; i++) {
        zyd_wx_u16(&wr, p->signers[i]);
        zyd_wx_u16(&wr, p->keys[i]);
    }
    zyd_wx_u8(&wr, p->missing_count);
    for (uint8_t i = 0; i < p->missing_count; i++) {
        zyd_wx_u16(&wr, p->missing[i]);
    }
    zyd_wx_block(&wr, p->op);
    if (wr.full) {
        return ZYD_CODE_LIMIT;
    }
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, name_of(name, "pend", op_id));
    return zyd_host_write(h, &key, ZYD_CONTRACT_HOST, ZYD_REC_PENDING, 0, seq, zyd_wr_span(&wr));
}

/* How many wait for this member or object: raised or lowered by one.  Code 0 or 9123. */
static uint32_t count(struct zyd_host *h, const void *name, size_t size, uint32_t limit, bool up)
{
    struct zyd_hash key;
    struct zyd_record record;
    uint8_t value[4];
    uint32_t n = 0;
    uint64_t seq = 0;
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, size);
    enum zyd_status status = zyd_host_read(h, &record, &key);
    if (status == ZYD_OK) {
        zyd_assert(record.value.size == 4);
        n = zyd_get32(record.value.data);
        seq = record.seq;
    }
    if (up && n >= limit) {
        return ZYD_CODE_LIMIT;
    }
    zyd_put32(value, up ? n + 1 : n - 1);
    return zyd_host_write(h, &key, ZYD_CONTRACT_HOST, ZYD_REC_PENDING, 0, seq + 1, zyd_span(value, 4));
}

static uint32_t counters(struct zyd_host *h, const struct zyd_op *op, bool up)
{
    uint8_t member[6], object[4 + ZYD_HASH_SIZE];
    memcpy(member, "pcnt", 4);
    zyd_put16(member + 4, op->member);
    uint32_t code = count(h, member, sizeof member, MEMBER_PENDINGS_MAX, up);
    if (code == 0 && op->has_object) {
        code = count(h, object, name_of(object, "pobj", &op->object), OBJECT_PENDINGS_MAX, up);
    }
    return code;
}

static bool set_missing(struct zyd_pending *p, uint64_t missing)
{
    p->missing_count = 0;
    for (uint16_t m = 0; m < ZYD_MEMBERS_MAX; m++) {
        if ((missing >> m & 1) != 0) {
            if (p->missing_count == ZYD_ENV_SIGS_MAX) {
                return false;
            }
            p->missing[p->missing_count++] = m;
        }
    }
    return true;
}

/* 00:00 of the day after the last working day on which it may wait.  0: the calendar is silent. */
static uint64_t expiry(struct zyd_host *h)
{
    const struct zyd_programme *terms = h->call.terms;
    uint32_t days = terms == NULL || terms->pending_days == 0 ? PENDING_DAYS : terms->pending_days;
    const struct zyd_calendar *calendar = zyd_host_calendar(h, terms == NULL ? 0 : terms->calendar);
    int32_t last;
    if (calendar == NULL || !zyd_calendar_add(calendar, h->call.date, days, &last)) {
        return 0;
    }
    return (uint64_t)zyd_ms_of_date(zyd_date_add(last, 1));
}

/* After an attempt that lacked only signers: its journal is dropped and the operation kept. */
void zyd_host_pending_make(struct zyd_host *h, struct result *r, const struct zyd_op *op)
{
    struct zyd_pending p;
    const struct signers *s = h->call.signers;
    uint64_t seq = 0;
    uint32_t code = 0;
    zyd_host_reset(h);
    r->fuel += 3 * TARIFF_WRITE + TARIFF_DEADLINE;
    /* One that ended without effect may be asked for again; one that is done cannot come here (9108, 9109). */
    enum zyd_status status = read(h, &p, &seq, &op->op_id);
    if (status == ZYD_OK && p.state == WAITS) {
        r->code = ZYD_CODE_DUP_KEY;
        return;
    }
    memset(&p, 0, sizeof p);
    p.state = WAITS;
    p.op = op->bytes;
    p.signer_count = s->count;
    memcpy(p.signers, s->member, sizeof p.signers);
    memcpy(p.keys, s->key, sizeof p.keys);
    p.expires_ms = expiry(h);
    if (p.expires_ms == 0) {
        code = ZYD_CODE_CALENDAR_MISSING;
    } else if (!set_missing(&p, r->missing) || p.missing_count + p.signer_count > (int)ZYD_ENV_SIGS_MAX) {
        code = ZYD_CODE_LIMIT;
    }
    code = code != 0 ? code : counters(h, op, true);
    code = code != 0 ? code : write(h, &p, seq + 1, &op->op_id);
    code = code != 0 ? code
                     : zyd_host_deadline_set(h, ZYD_CONTRACT_HOST, h->call.programme, &op->op_id, ZYD_DEADLINE_EXPIRE,
                                             p.expires_ms);
    r->code = code != 0 ? code : ZYD_CODE_PENDING;
    r->commit = code == 0;
}

/* Ends it; whether its journal is fresh or that of the attempt just made, what is written here fits (impl.h, RECS_MAX). */
static void end(struct zyd_host *h, struct zyd_pending *p, uint64_t seq, const struct zyd_hash *op_id,
                const struct zyd_op *inner, enum state state, uint32_t code)
{
    p->state = (uint8_t)state;
    p->code = code;
    p->missing_count = 0;
    uint32_t bad = write(h, p, seq + 1, op_id);
    bad = bad != 0 ? bad : counters(h, inner, false);
    if (state != EXPIRED) {
        bad = bad != 0 ? bad : zyd_host_deadline_set(h, ZYD_CONTRACT_HOST, 0, op_id, ZYD_DEADLINE_EXPIRE, 0);
    }
    zyd_assert(bad == 0 || h->fault != ZYD_OK);
}

static bool plain_op(const struct zyd_op *op)
{
    return op->has_object && op->expect_seq == 0 && op->programme == 0 && op->args.size == 1 && op->args.data[0] == 0x90;
}

/* The pending operation that a host operation names, waiting; code 0, 9104, 9115 or 9111. */
static uint32_t open_pending(struct zyd_host *h, struct zyd_pending *p, uint64_t *seq, struct zyd_op *inner,
                             const struct zyd_op *op)
{
    if (!plain_op(op)) {
        return ZYD_CODE_RANGE;
    }
    enum zyd_status status = read(h, p, seq, &op->object);
    if (status != ZYD_OK) {
        return ZYD_CODE_UNKNOWN_OBJECT;
    }
    if (zyd_op_decode(inner, p->op) != ZYD_OK) {
        h->fault = ZYD_E_DAMAGED;
    }
    return p->state == WAITS ? 0 : ZYD_CODE_BAD_STATE;
}

bool zyd_host_pending_op(struct zyd_host *h, struct zyd_op *op, const struct zyd_hash *op_id)
{
    struct zyd_pending p;
    uint64_t seq;
    return read(h, &p, &seq, op_id) == ZYD_OK && p.state == WAITS && zyd_op_decode(op, p.op) == ZYD_OK;
}

static bool has(const uint16_t *list, uint8_t size, uint16_t member)
{
    for (uint8_t i = 0; i < size; i++) {
        if (list[i] == member) {
            return true;
        }
    }
    return false;
}

/* Adds the acting member's signatures of this envelope, in order; a member signs only for itself. */
static bool add_signers(struct zyd_pending *p, const struct signers *from, uint16_t member)
{
    for (uint8_t i = 0; i < from->count; i++) {
        if (from->member[i] != member) {
            continue;
        }
        if (p->signer_count == ZYD_ENV_SIGS_MAX) {
            return false;
        }
        uint8_t at = p->signer_count++;
        for (; at > 0 && p->signers[at - 1] > member; at--) {
            p->signers[at] = p->signers[at - 1];
            p->keys[at] = p->keys[at - 1];
        }
        p->signers[at] = member;
        p->keys[at] = from->key[i];
    }
    return true;
}

void zyd_host_countersign(struct zyd_host *h, struct result *r, const struct zyd_op *op, const struct signers *signers)
{
    struct zyd_pending p;
    struct zyd_op inner;
    struct signers all = {0};
    uint64_t seq = 0;
    r->fuel += TARIFF_READ + 3 * TARIFF_WRITE + TARIFF_DEADLINE;
    r->code = open_pending(h, &p, &seq, &inner, op);
    if (r->code == 0 && has(p.signers, p.signer_count, op->member)) {
        r->code = ZYD_CODE_DUP_KEY;
    } else if (r->code == 0 && !has(p.missing, p.missing_count, op->member)) {
        r->code = ZYD_CODE_SIGNER_MISSING;
    } else if (r->code == 0 && !add_signers(&p, signers, op->member)) {
        r->code = ZYD_CODE_LIMIT;
    }
    if (r->code != 0 || h->fault != ZYD_OK) {
        return;
    }
    all.count = p.signer_count;
    for (uint8_t i = 0; i < p.signer_count; i++) {
        all.member[i] = p.signers[i];
        all.key[i] = p.keys[i];
        all.members |= UINT64_C(1) << p.signers[i];
    }
    zyd_host_attempt(h, r, &inner, &all);
    if (h->fault != ZYD_OK) {
        return;
    }
    r->commit = true;
    if (r->code == 0) {
        end(h, &p, seq, &op->object, &inner, DONE, 0);
        return;
    }
    zyd_host_reset(h);
    if (r->waits && set_missing(&p, r->missing) && p.missing_count + p.signer_count <= (int)ZYD_ENV_SIGS_MAX) {
        r->code = ZYD_CODE_PENDING;
        uint32_t bad = write(h, &p, seq + 1, &op->object);
        if (bad == 0) {
            return;
        }
        r->code = bad;
        zyd_host_reset(h);
    }
    end(h, &p, seq, &op->object, &inner, FAILED, r->code);
}

/* DECLINE by one who signed or is asked to; WITHDRAW by the first signer. */
void zyd_host_pending_end(struct zyd_host *h, struct result *r, const struct zyd_op *op)
{
    struct zyd_pending p;
    struct zyd_op inner;
    uint64_t seq = 0;
    bool withdraw = op->event == ZYD_HOST_WITHDRAW;
    r->fuel += TARIFF_READ + 3 * TARIFF_WRITE + TARIFF_DEADLINE;
    r->code = open_pending(h, &p, &seq, &inner, op);
    if (r->code != 0 || h->fault != ZYD_OK) {
        return;
    }
    bool first = inner.member == op->member;
    bool party = has(p.signers, p.signer_count, op->member) || has(p.missing, p.missing_count, op->member);
    if (withdraw ? !first : first || !party) {
        r->code = ZYD_CODE_SIGNER_MISSING;
        return;
    }
    r->has_object = true;
    zyd_host_op_object(&r->object, &inner);
    end(h, &p, seq, &op->object, &inner, withdraw ? WITHDRAWN : DECLINED, ZYD_CODE_SIGNER_MISSING);
    r->commit = true;
}

void zyd_host_expire(struct zyd_host *h, struct result *r, const struct zyd_hash *op_id)
{
    struct zyd_pending p;
    struct zyd_op inner;
    uint64_t seq = 0;
    r->fuel += TARIFF_READ + 3 * TARIFF_WRITE;
    r->has_object = true;
    r->object = *op_id;
    if (read(h, &p, &seq, op_id) != ZYD_OK || p.state != WAITS || zyd_op_decode(&inner, p.op) != ZYD_OK) {
        r->code = ZYD_CODE_BAD_STATE; /* its deadline is cleared whenever it ends */
        return;
    }
    end(h, &p, seq, op_id, &inner, EXPIRED, ZYD_CODE_DEADLINE);
    r->seq = seq + 1;
    r->commit = true;
}
