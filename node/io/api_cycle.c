/* Routes over settlement cycles (zyd/cycle.h): what was cut off, the net positions, who pays whom, and a member's statement.
 *
 * All see the net positions; rows of obligations and payments only those whom they are about (domain.md 3.0.11). */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/batch.h>
#include <zyd/cycle_names.h>
#include <zyd/state.h>

#include "api_impl.h"

struct cycle {
    const struct zyd_programme *programme;
    uint64_t number;
    struct zyd_hash id;
    struct zyd_cycle c;
    struct zyd_cycle_member m[ZYD_CYCLE_MEMBERS_MAX];
};

/* ---- records, with the lock ---- */

static const struct zyd_view_record *named(const struct zyd_api *a, const struct zyd_programme *p, const void *name,
                                           size_t size)
{
    struct zyd_hash key;
    zyd_record_key(&key, p->contract, zyd_span(name, size));
    return zyd_view_record(a->view, &key);
}

static const struct zyd_view_record *part(const struct zyd_api *a, const struct cycle *y, char kind, uint32_t number)
{
    uint8_t name[ZYD_CYCLE_PART_NAME];
    return named(a, y->programme, name, zyd_cycle_part_name(name, kind, &y->id, number));
}

static void clock_of(struct zyd_cycle_clock *out, const struct zyd_api *a, const struct zyd_programme *p)
{
    uint8_t name[32] = ZYD_CYCLE_KEY_CLOCK;
    zyd_put16(name + 30, p->id);
    const struct zyd_view_record *r = named(a, p, name, sizeof name);
    memset(out, 0, sizeof *out);
    memcpy(out, r ? r->value : name, r && r->size == sizeof *out ? sizeof *out : 0);
}

static bool cycle_read(const struct zyd_api *a, struct cycle *y, const struct zyd_programme *p, uint64_t number)
{
    memset(y, 0, sizeof *y);
    y->programme = p;
    y->number = number;
    zyd_cycle_id(&y->id, p->id, number);
    const struct zyd_view_record *r = named(a, p, y->id.b, 32), *m = part(a, y, 'M', 0);
    if (!r || r->size != sizeof y->c) {
        return false;
    }
    memcpy(&y->c, r->value, sizeof y->c);
    memcpy(y->m, m ? m->value : y->id.b, m && m->size <= sizeof y->m ? m->size : 0);
    return true;
}

/* The programme of ?programme=, else the first that settles. */
static const struct zyd_programme *settlement(struct request *r)
{
    const struct zyd_genesis *g = r->api->g;
    uint16_t wanted;
    if (!zyd_programme_arg(r, &wanted)) {
        return NULL;
    }
    for (uint16_t i = 0; i < g->programme_count; i++) {
        const struct zyd_programme *p = &g->programmes[i];
        if ((wanted == 0 || p->id == wanted) && zyd_product_of(zyd_contract_text(g, p->contract)) == &zyd_product_cycle) {
            return p;
        }
    }
    zyd_problem_set(&r->problem, ZYD_ERR_NOT_FOUND, "", "no settlement programme%s", wanted ? " of this code" : "");
    return NULL;
}

/* ---- JSON ---- */

static json_t *summary(const struct zyd_api *a, const struct cycle *y)
{
    const struct zyd_name *s = zyd_name_by_number(&zyd_product_cycle.states, y->c.state);
    json_t *o = json_object();
    zyd_j_programme(o, "programme", a->g, y->programme->id);
    zyd_j_u64(o, "number", y->number);
    zyd_j_hash(o, "id", &y->id);
    zyd_j_str(o, "state", s ? s->name : "?");
    zyd_j_str(o, "state_zh", s ? s->zh : "?");
    zyd_j_str(o, "state_en", s ? s->en : "?");
    zyd_j_date(o, "date", y->c.date);
    zyd_j_time(o, "cut_off", y->c.cut_ms);
    zyd_j_u64(o, "round", y->c.round);
    zyd_j_u64(o, "obligations", y->c.count);
    zyd_j_u64(o, "active", y->c.active);
    zyd_j_u64(o, "gross", y->c.gross_count);
    zyd_j_fen(o, "total", y->c.total);
    zyd_j_fen(o, "moved", y->c.moved);
    zyd_j_u64(o, "payments", y->c.instr_count);
    zyd_j_u64(o, "unmatched", y->c.unmatched);
    json_object_set_new(o, "needed", zyd_j_members(a->g, y->c.needed));
    json_object_set_new(o, "confirmed", zyd_j_members(a->g, y->c.confirmed));
    json_object_set_new(o, "failed", zyd_j_members(a->g, y->c.failed));
    return o;
}

