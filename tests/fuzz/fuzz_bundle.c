/* SHA256SUMS and manifest.json of a bundle: any text is a table with plain names, or refused with a reason. */
#include "node/bin/zyd-audit/audit.h"

static void check_name(const char *name)
{
    size_t slashes = 0, n = strlen(name);
    zyd_assert(n > 0 && n <= AUDIT_NAME_MAX && name[0] != '/' && name[0] != '.' && strstr(name, "/.") == NULL);
    for (size_t i = 0; i < n; i++) {
        slashes += name[i] == '/';
    }
    zyd_assert(slashes <= 1 && name[n - 1] != '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit_sums s;
    struct audit_manifest m;
    const char *rule = NULL;
    char why[320] = "";
    size_t line;
    int rc = audit_sums_read(&s, &rule, &line, zyd_span(data, size));
    zyd_assert(rc == 0 ? s.count > 0 : rc == EXIT_COULD_NOT && rule[0] != '\0');
    for (size_t i = 0; rc == 0 && i < s.count; i++) {
        check_name(s.rows[i].name);
        zyd_assert(i == 0 || strcmp(s.rows[i - 1].name, s.rows[i].name) < 0);
    }
    audit_sums_free(&s);
    rc = audit_manifest_read(&m, why, sizeof why, zyd_span(data, size));
    zyd_assert(rc == 0 || ((rc == EXIT_COULD_NOT || rc == EXIT_BAD_LEDGER) && why[0] != '\0'));
    if (rc == 0) {
        zyd_assert(m.segment_count > 0 && m.segments[0].first_height == 1 &&
                   m.segments[m.segment_count - 1].last_height == m.last_height);
        for (size_t i = 0; i < m.segment_count; i++) {
            check_name(m.segments[i].name);
            zyd_assert(i == 0 || m.segments[i].first_height == m.segments[i - 1].last_height + 1);
        }
        for (size_t i = 0; i < m.file_count; i++) {
            check_name(m.files[i].name);
        }
    }
    audit_manifest_free(&m);
    return 0;
}
