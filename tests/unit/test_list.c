/* Goal: a thousand small loans under one signature (contracts/guarantee/README.md): what was signed is what enters the books,
 * once, in whatever pieces, and each loan then stands as one that came alone. Method: the plugin on the ledger in memory. Lists
 * of every size up to 20 are taken up in random pieces, and before each piece the same one damaged; a list of 1,000 is taken up
 * whole; a loan of a list is compared, record and postings, with its twin that went through APPLY to DISBURSE. */
#include "guarantee_rig.h"
#include <zyd/guarantee_list.h>

enum { FARM = 20, SHARED };
#define LIST_MAX 1000u

static void more_programmes(void)
{
    programme(FARM, "FARM", "preset=AH4321|banks=BANK,BANK2|batch=yes|class=20|file_later_days=31|household_cap=50000.00");
    programme(SHARED, "SHARED", "preset=NAT2080|banks=BANK|batch=yes|class=21|file_later_days=31|household_cap=50000.00");
}

static struct list {
    uint32_t count;
    int64_t total;
    uint8_t bytes[LIST_MAX][160];
    struct zyd_span loan[LIST_MAX];
    struct zyd_hash leaf[LIST_MAX], root;
} list;
static uint32_t next_number = 1;
static uint64_t seed = 7;

static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

static void loan_write(uint32_t i, const char *borrower, const char *amount)
{
    char number[16], why[ZYD_WHY], consent[32];
    struct zyd_wr wr = zyd_wr_of(list.bytes[i], sizeof list.bytes[i]);
    snprintf(number, sizeof number, "%u", next_number++);
    snprintf(consent, sizeof consent, "sha256:%u", i);
    struct zyd_pair pairs[] = {{"number", number},           {"borrower", borrower},     {"amount", amount},
                               {"value_date", "2026-01-05"}, {"maturity", "2026-12-20"}, {"rate_ppm", "4.35%"},
                               {"county", "430121"},         {"consent", consent}};
    const struct zyd_members members = zyd_genesis_members(&f->c.g);
    assert_int_equal(zyd_args_encode(&wr, why, &zyd_guarantee_loan_event, pairs, 8, &members), ZYD_OK);
    list.loan[i] = zyd_wr_span(&wr);
    zyd_merkle_leaf(&list.leaf[i], wr.data, wr.size);
    struct zyd_guarantee_loan l;
    assert_int_equal(zyd_guarantee_loan_read(&l, list.loan[i]), ZYD_OK);
    assert_int_equal(l.number, next_number - 1);
    list.total += l.amount;
}

static void list_make(uint32_t count)
{
    list.count = count;
    list.total = 0;
    for (uint32_t i = 0; i < count; i++) {
        char borrower[65], amount[32];
        snprintf(borrower, sizeof borrower, "%064x", next_number);
        snprintf(amount, sizeof amount, "%u.%02u", 100 + random_below(20000), random_below(100));
        loan_write(i, borrower, amount);
    }
    zyd_merkle_root(&list.root, list.leaf, count);
}

static void list_enrol(struct zyd_hash *id, uint16_t programme_, unsigned signers)
{
    char text[512], root[65], yuan[32];
    for (int i = 0; i < 32; i++) {
        snprintf(root + 2 * i, 3, "%02x", list.root.b[i]);
    }
    zyd_yuan_text(yuan, list.total, false);
    snprintf(text, sizeof text, "root=%s|count=%u|total=%s|letter=" DOC "|valid_until=2026-03-31|purpose=seed", root,
             list.count, yuan);
    OK(programme_, "ENROL_LIST", id, BANK, signers, text);
}

static uint64_t most_fuel;

