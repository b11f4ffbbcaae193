/* Goal: one JSON gives one genesis, whatever its layout; a join request, an approval or a file that is wrong in any place is
 * refused with the place; nobody gets into a consortium with a key that they do not hold. Method: a whole ceremony in memory
 * with four institutions; then each file is changed in one way; every bit of a join request is flipped once; JSON -> genesis ->
 * JSON
 * -> genesis gives the same body. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <zyd/catalogue.h>
#include <zyd/consortium.h>

static const char draft[] =
    "{\"format\":\"zyd-consortium-1\",\"name\":{\"zh\":\"示范\",\"en\":\"Demo\"},\"development\":true,"
    "\"dual_governance\":true,\"preset\":\"LAN\","
    "\"created\":\"2025-01-02T09:00:00+08:00\",\"plugins\":[{\"contract\":1,\"name\":\"guarantee\",\"sha256\":"
    "\"1111111111111111111111111111111111111111111111111111111111111111\"}],"
    "\"calendars\":[[{\"year\":2025,\"holidays\":[\"10-01\",\"10-02\"],\"workdays\":[\"09-28\"]}]],"
    "\"programmes\":[{\"id\":1,\"contract\":1,\"code\":\"AH4321\",\"name\":{\"zh\":\"安徽\",\"en\":\"Anhui\"},\"class\":1,"
    "\"params\":{\"preset\":\"AH4321\",\"banks\":[\"BANK\"]}}],"
    "\"openings\":[{\"member\":\"BANK\",\"programme\":1,\"dr\":\"1101\",\"cr\":\"2101.X\",\"amount_fen\":\"100\"}]}";
static const struct {
    const char *code, *uscc;
    uint8_t role;
} who[4] = {{"REG", "91350500798359476R", ZYD_ROLE_REG},
            {"BANK", "91430100MA4TEXT00G", ZYD_ROLE_BANK},
            {"LGOV", "114300000000000003", ZYD_ROLE_FISCAL},
            {"GUAR", "91350200776049653A", ZYD_ROLE_GUAR}};
static const char *const names[4] = {"reg.join", "bank.join", "lgov.join", "guar.join"};
static struct zyd_key keys[4][3];

static char *join_text(size_t i)
{
    struct zyd_join j = {who[i].code, who[i].uscc, "机构", "institution", "127.0.0.1:7420", who[i].role, true};
    struct zyd_err err = {0};
    char *text = NULL;
    assert_int_equal(zyd_join_make(&text, &err, &j, keys[i], 3), ZYD_OK);
    return text;
}

static struct zyd_span of(const char *text)
{
    return zyd_span(text, strlen(text));
}

static struct zyd_consortium *assembled(char **out)
{
    struct zyd_span joins[4];
    struct zyd_err err = {0};
    struct zyd_consortium *c = NULL;
    char *text = NULL;
    for (size_t i = 0; i < 4; i++) {
        joins[i] = of(join_text(i));
    }
    assert_int_equal(zyd_consortium_assemble(&text, &err, of(draft), joins, names, 4), ZYD_OK);
    assert_int_equal(zyd_consortium_parse(&c, &err, of(text)), ZYD_OK);
    for (size_t i = 0; i < 4; i++) {
        free((void *)(uintptr_t)joins[i].data);
    }
    if (out) {
        *out = text;
    } else {
        free(text);
    }
    return c;
}

static int make_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        zyd_key_generate(&keys[i][0], ZYD_KEY_NODE);
        zyd_key_generate(&keys[i][1], ZYD_KEY_LINK);
        zyd_key_generate(&keys[i][2], ZYD_KEY_MAKER);
    }
    return 0;
}

static void a_ceremony_of_four_ends_in_a_complete_file(void **state)
{
    (void)state;
    struct zyd_consortium *c = assembled(NULL), *final = NULL;
    struct zyd_err err = {0};
    const struct zyd_genesis *g = zyd_consortium_genesis(c);
    char *approval[4], *text = NULL;
    struct zyd_span spans[4];
    uint64_t have = 9;
    assert_int_equal(g->member_count, 4);
    assert_memory_equal(g->members[0].code.data, "BANK", 4); /* sorted by role: not by the order of the files */
    assert_int_equal(zyd_consortium_check_proofs(&err, c), ZYD_OK);
    assert_int_not_equal(zyd_consortium_complete(&err, c), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_APPROVAL_MISSING);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(zyd_approval_make(&approval[i], &err, c, &keys[i][0]), ZYD_OK);
        spans[i] = of(approval[i]);
    }
    assert_int_equal(zyd_consortium_finish(&text, &err, c, spans, names, 4), ZYD_OK);
    assert_int_equal(zyd_consortium_parse(&final, &err, of(text)), ZYD_OK);
    assert_int_equal(zyd_consortium_complete(&err, final), ZYD_OK);
    assert_int_equal(zyd_consortium_approvals(&have, &err, final), ZYD_OK);
    assert_int_equal(have, 15);
    assert_true(zyd_hash_eq(&g->hash, &zyd_consortium_genesis(final)->hash)); /* approvals are not hashed */
    free(text);
    zyd_consortium_free(final);
    for (size_t i = 0; i < 4; i++) {
        free(approval[i]);
    }
    zyd_consortium_free(c);
}

