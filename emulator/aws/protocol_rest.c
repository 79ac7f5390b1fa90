/* REST-JSON and REST-XML: members in the URI, the query, headers and the body. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "emulator/aws/wire.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"

static const struct aws_error invalid_argument = {"InvalidArgument", 400, NULL, false};
static const struct aws_error invalid_uri = {"InvalidURI", 400, NULL, false};
static const struct aws_error malformed_xml = {"MalformedXML", 400, NULL, false};

static bool is_xml(const struct call *call)
{
    return call->service->model->protocol == PROTOCOL_REST_XML;
}

/* Head. */

static bool bad_uri(struct call *call)
{
    fail(call, is_xml(call) ? &invalid_uri : &error_serialization, "Couldn't parse the specified URI.");
    return false;
}

/* A key like "../x" would leave its bucket; AWS refuses it. */
static bool climbs_out(const char *key)
{
    int depth = 0;
    for (const char *at = key;; at++) {
        size_t size = strcspn(at, "/");
        if (size == 2 && memcmp(at, "..", 2) == 0)
            depth--;
        else if (size > 0 && !(size == 1 && *at == '.'))
            depth++;
        if (depth < 0)
            return true;
        at += size;
        if (*at == '\0')
            return false;
    }
}

static bool read_label(struct call *call, uint16_t shape, int member, struct bytes label)
{
    const struct model *model = call->service->model;
    const struct member *row = &members_of(model, shape)[member];
    struct bytes text;
    if (!percent_decode(call->arena, label, false, &text) || !utf8_is_valid(text) || memchr(text.at, '\0', text.size) != NULL)
        return bad_uri(call);
    if (is_xml(call) && climbs_out(text.at))
        return bad_uri(call);
    if (!scalar_read(call->arena, shape_of(model, row->shape), row->timestamp, text.at, &call->input.items[member]))
        return fail_serialization(call, "The value of %s in the path can not be converted to %s", model_string(model, row->name),
                                  scalar_name(shape_of(model, row->shape)));
    return true;
}

static bool read_labels(struct call *call, uint16_t shape, const struct route *route)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    for (int label = 0; label < route->label_count; label++)
        for (int i = 0; i < shape_of(model, shape)->member_count; i++)
            if (members[i].location == LOCATION_URI &&
                bytes_equal(bytes_of(model_string(model, members[i].wire_name)), route->names[label]) &&
                !read_label(call, shape, i, route->labels[label]))
                return false;
    return true;
}

/* A leaf from a query parameter or a header; `name` as sent. */
static bool read_text(struct call *call, const struct member *member, const char *name, const char *text, struct value *value)
{
    const struct model *model = call->service->model;
    const struct shape *shape = shape_of(model, member->shape);
    /* A header without a value says nothing; "max-keys=" is no number for S3. */
    if (text[0] == '\0' && shape->type != SHAPE_TYPE_STRING && !(is_xml(call) && member->location == LOCATION_QUERY))
        return true;
    if (scalar_read(call->arena, shape, member->timestamp, text, value))
        return true;
    if (!is_xml(call))
        return fail_serialization(call, "STRING_VALUE can not be converted to %s: %s", scalar_name(shape), name);
    if (shape->type == SHAPE_TYPE_TIMESTAMP && strcasestr(name, "-since") != NULL)
        return true; /* a condition with a date that is none does not count (RFC 9110) */
    if (shape->type == SHAPE_TYPE_INTEGER || shape->type == SHAPE_TYPE_LONG)
        fail(call, &invalid_argument, "Provided %s not an integer or within integer range", name);
    else
        fail(call, &invalid_argument, "The value of %s is not valid", name);
    fail_field(call, "ArgumentName", name);
    fail_field(call, "ArgumentValue", text);
    return false;
}

static bool read_query(struct call *call, uint16_t shape)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    size_t count;
    struct form_field *fields = form_parse(call->arena, bytes_of(call->exchange->query), true, &count);
    if (fields == NULL)
        return bad_uri(call);
    for (int i = 0; i < shape_of(model, shape)->member_count; i++) {
        if (members[i].location != LOCATION_QUERY)
            continue;
        const struct shape *target = shape_of(model, members[i].shape);
        const char *name = model_string(model, members[i].wire_name);
        struct value *slot = &call->input.items[i];
        for (size_t j = 0; j < count; j++) {
            if (strcmp(fields[j].name, name) != 0)
                continue;
            if (target->type == SHAPE_TYPE_LIST) {
                struct member element = members[i];
                struct value item = {0};
                element.shape = target->element;
                if (slot->kind == VALUE_ABSENT)
                    *slot = value_list();
                if (!read_text(call, &element, name, fields[j].value, &item))
                    return false;
                if (item.kind != VALUE_ABSENT)
                    value_push(call->arena, slot, item);
            } else if (slot->kind == VALUE_ABSENT && !read_text(call, &members[i], name, fields[j].value, slot)) {
                return false;
            }
        }
    }
    return true;
}

/* Headers are bytes: what is not UTF-8 is Latin-1. */
static const char *header_text(struct call *call, const char *raw)
{
    struct buffer buffer;
    if (utf8_is_valid(bytes_of(raw)))
        return raw;
    buffer_init(&buffer, ERROR_LIMIT);
    for (const unsigned char *at = (const unsigned char *)raw; *at != '\0'; at++) {
        if (*at < 0x80) {
            buffer_char(&buffer, (char)*at);
        } else {
            buffer_char(&buffer, (char)(0xc0 | *at >> 6));
            buffer_char(&buffer, (char)(0x80 | (*at & 0x3f)));
        }
    }
    return buffer_detach(&buffer, call->arena).at;
}

