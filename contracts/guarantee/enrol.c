/* enrol.c: ENROL_LIST and TAKE_UP: a list of small loans under one signature (README, "A list under one signature").
 *
 * ENROL_LIST signs the root of an RFC 6962 tree over the loans.  TAKE_UP brings a piece of the list, proves it against the
 * root, and makes each loan a contract of its own, as APPLY to DISBURSE would have. */
#include "guarantee.h"

#define ROW_MAX 160u /* bytes of a loan in the list */

static void enrolment_store(const struct gu *g, const struct zyd_guarantee_enrolment *e)
{
    ct_put(g->call->object, CT_ID_SIZE, e, sizeof *e);
}

static void root_key(uint8_t key[1 + CT_ID_SIZE], const uint8_t *root)
{
    key[0] = ZYD_GUARANTEE_KEY_LIST;
    memcpy(key + 1, root, CT_ID_SIZE);
}

/* ENROL_LIST: new -> ENROLLED by ALL(BANK, GUAR), REG and NFGF where they share, every FISCAL leaf: they say for the whole list
 * what DD_DONE, OFFER, FILE_RE and ISSUE say for one loan.  Inputs: root, number of loans, their sum, letter, last day,
 * purpose. */
void event_enrol(struct gu *g)
{
    struct zyd_guarantee_enrolment e;
    uint8_t key[1 + CT_ID_SIZE], other[CT_ID_SIZE];
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    memset(&e, 0, sizeof e);
    programme_open(g);
    memcpy(e.root, ct_rd_id(&rd), sizeof e.root);
    e.count = (uint32_t)ct_rd_u64(&rd, ZYD_GUARANTEE_LIST_MAX);
    e.total = cc_arg_fen(&rd, 1);
    memcpy(e.letter, ct_rd_id(&rd), sizeof e.letter);
    e.valid_until = cc_arg_date(&rd);
    cc_arg_text(&rd, 1, 60); /* purpose */
    ct_rd_end(&rd);
    if (e.count == 0) {
        ct_fail(E_RANGE);
    }
    if (e.valid_until < g->call->date) {
        ct_fail(E_BAD_DATE);
    }
    root_key(key, e.root);
    if (ct_get(g->call->contract, key, sizeof key, other, sizeof other) >= 0) {
        ct_fail(E_DUP_KEY); /* this very list */
    }
    if (!is_bank(g, g->call->member)) {
        ct_fail(E_SIGNER_MISSING);
    }
    sign(g, g->call->member);
    sign(g, param_member(g, ZYD_GP_GUAR));
    sign_filers(g);
    sign(g, e.total > (int64_t)param(g, ZYD_GP_AUTO_LIMIT) ? param_member(g, ZYD_GP_REG) : CT_NO_MEMBER);
    sign_fiscal(g);
    signed_end(g);
    e.kind = ZYD_GUARANTEE_KIND_ENROLMENT;
    e.state = ZYD_GS_ENROLLED;
    e.programme = g->call->programme;
    e.bank = g->call->member;
    e.enrolled = g->call->date;
    enrolment_store(g, &e);
    ct_put(key, sizeof key, g->call->object, CT_ID_SIZE);
    deadline_at(g, ZYD_GD_LAPSE, zyd_date_add(e.valid_until, 1));
}

/* LAPSE: what was not taken up by the last day is not guaranteed.  What its fees owed was settled: nothing to do. */
void sys_enrolment(struct gu *g)
{
    struct zyd_guarantee_enrolment e;
    memcpy(&e, &g->o, sizeof e);
    if (g->call->event == CT_EVENT_DEADLINE && e.state == ZYD_GS_ENROLLED) {
        e.state = ZYD_GS_LAPSED;
        enrolment_store(g, &e);
    }
}

/* ---- proof of a piece ---- */

static void node(uint8_t out[CT_ID_SIZE], const uint8_t *left, const uint8_t *right)
{
    uint8_t bytes[1 + 2 * CT_ID_SIZE];
    bytes[0] = 1;
    memcpy(bytes + 1, left, CT_ID_SIZE);
    memcpy(bytes + 1 + CT_ID_SIZE, right, CT_ID_SIZE);
    ct_sha256(out, bytes, sizeof bytes);
}

struct piece {
    uint32_t first, count;
    struct ct_rd rows;                                  /* at the first loan */
    uint8_t h[ZYD_GUARANTEE_PIECE_MAX + 2][CT_ID_SIZE]; /* leaves from 1 on; 0 is room for a neighbour on the left */
};

