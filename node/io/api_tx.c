/* Telling one outcome as JSON. */
#include <stdlib.h>

#include <zyd/date.h>
#include <zyd/guarantee_schema.h>

#include "api_tx.h"

const char *zyd_pending_state_text(uint8_t state)
{
    static const char *const names[] = {"?", "waiting", "done", "declined", "withdrawn", "expired", "failed"};
    return state < sizeof names / sizeof names[0] ? names[state] : names[0];
}

const struct zyd_view_tx *zyd_tx_of_env(const struct zyd_view *v, const struct zyd_view_env *e)
{
    for (uint32_t i = 0; i < e->tx_count; i++) {
        const struct zyd_view_tx *tx = zyd_view_tx_at(v, e->first_tx + i);
        if (!tx->sys) {
            return tx;
        }
    }
    return NULL;
}

void zyd_tx_copy(struct tx_copy *out, const struct zyd_api *a, const struct zyd_view_tx *tx)
{
    memset(out, 0, sizeof *out);
    out->tx = *tx;
    const struct zyd_view_object *o = zyd_view_object_at(a->view, tx->object);
    const struct zyd_view_env *e = tx->env == ZYD_VIEW_NONE ? NULL : zyd_view_env_at(a->view, tx->env);
    const struct zyd_view_block *b = zyd_view_block(a->view, tx->height);
    const struct zyd_view_pending *p = tx->code == ZYD_CODE_PENDING ? zyd_view_pending(a->view, &tx->op_id) : NULL;
    if (o) {
        out->object = o->id;
        out->has_object = true;
        out->parties = zyd_view_parties(a->view, o);
    }
    out->parties |= tx->member < 64 ? UINT64_C(1) << tx->member : 0;
    if (e) {
        out->env_id = e->env_id;
        out->env_index = e->index;
        out->has_env = true;
    }
    out->time_ms = b ? b->time_ms : 0;
    if (p) {
        out->has_pending = true;
        out->pending_state = p->p.state;
        out->pending_code = p->p.code;
        out->completed_by = p->completed_by;
    }
}

/* What the view alone knows. */
void zyd_tx_brief(json_t *o, const struct request *r, const struct tx_copy *c)
{
    const struct zyd_genesis *g = r->api->g;
    const struct zyd_view_tx *tx = &c->tx;
    char event[24];
    zyd_j_hash(o, "op_id", &tx->op_id);
    zyd_j_code(o, r, tx->code);
    zyd_j_span(o, "contract", zyd_contract_text(g, tx->contract));
    zyd_j_str(o, "event", zyd_event_text(event, g, tx->contract, tx->event, tx->deadline, tx->sys));
    if (tx->programme != 0) {
        zyd_j_programme(o, "programme", g, tx->programme);
    }
    if (!tx->sys) {
        zyd_j_member(o, "member", g, tx->member);
    }
    json_object_set_new(o, "sys", json_boolean(tx->sys));
    if (c->has_object) {
        zyd_j_hash(o, "object", &c->object);
    } else {
        json_object_set_new(o, "object", json_null());
    }
    zyd_j_u64(o, "seq", tx->seq);
    zyd_j_u64(o, "height", tx->height);
    if (c->has_env) {
        zyd_j_hash(o, "env_id", &c->env_id);
    }
    zyd_j_u64s(o, "log_index", tx->log_index);
    zyd_j_time(o, "time", c->time_ms);
    zyd_j_date(o, "date", zyd_date_of_ms((int64_t)c->time_ms));
    zyd_j_u64(o, "fuel", tx->fuel);
}

void zyd_posting_tell(json_t *to, const struct zyd_genesis *g, const struct zyd_posting *p)
{
    const struct zyd_programme *programme = zyd_genesis_programme(g, p->programme);
    const struct zyd_name *label = zyd_label_by_number(
        programme ? zyd_product_of(zyd_contract_text(g, programme->contract)) : NULL, p->label);
    zyd_j_member(to, "member", g, p->member);
    zyd_j_programme(to, "programme", g, p->programme);
    if (label) {
        zyd_j_str(to, "label", label->name);
    } else {
        zyd_j_u64(to, "label", p->label);
    }
    zyd_j_str(to, "dr", p->dr);
    zyd_j_str(to, "cr", p->cr);
    zyd_j_fen(to, "amount", p->amount.fen);
    if (zyd_hash_is_zero(&p->obligation)) {
        json_object_set_new(to, "obligation", json_null());
    } else {
        zyd_j_hash(to, "obligation", &p->obligation);
    }
}

json_t *zyd_postings_tell(const struct zyd_genesis *g, const struct zyd_outcome *o, uint64_t of)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < o->posting_count; i++) {
        if (o->postings[i].member < 64 && (of >> o->postings[i].member & 1) == 0) {
            continue;
        }
        json_t *one = json_object();
        zyd_posting_tell(one, g, &o->postings[i]);
        json_array_append_new(list, one);
    }
    return list;
}

