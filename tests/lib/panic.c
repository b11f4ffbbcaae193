/* What zyd_assert calls in tests. */
#include <stdio.h>
#include <stdlib.h>
#include <zyd/base.h>

void zyd_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
    abort();
}
