#include "products.h"

bool chance(struct sim *s, uint32_t percent)
{
    return prng_below(&s->client, 100) < percent;
}

int64_t between(struct sim *s, int64_t lo, int64_t hi)
{
    return hi <= lo ? lo : prng_between(&s->client, lo, hi);
}

int32_t today_of(const struct sim *s)
{
    return zyd_date_of_ms(WALL0 + s->now + s->wall_jump);
}

void hex_of(char out[65], const uint8_t id[32])
{
    for (int i = 0; i < 32; i++) {
        snprintf(out + 2 * i, 3, "%02x", id[i]);
    }
}

size_t record_of(struct sim *s, void *out, size_t cap, uint16_t contract, const void *name, size_t size)
{
    struct zyd_hash key;
    struct zyd_record r;
    memset(out, 0, cap);
    zyd_record_key(&key, contract, zyd_span(name, size));
    if (!model_find(s->model, &r, &key)) {
        return 0;
    }
    memcpy(out, r.value.data, r.value.size < cap ? r.value.size : cap);
    return r.value.size;
}

bool reverse_args(struct sim *s, struct draft *d, const struct zyd_hash *object, bool opposite)
{
    uint8_t name[33] = {'N'}, note[32];
    char hex[65];
    memcpy(name + 1, object->b, 32);
    if (record_of(s, note, sizeof note, d->product->number, name, sizeof name) == 0) {
        return false;
    }
    hex_of(hex, note);
    TEXT(d, "op=%s|code=7%s", hex, opposite ? "|opposite=yes" : "");
    return true;
}

static uint64_t seq_of(struct sim *s, uint16_t contract, const struct zyd_hash *id)
{
    struct zyd_hash key;
    struct zyd_record r;
    zyd_contract_object_key(&key, contract, id);
    return model_find(s->model, &r, &key) ? r.seq : 1;
}

static const struct thing *pick(struct sim *s, uint16_t product, uint8_t client)
{
    struct products *p = s->products;
    for (int tries = 0; tries < 8 && p->count[product] > 0; tries++) {
        struct thing *t = &p->things[product][prng_below(&s->client, p->count[product])];
        if (t->client == 0) {
            t->client = (uint8_t)(client + 1);
            return t;
        }
    }
    return NULL;
}

/* What a member should not have sent: another number, another signer, another programme. */
static void spoil(struct sim *s, struct draft *d)
{
    switch (prng_below(&s->client, 3)) {
    case 0:
        d->seq += d->has_object ? (uint64_t)between(s, 0, 2) - 1 : 0;
        break;
    case 1:
        d->member = (uint16_t)prng_below(&s->client, PRODUCT_MEMBERS);
        break;
    default:
        d->programme = (uint16_t)between(s, 1, PROGRAMMES_END - 1);
        break;
    }
}

bool draw(struct sim *s, struct draft *d, uint8_t client)
{
    static const struct zyd_product *const products[] = {
        NULL, &zyd_product_guarantee, &zyd_product_pool, &zyd_product_subsidy, &zyd_product_voucher, &zyd_product_cycle};
    static const uint8_t weight[] = {12, 34, 20, 16, 14, 24}, most[] = {0, 120, 90, 70, 110, 0};
    uint64_t at = prng_below(&s->client, 12 + 34 + 20 + 16 + 14 + 24);
    uint16_t product = 0;
    while (at >= weight[product]) {
        at -= weight[product++];
    }
    memset(d, 0, sizeof *d);
    d->product = products[product];
    if (product == 0) {
        return (chance(s, 25) && waiting_draw(s, d)) || paid_draw(s, d);
    }
    if (product == 5) {
        return cycle_draw(s, d);
    }
    bool fresh = s->products->count[product] < most[product] && chance(s, s->products->count[product] < 20 ? 60 : 12);
    const struct thing *t = fresh ? NULL : pick(s, product, client);
    bool odd = chance(s, 7);
    if (t != NULL) {
        d->has_object = true;
        d->object = t->id;
        d->programme = t->programme;
        d->seq = seq_of(s, product, &t->id);
    }
    bool good = product == 1   ? guarantee_draw(s, d, t, odd)
                : product == 2 ? pool_draw(s, d, t, odd)
                : product == 3 ? subsidy_draw(s, d, t, odd)
                               : voucher_draw(s, d, t, odd);
    if (good && chance(s, 4)) {
        spoil(s, d);
    }
    return good;
}
