/* match.c: an entry of a bank against an instruction of a cycle.  The order of the questions is the contract's (NOTICE: 5004,
 * 5005, then 9109 and 9106), but that a payment already matched is a duplicate also after the deadline. */
#include <zyd/catalogue.h>
#include <zyd/crypto.h>
#include <zyd/cycle.h>
#include <zyd/date.h>
#include <zyd/iso20022.h>

enum zyd_iso_verdict zyd_iso_verdict_of(enum zyd_iso_reason r)
{
    static const enum zyd_iso_verdict verdicts[] = {
#define X(name, verdict, zh, en) ZYD_ISO_##verdict,
        ZYD_ISO_REASONS(X)
#undef X
    };
    return verdicts[r];
}

const char *zyd_iso_verdict_name(enum zyd_iso_verdict v, int lang)
{
    static const char *const names[][2] = {
#define X(name, en, zh) {zh, en},
        ZYD_ISO_VERDICTS(X)
#undef X
    };
    return names[v][lang == ZYD_LANG_EN];
}

const char *zyd_iso_reason_text(enum zyd_iso_reason r, int lang)
{
    static const char *const texts[][2] = {
#define X(name, verdict, zh, en) {zh, en},
        ZYD_ISO_REASONS(X)
#undef X
    };
    return texts[r][lang == ZYD_LANG_EN];
}

/* "N", 12 upper-case hex digits, 4 digits, 8 hex digits. */
static bool is_ours(const char *text)
{
    if (strlen(text) != ZYD_CYCLE_E2E_SIZE || text[0] != 'N') {
        return false;
    }
    for (size_t i = 1; i < ZYD_CYCLE_E2E_SIZE; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9', letter = text[i] >= 'A' && text[i] <= 'F' && (i < 13 || i > 16);
        if (!digit && !letter) {
            return false;
        }
    }
    return true;
}

const char *zyd_iso_our_reference(const struct zyd_iso_entry *e)
{
    return is_ours(e->end_to_end)    ? e->end_to_end
           : is_ours(e->instruction) ? e->instruction
           : is_ours(e->transaction) ? e->transaction
                                     : NULL;
}

enum zyd_iso_reason zyd_iso_judge(const struct zyd_iso_entry *e, const struct zyd_iso_open *open, int me, int64_t now_ms)
{
    size_t side = e->credit ? 1 : 0;
    int32_t date = e->value_date ? e->value_date : e->date;
    if (!e->booked) {
        return ZYD_ISO_R_NOT_BOOKED;
    }
    if (e->reversal) {
        return ZYD_ISO_R_REVERSED;
    }
    if (!open) {
        return ZYD_ISO_R_UNKNOWN;
    }
    if (e->uetr[0] && strcmp(e->uetr, open->uetr) != 0) {
        return ZYD_ISO_R_OTHER_UETR;
    }
    if (open->account[side][0] && strcmp(e->account, open->account[side]) != 0) {
        return ZYD_ISO_R_OTHER_ACCOUNT;
    }
    if (strcmp(e->currency, "CNY") != 0) {
        return ZYD_ISO_R_CURRENCY;
    }
    if (e->fen != open->fen) {
        return e->fen < 0 ? ZYD_ISO_R_FRACTION : ZYD_ISO_R_AMOUNT;
    }
    if (open->matched || open->noticed[side]) {
        return ZYD_ISO_R_NOTICED;
    }
    if (open->is_void) {
        return ZYD_ISO_R_VOIDED;
    }
    if (now_ms >= open->deadline_ms) {
        return ZYD_ISO_R_AFTER;
    }
    if (date == 0) {
        return ZYD_ISO_R_NO_DATE;
    }
    if (date > zyd_date_of_ms(now_ms)) {
        return ZYD_ISO_R_AHEAD;
    }
    return me >= 0 && open->bank[side] != me ? ZYD_ISO_R_OTHER_BANK : ZYD_ISO_R_FITS;
}

void zyd_iso_client_ref(char out[ZYD_ISO_REF_MAX + 1], const struct zyd_iso_entry *e)
{
    const char *ours = zyd_iso_our_reference(e);
    const char *parts[] = {"zyd/edge/notice/1", e->account, e->credit ? "C" : "D", e->reference, ours ? ours : ""};
    char all[512];
    size_t size = 0;
    struct zyd_hash h;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t n = strlen(parts[i]) + 1; /* with its NUL, so that parts cannot run into each other */
        zyd_assert(size + n <= sizeof all);
        memcpy(all + size, parts[i], n);
        size += n;
    }
    zyd_sha256(&h, all, size);
    memcpy(out, "CAMT-", 5);
    for (size_t i = 0; i < 15; i++) {
        out[5 + 2 * i] = "0123456789abcdef"[h.b[i] >> 4];
        out[6 + 2 * i] = "0123456789abcdef"[h.b[i] & 15];
    }
    out[ZYD_ISO_REF_MAX] = '\0';
}
