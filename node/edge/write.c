/* write.c: payment instructions as pacs.009.001.08 and pain.001.001.09, a member's statement as camt.053.001.08.
 *
 * The order of elements is the schema's.  Times and references come from the ledger, never from a clock: equal orders give
 * equal bytes on every node. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/catalogue.h>
#include <zyd/date.h>

#include "xml.h"

struct out {
    FILE *f;
    unsigned depth;
};

static void indent(struct out *o)
{
    fprintf(o->f, "\n%*s", (int)(2 * o->depth), "");
}

static void text(struct out *o, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            fputs("&amp;", o->f);
            break;
        case '<':
            fputs("&lt;", o->f);
            break;
        case '>':
            fputs("&gt;", o->f);
            break;
        default:
            fputc((unsigned char)*s < 0x20 ? ' ' : *s, o->f);
        }
    }
}

static void begin(struct out *o, const char *tag)
{
    indent(o);
    fprintf(o->f, "<%s>", tag);
    o->depth++;
}

static void end(struct out *o, const char *tag)
{
    o->depth--;
    indent(o);
    fprintf(o->f, "</%s>", tag);
}

static void leaf(struct out *o, const char *tag, const char *value)
{
    indent(o);
    fprintf(o->f, "<%s>", tag);
    text(o, value);
    fprintf(o->f, "</%s>", tag);
}

static void leaf_number(struct out *o, const char *tag, size_t n)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", n);
    leaf(o, tag, number);
}

static void leaf_yuan(struct out *o, const char *tag, int64_t fen, bool currency)
{
    indent(o);
    fprintf(o->f, "<%s%s>%lld.%02lld</%s>", tag, currency ? " Ccy=\"CNY\"" : "", (long long)(fen / 100), (long long)(fen % 100),
            tag);
}

static void leaf_date(struct out *o, const char *tag, int32_t date)
{
    indent(o);
    fprintf(o->f, "<%s>%04d-%02d-%02d</%s>", tag, date / 10000, date / 100 % 100, date % 100, tag);
}

static void leaf_time(struct out *o, const char *tag, int64_t ms)
{
    int32_t date = zyd_date_of_ms(ms), second = (int32_t)((ms - zyd_ms_of_date(date)) / 1000);
    indent(o);
    fprintf(o->f, "<%s>%04d-%02d-%02dT%02d:%02d:%02d+08:00</%s>", tag, date / 10000, date / 100 % 100, date % 100,
            second / 3600, second / 60 % 60, second % 60, tag);
}

/* Id and scheme in an Othr. */
static void other(struct out *o, const char *id, const char *scheme)
{
    begin(o, "Othr");
    leaf(o, "Id", id);
    begin(o, "SchmeNm");
    leaf(o, "Prtry", scheme);
    end(o, "SchmeNm");
    end(o, "Othr");
}

/* The party's bank: by its 行号 where it is known, else by its code in the consortium. */
static void agent(struct out *o, const char *tag, const struct zyd_iso_party *p)
{
    begin(o, tag);
    begin(o, "FinInstnId");
    begin(o, "ClrSysMmbId");
    begin(o, "ClrSysId");
    leaf(o, p->bank_code[0] ? "Cd" : "Prtry", p->bank_code[0] ? "CNAPS" : "ZYD");
    end(o, "ClrSysId");
    leaf(o, "MmbId", p->bank_code[0] ? p->bank_code : p->bank);
    end(o, "ClrSysMmbId");
    leaf(o, "Nm", p->bank_name);
    other(o, p->bank_uscc, "USCC");
    end(o, "FinInstnId");
    end(o, tag);
}

static void customer(struct out *o, const char *tag, const struct zyd_iso_party *p)
{
    begin(o, tag);
    leaf(o, "Nm", p->name);
    begin(o, "Id");
    begin(o, "OrgId");
    other(o, p->uscc, "USCC");
    end(o, "OrgId");
    end(o, "Id");
    end(o, tag);
}

static void account(struct out *o, const char *tag, const struct zyd_iso_party *p)
{
    begin(o, tag);
    begin(o, "Id");
    if (p->account[0]) {
        begin(o, "Othr");
        leaf(o, "Id", p->account);
        end(o, "Othr");
    } else {
        other(o, p->uscc, "USCC");
    }
    end(o, "Id");
    leaf(o, "Ccy", "CNY");
    end(o, tag);
}

static void identification(struct out *o, const struct zyd_iso_payment *p, bool tx_id)
{
    begin(o, "PmtId");
    leaf(o, "InstrId", p->end_to_end);
    leaf(o, "EndToEndId", p->end_to_end);
    if (tx_id) {
        leaf(o, "TxId", p->end_to_end);
    }
    leaf(o, "UETR", p->uetr);
    end(o, "PmtId");
}

static void remittance(struct out *o, const struct zyd_iso_payment *p)
{
    begin(o, "RmtInf");
    leaf(o, "Ustrd", p->note);
    end(o, "RmtInf");
}

