/* Goal: a genesis that breaks a rule is refused with the rule's name; a good one has one encoding; working days are
 * counted as the calendar says.  Outcomes, the other canonical array of this room, are tested beside it.
 * Method: one good plan, bent in one place at a time; every truncation and flipped bit of its body. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include "tests/lib/consortium.h"
#include <zyd/date.h>

static struct zyd_test_consortium C;
static struct zyd_genesis OUT;
static uint8_t BODY[1 << 17], AGAIN[1 << 17];

static void plan(void)
{
    struct zyd_genesis *g = &C.g;
    zyd_test_consortium_plan(&C, 4, 6);
    g->plugin_count = 2;
    g->plugins[0] = (struct zyd_plugin_ref){.contract = 1, .name = zyd_span("guarantee", 9), .hash = {{1}}};
    g->plugins[1] = (struct zyd_plugin_ref){.contract = 5, .name = zyd_span("pool", 4), .hash = {{2}}};
    g->programme_count = 2;
    static const uint8_t params[] = {0x92, 1, 2};
    for (uint16_t i = 0; i < 2; i++) {
        g->programmes[i] = (struct zyd_programme){.id = (uint16_t)(3 + i), .contract = 5, .class_ = 1, .dual = 1,
                                                  .code = zyd_span(i == 0 ? "NAT2080" : "AH4321", i == 0 ? 7 : 6),
                                                  .name_zh = zyd_span("\xe6\x94\xbf", 3), .pending_days = 10,
                                                  .params = zyd_span(params, sizeof params)};
    }
    g->opening_count = 1;
    g->openings[0] = (struct zyd_opening){.member = 1, .programme = 3, .dr = zyd_span("1011", 4),
                                          .cr = zyd_span("3001", 4), .amount = {100}};
}

static struct zyd_span encode(void)
{
    struct zyd_wr w = zyd_wr_of(BODY, sizeof BODY);
    zyd_genesis_encode(&w, &C.g);
    assert_false(w.full);
    return zyd_wr_span(&w);
}

static void refused(const char *want)
{
    const char *why;
    enum zyd_status st = zyd_genesis_decode(&OUT, &why, encode());
    assert_string_equal(why, want);
    assert_int_equal(st, ZYD_E_INVALID);
    plan();
}

static void a_good_one_round_trips(void **state)
{
    (void)state;
    const char *why;
    plan();
    struct zyd_span body = encode();
    assert_int_equal(zyd_genesis_decode(&OUT, &why, body), ZYD_OK);
    struct zyd_wr w = zyd_wr_of(AGAIN, sizeof AGAIN);
    zyd_genesis_encode(&w, &OUT);
    assert_int_equal(w.size, body.size);
    assert_memory_equal(AGAIN, BODY, body.size);
    assert_int_equal(OUT.validator_count, 4);
    assert_int_equal(zyd_genesis_validator_of(&OUT, 3), 3);
    assert_int_equal(zyd_genesis_validator_of(&OUT, 4), -1);
    assert_int_equal(zyd_genesis_member_by_code(&OUT, zyd_span("M05", 3)), 5);
    assert_int_equal(zyd_genesis_member_by_code(&OUT, zyd_span("M06", 3)), -1);
    assert_non_null(zyd_genesis_programme(&OUT, 4));
    assert_null(zyd_genesis_programme(&OUT, 5));
    assert_memory_equal(zyd_genesis_validator_pk(&OUT, 2), &OUT.members[2].keys[0].pk, 32);
}

/* A programme's settlement programme is an 11th element, and none has one encoding: ten elements. */
static void a_settlement_programme_round_trips_and_none_is_left_out(void **state)
{
    (void)state;
    struct zyd_programme p, again;
    uint8_t bytes[256];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    plan();
    p = C.g.programmes[0];
    zyd_programme_encode(&wr, &p);
    size_t plain = wr.size;
    assert_int_equal(bytes[0], 0x9a);
    wr.size = 0;
    p.settlement = 4;
    zyd_programme_encode(&wr, &p);
    assert_int_equal(wr.size, plain + 1);
    assert_int_equal(bytes[0], 0x9b);
    assert_int_equal(zyd_programme_decode(&again, zyd_wr_span(&wr)), ZYD_OK);
    assert_int_equal(again.settlement, 4);
    bytes[plain] = 0;
    assert_int_equal(zyd_programme_decode(&again, zyd_wr_span(&wr)), ZYD_E_MALFORMED);
    bytes[0] = 0x9a; /* the element stands there and is not counted */
    assert_int_equal(zyd_programme_decode(&again, zyd_wr_span(&wr)), ZYD_E_MALFORMED);
    bytes[0] = 0x99;
    assert_int_equal(zyd_programme_decode(&again, zyd_span(bytes, plain)), ZYD_E_MALFORMED);
}

