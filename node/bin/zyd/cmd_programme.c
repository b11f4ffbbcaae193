/* What the members decide on the ledger: programmes, calendars, rates and plugins, from a JSON
 * file.
 *
 *   FILE.json is a programme as in consortium.json, or one of {"rate": {"name", "from", "ppm"}},
 *   {"calendar": {"number", "year", "holidays": ["MM-DD"], "workdays": ["MM-DD"]}}, {"plugin":
 * {"contract", "name", "file"}}. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <zyd/date.h>

#include "ops.h"

#define FILE_MAX (256u << 10)

struct proposal_args {
    uint16_t event;
    struct zyd_wr wr;
};

/* ---- from JSON ---- */

static int wrong(const struct cli *c, const char *what)
{
    return cli_fail(c, ZYD_ERR_FILE_FORMAT, "%s: %s", c->pos[0], what);
}

static bool number(const json_t *o, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const json_t *v = json_object_get(o, name);
    *out = json_integer_value(v);
    return json_is_integer(v) && *out >= min && *out <= max;
}

static int rate_args(const struct cli *c, struct zyd_wr *wr, const json_t *o)
{
    int64_t from, ppm;
    const char *name = json_text(o, "name");
    if (!zyd_code_valid(zyd_span(name, strlen(name))) ||
        !number(o, "from", 19700101, 99991231, &from) || !zyd_date_valid((int32_t)from) ||
        !number(o, "ppm", 0, 1000000, &ppm)) {
        return wrong(c, "{\"rate\": {\"name\": \"LPR1Y\", \"from\": 20260120, \"ppm\": 30000}}");
    }
    zyd_wr_array(wr, 3);
    zyd_wr_str(wr, name, strlen(name));
    zyd_wr_u64(wr, (uint64_t)from);
    zyd_wr_u64(wr, (uint64_t)ppm);
    return 0;
}

/* Sets or clears the days of a list of "MM-DD". */
static bool mark_days(struct zyd_calendar_year *y, const json_t *list, bool working)
{
    int32_t first = y->year * 10000 + 101;
    for (size_t i = 0; i < json_array_size(list); i++) {
        unsigned month, day;
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || strlen(text) != 5 || sscanf(text, "%2u-%2u", &month, &day) != 2) {
            return false;
        }
        int32_t date = y->year * 10000 + (int32_t)(month * 100 + day);
        if (!zyd_date_valid(date)) {
            return false;
        }
        int32_t d = zyd_days_between(first, date);
        uint8_t bit = (uint8_t)(1u << d % 8);
        y->days[d / 8] = (uint8_t)(working ? y->days[d / 8] | bit : y->days[d / 8] & ~bit);
    }
    return true;
}

static int calendar_args(const struct cli *c, struct zyd_wr *wr, const json_t *o)
{
    struct zyd_calendar_year y = {0};
    int64_t calendar, year;
    if (!number(o, "number", 0, ZYD_CALENDARS_MAX - 1, &calendar) ||
        !number(o, "year", 1970, 9998, &year)) {
        return wrong(c, "{\"calendar\": {\"number\": 0, \"year\": 2027, \"holidays\": [\"01-01\"], "
                        "\"workdays\": []}}");
    }
    y.year = (uint16_t)year;
    int32_t first = (int32_t)year * 10000 + 101;
    for (int32_t date = first; date / 10000 == year; date = zyd_date_add(date, 1)) {
        int32_t d = zyd_days_between(first, date);
        if ((zyd_date_to_day(date) + 3) % 7 < 5) { /* day 0 was a Thursday */
            y.days[d / 8] = (uint8_t)(y.days[d / 8] | 1u << d % 8);
        }
    }
    if (!mark_days(&y, json_object_get(o, "holidays"), false) ||
        !mark_days(&y, json_object_get(o, "workdays"), true)) {
        return wrong(c, "\"MM-DD\"");
    }
    zyd_wr_array(wr, 3);
    zyd_wr_u64(wr, (uint64_t)calendar);
    zyd_wr_u64(wr, (uint64_t)year);
    zyd_wr_bin(wr, y.days, sizeof y.days);
    return 0;
}

static int plugin_args(const struct cli *c, struct zyd_wr *wr, const json_t *o)
{
    int64_t contract;
    const char *name = json_text(o, "name"), *file = json_text(o, "file");
    struct zyd_hash hash;
    size_t size = 0;
    if (!number(o, "contract", 1, 65534, &contract) || name[0] == '\0' || strlen(name) > 32 ||
        file[0] == '\0') {
        return wrong(c,
                     "{\"plugin\": {\"contract\": 9, \"name\": \"mine\", \"file\": \"mine.elf\"}}");
    }
    char *image = cli_read(c, file, &size, ZYD_PLUGIN_SIZE_MAX);
    if (!image) {
        return ZYD_EXIT_FILE;
    }
    zyd_sha256(&hash, image, size);
    zyd_wr_array(wr, 4);
    zyd_wr_u64(wr, (uint64_t)contract);
    zyd_wr_str(wr, name, strlen(name));
    zyd_wr_hash(wr, &hash);
    zyd_wr_bin(wr, image, size);
    free(image);
    return 0;
}

