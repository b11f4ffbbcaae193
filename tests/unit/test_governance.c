/* Goal: what the members decide on the ledger (contracts/host/governance.c) takes effect when a
 * quorum has signed and never before, is refused by name otherwise, and is found by every overlay
 * as its own state has it. Method: a ledger of four voters and an auditor (quorum 3) and a native
 * contract, PROBE, that emits what it sees of its parameters, calendar and rates; plugins are the
 * template contract's ELF. */
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
static int64_t probe_call(const struct ct_call *call, uint64_t size)
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

static const char *fresh(void)
{
    static char text[16];
    snprintf(text, sizeof text, "REF-%u", refs++);
    return text;
}

static int setup_flags(void **state, uint8_t flags)
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

static int setup(void **state)
{
    return setup_flags(state, 0);
}

static int setup_dual(void **state)
{
    return setup_flags(state, ZYD_GENESIS_DUAL);
}

static int teardown(void **state)
{
    struct zyd_fixture *f = *state;
    if (f->overlay != NULL) {
        zyd_fixture_end(f);
    }
    zyd_fixture_free(f);
    return 0;
}

/* ---- operations ---- */

static struct zyd_programme a_programme(uint16_t id, const char *code, uint16_t contract)
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

static struct zyd_span programme_args(const struct zyd_programme *p)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_programme_encode(&wr, p);
    return zyd_wr_span(&wr);
}

static struct zyd_span rate_args(const char *name, uint64_t date, uint64_t ppm)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 3);
    zyd_wr_str(&wr, name, strlen(name));
    zyd_wr_u64(&wr, date);
    zyd_wr_u64(&wr, ppm);
    return zyd_wr_span(&wr);
}

static struct zyd_span plugin_args(uint64_t contract, const char *name, struct zyd_span image)
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

static uint32_t propose(struct zyd_fixture *f, uint16_t event, uint16_t member,
                        struct zyd_span args)
{
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.event = event,
                                                       .member = member,
                                                       .ref = fresh(),
                                                       .args = args,
                                                       .class_ = ZYD_ENV_GOVERNANCE});
}

static uint32_t on(struct zyd_fixture *f, uint16_t event, uint16_t member,
                   const struct zyd_hash *proposal)
{
    struct zyd_hash id = *proposal;
    return zyd_fixture_run(
        f, &(struct zyd_fixture_op){
               .event = event, .member = member, .object = &id, .class_ = ZYD_ENV_GOVERNANCE});
}

static uint32_t approve(struct zyd_fixture *f, uint16_t member, const struct zyd_hash *proposal)
{
    return on(f, ZYD_HOST_APPROVE, member, proposal);
}

/* Proposed by member 0 and signed by 1 and 2 in the same envelope. */
static uint32_t decided(struct zyd_fixture *f, uint16_t event, struct zyd_span args)
{
    return zyd_fixture_run(f, &(struct zyd_fixture_op){.event = event,
                                                       .member = 0,
                                                       .ref = fresh(),
                                                       .args = args,
                                                       .class_ = ZYD_ENV_GOVERNANCE,
                                                       .signers = {1, 2},
                                                       .signer_count = 2});
}

static uint8_t state_of(struct zyd_fixture *f, const struct zyd_hash *proposal)
{
    struct zyd_hash key;
    struct zyd_proposal p;
    zyd_proposal_key(&key, proposal);
    assert_int_equal(zyd_proposal_decode(&p, zyd_fixture_get(f, NULL, &key)), ZYD_OK);
    return p.state;
}

static uint32_t probe(struct zyd_fixture *f, struct seen *seen, uint16_t programme, int32_t date)
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

static uint32_t promise(struct zyd_fixture *f, uint16_t contract, uint16_t programme)
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

/* ---- programmes ---- */

