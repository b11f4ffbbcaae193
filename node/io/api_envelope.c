/* Envelopes as they come, signed elsewhere: submit, ask, wait.  And how an operation stands. */
#include "api_write.h"

/* ---- answers ---- */

json_t *zyd_pending_answer(const struct request *r)
{
    json_t *o = json_object();
    zyd_j_str(o, "status", "pending");
    zyd_j_hash(o, "env_id", &r->w.env_id);
    zyd_j_time(o, "valid_until", r->w.valid_until_ms);
    return o;
}

/* The problem of a SUBMIT that was not taken. */
enum step zyd_not_taken(struct request *r, enum zyd_status s)
{
    switch (s) {
    case ZYD_E_FULL:
        return zyd_fail(r, ZYD_ERR_BUSY, "", "the node's inbox or pool is full");
    case ZYD_E_BUSY:
        return zyd_fail(r, ZYD_ERR_READ_ONLY, "", "the node is read-only");
    case ZYD_E_EXPIRED:
        return zyd_fail(r, ZYD_ERR_EXPIRED, "", "valid_until has passed, or lies more than the window ahead of block time");
    case ZYD_E_FOREIGN:
        return zyd_fail(r, ZYD_ERR_FOREIGN, "", "the chain id or a signer is not of this consortium");
    case ZYD_E_BAD_SIG:
        return zyd_fail(r, 9101, "", "a signature does not verify");
    case ZYD_E_TOO_BIG:
    case ZYD_E_MALFORMED:
        return zyd_fail(r, ZYD_ERR_ENVELOPE, "", "the bytes are not a canonical envelope");
    case ZYD_E_INVALID:
        return zyd_fail(r, ZYD_ERR_ENVELOPE, "",
                        "a signer or key that may not sign this class, or a member that acts and did not sign");
    case ZYD_E_STORE:
    case ZYD_E_IO:
    case ZYD_E_DAMAGED:
        return zyd_fail(r, ZYD_ERR_STORE_FAILED, "", "%s", zyd_status_text(s));
    case ZYD_OK:
    case ZYD_E_NOT_FOUND:
    case ZYD_E_EXISTS:
        break;
    }
    return zyd_fail(r, ZYD_ERR_BUG, "", "%s", zyd_status_text(s));
}

enum step zyd_unknown_outcome(struct request *r)
{
    r->problem.written = WRITTEN_UNKNOWN;
    return zyd_fail(r, ZYD_ERR_UNKNOWN_OUTCOME, "", "the node did not say in time whether it took the envelope");
}

/* An envelope with all its operations, or NULL when it is not final. */
static json_t *final_envelope(struct request *r, const struct zyd_hash *env_id)
{
    struct zyd_api *a = r->api;
    json_t *o = NULL;
    zyd_view_lock(a->view);
    const struct zyd_view_env *e = zyd_view_env(a->view, env_id);
    if (e) {
        o = json_object();
        zyd_j_hash(o, "env_id", env_id);
        zyd_j_str(o, "status", "final");
        zyd_j_u64(o, "height", e->height);
        zyd_j_u64(o, "done", e->done);
        zyd_j_u64(o, "refused", e->refused);
        zyd_j_u64(o, "waiting", e->waiting);
        json_t *list = r->minimal ? NULL : json_array();
        for (uint32_t i = 0; list && i < e->tx_count; i++) {
            const struct zyd_view_tx *tx = zyd_view_tx_at(a->view, e->first_tx + i);
            const struct zyd_view_object *object = zyd_view_object_at(a->view, tx->object);
            char event[24];
            struct tx_copy c;
            zyd_tx_copy(&c, a, tx);
            if (tx->sys || !zyd_api_sees(r, c.parties)) { /* the others of a batch may concern others */
                continue;
            }
            json_t *one = json_object();
            zyd_j_hash(one, "op_id", &tx->op_id);
            zyd_j_str(one, "event", zyd_event_text(event, a->g, tx->contract, tx->event, 0, false));
            zyd_j_code(one, r, tx->code);
            if (object) {
                zyd_j_hash(one, "object", &object->id);
            }
            zyd_j_u64(one, "seq", tx->seq);
            json_array_append_new(list, one);
        }
        if (list) {
            json_object_set_new(o, "operations", list);
        }
    }
    zyd_view_unlock(a->view);
    return o;
}

/* May the principal see the envelope?  One of its operations is its member's, or on an object that it is a party to. */
static bool sees_envelope(struct request *r, const struct zyd_hash *env_id)
{
    struct zyd_api *a = r->api;
    bool sees = r->who.all;
    zyd_view_lock(a->view);
    const struct zyd_view_env *e = zyd_view_env(a->view, env_id);
    for (uint32_t i = 0; e && !sees && i < e->tx_count; i++) {
        struct tx_copy c;
        zyd_tx_copy(&c, a, zyd_view_tx_at(a->view, e->first_tx + i));
        sees = zyd_api_sees(r, c.parties);
    }
    zyd_view_unlock(a->view);
    return sees;
}

/* Was it sent through here, and may it still be booked? */
static const char *not_final_text(struct zyd_api *a, uint64_t valid_until_ms)
{
    if (valid_until_ms == 0) {
        return "unknown";
    }
    zyd_view_lock(a->view);
    bool over = zyd_view_time_ms(a->view) > valid_until_ms;
    zyd_view_unlock(a->view);
    return over ? "rejected" : "pending";
}

/* ---- POST and GET of envelopes ---- */

