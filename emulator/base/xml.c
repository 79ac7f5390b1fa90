#include "emulator/base/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "emulator/base/log.h"

/* An element whose end has not come yet. */
struct open_element {
    struct xml_node *node;
    struct xml_node **next_child; /* where the next child goes */
    struct buffer text;
};

struct reader {
    XML_Parser parser;
    struct arena *arena;
    struct xml_node *root;
    struct open_element open[XML_DEPTH]; /* their buffers are used again for later elements */
    unsigned depth, nodes;
};

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

static void add_attributes(struct reader *reader, struct xml_node *node, const char **pairs)
{
    struct xml_attribute **next = &node->attributes;
    for (; pairs[0] != NULL; pairs += 2) {
        if (text_equal(pairs[0], "xmlns") || text_starts(pairs[0], "xmlns:"))
            continue;
        struct xml_attribute *attribute = arena_alloc(reader->arena, sizeof *attribute);
        attribute->name = arena_text(reader->arena, local_name(pairs[0]));
        attribute->value = arena_text(reader->arena, pairs[1]);
        *next = attribute;
        next = &attribute->next;
    }
}

static void XMLCALL on_start(void *data, const char *name, const char **attributes)
{
    struct reader *reader = data;
    if (reader->depth == XML_DEPTH || reader->nodes == XML_NODES) {
        XML_StopParser(reader->parser, XML_FALSE);
        return;
    }
    struct xml_node *node = arena_alloc(reader->arena, sizeof *node);
    node->name = arena_text(reader->arena, local_name(name));
    add_attributes(reader, node, attributes);
    if (reader->depth == 0) {
        reader->root = node;
    } else {
        struct open_element *parent = &reader->open[reader->depth - 1];
        *parent->next_child = node;
        parent->next_child = &node->next;
    }
    struct open_element *element = &reader->open[reader->depth++];
    element->node = node;
    element->next_child = &node->children;
    buffer_clear(&element->text);
    reader->nodes++;
}

static void XMLCALL on_end(void *data, const char *name)
{
    (void)name;
    struct reader *reader = data;
    struct open_element *element = &reader->open[--reader->depth];
    element->node->text = element->text.size > 0 ? arena_copy(reader->arena, element->text.text, element->text.size) : "";
}

static void XMLCALL on_text(void *data, const char *text, int size)
{
    struct reader *reader = data;
    buffer_add(&reader->open[reader->depth - 1].text, text, (size_t)size);
}

/* Without a document type there are no entities to expand or to fetch. */
static void XMLCALL on_doctype(void *data, const char *name, const char *system, const char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    struct reader *reader = data;
    XML_StopParser(reader->parser, XML_FALSE);
}

/* expat wants the XML declaration to be the very first thing; AWS does not. */
static struct bytes without_start(struct bytes xml)
{
    if (xml.size >= 3 && memcmp(xml.at, "\xEF\xBB\xBF", 3) == 0)
        xml = (struct bytes){xml.at + 3, xml.size - 3};
    while (xml.size > 0 && strchr(" \t\r\n", xml.at[0]) != NULL && xml.at[0] != '\0')
        xml = (struct bytes){xml.at + 1, xml.size - 1};
    return xml;
}

struct xml_node *xml_parse(struct arena *arena, struct bytes xml)
{
    static XML_Parser kept; /* making one costs more than reading a small document */
    xml = without_start(xml);
    if (xml.size == 0 || xml.size > INT_MAX)
        return NULL;
    if (kept == NULL)
        kept = XML_ParserCreate(NULL);
    else
        check(XML_ParserReset(kept, NULL) == XML_TRUE);
    check(kept != NULL);
    struct reader reader = {.parser = kept, .arena = arena};
    for (size_t i = 0; i < XML_DEPTH; i++)
        buffer_init(&reader.open[i].text, SIZE_MAX); /* without entities text is no longer than the document */
    XML_SetUserData(kept, &reader);
    XML_SetElementHandler(kept, on_start, on_end);
    XML_SetCharacterDataHandler(kept, on_text);
    XML_SetStartDoctypeDeclHandler(kept, on_doctype);
    enum XML_Status status = XML_Parse(kept, xml.at, (int)xml.size, 1);
    for (size_t i = 0; i < XML_DEPTH; i++)
        buffer_free(&reader.open[i].text);
    return status == XML_STATUS_OK ? reader.root : NULL;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name)
{
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        if (strcmp(child->name, name) == 0)
            return child;
    }
    return NULL;
}

const char *xml_child_text(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = xml_child(node, name);
    return child != NULL ? child->text : NULL;
}

void xml_escape(struct buffer *buffer, struct bytes text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char character = (unsigned char)text.at[i];
        char reference[8];
        const char *escape = reference;
        if (character == '&')
            escape = "&amp;";
        else if (character == '<')
            escape = "&lt;";
        else if (character == '>')
            escape = "&gt;";
        else if (character == '"')
            escape = "&quot;";
        else if (character < 0x20 && character != '\t' && character != '\n')
            snprintf(reference, sizeof reference, "&#x%X;", character);
        else
            continue;
        buffer_add(buffer, text.at + from, i - from);
        buffer_text(buffer, escape);
        from = i + 1;
    }
    if (from < text.size)
        buffer_add(buffer, text.at + from, text.size - from);
}

void xml_open(struct buffer *buffer, const char *name)
{
    buffer_char(buffer, '<');
    buffer_text(buffer, name);
    buffer_char(buffer, '>');
}

void xml_close(struct buffer *buffer, const char *name)
{
    buffer_text(buffer, "</");
    buffer_text(buffer, name);
    buffer_char(buffer, '>');
}

void xml_element(struct buffer *buffer, const char *name, const char *text)
{
    xml_open(buffer, name);
    xml_escape(buffer, bytes_of(text));
    xml_close(buffer, name);
}
