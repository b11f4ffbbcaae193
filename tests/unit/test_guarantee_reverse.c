/* Goal: REVERSE of product (a) holds domain.md 3.0.10: each event that is taken back leaves books and contract as they were, or
 * is refused with nothing changed.
 * Method: the deployed plugin in the real host and state (guarantee_rig.h); pictures of books
 * and records before and after. */
#include "guarantee_more.h"

/* ---- REVERSE ---- */
static const char *const books[] = {"1001",      "1001.COST", "1101",      "1102",      "1111",     "1121",      "1135",
                                    "2151",      "2171",      "4011",      "4021",      "4031",     "5012",      "5021",
                                    "9001",      "9002",      "1141.BANK", "1141.GUAR", "1141.REG", "1141.NFGF", "2141.BANK",
                                    "2141.GUAR", "2141.REG",  "2141.NFGF", CUSTOMER,    DEBT};
enum { BOOKS = sizeof books / sizeof *books };
struct picture {
    int64_t balance[MEMBERS][BOOKS];
    struct zyd_guarantee_view view;
    uint8_t claim[512];
    size_t claim_size;
};
static void take(struct picture *p, uint16_t programme_, const struct zyd_hash *o)
{
    struct zyd_hash key;
    uint8_t name[64];
    memset(p, 0, sizeof *p);
    for (uint16_t m = 0; m < MEMBERS; m++) {
        for (size_t i = 0; i < BOOKS; i++) {
            p->balance[m][i] = balance(m, programme_, books[i]);
        }
    }
    state_of(o);
    p->view = view;
    p->view.head.changes = 0;
    size_t n = zyd_guarantee_claim_key(name, o);
    zyd_record_key(&key, 1, zyd_span(name, n));
    struct zyd_span claim = zyd_fixture_get(f, NULL, &key);
    assert_true(claim.size <= sizeof p->claim);
    if (claim.size > 0) {
        memcpy(p->claim, claim.data, claim.size);
    }
    p->claim_size = claim.size;
}
static void expect_same(const struct picture *a, const struct picture *b)
{
    for (uint16_t m = 0; m < MEMBERS; m++) {
        for (size_t i = 0; i < BOOKS; i++) {
            if (a->balance[m][i] != b->balance[m][i]) {
                fail_msg("member %u account %s: %lld, was %lld", m, books[i], (long long)b->balance[m][i],
                         (long long)a->balance[m][i]);
            }
        }
    }
    assert_memory_equal(&a->view.head, &b->view.head, sizeof a->view.head);
    assert_memory_equal(a->view.drawdowns, b->view.drawdowns, a->view.head.drawdown_count * sizeof a->view.drawdowns[0]);
    assert_int_equal(a->claim_size, b->claim_size);
    assert_memory_equal(a->claim, b->claim, a->claim_size);
}
static void there_and_back(uint16_t programme_, const char *event, struct zyd_hash *o, uint16_t member, unsigned signers,
                           const char *text)
{
    struct picture before, after;
    take(&before, programme_, o);
    OK(programme_, event, o, member, signers, text);
    const char *back = reverse_text("");
    take(&after, programme_, o);
    uint32_t n = f->outcome.posting_count;
    NO(9102, programme_, "REVERSE", o, LGOV, signers | B(member), back);
    if (signers != 0) {
        NO(9102, programme_, "REVERSE", o, member, 0, back); /* as many signers as the original */
    }
    OK(programme_, "REVERSE", o, member, signers, back);
    assert_int_equal(f->outcome.posting_count, n);
    take(&after, programme_, o);
    expect_same(&before, &after);
    NO(9111, programme_, "REVERSE", o, member, signers, back); /* once */
}

static void every_reversal_restores_books_and_contract(void **state)
{
    struct zyd_hash o;
    struct zyd_guarantee_breaker b, was;
    (void)state;
    on(20290806);
    issue_simple(&o, LATER, FIRM, "73000.00");
    NO(9111, LATER, "REVERSE", &o, BANK, 0, "op=" DOC "|code=1"); /* nothing to reverse */
    breaker_of(LATER, &was);
    there_and_back(LATER, "DISBURSE", &o, BANK, 0, "drawdown=1|amount=36500|value_date=2029-08-06|maturity=2030-02-02|"
        "rate_ppm=4%");
    breaker_of(LATER, &b);
    assert_int_equal(b.s_lo, was.s_lo);
    assert_int_equal(b.drawdowns, was.drawdowns);
    STATE(o, "ISSUED");
    OK(LATER, "DISBURSE", &o, BANK, 0, "drawdown=1|amount=36500|value_date=2029-08-06|maturity=2030-02-02|rate_ppm=4%");
    there_and_back(LATER, "DISBURSE", &o, BANK, 0, "drawdown=2|amount=36500|value_date=2029-08-06|maturity=2030-03-02|"
        "rate_ppm=4%");
    on(20290927);
    there_and_back(LATER, "REPAY", &o, BANK, 0, "drawdown=1|value_date=2029-09-27|amount=1000");
    there_and_back(LATER, "EXTEND", &o, BANK, B(GUAR) | B(REG), "drawdown=1|maturity=2030-05-02");
    state_of(&o);
    char text[200], amount[32];
    zyd_yuan_text(amount, 3650000 + view.interest + (2 * INT64_C(3650000) * 7 * 40000 + 360000000) / 720000000, false);
    pay_text(text, 1, 20290927, amount);
    there_and_back(LATER, "PREPAY", &o, BANK, 0, text); /* a payoff with refund, and out of RELEASED again */
    there_and_back(LATER, "REPAY", &o, BANK, 0, text);
    state_of(&o);
    char overdue[200];
    zyd_yuan_text(amount, view.interest + (2 * INT64_C(3650000) * 7 * 40000 + 360000000) / 720000000, false);
    snprintf(overdue, sizeof overdue, "overdue_date=2029-09-27|principal=36500|interest=%s", amount);
    there_and_back(LATER, "OVERDUE", &o, BANK, 0, overdue);
    OK(LATER, "OVERDUE", &o, BANK, 0, overdue);
    snprintf(text, sizeof text, "value_date=2029-09-27|amount=%s", amount);
    there_and_back(LATER, "CURE", &o, BANK, 0, text);
    on(20300201); /* the deadlines that were put back are right: overdue since September, 127 days */
    STATE(o, "OVERDUE");
    on(20300327);
    STATE(o, "RELEASED");
    /* a recovery and a write-off */
    OK(NAT, "OPENING", &o, BANK, 0, "state=RECOVERING|" FIRM "|amount=1000|principal=1000|value_date=2028-01-01|"
        "maturity=2028-04-01|overdue_date=2028-04-01|"
                                    "borne=GUAR=400.00,REG=200.00,NFGF=200.00,BANK=200.00");
    OK(NAT, "RECOVER", &o, GUAR, 0, "gross=100.01|cost=7|bank_ref=x");
    there_and_back(NAT, "RECOVER", &o, GUAR, B(BANK), "gross=1200|cost=150|"
        "bank_ref=x"); /* with costs over the limit, and a surplus */
    there_and_back(NAT, "WRITE_OFF", &o, REG, 0, "decision=" DOC);
    OK(NAT, "WRITE_OFF", &o, REG, 0, "decision=" DOC);
    OK(NAT, "WRITE_OFF", &o, NFGF, 0, "decision=" DOC);
    OK(NAT, "WRITE_OFF", &o, GUAR, 0, "decision=" DOC);
    there_and_back(NAT, "WRITE_OFF", &o, BANK, 0, "decision=" DOC); /* out of WRITTEN_OFF again */
    OK(NAT, "WRITE_OFF", &o, BANK, 0, "decision=" DOC);
    STATE(o, "WRITTEN_OFF");
}

