/* Answers of REST-JSON and REST-XML: output members in status, headers and body; errors in the service's own form. */
#include <string.h>
#include <strings.h>

#include "emulator/aws/wire.h"
#include "emulator/base/log.h"

static bool is_xml(const struct call *call)
{
    return call->service->model->protocol == PROTOCOL_REST_XML;
}

static bool is_head(const struct call *call)
{
    return strcmp(call->exchange->method, "HEAD") == 0;
}

/* Headers. */

/* A header's value cannot hold line ends or other controls, whatever a client once stored. */
static void set_text(struct call *call, const char *name, const char *value)
{
    char *clean = arena_text(call->arena, value);
    for (char *at = clean; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' && *at != '\t')
            *at = ' ';
    exchange_set_header(call->exchange, name, clean);
}

static void set_leaf(struct call *call, const struct member *member, const char *name, const struct value *value)
{
    struct buffer buffer;
    if (value->kind == VALUE_TEXT) {
        set_text(call, name, value->text);
        return;
    }
    buffer_init(&buffer, ERROR_LIMIT);
    scalar_write(&buffer, call->arena, shape_of(call->service->model, member->shape), member->timestamp, value);
    set_text(call, name, buffer.text);
    buffer_free(&buffer);
}

static void set_list(struct call *call, const char *name, const struct value *list)
{
    struct buffer buffer;
    buffer_init(&buffer, ERROR_LIMIT);
    for (uint32_t i = 0; i < list->size; i++) {
        if (i > 0)
            buffer_text(&buffer, ",");
        if (list->items[i].kind == VALUE_TEXT)
            buffer_text(&buffer, list->items[i].text);
    }
    set_text(call, name, buffer.text);
    buffer_free(&buffer);
}

/* Headers of output members, with what the caller gives in `headers` left to it. True: there is a Content-Type. */
static bool set_headers(struct call *call, uint16_t shape, const struct header *headers)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    bool has_type = header_is_in(headers, "Content-Type");
    for (uint32_t i = 0; call->output.kind == VALUE_STRUCT && i < call->output.size; i++) {
        const struct value *value = &call->output.items[i];
        const char *name = model_string(model, members[i].wire_name);
        if (!value_present(value))
            continue;
        if (members[i].location == LOCATION_HEADERS && value->kind == VALUE_MAP) {
            for (uint32_t j = 0; j < value->size; j++)
                if (value->items[2 * j + 1].kind == VALUE_TEXT)
                    set_text(call, arena_print(call->arena, "%s%s", name, value->items[2 * j].text), value->items[2 * j + 1].text);
        }
        if (members[i].location != LOCATION_HEADER || header_is_in(headers, name))
            continue;
        if (strcasecmp(name, "Content-Length") == 0)
            continue; /* the server counts */
        has_type = has_type || strcasecmp(name, "Content-Type") == 0;
        if (value->kind == VALUE_LIST)
            set_list(call, name, value);
        else
            set_leaf(call, &members[i], name, value);
    }
    return has_type;
}

static int status_of(const struct call *call, int status)
{
    const struct operation *operation = operation_of(call);
    if (status != 0)
        return status;
    if (call->output.kind == VALUE_STRUCT) {
        const struct member *members = members_of(call->service->model, operation->output);
        for (uint32_t i = 0; i < call->output.size; i++)
            if (members[i].location == LOCATION_STATUS && call->output.items[i].kind == VALUE_INTEGER)
                return (int)call->output.items[i].integer;
    }
    return operation->status;
}

/* Bodies. */

static void set_type(struct call *call, bool has_type, const char *type)
{
    if (!has_type)
        exchange_set_header(call->exchange, "Content-Type", type);
}

/* For HEAD: a length without a body. The reader is never asked. */
static ssize_t read_nothing(void *context, int64_t offset, char *at, size_t room)
{
    (void)context;
    (void)offset;
    (void)at;
    (void)room;
    return -1;
}

