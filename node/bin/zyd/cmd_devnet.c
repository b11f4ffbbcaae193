/* zyd devnet and zyd cluster: four institutions on this machine, and what a consortium looks like right now. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <zyd/date.h>

#include "devnet.h"

#define UP_LIMIT_MS 20000

static struct devnet_member *member_by(struct devnet *d, const char *text)
{
    char *end = NULL;
    long n = strtol(text, &end, 10);
    size_t at = 0;
    for (size_t i = 0; i < d->count; i++) {
        at += d->members[i].node;
        if (d->members[i].node && (*end == '\0' ? (size_t)n == at : strcmp(d->members[i].code, text) == 0)) {
            return &d->members[i];
        }
    }
    return NULL;
}

/* ---- up, heal, kill, down, reset ---- */

static void log_tail(const struct cli *c, const struct devnet *d, const struct devnet_member *m)
{
    char path[CLI_PATH_MAX], text[1500];
    cli_path(path, "%s/%s/zydd.log", d->dir, m->code);
    FILE *f = fopen(path, "r");
    if (f) {
        if (fseek(f, -1400, SEEK_END) != 0) {
            rewind(f);
        }
        size_t n = fread(text, 1, sizeof text - 1, f);
        text[n] = '\0';
        fclose(f);
        cli_say(c, "%s:\n%s", path, text);
    }
}

#define PORT_TAKEN (-2)
#define PORT_TRIES 5

/* Starts the given nodes and waits until they serve and are not behind.  PORT_TAKEN: one ended, somebody has its port. */
static int start_and_wait(const struct cli *c, struct devnet *d, const struct devnet_member *const *only, size_t count)
{
    int64_t end = zyd_clock_mono_ms() + UP_LIMIT_MS;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = devnet_start(c, d, only[i]);
    }
    while (rc == 0) {
        struct devnet_look looks[ZYD_MEMBERS_MAX];
        json_int_t top = 0;
        const struct devnet_member *late = NULL;
        devnet_look_at(c, d, looks);
        for (size_t i = 0; i < d->count; i++) {
            json_int_t h = json_integer_value(json_object_get(looks[i].status, "height"));
            top = h > top ? h : top;
        }
        size_t running = 0, nodes = 0;
        for (size_t i = 0; i < d->count; i++) {
            nodes += d->members[i].node;
            running += devnet_pid(d, &d->members[i]) != 0;
        }
        bool quorum = running >= zyd_quorum_q((uint32_t)nodes); /* then all that run must find each other */
        for (size_t i = 0; i < d->count; i++) {
            bool wanted = false;
            for (size_t k = 0; k < count; k++) {
                wanted |= only[k] == &d->members[i];
            }
            if (!d->members[i].node || (!wanted && !devnet_pid(d, &d->members[i]))) {
                continue;
            }
            bool ok = looks[i].up && (!quorum || (strcmp(json_text(looks[i].status, "state"), "ok") == 0 &&
                                                  top - json_integer_value(json_object_get(looks[i].status, "height")) < 3));
            late = ok ? late : &d->members[i];
        }
        devnet_looks_free(d, looks);
        if (!late) {
            return 0;
        }
        if (!devnet_pid(d, late)) {
            if (!zyd_port_free(late->peer_port) || !zyd_port_free(late->api_port)) {
                return PORT_TAKEN;
            }
            log_tail(c, d, late);
            return cli_fail(c, ZYD_ERR_CONFIG, TR(c, "%s 的节点已退出", "the node of %s ended"), late->code);
        }
        if (zyd_clock_mono_ms() > end || cli_interrupted) {
            log_tail(c, d, late);
            return cli_fail(c, ZYD_ERR_NOT_READY, TR(c, "%s 未在 20 秒内就绪", "%s was not ready within 20 s"), late->code);
        }
        devnet_nap(50);
    }
    return rc;
}

