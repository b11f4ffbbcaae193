/* What an officer signs or files: the statement of a settlement cycle, a pool by its layers.
 *
 * Read from records, not from the view: what is printed is hashed here and must come to the hashes that the ledger holds. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/pool.h>
#include <zyd/state.h>

#include "edge.h"

static void set_hash(json_t *o, const char *name, const uint8_t hash[32])
{
    char hex[65];
    cli_hex(hex, hash);
    json_object_set_new(o, name, json_string(hex));
}

void statement_fen(json_t *o, const char *name, int64_t fen)
{
    char key[48], text[ZYD_CAPITAL_SIZE];
    snprintf(key, sizeof key, "%s_fen", name);
    snprintf(text, sizeof text, "%lld", (long long)fen);
    json_object_set_new(o, key, json_string(text));
    if (zyd_yuan_capital(text, fen < 0 ? -fen : fen)) {
        snprintf(key, sizeof key, "%s_capital", name);
        json_object_set_new(o, key, json_string(text));
    }
}

void statement_member(const struct client *k, json_t *o, const char *name, uint16_t member)
{
    char code[ZYD_CODE_MAX + 1], key[48];
    client_code(k, member, code);
    json_object_set_new(o, name, json_string(code));
    if (member < k->g->member_count) {
        const struct zyd_member *m = &k->g->members[member];
        struct zyd_span full = TR(k->c, m->name_zh, m->name_en);
        snprintf(key, sizeof key, "%s_name", name);
        json_object_set_new(o, key, json_stringn((const char *)full.data, full.size));
    }
}

const char *statement_side(const struct cli *c, int64_t net)
{
    return net > 0 ? TR(c, "应收", "receives") : net < 0 ? TR(c, "应付", "pays") : TR(c, "持平", "even");
}

static void heading(const struct cli *c, const char *zh, const char *en)
{
    printf("\n%s\n", TR(c, zh, en));
}

static void signature(const struct cli *c, const char *name)
{
    printf("\n%s%s%s\n\n", name, name[0] ? "  " : "",
           TR(c, "（签章）：________________   日期：________________",
              "(signature and seal): ________________   date: ________________"));
}

/* ---- settlement cycles ---- */

struct cycle {
    struct cycle_name name;
    struct zyd_cycle c;
    struct zyd_cycle_member m[ZYD_CYCLE_MEMBERS_MAX];
    json_t *net, *gross, *payments;
};

/* Entries of one kind of pages, hashed as the contract hashes what is in. */
static int cycle_entries(struct client *k, const struct cycle *y, json_t *out, uint8_t hash[32], char kind, uint32_t count)
{
    static const struct zyd_name states[] = {{0, "GROSS", "全额", "gross"}, {ZYD_CYCLE_IN, "IN", "轧差", "netted"},
                                             {ZYD_CYCLE_REFUSED, "REFUSED", "已拒绝", "refused"},
                                             {ZYD_CYCLE_LEFT, "LEFT", "已退出", "left"},
                                             {ZYD_CYCLE_DONE, "DONE", "已清算", "settled"}};
    struct client_record r;
    uint8_t name[37], in[32 + ZYD_CYCLE_ENTRY_HASHED];
    struct zyd_hash h;
    memset(hash, 0, 32);
    for (uint32_t i = 0; i < count; i++) {
        struct zyd_cycle_entry e;
        uint32_t at = i % ZYD_CYCLE_PAGE;
        size_t size = zyd_cycle_part_name(name, kind, &y->name.id, i / ZYD_CYCLE_PAGE);
        int rc = at == 0 ? client_record_named(k, &r, y->name.contract, name, size) : 0;
        if (rc == 0 && r.size < (at + 1) * sizeof e) {
            rc = cli_fail(k->c, ZYD_ERR_MALFORMED, "%c %u", kind, i);
        }
        if (rc) {
            return rc;
        }
        memcpy(&e, r.value + at * sizeof e, sizeof e);
        if (kind == 'G' || e.status == ZYD_CYCLE_IN || e.status == ZYD_CYCLE_DONE) {
            memcpy(in, hash, 32);
            memcpy(in + 32, &e, ZYD_CYCLE_ENTRY_HASHED);
            zyd_sha256(&h, in, sizeof in);
            memcpy(hash, h.b, 32);
        }
        json_t *one = json_pack("{s:i}", "number", (int)(i + 1));
        set_hash(one, "id", e.id);
        statement_member(k, one, "debtor", e.debtor);
        statement_member(k, one, "creditor", e.creditor);
        statement_fen(one, "amount", e.amount);
        const struct zyd_name *state = &states[kind == 'G' || e.status > ZYD_CYCLE_DONE ? 0 : e.status];
        json_object_set_new(one, "status", json_string(state->name));
        json_object_set_new(one, "status_text", json_string(TR(k->c, state->zh, state->en)));
        json_array_append_new(out, one);
    }
    return 0;
}