static bool read_header_list(struct call *call, const struct member *member, const char *name, struct value *slot)
{
    const char *text = header_text(call, exchange_header_joined(call->exchange, name));
    struct member element = *member;
    element.shape = shape_of(call->service->model, member->shape)->element;
    if (slot->kind != VALUE_ABSENT)
        return true; /* joined: the first of its name brought all */
    *slot = value_list();
    while (*text != '\0') {
        struct value item = {0};
        size_t size = strcspn(text, ","), end = size;
        while (size > 0 && isspace((unsigned char)*text)) {
            text++;
            size--;
            end--;
        }
        while (end > 0 && isspace((unsigned char)text[end - 1]))
            end--;
        if (end > 0 && !read_text(call, &element, name, arena_copy(call->arena, text, end), &item))
            return false;
        if (item.kind != VALUE_ABSENT)
            value_push(call->arena, slot, item);
        text += size + (text[size] == ',');
    }
    return true;
}

static void read_header_map(struct call *call, const struct header *header, size_t prefix, struct value *slot)
{
    char *key = arena_text(call->arena, header_text(call, header->name + prefix));
    for (char *at = key; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    if (slot->kind == VALUE_ABSENT)
        *slot = value_map();
    if (value_find(slot, key) == NULL)
        value_put(call->arena, slot, key, value_text(header_text(call, exchange_header_joined(call->exchange, header->name))));
}

static bool read_headers(struct call *call, uint16_t shape)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    for (const struct header *header = call->exchange->headers; header != NULL; header = header->next) {
        for (int i = 0; i < shape_of(model, shape)->member_count; i++) {
            const char *name = model_string(model, members[i].wire_name);
            struct value *slot = &call->input.items[i];
            if (members[i].location == LOCATION_HEADERS && text_starts_fold(header->name, name)) {
                read_header_map(call, header, strlen(name), slot);
                continue;
            }
            if (members[i].location != LOCATION_HEADER || ((name[0] ^ header->name[0]) & 0x5f) != 0 ||
                strcasecmp(name, header->name) != 0)
                continue;
            if (shape_of(model, members[i].shape)->type == SHAPE_TYPE_LIST) {
                if (!read_header_list(call, &members[i], header->name, slot))
                    return false;
            } else if (slot->kind == VALUE_ABSENT && !read_text(call, &members[i], name, header_text(call, header->value), slot)) {
                return false;
            }
        }
    }
    return true;
}

bool rest_head(struct call *call, const char *path)
{
    const struct model *model = call->service->model;
    uint16_t shape = operation_of(call)->input;
    struct route route;
    if (shape == NO_SHAPE)
        return true;
    call->input = model_struct(model, call->arena, shape);
    check(route_match(model_string(model, operation_of(call)->uri), path, &route));
    return read_labels(call, shape, &route) && (call->exchange->query[0] == '\0' || read_query(call, shape)) &&
           read_headers(call, shape);
}

/* Body. */

static bool bad_xml(struct call *call)
{
    fail(call, &malformed_xml, "The XML you provided was not well-formed or did not validate against our published schema");
    return false;
}

static bool read_xml(struct call *call, uint16_t shape, const char *root, struct bytes body, struct value *value)
{
    const struct xml_node *node = xml_parse(call->arena, body);
    if (node == NULL || (root[0] != '\0' && strcmp(node->name, root) != 0))
        return bad_xml(call);
    return xml_read_struct(call, shape, node, value);
}

static bool read_json(struct call *call, uint16_t shape, struct bytes body, struct value *value)
{
    struct value json;
    struct json_problem problem;
    if (json_parse(call->arena, body, &json, &problem) == 0)
        return json_read_struct(call, shape, &json, value);
    return fail_serialization(call, "Could not parse request body into json: %s at byte %zu", problem.message, problem.offset);
}

static bool is_blank(struct bytes body)
{
    for (size_t i = 0; i < body.size; i++)
        if (!isspace((unsigned char)body.at[i]))
            return false;
    return true;
}

static bool read_payload(struct call *call, const struct member *member, struct bytes body, struct value *slot)
{
    const struct model *model = call->service->model;
    if (body.size == 0)
        return true;
    switch (shape_of(model, member->shape)->type) {
    case SHAPE_TYPE_BLOB:
        *slot = value_bytes(body);
        return true;
    case SHAPE_TYPE_STRUCTURE:
        if (is_blank(body))
            return true;
        return is_xml(call) ? read_xml(call, member->shape, model_string(model, member->wire_name), body, slot)
                            : read_json(call, member->shape, body, slot);
    default:
        if (!utf8_is_valid(body) || memchr(body.at, '\0', body.size) != NULL)
            return fail_serialization(call, "The body is not valid UTF-8");
        *slot = value_text_of(body);
        return true;
    }
}

int payload_member(const struct model *model, uint16_t shape)
{
    return shape != NO_SHAPE && (shape_of(model, shape)->flags & SHAPE_PAYLOAD) ? shape_of(model, shape)->payload : -1;
}

bool rest_body(struct call *call, struct bytes body)
{
    const struct model *model = call->service->model;
    const struct operation *operation = operation_of(call);
    int payload = payload_member(model, operation->input);
    if (payload >= 0)
        return read_payload(call, &members_of(model, operation->input)[payload], body, &call->input.items[payload]);
    if (!(operation->flags & OPERATION_HTTP_BODY) || is_blank(body))
        return true; /* a body that nobody asked for */
    if (is_xml(call))
        return read_xml(call, operation->input, model_string(model, operation->input_root), body, &call->input);
    return read_json(call, operation->input, body, &call->input);
}
