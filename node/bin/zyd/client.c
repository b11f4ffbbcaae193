/* Genesis, keys and a node together: building, signing and sending envelopes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <zyd/state.h>

#include "client.h"

#define VALIDITY_MS (5 * 60 * 1000) /* ledger.md 2.3 */

int client_member(const struct client *k, const char *code)
{
    return zyd_genesis_member_by_code(k->g, zyd_span(code, strlen(code)));
}

void client_code(const struct client *k, uint16_t member, char out[ZYD_CODE_MAX + 1])
{
    struct zyd_span code = member < k->g->member_count ? k->g->members[member].code : zyd_span("?", 1);
    memcpy(out, code.data, code.size);
    out[code.size] = '\0';
}


int client_record(struct client *k, struct client_record *out, const char *path, bool optional)
{
    uint8_t leaf[ZYD_LEAF_SIZE_MAX];
    struct zyd_record rec;
    size_t n = 0;
    int rc = 0;
    out->size = 0;
    out->seq = 0;
    char url[300];
    struct answer a;
    snprintf(url, sizeof url, "/v1/records/%s", path);
    bool came = http_call(k->c, &k->http, &a, &(struct request){.method = "GET", .path = url});
    if (!came || a.status != 200) {
        rc = optional && came && a.status == 403 ? 0 : http_fail(k->c, &k->http, &a, false);
        answer_free(&a);
        return rc;
    }
    const json_t *o = a.json;
    const char *text = json_text(o, "leaf");
    out->height = (uint64_t)json_fen(o, "height");
    if (rc == 0 && json_is_true(json_object_get(o, "present"))) {
        if (sodium_base642bin(leaf, sizeof leaf, text, strlen(text), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
            zyd_leaf_decode(&rec, zyd_span(leaf, n)) != ZYD_OK) {
            rc = cli_fail(k->c, ZYD_ERR_MALFORMED, TR(k->c, "账本记录无法读取", "a record's leaf cannot be read"));
        } else {
            memcpy(out->value, rec.value.data, rec.value.size);
            out->size = rec.value.size;
            out->seq = rec.seq;
            out->key = rec.key;
            zyd_merkle_leaf(&out->leaf, leaf, n);
        }
    }
    answer_free(&a);
    return rc;
}

int client_record_by_key(struct client *k, struct client_record *out, const struct zyd_hash *key)
{
    char path[80];
    cli_hex(path, key->b);
    memcpy(path + 64, "/proof", sizeof "/proof");
    int rc = client_record(k, out, path, false);
    if (rc == 0 && out->size && !zyd_hash_eq(&out->key, key)) {
        rc = cli_fail(k->c, ZYD_ERR_MALFORMED,
                      TR(k->c, "/v1/records/%s：答复的是另一条记录", "/v1/records/%s: the answer is another record"), path);
    }
    return rc;
}

int client_record_named(struct client *k, struct client_record *out, uint16_t contract, const void *name, size_t size)
{
    struct zyd_hash key;
    zyd_record_key(&key, contract, zyd_span(name, size));
    return client_record_by_key(k, out, &key);
}

const struct zyd_programme *client_programme(const struct client *k, const char *code)
{
    for (uint16_t i = 0; i < k->g->programme_count; i++) {
        struct zyd_span s = k->g->programmes[i].code;
        if (!code || (s.size == strlen(code) && memcmp(s.data, code, s.size) == 0)) {
            return &k->g->programmes[i];
        }
    }
    return NULL;
}

/* ---- opening ---- */

static int add_signer(struct client *k, const struct zyd_key *key)
{
    for (uint16_t m = 0; m < k->g->member_count; m++) {
        for (uint8_t i = 0; i < k->g->members[m].key_count; i++) {
            const struct zyd_member_key *have = &k->g->members[m].keys[i];
            if (memcmp(have->pk.b, key->pk.b, ZYD_PK_SIZE) != 0) {
                continue;
            }
            if (have->purpose != ZYD_KEY_MAKER && have->purpose != ZYD_KEY_CHECKER) {
                return cli_fail(k->c, ZYD_ERR_KEY_WRONG, "%s", zyd_key_purpose_text(have->purpose));
            }
            size_t at = k->signer_count;
            if (at == SIGNERS_MAX) {
                return cli_fail(k->c, ZYD_ERR_USAGE, "--key > %u", SIGNERS_MAX);
            }
            while (at && (k->signers[at - 1].member > m || (k->signers[at - 1].member == m && k->signers[at - 1].key > i))) {
                k->signers[at] = k->signers[at - 1];
                at--;
            }
            k->signers[at] = (struct signer){m, i, *key};
            k->signer_count++;
            k->me = k->me < 0 ? m : k->me;
            return 0;
        }
    }
    return cli_fail(k->c, ZYD_ERR_KEY_WRONG, TR(k->c, "该公钥不在联盟文件中", "this public key is not in the consortium file"));
}

static int add_devnet_key(struct client *k, const char *code, const char *which)
{
    char path[CLI_PATH_MAX];
    struct zyd_key key;
    struct zyd_err err = {0};
    cli_path(path, "%s/%s/keys/%s.key", k->devnet.dir, code, which);
    if (zyd_key_load(&key, &err, path, "") != ZYD_OK) {
        return cli_fail_err(k->c, &err);
    }
    int rc = add_signer(k, &key);
    sodium_memzero(&key, sizeof key);
    return rc;
}

int client_add_devnet_signer(struct client *k, const char *code)
{
    int rc = add_devnet_key(k, code, "maker");
    return rc || !k->governs || (k->g->flags & ZYD_GENESIS_DUAL) == 0 ? rc : add_devnet_key(k, code, "checker");
}

static int open_genesis(struct client *k)
{
    struct zyd_err err = {0};
    char path[CLI_PATH_MAX] = "";
    enum zyd_status s;
    if (k->c->consortium) {
        cli_path(path, "%s", k->c->consortium);
    } else if (k->on_devnet) {
        cli_path(path, "%s/consortium.json", k->devnet.dir);
    }
    if (path[0]) {
        s = zyd_consortium_open(&k->consortium, &err, path);
    } else {
        int rc = 0;
        struct answer a;
        if (!http_call(k->c, &k->http, &a, &(struct request){.method = "GET", .path = "/v1/consortium"}) || a.status != 200) {
            rc = http_fail(k->c, &k->http, &a, false);
            answer_free(&a);
            return rc;
        }
        s = zyd_consortium_parse(&k->consortium, &err, zyd_span(a.body, a.size));
        answer_free(&a);
    }
    k->g = s == ZYD_OK ? zyd_consortium_genesis(k->consortium) : NULL;
    if (s == ZYD_OK && !k->g) {
        zyd_err_set(&err, ZYD_ERR_FILE_FORMAT, "%.300s: a draft", path);
    }
    return k->g ? 0 : cli_fail_err(k->c, &err);
}

/* ---- programmes that governance added ---- */

struct client_genesis {
    struct zyd_genesis g;
    uint8_t *records[ZYD_PROGRAMMES_MAX];
};

static void add_programme(struct client *k, const char *hex)
{
    size_t size = strlen(hex) / 2;
    struct zyd_programme p;
    if (!k->extended) {
        k->extended = calloc(1, sizeof *k->extended);
        zyd_assert(k->extended);
        k->extended->g = *k->g;
        k->g = &k->extended->g;
    }
    struct zyd_genesis *g = &k->extended->g;
    uint16_t at = g->programme_count;
    uint8_t *record = malloc(size + 1);
    zyd_assert(record);
    bool good = at < ZYD_PROGRAMMES_MAX && sodium_hex2bin(record, size, hex, size * 2, NULL, NULL, NULL) == 0 &&
                zyd_programme_decode(&p, zyd_span(record, size)) == ZYD_OK && !zyd_genesis_programme(g, p.id);
    if (!good) {
        free(record);
        return;
    }
    k->extended->records[at] = record;
    g->programmes[at] = p;
    g->programme_count++;
}

/* What a node says is believed as far as a file's word is: an operation names the programme by number, and its members sign. */
static void ask_programmes(struct client *k)
{
    struct answer a;
    if (http_call(k->c, &k->http, &a, &(struct request){.method = "GET", .path = "/v1/programmes"}) && a.status == 200) {
        const json_t *items = json_object_get(a.json, "items");
        for (size_t i = 0; i < json_array_size(items); i++) {
            const char *hex = json_string_value(json_object_get(json_array_get(items, i), "record_hex"));
            if (hex) {
                add_programme(k, hex);
            }
        }
    }
    answer_free(&a);
}

static int open_keys(struct client *k, unsigned need)
{
    const char *path;
    int rc = 0;
    k->governs = (need & CLIENT_GOVERNS) != 0;
    for (size_t i = 0; rc == 0 && (path = cli_opt_nth(k->c, "key", i)) != NULL; i++) {
        struct zyd_key key;
        rc = cli_key_load(k->c, &key, path);
        rc = rc ? rc : add_signer(k, &key);
        sodium_memzero(&key, sizeof key);
    }
    if (rc == 0 && k->c->as && k->on_devnet && k->signer_count == 0) { /* several: BANK,GUAR */
        char list[256], *save = NULL;
        snprintf(list, sizeof list, "%s", k->c->as);
        for (char *code = strtok_r(list, ",", &save); code && rc == 0; code = strtok_r(NULL, ",", &save)) {
            if (client_member(k, code) < 0) {
                rc = cli_fail(k->c, ZYD_ERR_USAGE, TR(k->c, "联盟中没有成员 %s", "no member %s in the consortium"), code);
            }
            rc = rc ? rc : client_add_devnet_signer(k, code);
            if (rc == 0 && code == list) {
                k->me = client_member(k, code);
            }
        }
    }
    if (rc == 0 && k->c->as && !k->on_devnet) {
        char first[ZYD_CODE_MAX + 1];
        snprintf(first, sizeof first, "%.*s", (int)strcspn(k->c->as, ","), k->c->as);
        k->me = client_member(k, first);
    }
    if (rc == 0 && (need & CLIENT_KEYS) && k->signer_count == 0) {
        rc = cli_fail(k->c, ZYD_ERR_USAGE,
                      TR(k->c, "需要 --key FILE 或（开发网）--as CODE", "--key FILE, or on a devnet --as CODE, is needed"));
    }
    return rc;
}

/* ---- what was seen of a devnet ----
 * Each member of a devnet has its own node, and one command goes through this one, the next through that one, which may be some
 * milliseconds behind: the next command must not be told of a state from before the last one. */

#define CATCH_UP_MS 10000

static void seen_path(char out[CLI_PATH_MAX], const struct client *k)
{
    cli_path(out, "%s/seen", k->devnet.dir);
}

static uint64_t seen_read(const struct client *k)
{
    char path[CLI_PATH_MAX], text[24] = "";
    seen_path(path, k);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    return n <= 0 ? 0 : strtoull(text, NULL, 10);
}

/* A hint, one short write of a fixed width: without it the next command may be early, and says so. */
void client_seen(const struct client *k, const json_t *answer)
{
    char path[CLI_PATH_MAX], text[24];
    uint64_t height = (uint64_t)json_fen(answer, "height");
    if (!k->on_devnet || height <= seen_read(k)) {
        return;
    }
    seen_path(path, k);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int n = snprintf(text, sizeof text, "%020llu", (unsigned long long)height);
    ssize_t put = fd < 0 ? 0 : write(fd, text, (size_t)n);
    (void)put;
    if (fd >= 0) {
        close(fd);
    }
}

/* A node that does not come so far in time answers for itself: it may be cut off. */
static void catch_up(struct client *k)
{
    const uint64_t seen = seen_read(k);
    const int64_t end = zyd_clock_mono_ms() + CATCH_UP_MS;
    bool behind = seen > 0;
    while (behind && zyd_clock_mono_ms() < end && !cli_interrupted) {
        struct answer a;
        bool came = http_call(k->c, &k->http, &a, &(struct request){.method = "GET", .path = "/v1/status"}) && a.status == 200;
        behind = came && (uint64_t)json_fen(a.json, "height") < seen;
        answer_free(&a);
        if (behind) {
            nanosleep(&(struct timespec){0, 5000000}, NULL);
        }
    }
}

int client_open(struct client *k, const struct cli *c, unsigned need)
{
    char token[512] = "";
    memset(k, 0, sizeof *k);
    k->c = c;
    k->me = -1;
    if (c->token_file) {
        struct zyd_err err = {0};
        if (zyd_secret_read(token, sizeof token, &err, c->token_file) != ZYD_OK) {
            return cli_fail_err(c, &err);
        }
    }
    k->on_devnet = !c->node && devnet_load(c, &k->devnet);
    if (c->node) {
        http_open(&k->http, c->node, token);
    } else if (k->on_devnet) {
        char first[ZYD_CODE_MAX + 1] = "";
        snprintf(first, sizeof first, "%.*s", c->as ? (int)strcspn(c->as, ",") : 0, c->as ? c->as : "");
        const struct devnet_member *m = devnet_find(&k->devnet, first), *running = NULL;
        for (size_t i = 0; i < k->devnet.count && !running; i++) {
            running = devnet_pid(&k->devnet, &k->devnet.members[i]) ? &k->devnet.members[i] : NULL;
        }
        /* a member without a node of its own, or whose node is down, sends through another's */
        m = m && devnet_pid(&k->devnet, m) ? m : running;
        if (!m && (need & CLIENT_NODE)) {
            return cli_fail(c, ZYD_ERR_UNREACHABLE,
                            TR(c, "开发网没有运行：zyd devnet up", "the devnet does not run: zyd devnet up"));
        }
        if (m) {
            devnet_open(&k->http, &k->devnet, m, need & CLIENT_GOVERNS ? "governor" : "maker");
            catch_up(k);
        }
    } else {
        http_open(&k->http, "http://127.0.0.1:7443", token);
    }
    sodium_memzero(token, sizeof token);
    int rc = need & (CLIENT_GENESIS | CLIENT_KEYS) ? open_genesis(k) : 0;
    rc = rc || !k->g ? rc : open_keys(k, need);
    if (rc == 0 && k->g && (need & CLIENT_NODE)) {
        ask_programmes(k);
    }
    if (rc) {
        client_close(k);
    }
    return rc;
}

void client_close(struct client *k)
{
    http_close(&k->http);
    for (uint16_t i = 0; k->extended && i < ZYD_PROGRAMMES_MAX; i++) {
        free(k->extended->records[i]);
    }
    free(k->extended);
    k->extended = NULL;
    zyd_consortium_free(k->consortium);
    sodium_memzero(k->signers, sizeof k->signers);
    k->consortium = NULL;
}

int client_wall(struct client *k, int64_t *wall_ms)
{
    int rc = 0;
    json_t *s = http_get(k->c, &k->http, &rc, "/v1/status");
    *wall_ms = json_fen(s, "wall_ms");
    json_decref(s);
    return rc;
}

/* ---- envelopes ---- */

void oplist_add(struct oplist *l, const struct zyd_op *op)
{
    size_t room = op->args.size > ZYD_OP_SIZE_MAX ? ZYD_OP_PLUGIN_SIZE_MAX : ZYD_OP_SIZE_MAX;
    if (l->cap - l->size < room + 4) {
        l->cap = l->cap * 2 + 4 * room;
        l->bytes = realloc(l->bytes, l->cap);
    }
    l->ids = realloc(l->ids, (l->count + 1) * sizeof *l->ids);
    zyd_assert(l->bytes && l->ids);
    struct zyd_wr wr = zyd_wr_of(l->bytes + l->size + 4, room);
    zyd_op_encode(&wr, op);
    zyd_assert(!wr.full);
    zyd_put32(l->bytes + l->size, (uint32_t)wr.size);
    zyd_merkle_leaf(&l->ids[l->count], wr.data, wr.size);
    l->size += 4 + wr.size;
    l->count++;
}

void oplist_free(struct oplist *l)
{
    free(l->bytes);
    free(l->ids);
    memset(l, 0, sizeof *l);
}

int client_envelope(struct client *k, uint8_t **bytes, size_t *size, struct zyd_hash *env_id, const struct oplist *ops,
                    int64_t valid_until_ms, bool may_wait)
{
    struct zyd_env env;
    struct zyd_hash *leaves = calloc(ops->count, sizeof *leaves);
    *bytes = malloc(ZYD_ENV_SIZE_MAX);
    zyd_assert(leaves && *bytes);
    struct zyd_wr wr = zyd_wr_of(*bytes, ZYD_ENV_SIZE_MAX);
    uint8_t class_ = k->env_class == 0 ? ZYD_ENV_BUSINESS : k->env_class;
    zyd_env_build(&wr, &k->g->hash, class_, may_wait ? ZYD_ENV_MAY_WAIT : 0, (uint64_t)valid_until_ms, ops->count,
                  zyd_span(ops->bytes, ops->size), leaves);
    for (size_t i = 0; i < k->signer_count; i++) {
        zyd_env_sign(&wr, k->signers[i].member, k->signers[i].key, k->signers[i].secret.sk);
    }
    free(leaves);
    if (wr.full || zyd_env_decode(&env, zyd_wr_span(&wr)) != ZYD_OK) {
        free(*bytes);
        *bytes = NULL;
        return cli_fail(k->c, wr.full ? ZYD_ERR_TOO_BIG : ZYD_ERR_BUG, "envelope: %u operations, %zu bytes", ops->count,
                        ops->size);
    }
    *env_id = env.env_id;
    *size = wr.size;
    return 0;
}

static bool is_final(const json_t *answer)
{
    return strcmp(json_text(answer, "status"), "final") == 0;
}

int client_send(struct client *k, json_t **out, const uint8_t *bytes, size_t size, long wait_s)
{
    int64_t end = zyd_clock_mono_ms() + wait_s * 1000;
    struct answer a;
    bool accepted = false;
    char prefer[48];
    *out = NULL;
    for (unsigned attempt = 0;; attempt++) {
        int64_t left = (end - zyd_clock_mono_ms()) / 1000;
        long ask = left < 1 ? 0 : left > 20 ? 20 : (long)left;
        snprintf(prefer, sizeof prefer, "wait=%ld", ask);
        bool came = http_call(k->c, &k->http, &a,
                              &(struct request){.method = "POST",
                                                .path = "/v1/envelopes",
                                                .type = "application/octet-stream",
                                                .prefer = prefer,
                                                .body = bytes,
                                                .size = size,
                                                .timeout_s = ask + k->c->timeout_s});
        if (came && (a.status == 200 || a.status == 202) && a.json) {
            accepted = true;
            if (is_final(a.json) || wait_s == 0) {
                *out = json_incref(a.json);
                client_seen(k, a.json);
                answer_free(&a);
                return 0;
            }
        } else if (came && a.status >= 400 && a.status < 500 && a.status != 429) {
            int rc = http_fail(k->c, &k->http, &a, true);
            answer_free(&a);
            return rc;
        } else if (!came && !a.sent && !accepted && attempt == 0 && wait_s == 0) {
            int rc = http_fail(k->c, &k->http, &a, true);
            answer_free(&a);
            return rc;
        }
        accepted |= came ? false : a.sent;
        if (zyd_clock_mono_ms() >= end || cli_interrupted) {
            int rc;
            if (cli_interrupted) {
                rc = cli_fail(k->c, ZYD_ERR_INTERRUPTED,
                              TR(k->c, "同一命令可安全重做", "the same command can safely be run again"));
            } else if (accepted) {
                rc = cli_fail(k->c, ZYD_ERR_WAIT_TIMEOUT, "%ld s", wait_s);
            } else {
                rc = http_fail(k->c, &k->http, &a, true);
            }
            answer_free(&a);
            return rc;
        }
        answer_free(&a);
        struct timespec pause = {0, accepted ? 20000000 : 200000000};
        nanosleep(&pause, NULL);
    }
}

int client_outcome(const struct client *k, const json_t *operation)
{
    const char *result = json_text(operation, "result");
    if (strcmp(result, "refused") != 0) {
        return 0;
    }
    return cli_fail(k->c, code_number(json_text(operation, "code")), "%s %s", json_text(operation, "event"),
                    *json_text(operation, "object") ? json_text(operation, "object") : json_text(operation, "op_id"));
}
