/* Goal: the API books what it is asked to, once, and tells it back to the fen.
 * Method: real replica, contract and view; an API for each of five members on it; a whole guarantee over HTTP; the same
 * requests again, from the same and from a restarted API; balances compared with the postings told; receipts checked from
 * genesis. */
#define MEMBERS 5
enum { BANK, GUAR, REG, NFGF, COUNTY };
#include "api_rig.h"

static int setup(void **state)
{
    (void)state;
    zyd_live_plan(&live, "BANK,GUAR,REG,NFGF,COUNTY");
    zyd_live_programme(&live, 1, "NAT2080",
                       "preset=NAT2080;banks=BANK;batch=true;cap_ppm=0;refee_reg_ppm=0;refee_nfgf_ppm=0;fee_ppm=0;grace=3");
    zyd_live_programme(&live, 2, "DUAL", "preset=NAT2080;banks=BANK;batch=true;cap_ppm=30000")->dual = 1;
    zyd_live_start(&live, ZYD_PLUGIN_DIR "/guarantee.elf");
    rig_start();
    return 0;
}

static char loan[65], apply_op[65], apply_env[65];

#define APPLY(ref, amount)                                                                                             \
    "{\"programme\":\"NAT2080\",\"client_ref\":\"" ref "\",\"args\":{\"borrower\":\"91430100MA4TEXT00G\","           \
    "\"amount_fen\":\"" amount "\",\"term_days\":273,\"purpose\":\"流动资金\",\"consent\":\"sha256:consent\"}}"

/* The object as this member's API tells it, once it knows what was written last. */
static json_t *contract_at(int node, uint64_t seq)
{
    char path[100];
    snprintf(path, sizeof path, "/v1/contracts/%s", loan);
    catch_up(node);
    json_t *o = get(node, path);
    if (last.status != 200 || (uint64_t)json_integer_value(json_object_get(o, "seq")) < seq) {
        fail_msg("object not at seq %u at node %d: %s", (unsigned)seq, node, last.body);
    }
    return o;
}

static int event(int node, uint64_t seq, const char *name, const char *key, const char *args)
{
    char path[160];
    contract_at(node, seq);
    snprintf(path, sizeof path, "/v1/contracts/%s/events/%s", loan, name);
    return post(node, path, key, "{\"expect_seq\":%u,\"args\":%s}", (unsigned)seq, args);
}

static int countersign(int node, const char *op)
{
    char path[160];
    snprintf(path, sizeof path, "/v1/pending/%s/countersignatures", op);
    catch_up(node);
    return post(node, path, NULL, "{}");
}

/* ---- the tests, in the order of one contract's life ---- */

static void an_application_is_booked_and_told(void **state)
{
    (void)state;
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-1", "100000000")), 201);
    snprintf(loan, sizeof loan, "%s", text(last.json, "id"));
    snprintf(apply_op, sizeof apply_op, "%s", text(last.json, "op_id"));
    snprintf(apply_env, sizeof apply_env, "%s", text(last.json, "env_id"));
    assert_int_equal(strlen(loan), 64);
    assert_string_equal(text(last.json, "result"), "done");
    assert_string_equal(text(last.json, "event"), "APPLY");
    assert_string_equal(text(json_object_get(last.json, "args"), "amount_fen"), "100000000");
    assert_string_equal(zyd_http_header_of(&last, "Location") + 14, loan);
    assert_int_equal(strlen(zyd_http_header_of(&last, "Zyd-Request-Id")), 26);
    assert_true(atoi(zyd_http_header_of(&last, "Zyd-Height")) >= 1);
    json_t *o = contract_at(BANK, 1);
    assert_string_equal(text(o, "state"), "APPLIED");
    assert_string_equal(text(o, "client_ref"), "BA-1");
    assert_string_equal(text(o, "borrower"), "91430100MA4TEXT00G");
    assert_string_equal(text(o, "amount_fen"), "100000000");
    assert_string_equal(text(o, "amount_yuan"), "1000000.00");
    assert_string_equal(text(get(BANK, "/v1/contracts/BA-1"), "id"), loan); /* by its reference */
}

static void the_same_request_again_books_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-1", "100000000")), 201);
        assert_string_equal(text(last.json, "op_id"), apply_op);
        assert_string_equal(text(last.json, "env_id"), apply_env);
    }
    /* the same reference for something else */
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-1", "100000001")), 422);
    assert_string_equal(text(last.json, "code"), "E8014");
    assert_true(json_is_false(json_object_get(last.json, "written")));
    stop_node(&nodes[BANK]); /* a restarted node reads its journal */
    start_node(&nodes[BANK]);
    contract_at(BANK, 1);
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-1", "100000000")), 201);
    assert_string_equal(text(last.json, "env_id"), apply_env);
    stop_node(&nodes[BANK]); /* and even without its journal the ledger knows */
    char path[128];
    snprintf(path, sizeof path, "%s/api.journal", nodes[BANK].dir);
    assert_int_equal(unlink(path), 0);
    start_node(&nodes[BANK]);
    contract_at(BANK, 1);
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-1", "100000000")), 201);
    assert_string_equal(text(last.json, "env_id"), apply_env);
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-1", "100000001")), 409);
    assert_string_equal(text(last.json, "code"), "E9109");
    assert_int_equal(json_array_size(json_object_get(get(BANK, "/v1/contracts"), "items")), 1);
}

static void freeze(bool on)
{
    pthread_mutex_lock(&live.lock);
    live.frozen = on; /* what the API submits is taken, and lost */
    live.submits = 0;
    pthread_mutex_unlock(&live.lock);
}

