/* Routes over objects, obligations, pending operations, accounts and programmes: all from the view. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/contract.h>
#include <zyd/date.h>
#include <zyd/guarantee_schema.h>

#include "api_impl.h"
#include "api_tx.h"

/* ---- query arguments ---- */

static bool bad_arg(struct request *r, const char *name, const char *value)
{
    zyd_problem_set(&r->problem, ZYD_ERR_FIELD_VALUE, "", "%s: nothing in the consortium is called %.40s", name, value);
    r->problem.http = 400;
    return false;
}

bool zyd_member_arg(struct request *r, const char *name, uint16_t *out)
{
    const char *code = zyd_uri_arg(&r->uri, name);
    *out = 0xffff;
    if (!code) {
        return true;
    }
    int m = zyd_genesis_member_by_code(r->api->g, zyd_span(code, strlen(code)));
    *out = m < 0 ? 0xffff : (uint16_t)m;
    return m >= 0 || bad_arg(r, name, code);
}

bool zyd_programme_arg(struct request *r, uint16_t *out)
{
    const struct zyd_genesis *g = r->api->g;
    const char *code = zyd_uri_arg(&r->uri, "programme");
    *out = 0;
    for (uint16_t i = 0; code && i < g->programme_count; i++) {
        if (g->programmes[i].code.size == strlen(code) && memcmp(g->programmes[i].code.data, code, strlen(code)) == 0) {
            *out = g->programmes[i].id;
        }
    }
    return !code || *out != 0 || bad_arg(r, "programme", code);
}

bool zyd_hash_arg(struct request *r, const char *name, struct zyd_hash *out, bool *given)
{
    const char *text = zyd_uri_arg(&r->uri, name);
    *given = text != NULL;
    return !text || zyd_hex32_parse(out, text) || bad_arg(r, name, text);
}

/* ---- objects ---- */

bool zyd_object_find(struct request *r, struct zyd_view_object *out, const char *text)
{
    struct zyd_api *a = r->api;
    struct zyd_hash id;
    uint16_t member, programme;
    uint32_t found = 0;
    bool by_id = zyd_hex32_parse(&id, text);
    if (!zyd_member_arg(r, "member", &member) || !zyd_programme_arg(r, &programme)) {
        return false;
    }
    member = member == 0xffff ? a->config.me_member : member;
    zyd_view_lock(a->view);
    for (uint16_t i = 0; i < a->g->programme_count && (by_id ? found == 0 : true); i++) {
        const struct zyd_programme *p = &a->g->programmes[i];
        if (!by_id && (programme == 0 || programme == p->id) && zyd_key_valid(text)) {
            zyd_object_id(&id, p->contract, p->id, member, zyd_span(text, strlen(text)));
        } else if (!by_id) {
            continue;
        }
        const struct zyd_view_object *o = zyd_view_object(a->view, &id);
        if (o && zyd_api_sees(r, zyd_view_parties(a->view, o))) {
            *out = *o;
            found++;
        }
    }
    zyd_view_unlock(a->view);
    if (found != 1) {
        zyd_problem_set(&r->problem, ZYD_CODE_UNKNOWN_OBJECT, "", "%s",
                        found == 0 ? "no such object" : "several objects have this client_ref: name the programme");
    }
    return found == 1;
}

