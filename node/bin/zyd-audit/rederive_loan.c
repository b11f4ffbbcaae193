/* rederive_loan.c: a guaranteed loan: drawdowns, interest, fees, exposure (domain.md 3.0.4, 3.1, E3, E4, E17, rulings 2 to 7, 13 to 19). */
#include "rederive_contract.h"

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

/* Fen-days of [from, to) by value dates, in whatever order repayments were booked.  What was repaid earns until its own value
 * date, also where that lies behind to (a payoff or an overdue date that is told late): then it is settled, too. */
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
        sum +=
            re_yearly(g->amount, c->fee_ppm, re_days(g->from, earlier(g->to, date)), (uint32_t)gu_param(c, ZYD_GP_FEE_BASIS));
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

struct gu_drawdown *gu_drawdown_of(const struct gu_contract *c, uint64_t number)
{
    for (size_t i = 0; i < c->d_count; i++) {
        if (c->d[i].number == number) {
            return &c->d[i];
        }
    }
    return NULL;
}

struct gu_drawdown *gu_draw(struct re_rows *rows, struct gu_contract *c, const struct audit_step *s, struct gu_drawdown one)
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

void gu_disburse(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    struct gu_drawdown one = {.number = 0}, *d = &one;
    d->number = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    d->principal = d->balance = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    d->value_date = d->settled_to = (int32_t)zyd_rd_u64(rd, 99991231);
    d->maturity = (int32_t)zyd_rd_u64(rd, 99991231);
    d->rate_ppm = (uint32_t)zyd_rd_u64(rd, RE_PPM);
    gu_draw(&rows, c, s, one);
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

void gu_repay(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    struct gu_drawdown *d = gu_drawdown_of(c, zyd_rd_u64(rd, UINT32_MAX));
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

void gu_int_settle(struct re *re, struct gu_contract *c, const struct audit_step *s)
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

void gu_overdue(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
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

void gu_extend(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    struct gu_drawdown *d = gu_drawdown_of(c, zyd_rd_u64(rd, UINT32_MAX));
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

void gu_cure(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
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

void gu_release_rows(struct re_rows *rows, struct gu_contract *c)
{
    gu_memo(rows, c->tree, gu_principal(c), 0, ZYD_GL_RELEASE);
    gu_earn_fees(rows, c);
    c->ended = true; /* after an approval nobody asks */
}

void gu_nothing(struct re *re, const struct audit_step *s)
{
    struct re_rows none = {.count = 0};
    re_compare(re, s, &none, RE_UNEXPLAINED, 0, 0);
}

void gu_release(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    struct re_rows rows = {.count = 0};
    gu_release_rows(&rows, c);
    re_compare(re, s, &rows, RE_UNEXPLAINED, 0, 0);
}
