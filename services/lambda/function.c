#include "services/lambda/function.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/protocol.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/configuration.h"
#include "services/lambda/errors.h"
#include "services/lambda/name.h"
#include "services/lambda/package.h"
#include "services/lambda/schema.h"

enum { NAME_LIMIT = 64 };

/* Versions ($LATEST is 0) and what hangs on them. AUTOINCREMENT: an environment is known by its version's id, so that none may come
 * back. */
const char function_schema[] =
    "CREATE TABLE function(id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,"
    " versions INTEGER NOT NULL DEFAULT 0, reserved INTEGER, tags TEXT, UNIQUE(account, region, name));"
    "CREATE TABLE function_version(id INTEGER PRIMARY KEY AUTOINCREMENT, function INTEGER NOT NULL, version INTEGER NOT NULL,"
    " revision INTEGER NOT NULL, revision_id TEXT NOT NULL, last_modified INTEGER NOT NULL, description TEXT NOT NULL,"
    " runtime TEXT NOT NULL, handler TEXT NOT NULL, role TEXT NOT NULL, architecture TEXT NOT NULL, package TEXT, directory TEXT,"
    " code_sha256 TEXT NOT NULL, code_size INTEGER NOT NULL, is_unpacked INTEGER NOT NULL, memory INTEGER NOT NULL,"
    " timeout INTEGER NOT NULL, storage INTEGER NOT NULL, environment TEXT, dead_letter TEXT, tracing TEXT NOT NULL,"
    " snap_start TEXT NOT NULL, log_format TEXT NOT NULL, log_group TEXT NOT NULL, application_level TEXT, system_level TEXT, vpc "
    "TEXT,"
    " kms_key TEXT, state TEXT NOT NULL, state_reason TEXT, state_code TEXT, update_status TEXT NOT NULL, update_reason TEXT,"
    " update_code TEXT, UNIQUE(function, version));"
    "CREATE INDEX function_version_package ON function_version(package);"
    "CREATE TABLE function_permission(id INTEGER PRIMARY KEY AUTOINCREMENT, function INTEGER NOT NULL, version INTEGER NOT NULL,"
    " sid TEXT NOT NULL, statement TEXT NOT NULL, UNIQUE(function, version, sid))";

static struct query find =
    QUERY("SELECT function_version.id FROM function JOIN function_version ON function_version.function = function.id"
          " WHERE account = ? AND region = ? AND name = ? AND version = ?");
static struct query reserved = QUERY("SELECT reserved FROM function WHERE id = ? AND reserved IS NOT NULL");

/* --- names --- */

static bool is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/* eu-west-1, us-gov-east-1: ends in a dash and a digit, and begins with two letters and a dash. */
static bool is_region(const char *text)
{
    size_t size = strlen(text);

    return size >= 9 && text[2] == '-' && text[size - 2] == '-' && text[size - 1] >= '0' && text[size - 1] <= '9';
}

/* [arn:PARTITION:lambda:][REGION:][ACCOUNT:][function:]NAME[:QUALIFIER] */
bool name_parse(struct arena *arena, const char *text, struct name *name)
{
    char *rest = arena_text(arena, text), *parts[9];
    size_t count = 0, next = 0;

    *name = (struct name){.name = ""};
    while (rest != NULL && count < 9)
        parts[count++] = strsep(&rest, ":");
    if (rest != NULL)
        return false;
    if (count > 2 && strcmp(parts[0], "arn") == 0) {
        if (strcmp(parts[2], "lambda") != 0)
            return false;
        next = 3;
    }
    if (next + 1 < count && is_region(parts[next]))
        name->region = parts[next++];
    if (next + 1 < count && is_account(parts[next]))
        name->account = parts[next++];
    if (next + 1 < count && strcmp(parts[next], "function") == 0)
        next++;
    if (next >= count)
        return false;
    name->name = parts[next++];
    if (next < count)
        name->qualifier = parts[next++];
    return next == count && name->name[0] != '\0';
}

bool name_read(struct call *call, const char *text, struct name *name)
{
    if (!name_parse(call->arena, text, name)) {
        (void)lambda_invalid(
            call, text, "functionName",
            "Member must satisfy regular expression pattern: "
            "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
            "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?");
        return false;
    }
    if (strlen(name->name) > NAME_LIMIT) {
        (void)lambda_invalid(call, text, "functionName", "Member must have length less than or equal to 64");
        return false;
    }
    if (name->region != NULL && !text_equal(name->region, call->region)) {
        (void)lambda_fail(call, &lambda_resource_not_found, "Functions from '%s' are not reachable in this region ('%s')",
                          name->region, call->region);
        return false;
    }
    if (name->account != NULL && !text_equal(name->account, call->account)) {
        (void)fail(call, &lambda_access_denied,
                   "User: %s is not authorized to perform: lambda:%s on resource: %s because no resource-based policy allows the "
                   "lambda:%s action",
                   call->principal != NULL ? call->principal : call->account, operation_name(call->service->model, call->operation),
                   arn_print(call->arena, "lambda", call->region, name->account, "function:%s", name->name),
                   operation_name(call->service->model, call->operation));
        return false;
    }
    return true;
}