static void a_programme_goes_live_with_the_quorums_last_approval(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE);
    struct seen seen;
    assert_int_equal(zyd_quorum_q(4), 3);
    assert_int_equal(propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)), 0);
    struct zyd_hash id = f->object;
    assert_int_equal(f->outcome.seq, 1);
    assert_int_equal(approve(f, 1, &id), 0);
    assert_int_equal(state_of(f, &id), 1);
    assert_int_equal(probe(f, &seen, 9, 20260105), ZYD_CODE_RANGE);
    assert_int_equal(approve(f, 2, &id), 0);
    assert_int_equal(f->outcome.seq, 3);
    assert_int_equal(state_of(f, &id), 2);
    assert_int_equal(probe(f, &seen, 9, 20260105), 0);
    assert_int_equal(seen.param, 10000);
    assert_int_equal(seen.working, 1);
    assert_int_equal(probe(f, &seen, 1, 20260105), 0);
    assert_int_equal(seen.param, 7);
    REFUSED(f, ZYD_CODE_BAD_STATE, approve(f, 3, &id));
    /* an object made under it remembers it: another programme cannot name it */
    assert_int_equal(probe(f, &seen, 9, 20260105), 0);
    struct zyd_hash object = f->object;
    assert_int_equal(zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = PROBE,
                                                                 .event = 1,
                                                                 .programme = 1,
                                                                 .member = 0,
                                                                 .object = &object,
                                                                 .expect_seq = UINT64_MAX}),
                     ZYD_CODE_RANGE);
}

static void one_envelope_of_a_quorum_decides_at_once(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE);
    struct seen seen;
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(state_of(f, &f->object), 2);
    assert_int_equal(probe(f, &seen, 9, 20260105), 0);
}

static void those_who_list_find_genesis_first(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_hash key;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    zyd_registry_count_key(&key, ZYD_REGISTRY_PROGRAMME);
    assert_int_equal(zyd_get16(zyd_fixture_get(f, NULL, &key).data), 2);
    zyd_registry_index_key(&key, ZYD_REGISTRY_PROGRAMME, 1);
    assert_int_equal(zyd_get16(zyd_fixture_get(f, NULL, &key).data), 9);
    zyd_programme_key(&key, 9);
    assert_int_equal(zyd_programme_decode(&p, zyd_fixture_get(f, NULL, &key)), ZYD_OK);
    assert_memory_equal(p.code.data, "COUNTY", 6);
    zyd_registry_count_key(&key, ZYD_REGISTRY_CALENDAR);
    assert_int_equal(zyd_get16(zyd_fixture_get(f, NULL, &key).data), 1);
}

static void a_programme_that_does_not_fit_is_refused(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(1, "COUNTY", PROBE);
    REFUSED(f, ZYD_CODE_DUP_KEY, propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)));
    p = a_programme(9, "FIRST", PROBE);
    REFUSED(f, ZYD_CODE_DUP_KEY, propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)));
    p = a_programme(0, "COUNTY", PROBE);
    REFUSED(f, ZYD_CODE_RANGE, propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)));
    p = a_programme(9, "COUNTY", 6);
    REFUSED(f, ZYD_CODE_RANGE, propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)));
    p = a_programme(9, "county", PROBE);
    REFUSED(f, ZYD_CODE_RANGE, propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)));
    p = a_programme(9, "COUNTY", PROBE);
    p.pending_days = 0;
    REFUSED(f, ZYD_CODE_RANGE, propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)));
    p.pending_days = 10;
    p.settlement = 5;
    REFUSED(f, ZYD_CODE_RANGE, propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)));
    p.settlement = 9;
    p.calendar = 1;
    REFUSED(f, ZYD_CODE_CALENDAR_MISSING, propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)));
    REFUSED(f, ZYD_CODE_RANGE, propose(f, ZYD_HOST_PROGRAMME, 0, rate_args("X", 1, 1)));
}

