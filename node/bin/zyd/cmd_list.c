/* zyd list: a file of small loans enrolled under one signature (contracts/guarantee/README.md, "A list under one signature").
 *
 *   loans.csv --rows as leaves--> root --enrol: one operation, signed by all--> the list on the ledger
 *   loans.csv --take: pieces of 8, 16 an envelope--> contracts        --proof: one loan, checked by zyd-audit offline
 *
 * What is taken up stands on the ledger, by the bank's number of the loan: `take` looks there first, so that it may be
 * interrupted and run again. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/batch.h>
#include <zyd/guarantee_list.h>

#include "ops.h"

#define PIECES 16u /* of an envelope: a third of what its fuel allows */
#define FRUITLESS_MAX 16u /* rounds in a row that only lost the list's number to somebody else */
#define VALIDITY_MS (5 * 60 * 1000)

enum row_state { ROW_NEW = 0, ROW_TAKEN, ROW_FRESH, ROW_REFUSED };
struct row {
    enum row_state state;
    bool single; /* its piece was refused: alone next time */
    uint32_t code;
};
struct job {
    struct cli *c;
    struct client k;
    bool open;
    struct zyd_csv *csv;
    struct zyd_batch *b;
    struct zyd_hash *leaves, *work, root;
    struct zyd_span *loans;
    struct row *rows;
    uint32_t count;
    int64_t total;
    /* the list on the ledger */
    struct zyd_guarantee_enrolment e;
    struct zyd_op op; /* contract, programme, object, expect_seq */
};

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Leaves, sum, root; a number that stands twice. */
static int read_loans(struct job *j)
{
    int rc = 0;
    j->count = (uint32_t)j->b->row_count;
    if (j->count == 0 || j->count > ZYD_GUARANTEE_LIST_MAX) {
        return cli_fail(j->c, ZYD_ERR_USAGE, TR(j->c, "一份清单为 1 至 %u 笔", "a list has 1 to %u loans"),
                        ZYD_GUARANTEE_LIST_MAX);
    }
    j->leaves = calloc(j->count, sizeof *j->leaves);
    j->work = calloc(j->count, sizeof *j->work);
    j->loans = calloc(j->count, sizeof *j->loans);
    j->rows = calloc(j->count, sizeof *j->rows);
    uint64_t *numbers = calloc(j->count, sizeof *numbers);
    zyd_assert(j->leaves && j->work && j->loans && j->rows && numbers);
    for (uint32_t i = 0; i < j->count; i++) {
        struct zyd_guarantee_loan loan;
        j->loans[i] = j->b->rows[i].args;
        zyd_merkle_leaf(&j->leaves[i], j->loans[i].data, j->loans[i].size);
        if (zyd_guarantee_loan_read(&loan, j->loans[i]) != ZYD_OK) {
            rc = cli_fail(j->c, ZYD_ERR_BUG, "row %u", j->b->rows[i].row);
            break;
        }
        numbers[i] = (uint64_t)loan.number << 32 | j->b->rows[i].row;
        j->total += loan.amount;
    }
    qsort(numbers, j->count, sizeof *numbers, by_number);
    for (uint32_t i = 1; rc == 0 && i < j->count; i++) {
        if (numbers[i] >> 32 == numbers[i - 1] >> 32) {
            rc = cli_fail(j->c, ZYD_ERR_CSV_DUPLICATE, TR(j->c, "借据号 %u：第 %u 行与第 %u 行", "number %u: rows %u and %u"),
                          (unsigned)(numbers[i] >> 32), (unsigned)numbers[i - 1], (unsigned)numbers[i]);
        }
    }
    free(numbers);
    zyd_merkle_root(&j->root, j->leaves, j->count);
    return rc;
}

