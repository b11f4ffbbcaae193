/* struct zyd_genesis -> JSON, for people and for diffs.  Parsing the JSON gives the same body. */
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>
#include <zyd/catalogue.h>
#include <zyd/consortium.h>
#include <zyd/date.h>

#include "consortium_json.h"

static json_t *text(struct zyd_span s)
{
    return json_stringn((const char *)s.data, s.size);
}

static json_t *hex(const uint8_t *data, size_t size)
{
    char out[65];
    sodium_bin2hex(out, sizeof out, data, size);
    return json_string(out);
}

static json_t *names(struct zyd_span zh, struct zyd_span en)
{
    return json_pack("{s:o,s:o}", "zh", text(zh), "en", text(en));
}

static json_t *members_json(const struct zyd_genesis *g)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < g->member_count; i++) {
        const struct zyd_member *m = &g->members[i];
        json_t *keys = json_array();
        for (uint8_t k = 0; k < m->key_count; k++) {
            json_array_append_new(keys, json_pack("{s:s,s:o}", "purpose", zyd_key_purpose_text(m->keys[k].purpose), "public",
                                                  hex(m->keys[k].pk.b, ZYD_PK_SIZE)));
        }
        json_array_append_new(list,
                              json_pack("{s:o,s:o,s:o,s:s,s:b,s:o,s:o}", "code", text(m->code), "uscc", text(m->uscc), "name",
                                        names(m->name_zh, m->name_en), "role", zyd_role_text(m->role), "validator",
                                        (m->flags & ZYD_MEMBER_VALIDATOR) != 0, "address", text(m->address), "keys", keys));
    }
    return list;
}

static json_t *calendars_json(const struct zyd_genesis *g)
{
    json_t *all = json_array();
    for (uint16_t c = 0; c < g->calendar_count; c++) {
        json_t *list = json_array();
        for (uint8_t i = 0; i < g->calendars[c].year_count; i++) {
            const struct zyd_calendar_year *y = &g->calendars[c].years[i];
            json_t *holidays = json_array(), *workdays = json_array();
            int32_t first = zyd_date_to_day(y->year * 10000 + 101);
            int32_t days = zyd_date_to_day((y->year + 1) * 10000 + 101) - first;
            for (int32_t d = 0; d < days; d++) {
                bool weekday = (first + d + 3) % 7 < 5, working = (y->days[d / 8] >> (d % 8) & 1) != 0;
                int32_t date = zyd_date_from_day(first + d);
                char day[8];
                snprintf(day, sizeof day, "%02u-%02u", (unsigned)(date / 100 % 100) % 100u, (unsigned)(date % 100) % 100u);
                if (weekday != working) {
                    json_array_append_new(working ? workdays : holidays, json_string(day));
                }
            }
            json_array_append_new(list,
                                  json_pack("{s:i,s:o,s:o}", "year", (int)y->year, "holidays", holidays, "workdays", workdays));
        }
        json_array_append_new(all, list);
    }
    return all;
}

static enum zyd_status programmes_json(json_t **out, struct zyd_err *err, const struct zyd_genesis *g)
{
    *out = json_array();
    for (uint16_t i = 0; i < g->programme_count; i++) {
        const struct zyd_programme *p = &g->programmes[i];
        char contract[33] = "", *params = NULL;
        for (uint16_t k = 0; k < g->plugin_count; k++) {
            if (g->plugins[k].contract == p->contract) {
                snprintf(contract, sizeof contract, "%.*s", (int)g->plugins[k].name.size,
                         (const char *)g->plugins[k].name.data);
            }
        }
        enum zyd_status s = zyd_params_show(&params, err, contract, p->params, g);
        if (s != ZYD_OK) {
            return s;
        }
        json_array_append_new(*out, json_pack("{s:i,s:i,s:o,s:o,s:i,s:b,s:i,s:i,s:i,s:o}", "id", (int)p->id, "contract",
                                              (int)p->contract, "code", text(p->code), "name", names(p->name_zh, p->name_en),
                                              "class", (int)p->class_, "dual", (int)p->dual, "calendar", (int)p->calendar,
                                              "pending_days", (int)p->pending_days, "settlement", (int)p->settlement, "params",
                                              json_loads(params, JSON_DECODE_ANY, NULL)));
        free(params);
    }
    return ZYD_OK;
}

enum zyd_status zyd_consortium_show(char **out, struct zyd_err *err, const struct zyd_genesis *g)
{
    json_t *programmes = NULL, *plugins = json_array(), *openings = json_array();
    char created[32], fen[24];
    *out = NULL;
    enum zyd_status s = programmes_json(&programmes, err, g);
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        json_array_append_new(plugins, json_pack("{s:i,s:o,s:o}", "contract", (int)g->plugins[i].contract, "name",
                                                 text(g->plugins[i].name), "sha256", hex(g->plugins[i].hash.b, 32)));
    }
    for (uint16_t i = 0; i < g->opening_count; i++) {
        const struct zyd_opening *o = &g->openings[i];
        snprintf(fen, sizeof fen, "%lld", (long long)o->amount.fen);
        json_array_append_new(openings,
                              json_pack("{s:o,s:i,s:o,s:o,s:s}", "member", text(g->members[o->member].code), "programme",
                                        (int)o->programme, "dr", text(o->dr), "cr", text(o->cr), "amount_fen", fen));
    }
    zyd_rfc3339(created, (int64_t)g->created_ms);
    json_t *root = json_pack(
        "{s:s,s:o,s:b,s:s,s:s,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I},s:o,s:o,s:o,s:o,s:o}", "format", ZYD_CONSORTIUM_FORMAT,
        "name", names(g->name_zh, g->name_en), "development", (g->flags & ZYD_GENESIS_DEVELOPMENT) != 0, "preset",
        g->preset ? "WAN" : "LAN", "created", created, "limits", "fuel_block", (json_int_t)g->fuel_block, "fuel_call",
        (json_int_t)g->fuel_call, "window_ms", (json_int_t)g->window_ms, "pace_ms", (json_int_t)g->pace_ms, "delta_ms",
        (json_int_t)g->delta_ms, "delta_max_ms", (json_int_t)g->delta_max_ms, "heartbeat_ms", (json_int_t)g->heartbeat_ms,
        "precision_ms", (json_int_t)g->precision_ms, "msgdelay_ms", (json_int_t)g->msgdelay_ms, "plugins", plugins, "members",
        members_json(g), "programmes", programmes, "calendars", calendars_json(g), "openings", openings);
    if (root && (g->flags & ZYD_GENESIS_DUAL) != 0) {
        json_object_set_new(root, "dual_governance", json_true());
    }
    *out = s == ZYD_OK && root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(root);
    if (!*out && s == ZYD_OK) {
        zyd_err_set(err, ZYD_ERR_BUG, "the genesis cannot be written as JSON");
        s = ZYD_E_IO;
    }
    return s;
}
