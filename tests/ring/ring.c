/* Four institutions on this machine, made by the same ceremony as real ones, and their processes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include <zyd/consortium.h>

#include "ring.h"

static const struct {
    const char *code, *zh, *en;
    uint8_t role;
} cast[RING_NODES] = {{"BANK", "示范银行", "Bank", ZYD_ROLE_BANK},
                      {"GUAR", "示范担保", "Guarantor", ZYD_ROLE_GUAR},
                      {"REG", "示范再担保", "Re-guarantor", ZYD_ROLE_REG},
                      {"NFGF", "示范基金", "Fund", ZYD_ROLE_NFGF}};

/* Programme NAT2080 of contracts/guarantee/examples. */
static const char policy[] =
    "\"calendars\":[[{\"year\":2024},{\"year\":2025},{\"year\":2026},{\"year\":2027},{\"year\":2028},{\"year\":2029},"
    "{\"year\":2030},{\"year\":2031},{\"year\":2032}]],"
    "\"programmes\":[{\"id\":1,\"contract\":1,\"code\":\"NAT2080\",\"name\":{\"zh\":\"总对总批量担保\",\"en\":\"National batch "
    "20:80\"},"
    "\"class\":1,\"dual\":false,\"calendar\":0,\"pending_days\":10,\"params\":{\"preset\":\"NAT2080\",\"class\":1,\"banks\":["
    "\"BANK\"],"
    "\"evidence\":[\"overdue notice\",\"loan contract\"],\"settle\":\"GROSS\",\"cover\":\"INTEREST\",\"batch\":true,"
    "\"file_later_days\":90,\"rate_cap\":\"6.5%\",\"loan_basis\":\"360\",\"settle_day\":20,\"settle_months\":[3,6,9,12],"
    "\"fee_ppm\":\"1%\",\"fee_basis\":\"365\",\"refee_reg_ppm\":\"0.3%\",\"refee_nfgf_ppm\":\"0.3%\","
    "\"household_cap_fen\":\"1000000000\",\"term_max\":1096,\"auto_limit_fen\":\"500000000\",\"auto_claim_fen\":\"300000000\","
    "\"grace\":3,\"claim_open_days\":60,\"claim_close_days\":180,\"cap_ppm\":\"3%\",\"cap_overflow\":\"BANK\","
    "\"warn_ppm\":\"2.4%\",\"cost_limit_fen\":\"5000000\"}}]";

void ring_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("ring: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(70);
}

int64_t ring_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

double ring_load_average(void)
{
    double load[1] = {0};
    return getloadavg(load, 1) == 1 ? load[0] : 0;
}

void ring_machine(void)
{
    char line[256], model[128] = "unknown CPU";
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "model name : %127[^\n]", model) == 1) {
            break;
        }
    }
    if (f) {
        fclose(f);
    }
    printf("machine: %s, %ld cores, %ld MiB, load average %.2f\n", model, sysconf(_SC_NPROCESSORS_ONLN),
           sysconf(_SC_PHYS_PAGES) / 1024 * sysconf(_SC_PAGESIZE) / 1024, ring_load_average());
}

/* ---- files ---- */

static void path_of(char out[RING_PATH], const struct ring *r, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void path_of(char out[RING_PATH], const struct ring *r, const char *format, ...)
{
    va_list args;
    int n = snprintf(out, RING_PATH, "%s/", r->dir);
    va_start(args, format);
    int m = vsnprintf(out + n, RING_PATH - (size_t)n, format, args);
    va_end(args);
    if (m < 0 || (size_t)(n + m) >= RING_PATH) {
        ring_die("a path is too long");
    }
}

static void write_file(const char *path, const void *data, size_t size)
{
    struct zyd_err err;
    if (zyd_file_write_atomic(&err, path, data, size, 0600) != ZYD_OK) {
        ring_die("%s", err.text);
    }
}

static void make_dir(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        ring_die("%s: %s", path, strerror(errno));
    }
}

static void hex_of(char out[65], const struct zyd_hash *h)
{
    sodium_bin2hex(out, 65, h->b, 32);
}

