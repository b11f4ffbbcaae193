/* zyd contract, claim, recovery: any event of any product, by name. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodium.h>

#include "ops.h"

/* ---- draft and check ---- */

static int run_draft(struct cli *c)
{
    const char *programme = cli_opt(c, "programme");
    char ref[36], stamp[9];
    uint32_t random = randombytes_uniform(1000000);
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d", &tm);
    snprintf(ref, sizeof ref, "BA-%s-%06u", stamp, random);
    json_t *o =
        json_pack("{s:s,s:s,s:s,s:{s:s,s:s,s:i,s:s,s:i,s:s}}", "event", "APPLY", "programme", programme ? programme : "AH4321",
                  "client_ref", ref, "args", "borrower", "91430100MA4TEXT88R", "amount", "500000.00", "term_days", 365,
                  "purpose", "购买农资 / farm supplies", "county", 430124, "consent", "sha256:consent-0001");
    char uscc[19] = "91430100MA4TEXT88?";
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    for (size_t i = 0; i < sizeof alphabet - 1 && !zyd_uscc_valid(zyd_span(uscc, 18)); i++) {
        uscc[17] = alphabet[i];
    }
    json_object_set_new(json_object_get(o, "args"), "borrower", json_string(uscc));
    char *text = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(o);
    size_t n = strlen(text);
    text = realloc(text, n + 2);
    zyd_assert(text);
    memcpy(text + n, "\n", 2);
    int rc = cli_write(c, cli_opt(c, "out"), text, n + 1, 0644, false);
    free(text);
    return rc;
}

static char *value_text(const json_t *v)
{
    char number[32];
    if (json_is_string(v)) {
        return strdup(json_string_value(v));
    }
    if (json_is_integer(v)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
        return strdup(number);
    }
    return json_is_boolean(v) ? strdup(json_is_true(v) ? "true" : "false") : NULL;
}

/* A draft file into an intent. */
static int read_draft(struct client *k, struct intent *in, const char *path)
{
    const struct cli *c = k->c;
    json_error_t at;
    size_t size = 0, count = 0;
    char *text = cli_read(c, path, &size, 1u << 20);
    if (!text) {
        return ZYD_EXIT_FILE;
    }
    json_t *o = json_loadb(text, size, JSON_REJECT_DUPLICATES, &at);
    free(text);
    if (!json_is_object(o)) {
        json_decref(o);
        return cli_fail(c, ZYD_ERR_FILE_FORMAT, "%s:%d: %s", path, at.line, at.text);
    }
    const char *event = *json_text(o, "event") ? json_text(o, "event") : "APPLY", *programme = json_text(o, "programme");
    struct zyd_pair pairs[PAIRS_MAX];
    int rc = 0;
    memset(in, 0, sizeof *in);
    in->programme = client_programme(k, *programme ? programme : NULL);
    in->event = zyd_event_by_name(client_product(k, in->programme), event);
    snprintf(in->ref, sizeof in->ref, "%s", json_text(o, "client_ref"));
    in->member = k->me >= 0 ? (uint16_t)k->me : 0;
    if (!in->event || !in->programme || (in->event->makes && !in->ref[0]) ||
        strlen(json_text(o, "client_ref")) > ZYD_CLIENT_REF_MAX) {
        rc = cli_fail(c, ZYD_ERR_FILE_FORMAT, "%s: event %s, programme %s, client_ref %s", path, event, programme,
                      json_text(o, "client_ref"));
    }
    const char *key;
    json_t *v;
    json_object_foreach(json_object_get(o, "args"), key, v)
    {
        char *t = rc == 0 && count < PAIRS_MAX ? value_text(v) : NULL;
        if (!t) {
            rc = rc ? rc : cli_fail(c, ZYD_ERR_FILE_FORMAT, "%s: args.%s", path, key);
            break;
        }
        pairs[count++] = (struct zyd_pair){key, t};
    }
    rc = rc ? rc : intent_args(k, in, pairs, count);
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)pairs[i].value);
    }
    json_decref(o);
    return rc;
}

