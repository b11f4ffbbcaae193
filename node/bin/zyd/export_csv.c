/* zyd export csv: the ledger at one height as CSV files that join, and manifest.json.
 *
 *   the node's lists --page by page--> rows --filters--> DIR/<sheet>.csv --SHA-256-->
 * DIR/manifest.json (written last)
 *
 * All files speak of one height: the node's height is asked before and after, and everything is
 * read again when it moved. What was read is checked against that height's header: debits and
 * credits of the accounts, the sum of the postings with the openings of genesis, and the
 * obligations that are open.  Postings carry the log index of their entry, accounts and obligations
 * that of the newest posting that names them, objects that of the newest operation that took effect
 * on them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sodium.h>
#include <sys/stat.h>
#include <time.h>

#include <zyd/cycle.h>
#include <zyd/state.h>

#include "csv_sheets.h"
#include "export.h"
#include "ops.h"

#define TRIES 6

struct sheet {
    FILE *f;
    uint64_t rows;
};
struct job {
    struct cli *c;
    struct client k;
    const char *dir, *programme, *member;
    uint64_t from, to;
    json_t *head; /* of the height, as /v1/blocks tells it */
    uint64_t height;
    json_t *account_log,
        *owed_log; /* text of an account, id of an obligation: log index of the newest posting */
    zyd_u128 debits, credits, posted, open;
    struct sheet sheets[SHEETS];
};

/* The filters: a row without programme or member at all is about none of them. */
static bool wanted(const struct job *j, const json_t *row)
{
    static const char *const members[] = {"member", "bank", "debtor", "creditor", "party"};
    bool named = j->member == NULL;
    for (size_t i = 0; !named && i < ZYD_COUNT(members); i++) {
        named = strcmp(json_text(row, members[i]), j->member) == 0;
    }
    return named && (!j->programme || strcmp(json_text(row, "programme"), j->programme) == 0);
}

/* fields: of the record, or NULL. */
static void write_row(struct job *j, int sheet, const json_t *row, const json_t *fields)
{
    if (wanted(j, row) || (fields && wanted(j, fields))) {
        sheet_row(j->sheets[sheet].f, &sheet_types[sheet], row, fields);
        j->sheets[sheet].rows++;
    }
}

/* ---- the lists ---- */

static zyd_u128 fen_of(const json_t *row, const char *key)
{
    zyd_u128 v = 0;
    for (const char *p = json_text(row, key); *p >= '0' && *p <= '9'; p++) {
        v = v * 10 + (unsigned)(*p - '0');
    }
    return v;
}

/* Calls each with every item; all pages.  moved: a page was of another height. */
static int each_item(struct job *j, const char *path, bool *moved,
                     int (*each)(struct job *j, json_t *item))
{
    char after[160] = "";
    int rc = 0;
    while (rc == 0) {
        json_t *page = http_get(j->c, &j->k.http, &rc, "%s%climit=500%s", path,
                                strchr(path, '?') ? '&' : '?', after),
               *item;
        size_t i;
        *moved = *moved || (page && (uint64_t)json_integer_value(json_object_get(page, "height")) !=
                                        j->height);
        json_array_foreach(json_object_get(page, "items"), i, item)
        {
            rc = rc ? rc : each(j, item);
        }
        const char *next = json_string_value(json_object_get(page, "next"));
        char safe[140] = "";
        url_escape(safe, sizeof safe, next ? next : "");
        snprintf(after, sizeof after, "&after=%s", safe);
        json_decref(page);
        if (!next || *moved || cli_interrupted) {
            break;
        }
    }
    return rc ? rc : cli_interrupted ? ZYD_EXIT_INTERRUPTED : 0;
}

static void account_name(char out[128], const json_t *row, const char *code)
{
    snprintf(out, 128, "%.20s %.20s %.60s", json_text(row, "member"), json_text(row, "programme"),
             json_text(row, code));
}

