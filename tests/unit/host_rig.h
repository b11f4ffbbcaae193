/* host_rig.h: what the tests of the host's own rules share: five members, the zoo's guest as contract, short scripts. */
#ifndef ZYD_TESTS_HOST_RIG_H
#define ZYD_TESTS_HOST_RIG_H

#include "tests/lib/ledger_fixture.h"
#include "tests/zoo/zoo.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ARGS(...) ZYD_FIXTURE_ARGS(__VA_ARGS__)
#define ZOO 3u
#define DUAL 2u /* programme 2 wants maker and checker */
#define FISCAL 3u

static uint8_t arg_bytes[8192];

static inline struct zyd_span text(const char *s)
{
    struct zyd_wr wr = zyd_wr_of(arg_bytes, sizeof arg_bytes);
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, s, strlen(s));
    return zyd_wr_span(&wr);
}

static inline int setup(void **state)
{
    const uint8_t params[1] = {0x90};
    struct zyd_fixture *f = zyd_fixture_new(5);
    zyd_fixture_plugin(f, ZOO, "zoo", ZYD_PLUGIN_DIR "/zoo.elf");
    zyd_fixture_programme(f, 1, ZOO, "ZOO", zyd_span(params, 1));
    zyd_fixture_programme(f, DUAL, ZOO, "DUAL", zyd_span(params, 1))->dual = 1;
    zyd_fixture_opening(f, 0, 1, "1001", "3001", 5000);
    zyd_fixture_start(f);
    zyd_fixture_block(f, zyd_fixture_at(20260105, 9)); /* a Monday */
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    zyd_fixture_free(*state);
    return 0;
}

static inline struct zyd_hash make(struct zyd_fixture *f, uint16_t programme, const char *ref, uint64_t mode)
{
    assert_int_equal(zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = ZOO_MAKE, .programme = programme,
                                                                .ref = ref, .args = ARGS(mode)}),
                     0);
    return f->object;
}

/* An operation of member 0 on the current number. */
static inline uint32_t act(struct zyd_fixture *f, const struct zyd_hash *object, uint16_t event, struct zyd_span args)
{
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = ZOO, .event = event, .programme = 1, .object = object,
                                                       .expect_seq = UINT64_MAX, .args = args});
}

static inline uint32_t host_op(struct zyd_fixture *f, uint16_t event, uint16_t member, const struct zyd_hash *object)
{
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.event = event, .member = member, .object = object});
}

static inline void next_day(struct zyd_fixture *f, int32_t date)
{
    zyd_fixture_end(f);
    zyd_fixture_block(f, zyd_fixture_at(date, 9));
}

/* Member 0 asks for 100 fen with the signatures of 0, 1 and 2; returns the operation's id. */
static inline struct zyd_hash ask(struct zyd_fixture *f, const struct zyd_hash *object, uint64_t seq)
{
    const struct zyd_fixture_op op = {.contract = ZOO, .event = ZOO_REQUIRE, .programme = 1, .object = object,
                                      .expect_seq = seq, .args = ARGS(1, 0, 1, 2), .flags = ZYD_ENV_MAY_WAIT};
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_PENDING);
    assert_int_equal(f->outcome.posting_count, 0);
    assert_int_equal(zyd_fixture_run(f, &op), ZYD_CODE_DUP_KEY); /* it waits already */
    return f->op_id;
}

#endif
