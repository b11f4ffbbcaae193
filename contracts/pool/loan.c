/* loan.c: loans that the pool stands behind, and the breaker over them (domain.md 3.2: REGISTER_LOAN, BREAK; E9). */
#include "pool.h"

void memo(struct pl *p, int64_t before, int64_t after)
{
    uint32_t ratio = class_ratio(p, p->o.h.loan_class);
    int64_t up = cc_ppm(after, ratio, CT_FLOOR) - cc_ppm(before, ratio, CT_FLOOR);
    if (up > 0) {
        cc_post(p->trustee, ZYD_PL_MEMO, "9001", "9002", up, 0);
    } else {
        cc_post(p->trustee, ZYD_PL_MEMO, "9002", "9001", -up, 0);
    }
    p->pool.memo += up;
}

/* npl x 10^6 >= line x balance; a line of 0 is none. */
static bool reached(const struct pl *p, enum zyd_pool_param line)
{
    uint64_t ppm = param(p, line);
    return ppm != 0 && p->pool.npl > 0 &&
           (ct_u128)(uint64_t)p->pool.npl * (uint64_t)CC_PPM >= (ct_u128)ppm * (uint64_t)p->pool.balance;
}

void breaker(struct pl *p, bool rose)
{
    if (p->pool.state < ZYD_PS_OPEN || p->pool.state >= ZYD_PS_STOPPED) {
        return; /* only RESUME leads out of STOPPED */
    }
    if (rose && reached(p, ZYD_PP_STOP_PPM)) {
        pool_become(p, ZYD_PS_STOPPED);
    } else {
        pool_become(p, reached(p, ZYD_PP_WARN_PPM) ? ZYD_PS_WARN : ZYD_PS_OPEN);
    }
}

void npl_set(struct pl *p, bool on)
{
    bool was = (p->o.h.flags & ZYD_PF_NPL) != 0;
    if (on && !was) {
        p->pool.npl += p->o.h.balance;
        p->o.h.flags |= ZYD_PF_NPL;
    } else if (!on && was) {
        p->pool.npl -= p->o.h.balance;
        p->o.h.flags = (uint8_t)(p->o.h.flags & ~ZYD_PF_NPL);
    }
}

void balance_lower(struct pl *p, int64_t by)
{
    p->o.h.balance -= by;
    if (!(p->o.h.flags & ZYD_PF_ENDED)) {
        p->pool.balance -= by;
        p->pool.npl -= p->o.h.flags & ZYD_PF_NPL ? by : 0;
    }
}

/* ENROL: an entry of the white list, by DEPT.  Inputs: borrower, loan class, last day on which a loan may be registered; a new
 * entry takes the place of the old one. */
void event_enrol(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    struct zyd_pool_entry entry;
    uint8_t borrower[CT_ID_SIZE], key[64];
    ct_rd_array(&rd);
    cc_arg_borrower(borrower, &rd);
    entry.loan_class = (uint32_t)ct_rd_u64(&rd, ZYD_POOL_CLASSES_MAX);
    entry.valid_until = cc_arg_date(&rd);
    ct_rd_end(&rd);
    class_ratio(p, entry.loan_class);
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    sign(p, (uint16_t)param(p, ZYD_PP_DEPT));
    signed_end(p);
    ct_put(key, key_of(key, ZYD_POOL_KEY_ENTRY, p->call->programme, 2, borrower), &entry, sizeof entry);
    minute_store(p);
}

static void eligible(const struct pl *p)
{
    struct zyd_pool_entry entry;
    uint8_t key[64];
    uint32_t size = key_of(key, ZYD_POOL_KEY_ENTRY, p->call->programme, 2, p->o.h.borrower);
    if (ct_get(p->call->contract, key, size, &entry, sizeof entry) < 0 || entry.loan_class != p->o.h.loan_class ||
        entry.valid_until < p->call->date || p->o.h.rate_ppm > param(p, ZYD_PP_RATE_CAP)) {
        ct_fail(E_NOT_ELIGIBLE);
    }
}

/* One pool of a class for a loan: 9109 for this pool, 2004 for another, unless that registration is over. */
static void registered_once(const struct pl *p, const uint8_t *key, uint32_t size)
{
    uint8_t id[CT_ID_SIZE];
    struct loan other;
    if (ct_get(p->call->contract, key, size, id, sizeof id) < 0) {
        return;
    }
    ct_get(p->call->contract, id, sizeof id, &other, sizeof other);
    if (other.h.programme == p->call->programme) {
        ct_fail(CC_DUP_KEY);
    }
    if (other.h.state != ZYD_PS_REPAID) {
        ct_fail(E_OTHER_POOL);
    }
}