static int heal(const struct cli *c, struct devnet *d, const struct devnet_member *const *nodes, size_t count)
{
    int rc = start_and_wait(c, d, nodes, count);
    return rc != PORT_TAKEN ? rc
                            : cli_fail(c, ZYD_ERR_ADDRESS,
                                       TR(c, "端口被占用；zyd devnet down 后 zyd devnet up 会换一个",
                                          "a port is taken; zyd devnet down, then zyd devnet up finds another"));
}

int devnet_heal(const struct cli *c, struct devnet *d, const struct devnet_member *m)
{
    return heal(c, d, &m, 1);
}

static int check_ports(struct devnet *d, bool *moved)
{
    for (size_t i = 0; i < d->count; i++) {
        struct devnet_member *m = &d->members[i];
        int *ports[2] = {&m->peer_port, &m->api_port};
        for (size_t k = 0; m->node && k < 2 && !devnet_pid(d, m); k++) {
            if (!zyd_port_free(*ports[k])) {
                *ports[k] = zyd_port_find();
                *moved = true;
                if (*ports[k] == 0) {
                    return -1;
                }
            }
        }
    }
    return 0;
}

/* Moves ports that somebody else has, writes the configurations and starts what does not run. */
static int up_once(const struct cli *c, struct devnet *d, const struct zyd_hash *genesis_hash,
                   const struct devnet_member *const *nodes, size_t count)
{
    bool moved = false;
    int rc = check_ports(d, &moved) != 0 ? PORT_TAKEN : 0;
    for (size_t i = 0; moved && i < count; i++) { /* the others would not find the moved one */
        devnet_stop(d, nodes[i], SIGTERM);
    }
    rc = rc ? rc : devnet_save(c, d);
    rc = rc ? rc : devnet_configure(c, d, genesis_hash);
    return rc ? rc : start_and_wait(c, d, nodes, count);
}

/* Makes the devnet when there is none, then starts what does not run. */
static int bring_up(const struct cli *c, struct devnet *d, const struct zyd_scenario_plan *plan, bool *already)
{
    struct zyd_consortium *k = NULL;
    struct zyd_err err = {0};
    char path[CLI_PATH_MAX];
    const struct devnet_member *nodes[ZYD_MEMBERS_MAX];
    size_t count = 0, running = 0;
    int rc = 0;
    if (!devnet_load(c, d)) {
        cli_say(c, TR(c, "建立开发网：%s", "making a devnet in %s"), d->dir);
        rc = devnet_make(c, d, plan);
        int32_t date = plan ? plan->start : 0;
        if (rc == 0 && (date || (cli_opt(c, "start") && zyd_date_parse(&date, cli_opt(c, "start"))))) {
            rc = devnet_offset_save(c, d, zyd_ms_of_date(date) + 9 * 3600 * 1000 - (int64_t)time(NULL) * 1000);
        }
    }
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < d->count; i++) {
        if (d->members[i].node) {
            nodes[count++] = &d->members[i];
            running += devnet_pid(d, &d->members[i]) != 0;
        }
    }
    *already = running == count;
    if (*already) {
        return 0;
    }
    cli_path(path, "%s/consortium.json", d->dir);
    if (zyd_consortium_open(&k, &err, path) != ZYD_OK) {
        return cli_fail_err(c, &err);
    }
    for (int tries = 0; tries < PORT_TRIES; tries++) { /* between a look at a port and its node's bind, another may take it */
        rc = up_once(c, d, &zyd_consortium_genesis(k)->hash, nodes, count);
        if (rc != PORT_TAKEN) {
            break;
        }
    }
    zyd_consortium_free(k);
    return rc != PORT_TAKEN ? rc : cli_fail(c, ZYD_ERR_ADDRESS, "127.0.0.1");
}

int devnet_for_plan(const struct cli *c, const struct zyd_scenario_plan *plan)
{
    struct devnet d;
    bool already = false;
    return bring_up(c, &d, plan, &already);
}

