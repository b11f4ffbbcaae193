/* compute.c: COMPUTE (domain.md 3.5): positions, the payments of the instruction rule, whose confirmation is needed. */
#include "cycle.h"

int64_t residual(const struct zyd_cycle_member *m)
{
    return m->in - m->out + m->paid - m->received; /* ruling 30; > 0: is to receive */
}

/* Member id: the 18 characters of USCC, from the host's record of the member. */
static void uscc_of(uint8_t out[18], uint16_t member)
{
    uint8_t name[6] = {'m', 'e', 'm', 'b', (uint8_t)(member >> 8), (uint8_t)member}, value[256];
    uint32_t size;
    int64_t got = ct_get(0, name, sizeof name, value, sizeof value);
    memset(out, 0, 18);
    if (got > 0) {
        struct ct_rd rd = {value, value + got};
        ct_rd_array(&rd);
        ct_rd_u64(&rd, 255); /* role, flags, code, USCC */
        ct_rd_u64(&rd, 255);
        ct_rd_bin(&rd, &size, 12);
        const uint8_t *uscc = ct_rd_bin(&rd, &size, 18);
        memcpy(out, uscc, size);
    }
}

/* The one who goes first: the larger amount; of equal ones the lower member id, bytewise. */
static bool before(uint16_t a, int64_t amount_a, uint16_t b, int64_t amount_b)
{
    if (amount_a != amount_b) {
        return amount_a > amount_b;
    }
    uint8_t id_a[18], id_b[18];
    uscc_of(id_a, a);
    uscc_of(id_b, b);
    return memcmp(id_a, id_b, sizeof id_a) < 0;
}

/* Instruction rule: the largest debtor pays the largest creditor the lesser of both, and again.  Each payment ends one of the
 * two, so there are at most n - 1. */
static uint32_t plan(struct zyd_cycle_plan *out, int64_t *open, uint32_t members)
{
    uint32_t count = 0;
    for (;;) {
        uint32_t debtor = members, creditor = members;
        for (uint32_t i = 0; i < members; i++) {
            if (open[i] < 0 && (debtor == members || before((uint16_t)i, -open[i], (uint16_t)debtor, -open[debtor]))) {
                debtor = i;
            }
            if (open[i] > 0 && (creditor == members || before((uint16_t)i, open[i], (uint16_t)creditor, open[creditor]))) {
                creditor = i;
            }
        }
        if (debtor == members || creditor == members) {
            return count;
        }
        int64_t amount = cc_min(-open[debtor], open[creditor]);
        out[count++] = (struct zyd_cycle_plan){amount, (uint16_t)debtor, (uint16_t)creditor, 0};
        open[debtor] += amount;
        open[creditor] -= amount;
    }
}

void compute(struct cy *y)
{
    int64_t open[ZYD_CYCLE_MEMBERS_MAX], net = 0, rest = 0;
    struct zyd_cycle_plan p[ZYD_CYCLE_MEMBERS_MAX];
    uint8_t key[1 + CT_ID_SIZE];
    y->c.position = 0;
    for (uint32_t i = 0; i < y->c.members; i++) {
        open[i] = residual(&y->m[i]);
        net += y->m[i].in - y->m[i].out;
        rest += open[i];
        y->c.position |= open[i] != 0 ? UINT64_C(1) << i : 0;
    }
    if (net != 0 || rest != 0) {
        ct_fail(E_NOT_ZERO); /* must be impossible */
    }
    ct_sha256(y->c.position_hash, open, (uint32_t)(y->c.members * sizeof open[0]));
    y->c.plan_count = plan(p, open, y->c.members);
    y->c.moved = 0;
    for (uint32_t i = 0; i < y->c.plan_count; i++) {
        y->c.moved += p[i].amount;
    }
    ct_sha256(y->c.plan_hash, p, (uint32_t)(y->c.plan_count * sizeof p[0]));
    key[0] = 'P';
    memcpy(key + 1, y->id, CT_ID_SIZE);
    ct_put(key, sizeof key, p, (uint32_t)(y->c.plan_count * sizeof p[0]));
}

/* COMPUTE: CUT_OFF -> COMPUTED.  Members with a position confirm, in the first round also FISCAL ones with a gross list; when
 * nobody is to be asked, it goes on at once. */
void work_compute(struct cy *y)
{
    if (y->c.active == 0) { /* nothing above min_amount, or all refused */
        if (y->c.count == 0) {
            ct_warn(W_EMPTY);
        }
        compute(y);
        work(y, ZYD_CW_CLOSE);
        cycle_store(y);
        return;
    }
    compute(y);
    set_state(y, ZYD_CS_COMPUTED);
    y->c.needed = y->c.position | (y->c.round == 0 ? y->c.fiscal : 0);
    y->c.confirmed = y->c.refused = 0;
    for (uint32_t i = 0; i < y->c.members; i++) {
        y->m[i].asked = y->m[i].in - y->m[i].out;
    }
    y->c.work = ZYD_CW_NONE;
    if (y->c.needed == 0) {
        set_state(y, ZYD_CS_CONFIRMED);
        work(y, ZYD_CW_INSTRUCT);
    } else {
        y->c.confirm_ms = y->call->time_ms + param(y, ZYD_CP_CONFIRM_MIN) * 60000;
        cycle_deadline(y, ZYD_CD_CONFIRM_END, y->c.confirm_ms);
    }
    cycle_store(y);
}
