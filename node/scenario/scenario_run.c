/* scenario_run.c: runs the steps of a scenario against a backend and holds every expectation to what came out. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <zyd/contract.h>
#include <zyd/date.h>
#include <zyd/host.h>

#include "scenario_impl.h"

#define ROWS_MAX 4096u
#define ACCOUNTS_MAX 512u

struct row {
    uint16_t member, label;
    char dr[ZYD_ACCOUNT_MAX + 1], cr[ZYD_ACCOUNT_MAX + 1];
    int64_t fen;
    struct zyd_hash obligation;
};
struct label {
    char name[40];
    struct zyd_hash id;
};
struct account {
    uint16_t member;
    char code[ZYD_ACCOUNT_MAX + 1];
};
struct run {
    const struct zyd_scenario *s;
    const struct zyd_scenario_backend *b;
    struct zyd_scenario_report *report;
    const struct zyd_genesis *g;
    const struct step *step, *action; /* the running statement; the last date or do */
    struct label objects[LABELS_MAX], obligations[LABELS_MAX * 4];
    size_t object_count, obligation_count;
    struct row rows[ROWS_MAX]; /* all postings; those from `next` on wait for an `expect posting` */
    size_t row_count, next;
    struct account accounts[ACCOUNTS_MAX];
    size_t account_count;
    uint32_t code;      /* of the last do; settled when it is expected or the action ends */
    bool code_open;
    uint32_t warnings[256];
    size_t warning_count;
    struct checker checker;
    char *why;
    enum zyd_status status;
};

static void tell(struct run *r, const struct step *step, bool ok, const char *format, ...)
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
static void wrong(struct run *r, const char *what)
{
    if (r->status == ZYD_OK) {
        snprintf(r->why, ZYD_SCENARIO_WHY, "line %u: %.150s", r->step == NULL ? 0 : r->step->line, what);
        r->status = ZYD_E_MALFORMED;
    }
}

static void backend(struct run *r, enum zyd_status s)
{
    if (r->status == ZYD_OK && s != ZYD_OK) {
        char what[ZYD_SCENARIO_WHY];
        snprintf(what, sizeof what, "%s", r->why);
        snprintf(r->why, ZYD_SCENARIO_WHY, "line %u: %.200s", r->step == NULL ? 0 : r->step->line, what);
        r->status = s;
    }
}

static const char *member_text(const struct run *r, char out[13], uint16_t member)
{
    out[0] = '?';
    out[1] = 0;
    if (member < r->g->member_count) {
        snprintf(out, 13, "%.*s", (int)r->g->members[member].code.size, (const char *)r->g->members[member].code.data);
    }
    return out;
}

static uint16_t member_of(struct run *r, const char *code)
{
    int i = zyd_genesis_member_by_code(r->g, zyd_span(code, strlen(code)));
    if (i < 0) {
        wrong(r, "no member has this code");
        return 0;
    }
    return (uint16_t)i;
}

static struct zyd_hash *find_label(struct label *labels, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(labels[i].name, name) == 0) {
            return &labels[i].id;
        }
    }
    return NULL;
}

static bool add_label(struct label *labels, size_t *count, size_t max, const char *name, const struct zyd_hash *id)
{
    if (*count == max || strlen(name) >= sizeof labels[0].name) {
        return false;
    }
    snprintf(labels[*count].name, sizeof labels[0].name, "%s", name);
    labels[(*count)++].id = *id;
    return true;
}

/* Account codes and stage rows with ".BORR" -> ".9143...".  out is large enough for any line. */
static void substitute(const struct run *r, char *out, size_t cap, const char *in)
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
        wrong(r, "too many accounts");
        return;
    }
    r->accounts[r->account_count].member = member;
    snprintf(r->accounts[r->account_count++].code, ZYD_ACCOUNT_MAX + 1, "%s", code);
}

static void row_text(const struct run *r, char out[200], const struct row *row)
{
    char member[13], yuan[32];
    const struct zyd_guarantee_name *label = zyd_guarantee_label_by_number(row->label);
    zyd_yuan_text(yuan, row->fen, false);
    snprintf(out, 200, "%s %s %s %s %s", member_text(r, member, row->member), label == NULL ? "?" : label->name, row->dr,
             row->cr, yuan);
}

/* ---- actions ---- */

