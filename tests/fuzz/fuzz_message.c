/* Arbitrary message bytes into a running machine, zyd_bft_check after every step.
 *
 * Input: records of one byte kind, one byte peer, u16 length, bytes.  Kinds: 0, 1 a message; 2 tick; 3 pool; 4 synced;
 * 5 verified; 6 built.  The signature check says yes when a signature's first byte is even, so the fuzzer reaches what lies
 * behind it and can play more than f liars: alarms are allowed, broken invariants and crashes are not. */
#include <stdlib.h>
#include <zyd/bft.h>

static bool half(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx, (void)pk, (void)msg, (void)size;
    return sig->b[0] % 2 == 0;
}
static void stamp(void *ctx, struct zyd_sig *sig, const void *msg, size_t size)
{
    struct zyd_hash h;
    (void)ctx;
    zyd_sha256(&h, msg, size);
    memset(sig, 0, sizeof *sig);
    memcpy(sig->b + 1, h.b, 32);
}

static struct zyd_hash asked;
static bool has_asked, has_build;
static struct zyd_header build;

static void step(struct zyd_bft *b, struct zyd_bft_in *in, int64_t now)
{
    struct zyd_bft_outs outs;
    in->now_ms = in->wall_ms = now;
    zyd_bft_step(b, &outs, in);
    zyd_bft_check(b);
    for (size_t i = 0; i < outs.count; i++) {
        const struct zyd_bft_out *out = &outs.items[i];
        if (out->kind == ZYD_BFT_OUT_VERIFY) {
            asked = out->hash;
            has_asked = true;
        } else if (out->kind == ZYD_BFT_OUT_BUILD) {
            build = *out->header;
            has_build = true;
        } else if (out->kind == ZYD_BFT_OUT_SEND && out->bytes.size == 0) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zyd_bft_config config;
    static void *mem;
    config = (struct zyd_bft_config){.epoch = 1, .n = 4, .me = 1, .rules_version = 1, .pace_ms = 5, .delta_ms = 100,
                                     .delta_max_ms = 3000, .heartbeat_ms = 60000, .precision_ms = 500,
                                     .msgdelay_ms = 2000};
    config.sig = (struct zyd_sig_ops){.verify = half, .sign = stamp};
    config.genesis.version = ZYD_HEADER_VERSION;
    config.genesis.rules_version = 1;
    if (mem == NULL && (mem = malloc(zyd_bft_footprint())) == NULL) {
        return 0;
    }
    struct zyd_bft *b = zyd_bft_init(mem, &config);
    int64_t now = 1000;
    has_asked = has_build = false;
    step(b, &(struct zyd_bft_in){.kind = ZYD_BFT_IN_START}, now);
    while (size >= 4) {
        uint8_t kind = data[0] % 7, peer = data[1];
        size_t length = zyd_get16(data + 2);
        data += 4;
        size -= 4;
        length = length > size ? size : length;
        struct zyd_bft_in in = {.kind = ZYD_BFT_IN_TICK, .peer = peer};
        switch (kind) {
        case 0:
        case 1:
            in.kind = ZYD_BFT_IN_MESSAGE;
            in.bytes = zyd_span(data, length);
            break;
        case 2:
            now += peer * 4;
            break;
        case 3:
            in.kind = ZYD_BFT_IN_POOL;
            in.pool_nonempty = peer & 1;
            in.sys_due = (peer & 2) != 0;
            break;
        case 4:
            in.kind = ZYD_BFT_IN_SYNCED;
            in.seq = zyd_bft_take_seq(b);
            break;
        case 5:
            in.kind = ZYD_BFT_IN_VERIFIED;
            in.hash = asked;
            in.ok = (peer & 1) != 0;
            if (!has_asked) {
                in.kind = ZYD_BFT_IN_TICK;
            }
            break;
        default:
            in.kind = ZYD_BFT_IN_BUILT;
            in.header = &build;
            in.ok = (peer & 1) != 0;
            if (!has_build) {
                in.kind = ZYD_BFT_IN_TICK;
            }
            break;
        }
        step(b, &in, now);
        data += length;
        size -= length;
    }
    return 0;
}
