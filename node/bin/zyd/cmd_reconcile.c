/* zyd reconcile FILE.csv --as BANK: a bank's own list of loans against the ledger.
 *
 *   FILE --csv.c--> cells --columns by name--> rows --client_ref (and programme)--> contracts of
 * the bank --> a line a row
 *
 * A row is matched, different, missing_here (not on the ledger), damaged (cannot be read, with the
 * catalogue's code); a contract that the file lacks is missing_there when something is outstanding
 * on it (or with --all).  Columns that are not known are named and not compared; one that is nearly
 * a known one is refused, since a typing error must not switch a comparison off.
 */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/batch.h>
#include <zyd/product.h>

#include "export.h"

#define EXPLAINED_MAX                                                                              \
    20 /* differences whose postings are looked through: each reads the contract's blocks */

/* What a column of the file is compared with.  money: yuan in the file, NAME_fen on the ledger. */
static const struct known {
    const char *name, *zh[3];
    bool money;
} known[] = {{"client_ref", {"业务编号", "合同编号", NULL}, false},
             {"programme", {"项目", NULL, NULL}, false},
             {"principal", {"本金余额", "贷款余额", NULL}, true},
             {"interest", {"欠息", "应收利息", NULL}, true},
             {"amount", {"额度", "合同金额", NULL}, true},
             {"drawn", {"已放款", "放款金额", NULL}, true},
             {"claim", {"代偿申请", NULL, NULL}, true},
             {"borrower", {"借款人", "统一社会信用代码", NULL}, false},
             {"state", {"状态", NULL, NULL}, false}};
enum { REF, PROGRAMME, FIRST_COMPARED, COLUMNS = sizeof known / sizeof known[0] };

struct job {
    struct cli *c;
    struct client k;
    char bank[ZYD_CODE_MAX + 1];
    struct zyd_csv *csv;
    int column[COLUMNS]; /* in the file, or -1 */
    json_t *contracts;   /* of the bank */
    bool *listed;        /* contract i is in the file */
    json_t *lines, *ignored;
    size_t counts[5];
    int64_t file_sum, ledger_sum; /* principal: of the file; of the contracts of the bank */
    int explained;
};
enum verdict { MATCHED, DIFFERENT, MISSING_HERE, MISSING_THERE, DAMAGED };
static const char *const verdicts[] = {"matched", "different", "missing_here", "missing_there",
                                       "damaged"};
static const char *const verdicts_zh[] = {"相符", "不符", "账本没有", "行方没有", "无法读取"};

/* ---- columns ---- */

static int find_columns(struct job *j)
{
    const char *names[COLUMNS * 4 + 1];
    size_t n = 0, compared = 0;
    for (size_t k = 0; k < COLUMNS; k++) {
        j->column[k] = -1;
        names[n++] = known[k].name;
        for (size_t i = 0; i < 3 && known[k].zh[i]; i++) {
            names[n++] = known[k].zh[i];
        }
    }
    names[n] = NULL;
    for (size_t col = 0; col < j->csv->columns; col++) {
        const char *head = zyd_csv_cell(j->csv, 0, col);
        size_t k = 0;
        for (; k < COLUMNS; k++) {
            bool is = strcmp(head, known[k].name) == 0;
            for (size_t i = 0; i < 3 && known[k].zh[i]; i++) {
                is = is || strcmp(head, known[k].zh[i]) == 0;
            }
            if (is) {
                break;
            }
        }
        if (k < COLUMNS && j->column[k] >= 0) {
            return cli_fail(j->c, ZYD_ERR_CSV_COLUMN,
                            TR(j->c, "%s：重复的列", "%s: the column is there twice"), head);
        }
        if (k < COLUMNS) {
            j->column[k] = (int)col;
            compared += k >= FIRST_COMPARED;
            continue;
        }
        const char *near = strlen(head) > 3 ? cli_nearest(head, names) : NULL;
        if (near) {
            return cli_fail(j->c, ZYD_ERR_CSV_COLUMN,
                            TR(j->c, "%s；是不是 %s？", "%s; did you mean %s?"), head, near);
        }
        json_array_append_new(j->ignored, json_string(head));
    }
    if (j->column[REF] < 0 || compared == 0) {
        return cli_fail(j->c, ZYD_ERR_CSV_NO_COLUMN,
                        TR(j->c,
                           "需要 业务编号（client_ref），以及 "
                           "本金余额、欠息、额度、已放款、代偿申请、借款人、状态 之一",
                           "client_ref, and one of principal, interest, amount, drawn, claim, "
                           "borrower, state"));
    }
    return 0;
}

