#include "services/lambda/errors.h"

#include <stdarg.h>
#include <stdio.h>

#include "emulator/aws/protocol.h"

const struct aws_error lambda_resource_not_found = {.code = "ResourceNotFoundException", .status = 404};
const struct aws_error lambda_resource_conflict = {.code = "ResourceConflictException", .status = 409};
const struct aws_error lambda_invalid_parameter = {.code = "InvalidParameterValueException", .status = 400};
const struct aws_error lambda_too_many_requests = {.code = "TooManyRequestsException", .status = 429};
const struct aws_error lambda_invalid_request_content = {.code = "InvalidRequestContentException", .status = 400};
const struct aws_error lambda_request_too_large = {.code = "RequestTooLargeException", .status = 413};
const struct aws_error lambda_service_exception = {.code = "ServiceException", .status = 500, .is_receiver = true};
const struct aws_error lambda_precondition_failed = {.code = "PreconditionFailedException", .status = 412};
const struct aws_error lambda_access_denied = {.code = "AccessDeniedException", .status = 403};
const struct aws_error lambda_policy_length = {.code = "PolicyLengthExceededException", .status = 400};
const struct aws_error lambda_code_too_large = {.code = "RequestEntityTooLargeException", .status = 413};

enum { MESSAGE_LIMIT = 64 * 1024 };

enum outcome lambda_fail(struct call *call, const struct aws_error *error, const char *format, ...)
{
    struct buffer message;
    char text[2048];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_init(&message, MESSAGE_LIMIT);
    if (size >= (int)sizeof text) {
        char *room = buffer_space(&message, (size_t)size + 1);

        if (room != NULL) {
            va_start(arguments, format);
            (void)vsnprintf(room, (size_t)size + 1, format, arguments);
            va_end(arguments);
        }
    }
    fail_field(call, "Type", error->is_receiver ? "Service" : "User");
    enum outcome outcome = fail(call, error, "%s", message.size > 0 ? message.text : text);
    buffer_free(&message);
    return outcome;
}

enum outcome lambda_invalid(struct call *call, const char *value, const char *where, const char *constraint)
{
    return fail(call, &error_validation, "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value,
                where, constraint);
}

enum outcome lambda_stale_revision(struct call *call)
{
    return lambda_fail(
        call, &lambda_precondition_failed,
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the "
        "latest Revision Id");
}
