/* Routes over accounts, obligations and programmes: all from the view. */
#include <zyd/date.h>
#include <zyd/guarantee_schema.h>

#include "api_impl.h"

/* ---- balances and obligations ---- */

static json_t *account_json(const struct zyd_api *a, const struct zyd_account *x)
{
    json_t *o = json_object();
    zyd_j_member(o, "member", a->g, x->member);
    zyd_j_programme(o, "programme", a->g, x->programme);
    zyd_j_str(o, "account", x->code);
    zyd_j_fen128(o, "debits", x->debits);
    zyd_j_fen128(o, "credits", x->credits);
    zyd_j_fen128(o, "balance", x->debits > x->credits ? x->debits - x->credits : x->credits - x->debits);
    zyd_j_str(o, "side", x->debits > x->credits ? "Dr" : x->debits < x->credits ? "Cr" : "");
    zyd_j_u64(o, "entries", x->entry_count);
    return o;
}

enum step zyd_run_balances_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct page page;
    uint16_t member, programme;
    const char *prefix = zyd_uri_arg(&r->uri, "prefix");
    zyd_u128 debits = 0, credits = 0;
    if (!zyd_page_read(r, &page) || !zyd_member_arg(r, "member", &member) || !zyd_programme_arg(r, &programme)) {
        return zyd_answer_problem(r);
    }
    json_t *items = json_array(), *totals = json_object();
    uint64_t next = UINT64_MAX;
    zyd_view_lock(a->view);
    const struct zyd_view_account *x;
    for (uint32_t i = 0; (x = zyd_view_account_at(a->view, i)) != NULL; i++) {
        if (!zyd_api_sees(r, x->a.member < 64 ? UINT64_C(1) << x->a.member : 0) ||
            (member != 0xffff && x->a.member != member) || (programme != 0 && x->a.programme != programme) ||
            (prefix && strncmp(x->a.code, prefix, strlen(prefix)) != 0)) {
            continue;
        }
        debits += x->a.debits;
        credits += x->a.credits;
        if (i >= page.after && json_array_size(items) < page.limit) {
            json_array_append_new(items, account_json(a, &x->a));
        } else if (i >= page.after && next == UINT64_MAX) {
            next = i;
        }
    }
    zyd_view_unlock(a->view);
    json_t *o = zyd_page_json(r, items, next);
    zyd_j_fen128(totals, "debits", debits);
    zyd_j_fen128(totals, "credits", credits);
    json_object_set_new(o, "totals", totals);
    return zyd_answer(r, 200, o);
}

enum step zyd_run_obligations_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct page page;
    uint16_t member, debtor, creditor, programme;
    struct zyd_hash object;
    bool by_object;
    const char *state = zyd_uri_arg(&r->uri, "state");
    if (!zyd_page_read(r, &page) || !zyd_member_arg(r, "member", &member) || !zyd_member_arg(r, "debtor", &debtor) ||
        !zyd_member_arg(r, "creditor", &creditor) || !zyd_programme_arg(r, &programme) ||
        !zyd_hash_arg(r, "object", &object, &by_object)) {
        return zyd_answer_problem(r);
    }
    json_t *items = json_array();
    uint64_t at = page.after;
    zyd_view_lock(a->view);
    const struct zyd_view_obligation *x;
    for (; at <= UINT32_MAX && (x = zyd_view_obligation_at(a->view, (uint32_t)at)) != NULL; at++) {
        uint64_t parties =
            (x->o.debtor < 64 ? UINT64_C(1) << x->o.debtor : 0) | (x->o.creditor < 64 ? UINT64_C(1) << x->o.creditor : 0);
        if (!zyd_api_sees(r, parties) || (member != 0xffff && x->o.debtor != member && x->o.creditor != member) ||
            (debtor != 0xffff && x->o.debtor != debtor) || (creditor != 0xffff && x->o.creditor != creditor) ||
            (programme != 0 && x->o.programme != programme) || (by_object && !zyd_hash_eq(&x->o.object, &object)) ||
            (state && strcmp(state, zyd_obligation_state(x->o.state)) != 0)) {
            continue;
        }
        if (json_array_size(items) == page.limit) {
            break;
        }
        json_array_append_new(items, zyd_obligation_json(a, x));
    }
    bool more = at <= UINT32_MAX && zyd_view_obligation_at(a->view, (uint32_t)at) != NULL;
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, more ? at : UINT64_MAX));
}

/* ---- programmes ---- */

