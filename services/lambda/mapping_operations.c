/* CreateEventSourceMapping and what follows it. */
#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/protocol.h"
#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/mapping.h"
#include "services/lambda/mapping_settings.h"
#include "services/lambda/name.h"
#include "services/lambda/operations.h"
#include "services/lambda/tag.h"

enum { PAGE = 100 };

static struct query insert = QUERY("INSERT INTO event_source_mapping(uuid, account, region, function_name, function_arn, "
                                   "source_arn, queue_url, batch_size, window,"
                                   " reports_failures, is_enabled, maximum_concurrency, filters, recorded, tags, last_modified)"
                                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
static struct query update =
    QUERY("UPDATE event_source_mapping SET (function_name, function_arn, batch_size, window, reports_failures, is_enabled,"
          " maximum_concurrency, filters, recorded, last_modified) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?");
static struct query delete_row = QUERY("DELETE FROM event_source_mapping WHERE id = ?");
static struct query by_uuid = QUERY("SELECT id FROM event_source_mapping WHERE account = ? AND region = ? AND uuid = ?");
static struct query twin =
    QUERY("SELECT uuid FROM event_source_mapping WHERE account = ? AND region = ? AND function_arn = ? AND source_arn = ?");
static struct query page =
    QUERY("SELECT id FROM event_source_mapping WHERE account = ?1 AND region = ?2 AND id > ?3"
          " AND (?4 IS NULL OR source_arn = ?4) AND (?5 IS NULL OR function_name = ?5) ORDER BY id LIMIT ?6");

/* --- the answer --- */

static struct value output_of(struct call *call, const struct mapping *mapping, const char *state)
{
    struct value out = call_struct(call, SHAPE_EventSourceMappingConfiguration), types = value_list(), scaling;

    set(&out, EventSourceMappingConfiguration_UUID, value_text(mapping->uuid));
    set(&out, EventSourceMappingConfiguration_EventSourceMappingArn,
        value_text(arn_print(call->arena, "lambda", mapping->region, mapping->account, "event-source-mapping:%s", mapping->uuid)));
    set(&out, EventSourceMappingConfiguration_EventSourceArn, value_text(mapping->source_arn));
    set(&out, EventSourceMappingConfiguration_FunctionArn, value_text(mapping->function_arn));
    set(&out, EventSourceMappingConfiguration_BatchSize, value_integer(mapping->batch_size));
    set(&out, EventSourceMappingConfiguration_MaximumBatchingWindowInSeconds, value_integer(mapping->window_s));
    if (mapping->reports_failures)
        (void)value_push(call->arena, &types, value_text("ReportBatchItemFailures"));
    set(&out, EventSourceMappingConfiguration_FunctionResponseTypes, types);
    if (mapping->maximum_concurrency > 0) {
        scaling = call_struct(call, SHAPE_ScalingConfig);
        set(&scaling, ScalingConfig_MaximumConcurrency, value_integer(mapping->maximum_concurrency));
        set(&out, EventSourceMappingConfiguration_ScalingConfig, scaling);
    }
    mapping_settings_output(call, mapping, &out);
    set(&out, EventSourceMappingConfiguration_State,
        value_text(state != NULL         ? state
                   : mapping->is_enabled ? "Enabled"
                                         : "Disabled"));
    set(&out, EventSourceMappingConfiguration_StateTransitionReason, value_text("USER_INITIATED"));
    set(&out, EventSourceMappingConfiguration_LastModified, value_time(mapping->last_modified));
    return out;
}

/* `state`: the transition that AWS reports first; NULL: the state that it comes to. */
static enum outcome answer_with(struct call *call, const struct mapping *mapping, const char *state)
{
    call->output = output_of(call, mapping, state);
    call->arn = mapping->source_arn;
    return answer(call);
}

static struct mapping *find(struct call *call, const char *uuid)
{
    int64_t id = query_one(&by_uuid, 0, "ttt", call->account, call->region, uuid);

    if (id == 0) {
        (void)lambda_fail(call, &lambda_resource_not_found, "The resource you requested does not exist.");
        return NULL;
    }
    return mapping_load(call->arena, id);
}

/* --- creating --- */

struct question {
    struct call *call;
    struct call *attributes; /* GetQueueAttributes; NULL when it is over */
    const char *code, *message;
    int64_t visibility_s;
};

/* Everything that can be said without asking SQS. */
static bool read_request(struct call *call, struct mapping *mapping, struct function *function)
{
    const char *source = input_text(call, CreateEventSourceMappingRequest_EventSourceArn), *name;
    struct arn arn;

    if (!function_resolve(call, input_text(call, CreateEventSourceMappingRequest_FunctionName), NULL, function))
        return false;
    if (source == NULL || !arn_parse(call->arena, source, &arn)) {
        (void)lambda_fail(call, &lambda_invalid_parameter, "Unrecognized event source.");
        return false;
    }
    if (!text_equal(arn.service, "sqs")) {
        (void)fail(call, &error_not_implemented, "lowcloud has event source mappings for SQS queues; %s is of service '%s'.",
                   source, arn.service);
        return false;
    }
    if (!text_equal(arn.region, call->region)) {
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "The event source of region %s cannot be mapped to a function of region %s.", arn.region, call->region);
        return false;
    }
    *mapping = (struct mapping){.account = call->account,
                                .region = call->region,
                                .function_name = function->name,
                                .function_arn = function->invoked_arn,
                                .source_arn = source,
                                .queue_url = arena_print(call->arena, "http://localhost/%s/%s", arn.account, arn.resource),
                                .batch_size = 10,
                                .is_enabled = input_bool(call, CreateEventSourceMappingRequest_Enabled, true)};
    const struct mapping_settings settings = {
        .batch_size = input_at(call, CreateEventSourceMappingRequest_BatchSize),
        .window = input_at(call, CreateEventSourceMappingRequest_MaximumBatchingWindowInSeconds),
        .response_types = input_at(call, CreateEventSourceMappingRequest_FunctionResponseTypes),
        .scaling = input_at(call, CreateEventSourceMappingRequest_ScalingConfig),
        .filters = input_at(call, CreateEventSourceMappingRequest_FilterCriteria),
        .poller = input_at(call, CreateEventSourceMappingRequest_ProvisionedPollerConfig),
        .metrics = input_at(call, CreateEventSourceMappingRequest_MetricsConfig),
        .logging = input_at(call, CreateEventSourceMappingRequest_LoggingConfig),
        .kms_key = input_at(call, CreateEventSourceMappingRequest_KMSKeyArn),
    };
    if (!mapping_settings_read(call, &settings, mapping) ||
        !tags_accept(call, input_at(call, CreateEventSourceMappingRequest_Tags)))
        return false;
    query_start(&twin, "tttt", call->account, call->region, mapping->function_arn, source);
    name = query_step(&twin) ? query_text(&twin, call->arena, 0) : NULL;
    query_end(&twin);
    if (name != NULL)
        (void)lambda_fail(
            call, &lambda_resource_conflict,
            "An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. Please update or delete the "
            "existing mapping with UUID %s",
            source, function->name, name);
    return name == NULL;
}