struct words {
    const struct cli *c;
    const struct zyd_event *event;
};

static void print_word(void *ctx, const char *name, const char *value)
{
    struct words *w = ctx;
    size_t n = strlen(name);
    bool fen = n > 4 && strcmp(name + n - 4, "_fen") == 0;
    for (uint8_t i = 0; i < w->event->arg_count; i++) {
        const struct zyd_field *a = &w->event->args[i];
        if (strncmp(a->name, name, strlen(a->name)) == 0 && strlen(a->name) == (fen ? n - 4 : n)) {
            printf("  ");
            cli_pad(stdout, TR(w->c, a->zh, a->name), 14, false);
            if (fen) {
                char yuan[32], capital[ZYD_CAPITAL_SIZE];
                int64_t v = strtoll(value, NULL, 10);
                zyd_yuan_text(yuan, v, true);
                zyd_yuan_capital(capital, v);
                printf("  %s 元  %s\n", yuan, capital);
            } else {
                printf("  %s\n", value);
            }
        }
    }
}

static int run_check(struct cli *c)
{
    struct client k;
    struct intent *in = calloc(1, sizeof *in);
    zyd_assert(in);
    int rc = client_open(&k, c, CLIENT_GENESIS);
    if (rc) {
        free(in);
        return rc;
    }
    rc = read_draft(&k, in, c->pos[0]);
    if (rc == 0 && !c->json) {
        struct words w = {c, in->event};
        struct zyd_members members = zyd_genesis_members(k.g);
        struct zyd_err err = {0};
        char *params = NULL;
        printf("%s (%s)  %s %.*s  %s %s\n", TR(c, in->event->zh, in->event->en), in->event->name, TR(c, "项目", "programme"),
               (int)in->programme->code.size, (const char *)in->programme->code.data, TR(c, "参考号", "reference"), in->ref);
        zyd_assert(zyd_args_decode(print_word, &w, in->event, zyd_span(in->args, in->args_size), &members) == ZYD_OK);
        if (zyd_params_show(&params, &err, client_product(&k, in->programme)->name, in->programme->params, k.g) == ZYD_OK) {
            json_t *p = json_loads(params, 0, NULL);
            if (json_object_get(p, "tree")) {
                printf("  ");
                cli_pad(stdout, TR(c, "分担", "shares"), 14, false);
                printf("  %s\n", json_text(p, "tree"));
            }
            json_decref(p);
            free(params);
        }
        puts(TR(c, "格式正确；提交后由账本按项目规则审核", "well formed; the ledger judges it by the programme's rules"));
    } else if (rc == 0) {
        json_t *o = json_pack("{s:b,s:s,s:s}", "ok", 1, "event", in->event->name, "client_ref", in->ref);
        cli_json(o);
        json_decref(o);
    }
    free(in);
    client_close(&k);
    return rc;
}

/* ---- sign and submit ---- */

static int run_sign(struct cli *c)
{
    struct client k;
    struct intent *in = calloc(1, sizeof *in);
    zyd_assert(in);
    int rc = client_open(&k, c, CLIENT_GENESIS | CLIENT_KEYS);
    if (rc) {
        free(in);
        return rc;
    }
    rc = read_draft(&k, in, c->pos[0]);
    if (rc == 0) {
        struct oplist ops = {0};
        struct zyd_op op;
        struct zyd_hash env_id;
        uint8_t *bytes = NULL;
        size_t size = 0;
        int64_t wall = zyd_clock_wall_ms() + (k.on_devnet ? devnet_offset_of(&k.devnet) : 0);
        intent_op(&op, in);
        oplist_add(&ops, &op);
        rc = client_envelope(&k, &bytes, &size, &env_id, &ops, wall + 9 * 60 * 1000, true);
        rc = rc ? rc : cli_write(c, cli_opt(c, "out"), (const char *)bytes, size, 0644, false);
        if (rc == 0) {
            char when[32], hex[65];
            zyd_rfc3339(when, (wall + 9 * 60 * 1000) / 1000 * 1000);
            cli_hex(hex, env_id.b);
            cli_say(c, TR(c, "信封 %s，有效至 %s", "envelope %s, valid until %s"), hex, when);
        }
        free(bytes);
        oplist_free(&ops);
    }
    free(in);
    client_close(&k);
    return rc;
}

