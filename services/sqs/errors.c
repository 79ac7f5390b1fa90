#include "services/sqs/errors.h"

#include <stdarg.h>
#include <stdio.h>

#define SIMPLE "AWS.SimpleQueueService."

const struct aws_error queue_does_not_exist = {"QueueDoesNotExist", 400, SIMPLE "NonExistentQueue", false};
const struct aws_error queue_name_exists = {"QueueNameExists", 400, "QueueAlreadyExists", false};
const struct aws_error queue_deleted_recently = {"QueueDeletedRecently", 400, SIMPLE "QueueDeletedRecently", false};
const struct aws_error purge_queue_in_progress = {"PurgeQueueInProgress", 403, SIMPLE "PurgeQueueInProgress", false};
const struct aws_error over_limit = {"OverLimit", 403, "OverLimit", false};
const struct aws_error batch_entry_ids_not_distinct = {"BatchEntryIdsNotDistinct", 400, SIMPLE "BatchEntryIdsNotDistinct", false};
const struct aws_error batch_request_too_long = {"BatchRequestTooLong", 400, SIMPLE "BatchRequestTooLong", false};
const struct aws_error empty_batch_request = {"EmptyBatchRequest", 400, SIMPLE "EmptyBatchRequest", false};
const struct aws_error invalid_batch_entry_id = {"InvalidBatchEntryId", 400, SIMPLE "InvalidBatchEntryId", false};
const struct aws_error too_many_entries = {"TooManyEntriesInBatchRequest", 400, SIMPLE "TooManyEntriesInBatchRequest", false};
const struct aws_error unsupported_operation = {"UnsupportedOperation", 400, SIMPLE "UnsupportedOperation", false};
const struct aws_error invalid_attribute_name = {"InvalidAttributeName", 400, NULL, false};
const struct aws_error invalid_attribute_value = {"InvalidAttributeValue", 400, NULL, false};
const struct aws_error invalid_message_contents = {"InvalidMessageContents", 400, NULL, false};
const struct aws_error receipt_handle_is_invalid = {"ReceiptHandleIsInvalid", 400, NULL, false};
const struct aws_error invalid_parameter_value = {"InvalidParameterValueException", 400, "InvalidParameterValue", false};
const struct aws_error missing_parameter = {"MissingRequiredParameterException", 400, "MissingParameter", false};
const struct aws_error access_denied = {"AccessDeniedException", 403, "AccessDenied", false};
const struct aws_error resource_not_found = {"ResourceNotFoundException", 404, NULL, false};
const struct aws_error not_implemented = {"NotImplementedException", 501, NULL, true};

bool problem_set(struct problem *problem, struct arena *arena, const struct aws_error *error, const char *format, ...)
{
    va_list arguments, again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *message = arena_alloc(arena, (size_t)size + 1);
    (void)vsnprintf(message, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
    problem->error = error;
    problem->message = message;
    return false;
}

enum outcome problem_fail(struct call *call, const struct problem *problem)
{
    return fail(call, problem->error, "%s", problem->message);
}

/* Recorded: the two protocols word this one differently. */
enum outcome fail_no_queue(struct call *call)
{
    return fail(call, &queue_does_not_exist, "%s",
                call->protocol == PROTOCOL_QUERY ? "The specified queue does not exist for this wsdl version."
                                                 : "The specified queue does not exist.");
}