static enum outcome create(struct call *call)
{
    const struct question *question = call->context;
    const struct value *tags = input_at(call, CreateEventSourceMappingRequest_Tags);
    struct mapping mapping;
    struct function function;

    call->context = NULL;
    if (!read_request(call, &mapping, &function))
        return FAILED;
    if (question->code != NULL)
        return lambda_fail(call, &lambda_invalid_parameter,
                           "Error occurred while ReceiveMessage. SQS Error Code: %s. SQS Error Message: %s", question->code,
                           question->message);
    if (question->visibility_s < function.timeout_s)
        return lambda_fail(call, &lambda_invalid_parameter,
                           "Queue visibility timeout: %lld seconds is less than Function timeout: %lld seconds",
                           (long long)question->visibility_s, (long long)function.timeout_s);
    mapping.uuid = id_uuid(call->arena);
    mapping.last_modified = clock_now();
    (void)query_run(&insert, "tttttttiiiiittti", mapping.uuid, mapping.account, mapping.region, mapping.function_name,
                    mapping.function_arn, mapping.source_arn, mapping.queue_url, mapping.batch_size, mapping.window_s,
                    (int64_t)mapping.reports_failures, (int64_t)mapping.is_enabled, mapping.maximum_concurrency, mapping.filters,
                    mapping.recorded, tags == NULL ? NULL : json_print(call->arena, tags).at, mapping.last_modified);
    mapping_change(store_last_id());
    return answer_with(call, &mapping, "Creating");
}

static void asked(struct call *attributes, void *context)
{
    struct question *question = context;
    const struct value *found = value_find(call_result(attributes), "Attributes");
    const char *visibility = found == NULL ? NULL : value_find_text(found, "VisibilityTimeout");
    struct arena *arena = question->call->arena;

    question->attributes = NULL;
    question->visibility_s = 30;
    if (attributes->error != NULL) {
        question->code =
            arena_text(arena, attributes->error->query_code != NULL ? attributes->error->query_code : attributes->error->code);
        question->message = arena_text(arena, attributes->error_message);
    } else if (visibility != NULL) {
        (void)text_integer(visibility, &question->visibility_s);
    }
    call_wake(question->call, create);
}

static void on_gone(struct call *call)
{
    struct question *question = call->context;

    if (question != NULL && question->attributes != NULL)
        call_forget(question->attributes);
}

enum outcome lambda_create_event_source_mapping(struct call *call)
{
    struct question *question = arena_alloc(call->arena, sizeof *question);
    struct value input = value_map(), names = value_list();
    struct mapping mapping;
    struct function function;

    if (!read_request(call, &mapping, &function))
        return FAILED;
    (void)value_push(call->arena, &names, value_text("VisibilityTimeout"));
    (void)value_put(call->arena, &input, "QueueUrl", value_text(mapping.queue_url));
    (void)value_put(call->arena, &input, "AttributeNames", names);
    question->call = call;
    question->attributes = call_queue(&(struct call_request){
        .service = "sqs",
        .operation = "GetQueueAttributes",
        .account = call->account,
        .region = call->region,
        .actor = "lambda",
        .cause = call->seq,
        .input = input,
        .done = asked,
        .context = question,
    });
    call->context = question;
    return park(call, -1, NULL, on_gone);
}

