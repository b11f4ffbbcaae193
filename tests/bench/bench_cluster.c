/* bench_cluster: four real zydd on this machine, the programme's mix of operations, real signatures, synced writes.
 *
 *   bench_cluster [--ops 1,100,1000] [--seconds 10] [--lanes N] [--dir DIR] [--limits JSON] [--light] [--perf] [--keep]
 *
 * For each number of operations an envelope: a fresh consortium; envelopes are made and signed before; lanes (HTTP connections,
 * spread over the four nodes) send the next envelope when the last is final.  Counted are operations that a client saw final
 * and done; the clock stops when all four nodes show the same head and state root.  --light: one lane, for the latency of an
 * idle system.
 * --perf: records the four processes and prints CPU by part (tests/bench/parts.py).
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/ring/ring.h"

struct arguments {
    const char *ops, *dir, *limits;
    unsigned seconds, lanes;
    bool light, perf, keep;
};
enum { KEY_OPS = 256, KEY_SECONDS, KEY_LANES, KEY_DIR, KEY_LIMITS, KEY_LIGHT, KEY_PERF, KEY_KEEP };
static const struct argp_option options[] = {
    {"ops", KEY_OPS, "LIST", 0, "operations an envelope (default 1,100,1000)", 0},
    {"seconds", KEY_SECONDS, "N", 0, "measured time of each (default 10)", 0},
    {"lanes", KEY_LANES, "N", 0, "connections (default: 256, 64, 16 for 1, 100, 1,000)", 0},
    {"dir", KEY_DIR, "DIR", 0, "where the nodes' data goes (default /tmp)", 0},
    {"limits", KEY_LIMITS, "JSON", 0, "members of the consortium's limits, e.g. '\"fuel_block\":100000000'", 0},
    {"light", KEY_LIGHT, 0, 0, "one lane with pauses: latency without load", 0},
    {"perf", KEY_PERF, 0, 0, "CPU by part (needs perf)", 0},
    {"keep", KEY_KEEP, 0, 0, "leave the directories behind", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case KEY_OPS:
        a->ops = arg;
        return 0;
    case KEY_SECONDS:
        a->seconds = (unsigned)atoi(arg);
        return 0;
    case KEY_LANES:
        a->lanes = (unsigned)atoi(arg);
        return 0;
    case KEY_DIR:
        a->dir = arg;
        return 0;
    case KEY_LIMITS:
        a->limits = arg;
        return 0;
    case KEY_LIGHT:
        a->light = true;
        return 0;
    case KEY_PERF:
        a->perf = true;
        return 0;
    case KEY_KEEP:
        a->keep = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- yardsticks ---- */

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double verifies_a_second(void)
{
    struct zyd_key k;
    struct zyd_sig sig;
    uint8_t message[200] = {1};
    unsigned n = 0;
    zyd_key_generate(&k, ZYD_KEY_MAKER);
    zyd_sig_sign(&sig, k.sk, message, sizeof message);
    double began = cpu_s();
    while (cpu_s() - began < 0.5) {
        for (int i = 0; i < 100; i++) {
            zyd_assert(zyd_sig_verify(&k.pk, message, sizeof message, &sig));
        }
        n += 100;
    }
    return n / (cpu_s() - began);
}

static double syncs_a_second(const char *dir)
{
    char path[RING_PATH];
    static uint8_t page[4096];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/zyd-sync-XXXXXX", dir ? dir : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0) {
        ring_die("%s: %s", path, strerror(errno));
    }
    int64_t began = ring_now_us();
    for (; ring_now_us() - began < 500000; n++) {
        if (write(fd, page, sizeof page) != (ssize_t)sizeof page || fdatasync(fd) != 0) {
            ring_die("%s: %s", path, strerror(errno));
        }
    }
    double seconds = (double)(ring_now_us() - began) / 1e6;
    close(fd);
    unlink(path);
    return n / seconds;
}

/* ---- what the kernel says of the processes ---- */

#define THREADS_MAX 32
struct usage {
    struct thread {
        char name[32];
        double cpu_us;
        unsigned count;
    } threads[THREADS_MAX];
    unsigned thread_count;
    double cpu_us[RING_NODES], rss_mib, written, syncs, sync_us;
    double wire;
    double loop_us, loop_waited_us; /* the loops' threads: on a CPU, and ready but without one */
    double busy_us, idle_us;        /* of the machine */
};

static double read_number(const char *path, const char *name)
{
    char line[512];
    double value = 0;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, name, strlen(name)) == 0) {
            value = atof(line + strlen(name));
        }
    }
    if (f) {
        fclose(f);
    }
    return value;
}