static int submit_envelope(struct client *k, const uint8_t *bytes, size_t size)
{
    json_t *answer = NULL;
    int64_t start = zyd_clock_mono_ms();
    int rc = client_send(k, &answer, bytes, size, k->c->wait_s);
    const json_t *list = json_object_get(answer, "operations");
    for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
        json_t *one = json_array_get(list, i);
        json_object_set(one, "height", json_object_get(answer, "height"));
        int r = client_outcome(k, one);
        rc = r ? r : outcome_print(k, one, json_text(one, "object"), start);
    }
    if (rc == 0 && !list) {
        cli_json(answer);
    }
    json_decref(answer);
    return rc;
}

static int run_submit(struct cli *c)
{
    struct client k;
    struct zyd_env env;
    struct intent *in = calloc(1, sizeof *in);
    size_t size = 0;
    char *file = cli_read(c, c->pos[0], &size, ZYD_ENV_SIZE_MAX);
    int64_t start = zyd_clock_mono_ms();
    zyd_assert(in);
    int rc = file ? client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS) : ZYD_EXIT_FILE;
    if (rc) {
        free(in);
        free(file);
        return rc;
    }
    if (zyd_env_decode(&env, zyd_span(file, size)) == ZYD_OK) {
        rc = submit_envelope(&k, (const uint8_t *)file, size);
    } else {
        json_t *outcome = NULL;
        char hex[65];
        struct zyd_hash id;
        struct zyd_op op;
        rc = read_draft(&k, in, c->pos[0]);
        if (rc == 0 && k.me < 0 && k.signer_count == 0) { /* the node signs as its own member */
            json_t *s = http_get(c, &k.http, &rc, "/v1/status");
            int m = client_member(&k, json_text(s, "member"));
            in->member = m < 0 ? 0 : (uint16_t)m;
            json_decref(s);
        }
        rc = rc ? rc : intent_run(&k, in, &outcome);
        if (rc == 0) { /* a draft that is refused has no event */
            intent_op(&op, in);
            zyd_object_id(&id, op.contract, op.programme, op.member, op.client_ref);
            cli_hex(hex, id.b);
            rc = outcome_print(&k, outcome, hex, start);
        }
        json_decref(outcome);
    }
    free(in);
    free(file);
    client_close(&k);
    return rc;
}

/* ---- do ---- */

/* Nobody in this consortium knows the event: which name is near? */
static int no_event(const struct client *k, const char *event)
{
    const char *names[ZYD_PROGRAMMES_MAX * 4] = {NULL};
    size_t n = 0;
    for (uint16_t i = 0; i < k->g->plugin_count; i++) {
        const struct zyd_product *p = zyd_product_of(k->g->plugins[i].name);
        for (size_t e = 0; p && e < p->event_count && n + 1 < ZYD_COUNT(names); e++) {
            names[n++] = p->events[e].name;
        }
    }
    const char *near = cli_nearest(event, names);
    return cli_fail(k->c, ZYD_ERR_USAGE, TR(k->c, "没有事件 %s%s%s", "no event %s%s%s"), event, near ? "; " : "",
                    near ? near : "");
}

/* The first programme, or that of --programme, whose product has the event; rather one where it makes an object, then with
 * the event.  *on_object: one of the products (without
 * --programme any) has it as an event of an object. */
static int programme_of_event(const struct client *k, struct intent *in, bool *on_object, const char *event)
{
    const char *code = cli_opt(k->c, "programme");
    *on_object = false;
    if (code && !client_programme(k, code)) {
        return cli_fail(k->c, ZYD_ERR_USAGE, "--programme %s", code);
    }
    for (uint16_t i = 0; i < k->g->programme_count; i++) {
        const struct zyd_programme *p = &k->g->programmes[i];
        const struct zyd_event *e = zyd_event_by_name(client_product(k, p), event);
        if (e && (!code || p == client_programme(k, code))) {
            bool better = !in->programme || (e->makes && !in->event);
            in->programme = better ? p : in->programme;
            in->event = e->makes && !in->event ? e : in->event;
            *on_object = *on_object || !e->makes;
        }
    }
    return in->programme ? 0 : no_event(k, event);
}

