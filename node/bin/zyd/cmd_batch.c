/* zyd batch: a back office's CSV (surfaces.md 3.7). */
#include <stdio.h>
#include <stdlib.h>

#include "batch_run.h"
#include "ops.h"

struct job {
    struct zyd_csv *csv;
    struct zyd_batch *b;
    struct zyd_hash hash;
    struct client k;
    bool client;
};

/* What offices call their files.  A name stands for its product too, unless --product says otherwise. */
static const struct {
    const char *name;
    const struct zyd_product *product;
    const char *event;
} types[] = {{"contract", &zyd_product_guarantee, "APPLY"},
             {"loan", &zyd_product_guarantee, "APPLY"},
             {"disbursement", &zyd_product_guarantee, "DISBURSE"},
             {"repayment", &zyd_product_guarantee, "REPAY"},
             {"overdue", &zyd_product_guarantee, "OVERDUE"},
             {"claim", &zyd_product_guarantee, "CLAIM"},
             {"recovery", &zyd_product_guarantee, "RECOVER"},
             {"pool-enrolment", &zyd_product_pool, "ENROL"},
             {"pool-loan", &zyd_product_pool, "REGISTER_LOAN"},
             {"pool-repayment", &zyd_product_pool, "REPAY"},
             {"pool-claim", &zyd_product_pool, "FILE"},
             {"pool-recovery", &zyd_product_pool, "RECOVER"},
             {"subsidy", &zyd_product_subsidy, "ENROL"},
             {"subsidy-settlement", &zyd_product_subsidy, "SETTLE"},
             {"voucher", &zyd_product_voucher, "ISSUE"},
             {"notice", &zyd_product_cycle, "NOTICE"}};

/* "claims" and "recoveries" are "claim" and "recovery". */
static bool is_type(const char *word, const char *name)
{
    size_t n = strlen(name);
    bool y = name[n - 1] == 'y';
    return strcmp(word, name) == 0 || (strncmp(word, name, n) == 0 && strcmp(word + n, "s") == 0) ||
           (y && strncmp(word, name, n - 1) == 0 && strcmp(word + n - 1, "ies") == 0);
}

static const struct zyd_event *event_of(const struct cli *c)
{
    const char *type = cli_opt(c, "type"), *of = cli_opt(c, "product");
    const struct zyd_product *product = zyd_product_by_name(of ? of : "guarantee");
    char name[32];
    if (!product) {
        cli_fail(c, ZYD_ERR_USAGE, "--product %s", of);
        return NULL;
    }
    snprintf(name, sizeof name, "%s", type ? type : "contract");
    for (size_t i = 0; i < ZYD_COUNT(types); i++) {
        if (is_type(name, types[i].name) && (!of || product == types[i].product)) {
            return zyd_event_by_name(types[i].product, types[i].event);
        }
    }
    for (char *p = name; *p; p++) {
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p == '-' ? '_' : *p);
    }
    const struct zyd_event *e = zyd_event_by_name(product, name);
    if (!e) {
        char list[512] = "";
        for (size_t i = 0, n = 0; i < ZYD_COUNT(types) && n < sizeof list; i++) {
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? " | " : "", types[i].name);
        }
        cli_fail(c, ZYD_ERR_USAGE, "--type %s: %s | ...", type, list);
    }
    return e;
}

