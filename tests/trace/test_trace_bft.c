/* Goal: whole runs of a cluster are what the protocol says, line by line.  Method: virtual time, scripted links, golden lines
 * (leader of v1 is n2; DELTA 100 ms, hop 1 ms, sync 1 ms).  After a wanted change run with ZYD_GOLDEN=1, which prints each
 * run, read the difference, and paste it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/trace/cluster.c"

static struct cluster c;

static int start(void **state)
{
    (void)state;
    cluster_start(&c, 4);
    return 0;
}
static int stop(void **state)
{
    (void)state;
    cluster_free(&c);
    return 0;
}

static void compare(const char *name, const char *const *lines, size_t count)
{
    if (getenv("ZYD_GOLDEN") != NULL) {
        printf("=== %s\n%s===\n", name, c.text == NULL ? "" : c.text);
        return;
    }
    cluster_golden(&c, lines, count);
}
#define GOLDEN(...)                                                                                \
    do {                                                                                           \
        static const char *const lines[] = {__VA_ARGS__};                                          \
        compare(__func__, lines, sizeof lines / sizeof lines[0]);                                  \
    } while (0)

static void introduce(uint8_t a)
{
    for (uint8_t p = 0; p < c.n; p++) {
        if (p != a && c.nodes[p].up) {
            cluster_peer(&c, a, p, true);
            cluster_peer(&c, p, a, true);
        }
    }
}

static void an_operation_becomes_final_in_three_hops_and_two_syncs(void **state)
{
    (void)state;
    c.trace_sends = true;
    cluster_run(&c, 100);
    cluster_submit(&c, 255);
    cluster_run(&c, 500);
    cluster_agree(&c, 1);
    GOLDEN("[    0] n0 enter v1 by start, leader n2",
           "[    0] n1 enter v1 by start, leader n2",
           "[    0] n2 enter v1 by start, leader n2",
           "[    0] n3 enter v1 by start, leader n2",
           "[  100] operation 1",
           "[  100] n2 N v1 h1 a20ba000",
           "[  100] n2 > all: proposal v1 (after sync)",
           "[  102] n0 N v1 h1 a20ba000",
           "[  102] n0 > all: N v1 (after sync)",
           "[  102] n1 N v1 h1 a20ba000",
           "[  102] n1 > all: N v1 (after sync)",
           "[  102] n3 N v1 h1 a20ba000",
           "[  102] n3 > all: N v1 (after sync)",
           "[  104] n1 NC v1 h1 a20ba000",
           "[  104] n1 > all: NC v1",
           "[  104] n1 enter v2 by NC, leader n3",
           "[  104] n1 F v1 h1 a20ba000",
           "[  104] n1 > all: F v1 (after sync)",
           "[  104] n3 NC v1 h1 a20ba000",
           "[  104] n3 > all: NC v1",
           "[  104] n3 enter v2 by NC, leader n3",
           "[  104] n3 F v1 h1 a20ba000",
           "[  104] n3 > all: F v1 (after sync)",
           "[  104] n0 NC v1 h1 a20ba000",
           "[  104] n0 > all: NC v1",
           "[  104] n0 enter v2 by NC, leader n3",
           "[  104] n0 F v1 h1 a20ba000",
           "[  104] n0 > all: F v1 (after sync)",
           "[  104] n2 NC v1 h1 a20ba000",
           "[  104] n2 > all: NC v1",
           "[  104] n2 enter v2 by NC, leader n3",
           "[  104] n2 F v1 h1 a20ba000",
           "[  104] n2 > all: F v1 (after sync)",
           "[  106] n0 FC v1 h1 a20ba000",
           "[  106] n0 > all: FC v1",
           "[  106] n0 final v1 h1 a20ba000",
           "[  106] n2 FC v1 h1 a20ba000",
           "[  106] n2 > all: FC v1",
           "[  106] n2 final v1 h1 a20ba000",
           "[  106] n1 FC v1 h1 a20ba000",
           "[  106] n1 > all: FC v1",
           "[  106] n1 final v1 h1 a20ba000",
           "[  106] n3 FC v1 h1 a20ba000",
           "[  106] n3 > all: FC v1",
           "[  106] n3 final v1 h1 a20ba000");
}

static void a_dead_leader_costs_one_time_out_then_one_hop_a_turn(void **state)
{
    (void)state;
    cluster_crash(&c, 2);
    cluster_run(&c, 100);
    cluster_submit(&c, 255);
    cluster_run(&c, 3000); /* silent for longer than SKIP_AFTER by now */
    for (int i = 1; i <= 4; i++) {
        cluster_submit(&c, 255);
        cluster_run(&c, 3000 + 100 * i);
    }
    cluster_agree(&c, 5);
    GOLDEN("[    0] n0 enter v1 by start, leader n2",
           "[    0] n1 enter v1 by start, leader n2",
           "[    0] n2 enter v1 by start, leader n2",
           "[    0] n3 enter v1 by start, leader n2",
           "[    0] n2 crashes",
           "[  100] operation 1",
           "[  300] n0 time-out v1",
           "[  300] n0 X v1",
           "[  300] n1 time-out v1",
           "[  300] n1 X v1",
           "[  300] n3 time-out v1",
           "[  300] n3 X v1",
           "[  302] n3 XC v1",
           "[  302] n3 enter v2 by XC, leader n3",
           "[  302] n0 XC v1",
           "[  302] n0 enter v2 by XC, leader n3",
           "[  302] n1 XC v1",
           "[  302] n1 enter v2 by XC, leader n3",
           "[  302] n3 N v2 h1 050469cb",
           "[  304] n0 N v2 h1 050469cb",
           "[  304] n1 N v2 h1 050469cb",
           "[  306] n1 NC v2 h1 050469cb",
           "[  306] n1 enter v3 by NC, leader n0",
           "[  306] n1 F v2 h1 050469cb",
           "[  306] n0 NC v2 h1 050469cb",
           "[  306] n0 enter v3 by NC, leader n0",
           "[  306] n0 F v2 h1 050469cb",
           "[  306] n3 NC v2 h1 050469cb",
           "[  306] n3 enter v3 by NC, leader n0",
           "[  306] n3 F v2 h1 050469cb",
           "[  308] n3 FC v2 h1 050469cb",
           "[  308] n3 final v2 h1 050469cb",
           "[  308] n0 FC v2 h1 050469cb",
           "[  308] n0 final v2 h1 050469cb",
           "[  308] n1 FC v2 h1 050469cb",
           "[  308] n1 final v2 h1 050469cb",
           "[ 3000] operation 2",
           "[ 3000] n0 N v3 h2 4f8eb281",
           "[ 3002] n1 N v3 h2 4f8eb281",
           "[ 3002] n3 N v3 h2 4f8eb281",
           "[ 3004] n3 NC v3 h2 4f8eb281",
           "[ 3004] n3 enter v4 by NC, leader n1",
           "[ 3004] n3 F v3 h2 4f8eb281",
           "[ 3004] n0 NC v3 h2 4f8eb281",
           "[ 3004] n0 enter v4 by NC, leader n1",
           "[ 3004] n0 F v3 h2 4f8eb281",
           "[ 3004] n1 NC v3 h2 4f8eb281",
           "[ 3004] n1 enter v4 by NC, leader n1",
           "[ 3004] n1 F v3 h2 4f8eb281",
           "[ 3006] n1 FC v3 h2 4f8eb281",
           "[ 3006] n1 final v3 h2 4f8eb281",
           "[ 3006] n0 FC v3 h2 4f8eb281",
           "[ 3006] n0 final v3 h2 4f8eb281",
           "[ 3006] n3 FC v3 h2 4f8eb281",
           "[ 3006] n3 final v3 h2 4f8eb281",
           "[ 3100] operation 3",
           "[ 3100] n1 N v4 h3 174b7a2c",
           "[ 3102] n0 N v4 h3 174b7a2c",
           "[ 3102] n3 N v4 h3 174b7a2c",
           "[ 3104] n3 NC v4 h3 174b7a2c",
           "[ 3104] n3 enter v5 by NC, leader n2",
           "[ 3104] n3 F v4 h3 174b7a2c",
           "[ 3104] n3 skip v5, n2 is silent",
           "[ 3104] n3 X v5",
           "[ 3104] n0 NC v4 h3 174b7a2c",
           "[ 3104] n0 enter v5 by NC, leader n2",
           "[ 3104] n0 F v4 h3 174b7a2c",
           "[ 3104] n0 skip v5, n2 is silent",
           "[ 3104] n0 X v5",
           "[ 3104] n1 NC v4 h3 174b7a2c",
           "[ 3104] n1 enter v5 by NC, leader n2",
           "[ 3104] n1 F v4 h3 174b7a2c",
           "[ 3104] n1 skip v5, n2 is silent",
           "[ 3104] n1 X v5",
           "[ 3106] n1 FC v4 h3 174b7a2c",
           "[ 3106] n1 final v4 h3 174b7a2c",
           "[ 3106] n1 XC v5",
           "[ 3106] n1 enter v6 by XC, leader n3",
           "[ 3106] n0 FC v4 h3 174b7a2c",
           "[ 3106] n0 final v4 h3 174b7a2c",
           "[ 3106] n3 FC v4 h3 174b7a2c",
           "[ 3106] n3 final v4 h3 174b7a2c",
           "[ 3106] n0 XC v5",
           "[ 3106] n0 enter v6 by XC, leader n3",
           "[ 3106] n3 XC v5",
           "[ 3106] n3 enter v6 by XC, leader n3",
           "[ 3200] operation 4",
           "[ 3200] n3 N v6 h4 127aa18b",
           "[ 3202] n0 N v6 h4 127aa18b",
           "[ 3202] n1 N v6 h4 127aa18b",
           "[ 3204] n1 NC v6 h4 127aa18b",
           "[ 3204] n1 enter v7 by NC, leader n0",
           "[ 3204] n1 F v6 h4 127aa18b",
           "[ 3204] n0 NC v6 h4 127aa18b",
           "[ 3204] n0 enter v7 by NC, leader n0",
           "[ 3204] n0 F v6 h4 127aa18b",
           "[ 3204] n3 NC v6 h4 127aa18b",
           "[ 3204] n3 enter v7 by NC, leader n0",
           "[ 3204] n3 F v6 h4 127aa18b",
           "[ 3206] n3 FC v6 h4 127aa18b",
           "[ 3206] n3 final v6 h4 127aa18b",
           "[ 3206] n0 FC v6 h4 127aa18b",
           "[ 3206] n0 final v6 h4 127aa18b",
           "[ 3206] n1 FC v6 h4 127aa18b",
           "[ 3206] n1 final v6 h4 127aa18b",
           "[ 3300] operation 5",
           "[ 3300] n0 N v7 h5 0b74c95e",
           "[ 3302] n1 N v7 h5 0b74c95e",
           "[ 3302] n3 N v7 h5 0b74c95e",
           "[ 3304] n3 NC v7 h5 0b74c95e",
           "[ 3304] n3 enter v8 by NC, leader n1",
           "[ 3304] n3 F v7 h5 0b74c95e",
           "[ 3304] n0 NC v7 h5 0b74c95e",
           "[ 3304] n0 enter v8 by NC, leader n1",
           "[ 3304] n0 F v7 h5 0b74c95e",
           "[ 3304] n1 NC v7 h5 0b74c95e",
           "[ 3304] n1 enter v8 by NC, leader n1",
           "[ 3304] n1 F v7 h5 0b74c95e",
           "[ 3306] n1 FC v7 h5 0b74c95e",
           "[ 3306] n1 final v7 h5 0b74c95e",
           "[ 3306] n0 FC v7 h5 0b74c95e",
           "[ 3306] n0 final v7 h5 0b74c95e",
           "[ 3306] n3 FC v7 h5 0b74c95e",
           "[ 3306] n3 final v7 h5 0b74c95e");
}

