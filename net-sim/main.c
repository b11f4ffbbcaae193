/* zyd-sim: runs seeds of the simulated world and says what it found (reliability.md 4.7).
 *
 *   zyd-sim --seeds 2000            seeds 1..2000 on all cores, one summary line
 *   zyd-sim --seed 0x2a --trace -   one seed, its trace on the terminal
 *   zyd-sim --products --events 1000000 --seed 1    random events of all five products; I1 to I11 after each of them
 *   zyd-sim --check-determinism --seeds 20    each seed in two processes: the same trace hash?
 *
 * Exit: 0 pass, 1 safety, 2 liveness, 3 nondeterminism, 4 crash, 64 usage.  The first line of every finding is the command that
 * reproduces it. */
#include "products_main.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zyd/crypto.h>
#include <zyd/sim.h>

#ifndef ZYD_MUTANT_NUMBER
#define ZYD_MUTANT_NUMBER 0
#endif

ZYD_NORETURN void zyd_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
    abort();
}

struct totals {
    uint64_t seeds, blocks, operations, crashes, partitions, messages, lost, byzantine_acts, evidence, events;
    int64_t virtual_ms;
    uint64_t safety, liveness, nondeterminism, crashed, first_bad;
};
struct answer { /* one seed, from a worker process */
    uint64_t seed;
    struct zyd_sim_result result;
};
struct args {
    uint64_t first, count, events;
    unsigned jobs;
    bool products, determinism, no_faults, stop_at_first;
    const char *trace, *plugin;
    struct zyd_sim_options options;
    const char *self;
    char same[4400]; /* the options that make a run what it is, for the command that repeats it */
};

static const char usage[] = "zyd-sim [--seed N | --seeds N [--first N]] [--jobs N] [--replicas N] [--clients N] [--blocks N] "
                            "[--until-ms N] [--crypto stub|memo|real]\n"
                            "        [--products [--events N]] [--no-faults] [--trace FILE|-] [--check-determinism] "
                            "[--stop-at-first] [--plugin guarantee.elf]\n";

static void trace_line(void *ctx, const char *line)
{
    fprintf(ctx, "%s\n", line);
}

static void one(struct zyd_sim_result *r, const struct args *a, uint64_t seed, FILE *trace)
{
    struct zyd_sim_options o = a->options;
    o.seed = seed;
    o.trace = trace == NULL ? NULL : trace_line;
    o.trace_ctx = trace;
    (void)zyd_sim_run(r, &o);
}

/* A worker runs every jobs-th seed and writes an answer each; a crash of the code under test is only its own death. */
static pid_t worker(int *fd, const struct args *a, uint64_t from)
{
    int p[2];
    if (pipe(p) != 0) {
        perror("pipe");
        exit(70);
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        for (uint64_t i = from; i < a->count; i += a->jobs) {
            struct answer ans = {.seed = a->first + i};
            one(&ans.result, a, ans.seed, NULL);
            if (write(p[1], &ans, sizeof ans) != sizeof ans) {
                _exit(70);
            }
        }
        _exit(0);
    }
    close(p[1]);
    *fd = p[0];
    return pid;
}

static void note_same(struct args *a, bool plugin_given)
{
    static const char *const crypto[] = {"", " --crypto stub", " --crypto memo", " --crypto real"};
    const struct zyd_sim_options *o = &a->options;
    const struct {
        const char *name;
        long long value;
    } numbers[] = {{"replicas", o->replicas}, {"clients", o->clients}, {"blocks", o->blocks}, {"until-ms", o->until_ms}};
    size_t at = (size_t)snprintf(a->same, sizeof a->same, "%s%s", o->faults ? "" : " --no-faults", crypto[o->crypto]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].value != 0) {
            at += (size_t)snprintf(a->same + at, sizeof a->same - at, " --%s %lld", numbers[i].name, numbers[i].value);
        }
    }
    if (plugin_given) {
        snprintf(a->same + at, sizeof a->same - at, " --plugin '%.4096s'", a->plugin);
    }
}

static void reproduce(const struct args *a, uint64_t seed, const char *what)
{
    printf("%s --seed %llu%s --trace -      # %s\n", a->self, (unsigned long long)seed, a->same, what);
    fflush(stdout);
}

static void add(struct totals *t, const struct args *a, const struct answer *x)
{
    const struct zyd_sim_result *r = &x->result;
    t->seeds++;
    t->blocks += r->blocks;
    t->operations += r->operations;
    t->crashes += r->crashes;
    t->partitions += r->partitions;
    t->messages += r->messages;
    t->lost += r->lost;
    t->byzantine_acts += r->byzantine_acts;
    t->evidence += r->evidence;
    t->events += r->events;
    t->virtual_ms += r->virtual_ms;
    t->safety += r->verdict == ZYD_SIM_SAFETY;
    t->liveness += r->verdict == ZYD_SIM_LIVENESS;
    t->nondeterminism += r->verdict == ZYD_SIM_NONDETERMINISM;
    if (r->verdict != ZYD_SIM_PASS) {
        reproduce(a, x->seed, r->why);
    }
}

