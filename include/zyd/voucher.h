/* zyd/voucher.h: product (d), agri supply-chain receivable voucher (domain.md 3.4): its numbers and its records.
 *
 * Shared by the contract (contracts/voucher, in the VM) and by the tools and tests outside: freestanding, needs
 * <stdint.h> only.  All numbers here are fixed: they stand in the ledger.  Sections and rulings are domain.md's.
 *
 * A voucher is an unspent-output token, an object of the ledger by itself.  ISSUE makes one as every operation makes its
 * object; SPLIT and TRANSFER spend theirs and make children, each under an id of its own:
 *
 *   child id = SHA-256("zyd/voucher/child" || parent's id 32 || index u16 big-endian)
 *
 * with index 0 .. count-1 in the order of the faces (TRANSFER: 0).  A parent is spent once, so no two children share an id,
 * and whoever knows the parent can name the child before it exists.  A child is a record under 32 bytes: later operations
 * name it as their object, its expect_seq begins at 1, it has its own deadlines, and what it owes stems from it.
 *
 * Accounts name a voucher by its number in the programme: 1161.V3.  ISSUE and each child of a SPLIT take the next number;
 * a TRANSFER keeps it, since the debt stays one and the same and only its holder changes.
 */
#ifndef ZYD_VOUCHER_H
#define ZYD_VOUCHER_H

#include <stdint.h>

#define ZYD_VOUCHER_CONTRACT 4u
#define ZYD_VOUCHER_CHILD_TAG "zyd/voucher/child"
#define ZYD_VOUCHER_CHILDREN_MAX 100u
#define ZYD_VOUCHER_INVOICES_MAX 64u
#define ZYD_VOUCHER_LINKS_MAX 16u /* prior holders of a voucher */
#define ZYD_VOUCHER_REGISTRATION_MAX 32u

/* ---- events: operations of members.  An event number that is not here is refused with 9104. ----
 * Arguments are one MessagePack array of exactly these; a member is its index u16; a date is yyyymmdd; a bool is 0 or 1 or
 * nil (0); an id is 32 bytes.  LINE and ISSUE make an object; all others name one.
 * X(NAME, number, zh, en) */
#define ZYD_VOUCHER_EVENTS(X)                                                                                          \
    X(LINE, 1, "核定授信额度", "credit line of a core firm")                                                           \
    X(ISSUE, 2, "开立凭证", "issue")                                                                                   \
    X(ACCEPT, 3, "接收凭证", "accept")                                                                                 \
    X(CANCEL, 4, "撤销凭证", "cancel")                                                                                 \
    X(SPLIT, 5, "拆分", "split")                                                                                       \
    X(TRANSFER, 6, "转让", "transfer")                                                                                 \
    X(DISCOUNT, 7, "贴现/保理", "discount at a bank")                                                                  \
    X(PLEDGE, 8, "质押", "pledge")                                                                                     \
    X(UNPLEDGE, 9, "解除质押", "end of pledge")                                                                        \
    X(PREPAY, 10, "提前付款", "payment before the due date")                                                           \
    X(DEFAULT, 11, "申报违约", "default, declared by the holder")                                                      \
    X(FREEZE, 12, "冻结", "freeze")                                                                                    \
    X(UNFREEZE, 13, "解冻", "end of freeze")                                                                           \
    X(REVERSE, 14, "冲正", "reverse the last event by its mirror image")
/* LINE      [core, limit fen u64, last day]                  BANK; the bank of the line before, too, while it is used
 * ISSUE     [supplier, face u64, due date, reason id|nil, invoices [[id, amount u64] ...]]; ids ascend
 *                                                            CORE; BANK of the line too when there is a reason
 * ACCEPT    []                                               SUPPLIER
 * CANCEL    []                                               CORE
 * SPLIT     [faces [u64 ...] 2..100]                         HOLDER
 * TRANSFER  [payee, trade reference id, recourse bool]       HOLDER, PAYEE
 * DISCOUNT  [bank, rate ppm, registration str|nil, all-in cost fen u64, recourse bool]   HOLDER, BANK
 * PLEDGE    [bank, registration str|nil]                     HOLDER, BANK
 * UNPLEDGE  []                                               the BANK it is pledged to
 * PREPAY    [discount fen u64]                               CORE, HOLDER
 * DEFAULT   []                                               HOLDER; only where the calendar was silent at maturity
 * FREEZE    [order id], UNFREEZE []                          a member of role AUD; UNFREEZE: the same
 * REVERSE   [op_id of ACCEPT, DISCOUNT, PLEDGE, UNPLEDGE or PREPAY, code]   who signed it */