static int do_event(struct client *k, const char *event, const char *contract_text, const struct zyd_pair *pairs, size_t count)
{
    struct intent *in = calloc(1, sizeof *in);
    json_t *contract = NULL, *outcome = NULL;
    int64_t start = zyd_clock_mono_ms();
    bool on_object = false;
    zyd_assert(in);
    int rc = programme_of_event(k, in, &on_object, event);
    if (rc == 0 && on_object) {
        contract = contract_find(k, &rc, contract_text);
        if (rc && in->event) {
            cli_say(k->c, TR(k->c, "若要新建，请给出 --programme %.*s", "to make a new one, give --programme %.*s"),
                    (int)in->programme->code.size, (const char *)in->programme->code.data);
        }
        rc = rc ? rc : intent_object(k, in, contract);
        long seq = -1;
        if (rc == 0 && !cli_number(k->c, "seq", -1, 0, 1000000000, &seq)) {
            rc = ZYD_EXIT_USAGE;
        }
        in->seq = seq >= 0 ? (uint64_t)seq : in->seq;
    } else if (rc == 0) {
        snprintf(in->ref, sizeof in->ref, "%s", contract_text);
    }
    in->event = rc == 0 ? zyd_event_by_name(client_product(k, in->programme), event) : NULL;
    if (rc == 0 && (!in->event || in->event->makes == on_object)) {
        rc = !in->event ? no_event(k, event)
                        : cli_fail(k->c, ZYD_ERR_USAGE,
                                   TR(k->c, "%s 新建合同：请给出 --programme", "%s makes a contract: give --programme"), event);
    }
    if (rc == 0 && k->me >= 0) {
        in->member = (uint16_t)k->me;
    } else if (rc == 0) {
        json_t *s = http_get(k->c, &k->http, &rc, "/v1/status");
        int m = client_member(k, json_text(s, "member"));
        in->member = m < 0 ? 0 : (uint16_t)m;
        json_decref(s);
    }
    rc = rc ? rc : intent_args(k, in, pairs, count);
    rc = rc ? rc : intent_run(k, in, &outcome);
    if (rc == 0) {
        char hex[65];
        struct zyd_op op;
        intent_op(&op, in);
        if (!in->has_object) {
            zyd_object_id(&in->object, op.contract, op.programme, op.member, op.client_ref);
        }
        cli_hex(hex, in->object.b);
        rc = outcome_print(k, outcome, hex, start);
    }
    json_decref(outcome);
    json_decref(contract);
    free(in);
    return rc;
}

static int run_do(struct cli *c)
{
    struct client k;
    struct zyd_pair pairs[PAIRS_MAX];
    char buffer[ZYD_OP_SIZE_MAX], event[32];
    size_t count = 0;
    int rc = pairs_of(c, pairs, &count, buffer, sizeof buffer, c->pos + 2, c->pos_count - 2);
    snprintf(event, sizeof event, "%s", c->pos[0]);
    for (char *p = event; *p; p++) {
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p == '-' ? '_' : *p);
    }
    rc = rc ? rc : client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    rc = do_event(&k, event, c->pos[1], pairs, count);
    client_close(&k);
    return rc;
}

/* ---- countersign: the operation waits; our signature joins ---- */

static int host_op(struct client *k, uint16_t event, const char *op_id, json_t **outcome)
{
    struct zyd_op op = {.event = event, .member = k->me >= 0 ? (uint16_t)k->me : 0, .has_object = true};
    static const uint8_t none = 0x90;
    op.args = zyd_span(&none, 1);
    if (!cli_unhex(op.object.b, op_id)) {
        return cli_fail(k->c, ZYD_ERR_USAGE, "%s", op_id);
    }
    return op_run(k, &op, false, outcome);
}

