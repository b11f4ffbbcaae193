/* take.c: the clock, OPEN and CUT (domain.md 3.5, rulings 27, 29, 31).
 *
 * The host lists every obligation of the programmes that this one settles (zyd/contract.h, ct_obligation_move).  A cut-off
 * takes the part of the list that no cycle has looked at, 64 entries a SYS call, so an obligation costs the same however many
 * there are. */
#include "cycle.h"

#define DAY_MS UINT64_C(86400000)

static uint64_t cut_at(const struct cy *y, int32_t date)
{
    return (uint64_t)zyd_ms_of_date(date) + param(y, ZYD_CP_CUT_OFF) * 60000;
}

static void schedule(const struct cy *y, struct zyd_cycle_clock *k, int32_t date)
{
    uint8_t key[CT_ID_SIZE];
    k->cut_ms = cut_at(y, date);
    clock_store(k, y);
    clock_key(key, y->call->programme);
    ct_deadline(key, ZYD_CD_CUT, k->cut_ms);
    ct_deadline(key, ZYD_CD_NEXT, k->cut_ms);
}

/* START: the first cut-off is today's, if that lies ahead on a working day, else the next working day's.  Also when the
 * schedule stopped because the calendar ended (9113). */
void event_start(struct cy *y)
{
    struct zyd_cycle_clock k;
    struct cc_signers who = {.call = y->call};
    struct ct_rd rd = ct_args(y->call);
    if (ct_rd_array(&rd) != 0) {
        ct_fail(CC_RANGE);
    }
    ct_rd_end(&rd);
    if (clock_load(&k, y) && k.cut_ms > y->call->time_ms) {
        ct_fail(CC_DUP_KEY);
    }
    int32_t date = y->call->date;
    if (cut_at(y, date) <= y->call->time_ms || !ct_workday_is(date)) {
        date = ct_workday_add(date, 1);
    }
    cc_sign(&who, y->call->member);
    cc_signed_end(&who);
    paper(y, ZYD_CYCLE_KIND_START, NULL);
    schedule(y, &k, date);
}

/* NEXT: after CUT at the same instant.  On its own, so that a calendar that ends cannot stop the last cut-off. */
void sys_next(struct cy *y)
{
    struct zyd_cycle_clock k;
    clock_load(&k, y);
    schedule(y, &k, ct_workday_add(y->call->date, (uint32_t)param(y, ZYD_CP_EVERY_WD)));
}

struct list {
    uint64_t next, waiting;
};

