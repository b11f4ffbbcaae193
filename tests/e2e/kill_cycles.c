/* kill_cycles: four real zydd under load; kill -9 of a random member, at times of two or of all four, and a restart, again and
 * again.
 *
 *   kill_cycles [CYCLES] [--seed S] [--dir DIR] [--keep] [--debug] [--zydd PROGRAM]
 *
 * Then, with all processes ended, from the bytes on the four disks:
 *   every operation that a client saw final stands in every ledger exactly once, at the height that the client was told;
 *   no envelope stands twice; all four ledgers are equal block by block, with one head and one state root;
 *   no key has signed two contradictory votes: vote files (read at each death and at the end) and every certificate of every
 * ledger; no evidence of it is on the ledger; and on the way: each restart needs no hand, and operations go on.  Exit 0, or 1
 * with what is wrong.
 */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/ring/ring.h"

#define LANES 16u
#define OPS 5u
#define DEADLINE_MS 30000

struct arguments {
    unsigned cycles;
    uint64_t seed;
    const char *dir, *zydd;
    bool keep, debug;
};
static const struct argp_option options[] = {{"seed", 's', "S", 0, "which members die when (default: the clock)", 0},
                                             {"dir", 'd', "DIR", 0, "where the nodes' data goes (default /tmp)", 0},
                                             {"keep", 'k', 0, 0, "leave the directory behind", 0},
                                             {"zydd", 'z', "PROGRAM", 0, "another build of it", 0},
                                             {"debug", 'g', 0, 0, "traces of consensus in the nodes' logs", 0},
                                             {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case 's':
        a->seed = strtoull(arg, NULL, 10);
        return 0;
    case 'd':
        a->dir = arg;
        return 0;
    case 'k':
        a->keep = true;
        return 0;
    case 'z':
        a->zydd = arg;
        return 0;
    case 'g':
        a->debug = true;
        return 0;
    case ARGP_KEY_ARG:
        a->cycles = (unsigned)atoi(arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static uint64_t chance(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct votes {
    struct ring_vote *items;
    size_t count, cap;
};

static unsigned bits(unsigned set)
{
    return (unsigned)__builtin_popcount(set);
}

/* Which members die: mostly one, at times two, at times all. */
static unsigned victims(uint64_t *prng)
{
    uint64_t dice = chance(prng) % 20;
    unsigned set = 1u << chance(prng) % RING_NODES;
    if (dice < 2) {
        return (1u << RING_NODES) - 1;
    }
    while (dice < 6 && bits(set) < 2) {
        set |= 1u << chance(prng) % RING_NODES;
    }
    return set;
}

/* Waits for more acknowledgements than at first; false at the deadline. */
static bool progress(struct ring_load *l, uint64_t more)
{
    return ring_load_reach(l, ring_load_counts(l).acked + more, DEADLINE_MS);
}

static void none_ended(struct ring *r)
{
    int status;
    for (unsigned i = 0; i < RING_NODES; i++) {
        if (r->nodes[i].pid != 0 && ring_ended(r, i, &status)) {
            ring_log_tail(r, i, 15);
            ring_die("node %u ended by itself, wait status 0x%x", i, (unsigned)status);
        }
    }
}

static void cycle(struct ring *r, struct ring_load *l, struct votes *v, uint64_t *prng, unsigned number)
{
    unsigned set = victims(prng), after = (unsigned)(chance(prng) % 4), apart = (unsigned)(chance(prng) % 3);
    int64_t began = ring_now_us();
    if (!progress(l, 1 + after)) {
        for (unsigned i = 0; i < RING_NODES; i++) {
            ring_log_tail(r, i, 15);
        }
        ring_die("cycle %u: nothing becomes final any more", number);
    }
    none_ended(r);
    for (unsigned i = 0; i < RING_NODES; i++) {
        if ((set >> i & 1) != 0) {
            ring_kill(r, i, SIGKILL);
            ring_look_votes(&v->items, &v->count, &v->cap, r, i);
        }
    }
    if (bits(set) == 1 && apart > 0 && !progress(l, apart * 4)) { /* the others go on without it */
        for (unsigned i = 0; i < RING_NODES; i++) {
            ring_log_tail(r, i, 15);
        }
        ring_die("cycle %u: three of four nodes do not go on; %s is left behind", number, r->dir);
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        if ((set >> i & 1) != 0) {
            ring_start(r, i);
        }
    }
    for (unsigned i = 0; i < RING_NODES; i++) {
        if ((set >> i & 1) != 0 && !ring_ready(r, i, DEADLINE_MS)) {
            ring_log_tail(r, i, 15);
            ring_die("cycle %u: node %u does not come back", number, i);
        }
    }
    if (number % 20 == 0 || number < 3) {
        printf("cycle %u: killed %u, %.0f ms; acknowledged so far %llu envelopes\n", number, bits(set),
               (double)(ring_now_us() - began) / 1e3, (unsigned long long)ring_load_counts(l).acked);
    }
}

/* ---- afterwards ---- */

static size_t failures;
static void wrong(const char *what, unsigned node, uint64_t height)
{
    if (failures++ < 20) {
        printf("WRONG: %s (node %u, height %llu)\n", what, node, (unsigned long long)height);
    }
}

static size_t find(const struct ring_look *l, const struct zyd_hash *id, uint64_t *height)
{
    size_t low = 0, high = l->seen_count, n = 0;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (zyd_hash_cmp(&l->seen[mid].env_id, id) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    *height = low < l->seen_count ? l->seen[low].height : 0;
    while (low + n < l->seen_count && zyd_hash_eq(&l->seen[low + n].env_id, id)) {
        n++;
    }
    return n;
}

static void check_node(const struct ring_look *l, const struct ring_look *first, unsigned node, const struct ring_ack *acks,
                       size_t count)
{
    if (l->height != first->height || !zyd_hash_eq(&l->state_root, &first->state_root)) {
        wrong("another head or state root than node 0", node, l->height);
    }
    for (uint64_t h = 1; h <= l->height && h <= first->height; h++) {
        if (!zyd_hash_eq(&l->hashes[h], &first->hashes[h])) {
            wrong("another block than at node 0", node, h);
            break;
        }
    }
    for (size_t i = 1; i < l->seen_count; i++) {
        if (zyd_hash_eq(&l->seen[i].env_id, &l->seen[i - 1].env_id)) {
            wrong("an envelope is booked twice", node, l->seen[i].height);
        }
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t height;
        size_t n = find(l, &acks[i].env_id, &height);
        if (n != 1) {
            wrong(n == 0 ? "an acknowledged envelope is lost" : "an acknowledged envelope is there twice", node,
                  acks[i].height);
        } else if (height != acks[i].height) {
            wrong("an acknowledged envelope stands at another height than its client was told", node, height);
        }
    }
    if (l->evidence > 0) {
        wrong("evidence of contradictory votes is on the ledger", node, l->height);
    }
}

static void check(struct ring *r, struct ring_load *l, struct votes *v)
{
    static struct ring_look looks[RING_NODES];
    size_t count;
    const struct ring_ack *acks = ring_load_acks(l, &count);
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_look_votes(&v->items, &v->count, &v->cap, r, i);
        ring_look(&looks[i], r, i);
        check_node(&looks[i], &looks[0], i, acks, count);
        for (size_t k = 0; k < looks[i].vote_count; k++) {
            if (v->count == v->cap) {
                v->cap *= 2;
                v->items = realloc(v->items, v->cap * sizeof *v->items);
                zyd_assert(v->items != NULL);
            }
            v->items[v->count++] = looks[i].votes[k];
        }
    }
    size_t seen = v->count;
    failures += ring_conflicts(v->items, seen);
    printf("checked: %llu blocks, %llu operations; %zu acknowledged envelopes of %u operations exactly once on four ledgers; "
           "head %02x%02x%02x%02x, one "
           "state root; %zu signatures of votes read\n",
           (unsigned long long)looks[0].blocks, (unsigned long long)looks[0].ops, count, OPS, looks[0].head_hash.b[0],
           looks[0].head_hash.b[1], looks[0].head_hash.b[2], looks[0].head_hash.b[3], seen);
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_look_free(&looks[i]);
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options, .parser = parse, .args_doc = "[CYCLES]", .doc = "kill -9 under load, again and again."};
    static struct ring r;
    struct arguments a = {.cycles = 10, .seed = (uint64_t)ring_now_us()};
    struct votes v = {0};
    struct ring_head head;
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    setvbuf(stdout, NULL, _IOLBF, 0);
    ring_machine();
    printf("again with: kill_cycles %u --seed %llu\n", a.cycles, (unsigned long long)a.seed);
    struct ring_options ro = {.zydd = a.zydd ? a.zydd : ZYD_BIN_DIR "/zydd",
                              .plugin = ZYD_PLUGIN_DIR "/guarantee.elf",
                              .dir = a.dir,
                              .keep = a.keep,
                              .debug = a.debug};
    struct ring_load_options lo = {.lanes = LANES, .ops = OPS, .pause_us = 2000};
    uint64_t prng = a.seed;
    int64_t began = ring_now_us();
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
    for (unsigned c = 1; c <= a.cycles; c++) {
        cycle(&r, l, &v, &prng, c);
    }
    if (!progress(l, LANES)) {
        ring_die("after the last cycle nothing becomes final");
    }
    ring_load_stop(l);
    if (!ring_load_join(l, DEADLINE_MS)) {
        wrong("a client still waits for its answer", 0, 0);
    }
    if (!ring_settle(&r, &head, 1000, DEADLINE_MS)) {
        wrong("the nodes do not come to one head", 0, 0);
    }
    none_ended(&r);
    for (unsigned i = 0; i < RING_NODES; i++) {
        ring_kill(&r, i, SIGTERM);
    }
    check(&r, l, &v);
    struct ring_load_counts c = ring_load_counts(l);
    if (c.refused + c.expired > 0) {
        printf("refused %llu operations, expired %llu envelopes: %s\n", (unsigned long long)c.refused,
               (unsigned long long)c.expired, c.first_refusal);
        failures++;
    }
    printf("%u cycles in %.1f s, envelopes sent %llu, final %llu, sent again %llu, load average %.2f: %s\n", a.cycles,
           (double)(ring_now_us() - began) / 1e6, (unsigned long long)c.sent, (unsigned long long)c.acked,
           (unsigned long long)c.retries, ring_load_average(),
           failures == 0 ? "nothing lost, nothing twice, no contradictory votes" : "FAILED");
    ring_load_free(l);
    free(v.items);
    r.options.keep = r.options.keep || failures > 0;
    ring_free(&r);
    return failures == 0 ? 0 : 1;
}