/* genesis: needed for programmes; without a devnet or node the check goes on without them. */
static int job_open(struct job *j, struct cli *c, unsigned need)
{
    const struct zyd_event *event = event_of(c);
    struct zyd_err err = {0};
    size_t size = 0;
    memset(j, 0, sizeof *j);
    if (!event) {
        return ZYD_EXIT_USAGE;
    }
    char *text = cli_read(c, c->pos[0], &size, ZYD_CSV_SIZE_MAX);
    if (!text) {
        return ZYD_EXIT_FILE;
    }
    zyd_sha256(&j->hash, text, size);
    enum zyd_status s = zyd_csv_parse(&j->csv, &err, zyd_span(text, size));
    free(text);
    if (s != ZYD_OK) {
        return cli_fail_err(c, &err);
    }
    struct devnet d;
    bool have_genesis = need || c->consortium || devnet_load(c, &d);
    if (have_genesis) {
        int rc = client_open(&j->k, c, need | CLIENT_GENESIS);
        if (rc) {
            return rc;
        }
        j->client = true;
    }
    char first[ZYD_CODE_MAX + 1] = "";
    const char *programme = cli_opt(c, "programme");
    for (uint16_t i = 0; j->client && !programme && !first[0] && i < j->k.g->programme_count; i++) {
        const struct zyd_programme *p = &j->k.g->programmes[i];
        const struct zyd_product *product = client_product(&j->k, p);
        if (product && zyd_event_by_number(product, event->number) == event) {
            snprintf(first, sizeof first, "%.*s", (int)p->code.size, (const char *)p->code.data);
        }
    }
    programme = first[0] ? first : programme;
    if (zyd_batch_plan(&j->b, &err, j->csv, event, j->client ? j->k.g : NULL, programme) != ZYD_OK) {
        return cli_fail_err(c, &err);
    }
    return 0;
}

static void job_close(struct job *j)
{
    zyd_batch_free(j->b);
    zyd_csv_free(j->csv);
    if (j->client) {
        client_close(&j->k);
    }
}

static const char *encoding_text(const struct zyd_csv *csv)
{
    static const char *const names[] = {"UTF-8", "UTF-8 BOM", "GB18030"};
    return names[csv->encoding];
}

static json_t *issues_json(const struct cli *c, const struct job *j)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < j->b->issue_count; i++) {
        const struct zyd_batch_issue *x = &j->b->issues[i];
        char label[8];
        zyd_catalogue_label(label, x->code);
        json_array_append_new(rows, json_pack("{s:i,s:s,s:s,s:s,s:s,s:s}", "row", (int)x->row, "column",
                                              x->column >= 0 ? zyd_csv_cell(j->csv, 0, (size_t)x->column) : "", "value",
                                              x->value, "code", label, "reason", x->text[c->lang], "remedy",
                                              zyd_catalogue_get(x->code)->fix[c->lang]));
    }
    return rows;
}

static void print_issues(const struct cli *c, const struct job *j, const char *result_path)
{
    size_t bad = j->b->row_count - j->b->good_count;
    cli_say(c, TR(c, "已检查 %zu 行（%s）：%zu 行合格，%zu 行有误%s%s", "checked %zu rows (%s): %zu good, %zu refused%s%s"),
            j->b->row_count, encoding_text(j->csv), j->b->good_count, bad, bad && result_path ? TR(c, "，见 ", ", see ") : "",
            bad && result_path ? result_path : "");
    if (!j->b->issue_count) {
        return;
    }
    static const struct column columns[] = {{"row", "行", "ROW", 'r'},
                                            {"column", "列", "COLUMN", 't'},
                                            {"value", "内容", "VALUE", 't'},
                                            {"code", "代码", "CODE", 't'},
                                            {"reason", "原因", "REASON", 't'},
                                            {"remedy", "办法", "REMEDY", 't'},
                                            {0}};
    json_t *rows = issues_json(c, j);
    cli_table(c, rows, columns);
    json_decref(rows);
}

static int run_template(struct cli *c)
{
    char text[4096];
    const struct zyd_event *e = event_of(c);
    if (!e) {
        return ZYD_EXIT_USAGE;
    }
    zyd_batch_template(text, sizeof text, e, (int)c->lang);
    return cli_write(c, cli_opt(c, "out"), text, strlen(text), 0644, false);
}

