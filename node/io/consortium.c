/* consortium.json -> struct zyd_genesis -> canonical body: the one way from JSON to the bytes that are hashed. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <zyd/catalogue.h>
#include <zyd/consortium.h>
#include <zyd/date.h>

#include "consortium_json.h"

static enum zyd_status read_name(struct zyd_span *zh, struct zyd_span *en, struct zyd_err *err, const json_t *o,
                                 const char *where)
{
    static const char *const allowed[] = {"zh", "en", NULL};
    char place[128];
    snprintf(place, sizeof place, "%.110s.name", where);
    const json_t *name = json_object_get(o, "name");
    enum zyd_status s = zyd_cj_members(name, err, place, allowed);
    s = s != ZYD_OK ? s : zyd_cj_str(zh, err, name, place, "zh", 1, 60);
    return s != ZYD_OK ? s : zyd_cj_str(en, err, name, place, "en", 1, 60);
}

enum zyd_status zyd_cj_member(struct zyd_member *m, struct zyd_err *err, const json_t *o, const char *where)
{
    static const char *const allowed[] = {"code", "uscc", "name", "role", "validator", "address", "keys", NULL};
    static const char *const key_allowed[] = {"purpose", "public", "proof", NULL};
    struct zyd_span role;
    memset(m, 0, sizeof *m);
    enum zyd_status s = zyd_cj_members(o, err, where, allowed);
    s = s != ZYD_OK ? s : zyd_cj_str(&m->code, err, o, where, "code", 1, ZYD_CODE_MAX);
    s = s != ZYD_OK ? s : zyd_cj_str(&m->uscc, err, o, where, "uscc", 18, 18);
    s = s != ZYD_OK ? s : read_name(&m->name_zh, &m->name_en, err, o, where);
    s = s != ZYD_OK ? s : zyd_cj_str(&m->address, err, o, where, "address", 0, 255);
    s = s != ZYD_OK ? s : zyd_cj_str(&role, err, o, where, "role", 1, 12);
    if (s != ZYD_OK) {
        return s;
    }
    int r = zyd_role_of((const char *)role.data);
    const json_t *keys = json_object_get(o, "keys"), *validator = json_object_get(o, "validator");
    size_t count = json_array_size(keys);
    if (r < 0) {
        return zyd_cj_fail(err, where, "role must be BANK, GUAR, REG, NFGF, FISCAL, AUD or OTHER");
    }
    if (!json_is_boolean(validator)) {
        return zyd_cj_fail(err, where, "validator must be true or false");
    }
    if (count < 1 || count > ZYD_MEMBER_KEYS_MAX) {
        return zyd_cj_fail(err, where, "1 to 16 keys are expected");
    }
    m->role = (uint8_t)r;
    m->flags = json_is_true(validator) ? ZYD_MEMBER_VALIDATOR : 0;
    m->key_count = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
        const json_t *k = json_array_get(keys, i);
        char place[128];
        snprintf(place, sizeof place, "%.100s.keys[%zu]", where, i);
        s = zyd_cj_members(k, err, place, key_allowed);
        s = s != ZYD_OK ? s : zyd_cj_hex(m->keys[i].pk.b, ZYD_PK_SIZE, err, k, place, "public");
        if (s != ZYD_OK) {
            return s;
        }
        int purpose = zyd_key_purpose_of(json_string_value(json_object_get(k, "purpose")));
        if (purpose < 0) {
            return zyd_cj_fail(err, place, "purpose must be node, link, maker or checker");
        }
        m->keys[i].purpose = (uint8_t)purpose;
    }
    return ZYD_OK;
}

static enum zyd_status read_limits(struct zyd_genesis *g, struct zyd_err *err, const json_t *root)
{
    static const char *const allowed[] = {"fuel_block",   "fuel_call",    "window_ms",    "pace_ms",     "delta_ms",
                                          "delta_max_ms", "heartbeat_ms", "precision_ms", "msgdelay_ms", NULL};
    /* ledger.md 2.8, consensus.md 1.6, 1.8, 1.10: {LAN, WAN} */
    static const int64_t preset[9][2] = {{50000000, 50000000}, {5000000, 5000000}, {600000, 600000}, {5, 100},    {100, 300},
                                         {3000, 3000},         {60000, 60000},     {500, 500},       {2000, 2000}};
    const json_t *o = json_object_get(root, "limits");
    const char *name = json_string_value(json_object_get(root, "preset"));
    int64_t v[9];
    if (!name || (strcmp(name, "LAN") != 0 && strcmp(name, "WAN") != 0)) {
        return zyd_cj_fail(err, "preset", "LAN or WAN is expected");
    }
    g->preset = strcmp(name, "WAN") == 0;
    enum zyd_status s = o ? zyd_cj_members(o, err, "limits", allowed) : ZYD_OK;
    for (size_t i = 0; i < 9 && s == ZYD_OK; i++) {
        s = zyd_cj_int(&v[i], err, o, "limits", allowed[i], 0, i < 2 ? INT64_C(1000000000000) : 86400000,
                       &preset[i][g->preset]);
    }
    if (s == ZYD_OK) {
        g->fuel_block = (uint64_t)v[0];
        g->fuel_call = (uint64_t)v[1];
        g->window_ms = (uint64_t)v[2];
        g->pace_ms = (uint32_t)v[3];
        g->delta_ms = (uint32_t)v[4];
        g->delta_max_ms = (uint32_t)v[5];
        g->heartbeat_ms = (uint32_t)v[6];
        g->precision_ms = (uint32_t)v[7];
        g->msgdelay_ms = (uint32_t)v[8];
    }
    return s;
}

