/* product.c: the registry of products, and look-ups by name and number. */
#include <zyd/crypto.h>
#include <zyd/genesis.h>
#include <zyd/product.h>

#include "product_impl.h"

static const struct zyd_product *const products[] = {
    &zyd_product_guarantee,
    &zyd_product_pool,
    &zyd_product_subsidy,
    &zyd_product_voucher,
    &zyd_product_cycle,
    &zyd_product_register,
};

#define COLUMN_MEMBER {.name = "member", .type = ZYD_FIELD_MEMBER, .max = 65535, .zh = "机构", .en = "member"}
#define COLUMN_FEN                                                                                                     \
    {.name = "amount", .type = ZYD_FIELD_FEN, .max = (uint64_t)ZYD_MONEY_MAX, .zh = "金额", .en = "amount"}
#define COLUMN_ID {.name = "id", .type = ZYD_FIELD_ID, .min = 32, .max = 32, .zh = "编号", .en = "id"}
#define COLUMN_ACCOUNT(name_, zh_, en_) {.name = name_, .type = ZYD_FIELD_STR, .min = 1, .max = 40, .zh = zh_, .en = en_}
const struct zyd_field zyd_list_ids[1] = {COLUMN_ID};
const struct zyd_field zyd_list_members[1] = {COLUMN_MEMBER};
const struct zyd_field zyd_list_fens[1] = {COLUMN_FEN};
const struct zyd_field zyd_list_numbers[1] = {
    {.name = "number", .type = ZYD_FIELD_U64, .max = UINT64_MAX, .zh = "数", .en = "number"}};
const struct zyd_field zyd_list_member_fen[2] = {COLUMN_MEMBER, COLUMN_FEN};
const struct zyd_field zyd_list_member_ppm[2] = {
    COLUMN_MEMBER, {.name = "share", .type = ZYD_FIELD_PPM, .max = 1000000, .zh = "比例", .en = "share"}};
const struct zyd_field zyd_list_id_fen[2] = {COLUMN_ID, COLUMN_FEN};
const struct zyd_field zyd_list_postings[4] = {COLUMN_MEMBER, COLUMN_ACCOUNT("dr", "借", "debit"),
                                               COLUMN_ACCOUNT("cr", "贷", "credit"), COLUMN_FEN};

static const struct zyd_name host_labels_at[] = {{0xff01, "SETTLED", "清算", "settled"}, /* zyd/host.h */
                                                 {0xff02, "GENESIS", "创世期初", "opening in genesis"},
                                                 {0xff03, "NETTED", "轧差清算", "netted"}};
static const struct zyd_names host_labels = ZYD_NAMES("label", host_labels_at);

const struct zyd_name *zyd_name_by_number(const struct zyd_names *names, uint16_t number)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->at[i].number == number) {
            return &names->at[i];
        }
    }
    return NULL;
}

const struct zyd_name *zyd_name_by_text(const struct zyd_names *names, const char *text)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->at[i].name, text) == 0) {
            return &names->at[i];
        }
    }
    return NULL;
}

const char *zyd_field_type_name(const struct zyd_field *field)
{
    static const char *const names[] = {
        [ZYD_FIELD_FEN] = "fen",   [ZYD_FIELD_DATE] = "date",     [ZYD_FIELD_PPM] = "ppm",
        [ZYD_FIELD_U64] = "u64",   [ZYD_FIELD_BOOL] = "bool",     [ZYD_FIELD_MEMBER] = "member",
        [ZYD_FIELD_STR] = "str",   [ZYD_FIELD_MONTHS] = "months", [ZYD_FIELD_WORD] = "word",
        [ZYD_FIELD_ID] = "id",     [ZYD_FIELD_BORROWER] = "borrower",
        [ZYD_FIELD_LIST] = "list",
    };
    return field->type == ZYD_FIELD_WORD ? field->names->name : names[field->type];
}

const struct zyd_product *zyd_product_at(size_t index)
{
    return index < ZYD_COUNT(products) ? products[index] : NULL;
}

const struct zyd_product *zyd_product_by_number(uint16_t number)
{
    for (size_t i = 0; i < ZYD_COUNT(products); i++) {
        if (products[i]->number == number) {
            return products[i];
        }
    }
    return NULL;
}