static void only_members_that_vote_propose_and_approve(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE);
    struct zyd_hash nothing = {{1}};
    REFUSED(f, ZYD_CODE_SIGNER_MISSING,
            propose(f, ZYD_HOST_PROGRAMME, AUDITOR, programme_args(&p)));
    REFUSED(f, ZYD_CODE_RANGE,
            zyd_fixture_run(f, &(struct zyd_fixture_op){.event = ZYD_HOST_PROGRAMME,
                                                        .member = 0,
                                                        .ref = "B",
                                                        .args = programme_args(&p)}));
    REFUSED(f, ZYD_CODE_RANGE,
            zyd_fixture_run(f, &(struct zyd_fixture_op){.contract = PROBE,
                                                        .event = 1,
                                                        .member = 0,
                                                        .ref = "C",
                                                        .class_ = ZYD_ENV_GOVERNANCE}));
    assert_int_equal(propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)), 0);
    struct zyd_hash id = f->object;
    REFUSED(f, ZYD_CODE_DUP_KEY, approve(f, 0, &id));
    REFUSED(f, ZYD_CODE_SIGNER_MISSING, approve(f, AUDITOR, &id));
    REFUSED(f, ZYD_CODE_UNKNOWN_OBJECT, approve(f, 1, &nothing));
    REFUSED(f, ZYD_CODE_RANGE,
            zyd_fixture_run(f, &(struct zyd_fixture_op){
                                   .event = ZYD_HOST_APPROVE, .member = 1, .object = &id}));
    REFUSED(f, ZYD_CODE_SIGNER_MISSING, on(f, ZYD_HOST_REVOKE, 1, &id));
    assert_int_equal(on(f, ZYD_HOST_REVOKE, 0, &id), 0);
    assert_int_equal(state_of(f, &id), 3);
    REFUSED(f, ZYD_CODE_BAD_STATE, approve(f, 1, &id));
}

static void the_same_client_ref_proposes_once(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE);
    struct zyd_fixture_op op = {.event = ZYD_HOST_PROGRAMME,
                                .member = 0,
                                .ref = "ONCE",
                                .args = programme_args(&p),
                                .class_ = ZYD_ENV_GOVERNANCE};
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    REFUSED(f, ZYD_CODE_DUP_KEY, zyd_fixture_run(f, &op));
}

static void after_thirty_days_nobody_approves(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE);
    assert_int_equal(propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)), 0);
    struct zyd_hash id = f->object;
    zyd_fixture_block(f, zyd_fixture_at(20260204, 9)); /* the same hour, thirty days on */
    assert_int_equal(approve(f, 1, &id), 0);
    zyd_fixture_block(f, zyd_fixture_at(20260204, 10));
    REFUSED(f, ZYD_CODE_DEADLINE, approve(f, 2, &id));
}

static void a_decision_that_no_longer_fits_fails_for_good(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE), q = a_programme(9, "OTHER", PROBE);
    assert_int_equal(propose(f, ZYD_HOST_PROGRAMME, 0, programme_args(&p)), 0);
    struct zyd_hash first = f->object;
    assert_int_equal(propose(f, ZYD_HOST_PROGRAMME, 1, programme_args(&q)), 0);
    struct zyd_hash second = f->object;
    assert_int_equal(approve(f, 1, &first), 0);
    assert_int_equal(approve(f, 2, &first), 0);
    assert_int_equal(approve(f, 2, &second), 0);
    assert_int_equal(approve(f, 3, &second), ZYD_CODE_DUP_KEY);
    assert_int_equal(state_of(f, &second), 4);
    REFUSED(f, ZYD_CODE_BAD_STATE, approve(f, 0, &second));
}

/* Opens a block beside the one that was open, as a voter does with two proposals of one height: the
 * first is dropped. */
static void drop_block(struct zyd_fixture *f, struct zyd_totals totals)
{
    zyd_overlay_drop(f->state, f->overlay);
    f->overlay = NULL;
    f->height--;
    f->totals = totals;
    zyd_fixture_block(f, f->time_ms + 1000);
}

