/* Looking at contracts: list, one, its life, its receipt, the answer of an operation, recoveries. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ops.h"

static const struct column list_columns[] = {
    {"client_ref", "参考号", "REFERENCE", 't'}, {"id", "编号", "ID", 'h'},
    {"programme", "项目", "PROGRAMME", 't'},    {"bank", "银行", "BANK", 't'},
    {"state_zh", "状态", "STATE", 't'},         {"seq", "序号", "SEQ", 'r'},
    {"amount_fen", "额度(元)", "AMOUNT", 'f'},  {"principal_fen", "本金(元)", "PRINCIPAL", 'f'},
    {"applied", "申请日", "APPLIED", 't'},      {0}};

int look_list(struct cli *c)
{
    struct client k;
    char path[600] = "/v1/contracts?limit=", filter[200];
    long limit = 50;
    static const char *const filters[] = {"state", "programme", "contract", "party", "q", "after", NULL};
    if (!cli_number(c, "limit", 50, 1, 500, &limit)) {
        return ZYD_EXIT_USAGE;
    }
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    size_t n = strlen(path);
    n += (size_t)snprintf(path + n, sizeof path - n, "%ld", limit);
    if (strcmp(c->command->noun, "claim") == 0 && !cli_opt(c, "state")) {
        n += (size_t)snprintf(path + n, sizeof path - n, "&state=CLAIMED");
    }
    for (size_t i = 0; filters[i]; i++) {
        if (cli_opt(c, filters[i])) {
            url_escape(filter, sizeof filter, cli_opt(c, filters[i]));
            n += (size_t)snprintf(path + n, sizeof path - n, "&%s=%s", filters[i], filter);
        }
    }
    json_t *list = http_get(c, &k.http, &rc, "%s", path);
    if (list) {
        struct column columns[sizeof list_columns / sizeof list_columns[0]];
        memcpy(columns, list_columns, sizeof columns);
        columns[4].key = TR(c, "state_zh", "state");
        if (c->json) {
            cli_json(list);
        } else {
            cli_table(c, json_object_get(list, "items"), columns);
            if (json_is_string(json_object_get(list, "next"))) {
                cli_say(c, TR(c, "还有：--after %s", "more: --after %s"), json_text(list, "next"));
            }
        }
        json_decref(list);
    }
    client_close(&k);
    return rc;
}

/* ---- one contract, as it would be filed: names, 大写, who owes what on balance ---- */

/* NAME_capital beside every NAME_fen. */
static void add_capitals(json_t *v)
{
    json_t *more = json_object(), *one;
    const char *key;
    size_t at;
    json_array_foreach(v, at, one)
    {
        add_capitals(one);
    }
    json_object_foreach(v, key, one)
    {
        size_t n = strlen(key);
        char name[64], text[ZYD_CAPITAL_SIZE];
        add_capitals(one);
        if (n > 4 && n < 50 && strcmp(key + n - 4, "_fen") == 0 && json_is_string(one) &&
            zyd_yuan_capital(text, strtoll(json_string_value(one), NULL, 10))) {
            snprintf(name, sizeof name, "%.*s_capital", (int)n - 4, key);
            json_object_set_new(more, name, json_string(text));
        }
    }
    if (json_is_object(v)) {
        json_object_update(v, more);
    }
    json_decref(more);
}

/* The member's name; its code where the consortium file is not at hand. */
static void add_name(const struct client *k, json_t *o, const char *name)
{
    char key[48];
    int member = k->g ? client_member(k, json_text(o, name)) : -1;
    if (member >= 0) {
        statement_member(k, o, name, (uint16_t)member);
    } else {
        snprintf(key, sizeof key, "%s_name", name);
        json_object_set_new(o, key, json_string(json_text(o, name)));
    }
}

static json_t *net_row(json_t *rows, const char *member)
{
    json_t *one;
    size_t i;
    json_array_foreach(rows, i, one)
    {
        if (strcmp(json_text(one, "member"), member) == 0) {
            return one;
        }
    }
    one = json_pack("{s:s,s:s}", "member", member, "net_fen", "0");
    json_array_append_new(rows, one);
    return one;
}

