/* Goal: an amount in 大写 is what the rules for bank bills (正确填写票据和结算凭证的基本规定) say, up to the largest
 * amount, and says one amount only.
 * Method: the rules' own examples; each rule by itself; boundaries of 万 and 亿; a reader written the other way round,
 * by splitting at units, turns random amounts and all patterns of zeros back, and refuses texts that break a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zyd/product.h>

static void says(int64_t fen, const char *text)
{
    char out[ZYD_CAPITAL_SIZE];
    assert_true(zyd_yuan_capital(out, fen));
    assert_string_equal(out, text);
}

/* ---- a reader: what it cannot read is -1 ---- */

static bool eat(const char **s, const char *word)
{
    size_t n = strlen(word);
    bool there = strncmp(*s, word, n) == 0;
    *s += there ? n : 0;
    return there;
}

static int digit(const char **s)
{
    static const char *const names[] = {"壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};
    for (int i = 0; i < 9; i++) {
        if (eat(s, names[i])) {
            return i + 1;
        }
    }
    return 0;
}

/* Figures with falling units up to something else; -1: none, or out of order.  *top: the highest unit was 仟. */
static int64_t section(const char **s, bool *top, bool *zero_before)
{
    static const char *const units[] = {"仟", "佰", "拾"};
    int64_t sum = 0, last = 10000;
    *zero_before = eat(s, "零");
    *top = false;
    for (bool zero = *zero_before;; zero = eat(s, "零")) {
        const char *before = *s;
        int d = digit(s);
        int64_t unit = 1, at = 1000;
        if (d == 0) {
            *s = zero ? before - strlen("零") : before; /* a 零 before the next section */
            return sum;
        }
        for (int i = 0; i < 3; i++, at /= 10) {
            unit = unit == 1 && eat(s, units[i]) ? at : unit;
        }
        bool gap = last != 10000 && last / 10 != unit;
        if (unit >= last || (last != 10000 && zero != gap)) {
            return -1;
        }
        *top = *top || unit == 1000;
        sum += d * unit;
        last = unit;
    }
}

static int64_t read_back(const char *s)
{
    static const struct {
        const char *unit;
        int64_t value;
    } levels[] = {{"万", INT64_C(1000000000000)}, {"亿", 100000000}, {"万", 10000}, {"元", 1}};
    int64_t yuan = 0;
    bool any = false;
    const char *all = s;
    if (strcmp(s, "零元整") == 0) {
        return 0;
    }
    /* 万 above 亿 is told from 万 below it by the 亿 that follows */
    size_t level = strstr(s, "亿") == NULL ? 2 : 0;
    for (; level < 4; level++) {
        const char *before = s;
        bool top, zero;
        int64_t n = section(&s, &top, &zero);
        bool unit = eat(&s, levels[level].unit);
        if (n < 0) {
            return -1;
        }
        if (!unit) { /* nothing on this level; a 零 stands before the next figure only */
            s = before;
            continue;
        }
        if (n == 0 && (!any || level == 2)) {
            return -1;
        }
        if (n > 0 && any) { /* one 零 when zeros lie between */
            bool gap = !top || yuan / levels[level].value / 10000 % 10 == 0;
            if (zero != gap) {
                return -1;
            }
        }
        if (!any && zero) {
            return -1;
        }
        any = any || n > 0;
        yuan += n * levels[level].value;
    }
    bool zero = eat(&s, "零");
    int jiao = digit(&s), fen = 0;
    if (jiao != 0 && !eat(&s, "角")) {
        fen = jiao;
        jiao = 0;
        if (!eat(&s, "分")) {
            return -1;
        }
    } else if (jiao != 0) {
        fen = digit(&s);
        if (fen != 0 && !eat(&s, "分")) {
            return -1;
        }
    }
    if (fen == 0 && !eat(&s, "整")) {
        return -1;
    }
    if ((jiao != 0 || fen != 0) && zero != (any && (jiao == 0 || yuan % 10 == 0))) {
        return -1;
    }
    return *s == '\0' && *all != '\0' ? yuan * 100 + jiao * 10 + fen : -1;
}

static void round_trip(int64_t fen)
{
    char out[ZYD_CAPITAL_SIZE];
    assert_true(zyd_yuan_capital(out, fen));
    int64_t back = read_back(out);
    if (back != fen) {
        fail_msg("%lld is written %s, read back %lld", (long long)fen, out, (long long)back);
    }
}

/* ---- */

static void the_rules_own_examples(void **state)
{
    (void)state;
    says(140950, "壹仟肆佰零玖元伍角整");         /* 0 in the middle: 零 */
    says(600714, "陆仟零柒元壹角肆分");           /* several zeros: one 零 */
    says(168032, "壹仟陆佰捌拾元零叁角贰分");     /* 元 is 0, 角 is not */
    says(10700053, "壹拾万零柒仟元零伍角叁分");   /* 万 and 元 are 0 */
    says(1640902, "壹万陆仟肆佰零玖元零贰分");    /* 角 is 0, 分 is not */
    says(32504, "叁佰贰拾伍元零肆分");
}

static void whole_yuan_end_in_zheng_and_fen_does_not(void **state)
{
    (void)state;
    says(0, "零元整");
    says(100, "壹元整");
    says(1000, "壹拾元整"); /* never 拾元 alone */
    says(10000, "壹佰元整");
    says(50000000, "伍拾万元整");
    says(120, "壹元贰角整");
    says(123, "壹元贰角叁分");
}

static void less_than_a_yuan(void **state)
{
    (void)state;
    says(1, "壹分");
    says(10, "壹角整");
    says(99, "玖角玖分");
    says(101, "壹元零壹分");
    says(110, "壹元壹角整");
    says(1001, "壹拾元零壹分"); /* 元 and 角 are one run */
    says(1010, "壹拾元零壹角整");
    says(100000001, "壹佰万元零壹分");
}

static void boundaries_of_wan_and_yi(void **state)
{
    (void)state;
    says(999999, "玖仟玖佰玖拾玖元玖角玖分");
    says(1000000, "壹万元整");
    says(1000100, "壹万零壹元整");
    says(1100000, "壹万壹仟元整");
    says(1010000, "壹万零壹佰元整");
    says(10000000, "壹拾万元整");
    says(1000000000, "壹仟万元整");
    says(9999999999, "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分");
    says(10000000000, "壹亿元整");
    says(10000000100, "壹亿零壹元整");
    says(10001000000, "壹亿零壹万元整");
    says(10100000000, "壹亿零壹佰万元整");
    says(11000000000, "壹亿壹仟万元整");
    says(11000000100, "壹亿壹仟万零壹元整");
    says(105000000000, "壹拾亿零伍仟万元整");
    says(200000500000, "贰拾亿零伍仟元整");
}

static void above_a_wan_of_yi_there_is_one_yi(void **state)
{
    (void)state;
    says(INT64_C(100000000000000), "壹万亿元整");
    says(INT64_C(100010000000000), "壹万零壹亿元整");
    says(INT64_C(110000000000000), "壹万壹仟亿元整");
    says(INT64_C(100000000000001), "壹万亿元零壹分");
    says(INT64_C(100000001000000), "壹万亿零壹万元整");
    says(INT64_C(101110000000000), "壹万零壹佰壹拾壹亿元整");
    says(ZYD_MONEY_MAX, "玖拾万亿元整");
    says(ZYD_MONEY_MAX - 1, "捌拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分");
}

static void what_is_no_amount_is_refused(void **state)
{
    char out[ZYD_CAPITAL_SIZE] = "before";
    (void)state;
    assert_false(zyd_yuan_capital(out, -1));
    assert_string_equal(out, "");
    assert_false(zyd_yuan_capital(out, ZYD_MONEY_MAX + 1));
    assert_false(zyd_yuan_capital(out, INT64_MIN));
    assert_false(zyd_yuan_capital(out, INT64_MAX));
}

static void every_pattern_of_zeros_reads_back(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 1u << 16; bits++) { /* figure i is 0, or one that tells its place */
        int64_t fen = 0;
        for (int i = 15; i >= 0; i--) {
            fen = fen * 10 + (bits >> i & 1 ? i % 8 + 1 : 0);
        }
        if (fen <= ZYD_MONEY_MAX) {
            round_trip(fen);
        }
    }
}