/* n0 alone gets the third N of view 1; the others time out. */
static int64_t split_link(struct cluster *cl, uint8_t from, uint8_t to, struct zyd_span bytes)
{
    (void)from;
    if (cl->now < 300) {
        if (bytes.data[0] == ZYD_MSG_PROPOSAL && to == 3) {
            return -1;
        }
        if (bytes.data[0] == ZYD_MSG_VOTE && bytes.data[1] == ZYD_VOTE_N && to != 0) {
            return -1;
        }
        if (from == 0) {
            return -1;
        }
    }
    return 1;
}
static void members_that_hold_different_certificates_go_on_together(void **state)
{
    (void)state;
    c.link = split_link;
    cluster_submit(&c, 255);
    cluster_run(&c, 1000);
    cluster_agree(&c, 1);
    GOLDEN("[    0] n0 enter v1 by start, leader n2",
           "[    0] n1 enter v1 by start, leader n2",
           "[    0] n2 enter v1 by start, leader n2",
           "[    0] n3 enter v1 by start, leader n2",
           "[    0] operation 1",
           "[    0] n2 N v1 h1 9086560d",
           "[    2] n0 N v1 h1 9086560d",
           "[    2] n1 N v1 h1 9086560d",
           "[    4] n0 NC v1 h1 9086560d",
           "[    4] n0 enter v2 by NC, leader n3",
           "[    4] n0 F v1 h1 9086560d",
           "[  200] n3 time-out v1",
           "[  200] n3 X v1",
           "[  207] n0 time-out v2",
           "[  207] n0 X v2",
           "[  300] n1 time-out v1",
           "[  300] n1 X v1",
           "[  300] n2 time-out v1",
           "[  300] n2 X v1",
           "[  302] n2 XC v1",
           "[  302] n2 enter v2 by XC, leader n3",
           "[  302] n0 XC v1",
           "[  302] n1 XC v1",
           "[  302] n1 enter v2 by XC, leader n3",
           "[  302] n3 XC v1",
           "[  302] n3 enter v2 by XC, leader n3",
           "[  302] n3 N v2 h1 a7c4e5ab",
           "[  303] n1 NC v1 h1 9086560d",
           "[  303] n2 NC v1 h1 9086560d",
           "[  304] n1 N v2 h1 a7c4e5ab",
           "[  304] n2 N v2 h1 a7c4e5ab",
           "[  306] n2 NC v2 h1 a7c4e5ab",
           "[  306] n2 enter v3 by NC, leader n0",
           "[  306] n2 F v2 h1 a7c4e5ab",
           "[  306] n0 NC v2 h1 a7c4e5ab",
           "[  306] n0 enter v3 by NC, leader n0",
           "[  306] n1 NC v2 h1 a7c4e5ab",
           "[  306] n1 enter v3 by NC, leader n0",
           "[  306] n1 F v2 h1 a7c4e5ab",
           "[  306] n3 NC v2 h1 a7c4e5ab",
           "[  306] n3 enter v3 by NC, leader n0",
           "[  306] n3 F v2 h1 a7c4e5ab",
           "[  308] n3 FC v2 h1 a7c4e5ab",
           "[  308] n3 final v2 h1 a7c4e5ab",
           "[  308] n0 FC v2 h1 a7c4e5ab",
           "[  308] n0 final v2 h1 a7c4e5ab",
           "[  308] n1 FC v2 h1 a7c4e5ab",
           "[  308] n1 final v2 h1 a7c4e5ab",
           "[  308] n2 FC v2 h1 a7c4e5ab",
           "[  308] n2 final v2 h1 a7c4e5ab");
}

