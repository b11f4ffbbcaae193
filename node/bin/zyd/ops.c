/* Building and booking one operation, exactly once (ledger.md 2.3): before anything is sent its signed bytes are kept in the
 * outbox, and the same command run again sends the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ops.h"

#define VALIDITY_MS (5 * 60 * 1000)

void url_escape(char *out, size_t cap, const char *text)
{
    size_t n = 0;
    for (; *text && n + 4 < cap; text++) {
        bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') ||
                     strchr("-._~", *text);
        n += (size_t)snprintf(out + n, cap - n, plain ? "%c" : "%%%02X", (unsigned char)*text);
    }
    out[n] = '\0';
}

int pairs_of(const struct cli *c, struct zyd_pair *pairs, size_t *count, char *buffer, size_t cap, const char *const *words,
             size_t word_count)
{
    size_t used = 0;
    for (size_t i = 0; i < word_count; i++) {
        size_t n = strlen(words[i]) + 1;
        const char *eq = strchr(words[i], '=');
        if (!eq || eq == words[i] || *count == PAIRS_MAX || used + n > cap) {
            return cli_fail(c, ZYD_ERR_USAGE, TR(c, "%s：应为 名称=值", "%s: name=value is expected"), words[i]);
        }
        memcpy(buffer + used, words[i], n);
        buffer[used + (size_t)(eq - words[i])] = '\0';
        pairs[(*count)++] = (struct zyd_pair){buffer + used, buffer + used + (eq - words[i]) + 1};
        used += n;
    }
    return 0;
}

static void print_arguments(const struct cli *c, const struct zyd_event *e)
{
    for (uint8_t i = 0; i < e->arg_count; i++) {
        cli_say(c, "  %s%s (%s)  %s", e->args[i].name, e->args[i].required ? "" : "?", zyd_field_type_name(&e->args[i]),
                TR(c, e->args[i].zh, e->args[i].en));
    }
}

int intent_args(const struct client *k, struct intent *in, const struct zyd_pair *pairs, size_t count)
{
    struct zyd_members members = zyd_genesis_members(k->g);
    struct zyd_wr wr = zyd_wr_of(in->args, sizeof in->args);
    char why[ZYD_WHY] = "";
    if (zyd_args_encode(&wr, why, in->event, pairs, count, &members) != ZYD_OK || wr.full) {
        int rc = cli_fail(k->c, ZYD_ERR_FIELD_VALUE, "%s: %s", in->event->name, why);
        print_arguments(k->c, in->event);
        return rc;
    }
    in->args_size = wr.size;
    return 0;
}

const struct zyd_product *client_product(const struct client *k, const struct zyd_programme *programme)
{
    for (uint16_t i = 0; programme && i < k->g->plugin_count; i++) {
        if (k->g->plugins[i].contract == programme->contract) {
            return zyd_product_of(k->g->plugins[i].name);
        }
    }
    return NULL;
}

void intent_op(struct zyd_op *op, const struct intent *in)
{
    *op = (struct zyd_op){.contract = in->programme ? in->programme->contract : ZYD_CONTRACT_HOST,
                          .event = in->event->number,
                          .programme = in->programme ? in->programme->id : 0,
                          .member = in->member,
                          .has_object = in->has_object,
                          .object = in->object,
                          .expect_seq = in->has_object ? in->seq : 0,
                          .client_ref = zyd_span(in->ref, in->has_object ? 0 : strlen(in->ref)),
                          .args = zyd_span(in->args, in->args_size)};
}

json_t *contract_find(struct client *k, int *rc, const char *text)
{
    uint8_t id[32];
    char safe[128];
    if (cli_unhex(id, text)) {
        return http_get(k->c, &k->http, rc, "/v1/contracts/%s", text);
    }
    url_escape(safe, sizeof safe, text);
    json_t *list = http_get(k->c, &k->http, rc, "/v1/contracts?client_ref=%s", safe);
    if (!list) {
        return NULL;
    }
    const json_t *items = json_object_get(list, "items");
    json_t *out = NULL;
    if (json_array_size(items) == 1) {
        out = http_get(k->c, &k->http, rc, "/v1/contracts/%s", json_text(json_array_get(items, 0), "id"));
    } else if (json_array_size(items) == 0) {
        *rc = cli_fail(k->c, 9115, "%s", text);
    } else {
        *rc = cli_fail(k->c, ZYD_ERR_USAGE, TR(k->c, "%s：有 %zu 个，请用 64 位编号", "%s: there are %zu; use the 64 digits"),
                       text, json_array_size(items));
    }
    json_decref(list);
    return out;
}

int intent_object(const struct client *k, struct intent *in, const json_t *contract)
{
    in->has_object = true;
    in->seq = (uint64_t)json_fen(contract, "seq");
    in->programme = client_programme(k, json_text(contract, "programme"));
    if (!cli_unhex(in->object.b, json_text(contract, "id")) || !in->programme) {
        return cli_fail(k->c, ZYD_ERR_MALFORMED, "%s", json_text(contract, "id"));
    }
    return 0;
}

/* ---- the outbox ---- */

