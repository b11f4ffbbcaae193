/* product_text.c: single values as people write them. */
#include <stdio.h>

#include <zyd/crypto.h>
#include <zyd/date.h>

#include "product_impl.h"

static const struct {
    uint64_t value;
    const char *text;
} bools[] = {{0, "false"}, {1, "true"}, {0, "no"}, {1, "yes"}, {0, "0"}, {1, "1"}};

enum zyd_status zyd_schema_fail(char why[ZYD_WHY], const char *name, const char *what)
{
    snprintf(why, ZYD_WHY, "%.60s: %.120s", name, what);
    return ZYD_E_INVALID;
}

bool zyd_schema_named(const char *pair_name, const struct zyd_field *field, bool *integer_fen)
{
    size_t size = strlen(field->name);
    *integer_fen = false;
    if (strcmp(pair_name, field->name) == 0) {
        return true;
    }
    *integer_fen = field->type == ZYD_FIELD_FEN && strncmp(pair_name, field->name, size) == 0 &&
                   strcmp(pair_name + size, "_fen") == 0;
    return *integer_fen;
}

bool zyd_schema_element(struct zyd_span *out, const char **list, char separator)
{
    const char *start = *list;
    if (start == NULL) {
        return false;
    }
    const char *end = strchr(start, separator);
    *list = end == NULL ? NULL : end + 1;
    size_t size = end == NULL ? strlen(start) : (size_t)(end - start);
    while (size > 0 && *start == ' ') {
        start++;
        size--;
    }
    while (size > 0 && start[size - 1] == ' ') {
        size--;
    }
    *out = zyd_span(start, size);
    return true;
}

static bool digits(uint64_t *out, const char *text, size_t size)
{
    *out = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || *out > (UINT64_MAX - 9) / 10) {
            return false;
        }
        *out = *out * 10 + (uint64_t)(text[i] - '0');
    }
    return size > 0;
}

bool zyd_yuan_parse(int64_t *fen, const char *text)
{
    uint64_t yuan = 0, cents = 0;
    unsigned run = 0;      /* digits since the start or the last comma */
    bool grouped = false;
    const char *p = text;
    for (; (*p >= '0' && *p <= '9') || *p == ','; p++) {
        if (*p == ',') {
            if (run == 0 || run > 3 || (grouped && run != 3)) {
                return false;
            }
            grouped = true;
            run = 0;
            continue;
        }
        yuan = yuan * 10 + (uint64_t)(*p - '0');
        run++;
        if (yuan > (uint64_t)ZYD_MONEY_MAX / 100) {
            return false;
        }
    }
    if (run == 0 || (grouped && run != 3)) {
        return false;
    }
    if (*p == '.') {
        size_t n = strlen(++p);
        if (n < 1 || n > 2 || !digits(&cents, p, n)) {
            return false;
        }
        cents *= n == 1 ? 10 : 1;
        p += n;
    }
    *fen = (int64_t)(yuan * 100 + cents);
    return *p == 0 && *fen <= ZYD_MONEY_MAX;
}

void zyd_yuan_text(char out[32], int64_t fen, bool grouped)
{
    char plain[32];
    int n = snprintf(plain, sizeof plain, "%lld", (long long)(fen / 100));
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        out[at++] = plain[i];
        if (grouped && i + 1 < n && (n - 1 - i) % 3 == 0 && plain[i] != '-') {
            out[at++] = ',';
        }
    }
    snprintf(out + at, 32 - at, ".%02d", (int)(fen < 0 ? -(fen % 100) : fen % 100));
}

bool zyd_date_parse(int32_t *date, const char *text)
{
    char plain[9];
    uint64_t v;
    if (strlen(text) == 10 && text[4] == '-' && text[7] == '-') {
        snprintf(plain, sizeof plain, "%.4s%.2s%.2s", text, text + 5, text + 8);
        text = plain;
    }
    if (strlen(text) != 8 || !digits(&v, text, 8)) {
        return false;
    }
    *date = (int32_t)v;
    return zyd_date_valid(*date);
}

/* 43500, 4.35% or 12.5%: at most four decimals of a percent */
bool zyd_schema_ppm(uint64_t *out, const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || text[size - 1] != '%') {
        return digits(out, text, size);
    }
    const char *dot = memchr(text, '.', --size);
    size_t whole = dot == NULL ? size : (size_t)(dot - text), decimals = dot == NULL ? 0 : size - whole - 1;
    uint64_t a, b = 0;
    if (!digits(&a, text, whole) || decimals > 4 || (dot != NULL && !digits(&b, dot + 1, decimals))) {
        return false;
    }
    for (; decimals < 4; decimals++) {
        b *= 10;
    }
    *out = a * 10000 + b;
    return a <= 100;
}

