/* Real zydd processes on loopback: configuration, start, stop, what is alive. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "devnet.h"

#define STOP_LIMIT_MS 15000
#define KILL_LIMIT_MS 5000

const struct devnet_member *devnet_find(const struct devnet *d, const char *code)
{
    for (size_t i = 0; i < d->count; i++) {
        if (strcmp(d->members[i].code, code) == 0) {
            return &d->members[i];
        }
    }
    return NULL;
}

/* ---- devnet.json ---- */

bool devnet_load(const struct cli *c, struct devnet *d)
{
    char path[CLI_PATH_MAX];
    memset(d, 0, sizeof *d);
    cli_devnet_dir(c, d->dir);
    cli_path(path, "%s/devnet.json", d->dir);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, NULL), *m;
    const json_t *list = json_object_get(root, "members");
    size_t i;
    json_array_foreach(list, i, m)
    {
        struct devnet_member *x = &d->members[d->count];
        if (d->count == ZYD_MEMBERS_MAX || strlen(json_text(m, "code")) > ZYD_CODE_MAX) {
            break;
        }
        snprintf(x->code, sizeof x->code, "%s", json_text(m, "code"));
        snprintf(x->name_zh, sizeof x->name_zh, "%s", json_text(m, "name_zh"));
        snprintf(x->name_en, sizeof x->name_en, "%s", json_text(m, "name_en"));
        x->node = json_is_true(json_object_get(m, "node"));
        x->peer_port = (int)json_integer_value(json_object_get(m, "peer_port"));
        x->api_port = (int)json_integer_value(json_object_get(m, "api_port"));
        d->count++;
    }
    json_decref(root);
    return d->count > 0;
}

int devnet_save(const struct cli *c, const struct devnet *d)
{
    char path[CLI_PATH_MAX];
    json_t *list = json_array();
    for (size_t i = 0; i < d->count; i++) {
        const struct devnet_member *m = &d->members[i];
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s,s:b,s:i,s:i}", "code", m->code, "name_zh", m->name_zh, "name_en",
                                        m->name_en, "node", (int)m->node, "peer_port", m->peer_port, "api_port", m->api_port));
    }
    json_t *root = json_pack("{s:o}", "members", list);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(root);
    cli_path(path, "%s/devnet.json", d->dir);
    int rc = cli_write(c, path, text, strlen(text), 0600, true);
    free(text);
    return rc;
}

int64_t devnet_offset_of(const struct devnet *d)
{
    char path[CLI_PATH_MAX];
    long long v = 0;
    cli_path(path, "%s/clock_offset_ms", d->dir);
    FILE *f = fopen(path, "r");
    if (f) {
        if (fscanf(f, "%lld", &v) != 1) {
            v = 0;
        }
        fclose(f);
    }
    return v;
}

int devnet_offset_save(const struct cli *c, const struct devnet *d, int64_t offset_ms)
{
    char path[CLI_PATH_MAX], text[32];
    cli_path(path, "%s/clock_offset_ms", d->dir);
    int n = snprintf(text, sizeof text, "%lld\n", (long long)offset_ms);
    return cli_write(c, path, text, (size_t)n, 0600, true);
}

bool devnet_open(struct http *h, const struct devnet *d, const struct devnet_member *m, const char *role)
{
    char path[CLI_PATH_MAX], url[64], token[128] = "";
    struct zyd_err err;
    cli_path(path, "%s/%s/%s.token", d->dir, m->code, role);
    (void)zyd_secret_read(token, sizeof token, &err, path); /* without it the node says so: E8010 */
    snprintf(url, sizeof url, "http://127.0.0.1:%d", m->api_port);
    http_open(h, url, token);
    return token[0] != '\0';
}

/* ---- processes ---- */

int devnet_configure(const struct cli *c, const struct devnet *d, const struct zyd_hash *genesis_hash)
{
    char hex[65];
    cli_hex(hex, genesis_hash->b);
    for (size_t i = 0; i < d->count; i++) {
        const struct devnet_member *m = &d->members[i];
        char path[CLI_PATH_MAX], *text = NULL;
        size_t size = 0;
        if (!m->node) {
            continue;
        }
        FILE *f = open_memstream(&text, &size);
        zyd_assert(f);
        fprintf(f,
                "; made by zyd devnet up\n[node]\nname = %s\nconsortium = %s/consortium.json\ngenesis_hash = %s\ndata_dir = "
                "%s/%s/data\n"
                "plugins = %s/plugins\n[peer]\nlisten = 127.0.0.1:%d\n",
                m->code, d->dir, hex, d->dir, m->code, d->dir, m->peer_port);
        fprintf(f,
                "[api]\nlisten = 127.0.0.1:%d\ntokens = %s/%s/tokens\nopen_reads = yes\n[key]\nnode = %s/%s/keys/node.key\n"
                "link = %s/%s/keys/link.key\nmaker = %s/%s/keys/maker.key\nchecker = %s/%s/keys/checker.key\n[log]\nformat = "
                "text\n",
                m->api_port, d->dir, m->code, d->dir, m->code, d->dir, m->code, d->dir, m->code, d->dir, m->code);
        for (size_t k = 0; k < d->count; k++) { /* ports may have moved since the genesis */
            if (d->members[k].node && k != i) {
                fprintf(f, "[peer \"%s\"]\naddress = 127.0.0.1:%d\n", d->members[k].code, d->members[k].peer_port);
            }
        }
        fclose(f);
        cli_path(path, "%s/%s/node.conf", d->dir, m->code);
        int rc = cli_write(c, path, text, size, 0600, true);
        free(text);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* The process in a member's pid file, 0 when there is none; its arguments: *ours, they name our file (the number may belong to
 * another process by now); *none, it has none: it is dying, and holds its locks and ports until it is dead. */
static long pid_look(const struct devnet *d, const struct devnet_member *m, bool *ours, bool *none)
{
    char path[CLI_PATH_MAX], conf[CLI_PATH_MAX], line[4 * CLI_PATH_MAX];
    long pid = 0;
    *ours = *none = false;
    cli_path(path, "%s/%s/zydd.pid", d->dir, m->code);
    FILE *f = m->node ? fopen(path, "r") : NULL;
    if (!f) {
        return 0;
    }
    bool read = fscanf(f, "%ld", &pid) == 1 && pid > 1;
    fclose(f);
    snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
    f = read ? fopen(path, "r") : NULL;
    if (!f) {
        return 0;
    }
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    cli_path(conf, "%s/%s/node.conf", d->dir, m->code);
    *ours = memmem(line, n, conf, strlen(conf)) != NULL;
    *none = n == 0;
    return pid;
}

long devnet_pid(const struct devnet *d, const struct devnet_member *m)
{
    bool ours, none;
    long pid = pid_look(d, m, &ours, &none);
    return ours ? pid : 0;
}

/* Waits for the end of a process, which comes after its last lock is free. */
static bool wait_dead(int pidfd, int limit_ms)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    int64_t end = zyd_clock_mono_ms() + limit_ms;
    for (;;) {
        int64_t left = end - zyd_clock_mono_ms();
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0 || (n < 0 && errno != EINTR) || left <= 0) {
            return n > 0;
        }
    }
}

