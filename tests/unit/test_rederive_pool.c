/* zyd-audit's second look at risk-compensation pools (node/bin/zyd-audit/rederive_pool*.c).
 *
 * Goal: an honest pool has no finding, from its founding to its winding up, with queues, recoveries, demand-backs, disputes
 * and reversals; each fault that a dishonest host would book is found and named to the fen.
 * Method: as test_rederive.c: tests/scenarios/pool_findings.scn as an exported chain, honest, and under contract images that
 * lack one check or are a fen wrong (tests/faults/pool_*.fault).  test_rederive.c runs the other scenarios.
 */
#include "tests/unit/rederive_rig.h"

static const char path[] = ZYD_SOURCE_DIR "/tests/scenarios/pool_findings.scn";

static void an_honest_pool_has_no_findings(void **state)
{
    (void)state;
    audit_scenario(path, ZYD_PLUGIN_DIR, true);
    audit_findings_text(stdout, &result, &bundle);
    assert_int_equal(result.exit, 0);
    assert_int_equal(result.findings.total, 0);
    print_message("%llu amounts compared\n", (unsigned long long)result.rederived);
    assert_true(result.rederived > 130);
    audit_bundle_close(&bundle);
}

static const struct fault faults[] = {
    /* of compensation */
    {"pool_round_up", "pool_share", "A1", "BANK", 500001, 500000},
    {"pool_claim_cap", "pool_over_cap", "A3", "BANK", 700000, 600000},
    {"pool_borrower_cap", "pool_over_cap", "A2", "BANK", 600000, 500000},
    {"pool_year_cap", "pool_over_cap", "D4", "BANK", 30000, 10000},
    {"pool_stacking", "pool_over_cap", "T1", "BANK", 560000, 520000},
    {"pool_disputed", "pool_share", "F1", "BANK", 5000, 4000},
    {"pool_paid_twice", "pool_paid_twice", "A1", "BANK", 300000, 0},
    {"pool_other_pool", "pool_paid_twice", "O1", "BANK", -1, -1},
    {"pool_no_trigger", "pool_not_eligible", "O3", "BANK", -1, -1},
    {"pool_covered", "pool_not_eligible", "O4", "BANK", -1, -1},
    {"pool_not_listed", "pool_not_eligible", "O2", "BANK", -1, -1},
    {"pool_over_leverage", "pool_not_eligible", "O5", "BANK", 1000001, 900000},
    /* of layers and the queue */
    {"pool_layer_order", "pool_layer", "A1", "POOL", 0, 100000},
    {"pool_level_shares", "pool_layer", "A1", "POOL", 200000, 240000},
    {"pool_queue_order", "pool_queue", "D3", "POOL", 3333, 0},
    {"pool_queue_passed", "pool_queue", "A1", "POOL", 0, 45001},
    {"pool_queue_share", "pool_share", "D1", "POOL", 3334, 3333},
    /* of what comes back */
    {"pool_recovery_weights", "pool_recovery", "A3", "POOL", 35000, 30000},
    {"pool_recovery_cost", "pool_recovery", "A3", "BANK", 40571, 40000},
    {"pool_refund_order", "pool_refund", "A1", "POOL", 9000, 0},
    {"pool_demand_floor", "pool_demand_back", "A1", "BANK", 50001, 50002},
    {"pool_returned", "pool_wind_up", "PF", "COUNTY", 8826, 7300},
    {"pool_caps_given", "pool_over_cap", "A4", "BANK", 100000, 0},
    /* of the pool */
    {"pool_wrong_account", "unexplained", "A1", "BANK", 500000, 0},
    {"pool_unexplained", "unexplained", "F1", "POOL", 7, 0},
    {"pool_memo_up", "pool_memo", "A1", "POOL", 500001, 500000},
    {"pool_no_stop", "pool_breaker", "L2", "POOL", -1, -1},
    {"pool_unconfirmed", "pool_funding", "FO", "POOL", 100000, 90000},
    {"pool_open_claims", "pool_wind_up", "PL", "POOL", -1, -1},
};

static void every_fault_is_found_and_named(void **state)
{
    (void)state;
    faults_are_found(path, faults, sizeof faults / sizeof *faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_pool_has_no_findings),
        cmocka_unit_test(every_fault_is_found_and_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
