#include "services/apigw/integration.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/buffer.h"
#include "emulator/store/store.h"
#include "services/apigw/api.h"
#include "services/apigw/apigatewayv2_model.h"
#include "services/apigw/deployment.h"
#include "services/apigw/errors.h"
#include "services/apigw/item.h"

_Static_assert((int)Integration_IntegrationId == (int)CreateIntegrationResult_IntegrationId &&
                   (int)Integration_TlsConfig == (int)CreateIntegrationResult_TlsConfig &&
                   (int)Integration_TlsConfig == (int)GetIntegrationResult_TlsConfig &&
                   (int)Integration_TlsConfig == (int)UpdateIntegrationResult_TlsConfig,
               "shapes of one integration differ");

enum { ID_SIZE = 7, TIMEOUT_MS = 30000, URI_SIZE = 4096, INTEGRATIONS = 1000 };

static struct query find = QUERY("SELECT item FROM http_integration WHERE api = ? AND id = ?");
static struct query insert = QUERY("INSERT INTO http_integration(api, id, item) VALUES (?, ?, ?)");
static struct query update = QUERY("UPDATE http_integration SET item = ? WHERE api = ? AND id = ?");
static struct query count = QUERY("SELECT count(*) FROM http_integration WHERE api = ?");

bool integration_find(struct call *call, const char *api, const char *id, struct value *item)
{
    query_start(&find, "tt", api, id);
    bool found = query_step(&find);
    if (found)
        *item = item_read(call, SHAPE_Integration, query_text(&find, call->arena, 0));
    query_end(&find);
    return found;
}

/* URIs. */

static const char variable_open[] = "${stageVariables.";

static const char *substitute(struct arena *arena, const char *uri, const struct value *variables)
{
    struct buffer text;
    const char *open;

    buffer_init(&text, URI_SIZE);
    while ((open = strstr(uri, variable_open)) != NULL) {
        const char *name = open + strlen(variable_open);
        size_t size = strcspn(name, "}");
        const char *value = value_find_text(variables, arena_copy(arena, name, size));

        buffer_add(&text, uri, (size_t)(open - uri));
        buffer_text(&text, value == NULL ? "" : value);
        uri = name[size] == '\0' ? name + size : name + size + 1;
    }
    buffer_text(&text, uri);
    return buffer_detach(&text, arena).at;
}

const char *integration_function(struct arena *arena, const char *uri, const struct value *variables)
{
    static const char path[] = "path/2015-03-31/functions/", end[] = "/invocations";
    struct arn arn;

    uri = substitute(arena, uri, variables);
    if (arn_parse(arena, uri, &arn) && text_equal(arn.service, "apigateway") && text_equal(arn.account, "lambda") &&
        text_starts(arn.resource, path) && text_ends(arn.resource, end) && strlen(arn.resource) > strlen(path) + strlen(end))
        uri = arena_copy(arena, arn.resource + strlen(path), strlen(arn.resource) - strlen(path) - strlen(end));
    if (!arn_parse(arena, uri, &arn) || !text_equal(arn.service, "lambda") || !text_starts(arn.resource, "function:"))
        return NULL;
    return uri;
}

/* Settings. */

static bool is_good(struct call *call, const struct value *item)
{
    const char *type = at_text(item, Integration_IntegrationType), *uri = at_text(item, Integration_IntegrationUri);
    const char *format = at_text(item, Integration_PayloadFormatVersion), *connection = at_text(item, Integration_ConnectionType);

    if (!text_equal(type, "AWS_PROXY"))
        (void)fail(call, &gateway_not_implemented,
                   "lowcloud does not emulate integrations of the type %s: it has AWS_PROXY to Lambda functions only", type);
    else if (connection != NULL && !text_equal(connection, "INTERNET"))
        (void)fail(call, &gateway_not_implemented, "lowcloud does not emulate integrations with the connection type %s",
                   connection);
    else if (uri == NULL)
        (void)fail(call, &gateway_bad_request, "IntegrationUri must be specified for an AWS_PROXY integration");
    else if (strlen(uri) > 2048 || (strstr(uri, variable_open) == NULL && integration_function(call->arena, uri, NULL) == NULL))
        (void)fail(call, &gateway_bad_request, "Invalid integration URI specified: %s is not the ARN of a Lambda function", uri);
    else if (!text_equal(format, "1.0") && !text_equal(format, "2.0"))
        (void)fail(call, &gateway_bad_request, "Invalid PayloadFormatVersion specified: %s. It must be 1.0 or 2.0", format);
    else
        return true;
    return false;
}

static struct value fresh(struct call *call, const char *format)
{
    struct value item = call_struct(call, SHAPE_Integration);

    set(&item, Integration_IntegrationId, value_text(item_id(call->arena, ID_SIZE)));
    set(&item, Integration_ConnectionType, value_text("INTERNET"));
    set(&item, Integration_PayloadFormatVersion, value_text(format));
    set(&item, Integration_TimeoutInMillis, value_integer(TIMEOUT_MS));
    return item;
}

