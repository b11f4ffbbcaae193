/* obligation.c: what one member owes another (domain.md 3.0.7), made by contracts, settled gross by PAID, or net by the
 * settlement contract that their programme names.
 *
 *   made --> CREATED --LOCK--> LOCKED --INSTRUCT--> INSTRUCTED --SETTLE--> SETTLED      (NET)
 *               ^ '------------- ROLL, RELEASE --------'     CREATED --PAID--> SETTLED  (GROSS)
 *               '--REVERSE--> REVERSED
 */
#include "impl.h"

static void key_of(struct zyd_host *h, struct zyd_hash *out, const struct zyd_hash *id)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    memcpy(name, "oblg", 4);
    memcpy(name + 4, id->b, ZYD_HASH_SIZE);
    zyd_host_key(h, out, ZYD_CONTRACT_HOST, name, sizeof name);
}

void zyd_obligation_key(struct zyd_hash *out, const struct zyd_hash *id)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    memcpy(name, "oblg", 4);
    memcpy(name + 4, id->b, ZYD_HASH_SIZE);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(name, sizeof name));
}

static void encode(uint8_t out[OBLIGATION_VALUE_SIZE], const struct zyd_obligation *o)
{
    struct zyd_wr wr = zyd_wr_of(out, OBLIGATION_VALUE_SIZE);
    zyd_wx_hash(&wr, &o->id);
    zyd_wx_hash(&wr, &o->object);
    zyd_wx_u16(&wr, o->contract);
    zyd_wx_u16(&wr, o->programme);
    zyd_wx_u16(&wr, o->debtor);
    zyd_wx_u16(&wr, o->creditor);
    zyd_wx_u16(&wr, o->reason);
    zyd_wx_u64(&wr, (uint64_t)o->amount.fen);
    zyd_wx_u8(&wr, o->gross);
    zyd_wx_u8(&wr, o->state);
    zyd_wx_u32(&wr, (uint32_t)o->value_date);
    zyd_wx_bytes(&wr, "CNY", 3);
    zyd_assert(!wr.full && wr.size == OBLIGATION_VALUE_SIZE);
}

enum zyd_status zyd_obligation_decode(struct zyd_obligation *out, struct zyd_span value)
{
    struct zyd_rd rd = zyd_rd_of(value);
    uint8_t currency[3];
    memset(out, 0, sizeof *out);
    zyd_rx_hash(&rd, &out->id);
    zyd_rx_hash(&rd, &out->object);
    out->contract = zyd_rx_u16(&rd);
    out->programme = zyd_rx_u16(&rd);
    out->debtor = zyd_rx_u16(&rd);
    out->creditor = zyd_rx_u16(&rd);
    out->reason = zyd_rx_u16(&rd);
    uint64_t amount = zyd_rx_u64(&rd);
    out->gross = zyd_rx_u8(&rd);
    out->state = zyd_rx_u8(&rd);
    uint32_t date = zyd_rx_u32(&rd);
    zyd_rx_copy(&rd, currency, 3);
    if (zyd_rd_done(&rd) != ZYD_OK || amount == 0 || amount > (uint64_t)ZYD_MONEY_MAX || out->gross > 1 ||
        out->state < CT_OBL_CREATED || out->state > CT_OBL_REVERSED || date > 99991231u ||
        memcmp(currency, "CNY", 3) != 0) {
        return ZYD_E_MALFORMED;
    }
    out->amount.fen = (int64_t)amount;
    out->value_date = (int32_t)date;
    return ZYD_OK;
}

static size_t list_name(uint8_t name[14], uint16_t settlement, const uint64_t *number)
{
    memcpy(name, "oblq", 4);
    zyd_put16(name + 4, settlement);
    if (number == NULL) {
        return 6;
    }
    zyd_put64(name + 6, *number);
    return 14;
}

void zyd_obligation_list_key(struct zyd_hash *out, uint16_t settlement, const uint64_t *number)
{
    uint8_t name[14];
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(name, list_name(name, settlement, number)));
}

/* The list of what waits for a cycle: o's is that of its programme's settlement programme.  append: it joins at the end.
 * waiting: change of the count of NET ones that are CREATED.  Numbered entries, so that a cycle finds them without looking at
 * anything else and the cost of one does not depend on the others. */
static uint32_t list(struct zyd_host *h, const struct zyd_obligation *o, bool append, int waiting)
{
    uint8_t mark;
    const struct zyd_programme *terms = zyd_host_programme(h, &mark, o->programme);
    uint8_t name[14], value[16];
    struct zyd_record record;
    struct zyd_hash key;
    uint64_t next = 0, count = 0, seq = 0;
    uint32_t code = 0;
    if (terms == NULL || terms->settlement == 0) {
        return 0;
    }
    struct zyd_hash head;
    zyd_host_key(h, &head, ZYD_CONTRACT_HOST, name, list_name(name, terms->settlement, NULL));
    if (zyd_host_read(h, &record, &head) == ZYD_OK) {
        zyd_assert(record.value.size == sizeof value);
        next = zyd_get64(record.value.data);
        count = zyd_get64(record.value.data + 8);
        seq = record.seq;
    }
    if (append) {
        zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, list_name(name, terms->settlement, &next));
        code = zyd_host_write(h, &key, ZYD_CONTRACT_HOST, ZYD_REC_META, 0, 1, zyd_span(o->id.b, ZYD_HASH_SIZE));
        next++;
    }
    if (o->gross == 0 && waiting != 0) {
        count = waiting > 0 ? count + 1 : count - (count > 0);
    }
    zyd_put64(value, next);
    zyd_put64(value + 8, count);
    return code != 0 ? code
                     : zyd_host_write(h, &head, ZYD_CONTRACT_HOST, ZYD_REC_META, 0, seq + 1, zyd_span(value, sizeof value));
}

