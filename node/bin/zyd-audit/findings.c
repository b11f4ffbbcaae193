#include "findings.h"
#include <stdlib.h>

void audit_finding_add(struct audit_findings *f, const struct audit_finding *one)
{
    f->total++;
    if (f->count == AUDIT_FINDINGS_MAX) {
        return;
    }
    if (f->count == f->cap) {
        f->cap = f->cap * 2 + 16;
        f->rows = realloc(f->rows, f->cap * sizeof *f->rows);
        zyd_assert(f->rows != NULL);
    }
    f->rows[f->count++] = *one;
}

void audit_findings_free(struct audit_findings *f)
{
    free(f->rows);
    *f = (struct audit_findings){.rows = NULL};
}
