/* rederive_pool.c: product (b): pools, layers, loans, the breaker, and which event is what (domain.md 3.2, E8 to E10). */
#include "rederive_pool.h"
#include <stdio.h>
#include <stdlib.h>
#include <zyd/host.h>

struct entry { /* of the white list */
    uint64_t class_;
    int32_t until;
};

static void loan_free(void *p)
{
    struct pl_loan *c = p;
    free(c->note.posted);
    free(c);
}

static void funding_free(void *p)
{
    struct pl_funding *f = p;
    free(f->note.posted);
    free(f);
}

struct re_pool *re_pool_new(struct re *re)
{
    struct re_pool *p = re_new(sizeof *p);
    p->re = re;
    return p;
}

void re_pool_free(struct re_pool *p)
{
    for (size_t i = 0; i < p->pool_count; i++) {
        free(p->pools[i]->queue);
        free(p->pools[i]);
    }
    free(p->pools);
    free(p->paid);
    audit_map_free(&p->loans, loan_free);
    audit_map_free(&p->fundings, funding_free);
    audit_map_free(&p->promises, free);
    audit_map_free(&p->registered, NULL);
    audit_map_free(&p->entries, free);
    audit_map_free(&p->sums, free);
    free(p);
}

/* ---- programmes ---- */

static bool read_layers(struct pl_pool *p, struct zyd_rd *rd)
{
    p->layer_count = zyd_rd_array(rd, ZYD_POOL_LAYERS_MAX);
    for (size_t i = 0; i < p->layer_count; i++) {
        struct pl_layer *y = &p->layers[i];
        zyd_rd_array_of(rd, 4);
        struct zyd_span name = zyd_rd_str(rd, 0, ZYD_POOL_NAME_MAX);
        snprintf(y->account, sizeof y->account, "3001.%.*s", (int)name.size, (const char *)name.data);
        y->contributor = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
        y->level = zyd_rd_u64(rd, ZYD_POOL_LAYERS_MAX);
        y->ppm = (int64_t)zyd_rd_u64(rd, RE_PPM);
    }
    return !rd->bad;
}

static bool read_pool(struct re *re, struct pl_pool *p, uint16_t programme)
{
    struct zyd_span rest;
    if (!re_terms_read(re, &p->t, programme, ZYD_POOL_PARAM_COUNT, &rest)) {
        return false;
    }
    struct zyd_rd rd = zyd_rd_of(rest);
    if (!read_layers(p, &rd)) {
        return false;
    }
    p->ratio_count = zyd_rd_array(&rd, ZYD_POOL_CLASSES_MAX);
    for (size_t i = 0; i < p->ratio_count; i++) {
        p->ratios[i] = (int64_t)zyd_rd_u64(&rd, RE_PPM);
    }
    for (uint32_t n = zyd_rd_array(&rd, 64); n > 0; n--) {
        p->banks |= UINT64_C(1) << zyd_rd_u64(&rd, 63);
    }
    p->documents = zyd_rd_array(&rd, 64);
    p->trustee = (uint16_t)pl_param(p, ZYD_PP_TRUSTEE);
    p->state = ZYD_PS_DRAFT;
    return !rd.bad;
}

static struct pl_pool *pool_of(struct re_pool *p, uint16_t programme)
{
    for (size_t i = 0; i < p->pool_count; i++) {
        if (p->pools[i]->t.programme == programme) {
            return p->pools[i];
        }
    }
    struct pl_pool *one = re_new(sizeof *one);
    if (!read_pool(p->re, one, programme)) {
        free(one);
        return NULL;
    }
    *(struct pl_pool **)re_append((void **)&p->pools, &p->pool_count, sizeof one) = one;
    return one;
}

/* ---- sums ---- */

void pl_key(struct zyd_hash *out, char letter, uint64_t a, uint64_t b, const struct zyd_hash *id)
{
    uint8_t bytes[1 + 16 + 32] = {0};
    bytes[0] = (uint8_t)letter;
    zyd_put64(bytes + 1, a);
    zyd_put64(bytes + 9, b);
    if (id != NULL) {
        memcpy(bytes + 17, id->b, 32);
    }
    zyd_sha256(out, bytes, sizeof bytes);
}

int64_t *pl_sum(struct re_pool *p, char letter, uint64_t a, uint64_t b, const struct zyd_hash *id)
{
    struct zyd_hash key;
    pl_key(&key, letter, a, b, id);
    int64_t *sum = audit_map_get(&p->sums, &key);
    if (sum == NULL) {
        sum = re_new(sizeof *sum);
        audit_map_put(&p->sums, &key, sum);
    }
    return sum;
}