/* ---- lines of the answer ---- */

/* row 0: not in the file.  column: of what differs, or "". */
static void line(struct job *j, enum verdict v, size_t row, const char *ref, const json_t *contract,
                 const char *column, const char *file, const char *ledger, const char *difference,
                 const char *zh, const char *en, uint32_t code)
{
    char label[8] = "";
    if (code) {
        zyd_catalogue_label(label, code);
    }
    json_t *o = json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "status",
                          verdicts[v], "status_zh", verdicts_zh[v], "row", (json_int_t)row,
                          "client_ref", ref, "contract_id", json_text(contract, "id"), "column",
                          column, "file", file, "ledger", ledger, "difference", difference, "code",
                          label, "reason_zh", zh, "reason_en", en);
    if (o) { /* NULL: text that is no UTF-8, which the parser does not let through */
        json_array_append_new(j->lines, o);
    }
}

static void yuan(char out[34], int64_t fen)
{
    out[0] = '-';
    zyd_yuan_text(out + (fen < 0), fen < 0 ? -fen : fen, false);
}

/* A posting of the contract over just this amount may be what one side has not booked. */
static void explain(struct job *j, char zh[200], char en[200], const json_t *contract,
                    int64_t difference)
{
    json_t *list = NULL, *p;
    char path[160];
    size_t i;
    int rc = 0;
    int64_t size = difference < 0 ? -difference : difference;
    snprintf(zh, 200, difference > 0 ? "行方多于账本" : "账本多于行方");
    snprintf(en, 200, difference > 0 ? "the bank's list has more" : "the ledger has more");
    if (j->explained++ < EXPLAINED_MAX) {
        snprintf(path, sizeof path, "/v1/postings?object=%.64s", json_text(contract, "id"));
        list = list_all(&j->k, &rc, path);
    }
    json_array_foreach(list, i, p)
    {
        if (json_fen(p, "amount_fen") == size) {
            snprintf(zh, 200, "%s；差额等于 %.10s 的 %.20s 分录（日志 %.20s）",
                     difference > 0 ? "行方多于账本" : "账本多于行方", json_text(p, "date"),
                     json_text(p, "label"), json_text(p, "log_index"));
            snprintf(en, 200, "%s; it is the amount of posting %.20s of %.10s (log %.20s)",
                     difference > 0 ? "the bank's list has more" : "the ledger has more",
                     json_text(p, "label"), json_text(p, "date"), json_text(p, "log_index"));
        }
    }
    json_decref(list);
}

/* ---- rows ---- */

static uint32_t amount_of(int64_t *fen, const char *text)
{
    if (!*text) {
        return ZYD_ERR_CSV_EMPTY_CELL;
    }
    if (!zyd_yuan_parse(fen, text)) {
        bool number = strspn(text, "0123456789.,+-eE") == strlen(text);
        return number && strpbrk(text, "eE") ? ZYD_ERR_CSV_SCIENTIFIC : ZYD_ERR_CSV_AMOUNT;
    }
    return 0;
}

