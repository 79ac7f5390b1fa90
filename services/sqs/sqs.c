/* Amazon SQS. Each noun has its file: queue, attributes, message, group, deduplication, receive, take, attempt, waiting, visibility, deletion, batch, redrive,
 * move_task, tags, permission. */
#include "emulator/aws/service.h"
#include "services/sqs/attributes.h"
#include "services/sqs/batch.h"
#include "services/sqs/browse.h"
#include "services/sqs/deletion.h"
#include "services/sqs/message.h"
#include "services/sqs/move_task.h"
#include "services/sqs/peek.h"
#include "services/sqs/permission.h"
#include "services/sqs/purge.h"
#include "services/sqs/receive.h"
#include "services/sqs/redrive.h"
#include "services/sqs/schema.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/tags.h"
#include "services/sqs/visibility.h"
#include "services/sqs/waiting.h"

/* A message of 1 MiB whose every byte is escaped: three bytes each as a form, six as JSON. */
enum { LARGE_BODY = 8 * 1024 * 1024 };

static const struct operation_row rows[] = {
    {.operation = OP_CreateQueue, .run = create_queue},
    {.operation = OP_GetQueueUrl, .run = get_queue_url},
    {.operation = OP_ListQueues, .run = list_queues},
    {.operation = OP_DeleteQueue, .run = delete_queue},
    {.operation = OP_PurgeQueue, .run = purge_queue},
    {.operation = OP_GetQueueAttributes, .run = get_queue_attributes},
    {.operation = OP_SetQueueAttributes, .run = set_queue_attributes},
    {.operation = OP_SendMessage, .run = send_message, .body_limit = LARGE_BODY},
    {.operation = OP_SendMessageBatch, .run = send_message_batch, .body_limit = LARGE_BODY},
    {.operation = OP_ReceiveMessage, .run = receive_message},
    {.operation = OP_DeleteMessage, .run = delete_message},
    {.operation = OP_DeleteMessageBatch, .run = delete_message_batch},
    {.operation = OP_ChangeMessageVisibility, .run = change_message_visibility},
    {.operation = OP_ChangeMessageVisibilityBatch, .run = change_message_visibility_batch},
    {.operation = OP_ListDeadLetterSourceQueues, .run = list_dead_letter_source_queues},
    {.operation = OP_StartMessageMoveTask, .run = start_message_move_task},
    {.operation = OP_ListMessageMoveTasks, .run = list_message_move_tasks},
    {.operation = OP_CancelMessageMoveTask, .run = cancel_message_move_task},
    {.operation = OP_TagQueue, .run = tag_queue},
    {.operation = OP_UntagQueue, .run = untag_queue},
    {.operation = OP_ListQueueTags, .run = list_queue_tags},
    {.operation = OP_AddPermission, .run = add_permission},
    {.operation = OP_RemovePermission, .run = remove_permission},
    {.run = NULL},
};

static void start(void)
{
    purge_start();
    move_task_start();
}

static void reset(void)
{
    waiting_reset();
    purge_reset();
    move_task_reset();
}

static void pending(struct pending *list)
{
    waiting_pending(list);
    move_task_pending(list);
}

extern const struct service sqs_service;
const struct service sqs_service = {
    .name = "sqs",
    .model = &sqs_model,
    .operations = rows,
    .schema = sqs_schema,
    .schema_count = SQS_MIGRATIONS,
    .start = start,
    .reset = reset,
    .stop = reset,
    .pending = pending,
    .claim = browse_claim,
    .peek = sqs_peek,
};
