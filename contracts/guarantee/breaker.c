/* breaker.c: the compensation-rate cap and the breaker of a programme (domain.md 3.1, E7, ruling 14). */
#include "guarantee.h"

#define KEY_TEXT (sizeof ZYD_GUARANTEE_KEY_BREAKER - 1)

static void breaker_key(uint8_t key[CT_ID_SIZE], uint16_t programme)
{
    memset(key, 0, CT_ID_SIZE);
    memcpy(key, ZYD_GUARANTEE_KEY_BREAKER, KEY_TEXT);
    key[30] = (uint8_t)(programme >> 8);
    key[31] = (uint8_t)programme;
}

bool breaker_is(const uint8_t object[CT_ID_SIZE])
{
    return memcmp(object, ZYD_GUARANTEE_KEY_BREAKER, KEY_TEXT) == 0;
}

static void emit_change(const struct gu *g, uint8_t was, uint8_t is)
{
    if (was != is) {
        uint8_t data[4] = {(uint8_t)(g->call->programme >> 8), (uint8_t)g->call->programme, was, is};
        ct_emit(ZYD_GUARANTEE_EMIT_BREAKER, data, sizeof data);
    }
}

/* At 00:00 of 1 January S = used = 0 (ruling 14).  The period's deadline does it; a call that comes before it sees the same. */
void breaker_load(struct breaker *b, const struct gu *g)
{
    uint8_t key[CT_ID_SIZE];
    int32_t year = g->call->date / 10000;
    breaker_key(key, g->call->programme);
    b->absent = ct_get(g->call->contract, key, CT_ID_SIZE, &b->h, sizeof b->h) < 0;
    if (b->absent) {
        memset(&b->h, 0, sizeof b->h);
        b->h.year = year;
    }
    if (b->h.year < year) {
        uint8_t state = param(g, ZYD_GP_AUTO_RESET) != 0 ? ZYD_GB_NORMAL : b->h.state;
        memset(&b->h, 0, sizeof b->h);
        b->h.state = state;
        b->h.year = year;
    }
}

void breaker_store(const struct breaker *b, const struct gu *g)
{
    uint8_t key[CT_ID_SIZE];
    breaker_key(key, g->call->programme);
    ct_put(key, CT_ID_SIZE, &b->h, sizeof b->h);
    if (b->absent) {
        ct_deadline(key, ZYD_GD_INT_SETTLE, (uint64_t)zyd_ms_of_date((b->h.year + 1) * 10000 + 101));
    }
}

void breaker_released(const struct gu *g, int64_t principal, uint32_t days, bool drawdown)
{
    struct breaker b;
    breaker_load(&b, g);
    cc_add_days(&b.h.s_lo, &b.h.s_hi, principal, days);
    b.h.drawdowns += drawdown;
    breaker_store(&b, g);
    if (g->undo != 0) {
        uint64_t lo = 0, hi = 0;
        cc_add_days(&lo, &hi, principal, days);
        undo_note_days(g->undo, b.h.year, lo, hi);
    }
}

/* What an event of the running year added; an older year's S is gone. */
void breaker_taken_back(const struct gu *g, int32_t year, uint64_t lo, uint64_t hi, bool drawdown)
{
    struct breaker b;
    breaker_load(&b, g);
    if (b.h.year == year) {
        ct_u128 s = ((ct_u128)b.h.s_hi << 64 | b.h.s_lo) - ((ct_u128)hi << 64 | lo);
        b.h.s_lo = (uint64_t)s;
        b.h.s_hi = (uint64_t)(s >> 64);
        b.h.drawdowns -= drawdown;
        breaker_store(&b, g);
    }
}

void breaker_open(const struct gu *g)
{
    struct breaker b;
    breaker_load(&b, g);
    if (b.h.state == ZYD_GB_STOPPED) {
        ct_fail(E_BREAKER_STOPPED);
    }
}

/* S * rest_ppm; S stays below 2^86 in any real programme, so that every product below stays under 2^126. */
static ct_u128 base(const struct breaker *b, const struct gu *g)
{
    if (b->h.s_hi >> 22 != 0) {
        ct_fail(E_RANGE);
    }
    return ((ct_u128)b->h.s_hi << 64 | b->h.s_lo) * rest_ppm(g);
}

#define YEAR_PPM2 ((ct_u128)UINT64_C(365) * UINT64_C(1000000000000)) /* 365 x 10^12 */

int64_t breaker_room(const struct breaker *b, const struct gu *g)
{
    ct_u128 cap;
    if (param(g, ZYD_GP_CAP_PPM) == 0) {
        return CC_FEN_MAX;
    }
    ct_muldiv(&cap, base(b, g), param(g, ZYD_GP_CAP_PPM), YEAR_PPM2, CT_FLOOR);
    if (cap <= (ct_u128)(uint64_t)b->h.used) {
        return 0;
    }
    cap -= (uint64_t)b->h.used;
    return cap > (ct_u128)CC_FEN_MAX ? CC_FEN_MAX : (int64_t)cap;
}

/* used x 365 x 10^12 >= line x S x rest_ppm; a line of 0 is none. */
static bool reached(const struct breaker *b, const struct gu *g, enum zyd_guarantee_param line)
{
    uint64_t ppm = param(g, line);
    return ppm != 0 && (uint64_t)b->h.used * YEAR_PPM2 >= base(b, g) * ppm;
}

void breaker_claimed(struct breaker *b, const struct gu *g, int64_t compensated, int64_t overflow)
{
    uint8_t was = b->h.state;
    b->h.used += compensated;
    b->h.claims++;
    bool capped = param(g, ZYD_GP_CAP_PPM) != 0 && breaker_room(b, g) < (int64_t)param(g, ZYD_GP_MIN_ROOM);
    if (capped || overflow > 0 || reached(b, g, ZYD_GP_STOP_PPM)) {
        b->h.state = ZYD_GB_STOPPED;
    } else if (b->h.state == ZYD_GB_NORMAL && reached(b, g, ZYD_GP_WARN_PPM)) {
        b->h.state = ZYD_GB_WARN;
    }
    emit_change(g, was, b->h.state);
}

/* BREAKER_RESET (ruling 14): WARN, STOPPED -> NORMAL by ALL(banks of the programme, GUAR, REG).  Input: reason.  It is an
 * object of its own, a minute with an id, so that no contract's number stands in its way. */
void event_breaker_reset(struct gu *g)
{
    struct breaker b;
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    breaker_load(&b, g);
    if (b.h.state == ZYD_GB_NORMAL) {
        ct_fail(E_BAD_STATE);
    }
    for (uint32_t i = 0; i < g->bank_count; i++) {
        sign(g, cc_u16(g->banks + 2 * i));
    }
    sign(g, param_member(g, ZYD_GP_GUAR));
    sign(g, param_member(g, ZYD_GP_REG));
    signed_end(g);
    struct zyd_guarantee_reset minute = {ZYD_GUARANTEE_KIND_RESET, b.h.state, g->call->programme, g->call->date};
    ct_put(g->call->object, CT_ID_SIZE, &minute, sizeof minute);
    emit_change(g, b.h.state, ZYD_GB_NORMAL);
    b.h.state = ZYD_GB_NORMAL;
    breaker_store(&b, g);
}

/* The first instant of a year: the record is rolled on, and next year's deadline set. */
void sys_breaker_period(struct gu *g)
{
    struct breaker b;
    breaker_load(&b, g);
    breaker_store(&b, g);
    ct_deadline(g->call->object, ZYD_GD_INT_SETTLE, (uint64_t)zyd_ms_of_date((b.h.year + 1) * 10000 + 101));
}