static int read_file(const struct client *k, struct proposal_args *out)
{
    const struct cli *c = k->c;
    struct zyd_err err = {0};
    size_t size = 0;
    json_error_t at;
    char *text = cli_read(c, c->pos[0], &size, FILE_MAX);
    if (!text) {
        return ZYD_EXIT_FILE;
    }
    json_t *o = json_loadb(text, size, JSON_REJECT_DUPLICATES, &at);
    int rc = 0;
    if (!o) {
        rc = cli_fail(c, ZYD_ERR_FILE_FORMAT, "%s:%d: %s", c->pos[0], at.line, at.text);
    } else if (json_object_get(o, "rate")) {
        out->event = ZYD_HOST_RATE;
        rc = rate_args(c, &out->wr, json_object_get(o, "rate"));
    } else if (json_object_get(o, "calendar") && json_object_size(o) == 1) {
        out->event = ZYD_HOST_CALENDAR;
        rc = calendar_args(c, &out->wr, json_object_get(o, "calendar"));
    } else if (json_object_get(o, "plugin")) {
        out->event = ZYD_HOST_PLUGIN;
        rc = plugin_args(c, &out->wr, json_object_get(o, "plugin"));
    } else {
        char *plain = json_dumps(o, JSON_COMPACT);
        out->event = ZYD_HOST_PROGRAMME;
        rc = plain && zyd_programme_parse(&out->wr, &err, plain, k->g) == ZYD_OK
                 ? 0
                 : cli_fail_err(c, &err);
        free(plain);
    }
    json_decref(o);
    free(text);
    return rc;
}

/* ---- what stands on the ledger ---- */

static json_t *look_for(struct client *k, int *rc, const char *text)
{
    json_t *page = http_get(k->c, &k->http, rc, "/v1/proposals"), *found = NULL;
    const json_t *items = json_object_get(page, "items");
    for (size_t i = json_array_size(items); i > 0 && !found; i--) {
        json_t *one = json_array_get(items, i - 1);
        bool id = strlen(text) >= 8 && strncmp(json_text(one, "id"), text, strlen(text)) == 0;
        if (id || strcmp(json_text(one, "code"), text) == 0) {
            found = json_incref(one);
        }
    }
    json_decref(page);
    return found;
}

/* The proposal of an id or the start of one, or the newest of a code; NULL after printing.  Another
 * member's node has proposed it a moment ago: this one may be a block behind. */
static json_t *find(struct client *k, int *rc, const char *text)
{
    const struct timespec pause = {0, 50000000};
    int64_t end = zyd_clock_mono_ms() + 2000;
    json_t *found = look_for(k, rc, text);
    while (*rc == 0 && !found && zyd_clock_mono_ms() < end && !cli_interrupted) {
        nanosleep(&pause, NULL);
        found = look_for(k, rc, text);
    }
    if (*rc == 0 && !found) {
        *rc = cli_fail(k->c, ZYD_ERR_NOT_FOUND, TR(k->c, "没有提案 %s", "no proposal %s"), text);
    }
    return found;
}

static void flatten(json_t *o)
{
    char text[512] = "";
    const json_t *list = json_object_get(o, "approvals");
    size_t n = json_array_size(list), used = 0;
    for (size_t i = 0; i < n && used < sizeof text - ZYD_CODE_MAX - 8; i++) {
        const char *code = json_string_value(json_array_get(list, i));
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "",
                                 code ? code : "?");
    }
    json_object_set_new(o, "approved_by", json_string(text));
    snprintf(text, sizeof text, "%zu/%d", n, (int)json_integer_value(json_object_get(o, "needed")));
    json_object_set_new(o, "votes", json_string(text));
}

static const struct column proposal_columns[] = {
    {"id", "提案", "PROPOSAL", 't'},         {"kind", "类别", "KIND", 't'},
    {"code", "代码", "CODE", 't'},           {"state", "状态", "STATE", 't'},
    {"proposer", "提案人", "PROPOSER", 't'}, {"votes", "批准", "APPROVED", 't'},
    {"approved_by", "批准机构", "BY", 't'},  {0}};

static int print_proposal(struct client *k, const char *id)
{
    int rc = 0;
    json_t *o = find(k, &rc, id);
    if (o) {
        flatten(o);
        cli_object(k->c, o, proposal_columns);
    }
    json_decref(o);
    return rc;
}

static int book(struct client *k, const struct zyd_op *op, const struct zyd_hash *id)
{
    json_t *outcome = NULL;
    char hex[65];
    k->env_class = ZYD_ENV_GOVERNANCE;
    int rc = op_run(k, op, false, &outcome);
    json_decref(outcome);
    cli_hex(hex, id->b);
    return rc ? rc : print_proposal(k, hex);
}

