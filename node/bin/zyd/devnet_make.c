/* A consortium of four institutions on this machine, made by the same ceremony as a real one. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <zyd/date.h>

#include "devnet.h"

/* Working days: the published days off of 2025 and 2026; from 2027 the fixed festivals only, for examples. */
static const char policy_calendar[] =
    "[[{\"year\":2024,\"holidays\":[\"01-01\",\"10-01\",\"10-02\",\"10-03\",\"10-04\",\"10-07\"],\"workdays\":[\"10-12\"]},"
    "{\"year\":2025,\"holidays\":[\"01-01\",\"01-28\",\"01-29\",\"01-30\",\"01-31\",\"02-03\",\"02-04\",\"04-04\",\"05-01\","
    "\"05-02\",\"05-05\",\"06-02\",\"10-01\",\"10-02\",\"10-03\",\"10-06\",\"10-07\",\"10-08\"],"
    "\"workdays\":[\"01-26\",\"02-08\",\"04-27\",\"09-28\",\"10-11\"]},"
    "{\"year\":2026,\"holidays\":[\"01-01\",\"01-02\",\"02-16\",\"02-17\",\"02-18\",\"02-19\",\"02-20\",\"02-23\",\"04-06\","
    "\"05-01\",\"05-04\",\"05-05\",\"06-19\",\"09-25\",\"10-01\",\"10-02\",\"10-05\",\"10-06\",\"10-07\"],"
    "\"workdays\":[\"01-04\",\"02-14\",\"02-28\",\"05-09\",\"09-20\",\"10-10\"]},"
    "{\"year\":2027,\"holidays\":[\"01-01\",\"10-01\"]},{\"year\":2028,\"holidays\":[\"05-01\"]},"
    "{\"year\":2029,\"holidays\":[\"01-01\",\"05-01\",\"10-01\"]},{\"year\":2030,\"holidays\":[\"01-01\",\"05-01\",\"10-01\"]},"
    "{\"year\":2031},{\"year\":2032}]]";
/* The programmes of contracts/guarantee/examples: nat2080.json, ah4321.json. */
static const char policy_programmes[] =
    "[{\"id\":1,\"contract\":1,\"code\":\"NAT2080\",\"name\":{\"zh\":\"总对总批量担保\","
    "\"en\":\"National batch guarantee 20:80\"},\"class\":1,\"dual\":false,\"calendar\":0,\"pending_days\":10,"
    "\"params\":{\"preset\":\"NAT2080\",\"class\":1,\"banks\":[\"BANK\"],\"evidence\":[\"overdue notice\","
    "\"loan contract\"],\"settle\":\"GROSS\",\"cover\":\"INTEREST\",\"batch\":true,\"file_later_days\":90,"
    "\"rate_cap\":\"6.5%\",\"loan_basis\":\"360\",\"settle_day\":20,\"settle_months\":[3,6,9,12],\"fee_ppm\":\"1%\","
    "\"fee_basis\":\"365\",\"refee_reg_ppm\":\"0.3%\",\"refee_nfgf_ppm\":\"0.3%\","
    "\"household_cap_fen\":\"1000000000\",\"term_max\":1096,\"auto_limit_fen\":\"500000000\","
    "\"auto_claim_fen\":\"300000000\",\"grace\":3,\"claim_open_days\":60,\"claim_close_days\":180,"
    "\"cap_ppm\":\"3%\",\"cap_overflow\":\"BANK\",\"warn_ppm\":\"2.4%\",\"cost_limit_fen\":\"5000000\"}},{\"id\":2,"
    "\"contract\":1,\"code\":\"AH4321\",\"name\":{\"zh\":\"安徽4321新型政银担\",\"en\":\"Anhui 4321\"},"
    "\"class\":1,\"dual\":false,\"calendar\":0,\"pending_days\":10,\"params\":{\"preset\":\"AH4321\",\"class\":1,"
    "\"banks\":[\"BANK\"],\"evidence\":[\"overdue notice\",\"loan contract\"],\"settle\":\"GROSS\","
    "\"cover\":\"PRINCIPAL\",\"batch\":false,\"rate_cap\":\"6.5%\",\"fee_ppm\":\"1%\",\"refee_reg_ppm\":\"0.3%\","
    "\"household_cap_fen\":\"2000000000\",\"term_max\":1096,\"grace\":3,\"cap_ppm\":\"5%\","
    "\"cap_overflow\":\"REJECT\",\"warn_ppm\":\"4%\"}}]";