/* Asks and does not wait for the answer; returns when the replica's side has taken the envelope. */
static int ask_and_look_away(const char *body)
{
    char head[512];
    int fd = zyd_http_connect(nodes[BANK].port);
    int n = snprintf(head, sizeof head,
                     "POST /v1/contracts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " TOKEN_MAKER
                     "\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                     strlen(body));
    zyd_http_write(fd, head, (size_t)n);
    zyd_http_write(fd, body, strlen(body));
    zyd_live_await_submit(&live);
    return fd;
}

static void an_envelope_lost_between_answer_and_booking_is_sent_again_unchanged(void **state)
{
    char env[65];
    (void)state;
    freeze(true);
    int fd = ask_and_look_away(APPLY("BA-2", "5000000"));
    /* a second one while the first has no answer */
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-2", "5000000")), 409);
    assert_string_equal(text(last.json, "code"), "E8015");
    assert_string_equal(text(last.json, "written"), "unknown");
    close(fd);
    stop_node(&nodes[BANK]); /* kill -9 would do the same to the journal: it was synced before the envelope left */
    freeze(false);
    start_node(&nodes[BANK]);
    contract_at(BANK, 1);
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-2", "5000000")), 201);
    snprintf(env, sizeof env, "%s", text(last.json, "env_id"));
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-2", "5000000")), 201);
    assert_string_equal(text(last.json, "env_id"), env);
    assert_int_equal(json_array_size(json_object_get(get(BANK, "/v1/contracts?client_ref=BA-2"), "items")), 1);
}

static void only_when_block_time_is_past_the_lost_one_is_it_signed_anew(void **state)
{
    char lost[65], op[65], path[100];
    struct zyd_err err = {0};
    struct zyd_journal *j;
    (void)state;
    freeze(true);
    int fd = ask_and_look_away(APPLY("BA-3", "5000000"));
    close(fd);
    stop_node(&nodes[BANK]);
    snprintf(path, sizeof path, "%s/api.journal", nodes[BANK].dir);
    assert_int_equal(zyd_journal_open(&j, &err, path), ZYD_OK);
    const struct zyd_journal_entry *e = NULL;
    for (uint32_t i = 0; zyd_journal_at(j, i); i++) {
        e = zyd_journal_at(j, i);
    }
    assert_non_null(e);
    sodium_bin2hex(lost, sizeof lost, e->env_id.b, 32);
    sodium_bin2hex(op, sizeof op, e->op_id.b, 32);
    uint64_t valid_until = e->valid_until_ms;
    zyd_journal_close(j);
    freeze(false);
    zyd_live_clock(&live, (int64_t)valid_until + 60000); /* the clock is past it: the replica would refuse the bytes */
    start_node(&nodes[BANK]);
    contract_at(BANK, 1);
    UNTIL(post(BANK, "/v1/contracts", NULL, APPLY("BA-3", "5000000")) == 201)
    { /* until a block says so, too, the outcome is unknown */
        assert_int_equal(last.status, 504);
        assert_string_equal(text(last.json, "written"), "unknown");
        assert_string_equal(text(last.json, "retry"), "same_request");
    }
    assert_string_equal(text(last.json, "op_id"), op);
    assert_string_not_equal(text(last.json, "env_id"), lost);
    assert_int_equal(json_array_size(json_object_get(get(BANK, "/v1/contracts?client_ref=BA-3"), "items")), 1);
    snprintf(path, sizeof path, "/v1/envelopes/%s", lost);
    assert_string_not_equal(text(get(BANK, path), "status"), "final");
}

static void a_guarantee_becomes_active_with_countersignatures_one_after_another(void **state)
{
    char op[65], path[160];
    (void)state;
    EXPECT(event(BANK, 1, "DD_DONE", "k1", "{\"bank_report\":\"sha256:report\"}"), 200);
    EXPECT(event(GUAR, 2, "OFFER", "k1", "{\"amount_fen\":\"100000000\"}"), 200);
    EXPECT(event(REG, 3, "FILE_RE", "k1", "{\"filing\":\"sha256:filing\"}"), 202);
    assert_string_equal(text(last.json, "result"), "waiting");
    assert_string_equal(text(last.json, "code"), "E9114");
    snprintf(op, sizeof op, "%s", text(last.json, "op_id"));
    EXPECT(countersign(NFGF, op), 200);
    EXPECT(countersign(NFGF, op), 200); /* again: the same answer */
    snprintf(path, sizeof path, "/v1/transactions/%s", op);
    json_t *o = get(NFGF, path);
    assert_string_equal(text(json_object_get(o, "countersigned"), "state"), "done");
    EXPECT(event(GUAR, 4, "ISSUE", "k2", "{\"letter\":\"sha256:letter\",\"valid_until\":\"2026-01-30\"}"), 202);
    snprintf(op, sizeof op, "%s", text(last.json, "op_id"));
    EXPECT(countersign(BANK, op), 200);
    EXPECT(event(BANK, 5, "DISBURSE", "k3",
                 "{\"drawdown\":1,\"amount_fen\":\"100000000\",\"value_date\":\"2026-01-05\",\"maturity\":\"2026-10-05\","
                 "\"rate_ppm\":43500}"),
           200);
    assert_true(json_array_size(json_object_get(last.json, "postings")) >= 4);
    o = contract_at(BANK, 6);
    assert_string_equal(text(o, "state"), "ACTIVE");
    assert_string_equal(text(o, "principal_yuan"), "1000000.00");
    assert_int_equal(json_array_size(json_object_get(o, "drawdowns")), 1);
    assert_true(json_array_size(json_object_get(o, "deadlines")) >= 1);
    assert_int_equal(json_array_size(json_object_get(o, "parties")), 4);
    snprintf(path, sizeof path, "/v1/contracts/%s/history", loan);
    o = get(BANK, path);
    json_t *items = json_object_get(o, "items");
    assert_true(json_array_size(items) >= 8);
    assert_string_equal(text(json_array_get(items, 0), "event"), "APPLY");
    snprintf(path, sizeof path, "/v1/contracts/%s/history?limit=3", loan); /* pages join to the whole */
    size_t seen = 0;
    for (json_t *page = get(BANK, path);; page = get(BANK, path)) {
        json_t *some = json_object_get(page, "items");
        seen += json_array_size(some);
        if (json_is_null(json_object_get(page, "next"))) {
            break;
        }
        assert_int_equal(json_array_size(some), 3);
        assert_non_null(strstr(zyd_http_header_of(&last, "Link"), "rel=\"next\""));
        snprintf(path, sizeof path, "/v1/contracts/%.64s/history?limit=3&after=%.12s", loan, text(page, "next"));
    }
    snprintf(path, sizeof path, "/v1/contracts/%s/history", loan);
    assert_int_equal(seen, json_array_size(json_object_get(get(BANK, path), "items")));
}

static void what_the_ledger_refuses_is_a_problem_that_says_what_is_there(void **state)
{
    (void)state;
    /* seq 6 is taken at the latest: stale ones are refused, with what is there */
    EXPECT(event(BANK, 3, "REPAY", "s1", "{\"drawdown\":1,\"amount_fen\":\"100\",\"value_date\":\"2026-01-05\"}"), 409);
    assert_string_equal(text(last.json, "code"), "E9108");
    assert_true(json_integer_value(json_object_get(json_object_get(last.json, "current"), "seq")) >= 6);
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(contract_at(BANK, 6), "seq"));
    /* no such drawdown: the contract says no */
    EXPECT(event(BANK, seq, "REPAY", "s2", "{\"drawdown\":9,\"amount_fen\":\"100\",\"value_date\":\"2026-01-05\"}"), 422);
    assert_true(json_is_false(json_object_get(last.json, "written")));
    assert_true(strlen(text(last.json, "retry")) > 0 && strlen(text(last.json, "title")) > 0);
    assert_true(json_integer_value(json_object_get(last.json, "height")) > 0);
    int status = last.status;
    EXPECT(event(BANK, seq, "REPAY", "s2", "{\"drawdown\":9,\"amount_fen\":\"100\",\"value_date\":\"2026-01-05\"}"), status);
    /* the key is used up, another one asks anew and is right now */
    EXPECT(event(BANK, seq, "REPAY", "s2", "{\"drawdown\":1,\"amount_fen\":\"100\",\"value_date\":\"2026-01-05\"}"), 422);
    assert_string_equal(text(last.json, "code"), "E8014");
    EXPECT(event(BANK, seq, "REPAY", "s3", "{\"drawdown\":1,\"amount_fen\":\"10000\",\"value_date\":\"2026-01-05\"}"), 200);
    EXPECT(event(BANK, seq, "REPAY", "s3", "{\"drawdown\":1,\"amount_fen\":\"10000\",\"value_date\":\"2026-01-05\"}"), 200);
    assert_string_equal(text(contract_at(BANK, seq + 1), "principal_fen"), "99990000");
    /* the first fields that are wrong, by pointer */
    EXPECT(event(BANK, seq + 1, "REPAY", "s4", "{\"drawdown\":1,\"amount\":\"10000\",\"value_date\":\"2026-01-05\"}"), 422);
    assert_string_equal(text(json_array_get(json_object_get(last.json, "errors"), 0), "pointer"), "/args/amount");
    EXPECT(event(BANK, seq + 1, "REPAY", "s4", "{\"drawdown\":1,\"value_date\":\"2026-01-05\"}"), 400);
    assert_string_equal(text(last.json, "code"), "E8017");
    assert_string_equal(text(json_array_get(json_object_get(last.json, "errors"), 0), "pointer"), "/args/amount_fen");
    EXPECT(event(BANK, seq + 1, "REPAY", "s4", "{\"drawdown\":1,\"colour\":1}"), 400);
    assert_string_equal(text(last.json, "code"), "E8016");
    EXPECT(event(BANK, seq + 1, "FLY", "s4", "{}"), 404);
    EXPECT(event(BANK, seq + 1, "REPAY", NULL, "{}"), 400);
    assert_string_equal(text(last.json, "code"), "E8013");
}

