/* Goal: names and text become one canonical encoding and come back; what is wrong is refused with the name of what is wrong.
 * Method: every preset and event there and back; every argument left out, doubled, misnamed; every truncation and bit flip of
 * encoded parameters and arguments decoded without harm;
 * the examples of contracts/guarantee go through the real ceremony code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include <zyd/batch.h>
#include <zyd/consortium.h>
#include <zyd/guarantee_schema.h>

static const char *const codes[] = {"BANK", "GUAR",   "REG",    "NFGF",     "LGOV",  "PFIN",
                                    "CITY", "COUNTY", "CITY_G", "COUNTY_G", "BANK2", "INSURER"};
#define CODES (sizeof codes / sizeof codes[0])

static int index_of(void *ctx, const char *code)
{
    (void)ctx;
    for (int i = 0; i < (int)CODES; i++) {
        if (strcmp(codes[i], code) == 0) {
            return i;
        }
    }
    return -1;
}
static bool code_of(void *ctx, char out[13], uint16_t member)
{
    (void)ctx;
    snprintf(out, 13, "%s", member < CODES ? codes[member] : "");
    return member < CODES;
}
static const struct zyd_members members = {NULL, index_of, code_of};

struct collected {
    struct zyd_pair pairs[96];
    char text[96][2][1200];
    size_t count;
};
static void collect(void *ctx, const char *name, const char *value)
{
    struct collected *c = ctx;
    assert_true(c->count < 96);
    snprintf(c->text[c->count][0], 1200, "%s", name);
    snprintf(c->text[c->count][1], 1200, "%s", value);
    c->pairs[c->count] = (struct zyd_pair){c->text[c->count][0], c->text[c->count][1]};
    c->count++;
}
static void ignore(void *ctx, const char *name, const char *value)
{
    (void)ctx, (void)name, (void)value;
}

static void every_preset_comes_back_as_the_same_bytes(void **state)
{
    const size_t n = zyd_product_guarantee.preset_count;
    const struct zyd_preset *presets = zyd_product_guarantee.presets;
    (void)state;
    assert_int_equal(n, 13);
    for (size_t i = 0; i < n; i++) {
        struct zyd_pair pairs[] = {{"preset", presets[i].name}, {"banks", "BANK2,BANK"}, {"evidence", "催收通知,loan contract"},
                                   {"grades", "9"}};
        const size_t given = zyd_preset_value(&presets[i], "tiers") != NULL ? 4 : 3;
        uint8_t a[4096], b[4096];
        char why[ZYD_WHY];
        static struct collected c;
        struct zyd_wr wa = zyd_wr_of(a, sizeof a), wb = zyd_wr_of(b, sizeof b);
        assert_int_equal(zyd_product_params_encode(&zyd_product_guarantee, &wa, why, pairs, given, &members), ZYD_OK);
        assert_true(wa.size < 3500);
        c.count = 0;
        assert_int_equal(zyd_product_params_decode(&zyd_product_guarantee, collect, &c, zyd_wr_span(&wa), &members), ZYD_OK);
        assert_int_equal(c.count, (given == 4 ? 5 : 3) + ZYD_GUARANTEE_PARAM_COUNT);
        assert_int_equal(zyd_product_params_encode(&zyd_product_guarantee, &wb, why, c.pairs, c.count, &members), ZYD_OK);
        assert_int_equal(wa.size, wb.size);
        assert_memory_equal(a, b, wa.size);
    }
}

static void refuse_params(const char *starts, const struct zyd_pair *pairs, size_t count)
{
    uint8_t bytes[4096];
    char why[ZYD_WHY];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    assert_int_equal(zyd_product_params_encode(&zyd_product_guarantee, &wr, why, pairs, count, &members), ZYD_E_INVALID);
    if (strncmp(why, starts, strlen(starts)) != 0) {
        fail_msg("%s, not %s", why, starts);
    }
}
#define REFUSE(starts, ...)                                                                                                    \
    refuse_params(starts, (const struct zyd_pair[]){__VA_ARGS__},                                                              \
                  sizeof((struct zyd_pair[]){__VA_ARGS__}) / sizeof(struct zyd_pair))

static void wrong_parameters_are_named(void **state)
{
    (void)state;
    REFUSE("tree", {"banks", "BANK"});
    REFUSE("preset", {"preset", "NONE"}, {"banks", "BANK"});
    REFUSE("tree", {"preset", "TWO82"}, {"tree", "BANK 1, GUAR 999999"}, {"banks", "BANK"});
    REFUSE("banks", {"preset", "TWO82"});
    REFUSE("banks", {"preset", "TWO82"}, {"banks", "NOBODY"});
    REFUSE("banks", {"preset", "TWO82"}, {"banks", "BANK,GUAR"});
    REFUSE("banks", {"preset", "TWO82"}, {"banks", "BANK,BANK"});
    REFUSE("tree", {"tree", "BANK 200000, GUAR 799999"}, {"banks", "BANK"}, {"guar", "GUAR"});
    REFUSE("tree", {"tree", "GUAR 800000, BANK 200000"}, {"banks", "BANK"}, {"guar", "GUAR"});
    REFUSE("tree", {"tree", "BANK 200000, REST 800000 (GUAR 500000, REG 500000"}, {"banks", "BANK"}, {"guar", "GUAR"});
    REFUSE("tree", {"tree", "BANK 200000, REST 800000 (GUAR 500000, GUAR 500000)"}, {"banks", "BANK"}, {"guar", "GUAR"});
    REFUSE("tree", {"tree", "BANK 200000, REST 800000 ()"}, {"banks", "BANK"}, {"guar", "GUAR"});
    REFUSE("tree", {"tree", "BANK 200000"}, {"banks", "BANK"}, {"guar", "GUAR"});
    REFUSE("tree", {"preset", "NAT2080"}, {"banks", "BANK"}, {"bind", "NFGF=NOBODY"});
    REFUSE("guar", {"tree", "BANK 200000, GUAR 800000"}, {"banks", "BANK"});
    REFUSE("min_bank_share", {"tree", "BANK 100000, GUAR 900000"}, {"banks", "BANK"}, {"guar", "GUAR"});
    REFUSE("claim_close_days", {"preset", "TWO82"}, {"banks", "BANK"}, {"claim_open_days", "200"});
    REFUSE("fee_ppm", {"preset", "TWO82"}, {"banks", "BANK"}, {"fee_ppm", "100.00001%"});
    REFUSE("fee_ppm", {"preset", "TWO82"}, {"banks", "BANK"}, {"fee_ppm", "1"}, {"fee_ppm", "1"});
    REFUSE("household_cap", {"preset", "TWO82"}, {"banks", "BANK"}, {"household_cap", "1.234"});
    REFUSE("household_cap_fen", {"preset", "TWO82"}, {"banks", "BANK"}, {"household_cap", "1"}, {"household_cap_fen", "1"});
    REFUSE("settle", {"preset", "TWO82"}, {"banks", "BANK"}, {"settle", "gross"});
    REFUSE("frobnicate", {"preset", "TWO82"}, {"banks", "BANK"}, {"frobnicate", "1"});
    REFUSE("loan_basis", {"preset", "TWO82"}, {"banks", "BANK"}, {"loan_basis", "364"});
    /* tiers: one tree for each, over the same leaves */
    const char *tech = "BANK 200000, REST 800000 (REG 250000, GUAR 750000)";
    REFUSE("tiers", {"tree", tech}, {"banks", "BANK"}, {"guar", "GUAR"}, {"tiers", tech});
    REFUSE("tiers", {"tree", tech}, {"banks", "BANK"}, {"guar", "GUAR"},
           {"tiers", "0: BANK 200000, REST 800000 (REG 1, GUAR 999999)"});
    REFUSE("tiers", {"tree", tech}, {"banks", "BANK"}, {"guar", "GUAR"},
           {"tiers", "any: BANK 200000, REST 800000 (REG 1, GUAR 1)"});
    REFUSE("tiers", {"tree", tech}, {"banks", "BANK"}, {"guar", "GUAR"}, {"tiers", "any: BANK 200000, GUAR 800000"});
    REFUSE("tiers", {"tree", tech}, {"banks", "BANK"}, {"guar", "GUAR"},
           {"tiers", "any: BANK 200000, REST 800000 (GUAR 750000, REG 250000)"});
    REFUSE("tiers", {"tree", tech}, {"banks", "BANK"}, {"guar", "GUAR"},
           {"tiers", "any: BANK 199999, REST 800001 (REG 250000, GUAR 750000)"});
    REFUSE("tiers", {"preset", "TECHTIERS"}, {"banks", "BANK"}); /* whose grades? */
    REFUSE("tiers", {"preset", "TECHTIERS"}, {"banks", "BANK"}, {"grades", "9"},
           {"tiers", "any grade=0: BANK 200000, REST 800000 (NFGF 375000, REG 250000, GUAR 375000)"});
    REFUSE("grades", {"preset", "TWO82"}, {"banks", "BANK"}, {"grades", "9"});
    REFUSE("grades", {"preset", "TECHTIERS"}, {"banks", "BANK"}, {"grades", "REGISTER"});
    REFUSE("settle_months", {"preset", "TWO82"}, {"banks", "BANK"}, {"settle_months", "0,3"});
}

