/* scenario_cycle.c: settlement cycles (zyd/cycle.h) in scenarios: references to them, and what they came to. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/cycle_names.h>
#include <zyd/host.h>

#include "scenario_impl.h"

static bool read_record(struct run *r, uint8_t value[ZYD_RECORD_VALUE_MAX], size_t *size, size_t programme, const void *name,
                        size_t n)
{
    struct zyd_hash key;
    uint64_t seq;
    *size = 0;
    zyd_record_key(&key, scn_contract(r, programme), zyd_span(name, n));
    scn_backend(r, r->b->record(r->b->ctx, r->why, value, size, &seq, &key));
    return r->status == ZYD_OK && *size != 0;
}

struct view {
    size_t programme;
    struct zyd_hash id;
    struct zyd_cycle c;
    struct zyd_cycle_member m[ZYD_CYCLE_MEMBERS_MAX];
};

/* False when there is no such cycle. */
static bool load(struct run *r, struct view *v, const char *programme, uint64_t number)
{
    uint8_t value[ZYD_RECORD_VALUE_MAX], name[37];
    size_t size;
    memset(v, 0, sizeof *v);
    v->programme = scn_programme_of(r, programme);
    if (v->programme == NO_PROGRAMME) {
        return false;
    }
    zyd_cycle_id(&v->id, r->b->programme(r->b->ctx, v->programme), number);
    if (!read_record(r, value, &size, v->programme, v->id.b, 32) || size != sizeof v->c) {
        return false;
    }
    memcpy(&v->c, value, sizeof v->c);
    if (read_record(r, value, &size, v->programme, name, zyd_cycle_part_name(name, 'M', &v->id, 0)) && size <= sizeof v->m) {
        memcpy(v->m, value, size);
    }
    return true;
}

static bool payment(struct run *r, struct zyd_cycle_instruction *out, const struct view *v, uint32_t number)
{
    uint8_t value[ZYD_RECORD_VALUE_MAX], name[37];
    size_t size;
    bool there =
        read_record(r, value, &size, v->programme, name, zyd_cycle_part_name(name, 'N', &v->id, number)) && size == sizeof *out;
    if (there) {
        memcpy(out, value, sizeof *out);
    }
    return there;
}

size_t scn_cycle_ref(struct run *r, char out[72], const char *ref)
{
    char programme[16], what[16] = "", *end;
    struct view v;
    struct zyd_hash hash;
    size_t used = strcspn(ref, "#");
    snprintf(programme, sizeof programme, "%.*s", (int)used, ref);
    unsigned long number = strtoul(ref + used + 1, &end, 10);
    if (*end == '/') {
        size_t n = strcspn(end + 1, ", ;=");
        snprintf(what, sizeof what, "%.*s", (int)n, end + 1);
        end += n + 1;
    }
    if (!load(r, &v, programme, number)) {
        scn_wrong(r, "no such cycle");
        return 0;
    }
    if (what[0] >= '0' && what[0] <= '9') {
        struct zyd_cycle_instruction i;
        if (!payment(r, &i, &v, (uint32_t)strtoul(what, NULL, 10))) {
            scn_wrong(r, "the cycle has no such payment");
            return 0;
        }
        snprintf(out, 72, "%.25s", i.end_to_end);
    } else {
        hash = v.id;
        if (what[0] != 0) {
            zyd_cycle_statement_hash(&hash, &v.id, &v.c, v.m, scn_member_of(r, what));
        }
        for (size_t i = 0; i < 32; i++) {
            snprintf(out + 2 * i, 3, "%02x", hash.b[i]);
        }
    }
    return r->status == ZYD_OK ? (size_t)(end - ref) : 0;
}

static void expect_net(struct run *r, const struct view *v, char **w)
{
    int64_t fen;
    bool minus = w[5][0] == '-';
    char is[32];
    uint16_t member = scn_member_of(r, w[4]);
    if (!zyd_yuan_parse(&fen, w[5] + minus)) {
        scn_wrong(r, "expect net PROGRAMME N MEMBER [-]YUAN is expected");
        return;
    }
    int64_t net = v->m[member].in - v->m[member].out;
    zyd_yuan_text(is, net < 0 ? -net : net, true);
    bool ok = net == (minus ? -fen : fen);
    scn_tell(r, r->step, ok, "net position of %s %s%s%s%s", w[4], w[5], ok ? "" : ": it is ", ok || net >= 0 ? "" : "-",
             ok ? "" : is);
}