static int cycle_payments(struct client *k, const struct cycle *y)
{
    static const struct zyd_name states[] = {{0, "?", "?", "?"}, {ZYD_CYCLE_OPEN, "OPEN", "待付", "open"},
                                             {ZYD_CYCLE_MATCHED, "MATCHED", "已到账", "paid"},
                                             {ZYD_CYCLE_VOID, "VOID", "作废", "void"}};
    for (uint32_t n = 1; n <= y->c.instr_count; n++) {
        struct zyd_cycle_instruction i;
        int rc = cycle_instruction(k, &i, &y->name, n);
        if (rc) {
            return rc;
        }
        json_t *one = json_pack("{s:i,s:s%}", "number", (int)n, "end_to_end", i.end_to_end, (size_t)ZYD_CYCLE_E2E_SIZE);
        statement_member(k, one, "payer", i.payer);
        statement_member(k, one, "payee", i.payee);
        statement_fen(one, "amount", i.amount);
        const struct zyd_name *state = &states[i.state <= ZYD_CYCLE_VOID ? i.state : 0];
        json_object_set_new(one, "state", json_string(state->name));
        json_object_set_new(one, "state_text", json_string(TR(k->c, state->zh, state->en)));
        json_array_append_new(y->payments, one);
    }
    return 0;
}

static void cycle_drop(struct cycle *y)
{
    json_decref(y->net);
    json_decref(y->gross);
    json_decref(y->payments);
}

/* All records of the cycle; *moved: blocks came in between and they do not belong together. */
static int cycle_read(struct client *k, struct cycle *y, bool *moved)
{
    struct client_record r, after;
    uint8_t name[37], net[32], gross[32];
    y->net = json_array();
    y->gross = json_array();
    y->payments = json_array();
    *moved = false;
    int rc = client_record_named(k, &r, y->name.contract, y->name.id.b, 32);
    if (rc == 0 && r.size != sizeof y->c) {
        return cli_fail(k->c, ZYD_ERR_NOT_FOUND, "%s", k->c->pos[0]);
    }
    memcpy(&y->c, r.value, rc ? 0 : sizeof y->c);
    if (rc == 0 && (y->c.state < ZYD_CS_COMPUTED || y->c.state == ZYD_CS_UNWINDING)) {
        const struct zyd_name *s = zyd_name_by_number(&zyd_product_cycle.states, y->c.state);
        return cli_fail(k->c, ZYD_ERR_NOT_READY, "%s: %s", k->c->pos[0], s ? TR(k->c, s->zh, s->en) : "?");
    }
    rc = rc ? rc : client_record_named(k, &after, y->name.contract, name, zyd_cycle_part_name(name, 'M', &y->name.id, 0));
    if (rc == 0 && after.size <= sizeof y->m) {
        memcpy(y->m, after.value, after.size);
    }
    rc = rc ? rc : cycle_entries(k, y, y->net, net, 'O', y->c.count);
    rc = rc ? rc : cycle_entries(k, y, y->gross, gross, 'G', y->c.gross_count);
    rc = rc ? rc : cycle_payments(k, y);
    rc = rc ? rc : client_record_named(k, &after, y->name.contract, y->name.id.b, 32);
    *moved = rc == 0 && (after.size != r.size || memcmp(after.value, r.value, r.size) != 0);
    if (rc == 0 && !*moved && (memcmp(net, y->c.set_hash, 32) != 0 || memcmp(gross, y->c.gross_hash, 32) != 0)) {
        rc = cli_fail(k->c, ZYD_ERR_VERIFY_FAILED,
                      TR(k->c, "清单与账本的散列不符", "the lists do not have the hashes that the cycle holds"));
    }
    return rc;
}