static void read_loan(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    struct ct_rd rd = ct_args(p->call);
    memset(o, 0, sizeof *o);
    o->kind = ZYD_POOL_KIND_LOAN;
    o->state = ZYD_PS_REGISTERED;
    o->programme = p->call->programme;
    o->bank = p->call->member;
    ct_rd_array(&rd);
    o->borrower_kind = cc_arg_borrower(o->borrower, &rd);
    memcpy(o->loan, ct_rd_id(&rd), CT_ID_SIZE);
    o->loan_class = (uint32_t)ct_rd_u64(&rd, ZYD_POOL_CLASSES_MAX);
    o->principal = o->balance = cc_arg_fen(&rd, 1);
    o->rate_ppm = (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
    o->drawn_on = cc_arg_date(&rd);
    o->maturity = cc_arg_date(&rd);
    if (!ct_rd_nil(&rd)) {
        memcpy(o->guarantee, ct_rd_id(&rd), CT_ID_SIZE);
    }
    ct_rd_end(&rd);
}

/* REGISTER_LOAN: new -> REGISTERED by BANK, within register_wd of the drawdown. */
void event_register_loan(struct pl *p)
{
    struct zyd_pool_loan *o = &p->o.h;
    uint8_t key[64];
    read_loan(p);
    class_ratio(p, o->loan_class);
    if (o->drawn_on > p->call->date || o->maturity <= o->drawn_on) {
        ct_fail(CC_BAD_DATE);
    }
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_WARN);
    if (p->call->date > ct_workday_add(o->drawn_on, (uint32_t)param(p, ZYD_PP_REGISTER_WD))) {
        ct_fail(CC_DEADLINE);
    }
    eligible(p);
    uint32_t size = key_of_bank(key, ZYD_POOL_KEY_LOAN, (uint32_t)param(p, ZYD_PP_CLASS), 1, o->bank, o->loan);
    registered_once(p, key, size);
    uint64_t times = param(p, ZYD_PP_LEVERAGE);
    if (o->principal > CC_FEN_MAX - p->pool.balance ||
        (times != 0 && (ct_u128)(uint64_t)(p->pool.balance + o->principal) > (ct_u128)times * (uint64_t)cash(p))) {
        ct_fail(E_LEVERAGE);
    }
    if (!is_bank(p, o->bank)) {
        ct_fail(CC_SIGNER_MISSING);
    }
    sign(p, o->bank);
    signed_end(p);
    p->pool.balance += o->principal;
    memo(p, 0, o->balance);
    breaker(p, false);
    ct_put(key, size, p->call->object, CT_ID_SIZE);
    loan_store(p);
    pool_store(p);
}

/* REPAY: a loan that has no claim under way was paid down, by BANK.  Input: amount. */
void event_repay(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    int64_t amount = cc_arg_fen(&rd, 1), before = p->o.h.balance;
    ct_rd_end(&rd);
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    if (p->o.h.state != ZYD_PS_REJECTED) {
        state_in(p, ZYD_PS_REGISTERED, ZYD_PS_DEFAULTED);
    }
    if (amount > before) {
        ct_fail(E_AMOUNT_MISMATCH);
    }
    sign(p, p->o.h.bank);
    signed_end(p);
    balance_lower(p, amount);
    memo(p, before, p->o.h.balance);
    breaker(p, !(p->o.h.flags & ZYD_PF_NPL));
    if (p->o.h.balance == 0) {
        p->o.h.state = ZYD_PS_REPAID;
    }
    loan_store(p);
    pool_store(p);
}

/* STATUS: REGISTERED, DEFAULTED -> DEFAULTED by BANK.  Inputs: overdue, NPL or lawsuit accepted; since when. */
void event_status(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    uint64_t what = ct_rd_u64(&rd, ZYD_POOL_LAWSUIT);
    int32_t date = cc_arg_date(&rd);
    ct_rd_end(&rd);
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    state_in(p, ZYD_PS_REGISTERED, ZYD_PS_DEFAULTED);
    int32_t *field = what == ZYD_POOL_OVERDUE ? &p->o.h.overdue_on : what == ZYD_POOL_NPL ? &p->o.h.npl_on : &p->o.h.lawsuit_on;
    if (what == 0) {
        ct_fail(CC_RANGE);
    }
    if (date > p->call->date || date < p->o.h.drawn_on) {
        ct_fail(CC_BAD_DATE);
    }
    if (*field != 0) {
        ct_fail(CC_DUP_KEY);
    }
    sign(p, p->o.h.bank);
    signed_end(p);
    *field = date;
    p->o.h.state = ZYD_PS_DEFAULTED;
    if (what == ZYD_POOL_NPL) {
        npl_set(p, true);
        breaker(p, true);
    }
    loan_store(p);
    pool_store(p);
}

/* CURE: DEFAULTED -> REGISTERED by BANK: the borrower pays again. */
void event_cure(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    ct_rd_array(&rd);
    ct_rd_end(&rd);
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    state_in(p, ZYD_PS_DEFAULTED, ZYD_PS_DEFAULTED);
    sign(p, p->o.h.bank);
    signed_end(p);
    npl_set(p, false);
    breaker(p, false);
    p->o.h.overdue_on = p->o.h.npl_on = p->o.h.lawsuit_on = 0;
    p->o.h.state = ZYD_PS_REGISTERED;
    loan_store(p);
    pool_store(p);
}
