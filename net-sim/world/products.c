#include "products.h"
#include <sodium.h>
#include <zyd/contract.h>
#include <zyd/cycle.h>
#include <zyd/voucher.h>

/* ---- the consortium ---- */
static const struct {
    const char *code;
    uint8_t role;
} members[PRODUCT_MEMBERS] = {{"BANK", ZYD_ROLE_BANK},   {"GUAR", ZYD_ROLE_GUAR},  {"REG", ZYD_ROLE_REG},
                              {"NFGF", ZYD_ROLE_NFGF},   {"BANK2", ZYD_ROLE_BANK}, {"CITY", ZYD_ROLE_FISCAL},
                              {"PFIN", ZYD_ROLE_FISCAL}, {"POOL", ZYD_ROLE_OTHER}, {"DEPT", ZYD_ROLE_OTHER},
                              {"CORE", ZYD_ROLE_OTHER},  {"S1", ZYD_ROLE_OTHER},   {"S2", ZYD_ROLE_OTHER},
                              {"AUD", ZYD_ROLE_AUD}};
static const struct {
    uint16_t id;
    const struct zyd_product *product;
    const char *code;
    struct zyd_pair params[20];
} programmes[] = {
    {G_NAT,
     &zyd_product_guarantee,
     "NAT",
     {{"preset", "NAT2080"},
      {"banks", "BANK,BANK2"},
      {"cap_ppm", "0"},
      {"claim_open_days", "5"},
      {"claim_close_days", "120"},
      {"settle", "NET"},
      {"report_wd", "250"}}},
    {P_LAYERS,
     &zyd_product_pool,
     "LAYERS",
     {{"trustee", "POOL"},
      {"dept", "DEPT"},
      {"trigger", "OVERDUE"},
      {"trigger_days", "0"},
      {"window_days", "300"},
      {"class", "1"},
      {"ratios", "50%,40%"},
      {"banks", "BANK,BANK2"},
      {"layers", "COUNTY POOL 0 100%; CITYL CITY 1 100%"},
      {"register_wd", "60"},
      {"per_claim_cap", "50000.00"},
      {"per_borrower_cap", "300000.00"},
      {"stack_ceiling_ppm", "80%"},
      {"warn_ppm", "0"},
      {"stop_ppm", "0"},
      {"settle", "GROSS"}}},
    {S_POINT,
     &zyd_product_subsidy,
     "POINT",
     {{"preset", "SERVICE1PP"},
      {"cost", "CITY=900000, PFIN=100000"},
      {"settle_months", "ALL"},
      {"family", "1"},
      {"banks", "BANK,BANK2"},
      {"dept", "DEPT"}}},
    {V_STD, &zyd_product_voucher, "VOUCHER", {{"settle", "NET"}, {"depth_max", "4"}}},
    {C_NET,
     &zyd_product_cycle,
     "NETTING",
     {{"confirm_min", "10080"},
      {"pay_min", "10080"},
      {"fail_min", "10080"},
      {"every_wd", "3"},
      {"accounts", "CORE BANK 6222-C"}}},
    {G_TWO,
     &zyd_product_guarantee,
     "TWO",
     {{"preset", "TWO82"},
      {"banks", "BANK2"},
      {"cap_ppm", "20%"},
      {"claim_open_days", "1"},
      {"settle", "GROSS"},
      {"silence", "DEEM_APPROVED"},
      {"report_wd", "250"}}},
    {P_SHARED,
     &zyd_product_pool,
     "SHARED",
     {{"trustee", "POOL"},
      {"dept", "DEPT"},
      {"trigger", "OVERDUE"},
      {"trigger_days", "0"},
      {"window_days", "300"},
      {"class", "2"},
      {"ratios", "30%"},
      {"banks", "BANK,BANK2"},
      {"layers", "LEFT POOL 0 50%; RIGHT CITY 0 50%"},
      {"register_wd", "60"},
      {"stack_ceiling_ppm", "20%"},
      {"short_mode", "PRORATA"},
      {"refund_order", "PRORATA"},
      {"warn_ppm", "0"},
      {"stop_ppm", "0"},
      {"settle", "NET"}}},
    {S_LOCAL,
     &zyd_product_subsidy,
     "LOCAL",
     {{"kind", "RATE_CUT"},
      {"level", "CITY"},
      {"rate_ppm", "2.5%"},
      {"cost", "CITY=333333, PFIN=333333, GUAR=333334"},
      {"settle_months", "ALL"},
      {"family", "2"},
      {"banks", "BANK,BANK2"},
      {"dept", "DEPT"}}},
    {S_FEE,
     &zyd_product_subsidy,
     "FEE",
     {{"kind", "FEE_SHARE"},
      {"rate_ppm", "70%"},
      {"level", "CENTRAL"},
      {"cost", "PFIN=500000, CITY=500000"},
      {"family", "10"},
      {"banks", "BANK,BANK2"},
      {"dept", "DEPT"}}},
};

