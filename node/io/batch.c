/* Cells -> operations: header names, row checks, what spreadsheets do to files. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <zyd/batch.h>
#include <zyd/catalogue.h>
#include <zyd/codec.h>

#include "batch_cells.h"

/* Columns that are not arguments of the event.  OWN: the reference of what the row makes, else of what it is about. */
enum special {
    COL_REF = -1,
    COL_PROGRAMME = -2,
    COL_CONTRACT = -3,
    COL_SEQ = -4,
    COL_INFO = -5,
    COL_UNKNOWN = -6,
    COL_OWN = -7
};
static const struct {
    const char *name;
    int column;
} specials[] = {{"client_ref", COL_REF},  {"业务编号", COL_REF},      {"programme", COL_PROGRAMME},
                {"项目", COL_PROGRAMME},  {"contract", COL_CONTRACT}, {"合同编号", COL_CONTRACT},
                {"凭证编号", COL_OWN},    {"补贴编号", COL_OWN},      {"备案编号", COL_OWN},
                {"seq", COL_SEQ},         {"序号", COL_SEQ},          {"name", COL_INFO},
                {"借款人名称", COL_INFO}, {"note", COL_INFO},         {"备注", COL_INFO}};
/* Names that offices use for arguments. */
static const char *const aliases[][2] = {
    {"统一社会信用代码", "borrower"}, {"uscc", "borrower"},  {"借款人代码", "borrower"}, {"担保金额", "amount"},
    {"贷款金额", "amount"},           {"金额", "amount"},    {"贷款用途", "purpose"},    {"用途", "purpose"},
    {"期限（天）", "term_days"},      {"期限", "term_days"}, {"贷款期限", "term_days"},  {"县区代码", "county"},
    {"征信授权书", "consent"},        {"利率", "rate_ppm"},    {"借据编号", "drawdown"},   {"放款金额", "amount"},
    {"放款日期", "value_date"},       {"到期日期", "maturity"}, {"还款日期", "value_date"}, {"还款金额", "amount"},
    {"逾期日期", "overdue_date"},     {"逾期本金", "principal"}, {"逾期利息", "interest"}, {"代偿本金", "principal"},
    {"代偿利息", "interest"},         {"证据材料", "evidence"}, {"回款金额", "gross"},     {"追偿费用", "cost"},
    {"流水号", "bank_ref"},           {"银行流水", "bank_ref"}, {"借贷方向", "side"},        {"端到端号", "end_to_end"},
    {"入账日期", "value_date"},       {"交易日期", "value_date"}, {"借款金额", "amount"},    {"贷款本金", "amount"},
    {"户指纹", "household"}, {"借据指纹", "loan"},        {"用途指纹", "purpose"},
    {"金额", "face"},                 {"凭证金额", "face"},    {"供应商名称", "supplier"},  {"付款日期", "due"},
    {"发票清单", "invoices"},         {"贷款金额", "principal"}, {"放款日期", "drawn_on"},  {"贷款合同", "loan"},
    {"利息", "interest"},             {"对账单散列", "statement"}};

struct planning {
    struct zyd_batch *b;
    const struct zyd_genesis *genesis;
    size_t issue_cap;
    int map[ZYD_CSV_COLUMNS_MAX]; /* argument index, or enum special */
    uint16_t programme;           /* default, or 0 */
    uint8_t *args;                /* arena of encoded arguments */
    size_t args_used, args_cap;
};

static void issue(struct planning *p, uint32_t row, int column, uint32_t code, const char *value, const char *zh,
                  const char *en)
{
    struct zyd_batch *b = p->b;
    if (b->issue_count == p->issue_cap) {
        size_t cap = p->issue_cap ? p->issue_cap * 2 : 64;
        struct zyd_batch_issue *more = realloc(b->issues, cap * sizeof *more);
        zyd_assert(more);
        b->issues = more;
        p->issue_cap = cap;
    }
    struct zyd_batch_issue *i = &b->issues[b->issue_count++];
    *i = (struct zyd_batch_issue){.row = row, .column = column, .code = code};
    size_t cut = strlen(value) < sizeof i->value ? strlen(value) : sizeof i->value - 1;
    while (cut && ((uint8_t)value[cut] & 0xc0) == 0x80) {
        cut--; /* never half a character */
    }
    memcpy(i->value, value, cut);
    const struct zyd_catalogue_entry *e = zyd_catalogue_get(code);
    snprintf(i->text[ZYD_LANG_ZH], sizeof i->text[0], "%.158s", zh ? zh : e->text[ZYD_LANG_ZH]);
    snprintf(i->text[ZYD_LANG_EN], sizeof i->text[0], "%.158s", en ? en : e->text[ZYD_LANG_EN]);
    b->rows[row - 2].good = false;
}

