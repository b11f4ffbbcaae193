/* Goal: a bank's CSV becomes operations, or a complete list of what is wrong with it, whatever an office program did to it.
 * Method: files in memory through zyd_csv_parse and zyd_batch_plan with the APPLY event; each kind of damage, the encodings,
 * every truncation and every flipped bit of a good file. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <zyd/batch.h>
#include <zyd/catalogue.h>

#define CONSENT "sha256:consent"
#define GOOD "91430100MA4TEXT00G"
static const char head[] = "client_ref,borrower,amount,term_days,purpose,county,consent\n";

static enum zyd_status plan_of(struct zyd_csv **csv, struct zyd_batch **b, struct zyd_err *err, const char *text, size_t size)
{
    *csv = NULL;
    *b = NULL;
    enum zyd_status s = zyd_csv_parse(csv, err, zyd_span(text, size));
    return s != ZYD_OK ? s : zyd_batch_plan(b, err, *csv, zyd_event_by_name(&zyd_product_guarantee, "APPLY"), NULL, NULL);
}

static void drop(struct zyd_csv *csv, struct zyd_batch *b)
{
    zyd_batch_free(b);
    zyd_csv_free(csv);
}

/* The code that one row of cells gives, or 0. */
static uint32_t code_of_row(const char *row, int *column)
{
    char text[2048];
    struct zyd_csv *csv;
    struct zyd_batch *b;
    struct zyd_err err = {0};
    int n = snprintf(text, sizeof text, "%s%s\n", head, row);
    enum zyd_status s = plan_of(&csv, &b, &err, text, (size_t)n);
    uint32_t code = s != ZYD_OK ? err.code : b->issue_count ? b->issues[0].code : 0;
    if (s == ZYD_OK) {
        assert_int_equal(b->good_count, b->issue_count ? 0 : 1);
        if (column && b->issue_count) {
            *column = b->issues[0].column;
        }
    }
    drop(csv, b);
    return code;
}

static void a_good_row_becomes_an_operation(void **state)
{
    (void)state;
    struct zyd_csv *csv;
    struct zyd_batch *b;
    struct zyd_err err = {0};
    char text[512];
    int n = snprintf(text, sizeof text, "%sBA-1,%s,\"1,000,000.00\",365,种植,430124,%s\r\n", head, GOOD, CONSENT);
    assert_int_equal(plan_of(&csv, &b, &err, text, (size_t)n), ZYD_OK);
    assert_int_equal(csv->encoding, ZYD_CSV_UTF8);
    assert_int_equal(b->row_count, 1);
    assert_int_equal(b->good_count, 1);
    assert_string_equal(b->rows[0].ref, "BA-1");
    assert_int_equal(b->rows[0].row, 2);
    struct zyd_rd rd = zyd_rd_of(b->rows[0].args);
    assert_true(zyd_rd_array_of(&rd, 6));
    assert_int_equal(zyd_rd_skip(&rd).size, 19); /* a text of 18 */
    assert_int_equal(zyd_rd_i64(&rd, 0, INT64_MAX), 100000000);
    drop(csv, b);
}

static void headers_may_be_chinese_and_in_any_order(void **state)
{
    (void)state;
    struct zyd_csv *csv;
    struct zyd_batch *b;
    struct zyd_err err = {0};
    static const char text[] = "授权书,用途,期限(天),担保金额,统一社会信用代码,业务编号\nsha256:x,种植,90,1.5," GOOD ",BA-9\n";
    assert_int_equal(plan_of(&csv, &b, &err, text, sizeof text - 1), ZYD_OK);
    assert_int_equal(b->good_count, 1);
    drop(csv, b);
    /* the template of each language is a header that the plan takes */
    for (int lang = 0; lang < 2; lang++) {
        char out[2048];
        zyd_batch_template(out, sizeof out, zyd_event_by_name(&zyd_product_guarantee, "APPLY"), lang);
        size_t n = strlen(out);
        snprintf(out + n, sizeof out - n, "BA-9,,%s,1.5,90,x,,sha256:x\n", GOOD);
        assert_int_equal(plan_of(&csv, &b, &err, out, strlen(out)), ZYD_OK);
        assert_int_equal(b->good_count, 1);
        drop(csv, b);
    }
}