/* Programmes of the other products, where this build has their plugins (also that of a cycle that nets them): one of each, and
 * a guarantee that is netted. */
static const char *const more_programmes[] = {
    "{\"id\":3,\"contract\":2,\"code\":\"POOL\",\"name\":{\"zh\":\"县级风险补偿资金池\",\"en\":\"County risk pool\"},"
    "\"class\":1,\"dual\":false,\"calendar\":0,\"pending_days\":10,\"params\":{\"trustee\":\"GUAR\",\"dept\":\"LGOV\","
    "\"layers\":\"COUNTY LGOV 0 70%; REGUAR REG 0 "
    "30%\",\"ratios\":\"50%\",\"banks\":\"BANK\",\"settle\":\"GROSS\",\"warn_ppm\":0,"
    "\"stop_ppm\":0}}",
    "{\"id\":4,\"contract\":3,\"code\":\"SUBSIDY\",\"name\":{\"zh\":\"服务业贷款贴息\",\"en\":\"Service loans, one point\"},"
    "\"class\":1,\"dual\":false,\"calendar\":0,\"pending_days\":10,\"params\":{\"preset\":\"SERVICE1PP\",\"dept\":\"LGOV\","
    "\"banks\":\"BANK\",\"cost\":\"LGOV=100%\"}}",
    "{\"id\":5,\"contract\":4,\"code\":\"VOUCHER\",\"name\":{\"zh\":\"农业供应链凭证\",\"en\":\"Agri supply-chain vouchers\"},"
    "\"class\":1,\"dual\":false,\"calendar\":0,\"pending_days\":10,\"settlement\":6,\"params\":{\"settle\":\"NET\"}}",
    "{\"id\":6,\"contract\":5,\"code\":\"CYCLE\",\"name\":{\"zh\":\"多边轧差清算\",\"en\":\"Netting cycles\"},"
    "\"class\":1,\"dual\":false,\"calendar\":0,\"pending_days\":10,\"params\":{\"cut_off\":960}}",
    "{\"id\":7,\"contract\":1,\"code\":\"AHNET\",\"name\":{\"zh\":\"新型政银担（轧差清算）\",\"en\":\"Anhui 4321, netted\"},"
    "\"class\":1,\"dual\":false,\"calendar\":0,\"pending_days\":10,\"settlement\":6,\"params\":{"
    "\"preset\":\"AH4321\",\"class\":1,"
    "\"banks\":[\"BANK\"],\"evidence\":[\"overdue notice\",\"loan contract\"],\"settle\":\"NET\",\"cover\":\"INTEREST\","
    "\"rate_cap\":\"6.5%\",\"fee_ppm\":\"1%\",\"refee_reg_ppm\":\"0.3%\",\"household_cap_fen\":\"2000000000\","
    "\"term_max\":1096,\"grace\":3,\"cap_ppm\":\"0\"}}"};

static const struct {
    const char *code, *zh, *en;
    uint8_t role;
    bool node;
} cast[] = {{"BANK", "示范银行A", "Demo Bank A", ZYD_ROLE_BANK, true},
            {"GUAR", "示范担保", "Demo Guarantee", ZYD_ROLE_GUAR, true},
            {"REG", "示范再担保", "Demo Re-guarantee", ZYD_ROLE_REG, true},
            {"LGOV", "示范县财政局", "Demo County Finance Bureau", ZYD_ROLE_FISCAL, true},
            {"NFGF", "国家融资担保基金（示范）", "National Guarantee Fund (demo)", ZYD_ROLE_NFGF, false},
            {"PFIN", "示范省财政厅", "Demo Provincial Finance", ZYD_ROLE_FISCAL, false},
            {"CITY", "示范市财政局", "Demo City Finance", ZYD_ROLE_FISCAL, false},
            {"COUNTY", "示范区财政局", "Demo District Finance", ZYD_ROLE_FISCAL, false},
            {"CITY_G", "示范市担保", "Demo City Guarantee", ZYD_ROLE_GUAR, false},
            {"COUNTY_G", "示范区担保", "Demo District Guarantee", ZYD_ROLE_GUAR, false},
            {"CORE", "示范龙头企业", "Demo Leading Firm", ZYD_ROLE_OTHER, false},
            {"COOP", "示范合作社", "Demo Cooperative", ZYD_ROLE_OTHER, false},
            {"SEED", "示范种业", "Demo Seed Supplier", ZYD_ROLE_OTHER, false},
            {"INSURER", "示范保险", "Demo Insurance", ZYD_ROLE_OTHER, false},
            {"TAX", "示范税务局", "Demo Tax Bureau", ZYD_ROLE_OTHER, false},
            {"AUD", "示范审计", "Demo Auditor", ZYD_ROLE_AUD, false}};