static void a_dropped_overlay_leaves_nothing_behind(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE), q = a_programme(8, "OTHER", PROBE);
    static const uint8_t other[] = {0x91, 42};
    struct seen seen;
    q.params = zyd_span(other, sizeof other);
    zyd_fixture_end(f);
    zyd_fixture_block(f, f->time_ms + 1000);
    struct zyd_totals totals = f->totals;
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(decided(f, ZYD_HOST_RATE, rate_args(LPR, 20260101, 30000)), 0);
    assert_int_equal(probe(f, &seen, 9, 20260105), 0);
    assert_int_equal(seen.param, 10000);
    drop_block(f, totals);
    assert_int_equal(probe(f, &seen, 9, 20260105), ZYD_CODE_RANGE);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&q)),
                     0); /* at the same position */
    assert_int_equal(probe(f, &seen, 8, 20260105), 0);
    assert_int_equal(seen.param, 42);
    assert_int_equal(seen.rate, -1);
    drop_block(f, totals);
    p.params = zyd_span(other, sizeof other); /* the first one's id and position, other bytes */
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(probe(f, &seen, 9, 20260105), 0);
    assert_int_equal(seen.param, 42);
    drop_block(f, totals);
    static const uint8_t third[] = {0x91, 43}; /* and of the same length */
    p.params = zyd_span(third, sizeof third);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(probe(f, &seen, 9, 20260105), 0);
    assert_int_equal(seen.param, 43);
}

/* ---- calendars and rates ---- */

static struct zyd_span calendar_args(uint64_t calendar, const struct zyd_calendar_year *year)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 3);
    zyd_wr_u64(&wr, calendar);
    zyd_wr_u64(&wr, year->year);
    zyd_wr_bin(&wr, year->days, sizeof year->days);
    return zyd_wr_span(&wr);
}

static void a_year_is_added_and_days_to_come_change(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_calendar_year next = {.year = 2041, .days = {0xff}},
                             now = f->c.g.calendars[0].years[6];
    struct seen seen;
    assert_int_equal(probe(f, &seen, 1, 20410102), ZYD_CODE_CALENDAR_MISSING);
    assert_int_equal(decided(f, ZYD_HOST_CALENDAR, calendar_args(0, &next)), 0);
    assert_int_equal(probe(f, &seen, 1, 20410102), 0);
    assert_int_equal(seen.working, 1);
    assert_int_equal(now.year, 2026);
    assert_int_equal(probe(f, &seen, 1, 20260106), 0);
    assert_int_equal(seen.working, 1);
    now.days[0] &= 0xdf; /* 6 January */
    assert_int_equal(decided(f, ZYD_HOST_CALENDAR, calendar_args(0, &now)), 0);
    assert_int_equal(probe(f, &seen, 1, 20260106), 0);
    assert_int_equal(seen.working, 0);
    next.year = 2030; /* a calendar of its own */
    assert_int_equal(decided(f, ZYD_HOST_CALENDAR, calendar_args(1, &next)), 0);
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE);
    p.calendar = 1;
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(probe(f, &seen, 9, 20300108), 0);
    assert_int_equal(seen.working, 1);
    assert_int_equal(probe(f, &seen, 9, 20260105), ZYD_CODE_CALENDAR_MISSING);
}

static void a_year_that_does_not_fit_is_refused(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_calendar_year year = {.year = 2042, .days = {0xff}};
    REFUSED(f, ZYD_CODE_RANGE,
            decided(f, ZYD_HOST_CALENDAR, calendar_args(0, &year))); /* 2041 lacks */
    year.year = 2019;
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_CALENDAR, calendar_args(0, &year)));
    year.year = 2041;
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_CALENDAR, calendar_args(2, &year)));
    REFUSED(f, ZYD_CODE_RANGE,
            decided(f, ZYD_HOST_CALENDAR, calendar_args(ZYD_CALENDARS_MAX, &year)));
    year.days[45] = 0x20; /* 32 December */
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_CALENDAR, calendar_args(0, &year)));
    year = f->c.g.calendars[0].years[6];
    year.days[0] ^= 0x10; /* 5 January, today */
    REFUSED(f, ZYD_CODE_BAD_DATE, decided(f, ZYD_HOST_CALENDAR, calendar_args(0, &year)));
    year = f->c.g.calendars[0].years[5];
    year.days[45] ^= 0x10; /* 31 December of last year */
    REFUSED(f, ZYD_CODE_BAD_DATE, decided(f, ZYD_HOST_CALENDAR, calendar_args(0, &year)));
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_CALENDAR, rate_args("X", 1, 1)));
}

