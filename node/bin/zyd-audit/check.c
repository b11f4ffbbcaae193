/* Running the checks: workers take blocks of a segment in any order (history, quorum, entry), the calling thread executes them in
 * order (replay).  The verdict names the lowest bad height, whatever the number of jobs. */
#include "audit.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MEMO 4096u /* remembered vote verdicts a thread: each notarization stands in its block and in the next one's justification */
#define SCRATCH_SIZE (8u << 20)

struct block_item {
    struct zyd_block_view view;
    struct zyd_span finality;
};
struct shared {
    struct bundle *bundle;
    struct result *result;
    struct block_item *blocks;
    size_t count;
    struct zyd_header before;      /* header before blocks[0] */
    struct zyd_frontier frontier0; /* log before blocks[0] */
    atomic_size_t next, done;
    pthread_mutex_t lock;
    bool failed;
    struct zyd_fault fault;
};
struct memo {
    struct zyd_hash key[MEMO];
    bool verdict[MEMO];
    uint64_t checked;
};

static bool verify_remembered(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    struct memo *m = ctx;
    struct zyd_hasher h;
    struct zyd_hash key;
    m->checked++;
    zyd_hasher_start(&h, "zyd/memo/1");
    zyd_hasher_add(&h, pk->b, sizeof pk->b);
    zyd_hasher_add(&h, sig->b, sizeof sig->b);
    zyd_hasher_add(&h, msg, size);
    zyd_hasher_end(&h, &key);
    size_t slot = zyd_get32(key.b) % MEMO;
    if (!zyd_hash_eq(&m->key[slot], &key)) {
        m->verdict[slot] = zyd_sig_verify(pk, msg, size, sig);
        m->key[slot] = key;
    }
    return m->verdict[slot];
}

static bool verify_plain(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    ++*(uint64_t *)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}

static bool earlier(const struct zyd_fault *a, const struct zyd_fault *b)
{
    return a->height != b->height ? a->height < b->height : a->check < b->check;
}

static void note_fault(struct shared *s, const struct zyd_fault *f)
{
    pthread_mutex_lock(&s->lock);
    if (!s->failed || earlier(f, &s->fault)) {
        s->fault = *f;
        s->failed = true;
    }
    pthread_mutex_unlock(&s->lock);
}

static uint64_t bad_height(struct shared *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t h = s->failed ? s->fault.height : UINT64_MAX;
    pthread_mutex_unlock(&s->lock);
    return h;
}

/* History of block i, and that the next block starts where it ends. */
static enum zyd_status history(struct shared *s, struct zyd_fault *fault, struct zyd_arena *scratch, size_t i)
{
    struct block_item *b = &s->blocks[i];
    const struct zyd_header *prev = i == 0 ? &s->before : &s->blocks[i - 1].view.header;
    struct zyd_frontier f, next;
    if (i == 0) {
        f = s->frontier0;
    } else if (zyd_frontier_decode(&f, b->view.frontier) != ZYD_OK) {
        *fault = (struct zyd_fault){ZYD_CHECK_FRAME, b->view.header.height, UINT64_MAX, "the log frontier is not well formed", -1};
        return ZYD_E_MALFORMED;
    }
    zyd_arena_reset(scratch);
    enum zyd_status st = zyd_verify_history(fault, &f, scratch, &b->view, prev);
    if (st != ZYD_OK || i + 1 == s->count) {
        return st;
    }
    struct zyd_hash a, c;
    zyd_frontier_root(&a, &f);
    if (zyd_frontier_decode(&next, s->blocks[i + 1].view.frontier) != ZYD_OK || next.size != f.size) {
        c = (struct zyd_hash){{0}};
    } else {
        zyd_frontier_root(&c, &next);
    }
    if (!zyd_hash_eq(&a, &c)) {
        *fault = (struct zyd_fault){ZYD_CHECK_HISTORY, s->blocks[i + 1].view.header.height, f.size,
                                    "the log before the block is not the log after the block before", -1};
        return ZYD_E_INVALID;
    }
    return ZYD_OK;
}