/* A port that is free now; zydd binds it a moment later, and again after each restart. */
static int free_port(void)
{
    int port = zyd_port_find();
    if (port == 0) {
        ring_die("no free port");
    }
    return port;
}

/* ---- the ceremony ---- */

static void uscc_of(char out[19], unsigned i)
{
    snprintf(out, 19, "91430100MA4RXNG%02u0", i);
    out[17] = zyd_uscc_check_char(out);
}

static char *make_member(struct ring *r, unsigned i, struct zyd_key *node_key)
{
    static const uint8_t purposes[3] = {ZYD_KEY_NODE, ZYD_KEY_LINK, ZYD_KEY_MAKER};
    struct zyd_key keys[3];
    struct zyd_err err;
    struct ring_node *n = &r->nodes[i];
    char path[RING_PATH], uscc[19], address[64], line[256], hex[65], *join = NULL;
    path_of(path, r, "%s", cast[i].code);
    make_dir(path);
    for (int k = 0; k < 3; k++) {
        zyd_key_generate(&keys[k], purposes[k]);
        path_of(path, r, "%s/%s.key", cast[i].code, zyd_key_purpose_text(purposes[k]));
        if (zyd_key_save(&err, path, &keys[k], "", 0) != ZYD_OK) {
            ring_die("%s", err.text);
        }
    }
    *node_key = keys[0];
    memcpy(n->maker_sk, keys[2].sk, ZYD_SK_SIZE);
    n->peer_port = free_port();
    n->api_port = free_port();
    n->metrics_port = free_port();
    uscc_of(uscc, i);
    snprintf(address, sizeof address, "127.0.0.1:%d", n->peer_port);
    struct zyd_join j = {cast[i].code, uscc, cast[i].zh, cast[i].en, address, cast[i].role, true};
    if (zyd_join_make(&join, &err, &j, keys, 3) != ZYD_OK) {
        ring_die("%s", err.text);
    }
    uint8_t secret[32];
    struct zyd_hash hash;
    randombytes_buf(secret, sizeof secret);
    sodium_bin2hex(n->token, sizeof n->token, secret, sizeof secret);
    zyd_sha256(&hash, n->token, 64);
    hex_of(hex, &hash);
    int size = snprintf(line, sizeof line, "maker all %s %s\n", hex, cast[i].code);
    path_of(path, r, "%s/tokens", cast[i].code);
    write_file(path, line, (size_t)size);
    return join;
}

static void add_plugin(struct ring *r, char hex[65])
{
    struct zyd_err err;
    struct zyd_hash hash;
    uint8_t *image;
    size_t size;
    char path[RING_PATH];
    if (zyd_file_read(&image, &size, &err, r->options.plugin, 1u << 20) != ZYD_OK) {
        ring_die("%s", err.text);
    }
    zyd_sha256(&hash, image, size);
    hex_of(hex, &hash);
    path_of(path, r, "plugins");
    make_dir(path);
    path_of(path, r, "plugins/%s.elf", hex);
    write_file(path, image, size);
    free(image);
}

static char *draft(struct ring *r)
{
    static char text[16384], when[32];
    char hex[65];
    add_plugin(r, hex);
    zyd_rfc3339(when, zyd_clock_wall_ms() / 1000 * 1000 - 2000);
    int size = snprintf(
        text, sizeof text,
        "{\"format\":\"zyd-consortium-1\",\"name\":{\"zh\":\"环\",\"en\":\"ring\"},\"development\":true,\"preset\":\"LAN\","
        "\"created\":\"%s\",%s%s%s\"plugins\":[{\"contract\":1,\"name\":\"guarantee\",\"sha256\":\"%s\"}],",
        when, r->options.limits ? "\"limits\":{" : "", r->options.limits ? r->options.limits : "",
        r->options.limits ? "}," : "", hex);
    snprintf(text + size, sizeof text - (size_t)size, "%s}", policy);
    return text;
}

