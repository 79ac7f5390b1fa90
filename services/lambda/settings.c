/* What a customer may set on a function, checked as AWS checks it beyond what the model says. */
#include "emulator/aws/arn.h"
#include "emulator/aws/protocol.h"
#include "emulator/base/json.h"
#include "services/lambda/configuration.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/runtime.h"

enum { ENVIRONMENT_LIMIT = 4096 };

/* AWS's list of names that belong to Lambda. The others of the environment (PATH, LANG, TZ, AWS_XRAY_..., LD_LIBRARY_PATH) may be
 * set. */
static const char *const reserved_names[] = {"_HANDLER",
                                             "_X_AMZN_TRACE_ID",
                                             "AWS_DEFAULT_REGION",
                                             "AWS_REGION",
                                             "AWS_EXECUTION_ENV",
                                             "AWS_LAMBDA_FUNCTION_NAME",
                                             "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                             "AWS_LAMBDA_FUNCTION_VERSION",
                                             "AWS_LAMBDA_INITIALIZATION_TYPE",
                                             "AWS_ACCESS_KEY",
                                             "AWS_ACCESS_KEY_ID",
                                             "AWS_SECRET_KEY",
                                             "AWS_SECRET_ACCESS_KEY",
                                             "AWS_SESSION_TOKEN",
                                             "AWS_LAMBDA_RUNTIME_API",
                                             "LAMBDA_TASK_ROOT",
                                             "LAMBDA_RUNTIME_DIR",
                                             NULL};

static bool is_reserved(const char *name)
{
    for (const char *const *reserved = reserved_names; *reserved != NULL; reserved++)
        if (text_equal(*reserved, name))
            return true;
    return false;
}

static bool read_environment(struct call *call, const struct value *given, struct configuration *c)
{
    const struct value *variables = at(given, Environment_Variables);
    struct value empty = value_map();
    struct buffer reserved;

    if (variables == NULL)
        variables = &empty;
    buffer_init(&reserved, 4096);
    for (uint32_t i = 0; i < variables->size; i++)
        if (is_reserved(variables->items[2 * i].text))
            buffer_print(&reserved, "%s%s", reserved.size == 0 ? "" : ", ", variables->items[2 * i].text);
    const char *names = arena_text(call->arena, reserved.text);
    buffer_free(&reserved);
    if (names[0] != '\0') {
        (void)lambda_fail(
            call, &lambda_invalid_parameter,
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s",
            names);
        return false;
    }
    struct bytes json = json_print(call->arena, variables);
    c->environment = arena_copy(call->arena, json.at, json.size);
    if (json.size > ENVIRONMENT_LIMIT) {
        (void)lambda_fail(
            call, &lambda_invalid_parameter,
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            "exceeded the 4KB limit. String measured: %s",
            c->environment);
        return false;
    }
    return true;
}

static bool read_dead_letter(struct call *call, const struct value *given, struct configuration *c)
{
    const char *text = at_text(given, DeadLetterConfig_TargetArn);
    struct arn arn;

    if (text == NULL || text[0] == '\0') { /* how AWS says: none any more */
        c->dead_letter = NULL;
        return true;
    }
    if (!arn_parse(call->arena, text, &arn) || (!text_equal(arn.service, "sqs") && !text_equal(arn.service, "sns"))) {
        (void)lambda_fail(
            call, &lambda_invalid_parameter,
            "The provided destination config DestinationArn is invalid: %s is not the ARN of an SQS queue or an SNS topic", text);
        return false;
    }
    if (!text_equal(arn.service, "sqs")) {
        (void)fail(call, &error_not_implemented,
                   "lowcloud does not emulate SNS yet: DeadLetterConfig.TargetArn wants the ARN of an SQS queue.");
        return false;
    }
    c->dead_letter = text;
    return true;
}

static bool read_logging(struct call *call, const struct value *given, struct configuration *c)
{
    const char *format = at_text(given, LoggingConfig_LogFormat), *group = at_text(given, LoggingConfig_LogGroup),
               *application = at_text(given, LoggingConfig_ApplicationLogLevel),
               *system = at_text(given, LoggingConfig_SystemLogLevel);

    if (format != NULL)
        c->log_format = format;
    if (group != NULL)
        c->log_group = group;
    if (text_equal(c->log_format, "JSON")) {
        if (application != NULL || c->application_level == NULL)
            c->application_level = application != NULL ? application : "INFO";
        if (system != NULL || c->system_level == NULL)
            c->system_level = system != NULL ? system : "INFO";
        return true;
    }
    if (application != NULL || system != NULL) {
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "To use ApplicationLogLevel or SystemLogLevel, you must set your LogFormat to JSON.");
        return false;
    }
    c->application_level = c->system_level = NULL;
    return true;
}

static void read_vpc(struct call *call, const struct value *given, struct configuration *c)
{
    const struct value *subnets = at(given, VpcConfig_SubnetIds), *groups = at(given, VpcConfig_SecurityGroupIds);
    struct value map = value_map();

    (void)value_put(call->arena, &map, "SubnetIds", subnets != NULL ? *subnets : value_list());
    (void)value_put(call->arena, &map, "SecurityGroupIds", groups != NULL ? *groups : value_list());
    (void)value_put(call->arena, &map, "Ipv6AllowedForDualStack",
                    value_bool(at_bool(given, VpcConfig_Ipv6AllowedForDualStack, false)));
    struct bytes json = json_print(call->arena, &map);
    c->vpc = arena_copy(call->arena, json.at, json.size);
}

bool settings_read(struct call *call, const struct settings *s, struct configuration *c)
{
    if (s->runtime != NULL) {
        if (!runtime_accept(call, s->runtime->text))
            return false;
        c->runtime = s->runtime->text;
    }
    if (s->handler != NULL)
        c->handler = s->handler->text;
    if (s->role != NULL)
        c->role = s->role->text;
    if (s->description != NULL)
        c->description = s->description->text;
    if (s->memory != NULL)
        c->memory = s->memory->integer;
    if (s->timeout != NULL)
        c->timeout = s->timeout->integer;
    if (s->storage != NULL)
        c->storage = at_integer(s->storage, EphemeralStorage_Size, c->storage);
    if (s->environment != NULL && !read_environment(call, s->environment, c))
        return false;
    if (s->dead_letter != NULL && !read_dead_letter(call, s->dead_letter, c))
        return false;
    if (s->tracing != NULL && at_text(s->tracing, TracingConfig_Mode) != NULL)
        c->tracing = at_text(s->tracing, TracingConfig_Mode);
    if (s->snap_start != NULL && at_text(s->snap_start, SnapStart_ApplyOn) != NULL)
        c->snap_start = at_text(s->snap_start, SnapStart_ApplyOn);
    if (s->logging != NULL && !read_logging(call, s->logging, c))
        return false;
    if (s->vpc != NULL)
        read_vpc(call, s->vpc, c);
    if (s->kms_key != NULL)
        c->kms_key = s->kms_key->text[0] != '\0' ? s->kms_key->text : NULL;
    return true;
}