static void balances_equal_the_postings_that_are_told(void **state)
{
    (void)state;
    long long by_side[2] = {0, 0}, sum = 0;
    json_t *o = get(BANK, "/v1/postings?member=BANK&limit=500");
    size_t i;
    json_t *p;
    assert_true(json_is_null(json_object_get(o, "next")));
    json_array_foreach(json_object_get(o, "items"), i, p)
    {
        long long fen = atoll(text(p, "amount_fen"));
        by_side[0] += strncmp(text(p, "dr"), "1101", 4) == 0 ? fen : 0;
        by_side[1] += strncmp(text(p, "cr"), "1101", 4) == 0 ? fen : 0;
        sum += fen;
    }
    o = get(BANK, "/v1/balances?member=BANK&prefix=1101");
    p = json_array_get(json_object_get(o, "items"), 0);
    assert_int_equal(atoll(text(p, "debits_fen")), by_side[0]);
    assert_int_equal(atoll(text(p, "credits_fen")), by_side[1]);
    assert_int_equal(atoll(text(p, "balance_fen")), 99990000);
    assert_string_equal(text(p, "side"), "Dr");
    o = get(BANK, "/v1/balances?member=BANK");
    assert_int_equal(atoll(text(json_object_get(o, "totals"), "debits_fen")), sum);
    assert_int_equal(atoll(text(json_object_get(o, "totals"), "credits_fen")), sum);
    o = get(BANK, "/v1/programmes");
    p = json_array_get(json_object_get(o, "items"), 0);
    assert_string_equal(text(p, "breaker"), "NORMAL");
    assert_int_equal(json_integer_value(json_object_get(p, "contracts")), 3);
    assert_string_equal(text(p, "principal_fen"), "99990000");
    o = get(BANK, "/v1/programmes/DUAL");
    assert_string_equal(text(json_object_get(o, "params"), "banks"), "BANK");
}