const struct zyd_product *zyd_product_of(struct zyd_span name)
{
    for (size_t i = 0; i < ZYD_COUNT(products); i++) {
        if (strlen(products[i]->name) == name.size && memcmp(products[i]->name, name.data, name.size) == 0) {
            return products[i];
        }
    }
    return NULL;
}

const struct zyd_product *zyd_product_by_name(const char *name)
{
    return zyd_product_of(zyd_span(name, strlen(name)));
}

const struct zyd_event *zyd_event_by_name(const struct zyd_product *product, const char *name)
{
    for (size_t i = 0; product != NULL && i < product->event_count; i++) {
        if (strcmp(product->events[i].name, name) == 0) {
            return &product->events[i];
        }
    }
    return NULL;
}

const struct zyd_event *zyd_event_by_number(const struct zyd_product *product, uint16_t number)
{
    for (size_t i = 0; product != NULL && i < product->event_count; i++) {
        if (product->events[i].number == number) {
            return &product->events[i];
        }
    }
    return NULL;
}

const struct zyd_name *zyd_label_by_number(const struct zyd_product *product, uint16_t number)
{
    const struct zyd_name *own = product == NULL ? NULL : zyd_name_by_number(&product->labels, number);
    return own != NULL ? own : zyd_name_by_number(&host_labels, number);
}

const struct zyd_name *zyd_label_by_name(const struct zyd_product *product, const char *name)
{
    const struct zyd_name *own = product == NULL ? NULL : zyd_name_by_text(&product->labels, name);
    return own != NULL ? own : zyd_name_by_text(&host_labels, name);
}

const struct zyd_preset *zyd_preset_by_name(const struct zyd_product *product, const char *name)
{
    for (size_t i = 0; product != NULL && i < product->preset_count; i++) {
        if (strcmp(product->presets[i].name, name) == 0) {
            return &product->presets[i];
        }
    }
    return NULL;
}

const char *zyd_preset_value(const struct zyd_preset *preset, const char *name)
{
    for (size_t i = 0; i < ZYD_PRESET_VALUES && preset->values[i].name != NULL; i++) {
        if (strcmp(preset->values[i].name, name) == 0) {
            return preset->values[i].value;
        }
    }
    return NULL;
}

const struct zyd_name *zyd_state_of(const struct zyd_product *product, struct zyd_span value)
{
    int state = product == NULL           ? -1
                : product->state != NULL  ? product->state(value)
                : value.size >= 2         ? value.data[1]
                                          : -1;
    return state < 0 || state > UINT16_MAX ? NULL : zyd_name_by_number(&product->states, (uint16_t)state);
}

bool zyd_child_id(struct zyd_hash *out, const struct zyd_product *product, const struct zyd_hash *parent, uint16_t n)
{
    uint8_t bytes[128];
    size_t size = product == NULL || product->child_tag == NULL ? 0 : strlen(product->child_tag);
    if (size == 0 || size + 34 > sizeof bytes) {
        return false;
    }
    memcpy(bytes, product->child_tag, size);
    memcpy(bytes + size, parent->b, 32);
    bytes[size + 32] = (uint8_t)(n >> 8);
    bytes[size + 33] = (uint8_t)n;
    zyd_sha256(out, bytes, size + 34);
    return true;
}

const char *zyd_outcome_name(const struct zyd_product *product, uint16_t event, uint8_t deadline)
{
    const struct zyd_event *e = zyd_event_by_number(product, event);
    const struct zyd_name *d = product == NULL ? NULL : zyd_name_by_number(&product->deadlines, deadline);
    if (event == 0xff02u) { /* CT_EVENT_SETTLED */
        return "SETTLED";
    }
    if (event == 0xff01u) { /* CT_EVENT_DEADLINE */
        return d == NULL ? "?" : d->name;
    }
    return e == NULL ? "?" : e->name;
}

/* ---- members ---- */

static int member_index(void *ctx, const char *code)
{
    return zyd_genesis_member_by_code(ctx, zyd_span(code, strlen(code)));
}

static bool member_code(void *ctx, char out[13], uint16_t member)
{
    const struct zyd_genesis *g = ctx;
    if (member >= g->member_count || g->members[member].code.size > 12) {
        return false;
    }
    memcpy(out, g->members[member].code.data, g->members[member].code.size);
    out[g->members[member].code.size] = '\0';
    return true;
}

struct zyd_members zyd_genesis_members(const struct zyd_genesis *g)
{
    return (struct zyd_members){(void *)(uintptr_t)g, member_index, member_code};
}
