/* scenario_expect.c: `expect ...`: what must have come out. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/contract.h>
#include <zyd/host.h>

#include <zyd/guarantee_schema.h>

#include "scenario_impl.h"

/* Does a product of the file, or the host, label postings so? */
static bool label_known(const struct run *r, const char *name)
{
    const struct zyd_scenario_plan *plan = &r->s->plan;
    for (size_t i = 0; i < plan->programme_count; i++) {
        if (zyd_label_by_name(plan->programmes[i].product, name) != NULL) {
            return true;
        }
    }
    return false;
}

struct wanted {
    uint16_t member;
    const char *label, *dr, *cr;
    int64_t fen;
};

static bool row_is(const struct run *r, const struct row *row, const struct wanted *want)
{
    const struct zyd_name *label = zyd_label_by_number(scn_product_of(r, row->programme), row->label);
    return row->member == want->member && label != NULL && strcmp(label->name, want->label) == 0 &&
           strcmp(row->dr, want->dr) == 0 && strcmp(row->cr, want->cr) == 0 &&
           row->fen == want->fen;
}

/* SYS operations that are due at one instant run in the order of their objects' ids, which differ from one consortium to
 * another: a file may list them in any order.  Brings the rows of the one that begins as expected to the front. */
static void bring_forward(struct run *r, const struct wanted *want)
{
    const struct row *at = &r->rows[r->next];
    bool begins = r->next == 0 || at[-1].outcome != at->outcome;
    if (at->due_ms == 0 || !begins || row_is(r, at, want)) {
        return;
    }
    for (size_t i = r->next + 1; i < r->row_count && r->rows[i].due_ms == at->due_ms; i++) {
        if (r->rows[i].outcome == r->rows[i - 1].outcome || !row_is(r, &r->rows[i], want)) {
            continue;
        }
        const unsigned outcome = r->rows[i].outcome;
        for (size_t to = r->next; i < r->row_count && r->rows[i].outcome == outcome; i++, to++) {
            const struct row moved = r->rows[i];
            memmove(&r->rows[to + 1], &r->rows[to], (i - to) * sizeof moved);
            r->rows[to] = moved;
        }
        return;
    }
}

static void expect_posting(struct run *r)
{
    char **w = r->step->words, dr[ZYD_ACCOUNT_MAX + 24], cr[ZYD_ACCOUNT_MAX + 24], got[200];
    int64_t fen;
    if (r->step->count < 7 || r->step->count > 8 || !zyd_yuan_parse(&fen, w[6])) {
        scn_wrong(r, "expect posting MEMBER LABEL DR CR YUAN [OBLIGATION] is expected");
        return;
    }
    uint16_t member = scn_member_of(r, w[2]);
    if (!label_known(r, w[3])) {
        scn_wrong(r, "no such label of a posting");
    }
    if (r->status != ZYD_OK) {
        return;
    }
    scn_substitute(r, dr, sizeof dr, w[4]);
    scn_substitute(r, cr, sizeof cr, w[5]);
    if (r->next == r->row_count) {
        scn_tell(r, r->step, false, "no such posting was made: %s %s %s %s %s", w[2], w[3], w[4], w[5], w[6]);
        return;
    }
    const struct wanted want = {member, w[3], dr, cr, fen};
    bring_forward(r, &want);
    const struct row *row = &r->rows[r->next++];
    bool ok = row_is(r, row, &want);
    scn_row_text(r, got, row);
    scn_tell(r, r->step, ok, "posting %s %s %s %s %s%s%s", w[2], w[3], w[4], w[5], w[6], ok ? "" : ": it is ", ok ? "" : got);
    bool with = r->step->count == 8;
    if (with != !zyd_hash_is_zero(&row->obligation)) {
        scn_tell(r, r->step, false, with ? "the posting has no obligation" : "the posting has an obligation: give it a label");
    } else if (with) {
        const struct label *known = scn_find_label(r->obligations, r->obligation_count, w[7]);
        if (known != NULL) {
            scn_tell(r, r->step, zyd_hash_eq(&known->id, &row->obligation), "the obligation is %s", w[7]);
        } else if (!scn_add_label(r->obligations, &r->obligation_count, LABELS_MAX * 4, w[7], &row->obligation,
                                  scn_programme_index(r, row->programme))) {
            scn_wrong(r, "too many obligations");
        }
    }
}

