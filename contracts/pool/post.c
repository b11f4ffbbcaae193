/* post.c: the contract's records and their keys, signers and deadlines. */
#include "pool.h"

uint32_t key_of(uint8_t key[64], uint8_t kind, uint32_t number, uint32_t bytes, const uint8_t *id)
{
    uint32_t size = 1;
    key[0] = kind;
    while (bytes-- > 0) {
        key[size++] = (uint8_t)(number >> 8 * bytes);
    }
    if (id != 0) {
        memcpy(key + size, id, CT_ID_SIZE);
        size += CT_ID_SIZE;
    }
    return size;
}

uint32_t key_of_bank(uint8_t key[64], uint8_t kind, uint32_t number, uint32_t bytes, uint16_t bank, const uint8_t *id)
{
    uint32_t size = key_of(key, kind, number, bytes, 0);
    key[size++] = (uint8_t)(bank >> 8);
    key[size++] = (uint8_t)bank;
    if (id != 0) {
        memcpy(key + size, id, CT_ID_SIZE);
        size += CT_ID_SIZE;
    }
    return size;
}

int64_t sum_get(const uint8_t *key, uint32_t size)
{
    int64_t sum = 0;
    ct_get(ZYD_POOL_CONTRACT, key, size, &sum, sizeof sum);
    return sum;
}

void sum_put(const uint8_t *key, uint32_t size, int64_t sum)
{
    ct_put(key, size, &sum, sizeof sum);
}

void pool_load(struct pl *p)
{
    uint8_t key[64];
    struct {
        struct zyd_pool h;
        struct zyd_pool_layer layer[LAYERS_MAX];
    } r;
    uint32_t size = key_of(key, ZYD_POOL_KEY_POOL, p->call->programme, 2, 0);
    if (ct_get(p->call->contract, key, size, p->pool_id, CT_ID_SIZE) != CT_ID_SIZE ||
        ct_get(p->call->contract, p->pool_id, CT_ID_SIZE, &r, sizeof r) < (int64_t)sizeof r.h) {
        ct_fail(CC_BAD_STATE);
    }
    p->pool = r.h;
    memcpy(p->layer, r.layer, sizeof r.layer[0] * r.h.layer_count);
}

void pool_store(const struct pl *p)
{
    struct {
        struct zyd_pool h;
        struct zyd_pool_layer layer[LAYERS_MAX];
    } r;
    r.h = p->pool;
    memcpy(r.layer, p->layer, sizeof r.layer[0] * p->pool.layer_count);
    ct_put(p->pool_id, CT_ID_SIZE, &r, (uint32_t)(sizeof r.h + sizeof r.layer[0] * p->pool.layer_count));
}

void pool_in(const struct pl *p, enum zyd_pool_state first, enum zyd_pool_state last)
{
    if (p->pool.state < first || p->pool.state > last) {
        ct_fail(CC_BAD_STATE);
    }
}

void pool_become(struct pl *p, enum zyd_pool_state state)
{
    if (p->pool.state != state) {
        uint8_t data[4] = {(uint8_t)(p->call->programme >> 8), (uint8_t)p->call->programme, p->pool.state, (uint8_t)state};
        ct_emit(ZYD_POOL_EMIT_STATE, data, sizeof data);
        p->pool.state = (uint8_t)state;
    }
}

void loan_load(struct pl *p)
{
    int64_t size = ct_get(p->call->contract, p->call->object, CT_ID_SIZE, &p->o, sizeof p->o);
    if (size < (int64_t)sizeof p->o.h || p->o.h.kind != ZYD_POOL_KIND_LOAN || p->o.h.programme != p->call->programme) {
        ct_fail(CC_BAD_STATE);
    }
}

void loan_store(const struct pl *p)
{
    ct_put(p->call->object, CT_ID_SIZE, &p->o, (uint32_t)(sizeof p->o.h + sizeof p->o.part[0] * p->o.h.part_count));
}

void state_in(const struct pl *p, enum zyd_pool_state first, enum zyd_pool_state last)
{
    if (p->o.h.state < first || p->o.h.state > last) {
        ct_fail(CC_BAD_STATE);
    }
}

void minute_store(const struct pl *p)
{
    struct zyd_pool_minute minute = {ZYD_POOL_KIND_MINUTE, ZYD_PS_RECORDED, p->call->programme, p->call->date};
    ct_put(p->call->object, CT_ID_SIZE, &minute, sizeof minute);
}

void sign(struct pl *p, uint16_t member)
{
    cc_sign(&p->signers, member);
}

void signed_end(struct pl *p)
{
    cc_signed_end(&p->signers);
}

bool is_auditor(uint16_t member)
{
    char code[13];
    return ct_member(member, code) == CC_ROLE_AUD;
}

void sign_contributors(struct pl *p)
{
    for (uint32_t i = 0; i < p->layer_count; i++) {
        if (layer_new(p, i)) {
            sign(p, p->terms[i].contributor);
        }
    }
}

bool gross(const struct pl *p)
{
    return param(p, ZYD_PP_SETTLE) != 0;
}

void deadline_workdays(const struct pl *p, enum zyd_pool_deadline which, enum zyd_pool_param count)
{
    cc_deadline_after_workdays(p->call, (uint8_t)which, (uint32_t)param(p, count));
}

void deadline_clear(const struct pl *p, enum zyd_pool_deadline which)
{
    ct_deadline(p->call->object, (uint8_t)which, 0);
}

bool id_is_set(const uint8_t id[CT_ID_SIZE])
{
    for (uint32_t i = 0; i < CT_ID_SIZE; i++) {
        if (id[i] != 0) {
            return true;
        }
    }
    return false;
}