static const char *sample(const struct zyd_field *a)
{
    switch (a->type) {
    case ZYD_FIELD_FEN: return "1,234,567.80";
    case ZYD_FIELD_DATE: return "2026-02-28";
    case ZYD_FIELD_PPM: return "4.35%";
    case ZYD_FIELD_U64: return "7";
    case ZYD_FIELD_BOOL: return "yes";
    case ZYD_FIELD_ID: return "sha256:text";
    case ZYD_FIELD_STR: return "春耕 spring";
    case ZYD_FIELD_BORROWER: return "91430100MA4TEXT00G";
    case ZYD_FIELD_WORD: return a->names->at[a->names->count - 1].name;
    case ZYD_FIELD_LIST:
        return a->columns == zyd_list_ids ? "sha256:a, 00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
               : a->columns == zyd_list_postings ? "BANK 1102 2101.X 100.05; GUAR 9001 9002 1"
               : a->columns == zyd_guarantee_loan_fields
                   ? "7 91430100MA4TEXT00G 12000.05 2026-02-28 2027-02-28 4.35% 430121 sha256:x; "
                     "8 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff 1 2026-02-28 2027-02-28 1 0 sha256:y"
                   : "GUAR=1.05, BANK=2";
    case ZYD_FIELD_MEMBER:
    case ZYD_FIELD_MONTHS: break;
    }
    fail_msg("no event has an argument of type %s", zyd_field_type_name(a));
    return "";
}

