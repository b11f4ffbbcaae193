/* Goal: no honest ledger has an audit finding, whatever random histories did on it.
 * Method: ledger_driver.c with the auditor's second look (node/bin/zyd-audit/rederive_*.c) watching every outcome of every
 * ledger; linked with --wrap in place of the fixture's start and free.  At the first finding it is told on stderr and the
 * process ends, so that run_random.py fails:  tests/model/run_random.py --product subsidy --histories 2000 --driver
 * build/ledger_audit */
#include "node/bin/zyd-audit/rederive.h"
#include "tests/lib/ledger_fixture.h"
#include <stdio.h>
#include <stdlib.h>

static struct {
    struct audit_pass *pass;
    struct re *re;
} audit;

static void watch(void *ctx, struct zyd_fixture *f, const struct zyd_op *op, uint64_t log_index, uint32_t n)
{
    struct audit_step at = {.height = f->height, .log_index = log_index, .number = n, .time_ms = f->time_ms, .o = &f->outcome};
    (void)ctx;
    audit_pass_step(audit.pass, &at, op, f->state);
    for (size_t i = 0; i < audit.re->findings.count; i++) {
        const struct audit_finding *one = &audit.re->findings.rows[i];
        fprintf(stderr,
                "finding %s: contract %u event %u deadline %u programme %u member %u ref %s period %d..%d booked %lld "
                "right %lld: %s\n",
                one->kind->name, one->contract, one->event, one->deadline, one->programme, one->member, one->ref, one->from,
                one->to, (long long)one->booked, (long long)one->right, one->detail);
    }
    if (audit.re->findings.count > 0) {
        exit(1);
    }
}

void __real_zyd_fixture_start(struct zyd_fixture *f);
void __wrap_zyd_fixture_start(struct zyd_fixture *f);
void __wrap_zyd_fixture_start(struct zyd_fixture *f)
{
    __real_zyd_fixture_start(f);
    audit.pass = audit_pass_new(&f->c.g);
    audit.re = re_open(&f->c.g, audit.pass);
    f->watch = watch;
}

void __real_zyd_fixture_free(struct zyd_fixture *f);
void __wrap_zyd_fixture_free(struct zyd_fixture *f);
void __wrap_zyd_fixture_free(struct zyd_fixture *f)
{
    re_close(audit.re);
    audit_pass_free(audit.pass);
    audit.re = NULL;
    audit.pass = NULL;
    __real_zyd_fixture_free(f);
}
