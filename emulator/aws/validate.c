/* Whether an input keeps the model's rules, in the service's own words. VALIDATION_CORAL and VALIDATION_APIGATEWAY collect every
 * broken rule into one message, as AWS's framework does; SQS has rules of its own beyond what is required; S3 looks at enumerations
 * and at what is required, and its service does the rest. */
#include <string.h>

#include "emulator/aws/constraint.h"
#include "emulator/aws/wire.h"

static const struct aws_error invalid_argument = {"InvalidArgument", 400, NULL, false};
static const struct aws_error invalid_request = {"InvalidRequest", 400, NULL, false};
static const struct aws_error invalid_storage_class = {"InvalidStorageClass", 400, NULL, false};
static const struct aws_error malformed_xml = {"MalformedXML", 400, NULL, false};
static const struct aws_error missing_body = {"MissingRequestBodyError", 400, NULL, false};
static const struct aws_error missing_parameter = {"MissingRequiredParameterException", 400, "MissingParameter", false};

/* The way from the input to a value, written down only for a message. */
struct path {
    const struct path *parent;
    const char *name; /* NULL: a place in a list */
    uint32_t index;   /* from 1 */
};

/* Rules of the framework. */

struct findings {
    struct call *call;
    struct buffer text;
    int count;
};

enum { FINDINGS_MOST = 50 };

static void print_path(struct buffer *buffer, const struct path *path)
{
    if (path->parent != NULL)
        print_path(buffer, path->parent);
    if (buffer->size > 0 && buffer->text[buffer->size - 1] != '\'')
        buffer_char(buffer, '.');
    if (path->name == NULL)
        buffer_print(buffer, "%u.member", path->index);
    else
        constraint_print_name(buffer, path->name);
}

static void begin_finding(struct findings *findings, uint16_t shape, const struct value *value, const struct path *path)
{
    const struct model *model = findings->call->service->model;
    struct buffer name;
    findings->count++;
    buffer_text(&findings->text, findings->count > 1 ? "; Value" : "Value");
    if (value == NULL)
        buffer_text(&findings->text, " null");
    else if (!(shape_of(model, shape)->flags & SHAPE_SENSITIVE)) {
        buffer_text(&findings->text, " '");
        constraint_print_value(&findings->text, model, shape, value);
        buffer_char(&findings->text, '\'');
    }
    buffer_init(&name, ERROR_LIMIT);
    print_path(&name, path);
    buffer_print(&findings->text, " at '%s' failed to satisfy constraint: ", name.text);
    buffer_free(&name);
}

static void check_constraints(struct findings *findings, uint16_t shape, const struct value *value, const struct path *path)
{
    const struct model *model = findings->call->service->model;
    for (enum constraint constraint = 0; constraint < CONSTRAINT_COUNT; constraint++)
        if (constraint_is_broken(model, shape, constraint, value)) {
            begin_finding(findings, shape, value, path);
            constraint_describe(&findings->text, model, shape, constraint);
        }
}

static bool any_is_broken(const struct model *model, uint16_t shape, const struct value *value)
{
    for (enum constraint constraint = 0; constraint < CONSTRAINT_COUNT; constraint++)
        if (constraint_is_broken(model, shape, constraint, value))
            return true;
    return false;
}

/* Leaves in lists and maps are reported with the whole list and all their rules. */
static void report_elements(struct findings *findings, uint16_t whole, uint16_t element, const struct value *value,
                            const struct path *path, const char *who)
{
    static const enum constraint order[] = {CONSTRAINT_MAXIMUM, CONSTRAINT_MINIMUM, CONSTRAINT_PATTERN, CONSTRAINT_ENUMERATION};
    const struct model *model = findings->call->service->model;
    bool first = true;
    begin_finding(findings, whole, value, path);
    buffer_print(&findings->text, "%s must satisfy constraint: [", who);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!constraint_exists(model, element, order[i]))
            continue;
        buffer_text(&findings->text, first ? "" : ", ");
        first = false;
        constraint_describe(&findings->text, model, element, order[i]);
    }
    /* Lambda's newer framework says this as well; it is left out where the values are secret. */
    if (model->protocol == PROTOCOL_REST_JSON && model->validation == VALIDATION_CORAL &&
        !(shape_of(model, whole)->flags & SHAPE_SENSITIVE))
        buffer_text(&findings->text, ", Member must not be null");
    buffer_char(&findings->text, ']');
}