static bool add(struct call *call, const char *api, const struct value *item)
{
    if (!is_good(call, item))
        return false;
    if (query_one(&count, 0, "t", api) >= INTEGRATIONS) {
        (void)fail(call, &gateway_bad_request, "Maximum number of integrations for an API (%d) has been reached", INTEGRATIONS);
        return false;
    }
    (void)query_run(&insert, "ttt", api, at_text(item, Integration_IntegrationId), item_write(call, SHAPE_Integration, item));
    return true;
}

const char *integration_quick(struct call *call, const char *api, const char *uri, const char *credentials)
{
    struct value item = fresh(call, "2.0");

    if (text_starts(uri, "http://") || text_starts(uri, "https://")) {
        (void)fail(call, &gateway_not_implemented,
                   "lowcloud does not emulate HTTP_PROXY integrations: the target must be a Lambda function's ARN");
        return NULL;
    }
    set(&item, Integration_ApiGatewayManaged, value_bool(true));
    set(&item, Integration_IntegrationType, value_text("AWS_PROXY"));
    set(&item, Integration_IntegrationMethod, value_text("POST"));
    set(&item, Integration_IntegrationUri, value_text(uri));
    set(&item, Integration_CredentialsArn, value_text(credentials));
    return add(call, api, &item) ? at_text(&item, Integration_IntegrationId) : NULL;
}

static bool find_both(struct call *call, uint16_t api_member, uint16_t id_member, struct api *api, struct value *item)
{
    const char *id = input_text(call, id_member);

    if (!api_find(call, input_text(call, api_member), api))
        return false;
    if (integration_find(call, api->id, id, item))
        return true;
    (void)fail(call, &gateway_not_found, "Invalid Integration identifier specified %s", id);
    return false;
}

enum outcome create_integration(struct call *call)
{
    struct value item = fresh(call, "1.0");
    struct api api;

    if (!api_find(call, input_text(call, CreateIntegrationRequest_ApiId), &api))
        return FAILED;
    item_merge(call, SHAPE_Integration, &item);
    if (!add(call, api.id, &item))
        return FAILED;
    deployment_auto(call, api.id);
    call->output = item;
    return answer(call);
}

enum outcome get_integration(struct call *call)
{
    struct api api;

    if (!find_both(call, GetIntegrationRequest_ApiId, GetIntegrationRequest_IntegrationId, &api, &call->output))
        return FAILED;
    return answer(call);
}

static struct query list = QUERY("SELECT id, item FROM http_integration WHERE api = ? AND id > ? ORDER BY id");

enum outcome get_integrations(struct call *call)
{
    struct item_page page;
    struct api api;

    if (!api_find(call, input_text(call, GetIntegrationsRequest_ApiId), &api) ||
        !item_page_begin(call, &page, GetIntegrationsRequest_MaxResults, GetIntegrationsRequest_NextToken))
        return FAILED;
    query_start(&list, "tt", api.id, page.after);
    while (query_step(&list))
        if (!item_page_add(call, &page, query_text(&list, call->arena, 0),
                           item_read(call, SHAPE_Integration, query_text(&list, call->arena, 1)),
                           GetIntegrationsResponse_NextToken))
            break;
    query_end(&list);
    output_set(call, GetIntegrationsResponse_Items, page.items);
    return answer(call);
}

enum outcome update_integration(struct call *call)
{
    struct value item;
    struct api api;

    if (!find_both(call, UpdateIntegrationRequest_ApiId, UpdateIntegrationRequest_IntegrationId, &api, &item))
        return FAILED;
    item_merge(call, SHAPE_Integration, &item);
    if (!is_good(call, &item))
        return FAILED;
    (void)query_run(&update, "ttt", item_write(call, SHAPE_Integration, &item), api.id, at_text(&item, Integration_IntegrationId));
    deployment_auto(call, api.id);
    call->output = item;
    return answer(call);
}

static struct query user = QUERY("SELECT id FROM http_route WHERE api = ? AND target = ? LIMIT 1");
static struct query erase = QUERY("DELETE FROM http_integration WHERE api = ? AND id = ?");

enum outcome delete_integration(struct call *call)
{
    const char *id = input_text(call, DeleteIntegrationRequest_IntegrationId), *route = NULL;
    struct value item;
    struct api api;

    if (!find_both(call, DeleteIntegrationRequest_ApiId, DeleteIntegrationRequest_IntegrationId, &api, &item))
        return FAILED;
    query_start(&user, "tt", api.id, id);
    if (query_step(&user))
        route = query_text(&user, call->arena, 0);
    query_end(&user);
    if (route != NULL)
        return fail(call, &gateway_conflict, "Cannot delete Integration '%s'. Integration is referenced by Route '%s'", id, route);
    (void)query_run(&erase, "tt", api.id, id);
    deployment_auto(call, api.id);
    return answer(call);
}
