/* household.c: the household cap across banks (domain.md 3.3, F2): a bounded list of who asks for how much from which day on.
 *
 * Rank is the order of ENROL in the ledger.  On every day an enrolment gets what it asks for, but no more than its programme's
 * cap leaves after all that come before it.  Demands only fall, so a repayment of an earlier one frees cap for later ones from
 * its date on, whoever's bank reports it, without touching the later ones' records. */
#include "subsidy.h"

#define KEY_SIZE (3 + CT_ID_SIZE)
static void house_key(uint8_t key[KEY_SIZE], const struct su *s, uint32_t level, uint32_t family)
{
    key[0] = ZYD_SUBSIDY_KEY_HOUSEHOLD;
    key[1] = (uint8_t)level;
    key[2] = (uint8_t)family;
    memcpy(key + 3, s->l.h.household, CT_ID_SIZE);
}

void house_load(struct house *h, const struct su *s, uint32_t level, uint32_t family)
{
    uint8_t key[KEY_SIZE], bytes[sizeof *h];
    house_key(key, s, level, family);
    memset(&h->h, 0, sizeof h->h);
    if (ct_get(s->call->contract, key, sizeof key, bytes, sizeof bytes) >= (int64_t)sizeof h->h) {
        memcpy(&h->h, bytes, sizeof h->h);
        uint32_t entries = (uint32_t)(h->h.entry_count * sizeof h->e[0]);
        memcpy(h->e, bytes + sizeof h->h, entries);
        memcpy(h->d, bytes + sizeof h->h + entries, h->h.demand_count * sizeof h->d[0]);
    }
}

void house_store(const struct house *h, const struct su *s, uint32_t level, uint32_t family)
{
    uint8_t key[KEY_SIZE], bytes[sizeof *h];
    uint32_t entries = (uint32_t)(h->h.entry_count * sizeof h->e[0]), demands = (uint32_t)(h->h.demand_count * sizeof h->d[0]);
    house_key(key, s, level, family);
    memcpy(bytes, &h->h, sizeof h->h);
    memcpy(bytes + sizeof h->h, h->e, entries);
    memcpy(bytes + sizeof h->h + entries, h->d, demands);
    ct_put(key, sizeof key, bytes, (uint32_t)sizeof h->h + entries + demands);
}

static uint32_t search(const struct house *h, const uint8_t object[CT_ID_SIZE])
{
    uint32_t i = 0;
    while (i < h->h.entry_count && memcmp(h->e[i].object, object, CT_ID_SIZE) != 0) {
        i++;
    }
    return i;
}

bool house_has(const struct house *h, const uint8_t object[CT_ID_SIZE])
{
    return search(h, object) < h->h.entry_count;
}

uint32_t house_find(const struct house *h, const uint8_t object[CT_ID_SIZE])
{
    uint32_t i = search(h, object);
    if (i == h->h.entry_count) {
        ct_fail(CC_BAD_STATE);
    }
    return i;
}

static void insert(struct house *h, uint32_t rank, int32_t date, int64_t amount)
{
    uint32_t at = h->h.demand_count;
    if (at == ZYD_SUBSIDY_DEMANDS_MAX) {
        ct_fail(CC_RANGE);
    }
    for (; at > 0 && h->d[at - 1].date > date; at--) {
        h->d[at] = h->d[at - 1];
    }
    h->d[at] = (struct zyd_subsidy_demand){date, rank, amount};
    h->h.demand_count++;
}

void house_add(struct house *h, const struct su *s, int64_t cap, int64_t amount, int32_t from, int32_t until)
{
    uint32_t rank = h->h.entry_count++;
    struct zyd_subsidy_entry *e = &h->e[rank];
    memset(e, 0, sizeof *e);
    memcpy(e->object, s->call->object, CT_ID_SIZE);
    e->cap = cap;
    e->settled_to = from;
    insert(h, rank, from, amount);
    insert(h, rank, until, 0);
}

void house_lower(struct house *h, uint32_t rank, int32_t date, int64_t amount)
{
    int64_t before = h->e[rank].base; /* asked for on date */
    bool exact = date <= h->h.since;
    for (uint32_t i = 0; i < h->h.demand_count; i++) {
        struct zyd_subsidy_demand *d = &h->d[i];
        if (d->entry != rank) {
            continue;
        }
        if (d->date < date) {
            before = d->amount;
            continue;
        }
        exact = exact || d->date == date;
        d->amount = cc_min(d->amount, amount);
    }
    if (date <= h->h.since) {
        h->e[rank].base = cc_min(h->e[rank].base, amount);
    } else if (!exact && before > amount) {
        insert(h, rank, date, amount);
    }
}

static void forget_until(struct house *h, int32_t date)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < h->h.demand_count; i++) {
        const struct zyd_subsidy_demand *d = &h->d[i];
        if (d->date <= date) {
            h->e[d->entry].base = d->amount;
        } else {
            h->d[kept++] = *d;
        }
    }
    h->h.demand_count = kept;
    h->h.since = date;
}

void house_tidy(struct house *h, int32_t today)
{
    uint32_t rank_now[ZYD_SUBSIDY_ENTRIES_MAX], kept = 0, asks = 0; /* asks: bit of each that has a demand to come */
    int32_t until = today; /* one who comes now may ask from today on */
    for (uint32_t i = 0; i < h->h.entry_count; i++) {
        if (!h->e[i].done && h->e[i].settled_to < until) {
            until = h->e[i].settled_to;
        }
    }
    if (until > h->h.since) {
        forget_until(h, until);
    }
    for (uint32_t i = 0; i < h->h.demand_count; i++) {
        asks |= 1u << h->d[i].entry;
    }
    for (uint32_t i = 0; i < h->h.entry_count; i++) {
        rank_now[i] = kept;
        if (!h->e[i].done || h->e[i].base != 0 || (asks >> i & 1)) {
            h->e[kept++] = h->e[i];
        }
    }
    h->h.entry_count = kept;
    for (uint32_t i = 0; i < h->h.demand_count; i++) {
        h->d[i].entry = rank_now[h->d[i].entry];
    }
}

void asked_start(struct asked *a, const struct house *h)
{
    a->next = 0;
    for (uint32_t i = 0; i < h->h.entry_count; i++) {
        a->amount[i] = h->e[i].base;
    }
}

void asked_on(struct asked *a, const struct house *h, int32_t date)
{
    for (; a->next < h->h.demand_count && h->d[a->next].date <= date; a->next++) {
        a->amount[h->d[a->next].entry] = h->d[a->next].amount;
    }
}

int64_t eligible(const struct house *h, const struct asked *a, uint32_t rank)
{
    int64_t sum = 0, mine = 0;
    for (uint32_t i = 0; i <= rank; i++) {
        mine = cc_min(a->amount[i], cc_max(0, h->e[i].cap - sum));
        sum += mine;
    }
    return mine;
}

int64_t household_room(const struct house *h, int32_t date, int64_t cap)
{
    struct asked a;
    int64_t room = cap;
    asked_start(&a, h);
    asked_on(&a, h, date);
    for (uint32_t i = 0; i < h->h.entry_count; i++) {
        room -= eligible(h, &a, i);
    }
    return room;
}
