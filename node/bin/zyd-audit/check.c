/* The blocks.  Workers take blocks of a segment in any order (history, quorum, entry), the calling thread executes them in
 * order (replay) and then helps.  Whatever the number of jobs, every block below the first bad one has passed everything, so
 * the verdict is the same. */
#include "audit.h"
#include "pass.h"
#include "rederive.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <zyd/invariant.h>

#define MEMO                                                                                                                   \
    4096u /* remembered vote verdicts a thread: each notarization stands in its block and in the next one's justification */
#define SCRATCH_SIZE (8u << 20)

struct item {
    struct zyd_block_view view;
    struct zyd_span finality;
    uint32_t envelopes;
    uint64_t operations, envelope_signatures, certificate_signatures;
};
struct run {
    struct audit_bundle *bundle;
    struct audit_result *result;
    const struct audit_options *options;
    const char *segment; /* name of the one that is read */
    struct item *items;
    size_t count, cap;
    struct zyd_header before;      /* header before items[0] */
    struct zyd_frontier frontier0; /* log before items[0] */
    atomic_size_t next;
    pthread_mutex_t lock; /* of result's fault */
    bool failed;          /* a fault at a height */
    bool full;            /* the replay ran out of memory */
    struct audit_pass *pass;
    struct zyd_inv *invariants;
    bool broken; /* an invariant; the first, and its segment */
    struct zyd_inv_fault broken_by;
    const char *broken_in;
    struct re *re;
    double started, told;
};
struct memo {
    struct zyd_sig_ops real;
    struct zyd_hash key[MEMO];
    bool verdict[MEMO];
    uint64_t asked; /* signatures of certificates; each counts, remembered or not */
};
struct counted {
    struct zyd_sig_ops real;
    uint64_t asked;
};

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool verify_sodium(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}

static bool verify_remembered(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    struct memo *m = ctx;
    struct zyd_hasher h;
    struct zyd_hash key;
    m->asked++;
    zyd_hasher_start(&h, "zyd/memo/1");
    zyd_hasher_add(&h, pk->b, sizeof pk->b);
    zyd_hasher_add(&h, sig->b, sizeof sig->b);
    zyd_hasher_add(&h, msg, size);
    zyd_hasher_end(&h, &key);
    size_t slot = zyd_get32(key.b) % MEMO;
    if (!zyd_hash_eq(&m->key[slot], &key)) {
        m->verdict[slot] = m->real.verify(m->real.ctx, pk, msg, size, sig);
        m->key[slot] = key;
    }
    return m->verdict[slot];
}

static bool verify_counted(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    struct counted *c = ctx;
    c->asked++;
    return c->real.verify(c->real.ctx, pk, msg, size, sig);
}

static void note(struct run *s, const struct zyd_fault *f)
{
    struct audit_fault a = {.row = (enum audit_row)(ROW_FRAME + (int)f->check),
                            .has_height = true,
                            .height = f->height,
                            .has_entry = f->entry != UINT64_MAX,
                            .entry = f->entry};
    snprintf(a.file, sizeof a.file, "%s", s->segment);
    snprintf(a.rule, sizeof a.rule, "%s", f->rule);
    pthread_mutex_lock(&s->lock);
    audit_note(s->result, &a);
    s->failed = true;
    pthread_mutex_unlock(&s->lock);
}

static void note_rule(struct run *s, enum zyd_check check, uint64_t height, const char *rule)
{
    note(s, &(struct zyd_fault){.check = check, .height = height, .entry = UINT64_MAX, .rule = rule});
}

/* Blocks above it need no look any more. */
static uint64_t bad_height(struct run *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t h = s->failed ? s->result->fault.height : UINT64_MAX;
    pthread_mutex_unlock(&s->lock);
    return h;
}

/* ---- one block, without its neighbours' state ---- */

struct worker {
    pthread_t thread;
    struct run *run;
    struct memo *votes;
    struct counted envelopes;
    uint8_t *scratch;
};

