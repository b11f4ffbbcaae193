/* iou.c: the template contract: a member promises another to pay.  Read contracts/README.md beside it.
 *
 *   PROMISE (both sign) --> OPEN --date passes--> OVERDUE
 *                             |  <---- EXTEND ------ |
 *                             +------- settled ------+--> PAID
 *
 * Parameters of a programme: [greatest amount u64, days of grace u64].
 */
#include "iou.h"
#include <zyd/date.h>

struct params {
    int64_t amount_max;
    int32_t grace;
};

static struct params read_params(const struct ct_call *call)
{
    struct ct_rd rd = ct_params_rd(call);
    struct params p;
    if (ct_rd_array(&rd) != 2) {
        ct_fail(IOU_RANGE);
    }
    p.amount_max = (int64_t)ct_rd_u64(&rd, INT64_MAX);
    p.grace = (int32_t)ct_rd_u64(&rd, 366);
    ct_rd_end(&rd);
    return p;
}

static struct ct_rd args_of(const struct ct_call *call, uint32_t count)
{
    struct ct_rd rd = ct_args(call);
    if (ct_rd_array(&rd) != count) {
        ct_fail(IOU_RANGE);
    }
    return rd;
}

static struct iou load(const struct ct_call *call)
{
    struct iou iou;
    if (ct_get(call->contract, call->object, CT_ID_SIZE, &iou, sizeof iou) != (int64_t)sizeof iou) {
        ct_fail(IOU_BAD_STATE);
    }
    return iou;
}

static void save(const struct ct_call *call, const struct iou *iou)
{
    ct_put(call->object, CT_ID_SIZE, iou, sizeof *iou);
}

static uint16_t read_member(struct ct_rd *rd)
{
    uint32_t size;
    const uint8_t *code = ct_rd_bin(rd, &size, 12);
    int64_t member = ct_member_find(code, size);
    if (member < 0) {
        ct_fail(IOU_BAD_ID);
    }
    return (uint16_t)member;
}

static int32_t read_date(struct ct_rd *rd)
{
    int32_t date = (int32_t)ct_rd_i64(rd, 19700101, 99991231);
    if (!zyd_date_valid(date)) {
        ct_fail(IOU_BAD_DATE);
    }
    return date;
}

/* prefix and a member's code: "2141.BANK" */
static void account_of(char out[CT_ACCOUNT_SIZE], const char *prefix, uint16_t member)
{
    memcpy(out, prefix, 5);
    ct_member(member, out + 5); /* at most 12 characters and the NUL */
}

/* A date of grace ends with its day: the deadline is 00:00 of the next. */
static void set_deadline(const struct ct_call *call, const struct iou *iou)
{
    int32_t last = zyd_date_add(iou->due, read_params(call).grace);
    ct_deadline(call->object, IOU_DEADLINE_DUE, (uint64_t)zyd_ms_of_date(zyd_date_add(last, 1)));
}

static void both_sign(const struct iou *iou)
{
    ct_require(iou->debtor);
    ct_require(iou->creditor);
    ct_require_end();
}

static void promise(const struct ct_call *call)
{
    struct iou iou = {.state = IOU_OPEN, .made = call->date};
    struct ct_rd rd = args_of(call, 4);
    iou.debtor = read_member(&rd);
    iou.creditor = read_member(&rd);
    iou.amount = (int64_t)ct_rd_u64(&rd, INT64_MAX);
    iou.due = read_date(&rd);
    ct_rd_end(&rd);
    if (call->has_object) {
        ct_fail(IOU_BAD_STATE); /* it makes its object; there can be no second PROMISE on it */
    }
    if (iou.debtor == iou.creditor || iou.amount == 0) {
        ct_fail(IOU_RANGE);
    }
    if (iou.due < call->date) {
        ct_fail(IOU_BAD_DATE);
    }
    if (iou.amount > read_params(call).amount_max) {
        ct_fail(IOU_OVER_LIMIT);
    }
    both_sign(&iou); /* last of the checks: up to here a half-signed operation has cost nobody anything */

    struct ct_obligation owed = {.debtor = iou.debtor, .creditor = iou.creditor, .amount = iou.amount,
                                 .reason = IOU_LABEL_PROMISE, .gross = 1};
    char owes[CT_ACCOUNT_SIZE], owned[CT_ACCOUNT_SIZE];
    ct_obligation(&owed);
    memcpy(iou.obligation, owed.id, CT_ID_SIZE);
    account_of(owes, "2141.", iou.creditor);
    account_of(owned, "1141.", iou.debtor);
    ct_post(iou.debtor, IOU_LABEL_PROMISE, "5041", owes, iou.amount, iou.obligation);
    ct_post(iou.creditor, IOU_LABEL_PROMISE, owned, "4011", iou.amount, iou.obligation);
    save(call, &iou);
    set_deadline(call, &iou);
}

static void extend(const struct ct_call *call)
{
    struct iou iou = load(call);
    struct ct_rd rd = args_of(call, 1);
    int32_t due = read_date(&rd);
    ct_rd_end(&rd);
    if (iou.state == IOU_PAID) {
        ct_fail(IOU_BAD_STATE);
    }
    if (due <= iou.due || due < call->date) {
        ct_fail(IOU_BAD_DATE);
    }
    both_sign(&iou);
    iou.due = due;
    iou.state = IOU_OPEN;
    save(call, &iou);
    set_deadline(call, &iou);
}

static void note(const struct ct_call *call)
{
    struct iou iou = load(call);
    struct ct_rd rd = args_of(call, 1);
    uint32_t size;
    const uint8_t *text = ct_rd_bin(&rd, &size, 100);
    ct_rd_end(&rd);
    if (size == 0 || (call->member != iou.debtor && call->member != iou.creditor)) {
        ct_fail(IOU_RANGE);
    }
    ct_emit(IOU_EMIT_NOTE, text, size);
}

static void overdue(const struct ct_call *call)
{
    struct iou iou = load(call);
    if (iou.state != IOU_OPEN) {
        return;
    }
    iou.state = IOU_OVERDUE;
    save(call, &iou);
    ct_emit(IOU_EMIT_OVERDUE, &iou.due, sizeof iou.due);
}

static void settled(const struct ct_call *call)
{
    struct iou iou = load(call);
    iou.state = IOU_PAID;
    save(call, &iou);
    ct_deadline(call->object, IOU_DEADLINE_DUE, 0);
    ct_emit(IOU_EMIT_PAID, iou.obligation, CT_ID_SIZE);
}

int64_t contract_call(const struct ct_call *call, uint64_t size)
{
    (void)size;
    if (call->sys) {
        if (call->event == CT_EVENT_SETTLED) {
            settled(call);
        } else {
            overdue(call);
        }
        return 0;
    }
    switch (call->event) {
    case IOU_PROMISE:
        promise(call);
        return 0;
    case IOU_EXTEND:
        extend(call);
        return 0;
    case IOU_NOTE:
        note(call);
        return 0;
    default:
        ct_fail(IOU_RANGE);
    }
}
