/* zyd/guarantee_list.h: lists of loans enrolled under one signature (contracts/guarantee/README.md), for tools: leaves, pieces,
 * keys.  A leaf is zyd_merkle_leaf of a loan's canonical array, which is the arguments of zyd_guarantee_loan_event. */
#ifndef ZYD_GUARANTEE_LIST_H
#define ZYD_GUARANTEE_LIST_H

#include <zyd/guarantee.h>
#include <zyd/product.h>

/* No event of the ledger: a row of a list, with the fields of a loan, for files (zyd/batch.h) and zyd_args_encode. */
extern const struct zyd_event zyd_guarantee_loan_event;

struct zyd_guarantee_loan { /* what lists are checked for */
    uint32_t number;
    int64_t amount;
};
/* ZYD_OK; ZYD_E_MALFORMED: not a loan's array. */
enum zyd_status ZYD_MUST_USE zyd_guarantee_loan_read(struct zyd_guarantee_loan *out, struct zyd_span loan);
/* Arguments of TAKE_UP: loans first..first+count-1 of the list and the path beside them (zyd_merkle_range_path). */
void zyd_guarantee_take_up_args(struct zyd_wr *wr, uint32_t first, const struct zyd_span *loans, uint32_t count,
                                const struct zyd_hash *path, size_t path_count);
/* Key of struct zyd_guarantee_origin, before hashing. */
size_t zyd_guarantee_number_key(uint8_t out[64], uint16_t bank, uint32_t number);
/* ZYD_OK, ZYD_E_MALFORMED. */
enum zyd_status ZYD_MUST_USE zyd_guarantee_enrolment_read(struct zyd_guarantee_enrolment *out, struct zyd_span value);

#endif
