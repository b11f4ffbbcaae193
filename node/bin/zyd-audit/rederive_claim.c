/* rederive_claim.c: claims, the cap, shares, recoveries (domain.md 3.1, E2, E5 to E7, rulings 1, 8, 14, 18, 20 to 23). */
#include "rederive_contract.h"

#define YEAR_PPM2 ((zyd_u128)365 * RE_PPM * RE_PPM)

/* T: what the guarantee covers of what is owed (ruling 18). */
static int64_t covered(const struct gu_contract *c)
{
    int64_t t = gu_principal(c);
    if (gu_param(c, ZYD_GP_COVER) == ZYD_GUARANTEE_COVER_INTEREST) {
        t += gu_interest_open(c);
    }
    return c->late ? re_ppm(t, RE_PPM - gu_param(c, ZYD_GP_LATE_PPM), RE_FLOOR) : t;
}

static void finish(struct re *re, const struct audit_step *s, struct re_rows *rows)
{
    re_compare(re, s, rows, RE_UNEXPLAINED, 0, 0);
}

static void claim(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    int64_t principal = (int64_t)zyd_rd_u64(rd, INT64_MAX), interest = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    zyd_rd_skip(rd);
    bool shifted = !zyd_rd_nil(rd) && zyd_rd_u64(rd, 1) != 0;
    if (c->after != NULL) {
        re_find(re, s, RE_PAID_TWICE, c->bank, 0, 0, principal + interest, 0, "claimed again after it was compensated");
        return;
    }
    if (shifted || c->shifted) {
        re_find(re, s, RE_BANK_SHARE_SHIFTED, c->bank, 0, 0, -1, -1, "claimed although the bank's share was shifted");
    }
    if (principal != gu_principal(c) || interest != gu_interest_open(c)) {
        re_find(re, s, RE_CLAIM_AMOUNT, c->bank, c->overdue, s->date, principal + interest,
                gu_principal(c) + gu_interest_open(c), "principal and interest claimed, and owed");
    }
    c->claimed = true;
    c->claim = covered(c);
    c->disputed = 0;
}

void gu_claim_event(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct re_rows rows = {.count = 0};
    zyd_rd_array(&rd, 64);
    if (s->event == ZYD_GE_CLAIM) {
        claim(re, c, s, &rd);
    } else if (s->event == ZYD_GE_DISPUTE) {
        c->disputed = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    } else { /* REFUSE */
        c->claimed = false;
        c->disputed = 0;
        if (gu_window_over(c, s->date)) {
            gu_release_rows(&rows, c); /* ruling 7 */
        }
    }
    finish(re, s, &rows);
}

/* ---- APPROVE ---- */

static int64_t room(const struct gu_contract *c)
{
    const struct gu_terms *t = c->terms;
    uint64_t cap_ppm = gu_param(c, ZYD_GP_CAP_PPM);
    if (cap_ppm == 0) {
        return INT64_MAX;
    }
    zyd_u128 n = t->s * c->tree->nodes[1].ppm, whole = n / YEAR_PPM2 * cap_ppm, rest = n % YEAR_PPM2 * cap_ppm / YEAR_PPM2;
    zyd_u128 cap = whole + rest; /* FLOOR(n x cap / ..) without passing 2^128 */
    return cap <= (zyd_u128)(uint64_t)t->used ? 0 : (int64_t)(cap - (uint64_t)t->used);
}

struct round {
    int64_t bank, rest, compensated, overflow, inc[ZYD_GUARANTEE_LEAVES_MAX];
};

static uint16_t first_payer(const struct gu_contract *c)
{
    uint16_t payer = gu_member(c, ZYD_GP_FIRST_PAYER);
    return payer == RE_NO_MEMBER ? gu_member(c, ZYD_GP_GUAR) : payer;
}

