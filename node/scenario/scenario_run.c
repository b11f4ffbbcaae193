/* scenario_run.c: runs the steps of a scenario against a backend and holds every expectation to what came out. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <zyd/contract.h>
#include <zyd/date.h>
#include <zyd/host.h>

#include "scenario_impl.h"

void scn_tell(struct run *r, const struct step *step, bool ok, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r->report->checks++;
    r->report->failures += !ok;
    if (r->report->line != NULL) {
        r->report->line(r->report->ctx, step == NULL ? 0 : step->line, ok, text);
    }
}

/* The file itself is wrong: the run ends. */
void scn_wrong(struct run *r, const char *what)
{
    if (r->status == ZYD_OK) {
        snprintf(r->why, ZYD_SCENARIO_WHY, "line %u: %.150s", r->step == NULL ? 0 : r->step->line, what);
        r->status = ZYD_E_MALFORMED;
    }
}

void scn_backend(struct run *r, enum zyd_status s)
{
    if (r->status == ZYD_OK && s != ZYD_OK) {
        char what[ZYD_SCENARIO_WHY];
        snprintf(what, sizeof what, "%s", r->why);
        snprintf(r->why, ZYD_SCENARIO_WHY, "line %u: %.200s", r->step == NULL ? 0 : r->step->line, what);
        r->status = s;
    }
}

const char *scn_member_text(const struct run *r, char out[13], uint16_t member)
{
    out[0] = '?';
    out[1] = 0;
    if (member < r->g->member_count) {
        snprintf(out, 13, "%.*s", (int)r->g->members[member].code.size, (const char *)r->g->members[member].code.data);
    }
    return out;
}

uint16_t scn_member_of(struct run *r, const char *code)
{
    int i = zyd_genesis_member_by_code(r->g, zyd_span(code, strlen(code)));
    if (i < 0) {
        scn_wrong(r, "no member has this code");
        return 0;
    }
    return (uint16_t)i;
}

struct label *scn_find_label(struct label *labels, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(labels[i].name, name) == 0) {
            return &labels[i];
        }
    }
    return NULL;
}

bool scn_add_label(struct label *labels, size_t *count, size_t max, const char *name, const struct zyd_hash *id,
                   size_t programme)
{
    if (*count == max || strlen(name) >= sizeof labels[0].name) {
        return false;
    }
    snprintf(labels[*count].name, sizeof labels[0].name, "%s", name);
    labels[*count].programme = programme;
    labels[(*count)++].id = *id;
    return true;
}

size_t scn_programme_of(struct run *r, const char *code)
{
    const struct zyd_scenario_plan *plan = &r->s->plan;
    for (size_t i = 0; i < plan->programme_count; i++) {
        if (strcmp(plan->programmes[i].code, code) == 0) {
            return i;
        }
    }
    scn_wrong(r, "no programme has this code");
    return NO_PROGRAMME;
}

size_t scn_programme_index(const struct run *r, uint16_t number)
{
    for (size_t i = 0; i < r->s->plan.programme_count; i++) {
        if (r->b->programme(r->b->ctx, i) == number) {
            return i;
        }
    }
    return NO_PROGRAMME;
}

const struct zyd_product *scn_product_of(const struct run *r, uint16_t programme)
{
    size_t i = scn_programme_index(r, programme);
    return i == NO_PROGRAMME ? NULL : r->s->plan.programmes[i].product;
}

uint16_t scn_contract(const struct run *r, size_t programme)
{
    const struct zyd_programme *p = zyd_genesis_programme(r->g, r->b->programme(r->b->ctx, programme));
    return p == NULL ? r->s->plan.programmes[programme].product->number : p->contract;
}

/* Account codes and stage rows with ".BORR" -> ".9143...".  out is large enough for any line. */
void scn_substitute(const struct run *r, char *out, size_t cap, const char *in)
{
    size_t at = 0;
    while (*in != 0 && at + 24 < cap) {
        bool done = false;
        for (size_t i = 0; *in == '.' && !done && i < r->s->borrower_count; i++) {
            const struct borrower *b = &r->s->borrowers[i];
            size_t n = strlen(b->label);
            if (strncmp(in + 1, b->label, n) == 0 && (in[n + 1] == 0 || in[n + 1] == ' ' || in[n + 1] == ';')) {
                /* a person's account has the first 16 hex digits of the pseudonym */
                at += (size_t)snprintf(out + at, cap - at, ".%.*s", strlen(b->id) == 64 ? 16 : 18, b->id);
                in += n + 1;
                done = true;
            }
        }
        if (!done) {
            out[at++] = *in++;
        }
    }
    out[at] = 0;
}

