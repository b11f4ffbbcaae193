/* Blocks over HTTP -> a bundle of files that an auditor checks without us. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zyd/bundle.h>

#include "export.h"

int run_program(const struct cli *c, char *const argv[])
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127) {
        return cli_fail(c, ZYD_ERR_TOOL_MISSING, "%s", argv[0]);
    }
    return WEXITSTATUS(status);
}

int frames_each(struct client *k, uint64_t from, uint64_t to,
                int (*each)(void *ctx, const struct zyd_block_view *b, struct zyd_span value, struct zyd_span finality),
                void *ctx)
{
    uint64_t next = from;
    int rc = 0;
    while (rc == 0 && next <= to) {
        struct answer a;
        char path[96];
        snprintf(path, sizeof path, "/v1/frames?from=%llu&to=%llu", (unsigned long long)next, (unsigned long long)to);
        if (!http_call(
                k->c, &k->http, &a,
                &(struct request){.method = "GET", .path = path, .accept = "application/octet-stream", .timeout_s = 60}) ||
            a.status != 200) {
            rc = http_fail(k->c, &k->http, &a, false);
            answer_free(&a);
            break;
        }
        struct zyd_rd rd = zyd_rd_of(zyd_span(a.body, a.size));
        uint64_t before = next;
        while (rc == 0 && rd.pos < rd.size) {
            struct zyd_block_view b;
            struct zyd_span value = zyd_rx_block(&rd, FRAMES_MAX), finality = zyd_rx_block(&rd, FRAMES_MAX);
            if (rd.bad || zyd_block_decode(&b, value) != ZYD_OK || b.header.height != next) {
                rc = cli_fail(k->c, ZYD_ERR_MALFORMED, "/v1/frames: %llu", (unsigned long long)next);
            } else {
                rc = each(ctx, &b, value, finality);
                next++;
            }
        }
        bool more = a.next[0] != '\0';
        answer_free(&a);
        if (!more || next == before) {
            break;
        }
    }
    return rc;
}

/* ---- the bundle ---- */

struct export {
    struct client *k;
    struct zyd_bundle *bundle;
    struct progress p;
    uint64_t last;
};

static int on_block(void *ctx, const struct zyd_block_view *v, struct zyd_span value, struct zyd_span finality)
{
    struct export *x = ctx;
    struct zyd_err err = {0};
    (void)value;
    if (zyd_bundle_block(x->bundle, &err, v, finality) != ZYD_OK) {
        return cli_fail_err(x->k->c, &err);
    }
    x->last = v->header.height;
    progress_step(&x->p, v->header.height);
    return cli_interrupted ? ZYD_EXIT_INTERRUPTED : 0;
}

/* consortium.json and the plugins, as the node serves them. */
static int fetch_statics(struct export *x)
{
    struct client *k = x->k;
    struct zyd_err err = {0};
    struct answer a;
    int rc = 0;
    for (uint16_t i = 0; rc == 0 && i <= k->g->plugin_count; i++) {
        bool plugin = i < k->g->plugin_count;
        char hex[65] = "", path[128];
        if (plugin) {
            cli_hex(hex, k->g->plugins[i].hash.b);
        }
        snprintf(path, sizeof path, plugin ? "/v1/plugins/%s" : "/v1/consortium%s", hex);
        if (!http_call(k->c, &k->http, &a, &(struct request){.method = "GET", .path = path}) || a.status != 200) {
            rc = http_fail(k->c, &k->http, &a, false);
        } else {
            struct zyd_span bytes = zyd_span(a.body, a.size);
            enum zyd_status st = plugin ? zyd_bundle_plugin(x->bundle, &err, bytes)
                                        : zyd_bundle_file(x->bundle, &err, "consortium.json", bytes);
            rc = st == ZYD_OK ? 0 : cli_fail_err(k->c, &err);
        }
        answer_free(&a);
    }
    return rc;
}

int export_bundle(struct client *k, const char *dir, uint64_t *height)
{
    struct zyd_err err = {0};
    struct export x = {.k = k};
    int rc = 0;
    if (cli_exists(dir)) {
        return cli_fail(k->c, ZYD_ERR_FILE_EXISTS, "%s", dir);
    }
    json_t *status = http_get(k->c, &k->http, &rc, "/v1/status");
    *height = (uint64_t)json_fen(status, "height");
    json_decref(status);
    if (rc == 0 && *height == 0) {
        rc = cli_fail(k->c, ZYD_ERR_NOT_FOUND, TR(k->c, "账本还没有区块", "the ledger has no block yet"));
    }
    struct zyd_bundle_options o = {.dir = dir, .tool = "zyd " CLI_VERSION, .created_ms = (int64_t)time(NULL) * 1000};
    o.g = zyd_consortium_genesis(k->consortium); /* not k->g: programmes that governance added come from the blocks */
    if (rc == 0 && zyd_bundle_create(&x.bundle, &err, &o) != ZYD_OK) {
        rc = cli_fail_err(k->c, &err);
    }
    rc = rc ? rc : fetch_statics(&x);
    progress_start(&x.p, k->c, TR(k->c, "导出", "export"), *height);
    rc = rc ? rc : frames_each(k, 1, *height, on_block, &x);
    progress_end(&x.p);
    if (rc == 0 && x.last != *height) {
        rc = cli_fail(k->c, ZYD_ERR_NOT_FOUND, "%llu < %llu", (unsigned long long)x.last, (unsigned long long)*height);
    }
    if (rc == 0 && zyd_bundle_finish(x.bundle, &err) != ZYD_OK) {
        rc = cli_fail_err(k->c, &err);
    }
    zyd_bundle_free(x.bundle);
    return rc;
}
