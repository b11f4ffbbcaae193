/* Goal: node/invariant finds nothing wrong in any worked example, and finds every kind of wrong that I1 to I11 are about.
 * Method: each file of tests/scenarios runs in process with the checker listening to every outcome and looking at the records
 * after each step.  Then the tape of a scenario (operations and outcomes as they were) is played to a fresh checker with one
 * thing changed: a fen, a leg, a record, an event after the end.  The right invariant must name the right member, object and
 * log index; and the tape without the change must pass. */
#include "node/bin/zyd-audit/audit.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zyd/contract.h>
#include <zyd/cycle.h>
#include <zyd/guarantee.h>
#include <zyd/host.h>
#include <zyd/invariant.h>
#include <zyd/pool.h>
#include <zyd/scenario.h>
#include <zyd/subsidy.h>
#include <zyd/voucher.h>

/* ---- the tape ---- */
struct event {
    bool sys;
    struct zyd_op op;
    struct zyd_outcome o;
    struct zyd_posting *postings;
    uint8_t *bytes;
    uint64_t time_ms;
};
struct tape {
    struct event *events;
    size_t count, cap;
    struct zyd_scenario_inproc *world;
    struct zyd_scenario_backend inner;
    struct zyd_inv *inv;
    struct zyd_inv_fault fault;
    uint64_t time_ms;
    struct { /* operations whose outcome is still to come */
        struct zyd_op op;
        uint8_t *bytes;
    } sent[64];
    size_t sent_count, sent_done;
    uint8_t value[ZYD_RECORD_VALUE_MAX];
    /* changes to records: what get makes of them */
    void (*spoil)(struct zyd_record *r, uint8_t *value);
};

static bool get(void *ctx, struct zyd_record *out, const struct zyd_hash *key)
{
    struct tape *t = ctx;
    char why[ZYD_SCENARIO_WHY];
    size_t size = 0;
    uint64_t seq;
    *out = (struct zyd_record){.key = *key};
    assert_int_equal(t->inner.record(t->inner.ctx, why, t->value, &size, &seq, key), ZYD_OK);
    out->value = zyd_span(t->value, size);
    out->seq = seq;
    if (size > 0 && t->spoil != NULL) {
        t->spoil(out, t->value);
    }
    return size > 0;
}

static void listen(void *ctx, const struct zyd_outcome *o)
{
    struct tape *t = ctx;
    if (t->count == t->cap) {
        t->cap = t->cap * 2 + 64;
        t->events = realloc(t->events, t->cap * sizeof *t->events);
        assert_non_null(t->events);
    }
    struct event *e = &t->events[t->count];
    *e = (struct event){.sys = o->due_ms != 0, .o = *o, .time_ms = t->time_ms};
    e->postings = calloc(o->posting_count + 1, sizeof *e->postings);
    assert_non_null(e->postings);
    if (o->posting_count > 0) {
        memcpy(e->postings, o->postings, o->posting_count * sizeof *e->postings);
    }
    e->o.postings = e->postings;
    e->o.event_count = e->o.warning_count = 0;
    if (!e->sys) {
        assert_true(t->sent_done < t->sent_count);
        e->bytes = malloc(ZYD_OP_SIZE_MAX);
        assert_non_null(e->bytes);
        memcpy(e->bytes, t->sent[t->sent_done].bytes, ZYD_OP_SIZE_MAX);
        assert_int_equal(zyd_op_decode(&e->op, zyd_span(e->bytes, t->sent[t->sent_done].op.bytes.size)), ZYD_OK);
        t->sent_done += o->code != ZYD_CODE_PENDING; /* else its countersignatures follow */
    }
    struct zyd_header h = {.height = t->count + 1, .time_ms = e->time_ms};
    struct zyd_inv_source records = {t, get};
    if (t->inv != NULL) {
        (void)zyd_inv_event(t->inv, &t->fault, e->sys ? NULL : &e->op, &e->o, &h, t->count, &records);
    }
    t->count++;
}

