/* zyd key: made here, encrypted at rest, never in arguments or logs. */
#include <stdio.h>
#include <stdlib.h>

#include <dirent.h>
#include <sodium.h>

#include "cli.h"

static int run_generate(struct cli *c)
{
    const char *purpose = cli_opt(c, "purpose"), *out = cli_opt(c, "out"), *file = cli_opt(c, "passphrase-file");
    int p = zyd_key_purpose_of(purpose ? purpose : "");
    struct zyd_key key;
    struct zyd_err err = {0};
    char phrase[1024] = "", hex[65];
    int strength = 1;
    if (p < 0 || !out) {
        return cli_fail(c, ZYD_ERR_USAGE, "--purpose node|link|maker|checker --out FILE");
    }
    if (cli_exists(out)) {
        return cli_fail(c, ZYD_ERR_FILE_EXISTS, "%s", out);
    }
    if (file) {
        if (zyd_secret_read(phrase, sizeof phrase, &err, file) != ZYD_OK) {
            return cli_fail_err(c, &err);
        }
    } else if (cli_opt(c, "no-passphrase")) {
        strength = 0;
    } else {
        return cli_fail(c, ZYD_ERR_USAGE,
                        TR(c, "需要 --passphrase-file FILE（或 - 从标准输入读取）；仅试验用 --no-passphrase",
                           "--passphrase-file FILE is needed (- reads stdin); for trials only: --no-passphrase"));
    }
    zyd_key_generate(&key, (uint8_t)p);
    enum zyd_status s = zyd_key_save(&err, out, &key, phrase, strength);
    sodium_memzero(phrase, sizeof phrase);
    sodium_memzero(key.sk, sizeof key.sk);
    if (s != ZYD_OK) {
        return cli_fail_err(c, &err);
    }
    cli_hex(hex, key.pk.b);
    json_t *o = json_pack("{s:s,s:s,s:s}", "file", out, "purpose", zyd_key_purpose_text((uint8_t)p), "public", hex);
    static const struct column columns[] = {
        {"file", "文件", "file", 't'}, {"purpose", "用途", "purpose", 't'}, {"public", "公钥", "public key", 't'}, {0}};
    cli_object(c, o, columns);
    json_decref(o);
    return 0;
}

static json_t *inspect(const char *path, struct zyd_err *err)
{
    struct zyd_key key;
    struct zyd_hash hash;
    char hex[65], finger[ZYD_FINGERPRINT_SIZE];
    if (zyd_key_inspect(&key, err, path) != ZYD_OK) {
        return NULL;
    }
    cli_hex(hex, key.pk.b);
    zyd_hash1(&hash, "zyd/keyfinger/1", key.pk.b, ZYD_PK_SIZE);
    zyd_fingerprint(finger, &hash);
    return json_pack("{s:s,s:s,s:s,s:s}", "file", path, "purpose", zyd_key_purpose_text(key.purpose), "public", hex,
                     "fingerprint", finger);
}

static int run_list(struct cli *c)
{
    const char *dir = c->pos_count ? c->pos[0] : ".";
    struct dirent **names = NULL;
    int n = scandir(dir, &names, NULL, alphasort);
    json_t *rows = json_array();
    if (n < 0) {
        json_decref(rows);
        return cli_fail(c, ZYD_ERR_FILE_READ, "%s", dir);
    }
    for (int i = 0; i < n; i++) {
        char path[CLI_PATH_MAX];
        size_t len = strlen(names[i]->d_name);
        struct zyd_err err = {0};
        if (len > 4 && strcmp(names[i]->d_name + len - 4, ".key") == 0 && cli_path(path, "%s/%s", dir, names[i]->d_name)) {
            json_t *o = inspect(path, &err);
            if (o) {
                json_array_append_new(rows, o);
            } else {
                cli_fail_err(c, &err);
            }
        }
        free(names[i]);
    }
    free(names);
    static const struct column columns[] = {
        {"file", "文件", "FILE", 't'}, {"purpose", "用途", "PURPOSE", 't'}, {"public", "公钥", "PUBLIC KEY", 't'}, {0}};
    cli_table(c, rows, columns);
    json_decref(rows);
    return 0;
}

static int run_fingerprint(struct cli *c)
{
    struct zyd_err err = {0};
    json_t *o = inspect(c->pos[0], &err);
    if (!o) {
        return cli_fail_err(c, &err);
    }
    static const struct column columns[] = {
        {"purpose", "用途", "purpose", 't'}, {"fingerprint", "指纹", "fingerprint", 't'}, {0}};
    cli_object(c, o, columns);
    json_decref(o);
    return 0;
}

static int run_export(struct cli *c)
{
    struct zyd_err err = {0};
    json_t *o = inspect(c->pos[0], &err);
    if (!o) {
        return cli_fail_err(c, &err);
    }
    if (c->json) {
        cli_json(o);
    } else {
        puts(json_string_value(json_object_get(o, "public")));
    }
    json_decref(o);
    return 0;
}

static const struct option generate_options[] = {
    {"purpose", 0, "PURPOSE", "node（投票）、link（链路）、maker（经办）、checker（复核）",
     "node (votes), link, maker, checker (officers)"},
    {"out", 0, "FILE", "写到哪个文件", "where to write it"},
    {"no-passphrase", 0, NULL, "不加密（仅试验）", "not encrypted by a passphrase (trials only)"},
    {0}};
const struct command key_commands[] = {
    {"key", "generate", "local", "--purpose PURPOSE --out FILE --passphrase-file FILE", "生成密钥（加密保存，不离开本机）",
     "make a key (encrypted at rest; never leaves this machine)",
     "zyd key generate --purpose node --out node.key --passphrase-file secret.txt", generate_options, 0, 0, run_generate},
    {"key", "list", "local", "[DIR]", "列出目录中的密钥", "list the keys in a directory", "zyd key list keys/", NULL, 0, 1,
     run_list},
    {"key", "fingerprint", "local", "FILE", "公钥指纹（电话核对用）", "fingerprint of the public key, to compare by voice",
     "zyd key fingerprint node.key", NULL, 1, 1, run_fingerprint},
    {"key", "export-public", "local", "FILE", "输出公钥", "print the public key", "zyd key export-public node.key", NULL, 1, 1,
     run_export},
    {0}};
