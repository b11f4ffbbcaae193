/* A peer link fed with arbitrary bytes in arbitrary portions, as dialler and as listener, and as the far end of an open link:
 * nothing may crash, nothing may be believed, and the bytes asked for stay within the frame limit. */
#include <stdlib.h>

#include "node/io/link.h"

static struct link_ident ident(uint8_t me)
{
    struct link_ident id = {.genesis = {{5}}, .me = me, .peer_count = 3, .rekey_bytes = 1000};
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)}, sk[ZYD_SK_SIZE];
        crypto_sign_seed_keypair(id.peers[i].b, sk, seed);
        if (i == me) {
            id.pk = id.peers[i];
            memcpy(id.sk, sk, sizeof sk);
        }
    }
    return id;
}

static void read_items(struct zyd_span plain)
{
    enum link_item kind;
    struct zyd_span bytes;
    size_t pos = 0, total = 0;
    while (zyd_link_item(&kind, &bytes, &pos, plain) == ZYD_OK)
        total += bytes.size;
    zyd_assert(pos <= plain.size && total <= plain.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct link_ident ids[2];
    static uint8_t buf[8192];
    if (ids[0].peer_count == 0) {
        zyd_assert(sodium_init() >= 0);
        ids[0] = ident(0);
        ids[1] = ident(1);
    }
    if (size < 2 || size > 4096)
        return 0;
    read_items(zyd_span(data, size));
    bool dialler = (data[0] & 1) != 0;
    struct link l;
    struct link_out out;
    zyd_link_start(&l, &out, &ids[0], dialler, 1, 0);
    size_t have = 0, from = 2;
    if (data[0] & 2) { /* a hello that gets past the first checks */
        struct link other;
        struct link_out hello;
        zyd_link_start(&other, &hello, &ids[1], true, 0, 0);
        memcpy(buf, hello.data, hello.size);
        have = hello.size;
    }
    while (from < size || have > 0) {
        size_t portion = 1u + data[1] % 97u;
        portion = portion > size - from ? size - from : portion;
        memcpy(buf + have, data + from, portion);
        have += portion;
        from += portion;
        struct zyd_span plain;
        size_t used, need;
        enum link_step step = zyd_link_take(&l, &plain, &out, &used, &need, buf, have);
        zyd_assert(used <= have && need <= 4u + LINK_FRAME_MAX);
        zyd_assert(step != LINK_AUTHED && step != LINK_FRAME); /* without a key nobody gets here */
        if (step == LINK_FAILED)
            break;
        memmove(buf, buf + used, have - used);
        have -= used;
        if (step == LINK_MORE && (portion == 0 || have + 97 > sizeof buf))
            break;
    }
    return 0;
}
