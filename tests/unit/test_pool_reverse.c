/* Goal: REVERSE and DISPUTE of product (b) hold domain.md 3.0.6 and 3.0.10: a reversal leaves the books, the pool's sums and
 * the claim as they were before the event; it is refused, with nothing changed, when money or anything else came after it; a
 * part in dispute is left out, and what is upheld later gives what one claim would have given.
 * Method: pool_rig.h; pictures of all books and records before and after. */
#include "pool_rig.h"

static const char *const books[] = {"1001", "1001.COST", "1102", "1111", "2171", "3009", "3001.MUTUAL", "3001.COUNTY",
                                    "3001.CITY", "9001", "9002", "1141.POOL", "1141.BANK", "2141.POOL", "2141.BANK",
                                    "2191.POOL",
                                    "2101.91430100MA4TEXT00G"};
struct picture {
    int64_t balance[MEMBERS][ZYD_COUNT(books)];
    struct zyd_pool pool;
    struct zyd_pool_layer layer[12];
    struct zyd_pool_loan loan;
};

static struct picture take(uint16_t programme_, const struct zyd_hash *o)
{
    struct picture p;
    memset(&p, 0, sizeof p);
    memset(layer, 0, sizeof layer);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        for (size_t i = 0; i < ZYD_COUNT(books); i++) {
            p.balance[m][i] = balance(m, programme_, books[i]);
        }
    }
    read_pool(programme_);
    p.pool = pool;
    memcpy(p.layer, layer, sizeof p.layer);
    state_of(o);
    p.loan = loan;
    return p;
}

static void expect_same(const struct picture *a, const struct picture *b)
{
    for (uint16_t m = 0; m < MEMBERS; m++) {
        for (size_t i = 0; i < ZYD_COUNT(books); i++) {
            if (a->balance[m][i] != b->balance[m][i]) {
                fail_msg("member %u account %s: %lld, was %lld", m, books[i], (long long)b->balance[m][i],
                         (long long)a->balance[m][i]);
            }
        }
    }
    assert_memory_equal(&a->pool, &b->pool, sizeof a->pool);
    assert_memory_equal(a->layer, b->layer, sizeof a->layer);
    assert_memory_equal(&a->loan, &b->loan, sizeof a->loan);
}

static const char *reverse_text(void)
{
    char id[65];
    for (size_t i = 0; i < sizeof f->op_id.b; i++) {
        snprintf(id + 2 * i, 3, "%02x", f->op_id.b[i]);
    }
    return text_of("op=%s|code=3", id);
}

/* The event, its reversal by the same signers, and all as before. */
static void there_and_back(uint16_t programme_, const char *event, struct zyd_hash *o, uint16_t member, unsigned signers,
                           const char *text)
{
    struct picture before = take(programme_, o);
    OK(programme_, event, o, member, signers, text);
    const char *back = reverse_text();
    uint32_t n = f->outcome.posting_count;
    NO(9102, programme_, "REVERSE", o, DEPT, signers | B(member), back); /* an outsider */
    if (signers != 0) {
        NO(9102, programme_, "REVERSE", o, member, 0, back);
    }
    NO(9111, programme_, "REVERSE", o, member, signers, "op=sha256:other|code=3");
    OK(programme_, "REVERSE", o, member, signers, back);
    assert_int_equal(f->outcome.posting_count, n);
    struct picture after = take(programme_, o);
    expect_same(&before, &after);
    NO(9111, programme_, "REVERSE", o, member, signers, back); /* once */
    skip_rows();
}