/* Balance of an account: the ledger's, or over the postings of some labels alone. */
zyd_i128 scn_balance(struct run *r, const char *labels, size_t programme, uint16_t member, const char *code)
{
    zyd_i128 sum = 0, one = 0;
    for (size_t i = 0; labels == NULL && i < r->s->plan.programme_count; i++) {
        if (programme == NO_PROGRAMME || programme == i) {
            scn_backend(r, r->b->balance(r->b->ctx, r->why, &one, member, r->b->programme(r->b->ctx, i), code));
            sum += one;
        }
    }
    if (labels == NULL) {
        return sum;
    }
    for (size_t i = 0; i < r->row_count; i++) {
        const struct row *row = &r->rows[i];
        const struct zyd_name *label = zyd_label_by_number(scn_product_of(r, row->programme), row->label);
        char name[32];
        const char *p = labels;
        bool in = false;
        while (label != NULL && *p != 0) {
            size_t n = strcspn(p, ",");
            snprintf(name, sizeof name, "%.*s", (int)n, p);
            in = in || strcmp(name, label->name) == 0;
            p += n + (p[n] == ',');
        }
        if (in && row->member == member && (programme == NO_PROGRAMME || programme == scn_programme_index(r, row->programme))) {
            sum += strcmp(row->dr, code) == 0 ? row->fen : 0;
            sum -= strcmp(row->cr, code) == 0 ? row->fen : 0;
        }
    }
    return sum;
}

static void balance_text(char out[40], zyd_i128 v)
{
    char yuan[32];
    zyd_yuan_text(yuan, (int64_t)(v < 0 ? -v : v), true);
    snprintf(out, 40, "%s%s", v == 0 ? "" : v < 0 ? "Cr " : "Dr ", yuan);
}

/* expect balance[s] [in PROGRAMME] [of LABELS] MEMBER (ACCOUNT Dr|Cr YUAN)...  balances: nothing else of the member is open. */
static void expect_balance(struct run *r, bool all)
{
    char **w = r->step->words, code[ZYD_ACCOUNT_MAX + 24], got[40];
    size_t i = 2, programme = NO_PROGRAMME;
    const char *labels = NULL;
    bool listed[ACCOUNTS_MAX] = {false};
    if (r->step->count > 4 && strcmp(w[2], "in") == 0) {
        programme = scn_programme_of(r, w[3]);
        i = 4;
    }
    if (r->step->count > i + 2 && strcmp(w[i], "of") == 0) {
        labels = w[i + 1];
        i += 2;
    }
    if (i >= r->step->count || (r->step->count - i - 1) % 3 != 0 || (!all && r->step->count - i != 4)) {
        scn_wrong(r, "MEMBER ACCOUNT Dr|Cr YUAN is expected");
        return;
    }
    const char *name = w[i];
    uint16_t member = scn_member_of(r, w[i++]);
    for (; r->status == ZYD_OK && i + 2 < r->step->count; i += 3) {
        int64_t fen;
        bool debit = strcmp(w[i + 1], "Dr") == 0;
        if ((!debit && strcmp(w[i + 1], "Cr") != 0) || !zyd_yuan_parse(&fen, w[i + 2])) {
            scn_wrong(r, "ACCOUNT Dr|Cr YUAN is expected");
            return;
        }
        scn_substitute(r, code, sizeof code, w[i]);
        zyd_i128 is = scn_balance(r, labels, programme, member, code);
        bool ok = is == (debit ? (zyd_i128)fen : -(zyd_i128)fen);
        balance_text(got, is);
        scn_tell(r, r->step, ok, "balance of %s %s %s %s%s%s", name, w[i], w[i + 1], w[i + 2],
                 ok ? "" : ": it is ", ok ? "" : got);
        for (size_t k = 0; k < r->account_count; k++) {
            listed[k] = listed[k] || (r->accounts[k].member == member && strcmp(r->accounts[k].code, code) == 0);
        }
    }
    for (size_t k = 0; all && r->status == ZYD_OK && k < r->account_count; k++) {
        zyd_i128 is = listed[k] || r->accounts[k].member != member
                          ? 0
                          : scn_balance(r, labels, programme, member, r->accounts[k].code);
        if (is != 0) {
            balance_text(got, is);
            scn_tell(r, r->step, false, "a balance that is not listed: %s %s %s", name, r->accounts[k].code, got);
        }
    }
}

