/* What happens to cells between a core system and a batch, told apart so that the message can say what to do. */
#include "batch_cells.h"

#include <stdarg.h>
#include <stdio.h>

#include <zyd/catalogue.h>
#include <zyd/codec.h>
#include <zyd/cycle_names.h>
#include <zyd/date.h>

static struct cell_fault fault(uint32_t code, const char *zh, const char *en, const char *value)
{
    struct cell_fault f = {.code = code};
    snprintf(f.text[ZYD_LANG_ZH], sizeof f.text[0], "%s%.90s", zh, value);
    snprintf(f.text[ZYD_LANG_EN], sizeof f.text[0], "%s%.90s", en, value);
    return f;
}

static struct cell_fault plain(uint32_t code)
{
    return (struct cell_fault){.code = code};
}

bool cell_scientific(const char *s)
{
    size_t n = strspn(s, "0123456789");
    if (!n) {
        return false;
    }
    s += n;
    if (*s == '.') {
        s += 1 + strspn(s + 1, "0123456789");
    }
    if (*s != 'e' && *s != 'E') {
        return false;
    }
    s += 1 + (s[1] == '+' || s[1] == '-');
    n = strspn(s, "0123456789");
    return n && !s[n];
}

bool cell_digits(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

bool cell_printable(const char *s)
{
    for (; *s; s++) {
        if (*s < 0x20 || *s > 0x7e) {
            return false;
        }
    }
    return true;
}

/* U+FF01 to U+FF5E are the printable ASCII characters made wide; U+3000 is a wide blank.  0: s begins with neither. */
static char narrow(const char *s)
{
    const uint8_t *u = (const uint8_t *)s;
    if (u[0] == 0xe3 && u[1] == 0x80 && u[2] == 0x80) {
        return ' ';
    }
    if (u[0] == 0xef && ((u[1] == 0xbc && u[2] >= 0x81) || (u[1] == 0xbd && u[2] >= 0x80 && u[2] <= 0x9e))) {
        return (char)((u[1] == 0xbc ? u[2] - 0x81 : u[2] - 0x80 + 0x3f) + 0x21);
    }
    return 0;
}

struct cell_fault cell_full_width(const char *text)
{
    char ascii[ZYD_CSV_CELL_MAX + 1];
    size_t n = 0;
    bool wide = false;
    for (const char *s = text; *s && n < ZYD_CSV_CELL_MAX;) {
        char c = narrow(s);
        if (!c && (uint8_t)*s >= 0x80) {
            return plain(0); /* other characters too: it is a text */
        }
        wide |= (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == ',' || c == '-';
        ascii[n++] = c ? c : *s;
        s += c ? 3 : 1;
    }
    ascii[n] = '\0';
    return wide ? fault(ZYD_ERR_CSV_FULL_WIDTH, "全角字符，应写作 ", "full-width characters; write ", ascii) : plain(0);
}

/* 45992, or 45992.5 with a time: days since 1899-12-30. */
static struct cell_fault serial_date(const char *text)
{
    char five[6] = "", date[16];
    size_t n = strspn(text, "0123456789");
    if (n != 5 || (text[5] && (text[5] != '.' || !cell_digits(text + 6)))) {
        return plain(0);
    }
    memcpy(five, text, 5);
    int32_t day = 0;
    for (size_t i = 0; i < 5; i++) {
        day = day * 10 + (five[i] - '0');
    }
    if (day < 25569 || day > 73050) { /* 1970 to 2099 */
        return plain(0);
    }
    int32_t d = zyd_date_from_day(day - 25569);
    snprintf(date, sizeof date, "%04d-%02d-%02d", d / 10000, d / 100 % 100, d % 100);
    return fault(ZYD_ERR_CSV_DATE_SERIAL, "日期变成了序号，可能是 ", "the date became a serial number, perhaps of ", date);
}

struct cell_fault cell_damage(const struct zyd_field *field, const char *text)
{
    struct cell_fault f = plain(0);
    bool code = (field->type == ZYD_FIELD_BORROWER && cell_borrower(text).code == 0) || strlen(text) == 64;
    if (cell_scientific(text) && !code) { /* a good code may have one letter, an E, between digits */
        return plain(ZYD_ERR_CSV_SCIENTIFIC);
    }
    f = cell_full_width(text);
    if (f.code == 0 && field->type == ZYD_FIELD_DATE) {
        f = serial_date(text);
    }
    return f;
}

struct cell_fault cell_borrower(const char *s)
{
    size_t n = strlen(s);
    if (n == 64 && s[strspn(s, "0123456789abcdefABCDEF")] == '\0') {
        return plain(0);
    }
    if (zyd_uscc_valid(zyd_span(s, n))) {
        return plain(0);
    }
    if (cell_digits(s) && n > 15 && strcmp(s + n - 3, "000") == 0) {
        return plain(ZYD_ERR_CSV_ROUNDED);
    }
    if (cell_digits(s) && n < 18) {
        char padded[19] = "000000000000000000";
        memcpy(padded + 18 - n, s, n);
        if (zyd_uscc_valid(zyd_span(padded, 18))) {
            return fault(ZYD_ERR_CSV_ZEROS, "开头的 0 丢失，可能是 ", "leading zeros are lost, perhaps of ", padded);
        }
    }
    return plain(ZYD_ERR_CSV_USCC);
}

/* ---- accounts of settlement programmes ---- */

struct account_search {
    const char *text;
    bool same;
    char longer[64]; /* the account that it would be with its zeros */
};

/* "MEMBER BANK ACCOUNT; MEMBER BANK ACCOUNT": the form in which a list is told. */
static void on_accounts(void *ctx, const char *name, const char *value)
{
    struct account_search *s = ctx;
    char account[64];
    int used;
    if (strcmp(name, "accounts") != 0) {
        return;
    }
    for (; *value; value += used) {
        used = 0;
        if (sscanf(value, " %*s %*s %63[^;]%n", account, &used) != 1 || !used) {
            return;
        }
        used += value[used] == ';';
        s->same |= strcmp(account, s->text) == 0;
        if (account[0] == '0' && s->text[0] && strcmp(account + strspn(account, "0"), s->text) == 0) {
            memcpy(s->longer, account, sizeof account);
        }
    }
}

static int no_index(void *ctx, const char *code)
{
    (void)ctx;
    (void)code;
    return -1;
}
static bool number_code(void *ctx, char out[13], uint16_t member)
{
    (void)ctx;
    snprintf(out, 13, "%u", member);
    return true;
}

struct cell_fault cell_account(const struct zyd_genesis *g, const char *text)
{
    struct account_search s = {.text = text};
    const struct zyd_members members = {NULL, no_index, number_code};
    for (uint16_t i = 0; g && i < g->programme_count; i++) {
        const struct zyd_programme *p = &g->programmes[i];
        for (uint8_t k = 0; k < g->plugin_count; k++) {
            if (g->plugins[k].contract == p->contract && zyd_product_of(g->plugins[k].name) == &zyd_product_cycle) {
                (void)!zyd_product_params_decode(&zyd_product_cycle, on_accounts, &s, p->params, &members);
            }
        }
    }
    return s.same || !s.longer[0] ? plain(0)
                                  : fault(ZYD_ERR_CSV_ZEROS, "开头的 0 丢失，登记的账号是 ",
                                          "leading zeros are lost; the account registered is ", s.longer);
}

/* ---- values ---- */

static const char *cycle_id(const char *text, const struct zyd_genesis *g, char buffer[96])
{
    uint64_t number = 0;
    uint16_t programme = 0;
    struct zyd_hash h;
    size_t code = strcspn(text, "#");
    const char *digits = text[code] ? text + code + 1 : "";
    if (code == 0 || !cell_digits(digits) || strlen(digits) > 18) {
        return text;
    }
    for (; *digits; digits++) {
        number = number * 10 + (uint64_t)(*digits - '0');
    }
    for (uint16_t i = 0; g && i < g->programme_count; i++) {
        const struct zyd_span own = g->programmes[i].code;
        programme = own.size == code && memcmp(own.data, text, code) == 0 ? g->programmes[i].id : programme;
    }
    if (number == 0 || (g && programme == 0)) {
        return text;
    }
    zyd_cycle_id(&h, programme, number);
    for (size_t i = 0; i < 32; i++) {
        snprintf(buffer + 2 * i, 3, "%02x", h.b[i]);
    }
    return buffer;
}

static const char *member_code(const char *text, const struct zyd_genesis *g, char buffer[96])
{
    for (uint16_t i = 0; g && i < g->member_count; i++) {
        const struct zyd_member *m = &g->members[i];
        if (m->name_zh.size == strlen(text) && memcmp(m->name_zh.data, text, m->name_zh.size) == 0 && m->code.size < 96) {
            memcpy(buffer, m->code.data, m->code.size);
            buffer[m->code.size] = '\0';
            return buffer;
        }
    }
    return text;
}

const char *cell_value(const struct zyd_field *field, const char *text, const struct zyd_genesis *g, char buffer[96])
{
    switch (field->type) {
    case ZYD_FIELD_WORD:
        for (size_t i = 0; i < field->names->count; i++) {
            if (strcmp(field->names->at[i].zh, text) == 0) {
                return field->names->at[i].name;
            }
        }
        return text;
    case ZYD_FIELD_BOOL:
        return strcmp(text, "是") == 0 ? "true" : strcmp(text, "否") == 0 ? "false" : text;
    case ZYD_FIELD_MEMBER:
        return member_code(text, g, buffer);
    case ZYD_FIELD_ID:
        return strcmp(field->name, "cycle") == 0 ? cycle_id(text, g, buffer) : text;
    case ZYD_FIELD_FEN:
    case ZYD_FIELD_DATE:
    case ZYD_FIELD_PPM:
    case ZYD_FIELD_U64:
    case ZYD_FIELD_MONTHS:
    case ZYD_FIELD_STR:
    case ZYD_FIELD_BORROWER:
    case ZYD_FIELD_LIST:
        break;
    }
    return text;
}