static void every_reversal_restores_books_pool_and_claim(void **state)
{
    struct zyd_hash o;
    (void)state;
    create(W8, B(COUNTY) | B(CITY));
    fund(W8, "MUTUAL", POOL, "200000.00");
    fund(W8, "COUNTY", COUNTY, "1000000.00");
    register_loan(&o, W8, BANK, FIRM, "one", "1000000.00");
    NO(9111, W8, "REVERSE", &o, BANK, 0, "op=sha256:x|code=1"); /* nothing to reverse */
    there_and_back(W8, "REPAY", &o, BANK, 0, "amount=0.01");
    there_and_back(W8, "REPAY", &o, BANK, 0, "amount=1000000.00"); /* out of REPAID again */
    OK(W8, "REPAY", &o, BANK, 0, "amount=200000.00");
    OK(W8, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    there_and_back(W8, "REPAY", &o, BANK, 0, "amount=100.00"); /* counts in npl too */
    OK(W8, "FILE", &o, BANK, 0, "principal=800000.00");
    approve(&o, W8, "800000.00", "400000.00");
    struct zyd_hash drawn = last_owed();
    there_and_back(W8, "RECOVER", &o, BANK, 0, "gross=300000.03|cost=10000.00|bank_ref=R1");
    OK(W8, "RECOVER", &o, BANK, 0, "gross=300000.03|cost=10000.00|bank_ref=R1");
    there_and_back(W8, "RECOVER", &o, BANK, 0, "gross=5.00|cost=7.00|bank_ref=R2"); /* cost carried on */
    there_and_back(W8, "RECOVER", &o, BANK, 0, "gross=900000.00|cost=0|bank_ref=R2"); /* a surplus for the borrower */
    there_and_back(W8, "RECOVER", &o, BANK, B(POOL), "gross=100.00|cost=60000.00|bank_ref=R3"); /* the trustee signed, too */
    there_and_back(W8, "DEMAND_BACK", &o, POOL, 0, "finding=F1");
    there_and_back(W8, "DEMAND_BACK", &o, AUD, 0, "finding=F1|ppm=10%");
    /* what others changed beside it is no hindrance: the draw is paid, an auditor freezes and unfreezes */
    OK(W8, "RECOVER", &o, BANK, 0, "gross=10.00|cost=0|bank_ref=R4");
    const char *back = text_of("%s", reverse_text());
    paid(&drawn);
    OK(W8, "FREEZE", &o, AUD, 0, "reason=audit");
    OK(W8, "REVERSE", &o, BANK, 0, back);
    state_of(&o);
    assert_int_equal(loan.frozen, 1);
    assert_int_equal(loan.draws_open, 0);
    on(zyd_date_add(today(), 30));
    assert_int_equal(sys_warning_count, 1); /* the refund of the recovery that stands is late, and no other */
}

static void what_was_paid_or_followed_is_not_reversed(void **state)
{
    struct zyd_hash o;
    (void)state;
    create(W8, B(COUNTY) | B(CITY));
    fund(W8, "COUNTY", COUNTY, "1000000.00");
    compensate(&o, W8, BANK, "one", "1000.00", "500.00");
    OK(W8, "RECOVER", &o, BANK, 0, "gross=100.00|cost=0|bank_ref=R1");
    const char *back = text_of("%s", reverse_text());
    struct zyd_hash refund = last_owed();
    struct zyd_obligation owed;
    uint8_t bytes[16];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    assert_true(zyd_fixture_obligation(f, &owed, &refund));
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, "REF", 3);
    block(now + 1000);
    struct zyd_fixture_op op = {.contract = 0, .event = ZYD_HOST_PAID, .programme = W8, .member = owed.debtor,
                                .signers = {owed.creditor}, .signer_count = 1, .object = &refund, .expect_seq = UINT64_MAX,
                                .args = zyd_wr_span(&wr)};
    assert_int_equal(zyd_fixture_run(f, &op), 0);
    together = true; /* in the block of the payment: the contract has not heard of it yet */
    NO(9107, W8, "REVERSE", &o, BANK, 0, back);
    together = false;
    zyd_fixture_end(f);
    tick();
    NO(9107, W8, "REVERSE", &o, BANK, 0, back); /* nor when it has, and the layers are refilled */
    OK(W8, "RECOVER", &o, BANK, 0, "gross=100.00|cost=0|bank_ref=R2");
    back = text_of("%s", reverse_text());
    OK(W8, "DEMAND_BACK", &o, POOL, 0, "finding=F1|ppm=1%");
    const char *later = text_of("%s", reverse_text());
    NO(9111, W8, "REVERSE", &o, BANK, 0, back); /* what came later must go first */
    OK(W8, "REVERSE", &o, POOL, 0, later);
    NO(9111, W8, "REVERSE", &o, BANK, 0, back); /* its note is gone */
}

static void a_shortage_that_a_recovery_made_good_waits_again(void **state)
{
    struct zyd_hash one, two;
    (void)state;
    create(W8, B(COUNTY) | B(CITY));
    fund(W8, "COUNTY", COUNTY, "100.00");
    compensate(&one, W8, BANK, "one", "1000.00", "500.00"); /* 400.00 short */
    compensate(&two, W8, BANK, "two", "1000.00", "500.00"); /* all of it */
    there_and_back(W8, "RECOVER", &one, BANK, 0, "gross=1000.00|cost=0|bank_ref=R1"); /* 100.00 back, 400.00 not needed */
    there_and_back(W8, "DEMAND_BACK", &one, POOL, 0, "finding=F1");
    OK(W8, "DEMAND_BACK", &two, POOL, 0, "finding=F2");
    const char *back = text_of("%s", reverse_text());
    fund(W8, "COUNTY", COUNTY, "450.00"); /* serves the first; the second needs nothing */
    tick();
    STATE(one, "COMPENSATED");
    OK(W8, "REVERSE", &two, POOL, 0, back); /* it has kept its place */
    tick();
    STATE(two, "PART_PAID");
    assert_int_equal(loan.shortage, 45000);
    read_pool(W8);
    assert_int_equal(pool.shortage, 45000);
    assert_int_equal(pool.queue_length, 1);
}

