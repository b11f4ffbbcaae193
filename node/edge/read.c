/* read.c: camt.053 and camt.054, any version: the fields of domain.md 5.1, by local names.
 *
 * A transaction (TxDtls) is one entry; an entry without details is one.  The amount of a single transaction is what was booked
 * (Ntry/Amt); several must add up to it. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/catalogue.h>
#include <zyd/date.h>

#include "xml.h"

struct reading {
    struct zyd_iso_notice *n;
    struct zyd_err *err;
    size_t cap;
    bool bad;
};

static void fail(struct reading *r, xmlNodePtr at, const char *what)
{
    if (!r->bad) {
        r->bad = true;
        zyd_err_set(r->err, ZYD_ERR_ISO_MESSAGE, "line %u: %s: %s", edge_line(at), at ? (const char *)at->name : "?", what);
    }
}

/* Text of a leaf without blanks around it; "" when node is NULL.  false: fail was called. */
static bool leaf_text(struct reading *r, char *out, size_t cap, xmlNodePtr node)
{
    size_t size = 0;
    out[0] = '\0';
    for (xmlNodePtr t = node ? node->children : NULL; t; t = t->next) {
        if (t->type != XML_TEXT_NODE && t->type != XML_CDATA_SECTION_NODE) {
            fail(r, node, "text is expected here");
            return false;
        }
        const char *s = (const char *)t->content;
        for (; s && *s; s++) {
            bool blank = *s == ' ' || *s == '\t' || *s == '\n' || *s == '\r';
            if (blank && size == 0) {
                continue;
            }
            if (size + 1 >= cap) {
                out[size] = '\0';
                if (!blank) {
                    fail(r, node, "too long");
                    return false;
                }
                continue;
            }
            out[size++] = *s;
        }
    }
    while (size && strchr(" \t\r\n", out[size - 1])) {
        size--;
    }
    out[size] = '\0';
    return true;
}

static bool child_text(struct reading *r, char *out, size_t cap, xmlNodePtr parent, const char *name)
{
    return leaf_text(r, out, cap, edge_child(parent, name));
}

