/* notices import: a bank's camt.053 or camt.054 against the payments of the cycles; what agrees becomes a NOTICE, once.
 *
 * Twice the same file, the notification and then the statement of the day, a run that was killed: the reference of each NOTICE
 * follows from the bank's own (zyd_iso_client_ref), and a side that the ledger has is a duplicate.  One that was submitted and
 * waits - at the node for its checker, on the ledger for countersignatures - is told as waiting and not submitted again. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/iso20022.h>

#include "edge.h"
#include "export.h"

#define CYCLES_MAX 100000u /* of a programme, that are looked through for a reference */
#define CHUNK 200u
#define VALIDITY_MS (5 * 60 * 1000)

struct known { /* a cycle that some entry names */
    struct cycle_name name;
    struct zyd_cycle c;
    struct cycle_terms t;
    char text[40];
};
struct known_payment {
    const struct known *of;
    uint32_t number;
    struct zyd_iso_open open;
    bool in_file[2];
};
struct found {
    enum zyd_iso_reason reason;
    uint32_t code; /* of the ledger, with ZYD_ISO_R_LEDGER */
    struct known_payment *payment;
    struct known *cycle;
};
struct import {
    struct client *k;
    struct zyd_iso_notice *n;
    struct found *found; /* one an entry */
    struct known *cycles;
    size_t cycle_count;
    struct known_payment *payments; /* room for one an entry */
    size_t payment_count;
    json_t *waiting; /* of GET /v1/pending: what was submitted and is not booked */
    int64_t now_ms;
};

/* ---- which cycle ---- */

static bool names(const char *reference, const struct zyd_hash *id)
{
    char hex[65];
    cli_hex(hex, id->b);
    return strncasecmp(hex, reference + 1, 12) == 0;
}

static int cycle_add(struct import *m, struct known **out, const struct cycle_name *name)
{
    const struct zyd_programme *p = zyd_genesis_programme(m->k->g, name->programme);
    struct known *y = &m->cycles[m->cycle_count];
    y->name = *name;
    snprintf(y->text, sizeof y->text, "%.*s#%llu", (int)p->code.size, (const char *)p->code.data,
             (unsigned long long)name->number);
    int rc = cycle_load(m->k, &y->c, name, y->text);
    rc = rc ? rc : cycle_terms_read(m->k, &y->t, p);
    if (rc == 0) {
        m->cycle_count++;
        *out = y;
    }
    return rc;
}

/* The newest first: notices are about what was instructed lately. */
static int cycle_search(struct import *m, struct known **out, const char *reference)
{
    const struct zyd_genesis *g = m->k->g;
    for (uint16_t i = 0; i < g->programme_count; i++) {
        const struct zyd_programme *p = &g->programmes[i];
        struct client_record r;
        struct zyd_cycle_clock clock = {0};
        uint8_t name[32] = ZYD_CYCLE_KEY_CLOCK;
        if (client_product(m->k, p) != &zyd_product_cycle) {
            continue;
        }
        zyd_put16(name + 30, p->id);
        int rc = client_record_named(m->k, &r, p->contract, name, sizeof name);
        if (rc) {
            return rc;
        }
        memcpy(&clock, r.value, r.size == sizeof clock ? sizeof clock : 0);
        for (uint64_t n = clock.cycles; n > 0 && clock.cycles - n < CYCLES_MAX; n--) {
            struct cycle_name y;
            cycle_name_of(&y, p, n);
            if (names(reference, &y.id)) {
                return cycle_add(m, out, &y);
            }
        }
    }
    return 0;
}

static int cycle_of(struct import *m, struct known **out, const char *reference)
{
    *out = NULL;
    for (size_t i = 0; i < m->cycle_count && !*out; i++) {
        *out = names(reference, &m->cycles[i].name.id) ? &m->cycles[i] : NULL;
    }
    return *out ? 0 : cycle_search(m, out, reference);
}

/* ---- which payment ---- */

static void side_of(struct known_payment *p, size_t side, int member, const struct cycle_terms *t)
{
    const struct cycle_account *a = cycle_account_of(t, member);
    memcpy(p->open.account[side], a ? a->account : "", a ? sizeof a->account : 1);
    p->open.bank[side] = t->agent >= 0 ? t->agent : a ? a->bank : member;
}