/* Body of block i, and that the next block starts where it ends. */
static enum zyd_status check_body(struct worker *w, struct zyd_fault *fault, struct zyd_arena *scratch, size_t i)
{
    struct run *s = w->run;
    const struct zyd_block_view *b = &s->items[i].view;
    const struct zyd_header *prev = i == 0 ? &s->before : &s->items[i - 1].view.header;
    struct zyd_frontier f, next;
    if (i == 0) {
        f = s->frontier0;
    } else if (zyd_frontier_decode(&f, b->frontier) != ZYD_OK) {
        *fault = (struct zyd_fault){ZYD_CHECK_FRAME, b->header.height, UINT64_MAX, "the log frontier is not well formed"};
        return ZYD_E_MALFORMED;
    }
    zyd_arena_reset(scratch);
    struct zyd_sig_ops sig = {.ctx = &w->envelopes, .verify = verify_counted};
    enum zyd_status st = zyd_verify_body(fault, &f, scratch, &s->bundle->genesis, b, prev, &sig);
    if (st != ZYD_OK || i + 1 == s->count) {
        return st;
    }
    struct zyd_hash ours, theirs;
    zyd_frontier_root(&ours, &f);
    bool same = zyd_frontier_decode(&next, s->items[i + 1].view.frontier) == ZYD_OK && next.size == f.size;
    if (same) {
        zyd_frontier_root(&theirs, &next);
    }
    if (!same || !zyd_hash_eq(&ours, &theirs)) {
        *fault = (struct zyd_fault){ZYD_CHECK_HISTORY, b->header.height + 1, f.size,
                                    "the log before the block is not the log after the block before"};
        note(s, fault); /* the next block's; this one goes on to its certificates */
    }
    return ZYD_OK;
}

static uint64_t operations_of(const struct zyd_block_view *b)
{
    uint64_t n = 0;
    struct zyd_rd rd = zyd_rd_of(b->envelopes);
    while (rd.pos < rd.size) {
        struct zyd_span e = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        n += e.size >= ZYD_ENV_HEAD_SIZE ? zyd_get32(e.data + 44) : 0;
    }
    return n;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct run *s = w->run;
    struct zyd_arena scratch;
    zyd_arena_init(&scratch, w->scratch, SCRATCH_SIZE);
    struct zyd_sig_ops votes = {.ctx = w->votes, .verify = verify_remembered};
    for (size_t i; (i = atomic_fetch_add(&s->next, 1)) < s->count;) {
        struct item *b = &s->items[i];
        struct zyd_fault f;
        if (b->view.header.height > bad_height(s)) {
            continue;
        }
        uint64_t votes0 = w->votes->asked, envelopes0 = w->envelopes.asked;
        enum zyd_status st = check_body(w, &f, &scratch, i);
        struct zyd_fault q;
        enum zyd_status quorum = zyd_verify_quorum(&q, &s->bundle->genesis, &b->view, b->finality, &votes);
        if (st != ZYD_OK) {
            note(s, &f);
        }
        if (quorum != ZYD_OK) {
            note(s, &q);
        }
        b->envelopes = b->view.header.env_count;
        b->operations = operations_of(&b->view);
        b->certificate_signatures = w->votes->asked - votes0;
        b->envelope_signatures = w->envelopes.asked - envelopes0;
    }
    return NULL;
}

/* ---- a segment ---- */

static void tell(struct run *s, uint64_t height)
{
    static const char bar[] = "########################################";
    uint64_t first = s->bundle->manifest.first_height, total = s->bundle->manifest.last_height - first + 1,
             n = height - first + 1;
    if (s->options->progress == AUDIT_QUIET) {
        return;
    }
    double now = seconds_now(), spent = now - s->started;
    double step = s->options->progress == AUDIT_BAR ? 0.1 : 5;
    if (now - s->told < step && (n != total || s->options->progress == AUDIT_LINES)) {
        return;
    }
    s->told = now;
    double left = spent / (double)n * (double)(total - n);
    if (s->options->progress == AUDIT_BAR) {
        fprintf(stderr, "\r verify 验证  %-40.*s %llu / %llu  left 剩余 %.0f s %s", (int)(40 * n / total), bar,
                (unsigned long long)n, (unsigned long long)total, left, n == total ? "\n" : "");
    } else {
        fprintf(stderr, "verify: %llu of %llu blocks, %.0f s left\n", (unsigned long long)n, (unsigned long long)total, left);
    }
    fflush(stderr);
}

