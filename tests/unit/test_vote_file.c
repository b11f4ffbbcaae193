/* Goal: what this validator signed is never forgotten silently, whatever a crash or a bad disk leaves of the vote file.
 * Method: real files in a temporary directory; a reference list of what was appended; the file is then cut, torn in any order,
 * zeroed or changed at every byte, and opening it must give all of it back, or a prefix that ends in what was never durable, or
 * say ZYD_E_DAMAGED. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zyd/io.h>

#include "node/io/store/slots.h"

static const struct zyd_hash chain = {{7}};

struct fixture {
    char root[64], dir[96];
};
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->root, "/tmp/zyd-votes-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->dir, sizeof f->dir, "%s/votes", f->root);
    *state = f;
    return 0;
}
static void wipe(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    if (d != NULL)
        closedir(d);
    rmdir(dir);
}
static int teardown(void **state)
{
    struct fixture *f = *state;
    wipe(f->dir);
    rmdir(f->root);
    free(f);
    return 0;
}

struct bytes {
    uint8_t b[ZYD_CERT_SIZE_MAX];
    size_t size;
};
static struct bytes vote(uint8_t type, uint64_t view)
{
    struct zyd_vote v = {.type = type, .epoch = 1, .view = view, .height = type == ZYD_VOTE_X ? 0 : view, .signer = 2};
    if (type != ZYD_VOTE_X)
        memset(v.hash.b, (int)(view & 0xff) | 1, 32);
    memset(v.sig.b, 0x5a, 64);
    struct bytes out = {.size = ZYD_VOTE_SIZE};
    zyd_vote_encode(out.b, &v);
    return out;
}
static struct bytes cert(uint64_t view, unsigned signers)
{
    static struct zyd_cert c;
    c = (struct zyd_cert){.type = ZYD_VOTE_N, .epoch = 1, .view = view, .height = view};
    memset(c.hash.b, 0x33, 32);
    for (unsigned i = 0; i < signers; i++) {
        c.bitmap |= UINT64_C(1) << i;
        memset(c.sigs[i].b, (int)i + 1, 64);
    }
    struct bytes out;
    struct zyd_wr wr = zyd_wr_of(out.b, sizeof out.b);
    zyd_cert_encode(&wr, &c);
    assert_false(wr.full);
    out.size = wr.size;
    return out;
}
static enum zyd_status append(struct zyd_votes *v, uint8_t kind, const struct bytes *b, uint64_t view)
{
    struct zyd_err err;
    struct zyd_fx fx = {.kind = ZYD_FX_PERSIST, .persist = kind, .view = view};
    if (b != NULL)
        fx.bytes = zyd_span(b->b, b->size);
    return zyd_votes_append(v, &err, &fx, 1);
}
static void add_vote(struct zyd_votes *v, uint8_t type, uint64_t view)
{
    struct bytes b = vote(type, view);
    assert_int_equal(append(v, ZYD_PERSIST_VOTE, &b, 0), ZYD_OK);
}

struct seen {
    size_t votes, certs;
    uint64_t highest_vote, highest_cert;
};
static enum zyd_status see_vote(void *ctx, struct zyd_span s)
{
    struct seen *seen = ctx;
    struct zyd_vote v;
    assert_int_equal(zyd_vote_decode(&v, s), ZYD_OK);
    seen->votes++;
    if (v.view > seen->highest_vote)
        seen->highest_vote = v.view;
    return ZYD_OK;
}
static enum zyd_status see_cert(void *ctx, struct zyd_span s)
{
    struct seen *seen = ctx;
    static struct zyd_cert c;
    struct zyd_rd rd = zyd_rd_of(s);
    zyd_cert_read(&rd, &c);
    assert_int_equal(zyd_rd_done(&rd), ZYD_OK);
    seen->certs++;
    seen->highest_cert = c.view;
    return ZYD_OK;
}
static struct seen see(struct zyd_votes *v)
{
    struct seen s = {0};
    struct zyd_err err;
    assert_int_equal(zyd_votes_each(v, &err, see_vote, see_cert, &s), ZYD_OK);
    return s;
}
static struct zyd_votes *open_ok(const struct fixture *f)
{
    struct zyd_votes *v;
    struct zyd_err err = {0};
    enum zyd_status st = zyd_votes_open(&v, &err, f->dir, &chain);
    if (st != ZYD_OK)
        fail_msg("%s", err.text);
    return v;
}
static struct zyd_votes *made(const struct fixture *f)
{
    struct zyd_err err;
    assert_int_equal(zyd_votes_create(&err, f->dir, &chain), ZYD_OK);
    return open_ok(f);
}
static void segment_path(char out[160], const struct fixture *f, unsigned n)
{
    snprintf(out, 160, "%s/votes-%08u.seg", f->dir, n);
}
static uint8_t *slurp(const char *path)
{
    uint8_t *b = malloc(SEGMENT_SIZE);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fread(b, 1, SEGMENT_SIZE, in), SEGMENT_SIZE);
    fclose(in);
    return b;
}
static void spill(const char *path, const uint8_t *b, size_t size)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(b, 1, size, out), size);
    fclose(out);
}

static void what_was_appended_is_there_after_reopening(void **state)
{
    struct fixture *f = *state;
    struct zyd_votes *v = made(f);
    for (uint64_t view = 1; view <= 40; view++) {
        struct bytes c = cert(view, view % 2 == 0 ? 3 : 31);
        add_vote(v, ZYD_VOTE_N, view);
        assert_int_equal(append(v, ZYD_PERSIST_CERT, &c, 0), ZYD_OK);
        add_vote(v, ZYD_VOTE_F, view);
    }
    zyd_votes_close(v);
    v = open_ok(f);
    struct seen s = see(v);
    assert_int_equal(s.votes, 80);
    assert_int_equal(s.certs, 40);
    struct zyd_hash h;
    memset(h.b, 17, 32);
    assert_true(zyd_votes_has(v, ZYD_VOTE_N, 17, &h));
    assert_false(zyd_votes_has(v, ZYD_VOTE_X, 17, &h));
    assert_false(zyd_votes_has(v, ZYD_VOTE_N, 18, &h));
    assert_int_equal(append(v, ZYD_PERSIST_FLOOR, NULL, 39), ZYD_OK);
    zyd_votes_close(v);
    v = open_ok(f);
    s = see(v);
    assert_int_equal(zyd_votes_floor(v), 39);
    assert_int_equal(s.votes, 2);
    assert_int_equal(s.certs, 2);
    assert_int_equal(append(v, ZYD_PERSIST_FLOOR, NULL, 20), ZYD_OK); /* never down */
    assert_int_equal(zyd_votes_floor(v), 39);
    zyd_votes_close(v);
}