static uint32_t take(const struct zyd_hash *id, uint16_t programme_, uint32_t first, uint32_t n, const struct zyd_hash *path,
                     size_t paths)
{
    static uint8_t bytes[8192];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_guarantee_take_up_args(&wr, first, list.loan + first % list.count, n, path, paths);
    assert_false(wr.full);
    struct zyd_fixture_op op = {.contract = 1,
                                .event = ZYD_GE_TAKE_UP,
                                .programme = programme_,
                                .member = BANK,
                                .object = id,
                                .expect_seq = UINT64_MAX,
                                .args = zyd_wr_span(&wr)};
    now += 1000;
    zyd_fixture_block(f, now);
    uint32_t code = zyd_fixture_run(f, &op);
    most_fuel = f->outcome.fuel > most_fuel ? f->outcome.fuel : most_fuel;
    zyd_fixture_end(f);
    return code;
}

static size_t path_of(struct zyd_hash *path, uint32_t first, uint32_t n)
{
    static struct zyd_hash work[LIST_MAX];
    memcpy(work, list.leaf, list.count * sizeof work[0]);
    size_t paths = zyd_merkle_range_path(path, work, list.count, first, n);
    assert_true(paths <= ZYD_GUARANTEE_PATH_MAX);
    assert_memory_equal(&work[0], &list.root, 32);
    return paths;
}

static struct zyd_guarantee_enrolment enrolment(const struct zyd_hash *id)
{
    struct zyd_guarantee_enrolment e;
    struct zyd_hash key;
    zyd_contract_object_key(&key, 1, id);
    assert_int_equal(zyd_guarantee_enrolment_read(&e, zyd_fixture_get(f, NULL, &key)), ZYD_OK);
    return e;
}

static void damaged_pieces_are_refused(const struct zyd_hash *id, uint32_t first, uint32_t n, const struct zyd_hash *path,
                                       size_t paths)
{
    struct zyd_hash bad[ZYD_GUARANTEE_PATH_MAX + 1];
    memcpy(bad, path, paths * sizeof bad[0]);
    if (paths > 0) {
        size_t i = random_below((uint32_t)paths);
        bad[i].b[random_below(32)] ^= (uint8_t)(1u << random_below(8));
        assert_int_equal(take(id, FARM, first, n, bad, paths), 1128);
        assert_int_equal(take(id, FARM, first, n, path, paths - 1), 1128);
    }
    if (paths < ZYD_GUARANTEE_PATH_MAX) {
        memcpy(bad, path, paths * sizeof bad[0]);
        bad[paths] = list.root;
        assert_int_equal(take(id, FARM, first, n, bad, paths + 1), 1128);
    }
    if (list.count > 1) { /* the right loans at another place */
        uint32_t other = (first + 1) % list.count;
        struct zyd_span kept = list.loan[other];
        list.loan[other] = list.loan[first];
        assert_int_equal(take(id, FARM, other, 1, path, paths), 1128);
        list.loan[other] = kept;
    }
    assert_int_equal(take(id, FARM, list.count, 1, path, paths), 1128);
    /* another fen */
    uint8_t *amount = memchr(list.loan[first].data, 0xce, list.loan[first].size), was;
    uint8_t *byte = amount != NULL ? amount + 4 : &list.bytes[first][1];
    was = *byte;
    *byte ^= 1;
    uint32_t code = take(id, FARM, first, n, path, paths);
    assert_true(code == 1128 || code == 9104);
    *byte = was;
}

