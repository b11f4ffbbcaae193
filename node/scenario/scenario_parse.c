/* scenario_parse.c: lines -> words -> plan and steps.  Format: tests/scenarios/README.md. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/date.h>

#include "scenario_impl.h"

#define FILE_MAX (1u << 20)

static void *grow(void *p, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return p;
    }
    *cap = *cap == 0 ? 64 : *cap * 2;
    p = realloc(p, *cap * size);
    zyd_assert(p != NULL);
    return p;
}

static void *keep(struct zyd_scenario *s, size_t size)
{
    char *p = calloc(1, size);
    zyd_assert(p != NULL);
    s->kept = grow(s->kept, s->kept_count, &s->kept_cap, sizeof *s->kept);
    s->kept[s->kept_count++] = p;
    return p;
}

static enum zyd_status bad(char *why, unsigned line, const char *what, const char *word)
{
    snprintf(why, ZYD_SCENARIO_WHY, "line %u: %s%s%.60s", line, what, word == NULL ? "" : ": ", word == NULL ? "" : word);
    return ZYD_E_MALFORMED;
}

/* One logical line into words: blanks separate, "..." keeps blanks, # begins a comment.  Returns false on an open quote or
 * too many words. */
static bool split(char *words[WORDS_MAX + 1], size_t *count, char *text)
{
    char *in = text, *out = text;
    *count = 0;
    for (;;) {
        while (*in == ' ' || *in == '\t' || *in == '\r') {
            in++;
        }
        if (*in == 0 || *in == '#') {
            words[*count] = NULL;
            return true;
        }
        if (*count == WORDS_MAX) {
            return false;
        }
        words[(*count)++] = out;
        for (bool quoted = false; *in != 0 && (quoted || (*in != ' ' && *in != '\t' && *in != '\r')); in++) {
            if (*in == '"') {
                quoted = !quoted;
            } else {
                *out++ = *in;
            }
            if (quoted && in[1] == 0) {
                return false;
            }
        }
        if (*in != 0) {
            in++;
        }
        *out++ = 0;
    }
}

static int role_of(const char *text)
{
    static const char *const names[] = {"bank", "guar", "reg", "nfgf", "fiscal", "aud", "other"};
    for (int i = 0; i < 7; i++) {
        if (strcmp(names[i], text) == 0) {
            return i + 1; /* enum zyd_role */
        }
    }
    return 0;
}