static void a_rate_is_valid_from_its_date_until_the_next(void **state)
{
    struct zyd_fixture *f = *state;
    struct seen seen;
    assert_int_equal(decided(f, ZYD_HOST_RATE, rate_args(LPR, 20251120, 30000)), 0);
    assert_int_equal(decided(f, ZYD_HOST_RATE, rate_args(LPR, 20251222, 31000)), 0);
    assert_int_equal(decided(f, ZYD_HOST_RATE, rate_args("LPR5Y", 20251222, 35000)), 0);
    assert_int_equal(decided(f, ZYD_HOST_RATE, rate_args(LPR, 20260120, 29000)), 0);
    static const struct {
        int32_t date;
        int64_t ppm;
    } want[] = {{20251119, -1},    {20251120, 30000}, {20251221, 30000}, {20251222, 31000},
                {20260119, 31000}, {20260120, 29000}, {20400101, 29000}};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(probe(f, &seen, 1, want[i].date), 0);
        assert_int_equal(seen.rate, want[i].ppm);
    }
}

static void a_rate_that_does_not_fit_is_refused(void **state)
{
    struct zyd_fixture *f = *state;
    assert_int_equal(decided(f, ZYD_HOST_RATE, rate_args(LPR, 20260105, 30000)), 0);
    REFUSED(f, ZYD_CODE_BAD_DATE, decided(f, ZYD_HOST_RATE, rate_args(LPR, 20260105, 31000)));
    REFUSED(f, ZYD_CODE_BAD_DATE, decided(f, ZYD_HOST_RATE, rate_args(LPR, 20260104, 31000)));
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_RATE, rate_args(LPR, 20260230, 31000)));
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_RATE, rate_args(LPR, 20260106, 1000001)));
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_RATE, rate_args("lpr", 20260106, 31000)));
}

/* Ten years of daily rates fill a record: the last that fits and the first that does not. */
static void a_rate_has_room_for_512_changes(void **state)
{
    struct zyd_fixture *f = *state;
    struct seen seen;
    int32_t date = 20200101;
    for (uint32_t i = 0; i < 512; i++, date = zyd_date_add(date, 1)) {
        assert_int_equal(decided(f, ZYD_HOST_RATE, rate_args(LPR, (uint64_t)date, i)), 0);
    }
    REFUSED(f, ZYD_CODE_LIMIT, decided(f, ZYD_HOST_RATE, rate_args(LPR, (uint64_t)date, 1)));
    assert_int_equal(probe(f, &seen, 1, zyd_date_add(20200101, 300)), 0);
    assert_int_equal(seen.rate, 300);
}

/* ---- plugins ---- */

static void a_contract_goes_live_without_a_restart(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "IOU", 7);
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)));
    assert_int_equal(
        propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "template", zyd_span(elf, elf_size))), 0);
    struct zyd_hash id = f->object;
    assert_int_equal(approve(f, 1, &id), 0);
    assert_int_equal(promise(f, 7, 9), ZYD_CODE_RANGE);
    assert_int_equal(approve(f, 2, &id), 0);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(promise(f, 7, 9), 0);
    assert_int_equal(f->outcome.posting_count, 2);
    uint64_t fuel = f->outcome.fuel;
    zyd_fixture_end(f);

    /* a restart: another host finds it in the records and spends the same */
    void *mem = calloc(1, zyd_host_footprint(&f->c.g));
    struct zyd_host *old = f->host;
    f->host = zyd_host_init(mem, &f->c.g);
    zyd_native_install(f->host, PROBE, &f->natives[0]);
    zyd_fixture_block(f, zyd_fixture_at(20260106, 9));
    assert_int_equal(promise(f, 7, 9), 0);
    assert_int_equal(f->outcome.fuel, fuel);
    zyd_fixture_end(f);
    f->host = old;
    free(mem);
}

