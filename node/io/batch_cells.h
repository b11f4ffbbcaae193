/* One cell of a batch: what a spreadsheet or an input method did to it, and its value as the encoder wants it. */
#ifndef BATCH_CELLS_H
#define BATCH_CELLS_H

#include <zyd/batch.h>

/* Worn by every check: what is wrong, in both languages; text "" means the catalogue's. */
struct cell_fault {
    uint32_t code; /* 0: none */
    char text[2][160];
};
bool cell_scientific(const char *s);
bool cell_digits(const char *s);
bool cell_printable(const char *s);
/* Damage that can be told from the cell alone: scientific notation, full-width characters, a date as its serial number. */
struct cell_fault cell_damage(const struct zyd_field *field, const char *text);
struct cell_fault cell_full_width(const char *text);
/* A borrower's code. */
struct cell_fault cell_borrower(const char *text);
/* Is it an account of the settlement programmes without its leading zeros? */
struct cell_fault cell_account(const struct zyd_genesis *g, const char *text);
/* The encoder's form of what an office writes: a word or a member by its Chinese name, 是 and 否, a cycle as PROGRAMME#N.
 * genesis may be NULL.  Returns text itself or buffer. */
const char *cell_value(const struct zyd_field *field, const char *text, const struct zyd_genesis *g, char buffer[96]);

#endif
