/* AWS JSON 1.0 and 1.1: the operation in X-Amz-Target, everything else in a JSON object. The words for wrong types are those of
 * AWS's own framework, as its SDKs' users report them. Unknown members are ignored, as AWS ignores them. */
#include <math.h>
#include <string.h>

#include "emulator/aws/wire.h"
#include "emulator/base/json.h"

/* Reading. */

static const char *token_name(const struct value *json)
{
    switch (json->kind) {
    case VALUE_BOOL:
        return json->boolean ? "TRUE_VALUE" : "FALSE_VALUE";
    case VALUE_INTEGER:
    case VALUE_DOUBLE:
        return "NUMBER_VALUE";
    default:
        return "STRING_VALUE";
    }
}

/* API Gateway's framework is older and names Java's classes. */
static const char *class_name(const struct value *json)
{
    switch (json->kind) {
    case VALUE_BOOL:
        return "java.lang.Boolean";
    case VALUE_INTEGER:
    case VALUE_DOUBLE:
        return "com.amazon.coral.value.json.numbers.TruncatingBigNumber";
    default:
        return "java.lang.String";
    }
}

static bool wrong_type(struct call *call, const struct shape *shape, const struct value *json)
{
    if (json->kind == VALUE_LIST)
        return fail_serialization(call, "Start of list found where not expected");
    if (json->kind == VALUE_MAP)
        return fail_serialization(call, "Start of structure or map found where not expected.");
    if (shape->type == SHAPE_TYPE_LIST)
        return fail_serialization(call, "Expected list or null");
    if (!shape_is_scalar(shape))
        return fail_serialization(call, "Expected structure or null");
    if (call->service->model->validation == VALIDATION_APIGATEWAY)
        return fail_serialization(call, "class %s can not be converted to an %s", class_name(json),
                                  strchr(scalar_name(shape), ' ') + 1);
    return fail_serialization(call, "%s can not be converted to %s", token_name(json), scalar_name(shape));
}

static bool read_integer(struct call *call, const struct shape *shape, const struct value *json, struct value *value)
{
    int64_t integer;
    if (json->kind == VALUE_INTEGER)
        integer = json->integer;
    else if (json->kind == VALUE_DOUBLE && fabs(json->number) < 9e18)
        integer = (int64_t)json->number; /* 10.0 is 10, and a fraction is cut off */
    else if (json->kind == VALUE_DOUBLE)
        return fail_serialization(call, "Number is out of the range of %s", scalar_name(shape));
    else
        return wrong_type(call, shape, json);
    if (shape->type == SHAPE_TYPE_INTEGER && (integer < INT32_MIN || integer > INT32_MAX))
        return fail_serialization(call, "Number is out of the range of %s", scalar_name(shape));
    *value = value_integer(integer);
    return true;
}

static bool read_time(struct call *call, const struct shape *shape, const struct value *json, struct value *value)
{
    if (json->kind == VALUE_INTEGER && json->integer > -10000000000000 && json->integer < 10000000000000)
        *value = value_time(json->integer * 1000);
    else if (json->kind == VALUE_DOUBLE && fabs(json->number) < 1e13)
        *value = value_time(llround(json->number * 1000));
    else if (json->kind != VALUE_TEXT || !scalar_read(call->arena, shape, TIMESTAMP_DEFAULT, json->text, value))
        return wrong_type(call, shape, json);
    return true;
}

static bool read_leaf(struct call *call, const struct shape *shape, const struct value *json, struct value *value)
{
    switch (shape->type) {
    case SHAPE_TYPE_STRING:
        *value = *json;
        return json->kind == VALUE_TEXT || wrong_type(call, shape, json);
    case SHAPE_TYPE_BOOLEAN:
        *value = *json;
        return json->kind == VALUE_BOOL || wrong_type(call, shape, json);
    case SHAPE_TYPE_INTEGER:
    case SHAPE_TYPE_LONG:
        return read_integer(call, shape, json, value);
    case SHAPE_TYPE_FLOAT:
    case SHAPE_TYPE_DOUBLE:
        *value = json->kind == VALUE_INTEGER ? value_double((double)json->integer) : *json;
        return value->kind == VALUE_DOUBLE || wrong_type(call, shape, json);
    case SHAPE_TYPE_BLOB:
        if (json->kind != VALUE_TEXT)
            return wrong_type(call, shape, json);
        return scalar_read(call->arena, shape, TIMESTAMP_DEFAULT, json->text, value) ||
               fail_serialization(call, "A Blob is not valid base64");
    case SHAPE_TYPE_TIMESTAMP:
        return read_time(call, shape, json, value);
    default:
        *value = value_raw(json_print(call->arena, json));
        return true;
    }
}