static bool read_answer(int fd, struct answer *x)
{
    size_t got = 0;
    while (got < sizeof *x) {
        ssize_t n = read(fd, (uint8_t *)x + got, sizeof *x - got);
        if (n <= 0) {
            return false;
        }
        got += (size_t)n;
    }
    return true;
}

static void run_all(struct totals *t, const struct args *a)
{
    struct {
        pid_t pid;
        int fd;
        uint64_t next; /* index of the seed that it works on */
        bool live;
    } w[64];
    unsigned live = 0;
    for (unsigned k = 0; k < a->jobs; k++, live++) {
        w[k].next = k;
        w[k].pid = worker(&w[k].fd, a, k);
        w[k].live = true;
    }
    while (live > 0) {
        for (unsigned k = 0; k < a->jobs; k++) {
            struct answer x;
            if (!w[k].live) {
                continue;
            }
            if (w[k].next < a->count && read_answer(w[k].fd, &x)) {
                w[k].next += a->jobs;
                add(t, a, &x);
                if (x.result.verdict != ZYD_SIM_PASS && a->stop_at_first) {
                    for (unsigned i = 0; i < a->jobs; i++) {
                        kill(w[i].pid, SIGKILL);
                        waitpid(w[i].pid, NULL, 0);
                    }
                    return;
                }
                continue;
            }
            int status = 0;
            close(w[k].fd);
            waitpid(w[k].pid, &status, 0);
            if (w[k].next < a->count) { /* died on that seed: count it, go on behind it */
                reproduce(a, a->first + w[k].next, "the process died");
                t->crashed++;
                t->seeds++;
                w[k].next += a->jobs;
                if (a->stop_at_first) {
                    w[k].next = a->count;
                }
                w[k].pid = worker(&w[k].fd, a, w[k].next);
                continue;
            }
            w[k].live = false;
            live--;
        }
    }
}

/* The seed in a fresh process with another environment and address layout: prints its trace hash. */
static bool again(struct zyd_hash *out, const struct args *a, uint64_t seed)
{
    char command[16000], hex[80] = "";
    snprintf(command, sizeof command, "ZYD_NOISE=%llu MALLOC_PERTURB_=%d '%s' --seed %llu --plugin '%s'%s --hash-only",
             (unsigned long long)seed, (int)(seed % 250) + 1, a->self, (unsigned long long)seed, a->plugin, a->same);
    FILE *p = popen(command, "r");
    if (p == NULL) {
        return false;
    }
    bool got = fgets(hex, sizeof hex, p) != NULL;
    pclose(p);
    for (int i = 0; got && i < 32; i++) {
        unsigned v = 0;
        got = sscanf(hex + 2 * i, "%2x", &v) == 1;
        out->b[i] = (uint8_t)v;
    }
    return got;
}

static void check_determinism(struct totals *t, const struct args *a)
{
    for (uint64_t i = 0; i < a->count; i++) {
        struct answer x = {.seed = a->first + i};
        struct zyd_hash other;
        one(&x.result, a, x.seed, NULL);
        if (!again(&other, a, x.seed) || !zyd_hash_eq(&other, &x.result.trace_hash)) {
            x.result.verdict = ZYD_SIM_NONDETERMINISM;
            snprintf(x.result.why, sizeof x.result.why, "two processes gave two trace hashes");
        }
        add(t, a, &x);
    }
}

static int verdict(const struct totals *t)
{
    return t->crashed > 0 ? 4 : t->safety > 0 ? 1 : t->liveness > 0 ? 2 : t->nondeterminism > 0 ? 3 : 0;
}

static int usage_error(const char *what)
{
    fprintf(stderr, "zyd-sim: %s\n%s", what, usage);
    return 64;
}

/* *out: NULL when no trace is asked for.  False: its file cannot be written, which is said. */
static bool open_trace(FILE **out, const char *name)
{
    *out = name == NULL ? NULL : strcmp(name, "-") == 0 ? stdout : fopen(name, "w");
    if (name != NULL && *out == NULL) {
        fprintf(stderr, "zyd-sim: --trace %s: the file cannot be written\n", name);
    }
    return name == NULL || *out != NULL;
}

static int run_products(struct args *a, FILE *trace)
{
    const struct products_args p = {a->events == 0 ? 20000 : a->events, a->first, a->self, a->same};
    a->options.trace = trace == NULL ? NULL : trace_line;
    a->options.trace_ctx = trace;
    return products_plugins(&a->options, a->plugin) ? products_run(&a->options, &p) : 64;
}

