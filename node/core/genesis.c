/* The canonical body: reading.  Its rules are in genesis_rules.c, which sees a body that is well formed. */
#include "genesis_internal.h"
#include <zyd/vm.h>

#define BODY_VERSION 1u

static void read_member(struct zyd_rd *rd, struct zyd_member *m)
{
    (void)zyd_rd_array_of(rd, 8);
    m->code = zyd_rd_str(rd, 1, ZYD_CODE_MAX);
    m->uscc = zyd_rd_str(rd, 18, 18);
    m->name_zh = zyd_rd_str(rd, 1, 60);
    m->name_en = zyd_rd_str(rd, 0, 60);
    m->address = zyd_rd_str(rd, 0, 255);
    m->role = (uint8_t)zyd_rd_u64(rd, UINT8_MAX);
    m->flags = (uint8_t)zyd_rd_u64(rd, UINT8_MAX);
    m->key_count = (uint8_t)zyd_rd_array(rd, ZYD_MEMBER_KEYS_MAX);
    for (uint8_t i = 0; i < m->key_count && !rd->bad; i++) {
        (void)zyd_rd_array_of(rd, 2);
        m->keys[i].purpose = (uint8_t)zyd_rd_u64(rd, UINT8_MAX);
        struct zyd_span pk = zyd_rd_bin(rd, ZYD_PK_SIZE);
        if (pk.size != ZYD_PK_SIZE) {
            rd->bad = true;
            return;
        }
        memcpy(m->keys[i].pk.b, pk.data, ZYD_PK_SIZE);
    }
}

static void read_plugin(struct zyd_rd *rd, struct zyd_plugin_ref *p)
{
    (void)zyd_rd_array_of(rd, 3);
    p->contract = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    p->name = zyd_rd_str(rd, 1, 32);
    zyd_rd_hash(rd, &p->hash);
}

static void read_programme(struct zyd_rd *rd, struct zyd_programme *p)
{
    uint32_t fields = zyd_rd_array(rd, 11);
    p->id = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    p->contract = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    p->code = zyd_rd_str(rd, 1, ZYD_CODE_MAX);
    p->name_zh = zyd_rd_str(rd, 1, 60);
    p->name_en = zyd_rd_str(rd, 0, 60);
    p->class_ = (uint8_t)zyd_rd_u64(rd, UINT8_MAX);
    p->dual = (uint8_t)zyd_rd_u64(rd, 1);
    p->calendar = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    p->pending_days = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    p->params = zyd_rd_skip(rd);
    p->settlement = 0;
    if (fields == 11) {
        p->settlement = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    }
    rd->bad = rd->bad || fields < 10 || (fields == 11 && p->settlement == 0); /* none has one encoding */
}

static void read_calendar(struct zyd_rd *rd, struct zyd_calendar *c)
{
    c->year_count = (uint8_t)zyd_rd_array(rd, ZYD_CALENDAR_YEARS_MAX);
    for (uint8_t i = 0; i < c->year_count && !rd->bad; i++) {
        (void)zyd_rd_array_of(rd, 2);
        c->years[i].year = (uint16_t)zyd_rd_u64(rd, 9999);
        struct zyd_span days = zyd_rd_bin(rd, sizeof c->years[i].days);
        if (days.size != sizeof c->years[i].days) {
            rd->bad = true;
            return;
        }
        memcpy(c->years[i].days, days.data, days.size);
    }
}

static void read_opening(struct zyd_rd *rd, struct zyd_opening *o)
{
    (void)zyd_rd_array_of(rd, 5);
    o->member = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    o->programme = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    o->dr = zyd_rd_str(rd, 1, ZYD_ACCOUNT_MAX);
    o->cr = zyd_rd_str(rd, 1, ZYD_ACCOUNT_MAX);
    o->amount.fen = zyd_rd_i64(rd, 1, ZYD_MONEY_MAX);
}

