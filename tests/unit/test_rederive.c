/* zyd-audit's second look at the business (node/bin/zyd-audit/rederive_*.c).
 *
 * Goal: an honest ledger has no finding; each fault that a dishonest host would book, under right signatures and hashes, is found
 * and named to the fen.
 * Method: every scenario becomes a real chain (tests/lib/scenario_chain.h), is exported and verified as `zyd-audit verify` does. The
 * same for tests/scenarios/audit_findings.scn under contract images that lack one check each (build/plugins/faults, CMakeLists.txt).
 */
#include "node/bin/zyd-audit/audit.h"
#include "tests/lib/scenario_chain.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static struct audit_result result;
static struct audit_bundle bundle;

static void line(void *ctx, unsigned number, bool ok, const char *text)
{
    if (!ok && ctx != NULL) {
        print_message("%s:%u: %s\n", (const char *)ctx, number, text);
    }
}

/* Runs a scenario under the plugins of a folder, exports it and verifies the bundle into result.  honest: every expectation of the
 * file must hold. */
static void audit_scenario(const char *path, const char *plugins, bool honest)
{
    char why[ZYD_SCENARIO_WHY], dir[] = "/tmp/zyd-rederive-XXXXXX", name[64], command[80];
    struct zyd_scenario *s;
    struct zyd_scenario_report report = {.ctx = honest ? (void *)(uintptr_t)path : NULL, .line = line};
    struct zyd_chain *c = zyd_chain_new(plugins);
    struct zyd_scenario_backend b = zyd_chain_backend(c);
    assert_int_equal(zyd_scenario_open(&s, why, path), ZYD_OK);
    enum zyd_status st = zyd_scenario_arithmetic(s) ? ZYD_E_NOT_FOUND : zyd_scenario_run(&report, why, s, &b);
    memset(&result, 0, sizeof result);
    if (st != ZYD_E_NOT_FOUND) {
        if (honest && st != ZYD_OK) {
            fail_msg("%s: %s", path, why);
        }
        assert_non_null(mkdtemp(dir));
        snprintf(name, sizeof name, "%s/b", dir);
        zyd_chain_write(c, name);
        audit_verify(&result, &bundle, name, &zyd_chain_genesis(c)->hash, &(struct audit_options){.jobs = 1});
        if (result.findings.total > 0 && honest) {
            audit_findings_text(stdout, &result, &bundle);
        }
        audit_bundle_close(&bundle);
        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        assert_int_equal(system(command), 0);
    }
    zyd_scenario_free(s);
    zyd_chain_free(c);
}

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
            if (result.exit != 0 && !(result.exit == EXIT_BAD_LEDGER && result.fault.row == ROW_INVARIANTS)) {
                fail_msg("%s: exit %d, %s%s", list[i]->d_name, result.exit, result.could_not, result.fault.rule);
            }
            assert_int_equal(result.findings.total, 0);
            compared += result.rederived;
        }
        free(list[i]);
    }
    free(list);
    print_message("%llu amounts compared\n", (unsigned long long)compared);
    assert_true(compared > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_scenarios_have_no_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
