/* Running functions: what the other files of this service may ask of the execution side. */
#pragma once
#include "services/lambda/function.h"

/* Operations. */
enum outcome lambda_invoke(struct call *call);
enum outcome lambda_invoke_async_legacy(struct call *call); /* InvokeAsync */
enum outcome lambda_put_function_event_invoke_config(struct call *call);
enum outcome lambda_update_function_event_invoke_config(struct call *call);
enum outcome lambda_get_function_event_invoke_config(struct call *call);
enum outcome lambda_delete_function_event_invoke_config(struct call *call);
enum outcome lambda_list_function_event_invoke_configs(struct call *call);

/* A version was changed or deleted: its idle environments end now, busy ones after their event. */
void environments_retire(int64_t function_version_id);
/* A function is going with all its versions, inside the caller's transaction: what the execution side keeps about it goes too. */
void execution_function_deleted(const char *account, const char *region, const char *name, int64_t function_id);

/* Hooks of the service that concern execution; lambda.c calls them. */
bool execution_claim(struct exchange *exchange); /* the Runtime API, known by the local address */
void execution_start(void);
void execution_reset(void);
void execution_stop(void);
struct pending;
void execution_pending(struct pending *pending);
extern const char execution_schema[]; /* one script: async events, event invoke configs: part of lambda.c's schema list */

/* --cold-start, --max-environments, --isolation, --runner and the like; set by the command line before aws_start(). */
struct execution_options {
    enum { COLD_START_REAL, COLD_START_MODEL, COLD_START_FIXED } cold_start;
    int64_t cold_start_ms;       /* FIXED */
    int64_t max_environments;    /* 64 */
    int64_t idle_ms;             /* emulated idle time after which an environment is evicted; 300 s */
    const char *runner;          /* command prefix, or NULL */
    const char *launcher, *stdio, *runtimes, *unpack; /* paths of our own programs and of the runtimes' directory */
    int isolation;               /* enum process_isolation: at most this */
};
extern struct execution_options execution_options;