static void guarantee_head(json_t *o, const struct zyd_genesis *g, const struct zyd_guarantee_view *v)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } flags[] = {{ZYD_GF_FILED, "FILED"},         {ZYD_GF_NOTICE_LATE, "NOTICE_LATE"}, {ZYD_GF_ESCALATED, "ESCALATED"},
                 {ZYD_GF_PAY_LATE, "PAY_LATE"},   {ZYD_GF_SHARE_LATE, "SHARE_LATE"},   {ZYD_GF_OPENING, "OPENING"}};
    const struct zyd_guarantee_object *h = &v->head;
    const struct zyd_name *state = zyd_name_by_number(&zyd_product_guarantee.states, h->state);
    char borrower[19];
    json_t *list = json_array();
    zyd_j_str(o, "state", state ? state->name : "?");
    zyd_j_str(o, "state_zh", state ? state->zh : "?");
    zyd_j_str(o, "state_en", state ? state->en : "?");
    zyd_j_member(o, "bank", g, h->bank);
    if (h->borrower_kind == ZYD_GUARANTEE_PERSON) {
        zyd_j_hex(o, "borrower", h->borrower, sizeof h->borrower);
    } else {
        zyd_guarantee_borrower_text(borrower, h->borrower_kind, h->borrower);
        zyd_j_str(o, "borrower", borrower);
    }
    zyd_j_str(o, "borrower_kind", h->borrower_kind == ZYD_GUARANTEE_PERSON ? "person" : "firm");
    json_object_set_new(o, "county", h->county ? json_integer(h->county) : json_null());
    zyd_j_u64(o, "term_days", h->term_days);
    zyd_j_u64(o, "fee_ppm", h->fee_ppm);
    zyd_j_u64(o, "tier", h->tier);
    zyd_j_fen(o, "amount", h->amount);
    zyd_j_fen(o, "drawn", h->drawn);
    zyd_j_fen(o, "principal", h->principal);
    zyd_j_fen(o, "interest", v->interest);
    zyd_j_fen(o, "fee", v->fee);
    zyd_j_fen(o, "claim", h->claim);
    zyd_j_date(o, "applied", h->applied);
    zyd_j_date(o, "issued", h->issued);
    zyd_j_date(o, "valid_until", h->valid_until);
    zyd_j_date(o, "overdue", h->overdue);
    zyd_j_date(o, "claimed", h->claimed);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if ((h->flags & flags[i].bit) != 0) {
            json_array_append_new(list, json_string(flags[i].name));
        }
    }
    json_object_set_new(o, "flags", list);
}

static void set_field(void *ctx, const char *name, const char *value)
{
    zyd_j_str(ctx, name, value);
}

/* State and fields of an object by its product's table; of an unknown contract nothing. */
static void product_head(json_t *o, const struct zyd_genesis *g, const struct zyd_view_object *x,
                         const struct zyd_view_record *rec)
{
    const struct zyd_product *product = zyd_product_of(zyd_contract_text(g, x->contract));
    const struct zyd_members members = zyd_genesis_members(g);
    const struct zyd_name *state = rec ? zyd_state_of(product, zyd_span(rec->value, rec->size)) : NULL;
    if (state) {
        json_t *fields = json_object();
        zyd_j_str(o, "state", state->name);
        zyd_j_str(o, "state_zh", state->zh);
        zyd_j_str(o, "state_en", state->en);
        zyd_object_tell(product, set_field, fields, zyd_span(rec->value, rec->size), &members);
        json_object_set_new(o, "fields", fields);
    }
}

/* Is the object's state the one of this name, of its own product? */
static bool in_state(const struct zyd_api *a, const struct zyd_view_object *x, const char *state)
{
    const struct zyd_view_record *rec = zyd_view_record_at(a->view, x->record);
    const struct zyd_product *product = zyd_product_of(zyd_contract_text(a->g, x->contract));
    const struct zyd_name *is = rec ? zyd_state_of(product, zyd_span(rec->value, rec->size)) : NULL;
    return is && strcmp(is->name, state) == 0;
}

static bool state_known(const char *name)
{
    const struct zyd_product *p;
    for (size_t i = 0; (p = zyd_product_at(i)) != NULL; i++) {
        if (zyd_name_by_text(&p->states, name)) {
            return true;
        }
    }
    return false;
}

