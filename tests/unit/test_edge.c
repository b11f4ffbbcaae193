/* Goal: payments of a cycle come out as pacs.009 and pain.001 that a schema accepts, byte for byte the same each time; camt.053
 * and camt.054 of several versions are read exactly; hostile XML is refused with a line; every verdict of the matching comes
 * when it should. Method: messages written here by hand; the order of elements as the published schemas have it;
 * amounts and dates at the edges of their grammar; one entry changed in one thing for each verdict. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <zyd/catalogue.h>
#include <zyd/iso20022.h>

#define E2E "N0123456789AB000112345678"

static void fill(struct zyd_iso_payment *p, const char *payer, bool payer_bank, const char *payee, bool payee_bank, int64_t fen)
{
    memset(p, 0, sizeof *p);
    snprintf(p->end_to_end, sizeof p->end_to_end, E2E);
    uint8_t id[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    zyd_iso_uetr(p->uetr, id);
    snprintf(p->note, sizeof p->note, "NETTING#1-1");
    p->fen = fen;
    for (int i = 0; i < 2; i++) {
        struct zyd_iso_party *x = i ? &p->payee : &p->payer;
        const char *code = i ? payee : payer;
        x->is_bank = i ? payee_bank : payer_bank;
        snprintf(x->name, sizeof x->name, "示范<%s>&担保", code);
        snprintf(x->uscc, sizeof x->uscc, "9134%.14s", code);
        snprintf(x->bank, sizeof x->bank, "%s", x->is_bank ? code : "BANK1");
        snprintf(x->bank_name, sizeof x->bank_name, "示范银行");
        snprintf(x->bank_uscc, sizeof x->bank_uscc, "91340000BANK");
        snprintf(x->account, sizeof x->account, "%s", x->is_bank ? "" : "0062220001");
    }
}

static char *written(enum zyd_iso_format format, const struct zyd_iso_payment *p, size_t count, size_t *size)
{
    struct zyd_iso_order o = {.format = format,
                              .message = "ZYD0123456789ab-90001-0badf00d",
                              .created_ms = 1764577800000,
                              .date = 20251201,
                              .initiator = "示范担保",
                              .payments = p,
                              .count = count};
    struct zyd_err err = {0};
    char *out = NULL;
    assert_int_equal(zyd_iso_write(&out, size, &err, &o), ZYD_OK);
    return out;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("%s is not in:\n%s", part, text);
    }
}

/* Elements open in this order, others between them or not: a schema's sequence. */
static void in_order(const char *text, const char *const *tags)
{
    for (; *tags; tags++) {
        char tag[40];
        snprintf(tag, sizeof tag, "<%s", *tags);
        const char *at = strstr(text, tag);
        if (!at) {
            fail_msg("<%s is not behind what it follows", *tags);
        }
        text = at + 1;
    }
}

static void a_payment_between_banks_is_a_pacs009(void **state)
{
    (void)state;
    struct zyd_iso_payment p[2];
    size_t size, again_size;
    fill(&p[0], "BANK1", true, "BANK2", true, 169741922);
    fill(&p[1], "BANK2", true, "BANK1", true, 5);
    snprintf(p[1].payer.bank_code, sizeof p[1].payer.bank_code, "102100099996");
    char *text = written(ZYD_ISO_PACS009, p, 2, &size), *again = written(ZYD_ISO_PACS009, p, 2, &again_size);
    assert_true(size == again_size && memcmp(text, again, size) == 0);
    has(text, "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08\">");
    has(text, "<CreDtTm>2025-12-01T16:30:00+08:00</CreDtTm>");
    has(text, "<TtlIntrBkSttlmAmt Ccy=\"CNY\">1697419.27</TtlIntrBkSttlmAmt>");
    has(text, "<IntrBkSttlmAmt Ccy=\"CNY\">0.05</IntrBkSttlmAmt>");
    has(text, "<EndToEndId>" E2E "</EndToEndId>");
    has(text, "<TxId>" E2E "</TxId>");
    has(text, "<UETR>ffffffff-ffff-4fff-bf00-000000000000</UETR>");
    has(text, "<Prtry>ZYD</Prtry>");
    has(text, "<MmbId>102100099996</MmbId>");
    has(text, "<SttlmMtd>CLRG</SttlmMtd>");
    static const char *const order[] = {"FICdtTrf",
                                        "GrpHdr",
                                        "MsgId",
                                        "CreDtTm",
                                        "NbOfTxs",
                                        "TtlIntrBkSttlmAmt",
                                        "IntrBkSttlmDt",
                                        "SttlmInf",
                                        "SttlmMtd",
                                        "CdtTrfTxInf",
                                        "PmtId",
                                        "InstrId",
                                        "EndToEndId",
                                        "TxId",
                                        "UETR",
                                        "IntrBkSttlmAmt",
                                        "IntrBkSttlmDt",
                                        "Dbtr>",
                                        "FinInstnId",
                                        "ClrSysMmbId",
                                        "ClrSysId",
                                        "MmbId",
                                        "Nm",
                                        "Othr",
                                        "DbtrAcct",
                                        "Id",
                                        "Ccy",
                                        "Cdtr>",
                                        "CdtrAcct",
                                        "RmtInf",
                                        "Ustrd",
                                        "CdtTrfTxInf",
                                        NULL};
    in_order(text, order);
    assert_true(zyd_iso_belongs(ZYD_ISO_PACS009, &p[0]) && !zyd_iso_belongs(ZYD_ISO_PAIN001, &p[0]));
    free(text);
    free(again);
}

