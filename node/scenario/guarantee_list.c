/* guarantee_list.c: a list of loans under one signature, outside the contract. */
#include <zyd/guarantee_list.h>

#include <zyd/guarantee_schema.h>

const struct zyd_event zyd_guarantee_loan_event =
    ZYD_EVENT(0, true, "LOAN", "清单中的贷款", "a loan of a list", "BANK", zyd_guarantee_loan_fields);

enum zyd_status zyd_guarantee_loan_read(struct zyd_guarantee_loan *out, struct zyd_span loan)
{
    struct zyd_rd rd = zyd_rd_of(loan);
    zyd_rd_array_of(&rd, ZYD_GUARANTEE_LOAN_FIELDS);
    out->number = (uint32_t)zyd_rd_u64(&rd, 999999999);
    zyd_rd_skip(&rd);
    out->amount = (int64_t)zyd_rd_u64(&rd, (uint64_t)ZYD_MONEY_MAX);
    for (int i = 0; i < 5; i++) {
        zyd_rd_skip(&rd);
    }
    return zyd_rd_done(&rd);
}

void zyd_guarantee_take_up_args(struct zyd_wr *wr, uint32_t first, const struct zyd_span *loans, uint32_t count,
                                const struct zyd_hash *path, size_t path_count)
{
    zyd_wr_array(wr, 3);
    zyd_wr_u64(wr, first);
    zyd_wr_array(wr, count);
    for (uint32_t i = 0; i < count; i++) {
        zyd_wx_bytes(wr, loans[i].data, loans[i].size);
    }
    zyd_wr_array(wr, (uint32_t)path_count);
    for (size_t i = 0; i < path_count; i++) {
        zyd_wr_hash(wr, &path[i]);
    }
}

size_t zyd_guarantee_number_key(uint8_t out[64], uint16_t bank, uint32_t number)
{
    out[0] = ZYD_GUARANTEE_KEY_NUMBER;
    zyd_put16(out + 1, bank);
    zyd_put32(out + 3, number);
    return 7;
}

enum zyd_status zyd_guarantee_enrolment_read(struct zyd_guarantee_enrolment *out, struct zyd_span value)
{
    memset(out, 0, sizeof *out);
    if (value.size != sizeof *out || value.data[0] != ZYD_GUARANTEE_KIND_ENROLMENT) {
        return ZYD_E_MALFORMED;
    }
    memcpy(out, value.data, sizeof *out);
    return ZYD_OK;
}