static void an_image_that_the_machine_does_not_take_is_refused(void **state)
{
    struct zyd_fixture *f = *state;
    static uint8_t bad[ZYD_PLUGIN_SIZE_MAX];
    memcpy(bad, elf, elf_size);
    bad[18] ^= 1; /* another machine */
    REFUSED(f, ZYD_CODE_BAD_PLUGIN,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(bad, elf_size))));
    REFUSED(f, ZYD_CODE_BAD_PLUGIN,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(bad, sizeof bad))));
    REFUSED(f, ZYD_CODE_BAD_PLUGIN,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(elf, elf_size / 2))));
    REFUSED(f, ZYD_CODE_RANGE,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(elf, 0))));
    struct zyd_span args = plugin_args(7, "iou", zyd_span(elf, elf_size));
    scratch[args.size - 1] ^= 1; /* not of the hash named */
    REFUSED(f, ZYD_CODE_BAD_PLUGIN, propose(f, ZYD_HOST_PLUGIN, 0, args));
    REFUSED(f, ZYD_CODE_DUP_KEY,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(PROBE, "iou", zyd_span(elf, elf_size))));
    REFUSED(f, ZYD_CODE_DUP_KEY,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "probe", zyd_span(elf, elf_size))));
    REFUSED(f, ZYD_CODE_RANGE,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(0, "iou", zyd_span(elf, elf_size))));
    assert_int_equal(decided(f, ZYD_HOST_PLUGIN, plugin_args(7, "iou", zyd_span(elf, elf_size))),
                     0);
    REFUSED(f, ZYD_CODE_DUP_KEY,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou2", zyd_span(elf, elf_size))));
    REFUSED(f, ZYD_CODE_DUP_KEY,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(8, "iou", zyd_span(elf, elf_size))));
}

static void a_members_next_image_takes_the_place_of_his_last(void **state)
{
    struct zyd_fixture *f = *state;
    assert_int_equal(
        propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "seven", zyd_span(elf, elf_size))), 0);
    struct zyd_hash first = f->object;
    assert_int_equal(
        propose(f, ZYD_HOST_PLUGIN, 1, plugin_args(8, "eight", zyd_span(elf, elf_size))), 0);
    struct zyd_hash other = f->object;
    assert_int_equal(
        propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(9, "nine", zyd_span(elf, elf_size))), 0);
    struct zyd_hash second = f->object;
    assert_int_equal(approve(f, 1, &first), 0);
    assert_int_equal(approve(f, 2, &first), ZYD_CODE_BAD_STATE);
    assert_int_equal(state_of(f, &first), 4);
    assert_int_equal(approve(f, 2, &other), 0);
    assert_int_equal(approve(f, 3, &other), 0);
    assert_int_equal(approve(f, 2, &second), 0);
    assert_int_equal(approve(f, 3, &second), 0);
    struct zyd_programme p = a_programme(9, "IOU", 9), q = a_programme(8, "IOU8", 8);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&q)), 0);
    assert_int_equal(promise(f, 9, 9), 0);
    assert_int_equal(promise(f, 8, 8), 0);
}

static void a_dropped_overlays_image_does_not_run(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "IOU", 7);
    static uint8_t zoo[ZYD_PLUGIN_SIZE_MAX];
    FILE *file = fopen(ZYD_PLUGIN_DIR "/zoo.elf", "rb");
    assert_non_null(file);
    size_t zoo_size = fread(zoo, 1, sizeof zoo, file);
    fclose(file);
    zyd_fixture_end(f);
    zyd_fixture_block(f, f->time_ms + 1000);
    struct zyd_totals totals = f->totals;
    assert_int_equal(decided(f, ZYD_HOST_PLUGIN, plugin_args(7, "iou", zyd_span(zoo, zoo_size))),
                     0);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_not_equal(promise(f, 7, 9), 0);
    drop_block(f, totals);
    assert_int_equal(promise(f, 7, 9), ZYD_CODE_RANGE);
    assert_int_equal(decided(f, ZYD_HOST_PLUGIN, plugin_args(7, "iou", zyd_span(elf, elf_size))),
                     0);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(promise(f, 7, 9), 0);
}

