#include "emulator/aws/protocol.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "emulator/aws/wire.h"
#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"

const struct aws_error error_unknown_operation = {"UnknownOperationException", 404, NULL, false};
const struct aws_error error_not_implemented = {"NotImplementedException", 501, NULL, true};
const struct aws_error error_serialization = {"SerializationException", 400, "MalformedInput", false};
const struct aws_error error_validation = {"ValidationException", 400, "ValidationError", false};
const struct aws_error error_internal = {"InternalFailure", 500, NULL, true};
const struct aws_error error_request_too_large = {"RequestEntityTooLargeException", 413, NULL, false};
const struct aws_error error_storage_full = {"ServiceUnavailable", 503, NULL, true};

/* The JSON protocols answer it with 400, the others with 404. */
static const struct aws_error unknown_target = {"UnknownOperationException", 400, NULL, false};

bool protocol_strict;

bool fail_serialization(struct call *call, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail(call, &error_serialization, "%s", text);
    return false;
}

/* In. */

static bool is_json_request(const struct call *call)
{
    const char *type = exchange_header(call->exchange, "Content-Type");
    return type != NULL && text_starts_fold(type, "application/x-amz-json");
}

static bool find_target(struct call *call, const char *target)
{
    const struct model *model = call->service->model;
    const struct aws_error *unknown = call->service->unknown_operation != NULL ? call->service->unknown_operation : &unknown_target;
    size_t size = strlen(model->target_prefix);
    int operation = -1;
    if (target != NULL && strncmp(target, model->target_prefix, size) == 0 && target[size] == '.')
        operation = model_find_operation(model, target + size + 1);
    if (operation < 0) {
        if (target == NULL)
            fail(call, unknown, "The request has no X-Amz-Target header");
        else
            fail(call, unknown, "%s is no operation of %s", target, model->title);
        return false;
    }
    call->operation = (uint16_t)operation;
    if (operation_of(call)->input != NO_SHAPE)
        call->input = model_struct(model, call->arena, operation_of(call)->input);
    return true;
}

bool protocol_find(struct call *call, const char *path)
{
    const struct model *model = call->service->model;
    struct route route;
    call->protocol = model->protocol;
    switch (model->protocol) {
    case PROTOCOL_JSON_1_0:
    case PROTOCOL_JSON_1_1: {
        const char *target = exchange_header(call->exchange, "X-Amz-Target");
        if (target == NULL && model->also_query && !is_json_request(call)) {
            call->protocol = PROTOCOL_QUERY;
            return true;
        }
        return find_target(call, target);
    }
    case PROTOCOL_QUERY:
        return true;
    default:
        if (!route_find(call, path, &route))
            return false;
        call->operation = route.operation;
        return true;
    }
}

bool protocol_head(struct call *call, const char *path)
{
    return call->protocol == PROTOCOL_REST_JSON || call->protocol == PROTOCOL_REST_XML ? rest_head(call, path) : true;
}

bool protocol_body(struct call *call, struct bytes body)
{
    switch (call->protocol) {
    case PROTOCOL_QUERY:
        return query_body(call, body);
    case PROTOCOL_REST_JSON:
    case PROTOCOL_REST_XML:
        return rest_body(call, body);
    default:
        return json_body(call, body);
    }
}

bool protocol_map(struct call *call, const struct value *map)
{
    const struct model *model = call->service->model;
    const char *problem = NULL;
    uint16_t input = operation_of(call)->input;
    if (input == NO_SHAPE)
        return true;
    if (model_from_map(model, call->arena, input, map, &call->input, &problem) == 0)
        return true;
    return fail_serialization(call, "%s of %s is unknown or of a wrong type", problem, operation_name(model, call->operation));
}

/* Out. */

bool header_is_in(const struct header *headers, const char *name)
{
    for (; headers != NULL; headers = headers->next)
        if (strcasecmp(headers->name, name) == 0)
            return true;
    return false;
}

/* S3's are 16 upper-case letters and digits; ours are half of the UUID by which the journal knows the request. */
const char *s3_request_id(const struct call *call)
{
    char id[17];
    size_t size = 0;
    for (const char *at = call->request_id; *at != '\0' && size < 16; at++)
        if (*at != '-')
            id[size++] = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    while (size < 16)
        id[size++] = '0';
    id[16] = '\0';
    return arena_text(call->exchange->arena, id);
}

/* Of no meaning, but there: 76 characters of base64, a function of the request's id. */
const char *s3_host_id(const struct call *call)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char id[77];
    uint64_t state = 14695981039346656037u;
    for (const char *at = call->request_id; *at != '\0'; at++)
        state = (state ^ (unsigned char)*at) * 1099511628211u;
    for (size_t i = 0; i < 75; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        id[i] = alphabet[state >> 58];
    }
    id[75] = '=';
    id[76] = '\0';
    return arena_text(call->exchange->arena, id);
}

void answer_headers(struct call *call, const struct header *headers)
{
    struct exchange *exchange = call->exchange;
    if (call->service->model->protocol == PROTOCOL_REST_XML) {
        exchange_set_header(exchange, "x-amz-request-id", s3_request_id(call));
        exchange_set_header(exchange, "x-amz-id-2", s3_host_id(call));
        exchange_set_header(exchange, "Server", "AmazonS3");
    } else {
        exchange_set_header(exchange, "x-amzn-RequestId", call->request_id);
    }
    for (; headers != NULL; headers = headers->next)
        exchange_set_header(exchange, headers->name, headers->value);
}

void answer_buffer(struct call *call, struct buffer *buffer)
{
    if (buffer->overflow)
        log_error("%s: the answer is larger than %d bytes and was cut", operation_name(call->service->model, call->operation),
                  ANSWER_LIMIT);
    exchange_answer(call->exchange, buffer_detach(buffer, call->exchange->arena));
}

void protocol_answer(struct call *call, int status, const struct header *headers)
{
    switch (call->protocol) {
    case PROTOCOL_QUERY:
        query_answer(call, status, headers);
        return;
    case PROTOCOL_REST_JSON:
    case PROTOCOL_REST_XML:
        rest_answer(call, status, headers);
        return;
    default:
        json_answer(call, status, headers);
    }
}

void protocol_error(struct call *call, int status, const struct header *headers)
{
    switch (call->protocol) {
    case PROTOCOL_QUERY:
        query_error(call, status, headers);
        return;
    case PROTOCOL_REST_JSON:
    case PROTOCOL_REST_XML:
        rest_error(call, status, headers);
        return;
    default:
        json_error(call, status, headers);
    }
}

void protocol_refuse(struct exchange *exchange, int status, const char *code, const char *message)
{
    struct value body = value_map();
    value_put(exchange->arena, &body, "__type", value_text(code));
    value_put(exchange->arena, &body, "message", value_text(message));
    exchange_status(exchange, status);
    exchange_set_header(exchange, "Content-Type", "application/json");
    exchange_set_header(exchange, "x-amzn-ErrorType", code);
    exchange_set_header(exchange, "x-amzn-RequestId", id_uuid(exchange->arena));
    exchange_answer(exchange, json_print(exchange->arena, &body));
}