static void check_value(struct findings *findings, uint16_t shape, const struct value *value, const struct path *path);

static void check_elements(struct findings *findings, uint16_t number, const struct value *value, const struct path *path)
{
    const struct model *model = findings->call->service->model;
    const struct shape *shape = shape_of(model, number);
    bool is_map = value->kind == VALUE_MAP, is_leaf = shape_is_scalar(shape_of(model, shape->element));
    for (uint32_t i = 0; is_map && i < value->size; i++)
        if (any_is_broken(model, shape->key, &value->items[2 * i])) {
            report_elements(findings, number, shape->key, value, path, "Map keys");
            break;
        }
    for (uint32_t i = 0; i < value->size; i++) {
        const struct value *item = &value->items[is_map ? 2 * i + 1 : i];
        struct path here = {path, is_map ? value->items[2 * i].text : NULL, i + 1};
        if (!is_leaf) {
            check_value(findings, shape->element, item, &here);
        } else if (any_is_broken(model, shape->element, item)) {
            report_elements(findings, number, shape->element, value, path, is_map ? "Map value" : "Member");
            break;
        }
    }
}

static void check_struct(struct findings *findings, uint16_t shape, const struct value *value, const struct path *path)
{
    const struct model *model = findings->call->service->model;
    const struct member *members = members_of(model, shape);
    /* API Gateway names what comes in the body after the operation. */
    struct path input = {NULL, NULL, 0};
    for (uint32_t i = 0; i < value->size && findings->count < FINDINGS_MOST; i++) {
        struct path here = {path, model_string(model, members[i].name), 0};
        if (path == NULL && model->validation == VALIDATION_APIGATEWAY && members[i].location == LOCATION_BODY) {
            if (input.name == NULL)
                input.name = arena_print(findings->call->arena, "%sInput", operation_name(model, findings->call->operation));
            here.parent = &input;
        }
        if (value_present(&value->items[i])) {
            check_value(findings, members[i].shape, &value->items[i], &here);
        } else if ((members[i].flags & MEMBER_REQUIRED) && !(members[i].flags & (MEMBER_STREAMING | MEMBER_IDEMPOTENCY))) {
            begin_finding(findings, members[i].shape, NULL, &here);
            buffer_text(&findings->text, "Member must not be null");
        }
    }
}

static void check_value(struct findings *findings, uint16_t shape, const struct value *value, const struct path *path)
{
    check_constraints(findings, shape, value, path);
    if (value->kind == VALUE_STRUCT)
        check_struct(findings, shape, value, path);
    else if (value->kind == VALUE_LIST || value->kind == VALUE_MAP)
        check_elements(findings, shape, value, path);
}

static bool keeps_coral_rules(struct call *call)
{
    const struct model *model = call->service->model;
    struct findings findings = {.call = call};
    buffer_init(&findings.text, ERROR_LIMIT);
    check_struct(&findings, operation_of(call)->input, &call->input, NULL);
    if (findings.count > 0) {
        const struct aws_error *error = &error_validation;
        if (model->validation_error != NULL) {
            struct aws_error *own = arena_alloc(call->arena, sizeof *own);
            *own = (struct aws_error){model->validation_error, 400, NULL, false};
            error = own;
        }
        fail(call, error, "%d validation error%s detected: %s", findings.count, findings.count > 1 ? "s" : "", findings.text.text);
    }
    buffer_free(&findings.text);
    return findings.count == 0;
}

/* SQS: "The request must contain the parameter SendMessageBatchRequestEntry.1.Id." */

static bool has_sqs_parameters(struct call *call, uint16_t shape, const struct value *value, const char *prefix)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    for (uint32_t i = 0; i < value->size; i++) {
        const struct value *item = &value->items[i];
        const char *name = model_string(model, members[i].name);
        bool is_list = shape_of(model, members[i].shape)->type == SHAPE_TYPE_LIST;
        /* A batch without entries is another error, and an empty body is as good as none. */
        bool is_missing = !value_present(item) ? !(is_list && strcmp(name, "Entries") == 0)
                                               : strcmp(name, "MessageBody") == 0 && item->kind == VALUE_TEXT && item->size == 0;
        if ((members[i].flags & MEMBER_REQUIRED) && is_missing) {
            fail(call, &missing_parameter, "The request must contain the parameter %s%s.", prefix, name);
            return false;
        }
        if (item->kind != VALUE_LIST || shape_of(model, shape_of(model, members[i].shape)->element)->type != SHAPE_TYPE_STRUCTURE)
            continue;
        for (uint32_t j = 0; j < item->size; j++) {
            const char *within = arena_print(call->arena, "%s.%u.", model_string(model, members[i].query_name), j + 1);
            if (!has_sqs_parameters(call, shape_of(model, members[i].shape)->element, &item->items[j], within))
                return false;
        }
    }
    return true;
}

