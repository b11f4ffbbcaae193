/* The netting cycle of the demonstration year.  What a member confirms is not asked of anybody: the statement is made of the
 * ledger's records (zyd/cycle.h), as each back office would make it to compare it with its own books. */
#include <stdio.h>

#include <zyd/cycle_names.h>
#include <zyd/date.h>
#include <zyd/state.h>

#include "demo.h"
#include "devnet.h"

struct view {
    const struct zyd_programme *programme;
    struct zyd_hash id;
    struct zyd_cycle c;
    struct zyd_cycle_member m[ZYD_CYCLE_MEMBERS_MAX];
};

static int record(struct story *s, const struct view *v, void *out, size_t size, const void *name, size_t n)
{
    struct client_record r;
    int rc = client_record_named(s->k, &r, v->programme->contract, name, n);
    if (rc == 0 && (r.size == 0 || r.size > size)) {
        rc = cli_fail(s->c, ZYD_ERR_MALFORMED, "CYCLE");
    }
    memcpy(out, r.value, rc == 0 ? r.size : 0);
    return rc;
}

static int load_clock(struct story *s, struct zyd_cycle_clock *clock, const struct view *v)
{
    uint8_t name[32] = ZYD_CYCLE_KEY_CLOCK;
    zyd_put16(name + 30, v->programme->id);
    return record(s, v, clock, sizeof *clock, name, sizeof name);
}

static int load(struct story *s, struct view *v, uint64_t number)
{
    uint8_t name[ZYD_CYCLE_PART_NAME];
    zyd_cycle_id(&v->id, v->programme->id, number);
    int rc = record(s, v, &v->c, sizeof v->c, v->id.b, 32);
    return rc ? rc : record(s, v, v->m, sizeof v->m, name, zyd_cycle_part_name(name, 'M', &v->id, 0));
}

static int load_instruction(struct story *s, struct zyd_cycle_instruction *out, const struct view *v, uint32_t number)
{
    uint8_t name[ZYD_CYCLE_PART_NAME];
    return record(s, v, out, sizeof *out, name, zyd_cycle_part_name(name, 'N', &v->id, number));
}

static void statement_of(char hex[65], const struct view *v, uint16_t member)
{
    struct zyd_hash hash;
    zyd_cycle_statement_hash(&hash, &v->id, &v->c, v->m, member);
    cli_hex(hex, hash.b);
}

static int need_state(struct story *s, const struct view *v, uint8_t state)
{
    const struct zyd_name *is = zyd_name_by_number(&zyd_product_cycle.states, v->c.state);
    return v->c.state == state ? 0 : cli_fail(s->c, ZYD_ERR_BUG, "CYCLE %s", is ? is->name : "?");
}

/* Everybody who has something in the cycle agrees. */
static int confirm_all(struct story *s, const struct view *v)
{
    char id[65], statement[65], code[ZYD_CODE_MAX + 1], ref[32], words[200];
    int rc = 0;
    cli_hex(id, v->id.b);
    for (uint16_t m = 0; rc == 0 && m < v->c.members; m++) {
        if (v->c.needed >> m & 1) {
            client_code(s->k, m, code);
            statement_of(statement, v, m);
            snprintf(ref, sizeof ref, "CYC-1-%s", code);
            snprintf(words, sizeof words, "cycle=%s statement=%s", id, statement);
            rc = story_do(s, "CYCLE", "CONFIRM", ref, code, words);
        }
    }
    return rc;
}

/* The payer's bank says that it debited, the payee's that it credited; here one bank keeps all accounts. */
static int notices(struct story *s, const struct view *v)
{
    int rc = 0;
    char id[65];
    cli_hex(id, v->id.b);
    for (uint32_t n = 1; rc == 0 && n <= v->c.instr_count; n++) {
        struct zyd_cycle_instruction i;
        rc = load_instruction(s, &i, v, n);
        for (int side = 0; rc == 0 && side < 2; side++) {
            char code[ZYD_CODE_MAX + 1], ref[32], words[300], account[32] = "", yuan[32];
            client_code(s->k, side == 0 ? i.payer : i.payee, code);
            zyd_yuan_text(yuan, i.amount, false);
            if (strcmp(code, "BANK") != 0) {
                snprintf(account, sizeof account, "account=" DEVNET_ACCOUNT " ", code);
            }
            snprintf(ref, sizeof ref, "CYC-1-P%u-%c", (unsigned)n, "DC"[side]);
            snprintf(words, sizeof words, "cycle=%s side=%s end_to_end=%.25s amount=%s %sbank_ref=%s value_date=@today", id,
                     side == 0 ? "DEBIT" : "CREDIT", i.end_to_end, yuan, account, ref);
            rc = story_do(s, "CYCLE", "NOTICE", ref, "BANK", words);
        }
    }
    return rc;
}