static void every_event_comes_back_as_the_same_bytes(void **state)
{
    const size_t n = zyd_product_guarantee.event_count;
    const struct zyd_event *events = zyd_product_guarantee.events;
    (void)state;
    assert_int_equal(n, 31);
    for (size_t i = 0; i < n; i++) {
        const struct zyd_event *e = &events[i];
        struct zyd_pair pairs[20];
        uint8_t a[4096], b[4096];
        char why[ZYD_WHY];
        static struct collected c;
        assert_ptr_equal(zyd_event_by_name(&zyd_product_guarantee, e->name), e);
        assert_ptr_equal(zyd_event_by_number(&zyd_product_guarantee, e->number), e);
        for (size_t only = 0; only < 2; only++) { /* all arguments, then the required ones */
            struct zyd_wr wa = zyd_wr_of(a, sizeof a), wb = zyd_wr_of(b, sizeof b);
            size_t count = 0;
            for (size_t k = 0; k < e->arg_count; k++) {
                if (only == 0 || e->args[k].required) {
                    pairs[count++] = (struct zyd_pair){e->args[k].name, sample(&e->args[k])};
                }
            }
            assert_int_equal(zyd_args_encode(&wa, why, e, pairs, count, &members), ZYD_OK);
            c.count = 0;
            assert_int_equal(zyd_args_decode(collect, &c, e, zyd_wr_span(&wa), &members), ZYD_OK);
            assert_int_equal(zyd_args_encode(&wb, why, e, c.pairs, c.count, &members), ZYD_OK);
            assert_int_equal(wa.size, wb.size);
            assert_memory_equal(a, b, wa.size);
            /* each argument that is left out, doubled or unknown is named */
            for (size_t k = 0; k < count; k++) {
                struct zyd_pair fewer[20];
                size_t m = 0;
                for (size_t j = 0; j < count; j++) {
                    if (j != k) {
                        fewer[m++] = pairs[j];
                    }
                }
                const struct zyd_field *arg = NULL;
                for (size_t j = 0; j < e->arg_count; j++) {
                    arg = strcmp(e->args[j].name, pairs[k].name) == 0 ? &e->args[j] : arg;
                }
                struct zyd_wr wr = zyd_wr_of(b, sizeof b);
                enum zyd_status s = zyd_args_encode(&wr, why, e, fewer, m, &members);
                assert_int_equal(s, arg->required ? ZYD_E_INVALID : ZYD_OK);
                assert_true(s == ZYD_OK || strncmp(why, pairs[k].name, strlen(pairs[k].name)) == 0);
                fewer[m] = pairs[k == 0 ? count - 1 : 0];
                if (count > 1) {
                    assert_int_equal(zyd_args_encode(&wr, why, e, fewer, m + 1, &members), ZYD_E_INVALID);
                }
            }
            pairs[count] = (struct zyd_pair){"frobnicate", "1"};
            struct zyd_wr wr = zyd_wr_of(b, sizeof b);
            assert_int_equal(zyd_args_encode(&wr, why, e, pairs, count + 1, &members), ZYD_E_INVALID);
        }
    }
}

