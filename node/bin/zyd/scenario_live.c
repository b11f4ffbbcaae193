/* A worked example through a living devnet: the scenario engine's backend over HTTP.  The consortium is made from the
 * scenario's own plan, so each scenario has a directory of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sodium.h>
#include <zyd/date.h>
#include <zyd/scenario.h>
#include <zyd/state.h>

#include "devnet.h"
#include "export.h"
#include "ops.h"

struct live {
    const struct cli *c;
    struct client k;
    bool open;
    const struct zyd_programme *programmes[ZYD_SCENARIO_PROGRAMMES_MAX]; /* of the plan, in its order */
    uint64_t seen; /* height whose outcomes were given */
    struct zyd_hash root; /* of its records; zeros before the first */
};

static enum zyd_status fail(char *why, enum zyd_status s, const char *what)
{
    snprintf(why, ZYD_SCENARIO_WHY, "%s", what);
    return s;
}

static enum zyd_status live_start(void *ctx, char why[ZYD_SCENARIO_WHY], const struct zyd_scenario_plan *plan)
{
    struct live *l = ctx;
    if (devnet_for_plan(l->c, plan) != 0 || client_open(&l->k, l->c, CLIENT_NODE | CLIENT_GENESIS | CLIENT_GOVERNS) != 0) {
        return fail(why, ZYD_E_IO, "the devnet of the scenario could not be started");
    }
    l->open = true;
    bool found = true;
    for (size_t i = 0; i < plan->programme_count; i++) {
        l->programmes[i] = client_programme(&l->k, plan->programmes[i].code);
        found = found && l->programmes[i];
    }
    for (size_t i = 0; i < plan->member_count; i++) {
        if (client_member(&l->k, plan->members[i].code) < 0) {
            return fail(why, ZYD_E_FOREIGN, "the running devnet lacks a member of the scenario");
        }
    }
    int rc = 0;
    json_t *s = http_get(l->c, &l->k.http, &rc, "/v1/status");
    l->seen = (uint64_t)json_fen(s, "height");
    json_decref(s);
    return found && rc == 0 ? ZYD_OK : fail(why, ZYD_E_FOREIGN, "the running devnet lacks a programme of the scenario");
}

static const struct zyd_genesis *live_genesis(void *ctx)
{
    return ((struct live *)ctx)->k.g;
}

static uint16_t live_programme(void *ctx, size_t index)
{
    return ((struct live *)ctx)->programmes[index]->id;
}

static enum zyd_status live_advance(void *ctx, char why[ZYD_SCENARIO_WHY], int64_t to)
{
    struct live *l = ctx;
    int64_t now = 0;
    if (client_wall(&l->k, &now) != 0) {
        return fail(why, ZYD_E_IO, "no status");
    }
    if (now < to && devnet_clock_to(l->c, &l->k.devnet, to) != 0) {
        return fail(why, ZYD_E_IO, "the clocks could not be moved");
    }
    return ZYD_OK;
}

static enum zyd_status one(struct live *l, char *why, uint32_t *code, const struct zyd_op *op, const uint16_t *members,
                           size_t count, bool may_wait)
{
    struct oplist ops = {0};
    struct zyd_hash env_id;
    uint8_t *bytes = NULL;
    size_t size = 0;
    int64_t wall = 0;
    json_t *answer = NULL;
    int rc = 0;
    sodium_memzero(l->k.signers, sizeof l->k.signers);
    l->k.signer_count = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        char name[ZYD_CODE_MAX + 1];
        client_code(&l->k, members[i], name);
        rc = client_add_devnet_signer(&l->k, name);
    }
    oplist_add(&ops, op);
    bool governs = op->contract == ZYD_CONTRACT_HOST && op->event >= ZYD_HOST_PROGRAMME && op->event <= ZYD_HOST_REVOKE;
    l->k.env_class = governs ? ZYD_ENV_GOVERNANCE : ZYD_ENV_BUSINESS;
    rc = rc ? rc : client_wall(&l->k, &wall);
    rc = rc ? rc : client_envelope(&l->k, &bytes, &size, &env_id, &ops, wall + 4 * 60 * 1000, may_wait);
    rc = rc ? rc : client_send(&l->k, &answer, bytes, size, 20);
    const json_t *o = json_array_get(json_object_get(answer, "operations"), 0);
    if (rc == 0 && o) {
        *code = strcmp(json_text(o, "result"), "waiting") == 0 ? ZYD_CODE_PENDING : code_number(json_text(o, "code"));
    }
    bool ok = rc == 0 && o;
    json_decref(answer);
    free(bytes);
    oplist_free(&ops);
    return ok ? ZYD_OK : fail(why, ZYD_E_IO, "an operation did not become final");
}