static void outbox_path(const struct client *k, char out[CLI_PATH_MAX], const struct zyd_op *op)
{
    /* what the person asked for, whatever the object's number has become since */
    uint8_t buffer[ZYD_OP_SIZE_MAX + 256];
    struct zyd_wr wr = zyd_wr_of(buffer, sizeof buffer);
    struct zyd_op same = *op;
    struct zyd_hash id;
    char hex[65], dir[CLI_PATH_MAX];
    struct zyd_err err;
    same.expect_seq = 0;
    zyd_wx_hash(&wr, &k->g->hash);
    for (size_t i = 0; i < k->signer_count; i++) {
        zyd_wx_u16(&wr, k->signers[i].member);
        zyd_wx_u16(&wr, k->signers[i].key);
    }
    zyd_op_encode(&wr, &same);
    zyd_hash1(&id, "zyd/outbox/1", wr.data, wr.size);
    cli_hex(hex, id.b);
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (k->on_devnet) {
        cli_path(dir, "%s/outbox", k->devnet.dir);
    } else if (state && state[0] == '/') {
        cli_path(dir, "%s/zyd/outbox", state);
    } else {
        cli_path(dir, "%s/.local/state/zyd/outbox", home ? home : "/tmp");
    }
    (void)cli_mkdirs(&err, dir); /* a failure shows when the file is written */
    cli_path(out, "%s/%s.env", dir, hex);
}

static int take_outcome(struct client *k, const json_t *answer, json_t **outcome)
{
    const json_t *one = json_array_get(json_object_get(answer, "operations"), 0);
    if (!one) {
        const char *id = json_string_value(json_array_get(json_object_get(answer, "op_ids"), 0));
        *outcome =
            json_pack("{s:s,s:s,s:s}", "result", "pending", "env_id", json_text(answer, "env_id"), "op_id", id ? id : "");
        return 0;
    }
    *outcome = json_deep_copy(one);
    json_object_set(*outcome, "height", json_object_get(answer, "height"));
    return client_outcome(k, one);
}

/* An earlier run left bytes behind: resend them while they are valid, else look whether they were booked. */
static int outbox_resume(struct client *k, const char *path, int64_t wall_ms, bool *done, json_t **outcome)
{
    uint8_t *bytes = NULL;
    size_t size = 0, pos = 0;
    struct zyd_err err = {0};
    struct zyd_env env;
    struct zyd_op op;
    int rc = 0;
    *done = false;
    if (!cli_exists(path) || zyd_file_read(&bytes, &size, &err, path, ZYD_ENV_SIZE_MAX) != ZYD_OK ||
        zyd_env_decode(&env, zyd_span(bytes, size)) != ZYD_OK || !zyd_env_next_op(&op, &env, &pos)) {
        free(bytes);
        return 0;
    }
    if ((int64_t)env.valid_until_ms > wall_ms) {
        json_t *answer = NULL;
        cli_say(k->c, TR(k->c, "上次的结果未知：重发同一份签名内容",
                         "an earlier outcome is unknown: sending the same signed bytes again"));
        rc = client_send(k, &answer, bytes, size, k->c->wait_s);
        *done = true;
        rc = rc ? rc : take_outcome(k, answer, outcome);
        json_decref(answer);
    } else {
        char hex[65];
        cli_hex(hex, op.op_id.b);
        json_t *t = http_get(k->c, &k->http, &rc, "/v1/transactions/%s", hex);
        if (t && strcmp(json_text(t, "status"), "final") == 0) {
            *done = true;
            *outcome = json_incref(t);
            rc = client_outcome(k, t);
        }
        json_decref(t);
    }
    free(bytes);
    if (rc != ZYD_EXIT_UNKNOWN && rc != ZYD_EXIT_UNREACHABLE && rc != ZYD_EXIT_INTERRUPTED) {
        unlink(path);
    }
    return rc;
}

