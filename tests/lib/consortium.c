#include "tests/lib/consortium.h"
#include <sodium.h>
#include <stdio.h>
#include <zyd/date.h>

static struct zyd_span text(const char *s)
{
    return zyd_span(s, strlen(s));
}

/* The same in every consortium of a process: made once (the models' driver makes 100,000 ledgers). */
static const uint8_t *key_of(uint32_t member, uint8_t k, const uint8_t seed[32])
{
    static uint8_t sk[ZYD_MEMBERS_MAX][4][ZYD_SK_SIZE];
    static bool made[ZYD_MEMBERS_MAX][4];
    if (!made[member][k]) {
        uint8_t pk[32];
        crypto_sign_seed_keypair(pk, sk[member][k], seed);
        made[member][k] = true;
    }
    return sk[member][k];
}

static void plan_member(struct zyd_test_consortium *c, uint32_t i, bool validator)
{
    static const uint8_t roles[4] = {ZYD_ROLE_BANK, ZYD_ROLE_GUAR, ZYD_ROLE_REG, ZYD_ROLE_FISCAL};
    struct zyd_member *m = &c->g.members[i];
    char *t = c->text[i];
    snprintf(t, 64, "91340000TEST%05u?M%02uAddr", i, i);
    for (char *p = t; p < t + 17; p++) {
        *p = *p == 'S' ? 'X' : *p; /* not in the alphabet of a USCC */
    }
    t[17] = zyd_uscc_check_char(t);
    m->uscc = zyd_span(t, 18);
    m->code = zyd_span(t + 18, 3);
    m->name_zh = text("测试机构");
    m->name_en = text("Test member");
    m->address = zyd_span(t + 18, 7);
    m->role = roles[i % 4];
    m->flags = validator ? ZYD_MEMBER_VALIDATOR : 0;
    m->key_count = 4;
    for (uint8_t k = 0; k < 4; k++) {
        uint8_t seed[32] = {0x5a, (uint8_t)i, k};
        m->keys[k].purpose = (uint8_t)(ZYD_KEY_NODE + k);
        memcpy(c->sk[i][k], key_of(i, k, seed), ZYD_SK_SIZE);
        memcpy(m->keys[k].pk.b, c->sk[i][k] + 32, 32); /* a secret key ends with its public key */
    }
}

static void plan_calendar(struct zyd_calendar *cal)
{
    cal->year_count = 21;
    for (int32_t y = 0; y < 21; y++) {
        struct zyd_calendar_year *cy = &cal->years[y];
        int32_t first = zyd_date_to_day((2020 + y) * 10000 + 101);
        int32_t end = zyd_date_to_day((2021 + y) * 10000 + 101);
        cy->year = (uint16_t)(2020 + y);
        memset(cy->days, 0, sizeof cy->days);
        for (int32_t d = first; d < end; d++) {
            int32_t weekday = (d + 3) % 7; /* 0 Monday: day 0 was a Thursday */
            if (weekday < 5) {
                cy->days[(d - first) / 8] = (uint8_t)(cy->days[(d - first) / 8] | 1 << (d - first) % 8);
            }
        }
    }
}

void zyd_test_consortium_plan(struct zyd_test_consortium *c, uint32_t validators, uint32_t members)
{
    struct zyd_genesis *g = &c->g;
    memset(g, 0, sizeof *g);
    g->name_zh = text("测试联盟");
    g->name_en = text("Test consortium");
    g->flags = ZYD_GENESIS_DEVELOPMENT;
    g->created_ms = UINT64_C(1767225600000); /* 2026-01-01 */
    g->fuel_block = 50000000;
    g->fuel_call = 5000000;
    g->window_ms = 600000;
    g->pace_ms = 5;
    g->delta_ms = 100;
    g->delta_max_ms = 5000;
    g->heartbeat_ms = 10000;
    g->precision_ms = 500;
    g->msgdelay_ms = 1000;
    g->member_count = (uint16_t)members;
    for (uint32_t i = 0; i < members; i++) {
        plan_member(c, i, i < validators);
    }
    g->calendar_count = 1;
    plan_calendar(&g->calendars[0]);
}

void zyd_test_consortium_seal(struct zyd_test_consortium *c)
{
    struct zyd_wr wr = zyd_wr_of(c->body, sizeof c->body);
    const char *why;
    zyd_genesis_encode(&wr, &c->g);
    zyd_assert(!wr.full);
    enum zyd_status st = zyd_genesis_decode(&c->g, &why, zyd_wr_span(&wr));
    if (st != ZYD_OK) {
        zyd_panic(__FILE__, __LINE__, why);
    }
}

static bool verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}

static void sign(void *ctx, struct zyd_sig *sig, const void *msg, size_t size)
{
    zyd_assert(ctx != NULL);
    zyd_sig_sign(sig, ctx, msg, size);
}

struct zyd_sig_ops zyd_test_sig_ops(uint8_t *sk)
{
    return (struct zyd_sig_ops){sk, verify, sign};
}

void zyd_test_cert(struct zyd_cert *out, const struct zyd_test_consortium *c, uint8_t type,
                   const struct zyd_header *h, uint32_t count)
{
    struct zyd_vote v = {.type = type, .epoch = h->epoch, .view = h->view};
    memset(out, 0, sizeof *out);
    if (type != ZYD_VOTE_X) {
        v.height = h->height;
        zyd_header_hash(&v.hash, h);
    }
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    zyd_vote_preimage(preimage, &c->g.hash, &v);
    out->type = type;
    out->epoch = v.epoch;
    out->view = v.view;
    out->height = v.height;
    out->hash = v.hash;
    out->bitmap = (UINT64_C(1) << count) - 1;
    for (uint32_t i = 0; i < count; i++) {
        zyd_sig_sign(&out->sigs[i], c->sk[c->g.validators[i]][0], preimage, sizeof preimage);
    }
}
