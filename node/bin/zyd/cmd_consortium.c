/* zyd consortium: the ceremony that makes a consortium out of institutions that do not trust one convener. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodium.h>
#include <zyd/product.h>

#include "cli.h"

#define FILE_MAX ZYD_CONSORTIUM_TEXT_MAX

/* ---- new ---- */

static int add_plugin(struct cli *c, json_t *root, const char *spec)
{
    const char *eq = strchr(spec, '=');
    size_t size = 0;
    if (!eq) {
        return cli_fail(c, ZYD_ERR_USAGE, "--plugin NAME=FILE.elf");
    }
    char *image = cli_read(c, eq + 1, &size, 1u << 20);
    if (!image) {
        return ZYD_EXIT_FILE;
    }
    struct zyd_hash hash;
    char hex[65];
    zyd_sha256(&hash, image, size);
    cli_hex(hex, hash.b);
    free(image);
    json_t *list = json_object_get(root, "plugins");
    json_array_append_new(list, json_pack("{s:i,s:s%,s:s}", "contract", (int)json_array_size(list) + 1, "name", spec,
                                          (size_t)(eq - spec), "sha256", hex));
    return 0;
}

static int run_new(struct cli *c)
{
    const char *zh = cli_opt(c, "name-zh"), *en = cli_opt(c, "name-en"), *policy = cli_opt(c, "policy");
    const char *created = cli_opt(c, "created");
    char now[32];
    json_error_t at;
    if (!zh || !en || !policy) {
        return cli_fail(c, ZYD_ERR_USAGE, "--name-zh TEXT --name-en TEXT --policy FILE");
    }
    size_t size = 0;
    char *text = cli_read(c, policy, &size, FILE_MAX);
    if (!text) {
        return ZYD_EXIT_FILE;
    }
    json_t *p = json_loadb(text, size, JSON_REJECT_DUPLICATES, &at);
    free(text);
    if (!json_is_object(p)) {
        json_decref(p);
        return cli_fail(c, ZYD_ERR_FILE_FORMAT, "%s:%d: %s", policy, at.line, at.text);
    }
    zyd_rfc3339(now, (int64_t)time(NULL) * 1000);
    json_t *root =
        json_pack("{s:s,s:{s:s,s:s},s:b,s:s,s:s,s:[]}", "format", "zyd-consortium-1", "name", "zh", zh, "en", en, "development",
                  cli_opt(c, "development") != NULL, "preset", "LAN", "created", created ? created : now, "plugins");
    json_object_update(root, p);
    json_decref(p);
    int rc = 0;
    const char *spec;
    for (size_t i = 0; rc == 0 && (spec = cli_opt_nth(c, "plugin", i)) != NULL; i++) {
        rc = add_plugin(c, root, spec);
    }
    char *out = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(root);
    if (rc == 0) { /* a draft with a mistake should be found here, not at assembly */
        struct zyd_consortium *draft = NULL;
        struct zyd_err err = {0};
        rc = zyd_consortium_parse(&draft, &err, zyd_span(out, strlen(out))) != ZYD_OK ? cli_fail_err(c, &err) : 0;
        zyd_consortium_free(draft);
    }
    rc = rc ? rc : cli_write(c, cli_opt(c, "out"), out, strlen(out), 0644, false);
    free(out);
    return rc;
}

/* ---- request ---- */