/* What a spreadsheet does to a reference: 9.11E+17, lost zeros, zeros after the 15th digit. */
static uint32_t damaged_ref(const struct job *j, const char *ref)
{
    const json_t *o;
    size_t i, digits = strspn(ref, "0123456789"), n = strlen(ref);
    if (digits > 0 && strspn(ref, "0123456789.+eE") == n && strpbrk(ref, "eE") &&
        strchr(ref, '+')) {
        return ZYD_ERR_CSV_SCIENTIFIC;
    }
    json_array_foreach((json_t *)(uintptr_t)j->contracts, i, o)
    {
        const char *have = json_text(o, "client_ref");
        size_t zeros = strspn(have, "0");
        if (zeros && digits == n && strcmp(have + zeros, ref) == 0) {
            return ZYD_ERR_CSV_ZEROS;
        }
        if (digits == n && n > 15 && strlen(have) == n && strncmp(have, ref, 15) == 0 &&
            strspn(ref + 15, "0") == n - 15) {
            return ZYD_ERR_CSV_ROUNDED;
        }
    }
    return 0;
}

static int bad_cell(struct job *j, size_t row, size_t k, const json_t *contract, uint32_t code)
{
    const struct zyd_catalogue_entry *e = zyd_catalogue_get(code);
    line(j, DAMAGED, row + 1, zyd_csv_cell(j->csv, row, (size_t)j->column[REF]), contract,
         known[k].name, zyd_csv_cell(j->csv, row, (size_t)j->column[k]), "", "",
         e->text[ZYD_LANG_ZH], e->text[ZYD_LANG_EN], code);
    return DAMAGED;
}

/* The contract of a row; NULL with count 0 or more than one. */
static json_t *contract_of(const struct job *j, size_t row, size_t *count, size_t *at)
{
    const char *ref = zyd_csv_cell(j->csv, row, (size_t)j->column[REF]);
    const char *programme =
        j->column[PROGRAMME] < 0 ? "" : zyd_csv_cell(j->csv, row, (size_t)j->column[PROGRAMME]);
    json_t *o, *found = NULL;
    size_t i;
    *count = 0;
    json_array_foreach(j->contracts, i, o)
    {
        if (strcmp(json_text(o, "client_ref"), ref) == 0 &&
            (!*programme || strcmp(json_text(o, "programme"), programme) == 0)) {
            found = o;
            *at = i;
            ++*count;
        }
    }
    return *count == 1 ? found : NULL;
}

/* One cell against the ledger: MATCHED, DIFFERENT, DAMAGED. */
static int compare(struct job *j, size_t row, size_t k, const json_t *contract)
{
    const char *text = zyd_csv_cell(j->csv, row, (size_t)j->column[k]),
               *ref = json_text(contract, "client_ref");
    char key[32], ledger[34], difference[34], zh[200] = "两边不一致",
                                              en[200] = "the two say different things";
    if (!known[k].money) {
        const char *have = json_text(contract, known[k].name);
        bool same =
            strcmp(text, have) == 0 || (strcmp(known[k].name, "state") == 0 &&
                                        (strcmp(text, json_text(contract, "state_zh")) == 0 ||
                                         strcmp(text, json_text(contract, "state_en")) == 0));
        if (!same) {
            line(j, DIFFERENT, row + 1, ref, contract, known[k].name, text, have, "", zh, en, 0);
        }
        return same ? MATCHED : DIFFERENT;
    }
    int64_t fen = 0;
    uint32_t code = amount_of(&fen, text);
    if (code) {
        return bad_cell(j, row, k, contract, code);
    }
    snprintf(key, sizeof key, "%s_fen", known[k].name);
    int64_t have = json_fen(contract, key);
    if (fen == have) {
        return MATCHED;
    }
    char file[34];
    yuan(file, fen);
    yuan(ledger, have);
    yuan(difference, fen - have);
    explain(j, zh, en, contract, fen - have);
    line(j, DIFFERENT, row + 1, ref, contract, known[k].name, file, ledger, difference, zh, en, 0);
    return DIFFERENT;
}

