/* Goal: what the ledger's store acknowledged is there after a crash, and a damaged store is refused or harmless: never a wrong
 * answer. Method: a model of what was put stands beside the real LevelDB; a writer child is killed with SIGKILL between and
 * inside its puts; files are changed byte by byte, and every read afterwards must equal the model or be an error. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zyd/io.h>
#include <zyd/state.h>

static const struct zyd_hash chain = {{9}};

struct fixture {
    char root[64], dir[96];
};
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
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->root, "/tmp/zyd-store-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->dir, sizeof f->dir, "%s/ledger", f->root);
    *state = f;
    return 0;
}
static int teardown(void **state)
{
    struct fixture *f = *state;
    wipe(f->dir);
    rmdir(f->root);
    free(f);
    return 0;
}
static struct zyd_store *open_ok(const struct fixture *f, bool create)
{
    struct zyd_store *s;
    struct zyd_err err = {0};
    if (zyd_store_open(&s, &err, f->dir, &chain, create, 0) != ZYD_OK)
        fail_msg("%s", err.text);
    return s;
}

static struct zyd_fx block_fx(uint64_t height, uint64_t view, uint8_t *buf, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf[i] = (uint8_t)(height * 31 + view * 7 + i * i);
    return (struct zyd_fx){.persist = ZYD_PERSIST_BLOCK, .height = height, .view = view, .bytes = zyd_span(buf, size)};
}
static struct zyd_fx final_fx(uint64_t height, uint64_t view, uint8_t buf[40])
{
    memset(buf, (int)(height & 0x7f), 40);
    return (struct zyd_fx){.persist = ZYD_PERSIST_FINAL, .height = height, .view = view, .bytes = zyd_span(buf, 40)};
}
static void put(struct zyd_store *s, const struct zyd_fx *fx, size_t n, bool sync)
{
    struct zyd_err err;
    if (zyd_store_put(s, &err, fx, n, sync) != ZYD_OK)
        fail_msg("%s", err.text);
}
/* One leaf row: record key made of n, value of size bytes. */
static size_t row(uint8_t *out, uint64_t index, uint8_t n, uint8_t fill, size_t value_size)
{
    size_t size = ZYD_LEAF_HEAD_SIZE + value_size;
    zyd_put64(out, index);
    zyd_put32(out + 8, (uint32_t)size);
    memset(out + 12, fill, size);
    memset(out + 12, 0, 32);
    out[12] = n;
    return 12 + size;
}
static struct zyd_fx end_fx(uint64_t height, uint64_t state_size, uint8_t buf[ZYD_CHECKPOINT_SIZE])
{
    zyd_put64(buf, height);
    zyd_put64(buf + 8, state_size);
    memset(buf + 16, 0x77, 32);
    return (struct zyd_fx){.persist = ZYD_PERSIST_CHECKPOINT_END, .bytes = zyd_span(buf, ZYD_CHECKPOINT_SIZE)};
}

static void blocks_and_finality_come_back_by_height(void **state)
{
    struct fixture *f = *state;
    struct zyd_store *s = open_ok(f, true);
    static uint8_t b[3][5000], fin[2][40];
    struct zyd_kv kv = zyd_store_kv(s);
    struct zyd_span value, finality;
    struct zyd_fx fx[3] = {block_fx(1, 1, b[0], 5000), block_fx(1, 2, b[1], 70), block_fx(2, 4, b[2], 4000)};
    assert_int_equal(kv.block(kv.ctx, &value, &finality, 1), ZYD_E_NOT_FOUND);
    put(s, fx, 3, true);
    assert_int_equal(kv.block(kv.ctx, &value, &finality, 1), ZYD_E_NOT_FOUND); /* which of the two? */
    assert_int_equal(kv.block(kv.ctx, &value, &finality, 2), ZYD_OK);
    assert_int_equal(finality.size, 0);
    fx[0] = final_fx(1, 2, fin[0]);
    put(s, fx, 1, false);
    assert_int_equal(kv.block(kv.ctx, &value, &finality, 1), ZYD_OK);
    assert_int_equal(value.size, 70);
    assert_memory_equal(value.data, b[1], 70);
    assert_int_equal(finality.size, 40);
    assert_memory_equal(finality.data, fin[0], 40);
    uint8_t *v, *w;
    size_t vs, ws;
    struct zyd_err err;
    assert_int_equal(zyd_store_block(s, &err, 2, &v, &vs, &w, &ws), ZYD_OK);
    assert_int_equal(vs, 4000);
    assert_int_equal(ws, 0);
    free(v);
    free(w);
    assert_int_equal(zyd_store_block(s, &err, 3, &v, &vs, &w, &ws), ZYD_E_NOT_FOUND);
    zyd_store_close(s);
}

