/* Goal: product (d), the life of a voucher: E15 comes out to the fen; ISSUE, ACCEPT, CANCEL, SPLIT, TRANSFER, FREEZE hold
 * their rows of domain.md 3.4; a voucher is spent once, an invoice used once; 100 children fit.
 * Method: voucher_rig.h. */
#include "voucher_rig.h"

/* ---- E15 ---- */
static void e15_comes_out_posting_by_posting(void **state)
{
    struct zyd_hash v1, v2, v3, v4, v2b;
    (void)state;
    on(20250715);
    open_line("500000000");
    OK(ISSUE, &v1, CORE, 0, "@S1 300000000 20251220 - [[h:invoice 300000000]]");
    NO_ROWS();
    OK(ACCEPT, &v1, S1, 0, "");
    ROWS("CORE ISSUE 2001.S1 2161.V1 300000000", "S1 ISSUE 1161.V1 1122.CORE 300000000");
    NO(4003, ISSUE, NULL, CORE, 0, "@S1 1 20251220 - [[h:invoice 300000000]]");
    OK(SPLIT, &v1, S1, 0, "[123456789 98765433 77777778]");
    ROWS("S1 SPLIT 1161.V2 1161.V1 123456789", "CORE SPLIT 2161.V1 2161.V2 123456789", "S1 SPLIT 1161.V3 1161.V1 98765433",
         "CORE SPLIT 2161.V1 2161.V3 98765433", "S1 SPLIT 1161.V4 1161.V1 77777778", "CORE SPLIT 2161.V1 2161.V4 77777778");
    v2 = child_of(&v1, 0), v3 = child_of(&v1, 1), v4 = child_of(&v1, 2);
    STATE(v1, SPENT);
    OK(TRANSFER, &v2, S1, B(S2), "@S2 h:trade 0");
    ROWS("S1 TRANSFER 2001.S2 1161.V2 123456789", "S2 TRANSFER 1161.V2 1122.S1 123456789");
    v2b = child_of(&v2, 0);
    STATE(v2, SPENT);
    STATE(v2b, ACTIVE);
    assert_int_equal(view.h.holder, S2);
    on(20250808);
    OK(DISCOUNT, &v3, S1, B(BANK), "@BANK 36500 \"01234567890123456789 1341838 0");
    ROWS("BANK DISCOUNT 1171.V3 2101.S1 97423595", "BANK DISCOUNT 1171.V3 2152.V3 1341838",
         "S1 DISCOUNT 1002.BANK 1161.V3 97423595", "S1 DISCOUNT 5041 1161.V3 1341838");
    STATE(v3, FINANCED);
    NO(4005, DISCOUNT, &v3, S1, B(BANK2), "@BANK2 36500 \"98765432109876543210 1341838 0");
    NO(4005, PLEDGE, &v3, S1, B(BANK2), "@BANK2 \"98765432109876543210");
    on(20251219);
    NO_ROWS();
    on(20251220);
    /* the three mature at one instant, in the order of their ids */
    assert_int_equal(got_count, 7);
    assert_int_equal(got_sys, 6); /* each with its clock; the spent ones are silent */
    assert_int_equal(got_code, 0);
    STATE(v4, MATURED);
    assert_int_equal(balance(CORE, "2161.V3"), 0);
    assert_int_equal(balance(CORE, "2141.BANK"), -98765433);
    assert_int_equal(balance(BANK, "1141.CORE"), 98765433);
    assert_int_equal(balance(BANK, "1171.V3"), 0);
    assert_int_equal(balance(BANK, "2152.V3"), 0);
    assert_int_equal(balance(BANK, "4011"), -1341838);
    assert_int_equal(balance(CORE, "2141.S2"), -123456789);
    assert_int_equal(balance(CORE, "2141.S1"), -77777778);
    assert_int_equal(balance(S1, "1141.CORE"), 77777778);
    const struct zyd_hash o151 = obligation_of(&v3), o152 = obligation_of(&v2b), o153 = obligation_of(&v4);
    assert_int_equal(settle(&o151, CORE, BANK), 0);
    ROWS("CORE SETTLED 2141.BANK 1001 98765433", "BANK SETTLED 1001 1141.CORE 98765433");
    assert_int_equal(settle(&o152, CORE, S2), 0);
    ROWS("CORE SETTLED 2141.S2 1001 123456789", "S2 SETTLED 1001 1141.CORE 123456789");
    assert_int_equal(settle(&o153, CORE, S1), 0);
    ROWS("CORE SETTLED 2141.S1 1001 77777778", "S1 SETTLED 1001 1141.CORE 77777778");
    on(20251221);
    STATE(v2b, PAID);
    STATE(v3, PAID);
    STATE(v4, PAID);
    static const struct {
        uint16_t member;
        const char *code;
        int64_t dr;
    } end[] = {{CORE, "2001.S1", 300000000}, {CORE, "1001", -300000000},  {S1, "1122.CORE", -300000000},
               {S1, "2001.S2", 123456789},   {S1, "1002.BANK", 97423595}, {S1, "5041", 1341838},
               {S1, "1001", 77777778},       {S2, "1122.S1", -123456789}, {S2, "1001", 123456789},
               {BANK, "2101.S1", -97423595}, {BANK, "4011", -1341838},    {BANK, "1001", 98765433}};
    size_t open = 0;
    for (size_t i = 0; i < sizeof end / sizeof end[0]; i++) {
        assert_int_equal(balance(end[i].member, end[i].code), end[i].dr);
    }
    for (uint64_t i = 1; i < f->leaf_count; i++) { /* and no other account is open */
        struct zyd_record r;
        struct zyd_account a;
        assert_int_equal(zyd_leaf_decode(&r, f->leaves[i]), ZYD_OK);
        if (r.kind == ZYD_REC_ACCOUNT && r.owner == 0) {
            assert_int_equal(zyd_account_decode(&a, r.value), ZYD_OK);
            open += a.debits != a.credits;
        }
    }
    assert_int_equal(open, sizeof end / sizeof end[0]);
    assert_int_equal(line_of(STD, CORE).used, 0);
}

