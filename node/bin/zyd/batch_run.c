/* The journal of a batch and the loop that books its rows exactly once. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "batch_run.h"
#include "ops.h"

#define MAGIC "ZYDJRNL1"
#define HEAD_SIZE (8u + 32u + 32u + 2u + 4u)
#define RESULT_ROW 81u
#define RECORD_MAX (2u << 20)
#define VALIDITY_MS (5 * 60 * 1000)
#define ENVELOPE_TARGET (900u << 10)

enum { RECORD_SENT = 1, RECORD_RESULT = 2, RECORD_ABSENT = 3 };

static int journal_fail(const struct run *r, const char *what)
{
    return cli_fail(r->c, ZYD_ERR_JOURNAL, "%s: %s", r->path, what);
}

/* One synced append. */
static int append(struct run *r, uint8_t kind, const uint8_t *payload, size_t size)
{
    uint8_t *buffer = malloc(size + 9);
    zyd_assert(buffer);
    zyd_put32(buffer, (uint32_t)size);
    buffer[4] = kind;
    memcpy(buffer + 5, payload, size);
    zyd_put32(buffer + 5 + size, zyd_crc32c(0, buffer + 4, size + 1));
    size_t done = 0;
    while (done < size + 9) {
        ssize_t n = write(r->fd, buffer + done, size + 9 - done);
        if (n < 0 && errno != EINTR) {
            break;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    free(buffer);
    if (done < size + 9 || fdatasync(r->fd) != 0) {
        return cli_fail(r->c, ZYD_ERR_FILE_WRITE, "%s: %s", r->path, strerror(errno));
    }
    return 0;
}

static struct sent *find_sent(struct run *r, const struct zyd_hash *env_id)
{
    for (size_t i = 0; i < r->sent_count; i++) {
        if (zyd_hash_eq(&r->sent[i].env_id, env_id)) {
            return &r->sent[i];
        }
    }
    return NULL;
}

static void add_sent(struct run *r, const struct sent *s)
{
    struct sent *more = realloc(r->sent, (r->sent_count + 1) * sizeof *more);
    zyd_assert(more);
    r->sent = more;
    r->sent[r->sent_count++] = *s;
    for (uint32_t i = 0; i < s->row_count; i++) {
        r->rows[s->rows[i]].state = ROW_SENT;
    }
}

/* ---- reading ---- */

static bool replay_sent(struct run *r, struct zyd_rd *rd)
{
    struct zyd_env env;
    struct sent s = {.valid_until_ms = (int64_t)zyd_rx_u64(rd), .row_count = zyd_rx_u32(rd)};
    if (rd->bad || s.row_count == 0 || s.row_count > ZYD_ENV_OPS_MAX) {
        return false;
    }
    s.rows = calloc(s.row_count, sizeof *s.rows);
    zyd_assert(s.rows);
    bool ok = true;
    for (uint32_t i = 0; i < s.row_count; i++) {
        s.rows[i] = zyd_rx_u32(rd);
        ok = ok && s.rows[i] < r->b->row_count;
    }
    struct zyd_span bytes = rd->bad ? zyd_span("", 0) : zyd_rx_span(rd, rd->size - rd->pos);
    if (!ok || rd->bad || zyd_env_decode(&env, bytes) != ZYD_OK || env.op_count != s.row_count) {
        free(s.rows);
        return false;
    }
    s.env_id = env.env_id;
    s.bytes = malloc(bytes.size);
    zyd_assert(s.bytes);
    memcpy(s.bytes, bytes.data, bytes.size);
    s.size = bytes.size;
    add_sent(r, &s);
    return true;
}

static bool replay_result(struct run *r, struct zyd_rd *rd)
{
    struct zyd_hash env_id;
    zyd_rx_hash(rd, &env_id);
    uint64_t height = zyd_rx_u64(rd);
    uint32_t count = zyd_rx_u32(rd);
    struct sent *s = find_sent(r, &env_id);
    if (!s || rd->bad || count > s->row_count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = zyd_rx_u32(rd);
        struct row_result x = {.height = height};
        x.state = (enum row_state)zyd_rx_u8(rd);
        x.code = zyd_rx_u32(rd);
        x.seq = zyd_rx_u64(rd);
        zyd_rx_hash(rd, &x.object);
        zyd_rx_hash(rd, &x.op_id);
        if (rd->bad || row >= r->b->row_count || x.state == ROW_SENT || x.state > ROW_ALREADY) {
            return false;
        }
        r->rows[row] = x;
    }
    s->settled = true;
    return true;
}

static bool replay_absent(struct run *r, struct zyd_rd *rd)
{
    struct zyd_hash env_id;
    zyd_rx_hash(rd, &env_id);
    struct sent *s = find_sent(r, &env_id);
    if (!s || rd->bad) {
        return false;
    }
    s->settled = true;
    for (uint32_t i = 0; i < s->row_count; i++) {
        r->rows[s->rows[i]] = (struct row_result){0};
    }
    return true;
}

/* Reads the records; returns the offset behind the last whole one, or -1 when a whole record makes no sense. */
static off_t replay(struct run *r, const uint8_t *data, size_t size)
{
    size_t at = HEAD_SIZE;
    while (size - at >= 9) {
        uint32_t n = zyd_get32(data + at);
        if (n > RECORD_MAX || size - at - 9 < n || zyd_get32(data + at + 5 + n) != zyd_crc32c(0, data + at + 4, n + 1)) {
            break; /* torn by a kill: it was never acted on */
        }
        struct zyd_rd rd = zyd_rd_of(zyd_span(data + at + 5, n));
        uint8_t kind = data[at + 4];
        bool ok = kind == RECORD_SENT     ? replay_sent(r, &rd)
                  : kind == RECORD_RESULT ? replay_result(r, &rd)
                  : kind == RECORD_ABSENT ? replay_absent(r, &rd)
                                          : false;
        if (!ok || zyd_rd_done(&rd) != ZYD_OK) {
            return -1;
        }
        at += 9 + n;
    }
    return (off_t)at;
}

/* Number of the event, and above it that of the product: events of two products have the same numbers.
 * The guarantee's is 0. */
static uint16_t event_mark(const struct zyd_event *e)
{
    const struct zyd_product *p;
    for (size_t i = 0; (p = zyd_product_at(i)) != NULL; i++) {
        if (zyd_event_by_number(p, e->number) == e) {
            return (uint16_t)(e->number | (p == &zyd_product_guarantee ? 0 : p->number << 8));
        }
    }
    return e->number;
}

static void make_head(uint8_t head[HEAD_SIZE], const struct run *r, const struct zyd_hash *csv_hash)
{
    memcpy(head, MAGIC, 8);
    memcpy(head + 8, csv_hash->b, 32);
    memcpy(head + 40, r->k->g->hash.b, 32);
    zyd_put16(head + 72, event_mark(r->b->event));
    zyd_put32(head + 74, zyd_crc32c(0, head, 74));
}

/* A journal of another content of the file: may be put aside only when nothing in it is open. */
static bool is_finished(const uint8_t *data, size_t size)
{
    size_t at = HEAD_SIZE, sent = 0, settled = 0;
    while (size - at >= 9) {
        uint32_t n = zyd_get32(data + at);
        if (n > RECORD_MAX || size - at - 9 < n || zyd_get32(data + at + 5 + n) != zyd_crc32c(0, data + at + 4, n + 1)) {
            break;
        }
        sent += data[at + 4] == RECORD_SENT;
        settled += data[at + 4] != RECORD_SENT;
        at += 9 + n;
    }
    return sent == settled;
}

int run_open(struct run *r, const struct cli *c, struct client *k, const struct zyd_batch *b, const char *csv_path,
             const struct zyd_hash *csv_hash, bool must_exist)
{
    uint8_t head[HEAD_SIZE], *data = NULL;
    size_t size = 0;
    struct zyd_err err = {0};
    int rc = 0;
    *r = (struct run){.c = c, .k = k, .b = b, .fd = -1};
    r->rows = calloc(b->row_count, sizeof *r->rows);
    zyd_assert(r->rows);
    cli_path(r->path, "%s.journal", csv_path);
    make_head(head, r, csv_hash);
    if (cli_exists(r->path)) {
        if (zyd_file_read(&data, &size, &err, r->path, (size_t)1 << 31) != ZYD_OK) {
            return cli_fail_err(c, &err);
        }
        bool whole = size >= HEAD_SIZE && memcmp(data, MAGIC, 8) == 0 && zyd_get32(data + 74) == zyd_crc32c(0, data, 74);
        if (size < HEAD_SIZE) {
            size = 0; /* killed while making it: nothing was sent */
        } else if (!whole) {
            rc = journal_fail(r, TR(c, "不是批次日志", "not a batch journal"));
        } else if (memcmp(data, head, HEAD_SIZE) != 0) {
            char old[CLI_PATH_MAX];
            cli_path(old, "%s.old", r->path);
            if (!is_finished(data, size)) {
                rc = journal_fail(
                    r, TR(c, "属于此文件的另一版本，且尚有未确认的信封：先恢复原文件执行 batch resume",
                          "belongs to another content of this file and has open envelopes: restore the file and batch resume"));
            } else if (rename(r->path, old) != 0) {
                rc = cli_fail(c, ZYD_ERR_FILE_WRITE, "%s: %s", old, strerror(errno));
            }
            size = 0;
        }
    } else if (must_exist) {
        return cli_fail(c, ZYD_ERR_FILE_READ, "%s", r->path);
    }
    if (rc == 0) {
        r->fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (r->fd < 0) {
            rc = cli_fail(c, ZYD_ERR_FILE_WRITE, "%s: %s", r->path, strerror(errno));
        } else if (fcntl(r->fd, F_SETLK, &lock) != 0) {
            rc = cli_fail(c, ZYD_ERR_STORE_LOCKED, "%s", r->path);
        }
    }
    if (rc == 0) {
        off_t end = size ? replay(r, data, size) : 0;
        if (end < 0) {
            rc = journal_fail(r, TR(c, "记录损坏", "a record is damaged"));
        } else if (ftruncate(r->fd, end) != 0 || lseek(r->fd, end, SEEK_SET) != end ||
                   (end == 0 && (write(r->fd, head, HEAD_SIZE) != (ssize_t)HEAD_SIZE || fsync(r->fd) != 0))) {
            rc = cli_fail(c, ZYD_ERR_FILE_WRITE, "%s: %s", r->path, strerror(errno));
        }
    }
    free(data);
    return rc;
}

void run_close(struct run *r)
{
    for (size_t i = 0; i < r->sent_count; i++) {
        free(r->sent[i].bytes);
        free(r->sent[i].rows);
    }
    free(r->sent);
    free(r->rows);
    if (r->fd >= 0) {
        close(r->fd);
    }
}

/* ---- booking ---- */

/* The answer of the node -> journal and rows. */
static int book(struct run *r, struct sent *s, const json_t *answer)
{
    const json_t *list = json_object_get(answer, "operations");
    uint8_t *payload = malloc(44 + (size_t)s->row_count * RESULT_ROW);
    zyd_assert(payload);
    struct zyd_wr wr = zyd_wr_of(payload, 44 + (size_t)s->row_count * RESULT_ROW);
    if (json_array_size(list) != s->row_count) {
        free(payload);
        return cli_fail(r->c, ZYD_ERR_MALFORMED, "operations: %zu / %u", json_array_size(list), s->row_count);
    }
    zyd_wx_hash(&wr, &s->env_id);
    zyd_wx_u64(&wr, (uint64_t)json_fen(answer, "height"));
    zyd_wx_u32(&wr, s->row_count);
    for (uint32_t i = 0; i < s->row_count; i++) {
        const json_t *o = json_array_get(list, i);
        const char *result = json_text(o, "result");
        struct row_result x = {.height = (uint64_t)json_fen(answer, "height"), .fresh = true};
        x.code = code_number(json_text(o, "code"));
        x.seq = (uint64_t)json_fen(o, "seq");
        (void)cli_unhex(x.object.b, json_text(o, "object"));
        (void)cli_unhex(x.op_id.b, json_text(o, "op_id"));
        x.state = strcmp(result, "done") == 0       ? ROW_DONE
                  : strcmp(result, "waiting") == 0  ? ROW_WAITING
                  : x.code == 9109                  ? ROW_ALREADY
                  : x.code == ZYD_CODE_ENVELOPE_FUEL ? ROW_NEW /* not run: for the next envelope */
                                                    : ROW_REFUSED;
        if (x.state == ROW_NEW) {
            x = (struct row_result){0};
        }
        r->rows[s->rows[i]] = x;
        zyd_wx_u32(&wr, s->rows[i]);
        zyd_wx_u8(&wr, (uint8_t)x.state);
        zyd_wx_u32(&wr, x.code);
        zyd_wx_u64(&wr, x.seq);
        zyd_wx_hash(&wr, &x.object);
        zyd_wx_hash(&wr, &x.op_id);
    }
    zyd_assert(!wr.full);
    s->settled = true;
    int rc = append(r, RECORD_RESULT, payload, wr.size);
    free(payload);
    return rc;
}

static int head_time(struct run *r, int64_t *head_ms, int64_t *wall_ms)
{
    int rc = 0;
    json_t *s = http_get(r->c, &r->k->http, &rc, "/v1/status");
    *head_ms = json_fen(s, "head_time_ms");
    *wall_ms = json_fen(s, "wall_ms");
    json_decref(s);
    return rc;
}

/* The time of the envelope is over: once a header is past it, look whether it was booked. */
static int look(struct run *r, struct sent *s)
{
    int64_t head = 0, wall = 0, end = zyd_clock_mono_ms() + (r->c->wait_s < 90 ? 90 : r->c->wait_s) * 1000;
    char hex[65];
    int rc = 0;
    cli_hex(hex, s->env_id.b);
    for (;;) {
        json_t *answer = http_get(r->c, &r->k->http, &rc, "/v1/envelopes/%s", hex);
        if (rc) {
            return rc;
        }
        if (strcmp(json_text(answer, "status"), "final") == 0) {
            rc = book(r, s, answer);
            json_decref(answer);
            return rc;
        }
        json_decref(answer);
        rc = head_time(r, &head, &wall);
        if (rc) {
            return rc;
        }
        if (head > s->valid_until_ms) { /* asked before the header was read: ask once more, then it is absent for ever */
            answer = http_get(r->c, &r->k->http, &rc, "/v1/envelopes/%s", hex);
            if (rc == 0 && strcmp(json_text(answer, "status"), "final") == 0) {
                rc = book(r, s, answer);
            } else if (rc == 0) {
                rc = append(r, RECORD_ABSENT, s->env_id.b, 32);
                s->settled = true;
                for (uint32_t i = 0; i < s->row_count; i++) {
                    r->rows[s->rows[i]] = (struct row_result){0};
                }
            }
            json_decref(answer);
            return rc;
        }
        if (zyd_clock_mono_ms() > end || cli_interrupted) {
            return cli_fail(r->c, ZYD_ERR_UNKNOWN_OUTCOME, "%s", hex);
        }
        nanosleep(&(struct timespec){0, 500000000}, NULL);
    }
}

static int settle_open(struct run *r)
{
    for (size_t i = 0; i < r->sent_count; i++) {
        struct sent *s = &r->sent[i];
        int64_t head, wall;
        if (s->settled) {
            continue;
        }
        int rc = head_time(r, &head, &wall);
        if (rc) {
            return rc;
        }
        if (wall < s->valid_until_ms) {
            json_t *answer = NULL;
            rc = client_send(r->k, &answer, s->bytes, s->size, r->c->wait_s ? r->c->wait_s : 30);
            rc = rc ? rc : book(r, s, answer);
            json_decref(answer);
        } else {
            rc = look(r, s);
        }
        if (rc) {
            return rc;
        }
    }
    return 0;
}

/* Object and seq of a row that names a contract. */
static int find_object(struct run *r, const struct zyd_batch_row *row, struct zyd_op *op)
{
    int rc = 0;
    char hex[65];
    cli_hex(hex, row->object.b);
    json_t *o = contract_find(r->k, &rc, row->has_object ? hex : row->ref);
    if (o) {
        const struct zyd_programme *p = client_programme(r->k, json_text(o, "programme"));
        op->has_object = true;
        op->programme = p ? p->id : 0;
        op->contract = p ? p->contract : 1;
        op->expect_seq = row->seq ? row->seq : (uint64_t)json_fen(o, "seq");
        if (!cli_unhex(op->object.b, json_text(o, "id"))) {
            rc = cli_fail(r->c, ZYD_ERR_MALFORMED, "%s", row->ref);
        }
        json_decref(o);
    }
    return rc;
}

static int send_chunk(struct run *r, struct oplist *ops, uint32_t *rows)
{
    struct sent s = {.row_count = ops->count, .rows = rows};
    int64_t head, wall;
    int rc = head_time(r, &head, &wall);
    s.valid_until_ms = wall + VALIDITY_MS;
    rc = rc ? rc : client_envelope(r->k, &s.bytes, &s.size, &s.env_id, ops, s.valid_until_ms, true);
    if (rc) {
        free(rows);
        return rc;
    }
    size_t size = 12 + 4 * (size_t)s.row_count + s.size;
    uint8_t *payload = malloc(size);
    zyd_assert(payload);
    struct zyd_wr wr = zyd_wr_of(payload, size);
    zyd_wx_u64(&wr, (uint64_t)s.valid_until_ms);
    zyd_wx_u32(&wr, s.row_count);
    for (uint32_t i = 0; i < s.row_count; i++) {
        zyd_wx_u32(&wr, rows[i]);
    }
    zyd_wx_bytes(&wr, s.bytes, s.size);
    add_sent(r, &s);
    rc = append(r, RECORD_SENT, payload, size); /* on disk before the first byte leaves */
    free(payload);
    json_t *answer = NULL;
    rc = rc ? rc : client_send(r->k, &answer, s.bytes, s.size, r->c->wait_s ? r->c->wait_s : 30);
    rc = rc ? rc : book(r, &r->sent[r->sent_count - 1], answer);
    json_decref(answer);
    return rc;
}

static uint64_t settled_rows(const struct run *r)
{
    uint64_t n = 0;
    for (size_t i = 0; i < r->b->row_count; i++) {
        n += r->b->rows[i].good && r->rows[i].state != ROW_NEW;
    }
    return n;
}

int run_go(struct run *r, size_t chunk)
{
    struct progress p;
    size_t i = 0;
    progress_start(&p, r->c, TR(r->c, "提交", "submit"), r->b->good_count);
    int rc = settle_open(r);
    while (rc == 0 && i < r->b->row_count) {
        struct oplist ops = {0};
        uint32_t *rows = calloc(chunk, sizeof *rows);
        zyd_assert(rows);
        for (; i < r->b->row_count && ops.count < chunk && ops.size < ENVELOPE_TARGET && rc == 0; i++) {
            const struct zyd_batch_row *row = &r->b->rows[i];
            if (!row->good || r->rows[i].state != ROW_NEW) {
                continue;
            }
            struct zyd_op op = {.event = r->b->event->number, .member = (uint16_t)r->k->me, .args = row->args};
            if (r->b->event->makes) {
                const struct zyd_programme *g = zyd_genesis_programme(r->k->g, row->programme);
                op.programme = row->programme;
                op.contract = g ? g->contract : 1;
                op.client_ref = zyd_span(row->ref, strlen(row->ref));
            } else {
                rc = find_object(r, row, &op);
                if (rc == ZYD_EXIT_REFUSED) { /* no such contract: this row only */
                    r->rows[i] = (struct row_result){.state = ROW_REFUSED, .code = 9115};
                    rc = 0;
                    continue;
                }
            }
            if (rc == 0) {
                rows[ops.count] = (uint32_t)i;
                oplist_add(&ops, &op);
            }
        }
        if (rc == 0 && ops.count) {
            rc = send_chunk(r, &ops, rows);
            for (uint32_t n = 0; rc == 0 && n < ops.count; n++) {
                i = r->rows[rows[n]].state == ROW_NEW && rows[n] < i ? rows[n] : i; /* back to the first that was not run */
            }
            progress_step(&p, settled_rows(r));
        } else {
            free(rows);
        }
        oplist_free(&ops);
        if (rc == 0 && cli_interrupted) {
            rc =
                cli_fail(r->c, ZYD_ERR_INTERRUPTED,
                         TR(r->c, "已完成的行已记录；用 batch resume 继续", "what is done is recorded; go on with batch resume"));
        }
    }
    progress_end(&p);
    return rc;
}

/* ---- the result file ---- */

int run_write_result(const struct run *r, const char *path)
{
    static const char *const words[] = {"unsent", "unknown", "done", "refused", "waiting", "already"};
    const struct zyd_csv *csv = r->b->csv;
    char *text = NULL, hex[65];
    size_t size = 0, issue_at = 0;
    FILE *f = open_memstream(&text, &size);
    zyd_assert(f);
    fputs("\xef\xbb\xbf", f); /* so that a spreadsheet reads it as UTF-8 */
    for (size_t row = 0; row < csv->rows; row++) {
        for (size_t k = 0; k < csv->columns; k++) {
            zyd_csv_write_cell(f, zyd_csv_cell(csv, row, k), row > 0);
            fputc(',', f);
        }
        if (row == 0) {
            fputs("status,code,message_zh,message_en,contract_id,tx_id,height\r\n", f);
            continue;
        }
        const struct row_result *x = &r->rows[row - 1];
        const struct zyd_batch_row *b = &r->b->rows[row - 1];
        uint32_t code = x->code;
        const char *zh = "", *en = "", *status = words[x->state];
        if (!b->good) {
            issue_at = 0;
            while (issue_at < r->b->issue_count && r->b->issues[issue_at].row != b->row) {
                issue_at++;
            }
            code = r->b->issues[issue_at].code;
            zh = r->b->issues[issue_at].text[ZYD_LANG_ZH];
            en = r->b->issues[issue_at].text[ZYD_LANG_EN];
            status = "invalid";
        } else if (code) {
            zh = zyd_catalogue_get(code)->text[ZYD_LANG_ZH];
            en = zyd_catalogue_get(code)->text[ZYD_LANG_EN];
        }
        char label[8] = "";
        if (code) {
            zyd_catalogue_label(label, code);
        }
        fprintf(f, "%s,%s,", status, label);
        zyd_csv_write_cell(f, zh, true);
        fputc(',', f);
        zyd_csv_write_cell(f, en, true);
        cli_hex(hex, x->object.b);
        fprintf(f, ",%s,", zyd_hash_is_zero(&x->object) ? "" : hex);
        cli_hex(hex, x->op_id.b);
        fprintf(f, "%s,", zyd_hash_is_zero(&x->op_id) ? "" : hex);
        if (x->height) {
            fprintf(f, "%llu", (unsigned long long)x->height);
        }
        fputs("\r\n", f);
    }
    fclose(f);
    int rc = cli_write(r->c, path, text, size, 0644, true);
    free(text);
    return rc;
}
