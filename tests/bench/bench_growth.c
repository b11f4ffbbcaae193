/* bench_growth: what an event of a contract costs, and how that grows with the contracts on the ledger.
 *
 * Each scenario given runs on ledgers of its own.  Before the first operation that makes an object of a kind (an application,
 * an enrolment, a voucher), N copies of it are made: same programme and members, other borrowers, fingerprints and references.
 * Then the scenario's own events are measured: fuel (exact), and microseconds in the host, the median of 15 runs that are
 * undone again.
 *
 * usage: bench_growth [N,N,...] [SCENARIO...]
 *
 * Default: 1000,10000,100000,1000000, and the scenarios of growth/.  One line an event: fuel and us at each N; the last
 * columns: the last N's over the first's.  Ends with 1 when an operation of a scenario was refused. */
#include <zyd/genesis.h>
#include <zyd/scenario.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SIZES_MAX 6u
#define ROWS_MAX 200u
#define REHEARSALS 15u
#define SYS 255u    /* what the host fires without a deadline of the contract: an obligation was settled */
#define GIVE_UP 50u /* refusals in a row: this kind takes no copies */

struct row {
    uint16_t contract, event;
    uint8_t deadline; /* 0: an operation of a member */
    struct {
        uint64_t count, fuel; /* fuel: of the dearest call */
        double us;            /* of that call */
    } at[SIZES_MAX];
};
struct bench {
    struct zyd_scenario_inproc *inproc;
    struct zyd_scenario_backend inner;
    struct zyd_scenario_measure measure;
    unsigned sizes[SIZES_MAX], size_count, size;
    struct row rows[ROWS_MAX];
    unsigned row_count;
    struct timespec begun;
    double us[REHEARSALS];
    unsigned us_count;
    uint64_t last_fuel;
    bool fresh; /* us is of the operation whose outcome comes next: */
    uint16_t contract, event;
    uint64_t kinds[32];
    unsigned kind_count;
    struct zyd_hash *copies; /* open addressing; zero: empty */
    size_t copy_slots;
    uint64_t copy_count;
    unsigned refused;                                    /* of the scenarios' own operations */
    void (*each)(void *to, const struct zyd_outcome *o); /* the runner's */
    void *to;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_growth: %s\n", what);
    exit(1);
}

static void around(void *ctx, bool begin)
{
    struct bench *b = ctx;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (begin) {
        b->begun = now;
        return;
    }
    b->us[b->us_count++ % REHEARSALS] =
        (double)(now.tv_sec - b->begun.tv_sec) * 1e6 + (double)(now.tv_nsec - b->begun.tv_nsec) / 1e3;
}

static int by_size(const void *x, const void *y)
{
    double a = *(const double *)x, c = *(const double *)y;
    return a < c ? -1 : a > c;
}

/* ---- copies ---- */

static size_t copy_slot(const struct bench *b, const struct zyd_hash *id)
{
    size_t at = (size_t)(zyd_get64(id->b) & (b->copy_slots - 1));
    while (!zyd_hash_is_zero(&b->copies[at]) && !zyd_hash_eq(&b->copies[at], id)) {
        at = (at + 1) & (b->copy_slots - 1);
    }
    return at;
}

/* Fingerprints and borrowers of canonical MessagePack, made those of copy n: bin of 32 bytes, and texts that are a USCC.  The
 * last bytes only, so that lists that ascend still do. */
static void vary(uint8_t *p, size_t size, uint32_t n)
{
    for (size_t i = 0; i < size;) {
        uint8_t t = p[i];
        size_t text = (t & 0xe0u) == 0xa0u ? (size_t)(t & 0x1fu) : t == 0xd9 ? p[i + 1] : 0, head = t == 0xd9 ? 2 : 1;
        if (t == 0xc4 && p[i + 1] == 32) {
            for (unsigned k = 0; k < 4; k++) {
                p[i + 2 + 28 + k] ^= (uint8_t)(n >> (8 * k));
            }
            i += 34;
        } else if (text > 0) {
            char *s = (char *)p + i + head;
            if (text == 18 && zyd_uscc_valid(zyd_span(s, 18))) {
                char digits[10];
                snprintf(digits, sizeof digits, "%09u", n);
                memcpy(s + 8, digits, 9);
                s[17] = zyd_uscc_check_char(s);
            }
            i += head + text;
        } else if (t == 0xc4) {
            i += 2u + p[i + 1];
        } else {
            i += t == 0xcc || t == 0xd0                ? 2
                 : t == 0xcd || t == 0xd1 || t == 0xdc ? 3
                 : t == 0xce || t == 0xd2              ? 5
                 : t == 0xcf || t == 0xd3              ? 9
                                                       : 1;
        }
    }
}