/* Names and words of the obligations; net: what is open of them, by member. */
static void add_obligations(const struct client *k, json_t *o)
{
    static const struct zyd_name states[] = {{1, "CREATED", "未付", "open"}, {2, "LOCKED", "清算锁定", "locked in a cycle"},
                                             {3, "INSTRUCTED", "已出指令", "instructed"}, {4, "SETTLED", "已结清", "settled"},
                                             {5, "REVERSED", "已冲销", "reversed"}};
    static const struct zyd_names names = ZYD_NAMES("state", states);
    json_t *one, *net = json_array();
    size_t i;
    json_array_foreach(json_object_get(o, "obligations"), i, one)
    {
        const struct zyd_name *s = zyd_name_by_text(&names, json_text(one, "state"));
        const char *reason = json_text(one, TR(k->c, "reason_zh", "reason_en"));
        add_name(k, one, "debtor");
        add_name(k, one, "creditor");
        json_object_set_new(one, "state_text", json_string(s ? TR(k->c, s->zh, s->en) : json_text(one, "state")));
        json_object_set_new(one, "reason_text", json_string(reason));
        for (int side = 0; s && s->number < 4 && side < 2; side++) {
            json_t *row = net_row(net, json_text(one, side ? "creditor" : "debtor"));
            int64_t fen = json_fen(one, "amount_fen");
            statement_fen(row, "net", json_fen(row, "net_fen") + (side ? fen : -fen));
        }
    }
    json_array_foreach(net, i, one)
    {
        add_name(k, one, "member");
        json_object_set_new(one, "side", json_string(statement_side(k->c, json_fen(one, "net_fen"))));
    }
    json_object_set_new(o, "net", net);
}

static int add_words(struct client *k, json_t *o)
{
    struct client_record r;
    char path[200], hex[65], parties[1024] = "";
    json_t *one, *claim = json_object_get(o, "claim");
    size_t i, n = 0;
    add_capitals(o);
    add_obligations(k, o);
    json_array_foreach(json_object_get(o, "parties"), i, one)
    {
        json_t *party = json_pack("{s:O}", "member", one);
        add_name(k, party, "member");
        n += (size_t)snprintf(parties + n, sizeof parties - n, "%s%s", n ? TR(k->c, "、", ", ") : "",
                              json_text(party, "member_name"));
        n = n < sizeof parties ? n : sizeof parties - 1;
        json_decref(party);
    }
    json_object_set_new(o, "parties_text", json_string(parties));
    json_array_foreach(json_object_get(claim, "parties"), i, one)
    {
        add_name(k, one, "member");
    }
    snprintf(path, sizeof path, "proof?kind=object&contract=%.40s&id=%.64s", json_text(o, "contract"), json_text(o, "id"));
    int rc = client_record(k, &r, path, true);
    if (rc == 0 && r.size) {
        cli_hex(hex, r.leaf.b);
        json_object_set_new(o, "record_hash", json_string(hex));
        json_object_set_new(o, "height", json_integer((json_int_t)r.height));
    }
    return rc;
}

static void show_obligations(const struct cli *c, const json_t *o)
{
    static const struct column rows[] = {{"id", "义务编号", "OBLIGATION", 'h'},
                                         {"debtor_name", "付款方", "OWES", 't'},
                                         {"creditor_name", "收款方", "IS OWED", 't'},
                                         {"amount_fen", "金额(元)", "AMOUNT (YUAN)", 'f'},
                                         {"reason_text", "事由", "REASON", 't'},
                                         {"value_date", "日期", "DATE", 't'},
                                         {"state_text", "状态", "STATE", 't'},
                                         {"amount_fen", "大写", "IN CAPITALS", 'c'},
                                         {0}};
    static const struct column nets[] = {{"member_name", "成员", "MEMBER", 't'},
                                         {"net_fen", "未清净额(元)", "OPEN, NET", 'f'},
                                         {"side", "方向", "SIDE", 't'},
                                         {"net_fen", "大写", "IN CAPITALS", 'c'},
                                         {0}};
    static const struct column record[] = {{"record_hash", "账本记录散列", "record hash", 't'},
                                           {"height", "区块高度", "height", 't'},
                                           {0}};
    if (json_array_size(json_object_get(o, "obligations"))) {
        printf("\n%s\n", TR(c, "义务", "Obligations"));
        cli_table(c, json_object_get(o, "obligations"), rows);
    }
    if (json_array_size(json_object_get(o, "net"))) {
        printf("\n%s\n", TR(c, "各方未清净额", "Net positions, open"));
        cli_table(c, json_object_get(o, "net"), nets);
    }
    putchar('\n');
    cli_object(c, o, record);
}