static void add_thread(struct usage *u, const char *name, double us)
{
    unsigned i = 0;
    while (i < u->thread_count && strcmp(u->threads[i].name, name) != 0) {
        i++;
    }
    if (i == THREADS_MAX) {
        i--;
    } else if (i == u->thread_count) {
        snprintf(u->threads[u->thread_count++].name, sizeof u->threads[i].name, "%s", name);
    }
    u->threads[i].cpu_us += us;
    u->threads[i].count++;
}

static void usage_of_node(struct usage *u, const struct ring *r, unsigned node)
{
    char path[128], name[32];
    pid_t pid = r->nodes[node].pid;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        char file[512];
        unsigned long long ns = 0, waited = 0;
        if (e->d_name[0] == '.') {
            continue;
        }
        snprintf(file, sizeof file, "%s/%s/comm", path, e->d_name);
        FILE *f = fopen(file, "r");
        if (!f || fscanf(f, "%31s", name) != 1) {
            snprintf(name, sizeof name, "?");
        }
        if (f) {
            fclose(f);
        }
        if (atoi(e->d_name) == pid) {
            snprintf(name, sizeof name, "loop");
        }
        snprintf(file, sizeof file, "%s/%s/schedstat", path, e->d_name);
        f = fopen(file, "r");
        if (f && fscanf(f, "%llu %llu", &ns, &waited) == 2) {
            add_thread(u, name, (double)ns / 1e3);
            if (strcmp(name, "loop") == 0) {
                u->loop_us += (double)ns / 1e3;
                u->loop_waited_us += (double)waited / 1e3;
            }
            u->cpu_us[node] += (double)ns / 1e3;
        }
        if (f) {
            fclose(f);
        }
    }
    if (d) {
        closedir(d);
    }
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    double rss = read_number(path, "VmRSS:") / 1024;
    u->rss_mib = rss > u->rss_mib ? rss : u->rss_mib;
    snprintf(path, sizeof path, "/proc/%d/io", pid);
    u->written += read_number(path, "write_bytes:");
    u->syncs += ring_metric(r, node, "zyd_store_fsync_seconds_count");
    u->sync_us += ring_metric(r, node, "zyd_store_fsync_seconds_sum") * 1e6;
    u->wire += ring_metric(r, node, "zyd_peer_sent_bytes_total");
}

static struct usage usage_of(const struct ring *r)
{
    struct usage u = {0};
    double t[8] = {0}, us = 1e6 / (double)sysconf(_SC_CLK_TCK);
    FILE *f = fopen("/proc/stat", "r");
    if (f && fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) == 8) {
        u.idle_us = (t[3] + t[4]) * us;
        u.busy_us = (t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) * us;
    }
    if (f) {
        fclose(f);
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        usage_of_node(&u, r, i);
    }
    return u;
}

/* ---- one run ---- */

struct result {
    double rate, p50_ms, p99_ms, max_ms, cpu_us_op;
};