static void a_payment_of_anybody_else_is_a_pain001_by_payer(void **state)
{
    (void)state;
    struct zyd_iso_payment p[3];
    size_t size;
    fill(&p[0], "REG", false, "BANK2", true, 21222222);
    fill(&p[1], "REG", false, "BANK1", true, 18037680);
    fill(&p[2], "BANK1", true, "GUAR", false, 100);
    char *text = written(ZYD_ISO_PAIN001, p, 3, &size);
    has(text, "<CtrlSum>392600.02</CtrlSum>");
    has(text, "<CtrlSum>392599.02</CtrlSum>");
    has(text, "<PmtInfId>ZYD0123456789ab-90001-0badf00d-2</PmtInfId>");
    assert_null(strstr(text, "f00d-3"));
    has(text, "<Nm>示范&lt;REG&gt;&amp;担保</Nm>");
    has(text, "<Id>0062220001</Id>");
    has(text, "<ReqdExctnDt>");
    static const char *const order[] = {
        "CstmrCdtTrfInitn", "GrpHdr", "MsgId",       "CreDtTm",    "NbOfTxs",     "CtrlSum", "InitgPty", "Nm",       "PmtInf>",
        "PmtInfId",         "PmtMtd", "NbOfTxs",     "CtrlSum",    "ReqdExctnDt", "Dt",      "Dbtr>",    "DbtrAcct", "DbtrAgt",
        "CdtTrfTxInf",      "PmtId",  "InstrId",     "EndToEndId", "UETR",        "Amt",     "InstdAmt", "CdtrAgt",  "Cdtr>",
        "CdtrAcct",         "RmtInf", "CdtTrfTxInf", "PmtInf>",    "CdtTrfTxInf", NULL};
    in_order(text, order);
    for (int i = 0; i < 3; i++) {
        assert_true(zyd_iso_belongs(ZYD_ISO_PAIN001, &p[i]) && !zyd_iso_belongs(ZYD_ISO_PACS009, &p[i]));
    }
    free(text);
}

static void a_name_that_is_not_text_makes_no_file(void **state)
{
    (void)state;
    struct zyd_iso_payment p;
    struct zyd_err err = {0};
    char *out = NULL;
    size_t size;
    fill(&p, "REG", false, "GUAR", false, 1);
    memcpy(p.payer.name, "\xff\xfe", 3);
    struct zyd_iso_order o = {
        .format = ZYD_ISO_PAIN001, .message = "M", .date = 20251201, .initiator = "x", .payments = &p, .count = 1};
    assert_int_equal(zyd_iso_write(&out, &size, &err, &o), ZYD_E_INVALID);
    assert_null(out);
    assert_int_equal(err.code, ZYD_ERR_XML);
}

static void a_members_statement_is_a_camt053_that_can_be_read_again(void **state)
{
    (void)state;
    const struct zyd_iso_row rows[] = {{.id = "aa00000000000000000000000000000000000000000000000000000000000001",
                                        .other = "示范银行",
                                        .other_uscc = "U1",
                                        .fen = 5,
                                        .settled = true},
                                       {.id = "bb", .other = "示范<担保>", .other_uscc = "U2", .fen = 300, .credit = true}};
    const struct zyd_iso_statement s = {.message = "ZYD0123456789ab-S2-0badf00d",
                                        .created_ms = 1764576000000,
                                        .date = 20251201,
                                        .owner = "示范再担保",
                                        .code = "REG",
                                        .uscc = "U",
                                        .net = 295,
                                        .rows = rows,
                                        .count = 2};
    struct zyd_err err = {0};
    struct zyd_iso_notice *n = NULL;
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(zyd_iso_statement_write(&text, &size, &err, &s), ZYD_OK);
    has(text, "camt.053.001.08");
    has(text, "<CreDtTm>2025-12-01T16:00:00+08:00</CreDtTm>");
    has(text, "<AddtlTxInf>aa00000000000000000000000000000000000000000000000000000000000001</AddtlTxInf>");
    has(text, "<Amt Ccy=\"CNY\">2.95</Amt>");
    assert_int_equal(zyd_iso_read(&n, &err, zyd_span(text, size)), ZYD_OK);
    assert_int_equal(n->count, 2);
    assert_true(n->entries[0].fen == 5 && !n->entries[0].credit && n->entries[0].booked);
    assert_true(n->entries[1].fen == 300 && n->entries[1].credit && !n->entries[1].booked);
    assert_string_equal(n->entries[0].account, "REG");
    assert_null(zyd_iso_our_reference(&n->entries[0]));
    zyd_iso_notice_free(n);
    free(text);
}