/* ---- bounds ---- */

static void the_ledger_holds_255_programmes(void **state)
{
    struct zyd_fixture *f = *state;
    struct seen seen;
    char code[ZYD_CODE_MAX + 1];
    for (uint16_t id = 2; id <= 255; id++) {
        snprintf(code, sizeof code, "P%u", id);
        struct zyd_programme p = a_programme(id, code, PROBE);
        uint8_t params[] = {0x91, 0xcc, (uint8_t)(id | 0x80)};
        p.params = zyd_span(params, sizeof params);
        assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    }
    struct zyd_programme p = a_programme(256, "P256", PROBE);
    REFUSED(f, ZYD_CODE_LIMIT, decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)));
    assert_int_equal(probe(f, &seen, 255, 20260105), 0);
    assert_int_equal(seen.param, 255);
    assert_int_equal(probe(f, &seen, 2, 20260105), 0);
    assert_int_equal(seen.param, 0x82);
    assert_int_equal(probe(f, &seen, 1, 20260105), 0);
    assert_int_equal(seen.param, 7);
}

static void the_ledger_holds_32_plugins(void **state)
{
    struct zyd_fixture *f = *state;
    char name[8];
    for (uint16_t contract = 2; contract <= 32; contract++) {
        snprintf(name, sizeof name, "c%u", contract);
        assert_int_equal(
            decided(f, ZYD_HOST_PLUGIN, plugin_args(contract, name, zyd_span(elf, elf_size))), 0);
        zyd_fixture_block(f, f->time_ms + 1000);
    }
    REFUSED(f, ZYD_CODE_LIMIT,
            decided(f, ZYD_HOST_PLUGIN, plugin_args(33, "c33", zyd_span(elf, elf_size))));
    struct zyd_programme p = a_programme(9, "IOU", 32);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(promise(f, 32, 9), 0);
}

/* An image costs what a call may, at most: a consortium with small calls takes small images only.
 */
static void an_image_that_costs_more_than_a_call_is_refused(void **state)
{
    struct zyd_fixture *f = zyd_fixture_new(5);
    uint64_t parts = (elf_size + 4095) / 4096, cost = parts * 3300 + elf_size * 11;
    (void)state;
    f->c.g.fuel_call = cost - 1;
    zyd_fixture_native(f, PROBE, "probe", probe_call);
    zyd_fixture_start(f);
    zyd_fixture_block(f, zyd_fixture_at(20260105, 9));
    REFUSED(f, ZYD_CODE_FUEL,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(elf, elf_size))));
    assert_true(f->outcome.fuel < 100000);
    zyd_fixture_end(f);
    zyd_fixture_free(f);
    f = zyd_fixture_new(5);
    f->c.g.fuel_call = cost;
    zyd_fixture_native(f, PROBE, "probe", probe_call);
    zyd_fixture_start(f);
    zyd_fixture_block(f, zyd_fixture_at(20260105, 9));
    assert_int_equal(propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(elf, elf_size))),
                     0);
    assert_true(f->outcome.fuel >= cost && f->outcome.fuel < cost + 100000);
    zyd_fixture_end(f);
    zyd_fixture_free(f);
}

/* One operation, signed by these officers: member * 2, and 1 more for the checker. */
static uint32_t officers(struct zyd_fixture *f, uint16_t event, const struct zyd_hash *proposal, struct zyd_span args,
                         uint32_t count, const uint16_t *signers)
{
    struct zyd_hash id = proposal == NULL ? (struct zyd_hash){{0}} : *proposal;
    struct zyd_fixture_op op = {.event = event,
                                .member = signers[0] / 2,
                                .object = proposal == NULL ? NULL : &id,
                                .ref = proposal == NULL ? fresh() : NULL,
                                .args = args,
                                .class_ = ZYD_ENV_GOVERNANCE};
    for (uint32_t i = 1; i < count; i++) {
        op.signers[op.signer_count++] = ZYD_FIXTURE_KEY(signers[i] / 2, 2 + signers[i] % 2);
    }
    return zyd_fixture_run(f, &op);
}
#define OFFICERS(...) sizeof(uint16_t[]){__VA_ARGS__} / 2, (const uint16_t[]){__VA_ARGS__}
#define M(member) (uint16_t)(2 * (member))
#define C(member) (uint16_t)(2 * (member) + 1)