static struct round share(const struct gu_contract *c, int64_t amount)
{
    const struct gu_claim *k = c->after;
    struct round r;
    int64_t memory[ZYD_GUARANTEE_LEAVES_MAX];
    gu_level1(&r.bank, &r.rest, c->tree, k->total + amount, k->bank_part, k->rest);
    r.compensated = re_min(r.rest, room(c));
    r.overflow = r.rest - r.compensated;
    for (size_t i = 0; i + 1 < k->party_count; i++) {
        memory[i] = k->parties[i].borne;
    }
    gu_split(r.inc, c->tree, k->compensated + r.compensated, memory);
    return r;
}

/* Rows of a round in the accounts of the first payer, the bank and those who share (ruling 1). */
static void expect_round(struct re_rows *rows, struct gu_contract *c, const struct round *r, enum re_kind kind)
{
    struct gu_claim *k = c->after;
    uint16_t payer = first_payer(c);
    bool covers = gu_param(c, ZYD_GP_COVER) == ZYD_GUARANTEE_COVER_INTEREST;
    int64_t from_interest = covers ? re_min(r->compensated, k->interest_open) : 0;
    re_expect(rows, kind, payer, ZYD_GL_CLAIM_OK, "1135", "2141", r->compensated);
    re_expect(rows, kind, c->bank, ZYD_GL_CLAIM_OK, "1141", "1111", from_interest);
    re_expect(rows, kind, c->bank, ZYD_GL_CLAIM_OK, "1141", "1102", r->compensated - from_interest);
    for (size_t i = 0; i + 1 < k->party_count; i++) {
        uint16_t member = k->parties[i].member;
        if (member == payer) {
            re_expect(rows, RE_SHARE_AMOUNT, payer, ZYD_GL_OWN_PART, "1131", "1135", r->inc[i]);
        } else {
            re_expect(rows, RE_SHARE_AMOUNT, payer, ZYD_GL_SHARE, "1141", "1135", r->inc[i]);
            re_expect(rows, RE_SHARE_AMOUNT, member, ZYD_GL_SHARE, "1131", "2141", r->inc[i]);
        }
    }
    k->overdue_open -= r->compensated - from_interest;
    k->interest_open -= from_interest;
    int64_t lost = re_min(r->overflow, k->overdue_open);
    re_expect(rows, RE_OVER_CAP, c->bank, ZYD_GL_CAP_OVERFLOW, "5011", "1102", lost);
    re_expect(rows, RE_OVER_CAP, c->bank, ZYD_GL_CAP_OVERFLOW, "5011", "1111", r->overflow - lost);
    k->overdue_open -= lost;
    k->interest_open -= r->overflow - lost;
}

/* What the parties bore: as it was booked. */
static void bear(struct gu_contract *c, const struct audit_step *s, const struct round *r, int64_t amount)
{
    struct gu_claim *k = c->after;
    uint16_t payer = first_payer(c);
    int64_t booked = re_booked(s, payer, ZYD_GL_CLAIM_OK, "1135", "2141");
    k->total += amount;
    k->bank_part += r->bank;
    k->rest += r->rest;
    k->compensated += booked;
    k->overflow += r->overflow;
    for (size_t i = 0; i + 1 < k->party_count; i++) {
        struct gu_party *p = &k->parties[i];
        int64_t one = re_booked(s, p->member, p->member == payer ? ZYD_GL_OWN_PART : ZYD_GL_SHARE, "1131", "");
        p->borne += one;
        p->open += one;
    }
    k->parties[k->party_count - 1].borne += r->bank + r->overflow;
    c->terms->used += booked;
}

static enum re_kind blame(const struct gu_contract *c, const struct audit_step *s, const struct round *r)
{
    int64_t booked = re_booked(s, first_payer(c), ZYD_GL_CLAIM_OK, "1135", "2141");
    return booked > r->rest ? RE_BANK_SHARE : booked > r->compensated ? RE_OVER_CAP : RE_CLAIM_AMOUNT;
}