/* ---- header ---- */

static int argument_named(const struct zyd_event *event, const char *name)
{
    for (uint8_t i = 0; i < event->arg_count; i++) {
        if (strcmp(event->args[i].name, name) == 0 || strcmp(event->args[i].zh, name) == 0) {
            return i;
        }
    }
    return COL_UNKNOWN;
}

static int column_named(const struct zyd_event *event, const char *name)
{
    int at = argument_named(event, name);
    for (size_t i = 0; at == COL_UNKNOWN && i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcmp(aliases[i][0], name) == 0) {
            at = argument_named(event, aliases[i][1]);
        }
    }
    for (size_t i = 0; at == COL_UNKNOWN && i < sizeof specials / sizeof specials[0]; i++) {
        if (strcmp(specials[i].name, name) == 0) {
            at = specials[i].column;
        }
    }
    return at != COL_OWN ? at : event->makes ? COL_REF : COL_CONTRACT;
}

/* Characters of b that are not in a: enough to find the column that was meant. */
static size_t strangeness(const char *a, const char *b)
{
    size_t n = 0;
    for (const char *p = b; *p; p++) {
        n += strchr(a, *p) == NULL;
    }
    for (const char *p = a; *p; p++) {
        n += strchr(b, *p) == NULL;
    }
    return n;
}

static const char *nearest_column(const struct zyd_event *event, const char *name)
{
    const char *best = "client_ref";
    size_t least = strangeness(best, name);
#define TRY(text)                                                                                                              \
    do {                                                                                                                       \
        size_t n = strangeness((text), name);                                                                                  \
        if (n < least) {                                                                                                       \
            least = n;                                                                                                         \
            best = (text);                                                                                                     \
        }                                                                                                                      \
    } while (0)
    for (uint8_t i = 0; i < event->arg_count; i++) {
        TRY(event->args[i].name);
        TRY(event->args[i].zh);
    }
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        TRY(specials[i].name);
    }
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (argument_named(event, aliases[i][1]) != COL_UNKNOWN) {
            TRY(aliases[i][0]);
        }
    }
#undef TRY
    return best;
}

static enum zyd_status read_header(struct planning *p, struct zyd_err *err)
{
    const struct zyd_csv *csv = p->b->csv;
    const struct zyd_event *event = p->b->event;
    bool have_ref = false, have_contract = false, have[64] = {false};
    for (size_t k = 0; k < csv->columns; k++) {
        const char *name = zyd_csv_cell(csv, 0, k);
        int at = name[0] ? column_named(event, name) : COL_INFO;
        if (at == COL_UNKNOWN) {
            zyd_err_set(err, ZYD_ERR_CSV_COLUMN, "%.120s (?= %s)", name, nearest_column(event, name));
            return ZYD_E_INVALID;
        }
        if ((at >= 0 && have[at]) || (at == COL_REF && have_ref) || (at == COL_CONTRACT && have_contract)) {
            zyd_err_set(err, ZYD_ERR_CSV_COLUMN, "%.120s: x2", name);
            return ZYD_E_INVALID;
        }
        if (at >= 0) {
            have[at] = true;
        }
        have_ref |= at == COL_REF;
        have_contract |= at == COL_CONTRACT;
        p->map[k] = at;
    }
    if (event->makes ? !have_ref : !have_ref && !have_contract) {
        zyd_err_set(err, ZYD_ERR_CSV_NO_COLUMN, "%s", event->makes ? "client_ref / 业务编号" : "contract / 合同编号");
        return ZYD_E_INVALID;
    }
    for (uint8_t i = 0; i < event->arg_count; i++) {
        if (event->args[i].required && !have[i]) {
            zyd_err_set(err, ZYD_ERR_CSV_NO_COLUMN, "%s / %s", event->args[i].name, event->args[i].zh);
            return ZYD_E_INVALID;
        }
    }
    return ZYD_OK;
}