/* Passes over one loan. */
static void row_skip(struct ct_rd *rd)
{
    uint32_t size;
    if (ct_rd_array(rd) != 8) {
        ct_fail(E_RANGE);
    }
    ct_rd_u64(rd, UINT64_MAX);
    ct_rd_bin(rd, &size, CT_ID_SIZE);
    for (uint32_t i = 0; i < 5; i++) {
        ct_rd_u64(rd, UINT64_MAX);
    }
    ct_rd_id(rd);
}

static void piece_read(struct piece *p, struct ct_rd *rd)
{
    uint8_t leaf[1 + ROW_MAX];
    p->first = (uint32_t)ct_rd_u64(rd, ZYD_GUARANTEE_LIST_MAX);
    p->count = ct_rd_array(rd);
    if (p->count == 0 || p->count > ZYD_GUARANTEE_PIECE_MAX) {
        ct_fail(E_RANGE);
    }
    p->rows = *rd;
    leaf[0] = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        const uint8_t *from = rd->p;
        row_skip(rd);
        uint32_t size = (uint32_t)(rd->p - from);
        if (size > ROW_MAX) {
            ct_fail(E_RANGE);
        }
        memcpy(leaf + 1, from, size);
        ct_sha256(p->h[1 + i], leaf, 1 + size);
    }
}

/* 1128 unless the leaves stand at first in the list; path: from the leaves up, on each level the neighbour on the left, then
 * that on the right, where the piece has one that it does not hold. */
static void piece_prove(struct piece *p, const struct zyd_guarantee_enrolment *e, struct ct_rd *rd)
{
    uint32_t at = p->first, n = p->count, size = e->count, paths = ct_rd_array(rd);
    if (at >= size || n > size - at) {
        ct_fail(E_NOT_IN_LIST);
    }
    while (size > 1) {
        uint8_t(*h)[CT_ID_SIZE] = p->h + 1;
        uint32_t left = at & 1, right = (at + n) & 1 && at + n < size ? 1 : 0;
        if (left + right > paths) {
            ct_fail(E_NOT_IN_LIST);
        }
        paths -= left + right;
        if (left != 0) {
            h--;
            memcpy(h[0], ct_rd_id(rd), CT_ID_SIZE);
        }
        n += left + right;
        if (right != 0) {
            memcpy(h[n - 1], ct_rd_id(rd), CT_ID_SIZE);
        }
        for (uint32_t i = 0; i + 1 < n; i += 2) {
            node(p->h[1 + i / 2], h[i], h[i + 1]);
        }
        if ((n & 1) != 0 && p->h[1 + n / 2] != h[n - 1]) {
            memcpy(p->h[1 + n / 2], h[n - 1], CT_ID_SIZE); /* the last of its level is carried up */
        }
        at /= 2;
        n = (n + 1) / 2;
        size = (size + 1) / 2;
    }
    if (paths != 0 || memcmp(p->h[1], e->root, CT_ID_SIZE) != 0) {
        ct_fail(E_NOT_IN_LIST);
    }
}

/* ---- a loan of the list ---- */

/* The bank's own number of a loan is enrolled once, on any list of any programme. */
static void number_take(const struct gu *g, uint32_t number, const struct zyd_guarantee_origin *origin)
{
    struct zyd_guarantee_origin other;
    uint8_t key[7] = {ZYD_GUARANTEE_KEY_NUMBER, (uint8_t)(g->o.h.bank >> 8), (uint8_t)g->o.h.bank, (uint8_t)(number >> 24),
                      (uint8_t)(number >> 16),  (uint8_t)(number >> 8),      (uint8_t)number};
    if (ct_get(g->call->contract, key, sizeof key, &other, sizeof other) >= 0) {
        ct_fail(E_DUP_KEY);
    }
    ct_put(key, sizeof key, origin, sizeof *origin);
}

static void child_id(uint8_t out[CT_ID_SIZE], const uint8_t *enrolment, uint32_t n)
{
    uint8_t bytes[sizeof ZYD_GUARANTEE_CHILD_TAG - 1 + CT_ID_SIZE + 2];
    memcpy(bytes, ZYD_GUARANTEE_CHILD_TAG, sizeof ZYD_GUARANTEE_CHILD_TAG - 1);
    memcpy(bytes + sizeof ZYD_GUARANTEE_CHILD_TAG - 1, enrolment, CT_ID_SIZE);
    bytes[sizeof bytes - 2] = (uint8_t)(n >> 8);
    bytes[sizeof bytes - 1] = (uint8_t)n;
    ct_sha256(out, bytes, sizeof bytes);
}

