/* Operations that this node signs for a caller.
 *
 *   JSON -> operation -> key, journal, sync -> submit -> (wait for finality) -> answer
 *
 * Exactly once: the journal holds the bytes that were signed under a key until the ledger has answered for them; the same key
 * asks for the same bytes while they can still be booked, and only then for new ones (ledger.md 2.3). */
#include <stdio.h>
#include <stdlib.h>

#include "api_write.h"

/* ---- operations that this node signs ---- */

static void jkey(struct zyd_hash *out, const char *scope, const struct zyd_hash *id, uint32_t number, const char *key)
{
    struct zyd_hasher h;
    uint8_t n[4];
    zyd_put32(n, number);
    zyd_hasher_start(&h, "zyd/apikey/1");
    zyd_hasher_add(&h, scope, 4);
    zyd_hasher_add(&h, id->b, ZYD_HASH_SIZE);
    zyd_hasher_add(&h, n, sizeof n);
    zyd_hasher_add(&h, key, strlen(key));
    zyd_hasher_end(&h, out);
}

/* Puts an envelope over one operation into r->w.  second: the checker signs, too. */
static bool sign(struct request *r, struct zyd_span op, uint8_t flags, bool second)
{
    struct zyd_api *a = r->api;
    struct zyd_hash leaf;
    struct zyd_env env;
    size_t cap = ZYD_ENV_HEAD_SIZE + op.size + 512;
    uint8_t *ops = malloc(op.size + 4), *bytes = malloc(cap);
    uint16_t me = a->config.me_member;
    int64_t wall = a->calls.wall_ms(a->calls.ctx);
    zyd_view_lock(a->view);
    uint64_t now = zyd_view_time_ms(a->view), ahead = a->g->window_ms / 2;
    zyd_view_unlock(a->view);
    zyd_assert(ops != NULL && bytes != NULL);
    now = wall > 0 && (uint64_t)wall > now ? (uint64_t)wall : now;
    r->w.valid_until_ms = now + (ahead != 0 && ahead < ZYD_VALID_MS ? ahead : ZYD_VALID_MS);
    zyd_put32(ops, (uint32_t)op.size);
    memcpy(ops + 4, op.data, op.size);
    struct zyd_wr wr = zyd_wr_of(bytes, cap);
    zyd_env_build(&wr, &a->g->hash, ZYD_ENV_BUSINESS, flags, r->w.valid_until_ms, 1, zyd_span(ops, op.size + 4), &leaf);
    bool checker_first = second && a->checker_key < a->maker_key;
    for (int i = 0; i < (second ? 2 : 1); i++) {
        bool maker = (i == 0) != checker_first;
        zyd_env_sign(&wr, me, (uint16_t)(maker ? a->maker_key : a->checker_key),
                     maker ? a->config.maker->sk : a->config.checker->sk);
    }
    free(ops);
    free(r->w.env);
    r->w.env = bytes;
    r->w.env_size = wr.size;
    if (wr.full || zyd_env_decode(&env, zyd_wr_span(&wr)) != ZYD_OK) {
        zyd_problem_set(&r->problem, ZYD_ERR_BUG, "", "the envelope that was built does not decode");
        return false;
    }
    r->w.env_id = env.env_id;
    return true;
}

static void journal_entry(struct request *r, const struct zyd_journal_entry *e)
{
    struct zyd_journal_entry *to = zyd_journal_set(r->api->journal, e);
    to->running = true;
    r->w.running = true;
}

static void journal_done(struct request *r, bool forget)
{
    struct zyd_api *a = r->api;
    if (!r->w.running) {
        return;
    }
    r->w.running = false;
    pthread_mutex_lock(&a->journal_lock);
    struct zyd_journal_entry *e = zyd_journal_find(a->journal, &r->w.jkey);
    if (e && forget) {
        zyd_journal_unset(a->journal, &r->w.jkey);
    } else if (e) {
        e->running = false;
    }
    pthread_mutex_unlock(&a->journal_lock);
}

