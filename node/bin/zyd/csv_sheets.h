/* The files of zyd export csv: their columns, and writing a row from the node's JSON. */
#ifndef CSV_SHEETS_H
#define CSV_SHEETS_H

#include <stdio.h>

#include <jansson.h>
#include <zyd/product.h>

/* kind: 't' text, 'n' number, 'm' money: two columns, NAME_fen and NAME_yuan. */
struct col {
    char kind;
    const char *name, *zh;
};
struct sheet_type {
    const char *name, *zh;
    const struct col *columns;
    const struct zyd_product *product; /* sheets of a product's records */
    uint8_t kind;                      /* first byte of the record; 0: any that has a state */
    size_t size;                       /* least bytes of the record */
    const struct zyd_shown *shown;     /* after columns */
    size_t shown_count;
};
enum {
    ACCOUNTS,
    POSTINGS,
    OBLIGATIONS,
    OBJECTS,
    GUARANTEES,
    LOANS,
    CLAIMS,
    POOLS,
    POOL_LOANS,
    POOL_FUNDINGS,
    SUBSIDIES,
    VOUCHERS,
    CYCLES,
    CYCLE_MEMBERS,
    CYCLE_PAYMENTS,
    SHEETS
};
extern const struct sheet_type sheet_types[SHEETS];
/* Fields after the columns: the sheet's, or those that the product shows. */
size_t sheet_shown(const struct sheet_type *t, const struct zyd_shown **out);
void sheet_header(FILE *f, const struct sheet_type *t); /* with the BOM */
/* fields: of the record by name, or NULL. */
void sheet_row(FILE *f, const struct sheet_type *t, const json_t *row, const json_t *fields);
/* [{name, zh, type}], for the manifest. */
json_t *sheet_columns(const struct sheet_type *t);

#endif
