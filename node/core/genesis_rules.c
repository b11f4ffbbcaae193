#include "genesis_internal.h"

#define MINUTE_MS 60000u

/* GB 32100-2015: base 31 without I, O, S, V, Z; weights 3^i mod 31. */
static int uscc_value(uint8_t c)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    for (int i = 0; i < 31; i++) {
        if (alphabet[i] == (char)c) {
            return i;
        }
    }
    return -1;
}

char zyd_uscc_check_char(const char first17[17])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int sum = 0, weight = 1;
    for (int i = 0; i < 17; i++) {
        int v = uscc_value((uint8_t)first17[i]);
        if (v < 0) {
            return 0;
        }
        sum += v * weight;
        weight = weight * 3 % 31;
    }
    return alphabet[(31 - sum % 31) % 31];
}

bool zyd_uscc_valid(struct zyd_span uscc)
{
    if (uscc.size != 18) {
        return false;
    }
    char c = zyd_uscc_check_char((const char *)uscc.data);
    return c != 0 && (char)uscc.data[17] == c;
}

bool zyd_code_valid(struct zyd_span s)
{
    for (size_t i = 0; i < s.size; i++) {
        uint8_t c = s.data[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return s.size > 0 && s.size <= ZYD_CODE_MAX;
}

static const char *numbers_fault(const struct zyd_genesis *g)
{
    if ((g->flags & ~(ZYD_GENESIS_DEVELOPMENT | ZYD_GENESIS_DUAL)) != 0) {
        return "unknown flags";
    }
    if (g->preset > 1) {
        return "preset is neither LAN nor WAN";
    }
    if (g->fuel_call == 0 || g->fuel_block > ZYD_FUEL_BLOCK_MAX || g->fuel_call > g->fuel_block / 2 ||
        g->fuel_call + ZYD_FUEL_BESIDE > g->fuel_block / 2) {
        return "fuel of a block is at most 250 M; of a call 1 or more, and with 100,000 beside it at most half a block's";
    }
    if (g->window_ms < 1000 || g->window_ms > 60u * MINUTE_MS) {
        return "the replay window must be 1 s to 1 h";
    }
    if (g->pace_ms > MINUTE_MS || g->delta_ms == 0 || g->delta_ms > g->delta_max_ms ||
        g->delta_max_ms > 10u * MINUTE_MS || g->heartbeat_ms > 1440u * MINUTE_MS ||
        g->precision_ms > 10u * MINUTE_MS || g->msgdelay_ms > 10u * MINUTE_MS) {
        return "a time of the protocol is out of range";
    }
    return NULL;
}

static const char *keys_fault(const struct zyd_member *m)
{
    uint32_t node_keys = 0, link_keys = 0;
    for (uint8_t i = 0; i < m->key_count; i++) {
        if (m->keys[i].purpose < ZYD_KEY_NODE || m->keys[i].purpose > ZYD_KEY_CHECKER) {
            return "a key has an unknown purpose";
        }
        if (!zyd_pk_enrollable(&m->keys[i].pk)) {
            return "a key is not a fit Ed25519 key";
        }
        node_keys += m->keys[i].purpose == ZYD_KEY_NODE ? 1 : 0;
        link_keys += m->keys[i].purpose == ZYD_KEY_LINK ? 1 : 0;
    }
    if (node_keys > 1 || link_keys > 1) {
        return "a member has two node keys or two link keys";
    }
    if ((m->flags & ZYD_MEMBER_VALIDATOR) != 0 && node_keys == 0) {
        return "a validator has no node key";
    }
    return NULL;
}

static const char *member_fault(const struct zyd_genesis *g, const struct zyd_member *m)
{
    if (!zyd_code_valid(m->code)) {
        return "a member's code has other characters than A-Z 0-9 _";
    }
    if (!zyd_uscc_valid(m->uscc)) {
        return "a member's USCC is wrong";
    }
    if (m->role < ZYD_ROLE_BANK || m->role > ZYD_ROLE_OTHER) {
        return "a member's role is unknown";
    }
    if (m->flags > ZYD_MEMBER_VALIDATOR) {
        return "a member's flags are unknown";
    }
    bool development = (g->flags & ZYD_GENESIS_DEVELOPMENT) != 0;
    if (!development && (m->flags & ZYD_MEMBER_VALIDATOR) != 0 && m->address.size == 0) {
        return "a validator has no address";
    }
    return keys_fault(m);
}

static bool keys_shared(const struct zyd_member *a, const struct zyd_member *b)
{
    for (uint8_t i = 0; i < a->key_count; i++) {
        for (uint8_t j = a == b ? (uint8_t)(i + 1) : 0; j < b->key_count; j++) {
            if (memcmp(a->keys[i].pk.b, b->keys[j].pk.b, ZYD_PK_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

static const char *members_fault(const struct zyd_genesis *g)
{
    uint32_t validators = 0;
    if (g->member_count == 0) {
        return "there are no members";
    }
    for (uint16_t i = 0; i < g->member_count; i++) {
        const struct zyd_member *m = &g->members[i];
        const char *why = member_fault(g, m);
        if (why != NULL) {
            return why;
        }
        validators += (m->flags & ZYD_MEMBER_VALIDATOR) != 0 ? 1 : 0;
        for (uint16_t j = 0; j <= i; j++) {
            if (keys_shared(&g->members[j], m)) {
                return "a key stands twice";
            }
            if (j < i && genesis_span_eq(g->members[j].code, m->code)) {
                return "two members have one code";
            }
            if (j < i && genesis_span_eq(g->members[j].uscc, m->uscc)) {
                return "two members have one USCC";
            }
        }
    }
    uint32_t min = (g->flags & ZYD_GENESIS_DEVELOPMENT) != 0 ? 1 : ZYD_VALIDATORS_MIN;
    if (validators < min) {
        return "too few validators: no fault could be tolerated";
    }
    return validators > ZYD_VALIDATORS_MAX ? "more than 31 validators" : NULL;
}

static const char *plugins_fault(const struct zyd_genesis *g)
{
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        const struct zyd_plugin_ref *p = &g->plugins[i];
        if (p->contract <= (i > 0 ? g->plugins[i - 1].contract : 0)) {
            return "contract numbers must ascend from 1";
        }
        for (uint16_t j = 0; j < i; j++) {
            if (genesis_span_eq(g->plugins[j].name, p->name)) {
                return "two contracts have one name";
            }
        }
    }
    return NULL;
}

static bool contract_known(const struct zyd_genesis *g, uint16_t contract)
{
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        if (g->plugins[i].contract == contract) {
            return true;
        }
    }
    return false;
}

const char *zyd_programme_fault(const struct zyd_programme *p)
{
    if (!zyd_code_valid(p->code)) {
        return "a programme's code has other characters than A-Z 0-9 _";
    }
    if (p->pending_days == 0 || p->pending_days > 250) {
        return "a programme's countersigning time must be 1 to 250 working days";
    }
    if (p->params.size > ZYD_PROGRAMME_PARAMS_MAX) {
        return "a programme's parameters are larger than 3,500 bytes";
    }
    return NULL;
}

static const char *programmes_fault(const struct zyd_genesis *g)
{
    for (uint16_t i = 0; i < g->programme_count; i++) {
        const struct zyd_programme *p = &g->programmes[i];
        if (p->id <= (i > 0 ? g->programmes[i - 1].id : 0)) {
            return "programme ids must ascend from 1";
        }
        const char *why = zyd_programme_fault(p);
        if (why != NULL) {
            return why;
        }
        for (uint16_t j = 0; j < i; j++) {
            if (genesis_span_eq(g->programmes[j].code, p->code)) {
                return "two programmes have one code";
            }
        }
        if (!contract_known(g, p->contract)) {
            return "a programme names a contract that is not there";
        }
        if (p->settlement != 0 && zyd_genesis_programme(g, p->settlement) == NULL) {
            return "a programme names a settlement programme that is not there";
        }
        if (p->calendar >= g->calendar_count) {
            return "a programme names a calendar that is not there";
        }
    }
    return NULL;
}

static bool leap(uint32_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

const char *zyd_calendar_fault(const struct zyd_calendar *c)
{
    if (c->year_count == 0) {
        return "a calendar is empty";
    }
    for (uint8_t y = 0; y < c->year_count; y++) {
        uint16_t year = c->years[y].year;
        if (year < 1970 || year > 9998 || year != c->years[0].year + y) {
            return "a calendar's years do not follow each other";
        }
        for (uint32_t d = leap(year) ? 366 : 365; d < 368; d++) {
            if ((c->years[y].days[d / 8] >> d % 8 & 1) != 0) {
                return "a calendar has a day after 31 December";
            }
        }
    }
    return NULL;
}

static const char *calendars_fault(const struct zyd_genesis *g)
{
    const char *why = NULL;
    for (uint16_t i = 0; i < g->calendar_count && why == NULL; i++) {
        why = zyd_calendar_fault(&g->calendars[i]);
    }
    return why;
}

/* As the host takes them (FORMATS.md 16): 1..40 of 0-9 A-Z a-z . _ - and a digit first. */
static bool account_ok(struct zyd_span s)
{
    for (size_t i = 0; i < s.size; i++) {
        uint8_t c = s.data[i];
        bool digit = c >= '0' && c <= '9';
        bool other = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
        if (!digit && (i == 0 || !other)) {
            return false;
        }
    }
    return s.size > 0;
}

static const char *openings_fault(const struct zyd_genesis *g)
{
    if (g->opening_count > 0 && (g->flags & ZYD_GENESIS_DEVELOPMENT) == 0) {
        return "opening postings are for a development consortium only";
    }
    for (uint16_t i = 0; i < g->opening_count; i++) {
        const struct zyd_opening *o = &g->openings[i];
        if (o->member >= g->member_count || (o->programme != 0 && zyd_genesis_programme(g, o->programme) == NULL)) {
            return "an opening names a member or programme that is not there";
        }
        if (!account_ok(o->dr) || !account_ok(o->cr) || genesis_span_eq(o->dr, o->cr)) {
            return "an opening's accounts are wrong";
        }
    }
    return NULL;
}

const char *genesis_fault(const struct zyd_genesis *g)
{
    const char *why = numbers_fault(g);
    why = why != NULL ? why : members_fault(g);
    why = why != NULL ? why : plugins_fault(g);
    why = why != NULL ? why : calendars_fault(g);
    why = why != NULL ? why : programmes_fault(g);
    return why != NULL ? why : openings_fault(g);
}