static void maturity_posts_debtor_creditor_and_the_bank_s_income(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20250807);
    open_line("100000000");
    v = active(98765433, 20251220);
    on(20250808);
    OK(DISCOUNT, &v, BANK, B(S1), "@BANK 36500 \"1 1341838 1");
    on(20251220);
    ROWS("CORE MATURITY 2161.V1 2141.BANK 98765433", "BANK MATURITY 1141.CORE 1171.V1 98765433",
         "BANK MATURITY 2152.V1 4011 1341838");
    const struct zyd_hash o = obligation_of(&v);
    assert_memory_equal(&got[0].obligation, &o, sizeof o);
    assert_memory_equal(&got[1].obligation, &o, sizeof o);
    struct zyd_obligation owed;
    assert_true(zyd_fixture_obligation(f, &owed, &o));
    assert_int_equal(owed.amount.fen, 98765433);
    assert_memory_equal(&owed.object, &v, sizeof v);
}

/* ---- rows of the table ---- */
static void the_line_is_the_bank_s_word(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [[h:a 100]]"); /* none */
    NO(9102, LINE, NULL, S1, 0, "@CORE 1000 20261231");              /* no bank */
    NO(9102, LINE, NULL, CORE, B(BANK), "@S1 1000 20261231");
    NO(4004, LINE, NULL, BANK, 0, "@BANK 1000 20261231");
    NO(9105, LINE, NULL, BANK, 0, "99 1000 20261231");
    NO(9112, LINE, NULL, BANK, 0, "@CORE 1000 20260231");
    NO(9104, LINE, NULL, BANK, 0, "@CORE 9000000000000001 20261231");
    OK(LINE, &v, BANK, 0, "@CORE 1000 20260110");
    NO(9111, ACCEPT, &v, S1, 0, ""); /* its minute is no voucher */
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 1001 20260401 - [[h:a 1001]]");
    OK(ISSUE, &v, CORE, 0, "@S1 1000 20260401 - [[h:a 1000]]");
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 1 20260401 - [[h:b 1]]");
    assert_int_equal(line_of(STD, CORE).used, 1000);
    NO(9102, LINE, NULL, BANK2, 0, "@CORE 2000 20261231"); /* used: the other bank must let go */
    OK(LINE, NULL, BANK2, B(BANK), "@CORE 2000 20260109");
    assert_int_equal(line_of(STD, CORE).used, 1000);
    assert_int_equal(line_of(STD, CORE).bank, BANK2);
    OK(LINE, NULL, BANK2, 0, "@CORE 500 20260110"); /* lower than used: no new ones */
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 1 20260401 - [[h:b 1]]");
    OK(LINE, NULL, BANK2, 0, "@CORE 2000 20260110");
    on(20260110);
    OK(ISSUE, &v, CORE, 0, "@S1 1 20260401 - [[h:b 1]]");
    on(20260111);
    NO(4002, ISSUE, NULL, CORE, 0, "@S1 1 20260401 - [[h:c 1]]"); /* after its last day */
    NO(4002, ISSUE, NULL, CORE2, 0, "@S1 1 20260401 - [[h:c 1]]");
    TIGHT_NO(4002, ISSUE, NULL, CORE, 0, "@S1 1 20260201 - [[h:c 1]]"); /* a line is of one programme */
}

