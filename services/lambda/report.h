/* The platform's own log lines: INIT_START, INIT_REPORT, START, END, REPORT, as text or, when the function logs JSON, as objects. */
#pragma once
#include "services/lambda/invocation.h"
#include "services/lambda/output.h"

void report_init_start(struct output *output, const struct function *function);
/* phase: "init", or "invoke" when init is done again within an invocation; status: "timeout" or "error" with its type. */
void report_init(struct output *output, const struct function *function, int64_t init_ns, const char *phase, const char *status, const char *error_type);
void report_start(struct output *output, const struct invocation *invocation);

struct report {
    int64_t duration_ns;
    int64_t init_ns;        /* -1: this was no cold start */
    int64_t peak_bytes;
    const char *status;     /* "success", "timeout" or "error" */
    const char *error_type; /* of an error of the platform's */
};
void report_end(struct output *output, const struct invocation *invocation, const struct report *report);

/* "2026-01-02T03:04:05.678Z ID Task timed out after 3.00 seconds" */
void report_timeout(struct output *output, const struct invocation *invocation);
/* "RequestId: ID Error: MESSAGE" and the type */
void report_error(struct output *output, const struct invocation *invocation, const char *type, const char *message);