static void any_piece_of_a_list_of_any_size_proves_itself_and_nothing_else(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 20; count++) {
        struct zyd_hash id;
        bool taken[20] = {false};
        uint32_t left = count, order = 0;
        list_make(count);
        list_enrol(&id, FARM, B(GUAR) | B(REG) | B(LGOV));
        while (left > 0) {
            struct zyd_hash path[ZYD_GUARANTEE_PATH_MAX];
            uint32_t first = random_below(count), n = 1 + random_below(ZYD_GUARANTEE_PIECE_MAX), fresh = 0;
            n = n > count - first ? count - first : n;
            for (uint32_t i = first; i < first + n; i++) {
                fresh += !taken[i];
            }
            size_t paths = path_of(path, first, n);
            if (fresh == n) {
                damaged_pieces_are_refused(&id, first, n, path, paths);
                assert_int_equal(take(&id, FARM, first, n, path, paths), 0);
                for (uint32_t i = first; i < first + n; i++) {
                    struct zyd_hash child;
                    taken[i] = true;
                    left--;
                    assert_true(zyd_child_id(&child, &zyd_product_guarantee, &id, (uint16_t)order++));
                    STATE(child, "ACTIVE");
                    struct zyd_guarantee_loan l;
                    assert_int_equal(zyd_guarantee_loan_read(&l, list.loan[i]), ZYD_OK);
                    assert_int_equal(view.drawdowns[0].number, l.number);
                    assert_int_equal(view.head.principal, l.amount);
                }
            } else { /* nothing twice, not even beside what is new */
                assert_int_equal(take(&id, FARM, first, n, path, paths), 9109);
            }
        }
        assert_int_equal(enrolment(&id).taken, count);
        assert_int_equal(enrolment(&id).drawn, list.total);
        assert_int_equal(enrolment(&id).state, ZYD_GS_TAKEN_UP);
    }
}

/* Postings of the last operation, but for the borrower's account and the ids. */
static void postings_like(char *out, size_t cap)
{
    size_t at = 0;
    for (uint32_t i = 0; i < f->outcome.posting_count; i++) {
        const struct zyd_posting *p = &f->postings[i];
        at += (size_t)snprintf(out + at, cap - at, "%u %u %.4s %.4s %lld\n", p->member, p->label, p->dr, p->cr,
                               (long long)p->amount.fen);
    }
}

static void a_loan_of_a_list_stands_as_one_that_came_alone(void **state)
{
    struct zyd_hash id, alone, child, path[ZYD_GUARANTEE_PATH_MAX];
    char one[4096] = "", other[4096] = "";
    (void)state;
    list.count = 1;
    list.total = 0;
    next_number += 7;
    uint32_t number = next_number;
    loan_write(0, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "12345.67");
    zyd_merkle_root(&list.root, list.leaf, 1);
    list_enrol(&id, FARM, B(GUAR) | B(REG) | B(LGOV));
    assert_int_equal(take(&id, FARM, 0, 1, path, 0), 0);
    postings_like(one, sizeof one);
    assert_true(zyd_child_id(&child, &zyd_product_guarantee, &id, 0));
    STATE(child, "ACTIVE");
    struct zyd_guarantee_view listed = view;

    char draw_text[200];
    snprintf(draw_text, sizeof draw_text,
             "drawdown=%u|amount=12345.67|value_date=2026-01-05|maturity=2026-12-20|rate_ppm=4.35%%", number);
    OK(FARM, "APPLY", &alone, BANK, 0,
       "borrower=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff|amount=12345.67|term_days=349|purpose=seed|"
       "county=430121|consent=" DOC);
    OK(FARM, "DD_DONE", &alone, BANK, 0, "bank_report=" DOC);
    OK(FARM, "OFFER", &alone, GUAR, 0, "amount=12345.67");
    OK(FARM, "FILE_RE", &alone, REG, 0, "filing=" DOC);
    OK(FARM, "ISSUE", &alone, BANK, B(GUAR) | B(LGOV), "letter=" DOC "|valid_until=2026-03-31");
    OK(FARM, "DISBURSE", &alone, BANK, 0, draw_text);
    postings_like(other, sizeof other);
    STATE(alone, "ACTIVE");
    assert_string_equal(one, other);
    listed.head.changes = view.head.changes; /* how often it was stored */
    assert_memory_equal(&listed, &view, sizeof view);
    /* and both live on alike */
    on(20260320);
    char repay[120];
    snprintf(repay, sizeof repay, "drawdown=%u|value_date=2026-03-20|amount=5000", number);
    OK(FARM, "REPAY", &child, BANK, 0, repay);
    postings_like(one, sizeof one);
    OK(FARM, "REPAY", &alone, BANK, 0, repay);
    postings_like(other, sizeof other);
    assert_string_equal(one, other);
    OK(FARM, "OVERDUE", &child, BANK, 0, "overdue_date=2026-03-20|principal=7456.06|interest=0");
}

