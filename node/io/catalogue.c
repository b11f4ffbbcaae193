/* The error catalogue's look-ups, and the choice of a language. */
#include <zyd/catalogue.h>

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define X(code, kind, name, http, exit, retry, zh, en, fix_zh, fix_en)                                                         \
    {code, kind, #name, http, exit, retry, {zh, en}, {fix_zh, fix_en}},
static const struct zyd_catalogue_entry node_codes[] = {ZYD_CATALOGUE_NODE(X)};
static const struct zyd_catalogue_entry ledger_codes[] = {ZYD_CATALOGUE_LEDGER(X)};
#define NODE_COUNT (sizeof node_codes / sizeof node_codes[0])
#define LEDGER_COUNT (sizeof ledger_codes / sizeof ledger_codes[0])
#undef X

static int by_code(const void *key, const void *item)
{
    uint32_t a = *(const uint32_t *)key, b = ((const struct zyd_catalogue_entry *)item)->code;
    return a < b ? -1 : a > b;
}

size_t zyd_catalogue_count(void)
{
    return NODE_COUNT + LEDGER_COUNT;
}

const struct zyd_catalogue_entry *zyd_catalogue_at(size_t index)
{
    size_t below = 0; /* ledger entries under 8000 come first, then the node's, then 9xxx */
    while (below < LEDGER_COUNT && ledger_codes[below].code < 8000) {
        below++;
    }
    if (index < below) {
        return &ledger_codes[index];
    }
    if (index < below + NODE_COUNT) {
        return &node_codes[index - below];
    }
    return index < NODE_COUNT + LEDGER_COUNT ? &ledger_codes[index - NODE_COUNT] : NULL;
}

const struct zyd_catalogue_entry *zyd_catalogue_find(uint32_t code)
{
    const struct zyd_catalogue_entry *e = bsearch(&code, ledger_codes, LEDGER_COUNT, sizeof ledger_codes[0], by_code);
    return e ? e : bsearch(&code, node_codes, NODE_COUNT, sizeof node_codes[0], by_code);
}

const struct zyd_catalogue_entry *zyd_catalogue_get(uint32_t code)
{
    const struct zyd_catalogue_entry *e = zyd_catalogue_find(code);
    return e ? e : zyd_catalogue_find(ZYD_ERR_BUG);
}

void zyd_catalogue_label(char out[8], uint32_t code)
{
    const struct zyd_catalogue_entry *e = zyd_catalogue_find(code);
    snprintf(out, 8, "%c%u", e ? e->kind : 'E', (unsigned)(code % 1000000u));
}

const char *zyd_retry_text(enum zyd_retry retry)
{
    switch (retry) {
    case ZYD_RETRY_NEVER:
        return "never";
    case ZYD_RETRY_AFTER_FIX:
        return "after_fix";
    case ZYD_RETRY_SAME:
        return "same_request";
    case ZYD_RETRY_LATER:
        return "later";
    }
    return "never";
}

uint32_t zyd_catalogue_of_status(enum zyd_status status)
{
    switch (status) {
    case ZYD_OK:
        return 0;
    case ZYD_E_MALFORMED:
        return ZYD_ERR_MALFORMED;
    case ZYD_E_TOO_BIG:
        return ZYD_ERR_TOO_BIG;
    case ZYD_E_FULL:
    case ZYD_E_BUSY:
        return ZYD_ERR_BUSY;
    case ZYD_E_BAD_SIG:
        return 9101;
    case ZYD_E_STORE:
        return ZYD_ERR_STORE_FAILED;
    case ZYD_E_NOT_FOUND:
        return ZYD_ERR_NOT_FOUND;
    case ZYD_E_EXISTS:
        return ZYD_ERR_FILE_EXISTS;
    case ZYD_E_INVALID:
        return ZYD_ERR_ENVELOPE;
    case ZYD_E_EXPIRED:
        return ZYD_ERR_EXPIRED;
    case ZYD_E_FOREIGN:
        return ZYD_ERR_FOREIGN;
    case ZYD_E_IO:
        return ZYD_ERR_FILE_READ;
    case ZYD_E_DAMAGED:
        return ZYD_ERR_STORE_DAMAGED;
    }
    return ZYD_ERR_BUG;
}

/* One item of a list: its weight in thousandths, or 1000. */
static long item_weight(const char *item, size_t size)
{
    for (size_t i = 0; i + 2 < size; i++) {
        if (item[i] == 'q' && item[i + 1] == '=') {
            long whole = item[i + 2] == '1', part = 0, unit = 100;
            for (size_t k = i + 4; k < size && item[k] >= '0' && item[k] <= '9' && unit > 0; k++) {
                part += (item[k] - '0') * unit;
                unit /= 10;
            }
            return whole ? 1000 : part;
        }
    }
    return 1000;
}

enum zyd_lang zyd_lang_choose(const char *tags, enum zyd_lang fallback)
{
    enum zyd_lang best = fallback;
    long best_weight = 0;
    for (const char *p = tags; p && *p;) {
        p += strspn(p, " ,\t");
        size_t size = strcspn(p, ",");
        bool zh = strncasecmp(p, "zh", 2) == 0, en = strncasecmp(p, "en", 2) == 0;
        bool whole = size >= 2 && (size == 2 || strchr("-_.;@ :", p[2]) != NULL);
        long weight = item_weight(p, size);
        if ((zh || en) && whole && weight > best_weight) {
            best = zh ? ZYD_LANG_ZH : ZYD_LANG_EN;
            best_weight = weight;
        }
        p += size;
    }
    return best;
}

const char *zyd_lang_tag(enum zyd_lang lang)
{
    return lang == ZYD_LANG_ZH ? "zh-CN" : "en";
}