/* ---- schema ---- */

#define XSD_HEAD                                                                                                               \
    "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:x\" elementFormDefault=\"qualified\">"
static const char mini[] = XSD_HEAD "<xs:element name=\"Document\"><xs:complexType><xs:sequence>"
                                    "<xs:element name=\"A\" type=\"xs:integer\"/><xs:element name=\"B\" type=\"xs:string\"/>"
                                    "</xs:sequence></xs:complexType></xs:element></xs:schema>";

static enum zyd_status by(const char *xml, const char *xsd, struct zyd_err *err)
{
    *err = (struct zyd_err){0};
    return zyd_iso_validate(err, zyd_span(xml, strlen(xml)), zyd_span(xsd, strlen(xsd)));
}

static void a_schema_of_the_user_judges_with_the_line(void **state)
{
    (void)state;
    struct zyd_err err;
    assert_int_equal(by("<Document xmlns=\"urn:x\"><A>1</A><B>x</B></Document>", mini, &err), ZYD_OK);
    assert_int_equal(by("<Document xmlns=\"urn:x\">\n<A>1</A>\n<C/></Document>", mini, &err), ZYD_E_INVALID);
    assert_int_equal(err.code, ZYD_ERR_XML_SCHEMA);
    has(err.text, "line 3");
    assert_int_equal(by("<Document xmlns=\"urn:x\"><A>x</A><B>x</B></Document>", mini, &err), ZYD_E_INVALID);
    assert_int_equal(by("<Document xmlns=\"urn:x\"><A>1</A><B>x</B></Document>", "<xs:schema", &err), ZYD_E_INVALID);
    has(err.text, "the schema itself: line 1");
    assert_int_equal(by("<Document xmlns=\"urn:x\"><A>1</A><B>x</B></Document>",
                        XSD_HEAD "<xs:import namespace=\"urn:y\" schemaLocation=\"http://127.0.0.1:1/y.xsd\"/>"
                                 "<xs:element name=\"Document\" type=\"xs:missing\"/></xs:schema>",
                        &err),
                     ZYD_E_INVALID);
    has(err.text, "the schema itself");
    has(err.text, "line 1");
}

/* ---- reading ---- */

#define HEAD54                                                                                                                 \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                                             \
    "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"><BkToCstmrDbtCdtNtfctn>\n"                             \
    "<GrpHdr><MsgId>MSG-1</MsgId><CreDtTm>2025-12-01T17:00:00</CreDtTm></GrpHdr>\n"                                            \
    "<Ntfctn><Id>NTF-1</Id><Acct><Id><Othr><Id>6222-01</Id></Othr></Id></Acct>\n"
#define TAIL54 "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
#define NTRY(amount, rest)                                                                                                     \
    "<Ntry><Amt Ccy=\"CNY\">" amount "</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"                               \
    "<BookgDt><Dt>2025-12-01</Dt></BookgDt><ValDt><DtTm>2025-12-01T17:30:00Z</DtTm></ValDt><AcctSvcrRef>HVPS-1</"              \
    "AcctSvcrRef>" rest "</Ntry>\n"
#define ONE                                                                                                                    \
    "<NtryDtls><TxDtls><Refs><InstrId>X</InstrId><EndToEndId> " E2E " </EndToEndId><UETR>u-1</UETR></Refs></TxDtls></"         \
    "NtryDtls>"

static struct zyd_iso_notice *read_ok(const char *text)
{
    struct zyd_err err = {0};
    struct zyd_iso_notice *n = NULL;
    enum zyd_status s = zyd_iso_read(&n, &err, zyd_span(text, strlen(text)));
    if (s != ZYD_OK) {
        fail_msg("%s", err.text);
    }
    return n;
}

