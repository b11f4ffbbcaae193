/* zyd/batch.h: a CSV of an office -> operations, with every error of the file in one go (surfaces.md 3.7).
 *
 *   bytes --zyd_csv_parse--> cells --zyd_batch_plan--> rows (args encoded) + issues (row, column, code, zh, en)
 *
 * Encoding is UTF-8 (with or without BOM) or GB18030; found and stated.  A row number is what a spreadsheet shows: the header
 * is row 1.  Checks need no network and no keys.  Headers are the names of the event's arguments in English or Chinese, in any
 * order.
 */
#ifndef ZYD_BATCH_H
#define ZYD_BATCH_H

#include <zyd/genesis.h>
#include <zyd/product.h>
#include <zyd/io.h>

#define ZYD_CSV_SIZE_MAX (16u << 20)
#define ZYD_CSV_ROWS_MAX 200000u
#define ZYD_CSV_COLUMNS_MAX 64u
#define ZYD_CSV_CELL_MAX 4096u

enum zyd_csv_encoding { ZYD_CSV_UTF8 = 0, ZYD_CSV_UTF8_BOM, ZYD_CSV_GB18030 };
struct zyd_csv {
    enum zyd_csv_encoding encoding;
    size_t rows, columns; /* with the header */
    char **cells;         /* rows * columns, UTF-8, trimmed, never NULL */
};
/* E8070, E8081, E8083, E8007. */
enum zyd_status zyd_csv_parse(struct zyd_csv **out, struct zyd_err *err, struct zyd_span bytes);
void zyd_csv_free(struct zyd_csv *csv);
static inline const char *zyd_csv_cell(const struct zyd_csv *csv, size_t row, size_t column)
{
    return csv->cells[row * csv->columns + column];
}
/* One cell of RFC 4180 into f.  guard: cells that start with = + - @ get an apostrophe (formula injection). */
void zyd_csv_write_cell(void *file, const char *text, bool guard);

struct zyd_batch_issue {
    uint32_t row;  /* as in a spreadsheet */
    int column;    /* index in the file, or -1 */
    uint32_t code; /* catalogue */
    char value[64];
    char text[2][160]; /* detail by enum zyd_lang */
};
struct zyd_batch_row {
    bool good;
    uint32_t row;
    char ref[ZYD_CLIENT_REF_MAX + 1]; /* its own reference, or that of the contract it is about */
    bool has_object;
    struct zyd_hash object;
    uint64_t seq;       /* 0: not given */
    uint16_t programme; /* id */
    struct zyd_span args;
};
struct zyd_batch {
    const struct zyd_event *event;
    const struct zyd_csv *csv;
    size_t row_count, good_count, issue_count;
    struct zyd_batch_row *rows; /* row i: data row i of the file */
    struct zyd_batch_issue *issues;
    uint8_t *arena; /* the arguments' bytes */
};
/* genesis NULL: programmes and members are not checked.  programme: default when the file has no such column, or NULL.
 * Returns ZYD_OK with issues, or an error about the file as a whole: the header (E8071 names the nearest, E8072). */
enum zyd_status zyd_batch_plan(struct zyd_batch **out, struct zyd_err *err, const struct zyd_csv *csv,
                               const struct zyd_event *event, const struct zyd_genesis *genesis,
                               const char *programme);
void zyd_batch_free(struct zyd_batch *b);
/* Header line of an empty file for the event; into out (cap bytes). */
void zyd_batch_template(char *out, size_t cap, const struct zyd_event *event, int lang);

#endif