static void hashes(json_t *o, const struct cycle *y)
{
    zyd_j_hex(o, "set_hash", y->c.set_hash, 32);
    zyd_j_hex(o, "gross_hash", y->c.gross_hash, 32);
    zyd_j_hex(o, "position_hash", y->c.position_hash, 32);
    zyd_j_hex(o, "plan_hash", y->c.plan_hash, 32);
    if (y->c.state == ZYD_CS_CLOSED) {
        zyd_j_hex(o, "root", y->c.root, 32);
    }
}

static json_t *positions(const struct zyd_api *a, const struct cycle *y)
{
    json_t *rows = json_array();
    for (uint16_t i = 0; i < y->c.members && i < ZYD_CYCLE_MEMBERS_MAX; i++) {
        const struct zyd_cycle_member *m = &y->m[i];
        if (!m->in && !m->out && !m->gross_in && !m->gross_out) {
            continue;
        }
        json_t *o = json_object();
        zyd_j_member(o, "member", a->g, i);
        zyd_j_fen(o, "in", m->in);
        zyd_j_fen(o, "out", m->out);
        zyd_j_fen(o, "net", m->in - m->out);
        zyd_j_fen(o, "paid", m->paid);
        zyd_j_fen(o, "received", m->received);
        json_array_append_new(rows, o);
    }
    return rows;
}

/* May the asker see a row between these two, and does it belong to the statement?  of: the member, or 0xffff: everybody's. */
static bool shown(const struct request *r, uint16_t of, uint16_t x, uint16_t y)
{
    uint64_t parties = (x < 64 ? UINT64_C(1) << x : 0) | (y < 64 ? UINT64_C(1) << y : 0);
    return zyd_api_sees(r, parties) && (of == 0xffff || x == of || y == of);
}

static json_t *entries(const struct request *r, const struct cycle *y, uint16_t of, char kind, uint32_t count)
{
    static const char *const states[] = {"GROSS", "IN", "REFUSED", "LEFT", "DONE"};
    json_t *rows = json_array();
    const struct zyd_view_record *rec = NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct zyd_cycle_entry e;
        uint32_t at = i % ZYD_CYCLE_PAGE;
        rec = at == 0 ? part(r->api, y, kind, i / ZYD_CYCLE_PAGE) : rec;
        if (!rec || rec->size < (at + 1) * sizeof e) {
            break;
        }
        memcpy(&e, rec->value + at * sizeof e, sizeof e);
        if (!shown(r, of, e.debtor, e.creditor)) {
            continue;
        }
        json_t *o = json_object();
        zyd_j_u64(o, "number", i + 1);
        zyd_j_hex(o, "id", e.id, 32);
        zyd_j_member(o, "debtor", r->api->g, e.debtor);
        zyd_j_member(o, "creditor", r->api->g, e.creditor);
        zyd_j_programme(o, "programme", r->api->g, e.programme);
        zyd_j_fen(o, "amount", e.amount);
        zyd_j_str(o, "status", states[kind == 'G' || e.status > ZYD_CYCLE_DONE ? 0 : e.status]);
        json_array_append_new(rows, o);
    }
    return rows;
}

