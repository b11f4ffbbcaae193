/* Goal: a token of scope `own` sees the objects of every product in which its member is a party (domain.md 3.0.11), its own
 * books, and nothing else: in lists, single objects, histories, transactions, envelopes, receipts, postings, balances,
 * obligations, pending operations.  What exports write comes from these routes.
 * Method: real replica and contracts, an API for each of eight members; objects of pool, subsidy, voucher and cycle; for every
 * object and member the routes are asked with an own token, and compared with a table written by hand. */
#define MEMBERS 8
enum { BANK, GUAR, REG, NFGF, COUNTY, BANK2, CORE, S1 };
#include "api_rig.h"

#define BIT(m) (1u << (m))

static int setup(void **state)
{
    static const struct {
        const struct zyd_product *product;
        uint16_t id;
        const char *code, *params;
    } programmes[] = {
        {&zyd_product_pool, 2, "POOLP",
         "trustee=REG;dept=GUAR;layers=COUNTY COUNTY 0 100%;ratios=50%;banks=BANK,BANK2;class=1;stop_ppm=0;warn_ppm=0"},
        {&zyd_product_subsidy, 3, "SUB", "preset=HALF_LPR;cost=COUNTY=1000000;dept=GUAR;banks=BANK,BANK2"},
        {&zyd_product_voucher, 4, "VOU", "settle=GROSS"},
        {&zyd_product_cycle, 5, "CYC", "every_wd=1"},
    };
    (void)state;
    zyd_live_plan(&live, "BANK,GUAR,REG,NFGF,COUNTY,BANK2,CORE,S1");
    live.c.g.members[BANK2].role = ZYD_ROLE_BANK;
    live.c.g.members[CORE].role = live.c.g.members[S1].role = ZYD_ROLE_OTHER;
    zyd_live_programme(&live, 1, "NAT2080", "preset=NAT2080;banks=BANK,BANK2;batch=true;cap_ppm=0");
    for (size_t i = 0; i < sizeof programmes / sizeof programmes[0]; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s", programmes[i].product->name);
        zyd_live_plugin(&live, programmes[i].product->number, programmes[i].product->name);
        zyd_live_programme_of(&live, programmes[i].product, programmes[i].id, programmes[i].code, programmes[i].params);
    }
    zyd_live_start(&live, ZYD_PLUGIN_DIR "/guarantee.elf");
    rig_start();
    return 0;
}

/* ---- doing ---- */

static int32_t today(void)
{
    return zyd_date_of_ms(zyd_live_wall(&live));
}

/* The signatures that an operation waits for, one after the other. */
static void signed_by(const char *op, unsigned signers)
{
    char path[160];
    for (int m = 0; m < MEMBERS; m++) {
        if ((signers >> m & 1) == 0) {
            continue;
        }
        snprintf(path, sizeof path, "/v1/pending/%s/countersignatures", op);
        catch_up(m);
        EXPECT(post(m, path, NULL, "{}"), 200);
    }
}

/* Makes an object; its id, and its operation's. */
struct made {
    char id[65], op[65], env[65];
};
static struct made make(int member, unsigned signers, const char *contract, const char *programme, const char *event,
                        const char *args)
{
    static unsigned refs;
    struct made made;
    EXPECT(post(member, "/v1/contracts", NULL,
                "{\"contract\":\"%s\",\"programme\":\"%s\",\"event\":\"%s\",\"client_ref\":\"V-%u\",\"args\":%s}", contract,
                programme, event, refs++, args),
           signers != 0 ? 202 : 201);
    snprintf(made.op, sizeof made.op, "%s", text(last.json, "op_id"));
    snprintf(made.env, sizeof made.env, "%s", text(last.json, "env_id"));
    snprintf(made.id, sizeof made.id, "%s", text(last.json, "id"));
    signed_by(made.op, signers);
    return made;
}

static uint64_t seq_of(int member, const char *id)
{
    char path[100];
    snprintf(path, sizeof path, "/v1/contracts/%s", id);
    catch_up(member);
    json_t *o = get_as(NULL, member, path);
    assert_int_equal(last.status, 200);
    return (uint64_t)json_integer_value(json_object_get(o, "seq"));
}

