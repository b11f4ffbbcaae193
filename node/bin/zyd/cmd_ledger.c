/* zyd export, audit, scenario, obligation, balance: the ledger as a whole. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devnet.h"
#include "export.h"
#include "ops.h"

static int run_export(struct cli *c)
{
    struct client k;
    uint64_t height = 0;
    const char *out = cli_opt(c, "out");
    if (!out) {
        return cli_fail(c, ZYD_ERR_USAGE, "--out DIR");
    }
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    rc = export_bundle(&k, out, &height);
    if (rc == 0) {
        char hex[65];
        cli_hex(hex, k.g->hash.b);
        json_t *o = json_pack("{s:s,s:I,s:s}", "bundle", out, "height", (json_int_t)height, "genesis_hash", hex);
        static const struct column columns[] = {{"bundle", "导出包", "bundle", 't'},
                                                {"height", "高度", "height", 't'},
                                                {"genesis_hash", "创世哈希", "genesis hash", 't'},
                                                {0}};
        cli_object(c, o, columns);
        json_decref(o);
        cli_say(c, TR(c, "下一步：zyd-audit verify %s --genesis-hash %s", "next: zyd-audit verify %s --genesis-hash %s"), out,
                hex);
    }
    client_close(&k);
    return rc;
}

/* execv takes words without const and changes none. */
static char *word(const char *text)
{
    return (char *)(uintptr_t)text;
}

static int run_audit_verify(struct cli *c)
{
    struct client k;
    char program[CLI_PATH_MAX], dir[CLI_PATH_MAX], temporary[CLI_PATH_MAX] = "", hex[65] = "";
    const char *bundle = c->pos_count ? c->pos[0] : cli_opt(c, "bundle"), *hash = cli_opt(c, "genesis-hash");
    uint64_t height = 0;
    int rc = 0;
    if (!cli_find_program(program, "zyd-audit")) {
        return cli_fail(c, ZYD_ERR_TOOL_MISSING, "zyd-audit");
    }
    if (!bundle || !hash) {
        rc = client_open(&k, c, (bundle ? 0 : CLIENT_NODE) | CLIENT_GENESIS);
        if (rc) {
            return rc;
        }
        cli_hex(hex, k.g->hash.b);
        if (!hash && !c->consortium && !k.on_devnet) { /* a node must not vouch for itself */
            rc = cli_fail(c, ZYD_ERR_USAGE,
                          TR(c, "需要 --genesis-hash 或 --consortium FILE（不能由节点自证）",
                             "--genesis-hash or --consortium FILE is needed (a node must not vouch for itself)"));
        }
        if (rc == 0 && !bundle) {
            cli_path(temporary, "%s/zyd-audit-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
            if (!mkdtemp(temporary)) {
                rc = cli_fail(c, ZYD_ERR_FILE_WRITE, "%s", temporary);
            }
            cli_path(dir, "%s/bundle", temporary);
            cli_say(c, TR(c, "取回区块到 %s", "fetching the blocks into %s"), dir);
            rc = rc ? rc : export_bundle(&k, dir, &height);
            bundle = dir;
        }
        client_close(&k);
        hash = hash ? hash : hex;
    }
    const char *jobs = cli_opt(c, "jobs"), *report = cli_opt(c, "report");
    char *argv[16];
    size_t n = 0;
    argv[n++] = program;
    argv[n++] = word("verify");
    argv[n++] = word(bundle);
    argv[n++] = word("--genesis-hash");
    argv[n++] = word(hash);
    if (jobs) {
        argv[n++] = word("--jobs");
        argv[n++] = word(jobs);
    }
    if (report) {
        argv[n++] = word("--report");
        argv[n++] = word(report);
    }
    if (c->json) {
        argv[n++] = word("-o");
        argv[n++] = word("json");
    }
    argv[n] = NULL;
    rc = rc ? rc : run_program(c, argv);
    if (temporary[0] && rc == 0) { /* a bundle that fails is evidence: it stays */
        (void)cli_remove_tree(temporary);
    }
    return rc;
}

static int run_audit_receipt(struct cli *c)
{
    struct client k;
    char program[CLI_PATH_MAX], path[] = "/tmp/zyd-genesis-XXXXXX", hex[65];
    if (!cli_find_program(program, "zyd-audit")) {
        return cli_fail(c, ZYD_ERR_TOOL_MISSING, "zyd-audit");
    }
    int rc = client_open(&k, c, CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    const char *hash = cli_opt(c, "genesis-hash");
    cli_hex(hex, k.g->hash.b);
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, k.g->body.data, k.g->body.size) != (ssize_t)k.g->body.size) {
        rc = cli_fail(c, ZYD_ERR_FILE_WRITE, "%s", path);
    } else {
        char *argv[] = {program,
                        word("receipt"),
                        word(c->pos[0]),
                        word("--genesis"),
                        path,
                        word("--genesis-hash"),
                        word(hash ? hash : hex),
                        c->json ? word("-o") : NULL,
                        word("json"),
                        NULL};
        rc = run_program(c, argv);
    }
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    client_close(&k);
    return rc;
}

