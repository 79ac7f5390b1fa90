#include "services/sqs/visibility.h"

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/batch.h"
#include "services/sqs/counts.h"
#include "services/sqs/group.h"
#include "services/sqs/receipt.h"
#include "services/sqs/receive.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/tenant.h"
#include "services/sqs/waiting.h"

static struct query find_query = QUERY("SELECT epoch, token, visible_at, receives, received, sent_at, message_group FROM message WHERE id = ?");
static struct query change_query = QUERY("UPDATE message SET visible_at = ?1, position = iif(message_group IS NULL, NULL, ?1) WHERE id = ?2");
static struct query change_fifo = QUERY("UPDATE message SET visible_at = ? WHERE id = ?");

bool receipt_of_queue(struct call *call, const struct queue *queue, const char *handle, struct receipt *receipt, struct problem *problem)
{
    if (receipt_parse(call->arena, handle, receipt) && receipt->queue == queue->id)
        return true;
    return problem_set(problem, call->arena, &receipt_handle_is_invalid, "The input receipt handle \"%s\" is not a valid receipt handle.", handle);
}

/* Standard queues: any handle of the message does, also an old one, and also after the timeout: AWS answers 200 then, and the message is hidden again. FIFO: only
 * the handle of the last receive, while the message is in flight. */
static bool change(struct call *call, const struct queue *queue, const char *handle, int64_t timeout, struct problem *problem)
{
    int64_t now = clock_now(), visible_at = now + timeout * 1000;
    struct receipt receipt;

    if (timeout < 0 || timeout > VISIBILITY_MAX)
        return problem_set(problem, call->arena, &invalid_parameter_value,
                           "Value %lld for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.", (long long)timeout);
    if (!receipt_of_queue(call, queue, handle, &receipt, problem))
        return false;
    query_start(&find_query, "i", receipt.message);
    bool found = query_step(&find_query) && query_integer(&find_query, 0) == queue->epoch && query_integer(&find_query, 1) == receipt.token;
    int64_t before = found ? query_integer(&find_query, 2) : 0;
    bool was_delayed = found && query_integer(&find_query, 3) == 0;
    int64_t received = found ? query_integer(&find_query, 4) : 0;
    if (found && query_integer(&find_query, 5) + queue->retention * 1000 <= now)
        found = false; /* expired, and not yet swept */
    if (found && queue->is_fifo && (query_integer(&find_query, 3) != receipt.receive || before <= now))
        found = false;
    int64_t group = found ? query_integer(&find_query, 6) : 0;
    query_end(&find_query);
    if (!found)
        return problem_set(problem, call->arena, &invalid_parameter_value,
                           "Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.",
                           handle);
    if (visible_at > received + (int64_t)VISIBILITY_MAX * 1000)
        return problem_set(problem, call->arena, &invalid_parameter_value,
                           "Value %lld for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
                           (long long)timeout);
    (void)query_run(queue->is_fifo ? &change_fifo : &change_query, "ii", visible_at, receipt.message);
    if (before > now)
        counts_hide(queue, before, was_delayed ? -1 : 0, was_delayed ? 0 : -1);
    if (visible_at > now)
        counts_hide(queue, visible_at, 0, 1);
    if (queue->is_fifo)
        group_refresh(group);
    else
        tenant_refresh(group);
    waiting_notice(queue->id);
    return true;
}

enum outcome change_message_visibility(struct call *call)
{
    struct problem problem = {0};
    struct queue queue;

    if (!queue_of_call(call, input_text(call, ChangeMessageVisibilityRequest_QueueUrl), &queue))
        return FAILED;
    if (!change(call, &queue, input_text(call, ChangeMessageVisibilityRequest_ReceiptHandle),
                input_integer(call, ChangeMessageVisibilityRequest_VisibilityTimeout, 0), &problem))
        return problem_fail(call, &problem);
    return answer(call);
}

static bool change_entry(struct call *call, const struct queue *queue, const struct value *entry, struct value *result, struct problem *problem)
{
    if (at(entry, ChangeMessageVisibilityBatchRequestEntry_VisibilityTimeout) == NULL)
        return problem_set(problem, call->arena, &missing_parameter, "The request must contain the parameter VisibilityTimeout.");
    if (!change(call, queue, at_text(entry, ChangeMessageVisibilityBatchRequestEntry_ReceiptHandle),
                at_integer(entry, ChangeMessageVisibilityBatchRequestEntry_VisibilityTimeout, 0), problem))
        return false;
    *result = call_struct(call, SHAPE_ChangeMessageVisibilityBatchResultEntry);
    set(result, ChangeMessageVisibilityBatchResultEntry_Id, value_text(at_text(entry, ChangeMessageVisibilityBatchRequestEntry_Id)));
    return true;
}

enum outcome change_message_visibility_batch(struct call *call)
{
    static const struct batch batch = {.entry = "ChangeMessageVisibilityBatchRequestEntry",
                                       .url = ChangeMessageVisibilityBatchRequest_QueueUrl,
                                       .entries = ChangeMessageVisibilityBatchRequest_Entries,
                                       .id = ChangeMessageVisibilityBatchRequestEntry_Id,
                                       .successful = ChangeMessageVisibilityBatchResult_Successful,
                                       .failed = ChangeMessageVisibilityBatchResult_Failed,
                                       .run = change_entry};
    return batch_run(call, &batch);
}