/* age: how often it was rolled, the record's flags; stays at 255. */
static uint32_t write(struct zyd_host *h, const struct zyd_obligation *o, uint64_t seq, uint8_t age)
{
    uint8_t value[OBLIGATION_VALUE_SIZE];
    struct zyd_hash key;
    key_of(h, &key, &o->id);
    encode(value, o);
    return zyd_host_write(h, &key, ZYD_CONTRACT_HOST, ZYD_REC_OBLIGATION, age, seq, zyd_span(value, sizeof value));
}

static enum zyd_status read(struct zyd_host *h, struct zyd_obligation *out, uint64_t *seq, uint8_t *age,
                            const struct zyd_hash *id)
{
    struct zyd_hash key;
    struct zyd_record record;
    key_of(h, &key, id);
    enum zyd_status status = zyd_host_read(h, &record, &key);
    if (status != ZYD_OK) {
        return status;
    }
    *seq = record.seq;
    *age = record.flags;
    if (zyd_obligation_decode(out, record.value) != ZYD_OK) {
        h->fault = ZYD_E_DAMAGED;
        return h->fault;
    }
    return ZYD_OK;
}

enum zyd_status zyd_host_obligation_read(struct zyd_host *h, struct zyd_obligation *out, uint64_t *seq,
                                         const struct zyd_hash *id)
{
    uint8_t age;
    return read(h, out, seq, &age, id);
}

uint32_t zyd_host_obligation_make(struct zyd_host *h, struct zyd_obligation *io)
{
    const struct zyd_genesis *g = h->genesis;
    const struct call *call = &h->call;
    if (io->debtor >= g->member_count || io->creditor >= g->member_count || io->debtor == io->creditor ||
        io->amount.fen <= 0 || io->amount.fen > ZYD_MONEY_MAX || io->gross > 1) {
        return ZYD_CODE_RANGE;
    }
    /* Numbers from 2^31 on, so that an obligation never shares its id with an object of the same operation. */
    zyd_object_id_made(&io->id, &call->op_id, UINT32_C(0x80000000) | h->j.obligations);
    h->j.obligations++;
    io->object = call->object;
    io->contract = call->contract;
    io->programme = call->programme;
    io->state = CT_OBL_CREATED;
    io->value_date = zyd_date_of_ms((int64_t)h->block->time_ms); /* ruling 27: of the block that makes it */
    if (g->members[io->debtor].role == ZYD_ROLE_FISCAL || g->members[io->creditor].role == ZYD_ROLE_FISCAL) {
        io->gross = 1;
    }
    h->j.opened += (uint64_t)io->amount.fen;
    uint32_t code = write(h, io, 1, 0);
    return code != 0 ? code : list(h, io, true, 1);
}

static struct zyd_span account_of(char out[ZYD_ACCOUNT_MAX], const char *prefix, struct zyd_span code)
{
    size_t size = strlen(prefix);
    memcpy(out, prefix, size);
    memcpy(out + size, code.data, code.size);
    return zyd_span(out, size + code.size);
}

/* domain.md E5, rows 12 and 13, against cash 1001; E16, rows 1 and 2, against netting clearing 2199.  The maker hears of it
 * in the SYS phase of this block or the next. */
static uint32_t settle(struct zyd_host *h, struct zyd_obligation *o, uint64_t seq, uint8_t age, uint16_t label,
                       struct zyd_span against)
{
    const struct zyd_member *members = h->genesis->members;
    char owed[ZYD_ACCOUNT_MAX], due[ZYD_ACCOUNT_MAX];
    uint32_t code = zyd_host_post(h, o->debtor, o->programme, label,
                                  account_of(owed, "2141.", members[o->creditor].code), against, o->amount.fen, &o->id);
    if (code == 0) {
        code = zyd_host_post(h, o->creditor, o->programme, label, against,
                             account_of(due, "1141.", members[o->debtor].code), o->amount.fen, &o->id);
    }
    o->state = CT_OBL_SETTLED;
    code = code != 0 ? code : write(h, o, seq + 1, age);
    h->j.closed += (uint64_t)o->amount.fen;
    return code != 0 ? code
                     : zyd_host_deadline_set(h, ZYD_CONTRACT_HOST, o->programme, &o->id, ZYD_DEADLINE_SETTLED,
                                             h->block->time_ms);
}

