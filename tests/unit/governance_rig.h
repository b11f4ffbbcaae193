/* governance_rig.h: what the members decide, for test_governance and test_governance_plugins: a ledger of four voters and an
 * auditor (quorum 3) and a native contract, PROBE, that emits what it sees of its parameters, calendar and rates; proposals and
 * votes; the image of the template contract. */
#ifndef GOVERNANCE_RIG_H
#define GOVERNANCE_RIG_H

#include "contracts/template/iou.h"
#include "tests/lib/ledger_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zyd/date.h>
#include <cmocka.h>

#define PROBE 1u
#define AUDITOR 4u
#define LPR "LPR1Y"

struct seen {
    int64_t param, rate, working;
};

/* args [date]: emits the first parameter, the rate LPR1Y and whether the date is a working day. */
static inline int64_t probe_call(const struct ct_call *call, uint64_t size)
{
    struct ct_rd args = ct_args(call), params = ct_params_rd(call);
    struct seen seen = {.param = -1};
    (void)size;
    int32_t date = ct_rd_array(&args) == 1 ? (int32_t)ct_rd_i64(&args, 0, 99991231) : 0;
    if (call->params_size != 0 && ct_rd_array(&params) > 0) {
        seen.param = (int64_t)ct_rd_u64(&params, INT64_MAX);
    }
    seen.rate = ct_rate(LPR, 5, date);
    seen.working = call->programme == 0 ? -1 : ct_workday_is(date);
    ct_require(call->member);
    ct_require_end();
    ct_put(call->object, CT_ID_SIZE, "x", 1);
    ct_emit(1, &seen, sizeof seen);
    return 0;
}

static uint8_t scratch[ZYD_OP_PLUGIN_SIZE_MAX];
static uint8_t elf[ZYD_PLUGIN_SIZE_MAX];
static size_t elf_size;
static unsigned refs;

static inline const char *fresh(void)
{
    static char text[16];
    snprintf(text, sizeof text, "REF-%u", refs++);
    return text;
}

static inline int setup_flags(void **state, uint8_t flags)
{
    struct zyd_fixture *f = zyd_fixture_new(5);
    f->c.g.flags |= flags;
    static const uint8_t params[] = {0x91, 7};
    zyd_fixture_member(f, AUDITOR, "AUD", ZYD_ROLE_AUD);
    zyd_fixture_native(f, PROBE, "probe", probe_call);
    zyd_fixture_programme(f, 1, PROBE, "FIRST", zyd_span(params, sizeof params));
    zyd_fixture_start(f);
    zyd_fixture_block(f, zyd_fixture_at(20260105, 9));
    FILE *file = fopen(ZYD_PLUGIN_DIR "/template.elf", "rb");
    assert_non_null(file);
    elf_size = fread(elf, 1, sizeof elf, file);
    fclose(file);
    *state = f;
    return 0;
}

static inline int setup(void **state)
{
    return setup_flags(state, 0);
}

static inline int setup_dual(void **state)
{
    return setup_flags(state, ZYD_GENESIS_DUAL);
}

static inline int teardown(void **state)
{
    struct zyd_fixture *f = *state;
    if (f->overlay != NULL) {
        zyd_fixture_end(f);
    }
    zyd_fixture_free(f);
    return 0;
}

/* ---- operations ---- */

static inline struct zyd_programme a_programme(uint16_t id, const char *code, uint16_t contract)
{
    static const uint8_t params[] = {0x92, 0xcd, 0x27, 0x10, 3}; /* 10000, 3 */
    struct zyd_span name = zyd_span(code, strlen(code));
    return (struct zyd_programme){.id = id,
                                  .contract = contract,
                                  .code = name,
                                  .name_zh = name,
                                  .name_en = name,
                                  .class_ = 1,
                                  .pending_days = 10,
                                  .params = zyd_span(params, sizeof params)};
}

static inline struct zyd_span programme_args(const struct zyd_programme *p)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_programme_encode(&wr, p);
    return zyd_wr_span(&wr);
}

static inline struct zyd_span rate_args(const char *name, uint64_t date, uint64_t ppm)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 3);
    zyd_wr_str(&wr, name, strlen(name));
    zyd_wr_u64(&wr, date);
    zyd_wr_u64(&wr, ppm);
    return zyd_wr_span(&wr);
}

