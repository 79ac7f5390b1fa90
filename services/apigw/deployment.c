#include "services/apigw/deployment.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/apigw/api.h"
#include "services/apigw/apigatewayv2_model.h"
#include "services/apigw/errors.h"
#include "services/apigw/item.h"

_Static_assert((int)Deployment_DeploymentId == (int)CreateDeploymentResponse_DeploymentId &&
                   (int)Deployment_Description == (int)GetDeploymentResponse_Description &&
                   (int)Deployment_Description == (int)UpdateDeploymentResponse_Description &&
                   (int)Deployment_Description == (int)CreateDeploymentResponse_Description,
               "shapes of one deployment differ");

enum { ID_SIZE = 6, TIMEOUT_MS = 30000, DEPLOYMENTS = 1000, KEPT = 64 };

/* Snapshots. */

static struct query routes = QUERY("SELECT key, http_integration.item FROM http_route LEFT JOIN http_integration"
                                   " ON http_integration.api = http_route.api AND http_integration.id = http_route.target"
                                   " WHERE http_route.api = ? ORDER BY key");

/* [{"key": ..., "uri": ..., "format": ..., "credentials": ..., "timeout": ...}]; a route without a target has its key only. */
static const char *snapshot(struct call *call, const char *api, bool *is_empty)
{
    struct value list = value_list();
    struct bytes json;

    query_start(&routes, "t", api);
    while (query_step(&routes)) {
        struct value route = value_map();

        value_put(call->arena, &route, "key", value_text(query_text(&routes, call->arena, 0)));
        if (!query_is_null(&routes, 1)) {
            struct value item = item_read(call, SHAPE_Integration, query_text(&routes, call->arena, 1));

            value_put(call->arena, &route, "uri", value_text(at_text(&item, Integration_IntegrationUri)));
            value_put(call->arena, &route, "format", value_text(at_text(&item, Integration_PayloadFormatVersion)));
            value_put(call->arena, &route, "credentials", value_text(at_text(&item, Integration_CredentialsArn)));
            value_put(call->arena, &route, "timeout", value_integer(at_integer(&item, Integration_TimeoutInMillis, TIMEOUT_MS)));
        }
        value_push(call->arena, &list, route);
    }
    query_end(&routes);
    *is_empty = list.size == 0;
    json = json_print(call->arena, &list);
    return arena_copy(call->arena, json.at, json.size);
}

static struct query insert = QUERY("INSERT INTO http_deployment(api, id, is_auto, item, routes) VALUES (?, ?, ?, ?, ?)");

static struct value add(struct call *call, const char *api, bool is_auto, const char *description, const char *json)
{
    struct value item = call_struct(call, SHAPE_Deployment);
    const char *id = item_id(call->arena, ID_SIZE);

    set(&item, Deployment_DeploymentId, value_text(id));
    set(&item, Deployment_AutoDeployed, value_bool(is_auto));
    set(&item, Deployment_CreatedDate, value_time(clock_now()));
    set(&item, Deployment_DeploymentStatus, value_text("DEPLOYED"));
    set(&item, Deployment_Description, value_text(description));
    (void)query_run(&insert, "ttitt", api, id, (int64_t)is_auto, item_write(call, SHAPE_Deployment, &item), json);
    return item;
}

static struct query has_auto = QUERY("SELECT 1 FROM http_stage WHERE api = ? AND is_auto LIMIT 1");
static struct query point_auto = QUERY("UPDATE http_stage SET deployment = ? WHERE api = ? AND is_auto");
static struct query sweep = QUERY("DELETE FROM http_deployment WHERE api = ?1 AND is_auto"
                                  " AND id NOT IN (SELECT deployment FROM http_stage WHERE api = ?1 AND deployment IS NOT NULL)");

void deployment_auto(struct call *call, const char *api)
{
    bool is_empty;

    if (query_one(&has_auto, 0, "t", api) == 0)
        return;
    const char *json = snapshot(call, api, &is_empty);
    struct value item = add(call, api, true, "Automatic deployment triggered by changes to the Api configuration", json);
    (void)query_run(&point_auto, "tt", at_text(&item, Deployment_DeploymentId), api);
    (void)query_run(&sweep, "t", api);
}

static struct query find = QUERY("SELECT item FROM http_deployment WHERE api = ? AND id = ?");

bool deployment_exists(const char *api, const char *id)
{
    bool found;

    query_start(&find, "tt", api, id);
    found = query_step(&find);
    query_end(&find);
    return found;
}

/* Operations. */

static struct query count = QUERY("SELECT count(*) FROM http_deployment WHERE api = ?");
static struct query point = QUERY("UPDATE http_stage SET deployment = ? WHERE api = ? AND name = ?");

enum outcome create_deployment(struct call *call)
{
    const char *stage = input_text(call, CreateDeploymentRequest_StageName);
    struct api api;
    bool is_empty;