static int run_check(struct cli *c)
{
    struct job j;
    int rc = job_open(&j, c, 0);
    if (rc == 0 && c->json) {
        json_t *o = json_pack("{s:i,s:i,s:s,s:o}", "rows", (int)j.b->row_count, "good", (int)j.b->good_count, "encoding",
                              encoding_text(j.csv), "issues", issues_json(c, &j));
        cli_json(o);
        json_decref(o);
    } else if (rc == 0) {
        print_issues(c, &j, NULL);
    }
    rc = rc == 0 && j.b->good_count < j.b->row_count ? ZYD_EXIT_PARTIAL : rc;
    job_close(&j);
    return rc;
}

static void result_path(char out[CLI_PATH_MAX], const char *csv)
{
    size_t n = strlen(csv);
    bool dot = n > 4 && strcmp(csv + n - 4, ".csv") == 0;
    cli_path(out, "%.*s.result.csv", (int)(dot ? n - 4 : n), csv);
}

struct counts {
    size_t done, fresh, refused, waiting, already, open, invalid;
};

static struct counts count(const struct run *r)
{
    struct counts n = {0};
    for (size_t i = 0; i < r->b->row_count; i++) {
        const struct row_result *x = &r->rows[i];
        n.invalid += !r->b->rows[i].good;
        n.fresh += x->fresh && x->state == ROW_DONE;
        n.done += x->state == ROW_DONE;
        n.refused += x->state == ROW_REFUSED;
        n.waiting += x->state == ROW_WAITING;
        n.already += x->state == ROW_ALREADY;
        n.open += r->b->rows[i].good && (x->state == ROW_NEW || x->state == ROW_SENT);
    }
    return n;
}

static void print_refusals(const struct cli *c, const struct run *r)
{
    struct {
        uint32_t code;
        size_t n;
        uint32_t row;
    } seen[64];
    size_t kinds = 0;
    for (size_t i = 0; i < r->b->row_count; i++) {
        size_t k = 0;
        if (r->rows[i].state != ROW_REFUSED) {
            continue;
        }
        while (k < kinds && seen[k].code != r->rows[i].code) {
            k++;
        }
        if (k == kinds && kinds < 64) {
            seen[kinds].code = r->rows[i].code;
            seen[kinds].row = r->b->rows[i].row;
            seen[kinds++].n = 0;
        }
        if (k < kinds) {
            seen[k].n++;
        }
    }
    for (size_t k = 0; k < kinds; k++) {
        char label[8];
        zyd_catalogue_label(label, seen[k].code);
        cli_say(c, TR(c, "  账本拒绝 %zu 行  %s %s（首行 %u）", "  refused by the ledger: %zu  %s %s (first: row %u)"), seen[k].n,
                label, zyd_catalogue_get(seen[k].code)->text[c->lang], seen[k].row);
    }
}