static void gb18030_and_a_bom_are_found_and_stated(void **state)
{
    (void)state;
    struct zyd_csv *csv;
    struct zyd_err err = {0};
    static const char gb[] =
        "\xd2\xb5\xce\xf1\xb1\xe0\xba\xc5,\xd3\xc3\xcd\xbe\nA,\xd6\xd6\xd6\xb2\n"; /* 业务编号,用途 / 种植 */
    assert_int_equal(zyd_csv_parse(&csv, &err, zyd_span(gb, sizeof gb - 1)), ZYD_OK);
    assert_int_equal(csv->encoding, ZYD_CSV_GB18030);
    assert_string_equal(zyd_csv_cell(csv, 1, 1), "种植");
    zyd_csv_free(csv);
    assert_int_equal(zyd_csv_parse(&csv, &err,
                                   zyd_span("\xef\xbb\xbf"
                                            "a,b\n1,2\n",
                                            11)),
                     ZYD_OK);
    assert_int_equal(csv->encoding, ZYD_CSV_UTF8_BOM);
    assert_string_equal(zyd_csv_cell(csv, 0, 0), "a");
    zyd_csv_free(csv);
    assert_int_not_equal(zyd_csv_parse(&csv, &err, zyd_span("a\n\xff\xff\n", 5)), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_CSV_ENCODING);
    assert_string_equal(err.text, "line 2");
    assert_int_not_equal(zyd_csv_parse(&csv, &err, zyd_span("a\n\xd5\xfe\n\xff\xff\n", 8)), ZYD_OK); /* GB18030 up to line 3 */
    assert_string_equal(err.text, "line 3");
}

static void each_damage_of_a_spreadsheet_is_named(void **state)
{
    (void)state;
    int column = -1;
    assert_int_equal(code_of_row("BA-1," GOOD ",1.00,90,x,430124," CONSENT, NULL), 0);
    assert_int_equal(code_of_row("BA-1,9.11E+17,1.00,90,x,430124," CONSENT, &column), ZYD_ERR_CSV_SCIENTIFIC);
    assert_int_equal(column, 1);
    assert_int_equal(code_of_row("BA-1,114300000000000000,1.00,90,x,430124," CONSENT, NULL), ZYD_ERR_CSV_ROUNDED);
    assert_int_equal(code_of_row("BA-1,91430100MA4TEXT00H,1.00,90,x,430124," CONSENT, NULL), ZYD_ERR_CSV_USCC);
    assert_int_equal(code_of_row("BA-1," GOOD ",1E+06,90,x,430124," CONSENT, &column), ZYD_ERR_CSV_SCIENTIFIC);
    assert_int_equal(column, 2);
    assert_int_equal(code_of_row("BA-1," GOOD ",0,90,x,430124," CONSENT, NULL), ZYD_ERR_CSV_AMOUNT);
    assert_int_equal(code_of_row("BA-1," GOOD ",1.005,90,x,430124," CONSENT, NULL), ZYD_ERR_CSV_AMOUNT);
    assert_int_equal(code_of_row("BA-1," GOOD ",-5,90,x,430124," CONSENT, NULL), ZYD_ERR_CSV_AMOUNT);
    assert_int_equal(code_of_row("BA-1," GOOD ",,90,x,430124," CONSENT, &column), ZYD_ERR_CSV_EMPTY_CELL);
    assert_int_equal(column, 2);
    assert_int_equal(code_of_row("BA-1," GOOD ",1.00,0,x,430124," CONSENT, &column), ZYD_ERR_CSV_VALUE);
    assert_int_equal(column, 3);
    assert_int_equal(code_of_row("业务," GOOD ",1.00,90,x,430124," CONSENT, &column), ZYD_ERR_CSV_VALUE);
    assert_int_equal(column, 0);
    assert_int_equal(code_of_row("1E+05," GOOD ",1.00,90,x,430124," CONSENT, NULL), ZYD_ERR_CSV_SCIENTIFIC);
    assert_int_equal(code_of_row("BA-1," GOOD ",1.00,90,x,430124," CONSENT ",more", NULL), ZYD_ERR_CSV_SYNTAX);
    assert_int_equal(code_of_row("BA-1," GOOD ",1.00,90,\"x,430124," CONSENT, NULL), ZYD_ERR_CSV_SYNTAX);
}