    if (!api_find(call, input_text(call, CreateDeploymentRequest_ApiId), &api))
        return FAILED;
    const char *json = snapshot(call, api.id, &is_empty);
    if (is_empty)
        return fail(call, &gateway_bad_request, "At least one route is required before deploying the Api.");
    if (query_one(&count, 0, "t", api.id) >= DEPLOYMENTS)
        return fail(call, &gateway_bad_request, "Maximum number of deployments for an API (%d) has been reached", DEPLOYMENTS);
    call->output = add(call, api.id, false, input_text(call, CreateDeploymentRequest_Description), json);
    if (stage != NULL && query_run(&point, "ttt", at_text(&call->output, Deployment_DeploymentId), api.id, stage) == 0)
        return fail(call, &gateway_not_found, "Invalid stage identifier specified %s", stage);
    return answer(call);
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
        *item = item_read(call, SHAPE_Deployment, query_text(&find, call->arena, 0));
    query_end(&find);
    if (!found)
        (void)fail(call, &gateway_not_found, "Invalid deployment identifier specified %s", id);
    return found;
}

enum outcome get_deployment(struct call *call)
{
    struct api api;

    if (!find_both(call, GetDeploymentRequest_ApiId, GetDeploymentRequest_DeploymentId, &api, &call->output))
        return FAILED;
    return answer(call);
}

static struct query list = QUERY("SELECT id, item FROM http_deployment WHERE api = ? AND id > ? ORDER BY id");

enum outcome get_deployments(struct call *call)
{
    struct item_page page;
    struct api api;

    if (!api_find(call, input_text(call, GetDeploymentsRequest_ApiId), &api) ||
        !item_page_begin(call, &page, GetDeploymentsRequest_MaxResults, GetDeploymentsRequest_NextToken))
        return FAILED;
    query_start(&list, "tt", api.id, page.after);
    while (query_step(&list))
        if (!item_page_add(call, &page, query_text(&list, call->arena, 0),
                           item_read(call, SHAPE_Deployment, query_text(&list, call->arena, 1)), GetDeploymentsResponse_NextToken))
            break;
    query_end(&list);
    output_set(call, GetDeploymentsResponse_Items, page.items);
    return answer(call);
}

static struct query update = QUERY("UPDATE http_deployment SET item = ? WHERE api = ? AND id = ?");

enum outcome update_deployment(struct call *call)
{
    struct value item;
    struct api api;

    if (!find_both(call, UpdateDeploymentRequest_ApiId, UpdateDeploymentRequest_DeploymentId, &api, &item))
        return FAILED;
    item_merge(call, SHAPE_Deployment, &item);
    (void)query_run(&update, "ttt", item_write(call, SHAPE_Deployment, &item), api.id, at_text(&item, Deployment_DeploymentId));
    call->output = item;
    return answer(call);
}

static struct query server = QUERY("SELECT 1 FROM http_stage WHERE api = ? AND deployment = ? LIMIT 1");
static struct query erase = QUERY("DELETE FROM http_deployment WHERE api = ? AND id = ?");

enum outcome delete_deployment(struct call *call)
{
    const char *id = input_text(call, DeleteDeploymentRequest_DeploymentId);
    struct value item;
    struct api api;

    if (!find_both(call, DeleteDeploymentRequest_ApiId, DeleteDeploymentRequest_DeploymentId, &api, &item))
        return FAILED;
    if (query_one(&server, 0, "tt", api.id, id) != 0)
        return fail(call, &gateway_bad_request, "Active stages pointing to this deployment must be moved or deleted");
    (void)query_run(&erase, "tt", api.id, id);
    return answer(call);
}

/* For the data plane. */

/* Row numbers are never used again, and what a row says never changes: an entry is good for as long as the store lives. */
struct kept {
    struct arena *arena;
    int64_t seq;
    uint64_t used;
    struct route_table *table;
};

static struct kept kept[KEPT];
static uint64_t uses;
static struct query load = QUERY("SELECT routes FROM http_deployment WHERE seq = ?");

static struct route_table *compile(struct arena *arena, const char *json)
{
    struct route_table *table = table_new(arena);
    struct value all;

    check(json_parse(arena, bytes_of(json), &all, NULL) == 0);
    for (uint32_t i = 0; i < all.size; i++) {
        const struct value *route = &all.items[i], *timeout = value_find(route, "timeout");
        struct target *target = arena_alloc(arena, sizeof *target);

        target->uri = value_find_text(route, "uri");
        target->format = value_find_text(route, "format");
        target->credentials = value_find_text(route, "credentials");
        target->timeout_ms = value_is(timeout, VALUE_INTEGER) ? timeout->integer : TIMEOUT_MS;
        check(table_add(table, value_find_text(route, "key"), target));
    }
    table_sort(table);
    return table;
}

const struct route_table *deployment_routes(int64_t seq)
{
    struct kept *oldest = &kept[0];

    uses++;
    for (size_t i = 0; i < KEPT; i++) {
        if (kept[i].arena != NULL && kept[i].seq == seq) {
            kept[i].used = uses;
            return kept[i].table;
        }
        if (kept[i].used < oldest->used)
            oldest = &kept[i];
    }
    arena_free(oldest->arena);
    *oldest = (struct kept){.arena = arena_new(), .seq = seq, .used = uses};
    query_start(&load, "i", seq);
    const char *json = query_step(&load) ? query_text(&load, oldest->arena, 0) : "[]";
    query_end(&load);
    oldest->table = compile(oldest->arena, json);
    return oldest->table;
}

void deployment_forget(void)
{
    for (size_t i = 0; i < KEPT; i++) {
        arena_free(kept[i].arena);
        kept[i] = (struct kept){0};
    }
}