/* How the operation stands on the ledger, told as the caller's answer. */
static enum step outcome_answer(struct request *r, const struct tx_copy *c)
{
    struct zyd_api *a = r->api;
    if (c->tx.code != 0 && c->tx.code != ZYD_CODE_PENDING) {
        json_t *extra = json_object();
        zyd_j_hash(extra, "op_id", &c->tx.op_id);
        if (c->has_env) {
            zyd_j_hash(extra, "env_id", &c->env_id);
        }
        zyd_j_u64(extra, "height", c->tx.height);
        if (c->has_object) {
            json_t *current = json_object();
            zyd_view_lock(a->view);
            const struct zyd_view_object *o = zyd_view_object(a->view, &c->object);
            const struct zyd_view_record *rec = o ? zyd_view_record_at(a->view, o->record) : NULL;
            if (rec) {
                zyd_j_u64(current, "seq", rec->seq);
            }
            zyd_view_unlock(a->view);
            zyd_j_hash(extra, "object", &c->object);
            json_object_set_new(extra, "current", current);
        }
        json_decref(r->problem.extra);
        r->problem.extra = extra;
        if (!zyd_catalogue_find(c->tx.code)) {
            r->problem.http = 422;
            return zyd_fail(r, ZYD_CODE_ABORT, "", "the contract refused with its own code %u", c->tx.code);
        }
        return zyd_fail(r, c->tx.code, "", "%s", "");
    }
    json_t *o = zyd_tx_tell(r, c);
    if (!o) {
        r->problem.written = WRITTEN_YES;
        return zyd_answer_problem(r);
    }
    if (r->w.makes) {
        zyd_j_hash(o, "id", &r->w.object);
    }
    return zyd_answer(r, c->tx.code != 0 ? 202 : r->w.makes ? 201 : 200, o);
}

/* The answer after the submit: final, or on its way. */
static enum step signed_answer(struct request *r)
{
    struct zyd_api *a = r->api;
    struct tx_copy c;
    zyd_view_lock(a->view);
    const struct zyd_view_env *e = zyd_view_env(a->view, &r->w.env_id);
    const struct zyd_view_tx *tx = e ? zyd_tx_of_env(a->view, e) : NULL;
    if (tx) {
        zyd_tx_copy(&c, a, tx);
    }
    zyd_view_unlock(a->view);
    if (tx) {
        return outcome_answer(r, &c);
    }
    json_t *o = zyd_pending_answer(r);
    zyd_j_hash(o, "op_id", &r->w.op_id);
    if (r->w.makes) {
        zyd_j_hash(o, "id", &r->w.object);
    }
    return zyd_answer(r, 202, o);
}

static enum step draft_answer(struct request *r)
{
    json_t *o = json_object();
    zyd_j_str(o, "status", r->w.declined ? "declined" : "awaiting_checker");
    zyd_j_hash(o, "op_id", &r->w.op_id);
    if (r->w.makes) {
        zyd_j_hash(o, "id", &r->w.object);
    }
    return zyd_answer(r, 202, o);
}

/* The steps after the first: common to all routes here. */
static enum step signed_next(struct request *r)
{
    if (r->w.step == STEP_SUBMITTED) {
        bool draft = r->w.env_size == 0;
        bool write_failed = r->replied && (r->reply == ZYD_E_IO);
        journal_done(r, write_failed);
        if (!r->replied) {
            return zyd_unknown_outcome(r);
        }
        if (write_failed) {
            return zyd_fail(r, ZYD_ERR_FILE_WRITE, "", "the node's journal cannot be written; nothing was sent");
        }
        /* by the clock; whether a block took it in time is seen when block time is past it, too */
        if (r->reply == ZYD_E_EXPIRED) {
            r->problem.written = WRITTEN_UNKNOWN;
            return zyd_fail(r, ZYD_ERR_UNKNOWN_OUTCOME, "",
                            "what was signed under this key is past its time; the next block decides");
        }
        if (r->reply != ZYD_OK && r->reply != ZYD_E_EXISTS) {
            return zyd_not_taken(r, r->reply);
        }
        if (draft) {
            return draft_answer(r);
        }
        r->w.step = STEP_FINAL;
        if (r->wait_s > 0 && zyd_api_wait_final(r)) {
            return STEP_WAIT;
        }
    }
    return signed_answer(r);
}