static void where_genesis_says_so_a_vote_takes_maker_and_checker(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "COUNTY", PROBE);
    struct zyd_span args = programme_args(&p), none = zyd_span(NULL, 0);
    REFUSED(f, ZYD_CODE_SIGNER_MISSING, officers(f, ZYD_HOST_PROGRAMME, NULL, args, OFFICERS(M(0))));
    REFUSED(f, ZYD_CODE_SIGNER_MISSING, officers(f, ZYD_HOST_PROGRAMME, NULL, args, OFFICERS(M(0), C(1)))); /* another's */
    assert_int_equal(officers(f, ZYD_HOST_PROGRAMME, NULL, args, OFFICERS(M(0), C(0), M(1))), 0);
    struct zyd_hash id = f->object;
    assert_int_equal(state_of(f, &id), 1); /* member 1 has not voted: its maker alone signed */
    REFUSED(f, ZYD_CODE_SIGNER_MISSING, officers(f, ZYD_HOST_APPROVE, &id, none, OFFICERS(M(1))));
    assert_int_equal(officers(f, ZYD_HOST_APPROVE, &id, none, OFFICERS(M(1), C(1))), 0);
    assert_int_equal(state_of(f, &id), 1);
    REFUSED(f, ZYD_CODE_SIGNER_MISSING, officers(f, ZYD_HOST_REVOKE, &id, none, OFFICERS(M(0))));
    assert_int_equal(officers(f, ZYD_HOST_APPROVE, &id, none, OFFICERS(M(2), C(2))), 0);
    assert_int_equal(state_of(f, &id), 2);
    p = a_programme(10, "OTHER", PROBE);
    assert_int_equal(officers(f, ZYD_HOST_PROGRAMME, NULL, programme_args(&p), OFFICERS(M(0), C(0))), 0);
    id = f->object;
    assert_int_equal(officers(f, ZYD_HOST_REVOKE, &id, none, OFFICERS(M(0), C(0))), 0);
    assert_int_equal(state_of(f, &id), 3);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_programme_goes_live_with_the_quorums_last_approval),
        TEST(one_envelope_of_a_quorum_decides_at_once),
        TEST(those_who_list_find_genesis_first),
        TEST(a_programme_that_does_not_fit_is_refused),
        TEST(only_members_that_vote_propose_and_approve),
        TEST(the_same_client_ref_proposes_once),
        TEST(after_thirty_days_nobody_approves),
        TEST(a_decision_that_no_longer_fits_fails_for_good),
        TEST(a_dropped_overlay_leaves_nothing_behind),
        TEST(a_year_is_added_and_days_to_come_change),
        TEST(a_year_that_does_not_fit_is_refused),
        TEST(a_rate_is_valid_from_its_date_until_the_next),
        TEST(a_rate_that_does_not_fit_is_refused),
        TEST(a_rate_has_room_for_512_changes),
        TEST(a_contract_goes_live_without_a_restart),
        TEST(an_image_that_the_machine_does_not_take_is_refused),
        TEST(a_members_next_image_takes_the_place_of_his_last),
        TEST(a_dropped_overlays_image_does_not_run),
        TEST(the_ledger_holds_255_programmes),
        TEST(the_ledger_holds_32_plugins),
        TEST(an_image_that_costs_more_than_a_call_is_refused),
        cmocka_unit_test_setup_teardown(where_genesis_says_so_a_vote_takes_maker_and_checker, setup_dual, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
