/* Functions come and go. */
#include "emulator/aws/protocol.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/code.h"
#include "services/lambda/configuration.h"
#include "services/lambda/errors.h"
#include "services/lambda/invoke.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/mapping.h"
#include "services/lambda/name.h"
#include "services/lambda/operations.h"
#include "services/lambda/tag.h"
#include "services/lambda/version.h"

static struct query add = QUERY("INSERT INTO function(account, region, name, tags) VALUES (?, ?, ?, ?)");
static struct query versions = QUERY("SELECT id, package FROM function_version WHERE function = ?");
static struct query delete_version = QUERY("DELETE FROM function_version WHERE id = ?");
static struct query delete_permissions = QUERY("DELETE FROM function_permission WHERE function = ?");
static struct query delete_version_permissions = QUERY("DELETE FROM function_permission WHERE function = ? AND version = ?");
static struct query delete_function = QUERY("DELETE FROM function WHERE id = ?");

/* --- creating --- */

static bool read_configuration(struct call *call, struct configuration *c)
{
    const struct settings settings = {
        .description = input_at(call, CreateFunctionRequest_Description),
        .runtime = input_at(call, CreateFunctionRequest_Runtime),
        .handler = input_at(call, CreateFunctionRequest_Handler),
        .role = input_at(call, CreateFunctionRequest_Role),
        .memory = input_at(call, CreateFunctionRequest_MemorySize),
        .timeout = input_at(call, CreateFunctionRequest_Timeout),
        .storage = input_at(call, CreateFunctionRequest_EphemeralStorage),
        .environment = input_at(call, CreateFunctionRequest_Environment),
        .dead_letter = input_at(call, CreateFunctionRequest_DeadLetterConfig),
        .tracing = input_at(call, CreateFunctionRequest_TracingConfig),
        .logging = input_at(call, CreateFunctionRequest_LoggingConfig),
        .snap_start = input_at(call, CreateFunctionRequest_SnapStart),
        .vpc = input_at(call, CreateFunctionRequest_VpcConfig),
        .kms_key = input_at(call, CreateFunctionRequest_KMSKeyArn),
    };
    const struct value *architectures = input_at(call, CreateFunctionRequest_Architectures);
    const char *package_type = input_text(call, CreateFunctionRequest_PackageType);

    if (package_type != NULL && !text_equal(package_type, "Zip")) {
        (void)fail(call, &error_not_implemented,
                   "lowcloud does not run container images yet: PackageType %s. Put the same code into a zip, with runtime "
                   "provided.al2023 if it "
                   "has a bootstrap of its own.",
                   package_type);
        return false;
    }
    if (settings.runtime == NULL || settings.handler == NULL) {
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
        return false;
    }
    *c = (struct configuration){.account = call->account,
                                .region = call->region,
                                .name = c->name,
                                .description = "",
                                .architecture =
                                    architectures != NULL && architectures->size > 0 ? architectures->items[0].text : "x86_64",
                                .memory = 128,
                                .timeout = 3,
                                .storage = 512,
                                .tracing = "PassThrough",
                                .snap_start = "None",
                                .log_format = "Text",
                                .log_group = arena_print(call->arena, "/aws/lambda/%s", c->name),
                                .state = "Pending",
                                .state_reason = "The function is being created.",
                                .state_code = "Creating",
                                .update_status = "Successful"};
    return settings_read(call, &settings, c);
}

/* Everything but the code: also before it is fetched, so that a wrong request asks S3 for nothing. */
static bool read_request(struct call *call, struct configuration *c)
{
    struct name name;

    if (!name_read(call, input_text(call, CreateFunctionRequest_FunctionName), &name))
        return false;
    name.qualifier = NULL;
    call->arn = name_arn(call, &name);
    c->name = name.name;
    if (!read_configuration(call, c) || !tags_accept(call, input_at(call, CreateFunctionRequest_Tags)))
        return false;
    if (function_version_id(call->account, call->region, name.name, 0) != 0) {
        (void)lambda_fail(call, &lambda_resource_conflict, "Function already exist: %s", name.name);
        return false;
    }
    return true;
}

