/* The configuration of one version of a function: a row of function_version, as AWS's FunctionConfiguration shows it.
 *
 * Loaded into an arena, changed, saved. What the customer may set is read and checked by settings_read() (settings.c). */
#pragma once
#include "services/lambda/function.h"

struct configuration {
    int64_t id, function_id, revision;
    const char *account, *region, *name;
    int64_t version; /* 0: $LATEST */
    const char *revision_id;
    int64_t last_modified;
    const char *description, *runtime, *handler, *role, *architecture;
    const char *package;     /* SHA-256 of the zip in hex, or NULL: hot reload */
    const char *directory;   /* hot reload: the user's own */
    const char *code_sha256; /* base64 */
    int64_t code_size;
    bool is_unpacked;
    int64_t memory, timeout, storage;
    const char *environment; /* JSON object, or NULL: never given */
    const char *dead_letter; /* ARN or NULL */
    const char *tracing, *snap_start;
    const char *log_format, *log_group, *application_level, *system_level; /* levels: NULL when not given */
    const char *vpc; /* JSON {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": false}, or NULL */
    const char *kms_key;
    const char *state, *state_reason, *state_code; /* reason and code: NULL when there is none */
    const char *update_status, *update_reason, *update_code;
};

bool configuration_load(struct arena *arena, int64_t id, struct configuration *configuration); /* false: no such row */
/* Fills id. Both want a transaction. */
void configuration_insert(struct configuration *configuration);
/* Everything but id, function and version; a new revision and revision id have been set with configuration_touch(). */
void configuration_save(const struct configuration *configuration);
void configuration_touch(struct arena *arena, struct configuration *configuration);

/* The row as it is, or as the answer of the operation that has just changed it: AWS reports work in progress there, whatever
 * follows. */
enum configuration_view { VIEW_CURRENT, VIEW_CREATED, VIEW_UPDATED };
struct value configuration_output(struct call *call, const struct configuration *configuration, enum configuration_view view,
                                  bool is_qualified);
/* The same into the output of an operation that answers with a FunctionConfiguration. */
void configuration_answer(struct call *call, const struct configuration *configuration, enum configuration_view view,
                          bool is_qualified);

const char *configuration_arn(struct arena *arena, const struct configuration *configuration);     /* without the version */
const char *configuration_version(struct arena *arena, const struct configuration *configuration); /* "$LATEST", "1" */

/* What CreateFunction and UpdateFunctionConfiguration have in common: members that were sent, NULL for the others. */
struct settings {
    const struct value *description, *runtime, *handler, *role, *memory, *timeout, *storage, *environment, *dead_letter, *tracing,
        *logging, *snap_start, *vpc, *kms_key;
};
/* Checks them as AWS does and puts them into the configuration. False: fail() was called. */
bool settings_read(struct call *call, const struct settings *settings, struct configuration *configuration);