int64_t pl_cash(const struct pl_pool *p)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->layer_count; i++) {
        sum += p->layers[i].balance;
    }
    return sum;
}

int64_t pl_ratio(const struct pl_loan *c)
{
    return c->class_ >= 1 && c->class_ <= c->pool->ratio_count ? c->pool->ratios[c->class_ - 1] : 0;
}

/* E9: npl x 10^6 >= ppm x balance; a line of 0 is none. */
static bool reached(const struct pl_pool *p, enum zyd_pool_param line)
{
    uint64_t ppm = pl_param(p, line);
    return ppm > 0 && p->npl > 0 && (zyd_i128)p->npl * (int64_t)RE_PPM >= (zyd_i128)p->balance * (int64_t)ppm;
}

void pl_breaker(struct pl_pool *p, bool rose)
{
    if (p->state == ZYD_PS_OPEN || p->state == ZYD_PS_WARN) {
        p->state = rose && reached(p, ZYD_PP_STOP_PPM) ? ZYD_PS_STOPPED
                   : reached(p, ZYD_PP_WARN_PPM)       ? ZYD_PS_WARN
                                                       : ZYD_PS_OPEN;
    }
}

void pl_npl(struct pl_loan *c, bool on)
{
    if (c->m.npl != on) {
        c->pool->npl += on ? c->m.balance : -c->m.balance;
        c->m.npl = on;
    }
}

void pl_lower(struct pl_loan *c, int64_t by)
{
    c->m.balance -= by;
    c->pool->balance -= c->m.ended ? 0 : by;
    c->pool->npl -= c->m.ended || !c->m.npl ? 0 : by;
}

void pl_ended(struct pl_loan *c)
{
    if (!c->m.ended) {
        pl_npl(c, false);
        c->pool->balance -= c->m.balance;
        c->m.ended = true;
        c->pool->open_claims -= c->pool->open_claims > 0;
    }
    pl_breaker(c->pool, false);
}

void pl_memo(struct re_lines *rows, struct pl_loan *c)
{
    struct pl_pool *p = c->pool;
    bool waits = c->m.state < ZYD_PS_APPROVED || c->m.state == ZYD_PS_REJECTED;
    int64_t want = waits ? re_ppm(c->m.balance, (uint64_t)pl_ratio(c), RE_FLOOR) : 0;
    re_line_add(rows, RE_POOL_MEMO, p->trustee, ZYD_PL_MEMO, "9001", "9002", re_max(want - c->m.memo, 0), NULL);
    re_line_add(rows, RE_POOL_MEMO, p->trustee, ZYD_PL_MEMO, "9002", "9001", re_max(c->m.memo - want, 0), NULL);
    p->memo += want - c->m.memo;
    c->m.memo = want;
}

void pl_due(const struct re *re, struct re_lines *rows, enum re_kind kind, uint16_t label, uint16_t debtor, const char *dr,
            uint16_t creditor, const char *cr, int64_t amount)
{
    re_account owed, due;
    re_account_of(owed, re, "2141", creditor);
    re_account_of(due, re, "1141", debtor);
    if (debtor != creditor) {
        re_line_add(rows, kind, debtor, label, dr, owed, amount, NULL);
        re_line_add(rows, kind, creditor, label, due, cr, amount, NULL);
    }
}

void pl_none(struct re_pool *p, const struct audit_step *s)
{
    struct re_lines none = {.count = 0};
    re_lines_compare(p->re, s, &none, RE_UNEXPLAINED);
}

void pl_wrong(struct re_pool *p, const struct audit_step *s, const struct pl_loan *c, enum re_kind kind, const char *why)
{
    re_find(p->re, s, kind, c->bank, 0, 0, -1, -1, "%s", why);
}

/* ---- money in, white list ---- */

static void fund(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s, struct zyd_rd *rd)
{
    struct zyd_span name = zyd_rd_str(rd, 1, ZYD_POOL_NAME_MAX);
    int64_t amount = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    struct zyd_span ref = zyd_rd_skip(rd);
    for (size_t i = 0; i < pool->layer_count; i++) {
        const char *account = pool->layers[i].account + 5;
        if (strlen(account) == name.size && memcmp(account, name.data, name.size) == 0) {
            struct pl_funding *f = re_new(sizeof *f);
            *f = (struct pl_funding){.pool = pool, .layer = i, .amount = amount};
            zyd_sha256(&f->ref, ref.data, ref.size);
            audit_map_put(&p->fundings, s->object, f);
            break;
        }
    }
    pl_none(p, s);
}