static void take_outcome(void *to, const struct zyd_outcome *o)
{
    struct run *r = to;
    for (uint32_t i = 0; i < o->posting_count; i++) {
        const struct zyd_posting *p = &o->postings[i];
        if (r->row_count == ROWS_MAX) {
            wrong(r, "too many postings");
            return;
        }
        struct row *row = &r->rows[r->row_count++];
        *row = (struct row){p->member, p->label, "", "", p->amount.fen, p->obligation};
        snprintf(row->dr, sizeof row->dr, "%s", p->dr);
        snprintf(row->cr, sizeof row->cr, "%s", p->cr);
        see_account(r, p->member, p->dr);
        see_account(r, p->member, p->cr);
    }
    for (uint32_t i = 0; i < o->warning_count && r->warning_count < 256; i++) {
        r->warnings[r->warning_count++] = o->warnings[i];
    }
    if (o->due_ms != 0 && o->code != 0) {
        tell(r, r->action, false, "the SYS operation %s failed with E%u", zyd_guarantee_outcome_name(o->event, o->deadline),
             o->code);
    }
    r->report->postings += o->posting_count;
}

/* The last action is over: its code must have been 0 or expected, and all its postings expected. */
static void end_action(struct run *r)
{
    char text[200];
    if (r->code_open) {
        tell(r, r->action, r->code == 0, "%s: refused with E%u", r->action->words[1], r->code);
        r->code_open = false;
    }
    for (; r->next < r->row_count; r->next++) {
        row_text(r, text, &r->rows[r->next]);
        tell(r, r->action, false, "a posting that is not expected: %s", text);
    }
    r->warning_count = 0;
}

static void do_date(struct run *r)
{
    int32_t date;
    if (!zyd_date_parse(&date, r->step->words[1])) {
        wrong(r, "date");
        return;
    }
    backend(r, r->b->advance(r->b->ctx, r->why, date));
}

static size_t signers_of(struct run *r, uint16_t members[16], const char *list)
{
    size_t count = 0;
    while (*list != 0) {
        char code[16];
        size_t n = strcspn(list, ",");
        snprintf(code, sizeof code, "%.*s", (int)n, list);
        if (count == 16) {
            wrong(r, "too many signers");
            return 0;
        }
        members[count++] = member_of(r, code);
        list += n + (list[n] == ',');
    }
    return count;
}

struct world {
    struct run *r;
};
static int index_of(void *ctx, const char *code)
{
    return zyd_genesis_member_by_code(((struct world *)ctx)->r->g, zyd_span(code, strlen(code)));
}
static bool code_of(void *ctx, char out[13], uint16_t member)
{
    member_text(((struct world *)ctx)->r, out, member);
    return out[0] != '?';
}

/* name=value words from `first` on -> args of the event. */
static bool encode_args(struct run *r, struct zyd_wr *wr, const struct zyd_guarantee_event_info *event, size_t first)
{
    struct zyd_pair pairs[WORDS_MAX];
    char names[WORDS_MAX][40], why[ZYD_GUARANTEE_WHY];
    static char rows[8192];
    struct world world = {r};
    const struct zyd_guarantee_members members = {&world, index_of, code_of};
    size_t count = 0;
    for (size_t i = first; i < r->step->count; i++) {
        const char *word = r->step->words[i], *equal = strchr(word, '=');
        if (equal == NULL || (size_t)(equal - word) >= sizeof names[0]) {
            wrong(r, "name=value is expected");
            return false;
        }
        snprintf(names[count], sizeof names[0], "%.*s", (int)(equal - word), word);
        pairs[count] = (struct zyd_pair){names[count], equal + 1};
        if (strcmp(names[count], "rows") == 0) {
            substitute(r, rows, sizeof rows, equal + 1);
            pairs[count].value = rows;
        }
        for (size_t k = 0; strcmp(names[count], "borrower") == 0 && k < r->s->borrower_count; k++) {
            if (strcmp(equal + 1, r->s->borrowers[k].label) == 0) {
                pairs[count].value = r->s->borrowers[k].id;
            }
        }
        count++;
    }
    if (event == NULL) { /* the host's PAID */
        if (count != 1 || strcmp(pairs[0].name, "bank_ref") != 0) {
            wrong(r, "PAID takes bank_ref=TEXT");
            return false;
        }
        zyd_wr_array(wr, 1);
        zyd_wr_str(wr, pairs[0].value, strlen(pairs[0].value));
        return true;
    }
    if (zyd_guarantee_args_encode(wr, why, event, pairs, count, &members) != ZYD_OK) {
        wrong(r, why);
        return false;
    }
    return true;
}

