/* rederive_guarantee.c: product (a): drawdowns, interest, fees, exposure (domain.md 3.0.4, 3.1, E3, E4, E17, rulings 2 to 7, 13 to 19). */
#include "rederive_contract.h"
#include <stdio.h>
#include <stdlib.h>

#define LOAN_COLUMNS 8u

struct re_guarantee {
    struct re *re;
    struct re_map contracts, lists, grades;
    struct gu_terms *terms[256];
};
struct gu_list { /* loans enrolled under one signature */
    struct gu_terms *terms;
    uint16_t bank;
    uint32_t taken;
    int64_t total, drawn;
};
struct gu_grade {
    uint64_t value;
    int32_t until;
};

static void drop_before(struct gu_contract *c)
{
    if (c->before != NULL) {
        free(c->before->d); /* the lists in it are those of c */
        free(c->before->after);
        free(c->before);
    }
    c->before = NULL;
}

static void contract_free(void *p)
{
    struct gu_contract *c = p;
    drop_before(c);
    for (size_t i = 0; i < c->d_count; i++) {
        free(c->d[i].repaid);
    }
    free(c->d);
    free(c->after);
    free(c->spells);
    free(c->note.posted);
    free(c);
}

struct re_guarantee *re_guarantee_new(struct re *re)
{
    struct re_guarantee *p = re_new(sizeof *p);
    p->re = re;
    return p;
}

void re_guarantee_free(struct re_guarantee *p)
{
    re_map_free(&p->contracts, contract_free);
    re_map_free(&p->lists, free);
    re_map_free(&p->grades, free);
    for (size_t i = 0; i < 256; i++) {
        free(p->terms[i]);
    }
    free(p);
}

/* Tiers (zyd/guarantee.h): other shares for loans up to an amount and borrowers of a grade. */
static bool read_tiers(struct gu_terms *t, struct zyd_rd *rd, size_t tree_size)
{
    struct zyd_span bin = zyd_rd_bin(rd, ZYD_RECORD_VALUE_MAX);
    size_t row = ZYD_GUARANTEE_TIER_HEAD + tree_size;
    if (rd->bad || bin.size < 2 || (bin.size - 2) % row != 0 || (bin.size - 2) / row > ZYD_GUARANTEE_TIERS_MAX) {
        return false;
    }
    t->grades = zyd_get16(bin.data);
    for (const uint8_t *p = bin.data + 2; p < bin.data + bin.size; p += row) {
        struct gu_tree *tier = &t->tiers[t->tier_count++];
        if (!gu_tree_read(tier, zyd_span(p + ZYD_GUARANTEE_TIER_HEAD, tree_size))) {
            return false;
        }
        tier->most = (int64_t)zyd_get64(p);
        tier->grade = p[8];
    }
    return true;
}

static bool read_trees(struct gu_terms *t, struct zyd_span rest)
{
    struct zyd_rd rd = zyd_rd_of(rest);
    struct zyd_span nodes = zyd_rd_bin(&rd, rest.size);
    if (!gu_tree_read(&t->tree, nodes)) {
        return false;
    }
    zyd_rd_skip(&rd); /* banks, names, documents */
    zyd_rd_skip(&rd);
    zyd_rd_skip(&rd);
    return rd.pos == rd.size || read_tiers(t, &rd, nodes.size);
}

static struct gu_terms *terms_of(struct re_guarantee *p, uint16_t programme)
{
    struct zyd_span rest;
    if (programme > 255 || p->terms[programme] != NULL) {
        return programme > 255 ? NULL : p->terms[programme];
    }
    struct gu_terms *t = re_new(sizeof *t);
    if (re_terms_read(p->re, &t->t, programme, ZYD_GUARANTEE_PARAM_COUNT, &rest) && read_trees(t, rest)) {
        return p->terms[programme] = t;
    }
    free(t);
    return NULL;
}

int64_t gu_principal(const struct gu_contract *c)
{
    int64_t sum = 0;
    for (size_t i = 0; i < c->d_count; i++) {
        sum += c->d[i].balance;
    }
    return sum;
}