static void a_demand_back_is_not_undone_beyond_the_caps(void **state)
{
    struct zyd_hash one, two;
    (void)state;
    create(CAPS, B(COUNTY));
    fund(CAPS, "COUNTY", COUNTY, "5000.00");
    register_loan(&one, CAPS, BANK, FIRM, "one", "800.00");
    register_loan(&two, CAPS, BANK, FIRM, "two", "800.00");
    OK(CAPS, "STATUS", &one, BANK, 0, text_of("what=OVERDUE|since=%d", today()));
    OK(CAPS, "STATUS", &two, BANK, 0, text_of("what=OVERDUE|since=%d", today()));
    on(zyd_date_add(today(), 60));
    OK(CAPS, "FILE", &one, BANK, 0, "principal=800.00|evidence=sha256:a,sha256:b");
    approve(&one, CAPS, "800.00", "400.00");
    OK(CAPS, "DEMAND_BACK", &one, POOL, 0, "finding=F1");
    const char *back = text_of("%s", reverse_text());
    OK(CAPS, "FILE", &two, BANK, 0, "principal=800.00|evidence=sha256:a,sha256:b");
    approve(&two, CAPS, "800.00", "400.00");
    NO(9111, CAPS, "REVERSE", &one, POOL, 0, back); /* 300.00 are left of the household's 700.00 */
    OK(CAPS, "DEMAND_BACK", &two, POOL, 0, "finding=F2|ppm=25%");
    OK(CAPS, "REVERSE", &one, POOL, 0, back);
    STATE(one, "COMPENSATED");
}