static void a_leader_with_two_blocks_is_named_and_costs_nothing_else(void **state)
{
    (void)state;
    c.liar[2] = true;
    cluster_submit(&c, 255);
    cluster_run(&c, 1000);
    for (uint8_t i = 0; i < 4; i++) {
        assert_true(cluster_height(&c, i) >= 1);
    }
    assert_int_equal(c.evidence[0], 1); /* n0 alone is shown both */
    GOLDEN("[    0] n0 enter v1 by start, leader n2",
           "[    0] n1 enter v1 by start, leader n2",
           "[    0] n2 enter v1 by start, leader n2",
           "[    0] n3 enter v1 by start, leader n2",
           "[    0] operation 1",
           "[    0] n2 N v1 h1 9086560d",
           "[    2] n0 N v1 h1 9086560d",
           "[    2] n1 N v1 h1 8f88adec",
           "[    2] n3 N v1 h1 8f88adec",
           "[    4] n3 NC v1 h1 8f88adec",
           "[    4] n3 enter v2 by NC, leader n3",
           "[    4] n3 F v1 h1 8f88adec",
           "[    4] n1 NC v1 h1 8f88adec",
           "[    4] n1 enter v2 by NC, leader n3",
           "[    4] n1 F v1 h1 8f88adec",
           "[    5] n0 evidence N/N n2 v1",
           "[    5] n0 NC v1 h1 8f88adec",
           "[    5] n0 enter v2 by NC, leader n3",
           "[    5] n2 ALARM 3 at v1",
           "[    5] n2 NC v1 h1 8f88adec",
           "[    5] n2 enter v2 by NC, leader n3",
           "[  109] n3 N v2 h1 2cc3b5b2",
           "[  111] n0 N v2 h1 2cc3b5b2",
           "[  111] n1 N v2 h1 2cc3b5b2",
           "[  113] n1 NC v2 h1 2cc3b5b2",
           "[  113] n1 enter v3 by NC, leader n0",
           "[  113] n1 F v2 h1 2cc3b5b2",
           "[  113] n0 NC v2 h1 2cc3b5b2",
           "[  113] n0 enter v3 by NC, leader n0",
           "[  113] n0 F v2 h1 2cc3b5b2",
           "[  113] n2 NC v2 h1 2cc3b5b2",
           "[  113] n2 enter v3 by NC, leader n0",
           "[  113] n3 NC v2 h1 2cc3b5b2",
           "[  113] n3 enter v3 by NC, leader n0",
           "[  113] n3 F v2 h1 2cc3b5b2",
           "[  115] n3 FC v2 h1 2cc3b5b2",
           "[  115] n3 final v1 h1 8f88adec",
           "[  115] n3 final v2 h1 2cc3b5b2 carrier",
           "[  115] n0 FC v2 h1 2cc3b5b2",
           "[  115] n0 final v1 h1 8f88adec",
           "[  115] n0 final v2 h1 2cc3b5b2 carrier",
           "[  115] n1 FC v2 h1 2cc3b5b2",
           "[  115] n1 final v1 h1 8f88adec",
           "[  115] n1 final v2 h1 2cc3b5b2 carrier",
           "[  115] n2 FC v2 h1 2cc3b5b2",
           "[  115] n2 final v1 h1 8f88adec",
           "[  115] n2 final v2 h1 2cc3b5b2 carrier");
}

