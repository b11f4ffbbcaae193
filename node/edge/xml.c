/* xml.c: the guarded parser, and validation against the user's schema.
 *
 * libxml2 is told to expand nothing and fetch nothing; what could make it try is refused where it begins, so that no later
 * default of the library matters: a DOCTYPE ends the parse before its first declaration is looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlschemas.h>
#include <zyd/catalogue.h>

#include "xml.h"

struct guard {
    struct zyd_err *err;
    unsigned depth, depth_max, elements;
    bool refused;
};

static void refuse(xmlParserCtxtPtr p, const char *what)
{
    struct guard *g = p->_private;
    if (!g->refused) {
        g->refused = true;
        zyd_err_set(g->err, ZYD_ERR_XML, "line %d: %s", xmlSAX2GetLineNumber(p), what);
    }
    xmlStopParser(p);
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    refuse(ctx, "DOCTYPE is not allowed (no entities, no external files)");
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int ns_count,
                     const xmlChar **ns, int attribute_count, int defaulted, const xmlChar **attributes)
{
    xmlParserCtxtPtr p = ctx;
    struct guard *g = p->_private;
    char text[80];
    if (uri && strstr((const char *)uri, "/XInclude")) {
        refuse(p, "XInclude is not allowed");
        return;
    }
    if (++g->depth > g->depth_max) {
        snprintf(text, sizeof text, "elements stand more than %u levels deep", g->depth_max);
        refuse(p, text);
        return;
    }
    if (++g->elements > ZYD_ISO_ELEMENTS_MAX) {
        snprintf(text, sizeof text, "more than %u elements", ZYD_ISO_ELEMENTS_MAX);
        refuse(p, text);
        return;
    }
    xmlSAX2StartElementNs(ctx, name, prefix, uri, ns_count, ns, attribute_count, defaulted, attributes);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct guard *g = ((xmlParserCtxtPtr)ctx)->_private;
    g->depth--;
    xmlSAX2EndElementNs(ctx, name, prefix, uri);
}

/* One line of the library's message, the first that comes. */
static void keep(struct zyd_err *err, uint32_t code, bool *had, xmlErrorPtr e)
{
    if (*had || e->level < XML_ERR_ERROR) {
        return;
    }
    const char *message = e->message ? e->message : "?";
    *had = true;
    zyd_err_set(err, code, "line %d: %.*s", e->line, (int)strcspn(message, "\n"), message);
}

static void on_error(void *ctx, xmlErrorPtr e)
{
    struct guard *g = ((xmlParserCtxtPtr)ctx)->_private;
    keep(g->err, ZYD_ERR_XML, &g->refused, e);
}

static xmlParserInputPtr fetch_nothing(const char *url, const char *id, xmlParserCtxtPtr p)
{
    (void)url;
    (void)id;
    (void)p;
    return NULL;
}

static void say_nothing(void *ctx, xmlErrorPtr e)
{
    (void)ctx;
    (void)e;
}

/* What the library says outside of a context of ours would go to the user's terminal; ours says it by name. */
static void quiet_library(void)
{
    xmlInitParser();
    xmlSetExternalEntityLoader(fetch_nothing);
    xmlSetStructuredErrorFunc(NULL, say_nothing);
}

/* ---- before the parser: what would make it slow ---- */

/* End of what starts at p with a mark, which ends with the word; the end of the bytes when it does not. */
static const char *skip_to(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    for (; (size_t)(end - p) >= n; p++) {
        if (memcmp(p, word, n) == 0) {
            return p + n;
        }
    }
    return end;
}

/* End of a tag; quotes may hold a '>'. */
static const char *skip_tag(const char *p, const char *end)
{
    char quote = 0;
    for (; p < end; p++) {
        if (quote ? *p == quote : *p == '"' || *p == '\'') {
            quote = quote ? 0 : *p;
        } else if (!quote && *p == '>') {
            return p + 1;
        }
    }
    return end;
}

static const char *skip_markup(const char *p, const char *end)
{
    size_t left = (size_t)(end - p);
    return left >= 4 && memcmp(p, "<!--", 4) == 0        ? skip_to(p + 4, end, "-->")
           : left >= 9 && memcmp(p, "<![CDATA[", 9) == 0 ? skip_to(p + 9, end, "]]>")
           : left >= 2 && memcmp(p, "<?", 2) == 0        ? skip_to(p + 2, end, "?>")
                                                         : skip_tag(p, end);
}