#define CAST_COUNT (sizeof cast / sizeof cast[0])
#define DEFAULT_COUNT 5u /* four nodes and the national fund, which only signs */

static int cast_index(const char *code)
{
    for (size_t i = 0; i < CAST_COUNT; i++) {
        if (strcmp(cast[i].code, code) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* An invented social credit code with a right check character. */
static void uscc_of(char out[19], size_t index)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    snprintf(out, 19, "91430100MA4TEXT%02u?", (unsigned)(index % 100));
    for (size_t i = 0; i < sizeof alphabet - 1; i++) {
        out[17] = alphabet[i];
        if (zyd_uscc_valid(zyd_span(out, 18))) {
            return;
        }
    }
}

static int add_member(const struct cli *c, struct devnet *d, const char *code, uint8_t role, bool node)
{
    int i = cast_index(code);
    if (devnet_find(d, code)) {
        return 0;
    }
    if (d->count == ZYD_MEMBERS_MAX) {
        return cli_fail(c, ZYD_ERR_USAGE, "> %u", ZYD_MEMBERS_MAX);
    }
    struct devnet_member *m = &d->members[d->count++];
    *m = (struct devnet_member){.node = node, .role = role};
    snprintf(m->code, sizeof m->code, "%s", code);
    snprintf(m->name_zh, sizeof m->name_zh, "%s", i < 0 ? code : cast[i].zh);
    snprintf(m->name_en, sizeof m->name_en, "%s", i < 0 ? code : cast[i].en);
    m->peer_port = node ? zyd_port_find() : 0;
    m->api_port = node ? zyd_port_find() : 0;
    if (node && (m->peer_port == 0 || m->api_port == 0)) {
        return cli_fail(c, ZYD_ERR_ADDRESS, "127.0.0.1");
    }
    return 0;
}

/* Keys, join request and tokens of one institution, in its own directory. */
static int make_member(const struct cli *c, const struct devnet *d, const struct devnet_member *m, char **join)
{
    static const uint8_t purposes[] = {ZYD_KEY_NODE, ZYD_KEY_LINK, ZYD_KEY_MAKER, ZYD_KEY_CHECKER};
    static const char *const roles[] = {"maker", "operator", "governor"};
    struct zyd_key keys[4];
    struct zyd_err err = {0};
    char path[CLI_PATH_MAX], uscc[19], address[64] = "", tokens[512] = "";
    size_t from = m->node ? 0 : 2, used = 0;
    uscc_of(uscc, (size_t)(m - d->members));
    cli_path(path, "%s/%s/keys", d->dir, m->code);
    enum zyd_status s = cli_mkdirs(&err, path);
    for (size_t k = from; s == ZYD_OK && k < 4; k++) {
        zyd_key_generate(&keys[k], purposes[k]);
        cli_path(path, "%s/%s/keys/%s.key", d->dir, m->code, zyd_key_purpose_text(purposes[k]));
        s = zyd_key_save(&err, path, &keys[k], "", 0);
    }
    if (m->node) {
        snprintf(address, sizeof address, "127.0.0.1:%d", m->peer_port);
    }
    struct zyd_join j = {m->code, uscc, m->name_zh, m->name_en, address, m->role, m->node};
    s = s != ZYD_OK ? s : zyd_join_make(join, &err, &j, keys + from, 4 - from);
    sodium_memzero(keys, sizeof keys);
    for (size_t r = 0; s == ZYD_OK && m->node && r < 3; r++) {
        uint8_t secret[32];
        struct zyd_hash hash;
        char text[66], hex[65];
        randombytes_buf(secret, sizeof secret);
        cli_hex(text, secret);
        zyd_sha256(&hash, text, 64);
        cli_hex(hex, hash.b);
        used += (size_t)snprintf(tokens + used, sizeof tokens - used, "%s all %s %s\n", roles[r], hex, m->code);
        memcpy(text + 64, "\n", 2);
        cli_path(path, "%s/%s/%s.token", d->dir, m->code, roles[r]);
        s = zyd_file_write_atomic(&err, path, text, 65, 0600);
        sodium_memzero(text, sizeof text);
    }
    if (s == ZYD_OK && m->node) {
        cli_path(path, "%s/%s/tokens", d->dir, m->code);
        s = zyd_file_write_atomic(&err, path, tokens, used, 0600);
    }
    return s != ZYD_OK ? cli_fail_err(c, &err) : 0;
}

bool devnet_plugin_path(char out[CLI_PATH_MAX], const char *product)
{
    char name[64];
    snprintf(name, sizeof name, "plugins/%s.elf", product);
    if (cli_find_program(out, name)) {
        return true;
    }
    cli_path(out, "/usr/lib/zyd/%s", name);
    return access(out, R_OK) == 0;
}

/* Copies a contract's image under its hash; adds it to the draft. */
static int add_plugin(const struct cli *c, const struct devnet *d, json_t *plugins,
                      const char *path, const struct zyd_product *p)
{
    char to[CLI_PATH_MAX], hex[65];
    struct zyd_hash hash;
    struct zyd_err err = {0};
    size_t size = 0;
    char *image = cli_read(c, path, &size, 1u << 20);
    if (!image) {
        return ZYD_EXIT_FILE;
    }
    zyd_sha256(&hash, image, size);
    cli_hex(hex, hash.b);
    cli_path(to, "%s/plugins", d->dir);
    enum zyd_status s = cli_mkdirs(&err, to);
    cli_path(to, "%s/plugins/%s.elf", d->dir, hex);
    s = s != ZYD_OK ? s : zyd_file_write_atomic(&err, to, image, size, 0644);
    free(image);
    json_array_append_new(plugins,
                          json_pack("{s:i,s:s,s:s}", "contract", (int)p->number, "name", p->name, "sha256", hex));
    return s != ZYD_OK ? cli_fail_err(c, &err) : 0;
}

/* Pins the image of every product that this build has, ascending; --plugin gives the guarantee's. */
static int add_plugins(const struct cli *c, const struct devnet *d, json_t *plugins)
{
    const char *given = cli_opt(c, "plugin");
    int rc = 0;
    for (uint16_t number = 1; rc == 0 && number < ZYD_PLUGINS_MAX; number++) {
        const struct zyd_product *p = zyd_product_by_number(number);
        char path[CLI_PATH_MAX];
        if (p == &zyd_product_guarantee) {
            if (given) {
                cli_path(path, "%s", given);
            } else {
                (void)devnet_plugin_path(path, p->name);
            }
            rc = add_plugin(c, d, plugins, path, p);
        } else if (p && devnet_plugin_path(path, p->name)) {
            rc = add_plugin(c, d, plugins, path, p);
        }
    }
    return rc;
}

/* The scenario's programmes and working days as the sections of a consortium file. */
static void apply_plan(json_t *root, const struct zyd_scenario_plan *plan)
{
    json_t *programmes = json_array(), *years = json_array();
    for (size_t k = 0; k < plan->programme_count; k++) {
        const struct zyd_scenario_programme *p = &plan->programmes[k];
        json_t *params = json_object();
        for (size_t i = 0; i < p->param_count; i++) {
            json_object_set_new(params, p->params[i].name, json_string(p->params[i].value));
        }
        json_t *one = json_pack("{s:i,s:i,s:s,s:{s:s,s:s},s:i,s:o}", "id", (int)k + 1, "contract", (int)p->product->number,
                                "code", p->code, "name", "zh", p->code, "en", p->code, "class", 1, "params", params);
        for (size_t i = 0; p->settlement && i < plan->programme_count; i++) {
            if (strcmp(plan->programmes[i].code, p->settlement) == 0) {
                json_object_set_new(one, "settlement", json_integer((json_int_t)i + 1));
            }
        }
        json_array_append_new(programmes, one);
    }
    json_object_set_new(root, "programmes", programmes);
    for (int32_t year = plan->start / 10000 - 1; year < plan->start / 10000 + 8; year++) {
        json_t *off = json_array(), *on = json_array();
        int32_t day = zyd_date_to_day(year * 10000 + 101), end = zyd_date_to_day((year + 1) * 10000 + 101);
        for (; day < end; day++) {
            int32_t date = zyd_date_from_day(day);
            bool weekday = (day + 3) % 7 < 5, working = weekday;
            for (size_t i = 0; i < plan->day_count; i++) {
                if (date >= plan->days[i].from && date <= plan->days[i].to) {
                    working = plan->days[i].working;
                }
            }
            char text[16];
            snprintf(text, sizeof text, "%02d-%02d", date / 100 % 100, date % 100);
            if (working != weekday) {
                json_array_append_new(working ? on : off, json_string(text));
            }
        }
        json_array_append_new(years, json_pack("{s:i,s:o,s:o}", "year", (int)year, "holidays", off, "workdays", on));
    }
    json_object_set_new(root, "calendars", json_pack("[o]", years));
}

/* All members but the bank itself keep their account there. */
static void set_accounts(json_t *programme, const struct devnet *d)
{
    char text[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < d->count; i++) {
        const char *code = d->members[i].code;
        if (strcmp(code, "BANK") != 0) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s BANK " DEVNET_ACCOUNT, used ? "; " : "",
                                     code, code);
        }
    }
    json_object_set_new(json_object_get(programme, "params"), "accounts", json_string(text));
}