static json_t *payments(const struct request *r, const struct cycle *y, uint16_t of)
{
    static const char *const states[] = {"?", "OPEN", "MATCHED", "VOID"};
    json_t *rows = json_array();
    for (uint32_t n = 1; n <= y->c.instr_count; n++) {
        struct zyd_cycle_instruction i;
        const struct zyd_view_record *rec = part(r->api, y, 'N', n);
        if (!rec || rec->size != sizeof i) {
            break;
        }
        memcpy(&i, rec->value, sizeof i);
        if (!shown(r, of, i.payer, i.payee)) {
            continue;
        }
        json_t *o = json_object();
        zyd_j_u64(o, "number", n);
        zyd_j_hex(o, "id", i.id, 32);
        zyd_j_span(o, "end_to_end", zyd_span(i.end_to_end, ZYD_CYCLE_E2E_SIZE));
        zyd_j_member(o, "payer", r->api->g, i.payer);
        zyd_j_member(o, "payee", r->api->g, i.payee);
        zyd_j_fen(o, "amount", i.amount);
        zyd_j_str(o, "state", states[i.state <= ZYD_CYCLE_VOID ? i.state : 0]);
        json_object_set_new(o, "debit_noticed", json_boolean(i.notices & ZYD_CYCLE_DEBIT));
        json_object_set_new(o, "credit_noticed", json_boolean(i.notices & ZYD_CYCLE_CREDIT));
        json_array_append_new(rows, o);
    }
    return rows;
}

/* ---- routes ---- */

enum step zyd_run_cycles_get(struct request *r)
{
    struct page page;
    struct zyd_cycle_clock clock;
    const struct zyd_programme *p = settlement(r);
    if (!p || !zyd_page_read(r, &page)) {
        return zyd_answer_problem(r);
    }
    json_t *items = json_array();
    zyd_view_lock(r->api->view);
    clock_of(&clock, r->api, p);
    uint64_t at = page.after; /* the newest first */
    for (; at < clock.cycles && json_array_size(items) < page.limit; at++) {
        struct cycle y;
        if (cycle_read(r->api, &y, p, clock.cycles - at)) {
            json_array_append_new(items, summary(r->api, &y));
        }
    }
    zyd_view_unlock(r->api->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, at < clock.cycles ? at : UINT64_MAX));
}

/* Number of the path: "current" is the newest.  0 with the problem set: there is none. */
static uint64_t number_of(struct request *r, const struct zyd_cycle_clock *clock)
{
    const char *text = r->uri.segments[2];
    char *end = NULL;
    unsigned long long n = strtoull(text, &end, 10);
    if (strcmp(text, "current") == 0) {
        n = clock->cycles;
    } else if (text[0] < '0' || text[0] > '9' || *end != '\0') {
        n = 0;
    }
    if (n == 0 || n > clock->cycles) {
        zyd_problem_set(&r->problem, ZYD_ERR_NOT_FOUND, "", "no such cycle; %llu so far", (unsigned long long)clock->cycles);
        return 0;
    }
    return n;
}

/* The cycle of the path, with the lock held when it is true. */
static bool open_cycle(struct request *r, struct cycle *y, struct zyd_cycle_clock *clock)
{
    const struct zyd_programme *p = settlement(r);
    if (!p) {
        return false;
    }
    zyd_view_lock(r->api->view);
    clock_of(clock, r->api, p);
    uint64_t n = number_of(r, clock);
    if (n && cycle_read(r->api, y, p, n)) {
        return true;
    }
    zyd_view_unlock(r->api->view);
    if (n) {
        zyd_problem_set(&r->problem, ZYD_ERR_NOT_FOUND, "", "no such cycle");
    }
    return false;
}

enum step zyd_run_cycle_get(struct request *r)
{
    struct cycle y;
    struct zyd_cycle_clock clock;
    if (!open_cycle(r, &y, &clock)) {
        return zyd_answer_problem(r);
    }
    json_t *o = summary(r->api, &y);
    json_object_set_new(o, "positions", positions(r->api, &y));
    json_object_set_new(o, "payment_list", payments(r, &y, 0xffff));
    hashes(o, &y);
    zyd_view_unlock(r->api->view);
    zyd_j_time(o, "next_cut_off", clock.cut_ms);
    return zyd_answer(r, 200, o);
}

