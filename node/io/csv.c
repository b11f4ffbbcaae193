/* CSV: encoding, quotes, line ends (libcsv). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <csv.h>
#include <zyd/batch.h>
#include <zyd/catalogue.h>

struct reading {
    char **cells; /* of all rows so far, ragged */
    size_t cell_count, cell_cap;
    size_t *ends; /* cell_count after each row */
    size_t row_count, row_cap;
    bool failed, too_big;
};

static void on_cell(void *data, size_t size, void *ctx)
{
    struct reading *r = ctx;
    const char *text = data;
    if (r->failed) {
        return;
    }
    if (size > ZYD_CSV_CELL_MAX || r->cell_count >= (size_t)ZYD_CSV_ROWS_MAX * ZYD_CSV_COLUMNS_MAX) {
        r->failed = r->too_big = true;
        return;
    }
    if (r->cell_count == r->cell_cap) {
        r->cell_cap = r->cell_cap ? r->cell_cap * 2 : 1024;
        char **more = realloc(r->cells, r->cell_cap * sizeof *more);
        if (!more) {
            r->failed = true;
            return;
        }
        r->cells = more;
    }
    while (size && (*text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    while (size && (text[size - 1] == ' ' || text[size - 1] == '\t')) {
        size--;
    }
    char *copy = malloc(size + 1);
    if (!copy) {
        r->failed = true;
        return;
    }
    if (size) {
        memcpy(copy, text, size);
    }
    copy[size] = '\0';
    r->cells[r->cell_count++] = copy;
}

static void on_row(int end, void *ctx)
{
    struct reading *r = ctx;
    size_t start = r->row_count ? r->ends[r->row_count - 1] : 0;
    bool empty = true;
    (void)end;
    if (r->failed) {
        return;
    }
    for (size_t i = start; i < r->cell_count; i++) {
        empty &= r->cells[i][0] == '\0';
    }
    if (empty && r->row_count == 0) {
        while (r->cell_count > start) {
            free(r->cells[--r->cell_count]);
        }
        return; /* leading blank lines */
    }
    if (r->row_count == r->row_cap) {
        r->row_cap = r->row_cap ? r->row_cap * 2 : 256;
        size_t *more = realloc(r->ends, r->row_cap * sizeof *more);
        if (!more) {
            r->failed = true;
            return;
        }
        r->ends = more;
    }
    if (r->row_count > ZYD_CSV_ROWS_MAX || r->cell_count - start > ZYD_CSV_COLUMNS_MAX) {
        r->failed = r->too_big = true;
        return;
    }
    r->ends[r->row_count++] = r->cell_count;
}

static enum zyd_status square(struct zyd_csv *csv, struct zyd_err *err, struct reading *r)
{
    while (r->row_count) { /* trailing blank lines: a spreadsheet writes them */
        size_t start = r->row_count > 1 ? r->ends[r->row_count - 2] : 0;
        bool empty = true;
        for (size_t i = start; i < r->cell_count; i++) {
            empty &= r->cells[i][0] == '\0';
        }
        if (!empty) {
            break;
        }
        while (r->cell_count > start) {
            free(r->cells[--r->cell_count]);
        }
        r->row_count--;
    }
    if (r->row_count < 2) {
        zyd_err_set(err, ZYD_ERR_CSV_NO_ROWS, "%zu lines", r->row_count);
        return ZYD_E_INVALID;
    }
    csv->columns = r->ends[0];
    csv->rows = r->row_count;
    csv->cells = calloc(csv->rows * csv->columns, sizeof *csv->cells);
    if (!csv->cells) {
        zyd_err_set(err, ZYD_ERR_BUG, "out of memory");
        return ZYD_E_IO;
    }
    for (size_t row = 0, at = 0; row < r->row_count; row++) {
        size_t count = r->ends[row] - at;
        for (size_t k = csv->columns; k < count; k++) {
            if (r->cells[at + k][0]) {
                zyd_err_set(err, ZYD_ERR_CSV_SYNTAX, "row %zu has %zu cells, the header has %zu", row + 1, count, csv->columns);
                return ZYD_E_INVALID;
            }
        }
        for (size_t k = 0; k < csv->columns; k++) {
            char **to = &csv->cells[row * csv->columns + k];
            if (k < count) {
                *to = r->cells[at + k];
                r->cells[at + k] = NULL;
            } else {
                *to = calloc(1, 1);
            }
            if (!*to) {
                zyd_err_set(err, ZYD_ERR_BUG, "out of memory");
                return ZYD_E_IO;
            }
        }
        at = r->ends[row];
    }
    return ZYD_OK;
}

enum zyd_status zyd_csv_parse(struct zyd_csv **out, struct zyd_err *err, struct zyd_span bytes)
{
    struct reading r = {0};
    struct csv_parser parser;
    char *converted = NULL;
    const char *text = (const char *)bytes.data;
    size_t size = bytes.size;
    enum zyd_status s = ZYD_OK;
    *out = NULL;
    struct zyd_csv *csv = calloc(1, sizeof *csv);
    if (!csv || bytes.size > ZYD_CSV_SIZE_MAX) {
        zyd_err_set(err, csv ? ZYD_ERR_TOO_BIG : ZYD_ERR_BUG, "%zu bytes; at most %u", bytes.size, ZYD_CSV_SIZE_MAX);
        free(csv);
        return ZYD_E_TOO_BIG;
    }
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        csv->encoding = ZYD_CSV_UTF8_BOM;
        text += 3;
        size -= 3;
    }
    size_t bad = zyd_utf8_span(zyd_span(text, size)), bad_gb = 0;
    if (bad < size) {
        converted = csv->encoding == ZYD_CSV_UTF8 ? zyd_gb18030_text(&size, &bad_gb, bytes) : NULL;
        if (!converted) { /* the encoding that went further is the one that was meant */
            zyd_err_set(err, ZYD_ERR_CSV_ENCODING, "line %zu", zyd_line_of(bytes, bad > bad_gb ? bad : bad_gb));
            free(csv);
            return ZYD_E_MALFORMED;
        }
        text = converted;
        csv->encoding = ZYD_CSV_GB18030;
    }
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(converted);
        free(csv);
        zyd_err_set(err, ZYD_ERR_BUG, "out of memory");
        return ZYD_E_IO;
    }
    if (csv_parse(&parser, text, size, on_cell, on_row, &r) != size || csv_fini(&parser, on_cell, on_row, &r) != 0) {
        zyd_err_set(err, ZYD_ERR_CSV_SYNTAX, "after row %zu: %s", r.row_count, csv_strerror(csv_error(&parser)));
        s = ZYD_E_MALFORMED;
    } else if (r.failed) {
        zyd_err_set(err, r.too_big ? ZYD_ERR_TOO_BIG : ZYD_ERR_BUG,
                    "after row %zu: at most %u rows, %u columns, %u bytes a cell", r.row_count, ZYD_CSV_ROWS_MAX,
                    ZYD_CSV_COLUMNS_MAX, ZYD_CSV_CELL_MAX);
        s = ZYD_E_TOO_BIG;
    } else {
        s = square(csv, err, &r);
    }
    csv_free(&parser);
    for (size_t i = 0; i < r.cell_count; i++) {
        free(r.cells[i]);
    }
    free(r.cells);
    free(r.ends);
    free(converted);
    if (s != ZYD_OK) {
        zyd_csv_free(csv);
        return s;
    }
    *out = csv;
    return ZYD_OK;
}

void zyd_csv_free(struct zyd_csv *csv)
{
    if (csv) {
        for (size_t i = 0; csv->cells && i < csv->rows * csv->columns; i++) {
            free(csv->cells[i]);
        }
        free(csv->cells);
        free(csv);
    }
}

void zyd_csv_write_cell(void *file, const char *text, bool guard)
{
    FILE *f = file;
    bool quote = strpbrk(text, ",\"\r\n") != NULL;
    const char *mark = guard && strchr("=+-@\t\r", text[0]) && text[0] ? "'" : "";
    if (!quote) {
        fprintf(f, "%s%s", mark, text);
        return;
    }
    fprintf(f, "\"%s", mark);
    for (; *text; text++) {
        fputs(*text == '"' ? "\"\"" : (char[]){*text, 0}, f);
    }
    fputc('"', f);
}
