/* Goal: whatever happens to a pool, its records and its books say the same, and nothing is paid twice or out of nothing.
 * Method: random events of members, sensible or not, on a pool with either kind of queue and of layers; refusals must leave the
 * state's root as it was; every few events all loans are added up and held against the pool's record and the accounts. */
#include "pool_rig.h"

enum { LOANS = 100, STEPS = 1500 };

static uint64_t seed;
static uint32_t draw_number(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static struct zyd_hash loans[LOANS], owed[4000];
static size_t loan_count, owed_count, owed_seen;
static unsigned served, refilled; /* rows */

static void note_obligations(void)
{
    for (; owed_seen < row_count; owed_seen++) {
        const struct row *r = &rows[owed_seen];
        served += r->label == ZYD_PL_SERVE_QUEUE && r->member == POOL;
        refilled += r->label == ZYD_PL_REFILL;
        bool known = owed_count > 0 && zyd_hash_eq(&owed[owed_count - 1], &r->obligation);
        if (!zyd_hash_is_zero(&r->obligation) && !known && r->label != 0xff01 && r->label != ZYD_PL_REFILL) {
            owed[owed_count++] = r->obligation;
        }
    }
    if (row_count > ZYD_COUNT(rows) / 2) {
        row_count = row_read = owed_seen = 0;
    }
}

static void books_and_records_agree(uint16_t programme_)
{
    int64_t shortage = 0, returnable = 0, paid_ = 0, back = 0, balance_ = 0, npl = 0;
    uint32_t open = 0;
    for (size_t i = 0; i < loan_count; i++) {
        state_of(&loans[i]);
        assert_true(loan.paid + loan.shortage <= loan.approved && loan.approved <= loan.claimed / 2);
        assert_true(loan.shortage >= 0 && loan.refunded + loan.clawed <= loan.paid && loan.balance >= 0);
        assert_int_equal(loan.bank_recovered + loan.pool_recovered,
                         loan.net_recovered < loan.claimed ? loan.net_recovered : loan.claimed);
        bool claim = (loan.state >= ZYD_PS_FILED && loan.state <= ZYD_PS_REFUNDING) || loan.state == ZYD_PS_CLAWED_BACK;
        open += claim && !(loan.flags & ZYD_PF_ENDED);
        shortage += loan.shortage;
        returnable += loan.paid - loan.refunded - loan.clawed;
        paid_ += loan.paid;
        back += loan.refunded + loan.clawed;
        balance_ += loan.flags & ZYD_PF_ENDED ? 0 : loan.balance;
        npl += loan.flags & ZYD_PF_NPL ? loan.balance : 0;
    }
    read_pool(programme_);
    assert_int_equal(pool.shortage, shortage);
    assert_int_equal(pool.open_claims, open);
    assert_int_equal(pool.balance, balance_);
    assert_int_equal(pool.npl, npl);
    assert_int_equal(pool.memo, balance(POOL, programme_, "9001"));
    assert_int_equal(pool.pending, -balance(POOL, programme_, "3009"));
    assert_int_equal(layer[0].balance, -balance(POOL, programme_, "3001.COUNTY"));
    assert_int_equal(layer[1].balance, -balance(POOL, programme_, "3001.CITY"));
    assert_true(layer[0].balance >= 0 && layer[1].balance >= 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(layer[i].balance, layer[i].funded - layer[i].drawn);
    }
    assert_int_equal(layer[0].drawn + layer[1].drawn, paid_ - back + pool.pending);
    assert_int_equal(returnable, -balance(BANK, programme_, "2191.POOL") - balance(BANK2, programme_, "2191.POOL"));
    assert_int_equal(balance(BANK, programme_, "2171") + balance(BANK2, programme_, "2171"), 0);
    /* who waits, waits because there is nothing */
    assert_true(pool.shortage == 0 || layer[0].balance + layer[1].balance == 0);
}

static const char *yuan(uint32_t below)
{
    char text[32];
    zyd_yuan_text(text, 1 + (int64_t)draw_number(below), false);
    return text_of("%s", text);
}

static const char *fen_text(int64_t fen)
{
    char text[32];
    zyd_yuan_text(text, fen, false);
    return text_of("%s", text);
}

static void one_step(uint16_t programme_, const char *layer0, const char *layer1)
{
    uint32_t what = draw_number(13);
    struct zyd_hash *o = loan_count == 0 ? NULL : &loans[draw_number((uint32_t)loan_count)];
    if (what == 0 && loan_count < LOANS) {
        uint16_t bank = draw_number(2) == 0 ? BANK : BANK2;
        register_loan(&loans[loan_count], programme_, bank, FIRM, text_of("r%u-%zu", programme_, loan_count), yuan(1000000));
        loan_count++;
        return;
    }
    if (what == 1 && draw_number(2) == 0) {
        fund(programme_, draw_number(2) == 0 ? layer0 : layer1, POOL, yuan(100000));
        return;
    }
    if (what == 2 && owed_count > 0) {
        size_t i = draw_number((uint32_t)owed_count);
        struct zyd_hash id = owed[i];
        owed[i] = owed[--owed_count];
        paid(&id);
        return;
    }
    if (what == 3) {
        on(zyd_date_add(today(), 1 + (int32_t)draw_number(3)));
        return;
    }
    if (o == NULL) {
        return;
    }
    state_of(o);
    if (what >= 4 && draw_number(3) != 0 && loan.state <= ZYD_PS_REFUNDING) { /* mostly, what comes next */
        static const uint8_t next[] = {5, 7, 8, 9, 10, 10, 10, 10};
        what = next[loan.state - ZYD_PS_REGISTERED];
    }
    const char *base = fen_text(loan.claimed), *pay = fen_text(loan.claimed / 2);
    switch (what) {
    case 4:
        act(programme_, "REPAY", o, loan.bank, 0, text_of("amount=%s", yuan(500000)));
        return;
    case 5:
        act(programme_, "STATUS", o, loan.bank, 0, text_of("what=NPL|since=%d", today()));
        return;
    case 6:
        act(programme_, "CURE", o, loan.bank, 0, "");
        return;
    case 7:
        act(programme_, "FILE", o, loan.bank, 0, text_of("principal=%s", fen_text(loan.balance > 0 ? loan.balance : 1)));
        return;
    case 8:
        act(programme_, "DEPT_OK", o, DEPT, 0, text_of("base=%s", base));
        return;
    case 9:
        act(programme_, "REVIEW_OK", o, POOL, 0, text_of("base=%s|pay=%s", base, pay));
        return;
    case 10:
        act(programme_, "RECOVER", o, loan.bank, 0, text_of("gross=%s|cost=%s|bank_ref=X", yuan(200000), yuan(20000)));
        return;
    case 11:
        if (draw_number(3) == 0) {
            const char *ppm = draw_number(2) == 0 ? "" : text_of("|ppm=%u", draw_number(1000001));
            act(programme_, "DEMAND_BACK", o, AUD, 0, text_of("finding=F%s", ppm));
        } else {
            act(programme_, "REJECT", o, loan.state == ZYD_PS_FILED ? DEPT : POOL, 0, "reason=x");
        }
        return;
    default:
        act(programme_, "CLOSE", o, loan.bank, B(POOL), "reason=x");
    }
}

static void walk(uint16_t programme_, const char *layer0, const char *layer1, uint64_t start)
{
    seed = start;
    loan_count = owed_count = served = refilled = 0;
    skip_rows();
    owed_seen = row_count;
    for (int step = 0; step < STEPS; step++) {
        one_step(programme_, layer0, layer1);
        note_obligations();
        if (step % 10 == 9) {
            for (int i = 0; i < 3; i++) {
                tick(); /* what cash has set going comes to its end */
                note_obligations();
            }
            books_and_records_agree(programme_);
        }
    }
    assert_true(loan_count == LOANS && served > 20 && refilled > 20); /* it went where it was meant to go */
    print_message("%zu loans, %u payments to the queue, %u refunds\n", loan_count, served, refilled);
}

static void books_and_records_agree_with_a_queue_in_order(void **state)
{
    (void)state;
    OK(RF, "CREATE", &pool_of[RF], POOL, 0, "account=1");
    walk(RF, "COUNTY", "CITY", 1);
}

static void books_and_records_agree_with_a_pro_rata_queue(void **state)
{
    (void)state;
    OK(RP, "CREATE", &pool_of[RP], POOL, 0, "account=1");
    walk(RP, "COUNTY", "CITY", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(books_and_records_agree_with_a_queue_in_order),
        cmocka_unit_test(books_and_records_agree_with_a_pro_rata_queue),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