static uint64_t big_endian(const uint8_t *p)
{
    uint64_t v = 0;
    for (uint32_t i = 0; i < 8; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static void number_into(uint8_t *p, uint64_t v)
{
    for (uint32_t i = 8; i-- > 0; v >>= 8) {
        p[i] = (uint8_t)v;
    }
}

static struct list list_load(const struct cy *y)
{
    uint8_t name[6] = {'o', 'b', 'l', 'q', (uint8_t)(y->call->programme >> 8), (uint8_t)y->call->programme}, value[16];
    if (ct_get(0, name, sizeof name, value, sizeof value) != (int64_t)sizeof value) {
        return (struct list){0, 0};
    }
    return (struct list){big_endian(value), big_endian(value + 8)};
}

/* CUT: the cycle takes what is on the list now; without a NET obligation no cycle is made (ruling 27). */
void sys_cut(struct cy *y)
{
    struct zyd_cycle_clock k;
    struct list list = list_load(y);
    clock_load(&k, y);
    bool enough = k.park_first < k.park_end && k.parked >= (int64_t)param(y, ZYD_CP_MIN_AMOUNT);
    if (list.waiting == 0 || (list.next == k.list_next && !enough)) {
        return;
    }
    memset(&y->c, 0, sizeof y->c);
    memset(y->m, 0, sizeof y->m);
    y->c.kind = ZYD_CYCLE_KIND_CYCLE;
    y->c.programme = y->call->programme;
    y->c.number = ++k.cycles;
    y->c.date = y->call->date;
    y->c.cut_ms = y->call->time_ms;
    y->c.list_next = k.list_next;
    y->c.list_end = k.list_next = list.next;
    if (enough) {
        y->c.park_next = k.park_first;
        y->c.park_end = k.park_first = k.park_end;
        k.parked = 0;
    }
    cycle_id(y->id, y->call->programme, y->c.number);
    set_state(y, ZYD_CS_OPEN);
    y->c.work = ZYD_CW_TAKE;
    cycle_store(y);
    work_on(y);
    clock_store(&k, y);
}

static void park_key(uint8_t key[11], const struct cy *y, uint64_t number)
{
    key[0] = 'W';
    key[1] = (uint8_t)(y->call->programme >> 8);
    key[2] = (uint8_t)y->call->programme;
    number_into(key + 3, number);
}

/* The next obligation to look at, and whether it has waited for being small; false at the end. */
static bool next_id(uint8_t id[CT_ID_SIZE], bool *parked, struct cy *y)
{
    uint8_t key[14] = {'o', 'b', 'l', 'q', (uint8_t)(y->call->programme >> 8), (uint8_t)y->call->programme}, park[11];
    *parked = y->c.park_next < y->c.park_end;
    if (*parked) {
        park_key(park, y, y->c.park_next++);
        return ct_get(y->call->contract, park, sizeof park, id, CT_ID_SIZE) == CT_ID_SIZE;
    }
    if (y->c.list_next < y->c.list_end) {
        number_into(key + 6, y->c.list_next++);
        return ct_get(0, key, sizeof key, id, CT_ID_SIZE) == CT_ID_SIZE;
    }
    return false;
}

static void entry_of(struct zyd_cycle_entry *e, const struct ct_obligation *o, uint32_t age)
{
    memset(e, 0, sizeof *e);
    memcpy(e->id, o->id, CT_ID_SIZE);
    e->amount = o->amount;
    e->debtor = o->debtor;
    e->creditor = o->creditor;
    e->status = ZYD_CYCLE_IN;
    e->age = (uint8_t)age;
    e->programme = o->programme;
}

static void widen(struct cy *y, uint16_t member)
{
    y->c.members = member >= y->c.members ? (uint16_t)(member + 1) : y->c.members;
}

static void mark_fiscal(struct cy *y, uint16_t member)
{
    char code[13];
    if ((y->c.fiscal >> member & 1) == 0 && ct_member(member, code) == CC_ROLE_FISCAL) {
        y->c.fiscal |= UINT64_C(1) << member;
    }
}

/* Ruling 29: shown in the statement, settled by PAID. */
static void show_gross(struct cy *y, struct page *gross, const struct ct_obligation *o)
{
    struct zyd_cycle_entry *e = &gross->e[gross->count++];
    entry_of(e, o, 0);
    widen(y, o->debtor);
    widen(y, o->creditor);
    y->m[o->creditor].gross_in += o->amount;
    y->m[o->debtor].gross_out += o->amount;
    mark_fiscal(y, o->debtor);
    mark_fiscal(y, o->creditor);
    hash_entry(y->c.gross_hash, e);
    y->c.gross_count++;
}

/* Ruling 31: it waits, in a list of its own, until the small ones together make min_amount: each is looked at twice. */
static void park(const struct cy *y, struct zyd_cycle_clock *k, const struct ct_obligation *o)
{
    uint8_t key[11];
    park_key(key, y, k->park_end++);
    ct_put(key, sizeof key, o->id, CT_ID_SIZE);
    k->parked = cc_min(k->parked + o->amount, CC_FEN_MAX);
}

static void take_net(struct cy *y, struct page *net, const struct ct_obligation *o)
{
    uint8_t key[1 + CT_ID_SIZE];
    uint32_t age = ct_obligation_move(o->id, CT_MOVE_LOCK);
    /* a later day's, made while this work waited for room in blocks; or more than an amount can say: for the next cycle */
    if (o->value_date > y->c.date || y->c.total > CC_FEN_MAX - o->amount) {
        ct_obligation_move(o->id, CT_MOVE_RELEASE);
        return;
    }
    struct zyd_cycle_entry *e = &net->e[net->count++];
    struct zyd_cycle_place place = {y->c.number, y->c.count++, y->c.programme, 0};
    entry_of(e, o, age);
    widen(y, o->debtor);
    widen(y, o->creditor);
    book(y, e);
    key[0] = 'X';
    memcpy(key + 1, o->id, CT_ID_SIZE);
    ct_put(key, sizeof key, &place, sizeof place);
}

/* One slice: at most 64 of the list, and what fits the two pages that are being filled. */
void work_take(struct cy *y)
{
    struct page net, gross;
    struct zyd_cycle_clock k;
    struct ct_obligation o;
    uint8_t id[CT_ID_SIZE];
    uint32_t net_page = y->c.count / ZYD_CYCLE_PAGE, gross_page = y->c.gross_count / ZYD_CYCLE_PAGE, seen = 0;
    page_load(&net, y, 'O', net_page);
    page_load(&gross, y, 'G', gross_page);
    clock_load(&k, y);
    uint32_t had_net = net.count, had_gross = gross.count;
    uint64_t park_end = k.park_end;
    bool more = true, parked;
    while (more && seen < ZYD_CYCLE_PAGE && net.count < ZYD_CYCLE_PAGE && gross.count < ZYD_CYCLE_PAGE) {
        more = next_id(id, &parked, y);
        seen++;
        if (more && ct_obligation_get(&o, id) == 0 && o.state == CT_OBL_CREATED) {
            if (o.gross) {
                show_gross(y, &gross, &o);
            } else if (!parked && o.amount < (int64_t)param(y, ZYD_CP_MIN_AMOUNT)) {
                park(y, &k, &o);
            } else {
                take_net(y, &net, &o);
            }
        }
    }
    if (net.count > had_net) {
        page_store(&net, y, 'O', net_page);
    }
    if (gross.count > had_gross) {
        page_store(&gross, y, 'G', gross_page);
    }
    if (k.park_end > park_end) {
        clock_store(&k, y);
    }
    if (more) {
        work_on(y);
    } else {
        set_state(y, ZYD_CS_CUT_OFF);
        work(y, ZYD_CW_COMPUTE);
    }
    cycle_store(y);
}

/* OPENING: an obligation with its two postings, from the time before the ledger. */
void event_opening(struct cy *y)
{
    struct cc_signers who = {.call = y->call};
    struct ct_obligation o;
    struct ct_rd rd = ct_args(y->call);
    char dr[CT_ACCOUNT_SIZE] = {0}, cr[CT_ACCOUNT_SIZE] = {0}, code[13], to[CT_ACCOUNT_SIZE], from[CT_ACCOUNT_SIZE];
    uint32_t size;
    if (ct_rd_array(&rd) != 5) {
        ct_fail(CC_RANGE);
    }
    uint16_t debtor = (uint16_t)ct_rd_u64(&rd, 65535), creditor = (uint16_t)ct_rd_u64(&rd, 65535);
    int64_t amount = cc_arg_fen(&rd, 1);
    const uint8_t *text = ct_rd_bin(&rd, &size, CT_ACCOUNT_SIZE - 1);
    memcpy(dr, text, size);
    text = ct_rd_bin(&rd, &size, CT_ACCOUNT_SIZE - 1);
    memcpy(cr, text, size);
    ct_rd_end(&rd);
    if (!y->call->development) {
        ct_fail(CC_BAD_STATE);
    }
    if (debtor == creditor || ct_member(debtor, code) < 0 || ct_member(creditor, code) < 0) {
        ct_fail(CC_RANGE);
    }
    cc_sign(&who, debtor);
    cc_sign(&who, creditor);
    cc_signed_end(&who);
    cc_oblige(&o, debtor, creditor, amount, ZYD_CL_OPENING, false);
    cc_account(to, "2141", creditor);
    cc_account(from, "1141", debtor);
    cc_post(debtor, ZYD_CL_OPENING, dr, to, amount, o.id);
    cc_post(creditor, ZYD_CL_OPENING, from, cr, amount, o.id);
    paper(y, ZYD_CYCLE_KIND_OPENING, o.id);
}