/* ---- cells ---- */

static bool report(struct planning *p, uint32_t row, int column, const char *value, const struct cell_fault *f)
{
    if (f->code) {
        issue(p, row, column, f->code, value, f->text[0][0] ? f->text[ZYD_LANG_ZH] : NULL,
              f->text[1][0] ? f->text[ZYD_LANG_EN] : NULL);
    }
    return f->code != 0;
}

static void check_amount(struct planning *p, uint32_t row, int column, const struct zyd_field *arg, const char *text)
{
    int64_t fen = 0;
    char low[32], high[32], zh[120], en[120];
    if (!zyd_yuan_parse(&fen, text)) {
        issue(p, row, column, ZYD_ERR_CSV_AMOUNT, text, NULL, NULL);
    } else if ((uint64_t)fen < arg->min || (uint64_t)fen > arg->max) {
        zyd_yuan_text(low, (int64_t)arg->min, true);
        zyd_yuan_text(high, (int64_t)arg->max, true);
        snprintf(zh, sizeof zh, "应在 %s 元至 %s 元之间", low, high);
        snprintf(en, sizeof en, "must be from %s to %s yuan", low, high);
        issue(p, row, column, ZYD_ERR_CSV_AMOUNT, text, zh, en);
    }
}

static void check_number(struct planning *p, uint32_t row, int column, const struct zyd_field *arg, const char *text)
{
    char zh[120], en[120];
    if (!cell_digits(text) || strlen(text) > 19 || strtoull(text, NULL, 10) < arg->min ||
               strtoull(text, NULL, 10) > arg->max) {
        snprintf(zh, sizeof zh, "应为 %llu 至 %llu 之间的整数", (unsigned long long)arg->min, (unsigned long long)arg->max);
        snprintf(en, sizeof en, "must be a whole number from %llu to %llu", (unsigned long long)arg->min,
                 (unsigned long long)arg->max);
        issue(p, row, column, ZYD_ERR_CSV_VALUE, text, zh, en);
    }
}

static int index_of(void *ctx, const char *code)
{
    /* without a genesis nobody can say: the check goes on, and nothing is sent */
    return ctx ? zyd_genesis_member_by_code(ctx, zyd_span(code, strlen(code))) : 0;
}
static bool code_of(void *ctx, char out[13], uint16_t member)
{
    (void)ctx;
    (void)member;
    out[0] = '\0';
    return false;
}

/* What the encoder says of this value alone, so that every bad cell of a row is named. */
static void check_encoded(struct planning *p, uint32_t row, int column, const struct zyd_field *arg, const char *text)
{
    uint8_t bytes[ZYD_OP_SIZE_MAX];
    char why[ZYD_WHY] = "", buffer[96];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    const struct zyd_members members = {(void *)(uintptr_t)p->genesis, index_of, code_of};
    const struct zyd_event one = {.arg_count = 1, .args = arg};
    const struct zyd_pair pair = {arg->name, cell_value(arg, text, p->genesis, buffer)};
    if (zyd_args_encode(&wr, why, &one, &pair, 1, &members) != ZYD_OK || wr.full) {
        issue(p, row, column, ZYD_ERR_CSV_VALUE, text, NULL, why);
    }
}