static void fund_confirm(struct re_pool *p, struct pl_funding *f, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines rows = {.count = 0};
    struct pl_layer *y = &f->pool->layers[f->layer];
    struct zyd_hash ref;
    int64_t amount = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    struct zyd_span raw = zyd_rd_skip(rd);
    zyd_sha256(&ref, raw.data, raw.size);
    if (f->confirmed) {
        re_find(p->re, s, RE_POOL_FUNDING, f->pool->trustee, 0, 0, amount, 0, "the funding was confirmed before");
    } else if (amount != f->amount || !zyd_hash_eq(&ref, &f->ref)) {
        re_find(p->re, s, RE_POOL_FUNDING, f->pool->trustee, 0, 0, amount, f->amount, "the notice is of another payment");
    }
    re_note_take(&f->note, s);
    re_line_add(&rows, RE_POOL_FUNDING, f->pool->trustee, ZYD_PL_FUND, "1001", y->account, amount, NULL);
    re_lines_compare(p->re, s, &rows, RE_UNEXPLAINED);
    for (size_t i = 0; i < f->pool->layer_count; i++) {
        int64_t booked = pl_layer_booked(s, f->pool, ZYD_PL_FUND, i, false);
        f->pool->layers[i].balance += booked;
        f->pool->layers[i].funded += booked;
    }
    f->confirmed = true;
}

static void enrol(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s, struct zyd_rd *rd)
{
    struct zyd_hash borrower, key;
    struct zyd_span raw = zyd_rd_skip(rd);
    zyd_sha256(&borrower, raw.data, raw.size);
    pl_key(&key, 'E', pool->t.programme, 0, &borrower);
    struct entry *e = audit_map_get(&p->entries, &key);
    if (e == NULL) {
        e = re_new(sizeof *e);
        audit_map_put(&p->entries, &key, e);
    }
    e->class_ = zyd_rd_u64(rd, UINT32_MAX);
    e->until = (int32_t)zyd_rd_u64(rd, 99991231);
    pl_none(p, s);
}

/* ---- loans ---- */

static void eligible(struct re_pool *p, const struct pl_loan *c, const struct audit_step *s, uint64_t rate_ppm)
{
    const struct pl_pool *pool = c->pool;
    struct zyd_hash key;
    pl_key(&key, 'E', pool->t.programme, 0, &c->borrower);
    const struct entry *e = audit_map_get(&p->entries, &key);
    int32_t last = audit_pass_workday_add(p->re->pass, s->programme, c->drawn_on, (uint32_t)pl_param(pool, ZYD_PP_REGISTER_WD));
    if (e == NULL || e->class_ != c->class_ || e->until < s->date) {
        pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "the borrower is not on the white list for this class of loan on this day");
    } else if (rate_ppm > pl_param(pool, ZYD_PP_RATE_CAP)) {
        pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "the loan's rate is above the pool's cap");
    } else if (c->drawn_on > s->date || (last != 0 && s->date > last)) {
        pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "registered outside the working days after its drawdown");
    } else if (c->bank > 63 || (pool->banks >> c->bank & 1) == 0) {
        pl_wrong(p, s, c, RE_POOL_NOT_ELIGIBLE, "the bank may not register loans");
    }
}

/* The customer's account: a firm's number, or the first 16 hex digits of a person's pseudonym. */
static void read_borrower(struct pl_loan *c, struct zyd_rd *rd)
{
    struct zyd_span raw = zyd_rd_skip(rd);
    bool firm = raw.size < 32;
    size_t size = firm ? 18 : 8;
    const uint8_t *id = raw.data + raw.size - (firm ? 18 : 32);
    zyd_sha256(&c->borrower, raw.data, raw.size);
    if (raw.size < 18 || raw.size - (firm ? 18 : 32) > 2) {
        return; /* no borrower */
    }
    size_t n = (size_t)snprintf(c->customer, sizeof c->customer, "2101.");
    for (size_t i = 0; i < size; i++) {
        n += (size_t)snprintf(c->customer + n, sizeof c->customer - n, firm ? "%c" : "%02x", id[i]);
    }
}