static void expect_state(struct run *r)
{
    char **w = r->step->words;
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_hash key;
    size_t size;
    uint64_t seq;
    const struct label *object = r->step->count == 4 ? scn_find_label(r->objects, r->object_count, w[2]) : NULL;
    const struct zyd_product *product = object == NULL ? NULL : r->s->plan.programmes[object->programme].product;
    if (product == NULL || (zyd_name_by_text(&product->states, w[3]) == NULL && strcmp(w[3], "ABSENT") != 0)) {
        scn_wrong(r, "expect state LABEL STATE is expected");
        return;
    }
    zyd_contract_object_key(&key, scn_contract(r, object->programme), &object->id);
    scn_backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    if (r->status != ZYD_OK) {
        return;
    }
    const struct zyd_name *state = size == 0 ? NULL : zyd_state_of(product, zyd_span(value, size));
    const char *is = size == 0 ? "ABSENT" : state == NULL ? "?" : state->name;
    scn_tell(r, r->step, strcmp(is, w[3]) == 0, "state of %s %s%s%s", w[2], w[3], strcmp(is, w[3]) == 0 ? "" : ": it is ",
         strcmp(is, w[3]) == 0 ? "" : is);
}

struct sought {
    const char *name;
    char value[256];
    bool found;
};

static void on_field(void *ctx, const char *name, const char *value)
{
    struct sought *s = ctx;
    if (strcmp(name, s->name) == 0) {
        snprintf(s->value, sizeof s->value, "%s", value);
        s->found = true;
    }
}

/* expect field LABEL NAME VALUE: of the object's record; an amount in yuan by its name, in fen by NAME_fen */
static void expect_field(struct run *r)
{
    char **w = r->step->words, fen_name[48];
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_hash key;
    struct sought s = {.found = false};
    size_t size;
    uint64_t seq;
    int64_t fen;
    const struct label *object = r->step->count == 5 ? scn_find_label(r->objects, r->object_count, w[2]) : NULL;
    if (object == NULL) {
        scn_wrong(r, "expect field LABEL NAME VALUE is expected");
        return;
    }
    zyd_contract_object_key(&key, scn_contract(r, object->programme), &object->id);
    scn_backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    if (r->status != ZYD_OK) {
        return;
    }
    const struct zyd_product *product = r->s->plan.programmes[object->programme].product;
    const struct zyd_members members = zyd_genesis_members(r->g);
    s.name = w[3];
    zyd_object_tell(product, on_field, &s, zyd_span(value, size), &members);
    bool ok = s.found && strcmp(s.value, w[4]) == 0;
    if (!s.found) {
        snprintf(fen_name, sizeof fen_name, "%.40s_fen", w[3]);
        s.name = fen_name;
        zyd_object_tell(product, on_field, &s, zyd_span(value, size), &members);
        fen = strtoll(s.value, NULL, 10);
        ok = s.found && zyd_yuan_parse(&fen, w[4]) && fen == strtoll(s.value, NULL, 10);
    }
    scn_tell(r, r->step, ok, "field %s of %s %s%s%s", w[3], w[2], w[4], ok ? "" : s.found ? ": it is " : ": there is none",
             ok ? "" : s.value);
}

/* The guarantee's breaker: of the programme named, else of the file's first guarantee programme. */
static size_t breaker_programme(struct run *r)
{
    if (r->step->count == 5 && strcmp(r->step->words[3], "in") == 0) {
        return scn_programme_of(r, r->step->words[4]);
    }
    for (size_t i = 0; i < r->s->plan.programme_count; i++) {
        if (r->s->plan.programmes[i].product == &zyd_product_guarantee) {
            return i;
        }
    }
    scn_wrong(r, "no programme of the guarantee");
    return NO_PROGRAMME;
}

static void expect_breaker(struct run *r)
{
    char **w = r->step->words, got[64] = "?";
    uint8_t value[ZYD_RECORD_VALUE_MAX], name[64];
    struct zyd_guarantee_breaker b;
    struct zyd_hash key;
    size_t size;
    uint64_t seq;
    size_t programme = breaker_programme(r);
    if (programme == NO_PROGRAMME) {
        return;
    }
    size_t n = zyd_guarantee_breaker_key(name, r->b->programme(r->b->ctx, programme));
    zyd_record_key(&key, scn_contract(r, programme), zyd_span(name, n));
    scn_backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    if (r->status != ZYD_OK || (r->step->count != 3 && r->step->count != 5)) {
        scn_wrong(r, "expect breaker|used|fen_days VALUE [in PROGRAMME] is expected");
        return;
    }
    memset(&b, 0, sizeof b);
    if (size > 0 && zyd_guarantee_breaker_read(&b, zyd_span(value, size)) != ZYD_OK) {
        scn_wrong(r, "the breaker's record cannot be read");
        return;
    }
    int64_t fen = -1;
    bool ok;
    if (strcmp(w[1], "breaker") == 0) {
        const struct zyd_name *state = zyd_name_by_number(&zyd_guarantee_breakers, b.state);
        snprintf(got, sizeof got, "%s", state == NULL ? "?" : state->name);
        ok = strcmp(got, w[2]) == 0;
    } else if (strcmp(w[1], "used") == 0) {
        zyd_yuan_text(got, b.used, false);
        ok = zyd_yuan_parse(&fen, w[2]) && fen == b.used;
    } else {
        snprintf(got, sizeof got, "%llu", (unsigned long long)b.s_lo);
        ok = b.s_hi == 0 && strcmp(got, w[2]) == 0;
    }
    scn_tell(r, r->step, ok, "%s %s%s%s", w[1], w[2], ok ? "" : ": it is ", ok ? "" : got);
}

