/* register_schema.c: names of the register: its events and their arguments, states, parameters, what a record shows. */
#include <zyd/product.h>
#include <zyd/register.h>

#include "product_impl.h"

#define X(id, number, zh, en) {number, #id, zh, en},
static const struct zyd_name states[] = {ZYD_REGISTER_STATES(X)};
#undef X

static const struct zyd_field tax[] = {
    ZYD_ARG_U64("county", true, 100000, 999999, "区县代码", "county, GB/T 2260"),
    ZYD_ARG_U64("year", true, 1994, 9999, "年度", "year, which is over"),
    ZYD_ARG_FEN("amount", true, 0, "税收", "tax of the year"),
    ZYD_ARG_ID("document", true, "证明文件", "hash of the certificate"),
    ZYD_ARG_ID("replaces", false, "更正的记录", "id of the record that it corrects"),
};
static const struct zyd_field grade[] = {
    ZYD_ARG_BORROWER("borrower", true, "企业", "USCC of a firm, pseudonym of a person"),
    ZYD_ARG_U64("grade", true, 1, ZYD_REGISTER_GRADES_MAX, "等级", "grade, 1 is the best"),
    ZYD_ARG_DATE("until", true, "有效期至", "last day"),
    ZYD_ARG_ID("document", true, "证明文件", "hash of the certificate"),
    ZYD_ARG_ID("replaces", false, "更正的记录", "id of the record that it corrects"),
};

#define X(id, number, zh, en) static const char zh_##id[] = zh, en_##id[] = en;
ZYD_REGISTER_EVENTS(X)
#undef X
#define EVENT(id, makes, actor, args) ZYD_EVENT(ZYD_RE_##id, makes, #id, zh_##id, en_##id, actor, args)
static const struct zyd_event events[] = {
    EVENT(TAX, true, "TAX_AUTHORITY", tax),
    EVENT(GRADE, true, "GRADER", grade),
};

static const struct zyd_field params[] = {
#define X(id, name, type, def, min, max, zh, en) ZYD_PARAM(name, type, def, min, max, zh, en),
    ZYD_REGISTER_PARAMS(X)
#undef X
};

#define SHOWN(kind, member, type, zh, en) ZYD_SHOWN_OF(kind, struct zyd_register_record, member, type, zh, en)
#define TAX_SHOWN(member, type, zh, en) SHOWN(ZYD_REGISTER_KIND_TAX, member, type, zh, en)
#define GRADE_SHOWN(member, type, zh, en) SHOWN(ZYD_REGISTER_KIND_GRADE, member, type, zh, en)
static const struct zyd_shown shown[] = {
    SHOWN(0, authority, MEMBER, "证明机关", "authority"),
    TAX_SHOWN(county, U64, "区县代码", "county"),
    TAX_SHOWN(year, U64, "年度", "year"),
    TAX_SHOWN(value, FEN, "税收", "tax of the year"),
    GRADE_SHOWN(borrower, ID, "企业", "borrower"),
    GRADE_SHOWN(value, U64, "等级", "grade"),
    GRADE_SHOWN(until, DATE, "有效期至", "last day"),
    SHOWN(0, attested, DATE, "证明日", "attested"),
    SHOWN(0, document, ID, "证明文件", "hash of the certificate"),
    SHOWN(0, replaces, ID, "更正的记录", "record that it corrects; zeros: none"),
    SHOWN(0, replaced_by, ID, "被更正为", "record that corrects it; zeros: none"),
};

const struct zyd_product zyd_product_register = {
    .number = ZYD_REGISTER_CONTRACT,
    .name = "register",
    .zh = "证明登记",
    .en = "register of attested figures",
    .events = events,
    .event_count = ZYD_COUNT(events),
    .states = ZYD_NAMES("state", states),
    .params = params,
    .param_count = ZYD_COUNT(params),
    .shown = shown,
    .shown_count = ZYD_COUNT(shown),
    .parties = zyd_register_parties,
};