static void check_argument(struct planning *p, uint32_t row, int column, const struct zyd_field *arg, const char *text)
{
    int32_t date;
    struct cell_fault f;
    if (!text[0]) {
        if (arg->required) {
            issue(p, row, column, ZYD_ERR_CSV_EMPTY_CELL, text, NULL, NULL);
        }
        return;
    }
    f = cell_damage(arg, text);
    if (report(p, row, column, text, &f)) {
        return;
    }
    switch (arg->type) {
    case ZYD_FIELD_FEN:
        check_amount(p, row, column, arg, text);
        return;
    case ZYD_FIELD_DATE:
        if (!zyd_date_parse(&date, text)) {
            issue(p, row, column, ZYD_ERR_CSV_DATE, text, NULL, NULL);
        }
        return;
    case ZYD_FIELD_BORROWER:
        f = cell_borrower(text);
        (void)report(p, row, column, text, &f);
        return;
    case ZYD_FIELD_U64:
        check_number(p, row, column, arg, text);
        return;
    case ZYD_FIELD_STR:
        f = strcmp(arg->name, "account") == 0 ? cell_account(p->genesis, text) : (struct cell_fault){0};
        if (report(p, row, column, text, &f)) {
            return;
        }
        break;
    case ZYD_FIELD_PPM:
    case ZYD_FIELD_BOOL:
    case ZYD_FIELD_ID:
    case ZYD_FIELD_MEMBER:
    case ZYD_FIELD_MONTHS:
    case ZYD_FIELD_WORD:
    case ZYD_FIELD_LIST:
        break;
    }
    check_encoded(p, row, column, arg, text);
}

static int find_programme(const struct zyd_genesis *g, const char *code)
{
    for (uint16_t i = 0; g && i < g->programme_count; i++) {
        if (g->programmes[i].code.size == strlen(code) && memcmp(g->programmes[i].code.data, code, strlen(code)) == 0) {
            return g->programmes[i].id;
        }
    }
    return -1;
}

static void check_special(struct planning *p, struct zyd_batch_row *r, int column, int kind, const char *text)
{
    struct cell_fault f;
    if (kind == COL_PROGRAMME && text[0]) {
        int id = find_programme(p->genesis, text);
        if (id < 0 && p->genesis) {
            issue(p, r->row, column, ZYD_ERR_CSV_VALUE, text, "联盟中没有这个项目", "no such programme in the consortium");
        }
        r->programme = id < 0 ? 0 : (uint16_t)id;
    } else if (kind == COL_REF || (kind == COL_CONTRACT && strlen(text) != 64)) {
        if (kind == COL_CONTRACT && !text[0]) {
            return;
        }
        if (!text[0]) {
            issue(p, r->row, column, ZYD_ERR_CSV_EMPTY_CELL, text, NULL, NULL);
        } else if (cell_scientific(text)) {
            issue(p, r->row, column, ZYD_ERR_CSV_SCIENTIFIC, text, NULL, NULL);
        } else if (f = cell_full_width(text), report(p, r->row, column, text, &f)) {
            return;
        } else if (strlen(text) > ZYD_CLIENT_REF_MAX || !cell_printable(text)) {
            issue(p, r->row, column, ZYD_ERR_CSV_VALUE, text, "1 至 35 个可见英文字符", "1 to 35 printable ASCII characters");
        } else {
            memcpy(r->ref, text, strlen(text) + 1);
        }
    } else if (kind == COL_CONTRACT) {
        for (size_t i = 0; i < 32; i++) {
            unsigned v = 0;
            if (sscanf(text + 2 * i, "%2x", &v) != 1) {
                issue(p, r->row, column, ZYD_ERR_CSV_VALUE, text, "64 位十六进制编号或业务编号", "64 hex digits or a reference");
                return;
            }
            r->object.b[i] = (uint8_t)v;
        }
        r->has_object = true;
    } else if (kind == COL_SEQ && text[0]) {
        char *end = NULL;
        r->seq = strtoull(text, &end, 10);
        if (*end || !cell_digits(text)) {
            issue(p, r->row, column, ZYD_ERR_CSV_VALUE, text, NULL, NULL);
        }
    }
}