static int run_scenario(struct cli *c)
{
    int worst = 0;
    const char *live = cli_opt(c, "live");
    if (live) {
        c->dir = live;
    }
    if (live && c->pos_count > 1) {
        return cli_fail(c, ZYD_ERR_USAGE, TR(c, "--live 一次运行一个算例", "--live runs one scenario at a time"));
    }
    for (size_t i = 0; i < c->pos_count; i++) {
        int rc = scenario_run_file(c, c->pos[i], live != NULL);
        worst = rc > worst ? rc : worst;
    }
    return worst;
}

/* ---- obligations and balances ---- */

/* All pages of a list. */
json_t *list_all(struct client *k, int *rc, const char *path)
{
    json_t *all = json_array();
    char after[700] = "";
    for (;;) {
        json_t *page = http_get(k->c, &k->http, rc, "%s%climit=500%s", path, strchr(path, '?') ? '&' : '?', after);
        if (!page) {
            json_decref(all);
            return NULL;
        }
        json_array_extend(all, json_object_get(page, "items"));
        const char *next = json_string_value(json_object_get(page, "next"));
        if (!next) {
            json_decref(page);
            return all;
        }
        char safe[600];
        url_escape(safe, sizeof safe, next);
        snprintf(after, sizeof after, "&after=%s", safe);
        json_decref(page);
    }
}

static int run_obligations(struct cli *c)
{
    struct client k;
    char path[200];
    const char *member = cli_opt(c, "member"), *state = cli_opt(c, "state");
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    snprintf(path, sizeof path, "/v1/obligations?state=%.16s%s%.12s", state ? state : "CREATED", member ? "&member=" : "",
             member ? member : "");
    json_t *list = list_all(&k, &rc, path);
    if (list && cli_opt(c, "sum")) {
        json_t *sums = json_object(), *rows = json_array(), *o;
        size_t i;
        const char *key;
        json_array_foreach(list, i, o)
        {
            char pair[64];
            snprintf(pair, sizeof pair, "%s %s", json_text(o, "debtor"), json_text(o, "creditor"));
            json_int_t had = json_integer_value(json_object_get(sums, pair));
            json_object_set_new(sums, pair, json_integer(had + json_fen(o, "amount_fen")));
        }
        json_object_foreach(sums, key, o)
        {
            const char *space = strchr(key, ' ');
            json_array_append_new(rows, json_pack("{s:s%,s:s,s:O}", "debtor", key, (size_t)(space - key), "creditor", space + 1,
                                                  "amount_fen", o));
        }
        static const struct column columns[] = {{"debtor", "应付方", "OWES", 't'},
                                                {"creditor", "应收方", "IS OWED", 't'},
                                                {"amount_fen", "金额(元)", "AMOUNT", 'f'},
                                                {0}};
        cli_table(c, rows, columns);
        json_decref(rows);
        json_decref(sums);
    } else if (list) {
        static const struct column columns[] = {{"id", "编号", "ID", 'h'},
                                                {"debtor", "应付方", "OWES", 't'},
                                                {"creditor", "应收方", "IS OWED", 't'},
                                                {"amount_fen", "金额(元)", "AMOUNT", 'f'},
                                                {"reason", "事由", "REASON", 't'},
                                                {"state", "状态", "STATE", 't'},
                                                {"value_date", "日期", "DATE", 't'},
                                                {0}};
        cli_table(c, list, columns);
    }
    json_decref(list);
    client_close(&k);
    return rc;
}

static int run_paid(struct cli *c)
{
    struct client k;
    struct zyd_op op = {.event = ZYD_HOST_PAID, .has_object = true, .expect_seq = 1};
    uint8_t args[64];
    const char *ref = cli_opt(c, "bank-ref");
    json_t *outcome = NULL;
    int64_t start = zyd_clock_mono_ms();
    if (!ref || strlen(ref) > 35 || !cli_unhex(op.object.b, c->pos[0])) {
        return cli_fail(c, ZYD_ERR_USAGE, "ID --bank-ref TEXT");
    }
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_KEYS);
    if (rc) {
        return rc;
    }
    struct zyd_wr wr = zyd_wr_of(args, sizeof args);
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, ref, strlen(ref));
    op.args = zyd_wr_span(&wr);
    op.member = (uint16_t)k.me;
    rc = op_run(&k, &op, true, &outcome);
    rc = rc ? rc : outcome_print(&k, outcome, NULL, start);
    json_decref(outcome);
    client_close(&k);
    return rc;
}

