/* enrol.c: ENROL: duplicates, household room, budget (domain.md 3.3, F1 to F4).
 *
 * Fingerprints are 32 bytes that the bank computes (SM3 and HMAC-SM3, or the consortium's suite): this contract only compares
 * them.  The department signs ENROL, so it stands for their being right. */
#include "subsidy.h"

struct inputs {
    const uint8_t *purpose, *controller; /* or 0 */
    uint32_t rate_ppm, lpr_ppm;
    int32_t from; /* 0: not given */
};

static const uint8_t *optional_id(struct ct_rd *rd)
{
    return ct_rd_nil(rd) ? 0 : ct_rd_id(rd);
}

/* The loan as ENROL states it; *id its fingerprint F1. */
static void read_loan(struct zyd_subsidy_loan *l, const uint8_t **id, struct inputs *in, const struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    ct_rd_array(&rd);
    memset(l, 0, sizeof *l);
    l->bank = s->call->member;
    l->borrower_kind = (uint8_t)cc_arg_borrower(l->borrower, &rd);
    memcpy(l->household, ct_rd_id(&rd), CT_ID_SIZE);
    *id = ct_rd_id(&rd);
    in->purpose = optional_id(&rd);
    in->controller = optional_id(&rd);
    l->amount = cc_arg_fen(&rd, 1);
    l->value_date = cc_arg_date(&rd);
    l->maturity = l->extended = cc_arg_date(&rd);
    in->rate_ppm = (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
    in->lpr_ppm = (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
    in->from = ct_rd_nil(&rd) ? l->value_date : cc_arg_date(&rd);
    l->fee_ppm = ct_rd_nil(&rd) ? 0 : (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
    const uint8_t *guarantee = optional_id(&rd);
    l->drawdown = ct_rd_nil(&rd) ? 1 : (uint32_t)ct_rd_u64(&rd, 999999999);
    ct_rd_end(&rd);
    if (guarantee != 0) {
        l->linked = 1;
        memcpy(l->guarantee, guarantee, CT_ID_SIZE);
    }
    l->settled_to = in->from;
    l->settle_day = (uint32_t)param(s, ZYD_SP_SETTLE_DAY);
    l->settle_months = (uint32_t)param(s, ZYD_SP_SETTLE_MONTHS);
    l->basis = (uint32_t)param(s, ZYD_SP_BASIS);
}

static bool same_id(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, CT_ID_SIZE) == 0;
}

/* Another programme enrolled the loan before: it must be the same loan, with the same settlement dates, in the same order. */
static void check_known(const struct su *s, const struct zyd_subsidy_loan *n, const struct inputs *in)
{
    const struct zyd_subsidy_loan *l = &s->l.h;
    const struct zyd_subsidy_point *p = &s->l.p[point_on(&s->l, in->from)]; /* rates on the first subsidised day */
    bool early = in->from < (l->period_count > 0 ? l->periods[0].from : s->l.p[0].date); /* rates of those days are not kept */
    if (l->bank != n->bank || l->borrower_kind != n->borrower_kind || !same_id(l->borrower, n->borrower) ||
        !same_id(l->household, n->household) || l->value_date != n->value_date || l->maturity != n->maturity ||
        l->amount != n->amount || l->fee_ppm != n->fee_ppm || l->linked != n->linked || !same_id(l->guarantee, n->guarantee) ||
        l->drawdown != n->drawdown || (!early && (p->rate_ppm != in->rate_ppm || p->lpr_ppm != in->lpr_ppm))) {
        ct_fail(CC_BAD_ID);
    }
    if (early || l->settle_day != n->settle_day || l->settle_months != n->settle_months || l->basis != n->basis) {
        ct_fail(CC_BAD_DATE);
    }
    if (l->overdue != 0) {
        ct_fail(E_SUBSIDY_OVERDUE);
    }
    if (l->paid_off != 0) {
        ct_fail(CC_BAD_STATE);
    }
}

#define DRAWDOWN_KEY_SIZE (1 + CT_ID_SIZE + 4)
static void drawdown_key(uint8_t key[DRAWDOWN_KEY_SIZE], const struct zyd_subsidy_loan *l)
{
    key[0] = ZYD_SUBSIDY_KEY_DRAWDOWN;
    memcpy(key + 1, l->guarantee, CT_ID_SIZE);
    for (uint32_t i = 0; i < 4; i++) {
        key[1 + CT_ID_SIZE + i] = (uint8_t)(l->drawdown >> (24 - 8 * i));
    }
}

static bool in_use(const struct zyd_subsidy_loan *l)
{
    for (uint32_t i = 0; i < ZYD_SUBSIDY_SLOTS; i++) {
        if (l->slots[i].state != 0) {
            return true;
        }
    }
    return l->period_count > 0 || l->fee != 0;
}

/* F1 where the ledger knows the loan itself: a drawdown of a guarantee has one fingerprint.  One that was given up before
 * anything was settled (CLOSE) may have been a mistake, and does not bar the right one. */
static void check_drawdown(const struct su *s, const uint8_t *id)
{
    struct loan other;
    uint8_t key[DRAWDOWN_KEY_SIZE], was[CT_ID_SIZE];
    if (!s->l.h.linked) {
        return;
    }
    drawdown_key(key, &s->l.h);
    if (ct_get(s->call->contract, key, sizeof key, was, sizeof was) < 0 || same_id(was, id) || !loan_read(&other, s, was) ||
        !in_use(&other.h)) {
        return;
    }
    ct_fail(other.h.slots[slot_of(s)].state != 0 ? E_DUP_LOAN_CLASS : CC_BAD_ID);
}

/* F1: the loan, as this call goes on with it.  Its slot for the class must be free. */
static void take_loan(struct su *s, const uint8_t **id, struct inputs *in)
{
    struct zyd_subsidy_loan n;
    read_loan(&n, id, in, s);
    if (n.value_date > s->call->date || n.maturity <= n.value_date || in->from < n.value_date || in->from >= n.maturity ||
        (fee_kind(s) && in->from != n.value_date)) {
        ct_fail(CC_BAD_DATE);
    }
    if (fee_kind(s) && n.fee_ppm == 0) {
        ct_fail(CC_RANGE);
    }
    if (loan_load(s, *id)) {
        if (s->l.h.slots[slot_of(s)].state != 0) {
            ct_fail(E_DUP_LOAN_CLASS);
        }
        check_known(s, &n, in);
        if (s->l.h.period_count == 0 && in->from < s->l.h.settled_to) {
            s->l.h.settled_to = in->from; /* nothing was settled yet: periods begin with the first subsidised day of all */
        }
    } else {
        s->l.h = n;
        s->l.h.point_count = 1;
        s->l.p[0] = (struct zyd_subsidy_point){n.value_date, in->rate_ppm, in->lpr_ppm, 0, n.amount};
        link_check_new(s, in->rate_ppm);
    }
    check_drawdown(s, *id);
}

static void purpose_key(uint8_t key[2 + CT_ID_SIZE], const struct su *s, uint8_t letter, const uint8_t *id)
{
    key[0] = letter;
    key[1] = (uint8_t)param(s, ZYD_SP_FAMILY);
    memcpy(key + 2, id, CT_ID_SIZE);
}

/* F3: one item, one programme of a family. */
static void check_purpose(const struct su *s, const uint8_t *purpose)
{
    uint8_t key[2 + CT_ID_SIZE], id[CT_ID_SIZE];
    if (purpose != 0) {
        purpose_key(key, s, ZYD_SUBSIDY_KEY_PURPOSE, purpose);
        if (ct_get(s->call->contract, key, sizeof key, id, sizeof id) > 0) {
            ct_fail(E_DUP_PURPOSE);
        }
    }
}

/* F4: another borrower of the same controller is only flagged; humans decide. */
static void note_related(const struct su *s, const uint8_t *controller)
{
    uint8_t key[2 + CT_ID_SIZE];
    struct zyd_subsidy_related r;
    if (controller == 0) {
        return;
    }
    purpose_key(key, s, ZYD_SUBSIDY_KEY_RELATED, controller);
    if (ct_get(s->call->contract, key, sizeof key, &r, sizeof r) < 0) {
        memset(&r, 0, sizeof r);
        memcpy(r.household, s->l.h.household, CT_ID_SIZE);
        ct_put(key, sizeof key, &r, sizeof r);
    } else if (!same_id(r.household, s->l.h.household) && !r.several) {
        r.several = 1;
        ct_put(key, sizeof key, &r, sizeof r);
    }
    if (r.several) {
        ct_warn(W_RELATED_BORROWER);
    }
}

static void check_open(const struct su *s, const struct zyd_subsidy_budget *b)
{
    int32_t from = (int32_t)param(s, ZYD_SP_OPEN_FROM), until = (int32_t)param(s, ZYD_SP_OPEN_UNTIL);
    if (b->state == ZYD_SB_SUSPENDED || b->state == ZYD_SB_CLOSED || s->call->date < from ||
        (until != 0 && s->call->date > until)) {
        ct_fail(CC_BAD_STATE);
    }
}

static void new_enrolment(struct su *s, const uint8_t *id, const struct inputs *in)
{
    struct zyd_subsidy_enrolment *e = &s->e.h;
    memset(e, 0, sizeof *e);
    payers_of(s);
    e->kind = ZYD_SUBSIDY_KIND_ENROLMENT;
    e->state = ZYD_SS_ENROLLED;
    e->programme = s->call->programme;
    e->bank = s->call->member;
    e->from = e->settled_to = in->from;
    e->until = s->l.h.maturity;
    if (!fee_kind(s) && zyd_days_between(e->from, e->until) > (int32_t)param(s, ZYD_SP_MAX_DAYS)) {
        e->until = zyd_date_add(e->from, (int32_t)param(s, ZYD_SP_MAX_DAYS));
    }
    memcpy(e->loan, id, CT_ID_SIZE);
    if (in->purpose != 0) {
        memcpy(e->purpose, in->purpose, CT_ID_SIZE);
    }
    e->reserved = most_subsidy(s);
}

/* ENROL: - -> ENROLLED by BANK and DEPT.  Inputs: zyd/subsidy.h. */
void event_enrol(struct su *s)
{
    struct zyd_subsidy_budget b;
    struct house house;
    struct inputs in;
    const uint8_t *id;
    uint32_t level = (uint32_t)param(s, ZYD_SP_LEVEL), family = (uint32_t)param(s, ZYD_SP_FAMILY);
    int64_t cap = (int64_t)param(s, ZYD_SP_HOUSEHOLD_CAP);
    budget_load(&b, s);
    check_open(s, &b);
    take_loan(s, &id, &in); /* 3001 */
    house_load(&house, s, level, family);
    if (in.from < house.h.since) {
        ct_fail(CC_BAD_DATE);
    }
    uint32_t i = point_on(&s->l, in.from);
    if (!house_room(&house, 2 + s->l.h.point_count - 1 - i, in.from) || household_room(&house, in.from, cap) <= 0) {
        ct_fail(E_HOUSEHOLD_FULL);
    }
    check_purpose(s, in.purpose); /* 3003 */
    new_enrolment(s, id, &in);
    if (b.state == ZYD_SB_EXHAUSTED || s->e.h.reserved > budget_left(&b, s)) {
        ct_fail(E_BUDGET);
    }
    if (!is_bank(s, s->call->member)) {
        ct_fail(CC_SIGNER_MISSING);
    }
    cc_sign(&s->who, s->e.h.bank);
    cc_sign(&s->who, (uint16_t)param(s, ZYD_SP_DEPT));
    cc_signed_end(&s->who);

    note_related(s, in.controller);
    if (in.purpose != 0) {
        uint8_t key[2 + CT_ID_SIZE];
        purpose_key(key, s, ZYD_SUBSIDY_KEY_PURPOSE, in.purpose);
        ct_put(key, sizeof key, s->call->object, CT_ID_SIZE);
    }
    uint32_t rank = house.h.entry_count;
    house_add(&house, s, cap, cc_min(s->l.p[i].balance, (int64_t)param(s, ZYD_SP_LOAN_CAP)), in.from, s->e.h.until);
    while (++i < s->l.h.point_count) {
        house_lower(&house, rank, s->l.p[i].date, s->l.p[i].balance);
    }
    house_store(&house, s, level, family);
    struct zyd_subsidy_slot *t = &s->l.h.slots[slot_of(s)];
    memset(t, 0, sizeof *t);
    memcpy(t->object, s->call->object, CT_ID_SIZE);
    t->state = ZYD_SS_ENROLLED;
    t->kind = (uint8_t)param(s, ZYD_SP_KIND);
    t->family = (uint8_t)family;
    t->rate_ppm = kind_ppm(s);
    t->from = t->settled_to = s->e.h.from;
    t->until = s->e.h.until;
    loan_store(s, id);
    if (s->l.h.linked) {
        uint8_t key[DRAWDOWN_KEY_SIZE];
        drawdown_key(key, &s->l.h);
        ct_put(key, sizeof key, id, CT_ID_SIZE);
    }
    b.reserved += s->e.h.reserved;
    b.enrolments++;
    budget_store(&b, s);
    enrolment_store(s);
    cc_deadline_at(s->call->object, ZYD_SD_STOP, s->e.h.until);
}
