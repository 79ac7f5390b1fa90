#include "services/lambda/event_config.h"

#include "emulator/aws/protocol.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/lambda/destination.h"
#include "services/lambda/errors.h"
#include "services/lambda/invoke.h"
#include "services/lambda/lambda_model.h"

enum { PAGE = 50 };

static struct query find =
    QUERY("SELECT age, retries, on_success, on_failure, modified FROM event_config WHERE account = ? AND region = ? AND name = ?"
          " AND qualifier = ?");
static struct query save =
    QUERY("INSERT OR REPLACE INTO event_config(account, region, name, qualifier, age, retries, on_success, on_failure, modified)"
          " VALUES (?, ?, ?, ?, NULLIF(?, -1), NULLIF(?, -1), ?, ?, ?)");
static struct query erase = QUERY("DELETE FROM event_config WHERE account = ? AND region = ? AND name = ? AND qualifier = ?");
static struct query erase_all = QUERY("DELETE FROM event_config WHERE account = ? AND region = ? AND name = ?");
static struct query list =
    QUERY("SELECT qualifier FROM event_config WHERE account = ? AND region = ? AND name = ? AND qualifier > ? ORDER BY qualifier"
          " LIMIT ?");

/* A row: -1 and NULL for what is not configured. */
struct row {
    int64_t age, retries, modified;
    const char *on_success, *on_failure;
};

static bool load(struct arena *arena, const char *account, const char *region, const char *name, const char *qualifier,
                 struct row *row)
{
    *row = (struct row){.age = -1, .retries = -1};
    query_start(&find, "tttt", account, region, name, qualifier);
    bool found = query_step(&find);
    if (found) {
        row->age = query_is_null(&find, 0) ? -1 : query_integer(&find, 0);
        row->retries = query_is_null(&find, 1) ? -1 : query_integer(&find, 1);
        row->on_success = query_text(&find, arena, 2);
        row->on_failure = query_text(&find, arena, 3);
        row->modified = query_integer(&find, 4);
    }
    query_end(&find);
    return found;
}

void event_config_find(struct arena *arena, const char *account, const char *region, const char *name, const char *qualifier,
                       struct event_config *config)
{
    struct row row;

    (void)load(arena, account, region, name, qualifier, &row);
    config->age_s = row.age >= 0 ? row.age : EVENT_AGE_DEFAULT;
    config->retries = row.retries >= 0 ? row.retries : EVENT_RETRIES_DEFAULT;
    config->on_success = row.on_success;
    config->on_failure = row.on_failure;
}

/* --- answers --- */

static struct value destination(struct call *call, uint16_t shape, uint16_t member, const char *arn)
{
    struct value value = call_struct(call, shape);

    if (arn != NULL)
        set(&value, member, value_text(arn));
    return value;
}

static struct value describe(struct call *call, const char *arn, const struct row *row)
{
    struct value config = call_struct(call, SHAPE_FunctionEventInvokeConfig), targets = call_struct(call, SHAPE_DestinationConfig);

    set(&targets, DestinationConfig_OnSuccess, destination(call, SHAPE_OnSuccess, OnSuccess_Destination, row->on_success));
    set(&targets, DestinationConfig_OnFailure, destination(call, SHAPE_OnFailure, OnFailure_Destination, row->on_failure));
    set(&config, FunctionEventInvokeConfig_FunctionArn, value_text(arn));
    set(&config, FunctionEventInvokeConfig_LastModified, value_time(row->modified));
    if (row->retries >= 0)
        set(&config, FunctionEventInvokeConfig_MaximumRetryAttempts, value_integer(row->retries));
    if (row->age >= 0)
        set(&config, FunctionEventInvokeConfig_MaximumEventAgeInSeconds, value_integer(row->age));
    set(&config, FunctionEventInvokeConfig_DestinationConfig, targets);
    return config;
}

static enum outcome answer_with(struct call *call, const struct function *function, const struct row *row)
{
    call->output = describe(call, function->qualified_arn, row);
    return answer(call);
}

static enum outcome not_configured(struct call *call, const struct function *function)
{
    return lambda_fail(call, &lambda_resource_not_found, "The function %s doesn't have an EventInvokeConfig",
                       function->qualified_arn);
}

/* --- Put, Update --- */

/* One destination as sent: absent keeps *target, an empty one clears it. */
static bool read_destination(struct call *call, const struct function *function, const struct value *given, uint16_t member,
                             const char **target)
{
    const char *arn = at_text(given, member);
    const char *problem;

    if (given == NULL)
        return true;
    *target = NULL;
    if (arn == NULL || arn[0] == '\0')
        return true;
    if (text_equal(arn, function->arn) || text_equal(arn, function->qualified_arn)) {
        (void)lambda_fail(call, &lambda_invalid_parameter, "You can't specify the function as a destination for itself.");
        return false;
    }
    problem = destination_refuses(call->arena, arn);
    if (problem != NULL) {
        (void)fail(call, &error_not_implemented, "%s", problem);
        return false;
    }
    *target = arn;
    return true;
}

struct sent {
    const char *name, *qualifier;
    const struct value *age, *retries, *destinations;
};