static bool is_pinned(const json_t *root, const json_t *contract)
{
    json_t *plugin;
    size_t k;
    json_array_foreach(json_object_get(root, "plugins"), k, plugin)
    {
        if (json_equal(json_object_get(plugin, "contract"), contract)) {
            return true;
        }
    }
    return false;
}

static void add_programmes(json_t *root, const struct devnet *d)
{
    json_t *cycle = json_integer(zyd_product_cycle.number);
    for (size_t i = 0; i < ZYD_COUNT(more_programmes); i++) {
        json_t *p = json_loads(more_programmes[i], 0, NULL);
        const json_t *contract = json_object_get(p, "contract");
        if (json_equal(contract, cycle)) {
            set_accounts(p, d);
        }
        if (is_pinned(root, contract) && (!json_object_get(p, "settlement") || is_pinned(root, cycle))) {
            json_array_append(json_object_get(root, "programmes"), p);
        }
        json_decref(p);
    }
    json_decref(cycle);
}

static int make_draft(const struct cli *c, const struct devnet *d, char **draft, const struct zyd_scenario_plan *plan)
{
    const char *start = cli_opt(c, "start"), *policy = cli_opt(c, "policy");
    int64_t created = ((int64_t)time(NULL) - 3600) * 1000; /* an hour ago: before any block's time */
    char when[32];
    int32_t date;
    if (plan || (start && zyd_date_parse(&date, start))) {
        date = plan ? plan->start : date;
        snprintf(when, sizeof when, "%04d-%02d-%02dT08:00:00+08:00", date / 10000, date / 100 % 100, date % 100);
    } else if (start) {
        return cli_fail(c, ZYD_ERR_USAGE, "--start %s: 2025-01-02", start);
    } else {
        zyd_rfc3339(when, created / 1000 * 1000);
    }
    json_t *plugins = json_array();
    int rc = add_plugins(c, d, plugins);
    json_t *root =
        json_pack("{s:s,s:{s:s,s:s},s:b,s:s,s:s,s:o,s:o,s:o}", "format", "zyd-consortium-1", "name", "zh", "示范联盟（开发网）",
                  "en", "Demo consortium (devnet)", "development", 1, "preset", "LAN", "created", when, "plugins", plugins,
                  "calendars", json_loads(policy_calendar, 0, NULL), "programmes", json_loads(policy_programmes, 0, NULL));
    if (plan) {
        apply_plan(root, plan);
    } else {
        add_programmes(root, d);
    }
    if (rc == 0 && policy && !plan) {
        size_t size = 0;
        json_error_t at;
        char *text = cli_read(c, policy, &size, ZYD_CONSORTIUM_TEXT_MAX);
        json_t *p = text ? json_loadb(text, size, JSON_REJECT_DUPLICATES, &at) : NULL;
        free(text);
        if (!json_is_object(p)) {
            rc = text ? cli_fail(c, ZYD_ERR_FILE_FORMAT, "%s:%d: %s", policy, at.line, at.text) : ZYD_EXIT_FILE;
        } else {
            json_object_update(root, p);
        }
        json_decref(p);
    }
    *draft = rc == 0 ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(root);
    return rc;
}

