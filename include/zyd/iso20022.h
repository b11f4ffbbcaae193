/* zyd/iso20022.h: ISO 20022 at the edge: a cycle's payments out, a bank's statements and notices in (domain.md 5.1).
 *
 *   instructions of a cycle --zyd_iso_write--> pacs.009.001.08 (bank to bank) or pain.001.001.09 (all others)
 *   camt.053 / camt.054     --zyd_iso_read-->  entries --zyd_iso_judge--> matched, or why not
 *
 * Nothing of this is on the ledger.  No file is opened, no network asked: bytes in, bytes out.  In archive zyd_edge (libxml2).
 */
#ifndef ZYD_ISO20022_H
#define ZYD_ISO20022_H

#include <zyd/base.h>
#include <zyd/io.h>

#define ZYD_ISO_SIZE_MAX (8u << 20)
#define ZYD_ISO_DEPTH_MAX 32u
#define ZYD_ISO_TAG_MAX 2048u /* bytes of one tag with its attributes */
#define ZYD_ISO_ELEMENTS_MAX 400000u
#define ZYD_ISO_ENTRIES_MAX 20000u
#define ZYD_ISO_REF_MAX 35u /* characters of MsgId, InstrId, EndToEndId, TxId */

/* ---- out ---- */
enum zyd_iso_format { ZYD_ISO_PACS009 = 1, ZYD_ISO_PAIN001 = 2 };
struct zyd_iso_party {
    char name[64]; /* UTF-8 */
    char uscc[20];
    char account[36];   /* "": a bank's own, named by its uscc */
    char bank_code[16]; /* 行号, 12 digits; "": bank's code in the consortium */
    char bank[16];      /* code of its bank in the consortium; of a bank: its own */
    char bank_name[64];
    char bank_uscc[20];
    bool is_bank;
};
struct zyd_iso_payment {
    char end_to_end[ZYD_ISO_REF_MAX + 1];
    char uetr[37];
    char note[80]; /* for people: remittance information */
    int64_t fen;
    struct zyd_iso_party payer, payee;
};
struct zyd_iso_order {
    enum zyd_iso_format format;
    char message[ZYD_ISO_REF_MAX + 1]; /* MsgId; pain.001: its first 30 characters and a number are PmtInfId */
    int64_t created_ms;
    int32_t date; /* of execution */
    char initiator[64];
    const struct zyd_iso_payment *payments; /* pain.001: those of one payer stand together */
    size_t count;
};
/* Does the payment go into a file of this format?  Each goes into exactly one. */
bool zyd_iso_belongs(enum zyd_iso_format format, const struct zyd_iso_payment *p);
/* The UETR of an instruction: its id with the bits of a version 4 UUID forced. */
void zyd_iso_uetr(char out[37], const uint8_t id[32]);
/* malloc'd, NUL behind the end; equal orders give equal bytes.  ZYD_E_INVALID: a name is not text. */
enum zyd_status ZYD_MUST_USE zyd_iso_write(char **out, size_t *size, struct zyd_err *err, const struct zyd_iso_order *order);

/* A member's statement of a cycle as camt.053.001.08: one entry an obligation that is netted, and one balance, of the type NET.
 */
struct zyd_iso_row {
    char id[65]; /* of the obligation */
    char other[64], other_uscc[20];
    int64_t fen;
    bool credit, settled;
};
struct zyd_iso_statement {
    char message[ZYD_ISO_REF_MAX + 1];
    int64_t created_ms;
    int32_t date;
    char owner[64], code[16], uscc[20]; /* code: of the member, which names its position as an account does */
    int64_t net;
    const struct zyd_iso_row *rows;
    size_t count;
};
enum zyd_status ZYD_MUST_USE zyd_iso_statement_write(char **out, size_t *size, struct zyd_err *err,
                                                     const struct zyd_iso_statement *statement);

/* ---- any file against a schema that the user has: E8089 with the line.  xsd: the bytes of the schema; imports are refused.
 * ---- */
enum zyd_status ZYD_MUST_USE zyd_iso_validate(struct zyd_err *err, struct zyd_span xml, struct zyd_span xsd);

/* ---- in ---- */
struct zyd_iso_entry {
    uint32_t line;
    int64_t fen;     /* -1: not a whole number of fen, or above MAX_AMT */
    char amount[32]; /* as it stands */
    char currency[4];
    bool credit, booked, reversal;
    int32_t date, value_date; /* 0: not given */
    char account[36];
    char end_to_end[144], instruction[144], transaction[144], uetr[40];
    char reference[144]; /* the bank's own */
};
struct zyd_iso_notice {
    int kind; /* 53, 54 */
    char message[144];
    size_t count;
    struct zyd_iso_entry *entries; /* one a transaction, in the file's order */
};
/* E8088 (not well formed, or hostile: DOCTYPE, XInclude, too deep, too large, another encoding), E8094 (not a camt.053/054, or
 * a field is missing or unreadable); the text begins with the line.  Free with zyd_iso_notice_free. */
