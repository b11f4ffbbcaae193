/* household.c: the household cap across banks (domain.md 3.3, F2): a bounded list of who asks for how much from which day on.
 *
 * Rank is the order of ENROL in the ledger.  On every day an enrolment gets what it asks for, but no more than its programme's
 * cap leaves after all that come before it.  Demands only fall by day, so a repayment of an earlier one frees cap for later
 * ones from its date on, whoever's bank reports it, without touching the later ones' records.
 *
 * What ended enrolments asked for stays: a loan that is enrolled late has days of its own beside theirs, and comes after them
 * in rank.  Days are forgotten only where the list has no room, the oldest first, and never those that somebody has yet to
 * settle. */
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

/* Days before date are not known any more. */
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

/* The first day from which on an entry that settles no more asks for nothing; INT32_MAX: there is no such entry. */
static int32_t first_gone(const struct house *h)
{
    int32_t gone[ZYD_SUBSIDY_ENTRIES_MAX], first = INT32_MAX;
    for (uint32_t i = 0; i < h->h.entry_count; i++) {
        gone[i] = h->e[i].base == 0 ? h->h.since : INT32_MAX;
    }
    for (uint32_t i = 0; i < h->h.demand_count; i++) {
        int32_t *g = &gone[h->d[i].entry];
        *g = h->d[i].amount != 0 ? INT32_MAX : h->d[i].date < *g ? h->d[i].date : *g; /* demands only fall */
    }
    for (uint32_t i = 0; i < h->h.entry_count; i++) {
        if (h->e[i].done && gone[i] < first) {
            first = gone[i];
        }
    }
    return first;
}

/* Drops entries that settle no more and ask for nothing on any day that is known.  The order of the others stays. */
static void drop_gone(struct house *h)
{
    uint32_t rank_now[ZYD_SUBSIDY_ENTRIES_MAX], kept = 0;
    for (uint32_t i = 0; i < h->h.entry_count; i++) {
        bool gone = h->e[i].done && h->e[i].base == 0; /* demands only fall */
        rank_now[i] = gone ? ZYD_SUBSIDY_ENTRIES_MAX : kept;
        if (!gone) {
            h->e[kept++] = h->e[i];
        }
    }
    h->h.entry_count = kept;
    kept = 0;
    for (uint32_t i = 0; i < h->h.demand_count; i++) {
        struct zyd_subsidy_demand d = h->d[i];
        d.entry = rank_now[d.entry];
        if (d.entry != ZYD_SUBSIDY_ENTRIES_MAX) {
            h->d[kept++] = d;
        }
    }
    h->h.demand_count = kept;
}

/* The last day before which nobody has anything left to settle, but not after date. */
static int32_t forgettable(const struct house *h, int32_t date)
{
    for (uint32_t i = 0; i < h->h.entry_count; i++) {
        if (!h->e[i].done && h->e[i].settled_to < date) {
            date = h->e[i].settled_to;
        }
    }
    return date;
}

/* Room for count more demands, if forgetting days before limit makes it. */
static void demands_room(struct house *h, uint32_t count, int32_t limit)
{
    uint32_t n = h->h.demand_count;
    if (n + count > ZYD_SUBSIDY_DEMANDS_MAX && n > 0) {
        uint32_t excess = n + count - ZYD_SUBSIDY_DEMANDS_MAX;
        int32_t date = h->d[(excess < n ? excess : n) - 1].date;
        if (date <= forgettable(h, limit)) {
            forget_until(h, date);
        }
    }
}

bool house_room(struct house *h, uint32_t demands, int32_t from)
{
    if (h->h.entry_count == ZYD_SUBSIDY_ENTRIES_MAX) {
        int32_t gone = first_gone(h);
        if (gone > forgettable(h, from)) {
            return false;
        }
        if (gone > h->h.since) {
            forget_until(h, gone);
        }
        drop_gone(h);
    }
    demands_room(h, demands, from);
    return true;
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
    demands_room(h, 1, INT32_MAX);
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

/* Has an entry settled days from date on? */
static bool settled_after(const struct house *h, uint32_t rank, int32_t date)
{
    int32_t first = h->e[rank].base > 0 ? h->h.since : INT32_MAX;
    for (uint32_t i = 0; i < h->h.demand_count && first == INT32_MAX; i++) {
        first = h->d[i].entry == rank ? h->d[i].date : INT32_MAX;
    }
    return h->e[rank].settled_to > (first > date ? first : date);
}

void house_raise(struct house *h, uint32_t rank, int32_t date, int64_t amount)
{
    int64_t before = h->e[rank].base;
    uint32_t at = h->h.demand_count;
    if (date <= h->h.since) {
        ct_fail(CC_BAD_STATE);
    }
    for (uint32_t i = 0; i < h->h.demand_count && h->d[i].date <= date; i++) {
        if (h->d[i].entry == rank && h->d[i].date == date) {
            at = i;
        } else if (h->d[i].entry == rank) {
            before = h->d[i].amount;
        }
    }
    if (at == h->h.demand_count || h->d[at].amount >= cc_min(before, amount)) {
        return; /* it asked for no less: its cap is lower than what is owed */
    }
    for (uint32_t i = rank + 1; i < h->h.entry_count; i++) {
        if (settled_after(h, i, date)) {
            ct_fail(CC_BAD_STATE);
        }
    }
    h->d[at].amount = cc_min(before, amount);
    if (h->d[at].amount == before) { /* as if nothing had been repaid */
        h->h.demand_count--;
        for (uint32_t i = at; i < h->h.demand_count; i++) {
            h->d[i] = h->d[i + 1];
        }
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