static enum outcome change(struct call *call, const struct sent *sent, bool replaces)
{
    struct function function;
    struct row row;

    if (!function_resolve(call, sent->name, sent->qualifier, &function))
        return FAILED;
    call->arn = function.qualified_arn;
    if (sent->age == NULL && sent->retries == NULL && sent->destinations == NULL)
        return lambda_fail(call, &lambda_invalid_parameter,
                           "You must specify at least one of error handling or destination setting.");
    if (!load(call->arena, function.account, function.region, function.name, function.version, &row) && !replaces)
        return not_configured(call, &function);
    if (replaces)
        row = (struct row){.age = -1, .retries = -1};
    if (sent->age != NULL)
        row.age = sent->age->integer;
    if (sent->retries != NULL)
        row.retries = sent->retries->integer;
    if (!read_destination(call, &function, at(sent->destinations, DestinationConfig_OnSuccess), OnSuccess_Destination,
                          &row.on_success) ||
        !read_destination(call, &function, at(sent->destinations, DestinationConfig_OnFailure), OnFailure_Destination,
                          &row.on_failure))
        return FAILED;
    row.modified = clock_now();
    (void)query_run(&save, "ttttiitti", function.account, function.region, function.name, function.version, row.age, row.retries,
                    row.on_success, row.on_failure, row.modified);
    return answer_with(call, &function, &row);
}

enum outcome lambda_put_function_event_invoke_config(struct call *call)
{
    return change(call,
                  &(struct sent){input_text(call, PutFunctionEventInvokeConfigRequest_FunctionName),
                                 input_text(call, PutFunctionEventInvokeConfigRequest_Qualifier),
                                 input_at(call, PutFunctionEventInvokeConfigRequest_MaximumEventAgeInSeconds),
                                 input_at(call, PutFunctionEventInvokeConfigRequest_MaximumRetryAttempts),
                                 input_at(call, PutFunctionEventInvokeConfigRequest_DestinationConfig)},
                  true);
}

enum outcome lambda_update_function_event_invoke_config(struct call *call)
{
    return change(call,
                  &(struct sent){input_text(call, UpdateFunctionEventInvokeConfigRequest_FunctionName),
                                 input_text(call, UpdateFunctionEventInvokeConfigRequest_Qualifier),
                                 input_at(call, UpdateFunctionEventInvokeConfigRequest_MaximumEventAgeInSeconds),
                                 input_at(call, UpdateFunctionEventInvokeConfigRequest_MaximumRetryAttempts),
                                 input_at(call, UpdateFunctionEventInvokeConfigRequest_DestinationConfig)},
                  false);
}

/* --- Get, Delete, List --- */

enum outcome lambda_get_function_event_invoke_config(struct call *call)
{
    struct function function;
    struct row row;

    if (!function_resolve(call, input_text(call, GetFunctionEventInvokeConfigRequest_FunctionName),
                          input_text(call, GetFunctionEventInvokeConfigRequest_Qualifier), &function))
        return FAILED;
    call->arn = function.qualified_arn;
    if (!load(call->arena, function.account, function.region, function.name, function.version, &row))
        return not_configured(call, &function);
    return answer_with(call, &function, &row);
}

enum outcome lambda_delete_function_event_invoke_config(struct call *call)
{
    struct function function;

    if (!function_resolve(call, input_text(call, DeleteFunctionEventInvokeConfigRequest_FunctionName),
                          input_text(call, DeleteFunctionEventInvokeConfigRequest_Qualifier), &function))
        return FAILED;
    call->arn = function.qualified_arn;
    if (query_run(&erase, "tttt", function.account, function.region, function.name, function.version) == 0)
        return not_configured(call, &function);
    return answer(call);
}

/* The marker is the qualifier that ended the page before. */
enum outcome lambda_list_function_event_invoke_configs(struct call *call)
{
    const char *after = input_text(call, ListFunctionEventInvokeConfigsRequest_Marker), *last = NULL;
    int64_t most = input_integer(call, ListFunctionEventInvokeConfigsRequest_MaxItems, PAGE);
    struct value configs = value_list(), names = value_list();
    struct function function;

    if (!function_resolve(call, input_text(call, ListFunctionEventInvokeConfigsRequest_FunctionName), NULL, &function))
        return FAILED;
    query_start(&list, "tttti", function.account, function.region, function.name, after != NULL ? after : "", most + 1);
    while (query_step(&list))
        value_push(call->arena, &names, value_text(query_text(&list, call->arena, 0)));
    query_end(&list);
    for (uint32_t i = 0; i < names.size && (int64_t)i < most; i++) {
        struct row row;

        last = names.items[i].text;
        if (load(call->arena, function.account, function.region, function.name, last, &row))
            value_push(call->arena, &configs, describe(call, arena_print(call->arena, "%s:%s", function.arn, last), &row));
    }
    output_set(call, ListFunctionEventInvokeConfigsResponse_FunctionEventInvokeConfigs, configs);
    if ((int64_t)names.size > most)
        output_text(call, ListFunctionEventInvokeConfigsResponse_NextMarker, last);
    return answer(call);
}

void event_config_forget(const char *account, const char *region, const char *name)
{
    (void)query_run(&erase_all, "ttt", account, region, name);
}
