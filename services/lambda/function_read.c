/* What functions there are. */
#include <stdlib.h>

#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/code_location.h"
#include "services/lambda/configuration.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/name.h"
#include "services/lambda/operations.h"

enum { PAGE = 50 };

static struct query details = QUERY("SELECT tags, reserved FROM function WHERE id = ?");
static struct query all_latest =
    QUERY("SELECT function_version.id, name, version FROM function JOIN function_version ON function_version.function = function.id"
          " WHERE account = ? AND region = ? AND name > ? AND version = 0 ORDER BY name LIMIT ?");
static struct query all_versions =
    QUERY("SELECT function_version.id, name, version FROM function JOIN function_version ON function_version.function = function.id"
          " WHERE account = ?1 AND region = ?2 AND (name, version) > (?3, ?4) ORDER BY name, version LIMIT ?5");
static struct query versions_of =
    QUERY("SELECT id, '', version FROM function_version WHERE function = ? AND version > ? ORDER BY version LIMIT ?");

/* The configuration asked for; parks until its code is unpacked, so that a waiter of the SDKs is content with its first question.
 */
static enum outcome find(struct call *call, const char *text, const char *qualifier, enum outcome (*again)(struct call *),
                         struct name *name, struct configuration *c)
{
    int64_t id;

    if (!name_read(call, text, name) || !name_qualify(call, name, qualifier))
        return FAILED;
    id = name_find(call, name);
    if (id == 0)
        return FAILED;
    check(configuration_load(call->arena, id, c));
    if (!c->is_unpacked && !text_equal(c->state, "Failed")) {
        function_when_ready(id, call, again);
        return PARKED;
    }
    return ANSWERED;
}

enum outcome lambda_get_function_configuration(struct call *call)
{
    struct configuration c;
    struct name name;
    enum outcome found =
        find(call, input_text(call, GetFunctionConfigurationRequest_FunctionName),
             input_text(call, GetFunctionConfigurationRequest_Qualifier), lambda_get_function_configuration, &name, &c);

    if (found != ANSWERED)
        return found;
    configuration_answer(call, &c, VIEW_CURRENT, name.qualifier != NULL);
    return answer(call);
}

static void add_details(struct call *call, const struct configuration *c, bool is_qualified)
{
    struct value tags, concurrency = call_struct(call, SHAPE_Concurrency);

    query_start(&details, "i", c->function_id);
    check(query_step(&details));
    const char *json = query_text(&details, call->arena, 0);
    bool is_reserved = !query_is_null(&details, 1);
    int64_t reserved = query_integer(&details, 1);
    query_end(&details);
    if (json != NULL && !is_qualified && json_parse(call->arena, bytes_of(json), &tags, NULL) == 0 && tags.size > 0)
        output_set(call, GetFunctionResponse_Tags, tags);
    if (is_reserved) {
        set(&concurrency, Concurrency_ReservedConcurrentExecutions, value_integer(reserved));
        output_set(call, GetFunctionResponse_Concurrency, concurrency);
    }
}

enum outcome lambda_get_function(struct call *call)
{
    struct value location = call_struct(call, SHAPE_FunctionCodeLocation);
    struct configuration c;
    struct name name;
    enum outcome found = find(call, input_text(call, GetFunctionRequest_FunctionName),
                              input_text(call, GetFunctionRequest_Qualifier), lambda_get_function, &name, &c);

    if (found != ANSWERED)
        return found;
    output_set(call, GetFunctionResponse_Configuration, configuration_output(call, &c, VIEW_CURRENT, name.qualifier != NULL));
    set(&location, FunctionCodeLocation_RepositoryType, value_text("S3"));
    set(&location, FunctionCodeLocation_Location, value_text(code_location(call, &c)));
    output_set(call, GetFunctionResponse_Code, location);
    add_details(call, &c, name.qualifier != NULL);
    return answer(call);
}

/* --- lists --- */

struct page {
    struct value list;
    bool has_more;
    const char *name; /* of the last one */
    int64_t version;
};

/* A started query with the columns id, name, version and one row more than the page holds. */
static void read_page(struct call *call, struct query *query, int64_t most, bool is_qualified, struct page *page)
{
    struct value ids = value_list();
    struct configuration c;

    *page = (struct page){.list = value_list()};
    while (query_step(query)) {
        if (ids.size == (uint32_t)most) {
            page->has_more = true;
            break;
        }
        (void)value_push(call->arena, &ids, value_integer(query_integer(query, 0)));
        page->name = query_text(query, call->arena, 1);
        page->version = query_integer(query, 2);
    }
    query_end(query);
    for (uint32_t i = 0; i < ids.size; i++) {
        check(configuration_load(call->arena, ids.items[i].integer, &c));
        (void)value_push(call->arena, &page->list, configuration_output(call, &c, VIEW_CURRENT, is_qualified));
    }
}