static void all_errors_of_a_file_come_in_one_go(void **state)
{
    (void)state;
    struct zyd_csv *csv;
    struct zyd_batch *b;
    struct zyd_err err = {0};
    char text[4096];
    int n = snprintf(text, sizeof text,
                     "%sBA-1,%s,1.00,90,x,,%s\nBA-2,9.11E+17,0,90,x,,%s\nBA-1,%s,1.00,90,x,,%s\nBA-3,%s,2.00,90,x,,%s\n", head,
                     GOOD, CONSENT, CONSENT, GOOD, CONSENT, GOOD, CONSENT);
    assert_int_equal(plan_of(&csv, &b, &err, text, (size_t)n), ZYD_OK);
    assert_int_equal(b->good_count, 2);
    assert_int_equal(b->issue_count, 3); /* two in row 3, the duplicate in row 4 */
    assert_int_equal(b->issues[0].row, 3);
    assert_int_equal(b->issues[1].row, 3);
    assert_int_equal(b->issues[2].row, 4);
    assert_int_equal(b->issues[2].code, ZYD_ERR_CSV_DUPLICATE);
    assert_non_null(strstr(b->issues[2].text[ZYD_LANG_EN], "row 2"));
    assert_non_null(strstr(b->issues[2].text[ZYD_LANG_ZH], "2"));
    drop(csv, b);
}

static void a_wrong_header_is_refused_with_the_nearest_name(void **state)
{
    (void)state;
    struct zyd_csv *csv;
    struct zyd_batch *b;
    struct zyd_err err = {0};
    static const char typo[] = "client_ref,borower,amount,term_days,purpose,consent\nA,b,1,1,x,y\n";
    assert_int_not_equal(plan_of(&csv, &b, &err, typo, sizeof typo - 1), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_CSV_COLUMN);
    assert_non_null(strstr(err.text, "borrower"));
    drop(csv, b);
    static const char lacking[] = "client_ref,borrower,term_days,purpose,consent\nA,b,1,x,y\n";
    assert_int_not_equal(plan_of(&csv, &b, &err, lacking, sizeof lacking - 1), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_CSV_NO_COLUMN);
    assert_non_null(strstr(err.text, "amount"));
    drop(csv, b);
    assert_int_not_equal(plan_of(&csv, &b, &err, head, sizeof head - 1), ZYD_OK);
    assert_int_equal(err.code, ZYD_ERR_CSV_NO_ROWS);
    drop(csv, b);
}