static int node_countersign(struct client *k, const char *op_id, const char *verb, json_t **outcome)
{
    char path[160], prefer[32];
    struct answer a;
    int rc = 0;
    snprintf(path, sizeof path, "/v1/pending/%.64s/%s", op_id, verb);
    snprintf(prefer, sizeof prefer, "wait=%ld", k->c->wait_s > 60 ? 60 : k->c->wait_s);
    if (!http_call(k->c, &k->http, &a,
                   &(struct request){.method = "POST",
                                     .path = path,
                                     .type = "application/json",
                                     .prefer = prefer,
                                     .body = "{}",
                                     .size = 2,
                                     .timeout_s = 70}) ||
        a.status < 200 || a.status > 299) {
        rc = http_fail(k->c, &k->http, &a, true);
    } else {
        *outcome = json_incref(a.json);
    }
    answer_free(&a);
    return rc;
}

static int run_countersign(struct cli *c)
{
    struct client k;
    json_t *p = NULL, *outcome = NULL;
    const char *op_id = c->pos[0];
    char object[65] = "", chosen[65] = "";
    uint8_t raw[32];
    int64_t start = zyd_clock_mono_ms();
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    /* an op_id, or a contract with one pending operation */
    if (cli_unhex(raw, op_id)) {
        p = http_get(c, &k.http, &rc, "/v1/pending?state=all&limit=500");
        const json_t *items = json_object_get(p, "items");
        for (size_t i = 0; i < json_array_size(items); i++) {
            const json_t *one = json_array_get(items, i);
            bool waits = strcmp(json_text(one, "state"), "waiting") == 0;
            if (strcmp(json_text(one, "op_id"), op_id) == 0 || (waits && strcmp(json_text(one, "object"), op_id) == 0)) {
                snprintf(object, sizeof object, "%s", json_text(one, "object"));
                snprintf(chosen, sizeof chosen, "%s", json_text(one, "op_id"));
            }
        }
    } else {
        json_t *contract = contract_find(&k, &rc, op_id);
        snprintf(object, sizeof object, "%s", json_text(contract, "id"));
        const json_t *list = json_object_get(contract, "pending");
        if (rc == 0 && json_array_size(list) > 1) {
            rc = cli_fail(
                c, ZYD_ERR_USAGE,
                TR(c, "有 %zu 个待会签操作：见 GET /v1/pending?object=%s", "%zu operations wait: GET /v1/pending?object=%s"),
                json_array_size(list), object);
        }
        const json_t *first = json_array_get(list, 0);
        snprintf(chosen, sizeof chosen, "%s", json_is_string(first) ? json_string_value(first) : json_text(first, "op_id"));
        json_decref(contract);
    }
    if (rc == 0 && !chosen[0]) {
        rc = cli_fail(c, ZYD_ERR_NOT_FOUND, TR(c, "%s 没有待会签的操作", "nothing waits for %s"), op_id);
    }
    bool decline = strcmp(c->command->verb, "decline") == 0;
    if (rc == 0 && k.signer_count) {
        rc = host_op(&k, decline ? ZYD_HOST_DECLINE : ZYD_HOST_COUNTERSIGN, chosen, &outcome);
    } else if (rc == 0) {
        rc = node_countersign(&k, chosen, decline ? "decline" : "countersignatures", &outcome);
    }
    rc = rc ? rc : outcome_print(&k, outcome, object, start);
    json_decref(outcome);
    json_decref(p);
    client_close(&k);
    return rc;
}

/* ---- claims and recoveries: the same events with what the ledger knows filled in ---- */