/* What was in dispute before is in dispute again: it is no base of the stacking ceiling. */
static void a_part_in_dispute_is_no_base_of_the_ceiling(void **state)
{
    struct zyd_hash one, two;
    (void)state;
    create(W8, B(COUNTY) | B(CITY));
    create(PR, B(COUNTY) | B(CITY));
    fund(W8, "COUNTY", COUNTY, "5000.00");
    fund(PR, "COUNTY", COUNTY, "5000.00");
    register_loan(&one, W8, BANK, FIRM, "one", "1000.00");
    OK(W8, "STATUS", &one, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(W8, "FILE", &one, BANK, 0, "principal=1000.00");
    OK(W8, "DISPUTE", &one, DEPT, 0, "amount=400.00|reason=misuse");
    approve(&one, W8, "600.00", "300.00");
    OK(W8, "DEMAND_BACK", &one, POOL, 0, "finding=F1");
    const char *back = text_of("%s", reverse_text());
    compensate(&two, PR, BANK, "one", "1000.00", "500.00"); /* of the same loan: 800.00 is all that programmes may give */
    NO(9111, W8, "REVERSE", &one, POOL, 0, back);           /* of what is not in dispute they may give 480.00 */
    OK(PR, "DEMAND_BACK", &two, POOL, 0, "finding=F2|ppm=64%");
    OK(W8, "REVERSE", &one, POOL, 0, back);
}

/* A sound loan that was not repaid after all lowers the rate: it must not undo RESUME. */
static void a_repayment_taken_back_stops_a_pool_only_when_the_rate_rises(void **state)
{
    struct zyd_hash bad, good;
    (void)state;
    create(BR, B(COUNTY) | B(CITY) | B(PROV_AGRI));
    register_loan(&bad, BR, BANK, FIRM, "bad", "100.00");
    register_loan(&good, BR, BANK, FIRM, "good", "100.00");
    OK(BR, "STATUS", &bad, BANK, 0, text_of("what=NPL|since=%d", today()));
    read_pool(BR);
    assert_int_equal(pool.state, ZYD_PS_STOPPED);
    OK(BR, "REPAY", &good, BANK, 0, "amount=10.00");
    const char *back = text_of("%s", reverse_text());
    OK(BR, "RESUME", &pool_of[BR], DEPT, B(CITY) | B(COUNTY), "reason=two of three|contributors=COUNTY,CITY");
    OK(BR, "REVERSE", &good, BANK, 0, back);
    read_pool(BR);
    assert_int_equal(pool.state, ZYD_PS_WARN);
    OK(BR, "REPAY", &bad, BANK, 0, "amount=10.00");
    OK(BR, "REVERSE", &bad, BANK, 0, reverse_text());
    read_pool(BR);
    assert_int_equal(pool.state, ZYD_PS_STOPPED);
}

static void a_confirmation_is_taken_back_while_the_money_is_there(void **state)
{
    struct zyd_hash o, claim;
    (void)state;
    create(W8, B(COUNTY) | B(CITY));
    OK(W8, "FUND", &o, COUNTY, 0, "layer=COUNTY|amount=100.00|bank_ref=X");
    OK(W8, "FUND_CONFIRM", &o, POOL, 0, "amount=100.00|bank_ref=X");
    const char *back = text_of("%s", reverse_text());
    NO(9102, W8, "REVERSE", &o, COUNTY, 0, back);
    OK(W8, "REVERSE", &o, POOL, 0, back);
    STATE(o, "PENDING");
    read_pool(W8);
    assert_int_equal(layer[1].balance + layer[1].funded, 0);
    assert_int_equal(balance(POOL, W8, "1001"), 0);
    assert_int_equal(balance(POOL, W8, "3001.COUNTY"), 0);
    OK(W8, "FUND_CONFIRM", &o, POOL, 0, "amount=100.00|bank_ref=X"); /* now it has come */
    back = text_of("%s", reverse_text());
    compensate(&claim, W8, BANK, "one", "0.02", "0.01");
    NO(9111, W8, "REVERSE", &o, POOL, 0, back); /* a fen of it is given out */
}

/* ---- DISPUTE, RESOLVE ---- */

/* Pro rata, what is upheld later waits among the claims of that day, so that a round walks over all that it counts. */
static void what_is_upheld_waits_among_the_claims_of_its_day(void **state)
{
    struct zyd_hash a, b, c;
    (void)state;
    create(PR, B(COUNTY) | B(CITY));
    fund(PR, "COUNTY", COUNTY, "200.00");
    register_loan(&a, PR, BANK, FIRM, "ra", "200.00");
    OK(PR, "STATUS", &a, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(PR, "FILE", &a, BANK, 0, "principal=200.00");
    OK(PR, "DISPUTE", &a, DEPT, 0, "amount=100.00|reason=misuse");
    approve(&a, PR, "100.00", "50.00");
    compensate(&b, PR, BANK, "rb", "400.00", "200.00"); /* 150.00 are there */
    STATE(b, "PART_PAID");
    on(zyd_date_add(today(), 1));
    compensate(&c, PR, BANK, "rc", "100.00", "50.00");
    STATE(c, "APPROVED");
    OK(PR, "RESOLVE", &a, BANK, B(DEPT) | B(POOL), "upheld=100.00");
    STATE(a, "PART_PAID");
    fund(PR, "COUNTY", COUNTY, "60.00");
    tick();
    STATE(b, "COMPENSATED"); /* the day before in full, then 10.00 for this one */
    STATE(c, "PART_PAID");
    assert_int_equal(loan.shortage, 4500);
    STATE(a, "PART_PAID");
    assert_int_equal(loan.shortage, 4500);
}

static void the_undisputed_part_proceeds_and_what_is_upheld_follows(void **state)
{
    struct zyd_hash o;
    (void)state;
    create(W8, B(COUNTY) | B(CITY));
    fund(W8, "COUNTY", COUNTY, "450.00");
    register_loan(&o, W8, BANK, FIRM, "one", "1000.01");
    NO(9111, W8, "DISPUTE", &o, DEPT, 0, "amount=1.00|reason=misuse"); /* no claim yet */
    OK(W8, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(W8, "FILE", &o, BANK, 0, "principal=1000.01");
    NO(2008, W8, "DISPUTE", &o, DEPT, 0, "amount=1000.01|reason=misuse"); /* all of it: REJECT */
    NO(9102, W8, "DISPUTE", &o, GUAR, B(DEPT), "amount=200.00|reason=misuse");
    NO(9111, W8, "RESOLVE", &o, BANK, B(DEPT) | B(POOL), "upheld=0");
    OK(W8, "DISPUTE", &o, DEPT, 0, "amount=200.00|reason=misuse");
    NO(9111, W8, "DISPUTE", &o, BANK, 0, "amount=1.00|reason=misuse");
    NO(2008, W8, "DEPT_OK", &o, DEPT, 0, "base=1000.01");
    OK(W8, "DEPT_OK", &o, DEPT, 0, "base=800.01");
    NO(2008, W8, "REVIEW_OK", &o, POOL, 0, "base=800.01|pay=500.00");
    OK(W8, "REVIEW_OK", &o, POOL, 0, "base=800.01|pay=400.00");
    STATE(o, "COMPENSATED");
    NO(9111, W8, "CLOSE", &o, BANK, B(POOL), "reason=done"); /* a part is in dispute */
    NO(2008, W8, "RESOLVE", &o, BANK, B(DEPT) | B(POOL), "upheld=200.01");
    NO(9102, W8, "RESOLVE", &o, BANK, B(DEPT), "upheld=200.00");
    NO(9102, W8, "RESOLVE", &o, BANK, B(POOL), "upheld=200.00");
    NO(9102, W8, "RESOLVE", &o, DEPT, B(POOL), "upheld=200.00");
    skip_rows();
    OK(W8, "RESOLVE", &o, BANK, B(DEPT) | B(POOL), "upheld=200.00"); /* FLOOR(1000.01 / 2) in all; 50.00 are there */
    row("POOL DRAW 3001.COUNTY 2141.BANK 50.00");
    row("BANK DRAW 1141.POOL 2191.POOL 50.00");
    no_more_rows();
    WARNED(2011);
    STATE(o, "PART_PAID");
    assert_int_equal(loan.approved, 50000);
    assert_int_equal(loan.shortage, 5000);
    assert_int_equal(loan.disputed, 0);
    fund(W8, "COUNTY", COUNTY, "100.00");
    tick();
    STATE(o, "COMPENSATED");
    /* before the approval, what is not upheld leaves the claim */
    register_loan(&o, W8, BANK, FIRM, "two", "1000.00");
    OK(W8, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(W8, "FILE", &o, BANK, 0, "principal=1000.00");
    OK(W8, "DISPUTE", &o, POOL, 0, "amount=999.99|reason=misuse");
    OK(W8, "RESOLVE", &o, DEPT, B(BANK) | B(POOL), "upheld=99.99");
    approve(&o, W8, "100.00", "50.00");
    /* nothing upheld after the approval: nothing follows */
    register_loan(&o, W8, BANK, FIRM, "three", "10.00");
    OK(W8, "STATUS", &o, BANK, 0, text_of("what=NPL|since=%d", today()));
    OK(W8, "FILE", &o, BANK, 0, "principal=10.00");
    OK(W8, "DISPUTE", &o, BANK, 0, "amount=5.00|reason=cost");
    approve(&o, W8, "5.00", "2.50");
    skip_rows();
    OK(W8, "RESOLVE", &o, BANK, B(DEPT) | B(POOL), "upheld=0");
    no_more_rows();
    assert_int_equal(f->outcome.warning_count, 0);
    state_of(&o);
    assert_int_equal(loan.approved, 250);
}

static void what_is_upheld_stays_under_the_caps(void **state)
{
    struct zyd_hash o;
    (void)state;
    create(CAPS, B(COUNTY));
    fund(CAPS, "COUNTY", COUNTY, "5000.00");
    register_loan(&o, CAPS, BANK, FIRM, "one", "1000.00");
    OK(CAPS, "STATUS", &o, BANK, 0, text_of("what=OVERDUE|since=%d", today()));
    on(zyd_date_add(today(), 60));
    OK(CAPS, "FILE", &o, BANK, 0, "principal=1000.00|evidence=sha256:a,sha256:b");
    OK(CAPS, "DISPUTE", &o, DEPT, 0, "amount=500.00|reason=misuse");
    approve(&o, CAPS, "500.00", "250.00");
    OK(CAPS, "RESOLVE", &o, BANK, B(DEPT) | B(POOL), "upheld=500.00");
    state_of(&o);
    assert_int_equal(loan.approved, 40000); /* per_claim_cap */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_reversal_restores_books_pool_and_claim),
        T(what_was_paid_or_followed_is_not_reversed),
        T(a_shortage_that_a_recovery_made_good_waits_again),
        T(a_demand_back_is_not_undone_beyond_the_caps),
        T(a_part_in_dispute_is_no_base_of_the_ceiling),
        T(a_repayment_taken_back_stops_a_pool_only_when_the_rate_rises),
        T(a_confirmation_is_taken_back_while_the_money_is_there),
        T(the_undisputed_part_proceeds_and_what_is_upheld_follows),
        T(what_is_upheld_waits_among_the_claims_of_its_day),
        T(what_is_upheld_stays_under_the_caps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