/* With the lock held. full: everything that a contract's own page shows. */
static json_t *object_json(const struct request *r, const struct zyd_view_object *x, bool full)
{
    const struct zyd_api *a = r->api;
    const struct zyd_view_record *rec = zyd_view_record_at(a->view, x->record);
    struct zyd_guarantee_view v;
    json_t *o = json_object();
    zyd_j_hash(o, "id", &x->id);
    zyd_j_span(o, "contract", zyd_contract_text(a->g, x->contract));
    zyd_j_programme(o, "programme", a->g, x->programme);
    zyd_j_member(o, "member", a->g, x->member);
    zyd_j_str(o, "client_ref", x->client_ref[0] ? x->client_ref : NULL);
    zyd_j_u64(o, "seq", rec ? rec->seq : 0);
    zyd_j_u64(o, "made_height", x->made_height);
    zyd_j_u64(o, "last_height", rec ? rec->last_height : x->made_height);
    zyd_j_u64s(o, "log_index", x->log_index);
    zyd_j_u64(o, "operations", x->tx_count);
    bool guarantee = rec && x->contract == zyd_view_guarantee(a->view);
    if (guarantee && zyd_guarantee_object_read(&v, zyd_span(rec->value, rec->size)) == ZYD_OK) {
        zyd_j_str(o, "kind", "contract");
        guarantee_head(o, a->g, &v);
        json_t *list = full ? json_array() : NULL;
        for (uint8_t i = 0; list && i < v.head.drawdown_count && i < ZYD_GUARANTEE_DRAWDOWNS_MAX; i++) {
            const struct zyd_guarantee_drawdown *d = &v.drawdowns[i];
            json_t *one = json_object();
            zyd_j_u64(one, "number", d->number);
            zyd_j_u64(one, "rate_ppm", d->rate_ppm);
            zyd_j_date(one, "value_date", d->value_date);
            zyd_j_date(one, "maturity", d->maturity);
            zyd_j_date(one, "settled_to", d->settled_to);
            zyd_j_fen(one, "principal", d->principal);
            zyd_j_fen(one, "balance", d->balance);
            zyd_j_fen(one, "interest", d->interest);
            zyd_j_fen(one, "fee", d->fee);
            json_array_append_new(list, one);
        }
        if (list) {
            json_object_set_new(o, "drawdowns", list);
        }
    } else if (guarantee && rec->size == sizeof(struct zyd_guarantee_reset)) {
        zyd_j_str(o, "kind", "reset");
    } else {
        zyd_j_str(o, "kind", "object");
        product_head(o, a->g, x, rec);
        if (rec) {
            zyd_j_hex(o, "value", rec->value, rec->size);
        }
    }
    return o;
}

static json_t *claim_json(const struct zyd_api *a, const struct zyd_view_object *x)
{
    struct zyd_guarantee_claim_view v;
    uint8_t name[64];
    struct zyd_hash key;
    size_t size = zyd_guarantee_claim_key(name, &x->id);
    zyd_record_key(&key, x->contract, zyd_span(name, size));
    const struct zyd_view_record *rec = zyd_view_record(a->view, &key);
    if (!rec || zyd_guarantee_claim_read(&v, zyd_span(rec->value, rec->size)) != ZYD_OK) {
        return json_null();
    }
    const struct zyd_guarantee_claim *h = &v.head;
    json_t *o = json_object(), *parties = json_array();
    zyd_j_fen(o, "total", h->total);
    zyd_j_fen(o, "bank_part", h->bank_part);
    zyd_j_fen(o, "rest", h->rest);
    zyd_j_fen(o, "compensated", h->compensated);
    zyd_j_fen(o, "overflow", h->overflow);
    zyd_j_fen(o, "net_recovered", h->net_recovered);
    zyd_j_fen(o, "cost_carried", h->cost_carried);
    zyd_j_fen(o, "overdue_open", h->overdue_open);
    zyd_j_fen(o, "interest_open", h->interest_open);
    json_object_set_new(o, "paid", json_boolean(h->paid));
    zyd_j_u64(o, "shares_open", h->shares_open);
    zyd_j_u64(o, "recoveries", h->recoveries);
    zyd_j_member(o, "first_payer", a->g, h->first_payer);
    for (uint8_t i = 0; i < h->party_count && i < ZYD_GUARANTEE_LEAVES_MAX + 1; i++) {
        json_t *one = json_object();
        zyd_j_member(one, "member", a->g, v.parties[i].member);
        zyd_j_fen(one, "borne", v.parties[i].borne);
        zyd_j_fen(one, "recovered", v.parties[i].recovered);
        zyd_j_fen(one, "open", v.parties[i].open);
        json_array_append_new(parties, one);
    }
    json_object_set_new(o, "parties", parties);
    return o;
}

const char *zyd_obligation_state(uint8_t state)
{
    static const char *const names[] = {"?", "CREATED", "LOCKED", "INSTRUCTED", "SETTLED", "REVERSED"};
    return state < sizeof names / sizeof names[0] ? names[state] : names[0];
}