static void forget(void *to, const struct zyd_outcome *o)
{
    (void)to, (void)o;
}

static void keep_copy(void *to, const struct zyd_outcome *o)
{
    struct bench *b = to;
    if (o->due_ms == 0 && o->code == 0 && o->has_object) {
        b->copies[copy_slot(b, &o->object)] = o->object;
        b->copy_count++;
    }
}

/* There is one of them: a copy would take the scenario's own place. */
static bool single(const struct zyd_op *op)
{
    static const struct {
        const char *product, *event;
    } one[] = {{"cycle", "START"}, {"cycle", "CONFIRM"}, {"cycle", "NOTICE"}, {"pool", "CREATE"}, {"voucher", "LINE"}};
    const struct zyd_product *p = zyd_product_by_number(op->contract);
    for (size_t i = 0; p != NULL && i < sizeof one / sizeof one[0]; i++) {
        if (strcmp(p->name, one[i].product) == 0 && strcmp(zyd_outcome_name(p, op->event, 0), one[i].event) == 0) {
            return true;
        }
    }
    return p == NULL;
}

static enum zyd_status make_copies(struct bench *b, char *why, const struct zyd_op *op, const uint16_t *members, size_t count)
{
    uint64_t kind = (uint64_t)op->contract << 32 | (uint64_t)op->event << 16 | op->programme;
    for (unsigned i = 0; i < b->kind_count; i++) {
        if (b->kinds[i] == kind) {
            return ZYD_OK;
        }
    }
    if (b->kind_count == 32) {
        die("too many kinds");
    }
    b->kinds[b->kind_count++] = kind;
    unsigned refused = 0, rehearsals = b->measure.rehearsals;
    enum zyd_status s = b->inner.outcomes(b->inner.ctx, why, b->each != NULL ? b->each : forget, b->to);
    b->measure.rehearsals = 0;
    for (uint32_t n = 1; s == ZYD_OK && n <= b->sizes[b->size] && refused < GIVE_UP; n++) {
        uint8_t args[ZYD_RECORD_VALUE_MAX];
        char ref[16];
        struct zyd_op copy = *op;
        uint32_t code = 0;
        if (op->args.size > sizeof args) {
            die("arguments too long");
        }
        memcpy(args, op->args.data, op->args.size);
        vary(args, op->args.size, n);
        copy.args = zyd_span(args, op->args.size);
        snprintf(ref, sizeof ref, "GROW-%u", n);
        copy.client_ref = zyd_span(ref, strlen(ref));
        s = b->inner.submit(b->inner.ctx, why, &code, &copy, members, count, false);
        refused = code == 0 ? 0 : refused + 1;
        if (s == ZYD_OK) {
            s = b->inner.outcomes(b->inner.ctx, why, keep_copy, b);
        }
    }
    b->measure.rehearsals = rehearsals;
    return s;
}

/* ---- the backend that the runner sees ---- */

static struct row *row_of(struct bench *b, uint16_t contract, uint16_t event, uint8_t deadline)
{
    for (unsigned i = 0; i < b->row_count; i++) {
        struct row *r = &b->rows[i];
        if (r->contract == contract && r->event == event && r->deadline == deadline) {
            return r;
        }
    }
    if (b->row_count == ROWS_MAX) {
        die("too many events");
    }
    b->rows[b->row_count] = (struct row){.contract = contract, .event = event, .deadline = deadline};
    return &b->rows[b->row_count++];
}