bool name_qualify(struct call *call, struct name *name, const char *qualifier)
{
    if (qualifier == NULL)
        return true;
    if (name->qualifier != NULL && !text_equal(name->qualifier, qualifier)) {
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "The derived qualifier from the function name does not match the specified qualifier.");
        return false;
    }
    name->qualifier = qualifier;
    return true;
}

/* -1: neither $LATEST nor a number, hence an alias. */
int64_t name_version(const char *qualifier)
{
    int64_t version = -1;

    if (qualifier == NULL || strcmp(qualifier, "$LATEST") == 0)
        return 0;
    if (!text_integer(qualifier, &version) || version < 1)
        return -1;
    return version;
}

const char *name_arn(struct call *call, const struct name *name)
{
    const char *arn = arn_print(call->arena, "lambda", call->region, call->account, "function:%s", name->name);

    return name->qualifier == NULL ? arn : arena_print(call->arena, "%s:%s", arn, name->qualifier);
}

/* --- rows --- */

int64_t function_version_id(const char *account, const char *region, const char *name, int64_t version)
{
    return query_one(&find, 0, "ttti", account, region, name, version);
}

int64_t name_find(struct call *call, const struct name *name)
{
    int64_t version = name_version(name->qualifier), id = 0;

    call->arn = name_arn(call, name);
    if (version >= 0)
        id = function_version_id(call->account, call->region, name->name, version);
    /* An alias that nobody could create does not exist, as AWS says of any other name. */
    if (id == 0)
        (void)lambda_fail(call, &lambda_resource_not_found, "Function not found: %s", call->arn);
    return id;
}

static void from_configuration(struct arena *arena, const struct configuration *c, struct function *function)
{
    static const char *const no_layers[] = {NULL};

    *function = (struct function){
        .id = c->id,
        .function_id = c->function_id,
        .revision = c->revision,
        .account = c->account,
        .region = c->region,
        .name = c->name,
        .version = configuration_version(arena, c),
        .arn = configuration_arn(arena, c),
        .runtime = c->runtime,
        .handler = c->handler,
        .role = c->role,
        .package_type = "Zip",
        .is_hot_reload = c->directory != NULL,
        .code_size = c->code_size,
        .memory_mb = c->memory,
        .timeout_s = c->timeout,
        .storage_mb = c->storage,
        .reserved_concurrency = query_one(&reserved, -1, "i", c->function_id),
        .environment = value_map(),
        .dead_letter_arn = c->dead_letter,
        .tracing_mode = c->tracing,
        .architecture = c->architecture,
        .log_format = c->log_format,
        .log_group = c->log_group,
        .state = c->state,
        .state_reason = c->state_reason,
        .layers = no_layers,
    };
    function->qualified_arn = arena_print(arena, "%s:%s", function->arn, function->version);
    function->invoked_arn = function->arn;
    if (c->directory != NULL)
        function->package = c->directory;
    else if (c->is_unpacked)
        function->package = package_directory(arena, c->package);
    if (c->environment != NULL)
        check(json_parse(arena, bytes_of(c->environment), &function->environment, NULL) == 0);
}

bool function_load(struct arena *arena, int64_t id, struct function *function)
{
    struct configuration c;

    if (!configuration_load(arena, id, &c))
        return false;
    from_configuration(arena, &c, function);
    return true;
}

bool function_find(struct arena *arena, const char *account, const char *region, const char *name, const char *version,
                   struct function *function)
{
    int64_t number = name_version(version), id = 0;

    if (number >= 0)
        id = function_version_id(account, region, name, number);
    return id != 0 && function_load(arena, id, function);
}

bool function_resolve(struct call *call, const char *name, const char *qualifier, struct function *function)
{
    struct name parsed;
    int64_t id;

    if (!name_read(call, name, &parsed) || !name_qualify(call, &parsed, qualifier))
        return false;
    id = name_find(call, &parsed);
    if (id == 0)
        return false;
    check(function_load(call->arena, id, function));
    function->invoked_arn = call->arn;
    return true;
}
