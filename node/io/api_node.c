/* Routes about the node itself: health, metrics, topology, catalogue, the development clock. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zyd/consortium.h>
#include <zyd/date.h>
#include <zyd/guarantee_schema.h>

#include "api_impl.h"

#define HEALTH_MS 5000 /* the loop tells its health about every 200 ms */

struct state {
    struct zyd_api_health h;
    struct zyd_net_stat net[ZYD_VALIDATORS_MAX];
    bool have, fresh, broken, quorum;
    uint32_t up; /* validators that are up, with ourselves */
    uint64_t view_height, tip, head_ms;
};

static void look(struct state *s, struct zyd_api *a)
{
    memset(s, 0, sizeof *s);
    pthread_mutex_lock(&a->health_lock);
    s->h = a->health;
    s->have = a->have_health;
    s->fresh = a->have_health && zyd_api_now_ms() - a->health_ms < HEALTH_MS;
    pthread_mutex_unlock(&a->health_lock);
    if (a->calls.net_stats) {
        a->calls.net_stats(a->calls.ctx, s->net);
    }
    pthread_mutex_lock(&a->queue_lock);
    s->broken = a->view_broken;
    s->tip = a->tip;
    pthread_mutex_unlock(&a->queue_lock);
    zyd_view_lock(a->view);
    s->view_height = zyd_view_height(a->view);
    s->head_ms = zyd_view_time_ms(a->view);
    zyd_view_unlock(a->view);
    for (uint8_t i = 0; i < a->g->validator_count; i++) {
        s->up += i == a->config.me || s->net[i].up;
    }
    s->quorum = s->up >= zyd_quorum_q(a->g->validator_count);
}

static const char *state_text(const struct state *s)
{
    return s->h.read_only ? "read_only" : s->h.replica.syncing ? "syncing" : !s->quorum ? "no_quorum" : "ok";
}

/* ---- health ---- */

enum step zyd_run_livez_get(struct request *r)
{
    return zyd_answer_bytes(r, "text/plain; charset=utf-8", (uint8_t *)strdup("ok\n"), 3);
}

static void check(json_t *list, bool verbose, bool *ready, const char *name, bool ok, const char *cause, const char *remedy)
{
    *ready = *ready && ok;
    if (ok && !verbose) {
        return;
    }
    json_t *o = json_object();
    zyd_j_str(o, "name", name);
    json_object_set_new(o, "ok", json_boolean(ok));
    zyd_j_str(o, "cause", ok ? "" : cause);
    zyd_j_str(o, "remedy", ok ? "" : remedy);
    json_array_append_new(list, o);
}

enum step zyd_run_readyz_get(struct request *r)
{
    struct state s;
    bool ready = true, verbose = zyd_uri_arg(&r->uri, "verbose") != NULL;
    json_t *o = json_object(), *list = json_array();
    look(&s, r->api);
    check(list, verbose, &ready, "loop", s.fresh, "the event loop has not told its health for 5 s",
          "look at the log; the disk or the CPU may be overloaded");
    check(list, verbose, &ready, "synced", !s.have || !s.h.replica.syncing, "the node is behind and catching up",
          "wait; zyd cluster status shows the lag");
    check(list, verbose, &ready, "writable", !s.h.read_only, "the node is read-only: the disk's reserve is reached",
          "free space; it goes on by itself");
    check(list, verbose, &ready, "quorum", s.quorum, "too few validators are connected to agree on blocks",
          "look at the peers: zyd node peers");
    check(list, verbose, &ready, "signing", !s.h.replica.bft.stopped, "signing has stopped after an alarm",
          "look at the log; this node's key may be in use elsewhere");
    check(list, verbose, &ready, "index", !s.broken && s.view_height + 64 >= s.tip, "the index of blocks is behind or broken",
          "wait; if it stays, restart the node: the index is rebuilt");
    json_object_set_new(o, "ready", json_boolean(ready));
    json_object_set_new(o, "checks", list);
    return zyd_answer(r, ready ? 200 : 503, o);
}

/* ---- topology ---- */

static uint64_t height_of(const struct zyd_api *a, const struct state *s, uint8_t validator)
{
    return validator == a->config.me ? s->view_height : s->h.replica.bft.peer_final_height[validator];
}

