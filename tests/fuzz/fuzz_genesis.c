/* Genesis bodies: what decodes, encodes to the same bytes; a refusal says why. */
#include <zyd/genesis.h>

static struct zyd_genesis g;
static uint8_t buf[ZYD_GENESIS_SIZE_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *why = NULL;
    if (zyd_genesis_decode(&g, &why, zyd_span(data, size)) == ZYD_OK) {
        struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
        zyd_genesis_encode(&w, &g);
        zyd_assert(!w.full && w.size == size && memcmp(buf, data, size) == 0);
    } else {
        zyd_assert(why != NULL && why[0] != 0);
    }
    return 0;
}