/* ---- a backend that listens ---- */
static enum zyd_status start(void *ctx, char *why, const struct zyd_scenario_plan *plan)
{
    struct tape *t = ctx;
    enum zyd_status s = t->inner.start(t->inner.ctx, why, plan);
    if (s == ZYD_OK) {
        t->inv = zyd_inv_new(t->inner.genesis(t->inner.ctx));
        t->time_ms = t->inner.genesis(t->inner.ctx)->created_ms;
    }
    return s;
}
static const struct zyd_genesis *genesis(void *ctx)
{
    struct tape *t = ctx;
    return t->inner.genesis(t->inner.ctx);
}
static uint16_t programme(void *ctx, size_t index)
{
    struct tape *t = ctx;
    return t->inner.programme(t->inner.ctx, index);
}
static enum zyd_status advance(void *ctx, char *why, int64_t time_ms)
{
    struct tape *t = ctx;
    t->time_ms = (uint64_t)time_ms;
    return t->inner.advance(t->inner.ctx, why, time_ms);
}
static enum zyd_status submit(void *ctx, char *why, uint32_t *code, const struct zyd_op *op, const uint16_t *members,
                              size_t count, bool in_turn)
{
    struct tape *t = ctx;
    assert_true(t->sent_count < 64);
    uint8_t *bytes = calloc(1, ZYD_OP_SIZE_MAX);
    assert_non_null(bytes);
    struct zyd_wr wr = zyd_wr_of(bytes, ZYD_OP_SIZE_MAX);
    zyd_op_encode(&wr, op);
    t->sent[t->sent_count].bytes = bytes;
    assert_int_equal(zyd_op_decode(&t->sent[t->sent_count++].op, zyd_wr_span(&wr)), ZYD_OK);
    return t->inner.submit(t->inner.ctx, why, code, op, members, count, in_turn);
}

struct relay {
    struct tape *t;
    void (*each)(void *to, const struct zyd_outcome *o);
    void *to;
};
static void both(void *ctx, const struct zyd_outcome *o)
{
    struct relay *r = ctx;
    listen(r->t, o);
    r->each(r->to, o);
}
static enum zyd_status outcomes(void *ctx, char *why, void (*each)(void *to, const struct zyd_outcome *o), void *to)
{
    struct tape *t = ctx;
    struct relay r = {t, each, to};
    enum zyd_status s = t->inner.outcomes(t->inner.ctx, why, both, &r);
    for (size_t i = 0; i < t->sent_count; i++) {
        free(t->sent[i].bytes);
    }
    t->sent_count = t->sent_done = 0;
    if (t->inv != NULL && t->fault.invariant == 0) {
        struct zyd_inv_source records = {t, get};
        (void)zyd_inv_records(t->inv, &t->fault, t->count, &records);
    }
    return s;
}
static enum zyd_status balance(void *ctx, char *why, zyd_i128 *out, uint16_t member, uint16_t programme_, const char *account)
{
    struct tape *t = ctx;
    return t->inner.balance(t->inner.ctx, why, out, member, programme_, account);
}
static enum zyd_status record(void *ctx, char *why, uint8_t *value, size_t *size, uint64_t *seq, const struct zyd_hash *key)
{
    struct tape *t = ctx;
    return t->inner.record(t->inner.ctx, why, value, size, seq, key);
}

static enum zyd_status root(void *ctx, char *why, struct zyd_hash *out)
{
    struct tape *t = ctx;
    return t->inner.root(t->inner.ctx, why, out);
}

static void line(void *ctx, unsigned number, bool ok, const char *text)
{
    (void)ctx;
    if (!ok) {
        print_message("%u: %s\n", number, text);
    }
}