/* May the running call move o so?  Code. */
static uint32_t move_fault(struct zyd_host *h, const struct zyd_obligation *o, enum ct_move move)
{
    const struct call *call = &h->call;
    if (move == CT_MOVE_REVERSE) {
        if (o->contract != call->contract || o->programme != call->programme) {
            return ZYD_CODE_RANGE;
        }
        return o->state == CT_OBL_CREATED    ? 0
               : o->state == CT_OBL_REVERSED ? ZYD_CODE_BAD_STATE
                                             : ZYD_CODE_ALREADY_INSTRUCTED; /* 3.0.10 */
    }
    uint8_t mark;
    const struct zyd_programme *terms = zyd_host_programme(h, &mark, o->programme);
    if (terms == NULL || call->terms == NULL || terms->settlement != call->programme ||
        call->terms->contract != call->contract) {
        return ZYD_CODE_RANGE;
    }
    bool ok = move == CT_MOVE_LOCK       ? o->state == CT_OBL_CREATED
              : move == CT_MOVE_INSTRUCT ? o->state == CT_OBL_LOCKED
              : move == CT_MOVE_SETTLE   ? o->state == CT_OBL_INSTRUCTED
                                         : o->state == CT_OBL_LOCKED || o->state == CT_OBL_INSTRUCTED;
    return ok && o->gross == 0 ? 0 : ZYD_CODE_BAD_STATE;
}

uint32_t zyd_host_obligation_move(struct zyd_host *h, uint32_t *age, const struct zyd_hash *id, enum ct_move move)
{
    struct zyd_obligation o;
    uint64_t seq;
    uint8_t rolled;
    enum zyd_status status = read(h, &o, &seq, &rolled, id);
    if (status != ZYD_OK) {
        return status == ZYD_E_NOT_FOUND ? ZYD_CODE_UNKNOWN_OBJECT : ZYD_CODE_LIMIT; /* the latter never seen: h->fault */
    }
    uint32_t code = move_fault(h, &o, move);
    if (code != 0) {
        return code;
    }
    rolled = (uint8_t)(rolled + (move == CT_MOVE_ROLL && rolled < UINT8_MAX));
    *age = rolled;
    switch (move) {
    case CT_MOVE_LOCK:
        o.state = CT_OBL_LOCKED;
        code = list(h, &o, false, -1);
        break;
    case CT_MOVE_INSTRUCT:
        o.state = CT_OBL_INSTRUCTED;
        break;
    case CT_MOVE_SETTLE:
        return settle(h, &o, seq, rolled, ZYD_LABEL_NETTED, zyd_span("2199", 4));
    case CT_MOVE_ROLL:
    case CT_MOVE_RELEASE:
        o.state = CT_OBL_CREATED;
        code = list(h, &o, true, 1);
        break;
    case CT_MOVE_REVERSE:
        o.state = CT_OBL_REVERSED;
        h->j.closed += (uint64_t)o.amount.fen;
        code = list(h, &o, false, -1);
        break;
    }
    return code != 0 ? code : write(h, &o, seq + 1, rolled);
}

static bool paid_args_ok(struct zyd_span args)
{
    struct zyd_rd rd = zyd_rd_of(args);
    zyd_rd_array_of(&rd, 1);
    zyd_rd_str(&rd, 1, 35);
    return zyd_rd_done(&rd) == ZYD_OK;
}

void zyd_host_paid(struct zyd_host *h, struct result *r, const struct zyd_op *op)
{
    struct zyd_obligation o;
    uint64_t seq;
    uint8_t age;
    r->fuel += TARIFF_READ + 2 * TARIFF_POST + TARIFF_WRITE + TARIFF_DEADLINE;
    if (!op->has_object) {
        r->code = ZYD_CODE_RANGE;
        return;
    }
    enum zyd_status status = read(h, &o, &seq, &age, &op->object);
    if (status != ZYD_OK) {
        r->code = ZYD_CODE_UNKNOWN_OBJECT;
        return;
    }
    r->seq = seq;
    if (op->programme != 0 && op->programme != o.programme) {
        r->code = ZYD_CODE_RANGE;
    } else if (op->expect_seq != seq) {
        r->code = ZYD_CODE_STALE_STATE;
    } else if (o.state != CT_OBL_CREATED || o.gross == 0) {
        r->code = ZYD_CODE_BAD_STATE;
    } else if (!paid_args_ok(op->args)) {
        r->code = ZYD_CODE_RANGE;
    } else if (op->member != o.debtor && op->member != o.creditor) {
        r->code = ZYD_CODE_SIGNER_MISSING;
    }
    if (r->code != 0) {
        return;
    }
    h->call.programme = o.programme;
    h->call.terms = zyd_host_programme(h, &h->call.mark, o.programme);
    h->call.needed = UINT64_C(1) << o.debtor | UINT64_C(1) << o.creditor;
    if (zyd_host_missing(h) != 0) {
        r->code = ZYD_CODE_SIGNER_MISSING;
        h->call.waits = true;
        return;
    }
    r->code = settle(h, &o, seq, age, ZYD_LABEL_SETTLED, zyd_span("1001", 4));
    r->seq = seq + 1;
}