/* n0 and n1 record N for view 1 and lose power before it leaves. */
static void a_restarted_member_votes_what_its_file_says(void **state)
{
    (void)state;
    c.trace_sends = true;
    c.nodes[0].mute = c.nodes[1].mute = true;
    cluster_submit(&c, 255);
    cluster_run(&c, 20);
    cluster_crash(&c, 0);
    cluster_crash(&c, 1);
    c.nodes[0].mute = c.nodes[1].mute = false;
    cluster_run(&c, 30);
    cluster_boot(&c, 0);
    cluster_boot(&c, 1);
    introduce(0);
    introduce(1);
    cluster_run(&c, 190);
    cluster_agree(&c, 1);
    GOLDEN("[    0] n0 enter v1 by start, leader n2",
           "[    0] n1 enter v1 by start, leader n2",
           "[    0] n2 enter v1 by start, leader n2",
           "[    0] n3 enter v1 by start, leader n2",
           "[    0] operation 1",
           "[    0] n2 N v1 h1 9086560d",
           "[    0] n2 > all: proposal v1 (after sync)",
           "[    2] n0 N v1 h1 9086560d",
           "[    2] n0 > all: N v1 (after sync)",
           "[    2] n1 N v1 h1 9086560d",
           "[    2] n1 > all: N v1 (after sync)",
           "[    2] n3 N v1 h1 9086560d",
           "[    2] n3 > all: N v1 (after sync)",
           "[    4] n0 NC v1 h1 9086560d",
           "[    4] n0 > all: NC v1",
           "[    4] n0 enter v2 by NC, leader n3",
           "[    4] n0 F v1 h1 9086560d",
           "[    4] n0 > all: F v1 (after sync)",
           "[    4] n1 NC v1 h1 9086560d",
           "[    4] n1 > all: NC v1",
           "[    4] n1 enter v2 by NC, leader n3",
           "[    4] n1 F v1 h1 9086560d",
           "[    4] n1 > all: F v1 (after sync)",
           "[   20] n0 crashes",
           "[   20] n1 crashes",
           "[   30] n0 F v1 h1 9086560d",
           "[   30] n0 > all: F v1",
           "[   30] n0 N v1 h1 9086560d",
           "[   30] n0 > all: N v1",
           "[   30] n0 enter v2 by NC, leader n3",
           "[   30] n1 F v1 h1 9086560d",
           "[   30] n1 > all: F v1",
           "[   30] n1 N v1 h1 9086560d",
           "[   30] n1 > all: N v1",
           "[   30] n1 enter v2 by NC, leader n3",
           "[   30] n0 > n1: NC v1",
           "[   30] n0 > n1: N v1",
           "[   30] n0 > n1: F v1",
           "[   30] n1 > n0: NC v1",
           "[   30] n1 > n0: N v1",
           "[   30] n1 > n0: F v1",
           "[   30] n0 > n2: NC v1",
           "[   30] n0 > n2: N v1",
           "[   30] n0 > n2: F v1",
           "[   30] n2 > n0: proposal v1",
           "[   30] n0 > n3: NC v1",
           "[   30] n0 > n3: N v1",
           "[   30] n0 > n3: F v1",
           "[   30] n3 > n0: N v1",
           "[   30] n1 > n0: NC v1",
           "[   30] n1 > n0: N v1",
           "[   30] n1 > n0: F v1",
           "[   30] n0 > n1: NC v1",
           "[   30] n0 > n1: N v1",
           "[   30] n0 > n1: F v1",
           "[   30] n1 > n2: NC v1",
           "[   30] n1 > n2: N v1",
           "[   30] n1 > n2: F v1",
           "[   30] n2 > n1: proposal v1",
           "[   30] n1 > n3: NC v1",
           "[   30] n1 > n3: N v1",
           "[   30] n1 > n3: F v1",
           "[   30] n3 > n1: N v1",
           "[   31] n2 NC v1 h1 9086560d",
           "[   31] n2 > all: NC v1",
           "[   31] n2 enter v2 by NC, leader n3",
           "[   31] n2 F v1 h1 9086560d",
           "[   31] n2 > all: F v1 (after sync)",
           "[   31] n3 NC v1 h1 9086560d",
           "[   31] n3 > all: NC v1",
           "[   31] n3 enter v2 by NC, leader n3",
           "[   31] n3 F v1 h1 9086560d",
           "[   31] n3 > all: F v1 (after sync)",
           "[   31] n0 > n2: NC v1",
           "[   31] n0 > n3: NC v1",
           "[   31] n1 > n2: NC v1",
           "[   31] n1 > n3: NC v1",
           "[   32] n2 FC v1 h1 9086560d",
           "[   32] n2 > all: FC v1",
           "[   32] n2 final v1 h1 9086560d",
           "[   32] n3 FC v1 h1 9086560d",
           "[   32] n3 > all: FC v1",
           "[   32] n3 final v1 h1 9086560d",
           "[   33] n0 FC v1 h1 9086560d",
           "[   33] n0 > all: FC v1",
           "[   33] n0 final v1 h1 9086560d",
           "[   33] n1 FC v1 h1 9086560d",
           "[   33] n1 > all: FC v1",
           "[   33] n1 final v1 h1 9086560d");
}