static void a_missing_foreign_or_locked_file_is_refused(void **state)
{
    struct fixture *f = *state;
    struct zyd_votes *v, *w;
    struct zyd_err err;
    assert_int_equal(zyd_votes_open(&v, &err, f->dir, &chain), ZYD_E_DAMAGED);
    v = made(f);
    assert_int_equal(zyd_votes_create(&err, f->dir, &chain), ZYD_E_EXISTS);
    assert_int_equal(zyd_votes_open(&w, &err, f->dir, &chain), ZYD_E_BUSY);
    zyd_votes_close(v);
    struct zyd_hash other = {{8}};
    assert_int_equal(zyd_votes_open(&v, &err, f->dir, &other), ZYD_E_FOREIGN);
    char path[160];
    segment_path(path, f, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(zyd_votes_open(&v, &err, f->dir, &chain), ZYD_E_DAMAGED);
}

static void old_segments_go_and_votes_above_the_floor_never_do(void **state)
{
    struct fixture *f = *state;
    struct zyd_votes *v = made(f);
    struct zyd_fx items[64];
    static struct bytes b[64];
    uint64_t view = 1;
    add_vote(v, ZYD_VOTE_X, 3); /* then the floor stays below it for long */
    for (int round = 0; round < 300; round++) {
        struct zyd_err err;
        for (size_t i = 0; i < 64; i++) {
            b[i] = vote(ZYD_VOTE_N, 100 + view++);
            items[i] = (struct zyd_fx){.persist = ZYD_PERSIST_VOTE, .bytes = zyd_span(b[i].b, b[i].size)};
        }
        assert_int_equal(zyd_votes_append(v, &err, items, 64), ZYD_OK);
        if (round == 150)
            assert_int_equal(append(v, ZYD_PERSIST_FLOOR, NULL, 2), ZYD_OK);
    }
    assert_int_equal(see(v).votes, 1 + 300 * 64);
    char path[160];
    segment_path(path, f, 1);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(append(v, ZYD_PERSIST_FLOOR, NULL, 100 + view - 10), ZYD_OK);
    for (int i = 0; i < 4200; i++)
        add_vote(v, ZYD_VOTE_F, 100 + view + (uint64_t)i);
    assert_int_not_equal(access(path, F_OK), 0);
    size_t votes = see(v).votes;
    zyd_votes_close(v);
    v = open_ok(f);
    assert_int_equal(see(v).votes, votes);
    zyd_votes_close(v);
}

/* One segment with 12 votes and 2 long certificates, then closed: all durable. */
static uint8_t *closed_segment(const struct fixture *f, char path[160])
{
    struct zyd_votes *v = made(f);
    for (uint64_t i = 1; i <= 6; i++) {
        add_vote(v, ZYD_VOTE_N, i);
        if (i % 3 == 0) {
            struct bytes c = cert(i, 31);
            assert_int_equal(append(v, ZYD_PERSIST_CERT, &c, 0), ZYD_OK);
        }
        add_vote(v, ZYD_VOTE_F, i);
    }
    zyd_votes_close(v);
    segment_path(path, f, 1);
    return slurp(path);
}

static void every_truncation_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[160];
    uint8_t *b = closed_segment(f, path);
    struct zyd_votes *v;
    struct zyd_err err;
    for (size_t size = 0; size < SEGMENT_SIZE; size += size < 40 * SLOT_SIZE ? 61 : 65521) {
        spill(path, b, size);
        assert_int_equal(zyd_votes_open(&v, &err, f->dir, &chain), ZYD_E_DAMAGED);
        assert_non_null(strstr(err.text, "do not delete it"));
    }
    free(b);
}