/* cap = FLOOR(S x rest_ppm x cap_ppm / (365 x 10^12)) (domain.md 3.1, APPROVE). */
static void breaker_json(json_t *o, const struct zyd_api *a, const struct zyd_programme *p, const struct zyd_view_programme *v)
{
    struct zyd_guarantee_breaker b = {0};
    uint8_t name[64];
    struct zyd_hash key;
    size_t size = zyd_guarantee_breaker_key(name, p->id);
    zyd_record_key(&key, p->contract, zyd_span(name, size));
    const struct zyd_view_record *rec = zyd_view_record(a->view, &key);
    if (!rec || zyd_guarantee_breaker_read(&b, zyd_span(rec->value, rec->size)) != ZYD_OK) {
        memset(&b, 0, sizeof b);
        b.year = zyd_date_of_ms((int64_t)zyd_view_time_ms(a->view)) / 10000;
    }
    const struct zyd_name *state = zyd_name_by_number(&zyd_guarantee_breakers, b.state);
    zyd_j_str(o, "breaker", state ? state->name : "?");
    zyd_j_str(o, "breaker_zh", state ? state->zh : "?");
    zyd_j_u64(o, "year", (uint64_t)b.year);
    zyd_j_fen(o, "used", b.used);
    zyd_j_u64(o, "claims", b.claims);
    zyd_j_u64(o, "drawdowns", b.drawdowns);
    if (v->cap_ppm == 0 || b.s_hi >> 22 != 0) {
        json_object_set_new(o, "cap_fen", json_null());
        json_object_set_new(o, "room_fen", json_null());
        return;
    }
    zyd_u128 s = (zyd_u128)b.s_hi << 64 | b.s_lo;
    zyd_u128 cap = s * v->rest_ppm * v->cap_ppm / ((zyd_u128)365 * 1000000u * 1000000u);
    zyd_u128 used = b.used > 0 ? (zyd_u128)(uint64_t)b.used : 0;
    zyd_j_fen128(o, "cap", cap);
    zyd_j_fen128(o, "room", cap > used ? cap - used : 0);
}

static json_t *programme_json(const struct request *r, const struct zyd_programme *p)
{
    const struct zyd_api *a = r->api;
    const struct zyd_view_programme *v = zyd_view_programme(a->view, p->id);
    json_t *o = json_object(), *states = json_object();
    zyd_j_span(o, "code", p->code);
    zyd_j_u64(o, "id", p->id);
    zyd_j_span(o, "name_zh", p->name_zh);
    zyd_j_span(o, "name_en", p->name_en);
    zyd_j_span(o, "contract", zyd_contract_text(a->g, p->contract));
    zyd_j_u64(o, "class", p->class_);
    json_object_set_new(o, "dual", json_boolean(p->dual));
    if (zyd_genesis_programme(a->config.genesis, p->id) == NULL) { /* a client has it from here only */
        uint8_t record[ZYD_RECORD_VALUE_MAX];
        struct zyd_wr wr = zyd_wr_of(record, sizeof record);
        zyd_programme_encode(&wr, p);
        zyd_j_hex(o, "record_hex", wr.data, wr.size);
    }
    if (v->guarantee) {
        breaker_json(o, a, p, v);
        zyd_j_u64(o, "contracts", v->contracts);
        zyd_j_fen(o, "principal", v->principal);
        for (uint16_t i = 0; i < 64; i++) {
            const struct zyd_name *state = zyd_name_by_number(&zyd_product_guarantee.states, i);
            if (state && v->by_state[i] > 0) {
                zyd_j_u64(states, state->name, v->by_state[i]);
            }
        }
    }
    if (v->parties != 0) {
        json_object_set_new(o, "parties", zyd_j_members(a->g, v->parties));
    }
    json_object_set_new(o, "states", states);
    return o;
}

enum step zyd_run_programmes_get(struct request *r)
{
    struct zyd_api *a = r->api;
    json_t *items = json_array();
    zyd_view_lock(a->view);
    for (uint16_t i = 0; i < a->g->programme_count; i++) {
        json_array_append_new(items, programme_json(r, &a->g->programmes[i]));
    }
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, UINT64_MAX));
}

static void set_param(void *ctx, const char *name, const char *value)
{
    zyd_j_str(ctx, name, value);
}