static void a_receipt_stands_alone(void **state)
{
    char path[200];
    const char *why = "";
    const struct zyd_sig_ops sig = zyd_test_sig_ops(NULL);
    struct zyd_receipt *receipt = malloc(sizeof *receipt);
    (void)state;
    static const char *const forms[] = {"/v1/contracts/%s/receipt", "/v1/transactions/%s/receipt"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, forms[i], i == 0 ? loan : apply_op);
        zyd_http_answer_free(&last);
        last = zyd_http_call(nodes[GUAR].port, NULL, "GET", path, "Accept: application/octet-stream\r\n", NULL, 0);
        if (last.status != 200) {
            fail_msg("%d %s", last.status, last.body);
        }
        assert_int_equal(zyd_receipt_decode(receipt, zyd_span(last.body, last.size)), ZYD_OK);
        if (zyd_receipt_check(receipt, &why, &live.c.g, &sig) != ZYD_OK) {
            fail_msg("%s", why);
        }
        last.body[last.size / 2] ^= 1;
        bool good = zyd_receipt_decode(receipt, zyd_span(last.body, last.size)) == ZYD_OK &&
                    zyd_receipt_check(receipt, &why, &live.c.g, &sig) == ZYD_OK;
        assert_false(good);
    }
    struct zyd_op op;
    last.body[last.size / 2] ^= 1;
    assert_int_equal(zyd_receipt_decode(receipt, zyd_span(last.body, last.size)), ZYD_OK);
    assert_int_equal(zyd_op_decode(&op, receipt->op), ZYD_OK);
    assert_int_equal(op.event, 1); /* APPLY */
    json_t *o = get(GUAR, path);
    assert_true(strlen(text(o, "receipt")) > 500);
    free(receipt);
}

static void records_have_proofs_and_blocks_are_exported(void **state)
{
    char path[200];
    (void)state;
    snprintf(path, sizeof path, "/v1/records/proof?kind=object&id=%s", loan);
    json_t *o = get(BANK, path);
    assert_int_equal(last.status, 200);
    assert_true(json_is_true(json_object_get(o, "present")));
    uint8_t leaf[ZYD_LEAF_SIZE_MAX], head[ZYD_HEADER_SIZE];
    size_t leaf_size = 0, head_size = 0;
    struct zyd_hash nodes_[64], key;
    struct zyd_header h;
    struct zyd_record rec;
    bool present = false;
    assert_int_equal(sodium_base642bin(leaf, sizeof leaf, text(o, "leaf"), strlen(text(o, "leaf")), NULL, &leaf_size, NULL,
                                       sodium_base64_VARIANT_ORIGINAL), 0);
    assert_int_equal(sodium_hex2bin(head, sizeof head, text(o, "header"), strlen(text(o, "header")), NULL, &head_size, NULL),
                     0);
    assert_int_equal(sodium_hex2bin(key.b, 32, text(o, "key"), 64, NULL, NULL, NULL), 0);
    size_t n = json_array_size(json_object_get(o, "path"));
    for (size_t i = 0; i < n; i++) {
        const char *hex = json_string_value(json_array_get(json_object_get(o, "path"), i));
        assert_int_equal(sodium_hex2bin(nodes_[i].b, 32, hex, 64, NULL, NULL, NULL), 0);
    }
    assert_int_equal(zyd_header_decode(&h, zyd_span(head, head_size)), ZYD_OK);
    assert_int_equal(zyd_state_check_proof(&rec, &present, &h.state_root, h.state_size, zyd_span(leaf, leaf_size),
                                           (uint64_t)atoll(text(o, "index")), nodes_, n, &key), ZYD_OK);
    assert_true(present);
    o = get(BANK, "/v1/records/0000000000000000000000000000000000000000000000000000000000000001/proof");
    assert_true(json_is_false(json_object_get(o, "present")));
    /* frames join to what each block alone gives */
    o = get(BANK, "/v1/blocks?limit=1");
    uint64_t tip = (uint64_t)json_integer_value(json_object_get(json_array_get(json_object_get(o, "items"), 0), "height"));
    assert_true(tip >= 5);
    uint64_t sum = 0;
    for (uint64_t k = 1; k <= tip; k++) {
        snprintf(path, sizeof path, "/v1/blocks/%u/raw", (unsigned)k);
        get(BANK, path);
        assert_int_equal(last.status, 200);
        struct zyd_rd rd = zyd_rd_of(zyd_span(last.body, last.size));
        struct zyd_block_view b;
        struct zyd_finality f;
        struct zyd_span block = zyd_rx_block(&rd, last.size), fin = zyd_rx_block(&rd, last.size);
        const struct zyd_sig_ops sig = zyd_test_sig_ops(NULL);
        assert_int_equal(zyd_rd_done(&rd), ZYD_OK);
        assert_int_equal(zyd_block_decode(&b, block), ZYD_OK);
        assert_int_equal(b.header.height, k);
        assert_int_equal(b.writes.size, 0);
        assert_int_equal(zyd_finality_decode(&f, fin), ZYD_OK);
        assert_int_equal(zyd_finality_check(&f, &b.header, &live.c.g, &sig), ZYD_OK);
        sum += last.size;
    }
    snprintf(path, sizeof path, "/v1/frames?from=1&to=%u", (unsigned)tip);
    get(BANK, path);
    assert_int_equal(last.size, sum);
    assert_string_equal(zyd_http_header_of(&last, "Zyd-Next"), "");
    o = get(BANK, "/v1/blocks/latest");
    assert_true(json_array_size(json_object_get(json_object_get(o, "finality"), "signers")) == 1);
    get(BANK, "/v1/blocks/999999");
    assert_int_equal(last.status, 404);
}

