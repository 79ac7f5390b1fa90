/* XML, for REST-XML and for the answers of Query. Flattened lists and maps repeat their element without one around them. */
#include <string.h>

#include "emulator/aws/wire.h"

/* Reading. S3 validates against a schema: what the model does not know is refused, as are leaves of a wrong type. */

static bool malformed(struct call *call)
{
    return fail_serialization(call, "The XML you provided was not well-formed or did not validate against our published schema");
}

static bool read_element(struct call *call, uint16_t number, uint8_t timestamp, const struct xml_node *node, struct value *value);

static bool read_list(struct call *call, const struct shape *shape, const struct xml_node *node, struct value *value)
{
    const struct model *model = call->service->model;
    *value = value_list();
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        if (strcmp(child->name, model_string(model, shape->element_name)) != 0)
            return malformed(call);
        if (!read_element(call, shape->element, TIMESTAMP_DEFAULT, child, value_push(call->arena, value, (struct value){0})))
            return false;
    }
    return true;
}

static bool read_entry(struct call *call, const struct shape *shape, const struct xml_node *node, struct value *map)
{
    const struct model *model = call->service->model;
    const struct xml_node *key = xml_child(node, model_string(model, shape->key_name));
    const struct xml_node *item = xml_child(node, model_string(model, shape->element_name));
    struct value value = {0};
    if (key == NULL || item == NULL)
        return malformed(call);
    if (!read_element(call, shape->element, TIMESTAMP_DEFAULT, item, &value))
        return false;
    value_put(call->arena, map, key->text, value);
    return true;
}

static bool read_map(struct call *call, const struct shape *shape, const struct xml_node *node, struct value *value)
{
    *value = value_map();
    for (const struct xml_node *child = node->children; child != NULL; child = child->next)
        if (!read_entry(call, shape, child, value))
            return false;
    return true;
}

static bool read_element(struct call *call, uint16_t number, uint8_t timestamp, const struct xml_node *node, struct value *value)
{
    const struct shape *shape = shape_of(call->service->model, number);
    switch (shape->type) {
    case SHAPE_TYPE_STRUCTURE:
        return xml_read_struct(call, number, node, value);
    case SHAPE_TYPE_LIST:
        return read_list(call, shape, node, value);
    case SHAPE_TYPE_MAP:
        return read_map(call, shape, node, value);
    default:
        if (node->children != NULL || !scalar_read(call->arena, shape, timestamp, node->text, value))
            return malformed(call);
        return true;
    }
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static int find_element(const struct model *model, uint16_t shape, const char *name)
{
    const struct member *members = members_of(model, shape);
    for (int i = 0; i < shape_of(model, shape)->member_count; i++)
        if (members[i].location == LOCATION_BODY && !(members[i].flags & MEMBER_XML_ATTRIBUTE) &&
            strcmp(model_string(model, members[i].wire_name), name) == 0)
            return i;
    return -1;
}

/* Prefixes are gone when we see them; the model writes xsi:type. */
static void read_attributes(struct call *call, uint16_t shape, const struct xml_node *node, struct value *value)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    for (int i = 0; i < shape_of(model, shape)->member_count; i++) {
        if (!(members[i].flags & MEMBER_XML_ATTRIBUTE))
            continue;
        const char *wire = model_string(model, members[i].wire_name), *colon = strchr(wire, ':');
        for (const struct xml_attribute *attribute = node->attributes; attribute != NULL; attribute = attribute->next)
            if (strcmp(attribute->name, colon != NULL ? colon + 1 : wire) == 0)
                value->items[i] = value_text(attribute->value);
    }
}

bool xml_read_struct(struct call *call, uint16_t shape, const struct xml_node *node, struct value *value)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    if (value->kind != VALUE_STRUCT)
        *value = model_struct(model, call->arena, shape);
    if (!is_blank(node->text))
        return malformed(call);
    if (node->attributes != NULL)
        read_attributes(call, shape, node, value);
    for (const struct xml_node *child = node->children; child != NULL; child = child->next) {
        int at = find_element(model, shape, child->name);
        if (at < 0)
            return malformed(call);
        const struct shape *target = shape_of(model, members[at].shape);
        struct value *slot = &value->items[at];
        if (!(members[at].flags & MEMBER_FLATTENED)) {
            if (slot->kind != VALUE_ABSENT || !read_element(call, members[at].shape, members[at].timestamp, child, slot))
                return call->error != NULL ? false : malformed(call);
            continue;
        }
        if (slot->kind == VALUE_ABSENT)
            *slot = target->type == SHAPE_TYPE_LIST ? value_list() : value_map();
        if (target->type == SHAPE_TYPE_MAP
                ? !read_entry(call, target, child, slot)
                : !read_element(call, target->element, TIMESTAMP_DEFAULT, child, value_push(call->arena, slot, (struct value){0})))
            return false;
    }
    return true;
}