enum encoding { ENCODING_UTF8, ENCODING_GB18030, ENCODING_OTHER };

/* As declared; UTF-8 where nothing is. */
static enum encoding declared(const char *p, const char *end)
{
    static const struct {
        const char *name;
        enum encoding encoding;
    } known[] = {{"utf-8", ENCODING_UTF8},
                 {"us-ascii", ENCODING_UTF8},
                 {"gb18030", ENCODING_GB18030},
                 {"gbk", ENCODING_GB18030},
                 {"gb2312", ENCODING_GB18030}};
    if (end - p < 5 || memcmp(p, "<?xml", 5) != 0) {
        return ENCODING_UTF8;
    }
    const char *close = skip_to(p, end, "?>"), *at = skip_to(p, close, "encoding");
    while (at < close && memchr(" \t\r\n=", *at, 5)) {
        at++;
    }
    if (at >= close || (*at != '"' && *at != '\'')) {
        return at >= close ? ENCODING_UTF8 : ENCODING_OTHER;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t n = strlen(known[i].name);
        if ((size_t)(close - at) > n + 1 && strncasecmp(at + 1, known[i].name, n) == 0 && at[n + 1] == *at) {
            return known[i].encoding;
        }
    }
    return ENCODING_OTHER;
}

/* Everything from here on is UTF-8, so that what is scanned is what is parsed: the second byte of a GBK character may be a ']',
 * and of EBCDIC no byte is what it seems.  *made: to be freed. */
static bool to_utf8(struct zyd_span *out, char **made, struct zyd_err *err, struct zyd_span bytes)
{
    const char *p = (const char *)bytes.data;
    size_t bom = bytes.size >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, size = 0, bad = 0;
    enum encoding encoding = declared(p + bom, p + bytes.size);
    *made = NULL;
    *out = zyd_span(p + bom, bytes.size - bom);
    bool ok = false;
    if (encoding == ENCODING_UTF8) {
        bad = bom + zyd_utf8_span(*out);
        ok = bad == bytes.size;
    } else if (encoding == ENCODING_GB18030 && !bom) {
        *made = zyd_gb18030_text(&size, &bad, bytes);
        *out = zyd_span(*made, size);
        ok = *made != NULL;
    }
    if (!ok) {
        zyd_err_set(err, ZYD_ERR_XML, "line %zu: the encoding must be UTF-8 or GB18030, and the one declared",
                    zyd_line_of(bytes, bad));
    }
    return ok;
}

/* libxml2 compares each attribute of a tag with each other: a long tag costs its length squared. */
static bool scan(struct zyd_err *err, struct zyd_span bytes)
{
    const char *p = (const char *)bytes.data, *end = p + bytes.size, *from;
    unsigned line = 1;
    for (from = p; p < end;) {
        bool markup = *p == '<';
        p = markup ? skip_markup(p, end) : p + 1;
        if (markup && (size_t)(p - from) > ZYD_ISO_TAG_MAX && from[1] != '?' && from[1] != '!') {
            zyd_err_set(err, ZYD_ERR_XML, "line %u: a tag of more than %u bytes", line, ZYD_ISO_TAG_MAX);
            return false;
        }
        for (; from < p; from++) {
            line += *from == '\n';
        }
    }
    return true;
}

static xmlDocPtr parse(struct zyd_err *err, struct zyd_span text, bool schema)
{
    struct guard g = {.err = err, .depth_max = ZYD_ISO_DEPTH_MAX * (schema ? 4 : 1)};
    quiet_library();
    xmlParserCtxtPtr p = xmlNewParserCtxt();
    zyd_assert(p && p->sax);
    p->_private = &g;
    p->sax->internalSubset = on_doctype;
    p->sax->externalSubset = on_doctype;
    p->sax->startElementNs = on_start;
    p->sax->endElementNs = on_end;
    p->sax->processingInstruction = NULL;
    p->sax->comment = NULL;
    p->sax->serror = on_error;
    xmlDocPtr doc =
        xmlCtxtReadMemory(p, (const char *)text.data, (int)text.size, NULL, NULL,
                          XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_COMPACT | XML_PARSE_BIG_LINES | XML_PARSE_IGNORE_ENC);
    if (!doc && p->myDoc) {
        xmlFreeDoc(p->myDoc);
    }
    if ((g.refused || !doc || !p->wellFormed) && !g.refused) {
        zyd_err_set(err, ZYD_ERR_XML, "line %d: not well formed", xmlSAX2GetLineNumber(p));
    }
    bool bad = g.refused || !doc || !p->wellFormed;
    p->myDoc = NULL;
    xmlFreeParserCtxt(p);
    if (bad && doc) {
        xmlFreeDoc(doc);
    }
    return bad ? NULL : doc;
}