static void a_member_that_was_down_catches_up(void **state)
{
    (void)state;
    cluster_crash(&c, 3);
    for (int i = 0; i < 6; i++) {
        cluster_submit(&c, 255);
        cluster_run(&c, c.now + 400);
    }
    c.text_size = 0; /* only what follows */
    cluster_boot(&c, 3);
    introduce(3);
    cluster_run(&c, c.now + 1500);
    cluster_agree(&c, 6);
    GOLDEN("[ 2400] n3 enter v1 by start, leader n2",
           "[ 2401] n3 FC v8 h6 8ca08813",
           "[ 2401] n3 enter v9 by FC, leader n2",
           "[ 2401] n3 behind: head h0, final h6",
           "[ 2402] n3 NC v8 h6 8ca08813",
           "[ 2403] n3 FC v1 h1 9086560d",
           "[ 2403] n3 NC v1 h1 9086560d",
           "[ 2403] n3 XC v2",
           "[ 2403] n3 FC v3 h2 22dc4e57",
           "[ 2403] n3 NC v3 h2 22dc4e57",
           "[ 2403] n3 FC v4 h3 69565725",
           "[ 2403] n3 NC v4 h3 69565725",
           "[ 2403] n3 FC v5 h4 1be38509",
           "[ 2403] n3 NC v5 h4 1be38509",
           "[ 2403] n3 XC v6",
           "[ 2403] n3 FC v7 h5 3f1d3224",
           "[ 2403] n3 NC v7 h5 3f1d3224",
           "[ 2403] n3 final v1 h1 9086560d",
           "[ 2403] n3 final v3 h2 22dc4e57",
           "[ 2403] n3 final v4 h3 69565725",
           "[ 2403] n3 final v5 h4 1be38509",
           "[ 2403] n3 final v7 h5 3f1d3224",
           "[ 2403] n3 final v8 h6 8ca08813");
}

