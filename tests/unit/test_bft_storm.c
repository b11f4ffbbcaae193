/* Goal: nothing that a network, power cuts or one liar do makes two members disagree, and when it stops all go on.
 * Method: seeded storms over the small cluster: loss, delay, duplication by resend, partitions, crashes that lose what was
 * not synced, a leader that sends two blocks.  zyd_bft_check after every step, agreement at the end, growth after calm.
 * ZYD_STORMS sets how many (default 12 a size). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/trace/cluster.c"

static int64_t storm_link(struct cluster *c, uint8_t from, uint8_t to, struct zyd_span bytes)
{
    (void)from;
    (void)to;
    (void)bytes;
    uint64_t die = cluster_random(c, 100);
    if (die < 8) {
        return -1;
    }
    return 1 + (int64_t)cluster_random(c, die < 20 ? 250 : 6);
}

static void all_links_up(struct cluster *c)
{
    memset(c->cut, 0, sizeof c->cut);
    for (uint8_t a = 0; a < c->n; a++) {
        if (!c->nodes[a].up) {
            cluster_boot(c, a);
        }
    }
    for (uint8_t a = 0; a < c->n; a++) {
        for (uint8_t b = 0; b < c->n; b++) {
            if (a != b) {
                cluster_peer(c, a, b, true);
            }
        }
    }
}

static void one_storm(uint8_t n, uint64_t seed, bool liar)
{
    static struct cluster c;
    cluster_start(&c, n);
    c.rng = seed;
    c.quiet = getenv("ZYD_STORM_TEXT") == NULL;
    c.trace_sends = !c.quiet;
    c.link = storm_link;
    c.sync_ms = 1 + (int64_t)(seed % 3) * 12;
    c.put_ms = c.sync_ms + (int64_t)(seed % 5) * 9;
    c.liar[0] = liar;
    for (int turn = 0; turn < 120; turn++) {
        uint8_t a = (uint8_t)cluster_random(&c, n), b = (uint8_t)cluster_random(&c, n);
        switch (cluster_random(&c, 8)) {
        case 0:
            if (c.nodes[a].up) {
                cluster_crash(&c, a);
            }
            break;
        case 1:
        case 2:
            if (!c.nodes[a].up) {
                cluster_boot(&c, a);
                for (uint8_t p = 0; p < n; p++) {
                    if (p != a && !c.cut[a][p]) {
                        cluster_peer(&c, a, p, true);
                        cluster_peer(&c, p, a, true);
                    }
                }
            }
            break;
        case 3:
            if (a != b) {
                cluster_cut(&c, a, b, !c.cut[a][b]);
            }
            break;
        default:
            cluster_submit(&c, (uint8_t)(cluster_random(&c, 2) == 0 ? 255 : a));
            break;
        }
        cluster_run(&c, c.now + (int64_t)cluster_random(&c, 200));
    }
    c.link = NULL;
    all_links_up(&c);
    cluster_run(&c, c.now + 5000);
    uint64_t before = cluster_height(&c, 0);
    cluster_submit(&c, 255);
    cluster_run(&c, c.now + 8000);
    cluster_agree(&c, before + 1);
    for (uint8_t i = 0; i < n; i++) {
        if (c.nodes[i].alarms != 0 && !c.liar[i]) {
            fprintf(stderr, "seed %llu n %u: alarm at n%u\n", (unsigned long long)seed, n, i);
            abort();
        }
    }
    cluster_free(&c);
}

/* The whole city loses power, again and again, a moment after an operation was submitted. */
static void one_blackout(uint8_t n, uint64_t seed)
{
    static struct cluster c;
    cluster_start(&c, n);
    c.rng = seed;
    c.quiet = getenv("ZYD_STORM_TEXT") == NULL;
    c.trace_sends = !c.quiet;
    c.sync_ms = 1 + (int64_t)(seed % 4);
    c.put_ms = 1 + (int64_t)(seed % 7) * 5;
    for (int turn = 0; turn < 25; turn++) {
        cluster_submit(&c, 255);
        cluster_run(&c, c.now + (int64_t)cluster_random(&c, turn % 3 == 0 ? 600 : 40));
        for (uint8_t i = 0; i < n; i++) {
            cluster_crash(&c, i);
            cluster_run(&c, c.now + (int64_t)cluster_random(&c, 4));
        }
        all_links_up(&c);
    }
    cluster_run(&c, c.now + 5000);
    uint64_t before = cluster_height(&c, 0);
    cluster_submit(&c, 255);
    cluster_run(&c, c.now + 8000);
    cluster_agree(&c, before + 1);
    for (uint8_t i = 0; i < n; i++) {
        assert_int_equal(c.nodes[i].alarms, 0);
    }
    cluster_free(&c);
}

static void members_survive_blackouts(void **state)
{
    (void)state;
    const char *count = getenv("ZYD_STORMS");
    for (uint64_t seed = 1; seed <= (count == NULL ? 12 : strtoull(count, NULL, 10)); seed++) {
        one_blackout(4, seed);
        one_blackout(5, seed);
    }
}

static void storms(uint8_t n, bool liar)
{
    const char *count = getenv("ZYD_STORMS"), *first = getenv("ZYD_STORM_SEED");
    uint64_t storms = count == NULL ? 12 : strtoull(count, NULL, 10), from = first == NULL ? 1 : strtoull(first, NULL, 10);
    for (uint64_t seed = from; seed < from + storms; seed++) {
        if (getenv("ZYD_STORM_SHOW") != NULL) {
            fprintf(stderr, "n %u liar %d seed %llu\n", n, liar, (unsigned long long)seed);
        }
        one_storm(n, seed, liar);
    }
}

static void one_member_alone_survives_storms(void **state)
{
    (void)state;
    storms(1, false);
}
static void four_members_survive_storms(void **state)
{
    (void)state;
    storms(4, false);
}
static void four_members_survive_storms_with_a_liar(void **state)
{
    (void)state;
    storms(4, true);
}
static void five_members_survive_storms(void **state)
{
    (void)state;
    storms(5, false);
}
static void seven_members_survive_storms_with_a_liar(void **state)
{
    (void)state;
    storms(7, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_member_alone_survives_storms),       cmocka_unit_test(four_members_survive_storms),
        cmocka_unit_test(four_members_survive_storms_with_a_liar), cmocka_unit_test(five_members_survive_storms),
        cmocka_unit_test(seven_members_survive_storms_with_a_liar), cmocka_unit_test(members_survive_blackouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