static int run_up(struct cli *c)
{
    struct devnet d;
    bool already = false;
    int rc = bring_up(c, &d, NULL, &already);
    if (rc == 0 && already) {
        cli_say(c, TR(c, "已在运行。", "already up."));
    }
    rc = rc ? rc : devnet_show(c, &d);
    if (rc == 0 && !already && !c->json) {
        cli_say(c,
                "%s\n  zyd cluster status\n  zyd contract draft --out c.json && zyd contract submit c.json --as BANK\n  zyd "
                "devnet kill LGOV",
                TR(c, "接下来可以试：", "Try next:"));
    }
    return rc;
}

static int run_heal(struct cli *c)
{
    struct devnet d;
    const struct devnet_member *nodes[ZYD_MEMBERS_MAX];
    size_t count = 0;
    int rc = devnet_need(c, &d);
    for (size_t i = 0; rc == 0 && i < c->pos_count; i++) {
        nodes[count] = member_by(&d, c->pos[i]);
        rc = nodes[count] ? 0 : cli_fail(c, ZYD_ERR_USAGE, TR(c, "没有节点 %s", "no node %s"), c->pos[i]);
        count++;
    }
    for (size_t i = 0; rc == 0 && c->pos_count == 0 && i < d.count; i++) {
        if (d.members[i].node && !devnet_pid(&d, &d.members[i])) {
            nodes[count++] = &d.members[i];
        }
    }
    rc = rc ? rc : heal(c, &d, nodes, count);
    return rc ? rc : devnet_show(c, &d);
}

static int run_kill(struct cli *c)
{
    struct devnet d;
    int rc = devnet_need(c, &d);
    for (size_t i = 0; rc == 0 && i < c->pos_count; i++) {
        struct devnet_member *m = member_by(&d, c->pos[i]);
        if (!m) {
            rc = cli_fail(c, ZYD_ERR_USAGE, TR(c, "没有节点 %s", "no node %s"), c->pos[i]);
        } else {
            devnet_stop(&d, m, SIGKILL);
        }
    }
    if (rc == 0) {
        rc = devnet_show(c, &d);
    }
    return rc == ZYD_EXIT_DEGRADED ? 0 : rc; /* it did what was asked */
}

static int stop_all(const struct devnet *d)
{
    for (size_t i = 0; i < d->count; i++) {
        long pid = devnet_pid(d, &d->members[i]);
        if (pid) {
            kill((pid_t)pid, SIGTERM);
        }
    }
    for (size_t i = 0; i < d->count; i++) {
        devnet_stop(d, &d->members[i], SIGTERM);
    }
    return 0;
}

static int run_down(struct cli *c)
{
    struct devnet d;
    int rc = devnet_need(c, &d);
    rc = rc ? rc : stop_all(&d);
    if (rc == 0) {
        cli_say(c,
                TR(c, "已停止；数据保留在 %s；删除用 zyd devnet reset", "stopped; data kept in %s; delete with zyd devnet reset"),
                d.dir);
    }
    return rc;
}

static int run_reset(struct cli *c)
{
    struct devnet d;
    char part[CLI_PATH_MAX];
    int rc = devnet_need(c, &d);
    if (rc) {
        return rc;
    }
    if (!c->yes && isatty(0)) {
        char line[16] = "";
        fprintf(stderr, TR(c, "删除 %s 中的账本与密钥？输入 devnet 确认：", "delete ledger and keys in %s? type devnet: "),
                d.dir);
        if (!fgets(line, sizeof line, stdin) || strcmp(line, "devnet\n") != 0) {
            return cli_fail(c, ZYD_ERR_INTERRUPTED, "%s", "");
        }
    }
    stop_all(&d);
    bool ok = true;
    for (size_t i = 0; i < d.count; i++) {
        ok = cli_path(part, "%s/%s", d.dir, d.members[i].code) && cli_remove_tree(part) && ok;
    }
    static const char *const parts[] = {"plugins", "consortium.json", "clock_offset_ms", "seen", "outbox", "devnet.json"};
    for (size_t i = 0; ok && i < sizeof parts / sizeof parts[0]; i++) { /* only what is ours; devnet.json last */
        ok = cli_path(part, "%s/%s", d.dir, parts[i]) && cli_remove_tree(part) && ok;
    }
    rmdir(d.dir);
    return ok ? 0 : cli_fail(c, ZYD_ERR_FILE_WRITE, "%s", d.dir);
}