static void refused(const char *text, uint32_t code, const char *why)
{
    struct zyd_err err = {0};
    struct zyd_iso_notice *n = NULL;
    assert_int_not_equal(zyd_iso_read(&n, &err, zyd_span(text, strlen(text))), ZYD_OK);
    assert_null(n);
    if (err.code != code || !strstr(err.text, why)) {
        fail_msg("%u %s, wanted %u %s", (unsigned)err.code, err.text, (unsigned)code, why);
    }
}

static void a_notification_is_read_field_by_field(void **state)
{
    (void)state;
    struct zyd_iso_notice *n = read_ok(HEAD54 NTRY("1697419.22", ONE) TAIL54);
    assert_int_equal(n->kind, 54);
    assert_string_equal(n->message, "MSG-1");
    assert_int_equal(n->count, 1);
    const struct zyd_iso_entry *e = &n->entries[0];
    assert_int_equal(e->fen, 169741922);
    assert_string_equal(e->currency, "CNY");
    assert_true(e->booked && !e->credit && !e->reversal);
    assert_int_equal(e->line, 5);
    assert_int_equal(e->date, 20251201);
    assert_int_equal(e->value_date, 20251202); /* 17:30 UTC is the next day in UTC+8 */
    assert_string_equal(e->account, "6222-01");
    assert_string_equal(e->end_to_end, E2E);
    assert_string_equal(e->instruction, "X");
    assert_string_equal(e->uetr, "u-1");
    assert_string_equal(e->reference, "HVPS-1");
    zyd_iso_notice_free(n);
}

static void several_transactions_of_an_entry_are_entries_that_add_up(void **state)
{
    (void)state;
#define TX(amount, e2e) "<TxDtls><Refs><EndToEndId>" e2e "</EndToEndId></Refs><Amt Ccy=\"CNY\">" amount "</Amt></TxDtls>"
#define OLD(amount, e2e)                                                                                                       \
    "<TxDtls><Refs><EndToEndId>" e2e "</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy=\"CNY\">" amount                            \
    "</Amt></TxAmt></AmtDtls></TxDtls>"
    struct zyd_iso_notice *n = read_ok(
        HEAD54 NTRY("3.00", "<NtryDtls>" TX("1.00", "A") "</NtryDtls><NtryDtls>" OLD("2.00", "B") "</NtryDtls>") TAIL54);
    assert_int_equal(n->count, 2);
    assert_int_equal(n->entries[0].fen, 100);
    assert_int_equal(n->entries[1].fen, 200);
    assert_string_equal(n->entries[1].end_to_end, "B");
    zyd_iso_notice_free(n);
    refused(HEAD54 NTRY("3.01", "<NtryDtls>" TX("1.00", "A") TX("2.00", "B") "</NtryDtls>") TAIL54, ZYD_ERR_ISO_MESSAGE,
            "add up");
    refused(HEAD54 NTRY("3.00", "<NtryDtls><TxDtls/><TxDtls/></NtryDtls>") TAIL54, ZYD_ERR_ISO_MESSAGE, "without an amount");
}

static void a_statement_of_an_old_version_is_read_too(void **state)
{
    (void)state;
    struct zyd_iso_notice *n = read_ok(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><GrpHdr><MsgId>S</MsgId></GrpHdr>"
        "<Stmt><Id>ST-9</Id><Acct><Id><IBAN>DE0012345678</IBAN></Id></Acct>"
        "<Ntry><Amt "
        "Ccy=\"CNY\">5</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd><Sts>PDNG</Sts></Ntry></Stmt></BkToCstmrStmt></"
        "Document>");
    assert_int_equal(n->kind, 53);
    assert_int_equal(n->entries[0].fen, 500);
    assert_true(n->entries[0].credit && n->entries[0].reversal && !n->entries[0].booked);
    assert_string_equal(n->entries[0].reference, "ST-9");
    assert_string_equal(n->entries[0].account, "DE0012345678");
    zyd_iso_notice_free(n);
}