static int64_t sum(const struct zyd_iso_payment *p, size_t count)
{
    int64_t fen = 0;
    for (size_t i = 0; i < count; i++) {
        fen += p[i].fen;
    }
    return fen;
}

static void pacs009(struct out *o, const struct zyd_iso_order *d)
{
    begin(o, "FICdtTrf");
    begin(o, "GrpHdr");
    leaf(o, "MsgId", d->message);
    leaf_time(o, "CreDtTm", d->created_ms);
    leaf_number(o, "NbOfTxs", d->count);
    leaf_yuan(o, "TtlIntrBkSttlmAmt", sum(d->payments, d->count), true);
    leaf_date(o, "IntrBkSttlmDt", d->date);
    begin(o, "SttlmInf");
    leaf(o, "SttlmMtd", "CLRG");
    end(o, "SttlmInf");
    end(o, "GrpHdr");
    for (size_t i = 0; i < d->count; i++) {
        const struct zyd_iso_payment *p = &d->payments[i];
        begin(o, "CdtTrfTxInf");
        identification(o, p, true);
        leaf_yuan(o, "IntrBkSttlmAmt", p->fen, true);
        leaf_date(o, "IntrBkSttlmDt", d->date);
        agent(o, "Dbtr", &p->payer);
        account(o, "DbtrAcct", &p->payer);
        agent(o, "Cdtr", &p->payee);
        account(o, "CdtrAcct", &p->payee);
        remittance(o, p);
        end(o, "CdtTrfTxInf");
    }
    end(o, "FICdtTrf");
}

static void pain001_payer(struct out *o, const struct zyd_iso_order *d, size_t first, size_t count, unsigned number)
{
    const struct zyd_iso_payment *p = &d->payments[first];
    char id[ZYD_ISO_REF_MAX + 1];
    snprintf(id, sizeof id, "%.30s-%u", d->message, number % 1000);
    begin(o, "PmtInf");
    leaf(o, "PmtInfId", id);
    leaf(o, "PmtMtd", "TRF");
    leaf_number(o, "NbOfTxs", count);
    leaf_yuan(o, "CtrlSum", sum(p, count), false);
    begin(o, "ReqdExctnDt");
    leaf_date(o, "Dt", d->date);
    end(o, "ReqdExctnDt");
    customer(o, "Dbtr", &p->payer);
    account(o, "DbtrAcct", &p->payer);
    agent(o, "DbtrAgt", &p->payer);
    for (size_t i = 0; i < count; i++, p++) {
        begin(o, "CdtTrfTxInf");
        identification(o, p, false);
        begin(o, "Amt");
        leaf_yuan(o, "InstdAmt", p->fen, true);
        end(o, "Amt");
        agent(o, "CdtrAgt", &p->payee);
        customer(o, "Cdtr", &p->payee);
        account(o, "CdtrAcct", &p->payee);
        remittance(o, p);
        end(o, "CdtTrfTxInf");
    }
    end(o, "PmtInf");
}

static void pain001(struct out *o, const struct zyd_iso_order *d)
{
    unsigned number = 0;
    begin(o, "CstmrCdtTrfInitn");
    begin(o, "GrpHdr");
    leaf(o, "MsgId", d->message);
    leaf_time(o, "CreDtTm", d->created_ms);
    leaf_number(o, "NbOfTxs", d->count);
    leaf_yuan(o, "CtrlSum", sum(d->payments, d->count), false);
    begin(o, "InitgPty");
    leaf(o, "Nm", d->initiator);
    end(o, "InitgPty");
    end(o, "GrpHdr");
    for (size_t i = 0, n; i < d->count; i += n) {
        n = 1;
        while (i + n < d->count && strcmp(d->payments[i + n].payer.uscc, d->payments[i].payer.uscc) == 0) {
            n++;
        }
        pain001_payer(o, d, i, n, ++number);
    }
    end(o, "CstmrCdtTrfInitn");
}

/* ---- statement ---- */

static void side(struct out *o, bool credit)
{
    leaf(o, "CdtDbtInd", credit ? "CRDT" : "DBIT");
}

