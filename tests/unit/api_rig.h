/* api_rig.h: an API for each member of a consortium, all on one replica (tests/lib/live.h), and talking to them: for
 * test_http_api and test_http_visible.  Before inclusion MEMBERS is the number of members; setup() is the test's own and calls
 * rig_start. */
#ifndef API_RIG_H
#define API_RIG_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>
#include <zyd/api.h>
#include <zyd/date.h>

#include "node/io/api_journal.h"
#include "tests/lib/http_client.h"
#include "tests/lib/live.h"

#define TOKEN_MAKER "maker-token-0123456789"
#define TOKEN_CHECKER "checker-token-0123456789"
#define TOKEN_OPERATOR "operator-token-0123456789"
#define TOKEN_GOVERNOR "governor-token-012345678"
#define TOKEN_OWN "own-auditor-token-012345"

static struct zyd_live live;
struct node {
    struct zyd_api *api;
    struct zyd_key maker, checker;
    char dir[64];
    uint32_t listener;
    uint16_t port;
} nodes[MEMBERS];
static char tokens_path[64];

static bool do_submit(void *ctx, uint64_t ticket, struct zyd_span bytes)
{
    return zyd_live_submit(&live, ((struct node *)ctx)->listener, ticket, bytes);
}
static bool do_query(void *ctx, uint64_t ticket, struct zyd_span bytes)
{
    return zyd_live_query(&live, ((struct node *)ctx)->listener, ticket, bytes);
}
static int64_t do_wall(void *ctx)
{
    (void)ctx;
    return zyd_live_wall(&live);
}
static void do_clock(void *ctx, int64_t ms)
{
    (void)ctx;
    zyd_live_clock(&live, ms);
}
static void on_commit(void *ctx, const struct zyd_header *h, struct zyd_span block, struct zyd_span finality)
{
    zyd_api_on_commit(((struct node *)ctx)->api, h, block, finality);
}
static void on_reply(void *ctx, uint64_t ticket, enum zyd_status s, struct zyd_span bytes)
{
    zyd_api_on_reply(((struct node *)ctx)->api, ticket, s, bytes);
}

static void start_node(struct node *n)
{
    uint16_t m = (uint16_t)(n - nodes);
    struct zyd_err err = {0};
    struct zyd_api_config config = {.genesis = &live.c.g,
                                    .consortium_json = ZYD_SOURCE_DIR "/README.md",
                                    .data_dir = n->dir,
                                    .name = "test",
                                    .version = "0.1.0",
                                    .me_member = m,
                                    .me = m == 0 ? 0 : 255,
                                    .listen = "127.0.0.1:0",
                                    .metrics_listen = "127.0.0.1:0",
                                    .tokens = tokens_path,
                                    .open_reads = true,
                                    .maker = &n->maker,
                                    .checker = &n->checker,
                                    .plugin_dir = ZYD_PLUGIN_DIR};
    const struct zyd_api_calls calls = {n, do_submit, do_query, do_wall, do_clock, NULL};
    if (zyd_api_start(&n->api, &err, &config, &calls, 0) != ZYD_OK) {
        fail_msg("%s", err.text);
    }
    n->port = zyd_api_port(n->api);
    const struct zyd_live_hooks hooks = {n, on_commit, on_reply};
    n->listener = zyd_live_listen(&live, &hooks);
}

static void stop_node(struct node *n)
{
    zyd_live_unlisten(&live, n->listener);
    zyd_api_stop(n->api);
    n->api = NULL;
}

/* Tokens, and a node for each member; the ledger runs. */
static void rig_start(void)
{
    FILE *f;
    static const char *const tokens[][2] = {{"maker all", TOKEN_MAKER},
                                            {"checker all", TOKEN_CHECKER},
                                            {"operator all", TOKEN_OPERATOR},
                                            {"auditor own", TOKEN_OWN},
                                            {"governor all", TOKEN_GOVERNOR}};
    snprintf(tokens_path, sizeof tokens_path, "/tmp/zyd-tokens-%d", (int)getpid());
    f = fopen(tokens_path, "w");
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        struct zyd_hash h;
        char hex[65];
        zyd_sha256(&h, tokens[i][1], strlen(tokens[i][1]));
        sodium_bin2hex(hex, sizeof hex, h.b, 32);
        fprintf(f, "%s %s   # %zu\n", tokens[i][0], hex, i);
    }
    fclose(f);
    for (int i = 0; i < MEMBERS; i++) {
        struct node *n = &nodes[i];
        snprintf(n->dir, sizeof n->dir, "/tmp/zyd-api-%d-%d", (int)getpid(), i);
        mkdir(n->dir, 0700);
        for (int k = 2; k < 4; k++) {
            struct zyd_key *key = k == 2 ? &n->maker : &n->checker;
            key->purpose = live.c.g.members[i].keys[k].purpose;
            key->pk = live.c.g.members[i].keys[k].pk;
            memcpy(key->sk, live.c.sk[i][k], ZYD_SK_SIZE);
        }
        start_node(n);
    }
}

static int teardown(void **state)
{
    char path[128];
    (void)state;
    for (int i = 0; i < MEMBERS; i++) {
        stop_node(&nodes[i]);
        snprintf(path, sizeof path, "%s/api.journal", nodes[i].dir);
        unlink(path);
        rmdir(nodes[i].dir);
    }
    zyd_live_stop(&live);
    unlink(tokens_path);
    return 0;
}

/* ---- talking ---- */

static inline const char *text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

static struct zyd_http_answer last;
static char written[65]; /* the envelope of the last request that is on the ledger */

static inline json_t *get(int node, const char *path)
{
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[node].port, NULL, "GET", path, "", NULL, 0);
    return last.json;
}

static inline int post(int node, const char *path, const char *key, const char *format, ...)
{
    char body[2048], headers[256];
    va_list args;
    va_start(args, format);
    vsnprintf(body, sizeof body, format, args);
    va_end(args);
    snprintf(headers, sizeof headers, "Content-Type: application/json\r\nPrefer: wait=15\r\n%s%s%s",
             key ? "Idempotency-Key: " : "", key ? key : "", key ? "\r\n" : "");
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[node].port, TOKEN_MAKER, "POST", path, headers, body, strlen(body));
    if (last.status < 300 && *text(last.json, "result") != '\0') { /* done or waiting, not merely taken */
        snprintf(written, sizeof written, "%s", text(last.json, "env_id"));
    }
    return last.status;
}

/* The API of another member (or of one that was started again) may be a block behind the one that answered: waits until it
 * tells what was written last. */
static inline void catch_up(int node)
{
    char path[120];
    snprintf(path, sizeof path, "/v1/envelopes/%s?wait=15", written);
    get(node, path);
}

/* For what no request waits for (an automatic step in some later block): looks again until it is so; the only poll here. */
static inline void look_again(int *looks, const char *condition)
{
    if (++*looks == 2000) {
        fail_msg("never: %s: %s", condition, last.body ? last.body : "");
    }
    usleep(5000);
}
#define UNTIL(condition) for (int looks_ = 0; !(condition); look_again(&looks_, #condition))

#define EXPECT(call, want)                                                                                             \
    do {                                                                                                               \
        int got_ = (call);                                                                                             \
        if (got_ != (want)) {                                                                                          \
            fail_msg("%s: status %d, not %d: %s", #call, got_, (want), last.body ? last.body : "");                    \
        }                                                                                                              \
    } while (0)

/* The answer of GET with a token. */
static inline json_t *get_as(const char *token, int node, const char *path)
{
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[node].port, token, "GET", path, "", NULL, 0);
    return last.json;
}

#endif