static enum zyd_status read_plugins(struct zyd_genesis *g, struct zyd_err *err, const json_t *root)
{
    static const char *const allowed[] = {"contract", "name", "sha256", NULL};
    const json_t *list = json_object_get(root, "plugins");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > ZYD_PLUGINS_MAX) {
        return zyd_cj_fail(err, "plugins", "a list of at most 32 is expected");
    }
    g->plugin_count = (uint16_t)count;
    for (size_t i = 0; i < count; i++) {
        const json_t *o = json_array_get(list, i);
        char where[32];
        int64_t number;
        snprintf(where, sizeof where, "plugins[%zu]", i);
        enum zyd_status s = zyd_cj_members(o, err, where, allowed);
        s = s != ZYD_OK ? s : zyd_cj_int(&number, err, o, where, "contract", 1, 65534, NULL);
        s = s != ZYD_OK ? s : zyd_cj_str(&g->plugins[i].name, err, o, where, "name", 1, 32);
        s = s != ZYD_OK ? s : zyd_cj_hex(g->plugins[i].hash.b, 32, err, o, where, "sha256");
        if (s != ZYD_OK) {
            return s;
        }
        g->plugins[i].contract = (uint16_t)number;
    }
    return ZYD_OK;
}

/* Dates "MM-DD" that differ from Monday to Friday. */
static enum zyd_status mark_days(struct zyd_calendar_year *y, struct zyd_err *err, const json_t *list, const char *where,
                                 bool working)
{
    size_t count = json_array_size(list);
    if (list && (!json_is_array(list) || count > 366)) {
        return zyd_cj_fail(err, where, "a list of days \"MM-DD\" is expected");
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        int month = 0, day = 0, used = 0;
        if (!text || sscanf(text, "%2d-%2d%n", &month, &day, &used) != 2 || used != 5 || text[5] ||
            !zyd_date_valid(y->year * 10000 + month * 100 + day)) {
            return zyd_cj_fail(err, where, "a day \"MM-DD\" of the year is expected");
        }
        int32_t d = zyd_date_to_day(y->year * 10000 + month * 100 + day) - zyd_date_to_day(y->year * 10000 + 101);
        uint8_t bit = (uint8_t)(1u << (d % 8));
        if (((y->days[d / 8] & bit) != 0) == working) {
            return zyd_cj_fail(err, where, working ? "is a working day already" : "is a day off already, or named twice");
        }
        y->days[d / 8] ^= bit;
    }
    return ZYD_OK;
}