static void what_a_loan_alone_may_not_a_loan_of_a_list_may_not(void **state)
{
    struct zyd_hash id, path[ZYD_GUARANTEE_PATH_MAX];
    (void)state;
    on(20260106);
    /* two loans of one household over its cap: the second is refused with its piece, and the first stands alone */
    list.count = 2;
    list.total = 0;
    const char *household = "aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    loan_write(0, household, "30000");
    loan_write(1, household, "20000.01");
    zyd_merkle_root(&list.root, list.leaf, 2);
    list_enrol(&id, FARM, B(GUAR) | B(REG) | B(LGOV));
    size_t paths = path_of(path, 0, 2);
    assert_int_equal(take(&id, FARM, 0, 2, path, paths), 1103);
    assert_int_equal(enrolment(&id).taken, 0);
    paths = path_of(path, 0, 1);
    assert_int_equal(take(&id, FARM, 0, 1, path, paths), 0);
    paths = path_of(path, 1, 1);
    assert_int_equal(take(&id, FARM, 1, 1, path, paths), 1103);
    /* the national fund files, so it signs */
    list_make(1);
    char text[400], root[65];
    for (int i = 0; i < 32; i++) {
        snprintf(root + 2 * i, 3, "%02x", list.root.b[i]);
    }
    snprintf(text, sizeof text, "root=%s|count=1|total=1000000|letter=" DOC "|valid_until=2026-03-31|purpose=seed", root);
    NO(9102, SHARED, "ENROL_LIST", &id, BANK, B(GUAR) | B(REG), text);
    NO(9102, SHARED, "ENROL_LIST", &id, BANK2, B(GUAR) | B(REG) | B(NFGF), text); /* not a bank of the programme */
    OK(SHARED, "ENROL_LIST", &id, BANK, B(GUAR) | B(REG) | B(NFGF), text);
}

static void a_thousand_loans_cost_a_hundred_and_twenty_five_operations_within_bounds(void **state)
{
    struct zyd_hash id, path[ZYD_GUARANTEE_PATH_MAX];
    (void)state;
    on(20260106);
    list_make(1000);
    list_enrol(&id, SHARED, B(GUAR) | B(REG) | B(NFGF));
    uint64_t enrol_fuel = f->outcome.fuel, fuel = 0;
    int64_t before = zyd_fixture_balance(f, BANK, SHARED, "1101");
    for (uint32_t first = 0; first < 1000; first += ZYD_GUARANTEE_PIECE_MAX) {
        most_fuel = 0;
        assert_int_equal(take(&id, SHARED, first, ZYD_GUARANTEE_PIECE_MAX, path, path_of(path, first, ZYD_GUARANTEE_PIECE_MAX)),
                         0);
        fuel = most_fuel > fuel ? most_fuel : fuel;
    }
    print_message("ENROL_LIST %llu fuel, TAKE_UP of 8 in a tree of four: at most %llu\n", (unsigned long long)enrol_fuel,
                  (unsigned long long)fuel);
    assert_true(enrol_fuel < 100000);
    assert_true(fuel < 2500000);
    assert_int_equal(zyd_fixture_balance(f, BANK, SHARED, "1101") - before, list.total);
    assert_int_equal(enrolment(&id).state, ZYD_GS_TAKEN_UP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_piece_of_a_list_of_any_size_proves_itself_and_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(a_loan_of_a_list_stands_as_one_that_came_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_loan_alone_may_not_a_loan_of_a_list_may_not, setup, teardown),
        cmocka_unit_test_setup_teardown(a_thousand_loans_cost_a_hundred_and_twenty_five_operations_within_bounds, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