static void two_halves_wait_and_go_on_when_joined(void **state)
{
    (void)state;
    for (uint8_t a = 0; a < 2; a++) {
        cluster_cut(&c, a, 2, true);
        cluster_cut(&c, a, 3, true);
    }
    cluster_submit(&c, 255);
    cluster_run(&c, 60000);
    assert_int_equal(cluster_height(&c, 0), 0);
    cluster_say(&c, "joined");
    for (uint8_t a = 0; a < 2; a++) {
        cluster_cut(&c, a, 2, false);
        cluster_cut(&c, a, 3, false);
    }
    cluster_run(&c, 60500);
    cluster_agree(&c, 1);
    GOLDEN("[    0] n0 enter v1 by start, leader n2",
           "[    0] n1 enter v1 by start, leader n2",
           "[    0] n2 enter v1 by start, leader n2",
           "[    0] n3 enter v1 by start, leader n2",
           "[    0] operation 1",
           "[    0] n2 N v1 h1 9086560d",
           "[    2] n3 N v1 h1 9086560d",
           "[  200] n0 time-out v1",
           "[  200] n0 X v1",
           "[  200] n1 time-out v1",
           "[  200] n1 X v1",
           "[  300] n3 time-out v1",
           "[  300] n3 X v1",
           "[  300] n2 time-out v1",
           "[  300] n2 X v1",
           "[60000] joined",
           "[60003] n0 XC v1",
           "[60003] n0 enter v2 by XC, leader n3",
           "[60003] n1 XC v1",
           "[60003] n1 enter v2 by XC, leader n3",
           "[60004] n2 XC v1",
           "[60004] n2 enter v2 by XC, leader n3",
           "[60004] n3 XC v1",
           "[60004] n3 enter v2 by XC, leader n3",
           "[60004] n3 N v2 h1 4e8e0e19",
           "[60006] n0 N v2 h1 4e8e0e19",
           "[60006] n1 N v2 h1 4e8e0e19",
           "[60006] n2 N v2 h1 4e8e0e19",
           "[60008] n1 NC v2 h1 4e8e0e19",
           "[60008] n1 enter v3 by NC, leader n0",
           "[60008] n1 F v2 h1 4e8e0e19",
           "[60008] n2 NC v2 h1 4e8e0e19",
           "[60008] n2 enter v3 by NC, leader n0",
           "[60008] n2 F v2 h1 4e8e0e19",
           "[60008] n0 NC v2 h1 4e8e0e19",
           "[60008] n0 enter v3 by NC, leader n0",
           "[60008] n0 F v2 h1 4e8e0e19",
           "[60008] n3 NC v2 h1 4e8e0e19",
           "[60008] n3 enter v3 by NC, leader n0",
           "[60008] n3 F v2 h1 4e8e0e19",
           "[60010] n0 FC v2 h1 4e8e0e19",
           "[60010] n0 final v2 h1 4e8e0e19",
           "[60010] n3 FC v2 h1 4e8e0e19",
           "[60010] n3 final v2 h1 4e8e0e19",
           "[60010] n1 FC v2 h1 4e8e0e19",
           "[60010] n1 final v2 h1 4e8e0e19",
           "[60010] n2 FC v2 h1 4e8e0e19",
           "[60010] n2 final v2 h1 4e8e0e19");
}