static void encode_row(struct planning *p, struct zyd_batch_row *r)
{
    const struct zyd_csv *csv = p->b->csv;
    const struct zyd_event *event = p->b->event;
    struct zyd_members members = {(void *)(uintptr_t)p->genesis, index_of, code_of};
    struct zyd_pair pairs[ZYD_CSV_COLUMNS_MAX];
    char why[ZYD_WHY] = "", buffers[ZYD_CSV_COLUMNS_MAX][96];
    size_t count = 0;
    for (size_t k = 0; k < csv->columns; k++) {
        const char *text = zyd_csv_cell(csv, r->row - 1, k);
        if (p->map[k] >= 0 && text[0]) {
            const struct zyd_field *arg = &event->args[p->map[k]];
            pairs[count] = (struct zyd_pair){arg->name, cell_value(arg, text, p->genesis, buffers[count])};
            count++;
        }
    }
    if (p->args_cap - p->args_used < ZYD_OP_SIZE_MAX) {
        issue(p, r->row, -1, ZYD_ERR_TOO_BIG, "", NULL, NULL);
        return;
    }
    struct zyd_wr wr = zyd_wr_of(p->args + p->args_used, ZYD_OP_SIZE_MAX);
    if (zyd_args_encode(&wr, why, event, pairs, count, &members) != ZYD_OK || wr.full) {
        int column = -1;
        for (size_t k = 0; k < csv->columns; k++) {
            if (p->map[k] >= 0) {
                const char *name = event->args[p->map[k]].name;
                size_t n = strlen(name);
                column = strncmp(why, name, n) == 0 && !(why[n] >= 'a' && why[n] <= 'z') && why[n] != '_' ? (int)k : column;
            }
        }
        issue(p, r->row, column, ZYD_ERR_CSV_VALUE, column < 0 ? "" : zyd_csv_cell(csv, r->row - 1, (size_t)column), NULL, why);
        return;
    }
    r->args = zyd_span(p->args + p->args_used, wr.size);
    p->args_used += wr.size;
}

/* ---- rows that stand twice: a hash table by reference, and of later events by contract and arguments ---- */

static uint32_t mix(uint32_t h, const void *data, size_t size)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < size; i++) {
        h = (h ^ p[i]) * 16777619u;
    }
    return h;
}

static uint32_t row_hash(const struct zyd_batch *b, const struct zyd_batch_row *r)
{
    uint32_t h = mix(2166136261u, r->ref, strlen(r->ref));
    if (!b->event->makes) {
        h = mix(mix(h, r->object.b, sizeof r->object.b), r->args.data, r->args.size);
    }
    return h ^ r->programme * 2654435761u;
}

static bool same_row(const struct zyd_batch *b, const struct zyd_batch_row *x, const struct zyd_batch_row *y)
{
    bool same = strcmp(x->ref, y->ref) == 0 && x->programme == y->programme;
    return same && (b->event->makes || (zyd_hash_eq(&x->object, &y->object) && x->args.size == y->args.size &&
                                        memcmp(x->args.data, y->args.data, x->args.size) == 0));
}

static void find_duplicates(struct planning *p)
{
    struct zyd_batch *b = p->b;
    size_t size = 16;
    int column = -1;
    for (size_t k = 0; k < b->csv->columns; k++) {
        column = p->map[k] == COL_REF || (p->map[k] == COL_CONTRACT && !b->event->makes) ? (int)k : column;
    }
    if (column < 0) {
        return;
    }
    while (size < b->row_count * 2) {
        size *= 2;
    }
    uint32_t *slots = calloc(size, sizeof *slots); /* row index + 1 */
    zyd_assert(slots);
    for (size_t i = 0; i < b->row_count; i++) {
        struct zyd_batch_row *r = &b->rows[i];
        uint32_t h = row_hash(b, r);
        if (b->event->makes ? !r->ref[0] : !r->args.size) { /* a row that has an error of its own */
            continue;
        }
        for (size_t at = h & (size - 1);; at = (at + 1) & (size - 1)) {
            if (!slots[at]) {
                slots[at] = (uint32_t)i + 1;
                break;
            }
            const struct zyd_batch_row *first = &b->rows[slots[at] - 1];
            if (same_row(b, first, r)) {
                char zh[80], en[80];
                snprintf(zh, sizeof zh, b->event->makes ? "文件第 %u 行已有该编号" : "与文件第 %u 行完全相同", first->row);
                snprintf(en, sizeof en, "already in this file at row %u", first->row);
                issue(p, r->row, column, ZYD_ERR_CSV_DUPLICATE, zyd_csv_cell(b->csv, r->row - 1, (size_t)column), zh, en);
                break;
            }
        }
    }
    free(slots);
}