/* The record of a product's object, by the product's names. */
static void show_fields(const struct cli *c, const json_t *o)
{
    const struct zyd_product *p = c->json ? NULL : zyd_product_by_name(json_text(o, "contract"));
    const json_t *fields = json_object_get(o, "fields");
    unsigned kind = 0;
    int width = 0;
    (void)sscanf(json_text(o, "value"), "%2x", &kind); /* of the record: its first byte */
    for (size_t i = 0; p && fields && i < p->shown_count; i++) {
        int w = cli_width(TR(c, p->shown[i].field.zh, p->shown[i].field.en));
        width = w > width ? w : width;
    }
    for (size_t i = 0; p && i < p->shown_count; i++) {
        const struct zyd_field *f = &p->shown[i].field;
        char key[64], yuan[32], capital[ZYD_CAPITAL_SIZE] = "";
        bool fen = f->type == ZYD_FIELD_FEN;
        snprintf(key, sizeof key, "%s%s", f->name, fen ? "_fen" : "");
        const json_t *v = json_object_get(fields, key);
        if (v && (p->shown[i].kind == 0 || p->shown[i].kind == kind)) {
            zyd_yuan_text(yuan, strtoll(json_string_value(v), NULL, 10), true);
            cli_pad(stdout, TR(c, f->zh, f->en), width, false);
            bool said = fen && zyd_yuan_capital(capital, strtoll(json_string_value(v), NULL, 10));
            printf("  %s%s%s\n", fen ? yuan : json_string_value(v), said ? "  人民币" : "", capital);
        }
    }
}