static void note(struct bench *b, uint16_t contract, uint16_t event, uint8_t deadline, uint64_t fuel, double us)
{
    struct row *r = row_of(b, contract, event, deadline);
    r->at[b->size].count++;
    if (fuel > r->at[b->size].fuel) {
        r->at[b->size].fuel = fuel;
        r->at[b->size].us = us;
    }
}

static void take(void *to, const struct zyd_outcome *o)
{
    struct bench *b = to;
    bool copy = o->has_object && b->copy_slots > 0 && !zyd_hash_is_zero(&b->copies[copy_slot(b, &o->object)]);
    if (o->due_ms != 0 && o->code == 0 && o->contract != 0) {
        note(b, o->contract, o->event, o->deadline != 0 ? o->deadline : SYS, o->fuel, 0);
    } else if (o->due_ms == 0) {
        b->last_fuel = o->code == 0 ? o->fuel : 0;
    }
    if (!copy) {
        b->each(b->to, o);
    }
}

static enum zyd_status submit(void *ctx, char *why, uint32_t *code, const struct zyd_op *op, const uint16_t *members,
                              size_t count, bool in_turn)
{
    struct bench *b = ctx;
    enum zyd_status s = op->has_object || in_turn || single(op) ? ZYD_OK : make_copies(b, why, op, members, count);
    b->us_count = 0;
    s = s == ZYD_OK ? b->inner.submit(b->inner.ctx, why, code, op, members, count, in_turn) : s;
    if (s == ZYD_OK && *code == 0 && op->contract != 0 && !in_turn && b->us_count == REHEARSALS) {
        qsort(b->us, REHEARSALS, sizeof b->us[0], by_size);
        b->fresh = true;
        b->contract = op->contract;
        b->event = op->event;
    }
    return s;
}

static enum zyd_status outcomes(void *ctx, char *why, void (*each)(void *to, const struct zyd_outcome *outcome), void *to)
{
    struct bench *b = ctx;
    b->each = each;
    b->to = to;
    b->last_fuel = 0;
    enum zyd_status s = b->inner.outcomes(b->inner.ctx, why, take, b);
    if (b->fresh && b->last_fuel > 0) {
        note(b, b->contract, b->event, 0, b->last_fuel, b->us[REHEARSALS / 2]);
    }
    b->fresh = false;
    return s;
}

static enum zyd_status start(void *ctx, char *why, const struct zyd_scenario_plan *plan)
{
    struct bench *b = ctx;
    return b->inner.start(b->inner.ctx, why, plan);
}
static const struct zyd_genesis *genesis(void *ctx)
{
    return ((struct bench *)ctx)->inner.genesis(((struct bench *)ctx)->inner.ctx);
}
static enum zyd_status root(void *ctx, char *why, struct zyd_hash *out)
{
    (void)ctx, (void)why;
    memset(out, 0, sizeof *out); /* not known: copies are made beside the file's own operations */
    return ZYD_OK;
}

static uint16_t programme(void *ctx, size_t index)
{
    return ((struct bench *)ctx)->inner.programme(((struct bench *)ctx)->inner.ctx, index);
}
static enum zyd_status advance(void *ctx, char *why, int64_t time_ms)
{
    return ((struct bench *)ctx)->inner.advance(((struct bench *)ctx)->inner.ctx, why, time_ms);
}
static enum zyd_status balance(void *ctx, char *why, zyd_i128 *out, uint16_t member, uint16_t prog, const char *account)
{
    return ((struct bench *)ctx)->inner.balance(((struct bench *)ctx)->inner.ctx, why, out, member, prog, account);
}
static enum zyd_status record(void *ctx, char *why, uint8_t *value, size_t *size, uint64_t *seq, const struct zyd_hash *key)
{
    return ((struct bench *)ctx)->inner.record(((struct bench *)ctx)->inner.ctx, why, value, size, seq, key);
}

static void wrong(void *ctx, unsigned number, bool ok, const char *text)
{
    struct bench *b = ctx;
    if (!ok && (strstr(text, "refused with") != NULL || strstr(text, "SYS") != NULL)) {
        b->refused++;
        printf("  line %u: %s\n", number, text);
    }
}

