/* Goal: every sum of the worked examples of domain.md comes out of the contracts, to the fen.
 * Method: each file of tests/scenarios runs through the parser, the runner and the in-process ledger (real state, host and
 * plugin); each code of the catalogue stands in one of them; and files that are wrong on purpose must fail where they are
 * wrong, so that a passing run means something. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zyd/catalogue.h>
#include <zyd/scenario.h>

#define PLUGINS ZYD_PLUGIN_DIR

static void line(void *ctx, unsigned number, bool ok, const char *text)
{
    if (!ok) {
        print_message("%s:%u: %s\n", (const char *)ctx, number, text);
    }
}

static enum zyd_status run(struct zyd_scenario_report *report, char *why, const struct zyd_scenario *s)
{
    struct zyd_scenario_inproc *p = zyd_scenario_inproc_new(why, PLUGINS);
    assert_non_null(p);
    struct zyd_scenario_backend b = zyd_scenario_inproc_backend(p);
    enum zyd_status status = zyd_scenario_run(report, why, s, &b);
    zyd_scenario_inproc_free(p);
    return status;
}

static void every_file_of_the_folder_holds(void **state)
{
    char path[600], why[ZYD_SCENARIO_WHY];
    unsigned files = 0, checks = 0;
    struct dirent **list;
    (void)state;
    int n = scandir(ZYD_SOURCE_DIR "/tests/scenarios", &list, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        size_t size = strlen(name);
        if (size > 4 && strcmp(name + size - 4, ".scn") == 0) {
            struct zyd_scenario *s;
            struct zyd_scenario_report report = {.ctx = list[i]->d_name, .line = line};
            snprintf(path, sizeof path, ZYD_SOURCE_DIR "/tests/scenarios/%s", name);
            if (zyd_scenario_open(&s, why, path) != ZYD_OK || run(&report, why, s) != ZYD_OK) {
                fail_msg("%s: %s (%u of %u checks failed)", name, why, report.failures, report.checks);
            }
            print_message("%s: %u operations, %u postings, %u checks\n", name, report.operations, report.postings,
                          report.checks);
            checks += report.checks;
            files++;
            zyd_scenario_free(s);
        }
        free(list[i]);
    }
    free(list);
    assert_true(files >= 13);
    assert_true(checks > 200);
}

static enum zyd_status run_text(struct zyd_scenario_report *report, char *why, const char *text)
{
    struct zyd_scenario *s;
    enum zyd_status status = zyd_scenario_parse(&s, why, zyd_span(text, strlen(text)));
    if (status == ZYD_OK) {
        status = run(report, why, s);
        zyd_scenario_free(s);
    }
    return status;
}

static const char head[] = "scenario T \"t\"\nmember BANK bank\nmember GUAR guar\nprogramme TWO\nparam preset TWO82\n"
                           "param banks BANK\nborrower BORR 91430100MA4TEXT00G\ndate 2025-06-02\n"
                           "do OPENING L by BANK state=OVERDUE borrower=BORR amount=100 principal=100 value_date=2024-04-01 "
                           "maturity=2025-04-01 overdue_date=2025-04-01 rows=\"BANK 1102 2101.BORR 100\"\n";
static const char rows[] = "expect posting BANK OPENING 1102 2101.BORR 100.00\nexpect posting GUAR OPENING 9001 9002 80.00\n";

/* Each tail must make exactly the given number of failures, or a status of its own. */
static void wrong_expectations_fail(void **state)
{
    static const struct {
        const char *tail;
        unsigned failures;
    } cases[] = {
        {"expect posting BANK OPENING 1102 2101.BORR 100.00\nexpect posting GUAR OPENING 9001 9002 80.00\n", 0},
        {"expect posting BANK OPENING 1102 2101.BORR 100.01\nexpect posting GUAR OPENING 9001 9002 80.00\n", 1},
        {"expect posting BANK OPENING 1102 2101.BORR 100.00\n", 1},         /* one left over */
        {"", 2},
        {"ROWS expect posting GUAR OPENING 9001 9002 80.00\n", 1},          /* one too many */
        {"ROWS expect balance BANK 1102 Dr 100.01\n", 1},
        {"ROWS expect balance BANK 1102 Cr 100.00\n", 1},
        {"ROWS expect balances BANK 1102 Dr 100.00\n", 1},                  /* 2101 not listed */
        {"ROWS expect state L ACTIVE\n", 1},
        {"ROWS expect breaker STOPPED\n", 1},
        {"ROWS expect warning 1113\n", 1},
        {"ROWS do CLAIM L by BANK principal=99 interest=0\n", 1},           /* refused, and nobody said so */
        {"ROWS do CLAIM L by BANK principal=99 interest=0\nexpect error 1118\n", 2},
        {"ROWS do CLAIM L by BANK principal=99 interest=0\nexpect error 1119\n", 0},
        {"ROWS check uscc 91350200776049653A = B\n", 1},
        {"ROWS check uscc 91350203M0001QAY9B = valid\n", 1},
        {"ROWS check workday 2025-06-06 + 1 = 2025-06-07\n", 1},
        {"ROWS check workday 2025-06-06 + 1 = 2025-06-09\n", 0},
        {"ROWS check breaker npl 4.99 balance 100 warn 5% stop 8% = WARN\n", 1},
        {"ROWS check least 2 3 = 3\n", 1},
        {"ROWS check part floor amount 0.03 share 50% = 0.02\n", 1},
        {"ROWS expect balance in TWO BANK 1102 Dr 100.00\n", 0},
        {"ROWS expect balance in TWO BANK 1102 Dr 100.01\n", 1},
        {"ROWS expect field L principal 100.00\nexpect field L bank BANK\nexpect field L overdue 2025-04-01\n", 0},
        {"ROWS expect field L principal 100.01\n", 1},
        {"ROWS expect field L bank GUAR\n", 1},
        {"ROWS expect field L colour red\n", 1},
        {"ROWS expect breaker NORMAL in TWO\n", 0},
        {"ROWS expect breaker STOPPED in TWO\n", 1},
        {"ROWS check fee amount 1 rate 1% days 365 basis 365 = 0.02\n", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[4096], why[ZYD_SCENARIO_WHY];
        struct zyd_scenario_report report = {.line = NULL};
        bool with = strncmp(cases[i].tail, "ROWS ", 5) == 0;
        snprintf(text, sizeof text, "%s%s%s", head, with ? rows : "", cases[i].tail + (with ? 5 : 0));
        enum zyd_status s = run_text(&report, why, text);
        if (report.failures != cases[i].failures || (s == ZYD_OK) != (cases[i].failures == 0)) {
            fail_msg("%s: %u failures, status %d, %s", cases[i].tail, report.failures, s, why);
        }
    }
}

static void files_that_are_no_scenario_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "member BANK bank\n",
        "scenario T \"t\n",
        "scenario T \"t\"\nfrobnicate\n",
        "scenario T \"t\"\nmember bank BANK\n",
        "scenario T \"t\"\ndate 2025-02-30\n",
        "scenario T \"t\"\ndate 2025-02-03 24:00\n",
        "scenario T \"t\"\nprogramme A lottery\n",
        "scenario T \"t\"\nprogramme A\nprogramme A\n",
        "scenario T \"t\"\nparam preset TWO82\nprogramme A\n", /* a parameter of nothing */
        "scenario T \"t\"\ndo APPLY L by BANK\n", /* no programme, no date */
        "scenario T \"t\"\nholiday 2025-02-03 2025-02-01\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct zyd_scenario *s;
        char why[ZYD_SCENARIO_WHY];
        assert_int_equal(zyd_scenario_parse(&s, why, zyd_span(texts[i], strlen(texts[i]))), ZYD_E_MALFORMED);
        assert_non_null(strstr(why, "line "));
    }
}