static bool read_value(struct call *call, uint16_t number, const struct value *json, struct value *value)
{
    const struct model *model = call->service->model;
    const struct shape *shape = shape_of(model, number);
    switch (shape->type) {
    case SHAPE_TYPE_STRUCTURE:
        return json_read_struct(call, number, json, value);
    case SHAPE_TYPE_LIST:
        if (json->kind != VALUE_LIST)
            return wrong_type(call, shape, json);
        *value = value_list_of(call->arena, json->size);
        for (uint32_t i = 0; i < json->size; i++) {
            if (json->items[i].kind == VALUE_NULL)
                return fail_serialization(call, "null found in a list");
            if (!read_value(call, shape->element, &json->items[i], &value->items[i]))
                return false;
        }
        return true;
    case SHAPE_TYPE_MAP:
        if (json->kind != VALUE_MAP)
            return wrong_type(call, shape, json);
        *value = value_map_of(call->arena, json->size);
        for (uint32_t i = 0; i < json->size; i++) {
            value->items[2 * i] = json->items[2 * i];
            if (json->items[2 * i + 1].kind == VALUE_NULL)
                return fail_serialization(call, "null found as the value of a map");
            if (!read_value(call, shape->element, &json->items[2 * i + 1], &value->items[2 * i + 1]))
                return false;
        }
        return true;
    default:
        return read_leaf(call, shape, json, value);
    }
}

/* Members mostly come in one order or another, seldom at random: the search goes on where the last one ended. */
static int find_wire_member(const struct model *model, uint16_t shape, const char *name, int from)
{
    const struct member *members = members_of(model, shape);
    int count = shape_of(model, shape)->member_count;
    for (int tried = 0, i = from; tried < count; tried++, i++) {
        if (i >= count)
            i = 0;
        if (members[i].location == LOCATION_BODY && strcmp(model_string(model, members[i].wire_name), name) == 0)
            return i;
    }
    /* SQS takes Tags for CreateQueue's tags. */
    for (int i = 0; model->also_query && i < count; i++)
        if (text_equal_fold(model_string(model, members[i].wire_name), name))
            return i;
    return -1;
}

bool json_read_struct(struct call *call, uint16_t shape, const struct value *json, struct value *value)
{
    const struct model *model = call->service->model;
    if (json->kind != VALUE_MAP)
        return wrong_type(call, shape_of(model, shape), json);
    if (value->kind != VALUE_STRUCT)
        *value = model_struct(model, call->arena, shape);
    const struct member *members = members_of(model, shape);
    int member, next = 0;
    for (uint32_t i = 0; i < json->size; i++) {
        const struct value *item = &json->items[2 * i + 1];
        member = find_wire_member(model, shape, json->items[2 * i].text, next);
        if (member < 0)
            continue;
        next = member + 1;
        if (item->kind == VALUE_NULL)
            value->items[member] = value_null();
        else if (!read_value(call, members[member].shape, item, &value->items[member]))
            return false;
    }
    return true;
}

bool json_body(struct call *call, struct bytes body)
{
    struct value json;
    struct json_problem problem;
    uint16_t input = operation_of(call)->input;
    /* Clients send {} or nothing for an operation without input. */
    if (body.size == 0 || input == NO_SHAPE)
        return true;
    int error = json_parse(call->arena, body, &json, &problem);
    if (error != 0)
        return fail_serialization(call, "The body is not JSON: %s at byte %zu", problem.message, problem.offset);
    return json_read_struct(call, input, &json, &call->input);
}

/* Writing. */

static void write_name(struct buffer *buffer, const char *name, bool *first)
{
    buffer_text(buffer, *first ? "\"" : ",\"");
    *first = false;
    buffer_text(buffer, name); /* member names have nothing to escape */
    buffer_add(buffer, "\":", 2);
}

void json_write_value(struct buffer *buffer, struct arena *arena, const struct model *model, uint16_t number, uint8_t timestamp,
                      const struct value *value)
{
    const struct shape *shape = shape_of(model, number);
    bool first = true;
    switch (value->kind) {
    case VALUE_STRUCT:
        json_write_struct(buffer, arena, model, number, value);
        return;
    case VALUE_LIST:
        buffer_char(buffer, '[');
        for (uint32_t i = 0; i < value->size; i++) {
            if (i > 0)
                buffer_char(buffer, ',');
            json_write_value(buffer, arena, model, shape->element, TIMESTAMP_DEFAULT, &value->items[i]);
        }
        buffer_char(buffer, ']');
        return;
    case VALUE_MAP:
        if (shape->type != SHAPE_TYPE_MAP)
            break; /* a document */
        buffer_char(buffer, '{');
        for (uint32_t i = 0; i < value->size; i++) {
            if (value->items[2 * i + 1].kind == VALUE_ABSENT)
                continue;
            if (!first)
                buffer_char(buffer, ',');
            first = false;
            json_write_text(buffer, value_as_bytes(&value->items[2 * i]));
            buffer_char(buffer, ':');
            json_write_value(buffer, arena, model, shape->element, TIMESTAMP_DEFAULT, &value->items[2 * i + 1]);
        }
        buffer_char(buffer, '}');
        return;
    case VALUE_TIME:
        if (timestamp == TIMESTAMP_DEFAULT)
            timestamp = shape->timestamp;
        if (timestamp != TIMESTAMP_DEFAULT && timestamp != TIMESTAMP_UNIX) {
            buffer_char(buffer, '"');
            scalar_write(buffer, arena, shape, timestamp, value);
            buffer_char(buffer, '"');
            return;
        }
        break;
    default:
        break;
    }
    json_write(buffer, value);
}

