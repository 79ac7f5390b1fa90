/* AWS Lambda: what the service consists of. */
#include "emulator/aws/service.h"
#include "services/lambda/code_location.h"
#include "services/lambda/invoke.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/mapping.h"
#include "services/lambda/operations.h"
#include "services/lambda/package.h"
#include "services/lambda/schema.h"

/* AWS: "Request must be smaller than 69905067 bytes for the CreateFunction operation": 50 MB of zip in base64, and the rest. */
enum { CODE_BODY_LIMIT = 69905067 };

extern const struct service lambda_service;

static const struct operation_row operations[] = {
    {.operation = OP_AddPermission, .run = lambda_add_permission},
    {.operation = OP_CreateEventSourceMapping, .run = lambda_create_event_source_mapping},
    {.operation = OP_CreateFunction, .run = lambda_create_function, .body_limit = CODE_BODY_LIMIT},
    {.operation = OP_DeleteEventSourceMapping, .run = lambda_delete_event_source_mapping},
    {.operation = OP_DeleteFunction, .run = lambda_delete_function},
    {.operation = OP_DeleteFunctionConcurrency, .run = lambda_delete_function_concurrency},
    {.operation = OP_DeleteFunctionEventInvokeConfig, .run = lambda_delete_function_event_invoke_config},
    {.operation = OP_GetAccountSettings, .run = lambda_get_account_settings},
    {.operation = OP_GetEventSourceMapping, .run = lambda_get_event_source_mapping},
    {.operation = OP_GetFunction, .run = lambda_get_function},
    {.operation = OP_GetFunctionCodeSigningConfig, .run = lambda_get_function_code_signing_config},
    {.operation = OP_GetFunctionConcurrency, .run = lambda_get_function_concurrency},
    {.operation = OP_GetFunctionConfiguration, .run = lambda_get_function_configuration},
    {.operation = OP_GetFunctionEventInvokeConfig, .run = lambda_get_function_event_invoke_config},
    {.operation = OP_GetFunctionRecursionConfig, .run = lambda_get_function_recursion_config},
    {.operation = OP_GetPolicy, .run = lambda_get_policy},
    {.operation = OP_GetRuntimeManagementConfig, .run = lambda_get_runtime_management_config},
    {.operation = OP_Invoke, .run = lambda_invoke},
    {.operation = OP_InvokeAsync, .run = lambda_invoke_async_legacy},
    {.operation = OP_ListAliases, .run = lambda_list_aliases},
    {.operation = OP_ListEventSourceMappings, .run = lambda_list_event_source_mappings},
    {.operation = OP_ListFunctionEventInvokeConfigs, .run = lambda_list_function_event_invoke_configs},
    {.operation = OP_ListFunctions, .run = lambda_list_functions},
    {.operation = OP_ListTags, .run = lambda_list_tags},
    {.operation = OP_ListVersionsByFunction, .run = lambda_list_versions_by_function},
    {.operation = OP_PublishVersion, .run = lambda_publish_version},
    {.operation = OP_PutFunctionConcurrency, .run = lambda_put_function_concurrency},
    {.operation = OP_PutFunctionEventInvokeConfig, .run = lambda_put_function_event_invoke_config},
    {.operation = OP_RemovePermission, .run = lambda_remove_permission},
    {.operation = OP_TagResource, .run = lambda_tag_resource},
    {.operation = OP_UntagResource, .run = lambda_untag_resource},
    {.operation = OP_UpdateEventSourceMapping, .run = lambda_update_event_source_mapping},
    {.operation = OP_UpdateFunctionCode, .run = lambda_update_function_code, .body_limit = CODE_BODY_LIMIT},
    {.operation = OP_UpdateFunctionConfiguration, .run = lambda_update_function_configuration},
    {.operation = OP_UpdateFunctionEventInvokeConfig, .run = lambda_update_function_event_invoke_config},
    {.run = NULL},
};

/* One migration a part, in this order for ever. */
static const char *const schema[] = {function_schema, mapping_schema, execution_schema};

static void start(void)
{
    package_start();
    execution_start();
    mapping_start();
}

static void reset(void)
{
    mapping_reset();
    execution_reset();
    package_reset();
}

static void stop(void)
{
    mapping_stop();
    execution_stop();
    package_stop();
}

static void pending(struct pending *pending_)
{
    package_pending(pending_);
    execution_pending(pending_);
    mapping_pending(pending_);
}

static bool claim(struct exchange *exchange)
{
    return execution_claim(exchange) || code_location_claim(exchange);
}

const struct service lambda_service = {
    .name = "lambda",
    .model = &lambda_model,
    .operations = operations,
    .schema = schema,
    .schema_count = sizeof schema / sizeof schema[0],
    .start = start,
    .reset = reset,
    .stop = stop,
    .pending = pending,
    .claim = claim,
};
