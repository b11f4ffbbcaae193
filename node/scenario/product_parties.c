/* product_parties.c: who is a party of what (domain.md 3.0.11): members that a programme's parameters name, and members that an
 * object's record names. */
#include <stddef.h>

#include <zyd/codec.h>
#include <zyd/cycle.h>
#include <zyd/pool.h>
#include <zyd/register.h>
#include <zyd/subsidy.h>
#include <zyd/voucher.h>

#include "product_impl.h"

static uint64_t bit(uint64_t member)
{
    return member < 64 ? UINT64_C(1) << member : 0;
}

/* Members in the columns of a list's rows. */
static uint64_t list_members(struct zyd_rd *rd, const struct zyd_field *f)
{
    uint64_t set = 0;
    for (uint32_t rows = zyd_rd_array(rd, ZYD_LIST_MAX); rows > 0 && !rd->bad; rows--) {
        if (f->column_count > 1) {
            zyd_rd_array_of(rd, f->column_count);
        }
        for (uint8_t k = 0; k < f->column_count && !rd->bad; k++) {
            if (f->columns[k].type == ZYD_FIELD_MEMBER) {
                set |= bit(zyd_rd_u64(rd, UINT16_MAX));
            } else {
                (void)zyd_rd_skip(rd);
            }
        }
    }
    return set;
}

void zyd_product_members(const struct zyd_product *product, struct zyd_span params, uint64_t *fixed, uint64_t *all)
{
    struct zyd_rd rd = zyd_rd_of(params);
    uint32_t numbers = 0;
    *fixed = *all = 0;
    if (product == NULL || product->params_decode != NULL) {
        return;
    }
    for (size_t k = 0; k < product->param_count; k++) {
        numbers += zyd_schema_is_number(product->params[k].type);
    }
    zyd_rd_array_of(&rd, 1 + (uint32_t)product->param_count - numbers);
    struct zyd_span slots = zyd_rd_bin(&rd, 8 * (size_t)numbers);
    for (size_t k = 0, at = 0; k < product->param_count && !rd.bad && slots.size == 8 * (size_t)numbers; k++) {
        const struct zyd_field *f = &product->params[k];
        uint64_t named = 0;
        if (zyd_schema_is_number(f->type)) {
            named = f->type == ZYD_FIELD_MEMBER ? bit(zyd_get64(slots.data + at)) : 0;
            at += 8;
        } else if (f->type == ZYD_FIELD_LIST) {
            named = list_members(&rd, f);
        } else {
            (void)zyd_rd_skip(&rd);
        }
        *all |= named;
        *fixed |= strcmp(f->name, "banks") == 0 ? 0 : named;
    }
}

/* The struct at the start of a record; false: the record is shorter. */
static bool head(void *out, size_t size, struct zyd_span value)
{
    if (value.size < size) {
        return false;
    }
    memcpy(out, value.data, size);
    return true;
}

/* The pool's own record has sums alone, so its banks see it, too; a loan and its claim are its bank's and those who pay. */
uint64_t zyd_pool_parties(struct zyd_span value, uint64_t fixed, uint64_t all)
{
    struct zyd_pool_loan loan;
    if (value.size > 0 && value.data[0] == ZYD_POOL_KIND_POOL) {
        return all;
    }
    bool is_loan = value.size > 0 && value.data[0] == ZYD_POOL_KIND_LOAN && head(&loan, sizeof loan, value);
    return fixed | (is_loan ? bit(loan.bank) : 0);
}

/* A decision on the programme concerns all its banks; an enrolment its bank, the department and who pays. */
uint64_t zyd_subsidy_parties(struct zyd_span value, uint64_t fixed, uint64_t all)
{
    struct zyd_subsidy_enrolment e;
    if (value.size == 0 || value.data[0] != ZYD_SUBSIDY_KIND_ENROLMENT || !head(&e, sizeof e, value)) {
        return all;
    }
    return fixed | bit(e.bank) | (e.clawed > 0 ? bit(e.authority) : 0);
}

/* Core firm, holder, the bank of the line, the pledgee, and prior holders to whom recourse can come back: from the last one as
 * far as each passed it on with recourse. */
uint64_t zyd_voucher_parties(struct zyd_span value, uint64_t fixed, uint64_t all)
{
    struct zyd_voucher v;
    struct zyd_voucher_minute line;
    (void)all;
    if (value.size > 0 && value.data[0] == ZYD_VOUCHER_KIND_MINUTE && head(&line, sizeof line, value)) {
        return fixed | bit(line.core) | bit(line.bank);
    }
    if (!head(&v, sizeof v, value)) {
        return fixed;
    }
    uint64_t set = fixed | bit(v.core) | bit(v.holder) | bit(v.line_bank) | bit(v.pledgee);
    for (uint32_t n = v.link_count; n > 0; n--) {
        struct zyd_voucher_link link;
        size_t at = sizeof v + (n - 1) * sizeof link;
        if (at + sizeof link > value.size) {
            break;
        }
        memcpy(&link, value.data + at, sizeof link);
        if (!link.recourse) {
            break;
        }
        set |= bit(link.member);
    }
    return set;
}

/* Of a cycle everybody sees the totals and the hashes that are in its record; answers and notices are their senders'. */
uint64_t zyd_cycle_parties(struct zyd_span value, uint64_t fixed, uint64_t all)
{
    uint8_t kind = value.size > 0 ? value.data[0] : 0;
    (void)all;
    (void)fixed; /* whom the parameters name: who sends notices for whom */
    return kind == ZYD_CYCLE_KIND_CYCLE || kind == ZYD_CYCLE_KIND_START ? UINT64_MAX : 0;
}

/* A county's figure is made for reports; a borrower's grade is not. */
uint64_t zyd_register_parties(struct zyd_span value, uint64_t fixed, uint64_t all)
{
    (void)all;
    return value.size > 0 && value.data[0] == ZYD_REGISTER_KIND_TAX ? UINT64_MAX : fixed;
}

uint64_t zyd_object_parties(const struct zyd_product *product, struct zyd_span value, uint64_t fixed, uint64_t all)
{
    return product != NULL && product->parties != NULL ? product->parties(value, fixed, all) : fixed;
}