static int run_request(struct cli *c)
{
    const char *role = cli_opt(c, "role");
    struct zyd_join join = {.code = cli_opt(c, "code"),
                            .uscc = cli_opt(c, "uscc"),
                            .name_zh = cli_opt(c, "institution"),
                            .name_en = cli_opt(c, "name-en"),
                            .address = cli_opt(c, "address")};
    struct zyd_key keys[ZYD_MEMBER_KEYS_MAX];
    struct zyd_err err = {0};
    size_t count = 0;
    int rc = 0;
    char *text = NULL, upper[16] = "";
    for (size_t i = 0; role && role[i] && i + 1 < sizeof upper; i++) {
        upper[i] = (char)(role[i] >= 'a' && role[i] <= 'z' ? role[i] - 32 : role[i]);
    }
    int r = zyd_role_of(upper);
    if (!join.code || !join.uscc || !join.name_zh || r < 0) {
        return cli_fail(c, ZYD_ERR_USAGE,
                        "--institution NAME --code CODE --uscc USCC --role bank|guar|reg|nfgf|fiscal|aud|other --key FILE...");
    }
    join.name_en = join.name_en ? join.name_en : join.code;
    join.role = (uint8_t)r;
    join.validator = join.address != NULL;
    join.address = join.address ? join.address : "";
    const char *path;
    for (; rc == 0 && count < ZYD_MEMBER_KEYS_MAX && (path = cli_opt_nth(c, "key", count)) != NULL; count++) {
        rc = cli_key_load(c, &keys[count], path);
    }
    if (rc == 0) {
        rc = zyd_join_make(&text, &err, &join, keys, count) != ZYD_OK ? cli_fail_err(c, &err) : 0;
    }
    sodium_memzero(keys, sizeof keys);
    rc = rc ? rc : cli_write(c, cli_opt(c, "out"), text, strlen(text), 0644, false);
    free(text);
    return rc;
}

/* ---- assemble ---- */

static int run_assemble(struct cli *c)
{
    const char *out = cli_opt(c, "out");
    bool final = cli_opt(c, "final") != NULL;
    size_t count = c->pos_count - 1, size = 0;
    struct zyd_span *files = calloc(count ? count : 1, sizeof *files);
    char *first = cli_read(c, c->pos[0], &size, FILE_MAX), *text = NULL;
    struct zyd_err err = {0};
    int rc = files && first ? 0 : ZYD_EXIT_FILE;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        size_t n = 0;
        char *data = cli_read(c, c->pos[i + 1], &n, FILE_MAX);
        files[i] = zyd_span(data, n);
        rc = data ? 0 : ZYD_EXIT_FILE;
    }
    if (rc == 0 && final) {
        struct zyd_consortium *k = NULL;
        enum zyd_status s = zyd_consortium_open(&k, &err, c->pos[0]);
        s = s != ZYD_OK ? s : zyd_consortium_finish(&text, &err, k, files, c->pos + 1, count);
        rc = s != ZYD_OK ? cli_fail_err(c, &err) : 0;
        zyd_consortium_free(k);
        rc = rc ? rc : cli_write(c, out ? out : c->pos[0], text, strlen(text), 0644, true);
    } else if (rc == 0) {
        rc = zyd_consortium_assemble(&text, &err, zyd_span(first, size), files, c->pos + 1, count) != ZYD_OK
                 ? cli_fail_err(c, &err)
                 : 0;
        rc = rc ? rc : cli_write(c, out, text, strlen(text), 0644, false);
    }
    for (size_t i = 0; files && i < count; i++) {
        free((void *)(uintptr_t)files[i].data);
    }
    free(files);
    free(first);
    free(text);
    return rc;
}

/* ---- verify, show, fingerprint, approve ---- */

static int open_file(struct cli *c, struct zyd_consortium **out)
{
    struct zyd_err err = {0};
    enum zyd_status s = zyd_consortium_open(out, &err, c->pos[0]);
    if (s == ZYD_OK && !zyd_consortium_genesis(*out)) {
        zyd_consortium_free(*out);
        *out = NULL;
        zyd_err_set(&err, ZYD_ERR_FILE_FORMAT, "%s: a draft without members", c->pos[0]);
        s = ZYD_E_INVALID;
    }
    return s != ZYD_OK ? cli_fail_err(c, &err) : 0;
}