static uint32_t used_slots(const uint8_t *b)
{
    struct segment_header h;
    struct segment_scan scan;
    assert_int_equal(zyd_segment_header_decode(&h, b), ZYD_OK);
    assert_int_equal(zyd_segment_scan(&scan, b, &h, true, NULL, NULL), ZYD_OK);
    return scan.used;
}

static void every_flipped_bit_of_a_durable_record_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[160];
    uint8_t *b = closed_segment(f, path);
    uint32_t used = used_slots(b);
    assert_true(used > 30);
    for (size_t at = 0; at < (size_t)used * SLOT_SIZE; at++) {
        uint8_t bit = (uint8_t)(1u << (at % 8));
        b[at] ^= bit;
        struct segment_header h;
        struct segment_scan scan;
        enum zyd_status st = zyd_segment_header_decode(&h, b);
        if (at < SLOT_SIZE)
            assert_int_not_equal(st, ZYD_OK);
        else {
            st = zyd_segment_scan(&scan, b, &h, true, NULL, NULL);
            if (at < (size_t)(used - 1) * SLOT_SIZE) /* the last slot is the mark of closing itself */
                assert_int_equal(st, ZYD_E_DAMAGED);
            else {
                assert_int_equal(st, ZYD_OK);
                assert_int_equal(scan.used, used - 1);
            }
            /* In an older segment nothing may be torn at all. */
            assert_int_equal(zyd_segment_scan(&scan, b, &h, false, NULL, NULL), ZYD_E_DAMAGED);
        }
        b[at] ^= bit;
    }
    /* The same through the file, at a few places. */
    for (size_t at = 5; at < (size_t)(used - 1) * SLOT_SIZE; at += 769) {
        struct zyd_votes *v;
        struct zyd_err err;
        b[at] ^= 0x10;
        spill(path, b, SEGMENT_SIZE);
        assert_int_equal(zyd_votes_open(&v, &err, f->dir, &chain), ZYD_E_DAMAGED);
        b[at] ^= 0x10;
    }
    free(b);
}