/* --- the others --- */

enum outcome lambda_get_event_source_mapping(struct call *call)
{
    struct mapping *mapping = find(call, input_text(call, GetEventSourceMappingRequest_UUID));

    return mapping == NULL ? FAILED : answer_with(call, mapping, NULL);
}

enum outcome lambda_list_event_source_mappings(struct call *call)
{
    const char *marker = input_text(call, ListEventSourceMappingsRequest_Marker),
               *function = input_text(call, ListEventSourceMappingsRequest_FunctionName);
    int64_t most = input_integer(call, ListEventSourceMappingsRequest_MaxItems, PAGE), after = 0, last = 0;
    struct value ids = value_list(), list = value_list();
    struct name name = {.name = NULL};
    bool has_more = false;

    if (marker != NULL && marker[0] != '\0' && !text_integer(marker, &after))
        return lambda_fail(call, &lambda_invalid_parameter, "The marker %s is not one that ListEventSourceMappings gave.", marker);
    if (function != NULL && !name_read(call, function, &name))
        return FAILED;
    query_start(&page, "ttitti", call->account, call->region, after,
                input_text(call, ListEventSourceMappingsRequest_EventSourceArn), name.name, most + 1);
    while (query_step(&page) && !has_more) {
        has_more = ids.size == (uint32_t)most;
        if (!has_more)
            (void)value_push(call->arena, &ids, value_integer(last = query_integer(&page, 0)));
    }
    query_end(&page);
    for (uint32_t i = 0; i < ids.size; i++) {
        struct mapping *mapping = mapping_load(call->arena, ids.items[i].integer);

        if (name.qualifier == NULL || text_equal(mapping->function_arn, name_arn(call, &name)))
            (void)value_push(call->arena, &list, output_of(call, mapping, NULL));
    }
    output_set(call, ListEventSourceMappingsResponse_EventSourceMappings, list);
    if (has_more)
        output_text(call, ListEventSourceMappingsResponse_NextMarker, arena_print(call->arena, "%lld", (long long)last));
    return answer(call);
}

enum outcome lambda_update_event_source_mapping(struct call *call)
{
    struct mapping *mapping = find(call, input_text(call, UpdateEventSourceMappingRequest_UUID));
    const char *name = input_text(call, UpdateEventSourceMappingRequest_FunctionName);
    const struct mapping_settings settings = {
        .batch_size = input_at(call, UpdateEventSourceMappingRequest_BatchSize),
        .window = input_at(call, UpdateEventSourceMappingRequest_MaximumBatchingWindowInSeconds),
        .response_types = input_at(call, UpdateEventSourceMappingRequest_FunctionResponseTypes),
        .scaling = input_at(call, UpdateEventSourceMappingRequest_ScalingConfig),
        .filters = input_at(call, UpdateEventSourceMappingRequest_FilterCriteria),
        .poller = input_at(call, UpdateEventSourceMappingRequest_ProvisionedPollerConfig),
        .metrics = input_at(call, UpdateEventSourceMappingRequest_MetricsConfig),
        .logging = input_at(call, UpdateEventSourceMappingRequest_LoggingConfig),
        .kms_key = input_at(call, UpdateEventSourceMappingRequest_KMSKeyArn),
    };
    struct function function;

    if (mapping == NULL)
        return FAILED;
    bool was_enabled = mapping->is_enabled;
    if (name != NULL) {
        if (!function_resolve(call, name, NULL, &function))
            return FAILED;
        mapping->function_name = function.name;
        mapping->function_arn = function.invoked_arn;
    }
    mapping->is_enabled = input_bool(call, UpdateEventSourceMappingRequest_Enabled, mapping->is_enabled);
    if (!mapping_settings_read(call, &settings, mapping))
        return FAILED;
    mapping->last_modified = clock_now();
    (void)query_run(&update, "ttiiiiittii", mapping->function_name, mapping->function_arn, mapping->batch_size, mapping->window_s,
                    (int64_t)mapping->reports_failures, (int64_t)mapping->is_enabled, mapping->maximum_concurrency,
                    mapping->filters, mapping->recorded, mapping->last_modified, mapping->id);
    mapping_change(mapping->id);
    if (was_enabled != mapping->is_enabled)
        return answer_with(call, mapping, mapping->is_enabled ? "Enabling" : "Disabling");
    return answer_with(call, mapping, mapping->is_enabled ? "Updating" : "Disabled");
}

enum outcome lambda_delete_event_source_mapping(struct call *call)
{
    struct mapping *mapping = find(call, input_text(call, DeleteEventSourceMappingRequest_UUID));

    if (mapping == NULL)
        return FAILED;
    (void)query_run(&delete_row, "i", mapping->id);
    mapping_change(mapping->id);
    return answer_with(call, mapping, "Deleting");
}