static void read_numbers(struct zyd_rd *rd, struct zyd_genesis *g)
{
    (void)zyd_rd_array_of(rd, 9);
    g->fuel_block = zyd_rd_u64(rd, UINT64_MAX);
    g->fuel_call = zyd_rd_u64(rd, UINT64_MAX);
    g->window_ms = zyd_rd_u64(rd, UINT64_MAX);
    g->pace_ms = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    g->delta_ms = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    g->delta_max_ms = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    g->heartbeat_ms = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    g->precision_ms = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    g->msgdelay_ms = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
}

static void read_body(struct zyd_rd *rd, struct zyd_genesis *g)
{
    (void)zyd_rd_array_of(rd, 12);
    if (zyd_rd_u64(rd, UINT16_MAX) != BODY_VERSION) {
        rd->bad = true;
    }
    g->name_zh = zyd_rd_str(rd, 1, 60);
    g->name_en = zyd_rd_str(rd, 0, 60);
    g->flags = (uint8_t)zyd_rd_u64(rd, UINT8_MAX);
    g->preset = (uint8_t)zyd_rd_u64(rd, UINT8_MAX);
    g->created_ms = zyd_rd_u64(rd, UINT64_MAX);
    read_numbers(rd, g);
    g->member_count = (uint16_t)zyd_rd_array(rd, ZYD_MEMBERS_MAX);
    for (uint16_t i = 0; i < g->member_count && !rd->bad; i++) {
        read_member(rd, &g->members[i]);
    }
    g->plugin_count = (uint16_t)zyd_rd_array(rd, ZYD_PLUGINS_MAX);
    for (uint16_t i = 0; i < g->plugin_count && !rd->bad; i++) {
        read_plugin(rd, &g->plugins[i]);
    }
    g->programme_count = (uint16_t)zyd_rd_array(rd, ZYD_PROGRAMMES_MAX);
    for (uint16_t i = 0; i < g->programme_count && !rd->bad; i++) {
        read_programme(rd, &g->programmes[i]);
    }
    g->calendar_count = (uint16_t)zyd_rd_array(rd, ZYD_CALENDARS_MAX);
    for (uint16_t i = 0; i < g->calendar_count && !rd->bad; i++) {
        read_calendar(rd, &g->calendars[i]);
    }
    g->opening_count = (uint16_t)zyd_rd_array(rd, ZYD_OPENINGS_MAX);
    for (uint16_t i = 0; i < g->opening_count && !rd->bad; i++) {
        read_opening(rd, &g->openings[i]);
    }
}

enum zyd_status zyd_programme_decode(struct zyd_programme *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    read_programme(&rd, out);
    return zyd_rd_done(&rd);
}

enum zyd_status zyd_calendar_decode(struct zyd_calendar *out, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    read_calendar(&rd, out);
    return zyd_rd_done(&rd);
}

static const struct zyd_member_key *node_key(const struct zyd_member *m)
{
    for (uint8_t i = 0; i < m->key_count; i++) {
        if (m->keys[i].purpose == ZYD_KEY_NODE) {
            return &m->keys[i];
        }
    }
    return NULL;
}

static void derive(struct zyd_genesis *g)
{
    g->validator_count = 0;
    for (uint16_t i = 0; i < g->member_count; i++) {
        if ((g->members[i].flags & ZYD_MEMBER_VALIDATOR) != 0) {
            g->validators[g->validator_count++] = i;
        }
    }
    struct zyd_hasher h;
    uint8_t head[9];
    zyd_put64(head, 1);
    head[8] = g->validator_count;
    zyd_hasher_start(&h, "zyd/valset/1");
    zyd_hasher_add(&h, head, sizeof head);
    for (uint8_t i = 0; i < g->validator_count; i++) {
        zyd_hasher_add(&h, zyd_genesis_validator_pk(g, i)->b, ZYD_PK_SIZE);
    }
    zyd_hasher_end(&h, &g->valset_hash);
    zyd_hasher_start(&h, "zyd/rules/1");
    zyd_put32(head, ZYD_VM_VERSION);
    zyd_hasher_add(&h, head, 4);
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        zyd_put16(head, g->plugins[i].contract);
        zyd_hasher_add(&h, head, 2);
        zyd_hasher_add(&h, g->plugins[i].hash.b, 32);
    }
    zyd_hasher_end(&h, &g->rules_hash);
}

