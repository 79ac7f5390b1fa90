#include "services/apigw/route.h"

#include <string.h>

#include "emulator/store/store.h"
#include "services/apigw/api.h"
#include "services/apigw/apigatewayv2_model.h"
#include "services/apigw/deployment.h"
#include "services/apigw/errors.h"
#include "services/apigw/integration.h"
#include "services/apigw/item.h"
#include "services/apigw/match.h"

_Static_assert((int)Route_RouteId == (int)CreateRouteResult_RouteId && (int)Route_Target == (int)CreateRouteResult_Target &&
                   (int)Route_Target == (int)GetRouteResult_Target && (int)Route_Target == (int)UpdateRouteResult_Target,
               "shapes of one route differ");

enum { ID_SIZE = 7, ROUTES = 1000 };

static const char integrations[] = "integrations/";

static struct query find = QUERY("SELECT item FROM http_route WHERE api = ? AND id = ?");
static struct query insert = QUERY("INSERT INTO http_route(api, id, key, target, item) VALUES (?, ?, ?, ?, ?)");
static struct query update = QUERY("UPDATE http_route SET key = ?, target = ?, item = ? WHERE api = ? AND id = ?");
static struct query count = QUERY("SELECT count(*) FROM http_route WHERE api = ?");

/* The integration's id, or NULL. */
static const char *target_of(const struct value *item)
{
    const char *target = at_text(item, Route_Target);

    return target == NULL || !text_starts(target, integrations) ? NULL : target + strlen(integrations);
}

static bool is_good(struct call *call, const char *api, const struct value *item)
{
    const char *problem = route_key_problem(call->arena, at_text(item, Route_RouteKey));
    const char *authorization = at_text(item, Route_AuthorizationType), *target = at_text(item, Route_Target);
    struct value integration;

    if (problem != NULL)
        (void)fail(call, &gateway_bad_request, "%s", problem);
    else if (!text_equal(authorization, "NONE"))
        (void)fail(
            call, &gateway_not_implemented,
            "lowcloud does not emulate routes with AuthorizationType %s: they would be open to everybody, so only NONE is accepted",
            authorization);
    else if (at_bool(item, Route_ApiKeyRequired, false))
        (void)fail(call, &gateway_bad_request, "ApiKeyRequired is not currently supported for HTTP APIs");
    else if (target != NULL && target_of(item) == NULL)
        (void)fail(call, &gateway_bad_request, "Invalid target specified: %s. It must be integrations/{integrationId}", target);
    else if (target != NULL && !integration_find(call, api, target_of(item), &integration))
        (void)fail(call, &gateway_not_found, "Invalid Integration identifier specified %s", target_of(item));
    else
        return true;
    return false;
}

static bool add(struct call *call, const char *api, const struct value *item)
{
    const char *key = at_text(item, Route_RouteKey);

    if (!is_good(call, api, item))
        return false;
    if (query_one(&count, 0, "t", api) >= ROUTES) {
        (void)fail(call, &gateway_bad_request, "Maximum number of routes for an API (%d) has been reached", ROUTES);
        return false;
    }
    if (query_run(&insert, "ttttt", api, at_text(item, Route_RouteId), key, target_of(item), item_write(call, SHAPE_Route, item)) >=
        0)
        return true;
    (void)fail(call, &gateway_conflict, "Route with key %s already exists for this API", key);
    return false;
}

static struct value fresh(struct call *call)
{
    struct value item = call_struct(call, SHAPE_Route);

    set(&item, Route_RouteId, value_text(item_id(call->arena, ID_SIZE)));
    set(&item, Route_AuthorizationType, value_text("NONE"));
    set(&item, Route_ApiKeyRequired, value_bool(false));
    return item;
}

bool route_quick(struct call *call, const char *api, const char *key, const char *integration)
{
    struct value item = fresh(call);

    set(&item, Route_ApiGatewayManaged, value_bool(true));
    set(&item, Route_RouteKey, value_text(key));
    set(&item, Route_Target, value_text(arena_print(call->arena, "%s%s", integrations, integration)));
    return add(call, api, &item);
}

static bool find_both(struct call *call, uint16_t api_member, uint16_t id_member, struct api *api, struct value *item)
{
    const char *id = input_text(call, id_member);
    bool found;

    if (!api_find(call, input_text(call, api_member), api))
        return false;
    query_start(&find, "tt", api->id, id);
    found = query_step(&find);
    if (found)
        *item = item_read(call, SHAPE_Route, query_text(&find, call->arena, 0));
    query_end(&find);
    if (!found)
        (void)fail(call, &gateway_not_found, "Invalid Route identifier specified %s", id);
    return found;
}

/* "" takes the target away. */
static void merge(struct call *call, struct value *item)
{
    item_merge(call, SHAPE_Route, item);
    if (text_equal(at_text(item, Route_Target), ""))
        set(item, Route_Target, (struct value){0});
}

enum outcome create_route(struct call *call)
{
    struct value item = fresh(call);
    struct api api;

    if (!api_find(call, input_text(call, CreateRouteRequest_ApiId), &api))
        return FAILED;
    merge(call, &item);
    if (!add(call, api.id, &item))
        return FAILED;
    deployment_auto(call, api.id);
    call->output = item;
    return answer(call);
}

enum outcome get_route(struct call *call)
{
    struct api api;

    if (!find_both(call, GetRouteRequest_ApiId, GetRouteRequest_RouteId, &api, &call->output))
        return FAILED;
    return answer(call);
}

static struct query list = QUERY("SELECT id, item FROM http_route WHERE api = ? AND id > ? ORDER BY id");

enum outcome get_routes(struct call *call)
{
    struct item_page page;
    struct api api;

    if (!api_find(call, input_text(call, GetRoutesRequest_ApiId), &api) ||
        !item_page_begin(call, &page, GetRoutesRequest_MaxResults, GetRoutesRequest_NextToken))
        return FAILED;
    query_start(&list, "tt", api.id, page.after);
    while (query_step(&list))
        if (!item_page_add(call, &page, query_text(&list, call->arena, 0),
                           item_read(call, SHAPE_Route, query_text(&list, call->arena, 1)), GetRoutesResponse_NextToken))
            break;
    query_end(&list);
    output_set(call, GetRoutesResponse_Items, page.items);
    return answer(call);
}

enum outcome update_route(struct call *call)
{
    struct value item;
    struct api api;

    if (!find_both(call, UpdateRouteRequest_ApiId, UpdateRouteRequest_RouteId, &api, &item))
        return FAILED;
    merge(call, &item);
    if (!is_good(call, api.id, &item))
        return FAILED;
    if (query_run(&update, "ttttt", at_text(&item, Route_RouteKey), target_of(&item), item_write(call, SHAPE_Route, &item), api.id,
                  at_text(&item, Route_RouteId)) < 0)
        return fail(call, &gateway_conflict, "Route with key %s already exists for this API", at_text(&item, Route_RouteKey));
    deployment_auto(call, api.id);
    call->output = item;
    return answer(call);
}

static struct query erase = QUERY("DELETE FROM http_route WHERE api = ? AND id = ?");

enum outcome delete_route(struct call *call)
{
    struct value item;
    struct api api;

    if (!find_both(call, DeleteRouteRequest_ApiId, DeleteRouteRequest_RouteId, &api, &item))
        return FAILED;
    (void)query_run(&erase, "tt", api.id, at_text(&item, Route_RouteId));
    deployment_auto(call, api.id);
    return answer(call);
}