/* expect obligation LABEL STATE DEBTOR CREDITOR YUAN */
static void expect_obligation(struct run *r)
{
    char **w = r->step->words;
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_obligation o;
    struct zyd_hash key;
    size_t size;
    uint64_t seq;
    int64_t fen;
    const struct label *known = r->step->count == 7 ? scn_find_label(r->obligations, r->obligation_count, w[2]) : NULL;
    static const char *const states[] = {"CREATED", "LOCKED", "INSTRUCTED", "SETTLED", "REVERSED"};
    uint8_t state = 0;
    for (uint8_t i = 0; known != NULL && i < ZYD_COUNT(states); i++) {
        state = strcmp(w[3], states[i]) == 0 ? (uint8_t)(i + 1) : state;
    }
    if (state == 0 || !zyd_yuan_parse(&fen, w[6])) {
        scn_wrong(r, "expect obligation LABEL CREATED|LOCKED|INSTRUCTED|SETTLED|REVERSED DEBTOR CREDITOR YUAN is expected");
        return;
    }
    zyd_obligation_key(&key, &known->id);
    scn_backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    if (r->status != ZYD_OK) {
        return;
    }
    bool ok = zyd_obligation_decode(&o, zyd_span(value, size)) == ZYD_OK && o.amount.fen == fen &&
              o.state == state && o.debtor == scn_member_of(r, w[4]) &&
              o.creditor == scn_member_of(r, w[5]);
    scn_tell(r, r->step, ok, "obligation %s %s %s owes %s %s", w[2], w[3], w[4], w[5], w[6]);
}

static void expect_code(struct run *r, bool warning)
{
    char **w = r->step->words, *end;
    unsigned long code = r->step->count == 3 ? strtoul(w[2], &end, 10) : 0;
    if (code == 0 || *end != 0) {
        scn_wrong(r, "expect error|warning NUMBER is expected");
        return;
    }
    if (!warning) {
        bool ok = r->code_open && r->code == code;
        scn_tell(r, r->step, ok, "error %s%s", w[2], ok ? "" : ": it is another");
        if (!ok) {
            scn_tell(r, r->step, false, "the operation ended with %u", r->code);
        }
        r->code_open = false;
        return;
    }
    bool found = false;
    for (size_t i = 0; i < r->warning_count; i++) {
        found = found || r->warnings[i] == code;
    }
    scn_tell(r, r->step, found, "warning %s%s", w[2], found ? "" : ": it was not given");
}

void scn_expect(struct run *r)
{
    const char *what = r->step->count > 1 ? r->step->words[1] : "";
    if (strcmp(what, "error") == 0) {
        expect_code(r, false);
        return;
    }
    if (r->code_open && r->code != 0) {
        scn_end_action(r); /* refused, and the file does not say so: told once, here */
    }
    if (strcmp(what, "posting") == 0) {
        expect_posting(r);
    } else if (strcmp(what, "warning") == 0) {
        expect_code(r, true);
    } else if (strcmp(what, "balance") == 0 || strcmp(what, "balances") == 0) {
        expect_balance(r, what[7] == 's');
    } else if (strcmp(what, "state") == 0) {
        expect_state(r);
    } else if (strcmp(what, "field") == 0) {
        expect_field(r);
    } else if (strcmp(what, "breaker") == 0 || strcmp(what, "used") == 0 || strcmp(what, "fen_days") == 0) {
        expect_breaker(r);
    } else if (strcmp(what, "obligation") == 0) {
        expect_obligation(r);
    } else if (strcmp(what, "cycle") == 0 || strcmp(what, "net") == 0 || strcmp(what, "payment") == 0 ||
               strcmp(what, "gross") == 0) {
        scn_expect_cycle(r);
    } else {
        scn_wrong(r, "expect posting, balance, balances, state, field, breaker, used, fen_days, "
                     "obligation, cycle, net, payment, gross, error "
                     "or warning");
    }
}