static int double_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static pid_t perf_start(const struct ring *r, const char *file)
{
    char pids[128];
    snprintf(pids, sizeof pids, "%d,%d,%d,%d", r->nodes[0].pid, r->nodes[1].pid, r->nodes[2].pid, r->nodes[3].pid);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execlp("perf", "perf", "record", "-F", "499", "-g", "-o", file, "-p", pids, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void perf_stop(pid_t pid, const char *file)
{
    char command[1024];
    kill(pid, SIGINT);
    waitpid(pid, NULL, 0);
    fflush(stdout);
    snprintf(command, sizeof command, "%s/tests/bench/parts.py %s %s", ZYD_SOURCE_DIR, file, ZYD_BIN_DIR);
    if (system(command) != 0) {
        printf("  (no profile: perf or python is missing)\n");
    }
}

static void print_latency(struct result *out, const struct ring_load *l, int64_t from_us)
{
    size_t count, n = 0;
    const struct ring_ack *acks = ring_load_acks(l, &count);
    double *ms = calloc(count + 1, sizeof *ms);
    zyd_assert(ms != NULL);
    for (size_t i = 0; i < count; i++) {
        if (acks[i].sent_us >= from_us) {
            ms[n++] = (double)(acks[i].final_us - acks[i].sent_us) / 1e3;
        }
    }
    qsort(ms, n, sizeof *ms, double_order);
    out->p50_ms = n > 0 ? ms[n / 2] : 0;
    out->p99_ms = n > 0 ? ms[n * 99 / 100] : 0;
    out->max_ms = n > 0 ? ms[n - 1] : 0;
    free(ms);
    printf("  latency submit->final: p50 %.1f ms, p99 %.1f ms, max %.1f ms (%zu envelopes)\n", out->p50_ms, out->p99_ms,
           out->max_ms, n);
}

static void print_usage(struct result *out, const struct usage *a, const struct usage *b, double ops, double seconds,
                        double clients_us)
{
    double total = 0;
    printf("  CPU by process: ");
    for (unsigned i = 0; i < RING_NODES; i++) {
        total += b->cpu_us[i] - a->cpu_us[i];
        printf("%s%.2f", i == 0 ? "" : ", ", (b->cpu_us[i] - a->cpu_us[i]) / 1e6 / seconds);
    }
    out->cpu_us_op = total / ops / RING_NODES;
    double loop = b->loop_us - a->loop_us, loop_waited = b->loop_waited_us - a->loop_waited_us;
    printf(" cores, clients %.2f, others on this machine %.2f, idle %.2f; the loops ran %.0f %% of the time and waited for a "
           "core %.0f %%\n"
           "  an operation and replica %.1f us\n  CPU by thread, us an operation and replica:",
           clients_us / 1e6 / seconds, (b->busy_us - a->busy_us - total - clients_us) / 1e6 / seconds,
           (b->idle_us - a->idle_us) / 1e6 / seconds, loop / seconds / RING_NODES / 1e4,
           loop_waited / seconds / RING_NODES / 1e4, out->cpu_us_op);
    for (unsigned i = 0; i < b->thread_count; i++) {
        double was = 0;
        for (unsigned j = 0; j < a->thread_count; j++) {
            was += strcmp(a->threads[j].name, b->threads[i].name) == 0 ? a->threads[j].cpu_us : 0;
        }
        double us = (b->threads[i].cpu_us - was) / ops / RING_NODES;
        if (us >= 0.05) {
            printf(" %s %.1f", b->threads[i].name, us);
        }
    }
    printf(
        "\n  bytes an operation and replica: written to disk %.0f, sent to peers %.0f; syncs %.0f/s a replica, %.0f us each\n",
        (b->written - a->written) / ops / RING_NODES, (b->wire - a->wire) / ops / RING_NODES,
        (b->syncs - a->syncs) / seconds / RING_NODES,
        b->syncs > a->syncs ? (b->sync_us - a->sync_us) / (b->syncs - a->syncs) : 0);
    printf("  memory: %.0f MiB resident, the largest of four\n", b->rss_mib);
}

static void print_ledger(const struct ring *r)
{
    struct ring_look looks[RING_NODES];
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_look(&looks[i], r, i);
        if (looks[i].height != looks[0].height || !zyd_hash_eq(&looks[i].head_hash, &looks[0].head_hash) ||
            !zyd_hash_eq(&looks[i].state_root, &looks[0].state_root)) {
            ring_die("the four ledgers differ");
        }
    }
    const struct ring_look *l = &looks[0];
    double ops = (double)l->ops;
    printf("  ledger (whole run): %llu blocks, %.0f operations and %.2f envelopes a block; an operation: fuel %.0f, changed "
           "records %.2f, stored "
           "%.0f B (envelopes %.0f, outcomes %.0f, write set %.0f, rest %.0f)\n",
           (unsigned long long)l->blocks, ops / (double)l->blocks, (double)l->envelopes / (double)l->blocks,
           (double)l->fuel / ops, (double)l->writes / ops, (double)l->block_bytes / ops, (double)l->env_bytes / ops,
           (double)l->outcome_bytes / ops, (double)l->write_bytes / ops,
           (double)(l->block_bytes - l->env_bytes - l->outcome_bytes - l->write_bytes) / ops);
    printf("  fuel by event (contract.event count average max):");
    for (unsigned i = 0; i < l->kind_count; i++) {
        const struct ring_kind *k = &l->kinds[i];
        printf(" %u.%u %llu %llu %llu;", k->contract, k->event, (unsigned long long)k->count,
               (unsigned long long)(k->fuel / k->count), (unsigned long long)k->fuel_max);
    }
    printf("\n");
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_look_free(&looks[i]);
    }
}