/* Two programmes of one product: an event that makes an object says where, books and labels stay apart. */
static void several_programmes_have_books_of_their_own(void **state)
{
    static const char world[] = "scenario T \"t\"\nmember BANK bank\nmember GUAR guar\nprogramme A\nparam preset TWO82\n"
                                "param banks BANK\nprogramme B guarantee\nparam preset SZ91\nparam banks BANK\n"
                                "borrower BORR 91430100MA4TEXT00G\ndate 2025-06-02 10:30\n";
    static const char open[] = "by BANK state=OVERDUE borrower=BORR amount=100 principal=100 value_date=2024-04-01 "
                               "maturity=2025-04-01 overdue_date=2025-04-01 rows=\"BANK 1102 2101.BORR 100\"\n"
                               "expect posting BANK OPENING 1102 2101.BORR 100.00\nexpect posting GUAR OPENING 9001 9002 ";
    static const struct {
        const char *tail;
        unsigned failures;
    } cases[] = {
        {"expect balance BANK 1102 Dr 200.00\nexpect balance in A GUAR 9001 Dr 80.00\nexpect "
         "balance in B GUAR 9001 Dr 90.00\n",
         0},
        {"expect balance BANK 1102 Dr 100.00\n", 1},
        {"expect balances in B BANK 1102 Dr 100.00 2101.BORR Cr 100.00\n", 0},
        {"expect balance in B GUAR 9001 Dr 80.00\n", 1},
        {"do CLAIM L by BANK principal=100 interest=0\nexpect state L CLAIMED\nexpect state M "
         "OVERDUE\n",
         0},
        {"do CLAIM M by BANK principal=100 interest=0 evidence=@L\nexpect state L CLAIMED\n",
         1}, /* it is M that is claimed */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[4096], why[ZYD_SCENARIO_WHY];
        struct zyd_scenario_report report = {.line = NULL};
        snprintf(text, sizeof text, "%sdo OPENING L in A %s80.00\ndo OPENING M in B %s90.00\n%s", world, open, open,
                 cases[i].tail);
        enum zyd_status s = run_text(&report, why, text);
        if (report.failures != cases[i].failures || (s == ZYD_OK) != (cases[i].failures == 0)) {
            fail_msg("%s: %u failures, status %d, %s", cases[i].tail, report.failures, s, why);
        }
    }
    static const char *const wrong[] = {"do OPENING L ", "do OPENING L in C ", "do CLAIM X "};
    for (size_t i = 0; i < 3; i++) {
        char text[4096], why[ZYD_SCENARIO_WHY];
        struct zyd_scenario_report report = {.line = NULL};
        snprintf(text, sizeof text, "%s%s%s80.00\n", world, wrong[i], open);
        assert_int_equal(run_text(&report, why, text), ZYD_E_MALFORMED);
    }
}