static void expect_payment(struct run *r, const struct view *v, char **w)
{
    static const char *const states[] = {"OPEN", "MATCHED", "VOID"};
    struct zyd_cycle_instruction i;
    int64_t fen;
    if (strcmp(w[4], "count") == 0) {
        scn_tell(r, r->step, v->c.instr_count == strtoul(w[5], NULL, 10), "%s payments (%u)", w[5], v->c.instr_count);
        return;
    }
    if (r->step->count != 9 || !zyd_yuan_parse(&fen, w[7])) {
        scn_wrong(r, "expect payment PROGRAMME N K PAYER PAYEE YUAN OPEN|MATCHED|VOID is expected");
        return;
    }
    bool there = payment(r, &i, v, (uint32_t)strtoul(w[4], NULL, 10));
    bool ok = there && i.payer == scn_member_of(r, w[5]) && i.payee == scn_member_of(r, w[6]) && i.amount == fen &&
              i.state >= ZYD_CYCLE_OPEN && i.state <= ZYD_CYCLE_VOID && strcmp(states[i.state - 1], w[8]) == 0;
    char yuan[32] = "";
    if (there) {
        zyd_yuan_text(yuan, i.amount, true);
    }
    scn_tell(r, r->step, ok, "payment %s %s -> %s %s %s%s%s", w[4], w[5], w[6], w[7], w[8], ok ? "" : ": it is another, of ",
             ok ? "" : yuan);
}

static void expect_gross(struct run *r, const struct view *v, char **w)
{
    uint8_t value[ZYD_RECORD_VALUE_MAX], name[37];
    struct zyd_cycle_entry e;
    size_t size;
    int64_t fen;
    unsigned long row = strtoul(w[4], NULL, 10) - 1;
    if (r->step->count != 8 || !zyd_yuan_parse(&fen, w[7])) {
        scn_wrong(r, "expect gross PROGRAMME N K DEBTOR CREDITOR YUAN is expected");
        return;
    }
    bool ok = row < v->c.gross_count &&
              read_record(r, value, &size, v->programme, name,
                          zyd_cycle_part_name(name, 'G', &v->id, (uint32_t)row / ZYD_CYCLE_PAGE)) &&
              size >= (row % ZYD_CYCLE_PAGE + 1) * sizeof e;
    if (ok) {
        memcpy(&e, value + row % ZYD_CYCLE_PAGE * sizeof e, sizeof e);
        ok = e.debtor == scn_member_of(r, w[5]) && e.creditor == scn_member_of(r, w[6]) && e.amount == fen;
    }
    scn_tell(r, r->step, ok, "gross row %s %s -> %s %s", w[4], w[5], w[6], w[7]);
}

/* expect cycle|net|payment|gross PROGRAMME N ... */
void scn_expect_cycle(struct run *r)
{
    char **w = r->step->words;
    struct view v;
    const char *what = w[1];
    if (r->step->count < 5 || (strcmp(what, "cycle") != 0 && r->step->count < 6)) {
        scn_wrong(r, "expect cycle|net|payment|gross PROGRAMME N ... is expected");
        return;
    }
    bool there = load(r, &v, w[2], strtoul(w[3], NULL, 10));
    if (r->status != ZYD_OK) {
        return;
    }
    if (strcmp(what, "cycle") == 0) {
        const struct zyd_name *state = there ? zyd_name_by_number(&zyd_product_cycle.states, v.c.state) : NULL;
        const char *is = !there ? "ABSENT" : state == NULL ? "?" : state->name;
        bool ok = strcmp(is, w[4]) == 0;
        scn_tell(r, r->step, ok, "cycle %s of %s %s%s%s", w[3], w[2], w[4], ok ? "" : ": it is ", ok ? "" : is);
    } else if (!there) {
        scn_tell(r, r->step, false, "cycle %s of %s is not there", w[3], w[2]);
    } else if (strcmp(what, "net") == 0) {
        expect_net(r, &v, w);
    } else if (strcmp(what, "payment") == 0) {
        expect_payment(r, &v, w);
    } else {
        expect_gross(r, &v, w);
    }
}