/* ---- cluster status: the same question to any consortium ---- */

static int run_cluster(struct cli *c)
{
    struct devnet d;
    if (!c->node && devnet_load(c, &d)) {
        return devnet_show(c, &d);
    }
    struct client k;
    int rc = client_open(&k, c, CLIENT_NODE);
    if (rc) {
        return rc;
    }
    json_t *n = http_get(c, &k.http, &rc, "/v1/nodes");
    if (n) {
        static const struct column columns[] = {{"member", "成员", "MEMBER", 't'},
                                                {"name_zh", "机构", "INSTITUTION", 't'},
                                                {"role", "角色", "ROLE", 't'},
                                                {"height", "高度", "HEIGHT", 'r'},
                                                {"lag", "落后", "LAG", 'r'},
                                                {"up", "在线", "UP", 't'},
                                                {"rtt_us", "往返(微秒)", "RTT us", 'r'},
                                                {0}};
        const json_t *list = json_object_get(n, "nodes");
        unsigned up = 0, total = (unsigned)json_array_size(list);
        for (size_t i = 0; i < total; i++) {
            up += json_is_true(json_object_get(json_array_get(list, i), "up"));
        }
        if (c->json) {
            cli_json(n);
        } else {
            cli_table(c, list, columns);
        }
        rc = up == total ? 0 : ZYD_EXIT_DEGRADED;
        json_decref(n);
    }
    client_close(&k);
    return rc;
}

static const struct option up_options[] = {
    {"start", 0, "DATE", "业务起始日（默认今天）", "first business date (default: today)"},
    {"member", 0, "CODE", "另加只签名的成员：PFIN CITY COUNTY CITY_G COUNTY_G CORE COOP SEED INSURER TAX AUD",
     "another member that only signs: PFIN CITY COUNTY CITY_G COUNTY_G CORE COOP SEED INSURER TAX AUD"},
    {"policy", 0, "FILE", "项目与日历（默认 NAT2080、AH4321）",
     "programmes and calendar (default NAT2080, AH4321, one of each other product)"},
    {"plugin", 0, "ELF", "担保合约程序", "image of the guarantee contract"},
    {0}};
static const struct option clock_options[] = {{"to", 0, "DATE", "日期或时间", "date or time"}, {0}};
const struct command devnet_commands[] = {
    {"devnet", "up", "local", "", "启动（或建立）四家机构的开发网", "start (or make) four institutions on this machine",
     "zyd devnet up\nzyd devnet up --start 2025-01-02 --dir /tmp/dn", up_options, 0, 0, run_up},
    {"devnet", "status", "local", "", "开发网状态", "state of the devnet", "zyd devnet status", NULL, 0, 0, devnet_run_status},
    {"devnet", "kill", "local", "NODE...", "kill -9 节点（代码或序号）", "kill -9 nodes (codes or numbers)",
     "zyd devnet kill LGOV\nzyd devnet kill 2 3", NULL, 1, 8, run_kill},
    {"devnet", "heal", "local", "[NODE...]", "重启停掉的节点并等待追上", "start what is down and wait until it caught up",
     "zyd devnet heal", NULL, 0, 8, run_heal},
    {"devnet", "clock", "local", "[--to DATE]", "移动全部节点的时钟（仅开发网）", "move all clocks (devnet only)",
     "zyd devnet clock --to 2026-06-21", clock_options, 0, 0, devnet_run_clock},
    {"devnet", "down", "local", "", "停止，保留数据", "stop, keep the data", "zyd devnet down", NULL, 0, 0, run_down},
    {"devnet", "reset", "local", "", "停止并删除", "stop and delete", "zyd devnet reset --yes", NULL, 0, 0, run_reset},
    {0}};
const struct command cluster_commands[] = {{"cluster", "status", "online", "", "各节点状态；有异常则退出码 10",
                                            "state of the nodes; exit 10 when degraded",
                                            "zyd cluster status\nzyd cluster status -o json", NULL, 0, 0, run_cluster},
                                           {0}};
