/* record.c: the records of zyd/cycle.h, and what all steps of a cycle do with them. */
#include "cycle.h"

void params_open(struct cy *y)
{
    struct ct_rd rd = ct_params_rd(y->call);
    if (ct_rd_array(&rd) != 2) {
        ct_fail(CC_RANGE);
    }
    y->slots = cc_slots(&rd, ZYD_CYCLE_PARAM_COUNT);
    y->accounts = rd;
}

void clock_key(uint8_t out[CT_ID_SIZE], uint16_t programme)
{
    memset(out, 0, CT_ID_SIZE);
    memcpy(out, ZYD_CYCLE_KEY_CLOCK, sizeof ZYD_CYCLE_KEY_CLOCK - 1);
    out[30] = (uint8_t)(programme >> 8);
    out[31] = (uint8_t)programme;
}

bool clock_load(struct zyd_cycle_clock *out, const struct cy *y)
{
    uint8_t key[CT_ID_SIZE];
    clock_key(key, y->call->programme);
    memset(out, 0, sizeof *out);
    return ct_get(y->call->contract, key, sizeof key, out, sizeof *out) == (int64_t)sizeof *out;
}

void clock_store(const struct zyd_cycle_clock *k, const struct cy *y)
{
    uint8_t key[CT_ID_SIZE];
    clock_key(key, y->call->programme);
    ct_put(key, sizeof key, k, sizeof *k);
}

void cycle_id(uint8_t out[CT_ID_SIZE], uint16_t programme, uint64_t number)
{
    struct {
        char tag[16];
        uint64_t programme, number;
    } in;
    memset(&in, 0, sizeof in);
    memcpy(in.tag, ZYD_CYCLE_TAG_ID, sizeof ZYD_CYCLE_TAG_ID - 1);
    in.programme = programme;
    in.number = number;
    ct_sha256(out, &in, sizeof in);
}

static void key_of(uint8_t key[1 + CT_ID_SIZE + 4], const struct cy *y, char kind, uint32_t index)
{
    key[0] = (uint8_t)kind;
    memcpy(key + 1, y->id, CT_ID_SIZE);
    for (uint32_t i = 0; i < 4; i++) {
        key[1 + CT_ID_SIZE + i] = (uint8_t)(index >> (24 - 8 * i));
    }
}

void cycle_load(struct cy *y, const uint8_t *id)
{
    uint8_t key[1 + CT_ID_SIZE + 4];
    memcpy(y->id, id, CT_ID_SIZE);
    if (ct_get(y->call->contract, id, CT_ID_SIZE, &y->c, sizeof y->c) != (int64_t)sizeof y->c ||
        y->c.kind != ZYD_CYCLE_KIND_CYCLE) {
        ct_fail(CC_UNKNOWN_OBJECT);
    }
    if (y->c.programme != y->call->programme) {
        ct_fail(CC_RANGE);
    }
    memset(y->m, 0, sizeof y->m);
    key_of(key, y, 'M', 0);
    ct_get(y->call->contract, key, 1 + CT_ID_SIZE, y->m, sizeof y->m);
}

void cycle_store(const struct cy *y)
{
    uint8_t key[1 + CT_ID_SIZE + 4];
    key_of(key, y, 'M', 0);
    ct_put(y->id, CT_ID_SIZE, &y->c, sizeof y->c);
    ct_put(key, 1 + CT_ID_SIZE, y->m, (uint32_t)(y->c.members * sizeof y->m[0]));
}

void page_load(struct page *p, const struct cy *y, char kind, uint32_t index)
{
    uint8_t key[1 + CT_ID_SIZE + 4];
    key_of(key, y, kind, index);
    int64_t size = ct_get(y->call->contract, key, sizeof key, p->e, sizeof p->e);
    p->count = size < 0 ? 0 : (uint32_t)((uint64_t)size / sizeof p->e[0]);
}