static void genesis(struct ring *r, const char *final)
{
    struct zyd_err err;
    struct zyd_hash hash;
    uint64_t approvals;
    size_t size;
    const char *why = "";
    char path[RING_PATH];
    path_of(path, r, "consortium.json");
    write_file(path, final, strlen(final));
    r->genesis = calloc(1, sizeof *r->genesis);
    if (!r->genesis || zyd_consortium_load(&r->body, &size, &hash, &approvals, &err, path) != ZYD_OK) {
        ring_die("%s", err.text);
    }
    if (zyd_genesis_decode(r->genesis, &why, zyd_span(r->body, size)) != ZYD_OK) {
        ring_die("genesis: %s", why);
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        if (zyd_genesis_member_by_code(r->genesis, zyd_span(cast[i].code, strlen(cast[i].code))) != (int)i) {
            ring_die("member %s is not number %u", cast[i].code, i);
        }
    }
}

static void configure(struct ring *r, unsigned i)
{
    char path[RING_PATH], text[8192], hex[65];
    const char *code = cast[i].code, *d = r->dir;
    hex_of(hex, &r->genesis->hash);
    int n = snprintf(
        text, sizeof text,
        "[node]\nname = %s\nconsortium = %s/consortium.json\ngenesis_hash = %s\ndata_dir = %s/%s/data\nplugins = %s/plugins\n"
        "[peer]\nlisten = 127.0.0.1:%d\n[api]\nlisten = 127.0.0.1:%d\ntokens = %s/%s/tokens\nopen_reads = yes\n"
        "[key]\nnode = %s/%s/node.key\nlink = %s/%s/link.key\nmaker = %s/%s/maker.key\n[metrics]\nlisten = "
        "127.0.0.1:%d\n[log]\nformat = text\nlevel = %s\n",
        code, d, hex, d, code, d, r->nodes[i].peer_port, r->nodes[i].api_port, d, code, d, code, d, code, d, code,
        r->nodes[i].metrics_port, r->options.debug ? "debug" : "info");
    path_of(path, r, "%s/node.conf", code);
    write_file(path, text, (size_t)n);
}

void ring_make(struct ring *r, const struct ring_options *options)
{
    struct zyd_consortium *c = NULL;
    struct zyd_err err = {0};
    struct zyd_key keys[RING_NODES];
    struct zyd_span joins[RING_NODES], approvals[RING_NODES];
    const char *names[RING_NODES];
    char *assembled = NULL, *final = NULL;
    memset(r, 0, sizeof *r);
    r->options = *options;
    snprintf(r->dir, sizeof r->dir, "%s/zyd-ring-XXXXXX", options->dir ? options->dir : "/tmp");
    if (sodium_init() < 0 || !mkdtemp(r->dir)) {
        ring_die("%s: %s", r->dir, strerror(errno));
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        char *join = make_member(r, i, &keys[i]);
        joins[i] = zyd_span(join, strlen(join));
        names[i] = cast[i].code;
    }
    const char *text = draft(r);
    if (zyd_consortium_assemble(&assembled, &err, zyd_span(text, strlen(text)), joins, names, RING_NODES) != ZYD_OK ||
        zyd_consortium_parse(&c, &err, zyd_span(assembled, strlen(assembled))) != ZYD_OK) {
        ring_die("%s", err.text);
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        char *approval = NULL;
        if (zyd_approval_make(&approval, &err, c, &keys[i]) != ZYD_OK) {
            ring_die("%s", err.text);
        }
        approvals[i] = zyd_span(approval, strlen(approval));
    }
    if (zyd_consortium_finish(&final, &err, c, approvals, names, RING_NODES) != ZYD_OK) {
        ring_die("%s", err.text);
    }
    genesis(r, final);
    for (unsigned i = 0; i < RING_NODES; i++) {
        configure(r, i);
        free((void *)(uintptr_t)joins[i].data);
        free((void *)(uintptr_t)approvals[i].data);
    }
    zyd_consortium_free(c);
    free(assembled);
    free(final);
}

/* ---- processes ---- */