static void play(struct tape *t, const char *name)
{
    char path[600], why[ZYD_SCENARIO_WHY];
    struct zyd_scenario *s;
    struct zyd_scenario_report report = {.line = line};
    memset(t, 0, sizeof *t);
    snprintf(path, sizeof path, ZYD_SOURCE_DIR "/tests/scenarios/%s", name);
    assert_int_equal(zyd_scenario_open(&s, why, path), ZYD_OK);
    t->world = zyd_scenario_inproc_new(why, ZYD_PLUGIN_DIR);
    assert_non_null(t->world);
    t->inner = zyd_scenario_inproc_backend(t->world);
    struct zyd_scenario_backend b = {t, start, genesis, programme, advance, submit, outcomes, balance, record, root};
    if (zyd_scenario_run(&report, why, s, &b) != ZYD_OK) {
        fail_msg("%s: %s", name, why);
    }
    zyd_scenario_free(s);
}

static void stop(struct tape *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->events[i].postings);
        free(t->events[i].bytes);
    }
    free(t->events);
    zyd_inv_free(t->inv);
    zyd_scenario_inproc_free(t->world);
}

/* ---- no false alarm ---- */
static void no_worked_example_breaks_an_invariant(void **state)
{
    struct dirent **list;
    struct zyd_inv_counts sum = {0};
    static struct tape t;
    unsigned files = 0;
    (void)state;
    int n = scandir(ZYD_SOURCE_DIR "/tests/scenarios", &list, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        size_t size = strlen(name);
        if (size > 4 && strcmp(name + size - 4, ".scn") == 0) {
            play(&t, name);
            struct zyd_inv_source records = {&t, get};
            bool good = t.inv == NULL || (t.fault.invariant == 0 && zyd_inv_scan(t.inv, &t.fault, &records));
            if (!good) {
                fail_msg("%s: event %llu: I%u: %s", name, (unsigned long long)t.fault.log_index, t.fault.invariant,
                         t.fault.what);
            }
            for (unsigned k = 1; t.inv != NULL && k <= ZYD_INV_COUNT; k++) {
                sum.checks[k] += zyd_inv_counts(t.inv)->checks[k];
            }
            sum.events += t.count;
            files++;
            stop(&t);
        }
        free(list[i]);
    }
    free(list);
    print_message("%u files, %llu events; checks:", files, (unsigned long long)sum.events);
    for (unsigned k = 1; k <= ZYD_INV_COUNT; k++) {
        print_message(" I%u %llu", k, (unsigned long long)sum.checks[k]);
        assert_true(sum.checks[k] > 0);
    }
    print_message("\n");
    assert_true(files >= 20);
}

/* ---- one thing changed ---- */
static struct zyd_inv_fault found;

/* Plays the tape to a fresh checker; the records are those at the end. */
static uint8_t verdict(struct tape *t, bool scan)
{
    struct zyd_inv_source records = {t, get};
    struct zyd_inv *v = zyd_inv_new(t->inner.genesis(t->inner.ctx));
    bool good = true;
    assert_non_null(v);
    for (size_t i = 0; good && i < t->count; i++) {
        struct event *e = &t->events[i];
        struct zyd_header h = {.height = i + 1, .time_ms = e->time_ms};
        good = zyd_inv_event(v, &found, e->sys ? NULL : &e->op, &e->o, &h, i, &records);
    }
    if (good && scan) {
        good = zyd_inv_records(v, &found, t->count, &records) && zyd_inv_scan(v, &found, &records);
    }
    zyd_inv_free(v);
    return good ? 0 : found.invariant;
}

/* The n-th posting with this label (0: any) whose debit or credit begins with code, and its event. */
static struct zyd_posting *posting(struct tape *t, size_t *event, uint16_t label, const char *code, unsigned n)
{
    for (*event = 0; *event < t->count; ++*event) {
        struct event *e = &t->events[*event];
        for (uint32_t i = 0; i < e->o.posting_count; i++) {
            struct zyd_posting *p = &e->postings[i];
            if ((label == 0 || p->label == label) &&
                (strncmp(p->dr, code, strlen(code)) == 0 || strncmp(p->cr, code, strlen(code)) == 0) && n-- == 0) {
                return p;
            }
        }
    }
    fail_msg("the scenario has no posting of label %u on %s", label, code);
    return NULL;
}