static void the_genesis_shown_is_the_genesis_read(void **state)
{
    (void)state;
    struct zyd_consortium *c = assembled(NULL), *again = NULL;
    struct zyd_err err = {0};
    char *text = NULL;
    assert_int_equal(zyd_consortium_show(&text, &err, zyd_consortium_genesis(c)), ZYD_OK);
    assert_int_equal(zyd_consortium_parse(&again, &err, of(text)), ZYD_OK);
    const struct zyd_genesis *a = zyd_consortium_genesis(c), *b = zyd_consortium_genesis(again);
    assert_int_equal(a->body.size, b->body.size);
    assert_memory_equal(a->body.data, b->body.data, a->body.size);
    assert_int_equal(b->flags, ZYD_GENESIS_DEVELOPMENT | ZYD_GENESIS_DUAL);
    bool working = true;
    assert_true(zyd_calendar_is_working(&b->calendars[0], 20251001, &working) && !working);
    assert_true(zyd_calendar_is_working(&b->calendars[0], 20250928, &working) && working);  /* a Sunday */
    assert_true(zyd_calendar_is_working(&b->calendars[0], 20250929, &working) && working);  /* a Monday */
    assert_true(zyd_calendar_is_working(&b->calendars[0], 20251004, &working) && !working); /* a Saturday */
    zyd_consortium_free(again);
    free(text);
    zyd_consortium_free(c);
}

static void a_changed_join_request_is_refused_wherever_it_is_changed(void **state)
{
    (void)state;
    char *text = join_text(1);
    size_t size = strlen(text), refused = 0;
    struct zyd_err err = {0};
    char code[ZYD_CODE_MAX + 1];
    assert_int_equal(zyd_join_check(&err, code, of(text)), ZYD_OK);
    assert_string_equal(code, "BANK");
    for (size_t bit = 0; bit < size * 8; bit += 3) {
        char c = text[bit / 8];
        text[bit / 8] = (char)(c ^ 1 << bit % 8);
        enum zyd_status s = zyd_join_check(&err, NULL, zyd_span(text, size));
        if (s != ZYD_OK) {
            refused++;
            assert_int_equal(err.code, ZYD_ERR_JOIN_INVALID);
        } else { /* the flip changed nothing that is said: white space, or the case of a hex digit */
            assert_true(c == ' ' || c == '\n' || (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9'));
        }
        text[bit / 8] = c;
    }
    assert_true(refused > size * 8 / 3 / 2);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_not_equal(zyd_join_check(&err, NULL, zyd_span(text, cut)), ZYD_OK);
    }
    free(text);
}

static void nobody_joins_with_a_key_of_another(void **state)
{
    (void)state;
    struct zyd_key stolen[3] = {keys[0][0], keys[1][1], keys[1][2]};
    struct zyd_join j = {"BANK", who[1].uscc, "机构", "institution", "127.0.0.1:1", ZYD_ROLE_BANK, true};
    struct zyd_err err = {0};
    char *text = NULL;
    memcpy(stolen[0].sk, keys[1][0].sk, sizeof stolen[0].sk); /* its public key with our secret */
    assert_int_not_equal(zyd_join_make(&text, &err, &j, stolen, 3), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_JOIN_INVALID);
    assert_null(text);
}

static void doubled_requests_and_weak_sets_are_refused(void **state)
{
    (void)state;
    struct zyd_span joins[4];
    struct zyd_err err = {0};
    char *text = NULL, *j[4];
    for (size_t i = 0; i < 4; i++) {
        j[i] = join_text(i);
        joins[i] = of(j[i]);
    }
    joins[3] = joins[0];
    assert_int_not_equal(zyd_consortium_assemble(&text, &err, of(draft), joins, names, 4), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_JOIN_DUPLICATE);
    assert_int_not_equal(zyd_consortium_assemble(&text, &err, of(draft), joins, names, 0), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_VALIDATORS);
    for (size_t i = 0; i < 4; i++) {
        free(j[i]);
    }
}

static void an_approval_binds_member_key_and_body(void **state)
{
    (void)state;
    struct zyd_consortium *c = assembled(NULL);
    struct zyd_err err = {0};
    struct zyd_key stranger;
    char *approval = NULL, *text = NULL;
    zyd_key_generate(&stranger, ZYD_KEY_NODE);
    assert_int_not_equal(zyd_approval_make(&approval, &err, c, &stranger), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_KEY_WRONG);
    assert_int_equal(zyd_approval_make(&approval, &err, c, &keys[1][0]), ZYD_OK);
    char *member = strstr(approval, "\"BANK\"");
    assert_non_null(member);
    memcpy(member, "\"GUAR\"", 6);
    struct zyd_span one = of(approval);
    assert_int_not_equal(zyd_consortium_finish(&text, &err, c, &one, names, 1), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_APPROVAL_INVALID);
    free(approval);
    zyd_consortium_free(c);
}

static void unknown_members_and_wrong_values_name_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *place;
    } cases[] = {{"\"preset\":\"LAN\"", "\"preset\":\"MAN\"", "preset"},
                 {"\"class\":1", "\"clas\":1", "programmes[0].clas"},
                 {"\"class\":1", "\"class\":300", "programmes[0].class"},
                 {"\"class\":1", "\"class\":1.5", "programmes[0].class"},
                 {"\"10-02\"", "\"10-04\"", "calendars[0][0]"}, /* a Saturday is a day off already */
                 {"\"amount_fen\":\"100\"", "\"amount_fen\":\"-00\"", "openings[0]"},
                 {"\"amount_fen\":\"100\"", "\"amount_fen\":100  ", "openings[0].amount_fen"},
                 {"2025-01-02T09", "2025-02-30T09", "created"},
                 {"\"banks\":[\"BANK\"]", "\"banks\":[\"BONK\"]", "params"},
                 {"zyd-consortium-1", "zyd-consortium-2", "format"}};
    char *text = NULL;
    zyd_consortium_free(assembled(&text));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zyd_consortium *c = NULL;
        struct zyd_err err = {0};
        char *parse = malloc(strlen(text) + 64), *at;
        /* the assembled text is indented: compare without white space inside the pattern */
        size_t n = 0;
        bool in_text = false;
        for (const char *p = text; *p; p++) {
            in_text ^= *p == '"';
            if (in_text || (*p != ' ' && *p != '\n')) {
                parse[n++] = *p;
            }
        }
        parse[n] = '\0';
        at = strstr(parse, cases[i].from);
        assert_non_null(at);
        size_t from = strlen(cases[i].from), to = strlen(cases[i].to);
        memmove(at + to, at + from, strlen(at + from) + 1);
        memcpy(at, cases[i].to, to);
        assert_int_not_equal(zyd_consortium_parse(&c, &err, of(parse)), ZYD_OK);
        if (!strstr(err.text, cases[i].place)) {
            fail_msg("%s: %s", cases[i].to, err.text);
        }
        free(parse);
    }
    struct zyd_consortium *c = NULL;
    struct zyd_err err = {0};
    assert_int_not_equal(zyd_consortium_parse(&c, &err, of("{\"format\":\"a\",\"format\":\"b\"}")), ZYD_OK); /* duplicates */
    free(text);
}