static void statement_row(struct out *o, const struct zyd_iso_statement *s, size_t at)
{
    const struct zyd_iso_row *r = &s->rows[at];
    char reference[ZYD_ISO_REF_MAX + 1];
    snprintf(reference, sizeof reference, "%.32s", r->id);
    begin(o, "Ntry");
    leaf_number(o, "NtryRef", at + 1);
    leaf_yuan(o, "Amt", r->fen, true);
    side(o, r->credit);
    begin(o, "Sts");
    leaf(o, "Cd", r->settled ? "BOOK" : "PDNG");
    end(o, "Sts");
    leaf(o, "AcctSvcrRef", reference);
    begin(o, "BkTxCd");
    begin(o, "Prtry");
    leaf(o, "Cd", "NETTING");
    end(o, "Prtry");
    end(o, "BkTxCd");
    begin(o, "NtryDtls");
    begin(o, "TxDtls");
    begin(o, "Refs");
    leaf(o, "AcctSvcrRef", reference);
    end(o, "Refs");
    leaf_yuan(o, "Amt", r->fen, true);
    side(o, r->credit);
    begin(o, "RltdPties");
    begin(o, r->credit ? "Dbtr" : "Cdtr");
    begin(o, "Pty");
    leaf(o, "Nm", r->other);
    begin(o, "Id");
    begin(o, "OrgId");
    other(o, r->other_uscc, "USCC");
    end(o, "OrgId");
    end(o, "Id");
    end(o, "Pty");
    end(o, r->credit ? "Dbtr" : "Cdtr");
    end(o, "RltdPties");
    leaf(o, "AddtlTxInf", r->id);
    end(o, "TxDtls");
    end(o, "NtryDtls");
    end(o, "Ntry");
}

static void camt053(struct out *o, const struct zyd_iso_statement *s)
{
    begin(o, "BkToCstmrStmt");
    begin(o, "GrpHdr");
    leaf(o, "MsgId", s->message);
    leaf_time(o, "CreDtTm", s->created_ms);
    end(o, "GrpHdr");
    begin(o, "Stmt");
    leaf(o, "Id", s->message);
    leaf_time(o, "CreDtTm", s->created_ms);
    begin(o, "Acct");
    begin(o, "Id");
    other(o, s->code, "ZYD");
    end(o, "Id");
    leaf(o, "Ccy", "CNY");
    begin(o, "Ownr");
    leaf(o, "Nm", s->owner);
    begin(o, "Id");
    begin(o, "OrgId");
    other(o, s->uscc, "USCC");
    end(o, "OrgId");
    end(o, "Id");
    end(o, "Ownr");
    end(o, "Acct");
    begin(o, "Bal");
    begin(o, "Tp");
    begin(o, "CdOrPrtry");
    leaf(o, "Prtry", "NET");
    end(o, "CdOrPrtry");
    end(o, "Tp");
    leaf_yuan(o, "Amt", s->net < 0 ? -s->net : s->net, true);
    side(o, s->net >= 0);
    begin(o, "Dt");
    leaf_date(o, "Dt", s->date);
    end(o, "Dt");
    end(o, "Bal");
    for (size_t i = 0; i < s->count; i++) {
        statement_row(o, s, i);
    }
    end(o, "Stmt");
    end(o, "BkToCstmrStmt");
}

/* ---- documents ---- */

static void document(struct out *o, char **bytes, size_t *size, const char *message)
{
    *bytes = NULL;
    o->depth = 1;
    o->f = open_memstream(bytes, size);
    zyd_assert(o->f);
    fprintf(o->f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:%s\">",
            message);
}

/* A name that is not UTF-8 makes a document that cannot be read: none is made then. */
static enum zyd_status finish(struct out *o, char **bytes, const size_t *size, struct zyd_err *err)
{
    fputs("\n</Document>\n", o->f);
    fclose(o->f);
    xmlDocPtr doc = edge_parse(err, zyd_span(*bytes, *size), false);
    if (!doc) {
        free(*bytes);
        *bytes = NULL;
        return ZYD_E_INVALID;
    }
    xmlFreeDoc(doc);
    return ZYD_OK;
}

enum zyd_status zyd_iso_statement_write(char **out, size_t *size, struct zyd_err *err,
                                        const struct zyd_iso_statement *statement)
{
    struct out o;
    document(&o, out, size, "camt.053.001.08");
    camt053(&o, statement);
    return finish(&o, out, size, err);
}

bool zyd_iso_belongs(enum zyd_iso_format format, const struct zyd_iso_payment *p)
{
    return (format == ZYD_ISO_PACS009) == (p->payer.is_bank && p->payee.is_bank);
}

void zyd_iso_uetr(char out[37], const uint8_t id[32])
{
    uint8_t u[16];
    memcpy(u, id, sizeof u);
    u[6] = (uint8_t)((u[6] & 0x0f) | 0x40);
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
    for (size_t i = 0, at = 0; i < sizeof u; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out[at++] = '-';
        }
        out[at++] = "0123456789abcdef"[u[i] >> 4];
        out[at++] = "0123456789abcdef"[u[i] & 15];
    }
    out[36] = '\0';
}

enum zyd_status zyd_iso_write(char **out, size_t *size, struct zyd_err *err, const struct zyd_iso_order *order)
{
    struct out o;
    document(&o, out, size, order->format == ZYD_ISO_PACS009 ? "pacs.009.001.08" : "pain.001.001.09");
    if (order->format == ZYD_ISO_PACS009) {
        pacs009(&o, order);
    } else {
        pain001(&o, order);
    }
    return finish(&o, out, size, err);
}
