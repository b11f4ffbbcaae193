/* Arbitrary peer messages into one running replica of four, which can be driven to build, vote and commit.
 *
 * Input: records of one byte command, one byte argument, u16 length, bytes.  Commands (mod 8): 0..2 a message of peer
 * argument mod 4; 3 time passes; 4 all PERSISTs are synced; 5 a peer casts the vote that we cast last; 6 a client submits the
 * bytes; 7 a query, or a link goes up or down.  The signature check says yes when a signature's first byte is even: the fuzzer
 * reaches what lies behind it.  Alarms are allowed; crashes, failed assertions and reads out of bounds are not. */
#include "tests/lib/consortium.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <zyd/replica.h>

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

struct run {
    struct zyd_replica *r;
    int64_t now;
    uint64_t seq;
    struct zyd_vote vote;
    bool has_vote, dead;
};

static void step(struct run *f, struct zyd_ev *ev)
{
    struct zyd_fx_list fx;
    ev->now_ms = f->now;
    ev->wall_ms = INT64_C(1767229200000) + f->now;
    enum zyd_status status = zyd_replica_step(f->r, &fx, ev);
    uint64_t bytes = 0;
    for (size_t i = 0; i < fx.count; i++) {
        const struct zyd_fx *x = &fx.items[i];
        for (size_t k = 0; k < x->bytes.size; k += 64) {
            bytes += x->bytes.data[k]; /* readable to the end */
        }
        if (x->kind == ZYD_FX_PERSIST) {
            zyd_assert(x->seq == f->seq + 1);
            f->seq = x->seq;
        }
        if (x->kind == ZYD_FX_PERSIST && x->persist == ZYD_PERSIST_VOTE) {
            f->has_vote = zyd_vote_decode(&f->vote, x->bytes) == ZYD_OK;
        }
    }
    zyd_assert(bytes < UINT64_MAX);
    (void)zyd_replica_deadline_ms(f->r);
    f->dead = status == ZYD_E_STORE || status == ZYD_E_DAMAGED;
}

static void echo_vote(struct run *f, uint8_t peer)
{
    uint8_t msg[1 + ZYD_VOTE_SIZE] = {ZYD_MSG_VOTE};
    struct zyd_vote v = f->vote;
    v.signer = peer;
    stamp(NULL, &v.sig, &peer, 1);
    zyd_vote_encode(msg + 1, &v);
    step(f, &(struct zyd_ev){.kind = ZYD_EV_MESSAGE, .peer = peer, .bytes = zyd_span(msg, sizeof msg)});
}

static void command(struct run *f, uint8_t what, uint8_t arg, struct zyd_span bytes)
{
    switch (what % 8) {
    case 3:
        f->now += arg * 8;
        step(f, &(struct zyd_ev){.kind = ZYD_EV_TIMEOUT});
        break;
    case 4:
        step(f, &(struct zyd_ev){.kind = ZYD_EV_SYNCED, .seq = f->seq});
        break;
    case 5:
        if (f->has_vote) {
            echo_vote(f, (uint8_t)(1 + arg % 3));
        }
        break;
    case 6:
        step(f, &(struct zyd_ev){.kind = ZYD_EV_SUBMIT, .ticket = 1, .bytes = bytes});
        break;
    case 7:
        if (arg % 2 == 0) {
            step(f, &(struct zyd_ev){.kind = ZYD_EV_QUERY, .ticket = 1, .bytes = bytes});
        } else {
            step(f, &(struct zyd_ev){.kind = ZYD_EV_PEER, .peer = arg / 2 % 4, .up = arg / 8 % 2 == 0});
        }
        break;
    default:
        step(f, &(struct zyd_ev){.kind = ZYD_EV_MESSAGE, .peer = arg % 4, .bytes = bytes});
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zyd_test_consortium c;
    static bool made;
    if (!made) {
        zyd_test_consortium_plan(&c, 4, 4);
        zyd_test_consortium_seal(&c);
        made = true;
    }
    struct zyd_replica_config cfg = {.genesis = &c.g,
                                     .kv = zyd_kv_empty(),
                                     .sig = {NULL, half, stamp},
                                     .me_member = 0,
                                     .me = 0};
    zyd_replica_limits_small(&cfg.limits);
    size_t room = zyd_replica_footprint(&cfg);
    void *mem = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    zyd_assert(mem != MAP_FAILED);
    struct run f = {.r = zyd_replica_init(mem, &cfg), .now = 1000};
    const char *why;
    zyd_assert(zyd_replica_load(f.r, &why, NULL) == ZYD_OK);
    step(&f, &(struct zyd_ev){.kind = ZYD_EV_START});
    for (uint8_t p = 1; p < 4; p++) {
        step(&f, &(struct zyd_ev){.kind = ZYD_EV_PEER, .peer = p, .up = true});
    }
    while (size >= 4 && !f.dead) {
        size_t n = zyd_get16(data + 2);
        n = n > size - 4 ? size - 4 : n;
        command(&f, data[0], data[1], zyd_span(data + 4, n));
        data += 4 + n;
        size -= 4 + n;
    }
    munmap(mem, room);
    return 0;
}