static enum verdict check_row(struct job *j, size_t row)
{
    const char *ref = zyd_csv_cell(j->csv, row, (size_t)j->column[REF]);
    size_t count = 0, at = 0;
    enum verdict worst = MATCHED;
    int64_t fen = 0;
    if (!*ref) {
        return (enum verdict)bad_cell(j, row, REF, NULL, ZYD_ERR_CSV_EMPTY_CELL);
    }
    if (j->column[2] >= 0 &&
        amount_of(&fen, zyd_csv_cell(j->csv, row, (size_t)j->column[2])) == 0) {
        j->file_sum += fen;
    }
    const json_t *contract = contract_of(j, row, &count, &at);
    if (!contract) {
        uint32_t code = count ? ZYD_ERR_CSV_DUPLICATE : damaged_ref(j, ref);
        if (count) {
            line(j, DAMAGED, row + 1, ref, NULL, "programme", "", "", "",
                 "多个项目都有此编号：请加“项目”列",
                 "several programmes have this reference: add the column programme", code);
            return DAMAGED;
        }
        if (code) {
            return (enum verdict)bad_cell(j, row, REF, NULL, code);
        }
        for (size_t k = FIRST_COMPARED; k < COLUMNS;
             k++) { /* an amount that cannot be read is told whatever else is wrong */
            code = j->column[k] >= 0 && known[k].money
                       ? amount_of(&fen, zyd_csv_cell(j->csv, row, (size_t)j->column[k]))
                       : 0;
            if (code) {
                return (enum verdict)bad_cell(j, row, k, NULL, code);
            }
        }
        const int principal = j->column[2];
        line(j, MISSING_HERE, row + 1, ref, NULL, "",
             principal < 0 ? "" : zyd_csv_cell(j->csv, row, (size_t)principal), "", "",
             "账本上本行没有此业务", "the ledger has no such contract of this bank", 0);
        return MISSING_HERE;
    }
    if (j->listed[at]) {
        return (enum verdict)bad_cell(j, row, REF, contract, ZYD_ERR_CSV_DUPLICATE);
    }
    j->listed[at] = true;
    for (size_t k = FIRST_COMPARED; k < COLUMNS; k++) {
        enum verdict v = j->column[k] < 0 ? MATCHED : (enum verdict)compare(j, row, k, contract);
        worst = v > worst ? v : worst;
    }
    if (worst == MATCHED) {
        line(j, MATCHED, row + 1, ref, contract, "", "", "", "", "", "", 0);
    }
    return worst;
}

/* Contracts of the ledger that the file lacks. */
static void check_absent(struct job *j)
{
    const json_t *o;
    size_t i;
    json_array_foreach(j->contracts, i, o)
    {
        char text[34];
        int64_t principal = json_fen(o, "principal_fen"), interest = json_fen(o, "interest_fen");
        j->ledger_sum += principal;
        if (j->listed[i] || (principal == 0 && interest == 0 && !cli_opt(j->c, "all"))) {
            continue;
        }
        yuan(text, principal);
        j->counts[MISSING_THERE]++;
        line(j, MISSING_THERE, 0, json_text(o, "client_ref"), o, "principal", "", text, "",
             principal || interest ? "账本有未清余额，行方清单没有" : "账本有此业务，行方清单没有",
             principal || interest ? "outstanding on the ledger, not in the bank's list"
                                   : "on the ledger, not in the bank's list",
             0);
    }
}

/* ---- the answer ---- */

static int write_result(struct job *j, const char *path)
{
    static const char *const keys[] = {"status",      "code",      "row",      "client_ref",
                                       "contract_id", "column",    "file",     "ledger",
                                       "difference",  "reason_zh", "reason_en"};
    char *text = NULL;
    size_t size = 0, i;
    json_t *o;
    FILE *f = open_memstream(&text, &size);
    zyd_assert(f);
    fputs("\xef\xbb\xbf", f);
    for (size_t k = 0; k < ZYD_COUNT(keys); k++) {
        fprintf(f, "%s%s", k ? "," : "", keys[k]);
    }
    fputs("\r\n", f);
    json_array_foreach(j->lines, i, o)
    {
        for (size_t k = 0; k < ZYD_COUNT(keys); k++) {
            char number[24];
            bool plain = strcmp(keys[k], "difference") == 0 || strcmp(keys[k], "row") == 0;
            snprintf(number, sizeof number, "%lld",
                     (long long)json_integer_value(json_object_get(o, keys[k])));
            fputs(k ? "," : "", f);
            zyd_csv_write_cell(f, strcmp(keys[k], "row") == 0 ? number : json_text(o, keys[k]),
                               !plain);
        }
        fputs("\r\n", f);
    }
    fclose(f);
    int rc = cli_write(j->c, path, text, size, 0644, false);
    free(text);
    return rc;
}