static void csv_rows(FILE *f, const json_t *rows, const char *kind, const char *from, const char *to, const char *state)
{
    const json_t *o;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)rows, i, o)
    {
        const char *parts[] = {json_string_value(json_object_get(o, "id")),
                               json_string_value(json_object_get(o, from)),
                               json_string_value(json_object_get(o, to)),
                               json_string_value(json_object_get(o, "amount_fen")),
                               json_string_value(json_object_get(o, "amount_yuan")),
                               json_string_value(json_object_get(o, state)),
                               json_string_value(json_object_get(o, "end_to_end"))};
        fprintf(f, "%s,%lld", kind, (long long)json_integer_value(json_object_get(o, "number")));
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
            fputc(',', f);
            zyd_csv_write_cell(f, parts[k] ? parts[k] : "", true);
        }
        fputs("\r\n", f);
    }
}

/* RFC 4180: one row an obligation or payment; ids are text. */
static enum step answer_csv(struct request *r, json_t *o)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    zyd_assert(f);
    fputs("\xef\xbb\xbfkind,number,id,from,to,amount_fen,amount_yuan,state,end_to_end\r\n", f);
    csv_rows(f, json_object_get(o, "obligations"), "NET", "debtor", "creditor", "status");
    csv_rows(f, json_object_get(o, "gross"), "GROSS", "debtor", "creditor", "status");
    csv_rows(f, json_object_get(o, "payments"), "PAYMENT", "payer", "payee", "state");
    fclose(f);
    json_decref(o);
    return zyd_answer_bytes(r, "text/csv; charset=utf-8", (uint8_t *)text, size);
}

enum step zyd_run_cycle_statement_get(struct request *r)
{
    struct cycle y;
    struct zyd_cycle_clock clock;
    uint16_t member;
    const char *format = zyd_uri_arg(&r->uri, "format");
    bool csv = format ? strcmp(format, "csv") == 0 : strstr(r->accept, "text/csv") != NULL;
    if (!zyd_member_arg(r, "member", &member) || !open_cycle(r, &y, &clock)) {
        return zyd_answer_problem(r);
    }
    member = member == 0xffff && !r->who.all ? r->who.member : member;
    bool early = y.c.state < ZYD_CS_COMPUTED || y.c.state == ZYD_CS_UNWINDING;
    bool foreign = member < 64 && !zyd_api_sees(r, UINT64_C(1) << member);
    if (early || foreign) {
        const struct zyd_name *s = zyd_name_by_number(&zyd_product_cycle.states, y.c.state);
        zyd_view_unlock(r->api->view);
        return foreign ? zyd_fail(r, ZYD_ERR_FORBIDDEN, "", "another member's statement")
                       : zyd_fail(r, 9111, "", "the cycle is %s: there is no statement now", s ? s->name : "?");
    }
    json_t *o = summary(r->api, &y);
    json_object_del(o, "payments");
    if (member < ZYD_CYCLE_MEMBERS_MAX) {
        const struct zyd_cycle_member *m = &y.m[member];
        struct zyd_hash hash;
        zyd_cycle_statement_hash(&hash, &y.id, &y.c, y.m, member);
        zyd_j_member(o, "member", r->api->g, member);
        zyd_j_fen(o, "in", m->in);
        zyd_j_fen(o, "out", m->out);
        zyd_j_fen(o, "net", m->in - m->out);
        zyd_j_hash(o, "statement", &hash);
    }
    json_object_set_new(o, "obligations", entries(r, &y, member, 'O', y.c.count));
    json_object_set_new(o, "gross", entries(r, &y, member, 'G', y.c.gross_count));
    json_object_set_new(o, "positions", positions(r->api, &y));
    json_object_set_new(o, "payments", payments(r, &y, member));
    hashes(o, &y);
    zyd_view_unlock(r->api->view);
    return csv ? answer_csv(r, o) : zyd_answer(r, 200, o);
}
