/* The Query protocol: Action and parameters as a form (body, query string or both), an XML answer.
 *
 * SQS besides: the queue's URL path stands for QueueUrl, and the member-name spellings of some SDKs (MessageAttributes.1.Name,
 * AttributeNames.1) count as well as the documented ones. */
#include <string.h>

#include "emulator/aws/query_tree.h"
#include "emulator/aws/wire.h"
#include "emulator/base/json.h"

enum { QUERY_ENTRIES = 1000 };

static const struct aws_error missing_action = {"MissingAction", 400, NULL, false};
static const struct aws_error invalid_action = {"InvalidAction", 400, NULL, false};
static const struct aws_error malformed_query = {"MalformedQueryString", 400, NULL, false};
/* SQS answers a request without Action with nothing but this element. */
static const struct aws_error no_action = {"UnknownOperationException", 404, NULL, false};

/* Reading. */

static bool read_node(struct call *call, uint16_t number, uint8_t timestamp, const struct node *node, struct value *value);

static bool read_list(struct call *call, const struct shape *shape, const struct node *node, struct value *value)
{
    const struct model *model = call->service->model;
    const struct node *inner = query_find(node, model_string(model, shape->element_name));
    size_t count;
    /* "Name=" with nothing behind it is an empty list. SQS takes AttributeName=All as well as AttributeName.1=All. */
    bool is_single = model->also_query && node->value != NULL && node->value[0] != '\0' && node->children == NULL;
    struct numbered *list = query_numbered(call->arena, inner != NULL ? inner : node, is_single ? node : NULL, &count);
    *value = value_list_of(call->arena, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        if (!read_node(call, shape->element, TIMESTAMP_DEFAULT, list[i].node, &value->items[i]))
            return false;
    return true;
}

static bool read_map(struct call *call, const struct shape *shape, const struct node *node, struct value *value)
{
    const struct model *model = call->service->model;
    const struct node *inner = query_find(node, "entry");
    const char *key_name = model_string(model, shape->key_name), *value_name = model_string(model, shape->element_name);
    size_t count;
    bool is_single = model->also_query && query_find_value(node, key_name) != NULL; /* Attribute.Name= and Attribute.Value= */
    struct numbered *list = query_numbered(call->arena, inner != NULL ? inner : node, is_single ? node : NULL, &count);
    if (count > QUERY_ENTRIES)
        return fail_serialization(call, "%.*s has more than %d entries", (int)node->size, node->name, QUERY_ENTRIES);
    *value = value_map();
    for (size_t i = 0; i < count; i++) {
        const char *key = query_find_value(list[i].node, key_name);
        const struct node *item = query_find(list[i].node, value_name);
        struct value *slot;
        if (key == NULL || item == NULL)
            return fail_serialization(call, "The entry %llu of %.*s has no %s", (unsigned long long)list[i].number, (int)node->size,
                                      node->name, key == NULL ? key_name : value_name);
        slot = value_put(call->arena, value, key, value_null());
        if (!read_node(call, shape->element, TIMESTAMP_DEFAULT, item, slot))
            return false;
    }
    return true;
}

static bool read_struct(struct call *call, uint16_t shape, const struct node *node, struct value *value)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    if (value->kind != VALUE_STRUCT)
        *value = model_struct(model, call->arena, shape);
    for (int i = 0; i < shape_of(model, shape)->member_count; i++) {
        const struct node *child = query_find(node, model_string(model, members[i].query_name));
        if (child == NULL && members[i].query_name != members[i].name)
            child = query_find(node, model_string(model, members[i].name));
        if (child != NULL && !read_node(call, members[i].shape, members[i].timestamp, child, &value->items[i]))
            return false;
    }
    return true;
}

static bool read_node(struct call *call, uint16_t number, uint8_t timestamp, const struct node *node, struct value *value)
{
    const struct shape *shape = shape_of(call->service->model, number);
    switch (shape->type) {
    case SHAPE_TYPE_STRUCTURE:
        return read_struct(call, number, node, value);
    case SHAPE_TYPE_LIST:
        return read_list(call, shape, node, value);
    case SHAPE_TYPE_MAP:
        return read_map(call, shape, node, value);
    default:
        if (node->value == NULL)
            return fail_serialization(call, "Start of structure or map found where not expected.");
        /* "DelaySeconds=" says nothing. */
        if (node->value[0] == '\0' && shape->type != SHAPE_TYPE_STRING && shape->type != SHAPE_TYPE_BLOB)
            return true;
        return scalar_read(call->arena, shape, timestamp, node->value, value) ||
               fail_serialization(call, "STRING_VALUE can not be converted to %s", scalar_name(shape));
    }
}