static void garbage_behind_the_end_is_cut_off_and_never_comes_back(void **state)
{
    struct fixture *f = *state;
    char path[160];
    uint8_t *b = closed_segment(f, path);
    uint32_t used = used_slots(b);
    for (uint32_t slot = used; slot < SLOT_COUNT; slot += 401) {
        memset(b + (size_t)slot * SLOT_SIZE + 13, 0xa5, 100);
        spill(path, b, SEGMENT_SIZE);
        struct zyd_votes *v = open_ok(f);
        assert_int_equal(see(v).votes, 12);
        zyd_votes_close(v);
        uint8_t *now = slurp(path);
        for (size_t i = (size_t)(used + 2) * SLOT_SIZE; i < SEGMENT_SIZE; i++)
            assert_int_equal(now[i], 0);
        free(now);
        memset(b + (size_t)slot * SLOT_SIZE, 0, SLOT_SIZE);
    }
    free(b);
}

/* A batch of 6 records written at once and not yet durable: any subset of its slots may have reached the disk, each whole, torn
 * in the middle or zero. */
static void a_torn_batch_leaves_all_that_was_durable_in_any_order_of_tearing(void **state)
{
    struct fixture *f = *state;
    char path[160];
    uint8_t *before = closed_segment(f, path);
    uint32_t used = used_slots(before);
    struct zyd_votes *v = open_ok(f); /* one more mark */
    struct zyd_fx items[6];
    static struct bytes b[6];
    struct zyd_err err;
    for (size_t i = 0; i < 6; i++) {
        b[i] = i == 4 ? cert(50, 4) : vote(ZYD_VOTE_N, 40 + i);
        items[i] =
            (struct zyd_fx){.persist = i == 4 ? ZYD_PERSIST_CERT : ZYD_PERSIST_VOTE, .bytes = zyd_span(b[i].b, b[i].size)};
    }
    assert_int_equal(zyd_votes_append(v, &err, items, 6), ZYD_OK);
    uint8_t *after = slurp(path); /* without the mark of closing */
    zyd_votes_close(v);
    uint32_t first = used + 1, slots = 7; /* a certificate of 4 takes two */
    assert_int_equal(used_slots(after), first + slots);
    for (unsigned pattern = 0; pattern < 2187; pattern++) { /* 3^7 */
        uint8_t *t = malloc(SEGMENT_SIZE);
        memcpy(t, after, SEGMENT_SIZE);
        unsigned p = pattern, whole = 0;
        bool all = true;
        for (uint32_t i = 0; i < slots; i++, p /= 3) {
            uint8_t *s = t + (size_t)(first + i) * SLOT_SIZE;
            if (p % 3 == 1)
                memset(s + 100, 0, SLOT_SIZE - 100);
            else if (p % 3 == 2)
                memset(s, 0, SLOT_SIZE);
            /* tearing off bytes that are zero anyway leaves it whole */
            bool intact = memcmp(s, after + (size_t)(first + i) * SLOT_SIZE, SLOT_SIZE) == 0;
            all = all && intact;
            whole += all;
        }
        struct segment_header h;
        struct segment_scan scan;
        assert_int_equal(zyd_segment_header_decode(&h, t), ZYD_OK);
        assert_int_equal(zyd_segment_scan(&scan, t, &h, true, NULL, NULL), ZYD_OK);
        /* The certificate stands first, in two slots; half of it counts for nothing. */
        assert_int_equal(scan.used, first + (whole == 1 ? 0 : whole));
        bool rest = false;
        for (size_t i = (size_t)scan.used * SLOT_SIZE; i < SEGMENT_SIZE; i++)
            rest = rest || t[i] != 0;
        assert_int_equal(scan.torn, rest);
        free(t);
    }
    free(before);
    free(after);
}