/* S3. */

static bool bad_xml(struct call *call)
{
    fail(call, &malformed_xml, "The XML you provided was not well-formed or did not validate against our published schema");
    return false;
}

static bool bad_argument(struct call *call, const struct member *member, const char *text)
{
    const struct model *model = call->service->model;
    const char *wire = model_string(model, member->wire_name);
    if (strcmp(wire, "x-amz-storage-class") == 0) {
        fail(call, &invalid_storage_class, "The storage class you specified is not valid");
        fail_field(call, "StorageClassRequested", text);
        return false;
    }
    if (strcmp(wire, "encoding-type") == 0)
        fail(call, &invalid_argument, "Invalid Encoding Method specified in Request");
    else
        fail(call, &invalid_argument, "The value of %s is not valid", wire);
    fail_field(call, "ArgumentName", wire);
    fail_field(call, "ArgumentValue", text);
    return false;
}

static bool keeps_s3_rules(struct call *call, uint16_t shape, const struct value *value, bool is_top);

static bool keeps_s3_rules_within(struct call *call, uint16_t number, const struct value *value)
{
    const struct model *model = call->service->model;
    if (value->kind == VALUE_STRUCT)
        return keeps_s3_rules(call, number, value, false);
    for (uint32_t i = 0; value->kind == VALUE_LIST && i < value->size; i++)
        if (!keeps_s3_rules_within(call, shape_of(model, number)->element, &value->items[i]))
            return false;
    return !constraint_is_broken(model, number, CONSTRAINT_ENUMERATION, value) || bad_xml(call);
}

static bool lacks_for_s3(struct call *call, const struct member *member, bool is_top)
{
    const struct model *model = call->service->model;
    if (!(member->flags & MEMBER_REQUIRED) || (member->flags & MEMBER_STREAMING))
        return true;
    if (!is_top)
        return bad_xml(call);
    if (member->location == LOCATION_BODY)
        fail(call, &missing_body, "Request Body is empty");
    else
        fail(call, &invalid_request, "Missing required %s for this request: %s",
             member->location == LOCATION_HEADER ? "header" : "parameter", model_string(model, member->wire_name));
    return false;
}

static bool keeps_s3_rules(struct call *call, uint16_t shape, const struct value *value, bool is_top)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, shape);
    for (uint32_t i = 0; i < value->size; i++) {
        const struct value *item = &value->items[i];
        if (!value_present(item)) {
            if (!lacks_for_s3(call, &members[i], is_top))
                return false;
        } else if (is_top && members[i].location != LOCATION_BODY) {
            const struct shape *target = shape_of(model, members[i].shape);
            uint16_t leaf = item->kind == VALUE_LIST ? target->element : members[i].shape;
            for (uint32_t j = 0; j < (item->kind == VALUE_LIST ? item->size : 1); j++) {
                const struct value *one = item->kind == VALUE_LIST ? &item->items[j] : item;
                if (one->kind == VALUE_TEXT && one->size > 0 && constraint_is_broken(model, leaf, CONSTRAINT_ENUMERATION, one))
                    return bad_argument(call, &members[i], one->text);
            }
        } else if (!keeps_s3_rules_within(call, members[i].shape, item)) {
            return false;
        }
    }
    return true;
}

bool protocol_validate(struct call *call)
{
    const struct model *model = call->service->model;
    uint16_t input = operation_of(call)->input;
    if (input != NO_SHAPE && call->input.kind != VALUE_STRUCT)
        call->input = model_struct(model, call->arena, input);
    if (!support_check(call))
        return false;
    if (input == NO_SHAPE)
        return true;
    switch (model->validation) {
    case VALIDATION_CORAL:
    case VALIDATION_APIGATEWAY:
        return keeps_coral_rules(call);
    case VALIDATION_SQS:
        return has_sqs_parameters(call, input, &call->input, "");
    case VALIDATION_S3:
        return keeps_s3_rules(call, input, &call->input, true);
    default:
        return true;
    }
}