static void cut_and_flipped_files_are_answers_not_crashes(void **state)
{
    (void)state;
    char text[512];
    struct zyd_csv *csv;
    struct zyd_batch *b;
    int n = snprintf(text, sizeof text, "\xef\xbb\xbf%sBA-1,%s,\"1,000.00\",365,种植,430124,%s\r\nBA-2,%s,5,9,y,,%s\n", head,
                     GOOD, CONSENT, GOOD, CONSENT);
    for (int cut = 0; cut <= n; cut++) {
        struct zyd_err err = {0};
        enum zyd_status s = plan_of(&csv, &b, &err, text, (size_t)cut);
        assert_true(s == ZYD_OK || err.code != 0);
        drop(csv, b);
    }
    for (int bit = 0; bit < n * 8; bit++) {
        struct zyd_err err = {0};
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        enum zyd_status s = plan_of(&csv, &b, &err, text, (size_t)n);
        assert_true(s == ZYD_OK || err.code != 0);
        drop(csv, b);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
}

static void cells_that_a_spreadsheet_would_run_are_escaped(void **state)
{
    (void)state;
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    assert_non_null(f);
    zyd_csv_write_cell(f, "=1+1", true);
    fputc('|', f);
    zyd_csv_write_cell(f, "a \"b\", c", true);
    fputc('|', f);
    zyd_csv_write_cell(f, "-5", false);
    fputc('|', f);
    zyd_csv_write_cell(f, "", true);
    fclose(f);
    assert_string_equal(out, "'=1+1|\"a \"\"b\"\", c\"|-5|");
    free(out);
}

static size_t planned(const char *event, const char *text, uint32_t *code)
{
    struct zyd_csv *csv;
    struct zyd_batch *b = NULL;
    struct zyd_err err = {0};
    assert_int_equal(zyd_csv_parse(&csv, &err, zyd_span(text, strlen(text))), ZYD_OK);
    if (zyd_batch_plan(&b, &err, csv, zyd_event_by_name(&zyd_product_guarantee, event), NULL, NULL) != ZYD_OK) {
        fail_msg("%s: %s", event, err.text);
    }
    size_t good = b->good_count;
    *code = b->issue_count ? b->issues[0].code : 0;
    drop(csv, b);
    return good;
}

static void repayments_overdue_lists_and_claims_come_in_an_offices_words(void **state)
{
    uint32_t code;
    (void)state;
    assert_int_equal(planned("REPAY",
                             "合同编号,借据编号,还款日期,还款金额\nBA-1,1,2025-03-20,6927.78\nBA-2,"
                             "1,20250320,\"1,000.00\"\n",
                             &code),
                     2);
    assert_int_equal(planned("OVERDUE", "合同编号,逾期日期,逾期本金,逾期利息,备注\nBA-1,2025-07-25,100.00,0,电话不通\n", &code),
                     1);
    assert_int_equal(planned("CLAIM", "合同编号,代偿本金,代偿利息,证据材料\nBA-1,100.00,1.50,\"sha256:a,sha256:b\"\n", &code),
                     1);
    assert_int_equal(planned("RECOVER", "合同编号,回款金额,追偿费用,流水号\nBA-1,100.00,0,X-1\n", &code), 1);
    assert_int_equal(planned("OVERDUE", "合同编号,逾期日期,逾期本金,逾期利息\nBA-1,2025-02-30,100.00,0\n", &code), 0);
    assert_int_equal(code, ZYD_ERR_CSV_DATE);
    assert_int_equal(planned("CLAIM", "合同编号,代偿本金,代偿利息\n,100.00,0\n", &code), 0);
    assert_int_equal(code, ZYD_ERR_CSV_EMPTY_CELL);
}

/* A row that was pasted twice would be booked twice: a second repayment of the same day differs in something. */
static void the_same_row_twice_is_refused(void **state)
{
    static const char rows[] = "contract,drawdown,value_date,amount\nBA-1,1,2025-03-20,100\nBA-2,1,"
                               "2025-03-20,100\nBA-1,1,2025-03-20,";
    char text[512];
    uint32_t code;
    (void)state;
    snprintf(text, sizeof text, "%s100.00\n", rows);
    assert_int_equal(planned("REPAY", text, &code), 2);
    assert_int_equal(code, ZYD_ERR_CSV_DUPLICATE);
    snprintf(text, sizeof text, "%s100.01\n", rows);
    assert_int_equal(planned("REPAY", text, &code), 3);
    assert_int_equal(code, 0);
}

/* ---- every product ---- */

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct zyd_batch *plan_product(struct zyd_csv **csv, const struct zyd_product *product, const char *event,
                                      const char *text, const struct zyd_genesis *g)
{
    struct zyd_batch *b = NULL;
    struct zyd_err err = {0};
    assert_int_equal(zyd_csv_parse(csv, &err, zyd_span(text, strlen(text))), ZYD_OK);
    const struct zyd_event *e = zyd_event_by_name(product, event);
    assert_non_null(e);
    if (zyd_batch_plan(&b, &err, *csv, e, g, NULL) != ZYD_OK) {
        fail_msg("%s: %s", event, err.text);
    }
    return b;
}

static void the_template_of_every_event_is_a_header_that_is_taken(void **state)
{
    (void)state;
    const struct zyd_product *p;
    for (size_t i = 0; (p = zyd_product_at(i)) != NULL; i++) {
        for (size_t k = 0; k < p->event_count; k++) {
            for (int lang = 0; lang < 2; lang++) {
                char text[4200];
                struct zyd_csv *csv;
                zyd_batch_template(text, sizeof text, &p->events[k], lang);
                size_t n = strlen(text);
                assert_true(text[n - 1] == '\n');
                snprintf(text + n, sizeof text - n, "A-1\n");
                struct zyd_batch *b = plan_product(&csv, p, p->events[k].name, text, NULL);
                assert_int_equal(b->row_count, 1);
                drop(csv, b);
            }
        }
    }
}

static void subsidies_vouchers_and_pools_come_in_an_offices_words(void **state)
{
    (void)state;
    struct zyd_csv *csv;
    struct zyd_batch *b = plan_product(&csv, &zyd_product_subsidy, "ENROL",
                                       "补贴编号,统一社会信用代码,户指纹,借据指纹,贷款本金,起息日,到期日,年利率,LPR\n"
                                       "S-1," GOOD ",sha256:h,sha256:l,\"1,000.00\",2026-01-05,20261220,4.35%,3.00%\n",
                                       NULL);
    assert_int_equal(b->good_count, 1);
    assert_string_equal(b->rows[0].ref, "S-1");
    drop(csv, b);
    b = plan_product(
        &csv, &zyd_product_voucher, "ISSUE",
        "凭证编号,供应商名称,凭证金额,到期日,发票清单\nV-1,COOP,100.00,2026-11-20,\"" HEX64 "=60.00,sha256:b=40.00\"\n", NULL);
    assert_int_equal(b->good_count, 1);
    drop(csv, b);
    b = plan_product(&csv, &zyd_product_pool, "REGISTER_LOAN",
                     "备案编号,借款人代码,贷款合同,贷款类别,贷款金额,利率,放款日期,到期日\n"
                     "L-1," GOOD ",sha256:l,1,100.00,43500,2026-01-05,2026-12-20\n",
                     NULL);
    assert_int_equal(b->good_count, 1);
    drop(csv, b);
    b = plan_product(&csv, &zyd_product_subsidy, "SETTLE", "补贴编号,结算至,利息\nS-1,2026-03-20,10.00\n", NULL);
    assert_int_equal(b->good_count, 1); /* of the object it is about, not one that it makes */
    assert_string_equal(b->rows[0].ref, "S-1");
    drop(csv, b);
}

/* A consortium with one settlement programme, in which an account begins with zeros. */
static struct zyd_genesis *settlement_genesis(uint8_t *params, size_t cap)
{
    static struct zyd_genesis g;
    static const struct zyd_pair pairs[] = {{"accounts", "GUAR BANK 0062220001"}};
    char why[ZYD_WHY];
    memset(&g, 0, sizeof g);
    g.member_count = 2;
    g.members[0].code = zyd_span("BANK", 4);
    g.members[0].name_zh = zyd_span("示范银行", 12);
    g.members[1].code = zyd_span("GUAR", 4);
    g.plugin_count = 1;
    g.plugins[0].contract = 5;
    g.plugins[0].name = zyd_span("cycle", 5);
    g.programme_count = 1;
    g.programmes[0].id = 7;
    g.programmes[0].contract = 5;
    g.programmes[0].code = zyd_span("NETTING", 7);
    struct zyd_wr wr = zyd_wr_of(params, cap);
    const struct zyd_members members = zyd_genesis_members(&g);
    if (zyd_product_params_encode(&zyd_product_cycle, &wr, why, pairs, 1, &members) != ZYD_OK) {
        fail_msg("%s", why);
    }
    g.programmes[0].params = zyd_wr_span(&wr);
    return &g;
}

#define NOTICE_HEAD "业务编号,清算周期,方向,端到端标识,金额,账号,流水号,起息日\n"
#define E2E "N0123456789AB000112345678"

static void a_banks_notices_name_the_cycle_as_people_do(void **state)
{
    (void)state;
    static uint8_t params[4096];
    const struct zyd_genesis *g = settlement_genesis(params, sizeof params);
    struct zyd_csv *csv;
    struct zyd_batch *b = plan_product(&csv, &zyd_product_cycle, "NOTICE",
                                       NOTICE_HEAD "H-1,NETTING#1,借记," E2E ",1.00,0062220001,H-1,2025-12-01\n"
                                                   "H-2,NETTING#1,CREDIT," E2E ",1.00,,H-2,2025-12-01\n"
                                                   "H-3,NONE#1,借记," E2E ",1.00,62220001,H-3,45992\n",
                                       g);
    assert_int_equal(b->good_count, 2);
    assert_int_equal(b->issue_count, 3); /* no such programme, zeros lost, a serial number: all of row 4 */
    assert_int_equal(b->issues[0].code, ZYD_ERR_CSV_VALUE);
    assert_int_equal(b->issues[1].code, ZYD_ERR_CSV_ZEROS);
    assert_non_null(strstr(b->issues[1].text[ZYD_LANG_EN], "0062220001"));
    assert_int_equal(b->issues[2].code, ZYD_ERR_CSV_DATE_SERIAL);
    assert_non_null(strstr(b->issues[2].text[ZYD_LANG_ZH], "2025-12-01"));
    struct {
        char tag[16];
        uint64_t programme, number;
    } in = {"zyd/cycle/id/1", 7, 1};
    struct zyd_hash want, got;
    zyd_sha256(&want, &in, sizeof in);
    struct zyd_rd rd = zyd_rd_of(b->rows[0].args);
    assert_true(zyd_rd_array_of(&rd, 7));
    zyd_rd_hash(&rd, &got);
    assert_true(zyd_hash_eq(&want, &got));
    assert_int_equal(zyd_rd_u64(&rd, 9), 1);
    drop(csv, b);
}

static uint32_t code_of_notice(const char *ref, const char *amount, const char *date)
{
    char text[512];
    struct zyd_csv *csv;
    snprintf(text, sizeof text, NOTICE_HEAD "%s,NETTING#1,借记," E2E ",%s,,H-1,%s\n", ref, amount, date);
    struct zyd_batch *b = plan_product(&csv, &zyd_product_cycle, "NOTICE", text, NULL);
    uint32_t code = b->issue_count == 1 ? b->issues[0].code : b->issue_count ? 1 : 0;
    drop(csv, b);
    return code;
}

static void full_width_characters_and_serial_dates_are_named(void **state)
{
    (void)state;
    assert_int_equal(code_of_notice("H-1", "1.00", "2025-12-01"), 0);
    assert_int_equal(code_of_notice("H-1", "１.00", "2025-12-01"), ZYD_ERR_CSV_FULL_WIDTH);
    assert_int_equal(code_of_notice("H-1", "1．00", "2025-12-01"), ZYD_ERR_CSV_FULL_WIDTH);
    assert_int_equal(code_of_notice("Ｈ－1", "1.00", "2025-12-01"), ZYD_ERR_CSV_FULL_WIDTH);
    assert_int_equal(code_of_notice("H-1", "1.00", "２０２５－１２－０１"), ZYD_ERR_CSV_FULL_WIDTH);
    assert_int_equal(code_of_notice("H-1", "1.00", "45992.5"), ZYD_ERR_CSV_DATE_SERIAL);
    assert_int_equal(code_of_notice("H-1", "1.00", "25568"), ZYD_ERR_CSV_DATE); /* before 1970: no date of ours */
    assert_int_equal(code_of_notice("H-1", "1.00", "1/12/2025"), ZYD_ERR_CSV_DATE);
    assert_int_equal(code_of_notice("H-1", "1.5E+06", "2025-12-01"), ZYD_ERR_CSV_SCIENTIFIC);
    /* a text may have them beside other characters; a number in its words is a text's */
    assert_int_equal(code_of_row("BA-1," GOOD ",1.00,90,种植１号（春）,430124," CONSENT, NULL), 0);
    assert_int_equal(code_of_row("BA-1," GOOD ",1.00,９0,x,430124," CONSENT, NULL), ZYD_ERR_CSV_FULL_WIDTH);
}

static void every_bad_cell_of_a_row_is_named(void **state)
{
    (void)state;
    struct zyd_csv *csv;
    struct zyd_batch *b = plan_product(&csv, &zyd_product_subsidy, "ENROL",
                                       "client_ref,borrower,household,loan,amount,value_date,maturity,rate_ppm,lpr_ppm\n"
                                       ",123,zz,sha256:l,0,46027,2026-13-01,4.35x,2000000\n",
                                       NULL);
    assert_int_equal(b->good_count, 0);
    assert_int_equal(b->issue_count, 8); /* all but the loan */
    for (size_t i = 0; i < b->issue_count; i++) {
        assert_int_equal(b->issues[i].column, i < 3 ? i : i + 1);
    }
    drop(csv, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_template_of_every_event_is_a_header_that_is_taken),
        cmocka_unit_test(subsidies_vouchers_and_pools_come_in_an_offices_words),
        cmocka_unit_test(a_banks_notices_name_the_cycle_as_people_do),
        cmocka_unit_test(full_width_characters_and_serial_dates_are_named),
        cmocka_unit_test(every_bad_cell_of_a_row_is_named),
        cmocka_unit_test(repayments_overdue_lists_and_claims_come_in_an_offices_words),
        cmocka_unit_test(the_same_row_twice_is_refused),
        cmocka_unit_test(a_good_row_becomes_an_operation),
        cmocka_unit_test(headers_may_be_chinese_and_in_any_order),
        cmocka_unit_test(gb18030_and_a_bom_are_found_and_stated),
        cmocka_unit_test(each_damage_of_a_spreadsheet_is_named),
        cmocka_unit_test(all_errors_of_a_file_come_in_one_go),
        cmocka_unit_test(a_wrong_header_is_refused_with_the_nearest_name),
        cmocka_unit_test(cut_and_flipped_files_are_answers_not_crashes),
        cmocka_unit_test(cells_that_a_spreadsheet_would_run_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