/* Each institution reads what was assembled, checks it and approves with its own key. */
static int approve_all(const struct cli *c, const struct devnet *d, const char *assembled, char **final)
{
    struct zyd_consortium *k = NULL;
    struct zyd_err err = {0};
    struct zyd_span approvals[ZYD_MEMBERS_MAX] = {{0}};
    const char *names[ZYD_MEMBERS_MAX];
    enum zyd_status s = zyd_consortium_parse(&k, &err, zyd_span(assembled, strlen(assembled)));
    for (size_t i = 0; s == ZYD_OK && i < d->count; i++) {
        char path[CLI_PATH_MAX], *text = NULL;
        struct zyd_key key;
        cli_path(path, "%s/%s/keys/%s.key", d->dir, d->members[i].code, d->members[i].node ? "node" : "maker");
        s = zyd_key_load(&key, &err, path, "");
        s = s != ZYD_OK ? s : zyd_consortium_check_proofs(&err, k);
        s = s != ZYD_OK ? s : zyd_approval_make(&text, &err, k, &key);
        sodium_memzero(&key, sizeof key);
        approvals[i] = zyd_span(text, text ? strlen(text) : 0);
        names[i] = d->members[i].code;
    }
    s = s != ZYD_OK ? s : zyd_consortium_finish(final, &err, k, approvals, names, d->count);
    for (size_t i = 0; i < d->count; i++) {
        free((void *)(uintptr_t)approvals[i].data);
    }
    zyd_consortium_free(k);
    return s != ZYD_OK ? cli_fail_err(c, &err) : 0;
}

