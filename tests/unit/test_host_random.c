/* Goal: over long histories of everything at once (contracts that fail, countersigning, settlement, deadlines in the past and
 * future) the books stay right and two nodes stay equal.
 * Method: a seeded generator drives two ledgers with the same operations; after every block their state roots, outcomes and
 * totals must be equal, and the fixture audits the first one (conservation, account histories from outcomes alone). */
#include "tests/lib/ledger_fixture.h"
#include "tests/zoo/zoo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ZOO 3u
#define BLOCKS 150u
#define OPS 25u
#define THINGS 4096u

struct history {
    struct zyd_fixture *a, *b;
    uint64_t random;
    struct zyd_hash objects[THINGS], owed[THINGS], pending[THINGS];
    uint32_t object_count, owed_count, pending_count, made;
    uint32_t codes[65536]; /* how often each outcome code was seen */
};

static uint32_t below(struct history *h, uint32_t bound)
{
    h->random = h->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(h->random >> 33) % bound;
}

static struct zyd_fixture *ledger(void)
{
    const uint8_t params[1] = {0x90};
    struct zyd_fixture *f = zyd_fixture_new(6);
    zyd_fixture_plugin(f, ZOO, "zoo", ZYD_PLUGIN_DIR "/zoo.elf");
    zyd_fixture_programme(f, 1, ZOO, "ZOO", zyd_span(params, 1));
    f->c.g.fuel_call = 100000; /* endless loops end sooner */
    zyd_fixture_opening(f, 0, 1, "1001", "3001", 1000000);
    zyd_fixture_start(f);
    return f;
}

static uint32_t run(struct history *h, const struct zyd_fixture_op *op)
{
    uint32_t code = zyd_fixture_run(h->a, op);
    assert_int_equal(code, zyd_fixture_run(h->b, op));
    h->codes[code]++;
    return code;
}

static const struct zyd_hash *pick(struct history *h, const struct zyd_hash *list, uint32_t count)
{
    static const struct zyd_hash nothing = {{0x55}};
    return count == 0 || below(h, 20) == 0 ? &nothing : &list[below(h, count)];
}

static void keep(struct zyd_hash *list, uint32_t *count, const void *id)
{
    if (*count < THINGS) {
        memcpy(list[(*count)++].b, id, 32);
    }
}

static void guest_op(struct history *h, struct zyd_fixture_op *op, struct zyd_wr *wr)
{
    static const uint16_t events[] = {ZOO_NOTHING, ZOO_POSTS, ZOO_PUTS, ZOO_DUE, ZOO_DUE, ZOO_OBLIGE, ZOO_OBLIGE, ZOO_REQUIRE,
                                      ZOO_REQUIRE, ZOO_WASTE, ZOO_READBACK, ZOO_RETURN, ZOO_EBREAK, ZOO_LOOP, ZOO_STORE};
    op->contract = ZOO;
    op->programme = 1;
    op->event = events[below(h, sizeof events / sizeof events[0])];
    op->object = pick(h, h->objects, h->object_count);
    op->expect_seq = below(h, 15) == 0 ? 1 : UINT64_MAX;
    uint64_t v[4] = {below(h, 6), below(h, 6), below(h, 1000), below(h, 2)};
    if (op->event == ZOO_DUE) {
        v[0] = below(h, 9);
        v[1] = h->a->time_ms + below(h, 20000) - 5000;
    } else if (op->event == ZOO_WASTE) {
        v[0] = 1001;
    }
    zyd_wr_array(wr, 4);
    for (int i = 0; i < 4; i++) {
        zyd_wr_u64(wr, v[i]);
    }
    if (op->event == ZOO_REQUIRE) {
        wr->size = 0;
        zyd_wr_array(wr, 3);
        zyd_wr_u64(wr, below(h, 2));
        zyd_wr_u64(wr, below(h, 6));
        zyd_wr_u64(wr, below(h, 6));
    }
}

static void host_op(struct history *h, struct zyd_fixture_op *op, struct zyd_wr *wr)
{
    op->event = (uint16_t)(1 + below(h, 4));
    if (op->event == ZYD_HOST_PAID) {
        op->object = pick(h, h->owed, h->owed_count);
        op->expect_seq = UINT64_MAX;
        zyd_wr_array(wr, 1);
        zyd_wr_str(wr, "REF", 3);
    } else {
        if (op->event != ZYD_HOST_COUNTERSIGN && below(h, 4) != 0) {
            op->event = ZYD_HOST_COUNTERSIGN;
        }
        op->object = pick(h, h->pending, h->pending_count);
        zyd_wr_array(wr, 0);
    }
}