/* The next row: the loan's contract as ISSUE would have left it, and its one drawdown. */
static void row_read(struct gu *g, struct zyd_guarantee_drawdown *d, struct ct_rd *rd, const struct zyd_guarantee_enrolment *e)
{
    memset(d, 0, sizeof *d);
    object_new(g, e->bank);
    g->borrower[0] = 0;
    ct_rd_array(rd);
    d->number = (uint32_t)ct_rd_u64(rd, 999999999);
    arg_borrower(g, rd);
    d->principal = d->balance = g->o.h.amount = cc_arg_fen(rd, 1);
    d->value_date = d->settled_to = cc_arg_date(rd);
    d->maturity = d->first_maturity = cc_arg_date(rd);
    d->rate_ppm = (uint32_t)ct_rd_u64(rd, (uint64_t)CC_PPM);
    g->o.h.county = (uint32_t)ct_rd_u64(rd, 999999);
    ct_rd_id(rd); /* consent */
    g->o.h.flags = ZYD_GF_FILED;
    g->o.h.applied = g->o.h.issued = e->enrolled;
    g->o.h.valid_until = e->valid_until;
}

static void loan_take_up(struct gu *g, struct zyd_guarantee_enrolment *e, struct ct_rd *rd, const uint8_t *list, uint32_t index)
{
    struct household households;
    struct zyd_guarantee_drawdown d;
    struct zyd_guarantee_origin origin;
    row_read(g, &d, rd, e);
    memcpy(origin.loan, g->call->object, CT_ID_SIZE);
    memcpy(origin.enrolment, list, CT_ID_SIZE);
    origin.index = index;
    origin.zero = 0;
    number_take(g, d.number, &origin); /* 9109 */
    int32_t earliest = zyd_date_add(e->enrolled, -(int32_t)param(g, ZYD_GP_FILE_LATER_DAYS));
    if (d.value_date < earliest || d.maturity <= g->call->date) {
        ct_fail(E_BAD_DATE);
    }
    uint32_t days = check_drawdown(g, &d);
    if (d.principal > e->total - e->drawn) {
        ct_fail(E_OVER_LIMIT); /* more than was signed for */
    }
    tier_choose(g, d.principal);
    limits(&households, g, d.principal);
    g->o.h.term_days = days;
    commit(&households, g, d.principal);
    draw(g, &d, days);
    e->drawn += d.principal;
    e->taken++;
}

/* TAKE_UP: ENROLLED -> same, or TAKEN_UP with the last loan, by BANK or GUAR: whoever brings the piece decides nothing in it.
 * Inputs: place of its first loan, the loans, the path to the root. */
void event_take_up(struct gu *g)
{
    struct zyd_guarantee_enrolment e;
    struct piece p;
    struct ct_call child;
    const struct ct_call *call = g->call;
    struct ct_rd rd = ct_args(call);
    ct_rd_array(&rd);
    if (object_read(g) != ZYD_GUARANTEE_KIND_ENROLMENT || g->o.h.state != ZYD_GS_ENROLLED) {
        ct_fail(E_BAD_STATE);
    }
    memcpy(&e, &g->o, sizeof e);
    breaker_open(g);
    piece_read(&p, &rd);
    piece_prove(&p, &e, &rd);
    ct_rd_end(&rd);
    if (call->member != e.bank && call->member != param_member(g, ZYD_GP_GUAR)) {
        ct_fail(E_SIGNER_MISSING);
    }
    sign(g, call->member);
    signed_end(g);
    const struct cc_tree tree = g->tree;
    child = *call;
    g->call = &child; /* what follows writes the loan, not the list */
    for (uint32_t i = 0; i < p.count; i++) {
        g->tree = tree;
        child_id(child.object, call->object, e.taken);
        loan_take_up(g, &e, &p.rows, call->object, p.first + i);
    }
    g->call = call;
    if (e.taken == e.count) {
        e.state = ZYD_GS_TAKEN_UP;
        deadline_clear(g, ZYD_GD_LAPSE);
    }
    enrolment_store(g, &e);
}
