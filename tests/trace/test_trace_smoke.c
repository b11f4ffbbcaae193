/* Goal: the machine reaches finality.  Method: a cluster of fake owners in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/trace/cluster.c"

static void four_members_commit(void **state)
{
    (void)state;
    static struct cluster c;
    cluster_start(&c, 4);
    cluster_run(&c, 10);
    cluster_submit(&c, 255);
    cluster_run(&c, 400);
    cluster_agree(&c, 1);
    for (int i = 0; i < 50; i++) {
        cluster_submit(&c, (uint8_t)(i % 4));
        cluster_run(&c, c.now + 7 * i);
        if (i % 10 == 4) {
            cluster_crash(&c, (uint8_t)(i / 10 % 4));
        }
        if (i % 10 == 8) {
            cluster_boot(&c, (uint8_t)(i / 10 % 4));
            for (uint8_t p = 0; p < 4; p++) {
                if (p != i / 10 % 4) {
                    cluster_peer(&c, (uint8_t)(i / 10 % 4), p, true);
                    cluster_peer(&c, p, (uint8_t)(i / 10 % 4), true);
                }
            }
        }
    }
    cluster_submit(&c, 255);
    cluster_run(&c, c.now + 3000);
    printf("steps %llu height %llu\n", (unsigned long long)c.steps, (unsigned long long)cluster_height(&c, 0));
    cluster_agree(&c, 20);
    cluster_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(four_members_commit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