static uint64_t current_seq(struct run *r, const struct zyd_op *op)
{
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_hash key;
    size_t size;
    uint64_t seq = 0;
    if (op->contract == ZYD_CONTRACT_HOST) {
        zyd_obligation_key(&key, &op->object);
    } else {
        zyd_contract_object_key(&key, op->contract, &op->object);
    }
    backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    return seq;
}

/* do EVENT LABEL by M[,M...] [in turn] name=value ... */
static void do_event(struct run *r)
{
    char **w = r->step->words, ref[ZYD_CODE_MAX * 6];
    static uint8_t bytes[ZYD_OP_SIZE_MAX];
    struct zyd_wr args = zyd_wr_of(bytes, sizeof bytes);
    uint16_t members[16];
    if (r->step->count < 5 || strcmp(w[3], "by") != 0) {
        wrong(r, "do EVENT LABEL by MEMBER ... is expected");
        return;
    }
    bool paid = strcmp(w[1], "PAID") == 0;
    const struct zyd_guarantee_event_info *event = paid ? NULL : zyd_guarantee_event_by_name(w[1]);
    if (event == NULL && !paid) {
        wrong(r, "no such event");
        return;
    }
    size_t count = signers_of(r, members, w[4]);
    bool in_turn = r->step->count >= 7 && strcmp(w[5], "in") == 0 && strcmp(w[6], "turn") == 0;
    if (count == 0 || r->status != ZYD_OK || !encode_args(r, &args, event, in_turn ? 7 : 5)) {
        return;
    }
    struct zyd_op op = {.contract = paid ? ZYD_CONTRACT_HOST : ZYD_SCENARIO_CONTRACT,
                        .event = paid ? (uint16_t)ZYD_HOST_PAID : event->number,
                        .programme = r->b->programme(r->b->ctx),
                        .member = members[0],
                        .args = zyd_wr_span(&args)};
    const struct zyd_programme *programme = zyd_genesis_programme(r->g, op.programme);
    if (!paid && programme != NULL) {
        op.contract = programme->contract;
    }
    bool makes = event != NULL && event->makes;
    if (makes) {
        snprintf(ref, sizeof ref, "%.16s/%.18s", r->s->plan.name, w[2]);
        op.client_ref = zyd_span(ref, strlen(ref));
        zyd_object_id(&op.object, op.contract, op.programme, op.member, op.client_ref);
        if (find_label(r->objects, r->object_count, w[2]) == NULL &&
            !add_label(r->objects, &r->object_count, LABELS_MAX, w[2], &op.object)) {
            wrong(r, "too many objects");
        }
        memset(&op.object, 0, sizeof op.object);
    } else {
        const struct zyd_hash *id = paid ? find_label(r->obligations, r->obligation_count, w[2])
                                         : find_label(r->objects, r->object_count, w[2]);
        if (id == NULL) {
            wrong(r, "no object or obligation was given this label before");
            return;
        }
        op.has_object = true;
        op.object = *id;
        op.expect_seq = current_seq(r, &op);
    }
    if (r->status == ZYD_OK) {
        backend(r, r->b->submit(r->b->ctx, r->why, &r->code, &op, members, count, in_turn));
        r->code_open = true;
        r->report->operations++;
    }
}

/* ---- expectations ---- */