static void what_is_missing_or_unreadable_is_named_with_its_line(void **state)
{
    (void)state;
    refused("<Document/>", ZYD_ERR_ISO_MESSAGE, "line 1: Document: neither");
    refused("<Other/>", ZYD_ERR_ISO_MESSAGE, "Document is expected");
    refused(HEAD54 NTRY("1e5", ONE) TAIL54, ZYD_ERR_ISO_MESSAGE, "line 5: Amt: not a decimal number");
    refused(HEAD54 "<Ntry><Amt Ccy=\"CNY\">1</Amt><Sts>BOOK</Sts></Ntry>" TAIL54, ZYD_ERR_ISO_MESSAGE, "CdtDbtInd is missing");
    refused(HEAD54 "<Ntry><Amt Ccy=\"CNY\">1</Amt><CdtDbtInd>DEBIT</CdtDbtInd><Sts>BOOK</Sts></Ntry>" TAIL54,
            ZYD_ERR_ISO_MESSAGE, "CRDT or DBIT");
    refused(HEAD54 "<Ntry><Amt>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts></Ntry>" TAIL54, ZYD_ERR_ISO_MESSAGE, "Ccy");
    refused(HEAD54 "<Ntry><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts></Ntry>" TAIL54, ZYD_ERR_ISO_MESSAGE, "Amt is missing");
    refused(HEAD54 "<Ntry><Amt Ccy=\"CNY\">1</Amt><CdtDbtInd>DBIT</CdtDbtInd></Ntry>" TAIL54, ZYD_ERR_ISO_MESSAGE,
            "Sts is missing");
    refused(HEAD54 "<Ntry><Amt Ccy=\"CNY\"><b/>1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts></Ntry>" TAIL54,
            ZYD_ERR_ISO_MESSAGE, "text is expected");
    refused(HEAD54
            "<Ntry><Amt "
            "Ccy=\"CNY\">1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><ValDt><Dt>2025-02-30</Dt></ValDt></Ntry>" TAIL54,
            ZYD_ERR_ISO_MESSAGE, "not a date");
}

static void hostile_xml_is_refused_before_it_does_anything(void **state)
{
    (void)state;
    static char deep[8000];
    size_t n = 0;
    refused("<!DOCTYPE d [<!ENTITY a \"b\">]>\n<Document>&a;</Document>", ZYD_ERR_XML, "line 1: DOCTYPE is not allowed");
    refused("<?xml version=\"1.0\"?>\n<!DOCTYPE d SYSTEM \"file:///etc/hostname\"><Document/>", ZYD_ERR_XML, "DOCTYPE");
    refused("<!DOCTYPE d [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/\"> %x;]><Document/>", ZYD_ERR_XML, "DOCTYPE");
    refused("<!DOCTYPE d [\n<!ENTITY broken>\n]><Document/>", ZYD_ERR_XML, "line 1: DOCTYPE"); /* before it is read */
    refused("<Document>&undefined;</Document>", ZYD_ERR_XML, "line 1: Entity 'undefined' not defined");
    refused("<Document xmlns:xi=\"http://www.w3.org/2001/XInclude\">\n<xi:include href=\"/etc/hostname\"/></Document>",
            ZYD_ERR_XML, "line 2: XInclude is not allowed");
    refused("<Document>\n\n<a></Document>", ZYD_ERR_XML, "line 3");
    refused("", ZYD_ERR_XML, "0 bytes");
    refused("<a/><b/>", ZYD_ERR_XML, "line 1");
    for (unsigned i = 0; i < 40; i++) {
        n += (size_t)snprintf(deep + n, sizeof deep - n, "<a>");
    }
    for (unsigned i = 0; i < 40; i++) {
        n += (size_t)snprintf(deep + n, sizeof deep - n, "</a>");
    }
    refused(deep, ZYD_ERR_XML, "more than 32 levels");
    size_t many = 4 * (ZYD_ISO_ELEMENTS_MAX + 1);
    char *wide = malloc(many + 8);
    assert_non_null(wide);
    memcpy(wide, "<D>", 3);
    for (size_t i = 0; i < ZYD_ISO_ELEMENTS_MAX + 1; i++) {
        memcpy(wide + 3 + 4 * i, "<a/>", 4);
    }
    memcpy(wide + 3 + many, "</D>", 5);
    refused(wide, ZYD_ERR_XML, "elements");
    free(wide);
    char *big = calloc(1, ZYD_ISO_SIZE_MAX + 2);
    assert_non_null(big);
    memset(big, ' ', ZYD_ISO_SIZE_MAX + 1);
    refused(big, ZYD_ERR_TOO_BIG, "bytes");
    free(big);
}