/* Rows whose two members are any, or have the one with this code. */
static json_t *own_rows(const json_t *all, const char *a, const char *b, const char *code)
{
    json_t *out = json_array(), *one;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)all, i, one)
    {
        if (!code[0] || strcmp(json_text(one, a), code) == 0 || strcmp(json_text(one, b), code) == 0) {
            json_array_append(out, one);
        }
    }
    return out;
}

static json_t *positions(const struct client *k, const struct cycle *y)
{
    json_t *rows = json_array();
    for (uint16_t i = 0; i < y->c.members && i < k->g->member_count; i++) {
        const struct zyd_cycle_member *m = &y->m[i];
        struct zyd_hash hash;
        if (!m->in && !m->out && !m->gross_in && !m->gross_out) {
            continue;
        }
        json_t *one = json_object();
        statement_member(k, one, "member", i);
        statement_fen(one, "in", m->in);
        statement_fen(one, "out", m->out);
        statement_fen(one, "net", m->in - m->out);
        json_object_set_new(one, "side", json_string(statement_side(k->c, m->in - m->out)));
        statement_fen(one, "paid", m->paid);
        statement_fen(one, "received", m->received);
        zyd_cycle_statement_hash(&hash, &y->name.id, &y->c, y->m, i);
        set_hash(one, "statement", hash.b);
        json_array_append_new(rows, one);
    }
    return rows;
}

static json_t *cycle_json(const struct client *k, const struct cycle *y, int member)
{
    const struct zyd_name *state = zyd_name_by_number(&zyd_product_cycle.states, y->c.state);
    char code[ZYD_CODE_MAX + 1] = "", date[16];
    json_t *o = json_pack("{s:s}", "cycle", k->c->pos[0]);
    set_hash(o, "id", y->name.id.b);
    json_object_set_new(o, "state", json_string(state ? state->name : "?"));
    json_object_set_new(o, "state_text", json_string(state ? TR(k->c, state->zh, state->en) : "?"));
    snprintf(date, sizeof date, "%04d-%02d-%02d", y->c.date / 10000, y->c.date / 100 % 100, y->c.date % 100);
    json_object_set_new(o, "date", json_string(date));
    json_object_set_new(o, "round", json_integer(y->c.round));
    if (member >= 0) {
        struct zyd_hash hash;
        const struct zyd_cycle_member *m = &y->m[member];
        client_code(k, (uint16_t)member, code);
        statement_member(k, o, "member", (uint16_t)member);
        statement_fen(o, "in", m->in);
        statement_fen(o, "out", m->out);
        statement_fen(o, "net", m->in - m->out);
        json_object_set_new(o, "side", json_string(statement_side(k->c, m->in - m->out)));
        zyd_cycle_statement_hash(&hash, &y->name.id, &y->c, y->m, (uint16_t)member);
        set_hash(o, "statement", hash.b);
    }
    json_object_set_new(o, "obligations", own_rows(y->net, "debtor", "creditor", code));
    json_object_set_new(o, "gross", own_rows(y->gross, "debtor", "creditor", code));
    json_object_set_new(o, "positions", positions(k, y));
    json_object_set_new(o, "payments", own_rows(y->payments, "payer", "payee", code));
    set_hash(o, "set_hash", y->c.set_hash);
    set_hash(o, "gross_hash", y->c.gross_hash);
    set_hash(o, "position_hash", y->c.position_hash);
    set_hash(o, "plan_hash", y->c.plan_hash);
    if (y->c.state == ZYD_CS_CLOSED) {
        set_hash(o, "root", y->c.root);
    }
    return o;
}