static struct result run(const struct arguments *a, unsigned ops)
{
    static struct ring r;
    struct result out = {0};
    struct ring_options ro = {.zydd = ZYD_BIN_DIR "/zydd",
                              .plugin = ZYD_PLUGIN_DIR "/guarantee.elf",
                              .dir = a->dir,
                              .limits = a->limits,
                              .keep = a->keep};
    unsigned lanes = a->light ? 1 : a->lanes != 0 ? a->lanes : ops >= 1000 ? 16 : ops >= 10 ? 64 : 256;
    /* As much as could be sent at twice the headline, and a warm-up. */
    double most = ops == 1 ? 8000 : 20000;
    unsigned prepare = a->light ? 0 : (unsigned)(most * (a->seconds + 4) / ops / lanes / ring_load_steps()) + 3;
    ring_make(&r, &ro);
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_start(&r, i);
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        if (!ring_ready(&r, i, 20000)) {
            ring_die("node %u does not answer", i);
        }
    }
    struct ring_load_options lo = {.lanes = lanes, .ops = ops, .prepare = prepare, .pause_us = a->light ? 20000 : 0};
    struct ring_load *l = ring_load_make(&r, &lo);
    struct ring_load_counts c0 = ring_load_counts(l);
    printf("\n%u operations an envelope, %u connections, %u s; %.0f operations built and signed before in %.1f s; load average "
           "%.2f\n",
           ops, lanes, a->seconds, (double)prepare * lanes * ring_load_steps() * ops, (double)c0.build_us / 1e6,
           ring_load_average());
    fflush(stdout);
    ring_load_start(l);
    if (!a->light) {
        ring_load_spread(l);
    }
    char perf[RING_PATH + 16];
    snprintf(perf, sizeof perf, "%s/perf.data", r.dir);
    pid_t profiler = a->perf ? perf_start(&r, perf) : 0;
    struct usage before = usage_of(&r);
    c0 = ring_load_counts(l);
    int64_t began = ring_now_us();
    while (ring_now_us() - began < (int64_t)a->seconds * 1000000) {
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    struct ring_load_counts in_window = ring_load_counts(l);
    double window = (double)(ring_now_us() - began) / 1e6;
    ring_load_stop(l);
    struct ring_head head;
    if (!ring_load_join(l, 60000) || !ring_settle(&r, &head, 0, 30000)) {
        ring_die("the nodes do not come to one head");
    }
    double seconds = (double)(ring_now_us() - began) / 1e6;
    struct usage after = usage_of(&r);
    struct ring_load_counts c1 = ring_load_counts(l);
    double done = (double)(c1.ops - c0.ops);
    out.rate = done / seconds;
    printf("  %.0f operations a second: %.0f final and executed on all four in %.2f s (in the window of %.2f s: %.0f/s); state "
           "root %.16s\n",
           out.rate, done, seconds, window, (double)(in_window.ops - c0.ops) / window, head.state_root);
    if (c1.refused + c1.expired + c1.dry + c1.retries > 0) {
        printf("  refused %llu, expired %llu, asked again %llu, lanes that ran out of envelopes %llu; first refusal: %s\n",
               (unsigned long long)c1.refused, (unsigned long long)c1.expired, (unsigned long long)c1.retries,
               (unsigned long long)c1.dry, c1.first_refusal);
    }
    print_latency(&out, l, began);
    print_usage(&out, &before, &after, done, seconds, (double)(c1.cpu_us - c0.cpu_us));
    if (profiler != 0) {
        perf_stop(profiler, perf);
    }
    if (!ring_settle(&r, &head, 500, 30000)) {
        ring_die("the nodes do not come to rest");
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_kill(&r, i, SIGTERM);
    }
    print_ledger(&r);
    ring_load_free(l);
    ring_free(&r);
    return out;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options, .parser = parse, .doc = "Four zydd on this machine under the programme's load."};
    struct arguments a = {.ops = "1,100,1000", .seconds = 10};
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    setvbuf(stdout, NULL, _IOLBF, 0);
    ring_machine();
    double verifies = verifies_a_second(), syncs = syncs_a_second(a.dir);
    printf("yardsticks: %.0f Ed25519 checks a second on one core, %.0f synced appends of 4 KiB a second\n", verifies, syncs);
    for (const char *p = a.ops; *p != '\0'; p += strspn(p, ",")) {
        unsigned ops = (unsigned)strtoul(p, (char **)(uintptr_t)&p, 10);
        if (ops == 0 || ops > 4000) {
            ring_die("--ops %s: 1 to 4000 each", a.ops);
        }
        struct result res = run(&a, ops);
        printf("  ratios: %.2f of 9,144 a second; %.3f of a core's checks; %.2f of the synced appends; load average %.2f\n",
               res.rate / 9144, res.rate / verifies, res.rate / syncs, ring_load_average());
    }
    return 0;
}