static int on_posting(struct job *j, json_t *p)
{
    char name[128];
    uint64_t height = (uint64_t)json_integer_value(json_object_get(p, "height"));
    json_t *log = json_object_get(p, "log_index");
    j->posted += fen_of(p, "amount_fen");
    account_name(name, p, "dr");
    json_object_set(j->account_log, name, log);
    account_name(name, p, "cr");
    json_object_set(j->account_log, name, log);
    if (json_is_string(json_object_get(p, "obligation"))) {
        json_object_set(j->owed_log, json_text(p, "obligation"), log);
    }
    if (height >= j->from && height <= j->to) {
        write_row(j, POSTINGS, p, NULL);
    }
    return 0;
}

static int on_account(struct job *j, json_t *a)
{
    char name[128];
    account_name(name, a, "account");
    json_t *log = json_object_get(
        j->account_log, name); /* none: only an opening of genesis, which has no log entry */
    json_object_set(a, "log_index", log ? log : json_null());
    j->debits += fen_of(a, "debits_fen");
    j->credits += fen_of(a, "credits_fen");
    write_row(j, ACCOUNTS, a, NULL);
    return 0;
}

static int on_obligation(struct job *j, json_t *o)
{
    const char *state = json_text(o, "state");
    json_t *log = json_object_get(j->owed_log, json_text(o, "id"));
    json_object_set(o, "log_index", log ? log : json_null());
    if (strcmp(state, "SETTLED") != 0 && strcmp(state, "REVERSED") != 0) {
        j->open += fen_of(o, "amount_fen");
    }
    write_row(j, OBLIGATIONS, o, NULL);
    return 0;
}

/* ---- objects ---- */

/* A guarantee's drawdowns and claim stand on its own page only. */
static int guarantee_parts(struct job *j, const json_t *summary)
{
    static const char *const heads[] = {"client_ref", "programme", "bank", "log_index"};
    int rc = 0;
    size_t i;
    json_t *part,
        *o = http_get(j->c, &j->k.http, &rc, "/v1/contracts/%.64s", json_text(summary, "id"));
    const json_t *claim = json_object_get(o, "claim");
    json_t *row = json_pack("{s:O}", "contract_id", json_object_get(summary, "id"));
    for (i = 0; i < ZYD_COUNT(heads); i++) {
        json_object_set(row, heads[i], json_object_get(summary, heads[i]));
    }
    json_array_foreach(json_object_get(o, "drawdowns"), i, part)
    {
        json_object_update(part, row);
        write_row(j, LOANS, part, NULL);
    }
    json_array_foreach(json_object_get(claim, "parties"), i, part)
    {
        json_object_set(part, "party", json_object_get(part, "member"));
        json_object_del(part, "member");
        json_object_update(part, row);
        json_object_update(part, (json_t *)(uintptr_t)claim);
        write_row(j, CLAIMS, part, NULL);
    }
    json_decref(row);
    json_decref(o);
    return rc;
}

/* Value of a contract's record; 0: there is none. */
static int record_value(struct job *j, uint8_t *value, size_t cap, size_t *size, uint16_t owner,
                        const void *name, size_t n)
{
    struct zyd_hash key;
    char hex[65];
    static uint8_t leaf[ZYD_RECORD_VALUE_MAX + 256];
    struct zyd_record record;
    size_t got = 0;
    int rc = 0;
    *size = 0;
    zyd_record_key(&key, owner, zyd_span(name, n));
    cli_hex(hex, key.b);
    json_t *o = http_get(j->c, &j->k.http, &rc, "/v1/records/%s/proof", hex);
    const char *text = json_text(o, "leaf");
    if (json_is_true(json_object_get(o, "present")) &&
        sodium_base642bin(leaf, sizeof leaf, text, strlen(text), NULL, &got, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0 &&
        zyd_leaf_decode(&record, zyd_span(leaf, got)) == ZYD_OK && record.value.size <= cap) {
        memcpy(value, record.value.data, record.value.size);
        *size = record.value.size;
    }
    json_decref(o);
    return rc;
}

static void put_fen(json_t *row, const char *key, int64_t fen)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)fen);
    json_object_set_new(row, key, json_string(text));
}