enum step zyd_run_nodes_get(struct request *r)
{
    struct zyd_api *a = r->api;
    const struct zyd_genesis *g = a->g;
    struct state s;
    json_t *o = json_object(), *list = json_array();
    uint64_t top = 0;
    look(&s, a);
    for (uint8_t i = 0; i < g->validator_count; i++) {
        uint64_t h = height_of(a, &s, i);
        top = h > top ? h : top;
    }
    zyd_j_member(o, "self", g, a->config.me_member);
    zyd_j_u64(o, "height", s.view_height);
    zyd_j_u64(o, "view", s.h.replica.bft.view);
    zyd_j_u64(o, "validators", g->validator_count);
    zyd_j_u64(o, "quorum", zyd_quorum_q(g->validator_count));
    json_object_set_new(o, "syncing", json_boolean(s.h.replica.syncing));
    json_object_set_new(o, "read_only", json_boolean(s.h.read_only));
    zyd_j_u64(o, "pool", s.h.replica.pool_count);
    zyd_j_u64s(o, "ops_final", s.h.replica.ops_final);
    zyd_j_str(o, "state", state_text(&s));
    for (uint16_t m = 0; m < g->member_count; m++) {
        int v = zyd_genesis_validator_of(g, m);
        const struct zyd_member *x = &g->members[m];
        bool self = m == a->config.me_member;
        json_t *one = json_object();
        zyd_j_span(one, "member", x->code);
        zyd_j_span(one, "name_zh", x->name_zh);
        zyd_j_span(one, "name_en", x->name_en);
        zyd_j_str(one, "role", zyd_role_text(x->role));
        zyd_j_span(one, "address", x->address);
        json_object_set_new(one, "validator", v < 0 ? json_null() : json_integer(v));
        json_object_set_new(one, "self", json_boolean(self));
        if (v >= 0) {
            uint64_t h = height_of(a, &s, (uint8_t)v);
            json_object_set_new(one, "up", json_boolean(self || s.net[v].up));
            zyd_j_u64(one, "height", h);
            zyd_j_u64(one, "lag", top - h);
            zyd_j_u64(one, "rtt_us", s.net[v].rtt_us);
            zyd_j_u64s(one, "sent_bytes", s.net[v].sent_bytes);
            zyd_j_u64s(one, "received_bytes", s.net[v].received_bytes);
        }
        json_array_append_new(list, one);
    }
    json_object_set_new(o, "nodes", list);
    return zyd_answer(r, 200, o);
}

static bool development(const struct zyd_api *a)
{
    return (a->g->flags & ZYD_GENESIS_DEVELOPMENT) != 0;
}

enum step zyd_run_status_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct state s;
    json_t *o = json_object();
    look(&s, a);
    zyd_j_str(o, "name", a->config.name);
    zyd_j_member(o, "member", a->g, a->config.me_member);
    json_object_set_new(o, "development", json_boolean(development(a)));
    zyd_j_u64(o, "height", s.view_height);
    zyd_j_u64s(o, "head_time_ms", s.head_ms);
    zyd_j_u64s(o, "wall_ms", (uint64_t)a->calls.wall_ms(a->calls.ctx));
    zyd_j_u64s(o, "settled_ms", s.view_height >= s.h.replica.head.height ? s.h.replica.settled_ms : 0);
    zyd_j_u64(o, "view", s.h.replica.bft.view);
    zyd_j_u64(o, "validators", a->g->validator_count);
    zyd_j_u64(o, "quorum", zyd_quorum_q(a->g->validator_count));
    zyd_j_u64(o, "peers_up", s.up > 0 ? s.up - (a->config.me != 255) : 0);
    json_object_set_new(o, "syncing", json_boolean(s.h.replica.syncing));
    json_object_set_new(o, "read_only", json_boolean(s.h.read_only));
    zyd_j_str(o, "version", a->config.version);
    zyd_j_str(o, "state", state_text(&s));
    return zyd_answer(r, 200, o);
}

enum step zyd_run_version_get(struct request *r)
{
    const struct zyd_api *a = r->api;
    json_t *o = json_object();
    zyd_j_str(o, "version", a->config.version);
    zyd_j_u64(o, "api", 1);
    zyd_j_str(o, "name", a->config.name);
    zyd_j_member(o, "member", a->g, a->config.me_member);
    zyd_j_hash(o, "chain_id", &a->g->hash);
    json_object_set_new(o, "development", json_boolean(development(a)));
    zyd_j_u64(o, "rules_version", 1);
    return zyd_answer(r, 200, o);
}