void gu_approve(struct re *re, struct gu_contract *c, const struct audit_step *s, int64_t stated)
{
    struct re_rows rows = {.count = 0};
    uint16_t leaves[ZYD_GUARANTEE_LEAVES_MAX];
    int64_t amount = c->claim - c->disputed;
    gu_period(c->terms, s->date);
    if (c->after != NULL) {
        int64_t booked = re_booked(s, first_payer(c), ZYD_GL_CLAIM_OK, "1135", "2141");
        re_find(re, s, RE_PAID_TWICE, first_payer(c), 0, 0, booked, 0, "the claim was compensated before");
        c->terms->used += booked;
        return;
    }
    if (c->shifted) {
        re_find(re, s, RE_BANK_SHARE_SHIFTED, c->bank, 0, 0, -1, -1, "approved although the bank's share was shifted");
    }
    if (stated >= 0 && stated != amount) {
        re_find(re, s, RE_CLAIM_AMOUNT, first_payer(c), 0, 0, stated, amount, "T as it was approved");
    }
    c->after = re_new(sizeof *c->after);
    c->after->party_count = gu_leaves(c->tree, leaves) + 1;
    for (size_t i = 0; i < c->after->party_count; i++) {
        c->after->parties[i].member = i + 1 < c->after->party_count ? leaves[i] : c->bank;
    }
    c->after->overdue_open = gu_principal(c);
    c->after->interest_open = gu_interest_open(c);
    struct round r = share(c, amount);
    expect_round(&rows, c, &r, blame(c, s, &r));
    gu_release_rows(&rows, c); /* rulings 2 and 4 */
    finish(re, s, &rows);
    bear(c, s, &r, amount);
    c->claimed = false;
    c->approved = true;
}

void gu_resolve(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct re_rows rows = {.count = 0};
    zyd_rd_array(&rd, 64);
    int64_t upheld = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    if (c->after != NULL) {
        if (upheld > 0) { /* compensated on top, the shares with memory */
            gu_period(c->terms, s->date);
            struct round r = share(c, upheld);
            expect_round(&rows, c, &r, blame(c, s, &r));
            finish(re, s, &rows);
            bear(c, s, &r, upheld);
            c->disputed = 0;
            return;
        }
    } else if (c->claimed) {
        c->claim -= c->disputed - upheld;
    } else if (upheld > 0) { /* a refusal: it is a claim again */
        c->claim = upheld;
        c->claimed = true;
    } else if (gu_window_over(c, s->date)) {
        gu_release_rows(&rows, c);
    }
    c->disputed = 0;
    finish(re, s, &rows);
}

/* ---- recoveries ---- */

/* One part of a recovery: into the party's own accounts, largest claim first (ruling 22). */
static void pay_down(struct re_rows *rows, uint16_t collector, uint16_t party, const char *account, int64_t amount)
{
    if (party == collector) {
        re_expect(rows, RE_RECOVERY_AMOUNT, party, ZYD_GL_RECOV, "2171", account, amount);
    } else {
        re_expect_due(rows, RE_RECOVERY_AMOUNT, ZYD_GL_RECOV, collector, "2171", party, account, amount);
    }
}

static int64_t take(int64_t *from, int64_t amount)
{
    int64_t part = re_min(*from, amount);
    *from -= part;
    return part;
}

