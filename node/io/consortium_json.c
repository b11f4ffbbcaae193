/* Bounded readers of JSON that name the place of an error; names of roles and purposes; times. */
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>
#include <zyd/catalogue.h>
#include <zyd/date.h>

#include "consortium_json.h"

static const struct {
    const char *name;
    int value;
} roles[] = {{"BANK", ZYD_ROLE_BANK},     {"GUAR", ZYD_ROLE_GUAR}, {"REG", ZYD_ROLE_REG},    {"NFGF", ZYD_ROLE_NFGF},
             {"FISCAL", ZYD_ROLE_FISCAL}, {"AUD", ZYD_ROLE_AUD},   {"OTHER", ZYD_ROLE_OTHER}},
  purposes[] = {{"node", ZYD_KEY_NODE}, {"link", ZYD_KEY_LINK}, {"maker", ZYD_KEY_MAKER}, {"checker", ZYD_KEY_CHECKER}};

#define LOOKUPS(table, to_text, of_text)                                                                                       \
    const char *to_text(uint8_t value)                                                                                         \
    {                                                                                                                          \
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {                                                          \
            if (table[i].value == value) {                                                                                     \
                return table[i].name;                                                                                          \
            }                                                                                                                  \
        }                                                                                                                      \
        return "?";                                                                                                            \
    }                                                                                                                          \
    int of_text(const char *text)                                                                                              \
    {                                                                                                                          \
        for (size_t i = 0; text && i < sizeof table / sizeof table[0]; i++) {                                                  \
            if (strcmp(table[i].name, text) == 0) {                                                                            \
                return table[i].value;                                                                                         \
            }                                                                                                                  \
        }                                                                                                                      \
        return -1;                                                                                                             \
    }
LOOKUPS(roles, zyd_role_text, zyd_role_of)
LOOKUPS(purposes, zyd_key_purpose_text, zyd_key_purpose_of)

/* ---- small readers that name the place of an error ---- */

enum zyd_status zyd_cj_fail(struct zyd_err *err, const char *where, const char *what)
{
    zyd_err_set(err, ZYD_ERR_FILE_FORMAT, "%s: %s", where, what);
    return ZYD_E_INVALID;
}

enum zyd_status zyd_cj_text(json_t **out, struct zyd_err *err, struct zyd_span text)
{
    json_error_t at;
    *out = NULL;
    if (text.size > ZYD_CONSORTIUM_TEXT_MAX) {
        zyd_err_set(err, ZYD_ERR_TOO_BIG, "the file has more than %u bytes", ZYD_CONSORTIUM_TEXT_MAX);
        return ZYD_E_TOO_BIG;
    }
    *out = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &at);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        zyd_err_set(err, ZYD_ERR_FILE_FORMAT, "line %d, column %d: %.120s", at.line, at.column,
                    at.text[0] ? at.text : "a JSON object is expected");
        return ZYD_E_MALFORMED;
    }
    return ZYD_OK;
}

enum zyd_status zyd_cj_members(const json_t *o, struct zyd_err *err, const char *where, const char *const *allowed)
{
    char place[160];
    if (!json_is_object(o)) {
        return zyd_cj_fail(err, where, "an object is expected");
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        bool known = false;
        for (size_t i = 0; allowed[i]; i++) {
            known |= strcmp(allowed[i], key) == 0;
        }
        if (!known) {
            snprintf(place, sizeof place, "%.80s.%.60s", where, key);
            return zyd_cj_fail(err, place, "unknown member");
        }
    }
    return ZYD_OK;
}