static json_t *sheet_members(const struct zyd_genesis *g, uint64_t approvals)
{
    json_t *rows = json_array();
    for (uint16_t i = 0; i < g->member_count; i++) {
        const struct zyd_member *m = &g->members[i];
        json_array_append_new(
            rows, json_pack("{s:s%,s:s%,s:s%,s:s,s:s%,s:b,s:s%,s:i,s:b}", "code", (const char *)m->code.data, m->code.size,
                            "name_zh", (const char *)m->name_zh.data, m->name_zh.size, "name_en", (const char *)m->name_en.data,
                            m->name_en.size, "role", zyd_role_text(m->role), "uscc", (const char *)m->uscc.data, m->uscc.size,
                            "validator", (m->flags & ZYD_MEMBER_VALIDATOR) != 0, "address", (const char *)m->address.data,
                            m->address.size, "keys", (int)m->key_count, "approved", (approvals >> i & 1) != 0));
    }
    return rows;
}

static const struct zyd_product *product_of(const struct zyd_genesis *g, uint16_t contract)
{
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        if (g->plugins[i].contract == contract) {
            return zyd_product_of(g->plugins[i].name);
        }
    }
    return NULL;
}

static void sheet_programmes(const struct cli *c, const struct zyd_genesis *g)
{
    static const char *const shown[] = {
        "tree", "cap_ppm", "fee_ppm", "household_cap_fen", "claim_open_days", "claim_close_days", "settle", NULL};
    for (uint16_t i = 0; i < g->programme_count; i++) {
        const struct zyd_programme *p = &g->programmes[i];
        struct zyd_err err = {0};
        char *json = NULL;
        printf("  %.*s  %.*s  %s %u\n", (int)p->code.size, (const char *)p->code.data,
               (int)(c->lang == ZYD_LANG_ZH ? p->name_zh.size : p->name_en.size),
               (const char *)(c->lang == ZYD_LANG_ZH ? p->name_zh.data : p->name_en.data), TR(c, "合约", "contract"),
               p->contract);
        const struct zyd_product *product = product_of(g, p->contract);
        if (product && zyd_params_show(&json, &err, product->name, p->params, g) == ZYD_OK) {
            json_t *o = json_loads(json, 0, NULL), *v;
            const char *name;
            json_object_foreach(o, name, v)
            {
                bool show = product != &zyd_product_guarantee; /* whose table is long: what people agree on */
                for (size_t k = 0; shown[k]; k++) {
                    show = show || strcmp(name, shown[k]) == 0;
                }
                if (show) {
                    printf("    %-18s %s\n", name, json_string_value(v));
                }
            }
            json_decref(o);
            free(json);
        }
    }
}

static int run_verify(struct cli *c)
{
    struct zyd_consortium *k = NULL;
    struct zyd_err err = {0};
    uint64_t approvals = 0;
    char hex[65], finger[ZYD_FINGERPRINT_SIZE];
    int rc = open_file(c, &k);
    if (rc) {
        return rc;
    }
    const struct zyd_genesis *g = zyd_consortium_genesis(k);
    if (zyd_consortium_check_proofs(&err, k) != ZYD_OK || zyd_consortium_approvals(&approvals, &err, k) != ZYD_OK) {
        zyd_consortium_free(k);
        return cli_fail_err(c, &err);
    }
    bool complete = zyd_consortium_complete(&err, k) == ZYD_OK;
    cli_hex(hex, g->hash.b);
    zyd_fingerprint(finger, &g->hash);
    json_t *rows = sheet_members(g, approvals);
    if (c->json) {
        json_t *o = json_pack("{s:s,s:s,s:b,s:i,s:b,s:O}", "genesis_hash", hex, "fingerprint", finger, "development",
                              (g->flags & ZYD_GENESIS_DEVELOPMENT) != 0, "validators", (int)g->validator_count, "complete",
                              (int)complete, "members", rows);
        cli_json(o);
        json_decref(o);
    } else {
        static const struct column columns[] = {
            {"code", "代码", "CODE", 't'},           {"name_zh", "机构", "INSTITUTION", 't'},
            {"role", "角色", "ROLE", 't'},           {"uscc", "统一社会信用代码", "USCC", 't'},
            {"validator", "验证", "VOTES", 't'},     {"address", "地址", "ADDRESS", 't'},
            {"approved", "已批准", "APPROVED", 't'}, {0}};
        uint32_t n = g->validator_count;
        printf("%s  %.*s / %.*s\n", TR(c, "联盟", "consortium"), (int)g->name_zh.size, (const char *)g->name_zh.data,
               (int)g->name_en.size, (const char *)g->name_en.data);
        printf("%s  %s\n%s  %s\n", TR(c, "创世哈希", "genesis hash"), hex, TR(c, "指纹", "fingerprint"), finger);
        if (g->flags & ZYD_GENESIS_DEVELOPMENT) {
            puts(TR(c, "注意：开发联盟，时钟可被移动，允许期初录入；不得用于生产",
                    "NOTE: a development consortium: its clock can be moved and openings are allowed; never for production"));
        }
        cli_table(c, rows, columns);
        printf(TR(c, "%u 个验证节点，法定数 %u，可容忍 %u 个故障\n", "%u validators, quorum %u, %u may fail\n"), n,
               zyd_quorum_q(n), zyd_quorum_f(n));
        sheet_programmes(c, g);
        puts(complete ? TR(c, "全部成员已批准", "all members approved")
                      : TR(c, "尚未全部批准：zyd consortium approve", "not yet approved by all: zyd consortium approve"));
    }
    json_decref(rows);
    zyd_consortium_free(k);
    return 0;
}

