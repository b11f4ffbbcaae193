/* Goal: the simulated consortium finds nothing wrong with the program as it is, really has faults in it, and is repeatable.
 * Method: a few seeds through zyd_sim_run, a healthy run, and one seed twice.  That its checkers can fail at all is shown by
 * net-sim/mutants, which takes minutes and is not part of this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <zyd/sim.h>
#include <cmocka.h>

static struct zyd_span plugin;

static int read_plugin(void **state)
{
    (void)state;
    static uint8_t image[512u << 10];
    FILE *f = fopen(ZYD_PLUGIN_DIR "/guarantee.elf", "rb");
    if (f == NULL) {
        return -1;
    }
    plugin = zyd_span(image, fread(image, 1, sizeof image, f));
    fclose(f);
    return plugin.size == 0;
}

static void run(struct zyd_sim_result *r, uint64_t seed, bool faults)
{
    struct zyd_sim_options o = {.seed = seed, .faults = faults, .plugin = plugin};
    assert_int_equal(zyd_sim_run(r, &o), ZYD_OK);
    if (r->verdict != ZYD_SIM_PASS) {
        print_message("zyd-sim --seed %llu%s: %s\n", (unsigned long long)seed, faults ? "" : " --no-faults", r->why);
    }
    assert_int_equal(r->verdict, ZYD_SIM_PASS);
    assert_true(r->blocks > 0 && r->operations > 0);
}

static void storms_of_faults_and_liars_break_nothing(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {1, 2, 3, 4, 1040, 9002}; /* the last two: members that could not catch up once */
    struct zyd_sim_result r;
    uint64_t crashes = 0, lost = 0, partitions = 0, lies = 0;
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        run(&r, seeds[i], true);
        crashes += r.crashes;
        lost += r.lost;
        partitions += r.partitions;
        lies += r.byzantine_acts;
    }
    assert_true(crashes > 0 && lost > 0 && partitions > 0 && lies > 0);
}

static void a_healthy_network_has_no_faults_in_it(void **state)
{
    (void)state;
    struct zyd_sim_result r;
    run(&r, 7, false);
    assert_int_equal(r.crashes + r.lost + r.partitions + r.byzantine_acts, 0);
}

static void one_seed_gives_one_trace_and_another_seed_another(void **state)
{
    (void)state;
    struct zyd_sim_result a, b, c;
    run(&a, 5, true);
    run(&b, 5, true);
    run(&c, 6, true);
    assert_memory_equal(&a.trace_hash, &b.trace_hash, sizeof a.trace_hash);
    assert_memory_not_equal(&a.trace_hash, &c.trace_hash, sizeof a.trace_hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storms_of_faults_and_liars_break_nothing),
        cmocka_unit_test(a_healthy_network_has_no_faults_in_it),
        cmocka_unit_test(one_seed_gives_one_trace_and_another_seed_another),
    };
    return cmocka_run_group_tests(tests, read_plugin, NULL);
}