static void obligations_are_paid_by_debtor_and_creditor(void **state)
{
    char id[65], op[65], path[160];
    (void)state;
    /* an overdue contract by OPENING, a claim, and its obligations */
    EXPECT(post(BANK, "/v1/contracts", NULL,
                "{\"programme\":\"NAT2080\",\"client_ref\":\"OP-1\",\"event\":\"OPENING\",\"args\":{\"state\":\"ACTIVE\","
                "\"borrower\":\"91430100MA4TEXT00G\",\"amount_fen\":\"234567891\",\"principal_fen\":\"234567891\",\"rate_ppm\":"
                "\"4.35%%\","
                "\"value_date\":\"2025-01-27\",\"settled_to\":\"2025-12-20\",\"maturity\":\"2026-01-27\","
                "\"rows\":\"BANK 1101 2101.BORR 2345678.91\"}}"),
           201);
    snprintf(loan, sizeof loan, "%s", text(last.json, "id"));
    zyd_http_answer_free(&last);
    static const char clock[] = "{\"to\":\"2026-01-28\"}";
    last = zyd_http_call(nodes[BANK].port, TOKEN_OPERATOR, "POST", "/v1/dev/clock", "Content-Type: application/json\r\n", clock,
                         sizeof clock - 1);
    assert_int_equal(last.status, 200);
    assert_string_equal(text(last.json, "date"), "2026-01-28");
    json_t *o = NULL;
    UNTIL(strcmp(text(o = contract_at(BANK, 1), "interest_fen"), "0") != 0); /* the maturity's deadline fires by itself */
    char args[200];
    snprintf(args, sizeof args, "{\"overdue_date\":\"2026-01-27\",\"principal_fen\":\"234567891\",\"interest_fen\":\"%s\"}",
             text(o, "interest_fen"));
    char interest[32];
    snprintf(interest, sizeof interest, "%s", text(o, "interest_fen"));
    EXPECT(event(BANK, 1, "OVERDUE", "c1", args), 200);
    static const char later[] = "{\"to\":\"2026-04-08T09:00:00+08:00\"}";
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[BANK].port, TOKEN_OPERATOR, "POST", "/v1/dev/clock", "Content-Type: application/json\r\n", later,
                         sizeof later - 1);
    assert_int_equal(last.status, 200);
    snprintf(args, sizeof args, "{\"principal_fen\":\"234567891\",\"interest_fen\":\"%s\"}", interest);
    EXPECT(event(BANK, 2, "CLAIM", "c2", args), 200);
    long long total = 234567891 + atoll(interest);
    snprintf(args, sizeof args, "{\"amount_fen\":\"%lld\"}", total);
    EXPECT(event(GUAR, 3, "APPROVE", "c3", args), 200);
    o = contract_at(BANK, 4);
    assert_string_equal(text(json_object_get(o, "claim"), "first_payer"), "GUAR");
    assert_int_equal(atoll(text(json_object_get(o, "claim"), "total_fen")), total);
    assert_int_equal(json_array_size(json_object_get(o, "obligations")), 3);
    o = get(BANK, "/v1/obligations?creditor=BANK&state=CREATED");
    assert_int_equal(json_array_size(json_object_get(o, "items")), 1);
    o = json_array_get(json_object_get(o, "items"), 0);
    assert_string_equal(text(o, "debtor"), "GUAR");
    snprintf(id, sizeof id, "%s", text(o, "id"));
    snprintf(path, sizeof path, "/v1/obligations/%s/paid", id);
    EXPECT(post(COUNTY, path, "p1", "{\"bank_ref\":\"X\"}"), 404); /* not its business */
    contract_at(GUAR, 4);
    EXPECT(post(GUAR, path, "p1", "{\"bank_ref\":\"HVPS-1\"}"), 202);
    snprintf(op, sizeof op, "%s", text(last.json, "op_id"));
    EXPECT(post(GUAR, path, "p1", "{\"bank_ref\":\"HVPS-1\"}"), 202);
    assert_string_equal(text(last.json, "op_id"), op);
    o = get(GUAR, "/v1/pending?member=BANK");
    assert_int_equal(json_array_size(json_object_get(o, "items")), 1);
    EXPECT(countersign(BANK, op), 200);
    o = get(BANK, "/v1/obligations?creditor=BANK&state=SETTLED");
    assert_int_equal(json_array_size(json_object_get(o, "items")), 1);
    assert_int_equal(json_array_size(json_object_get(get(BANK, "/v1/pending"), "items")), 0);
    UNTIL(strcmp(text(contract_at(BANK, 4), "state"), "COMPENSATED") == 0); /* the contract hears of it in the next block */
}

static void in_a_dual_programme_a_checker_approves_what_a_maker_asked_for(void **state)
{
    char op[65], path[160];
    (void)state;
    static const char body[] =
        "{\"programme\":\"DUAL\",\"client_ref\":\"D-1\",\"args\":{\"borrower\":\"91430100MA4TEXT00G\","
        "\"amount_fen\":\"1000\",\"term_days\":100,\"purpose\":\"x\",\"consent\":\"sha256:c\"}}";
    EXPECT(post(BANK, "/v1/contracts", NULL, "%s", body), 202);
    assert_string_equal(text(last.json, "status"), "awaiting_checker");
    snprintf(op, sizeof op, "%s", text(last.json, "op_id"));
    EXPECT(post(BANK, "/v1/contracts", NULL, "%s", body), 202); /* again: still one */
    assert_int_equal(json_array_size(json_object_get(get(BANK, "/v1/pending?state=awaiting_checker"), "items")), 1);
    EXPECT(countersign(BANK, op), 403); /* the maker cannot */
    stop_node(&nodes[BANK]);
    start_node(&nodes[BANK]);
    snprintf(path, sizeof path, "/v1/pending/%s/countersignatures", op);
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[BANK].port, TOKEN_CHECKER, "POST", path, "Prefer: wait=15\r\n", NULL, 0);
    if (last.status != 201) {
        fail_msg("%d %s", last.status, last.body);
    }
    EXPECT(post(BANK, "/v1/contracts", NULL, "%s", body), 201);
    assert_string_equal(text(last.json, "op_id"), op);
    assert_int_equal(json_array_size(json_object_get(get(BANK, "/v1/pending?state=awaiting_checker"), "items")), 0);
}