static void every_broken_rule_is_named(void **state)
{
    (void)state;
    struct zyd_genesis *g = &C.g;
    plan();
    g->flags = 4;
    refused("unknown flags");
    g->preset = 2;
    refused("preset is neither LAN nor WAN");
    g->fuel_call = g->fuel_block / 2 - ZYD_FUEL_BESIDE + 1;
    refused("fuel of a block is at most 250 M; of a call 1 or more, and with 100,000 beside it at most half a block's");
    g->fuel_block = 250000001;
    refused("fuel of a block is at most 250 M; of a call 1 or more, and with 100,000 beside it at most half a block's");
    g->window_ms = 999;
    refused("the replay window must be 1 s to 1 h");
    g->delta_ms = g->delta_max_ms + 1;
    refused("a time of the protocol is out of range");
    g->members[1].code = zyd_span("m1", 2);
    refused("a member's code has other characters than A-Z 0-9 _");
    C.text[2][17] = C.text[2][17] == '1' ? '2' : '1';
    refused("a member's USCC is wrong");
    g->members[1].role = 8;
    refused("a member's role is unknown");
    g->members[1].flags = 2;
    refused("a member's flags are unknown");
    g->members[1].keys[2].purpose = 5;
    refused("a key has an unknown purpose");
    memset(g->members[1].keys[2].pk.b, 0, 32);
    refused("a key is not a fit Ed25519 key");
    g->members[1].keys[2].purpose = ZYD_KEY_NODE;
    refused("a member has two node keys or two link keys");
    g->members[1].keys[0].purpose = ZYD_KEY_MAKER;
    refused("a validator has no node key");
    g->members[1].keys[2] = g->members[0].keys[3];
    refused("a key stands twice");
    g->members[1].keys[2] = g->members[1].keys[3];
    refused("a key stands twice");
    g->members[1].code = g->members[0].code;
    refused("two members have one code");
    g->members[1].uscc = g->members[0].uscc;
    refused("two members have one USCC");
    g->plugins[1].contract = 1;
    refused("contract numbers must ascend from 1");
    g->plugins[0].contract = 0;
    refused("contract numbers must ascend from 1");
    g->plugins[1].name = g->plugins[0].name;
    refused("two contracts have one name");
    g->programmes[0].id = 0;
    refused("programme ids must ascend from 1");
    g->programmes[1].code = g->programmes[0].code;
    refused("two programmes have one code");
    g->programmes[1].contract = 2;
    refused("a programme names a contract that is not there");
    g->programmes[1].calendar = 1;
    refused("a programme names a calendar that is not there");
    g->programmes[1].settlement = 5;
    refused("a programme names a settlement programme that is not there");
    g->programmes[1].pending_days = 0;
    refused("a programme's countersigning time must be 1 to 250 working days");
    g->calendars[0].years[3].year++;
    refused("a calendar's years do not follow each other");
    g->calendars[0].years[1].days[45] |= 0x20; /* day 365 of 2021 */
    refused("a calendar has a day after 31 December");
    g->openings[0].programme = 9;
    refused("an opening names a member or programme that is not there");
    g->openings[0].member = 6;
    refused("an opening names a member or programme that is not there");
    g->openings[0].cr = g->openings[0].dr;
    refused("an opening's accounts are wrong");
}

static void only_a_development_consortium_may_be_weak(void **state)
{
    (void)state;
    const char *why;
    plan();
    for (uint16_t i = 1; i < 6; i++) {
        C.g.members[i].flags = 0;
    }
    assert_int_equal(zyd_genesis_decode(&OUT, &why, encode()), ZYD_OK);
    C.g.members[0].flags = 0;
    refused("too few validators: no fault could be tolerated");
    C.g.flags = 0;
    refused("opening postings are for a development consortium only");
    C.g.flags = 0;
    C.g.opening_count = 0;
    C.g.members[3].flags = 0;
    refused("too few validators: no fault could be tolerated");
    C.g.flags = 0;
    C.g.opening_count = 0;
    C.g.members[3].address = zyd_span("", 0);
    refused("a validator has no address");
    C.g.flags = 0;
    C.g.opening_count = 0;
    assert_int_equal(zyd_genesis_decode(&OUT, &why, encode()), ZYD_OK);
}

