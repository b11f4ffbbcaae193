/* voucher_schema.c: names of product (d): events and their arguments, states, labels, deadlines, parameters. */
#include <zyd/product.h>
#include <zyd/voucher.h>

#include "product_impl.h"

#define X(id, number, zh, en) {number, #id, zh, en},
static const struct zyd_name states[] = {ZYD_VOUCHER_STATES(X)};
static const struct zyd_name labels[] = {ZYD_VOUCHER_LABELS(X)};
static const struct zyd_name deadlines[] = {ZYD_VOUCHER_DEADLINES(X)};
#undef X

static const struct zyd_field line[] = {
    ZYD_ARG_MEMBER("core", true, "核心企业", "core firm"),
    ZYD_ARG_FEN("limit", true, 0, "额度", "limit of what is issued and unpaid"),
    ZYD_ARG_DATE("until", true, "有效期至", "last day of new vouchers"),
};
static const struct zyd_field issue[] = {
    ZYD_ARG_MEMBER("supplier", true, "供应商", "supplier"),
    ZYD_ARG_FEN("face", true, 1, "面额", "face"),
    ZYD_ARG_DATE("due", true, "到期日", "due date"),
    ZYD_ARG_ID("reason", false, "超期说明", "hash of the bank's reason for a longer term"),
    ZYD_ARG_LIST("invoices", true, 1, ZYD_VOUCHER_INVOICES_MAX, zyd_list_id_fen, "发票",
                 "fingerprint and amount of each invoice, fingerprints ascending"),
};
static const struct zyd_field split[] = {
    ZYD_ARG_LIST("faces", true, 2, ZYD_VOUCHER_CHILDREN_MAX, zyd_list_fens, "子凭证面额", "faces of the children"),
};
static const struct zyd_field transfer[] = {
    ZYD_ARG_MEMBER("payee", true, "受让方", "payee"),
    ZYD_ARG_ID("trade", true, "贸易背景", "hash of the trade's documents"),
    ZYD_ARG_BOOL("recourse", false, "有追索权", "the payee may come back if the core firm does not pay"),
};
static const struct zyd_field discount[] = {
    ZYD_ARG_MEMBER("bank", true, "银行", "bank"),
    ZYD_ARG_PPM("rate_ppm", true, "年利率", "rate a year"),
    ZYD_ARG_TEXT("registration", false, ZYD_VOUCHER_REGISTRATION_MAX, "中登网登记号", "registration number"),
    ZYD_ARG_FEN("cost", true, 0, "综合融资成本", "all-in cost as disclosed: the discount to the fen"),
    ZYD_ARG_BOOL("recourse", false, "有追索权", "with recourse to the holder"),
};
static const struct zyd_field pledge[] = {
    ZYD_ARG_MEMBER("bank", true, "质权银行", "bank"),
    ZYD_ARG_TEXT("registration", false, ZYD_VOUCHER_REGISTRATION_MAX, "中登网登记号", "registration number"),
};
static const struct zyd_field prepay[] = {ZYD_ARG_FEN("discount", true, 0, "提前付款折让", "discount that both agree on")};
static const struct zyd_field freeze[] = {ZYD_ARG_ID("order", true, "冻结文书", "hash of the order")};

static const struct zyd_field reverse[] = {
    ZYD_ARG_ID("op", true, "原操作", "op_id of the event"),
    ZYD_ARG_U64("code", true, 0, 9999, "原因代码", "reason code"),
};