static void add_members(struct sim *s, struct zyd_genesis *g, char usccs[PRODUCT_MEMBERS][19])
{
    g->member_count = PRODUCT_MEMBERS;
    for (uint8_t i = 0; i < PRODUCT_MEMBERS; i++) {
        struct zyd_member *m = &g->members[i];
        struct zyd_pk node = s->nodes[i < s->n ? i : 0].pk;
        uint8_t seed[32], sk[ZYD_SK_SIZE], pk[32];
        if (i >= s->n) {
            struct zyd_hash h;
            zyd_hash2(&h, "zyd/simkey/2", &s->options.seed, sizeof s->options.seed, &i, 1);
            memcpy(seed, h.b, 32);
            crypto_sign_seed_keypair(node.b, sk, seed);
            seed[0] ^= 0x55;
            crypto_sign_seed_keypair(pk, s->member_sk[i], seed);
        }
        workload_member(m, usccs[i], i, members[i].code, members[i].role, &node, s->member_sk[i]);
        m->flags = i < s->n ? ZYD_MEMBER_VALIDATOR : 0;
    }
}

static void add_programmes(struct sim *s, struct zyd_genesis *g, uint8_t *params)
{
    const struct zyd_members names = zyd_genesis_members(g);
    char why[ZYD_WHY] = "";
    for (size_t i = 0; i < sizeof programmes / sizeof programmes[0]; i++) {
        struct zyd_wr wr = zyd_wr_of(params + i * 4096, 4096);
        size_t count = 0;
        while (count < 20 && programmes[i].params[count].name != NULL) {
            count++;
        }
        if (zyd_product_params_encode(programmes[i].product, &wr, why, programmes[i].params, count, &names) != ZYD_OK) {
            check_fail(s, ZYD_SIM_SAFETY, "programme %s: %s", programmes[i].code, why);
            return;
        }
        struct zyd_programme *p = &g->programmes[g->programme_count++];
        *p = (struct zyd_programme){.id = programmes[i].id,
                                    .contract = programmes[i].product->number,
                                    .class_ = 1,
                                    .pending_days = 10,
                                    .settlement = C_NET,
                                    .params = zyd_wr_span(&wr)};
        p->code = p->name_zh = p->name_en = zyd_span(programmes[i].code, strlen(programmes[i].code));
    }
}

void products_genesis(struct sim *s, struct zyd_genesis *g)
{
    static char usccs[PRODUCT_MEMBERS][19];
    static uint8_t params[sizeof programmes / sizeof programmes[0] * 4096];
    s->products = sim_alloc(sizeof *s->products);
    add_members(s, g, usccs);
    for (uint16_t c = 1; c <= 5; c++) {
        const char *name = zyd_product_by_number(c)->name;
        g->plugins[g->plugin_count] = (struct zyd_plugin_ref){.contract = c, .name = zyd_span(name, strlen(name))};
        zyd_sha256(&g->plugins[g->plugin_count++].hash, s->options.plugins[c - 1].data, s->options.plugins[c - 1].size);
    }
    add_programmes(s, g, params);
}

void products_start(struct sim *s)
{
    s->products->inv = zyd_inv_new(&s->genesis);
    zyd_assert(s->products->inv != NULL);
}

void products_free(struct sim *s)
{
    if (s->products != NULL) {
        const struct zyd_inv_counts *c = s->products->inv == NULL ? NULL : zyd_inv_counts(s->products->inv);
        if (c != NULL && s->options.counts != NULL) {
            zyd_sim_count(s->options.counts, c);
        }
        zyd_inv_free(s->products->inv);
        free(s->products);
    }
}

