/* node.conf: local settings, no secrets (surfaces.md 3.3).  One table says what may stand in it; libinih reads the lines.
 *
 *   file -> lines -> table row -> text field     environment -> the same -> checks of each row -> checks across
 * rows */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ini.h>

#include <zyd/catalogue.h>
#include <zyd/io.h>

enum kind { TEXT, CODE, PATH, HASH, ADDRESS, LISTEN, CHOICE };
struct row {
    const char *section, *key;
    enum kind kind;
    bool required;
    size_t offset;       /* of a text field; of the value itself for HASH and CHOICE */
    const char *standard; /* when it is not given */
    const char *choices;  /* CHOICE: "no|yes", the value is the position */
    const char *allowed;  /* for messages */
};
#define FIELD(name) offsetof(struct zyd_config, name)
static const struct row rows[] = {
    {"node", "name", CODE, true, FIELD(name), NULL, NULL,
     "your member code as in the consortium file: A-Z, 0-9, _, at most 12"},
    {"node", "consortium", PATH, true, FIELD(consortium), NULL, NULL, "path of consortium.json"},
    {"node", "genesis_hash", HASH, true, FIELD(genesis_hash), NULL, NULL, "64 hexadecimal digits: zyd consortium fingerprint"},
    {"node", "data_dir", PATH, true, FIELD(data_dir), NULL, NULL, "a directory that only this node uses"},
    {"node", "plugins", PATH, false, FIELD(plugins), "/usr/lib/zyd/plugins", NULL, "directory of the contracts' .elf files"},
    {"peer", "listen", ADDRESS, false, FIELD(peer_listen), "0.0.0.0:7420", NULL, "host:port"},
    {"api", "listen", LISTEN, false, FIELD(api_listen), "127.0.0.1:7443", NULL, "list of host:port on loopback and unix:/path"},
    {"api", "tokens", PATH, false, FIELD(api_tokens), "", NULL, "path of the token file"},
    {"api", "open_reads", CHOICE, false, FIELD(api_open_reads), "no", "no|yes", "yes or no"},
    {"key", "node", PATH, true, FIELD(key_node), NULL, NULL, "path, or credential:NAME"},
    {"key", "link", PATH, true, FIELD(key_link), NULL, NULL, "path, or credential:NAME"},
    {"key", "maker", PATH, false, FIELD(key_maker), "", NULL, "path, or credential:NAME"},
    {"key", "checker", PATH, false, FIELD(key_checker), "", NULL, "path, or credential:NAME"},
    {"key", "passphrase_file", PATH, false, FIELD(key_passphrase_file), "", NULL, "path, or credential:NAME"},
    {"metrics", "listen", ADDRESS, false, FIELD(metrics_listen), "", NULL, "host:port, or empty"},
    {"log", "format", CHOICE, false, FIELD(log_format), "auto", "auto|text|json|journal", "auto, text, json or journal"},
    {"log", "level", CHOICE, false, FIELD(log_level), "info", "error|warn|info|debug", "error, warn, info or debug"},
    {"log", "lang", TEXT, false, FIELD(log_lang), "zh-CN", NULL, "zh-CN or en"},
};
#define ROWS (sizeof rows / sizeof rows[0])
static const char *const sections[] = {"node", "peer", "api", "key", "metrics", "log"};

struct reading {
    struct zyd_config *out;
    struct zyd_err *err;
    const char *path; /* what stands before the line number */
    struct zyd_span text;
    size_t pos;
    int line;
    bool long_line, failed;
    int seen[ROWS]; /* line of each key, 0: not given, -1: environment */
};

static bool complain(struct reading *r, const char *format, const char *a, const char *b, const char *c)
{
    char where[ZYD_CONFIG_TEXT_MAX + 16], what[384];
    if (r->failed)
        return false;
    r->failed = true;
    if (r->line > 0)
        snprintf(where, sizeof where, "%s:%d", r->path, r->line);
    else
        snprintf(where, sizeof where, "%s", r->path);
    (void)snprintf(what, sizeof what, format, a, b, c);
    zyd_err_set(r->err, ZYD_ERR_CONFIG, "%s: %s", where, what);
    return false;
}

