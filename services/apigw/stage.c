#include "services/apigw/stage.h"

#include <string.h>

#include "emulator/base/json.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/apigw/api.h"
#include "services/apigw/apigatewayv2_model.h"
#include "services/apigw/deployment.h"
#include "services/apigw/errors.h"
#include "services/apigw/item.h"

_Static_assert((int)Stage_StageName == (int)CreateStageResponse_StageName && (int)Stage_Tags == (int)CreateStageResponse_Tags &&
                   (int)Stage_Tags == (int)GetStageResponse_Tags && (int)Stage_Tags == (int)UpdateStageResponse_Tags,
               "shapes of one stage differ");

enum { NAME_SIZE = 128, STAGES = 100 };

/* deployment and variables are columns, because the data plane reads them: the item does not have them. */
static struct query find = QUERY("SELECT item, deployment FROM http_stage WHERE api = ? AND name = ?");
static struct query insert =
    QUERY("INSERT INTO http_stage(api, name, deployment, is_auto, variables, item) VALUES (?, ?, ?, ?, ?, ?)");
static struct query update =
    QUERY("UPDATE http_stage SET deployment = ?, is_auto = ?, variables = ?, item = ? WHERE api = ? AND name = ?");
static struct query count = QUERY("SELECT count(*) FROM http_stage WHERE api = ?");

static struct value read_item(struct call *call, struct query *query, int column, const char *api)
{
    struct value item = item_read(call, SHAPE_Stage, query_text(query, call->arena, column));

    set(&item, Stage_DeploymentId, value_text(query_text(query, call->arena, column + 1)));
    set(&item, Stage_Tags, gateway_tags_of(call, api, at_text(&item, Stage_StageName)));
    if (at(&item, Stage_StageVariables) == NULL)
        set(&item, Stage_StageVariables, value_map());
    return item;
}

static const char *write_item(struct call *call, const struct value *item)
{
    struct value copy = call_struct(call, SHAPE_Stage);

    for (uint16_t i = 0; i < item->size; i++)
        copy.items[i] = item->items[i];
    set(&copy, Stage_DeploymentId, (struct value){0});
    set(&copy, Stage_Tags, (struct value){0});
    return item_write(call, SHAPE_Stage, &copy);
}

static const char *variables_json(struct call *call, const struct value *item)
{
    const struct value *variables = at(item, Stage_StageVariables);

    if (variables == NULL || variables->size == 0)
        return NULL;
    struct bytes json = json_print(call->arena, variables);
    return arena_copy(call->arena, json.at, json.size);
}

static bool is_good_name(const char *name)
{
    size_t size = strlen(name);

    return strcmp(name, "$default") == 0 ||
           (size > 0 && size <= NAME_SIZE &&
            strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == size);
}

static bool are_good_variables(struct call *call, const struct value *variables)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    static const char values[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#&=,";

    for (uint32_t i = 0; variables != NULL && i < variables->size; i++) {
        const char *name = variables->items[2 * i].text;
        const struct value *value = &variables->items[2 * i + 1];

        if (name[0] == '\0' || name[strspn(name, letters)] != '\0') {
            (void)fail(call, &gateway_bad_request, "Stage variable name '%s' may only have letters, digits and '_'", name);
            return false;
        }
        if (value->kind != VALUE_TEXT || value->text[strspn(value->text, values)] != '\0') {
            (void)fail(call, &gateway_bad_request,
                       "Stage variable value of '%s' may only have characters that match [A-Za-z0-9-._~:/?#&=,]+", name);
            return false;
        }
    }
    return true;
}

static bool is_good(struct call *call, const char *api, const struct value *item)
{
    const char *name = at_text(item, Stage_StageName), *deployment = at_text(item, Stage_DeploymentId);

    if (!is_good_name(name))
        (void)fail(call, &gateway_bad_request, "Stage name '%s' may only have letters, digits, '-' and '_', or be $default", name);
    else if (deployment != NULL && !deployment_exists(api, deployment))
        (void)fail(call, &gateway_bad_request, "Deployment id '%s' does not exist for this API", deployment);
    else
        return are_good_variables(call, at(item, Stage_StageVariables));
    return false;
}

static bool refuses_deployment(struct call *call, uint16_t deployment, const struct value *item)
{
    if (!input_has(call, deployment) || !at_bool(item, Stage_AutoDeploy, false))
        return false;
    (void)fail(call, &gateway_bad_request, "Deployment ID cannot be set on a stage that has auto-deploy enabled");
    return true;
}

static struct value fresh(struct call *call)
{
    struct value item = call_struct(call, SHAPE_Stage);

    set(&item, Stage_CreatedDate, value_time(clock_now()));
    set(&item, Stage_LastUpdatedDate, value_time(clock_now()));
    set(&item, Stage_DefaultRouteSettings, call_struct(call, SHAPE_RouteSettings));
    set(&item, Stage_RouteSettings, value_map());
    set(&item, Stage_AutoDeploy, value_bool(false));
    return item;
}