static enum zyd_status live_submit(void *ctx, char why[ZYD_SCENARIO_WHY], uint32_t *code, const struct zyd_op *op,
                                   const uint16_t *members, size_t count, bool in_turn)
{
    struct live *l = ctx;
    enum zyd_status s = one(l, why, code, op, members, in_turn ? 1 : count, in_turn);
    if (s == ZYD_OK && in_turn && *code == ZYD_CODE_PENDING) {
        static const uint8_t none = 0x90;
        uint8_t *bytes = malloc(ZYD_OP_SIZE_MAX);
        zyd_assert(bytes);
        struct zyd_wr wr = zyd_wr_of(bytes, ZYD_OP_SIZE_MAX);
        struct zyd_op counter = {.event = ZYD_HOST_COUNTERSIGN, .has_object = true, .args = zyd_span(&none, 1)};
        zyd_op_encode(&wr, op);
        zyd_merkle_leaf(&counter.object, wr.data, wr.size);
        free(bytes);
        for (size_t i = 1; s == ZYD_OK && i < count; i++) {
            counter.member = members[i];
            s = one(l, why, code, &counter, &members[i], 1, false);
        }
    }
    if (s == ZYD_OK && devnet_wait_settled(l->c, &l->k.devnet, 0, 20000) != 0) {
        s = fail(why, ZYD_E_IO, "the devnet did not come to rest");
    }
    return s;
}

struct giving {
    struct live *l;
    char *why;
    void (*each)(void *to, const struct zyd_outcome *outcome);
    void *to;
};

static int give_list(struct giving *g, struct zyd_span list)
{
    static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    static uint32_t warnings[64];
    struct zyd_rd rd = zyd_rd_of(list);
    while (rd.pos < rd.size) {
        struct zyd_outcome o;
        struct zyd_span bytes = zyd_rx_block(&rd, list.size);
        if (rd.bad || zyd_outcome_decode(&o, postings, events, warnings, bytes) != ZYD_OK) {
            fail(g->why, ZYD_E_MALFORMED, "an outcome cannot be read");
            return ZYD_EXIT_FILE;
        }
        g->each(g->to, &o);
    }
    return 0;
}

static int give_block(void *ctx, const struct zyd_block_view *b, struct zyd_span value, struct zyd_span finality)
{
    struct giving *g = ctx;
    (void)value;
    (void)finality;
    int rc = give_list(g, b->sys);
    g->l->seen = b->header.height;
    g->l->root = b->header.state_root;
    return rc ? rc : give_list(g, b->outcomes);
}

static enum zyd_status live_outcomes(void *ctx, char why[ZYD_SCENARIO_WHY],
                                     void (*each)(void *to, const struct zyd_outcome *outcome), void *to)
{
    struct live *l = ctx;
    struct giving g = {l, why, each, to};
    int rc = 0;
    json_t *s = http_get(l->c, &l->k.http, &rc, "/v1/status");
    uint64_t height = (uint64_t)json_fen(s, "height");
    json_decref(s);
    rc = rc || height == l->seen ? rc : frames_each(&l->k, l->seen + 1, height, give_block, &g);
    return rc == 0 ? ZYD_OK : fail(why, ZYD_E_IO, "blocks could not be read");
}

static enum zyd_status live_balance(void *ctx, char why[ZYD_SCENARIO_WHY], zyd_i128 *out, uint16_t member,
                                    uint16_t programme, const char *account)
{
    struct live *l = ctx;
    char code[ZYD_CODE_MAX + 1];
    int rc = 0;
    const struct zyd_programme *p = zyd_genesis_programme(l->k.g, programme);
    client_code(&l->k, member, code);
    json_t *list = http_get(l->c, &l->k.http, &rc, "/v1/balances?member=%s&programme=%.*s&prefix=%s&limit=500", code,
                            (int)p->code.size, (const char *)p->code.data, account),
           *o;
    size_t i;
    *out = 0;
    json_array_foreach(json_object_get(list, "items"), i, o)
    {
        if (strcmp(json_text(o, "account"), account) == 0) {
            *out = (zyd_i128)json_fen(o, "debits_fen") - json_fen(o, "credits_fen");
        }
    }
    json_decref(list);
    return rc == 0 ? ZYD_OK : fail(why, ZYD_E_IO, "balances could not be read");
}

