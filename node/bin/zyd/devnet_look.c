/* devnet_look.c: what a devnet looks like right now, waiting until it looks as it should, and its clock. */
#include <stdio.h>
#include <time.h>

#include <zyd/date.h>

#include "devnet.h"

void devnet_nap(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

int devnet_need(const struct cli *c, struct devnet *d)
{
    if (!devnet_load(c, d)) {
        return cli_fail(c, ZYD_ERR_FILE_READ, TR(c, "%s 中没有开发网：zyd devnet up", "no devnet in %s: zyd devnet up"), d->dir);
    }
    return 0;
}

/* ---- status ---- */

void devnet_look_at(const struct cli *c, const struct devnet *d, struct devnet_look *looks)
{
    for (size_t i = 0; i < d->count; i++) {
        struct http h;
        struct answer a = {0};
        looks[i] = (struct devnet_look){0};
        if (d->members[i].node && devnet_pid(d, &d->members[i])) {
            devnet_open(&h, d, &d->members[i], "maker");
            if (http_call(c, &h, &a, &(struct request){.method = "GET", .path = "/v1/status", .timeout_s = 3}) &&
                a.status == 200) {
                looks[i] = (struct devnet_look){true, json_incref(a.json)};
            }
            answer_free(&a);
            http_close(&h);
        }
    }
}

void devnet_looks_free(const struct devnet *d, struct devnet_look *looks)
{
    for (size_t i = 0; i < d->count; i++) {
        json_decref(looks[i].status);
    }
}

static json_t *status_rows(const struct cli *c, const struct devnet *d, const struct devnet_look *looks, unsigned *nodes,
                           unsigned *good)
{
    json_t *rows = json_array();
    json_int_t top = 0;
    *nodes = *good = 0;
    for (size_t i = 0; i < d->count; i++) {
        json_int_t h = json_integer_value(json_object_get(looks[i].status, "height"));
        top = h > top ? h : top;
    }
    for (size_t i = 0; i < d->count; i++) {
        const struct devnet_member *m = &d->members[i];
        char api[64], date[32] = "";
        json_int_t h = json_integer_value(json_object_get(looks[i].status, "height"));
        long pid = devnet_pid(d, m);
        const char *state = !m->node       ? TR(c, "只签名", "signs only")
                            : !pid         ? TR(c, "已停", "down")
                            : !looks[i].up ? TR(c, "启动中", "starting")
                                           : json_text(looks[i].status, "state");
        snprintf(api, sizeof api, "http://127.0.0.1:%d", m->api_port);
        if (looks[i].up) {
            zyd_rfc3339(date, json_fen(looks[i].status, "wall_ms") / 1000 * 1000);
            date[10] = '\0';
        }
        *nodes += m->node;
        *good += looks[i].up && strcmp(json_text(looks[i].status, "state"), "ok") == 0 && top - h < 3;
        json_t *row = json_pack("{s:s,s:s,s:s,s:s,s:s}", "member", m->code, "institution", TR(c, m->name_zh, m->name_en),
                                "state", state, "api", m->node ? api : "", "date", date);
        if (looks[i].up) {
            json_object_set_new(row, "height", json_integer(h));
            json_object_set_new(row, "lag", json_integer(top - h));
            json_object_set_new(row, "peers", json_integer(json_integer_value(json_object_get(looks[i].status, "peers_up"))));
        }
        if (pid) {
            json_object_set_new(row, "pid", json_integer(pid));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static const struct column devnet_columns[] = {{"member", "成员", "MEMBER", 't'}, {"institution", "机构", "INSTITUTION", 't'},
                                               {"height", "高度", "HEIGHT", 'r'}, {"lag", "落后", "LAG", 'r'},
                                               {"peers", "对端", "PEERS", 'r'},   {"date", "业务日期", "DATE", 't'},
                                               {"api", "接口", "API", 't'},       {"pid", "进程", "PID", 'r'},
                                               {"state", "状态", "STATE", 't'},   {0}};

/* The closing line: what works, and the one useful next command. */
static int summary(const struct cli *c, const struct devnet *d, unsigned nodes, unsigned good)
{
    unsigned f = zyd_quorum_f(nodes), q = zyd_quorum_q(nodes), down = nodes - good;
    if (c->json) {
        return down ? ZYD_EXIT_DEGRADED : 0;
    }
    if (!down) {
        cli_say(c, TR(c, "%u 个验证节点，可容忍 %u 个故障，全部正常。", "%u validators, %u may fail, all well."), nodes, f);
        return 0;
    }
    if (good >= q) {
        cli_say(c,
                TR(c, "%u 个验证节点，可容忍 %u 个故障，现有 %u 个异常：账本仍在出块。",
                   "%u validators, %u may fail, %u down or behind: the ledger still commits."),
                nodes, f, down);
    } else {
        cli_say(c,
                TR(c, "%u 个节点中 %u 个异常：不再产生新区块，读取不受影响。",
                   "%u validators, %u down or behind: no new blocks can be agreed; reads still work."),
                nodes, down);
    }
    for (size_t i = 0; i < d->count; i++) {
        if (d->members[i].node && !devnet_pid(d, &d->members[i])) {
            cli_say(c, TR(c, "下一步：zyd devnet heal %s", "next: zyd devnet heal %s"), d->members[i].code);
            break;
        }
    }
    return ZYD_EXIT_DEGRADED;
}

#define LOOKS 20

int devnet_show(const struct cli *c, const struct devnet *d)
{
    struct devnet_look looks[ZYD_MEMBERS_MAX];
    unsigned nodes, good, running = 0;
    json_t *rows = NULL;
    for (size_t i = 0; i < d->count; i++) {
        running += devnet_pid(d, &d->members[i]) != 0;
    }
    for (int tries = 0; tries < LOOKS; tries++) { /* the nodes are asked one after the other: a busy ledger moves on between */
        json_decref(rows);
        devnet_look_at(c, d, looks);
        rows = status_rows(c, d, looks, &nodes, &good);
        devnet_looks_free(d, looks);
        if (good >= running || cli_interrupted) {
            break;
        }
        devnet_nap(50);
    }
    cli_table(c, rows, devnet_columns);
    json_decref(rows);
    return summary(c, d, nodes, good);
}

int devnet_run_status(struct cli *c)
{
    struct devnet d;
    int rc = devnet_need(c, &d);
    return rc ? rc : devnet_show(c, &d);
}

/* ---- the clock ---- */

static int set_clock(const struct cli *c, const struct devnet *d, const struct devnet_member *m, int64_t wall_ms)
{
    struct http h;
    struct answer a;
    char body[64];
    int rc = 0;
    int n = snprintf(body, sizeof body, "{\"wall_ms\":\"%lld\"}", (long long)wall_ms);
    devnet_open(&h, d, m, "operator");
    if (!http_call(
            c, &h, &a,
            &(struct request){
                .method = "POST", .path = "/v1/dev/clock", .type = "application/json", .body = body, .size = (size_t)n}) ||
        a.status != 200) {
        rc = http_fail(c, &h, &a, true);
    }
    answer_free(&a);
    http_close(&h);
    return rc;
}

#define SKEW_MS 20 /* between the clocks of a devnet's nodes, which are set one after another */

int devnet_wait_settled(const struct cli *c, const struct devnet *d, int64_t wall_ms, long limit_ms)
{
    int64_t end = zyd_clock_mono_ms() + limit_ms;
    int64_t need[ZYD_MEMBERS_MAX] = {0}; /* by each node's own clock */
    while (zyd_clock_mono_ms() < end && !cli_interrupted) {
        struct devnet_look looks[ZYD_MEMBERS_MAX];
        json_int_t low = -1, high = 0;
        bool settled = true;
        devnet_look_at(c, d, looks);
        for (size_t i = 0; i < d->count; i++) {
            if (looks[i].up) {
                json_int_t h = json_integer_value(json_object_get(looks[i].status, "height"));
                low = low < 0 || h < low ? h : low;
                high = h > high ? h : high;
                if (need[i] == 0) {
                    need[i] = wall_ms != 0 ? wall_ms : json_fen(looks[i].status, "wall_ms") + SKEW_MS;
                }
                settled &= json_fen(looks[i].status, "settled_ms") >= need[i];
            }
        }
        devnet_looks_free(d, looks);
        if (settled && low == high) {
            return 0;
        }
        devnet_nap(20);
    }
    return cli_fail(c, ZYD_ERR_WAIT_TIMEOUT, "%ld ms", limit_ms);
}

int devnet_clock_to(const struct cli *c, const struct devnet *d, int64_t wall_ms)
{
    int rc = devnet_offset_save(c, d, wall_ms - (int64_t)time(NULL) * 1000);
    for (size_t i = 0; rc == 0 && i < d->count; i++) {
        if (devnet_pid(d, &d->members[i])) {
            rc = set_clock(c, d, &d->members[i], wall_ms);
        }
    }
    return rc ? rc : devnet_wait_settled(c, d, wall_ms, 60000);
}

int devnet_run_clock(struct cli *c)
{
    struct devnet d;
    int64_t ms = 0;
    int32_t date = 0;
    const char *to = cli_opt(c, "to");
    int rc = devnet_need(c, &d);
    if (rc) {
        return rc;
    }
    if (!to) {
        return devnet_show(c, &d);
    }
    if (zyd_date_parse(&date, to)) {
        ms = zyd_ms_of_date(date) + 9 * 3600 * 1000; /* nine in the morning: deadlines of the day have fired */
    } else if (!zyd_rfc3339_parse(&ms, to)) {
        return cli_fail(c, ZYD_ERR_USAGE, "--to %s: 2026-06-21 | 2026-06-21T09:00:00+08:00", to);
    }
    int64_t now = (int64_t)time(NULL) * 1000 + devnet_offset_of(&d);
    if (ms <= now) {
        char text[32];
        zyd_rfc3339(text, now);
        return cli_fail(c, ZYD_ERR_USAGE, TR(c, "时钟只能向前：现在是 %s", "the clock only moves forward: it is %s"), text);
    }
    rc = devnet_clock_to(c, &d, ms);
    return rc ? rc : devnet_show(c, &d);
}