/* The payments of all rounds; a posting PAID names one. */
static int cycle_payments(struct job *j, const json_t *object, uint16_t owner,
                          const struct zyd_cycle *cycle, const uint8_t id[32])
{
    static const char *const states[] = {"", "OPEN", "MATCHED", "VOID"};
    struct zyd_cycle_instruction x;
    uint8_t name[37] = {'N'};
    int rc = 0;
    memcpy(name + 1, id, 32);
    for (uint32_t n = 1; rc == 0 && n <= cycle->instr_count; n++) {
        size_t size;
        char debtor[ZYD_CODE_MAX + 1], creditor[ZYD_CODE_MAX + 1], hex[65];
        zyd_put32(name + 33, n);
        rc = record_value(j, (uint8_t *)&x, sizeof x, &size, owner, name, sizeof name);
        if (rc || size != sizeof x) {
            return rc ? rc
                      : cli_fail(j->c, ZYD_ERR_MALFORMED, "%.64s: %u", json_text(object, "id"),
                                 (unsigned)n);
        }
        x.end_to_end[sizeof x.end_to_end - 1] = 0;
        client_code(&j->k, x.payer, debtor);
        client_code(&j->k, x.payee, creditor);
        cli_hex(hex, x.id);
        json_t *row =
            json_pack("{s:O,s:s,s:O,s:I,s:O,s:s,s:s,s:s,s:s,s:b,s:b}", "log_index",
                      json_object_get(object, "log_index"), "id", hex, "cycle_id",
                      json_object_get(object, "id"), "number", (json_int_t)n, "programme",
                      json_object_get(object, "programme"), "end_to_end", x.end_to_end, "debtor",
                      debtor, "creditor", creditor, "state", x.state < 4 ? states[x.state] : "",
                      "debit_notice", x.notices & 1, "credit_notice", x.notices >> 1 & 1);
        put_fen(row, "amount_fen", x.amount);
        write_row(j, CYCLE_PAYMENTS, row, NULL);
        json_decref(row);
    }
    return rc;
}

static int cycle_parts(struct job *j, const json_t *object, uint16_t owner, struct zyd_span value)
{
    static struct zyd_cycle_member rows[ZYD_CYCLE_MEMBERS_MAX];
    struct zyd_cycle cycle;
    uint8_t name[33] = {'M'};
    size_t size;
    memcpy(&cycle, value.data, sizeof cycle);
    if (!cli_unhex(name + 1, json_text(object, "id"))) {
        return 0;
    }
    int rc = record_value(j, (uint8_t *)rows, sizeof rows, &size, owner, name, sizeof name);
    for (uint16_t m = 0; rc == 0 && m < size / sizeof rows[0] && m < j->k.g->member_count; m++) {
        const struct zyd_cycle_member *x = &rows[m];
        char code[ZYD_CODE_MAX + 1];
        if (!x->in && !x->out && !x->gross_in && !x->gross_out && !x->paid && !x->received) {
            continue;
        }
        client_code(&j->k, m, code);
        json_t *row = json_pack("{s:O,s:O,s:I,s:O,s:O,s:s}", "log_index",
                                json_object_get(object, "log_index"), "cycle_id",
                                json_object_get(object, "id"), "number", (json_int_t)cycle.number,
                                "programme", json_object_get(object, "programme"), "state",
                                json_object_get(object, "state"), "member", code);
        put_fen(row, "in_fen", x->in);
        put_fen(row, "out_fen", x->out);
        put_fen(row, "paid_fen", x->paid);
        put_fen(row, "received_fen", x->received);
        put_fen(row, "gross_in_fen", x->gross_in);
        put_fen(row, "gross_out_fen", x->gross_out);
        write_row(j, CYCLE_MEMBERS, row, NULL);
        json_decref(row);
    }
    return rc ? rc : cycle_payments(j, object, owner, &cycle, name + 1);
}