static bool can_sign(struct request *r, bool second)
{
    struct zyd_api *a = r->api;
    if (a->maker_key < 0 || (second && a->checker_key < 0)) {
        zyd_problem_set(&r->problem, ZYD_ERR_NO_KEY, "", "the node has no %s key of the consortium",
                        a->maker_key < 0 ? "maker" : "checker");
        return false;
    }
    if (!a->journal) {
        zyd_problem_set(&r->problem, ZYD_ERR_NOT_READY, "", "the node has no data directory for its journal");
        return false;
    }
    return true;
}

static void take_env(struct request *r, const struct zyd_journal_entry *e)
{
    r->w.env_id = e->env_id;
    r->w.valid_until_ms = e->valid_until_ms;
    r->w.env = malloc(e->size);
    zyd_assert(r->w.env != NULL);
    memcpy(r->w.env, e->bytes, e->size);
    r->w.env_size = e->size;
}

/* Bytes that were signed under this key before. */
enum earlier { EARLIER_NONE = 0, EARLIER_FINAL, EARLIER_ALIVE, EARLIER_EXPIRED };
static enum earlier earlier(struct request *r, const struct zyd_journal_entry *e, struct tx_copy *c)
{
    struct zyd_api *a = r->api;
    enum earlier is = EARLIER_NONE;
    zyd_view_lock(a->view);
    const struct zyd_view_env *env = e ? zyd_view_env(a->view, &e->env_id) : NULL;
    const struct zyd_view_tx *tx = env ? zyd_tx_of_env(a->view, env) : NULL;
    if (tx) {
        zyd_tx_copy(c, a, tx);
        is = EARLIER_FINAL;
    } else if (e) {
        is = zyd_view_time_ms(a->view) > e->valid_until_ms ? EARLIER_EXPIRED : EARLIER_ALIVE;
    } else { /* no key, but the ledger may have it: booked, it cannot be booked again */
        tx = zyd_view_tx(a->view, &r->w.op_id);
        if (tx && tx->code == 0) {
            zyd_tx_copy(c, a, tx);
            is = EARLIER_FINAL;
        }
    }
    zyd_view_unlock(a->view);
    return is;
}

/* Submits what r->w holds: first into the journal if it is new there. */
static enum step submit(struct request *r, bool is_new)
{
    atomic_fetch_add(&r->api->submits, 1);
    r->w.step = STEP_SUBMITTED;
    bool begun = is_new ? zyd_api_wait_journal(r) : zyd_api_wait_reply(r, true, zyd_span(r->w.env, r->w.env_size));
    if (begun) {
        return STEP_WAIT;
    }
    journal_done(r, is_new);
    return zyd_answer_problem(r);
}

/* The first step.  o: the operation; dual: a checker must approve; again: what was refused before may be asked for again. */
static enum step signed_first(struct request *r, const struct op_request *o, bool dual, bool again)
{
    struct zyd_api *a = r->api;
    struct tx_copy c;
    uint8_t flags = o->may_wait ? ZYD_ENV_MAY_WAIT : 0;
    if (!can_sign(r, dual)) {
        return zyd_answer_problem(r);
    }
    pthread_mutex_lock(&a->journal_lock);
    struct zyd_journal_entry *e = zyd_journal_find(a->journal, &r->w.jkey);
    uint32_t refuse = 0;
    if (e && e->running) {
        refuse = ZYD_ERR_KEY_RUNNING;
    } else if (e && !zyd_hash_eq(&e->op_id, &r->w.op_id)) {
        refuse = ZYD_ERR_KEY_REUSED;
    }
    bool draft = !refuse && e && zyd_hash_is_zero(&e->env_id);
    bool declined = draft && e->valid_until_ms != 0;
    enum earlier was = refuse || draft ? EARLIER_NONE : earlier(r, e, &c);
    if (was == EARLIER_FINAL && again && c.tx.code != 0) {
        was = EARLIER_EXPIRED;
    }
    bool fresh = !refuse && !draft && (was == EARLIER_NONE || was == EARLIER_EXPIRED);
    if (was == EARLIER_ALIVE) {
        take_env(r, e);
        e->running = r->w.running = true;
    } else if (fresh && (!dual || was == EARLIER_EXPIRED)) {
        if (sign(r, o->op.bytes, flags, dual)) {
            struct zyd_journal_entry entry = {r->w.jkey, r->w.op_id, r->w.env_id, r->w.valid_until_ms, r->w.env, r->w.env_size,
                                              flags, r->who.number, true};
            journal_entry(r, &entry);
        }
    } else if (fresh) {
        struct zyd_journal_entry entry = {.jkey = r->w.jkey, .op_id = r->w.op_id, .bytes = (uint8_t *)(uintptr_t)o->bytes,
                                          .size = o->size, .flags = flags, .token = r->who.number};
        journal_entry(r, &entry);
    }
    pthread_mutex_unlock(&a->journal_lock);
    if (refuse == ZYD_ERR_KEY_RUNNING) {
        r->problem.written = WRITTEN_UNKNOWN;
        return zyd_fail(r, refuse, "", "a request with this key is being handled now");
    }
    if (refuse != 0) {
        return zyd_fail(r, refuse, "", "this key was used for another request");
    }
    if (declined) {
        return zyd_fail(r, 9102, "", "the checker declined it");
    }
    if (draft) {
        return draft_answer(r);
    }
    if (was == EARLIER_FINAL) {
        return outcome_answer(r, &c);
    }
    return r->problem.code != 0 ? zyd_answer_problem(r) : submit(r, fresh);
}