static size_t event_of(struct tape *t, uint16_t contract, uint16_t number)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!t->events[i].sys && t->events[i].o.code == 0 && t->events[i].op.contract == contract &&
            t->events[i].op.event == number) {
            return i;
        }
    }
    fail_msg("the scenario has no event %u of contract %u", number, contract);
    return 0;
}

#define BROKEN(t, number, scan)                                                                                                \
    do {                                                                                                                       \
        uint8_t v = verdict(t, scan);                                                                                          \
        if (v != (number)) {                                                                                                   \
            fail_msg("I%u in place of I%u: %s", v, number, v != 0 ? found.what : "nothing found");                             \
        }                                                                                                                      \
    } while (0)

static void a_leg_without_the_other_breaks_i1(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e3.scn");
    BROKEN(&t, 0, true);
    struct zyd_posting *p = posting(&t, &at, ZYD_GL_DRAW, "1101", 0);
    int64_t fen = p->amount.fen;
    p->amount.fen = 0;
    BROKEN(&t, 1, false);
    assert_int_equal(found.log_index, at);
    assert_int_equal(found.member, p->member);
    p->amount.fen = fen;
    char was[sizeof p->cr];
    memcpy(was, p->cr, sizeof was);
    memcpy(p->cr, p->dr, sizeof was);
    BROKEN(&t, 1, false);
    memcpy(p->cr, was, sizeof was);
    BROKEN(&t, 0, true);
    t.events[at].o.code = 9111; /* a refusal that books */
    BROKEN(&t, 1, false);
    stop(&t);
}

/* An account that lost one leg: its record is not what was posted (I1), and the member no longer sums to zero (I2). */
static struct zyd_account spoilt;
static void one_sided(struct zyd_record *r, uint8_t *value)
{
    struct zyd_account a;
    if (zyd_account_decode(&a, r->value) == ZYD_OK && a.member == spoilt.member && strcmp(a.code, spoilt.code) == 0) {
        size_t at = r->value.size - 8u - 32u - 16u; /* ... debits u128, credits u128, entries u64, history */
        value[at + 15]--;
    }
}
static void an_account_that_lost_a_leg_breaks_i1(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e3.scn");
    struct zyd_posting *p = posting(&t, &at, ZYD_GL_DRAW, "1101", 0);
    spoilt.member = p->member;
    memcpy(spoilt.code, p->cr, sizeof p->cr);
    t.spoil = one_sided;
    BROKEN(&t, 1, true);
    assert_int_equal(found.member, p->member);
    stop(&t);
}

static void a_debt_that_only_one_side_knows_breaks_i3(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e5.scn");
    BROKEN(&t, 0, true);
    struct zyd_posting *p = posting(&t, &at, ZYD_GL_CLAIM_OK, "1141.", 0);
    p->amount.fen++;
    BROKEN(&t, 3, false);
    assert_int_equal(found.log_index, at);
    assert_int_equal(found.member, p->member);
    stop(&t);
}

static void a_share_that_is_a_fen_off_breaks_i4(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e5.scn");
    BROKEN(&t, 0, true);
    struct zyd_posting *own = posting(&t, &at, ZYD_GL_OWN_PART, "1135", 0), *share = NULL;
    own->amount.fen++; /* nothing takes it up: 1135 is not zero */
    BROKEN(&t, 4, false);
    assert_int_equal(found.log_index, at);
    for (uint32_t i = 0; i < t.events[at].o.posting_count; i++) {
        struct zyd_posting *p = &t.events[at].postings[i];
        if (p->label == ZYD_GL_SHARE) {
            p->amount.fen -= share == NULL || memcmp(&share->obligation, &p->obligation, 32) == 0; /* both rows of one party */
            share = share == NULL ? p : share;
        }
    }
    assert_non_null(share);
    BROKEN(&t, 4, false); /* the sums are right again, the tree is not */
    assert_true(found.has_member && found.has_object);
    assert_non_null(strstr(found.what, "its share is"));
    stop(&t);
}