/* /account/name, perhaps behind /queue/region. */
static bool is_queue_path(const char *path)
{
    const char *slash = path[0] == '/' ? strchr(path + 1, '/') : NULL;
    return slash != NULL && slash > path + 1 && slash[1] != '\0';
}

static void take_queue_url(struct call *call)
{
    const struct model *model = call->service->model;
    uint16_t shape = operation_of(call)->input;
    if (!model->also_query || shape == NO_SHAPE || !is_queue_path(call->exchange->path))
        return;
    int member = model_find_member(model, shape, "QueueUrl");
    if (member >= 0 && call->input.items[member].kind == VALUE_ABSENT)
        call->input.items[member] = value_text(arena_print(call->arena, "http://%s%s", call->host, call->exchange->path));
}

/* On a queue's URL only what is about a queue. */
static bool is_for_queues(const struct call *call, int operation)
{
    const char *name = operation_name(call->service->model, (uint16_t)operation);
    return !text_equal(name, "CreateQueue") && !text_equal(name, "ListQueues");
}

static bool find_action(struct call *call, const struct node *root)
{
    const struct model *model = call->service->model;
    const char *action = query_find_value(root, "Action");
    if (action == NULL || action[0] == '\0') {
        if (model->also_query)
            fail(call, &no_action, "The request has no Action");
        else
            fail(call, &missing_action, "The request is missing an action or a required parameter.");
        return false;
    }
    int operation = model_find_operation(model, action);
    if (model->also_query && (operation < 0 || (is_queue_path(call->exchange->path) && !is_for_queues(call, operation)))) {
        fail(call, &invalid_action, "The action %s is not valid for this endpoint.", action);
        return false;
    }
    if (operation < 0) {
        fail(call, &invalid_action, "Could not find operation %s for version %s", action, model->api_version);
        return false;
    }
    call->operation = (uint16_t)operation;
    return true;
}

static const struct node *read_form(struct call *call, struct bytes body)
{
    size_t in_query, in_body;
    struct form_field *query = form_parse(call->arena, bytes_of(call->exchange->query), true, &in_query);
    struct form_field *form = form_parse(call->arena, body, true, &in_body);
    struct node *root;
    if (query == NULL || form == NULL || in_query + in_body > FORM_FIELDS) {
        fail(call, &malformed_query, "The request's parameters are not a form of valid UTF-8, or are more than %d", FORM_FIELDS);
        return NULL;
    }
    root = query_tree(call->arena, form, in_body, query, in_query);
    if (root == NULL)
        fail(call, &malformed_query, "A parameter's name has more than %d parts", QUERY_DEPTH);
    return root;
}

bool query_body(struct call *call, struct bytes body)
{
    const struct model *model = call->service->model;
    const struct node *root;
    const char *type = exchange_header(call->exchange, "Content-Type");
    if (body.size > 0 && type != NULL && !text_starts_fold(type, "application/x-www-form-urlencoded"))
        body = (struct bytes){0}; /* not a form: what the URL says counts */
    root = read_form(call, body);
    if (root == NULL || !find_action(call, root))
        return false;
    uint16_t input = operation_of(call)->input;
    if (input == NO_SHAPE)
        return true;
    call->input = model_struct(model, call->arena, input);
    if (!read_struct(call, input, root, &call->input))
        return false;
    take_queue_url(call);
    return true;
}

/* Answers. */

static bool wants_json(const struct call *call)
{
    const char *accept = exchange_header(call->exchange, "Accept");
    return call->service->model->also_query && accept != NULL && strcmp(accept, "application/json") == 0;
}

/* SQS gives maps as lists of pairs here: {"Attributes":[{"Name":"QueueArn","Value":"..."}]}. */
static struct value as_pairs(struct call *call, uint16_t number, const struct value *value)
{
    const struct model *model = call->service->model;
    const struct shape *shape = shape_of(model, number);
    struct value made = *value;
    if (value->kind == VALUE_STRUCT) {
        const struct member *members = members_of(model, number);
        made = value_map();
        for (uint32_t i = 0; i < value->size; i++)
            if (value->items[i].kind != VALUE_ABSENT)
                value_put(call->arena, &made, model_string(model, members[i].name),
                          as_pairs(call, members[i].shape, &value->items[i]));
    } else if (value->kind == VALUE_LIST) {
        made = value_list_of(call->arena, value->size);
        for (uint32_t i = 0; i < value->size; i++)
            made.items[i] = as_pairs(call, shape->element, &value->items[i]);
    } else if (value->kind == VALUE_MAP) {
        made = value_list_of(call->arena, value->size);
        for (uint32_t i = 0; i < value->size; i++) {
            made.items[i] = value_map();
            value_put(call->arena, &made.items[i], model_string(model, shape->key_name), value->items[2 * i]);
            value_put(call->arena, &made.items[i], model_string(model, shape->element_name),
                      as_pairs(call, shape->element, &value->items[2 * i + 1]));
        }
    }
    return made;
}