/* -EEXIST when there is one of that name. */
static int add(struct call *call, const char *api, const struct value *item)
{
    bool is_auto = at_bool(item, Stage_AutoDeploy, false);
    int done = query_run(&insert,
                         "ttti"
                         "tt",
                         api, at_text(item, Stage_StageName), at_text(item, Stage_DeploymentId), (int64_t)is_auto,
                         variables_json(call, item), write_item(call, item));

    if (done >= 0 && is_auto)
        deployment_auto(call, api);
    return done;
}

void stage_quick(struct call *call, const char *api)
{
    struct value item = fresh(call);

    set(&item, Stage_ApiGatewayManaged, value_bool(true));
    set(&item, Stage_StageName, value_text("$default"));
    set(&item, Stage_AutoDeploy, value_bool(true));
    (void)add(call, api, &item);
}

static bool load(struct call *call, const char *api, const char *name, struct value *item)
{
    bool found;

    query_start(&find, "tt", api, name);
    found = query_step(&find);
    if (found)
        *item = read_item(call, &find, 0, api);
    query_end(&find);
    return found;
}

static bool find_both(struct call *call, uint16_t api_member, uint16_t name_member, struct api *api, struct value *item)
{
    const char *name = input_text(call, name_member);

    if (!api_find(call, input_text(call, api_member), api))
        return false;
    if (load(call, api->id, name, item))
        return true;
    (void)fail(call, &gateway_not_found, "Invalid stage identifier specified %s", name);
    return false;
}

enum outcome create_stage(struct call *call)
{
    const struct value *tags = input_at(call, CreateStageRequest_Tags);
    struct value item = fresh(call);
    struct api api;

    if (!api_find(call, input_text(call, CreateStageRequest_ApiId), &api))
        return FAILED;
    item_merge(call, SHAPE_Stage, &item);
    if (!is_good(call, api.id, &item) || refuses_deployment(call, CreateStageRequest_DeploymentId, &item) ||
        !gateway_tags_check(call, tags))
        return FAILED;
    if (query_one(&count, 0, "t", api.id) >= STAGES)
        return fail(call, &gateway_bad_request, "Maximum number of stages for an API (%d) has been reached", STAGES);
    const char *name = at_text(&item, Stage_StageName);
    if (add(call, api.id, &item) < 0)
        return fail(call, &gateway_conflict, "Stage already exists");
    gateway_tags_store(api.id, name, tags);
    (void)load(call, api.id, name, &call->output);
    return answer(call);
}

enum outcome get_stage(struct call *call)
{
    struct api api;

    if (!find_both(call, GetStageRequest_ApiId, GetStageRequest_StageName, &api, &call->output))
        return FAILED;
    return answer(call);
}

static struct query list = QUERY("SELECT name, item, deployment FROM http_stage WHERE api = ? AND name > ? ORDER BY name");

enum outcome get_stages(struct call *call)
{
    struct item_page page;
    struct api api;

    if (!api_find(call, input_text(call, GetStagesRequest_ApiId), &api) ||
        !item_page_begin(call, &page, GetStagesRequest_MaxResults, GetStagesRequest_NextToken))
        return FAILED;
    query_start(&list, "tt", api.id, page.after);
    while (query_step(&list))
        if (!item_page_add(call, &page, query_text(&list, call->arena, 0), read_item(call, &list, 1, api.id),
                           GetStagesResponse_NextToken))
            break;
    query_end(&list);
    output_set(call, GetStagesResponse_Items, page.items);
    return answer(call);
}

enum outcome update_stage(struct call *call)
{
    struct value item;
    struct api api;

    if (!find_both(call, UpdateStageRequest_ApiId, UpdateStageRequest_StageName, &api, &item))
        return FAILED;
    item_merge(call, SHAPE_Stage, &item);
    set(&item, Stage_LastUpdatedDate, value_time(clock_now()));
    if (!is_good(call, api.id, &item) || refuses_deployment(call, UpdateStageRequest_DeploymentId, &item))
        return FAILED;
    bool is_auto = at_bool(&item, Stage_AutoDeploy, false);
    (void)query_run(&update,
                    "tittt"
                    "t",
                    at_text(&item, Stage_DeploymentId), (int64_t)is_auto, variables_json(call, &item), write_item(call, &item),
                    api.id, at_text(&item, Stage_StageName));
    if (is_auto)
        deployment_auto(call, api.id);
    (void)load(call, api.id, input_text(call, UpdateStageRequest_StageName), &call->output);
    return answer(call);
}

static struct query erase = QUERY("DELETE FROM http_stage WHERE api = ? AND name = ?");
static struct query erase_tags = QUERY("DELETE FROM http_tag WHERE api = ? AND stage = ?");

enum outcome delete_stage(struct call *call)
{
    struct value item;
    struct api api;

    if (!find_both(call, DeleteStageRequest_ApiId, DeleteStageRequest_StageName, &api, &item))
        return FAILED;
    (void)query_run(&erase, "tt", api.id, at_text(&item, Stage_StageName));
    (void)query_run(&erase_tags, "tt", api.id, at_text(&item, Stage_StageName));
    return answer(call);
}