static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(b), row[64];
    if (n >= 63 || strlen(a) >= 63)
        return 64;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != 0; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[n];
}

/* "; did you mean X?" or the list of keys of the section. */
static void suggest(char *out, size_t cap, const char *section, const char *key)
{
    const char *best = NULL;
    size_t near = 4, n = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].section, section) != 0)
            continue;
        size_t d = distance(key, rows[i].key);
        if (d < near) {
            near = d;
            best = rows[i].key;
        }
    }
    if (best != NULL) {
        snprintf(out, cap, "did you mean %s?", best);
        return;
    }
    n = (size_t)snprintf(out, cap, "allowed here:");
    for (size_t i = 0; i < ROWS && n < cap; i++)
        if (strcmp(rows[i].section, section) == 0)
            n += (size_t)snprintf(out + n, cap - n, " %s", rows[i].key);
}

static int row_of(const char *section, const char *key)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].section, section) == 0 && strcmp(rows[i].key, key) == 0)
            return (int)i;
    return -1;
}

static bool code_ok(const char *s)
{
    size_t n = strlen(s);
    for (const char *p = s; *p != 0; p++)
        if (!((*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_'))
            return false;
    return n >= 1 && n <= ZYD_CODE_MAX;
}

/* host:port, with a port of 0 to 65535. */
static bool address_ok(const char *s)
{
    const char *colon = strrchr(s, ':');
    if (colon == NULL || colon == s || strlen(s) > 255)
        return false;
    unsigned long port = 0;
    size_t digits = 0;
    for (const char *p = colon + 1; *p != 0; p++, digits++) {
        if (*p < '0' || *p > '9' || digits >= 5)
            return false;
        port = port * 10 + (unsigned long)(*p - '0');
    }
    for (const char *p = s; p < colon; p++)
        if (!isgraph((unsigned char)*p) || *p == '/' || *p == ',')
            return false;
    bool bracketed = s[0] == '[' && colon[-1] == ']';
    return digits > 0 && port <= 65535 && (bracketed || memchr(s, ':', (size_t)(colon - s)) == NULL);
}

static bool loopback(const char *s)
{
    return strncmp(s, "127.", 4) == 0 || strncmp(s, "localhost:", 10) == 0 || strncmp(s, "[::1]:", 6) == 0;
}

static bool listen_ok(const char *s, bool *open_to_others)
{
    char item[ZYD_CONFIG_TEXT_MAX];
    for (;;) {
        s += strspn(s, " \t");
        size_t n = strcspn(s, ",");
        memcpy(item, s, n);
        while (n > 0 && (item[n - 1] == ' ' || item[n - 1] == '\t'))
            n--;
        item[n] = 0;
        if (n == 0)
            return false;
        if (strncmp(item, "unix:/", 6) == 0) {
            if (n - 5 > 107)
                return false;
        } else if (!address_ok(item)) {
            return false;
        } else if (!loopback(item)) {
            *open_to_others = true;
        }
        s += strcspn(s, ",");
        if (*s == 0)
            return true;
        s++;
    }
}

static bool path_set(struct reading *r, char *field, const char *value)
{
    static const char credential[] = "credential:";
    if (strncmp(value, credential, sizeof credential - 1) == 0) {
        const char *dir = getenv("CREDENTIALS_DIRECTORY"), *name = value + sizeof credential - 1;
        if (dir == NULL || name[0] == 0 || strchr(name, '/') != NULL)
            return complain(r, "%s: systemd gives no credential of that name (CREDENTIALS_DIRECTORY is %s); use a path, or "
                               "LoadCredential=%s:/path in the unit",
                            value, dir == NULL ? "not set" : dir, name);
        snprintf(field, ZYD_CONFIG_TEXT_MAX, "%s/%s", dir, name);
        return true;
    }
    char base[ZYD_CONFIG_TEXT_MAX];
    memcpy(base, r->out->path, sizeof base);
    char *slash = strrchr(base, '/');
    base[slash == NULL || value[0] == '/' || value[0] == 0 ? 0 : (size_t)(slash - base) + 1] = 0;
    int n = snprintf(field, ZYD_CONFIG_TEXT_MAX, "%s%s", base, value);
    return n < (int)ZYD_CONFIG_TEXT_MAX ? true : complain(r, "%s: the path is too long", value, "", "");
}

static bool hash_set(struct zyd_hash *out, const char *value)
{
    if (strlen(value) != 64)
        return false;
    for (size_t i = 0; i < 64; i++) {
        char c = value[i];
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0)
            return false;
        out->b[i / 2] = (uint8_t)(i % 2 == 0 ? d << 4 : out->b[i / 2] | d);
    }
    return true;
}

/* Position of value in "a|b|c", or -1. */
static int choice_of(const char *choices, const char *value)
{
    int i = 0;
    for (const char *p = choices;; i++) {
        size_t n = strcspn(p, "|");
        if (strlen(value) == n && strncmp(p, value, n) == 0)
            return i;
        if (p[n] == 0)
            return -1;
        p += n + 1;
    }
}

static void choice_set(struct zyd_config *c, const struct row *row, int choice)
{
    if (row->offset == FIELD(api_open_reads))
        c->api_open_reads = choice == 1;
    else if (row->offset == FIELD(log_format))
        c->log_format = (enum zyd_log_format)choice;
    else
        c->log_level = (enum zyd_log_level)choice;
}

static bool row_set(struct reading *r, const struct row *row, const char *value)
{
    struct zyd_config *c = r->out;
    char *field = (char *)c + row->offset;
    bool open_to_others, good = true;
    if (strlen(value) >= ZYD_CONFIG_TEXT_MAX)
        return complain(r, "%s: the value is too long", row->key, "", "");
    switch (row->kind) {
    case TEXT: /* the language alone */
        good = strcmp(value, "zh-CN") == 0 || strcmp(value, "en") == 0;
        if (good)
            strcpy(field, value);
        break;
    case CODE:
        good = code_ok(value);
        if (good)
            strcpy(field, value);
        break;
    case PATH:
        if (value[0] != 0 || !row->required)
            return path_set(r, field, value);
        good = false;
        break;
    case HASH:
        good = hash_set(&c->genesis_hash, value);
        break;
    case ADDRESS:
        good = address_ok(value) || (value[0] == 0 && row->standard != NULL && row->standard[0] == 0);
        if (good)
            strcpy(field, value);
        break;
    case LISTEN:
        good = listen_ok(value, &open_to_others);
        if (good)
            strcpy(field, value);
        break;
    case CHOICE: {
        int choice = choice_of(row->choices, value);
        good = choice >= 0;
        if (good)
            choice_set(c, row, choice);
        break;
    }
    }
    return good ? true : complain(r, "%s = %s; allowed: %s", row->key, value, row->allowed);
}

static bool peer_set(struct reading *r, const char *code, const char *value)
{
    struct zyd_config *c = r->out;
    struct zyd_config_peer *p = NULL;
    if (!code_ok(code))
        return complain(r, "[peer \"%s\"]: not a member code; allowed: A-Z, 0-9, _, at most 12", code, "", "");
    if (!address_ok(value))
        return complain(r, "address = %s; allowed: host:port", value, "", "");
    for (uint32_t i = 0; i < c->peer_count; i++)
        if (strcmp(c->peers[i].code, code) == 0)
            p = &c->peers[i];
    if (p != NULL && r->line > 0)
        return complain(r, "[peer \"%s\"] address is given twice; keep one", code, "", "");
    if (p == NULL && c->peer_count == ZYD_MEMBERS_MAX)
        return complain(r, "more peers than a consortium can have", "", "", "");
    if (p == NULL)
        p = &c->peers[c->peer_count++];
    strcpy(p->code, code);
    strcpy(p->address, value);
    return true;
}

/* libinih's handler: 1 good, 0 bad. */
static int line_set(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;
    char hint[256];
    if (r->failed)
        return 0;
    size_t n = strlen(section);
    if (strncmp(section, "peer \"", 6) == 0 && n > 7 && section[n - 1] == '"') {
        char code[64];
        snprintf(code, sizeof code, "%.*s", (int)(n - 7), section + 6);
        if (strcmp(key, "address") != 0)
            return complain(r, "unknown key %s in [%s]; allowed here: address", key, section, "");
        return peer_set(r, code, value);
    }
    bool known = false;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        known = known || strcmp(section, sections[i]) == 0;
    if (!known)
        return complain(r, "unknown section [%s]; allowed: node, peer, peer \"CODE\", api, key, metrics, log", section, "", "");
    int row = row_of(section, key);
    if (row < 0) {
        suggest(hint, sizeof hint, section, key);
        return complain(r, "unknown key %s in [%s]; %s", key, section, hint);
    }
    if (r->seen[row] != 0 && r->line > 0)
        return complain(r, "%s is given twice in [%s]; keep one", key, section, "");
    r->seen[row] = r->line > 0 ? r->line : -1;
    return row_set(r, &rows[row], value);
}

/* One line for libinih; counts lines, which its handler is not told. */
static char *line_read(char *buf, int cap, void *stream)
{
    struct reading *r = stream;
    if (r->pos >= r->text.size || r->failed)
        return NULL;
    r->line++;
    int n = 0;
    while (r->pos < r->text.size && n < cap - 1) {
        char c = (char)r->text.data[r->pos++];
        if (c == 0) {
            complain(r, "a zero byte; this is not a text file", "", "", "");
            return NULL;
        }
        buf[n++] = c;
        if (c == '\n')
            break;
    }
    buf[n] = 0;
    if (n == cap - 1 && buf[n - 1] != '\n' && r->pos < r->text.size) {
        complain(r, "the line is too long", "", "", "");
        return NULL;
    }
    return buf;
}

/* ZYD_API_OPEN_READS=yes.  Names outside our sections are other people's. */
static void environment(struct reading *r, char *const *env)
{
    char name[96], upper[96];
    r->line = 0;
    for (; *env != NULL && !r->failed; env++) {
        const char *eq = strchr(*env, '=');
        if (eq == NULL || strncmp(*env, "ZYD_", 4) != 0 || (size_t)(eq - *env) >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(eq - *env), *env);
        r->path = name;
        size_t n = strlen(name);
        bool ours = false, set = false;
        for (size_t i = 0; i < ROWS && !set; i++) {
            int k = snprintf(upper, sizeof upper, "ZYD_%s_", rows[i].section);
            for (char *p = upper; *p != 0; p++)
                *p = (char)toupper((unsigned char)*p);
            ours = ours || strncmp(name, upper, (size_t)k) == 0;
            snprintf(upper + k, sizeof upper - (size_t)k, "%s", rows[i].key);
            for (char *p = upper + k; *p != 0; p++)
                *p = (char)toupper((unsigned char)*p);
            if (strcmp(name, upper) == 0) {
                set = true;
                line_set(r, rows[i].section, rows[i].key, eq + 1);
            }
        }
        if (!set && strncmp(name, "ZYD_PEER_", 9) == 0 && n > 17 && strcmp(name + n - 8, "_ADDRESS") == 0) {
            set = true;
            name[n - 8] = 0;
            peer_set(r, name + 9, eq + 1);
        }
        if (ours && !set)
            complain(r, "unknown setting in the environment; unset it, or see zydd --print-config for what there is", "", "",
                     "");
    }
}

static void standards(struct zyd_config *c)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        if (row->standard == NULL)
            continue;
        if (row->kind == CHOICE)
            choice_set(c, row, choice_of(row->choices, row->standard));
        else
            strcpy((char *)c + row->offset, row->standard);
    }
}