/* The least value of a field, as text. */
static void least(char *out, size_t cap, const struct zyd_field *f)
{
    size_t at = 0;
    switch (f->type) {
    case ZYD_FIELD_FEN: zyd_yuan_text(out, (int64_t)f->min, false); return;
    case ZYD_FIELD_DATE: snprintf(out, cap, "2026-02-28"); return;
    case ZYD_FIELD_PPM:
    case ZYD_FIELD_U64: snprintf(out, cap, "%llu", (unsigned long long)f->min); return;
    case ZYD_FIELD_BOOL: snprintf(out, cap, "true"); return;
    case ZYD_FIELD_ID: snprintf(out, cap, "sha256:text"); return;
    case ZYD_FIELD_STR: snprintf(out, cap, "x"); return;
    case ZYD_FIELD_BORROWER: snprintf(out, cap, "91430100MA4TEXT00G"); return;
    case ZYD_FIELD_MEMBER: snprintf(out, cap, "BANK"); return;
    case ZYD_FIELD_MONTHS: snprintf(out, cap, "1,12"); return;
    case ZYD_FIELD_WORD: snprintf(out, cap, "%s", f->names->at[0].name); return;
    case ZYD_FIELD_LIST:
        for (uint64_t row = 0; row < (f->min > 0 ? f->min : 1); row++) {
            for (uint8_t k = 0; k < f->column_count; k++) {
                char one[80];
                least(one, sizeof one, &f->columns[k]);
                const char *gap = k > 0 ? (f->column_count > 2 ? " " : "=") : row > 0 ? (f->column_count > 2 ? ";" : ",") : "";
                at += (size_t)snprintf(out + at, cap - at, "%s%s", gap, one);
            }
        }
        return;
    }
}