static int run_propose(struct cli *c)
{
    struct client k;
    struct zyd_hash digest, id;
    char hex[65], ref[ZYD_CLIENT_REF_MAX + 1];
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS | CLIENT_KEYS | CLIENT_GOVERNS);
    if (rc) {
        return rc;
    }
    uint8_t *buffer = malloc(ZYD_OP_PLUGIN_SIZE_MAX);
    zyd_assert(buffer);
    struct proposal_args args = {.wr = zyd_wr_of(buffer, ZYD_OP_PLUGIN_SIZE_MAX)};
    rc = read_file(&k, &args);
    zyd_sha256(&digest, buffer, args.wr.size); /* the same file is proposed once */
    cli_hex(hex, digest.b);
    snprintf(ref, sizeof ref, "%.32s", cli_opt(c, "ref") ? cli_opt(c, "ref") : hex);
    if (rc == 0) {
        struct zyd_op op = {.event = args.event,
                            .member = (uint16_t)k.me,
                            .client_ref = zyd_span(ref, strlen(ref)),
                            .args = zyd_wr_span(&args.wr)};
        zyd_object_id(&id, 0, 0, op.member, op.client_ref);
        rc = book(&k, &op, &id);
    }
    free(buffer);
    client_close(&k);
    return rc;
}

static int run_vote(struct cli *c)
{
    static const uint8_t none = 0x90;
    struct client k;
    bool revoke = strcmp(c->command->verb, "revoke") == 0;
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS | CLIENT_KEYS | CLIENT_GOVERNS);
    if (rc) {
        return rc;
    }
    json_t *o = find(&k, &rc, c->pos[0]);
    struct zyd_op op = {.event = revoke ? ZYD_HOST_REVOKE : ZYD_HOST_APPROVE,
                        .member = (uint16_t)k.me,
                        .has_object = true,
                        .args = zyd_span(&none, 1)};
    if (rc == 0 && !cli_unhex(op.object.b, json_text(o, "id"))) {
        rc = cli_fail(c, ZYD_ERR_BUG, "%s", json_text(o, "id"));
    }
    rc = rc ? rc : book(&k, &op, &op.object);
    json_decref(o);
    client_close(&k);
    return rc;
}

static int run_list(struct cli *c)
{
    const struct column columns[] = {
        {"code", "代码", "CODE", 't'},
        {"id", "编号", "ID", 'r'},
        {"contract", "合约", "CONTRACT", 't'},
        {c->lang == ZYD_LANG_ZH ? "name_zh" : "name_en", "名称", "NAME", 't'},
        {0}};
    struct client k;
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    bool proposals = cli_opt(c, "proposals") != NULL;
    json_t *page = http_get(c, &k.http, &rc, proposals ? "/v1/proposals" : "/v1/programmes");
    json_t *items = json_object_get(page, "items");
    for (size_t i = 0; proposals && i < json_array_size(items); i++) {
        flatten(json_array_get(items, i));
    }
    if (rc == 0) {
        cli_table(c, items, proposals ? proposal_columns : columns);
    }
    json_decref(page);
    client_close(&k);
    return rc;
}

static int run_show(struct cli *c)
{
    struct client k;
    struct answer a;
    char path[128], code[64];
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    url_escape(code, sizeof code, c->pos[0]);
    snprintf(path, sizeof path, "/v1/programmes/%s", code);
    if (http_call(c, &k.http, &a, &(struct request){.method = "GET", .path = path}) &&
        a.status == 200 && a.json) {
        cli_json(a.json);
    } else {
        rc = print_proposal(&k, c->pos[0]);
    }
    answer_free(&a);
    client_close(&k);
    return rc;
}

/* ---- the table ---- */

static const struct option propose_options[] = {
    {"ref", 0, "TEXT", "提案编号（默认取自内容）",
     "reference of the proposal (default: from its content)"},
    {NULL, 0, NULL, NULL, NULL}};
static const struct option list_options[] = {
    {"proposals", 0, NULL, "列出提案而非方案", "proposals, not programmes"},
    {NULL, 0, NULL, NULL, NULL}};

const struct command programme_commands[] = {
    {"programme", "propose", "online", "FILE.json", "提案：新方案、利率、日历或合约",
     "propose a programme, rate, calendar or plugin", "zyd programme propose county.json --as BANK",
     propose_options, 1, 1, run_propose},
    {"programme", "approve", "online", "PROPOSAL|CODE", "批准提案", "approve a proposal",
     "zyd programme approve COUNTY --as GUAR", NULL, 1, 1, run_vote},
    {"programme", "revoke", "online", "PROPOSAL|CODE", "撤销本机构的提案",
     "take one's own proposal back", "zyd programme revoke COUNTY --as BANK", NULL, 1, 1, run_vote},
    {"programme", "list", "online", "", "方案列表",
     "programmes, or with --proposals what is proposed", "zyd programme list", list_options, 0, 0,
     run_list},
    {"programme", "show", "online", "CODE|PROPOSAL", "方案或提案详情", "one programme or proposal",
     "zyd programme show NAT2080", NULL, 1, 1, run_show},
    {0}};