static void one_op(struct history *h)
{
    uint8_t args[64];
    char ref[16];
    struct zyd_wr wr = zyd_wr_of(args, sizeof args);
    struct zyd_fixture_op op = {.member = (uint16_t)below(h, 6), .flags = (uint8_t)below(h, 2)};
    for (op.signer_count = 0; op.signer_count < below(h, 4); op.signer_count++) {
        op.signers[op.signer_count] = (uint16_t)below(h, 6);
    }
    uint32_t kind = below(h, 10);
    if (kind == 0 || h->object_count == 0) {
        static const uint8_t modes[] = {ZOO_EMITS, ZOO_EMITS, ZOO_REFUSES, ZOO_LOOPS, ZOO_RECALLS};
        snprintf(ref, sizeof ref, "R%u", below(h, 30) == 0 ? 0 : h->made++);
        op.contract = ZOO;
        op.event = ZOO_MAKE;
        op.programme = 1;
        op.ref = ref;
        zyd_wr_array(&wr, 1);
        zyd_wr_u64(&wr, modes[below(h, 5)]);
    } else if (kind < 6) {
        guest_op(h, &op, &wr);
    } else {
        host_op(h, &op, &wr);
    }
    op.args = zyd_wr_span(&wr);
    assert_false(wr.full);
    uint32_t code = run(h, &op);
    if (code == ZYD_CODE_PENDING && op.contract == ZOO) {
        keep(h->pending, &h->pending_count, h->a->op_id.b);
    } else if (code == ZYD_CODE_PENDING && op.event == ZYD_HOST_PAID) {
        keep(h->pending, &h->pending_count, h->a->op_id.b);
    } else if (code == 0 && op.contract == ZOO && op.event == ZOO_MAKE) {
        keep(h->objects, &h->object_count, h->a->object.b);
    }
    for (uint32_t i = 0; code == 0 && i < h->a->outcome.event_count; i++) {
        if (h->a->events[i].code == 15) {
            keep(h->owed, &h->owed_count, h->a->events[i].data.data);
        }
    }
}

static void long_history(uint64_t seed)
{
    struct history *h = calloc(1, sizeof *h);
    uint32_t fired = 0;
    h->random = seed;
    h->a = ledger();
    h->b = ledger();
    h->b->quiet_check = true;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        uint64_t step = below(h, 20) == 0 ? 86400000u * (1u + below(h, 12)) : 500u + below(h, 5000);
        uint32_t sys = zyd_fixture_block(h->a, h->a->time_ms + step);
        assert_int_equal(zyd_fixture_block(h->b, h->b->time_ms + step), sys);
        fired += sys;
        for (uint32_t k = 0; k < OPS; k++) {
            one_op(h);
        }
        assert_int_equal(h->a->outcomes.size, h->b->outcomes.size);
        assert_memory_equal(h->a->outcomes.data, h->b->outcomes.data, h->a->outcomes.size);
        zyd_fixture_end(h->a);
        zyd_fixture_end(h->b);
        assert_memory_equal(&h->a->root, &h->b->root, 32);
        assert_memory_equal(&h->a->totals, &h->b->totals, sizeof h->a->totals);
    }
    /* the history was worth its time: each of these happened */
    static const uint32_t wanted[] = {0, 1001, ZYD_CODE_SIGNER_MISSING, ZYD_CODE_RANGE, ZYD_CODE_STALE_STATE, ZYD_CODE_DUP_KEY,
                                      ZYD_CODE_BAD_STATE, ZYD_CODE_PENDING, ZYD_CODE_UNKNOWN_OBJECT, ZYD_CODE_FUEL,
                                      ZYD_CODE_MEMORY, ZYD_CODE_INSTRUCTION, ZYD_CODE_BAD_RETURN};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (h->codes[wanted[i]] == 0) {
            fail_msg("code %u never came", wanted[i]);
        }
    }
    assert_true(fired > 50 && h->owed_count > 50 && h->pending_count > 50);
    zyd_fixture_free(h->a);
    zyd_fixture_free(h->b);
    free(h);
}

static void test_two_nodes_agree_over_a_long_history(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        long_history(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_nodes_agree_over_a_long_history)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