static void answer_as_json(struct call *call, const char *name)
{
    const struct operation *operation = operation_of(call);
    struct value root = value_map(), inner = value_map(), metadata = value_map();
    value_put(call->arena, &metadata, "RequestId", value_text(call->request_id));
    if (operation->result_wrapper != 0 && call->output.kind == VALUE_STRUCT)
        value_put(call->arena, &inner, model_string(call->service->model, operation->result_wrapper),
                  as_pairs(call, operation->output, &call->output));
    value_put(call->arena, &inner, "ResponseMetadata", metadata);
    value_put(call->arena, &root, arena_print(call->arena, "%sResponse", name), inner);
    exchange_answer(call->exchange, json_print(call->exchange->arena, &root));
}

static void open_root(const struct call *call, struct buffer *buffer, const char *name, const char *suffix)
{
    const struct model *model = call->service->model;
    if (model->also_query)
        buffer_text(buffer, "<?xml version=\"1.0\"?>\n");
    buffer_char(buffer, '<');
    buffer_text(buffer, name);
    buffer_text(buffer, suffix);
    if (model->xml_namespace != NULL) {
        buffer_text(buffer, " xmlns=\"");
        buffer_text(buffer, model->xml_namespace);
        buffer_char(buffer, '"');
    }
    buffer_char(buffer, '>');
}

void query_answer(struct call *call, int status, const struct header *headers)
{
    const struct model *model = call->service->model;
    const struct operation *operation = operation_of(call);
    const char *name = model_string(model, operation->name);
    struct buffer buffer;
    exchange_status(call->exchange, status != 0 ? status : operation->status);
    answer_headers(call, headers);
    if (wants_json(call)) {
        exchange_set_header(call->exchange, "Content-Type", "application/json");
        answer_as_json(call, name);
        return;
    }
    exchange_set_header(call->exchange, "Content-Type", "text/xml");
    buffer_init(&buffer, ANSWER_LIMIT);
    open_root(call, &buffer, name, "Response");
    if (operation->result_wrapper != 0) {
        const char *wrapper = model_string(model, operation->result_wrapper);
        xml_open(&buffer, wrapper);
        if (call->output.kind == VALUE_STRUCT)
            xml_write_struct(&buffer, call->arena, model, operation->output, &call->output, true);
        xml_close(&buffer, wrapper);
    }
    xml_open(&buffer, "ResponseMetadata");
    xml_element(&buffer, "RequestId", call->request_id);
    xml_close(&buffer, "ResponseMetadata");
    buffer_text(&buffer, "</");
    buffer_text(&buffer, name);
    buffer_text(&buffer, "Response>");
    answer_buffer(call, &buffer);
}

void query_error(struct call *call, int status, const struct header *headers)
{
    const struct aws_error *error = call->error;
    struct buffer buffer;
    exchange_status(call->exchange, status != 0 ? status : error->status);
    exchange_set_header(call->exchange, "Content-Type", "text/xml");
    answer_headers(call, headers);
    if (error == &no_action) {
        exchange_answer(call->exchange, bytes_of("<UnknownOperationException/>\n"));
        return;
    }
    buffer_init(&buffer, ERROR_LIMIT);
    open_root(call, &buffer, "ErrorResponse", "");
    xml_open(&buffer, "Error");
    xml_element(&buffer, "Type", error->is_receiver ? "Receiver" : "Sender");
    xml_element(&buffer, "Code", error->query_code != NULL ? error->query_code : error->code);
    xml_element(&buffer, "Message", call->error_message != NULL ? call->error_message : "");
    for (uint32_t i = 0; call->error_fields.kind == VALUE_MAP && i < call->error_fields.size; i++)
        if (call->error_fields.items[2 * i + 1].kind == VALUE_TEXT)
            xml_element(&buffer, call->error_fields.items[2 * i].text, call->error_fields.items[2 * i + 1].text);
    if (call->service->model->also_query)
        buffer_text(&buffer, "<Detail/>");
    xml_close(&buffer, "Error");
    xml_element(&buffer, "RequestId", call->request_id);
    xml_close(&buffer, "ErrorResponse");
    answer_buffer(call, &buffer);
}