static int tell(struct job *j, const json_t *head)
{
    struct cli *c = j->c;
    bool good = j->counts[MATCHED] + j->counts[MISSING_THERE] == j->csv->rows - 1 &&
                j->counts[MISSING_THERE] == 0;
    static const char *const encodings[] = {"UTF-8", "UTF-8 BOM", "GB18030"};
    char file[24], ledger[24];
    snprintf(file, sizeof file, "%lld", (long long)j->file_sum);
    snprintf(ledger, sizeof ledger, "%lld", (long long)j->ledger_sum);
    json_t *o = json_pack(
        "{s:b,s:s,s:O,s:O,s:O,s:s,s:I,s:{s:I,s:I,s:I,s:I,s:I},s:s,s:s,s:O,s:O}", "reconciled", good,
        "bank", j->bank, "height", json_object_get(head, "height"), "date",
        json_object_get(head, "date"), "state_root", json_object_get(head, "state_root"),
        "encoding", encodings[j->csv->encoding], "rows", (json_int_t)(j->csv->rows - 1), "counts",
        "matched", (json_int_t)j->counts[MATCHED], "different", (json_int_t)j->counts[DIFFERENT],
        "missing_here", (json_int_t)j->counts[MISSING_HERE], "missing_there",
        (json_int_t)j->counts[MISSING_THERE], "damaged", (json_int_t)j->counts[DAMAGED],
        "file_principal_fen", file, "ledger_principal_fen", ledger, "not_compared", j->ignored,
        "items", j->lines);
    if (c->json) {
        cli_json(o);
    } else {
        json_t *rows = json_array(), *one;
        size_t i;
        json_array_foreach(j->lines, i, one)
        {
            if (strcmp(json_text(one, "status"), "matched") != 0) {
                json_array_append(rows, one);
            }
        }
        struct column columns[] = {{NULL, "结果", "RESULT", 't'},
                                   {"row", "行", "ROW", 'r'},
                                   {"client_ref", "业务编号", "REFERENCE", 't'},
                                   {"column", "列", "COLUMN", 't'},
                                   {"file", "行方", "BANK'S", 't'},
                                   {"ledger", "账本", "LEDGER", 't'},
                                   {"difference", "差额", "DIFFERENCE", 't'},
                                   {"code", "代码", "CODE", 't'},
                                   {NULL, "原因", "REASON", 't'},
                                   {0}};
        columns[0].key = TR(c, "status_zh", "status");
        columns[8].key = TR(c, "reason_zh", "reason_en");
        if (json_array_size(rows)) {
            cli_table(c, rows, columns);
        }
        json_decref(rows);
    }
    cli_say(c,
            TR(c,
               "%s 高度 %llu：%zu 行（%s）：相符 %zu，不符 %zu，账本没有 %zu，行方没有 "
               "%zu，无法读取 %zu",
               "%s at height %llu: %zu rows (%s): %zu matched, %zu different, %zu missing here, "
               "%zu missing there, %zu damaged"),
            j->bank, (unsigned long long)json_integer_value(json_object_get(head, "height")),
            j->csv->rows - 1, encodings[j->csv->encoding], j->counts[MATCHED], j->counts[DIFFERENT],
            j->counts[MISSING_HERE], j->counts[MISSING_THERE], j->counts[DAMAGED]);
    for (size_t i = 0; i < json_array_size(j->ignored); i++) {
        cli_say(c, TR(c, "未比较的列：%s", "not compared: column %s"),
                json_string_value(json_array_get(j->ignored, i)));
    }
    json_decref(o);
    int rc = cli_opt(c, "out") ? write_result(j, cli_opt(c, "out")) : 0;
    return rc || good ? rc
                      : cli_fail(c, ZYD_ERR_RECONCILE, "%s",
                                 cli_opt(c, "out") ? cli_opt(c, "out") : c->pos[0]);
}