static enum step file_answer(struct request *r, const char *path, const char *type)
{
    struct zyd_err err = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (!path || zyd_file_read(&bytes, &size, &err, path, ZYD_CONSORTIUM_TEXT_MAX) != ZYD_OK) {
        return zyd_fail(r, ZYD_ERR_FILE_READ, "", "%s", path ? err.text : "the node does not know the file");
    }
    return zyd_answer_bytes(r, type, bytes, size);
}

enum step zyd_run_consortium_get(struct request *r)
{
    return file_answer(r, r->api->config.consortium_json, "application/json");
}

enum step zyd_run_plugins_get(struct request *r)
{
    struct zyd_api *a = r->api;
    json_t *items = json_array();
    zyd_view_lock(a->view);
    const struct zyd_genesis *g = zyd_view_genesis(a->view);
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        json_t *one = json_object();
        zyd_j_u64(one, "contract", g->plugins[i].contract);
        zyd_j_span(one, "name", g->plugins[i].name);
        zyd_j_hash(one, "sha256", &g->plugins[i].hash);
        zyd_j_str(one, "source", i < a->config.genesis->plugin_count ? "genesis" : "governance");
        json_array_append_new(items, one);
    }
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, UINT64_MAX));
}

/* The image of this hash that governance added: it lies in records.  NULL: none. */
static uint8_t *added_image(const struct zyd_api *a, const struct zyd_hash *want, size_t *size)
{
    uint8_t *image = NULL;
    zyd_view_lock(a->view);
    const struct zyd_genesis *g = zyd_view_genesis(a->view);
    for (uint16_t i = a->config.genesis->plugin_count; i < g->plugin_count && image == NULL; i++) {
        image = zyd_hash_eq(&g->plugins[i].hash, want) ? zyd_view_image(a->view, g->plugins[i].contract, size) : NULL;
    }
    zyd_view_unlock(a->view);
    return image;
}

/* The plugin whose hash is asked for: one that governance added from the ledger, one of genesis from the plugin folder, by its
 * content. */
enum step zyd_run_plugin_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct zyd_hash want, have;
    bool named = false;
    char path[4200];
    if (!zyd_hex32_parse(&want, r->uri.segments[2])) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "a plugin's hash is 64 hex digits");
    }
    size_t image_size = 0;
    uint8_t *image = added_image(a, &want, &image_size);
    if (image != NULL) {
        return zyd_answer_bytes(r, "application/octet-stream", image, image_size);
    }
    for (uint16_t i = 0; i < a->g->plugin_count; i++) {
        named |= zyd_hash_eq(&a->g->plugins[i].hash, &want);
    }
    DIR *dir = named && a->config.plugin_dir ? opendir(a->config.plugin_dir) : NULL;
    for (struct dirent *d; dir && (d = readdir(dir)) != NULL;) {
        struct zyd_err err = {0};
        uint8_t *bytes = NULL;
        size_t size = 0, n = strlen(d->d_name);
        if (n < 5 || strcmp(d->d_name + n - 4, ".elf") != 0) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", a->config.plugin_dir, d->d_name);
        if (zyd_file_read(&bytes, &size, &err, path, 256u << 10) != ZYD_OK) {
            continue;
        }
        zyd_sha256(&have, bytes, size);
        if (zyd_hash_eq(&have, &want)) {
            closedir(dir);
            return zyd_answer_bytes(r, "application/octet-stream", bytes, size);
        }
        free(bytes);
    }
    if (dir) {
        closedir(dir);
    }
    return zyd_fail(r, ZYD_ERR_NOT_FOUND, "",
                    named ? "the node does not find the file" : "no plugin of this consortium has this hash");
}

/* ---- catalogues ---- */

enum step zyd_run_errors_get(struct request *r)
{
    json_t *items = json_array();
    for (size_t i = 0; i < zyd_catalogue_count(); i++) {
        const struct zyd_catalogue_entry *e = zyd_catalogue_at(i);
        char label[8];
        json_t *o = json_object();
        zyd_catalogue_label(label, e->code);
        zyd_j_str(o, "code", label);
        zyd_j_str(o, "name", e->name);
        zyd_j_u64(o, "status", e->http);
        zyd_j_u64(o, "exit", e->exit);
        zyd_j_str(o, "retry", zyd_retry_text(e->retry));
        zyd_j_str(o, "zh", e->text[ZYD_LANG_ZH]);
        zyd_j_str(o, "en", e->text[ZYD_LANG_EN]);
        zyd_j_str(o, "remedy_zh", e->fix[ZYD_LANG_ZH]);
        zyd_j_str(o, "remedy_en", e->fix[ZYD_LANG_EN]);
        json_array_append_new(items, o);
    }
    return zyd_answer(r, 200, zyd_page_json(r, items, UINT64_MAX));
}