/* ---- a client's envelope ---- */
static struct zyd_span args_of(struct sim *s, const struct draft *d, uint8_t *mem, size_t cap)
{
    struct zyd_pair pairs[24];
    char text[DRAFT_TEXT], why[ZYD_WHY];
    size_t n = 0;
    struct zyd_wr wr = zyd_wr_of(mem, cap);
    if (d->product == NULL) {
        zyd_wr_array(&wr, d->event == ZYD_HOST_PAID ? 1 : 0);
        if (d->event == ZYD_HOST_PAID) {
            zyd_wr_str(&wr, "BK", 2);
        }
        return zyd_wr_span(&wr);
    }
    memcpy(text, d->text, sizeof text);
    for (char *p = text; *p != '\0' && n < 24;) {
        char *end = strchr(p, '|'), *equal = strchr(p, '=');
        zyd_assert(equal != NULL);
        *equal = '\0';
        if (end != NULL) {
            *end = '\0';
        }
        pairs[n++] = (struct zyd_pair){p, equal + 1};
        p = end == NULL ? equal + 1 + strlen(equal + 1) : end + 1;
    }
    const struct zyd_members names = zyd_genesis_members(&s->genesis);
    const struct zyd_event *e = zyd_event_by_number(d->product, d->event);
    if (e == NULL || zyd_args_encode(&wr, why, e, pairs, n, &names) != ZYD_OK) {
        return zyd_span(NULL, 0); /* what was drawn is not even an operation: a client would not send it */
    }
    return zyd_wr_span(&wr);
}

static bool one_op(struct sim *s, struct zyd_wr *ops, struct sent *sent, const struct draft *d, uint8_t client)
{
    uint8_t args[8192];
    char ref[32];
    struct zyd_op op = {.contract = d->product == NULL ? 0 : d->product->number,
                        .event = d->event,
                        .programme = d->product == NULL ? 0 : d->programme,
                        .member = d->member,
                        .has_object = d->has_object,
                        .object = d->object,
                        .expect_seq = d->seq};
    op.args = args_of(s, d, args, sizeof args);
    if (op.args.size == 0 || op.member >= PRODUCT_MEMBERS) {
        return false;
    }
    if (!op.has_object) {
        snprintf(ref, sizeof ref, "c%u-%llu", client,
                 (unsigned long long)(chance(s, 2) ? s->products->serial : ++s->products->serial));
        op.client_ref = zyd_span(ref, strlen(ref));
        op.expect_seq = 0;
    }
    workload_op(ops, &op);
    *sent = (struct sent){
        .contract = op.contract, .event = op.event, .programme = op.programme, .makes = !op.has_object, .object = op.object};
    return true;
}

void products_build(struct sim *s, uint8_t c)
{
    struct client *cl = &s->clients[c];
    uint8_t *mem = sim_alloc(OPS_SIZE_MAX);
    struct zyd_wr ops = zyd_wr_of(mem, OPS_SIZE_MAX);
    struct draft d;
    bool waits = chance(s, 15); /* not all sign: what needs the others waits for their countersignatures */
    uint32_t signers = 0;
    size_t want = (size_t)between(s, 1, s->options.loans);
    cl->op_count = 0;
    for (size_t tries = 0; cl->op_count < want && tries < want * 4; tries++) {
        if (draw(s, &d, c) && one_op(s, &ops, &s->products->sent[c][cl->op_count], &d, c)) {
            cl->op_count++;
            signers |= 1u << d.member;
        }
    }
    if (cl->op_count > 0) {
        workload_seal(s, cl, &ops, waits ? ZYD_ENV_MAY_WAIT : 0, waits ? signers : UINT32_MAX);
    }
    free(mem);
}

void products_let_go(struct sim *s, uint8_t c)
{
    for (uint16_t k = 0; k < 6; k++) {
        for (size_t i = 0; i < s->products->count[k]; i++) {
            struct thing *t = &s->products->things[k][i];
            t->client = t->client == c + 1 ? 0 : t->client;
        }
    }
}

/* ---- what became final ---- */
static void remember(struct sim *s, uint16_t product, uint16_t programme, const struct zyd_hash *id)
{
    struct products *p = s->products;
    size_t at = p->count[product] < THINGS_MAX ? p->count[product]++ : prng_below(&s->client, THINGS_MAX);
    p->things[product][at] = (struct thing){.id = *id, .programme = programme};
}

static void owes(struct sim *s, const struct zyd_outcome *o)
{
    struct products *p = s->products;
    for (uint32_t i = 0; i < o->posting_count; i++) {
        const struct zyd_posting *t = &o->postings[i];
        if (!zyd_hash_is_zero(&t->obligation) && t->label < 0xff00 && strncmp(t->cr, "2141.", 5) == 0) {
            size_t at = p->owed_count < OWED_MAX ? p->owed_count++ : prng_below(&s->client, OWED_MAX);
            p->owed[at] = t->obligation;
        }
    }
}