static void a_subsidy_shared_wrongly_breaks_i4_and_one_above_the_interest_i9(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e11.scn");
    BROKEN(&t, 0, true);
    struct zyd_posting *p = posting(&t, &at, ZYD_SL_SUBSIDY, "5031", 0);
    uint32_t rows = t.events[at].o.posting_count;
    p->amount.fen++;
    BROKEN(&t, 3, false); /* the bank's row says less */
    for (uint32_t i = 0; i < rows; i++) {
        struct zyd_posting *q = &t.events[at].postings[i];
        q->amount.fen += q != p && memcmp(&q->obligation, &p->obligation, 32) == 0;
    }
    /* both rows of this payer now agree; if it is the only one, the whole is larger, else its share is wrong */
    uint8_t v = verdict(&t, false);
    assert_true(v == 4 || v == 9);
    for (uint32_t i = 0; i < rows; i++) { /* everybody gives a thousand times as much, rightly shared or not: too much */
        struct zyd_posting *q = &t.events[at].postings[i];
        q->amount.fen *= q->label == ZYD_SL_SUBSIDY ? 1000 : 1;
    }
    v = verdict(&t, false);
    assert_true(v == 4 || v == 9);
    stop(&t);
    play(&t, "e13.scn"); /* interest that was less than what is given on it */
    size_t settle = event_of(&t, 3, ZYD_SE_SETTLE);
    struct zyd_rd rd = zyd_rd_of(t.events[settle].op.args);
    uint8_t args[256];
    struct zyd_wr wr = zyd_wr_of(args, sizeof args);
    uint32_t n = zyd_rd_array(&rd, 5);
    zyd_wr_array(&wr, n);
    zyd_wr_u64(&wr, zyd_rd_u64(&rd, 99991231));
    (void)zyd_rd_u64(&rd, UINT64_MAX);
    zyd_wr_u64(&wr, 1);
    for (uint32_t i = 2; i < n; i++) {
        struct zyd_span one = zyd_rd_skip(&rd);
        zyd_wx_bytes(&wr, one.data, one.size);
    }
    t.events[settle].op.args = zyd_wr_span(&wr);
    BROKEN(&t, 9, false);
    assert_int_equal(found.log_index, settle);
    stop(&t);
}

static void what_stays_in_2199_breaks_i5(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e16.scn");
    BROKEN(&t, 0, true);
    struct zyd_posting *p = posting(&t, &at, ZYD_CL_PAID, "2199", 0);
    p->amount.fen++;
    BROKEN(&t, 5, false); /* not even the sum of all is zero */
    assert_int_equal(found.log_index, at);
    for (uint32_t i = 0; i < t.events[at].o.posting_count; i++) {
        struct zyd_posting *q = &t.events[at].postings[i];
        q->amount.fen += q != p && memcmp(&q->obligation, &p->obligation, 32) == 0;
    }
    /* now payer and payee moved a fen too much: the sum is zero, two members' 2199 are not; the record of 1001 says so first */
    uint8_t v = verdict(&t, true);
    assert_true(v == 5 || v == 1);
    stop(&t);
}

static void a_memo_that_is_not_the_tree_breaks_i6(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e3.scn");
    struct zyd_posting *p = posting(&t, &at, ZYD_GL_DRAW, "9001", 0);
    p->amount.fen--;
    BROKEN(&t, 6, false);
    assert_int_equal(found.log_index, at);
    assert_int_equal(found.member, p->member);
    assert_true(found.has_object && zyd_hash_eq(&found.object, &t.events[at].o.object));
    p->amount.fen++;
    p = posting(&t, &at, ZYD_GL_DRAW, "1101", 0);
    p->amount.fen += 100;
    BROKEN(&t, 6, false);
    stop(&t);
}

