/* zyd-audit: verifies an exported ledger, or one receipt, from files alone.  It links no network and opens no keys. */
#include "audit.h"
#include <stdlib.h>
#include <unistd.h>

ZYD_NORETURN void zyd_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "zyd-audit: a bug of ours: %s:%d: %s\n", file, line, what);
    exit(70);
}

static const char usage[] =
    "zyd-audit verify BUNDLE --genesis-hash H [--jobs N] [--report FILE.json] [-o text|json] [--quiet]\n"
    "zyd-audit receipt FILE --genesis GENESIS --genesis-hash H [-o text|json]\n"
    "\n"
    "  zyd-audit verify q3.bundle --genesis-hash 5f2c...e19a\n"
    "\n"
    "verify checks framing, chain, history tree, every certificate and submitter signature, executes everything again, and adds up the\n"
    "books.  H comes from the members (zyd consortium fingerprint), never from the bundle.  GENESIS is the bundle's file `genesis`.\n"
    "Exit: 0 verified, 8 the ledger is bad (first bad height, entry and rule are named), 9 could not verify, 2 wrong call.\n";

static int wrong_call(const char *what)
{
    fprintf(stderr, "zyd-audit: %s\n\n%s", what, usage);
    return EXIT_USAGE;
}

/* Options common to both verbs; positional argument in *target. */
struct arguments {
    const char *target, *genesis, *hash, *report;
    bool json, quiet;
    unsigned jobs;
};

static const char *parse(struct arguments *a, int argc, char **argv)
{
    *a = (struct arguments){.jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};
    for (int i = 2; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool takes = strcmp(argv[i], "--genesis-hash") == 0 || strcmp(argv[i], "--jobs") == 0 || strcmp(argv[i], "--report") == 0 ||
                     strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--genesis") == 0;
        if (takes && value == NULL) {
            return "an option lacks its value";
        }
        if (strcmp(argv[i], "--quiet") == 0 || strcmp(argv[i], "-q") == 0) {
            a->quiet = true;
        } else if (!takes && argv[i][0] == '-' && argv[i][1] != '\0') {
            return "an option that does not exist";
        } else if (!takes) {
            if (a->target != NULL) {
                return "more than one file";
            }
            a->target = argv[i];
        } else {
            i++;
            if (strcmp(argv[i - 1], "--genesis-hash") == 0) {
                a->hash = value;
            } else if (strcmp(argv[i - 1], "--jobs") == 0) {
                char *end;
                unsigned long n = strtoul(value, &end, 10);
                if (*end != '\0' || n < 1 || n > 256) {
                    return "--jobs takes 1 to 256";
                }
                a->jobs = (unsigned)n;
            } else if (strcmp(argv[i - 1], "--report") == 0) {
                a->report = value;
            } else if (strcmp(argv[i - 1], "--genesis") == 0) {
                a->genesis = value;
            } else if (strcmp(value, "json") == 0 || strcmp(value, "text") == 0) {
                a->json = value[0] == 'j';
            } else {
                return "-o takes text or json";
            }
        }
    }
    return NULL;
}

static int verify_main(const struct arguments *a, const struct zyd_hash *hash)
{
    static struct bundle b;
    static struct result r;
    char why[4352] = "";
    int rc = bundle_open(&b, why, sizeof why, a->target, hash);
    if (rc == 0) {
        struct run_options o = {.jobs = a->jobs, .progress = !a->quiet && isatty(STDERR_FILENO)};
        audit_run(&r, &b, &o);
        rc = r.failed ? EXIT_BAD_LEDGER : EXIT_VERIFIED;
    } else if (rc == EXIT_BAD_LEDGER) { /* the files contradict what they must be before any block was read */
        r.failed = true;
        snprintf(r.fault_text, sizeof r.fault_text, "%.255s", why);
        r.fault = (struct zyd_fault){ZYD_CHECK_FRAME, 0, UINT64_MAX, r.fault_text, -1};
        r.check[ZYD_CHECK_FRAME] = CHECK_FAILED;
    }
    const char *could_not = rc == EXIT_COULD_NOT ? why : NULL;
    if (a->report != NULL) {
        FILE *f = fopen(a->report, "w");
        if (f == NULL || report_json(f, &r, &b, could_not) != 0 || fclose(f) != 0) {
            fprintf(stderr, "zyd-audit: %s: the report could not be written\n", a->report);
            rc = rc == EXIT_VERIFIED ? EXIT_COULD_NOT : rc;
        }
    }
    if (a->json) {
        report_json(stdout, &r, &b, could_not);
    } else if (could_not != NULL) {
        printf("COULD NOT VERIFY 无法验证  %s\n", why);
    } else {
        report_text(stdout, &r, &b);
    }
    bundle_close(&b);
    return rc;
}