static void event_by(int member, unsigned signers, const char *id, const char *event, const char *args)
{
    static unsigned keys;
    char path[160], key[16];
    uint64_t seq = seq_of(member, id);
    snprintf(path, sizeof path, "/v1/contracts/%s/events/%s", id, event);
    snprintf(key, sizeof key, "k%u", keys++);
    EXPECT(post(member, path, key, "{\"expect_seq\":%u,\"args\":%s}", (unsigned)seq, args), signers != 0 ? 202 : 200);
    char op[65];
    snprintf(op, sizeof op, "%s", text(last.json, "op_id"));
    signed_by(op, signers);
}

static const char *args_of(const char *format, ...)
{
    static char out[4][1024];
    static unsigned next;
    char *to = out[next++ % 4];
    va_list ap;
    va_start(ap, format);
    vsnprintf(to, 1024, format, ap);
    va_end(ap);
    return to;
}

static void first_child(char out[65], const char *parent_id)
{
    struct zyd_hash parent, child;
    assert_int_equal(sodium_hex2bin(parent.b, 32, parent_id, 64, NULL, NULL, NULL), 0);
    assert_true(zyd_child_id(&child, &zyd_product_voucher, &parent, 0));
    sodium_bin2hex(out, 65, child.b, 32);
}

#define FIRM "91430100MA4TEXT00G"

static struct made loan_of(int bank, const char *name)
{
    return make(bank, 0, "pool", "POOLP", "REGISTER_LOAN",
                args_of("{\"borrower\":\"" FIRM
                        "\",\"loan\":\"sha256:%s\",\"loan_class\":1,\"principal_fen\":\"100000\",\"rate_ppm\":40000,"
                        "\"drawn_on\":\"%d\",\"maturity\":\"%d\"}",
                        name, today(), zyd_date_add(today(), 300)));
}

/* ---- the table: who is a party of what ---- */

static struct {
    const char *what;
    struct made made;
    unsigned parties;
} seen[32];
static unsigned seen_count;
static void note(const char *what, struct made made, unsigned parties)
{
    seen[seen_count].what = what;
    seen[seen_count].made = made;
    seen[seen_count++].parties = parties;
}