static enum zyd_status live_record(void *ctx, char why[ZYD_SCENARIO_WHY], uint8_t *value, size_t *size, uint64_t *seq,
                                   const struct zyd_hash *key)
{
    struct live *l = ctx;
    struct client_record r;
    int rc = client_record_by_key(&l->k, &r, key);
    if (rc) {
        return fail(why, ZYD_E_IO, "a record could not be read");
    }
    memcpy(value, r.value, r.size);
    *size = r.size;
    *seq = r.seq;
    return ZYD_OK;
}

static enum zyd_status live_root(void *ctx, char why[ZYD_SCENARIO_WHY], struct zyd_hash *out)
{
    (void)why;
    *out = ((struct live *)ctx)->root;
    return ZYD_OK;
}

struct lines {
    const struct cli *c;
    json_t *failed;
};

static void on_line(void *ctx, unsigned number, bool ok, const char *text)
{
    const struct cli *c = ((struct lines *)ctx)->c;
    if (c->json) {
        if (!ok) {
            json_array_append_new(((struct lines *)ctx)->failed, json_pack("{s:i,s:s}", "line", (int)number, "text", text));
        }
    } else if (!ok) {
        printf("  %s %u: %s\n", TR(c, "不符，第行", "FAILED, line"), number, text);
    } else if (c->plain) {
        printf("  ok %u: %s\n", number, text);
    }
}

int scenario_run_file(const struct cli *c, const char *file, bool live)
{
    struct zyd_scenario *s = NULL;
    struct lines lines = {c, json_array()};
    struct zyd_scenario_report report = {.ctx = &lines, .line = on_line};
    char why[ZYD_SCENARIO_WHY] = "", elf[CLI_PATH_MAX];
    struct zyd_scenario_inproc *inproc = NULL;
    struct live l = {.c = c};
    struct zyd_scenario_backend backend = {&l,          live_start,    live_genesis, live_programme, live_advance,
                                           live_submit, live_outcomes, live_balance, live_record, live_root};
    enum zyd_status status = zyd_scenario_open(&s, why, file);
    if (status != ZYD_OK) {
        json_decref(lines.failed);
        return cli_fail(c, ZYD_ERR_FILE_FORMAT, "%s: %s", file, why);
    }
    const char *name = zyd_scenario_plan(s)->name, *title = zyd_scenario_plan(s)->title;
    if (!live) {
        devnet_plugin_path(elf, "guarantee");
        *strrchr(elf, '/') = '\0';
        inproc = zyd_scenario_inproc_new(why, elf);
        if (!inproc) {
            zyd_scenario_free(s);
            json_decref(lines.failed);
            return cli_fail(c, ZYD_ERR_PLUGIN, "%s", why);
        }
        backend = zyd_scenario_inproc_backend(inproc);
    }
    int64_t start = zyd_clock_mono_ms();
    why[0] = '\0';
    status = zyd_scenario_run(&report, why, s, &backend);
    int64_t ms = zyd_clock_mono_ms() - start;
    int rc = status == ZYD_OK ? 0 : status == ZYD_E_INVALID ? ZYD_EXIT_FAILED : ZYD_EXIT_FILE;
    if (c->json) {
        json_t *o =
            json_pack("{s:s,s:s,s:b,s:i,s:i,s:i,s:i,s:I,s:s,s:O}", "scenario", name, "title", title, "ok", status == ZYD_OK,
                      "operations", (int)report.operations, "postings", (int)report.postings, "checks", (int)report.checks,
                      "failures", (int)report.failures, "ms", (json_int_t)ms, "why", why, "failed", lines.failed);
        cli_json(o);
        json_decref(o);
    } else {
        printf(TR(c, "%s %s  %s：%u 项操作，%u 条分录，%u 项核对，%u 项不符 · %lld 毫秒%s%s\n",
                  "%s %s  %s: %u operations, %u postings, %u checks, %u failures · %lld ms%s%s\n"),
               status == ZYD_OK ? "✓" : "✗", name, title, report.operations, report.postings, report.checks, report.failures,
               (long long)ms, why[0] ? " · " : "", why);
    }
    if (l.open) {
        client_close(&l.k);
    }
    json_decref(lines.failed);
    zyd_scenario_inproc_free(inproc);
    zyd_scenario_free(s);
    return rc;
}