static enum zyd_status read_calendars(struct zyd_genesis *g, struct zyd_err *err, const json_t *root)
{
    static const char *const allowed[] = {"year", "holidays", "workdays", NULL};
    const json_t *list = json_object_get(root, "calendars");
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > 4) {
        return zyd_cj_fail(err, "calendars", "a list of at most 4 is expected");
    }
    g->calendar_count = (uint16_t)count;
    for (size_t c = 0; c < count; c++) {
        const json_t *years = json_array_get(list, c);
        size_t n = json_array_size(years);
        char where[64];
        snprintf(where, sizeof where, "calendars[%zu]", c);
        if (!json_is_array(years) || n < 1 || n > ZYD_CALENDAR_YEARS_MAX) {
            return zyd_cj_fail(err, where, "a list of 1 to 40 years is expected");
        }
        g->calendars[c].year_count = (uint8_t)n;
        for (size_t i = 0; i < n; i++) {
            struct zyd_calendar_year *y = &g->calendars[c].years[i];
            const json_t *o = json_array_get(years, i);
            int64_t year = 0;
            snprintf(where, sizeof where, "calendars[%zu][%zu]", c, i);
            enum zyd_status s = zyd_cj_members(o, err, where, allowed);
            s = s != ZYD_OK ? s : zyd_cj_int(&year, err, o, where, "year", 1970, 9998, NULL);
            if (s != ZYD_OK) {
                return s;
            }
            y->year = (uint16_t)year;
            int32_t first = zyd_date_to_day((int32_t)year * 10000 + 101);
            int32_t days = zyd_date_to_day((int32_t)(year + 1) * 10000 + 101) - first;
            for (int32_t d = 0; d < days; d++) {
                if ((first + d + 3) % 7 < 5) { /* 1970-01-01 was a Thursday: 0 is Monday */
                    y->days[d / 8] |= (uint8_t)(1u << (d % 8));
                }
            }
            s = mark_days(y, err, json_object_get(o, "holidays"), where, false);
            s = s != ZYD_OK ? s : mark_days(y, err, json_object_get(o, "workdays"), where, true);
            if (s != ZYD_OK) {
                return s;
            }
        }
    }
    return ZYD_OK;
}

/* One programme; its parameters into wr, which p then points into. */
static enum zyd_status read_programme(struct zyd_programme *p, struct zyd_wr *wr, struct zyd_err *err, const json_t *o,
                                      const char *where, const struct zyd_genesis *g)
{
    static const char *const allowed[] = {"id",   "contract", "code",         "name",       "class",
                                          "dual", "calendar", "pending_days", "settlement", "params", NULL};
    static const int64_t zero = 0, ten = 10;
    int64_t id, contract, class_, calendar, days, settlement;
    enum zyd_status s = zyd_cj_members(o, err, where, allowed);
    s = s != ZYD_OK ? s : zyd_cj_int(&id, err, o, where, "id", 1, 65534, NULL);
    s = s != ZYD_OK ? s : zyd_cj_int(&contract, err, o, where, "contract", 1, 65534, NULL);
    s = s != ZYD_OK ? s : zyd_cj_int(&class_, err, o, where, "class", 0, 255, &zero);
    s = s != ZYD_OK ? s : zyd_cj_int(&calendar, err, o, where, "calendar", 0, 3, &zero);
    s = s != ZYD_OK ? s : zyd_cj_int(&days, err, o, where, "pending_days", 1, 250, &ten);
    s = s != ZYD_OK ? s : zyd_cj_int(&settlement, err, o, where, "settlement", 0, 65534, &zero);
    s = s != ZYD_OK ? s : zyd_cj_str(&p->code, err, o, where, "code", 1, ZYD_CODE_MAX);
    s = s != ZYD_OK ? s : read_name(&p->name_zh, &p->name_en, err, o, where);
    if (s != ZYD_OK) {
        return s;
    }
    p->id = (uint16_t)id;
    p->contract = (uint16_t)contract;
    p->class_ = (uint8_t)class_;
    p->calendar = (uint16_t)calendar;
    p->pending_days = (uint16_t)days;
    p->settlement = (uint16_t)settlement;
    p->dual = json_is_true(json_object_get(o, "dual"));
    char contract_name[33] = "";
    for (size_t k = 0; k < g->plugin_count; k++) {
        if (g->plugins[k].contract == p->contract) {
            snprintf(contract_name, sizeof contract_name, "%.*s", (int)g->plugins[k].name.size,
                     (const char *)g->plugins[k].name.data);
        }
    }
    char *params = json_dumps(json_object_get(o, "params"), JSON_COMPACT | JSON_ENCODE_ANY);
    size_t start = wr->size;
    s = params ? zyd_params_encode(wr, err, contract_name, params, g) : zyd_cj_fail(err, where, "params: missing");
    free(params);
    if (s == ZYD_OK && wr->full) {
        s = zyd_cj_fail(err, where, "params: too long");
    }
    p->params = zyd_span(wr->data + start, wr->size - start);
    return s;
}

