/* zyd: every verb of the operator and the submitter. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

void zyd_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "zyd: %s:%d: %s\n", file, line, what);
    exit(ZYD_EXIT_BUG);
}

int main(int argc, char **argv)
{
    return cli_run(argc, argv);
}