static void expect_posting(struct run *r)
{
    char **w = r->step->words, dr[ZYD_ACCOUNT_MAX + 24], cr[ZYD_ACCOUNT_MAX + 24], got[200];
    int64_t fen;
    if (r->step->count < 7 || r->step->count > 8 || !zyd_yuan_parse(&fen, w[6])) {
        wrong(r, "expect posting MEMBER LABEL DR CR YUAN [OBLIGATION] is expected");
        return;
    }
    const struct zyd_guarantee_name *label = zyd_guarantee_label_by_name(w[3]);
    uint16_t member = member_of(r, w[2]);
    if (label == NULL) {
        wrong(r, "no such label of a posting");
    }
    if (r->status != ZYD_OK) {
        return;
    }
    substitute(r, dr, sizeof dr, w[4]);
    substitute(r, cr, sizeof cr, w[5]);
    if (r->next == r->row_count) {
        tell(r, r->step, false, "no such posting was made: %s %s %s %s %s", w[2], w[3], w[4], w[5], w[6]);
        return;
    }
    const struct row *row = &r->rows[r->next++];
    bool ok = row->member == member && row->label == label->number && strcmp(row->dr, dr) == 0 &&
              strcmp(row->cr, cr) == 0 && row->fen == fen;
    row_text(r, got, row);
    tell(r, r->step, ok, "posting %s %s %s %s %s%s%s", w[2], w[3], w[4], w[5], w[6], ok ? "" : ": it is ", ok ? "" : got);
    bool with = r->step->count == 8;
    if (with != !zyd_hash_is_zero(&row->obligation)) {
        tell(r, r->step, false, with ? "the posting has no obligation" : "the posting has an obligation: give it a label");
    } else if (with) {
        const struct zyd_hash *known = find_label(r->obligations, r->obligation_count, w[7]);
        if (known != NULL) {
            tell(r, r->step, zyd_hash_eq(known, &row->obligation), "the obligation is %s", w[7]);
        } else if (!add_label(r->obligations, &r->obligation_count, LABELS_MAX * 4, w[7], &row->obligation)) {
            wrong(r, "too many obligations");
        }
    }
}