static enum zyd_status read_programmes(struct zyd_genesis *g, struct zyd_err *err, const json_t *root, uint8_t *buffer,
                                       size_t cap)
{
    const json_t *list = json_object_get(root, "programmes");
    size_t count = json_array_size(list);
    struct zyd_wr wr = zyd_wr_of(buffer, cap);
    enum zyd_status s = ZYD_OK;
    if (!json_is_array(list) || count > ZYD_PROGRAMMES_MAX) {
        return zyd_cj_fail(err, "programmes", "a list of at most 255 is expected");
    }
    g->programme_count = (uint16_t)count;
    for (size_t i = 0; i < count && s == ZYD_OK; i++) {
        char where[40];
        snprintf(where, sizeof where, "programmes[%zu]", i);
        s = read_programme(&g->programmes[i], &wr, err, json_array_get(list, i), where, g);
    }
    return s;
}

enum zyd_status zyd_programme_parse(struct zyd_wr *wr, struct zyd_err *err, const char *json, const struct zyd_genesis *g)
{
    uint8_t buffer[2 * ZYD_PROGRAMME_PARAMS_MAX];
    struct zyd_wr params = zyd_wr_of(buffer, sizeof buffer);
    struct zyd_programme p = {0};
    json_error_t at;
    json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, &at);
    if (o == NULL) {
        return zyd_cj_fail(err, "programme", at.text);
    }
    enum zyd_status s = read_programme(&p, &params, err, o, "programme", g);
    const char *why = s == ZYD_OK ? zyd_programme_fault(&p) : NULL;
    s = why != NULL ? zyd_cj_fail(err, "programme", why) : s;
    if (s == ZYD_OK) {
        zyd_programme_encode(wr, &p);
    }
    json_decref(o);
    return s;
}

static int member_index(const struct zyd_genesis *g, const json_t *code)
{
    for (uint16_t i = 0; json_is_string(code) && i < g->member_count; i++) {
        if (g->members[i].code.size == json_string_length(code) &&
            memcmp(g->members[i].code.data, json_string_value(code), g->members[i].code.size) == 0) {
            return i;
        }
    }
    return -1;
}