/* Writing. */

static void open_with(struct buffer *buffer, const char *name, const char *attributes)
{
    buffer_char(buffer, '<');
    buffer_text(buffer, name);
    if (attributes[0] != '\0') {
        buffer_char(buffer, ' ');
        buffer_text(buffer, attributes);
    }
    buffer_char(buffer, '>');
}

static const char *attributes_of(struct arena *arena, const struct model *model, uint16_t number, const struct value *value)
{
    const struct shape *shape = shape_of(model, number);
    const struct member *members = members_of(model, number);
    struct buffer buffer;
    bool any = shape->xml_namespace != 0;
    for (int i = 0; i < shape->member_count; i++)
        any = any || (members[i].flags & MEMBER_XML_ATTRIBUTE);
    if (!any)
        return "";
    buffer_init(&buffer, ERROR_LIMIT);
    buffer_text(&buffer, model_string(model, shape->xml_namespace));
    for (uint32_t i = 0; i < value->size; i++) {
        if (!(members[i].flags & MEMBER_XML_ATTRIBUTE) || value->items[i].kind != VALUE_TEXT)
            continue;
        buffer_print(&buffer, "%s%s=\"", buffer.size > 0 ? " " : "", model_string(model, members[i].wire_name));
        xml_escape(&buffer, value_as_bytes(&value->items[i]));
        buffer_char(&buffer, '"');
    }
    return buffer_detach(&buffer, arena).at;
}

static void write_entry(struct buffer *buffer, struct arena *arena, const struct model *model, const char *name,
                        const struct shape *shape, const struct value *map, uint32_t at, bool is_query)
{
    const char *key = model_string(model, shape->key_name);
    xml_open(buffer, name);
    xml_open(buffer, key);
    xml_escape(buffer, value_as_bytes(&map->items[2 * at]));
    xml_close(buffer, key);
    xml_write_value(buffer, arena, model, model_string(model, shape->element_name), shape->element, TIMESTAMP_DEFAULT, false,
                    &map->items[2 * at + 1], is_query);
    xml_close(buffer, name);
}

void xml_write_value(struct buffer *buffer, struct arena *arena, const struct model *model, const char *name, uint16_t number,
                     uint8_t timestamp, bool is_flattened, const struct value *value, bool is_query)
{
    const struct shape *shape = shape_of(model, number);
    switch (value->kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
        return;
    case VALUE_STRUCT:
        open_with(buffer, name, attributes_of(arena, model, number, value));
        xml_write_struct(buffer, arena, model, number, value, is_query);
        xml_close(buffer, name);
        return;
    case VALUE_LIST:
        if (!is_flattened)
            xml_open(buffer, name);
        for (uint32_t i = 0; i < value->size; i++)
            xml_write_value(buffer, arena, model, is_flattened ? name : model_string(model, shape->element_name), shape->element,
                            TIMESTAMP_DEFAULT, false, &value->items[i], is_query);
        if (!is_flattened)
            xml_close(buffer, name);
        return;
    case VALUE_MAP:
        if (!is_flattened)
            xml_open(buffer, name);
        for (uint32_t i = 0; i < value->size; i++)
            write_entry(buffer, arena, model, is_flattened ? name : "entry", shape, value, i, is_query);
        if (!is_flattened)
            xml_close(buffer, name);
        return;
    case VALUE_TEXT:
    case VALUE_RAW:
        xml_open(buffer, name);
        xml_escape(buffer, value_as_bytes(value));
        xml_close(buffer, name);
        return;
    default:
        xml_open(buffer, name);
        scalar_write(buffer, arena, shape, timestamp, value);
        xml_close(buffer, name);
    }
}

void xml_write_struct(struct buffer *buffer, struct arena *arena, const struct model *model, uint16_t shape,
                      const struct value *value, bool is_query)
{
    const struct member *members = members_of(model, shape);
    for (uint32_t i = 0; i < value->size; i++) {
        if (value->items[i].kind == VALUE_ABSENT || members[i].location != LOCATION_BODY ||
            (members[i].flags & MEMBER_XML_ATTRIBUTE))
            continue;
        xml_write_value(buffer, arena, model, model_string(model, is_query ? members[i].query_name : members[i].wire_name),
                        members[i].shape, members[i].timestamp, (members[i].flags & MEMBER_FLATTENED) != 0, &value->items[i],
                        is_query);
    }
}