static json_t *read_body(struct request *r)
{
    return zyd_json_read(&r->problem, r->body, r->body_size);
}

static bool dual(const struct zyd_genesis *g, uint16_t programme)
{
    const struct zyd_programme *p = zyd_genesis_programme(g, programme);
    return p && p->dual != 0;
}

static bool known_key(struct request *r, const struct zyd_hash *key)
{
    bool known = false;
    if (r->api->journal) {
        pthread_mutex_lock(&r->api->journal_lock);
        known = zyd_journal_find(r->api->journal, key) != NULL;
        pthread_mutex_unlock(&r->api->journal_lock);
    }
    return known;
}

enum step zyd_run_contract_post(struct request *r)
{
    struct zyd_api *a = r->api;
    if (r->w.step != STEP_NEW) {
        return signed_next(r);
    }
    struct op_request *o = calloc(1, sizeof *o);
    json_t *body = o ? read_body(r) : NULL;
    enum step step;
    if (!body || !zyd_op_make(o, &r->problem, a->g, a->config.me_member, r->key, body)) {
        step = zyd_answer_problem(r);
    } else {
        r->w.makes = true;
        r->w.op_id = o->op.op_id;
        zyd_object_id(&r->w.object, o->op.contract, o->op.programme, o->op.member, o->op.client_ref);
        jkey(&r->w.jkey, "make", &r->w.object, 0, "");
        char hex[65];
        zyd_hex(hex, r->w.object.b, ZYD_HASH_SIZE);
        snprintf(r->location, sizeof r->location, "/v1/contracts/%s", hex);
        zyd_view_lock(a->view);
        const struct zyd_view_object *there = zyd_view_object(a->view, &r->w.object);
        const struct zyd_view_tx *tx = there ? zyd_view_tx(a->view, &r->w.op_id) : NULL;
        bool other = there && !(tx && tx->code != 9109);
        zyd_view_unlock(a->view);
        if (other && !known_key(r, &r->w.jkey)) {
            json_decref(r->problem.extra);
            r->problem.extra = json_object();
            zyd_j_hash(r->problem.extra, "object", &r->w.object);
            step = zyd_fail(r, ZYD_CODE_DUP_KEY, "/client_ref", "another application has this client_ref");
        } else {
            step = signed_first(r, o, dual(a->g, o->op.programme), false);
        }
    }
    json_decref(body);
    free(o);
    return step;
}