static int payment_of(struct import *m, struct known_payment **out, struct known *y, const char *reference)
{
    uint32_t number = (uint32_t)strtoul((char[]){reference[13], reference[14], reference[15], reference[16], 0}, NULL, 10);
    struct zyd_cycle_instruction i;
    *out = NULL;
    for (size_t k = 0; k < m->payment_count; k++) {
        if (m->payments[k].of == y && m->payments[k].number == number) {
            *out = &m->payments[k];
        }
    }
    if (number == 0 || number > y->c.instr_count) {
        return 0;
    }
    int rc = *out ? 0 : cycle_instruction(m->k, &i, &y->name, number);
    if (rc || *out || memcmp(i.end_to_end, reference, ZYD_CYCLE_E2E_SIZE) != 0) {
        return rc;
    }
    struct known_payment *p = &m->payments[m->payment_count++];
    *p = (struct known_payment){.of = y, .number = number};
    p->open.fen = i.amount;
    p->open.matched = i.state == ZYD_CYCLE_MATCHED;
    p->open.is_void = i.state == ZYD_CYCLE_VOID;
    p->open.noticed[0] = i.notices & ZYD_CYCLE_DEBIT;
    p->open.noticed[1] = i.notices & ZYD_CYCLE_CREDIT;
    p->open.deadline_ms = (int64_t)y->c.pay_ms;
    zyd_iso_uetr(p->open.uetr, i.id);
    side_of(p, 0, i.payer, &y->t);
    side_of(p, 1, i.payee, &y->t);
    *out = p;
    return 0;
}

static int judge_one(struct import *m, size_t at)
{
    const struct zyd_iso_entry *e = &m->n->entries[at];
    struct found *f = &m->found[at];
    const char *reference = zyd_iso_our_reference(e);
    struct known *y = NULL;
    int rc = reference ? cycle_of(m, &y, reference) : 0;
    rc = rc || !y ? rc : payment_of(m, &f->payment, y, reference);
    if (rc) {
        return rc;
    }
    f->cycle = y;
    f->reason = zyd_iso_judge(e, f->payment ? &f->payment->open : NULL, m->k->me, m->now_ms);
    if (f->reason == ZYD_ISO_R_FITS && f->payment->in_file[e->credit]) {
        f->reason = ZYD_ISO_R_TWICE;
    }
    if (f->reason == ZYD_ISO_R_FITS) {
        bool both = y->t.agent >= 0; /* the agent vouches for both sides at once */
        f->payment->in_file[e->credit] = true;
        f->payment->in_file[!e->credit] |= both;
    }
    return 0;
}

/* ---- what waits already ---- */

/* Of our own member: what another submitted and we could sign is not our notice. */
static int waiting_load(struct import *m)
{
    static const char *const states[] = {"waiting", "awaiting_checker"};
    int rc = 0;
    m->waiting = json_array();
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        char path[64], me[ZYD_CODE_MAX + 1] = "";
        size_t at;
        json_t *list, *o;
        snprintf(path, sizeof path, "/v1/pending?state=%s", states[i]);
        list = list_all(m->k, &rc, path);
        if (m->k->me >= 0) {
            client_code(m->k, (uint16_t)m->k->me, me);
        }
        json_array_foreach(list, at, o)
        {
            if (strcmp(json_text(o, "event"), "NOTICE") == 0 && (!me[0] || strcmp(json_text(o, "member"), me) == 0)) {
                json_array_append(m->waiting, o);
            }
        }
        json_decref(list);
    }
    return rc;
}

static void judge_waiting(const struct import *m, size_t at)
{
    const struct zyd_iso_entry *e = &m->n->entries[at];
    struct found *f = &m->found[at];
    json_t *o;
    size_t i;
    json_array_foreach(f->reason == ZYD_ISO_R_FITS ? m->waiting : NULL, i, o)
    {
        const json_t *args = json_object_get(o, "args");
        bool side = f->cycle->t.agent >= 0 || strcmp(json_text(args, "side"), e->credit ? "CREDIT" : "DEBIT") == 0;
        if (side && strcmp(json_text(args, "end_to_end"), zyd_iso_our_reference(e)) == 0) {
            f->reason = strcmp(json_text(o, "state"), "waiting") == 0 ? ZYD_ISO_R_COUNTERSIGN : ZYD_ISO_R_CHECKER;
        }
    }
}

/* ---- to the ledger ---- */