static void terms_are_calendar_months(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20250831);
    open_line("9000000");
    NO(9112, ISSUE, NULL, CORE, 0, "@S1 1 20250831 - [[h:a 1]]"); /* due today */
    NO(9112, ISSUE, NULL, CORE, 0, "@S1 1 20250931 - [[h:a 1]]");
    NO(4001, ISSUE, NULL, CORE, 0, "@S1 1 20260301 - [[h:a 1]]"); /* six months end on 28 February */
    OK(ISSUE, &v, CORE, 0, "@S1 1 20260228 - [[h:a 1]]");
    NO(9102, ISSUE, NULL, CORE, 0, "@S1 1 20260301 h:reason [[h:b 1]]"); /* the reason is the bank's */
    NO(9102, ISSUE, NULL, CORE, B(BANK2), "@S1 1 20260301 h:reason [[h:b 1]]");
    OK(ISSUE, &v, CORE, B(BANK), "@S1 1 20260831 h:reason [[h:b 1]]");
    NO(4001, ISSUE, NULL, CORE, B(BANK), "@S1 1 20260901 h:reason [[h:c 1]]");
    on(20270831);
    NO(4001, ISSUE, NULL, CORE, 0, "@S1 1 20280301 - [[h:c 0]]"); /* the table's order: the term before the invoices */
    OK(ISSUE, &v, CORE, 0, "@S1 1 20280229 - [[h:c 1]]"); /* a leap year's last day */
}