struct unfinal {
    size_t count, sizes[8];
};
static enum zyd_status unfinal_each(void *ctx, struct zyd_span value)
{
    struct unfinal *u = ctx;
    u->sizes[u->count++] = value.size;
    return ZYD_OK;
}

static void unfinal_blocks_come_in_order_with_carriers_on_the_head(void **state)
{
    struct fixture *f = *state;
    struct zyd_store *s = open_ok(f, true);
    static uint8_t b[5][100], fin[40];
    struct zyd_fx fx[6] = {block_fx(7, 300, b[0], 10), block_fx(7, 2, b[1], 20),  block_fx(7, 256, b[2], 30),
                           block_fx(8, 299, b[3], 40), block_fx(8, 301, b[4], 50), final_fx(7, 256, fin)};
    put(s, fx, 6, true);
    struct unfinal u = {0};
    struct zyd_err err;
    assert_int_equal(zyd_store_unfinal(s, &err, 7, unfinal_each, &u), ZYD_OK);
    assert_int_equal(u.count, 3);
    assert_int_equal(u.sizes[0], 10);
    assert_int_equal(u.sizes[1], 40);
    assert_int_equal(u.sizes[2], 50);
    zyd_store_close(s);
}

static void records_are_read_by_key_by_number_and_below(void **state)
{
    struct fixture *f = *state;
    struct zyd_store *s = open_ok(f, true);
    static uint8_t rows[4096];
    uint8_t end[ZYD_CHECKPOINT_SIZE];
    size_t n = row(rows, 0, 0, 1, 0);
    n += row(rows + n, 1, 0x40, 2, 30);
    n += row(rows + n, 2, 0x20, 3, 300);
    struct zyd_fx fx[2] = {{.persist = ZYD_PERSIST_CHECKPOINT, .bytes = zyd_span(rows, n)}, end_fx(5, 3, end)};
    put(s, fx, 2, false);
    struct zyd_kv kv = zyd_store_kv(s);
    struct zyd_hash key = {{0x20}}, out;
    struct zyd_span leaf;
    uint64_t index;
    assert_int_equal(kv.get(kv.ctx, &index, &leaf, &key), ZYD_OK);
    assert_int_equal(index, 2);
    assert_int_equal(leaf.size, ZYD_LEAF_HEAD_SIZE + 300);
    assert_int_equal(leaf.data[leaf.size - 1], 3);
    assert_int_equal(kv.below(kv.ctx, &out, &key), ZYD_OK);
    assert_int_equal(out.b[0], 0);
    key.b[0] = 0xff;
    assert_int_equal(kv.below(kv.ctx, &out, &key), ZYD_OK);
    assert_int_equal(out.b[0], 0x40);
    assert_int_equal(kv.get(kv.ctx, &index, &leaf, &key), ZYD_E_NOT_FOUND);
    key.b[0] = 0;
    assert_int_equal(kv.below(kv.ctx, &out, &key), ZYD_E_NOT_FOUND);
    assert_int_equal(kv.at(kv.ctx, &leaf, 1), ZYD_OK);
    assert_int_equal(leaf.data[0], 0x40);
    assert_int_equal(kv.at(kv.ctx, &leaf, 3), ZYD_E_NOT_FOUND);
    /* The next checkpoint: one changed, one new; an iterator of before must see both. */
    n = row(rows, 1, 0x40, 9, 1);
    n += row(rows + n, 3, 0x30, 4, 1);
    fx[0].bytes = zyd_span(rows, n);
    fx[1] = end_fx(9, 4, end);
    put(s, fx, 2, false);
    key.b[0] = 0x40;
    assert_int_equal(kv.below(kv.ctx, &out, &key), ZYD_OK);
    assert_int_equal(out.b[0], 0x30);
    assert_int_equal(kv.at(kv.ctx, &leaf, 1), ZYD_OK);
    assert_int_equal(leaf.size, ZYD_LEAF_HEAD_SIZE + 1);
    zyd_store_close(s);
    s = open_ok(f, false);
    struct zyd_checkpoint c;
    struct zyd_err err;
    bool have;
    assert_int_equal(zyd_store_checkpoint(s, &err, &have, &c), ZYD_OK);
    assert_true(have);
    assert_int_equal(c.height, 9);
    assert_int_equal(c.state_size, 4);
    zyd_store_close(s);
}

