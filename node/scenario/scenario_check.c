/* scenario_check.c: `alloc` and `check`: the arithmetic of domain.md 3.0 alone, with 128-bit integers.  Written anew here, so
 * that the worked examples hold the contract and this to the same numbers. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/date.h>

#include "scenario_impl.h"
#include "product_impl.h"

static bool number(uint64_t *out, const char *text)
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
            if (!number(&v, s->words[i]) || v > (uint64_t)ZYD_MONEY_MAX) {
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
            if (strcmp(name, "amount") == 0) {
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

/* check interest fen_days S rate R basis B = Y ; check fee amount A rate R days D basis B [share P] = Y ;
 * check cap fen_days S rest P cap C = Y ; check days FROM TO = N */
static const char *check_line(char *why, const struct step *s)
{
    uint64_t a = 0, rate = 0, days = 0, basis = 0, share = 1000000, rest = 0;
    zyd_u128 n, d;
    int64_t want, got;
    char yuan[32];
    const char *what = s->count > 3 ? s->words[1] : "";
    if (s->count < 5 || strcmp(s->words[s->count - 2], "=") != 0) {
        return "check ... = RESULT is expected";
    }
    if (strcmp(what, "days") == 0) {
        int32_t from, to;
        if (s->count != 6 || !zyd_date_parse(&from, s->words[2]) || !zyd_date_parse(&to, s->words[3]) ||
            !number(&days, s->words[5])) {
            return "check days DATE DATE = N is expected";
        }
        return zyd_days_between(from, to) == (int32_t)days ? NULL : "another number of days";
    }
    if (strcmp(what, "interest") == 0 && field(&a, s, "fen_days") && field(&rate, s, "rate") && field(&basis, s, "basis")) {
        n = (zyd_u128)a * rate;
        d = (zyd_u128)1000000 * basis;
        got = (int64_t)((2 * n + d) / (2 * d));
    } else if (strcmp(what, "fee") == 0 && field(&a, s, "amount") && field(&rate, s, "rate") && field(&days, s, "days") &&
               field(&basis, s, "basis")) {
        (void)field(&share, s, "share");
        n = (zyd_u128)a * share * rate * days;
        d = (zyd_u128)1000000 * 1000000 * basis;
        got = (int64_t)((2 * n + d) / (2 * d));
    } else if (strcmp(what, "cap") == 0 && field(&a, s, "fen_days") && field(&rest, s, "rest") && field(&rate, s, "cap")) {
        got = (int64_t)((zyd_u128)a * rest * rate / ((zyd_u128)365 * 1000000000000u));
    } else {
        return "check interest, fee, cap or days with its fields is expected";
    }
    if (!zyd_yuan_parse(&want, s->words[s->count - 1])) {
        return "an amount in yuan is expected after =";
    }
    zyd_yuan_text(yuan, got, true);
    snprintf(why, ZYD_SCENARIO_WHY, "it is %s", yuan);
    return want == got ? NULL : why;
}

const char *scenario_check(struct checker *c, char why[ZYD_SCENARIO_WHY], const struct step *step)
{
    return strcmp(step->words[0], "alloc") == 0 ? alloc_line(c, why, step) : check_line(why, step);
}
