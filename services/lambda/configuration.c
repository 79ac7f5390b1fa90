#include "services/lambda/configuration.h"

#include "emulator/aws/arn.h"
#include "emulator/base/digest.h"
#include "emulator/base/dates.h"
#include "emulator/base/id.h"
#include "emulator/base/log.h"
#include "emulator/base/json.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/lambda/lambda_model.h"

#define COLUMNS                                                                                                                    \
    "revision, revision_id, last_modified, description, runtime, handler, role, architecture, package, directory, code_sha256, "   \
    "code_size, is_unpacked, memory, timeout, storage, environment, dead_letter, tracing, snap_start, log_format, log_group, "     \
    "application_level, system_level, vpc, kms_key, state, state_reason, state_code, update_status, update_reason, update_code"
#define COLUMN_TYPES "itittttttttiiiiitttttttttttttttt"

static struct query load = QUERY("SELECT function, version, account, region, name, " COLUMNS
                                 " FROM function_version JOIN function ON function.id = function_version.function"
                                 " WHERE function_version.id = ?");
static struct query insert =
    QUERY("INSERT INTO function_version(function, version, " COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
          " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
static struct query save =
    QUERY("UPDATE function_version SET (" COLUMNS ") = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
          " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?");

/* The values of COLUMNS, in order. */
#define VALUES(c)                                                                                                                  \
    (c)->revision, (c)->revision_id, (c)->last_modified, (c)->description, (c)->runtime, (c)->handler, (c)->role,                  \
        (c)->architecture, (c)->package, (c)->directory, (c)->code_sha256, (c)->code_size, (int64_t)(c)->is_unpacked, (c)->memory, \
        (c)->timeout, (c)->storage, (c)->environment, (c)->dead_letter, (c)->tracing, (c)->snap_start, (c)->log_format,            \
        (c)->log_group, (c)->application_level, (c)->system_level, (c)->vpc, (c)->kms_key, (c)->state, (c)->state_reason,          \
        (c)->state_code, (c)->update_status, (c)->update_reason, (c)->update_code

bool configuration_load(struct arena *arena, int64_t id, struct configuration *c)
{
    int i = 0;

    query_start(&load, "i", id);
    if (!query_step(&load)) {
        query_end(&load);
        return false;
    }
    *c = (struct configuration){.id = id};
    c->function_id = query_integer(&load, i++);
    c->version = query_integer(&load, i++);
    c->account = query_text(&load, arena, i++);
    c->region = query_text(&load, arena, i++);
    c->name = query_text(&load, arena, i++);
    c->revision = query_integer(&load, i++);
    c->revision_id = query_text(&load, arena, i++);
    c->last_modified = query_integer(&load, i++);
    c->description = query_text(&load, arena, i++);
    c->runtime = query_text(&load, arena, i++);
    c->handler = query_text(&load, arena, i++);
    c->role = query_text(&load, arena, i++);
    c->architecture = query_text(&load, arena, i++);
    c->package = query_text(&load, arena, i++);
    c->directory = query_text(&load, arena, i++);
    c->code_sha256 = query_text(&load, arena, i++);
    c->code_size = query_integer(&load, i++);
    c->is_unpacked = query_integer(&load, i++) != 0;
    c->memory = query_integer(&load, i++);
    c->timeout = query_integer(&load, i++);
    c->storage = query_integer(&load, i++);
    c->environment = query_text(&load, arena, i++);
    c->dead_letter = query_text(&load, arena, i++);
    c->tracing = query_text(&load, arena, i++);
    c->snap_start = query_text(&load, arena, i++);
    c->log_format = query_text(&load, arena, i++);
    c->log_group = query_text(&load, arena, i++);
    c->application_level = query_text(&load, arena, i++);
    c->system_level = query_text(&load, arena, i++);
    c->vpc = query_text(&load, arena, i++);
    c->kms_key = query_text(&load, arena, i++);
    c->state = query_text(&load, arena, i++);
    c->state_reason = query_text(&load, arena, i++);
    c->state_code = query_text(&load, arena, i++);
    c->update_status = query_text(&load, arena, i++);
    c->update_reason = query_text(&load, arena, i++);
    c->update_code = query_text(&load, arena, i++);
    query_end(&load);
    return true;
}

void configuration_insert(struct configuration *c)
{
    (void)query_run(&insert, "ii" COLUMN_TYPES, c->function_id, c->version, VALUES(c));
    c->id = store_last_id();
}

void configuration_save(const struct configuration *c)
{
    (void)query_run(&save, COLUMN_TYPES "i", VALUES(c), c->id);
}

void configuration_touch(struct arena *arena, struct configuration *c)
{
    c->revision++;
    c->revision_id = id_uuid(arena);
    c->last_modified = clock_now();
}

const char *configuration_arn(struct arena *arena, const struct configuration *c)
{
    return arn_print(arena, "lambda", c->region, c->account, "function:%s", c->name);
}

const char *configuration_version(struct arena *arena, const struct configuration *c)
{
    return c->version == 0 ? "$LATEST" : arena_print(arena, "%lld", (long long)c->version);
}

static struct value parsed(struct call *call, const char *json)
{
    struct value value;

    check(json_parse(call->arena, bytes_of(json), &value, NULL) == 0);
    return value;
}

/* AWS names an internal build here; ours only has to have the form and to stay the same for a runtime. */
static const char *runtime_version_arn(struct call *call, const struct configuration *c)
{
    return arena_print(call->arena, "arn:aws:lambda:%s::runtime:%s", c->region,
                       digest_hex(call->arena, DIGEST_SHA256, bytes_of(c->runtime)));
}

static struct value one(struct call *call, uint16_t shape, uint16_t member, struct value value)
{
    struct value structure = call_struct(call, shape);

    set(&structure, member, value);
    return structure;
}

static struct value vpc_output(struct call *call, const char *json)
{
    struct value given = parsed(call, json), vpc = call_struct(call, SHAPE_VpcConfigResponse);
    const struct value *subnets = value_find(&given, "SubnetIds"), *groups = value_find(&given, "SecurityGroupIds"),
                       *dual = value_find(&given, "Ipv6AllowedForDualStack");

    set(&vpc, VpcConfigResponse_SubnetIds, subnets != NULL ? *subnets : value_list());
    set(&vpc, VpcConfigResponse_SecurityGroupIds, groups != NULL ? *groups : value_list());
    set(&vpc, VpcConfigResponse_VpcId, value_text(""));
    set(&vpc, VpcConfigResponse_Ipv6AllowedForDualStack, dual != NULL ? *dual : value_bool(false));
    return vpc;
}

static void set_state(struct value *out, const struct configuration *c, enum configuration_view view)
{
    if (view == VIEW_CREATED) {
        set(out, FunctionConfiguration_State, value_text("Pending"));
        set(out, FunctionConfiguration_StateReason, value_text("The function is being created."));
        set(out, FunctionConfiguration_StateReasonCode, value_text("Creating"));
        return;
    }
    set(out, FunctionConfiguration_State, value_text(c->state));
    set(out, FunctionConfiguration_StateReason, value_text(c->state_reason));
    set(out, FunctionConfiguration_StateReasonCode, value_text(c->state_code));
    if (view == VIEW_UPDATED) {
        set(out, FunctionConfiguration_LastUpdateStatus, value_text("InProgress"));
        set(out, FunctionConfiguration_LastUpdateStatusReason, value_text("The function is being created."));
        set(out, FunctionConfiguration_LastUpdateStatusReasonCode, value_text("Creating"));
        return;
    }
    set(out, FunctionConfiguration_LastUpdateStatus, value_text(c->update_status));
    set(out, FunctionConfiguration_LastUpdateStatusReason, value_text(c->update_reason));
    set(out, FunctionConfiguration_LastUpdateStatusReasonCode, value_text(c->update_code));
}

struct value configuration_output(struct call *call, const struct configuration *c, enum configuration_view view, bool is_qualified)
{
    struct value out = call_struct(call, SHAPE_FunctionConfiguration), list = value_list(), logging, snap;
    const char *arn = configuration_arn(call->arena, c), *version = configuration_version(call->arena, c);

    set(&out, FunctionConfiguration_FunctionName, value_text(c->name));
    set(&out, FunctionConfiguration_FunctionArn, value_text(is_qualified ? arena_print(call->arena, "%s:%s", arn, version) : arn));
    set(&out, FunctionConfiguration_Runtime, value_text(c->runtime));
    set(&out, FunctionConfiguration_Role, value_text(c->role));
    set(&out, FunctionConfiguration_Handler, value_text(c->handler));
    set(&out, FunctionConfiguration_CodeSize, value_integer(c->code_size));
    set(&out, FunctionConfiguration_CodeSha256, value_text(c->code_sha256));
    set(&out, FunctionConfiguration_Description, value_text(c->description));
    set(&out, FunctionConfiguration_Timeout, value_integer(c->timeout));
    set(&out, FunctionConfiguration_MemorySize, value_integer(c->memory));
    set(&out, FunctionConfiguration_LastModified, value_text(date_iso8601_offset(call->arena, c->last_modified)));
    set(&out, FunctionConfiguration_Version, value_text(version));
    set(&out, FunctionConfiguration_RevisionId, value_text(c->revision_id));
    set(&out, FunctionConfiguration_PackageType, value_text("Zip"));
    (void)value_push(call->arena, &list, value_text(c->architecture));
    set(&out, FunctionConfiguration_Architectures, list);
    set(&out, FunctionConfiguration_EphemeralStorage,
        one(call, SHAPE_EphemeralStorage, EphemeralStorage_Size, value_integer(c->storage)));
    set(&out, FunctionConfiguration_TracingConfig,
        one(call, SHAPE_TracingConfigResponse, TracingConfigResponse_Mode, value_text(c->tracing)));
    set(&out, FunctionConfiguration_RuntimeVersionConfig,
        one(call, SHAPE_RuntimeVersionConfig, RuntimeVersionConfig_RuntimeVersionArn, value_text(runtime_version_arn(call, c))));
    snap = one(call, SHAPE_SnapStartResponse, SnapStartResponse_ApplyOn, value_text(c->snap_start));
    set(&snap, SnapStartResponse_OptimizationStatus, value_text("Off"));
    set(&out, FunctionConfiguration_SnapStart, snap);
    logging = one(call, SHAPE_LoggingConfig, LoggingConfig_LogFormat, value_text(c->log_format));
    set(&logging, LoggingConfig_LogGroup, value_text(c->log_group));
    set(&logging, LoggingConfig_ApplicationLogLevel, value_text(c->application_level));
    set(&logging, LoggingConfig_SystemLogLevel, value_text(c->system_level));
    set(&out, FunctionConfiguration_LoggingConfig, logging);
    if (c->environment != NULL)
        set(&out, FunctionConfiguration_Environment,
            one(call, SHAPE_EnvironmentResponse, EnvironmentResponse_Variables, parsed(call, c->environment)));
    if (c->dead_letter != NULL)
        set(&out, FunctionConfiguration_DeadLetterConfig,
            one(call, SHAPE_DeadLetterConfig, DeadLetterConfig_TargetArn, value_text(c->dead_letter)));
    if (c->vpc != NULL)
        set(&out, FunctionConfiguration_VpcConfig, vpc_output(call, c->vpc));
    set(&out, FunctionConfiguration_KMSKeyArn, value_text(c->kms_key));
    set_state(&out, c, view);
    return out;
}

void configuration_answer(struct call *call, const struct configuration *c, enum configuration_view view, bool is_qualified)
{
    call->output = configuration_output(call, c, view, is_qualified);
    call->arn = configuration_arn(call->arena, c);
}