json_t *zyd_obligation_json(const struct zyd_api *a, const struct zyd_view_obligation *x)
{
    const struct zyd_programme *programme = zyd_genesis_programme(a->g, x->o.programme);
    const struct zyd_product *product = programme ? zyd_product_of(zyd_contract_text(a->g, programme->contract)) : NULL;
    const struct zyd_name *reason = zyd_label_by_number(product, x->o.reason);
    json_t *o = json_object();
    zyd_j_hash(o, "id", &x->o.id);
    zyd_j_member(o, "debtor", a->g, x->o.debtor);
    zyd_j_member(o, "creditor", a->g, x->o.creditor);
    zyd_j_fen(o, "amount", x->o.amount.fen);
    zyd_j_str(o, "state", zyd_obligation_state(x->o.state));
    json_object_set_new(o, "gross", json_boolean(x->o.gross));
    if (reason) {
        zyd_j_str(o, "reason", reason->name);
        zyd_j_str(o, "reason_zh", reason->zh);
        zyd_j_str(o, "reason_en", reason->en);
    } else {
        zyd_j_u64(o, "reason", x->o.reason);
    }
    zyd_j_programme(o, "programme", a->g, x->o.programme);
    zyd_j_hash(o, "object", &x->o.object);
    zyd_j_date(o, "value_date", x->o.value_date);
    zyd_j_u64(o, "seq", x->seq);
    zyd_j_u64(o, "made_height", x->made_height);
    zyd_j_u64(o, "last_height", x->last_height);
    return o;
}

static json_t *deadlines_json(const struct zyd_api *a, const struct zyd_view_object *x)
{
    struct zyd_hash key;
    struct zyd_deadlines d;
    json_t *list = json_array();
    zyd_deadlines_key(&key, &x->id);
    const struct zyd_view_record *rec = zyd_view_record(a->view, &key);
    if (rec && zyd_deadlines_decode(&d, zyd_span(rec->value, rec->size)) == ZYD_OK) {
        for (uint8_t i = 0; i < d.count; i++) {
            const struct zyd_product *product = zyd_product_of(zyd_contract_text(a->g, x->contract));
            const struct zyd_name *n = product ? zyd_name_by_number(&product->deadlines, d.slots[i].number) : NULL;
            json_t *one = json_object();
            zyd_j_u64(one, "number", d.slots[i].number);
            zyd_j_str(one, "name", n ? n->name : NULL);
            zyd_j_time(one, "due", d.slots[i].due_ms);
            json_array_append_new(list, one);
        }
    }
    return list;
}

enum step zyd_run_contract_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct zyd_view_object x;
    if (!zyd_object_find(r, &x, r->uri.segments[2])) {
        return zyd_answer_problem(r);
    }
    zyd_view_lock(a->view);
    const struct zyd_view_object *now = zyd_view_object(a->view, &x.id);
    json_t *o = object_json(r, now, true), *obligations = json_array(), *pending = json_array();
    if (now->contract == zyd_view_guarantee(a->view)) {
        json_object_set_new(o, "claim", claim_json(a, now));
    }
    uint32_t shown = 0;
    for (uint32_t i = now->first_obligation; i != ZYD_VIEW_NONE && shown < ZYD_HTTP_PAGE_MAX; shown++) {
        const struct zyd_view_obligation *ob = zyd_view_obligation_at(a->view, i);
        json_array_append_new(obligations, zyd_obligation_json(a, ob));
        i = ob->next;
    }
    for (uint32_t i = now->first_tx; i != ZYD_VIEW_NONE;) {
        const struct zyd_view_tx *tx = zyd_view_tx_at(a->view, i);
        const struct zyd_view_pending *p = tx->code == ZYD_CODE_PENDING ? zyd_view_pending(a->view, &tx->op_id) : NULL;
        if (p && p->p.state == 1) {
            char hex[65];
            zyd_hex(hex, tx->op_id.b, ZYD_HASH_SIZE);
            json_array_append_new(pending, json_string(hex));
        }
        i = tx->next;
    }
    json_object_set_new(o, "obligations", obligations);
    json_object_set_new(o, "deadlines", deadlines_json(a, now));
    json_object_set_new(o, "parties", zyd_j_members(a->g, zyd_view_parties(a->view, now)));
    json_object_set_new(o, "pending", pending);
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, o);
}

