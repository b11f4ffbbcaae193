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

/* Places of the members with a position in the order of their ids, bytewise: read once, since equal amounts may be many. */
static void rank_members(uint8_t rank[ZYD_CYCLE_MEMBERS_MAX], const int64_t *open, uint32_t members)
{
    uint8_t ids[ZYD_CYCLE_MEMBERS_MAX][18];
    memset(rank, 0, ZYD_CYCLE_MEMBERS_MAX);
    for (uint32_t i = 0; i < members; i++) {
        if (open[i] == 0) {
            continue;
        }
        uscc_of(ids[i], (uint16_t)i);
        for (uint32_t k = 0; k < i; k++) {
            if (open[k] != 0) {
                rank[memcmp(ids[k], ids[i], sizeof ids[i]) < 0 ? i : k]++;
            }
        }
    }
}

/* Instruction rule: the largest debtor pays the largest creditor the lesser of both, and again; of equal ones the lower
 * member id goes first.  Each payment ends one of the two, so there are at most n - 1. */
static uint32_t plan(struct zyd_cycle_plan *out, int64_t *open, uint32_t members)
{
    uint8_t rank[ZYD_CYCLE_MEMBERS_MAX];
    uint32_t count = 0;
    rank_members(rank, open, members);
    for (;;) {
        uint32_t debtor = members, creditor = members;
        for (uint32_t i = 0; i < members; i++) {
            if (open[i] < 0 && (debtor == members || open[i] < open[debtor] ||
                                (open[i] == open[debtor] && rank[i] < rank[debtor]))) {
                debtor = i;
            }
            if (open[i] > 0 && (creditor == members || open[i] > open[creditor] ||
                                (open[i] == open[creditor] && rank[i] < rank[creditor]))) {
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
