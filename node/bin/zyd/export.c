/* Blocks over HTTP -> a bundle of files that an auditor checks without us. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <zyd/verify.h>

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
        if (!http_call(k->c, &k->http, &a,
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

struct bundle {
    struct client *k;
    const char *dir;
    struct zyd_header before, last; /* header before the segment; last one in it */
    struct zyd_segment_head head;
    uint8_t *frames;
    size_t used, cap;
    json_t *segments;
    struct progress p;
};

/* The state that genesis makes: where the first segment starts. */
static int genesis_header(struct client *k, const char *dir, struct zyd_header *out)
{
    struct zyd_kv nothing = zyd_kv_empty();
    struct zyd_replica_limits limits;
    const char *why = "";
    int rc = 0;
    zyd_replica_limits_small(&limits);
    size_t size = zyd_replay_footprint(&limits, k->g);
    void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    zyd_assert(mem != MAP_FAILED);
    struct zyd_replay *r = zyd_replay_init(mem, k->g, &limits, &nothing);
    for (uint16_t i = 0; rc == 0 && i < k->g->plugin_count; i++) {
        char path[CLI_PATH_MAX], hex[65];
        uint8_t *elf = NULL;
        size_t n = 0;
        struct zyd_err err = {0};
        cli_hex(hex, k->g->plugins[i].hash.b);
        cli_path(path, "%s/plugins/%s.elf", dir, hex);
        if (zyd_file_read(&elf, &n, &err, path, 1u << 20) != ZYD_OK) {
            rc = cli_fail_err(k->c, &err);
        } else if (zyd_replay_plugin(r, &why, zyd_span(elf, n)) != ZYD_OK) {
            rc = cli_fail(k->c, ZYD_ERR_PLUGIN, "%s: %s", hex, why);
        }
        free(elf);
    }
    if (rc == 0 && zyd_replay_genesis(r, out) != ZYD_OK) {
        rc = cli_fail(k->c, ZYD_ERR_BUG, "genesis");
    }
    munmap(mem, size);
    return rc;
}

static int write_segment(struct bundle *b)
{
    uint8_t head[4096], foot[ZYD_SEGMENT_FOOT_SIZE];
    char path[CLI_PATH_MAX], name[64], hex[65];
    struct zyd_hasher h;
    struct zyd_hash hash;
    if (b->used == 0) {
        return 0;
    }
    b->head.last_height = b->last.height;
    b->head.end_index = b->last.log_size;
    struct zyd_wr wr = zyd_wr_of(head, sizeof head);
    zyd_segment_head_encode(&wr, &b->head);
    zyd_assert(!wr.full);
    zyd_hasher_start(&h, NULL);
    zyd_hasher_add(&h, head, wr.size);
    zyd_hasher_add(&h, b->frames, b->used);
    zyd_hasher_end(&h, &hash);
    zyd_segment_foot_encode(foot, (uint32_t)(b->head.last_height - b->head.first_height + 1),
                            b->head.end_index - b->head.first_index, wr.size + b->used, &b->last.log_root, &hash);
    snprintf(name, sizeof name, "%012llu-%012llu.seg", (unsigned long long)b->head.first_height,
             (unsigned long long)b->head.last_height);
    cli_path(path, "%s/segments/%s", b->dir, name);
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(head, 1, wr.size, f) == wr.size && fwrite(b->frames, 1, b->used, f) == b->used &&
              fwrite(foot, 1, sizeof foot, f) == sizeof foot && fflush(f) == 0 && fsync(fileno(f)) == 0;
    ok = (!f || fclose(f) == 0) && ok;
    if (!ok) {
        return cli_fail(b->k->c, ZYD_ERR_FILE_WRITE, "%s: %s", path, strerror(errno));
    }
    cli_hex(hex, hash.b);
    json_array_append_new(b->segments, json_pack("{s:s,s:I,s:I,s:I,s:s}", "file", name, "first_height",
                                                 (json_int_t)b->head.first_height, "last_height", (json_int_t)b->head.last_height,
                                                 "bytes", (json_int_t)(wr.size + b->used + sizeof foot), "sha256", hex));
    b->before = b->last;
    b->used = 0;
    return 0;
}

static int on_block(void *ctx, const struct zyd_block_view *v, struct zyd_span value, struct zyd_span finality)
{
    struct bundle *b = ctx;
    size_t need = value.size + finality.size + 8;
    int rc = 0;
    if (b->used && b->used + need > ZYD_SEGMENT_TARGET) {
        rc = write_segment(b);
    }
    if (b->used == 0) {
        b->head = (struct zyd_segment_head){.chain_id = b->k->g->hash,
                                            .first_height = v->header.height,
                                            .first_index = b->before.log_size,
                                            .state_size = b->before.state_size,
                                            .state_root = b->before.state_root};
        if (rc == 0 && zyd_frontier_decode(&b->head.frontier, v->frontier) != ZYD_OK) {
            rc = cli_fail(b->k->c, ZYD_ERR_MALFORMED, "frontier: %llu", (unsigned long long)v->header.height);
        }
    }
    if (b->cap - b->used < need) {
        b->cap = b->cap * 2 + need + (1u << 20);
        b->frames = realloc(b->frames, b->cap);
        zyd_assert(b->frames);
    }
    struct zyd_wr wr = zyd_wr_of(b->frames + b->used, b->cap - b->used);
    zyd_segment_frame_encode(&wr, value, finality);
    b->used += wr.size;
    b->last = v->header;
    progress_step(&b->p, v->header.height);
    return rc ? rc : cli_interrupted ? ZYD_EXIT_INTERRUPTED : 0;
}