/* Does the text stand in client_ref, in the borrower's, or at the start of the id? */
static bool object_matches(const struct zyd_api *a, const struct zyd_view_object *x, const char *q)
{
    char hex[65], borrower[19] = "";
    struct zyd_guarantee_view v;
    const struct zyd_view_record *rec = zyd_view_record_at(a->view, x->record);
    zyd_hex(hex, x->id.b, ZYD_HASH_SIZE);
    if (strstr(x->client_ref, q) || strncmp(hex, q, strlen(q)) == 0) {
        return true;
    }
    if (x->kind != ZYD_GUARANTEE_KIND_CONTRACT || !rec ||
        zyd_guarantee_object_read(&v, zyd_span(rec->value, rec->size)) != ZYD_OK) {
        return false;
    }
    zyd_guarantee_borrower_text(borrower, v.head.borrower_kind, v.head.borrower);
    return strstr(borrower, q) != NULL;
}

enum step zyd_run_contracts_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct page page;
    uint16_t party, programme, member;
    const char *state = zyd_uri_arg(&r->uri, "state"), *q = zyd_uri_arg(&r->uri, "q"),
               *ref = zyd_uri_arg(&r->uri, "client_ref");
    const char *contract = zyd_uri_arg(&r->uri, "contract");
    if (!zyd_page_read(r, &page) || !zyd_member_arg(r, "party", &party) || !zyd_member_arg(r, "member", &member) ||
        !zyd_programme_arg(r, &programme) || (state && !state_known(state) && !bad_arg(r, "state", state))) {
        return zyd_answer_problem(r);
    }
    json_t *items = json_array();
    uint64_t at = page.after;
    zyd_view_lock(a->view);
    for (const struct zyd_view_object *x; at <= UINT32_MAX && (x = zyd_view_object_at(a->view, (uint32_t)at)) != NULL; at++) {
        uint64_t parties = zyd_view_parties(a->view, x);
        struct zyd_span name = zyd_contract_text(a->g, x->contract);
        if (!zyd_api_sees(r, parties) || (programme != 0 && x->programme != programme) ||
            (party != 0xffff && (parties >> party & 1) == 0) || (member != 0xffff && x->member != member) ||
            (state && !in_state(a, x, state)) ||
            (ref && strcmp(ref, x->client_ref) != 0) || (q && !object_matches(a, x, q)) ||
            (contract && (name.size != strlen(contract) || memcmp(name.data, contract, name.size) != 0))) {
            continue;
        }
        if (json_array_size(items) == page.limit) {
            break;
        }
        json_array_append_new(items, object_json(r, x, false));
    }
    bool more = at <= UINT32_MAX && zyd_view_object_at(a->view, (uint32_t)at) != NULL;
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, more ? at : UINT64_MAX));
}

enum step zyd_run_history_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct page page;
    struct zyd_view_object x;
    if (!zyd_page_read(r, &page) || !zyd_object_find(r, &x, r->uri.segments[2])) {
        return zyd_answer_problem(r);
    }
    json_t *items = json_array();
    uint64_t next = UINT64_MAX;
    zyd_view_lock(a->view);
    const struct zyd_view_object *now = zyd_view_object(a->view, &x.id);
    /* the cursor is a tx: only one of this object goes on */
    uint32_t i = page.after == 0 ? now->first_tx : page.after <= UINT32_MAX ? (uint32_t)page.after : ZYD_VIEW_NONE;
    const struct zyd_view_tx *tx = zyd_view_tx_at(a->view, i);
    if (tx && page.after != 0 && zyd_view_object_at(a->view, tx->object) != now) {
        tx = NULL;
    }
    while (tx) {
        struct tx_copy c;
        if (json_array_size(items) == page.limit) {
            next = zyd_view_tx_index(a->view, tx);
            break;
        }
        zyd_tx_copy(&c, a, tx);
        json_t *one = json_object();
        zyd_tx_brief(one, r, &c);
        zyd_j_u64(one, "postings", tx->postings);
        json_array_append_new(items, one);
        tx = tx->next == ZYD_VIEW_NONE ? NULL : zyd_view_tx_at(a->view, tx->next);
    }
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, next));
}