static int run_show(struct cli *c)
{
    struct zyd_consortium *k = NULL;
    struct zyd_err err = {0};
    char *text = NULL;
    int rc = open_file(c, &k);
    if (rc) {
        return rc;
    }
    rc = zyd_consortium_show(&text, &err, zyd_consortium_genesis(k)) != ZYD_OK ? cli_fail_err(c, &err) : 0;
    if (rc == 0) {
        puts(text);
    }
    free(text);
    zyd_consortium_free(k);
    return rc;
}

static int run_fingerprint(struct cli *c)
{
    struct zyd_consortium *k = NULL;
    char hex[65], finger[ZYD_FINGERPRINT_SIZE];
    int rc = open_file(c, &k);
    if (rc) {
        return rc;
    }
    cli_hex(hex, zyd_consortium_genesis(k)->hash.b);
    zyd_fingerprint(finger, &zyd_consortium_genesis(k)->hash);
    json_t *o = json_pack("{s:s,s:s}", "fingerprint", finger, "genesis_hash", hex);
    static const struct column columns[] = {
        {"fingerprint", "指纹", "fingerprint", 't'}, {"genesis_hash", "创世哈希", "genesis hash", 't'}, {0}};
    cli_object(c, o, columns);
    json_decref(o);
    zyd_consortium_free(k);
    return 0;
}

static int run_approve(struct cli *c)
{
    struct zyd_consortium *k = NULL;
    struct zyd_key key;
    struct zyd_err err = {0};
    char *text = NULL;
    const char *path = cli_opt(c, "key");
    if (!path) {
        return cli_fail(c, ZYD_ERR_USAGE, "--key FILE");
    }
    int rc = open_file(c, &k);
    if (rc) {
        return rc;
    }
    if (zyd_consortium_check_proofs(&err, k) != ZYD_OK) {
        rc = cli_fail_err(c, &err);
    }
    rc = rc ? rc : cli_key_load(c, &key, path);
    if (rc == 0) {
        char finger[ZYD_FINGERPRINT_SIZE];
        zyd_fingerprint(finger, &zyd_consortium_genesis(k)->hash);
        cli_say(c, TR(c, "批准的创世指纹：%s", "approving the genesis with fingerprint: %s"), finger);
        rc = zyd_approval_make(&text, &err, k, &key) != ZYD_OK ? cli_fail_err(c, &err) : 0;
        sodium_memzero(&key, sizeof key);
    }
    rc = rc ? rc : cli_write(c, cli_opt(c, "out"), text, strlen(text), 0644, false);
    free(text);
    zyd_consortium_free(k);
    return rc;
}