static void times_keep_their_instant(void **state)
{
    (void)state;
    int64_t ms = 0;
    char out[32];
    assert_true(zyd_rfc3339_parse(&ms, "2025-01-02T01:00:00Z"));
    zyd_rfc3339(out, ms);
    assert_string_equal(out, "2025-01-02T09:00:00+08:00");
    zyd_rfc3339(out, ms + 7);
    assert_string_equal(out, "2025-01-02T09:00:00.007+08:00");
    int64_t again = 0;
    assert_true(zyd_rfc3339_parse(&again, out));
    assert_int_equal(again, ms + 7);
    static const char *const wrong[] = {"",
                                        "2025-01-02",
                                        "2025-13-02T01:00:00Z",
                                        "2025-01-02T25:00:00Z",
                                        "2025-01-02T01:00:00",
                                        "2025-01-02T01:00:00+8",
                                        "2025-01-02T01:00:00Zx"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(zyd_rfc3339_parse(&ms, wrong[i]));
    }
}

static void a_fingerprint_is_twelve_groups_and_moves_with_every_bit(void **state)
{
    (void)state;
    struct zyd_hash h = {{0}};
    char a[ZYD_FINGERPRINT_SIZE], b[ZYD_FINGERPRINT_SIZE];
    zyd_fingerprint(a, &h);
    assert_int_equal(strlen(a), 71);
    for (size_t i = 0; i < 71; i++) {
        assert_true(i % 6 == 5 ? a[i] == ' ' : a[i] >= '0' && a[i] <= '9');
    }
    for (size_t bit = 0; bit < 256; bit++) {
        h.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        zyd_fingerprint(b, &h);
        assert_string_not_equal(a, b);
        h.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ceremony_of_four_ends_in_a_complete_file),
        cmocka_unit_test(the_genesis_shown_is_the_genesis_read),
        cmocka_unit_test(a_changed_join_request_is_refused_wherever_it_is_changed),
        cmocka_unit_test(nobody_joins_with_a_key_of_another),
        cmocka_unit_test(doubled_requests_and_weak_sets_are_refused),
        cmocka_unit_test(an_approval_binds_member_key_and_body),
        cmocka_unit_test(unknown_members_and_wrong_values_name_their_place),
        cmocka_unit_test(times_keep_their_instant),
        cmocka_unit_test(a_fingerprint_is_twelve_groups_and_moves_with_every_bit),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