static void invoices_are_financed_once(void **state)
{
    struct zyd_hash v;
    struct zyd_hash h[2];
    char text[256];
    const char *low = "x", *high = "y";
    (void)state;
    zyd_sha256(&h[0], "x", 1);
    zyd_sha256(&h[1], "y", 1);
    if (memcmp(&h[0], &h[1], 32) > 0) {
        low = "y", high = "x";
    }
    on(20260105);
    open_line("9000000");
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - []");
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [h:x]");
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [[h:x 0]]");
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 0 20260401 - [[h:x 1]]");
    snprintf(text, sizeof text, "@S1 100 20260401 - [[h:%s 60] [h:%s 60]]", high, low);
    NO(9104, ISSUE, NULL, CORE, 0, text); /* not ascending */
    NO(9104, ISSUE, NULL, CORE, 0, "@S1 100 20260401 - [[h:x 60] [h:x 60]]");
    snprintf(text, sizeof text, "@S1 100 20260401 - [[h:%s 100] [h:%s 60]]", low, high);
    NO(9104, ISSUE, NULL, CORE, 0, text); /* the first suffices */
    snprintf(text, sizeof text, "@S1 121 20260401 - [[h:%s 60] [h:%s 60]]", low, high);
    NO(4003, ISSUE, NULL, CORE, 0, text);
    NO(4004, ISSUE, NULL, CORE, 0, "@CORE 60 20260401 - [[h:z 60]]");
    assert_int_equal(invoice_left(low), -1);
    snprintf(text, sizeof text, "@S1 100 20260401 - [[h:%s 60] [h:%s 60]]", low, high);
    OK(ISSUE, &v, CORE, 0, text);
    assert_int_equal(invoice_left(low), 0);
    assert_int_equal(invoice_left(high), 20);
    OK(LINE, NULL, BANK, 0, "@CORE2 9000000 20271231");
    snprintf(text, sizeof text, "@S1 20 20260401 - [[h:%s 60]]", high);
    NO(4003, ISSUE, NULL, CORE2, 0, text); /* another debtor, another seller, another amount, another programme */
    snprintf(text, sizeof text, "@S2 20 20260401 - [[h:%s 60]]", high);
    NO(4003, ISSUE, NULL, CORE, 0, text);
    snprintf(text, sizeof text, "@S1 20 20260401 - [[h:%s 61]]", high);
    NO(4003, ISSUE, NULL, CORE, 0, text);
    snprintf(text, sizeof text, "@S1 21 20260201 - [[h:%s 60]]", high);
    TIGHT_OK(LINE, NULL, BANK, 0, "@CORE 9000000 20271231");
    TIGHT_NO(4003, ISSUE, NULL, CORE, 0, text);
    /* CANCEL gives back what it took, and the line */
    NO(9102, CANCEL, &v, S1, 0, "");
    OK(CANCEL, &v, CORE, 0, "");
    STATE(v, CANCELLED);
    assert_int_equal(invoice_left(low), 60);
    assert_int_equal(invoice_left(high), 60);
    assert_int_equal(line_of(STD, CORE).used, 0);
    NO(9111, ACCEPT, &v, S1, 0, "");
    NO(9111, CANCEL, &v, CORE, 0, "");
    snprintf(text, sizeof text, "@S1 120 20260401 - [[h:%s 60] [h:%s 60]]", low, high);
    OK(ISSUE, &v, CORE, 0, text);
}

struct invoice {
    struct zyd_hash h;
    char name[8];
};

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct zyd_hash));
}

static void sixty_four_invoices_fit(void **state)
{
    struct invoice in[ZYD_VOUCHER_INVOICES_MAX + 1];
    const size_t max = ZYD_VOUCHER_INVOICES_MAX;
    char text[2048] = "@S1 64 20260401 - [", one_more[32];
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("9000000");
    for (size_t i = 0; i <= max; i++) {
        snprintf(in[i].name, sizeof in[i].name, "n%zu", i);
        zyd_sha256(&in[i].h, in[i].name, strlen(in[i].name));
    }
    qsort(in, max + 1, sizeof in[0], by_hash);
    for (size_t i = 0; i < max; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "[h:%s 1] ", in[i].name);
    }
    snprintf(one_more, sizeof one_more, "[h:%s 1]]", in[max].name);
    size_t end = strlen(text) - 1;
    strcpy(text + end + 1, one_more);
    NO(9104, ISSUE, NULL, CORE, 0, text);
    strcpy(text + end, "]");
    OK(ISSUE, &v, CORE, 0, text);
    tell_fuel("ISSUE on 64 invoices");
    assert_int_equal(invoice_left(in[0].name) + invoice_left(in[max - 1].name), 0);
    OK(CANCEL, &v, CORE, 0, "");
    tell_fuel("CANCEL of 64 invoices");
    for (size_t i = 0; i < max; i++) {
        assert_int_equal(invoice_left(in[i].name), 1);
    }
}

