#include "pass.h"
#include "map.h"
#include <stdio.h>
#include <stdlib.h>
#include <zyd/date.h>
#include <zyd/host.h>

#define CHECKERS 8u

struct waiting { /* an operation that waits for countersigners */
    size_t size;
    uint8_t bytes[];
};
struct known { /* an object's programme and number */
    uint16_t programme;
    char ref[36];
};
struct audit_pass {
    const struct zyd_genesis *g;
    struct {
        audit_step_fn *step;
        void *ctx;
    } checkers[CHECKERS];
    size_t checker_count;
    struct audit_map waiting, known; /* by op_id; by object */
    struct zyd_state *state;
    uint8_t record[ZYD_RECORD_VALUE_MAX];
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[ZYD_CALL_WARNINGS_MAX];
};

struct audit_pass *audit_pass_new(const struct zyd_genesis *g)
{
    struct audit_pass *p = calloc(1, sizeof *p);
    zyd_assert(p != NULL);
    p->g = g;
    return p;
}

void audit_pass_free(struct audit_pass *p)
{
    if (p == NULL) {
        return;
    }
    audit_map_free(&p->waiting, free);
    audit_map_free(&p->known, free);
    free(p);
}

void audit_pass_add(struct audit_pass *p, audit_step_fn *step, void *ctx)
{
    zyd_assert(p->checker_count < CHECKERS);
    p->checkers[p->checker_count].step = step;
    p->checkers[p->checker_count++].ctx = ctx;
}

/* ---- objects and their programmes ---- */

static void know(struct audit_pass *p, const struct zyd_hash *object, uint16_t programme, struct zyd_span ref)
{
    struct known *k = audit_map_get(&p->known, object);
    if (programme == 0) {
        return;
    }
    if (k == NULL) {
        k = calloc(1, sizeof *k);
        zyd_assert(k != NULL);
        snprintf(k->ref, sizeof k->ref, "%.*s", (int)ref.size, (const char *)ref.data);
        audit_map_put(&p->known, object, k);
    }
    k->programme = programme;
}

void audit_pass_know(struct audit_pass *p, const struct zyd_hash *object, uint16_t programme, const char *ref)
{
    know(p, object, programme, zyd_span(ref, strlen(ref)));
}

static void complete(const struct audit_pass *p, struct audit_step *s)
{
    const struct known *k = s->object == NULL ? NULL : audit_map_get(&p->known, s->object);
    s->ref = k == NULL ? "" : k->ref;
    s->programme = s->programme == 0 && k != NULL ? k->programme : s->programme;
}

/* ---- operations that wait ---- */

static void ended(struct audit_pass *p, const struct zyd_hash *op_id)
{
    free(audit_map_take(&p->waiting, op_id));
}

static void wait_for(struct audit_pass *p, const struct zyd_op *op)
{
    struct waiting *w = malloc(sizeof *w + op->bytes.size);
    zyd_assert(w != NULL);
    w->size = op->bytes.size;
    memcpy(w->bytes, op->bytes.data, w->size);
    ended(p, &op->op_id); /* it may have waited before, and run out of time */
    audit_map_put(&p->waiting, &op->op_id, w);
}

/* ---- steps ---- */

static void tell(struct audit_pass *p, struct audit_step *s)
{
    s->date = zyd_date_of_ms((int64_t)s->time_ms);
    complete(p, s);
    for (size_t i = 0; i < p->checker_count; i++) {
        p->checkers[i].step(p->checkers[i].ctx, s);
    }
}

static void sys_step(struct audit_pass *p, struct audit_step s)
{
    s.time_ms = s.o->due_ms;
    s.contract = s.o->contract;
    s.event = s.o->event;
    s.object = s.o->has_object ? &s.o->object : NULL;
    tell(p, &s);
    if (s.contract == ZYD_CONTRACT_HOST && s.event == ZYD_HOST_EXPIRE && s.object != NULL) {
        ended(p, s.object);
    }
}

static void op_step(struct audit_pass *p, struct audit_step s, const struct zyd_op *op)
{
    struct zyd_op inner;
    const struct waiting *w = NULL;
    s.sent = s.op = op;
    if (op->contract == ZYD_CONTRACT_HOST && op->has_object &&
        (op->event == ZYD_HOST_COUNTERSIGN || op->event == ZYD_HOST_DECLINE || op->event == ZYD_HOST_WITHDRAW)) {
        w = audit_map_get(&p->waiting, &op->object);
        if (w != NULL && op->event == ZYD_HOST_COUNTERSIGN && zyd_op_decode(&inner, zyd_span(w->bytes, w->size)) == ZYD_OK) {
            s.op = &inner;
        }
    } else if (s.o->code == ZYD_CODE_PENDING) {
        wait_for(p, op);
    }
    s.contract = s.op->contract;
    s.event = s.op->event;
    s.programme = s.op->programme;
    s.object = s.o->has_object ? &s.o->object : s.op->has_object ? &s.op->object : NULL;
    if (s.o->code == 0 && s.object != NULL) {
        know(p, s.object, s.programme, s.op->client_ref);
    }
    tell(p, &s);
    if (w != NULL && s.o->code == 0) {
        ended(p, &op->object);
    }
}

