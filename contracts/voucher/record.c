/* record.c: parameters, arguments, records, accounts. */
#include "voucher.h"

void params_open(struct vo *v)
{
    struct ct_rd rd = ct_params_rd(v->call);
    if (ct_rd_array(&rd) != 1) {
        ct_fail(CC_RANGE);
    }
    v->slots = cc_slots(&rd, ZYD_VOUCHER_PARAM_COUNT);
    ct_rd_end(&rd);
}

void args_open(struct vo *v, uint32_t count)
{
    v->args = ct_args(v->call);
    if (ct_rd_array(&v->args) != count) {
        ct_fail(CC_RANGE);
    }
}

void args_none(struct vo *v)
{
    args_open(v, 0);
    ct_rd_end(&v->args);
}

uint16_t arg_member(struct vo *v)
{
    uint16_t member = (uint16_t)ct_rd_u64(&v->args, UINT16_MAX);
    if (role_of(member) < 0) {
        ct_fail(CC_BAD_ID);
    }
    return member;
}

bool arg_bool(struct vo *v)
{
    return !ct_rd_nil(&v->args) && ct_rd_u64(&v->args, 1) != 0;
}

int64_t role_of(uint16_t member)
{
    char code[13];
    return ct_member(member, code);
}

void token_load(struct vo *v)
{
    int64_t size = ct_get(v->call->contract, v->call->object, CT_ID_SIZE, &v->t, sizeof v->t);
    if (size < (int64_t)sizeof v->t.h || v->t.h.kind != ZYD_VOUCHER_KIND_VOUCHER) {
        ct_fail(CC_BAD_STATE); /* the minute of a LINE is no voucher */
    }
}

void token_store(const uint8_t id[CT_ID_SIZE], const struct token *t)
{
    ct_put(id, CT_ID_SIZE, t, (uint32_t)(sizeof t->h + t->h.link_count * sizeof t->l[0]));
}

void not_frozen(const struct vo *v)
{
    if (v->t.h.flags & ZYD_VF_FROZEN) {
        ct_fail(CC_FROZEN);
    }
}

void must_be_active(const struct vo *v)
{
    not_frozen(v);
    switch (v->t.h.state) {
    case ZYD_VS_ACTIVE:
        return;
    case ZYD_VS_SPENT:
    case ZYD_VS_FINANCED:
    case ZYD_VS_PLEDGED:
        ct_fail(E_SPENT);
    case ZYD_VS_DEFAULTED:
        ct_fail(E_DEFAULTED);
    default:
        ct_fail(CC_BAD_STATE);
    }
}

void must_be_in(const struct vo *v, enum zyd_voucher_state state)
{
    not_frozen(v);
    if (v->t.h.state != state) {
        ct_fail(CC_BAD_STATE);
    }
}

uint32_t serial_take(const struct vo *v, uint32_t count)
{
    uint8_t key[sizeof ZYD_VOUCHER_KEY_SERIAL + 1];
    uint32_t last = 0;
    memcpy(key, ZYD_VOUCHER_KEY_SERIAL, sizeof ZYD_VOUCHER_KEY_SERIAL - 1);
    key[sizeof key - 2] = (uint8_t)(v->call->programme >> 8);
    key[sizeof key - 1] = (uint8_t)v->call->programme;
    ct_get(v->call->contract, key, sizeof key, &last, sizeof last); /* none yet: 0 stays */
    if (last > UINT32_MAX - count) {
        ct_fail(CC_RANGE);
    }
    last += count;
    ct_put(key, sizeof key, &last, sizeof last);
    return last - count + 1;
}

static void line_key(uint8_t key[5], const struct vo *v, uint16_t core)
{
    key[0] = ZYD_VOUCHER_KEY_LINE;
    key[1] = (uint8_t)(v->call->programme >> 8);
    key[2] = (uint8_t)v->call->programme;
    key[3] = (uint8_t)(core >> 8);
    key[4] = (uint8_t)core;
}

bool line_load(struct zyd_voucher_line *out, const struct vo *v, uint16_t core)
{
    uint8_t key[5];
    line_key(key, v, core);
    return ct_get(v->call->contract, key, sizeof key, out, sizeof *out) == (int64_t)sizeof *out;
}

void line_store(const struct vo *v, const struct zyd_voucher_line *line)
{
    uint8_t key[5];
    line_key(key, v, line->core);
    ct_put(key, sizeof key, line, sizeof *line);
}

void line_release(const struct vo *v)
{
    struct zyd_voucher_line line;
    if (!line_load(&line, v, v->t.h.core) || line.used < v->t.h.face) {
        ct_fail(CC_BAD_STATE); /* never: ISSUE counted it */
    }
    line.used -= v->t.h.face;
    line_store(v, &line);
}

void registration_take(struct vo *v, bool write)
{
    uint8_t key[1 + ZYD_VOUCHER_REGISTRATION_MAX] = {ZYD_VOUCHER_KEY_REGISTRATION}, owner[CT_ID_SIZE];
    uint32_t size = 0;
    const uint8_t *text = ct_rd_nil(&v->args) ? NULL : ct_rd_bin(&v->args, &size, ZYD_VOUCHER_REGISTRATION_MAX);
    if (size == 0) {
        ct_fail(E_NOT_REGISTERED);
    }
    /* Always the whole key: one of 32 bytes would be an object's, and who knows a child's id to come could take it. */
    memcpy(key + 1, text, size);
    if (ct_get(v->call->contract, key, sizeof key, owner, sizeof owner) > 0) {
        ct_fail(E_NOT_REGISTERED); /* one registration stands for one financing */
    }
    if (write) {
        ct_put(key, sizeof key, v->call->object, CT_ID_SIZE);
        memcpy(v->registration, key + 1, sizeof v->registration);
    }
}

void registration_free(const uint8_t number[ZYD_VOUCHER_REGISTRATION_MAX])
{
    uint8_t key[1 + ZYD_VOUCHER_REGISTRATION_MAX] = {ZYD_VOUCHER_KEY_REGISTRATION};
    uint8_t any = 0;
    for (uint32_t i = 0; i < ZYD_VOUCHER_REGISTRATION_MAX; i++) {
        any |= key[1 + i] = number[i];
    }
    if (any != 0) {
        ct_put(key, sizeof key, "", 0);
    }
}

void account_voucher(char out[CT_ACCOUNT_SIZE], const char *code, uint32_t number)
{
    char text[12];
    char *p = text + sizeof text - 1;
    *p = 0;
    do {
        *--p = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *--p = 'V';
    cc_account_text(out, code, p);
}

void oblige(const struct vo *v, uint16_t debtor, const char *dr, uint16_t creditor, const char *cr, int64_t amount,
            uint16_t why, uint8_t *id)
{
    struct ct_obligation o;
    char due[CT_ACCOUNT_SIZE];
    cc_oblige(&o, debtor, creditor, amount, why, param(v, ZYD_VP_SETTLE) != 0);
    cc_account(due, "2141", creditor);
    cc_post(debtor, why, dr, due, amount, o.id);
    cc_account(due, "1141", debtor);
    cc_post(creditor, why, due, cr, amount, o.id);
    if (id != NULL) {
        memcpy(id, o.id, CT_ID_SIZE);
    }
}

void deadline_clear(const struct vo *v, enum zyd_voucher_deadline which)
{
    ct_deadline(v->call->object, (uint8_t)which, 0);
}