static int notice_args(const struct import *m, struct zyd_wr *wr, size_t at)
{
    const struct zyd_iso_entry *e = &m->n->entries[at];
    const struct found *f = &m->found[at];
    char cycle[65], fen[24], date[16], ref[ZYD_ISO_REF_MAX + 1], why[ZYD_WHY];
    struct zyd_members members = zyd_genesis_members(m->k->g);
    cli_hex(cycle, f->cycle->name.id.b);
    snprintf(fen, sizeof fen, "%lld", (long long)e->fen);
    snprintf(date, sizeof date, "%d", e->value_date ? e->value_date : e->date);
    zyd_iso_client_ref(ref, e);
    const struct zyd_pair pairs[] = {{"cycle", cycle},
                                     {"side", e->credit ? "CREDIT" : "DEBIT"},
                                     {"end_to_end", zyd_iso_our_reference(e)},
                                     {"amount_fen", fen},
                                     {"bank_ref", strlen(e->reference) <= ZYD_ISO_REF_MAX ? e->reference : ref},
                                     {"value_date", date},
                                     {"account", e->account}};
    const struct zyd_event *event = zyd_event_by_number(&zyd_product_cycle, ZYD_CE_NOTICE);
    size_t count = sizeof pairs / sizeof pairs[0] - (strlen(e->account) > ZYD_CYCLE_ACCOUNT_MAX);
    if (zyd_args_encode(wr, why, event, pairs, count, &members) != ZYD_OK) {
        return cli_fail(m->k->c, ZYD_ERR_FIELD_VALUE, TR(m->k->c, "第 %u 行：%s", "line %u: %s"), e->line, why);
    }
    return 0;
}

static void take_outcome(struct found *f, const json_t *o)
{
    static const struct {
        uint32_t code;
        enum zyd_iso_reason reason;
    } same[] = {{5004, ZYD_ISO_R_UNKNOWN}, {5005, ZYD_ISO_R_AMOUNT}, {9106, ZYD_ISO_R_AFTER}, {9109, ZYD_ISO_R_NOTICED}};
    bool draft = strcmp(json_text(o, "status"), "awaiting_checker") == 0;
    if (draft || strcmp(json_text(o, "result"), "waiting") == 0) {
        f->reason = draft ? ZYD_ISO_R_CHECKER : ZYD_ISO_R_COUNTERSIGN;
    }
    if (strcmp(json_text(o, "result"), "refused") != 0) {
        return;
    }
    f->code = code_number(json_text(o, "code"));
    f->reason = ZYD_ISO_R_LEDGER;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        f->reason = f->code == same[i].code ? same[i].reason : f->reason;
    }
}

static int send(struct import *m, const struct oplist *ops, const size_t *entries)
{
    struct client *k = m->k;
    struct zyd_hash env_id;
    json_t *answer = NULL;
    uint8_t *bytes = NULL;
    size_t size = 0;
    int64_t wall = 0;
    int rc = client_wall(k, &wall);
    rc = rc ? rc : client_envelope(k, &bytes, &size, &env_id, ops, wall + VALIDITY_MS, true);
    rc = rc ? rc : client_send(k, &answer, bytes, size, k->c->wait_s > 0 ? k->c->wait_s : 30);
    const json_t *list = json_object_get(answer, "operations");
    if (rc == 0 && json_array_size(list) != ops->count) {
        rc = cli_fail(k->c, ZYD_ERR_MALFORMED, "operations: %zu / %u", json_array_size(list), ops->count);
    }
    for (uint32_t i = 0; rc == 0 && i < ops->count; i++) {
        take_outcome(&m->found[entries[i]], json_array_get(list, i));
    }
    json_decref(answer);
    free(bytes);
    return rc;
}

/* Without a key here the node signs, and in a `dual` programme it asks its checker first. */
static int ask_node(struct import *m)
{
    struct intent *in = calloc(1, sizeof *in);
    int rc = 0;
    zyd_assert(in);
    for (size_t at = 0; rc == 0 && at < m->n->count; at++) {
        struct zyd_wr wr = zyd_wr_of(in->args, sizeof in->args);
        const struct found *f = &m->found[at];
        json_t *outcome = NULL;
        if (f->reason != ZYD_ISO_R_FITS) {
            continue;
        }
        in->event = zyd_event_by_number(&zyd_product_cycle, ZYD_CE_NOTICE);
        in->programme = zyd_genesis_programme(m->k->g, f->cycle->name.programme);
        in->member = (uint16_t)m->k->me;
        zyd_iso_client_ref(in->ref, &m->n->entries[at]);
        rc = notice_args(m, &wr, at);
        in->args_size = zyd_wr_span(&wr).size;
        rc = rc ? rc : intent_ask(m->k, in, &outcome);
        take_outcome(&m->found[at], outcome);
        json_decref(outcome);
    }
    free(in);
    return rc;
}

