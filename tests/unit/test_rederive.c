/* zyd-audit's second look at the business (node/bin/zyd-audit/rederive_*.c).
 *
 * Goal: an honest ledger has no finding; each fault that a dishonest host would book, under right signatures and hashes, is found
 * and named to the fen.
 * Method: every scenario becomes a real chain (tests/lib/scenario_chain.h), is exported and verified as `zyd-audit verify` does. The
 * same for tests/scenarios/audit_findings.scn under contract images that lack one check each (build/plugins/faults, CMakeLists.txt), and
 * for tests/faults/drawdown_twice.scn, where a bank goes around the contract's own check.
 */
#include "tests/unit/rederive_rig.h"
#include <dirent.h>

static void honest_scenarios_have_no_findings(void **state)
{
    char path[600];
    struct dirent **list;
    uint64_t compared = 0;
    (void)state;
    int n = scandir(ZYD_SOURCE_DIR "/tests/scenarios", &list, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        size_t size = strlen(list[i]->d_name);
        if (size > 4 && strcmp(list[i]->d_name + size - 4, ".scn") == 0) {
            snprintf(path, sizeof path, ZYD_SOURCE_DIR "/tests/scenarios/%s", list[i]->d_name);
            audit_scenario(path, ZYD_PLUGIN_DIR, true);
            if (result.findings.total > 0) {
                audit_findings_text(stdout, &result, &bundle);
            }
            if (result.exit != 0) {
                fail_msg("%s: exit %d, %s%s", list[i]->d_name, result.exit, result.could_not, result.fault.rule);
            }
            assert_int_equal(result.findings.total, 0);
            if (result.blocks > 0) {
                audit_bundle_close(&bundle);
            }
            compared += result.rederived;
        }
        free(list[i]);
    }
    free(list);
    print_message("%llu amounts compared\n", (unsigned long long)compared);
    assert_true(compared > 200);
}

/* ---- faults that were booked ---- */

static const struct fault faults[] = {
    {"duplicate_loan", "duplicate_loan", "S1B", "BANK", -1, -1},
    {"second_fingerprint", "duplicate_loan", "S7B", "BANK", -1, -1},
    {"household_full", "household_cap", "S3", "BANK", -1, -1},
    {"household_cap", "household_cap", "S2", "CFIN", 54750, 18250},
    {"duplicate_purpose", "duplicate_purpose", "S4", "BANK", -1, -1},
    {"related_borrower", "related_borrower", "S5", "BANK", -1, -1},
    {"after_close", "after_close", "S5", "CFIN", 36500, 0},
    {"outside_term", "outside_term", "S1", "CFIN", 90999, 0},
    {"over_interest", "over_interest", "S6", "CITY", 32444, 10555},
    {"certified_interest", "over_interest", "S1", "BANK", 324445, 324444},
    {"one_fen_payer", "subsidy_amount", "S1", "PFIN", 8112, 8111},
    {"one_fen_subsidy", "subsidy_amount", "S1", "CFIN", 73001, 73000},
    {"clawback_amount", "clawback_amount", "S1", "BANK", 74073, 74074},
    {"share_shifted", "bank_share_shifted", "L1", "BANK", -1, -1},
    {"bank_share", "bank_share", "L1", "GUAR", 8500002, 8000002},
    {"paid_twice", "paid_twice", "L1", "GUAR", 8000002, 0},
    {"over_cap", "over_cap", "L2", "GUAR", 800000, 657534},
    {"one_fen_share", "share_amount", "L1", "NFGF", 2000000, 2000001},
    {"fee_basis", "fee_amount", "L3", "GUAR", 93964, 92677},
    {"one_leg", "obligation_amount", "L3", "REG", 11121, 11122},
    {"interest_floor", "interest_amount", "L3", "BANK", 134567, 134568},
    {"recovery_weights", "recovery_amount", "L1", "NFGF", 20001, 20000},
};

static void every_fault_is_found_and_named(void **state)
{
    (void)state;
    faults_are_found(ZYD_SOURCE_DIR "/tests/scenarios/audit_findings.scn", faults, sizeof faults / sizeof *faults);
}

/* 1. A drawdown is enrolled, closed unpaid, enrolled again, and enrolled by another level: all of it is right.  2. It is
 * enrolled once more under a loan fingerprint that is new, closed, and enrolled under yet another, by a contract that lacks the
 * check of drawdowns.
 * 3. These two are found, and named. */
static void one_drawdown_under_two_fingerprints_is_found(void **state)
{
    static const struct fault want[2] = {{NULL, "duplicate_loan", "S4", "BANK", -1, -1},
                                         {NULL, "duplicate_loan", "S5", "BANK", -1, -1}};
    (void)state;
    audit_scenario(ZYD_SOURCE_DIR "/tests/faults/drawdown_twice.scn", ZYD_PLUGIN_DIR "/faults/second_fingerprint", true);
    assert_int_equal(result.exit, EXIT_BAD_LEDGER);
    assert_int_equal(result.findings.total, 2);
    assert_true(is_finding(&result.findings.rows[0], &want[0]));
    assert_true(is_finding(&result.findings.rows[1], &want[1]));
    audit_findings_free(&result.findings);
    audit_bundle_close(&bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_scenarios_have_no_findings),
        cmocka_unit_test(every_fault_is_found_and_named),
        cmocka_unit_test(one_drawdown_under_two_fingerprints_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