static int refuse_issues(const struct job *j)
{
    static const struct column columns[] = {{"row", "行", "ROW", 'r'},         {"column", "列", "COLUMN", 't'},
                                            {"value", "内容", "VALUE", 't'},   {"code", "代码", "CODE", 't'},
                                            {"reason", "原因", "REASON", 't'}, {0}};
    json_t *rows = json_array();
    for (size_t i = 0; i < j->b->issue_count; i++) {
        const struct zyd_batch_issue *x = &j->b->issues[i];
        char label[8];
        zyd_catalogue_label(label, x->code);
        json_array_append_new(rows, json_pack("{s:i,s:s,s:s,s:s,s:s}", "row", (int)x->row, "column",
                                              x->column >= 0 ? zyd_csv_cell(j->csv, 0, (size_t)x->column) : "", "value",
                                              x->value, "code", label, "reason", x->text[j->c->lang]));
    }
    cli_table(j->c, rows, columns);
    json_decref(rows);
    cli_say(j->c,
            TR(j->c, "%zu 行有误；清单要么整份正确，要么不签", "%zu rows are wrong; a list is signed whole or not at all"),
            j->b->row_count - j->b->good_count);
    return ZYD_EXIT_PARTIAL;
}

static int job_open(struct job *j, struct cli *c, unsigned need)
{
    struct zyd_err err = {0};
    size_t size = 0;
    memset(j, 0, sizeof *j);
    j->c = c;
    char *text = cli_read(c, c->pos[0], &size, ZYD_CSV_SIZE_MAX);
    if (!text) {
        return ZYD_EXIT_FILE;
    }
    enum zyd_status s = zyd_csv_parse(&j->csv, &err, zyd_span(text, size));
    free(text);
    int rc = s != ZYD_OK ? cli_fail_err(c, &err) : 0;
    if (rc == 0 && need) {
        rc = client_open(&j->k, c, need | CLIENT_GENESIS);
        j->open = rc == 0;
    }
    if (rc == 0 && zyd_batch_plan(&j->b, &err, j->csv, &zyd_guarantee_loan_event, NULL, NULL) != ZYD_OK) {
        rc = cli_fail_err(c, &err);
    }
    if (rc == 0 && j->b->good_count < j->b->row_count) {
        rc = refuse_issues(j);
    }
    return rc ? rc : read_loans(j);
}

static int job_close(struct job *j, int rc)
{
    zyd_batch_free(j->b);
    zyd_csv_free(j->csv);
    free(j->leaves);
    free(j->work);
    free(j->loans);
    free(j->rows);
    if (j->open) {
        client_close(&j->k);
    }
    return rc;
}

static json_t *summary(const struct job *j)
{
    char hex[65], fen[32];
    cli_hex(hex, j->root.b);
    snprintf(fen, sizeof fen, "%lld", (long long)j->total);
    return json_pack("{s:i,s:s,s:s}", "count", (int)j->count, "total_fen", fen, "root", hex);
}

static const struct column summary_columns[] = {
    {"count", "笔数", "LOANS", 'r'}, {"total_fen", "合计", "TOTAL", 'm'}, {"root", "清单根", "ROOT", 't'}, {0}};

static int run_template(struct cli *c)
{
    char text[4096];
    zyd_batch_template(text, sizeof text, &zyd_guarantee_loan_event, (int)c->lang);
    return cli_write(c, cli_opt(c, "out"), text, strlen(text), 0644, false);
}

static int run_check(struct cli *c)
{
    struct job j;
    int rc = job_open(&j, c, 0);
    if (rc == 0) {
        json_t *o = summary(&j);
        cli_object(c, o, summary_columns);
        json_decref(o);
    }
    return job_close(&j, rc);
}

/* ---- enrol: what all sign, once ---- */

