/* Envelopes and operations: what decodes, encodes to the same bytes; nothing is allocated. */
#include <zyd/ledger.h>

static uint8_t buf[ZYD_OP_SIZE_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zyd_env env;
    struct zyd_op op;
    if (zyd_env_decode(&env, zyd_span(data, size)) == ZYD_OK) {
        size_t pos = 0;
        uint32_t n = 0;
        while (zyd_env_next_op(&op, &env, &pos)) {
            struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
            zyd_op_encode(&w, &op);
            zyd_assert(!w.full && w.size == op.bytes.size && memcmp(buf, op.bytes.data, w.size) == 0);
            n++;
        }
        zyd_assert(n == env.op_count);
    }
    if (zyd_op_decode(&op, zyd_span(data, size)) == ZYD_OK) {
        struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
        zyd_op_encode(&w, &op);
        zyd_assert(!w.full && w.size == size && memcmp(buf, data, size) == 0);
    }
    return 0;
}