static void an_offer_is_accepted_in_time_or_lapses(void **state)
{
    struct zyd_hash a, b, c, d;
    (void)state;
    on(20260105);
    open_line("9000000");
    OK(ISSUE, &a, CORE, 0, "@S1 100 20260401 - [[h:a 100]]");
    OK(ISSUE, &b, CORE, 0, "@S1 100 20260401 - [[h:b 100]]");
    OK(ISSUE, &c, CORE, 0, "@S1 100 20260110 - [[h:c 100]]"); /* due before the offer would end */
    OK(ISSUE, &d, CORE, 0, "@S1 100 20260115 - [[h:d 100]]"); /* due on the offer's last day */
    NO(9102, ACCEPT, &a, S2, 0, "");
    NO(9111, SPLIT, &a, S1, 0, "[50 50]");
    NO(9111, TRANSFER, &a, S1, B(S2), "@S2 h:t 0");
    on(20260109);
    STATE(c, OFFERED);
    on(20260110);
    STATE(c, CANCELLED); /* nothing is accepted on its due date */
    on(20260115);
    NO(9111, ACCEPT, &d, S1, 0, "");
    OK(ACCEPT, &a, S1, 0, ""); /* the tenth day */
    STATE(a, ACTIVE);
    NO(9111, ACCEPT, &a, S1, 0, "");
    NO(9111, CANCEL, &a, CORE, 0, "");
    on(20260116);
    NO_ROWS();
    NO(9111, ACCEPT, &b, S1, 0, "");
    STATE(b, CANCELLED);
    assert_int_equal(invoice_left("b"), 100);
    assert_int_equal(invoice_left("c"), 100);
    assert_int_equal(line_of(STD, CORE).used, 100);
}

static void a_split_adds_up_and_spends(void **state)
{
    struct zyd_hash v, child;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(4006, SPLIT, &v, S1, 0, "[]");
    NO(4006, SPLIT, &v, S1, 0, "[1000]");
    NO(4006, SPLIT, &v, S1, 0, "[500 499]");
    NO(4006, SPLIT, &v, S1, 0, "[500 501]");
    NO(4006, SPLIT, &v, S1, 0, "[1000 0]");
    NO(4006, SPLIT, &v, S1, 0, "[9000000000000000 9000000000000000]");
    NO(9104, SPLIT, &v, S1, 0, "[9000000000000001 1]");
    NO(9104, SPLIT, &v, S1, 0, "[500 500] 1");
    NO(9102, SPLIT, &v, S2, B(S1), "[500 500]");
    NO(9102, SPLIT, &v, CORE, 0, "[500 500]");
    OK(SPLIT, &v, S1, 0, "[999 1]");
    tell_fuel("SPLIT into 2");
    STATE(v, SPENT);
    assert_int_equal(view.h.child_count, 2);
    NO(4005, SPLIT, &v, S1, 0, "[999 1]");
    NO(4005, TRANSFER, &v, S1, B(S2), "@S2 h:t 0");
    NO(4005, DISCOUNT, &v, S1, B(BANK), "@BANK 0 \"1 0 0");
    NO(4005, PLEDGE, &v, S1, B(BANK), "@BANK \"1");
    NO(4005, PREPAY, &v, CORE, B(S1), "0");
    child = child_of(&v, 1);
    STATE(child, ACTIVE);
    assert_int_equal(view.h.face, 1);
    assert_int_equal(view.h.depth, 1);
    assert_memory_equal(view.h.parent, v.b, 32);
    NO(4006, SPLIT, &child, S1, 0, "[1 1]");
    child = child_of(&v, 0); /* five generations and no more */
    for (unsigned depth = 2; depth <= 5; depth++) {
        char text[32];
        snprintf(text, sizeof text, "[%u 1]", 1000 - depth);
        OK(SPLIT, &child, S1, 0, text);
        child = child_of(&child, 0);
    }
    STATE(child, ACTIVE);
    assert_int_equal(view.h.depth, 5);
    NO(4007, SPLIT, &child, S1, 0, "[994 1]");
}

