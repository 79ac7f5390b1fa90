#include "services/sqs/message.h"

#include <ctype.h>
#include <string.h>

#include "emulator/aws/protocol.h"
#include "emulator/base/digest.h"
#include "emulator/base/id.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/body.h"
#include "services/sqs/counts.h"
#include "services/sqs/deduplication.h"
#include "services/sqs/group.h"
#include "services/sqs/message_attributes.h"
#include "services/sqs/sender.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/tenant.h"
#include "services/sqs/waiting.h"

enum { DELAY_MAX = 900, GROUP_MAX = 128 };

/* --- checking ------------------------------------------------------------------------------------------------------------------ */

static bool check_body(struct call *call, struct bytes body, bool is_entry, struct problem *problem)
{
    uint32_t character;

    if (body.size == 0)
        return problem_set(problem, call->arena, is_entry ? &invalid_parameter_value : &missing_parameter,
                           "The request must contain the parameter MessageBody.");
    if (!message_text_is_valid(body, &character))
        return problem_set(problem, call->arena, &invalid_message_contents,
                           "Invalid binary character '#x%X' was found in the message body, the set of allowed characters is"
                           " #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
                           character);
    return true;
}

/* Group and deduplication ids: 1 to 128 letters, digits and punctuation. */
static bool check_identifier(struct call *call, const char *name, const char *text, struct problem *problem)
{
    size_t size = strlen(text);
    bool is_good = size >= 1 && size <= GROUP_MAX;

    for (size_t i = 0; i < size && is_good; i++)
        is_good = isgraph((unsigned char)text[i]) != 0;
    if (is_good)
        return true;
    return problem_set(problem, call->arena, &invalid_parameter_value,
                       "Value %s for parameter %s is invalid. Reason: %s can only include alphanumeric and punctuation characters. 1 to 128 in length.",
                       text, name, name);
}