static int sign_here(struct import *m)
{
    size_t entries[CHUNK], at = 0;
    int rc = 0;
    while (rc == 0 && at < m->n->count) {
        struct oplist ops = {0};
        for (; rc == 0 && at < m->n->count && ops.count < CHUNK; at++) {
            uint8_t args[ZYD_OP_SIZE_MAX];
            char ref[ZYD_ISO_REF_MAX + 1];
            struct zyd_wr wr = zyd_wr_of(args, sizeof args);
            struct found *f = &m->found[at];
            if (f->reason != ZYD_ISO_R_FITS) {
                continue;
            }
            rc = notice_args(m, &wr, at);
            zyd_iso_client_ref(ref, &m->n->entries[at]);
            if (rc == 0) {
                entries[ops.count] = at;
                oplist_add(&ops, &(struct zyd_op){.event = ZYD_CE_NOTICE,
                                                  .member = (uint16_t)m->k->me,
                                                  .programme = f->cycle->name.programme,
                                                  .contract = f->cycle->name.contract,
                                                  .client_ref = zyd_span(ref, strlen(ref)),
                                                  .args = zyd_wr_span(&wr)});
            }
        }
        rc = rc || ops.count == 0 ? rc : send(m, &ops, entries);
        oplist_free(&ops);
    }
    return rc;
}

/* ---- what is printed ---- */

static const char *reason_text(const struct found *f, int lang)
{
    return f->reason == ZYD_ISO_R_LEDGER ? zyd_catalogue_get(f->code)->text[lang] : zyd_iso_reason_text(f->reason, lang);
}

static json_t *entry_json(const struct import *m, size_t at)
{
    const struct zyd_iso_entry *e = &m->n->entries[at];
    const struct found *f = &m->found[at];
    const struct cli *c = m->k->c;
    const char *ours = zyd_iso_our_reference(e);
    enum zyd_iso_verdict v = zyd_iso_verdict_of(f->reason);
    char label[8] = "", code[ZYD_CODE_MAX + 1], other[80] = "";
    if (f->code) {
        zyd_catalogue_label(label, f->code);
    }
    if (f->reason == ZYD_ISO_R_OTHER_BANK) {
        client_code(m->k, (uint16_t)f->payment->open.bank[e->credit], code);
        snprintf(other, sizeof other, ": %s", code);
    } else if (f->reason == ZYD_ISO_R_AMOUNT) {
        char yuan[32];
        zyd_yuan_text(yuan, f->payment->open.fen, true);
        snprintf(other, sizeof other, ": %s", yuan);
    }
    json_t *o =
        json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "line", (int)e->line, "end_to_end", ours ? ours : e->end_to_end, "side",
                  e->credit ? "CREDIT" : "DEBIT", "amount", e->amount, "currency", e->currency, "bank_ref", e->reference,
                  "verdict", zyd_iso_verdict_name(v, ZYD_LANG_EN), "verdict_text", zyd_iso_verdict_name(v, (int)c->lang));
    json_object_set_new(o, "cycle", json_string(f->payment ? f->cycle->text : ""));
    json_object_set_new(o, "code", json_string(label));
    json_object_set_new(o, "reason", json_sprintf("%s%s", reason_text(f, (int)c->lang), other));
    json_object_set_new(o, "reason_zh", json_sprintf("%s%s", reason_text(f, ZYD_LANG_ZH), other));
    json_object_set_new(o, "reason_en", json_sprintf("%s%s", reason_text(f, ZYD_LANG_EN), other));
    return o;
}