static void a_tag_that_would_take_the_parser_minutes_is_not_given_to_it(void **state)
{
    (void)state;
    size_t n = 0, cap = 7u << 20;
    char *text = malloc(cap);
    assert_non_null(text);
    n += (size_t)snprintf(text, cap, "<!-- a long comment is no tag: ");
    memset(text + n, 'x', 5000);
    n += 5000;
    n += (size_t)snprintf(text + n, cap - n, " -->\n<Document");
    for (unsigned i = 0; n + 32 < cap; i++) {
        n += (size_t)snprintf(text + n, cap - n, " a%u='>'", i);
    }
    snprintf(text + n, cap - n, "/>");
    refused(text, ZYD_ERR_XML, "line 2: a tag of more than 2048 bytes");
    free(text);
    struct zyd_err err = {0};
    struct zyd_iso_notice *out = NULL;
    assert_int_not_equal(zyd_iso_read(&out, &err, zyd_span("<\0D\0/\0>\0", 8)), ZYD_OK);
    assert_non_null(strstr(err.text, "UTF-8 or GB18030"));
    refused("<?xml version='1.0' encoding='ISO-2022-KR'?><Document/>", ZYD_ERR_XML, "UTF-8 or GB18030");
    refused("<?xml version='1.0' encoding='gb18030'?><Document/>", ZYD_ERR_ISO_MESSAGE, "neither");
    refused("<?xml version='1.0' encoding = \"UTF-8\" ?><Document/>", ZYD_ERR_ISO_MESSAGE, "neither");
    refused("<?xml version='1.0'?><Document><![CDATA[<]]></Document>", ZYD_ERR_ISO_MESSAGE, "neither");
}

/* What is scanned for long tags must be what is parsed. */
static void an_encoding_hides_nothing_from_the_scan(void **state)
{
    (void)state;
    static char text[4000];
    size_t n = (size_t)snprintf(text, sizeof text, "<?xml version='1.0' encoding='gbk'?><D>\n<![CDATA[\x81\x5d]> <!-- ]]><a");
    for (unsigned i = 0; n + 900 < sizeof text; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, " a%u=''", i);
    }
    snprintf(text + n, sizeof text - n, "/><!-- --></D>");
    refused(text, ZYD_ERR_XML, "line 2: a tag of more than");
    refused("\x4c\x6f\xa7\x94\x93\x40\xa5\x85\x99\xa2\x89\x96\x95\x7e\x7d\xf1\x4b\xf0\x7d\x6f\x6e\x4c\xc4\x61\x6e", ZYD_ERR_XML,
            "line 1: the encoding must be UTF-8 or GB18030");
    refused("\xff\xfe<\x01", ZYD_ERR_XML, "line 1: the encoding");
    refused("<Document>\n\n\xd9'</Document>", ZYD_ERR_XML, "line 3: the encoding");
    refused("<?xml version='1.0' encoding='gb18030'?>\n<Document>\xd9\x27</Document>", ZYD_ERR_XML, "line 2: the encoding");
    struct zyd_iso_notice *m = read_ok("<?xml version='1.0' encoding='GB2312'?><Document><BkToCstmrStmt><GrpHdr><MsgId>\xd5\xfe"
                                       "-1</MsgId></GrpHdr><Stmt><Id>S</Id><Acct><Id><IBAN>A</IBAN></Id></Acct></Stmt>"
                                       "</BkToCstmrStmt></Document>");
    assert_string_equal(m->message, "政-1");
    zyd_iso_notice_free(m);
}

/* The terminal is ours: the user reads one named error, not the library's lines. */
static void the_library_writes_nothing_to_the_terminal(void **state)
{
    (void)state;
    struct zyd_err err;
    FILE *f = tmpfile();
    assert_non_null(f);
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fileno(f), STDERR_FILENO) >= 0);
    refused("<?xml version='1.0' encoding='gb18030'?><Document>\xd9\x27\xff</Document>", ZYD_ERR_XML, "line 1");
    refused("<Document>\xd9'\xff</Document>", ZYD_ERR_XML, "line 1");
    refused("<Document><a></Document>", ZYD_ERR_XML, "line 1");
    assert_int_not_equal(by("<D/>",
                            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:import namespace=\"u\" "
                            "schemaLocation=\"/etc/hostname\"/><xs:element name=\"D\" type=\"none\"/></xs:schema>",
                            &err),
                         ZYD_OK);
    assert_int_not_equal(by("<D/>",
                            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:element name=\"D\">"
                            "<xs:simpleType><xs:restriction base=\"xs:string\"><xs:pattern value=\"(((\"/>"
                            "</xs:restriction></xs:simpleType></xs:element></xs:schema>",
                            &err),
                         ZYD_OK);
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    assert_int_equal(ftell(f), 0);
    close(kept);
    fclose(f);
}