/* Balance of an account: the ledger's, or over the postings of some labels alone. */
static zyd_i128 balance(struct run *r, const char *labels, uint16_t member, const char *code)
{
    zyd_i128 sum = 0;
    if (labels == NULL) {
        backend(r, r->b->balance(r->b->ctx, r->why, &sum, member, code));
        return sum;
    }
    for (size_t i = 0; i < r->row_count; i++) {
        const struct row *row = &r->rows[i];
        const struct zyd_guarantee_name *label = zyd_guarantee_label_by_number(row->label);
        char name[32];
        const char *p = labels;
        bool in = false;
        while (label != NULL && *p != 0) {
            size_t n = strcspn(p, ",");
            snprintf(name, sizeof name, "%.*s", (int)n, p);
            in = in || strcmp(name, label->name) == 0;
            p += n + (p[n] == ',');
        }
        if (in && row->member == member) {
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

/* expect balance[s] [of LABELS] MEMBER (ACCOUNT Dr|Cr YUAN)...  balances: nothing else of the member is open. */
static void expect_balance(struct run *r, bool all)
{
    char **w = r->step->words, code[ZYD_ACCOUNT_MAX + 24], got[40];
    size_t i = 2;
    const char *labels = NULL;
    bool listed[ACCOUNTS_MAX] = {false};
    if (r->step->count > 4 && strcmp(w[2], "of") == 0) {
        labels = w[3];
        i = 4;
    }
    if (i >= r->step->count || (r->step->count - i - 1) % 3 != 0 || (!all && r->step->count - i != 4)) {
        wrong(r, "MEMBER ACCOUNT Dr|Cr YUAN is expected");
        return;
    }
    const char *name = w[i];
    uint16_t member = member_of(r, w[i++]);
    for (; r->status == ZYD_OK && i + 2 < r->step->count; i += 3) {
        int64_t fen;
        bool debit = strcmp(w[i + 1], "Dr") == 0;
        if ((!debit && strcmp(w[i + 1], "Cr") != 0) || !zyd_yuan_parse(&fen, w[i + 2])) {
            wrong(r, "ACCOUNT Dr|Cr YUAN is expected");
            return;
        }
        substitute(r, code, sizeof code, w[i]);
        zyd_i128 is = balance(r, labels, member, code);
        bool ok = is == (debit ? (zyd_i128)fen : -(zyd_i128)fen);
        balance_text(got, is);
        tell(r, r->step, ok, "balance of %s %s %s %s%s%s", name, w[i], w[i + 1], w[i + 2], ok ? "" : ": it is ", ok ? "" : got);
        for (size_t k = 0; k < r->account_count; k++) {
            listed[k] = listed[k] || (r->accounts[k].member == member && strcmp(r->accounts[k].code, code) == 0);
        }
    }
    for (size_t k = 0; all && r->status == ZYD_OK && k < r->account_count; k++) {
        zyd_i128 is = listed[k] || r->accounts[k].member != member ? 0 : balance(r, labels, member, r->accounts[k].code);
        if (is != 0) {
            balance_text(got, is);
            tell(r, r->step, false, "a balance that is not listed: %s %s %s", name, r->accounts[k].code, got);
        }
    }
}

static void expect_state(struct run *r)
{
    char **w = r->step->words;
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_guarantee_view view;
    struct zyd_hash key;
    size_t size;
    uint64_t seq;
    const struct zyd_hash *id = r->step->count == 4 ? find_label(r->objects, r->object_count, w[2]) : NULL;
    if (id == NULL || (zyd_guarantee_state_by_name(w[3]) == NULL && strcmp(w[3], "ABSENT") != 0)) {
        wrong(r, "expect state LABEL STATE is expected");
        return;
    }
    zyd_contract_object_key(&key, zyd_genesis_programme(r->g, r->b->programme(r->b->ctx))->contract, id);
    backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    if (r->status != ZYD_OK) {
        return;
    }
    const struct zyd_guarantee_name *state = NULL;
    if (size > 0 && zyd_guarantee_object_read(&view, zyd_span(value, size)) == ZYD_OK) {
        state = zyd_guarantee_state_by_number(view.head.state);
    }
    const char *is = size == 0 ? "ABSENT" : state == NULL ? "?" : state->name;
    tell(r, r->step, strcmp(is, w[3]) == 0, "state of %s %s%s%s", w[2], w[3], strcmp(is, w[3]) == 0 ? "" : ": it is ",
         strcmp(is, w[3]) == 0 ? "" : is);
}

static void expect_breaker(struct run *r)
{
    char **w = r->step->words, got[64] = "?";
    uint8_t value[ZYD_RECORD_VALUE_MAX], name[64];
    struct zyd_guarantee_breaker b;
    struct zyd_hash key;
    size_t size;
    uint64_t seq;
    uint16_t programme = r->b->programme(r->b->ctx);
    size_t n = zyd_guarantee_breaker_key(name, programme);
    zyd_record_key(&key, zyd_genesis_programme(r->g, programme)->contract, zyd_span(name, n));
    backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    if (r->status != ZYD_OK || r->step->count != 3) {
        wrong(r, "expect breaker|used|fen_days VALUE is expected");
        return;
    }
    memset(&b, 0, sizeof b);
    if (size > 0 && zyd_guarantee_breaker_read(&b, zyd_span(value, size)) != ZYD_OK) {
        wrong(r, "the breaker's record cannot be read");
        return;
    }
    int64_t fen = -1;
    bool ok;
    if (strcmp(w[1], "breaker") == 0) {
        const struct zyd_guarantee_name *state = zyd_guarantee_breaker_by_number(b.state);
        snprintf(got, sizeof got, "%s", state == NULL ? "?" : state->name);
        ok = strcmp(got, w[2]) == 0;
    } else if (strcmp(w[1], "used") == 0) {
        zyd_yuan_text(got, b.used, false);
        ok = zyd_yuan_parse(&fen, w[2]) && fen == b.used;
    } else {
        snprintf(got, sizeof got, "%llu", (unsigned long long)b.s_lo);
        ok = b.s_hi == 0 && strcmp(got, w[2]) == 0;
    }
    tell(r, r->step, ok, "%s %s%s%s", w[1], w[2], ok ? "" : ": it is ", ok ? "" : got);
}

/* expect obligation LABEL CREATED|SETTLED DEBTOR CREDITOR YUAN */
static void expect_obligation(struct run *r)
{
    char **w = r->step->words;
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    struct zyd_obligation o;
    struct zyd_hash key;
    size_t size;
    uint64_t seq;
    int64_t fen;
    const struct zyd_hash *id = r->step->count == 7 ? find_label(r->obligations, r->obligation_count, w[2]) : NULL;
    bool created = id != NULL && strcmp(w[3], "CREATED") == 0;
    if (id == NULL || (!created && strcmp(w[3], "SETTLED") != 0) || !zyd_yuan_parse(&fen, w[6])) {
        wrong(r, "expect obligation LABEL CREATED|SETTLED DEBTOR CREDITOR YUAN is expected");
        return;
    }
    zyd_obligation_key(&key, id);
    backend(r, r->b->record(r->b->ctx, r->why, value, &size, &seq, &key));
    if (r->status != ZYD_OK) {
        return;
    }
    bool ok = zyd_obligation_decode(&o, zyd_span(value, size)) == ZYD_OK && o.amount.fen == fen &&
              o.state == (created ? CT_OBL_CREATED : CT_OBL_SETTLED) && o.debtor == member_of(r, w[4]) &&
              o.creditor == member_of(r, w[5]);
    tell(r, r->step, ok, "obligation %s %s %s owes %s %s", w[2], w[3], w[4], w[5], w[6]);
}

static void expect_code(struct run *r, bool warning)
{
    char **w = r->step->words, *end;
    unsigned long code = r->step->count == 3 ? strtoul(w[2], &end, 10) : 0;
    if (code == 0 || *end != 0) {
        wrong(r, "expect error|warning NUMBER is expected");
        return;
    }
    if (!warning) {
        bool ok = r->code_open && r->code == code;
        tell(r, r->step, ok, "error %s%s", w[2], ok ? "" : ": it is another");
        if (!ok) {
            tell(r, r->step, false, "the operation ended with %u", r->code);
        }
        r->code_open = false;
        return;
    }
    bool found = false;
    for (size_t i = 0; i < r->warning_count; i++) {
        found = found || r->warnings[i] == code;
    }
    tell(r, r->step, found, "warning %s%s", w[2], found ? "" : ": it was not given");
}

static void expect(struct run *r)
{
    const char *what = r->step->count > 1 ? r->step->words[1] : "";
    if (strcmp(what, "error") == 0) {
        expect_code(r, false);
        return;
    }
    if (r->code_open && r->code != 0) {
        end_action(r); /* refused, and the file does not say so: told once, here */
    }
    if (strcmp(what, "posting") == 0) {
        expect_posting(r);
    } else if (strcmp(what, "warning") == 0) {
        expect_code(r, true);
    } else if (strcmp(what, "balance") == 0 || strcmp(what, "balances") == 0) {
        expect_balance(r, what[7] == 's');
    } else if (strcmp(what, "state") == 0) {
        expect_state(r);
    } else if (strcmp(what, "breaker") == 0 || strcmp(what, "used") == 0 || strcmp(what, "fen_days") == 0) {
        expect_breaker(r);
    } else if (strcmp(what, "obligation") == 0) {
        expect_obligation(r);
    } else {
        wrong(r, "expect posting, balance, balances, state, breaker, used, fen_days, obligation, error or warning");
    }
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
        snprintf(mirror, sizeof mirror, "%s.%s", due ? "2141" : "1141", member_text(r, code, a->member));
        if (other < 0 || balance(r, NULL, a->member, a->code) + balance(r, NULL, (uint16_t)other, mirror) != 0) {
            tell(r, r->action, false, "%s of %s is not the mirror of %s", a->code, code, mirror);
        }
    }
    tell(r, r->action, true, "every 1141 equals its mirror 2141");
}

static void one_step(struct run *r)
{
    const char *verb = r->step->words[0];
    if (strcmp(verb, "date") == 0 || strcmp(verb, "do") == 0) {
        end_action(r);
        r->action = r->step;
        if (strcmp(verb, "date") == 0) {
            do_date(r);
        } else {
            do_event(r);
        }
        if (r->status == ZYD_OK) {
            backend(r, r->b->outcomes(r->b->ctx, r->why, take_outcome, r));
        }
    } else if (strcmp(verb, "expect") == 0) {
        expect(r);
    } else {
        char why[ZYD_SCENARIO_WHY];
        const char *bad = scenario_check(&r->checker, why, r->step);
        tell(r, r->step, bad == NULL, "%s %s%s%s", verb, r->step->words[1], bad == NULL ? "" : ": ", bad == NULL ? "" : bad);
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
        backend(r, r->b->start(r->b->ctx, why, &s->plan));
        r->g = r->status == ZYD_OK ? r->b->genesis(r->b->ctx) : NULL;
    }
    for (size_t i = 0; i < s->step_count && r->status == ZYD_OK; i++) {
        r->step = &s->steps[i];
        one_step(r);
    }
    if (r->status == ZYD_OK && ledger && r->action != NULL) {
        end_action(r);
        check_mirrors(r);
    }
    enum zyd_status status = r->status != ZYD_OK ? r->status : report->failures != 0 ? ZYD_E_INVALID : ZYD_OK;
    free(r);
    return status;
}
