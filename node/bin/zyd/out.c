/* What people and programs read: errors, tables by East-Asian width, JSON, progress. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <unistr.h>
#include <uniwidth.h>
#include <zyd/guarantee_schema.h>

#include "cli.h"

int cli_fail(const struct cli *c, uint32_t code, const char *format, ...)
{
    const struct zyd_catalogue_entry *e = zyd_catalogue_get(code);
    char detail[1024], label[8];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    zyd_catalogue_label(label, code);
    fflush(stdout); /* in one file both streams keep their order */
    if (c->json) {
        json_t *o =
            json_pack("{s:s,s:s,s:s,s:s,s:s,s:i,s:s}", "code", label, "name", e->name, "title", e->text[c->lang], "detail",
                      detail, "remedy", e->fix[c->lang], "exit", (int)e->exit, "retry", zyd_retry_text(e->retry));
        if (o) {
            json_dumpf(o, stderr, JSON_COMPACT | JSON_PRESERVE_ORDER);
            fputc('\n', stderr);
            json_decref(o);
        }
    } else {
        fprintf(stderr, "%s %s  %s\n", TR(c, "错误", "error"), label, e->text[c->lang]);
        if (detail[0]) {
            fprintf(stderr, "  %s\n", detail);
        }
        fprintf(stderr, "  %s%s\n", TR(c, "办法：", "remedy: "), e->fix[c->lang]);
    }
    return e->exit;
}

int cli_fail_err(const struct cli *c, const struct zyd_err *err)
{
    return cli_fail(c, err->code ? err->code : ZYD_ERR_BUG, "%s", err->text);
}

void cli_say(const struct cli *c, const char *format, ...)
{
    if (!c->quiet) {
        fflush(stdout);
        va_list args;
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
    }
}

int cli_width(const char *text)
{
    return u8_strwidth((const uint8_t *)text, "UTF-8");
}

void cli_pad(FILE *f, const char *text, int width, bool right)
{
    int w = cli_width(text);
    int gap = w < width ? width - w : 0;
    fprintf(f, "%*s%s%*s", right ? gap : 0, "", text, right ? 0 : gap, "");
}

void cli_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    putchar('\n');
}

/* Cell text; malloc'd.  Control characters of a node's answer never reach the terminal. */
static char *cell(const json_t *row, const struct column *col)
{
    const json_t *v = json_object_get(row, col->key);
    char buffer[256] = "";
    const char *text = buffer;
    if (strchr("fcm", col->kind) && (json_is_string(v) || json_is_integer(v))) {
        long long fen = json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : json_integer_value(v);
        char yuan[32], capital[ZYD_CAPITAL_SIZE];
        zyd_yuan_text(yuan, fen < 0 ? -fen : fen, true);
        bool said = zyd_yuan_capital(capital, fen < 0 ? -fen : fen) && col->kind != 'f';
        snprintf(buffer, sizeof buffer, "%s%s%s%s%s", fen < 0 && col->kind != 'c' ? "-" : "", col->kind != 'c' ? yuan : "",
                 col->kind == 'm' ? "  " : "", said ? "人民币" : "", said ? capital : "");
    } else if (json_is_string(v)) {
        text = json_string_value(v);
    } else if (json_is_integer(v)) {
        snprintf(buffer, sizeof buffer, "%lld", (long long)json_integer_value(v));
    } else if (json_is_real(v)) {
        snprintf(buffer, sizeof buffer, "%.1f", json_real_value(v));
    } else if (json_is_boolean(v)) {
        text = json_is_true(v) ? "yes" : "no";
    }
    char *out = col->kind == 'h' && strlen(text) > 12 ? strndup(text, 12) : strdup(text);
    for (char *p = out; p && *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }
    return out;
}

static bool right_aligned(const struct column *col)
{
    return col->kind == 'r' || col->kind == 'f';
}

void cli_table(const struct cli *c, const json_t *rows, const struct column *columns)
{
    size_t n = 0, count = json_array_size(rows);
    if (c->json) {
        cli_json(rows);
        return;
    }
    while (columns[n].key) {
        n++;
    }
    char **cells = calloc((count + 1) * n, sizeof *cells);
    int *width = calloc(n, sizeof *width);
    if (!cells || !width) {
        free(cells);
        free(width);
        return;
    }
    for (size_t r = 0; r <= count; r++) {
        for (size_t k = 0; k < n; k++) {
            char *text = r == 0 ? strdup(TR(c, columns[k].zh, columns[k].en)) : cell(json_array_get(rows, r - 1), &columns[k]);
            cells[r * n + k] = text ? text : strdup("");
            int w = cli_width(cells[r * n + k]);
            width[k] = w > width[k] ? w : width[k];
        }
    }
    for (size_t r = 0; r <= count; r++) {
        for (size_t k = 0; k < n; k++) {
            if (c->plain) {
                printf("%s%s", k ? "\t" : "", cells[r * n + k]);
            } else {
                bool right = right_aligned(&columns[k]);
                fputs(k ? "  " : "", stdout);
                cli_pad(stdout, cells[r * n + k], k + 1 < n || right ? width[k] : 0, right);
            }
            free(cells[r * n + k]);
        }
        putchar('\n');
    }
    free(cells);
    free(width);
}

void cli_object(const struct cli *c, const json_t *object, const struct column *columns)
{
    int width = 0;
    if (c->json) {
        cli_json(object);
        return;
    }
    for (const struct column *k = columns; k->key; k++) {
        int w = cli_width(TR(c, k->zh, k->en));
        width = w > width ? w : width;
    }
    for (const struct column *k = columns; k->key; k++) {
        if (json_object_get(object, k->key)) {
            char *text = cell(object, k);
            cli_pad(stdout, TR(c, k->zh, k->en), width, false);
            printf("  %s\n", text ? text : "");
            free(text);
        }
    }
}

/* ---- progress: one bar on a terminal, a line every 5 s otherwise ---- */

void progress_start(struct progress *p, const struct cli *c, const char *label, uint64_t total)
{
    *p = (struct progress){c, label, total ? total : 1, 0, zyd_clock_mono_ms(), 0};
    p->shown_ms = p->start_ms;
}

void progress_step(struct progress *p, uint64_t done)
{
    int64_t now = zyd_clock_mono_ms();
    bool bar = p->c->tty_err && !p->c->plain;
    p->done = done;
    if (p->c->quiet || now - p->shown_ms < (bar ? 100 : 5000)) {
        return;
    }
    p->shown_ms = now;
    uint64_t ms = (uint64_t)(now - p->start_ms) + 1, rate = done * 1000 / ms;
    uint64_t left = rate ? (p->total - done) / rate : 0;
    if (bar) {
        int full = (int)(done * 20 / p->total);
        fprintf(stderr, "\r  ");
        cli_pad(stderr, p->label, 14, false);
        for (int i = 0; i < 20; i++) {
            fputs(i < full ? "█" : "░", stderr);
        }
        fprintf(stderr, "  %llu / %llu  %llu/s  %s %llu:%02llu  ", (unsigned long long)done, (unsigned long long)p->total,
                (unsigned long long)rate, TR(p->c, "剩余", "left"), (unsigned long long)(left / 60),
                (unsigned long long)(left % 60));
        fflush(stderr);
    } else {
        fprintf(stderr, "%s %llu / %llu, %llu/s\n", p->label, (unsigned long long)done, (unsigned long long)p->total,
                (unsigned long long)rate);
    }
}

void progress_end(struct progress *p)
{
    if (p->c->tty_err && !p->c->plain && !p->c->quiet && p->shown_ms != p->start_ms) {
        fprintf(stderr, "\r\033[K");
    }
}