xmlDocPtr edge_parse(struct zyd_err *err, struct zyd_span bytes, bool schema)
{
    struct zyd_span text;
    char *made;
    if (bytes.size == 0 || bytes.size > ZYD_ISO_SIZE_MAX) {
        zyd_err_set(err, bytes.size ? ZYD_ERR_TOO_BIG : ZYD_ERR_XML, "%zu bytes; 1 to %u", bytes.size, ZYD_ISO_SIZE_MAX);
        return NULL;
    }
    xmlDocPtr doc = to_utf8(&text, &made, err, bytes) && scan(err, text) ? parse(err, text, schema) : NULL;
    free(made);
    return doc;
}

xmlNodePtr edge_next(xmlNodePtr node)
{
    const xmlChar *name = node->name;
    for (node = node->next; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, name)) {
            return node;
        }
    }
    return NULL;
}

xmlNodePtr edge_child(xmlNodePtr parent, const char *name)
{
    for (xmlNodePtr n = parent ? parent->children : NULL; n; n = n->next) {
        if (n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0) {
            return n;
        }
    }
    return NULL;
}

unsigned edge_line(xmlNodePtr node)
{
    long line = node ? xmlGetLineNo(node) : 0;
    return line > 0 ? (unsigned)line : 0;
}

/* ---- schema ---- */

struct finding {
    struct zyd_err *err;
    bool had;
};

static void on_schema_error(void *ctx, xmlErrorPtr e)
{
    struct finding *f = ctx;
    keep(f->err, ZYD_ERR_XML_SCHEMA, &f->had, e);
}

static bool by_schema(struct zyd_err *err, xmlDocPtr doc, xmlSchemaPtr schema)
{
    struct finding f = {.err = err};
    xmlSchemaValidCtxtPtr v = xmlSchemaNewValidCtxt(schema);
    zyd_assert(v);
    xmlSchemaSetValidStructuredErrors(v, on_schema_error, &f);
    int n = xmlSchemaValidateDoc(v, doc);
    xmlSchemaFreeValidCtxt(v);
    if (n != 0 && !f.had) {
        zyd_err_set(err, ZYD_ERR_XML_SCHEMA, "line 0: not valid");
    }
    return n == 0;
}

enum zyd_status zyd_iso_validate(struct zyd_err *err, struct zyd_span xml, struct zyd_span xsd)
{
    enum zyd_status s = ZYD_E_INVALID;
    struct zyd_err schema_err = {0};
    struct finding f = {.err = &schema_err};
    xmlDocPtr doc = edge_parse(err, xml, false), schema_doc = doc ? edge_parse(&schema_err, xsd, true) : NULL;
    xmlSchemaParserCtxtPtr p = schema_doc ? xmlSchemaNewDocParserCtxt(schema_doc) : NULL;
    xmlSchemaPtr schema = NULL;
    if (p) {
        xmlSchemaSetParserStructuredErrors(p, on_schema_error, &f);
        schema = xmlSchemaParse(p);
        xmlSchemaFreeParserCtxt(p);
    }
    if (schema) {
        s = by_schema(err, doc, schema) ? ZYD_OK : ZYD_E_INVALID;
        xmlSchemaFree(schema);
    } else if (doc) {
        zyd_err_set(err, ZYD_ERR_XML_SCHEMA, "the schema itself: %.400s",
                    schema_err.text[0] ? schema_err.text : "cannot be read");
    }
    if (schema_doc) {
        xmlFreeDoc(schema_doc);
    }
    if (doc) {
        xmlFreeDoc(doc);
    }
    return s;
}
