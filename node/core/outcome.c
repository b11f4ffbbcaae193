#include <zyd/ledger.h>



static void write_hash_or_nil(struct zyd_wr *wr, bool present, const struct zyd_hash *h)
{
    if (present) {
        zyd_wr_hash(wr, h);
    } else {
        zyd_wr_nil(wr);
    }
}

static bool read_hash_or_nil(struct zyd_rd *rd, struct zyd_hash *out)
{
    if (zyd_rd_nil(rd)) {
        memset(out->b, 0, sizeof out->b);
        return false;
    }
    zyd_rd_hash(rd, out);
    return true;
}

static void write_posting(struct zyd_wr *wr, const struct zyd_posting *p)
{
    zyd_wr_array(wr, 7);
    zyd_wr_u64(wr, p->member);
    zyd_wr_u64(wr, p->programme);
    zyd_wr_u64(wr, p->label);
    zyd_wr_str(wr, p->dr, strlen(p->dr));
    zyd_wr_str(wr, p->cr, strlen(p->cr));
    zyd_wr_i64(wr, p->amount.fen);
    write_hash_or_nil(wr, !zyd_hash_is_zero(&p->obligation), &p->obligation);
}

void zyd_outcome_encode(struct zyd_wr *wr, const struct zyd_outcome *o)
{
    zyd_wr_array(wr, 12);
    zyd_wr_hash(wr, &o->op_id);
    zyd_wr_u64(wr, o->code);
    zyd_wr_u64(wr, o->fuel);
    write_hash_or_nil(wr, o->has_object, &o->object);
    zyd_wr_u64(wr, o->seq);
    zyd_wr_u64(wr, o->due_ms);
    zyd_wr_u64(wr, o->deadline);
    zyd_wr_u64(wr, o->contract);
    zyd_wr_u64(wr, o->event);
    zyd_wr_array(wr, o->posting_count);
    for (uint32_t i = 0; i < o->posting_count; i++) {
        write_posting(wr, &o->postings[i]);
    }
    zyd_wr_array(wr, o->event_count);
    for (uint32_t i = 0; i < o->event_count; i++) {
        zyd_wr_array(wr, 2);
        zyd_wr_u64(wr, o->events[i].code);
        zyd_wr_bin(wr, o->events[i].data.data, o->events[i].data.size);
    }
    zyd_wr_array(wr, o->warning_count);
    for (uint32_t i = 0; i < o->warning_count; i++) {
        zyd_wr_u64(wr, o->warnings[i]);
    }
}

/* An account code: 1..40 visible ASCII characters. */
static void read_account(struct zyd_rd *rd, char out[ZYD_ACCOUNT_MAX + 1])
{
    struct zyd_span s = zyd_rd_str(rd, 1, ZYD_ACCOUNT_MAX);
    memset(out, 0, ZYD_ACCOUNT_MAX + 1);
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] <= 0x20 || s.data[i] > 0x7e) {
            rd->bad = true;
        }
        out[i] = (char)s.data[i];
    }
}

static void read_posting(struct zyd_rd *rd, struct zyd_posting *p)
{
    (void)zyd_rd_array_of(rd, 7);
    p->member = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    p->programme = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    p->label = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    read_account(rd, p->dr);
    read_account(rd, p->cr);
    p->amount.fen = zyd_rd_i64(rd, 1, ZYD_MONEY_MAX);
    if (read_hash_or_nil(rd, &p->obligation) && zyd_hash_is_zero(&p->obligation)) {
        rd->bad = true; /* none is written as nil, so zeros would be a second encoding */
    }
}

enum zyd_status zyd_outcome_decode(struct zyd_outcome *out, struct zyd_posting *postings, struct zyd_emitted *events,
                                   uint32_t *warnings, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    (void)zyd_rd_array_of(&rd, 12);
    zyd_rd_hash(&rd, &out->op_id);
    out->code = (uint32_t)zyd_rd_u64(&rd, UINT32_MAX);
    out->fuel = zyd_rd_u64(&rd, UINT64_MAX);
    out->has_object = read_hash_or_nil(&rd, &out->object);
    out->seq = zyd_rd_u64(&rd, UINT64_MAX);
    out->due_ms = zyd_rd_u64(&rd, UINT64_MAX);
    out->deadline = (uint8_t)zyd_rd_u64(&rd, UINT8_MAX);
    out->contract = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
    out->event = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
    out->posting_count = zyd_rd_array(&rd, ZYD_CALL_POSTINGS_MAX);
    for (uint32_t i = 0; i < out->posting_count && !rd.bad; i++) {
        read_posting(&rd, &postings[i]);
    }
    out->event_count = zyd_rd_array(&rd, ZYD_CALL_EVENTS_MAX);
    for (uint32_t i = 0; i < out->event_count && !rd.bad; i++) {
        (void)zyd_rd_array_of(&rd, 2);
        events[i].code = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
        events[i].data = zyd_rd_bin(&rd, ZYD_CALL_EVENT_BYTES_MAX);
    }
    out->warning_count = zyd_rd_array(&rd, ZYD_CALL_WARNINGS_MAX);
    for (uint32_t i = 0; i < out->warning_count && !rd.bad; i++) {
        warnings[i] = (uint32_t)zyd_rd_u64(&rd, UINT32_MAX);
    }
    out->postings = postings;
    out->events = events;
    out->warnings = warnings;
    if (!out->has_object && out->seq != 0) {
        return ZYD_E_MALFORMED;
    }
    return zyd_rd_done(&rd);
}