int64_t gu_interest_open(const struct gu_contract *c)
{
    int64_t sum = 0;
    for (size_t i = 0; i < c->d_count; i++) {
        sum += c->d[i].interest;
    }
    return sum;
}

void gu_period(struct gu_terms *t, int32_t date)
{
    if (t->year < date / 10000) {
        t->year = date / 10000;
        t->s = 0;
        t->used = 0;
    }
}

static void released(struct gu_contract *c, const struct audit_step *s, int64_t amount, int32_t days)
{
    gu_period(c->terms, s->date);
    c->s_year = c->terms->year;
    c->s_added = (zyd_u128)(uint64_t)amount * (uint64_t)(uint32_t)days;
    c->terms->s += c->s_added;
}

/* ---- interest and fees ---- */

/* Fen-days of [from, to) by value dates, in whatever order repayments were booked.  What was repaid earns until its own value date, also
 * where that lies behind to (a payoff or an overdue date that is told late): then it is settled, too. */
static int64_t interest_of(const struct gu_contract *c, const struct gu_drawdown *d, int32_t from, int32_t to)
{
    zyd_u128 days = 0;
    int32_t n = re_days(from, to);
    days += (zyd_u128)(uint64_t)d->balance * (uint64_t)(uint32_t)n;
    for (size_t i = d->repaid_settled; i < d->repaid_count; i++) {
        int32_t until = d->repaid[i].date < d->maturity ? d->repaid[i].date : d->maturity;
        days += (zyd_u128)(uint64_t)d->repaid[i].amount * (uint64_t)(uint32_t)re_days(from, until);
    }
    return re_divide(days * d->rate_ppm, (zyd_u128)RE_PPM * gu_param(c, ZYD_GP_LOAN_BASIS), RE_HALF_UP);
}