static void run_one(struct bench *b, const char *path)
{
    char why[ZYD_SCENARIO_WHY] = "";
    struct zyd_scenario *s;
    struct zyd_scenario_report report = {.ctx = b, .line = wrong};
    if (zyd_scenario_open(&s, why, path) != ZYD_OK) {
        die(why);
    }
    b->inproc = zyd_scenario_inproc_new(why, ZYD_PLUGIN_DIR);
    if (b->inproc == NULL) {
        die(why);
    }
    uint64_t n = b->sizes[b->size];
    b->measure = (struct zyd_scenario_measure){.limits = {.records_max = (1u << 17) + 8 * n,
                                                          .recent_bytes = (256u << 20) + n * 8192,
                                                          .overlay_bytes = 64u << 20,
                                                          .due_max = (1u << 16) + 4 * n},
                                               .outcome_bytes = (16u << 20) + n * 512,
                                               .step_ms = 1,
                                               .rehearsals = REHEARSALS,
                                               .ctx = b,
                                               .around = around};
    zyd_scenario_inproc_measure(b->inproc, &b->measure);
    b->inner = zyd_scenario_inproc_backend(b->inproc);
    b->kind_count = 0;
    b->copy_count = 0;
    b->copy_slots = 1024;
    while (b->copy_slots < 8 * n) {
        b->copy_slots *= 2;
    }
    b->copies = calloc(b->copy_slots, sizeof *b->copies);
    struct zyd_scenario_backend outer = {b, start, genesis, programme, advance, submit, outcomes, balance, record, root};
    enum zyd_status st = zyd_scenario_run(&report, why, s, &outer);
    printf("%s: %llu copies of %u kinds, %u operations %s\n", path, (unsigned long long)b->copy_count, b->kind_count,
           report.operations, st == ZYD_OK || st == ZYD_E_INVALID ? "" : why);
    fflush(stdout);
    free(b->copies);
    zyd_scenario_inproc_free(b->inproc);
    zyd_scenario_free(s);
}

static void print(const struct bench *b)
{
    printf("%-10s %-18s", "product", "event");
    for (unsigned i = 0; i < b->size_count; i++) {
        printf(" %9s@%-8u %7s", "fuel", b->sizes[i], "us");
    }
    printf("   fuel     us\n");
    for (unsigned k = 0; k < b->row_count; k++) {
        const struct row *r = &b->rows[k];
        const struct zyd_product *p = zyd_product_by_number(r->contract);
        const unsigned last = b->size_count - 1;
        if (p == NULL || r->at[0].count == 0) {
            continue;
        }
        char name[40];
        snprintf(name, sizeof name, "%s%s", zyd_outcome_name(p, r->event, r->deadline), r->deadline != 0 ? " (due)" : "");
        printf("%-10s %-18s", p->name, name);
        for (unsigned i = 0; i < b->size_count; i++) {
            printf(" %18llu %7.1f", (unsigned long long)r->at[i].fuel, r->at[i].us);
        }
        printf("   %5.3f", (double)r->at[last].fuel / (double)r->at[0].fuel);
        if (r->deadline == 0) {
            printf("  %5.2f", r->at[last].us / r->at[0].us);
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    static const char *const usual[] = {"guarantee", "pool", "subsidy", "voucher", "cycle"};
    static struct bench b;
    char path[512];
    const char *at = argc > 1 ? argv[1] : "1000,10000,100000,1000000";
    while (*at != '\0' && b.size_count < SIZES_MAX) {
        char *end;
        b.sizes[b.size_count++] = (unsigned)strtoul(at, &end, 10);
        at = *end == ',' ? end + 1 : end;
    }
    if (b.size_count == 0) {
        die("usage: bench_growth [N,N,...] [SCENARIO...]");
    }
    for (b.size = 0; b.size < b.size_count; b.size++) {
        for (int i = 2; i < argc; i++) {
            run_one(&b, argv[i]);
        }
        for (size_t i = 0; argc <= 2 && i < sizeof usual / sizeof usual[0]; i++) {
            snprintf(path, sizeof path, ZYD_SOURCE_DIR "/tests/bench/growth/%s.scn", usual[i]);
            run_one(&b, path);
        }
    }
    print(&b);
    return b.refused == 0 ? 0 : 1;
}