void page_store(const struct page *p, const struct cy *y, char kind, uint32_t index)
{
    uint8_t key[1 + CT_ID_SIZE + 4];
    key_of(key, y, kind, index);
    ct_put(key, sizeof key, p->e, (uint32_t)(p->count * sizeof p->e[0]));
}

bool instr_find(struct zyd_cycle_instruction *i, const struct cy *y, uint32_t number)
{
    uint8_t key[1 + CT_ID_SIZE + 4];
    key_of(key, y, 'N', number);
    return ct_get(y->call->contract, key, sizeof key, i, sizeof *i) == (int64_t)sizeof *i;
}

void instr_load(struct zyd_cycle_instruction *i, const struct cy *y, uint32_t number)
{
    if (!instr_find(i, y, number)) {
        ct_fail(CC_UNKNOWN_OBJECT);
    }
}

void instr_store(const struct zyd_cycle_instruction *i, const struct cy *y, uint32_t number)
{
    uint8_t key[1 + CT_ID_SIZE + 4];
    key_of(key, y, 'N', number);
    ct_put(key, sizeof key, i, sizeof *i);
}

void hash_entry(uint8_t hash[32], const struct zyd_cycle_entry *e)
{
    uint8_t in[32 + ZYD_CYCLE_ENTRY_HASHED];
    memcpy(in, hash, 32);
    memcpy(in + 32, e, ZYD_CYCLE_ENTRY_HASHED);
    ct_sha256(hash, in, sizeof in);
}

void statement_hash(uint8_t out[32], const struct cy *y, uint16_t member)
{
    struct zyd_cycle_statement s;
    memset(&s, 0, sizeof s);
    memcpy(s.tag, ZYD_CYCLE_TAG_STATEMENT, sizeof ZYD_CYCLE_TAG_STATEMENT - 1);
    memcpy(s.cycle, y->id, sizeof s.cycle);
    s.round = y->c.round;
    s.member = member;
    s.row = y->m[member];
    memcpy(s.set_hash, y->c.set_hash, sizeof s.set_hash);
    memcpy(s.gross_hash, y->c.gross_hash, sizeof s.gross_hash);
    memcpy(s.position_hash, y->c.position_hash, sizeof s.position_hash);
    memcpy(s.plan_hash, y->c.plan_hash, sizeof s.plan_hash);
    ct_sha256(out, &s, sizeof s);
}

void set_state(struct cy *y, enum zyd_cycle_state state)
{
    y->c.state = (uint8_t)state;
    ct_emit((uint16_t)state, y->id, CT_ID_SIZE);
}

void work(struct cy *y, enum zyd_cycle_work next)
{
    y->c.work = (uint8_t)next;
    y->c.cursor = 0;
    work_on(y);
}

void work_on(const struct cy *y)
{
    cycle_deadline(y, ZYD_CD_WORK, y->call->time_ms);
}

void cycle_deadline(const struct cy *y, enum zyd_cycle_deadline which, uint64_t due_ms)
{
    ct_deadline(y->id, (uint8_t)which, due_ms);
}

void paper(const struct cy *y, enum zyd_cycle_kind kind, const uint8_t *about)
{
    struct zyd_cycle_paper p = {.kind = (uint8_t)kind, .programme = y->call->programme, .date = y->call->date};
    if (about != NULL) {
        memcpy(p.cycle, about, sizeof p.cycle);
    }
    ct_put(y->call->object, CT_ID_SIZE, &p, sizeof p);
}

void book(struct cy *y, const struct zyd_cycle_entry *e)
{
    y->m[e->creditor].in += e->amount;
    y->m[e->debtor].out += e->amount;
    y->c.total += e->amount;
    y->c.active++;
    hash_entry(y->c.set_hash, e);
}

void clear_sums(struct cy *y)
{
    for (uint32_t i = 0; i < y->c.members; i++) {
        y->m[i].in = y->m[i].out = 0;
    }
    y->c.total = 0;
    y->c.active = 0;
    memset(y->c.set_hash, 0, sizeof y->c.set_hash);
}
