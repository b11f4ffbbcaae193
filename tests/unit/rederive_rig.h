/* tests/unit/rederive_rig.h: zyd-audit's second look at scenarios, under honest contracts and under ones with faults in them
 * (build/plugins/faults), for test_rederive*.c. */
#ifndef ZYD_TESTS_REDERIVE_RIG_H
#define ZYD_TESTS_REDERIVE_RIG_H

#include "node/bin/zyd-audit/audit.h"
#include "tests/lib/scenario_chain.h"
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

/* Runs a scenario under the plugins of a folder, exports it and verifies the bundle into result.  honest: every expectation
 * of the file must hold. */
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
        snprintf(command, sizeof command, "rm -rf '%s'", dir);
        assert_int_equal(system(command), 0);
    }
    zyd_scenario_free(s);
    zyd_chain_free(c);
}

/* ---- faults that were booked ---- */

struct fault {
    const char *name;    /* folder of build/plugins/faults */
    const char *finding; /* that must be among what is found */
    const char *ref, *member; /* member NULL: of none */
    int64_t booked, right; /* -1, -1: no amounts */
};
static bool is_finding(const struct audit_finding *f, const struct fault *want)
{
    const char *ref = strchr(f->ref, '/'); /* behind the scenario's name */
    int member = f->has_member ? f->member : -1;
    struct zyd_span none = zyd_span("", 0), code = member < 0 ? none : bundle.genesis.members[member].code;
    struct zyd_span right = want->member == NULL ? none : zyd_span(want->member, strlen(want->member));
    if (strcmp(f->kind->name, want->finding) != 0 || ref == NULL || strcmp(ref + 1, want->ref) != 0 ||
        code.size != right.size || memcmp(code.data, right.data, code.size) != 0) {
        return false;
    }
    return f->has_amounts == (want->booked >= 0) &&
           (want->booked < 0 || (f->booked == want->booked && f->right == want->right));
}

/* Under each fault the scenario is signed and executed consistently, and the finding is among what is found. */
static void faults_are_found(const char *path, const struct fault *faults, size_t count)
{
    unsigned missing = 0;
    for (size_t i = 0; i < count; i++) {
        char plugins[300];
        bool found = false;
        snprintf(plugins, sizeof plugins, ZYD_PLUGIN_DIR "/faults/%s", faults[i].name);
        audit_scenario(path, plugins, false);
        for (size_t k = 0; k < result.findings.count; k++) {
            found = found || is_finding(&result.findings.rows[k], &faults[i]);
        }
        if (!found) {
            print_message("%s: not found; exit %d %s%s\n", faults[i].name, result.exit, result.could_not, result.fault.rule);
            audit_findings_text(stdout, &result, &bundle);
            missing++;
        }
        assert_int_equal(result.exit, EXIT_BAD_LEDGER);
        audit_findings_free(&result.findings);
        audit_bundle_close(&bundle);
    }
    assert_int_equal(missing, 0);
}

#endif
