/* Records of a cycle by name; the terms of its programme. */
#include "cycle_part.h"

#include <stdio.h>
#include <stdlib.h>

void cycle_name_of(struct cycle_name *y, const struct zyd_programme *p, uint64_t number)
{
    y->contract = p->contract;
    y->programme = p->id;
    y->number = number;
    zyd_cycle_id(&y->id, p->id, number);
}

int cycle_find(const struct client *k, struct cycle_name *y, const char *text)
{
    char code[ZYD_CODE_MAX + 1], *end = NULL;
    size_t used = strcspn(text, "#");
    bool bare = text[0] && text[strspn(text, "0123456789")] == '\0';
    const struct zyd_programme *p = NULL;
    snprintf(code, sizeof code, "%.*s", (int)(used < sizeof code ? used : 0), text);
    for (uint16_t i = 0; bare && !p && i < k->g->programme_count; i++) {
        p = client_product(k, &k->g->programmes[i]) == &zyd_product_cycle ? &k->g->programmes[i] : NULL;
    }
    p = p ? p : code[0] ? client_programme(k, code) : NULL;
    const char *digits = bare ? text : text[used] == '#' ? text + used + 1 : "";
    unsigned long long number = strtoull(digits, &end, 10);
    if (!p || client_product(k, p) != &zyd_product_cycle || number == 0 || *end != '\0') {
        return cli_fail(
            k->c, ZYD_ERR_USAGE,
            TR(k->c, "%s：应为 清算项目#期号，如 NETTING#1", "%s: PROGRAMME#N of a settlement programme, such as NETTING#1"),
            text);
    }
    cycle_name_of(y, p, number);
    return 0;
}

int cycle_load(struct client *k, struct zyd_cycle *out, const struct cycle_name *y, const char *text)
{
    struct client_record r;
    int rc = client_record_named(k, &r, y->contract, y->id.b, 32);
    if (rc == 0 && r.size != sizeof *out) {
        rc = cli_fail(k->c, ZYD_ERR_NOT_FOUND, "%s", text);
    }
    memcpy(out, r.value, rc ? 0 : sizeof *out);
    return rc;
}

int cycle_instruction(struct client *k, struct zyd_cycle_instruction *out, const struct cycle_name *y, uint32_t number)
{
    struct client_record r;
    uint8_t name[ZYD_CYCLE_PART_NAME];
    int rc = client_record_named(k, &r, y->contract, name, zyd_cycle_part_name(name, 'N', &y->id, number));
    if (rc == 0 && r.size != sizeof *out) {
        rc = cli_fail(k->c, ZYD_ERR_MALFORMED, "N %u", number);
    }
    memcpy(out, r.value, rc ? 0 : sizeof *out);
    return rc;
}

/* ---- terms ---- */

static void on_param(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

static int64_t minutes(const json_t *params, const char *name)
{
    return (int64_t)strtoll(json_text(params, name), NULL, 10) * 60000;
}

int cycle_terms_read(const struct client *k, struct cycle_terms *out, const struct zyd_programme *p)
{
    struct zyd_members members = zyd_genesis_members(k->g);
    json_t *params = json_object();
    int rc = 0, used = 0;
    memset(out, 0, sizeof *out);
    if (zyd_product_params_decode(&zyd_product_cycle, on_param, params, p->params, &members) != ZYD_OK) {
        rc = cli_fail(k->c, ZYD_ERR_MALFORMED, "%.*s", (int)p->code.size, (const char *)p->code.data);
    }
    out->pay_ms = minutes(params, "pay_min");
    out->fail_ms = minutes(params, "fail_min");
    out->agent = strcmp(json_text(params, "confirm_mode"), "AGENT") == 0 ? client_member(k, json_text(params, "agent")) : -1;
    for (const char *row = json_text(params, "accounts"); rc == 0 && *row && out->count < ZYD_CYCLE_MEMBERS_MAX; row += used) {
        char member[ZYD_CODE_MAX + 1], bank[ZYD_CODE_MAX + 1];
        struct cycle_account *a = &out->rows[out->count++];
        used = 0;
        if (sscanf(row, " %12s %12s %35[^;]%n", member, bank, a->account, &used) != 3) {
            rc = cli_fail(k->c, ZYD_ERR_MALFORMED, "accounts: %s", row);
            break;
        }
        a->member = client_member(k, member);
        a->bank = client_member(k, bank);
        used += row[used] == ';';
    }
    json_decref(params);
    return rc;
}

const struct cycle_account *cycle_account_of(const struct cycle_terms *t, int member)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->rows[i].member == member) {
            return &t->rows[i];
        }
    }
    return NULL;
}