static void set_field(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

static int record_parts(struct job *j, const json_t *o, const struct zyd_product *product)
{
    static uint8_t value[ZYD_RECORD_VALUE_MAX];
    size_t size = 0;
    const struct zyd_members members = zyd_genesis_members(j->k.g);
    const char *hex = json_text(o, "value");
    if (sodium_hex2bin(value, sizeof value, hex, strlen(hex), NULL, &size, NULL) != 0 || size < 2) {
        return 0;
    }
    for (int s = POOLS; s < SHEETS; s++) {
        const struct sheet_type *t = &sheet_types[s];
        if (t->product != product || value[0] != t->kind || size < t->size) {
            continue;
        }
        struct zyd_product as = *product;
        as.shown_count = sheet_shown(t, &as.shown);
        json_t *fields = json_object();
        zyd_object_tell(&as, set_field, fields, zyd_span(value, size), &members);
        write_row(j, s, o, fields);
        json_decref(fields);
        if (s == CYCLES) {
            uint16_t owner = 0;
            for (uint16_t i = 0; i < j->k.g->plugin_count; i++) {
                owner = zyd_product_of(j->k.g->plugins[i].name) == product
                            ? j->k.g->plugins[i].contract
                            : owner;
            }
            return cycle_parts(j, o, owner, zyd_span(value, size));
        }
    }
    return 0;
}

static int on_object(struct job *j, json_t *o)
{
    const struct zyd_product *product = zyd_product_by_name(json_text(o, "contract"));
    if (json_integer_value(json_object_get(o, "seq")) == 0) {
        return 0; /* only refused operations named it */
    }
    write_row(j, OBJECTS, o, NULL);
    if (product == &zyd_product_guarantee && strcmp(json_text(o, "kind"), "contract") == 0) {
        write_row(j, GUARANTEES, o, NULL);
        return wanted(j, o) && json_fen(o, "drawn_fen") > 0 ? guarantee_parts(j, o) : 0;
    }
    return product ? record_parts(j, o, product) : 0;
}

/* ---- one height ---- */

static int read_head(struct job *j)
{
    int rc = 0;
    json_decref(j->head);
    j->head = http_get(j->c, &j->k.http, &rc, "/v1/blocks/latest");
    j->height = (uint64_t)json_integer_value(json_object_get(j->head, "height"));
    return rc;
}

static int sheets_open(struct job *j)
{
    for (int s = 0; s < SHEETS; s++) {
        char path[CLI_PATH_MAX];
        j->sheets[s].rows = 0;
        if (j->sheets[s].f) {
            fclose(j->sheets[s].f);
        }
        cli_path(path, "%s/%s.csv", j->dir, sheet_types[s].name);
        j->sheets[s].f = fopen(path, "wb");
        if (!j->sheets[s].f) {
            return cli_fail(j->c, ZYD_ERR_FILE_WRITE, "%s: %s", path, strerror(errno));
        }
        sheet_header(j->sheets[s].f, &sheet_types[s]);
    }
    return 0;
}

static int read_all(struct job *j, bool *moved)
{
    *moved = false;
    j->debits = j->credits = j->posted = j->open = 0;
    json_object_clear(j->account_log);
    json_object_clear(j->owed_log);
    int rc = sheets_open(j);
    rc = rc ? rc : each_item(j, "/v1/postings", moved, on_posting);
    rc = rc || *moved ? rc : each_item(j, "/v1/balances", moved, on_account);
    rc = rc || *moved ? rc : each_item(j, "/v1/obligations", moved, on_obligation);
    rc = rc || *moved ? rc : each_item(j, "/v1/contracts", moved, on_object);
    uint64_t before = j->height;
    json_t *head = json_incref(j->head);
    rc = rc ? rc : read_head(j); /* single objects were read, too: still the same height? */
    *moved = *moved || j->height != before;
    if (!*moved) {
        json_decref(j->head);
        j->head = json_incref(head);
    }
    json_decref(head);
    return rc;
}

/* What the header commits to and the files must add up to. */
static int check_sums(struct job *j)
{
    for (uint16_t i = 0; i < j->k.g->opening_count; i++) {
        j->posted += (uint64_t)j->k.g->openings[i].amount.fen;
    }
    const struct {
        const char *what;
        zyd_u128 have, want;
    } sums[] = {{"accounts: debits", j->debits, fen_of(j->head, "debits_fen")},
                {"accounts: credits", j->credits, fen_of(j->head, "credits_fen")},
                {"postings and openings", j->posted, fen_of(j->head, "debits_fen")},
                {"obligations that are open", j->open, fen_of(j->head, "open_obligations_fen")}};
    for (size_t i = 0; i < ZYD_COUNT(sums); i++) {
        if (sums[i].have != sums[i].want) {
            return cli_fail(j->c, ZYD_ERR_VERIFY_FAILED, "%s: %llu, %s %llu: %llu", sums[i].what,
                            (unsigned long long)sums[i].have, TR(j->c, "高度", "header of height"),
                            (unsigned long long)j->height, (unsigned long long)sums[i].want);
        }
    }
    return 0;
}

/* ---- manifest ---- */

static int close_sheets(struct job *j, json_t *files)
{
    int rc = 0;
    for (int s = 0; s < SHEETS; s++) {
        char path[CLI_PATH_MAX], name[64], hex[65];
        struct zyd_hash hash;
        size_t size = 0;
        snprintf(name, sizeof name, "%s.csv", sheet_types[s].name);
        cli_path(path, "%s/%s", j->dir, name);
        bool bad =
            j->sheets[s].f == NULL || fflush(j->sheets[s].f) != 0 || ferror(j->sheets[s].f) != 0;
        bad = (j->sheets[s].f != NULL && fclose(j->sheets[s].f) != 0) || bad;
        j->sheets[s].f = NULL;
        if (rc || !files) {
            continue;
        }
        if (bad) {
            rc = cli_fail(j->c, ZYD_ERR_FILE_WRITE, "%s", path);
            continue;
        }
        char *text = cli_read(j->c, path, &size, (size_t)1 << 40);
        if (!text) {
            rc = ZYD_EXIT_FILE;
            continue;
        }
        zyd_sha256(&hash, text, size);
        free(text);
        cli_hex(hex, hash.b);
        json_array_append_new(
            files, json_pack("{s:s,s:s,s:I,s:I,s:s,s:o}", "name", name, "zh", sheet_types[s].zh,
                             "rows", (json_int_t)j->sheets[s].rows, "bytes", (json_int_t)size,
                             "sha256", hex, "columns", sheet_columns(&sheet_types[s])));
    }
    return rc;
}

static json_t *manifest_json(const struct job *j, json_t *files)
{
    static const char *const of_head[] = {"height",
                                          "hash",
                                          "time",
                                          "date",
                                          "log_size",
                                          "log_root",
                                          "state_size",
                                          "state_root",
                                          "debits_fen",
                                          "credits_fen",
                                          "open_obligations_fen"};
    char hex[65];
    json_t *header = json_object();
    for (size_t i = 0; i < ZYD_COUNT(of_head); i++) {
        json_object_set(header, of_head[i], json_object_get(j->head, of_head[i]));
    }
    cli_hex(hex, j->k.g->hash.b);
    return json_pack("{s:s,s:s,s:s,s:o,s:{s:s?,s:s?,s:I,s:I},s:s,s:O}", "format", "zyd-csv-1",
                     "tool", "zyd " CLI_VERSION, "genesis_hash", hex, "header", header, "filters",
                     "programme", j->programme, "member", j->member, "postings_from",
                     (json_int_t)j->from, "postings_to",
                     (json_int_t)(j->to < j->height ? j->to : j->height), "guard",
                     "text that begins with = + - @ has an apostrophe before it", "files", files);
}

static int write_manifest(struct job *j)
{
    char path[CLI_PATH_MAX];
    json_t *files = json_array();
    int rc = close_sheets(j, files);
    json_t *manifest = manifest_json(j, files);
    char *text = json_dumps(manifest, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    cli_path(path, "%s/manifest.json", j->dir);
    rc = rc      ? rc
         : !text ? cli_fail(j->c, ZYD_ERR_BUG, "manifest")
                 : cli_write(j->c, path, text, strlen(text), 0644, false);
    if (rc == 0) {
        static const struct column columns[] = {{"name", "文件", "FILE", 't'},
                                                {"rows", "行数", "ROWS", 'r'},
                                                {"sha256", "SHA-256", "SHA-256", 'h'},
                                                {0}};
        if (j->c->json) {
            cli_json(manifest);
        } else {
            cli_table(j->c, files, columns);
        }
        cli_say(j->c, TR(j->c, "高度 %llu，状态根 %s", "height %llu, state root %s"),
                (unsigned long long)j->height, json_text(j->head, "state_root"));
    }
    free(text);
    json_decref(manifest);
    json_decref(files);
    return rc;
}

static bool height_opt(struct cli *c, const char *name, uint64_t fallback, uint64_t *out)
{
    long v = -1;
    if (!cli_number(c, name, -1, 0, INT64_MAX - 1, &v)) {
        return false;
    }
    *out = v < 0 ? fallback : (uint64_t)v;
    return true;
}

int export_csv(struct cli *c)
{
    struct job *j = calloc(1, sizeof *j);
    bool moved = true;
    zyd_assert(j);
    *j = (struct job){.c = c,
                      .dir = cli_opt(c, "out"),
                      .programme = cli_opt(c, "programme"),
                      .member = cli_opt(c, "member")};
    int rc = !j->dir ? cli_fail(c, ZYD_ERR_USAGE, "--out DIR") : 0;
    rc = rc || (height_opt(c, "from", 1, &j->from) && height_opt(c, "to", INT64_MAX, &j->to))
             ? rc
             : ZYD_EXIT_USAGE;
    bool opened = rc == 0 && (rc = client_open(&j->k, c, CLIENT_NODE | CLIENT_GENESIS)) == 0;
    if (opened && ((j->member && client_member(&j->k, j->member) < 0) ||
                   (j->programme && !client_programme(&j->k, j->programme)))) {
        rc = cli_fail(c, ZYD_ERR_NOT_FOUND, "%s %s", j->member ? j->member : "",
                      j->programme ? j->programme : "");
    }
    if (opened && rc == 0 && mkdir(j->dir, 0755) != 0) {
        rc = cli_fail(c, errno == EEXIST ? ZYD_ERR_FILE_EXISTS : ZYD_ERR_FILE_WRITE, "%s: %s",
                      j->dir, strerror(errno));
    }
    j->account_log = json_object();
    j->owed_log = json_object();
    rc = rc ? rc : read_head(j);
    for (int i = 0; rc == 0 && moved && i < TRIES; i++) {
        rc = read_all(j, &moved);
    }
    if (rc == 0 && moved) {
        rc = cli_fail(c, ZYD_ERR_LEDGER_MOVED, "%d x, %llu", TRIES, (unsigned long long)j->height);
    }
    rc = rc ? rc : check_sums(j);
    rc = rc ? rc : write_manifest(j);
    (void)close_sheets(j, NULL);
    json_decref(j->account_log);
    json_decref(j->owed_log);
    json_decref(j->head);
    if (opened) {
        client_close(&j->k);
    }
    free(j);
    return rc;
}