static enum zyd_status read_openings(struct zyd_genesis *g, struct zyd_err *err, const json_t *root)
{
    static const char *const allowed[] = {"member", "programme", "dr", "cr", "amount_fen", NULL};
    const json_t *list = json_object_get(root, "openings");
    size_t count = json_array_size(list);
    if ((list && !json_is_array(list)) || count > ZYD_OPENINGS_MAX) {
        return zyd_cj_fail(err, "openings", "a list of at most 256 is expected");
    }
    g->opening_count = (uint16_t)count;
    for (size_t i = 0; i < count; i++) {
        struct zyd_opening *p = &g->openings[i];
        const json_t *o = json_array_get(list, i);
        struct zyd_span fen;
        int64_t programme;
        char where[40], *end = NULL;
        snprintf(where, sizeof where, "openings[%zu]", i);
        enum zyd_status s = zyd_cj_members(o, err, where, allowed);
        s = s != ZYD_OK ? s : zyd_cj_int(&programme, err, o, where, "programme", 0, 65534, NULL);
        s = s != ZYD_OK ? s : zyd_cj_str(&p->dr, err, o, where, "dr", 1, ZYD_ACCOUNT_MAX);
        s = s != ZYD_OK ? s : zyd_cj_str(&p->cr, err, o, where, "cr", 1, ZYD_ACCOUNT_MAX);
        s = s != ZYD_OK ? s : zyd_cj_str(&fen, err, o, where, "amount_fen", 1, 17);
        if (s != ZYD_OK) {
            return s;
        }
        int member = member_index(g, json_object_get(o, "member"));
        long long amount = strtoll((const char *)fen.data, &end, 10);
        if (member < 0) {
            return zyd_cj_fail(err, where, "member: no such code");
        }
        if (*end || amount <= 0 || amount > ZYD_MONEY_MAX || fen.data[0] < '1' || fen.data[0] > '9') {
            return zyd_cj_fail(err, where, "amount_fen: a text of digits is expected");
        }
        p->member = (uint16_t)member;
        p->programme = (uint16_t)programme;
        p->amount.fen = amount;
    }
    return ZYD_OK;
}

#define PARAMS_ALL_MAX (ZYD_PROGRAMMES_MAX * 3500u)

static enum zyd_status read_all(struct zyd_genesis *g, struct zyd_err *err, const json_t *root, uint8_t *params)
{
    static const char *const allowed[] = {"format",    "name",    "development", "dual_governance", "preset",    "created",
                                          "limits",    "plugins", "members",     "programmes",      "calendars", "openings",
                                          "approvals", NULL};
    const json_t *created = json_object_get(root, "created");
    const json_t *members = json_object_get(root, "members");
    struct zyd_span format;
    int64_t ms = 0;
    enum zyd_status s = zyd_cj_members(root, err, "consortium", allowed);
    s = s != ZYD_OK ? s : zyd_cj_str(&format, err, root, "consortium", "format", 1, 32);
    s = s != ZYD_OK ? s : read_name(&g->name_zh, &g->name_en, err, root, "consortium");
    if (s != ZYD_OK) {
        return s;
    }
    if (strcmp((const char *)format.data, ZYD_CONSORTIUM_FORMAT) != 0) {
        return zyd_cj_fail(err, "format", "this program reads " ZYD_CONSORTIUM_FORMAT);
    }
    if (!json_is_string(created) || !zyd_rfc3339_parse(&ms, json_string_value(created))) {
        return zyd_cj_fail(err, "created", "a time like 2026-09-01T09:00:00+08:00 is expected");
    }
    size_t count = json_array_size(members);
    if ((members && !json_is_array(members)) || count > ZYD_MEMBERS_MAX) {
        return zyd_cj_fail(err, "members", "a list of at most 64 is expected");
    }
    g->created_ms = (uint64_t)ms;
    g->flags = json_is_true(json_object_get(root, "development")) ? ZYD_GENESIS_DEVELOPMENT : 0;
    g->flags = (uint8_t)(g->flags | (json_is_true(json_object_get(root, "dual_governance")) ? ZYD_GENESIS_DUAL : 0));
    g->member_count = (uint16_t)count;
    for (size_t i = 0; i < count && s == ZYD_OK; i++) {
        char where[32];
        snprintf(where, sizeof where, "members[%zu]", i);
        s = zyd_cj_member(&g->members[i], err, json_array_get(members, i), where);
    }
    s = s != ZYD_OK ? s : read_limits(g, err, root);
    s = s != ZYD_OK ? s : read_plugins(g, err, root);
    s = s != ZYD_OK ? s : read_calendars(g, err, root);
    if (s != ZYD_OK || count == 0) {
        return s; /* a draft: parameters that name members and openings are read once there are members */
    }
    s = read_programmes(g, err, root, params, PARAMS_ALL_MAX);
    return s != ZYD_OK ? s : read_openings(g, err, root);
}