enum zyd_status ZYD_MUST_USE zyd_iso_read(struct zyd_iso_notice **out, struct zyd_err *err, struct zyd_span bytes);
void zyd_iso_notice_free(struct zyd_iso_notice *n);
/* Exact: "+1.50", "1.5", "1.50000" are 150; -1: negative, a fraction of a fen, above MAX_AMT; -2: not a decimal number. */
int64_t zyd_iso_fen(const char *text);
/* xs:date or xs:dateTime as a date in UTC+8; a zone other than +08:00 is converted.  0: neither. */
int32_t zyd_iso_date(const char *text);

/* ---- matching ---- */
#define ZYD_ISO_VERDICTS(X)                                                                                                    \
    X(MATCHED, "matched", "相符")                                                                                              \
    X(UNMATCHED, "unmatched", "无对应指令")                                                                                    \
    X(WRONG_AMOUNT, "wrong_amount", "金额不符")                                                                                \
    X(LATE, "late", "逾期")                                                                                                    \
    X(DUPLICATE, "duplicate", "重复")                                                                                          \
    X(WAITING, "waiting", "等待签署")
enum zyd_iso_verdict {
#define X(name, en, zh) ZYD_ISO_##name,
    ZYD_ISO_VERDICTS(X)
#undef X
};
#define X(name, en, zh) +1
enum { ZYD_ISO_VERDICT_COUNT = 0 ZYD_ISO_VERDICTS(X) };
#undef X
/* X(NAME, verdict, zh, en) */
#define ZYD_ISO_REASONS(X)                                                                                                     \
    X(FITS, MATCHED, "与付款指令一致", "agrees with the instruction")                                                          \
    X(NOT_BOOKED, UNMATCHED, "尚未入账（状态不是 BOOK）", "not booked yet (status is not BOOK)")                               \
    X(REVERSED, UNMATCHED, "是冲正分录", "the entry is a reversal")                                                            \
    X(UNKNOWN, UNMATCHED, "参考号不属于任何清算周期的付款指令", "no instruction of a cycle has this reference")                \
    X(OTHER_UETR, UNMATCHED, "分录的 UETR 属于另一笔付款", "the UETR is another payment's")                                    \
    X(OTHER_ACCOUNT, UNMATCHED, "账号与登记的账号不同", "the account is not the one registered")                               \
    X(OTHER_BANK, UNMATCHED, "应由对方开户行报送", "another bank is to send this notice")                                      \
    X(CURRENCY, WRONG_AMOUNT, "币种不是人民币", "the currency is not CNY")                                                     \
    X(FRACTION, WRONG_AMOUNT, "金额不是整分或超出上限", "the amount is no whole number of fen, or above the limit")            \
    X(AMOUNT, WRONG_AMOUNT, "金额与指令不同", "the amount differs from the instruction's")                                     \
    X(AHEAD, UNMATCHED, "起息日在业务日期之后", "the value date lies ahead of the business date")                              \
    X(NO_DATE, UNMATCHED, "没有起息日和记账日", "neither value date nor booking date")                                         \
    X(VOIDED, LATE, "该指令已作废", "the instruction is void")                                                                 \
    X(AFTER, LATE, "已过付款期限", "the pay-in deadline has passed")                                                           \
    X(NOTICED, DUPLICATE, "账本已有这一方的通知", "the ledger has this side's notice already")                                 \
    X(TWICE, DUPLICATE, "文件中已出现过", "stands in this file already")                                                       \
    X(CHECKER, WAITING, "已提交，等待复核人批准", "submitted; waits for the checker's approval")                               \
    X(COUNTERSIGN, WAITING, "已提交，等待其他机构会签", "submitted; waits for countersignatures")                              \
    X(LEDGER, UNMATCHED, "账本拒绝", "the ledger refused it")
enum zyd_iso_reason {
#define X(name, verdict, zh, en) ZYD_ISO_R_##name,
    ZYD_ISO_REASONS(X)
#undef X
};
enum zyd_iso_verdict zyd_iso_verdict_of(enum zyd_iso_reason r);
const char *zyd_iso_verdict_name(enum zyd_iso_verdict v, int lang); /* enum zyd_lang */
const char *zyd_iso_reason_text(enum zyd_iso_reason r, int lang);

/* What the ledger says of the instruction that an entry names. */
struct zyd_iso_open {
    int64_t fen;
    char uetr[37];
    char account[2][36]; /* of payer (a debit names it) and payee (a credit); "": not compared */
    int bank[2];         /* member who sends the debit, the credit notice */
    bool matched, is_void;
    bool noticed[2];
    int64_t deadline_ms;
};
/* open NULL: no such instruction.  me: the member who sends, or -1: any.  now_ms: the ledger's time. */
enum zyd_iso_reason zyd_iso_judge(const struct zyd_iso_entry *e, const struct zyd_iso_open *open, int me, int64_t now_ms);
/* Text of our instructions in an entry: EndToEndId, else InstrId, else TxId, whichever has the form of zyd/cycle.h; NULL: none.
 */
const char *zyd_iso_our_reference(const struct zyd_iso_entry *e);
/* Reference for the ledger, the same for the same entry in any file: of account, side, the bank's reference and the payment's.
 */
void zyd_iso_client_ref(char out[ZYD_ISO_REF_MAX + 1], const struct zyd_iso_entry *e);

#endif