static void envelopes_of_many_operations_are_taken_as_bytes(void **state)
{
    static uint8_t ops[1 << 16], bytes[1 << 17];
    static struct zyd_hash leaves[100], ids[100];
    struct zyd_wr wr = zyd_wr_of(ops, sizeof ops), env = zyd_wr_of(bytes, sizeof bytes);
    (void)state;
    for (int i = 0; i < 100; i++) {
        uint8_t one[512], args[256];
        char ref[16], consent[32] = {1};
        snprintf(ref, sizeof ref, "E-%d", i == 99 ? 0 : i); /* the last repeats the first's reference */
        struct zyd_wr a = zyd_wr_of(args, sizeof args), o = zyd_wr_of(one, sizeof one);
        zyd_wr_array(&a, 6);
        zyd_wr_str(&a, "91430100MA4TEXT00G", 18);
        zyd_wr_u64(&a, 1000 + (uint64_t)i);
        zyd_wr_u64(&a, 100);
        zyd_wr_str(&a, "x", 1);
        zyd_wr_nil(&a);
        zyd_wr_bin(&a, consent, 32);
        struct zyd_op op = {.contract = 1,
                            .event = 1,
                            .programme = 1,
                            .member = 0,
                            .client_ref = zyd_span(ref, strlen(ref)),
                            .args = zyd_wr_span(&a)};
        zyd_op_encode(&o, &op);
        zyd_wx_block(&wr, zyd_wr_span(&o));
        zyd_merkle_leaf(&ids[i], o.data, o.size);
    }
    zyd_env_build(&env, &live.c.g.hash, ZYD_ENV_BUSINESS, 0, (uint64_t)zyd_live_wall(&live) + 60000, 100, zyd_wr_span(&wr),
                  leaves);
    size_t unsigned_size = env.size;
    zyd_env_sign(&env, 0, 2, nodes[BANK].maker.sk);
    static const char headers[] = "Content-Type: application/octet-stream\r\nPrefer: wait=15\r\n";
    for (int i = 0; i < 3; i++) {
        zyd_http_answer_free(&last);
        last = zyd_http_call(nodes[GUAR].port, TOKEN_MAKER, "POST", "/v1/envelopes", headers, env.data, env.size);
        if (last.status != 200) {
            fail_msg("%d %s", last.status, last.body);
        }
        assert_string_equal(text(last.json, "status"), "final");
        assert_int_equal(json_integer_value(json_object_get(last.json, "done")), 99);
        assert_int_equal(json_integer_value(json_object_get(last.json, "refused")), 1);
        json_t *list = json_object_get(last.json, "operations");
        assert_int_equal(json_array_size(list), 100);
        assert_string_equal(text(json_array_get(list, 99), "code"), "E9109");
    }
    char path[100], id[65];
    sodium_bin2hex(id, sizeof id, ids[42].b, 32);
    snprintf(path, sizeof path, "/v1/transactions/%s", id);
    assert_string_equal(text(get(GUAR, path), "status"), "final");
    if (strcmp(text(json_object_get(last.json, "args"), "amount_fen"), "1042") != 0) {
        fail_msg("%s", last.body);
    }
    snprintf(path, sizeof path, "/v1/envelopes/%s", text(last.json, "env_id"));
    assert_string_equal(text(get(GUAR, path), "status"), "final");
    get(GUAR, "/v1/transactions/00000000000000000000000000000000000000000000000000000000000000aa");
    assert_string_equal(text(last.json, "status"), "unknown");
    /* wrong bytes never reach the replica */
    pthread_mutex_lock(&live.lock);
    uint64_t before = live.submits;
    pthread_mutex_unlock(&live.lock);
    static const int expect[4] = {422, 422, 422, 422};
    for (int i = 0; i < 4; i++) {
        uint8_t *copy = malloc(env.size);
        memcpy(copy, env.data, env.size);
        size_t size = env.size;
        size_t at = i == 0 ? env.size - 5 : i == 1 ? 10 : i == 2 ? unsigned_size - 30 : 0;
        copy[at] ^= 1;
        size -= i == 3 ? 10 : 0;
        zyd_http_answer_free(&last);
        last = zyd_http_call(nodes[GUAR].port, TOKEN_MAKER, "POST", "/v1/envelopes", headers, copy, size);
        assert_int_equal(last.status, expect[i]);
        assert_true(json_is_false(json_object_get(last.json, "written")));
        free(copy);
    }
    pthread_mutex_lock(&live.lock);
    assert_int_equal(live.submits, before);
    live.deaf = true;
    pthread_mutex_unlock(&live.lock);
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-9", "5000000")), 429);
    assert_string_equal(zyd_http_header_of(&last, "Retry-After"), "1");
    assert_string_equal(text(last.json, "retry"), "later");
    pthread_mutex_lock(&live.lock);
    live.deaf = false;
    pthread_mutex_unlock(&live.lock);
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("BA-9", "5000000")), 201);
}

static json_t *plugin_of(uint64_t contract)
{
    json_t *items = json_object_get(get(GUAR, "/v1/plugins"), "items"), *one;
    size_t i;
    json_array_foreach(items, i, one)
    {
        if ((uint64_t)json_integer_value(json_object_get(one, "contract")) == contract) {
            return one;
        }
    }
    return NULL;
}