static void answer_head(struct call *call)
{
    const struct model *model = call->service->model;
    uint16_t shape = operation_of(call)->output;
    const struct member *members = shape != NO_SHAPE ? members_of(model, shape) : NULL;
    for (uint32_t i = 0; call->output.kind == VALUE_STRUCT && i < call->output.size; i++)
        if (members != NULL && members[i].location == LOCATION_HEADER && call->output.items[i].kind == VALUE_INTEGER &&
            strcasecmp(model_string(model, members[i].wire_name), "Content-Length") == 0) {
            exchange_answer_reader(call->exchange, call->output.items[i].integer, read_nothing, NULL);
            return;
        }
    exchange_answer(call->exchange, (struct bytes){0});
}

/* In the exchange's arena: it is sent after the call has gone. */
static struct bytes keep(struct call *call, struct bytes bytes)
{
    return call->arena == call->exchange->arena
               ? bytes
               : (struct bytes){arena_copy(call->exchange->arena, bytes.at, bytes.size), bytes.size};
}

static void answer_payload(struct call *call, int payload, bool has_type)
{
    const struct model *model = call->service->model;
    const struct member *member = &members_of(model, operation_of(call)->output)[payload];
    const struct value *value = call->output.kind == VALUE_STRUCT ? &call->output.items[payload] : NULL;
    if (value != NULL && (value->kind == VALUE_BYTES || value->kind == VALUE_TEXT || value->kind == VALUE_RAW)) {
        set_type(call, has_type || (is_xml(call) && shape_of(model, member->shape)->type == SHAPE_TYPE_BLOB), "application/json");
        exchange_answer(call->exchange, keep(call, value_as_bytes(value)));
        return;
    }
    set_type(call, has_type, is_xml(call) ? "binary/octet-stream" : "application/json");
    if (call->payload.read != NULL)
        exchange_answer_reader(call->exchange, call->payload.size, call->payload.read, call->payload.context);
    else
        exchange_answer(call->exchange, keep(call, call->payload.bytes));
}

static bool has_body_members(const struct model *model, uint16_t shape)
{
    const struct member *members = members_of(model, shape);
    for (int i = 0; i < shape_of(model, shape)->member_count; i++)
        if (members[i].location == LOCATION_BODY)
            return true;
    return false;
}

/* GetBucketLocation: the root is its only member. */
static int member_as_root(const struct model *model, uint16_t shape, const char *root)
{
    const struct member *members = members_of(model, shape);
    for (int i = 0; i < shape_of(model, shape)->member_count; i++)
        if (strcmp(model_string(model, members[i].wire_name), root) == 0 && shape_is_scalar(shape_of(model, members[i].shape)))
            return i;
    return -1;
}

