/* The errors of this service that the control side answers with; those shared with the execution side are in function.h.
 *
 * Lambda's own errors carry a member Type: lambda_fail() is fail() with it. */
#pragma once
#include "services/lambda/function.h"

extern const struct aws_error lambda_access_denied, lambda_policy_length, lambda_code_too_large;

enum outcome lambda_fail(struct call *call, const struct aws_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One broken constraint, worded as AWS's front end words it: "1 validation error detected: Value 'x' at 'timeout' failed to satisfy
 * constraint: ...". */
enum outcome lambda_invalid(struct call *call, const char *value, const char *where, const char *constraint);
/* RevisionId is not the current one. */
enum outcome lambda_stale_revision(struct call *call);