static void a_hundred_children_fit_and_mature(void **state)
{
    struct zyd_hash v;
    char text[1024] = "[";
    int64_t sum = 0;
    (void)state;
    on(20260105);
    open_line("9000000000000000");
    v = active(9000000000000000, 20260401); /* MAX_AMT */
    for (int64_t i = 0; i < 99; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%lld ", (long long)(i + 1));
    }
    strcat(text, "8999999999995050 1]"); /* 101 of them, which add up to 1 more: too many comes first */
    NO(4006, SPLIT, &v, S1, 0, text);
    strcpy(strrchr(text, ' '), "]");
    OK(SPLIT, &v, S1, 0, text);
    assert_int_equal(got_count, 200);
    tell_fuel("SPLIT into 100");
    assert_true(got_fuel < 2500000);
    for (unsigned i = 0; i < 100; i++) {
        struct zyd_hash child = child_of(&v, i);
        STATE(child, ACTIVE);
        assert_int_equal(view.h.number, 2 + i);
        sum += view.h.face;
    }
    assert_int_equal(sum, 9000000000000000);
    on(20260401);
    assert_int_equal(got_count, 200); /* each by itself, at the same instant */
    assert_int_equal(balance(CORE, "2141.S1"), -9000000000000000);
    assert_int_equal(balance(S1, "1141.CORE"), 9000000000000000);
    for (unsigned i = 0; i < 100; i++) {
        struct zyd_hash child = child_of(&v, i);
        const struct zyd_hash o = obligation_of(&child);
        STATE(child, MATURED);
        assert_int_equal(settle(&o, CORE, S1), 0);
    }
    block(0);
    assert_int_equal(line_of(STD, CORE).used, 0);
    assert_int_equal(balance(S1, "1001"), 9000000000000000);
}

static void a_transfer_goes_to_a_trading_partner(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(4008, TRANSFER, &v, S1, B(CORE), "@CORE h:t 0");
    NO(4008, TRANSFER, &v, S1, 0, "@S1 h:t 0");
    NO(4008, TRANSFER, &v, S1, B(BANK), "@BANK h:t 0"); /* that is a discount */
    NO(9105, TRANSFER, &v, S1, 0, "77 h:t 0");
    NO(9104, TRANSFER, &v, S1, B(S2), "@S2 - 0");
    NO(9102, TRANSFER, &v, S1, 0, "@S2 h:t 0");
    NO(9102, TRANSFER, &v, S2, 0, "@S2 h:t 0");
    NO(9102, TRANSFER, &v, S3, B(S1) | B(S2), "@S2 h:t 0");
    OK(TRANSFER, &v, S2, B(S1), "@S2 h:t 1");
    NO(4005, TRANSFER, &v, S1, B(S3), "@S3 h:t 0"); /* to another: too late */
    v = child_of(&v, 0);
    STATE(v, ACTIVE);
    assert_int_equal(view.h.number, 1);
    assert_int_equal(view.h.depth, 0);
    for (unsigned i = 1; i < ZYD_VOUCHER_LINKS_MAX - 1; i++) { /* 15 prior holders, and a place for a discount */
        uint16_t from = i % 2 ? S2 : S1;
        OK(TRANSFER, &v, from, B(S1) | B(S2), from == S2 ? "@S1 h:t 0" : "@S2 h:t 0");
        v = child_of(&v, 0);
    }
    STATE(v, ACTIVE);
    assert_int_equal(view.h.link_count, 15);
    NO(4007, TRANSFER, &v, S2, B(S1), "@S1 h:t 0");
    OK(DISCOUNT, &v, S2, B(BANK), "@BANK 0 \"1 0 1");
    STATE(v, FINANCED);
    assert_int_equal(view.h.link_count, 16);
}