static int run_claim_file(struct cli *c)
{
    struct client k;
    struct zyd_pair pairs[4];
    size_t count = 0;
    char principal[32], interest[32], evidence[2048] = "";
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    json_t *o = contract_find(&k, &rc, c->pos[0]);
    const char *p = cli_opt(c, "principal"), *i = cli_opt(c, "interest"), *e;
    zyd_yuan_text(principal, json_fen(o, "principal_fen"), false);
    zyd_yuan_text(interest, json_fen(o, "interest_fen"), false);
    for (size_t n = 0, used = 0; (e = cli_opt_nth(c, "evidence", n)) != NULL && used + strlen(e) + 2 < sizeof evidence; n++) {
        used += (size_t)snprintf(evidence + used, sizeof evidence - used, "%s%s", n ? "," : "", e);
    }
    pairs[count++] = (struct zyd_pair){"principal", p ? p : principal};
    pairs[count++] = (struct zyd_pair){"interest", i ? i : interest};
    if (evidence[0]) {
        pairs[count++] = (struct zyd_pair){"evidence", evidence};
    }
    rc = rc ? rc : do_event(&k, "CLAIM", c->pos[0], pairs, count);
    json_decref(o);
    client_close(&k);
    return rc;
}

static int run_claim_approve(struct cli *c)
{
    struct client k;
    char amount[32];
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    json_t *o = contract_find(&k, &rc, c->pos[0]);
    zyd_yuan_text(amount, json_fen(o, "claim_fen"), false);
    struct zyd_pair pair = {"amount", cli_opt(c, "amount") ? cli_opt(c, "amount") : amount};
    rc = rc ? rc : do_event(&k, "APPROVE", c->pos[0], &pair, 1);
    json_decref(o);
    client_close(&k);
    return rc;
}

static int run_recovery(struct cli *c)
{
    struct client k;
    const char *gross = cli_opt(c, "gross"), *cost = cli_opt(c, "cost"), *ref = cli_opt(c, "bank-ref");
    if (!gross || !ref) {
        return cli_fail(c, ZYD_ERR_USAGE, "--gross YUAN --bank-ref TEXT [--cost YUAN]");
    }
    struct zyd_pair pairs[3] = {{"gross", gross}, {"cost", cost ? cost : "0"}, {"bank_ref", ref}};
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    rc = do_event(&k, "RECOVER", c->pos[0], pairs, 3);
    client_close(&k);
    return rc;
}

static const struct option draft_options[] = {
    {"programme", 0, "CODE", "项目", "programme"}, {"out", 0, "FILE", "输出文件", "output file"}, {0}};
static const struct option out_options[] = {
    {"out", 0, "FILE", "输出文件", "output file"}, {"op", 0, "OP_ID", "哪个操作", "which operation"}, {0}};
static const struct option do_options[] = {
    {"programme", 0, "CODE", "项目（新建时）", "programme (for events that make an object)"},
    {"seq", 0, "N", "所见的序号（默认当前）", "sequence number that was seen (default: the current)"},
    {0}};
static const struct option list_options[] = {{"state", 0, "STATE", "状态", "state"},
                                             {"programme", 0, "CODE", "项目", "programme"},
                                             {"contract", 0, "PRODUCT", "产品", "product: guarantee, voucher ..."},
                                             {"party", 0, "CODE", "参与方", "party"},
                                             {"q", 0, "TEXT", "搜索", "search"},
                                             {"limit", 0, "N", "条数", "how many"},
                                             {"after", 0, "CURSOR", "续页", "next page"},
                                             {0}};
static const struct option claim_options[] = {
    {"principal", 0, "YUAN", "本金（默认账本余额）", "principal (default: the ledger's)"},
    {"interest", 0, "YUAN", "利息（默认账本余额）", "interest (default: the ledger's)"},
    {"evidence", 0, "HASH", "证据哈希或 sha256:文本（可重复）", "hash or sha256:TEXT (may be repeated)"},
    {"amount", 0, "YUAN", "核定额（默认申请额）", "approved amount (default: as claimed)"},
    {"seq", 0, "N", "所见的序号", "sequence number that was seen"},
    {0}};
static const struct option recovery_options[] = {{"gross", 0, "YUAN", "回款", "collected"},
                                                 {"cost", 0, "YUAN", "费用", "cost"},
                                                 {"bank-ref", 0, "TEXT", "银行流水号", "bank reference"},
                                                 {"seq", 0, "N", "所见的序号", "sequence number that was seen"},
                                                 {0}};