#define X(id, number, zh, en) static const char zh_##id[] = zh, en_##id[] = en;
ZYD_VOUCHER_EVENTS(X)
#undef X
#define EVENT(id, makes, actor, args) ZYD_EVENT(ZYD_VE_##id, makes, #id, zh_##id, en_##id, actor, args)
#define BARE(id, actor) ZYD_EVENT_BARE(ZYD_VE_##id, false, #id, zh_##id, en_##id, actor)
static const struct zyd_event events[] = {
    EVENT(LINE, true, "BANK", line),
    EVENT(ISSUE, true, "CORE", issue),
    BARE(ACCEPT, "SUPPLIER"),
    BARE(CANCEL, "CORE"),
    EVENT(SPLIT, false, "HOLDER", split),
    EVENT(TRANSFER, false, "HOLDER", transfer),
    EVENT(DISCOUNT, false, "HOLDER", discount),
    EVENT(PLEDGE, false, "HOLDER", pledge),
    BARE(UNPLEDGE, "BANK"),
    EVENT(PREPAY, false, "CORE", prepay),
    BARE(DEFAULT, "HOLDER"),
    EVENT(FREEZE, false, "AUD", freeze),
    BARE(UNFREEZE, "AUD"),
    EVENT(REVERSE, false, "PARTY", reverse),
};

static const struct zyd_name settle[] = {{0, "NET", "净额", "net"}, {1, "GROSS", "逐笔", "gross"}};
static const struct zyd_name basis[] = {{360, "360", "360天", "360 days"}, {365, "365", "365天", "365 days"}};
static const struct zyd_names settle_names = ZYD_NAMES("settle", settle);
static const struct zyd_names basis_names = ZYD_NAMES("basis", basis);
#define ZYD_AS_SETTLE .type = ZYD_FIELD_WORD, .names = &settle_names
#define ZYD_AS_BASIS .type = ZYD_FIELD_WORD, .names = &basis_names
static const struct zyd_field params[] = {
#define X(id, name, type, def, min, max, zh, en) ZYD_PARAM(name, type, def, min, max, zh, en),
    ZYD_VOUCHER_PARAMS(X)
#undef X
};

static int state_of(struct zyd_span value) /* the minute of a LINE has none */
{
    return value.size >= sizeof(struct zyd_voucher) && value.data[0] == ZYD_VOUCHER_KIND_VOUCHER ? value.data[1] : -1;
}

#define SHOWN(member, type, zh, en) ZYD_SHOWN(struct zyd_voucher, member, type, zh, en)
static const struct zyd_shown shown[] = {
    SHOWN(number, U64, "凭证号", "number: V<number> in accounts"),
    SHOWN(core, MEMBER, "核心企业", "core firm"),
    SHOWN(holder, MEMBER, "持有人", "holder"),
    SHOWN(face, FEN, "面额", "face"),
    SHOWN(issued, DATE, "签发日", "issued"),
    SHOWN(due, DATE, "到期日", "due date"),
    SHOWN(financed, DATE, "贴现日", "discounted on"),
    SHOWN(rate_ppm, PPM, "贴现利率", "rate of the discount"),
    SHOWN(unearned, FEN, "未实现贴现息", "discount not earned yet"),
    SHOWN(owed, FEN, "核心企业应付", "owed by the core firm"),
    SHOWN(pledgee, MEMBER, "质权银行", "pledgee"),
    SHOWN(depth, U64, "拆分层级", "splits above it"),
    SHOWN(child_count, U64, "子凭证数", "children"),
    SHOWN(parent, ID, "上级凭证", "parent; zeros: it was issued"),
};

const struct zyd_product zyd_product_voucher = {
    .number = ZYD_VOUCHER_CONTRACT,
    .name = "voucher",
    .zh = "应收账款电子凭证",
    .en = "receivable voucher",
    .events = events,
    .event_count = ZYD_COUNT(events),
    .states = ZYD_NAMES("state", states),
    .labels = ZYD_NAMES("label", labels),
    .deadlines = ZYD_NAMES("deadline", deadlines),
    .params = params,
    .param_count = ZYD_COUNT(params),
    .state = state_of,
    .shown = shown,
    .shown_count = ZYD_COUNT(shown),
    .parties = zyd_voucher_parties,
    .child_tag = ZYD_VOUCHER_CHILD_TAG,
};