static void the_world_is_made(void **state)
{
    (void)state;
    const unsigned pool_fixed = BIT(REG) | BIT(GUAR) | BIT(COUNTY), everybody = (1u << MEMBERS) - 1;
    struct made m = make(REG, BIT(COUNTY), "pool", "POOLP", "CREATE", "{\"account\":\"6225880000000001\"}");
    note("the pool: sums alone, for its banks too", m, pool_fixed | BIT(BANK) | BIT(BANK2));
    m = make(COUNTY, 0, "pool", "POOLP", "FUND", "{\"layer\":\"COUNTY\",\"amount_fen\":\"1000000\",\"bank_ref\":\"F1\"}");
    note("a funding", m, pool_fixed);
    event_by(REG, 0, m.id, "FUND_CONFIRM", "{\"amount_fen\":\"1000000\",\"bank_ref\":\"F1\"}");
    m = make(GUAR, 0, "pool", "POOLP", "ENROL", "{\"borrower\":\"" FIRM "\",\"loan_class\":1,\"valid_until\":\"2099-12-31\"}");
    note("a white list entry", m, pool_fixed);
    note("a bank's loan in the pool", loan_of(BANK, "one"), pool_fixed | BIT(BANK));
    note("the other bank's", loan_of(BANK2, "two"), pool_fixed | BIT(BANK2));
    m = make(BANK, BIT(GUAR), "subsidy", "SUB", "ENROL",
             args_of("{\"borrower\":\"" FIRM "\",\"household\":\"sha256:h\",\"loan\":\"sha256:A\",\"amount_fen\":\"100000\","
                     "\"value_date\":\"%d\",\"maturity\":\"%d\",\"rate_ppm\":40000,\"lpr_ppm\":30000}",
                     today(), zyd_date_add(today(), 300)));
    note("an enrolment", m, BIT(BANK) | BIT(GUAR) | BIT(COUNTY));
    m = make(GUAR, 0, "subsidy", "SUB", "PROGRAMME", "{\"state\":\"SUSPENDED\",\"reason\":\"audit\"}");
    note("a decision on the subsidy programme", m, BIT(BANK) | BIT(BANK2) | BIT(GUAR) | BIT(COUNTY));
    m = make(BANK, 0, "voucher", "VOU", "LINE", "{\"core\":\"CORE\",\"limit_fen\":\"100000\",\"until\":\"2099-12-31\"}");
    note("a credit line", m, BIT(BANK) | BIT(CORE));
    m = make(CORE, 0, "voucher", "VOU", "ISSUE",
             args_of("{\"supplier\":\"S1\",\"face_fen\":\"1000\",\"due\":\"%d\",\"invoices\":\"sha256:i=10.00\"}",
                     zyd_date_add(today(), 100)));
    event_by(S1, 0, m.id, "ACCEPT", "{}");
    event_by(S1, BIT(NFGF), m.id, "TRANSFER", "{\"payee\":\"NFGF\",\"trade\":\"sha256:t\",\"recourse\":false}");
    note("a voucher that was passed on", m, BIT(CORE) | BIT(S1) | BIT(BANK));
    struct made token = m;
    first_child(token.id, m.id);
    token.op[0] = token.env[0] = '\0'; /* its operation is the parent's */
    note("the payee's: no concern of who passed it on without recourse", token, BIT(CORE) | BIT(NFGF) | BIT(BANK));
    event_by(NFGF, BIT(REG), token.id, "TRANSFER", "{\"payee\":\"REG\",\"trade\":\"sha256:t\",\"recourse\":true}");
    first_child(token.id, token.id);
    note("with recourse it stays one", token, BIT(CORE) | BIT(NFGF) | BIT(BANK) | BIT(REG));
    m = make(BANK, 0, "cycle", "CYC", "START", "{}");
    note("the clock of the cycle", m, everybody);
    m = make(BANK, 0, "guarantee", "NAT2080", "APPLY",
             "{\"borrower\":\"" FIRM
             "\",\"amount_fen\":\"10000\",\"term_days\":100,\"purpose\":\"x\",\"consent\":\"sha256:c\"}");
    note("a guarantee", m, BIT(BANK) | BIT(GUAR) | BIT(REG) | BIT(NFGF));
    for (int k = 0; k < MEMBERS; k++) {
        seq_of(k, m.id); /* every API has seen the last of it */
    }
}

/* ---- looking ---- */

static int status_of(int member, const char *format, ...)
{
    char path[256];
    va_list ap;
    va_start(ap, format);
    vsnprintf(path, sizeof path, format, ap);
    va_end(ap);
    get_as(TOKEN_OWN, member, path);
    return last.status;
}

static void single_objects_are_their_parties_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < seen_count; i++) {
        for (int m = 0; m < MEMBERS; m++) {
            int want = (seen[i].parties >> m & 1) != 0 ? 200 : 404;
            const char *id = seen[i].made.id;
            int got[3] = {status_of(m, "/v1/contracts/%s", id), status_of(m, "/v1/contracts/%s/history", id),
                          status_of(m, "/v1/contracts/%s/receipt", id)};
            if (got[0] != want || got[1] != want || (want == 404 && got[2] != 404)) {
                fail_msg("%s: member %d: %d %d %d, not %d", seen[i].what, m, got[0], got[1], got[2], want);
            }
            if (seen[i].made.op[0] != '\0') {
                assert_int_equal(status_of(m, "/v1/transactions/%s/receipt", seen[i].made.op), want);
                status_of(m, "/v1/transactions/%s", seen[i].made.op);
                bool told = last.status == 200 && strcmp(text(last.json, "status"), "final") == 0;
                assert_int_equal(told, want == 200);
                status_of(m, "/v1/envelopes/%s", seen[i].made.env);
                told = last.status == 200 && strcmp(text(last.json, "status"), "final") == 0;
                assert_int_equal(told, want == 200);
            }
        }
    }
}