void json_write_struct(struct buffer *buffer, struct arena *arena, const struct model *model, uint16_t shape,
                       const struct value *value)
{
    const struct member *members = members_of(model, shape);
    bool first = true;
    buffer_char(buffer, '{');
    for (uint32_t i = 0; i < value->size; i++) {
        if (value->items[i].kind == VALUE_ABSENT || members[i].location != LOCATION_BODY)
            continue;
        write_name(buffer, model_string(model, members[i].wire_name), &first);
        json_write_value(buffer, arena, model, members[i].shape, members[i].timestamp, &value->items[i]);
    }
    buffer_char(buffer, '}');
}

static const char *content_type(const struct call *call)
{
    return call->service->model->protocol == PROTOCOL_JSON_1_1 ? "application/x-amz-json-1.1" : "application/x-amz-json-1.0";
}

void json_answer(struct call *call, int status, const struct header *headers)
{
    const struct model *model = call->service->model;
    struct buffer buffer;
    exchange_status(call->exchange, status != 0 ? status : operation_of(call)->status);
    if (!header_is_in(headers, "Content-Type"))
        exchange_set_header(call->exchange, "Content-Type", content_type(call));
    answer_headers(call, headers);
    buffer_init(&buffer, ANSWER_LIMIT);
    if (call->output.kind == VALUE_STRUCT)
        json_write_struct(&buffer, call->arena, model, operation_of(call)->output, &call->output);
    else if (operation_of(call)->output != NO_SHAPE)
        buffer_text(&buffer, "{}");
    answer_buffer(call, &buffer);
}

/* Errors. */

static bool is_message(const char *name)
{
    return text_equal_fold(name, "message");
}

struct bytes json_error_body(struct call *call, const char *type)
{
    const struct model *model = call->service->model;
    int shape = model_find_error(model, call->error->code);
    const char *message = "message";
    bool has_type = false;
    if (shape >= 0) {
        const struct member *members = members_of(model, (uint16_t)shape);
        for (int i = 0; i < shape_of(model, (uint16_t)shape)->member_count; i++) {
            const char *wire = model_string(model, members[i].wire_name);
            if (is_message(wire))
                message = wire;
            has_type = has_type || strcmp(wire, "Type") == 0;
        }
    }
    struct value body = value_map();
    if (type != NULL)
        value_put(call->arena, &body, "__type", value_text(type));
    if (has_type)
        value_put(call->arena, &body, "Type", value_text(call->error->is_receiver ? "Service" : "User"));
    value_put(call->arena, &body, message, value_text(call->error_message != NULL ? call->error_message : ""));
    for (uint32_t i = 0; call->error_fields.kind == VALUE_MAP && i < call->error_fields.size; i++)
        value_put(call->arena, &body, call->error_fields.items[2 * i].text, call->error_fields.items[2 * i + 1]);
    return json_print(call->exchange->arena, &body);
}

void json_error(struct call *call, int status, const struct header *headers)
{
    const struct model *model = call->service->model;
    const struct aws_error *error = call->error;
    const char *type = error->code;
    /* The namespace tells the service's own errors from those of the framework; SDKs use what follows the '#'. */
    if (model->error_namespace != NULL)
        type = arena_print(call->arena, "%s#%s",
                           model_find_error(model, error->code) >= 0 ? model->error_namespace : "com.amazon.coral.service",
                           error->code);
    exchange_status(call->exchange, status != 0 ? status : error->status);
    exchange_set_header(call->exchange, "Content-Type", content_type(call));
    if (model->query_compatible)
        exchange_set_header(call->exchange, "x-amzn-query-error",
                            arena_print(call->arena, "%s;%s", error->query_code != NULL ? error->query_code : error->code,
                                        error->is_receiver ? "Receiver" : "Sender"));
    answer_headers(call, headers);
    exchange_answer(call->exchange, json_error_body(call, type));
}