static bool verify_one(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}

static int receipt_verb(const struct arguments *a, const struct zyd_hash *hash)
{
    static struct zyd_genesis g;
    static struct zyd_receipt receipt;
    struct file genesis, file = {0};
    char why[4352];
    const char *rule = "";
    if (file_read(&genesis, why, sizeof why, a->genesis, ZYD_GENESIS_SIZE_MAX, false) != 0 ||
        file_read(&file, why, sizeof why, a->target, 2u << 20, false) != 0) {
        printf("COULD NOT VERIFY 无法验证  %s\n", why);
        return EXIT_COULD_NOT;
    }
    struct zyd_span body = zyd_span(genesis.data, genesis.size);
    struct zyd_hash is;
    zyd_hash1(&is, "zyd/genesis/1", body.data, body.size);
    if (!zyd_hash_eq(&is, hash) || zyd_genesis_decode(&g, &rule, body) != ZYD_OK) {
        printf("COULD NOT VERIFY 无法验证  %s: not the genesis with the hash that you gave\n", a->genesis);
        return EXIT_COULD_NOT;
    }
    struct zyd_sig_ops sig = {.ctx = NULL, .verify = verify_one};
    enum zyd_status st = zyd_receipt_decode(&receipt, zyd_span(file.data, file.size));
    rule = st != ZYD_OK ? "the receipt is not well formed" : "";
    if (st == ZYD_OK) {
        st = zyd_receipt_check(&receipt, &rule, &g, &sig);
    }
    if (st != ZYD_OK) {
        printf("FAILED 验证失败  receipt: %s\n", rule);
        return EXIT_BAD_LEDGER;
    }
    char op[65];
    static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
    struct zyd_outcome o;
    if (zyd_outcome_decode(&o, postings, events, warnings, receipt.outcome) != ZYD_OK) {
        printf("FAILED 验证失败  receipt: the outcome is not well formed\n");
        return EXIT_BAD_LEDGER;
    }
    hex_write(op, &o.op_id);
    if (a->json) {
        printf("{\"verdict\": \"verified\", \"op_id\": \"%s\", \"code\": %u, \"height\": %llu, \"log_index\": %llu}\n", op, o.code,
               (unsigned long long)receipt.header.height, (unsigned long long)receipt.log_index);
    } else {
        printf("VERIFIED 验证通过  operation %s\n  outcome %s%u, height %llu, log entry %llu, %u postings\n", op, o.code == 0 ? "done, code " : "refused, code E",
               o.code, (unsigned long long)receipt.header.height, (unsigned long long)receipt.log_index, o.posting_count);
    }
    return EXIT_VERIFIED;
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
        puts("zyd-audit 0.1.0");
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
        return wrong_call(receipt ? "receipt needs FILE, --genesis and --genesis-hash" : "verify needs BUNDLE and --genesis-hash");
    }
    if (!hex_read(&hash, a.hash)) {
        return wrong_call("--genesis-hash takes 64 hexadecimal digits");
    }
    if (zyd_crypto_self_test() != ZYD_OK) {
        fprintf(stderr, "zyd-audit: the crypto library does not keep our signature rule; install libsodium 1.0.18 to 1.0.22\n");
        return EXIT_COULD_NOT;
    }
    return receipt ? receipt_verb(&a, &hash) : verify_main(&a, &hash);
}