static bool months_parse(uint64_t *out, const char *text)
{
    struct zyd_span one;
    uint64_t month;
    *out = strcmp(text, "ALL") == 0 ? 4095 : 0;
    while (*out != 4095 && zyd_schema_element(&one, &text, ',')) {
        if (!digits(&month, (const char *)one.data, one.size) || month < 1 || month > 12) {
            return false;
        }
        *out |= UINT64_C(1) << (month - 1);
    }
    return *out != 0;
}

static bool bool_parse(uint64_t *out, const char *text)
{
    for (size_t i = 0; i < ZYD_COUNT(bools); i++) {
        if (strcmp(bools[i].text, text) == 0) {
            *out = bools[i].value;
            return true;
        }
    }
    return false;
}

const char *zyd_schema_number(uint64_t *out, const struct zyd_field *f, bool integer_fen, const char *text,
                              const struct zyd_members *members)
{
    const struct zyd_name *word;
    int64_t fen;
    int32_t date;
    int member;
    switch (f->type) {
    case ZYD_FIELD_FEN:
        if (integer_fen) {
            if (!digits(out, text, strlen(text))) {
                return "an integer number of fen is expected";
            }
        } else if (zyd_yuan_parse(&fen, text)) {
            *out = (uint64_t)fen;
        } else {
            return "an amount in yuan with at most two decimals is expected, like 1000000.00";
        }
        break;
    case ZYD_FIELD_DATE:
        if (f->min == 0 && (*text == 0 || strcmp(text, "0") == 0)) {
            *out = 0; /* a parameter that says: no date */
        } else if (zyd_date_parse(&date, text)) {
            *out = (uint64_t)date;
        } else {
            return "a date like 2025-03-31 is expected";
        }
        break;
    case ZYD_FIELD_PPM:
        if (!zyd_schema_ppm(out, text)) {
            return "a rate in millionths or per cent is expected, like 43500 or 4.35%";
        }
        break;
    case ZYD_FIELD_MONTHS:
        if (!months_parse(out, text)) {
            return "months are expected, like 3,6,9,12 or ALL";
        }
        break;
    case ZYD_FIELD_MEMBER:
        member = *text == 0 ? 65535 : members == NULL ? -1 : members->index(members->ctx, text);
        if (member < 0) {
            return members == NULL ? "the members of the consortium are needed" : "no member has this code";
        }
        *out = (uint64_t)member;
        break;
    case ZYD_FIELD_U64:
        if (!digits(out, text, strlen(text))) {
            return "a whole number is expected";
        }
        break;
    case ZYD_FIELD_BOOL:
        if (!bool_parse(out, text)) {
            return "true or false is expected";
        }
        break;
    case ZYD_FIELD_WORD:
        word = zyd_name_by_text(f->names, text);
        if (word == NULL) {
            return "this word is not one of those allowed";
        }
        *out = word->number;
        break;
    case ZYD_FIELD_STR:
    case ZYD_FIELD_ID:
    case ZYD_FIELD_BORROWER:
    case ZYD_FIELD_LIST:
        zyd_assert(false);
    }
    return *out < f->min || *out > f->max ? "out of range" : NULL;
}

void zyd_schema_number_text(char out[64], const struct zyd_field *f, uint64_t value, const struct zyd_members *members)
{
    const struct zyd_name *word =
        f->type == ZYD_FIELD_WORD && value <= UINT16_MAX ? zyd_name_by_number(f->names, (uint16_t)value) : NULL;
    char code[13] = "";
    size_t at = 0;
    if (f->type == ZYD_FIELD_DATE && value != 0) {
        snprintf(out, 64, "%04d-%02d-%02d", (int)(value / 10000), (int)(value / 100 % 100), (int)(value % 100));
    } else if (f->type == ZYD_FIELD_MEMBER) {
        snprintf(out, 64, "%s",
                 value != 65535 && members != NULL && members->code(members->ctx, code, (uint16_t)value) ? code : "");
    } else if (f->type == ZYD_FIELD_MONTHS) {
        out[0] = 0;
        for (unsigned m = 1; m <= 12; m++) {
            if (value >> (m - 1) & 1) {
                at += (size_t)snprintf(out + at, 64 - at, "%s%u", at == 0 ? "" : ",", m);
            }
        }
    } else if (word != NULL) {
        snprintf(out, 64, "%s", word->name);
    } else if (f->type == ZYD_FIELD_BOOL && value <= 1) {
        snprintf(out, 64, "%s", value == 1 ? "true" : "false");
    } else {
        snprintf(out, 64, "%llu", (unsigned long long)value);
    }
}

static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool zyd_schema_hash(struct zyd_hash *out, const char *text, size_t size)
{
    if (size > 7 && memcmp(text, "sha256:", 7) == 0) {
        zyd_sha256(out, text + 7, size - 7);
        return true;
    }
    for (size_t i = 0; size == 64 && i < 32; i++) {
        int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out->b[i] = (uint8_t)(high << 4 | low);
    }
    return size == 64;
}

void zyd_schema_hex(char *out, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        snprintf(out + 2 * i, 3, "%02x", data[i]);
    }
}