static void what_was_settled_or_followed_is_not_reversed(void **state)
{
    struct zyd_hash o, made[8];
    struct zyd_obligation opposite;
    uint32_t n;
    char back[200];
    (void)state;
    on(20300401);
    issue_simple(&o, KEEP, FIRM, "36500.00");
    OK(KEEP, "DISBURSE", &o, BANK, 0, "drawdown=1|amount=36500|value_date=2030-04-01|maturity=2030-07-10|rate_ppm=4%");
    snprintf(back, sizeof back, "%s", reverse_text(""));
    obligations_of(made, ZYD_GL_FEE_COLLECT, &n);
    assert_int_equal(n, 1);
    int64_t due = balance(GUAR, KEEP, "1141.BANK"), owed = balance(GUAR, KEEP, "2141.BANK");
    int64_t receivable = balance(BANK, KEEP, "1141.GUAR");
    pay(&made[0]);
    OK(KEEP, "FREEZE", &o, AUD, 0, "reason=wrong amount"); /* reversal goes on when frozen, and a freeze is no change */
    NO(9107, KEEP, "REVERSE", &o, BANK, 0, back);
    NO(9111, KEEP, "REVERSE", &o, BANK, 0, "op=" DOC "|code=1"); /* another event's id */
    strcat(back, "|opposite=yes");
    OK(KEEP, "REVERSE", &o, BANK, 0, back); /* the fee went over: an obligation back stands against it */
    obligations_of(made, ZYD_GL_FEE_COLLECT, &n);
    assert_int_equal(n, 1);
    assert_true(zyd_fixture_obligation(f, &opposite, &made[0]));
    assert_int_equal(opposite.debtor, GUAR);
    assert_int_equal(opposite.creditor, BANK);
    assert_int_equal(opposite.amount.fen, 10000);
    assert_int_equal(balance(GUAR, KEEP, "1141.BANK") - due, -10000); /* what the bank owed came */
    assert_int_equal(balance(GUAR, KEEP, "2141.BANK") - owed, -10000); /* and goes back */
    assert_int_equal(balance(BANK, KEEP, "1141.GUAR") - receivable, 10000);
    pay(&made[0]);
    assert_int_equal(balance(GUAR, KEEP, "2141.BANK"), owed);
    assert_int_equal(balance(BANK, KEEP, "1141.GUAR"), receivable);
    STATE(o, "ISSUED");
    assert_true((view.head.flags & ZYD_GF_FROZEN) != 0); /* what the auditor laid over it stays */
    OK(KEEP, "UNFREEZE", &o, AUD, 0, "reason=corrected");
    /* an event in between */
    OK(KEEP, "DISBURSE", &o, BANK, 0, "drawdown=1|amount=36500|value_date=2030-04-01|maturity=2030-07-10|rate_ppm=4%");
    snprintf(back, sizeof back, "%s", reverse_text(""));
    OK(KEEP, "REPAY", &o, BANK, 0, "drawdown=1|value_date=2030-04-01|amount=500");
    NO(9111, KEEP, "REVERSE", &o, BANK, 0, back);
    snprintf(back, sizeof back, "%s", reverse_text(""));
    on(20300620); /* interest was settled since: a SYS change */
    NO(9111, KEEP, "REVERSE", &o, BANK, 0, back);
    /* APPROVE is corrected by recoveries, not reversed */
    overdue_claim(&o, SLOW, "1000.00");
    OK(SLOW, "APPROVE", &o, GUAR, 0, "amount=1000");
    NO(9111, SLOW, "REVERSE", &o, GUAR, 0, reverse_text(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reversal_restores_books_and_contract),
        cmocka_unit_test(what_was_settled_or_followed_is_not_reversed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