static void report(const struct import *m, bool dry, const size_t counts[ZYD_ISO_VERDICT_COUNT])
{
    static const struct column columns[] = {{"line", "行", "LINE", 'r'},       {"end_to_end", "端到端标识", "END TO END", 't'},
                                            {"side", "方向", "SIDE", 't'},     {"amount", "金额", "AMOUNT", 'r'},
                                            {"currency", "币种", "CCY", 't'},  {"verdict_text", "结论", "VERDICT", 't'},
                                            {"reason", "原因", "REASON", 't'}, {0}};
    const struct cli *c = m->k->c;
    json_t *rows = json_array();
    for (size_t i = 0; i < m->n->count; i++) {
        json_array_append_new(rows, entry_json(m, i));
    }
    if (c->json) {
        json_t *o = json_pack("{s:s,s:i,s:s,s:b}", "file", c->pos[0], "kind", m->n->kind, "message", m->n->message, "dry_run",
                              (int)dry);
        for (int v = 0; v < ZYD_ISO_VERDICT_COUNT; v++) {
            json_object_set_new(o, zyd_iso_verdict_name((enum zyd_iso_verdict)v, ZYD_LANG_EN),
                                json_integer((json_int_t)counts[v]));
        }
        json_object_set(o, "entries", rows);
        cli_json(o);
        json_decref(o);
    } else {
        cli_table(c, rows, columns);
        printf("\ncamt.%03d %s", m->n->kind, m->n->message);
        for (int v = 0; v < ZYD_ISO_VERDICT_COUNT; v++) {
            printf("%s%s %zu", v ? " · " : TR(c, "：", ": "), zyd_iso_verdict_name((enum zyd_iso_verdict)v, (int)c->lang),
                   counts[v]);
        }
        puts(dry ? TR(c, "（试运行，未提交）", "  (dry run: nothing was sent)") : "");
    }
    json_decref(rows);
}

/* Whose notices these are: the member of the keys, else (the node signs) the node's own. */
static int sender(struct client *k, bool dry)
{
    int rc = 0;
    if (!dry && k->signer_count == 0) {
        json_t *s = http_get(k->c, &k->http, &rc, "/v1/status");
        int member = client_member(k, json_text(s, "member"));
        json_decref(s);
        if (rc == 0 && (member < 0 || (k->me >= 0 && k->me != member))) {
            rc = cli_fail(k->c, ZYD_ERR_USAGE,
                          TR(k->c, "该节点不代表 --as 的成员签名：请给出 --key FILE", "the node signs for another member: --key FILE"));
        }
        k->me = member;
    }
    return rc;
}

static int import(struct import *m)
{
    const struct cli *c = m->k->c;
    size_t counts[ZYD_ISO_VERDICT_COUNT] = {0};
    bool dry = cli_opt(c, "dry-run") != NULL;
    int rc = client_wall(m->k, &m->now_ms);
    rc = rc ? rc : sender(m->k, dry);
    rc = rc ? rc : waiting_load(m);
    for (size_t i = 0; rc == 0 && i < m->n->count; i++) {
        rc = judge_one(m, i);
        if (rc == 0) {
            judge_waiting(m, i);
        }
    }
    rc = rc || dry ? rc : m->k->signer_count ? sign_here(m) : ask_node(m);
    if (rc) {
        return rc;
    }
    for (size_t i = 0; i < m->n->count; i++) {
        counts[zyd_iso_verdict_of(m->found[i].reason)]++;
    }
    report(m, dry, counts);
    return counts[ZYD_ISO_UNMATCHED] + counts[ZYD_ISO_WRONG_AMOUNT] + counts[ZYD_ISO_LATE] ? ZYD_EXIT_PARTIAL : 0;
}

int run_notices(struct cli *c)
{
    struct client k;
    struct import m = {.k = &k};
    struct zyd_err err = {0};
    size_t size = 0;
    char *bytes = cli_read(c, c->pos[0], &size, ZYD_ISO_SIZE_MAX);
    if (!bytes) {
        return ZYD_EXIT_FILE;
    }
    int rc = edge_validate(c, bytes, size);
    if (rc == 0 && zyd_iso_read(&m.n, &err, zyd_span(bytes, size)) != ZYD_OK) {
        rc = cli_fail_err(c, &err);
    }
    free(bytes);
    rc = rc ? rc : client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc == 0) {
        m.found = calloc(m.n->count + 1, sizeof *m.found);
        m.payments = calloc(m.n->count + 1, sizeof *m.payments);
        m.cycles = calloc(m.n->count + 1, sizeof *m.cycles);
        zyd_assert(m.found && m.payments && m.cycles);
        rc = import(&m);
        client_close(&k);
    }
    json_decref(m.waiting);
    free(m.found);
    free(m.payments);
    free(m.cycles);
    zyd_iso_notice_free(m.n);
    return rc;
}

const struct option notice_options[] = {{"schema", 0, "XSD", "先按此模式校验文件", "check the file by this schema first"},
                                        {"dry-run", 0, NULL, "只比对，不提交", "compare only, send nothing"},
                                        {0}};
