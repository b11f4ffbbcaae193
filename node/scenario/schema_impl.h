/* schema_impl.h: what the files of the guarantee schema share: one value as text <-> one number. */
#ifndef ZYD_SCHEMA_IMPL_H
#define ZYD_SCHEMA_IMPL_H

#include <zyd/guarantee_schema.h>

/* Writes "name: what" to why; returns ZYD_E_INVALID. */
enum zyd_status zyd_schema_fail(char why[ZYD_GUARANTEE_WHY], const char *name, const char *what);
/* A value of a type that is one number.  members is needed for ZYD_GT_MEMBER only.  Returns NULL, or what is wrong. */
const char *zyd_schema_number(uint64_t *out, enum zyd_guarantee_type type, bool integer_fen, const char *text, uint64_t min,
                              uint64_t max, const struct zyd_guarantee_members *members);
/* The same back; out at least 64 bytes. */
void zyd_schema_number_text(char out[64], enum zyd_guarantee_type type, uint64_t value,
                            const struct zyd_guarantee_members *members);
bool zyd_schema_hash(struct zyd_hash *out, const char *text, size_t size); /* 64 hex digits, or sha256:TEXT */
void zyd_schema_hex(char *out, const uint8_t *data, size_t size);
/* Does the pair's name mean this value?  *integer_fen: it ends in _fen. */
bool zyd_schema_named(const char *pair_name, const char *name, enum zyd_guarantee_type type, bool *integer_fen);
/* The next element of a list: up to separator, blanks around it removed.  False at the end. */
bool zyd_schema_element(struct zyd_span *out, const char **list, char separator);

#endif
