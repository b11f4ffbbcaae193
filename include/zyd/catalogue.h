/* zyd/catalogue.h: the one error catalogue (D23).
 *
 * A code is E or W and a number: what an operation's outcome, an HTTP problem, a message of the command line and a row of a
 * batch result carry.  The table (zyd/catalogue_map.h) is the only place where a code gets its name, HTTP status, exit
 * code, Chinese and English text and remedy.  enum zyd_status (zyd/base.h) is another thing: what C functions return.
 *
 *   1xxx guarantee  2xxx pool  3xxx subsidy  4xxx voucher  5xxx cycle  6xxx register  8xxx the node itself  9xxx common and
 * host
 */
#ifndef ZYD_CATALOGUE_H
#define ZYD_CATALOGUE_H

#include <zyd/base.h>
#include <zyd/catalogue_map.h>

enum zyd_lang { ZYD_LANG_ZH = 0, ZYD_LANG_EN = 1 };

/* What a client may do after the error. */
enum zyd_retry {
    ZYD_RETRY_NEVER = 0, /* the answer stands */
    ZYD_RETRY_AFTER_FIX, /* correct it and send anew */
    ZYD_RETRY_SAME,      /* send the same bytes again: safe */
    ZYD_RETRY_LATER      /* nothing wrong with the request; wait */
};

enum zyd_exit { /* exit codes of the command line (surfaces.md 3.2) */
                ZYD_EXIT_OK = 0,
                ZYD_EXIT_REFUSED = 1,
                ZYD_EXIT_USAGE = 2,
                ZYD_EXIT_UNREACHABLE = 3,
                ZYD_EXIT_UNKNOWN = 4,
                ZYD_EXIT_DENIED = 5,
                ZYD_EXIT_FILE = 6,
                ZYD_EXIT_PARTIAL = 7,
                ZYD_EXIT_FAILED = 8,
                ZYD_EXIT_UNVERIFIED = 9,
                ZYD_EXIT_DEGRADED = 10,
                ZYD_EXIT_BUG = 70,
                ZYD_EXIT_INTERRUPTED = 130
};

/* The node's own codes by name: ZYD_ERR_UNREACHABLE = 8001 ... */
enum zyd_err_code {
#define X(code, kind, name, http, exit, retry, zh, en, fix_zh, fix_en) ZYD_ERR_##name = code,
    ZYD_CATALOGUE_NODE(X)
#undef X
};

struct zyd_catalogue_entry {
    uint32_t code;
    char kind;        /* 'E' refused, 'W' recorded with the event */
    const char *name; /* "SHARE_SUM"; unique within its thousand */
    uint16_t http;
    uint8_t exit; /* enum zyd_exit */
    enum zyd_retry retry;
    const char *text[2]; /* by enum zyd_lang: one sentence, what happened */
    const char *fix[2];  /* one sentence, what to do */
};

/* All entries, ascending by code: 0 .. count - 1; NULL beyond. */
size_t zyd_catalogue_count(void);
const struct zyd_catalogue_entry *zyd_catalogue_at(size_t index);
/* NULL when the code is not in the catalogue. */
const struct zyd_catalogue_entry *zyd_catalogue_find(uint32_t code);
/* Never NULL: the entry of E8099 BUG stands for an unknown code. */
const struct zyd_catalogue_entry *zyd_catalogue_get(uint32_t code);
/* "E9103" into out. */
void zyd_catalogue_label(char out[8], uint32_t code);
/* "never", "after_fix", "same_request", "later". */
const char *zyd_retry_text(enum zyd_retry retry);
/* The code that a bare status maps to, where nothing better is known. */
uint32_t zyd_catalogue_of_status(enum zyd_status status);

/* Language by a tag or list of tags: "zh-CN", "en_US.UTF-8", or an Accept-Language value with q weights.  NULL, empty, "C",
 * "*" or a list without zh and en: fallback. */
enum zyd_lang zyd_lang_choose(const char *tags, enum zyd_lang fallback);
/* "zh-CN" or "en", for Content-Language. */
const char *zyd_lang_tag(enum zyd_lang lang);

#endif
