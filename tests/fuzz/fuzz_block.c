/* Block values, headers, frontiers, finality proofs, outcomes, leaves: what decodes, encodes to the same bytes; a block of
 * any content can be opened for receipts without harm. */
#include <zyd/state.h>

static uint8_t buf[1 << 20], mem[4 << 20], leaf[ZYD_LOG_LEAF_MAX + 1];
static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
static uint32_t warnings[ZYD_CALL_WARNINGS_MAX];

static void same(const struct zyd_wr *w, struct zyd_span in)
{
    zyd_assert(w->full || (w->size == in.size && memcmp(w->data, in.data, in.size) == 0));
}

static void block(struct zyd_span in)
{
    struct zyd_block_view v;
    if (zyd_block_decode(&v, in) != ZYD_OK) {
        return;
    }
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
    zyd_block_encode(&w, &v);
    same(&w, in);
    struct zyd_arena a;
    struct zyd_receipt_block rb;
    struct zyd_receipt r;
    struct zyd_finality f = {.header_count = 0};
    zyd_arena_init(&a, mem, sizeof mem);
    if (zyd_receipt_open(&rb, &a, &v, &v.header) == ZYD_OK) {
        (void)!zyd_receipt_of(&r, leaf, &rb, &f, 0, 0);
    }
}

static void parts(struct zyd_span in)
{
    struct zyd_header h;
    struct zyd_frontier fr;
    struct zyd_finality fin;
    struct zyd_outcome o;
    struct zyd_record rec;
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
    if (zyd_header_decode(&h, in) == ZYD_OK) {
        zyd_header_encode(buf, &h);
        zyd_assert(in.size == ZYD_HEADER_SIZE && memcmp(buf, in.data, in.size) == 0);
    }
    if (zyd_frontier_decode(&fr, in) == ZYD_OK) {
        zyd_frontier_encode(&w, &fr);
        same(&w, in);
    }
    if (zyd_finality_decode(&fin, in) == ZYD_OK) {
        w = zyd_wr_of(buf, sizeof buf);
        zyd_finality_encode(&w, &fin);
        same(&w, in);
    }
    if (zyd_outcome_decode(&o, postings, events, warnings, in) == ZYD_OK) {
        w = zyd_wr_of(buf, sizeof buf);
        zyd_outcome_encode(&w, &o);
        same(&w, in);
    }
    if (zyd_leaf_decode(&rec, in) == ZYD_OK) {
        w = zyd_wr_of(buf, sizeof buf);
        zyd_leaf_encode(&w, &rec);
        same(&w, in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    block(zyd_span(data, size));
    parts(zyd_span(data, size));
    return 0;
}
