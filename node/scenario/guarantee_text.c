/* guarantee_text.c: single values as people write them, and the contract's records read back. */
#include <stdio.h>

#include <zyd/crypto.h>
#include <zyd/date.h>

#include "schema_impl.h"

struct word {
    enum zyd_guarantee_type type;
    uint64_t value;
    const char *text;
};
static const struct word words[] = {
    {ZYD_GT_BOOL, 0, "false"},          {ZYD_GT_BOOL, 1, "true"},
    {ZYD_GT_BOOL, 0, "no"},             {ZYD_GT_BOOL, 1, "yes"},
    {ZYD_GT_BOOL, 0, "0"},              {ZYD_GT_BOOL, 1, "1"},
    {ZYD_GT_SETTLE, 0, "NET"},          {ZYD_GT_SETTLE, 1, "GROSS"},
    {ZYD_GT_COVER, 1, "PRINCIPAL"},     {ZYD_GT_COVER, 2, "INTEREST"},
    {ZYD_GT_SILENCE, 1, "ESCALATE"},    {ZYD_GT_SILENCE, 2, "DEEM_APPROVED"},
    {ZYD_GT_PERIOD, 1, "CALENDAR_YEAR"}, {ZYD_GT_OVERFLOW, 1, "BANK"},
    {ZYD_GT_OVERFLOW, 2, "REJECT"},     {ZYD_GT_RECOVERY, 1, "BY_BORNE"},
    {ZYD_GT_BASIS, 360, "360"},         {ZYD_GT_BASIS, 365, "365"},
};

enum zyd_status zyd_schema_fail(char why[ZYD_GUARANTEE_WHY], const char *name, const char *what)
{
    snprintf(why, ZYD_GUARANTEE_WHY, "%.60s: %.120s", name, what);
    return ZYD_E_INVALID;
}

bool zyd_schema_named(const char *pair_name, const char *name, enum zyd_guarantee_type type, bool *integer_fen)
{
    size_t size = strlen(name);
    *integer_fen = false;
    if (strcmp(pair_name, name) == 0) {
        return true;
    }
    *integer_fen = type == ZYD_GT_FEN && strncmp(pair_name, name, size) == 0 && strcmp(pair_name + size, "_fen") == 0;
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
static bool ppm_parse(uint64_t *out, const char *text)
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

static bool word_parse(uint64_t *out, enum zyd_guarantee_type type, const char *text)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].type == type && strcmp(words[i].text, text) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

const char *zyd_schema_number(uint64_t *out, enum zyd_guarantee_type type, bool integer_fen, const char *text, uint64_t min,
                              uint64_t max, const struct zyd_guarantee_members *members)
{
    const struct zyd_guarantee_name *state;
    int64_t fen;
    int32_t date;
    int member;
    switch (type) {
    case ZYD_GT_FEN:
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
    case ZYD_GT_DATE:
        if (min == 0 && (*text == 0 || strcmp(text, "0") == 0)) {
            *out = 0; /* a parameter that says: no date */
        } else if (zyd_date_parse(&date, text)) {
            *out = (uint64_t)date;
        } else {
            return "a date like 2025-03-31 is expected";
        }
        break;
    case ZYD_GT_PPM:
        if (!ppm_parse(out, text)) {
            return "a rate in millionths or per cent is expected, like 43500 or 4.35%";
        }
        break;
    case ZYD_GT_MONTHS:
        if (!months_parse(out, text)) {
            return "months are expected, like 3,6,9,12 or ALL";
        }
        break;
    case ZYD_GT_STATE:
        state = zyd_guarantee_state_by_name(text);
        if (state == NULL) {
            return "no such state";
        }
        *out = state->number;
        break;
    case ZYD_GT_MEMBER:
        member = *text == 0 ? 65535 : members == NULL ? -1 : members->index(members->ctx, text);
        if (member < 0) {
            return "no member has this code";
        }
        *out = (uint64_t)member;
        break;
    case ZYD_GT_U64:
        if (!digits(out, text, strlen(text))) {
            return "a whole number is expected";
        }
        break;
    case ZYD_GT_BOOL:
    case ZYD_GT_BASIS:
    case ZYD_GT_SETTLE:
    case ZYD_GT_COVER:
    case ZYD_GT_SILENCE:
    case ZYD_GT_PERIOD:
    case ZYD_GT_OVERFLOW:
    case ZYD_GT_RECOVERY:
        if (!word_parse(out, type, text)) {
            return "this word is not one of those allowed";
        }
        break;
    case ZYD_GT_ID:
    case ZYD_GT_IDS:
    case ZYD_GT_STR:
    case ZYD_GT_BORROWER:
    case ZYD_GT_POSTINGS:
    case ZYD_GT_FENS:
        zyd_assert(false);
    }
    return *out < min || *out > max ? "out of range" : NULL;
}