/* What one row alone cannot tell. */
static void across(struct reading *r)
{
    struct zyd_config *c = r->out;
    bool open_to_others = false;
    r->path = c->path;
    for (size_t i = 0; i < ROWS && !r->failed; i++)
        if (rows[i].required && r->seen[i] == 0)
            complain(r, "%s is missing in [%s]: %s", rows[i].key, rows[i].section, rows[i].allowed);
    (void)listen_ok(c->api_listen, &open_to_others);
    int row = row_of("api", "listen");
    r->line = r->seen[row] > 0 ? r->seen[row] : 0;
    if (!r->failed && open_to_others)
        complain(r, "listen = %s would show the API to the network in plain text; allowed: loopback and unix:/path; put a TLS "
                    "proxy in front",
                 c->api_listen, "", "");
    if (!r->failed && c->key_checker[0] != 0 && c->key_maker[0] == 0) {
        r->line = r->seen[row_of("key", "checker")] > 0 ? r->seen[row_of("key", "checker")] : 0;
        complain(r, "[key] checker without maker: the maker signs first; add maker", "", "", "");
    }
}

enum zyd_status zyd_config_parse(struct zyd_config *out, struct zyd_err *err, const char *path, struct zyd_span text,
                                 char *const *env)
{
    struct reading r = {.out = out, .err = err, .path = path, .text = text};
    memset(out, 0, sizeof *out);
    snprintf(out->path, sizeof out->path, "%s", path);
    standards(out);
    ini_max_line = 2048;
    ini_allow_multiline = false;
    int bad = ini_parse_stream(line_read, &r, line_set, &r);
    if (bad > 0 && !r.failed) {
        r.line = bad;
        complain(&r, "neither [section] nor key = value nor a ; comment", "", "", "");
    }
    if (!r.failed && env != NULL)
        environment(&r, env);
    r.line = 0;
    if (!r.failed)
        across(&r);
    return r.failed ? ZYD_E_INVALID : ZYD_OK;
}