static void a_hole_that_a_later_record_knows_to_be_durable_is_damage(void **state)
{
    struct fixture *f = *state;
    char path[160];
    uint8_t *b = closed_segment(f, path);
    uint32_t used = used_slots(b);
    for (uint32_t i = 1; i + 1 < used; i++) {
        uint8_t kept[SLOT_SIZE];
        memcpy(kept, b + (size_t)i * SLOT_SIZE, SLOT_SIZE);
        memset(b + (size_t)i * SLOT_SIZE, 0, SLOT_SIZE);
        spill(path, b, SEGMENT_SIZE);
        struct zyd_votes *v;
        struct zyd_err err;
        assert_int_equal(zyd_votes_open(&v, &err, f->dir, &chain), ZYD_E_DAMAGED);
        memcpy(b + (size_t)i * SLOT_SIZE, kept, SLOT_SIZE);
    }
    free(b);
}

static void a_killed_writer_loses_no_acknowledged_vote(void **state)
{
    struct fixture *f = *state;
    zyd_votes_close(made(f));
    uint64_t acked = 0;
    for (int round = 0; round < 20; round++) {
        int pipefd[2];
        assert_int_equal(pipe(pipefd), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct zyd_votes *v;
            struct zyd_err err;
            if (zyd_votes_open(&v, &err, f->dir, &chain) != ZYD_OK)
                _exit(1);
            for (uint64_t view = acked + 1;; view++) {
                struct bytes b = vote(ZYD_VOTE_N, view);
                if (append(v, ZYD_PERSIST_VOTE, &b, 0) != ZYD_OK || write(pipefd[1], &view, 8) != 8)
                    _exit(1);
                if (view % 50 == 0)
                    (void)append(v, ZYD_PERSIST_FLOOR, NULL, view - 10);
            }
        }
        close(pipefd[1]);
        uint64_t view, want = acked + 20 + (uint64_t)round * 13;
        while (read(pipefd[0], &view, 8) == 8) {
            acked = view;
            if (acked >= want)
                kill(pid, SIGKILL);
        }
        close(pipefd[0]);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        struct zyd_votes *v = open_ok(f);
        assert_true(see(v).highest_vote >= acked);
        acked = see(v).highest_vote;
        zyd_votes_close(v);
    }
}

static void a_failed_write_is_fatal_for_good(void **state)
{
    struct fixture *f = *state;
    pid_t pid;
    zyd_votes_close(made(f));
    if ((pid = fork()) == 0) { /* RLIMIT_FSIZE makes the write fail */
        struct zyd_votes *v;
        struct zyd_err err;
        if (zyd_votes_open(&v, &err, f->dir, &chain) != ZYD_OK)
            _exit(1);
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit low = {SLOT_SIZE, SLOT_SIZE}, high;
        getrlimit(RLIMIT_FSIZE, &high);
        low.rlim_max = high.rlim_max;
        setrlimit(RLIMIT_FSIZE, &low);
        struct bytes b = vote(ZYD_VOTE_N, 1);
        if (append(v, ZYD_PERSIST_VOTE, &b, 0) != ZYD_E_IO)
            _exit(2);
        setrlimit(RLIMIT_FSIZE, &high);
        if (append(v, ZYD_PERSIST_VOTE, &b, 0) != ZYD_E_IO)
            _exit(3);
        zyd_votes_close(v);
        _exit(0);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_appended_is_there_after_reopening, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_foreign_or_locked_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(old_segments_go_and_votes_above_the_floor_never_do, setup, teardown),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_flipped_bit_of_a_durable_record_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage_behind_the_end_is_cut_off_and_never_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_torn_batch_leaves_all_that_was_durable_in_any_order_of_tearing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hole_that_a_later_record_knows_to_be_durable_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_killed_writer_loses_no_acknowledged_vote, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_write_is_fatal_for_good, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