static void see_account(struct run *r, uint16_t member, const char *code)
{
    for (size_t i = 0; i < r->account_count; i++) {
        if (r->accounts[i].member == member && strcmp(r->accounts[i].code, code) == 0) {
            return;
        }
    }
    if (r->account_count == ACCOUNTS_MAX) {
        scn_wrong(r, "too many accounts");
        return;
    }
    r->accounts[r->account_count].member = member;
    snprintf(r->accounts[r->account_count++].code, ZYD_ACCOUNT_MAX + 1, "%s", code);
}

void scn_row_text(const struct run *r, char out[200], const struct row *row)
{
    char member[13], yuan[32];
    const struct zyd_name *label = zyd_label_by_number(scn_product_of(r, row->programme), row->label);
    zyd_yuan_text(yuan, row->fen, false);
    snprintf(out, 200, "%s %s %s %s %s", scn_member_text(r, member, row->member), label == NULL ? "?" : label->name, row->dr,
             row->cr, yuan);
}

/* ---- actions ---- */

static const struct zyd_product *product_by_contract(const struct run *r, uint16_t contract)
{
    for (size_t i = 0; i < r->s->plan.programme_count; i++) {
        if (scn_contract(r, i) == contract) {
            return r->s->plan.programmes[i].product;
        }
    }
    return NULL;
}

static void take_outcome(void *to, const struct zyd_outcome *o)
{
    struct run *r = to;
    for (uint32_t i = 0; i < o->posting_count; i++) {
        const struct zyd_posting *p = &o->postings[i];
        if (r->row_count == ROWS_MAX) {
            scn_wrong(r, "too many postings");
            return;
        }
        struct row *row = &r->rows[r->row_count++];
        *row = (struct row){p->member,     p->label,  p->programme,    "", "", p->amount.fen,
                            p->obligation, o->due_ms, r->outcome_count};
        snprintf(row->dr, sizeof row->dr, "%s", p->dr);
        snprintf(row->cr, sizeof row->cr, "%s", p->cr);
        see_account(r, p->member, p->dr);
        see_account(r, p->member, p->cr);
        if (scn_programme_index(r, p->programme) == NO_PROGRAMME) {
            scn_wrong(r, "a posting of a programme that the file does not have");
        }
    }
    for (uint32_t i = 0; i < o->warning_count && r->warning_count < 256; i++) {
        r->warnings[r->warning_count++] = o->warnings[i];
    }
    r->sys_count += o->due_ms != 0;
    if (o->due_ms != 0 && o->code != 0) {
        const struct zyd_product *product = product_by_contract(r, o->contract);
        scn_tell(r, r->action, false, "the SYS operation %s failed with E%u",
                 zyd_outcome_name(product, o->event, o->deadline), o->code);
    }
    r->report->postings += o->posting_count;
    r->outcome_count++;
}

/* The last action is over: its code must have been 0 or expected, and all its postings expected. */
void scn_end_action(struct run *r)
{
    char text[200];
    if (r->code_open) {
        scn_tell(r, r->action, r->code == 0, "%s: refused with E%u", r->action->words[1], r->code);
        r->code_open = false;
    }
    for (; r->next < r->row_count; r->next++) {
        scn_row_text(r, text, &r->rows[r->next]);
        scn_tell(r, r->action, false, "a posting that is not expected: %s", text);
    }
    r->warning_count = 0;
}

static void do_date(struct run *r)
{
    int32_t date;
    if (!zyd_date_parse(&date, r->step->words[1])) {
        scn_wrong(r, "date YYYY-MM-DD [HH:MM] is expected");
        return;
    }
    int minutes = r->step->count == 3 ? scenario_minutes(r->step->words[2]) : 9 * 60;
    scn_backend(r, r->b->advance(r->b->ctx, r->why, zyd_ms_of_date(date) + minutes * 60000));
}

/* I3: what a says b owes it is what b says it owes a. */
static void check_mirrors(struct run *r)
{
    for (size_t i = 0; i < r->account_count && r->status == ZYD_OK; i++) {
        const struct account *a = &r->accounts[i];
        char mirror[ZYD_ACCOUNT_MAX + 1], code[13];
        bool due = strncmp(a->code, "1141.", 5) == 0;
        if (!due && strncmp(a->code, "2141.", 5) != 0) {
            continue;
        }
        int other = zyd_genesis_member_by_code(r->g, zyd_span(a->code + 5, strlen(a->code + 5)));
        snprintf(mirror, sizeof mirror, "%s.%s", due ? "2141" : "1141", scn_member_text(r, code, a->member));
        if (other < 0 || scn_balance(r, NULL, NO_PROGRAMME, a->member, a->code) +
                             scn_balance(r, NULL, NO_PROGRAMME, (uint16_t)other, mirror) != 0) {
            scn_tell(r, r->action, false, "%s of %s is not the mirror of %s", a->code, code, mirror);
        }
    }
    scn_tell(r, r->action, true, "every 1141 equals its mirror 2141");
}