/* Members of the plan get a node while there are fewer than four; the usual cast fills up. */
static int add_plan_members(const struct cli *c, struct devnet *d, const struct zyd_scenario_plan *plan)
{
    size_t nodes = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < plan->member_count; i++) {
        rc = add_member(c, d, plan->members[i].code, plan->members[i].role, nodes < 4);
        nodes = d->count;
    }
    for (size_t i = 0; rc == 0 && d->count < 4 && i < CAST_COUNT; i++) {
        rc = add_member(c, d, cast[i].code, cast[i].role, true);
    }
    return rc;
}

int devnet_make(const struct cli *c, struct devnet *d, const struct zyd_scenario_plan *plan)
{
    struct zyd_err err = {0};
    struct zyd_span joins[ZYD_MEMBERS_MAX] = {{0}};
    const char *names[ZYD_MEMBERS_MAX];
    char *draft = NULL, *assembled = NULL, *final = NULL, path[CLI_PATH_MAX];
    const char *extra;
    int rc = cli_mkdirs(&err, d->dir) != ZYD_OK ? cli_fail_err(c, &err) : 0;
    if (rc == 0 && plan) {
        rc = add_plan_members(c, d, plan);
    }
    for (size_t i = 0; rc == 0 && !plan && i < DEFAULT_COUNT; i++) {
        rc = add_member(c, d, cast[i].code, cast[i].role, cast[i].node);
    }
    for (size_t i = 0; rc == 0 && !plan && (extra = cli_opt_nth(c, "member", i)) != NULL; i++) {
        int at = cast_index(extra);
        rc = at < 0 ? cli_fail(c, ZYD_ERR_USAGE, "--member %s: NFGF PFIN CITY COUNTY CITY_G COUNTY_G CORE COOP SEED AUD", extra)
                    : add_member(c, d, extra, cast[at].role, cast[at].node);
    }
    for (size_t i = 0; rc == 0 && i < d->count; i++) {
        char *join = NULL;
        rc = make_member(c, d, &d->members[i], &join);
        joins[i] = zyd_span(join, join ? strlen(join) : 0);
        names[i] = d->members[i].code;
    }
    rc = rc ? rc : make_draft(c, d, &draft, plan);
    if (rc == 0) {
        rc = zyd_consortium_assemble(&assembled, &err, zyd_span(draft, strlen(draft)), joins, names, d->count) != ZYD_OK
                 ? cli_fail_err(c, &err)
                 : 0;
    }
    rc = rc ? rc : approve_all(c, d, assembled, &final);
    cli_path(path, "%s/consortium.json", d->dir);
    rc = rc ? rc : cli_write(c, path, final, strlen(final), 0644, true);
    for (size_t i = 0; i < d->count; i++) {
        free((void *)(uintptr_t)joins[i].data);
    }
    free(draft);
    free(assembled);
    free(final);
    return rc ? rc : devnet_save(c, d);
}