/* Refuses at once what the ledger would refuse for certain: a seq that is taken. */
static bool seq_possible(struct request *r, const struct zyd_view_object *object, uint64_t expect_seq)
{
    struct zyd_api *a = r->api;
    zyd_view_lock(a->view);
    const struct zyd_view_record *rec = zyd_view_record_at(a->view, object->record);
    const struct zyd_view_tx *tx = zyd_view_tx(a->view, &r->w.op_id);
    uint64_t seq = rec ? rec->seq : 0;
    bool booked = tx && tx->code == 0;
    zyd_view_unlock(a->view);
    if (booked || seq <= expect_seq || known_key(r, &r->w.jkey)) {
        return true;
    }
    json_t *current = json_object();
    zyd_j_u64(current, "seq", seq);
    json_decref(r->problem.extra);
    r->problem.extra = json_object();
    json_object_set_new(r->problem.extra, "current", current);
    zyd_problem_set(&r->problem, ZYD_CODE_STALE_STATE, "/expect_seq", "the object's seq is %llu, not %llu",
                    (unsigned long long)seq, (unsigned long long)expect_seq);
    return false;
}

enum step zyd_run_event_post(struct request *r)
{
    struct zyd_api *a = r->api;
    struct zyd_view_object object;
    if (r->w.step != STEP_NEW) {
        return signed_next(r);
    }
    if (!zyd_object_find(r, &object, r->uri.segments[2])) {
        return zyd_answer_problem(r);
    }
    if (r->key[0] == '\0') {
        return zyd_fail(r, ZYD_ERR_KEY_MISSING, "", "give Idempotency-Key");
    }
    struct op_request *o = calloc(1, sizeof *o);
    json_t *body = o ? read_body(r) : NULL;
    enum step step;
    if (!body || !zyd_op_event(o, &r->problem, a->g, a->config.me_member, object.contract, object.programme, &object.id,
                               r->uri.segments[4], body)) {
        step = zyd_answer_problem(r);
    } else {
        r->w.op_id = o->op.op_id;
        jkey(&r->w.jkey, "evnt", &object.id, 0, r->key);
        step = seq_possible(r, &object, o->op.expect_seq) ? signed_first(r, o, dual(a->g, object.programme), false)
                                                          : zyd_answer_problem(r);
    }
    json_decref(body);
    free(o);
    return step;
}

enum step zyd_run_paid_post(struct request *r)
{
    struct zyd_api *a = r->api;
    struct zyd_hash id;
    if (r->w.step != STEP_NEW) {
        return signed_next(r);
    }
    bool good = zyd_hex32_parse(&id, r->uri.segments[2]);
    uint16_t programme = 0;
    bool mine = false;
    zyd_view_lock(a->view);
    const struct zyd_view_obligation *ob = good ? zyd_view_obligation(a->view, &id) : NULL;
    if (ob) {
        programme = ob->o.programme;
        mine = ob->o.debtor == a->config.me_member || ob->o.creditor == a->config.me_member;
    }
    zyd_view_unlock(a->view);
    if (!ob || !mine) {
        return zyd_fail(r, ZYD_CODE_UNKNOWN_OBJECT, "",
                        ob ? "this member is neither debtor nor creditor" : "no such obligation");
    }
    if (r->key[0] == '\0') {
        return zyd_fail(r, ZYD_ERR_KEY_MISSING, "", "give Idempotency-Key");
    }
    struct op_request *o = calloc(1, sizeof *o);
    json_t *body = o ? read_body(r) : NULL;
    enum step step;
    if (!body || !zyd_op_paid(o, &r->problem, a->config.me_member, &id, body)) {
        step = zyd_answer_problem(r);
    } else {
        r->w.op_id = o->op.op_id;
        jkey(&r->w.jkey, "paid", &id, 0, r->key);
        step = signed_first(r, o, dual(a->g, programme), false);
    }
    json_decref(body);
    free(o);
    return step;
}

/* ---- pending operations and drafts ---- */

