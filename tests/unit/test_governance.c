/* Goal: programmes, calendars and rates that the members decide on the ledger (contracts/host/governance.c) take effect when a
 * quorum has signed and never before, are refused by name otherwise, and are found by every overlay as its own state has them.
 * Method: governance_rig.h. */
#include "governance_rig.h"

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
        TEST(the_ledger_holds_255_programmes),
        cmocka_unit_test_setup_teardown(where_genesis_says_so_a_vote_takes_maker_and_checker, setup_dual, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
