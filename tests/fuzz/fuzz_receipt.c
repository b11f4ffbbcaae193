/* Receipts: what decodes, encodes to the same bytes and can be checked against a real genesis. */
#include "tests/lib/consortium.h"

static struct zyd_test_consortium c;
static uint8_t buf[1 << 20];

static bool verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    (void)pk;
    (void)msg;
    (void)size;
    return (sig->b[0] & 1) == 0; /* lets the fuzzer past half of all signatures */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zyd_receipt r;
    const char *why = NULL;
    struct zyd_sig_ops ops = {NULL, verify, NULL};
    if (c.g.member_count == 0) {
        zyd_test_consortium_plan(&c, 4, 6);
        zyd_test_consortium_seal(&c);
    }
    if (zyd_receipt_decode(&r, zyd_span(data, size)) == ZYD_OK) {
        struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
        zyd_receipt_encode(&w, &r);
        zyd_assert(w.full || (w.size == size && memcmp(buf, data, size) == 0));
        enum zyd_status st = zyd_receipt_check(&r, &why, &c.g, &ops);
        zyd_assert(why != NULL && (st == ZYD_OK) == (why[0] == 0));
    }
    return 0;
}