int op_run(struct client *k, const struct zyd_op *op, bool may_wait, json_t **outcome)
{
    char path[CLI_PATH_MAX];
    int64_t wall = 0;
    bool done = false;
    *outcome = NULL;
    outbox_path(k, path, op);
    int rc = client_wall(k, &wall);
    rc = rc ? rc : outbox_resume(k, path, wall, &done, outcome);
    if (rc || done) {
        return rc;
    }
    struct oplist ops = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct zyd_hash env_id;
    struct zyd_err err = {0};
    json_t *answer = NULL;
    oplist_add(&ops, op);
    rc = client_envelope(k, &bytes, &size, &env_id, &ops, wall + VALIDITY_MS, may_wait);
    if (rc == 0 && zyd_file_write_atomic(&err, path, bytes, size, 0600) != ZYD_OK) {
        rc = cli_fail_err(k->c, &err);
    }
    if (rc == 0) {
        rc = client_send(k, &answer, bytes, size, k->c->wait_s);
        bool unknown = rc == ZYD_EXIT_UNKNOWN || rc == ZYD_EXIT_INTERRUPTED;
        rc = rc ? rc : take_outcome(k, answer, outcome);
        if (!unknown && !(*outcome && strcmp(json_text(*outcome, "result"), "pending") == 0)) {
            unlink(path);
        }
    }
    json_decref(answer);
    free(bytes);
    oplist_free(&ops);
    return rc;
}

/* ---- the node signs ---- */