enum zyd_status zyd_genesis_decode(struct zyd_genesis *out, const char **why, struct zyd_span body)
{
    *why = "the body is not a canonical encoding";
    if (body.size > ZYD_GENESIS_SIZE_MAX) {
        *why = "the body is larger than 1 MiB";
        return ZYD_E_MALFORMED;
    }
    struct zyd_rd rd = zyd_rd_of(body);
    read_body(&rd, out);
    if (zyd_rd_done(&rd) != ZYD_OK) {
        return ZYD_E_MALFORMED;
    }
    *why = genesis_fault(out);
    if (*why != NULL) {
        return ZYD_E_INVALID;
    }
    out->body = body;
    zyd_hash1(&out->hash, "zyd/genesis/1", body.data, body.size);
    derive(out);
    *why = "";
    return ZYD_OK;
}

const struct zyd_programme *zyd_genesis_programme(const struct zyd_genesis *g, uint16_t id)
{
    for (uint16_t i = 0; i < g->programme_count; i++) {
        if (g->programmes[i].id == id) {
            return &g->programmes[i];
        }
    }
    return NULL;
}

int zyd_genesis_member_by_code(const struct zyd_genesis *g, struct zyd_span code)
{
    for (uint16_t i = 0; i < g->member_count; i++) {
        if (genesis_span_eq(g->members[i].code, code)) {
            return i;
        }
    }
    return -1;
}

uint64_t zyd_genesis_voters(const struct zyd_genesis *g)
{
    uint64_t voters = 0;
    for (uint16_t i = 0; i < g->member_count; i++) {
        const struct zyd_member *m = &g->members[i];
        bool maker = false, checker = false;
        for (uint8_t k = 0; k < m->key_count; k++) {
            maker = maker || m->keys[k].purpose == ZYD_KEY_MAKER;
            checker = checker || m->keys[k].purpose == ZYD_KEY_CHECKER;
        }
        bool may = (g->flags & ZYD_GENESIS_DUAL) != 0 ? maker && checker : maker || checker;
        voters |= may && m->role != ZYD_ROLE_AUD ? UINT64_C(1) << i : 0;
    }
    return voters;
}

int zyd_genesis_validator_of(const struct zyd_genesis *g, uint16_t member)
{
    for (uint8_t i = 0; i < g->validator_count; i++) {
        if (g->validators[i] == member) {
            return i;
        }
    }
    return -1;
}

const struct zyd_pk *zyd_genesis_validator_pk(const struct zyd_genesis *g, uint8_t validator)
{
    zyd_assert(validator < g->validator_count);
    return &node_key(&g->members[g->validators[validator]])->pk;
}

/* ---- writing ---- */

static void write_str(struct zyd_wr *wr, struct zyd_span s)
{
    zyd_wr_str(wr, (const char *)s.data, s.size);
}

static void write_member(struct zyd_wr *wr, const struct zyd_member *m)
{
    zyd_wr_array(wr, 8);
    write_str(wr, m->code);
    write_str(wr, m->uscc);
    write_str(wr, m->name_zh);
    write_str(wr, m->name_en);
    write_str(wr, m->address);
    zyd_wr_u64(wr, m->role);
    zyd_wr_u64(wr, m->flags);
    zyd_wr_array(wr, m->key_count);
    for (uint8_t i = 0; i < m->key_count; i++) {
        zyd_wr_array(wr, 2);
        zyd_wr_u64(wr, m->keys[i].purpose);
        zyd_wr_bin(wr, m->keys[i].pk.b, ZYD_PK_SIZE);
    }
}