static void parts_of_a_voucher_get_labels(void **state)
{
    static const char world[] =
        "scenario T \"t\"\nmember CORE other\nmember BANK bank\nmember SUP other\nprogramme VCH "
        "voucher\n"
        "date 2025-06-02\ndo LINE L by BANK core=CORE limit=1000 until=2026-06-01\n"
        "do ISSUE V by CORE supplier=SUP face=100 due=2025-12-01 invoices=sha256:a=100\n";
    static const struct {
        const char *tail;
        enum zyd_status status;
    } cases[] = {
        {"expect field V face 100.00\nexpect field V holder SUP\nexpect state V OFFERED\n", ZYD_OK},
        {"child A of V 0\nexpect state A ABSENT\n", ZYD_OK},
        {"do ACCEPT V by SUP\n", ZYD_E_INVALID}, /* its postings are not listed */
        {"child A of W 0\n", ZYD_E_MALFORMED},
        {"child V of V 0\n", ZYD_E_MALFORMED},
        {"child A of V x\n", ZYD_E_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[4096], why[ZYD_SCENARIO_WHY];
        struct zyd_scenario_report report = {.line = NULL};
        snprintf(text, sizeof text, "%s%s", world, cases[i].tail);
        enum zyd_status s = run_text(&report, why, text);
        if (s != cases[i].status || (report.failures > 0) != (s == ZYD_E_INVALID)) {
            fail_msg("%s: %u failures, status %d, %s", cases[i].tail, report.failures, s, why);
        }
    }
}

/* Two vouchers fall due at one instant: which runs first is decided by their ids, and so by the consortium. */
static void steps_due_at_one_instant_may_stand_in_any_order(void **state)
{
    static const char world[] =
        "scenario T \"t\"\nmember CORE other\nmember BANK bank\nmember SUP other\nprogramme VCH "
        "voucher\n"
        "date 2025-06-02\ndo LINE L by BANK core=CORE limit=1000 until=2026-06-01\n"
        "do ISSUE V by CORE supplier=SUP face=100 due=2025-12-01 invoices=sha256:a=100\n"
        "do ACCEPT V by SUP\n"
        "expect posting CORE ISSUE 2001.SUP 2161.V1 100.00\n"
        "expect posting SUP ISSUE 1161.V1 1122.CORE 100.00\n"
        "do SPLIT V by SUP faces=60,40\n"
        "expect posting SUP SPLIT 1161.V2 1161.V1 60.00\nexpect posting CORE SPLIT 2161.V1 2161.V2 "
        "60.00\n"
        "expect posting SUP SPLIT 1161.V3 1161.V1 40.00\nexpect posting CORE SPLIT 2161.V1 2161.V3 "
        "40.00\n"
        "date 2025-12-01\n";
    static const char a[] = "expect posting CORE MATURITY 2161.V2 2141.SUP 60.00 A\n",
                      b[] = "expect posting SUP MATURITY 1141.CORE 1161.V2 60.00 A\n";
    static const char c[] = "expect posting CORE MATURITY 2161.V3 2141.SUP 40.00 B\n",
                      d[] = "expect posting SUP MATURITY 1141.CORE 1161.V3 40.00 B\n";
    const char *const orders[][5] = {{a, b, c, d, ""}, {c, d, a, b, ""}, /* whole steps move; rows within one do not */
                                     {b, a, c, d, NULL}, {a, c, b, d, NULL}, {a, b, c, "", NULL}, {a, b, a, b, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        char text[4096], why[ZYD_SCENARIO_WHY];
        struct zyd_scenario_report report = {.line = NULL};
        snprintf(text, sizeof text, "%s%s%s%s%s", world, orders[i][0], orders[i][1], orders[i][2], orders[i][3]);
        enum zyd_status s = run_text(&report, why, text);
        if (s != (orders[i][4] != NULL ? ZYD_OK : ZYD_E_INVALID)) {
            fail_msg("order %zu: %u failures, status %d, %s", i, report.failures, s, why);
        }
    }
}

/* A file cut anywhere is refused, fails or, where it ends between statements, still holds; it never crashes. */
static void every_cut_of_a_file_is_survived(void **state)
{
    char text[4096];
    (void)state;
    snprintf(text, sizeof text, "%s%sexpect state L OVERDUE\n", head, rows);
    for (size_t cut = 0; cut < strlen(text); cut++) {
        struct zyd_scenario *s;
        char why[ZYD_SCENARIO_WHY];
        if (zyd_scenario_parse(&s, why, zyd_span(text, cut)) == ZYD_OK) {
            zyd_scenario_free(s);
        }
    }
}

/* Codes that no scenario can show, and the unit test that does.  1106: no such programme can be written down.  1123: not used
 * (ruling 22).  5002: must be impossible.  9101: operations reach a scenario's ledger signed.  912x: a contract's own
 * faults. */
static const struct {
    uint32_t code;
    const char *file, *test;
} elsewhere[] = {
    {1106, "test_guarantee.c", "due_diligence_offer_and_issue_hold_their_rows"},
    {1123, NULL, NULL},
    {5002, "test_cycle_rules.c", "positions_that_do_not_sum_to_zero_halt_the_cycle"},
    {9101, "test_host_deadlines.c", "test_votes_that_agree_or_are_forged_accuse_nobody"},
    {9120, "test_host_zoo.c", "test_an_endless_loop_ends_with_fuel"},
    {9121, "test_host_zoo.c", "test_wild_loads_and_stores_end_with_memory"},
    {9122, "test_host_zoo.c", "test_wild_jumps_end_with_instruction"},
    {9124, "test_host_zoo.c", "test_a_nonsense_return_is_bad_return"},
    {9125, "test_host_zoo.c", "test_a_contract_may_not_refuse_in_the_hosts_name"},
    {9126, "test_host_limits.c", "test_an_envelope_spends_at_most_half_a_block"},
    {9127, "test_governance_plugins.c", "an_image_that_the_machine_does_not_take_is_refused"},
};

static char *whole(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1u << 20);
    assert_non_null(text);
    if (f == NULL) {
        fail_msg("%s cannot be read", path);
    }
    size_t n = fread(text, 1, (1u << 20) - 1, f);
    assert_true(n > 0);
    fclose(f);
    return text;
}

/* Does a line of the folder expect this code, as an error or as a warning? */
static bool provoked(const char *text, uint32_t code)
{
    char error[32], warning[32];
    snprintf(error, sizeof error, "\nexpect error %u\n", code);
    snprintf(warning, sizeof warning, "\nexpect warning %u\n", code);
    return strstr(text, error) != NULL || strstr(text, warning) != NULL;
}

static void every_code_of_the_catalogue_has_a_scenario(void **state)
{
    static char all[4u << 20];
    char path[600];
    struct dirent **list;
    size_t size = 0;
    (void)state;
    int n = scandir(ZYD_SOURCE_DIR "/tests/scenarios", &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (strstr(list[i]->d_name, ".scn") != NULL) {
            snprintf(path, sizeof path, ZYD_SOURCE_DIR "/tests/scenarios/%s", list[i]->d_name);
            char *text = whole(path);
            size += (size_t)snprintf(all + size, sizeof all - size, "%s\n", text);
            assert_true(size < sizeof all);
            free(text);
        }
        free(list[i]);
    }
    free(list);
    for (size_t i = 0; i < zyd_catalogue_count(); i++) {
        const struct zyd_catalogue_entry *e = zyd_catalogue_at(i);
        bool shown = provoked(all, e->code), listed = false;
        for (size_t k = 0; k < sizeof elsewhere / sizeof elsewhere[0]; k++) {
            if (elsewhere[k].code == e->code) {
                listed = true;
                if (elsewhere[k].file != NULL) {
                    snprintf(path, sizeof path, ZYD_SOURCE_DIR "/tests/unit/%s", elsewhere[k].file);
                    char *text = whole(path);
                    if (strstr(text, elsewhere[k].test) == NULL) {
                        fail_msg("E%u: %s has no test %s", e->code, elsewhere[k].file, elsewhere[k].test);
                    }
                    free(text);
                }
            }
        }
        if (e->code / 1000 != 8 && shown == listed) {
            fail_msg("%u %s: %s", e->code, e->name,
                     listed ? "a scenario shows it: take it off the list" : "no scenario expects it, and no test is named");
        }
    }
}

/* A ledger whose root moves with each look at it, and one whose root stands still. */
static enum zyd_status moving_root(void *ctx, char why[ZYD_SCENARIO_WHY], struct zyd_hash *out)
{
    static uint8_t looks = 1;
    (void)ctx, (void)why;
    memset(out, looks++, sizeof *out);
    return ZYD_OK;
}
static enum zyd_status standing_root(void *ctx, char why[ZYD_SCENARIO_WHY], struct zyd_hash *out)
{
    (void)ctx, (void)why;
    memset(out, 1, sizeof *out);
    return ZYD_OK;
}

static void a_refusal_that_changes_a_record_is_noticed(void **state)
{
    enum zyd_status (*const roots[])(void *, char *, struct zyd_hash *) = {NULL, moving_root, standing_root};
    char text[4096], why[ZYD_SCENARIO_WHY];
    (void)state;
    for (unsigned i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        struct zyd_scenario *s;
        struct zyd_scenario_report report = {.line = NULL};
        struct zyd_scenario_inproc *p = zyd_scenario_inproc_new(why, PLUGINS);
        assert_non_null(p);
        struct zyd_scenario_backend b = zyd_scenario_inproc_backend(p);
        snprintf(text, sizeof text, "%s%sdo CLAIM L by BANK principal=99 interest=0\nexpect error 1119\n", head, rows);
        assert_int_equal(zyd_scenario_parse(&s, why, zyd_span(text, strlen(text))), ZYD_OK);
        b.root = roots[i] != NULL ? roots[i] : b.root;
        assert_int_equal(zyd_scenario_run(&report, why, s, &b), i != 0 ? ZYD_E_INVALID : ZYD_OK);
        assert_int_equal(report.failures, i != 0 ? 1 : 0); /* of the refusal; of OPENING, which was done */
        zyd_scenario_free(s);
        zyd_scenario_inproc_free(p);
    }
}

/* What `do` and `govern` cannot read ends the run with the line and what is expected there; nothing is guessed. */
static void words_that_cannot_be_read_end_the_run(void **state)
{
    static const struct {
        const char *step, *why;
    } cases[] = {
        {"do CLAIM L by BANK seq x principal=100 interest=0", "seq NUMBER is expected"},
        {"do CLAIM L by BANK seq -1 principal=100 interest=0", "seq NUMBER is expected"},
        {"govern RATE R by BANK name=LPR1Y date=2026-01-06 ppm=3%", "name=NAME date=DATE ppm=N is expected"},
        {"govern RATE R by BANK name=LPR1Y date=2026-01-06", "name=NAME date=DATE ppm=N is expected"},
        {"govern RATE R by BANK name=LPR1Y date=2026-01-06 ppm=30000 rate=1", "name=NAME date=DATE ppm=N is expected"},
        {"govern RATE R by BANK name=LPR1Y date=2026-01-06 ppm", "name=NAME date=DATE ppm=N is expected"},
        {"govern CALENDAR C by BANK calendar=0 year=2042x", "calendar=N year=YEAR holiday=DATE is expected"},
        {"govern CALENDAR C by BANK calendar=0 year=2042 holidays=2042-01-01", "calendar=N year=YEAR holiday=DATE is expected"},
        {"govern PROGRAMME P by BANK like=TWO code=THREE id=65537", "like=CODE code=NEW id=N is expected"},
        {"govern APPROVE P by BANK id=1", "govern APPROVE LABEL by MEMBER is expected"},
        {"govern APPROVE P by BANK", "no proposal was given this label before"},
        {"govern ABOLISH P by BANK", "govern RATE|CALENDAR|PROGRAMME|APPROVE|REVOKE LABEL by MEMBER ... is expected"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[4096], why[ZYD_SCENARIO_WHY];
        struct zyd_scenario_report report = {.line = NULL};
        snprintf(text, sizeof text, "%s%s%s\n", head, rows, cases[i].step);
        enum zyd_status s = run_text(&report, why, text);
        if (s != ZYD_E_MALFORMED || strncmp(why, "line 12: ", 9) != 0 || strstr(why, cases[i].why) == NULL) {
            fail_msg("%s: status %d, %s", cases[i].step, s, why);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_of_the_folder_holds),
        cmocka_unit_test(every_code_of_the_catalogue_has_a_scenario),
        cmocka_unit_test(a_refusal_that_changes_a_record_is_noticed),
        cmocka_unit_test(words_that_cannot_be_read_end_the_run),
        cmocka_unit_test(wrong_expectations_fail),
        cmocka_unit_test(files_that_are_no_scenario_are_refused),
        cmocka_unit_test(several_programmes_have_books_of_their_own),
        cmocka_unit_test(parts_of_a_voucher_get_labels),
        cmocka_unit_test(steps_due_at_one_instant_may_stand_in_any_order),
        cmocka_unit_test(every_cut_of_a_file_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