static void a_checkpoint_deletes_losing_blocks_below_it_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct zyd_store *s = open_ok(f, true);
    static uint8_t b[100], fin[40], end[ZYD_CHECKPOINT_SIZE];
    for (uint64_t h = 1; h <= 6; h++) {
        struct zyd_fx fx = block_fx(h, 10 * h, b, 50);
        put(s, &fx, 1, true);
        fx = block_fx(h, 10 * h + 1, b, 60);
        put(s, &fx, 1, true);
        fx = final_fx(h, 10 * h + 1, fin);
        put(s, &fx, 1, false);
        if (h == 3) { /* what was there before a restart is watched too */
            zyd_store_close(s);
            s = open_ok(f, false);
        }
    }
    struct zyd_fx fx = end_fx(5, 0, end);
    put(s, &fx, 1, false);
    struct unfinal u = {0};
    struct zyd_err err;
    assert_int_equal(zyd_store_unfinal(s, &err, 0, unfinal_each, &u), ZYD_OK);
    assert_int_equal(u.count, 4 + 2 * 2);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(u.sizes[i], 60);
    zyd_store_close(s);
}

static void another_consortium_a_second_process_and_a_missing_store_are_refused(void **state)
{
    struct fixture *f = *state;
    struct zyd_store *s, *t;
    struct zyd_err err;
    assert_int_equal(zyd_store_open(&s, &err, f->dir, &chain, false, 0), ZYD_E_NOT_FOUND);
    s = open_ok(f, true);
    assert_int_equal(zyd_store_open(&t, &err, f->dir, &chain, false, 0), ZYD_E_BUSY);
    zyd_store_close(s);
    assert_int_equal(zyd_store_open(&t, &err, f->dir, &chain, true, 0), ZYD_E_EXISTS);
    struct zyd_hash other = {{10}};
    assert_int_equal(zyd_store_open(&t, &err, f->dir, &other, false, 0), ZYD_E_FOREIGN);
    assert_non_null(strstr(err.text, "another consortium"));
}

static void a_killed_writer_loses_nothing_acknowledged(void **state)
{
    struct fixture *f = *state;
    zyd_store_close(open_ok(f, true));
    uint64_t acked = 0;
    for (int round = 0; round < 15; round++) {
        int pipefd[2];
        assert_int_equal(pipe(pipefd), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct zyd_store *s;
            struct zyd_err err;
            static uint8_t b[60000], fin[40];
            if (zyd_store_open(&s, &err, f->dir, &chain, false, 0) != ZYD_OK)
                _exit(1);
            for (uint64_t h = acked + 1;; h++) {
                struct zyd_fx fx[2] = {block_fx(h, h + 5, b, 60000), final_fx(h, h + 5, fin)};
                if (zyd_store_put(s, &err, fx, 2, true) != ZYD_OK || write(pipefd[1], &h, 8) != 8)
                    _exit(1);
            }
        }
        close(pipefd[1]);
        uint64_t h, want = acked + 10 + (uint64_t)round * 17;
        while (read(pipefd[0], &h, 8) == 8) {
            acked = h;
            if (acked >= want)
                kill(pid, SIGKILL);
        }
        close(pipefd[0]);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        struct zyd_store *s = open_ok(f, false);
        struct zyd_kv kv = zyd_store_kv(s);
        static uint8_t want_bytes[60000];
        for (h = 1; h <= acked; h++) {
            struct zyd_span value, finality;
            assert_int_equal(kv.block(kv.ctx, &value, &finality, h), ZYD_OK);
            block_fx(h, h + 5, want_bytes, 60000);
            assert_int_equal(value.size, 60000);
            assert_memory_equal(value.data, want_bytes, 60000);
            assert_int_equal(finality.size, 40);
        }
        zyd_store_close(s);
    }
}

static char *slurp(const char *path, size_t *size)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return NULL;
    char *b = malloc(4 << 20);
    *size = fread(b, 1, 4 << 20, in);
    fclose(in);
    return b;
}
static void spill(const char *path, const char *b, size_t size)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(b, 1, size, out), size);
    fclose(out);
}

/* Reads all there is; every answer is the model's, or an error, or missing.  Returns whether all was there. */
static bool agrees(struct zyd_store *s)
{
    struct zyd_kv kv = zyd_store_kv(s);
    static uint8_t want[700];
    bool all = true;
    for (uint64_t h = 1; h <= 20; h++) {
        struct zyd_span value, finality;
        enum zyd_status st = kv.block(kv.ctx, &value, &finality, h);
        all = all && st == ZYD_OK;
        if (st != ZYD_OK)
            continue;
        block_fx(h, h, want, 700);
        assert_int_equal(value.size, 700);
        assert_memory_equal(value.data, want, 700);
    }
    for (unsigned i = 0; i < 20; i++) {
        struct zyd_hash key = {{(uint8_t)i}};
        struct zyd_span leaf;
        uint64_t index;
        enum zyd_status st = kv.get(kv.ctx, &index, &leaf, &key);
        all = all && st == ZYD_OK;
        if (st != ZYD_OK)
            continue;
        assert_int_equal(index, i);
        assert_int_equal(leaf.size, ZYD_LEAF_HEAD_SIZE + 20);
        assert_int_equal(leaf.data[leaf.size - 1], i + 1);
    }
    return all;
}