static int spawn(const char *log, char *const argv[], bool wait_end, long *pid_out)
{
    static char *environment[1024]; /* without our own ZYD_*: zydd reads those as settings */
    size_t n = 0;
    for (char **e = environ; *e && n < 1023; e++) {
        if (strncmp(*e, "ZYD_", 4) != 0) {
            environment[n++] = *e;
        }
    }
    environment[n] = NULL;
    int started[2]; /* closed by exec: until then the child's arguments are still ours, and devnet_pid would not know it */
    if (pipe2(started, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid < 0) {
        close(started[0]);
        close(started[1]);
        return -1;
    }
    if (pid == 0) {
        int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), in = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
            _exit(126);
        }
        setsid();
        signal(SIGPIPE, SIG_DFL);
        execve(argv[0], argv, environment);
        _exit(127);
    }
    *pid_out = pid;
    char none;
    close(started[1]);
    while (read(started[0], &none, 1) < 0 && errno == EINTR) {
    }
    close(started[0]);
    int status = 0;
    if (wait_end) {
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    }
    return 0;
}

int devnet_start(const struct cli *c, const struct devnet *d, const struct devnet_member *m)
{
    char zydd[CLI_PATH_MAX], conf[CLI_PATH_MAX], log[CLI_PATH_MAX], path[CLI_PATH_MAX], text[32];
    bool ours, dying;
    long pid = pid_look(d, m, &ours, &dying);
    if (ours) {
        return 0;
    }
    /* 1. somebody kills it. 2. We start it before it let go of its vote file. */
    int fd = dying ? pidfd_open((pid_t)pid, 0) : -1;
    if (fd >= 0) {
        wait_dead(fd, KILL_LIMIT_MS);
        close(fd);
    }
    if (!cli_find_program(zydd, "zydd")) {
        return cli_fail(c, ZYD_ERR_TOOL_MISSING, "zydd");
    }
    cli_path(conf, "%s/%s/node.conf", d->dir, m->code);
    cli_path(log, "%s/%s/zydd.log", d->dir, m->code);
    cli_path(path, "%s/%s/data", d->dir, m->code);
    if (!cli_exists(path)) {
        char *const init[] = {zydd, (char[]){"--init"}, (char[]){"--config"}, conf, NULL};
        int rc = spawn(log, init, true, &pid);
        if (rc) {
            return cli_fail(c, ZYD_ERR_CONFIG, "zydd --init: %d; %s", rc, log);
        }
    }
    if (devnet_offset_of(d)) { /* so that its very first block has the moved time */
        cli_path(path, "%s/%s/data/clock_offset", d->dir, m->code);
        int n = snprintf(text, sizeof text, "%lld\n", (long long)devnet_offset_of(d));
        int rc = cli_write(c, path, text, (size_t)n, 0600, true);
        if (rc) {
            return rc;
        }
    }
    char *const run[] = {zydd, (char[]){"--config"}, conf, NULL};
    if (spawn(log, run, false, &pid) != 0) {
        return cli_fail(c, ZYD_ERR_BUG, "fork: %s", strerror(errno));
    }
    cli_path(path, "%s/%s/zydd.pid", d->dir, m->code);
    int n = snprintf(text, sizeof text, "%ld\n", pid);
    return cli_write(c, path, text, (size_t)n, 0600, true);
}

void devnet_stop(const struct devnet *d, const struct devnet_member *m, int signal_number)
{
    long pid = devnet_pid(d, m);
    int fd = pid ? pidfd_open((pid_t)pid, 0) : -1;
    if (fd >= 0 && devnet_pid(d, m) == pid) { /* still: fd is the one that was looked at */
        pidfd_send_signal(fd, signal_number, NULL, 0);
        if (!wait_dead(fd, STOP_LIMIT_MS)) {
            pidfd_send_signal(fd, SIGKILL, NULL, 0);
            wait_dead(fd, KILL_LIMIT_MS);
        }
        waitpid((pid_t)pid, NULL, WNOHANG); /* when it is our child */
    }
    if (fd >= 0) {
        close(fd);
    }
}