int main(int argc, char **argv)
{
    static char plugin[4096];
    static uint8_t image[IMAGE_MAX];
    static struct args a; /* large */
    a = (struct args){.first = 1, .count = 1, .jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN), .self = argv[0]};
    bool hash_only = false, single = true;
    a.options.faults = true;
    for (int i = 1; i < argc; i++) {
        const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(o, "--no-faults") == 0) {
            a.options.faults = false;
        } else if (strcmp(o, "--check-determinism") == 0) {
            a.determinism = true;
        } else if (strcmp(o, "--products") == 0) {
            a.products = true;
        } else if (strcmp(o, "--stop-at-first") == 0) {
            a.stop_at_first = true;
        } else if (strcmp(o, "--hash-only") == 0) {
            hash_only = true;
        } else if (strcmp(o, "--help") == 0 || strcmp(o, "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        } else if (i + 1 == argc) {
            return usage_error("an option that does not exist, or lacks its value");
        } else {
            i++;
            uint64_t n = strtoull(v, NULL, 0);
            if (strcmp(o, "--seed") == 0) {
                a.first = n;
            } else if (strcmp(o, "--seeds") == 0) {
                a.count = n;
                single = false;
            } else if (strcmp(o, "--first") == 0) {
                a.first = n;
            } else if (strcmp(o, "--events") == 0) {
                a.events = n;
            } else if (strcmp(o, "--jobs") == 0) {
                a.jobs = (unsigned)n;
            } else if (strcmp(o, "--replicas") == 0) {
                a.options.replicas = (uint8_t)n;
            } else if (strcmp(o, "--clients") == 0) {
                a.options.clients = (uint8_t)n;
            } else if (strcmp(o, "--blocks") == 0) {
                a.options.blocks = (uint32_t)n;
            } else if (strcmp(o, "--until-ms") == 0) {
                a.options.until_ms = (int64_t)n;
            } else if (strcmp(o, "--trace") == 0) {
                a.trace = v;
            } else if (strcmp(o, "--plugin") == 0) {
                a.plugin = v;
            } else if (strcmp(o, "--crypto") == 0) {
                a.options.crypto = strcmp(v, "stub") == 0   ? ZYD_SIM_CRYPTO_STUB
                                   : strcmp(v, "memo") == 0 ? ZYD_SIM_CRYPTO_MEMO
                                                            : ZYD_SIM_CRYPTO_REAL;
            } else {
                return usage_error("an option that does not exist");
            }
        }
    }
    if (a.jobs < 1 || a.jobs > 64 || a.options.replicas > 9 || a.options.clients > 8 ||
        (a.options.replicas != 0 && a.options.replicas < 4)) {
        return usage_error("--jobs 1..64, --replicas 4..9, --clients 1..8");
    }
    if (a.products ? !single || a.determinism || hash_only : a.events != 0) {
        return usage_error("--events goes with --products, which runs world after world from --seed: without --seeds, "
                           "--check-determinism and --hash-only");
    }
    note_same(&a, a.plugin != NULL);
    if (a.plugin == NULL) { /* beside the program */
        snprintf(plugin, sizeof plugin, "%s", argv[0]);
        char *slash = strrchr(plugin, '/');
        snprintf(slash == NULL ? plugin : slash + 1, 64, "plugins/guarantee.elf");
        a.plugin = plugin;
    }
    FILE *trace = NULL;
    if (!image_read(&a.options.plugin, image, a.plugin) || !open_trace(&trace, a.trace)) {
        return 64;
    }
    if (zyd_crypto_self_test() != ZYD_OK) {
        fprintf(stderr, "zyd-sim: the crypto library does not keep our signature rule\n");
        return 64;
    }
    if (a.products) {
        return run_products(&a, trace);
    }
    struct totals t = {0};
    double started = now_s();
    if (single && !a.determinism) {
        struct answer x = {.seed = a.first};
        one(&x.result, &a, a.first, trace);
        if (hash_only) {
            for (int i = 0; i < 32; i++) {
                printf("%02x", x.result.trace_hash.b[i]);
            }
            putchar('\n');
            return 0;
        }
        add(&t, &a, &x);
    } else if (a.determinism) {
        check_determinism(&t, &a);
    } else {
        run_all(&t, &a);
    }
    double spent = now_s() - started, virtual_s = (double)t.virtual_ms / 1000;
    printf("seeds %llu · sim %.0f s · speed %.0fx · load %.1f blk/s x %.1f op · blocks %llu · op %llu · crashes %llu · "
           "partitions %llu · "
           "byz acts %llu · evidence %llu · messages %llu lost %llu · safety %llu · liveness %llu · determinism %s · died %llu "
           "· %.1f s\n",
           (unsigned long long)t.seeds, virtual_s, virtual_s / (spent > 0 ? spent : 1),
           (double)t.blocks / (virtual_s > 0 ? virtual_s : 1), (double)t.operations / (double)(t.blocks > 0 ? t.blocks : 1),
           (unsigned long long)t.blocks, (unsigned long long)t.operations, (unsigned long long)t.crashes,
           (unsigned long long)t.partitions, (unsigned long long)t.byzantine_acts, (unsigned long long)t.evidence,
           (unsigned long long)t.messages, (unsigned long long)t.lost, (unsigned long long)t.safety,
           (unsigned long long)t.liveness,
           !a.determinism          ? "not run"
           : t.nondeterminism == 0 ? "same"
                                   : "DIFFERS",
           (unsigned long long)t.crashed, spent);
    return verdict(&t);
}