/* ---- pending operations ---- */

static void append_drafts(struct request *r, json_t *items)
{
    struct zyd_api *a = r->api;
    const struct zyd_journal_entry *e;
    if (!a->journal) {
        return;
    }
    pthread_mutex_lock(&a->journal_lock);
    for (uint32_t i = 0; (e = zyd_journal_at(a->journal, i)) != NULL && json_array_size(items) < ZYD_HTTP_PAGE_MAX; i++) {
        struct zyd_op op;
        char event[24];
        if (!zyd_hash_is_zero(&e->env_id) || e->valid_until_ms != 0 ||
            zyd_op_decode(&op, zyd_span(e->bytes, e->size)) != ZYD_OK) {
            continue;
        }
        json_t *o = json_object();
        zyd_j_hash(o, "op_id", &e->op_id);
        zyd_j_str(o, "state", "awaiting_checker");
        zyd_j_span(o, "contract", zyd_contract_text(a->g, op.contract));
        zyd_j_str(o, "event", zyd_event_text(event, a->g, op.contract, op.event, 0, false));
        zyd_j_programme(o, "programme", a->g, op.programme);
        zyd_j_member(o, "member", a->g, op.member);
        if (op.has_object) {
            zyd_j_hash(o, "object", &op.object);
        }
        zyd_j_u64(o, "expect_seq", op.expect_seq);
        json_object_set_new(o, "args", zyd_j_args(a->g, &op));
        json_array_append_new(items, o);
    }
    pthread_mutex_unlock(&a->journal_lock);
}

static bool pending_matches(const struct request *r, const struct zyd_view_pending *p, uint16_t member, const char *state)
{
    uint64_t parties = p->op.member < 64 ? UINT64_C(1) << p->op.member : 0;
    bool missing = member == 0xffff;
    for (uint8_t i = 0; i < p->p.missing_count; i++) {
        parties |= p->p.missing[i] < 64 ? UINT64_C(1) << p->p.missing[i] : 0;
        missing |= p->p.missing[i] == member;
    }
    for (uint8_t i = 0; i < p->p.signer_count; i++) {
        parties |= p->p.signers[i] < 64 ? UINT64_C(1) << p->p.signers[i] : 0;
    }
    const struct zyd_view_object *o = p->op.has_object ? zyd_view_object(r->api->view, &p->op.object) : NULL;
    parties |= o ? zyd_view_parties(r->api->view, o) : 0;
    return zyd_api_sees(r, parties) && missing &&
           (strcmp(state, "all") == 0 || strcmp(state, zyd_pending_state_text(p->p.state)) == 0);
}

enum step zyd_run_pending_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct page page;
    uint16_t member;
    struct zyd_hash object;
    bool by_object;
    const char *state = zyd_uri_arg(&r->uri, "state");
    if (!zyd_page_read(r, &page) || !zyd_member_arg(r, "member", &member) || !zyd_hash_arg(r, "object", &object, &by_object)) {
        return zyd_answer_problem(r);
    }
    state = state ? state : "waiting";
    json_t *items = json_array();
    uint64_t at = page.after;
    if (strcmp(state, "awaiting_checker") == 0 || (strcmp(state, "all") == 0 && at == 0)) {
        append_drafts(r, items);
    }
    zyd_view_lock(a->view);
    const struct zyd_view_pending *p;
    for (; at <= UINT32_MAX && (p = zyd_view_pending_at(a->view, (uint32_t)at)) != NULL; at++) {
        bool wanted = !by_object || (p->op.has_object && zyd_hash_eq(&p->op.object, &object));
        if (!wanted || !pending_matches(r, p, member, state)) {
            continue;
        }
        if (json_array_size(items) >= page.limit) {
            break;
        }
        json_array_append_new(items, zyd_pending_tell(r, p));
    }
    bool more = at <= UINT32_MAX && zyd_view_pending_at(a->view, (uint32_t)at) != NULL;
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, more ? at : UINT64_MAX));
}