static void amounts_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t fen;
    } cases[] = {{"1", 100},
                 {"0.01", 1},
                 {"1.5", 150},
                 {"+1.50", 150},
                 {"1.50000", 150},
                 {".5", 50},
                 {"7.", 700},
                 {"0", 0},
                 {"007.10", 710},
                 {"90000000000000.00", 9000000000000000},
                 {"-0", 0},
                 {"90000000000000.01", -1},
                 {"999999999999999999999999", -1},
                 {"92233720368547758.08", -1},
                 {"1.001", -1},
                 {"-1", -1},
                 {"", -2},
                 {".", -2},
                 {"1,000.00", -2},
                 {"1e5", -2},
                 {"1.0.0", -2},
                 {" 1", -2},
                 {"１", -2},
                 {"--1", -2},
                 {"INF", -2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (zyd_iso_fen(cases[i].text) != cases[i].fen) {
            fail_msg("%s: %lld", cases[i].text, (long long)zyd_iso_fen(cases[i].text));
        }
    }
}

static void dates_are_those_of_utc8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t date;
    } cases[] = {{"2025-12-01", 20251201},
                 {"2025-12-01+08:00", 20251201},
                 {"2025-12-01Z", 20251201},
                 {"2025-12-01T16:00:00", 20251201},
                 {"2025-12-01T15:59:59Z", 20251201},
                 {"2025-12-01T16:00:00Z", 20251202},
                 {"2025-12-31T23:00:00.123-05:00", 20260101},
                 {"2025-12-01T03:00:00+14:00", 20251130},
                 {"2025-02-29", 0},
                 {"2025-13-01", 0},
                 {"2025-1-1", 0},
                 {"20251201", 0},
                 {"45992", 0},
                 {"2025-12-01T1:00:00", 0},
                 {"2025-12-01T16:00:00+8", 0},
                 {"2025-12-01x", 0},
                 {"", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (zyd_iso_date(cases[i].text) != cases[i].date) {
            fail_msg("%s: %d", cases[i].text, zyd_iso_date(cases[i].text));
        }
    }
}

/* ---- matching ---- */

#define NOW INT64_C(1764581400000) /* 2025-12-01 17:30 in UTC+8 */
static const struct zyd_iso_entry paid = {.fen = 169741922,
                                          .currency = "CNY",
                                          .booked = true,
                                          .date = 20251201,
                                          .value_date = 20251201,
                                          .account = "6222-01",
                                          .end_to_end = E2E,
                                          .uetr = "u-1",
                                          .reference = "HVPS-1"};
static const struct zyd_iso_open due = {
    .fen = 169741922, .uetr = "u-1", .account = {"6222-01", ""}, .bank = {3, 4}, .deadline_ms = NOW + 1};

static enum zyd_iso_reason judged(const struct zyd_iso_entry *e, const struct zyd_iso_open *o)
{
    return zyd_iso_judge(e, o, 3, NOW);
}

static void each_verdict_comes_when_one_thing_is_wrong(void **state)
{
    (void)state;
    struct zyd_iso_entry e = paid;
    struct zyd_iso_open o = due;
    assert_int_equal(judged(&e, &o), ZYD_ISO_R_FITS);
#define CASE(change, reason, verdict)                                                                                          \
    do {                                                                                                                       \
        e = paid;                                                                                                              \
        o = due;                                                                                                               \
        change;                                                                                                                \
        assert_int_equal(judged(&e, &o), reason);                                                                              \
        assert_int_equal(zyd_iso_verdict_of(judged(&e, &o)), verdict);                                                         \
    } while (0)
    CASE(e.booked = false, ZYD_ISO_R_NOT_BOOKED, ZYD_ISO_UNMATCHED);
    CASE(e.reversal = true, ZYD_ISO_R_REVERSED, ZYD_ISO_UNMATCHED);
    CASE(e.uetr[0] = 'v', ZYD_ISO_R_OTHER_UETR, ZYD_ISO_UNMATCHED);
    CASE(e.uetr[0] = '\0', ZYD_ISO_R_FITS, ZYD_ISO_MATCHED);
    CASE(e.account[6] = '2', ZYD_ISO_R_OTHER_ACCOUNT, ZYD_ISO_UNMATCHED);
    CASE(memcpy(e.currency, "USD", 4), ZYD_ISO_R_CURRENCY, ZYD_ISO_WRONG_AMOUNT);
    CASE(e.fen--, ZYD_ISO_R_AMOUNT, ZYD_ISO_WRONG_AMOUNT);
    CASE(e.fen++, ZYD_ISO_R_AMOUNT, ZYD_ISO_WRONG_AMOUNT);
    CASE(e.fen = -1, ZYD_ISO_R_FRACTION, ZYD_ISO_WRONG_AMOUNT);
    CASE(o.matched = true; o.deadline_ms = NOW, ZYD_ISO_R_NOTICED, ZYD_ISO_DUPLICATE);
    CASE(o.noticed[0] = true, ZYD_ISO_R_NOTICED, ZYD_ISO_DUPLICATE);
    CASE(o.noticed[1] = true, ZYD_ISO_R_FITS, ZYD_ISO_MATCHED);
    CASE(o.is_void = true, ZYD_ISO_R_VOIDED, ZYD_ISO_LATE);
    CASE(o.deadline_ms = NOW, ZYD_ISO_R_AFTER, ZYD_ISO_LATE);
    CASE(e.value_date = 20251202, ZYD_ISO_R_AHEAD, ZYD_ISO_UNMATCHED);
    CASE(e.value_date = 0, ZYD_ISO_R_FITS, ZYD_ISO_MATCHED);
    CASE(e.value_date = 0; e.date = 0, ZYD_ISO_R_NO_DATE, ZYD_ISO_UNMATCHED);
    CASE(o.bank[0] = 4, ZYD_ISO_R_OTHER_BANK, ZYD_ISO_UNMATCHED);
    CASE(e.credit = true, ZYD_ISO_R_OTHER_BANK, ZYD_ISO_UNMATCHED); /* the credit is the payee's bank's to send */
    CASE(e.credit = true; e.account[0] = 'x'; o.bank[1] = 3, ZYD_ISO_R_FITS, ZYD_ISO_MATCHED); /* no account registered */
    assert_int_equal(zyd_iso_judge(&paid, NULL, 3, NOW), ZYD_ISO_R_UNKNOWN);
    assert_int_equal(zyd_iso_judge(&paid, &due, -1, NOW), ZYD_ISO_R_FITS);
    for (int r = 0; r <= ZYD_ISO_R_LEDGER; r++) {
        assert_true(zyd_iso_reason_text((enum zyd_iso_reason)r, ZYD_LANG_ZH)[0] & 0x80);
        assert_false(zyd_iso_reason_text((enum zyd_iso_reason)r, ZYD_LANG_EN)[0] & 0x80);
    }
}