/* child LABEL of PARENT N: a label for the object that a product made out of another */
static void name_child(struct run *r)
{
    char **w = r->step->words, *end = NULL;
    const struct label *parent = r->step->count == 5 ? scn_find_label(r->objects, r->object_count, w[3]) : NULL;
    unsigned long n = parent == NULL ? 0 : strtoul(w[4], &end, 10);
    struct zyd_hash id;
    if (parent == NULL || strcmp(w[2], "of") != 0 || *end != 0 || n > UINT16_MAX ||
        !zyd_child_id(&id, r->s->plan.programmes[parent->programme].product, &parent->id, (uint16_t)n)) {
        scn_wrong(r, "child LABEL of PARENT N is expected, of a product whose objects have children");
        return;
    }
    if (scn_find_label(r->objects, r->object_count, w[1]) != NULL ||
        !scn_add_label(r->objects, &r->object_count, LABELS_MAX, w[1], &id, parent->programme)) {
        scn_wrong(r, "the label is taken, or there are too many objects");
    }
}

/* A refused operation leaves all records as they were: the root over them is the one before it.  A countersigner's failure is
 * kept with the pending operation (ruling 33), and an automatic step that fell due beside it changes what it changes.  One that
 * was done moves the root: a backend whose root stands still would let the first half pass unseen. */
static void check_unchanged(struct run *r)
{
    struct zyd_hash before = r->root;
    scn_backend(r, r->b->root(r->b->ctx, r->why, &r->root));
    bool known = r->status == ZYD_OK && r->code_open && r->sys_count == 0 && !zyd_hash_is_zero(&before);
    bool same = zyd_hash_eq(&before, &r->root), refused = r->code != 0 && r->code != ZYD_CODE_PENDING && !r->in_turn;
    if (known && r->code == 0 && same) {
        scn_tell(r, r->step, false, "done, and yet the root over the records did not move");
    } else if (known && refused) {
        scn_tell(r, r->step, same, "refused with E%u, %s", r->code, same ? "nothing changed" : "and yet the records changed");
    }
}

static void one_step(struct run *r)
{
    const char *verb = r->step->words[0];
    if (strcmp(verb, "date") == 0 || strcmp(verb, "do") == 0 || strcmp(verb, "govern") == 0) {
        scn_end_action(r);
        r->action = r->step;
        r->sys_count = 0;
        if (strcmp(verb, "date") == 0) {
            do_date(r);
        } else if (strcmp(verb, "do") == 0) {
            scn_do(r);
        } else {
            scn_govern(r);
        }
        if (r->status == ZYD_OK) {
            scn_backend(r, r->b->outcomes(r->b->ctx, r->why, take_outcome, r));
        }
        if (r->status == ZYD_OK) {
            check_unchanged(r);
        }
    } else if (strcmp(verb, "child") == 0) {
        name_child(r);
    } else if (strcmp(verb, "expect") == 0) {
        scn_expect(r);
    } else {
        char why[ZYD_SCENARIO_WHY];
        const char *bad = scenario_check(&r->checker, why, &r->s->plan, r->step);
        scn_tell(r, r->step, bad == NULL, "%s %s%s%s", verb, r->step->words[1],
                 bad == NULL ? "" : ": ", bad == NULL ? "" : bad);
    }
}

enum zyd_status zyd_scenario_run(struct zyd_scenario_report *report, char why[ZYD_SCENARIO_WHY], const struct zyd_scenario *s,
                                 const struct zyd_scenario_backend *backend_)
{
    struct run *r = calloc(1, sizeof *r);
    zyd_assert(r != NULL);
    r->s = s;
    r->b = backend_;
    r->report = report;
    r->why = why;
    why[0] = 0;
    report->operations = report->postings = report->checks = report->failures = 0;
    bool ledger = !zyd_scenario_arithmetic(s);
    if (ledger) {
        scn_backend(r, r->b->start(r->b->ctx, why, &s->plan));
        r->g = r->status == ZYD_OK ? r->b->genesis(r->b->ctx) : NULL;
    }
    for (size_t i = 0; i < s->step_count && r->status == ZYD_OK; i++) {
        r->step = &s->steps[i];
        one_step(r);
    }
    if (r->status == ZYD_OK && ledger && r->action != NULL) {
        scn_end_action(r);
        check_mirrors(r);
    }
    enum zyd_status status = r->status != ZYD_OK ? r->status : report->failures != 0 ? ZYD_E_INVALID : ZYD_OK;
    free(r);
    return status;
}
