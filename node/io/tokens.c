/* Tokens: hashes in a file, compared without telling by time which one was near. */
#include <stdlib.h>

#include <sodium.h>
#include <zyd/catalogue.h>

#include "http_uri.h"
#include "tokens.h"

struct zyd_tokens {
    uint32_t count;
    struct {
        struct zyd_hash hash;
        struct zyd_principal who;
    } items[ZYD_TOKENS_MAX];
};

static const struct {
    const char *text;
    unsigned role;
} roles[] = {{"maker", ZYD_TOKEN_MAKER},
             {"checker", ZYD_TOKEN_CHECKER},
             {"operator", ZYD_TOKEN_OPERATOR},
             {"auditor", ZYD_TOKEN_AUDITOR},
             {"governor", ZYD_TOKEN_GOVERNOR}};

const char *zyd_token_role_text(unsigned role)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (roles[i].role == role) {
            return roles[i].text;
        }
    }
    return "none";
}

static const char *read_line(struct zyd_tokens *t, char *line, uint32_t number, const struct zyd_genesis *g, uint16_t me)
{
    char *save = NULL;
    char *words[5] = {0};
    size_t n = 0;
    char *hash = strchr(line, '#');
    if (hash) {
        *hash = '\0';
    }
    for (char *w = strtok_r(line, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
        if (n == 4) {
            return "role, scope, SHA-256 of the token and perhaps a member code are expected";
        }
        words[n++] = w;
    }
    if (n == 0) {
        return NULL;
    }
    if (n < 3) {
        return "role, scope and SHA-256 of the token are expected";
    }
    if (t->count == ZYD_TOKENS_MAX) {
        return "more than 256 tokens";
    }
    struct zyd_principal who = {.known = true, .number = number, .member = me};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        who.role |= strcmp(roles[i].text, words[0]) == 0 ? roles[i].role : 0;
    }
    who.all = strcmp(words[1], "all") == 0;
    if (who.role == 0) {
        return "the role is maker, checker, operator, auditor or governor";
    }
    if (!who.all && strcmp(words[1], "own") != 0) {
        return "the scope is own or all";
    }
    if (!zyd_hex32_parse(&t->items[t->count].hash, words[2])) {
        return "the SHA-256 of the token is 64 hex digits";
    }
    if (words[3]) {
        int member = zyd_genesis_member_by_code(g, zyd_span(words[3], strlen(words[3])));
        if (member < 0) {
            return "no such member in the consortium";
        }
        who.member = (uint16_t)member;
    }
    t->items[t->count++].who = who;
    return NULL;
}

enum zyd_status zyd_tokens_load(struct zyd_tokens **out, struct zyd_err *err, const char *path, const struct zyd_genesis *g,
                                uint16_t me_member)
{
    struct zyd_tokens *t = calloc(1, sizeof *t);
    uint8_t *text = NULL;
    size_t size = 0;
    uint32_t number = 0;
    zyd_assert(t != NULL);
    enum zyd_status s = path ? zyd_file_read(&text, &size, err, path, 1u << 20) : ZYD_OK;
    char *copy = s == ZYD_OK ? calloc(1, size + 1) : NULL;
    if (copy && size > 0) {
        memcpy(copy, text, size);
    }
    free(text);
    for (char *line = copy; line && s == ZYD_OK;) {
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
        }
        const char *why = read_line(t, line, ++number, g, me_member);
        if (why) {
            zyd_err_set(err, ZYD_ERR_CONFIG, "%s:%u: %s", path, number, why);
            s = ZYD_E_INVALID;
        }
        line = end ? end + 1 : NULL;
    }
    free(copy);
    if (s != ZYD_OK) {
        zyd_tokens_free(t);
        t = NULL;
    }
    *out = t;
    return s;
}

void zyd_tokens_free(struct zyd_tokens *t)
{
    free(t);
}

bool zyd_tokens_find(const struct zyd_tokens *t, struct zyd_principal *out, const char *token)
{
    struct zyd_hash hash;
    size_t size = strnlen(token, 257);
    bool found = false;
    memset(out, 0, sizeof *out);
    if (size < 16 || size > 256) {
        return false;
    }
    zyd_sha256(&hash, token, size);
    for (uint32_t i = 0; i < t->count; i++) {
        if (sodium_memcmp(hash.b, t->items[i].hash.b, ZYD_HASH_SIZE) == 0) {
            *out = t->items[i].who;
            found = true;
        }
    }
    return found;
}