static void the_reference_for_the_ledger_follows_from_the_banks(void **state)
{
    (void)state;
    char a[ZYD_ISO_REF_MAX + 1], b[ZYD_ISO_REF_MAX + 1];
    struct zyd_iso_entry e = paid;
    zyd_iso_client_ref(a, &e);
    assert_int_equal(strlen(a), ZYD_ISO_REF_MAX);
    e.line = 99; /* where it stands, and in which kind of message, does not matter */
    e.value_date = 20251202;
    zyd_iso_client_ref(b, &e);
    assert_string_equal(a, b);
#define OTHER(change)                                                                                                          \
    do {                                                                                                                       \
        e = paid;                                                                                                              \
        change;                                                                                                                \
        zyd_iso_client_ref(b, &e);                                                                                             \
        assert_string_not_equal(a, b);                                                                                         \
    } while (0)
    OTHER(e.reference[0] = 'x');
    OTHER(e.credit = true);
    OTHER(e.account[0] = 'x');
    OTHER(e.end_to_end[24] = '9');
    e = paid;
    assert_string_equal(zyd_iso_our_reference(&e), E2E);
    memcpy(e.end_to_end, "NOTPROVIDED", 12);
    assert_null(zyd_iso_our_reference(&e));
    memcpy(e.transaction, E2E, sizeof E2E);
    assert_ptr_equal(zyd_iso_our_reference(&e), e.transaction);
    e.transaction[14] = 'A'; /* its number is decimal */
    assert_null(zyd_iso_our_reference(&e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_between_banks_is_a_pacs009),
        cmocka_unit_test(a_payment_of_anybody_else_is_a_pain001_by_payer),
        cmocka_unit_test(a_name_that_is_not_text_makes_no_file),
        cmocka_unit_test(a_members_statement_is_a_camt053_that_can_be_read_again),
        cmocka_unit_test(a_schema_of_the_user_judges_with_the_line),
        cmocka_unit_test(a_notification_is_read_field_by_field),
        cmocka_unit_test(several_transactions_of_an_entry_are_entries_that_add_up),
        cmocka_unit_test(a_statement_of_an_old_version_is_read_too),
        cmocka_unit_test(what_is_missing_or_unreadable_is_named_with_its_line),
        cmocka_unit_test(hostile_xml_is_refused_before_it_does_anything),
        cmocka_unit_test(a_tag_that_would_take_the_parser_minutes_is_not_given_to_it),
        cmocka_unit_test(an_encoding_hides_nothing_from_the_scan),
        cmocka_unit_test(the_library_writes_nothing_to_the_terminal),
        cmocka_unit_test(amounts_are_exact),
        cmocka_unit_test(dates_are_those_of_utc8),
        cmocka_unit_test(each_verdict_comes_when_one_thing_is_wrong),
        cmocka_unit_test(the_reference_for_the_ledger_follows_from_the_banks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