static void random_amounts_read_back(void **state)
{
    uint64_t x = 88172645463325252u;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        int64_t size = 1;
        for (uint64_t k = x % 17; k > 0 && size < ZYD_MONEY_MAX / 10; k--) {
            size *= 10;
        }
        round_trip((int64_t)(x >> 3) % (size * 9));
    }
    round_trip(ZYD_MONEY_MAX);
}

static void the_reader_refuses_what_the_rules_do(void **state)
{
    static const char *const wrong[] = {"壹佰元",         "壹元壹分",       "壹仟玖元整",     "壹佰零零玖元整", "拾元整",
                                        "壹万亿零壹亿元整", "壹元贰角叁分整", "壹佰贰仟元整",   "壹亿壹万元整",
                                        "零壹元整",       "壹拾元壹角整",   ""};
    (void)state;
    for (size_t i = 0; i < ZYD_COUNT(wrong); i++) {
        if (read_back(wrong[i]) != -1) {
            fail_msg("%s is read as %lld", wrong[i], (long long)read_back(wrong[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_own_examples),
        cmocka_unit_test(whole_yuan_end_in_zheng_and_fen_does_not),
        cmocka_unit_test(less_than_a_yuan),
        cmocka_unit_test(boundaries_of_wan_and_yi),
        cmocka_unit_test(above_a_wan_of_yi_there_is_one_yi),
        cmocka_unit_test(what_is_no_amount_is_refused),
        cmocka_unit_test(every_pattern_of_zeros_reads_back),
        cmocka_unit_test(random_amounts_read_back),
        cmocka_unit_test(the_reader_refuses_what_the_rules_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