/* Reads the frames in order and checks the chain's links; what follows the first fault is not read. */
static void read_frames(struct run *s, const struct zyd_segment *seg)
{
    size_t pos = seg->frames_at;
    struct zyd_header prev = s->before;
    s->count = 0;
    for (uint64_t height = seg->head.first_height; height <= seg->head.last_height; height++) {
        struct item *b = &s->items[s->count];
        struct zyd_fault f = {.rule = NULL};
        *b = (struct item){.envelopes = 0};
        enum zyd_status st = zyd_segment_next(&b->view, &b->finality, &pos, seg);
        if (st != ZYD_OK) {
            note_rule(s, ZYD_CHECK_FRAME, height,
                      st == ZYD_E_NOT_FOUND ? "blocks are missing at the end of the segment"
                                            : "a block's frame is not well formed");
            return;
        }
        if (b->view.writes.size != 0) {
            note_rule(s, ZYD_CHECK_FRAME, height, "an exported block carries a write set");
            return;
        }
        if (zyd_verify_chain(&f, &s->bundle->genesis, &b->view, &prev) != ZYD_OK) {
            f.height = height;
            note(s, &f);
            return;
        }
        prev = b->view.header;
        s->count++;
    }
    uint64_t last = seg->head.last_height;
    if (pos != seg->frames_end) {
        note_rule(s, ZYD_CHECK_FRAME, last, "bytes are left over at the end of the segment");
    } else if (prev.log_size != seg->head.end_index || !zyd_hash_eq(&prev.log_root, &seg->end_root)) {
        note_rule(s, ZYD_CHECK_HISTORY, last,
                  "the segment's last header does not have the log size and root that head and footer say");
    }
}

static bool record_get(void *ctx, struct zyd_record *out, const struct zyd_hash *key)
{
    return zyd_state_get(ctx, out, key) == ZYD_OK;
}

void audit_note_invariant(struct audit_result *r, const struct zyd_inv_fault *f, const struct zyd_genesis *g, const char *file)
{
    struct audit_fault a = {.row = ROW_INVARIANTS, .has_height = f->height != 0, .height = f->height,
                            .has_entry = f->log_index != UINT64_MAX, .entry = f->log_index, .invariant = f->invariant,
                            .has_member = f->has_member && f->member < g->member_count, .member = f->member,
                            .has_object = f->has_object, .object = f->object};
    snprintf(a.file, sizeof a.file, "%s", file);
    snprintf(a.rule, sizeof a.rule, "I%u: %s", f->invariant, f->what);
    audit_note(r, &a);
}

/* A broken invariant is a fault of the business, not of the bytes: the blocks behind it are read on, and told when all are
 * good. */
static void note_invariant(struct run *s, bool good, const struct zyd_inv_fault *f)
{
    if (!good && !s->broken) {
        s->broken = true;
        s->broken_by = *f;
        s->broken_in = s->segment;
    }
}

static void replay_segment(struct run *s, struct zyd_replay *replay)
{
    const struct zyd_inv_source records = {zyd_replay_state(replay), record_get};
    struct zyd_inv_fault broken;
    for (size_t i = 0; i < s->count; i++) {
        struct zyd_fault f = {ZYD_CHECK_REPLAY, s->items[i].view.header.height, UINT64_MAX, ""};
        if (f.height > bad_height(s)) {
            return;
        }
        enum zyd_status st = zyd_replay_block(replay, &f.rule, &f.entry, &s->items[i].view);
        if (st == ZYD_E_FULL) { /* no verdict on the block; the checks before it may still find one */
            pthread_mutex_lock(&s->lock);
            audit_could_not(s->result, "height %llu: %s", (unsigned long long)f.height, f.rule);
            s->full = true;
            pthread_mutex_unlock(&s->lock);
            return;
        }
        if (st != ZYD_OK) {
            note(s, &f);
            return;
        }
        audit_pass_block(s->pass, &s->items[i].view, zyd_replay_state(replay));
        if (!s->broken) {
            note_invariant(s, zyd_inv_block(s->invariants, &broken, &s->items[i].view, &records), &broken);
        }
        tell(s, f.height);
    }
}