void products_outcome(struct sim *s, uint8_t c, size_t i, const struct zyd_outcome *o)
{
    struct products *p = s->products;
    const struct sent *sent = &p->sent[c][i];
    if (o->code == ZYD_CODE_PENDING && sent->contract != 0) {
        p->waiting[p->waiting_count < 64 ? p->waiting_count++ : prng_below(&s->client, 64)] = o->op_id;
    }
    s->result->operations += o->code == 0;
    if (o->code == 0 && sent->makes && o->has_object && sent->contract >= 1 && sent->contract <= 4) {
        remember(s, sent->contract, sent->programme, &o->object);
    }
    if (o->code == 0 && sent->contract == 4 && (sent->event == ZYD_VE_SPLIT || sent->event == ZYD_VE_TRANSFER)) {
        struct zyd_hash child;
        struct zyd_record r;
        struct zyd_hash key;
        for (uint16_t n = 0; n < 8 && zyd_child_id(&child, &zyd_product_voucher, &sent->object, n); n++) {
            zyd_contract_object_key(&key, 4, &child);
            if (!model_find(s->model, &r, &key)) {
                break;
            }
            remember(s, 4, V_STD, &child);
        }
    }
}

/* Every outcome of a final block: who owes, and which cycles there are. */
static void look(struct sim *s, struct zyd_span outcomes)
{
    static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[ZYD_CALL_WARNINGS_MAX];
    struct zyd_rd rd = zyd_rd_of(outcomes);
    struct zyd_outcome o;
    while (rd.pos < rd.size && zyd_outcome_decode(&o, postings, events, warnings, zyd_rx_block(&rd, rd.size)) == ZYD_OK) {
        owes(s, &o);
        struct products *p = s->products;
        bool known = o.due_ms == 0 || o.contract != 5 || !o.has_object;
        for (size_t i = 0; !known && i < p->count[5]; i++) {
            known = zyd_hash_eq(&p->things[5][i].id, &o.object);
        }
        struct zyd_cycle c;
        if (!known && record_of(s, &c, sizeof c, 5, o.object.b, 32) == sizeof c && c.kind == ZYD_CYCLE_KIND_CYCLE &&
            c.state != ZYD_CS_CLOSED) {
            remember(s, 5, C_NET, &o.object);
        }
    }
}

static bool over(struct sim *s, uint16_t product, const struct thing *t)
{
    uint8_t r[512];
    if (record_of(s, r, sizeof r, product, t->id.b, 32) == 0) {
        return true;
    }
    switch (product) {
    case 1:
        return r[0] != 1 || r[1] == 20 || r[1] >= 22;
    case 2:
        return r[0] == 3 || r[0] == 1 || r[1] == 18 || r[1] == 21 || r[1] == 31;
    case 3:
        return r[0] != 1 || r[1] == 15;
    case 4:
        return r[0] != 1 || r[1] == 13 || r[1] >= 17;
    default:
        return r[1] == ZYD_CS_CLOSED;
    }
}

static bool record_get(void *ctx, struct zyd_record *out, const struct zyd_hash *key)
{
    return model_find(ctx, out, key);
}

/* I1 to I11 after each event of a block that became final; a full scan now and then. */
void products_block(struct sim *s, const struct zyd_block_view *b)
{
    struct products *p = s->products;
    const struct zyd_inv_source records = {s->model, record_get};
    struct zyd_inv_fault f;
    bool good = zyd_inv_block(p->inv, &f, b, &records);
    if (good && b->header.height % s->options.scan_every == 0) {
        good = zyd_inv_scan(p->inv, &f, &records);
    }
    if (!good) {
        char object[65] = "-";
        if (f.has_object) {
            hex_of(object, f.object.b);
        }
        check_fail(s, ZYD_SIM_SAFETY, "I%u at height %llu log %lld member %s object %.16s: %.150s", f.invariant,
                   (unsigned long long)f.height, (long long)f.log_index,
                   f.has_member && f.member < PRODUCT_MEMBERS ? members[f.member].code : "-", object, f.what);
    }
    look(s, b->sys);
    look(s, b->outcomes);
    for (uint16_t k = 1; k < 6; k++) { /* what is over is left now and then, after events that come too late had their chance */
        for (size_t i = 0; i < p->count[k];) {
            struct thing *t = &p->things[k][i];
            if (t->client == 0 && (k == 5 || chance(s, 15)) && over(s, k, t)) {
                *t = p->things[k][--p->count[k]];
            } else {
                i++;
            }
        }
    }
    s->result->invariant_events = zyd_inv_counts(p->inv)->events + zyd_inv_counts(p->inv)->refused;
}

bool products_scan(struct sim *s)
{
    const struct zyd_inv_source records = {s->model, record_get};
    struct zyd_inv_fault f;
    if (zyd_inv_scan(s->products->inv, &f, &records)) {
        return true;
    }
    check_fail(s, ZYD_SIM_SAFETY, "I%u at the end: %s", f.invariant, f.what);
    return false;
}