void zyd_schema_number_text(char out[64], enum zyd_guarantee_type type, uint64_t value,
                            const struct zyd_guarantee_members *members)
{
    const struct zyd_guarantee_name *state = type == ZYD_GT_STATE ? zyd_guarantee_state_by_number((uint16_t)value) : NULL;
    char code[13] = "";
    size_t at = 0;
    if (type == ZYD_GT_DATE && value != 0) {
        snprintf(out, 64, "%04d-%02d-%02d", (int)(value / 10000), (int)(value / 100 % 100), (int)(value % 100));
        return;
    }
    if (type == ZYD_GT_MEMBER) {
        snprintf(out, 64, "%s",
                 value != 65535 && members != NULL && members->code(members->ctx, code, (uint16_t)value) ? code : "");
        return;
    }
    if (type == ZYD_GT_MONTHS) {
        for (unsigned m = 1; m <= 12; m++) {
            if (value >> (m - 1) & 1) {
                at += (size_t)snprintf(out + at, 64 - at, "%s%u", at == 0 ? "" : ",", m);
            }
        }
        return;
    }
    if (state != NULL) {
        snprintf(out, 64, "%s", state->name);
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].type == type && words[i].value == value) {
            snprintf(out, 64, "%s", words[i].text);
            return;
        }
    }
    snprintf(out, 64, "%llu", (unsigned long long)value);
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

/* Records are the VM's memory, so little-endian; this copies them as they are. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are read in place: give this file a decoder first");

enum zyd_status zyd_guarantee_object_read(struct zyd_guarantee_view *out, struct zyd_span value)
{
    memset(out, 0, sizeof *out);
    if (value.size > 0 && value.data[0] != ZYD_GUARANTEE_KIND_CONTRACT) {
        return ZYD_E_INVALID;
    }
    if (value.size < sizeof out->head) {
        return ZYD_E_MALFORMED;
    }
    memcpy(&out->head, value.data, sizeof out->head);
    size_t count = out->head.drawdown_count;
    if (count > ZYD_GUARANTEE_DRAWDOWNS_MAX || value.size != sizeof out->head + count * sizeof out->drawdowns[0]) {
        return ZYD_E_MALFORMED;
    }
    memcpy(out->drawdowns, value.data + sizeof out->head, count * sizeof out->drawdowns[0]);
    for (size_t i = 0; i < count; i++) {
        out->interest += out->drawdowns[i].interest;
        out->fee += out->drawdowns[i].fee;
    }
    return ZYD_OK;
}

enum zyd_status zyd_guarantee_claim_read(struct zyd_guarantee_claim_view *out, struct zyd_span value)
{
    memset(out, 0, sizeof *out);
    if (value.size < sizeof out->head) {
        return ZYD_E_MALFORMED;
    }
    memcpy(&out->head, value.data, sizeof out->head);
    size_t count = out->head.party_count;
    if (count > ZYD_GUARANTEE_LEAVES_MAX + 1 || value.size != sizeof out->head + count * sizeof out->parties[0]) {
        return ZYD_E_MALFORMED;
    }
    memcpy(out->parties, value.data + sizeof out->head, count * sizeof out->parties[0]);
    return ZYD_OK;
}

enum zyd_status zyd_guarantee_breaker_read(struct zyd_guarantee_breaker *out, struct zyd_span value)
{
    memset(out, 0, sizeof *out);
    if (value.size != sizeof *out) {
        return ZYD_E_MALFORMED;
    }
    memcpy(out, value.data, sizeof *out);
    return ZYD_OK;
}

size_t zyd_guarantee_claim_key(uint8_t out[64], const struct zyd_hash *object)
{
    out[0] = ZYD_GUARANTEE_KEY_CLAIM;
    memcpy(out + 1, object->b, 32);
    return 33;
}

size_t zyd_guarantee_breaker_key(uint8_t out[64], uint16_t programme)
{
    memset(out, 0, 32);
    memcpy(out, ZYD_GUARANTEE_KEY_BREAKER, sizeof ZYD_GUARANTEE_KEY_BREAKER - 1);
    out[30] = (uint8_t)(programme >> 8);
    out[31] = (uint8_t)programme;
    return 32;
}

size_t zyd_guarantee_household_key(uint8_t out[64], uint8_t class_, const uint8_t borrower[32])
{
    out[0] = ZYD_GUARANTEE_KEY_HOUSEHOLD;
    out[1] = class_;
    memcpy(out + 2, borrower, 32);
    return 34;
}

void zyd_guarantee_borrower_text(char out[19], uint32_t kind, const uint8_t borrower[32])
{
    if (kind == ZYD_GUARANTEE_FIRM) {
        memcpy(out, borrower, 18);
        out[18] = 0;
    } else {
        zyd_schema_hex(out, borrower, 8);
    }
}
