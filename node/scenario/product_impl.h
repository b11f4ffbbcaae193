/* product_impl.h: what the files of the product tables share: one value as text <-> one number. */
#ifndef ZYD_PRODUCT_IMPL_H
#define ZYD_PRODUCT_IMPL_H

#include <zyd/product.h>

/* Writes "name: what" to why; returns ZYD_E_INVALID. */
enum zyd_status zyd_schema_fail(char why[ZYD_WHY], const char *name, const char *what);
static inline bool zyd_schema_is_number(enum zyd_field_type type)
{
    return type <= ZYD_FIELD_WORD;
}
/* A value of a type that is one number.  members is needed for members only.  Returns NULL, or what is wrong. */
const char *zyd_schema_number(uint64_t *out, const struct zyd_field *field, bool integer_fen, const char *text,
                              const struct zyd_members *members);
/* The same back; out at least 64 bytes. */
void zyd_schema_number_text(char out[64], const struct zyd_field *field, uint64_t value, const struct zyd_members *members);
bool zyd_schema_ppm(uint64_t *out, const char *text); /* 43500, or 4.35% */
/* Any value.  Returns NULL, or what is wrong. */
const char *zyd_schema_write(struct zyd_wr *wr, const struct zyd_field *field, bool integer_fen, const char *text,
                             const struct zyd_members *members);
/* A required field's absence is the caller's to name: this writes an empty list or nil. */
void zyd_schema_write_none(struct zyd_wr *wr, const struct zyd_field *field);
/* Reads a value and tells it by the field's name, fen as NAME_fen; nothing when it is nil. */
void zyd_schema_tell(zyd_emit *emit, void *ctx, struct zyd_rd *rd, const struct zyd_field *field,
                     const struct zyd_members *members);
void zyd_schema_tell_number(zyd_emit *emit, void *ctx, const struct zyd_field *field, uint64_t value,
                            const struct zyd_members *members);
bool zyd_schema_hash(struct zyd_hash *out, const char *text, size_t size); /* 64 hex digits, or sha256:TEXT */
void zyd_schema_hex(char *out, const uint8_t *data, size_t size);
/* Does the pair's name mean this value?  *integer_fen: it ends in _fen. */
bool zyd_schema_named(const char *pair_name, const struct zyd_field *field, bool *integer_fen);
/* The next element of a list: up to separator, blanks around it removed.  False at the end. */
bool zyd_schema_element(struct zyd_span *out, const char **list, char separator);

/* product_parties.c: the products' parties */
uint64_t zyd_pool_parties(struct zyd_span value, uint64_t fixed, uint64_t all);
uint64_t zyd_subsidy_parties(struct zyd_span value, uint64_t fixed, uint64_t all);
uint64_t zyd_voucher_parties(struct zyd_span value, uint64_t fixed, uint64_t all);
uint64_t zyd_cycle_parties(struct zyd_span value, uint64_t fixed, uint64_t all);
uint64_t zyd_register_parties(struct zyd_span value, uint64_t fixed, uint64_t all);

#endif
