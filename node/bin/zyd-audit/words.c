/* An operation and its outcome in words, where genesis names a contract that this tool knows. */
#include "audit.h"
#include <jansson.h>
#include <stdlib.h>
#include <zyd/catalogue.h>
#include <zyd/product.h>
#include <zyd/host.h>

static json_t *code_of(const struct zyd_genesis *g, uint16_t member)
{
    return member < g->member_count ? json_stringn((const char *)g->members[member].code.data, g->members[member].code.size)
                                    : json_null();
}

static void emit(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

static const char *contract_name(const struct zyd_genesis *g, uint16_t contract, char out[64])
{
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        if (g->plugins[i].contract == contract) {
            snprintf(out, 64, "%.*s", (int)g->plugins[i].name.size, (const char *)g->plugins[i].name.data);
            return out;
        }
    }
    return contract == 0 ? "host" : "?";
}

static void host_event(json_t *o, const struct zyd_op *op)
{
    static const char *const name[] = {"?", "COUNTERSIGN", "DECLINE", "WITHDRAW", "PAID", "EVIDENCE", "EXPIRE",
                                       "PROGRAMME", "CALENDAR", "RATE", "PLUGIN", "APPROVE", "REVOKE"};
    static const char *const zh[] = {"?", "会签", "拒签", "撤回", "已支付", "证据", "到期",
                                     "方案提案", "日历提案", "利率提案", "合约提案", "批准", "撤销提案"};
    size_t i = op->event <= ZYD_HOST_REVOKE ? op->event : 0;
    json_object_set_new(o, "event", json_string(name[i]));
    json_object_set_new(o, "event_zh", json_string(zh[i]));
    if (op->event == ZYD_HOST_PAID) {
        struct zyd_rd rd = zyd_rd_of(op->args);
        json_t *args = json_object();
        if (zyd_rd_array_of(&rd, 1)) {
            struct zyd_span ref = zyd_rd_str(&rd, 1, 35);
            json_object_set_new(args, "bank_ref", json_stringn((const char *)ref.data, ref.size));
        }
        json_object_set_new(o, "args", args);
    }
}

static void product_event(json_t *o, const struct zyd_genesis *g, const struct zyd_product *product, const struct zyd_op *op)
{
    const struct zyd_event *info = zyd_event_by_number(product, op->event);
    struct zyd_members members = zyd_genesis_members(g);
    json_t *args = json_object();
    json_object_set_new(o, "event", json_string(info == NULL ? "?" : info->name));
    json_object_set_new(o, "event_zh", json_string(info == NULL ? "?" : info->zh));
    if (info != NULL && zyd_args_decode(emit, args, info, op->args, &members) != ZYD_OK) {
        json_object_clear(args);
    }
    json_object_set_new(o, "args", args);
}

/* A label is of the product whose programme the posting belongs to, also when the host settles. */
static const struct zyd_name *label_of(const struct zyd_genesis *g, const struct zyd_posting *p)
{
    char name[64];
    const struct zyd_programme *programme = zyd_genesis_programme(g, p->programme);
    return zyd_label_by_number(
        programme == NULL ? NULL : zyd_product_by_name(contract_name(g, programme->contract, name)),
        p->label);
}

static json_t *postings(const struct zyd_genesis *g, const struct zyd_outcome *o)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < o->posting_count; i++) {
        const struct zyd_posting *p = &o->postings[i];
        const struct zyd_name *label = label_of(g, p);
        json_t *row = json_pack("{s:o,s:s,s:s,s:s,s:s,s:I}", "member", code_of(g, p->member), "label",
                                label == NULL ? "" : label->name, "label_zh", label == NULL ? "" : label->zh, "debit", p->dr,
                                "credit", p->cr, "fen", (json_int_t)p->amount.fen);
        if (!zyd_hash_is_zero(&p->obligation)) {
            char hex[65];
            audit_hex_write(hex, &p->obligation);
            json_object_set_new(row, "obligation", json_string(hex));
        }
        json_array_append_new(list, row);
    }
    return list;
}

struct json_t *audit_words(const struct zyd_genesis *g, const struct zyd_op *op, const struct zyd_outcome *o)
{
    char contract[64], hex[65];
    json_t *out = json_object();
    const char *name = contract_name(g, op != NULL ? op->contract : o->contract, contract);
    const struct zyd_product *product = zyd_product_by_name(name);
    audit_hex_write(hex, &o->op_id);
    json_object_set_new(out, "op_id", json_string(hex));
    json_object_set_new(out, "contract", json_string(name));
    if (op == NULL) {
        json_object_set_new(out, "event",
                            json_string(product != NULL ? zyd_outcome_name(product, o->event, o->deadline) : "SYS"));
        json_object_set_new(out, "event_zh", json_string("到期自动执行"));
    } else {
        json_object_set_new(out, "member", code_of(g, op->member));
        json_object_set_new(out, "programme", json_integer(op->programme));
        json_object_set_new(out, "client_ref", json_stringn((const char *)op->client_ref.data, op->client_ref.size));
        if (product != NULL) {
            product_event(out, g, product, op);
        } else if (op->contract == 0) {
            host_event(out, op);
        } else {
            json_object_set_new(out, "event", json_sprintf("%u", op->event));
        }
    }
    if (o->has_object) {
        audit_hex_write(hex, &o->object);
        json_object_set_new(out, "object", json_string(hex));
        json_object_set_new(out, "seq", json_integer((json_int_t)o->seq));
    }
    json_object_set_new(out, "code", json_integer(o->code));
    json_object_set_new(out, "fuel", json_integer((json_int_t)o->fuel));
    /* the host's own postings (PAID) carry the same labels */
    json_object_set_new(out, "postings", postings(g, o));
    return out;
}