static int run_enrol(struct cli *c)
{
    static const char *const names[] = {"ref", "letter", "until", "purpose"};
    struct job j;
    char root[65], count[16], total[32], hex[65];
    struct zyd_hash id;
    struct zyd_op op;
    json_t *outcome = NULL;
    int64_t start = zyd_clock_mono_ms();
    for (size_t i = 0; i < ZYD_COUNT(names); i++) {
        if (!cli_opt(c, names[i])) {
            return cli_fail(c, ZYD_ERR_USAGE, "--%s", names[i]);
        }
    }
    struct intent *in = calloc(1, sizeof *in);
    zyd_assert(in);
    int rc = job_open(&j, c, CLIENT_NODE);
    in->programme = rc ? NULL : client_programme(&j.k, cli_opt(c, "programme"));
    in->event = zyd_event_by_number(&zyd_product_guarantee, ZYD_GE_ENROL_LIST);
    if (rc == 0 && (!in->programme || client_product(&j.k, in->programme) != &zyd_product_guarantee)) {
        rc = cli_fail(c, ZYD_ERR_NOT_FOUND, "--programme %s", cli_opt(c, "programme") ? cli_opt(c, "programme") : "");
    }
    if (rc == 0) {
        cli_hex(root, j.root.b);
        snprintf(count, sizeof count, "%u", j.count);
        zyd_yuan_text(total, j.total, false);
        const struct zyd_pair pairs[] = {{"root", root},
                                         {"count", count},
                                         {"total", total},
                                         {"letter", cli_opt(c, "letter")},
                                         {"valid_until", cli_opt(c, "until")},
                                         {"purpose", cli_opt(c, "purpose")}};
        snprintf(in->ref, sizeof in->ref, "%s", cli_opt(c, "ref"));
        in->member = j.k.me < 0 ? 0 : (uint16_t)j.k.me;
        rc = intent_args(&j.k, in, pairs, ZYD_COUNT(pairs));
    }
    if (rc == 0 && !c->json) {
        json_t *o = summary(&j);
        cli_object(c, o, summary_columns);
        json_decref(o);
    }
    rc = rc ? rc : intent_run(&j.k, in, &outcome);
    if (rc == 0) {
        intent_op(&op, in);
        zyd_object_id(&id, op.contract, op.programme, op.member, op.client_ref);
        cli_hex(hex, id.b);
        rc = outcome_print(&j.k, outcome, hex, start);
    }
    json_decref(outcome);
    free(in);
    return job_close(&j, rc);
}

/* ---- the list on the ledger ---- */

static int find_list(struct job *j)
{
    const char *name = cli_opt(j->c, "list");
    uint8_t value[sizeof j->e];
    size_t size = 0;
    int rc = 0;
    json_t *o = name ? contract_find(&j->k, &rc, name) : NULL;
    if (!o) {
        return rc ? rc : cli_fail(j->c, ZYD_ERR_USAGE, "--list REF");
    }
    const char *hex = json_text(o, "value");
    const struct zyd_programme *p = client_programme(&j->k, json_text(o, "programme"));
    for (; size < sizeof value && strlen(hex) >= 2 * size + 2; size++) {
        unsigned byte = 0;
        (void)sscanf(hex + 2 * size, "%2x", &byte);
        value[size] = (uint8_t)byte;
    }
    if (!p || strlen(hex) != 2 * sizeof value || zyd_guarantee_enrolment_read(&j->e, zyd_span(value, size)) != ZYD_OK) {
        rc = cli_fail(j->c, ZYD_ERR_USAGE, TR(j->c, "%s 不是批量登记", "%s is no enrolled list"), name);
    } else if (memcmp(j->e.root, j->root.b, sizeof j->e.root) != 0 || j->e.count != j->count) {
        rc = cli_fail(j->c, 1128, TR(j->c, "%s：文件不是签署的清单", "%s: the file is not the list that was signed"), name);
    } else {
        j->op = (struct zyd_op){.contract = p->contract,
                                .event = ZYD_GE_TAKE_UP,
                                .programme = p->id,
                                .has_object = true,
                                .member = j->k.me < 0 ? j->e.bank : (uint16_t)j->k.me,
                                .expect_seq = (uint64_t)json_fen(o, "seq")};
        rc = cli_unhex(j->op.object.b, json_text(o, "id")) ? 0 : cli_fail(j->c, ZYD_ERR_MALFORMED, "%s", name);
    }
    json_decref(o);
    return rc;
}

/* Whether loan i is in the books already, by the bank's number of it; also of another list: that one is refused. */
static int look_up(struct job *j, uint32_t i, bool *booked)
{
    struct client_record r;
    struct zyd_guarantee_loan loan;
    struct zyd_guarantee_origin origin;
    uint8_t name[64];
    bool read = zyd_guarantee_loan_read(&loan, j->loans[i]) == ZYD_OK;
    zyd_assert(read);
    int rc = client_record_named(&j->k, &r, j->op.contract, name, zyd_guarantee_number_key(name, j->e.bank, loan.number));
    *booked = rc == 0 && r.size == sizeof origin;
    if (*booked) {
        memcpy(&origin, r.value, sizeof origin);
        bool here = memcmp(origin.enrolment, j->op.object.b, 32) == 0;
        j->rows[i].state = here ? ROW_TAKEN : ROW_REFUSED;
        j->rows[i].code = here ? 0 : 9109;
    }
    return rc;
}