static void truncations_are_refused_and_flipped_bits_change_the_chain_id(void **state)
{
    (void)state;
    const char *why;
    zyd_test_consortium_plan(&C, 1, 1);
    C.g.calendar_count = 0;
    struct zyd_span body = encode();
    assert_int_equal(zyd_genesis_decode(&OUT, &why, body), ZYD_OK);
    struct zyd_hash id = OUT.hash;
    for (size_t n = 0; n < body.size; n++) {
        assert_int_equal(zyd_genesis_decode(&OUT, &why, zyd_span(BODY, n)), ZYD_E_MALFORMED);
    }
    assert_int_equal(zyd_genesis_decode(&OUT, &why, zyd_span(BODY, body.size + 1)), ZYD_E_MALFORMED);
    for (size_t i = 0; i < body.size * 8; i++) {
        BODY[i / 8] ^= (uint8_t)(1u << i % 8);
        if (zyd_genesis_decode(&OUT, &why, body) == ZYD_OK) {
            assert_memory_not_equal(&id, &OUT.hash, 32);
            struct zyd_wr w = zyd_wr_of(AGAIN, sizeof AGAIN);
            zyd_genesis_encode(&w, &OUT);
            assert_int_equal(w.size, body.size);
            assert_memory_equal(AGAIN, BODY, body.size);
        } else {
            assert_true(strlen(why) > 10);
        }
        BODY[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void a_uscc_has_a_check_character(void **state)
{
    (void)state;
    static const char *const good[] = {"91350100M000100Y43", "914403001922038216"}; /* published examples */
    for (size_t i = 0; i < 2; i++) {
        assert_true(zyd_uscc_valid(zyd_span(good[i], 18)));
        assert_int_equal(zyd_uscc_check_char(good[i]), good[i][17]);
        for (size_t at = 0; at < 18; at++) {
            char bent[18];
            memcpy(bent, good[i], 18);
            bent[at] = bent[at] == '7' ? '8' : '7';
            assert_false(zyd_uscc_valid(zyd_span(bent, 18)));
            bent[at] = 'I';
            assert_false(zyd_uscc_valid(zyd_span(bent, 18)));
        }
        assert_false(zyd_uscc_valid(zyd_span(good[i], 17)));
    }
}

static void working_days_are_counted_over_weekends_and_years(void **state)
{
    (void)state;
    bool working;
    int32_t date;
    zyd_test_consortium_plan(&C, 4, 4);
    struct zyd_calendar *c = &C.g.calendars[0]; /* 2020..2040, Monday to Friday */
    assert_true(zyd_calendar_is_working(c, 20260102, &working) && working);  /* a Friday */
    assert_true(zyd_calendar_is_working(c, 20260103, &working) && !working); /* a Saturday */
    assert_true(zyd_calendar_is_working(c, 20241231, &working) && working);  /* day 366 of a leap year */
    assert_true(zyd_calendar_add(c, 20260102, 0, &date) && date == 20260102);
    assert_true(zyd_calendar_add(c, 20260102, 1, &date) && date == 20260105);
    assert_true(zyd_calendar_add(c, 20260103, 1, &date) && date == 20260105);
    assert_true(zyd_calendar_add(c, 20251230, 3, &date) && date == 20260102);
    assert_true(zyd_calendar_add(c, 20260105, 10, &date) && date == 20260119);
    assert_false(zyd_calendar_is_working(c, 20191231, &working));
    assert_false(zyd_calendar_is_working(c, 20410101, &working));
    assert_false(zyd_calendar_is_working(c, 20260230, &working));
    assert_false(zyd_calendar_add(c, 20401230, 3, &date));
    assert_false(zyd_calendar_add(c, 20200101, 1000000, &date));
}

static void dates_agree_with_their_day_numbers(void **state)
{
    (void)state;
    int32_t y = 1970, m = 1, d = 1;
    static const int32_t len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int32_t day = 0; day < 200000; day++) {
        int32_t date = y * 10000 + m * 100 + d;
        assert_int_equal(zyd_date_to_day(date), day);
        assert_int_equal(zyd_date_from_day(day), date);
        assert_true(zyd_date_valid(date));
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        if (++d > len[m - 1] + (m == 2 && leap ? 1 : 0)) {
            assert_false(zyd_date_valid(y * 10000 + m * 100 + d));
            d = 1;
            if (++m > 12) {
                m = 1;
                y++;
            }
        }
    }
    assert_int_equal(zyd_date_of_ms(zyd_ms_of_date(20260615)), 20260615);
    assert_int_equal(zyd_date_of_ms(zyd_ms_of_date(20260615) - 1), 20260614);
}

static void an_outcome_round_trips_and_has_one_encoding(void **state)
{
    (void)state;
    static struct zyd_posting in[3], out[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted ein[2], eout[ZYD_CALL_EVENTS_MAX];
    static uint32_t win[2] = {7, 70000}, wout[ZYD_CALL_WARNINGS_MAX];
    for (uint32_t i = 0; i < 3; i++) {
        in[i] = (struct zyd_posting){.member = (uint16_t)i, .programme = 1, .label = 300, .dr = "1011.BANK",
                                     .cr = "2141.GUAR", .amount = {i == 2 ? ZYD_MONEY_MAX : 1}};
        in[i].obligation.b[0] = (uint8_t)(i == 1 ? 9 : 0);
    }
    ein[0] = (struct zyd_emitted){3, zyd_span("abc", 3)};
    ein[1] = (struct zyd_emitted){4, zyd_span("", 0)};
    struct zyd_outcome o = {.op_id = {{1}}, .code = 9108, .fuel = 123456789, .has_object = true, .object = {{2}},
                            .seq = 3, .due_ms = 99, .deadline = 4, .contract = 5, .event = 6, .posting_count = 3,
                            .event_count = 2, .warning_count = 2, .postings = in, .events = ein, .warnings = win}, p;
    struct zyd_wr w = zyd_wr_of(BODY, sizeof BODY), w2 = zyd_wr_of(AGAIN, sizeof AGAIN);
    zyd_outcome_encode(&w, &o);
    assert_int_equal(zyd_outcome_decode(&p, out, eout, wout, zyd_wr_span(&w)), ZYD_OK);
    assert_int_equal(p.posting_count, 3);
    assert_memory_equal(&out[1], &in[1], sizeof in[1]);
    assert_int_equal(out[2].amount.fen, ZYD_MONEY_MAX);
    for (size_t n = 0; n < w.size; n++) {
        assert_int_equal(zyd_outcome_decode(&p, out, eout, wout, zyd_span(BODY, n)), ZYD_E_MALFORMED);
    }
    for (size_t i = 0; i < w.size * 8; i++) {
        BODY[i / 8] ^= (uint8_t)(1u << i % 8);
        if (zyd_outcome_decode(&p, out, eout, wout, zyd_wr_span(&w)) == ZYD_OK) {
            w2 = zyd_wr_of(AGAIN, sizeof AGAIN);
            zyd_outcome_encode(&w2, &p);
            assert_int_equal(w2.size, w.size);
            assert_memory_equal(AGAIN, BODY, w.size);
        }
        BODY[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    in[0].amount.fen = 0; /* nothing is no posting */
    w = zyd_wr_of(BODY, sizeof BODY);
    zyd_outcome_encode(&w, &o);
    assert_int_equal(zyd_outcome_decode(&p, out, eout, wout, zyd_wr_span(&w)), ZYD_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_round_trips),
        cmocka_unit_test(a_settlement_programme_round_trips_and_none_is_left_out),
        cmocka_unit_test(every_broken_rule_is_named),
        cmocka_unit_test(only_a_development_consortium_may_be_weak),
        cmocka_unit_test(truncations_are_refused_and_flipped_bits_change_the_chain_id),
        cmocka_unit_test(a_uscc_has_a_check_character),
        cmocka_unit_test(working_days_are_counted_over_weekends_and_years),
        cmocka_unit_test(dates_agree_with_their_day_numbers),
        cmocka_unit_test(an_outcome_round_trips_and_has_one_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