void audit_pass_step(struct audit_pass *p, const struct audit_step *at, const struct zyd_op *op, struct zyd_state *state)
{
    struct audit_step s = *at;
    s.block_ms = at->time_ms;
    p->state = state;
    if (op == NULL) {
        sys_step(p, s);
    } else {
        op_step(p, s, op);
    }
    p->state = NULL;
}

static bool next_outcome(struct audit_pass *p, struct zyd_outcome *o, struct zyd_rd *rd)
{
    struct zyd_span bytes = rd->pos < rd->size ? zyd_rx_block(rd, rd->size) : zyd_span(NULL, 0);
    return bytes.size > 0 && !rd->bad && zyd_outcome_decode(o, p->postings, p->events, p->warnings, bytes) == ZYD_OK;
}

static void env_steps(struct audit_pass *p, struct audit_step s, const struct zyd_env *env, struct zyd_rd *outcomes,
                      uint64_t block_ms)
{
    struct zyd_op op;
    size_t pos = 0;
    while (zyd_env_next_op(&op, env, &pos)) {
        struct zyd_outcome o;
        bool own = false;
        while (!own && next_outcome(p, &o, outcomes)) {
            own = o.due_ms == 0;
            s.o = &o;
            s.time_ms = block_ms;
            if (own) {
                op_step(p, s, &op);
            } else { /* a deadline of its object that it fired */
                sys_step(p, s);
            }
            s.number++;
        }
    }
}

void audit_pass_block(struct audit_pass *p, const struct zyd_block_view *b, struct zyd_state *state)
{
    struct audit_step s = {.height = b->header.height, .block_ms = b->header.time_ms};
    struct zyd_frontier before;
    struct zyd_rd sys = zyd_rd_of(b->sys), envs = zyd_rd_of(b->envelopes), outcomes = zyd_rd_of(b->outcomes);
    struct zyd_outcome o;
    p->state = state;
    if (zyd_frontier_decode(&before, b->frontier) != ZYD_OK) {
        return; /* the history check says so */
    }
    s.log_index = before.size + 1; /* behind the seal */
    while (next_outcome(p, &o, &sys)) {
        s.o = &o;
        sys_step(p, s);
        s.number++;
    }
    s.log_index += b->sys.size > 0;
    while (envs.pos < envs.size && !envs.bad) {
        struct zyd_env env;
        if (zyd_env_decode(&env, zyd_rx_block(&envs, ZYD_ENV_SIZE_MAX)) != ZYD_OK) {
            return;
        }
        s.number = 0;
        env_steps(p, s, &env, &outcomes, b->header.time_ms);
        s.log_index++;
    }
    p->state = NULL;
}

/* ---- what governance keeps ---- */

static bool read_record(struct audit_pass *p, struct zyd_span *out, const struct zyd_hash *key)
{
    struct zyd_record r;
    if (p->state == NULL || zyd_state_get(p->state, &r, key) != ZYD_OK) {
        return false;
    }
    memcpy(p->record, r.value.data, r.value.size);
    *out = zyd_span(p->record, r.value.size);
    return true;
}

bool audit_pass_programme(struct audit_pass *p, struct zyd_programme *out, uint16_t id)
{
    struct zyd_hash key;
    struct zyd_span value;
    const struct zyd_programme *g = zyd_genesis_programme(p->g, id);
    if (g != NULL) {
        *out = *g;
        return true;
    }
    zyd_programme_key(&key, id);
    return read_record(p, &value, &key) && zyd_programme_decode(out, value) == ZYD_OK;
}

int32_t audit_pass_workday_add(struct audit_pass *p, uint16_t programme, int32_t date, uint32_t days)
{
    struct zyd_programme terms;
    struct zyd_hash key;
    struct zyd_span value;
    struct zyd_calendar c;
    uint16_t number = audit_pass_programme(p, &terms, programme) ? terms.calendar : 0;
    zyd_calendar_key(&key, number);
    if (!read_record(p, &value, &key) || zyd_calendar_decode(&c, value) != ZYD_OK) {
        return 0;
    }
    while (days > 0) {
        date = zyd_date_add(date, 1);
        int32_t year = date / 10000, day = zyd_days_between(year * 10000 + 101, date), i = year - c.years[0].year;
        if (c.year_count == 0 || i < 0 || i >= c.year_count) {
            return 0;
        }
        days -= c.years[i].days[day / 8] >> (day % 8) & 1;
    }
    return date;
}