static void count_good(struct run *s)
{
    uint64_t bad = bad_height(s);
    for (size_t i = 0; i < s->count && s->items[i].view.header.height < bad; i++) {
        const struct item *b = &s->items[i];
        s->result->blocks++;
        s->result->envelopes += b->envelopes;
        s->result->operations += b->operations;
        s->result->envelope_signatures += b->envelope_signatures;
        s->result->certificate_signatures += b->certificate_signatures;
    }
}

/* Head and place of a segment: manifest, consortium, where the one before ended. */
static bool segment_fits(struct run *s, const struct audit_manifest_segment *m, const struct audit_file *f)
{
    char expected[AUDIT_NAME_MAX + 1];
    snprintf(expected, sizeof expected, "segments/%012llu-%012llu.seg", (unsigned long long)m->first_height,
             (unsigned long long)m->last_height);
    if (f->segment_status == ZYD_E_FOREIGN && !f->changed) {
        audit_could_not(s->result, "%s: %s: take a newer zyd-audit", f->name, f->segment_why);
        return false;
    }
    if (f->segment_status != ZYD_OK) {
        note_rule(s, ZYD_CHECK_FRAME, m->first_height, f->segment_why);
        return false;
    }
    const struct zyd_segment_head *h = &f->segment->head;
    struct zyd_hash root;
    zyd_frontier_root(&root, &h->frontier);
    if (!zyd_hash_eq(&h->chain_id, &s->bundle->genesis.hash)) {
        note_rule(s, ZYD_CHECK_FRAME, m->first_height, "the segment is of another consortium");
    } else if (strcmp(expected, m->name) != 0 || h->first_height != m->first_height || h->last_height != m->last_height) {
        note_rule(s, ZYD_CHECK_FRAME, m->first_height, "the segment's name, its head and manifest.json name different heights");
    } else if (h->frontier.size != s->before.log_size || !zyd_hash_eq(&root, &s->before.log_root) ||
               h->state_size != s->before.state_size || !zyd_hash_eq(&h->state_root, &s->before.state_root)) {
        note_rule(s, ZYD_CHECK_HISTORY, m->first_height,
                  "the segment does not start from the log and state that the block before left");
    } else {
        return true;
    }
    return false;
}

static void run_segment(struct run *s, const struct audit_manifest_segment *m, struct worker *workers,
                        struct zyd_replay *replay)
{
    const struct audit_file *f = audit_files_find(&s->bundle->files, m->name);
    s->segment = m->name;
    if (!segment_fits(s, m, f)) {
        return;
    }
    if (f->segment->blocks > s->cap) {
        s->cap = f->segment->blocks;
        free(s->items);
        s->items = malloc(s->cap * sizeof *s->items);
        zyd_assert(s->items != NULL);
    }
    s->frontier0 = f->segment->head.frontier;
    read_frames(s, f->segment);
    atomic_store(&s->next, 0);
    unsigned threads = 0;
    while (threads + 1 < s->options->jobs && pthread_create(&workers[threads].thread, NULL, work, &workers[threads]) == 0) {
        threads++;
    }
    replay_segment(s, replay);
    work(&workers[s->options->jobs - 1]); /* the calling thread helps with what is left */
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    count_good(s);
    if (!s->failed && !f->segment->hash_ok) {
        struct audit_fault a = {.row = ROW_FILES, .rule = "its bytes do not have the hash in its footer"};
        snprintf(a.file, sizeof a.file, "%s", m->name);
        audit_note(s->result, &a);
    }
    if (s->count > 0) {
        s->before = s->items[s->count - 1].view.header;
    }
}

/* ---- all ---- */

/* Memory for records, as address space: a table that is much too large costs a cache miss and a page a record.  32 bytes for
 * each of the bundle's are some ten times what was seen; when they are not enough, all is done again with the most there is. */
