/* call.c: parameters, arguments, signers, borrowers, accounts, postings, obligations, deadlines of a call. */
#include <zyd/common.h>

const uint8_t *cc_slots(struct ct_rd *rd, uint32_t count)
{
    uint32_t size;
    const uint8_t *slots = ct_rd_bin(rd, &size, count * 8);
    if (size != count * 8) {
        ct_fail(CC_RANGE);
    }
    return slots;
}

int32_t cc_arg_date(struct ct_rd *rd)
{
    int32_t date = (int32_t)ct_rd_u64(rd, 99991231);
    if (!zyd_date_valid(date)) {
        ct_fail(CC_BAD_DATE);
    }
    return date;
}

int64_t cc_arg_fen(struct ct_rd *rd, int64_t min)
{
    int64_t fen = (int64_t)ct_rd_u64(rd, (uint64_t)CC_FEN_MAX);
    if (fen < min) {
        ct_fail(CC_RANGE);
    }
    return fen;
}

void cc_arg_text(struct ct_rd *rd, uint32_t min, uint32_t max)
{
    uint32_t size;
    ct_rd_bin(rd, &size, max);
    if (size < min) {
        ct_fail(CC_RANGE);
    }
}

static void note_signer(struct cc_signed *n, uint16_t member)
{
    uint32_t i = 0;
    while (i < n->count && n->member[i] != member) {
        i++;
    }
    if (i == CC_SIGNED_MAX) {
        n->full = true;
    } else if (i == n->count) {
        n->member[n->count++] = member;
    }
}

void cc_sign(struct cc_signers *s, uint16_t member)
{
    if (member != CT_NO_MEMBER) {
        ct_require(member);
        s->actor = s->actor || member == s->call->member;
        if (s->noted != 0) {
            note_signer(s->noted, member);
        }
    }
}

void cc_signed_end(const struct cc_signers *s)
{
    if (!s->actor && !s->call->sys) {
        ct_fail(CC_SIGNER_MISSING); /* an outsider may not act, whoever else signs */
    }
    ct_require_end();
}

/* Value of a character of a USCC: 0-9, then A-Z without I O S V Z; 31: none. */
static uint32_t uscc_value(uint8_t c)
{
    static const uint8_t letters[26] = {10, 11, 12, 13, 14, 15, 16, 17, 31, 18, 19, 20, 21,
                                        22, 31, 23, 24, 25, 31, 26, 27, 31, 28, 29, 30, 31};
    return c >= '0' && c <= '9' ? c - (uint32_t)'0' : c >= 'A' && c <= 'Z' ? letters[c - 'A'] : 31;
}

/* GB 32100-2015: 17 characters with weights 3^i mod 31, and a check character (E19). */
static bool uscc_valid(const uint8_t *code)
{
    static const uint8_t weights[17] = {1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28};
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 17; i++) {
        uint32_t value = uscc_value(code[i]);
        if (value == 31) {
            return false;
        }
        sum += weights[i] * value;
    }
    return uscc_value(code[17]) == (31 - sum % 31) % 31;
}

uint32_t cc_arg_borrower(uint8_t out[CT_ID_SIZE], struct ct_rd *rd)
{
    uint32_t size;
    const uint8_t *b = ct_rd_bin(rd, &size, CT_ID_SIZE);
    memset(out, 0, CT_ID_SIZE);
    memcpy(out, b, size);
    if (size == 18 && uscc_valid(b)) {
        return CC_FIRM;
    }
    if (size != CT_ID_SIZE) {
        ct_fail(CC_BAD_ID);
    }
    return CC_PERSON;
}

void cc_borrower_text(char out[CC_TEXT_SIZE], uint32_t kind, const uint8_t borrower[CT_ID_SIZE])
{
    if (kind == CC_FIRM) {
        memcpy(out, borrower, 18);
        out[18] = 0;
        return;
    }
    for (uint32_t i = 0; i < 8; i++) {
        out[2 * i] = "0123456789abcdef"[borrower[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[borrower[i] & 15];
    }
    out[16] = 0;
}

void cc_account_text(char out[CT_ACCOUNT_SIZE], const char *code, const char *tail)
{
    while (*code) {
        *out++ = *code++;
    }
    *out++ = '.';
    while (*tail) {
        *out++ = *tail++;
    }
    *out = 0;
}

void cc_account(char out[CT_ACCOUNT_SIZE], const char *code, uint16_t member)
{
    char name[13];
    ct_member(member, name);
    cc_account_text(out, code, name);
}

void cc_oblige(struct ct_obligation *out, uint16_t debtor, uint16_t creditor, int64_t amount, uint16_t reason, bool gross)
{
    memset(out, 0, sizeof *out);
    out->debtor = debtor;
    out->creditor = creditor;
    out->amount = amount;
    out->reason = reason;
    out->gross = gross;
    ct_obligation(out);
}

void cc_oblige_and_post(uint16_t debtor, const char *dr, uint16_t creditor, const char *cr, int64_t amount, uint16_t reason,
                        bool gross)
{
    struct ct_obligation o;
    char due[CT_ACCOUNT_SIZE];
    if (amount == 0 || debtor == creditor) {
        return;
    }
    cc_oblige(&o, debtor, creditor, amount, reason, gross);
    cc_account(due, "2141", creditor);
    cc_post(debtor, reason, dr, due, amount, o.id);
    cc_account(due, "1141", debtor);
    cc_post(creditor, reason, due, cr, amount, o.id);
}

void cc_deadline_at(const uint8_t *object, uint8_t number, int32_t date)
{
    ct_deadline(object, number, (uint64_t)zyd_ms_of_date(date));
}

void cc_deadline_after_workdays(const struct ct_call *call, uint8_t number, uint32_t count)
{
    cc_deadline_at(call->object, number, zyd_date_add(ct_workday_add(call->date, count), 1));
}