static void cycle_print(const struct cli *c, json_t *o)
{
    static const struct column head[] = {{"cycle", "清算周期", "cycle", 't'},
                                         {"id", "编号", "id", 't'},
                                         {"state_text", "状态", "state", 't'},
                                         {"date", "截单日", "cut-off date", 't'},
                                         {"round", "重算次数", "recomputed", 't'},
                                         {"member_name", "成员", "member", 't'},
                                         {"in_fen", "应收合计", "to receive", 'm'},
                                         {"out_fen", "应付合计", "to pay", 'm'},
                                         {"net_fen", "净额", "net position", 'm'},
                                         {"side", "方向", "side", 't'},
                                         {"statement", "清单散列", "statement hash", 't'},
                                         {0}};
    static const struct column rows[] = {{"number", "序", "NO", 'r'},
                                         {"id", "义务编号", "OBLIGATION", 'h'},
                                         {"debtor_name", "付款方", "OWES", 't'},
                                         {"creditor_name", "收款方", "IS OWED", 't'},
                                         {"amount_fen", "金额(元)", "AMOUNT (YUAN)", 'f'},
                                         {"status_text", "状态", "STATE", 't'},
                                         {"amount_fen", "大写", "IN CAPITALS", 'c'},
                                         {0}};
    static const struct column nets[] = {{"member_name", "成员", "MEMBER", 't'},
                                         {"in_fen", "应收(元)", "IN", 'f'},
                                         {"out_fen", "应付(元)", "OUT", 'f'},
                                         {"net_fen", "净额(元)", "NET", 'f'},
                                         {"side", "方向", "SIDE", 't'},
                                         {"statement", "清单散列", "STATEMENT", 'h'},
                                         {"net_fen", "净额大写", "NET IN CAPITALS", 'c'},
                                         {0}};
    static const struct column pays[] = {{"number", "序", "NO", 'r'},
                                         {"end_to_end", "端到端标识", "END TO END", 't'},
                                         {"payer_name", "付款方", "PAYS", 't'},
                                         {"payee_name", "收款方", "IS PAID", 't'},
                                         {"amount_fen", "金额(元)", "AMOUNT (YUAN)", 'f'},
                                         {"state_text", "状态", "STATE", 't'},
                                         {"amount_fen", "大写", "IN CAPITALS", 'c'},
                                         {0}};
    static const struct column hashes[] = {{"set_hash", "净额清单散列", "hash of the netted set", 't'},
                                           {"gross_hash", "全额清单散列", "hash of the gross list", 't'},
                                           {"position_hash", "净额散列", "hash of the positions", 't'},
                                           {"plan_hash", "付款计划散列", "hash of the payments", 't'},
                                           {"root", "总散列", "root", 't'},
                                           {0}};
    puts(TR(c, "清 算 单", "SETTLEMENT STATEMENT"));
    cli_object(c, o, head);
    if (json_array_size(json_object_get(o, "obligations"))) {
        heading(c, "轧差义务", "Netted obligations");
        cli_table(c, json_object_get(o, "obligations"), rows);
    }
    if (json_array_size(json_object_get(o, "gross"))) {
        heading(c, "全额结算（不轧差）", "Settled gross, not netted");
        cli_table(c, json_object_get(o, "gross"), rows);
    }
    heading(c, "各成员净额", "Net positions");
    cli_table(c, json_object_get(o, "positions"), nets);
    if (json_array_size(json_object_get(o, "payments"))) {
        heading(c, "付款指令", "Payments");
        cli_table(c, json_object_get(o, "payments"), pays);
    }
    putchar('\n');
    cli_object(c, o, hashes);
    signature(c, json_text(o, "member_name"));
}

static int run_cycle_statement(struct cli *c)
{
    struct client k;
    struct cycle *y = calloc(1, sizeof *y);
    const char *format = cli_opt(c, "format");
    bool moved = true;
    int member = -1;
    zyd_assert(y);
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        free(y);
        return rc;
    }
    if (c->as) {
        char code[ZYD_CODE_MAX + 1];
        snprintf(code, sizeof code, "%.*s", (int)strcspn(c->as, ","), c->as);
        member = client_member(&k, code);
        rc = member < 0 ? cli_fail(c, ZYD_ERR_USAGE, "--as %s", code) : 0;
    }
    if (rc == 0 && format && (strcmp(format, "camt053") != 0 || member < 0 || !cli_opt(c, "out"))) {
        rc = cli_fail(c, ZYD_ERR_USAGE, "--format camt053 --as MEMBER --out FILE");
    }
    rc = rc ? rc : cycle_find(&k, &y->name, c->pos[0]);
    for (int tries = 0; rc == 0 && moved; tries++) {
        cycle_drop(y);
        rc = cycle_read(&k, y, &moved);
        if (rc == 0 && moved && tries == 4) {
            rc = cli_fail(c, ZYD_ERR_BUSY, TR(c, "%s 正在变化", "%s is changing"), c->pos[0]);
        }
    }
    if (rc == 0) {
        json_t *o = cycle_json(&k, y, member);
        if (format) {
            rc = edge_statement(&k, o, &y->name.id, (int64_t)y->c.cut_ms, (uint16_t)member);
        } else if (c->json) {
            cli_json(o);
        } else {
            cycle_print(c, o);
        }
        json_decref(o);
    }
    cycle_drop(y);
    free(y);
    client_close(&k);
    return rc;
}

