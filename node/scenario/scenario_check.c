/* scenario_check.c: `alloc` and `check`: the arithmetic of domain.md 3.0 alone, with 128-bit integers.  Written anew here, so
 * that the worked examples hold the contract and this to the same numbers. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/date.h>

#include "scenario_impl.h"
#include "product_impl.h"

bool scenario_number(uint64_t *out, const char *text)
{
    char *end;
    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == 0;
}

/* 3.0.3, by sorting instead of by search. */
static bool allocate(int64_t *inc, struct alloc_memory *m, int64_t total)
{
    zyd_u128 sum = 0, rest[16];
    size_t order[16], n = m->count;
    int64_t left = total;
    for (size_t i = 0; i < n; i++) {
        sum = sum + (uint64_t)m->weights[i];
    }
    if (sum == 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        zyd_u128 product = (zyd_u128)(uint64_t)total * (uint64_t)m->weights[i];
        inc[i] = (int64_t)(product / sum);
        rest[i] = product % sum;
        left -= inc[i];
        size_t k = i; /* insertion: larger remainder first, equal ones in order of index */
        for (; k > 0 && rest[order[k - 1]] < rest[i]; k--) {
            order[k] = order[k - 1];
        }
        order[k] = i;
    }
    for (int64_t k = 0; k < left; k++) {
        inc[order[k]]++;
    }
    for (size_t i = 0; i < n; i++) {
        inc[i] -= m->paid[i];
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = n; inc[i] < 0 && k-- > 0;) { /* from the smallest remainder, highest index first */
            size_t j = order[k];
            while (inc[i] < 0 && inc[j] > 0) {
                inc[i]++;
                inc[j]--;
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        m->paid[i] += inc[i];
    }
    return true;
}

static const char *compare(char *why, const int64_t *got, char **words, size_t count, size_t n)
{
    if (count != n) {
        return "one amount for each weight is expected";
    }
    for (size_t i = 0; i < n; i++) {
        int64_t fen;
        char yuan[32];
        if (!zyd_yuan_parse(&fen, words[i])) {
            return "an amount in yuan is expected";
        }
        if (fen != got[i]) {
            zyd_yuan_text(yuan, got[i], true);
            snprintf(why, ZYD_SCENARIO_WHY, "part %zu is %s, not %.40s", i + 1, yuan, words[i]);
            return why;
        }
    }
    return NULL;
}

/* alloc NAME weights W...  |  alloc NAME total T = INC...  |  alloc NAME paid = P... */
static const char *alloc_line(struct checker *c, char *why, const struct step *s)
{
    struct alloc_memory *m = NULL;
    int64_t inc[16], total;
    if (s->count < 4) {
        return "alloc NAME weights ..., alloc NAME total T = ..., or alloc NAME paid = ... is expected";
    }
    for (size_t i = 0; i < c->alloc_count; i++) {
        m = strcmp(c->allocs[i].name, s->words[1]) == 0 ? &c->allocs[i] : m;
    }
    if (strcmp(s->words[2], "weights") == 0) {
        if (m != NULL || c->alloc_count == 16 || s->count - 3 > 16) {
            return "the name is taken, or there are too many";
        }
        m = &c->allocs[c->alloc_count++];
        memset(m, 0, sizeof *m);
        snprintf(m->name, sizeof m->name, "%s", s->words[1]);
        for (size_t i = 3; i < s->count; i++) {
            uint64_t v;
            if (!scenario_number(&v, s->words[i]) || v > (uint64_t)ZYD_MONEY_MAX) {
                return "whole numbers are expected as weights";
            }
            m->weights[m->count++] = (int64_t)v;
        }
        return NULL;
    }
    if (m == NULL) {
        return "no weights under this name";
    }
    if (strcmp(s->words[2], "paid") == 0) {
        return compare(why, m->paid, s->words + 4, s->count - 4, m->count);
    }
    if (s->count < 6 || strcmp(s->words[2], "total") != 0 || strcmp(s->words[4], "=") != 0 ||
        !zyd_yuan_parse(&total, s->words[3])) {
        return "alloc NAME total YUAN = YUAN ... is expected";
    }
    if (!allocate(inc, m, total)) {
        return "all weights are 0";
    }
    return compare(why, inc, s->words + 5, s->count - 5, m->count);
}

/* The value after a name: "rate 4.35%" -> 43500. */
static bool field(uint64_t *out, const struct step *s, const char *name)
{
    for (size_t i = 2; i + 1 < s->count; i++) {
        if (strcmp(s->words[i], name) == 0) {
            if (strcmp(name, "amount") == 0 || strcmp(name, "npl") == 0 || strcmp(name, "balance") == 0) {
                int64_t fen;
                bool ok = zyd_yuan_parse(&fen, s->words[i + 1]);
                *out = ok ? (uint64_t)fen : 0;
                return ok;
            }
            return zyd_schema_ppm(out, s->words[i + 1]);
        }
    }
    return false;
}

static const char *same_yuan(char *why, int64_t got, const char *want_text)
{
    int64_t want;
    char yuan[32];
    if (!zyd_yuan_parse(&want, want_text)) {
        return "an amount in yuan is expected after =";
    }
    zyd_yuan_text(yuan, got, true);
    snprintf(why, ZYD_SCENARIO_WHY, "it is %s", yuan);
    return want == got ? NULL : why;
}

static const char *same_text(char *why, const char *got, const char *want)
{
    snprintf(why, ZYD_SCENARIO_WHY, "it is %s", got);
    return strcmp(got, want) == 0 ? NULL : why;
}

/* check days FROM TO = N ; check day FROM + N = DATE ; check workday FROM + N = DATE (working days of the file's calendar) */
static const char *check_dates(char *why, const struct zyd_scenario_plan *plan, const struct step *s)
{
    int32_t from, to;
    uint64_t n;
    char text[24];
    if (strcmp(s->words[1], "days") == 0) {
        if (s->count != 6 || !zyd_date_parse(&from, s->words[2]) || !zyd_date_parse(&to, s->words[3]) ||
            !scenario_number(&n, s->words[5])) {
            return "check days DATE DATE = N is expected";
        }
        snprintf(text, sizeof text, "%d", (int)zyd_days_between(from, to));
        return same_text(why, text, s->words[5]);
    }
    if (s->count != 7 || !zyd_date_parse(&from, s->words[2]) || strcmp(s->words[3], "+") != 0 ||
        !scenario_number(&n, s->words[4]) || n > 3660) {
        return "check day|workday DATE + N = DATE is expected";
    }
    int32_t day = zyd_date_to_day(from);
    if (strcmp(s->words[1], "day") == 0) {
        day += (int32_t)n;
    }
    for (; strcmp(s->words[1], "workday") == 0 && n > 0; n -= scenario_working(plan, day)) {
        day++;
    }
    to = zyd_date_from_day(day);
    snprintf(text, sizeof text, "%04d-%02d-%02d", to / 10000, to / 100 % 100, to % 100);
    return same_text(why, text, s->words[6]);
}

/* check breaker npl A balance B warn P stop P = NORMAL|WARN|STOPPED ; check uscc 18 CHARACTERS = valid|CHARACTER */
static const char *check_words(char *why, const struct step *s)
{
    uint64_t npl, balance, warn, stop;
    const char *last = s->words[s->count - 1];
    if (strcmp(s->words[1], "uscc") == 0) {
        char c[2] = {zyd_uscc_check_char(s->words[2]), 0};
        if (s->count != 5 || strlen(s->words[2]) != 18 || c[0] == 0) {
            return "check uscc CODE = valid, or the right last character";
        }
        return same_text(why, c[0] == s->words[2][17] ? "valid" : c, last);
    }
    if (!field(&npl, s, "npl") || !field(&balance, s, "balance") || !field(&warn, s, "warn") || !field(&stop, s, "stop")) {
        return "check breaker npl A balance B warn P stop P = STATE is expected";
    }
    zyd_u128 ratio = (zyd_u128)npl * 1000000u;
    return same_text(why,
                     ratio >= (zyd_u128)balance * stop   ? "STOPPED"
                     : ratio >= (zyd_u128)balance * warn ? "WARN"
                                                         : "NORMAL",
                     last);
}

/* check sum|least YUAN YUAN ... = YUAN ; check less YUAN YUAN = YUAN */
static const char *check_amounts(char *why, const struct step *s)
{
    int64_t v[WORDS_MAX], result = 0;
    size_t n = s->count - 4;
    const char *what = s->words[1];
    for (size_t i = 0; i < n; i++) {
        if (!zyd_yuan_parse(&v[i], s->words[2 + i])) {
            return "amounts in yuan are expected";
        }
        result = i == 0 ? v[0] : strcmp(what, "sum") == 0 ? result + v[i] : strcmp(what, "less") == 0 ? result - v[i]
                 : v[i] < result ? v[i] : result;
    }
    return n < 2 || result < 0 ? "two amounts or more are expected, and a result that is not negative"
                               : same_yuan(why, result, s->words[s->count - 1]);
}

static int64_t divide(zyd_u128 n, zyd_u128 d, const char *how)
{
    return (int64_t)(strcmp(how, "floor") == 0 ? n / d : strcmp(how, "ceil") == 0 ? (n + d - 1) / d : (2 * n + d) / (2 * d));
}

/* check interest fen_days S rate R basis B = Y ; check fee amount A rate R days D basis B [share P] = Y ;
 * check cap fen_days S rest P cap C = Y ; check part half_up|floor|ceil amount A share P = Y ; check times amount A by N = Y */
static const char *check_formula(char *why, const struct step *s)
{
    uint64_t a = 0, rate = 0, days = 0, basis = 0, share = 1000000, rest = 0;
    int64_t got;
    const char *what = s->words[1], *last = s->words[s->count - 1];
    if (strcmp(what, "interest") == 0 && field(&a, s, "fen_days") && field(&rate, s, "rate") && field(&basis, s, "basis")) {
        got = divide((zyd_u128)a * rate, (zyd_u128)1000000 * basis, "half_up");
    } else if (strcmp(what, "fee") == 0 && field(&a, s, "amount") && field(&rate, s, "rate") && field(&days, s, "days") &&
               field(&basis, s, "basis")) {
        (void)field(&share, s, "share");
        got = divide((zyd_u128)a * share * rate * days, (zyd_u128)1000000 * 1000000 * basis, "half_up");
    } else if (strcmp(what, "cap") == 0 && field(&a, s, "fen_days") && field(&rest, s, "rest") && field(&rate, s, "cap")) {
        got = (int64_t)((zyd_u128)a * rest * rate / ((zyd_u128)365 * 1000000000000u));
    } else if (strcmp(what, "part") == 0 && field(&a, s, "amount") && field(&share, s, "share")) {
        got = divide((zyd_u128)a * share, 1000000, s->words[2]);
    } else if (strcmp(what, "times") == 0 && field(&a, s, "amount") && field(&rate, s, "by")) {
        got = (int64_t)(a * rate);
    } else {
        return "check interest, fee, cap, part or times with its fields is expected";
    }
    return same_yuan(why, got, last);
}

static bool one_of(const char *word, const char *const *list)
{
    while (*list != NULL && strcmp(word, *list) != 0) {
        list++;
    }
    return *list != NULL;
}

static const char *check_line(char *why, const struct zyd_scenario_plan *plan, const struct step *s)
{
    static const char *const dates[] = {"days", "day", "workday", NULL}, *const words[] = {"uscc", "breaker", NULL},
                            *const amounts[] = {"sum", "less", "least", NULL};
    if (s->count < 5 || strcmp(s->words[s->count - 2], "=") != 0) {
        return "check ... = RESULT is expected";
    }
    return one_of(s->words[1], dates)     ? check_dates(why, plan, s)
           : one_of(s->words[1], words)   ? check_words(why, s)
           : one_of(s->words[1], amounts) ? check_amounts(why, s)
                                          : check_formula(why, s);
}

const char *scenario_check(struct checker *c, char why[ZYD_SCENARIO_WHY], const struct zyd_scenario_plan *plan,
                           const struct step *step)
{
    return strcmp(step->words[0], "alloc") == 0 ? alloc_line(c, why, step) : check_line(why, plan, step);
}