enum zyd_voucher_event {
#define X(name, number, zh, en) ZYD_VE_##name = number,
    ZYD_VOUCHER_EVENTS(X)
#undef X
};

/* ---- deadlines: events of SYS ---- */
/* X(NAME, number, zh, en) */
#define ZYD_VOUCHER_DEADLINES(X)                                                                                       \
    X(OFFER_END, 1, "要约到期", "offer lapsed")                                                                        \
    X(MATURE, 2, "到期", "maturity")                                                                                   \
    X(CLOCK, 3, "违约计时", "clock of default set")                                                                    \
    X(DEFAULTED, 4, "违约", "default")

enum zyd_voucher_deadline {
#define X(name, number, zh, en) ZYD_VD_##name = number,
    ZYD_VOUCHER_DEADLINES(X)
#undef X
};

/* X(NAME, number, zh, en) */
#define ZYD_VOUCHER_STATES(X)                                                                                          \
    X(DRAFT, 10, "草稿", "draft")                                                                                      \
    X(OFFERED, 11, "待接收", "offered")                                                                                \
    X(ACTIVE, 12, "有效", "active")                                                                                    \
    X(SPENT, 13, "已拆分或转让", "spent")                                                                              \
    X(FINANCED, 14, "已融资", "financed")                                                                              \
    X(PLEDGED, 15, "已质押", "pledged")                                                                                \
    X(MATURED, 16, "已到期", "matured")                                                                                \
    X(PAID, 17, "已付款", "paid")                                                                                      \
    X(DEFAULTED, 18, "已违约", "defaulted")                                                                            \
    X(CANCELLED, 19, "已撤销", "cancelled")

enum zyd_voucher_state {
#define X(name, number, zh, en) ZYD_VS_##name = number,
    ZYD_VOUCHER_STATES(X)
#undef X
};

/* ---- labels of postings, and reasons of obligations ---- */
/* X(NAME, number, zh, en) */
#define ZYD_VOUCHER_LABELS(X)                                                                                          \
    X(ISSUE, 1, "开立", "issued and accepted")                                                                         \
    X(SPLIT, 2, "拆分", "split")                                                                                       \
    X(TRANSFER, 3, "转让", "transferred")                                                                              \
    X(DISCOUNT, 4, "贴现", "discounted")                                                                               \
    X(PLEDGE, 5, "质押", "pledge taken")                                                                               \
    X(UNPLEDGE, 6, "解除质押", "pledge ended")                                                                         \
    X(MATURITY, 7, "到期", "maturity")                                                                                 \
    X(PREPAY, 8, "提前付款", "payment before the due date")                                                            \
    X(RECOURSE, 9, "追索", "recourse to a prior holder")                                                               \
    X(PASS_ON, 10, "追索款返还", "late payment of the core firm passed on")

enum zyd_voucher_label {
#define X(name, number, zh, en) ZYD_VL_##name = number,
    ZYD_VOUCHER_LABELS(X)
#undef X
};

/* Emitted events. */
#define ZYD_VOUCHER_EMIT_CHILDREN 1u /* parent's id 32, count u16, first number u32, big-endian */
#define ZYD_VOUCHER_EMIT_DEFAULT 2u  /* core u16, holder u16, owed u64, big-endian */

/* ---- parameters of a programme ----
 * canonical MessagePack array of 1: bin slots: ZYD_VOUCHER_PARAM_COUNT times u64 big-endian, in the order of this table.
 * X(NAME, text, type, default, min, max, zh, en) */
#define ZYD_VOUCHER_PARAMS(X)                                                                                          \
    X(SETTLE, "settle", SETTLE, 1, 0, 1, "结算方式", "obligations settle gross by PAID, or in netting cycles")         \
    X(TERM_MONTHS, "term_months", U64, 12, 1, 12, "最长期限(月)", "calendar months from issue to the due date")        \
    X(REASON_MONTHS, "reason_months", U64, 6, 0, 12, "说明期限(月)", "longer terms need the bank's reason")            \
    X(OFFER_DAYS, "offer_days", U64, 10, 1, 366, "要约有效期(天)", "days in which the supplier may accept")            \
    X(DEPTH_MAX, "depth_max", U64, 5, 0, 16, "拆分层数", "generations of splits")                                      \
    X(RATE_CAP, "rate_cap", PPM, 240000, 0, 1000000, "贴现利率上限", "highest discount rate a year")                   \
    X(BASIS, "basis", BASIS, 360, 360, 365, "贴现计息基础", "days a year of discount interest")                        \
    X(DEFAULT_WD, "default_wd", U64, 3, 0, 250, "违约宽限(工作日)", "working days after the due date")