static void a_voucher_spent_twice_or_split_wrongly_breaks_i7(void **state)
{
    static struct tape t;
    (void)state;
    play(&t, "e15.scn");
    BROKEN(&t, 0, true);
    size_t at = event_of(&t, 4, ZYD_VE_SPLIT);
    struct event was = t.events[at];
    uint8_t args[64];
    struct zyd_wr wr = zyd_wr_of(args, sizeof args);
    zyd_wr_array(&wr, 1);
    zyd_wr_array(&wr, 2);
    zyd_wr_u64(&wr, 5);
    zyd_wr_u64(&wr, 6);
    t.events[at].op.args = zyd_wr_span(&wr);
    BROKEN(&t, 7, false);
    assert_int_equal(found.log_index, at);
    t.events[at] = was;
    /* the same voucher once more */
    t.events[t.count] = was;
    assert_true(t.count < t.cap);
    t.events[t.count].o.seq++;
    t.count++;
    BROKEN(&t, 7, false);
    assert_int_equal(found.log_index, t.count - 1);
    t.count--;
    stop(&t);
}

static void a_layer_below_zero_and_a_payment_above_what_was_approved_break_i8(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e8.scn");
    BROKEN(&t, 0, true);
    struct zyd_posting *p = posting(&t, &at, ZYD_PL_DRAW, "3001.", 0);
    uint32_t rows = t.events[at].o.posting_count;
    for (uint32_t i = 0; i < rows; i++) { /* a hundred times as much out of the layers as is in them */
        t.events[at].postings[i].amount.fen *= t.events[at].postings[i].label == ZYD_PL_DRAW ? 100 : 1;
    }
    BROKEN(&t, 8, false);
    assert_int_equal(found.log_index, at);
    assert_int_equal(found.member, p->member);
    assert_non_null(strstr(found.what, "below zero"));
    for (uint32_t i = 0; i < rows; i++) {
        t.events[at].postings[i].amount.fen /= t.events[at].postings[i].label == ZYD_PL_DRAW ? 100 : 1;
    }
    size_t review = event_of(&t, 2, ZYD_PE_REVIEW_OK), file = event_of(&t, 2, ZYD_PE_FILE);
    struct zyd_rd rd = zyd_rd_of(t.events[review].op.args);
    uint8_t args[64];
    struct zyd_wr wr = zyd_wr_of(args, sizeof args);
    zyd_rd_array(&rd, 2);
    int64_t base = zyd_rd_i64(&rd, 0, INT64_MAX), pay = zyd_rd_i64(&rd, 0, INT64_MAX);
    zyd_wr_array(&wr, 2);
    zyd_wr_i64(&wr, base);
    zyd_wr_i64(&wr, base + 1); /* more than any ratio */
    struct zyd_span good = t.events[review].op.args;
    t.events[review].op.args = zyd_wr_span(&wr);
    BROKEN(&t, 8, false);
    assert_int_equal(found.log_index, review);
    assert_true(pay <= base && file < review);
    wr.size = 0; /* less approved than is paid */
    zyd_wr_array(&wr, 2);
    zyd_wr_i64(&wr, base);
    zyd_wr_i64(&wr, 1);
    t.events[review].op.args = zyd_wr_span(&wr);
    BROKEN(&t, 8, false);
    assert_non_null(strstr(found.what, "approved"));
    t.events[review].op.args = good;
    BROKEN(&t, 0, true);
    stop(&t);
}

static void an_event_after_the_end_breaks_i10(void **state)
{
    static struct tape t;
    (void)state;
    play(&t, "voucher_recourse.scn");
    BROKEN(&t, 0, true);
    size_t at = event_of(&t, 4, ZYD_VE_CANCEL);
    struct event more = t.events[at];
    more.op.event = ZYD_VE_ACCEPT;
    more.o.seq++;
    assert_true(t.count < t.cap);
    t.events[t.count++] = more;
    BROKEN(&t, 10, false);
    assert_int_equal(found.log_index, t.count - 1);
    assert_true(zyd_hash_eq(&found.object, &more.o.object));
    t.count--;
    stop(&t);
}