void gu_recover(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct re_rows rows = {.count = 0};
    struct gu_claim *k = c->after;
    int64_t inc[RE_PARTS], memory[RE_PARTS] = {0}, weights[RE_PARTS] = {0}, borne = 0, before = 0;
    zyd_rd_array(&rd, 64);
    int64_t gross = (int64_t)zyd_rd_u64(&rd, INT64_MAX), cost = (int64_t)zyd_rd_u64(&rd, INT64_MAX);
    uint16_t collector = gu_member(c, ZYD_GP_COLLECTOR);
    collector = collector == RE_NO_MEMBER ? gu_member(c, ZYD_GP_GUAR) : collector;
    if (k == NULL) {
        re_find(re, s, RE_RECOVERY_AMOUNT, collector, 0, 0, gross, 0, "recovered although nothing was compensated");
        return;
    }
    int64_t costs = re_min(gross, cost + k->cost_carried);
    k->cost_carried += cost - costs;
    re_expect(&rows, RE_RECOVERY_AMOUNT, collector, ZYD_GL_RECOV, "1001", "2171", gross);
    re_expect(&rows, RE_RECOVERY_AMOUNT, collector, ZYD_GL_RECOV, "2171", "1001", costs);
    for (size_t i = 0; i < k->party_count; i++) {
        weights[i] = k->parties[i].borne;
        memory[i] = k->parties[i].recovered;
        borne += weights[i];
        before += memory[i];
    }
    int64_t total = re_min(before + gross - costs, borne), surplus = gross - costs - (total - before);
    if (!re_alloc(inc, memory, total, weights, k->party_count)) {
        return;
    }
    for (size_t i = 0; i < k->party_count; i++) {
        struct gu_party *p = &k->parties[i];
        bool bank = i + 1 == k->party_count;
        int64_t left = inc[i], down = take(bank ? &k->overdue_open : &p->open, left);
        p->recovered += inc[i];
        pay_down(&rows, collector, p->member, bank ? "1102" : "1131", down);
        left -= down;
        if (bank) {
            down = take(&k->interest_open, left);
            pay_down(&rows, collector, p->member, "1111", down);
            left -= down;
        }
        pay_down(&rows, collector, p->member, "4031", left);
        if (bank) { /* more than all that was borne: what the bank has open, then the borrower */
            down = take(&k->overdue_open, surplus);
            pay_down(&rows, collector, p->member, "1102", down);
            surplus -= down;
            down = take(&k->interest_open, surplus);
            pay_down(&rows, collector, p->member, "1111", down);
            pay_down(&rows, collector, p->member, "2101", surplus - down);
        }
    }
    finish(re, s, &rows);
}

void gu_write_off(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    struct re_rows rows = {.count = 0};
    struct gu_claim *k = c->after;
    uint16_t member = s->op->member;
    for (size_t i = 0; k != NULL && i < k->party_count; i++) {
        struct gu_party *p = &k->parties[i];
        bool bank = i + 1 == k->party_count;
        if (p->member == member) {
            re_expect(&rows, RE_RECOVERY_AMOUNT, member, ZYD_GL_WRITE_OFF, "5012", bank ? "1102" : "1131",
                      bank ? k->overdue_open : p->open);
            re_expect(&rows, RE_RECOVERY_AMOUNT, member, ZYD_GL_WRITE_OFF, "5012", "1111", bank ? k->interest_open : 0);
            p->open = 0;
            if (bank) {
                k->overdue_open = k->interest_open = 0;
            }
        }
    }
    finish(re, s, &rows);
}

void gu_opening_claim(struct gu_contract *c, struct zyd_rd *borne)
{
    uint16_t leaves[ZYD_GUARANTEE_LEAVES_MAX];
    struct gu_claim *k = c->after = re_new(sizeof *k);
    k->party_count = gu_leaves(c->tree, leaves) + 1;
    for (size_t i = 0; i < k->party_count; i++) {
        k->parties[i].member = i + 1 < k->party_count ? leaves[i] : c->bank;
    }
    for (uint32_t n = zyd_rd_nil(borne) ? 0 : zyd_rd_array(borne, 64); n > 0; n--) {
        zyd_rd_array_of(borne, 2);
        uint16_t member = (uint16_t)zyd_rd_u64(borne, UINT16_MAX);
        int64_t fen = (int64_t)zyd_rd_u64(borne, INT64_MAX);
        for (size_t i = 0; i < k->party_count; i++) {
            struct gu_party *p = &k->parties[i];
            if (p->member != member) {
                continue;
            }
            bool bank = i + 1 == k->party_count;
            p->borne = fen;
            k->total += fen;
            *(bank ? &k->bank_part : &k->rest) += fen;
            k->compensated += bank ? 0 : fen;
            *(bank ? &k->overdue_open : &p->open) += fen;
            break;
        }
    }
}