static void set_argument(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

/* False when no answer came. */
static bool node_call(struct client *k, const struct intent *in, struct answer *a, long wait)
{
    struct zyd_members members = zyd_genesis_members(k->g);
    json_t *args = json_object(), *body;
    char path[256], hex[65], key[40], code[ZYD_CODE_MAX + 1] = "", prefer[32];
    struct zyd_hash identity;
    struct zyd_op op;
    uint8_t buffer[ZYD_OP_SIZE_MAX + 64];
    struct zyd_wr wr = zyd_wr_of(buffer, sizeof buffer);
    enum zyd_status s = zyd_args_decode(set_argument, args, in->event, zyd_span(in->args, in->args_size), &members);
    zyd_assert(s == ZYD_OK); /* intent_args or notice_args encoded them */
    intent_op(&op, in);
    zyd_op_encode(&wr, &op);
    zyd_merkle_leaf(&identity, wr.data, wr.size);
    cli_hex(hex, identity.b);
    snprintf(key, sizeof key, "zyd-%.31s", hex);
    if (in->programme) {
        memcpy(code, in->programme->code.data, in->programme->code.size);
        code[in->programme->code.size] = '\0';
    }
    if (in->has_object) {
        cli_hex(hex, in->object.b);
        snprintf(path, sizeof path, "/v1/contracts/%s/events/%s", hex, in->event->name);
        body = json_pack("{s:I,s:o}", "expect_seq", (json_int_t)in->seq, "args", args);
    } else {
        snprintf(path, sizeof path, "/v1/contracts");
        snprintf(key, sizeof key, "%s", in->ref);
        body = json_pack("{s:s,s:s,s:s,s:o}", "programme", code, "client_ref", in->ref, "event", in->event->name, "args", args);
    }
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    snprintf(prefer, sizeof prefer, "wait=%ld", wait);
    bool came = http_call(k->c, &k->http, a,
                          &(struct request){.method = "POST",
                                            .path = path,
                                            .type = "application/json",
                                            .prefer = prefer,
                                            .key = key,
                                            .body = text,
                                            .size = strlen(text),
                                            .timeout_s = wait + k->c->timeout_s});
    free(text);
    return came;
}

/* refusals: what the ledger refused is an outcome and no failure. */
static int node_run(struct client *k, const struct intent *in, json_t **outcome, bool refusals)
{
    struct answer a;
    long wait = k->c->wait_s > 60 ? 60 : k->c->wait_s;
    bool came = node_call(k, in, &a, wait), good = came && a.json && a.status >= 200 && a.status <= 299;
    uint32_t code = came && !good ? code_number(json_text(a.json, "code")) : 0;
    int rc = 0;
    if (good) {
        *outcome = json_incref(a.json);
        client_seen(k, a.json);
        if (wait && strcmp(json_text(a.json, "status"), "pending") == 0) {
            rc = cli_fail(k->c, ZYD_ERR_WAIT_TIMEOUT, "%ld s", wait);
        }
    } else if (refusals && code && code / 1000 != 8) { /* 8xxx: the node's and the request's own */
        *outcome = json_pack("{s:s,s:s}", "result", "refused", "code", json_text(a.json, "code"));
    } else {
        rc = http_fail(k->c, &k->http, &a, true);
    }
    answer_free(&a);
    return rc;
}

int intent_ask(struct client *k, const struct intent *in, json_t **outcome)
{
    *outcome = NULL;
    return node_run(k, in, outcome, true);
}

int intent_run(struct client *k, const struct intent *in, json_t **outcome)
{
    struct zyd_op op;
    *outcome = NULL;
    if (k->signer_count == 0) {
        return node_run(k, in, outcome, false);
    }
    intent_op(&op, in);
    return op_run(k, &op, true, outcome);
}

int outcome_print(struct client *k, const json_t *outcome, const char *contract_id, int64_t started_ms)
{
    const struct cli *c = k->c;
    int rc = 0;
    json_t *contract = NULL;
    int64_t ms = zyd_clock_mono_ms() - started_ms;
    const char *result = json_text(outcome, "result"), *status = json_text(outcome, "status");
    bool draft = strcmp(status, "awaiting_checker") == 0;
    bool waiting = strcmp(result, "waiting") == 0, pending = strcmp(result, "done") != 0 && !waiting;
    if (contract_id && contract_id[0] && !pending) {
        contract = http_get(c, &k->http, &rc, "/v1/contracts/%s", contract_id);
        rc = 0; /* the operation stands, whatever this look gives; an object that still waits is not there yet */
    }
    if (c->json) {
        json_t *o = json_deep_copy(outcome);
        if (contract) {
            json_object_set(o, "contract_now", contract);
        }
        cli_json(o);
        json_decref(o);
        json_decref(contract);
        return 0;
    }
    if (draft || strcmp(status, "declined") == 0) {
        printf(draft ? TR(c, "等待复核人批准，尚未入账\n下一步：zyd contract countersign %s --token-file 复核人令牌\n",
                          "waits for the checker; nothing is on the ledger yet\n"
                          "next: zyd contract countersign %s --token-file CHECKER'S\n")
                     : TR(c, "复核人已拒绝，未入账 · %s\n", "declined by the checker; nothing came on the ledger · %s\n"),
               json_text(outcome, "op_id"));
        return 0;
    }
    if (pending) {
        printf(TR(c, "已受理，尚未最终确认；用 zyd contract wait %s 查看\n", "accepted, not final yet; zyd contract wait %s\n"),
               json_text(outcome, "op_id"));
        return 0;
    }
    printf(TR(c, "高度 %lld 最终确认 · %lld.%lld 秒", "final at height %lld · %lld.%lld s"),
           (long long)json_fen(outcome, "height"), (long long)(ms / 1000), (long long)(ms % 1000 / 100));
    if (contract) {
        printf(" · %s %s · %s", TR(c, "编号", "id"),
               *json_text(contract, "client_ref") ? json_text(contract, "client_ref") : contract_id,
               TR(c, json_text(contract, "state_zh"), json_text(contract, "state")));
    }
    if (waiting) {
        json_t *p = http_get(c, &k->http, &rc, "/v1/pending?object=%s", contract_id ? contract_id : "");
        const json_t *items = json_object_get(p, "items");
        printf(" · %s", TR(c, "等待会签", "waiting for"));
        for (size_t i = 0; i < json_array_size(items); i++) {
            const json_t *missing = json_object_get(json_array_get(items, i), "missing");
            for (size_t m = 0; m < json_array_size(missing); m++) {
                printf(" %s", json_string_value(json_array_get(missing, m)));
            }
        }
        printf("\n%s zyd contract countersign %s", TR(c, "下一步：", "next:"), json_text(outcome, "op_id"));
        json_decref(p);
    }
    putchar('\n');
    json_decref(contract);
    return 0;
}