/* A draft of this node: approved by a checker, who is another person than the maker. */
static enum step draft_step(struct request *r, uint16_t event)
{
    struct zyd_api *a = r->api;
    if (event == ZYD_HOST_COUNTERSIGN && !can_sign(r, true)) {
        return zyd_answer_problem(r);
    }
    pthread_mutex_lock(&a->journal_lock);
    struct zyd_journal_entry *e = zyd_journal_find_op(a->journal, &r->w.op_id);
    bool own = e && e->token == r->who.number, running = e && e->running;
    if (!e || own || running || r->who.role != ZYD_TOKEN_CHECKER) {
        pthread_mutex_unlock(&a->journal_lock);
        return running ? zyd_fail(r, ZYD_ERR_KEY_RUNNING, "", "a request for it is being handled now")
                       : zyd_fail(r, ZYD_ERR_FORBIDDEN, "",
                                  "a checker's token approves or declines what a maker's token asked for");
    }
    struct zyd_op op;
    r->w.jkey = e->jkey;
    struct zyd_journal_entry next = *e;
    bool good = zyd_op_decode(&op, zyd_span(e->bytes, e->size)) == ZYD_OK;
    if (good && !op.has_object) {
        r->w.makes = true;
        zyd_object_id(&r->w.object, op.contract, op.programme, op.member, op.client_ref);
    }
    if (event != ZYD_HOST_COUNTERSIGN) {
        next.valid_until_ms = 1; /* declined */
        r->w.declined = true;
    } else if (good && sign(r, op.bytes, e->flags, true)) {
        next.env_id = r->w.env_id;
        next.valid_until_ms = r->w.valid_until_ms;
        next.bytes = r->w.env;
        next.size = r->w.env_size;
    } else {
        good = false;
        zyd_problem_set(&r->problem, ZYD_ERR_JOURNAL, "", "the draft cannot be read");
    }
    if (good) {
        journal_entry(r, &next);
    }
    pthread_mutex_unlock(&a->journal_lock);
    return good ? submit(r, true) : zyd_answer_problem(r);
}

static enum step pending_step(struct request *r, uint16_t event)
{
    struct zyd_api *a = r->api;
    struct zyd_hash op_id;
    uint16_t me = a->config.me_member;
    bool waits = false, known = false, seen = false, is_draft = false;
    if (!zyd_hex32_parse(&op_id, r->uri.segments[2])) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "an operation id is 64 hex digits");
    }
    if (a->journal) {
        pthread_mutex_lock(&a->journal_lock);
        const struct zyd_journal_entry *e = zyd_journal_find_op(a->journal, &op_id);
        is_draft = e && zyd_hash_is_zero(&e->env_id) && e->valid_until_ms == 0;
        pthread_mutex_unlock(&a->journal_lock);
    }
    if (is_draft) {
        r->w.op_id = op_id;
        return draft_step(r, event);
    }
    zyd_view_lock(a->view);
    const struct zyd_view_pending *p = zyd_view_pending(a->view, &op_id);
    if (p) {
        known = true;
        waits = p->p.state == 1;
        seen = p->op.member == me;
        for (uint8_t i = 0; i < p->p.missing_count; i++) {
            seen |= p->p.missing[i] == me;
        }
        for (uint8_t i = 0; i < p->p.signer_count; i++) {
            seen |= p->p.signers[i] == me;
        }
    }
    zyd_view_unlock(a->view);
    if (!known || (!seen && !r->who.all)) {
        return zyd_fail(r, ZYD_CODE_UNKNOWN_OBJECT, "", "no operation with this id waits or waited");
    }
    struct op_request *o = calloc(1, sizeof *o);
    json_t *body = o && r->body_size > 0 ? read_body(r) : NULL;
    enum step step;
    if (!o || (r->body_size > 0 && !body) || !zyd_op_pending(o, &r->problem, me, event, &op_id, body)) {
        step = zyd_answer_problem(r);
    } else {
        r->w.op_id = o->op.op_id;
        jkey(&r->w.jkey, "pend", &op_id, event, "");
        step = signed_first(r, o, false, waits);
    }
    json_decref(body);
    free(o);
    return step;
}

enum step zyd_run_countersign_post(struct request *r)
{
    return r->w.step == STEP_NEW ? pending_step(r, ZYD_HOST_COUNTERSIGN) : signed_next(r);
}

enum step zyd_run_decline_post(struct request *r)
{
    return r->w.step == STEP_NEW ? pending_step(r, ZYD_HOST_DECLINE) : signed_next(r);
}

enum step zyd_run_withdraw_post(struct request *r)
{
    return r->w.step == STEP_NEW ? pending_step(r, ZYD_HOST_WITHDRAW) : signed_next(r);
}