static enum outcome create(struct call *call, const struct code *code)
{
    const struct value *tags = input_at(call, CreateFunctionRequest_Tags);
    struct configuration c = {0}, published;

    if (!read_request(call, &c))
        return FAILED;
    c.package = code->package;
    c.directory = code->directory;
    c.code_sha256 = code->code_sha256;
    c.code_size = code->size;
    c.is_unpacked = code->directory != NULL || package_is_unpacked(code->package);
    if (c.is_unpacked) {
        c.state = "Active";
        c.state_reason = c.state_code = NULL;
    }
    if (c.package != NULL)
        package_want(c.package);
    configuration_touch(call->arena, &c);
    (void)query_run(&add, "tttt", c.account, c.region, c.name, tags == NULL ? NULL : json_print(call->arena, tags).at);
    c.function_id = store_last_id();
    configuration_insert(&c);
    mapping_function_changed(call, c.name);
    if (!input_bool(call, CreateFunctionRequest_Publish, false)) {
        configuration_answer(call, &c, VIEW_CREATED, false);
        return answer(call);
    }
    version_publish(call, &c, NULL, &published);
    configuration_answer(call, &published, VIEW_CREATED, false);
    return answer(call);
}

enum outcome lambda_create_function(struct call *call)
{
    const struct value *given = input_at(call, CreateFunctionRequest_Code);
    const struct code_source source = {.zip = at(given, FunctionCode_ZipFile),
                                       .bucket = at_text(given, FunctionCode_S3Bucket),
                                       .key = at_text(given, FunctionCode_S3Key)};
    struct configuration c = {0};

    if (!read_request(call, &c))
        return FAILED;
    return code_take(call, &source, create);
}

/* --- deleting --- */

static void delete_one_version(int64_t id, const char *package)
{
    (void)query_run(&delete_version, "i", id);
    environments_retire(id);
    if (package != NULL)
        package_unwant(package);
}

static void delete_all(struct call *call, const struct configuration *latest)
{
    struct value ids = value_list(), packages = value_list();

    query_start(&versions, "i", latest->function_id);
    while (query_step(&versions)) {
        const char *package = query_text(&versions, call->arena, 1);

        (void)value_push(call->arena, &ids, value_integer(query_integer(&versions, 0)));
        (void)value_push(call->arena, &packages, package == NULL ? value_null() : value_text(package));
    }
    query_end(&versions);
    for (uint32_t i = 0; i < ids.size; i++)
        delete_one_version(ids.items[i].integer, packages.items[i].kind == VALUE_TEXT ? packages.items[i].text : NULL);
    (void)query_run(&delete_permissions, "i", latest->function_id);
    (void)query_run(&delete_function, "i", latest->function_id);
    execution_function_deleted(latest->account, latest->region, latest->name, latest->function_id);
    mapping_function_changed(call, latest->name);
}

enum outcome lambda_delete_function(struct call *call)
{
    struct configuration latest, c;
    struct name name, whole;
    int64_t id, version;

    if (!name_read(call, input_text(call, DeleteFunctionRequest_FunctionName), &name) ||
        !name_qualify(call, &name, input_text(call, DeleteFunctionRequest_Qualifier)))
        return FAILED;
    if (text_equal(name.qualifier, "$LATEST"))
        return lambda_fail(call, &lambda_invalid_parameter, "$LATEST version cannot be deleted without deleting the function.");
    whole = name;
    whole.qualifier = NULL;
    id = name_find(call, &whole);
    if (id == 0)
        return FAILED;
    check(configuration_load(call->arena, id, &latest));
    version = name_version(name.qualifier);
    if (name.qualifier == NULL) {
        delete_all(call, &latest);
    } else if (version > 0 && (id = function_version_id(call->account, call->region, name.name, version)) != 0) {
        check(configuration_load(call->arena, id, &c));
        delete_one_version(id, c.package);
        (void)query_run(&delete_version_permissions, "ii", latest.function_id, version);
    }
    output_integer(call, DeleteFunctionResponse_StatusCode, 204);
    call_status(call, 204);
    return answer(call);
}