static void register_loan(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines rows = {.count = 0};
    struct zyd_hash key;
    struct pl_loan *c = re_new(sizeof *c);
    c->pool = pool;
    c->bank = s->op->member;
    c->m.state = ZYD_PS_REGISTERED;
    read_borrower(c, rd);
    zyd_rd_hash(rd, &c->loan);
    c->class_ = zyd_rd_u64(rd, UINT32_MAX);
    c->m.balance = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    uint64_t rate_ppm = zyd_rd_u64(rd, RE_PPM), times = pl_param(pool, ZYD_PP_LEVERAGE);
    c->drawn_on = (int32_t)zyd_rd_u64(rd, 99991231);
    zyd_rd_skip(rd); /* maturity */
    c->linked = !zyd_rd_nil(rd);
    if (c->linked) {
        zyd_rd_hash(rd, &c->guarantee);
    }
    audit_map_put(&p->loans, s->object, c);
    eligible(p, c, s, rate_ppm);
    pl_key(&key, 'L', pl_param(pool, ZYD_PP_CLASS), c->bank, &c->loan);
    const struct pl_loan *other = audit_map_get(&p->registered, &key);
    if (other != NULL && (other->pool == pool || other->m.state != ZYD_PS_REPAID)) {
        pl_wrong(p, s, c, RE_POOL_PAID_TWICE, "the loan stands in a pool of this class already");
    }
    audit_map_put(&p->registered, &key, c);
    if (pool->state != ZYD_PS_OPEN && pool->state != ZYD_PS_WARN) {
        pl_wrong(p, s, c, RE_POOL_BREAKER, "a loan was taken on although the pool takes on none");
    }
    pool->balance += c->m.balance;
    zyd_i128 most = (zyd_i128)pl_cash(pool) * (int64_t)times;
    if (times != 0 && pool->balance > most) {
        re_find(p->re, s, RE_POOL_NOT_ELIGIBLE, c->bank, 0, 0, pool->balance, (int64_t)most,
                "more is lent than the leverage allows");
    }
    pl_memo(&rows, c);
    pl_breaker(pool, false);
    re_lines_compare(p->re, s, &rows, RE_UNEXPLAINED);
}

static void repay(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines rows = {.count = 0};
    int64_t amount = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    if (amount > c->m.balance) {
        re_find(p->re, s, RE_LOAN_AMOUNT, c->bank, 0, 0, amount, c->m.balance, "more was repaid than was owed");
        amount = c->m.balance;
    }
    pl_lower(c, amount);
    pl_memo(&rows, c);
    pl_breaker(c->pool, !c->m.npl);
    c->m.state = c->m.balance == 0 ? ZYD_PS_REPAID : c->m.state;
    re_lines_compare(p->re, s, &rows, RE_UNEXPLAINED);
}

static void status(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    uint64_t what = zyd_rd_u64(rd, ZYD_POOL_LAWSUIT);
    int32_t since = (int32_t)zyd_rd_u64(rd, 99991231);
    c->since[what] = since;
    c->m.state = ZYD_PS_DEFAULTED;
    if (what == ZYD_POOL_NPL) {
        pl_npl(c, true);
        pl_breaker(c->pool, true);
    }
    pl_none(p, s);
}

static void cure(struct re_pool *p, struct pl_loan *c, const struct audit_step *s)
{
    pl_npl(c, false);
    pl_breaker(c->pool, false);
    memset(c->since, 0, sizeof c->since);
    c->m.state = ZYD_PS_REGISTERED;
    pl_none(p, s);
}

/* OPENING: rows that set a stage, as they were signed. */
static void opening(struct re_pool *p, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines rows = {.count = 0};
    for (uint32_t n = zyd_rd_array(rd, 256); n > 0; n--) {
        char code[2][ZYD_ACCOUNT_MAX + 1];
        zyd_rd_array_of(rd, 4);
        uint16_t member = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
        for (size_t k = 0; k < 2; k++) {
            struct zyd_span text = zyd_rd_str(rd, 1, ZYD_ACCOUNT_MAX);
            snprintf(code[k], sizeof code[k], "%.*s", (int)text.size, (const char *)text.data);
        }
        int64_t fen = (int64_t)zyd_rd_u64(rd, INT64_MAX);
        re_line_add(&rows, RE_UNEXPLAINED, member, ZYD_PL_OPENING, code[0], code[1], fen, NULL);
    }
    re_lines_compare(p->re, s, &rows, RE_UNEXPLAINED);
}

/* ---- the door ---- */

static void on_pool(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s, struct zyd_rd *rd)
{
    switch ((enum zyd_pool_event)s->event) {
    case ZYD_PE_FUND:
        fund(p, pool, s, rd);
        break;
    case ZYD_PE_ENROL:
        enrol(p, pool, s, rd);
        break;
    case ZYD_PE_REGISTER_LOAN:
        register_loan(p, pool, s, rd);
        break;
    case ZYD_PE_WIND_UP:
        pl_wind_up(p, pool, s);
        break;
    case ZYD_PE_OPENING:
        opening(p, s, rd);
        break;
    case ZYD_PE_CREATE:
    case ZYD_PE_RESUME:
        pool->state = ZYD_PS_OPEN;
        pl_none(p, s);
        break;
    default: /* of an object that nobody made */
        pl_none(p, s);
    }
}