/* The one function that makes bytes from JSON. */
static enum zyd_status make_body(struct zyd_consortium *c, struct zyd_err *err)
{
    struct zyd_genesis *g = calloc(1, sizeof *g);
    uint8_t *params = malloc(PARAMS_ALL_MAX);
    enum zyd_status s = ZYD_E_IO;
    const char *why = NULL;
    c->body = malloc(ZYD_GENESIS_SIZE_MAX);
    c->genesis = calloc(1, sizeof *c->genesis);
    if (!g || !params || !c->body || !c->genesis) {
        zyd_err_set(err, ZYD_ERR_BUG, "out of memory");
        goto out;
    }
    s = read_all(g, err, c->root, params);
    if (s != ZYD_OK) {
        goto out;
    }
    if (g->member_count == 0) {
        free(c->genesis);
        c->genesis = NULL;
        goto out;
    }
    struct zyd_wr wr = zyd_wr_of(c->body, ZYD_GENESIS_SIZE_MAX);
    zyd_genesis_encode(&wr, g);
    if (wr.full) {
        s = zyd_cj_fail(err, "consortium", "larger than 1 MiB");
        goto out;
    }
    s = zyd_genesis_decode(c->genesis, &why, zyd_wr_span(&wr));
    if (s != ZYD_OK) {
        zyd_err_set(err, ZYD_ERR_FILE_FORMAT, "the consortium breaks a rule: %s", why ? why : zyd_status_text(s));
    }
out:
    free(g);
    free(params);
    return s;
}

enum zyd_status zyd_consortium_parse(struct zyd_consortium **out, struct zyd_err *err, struct zyd_span text)
{
    struct zyd_consortium *c = calloc(1, sizeof *c);
    *out = NULL;
    if (!c) {
        zyd_err_set(err, ZYD_ERR_BUG, "out of memory");
        return ZYD_E_IO;
    }
    enum zyd_status s = zyd_cj_text(&c->root, err, text);
    s = s != ZYD_OK ? s : make_body(c, err);
    if (s != ZYD_OK) {
        zyd_consortium_free(c);
        return s;
    }
    *out = c;
    return ZYD_OK;
}

enum zyd_status zyd_consortium_open(struct zyd_consortium **out, struct zyd_err *err, const char *path)
{
    uint8_t *text = NULL;
    size_t size = 0;
    *out = NULL;
    enum zyd_status s = zyd_file_read(&text, &size, err, path, ZYD_CONSORTIUM_TEXT_MAX);
    if (s == ZYD_OK) {
        struct zyd_err inner = {0};
        s = zyd_consortium_parse(out, &inner, zyd_span(text, size));
        if (s != ZYD_OK) {
            zyd_err_set(err, inner.code, "%.160s: %.340s", path, inner.text);
        }
    }
    free(text);
    return s;
}

void zyd_consortium_free(struct zyd_consortium *c)
{
    if (c) {
        json_decref(c->root);
        free(c->genesis);
        free(c->body);
        free(c);
    }
}

const struct zyd_genesis *zyd_consortium_genesis(const struct zyd_consortium *c)
{
    return c->genesis;
}

enum zyd_status zyd_consortium_load(uint8_t **body, size_t *size, struct zyd_hash *hash, uint64_t *approvals,
                                    struct zyd_err *err, const char *path)
{
    struct zyd_consortium *c = NULL;
    *body = NULL;
    *size = 0;
    enum zyd_status s = zyd_consortium_open(&c, err, path);
    if (s != ZYD_OK) {
        return s;
    }
    if (!c->genesis) {
        zyd_err_set(err, ZYD_ERR_FILE_FORMAT, "%.300s: a draft without members", path);
        s = ZYD_E_INVALID;
    }
    s = s != ZYD_OK ? s : zyd_consortium_check_proofs(err, c);
    s = s != ZYD_OK ? s : zyd_consortium_approvals(approvals, err, c);
    if (s == ZYD_OK) {
        *body = c->body;
        *size = c->genesis->body.size;
        *hash = c->genesis->hash;
        c->body = NULL;
    }
    zyd_consortium_free(c);
    return s;
}