static void every_event_of_every_product_comes_back_as_the_same_bytes(void **state)
{
    const struct zyd_product *p;
    size_t products = 0;
    (void)state;
    for (; (p = zyd_product_at(products)) != NULL; products++) {
        assert_ptr_equal(zyd_product_by_number(p->number), p);
        assert_ptr_equal(zyd_product_by_name(p->name), p);
        for (size_t i = 0; i < p->event_count; i++) {
            const struct zyd_event *e = &p->events[i];
            static char text[32][1200];
            struct zyd_pair pairs[32];
            uint8_t a[4096], b[4096];
            char why[ZYD_WHY];
            static struct collected c;
            struct zyd_wr wa = zyd_wr_of(a, sizeof a), wb = zyd_wr_of(b, sizeof b);
            assert_true(e->arg_count <= 32);
            assert_ptr_equal(zyd_event_by_name(p, e->name), e);
            assert_ptr_equal(zyd_event_by_number(p, e->number), e);
            for (size_t k = 0; k < e->arg_count; k++) {
                least(text[k], sizeof text[k], &e->args[k]);
                pairs[k] = (struct zyd_pair){e->args[k].name, text[k]};
            }
            if (zyd_args_encode(&wa, why, e, pairs, e->arg_count, &members) != ZYD_OK) {
                fail_msg("%s %s: %s", p->name, e->name, why);
            }
            c.count = 0;
            assert_int_equal(zyd_args_decode(collect, &c, e, zyd_wr_span(&wa), &members), ZYD_OK);
            assert_int_equal(zyd_args_encode(&wb, why, e, c.pairs, c.count, &members), ZYD_OK);
            assert_int_equal(wa.size, wb.size);
            assert_memory_equal(a, b, wa.size);
        }
    }
    assert_int_equal(products, 6);
}

static void damaged_bytes_are_refused_or_decode_to_something_else_but_never_harm(void **state)
{
    struct zyd_pair pairs[] = {{"preset", "HN4321"}, {"banks", "BANK"}, {"evidence", "a,b"}};
    uint8_t good[4096], bad[4096];
    char why[ZYD_WHY];
    struct zyd_wr wr = zyd_wr_of(good, sizeof good);
    const size_t n = zyd_product_guarantee.event_count;
    const struct zyd_event *events = zyd_product_guarantee.events;
    (void)state;
    assert_int_equal(zyd_product_params_encode(&zyd_product_guarantee, &wr, why, pairs, 3, &members), ZYD_OK);
    for (size_t cut = 0; cut < wr.size; cut++) {
        assert_int_equal(zyd_product_params_decode(&zyd_product_guarantee, ignore, NULL, zyd_span(good, cut), &members),
                         ZYD_E_MALFORMED);
    }
    for (size_t bit = 0; bit < wr.size * 8; bit++) {
        memcpy(bad, good, wr.size);
        bad[bit / 8] = (uint8_t)(bad[bit / 8] ^ 1u << bit % 8);
        enum zyd_status s = zyd_product_params_decode(&zyd_product_guarantee, ignore, NULL, zyd_span(bad, wr.size), &members);
        assert_true(s == ZYD_OK || s == ZYD_E_MALFORMED);
    }
    for (size_t i = 0; i < n; i++) {
        const struct zyd_event *e = &events[i];
        struct zyd_pair all[20];
        for (size_t k = 0; k < e->arg_count; k++) {
            all[k] = (struct zyd_pair){e->args[k].name, sample(&e->args[k])};
        }
        wr = zyd_wr_of(good, sizeof good);
        assert_int_equal(zyd_args_encode(&wr, why, e, all, e->arg_count, &members), ZYD_OK);
        for (size_t cut = 0; cut < wr.size; cut++) {
            assert_int_equal(zyd_args_decode(ignore, NULL, e, zyd_span(good, cut), &members), ZYD_E_MALFORMED);
            struct zyd_wr small = zyd_wr_of(bad, cut);
            assert_int_equal(zyd_args_encode(&small, why, e, all, e->arg_count, &members), ZYD_E_FULL);
        }
        for (size_t bit = 0; bit < wr.size * 8; bit++) {
            memcpy(bad, good, wr.size);
            bad[bit / 8] = (uint8_t)(bad[bit / 8] ^ 1u << bit % 8);
            enum zyd_status s = zyd_args_decode(ignore, NULL, e, zyd_span(bad, wr.size), &members);
            assert_true(s == ZYD_OK || s == ZYD_E_MALFORMED);
        }
    }
}