static bool code_ok(const char *text)
{
    size_t n = strlen(text);
    return n >= 1 && n <= ZYD_CODE_MAX && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

static const char *plan_member(struct zyd_scenario *s, char **w, size_t n)
{
    struct zyd_scenario_plan *p = &s->plan;
    if (n != 3 || !code_ok(w[1]) || role_of(w[2]) == 0) {
        return "member CODE ROLE is expected; roles: bank guar reg nfgf fiscal aud other";
    }
    if (p->member_count == ZYD_MEMBERS_MAX) {
        return "too many members";
    }
    snprintf(p->members[p->member_count].code, sizeof p->members[0].code, "%s", w[1]);
    p->members[p->member_count++].role = (uint8_t)role_of(w[2]);
    return NULL;
}

static const char *plan_days(struct zyd_scenario *s, char **w, size_t n)
{
    struct zyd_scenario_plan *p = &s->plan;
    int32_t from, to;
    if (n < 2 || n > 3 || !zyd_date_parse(&from, w[1]) || !zyd_date_parse(&to, w[n - 1]) || to < from) {
        return "holiday or workday DATE [DATE] is expected";
    }
    if (p->day_count == ZYD_SCENARIO_DAYS_MAX) {
        return "too many holidays";
    }
    p->days[p->day_count].from = from;
    p->days[p->day_count].to = to;
    p->days[p->day_count++].working = strcmp(w[0], "workday") == 0;
    return NULL;
}

static const char *plan_programme(struct zyd_scenario *s, char **w, size_t n)
{
    struct zyd_scenario_plan *p = &s->plan;
    if (n < 2 || n > 3 || !code_ok(w[1])) {
        return "programme CODE [PRODUCT] is expected";
    }
    if (p->programme_count == ZYD_SCENARIO_PROGRAMMES_MAX) {
        return "too many programmes";
    }
    for (size_t i = 0; i < p->programme_count; i++) {
        if (strcmp(p->programmes[i].code, w[1]) == 0) {
            return "two programmes have one code";
        }
    }
    struct zyd_scenario_programme *of = &p->programmes[p->programme_count];
    of->product = zyd_product_by_name(n == 3 ? w[2] : "guarantee");
    if (of->product == NULL) {
        return "no such product";
    }
    snprintf(of->code, sizeof of->code, "%s", w[1]);
    p->programme_count++;
    return NULL;
}

/* Statements that make the plan.  *taken: it was one of them. */
static const char *plan_line(struct zyd_scenario *s, bool *taken, char **w, size_t n)
{
    struct zyd_scenario_plan *p = &s->plan;
    *taken = true;
    if (strcmp(w[0], "scenario") == 0) {
        snprintf(p->name, sizeof p->name, "%s", n > 1 ? w[1] : "");
        snprintf(p->title, sizeof p->title, "%s", n > 2 ? w[2] : "");
        return n == 3 ? NULL : "scenario NAME \"TITLE\" is expected";
    }
    if (strcmp(w[0], "member") == 0) {
        return plan_member(s, w, n);
    }
    if (strcmp(w[0], "programme") == 0) {
        return plan_programme(s, w, n);
    }
    if (strcmp(w[0], "param") == 0) {
        if (p->programme_count == 0) {
            return "param belongs to the programme above it";
        }
        struct zyd_scenario_programme *of = &p->programmes[p->programme_count - 1];
        if (n != 3 || of->param_count == ZYD_SCENARIO_PARAMS_MAX) {
            return "param NAME VALUE is expected";
        }
        of->params[of->param_count++] = (struct zyd_pair){w[1], w[2]};
        return NULL;
    }
    if (strcmp(w[0], "settlement") == 0) {
        if (p->programme_count == 0 || n != 2) {
            return "settlement CODE is expected, below the programme that it is for";
        }
        p->programmes[p->programme_count - 1].settlement = w[1];
        return NULL;
    }
    if (strcmp(w[0], "holiday") == 0 || strcmp(w[0], "workday") == 0) {
        return plan_days(s, w, n);
    }
    if (strcmp(w[0], "borrower") == 0) {
        if (n != 3 || s->borrower_count == 16) {
            return "borrower LABEL ID is expected";
        }
        s->borrowers[s->borrower_count++] = (struct borrower){w[1], w[2]};
        return NULL;
    }
    *taken = false;
    return NULL;
}

bool scenario_working(const struct zyd_scenario_plan *plan, int32_t day)
{
    int32_t date = zyd_date_from_day(day);
    bool working = (day + 3) % 7 < 5; /* day 0 was a Thursday */
    for (size_t i = 0; i < plan->day_count; i++) {
        if (date >= plan->days[i].from && date <= plan->days[i].to) {
            working = plan->days[i].working;
        }
    }
    return working;
}

int scenario_minutes(const char *text)
{
    int h, m, used = 0;
    bool ok = strlen(text) == 5 && sscanf(text, "%2d:%2d%n", &h, &m, &used) == 2 && used == 5 &&
              h >= 0 && h < 24 && m >= 0 && m < 60;
    return ok ? h * 60 + m : -1;
}

static const char *step_line(struct zyd_scenario *s, unsigned line, char **w, size_t n)
{
    static const char *const verbs[] = {"date", "do", "govern", "child", "expect", "alloc", "check"};
    bool known = false;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        known = known || strcmp(w[0], verbs[i]) == 0;
    }
    if (!known) {
        return "no such statement";
    }
    if (strcmp(w[0], "date") == 0) {
        int32_t date;
        if (n < 2 || n > 3 || !zyd_date_parse(&date, w[1]) || (n == 3 && scenario_minutes(w[2]) < 0)) {
            return "date YYYY-MM-DD [HH:MM] is expected";
        }
        s->plan.start = s->plan.start == 0 ? date : s->plan.start;
    }
    s->steps = grow(s->steps, s->step_count, &s->step_cap, sizeof *s->steps);
    struct step *step = &s->steps[s->step_count++];
    step->line = line;
    step->count = n;
    step->words = keep(s, (n + 1) * sizeof *w);
    memcpy(step->words, w, (n + 1) * sizeof *w);
    return NULL;
}

