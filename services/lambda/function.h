/* Functions and their versions, as rows; loaded as snapshots into an arena.
 *
 * A row of function_version exists for $LATEST and for each published version. `revision` changes with every change of code or
 * configuration: an environment that was started for another revision is retired after its current event. */
#pragma once
#include "emulator/aws/call.h"

struct function {
    int64_t id;          /* row of the version: what environments are keyed by, with revision */
    int64_t function_id; /* row of the function: shared by all its versions */
    int64_t revision;
    const char *account, *region, *name;
    const char *version;       /* "$LATEST", "1" */
    const char *arn;           /* unqualified */
    const char *qualified_arn; /* with :version */
    const char *invoked_arn;   /* as asked for: with the qualifier given, if any */
    const char *runtime;       /* "python3.12", "provided.al2023" */
    const char *handler;       /* "" when not given */
    const char *role;
    const char *package_type; /* "Zip" */
    const char *package; /* directory with the unpacked code (content-addressed, shared, read-only), or the hot-reload directory;
                            NULL: not unpacked yet */
    bool is_hot_reload;  /* package is the user's own directory: a change of its files retires environments */
    int64_t code_size;   /* of the zip */
    int64_t memory_mb, timeout_s, storage_mb;
    int64_t reserved_concurrency; /* -1: none; zero is a value */
    struct value environment;     /* VALUE_MAP of text */
    const char *dead_letter_arn;  /* NULL: none */
    const char *tracing_mode;     /* "PassThrough" or "Active" */
    const char *architecture;
    const char *log_format;           /* "Text" or "JSON" */
    const char *log_group;            /* "/aws/lambda/NAME" or the configured one */
    const char *state, *state_reason; /* "Pending", "Active", "Failed" */
    const char *const
        *layers; /* unpacked layer directories, NULL-terminated, in order; layers are refused until their issue: empty */
};

/* By name, partial ARN (account:function:name) or ARN, each with an optional :qualifier; `qualifier` may be NULL. Versions now;
 * aliases are refused by name until their issue. False: fail() was called with AWS's error (ResourceNotFoundException, a validation
 * message, or a qualifier given twice that differs). */
bool function_resolve(struct call *call, const char *name, const char *qualifier, struct function *function);
/* The same row again, by id, in another arena: false when it is gone. */
bool function_load(struct arena *arena, int64_t id, struct function *function);
/* Current $LATEST or version by parts, without a call: for asynchronous work. */
bool function_find(struct arena *arena, const char *account, const char *region, const char *name, const char *version,
                   struct function *function);

/* Code is being unpacked by a child (package NULL, state "Pending", or "Active" after an update): parks the call, so the operation
 * ends with `return PARKED` right after it; `run` runs when the state has changed. When it has failed, state is "Failed" and
 * package stays NULL. */
void function_when_ready(int64_t id, struct call *call, enum outcome (*run)(struct call *call));

/* The same for work that has no call. The owner embeds it; `ready` runs once, at the end of a turn, outside any transaction. */
struct function_waiter {
    void (*ready)(struct function_waiter *waiter);
    int64_t id; /* of the version; set by function_wait() */
    TAILQ_ENTRY(function_waiter) others;
    bool is_waiting;
};
void function_wait(struct function_waiter *waiter, int64_t id);
void function_wait_cancel(struct function_waiter *waiter); /* idempotent */

extern const struct aws_error lambda_resource_not_found, lambda_resource_conflict, lambda_invalid_parameter,
    lambda_too_many_requests, lambda_invalid_request_content, lambda_request_too_large, lambda_service_exception,
    lambda_precondition_failed;
