/* records.c: parameters, the contract's records, and the budget of the programme (zyd/subsidy.h). */
#include "subsidy.h"

void params_open(struct su *s)
{
    struct ct_rd rd = ct_params_rd(s->call);
    if (ct_rd_array(&rd) != 3) {
        ct_fail(CC_RANGE);
    }
    s->slots = cc_slots(&rd, ZYD_SUBSIDY_PARAM_COUNT);
    s->lists = rd;
}

uint64_t param(const struct su *s, enum zyd_subsidy_param which)
{
    return cc_slot(s->slots, (uint32_t)which);
}

bool fee_kind(const struct su *s)
{
    return param(s, ZYD_SP_KIND) == ZYD_SK_FEE_SHARE;
}

uint32_t slot_of(const struct su *s)
{
    uint32_t level = (uint32_t)param(s, ZYD_SP_LEVEL);
    if (level < ZYD_SV_COUNTY || level > ZYD_SV_CENTRAL) {
        ct_fail(CC_RANGE);
    }
    return (fee_kind(s) ? 4 : 0) + level - 1;
}

bool is_bank(const struct su *s, uint16_t member)
{
    struct ct_rd rd = s->lists;
    bool found = false;
    for (uint32_t n = ct_rd_array(&rd); n > 0; n--) {
        found = ct_rd_u64(&rd, CT_NO_MEMBER) == member || found;
    }
    return found;
}

void payers_of(struct su *s)
{
    struct ct_rd rd = s->lists;
    uint32_t sum = 0;
    for (uint32_t n = ct_rd_array(&rd); n > 0; n--) {
        ct_rd_u64(&rd, CT_NO_MEMBER); /* the banks */
    }
    uint32_t count = ct_rd_array(&rd);
    if (count == 0 || count > ZYD_SUBSIDY_PAYERS_MAX) {
        ct_fail(CC_SHARE_SUM);
    }
    memset(s->e.p, 0, sizeof s->e.p);
    for (uint32_t i = 0; i < count; i++) {
        if (ct_rd_array(&rd) != 2) {
            ct_fail(CC_RANGE);
        }
        s->e.p[i].member = (uint16_t)ct_rd_u64(&rd, CT_NO_MEMBER - 1);
        s->e.p[i].ppm = (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
        sum += s->e.p[i].ppm;
    }
    if (sum != CC_PPM) {
        ct_fail(CC_SHARE_SUM);
    }
    s->e.h.payer_count = (uint8_t)count;
}

void enrolment_load(struct su *s)
{
    int64_t size = ct_get(s->call->contract, s->call->object, CT_ID_SIZE, &s->e, sizeof s->e);
    if (size < (int64_t)sizeof s->e.h || s->e.h.kind != ZYD_SUBSIDY_KIND_ENROLMENT || !loan_load(s, s->e.h.loan)) {
        ct_fail(CC_BAD_STATE);
    }
}

void enrolment_store(const struct su *s)
{
    ct_put(s->call->object, CT_ID_SIZE, &s->e, (uint32_t)(sizeof s->e.h + s->e.h.payer_count * sizeof s->e.p[0]));
}

static void loan_key(uint8_t key[1 + CT_ID_SIZE], const uint8_t id[CT_ID_SIZE])
{
    key[0] = ZYD_SUBSIDY_KEY_LOAN;
    memcpy(key + 1, id, CT_ID_SIZE);
}

bool loan_read(struct loan *l, const struct su *s, const uint8_t id[CT_ID_SIZE])
{
    uint8_t key[1 + CT_ID_SIZE];
    loan_key(key, id);
    return ct_get(s->call->contract, key, sizeof key, l, sizeof *l) >= (int64_t)sizeof l->h;
}

bool loan_load(struct su *s, const uint8_t id[CT_ID_SIZE])
{
    char name[CC_TEXT_SIZE];
    if (!loan_read(&s->l, s, id)) {
        return false;
    }
    cc_borrower_text(name, s->l.h.borrower_kind, s->l.h.borrower);
    cc_account_text(s->customer, "2101", name);
    return true;
}

void loan_store(const struct su *s, const uint8_t id[CT_ID_SIZE])
{
    uint8_t key[1 + CT_ID_SIZE];
    loan_key(key, id);
    ct_put(key, sizeof key, &s->l, (uint32_t)(sizeof s->l.h + s->l.h.point_count * sizeof s->l.p[0]));
}

void state_in(const struct su *s, uint32_t first, uint32_t last)
{
    if (s->e.h.state < first || s->e.h.state > last) {
        ct_fail(CC_BAD_STATE);
    }
}

void set_state(struct su *s, enum zyd_subsidy_state state)
{
    s->e.h.state = (uint8_t)state;
    s->l.h.slots[slot_of(s)].state = (uint8_t)state;
}

#define BUDGET_KEY_SIZE 32u
static void budget_key(uint8_t key[BUDGET_KEY_SIZE], const struct su *s)
{
    memset(key, 0, BUDGET_KEY_SIZE);
    memcpy(key, ZYD_SUBSIDY_KEY_BUDGET, sizeof ZYD_SUBSIDY_KEY_BUDGET - 1);
    key[30] = (uint8_t)(s->call->programme >> 8);
    key[31] = (uint8_t)s->call->programme;
}

void budget_load(struct zyd_subsidy_budget *b, const struct su *s)
{
    uint8_t key[BUDGET_KEY_SIZE];
    budget_key(key, s);
    if (ct_get(s->call->contract, key, sizeof key, b, sizeof *b) < 0) {
        memset(b, 0, sizeof *b);
        b->state = ZYD_SB_OPEN;
    }
}

int64_t budget_left(const struct zyd_subsidy_budget *b, const struct su *s)
{
    return (int64_t)param(s, ZYD_SP_BUDGET) - b->reserved - b->paid + b->back;
}

void budget_store(struct zyd_subsidy_budget *b, const struct su *s)
{
    uint8_t key[BUDGET_KEY_SIZE];
    budget_key(key, s);
    if (b->state == ZYD_SB_OPEN || b->state == ZYD_SB_EXHAUSTED) {
        b->state = budget_left(b, s) > 0 ? ZYD_SB_OPEN : ZYD_SB_EXHAUSTED;
    }
    ct_put(key, sizeof key, b, sizeof *b);
}

void release_reserve(struct su *s, struct zyd_subsidy_budget *b)
{
    b->reserved -= s->e.h.reserved;
    s->e.h.reserved = 0;
}

struct zyd_subsidy_slot *own_slot(struct su *s)
{
    return &s->l.h.slots[slot_of(s)];
}

void last_day(struct su *s, int32_t until)
{
    if (until < s->e.h.until) {
        s->e.h.until = own_slot(s)->until = until;
    }
}

bool settled_all(const struct su *s)
{
    const struct zyd_subsidy_enrolment *e = &s->e.h;
    return e->settled_to >= e->until || (s->l.h.paid_off != 0 && e->settled_to >= s->l.h.paid_off);
}

void finish(struct su *s, struct house *house, struct zyd_subsidy_budget *b)
{
    release_reserve(s, b);
    if (house_has(house, s->call->object)) {
        house->e[house_find(house, s->call->object)].done = 1;
    }
}