static pid_t spawn(const struct ring *r, unsigned i, const char *mode)
{
    static char *environment[1024]; /* without our own ZYD_*: zydd reads those as settings */
    char conf[RING_PATH], log[RING_PATH];
    size_t n = 0;
    for (char **e = environ; *e && n < 1023; e++) {
        if (strncmp(*e, "ZYD_", 4) != 0) {
            environment[n++] = *e;
        }
    }
    environment[n] = NULL;
    path_of(conf, r, "%s/node.conf", cast[i].code);
    path_of(log, r, "%s/zydd.log", cast[i].code);
    pid_t pid = fork();
    if (pid == 0) {
        int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), in = open("/dev/null", O_RDONLY);
        if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
            _exit(126);
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing is left running when the test dies */
        char zydd[RING_PATH];
        snprintf(zydd, sizeof zydd, "%s", r->options.zydd);
        char *argv[] = {zydd, conf, mode ? (char[]){"--init"} : NULL, NULL};
        execve(zydd, argv, environment);
        _exit(127);
    }
    if (pid < 0) {
        ring_die("fork: %s", strerror(errno));
    }
    return pid;
}

void ring_start(struct ring *r, unsigned i)
{
    struct ring_node *n = &r->nodes[i];
    if (n->starts++ == 0) {
        int status = 0;
        pid_t pid = spawn(r, i, "--init");
        if (waitpid(pid, &status, 0) != pid || status != 0) {
            ring_log_tail(r, i, 5);
            ring_die("%s --init of %s failed", r->options.zydd, cast[i].code);
        }
    }
    n->pid = spawn(r, i, NULL);
}

bool ring_ready(struct ring *r, unsigned i, int64_t ms)
{
    int64_t until = ring_now_us() + ms * 1000;
    char body[4096];
    int status;
    while (ring_now_us() < until) {
        if (ring_get(r, i, "/livez", body, sizeof body, 1000) == 200) {
            atomic_store(&r->nodes[i].up, true);
            return true;
        }
        if (ring_ended(r, i, &status)) {
            ring_log_tail(r, i, 10);
            ring_die("%s ended by itself, wait status 0x%x", cast[i].code, (unsigned)status);
        }
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    return false;
}

void ring_kill(struct ring *r, unsigned i, int signal_number)
{
    struct ring_node *n = &r->nodes[i];
    int status;
    if (n->pid == 0) {
        return;
    }
    atomic_store(&n->up, false);
    kill(n->pid, signal_number);
    while (waitpid(n->pid, &status, 0) < 0 && errno == EINTR) {
    }
    n->pid = 0;
    if (signal_number == SIGTERM && status != 0) {
        ring_log_tail(r, i, 10);
        ring_die("%s was told to stop and ended with wait status 0x%x", cast[i].code, (unsigned)status);
    }
}

bool ring_ended(struct ring *r, unsigned i, int *status)
{
    struct ring_node *n = &r->nodes[i];
    if (n->pid != 0 && waitpid(n->pid, status, WNOHANG) == n->pid) {
        n->pid = 0;
        atomic_store(&n->up, false);
        return true;
    }
    return false;
}

void ring_log_tail(const struct ring *r, unsigned i, unsigned lines)
{
    char path[RING_PATH];
    uint8_t *text;
    size_t size;
    struct zyd_err err;
    path_of(path, r, "%s/zydd.log", cast[i].code);
    if (zyd_file_read(&text, &size, &err, path, 1u << 30) != ZYD_OK) {
        return;
    }
    size_t at = size;
    while (at > 0 && lines > 0) {
        at--;
        lines -= at > 0 && text[at - 1] == '\n';
    }
    fprintf(stderr, "-- %s\n%.*s", path, (int)(size - at), (const char *)text + at);
    free(text);
}

void ring_free(struct ring *r)
{
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_kill(r, i, SIGKILL);
    }
    if (r->options.keep) {
        printf("kept: %s\n", r->dir);
    } else {
        pid_t pid = fork();
        if (pid == 0) {
            execlp("rm", "rm", "-rf", "--", r->dir, (char *)NULL);
            _exit(127);
        }
        waitpid(pid, NULL, 0);
    }
    free(r->genesis);
    free(r->body);
}