enum zyd_status zyd_cj_str(struct zyd_span *out, struct zyd_err *err, const json_t *o, const char *where, const char *key,
                           size_t min, size_t max)
{
    const json_t *v = json_object_get(o, key);
    char place[160];
    snprintf(place, sizeof place, "%.90s.%.60s", where, key);
    *out = zyd_span("", 0);
    if (!v && min == 0) {
        return ZYD_OK;
    }
    if (!json_is_string(v)) {
        return zyd_cj_fail(err, place, v ? "text is expected" : "missing");
    }
    *out = zyd_span(json_string_value(v), json_string_length(v));
    for (size_t i = 0; i < out->size; i++) {
        if (out->data[i] < 0x20 || out->data[i] == 0x7f) {
            return zyd_cj_fail(err, place, "control characters are not allowed");
        }
    }
    if (out->size < min || out->size > max) {
        char what[80];
        snprintf(what, sizeof what, "%zu to %zu bytes are expected, not %zu", min, max, out->size);
        return zyd_cj_fail(err, place, what);
    }
    return ZYD_OK;
}

enum zyd_status zyd_cj_int(int64_t *out, struct zyd_err *err, const json_t *o, const char *where, const char *key, int64_t min,
                           int64_t max, const int64_t *missing)
{
    const json_t *v = json_object_get(o, key);
    if (!v && missing) {
        *out = *missing;
        return ZYD_OK;
    }
    *out = json_integer_value(v);
    if (!json_is_integer(v) || *out < min || *out > max) {
        char place[160], what[96];
        snprintf(place, sizeof place, "%.90s.%.60s", where, key);
        snprintf(what, sizeof what, "an integer from %lld to %lld is expected", (long long)min, (long long)max);
        return zyd_cj_fail(err, place, v ? what : "missing");
    }
    return ZYD_OK;
}

enum zyd_status zyd_cj_hex(uint8_t *out, size_t size, struct zyd_err *err, const json_t *o, const char *where, const char *key)
{
    struct zyd_span text;
    size_t got = 0;
    const char *end = NULL;
    enum zyd_status s = zyd_cj_str(&text, err, o, where, key, size * 2, size * 2);
    if (s != ZYD_OK) {
        return s;
    }
    if (sodium_hex2bin(out, size, (const char *)text.data, text.size, NULL, &got, &end) != 0 || got != size ||
        end != (const char *)text.data + text.size) {
        char place[160];
        snprintf(place, sizeof place, "%.90s.%.60s", where, key);
        return zyd_cj_fail(err, place, "hexadecimal digits are expected");
    }
    return ZYD_OK;
}

/* ---- times ---- */

void zyd_rfc3339(char out[32], int64_t ms)
{
    int64_t local = ms + ZYD_UTC8_MS, in_day = local % ZYD_DAY_MS;
    int32_t date = zyd_date_from_day((int32_t)(local / ZYD_DAY_MS));
    int n = snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", date / 10000, date / 100 % 100, date % 100,
                     (int)(in_day / 3600000 % 24), (int)(in_day / 60000 % 60), (int)(in_day / 1000 % 60));
    if (in_day % 1000) {
        n += snprintf(out + n, 32 - (size_t)n, ".%03d", (int)(in_day % 1000));
    }
    snprintf(out + n, 32 - (size_t)n, "+08:00");
}

bool zyd_rfc3339_parse(int64_t *ms, const char *text)
{
    int y, mo, d, h, mi, s, milli = 0, oh = 0, om = 0, n = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &n) != 6 || n != 19) {
        return false;
    }
    const char *p = text + n;
    if (*p == '.') {
        if (sscanf(p, ".%3d%n", &milli, &n) != 1 || n != 4) {
            return false;
        }
        p += 4;
    }
    int sign = *p == '-' ? -1 : 1;
    if (strcmp(p, "Z") != 0 && (strlen(p) != 6 || (*p != '+' && *p != '-') || sscanf(p + 1, "%2d:%2d", &oh, &om) != 2)) {
        return false;
    }
    int32_t date = y * 10000 + mo * 100 + d;
    if (!zyd_date_valid(date) || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59 || milli < 0 || oh < 0 || oh > 14 ||
        om < 0 || om > 59) {
        return false;
    }
    *ms = (int64_t)zyd_date_to_day(date) * ZYD_DAY_MS + ((h * 60 + mi) * 60 + s) * INT64_C(1000) + milli -
          sign * (oh * 60 + om) * INT64_C(60000);
    return *ms >= 0;
}