/* Who stands where, and who pays whom. */
static int keep(struct story *s, const struct view *v)
{
    json_t *positions = json_array(), *payments = json_array();
    int rc = 0;
    char from[ZYD_CODE_MAX + 1], to[ZYD_CODE_MAX + 1];
    for (uint16_t m = 0; m < v->c.members; m++) {
        const struct zyd_cycle_member *row = &v->m[m];
        client_code(s->k, m, from);
        if (row->in || row->out) {
            json_array_append_new(positions, json_pack("{s:s,s:I,s:I,s:I}", "member", from, "in", (json_int_t)row->in, "out",
                                                       (json_int_t)row->out, "net", (json_int_t)(row->in - row->out)));
        }
    }
    for (uint32_t n = 1; rc == 0 && n <= v->c.instr_count; n++) {
        struct zyd_cycle_instruction i;
        rc = load_instruction(s, &i, v, n);
        if (rc == 0) {
            client_code(s->k, i.payer, from);
            client_code(s->k, i.payee, to);
            json_array_append_new(payments, json_pack("{s:s,s:s,s:s,s:I}", "id", i.end_to_end, "payer", from, "payee", to,
                                                      "amount", (json_int_t)i.amount));
        }
    }
    const struct zyd_name *state = zyd_name_by_number(&zyd_product_cycle.states, v->c.state);
    s->cycle = json_pack("{s:I,s:s,s:I,s:I,s:I,s:o,s:o}", "number", (json_int_t)v->c.number, "state",
                         TR(s->c, state->zh, state->name), "count", (json_int_t)v->c.count, "total", (json_int_t)v->c.total,
                         "moved", (json_int_t)v->c.moved, "positions", positions, "payments", payments);
    return rc;
}

int story_cycle(struct story *s)
{
    struct view v = {.programme = client_programme(s->k, "CYCLE")};
    struct zyd_cycle_clock clock = {0};
    struct devnet *net = &s->k->devnet;
    if (!v.programme) {
        return 0;
    }
    int rc = story_do(s, "CYCLE", "START", "CYC-1", "BANK", "");
    rc = rc ? rc : load_clock(s, &clock, &v);
    rc = rc ? rc : devnet_clock_to(s->c, net, (int64_t)clock.cut_ms + 1000);
    s->today = zyd_date_of_ms((int64_t)clock.cut_ms);
    rc = rc ? rc : load_clock(s, &clock, &v);
    if (rc == 0 && clock.cycles == 0) {
        return 0; /* nothing to net: the year had neither vouchers nor a netted guarantee */
    }
    rc = rc ? rc : load(s, &v, clock.cycles);
    rc = rc ? rc : need_state(s, &v, ZYD_CS_COMPUTED);
    rc = rc ? rc : confirm_all(s, &v);
    rc = rc ? rc : devnet_wait_settled(s->c, net, 0, 20000);
    rc = rc ? rc : load(s, &v, clock.cycles);
    rc = rc ? rc : need_state(s, &v, ZYD_CS_INSTRUCTED);
    rc = rc ? rc : notices(s, &v);
    rc = rc ? rc : devnet_wait_settled(s->c, net, 0, 20000);
    rc = rc ? rc : load(s, &v, clock.cycles);
    rc = rc ? rc : need_state(s, &v, ZYD_CS_CLOSED);
    return rc ? rc : keep(s, &v);
}

void story_cycle_summary(const struct story *s)
{
    static const struct column positions[] = {{"member", "成员", "MEMBER", 't'}, {"out", "应付(元)", "TO PAY", 'f'},
                                              {"in", "应收(元)", "TO GET", 'f'}, {"net", "净额(元)", "NET", 'f'},
                                              {0}};
    static const struct column payments[] = {{"id", "端到端标识", "END TO END ID", 't'},
                                             {"payer", "付款方", "PAYER", 't'},
                                             {"payee", "收款方", "PAYEE", 't'},
                                             {"amount", "金额(元)", "AMOUNT", 'f'},
                                             {0}};
    char total[32], moved[32];
    zyd_yuan_text(total, json_fen(s->cycle, "total"), true);
    zyd_yuan_text(moved, json_fen(s->cycle, "moved"), true);
    printf(TR(s->c, "清算周期 %lld：%s。%lld 笔往来共 %s 元，轧差后只付 %zu 笔共 %s 元\n",
              "netting cycle %lld: %s.  %lld obligations of %s in all are settled by %zu payments of %s\n"),
           (long long)json_fen(s->cycle, "number"), json_text(s->cycle, "state"), (long long)json_fen(s->cycle, "count"), total,
           json_array_size(json_object_get(s->cycle, "payments")), moved);
    cli_table(s->c, json_object_get(s->cycle, "positions"), positions);
    puts("");
    cli_table(s->c, json_object_get(s->cycle, "payments"), payments);
}