/* The next logical line, in place: ended with a NUL, physical ones joined where they end in a backslash. */
static char *next_line(char **p, unsigned *line)
{
    char *start = *p;
    for (char *stop = start;; stop++) {
        stop += strcspn(stop, "\n");
        char *last = stop;
        (*line)++;
        while (last > start && (last[-1] == '\r' || last[-1] == ' ')) {
            last--;
        }
        bool more = *stop != 0 && last > start && last[-1] == '\\';
        if (!more) {
            *p = *stop == 0 ? stop : stop + 1;
            *stop = 0;
            return start;
        }
        memset(last - 1, ' ', (size_t)(stop - last) + 2);
    }
}

enum zyd_status zyd_scenario_parse(struct zyd_scenario **out, char why[ZYD_SCENARIO_WHY], struct zyd_span text)
{
    struct zyd_scenario *s = calloc(1, sizeof *s);
    char *words[WORDS_MAX + 1];
    unsigned line = 0;
    zyd_assert(s != NULL);
    *out = NULL;
    why[0] = 0;
    if (text.size > FILE_MAX || (text.size > 0 && memchr(text.data, 0, text.size) != NULL)) {
        free(s);
        return bad(why, 0, "the file is larger than 1 MiB, or no text", NULL);
    }
    char *p = keep(s, text.size + 1);
    if (text.size > 0) {
        memcpy(p, text.data, text.size);
    }
    while (*p != 0) {
        size_t n;
        bool taken;
        unsigned first = line + 1;
        const char *wrong = split(words, &n, next_line(&p, &line)) ? NULL : "a quote is open, or there are too many words";
        if (wrong == NULL && n > 0) {
            wrong = plan_line(s, &taken, words, n);
            if (wrong == NULL && !taken) {
                wrong = step_line(s, first, words, n);
            }
        }
        if (wrong != NULL) {
            enum zyd_status st = bad(why, first, wrong, n > 0 ? words[0] : NULL);
            zyd_scenario_free(s);
            return st;
        }
    }
    if (s->plan.name[0] == 0 || (!zyd_scenario_arithmetic(s) && (s->plan.programme_count == 0 || s->plan.start == 0))) {
        zyd_scenario_free(s);
        return bad(why, 1, "a scenario needs `scenario`, and for `do` also `programme` and `date`", NULL);
    }
    *out = s;
    return ZYD_OK;
}

enum zyd_status zyd_scenario_open(struct zyd_scenario **out, char why[ZYD_SCENARIO_WHY], const char *path)
{
    FILE *f = fopen(path, "rb");
    char *data = malloc(FILE_MAX + 1);
    zyd_assert(data != NULL);
    size_t size = f == NULL ? 0 : fread(data, 1, FILE_MAX + 1, f);
    bool failed = f == NULL || ferror(f) != 0;
    if (f != NULL) {
        fclose(f);
    }
    enum zyd_status st = ZYD_E_IO;
    if (failed) {
        snprintf(why, ZYD_SCENARIO_WHY, "%.180s cannot be read", path);
        *out = NULL;
    } else {
        st = zyd_scenario_parse(out, why, zyd_span(data, size));
    }
    free(data);
    return st;
}

void zyd_scenario_free(struct zyd_scenario *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->kept_count; i++) {
        free(s->kept[i]);
    }
    free(s->kept);
    free(s->steps);
    free(s);
}

const struct zyd_scenario_plan *zyd_scenario_plan(const struct zyd_scenario *s)
{
    return &s->plan;
}

bool zyd_scenario_arithmetic(const struct zyd_scenario *s)
{
    for (size_t i = 0; i < s->step_count; i++) {
        const char *verb = s->steps[i].words[0];
        if (strcmp(verb, "alloc") != 0 && strcmp(verb, "check") != 0) {
            return false;
        }
    }
    return true;
}