static void remember(struct pl_loan *c, const struct audit_step *s)
{
    c->before = c->m;
    c->noted = s->event;
    re_note_take(&c->note, s);
}

static void on_loan(struct re_pool *p, struct pl_loan *c, const struct audit_step *s, struct zyd_rd *rd)
{
    if (s->event == ZYD_PE_REPAY || s->event == ZYD_PE_RECOVER || s->event == ZYD_PE_DEMAND_BACK) {
        remember(c, s);
    }
    switch ((enum zyd_pool_event)s->event) {
    case ZYD_PE_REPAY:
        repay(p, c, s, rd);
        break;
    case ZYD_PE_STATUS:
        status(p, c, s, rd);
        break;
    case ZYD_PE_CURE:
        cure(p, c, s);
        break;
    case ZYD_PE_FILE:
        pl_file(p, c, s, rd);
        break;
    case ZYD_PE_DEPT_OK:
        pl_dept_ok(p, c, s, rd);
        break;
    case ZYD_PE_REVIEW_OK:
        pl_review_ok(p, c, s, rd);
        break;
    case ZYD_PE_REJECT:
        pl_reject(p, c, s);
        break;
    case ZYD_PE_RECOVER:
        pl_recover(p, c, s, rd);
        break;
    case ZYD_PE_DEMAND_BACK:
        pl_demand_back(p, c, s, rd);
        break;
    case ZYD_PE_CLOSE:
        c->m.state = ZYD_PS_CLOSED;
        pl_ended(c);
        pl_none(p, s);
        break;
    case ZYD_PE_DISPUTE:
        pl_dispute(p, c, s, rd);
        break;
    case ZYD_PE_RESOLVE:
        pl_resolve(p, c, s, rd);
        break;
    case ZYD_PE_REVERSE:
        pl_reverse(p, c, s);
        break;
    default: /* FREEZE, UNFREEZE */
        pl_none(p, s);
    }
}

/* The pool's state as the outcome tells it: the last change, or none. */
static void check_state(struct re_pool *p, struct pl_pool *pool, const struct audit_step *s, uint8_t told)
{
    for (uint32_t i = 0; i < s->o->event_count; i++) {
        const struct zyd_emitted *e = &s->o->events[i];
        if (e->code == ZYD_POOL_EMIT_STATE && e->data.size == 4) {
            told = e->data.data[3];
        }
    }
    if (told != pool->state) {
        re_find(p->re, s, RE_POOL_BREAKER, pool->trustee, 0, 0, -1, -1, "the pool is in state %u, right is %u", told,
                pool->state);
        pool->state = told;
    }
}

static void member_step(struct re_pool *p, struct pl_pool *pool, struct pl_loan *c, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct pl_funding *f = s->object == NULL ? NULL : audit_map_get(&p->fundings, s->object);
    pl_waiting(p, pool, s);
    zyd_rd_array(&rd, 64);
    if (c != NULL) {
        on_loan(p, c, s, &rd);
    } else if (f != NULL && s->event == ZYD_PE_FUND_CONFIRM) {
        fund_confirm(p, f, s, &rd);
    } else if (f != NULL && s->event == ZYD_PE_REVERSE) {
        pl_reverse_funding(p, f, s);
    } else {
        on_pool(p, pool, s, &rd);
    }
}

void re_pool_step(struct re_pool *p, const struct audit_step *s)
{
    struct pl_loan *c = s->object == NULL ? NULL : audit_map_get(&p->loans, s->object);
    struct pl_pool *pool = c != NULL ? c->pool : pool_of(p, s->programme);
    bool served = false;
    if (pool == NULL) {
        pl_none(p, s);
        return;
    }
    uint8_t told = pool->state;
    if (s->op != NULL) {
        member_step(p, pool, c, s);
    } else if (s->o->deadline == ZYD_DEADLINE_SETTLED) {
        pl_settled(p, c, s);
    } else if (c != NULL && s->o->deadline == ZYD_PD_SERVE_QUEUE) {
        pl_serve(p, c, s);
        served = true;
    } else { /* something is late */
        pl_none(p, s);
    }
    if (s->op == NULL || s->event != ZYD_PE_REVERSE) {
        pl_promised(p, pool, c, s);
    }
    check_state(p, pool, s, told);
    pl_hungry(pool, s, served);
}

void re_pool_settled(struct re_pool *p, const struct audit_step *s)
{
    pl_settled_rows(p, s);
}