static void a_number_a_reference_or_an_envelope_twice_breaks_i11(void **state)
{
    static struct tape t;
    struct zyd_hash id = {{1}};
    (void)state;
    play(&t, "e3.scn");
    size_t at = event_of(&t, 1, ZYD_GE_DD_DONE);
    t.events[at].o.seq++;
    BROKEN(&t, 11, false);
    assert_int_equal(found.log_index, at);
    t.events[at].o.seq--;
    at = event_of(&t, 1, ZYD_GE_APPLY);
    assert_true(t.count < t.cap);
    t.events[t.count++] = t.events[at]; /* the same client_ref makes an object again */
    BROKEN(&t, 11, false);
    t.count--;
    struct zyd_inv *v = zyd_inv_new(t.inner.genesis(t.inner.ctx));
    assert_true(zyd_inv_envelope(v, &found, &id, 1, 1));
    assert_false(zyd_inv_envelope(v, &found, &id, 2, 5));
    assert_int_equal(found.invariant, 11);
    assert_int_equal(found.height, 2);
    zyd_inv_free(v);
    stop(&t);
}

static void an_obligation_settled_twice_breaks_i11(void **state)
{
    static struct tape t;
    size_t at;
    (void)state;
    play(&t, "e5.scn");
    (void)posting(&t, &at, ZYD_LABEL_SETTLED, "2141.", 0);
    assert_true(t.count < t.cap);
    t.events[t.count] = t.events[at];
    t.count++;
    uint8_t v = verdict(&t, false);
    assert_int_equal(v, 11);
    t.count--;
    stop(&t);
}

/* What zyd-audit makes of it: exit 8, and in the report the invariant, the member by its code, the object, the log entry. */
static void the_auditor_names_invariant_member_object_and_entry(void **state)
{
    static struct tape t;
    static struct audit_result r;
    static struct audit_bundle b;
    static char report[1 << 16];
    (void)state;
    play(&t, "e3.scn");
    size_t at;
    struct zyd_posting *p = posting(&t, &at, ZYD_GL_DRAW, "9001", 0);
    p->amount.fen--;
    BROKEN(&t, 6, false);
    memset(&r, 0, sizeof r);
    b.genesis = *t.inner.genesis(t.inner.ctx);
    b.have_genesis = true;
    audit_note_invariant(&r, &found, &b.genesis, "segments/1.seg");
    assert_int_equal(r.exit, EXIT_BAD_LEDGER);
    assert_int_equal(r.fault.row, ROW_INVARIANTS);
    assert_int_equal(r.fault.entry, at);
    FILE *f = fmemopen(report, sizeof report, "w");
    assert_non_null(f);
    assert_int_equal(audit_report_json(f, &r, &b), 0);
    fclose(f);
    char want[160], hex[65];
    const struct zyd_span code = b.genesis.members[p->member].code;
    audit_hex_write(hex, &t.events[at].o.object);
    snprintf(want, sizeof want, "\"member\": \"%.*s\"", (int)code.size, (const char *)code.data);
    assert_non_null(strstr(report, "\"invariant\": \"I6\""));
    assert_non_null(strstr(report, want));
    snprintf(want, sizeof want, "\"object\": \"%s\"", hex);
    assert_non_null(strstr(report, want));
    stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_worked_example_breaks_an_invariant),
        cmocka_unit_test(a_leg_without_the_other_breaks_i1),
        cmocka_unit_test(an_account_that_lost_a_leg_breaks_i1),
        cmocka_unit_test(a_debt_that_only_one_side_knows_breaks_i3),
        cmocka_unit_test(a_share_that_is_a_fen_off_breaks_i4),
        cmocka_unit_test(a_subsidy_shared_wrongly_breaks_i4_and_one_above_the_interest_i9),
        cmocka_unit_test(what_stays_in_2199_breaks_i5),
        cmocka_unit_test(a_memo_that_is_not_the_tree_breaks_i6),
        cmocka_unit_test(a_voucher_spent_twice_or_split_wrongly_breaks_i7),
        cmocka_unit_test(a_layer_below_zero_and_a_payment_above_what_was_approved_break_i8),
        cmocka_unit_test(an_event_after_the_end_breaks_i10),
        cmocka_unit_test(a_number_a_reference_or_an_envelope_twice_breaks_i11),
        cmocka_unit_test(an_obligation_settled_twice_breaks_i11),
        cmocka_unit_test(the_auditor_names_invariant_member_object_and_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