static void lists_have_what_is_the_member_s(void **state)
{
    (void)state;
    for (int m = 0; m < MEMBERS; m++) {
        unsigned want = 0, found = 0;
        for (unsigned i = 0; i < seen_count; i++) {
            want += seen[i].parties >> m & 1;
        }
        json_t *items = json_object_get(get_as(TOKEN_OWN, m, "/v1/contracts?limit=100"), "items"), *one;
        size_t at;
        json_array_foreach(items, at, one)
        {
            bool known = false;
            for (unsigned i = 0; i < seen_count; i++) {
                known = known || (strcmp(seen[i].made.id, text(one, "id")) == 0 && (seen[i].parties >> m & 1) != 0);
            }
            if (!known) {
                fail_msg("member %d: %s %s", m, text(one, "contract"), text(one, "id"));
            }
            found++;
        }
        assert_int_equal(found, want);
    }
}

static void books_are_the_member_s_own(void **state)
{
    static const char *const lists[] = {"/v1/postings?limit=200", "/v1/balances?limit=200"};
    unsigned total = 0;
    (void)state;
    for (int m = 0; m < MEMBERS; m++) {
        const struct zyd_span own = live.c.g.members[m].code;
        for (size_t k = 0; k < 2; k++) {
            json_t *one;
            size_t at;
            json_array_foreach(json_object_get(get_as(TOKEN_OWN, m, lists[k]), "items"), at, one)
            {
                assert_int_equal(strlen(text(one, "member")), own.size);
                assert_memory_equal(text(one, "member"), own.data, own.size);
                total++;
            }
        }
        json_t *one;
        size_t at;
        json_array_foreach(json_object_get(get_as(TOKEN_OWN, m, "/v1/obligations?limit=200"), "items"), at, one)
        {
            bool mine = strncmp(text(one, "debtor"), (const char *)own.data, own.size) == 0 ||
                        strncmp(text(one, "creditor"), (const char *)own.data, own.size) == 0;
            assert_true(mine);
        }
        assert_int_equal(status_of(m, "/v1/frames?from=1&to=1"), 403); /* whole blocks are for those who see all */
    }
    assert_true(total > 10);
}

/* An enrolment that waits is its bank's and the department's. */
static void what_waits_is_for_those_who_sign(void **state)
{
    (void)state;
    EXPECT(post(GUAR, "/v1/contracts", NULL,
                "{\"contract\":\"subsidy\",\"programme\":\"SUB\",\"event\":\"PROGRAMME\",\"client_ref\":\"V-open\","
                "\"args\":{\"state\":\"OPEN\",\"reason\":\"audit over\"}}"),
           201);
    EXPECT(post(BANK2, "/v1/contracts", NULL,
                "{\"contract\":\"subsidy\",\"programme\":\"SUB\",\"event\":\"ENROL\",\"client_ref\":\"V-wait\",\"args\":"
                "{\"borrower\":\"" FIRM "\",\"household\":\"sha256:h\",\"loan\":\"sha256:B\",\"amount_fen\":\"100000\","
                "\"value_date\":\"%d\",\"maturity\":\"%d\",\"rate_ppm\":40000,\"lpr_ppm\":30000}}",
                today(), zyd_date_add(today(), 300)),
           202);
    char op[65];
    snprintf(op, sizeof op, "%s", text(last.json, "op_id"));
    for (int m = 0; m < MEMBERS; m++) {
        bool signs = m == BANK2 || m == GUAR;
        catch_up(m);
        assert_int_equal(json_array_size(json_object_get(get_as(NULL, m, "/v1/pending"), "items")), 1);
        json_t *items = json_object_get(get_as(TOKEN_OWN, m, "/v1/pending"), "items");
        assert_int_equal(json_array_size(items), signs ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_world_is_made),
        cmocka_unit_test(single_objects_are_their_parties_alone),
        cmocka_unit_test(lists_have_what_is_the_member_s),
        cmocka_unit_test(books_are_the_member_s_own),
        cmocka_unit_test(what_waits_is_for_those_who_sign),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