static json_t *schema_field(const struct zyd_field *f)
{
    char name[64];
    json_t *o = json_object();
    snprintf(name, sizeof name, "%s%s", f->name, f->type == ZYD_FIELD_FEN ? "_fen" : "");
    zyd_j_str(o, "name", name);
    zyd_j_str(o, "type", zyd_field_type_name(f));
    json_object_set_new(o, "required", json_boolean(f->required));
    zyd_j_u64s(o, "min", f->min);
    zyd_j_u64s(o, "max", f->max);
    zyd_j_str(o, "zh", f->zh);
    zyd_j_str(o, "en", f->en);
    if (f->type == ZYD_FIELD_WORD) {
        json_t *words = json_array();
        for (size_t i = 0; i < f->names->count; i++) {
            json_array_append_new(words, json_string(f->names->at[i].name));
        }
        json_object_set_new(o, "words", words);
    }
    if (f->type == ZYD_FIELD_LIST) {
        json_t *columns = json_array();
        for (uint8_t i = 0; i < f->column_count; i++) {
            json_array_append_new(columns, json_string(zyd_field_type_name(&f->columns[i])));
        }
        json_object_set_new(o, "columns", columns);
    }
    return o;
}

static json_t *schema_event(const struct zyd_product *p, const struct zyd_event *e)
{
    json_t *o = json_object(), *args = json_array();
    zyd_j_str(o, "contract", p->name);
    zyd_j_str(o, "event", e->name);
    zyd_j_u64(o, "number", e->number);
    zyd_j_str(o, "zh", e->zh);
    zyd_j_str(o, "en", e->en);
    zyd_j_str(o, "actor", e->actor);
    json_object_set_new(o, "makes", json_boolean(e->makes));
    for (uint8_t k = 0; k < e->arg_count; k++) {
        json_array_append_new(args, schema_field(&e->args[k]));
    }
    json_object_set_new(o, "args", args);
    return o;
}

enum step zyd_run_schema_get(struct request *r)
{
    const struct zyd_product *p;
    json_t *items = json_array();
    for (size_t k = 0; (p = zyd_product_at(k)) != NULL; k++) {
        for (size_t i = 0; i < p->event_count; i++) {
            json_array_append_new(items, schema_event(p, &p->events[i]));
        }
    }
    return zyd_answer(r, 200, zyd_page_json(r, items, UINT64_MAX));
}

/* ---- the development clock (D21) ---- */

static enum step clock_answer(struct request *r)
{
    struct zyd_api *a = r->api;
    uint64_t wall = (uint64_t)a->calls.wall_ms(a->calls.ctx);
    json_t *o = json_object();
    zyd_j_u64s(o, "wall_ms", wall);
    zyd_j_time(o, "time", wall);
    zyd_j_date(o, "date", zyd_date_of_ms((int64_t)wall));
    zyd_view_lock(a->view);
    zyd_j_time(o, "block_time", zyd_view_time_ms(a->view));
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, o);
}

enum step zyd_run_clock_get(struct request *r)
{
    return clock_answer(r);
}

static bool clock_wanted(struct problem *p, int64_t *out, const json_t *body)
{
    const json_t *to = json_object_get(body, "to"), *wall = json_object_get(body, "wall_ms");
    uint64_t n;
    int32_t date;
    if (!json_is_object(body) || json_object_size(body) != 1 || (!to && !wall)) {
        zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, "",
                        "{\"to\":\"2026-06-21\"}, {\"to\":RFC 3339} or {\"wall_ms\":\"...\"} is expected");
        return false;
    }
    if (json_is_string(to) && zyd_date_parse(&date, json_string_value(to))) {
        *out = zyd_ms_of_date(date);
        return true;
    }
    if (json_is_string(to) && zyd_rfc3339_parse(out, json_string_value(to))) {
        return true;
    }
    if (json_is_string(wall) && zyd_decimal_parse(&n, json_string_value(wall), UINT64_C(253402300799999))) {
        *out = (int64_t)n;
        return true;
    }
    zyd_problem_set(p, ZYD_ERR_FIELD_VALUE, to ? "/to" : "/wall_ms", "a date, a time with offset, or a text of milliseconds");
    return false;
}

