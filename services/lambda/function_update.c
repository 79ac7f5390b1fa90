/* Functions change: their code or their configuration. */
#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/code.h"
#include "services/lambda/configuration.h"
#include "services/lambda/errors.h"
#include "services/lambda/invoke.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/name.h"
#include "services/lambda/operations.h"
#include "services/lambda/version.h"

/* $LATEST, when it may be changed. ANSWERED: go on. AWS refuses an update while another is in progress; here the unpacking takes
 * milliseconds, and the second update waits for it. */
static enum outcome find_latest(struct call *call, const char *text, const char *revision, enum outcome (*again)(struct call *),
                                struct configuration *latest)
{
    struct name name;
    int64_t id;

    if (!name_read(call, text, &name))
        return FAILED;
    if (name.qualifier != NULL && !text_equal(name.qualifier, "$LATEST"))
        return lambda_fail(call, &lambda_invalid_parameter, "Version %s of the function cannot be changed: only $LATEST can.",
                           name.qualifier);
    name.qualifier = NULL;
    id = name_find(call, &name);
    if (id == 0)
        return FAILED;
    check(configuration_load(call->arena, id, latest));
    if (!latest->is_unpacked && !text_equal(latest->state, "Failed")) {
        function_when_ready(id, call, again);
        return PARKED;
    }
    return revision != NULL && !text_equal(revision, latest->revision_id) ? lambda_stale_revision(call) : ANSWERED;
}

static enum outcome find_for_code(struct call *call, struct configuration *latest)
{
    return find_latest(call, input_text(call, UpdateFunctionCodeRequest_FunctionName),
                       input_text(call, UpdateFunctionCodeRequest_RevisionId), lambda_update_function_code, latest);
}

static void use_code(struct configuration *latest, const struct code *code)
{
    latest->package = code->package;
    latest->directory = code->directory;
    latest->code_sha256 = code->code_sha256;
    latest->code_size = code->size;
    latest->is_unpacked = code->directory != NULL || package_is_unpacked(code->package);
    latest->state = "Active";
    latest->state_reason = latest->state_code = NULL;
    latest->update_status = latest->is_unpacked ? "Successful" : "InProgress";
    latest->update_reason = latest->is_unpacked ? NULL : "The function is being created.";
    latest->update_code = latest->is_unpacked ? NULL : "Creating";
}

static enum outcome update_code(struct call *call, const struct code *code)
{
    const struct value *architectures = input_at(call, UpdateFunctionCodeRequest_Architectures);
    struct configuration latest, published;
    enum outcome found = find_for_code(call, &latest);

    if (found != ANSWERED)
        return found;
    const char *before = latest.package;
    use_code(&latest, code);
    if (architectures != NULL && architectures->size > 0)
        latest.architecture = architectures->items[0].text;
    if (input_bool(call, UpdateFunctionCodeRequest_DryRun, false)) {
        if (latest.package != NULL)
            package_unwant(latest.package);
        configuration_answer(call, &latest, VIEW_UPDATED, false);
        return answer(call);
    }
    configuration_touch(call->arena, &latest);
    configuration_save(&latest);
    if (latest.package != NULL)
        package_want(latest.package);
    if (before != NULL && !text_equal(before, latest.package))
        package_unwant(before);
    environments_retire(latest.id);
    if (!input_bool(call, UpdateFunctionCodeRequest_Publish, false)) {
        configuration_answer(call, &latest, VIEW_UPDATED, false);
        return answer(call);
    }
    version_publish(call, &latest, NULL, &published);
    configuration_answer(call, &published, VIEW_UPDATED, true);
    return answer(call);
}

enum outcome lambda_update_function_code(struct call *call)
{
    const struct code_source source = {.zip = input_at(call, UpdateFunctionCodeRequest_ZipFile),
                                       .bucket = input_text(call, UpdateFunctionCodeRequest_S3Bucket),
                                       .key = input_text(call, UpdateFunctionCodeRequest_S3Key)};
    struct configuration latest;
    enum outcome found = find_for_code(call, &latest);

    return found != ANSWERED ? found : code_take(call, &source, update_code);
}

enum outcome lambda_update_function_configuration(struct call *call)
{
    const struct settings settings = {
        .description = input_at(call, UpdateFunctionConfigurationRequest_Description),
        .runtime = input_at(call, UpdateFunctionConfigurationRequest_Runtime),
        .handler = input_at(call, UpdateFunctionConfigurationRequest_Handler),
        .role = input_at(call, UpdateFunctionConfigurationRequest_Role),
        .memory = input_at(call, UpdateFunctionConfigurationRequest_MemorySize),
        .timeout = input_at(call, UpdateFunctionConfigurationRequest_Timeout),
        .storage = input_at(call, UpdateFunctionConfigurationRequest_EphemeralStorage),
        .environment = input_at(call, UpdateFunctionConfigurationRequest_Environment),
        .dead_letter = input_at(call, UpdateFunctionConfigurationRequest_DeadLetterConfig),
        .tracing = input_at(call, UpdateFunctionConfigurationRequest_TracingConfig),
        .logging = input_at(call, UpdateFunctionConfigurationRequest_LoggingConfig),
        .snap_start = input_at(call, UpdateFunctionConfigurationRequest_SnapStart),
        .vpc = input_at(call, UpdateFunctionConfigurationRequest_VpcConfig),
        .kms_key = input_at(call, UpdateFunctionConfigurationRequest_KMSKeyArn),
    };
    struct configuration latest;
    enum outcome found =
        find_latest(call, input_text(call, UpdateFunctionConfigurationRequest_FunctionName),
                    input_text(call, UpdateFunctionConfigurationRequest_RevisionId), lambda_update_function_configuration, &latest);

    if (found != ANSWERED)
        return found;
    if (!settings_read(call, &settings, &latest))
        return FAILED;
    configuration_touch(call->arena, &latest);
    configuration_save(&latest);
    environments_retire(latest.id);
    configuration_answer(call, &latest, VIEW_UPDATED, false);
    return answer(call);
}
