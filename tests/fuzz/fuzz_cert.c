/* Votes, certificates and justifications: what decodes, encodes to the same bytes. */
#include <zyd/ledger.h>

static struct zyd_cert certs[ZYD_JUST_MAX];
static uint8_t buf[1 + ZYD_JUST_MAX * ZYD_CERT_SIZE_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zyd_vote v;
    struct zyd_hash root;
    size_t count;
    if (zyd_vote_decode(&v, zyd_span(data, size)) == ZYD_OK) {
        zyd_vote_encode(buf, &v);
        zyd_assert(size == ZYD_VOTE_SIZE && memcmp(buf, data, size) == 0);
    }
    struct zyd_rd rd = zyd_rd_of(zyd_span(data, size));
    zyd_cert_read(&rd, &certs[0]);
    if (!rd.bad) {
        struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
        zyd_cert_encode(&w, &certs[0]);
        zyd_assert(w.size == rd.pos && w.size == zyd_cert_size(&certs[0]) && memcmp(buf, data, w.size) == 0);
    }
    if (zyd_just_decode(certs, &count, zyd_span(data, size)) == ZYD_OK) {
        struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
        zyd_just_encode(&w, certs, count);
        zyd_assert(!w.full && w.size == size && memcmp(buf, data, size) == 0);
        zyd_just_root(&root, certs, count);
    }
    return 0;
}
