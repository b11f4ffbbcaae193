/* guarantee_more.h: what test_guarantee_more and test_guarantee_reverse share beside guarantee_rig.h: programmes with limits,
 * books, an overdue claim. */
#ifndef ZYD_TESTS_GUARANTEE_MORE_H
#define ZYD_TESTS_GUARANTEE_MORE_H

#include "guarantee_rig.h"

enum { LEV = 20, CONC, KEEP, SLOW };
static inline void more_programmes(void)
{
    programme(LEV, "LEV", "preset=TWO82|banks=BANK|batch=yes|class=20|household_cap=9000000000.00|net_assets=1000.00|"
        "leverage=1|"
                          "concentration_ppm=100%|small_max=100.01|small_ppm=75%");
    programme(CONC, "CONC", "preset=TWO82|banks=BANK|batch=yes|class=21|household_cap=9000000000.00|"
        "net_assets=1234567890.12|leverage=15");
    programme(KEEP, "KEEP", "preset=TWO82|banks=BANK|batch=yes|class=22|household_cap=9000000.00|refundable=no|ext_max=30");
    programme(SLOW, "SLOW", "preset=TWO82|banks=BANK|batch=yes|class=23|household_cap=9000000.00|review_wd=10|supply_wd=5");
}

static inline int64_t balance(uint16_t member, uint16_t programme_, const char *account)
{
    return zyd_fixture_balance(f, member, programme_, account);
}
#define BALANCE(member, programme_, account, fen) assert_int_equal(balance(member, programme_, account), fen)
#define CUSTOMER "2101.91430100MA4TEXT00G"
#define DEBT "1131.91430100MA4TEXT00G"

static inline void expect_posting(uint32_t i, uint16_t member, const char *dr, const char *cr, int64_t fen)
{
    assert_true(i < f->outcome.posting_count);
    const struct zyd_posting *p = &f->outcome.postings[i];
    assert_int_equal(p->member, member);
    assert_string_equal(p->dr, dr);
    assert_string_equal(p->cr, cr);
    assert_int_equal(p->amount.fen, fen);
}

static inline void pay_text(char text[200], uint32_t number, int32_t date, const char *amount)
{
    snprintf(text, 200, "drawdown=%u|value_date=%d|amount=%s", number, date, amount);
}

static inline void overdue_claim(struct zyd_hash *o, uint16_t programme_, const char *principal)
{
    char text[300];
    int32_t overdue = zyd_date_add(today(), -100);
    snprintf(text, sizeof text, "state=OVERDUE|" FIRM "|amount=%s|principal=%s|value_date=%d|maturity=%d|overdue_date=%d|"
        "rows=BANK 1102 " CUSTOMER " %s",
             principal, principal, zyd_date_add(overdue, -365), overdue, overdue, principal);
    OK(programme_, "OPENING", o, BANK, 0, text);
    snprintf(text, sizeof text, "principal=%s|interest=0%s", principal, programme_ == NAT ? "|evidence=" DOC "," DOC : "");
    OK(programme_, "CLAIM", o, BANK, 0, text);
}

static inline const char *reverse_text(const char *more)
{
    static char text[200];
    int n = snprintf(text, sizeof text, "op=");
    for (size_t i = 0; i < sizeof f->op_id.b; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "%02x", f->op_id.b[i]);
    }
    snprintf(text + n, sizeof text - (size_t)n, "|code=3%s", more);
    return text;
}

#endif
