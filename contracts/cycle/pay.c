/* pay.c: INSTRUCT, NOTICE, FAIL (domain.md 3.5, ruling 30).  The contract holds no money: it says who should pay whom, and
 * believes the banks' notices. */
#include "cycle.h"

static char hex(uint32_t v)
{
    return "0123456789ABCDEF"[v & 15];
}

/* EndToEndId (5.1): "N", 12 hex digits of the cycle's id, 4 digits of the number, 8 hex digits of the instruction's hash. */
static void end_to_end(struct zyd_cycle_instruction *i, const struct cy *y, uint32_t number)
{
    struct {
        uint8_t cycle[CT_ID_SIZE];
        uint32_t number;
        uint16_t payer, payee;
        int64_t amount;
    } in;
    char *p = i->end_to_end;
    memcpy(in.cycle, y->id, sizeof in.cycle);
    in.number = number;
    in.payer = i->payer;
    in.payee = i->payee;
    in.amount = i->amount;
    ct_sha256(i->id, &in, sizeof in);
    *p++ = 'N';
    for (uint32_t k = 0; k < 6; k++) {
        *p++ = hex(y->id[k] >> 4);
        *p++ = hex(y->id[k]);
    }
    for (uint32_t ten = 1000; ten > 0; ten /= 10) {
        *p++ = (char)('0' + number / ten % 10);
    }
    for (uint32_t k = 0; k < 4; k++) {
        *p++ = hex(i->id[k] >> 4);
        *p++ = hex(i->id[k]);
    }
}

/* The plan's payments as instructions; with none, what is left settles at once. */
void make_instructions(struct cy *y, uint64_t pay_minutes)
{
    struct zyd_cycle_plan p[ZYD_CYCLE_MEMBERS_MAX];
    struct zyd_cycle_instruction i;
    uint8_t key[1 + CT_ID_SIZE];
    key[0] = 'P';
    memcpy(key + 1, y->id, CT_ID_SIZE);
    ct_get(y->call->contract, key, sizeof key, p, sizeof p);
    y->c.instr_first = y->c.instr_count + 1;
    for (uint32_t k = 0; k < y->c.plan_count; k++) {
        memset(&i, 0, sizeof i);
        i.amount = p[k].amount;
        i.payer = p[k].payer;
        i.payee = p[k].payee;
        i.state = ZYD_CYCLE_OPEN;
        i.failures = (uint16_t)y->c.failures;
        y->c.instr_count++;
        end_to_end(&i, y, y->c.instr_count);
        instr_store(&i, y, y->c.instr_count);
    }
    y->c.unmatched = y->c.plan_count;
    set_state(y, ZYD_CS_INSTRUCTED);
    if (y->c.unmatched == 0) {
        work(y, ZYD_CW_SETTLE);
        return;
    }
    y->c.work = ZYD_CW_NONE;
    y->c.pay_ms = y->call->time_ms + pay_minutes * 60000;
    cycle_deadline(y, ZYD_CD_PAY_END, y->c.pay_ms);
}

/* INSTRUCT: CONFIRMED -> INSTRUCTED: a page of obligations a slice, then the payments. */
void work_instruct(struct cy *y)
{
    struct page p;
    page_load(&p, y, 'O', y->c.cursor);
    for (uint32_t i = 0; i < p.count; i++) {
        if (p.e[i].status == ZYD_CYCLE_IN) {
            ct_obligation_move(p.e[i].id, CT_MOVE_INSTRUCT);
        }
    }
    y->c.cursor++;
    if (y->c.cursor * ZYD_CYCLE_PAGE < y->c.count) {
        work_on(y);
    } else {
        make_instructions(y, param(y, ZYD_CP_PAY_MIN));
    }
    cycle_store(y);
}

/* Who sends the notices for a member, and the account that they name (size 0: not compared). */
struct at_bank {
    uint16_t bank;
    const uint8_t *account;
    uint32_t size;
};
static struct at_bank bank_of(const struct cy *y, uint16_t member)
{
    struct ct_rd rd = y->accounts;
    struct at_bank out = {member, NULL, 0};
    uint32_t rows = ct_rd_nil(&rd) ? 0 : ct_rd_array(&rd); /* a programme may name none: all are banks of their own */
    for (uint32_t i = 0; i < rows; i++) {
        struct at_bank row;
        ct_rd_array(&rd);
        uint64_t who = ct_rd_u64(&rd, 65535);
        row.bank = (uint16_t)ct_rd_u64(&rd, 65535);
        row.account = ct_rd_bin(&rd, &row.size, ZYD_CYCLE_ACCOUNT_MAX);
        if (who == member) {
            out = row;
        }
    }
    return out;
}

/* The number in an EndToEndId, or 0. */
static uint32_t number_of(const uint8_t *text, uint32_t size)
{
    uint32_t number = 0;
    for (uint32_t i = 13; size == ZYD_CYCLE_E2E_SIZE && i < 17; i++) {
        number = number * 10 + (uint32_t)(text[i] - '0') % 10;
    }
    return number;
}