/* ---- command ---- */

static int read_file(struct job *j)
{
    struct zyd_err err = {0};
    size_t size = 0;
    char *text = cli_read(j->c, j->c->pos[0], &size, ZYD_CSV_SIZE_MAX);
    if (!text) {
        return ZYD_EXIT_FILE;
    }
    enum zyd_status s = zyd_csv_parse(&j->csv, &err, zyd_span(text, size));
    free(text);
    return s == ZYD_OK ? find_columns(j) : cli_fail_err(j->c, &err);
}

/* The bank's contracts and the head of one and the same height. */
static int read_ledger(struct job *j, json_t **head)
{
    char path[96];
    int rc = 0;
    snprintf(path, sizeof path, "/v1/contracts?contract=guarantee&party=%s", j->bank);
    for (int i = 0; rc == 0 && i < 6; i++) {
        json_t *all, *o, *after;
        size_t at;
        *head = http_get(j->c, &j->k.http, &rc, "/v1/blocks/latest");
        all = rc ? NULL : list_all(&j->k, &rc, path);
        after = rc ? NULL : http_get(j->c, &j->k.http, &rc, "/v1/blocks/latest");
        bool still =
            after && json_equal(json_object_get(*head, "hash"), json_object_get(after, "hash"));
        json_array_foreach(still ? all : NULL, at, o)
        {
            if (strcmp(json_text(o, "bank"), j->bank) == 0 &&
                strcmp(json_text(o, "kind"), "contract") == 0) {
                json_array_append(j->contracts, o);
            }
        }
        json_decref(after);
        json_decref(all);
        if (rc == 0 && still) {
            return 0;
        }
        json_decref(*head);
        *head = NULL;
    }
    return rc ? rc : cli_fail(j->c, ZYD_ERR_LEDGER_MOVED, "%s", j->bank);
}

static int run_reconcile(struct cli *c)
{
    struct job j = {
        .c = c, .contracts = json_array(), .lines = json_array(), .ignored = json_array()};
    json_t *head = NULL;
    bool opened = false;
    int rc = c->as ? 0 : cli_fail(c, ZYD_ERR_USAGE, "--as CODE");
    rc = rc ? rc : read_file(&j);
    if (rc == 0) {
        snprintf(j.bank, sizeof j.bank, "%.*s", (int)strcspn(c->as, ","), c->as);
        rc = client_open(&j.k, c, CLIENT_NODE | CLIENT_GENESIS);
        opened = rc == 0;
    }
    if (rc == 0 && client_member(&j.k, j.bank) < 0) {
        rc = cli_fail(c, ZYD_ERR_USAGE, "--as %s", j.bank);
    }
    rc = rc ? rc : read_ledger(&j, &head);
    if (rc == 0) {
        j.listed = calloc(json_array_size(j.contracts) + 1, sizeof *j.listed);
        zyd_assert(j.listed);
        for (size_t row = 1; row < j.csv->rows; row++) {
            j.counts[check_row(&j, row)]++;
        }
        check_absent(&j);
        rc = tell(&j, head);
    }
    free(j.listed);
    json_decref(head);
    json_decref(j.contracts);
    json_decref(j.lines);
    json_decref(j.ignored);
    zyd_csv_free(j.csv);
    if (opened) {
        client_close(&j.k);
    }
    return rc;
}

static const struct option reconcile_options[] = {
    {"out", 0, "FILE", "结果 CSV", "result as CSV"},
    {"all", 0, NULL, "已结清的业务也须在清单中", "settled contracts must be listed, too"},
    {0}};
const struct command reconcile_commands[] = {
    {"reconcile", "", "online", "FILE.csv --as BANK [--out RESULT.csv] [--all]",
     "行方清单与账本对账", "a bank's own list against the ledger",
     "zyd reconcile loans-2026q3.csv --as BANK --out result.csv", reconcile_options, 1, 1,
     run_reconcile},
    {0}};