static void a_plugin_that_the_members_added_is_listed_and_served_from_the_ledger(void **state)
{
    static uint8_t elf[ZYD_PLUGIN_SIZE_MAX], bytes[ZYD_OP_PLUGIN_SIZE_MAX + 4096], args[ZYD_OP_PLUGIN_SIZE_MAX],
        one[sizeof bytes];
    struct zyd_hash hash, leaf;
    char url[100], hex[65];
    (void)state;
    FILE *f = fopen(ZYD_PLUGIN_DIR "/template.elf", "rb");
    assert_non_null(f);
    size_t size = fread(elf, 1, sizeof elf, f);
    fclose(f);
    zyd_sha256(&hash, elf, size);
    sodium_bin2hex(hex, sizeof hex, hash.b, 32);
    snprintf(url, sizeof url, "/v1/plugins/%s", hex);
    assert_string_equal(text(plugin_of(1), "source"), "genesis");
    assert_string_equal(text(plugin_of(1), "name"), "guarantee");
    assert_null(plugin_of(9));
    get(GUAR, url);
    assert_int_equal(last.status, 404);
    struct zyd_wr a = zyd_wr_of(args, sizeof args), o = zyd_wr_of(one, sizeof one), env = zyd_wr_of(bytes, sizeof bytes);
    static uint8_t ops[sizeof bytes];
    struct zyd_wr wr = zyd_wr_of(ops, sizeof ops);
    zyd_wr_array(&a, 4);
    zyd_wr_u64(&a, 9);
    zyd_wr_str(&a, "iou", 3);
    zyd_wr_hash(&a, &hash);
    zyd_wr_bin(&a, elf, size);
    const struct zyd_op op = {.event = ZYD_HOST_PLUGIN, .client_ref = zyd_span("PLUGIN-1", 8), .args = zyd_wr_span(&a)};
    zyd_op_encode(&o, &op);
    zyd_wx_block(&wr, zyd_wr_span(&o));
    zyd_env_build(&env, &live.c.g.hash, ZYD_ENV_GOVERNANCE, 0, (uint64_t)zyd_live_wall(&live) + 60000, 1, zyd_wr_span(&wr),
                  &leaf);
    for (uint16_t m = 0; m < 4; m++) { /* four of five voters */
        zyd_env_sign(&env, m, 2, nodes[m].maker.sk);
    }
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[GUAR].port, TOKEN_GOVERNOR, "POST", "/v1/envelopes",
                         "Content-Type: application/octet-stream\r\nPrefer: wait=15\r\n", env.data, env.size);
    if (last.status != 200 || json_integer_value(json_object_get(last.json, "done")) != 1) {
        fail_msg("%d %s", last.status, last.body);
    }
    assert_string_equal(text(plugin_of(9), "source"), "governance");
    assert_string_equal(text(plugin_of(9), "sha256"), hex);
    get(GUAR, url);
    assert_int_equal(last.status, 200);
    assert_int_equal(last.size, size);
    assert_memory_equal(last.body, elf, size);
}

static void tokens_say_who_may_do_and_see_what(void **state)
{
    (void)state;
    static const char body[] = APPLY("BA-7", "100");
    const char *json = "Content-Type: application/json\r\n";
    static const struct {
        const char *token;
        int status;
    } cases[] = {{NULL, 401},          {"wrong-token-0123456789", 401}, {"short", 401},
                 {TOKEN_CHECKER, 403}, {TOKEN_OPERATOR, 403},           {TOKEN_OWN, 403}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        zyd_http_answer_free(&last);
        last = zyd_http_call(nodes[BANK].port, cases[i].token, "POST", "/v1/contracts", json, body, sizeof body - 1);
        assert_int_equal(last.status, cases[i].status);
        assert_true(strlen(text(last.json, "remedy")) > 0);
    }
    /* scope own: COUNTY is no party of anything; GUAR is of all */
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[COUNTY].port, TOKEN_OWN, "GET", "/v1/contracts", "", NULL, 0);
    assert_int_equal(last.status, 200);
    assert_int_equal(json_array_size(json_object_get(last.json, "items")), 0);
    char path[100];
    snprintf(path, sizeof path, "/v1/contracts/%s", loan);
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[COUNTY].port, TOKEN_OWN, "GET", path, "", NULL, 0);
    assert_int_equal(last.status, 404);
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[GUAR].port, TOKEN_OWN, "GET", path, "", NULL, 0);
    assert_int_equal(last.status, 200);
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[GUAR].port, TOKEN_OWN, "GET", "/v1/balances", "", NULL, 0);
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(last.json, "items"), i, p)
    {
        assert_string_equal(text(p, "member"), "GUAR");
    }
    zyd_http_answer_free(&last);
    last = zyd_http_call(nodes[GUAR].port, TOKEN_OWN, "GET", "/v1/blocks/1", "", NULL, 0);
    assert_int_equal(last.status, 403);
}

