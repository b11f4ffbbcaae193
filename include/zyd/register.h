/* zyd/register.h: attested figures and grades (contract 6): what an authority vouches for, with no effect on money.
 *
 * Shared by the contract (contracts/register), by contracts that read grades (contracts/guarantee) and by tools: freestanding,
 * needs <stdint.h> only.  All numbers here are fixed: they stand in the ledger.
 */
#ifndef ZYD_REGISTER_H
#define ZYD_REGISTER_H

#include <stdint.h>

#define ZYD_REGISTER_CONTRACT 6u

/* ---- events; both make an object ----  X(NAME, number, zh, en) */
#define ZYD_REGISTER_EVENTS(X)                                                                                         \
    X(TAX, 1, "税收数据证明", "a county's tax of a year, attested by the tax authority")                               \
    X(GRADE, 2, "企业评级证明", "a borrower's grade, attested by the department")

enum zyd_register_event {
#define X(name, number, zh, en) ZYD_RE_##name = number,
    ZYD_REGISTER_EVENTS(X)
#undef X
};

#define ZYD_REGISTER_STATES(X)                                                                                         \
    X(STANDS, 1, "有效", "stands")                                                                                     \
    X(REPLACED, 2, "已更正", "replaced by a later record")

enum zyd_register_state {
#define X(name, number, zh, en) ZYD_RS_##name = number,
    ZYD_REGISTER_STATES(X)
#undef X
};

/* ---- parameters, in the common form (zyd/product.h) ----  X(NAME, text, type, default, min, max, zh, en) */
#define ZYD_REGISTER_PARAMS(X)                                                                                         \
    X(TAX_AUTHORITY, "tax_authority", MEMBER, 65535, 0, 65535, "税务机关", "signs TAX; none: no figures here")         \
    X(GRADER, "grader", MEMBER, 65535, 0, 65535, "评级部门", "signs GRADE; none: no grades here")

enum zyd_register_param {
#define X(name, text, type, def, min, max, zh, en) ZYD_RP_##name,
    ZYD_REGISTER_PARAMS(X)
#undef X
        ZYD_REGISTER_PARAM_COUNT
};

/* ---- records: the VM's memory as it is, so integers are little-endian ----
 * key (owner = ZYD_REGISTER_CONTRACT)                      value
 * object id 32                                             struct zyd_register_record
 * 'T' || programme u16 BE || county u32 BE || year u16 BE  struct zyd_register_current: the figure that stands
 * 'G' || programme u16 BE || borrower 32                   struct zyd_register_current: the grade that stands */
#define ZYD_REGISTER_KEY_TAX 'T'
#define ZYD_REGISTER_KEY_GRADE 'G'
#define ZYD_REGISTER_TAX_KEY_SIZE 9u
#define ZYD_REGISTER_GRADE_KEY_SIZE 35u
#define ZYD_REGISTER_KIND_TAX 1u
#define ZYD_REGISTER_KIND_GRADE 2u
#define ZYD_REGISTER_GRADES_MAX 9u

struct zyd_register_record {
    uint8_t kind, state;
    uint16_t programme, authority;
    uint16_t year;          /* TAX */
    uint32_t county;        /* TAX: GB/T 2260 */
    uint32_t borrower_kind; /* GRADE */
    uint8_t borrower[32];   /* GRADE */
    int64_t value;          /* fen, or grade 1..9 */
    int32_t attested;       /* day */
    int32_t until;          /* GRADE: last day; TAX: 0 */
    uint8_t document[32];   /* hash of the certificate */
    uint8_t replaces[32];   /* record that it corrects; zeros: none */
    uint8_t replaced_by[32];
};
_Static_assert(sizeof(struct zyd_register_record) == 160, "record layout");

struct zyd_register_current {
    int64_t value;
    int32_t until, zero;
    uint8_t record[32];
};
_Static_assert(sizeof(struct zyd_register_current) == 48, "record layout");

#endif