static void yuan_and_dates_have_one_reading(void **state)
{
    static const struct {
        const char *text;
        int64_t fen; /* -1: refused */
    } yuan[] = {{"0", 0},
                {"1", 100},
                {"1.5", 150},
                {"1.50", 150},
                {"0.01", 1},
                {"1,000.00", 100000},
                {"1,234,567.89", 123456789},
                {"90000000000000.00", 9000000000000000},
                {"90000000000000.01", -1},
                {"", -1},
                {".5", -1},
                {"1.", -1},
                {"1.234", -1},
                {"1,00.00", -1},
                {"1000,000", -1},
                {",100", -1},
                {"1,000,", -1},
                {"-1", -1},
                {"+1", -1},
                {"1E+06", -1},
                {"1 000", -1},
                {"0x10", -1},
                {"99999999999999999999", -1},
                {"1.5 ", -1}};
    char text[32];
    int32_t date;
    (void)state;
    for (size_t i = 0; i < sizeof yuan / sizeof yuan[0]; i++) {
        int64_t fen = -7;
        bool ok = zyd_yuan_parse(&fen, yuan[i].text);
        if (ok != (yuan[i].fen >= 0) || (ok && fen != yuan[i].fen)) {
            fail_msg("%s: %d %lld", yuan[i].text, ok, (long long)fen);
        }
    }
    zyd_yuan_text(text, 123456789, true);
    assert_string_equal(text, "1,234,567.89");
    zyd_yuan_text(text, 5, true);
    assert_string_equal(text, "0.05");
    zyd_yuan_text(text, 100000, true);
    assert_string_equal(text, "1,000.00");
    zyd_yuan_text(text, -123456789, false);
    assert_string_equal(text, "-1234567.89");
    assert_true(zyd_date_parse(&date, "2024-02-29") && date == 20240229);
    assert_true(zyd_date_parse(&date, "20240229") && date == 20240229);
    static const char *const bad[] = {"2025-02-29", "2025-2-28",  "2025/02/28", "250228",
                                      "",           "2025-13-01", "20250100",   "2025-02-28 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(zyd_date_parse(&date, bad[i]));
    }
}

static char *read_file(const char *name, size_t *size)
{
    char path[600];
    snprintf(path, sizeof path, ZYD_SOURCE_DIR "/contracts/guarantee/examples/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = malloc(1 << 20);
    *size = fread(text, 1, (1 << 20) - 1, file);
    text[*size] = 0;
    fclose(file);
    return text;
}

/* A genesis that has only members: enough for codes to be found. */
static void member_genesis(struct zyd_genesis *g)
{
    memset(g, 0, sizeof *g);
    for (size_t i = 0; i < CODES; i++) {
        g->members[i].code = zyd_span(codes[i], strlen(codes[i]));
    }
    g->member_count = (uint16_t)CODES;
}

static void the_example_programmes_encode(void **state)
{
    static const char *const files[] = {"nat2080.json", "ah4321.json"};
    struct zyd_genesis *g = malloc(sizeof *g);
    (void)state;
    member_genesis(g);
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[4096];
        struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
        struct zyd_err err;
        size_t size;
        char *text = read_file(files[i], &size);
        json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        char *params = json_dumps(json_object_get(root, "params"), JSON_COMPACT);
        if (zyd_params_encode(&wr, &err, "guarantee", params, g) != ZYD_OK) {
            fail_msg("%s: %s", files[i], err.text);
        }
        free(params);
        free(text);
        json_decref(root);
    }
    free(g);
}