const struct command contract_commands[] = {
    {"contract", "draft", "local", "[--programme CODE] [--out FILE]", "写一份申请样例", "write an example application",
     "zyd contract draft --programme AH4321 --out c.json", draft_options, 0, 0, run_draft},
    {"contract", "check", "local", "FILE", "检查并用文字说明（金额含大写）", "check a draft and say it in words",
     "zyd contract check c.json", NULL, 1, 1, run_check},
    {"contract", "sign", "local", "FILE --key FILE --out ENVELOPE", "离线签名为信封", "sign a draft into an envelope",
     "zyd contract sign c.json --as BANK --out c.env", out_options, 1, 1, run_sign},
    {"contract", "submit", "online", "FILE", "提交申请或信封，等待最终确认",
     "submit a draft or an envelope and wait for finality", "zyd contract submit c.json --as BANK", NULL, 1, 1, run_submit},
    {"contract", "do", "online", "EVENT CONTRACT [name=value...]", "办理任一事件（--as BANK,GUAR 同签）",
     "any event (--as BANK,GUAR signs for both)",
     "zyd contract do DISBURSE BA-2026-000001 drawdown=1 amount=500000.00 value_date=2026-01-05 maturity=2026-12-20 "
     "rate_ppm=4.35% --as BANK",
     do_options, 2, 66, run_do},
    {"contract", "countersign", "online", "OP_ID|CONTRACT", "会签待办操作", "countersign what waits",
     "zyd contract countersign BA-2026-000001 --as GUAR", NULL, 1, 1, run_countersign},
    {"contract", "decline", "online", "OP_ID|CONTRACT", "拒绝会签", "decline to countersign",
     "zyd contract decline BA-2026-000001 --as GUAR", NULL, 1, 1, run_countersign},
    {"contract", "show", "online", "CONTRACT", "合同详情", "one contract", "zyd contract show BA-2026-000001", NULL, 1, 1,
     look_show},
    {"contract", "list", "online", "", "合同列表", "contracts", "zyd contract list --state ACTIVE", list_options, 0, 0,
     look_list},
    {"contract", "history", "online", "CONTRACT", "合同经过", "life of a contract", "zyd contract history BA-2026-000001", NULL,
     1, 1, look_history},
    {"contract", "receipt", "online", "CONTRACT [--op OP_ID] --out FILE", "可离线验证的回执",
     "a receipt that can be checked offline",
     "zyd contract receipt BA-2026-000001 --out r.receipt && zyd audit receipt r.receipt", out_options, 1, 1, look_receipt},
    {"contract", "wait", "online", "OP_ID", "等待操作最终确认", "wait for an operation's final answer",
     "zyd contract wait 3c0f... --wait 60", NULL, 1, 1, look_wait},
    {"claim", "file", "online", "CONTRACT [--evidence HASH]...", "代偿申请（金额默认取账本）",
     "file a claim (amounts default to the ledger's)",
     "zyd claim file BA-2026-000001 --evidence sha256:loan --evidence sha256:notice --as BANK", claim_options, 1, 1,
     run_claim_file},
    {"claim", "approve", "online", "CONTRACT [--amount YUAN]", "代偿批准", "approve a claim",
     "zyd claim approve BA-2026-000001 --as GUAR", claim_options, 1, 1, run_claim_approve},
    {"claim", "show", "online", "CONTRACT", "代偿详情", "one claim", "zyd claim show BA-2026-000001", NULL, 1, 1, look_show},
    {"claim", "list", "online", "", "待处理的代偿", "open claims", "zyd claim list", list_options, 0, 0, look_list},
    {"recovery", "record", "online", "CONTRACT --gross YUAN --bank-ref TEXT [--cost YUAN]", "追偿回款入账", "book a recovery",
     "zyd recovery record BA-2026-000001 --gross 5000.00 --cost 12.50 --bank-ref 20260621-1 --as GUAR", recovery_options, 1, 1,
     run_recovery},
    {"recovery", "list", "online", "", "追偿情况", "recoveries so far", "zyd recovery list", NULL, 0, 0, look_recovery_list},
    {0}};