static void size_limits(struct zyd_replica_limits *out, const struct audit_bundle *b, uint64_t asked, bool most)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < b->files.count; i++) {
        bytes += b->files.rows[i].bytes.size;
    }
    zyd_replica_limits_node(out);
    out->state.recent_bytes = (uint64_t)32 << 30;
    if (!most && bytes < (uint64_t)1 << 30) {
        uint64_t ids = bytes / 128 + 1024; /* no envelope is smaller */
        out->state.recent_bytes = bytes * 32 + (64u << 20);
        out->window_ids_max = ids < out->window_ids_max ? (uint32_t)ids : out->window_ids_max;
    }
    if (!most && asked != 0) {
        out->state.recent_bytes = asked;
    }
}

static struct zyd_replay *make_replay(struct audit_result *r, void **mem, size_t *size, struct zyd_header *genesis_header,
                                      const struct audit_bundle *b, uint64_t asked, bool most)
{
    struct zyd_kv nothing = zyd_kv_empty(); /* the auditor keeps every record in memory */
    struct zyd_replica_limits limits;
    size_limits(&limits, b, asked, most);
    *size = zyd_replay_footprint(&limits, &b->genesis);
    *mem = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (*mem == MAP_FAILED) {
        *mem = NULL;
        audit_could_not(r, "no %llu MiB of address space (ulimit -v, vm.overcommit_memory)", (unsigned long long)(*size >> 20));
        return NULL;
    }
    struct zyd_replay *replay = zyd_replay_init(*mem, &b->genesis, &limits, &nothing);
    const char *why = "";
    for (size_t i = 0; i < b->plugin_count; i++) {
        if (zyd_replay_plugin(replay, &why, b->plugins[i]) != ZYD_OK) {
            audit_could_not(r, "a contract image that genesis pins is refused: %s", why);
            return NULL;
        }
    }
    if (zyd_replay_genesis(replay, genesis_header) != ZYD_OK) {
        audit_could_not(r, "genesis makes no state");
        return NULL;
    }
    return replay;
}

static void make_workers(struct worker **out, struct run *s)
{
    struct zyd_sig_ops sodium = {.ctx = NULL, .verify = verify_sodium};
    struct zyd_sig_ops real = s->options->sig == NULL ? sodium : *s->options->sig;
    unsigned jobs = s->options->jobs;
    *out = calloc(jobs, sizeof **out);
    zyd_assert(*out != NULL);
    for (unsigned i = 0; i < jobs; i++) {
        struct worker *w = &(*out)[i];
        w->run = s;
        w->envelopes.real = real;
        w->votes = calloc(1, sizeof *w->votes);
        w->scratch = malloc(SCRATCH_SIZE);
        zyd_assert(w->votes != NULL && w->scratch != NULL);
        w->votes->real = real;
    }
}

/* What the second look at the business found in a ledger that is right otherwise. */
static void take_findings(struct run *s)
{
    struct audit_result *r = s->result;
    r->findings = s->re->findings;
    s->re->findings = (struct audit_findings){.rows = NULL};
    r->rederived = s->re->compared;
    r->state[ROW_REDERIVE] = r->findings.total == 0 ? AUDIT_DONE : AUDIT_FAILED;
    snprintf(r->why[ROW_REDERIVE], sizeof r->why[ROW_REDERIVE], "%llu amounts compared, %llu findings",
             (unsigned long long)r->rederived, (unsigned long long)r->findings.total);
    if (r->findings.count > 0) {
        const struct audit_finding *f = &r->findings.rows[0];
        struct audit_fault a = {
            .row = ROW_REDERIVE, .has_height = true, .height = f->height, .has_entry = true, .entry = f->log_index};
        snprintf(a.rule, sizeof a.rule, "%s: %s", f->kind->name, f->kind->en);
        audit_note(r, &a);
    }
}

