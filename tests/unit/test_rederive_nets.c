/* zyd-audit's second look at settlement cycles and vouchers (node/bin/zyd-audit/rederive_cycle.c, rederive_voucher.c).
 *
 * Goal: cycles and vouchers of an honest ledger have no finding; a net position that is a fen off, an obligation that is left
 * out or counted twice, a payment that the rule does not give, a part that loses a fen, a discount of a day too many, recourse
 * taken twice ... are each found, named, and told to the fen.
 * Method: tests/faults/nets_cycle.scn and nets_voucher.scn under the contracts as they are, and under images with one fault
 * each.  The files attempt what only a faulty contract accepts, and tell the banks' notices of what it would instruct.
 */
#include "tests/unit/rederive_rig.h"

#define CYCLE ZYD_SOURCE_DIR "/tests/faults/nets_cycle.scn"
#define VOUCHER ZYD_SOURCE_DIR "/tests/faults/nets_voucher.scn"

static const struct fault cycles[] = { /* named by their number */
    {"net_fen", "cycle_statement", "1", "BANKA", -1, -1},
    {"net_fen", "instruction_amount", "1", "GUAR", 3001, 3000},
    {"net_fen", "net_position", "1", "GUAR", 3001, 3000},
    {"net_fen", "net_position", "1", "REG", 1999, 2000},
    {"counted_twice", "net_position", "1", "BANKB", 4000, 2000},
    {"cut_left_out", "obligation_left_out", "1", "BANKB", 0, 2000},
    {"cut_as_gross", "obligation_left_out", "1", "BANKB", 0, 2000},
    {"asked_gross", "gross_net", "OLD4", "BANKB", 2000, 0},
    {"smallest_first", "instruction_amount", "1", "GUAR", 2000, 3000},
    {"unconfirmed", "cycle_step", "2", NULL, -1, -1},
    {"one_notice", "cycle_step", "1", NULL, -1, -1},
    {"failed_stays", "instruction_amount", "3", "BANKA", 500, 300},
    {"failed_stays", "obligation_not_in_cut", "3", "REG", 800, 0},
    {"cash_fen", "instruction_amount", "1", "BANKA", 2999, 3000},
};
static const struct fault vouchers[] = {
    {"split_short", "voucher_amount", "V1", "S1", 9999, 10000},
    {"split_fen", "voucher_amount", "V1", "CORE", 2999, 3000},
    {"spent_twice", "voucher_spent", "V1", "S1", 10000, 0},
    {"discount_days", "discount_amount", "V2/0", "S2", 51, 50},
    {"registration_again", "registration_used", "V1/3", "S1", 4000, 0},
    {"double_recourse", "recourse_amount", "V2/0", "S1", 3000, 0},
    {"recourse_again", "recourse_amount", "V2/0", "S1", 0, 3000},
    {"pass_on_short", "recourse_amount", "V2/0", "S1", 0, 3000},
    {"prepay_full", "voucher_amount", "V1/2", "CORE", 1000, 990},
    {"invoice_twice", "invoice_used", "TWICE", "S1", 1000, 0},
    {"over_line", "over_line", "LARGE", "S1", 10001, 10000},
};

static void as_they_are_they_have_no_finding(void **state)
{
    static const char *const files[] = {CYCLE, VOUCHER};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        audit_scenario(files[i], ZYD_PLUGIN_DIR, false);
        if (result.findings.total > 0 || result.exit != 0) {
            audit_findings_text(stdout, &result, &bundle);
            fail_msg("%s: exit %d, %s%s", files[i], result.exit, result.could_not, result.fault.rule);
        }
        print_message("%llu amounts compared\n", (unsigned long long)result.rederived);
        assert_true(result.rederived > 40); /* its cycles settle; its chain of recourse is paid to the end */
        audit_findings_free(&result.findings);
        audit_bundle_close(&bundle);
    }
}

#define MANY 150u

static void openings(FILE *f, const char *debtor, unsigned from)
{
    for (unsigned i = from; i <= MANY; i += 2) {
        fprintf(f, "do OPENING O%u by %s,BANKA debtor=%s creditor=BANKA amount=%u.00 ", i, debtor, debtor, i);
        fputs("debit=5011 credit=4021\n", f);
    }
}