/* ---- pools ---- */

static void on_param(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

/* Layers in draw order: whose they are is the programme's to say, what they hold is the record's. */
static int pool_layers(const struct client *k, json_t *out, const struct zyd_programme *p, const struct zyd_pool *pool,
                       const uint8_t *rest)
{
    struct zyd_members members = zyd_genesis_members(k->g);
    json_t *params = json_object();
    int rc = 0;
    if (zyd_product_params_decode(&zyd_product_pool, on_param, params, p->params, &members) != ZYD_OK) {
        rc = cli_fail(k->c, ZYD_ERR_MALFORMED, "%.*s", (int)p->code.size, (const char *)p->code.data);
    }
    const char *text = json_text(params, "layers");
    for (uint8_t i = 0; rc == 0 && i < pool->layer_count; i++) {
        char name[ZYD_POOL_NAME_MAX + 1], code[ZYD_CODE_MAX + 1], share[24];
        struct zyd_pool_layer layer;
        int level = 0;
        if (sscanf(text, "%12s %12s %d %23[^;]", name, code, &level, share) != 4) {
            rc = cli_fail(k->c, ZYD_ERR_MALFORMED, "layers: %s", json_text(params, "layers"));
            break;
        }
        memcpy(&layer, rest + i * sizeof layer, sizeof layer);
        json_t *one = json_pack("{s:s,s:i,s:s}", "layer", name, "level", level, "share", share);
        statement_member(k, one, "contributor", (uint16_t)client_member(k, code));
        statement_fen(one, "balance", layer.balance);
        statement_fen(one, "funded", layer.funded);
        statement_fen(one, "drawn", layer.drawn);
        json_array_append_new(out, one);
        text += strcspn(text, ";");
        text += strspn(text, "; ");
    }
    json_decref(params);
    return rc;
}

static void pool_print(const struct cli *c, json_t *o)
{
    static const struct column head[] = {{"programme_name", "资金池", "pool", 't'},
                                         {"programme", "项目", "programme", 't'},
                                         {"id", "编号", "id", 't'},
                                         {"state_text", "状态", "state", 't'},
                                         {"cash_fen", "资金余额", "cash in the layers", 'm'},
                                         {"loans_fen", "备案贷款余额", "registered loans", 'm'},
                                         {"npl_fen", "不良余额", "of these in default", 'm'},
                                         {"pending_fen", "待到账出资", "funding not arrived", 'm'},
                                         {"shortage_fen", "排队待补偿", "approved, not drawn", 'm'},
                                         {"open_claims", "未结补偿", "open claims", 't'},
                                         {"record_hash", "账本记录散列", "record hash", 't'},
                                         {"height", "区块高度", "height", 't'},
                                         {0}};
    static const struct column layers[] = {{"layer", "资金层", "LAYER", 't'},
                                           {"contributor_name", "出资方", "CONTRIBUTOR", 't'},
                                           {"level", "级次", "LEVEL", 'r'},
                                           {"share", "级内比例", "SHARE", 'r'},
                                           {"funded_fen", "累计出资(元)", "FUNDED", 'f'},
                                           {"drawn_fen", "净支出(元)", "DRAWN, NET", 'f'},
                                           {"balance_fen", "余额(元)", "BALANCE", 'f'},
                                           {"balance_fen", "余额大写", "BALANCE IN CAPITALS", 'c'},
                                           {0}};
    puts(TR(c, "资金池对账单", "STATEMENT OF A POOL"));
    cli_object(c, o, head);
    heading(c, "资金层（按支用顺序）", "Layers, in the order of drawing");
    cli_table(c, json_object_get(o, "layers"), layers);
    signature(c, "");
}

static int pool_show(struct client *k, const struct zyd_programme *p)
{
    struct client_record r;
    struct zyd_pool pool;
    uint8_t name[3] = {ZYD_POOL_KEY_POOL, (uint8_t)(p->id >> 8), (uint8_t)p->id}, id[32];
    int rc = client_record_named(k, &r, p->contract, name, sizeof name);
    if (rc == 0 && r.size == 32) {
        memcpy(id, r.value, 32);
        rc = client_record_named(k, &r, p->contract, id, 32);
    }
    if (rc) {
        return rc;
    }
    memcpy(&pool, r.value, r.size < sizeof pool ? 0 : sizeof pool);
    if (r.size < sizeof pool || r.size != sizeof pool + pool.layer_count * sizeof(struct zyd_pool_layer)) {
        return cli_fail(k->c, ZYD_ERR_NOT_FOUND, TR(k->c, "%s 尚未设立资金池", "%s: no pool was created yet"), k->c->pos[0]);
    }
    const struct zyd_name *state = zyd_name_by_number(&zyd_product_pool.states, pool.state);
    struct zyd_span full = TR(k->c, p->name_zh, p->name_en);
    json_t *o = json_object(), *layers = json_array(), *one;
    size_t i;
    int64_t cash = 0;
    rc = pool_layers(k, layers, p, &pool, r.value + sizeof pool);
    json_array_foreach(layers, i, one)
    {
        cash += json_fen(one, "balance_fen");
    }
    json_object_set_new(o, "programme", json_stringn((const char *)p->code.data, p->code.size));
    json_object_set_new(o, "programme_name", json_stringn((const char *)full.data, full.size));
    set_hash(o, "id", id);
    json_object_set_new(o, "state", json_string(state ? state->name : "?"));
    json_object_set_new(o, "state_text", json_string(state ? TR(k->c, state->zh, state->en) : "?"));
    statement_fen(o, "cash", cash);
    statement_fen(o, "loans", pool.balance);
    statement_fen(o, "npl", pool.npl);
    statement_fen(o, "pending", pool.pending);
    statement_fen(o, "shortage", pool.shortage);
    json_object_set_new(o, "open_claims", json_integer(pool.open_claims));
    json_object_set_new(o, "layers", layers);
    set_hash(o, "record_hash", r.leaf.b);
    json_object_set_new(o, "height", json_integer((json_int_t)r.height));
    if (rc == 0 && k->c->json) {
        cli_json(o);
    } else if (rc == 0) {
        pool_print(k->c, o);
    }
    json_decref(o);
    return rc;
}

static int run_pool_show(struct cli *c)
{
    struct client k;
    int rc = client_open(&k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    const struct zyd_programme *p = client_programme(&k, c->pos[0]);
    if (p && client_product(&k, p) == &zyd_product_pool) {
        rc = pool_show(&k, p);
    } else {
        rc = cli_fail(c, ZYD_ERR_USAGE, TR(c, "%s 不是资金池项目", "%s is no programme of a pool"), c->pos[0]);
    }
    client_close(&k);
    return rc;
}

static const struct option cycle_options[] = {
    {"format", 0, "camt053", "写成 ISO 20022 对账单（需 --as 和 --out）", "as an ISO 20022 statement (needs --as and --out)"},
    {"out", 0, "FILE", "输出文件", "output file"},
    {"force", 0, NULL, "覆盖已有文件", "overwrite"},
    {"schema", 0, "XSD", "写出前按此模式校验", "check by this schema before writing"},
    {0}};
const struct command statement_commands[] = {
    {"cycle", "statement", "online", "PROGRAMME#N [--as MEMBER] [--format camt053 --out FILE]",
     "清算单（成员确认的内容；无 --as 为全体）", "the statement that a member confirms (without --as: everybody's)",
     "zyd cycle statement NETTING#1 --as BANK", cycle_options, 1, 1, run_cycle_statement},
    {"pool", "show", "online", "PROGRAMME", "资金池对账单：各资金层余额", "a pool by its layers", "zyd pool show POOL8", NULL,
     1, 1, run_pool_show},
    {0}};