static void the_node_tells_its_health_and_metrics(void **state)
{
    struct zyd_api_health health = {0};
    (void)state;
    get(BANK, "/readyz");
    assert_int_equal(last.status, 503); /* the loop has not told its health */
    assert_true(json_array_size(json_object_get(last.json, "checks")) >= 1);
    zyd_api_on_health(nodes[BANK].api, &health);
    get(BANK, "/readyz?verbose");
    assert_int_equal(last.status, 200);
    assert_true(json_array_size(json_object_get(last.json, "checks")) >= 5);
    health.read_only = true;
    zyd_api_on_health(nodes[BANK].api, &health);
    get(BANK, "/readyz");
    assert_int_equal(last.status, 503);
    assert_string_equal(text(json_array_get(json_object_get(last.json, "checks"), 0), "name"), "writable");
    get(BANK, "/livez");
    assert_string_equal(last.body, "ok\n");
    get(BANK, "/metrics");
    assert_int_equal(last.status, 404); /* not here */
    zyd_http_answer_free(&last);
    last = zyd_http_call(zyd_api_metrics_port(nodes[BANK].api), NULL, "GET", "/metrics", "", NULL, 0);
    assert_int_equal(last.status, 200);
    assert_non_null(strstr(last.body, "\nzyd_consensus_height "));
    assert_non_null(strstr(last.body, "zyd_transactions_total{result=\"done\"} "));
    assert_non_null(strstr(last.body, "zyd_contracts{state=\"APPLIED\"} "));
    assert_non_null(strstr(last.body, "route=\"/v1/contracts\""));
    static const char *const plain[] = {"/v1/nodes",  "/v1/status",    "/v1/version",           "/v1/errors",
                                        "/v1/schema", "/v1/dev/clock", "/v1/pending?state=all", "/v1/blocks?from=1"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        assert_non_null(get(GUAR, plain[i]));
        assert_int_equal(last.status, 200);
    }
    get(GUAR, "/v1/contracts?state=NOWHERE");
    assert_int_equal(last.status, 400);
    get(GUAR, "/v1/contracts?limit=501");
    assert_int_equal(last.status, 400);
    assert_true(json_array_size(json_object_get(get(GUAR, "/v1/contracts?q=BA-&limit=2"), "items")) == 2);
    assert_true(json_array_size(json_object_get(get(GUAR, "/v1/contracts?party=COUNTY"), "items")) == 0);
    assert_true(json_array_size(json_object_get(get(GUAR, "/v1/contracts?state=COMPENSATED&party=NFGF"), "items")) == 1);
    char hex[65], url[100];
    sodium_bin2hex(hex, sizeof hex, live.c.g.plugins[0].hash.b, 32);
    snprintf(url, sizeof url, "/v1/plugins/%s", hex);
    get(GUAR, url);
    assert_int_equal(last.size, live.images[0].size);
}

/* Reads a stream until it holds the text; keeps what it read in out. */
static void read_stream(int fd, char *out, size_t cap, const char *until)
{
    size_t size = 0;
    while (!strstr(out, until)) {
        ssize_t n = read(fd, out + size, cap - 1 - size);
        if (n <= 0 || size + (size_t)n == cap - 1) {
            fail_msg("the stream ended before '%s': %s", until, out);
        }
        size += (size_t)n;
        out[size] = '\0';
    }
}

static void events_stream_as_blocks_become_final_and_go_on_where_they_were_left(void **state)
{
    static char out[1 << 20];
    char request[300], last_id[40] = "";
    (void)state;
    memset(out, 0, sizeof out);
    int fd = zyd_http_connect(nodes[GUAR].port);
    static const char now[] = "GET /v1/events?type=APPLY HTTP/1.1\r\nHost: localhost\r\n\r\n";
    zyd_http_write(fd, now, sizeof now - 1);
    read_stream(fd, out, sizeof out, ": ping");
    assert_non_null(strstr(out, "text/event-stream"));
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("SSE-1", "5000000")), 201);
    read_stream(fd, out, sizeof out, "event: APPLY");
    read_stream(fd, out, sizeof out, text(last.json, "op_id"));
    close(fd);
    memset(out, 0, sizeof out);
    fd = zyd_http_connect(nodes[GUAR].port); /* all of it, from the first block */
    static const char all[] = "GET /v1/events?from=1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    zyd_http_write(fd, all, sizeof all - 1);
    read_stream(fd, out, sizeof out, text(last.json, "op_id"));
    close(fd);
    unsigned seen = 0;
    for (const char *p = strstr(out, "\nid: "); p; p = strstr(p + 1, "\nid: ")) {
        snprintf(last_id, sizeof last_id, "%.*s", (int)strcspn(p + 5, "\n"), p + 5);
        seen++;
    }
    assert_true(seen > 100);
    EXPECT(post(BANK, "/v1/contracts", NULL, APPLY("SSE-2", "5000000")), 201);
    memset(out, 0, sizeof out);
    fd = zyd_http_connect(nodes[GUAR].port);
    int n =
        snprintf(request, sizeof request, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: %s\r\n\r\n", last_id);
    zyd_http_write(fd, request, (size_t)n);
    read_stream(fd, out, sizeof out, text(last.json, "op_id"));
    assert_null(strstr(out, apply_op)); /* nothing of before */
    /* the node may stop while the stream is open: teardown does */
    get(GUAR, "/v1/events?from=x");
    assert_int_equal(last.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_application_is_booked_and_told),
        cmocka_unit_test(the_same_request_again_books_nothing),
        cmocka_unit_test(an_envelope_lost_between_answer_and_booking_is_sent_again_unchanged),
        cmocka_unit_test(only_when_block_time_is_past_the_lost_one_is_it_signed_anew),
        cmocka_unit_test(a_guarantee_becomes_active_with_countersignatures_one_after_another),
        cmocka_unit_test(what_the_ledger_refuses_is_a_problem_that_says_what_is_there),
        cmocka_unit_test(balances_equal_the_postings_that_are_told),
        cmocka_unit_test(a_receipt_stands_alone),
        cmocka_unit_test(records_have_proofs_and_blocks_are_exported),
        cmocka_unit_test(obligations_are_paid_by_debtor_and_creditor),
        cmocka_unit_test(in_a_dual_programme_a_checker_approves_what_a_maker_asked_for),
        cmocka_unit_test(envelopes_of_many_operations_are_taken_as_bytes),
        cmocka_unit_test(a_plugin_that_the_members_added_is_listed_and_served_from_the_ledger),
        cmocka_unit_test(tokens_say_who_may_do_and_see_what),
        cmocka_unit_test(the_node_tells_its_health_and_metrics),
        cmocka_unit_test(events_stream_as_blocks_become_final_and_go_on_where_they_were_left),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