static int write_file(const struct cli *c, const char *dir, const char *name, const void *data, size_t size)
{
    char path[CLI_PATH_MAX];
    cli_path(path, "%s/%s", dir, name);
    return cli_write(c, path, data, size, 0644, true);
}

static int write_statics(struct client *k, const char *dir)
{
    static const char format[] =
        "A zyd export bundle.  manifest.json lists the segments; genesis is the canonical body whose tagged SHA-256 is the chain "
        "id;\n"
        "plugins/ holds the contract images that genesis pins.  Every byte is described in FORMATS.md of the zyd sources.\n"
        "Check it:  zyd-audit verify THIS-DIRECTORY --genesis-hash H   (H from the fingerprint that the members agreed on)\n";
    struct answer a;
    int rc = write_file(k->c, dir, "genesis", k->g->body.data, k->g->body.size);
    rc = rc ? rc : write_file(k->c, dir, "FORMAT.txt", format, sizeof format - 1);
    if (rc == 0) {
        if (!http_call(k->c, &k->http, &a, &(struct request){.method = "GET", .path = "/v1/consortium"}) || a.status != 200) {
            rc = http_fail(k->c, &k->http, &a, false);
        } else {
            rc = write_file(k->c, dir, "consortium.json", a.body, a.size);
        }
        answer_free(&a);
    }
    for (uint16_t i = 0; rc == 0 && i < k->g->plugin_count; i++) {
        char hex[65], path[128];
        struct zyd_hash hash;
        cli_hex(hex, k->g->plugins[i].hash.b);
        snprintf(path, sizeof path, "/v1/plugins/%s", hex);
        if (!http_call(k->c, &k->http, &a, &(struct request){.method = "GET", .path = path}) || a.status != 200) {
            rc = http_fail(k->c, &k->http, &a, false);
        } else {
            zyd_sha256(&hash, a.body, a.size);
            snprintf(path, sizeof path, "plugins/%s.elf", hex);
            rc = zyd_hash_eq(&hash, &k->g->plugins[i].hash) ? write_file(k->c, dir, path, a.body, a.size)
                                                            : cli_fail(k->c, ZYD_ERR_PLUGIN, "%s", hex);
        }
        answer_free(&a);
    }
    return rc;
}

int export_bundle(struct client *k, const char *dir, uint64_t *height)
{
    char path[CLI_PATH_MAX], when[32], hex[65];
    struct zyd_err err = {0};
    struct bundle b = {.k = k, .dir = dir, .segments = json_array()};
    int rc = 0;
    if (cli_exists(dir)) {
        json_decref(b.segments);
        return cli_fail(k->c, ZYD_ERR_FILE_EXISTS, "%s", dir);
    }
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        cli_path(path, "%s/%s", dir, i ? "plugins" : "segments");
        rc = cli_mkdirs(&err, path) != ZYD_OK ? cli_fail_err(k->c, &err) : 0;
    }
    json_t *status = rc ? NULL : http_get(k->c, &k->http, &rc, "/v1/status");
    *height = (uint64_t)json_fen(status, "height");
    json_decref(status);
    if (rc == 0 && *height == 0) {
        rc = cli_fail(k->c, ZYD_ERR_NOT_FOUND, TR(k->c, "账本还没有区块", "the ledger has no block yet"));
    }
    rc = rc ? rc : write_statics(k, dir);
    rc = rc ? rc : genesis_header(k, dir, &b.before);
    progress_start(&b.p, k->c, TR(k->c, "导出", "export"), *height);
    rc = rc ? rc : frames_each(k, 1, *height, on_block, &b);
    rc = rc ? rc : write_segment(&b);
    progress_end(&b.p);
    if (rc == 0 && b.last.height != *height) {
        rc = cli_fail(k->c, ZYD_ERR_NOT_FOUND, "%llu < %llu", (unsigned long long)b.last.height, (unsigned long long)*height);
    }
    if (rc == 0) {
        zyd_rfc3339(when, (int64_t)time(NULL) * 1000);
        cli_hex(hex, k->g->hash.b);
        json_t *m = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:O}", "format", "zyd-bundle-1", "tool", "zyd " CLI_VERSION,
                              "created", when, "genesis_hash", hex, "first_height", (json_int_t)1, "last_height",
                              (json_int_t)*height, "log_size", (json_int_t)b.last.log_size, "segments", b.segments);
        char *text = json_dumps(m, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        rc = write_file(k->c, dir, "manifest.json", text, strlen(text)); /* last: a bundle without it is unfinished */
        free(text);
        json_decref(m);
    }
    json_decref(b.segments);
    free(b.frames);
    return rc;
}