int64_t zyd_iso_fen(const char *text)
{
    int64_t fen = 0;
    int digits = 0, decimals = -1;
    bool over = false, fraction = false, negative = *text == '-';
    text += *text == '+' || *text == '-';
    for (; *text; text++) {
        if (*text == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (*text < '0' || *text > '9') {
            return -2;
        }
        digits++;
        if (decimals >= 2) {
            fraction |= *text != '0';
            continue;
        }
        decimals += decimals >= 0;
        over |= fen > ZYD_MONEY_MAX / 10;
        fen = over ? 0 : fen * 10 + (*text - '0');
    }
    if (!digits) {
        return -2;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 2; i++) {
        over |= fen > ZYD_MONEY_MAX / 10;
        fen = over ? 0 : fen * 10;
    }
    return over || fraction || fen > ZYD_MONEY_MAX || (negative && fen) ? -1 : fen;
}

static bool number(int *out, const char *text, size_t digits)
{
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

/* "Z", "+08:00", "-05:30" or nothing. */
static bool zone(int *minutes, const char *text)
{
    int h, m;
    *minutes = 480;
    if (!*text) {
        return true;
    }
    if (strcmp(text, "Z") == 0) {
        *minutes = 0;
        return true;
    }
    if ((*text != '+' && *text != '-') || strlen(text) != 6 || !number(&h, text + 1, 2) || text[3] != ':' ||
        !number(&m, text + 4, 2) || h > 14 || m > 59) {
        return false;
    }
    *minutes = (h * 60 + m) * (*text == '-' ? -1 : 1);
    return true;
}

int32_t zyd_iso_date(const char *text)
{
    int y, m, d, hour, minute, second, offset;
    if (strlen(text) < 10 || !number(&y, text, 4) || text[4] != '-' || !number(&m, text + 5, 2) || text[7] != '-' ||
        !number(&d, text + 8, 2) || !zyd_date_valid(y * 10000 + m * 100 + d)) {
        return 0;
    }
    int32_t date = y * 10000 + m * 100 + d;
    const char *rest = text + 10;
    if (*rest != 'T') {
        return zone(&offset, rest) ? date : 0; /* a day of the bank's: its zone does not move it */
    }
    if (strlen(rest) < 9 || !number(&hour, rest + 1, 2) || rest[3] != ':' || !number(&minute, rest + 4, 2) || rest[6] != ':' ||
        !number(&second, rest + 7, 2) || hour > 24 || minute > 59 || second > 60) {
        return 0;
    }
    rest += 9;
    if (*rest == '.') {
        rest += 1 + strspn(rest + 1, "0123456789");
    }
    if (!zone(&offset, rest)) {
        return 0;
    }
    int shift = hour * 60 + minute + 480 - offset; /* minutes of the day in UTC+8 */
    return shift < 0 ? zyd_date_add(date, -1) : shift >= 1440 ? zyd_date_add(date, 1) : date;
}

/* Dt or DtTm below name; 0 when it is not there. */
static bool read_date(struct reading *r, int32_t *out, xmlNodePtr parent, const char *name)
{
    char text[64];
    xmlNodePtr choice = edge_child(parent, name);
    xmlNodePtr at = choice ? edge_child(choice, "Dt") : NULL;
    at = at ? at : choice ? edge_child(choice, "DtTm") : NULL;
    *out = 0;
    if (!choice) {
        return true;
    }
    if (!at) {
        fail(r, choice, "Dt or DtTm is expected");
        return false;
    }
    if (!leaf_text(r, text, sizeof text, at)) {
        return false;
    }
    *out = zyd_iso_date(text);
    if (*out == 0) {
        fail(r, at, "not a date");
    }
    return *out != 0;
}

static bool read_amount(struct reading *r, struct zyd_iso_entry *e, xmlNodePtr amt)
{
    if (!amt) {
        return false;
    }
    xmlChar *ccy = xmlGetNoNsProp(amt, (const xmlChar *)"Ccy");
    size_t size = ccy ? strlen((const char *)ccy) : 0;
    if (size == 3) {
        memcpy(e->currency, ccy, 4);
    }
    xmlFree(ccy);
    if (size != 3) {
        fail(r, amt, "the attribute Ccy must be three letters");
        return false;
    }
    if (!leaf_text(r, e->amount, sizeof e->amount, amt)) {
        return false;
    }
    e->fen = zyd_iso_fen(e->amount);
    if (e->fen == -2) {
        fail(r, amt, "not a decimal number");
        return false;
    }
    return true;
}

static bool read_side(struct reading *r, struct zyd_iso_entry *e, xmlNodePtr parent, bool required)
{
    char text[16];
    xmlNodePtr at = edge_child(parent, "CdtDbtInd");
    if (!at) {
        if (required) {
            fail(r, parent, "CdtDbtInd is missing");
        }
        return !required;
    }
    if (!leaf_text(r, text, sizeof text, at)) {
        return false;
    }
    e->credit = strcmp(text, "CRDT") == 0;
    if (!e->credit && strcmp(text, "DBIT") != 0) {
        fail(r, at, "CRDT or DBIT is expected");
        return false;
    }
    return true;
}

static void add(struct reading *r, const struct zyd_iso_entry *e, xmlNodePtr at)
{
    struct zyd_iso_notice *n = r->n;
    if (n->count == ZYD_ISO_ENTRIES_MAX) {
        fail(r, at, "too many entries");
        return;
    }
    if (n->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 16;
        struct zyd_iso_entry *more = realloc(n->entries, r->cap * sizeof *more);
        zyd_assert(more);
        n->entries = more;
    }
    n->entries[n->count++] = *e;
}

static bool read_refs(struct reading *r, struct zyd_iso_entry *e, xmlNodePtr refs)
{
    char own[144];
    bool ok = child_text(r, e->end_to_end, sizeof e->end_to_end, refs, "EndToEndId") &&
              child_text(r, e->instruction, sizeof e->instruction, refs, "InstrId") &&
              child_text(r, e->transaction, sizeof e->transaction, refs, "TxId") &&
              child_text(r, e->uetr, sizeof e->uetr, refs, "UETR") && child_text(r, own, sizeof own, refs, "AcctSvcrRef");
    if (ok && own[0]) {
        memcpy(e->reference, own, sizeof own);
    }
    return ok;
}

/* Amt of newer versions, AmtDtls/TxAmt/Amt of older ones. */
static xmlNodePtr detail_amount(xmlNodePtr tx)
{
    xmlNodePtr amt = edge_child(tx, "Amt");
    return amt ? amt : edge_child(edge_child(edge_child(tx, "AmtDtls"), "TxAmt"), "Amt");
}

static void read_details(struct reading *r, const struct zyd_iso_entry *entry, xmlNodePtr ntry)
{
    size_t count = 0;
    int64_t sum = 0;
    for (xmlNodePtr d = edge_child(ntry, "NtryDtls"); d; d = edge_next(d)) {
        for (xmlNodePtr tx = edge_child(d, "TxDtls"); tx; tx = edge_next(tx)) {
            count++;
        }
    }
    if (count == 0) {
        add(r, entry, ntry);
        return;
    }
    for (xmlNodePtr d = edge_child(ntry, "NtryDtls"); d && !r->bad; d = edge_next(d)) {
        for (xmlNodePtr tx = edge_child(d, "TxDtls"); tx && !r->bad; tx = edge_next(tx)) {
            struct zyd_iso_entry e = *entry;
            e.line = edge_line(tx);
            bool ok = read_side(r, &e, tx, false) && read_refs(r, &e, edge_child(tx, "Refs"));
            if (ok && count > 1) {
                ok = read_amount(r, &e, detail_amount(tx));
                if (!ok) {
                    fail(r, tx, "one of several transactions without an amount");
                }
                sum = ok && e.fen >= 0 && sum >= 0 && sum <= ZYD_MONEY_MAX ? sum + (e.credit == entry->credit ? e.fen : -e.fen)
                                                                           : -1;
            }
            if (ok) {
                add(r, &e, tx);
            }
        }
    }
    if (!r->bad && count > 1 && sum >= 0 && entry->fen >= 0 && sum != entry->fen) {
        fail(r, ntry, "its transactions do not add up to the entry's amount");
    }
}

static void read_entry(struct reading *r, xmlNodePtr ntry, const char *account)
{
    char text[144];
    struct zyd_iso_entry e = {.line = edge_line(ntry)};
    xmlNodePtr status = edge_child(ntry, "Sts");
    snprintf(e.account, sizeof e.account, "%.35s", account);
    if (!edge_child(ntry, "Amt")) {
        fail(r, ntry, "Amt is missing");
        return;
    }
    if (!status) {
        fail(r, ntry, "Sts is missing");
        return;
    }
    xmlNodePtr code = edge_child(status, "Cd");
    if (!code && edge_child(status, "Prtry")) {
        code = edge_child(status, "Prtry");
    }
    if (!read_amount(r, &e, edge_child(ntry, "Amt")) || !read_side(r, &e, ntry, true) ||
        !leaf_text(r, text, sizeof text, code ? code : status)) {
        return;
    }
    e.booked = strcmp(text, "BOOK") == 0;
    if (!child_text(r, text, sizeof text, ntry, "RvslInd")) {
        return;
    }
    e.reversal = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!read_date(r, &e.date, ntry, "BookgDt") || !read_date(r, &e.value_date, ntry, "ValDt") ||
        !child_text(r, e.reference, sizeof e.reference, ntry, "AcctSvcrRef")) {
        return;
    }
    if (!e.reference[0] && !child_text(r, e.reference, sizeof e.reference, ntry, "NtryRef")) {
        return;
    }
    read_details(r, &e, ntry);
}

static void read_report(struct reading *r, xmlNodePtr report)
{
    char account[36], id[144];
    xmlNodePtr acct = edge_child(edge_child(report, "Acct"), "Id");
    xmlNodePtr at = edge_child(edge_child(acct, "Othr"), "Id");
    at = at ? at : edge_child(acct, "IBAN");
    if (!at) {
        fail(r, report, "Acct/Id is missing");
        return;
    }
    if (!leaf_text(r, account, sizeof account, at) || !child_text(r, id, sizeof id, report, "Id")) {
        return;
    }
    if (!id[0]) {
        fail(r, report, "Id is missing");
        return;
    }
    for (xmlNodePtr n = edge_child(report, "Ntry"); n && !r->bad; n = edge_next(n)) {
        size_t first = r->n->count;
        read_entry(r, n, account);
        for (size_t i = first; i < r->n->count; i++) {
            if (!r->n->entries[i].reference[0]) { /* the bank gave none: the report's stands for it */
                memcpy(r->n->entries[i].reference, id, sizeof id);
            }
        }
    }
}

static void read_document(struct reading *r, xmlNodePtr root)
{
    xmlNodePtr body = NULL, report = NULL;
    if (!root || strcmp((const char *)root->name, "Document") != 0) {
        fail(r, root, "Document is expected");
        return;
    }
    if ((body = edge_child(root, "BkToCstmrDbtCdtNtfctn")) != NULL) {
        r->n->kind = 54;
        report = edge_child(body, "Ntfctn");
    } else if ((body = edge_child(root, "BkToCstmrStmt")) != NULL) {
        r->n->kind = 53;
        report = edge_child(body, "Stmt");
    }
    if (!body || !report) {
        fail(r, body ? body : root, "neither a notification (camt.054) nor a statement (camt.053)");
        return;
    }
    if (!child_text(r, r->n->message, sizeof r->n->message, edge_child(body, "GrpHdr"), "MsgId")) {
        return;
    }
    for (; report && !r->bad; report = edge_next(report)) {
        read_report(r, report);
    }
}

enum zyd_status zyd_iso_read(struct zyd_iso_notice **out, struct zyd_err *err, struct zyd_span bytes)
{
    xmlDocPtr doc = edge_parse(err, bytes, false);
    *out = NULL;
    if (!doc) {
        return ZYD_E_MALFORMED;
    }
    struct reading r = {.n = calloc(1, sizeof *r.n), .err = err};
    zyd_assert(r.n);
    read_document(&r, xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    if (r.bad) {
        zyd_iso_notice_free(r.n);
        return ZYD_E_INVALID;
    }
    *out = r.n;
    return ZYD_OK;
}

void zyd_iso_notice_free(struct zyd_iso_notice *n)
{
    if (n) {
        free(n->entries);
        free(n);
    }
}