enum zyd_status zyd_config_load(struct zyd_config *out, struct zyd_err *err, const char *path)
{
    uint8_t *text;
    size_t size;
    enum zyd_status st = zyd_file_read(&text, &size, err, path, 1u << 20);
    if (st != ZYD_OK)
        return st == ZYD_E_NOT_FOUND ? st : ZYD_E_IO;
    st = zyd_config_parse(out, err, path, zyd_span(text, size), environ);
    free(text);
    return st;
}

char *zyd_config_print(const struct zyd_config *c)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const char *section = "";
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        const char *field = (const char *)c + row->offset;
        if (strcmp(section, row->section) != 0) {
            fprintf(out, "%s[%s]\n", section[0] == 0 ? "" : "\n", row->section);
            section = row->section;
        }
        fprintf(out, "%-15s = ", row->key);
        if (row->kind == HASH) {
            for (size_t k = 0; k < 32; k++)
                fprintf(out, "%02x", c->genesis_hash.b[k]);
        } else if (row->kind == CHOICE) {
            int value = row->offset == FIELD(api_open_reads) ? c->api_open_reads
                        : row->offset == FIELD(log_format)   ? (int)c->log_format
                                                             : (int)c->log_level;
            const char *p = row->choices;
            for (; value > 0; value--)
                p = strchr(p, '|') + 1;
            fprintf(out, "%.*s", (int)strcspn(p, "|"), p);
        } else {
            fprintf(out, "%s", field);
        }
        fprintf(out, "\n");
    }
    for (uint32_t i = 0; i < c->peer_count; i++)
        fprintf(out, "\n[peer \"%s\"]\naddress         = %s\n", c->peers[i].code, c->peers[i].address);
    fclose(out);
    return text;
}
