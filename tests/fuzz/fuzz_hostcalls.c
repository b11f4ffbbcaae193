/* Goal: no host call and no operation of the host breaks memory, the books or determinism, whatever its arguments.
 * Method: the input is a list of operations: host calls of the zoo's guest with raw or interesting arguments, and host
 * operations on objects that exist.  They run in one block that is then dropped, twice; both runs must write the same outcomes,
 * each decodable and within its fuel, and leave debits equal to credits. */
#include "tests/lib/ledger_fixture.h"
#include "tests/zoo/zoo.h"
#include <stdlib.h>

#define ZOO 3u
#define OPS_MAX 24u
#define FUEL 200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zyd_fixture *f;
static struct zyd_hash ids[4]; /* an object, an obligation, a pending operation, and nothing */
static uint8_t first_run[1u << 22];

struct input {
    const uint8_t *data;
    size_t size, pos;
};

static uint8_t byte(struct input *in)
{
    return in->pos < in->size ? in->data[in->pos++] : 0;
}

static uint64_t argument(struct input *in)
{
    static const uint64_t good[] = {0, 1, 2, 3, 8, 32, 64, 65, 4096, 4097, 0x10000, 0x11000, 0x20000000, 0x20000100, 0x2000ff00,
                                    0x2000ffff, 0x20010000, 0x30000000, 0x30000028, 0x30000048, 20260105, INT64_MAX, UINT64_MAX,
                                    (uint64_t)ZYD_MONEY_MAX, 0xff00, 0xffff, UINT64_C(1) << 32};
    uint8_t kind = byte(in);
    uint64_t v = 0;
    if (kind < 200) {
        return good[kind % (sizeof good / sizeof good[0])] + (kind >= 150 ? byte(in) : 0);
    }
    for (uint8_t i = 0; i < 8; i++) {
        v = v << 8 | byte(in);
    }
    return v;
}

static void start(void)
{
    const uint8_t params[1] = {0x90};
    uint8_t args[16];
    struct zyd_wr wr = zyd_wr_of(args, sizeof args);
    f = zyd_fixture_new(4);
    zyd_fixture_plugin(f, ZOO, "zoo", ZYD_PLUGIN_DIR "/zoo.elf");
    zyd_fixture_programme(f, 1, ZOO, "ZOO", zyd_span(params, 1));
    f->c.g.fuel_call = FUEL;
    f->limits = (struct zyd_state_limits){
        .records_max = 1u << 14, .recent_bytes = 16u << 20, .overlay_bytes = 4u << 20, .due_max = 1u << 14};
    zyd_fixture_start(f);
    f->quiet_check = true;
    zyd_fixture_block(f, zyd_fixture_at(20260105, 9));
    zyd_wr_array(&wr, 1);
    zyd_wr_u64(&wr, 0);
    zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_MAKE, .programme = 1, .ref = "A",
                                                .args = zyd_wr_span(&wr)});
    ids[0] = f->object;
    wr.size = 0;
    zyd_wr_array(&wr, 4);
    for (uint64_t i = 0; i < 4; i++) {
        zyd_wr_u64(&wr, i == 2 ? 77 : i == 3 ? 1 : i);
    }
    zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_OBLIGE, .programme = 1, .object = &ids[0],
                                                .expect_seq = 1, .args = zyd_wr_span(&wr)});
    zyd_assert(f->outcome.code == 0);
    memcpy(ids[1].b, f->events[0].data.data, 32);
    wr.size = 0;
    zyd_wr_array(&wr, 2);
    zyd_wr_u64(&wr, 1);
    zyd_wr_u64(&wr, 1);
    zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_REQUIRE, .programme = 1, .object = &ids[0],
                                                .expect_seq = 2, .args = zyd_wr_span(&wr), .flags = ZYD_ENV_MAY_WAIT});
    zyd_assert(f->outcome.code == ZYD_CODE_PENDING);
    ids[2] = f->op_id;
    zyd_fixture_end(f);
}

static void one_op(struct input *in)
{
    uint8_t args[128], kind = byte(in);
    struct zyd_wr wr = zyd_wr_of(args, sizeof args);
    struct zyd_fixture_op op = {.contract = ZOO, .programme = 1, .object = &ids[kind >> 5 & 3], .expect_seq = UINT64_MAX,
                                .member = kind >> 7, .signers = {1}, .signer_count = kind >> 4 & 1,
                                .flags = kind >> 3 & 1};
    if ((kind & 7) < 5) { /* a host call */
        op.object = &ids[0];
        op.event = ZOO_RAW;
        zyd_wr_array(&wr, 8);
        zyd_wr_u64(&wr, 1u + (byte(in) & 3u));
        zyd_wr_u64(&wr, byte(in) % 21u);
        for (uint8_t i = 0; i < 6; i++) {
            zyd_wr_u64(&wr, argument(in));
        }
    } else if ((kind & 7) == 5) { /* another behaviour of the guest, with small arguments */
        op.event = byte(in) % ZOO_EVENTS;
        zyd_wr_array(&wr, 4);
        for (uint8_t i = 0; i < 4; i++) {
            zyd_wr_u64(&wr, byte(in));
        }
        if (op.event == ZOO_MAKE) {
            op.object = NULL;
            op.ref = "B";
        }
    } else { /* the host's own operations */
        op.contract = ZYD_CONTRACT_HOST;
        op.event = byte(in) % 7u;
        op.programme = byte(in) & 1u;
        if (op.event != ZYD_HOST_PAID) {
            op.expect_seq = 0;
            zyd_wr_array(&wr, 0);
        } else {
            zyd_wr_array(&wr, 1);
            zyd_wr_str(&wr, "REF", 3);
        }
    }
    op.args = zyd_wr_span(&wr);
    zyd_fixture_run(f, &op);
    zyd_assert(f->outcome.fuel <= FUEL + 100000);
}

static size_t run(const uint8_t *data, size_t size)
{
    struct input in = {data, size, 0};
    uint64_t before[3] = {f->height, f->time_ms, f->log_size};
    struct zyd_totals totals = f->totals;
    zyd_fixture_block(f, f->time_ms + 1000);
    for (uint32_t i = 0; i < OPS_MAX && in.pos < in.size; i++) {
        one_op(&in);
    }
    for (uint32_t i = 0; i < f->block.op_count; i++) {
        zyd_assert(zyd_fixture_outcome(f, i));
    }
    zyd_assert(f->totals.debits == f->totals.credits && f->totals.debits >= totals.debits);
    zyd_overlay_drop(f->state, f->overlay);
    f->overlay = NULL;
    f->totals = totals;
    f->height = before[0];
    f->time_ms = before[1];
    f->log_size = before[2];
    return f->outcomes.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (f == NULL) {
        start();
    }
    size_t n = run(data, size);
    zyd_assert(n <= sizeof first_run);
    memcpy(first_run, f->outcomes.data, n);
    zyd_assert(run(data, size) == n && memcmp(first_run, f->outcomes.data, n) == 0);
    return 0;
}