static void finish(struct run *s, struct zyd_replay *replay)
{
    struct audit_result *r = s->result;
    struct audit_bundle *b = s->bundle;
    if (s->failed || s->full || r->exit == EXIT_COULD_NOT) {
        for (int row = ROW_FRAME; row <= ROW_REPLAY; row++) {
            /* of several faults the first is told; which others were met depends on the number of jobs */
            r->state[row] = s->failed && r->fault.row == (enum audit_row)row ? AUDIT_FAILED : AUDIT_NOT_DONE;
            if (r->state[row] == AUDIT_NOT_DONE && r->blocks > 0) {
                snprintf(r->why[row], sizeof r->why[row], "good up to height %llu, then stopped",
                         (unsigned long long)(b->manifest.first_height + r->blocks - 1));
            }
        }
        return;
    }
    for (int row = ROW_FRAME; row <= ROW_REPLAY; row++) {
        r->state[row] = AUDIT_DONE;
    }
    r->head = s->before;
    r->have_head = true;
    if (r->head.log_size != b->manifest.log_size) {
        struct audit_fault a = {
            .row = ROW_FILES, .file = "manifest.json", .rule = "it names another log size than the last header"};
        audit_note(r, &a);
    }
    const char *rule = audit_books(r, b, replay);
    s->segment = "";
    r->state[ROW_SUMS] = AUDIT_DONE;
    if (rule != NULL) { /* the checks below say where it came from */
        note_rule(s, ZYD_CHECK_SUMS, r->head.height, rule);
    }
    const struct zyd_inv_source records = {zyd_replay_state(replay), record_get};
    struct zyd_inv_fault broken;
    if (!s->broken) {
        note_invariant(s, zyd_inv_scan(s->invariants, &broken, &records), &broken);
    }
    r->state[ROW_INVARIANTS] = AUDIT_DONE;
    if (s->broken) {
        audit_note_invariant(r, &s->broken_by, &b->genesis, s->broken_in);
    }
    take_findings(s);
}

/* False: memory ran out below the most there is, and r is as it was. */
static bool run_with(struct audit_result *r, struct audit_bundle *b, const struct audit_options *options, bool most)
{
    struct audit_result before = *r;
    struct run s = {.bundle = b, .result = r, .options = options, .segment = "", .started = seconds_now()};
    struct worker *workers;
    void *mem = NULL;
    size_t size = 0;
    s.told = s.started;
    struct zyd_replay *replay = make_replay(r, &mem, &size, &s.before, b, options->memory, most);
    if (replay != NULL) {
        s.pass = audit_pass_new(&b->genesis);
        s.invariants = zyd_inv_new(&b->genesis);
        zyd_assert(s.invariants != NULL);
        s.re = re_open(&b->genesis, s.pass);
        pthread_mutex_init(&s.lock, NULL);
        make_workers(&workers, &s);
        for (size_t i = 0; i < b->manifest.segment_count && !s.failed && !s.full && r->exit != EXIT_COULD_NOT; i++) {
            run_segment(&s, &b->manifest.segments[i], workers, replay);
        }
        finish(&s, replay);
        if (s.failed && options->progress == AUDIT_BAR) {
            fputc('\n', stderr);
        }
        for (unsigned i = 0; i < options->jobs; i++) {
            free(workers[i].votes);
            free(workers[i].scratch);
        }
        free(workers);
        free(s.items);
        re_close(s.re);
        audit_pass_free(s.pass);
        zyd_inv_free(s.invariants);
        pthread_mutex_destroy(&s.lock);
    }
    if (mem != NULL) {
        munmap(mem, size);
    }
    if (s.full && !most) {
        *r = before;
        return false;
    }
    return true;
}

void audit_run(struct audit_result *r, struct audit_bundle *b, const struct audit_options *options)
{
    bool done = run_with(r, b, options, false) || run_with(r, b, options, true);
    zyd_assert(done);
}

void audit_verify(struct audit_result *r, struct audit_bundle *b, const char *dir, const struct zyd_hash *genesis_hash,
                  const struct audit_options *options)
{
    double started = seconds_now();
    if (audit_bundle_open(b, r, dir, genesis_hash, options->jobs)) {
        audit_run(r, b, options);
    }
    static const char *const not_here[ROW_COUNT] = {
        [ROW_RECEIPTS] = "no receipts were given: zyd-audit receipt checks one",
        [ROW_SOURCES] = "one export was given; others were not compared",
        [ROW_WITNESSES] = "the bundle holds no cosigned checkpoints",
    };
    for (int row = 0; row < ROW_COUNT; row++) {
        if (r->state[row] == AUDIT_NOT_DONE && r->why[row][0] == '\0') {
            snprintf(r->why[row], sizeof r->why[row], "%s", not_here[row] != NULL ? not_here[row] : "not reached");
        }
    }
    r->seconds = seconds_now() - started;
}