static void a_changed_byte_anywhere_gives_an_error_or_the_right_answer(void **state)
{
    struct fixture *f = *state;
    struct zyd_store *s = open_ok(f, true);
    static uint8_t b[700], fin[40], rows[8192], end[ZYD_CHECKPOINT_SIZE];
    for (uint64_t h = 1; h <= 20; h++) {
        struct zyd_fx fx[2] = {block_fx(h, h, b, 700), final_fx(h, h, fin)};
        put(s, fx, 2, true);
    }
    zyd_store_close(s);
    s = open_ok(f, false); /* the log becomes a table: both kinds of file are there */
    size_t n = 0;
    for (unsigned i = 0; i < 20; i++)
        n += row(rows + n, i, (uint8_t)i, (uint8_t)(i + 1), 20);
    struct zyd_fx fx[2] = {{.persist = ZYD_PERSIST_CHECKPOINT, .bytes = zyd_span(rows, n)}, end_fx(20, 20, end)};
    put(s, fx, 2, true);
    zyd_store_close(s);

    char names[32][256];
    size_t count = 0;
    DIR *d = opendir(f->dir);
    for (struct dirent *e; (e = readdir(d)) != NULL && count < 32;)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "LOCK") != 0 && strncmp(e->d_name, "LOG", 3) != 0)
            snprintf(names[count++], 256, "%s", e->d_name);
    closedir(d);
    char *files[32];
    size_t sizes[32], tried = 0, refused = 0, lost = 0;
    for (size_t i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        files[i] = slurp(path, &sizes[i]);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < sizes[i]; at += sizes[i] < 300 ? 1 : 97) {
            wipe(f->dir); /* LevelDB rewrites files at every open: start from the same bytes */
            assert_int_equal(mkdir(f->dir, 0700), 0);
            for (size_t k = 0; k < count; k++) {
                char path[512];
                snprintf(path, sizeof path, "%s/%s", f->dir, names[k]);
                if (k == i)
                    files[k][at] = (char)(files[k][at] ^ 1 << (at % 8));
                spill(path, files[k], sizes[k]);
                if (k == i)
                    files[k][at] = (char)(files[k][at] ^ 1 << (at % 8));
            }
            struct zyd_err err = {0};
            tried++;
            enum zyd_status st = zyd_store_open(&s, &err, f->dir, &chain, false, 0);
            if (st != ZYD_OK) {
                assert_true(err.text[0] != 0);
                refused++;
                continue;
            }
            if (!agrees(s))
                lost++; /* said so at the read, or shorter than it was: the vote file's floor tells */
            zyd_store_close(s);
        }
    print_message("%zu changed bytes: %zu refused at open, %zu at the read, %zu without effect\n", tried, refused, lost,
                  tried - refused - lost);
    assert_true(tried > 200 && refused > 0);
    for (size_t i = 0; i < count; i++)
        free(files[i]);
}

static void a_missing_table_is_refused_with_its_cure(void **state)
{
    struct fixture *f = *state;
    struct zyd_store *s = open_ok(f, true);
    static uint8_t b[700];
    struct zyd_fx fx = block_fx(1, 1, b, 700);
    put(s, &fx, 1, true);
    zyd_store_close(s);
    zyd_store_close(open_ok(f, false));
    DIR *d = opendir(f->dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strstr(e->d_name, ".ldb") != NULL) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", f->dir, e->d_name);
            unlink(path);
        }
    closedir(d);
    struct zyd_err err;
    assert_int_equal(zyd_store_open(&s, &err, f->dir, &chain, false, 0), ZYD_E_DAMAGED);
    assert_non_null(strstr(err.text, "--rebuild-ledger"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_and_finality_come_back_by_height, setup, teardown),
        cmocka_unit_test_setup_teardown(unfinal_blocks_come_in_order_with_carriers_on_the_head, setup, teardown),
        cmocka_unit_test_setup_teardown(records_are_read_by_key_by_number_and_below, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_deletes_losing_blocks_below_it_and_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(another_consortium_a_second_process_and_a_missing_store_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_killed_writer_loses_nothing_acknowledged, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_byte_anywhere_gives_an_error_or_the_right_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_table_is_refused_with_its_cure, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
