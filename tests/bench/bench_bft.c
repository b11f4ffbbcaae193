/* What ordering costs: n machines in one process, no network, no disk, no execution; real Ed25519.
 * usage: bench_bft [blocks]; for n = 4, 7, 16 and 31 prints blocks a second of one member's work, where the time goes by
 * counting signature checks, and bytes sent a block.  One core; everything but the machine itself is a queue of pointers. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zyd/bft.h>

struct message {
    uint8_t from, to;
    uint8_t *bytes;
    size_t size;
};
struct member {
    struct zyd_bft *bft;
    void *mem;
    uint8_t sk[ZYD_SK_SIZE];
    uint64_t final;
};
static struct member members[ZYD_VALIDATORS_MAX];
static struct message *queue;
static size_t queue_head, queue_tail, queue_cap;
static uint64_t checks, signs, sent_bytes, steps;
static uint8_t n;
static int64_t now;

static bool verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    checks++;
    return zyd_sig_verify(pk, msg, size, sig);
}
static void sign(void *ctx, struct zyd_sig *sig, const void *msg, size_t size)
{
    signs++;
    zyd_sig_sign(sig, ((struct member *)ctx)->sk, msg, size);
}

static void step(uint8_t i, struct zyd_bft_in *in);

static void post(uint8_t from, uint8_t to, struct zyd_span bytes)
{
    if (queue_tail == queue_cap) {
        memmove(queue, queue + queue_head, (queue_tail - queue_head) * sizeof *queue);
        queue_tail -= queue_head;
        queue_head = 0;
        if (queue_tail >= queue_cap / 2) {
            queue_cap = 2 * queue_cap + 1024;
            queue = realloc(queue, queue_cap * sizeof *queue);
            if (queue == NULL) {
                abort();
            }
        }
    }
    struct message m = {.from = from, .to = to, .bytes = malloc(bytes.size), .size = bytes.size};
    if (m.bytes == NULL) {
        abort();
    }
    memcpy(m.bytes, bytes.data, bytes.size);
    sent_bytes += bytes.size;
    queue[queue_tail++] = m;
}

/* Answers wait until the step's outputs were all read. */
static void step(uint8_t i, struct zyd_bft_in *in)
{
    struct zyd_bft_outs outs;
    struct zyd_hash verified[8];
    struct zyd_header built;
    size_t verify_count = 0;
    uint64_t seq = 0;
    bool build = false;
    in->now_ms = now;
    in->wall_ms = now + 1000;
    zyd_bft_step(members[i].bft, &outs, in);
    steps++;
    for (size_t k = 0; k < outs.count; k++) {
        const struct zyd_bft_out *out = &outs.items[k];
        if (out->seq > seq) {
            seq = out->seq;
        }
        if (out->kind == ZYD_BFT_OUT_SEND) {
            for (uint8_t to = 0; to < n; to++) {
                if (to != i && (out->peer == ZYD_BFT_ALL || out->peer == to)) {
                    post(i, to, out->bytes);
                }
            }
        } else if (out->kind == ZYD_BFT_OUT_BUILD) {
            built = *out->header;
            build = true;
        } else if (out->kind == ZYD_BFT_OUT_VERIFY && verify_count < 8) {
            verified[verify_count++] = out->hash;
        } else if (out->kind == ZYD_BFT_OUT_COMMIT) {
            members[i].final = out->height;
        }
    }
    if (seq > 0) {
        step(i, &(struct zyd_bft_in){.kind = ZYD_BFT_IN_SYNCED, .seq = seq});
    }
    for (size_t k = 0; k < verify_count; k++) {
        step(i, &(struct zyd_bft_in){.kind = ZYD_BFT_IN_VERIFIED, .hash = verified[k], .ok = true});
    }
    if (build) {
        step(i, &(struct zyd_bft_in){.kind = ZYD_BFT_IN_BUILT, .header = &built, .ok = true});
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(uint64_t blocks)
{
    struct zyd_bft_config config = {.epoch = 1, .n = n, .pace_ms = 0, .delta_ms = 1000, .delta_max_ms = 3000,
                                    .precision_ms = 1000000, .msgdelay_ms = 1000};
    config.genesis.version = ZYD_HEADER_VERSION;
    for (uint8_t i = 0; i < n; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        crypto_sign_seed_keypair(config.pks[i].b, members[i].sk, seed);
    }
    now = 1;
    for (uint8_t i = 0; i < n; i++) {
        config.me = i;
        config.sig = (struct zyd_sig_ops){.ctx = &members[i], .verify = verify, .sign = sign};
        if ((members[i].mem = malloc(zyd_bft_footprint())) == NULL) {
            abort();
        }
        members[i].bft = zyd_bft_init(members[i].mem, &config);
        members[i].final = 0;
        step(i, &(struct zyd_bft_in){.kind = ZYD_BFT_IN_START});
    }
    checks = signs = sent_bytes = steps = 0;
    double began = seconds();
    for (uint8_t i = 0; i < n; i++) {
        step(i, &(struct zyd_bft_in){.kind = ZYD_BFT_IN_POOL, .pool_nonempty = true});
    }
    while (members[0].final < blocks) {
        if (queue_head == queue_tail) {
            now++; /* the leader waits for a later wall clock than its parent's */
            for (uint8_t i = 0; i < n; i++) {
                step(i, &(struct zyd_bft_in){.kind = ZYD_BFT_IN_TICK});
            }
            continue;
        }
        struct message m = queue[queue_head++];
        step(m.to, &(struct zyd_bft_in){.kind = ZYD_BFT_IN_MESSAGE, .peer = m.from, .bytes = zyd_span(m.bytes, m.size)});
        free(m.bytes);
    }
    double spent = seconds() - began;
    double each = (double)blocks * n;
    printf("n=%2u  %7.0f blocks/s a core of one member  %6.1f us a block and member  %5.1f checks  %4.1f signatures  %4.0f "
           "steps  %7.0f bytes sent\n",
           n, each / spent, 1e6 * spent / each, (double)checks / each, (double)signs / each, (double)steps / each,
           (double)sent_bytes / each);
    while (queue_head < queue_tail) {
        free(queue[queue_head++].bytes);
    }
    for (uint8_t i = 0; i < n; i++) {
        free(members[i].mem);
    }
}

int main(int argc, char **argv)
{
    uint64_t blocks = argc > 1 ? strtoull(argv[1], NULL, 10) : 200;
    const uint8_t sizes[] = {4, 7, 16, 31};
    printf("footprint %zu bytes a machine\n", zyd_bft_footprint());
    for (size_t i = 0; i < sizeof sizes; i++) {
        n = sizes[i];
        run(blocks);
    }
    free(queue);
    return 0;
}