static int run_submit(struct cli *c)
{
    struct job j;
    struct run r = {.fd = -1};
    char result[CLI_PATH_MAX], id[65];
    bool resume = strcmp(c->command->verb, "resume") == 0, only_result = strcmp(c->command->verb, "result") == 0;
    long chunk;
    int64_t start = zyd_clock_mono_ms();
    if (!cli_number(c, "chunk", 0, 1, 1000, &chunk)) {
        return ZYD_EXIT_USAGE;
    }
    int rc = job_open(&j, c, only_result ? 0 : CLIENT_NODE | CLIENT_KEYS);
    if (rc == 0 && !j.client) {
        rc = cli_fail(c, ZYD_ERR_USAGE, "--consortium FILE");
    }
    result_path(result, c->pos[0]);
    if (cli_opt(c, "out")) {
        cli_path(result, "%s", cli_opt(c, "out"));
    }
    if (rc == 0 && !c->json && !only_result) {
        print_issues(c, &j, result);
    }
    rc = rc ? rc : run_open(&r, c, &j.k, j.b, c->pos[0], &j.hash, resume || only_result);
    bool opened = rc == 0;
    if (rc == 0 && chunk == 0) { /* an envelope must fit a block's fuel: later events cost up to six times an application */
        chunk = j.b->event->makes ? 1000 : 250;
    }
    rc = rc || only_result ? rc : run_go(&r, (size_t)chunk);
    if (opened) {
        struct counts n = count(&r);
        int w = run_write_result(&r, result);
        int64_t ms = zyd_clock_mono_ms() - start;
        cli_hex(id, j.hash.b);
        id[16] = '\0';
        if (c->json) {
            json_t *o = json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:s,s:I}", "batch", id, "rows", (int)j.b->row_count,
                                  "done", (int)n.done, "new", (int)n.fresh, "already", (int)(n.already + n.done - n.fresh),
                                  "refused", (int)n.refused, "waiting", (int)n.waiting, "invalid", (int)n.invalid, "open",
                                  (int)n.open, "result", result, "ms", (json_int_t)ms);
            cli_json(o);
            json_decref(o);
        } else {
            print_refusals(c, &r);
            printf(TR(c, "新入账 %zu · 已在账 %zu · 待会签 %zu · 拒绝 %zu · 未定 %zu · %lld.%lld 秒 · 批次 %s\n结果文件 %s\n",
                      "final %zu · already there %zu · waiting %zu · refused %zu · open %zu · %lld.%lld s · batch %s\nresult "
                      "%s\n"),
                   n.fresh, n.already + n.done - n.fresh, n.waiting, n.refused + n.invalid, n.open, (long long)(ms / 1000),
                   (long long)(ms % 1000 / 100), id, result);
        }
        rc = rc ? rc : w;
        rc = rc ? rc : n.open && !only_result ? ZYD_EXIT_UNKNOWN : n.refused + n.invalid ? ZYD_EXIT_PARTIAL : 0;
    }
    if (opened || r.fd >= 0 || r.rows) {
        run_close(&r);
    }
    job_close(&j);
    return rc;
}

static const struct option template_options[] = {
    {"type", 0, "TYPE", "contract、repayment、claim、subsidy、voucher、notice 等或事件名",
     "contract, repayment, claim, subsidy, voucher, notice ... or an event's name"},
    {"product", 0, "NAME", "产品（默认 guarantee）", "product (default guarantee)"}, {"out", 0, "FILE", "输出文件", "output file"}, {0}};
static const struct option batch_options[] = {
    {"type", 0, "TYPE", "contract（默认）、repayment、overdue、claim、subsidy、voucher、notice 等或事件名",
     "contract (default), repayment, overdue, claim, subsidy, voucher, notice ... or an event's name"},
    {"product", 0, "NAME", "产品（默认 guarantee）", "product (default guarantee)"},
    {"programme", 0, "CODE", "文件没有项目列时的项目", "programme when the file has no such column"},
    {"chunk", 0, "N", "每个信封的行数，默认 1000（申请）或 250", "rows an envelope, default 1000 (applications) or 250"},
    {"out", 0, "FILE", "结果文件", "result file"},
    {0}};
const struct command batch_commands[] = {
    {"batch", "template", "local", "[--type TYPE] [--out FILE]", "表头模板", "header of an empty file",
     "zyd batch template --type contract --lang zh-CN --out t.csv", template_options, 0, 0, run_template},
    {"batch", "check", "local", "FILE.csv", "检查文件：一次列出全部错误", "check a file: all errors in one go",
     "zyd batch check loans.csv", batch_options, 1, 1, run_check},
    {"batch", "submit", "online", "FILE.csv", "提交；中断后可重做", "submit; may be interrupted and run again",
     "zyd batch submit loans.csv --as BANK", batch_options, 1, 1, run_submit},
    {"batch", "resume", "online", "FILE.csv", "继续未完成的批次", "go on with an interrupted batch",
     "zyd batch resume loans.csv --as BANK", batch_options, 1, 1, run_submit},
    {"batch", "result", "local", "FILE.csv [--out FILE]", "由日志生成结果文件", "write the result file from the journal",
     "zyd batch result loans.csv --out r.csv", batch_options, 1, 1, run_submit},
    {0}};