static int32_t earlier(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int64_t running(const struct gu_contract *c, const struct gu_drawdown *d, int32_t date)
{
    return interest_of(c, d, d->settled_to, earlier(date, d->maturity));
}

/* Books the interest up to date: expected, and noted as due. */
static int64_t settle(struct re_rows *rows, const struct gu_contract *c, struct gu_drawdown *d, int32_t date)
{
    int64_t due = running(c, d, date);
    int32_t to = earlier(date, d->maturity);
    re_expect(rows, RE_INTEREST_AMOUNT, c->bank, ZYD_GL_INT, "1111", "4011", due);
    d->interest += due;
    d->repaid_settled = d->repaid_count;
    d->settled_to = to > d->settled_to ? to : d->settled_to;
    return due;
}

/* Interest that was booked otherwise is what is due from then on: the last drawdown takes the difference. */
static void accept_interest(struct gu_contract *c, const struct audit_step *s, int64_t right)
{
    int64_t booked = re_booked(s, c->bank, ZYD_GL_INT, "1111", "4011");
    if (c->d_count > 0) {
        c->d[c->d_count - 1].interest += booked - right;
    }
}

static void charge(struct re_rows *rows, struct gu_contract *c, struct gu_drawdown *d, struct gu_segment g)
{
    const struct gu_tree *t = c->tree;
    uint16_t guar = gu_member(c, ZYD_GP_GUAR), reg = gu_member(c, ZYD_GP_REG), nfgf = gu_member(c, ZYD_GP_NFGF);
    uint32_t basis = (uint32_t)gu_param(c, ZYD_GP_FEE_BASIS);
    int32_t days = re_days(g.from, g.to);
    int64_t fee = re_yearly(g.amount, c->fee_ppm, days, basis);
    int64_t of_reg = gu_leaf_fee(t, reg, g.amount, gu_param(c, ZYD_GP_REFEE_REG_PPM), days, basis);
    int64_t of_nfgf = gu_leaf_fee(t, nfgf, g.amount, gu_param(c, ZYD_GP_REFEE_NFGF_PPM), days, basis);
    re_expect(rows, RE_FEE_AMOUNT, guar, ZYD_GL_FEE_CHARGE, "1121", "2151", fee);
    re_expect_due(rows, RE_FEE_AMOUNT, ZYD_GL_FEE_COLLECT, c->bank, "2101", guar, "1121", fee);
    if (gu_has_leaf(t, reg)) {
        re_expect_due(rows, RE_FEE_AMOUNT, ZYD_GL_REFEE, guar, "5021", reg, "4021", of_reg + of_nfgf);
        re_expect_due(rows, RE_FEE_AMOUNT, ZYD_GL_REFEE, reg, "5021", nfgf, "4021", of_nfgf);
    } else {
        re_expect_due(rows, RE_FEE_AMOUNT, ZYD_GL_REFEE, guar, "5021", nfgf, "4021", of_nfgf);
    }
    d->fee += fee;
    if (d->charged_count < 1 + ZYD_GUARANTEE_EXTENSIONS_MAX) {
        d->charged[d->charged_count++] = g;
    }
}

static int64_t earned(const struct gu_contract *c, const struct gu_drawdown *d, int32_t date)
{
    int64_t sum = 0;
    for (size_t i = 0; i < d->charged_count; i++) {
        const struct gu_segment *g = &d->charged[i];
        sum += re_yearly(g->amount, c->fee_ppm, re_days(g->from, earlier(g->to, date)), (uint32_t)gu_param(c, ZYD_GP_FEE_BASIS));
    }
    return sum;
}

void gu_earn_fees(struct re_rows *rows, struct gu_contract *c)
{
    for (size_t i = 0; i < c->d_count; i++) {
        re_expect(rows, RE_FEE_AMOUNT, gu_member(c, ZYD_GP_GUAR), ZYD_GL_FEE_EARN, "2151", "4021", c->d[i].fee);
        c->d[i].fee = 0;
    }
}

/* ---- events ---- */

static struct gu_drawdown *drawdown_of(const struct gu_contract *c, uint64_t number)
{
    for (size_t i = 0; i < c->d_count; i++) {
        if (c->d[i].number == number) {
            return &c->d[i];
        }
    }
    return NULL;
}

static struct gu_drawdown *draw(struct re_rows *rows, struct gu_contract *c, const struct audit_step *s, struct gu_drawdown one)
{
    int64_t before = gu_principal(c);
    struct gu_drawdown *d = re_append((void **)&c->d, &c->d_count, sizeof *d);
    *d = one;
    re_expect(rows, RE_LOAN_AMOUNT, c->bank, ZYD_GL_DRAW, "1101", "2101", d->principal);
    gu_memo(rows, c->tree, before, before + d->principal, ZYD_GL_DRAW);
    charge(rows, c, d, (struct gu_segment){d->value_date, d->maturity, d->principal});
    released(c, s, d->principal, re_days(d->value_date, d->maturity));
    return d;
}

static void disburse(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    struct gu_drawdown one = {.number = 0}, *d = &one;
    d->number = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    d->principal = d->balance = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    d->value_date = d->settled_to = (int32_t)zyd_rd_u64(rd, 99991231);
    d->maturity = (int32_t)zyd_rd_u64(rd, 99991231);
    d->rate_ppm = (uint32_t)zyd_rd_u64(rd, RE_PPM);
    draw(&rows, c, s, one);
    re_compare(re, s, &rows, RE_UNEXPLAINED, d->value_date, d->maturity);
}

static void refund(struct re_rows *rows, const struct gu_contract *c, struct gu_drawdown *d, int32_t date)
{
    uint16_t guar = gu_member(c, ZYD_GP_GUAR);
    int64_t keep = re_min(d->fee, earned(c, d, date));
    re_expect(rows, RE_FEE_AMOUNT, guar, ZYD_GL_FEE_EARN, "2151", "4021", keep);
    re_expect_due(rows, RE_FEE_AMOUNT, ZYD_GL_FEE_REFUND, guar, "2151", c->bank, "2101", d->fee - keep);
    d->fee = 0;
}

static void repay(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    struct gu_drawdown *d = drawdown_of(c, zyd_rd_u64(rd, UINT32_MAX));
    int32_t date = (int32_t)zyd_rd_u64(rd, 99991231);
    int64_t amount = (int64_t)zyd_rd_u64(rd, INT64_MAX), before = gu_principal(c);
    bool split = !zyd_rd_nil(rd), active = !c->is_overdue;
    int64_t interest = split ? (int64_t)zyd_rd_u64(rd, INT64_MAX) : 0;
    if (d == NULL) {
        return;
    }
    int32_t from = d->settled_to;
    int64_t due = active ? running(c, d, date) : 0, right = 0;
    bool payoff = split ? amount - interest == d->balance : amount == d->balance + d->interest + due;
    if (payoff && active) {
        right = settle(&rows, c, d, date);
    }
    interest = split ? interest : re_min(amount, d->interest);
    int64_t principal = amount - interest;
    re_expect(&rows, RE_LOAN_AMOUNT, c->bank, ZYD_GL_REPAY_INT, "2101", "1111", interest);
    re_expect(&rows, RE_LOAN_AMOUNT, c->bank, ZYD_GL_REPAY_PRIN, "2101", active ? "1101" : "1102", principal);
    d->interest -= interest;
    d->balance -= principal;
    if (principal > 0) {
        struct gu_repaid *r = re_append((void **)&d->repaid, &d->repaid_count, sizeof *r);
        *r = (struct gu_repaid){date, principal};
        d->repaid_settled = payoff || !active ? d->repaid_count : d->repaid_settled;
        gu_memo(&rows, c->tree, before, before - principal, ZYD_GL_RELEASE);
    }
    if (payoff) {
        if (s->event == ZYD_GE_PREPAY && gu_param(c, ZYD_GP_REFUNDABLE) != 0) {
            refund(&rows, c, d, date);
        }
        re_expect(&rows, RE_FEE_AMOUNT, gu_member(c, ZYD_GP_GUAR), ZYD_GL_FEE_EARN, "2151", "4021", d->fee);
        d->fee = 0;
    }
    re_compare(re, s, &rows, RE_UNEXPLAINED, from, date);
    if (payoff && active) {
        accept_interest(c, s, right);
    }
}

static void int_settle(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    struct re_rows rows = {.count = 0};
    int32_t from = 0;
    int64_t right = 0;
    for (size_t i = 0; i < c->d_count; i++) {
        struct gu_drawdown *d = &c->d[i];
        if (d->balance == 0 || d->settled_to >= d->maturity) {
            continue;
        }
        int32_t next = re_settlement_after(d->settled_to, (uint32_t)gu_param(c, ZYD_GP_SETTLE_DAY),
                                           (uint32_t)gu_param(c, ZYD_GP_SETTLE_MONTHS));
        next = earlier(next, d->maturity);
        if (next <= s->date) {
            from = from == 0 ? d->settled_to : earlier(from, d->settled_to);
            right += settle(&rows, c, d, next);
        }
    }
    re_compare(re, s, &rows, RE_UNEXPLAINED, from, s->date);
    accept_interest(c, s, right);
}

static void go_overdue(struct re *re, struct gu_contract *c, const struct audit_step *s, int32_t date)
{
    struct re_rows rows = {.count = 0};
    int32_t from = date;
    int64_t right = 0;
    for (size_t i = 0; i < c->d_count; i++) {
        if (c->d[i].balance > 0) {
            from = earlier(from, c->d[i].settled_to);
            right += settle(&rows, c, &c->d[i], date);
        }
    }
    re_expect(&rows, RE_LOAN_AMOUNT, c->bank, ZYD_GL_OVERDUE, "1102", "1101", gu_principal(c));
    re_compare(re, s, &rows, RE_UNEXPLAINED, from, date);
    accept_interest(c, s, right);
    c->is_overdue = true;
    c->overdue = date;
}

static void overdue(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    int32_t date = 0;
    if (s->op != NULL) {
        date = (int32_t)zyd_rd_u64(rd, 99991231);
        int32_t last = audit_pass_workday_add(re->pass, s->programme, date, (uint32_t)gu_param(c, ZYD_GP_NOTICE_WD));
        c->late = last == 0 ? re_warned(s, 1113) : s->date > last;
    } else { /* by SYS: the first maturity of what is owed (ruling 5) */
        for (size_t i = 0; i < c->d_count; i++) {
            if (c->d[i].balance > 0 && (date == 0 || c->d[i].maturity < date)) {
                date = c->d[i].maturity;
            }
        }
    }
    go_overdue(re, c, s, date);
}

static void extend(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    struct gu_drawdown *d = drawdown_of(c, zyd_rd_u64(rd, UINT32_MAX));
    int32_t to = (int32_t)zyd_rd_u64(rd, 99991231);
    if (d == NULL) {
        return;
    }
    int32_t from = d->maturity;
    charge(&rows, c, d, (struct gu_segment){from, to, d->balance});
    released(c, s, d->balance, re_days(from, to));
    d->maturity = to;
    re_compare(re, s, &rows, RE_UNEXPLAINED, from, to);
}

static void cure(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    int32_t date = (int32_t)zyd_rd_u64(rd, 99991231);
    re_expect(&rows, RE_INTEREST_AMOUNT, c->bank, ZYD_GL_REPAY_INT, "2101", "1111", gu_interest_open(c));
    re_expect(&rows, RE_LOAN_AMOUNT, c->bank, ZYD_GL_CURE, "1101", "1102", gu_principal(c));
    re_compare(re, s, &rows, RE_UNEXPLAINED, c->overdue, date);
    struct gu_segment *spell = re_append((void **)&c->spells, &c->spell_count, sizeof *spell);
    *spell = (struct gu_segment){c->overdue, date, 0};
    for (size_t i = 0; i < c->d_count; i++) {
        c->d[i].interest = 0;
        c->d[i].repaid_settled = c->d[i].balance > 0 ? c->d[i].repaid_count : c->d[i].repaid_settled;
        c->d[i].settled_to = c->d[i].balance > 0 ? date : c->d[i].settled_to;
    }
    c->is_overdue = c->claimed = c->late = false;
    c->overdue = 0;
    c->disputed = 0;
}

bool gu_window_over(const struct gu_contract *c, int32_t date)
{
    return c->is_overdue && re_days(c->overdue, date) > (int32_t)gu_param(c, ZYD_GP_CLAIM_CLOSE_DAYS);
}

void gu_release(struct re_rows *rows, struct gu_contract *c)
{
    gu_memo(rows, c->tree, gu_principal(c), 0, ZYD_GL_RELEASE);
    gu_earn_fees(rows, c);
}

static void nothing(struct re *re, const struct audit_step *s)
{
    struct re_rows none = {.count = 0};
    re_compare(re, s, &none, RE_UNEXPLAINED, 0, 0);
}

static void release(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    struct re_rows rows = {.count = 0};
    gu_release(&rows, c);
    re_compare(re, s, &rows, RE_UNEXPLAINED, 0, 0);
}

/* ---- REVERSE ---- */

static void remember(struct gu_contract *c, const struct audit_step *s)
{
    drop_before(c);
    c->before = re_new(sizeof *c->before);
    *c->before = *c;
    c->before->before = NULL;
    c->before->d = re_new((c->d_count + 1) * sizeof *c->d);
    memcpy(c->before->d, c->d, c->d_count * sizeof *c->d);
    if (c->after != NULL) {
        c->before->after = re_new(sizeof *c->after);
        *c->before->after = *c->after;
    }
    c->s_added = 0;
    re_note_take(&c->note, s);
}

static void reverse(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    if (!re_note_mirror(re, s, &c->note) || c->before == NULL) {
        return;
    }
    gu_period(c->terms, s->date);
    if (c->s_year == c->terms->year && c->s_added <= c->terms->s) {
        c->terms->s -= c->s_added;
    }
    struct gu_contract was = *c->before, now = *c;
    for (size_t i = 0; i < was.d_count; i++) { /* lists only grow: the count says what is known again */
        was.d[i].repaid = now.d[i].repaid;
    }
    for (size_t i = was.d_count; i < now.d_count; i++) {
        free(now.d[i].repaid);
    }
    free(now.d);
    free(now.after);
    free(now.before);
    was.before = NULL;
    was.note = now.note;
    was.spells = now.spells;
    was.shifted = now.shifted;
    was.terms = now.terms;
    *c = was;
}

/* ---- the door ---- */

static void grade_key(struct zyd_hash *out, uint16_t programme, const struct zyd_hash *borrower)
{
    uint8_t bytes[2 + 32];
    zyd_put16(bytes, programme);
    memcpy(bytes + 2, borrower->b, 32);
    zyd_sha256(out, bytes, sizeof bytes);
}

static void borrower_read(struct gu_contract *c, struct zyd_rd *rd)
{
    struct zyd_span raw = zyd_rd_skip(rd); /* canonical: one borrower, one sequence of bytes */
    zyd_sha256(&c->borrower, raw.data, raw.size);
}

/* The first tier that fits; what grade the borrower has is the register's word on the day. */
static void choose(struct re_guarantee *p, struct gu_contract *c, const struct audit_step *s, int64_t amount)
{
    const struct gu_terms *t = c->terms;
    struct zyd_hash key;
    grade_key(&key, t->grades, &c->borrower);
    const struct gu_grade *g = re_map_get(&p->grades, &key);
    uint64_t grade = g == NULL || g->until < s->date ? 0 : g->value;
    for (size_t i = 0; i < t->tier_count; i++) {
        const struct gu_tree *x = &t->tiers[i];
        if ((x->most == 0 || amount <= x->most) && (x->grade == 0 || x->grade == grade)) {
            c->tree = x;
            return;
        }
    }
    if (t->tier_count > 0) {
        re_find(p->re, s, RE_SHARE_AMOUNT, c->bank, 0, 0, -1, -1, "no tier of shares fits the loan");
    }
}

static void opening(struct re_guarantee *p, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    uint64_t state = zyd_rd_u64(rd, 255);
    borrower_read(c, rd);
    struct gu_drawdown *d = re_append((void **)&c->d, &c->d_count, sizeof *d);
    d->number = 1;
    d->principal = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    d->balance = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    choose(p, c, s, d->principal);
    d->rate_ppm = zyd_rd_nil(rd) ? 0 : (uint32_t)zyd_rd_u64(rd, RE_PPM);
    d->value_date = (int32_t)zyd_rd_u64(rd, 99991231);
    d->settled_to = zyd_rd_nil(rd) ? d->value_date : (int32_t)zyd_rd_u64(rd, 99991231);
    d->maturity = (int32_t)zyd_rd_u64(rd, 99991231);
    d->interest = zyd_rd_nil(rd) ? 0 : (int64_t)zyd_rd_u64(rd, INT64_MAX);
    c->overdue = zyd_rd_nil(rd) ? 0 : (int32_t)zyd_rd_u64(rd, 99991231);
    c->is_overdue = state == ZYD_GS_OVERDUE;
    c->opening = true;
    if (state == ZYD_GS_RECOVERING) {
        gu_opening_claim(c, rd);
    } else {
        zyd_rd_nil(rd);
    }
    gu_period(c->terms, s->date);
    if (!zyd_rd_nil(rd)) {
        c->terms->s = zyd_rd_u64(rd, UINT64_MAX);
    }
    if (!zyd_rd_nil(rd)) {
        c->terms->used = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    }
}

static struct gu_contract *contract_new(struct re_guarantee *p, struct gu_terms *t, const struct zyd_hash *id, uint16_t bank)
{
    struct gu_contract *c = re_new(sizeof *c);
    c->terms = t;
    c->tree = &t->tree;
    c->bank = bank;
    c->fee_ppm = gu_param(c, ZYD_GP_FEE_PPM);
    re_map_put(&p->contracts, id, c);
    return c;
}

static void begin(struct re_guarantee *p, const struct audit_step *s, struct zyd_rd *rd)
{
    struct gu_terms *t = terms_of(p, s->programme);
    if (t == NULL || s->object == NULL) {
        return;
    }
    if (s->event == ZYD_GE_ENROL_LIST) {
        struct gu_list *l = re_new(sizeof *l);
        l->terms = t;
        l->bank = s->op->member;
        zyd_rd_skip(rd); /* root and number of the loans */
        zyd_rd_skip(rd);
        l->total = (int64_t)zyd_rd_u64(rd, INT64_MAX);
        re_map_put(&p->lists, s->object, l);
        nothing(p->re, s);
        return;
    }
    struct gu_contract *c = contract_new(p, t, s->object, s->op->member);
    if (s->event == ZYD_GE_OPENING) {
        opening(p, c, s, rd);
    } else {
        borrower_read(c, rd);
        nothing(p->re, s);
    }
}

/* One loan of the list becomes a contract with a drawdown. */
static void take_one(struct re_guarantee *p, struct gu_list *l, const struct audit_step *s, struct re_rows *rows,
                     struct zyd_rd *rd)
{
    static const char tag[] = ZYD_GUARANTEE_CHILD_TAG;
    uint8_t bytes[sizeof tag - 1 + 32 + 2];
    struct gu_drawdown d = {.number = 0};
    struct zyd_hash id;
    char ref[36];
    memcpy(bytes, tag, sizeof tag - 1);
    memcpy(bytes + sizeof tag - 1, s->object->b, 32);
    zyd_put16(bytes + sizeof bytes - 2, (uint16_t)l->taken++);
    zyd_sha256(&id, bytes, sizeof bytes);
    struct gu_contract *c = contract_new(p, l->terms, &id, l->bank);
    zyd_rd_array_of(rd, LOAN_COLUMNS);
    d.number = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    borrower_read(c, rd);
    d.principal = d.balance = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    d.value_date = d.settled_to = (int32_t)zyd_rd_u64(rd, 99991231);
    d.maturity = (int32_t)zyd_rd_u64(rd, 99991231);
    d.rate_ppm = (uint32_t)zyd_rd_u64(rd, RE_PPM);
    zyd_rd_skip(rd); /* place, consent */
    zyd_rd_skip(rd);
    choose(p, c, s, d.principal);
    draw(rows, c, s, d);
    l->drawn += d.principal;
    snprintf(ref, sizeof ref, "%.20s/%u", s->ref, (unsigned)d.number);
    audit_pass_know(p->re->pass, &id, l->terms->t.programme, ref);
}

static void take_up(struct re_guarantee *p, struct gu_list *l, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    zyd_rd_skip(rd); /* place of the first */
    for (uint32_t n = zyd_rd_array(rd, ZYD_GUARANTEE_PIECE_MAX); n > 0 && !rd->bad; n--) {
        take_one(p, l, s, &rows, rd);
    }
    if (l->drawn > l->total) {
        re_find(p->re, s, RE_LOAN_AMOUNT, l->bank, 0, 0, l->drawn, l->total, "more was taken up than was signed");
    }
    re_compare(p->re, s, &rows, RE_UNEXPLAINED, 0, 0);
}

void re_guarantee_grade(struct re_guarantee *p, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct zyd_hash borrower, key;
    zyd_rd_array(&rd, 64);
    struct zyd_span raw = zyd_rd_skip(&rd);
    zyd_sha256(&borrower, raw.data, raw.size);
    grade_key(&key, s->programme, &borrower);
    struct gu_grade *g = re_map_get(&p->grades, &key);
    if (g == NULL) {
        g = re_new(sizeof *g);
        re_map_put(&p->grades, &key, g);
    }
    g->value = zyd_rd_u64(&rd, 255);
    g->until = (int32_t)zyd_rd_u64(&rd, 99991231);
}

static void offer(struct re_guarantee *p, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    choose(p, c, s, (int64_t)zyd_rd_u64(rd, INT64_MAX));
    if (!zyd_rd_nil(rd)) {
        c->fee_ppm = zyd_rd_u64(rd, RE_PPM);
    }
}

static bool is_reversible(uint16_t event)
{
    return event == ZYD_GE_DISBURSE || event == ZYD_GE_REPAY || event == ZYD_GE_PREPAY || event == ZYD_GE_OVERDUE ||
           event == ZYD_GE_EXTEND || event == ZYD_GE_CURE || event == ZYD_GE_RECOVER || event == ZYD_GE_WRITE_OFF;
}

static void member_event(struct re_guarantee *p, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re *re = p->re;
    if (is_reversible(s->event)) {
        remember(c, s);
    }
    switch ((enum zyd_guarantee_event)s->event) {
    case ZYD_GE_DISBURSE:
        disburse(re, c, s, rd);
        break;
    case ZYD_GE_REPAY:
    case ZYD_GE_PREPAY:
        repay(re, c, s, rd);
        break;
    case ZYD_GE_OVERDUE:
        overdue(re, c, s, rd);
        break;
    case ZYD_GE_EXTEND:
        extend(re, c, s, rd);
        break;
    case ZYD_GE_CURE:
        cure(re, c, s, rd);
        break;
    case ZYD_GE_CLAIM:
    case ZYD_GE_REFUSE:
    case ZYD_GE_DISPUTE:
        gu_claim_event(re, c, s);
        break;
    case ZYD_GE_FLAG_SHIFT:
        c->shifted = zyd_rd_u64(rd, 1) != 0;
        nothing(re, s);
        break;
    case ZYD_GE_APPROVE:
        gu_approve(re, c, s, (int64_t)zyd_rd_u64(rd, INT64_MAX));
        break;
    case ZYD_GE_RESOLVE:
        gu_resolve(re, c, s);
        break;
    case ZYD_GE_RECOVER:
        gu_recover(re, c, s);
        break;
    case ZYD_GE_WRITE_OFF:
        gu_write_off(re, c, s);
        break;
    case ZYD_GE_RELEASE:
        release(re, c, s);
        break;
    case ZYD_GE_REVERSE:
        reverse(re, c, s);
        break;
    case ZYD_GE_OFFER:
        offer(p, c, s, rd);
        nothing(re, s);
        break;
    default: /* no other event books anything */
        nothing(re, s);
    }
}

static void sys_event(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    switch ((enum zyd_guarantee_deadline)s->o->deadline) {
    case ZYD_GD_INT_SETTLE:
        int_settle(re, c, s);
        break;
    case ZYD_GD_OVERDUE:
        overdue(re, c, s, NULL);
        break;
    case ZYD_GD_RELEASE:
        release(re, c, s);
        break;
    case ZYD_GD_SILENCE:
        if (gu_param(c, ZYD_GP_SILENCE) == ZYD_GUARANTEE_SILENCE_APPROVE && !c->shifted) {
            gu_approve(re, c, s, -1);
            break;
        }
        nothing(re, s);
        break;
    default:
        nothing(re, s);
    }
}

void re_guarantee_step(struct re_guarantee *p, const struct audit_step *s)
{
    struct gu_contract *c = s->object == NULL ? NULL : re_map_get(&p->contracts, s->object);
    struct zyd_rd rd = zyd_rd_of(s->op == NULL ? zyd_span(NULL, 0) : s->op->args);
    if (s->op == NULL) {
        if (c != NULL) {
            sys_event(p->re, c, s);
        }
        return;
    }
    zyd_rd_array(&rd, 64);
    struct gu_list *l = s->object == NULL ? NULL : re_map_get(&p->lists, s->object);
    if (s->event == ZYD_GE_APPLY || s->event == ZYD_GE_OPENING || s->event == ZYD_GE_ENROL_LIST) {
        begin(p, s, &rd);
    } else if (c != NULL) {
        member_event(p, c, s, &rd);
    } else if (l != NULL && s->event == ZYD_GE_TAKE_UP) {
        take_up(p, l, s, &rd);
    }
}

bool re_guarantee_drawn(const struct re_guarantee *p, struct re_drawn *out, const struct zyd_hash *object, uint32_t number)
{
    const struct gu_contract *c = re_map_get(&p->contracts, object);
    const struct gu_drawdown *d = c == NULL ? NULL : drawdown_of(c, number);
    if (d != NULL) {
        *out = (struct re_drawn){d->balance, d->maturity};
    }
    return d != NULL;
}

bool re_guarantee_overdue(const struct re_guarantee *p, const struct zyd_hash *object, int32_t from, int32_t until, int32_t to)
{
    const struct gu_contract *c = re_map_get(&p->contracts, object);
    if (c == NULL) {
        return false;
    }
    for (size_t i = 0; i < c->spell_count; i++) {
        const struct gu_segment *x = &c->spells[i];
        if (x->from < x->to && ((x->from < until && x->to > from) || (x->from <= to && x->to > to))) {
            return true;
        }
    }
    return c->overdue != 0 && c->overdue <= to;
}
