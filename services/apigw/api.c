#include "services/apigw/api.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/json.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/apigw/apigatewayv2_model.h"
#include "services/apigw/cors.h"
#include "services/apigw/errors.h"
#include "services/apigw/integration.h"
#include "services/apigw/item.h"
#include "services/apigw/route.h"
#include "services/apigw/stage.h"

enum { ID_SIZE = 10, CUSTOM_ID_SIZE = 63 };

/* The answers about one API have the members of Api: a struct of one is a struct of the others. */
_Static_assert((int)Api_ApiId == (int)CreateApiResponse_ApiId && (int)Api_Warnings == (int)CreateApiResponse_Warnings &&
                   (int)Api_ApiId == (int)GetApiResponse_ApiId && (int)Api_Warnings == (int)GetApiResponse_Warnings &&
                   (int)Api_ApiId == (int)UpdateApiResponse_ApiId && (int)Api_Warnings == (int)UpdateApiResponse_Warnings,
               "shapes of one API differ");

static const char route_selection[] = "$request.method $request.path", key_selection[] = "$request.header.x-api-key";
static const char custom_id_tag[] = "_custom_id_";

static struct query find = QUERY("SELECT item FROM http_api WHERE id = ? AND account = ? AND region = ?");

char *api_arn(struct call *call, const char *id)
{
    return arn_print(call->arena, "apigateway", call->region, "", "/apis/%s", id);
}

bool api_find(struct call *call, const char *id, struct api *api)
{
    bool found;

    api->id = id;
    call->arn = api_arn(call, id);
    query_start(&find, "ttt", id, call->account, call->region);
    found = query_step(&find);
    if (found)
        api->item = item_read(call, SHAPE_Api, query_text(&find, call->arena, 0));
    query_end(&find);
    if (!found)
        (void)fail(call, &gateway_not_found, "Invalid API identifier specified %s:%s", call->account, id);
    return found;
}

/* An endpoint that the caller can reach: under the base host by which we were called, with its port. Where names below that host
 * lead nowhere (an address, a container's name) it is localhost, or the path form. */
static const char *endpoint(struct call *call, const char *id)
{
    static const char localstack[] = "localhost.localstack.cloud";
    size_t size = call->host[0] == '[' ? strcspn(call->host, "]") + 1 : strcspn(call->host, ":");
    const char *name = arena_copy(call->arena, call->host, size), *port = call->host + size;

    if (text_ends(name, localstack))
        return arena_print(call->arena, "http://%s.execute-api.%s%s", id, localstack, port);
    if (text_ends(name, ".amazonaws.com"))
        return arena_print(call->arena, "http://%s.execute-api.%s.amazonaws.com%s", id, call->region, port);
    if (text_equal(name, "localhost") || text_ends(name, ".localhost") || name[0] == '[' ||
        strspn(name, "0123456789.") == strlen(name))
        return arena_print(call->arena, "http://%s.execute-api.localhost%s", id, port);
    return arena_print(call->arena, "http://%s/_aws/execute-api/%s", call->host, id);
}

static struct value describe(struct call *call, const struct api *api)
{
    struct value item = api->item;

    set(&item, Api_ApiEndpoint, value_text(endpoint(call, api->id)));
    set(&item, Api_Tags, gateway_tags_of(call, api->id, ""));
    return item;
}

/* What CreateApi and UpdateApi check. */
static bool is_good(struct call *call, const struct value *item)
{
    const char *name = at_text(item, Api_Name), *selection = at_text(item, Api_RouteSelectionExpression);

    if (name[0] == '\0' || strlen(name) > 128)
        (void)fail(call, &gateway_bad_request, "Name must be between 1 and 128 characters long.");
    else if (!text_equal(selection, route_selection) && !text_equal(selection, "${request.method} ${request.path}"))
        (void)fail(call, &gateway_bad_request, "The routeSelectionExpression of an HTTP API must be '%s'", route_selection);
    else
        return cors_check(call, at(item, Api_CorsConfiguration));
    return false;
}

static bool is_custom_id(const char *id)
{
    size_t size = strlen(id);

    return size > 0 && size <= CUSTOM_ID_SIZE && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == size && id[0] != '-' &&
           id[size - 1] != '-';
}

static struct query insert =
    QUERY("INSERT INTO http_api(id, account, region, created, cors, is_disabled, item) VALUES (?, ?, ?, ?, ?, ?, ?)");
static struct query update = QUERY("UPDATE http_api SET cors = ?, is_disabled = ?, item = ? WHERE id = ?");

/* The data plane reads the CORS configuration alone. */
static const char *cors_json(struct call *call, const struct value *item)
{
    const struct value *cors = at(item, Api_CorsConfiguration);

    return cors == NULL ? NULL : item_write(call, SHAPE_Cors, cors);
}

/* False: fail() was called. */
static bool insert_api(struct call *call, struct api *api)
{
    const char *custom = value_find_text(input_at(call, CreateApiRequest_Tags), custom_id_tag);
    int done;

    if (custom != NULL && !is_custom_id(custom)) {
        (void)fail(
            call, &gateway_bad_request,
            "The tag %s is '%s': an id has 1 to %d small letters, digits and hyphens, and neither begins nor ends with a hyphen",
            custom_id_tag, custom, CUSTOM_ID_SIZE);
        return false;
    }
    do {
        api->id = custom != NULL ? custom : item_id(call->arena, ID_SIZE);
        set(&api->item, Api_ApiId, value_text(api->id));
        done =
            query_run(&insert,
                      "tttit"
                      "it",
                      api->id, call->account, call->region, at_integer(&api->item, Api_CreatedDate, 0), cors_json(call, &api->item),
                      (int64_t)at_bool(&api->item, Api_DisableExecuteApiEndpoint, false), item_write(call, SHAPE_Api, &api->item));
    } while (done < 0 && custom == NULL && !store_failed());
    if (done < 0 && custom != NULL)
        (void)fail(call, &gateway_conflict, "An API with the id %s, which the tag %s asks for, exists already", custom,
                   custom_id_tag);
    call->arn = api_arn(call, api->id);
    return done >= 0 || custom == NULL;
}

