#include "services/sqs/batch.h"

#include <ctype.h>
#include <string.h>

#include "services/sqs/message.h"
#include "services/sqs/message_attributes.h"
#include "services/sqs/sqs_model.h"

enum { ID_MAX = 80 };

static bool is_id(const char *id)
{
    size_t size = id == NULL ? 0 : strlen(id);

    if (size == 0 || size > ID_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)id[i]) && id[i] != '-' && id[i] != '_')
            return false;
    return true;
}

bool batch_start(struct call *call, const struct batch *batch, struct queue *queue, const struct value **entries)
{
    if (!queue_of_call(call, input_text(call, batch->url), queue))
        return false;
    *entries = input_at(call, batch->entries);
    uint32_t count = *entries == NULL ? 0 : (*entries)->size;
    if (count == 0) {
        (void)fail(call, &empty_batch_request, "There should be at least one %s in the request.", batch->entry);
        return false;
    }
    if (count > BATCH_MAX) {
        (void)fail(call, &too_many_entries, "Maximum number of entries per request are %d. You have sent %u.", BATCH_MAX, count);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const char *id = at_text(&(*entries)->items[i], batch->id);

        if (!is_id(id)) {
            (void)fail(call, &invalid_batch_entry_id,
                       "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.");
            return false;
        }
        for (uint32_t j = 0; j < i; j++)
            if (text_equal(id, at_text(&(*entries)->items[j], batch->id))) {
                (void)fail(call, &batch_entry_ids_not_distinct, "Id %s repeated.", id);
                return false;
            }
    }
    return true;
}

struct value batch_failure(struct call *call, const char *id, const struct problem *problem)
{
    struct value failure = call_struct(call, SHAPE_BatchResultErrorEntry);

    set(&failure, BatchResultErrorEntry_Id, value_text(id));
    set(&failure, BatchResultErrorEntry_SenderFault, value_bool(!problem->error->is_receiver));
    set(&failure, BatchResultErrorEntry_Code, value_text(problem->error->query_code != NULL ? problem->error->query_code : problem->error->code));
    set(&failure, BatchResultErrorEntry_Message, value_text(problem->message));
    return failure;
}

/* Absent when empty, as recorded from AWS. */
static void put_results(struct call *call, const struct batch *batch, struct value successful, struct value failed)
{
    if (successful.size > 0)
        output_set(call, batch->successful, successful);
    if (failed.size > 0)
        output_set(call, batch->failed, failed);
}

enum outcome batch_run(struct call *call, const struct batch *batch)
{
    struct value successful = value_list(), failed = value_list();
    const struct value *entries;
    struct queue queue;

    if (!batch_start(call, batch, &queue, &entries))
        return FAILED;
    for (uint32_t i = 0; i < entries->size; i++) {
        struct problem problem = {0};
        struct value result;

        if (batch->run(call, &queue, &entries->items[i], &result, &problem))
            value_push(call->arena, &successful, result);
        else
            value_push(call->arena, &failed, batch_failure(call, at_text(&entries->items[i], batch->id), &problem));
    }
    put_results(call, batch, successful, failed);
    return answer(call);
}

/* --- SendMessageBatch ------------------------------------------------------------------------------------------------------------ */

static const struct message_members members = {SendMessageBatchRequestEntry_MessageBody,       SendMessageBatchRequestEntry_DelaySeconds,
                                               SendMessageBatchRequestEntry_MessageAttributes, SendMessageBatchRequestEntry_MessageSystemAttributes,
                                               SendMessageBatchRequestEntry_MessageGroupId,    SendMessageBatchRequestEntry_MessageDeduplicationId};

static struct value sent(struct call *call, const char *id, const struct message *message)
{
    struct value result = call_struct(call, SHAPE_SendMessageBatchResultEntry);

    set(&result, SendMessageBatchResultEntry_Id, value_text(id));
    set(&result, SendMessageBatchResultEntry_MessageId, value_text(arena_text(call->arena, message->id)));
    set(&result, SendMessageBatchResultEntry_MD5OfMessageBody, value_text(message->body_digest));
    set(&result, SendMessageBatchResultEntry_MD5OfMessageAttributes, value_text(message_attributes_digest(call->arena, message->attributes)));
    set(&result, SendMessageBatchResultEntry_MD5OfMessageSystemAttributes, value_text(message_attributes_digest(call->arena, message->system_attributes)));
    if (message->position != 0)
        set(&result, SendMessageBatchResultEntry_SequenceNumber, value_text(message_sequence_number(call->arena, message->position)));
    return result;
}

/* Bytes of all entries, good ones or not, as they count against the limit of a batch. */
static int64_t batch_bytes(const struct value *entries)
{
    int64_t bytes = 0;

    for (uint32_t i = 0; i < entries->size; i++) {
        const struct value *body = at(&entries->items[i], members.body), *attributes = at(&entries->items[i], members.attributes);

        bytes += body == NULL ? 0 : (int64_t)body->size;
        for (uint32_t j = 0; attributes != NULL && j < attributes->size; j++) {
            const struct value *attribute = &attributes->items[2 * j + 1];
            const struct value *parts[] = {&attributes->items[2 * j], at(attribute, MessageAttributeValue_DataType),
                                           at(attribute, MessageAttributeValue_StringValue), at(attribute, MessageAttributeValue_BinaryValue)};

            for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
                bytes += parts[k] == NULL ? 0 : (int64_t)parts[k]->size;
        }
    }
    return bytes;
}

enum outcome send_message_batch(struct call *call)
{
    static const struct batch batch = {.entry = "SendMessageBatchRequestEntry",
                                       .url = SendMessageBatchRequest_QueueUrl,
                                       .entries = SendMessageBatchRequest_Entries,
                                       .id = SendMessageBatchRequestEntry_Id,
                                       .successful = SendMessageBatchResult_Successful,
                                       .failed = SendMessageBatchResult_Failed};
    struct value successful = value_list(), failed = value_list();
    struct message messages[BATCH_MAX];
    const struct value *entries;
    struct queue queue;
    size_t count = 0;

    if (!batch_start(call, &batch, &queue, &entries))
        return FAILED;
    int64_t bytes = batch_bytes(entries);
    if (bytes > MESSAGE_BATCH_BYTES)
        return fail(call, &batch_request_too_long, "Batch requests cannot be longer than %d bytes. You have sent %lld bytes.", MESSAGE_BATCH_BYTES,
                    (long long)bytes);
    for (uint32_t i = 0; i < entries->size; i++) {
        const struct value *entry = &entries->items[i];
        const char *id = at_text(entry, batch.id);
        struct problem problem = {0};

        if (!message_read(call, &queue, entry, &members, true, &messages[count], &problem)) {
            value_push(call->arena, &failed, batch_failure(call, id, &problem));
            continue;
        }
        if (!message_store(call, &queue, &messages[count], &problem))
            return problem_fail(call, &problem);
        value_push(call->arena, &successful, sent(call, id, &messages[count++]));
    }
    if (count > 0)
        messages_came(&queue, messages, count);
    put_results(call, &batch, successful, failed);
    return answer(call);
}