struct worker {
    pthread_t thread;
    struct shared *shared;
    struct memo *memo;
    uint64_t envelope_signatures;
    uint8_t *scratch;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct shared *s = w->shared;
    struct zyd_arena scratch;
    zyd_arena_init(&scratch, w->scratch, SCRATCH_SIZE);
    struct zyd_sig_ops votes = {.ctx = w->memo, .verify = verify_remembered};
    struct zyd_sig_ops envelopes = {.ctx = &w->envelope_signatures, .verify = verify_plain};
    for (size_t i; (i = atomic_fetch_add(&s->next, 1)) < s->count; atomic_fetch_add(&s->done, 1)) {
        struct block_item *b = &s->blocks[i];
        struct zyd_fault f;
        if (b->view.header.height > bad_height(s)) {
            continue;
        }
        if (history(s, &f, &scratch, i) != ZYD_OK ||
            zyd_verify_quorum(&f, &s->bundle->genesis, &b->view, b->finality, &votes) != ZYD_OK ||
            zyd_verify_entries(&f, &s->bundle->genesis, &b->view, &envelopes) != ZYD_OK) {
            note_fault(s, &f);
        }
    }
    return NULL;
}

static void progress(const struct shared *s, const struct run_options *o, uint64_t height, double started)
{
    static const char bar[] = "########################################";
    if (!o->progress) {
        return;
    }
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t first = s->bundle->first_height, total = s->bundle->last_height - first + 1, n = height - first + 1;
    double spent = (double)t.tv_sec + (double)t.tv_nsec / 1e9 - started;
    fprintf(stderr, "\r verify  %-40.*s %llu / %llu blocks  left %.0f s ", (int)(40 * n / total), bar, (unsigned long long)n,
            (unsigned long long)total, spent / (double)n * (double)(total - n));
    if (n == total) {
        fputc('\n', stderr);
    }
}

/* Reads a segment's frames in order and checks chain links; what follows the first fault is not read. */
static void read_frames(struct shared *s, const struct segment_file *sf)
{
    const struct zyd_segment *seg = &sf->segment;
    size_t pos = seg->frames_at;
    struct zyd_header prev = s->before;
    struct zyd_fault f = {ZYD_CHECK_FRAME, seg->head.first_height, UINT64_MAX, NULL, -1};
    s->count = 0;
    for (uint64_t height = seg->head.first_height; height <= seg->head.last_height; height++) {
        struct block_item *b = &s->blocks[s->count];
        f = (struct zyd_fault){ZYD_CHECK_FRAME, height, UINT64_MAX, NULL, -1};
        enum zyd_status st = zyd_segment_next(&b->view, &b->finality, &pos, seg);
        if (st != ZYD_OK) {
            f.rule = st == ZYD_E_NOT_FOUND ? "blocks are missing at the end of the segment" : "a block's frame is not well formed";
            break;
        }
        if (b->view.writes.size != 0) {
            f.rule = "an exported block carries a write set";
            break;
        }
        if (zyd_verify_chain(&f, &s->bundle->genesis, &b->view, &prev) != ZYD_OK) {
            f.height = height;
            break;
        }
        prev = b->view.header;
        s->count++;
    }
    if (f.rule == NULL && pos != seg->frames_end) {
        f = (struct zyd_fault){ZYD_CHECK_FRAME, seg->head.last_height, UINT64_MAX, "bytes are left over at the end of the segment", -1};
    }
    if (f.rule != NULL) {
        note_fault(s, &f);
    } else if (!seg->hash_ok) {
        f = (struct zyd_fault){ZYD_CHECK_FRAME, seg->head.first_height, UINT64_MAX,
                               "the segment's bytes do not have the hash in its footer", -1};
        note_fault(s, &f);
    }
}

static void replay_segment(struct shared *s, struct zyd_replay *replay, const struct run_options *o, double started)
{
    for (size_t i = 0; i < s->count; i++) {
        struct zyd_fault f = {ZYD_CHECK_REPLAY, s->blocks[i].view.header.height, UINT64_MAX, NULL, -1};
        if (f.height > bad_height(s)) {
            return;
        }
        if (zyd_replay_block(replay, &f.rule, &f.entry, &s->blocks[i].view) != ZYD_OK) {
            note_fault(s, &f);
            return;
        }
        struct zyd_rd rd = zyd_rd_of(s->blocks[i].view.envelopes);
        while (rd.pos < rd.size) {
            struct zyd_span e = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
            s->result->operations += e.size >= ZYD_ENV_HEAD_SIZE ? zyd_get32(e.data + 44) : 0;
            s->result->entries++;
        }
        s->result->blocks++;
        if (i % 16 == 0 || i + 1 == s->count) {
            progress(s, o, f.height, started);
        }
    }
}