enum zyd_voucher_param {
#define X(name, text, type, def, min, max, zh, en) ZYD_VP_##name,
    ZYD_VOUCHER_PARAMS(X)
#undef X
        ZYD_VOUCHER_PARAM_COUNT
};

/* ---- records of the contract: the VM's memory as it is, so integers are little-endian ----
 * key (owner = the contract's number)                     value
 * object id 32                                             struct zyd_voucher + its links (kind 1), zyd_voucher_minute (2)
 * 'L' || programme u16 BE || core u16 BE                   struct zyd_voucher_line
 * 'I' || fingerprint 32                                    struct zyd_voucher_invoice: one for all programmes
 * 'U' || voucher's id 32                                   its zyd_voucher_use, so that CANCEL gives back what ISSUE took
 * 'R' || registration number, zeros to 32                  the id of the voucher that it financed, for all programmes; empty:
 *                                                          free again
 * 'N' || voucher's id 32                                   struct cc_note_head ...: the last event that REVERSE can take back;
 *                                                          its state: the registration it took (zeros: none), the voucher
 * "voucher/serial" || programme u16 BE                     u32: the last number given out
 * Only objects have keys of 32 bytes, so no other record can stand where a child will.
 *
 * Fingerprint of an invoice: the consortium's hash (SHA-256, or SM3) of invoice code, number and seller's USCC, each followed
 * by a zero byte.  The contract sees the 32 bytes alone. */
#define ZYD_VOUCHER_KIND_VOUCHER 1u
#define ZYD_VOUCHER_KIND_MINUTE 2u
#define ZYD_VOUCHER_KEY_LINE 'L'
#define ZYD_VOUCHER_KEY_INVOICE 'I'
#define ZYD_VOUCHER_KEY_USE 'U'
#define ZYD_VOUCHER_KEY_REGISTRATION 'R'
#define ZYD_VOUCHER_KEY_SERIAL "voucher/serial"

#define ZYD_VF_FINANCED 1u /* the holder is a bank that discounted it: 1171 in place of 1161 */
#define ZYD_VF_PREPAID 2u  /* PREPAY made what is owed */
#define ZYD_VF_FROZEN 4u

/* One prior holder, in the order of passing on; recourse: who got it from this member may come back. */
struct zyd_voucher_link {
    uint16_t member;
    uint8_t recourse, zero;
};
_Static_assert(sizeof(struct zyd_voucher_link) == 4, "record layout");

struct zyd_voucher {
    uint8_t kind, state, flags, depth; /* depth: splits above it */
    uint16_t programme, core, holder, line_bank;
    uint16_t pledgee;      /* 65535: none */
    uint8_t link_count;    /* prior holders */
    uint8_t called;        /* of them, counted from the last: against how many recourse was taken */
    uint32_t number;       /* V<number> in accounts */
    uint32_t rate_ppm;     /* of the discount */
    int32_t issued, due, offered_until, financed, payable; /* payable: day of MATURE or PREPAY; 0: not yet */
    uint16_t child_count;  /* of a spent one */
    uint16_t freezer;      /* member that froze it */
    int64_t face, unearned, owed; /* unearned: its 2152; owed: what CORE owes since `payable` */
    uint8_t parent[32];     /* zeros: it was issued */
    uint8_t obligation[32]; /* CORE's, since `payable` */
    /* then link_count of struct zyd_voucher_link */
};
_Static_assert(sizeof(struct zyd_voucher) == 136, "record layout");

struct zyd_voucher_minute { /* LINE makes it: who set which line, when */
    uint8_t kind, zero;
    uint16_t programme, core, bank;
    int32_t date, until;
    int64_t limit;
};
_Static_assert(sizeof(struct zyd_voucher_minute) == 24, "record layout");

struct zyd_voucher_line {
    uint16_t core, bank;
    int32_t until;       /* last day of new vouchers */
    int64_t limit, used; /* used: faces offered and not paid, not cancelled */
};
_Static_assert(sizeof(struct zyd_voucher_line) == 24, "record layout");

struct zyd_voucher_invoice {
    uint16_t core, seller;
    uint32_t zero;
    int64_t amount, left;
};
_Static_assert(sizeof(struct zyd_voucher_invoice) == 24, "record layout");

struct zyd_voucher_use {
    uint8_t invoice[32];
    int64_t taken;
};
_Static_assert(sizeof(struct zyd_voucher_use) == 40, "record layout");

#endif