static int look_up_all(struct job *j)
{
    int rc = 0;
    bool booked;
    for (uint32_t i = 0; rc == 0 && i < j->count; i++) {
        rc = look_up(j, i, &booked);
    }
    return rc;
}

/* ---- take ---- */

struct piece {
    uint32_t first, n;
};

/* The next rows that are still to be taken up; n = 0: none from `from` on. */
static struct piece next_piece(const struct job *j, uint32_t from, uint32_t end)
{
    while (from < end && j->rows[from].state != ROW_NEW) {
        from++;
    }
    struct piece p = {from, 0};
    while (from + p.n < end && p.n < ZYD_GUARANTEE_PIECE_MAX && j->rows[from + p.n].state == ROW_NEW &&
           (p.n == 0 || (!j->rows[from].single && !j->rows[from + p.n].single))) {
        p.n++;
    }
    return p;
}

static void add_piece(struct job *j, struct oplist *ops, struct piece p)
{
    static uint8_t args[16384];
    struct zyd_hash path[ZYD_GUARANTEE_PATH_MAX];
    struct zyd_wr wr = zyd_wr_of(args, sizeof args);
    memcpy(j->work, j->leaves, j->count * sizeof *j->work);
    size_t paths = zyd_merkle_range_path(path, j->work, j->count, p.first, p.n);
    zyd_guarantee_take_up_args(&wr, p.first, j->loans + p.first, p.n, path, paths);
    zyd_assert(!wr.full);
    j->op.args = zyd_wr_span(&wr);
    oplist_add(ops, &j->op);
    j->op.expect_seq++; /* if this one takes effect; those behind one that does not are asked again */
}

/* What became of one piece.  One that was refused is looked up again before anybody is told: an envelope of an earlier
 * run that was cut off, or of somebody else, may have taken effect since. */
static int settle_piece(struct job *j, struct piece p, const json_t *outcome, bool *progress)
{
    bool done = strcmp(json_text(outcome, "result"), "done") == 0, booked = false;
    uint32_t code = code_number(json_text(outcome, "code"));
    bool again = code == 9108 || code == ZYD_CODE_ENVELOPE_FUEL; /* says nothing about the loans */
    int rc = 0;
    for (uint32_t i = p.first; rc == 0 && i < p.first + p.n; i++) {
        struct row *r = &j->rows[i];
        if (done) {
            *r = (struct row){.state = ROW_FRESH};
        } else {
            rc = look_up(j, i, &booked);
            if (rc == 0 && !booked && !again) {
                *r = (struct row){.state = p.n == 1 ? ROW_REFUSED : ROW_NEW, .single = true, .code = code};
            }
        }
        *progress = *progress || done || booked || !again;
    }
    return rc;
}

static int settle(struct job *j, const json_t *answer, const struct piece *pieces, uint32_t count, bool *progress)
{
    const json_t *list = json_object_get(answer, "operations"), *one;
    size_t i;
    int rc = 0;
    if (json_array_size(list) != count) {
        return cli_fail(j->c, ZYD_ERR_MALFORMED, "operations: %zu / %u", json_array_size(list), count);
    }
    json_array_foreach(list, i, one)
    {
        rc = rc ? rc : settle_piece(j, pieces[i], one, progress);
    }
    return rc;
}