static bool check_deduplication(struct call *call, const struct queue *queue, const char *id, struct problem *problem)
{
    if (!queue->is_fifo && id != NULL)
        return problem_set(problem, call->arena, &invalid_parameter_value,
                           "Value %s for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.",
                           id);
    if (queue->is_fifo && id == NULL && !queue->has_content_deduplication)
        return problem_set(problem, call->arena, &invalid_parameter_value,
                           "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    return id == NULL || check_identifier(call, "MessageDeduplicationId", id, problem);
}

bool message_read(struct call *call, const struct queue *queue, const struct value *structure, const struct message_members *members, bool is_entry,
                  struct message *message, struct problem *problem)
{
    const struct value *body = at(structure, members->body);
    const struct value *system = at(structure, members->system_attributes);
    const char *deduplication = at_text(structure, members->deduplication);
    int64_t attributes_size, system_size;

    *message = (struct message){.body = body == NULL ? (struct bytes){NULL, 0} : value_as_bytes(body),
                                .delay = at_integer(structure, members->delay, queue->delay),
                                .group = at_text(structure, members->group),
                                .trace = call->trace_header};
    if (!check_body(call, message->body, is_entry, problem))
        return false;
    if (message->delay < 0 || message->delay > DELAY_MAX)
        return problem_set(problem, call->arena, &invalid_parameter_value,
                           "Value %lld for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", (long long)message->delay);
    if (queue->is_fifo && message->delay != 0 && at(structure, members->delay) != NULL)
        return problem_set(problem, call->arena, &invalid_parameter_value,
                           "Value %lld for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.",
                           (long long)message->delay);
    if (queue->is_fifo && message->group == NULL)
        return problem_set(problem, call->arena, is_entry ? &invalid_parameter_value : &missing_parameter,
                           "The request must contain the parameter MessageGroupId.");
    if (message->group != NULL && !check_identifier(call, "MessageGroupId", message->group, problem))
        return false;
    if (!check_deduplication(call, queue, deduplication, problem))
        return false;
    message->deduplication = deduplication;
    if (!message_attributes_encode(call->arena, at(structure, members->attributes), false, &message->attributes, &attributes_size, problem) ||
        !message_attributes_encode(call->arena, system, true, &message->system_attributes, &system_size, problem))
        return false;
    for (uint32_t i = 0; system != NULL && i < system->size; i++) {
        const char *type = at_text(&system->items[2 * i + 1], MessageSystemAttributeValue_DataType);

        if (!text_equal(system->items[2 * i].text, "AWSTraceHeader"))
            return problem_set(problem, call->arena, &invalid_parameter_value, "Message (system) attribute name '%s' is not valid: only AWSTraceHeader is.",
                               system->items[2 * i].text);
        if (!text_equal(type, "String"))
            return problem_set(problem, call->arena, &invalid_parameter_value, "Message (system) attribute 'AWSTraceHeader' must be of type 'String'.");
        message->trace = at_text(&system->items[2 * i + 1], MessageSystemAttributeValue_StringValue);
    }
    message->size = (int64_t)message->body.size + attributes_size;
    if (message->size > queue->maximum_size)
        return problem_set(problem, call->arena, &invalid_parameter_value, "One or more parameters %s. Reason: Message must be shorter than %lld bytes.",
                           is_entry ? "cannot be validated" : "are invalid", (long long)queue->maximum_size);
    return true;
}

/* --- storing ------------------------------------------------------------------------------------------------------------------- */

static struct query message_insert = QUERY("INSERT INTO message(epoch, visible_at, sent_at, receives, token, cause, blob) VALUES (?, ?, ?, 0, ?, ?, ?)");
static struct query message_insert_inline = QUERY("INSERT INTO message(epoch, visible_at, sent_at, receives, token, cause) VALUES (?, ?, ?, 0, ?, ?)");
static struct query message_insert_grouped = QUERY("INSERT INTO message(epoch, visible_at, sent_at, receives, token, cause, blob, message_group, position)"
                                                   " VALUES (?, ?, ?, 0, ?, ?, nullif(?, 0), ?, ?)");
static struct query position_put = QUERY("UPDATE queue SET position = ? WHERE id = ?");
static struct query body_insert = QUERY("INSERT INTO message_body(id, message_id, body, md5, attributes, sender, trace, group_id, deduplication_id)"
                                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");

char *message_sequence_number(struct arena *arena, int64_t position)
{
    return position == 0 ? NULL : arena_print(arena, "188%017lld", (long long)position * 256);
}

bool message_store(struct call *call, struct queue *queue, struct message *message, struct problem *problem)
{
    int64_t now = clock_now(), visible_at = now + message->delay * 1000;
    int64_t token = (int64_t)id_random(), cause = (int64_t)call->seq;

    message->body_digest = digest_hex(call->arena, DIGEST_MD5, message->body);
    if (queue->is_fifo && message->deduplication == NULL)
        message->deduplication = deduplication_of_content(call->arena, message->body);
    if (queue->is_fifo && deduplication_find(call->arena, queue, message)) {
        message->is_duplicate = true;
        return true;
    }
    int64_t blob = message_body_store(message->body);

    if (blob < 0)
        return problem_set(problem, call->arena, &error_storage_full, "The disk that holds the messages is full.");
    id_uuid_to(message->id);
    if (queue->is_fifo) {
        message->position = ++queue->position;
        int64_t group = group_join(queue, message->group, message->position, now);
        (void)query_run(&message_insert_grouped, "iiiiiiii", queue->epoch, now, now, token, cause, blob, group, message->position);
    } else if (message->group != NULL) {
        int64_t tenant = tenant_join(queue, message->group, visible_at);
        (void)query_run(&message_insert_grouped, "iiiiiiii", queue->epoch, visible_at, now, token, cause, blob, tenant, visible_at);
    } else if (blob == 0) {
        (void)query_run(&message_insert_inline, "iiiii", queue->epoch, visible_at, now, token, cause);
    } else {
        (void)query_run(&message_insert, "iiiiii", queue->epoch, visible_at, now, token, cause, blob);
    }
    (void)query_run(&body_insert, "itbtbtttt", store_last_id(), message->id, blob == 0 ? message->body : (struct bytes){NULL, 0}, message->body_digest,
                    message->attributes, sender_id(call), message->trace, message->group, message->deduplication);
    if (queue->is_fifo)
        deduplication_remember(call->arena, queue, message);
    return true;
}

void messages_came(const struct queue *queue, const struct message *messages, size_t count)
{
    int64_t now = clock_now(), came = 0;

    for (size_t i = 0; i < count; i++) {
        came += !messages[i].is_duplicate;
        if (messages[i].delay > 0 && !queue->is_fifo)
            counts_hide(queue, now + messages[i].delay * 1000, 1, 0);
    }
    if (came == 0)
        return;
    counts_add(queue->id, came, now);
    if (queue->is_fifo) {
        counts_fresh(queue, now, came);
        (void)query_run(&position_put, "ii", queue->position, queue->id);
    }
    waiting_notice(queue->id);
}

/* --- SendMessage --------------------------------------------------------------------------------------------------------------- */

enum outcome send_message(struct call *call)
{
    static const struct message_members members = {SendMessageRequest_MessageBody,       SendMessageRequest_DelaySeconds,
                                                   SendMessageRequest_MessageAttributes, SendMessageRequest_MessageSystemAttributes,
                                                   SendMessageRequest_MessageGroupId,    SendMessageRequest_MessageDeduplicationId};
    struct problem problem = {0};
    struct message message;
    struct queue queue;

    if (!queue_of_call(call, input_text(call, SendMessageRequest_QueueUrl), &queue))
        return FAILED;
    if (!message_read(call, &queue, &call->input, &members, false, &message, &problem) || !message_store(call, &queue, &message, &problem))
        return problem_fail(call, &problem);
    messages_came(&queue, &message, 1);
    output_text(call, SendMessageResult_MessageId, arena_text(call->arena, message.id));
    output_text(call, SendMessageResult_MD5OfMessageBody, message.body_digest);
    output_text(call, SendMessageResult_MD5OfMessageAttributes, message_attributes_digest(call->arena, message.attributes));
    output_text(call, SendMessageResult_SequenceNumber, message_sequence_number(call->arena, message.position));
    output_text(call, SendMessageResult_MD5OfMessageSystemAttributes, message_attributes_digest(call->arena, message.system_attributes));
    return answer(call);
}