static void the_auditor_freezes_members_not_time(void **state)
{
    struct zyd_hash v;
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(9102, FREEZE, &v, CORE, B(AUD), "h:order");
    NO(9111, UNFREEZE, &v, AUD, 0, "");
    OK(FREEZE, &v, AUD, 0, "h:order");
    NO(9110, FREEZE, &v, AUD, 0, "h:order");
    NO(9110, SPLIT, &v, S1, 0, "[1 999]");
    NO(9110, TRANSFER, &v, S1, B(S2), "@S2 h:t 0");
    NO(9110, DISCOUNT, &v, S1, B(BANK), "@BANK 0 \"1 0 0");
    NO(9110, PLEDGE, &v, S1, B(BANK), "@BANK \"1");
    NO(9110, UNPLEDGE, &v, BANK, 0, "");
    NO(9110, PREPAY, &v, CORE, B(S1), "0");
    NO(9110, ACCEPT, &v, S1, 0, "");
    NO(9102, UNFREEZE, &v, S1, 0, "");
    OK(UNFREEZE, &v, AUD, 0, "");
    OK(FREEZE, &v, AUD, 0, "h:order");
    on(20260401);
    STATE(v, MATURED);
}

static void limits_are_the_programme_s(void **state)
{
    struct zyd_hash v, w;
    (void)state;
    on(20260105);
    TIGHT_OK(LINE, NULL, BANK, 0, "@CORE 9000000 20271231");
    TIGHT_NO(4001, ISSUE, NULL, CORE, B(BANK), "@S1 100000 20260706 h:r [[h:a 100000]]");
    TIGHT_NO(4001, ISSUE, NULL, CORE, 0, "@S1 100000 20260206 - [[h:a 100000]]");
    TIGHT_OK(ISSUE, &v, CORE, B(BANK), "@S1 100000 20260405 h:r [[h:a 100000]]");
    TIGHT_OK(ISSUE, &w, CORE, 0, "@S1 100000 20260205 - [[h:b 100000]]");
    TIGHT_OK(ACCEPT, &v, S1, 0, "");
    ROWS("CORE ISSUE 2001.S1 2161.V1 100000", "S1 ISSUE 1161.V1 1122.CORE 100000"); /* numbers begin anew in each programme */
    NO(9104, SPLIT, &v, S1, 0, "[1 99999]");                                        /* under another programme's name */
    TIGHT_NO(9104, DISCOUNT, &v, S1, B(BANK), "@BANK 50001 \"1 1250 0");
    TIGHT_OK(SPLIT, &v, S1, 0, "[40000 60000]");
    v = child_of(&v, 1);
    TIGHT_NO(4007, SPLIT, &v, S1, 0, "[1 59999]");
    on(20260109);
    STATE(w, CANCELLED);
}

static void wrong_events_and_shapes_are_refused(void **state)
{
    struct zyd_hash v, unknown = {{1}};
    (void)state;
    on(20260105);
    open_line("9000000");
    v = active(1000, 20260401);
    NO(9115, SPLIT, &unknown, S1, 0, "[1 999]");
    for (unsigned event = 0; event < 64; event++) {
        struct zyd_fixture_op op = {.contract = ZYD_VOUCHER_CONTRACT, .event = (uint16_t)event, .programme = STD, .member = S1,
                                    .object = &v};
        uint8_t bytes[] = {0x99, 0, 0, 0, 0, 0, 0, 0, 0, 0}; /* nine arguments: nobody's */
        op.args = zyd_span(bytes, sizeof bytes);
        assert_int_equal(run(&op, NULL), 9104);
    }
    STATE(v, ACTIVE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(e15_comes_out_posting_by_posting),
        T(maturity_posts_debtor_creditor_and_the_bank_s_income),
        T(the_line_is_the_bank_s_word),
        T(terms_are_calendar_months),
        T(invoices_are_financed_once),
        T(sixty_four_invoices_fit),
        T(an_offer_is_accepted_in_time_or_lapses),
        T(a_split_adds_up_and_spends),
        T(a_hundred_children_fit_and_mature),
        T(a_transfer_goes_to_a_trading_partner),
        T(the_auditor_freezes_members_not_time),
        T(limits_are_the_programme_s),
        T(wrong_events_and_shapes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, fuel_told);
}