static void tell_outcome(json_t *o, const struct request *r, const struct tx_copy *c, const struct zyd_outcome *x)
{
    json_t *warnings = json_array(), *emitted = json_array();
    for (uint32_t i = 0; i < x->warning_count; i++) {
        const struct zyd_catalogue_entry *e = zyd_catalogue_find(x->warnings[i]);
        char label[8];
        json_t *one = json_object();
        zyd_catalogue_label(label, x->warnings[i]);
        zyd_j_str(one, "code", label);
        zyd_j_str(one, "name", e ? e->name : NULL);
        zyd_j_str(one, "message", e ? e->text[r->lang] : NULL);
        json_array_append_new(warnings, one);
    }
    for (uint32_t i = 0; i < x->event_count; i++) {
        json_t *one = json_object();
        zyd_j_u64(one, "code", x->events[i].code);
        zyd_j_hex(one, "data", x->events[i].data.data, x->events[i].data.size);
        json_array_append_new(emitted, one);
    }
    json_object_set_new(o, "warnings", warnings);
    json_object_set_new(o, "emitted", emitted);
    const struct zyd_product *product = zyd_product_of(zyd_contract_text(r->api->g, c->tx.contract));
    bool own = !r->who.all && product != NULL && product->own_rows && r->who.member < 64;
    json_object_set_new(o, "postings", zyd_postings_tell(r->api->g, x, own ? UINT64_C(1) << r->who.member : UINT64_MAX));
    if (c->tx.sys) {
        zyd_j_u64(o, "deadline", x->deadline);
        zyd_j_time(o, "due", x->due_ms);
    }
}

static void tell_pending(json_t *o, struct request *r, const struct tx_copy *c)
{
    json_t *one = json_object();
    zyd_j_str(one, "state", zyd_pending_state_text(c->pending_state));
    if (!zyd_hash_is_zero(&c->completed_by)) {
        zyd_j_hash(one, "op_id", &c->completed_by);
    } else if (c->pending_code != 0) {
        json_t *code = json_object();
        zyd_j_code(code, r, c->pending_code);
        json_object_update_missing(one, code);
        json_decref(code);
    }
    json_object_set_new(o, "countersigned", one);
    zyd_view_lock(r->api->view);
    const struct zyd_view_pending *p = zyd_view_pending(r->api->view, &c->tx.op_id);
    if (p) {
        json_object_set_new(o, "pending", zyd_pending_tell(r, p));
    }
    zyd_view_unlock(r->api->view);
}

json_t *zyd_tx_tell(struct request *r, const struct tx_copy *c)
{
    struct zyd_view_fetched f;
    enum zyd_status s = zyd_view_fetch(r->api->view, &f, c->tx.height);
    struct zyd_view_outcome *x = calloc(1, sizeof *x);
    struct zyd_op op;
    bool has_op = false;
    json_t *o = NULL;
    if (s == ZYD_OK && x) {
        s = zyd_view_outcome_read(x, &op, &has_op, &f, &c->tx);
    }
    if (s == ZYD_OK && x) {
        o = json_object();
        zyd_j_str(o, "status", "final");
        zyd_tx_brief(o, r, c);
        if (c->has_env) {
            zyd_j_u64(o, "env_index", c->env_index);
            zyd_j_u64(o, "op_index", c->tx.op_index);
        }
        if (has_op) {
            if (op.client_ref.size > 0) {
                zyd_j_span(o, "client_ref", op.client_ref);
            }
            json_object_set_new(o, "args", zyd_j_args(r->api->g, &op));
            if (json_is_null(json_object_get(o, "args"))) { /* bytes that the contract took otherwise than the schema */
                zyd_j_hex(o, "args_hex", op.args.data, op.args.size);
            }
        }
        tell_outcome(o, r, c, &x->o);
        if (c->has_pending) {
            tell_pending(o, r, c);
        }
    } else {
        zyd_problem_set(&r->problem, ZYD_ERR_STORE_FAILED, "", "block %llu: %s", (unsigned long long)c->tx.height,
                        zyd_status_text(s));
    }
    free(x);
    zyd_view_fetched_free(&f);
    return o;
}

json_t *zyd_pending_tell(const struct request *r, const struct zyd_view_pending *p)
{
    const struct zyd_genesis *g = r->api->g;
    json_t *o = json_object(), *signers = json_array(), *missing = json_array();
    char event[24];
    zyd_j_hash(o, "op_id", &p->op_id);
    zyd_j_str(o, "state", zyd_pending_state_text(p->p.state));
    zyd_j_span(o, "contract", zyd_contract_text(g, p->op.contract));
    zyd_j_str(o, "event", zyd_event_text(event, g, p->op.contract, p->op.event, 0, false));
    zyd_j_programme(o, "programme", g, p->op.programme);
    zyd_j_member(o, "member", g, p->op.member);
    if (p->op.has_object) {
        zyd_j_hash(o, "object", &p->op.object);
    } else {
        json_object_set_new(o, "object", json_null());
        zyd_j_span(o, "client_ref", p->op.client_ref);
    }
    zyd_j_u64(o, "expect_seq", p->op.expect_seq);
    json_object_set_new(o, "args", zyd_j_args(g, &p->op));
    for (uint8_t i = 0; i < p->p.signer_count; i++) {
        json_t *one = json_object();
        zyd_j_member(one, "member", g, p->p.signers[i]);
        zyd_j_u64(one, "key", p->p.keys[i]);
        json_array_append_new(signers, one);
    }
    for (uint8_t i = 0; i < p->p.missing_count; i++) {
        json_t *one = json_object();
        zyd_j_member(one, "m", g, p->p.missing[i]);
        json_array_append(missing, json_object_get(one, "m"));
        json_decref(one);
    }
    json_object_set_new(o, "signers", signers);
    json_object_set_new(o, "missing", missing);
    zyd_j_time(o, "expires", p->p.expires_ms);
    zyd_j_u64(o, "made_height", p->made_height);
    if (p->p.code != 0) {
        char label[8];
        zyd_catalogue_label(label, p->p.code);
        zyd_j_str(o, "code", label);
    } else {
        json_object_set_new(o, "code", json_null());
    }
    if (!zyd_hash_is_zero(&p->completed_by)) {
        zyd_j_hash(o, "completed_by", &p->completed_by);
    }
    return o;
}