/* With a target: an integration, a route and the $default stage, all managed. */
static bool quick_create(struct call *call, const char *api)
{
    const char *uri = input_text(call, CreateApiRequest_Target), *key = input_text(call, CreateApiRequest_RouteKey);

    if (uri == NULL && key != NULL) {
        (void)fail(call, &gateway_bad_request, "routeKey is part of quick create, which needs a target");
        return false;
    }
    if (uri == NULL)
        return true;
    const char *integration = integration_quick(call, api, uri, input_text(call, CreateApiRequest_CredentialsArn));
    if (integration == NULL || !route_quick(call, api, key == NULL ? "$default" : key, integration))
        return false;
    stage_quick(call, api);
    return true;
}

enum outcome create_api(struct call *call)
{
    const struct value *tags = input_at(call, CreateApiRequest_Tags);
    struct api api = {.item = call_struct(call, SHAPE_Api)};

    if (!text_equal(input_text(call, CreateApiRequest_ProtocolType), "HTTP"))
        return fail(call, &gateway_not_implemented,
                    "lowcloud does not emulate CreateApi with ProtocolType %s: it has HTTP APIs only",
                    input_text(call, CreateApiRequest_ProtocolType));
    set(&api.item, Api_RouteSelectionExpression, value_text(route_selection));
    set(&api.item, Api_ApiKeySelectionExpression, value_text(key_selection));
    set(&api.item, Api_DisableExecuteApiEndpoint, value_bool(false));
    set(&api.item, Api_IpAddressType, value_text("ipv4"));
    item_merge(call, SHAPE_Api, &api.item);
    set(&api.item, Api_Tags, (struct value){0}); /* rows of their own */
    set(&api.item, Api_CreatedDate, value_time(clock_now()));
    if (!is_good(call, &api.item) || !gateway_tags_check(call, tags) || !insert_api(call, &api))
        return FAILED;
    gateway_tags_store(api.id, "", tags);
    if (!quick_create(call, api.id))
        return FAILED;
    call->output = describe(call, &api);
    return answer(call);
}

enum outcome get_api(struct call *call)
{
    struct api api;

    if (!api_find(call, input_text(call, GetApiRequest_ApiId), &api))
        return FAILED;
    call->output = describe(call, &api);
    return answer(call);
}

static struct query list = QUERY("SELECT id, item FROM http_api WHERE account = ? AND region = ? AND id > ? ORDER BY id");

enum outcome get_apis(struct call *call)
{
    struct item_page page;

    if (!item_page_begin(call, &page, GetApisRequest_MaxResults, GetApisRequest_NextToken))
        return FAILED;
    query_start(&list, "ttt", call->account, call->region, page.after);
    while (query_step(&list)) {
        struct api api = {query_text(&list, call->arena, 0), item_read(call, SHAPE_Api, query_text(&list, call->arena, 1))};

        if (!item_page_add(call, &page, api.id, describe(call, &api), GetApisResponse_NextToken))
            break;
    }
    query_end(&list);
    output_set(call, GetApisResponse_Items, page.items);
    return answer(call);
}

static void store_api(struct call *call, const struct api *api)
{
    (void)query_run(&update, "titt", cors_json(call, &api->item),
                    (int64_t)at_bool(&api->item, Api_DisableExecuteApiEndpoint, false), item_write(call, SHAPE_Api, &api->item),
                    api->id);
}

enum outcome update_api(struct call *call)
{
    struct api api;

    if (!api_find(call, input_text(call, UpdateApiRequest_ApiId), &api))
        return FAILED;
    item_merge(call, SHAPE_Api, &api.item);
    if (!is_good(call, &api.item))
        return FAILED;
    store_api(call, &api);
    call->output = describe(call, &api);
    return answer(call);
}

enum outcome delete_cors_configuration(struct call *call)
{
    struct api api;

    if (!api_find(call, input_text(call, DeleteCorsConfigurationRequest_ApiId), &api))
        return FAILED;
    set(&api.item, Api_CorsConfiguration, (struct value){0});
    store_api(call, &api);
    return answer(call);
}

static struct query erase[] = {
    QUERY("DELETE FROM http_api WHERE id = ?"),          QUERY("DELETE FROM http_route WHERE api = ?"),
    QUERY("DELETE FROM http_integration WHERE api = ?"), QUERY("DELETE FROM http_stage WHERE api = ?"),
    QUERY("DELETE FROM http_deployment WHERE api = ?"),  QUERY("DELETE FROM http_tag WHERE api = ?"),
};

enum outcome delete_api(struct call *call)
{
    struct api api;

    if (!api_find(call, input_text(call, DeleteApiRequest_ApiId), &api))
        return FAILED;
    for (size_t i = 0; i < sizeof erase / sizeof *erase; i++)
        (void)query_run(&erase[i], "t", api.id);
    return answer(call);
}