static void confirmed(FILE *f, unsigned cycle, unsigned round, const char *member)
{
    fprintf(f, "do CONFIRM C%u%u%s by %s cycle=@NETTING#%u statement=@NETTING#%u/%s\n", cycle, round, member, member, cycle,
            cycle, member);
}

static void paid(FILE *f, unsigned cycle, unsigned amount)
{
    for (unsigned side = 0; side < 2; side++) {
        fprintf(f, "do NOTICE N%u%u by BANKA cycle=@NETTING#%u side=%s ", cycle, side, cycle, side == 0 ? "DEBIT" : "CREDIT");
        fprintf(f, "end_to_end=@NETTING#%u/1 amount=%u.00 account=X ", cycle, amount);
        fprintf(f, "bank_ref=B%u value_date=2025-12-0%u\n", cycle, cycle);
    }
}

/* Three slices of 64 each: of 150 obligations those of REG leave, since it is silent; it then fails to pay, and pays on the
 * third day; a small one waits below min_amount until that day's makes up for it. */
static void write_many(FILE *f)
{
    fputs("scenario MANY \"150 obligations\"\nmember BANKA bank\nmember GUAR guar\nmember REG reg\n"
          "programme NETTING cycle\nsettlement NETTING\nparam min_amount 2.00\n"
          "param accounts \"BANKA BANKA X; GUAR BANKA X; REG BANKA X\"\ndate 2025-12-01\ndo START CLOCK by BANKA\n", f);
    openings(f, "GUAR", 1); /* 1, 3 ... 149: 5,625.00, of which 1.00 waits */
    openings(f, "REG", 2);  /* 2, 4 ... 150: 5,700.00 */
    fputs("date 2025-12-01 16:00\n", f);
    confirmed(f, 1, 0, "BANKA");
    confirmed(f, 1, 0, "GUAR");
    fputs("date 2025-12-01 16:30\n", f);
    confirmed(f, 1, 1, "BANKA");
    confirmed(f, 1, 1, "GUAR");
    paid(f, 1, 5624);
    fputs("date 2025-12-02 16:00\n", f);
    confirmed(f, 2, 0, "BANKA");
    confirmed(f, 2, 0, "REG");
    fputs("date 2025-12-03\ndo OPENING SMALL by REG,BANKA debtor=REG creditor=BANKA amount=1.50 debit=5011 credit=4021\n"
          "date 2025-12-03 16:00\n", f);
    confirmed(f, 3, 0, "BANKA");
    confirmed(f, 3, 0, "REG");
    paid(f, 3, 5700);
    fputs("expect cycle NETTING 3 CLOSED\ndate 2025-12-04 16:00\nexpect cycle NETTING 4 COMPUTED\n", f);
}

static void slices_of_a_cycle_are_followed(void **state)
{
    char name[] = "/tmp/zyd-nets-XXXXXX";
    (void)state;
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    write_many(f);
    assert_int_equal(fclose(f), 0);
    audit_scenario(name, ZYD_PLUGIN_DIR, false);
    unlink(name);
    audit_findings_text(stdout, &result, &bundle);
    assert_int_equal(result.exit, 0);
    assert_true(result.rederived > 600); /* 302 rows of openings; 298 legs of cycles 1 and 3; payments, confirmations */
    audit_findings_free(&result.findings);
    audit_bundle_close(&bundle);
}

static void faults_of_cycles_are_found_and_named(void **state)
{
    (void)state;
    faults_are_found(CYCLE, cycles, sizeof cycles / sizeof *cycles);
}

static void faults_of_vouchers_are_found_and_named(void **state)
{
    (void)state;
    faults_are_found(VOUCHER, vouchers, sizeof vouchers / sizeof *vouchers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_they_are_they_have_no_finding),
        cmocka_unit_test(slices_of_a_cycle_are_followed),
        cmocka_unit_test(faults_of_cycles_are_found_and_named),
        cmocka_unit_test(faults_of_vouchers_are_found_and_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