static int by_row(const void *a, const void *b)
{
    const struct zyd_batch_issue *x = a, *y = b;
    return x->row != y->row ? (x->row < y->row ? -1 : 1) : (x->column > y->column) - (x->column < y->column);
}

enum zyd_status zyd_batch_plan(struct zyd_batch **out, struct zyd_err *err, const struct zyd_csv *csv,
                               const struct zyd_event *event, const struct zyd_genesis *genesis,
                               const char *programme)
{
    struct zyd_batch *b = calloc(1, sizeof *b);
    struct planning p = {.b = b, .genesis = genesis};
    enum zyd_status s = ZYD_OK;
    *out = NULL;
    zyd_assert(b && event->arg_count <= 64);
    b->event = event;
    b->csv = csv;
    b->row_count = csv->rows - 1;
    b->rows = calloc(b->row_count, sizeof *b->rows);
    for (size_t i = 0; i < csv->rows * csv->columns; i++) { /* an argument's bytes: at most its text, or a hash and its head */
        p.args_cap += strlen(csv->cells[i]) + 40;
    }
    p.args_cap += b->row_count * 8 + 2 * ZYD_OP_SIZE_MAX;
    p.args = malloc(p.args_cap);
    zyd_assert(b->rows && p.args);
    b->arena = p.args;
    if (genesis && programme) {
        int id = find_programme(genesis, programme);
        if (id < 0) {
            zyd_err_set(err, ZYD_ERR_CSV_VALUE, "--programme %.60s", programme);
            s = ZYD_E_INVALID;
        }
        p.programme = id < 0 ? 0 : (uint16_t)id;
    } else if (genesis && genesis->programme_count) {
        p.programme = genesis->programmes[0].id;
    }
    s = s != ZYD_OK ? s : read_header(&p, err);
    for (size_t i = 0; s == ZYD_OK && i < b->row_count; i++) {
        struct zyd_batch_row *r = &b->rows[i];
        r->row = (uint32_t)i + 2;
        r->good = true;
        r->programme = p.programme;
        for (size_t k = 0; k < csv->columns; k++) {
            const char *text = zyd_csv_cell(csv, i + 1, k);
            if (p.map[k] >= 0) {
                check_argument(&p, r->row, (int)k, &event->args[p.map[k]], text);
            } else {
                check_special(&p, r, (int)k, p.map[k], text);
            }
        }
        if (!event->makes && !r->has_object && !r->ref[0] && r->good) {
            issue(&p, r->row, -1, ZYD_ERR_CSV_EMPTY_CELL, "", NULL, NULL);
        }
        if (r->good) {
            encode_row(&p, r);
        }
    }
    if (s == ZYD_OK) {
        find_duplicates(&p);
        if (b->issue_count) {
            qsort(b->issues, b->issue_count, sizeof *b->issues, by_row);
        }
        for (size_t i = 0; i < b->row_count; i++) {
            b->good_count += b->rows[i].good;
        }
        *out = b;
        return ZYD_OK;
    }
    zyd_batch_free(b);
    return s;
}

void zyd_batch_free(struct zyd_batch *b)
{
    if (b) {
        free(b->arena);
        free(b->rows);
        free(b->issues);
        free(b);
    }
}

void zyd_batch_template(char *out, size_t cap, const struct zyd_event *event, int lang)
{
    size_t used = (size_t)snprintf(out, cap, "%s",
                                   event->makes ? (lang == ZYD_LANG_ZH ? "业务编号" : "client_ref")
                                                : (lang == ZYD_LANG_ZH ? "合同编号" : "contract"));
    used += (size_t)snprintf(out + used, cap - used, ",%s", lang == ZYD_LANG_ZH ? "项目" : "programme");
    for (uint8_t i = 0; i < event->arg_count && used + 100 < cap; i++) {
        used += (size_t)snprintf(out + used, cap - used, ",%s", lang == ZYD_LANG_ZH ? event->args[i].zh : event->args[i].name);
    }
    snprintf(out + used, cap - used, "\n");
}