/* A marker is the name of the last function of the page before, with its version when versions are listed: "name:3". */
enum outcome lambda_list_functions(struct call *call)
{
    int64_t most = input_integer(call, ListFunctionsRequest_MaxItems, PAGE);
    bool is_all = input_has(call, ListFunctionsRequest_FunctionVersion);
    const char *marker = input_text(call, ListFunctionsRequest_Marker);
    struct name after = {.name = ""};
    struct page page;

    if (marker != NULL && marker[0] != '\0' && !name_parse(call->arena, marker, &after))
        return lambda_fail(call, &lambda_invalid_parameter, "The marker %s is not one that ListFunctions gave.", marker);
    if (is_all) {
        query_start(&all_versions, "tttii", call->account, call->region, after.name,
                    after.name[0] == '\0' ? -1 : name_version(after.qualifier), most + 1);
        read_page(call, &all_versions, most, true, &page);
    } else {
        query_start(&all_latest, "ttti", call->account, call->region, after.name, most + 1);
        read_page(call, &all_latest, most, false, &page);
    }
    output_set(call, ListFunctionsResponse_Functions, page.list);
    if (page.has_more)
        output_text(call, ListFunctionsResponse_NextMarker,
                    is_all ? arena_print(call->arena, "%s:%s", page.name,
                                         page.version == 0 ? "$LATEST" : arena_print(call->arena, "%lld", (long long)page.version))
                           : page.name);
    return answer(call);
}

enum outcome lambda_list_versions_by_function(struct call *call)
{
    int64_t most = input_integer(call, ListVersionsByFunctionRequest_MaxItems, PAGE), after = -1, id;
    const char *marker = input_text(call, ListVersionsByFunctionRequest_Marker);
    struct configuration c;
    struct name name;
    struct page page;

    if (!name_read(call, input_text(call, ListVersionsByFunctionRequest_FunctionName), &name))
        return FAILED;
    name.qualifier = NULL;
    id = name_find(call, &name);
    if (id == 0)
        return FAILED;
    if (marker != NULL && marker[0] != '\0' && !text_integer(marker, &after))
        return lambda_fail(call, &lambda_invalid_parameter, "The marker %s is not one that ListVersionsByFunction gave.", marker);
    check(configuration_load(call->arena, id, &c));
    query_start(&versions_of, "iii", c.function_id, after, most + 1);
    read_page(call, &versions_of, most, true, &page);
    output_set(call, ListVersionsByFunctionResponse_Versions, page.list);
    if (page.has_more)
        output_text(call, ListVersionsByFunctionResponse_NextMarker, arena_print(call->arena, "%lld", (long long)page.version));
    return answer(call);
}

/* --- what every function has, and tools ask for --- */

static int64_t find_name(struct call *call, const char *text, const char *qualifier, struct name *name)
{
    return name_read(call, text, name) && name_qualify(call, name, qualifier) ? name_find(call, name) : 0;
}

/* CreateAlias is refused, so that there are none. */
enum outcome lambda_list_aliases(struct call *call)
{
    struct name name;

    if (find_name(call, input_text(call, ListAliasesRequest_FunctionName), NULL, &name) == 0)
        return FAILED;
    output_set(call, ListAliasesResponse_Aliases, value_list());
    return answer(call);
}

/* No configuration: AWS answers with the name alone, or with nothing. */
enum outcome lambda_get_function_code_signing_config(struct call *call)
{
    struct name name;

    return find_name(call, input_text(call, GetFunctionCodeSigningConfigRequest_FunctionName), NULL, &name) == 0 ? FAILED
                                                                                                                 : answer(call);
}

enum outcome lambda_get_function_recursion_config(struct call *call)
{
    struct name name;

    if (find_name(call, input_text(call, GetFunctionRecursionConfigRequest_FunctionName), NULL, &name) == 0)
        return FAILED;
    output_text(call, GetFunctionRecursionConfigResponse_RecursiveLoop, "Terminate");
    return answer(call);
}

enum outcome lambda_get_runtime_management_config(struct call *call)
{
    struct name name;

    if (find_name(call, input_text(call, GetRuntimeManagementConfigRequest_FunctionName),
                  input_text(call, GetRuntimeManagementConfigRequest_Qualifier), &name) == 0)
        return FAILED;
    output_text(call, GetRuntimeManagementConfigResponse_UpdateRuntimeOn, "Auto");
    output_text(call, GetRuntimeManagementConfigResponse_FunctionArn, call->arn);
    return answer(call);
}
