/* Random events of product (e), PAID of what settles gross, COUNTERSIGN of what waits. */
#include "products.h"
#include <zyd/contract.h>
#include <zyd/cycle_names.h>

static size_t part_of(struct sim *s, void *out, size_t cap, char kind, const struct zyd_hash *cycle, const uint32_t *number)
{
    uint8_t name[37];
    name[0] = (uint8_t)kind;
    memcpy(name + 1, cycle->b, 32);
    if (number != NULL) {
        zyd_put32(name + 33, *number);
    }
    return record_of(s, out, cap, 5, name, number == NULL ? 33 : 37);
}

static bool confirm(struct sim *s, struct draft *d, const struct zyd_hash *id, const struct zyd_cycle *c)
{
    struct zyd_cycle_member rows[ZYD_CYCLE_MEMBERS_MAX];
    struct zyd_hash hash;
    char cycle[65], statement[65], refuse[80] = "";
    uint64_t left = c->needed & ~(c->confirmed | c->refused);
    uint16_t m = (uint16_t)prng_below(&s->client, PRODUCT_MEMBERS);
    for (int i = 0; i < PRODUCT_MEMBERS && (left >> m & 1) == 0; i++) {
        m = (uint16_t)((m + 1) % PRODUCT_MEMBERS);
    }
    if ((left >> m & 1) == 0) {
        return false;
    }
    (void)part_of(s, rows, sizeof rows, 'M', id, NULL);
    zyd_cycle_statement_hash(&hash, id, c, rows, m);
    if (chance(s, 6) && c->count > 0) { /* no to one of its obligations, or of somebody else's */
        struct zyd_cycle_entry page[ZYD_CYCLE_PAGE];
        uint32_t first = 0;
        size_t n = part_of(s, page, sizeof page, 'O', id, &first) / sizeof page[0];
        if (n > 0) {
            char one[65];
            hex_of(one, page[prng_below(&s->client, n)].id);
            snprintf(refuse, sizeof refuse, "|refuse=%s", one);
        }
    }
    hex_of(cycle, id->b);
    hex_of(statement, hash.b);
    d->event = ZYD_CE_CONFIRM;
    d->member = m;
    TEXT(d, "cycle=%s|statement=%s%s", cycle, statement, refuse);
    return true;
}

static bool notice(struct sim *s, struct draft *d, const struct zyd_hash *id, const struct zyd_cycle *c)
{
    struct zyd_cycle_instruction i;
    char cycle[65];
    uint32_t number = (uint32_t)between(s, c->instr_first, c->instr_count);
    if (part_of(s, &i, sizeof i, 'N', id, &number) == 0 || i.state != ZYD_CYCLE_OPEN) {
        return false;
    }
    bool debit = (i.notices & 1) == 0;
    hex_of(cycle, id->b);
    d->event = ZYD_CE_NOTICE;
    bool at_bank = (debit ? i.payer : i.payee) == CORE; /* the others are banks of their own */
    d->member = at_bank ? BANK : debit ? i.payer : i.payee;
    TEXT(d, "cycle=%s|side=%s|end_to_end=%s|amount_fen=%lld%s|bank_ref=B|value_date=%d", cycle, debit ? "DEBIT" : "CREDIT",
         i.end_to_end, (long long)(i.amount + (chance(s, 3) ? 1 : 0)), at_bank ? "|account=6222-C" : "", today_of(s));
    return true;
}

bool cycle_draw(struct sim *s, struct draft *d)
{
    struct products *p = s->products;
    struct zyd_cycle_clock clock;
    uint8_t name[32] = ZYD_CYCLE_KEY_CLOCK;
    name[31] = C_NET;
    d->programme = C_NET;
    d->member = BANK;
    if (record_of(s, &clock, sizeof clock, 5, name, sizeof name) == 0) {
        d->event = ZYD_CE_START;
        return true;
    }
    if (p->count[5] == 0 || chance(s, 10)) { /* something to net, beside what the products make */
        static const char *const codes[] = {"BANK", "GUAR", "REG", "NFGF", "BANK2", "CORE", "S1", "S2"};
        static const uint16_t indexes[] = {BANK, GUAR, REG, NFGF, BANK2, CORE, S1, S2};
        size_t a = prng_below(&s->client, 8), b = (a + 1 + prng_below(&s->client, 7)) % 8;
        d->event = ZYD_CE_OPENING;
        d->member = indexes[a];
        TEXT(d, "debtor=%s|creditor=%s|amount_fen=%lld|debit=5021|credit=4021", codes[a], codes[b],
             (long long)between(s, 1, 10000000));
        return true;
    }
    const struct thing *t = &p->things[5][prng_below(&s->client, p->count[5])];
    struct zyd_cycle c;
    if (record_of(s, &c, sizeof c, 5, t->id.b, 32) != sizeof c || c.kind != ZYD_CYCLE_KIND_CYCLE) {
        return false;
    }
    if (c.state == ZYD_CS_COMPUTED) {
        return confirm(s, d, &t->id, &c);
    }
    return (c.state == ZYD_CS_INSTRUCTED || c.state == ZYD_CS_SETTLING) && notice(s, d, &t->id, &c);
}

bool paid_draw(struct sim *s, struct draft *d)
{
    struct products *p = s->products;
    struct zyd_obligation o;
    struct zyd_record r;
    struct zyd_hash key;
    for (int tries = 0; tries < 12 && p->owed_count > 0; tries++) {
        size_t i = prng_below(&s->client, p->owed_count);
        struct zyd_hash one = p->owed[i];
        zyd_obligation_key(&key, &one);
        bool there = model_find(s->model, &r, &key) && zyd_obligation_decode(&o, r.value) == ZYD_OK;
        bool wrong = chance(s, 6); /* one that is netted, or paid */
        if (there && o.state == CT_OBL_CREATED && !o.gross && !wrong) {
            p->owed[i] = p->owed[--p->owed_count]; /* the cycle's */
            continue;
        }
        if (!chance(s, 20)) { /* else somebody will want to pay it again */
            p->owed[i] = p->owed[--p->owed_count];
        }
        if (there && (wrong || (o.gross && o.state == CT_OBL_CREATED))) {
            d->event = ZYD_HOST_PAID;
            d->member = o.debtor;
            d->has_object = true;
            d->object = one;
            d->seq = r.seq;
            return true;
        }
    }
    return false;
}

/* COUNTERSIGN by one whose signature lacks; now and then DECLINE. */
bool waiting_draw(struct sim *s, struct draft *d)
{
    struct products *p = s->products;
    struct zyd_pending w;
    struct zyd_record r;
    struct zyd_hash key;
    while (p->waiting_count > 0) {
        size_t i = prng_below(&s->client, p->waiting_count);
        zyd_pending_key(&key, &p->waiting[i]);
        if (!model_find(s->model, &r, &key) || zyd_pending_decode(&w, r.value) != ZYD_OK || w.state != 1 ||
            w.missing_count == 0) {
            p->waiting[i] = p->waiting[--p->waiting_count]; /* it ended */
            continue;
        }
        d->event = chance(s, 93) ? ZYD_HOST_COUNTERSIGN : ZYD_HOST_DECLINE;
        d->member = w.missing[prng_below(&s->client, w.missing_count)];
        d->has_object = true;
        d->object = p->waiting[i];
        return true;
    }
    return false;
}