static int send_pieces(struct job *j, uint32_t from, uint32_t end, bool *progress)
{
    struct piece pieces[PIECES], p = next_piece(j, from, end);
    struct oplist ops = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct zyd_hash env_id;
    int64_t wall = 0;
    json_t *answer = NULL;
    for (; p.n > 0 && ops.count < PIECES; p = next_piece(j, p.first + p.n, end)) {
        pieces[ops.count] = p;
        add_piece(j, &ops, p);
    }
    if (ops.count == 0) {
        oplist_free(&ops);
        return 0;
    }
    int rc = client_wall(&j->k, &wall);
    rc = rc ? rc : client_envelope(&j->k, &bytes, &size, &env_id, &ops, wall + VALIDITY_MS, false);
    rc = rc ? rc : client_send(&j->k, &answer, bytes, size, j->c->wait_s ? j->c->wait_s : 30);
    rc = rc ? rc : settle(j, answer, pieces, ops.count, progress);
    json_decref(answer);
    free(bytes);
    oplist_free(&ops);
    return rc;
}

static int print_take(const struct job *j)
{
    static const struct column columns[] = {{"row", "行", "ROW", 'r'},
                                            {"ref", "业务编号", "REF", 't'},
                                            {"code", "代码", "CODE", 't'},
                                            {"reason", "原因", "REASON", 't'},
                                            {0}};
    json_t *refused = json_array();
    int fresh = 0, taken = 0, open = 0;
    for (uint32_t i = 0; i < j->count; i++) {
        const struct row *r = &j->rows[i];
        char label[8];
        fresh += r->state == ROW_FRESH;
        taken += r->state == ROW_TAKEN;
        open += r->state == ROW_NEW;
        if (r->state == ROW_REFUSED) {
            zyd_catalogue_label(label, r->code);
            json_array_append_new(refused,
                                  json_pack("{s:i,s:s,s:s,s:s}", "row", (int)j->b->rows[i].row, "ref", j->b->rows[i].ref,
                                            "code", label, "reason", zyd_catalogue_get(r->code)->text[j->c->lang]));
        }
    }
    int refusals = (int)json_array_size(refused);
    if (j->c->json) {
        json_t *o = json_pack("{s:i,s:i,s:i,s:i,s:o}", "loans", (int)j->count, "new", fresh, "already", taken, "open", open,
                              "refused", refused);
        cli_json(o);
        json_decref(o);
    } else {
        if (refusals) {
            cli_table(j->c, refused, columns);
        }
        printf(TR(j->c, "新入账 %d · 已在账 %d · 拒绝 %d · 未入账 %d\n",
                  "taken up %d · already there %d · refused %d · open %d\n"),
               fresh, taken, refusals, open);
        json_decref(refused);
    }
    return refusals ? ZYD_EXIT_PARTIAL : 0;
}

/* The row of --row as an index; count: all. */
static int row_opt(const struct job *j, uint32_t *index)
{
    long row = 0;
    *index = j->count;
    if (!cli_opt(j->c, "row")) {
        return 0;
    }
    if (!cli_number(j->c, "row", 0, 2, (long)j->count + 1, &row)) {
        return ZYD_EXIT_USAGE;
    }
    for (uint32_t i = 0; i < j->count; i++) {
        *index = j->b->rows[i].row == (uint32_t)row ? i : *index;
    }
    return 0;
}

static uint32_t count_new(const struct job *j, uint32_t from, uint32_t end)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < end; i++) {
        n += j->rows[i].state == ROW_NEW;
    }
    return n;
}

static int run_take(struct cli *c)
{
    struct job j;
    uint32_t only = 0;
    int rc = job_open(&j, c, CLIENT_NODE | CLIENT_KEYS);
    rc = rc ? rc : find_list(&j);
    rc = rc ? rc : look_up_all(&j);
    rc = rc ? rc : row_opt(&j, &only);
    uint32_t from = rc || only == j.count ? 0 : only, end = rc || only == j.count ? j.count : only + 1;
    bool looked = rc == 0;
    struct progress bar;
    progress_start(&bar, c, TR(c, "入账", "take up"), end - from);
    uint32_t left = looked ? count_new(&j, from, end) : 0;
    for (unsigned fruitless = 0; rc == 0 && left > 0 && fruitless < FRUITLESS_MAX && !cli_interrupted;) {
        bool progress = false;
        rc = find_list(&j); /* its number now */
        rc = rc ? rc : send_pieces(&j, from, end, &progress);
        fruitless = progress ? 0 : fruitless + 1;
        left = count_new(&j, from, end);
        progress_step(&bar, end - from - left);
    }
    progress_end(&bar);
    int printed = looked ? print_take(&j) : 0;
    printed = left ? ZYD_EXIT_PARTIAL : printed;
    return job_close(&j, rc ? rc : cli_interrupted ? ZYD_EXIT_INTERRUPTED : printed);
}