/* NOTICE: INSTRUCTED, SETTLING -> SETTLING by the payer's bank (debit) or the payee's (credit); where confirm_mode is AGENT by
 * the agent bank, which vouches for both sides.  Inputs: cycle, side, EndToEndId, amount, account, bank reference, value
 * date. */
void event_notice(struct cy *y)
{
    struct cc_signers who = {.call = y->call};
    struct ct_rd rd = ct_args(y->call);
    struct zyd_cycle_instruction i;
    uint32_t size, account_size = 0;
    const uint8_t *account = NULL;
    if (ct_rd_array(&rd) != 7) {
        ct_fail(CC_RANGE);
    }
    cycle_load(y, ct_rd_id(&rd));
    uint32_t side = (uint32_t)ct_rd_u64(&rd, ZYD_CYCLE_CREDIT);
    const uint8_t *reference = ct_rd_bin(&rd, &size, 35);
    int64_t amount = cc_arg_fen(&rd, 1);
    if (!ct_rd_nil(&rd)) {
        account = ct_rd_bin(&rd, &account_size, ZYD_CYCLE_ACCOUNT_MAX);
    }
    cc_arg_text(&rd, 1, 35);
    int32_t value_date = cc_arg_date(&rd);
    ct_rd_end(&rd);
    if (side < ZYD_CYCLE_DEBIT) {
        ct_fail(CC_RANGE);
    }
    if (y->c.state != ZYD_CS_INSTRUCTED && y->c.state != ZYD_CS_SETTLING) {
        ct_fail(CC_BAD_STATE);
    }
    if (value_date > y->call->date) {
        ct_fail(CC_BAD_DATE);
    }
    uint32_t number = number_of(reference, size);
    if (number == 0 || !instr_find(&i, y, number) || memcmp(reference, i.end_to_end, size) != 0) {
        ct_fail(E_UNKNOWN_REFERENCE);
    }
    struct at_bank at = bank_of(y, side == ZYD_CYCLE_DEBIT ? i.payer : i.payee);
    if (amount != i.amount ||
        (at.size != 0 && (account_size != at.size || memcmp(account, at.account, at.size) != 0))) {
        ct_fail(E_NOTICE_MISMATCH);
    }
    if (i.state == ZYD_CYCLE_VOID || y->call->time_ms >= y->c.pay_ms) {
        ct_fail(CC_DEADLINE);
    }
    if (i.state == ZYD_CYCLE_MATCHED || (i.notices & side) != 0) {
        ct_fail(CC_DUP_KEY);
    }
    bool agent = param(y, ZYD_CP_CONFIRM_MODE) == ZYD_CYCLE_AGENT;
    cc_sign(&who, agent ? (uint16_t)param(y, ZYD_CP_AGENT) : at.bank);
    cc_signed_end(&who);
    i.notices = (uint8_t)(agent ? ZYD_CYCLE_DEBIT | ZYD_CYCLE_CREDIT : i.notices | side);
    if (y->c.state == ZYD_CS_INSTRUCTED) {
        set_state(y, ZYD_CS_SETTLING);
    }
    if (i.notices == (ZYD_CYCLE_DEBIT | ZYD_CYCLE_CREDIT)) {
        i.state = ZYD_CYCLE_MATCHED;
        y->m[i.payer].paid += i.amount;
        y->m[i.payee].received += i.amount;
        y->c.unmatched--;
    }
    instr_store(&i, y, number);
    if (y->c.unmatched == 0) { /* SETTLE follows by SYS */
        cycle_deadline(y, ZYD_CD_PAY_END, 0);
        work(y, ZYD_CW_SETTLE);
    }
    paper(y, ZYD_CYCLE_KIND_NOTICE, y->id);
    cycle_store(y);
}

/* FAIL: INSTRUCTED, SETTLING -> UNWINDING: the payer of every payment that is not matched leaves with all its obligations; what
 * others have paid stays theirs (ruling 30). */
void sys_pay_end(struct cy *y)
{
    struct zyd_cycle_instruction i;
    if ((y->c.state != ZYD_CS_INSTRUCTED && y->c.state != ZYD_CS_SETTLING) || y->c.unmatched == 0) {
        return;
    }
    y->c.leaving = 0;
    for (uint32_t n = y->c.instr_first; n <= y->c.instr_count; n++) {
        instr_load(&i, y, n);
        if (i.state == ZYD_CYCLE_OPEN) {
            i.state = ZYD_CYCLE_VOID;
            instr_store(&i, y, n);
            y->c.leaving |= UINT64_C(1) << i.payer;
        }
    }
    y->c.failed |= y->c.leaving;
    y->c.failures++;
    ct_warn(W_PAY_IN_FAILED);
    set_state(y, ZYD_CS_UNWINDING);
    work(y, ZYD_CW_UNWIND);
    cycle_store(y);
}