/* The rows that gen_loans.py spoils, as `gen_loans.py --faults` lists them. */
static void the_example_loans_have_exactly_their_thirty_faults(void **state)
{
    static const uint32_t rows[] = {34,  107, 119, 216, 223, 242, 316, 320, 337, 341, 445, 464, 493, 500, 511,
                                    563, 580, 606, 622, 653, 669, 690, 724, 738, 844, 885, 912, 921, 970, 984};
    struct zyd_csv *csv;
    struct zyd_batch *b;
    struct zyd_err err;
    size_t size, next = 0;
    char *text = read_file("loans-1000.csv", &size);
    (void)state;
    assert_int_equal(zyd_csv_parse(&csv, &err, zyd_span(text, size)), ZYD_OK);
    assert_int_equal(zyd_batch_plan(&b, &err, csv, zyd_event_by_name(&zyd_product_guarantee, "APPLY"), NULL, NULL), ZYD_OK);
    assert_int_equal(b->row_count, 1000);
    for (size_t i = 0; i < b->row_count; i++) {
        bool wrong = next < 30 && rows[next] == b->rows[i].row;
        if (b->rows[i].good == wrong) {
            fail_msg("row %u is %s", b->rows[i].row, b->rows[i].good ? "taken" : "refused");
        }
        next += wrong;
    }
    assert_int_equal(next, 30);
    zyd_batch_free(b);
    zyd_csv_free(csv);
    free(text);
}

/* Found by fuzz_guarantee: a record that no contract of ours wrote, whose sums need more than 64 bits. */
static void amounts_beyond_the_greatest_are_no_contract(void **state)
{
    struct {
        struct zyd_guarantee_object head;
        struct zyd_guarantee_drawdown d[2];
    } record;
    const int64_t most = INT64_MAX / ZYD_GUARANTEE_DRAWDOWNS_MAX; /* interest of thirty years passes MAX_AMT (test_bounds) */
    const int64_t wrong[] = {-1, most + 1, INT64_MAX, INT64_MIN};
    struct zyd_guarantee_view view;
    (void)state;
    memset(&record, 0, sizeof record);
    record.head.kind = ZYD_GUARANTEE_KIND_CONTRACT;
    record.head.drawdown_count = 2;
    record.d[0].interest = record.d[1].interest = record.d[0].fee = record.d[1].fee = most;
    assert_int_equal(zyd_guarantee_object_read(&view, zyd_span(&record, sizeof record)), ZYD_OK);
    assert_true(view.interest == 2 * most && view.fee == 2 * most);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        record.d[1].interest = wrong[i];
        assert_int_equal(zyd_guarantee_object_read(&view, zyd_span(&record, sizeof record)), ZYD_E_MALFORMED);
        record.d[1].interest = 0;
        record.d[0].fee = wrong[i];
        assert_int_equal(zyd_guarantee_object_read(&view, zyd_span(&record, sizeof record)), ZYD_E_MALFORMED);
        record.d[0].fee = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_preset_comes_back_as_the_same_bytes),
        cmocka_unit_test(wrong_parameters_are_named),
        cmocka_unit_test(every_event_comes_back_as_the_same_bytes),
        cmocka_unit_test(every_event_of_every_product_comes_back_as_the_same_bytes),
        cmocka_unit_test(damaged_bytes_are_refused_or_decode_to_something_else_but_never_harm),
        cmocka_unit_test(yuan_and_dates_have_one_reading),
        cmocka_unit_test(the_example_programmes_encode),
        cmocka_unit_test(amounts_beyond_the_greatest_are_no_contract),
        cmocka_unit_test(the_example_loans_have_exactly_their_thirty_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
