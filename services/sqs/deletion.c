#include "services/sqs/deletion.h"

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/batch.h"
#include "services/sqs/receipt.h"
#include "services/sqs/retention.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/visibility.h"
#include "services/sqs/waiting.h"

static struct query find_query = QUERY("SELECT epoch, token, visible_at, receives, blob, sent_at, message_group FROM message WHERE id = ?");

/* Standard queues: any handle of the message deletes it, also an old one and also after the timeout. FIFO: only the handle of the last receive, and only while the
 * message is in flight. Deleting what is gone is no error. */
static bool delete_by(struct call *call, const struct queue *queue, const char *handle, struct problem *problem)
{
    struct receipt receipt;

    if (!receipt_of_queue(call, queue, handle, &receipt, problem))
        return false;
    query_start(&find_query, "i", receipt.message);
    bool found = query_step(&find_query) && query_integer(&find_query, 0) == queue->epoch && query_integer(&find_query, 1) == receipt.token;
    struct standing message = {.id = receipt.message};
    if (found) {
        message.visible_at = query_integer(&find_query, 2);
        message.receives = query_integer(&find_query, 3);
        message.blob = query_integer(&find_query, 4);
        message.sent_at = query_integer(&find_query, 5);
        message.group = query_integer(&find_query, 6);
    }
    query_end(&find_query);
    if (!found || message.sent_at + queue->retention * 1000 <= clock_now())
        return true;
    if (queue->is_fifo && (message.receives != receipt.receive || message.visible_at <= clock_now()))
        return problem_set(problem, call->arena, &invalid_parameter_value,
                           "Value %s for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.", handle);
    message_remove(queue, &message);
    waiting_notice(queue->id);
    return true;
}

enum outcome delete_message(struct call *call)
{
    struct problem problem = {0};
    struct queue queue;

    if (!queue_of_call(call, input_text(call, DeleteMessageRequest_QueueUrl), &queue))
        return FAILED;
    if (!delete_by(call, &queue, input_text(call, DeleteMessageRequest_ReceiptHandle), &problem))
        return problem_fail(call, &problem);
    return answer(call);
}

static bool delete_entry(struct call *call, const struct queue *queue, const struct value *entry, struct value *result, struct problem *problem)
{
    if (!delete_by(call, queue, at_text(entry, DeleteMessageBatchRequestEntry_ReceiptHandle), problem))
        return false;
    *result = call_struct(call, SHAPE_DeleteMessageBatchResultEntry);
    set(result, DeleteMessageBatchResultEntry_Id, value_text(at_text(entry, DeleteMessageBatchRequestEntry_Id)));
    return true;
}

enum outcome delete_message_batch(struct call *call)
{
    static const struct batch batch = {.entry = "DeleteMessageBatchRequestEntry",
                                       .url = DeleteMessageBatchRequest_QueueUrl,
                                       .entries = DeleteMessageBatchRequest_Entries,
                                       .id = DeleteMessageBatchRequestEntry_Id,
                                       .successful = DeleteMessageBatchResult_Successful,
                                       .failed = DeleteMessageBatchResult_Failed,
                                       .run = delete_entry};
    return batch_run(call, &batch);
}