void zyd_programme_encode(struct zyd_wr *wr, const struct zyd_programme *p)
{
    zyd_wr_array(wr, p->settlement == 0 ? 10 : 11);
    zyd_wr_u64(wr, p->id);
    zyd_wr_u64(wr, p->contract);
    write_str(wr, p->code);
    write_str(wr, p->name_zh);
    write_str(wr, p->name_en);
    zyd_wr_u64(wr, p->class_);
    zyd_wr_u64(wr, p->dual);
    zyd_wr_u64(wr, p->calendar);
    zyd_wr_u64(wr, p->pending_days);
    if (p->params.size > 0) {
        zyd_wx_bytes(wr, p->params.data, p->params.size);
    } else {
        zyd_wr_nil(wr);
    }
    if (p->settlement != 0) {
        zyd_wr_u64(wr, p->settlement);
    }
}

void zyd_calendar_encode(struct zyd_wr *wr, const struct zyd_calendar *c)
{
    zyd_wr_array(wr, c->year_count);
    for (uint8_t i = 0; i < c->year_count; i++) {
        zyd_wr_array(wr, 2);
        zyd_wr_u64(wr, c->years[i].year);
        zyd_wr_bin(wr, c->years[i].days, sizeof c->years[i].days);
    }
}

static void write_tables(struct zyd_wr *wr, const struct zyd_genesis *g)
{
    zyd_wr_array(wr, g->member_count);
    for (uint16_t i = 0; i < g->member_count; i++) {
        write_member(wr, &g->members[i]);
    }
    zyd_wr_array(wr, g->plugin_count);
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        zyd_wr_array(wr, 3);
        zyd_wr_u64(wr, g->plugins[i].contract);
        write_str(wr, g->plugins[i].name);
        zyd_wr_hash(wr, &g->plugins[i].hash);
    }
    zyd_wr_array(wr, g->programme_count);
    for (uint16_t i = 0; i < g->programme_count; i++) {
        zyd_programme_encode(wr, &g->programmes[i]);
    }
    zyd_wr_array(wr, g->calendar_count);
    for (uint16_t i = 0; i < g->calendar_count; i++) {
        zyd_calendar_encode(wr, &g->calendars[i]);
    }
    zyd_wr_array(wr, g->opening_count);
    for (uint16_t i = 0; i < g->opening_count; i++) {
        zyd_wr_array(wr, 5);
        zyd_wr_u64(wr, g->openings[i].member);
        zyd_wr_u64(wr, g->openings[i].programme);
        write_str(wr, g->openings[i].dr);
        write_str(wr, g->openings[i].cr);
        zyd_wr_i64(wr, g->openings[i].amount.fen);
    }
}

void zyd_genesis_encode(struct zyd_wr *wr, const struct zyd_genesis *g)
{
    zyd_wr_array(wr, 12);
    zyd_wr_u64(wr, BODY_VERSION);
    write_str(wr, g->name_zh);
    write_str(wr, g->name_en);
    zyd_wr_u64(wr, g->flags);
    zyd_wr_u64(wr, g->preset);
    zyd_wr_u64(wr, g->created_ms);
    zyd_wr_array(wr, 9);
    zyd_wr_u64(wr, g->fuel_block);
    zyd_wr_u64(wr, g->fuel_call);
    zyd_wr_u64(wr, g->window_ms);
    zyd_wr_u64(wr, g->pace_ms);
    zyd_wr_u64(wr, g->delta_ms);
    zyd_wr_u64(wr, g->delta_max_ms);
    zyd_wr_u64(wr, g->heartbeat_ms);
    zyd_wr_u64(wr, g->precision_ms);
    zyd_wr_u64(wr, g->msgdelay_ms);
    write_tables(wr, g);
}