/* All lose power when the certificate is on disk and the block is not: README decision 2. */
static void a_notarized_block_that_a_power_cut_lost_is_given_up(void **state)
{
    (void)state;
    c.put_ms = 50;
    cluster_submit(&c, 255);
    cluster_run(&c, 6);
    for (uint8_t i = 0; i < 4; i++) {
        assert_int_equal(c.nodes[i].block_count, 1);
        cluster_crash(&c, i);
        assert_int_equal(c.nodes[i].block_count, 0);
    }
    cluster_run(&c, 50);
    for (uint8_t i = 0; i < 4; i++) {
        cluster_boot(&c, i);
        assert_true(c.nodes[i].cert_count > 0);
    }
    for (uint8_t i = 0; i < 4; i++) {
        introduce(i);
    }
    cluster_run(&c, 4000);
    cluster_agree(&c, 1);
    GOLDEN("[    0] n0 enter v1 by start, leader n2",
           "[    0] n1 enter v1 by start, leader n2",
           "[    0] n2 enter v1 by start, leader n2",
           "[    0] n3 enter v1 by start, leader n2",
           "[    0] operation 1",
           "[    0] n2 N v1 h1 9086560d",
           "[    2] n0 N v1 h1 9086560d",
           "[    2] n1 N v1 h1 9086560d",
           "[    2] n3 N v1 h1 9086560d",
           "[    4] n1 NC v1 h1 9086560d",
           "[    4] n1 enter v2 by NC, leader n3",
           "[    4] n1 F v1 h1 9086560d",
           "[    4] n3 NC v1 h1 9086560d",
           "[    4] n3 enter v2 by NC, leader n3",
           "[    4] n3 F v1 h1 9086560d",
           "[    4] n0 NC v1 h1 9086560d",
           "[    4] n0 enter v2 by NC, leader n3",
           "[    4] n0 F v1 h1 9086560d",
           "[    4] n2 NC v1 h1 9086560d",
           "[    4] n2 enter v2 by NC, leader n3",
           "[    4] n2 F v1 h1 9086560d",
           "[    6] n0 crashes",
           "[    6] n1 crashes",
           "[    6] n2 crashes",
           "[    6] n3 crashes",
           "[   50] n0 enter v2 by NC, leader n3",
           "[   50] n1 enter v2 by NC, leader n3",
           "[   50] n2 enter v2 by NC, leader n3",
           "[   50] n3 enter v2 by NC, leader n3",
           "[  250] n0 time-out v2",
           "[  250] n0 X v2",
           "[  250] n1 time-out v2",
           "[  250] n1 X v2",
           "[  250] n2 time-out v2",
           "[  250] n2 X v2",
           "[  250] n3 time-out v2",
           "[  250] n3 X v2",
           "[  252] n2 XC v2",
           "[  252] n2 enter v3 by XC, leader n0",
           "[  252] n3 XC v2",
           "[  252] n3 enter v3 by XC, leader n0",
           "[  252] n0 XC v2",
           "[  252] n0 enter v3 by XC, leader n0",
           "[  252] n1 XC v2",
           "[  252] n1 enter v3 by XC, leader n0",
           "[  452] n0 time-out v3",
           "[  452] n0 X v3",
           "[  452] n1 time-out v3",
           "[  452] n1 X v3",
           "[  452] n2 time-out v3",
           "[  452] n2 X v3",
           "[  452] n3 time-out v3",
           "[  452] n3 X v3",
           "[  454] n2 XC v3",
           "[  454] n2 enter v4 by XC, leader n1",
           "[  454] n3 XC v3",
           "[  454] n3 enter v4 by XC, leader n1",
           "[  454] n0 XC v3",
           "[  454] n0 enter v4 by XC, leader n1",
           "[  454] n1 XC v3",
           "[  454] n1 enter v4 by XC, leader n1",
           "[  704] n1 time-out v4",
           "[  704] n1 X v4",
           "[  704] n1 X v1",
           "[  704] n2 time-out v4",
           "[  704] n2 X v4",
           "[  704] n2 X v1",
           "[  704] n3 time-out v4",
           "[  704] n3 X v4",
           "[  704] n3 X v1",
           "[  704] n0 time-out v4",
           "[  704] n0 X v4",
           "[  704] n0 X v1",
           "[  706] n0 XC v4",
           "[  706] n0 enter v5 by XC, leader n2",
           "[  706] n3 XC v4",
           "[  706] n3 enter v5 by XC, leader n2",
           "[  706] n0 XC v1",
           "[  706] n3 XC v1",
           "[  706] n1 XC v4",
           "[  706] n1 enter v5 by XC, leader n2",
           "[  706] n2 XC v4",
           "[  706] n2 enter v5 by XC, leader n2",
           "[  706] n1 XC v1",
           "[  706] n2 XC v1",
           "[  706] n2 N v5 h1 43d28c43",
           "[  708] n0 N v5 h1 43d28c43",
           "[  708] n1 N v5 h1 43d28c43",
           "[  708] n3 N v5 h1 43d28c43",
           "[  710] n1 NC v5 h1 43d28c43",
           "[  710] n1 enter v6 by NC, leader n3",
           "[  710] n1 F v5 h1 43d28c43",
           "[  710] n3 NC v5 h1 43d28c43",
           "[  710] n3 enter v6 by NC, leader n3",
           "[  710] n3 F v5 h1 43d28c43",
           "[  710] n0 NC v5 h1 43d28c43",
           "[  710] n0 enter v6 by NC, leader n3",
           "[  710] n0 F v5 h1 43d28c43",
           "[  710] n2 NC v5 h1 43d28c43",
           "[  710] n2 enter v6 by NC, leader n3",
           "[  710] n2 F v5 h1 43d28c43",
           "[  761] n0 FC v5 h1 43d28c43",
           "[  761] n0 final v5 h1 43d28c43",
           "[  761] n2 FC v5 h1 43d28c43",
           "[  761] n2 final v5 h1 43d28c43",
           "[  761] n1 FC v5 h1 43d28c43",
           "[  761] n1 final v5 h1 43d28c43",
           "[  761] n3 FC v5 h1 43d28c43",
           "[  761] n3 final v5 h1 43d28c43");
}

#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_operation_becomes_final_in_three_hops_and_two_syncs),
        T(a_dead_leader_costs_one_time_out_then_one_hop_a_turn),
        T(members_that_hold_different_certificates_go_on_together),
        T(a_leader_with_two_blocks_is_named_and_costs_nothing_else),
        T(a_restarted_member_votes_what_its_file_says),
        T(a_member_that_was_down_catches_up),
        T(two_halves_wait_and_go_on_when_joined),
        T(a_notarized_block_that_a_power_cut_lost_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
