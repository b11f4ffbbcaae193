/* Reading XML that somebody else wrote: one guarded parser for messages and schemas. */
#ifndef EDGE_XML_H
#define EDGE_XML_H

#include <libxml/tree.h>
#include <zyd/iso20022.h>

/* The document, or NULL with E8088 in err.  Refused: DOCTYPE, XInclude, more than ZYD_ISO_DEPTH_MAX levels (schemas: four
 * times), ZYD_ISO_ELEMENTS_MAX elements, ZYD_ISO_SIZE_MAX bytes. */
xmlDocPtr edge_parse(struct zyd_err *err, struct zyd_span bytes, bool schema);
/* First child element with this local name, or NULL; next one. */
xmlNodePtr edge_child(xmlNodePtr parent, const char *name);
xmlNodePtr edge_next(xmlNodePtr node);
unsigned edge_line(xmlNodePtr node);

#endif