enum step zyd_run_clock_post(struct request *r)
{
    struct zyd_api *a = r->api;
    int64_t to;
    if (!development(a)) {
        return zyd_fail(r, ZYD_ERR_NOT_DEVELOPMENT, "", "%s", "");
    }
    json_t *body = zyd_json_read(&r->problem, r->body, r->body_size);
    bool good = body && clock_wanted(&r->problem, &to, body);
    json_decref(body);
    if (!good) {
        return zyd_answer_problem(r);
    }
    a->calls.clock_set(a->calls.ctx, to);
    return clock_answer(r);
}

/* ---- metrics ---- */

static void metric(FILE *f, const char *name, const char *type, const char *help, unsigned long long value)
{
    fprintf(f, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name, value);
}

static void metric_head(FILE *f, const char *name, const char *type, const char *help)
{
    fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void micros(FILE *f, const char *name, const char *labels, unsigned long long us)
{
    fprintf(f, "%s%s %llu.%06llu\n", name, labels, us / 1000000, us % 1000000);
}

static void consensus_metrics(FILE *f, struct zyd_api *a, const struct state *s)
{
    const struct zyd_bft_status *b = &s->h.replica.bft;
    metric(f, "zyd_consensus_height", "gauge", "Height of the last final block.", s->tip);
    metric(f, "zyd_consensus_view", "gauge", "Current view.", b->view);
    metric(f, "zyd_consensus_validators", "gauge", "Validators of the consortium.", a->g->validator_count);
    metric(f, "zyd_consensus_quorum", "gauge", "Votes that a quorum needs.", zyd_quorum_q(a->g->validator_count));
    metric(f, "zyd_consensus_view_changes_total", "counter", "Views that ended without a block.", b->views_nullified);
    metric(f, "zyd_consensus_equivocations_total", "counter", "Contradictory votes seen.", b->evidence);
    metric_head(f, "zyd_consensus_last_vote_height", "gauge", "Height of the last vote seen of each validator.");
    for (uint8_t i = 0; i < a->g->validator_count; i++) {
        struct zyd_span code = a->g->members[a->g->validators[i]].code;
        fprintf(f, "zyd_consensus_last_vote_height{peer=\"%.*s\"} %llu\n", (int)code.size, (const char *)code.data,
                (unsigned long long)b->last_vote_height[i]);
    }
    static const struct {
        const char *name, *type, *help;
    } peer[] = {{"zyd_peer_up", "gauge", "Is the link to the peer up?"},
                {"zyd_peer_rtt_seconds", "gauge", "Round trip to the peer."},
                {"zyd_peer_sent_bytes_total", "counter", "Bytes sent to the peer."},
                {"zyd_peer_received_bytes_total", "counter", "Bytes received from the peer."},
                {"zyd_peer_dropped_total", "counter", "Messages dropped because the peer's queue was full."}};
    for (size_t m = 0; m < sizeof peer / sizeof peer[0]; m++) {
        metric_head(f, peer[m].name, peer[m].type, peer[m].help);
        for (uint8_t i = 0; i < a->g->validator_count; i++) {
            struct zyd_span code = a->g->members[a->g->validators[i]].code;
            const struct zyd_net_stat *n = &s->net[i];
            char labels[40];
            if (i == a->config.me) {
                continue;
            }
            snprintf(labels, sizeof labels, "{peer=\"%.*s\"}", (int)code.size, (const char *)code.data);
            if (m == 1) {
                micros(f, peer[m].name, labels, n->rtt_us);
            } else {
                unsigned long long v = m == 0 ? n->up : m == 2 ? n->sent_bytes : m == 3 ? n->received_bytes : n->dropped;
                fprintf(f, "%s%s %llu\n", peer[m].name, labels, v);
            }
        }
    }
}

static void ledger_metrics(FILE *f, struct zyd_api *a, const struct state *s)
{
    static const char *const results[] = {"done", "refused", "waiting"};
    uint32_t states[64] = {0};
    zyd_view_lock(a->view);
    struct zyd_view_counts c = zyd_view_counts(a->view);
    for (uint16_t i = 0; i < a->g->programme_count; i++) {
        const struct zyd_view_programme *p = zyd_view_programme(a->view, a->g->programmes[i].id);
        for (size_t k = 0; k < 64; k++) {
            states[k] += p->by_state[k];
        }
    }
    zyd_view_unlock(a->view);
    metric_head(f, "zyd_transactions_total", "counter", "Final operations of members, by result.");
    for (size_t i = 0; i < 3; i++) {
        fprintf(f, "zyd_transactions_total{result=\"%s\"} %llu\n", results[i], (unsigned long long)c.ops[i]);
    }
    metric(f, "zyd_sys_operations_total", "counter", "Final operations of deadlines.", c.sys);
    metric(f, "zyd_sys_operations_failed_total", "counter", "Operations of deadlines that failed.", c.sys_failed);
    metric(f, "zyd_transactions_pending", "gauge", "Envelopes in the pool.", s->h.replica.pool_count);
    metric(f, "zyd_transactions_pending_bytes", "gauge", "Bytes of envelopes in the pool.", s->h.replica.pool_bytes);
    metric(f, "zyd_fuel_total", "counter", "Fuel of final blocks since the start.", s->h.replica.fuel_final);
    metric_head(f, "zyd_contracts", "gauge", "Guarantee contracts by state.");
    for (uint16_t i = 0; i < 64; i++) {
        const struct zyd_name *n = zyd_name_by_number(&zyd_product_guarantee.states, i);
        if (n) {
            fprintf(f, "zyd_contracts{state=\"%s\"} %u\n", n->name, states[i]);
        }
    }
}

static void process_metrics(FILE *f)
{
    unsigned long long size = 0, resident = 0;
    FILE *m = fopen("/proc/self/statm", "re");
    if (m) {
        if (fscanf(m, "%llu %llu", &size, &resident) != 2) {
            size = resident = 0;
        }
        fclose(m);
    }
    unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
    metric(f, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", size * page);
    metric(f, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", resident * page);
}

static void http_metrics(FILE *f, struct zyd_api *a)
{
    metric_head(f, "zyd_http_requests_total", "counter", "Requests by route and class of status.");
    for (size_t i = 0; i < 64; i++) {
        for (size_t k = 1; k < 6; k++) {
            unsigned long long n = atomic_load(&a->http_counts[i][k]);
            if (n > 0) {
                bool known = i < zyd_api_route_count();
                fprintf(f, "zyd_http_requests_total{method=\"%s\",route=\"/%s\",code=\"%zuxx\"} %llu\n",
                        known ? zyd_api_route_at(i)->method : "", known ? zyd_api_route_at(i)->path : "", k, n);
            }
        }
    }
    metric_head(f, "zyd_http_request_seconds", "summary", "Time of requests by route, waits included.");
    for (size_t i = 0; i < zyd_api_route_count(); i++) {
        unsigned long long n = 0;
        char labels[120];
        for (size_t k = 0; k < 6; k++) {
            n += atomic_load(&a->http_counts[i][k]);
        }
        if (n > 0) {
            snprintf(labels, sizeof labels, "{method=\"%s\",route=\"/%s\"}", zyd_api_route_at(i)->method,
                     zyd_api_route_at(i)->path);
            micros(f, "zyd_http_request_seconds_sum", labels, atomic_load(&a->http_us[i]));
            fprintf(f, "zyd_http_request_seconds_count%s %llu\n", labels, n);
        }
    }
    metric(f, "zyd_http_busy_total", "counter", "Requests answered 429.", atomic_load(&a->busy));
}

enum step zyd_run_metrics_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct state s;
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    zyd_assert(f != NULL);
    look(&s, a);
    metric_head(f, "zyd_build_info", "gauge", "Always 1; labels say what runs.");
    fprintf(f, "zyd_build_info{version=\"%s\",rules=\"1\"} 1\n", a->config.version ? a->config.version : "");
    consensus_metrics(f, a, &s);
    ledger_metrics(f, a, &s);
    metric_head(f, "zyd_store_fsync_seconds", "summary", "Time of synced writes of the store.");
    micros(f, "zyd_store_fsync_seconds_sum", "", s.h.fsync_us_sum);
    fprintf(f, "zyd_store_fsync_seconds_count %llu\n", (unsigned long long)s.h.fsync_count);
    metric(f, "zyd_store_readonly", "gauge", "Is the node read-only?", s.h.read_only);
    if (a->config.store) {
        metric(f, "zyd_store_bytes", "gauge", "Bytes of the ledger on disk, about.", zyd_store_bytes(a->config.store));
    }
    metric(f, "zyd_inbox_full_total", "counter", "Events refused because the loop's inbox was full.", s.h.inbox_full);
    http_metrics(f, a);
    process_metrics(f);
    fclose(f);
    return zyd_answer_bytes(r, "text/plain; version=0.0.4; charset=utf-8", (uint8_t *)text, size);
}
