/* API Gateway: HTTP APIs. The control plane speaks REST-JSON under /v2/; the data plane is known by its hosts and by
 * /_aws/execute-api/. */
#include "emulator/aws/service.h"
#include "services/apigw/api.h"
#include "services/apigw/apigatewayv2_model.h"
#include "services/apigw/deployment.h"
#include "services/apigw/errors.h"
#include "services/apigw/gateway.h"
#include "services/apigw/integration.h"
#include "services/apigw/route.h"
#include "services/apigw/stage.h"

const struct aws_error gateway_not_found = {.code = "NotFoundException", .status = 404};
const struct aws_error gateway_conflict = {.code = "ConflictException", .status = 409};
const struct aws_error gateway_bad_request = {.code = "BadRequestException", .status = 400};
const struct aws_error gateway_not_implemented = {.code = "NotImplementedException", .status = 501, .is_receiver = true};

/* item: the settings as JSON (item.h). What the data plane reads has columns of its own. A deployment's row never changes but for
 * its description, and its number is never used again. */
static const char *const schema[] = {
    "CREATE TABLE http_api(id TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, created INTEGER NOT NULL, cors TEXT,"
    " is_disabled INTEGER NOT NULL, item TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX http_api_owner ON http_api(account, region, id);"
    "CREATE TABLE http_integration(api TEXT NOT NULL, id TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY(api, id)) WITHOUT ROWID;"
    "CREATE TABLE http_route(api TEXT NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, target TEXT, item TEXT NOT NULL, PRIMARY "
    "KEY(api, id),"
    " UNIQUE(api, key)) WITHOUT ROWID;"
    "CREATE TABLE http_stage(api TEXT NOT NULL, name TEXT NOT NULL, deployment TEXT, is_auto INTEGER NOT NULL, variables TEXT, "
    "item TEXT NOT NULL,"
    " PRIMARY KEY(api, name)) WITHOUT ROWID;"
    "CREATE TABLE http_deployment(seq INTEGER PRIMARY KEY AUTOINCREMENT, api TEXT NOT NULL, id TEXT NOT NULL, is_auto INTEGER NOT "
    "NULL,"
    " item TEXT NOT NULL, routes TEXT NOT NULL, UNIQUE(api, id));"
    "CREATE TABLE http_tag(api TEXT NOT NULL, stage TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(api, stage, "
    "key)) WITHOUT ROWID;",
};

static const struct operation_row operations[] = {
    {.operation = OP_CreateApi, .run = create_api},
    {.operation = OP_GetApi, .run = get_api},
    {.operation = OP_GetApis, .run = get_apis},
    {.operation = OP_UpdateApi, .run = update_api},
    {.operation = OP_DeleteApi, .run = delete_api},
    {.operation = OP_DeleteCorsConfiguration, .run = delete_cors_configuration},
    {.operation = OP_CreateRoute, .run = create_route},
    {.operation = OP_GetRoute, .run = get_route},
    {.operation = OP_GetRoutes, .run = get_routes},
    {.operation = OP_UpdateRoute, .run = update_route},
    {.operation = OP_DeleteRoute, .run = delete_route},
    {.operation = OP_CreateIntegration, .run = create_integration},
    {.operation = OP_GetIntegration, .run = get_integration},
    {.operation = OP_GetIntegrations, .run = get_integrations},
    {.operation = OP_UpdateIntegration, .run = update_integration},
    {.operation = OP_DeleteIntegration, .run = delete_integration},
    {.operation = OP_CreateStage, .run = create_stage},
    {.operation = OP_GetStage, .run = get_stage},
    {.operation = OP_GetStages, .run = get_stages},
    {.operation = OP_UpdateStage, .run = update_stage},
    {.operation = OP_DeleteStage, .run = delete_stage},
    {.operation = OP_CreateDeployment, .run = create_deployment},
    {.operation = OP_GetDeployment, .run = get_deployment},
    {.operation = OP_GetDeployments, .run = get_deployments},
    {.operation = OP_UpdateDeployment, .run = update_deployment},
    {.operation = OP_DeleteDeployment, .run = delete_deployment},
    {.operation = OP_GetTags, .run = get_tags},
    {.operation = OP_TagResource, .run = gateway_tag_resource},
    {.operation = OP_UntagResource, .run = gateway_untag_resource},
    {0},
};

static void drop(void)
{
    gateway_drop();
    deployment_forget();
}

const struct service apigateway_service = {
    .name = "apigatewayv2",
    .model = &apigatewayv2_model,
    .operations = operations,
    .schema = schema,
    .schema_count = 1,
    .start = deployment_forget,
    .reset = drop,
    .stop = drop,
    .claim = gateway_claim,
};