static void run_segment(struct shared *s, struct segment_file *sf, struct worker *workers, unsigned jobs,
                        struct zyd_replay *replay, const struct run_options *o, double started)
{
    s->blocks = calloc(sf->segment.blocks, sizeof *s->blocks);
    zyd_assert(s->blocks != NULL);
    read_frames(s, sf);
    atomic_store(&s->next, 0);
    unsigned threads = jobs > 1 ? jobs - 1 : 0;
    for (unsigned i = 0; i < threads; i++) {
        zyd_assert(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    if (replay != NULL) {
        replay_segment(s, replay, o, started);
    }
    work(&workers[threads]); /* the calling thread helps with what is left */
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    if (s->count > 0) {
        s->before = s->blocks[s->count - 1].view.header;
    }
    free(s->blocks);
    s->blocks = NULL;
}

/* A segment must start where the one before ended: log, state, header. */
static void check_join(struct shared *s, const struct segment_file *sf)
{
    const struct zyd_segment_head *h = &sf->segment.head;
    struct zyd_hash root;
    zyd_frontier_root(&root, &h->frontier);
    if (h->frontier.size != s->before.log_size || !zyd_hash_eq(&root, &s->before.log_root) ||
        h->state_size != s->before.state_size || !zyd_hash_eq(&h->state_root, &s->before.state_root)) {
        struct zyd_fault f = {ZYD_CHECK_HISTORY, h->first_height, UINT64_MAX,
                              "the segment does not start from the log and state that the block before left", -1};
        note_fault(s, &f);
    }
    s->frontier0 = h->frontier;
}

static struct zyd_replay *make_replay(struct bundle *b, struct zyd_header *genesis_header)
{
    struct zyd_kv nothing = zyd_kv_empty(); /* the auditor keeps every record in memory */
    struct zyd_replica_limits limits;
    zyd_replica_limits_node(&limits);
    limits.state.recent_bytes = (uint64_t)32 << 30; /* mapped lazily: only what is used takes memory */
    size_t size = zyd_replay_footprint(&limits, &b->genesis);
    void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    zyd_assert(mem != MAP_FAILED);
    struct zyd_replay *r = zyd_replay_init(mem, &b->genesis, &limits, &nothing);
    const char *why;
    for (size_t i = 0; i < b->plugin_count; i++) {
        if (zyd_replay_plugin(r, &why, zyd_span(b->plugins[i].file.data, b->plugins[i].file.size)) != ZYD_OK) {
            return NULL;
        }
    }
    return zyd_replay_genesis(r, genesis_header) == ZYD_OK ? r : NULL;
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void audit_run(struct result *out, struct bundle *b, const struct run_options *options)
{
    double started = seconds_now();
    memset(out, 0, sizeof *out);
    struct shared s = {.bundle = b, .result = out};
    pthread_mutex_init(&s.lock, NULL);
    unsigned jobs = options->jobs < 1 ? 1 : options->jobs;
    struct worker *workers = calloc(jobs, sizeof *workers);
    zyd_assert(workers != NULL);
    for (unsigned i = 0; i < jobs; i++) {
        workers[i].shared = &s;
        workers[i].memo = calloc(1, sizeof *workers[i].memo);
        workers[i].scratch = malloc(SCRATCH_SIZE);
        zyd_assert(workers[i].memo != NULL && workers[i].scratch != NULL);
    }
    struct zyd_replay *replay = make_replay(b, &s.before);
    if (replay == NULL) {
        struct zyd_fault f = {ZYD_CHECK_REPLAY, 0, UINT64_MAX, "genesis or a contract image is refused", -1};
        note_fault(&s, &f);
    }
    if (b->first_height != 1 && replay != NULL) {
        struct zyd_fault f = {ZYD_CHECK_REPLAY, b->first_height, UINT64_MAX, "the bundle does not start at height 1", -1};
        note_fault(&s, &f);
    }
    for (size_t i = 0; i < b->segment_count && !s.failed; i++) {
        check_join(&s, &b->segments[i]);
        run_segment(&s, &b->segments[i], workers, jobs, replay, options, started);
    }
    out->head = s.before;
    if (!s.failed) {
        for (int c = 0; c <= ZYD_CHECK_REPLAY; c++) {
            out->check[c] = CHECK_DONE;
        }
        const char *rule = audit_sums(out, b, replay);
        out->check[ZYD_CHECK_SUMS] = CHECK_DONE;
        if (rule != NULL) {
            struct zyd_fault f = {ZYD_CHECK_SUMS, s.before.height, UINT64_MAX, rule, -1};
            note_fault(&s, &f);
        }
    }
    if (s.failed) {
        out->failed = true;
        out->fault = s.fault;
        out->check[s.fault.check] = CHECK_FAILED;
    }
    for (unsigned i = 0; i < jobs; i++) {
        out->envelope_signatures += workers[i].envelope_signatures;
        out->certificate_signatures += workers[i].memo->checked;
        free(workers[i].memo);
        free(workers[i].scratch);
    }
    free(workers);
    out->seconds = seconds_now() - started;
}