static json_t *op_ids(const struct zyd_env *env)
{
    json_t *list = json_array();
    struct zyd_op op;
    size_t pos = 0;
    while (zyd_env_next_op(&op, env, &pos)) {
        char hex[65];
        zyd_hex(hex, op.op_id.b, ZYD_HASH_SIZE);
        json_array_append_new(list, json_string(hex));
    }
    return list;
}

static enum step envelope_answer(struct request *r)
{
    json_t *o = final_envelope(r, &r->w.env_id);
    struct zyd_env env;
    if (o) {
        return zyd_answer(r, 200, o);
    }
    o = zyd_pending_answer(r);
    if (!r->minimal && zyd_env_decode(&env, zyd_span(r->body, r->body_size)) == ZYD_OK) {
        json_object_set_new(o, "op_ids", op_ids(&env));
    }
    return zyd_answer(r, 202, o);
}

enum step zyd_run_envelope_post(struct request *r)
{
    struct zyd_api *a = r->api;
    struct zyd_env env;
    switch (r->w.step) {
    case STEP_NEW: {
        enum zyd_status s = zyd_env_decode(&env, zyd_span(r->body, r->body_size));
        if (s != ZYD_OK) {
            return zyd_not_taken(r, s);
        }
        r->w.env_id = env.env_id;
        r->w.valid_until_ms = env.valid_until_ms;
        if (env.class_ == ZYD_ENV_GOVERNANCE && r->who.role != ZYD_TOKEN_GOVERNOR) {
            return zyd_fail(r, ZYD_ERR_FORBIDDEN, "", "a governance envelope needs a governor's token");
        }
        s = zyd_hash_eq(&env.chain_id, &a->g->hash) ? zyd_env_verify(&env, a->g, &a->sig) : ZYD_E_FOREIGN;
        if (s != ZYD_OK) {
            return zyd_not_taken(r, s);
        }
        json_t *o = final_envelope(r, &env.env_id);
        if (o) {
            return zyd_answer(r, 200, o);
        }
        atomic_fetch_add(&a->submits, 1);
        r->w.step = STEP_SUBMITTED;
        return zyd_api_wait_reply(r, true, env.bytes) ? STEP_WAIT : zyd_answer_problem(r);
    }
    case STEP_SUBMITTED:
        if (!r->replied) {
            return zyd_unknown_outcome(r);
        }
        if (r->reply == ZYD_E_EXPIRED && strcmp(not_final_text(a, r->w.valid_until_ms), "pending") == 0) {
            r->problem.written = WRITTEN_UNKNOWN; /* a block that is not final yet may hold it */
        }
        if (r->reply != ZYD_OK && r->reply != ZYD_E_EXISTS) {
            return zyd_not_taken(r, r->reply);
        }
        if (zyd_env_decode(&env, zyd_span(r->body, r->body_size)) == ZYD_OK) {
            zyd_api_sent_add(a, &env);
        }
        r->w.step = STEP_FINAL;
        if (r->wait_s > 0 && zyd_api_wait_final(r)) {
            return STEP_WAIT;
        }
        return envelope_answer(r);
    default:
        return envelope_answer(r);
    }
}

enum step zyd_run_envelope_get(struct request *r)
{
    const char *wait = zyd_uri_arg(&r->uri, "wait");
    uint64_t seconds = 0;
    if (!zyd_hex32_parse(&r->w.env_id, r->uri.segments[2])) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "an envelope id is 64 hex digits");
    }
    if (r->w.step == STEP_NEW) {
        r->w.step = STEP_FINAL;
        if (wait && zyd_decimal_parse(&seconds, wait, ZYD_HTTP_WAIT_MAX)) {
            r->wait_s = (uint32_t)seconds;
        }
        if (r->wait_s > 0 && zyd_api_wait_final(r)) {
            return STEP_WAIT;
        }
    }
    json_t *o = final_envelope(r, &r->w.env_id);
    if (o && !sees_envelope(r, &r->w.env_id)) {
        json_decref(o);
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "no such envelope");
    }
    if (!o) {
        uint64_t until = zyd_api_sent_env(r->api, &r->w.env_id);
        o = json_object();
        zyd_j_hash(o, "env_id", &r->w.env_id);
        zyd_j_str(o, "status", not_final_text(r->api, until));
        if (until != 0) {
            zyd_j_time(o, "valid_until", until);
        }
    }
    return zyd_answer(r, 200, o);
}

enum step zyd_run_transaction_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct zyd_hash op_id, env_id = {{0}};
    struct tx_copy c;
    if (!zyd_hex32_parse(&op_id, r->uri.segments[2])) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "an operation id is 64 hex digits");
    }
    zyd_view_lock(a->view);
    const struct zyd_view_tx *tx = zyd_view_tx(a->view, &op_id);
    if (tx) {
        zyd_tx_copy(&c, a, tx);
    }
    zyd_view_unlock(a->view);
    if (tx && !zyd_api_sees(r, c.parties)) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "no such operation");
    }
    if (tx) {
        json_t *o = zyd_tx_tell(r, &c);
        return o ? zyd_answer(r, 200, o) : zyd_answer_problem(r);
    }
    uint64_t until = zyd_api_sent_op(a, &op_id, &env_id);
    json_t *o = json_object();
    zyd_j_hash(o, "op_id", &op_id);
    zyd_j_str(o, "status", not_final_text(a, until));
    if (until != 0) {
        zyd_j_hash(o, "env_id", &env_id);
        zyd_j_time(o, "valid_until", until);
    }
    return zyd_answer(r, 200, o);
}