enum step zyd_run_programme_get(struct request *r)
{
    struct zyd_api *a = r->api;
    const char *code = r->uri.segments[2];
    for (uint16_t i = 0; i < a->g->programme_count; i++) {
        const struct zyd_programme *p = &a->g->programmes[i];
        const struct zyd_product *product = zyd_product_of(zyd_contract_text(a->g, p->contract));
        struct zyd_members members = zyd_genesis_members(a->g);
        if (p->code.size != strlen(code) || memcmp(p->code.data, code, p->code.size) != 0) {
            continue;
        }
        zyd_view_lock(a->view);
        json_t *o = programme_json(r, p), *params = json_object();
        zyd_view_unlock(a->view);
        if (product && zyd_product_params_decode(product, set_param, params, p->params, &members) == ZYD_OK) {
            json_object_set_new(o, "params", params);
        } else {
            json_decref(params);
            zyd_j_hex(o, "params_hex", p->params.data, p->params.size);
        }
        return zyd_answer(r, 200, o);
    }
    return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "no such programme");
}

/* ---- what the members decide ---- */

static void proposal_args(json_t *o, const struct zyd_proposal *p)
{
    struct zyd_programme programme;
    struct zyd_rd rd = zyd_rd_of(p->args);
    char text[33] = "";
    if (p->event == ZYD_HOST_PROGRAMME) {
        if (zyd_programme_decode(&programme, p->args) == ZYD_OK) {
            zyd_j_span(o, "code", programme.code);
            zyd_j_span(o, "name_zh", programme.name_zh);
            zyd_j_span(o, "name_en", programme.name_en);
        }
        return;
    }
    (void)zyd_rd_array(&rd, 4);
    if (p->event == ZYD_HOST_RATE) {
        zyd_j_span(o, "code", zyd_rd_str(&rd, 1, ZYD_CODE_MAX));
        zyd_j_u64(o, "from", zyd_rd_u64(&rd, UINT32_MAX));
        zyd_j_u64(o, "ppm", zyd_rd_u64(&rd, UINT32_MAX));
    } else if (p->event == ZYD_HOST_CALENDAR) {
        uint64_t calendar = zyd_rd_u64(&rd, UINT16_MAX), year = zyd_rd_u64(&rd, UINT16_MAX);
        snprintf(text, sizeof text, "%u/%u", (unsigned)calendar, (unsigned)year);
        zyd_j_str(o, "code", text);
    } else {
        struct zyd_hash hash;
        zyd_j_u64(o, "contract", zyd_rd_u64(&rd, UINT16_MAX));
        zyd_j_span(o, "code", zyd_rd_str(&rd, 1, 32));
        zyd_rd_hash(&rd, &hash);
        zyd_j_hex(o, "sha256", hash.b, sizeof hash.b);
        zyd_j_u64(o, "size", zyd_rd_u64(&rd, ZYD_PLUGIN_SIZE_MAX));
    }
}

static json_t *proposal_json(const struct request *r, const struct zyd_view_proposal *at)
{
    static const char *const states[] = {"", "open", "done", "revoked", "failed"};
    static const char *const kinds[] = {"programme", "calendar", "rate", "plugin"};
    const struct zyd_api *a = r->api;
    const struct zyd_genesis *g = a->g;
    struct zyd_proposal p;
    struct zyd_hash key;
    char label[8];
    zyd_proposal_key(&key, &at->id);
    const struct zyd_view_record *record = zyd_view_record(a->view, &key);
    if (record == NULL || zyd_proposal_decode(&p, zyd_span(record->value, record->size)) != ZYD_OK) {
        return NULL;
    }
    bool late = p.state == 1 && zyd_view_time_ms(a->view) > p.expires_ms;
    uint32_t voters = 0;
    for (uint64_t set = zyd_genesis_voters(g); set != 0; set &= set - 1) {
        voters++;
    }
    json_t *o = json_object();
    zyd_j_hex(o, "id", at->id.b, sizeof at->id.b);
    zyd_j_str(o, "kind", kinds[p.event - ZYD_HOST_PROGRAMME]);
    proposal_args(o, &p);
    zyd_j_str(o, "state", late ? "expired" : states[p.state]);
    zyd_j_member(o, "proposer", g, p.proposer);
    json_object_set_new(o, "approvals", zyd_j_members(g, p.approvals));
    zyd_j_u64(o, "needed", zyd_quorum_q(voters));
    if (p.code != 0) {
        zyd_catalogue_label(label, p.code);
        zyd_j_str(o, "code_failed", label);
    }
    zyd_j_u64(o, "made_height", at->made_height);
    return o;
}

enum step zyd_run_proposals_get(struct request *r)
{
    struct zyd_api *a = r->api;
    json_t *items = json_array();
    const struct zyd_view_proposal *p;
    zyd_view_lock(a->view);
    for (uint32_t i = 0; (p = zyd_view_proposal_at(a->view, i)) != NULL; i++) {
        json_t *one = proposal_json(r, p);
        if (one != NULL) {
            json_array_append_new(items, one);
        }
    }
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, UINT64_MAX));
}
