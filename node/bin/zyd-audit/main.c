/* zyd-audit: verifies an exported ledger, or one receipt, from files alone.  It links no network and opens no keys. */
#include "audit.h"
#include <stdlib.h>
#include <unistd.h>

ZYD_NORETURN void zyd_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "zyd-audit: a bug of ours: %s:%d: %s\n", file, line, what);
    exit(EXIT_BUG);
}

static const char usage[] =
    "zyd-audit verify BUNDLE --genesis-hash H [--jobs N] [--report FILE.json] [-o text|json] [--json] [--quiet]\n"
    "zyd-audit receipt FILE --genesis consortium.json|genesis --genesis-hash H [--loan PROOF.json] [-o text|json]\n"
    "\n"
    "  zyd-audit verify q3.bundle --genesis-hash 5f2c...e19a\n"
    "\n"
    "verify checks the files, every link, tree and signature, executes everything again, adds up the books, and computes\n"
    "each subsidy, share, fee and interest a second way.  H comes from "
    "the\n"
    "members (zyd consortium fingerprint), never from the bundle.\n"
    "Exit: 0 verified; 8 something contradicts itself (first bad height, entry and rule are named); 9 could not verify "
    "(missing, cut,\n"
    "or newer than this tool): no pass and no accusation; 2 wrong call.\n";

static int wrong_call(const char *what)
{
    fprintf(stderr, "zyd-audit: %s\n\n%s", what, usage);
    return EXIT_USAGE;
}

struct arguments {
    const char *target, *genesis, *hash, *report, *loan;
    bool json, quiet;
    unsigned jobs;
};

/* NULL or what is wrong. */
static const char *take(struct arguments *a, const char *name, const char *value)
{
    if (strcmp(name, "--genesis-hash") == 0) {
        a->hash = value;
    } else if (strcmp(name, "--report") == 0) {
        a->report = value;
    } else if (strcmp(name, "--genesis") == 0) {
        a->genesis = value;
    } else if (strcmp(name, "--loan") == 0) {
        a->loan = value;
    } else if (strcmp(name, "--jobs") == 0) {
        char *end;
        unsigned long n = strtoul(value, &end, 10);
        if (*end != '\0' || n < 1 || n > 256) {
            return "--jobs takes 1 to 256";
        }
        a->jobs = (unsigned)n;
    } else if (strcmp(name, "-o") == 0) {
        if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0) {
            return "-o takes text or json";
        }
        a->json = value[0] == 'j';
    } else {
        return "an option that does not exist";
    }
    return NULL;
}

static const char *parse(struct arguments *a, int argc, char **argv)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    *a = (struct arguments){.jobs = cpus < 1 ? 1 : cpus > 256 ? 256 : (unsigned)cpus};
    for (int i = 2; i < argc; i++) {
        const char *wrong = NULL;
        if (strcmp(argv[i], "--json") == 0) {
            a->json = true;
        } else if (strcmp(argv[i], "--quiet") == 0 || strcmp(argv[i], "-q") == 0) {
            a->quiet = true;
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            wrong = i + 1 < argc ? take(a, argv[i], argv[i + 1]) : "an option lacks its value, or does not exist";
            i++;
        } else if (a->target != NULL) {
            wrong = "more than one file";
        } else {
            a->target = argv[i];
        }
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

static int verify(const struct arguments *a, const struct zyd_hash *hash)
{
    static struct audit_bundle b; /* large */
    static struct audit_result r;
    struct audit_options o = {.jobs = a->jobs,
                              .progress = a->quiet                ? AUDIT_QUIET
                                          : isatty(STDERR_FILENO) ? AUDIT_BAR
                                                                  : AUDIT_LINES};
    audit_verify(&r, &b, a->target, hash, &o);
    int rc = r.exit;
    if (a->json) {
        audit_report_json(stdout, &r, &b);
    } else {
        audit_report_text(stdout, &r, &b);
    }
    if (a->report != NULL) {
        FILE *f = fopen(a->report, "w");
        bool ok = f != NULL && audit_report_json(f, &r, &b) == 0;
        ok = (f == NULL || fclose(f) == 0) && ok;
        if (!ok) {
            fprintf(stderr, "zyd-audit: %s: the report could not be written\n", a->report);
            rc = rc == EXIT_VERIFIED ? EXIT_COULD_NOT : rc;
        }
    }
    audit_findings_free(&r.findings);
    audit_bundle_close(&b);
    return fflush(stdout) == 0 || rc != EXIT_VERIFIED ? rc : EXIT_COULD_NOT;
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct zyd_hash hash;
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        fputs(usage, argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("zyd-audit " AUDIT_VERSION);
        return 0;
    }
    bool receipt = strcmp(argv[1], "receipt") == 0;
    if (!receipt && strcmp(argv[1], "verify") != 0) {
        return wrong_call("the first word is verify or receipt");
    }
    const char *wrong = parse(&a, argc, argv);
    if (wrong != NULL) {
        return wrong_call(wrong);
    }
    if (a.target == NULL || a.hash == NULL || (receipt && a.genesis == NULL)) {
        return wrong_call(receipt ? "receipt needs FILE, --genesis and --genesis-hash"
                                  : "verify needs BUNDLE and --genesis-hash");
    }
    if (!audit_hex_read(&hash, a.hash)) {
        return wrong_call("--genesis-hash takes 64 hexadecimal digits");
    }
    if (zyd_crypto_self_test() != ZYD_OK) {
        fprintf(stderr, "zyd-audit: the crypto library does not keep our signature rule; install libsodium 1.0.18 to 1.0.22\n");
        return EXIT_COULD_NOT;
    }
    return receipt ? audit_receipt(stdout, a.target, a.genesis, &hash, a.loan, a.json) : verify(&a, &hash);
}