static int run_balances(struct cli *c)
{
    struct client k;
    char path[300], safe[128];
    const char *member = cli_opt(c, "member"), *prefix = cli_opt(c, "prefix"), *programme = cli_opt(c, "programme");
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    url_escape(safe, sizeof safe, prefix ? prefix : "");
    snprintf(path, sizeof path, "/v1/balances?prefix=%s%s%.12s%s%.12s", safe, member ? "&member=" : "", member ? member : "",
             programme ? "&programme=" : "", programme ? programme : "");
    json_t *list = list_all(&k, &rc, path);
    if (list) {
        static const struct column columns[] = {{"member", "成员", "MEMBER", 't'},
                                                {"programme", "项目", "PROGRAMME", 't'},
                                                {"account", "科目", "ACCOUNT", 't'},
                                                {"side", "方向", "SIDE", 't'},
                                                {"balance_fen", "余额(元)", "BALANCE", 'f'},
                                                {"entries", "笔数", "ENTRIES", 'r'},
                                                {0}};
        cli_table(c, list, columns);
    }
    json_decref(list);
    client_close(&k);
    return rc;
}

static const struct option export_options[] = {{"out", 0, "DIR", "输出目录（不得已存在）", "directory to make"}, {0}};
static const struct option export_csv_options[] = {{"out", 0, "DIR", "输出目录（不得已存在）", "directory to make"},
                                                   {"programme", 0, "CODE", "只要此项目的行", "only rows of this programme"},
                                                   {"member", 0, "CODE", "只要涉及此成员的行", "only rows that name this member"},
                                                   {"from", 0, "HEIGHT", "分录自此高度起", "postings from this height on"},
                                                   {"to", 0, "HEIGHT", "分录至此高度止", "postings up to this height"},
                                                   {0}};
static const struct option audit_options[] = {
    {"genesis-hash", 0, "HEX", "创世哈希（默认取自本地联盟文件）", "genesis hash (default: the local consortium file's)"},
    {"bundle", 0, "DIR", "已有的导出包", "a bundle that exists"},
    {"jobs", 0, "N", "线程数", "threads"},
    {"report", 0, "FILE", "JSON 报告", "JSON report"},
    {0}};
static const struct option scenario_options[] = {
    {"live", 0, "DIR", "在此目录的真实开发网中运行（没有则按算例建立）",
     "through the devnet in this directory (made for the scenario when there is none)"},
    {0}};
static const struct option obligation_options[] = {
    {"member", 0, "CODE", "成员", "member"},
    {"state", 0, "STATE", "CREATED（默认）、SETTLED …", "CREATED (default), SETTLED ..."},
    {"sum", 0, NULL, "按双方汇总", "sums by pair"},
    {"bank-ref", 0, "TEXT", "银行流水号", "bank reference"},
    {0}};
static const struct option balance_options[] = {{"member", 0, "CODE", "成员", "member"},
                                                {"programme", 0, "CODE", "项目", "programme"},
                                                {"prefix", 0, "ACCOUNT", "科目开头", "start of the account"},
                                                {0}};
const struct command ledger_commands[] = {
    {"obligation", "list", "online", "[--member CODE] [--sum]", "未清义务：谁欠谁", "who owes whom",
     "zyd obligation list --sum", obligation_options, 0, 0, run_obligations},
    {"obligation", "paid", "online", "ID --bank-ref TEXT", "确认付款（双方签署）", "confirm a payment (both sign)",
     "zyd obligation paid 5d0f... --bank-ref 20260621-8812 --as GUAR,BANK", obligation_options, 1, 1, run_paid},
    {"balance", "list", "online", "[--member CODE] [--prefix ACCOUNT]", "科目余额", "account balances",
     "zyd balance list --member GUAR --prefix 1131", balance_options, 0, 0, run_balances},
    {"export", "bundle", "online", "--out DIR", "导出可离线审计的账本", "export the ledger for an auditor",
     "zyd export bundle --out q3.bundle", export_options, 0, 0, run_export},
    {"export", "csv", "online", "--out DIR [--programme CODE] [--member CODE] [--from H] [--to H]",
     "导出可关联的 CSV（科目、分录、合约、债务、清算周期）",
     "CSV files that join: accounts, postings, contracts, obligations, cycles", "zyd export csv --out 2026q3",
     export_csv_options, 0, 0, export_csv},
    {"audit", "verify", "online", "[BUNDLE] [--genesis-hash H] [--report F]", "取回账本并用 zyd-audit 验证",
     "fetch the ledger and run zyd-audit on it", "zyd audit verify --report report.json", audit_options, 0, 1,
     run_audit_verify},
    {"audit", "receipt", "local", "FILE", "用 zyd-audit 验证一张回执", "check one receipt with zyd-audit",
     "zyd audit receipt r.receipt", audit_options, 1, 1, run_audit_receipt},
    {"scenario", "run", "local", "FILE... [--live DIR]", "运行算例（进程内，或真实开发网）",
     "run worked examples (in process, or through a devnet)",
     "zyd scenario run tests/scenarios/*.scn\nzyd scenario run tests/scenarios/e5.scn --live /tmp/e5", scenario_options, 1,
     CLI_POS_MAX, run_scenario},
    {0}};
