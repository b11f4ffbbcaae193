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

/* The record of a product's object, by the product's names. */
static void show_fields(const struct cli *c, const json_t *fields, const char *contract)
{
    const struct zyd_product *p = c->json ? NULL : zyd_product_by_name(contract);
    for (size_t i = 0; p && i < p->shown_count; i++) {
        const struct zyd_field *f = &p->shown[i].field;
        char key[64], yuan[32];
        snprintf(key, sizeof key, "%s%s", f->name, f->type == ZYD_FIELD_FEN ? "_fen" : "");
        const json_t *v = json_object_get((json_t *)(uintptr_t)fields, key);
        if (v) {
            zyd_yuan_text(yuan, strtoll(json_string_value(v), NULL, 10), true);
            cli_pad(stdout, TR(c, f->zh, f->en), 14, false);
            printf("  %s\n", f->type == ZYD_FIELD_FEN ? yuan : json_string_value(v));
        }
    }
}

int look_show(struct cli *c)
{
    struct client k;
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    json_t *o = contract_find(&k, &rc, c->pos[0]);
    if (o) {
        static const struct column columns[] = {{"client_ref", "参考号", "reference", 't'},
                                                {"id", "编号", "id", 't'},
                                                {"programme", "项目", "programme", 't'},
                                                {"bank", "银行", "bank", 't'},
                                                {"state", "状态", "state", 't'},
                                                {"state_zh", "状态(中)", "state (zh)", 't'},
                                                {"seq", "序号", "seq", 't'},
                                                {"borrower", "借款人", "borrower", 't'},
                                                {"amount_fen", "额度", "limit", 'f'},
                                                {"principal_fen", "本金", "principal", 'f'},
                                                {"interest_fen", "欠息", "interest", 'f'},
                                                {"claim_fen", "代偿申请", "claimed", 'f'},
                                                {"applied", "申请日", "applied", 't'},
                                                {"issued", "出函日", "issued", 't'},
                                                {"valid_until", "担保函有效期", "valid until", 't'},
                                                {"overdue", "逾期日", "overdue", 't'},
                                                {"claimed", "代偿申请日", "claimed on", 't'},
                                                {0}};
        static const struct column parts[] = {{"member", "成员", "MEMBER", 't'},
                                              {"borne_fen", "承担(元)", "BORNE", 'f'},
                                              {"recovered_fen", "已追回(元)", "RECOVERED", 'f'},
                                              {"open_fen", "未收回(元)", "OPEN", 'f'},
                                              {0}};
        static const struct column draws[] = {
            {"number", "借据", "DRAWDOWN", 'r'},         {"principal_fen", "本金(元)", "PRINCIPAL", 'f'},
            {"balance_fen", "余额(元)", "BALANCE", 'f'}, {"interest_fen", "欠息(元)", "INTEREST", 'f'},
            {"value_date", "起息", "FROM", 't'},         {"maturity", "到期", "MATURITY", 't'},
            {"rate_ppm", "利率ppm", "RATE ppm", 'r'},    {0}};
        cli_object(c, o, columns);
        show_fields(c, json_object_get(o, "fields"), json_text(o, "contract"));
        if (!c->json && json_array_size(json_object_get(o, "drawdowns"))) {
            cli_table(c, json_object_get(o, "drawdowns"), draws);
        }
        if (!c->json && json_is_object(json_object_get(o, "claim"))) {
            cli_table(c, json_object_get(json_object_get(o, "claim"), "parties"), parts);
        }
        json_decref(o);
    }
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
        if (!http_call(c, &k.http, &a, &(struct request){.method = "GET", .path = path, .accept = "application/octet-stream"}) ||
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
