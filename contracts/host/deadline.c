/* deadline.c: one record of deadlines an object; the state's due entries are hints that are compared with it. */
#include "impl.h"

#define DUE_MS_MAX UINT64_C(253402300800000) /* end of the year 9999 */

static size_t name_of(uint8_t name[4 + ZYD_HASH_SIZE], const struct zyd_hash *object)
{
    memcpy(name, "dead", 4);
    memcpy(name + 4, object->b, ZYD_HASH_SIZE);
    return 4 + ZYD_HASH_SIZE;
}

void zyd_deadlines_key(struct zyd_hash *out, const struct zyd_hash *object)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(name, name_of(name, object)));
}

/* The part that the state rebuilds its due entries from stands first (zyd/state.h). */
enum zyd_status zyd_deadlines_decode(struct zyd_deadlines *out, struct zyd_span value)
{
    struct zyd_rd rd = zyd_rd_of(value);
    memset(out, 0, sizeof *out);
    zyd_due_part_read(&rd, &out->object, out->slots, &out->count);
    bool ok = out->count <= SLOTS_MAX;
    for (uint8_t i = 0; ok && i < out->count; i++) {
        ok = out->slots[i].due_ms != 0 && (i == 0 || out->slots[i].number > out->slots[i - 1].number);
    }
    out->contract = zyd_rx_u16(&rd);
    out->programme = zyd_rx_u16(&rd);
    return ok && zyd_rd_done(&rd) == ZYD_OK ? ZYD_OK : ZYD_E_MALFORMED;
}

static enum zyd_status read(struct zyd_host *h, struct zyd_deadlines *out, uint64_t *seq, const struct zyd_hash *object)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    struct zyd_hash key;
    struct zyd_record record;
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, name_of(name, object));
    enum zyd_status status = zyd_host_read(h, &record, &key);
    if (status != ZYD_OK) {
        return status;
    }
    *seq = record.seq;
    if (zyd_deadlines_decode(out, record.value) != ZYD_OK) {
        h->fault = ZYD_E_DAMAGED;
        return h->fault;
    }
    return ZYD_OK;
}

enum zyd_status zyd_host_deadlines_read(struct zyd_host *h, struct zyd_deadlines *out, const struct zyd_hash *object)
{
    uint64_t seq;
    return read(h, out, &seq, object);
}

static uint32_t write(struct zyd_host *h, const struct zyd_deadlines *d, uint64_t seq, const struct zyd_hash *object)
{
    uint8_t value[37 + SLOTS_MAX * 9], name[4 + ZYD_HASH_SIZE];
    struct zyd_hash key;
    struct zyd_wr wr = zyd_wr_of(value, sizeof value);
    zyd_due_part_encode(&wr, object, d->slots, d->count);
    zyd_wx_u16(&wr, d->contract);
    zyd_wx_u16(&wr, d->programme);
    zyd_assert(!wr.full);
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, name_of(name, object));
    return zyd_host_write(h, &key, ZYD_CONTRACT_HOST, ZYD_REC_DEADLINES, 0, seq, zyd_wr_span(&wr));
}

static void set_slot(struct zyd_deadlines *d, uint8_t number, uint64_t due_ms)
{
    uint8_t at = 0;
    while (at < d->count && d->slots[at].number < number) {
        at++;
    }
    bool there = at < d->count && d->slots[at].number == number;
    uint8_t after = (uint8_t)(d->count - at);
    if (due_ms == 0 && there) {
        memmove(&d->slots[at], &d->slots[at + 1], (size_t)(after - 1) * sizeof d->slots[0]);
        d->count--;
    } else if (due_ms != 0) {
        if (!there) {
            zyd_assert(d->count < SLOTS_MAX); /* a contract has 8 numbers, the host one an object */
            memmove(&d->slots[at + 1], &d->slots[at], (size_t)after * sizeof d->slots[0]);
            d->count++;
        }
        d->slots[at].number = number;
        d->slots[at].due_ms = due_ms;
    }
}

uint32_t zyd_host_deadline_set(struct zyd_host *h, uint16_t contract, uint16_t programme, const struct zyd_hash *object,
                               uint8_t number, uint64_t due_ms)
{
    struct zyd_deadlines d;
    uint64_t seq = 0;
    if (due_ms > DUE_MS_MAX) {
        return ZYD_CODE_RANGE;
    }
    enum zyd_status status = read(h, &d, &seq, object);
    if (status == ZYD_E_NOT_FOUND) {
        if (due_ms == 0) {
            return 0;
        }
        memset(&d, 0, sizeof d);
        d.contract = contract;
        d.programme = programme;
    } else if (status != ZYD_OK) {
        return ZYD_CODE_LIMIT; /* never seen: h->fault ends the block */
    }
    if (d.contract != contract) {
        return ZYD_CODE_BAD_STATE; /* another contract keeps deadlines under this id */
    }
    set_slot(&d, number, due_ms);
    uint32_t code = write(h, &d, seq + 1, object);
    if (code == 0 && due_ms != 0) {
        if (h->j.due_count == DUES_MAX) {
            return ZYD_CODE_LIMIT;
        }
        struct zyd_due *due = &h->j.dues[h->j.due_count++];
        memset(due, 0, sizeof *due);
        due->due_ms = due_ms;
        due->object = *object;
        due->number = number;
    }
    return code;
}

bool zyd_host_deadline_due(struct zyd_host *h, struct zyd_due *out, uint16_t contract, const struct zyd_hash *object,
                           uint64_t time_ms)
{
    struct zyd_deadlines d;
    bool found = false;
    memset(out, 0, sizeof *out);
    if (zyd_host_deadlines_read(h, &d, object) != ZYD_OK || d.contract != contract) {
        return false;
    }
    for (uint8_t i = 0; i < d.count; i++) { /* ascending number: the first of equal instants wins */
        if (d.slots[i].due_ms <= time_ms && (!found || d.slots[i].due_ms < out->due_ms)) {
            out->due_ms = d.slots[i].due_ms;
            out->number = d.slots[i].number;
            out->object = *object;
            found = true;
        }
    }
    return found;
}

bool zyd_host_deadline_holds(struct zyd_host *h, const struct zyd_due *due)
{
    struct zyd_deadlines d;
    if (zyd_host_deadlines_read(h, &d, &due->object) != ZYD_OK) {
        return false;
    }
    for (uint8_t i = 0; i < d.count; i++) {
        if (d.slots[i].number == due->number) {
            return d.slots[i].due_ms == due->due_ms;
        }
    }
    return false;
}