static const struct option new_options[] = {
    {"name-zh", 0, "TEXT", "中文名", "Chinese name"},
    {"name-en", 0, "TEXT", "英文名", "English name"},
    {"policy", 0, "FILE", "项目、日历、限额（JSON）", "programmes, calendars, limits (JSON)"},
    {"plugin", 0, "NAME=ELF", "合约程序（按顺序编号）", "contract image (numbered in order)"},
    {"created", 0, "TIME", "创世时间，默认现在", "time of the genesis, default now"},
    {"development", 0, NULL, "开发联盟", "a development consortium"},
    {"out", 0, "FILE", "输出文件", "output file"},
    {0}};
static const struct option request_options[] = {
    {"institution", 0, "NAME", "机构中文名", "institution's Chinese name"},
    {"name-en", 0, "NAME", "英文名", "English name"},
    {"code", 0, "CODE", "短代码（A-Z 0-9 _）", "short code (A-Z 0-9 _)"},
    {"uscc", 0, "USCC", "统一社会信用代码", "unified social credit code"},
    {"role", 0, "ROLE", "bank|guar|reg|nfgf|fiscal|aud|other", "bank|guar|reg|nfgf|fiscal|aud|other"},
    {"address", 0, "HOST:PORT", "节点地址；不填则不设验证节点", "peer address; without it: no validator"},
    {"out", 0, "FILE", "输出文件", "output file"},
    {0}};
static const struct option out_options[] = {{"out", 0, "FILE", "输出文件", "output file"}, {0}};
static const struct option assemble_options[] = {
    {"out", 0, "FILE", "输出文件", "output file"}, {"final", 0, NULL, "并入批准", "add approvals"}, {0}};
const struct command consortium_commands[] = {
    {"consortium", "new", "local", "--name-zh TEXT --name-en TEXT --policy FILE [--plugin NAME=ELF]... [--out FILE]",
     "起草联盟文件", "draft a consortium",
     "zyd consortium new --name-zh 示范县 --name-en Demo --policy policy.json --plugin guarantee=guarantee.elf --out draft.json",
     new_options, 0, 0, run_new},
    {"consortium", "request", "local",
     "--institution NAME --code CODE --uscc USCC --role ROLE [--address HOST:PORT] --key FILE...",
     "生成加入申请（含每把密钥的持有证明）", "make a join request (with proof of possession of each key)",
     "zyd consortium request --institution 示范银行A --code BANK --uscc 91430100MA4TEXT00G --role bank \\\n"
     "    --address bank-a.example:7420 --key node.key --key link.key --key maker.key --out bank-a.join",
     request_options, 0, 0, run_request},
    {"consortium", "assemble", "local", "DRAFT JOIN... | --final CONSORTIUM APPROVAL...", "汇总加入申请；或并入批准",
     "put join requests together; or add approvals",
     "zyd consortium assemble draft.json *.join --out consortium.json\nzyd consortium assemble --final consortium.json "
     "*.approval",
     assemble_options, 2, CLI_POS_MAX, run_assemble},
    {"consortium", "verify", "local", "FILE", "核对联盟文件并显示说明页", "check a consortium file and print the sheet",
     "zyd consortium verify consortium.json", NULL, 1, 1, run_verify},
    {"consortium", "fingerprint", "local", "FILE", "指纹：12 组 5 位数字，电话核对", "12 groups of 5 digits, to read out",
     "zyd consortium fingerprint consortium.json", NULL, 1, 1, run_fingerprint},
    {"consortium", "approve", "local", "FILE --key FILE [--out FILE]", "以本机构密钥批准", "approve with this institution's key",
     "zyd consortium approve consortium.json --key node.key --out bank-a.approval", out_options, 1, 1, run_approve},
    {"consortium", "show", "local", "FILE", "由创世内容还原的 JSON", "JSON made back from the canonical genesis",
     "zyd consortium show consortium.json", NULL, 1, 1, run_show},
    {0}};