static inline struct zyd_span plugin_args(uint64_t contract, const char *name, struct zyd_span image)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    struct zyd_hash hash;
    zyd_sha256(&hash, image.data, image.size);
    zyd_wr_array(&wr, 4);
    zyd_wr_u64(&wr, contract);
    zyd_wr_str(&wr, name, strlen(name));
    zyd_wr_hash(&wr, &hash);
    zyd_wr_bin(&wr, image.data, image.size);
    return zyd_wr_span(&wr);
}

static inline uint32_t propose(struct zyd_fixture *f, uint16_t event, uint16_t member,
                        struct zyd_span args)
{
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.event = event,
                                                       .member = member,
                                                       .ref = fresh(),
                                                       .args = args,
                                                       .class_ = ZYD_ENV_GOVERNANCE});
}

static inline uint32_t on(struct zyd_fixture *f, uint16_t event, uint16_t member,
                   const struct zyd_hash *proposal)
{
    struct zyd_hash id = *proposal;
    return zyd_fixture_run(
        f, &(struct zyd_fixture_op){
               .event = event, .member = member, .object = &id, .class_ = ZYD_ENV_GOVERNANCE});
}

static inline uint32_t approve(struct zyd_fixture *f, uint16_t member, const struct zyd_hash *proposal)
{
    return on(f, ZYD_HOST_APPROVE, member, proposal);
}

/* Proposed by member 0 and signed by 1 and 2 in the same envelope. */
static inline uint32_t decided(struct zyd_fixture *f, uint16_t event, struct zyd_span args)
{
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.event = event,
                                                       .member = 0,
                                                       .ref = fresh(),
                                                       .args = args,
                                                       .class_ = ZYD_ENV_GOVERNANCE,
                                                       .signers = {1, 2},
                                                       .signer_count = 2});
}

static inline uint8_t state_of(struct zyd_fixture *f, const struct zyd_hash *proposal)
{
    struct zyd_hash key;
    struct zyd_proposal p;
    zyd_proposal_key(&key, proposal);
    assert_int_equal(zyd_proposal_decode(&p, zyd_fixture_get(f, NULL, &key)), ZYD_OK);
    return p.state;
}

static inline uint32_t probe(struct zyd_fixture *f, struct seen *seen, uint16_t programme, int32_t date)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 1);
    zyd_wr_i64(&wr, date);
    uint32_t code = zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = PROBE,
                                                                .event = 1,
                                                                .programme = programme,
                                                                .member = 0,
                                                                .ref = fresh(),
                                                                .args = zyd_wr_span(&wr)});
    if (code == 0) {
        assert_int_equal(f->events[0].data.size, sizeof *seen);
        memcpy(seen, f->events[0].data.data, sizeof *seen);
    }
    return code;
}

static inline uint32_t promise(struct zyd_fixture *f, uint16_t contract, uint16_t programme)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 4);
    zyd_wr_str(&wr, "M00", 3);
    zyd_wr_str(&wr, "M01", 3);
    zyd_wr_u64(&wr, 9999);
    zyd_wr_i64(&wr, 20260130);
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = contract,
                                                       .event = IOU_PROMISE,
                                                       .programme = programme,
                                                       .member = 0,
                                                       .ref = fresh(),
                                                       .args = zyd_wr_span(&wr),
                                                       .signers = {1},
                                                       .signer_count = 1});
}

/* What two sealed states differ in, the operation must have written: a refusal leaves the overlay's
 * count of changes alone. */
#define REFUSED(f, expected, call)                                                                 \
    do {                                                                                           \
        uint32_t changed_ = zyd_overlay_changed((f)->overlay);                                     \
        assert_int_equal((call), (expected));                                                      \
        assert_int_equal(zyd_overlay_changed((f)->overlay), changed_);                             \
    } while (0)

/* Opens a block beside the one that was open, as a voter does with two proposals of one height: the
 * first is dropped. */
static inline void drop_block(struct zyd_fixture *f, struct zyd_totals totals)
{
    zyd_overlay_drop(f->state, f->overlay);
    f->overlay = NULL;
    f->height--;
    f->totals = totals;
    zyd_fixture_block(f, f->time_ms + 1000);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

#endif