/* ---- proof ---- */

static void put_text(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

static int run_proof(struct cli *c)
{
    struct job j;
    uint32_t index = 0;
    struct zyd_hash path[64];
    int rc = job_open(&j, c, 0);
    rc = rc ? rc : row_opt(&j, &index);
    if (rc == 0 && index == j.count) {
        rc = cli_fail(c, ZYD_ERR_USAGE, "--row N");
    }
    if (rc == 0) {
        size_t n = zyd_merkle_path(path, j.leaves, j.count, index);
        char hex[2 * 160 + 1] = "";
        for (size_t i = 0; i < j.loans[index].size && i < 160; i++) {
            snprintf(hex + 2 * i, 3, "%02x", j.loans[index].data[i]);
        }
        json_t *o = json_pack("{s:s,s:i,s:s}", "format", "zyd-loan-proof-1", "index", (int)index, "leaf", hex),
               *loan = json_object(), *list = json_array();
        enum zyd_status s = zyd_args_decode(put_text, loan, &zyd_guarantee_loan_event, j.loans[index], NULL);
        zyd_assert(s == ZYD_OK);
        for (size_t i = 0; i < n; i++) {
            char one[65];
            cli_hex(one, path[i].b);
            json_array_append_new(list, json_string(one));
        }
        json_object_set_new(o, "path", list);
        json_object_set_new(o, "loan", loan);
        char *text = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        rc = cli_write(c, cli_opt(c, "out"), text, strlen(text), 0644, false);
        free(text);
        json_decref(o);
    }
    return job_close(&j, rc);
}

static const struct option out_options[] = {{"out", 0, "FILE", "输出文件", "output file"}, {0}};
static const struct option enrol_options[] = {{"programme", 0, "CODE", "项目", "programme"},
                                              {"ref", 0, "TEXT", "业务编号", "reference of the list"},
                                              {"letter", 0, "HASH", "担保函：sha256:文本 或 64 位", "hash of the letter"},
                                              {"until", 0, "DATE", "入账截止日", "last day of taking up"},
                                              {"purpose", 0, "TEXT", "用途", "purpose"},
                                              {0}};
static const struct option take_options[] = {{"list", 0, "REF", "清单的业务编号或 64 位编号", "reference or id of the list"},
                                             {"row", 0, "N", "只入账文件的这一行", "only this row of the file"},
                                             {0}};
static const struct option proof_options[] = {
    {"row", 0, "N", "文件的行", "row of the file"}, {"out", 0, "FILE", "输出文件", "output file"}, {0}};
const struct command list_commands[] = {
    {"list", "template", "local", "[--out FILE]", "小额贷款清单的表头", "header of a list of small loans",
     "zyd list template --out loans.csv", out_options, 0, 0, run_template},
    {"list", "check", "local", "LOANS.csv", "检查清单：笔数、合计、清单根", "check a list: loans, sum, root",
     "zyd list check loans.csv", NULL, 1, 1, run_check},
    {"list", "enrol", "online", "LOANS.csv --programme CODE --ref REF --letter HASH --until DATE --purpose TEXT",
     "一次签名登记整份清单", "enrol the whole list under one signature",
     "zyd list enrol loans.csv --programme FARM --ref L1 --letter sha256:l --until 2026-01-31 --purpose seed --as "
     "BANK,GUAR,REG,LGOV",
     enrol_options, 1, 1, run_enrol},
    {"list", "take", "online", "LOANS.csv --list REF [--row N]", "清单贷款入账；可中断后重做",
     "its loans enter the books; may be run again", "zyd list take loans.csv --list L1 --as BANK", take_options, 1, 1,
     run_take},
    {"list", "proof", "local", "LOANS.csv --row N [--out FILE]", "一笔贷款在清单中的证明",
     "proof that a loan stands in the list", "zyd list proof loans.csv --row 18 --out loan.json", proof_options, 1, 1,
     run_proof},
    {0}};
