/* failover: how long the consortium stands still when the present leader dies.
 *
 *   failover [KILLS] [--dir DIR] [--keep]
 *
 * Four real zydd under light load.  Again and again: ask a node who leads the next view, kill -9 that one, and take the time
 * until another node shows a block that was made after the death.  The load goes to the other nodes only for the while.  Prints
 * p50, p99, max.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/ring/ring.h"

#define LANES 8u
#define DEADLINE_MS 60000

struct arguments {
    unsigned kills;
    const char *dir;
    bool keep, verbose;
};
static const struct argp_option options[] = {{"dir", 'd', "DIR", 0, "where the nodes' data goes (default /tmp)", 0},
                                             {"keep", 'k', 0, 0, "leave the directory behind", 0},
                                             {"verbose", 'v', 0, 0, "each kill", 0},
                                             {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case 'd':
        a->dir = arg;
        return 0;
    case 'k':
        a->keep = true;
        return 0;
    case 'v':
        a->verbose = true;
        return 0;
    case ARGP_KEY_ARG:
        a->kills = (unsigned)atoi(arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int double_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Height and view of a node's last final block; cheap. */
static bool status_of(const struct ring *r, unsigned node, uint64_t *height, uint64_t *view)
{
    struct ring_head h;
    if (!ring_head(r, node, &h)) {
        return false;
    }
    *height = h.height;
    *view = h.view;
    return true;
}

/* consensus.md 1.5 */
static unsigned leader_of(const struct ring *r, uint64_t view)
{
    uint8_t epoch[8];
    struct zyd_hash h;
    zyd_put64(epoch, ZYD_EPOCH_FIRST);
    zyd_hash2(&h, "zyd/leader/1", r->genesis->hash.b, 32, epoch, sizeof epoch);
    return (unsigned)((zyd_get64(h.b) % RING_NODES + view) % RING_NODES);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options, .parser = parse, .args_doc = "[KILLS]", .doc = "Time without commits after a leader's death."};
    static struct ring r;
    struct arguments a = {.kills = 100};
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    setvbuf(stdout, NULL, _IOLBF, 0);
    ring_machine();
    struct ring_options ro = {
        .zydd = ZYD_BIN_DIR "/zydd", .plugin = ZYD_PLUGIN_DIR "/guarantee.elf", .dir = a.dir, .keep = a.keep};
    struct ring_load_options lo = {.lanes = LANES, .ops = 1, .pause_us = 5000};
    double *ms = calloc(a.kills + 1, sizeof *ms);
    zyd_assert(ms != NULL);
    ring_make(&r, &ro);
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_start(&r, i);
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        if (!ring_ready(&r, i, DEADLINE_MS)) {
            ring_die("node %u does not answer", i);
        }
    }
    struct ring_load *l = ring_load_make(&r, &lo);
    ring_load_start(l);
    for (unsigned k = 0; k < a.kills; k++) {
        uint64_t acked = ring_load_counts(l).acked, height = 0, view = 0, now_height = 0, now_view;
        int64_t until = ring_now_us() + (int64_t)DEADLINE_MS * 1000;
        /* all four in step: heights equal within a few blocks */
        for (;;) {
            uint64_t low = UINT64_MAX, high = 0;
            bool all = ring_load_counts(l).acked >= acked + 2 * LANES;
            for (unsigned i = 0; i < RING_NODES && all; i++) {
                all = status_of(&r, i, &now_height, &now_view);
                low = now_height < low ? now_height : low;
                high = now_height > high ? now_height : high;
            }
            if (all && high - low < 30) {
                break;
            }
            if (ring_now_us() > until) {
                ring_die("kill %u: the nodes do not come into step", k);
            }
        }
        unsigned watcher = k % RING_NODES;
        if (!status_of(&r, watcher, &height, &view)) {
            ring_die("node %u does not answer", watcher);
        }
        unsigned leader = leader_of(&r, view + 1); /* of the view after the last final one */
        watcher = watcher == leader ? (leader + 1) % RING_NODES : watcher;
        int64_t died = ring_now_us();
        atomic_store(&r.nodes[leader].up, false);
        kill(r.nodes[leader].pid, SIGKILL);
        /* The longest gap until a whole round of leaders has passed: it may have passed its turn on just before it died. */
        uint64_t start = height, last = height;
        int64_t last_us = died;
        double worst = 0;
        while (last < start + RING_NODES + 1) {
            if (status_of(&r, watcher, &now_height, &now_view) && now_height > last) {
                double gap = (double)(ring_now_us() - last_us) / 1e3;
                worst = gap > worst ? gap : worst;
                last = now_height;
                last_us = ring_now_us();
            }
            if (ring_now_us() > died + (int64_t)DEADLINE_MS * 1000) {
                ring_die("kill %u: three of four nodes do not go on", k);
            }
        }
        ms[k] = worst;
        ring_kill(&r, leader, SIGKILL); /* takes its end */
        if (a.verbose) {
            printf("kill %u of node %u: %.1f ms\n", k, leader, worst);
        }
        ring_start(&r, leader);
        if (!ring_ready(&r, leader, DEADLINE_MS)) {
            ring_log_tail(&r, leader, 15);
            ring_die("node %u does not come back", leader);
        }
    }
    ring_load_stop(l);
    (void)ring_load_join(l, DEADLINE_MS);
    qsort(ms, a.kills, sizeof *ms, double_order);
    printf("%u leaders killed: longest time without a commit afterwards: p50 %.0f ms, p99 %.0f ms, max %.0f ms (aim: p99 under "
           "500 ms); load average "
           "%.2f\n",
           a.kills, a.kills > 0 ? ms[a.kills / 2] : 0, a.kills > 0 ? ms[(a.kills - 1) * 99 / 100] : 0,
           a.kills > 0 ? ms[a.kills - 1] : 0, ring_load_average());
    bool good = a.kills > 0 && ms[(a.kills - 1) * 99 / 100] < 500;
    free(ms);
    ring_load_free(l);
    ring_free(&r);
    return good ? 0 : 1;
}
