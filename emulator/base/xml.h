/* XML in (expat) and out.
 *
 * Reading gives a small tree in the arena: elements with local names (prefixes and namespaces dropped), text, children,
 * and attributes by local name. No DTD, no external entities; at most XML_DEPTH levels and XML_NODES elements.
 * A byte order mark and leading blanks are allowed, as AWS allows them. */
#pragma once
#include "emulator/base/buffer.h"

enum { XML_DEPTH = 32, XML_NODES = 50000 };

struct xml_attribute {
    const char *name, *value;
    struct xml_attribute *next;
};

struct xml_node {
    const char *name; /* local name */
    const char *text; /* all character data directly within, joined; never NULL */
    struct xml_attribute *attributes;
    struct xml_node *children; /* first child */
    struct xml_node *next;     /* next sibling */
};

/* The root, or NULL: not well-formed, or over a limit. */
struct xml_node *xml_parse(struct arena *arena, struct bytes xml);
const struct xml_node *xml_child(const struct xml_node *node, const char *name); /* first of that name, or NULL */
const char *xml_child_text(const struct xml_node *node, const char *name);       /* NULL when there is none */

void xml_escape(struct buffer *buffer, struct bytes text); /* & < > ", and as &#xD; CR and the controls XML lacks, as S3 does */
void xml_open(struct buffer *buffer, const char *name);
void xml_close(struct buffer *buffer, const char *name);
void xml_element(struct buffer *buffer, const char *name, const char *text); /* open, escaped text, close */