int look_show(struct cli *c)
{
    struct client k;
    /* names are the consortium file's; a node alone does not tell them to everybody */
    int rc = client_open(&k, c, c->node && !c->consortium ? CLIENT_NODE : CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    json_t *o = contract_find(&k, &rc, c->pos[0]);
    rc = o ? add_words(&k, o) : rc;
    if (o && rc == 0) {
        static const struct column columns[] = {{"client_ref", "参考号", "reference", 't'},
                                                {"id", "编号", "id", 't'},
                                                {"programme", "项目", "programme", 't'},
                                                {"bank", "银行", "bank", 't'},
                                                {"parties_text", "各方", "parties", 't'},
                                                {"state", "状态", "state", 't'},
                                                {"state_zh", "状态(中)", "state (zh)", 't'},
                                                {"seq", "序号", "seq", 't'},
                                                {"borrower", "借款人", "borrower", 't'},
                                                {"amount_fen", "额度", "limit", 'm'},
                                                {"principal_fen", "本金", "principal", 'm'},
                                                {"interest_fen", "欠息", "interest", 'm'},
                                                {"claim_fen", "代偿申请", "claimed", 'm'},
                                                {"applied", "申请日", "applied", 't'},
                                                {"issued", "出函日", "issued", 't'},
                                                {"valid_until", "担保函有效期", "valid until", 't'},
                                                {"overdue", "逾期日", "overdue", 't'},
                                                {"claimed", "代偿申请日", "claimed on", 't'},
                                                {0}};
        static const struct column parts[] = {{"member_name", "成员", "MEMBER", 't'},
                                              {"borne_fen", "承担(元)", "BORNE", 'f'},
                                              {"recovered_fen", "已追回(元)", "RECOVERED", 'f'},
                                              {"open_fen", "未收回(元)", "OPEN", 'f'},
                                              {"borne_fen", "承担大写", "BORNE IN CAPITALS", 'c'},
                                              {0}};
        static const struct column draws[] = {
            {"number", "借据", "DRAWDOWN", 'r'},         {"principal_fen", "本金(元)", "PRINCIPAL", 'f'},
            {"balance_fen", "余额(元)", "BALANCE", 'f'}, {"interest_fen", "欠息(元)", "INTEREST", 'f'},
            {"value_date", "起息", "FROM", 't'},         {"maturity", "到期", "MATURITY", 't'},
            {"rate_ppm", "利率ppm", "RATE ppm", 'r'},    {0}};
        cli_object(c, o, columns);
        show_fields(c, o);
        if (!c->json && json_array_size(json_object_get(o, "drawdowns"))) {
            cli_table(c, json_object_get(o, "drawdowns"), draws);
        }
        if (!c->json && json_is_object(json_object_get(o, "claim"))) {
            cli_table(c, json_object_get(json_object_get(o, "claim"), "parties"), parts);
        }
        if (!c->json) {
            show_obligations(c, o);
        }
    }
    json_decref(o);
    client_close(&k);
    return rc;
}

int look_history(struct cli *c)
{
    struct client k;
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    json_t *o = contract_find(&k, &rc, c->pos[0]);
    json_t *list = o ? http_get(c, &k.http, &rc, "/v1/contracts/%s/history?limit=500", json_text(o, "id")) : NULL;
    if (list) {
        static const struct column columns[] = {{"date", "业务日期", "DATE", 't'},   {"height", "高度", "HEIGHT", 'r'},
                                                {"event", "事件", "EVENT", 't'},     {"member", "成员", "MEMBER", 't'},
                                                {"result", "结果", "RESULT", 't'},   {"code", "代码", "CODE", 't'},
                                                {"seq", "序号", "SEQ", 'r'},         {"postings", "分录", "POSTINGS", 'r'},
                                                {"op_id", "操作", "OPERATION", 'h'}, {0}};
        cli_table(c, json_object_get(list, "items"), columns);
    }
    json_decref(list);
    json_decref(o);
    client_close(&k);
    return rc;
}

int look_receipt(struct cli *c)
{
    struct client k;
    struct answer a;
    char path[256];
    const char *op = cli_opt(c, "op");
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    json_t *o = contract_find(&k, &rc, c->pos[0]);
    snprintf(path, sizeof path, "/v1/contracts/%s/receipt%s%.64s", json_text(o, "id"), op ? "?op=" : "", op ? op : "");
    if (rc == 0) {
        if (!http_call(c, &k.http, &a,
                       &(struct request){.method = "GET", .path = path, .accept = "application/octet-stream"}) ||
            a.status != 200) {
            rc = http_fail(c, &k.http, &a, false);
        } else {
            rc = cli_write(c, cli_opt(c, "out"), a.body, a.size, 0644, false);
        }
        answer_free(&a);
    }
    json_decref(o);
    client_close(&k);
    return rc;
}

int look_wait(struct cli *c)
{
    struct client k;
    int64_t end = zyd_clock_mono_ms() + c->wait_s * 1000;
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    for (;;) {
        json_t *t = http_get(c, &k.http, &rc, "/v1/transactions/%.64s", c->pos[0]);
        const char *status = json_text(t, "status");
        bool final = strcmp(status, "final") == 0, never = strcmp(status, "rejected") == 0 || strcmp(status, "unknown") == 0;
        if (rc || final || never) {
            if (final) {
                static const struct column columns[] = {{"op_id", "操作", "operation", 't'},
                                                        {"event", "事件", "event", 't'},
                                                        {"result", "结果", "result", 't'},
                                                        {"height", "高度", "height", 't'},
                                                        {"date", "业务日期", "date", 't'},
                                                        {"seq", "序号", "seq", 't'},
                                                        {0}};
                cli_object(c, t, columns);
                rc = client_outcome(&k, t);
            } else if (never) {
                rc = cli_fail(c, ZYD_ERR_NOT_FOUND, "%s: %s", c->pos[0], status);
            }
            json_decref(t);
            break;
        }
        json_decref(t);
        if (zyd_clock_mono_ms() > end || cli_interrupted) {
            rc = cli_fail(c, ZYD_ERR_WAIT_TIMEOUT, "%ld s", c->wait_s);
            break;
        }
        nanosleep(&(struct timespec){0, 200000000}, NULL);
    }
    client_close(&k);
    return rc;
}

int look_recovery_list(struct cli *c)
{
    struct client k;
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    json_t *rows = json_array();
    static const char *const states[] = {"COMPENSATED", "RECOVERING", "WRITTEN_OFF"};
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        json_t *list = http_get(c, &k.http, &rc, "/v1/contracts?state=%s&limit=500", states[i]), *one;
        size_t at;
        json_array_foreach(json_object_get(list, "items"), at, one)
        {
            json_t *full = http_get(c, &k.http, &rc, "/v1/contracts/%s", json_text(one, "id"));
            const json_t *claim = json_object_get(full, "claim");
            if (json_is_object(claim)) {
                json_array_append_new(rows,
                                      json_pack("{s:O,s:O,s:O,s:O,s:O,s:O}", "client_ref", json_object_get(full, "client_ref"),
                                                "id", json_object_get(full, "id"), "state", json_object_get(full, "state"),
                                                "total_fen", json_object_get(claim, "total_fen"), "compensated_fen",
                                                json_object_get(claim, "compensated_fen"), "net_recovered_fen",
                                                json_object_get(claim, "net_recovered_fen")));
            }
            json_decref(full);
        }
        json_decref(list);
    }
    if (rc == 0) {
        static const struct column columns[] = {{"client_ref", "参考号", "REFERENCE", 't'},
                                                {"id", "编号", "ID", 'h'},
                                                {"state", "状态", "STATE", 't'},
                                                {"total_fen", "代偿基数(元)", "CLAIM", 'f'},
                                                {"compensated_fen", "已代偿(元)", "COMPENSATED", 'f'},
                                                {"net_recovered_fen", "净追回(元)", "RECOVERED", 'f'},
                                                {0}};
        cli_table(c, rows, columns);
    }
    json_decref(rows);
    client_close(&k);
    return rc;
}
