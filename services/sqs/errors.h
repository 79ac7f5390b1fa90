/* The errors of SQS, each listed once, and a way to carry one that concerns a single entry of a batch.
 *
 * Codes and statuses: botocore's model; the Query codes are not in it and come from AWS's "SQS JSON protocol" page. */
#pragma once
#include "emulator/aws/call.h"

extern const struct aws_error queue_does_not_exist, queue_name_exists, queue_deleted_recently, purge_queue_in_progress, over_limit,
    batch_entry_ids_not_distinct, batch_request_too_long, empty_batch_request, invalid_batch_entry_id, too_many_entries,
    unsupported_operation, invalid_attribute_name, invalid_attribute_value, invalid_message_contents, receipt_handle_is_invalid,
    invalid_parameter_value, missing_parameter, access_denied, resource_not_found, not_implemented;

/* What is wrong with one message or one entry: the caller fails the call with it, or reports it beside the entries that went well. */
struct problem {
    const struct aws_error *error; /* NULL: nothing */
    const char *message;
};

/* Sets the problem and gives false, so that a check ends with `return problem_set(...)`. The text lives in the arena. */
bool problem_set(struct problem *problem, struct arena *arena, const struct aws_error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
enum outcome problem_fail(struct call *call, const struct problem *problem);

/* fail() with QueueDoesNotExist in the words of the call's protocol. */
enum outcome fail_no_queue(struct call *call);
