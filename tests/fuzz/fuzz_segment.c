/* Export segments: any bytes are opened and read to the end with every check of zyd/verify.h over every block, and neither
 * crash, nor read past the end, nor accept what does not encode to itself.  The footer's magic and size are put right first, so
 * that the fuzzer gets behind them. */
#include <stdlib.h>
#include <zyd/io.h>
#include <zyd/verify.h>

static struct zyd_genesis g; /* of the ledger in the corpus: tests/fuzz/segment.genesis */
static uint8_t scratch_mem[4u << 20];

static bool verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    (void)pk;
    (void)msg;
    (void)size;
    return (sig->b[0] & 1) == 0; /* lets the fuzzer past half of all signatures */
}

static void check_block(const struct zyd_block_view *b, struct zyd_span finality, const struct zyd_header *prev)
{
    struct zyd_sig_ops sig = {NULL, verify, NULL};
    struct zyd_fault f = {.rule = NULL};
    struct zyd_arena scratch;
    struct zyd_frontier before, log;
    zyd_arena_init(&scratch, scratch_mem, sizeof scratch_mem);
    enum zyd_status st = zyd_verify_chain(&f, &g, b, prev);
    zyd_assert(st == ZYD_OK || f.rule != NULL);
    st = zyd_verify_quorum(&f, &g, b, finality, &sig);
    zyd_assert(st == ZYD_OK || f.rule != NULL);
    st = zyd_verify_entries(&f, &g, b, &sig);
    zyd_assert(st == ZYD_OK || f.rule != NULL);
    if (zyd_frontier_decode(&before, b->frontier) == ZYD_OK) {
        log = before;
        enum zyd_status history = zyd_verify_history(&f, &log, &scratch, b, prev);
        zyd_assert(history != ZYD_OK || (log.size == b->header.log_size && log.size > before.size));
        log = before;
        zyd_arena_reset(&scratch);
        st = zyd_verify_body(&f, &log, &scratch, &g, b, prev, &sig);
        zyd_assert(st != ZYD_OK || history == ZYD_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zyd_segment s;
    const char *why = NULL;
    if (g.member_count == 0) {
        struct zyd_err err = {0};
        uint8_t *body;
        size_t body_size;
        enum zyd_status read = zyd_file_read(&body, &body_size, &err, ZYD_SOURCE_DIR "/tests/fuzz/segment.genesis", 1u << 20);
        zyd_assert(read == ZYD_OK);
        read = zyd_genesis_decode(&g, &why, zyd_span(body, body_size));
        zyd_assert(read == ZYD_OK);
    }
    uint8_t *copy = malloc(size + 1);
    zyd_assert(copy != NULL);
    memcpy(copy, data, size);
    if (size > ZYD_SEGMENT_FOOT_SIZE) {
        memcpy(copy + size - ZYD_SEGMENT_FOOT_SIZE, "ZYDSEGE1", 8);
        zyd_put64(copy + size - ZYD_SEGMENT_FOOT_SIZE + 20, size - ZYD_SEGMENT_FOOT_SIZE);
    }
    if (zyd_segment_open(&s, &why, zyd_span(copy, size)) == ZYD_OK) {
        struct zyd_header prev = {.log_size = s.head.first_index};
        size_t pos = s.frames_at;
        enum zyd_status st = ZYD_OK;
        uint64_t blocks = 0;
        while (st == ZYD_OK) {
            struct zyd_block_view b;
            struct zyd_span finality;
            st = zyd_segment_next(&b, &finality, &pos, &s);
            zyd_assert(pos <= s.frames_end);
            if (st == ZYD_OK) {
                check_block(&b, finality, &prev);
                prev = b.header;
                blocks++;
            }
        }
        zyd_assert(st != ZYD_E_NOT_FOUND || pos == s.frames_end);
    } else {
        zyd_assert(why != NULL && why[0] != '\0');
    }
    free(copy);
    return 0;
}