static void write_xml(struct call *call, struct buffer *buffer, int payload)
{
    const struct model *model = call->service->model;
    const struct operation *operation = operation_of(call);
    const char *root = model_string(model, operation->output_root);
    uint16_t shape = operation->output;
    const struct value *value = &call->output;
    int leaf = payload < 0 ? member_as_root(model, shape, root) : -1;
    if (payload >= 0) {
        shape = members_of(model, shape)[payload].shape;
        value = value->kind == VALUE_STRUCT ? &value->items[payload] : value;
    }
    buffer_print(buffer, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s", root);
    if (model->xml_namespace != NULL)
        buffer_print(buffer, " xmlns=\"%s\"", model->xml_namespace);
    buffer_char(buffer, '>');
    if (value->kind == VALUE_STRUCT && leaf < 0)
        xml_write_struct(buffer, call->arena, model, shape, value, false);
    else if (value->kind == VALUE_STRUCT && value->items[leaf].kind == VALUE_TEXT)
        xml_escape(buffer, value_as_bytes(&value->items[leaf]));
    xml_close(buffer, root);
}

static void write_json(struct call *call, struct buffer *buffer, int payload)
{
    const struct model *model = call->service->model;
    uint16_t shape = operation_of(call)->output;
    if (call->output.kind != VALUE_STRUCT)
        buffer_text(buffer, "{}");
    else if (payload < 0)
        json_write_struct(buffer, call->arena, model, shape, &call->output);
    else if (value_present(&call->output.items[payload]))
        json_write_value(buffer, call->arena, model, members_of(model, shape)[payload].shape, TIMESTAMP_DEFAULT,
                         &call->output.items[payload]);
}

void rest_answer(struct call *call, int status, const struct header *headers)
{
    const struct model *model = call->service->model;
    uint16_t shape = operation_of(call)->output;
    int payload = payload_member(model, shape);
    bool has_type = header_is_in(headers, "Content-Type");
    struct buffer buffer;

    status = status_of(call, status);
    exchange_status(call->exchange, status);
    if (shape != NO_SHAPE)
        has_type = set_headers(call, shape, headers) || has_type;
    answer_headers(call, headers);
    if (is_head(call)) {
        answer_head(call);
        return;
    }
    if (status == 204 || status == 304) {
        exchange_answer(call->exchange, (struct bytes){0});
        return;
    }
    if (payload >= 0 && shape_is_scalar(shape_of(model, members_of(model, shape)[payload].shape))) {
        answer_payload(call, payload, has_type);
        return;
    }
    if (shape == NO_SHAPE || (!has_body_members(model, shape) && (is_xml(call) || shape_of(model, shape)->member_count > 0))) {
        exchange_answer(call->exchange, (struct bytes){0});
        return;
    }
    buffer_init(&buffer, ANSWER_LIMIT);
    set_type(call, has_type, is_xml(call) ? "application/xml" : "application/json");
    if (is_xml(call))
        write_xml(call, &buffer, payload);
    else
        write_json(call, &buffer, payload);
    answer_buffer(call, &buffer);
}

/* Errors. */

/* What every service fails with, as S3 says it. */
static const char *s3_code(const struct aws_error *error)
{
    static const struct {
        const struct aws_error *error;
        const char *code;
    } names[] = {
        {&error_unknown_operation, "MethodNotAllowed"},
        {&error_not_implemented, "NotImplemented"},
        {&error_serialization, "MalformedXML"},
        {&error_validation, "InvalidRequest"},
        {&error_internal, "InternalError"},
        {&error_request_too_large, "EntityTooLarge"},
        {&error_storage_full, "ServiceUnavailable"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].error == error)
            return names[i].code;
    return error->code;
}

static struct bytes xml_error_body(struct call *call, const char *host_id)
{
    struct buffer buffer;
    buffer_init(&buffer, ERROR_LIMIT);
    buffer_text(&buffer, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml_open(&buffer, "Error");
    xml_element(&buffer, "Code", s3_code(call->error));
    xml_element(&buffer, "Message", call->error_message != NULL ? call->error_message : "");
    for (uint32_t i = 0; call->error_fields.kind == VALUE_MAP && i < call->error_fields.size; i++)
        if (call->error_fields.items[2 * i + 1].kind == VALUE_TEXT)
            xml_element(&buffer, call->error_fields.items[2 * i].text, call->error_fields.items[2 * i + 1].text);
    xml_element(&buffer, "RequestId", s3_request_id(call));
    xml_element(&buffer, "HostId", host_id);
    xml_close(&buffer, "Error");
    return buffer_detach(&buffer, call->exchange->arena);
}

void rest_error(struct call *call, int status, const struct header *headers)
{
    const struct aws_error *error = call->error;
    if (status == 0)
        status = is_xml(call) && error == &error_request_too_large ? 400 : error->status;
    exchange_status(call->exchange, status);
    if (!is_xml(call) && !header_is_in(headers, "x-amzn-ErrorType"))
        exchange_set_header(call->exchange, "x-amzn-ErrorType", error->code);
    answer_headers(call, headers);
    if (is_head(call) || status == 304 || status == 204) {
        exchange_answer(call->exchange, (struct bytes){0});
        return;
    }
    set_type(call, header_is_in(headers, "Content-Type"), is_xml(call) ? "application/xml" : "application/json");
    exchange_answer(call->exchange, is_xml(call) ? xml_error_body(call, s3_host_id(call)) : json_error_body(call, NULL));
}
