#include "services/sqs/receive.h"

#include <ctype.h>
#include <string.h>

#include "emulator/loop/clock.h"
#include "services/sqs/body.h"
#include "services/sqs/browse.h"
#include "services/sqs/counts.h"
#include "services/sqs/errors.h"
#include "services/sqs/message.h"
#include "services/sqs/message_attributes.h"
#include "services/sqs/queue.h"
#include "services/sqs/receipt.h"
#include "services/sqs/retention.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/take.h"
#include "services/sqs/waiting.h"

enum { WAIT_MAX = 20, ATTEMPT_MAX = 128 };

/* System attributes that a client may ask for, as bits. */
enum {
    SENDER_ID = 1, SENT_TIMESTAMP = 2, RECEIVE_COUNT = 4, FIRST_RECEIVE = 8, SEQUENCE_NUMBER = 16, DEDUPLICATION_ID = 32, GROUP_ID = 64,
    TRACE_HEADER = 128, SOURCE_ARN = 256
};
static const struct {
    const char *name;
    unsigned bit;
} system_names[] = {
    {"All", RECEIVE_EVERYTHING},
    {"SenderId", SENDER_ID},
    {"SentTimestamp", SENT_TIMESTAMP},
    {"ApproximateReceiveCount", RECEIVE_COUNT},
    {"ApproximateFirstReceiveTimestamp", FIRST_RECEIVE},
    {"SequenceNumber", SEQUENCE_NUMBER},
    {"MessageDeduplicationId", DEDUPLICATION_ID},
    {"MessageGroupId", GROUP_ID},
    {"AWSTraceHeader", TRACE_HEADER},
    {"DeadLetterQueueSourceArn", SOURCE_ARN},
};

/* --- what is asked for --------------------------------------------------------------------------------------------------------- */

static bool check_range(struct call *call, const char *name, uint16_t member, int64_t least, int64_t most, const char *reason)
{
    int64_t number = input_integer(call, member, least);

    if (number >= least && number <= most)
        return true;
    (void)fail(call, &invalid_parameter_value, "Value %lld for parameter %s is invalid. Reason: %s, if provided.", (long long)number, name, reason);
    return false;
}

/* Adds the bits of a list of names; false after fail(). */
static bool add_names(struct call *call, uint16_t member, unsigned *bits)
{
    const struct value *names = input_at(call, member);

    for (uint32_t i = 0; names != NULL && i < names->size; i++) {
        unsigned bit = 0;

        for (size_t j = 0; j < sizeof system_names / sizeof *system_names; j++)
            if (text_equal(names->items[i].text, system_names[j].name))
                bit = system_names[j].bit;
        if (bit == 0) {
            (void)fail(call, &invalid_attribute_name, "Unknown Attribute %s.", names->items[i].text);
            return false;
        }
        *bits |= bit;
    }
    return true;
}

/* Validated by AWS: JSON joins the deprecated list and the new one; with Query the new one wins. */
static bool system_wanted(struct call *call, unsigned *bits)
{
    bool has_new = input_has(call, ReceiveMessageRequest_MessageSystemAttributeNames);

    *bits = 0;
    if (!add_names(call, ReceiveMessageRequest_MessageSystemAttributeNames, bits))
        return false;
    return (call->protocol == PROTOCOL_QUERY && has_new) || add_names(call, ReceiveMessageRequest_AttributeNames, bits);
}

/* --- the answer ---------------------------------------------------------------------------------------------------------------- */

static void put_number(struct call *call, struct value *map, const char *name, int64_t number)
{
    value_put(call->arena, map, name, value_text(arena_print(call->arena, "%lld", (long long)number)));
}

static void put_text(struct call *call, struct value *map, const char *name, const char *text)
{
    if (text != NULL)
        value_put(call->arena, map, name, value_text(text));
}

struct value receive_show(struct call *call, const struct queue *queue, const struct taken *message, unsigned bits, const struct value *names)
{
    struct receipt receipt = {queue->id, message->id, message->token, (uint32_t)message->receives};
    struct value shown = call_struct(call, SHAPE_Message), system = value_map();
    char *digest;
    struct value attributes = message_attributes_select(call, message->attributes, names, &digest);

    set(&shown, Message_MessageId, value_text(message->message_id));
    set(&shown, Message_ReceiptHandle, value_text(receipt_print(call->arena, &receipt)));
    set(&shown, Message_MD5OfBody, value_text(message->digest));
    set(&shown, Message_Body, value_text_of(message_body(call->arena, message->body, message->blob)));
    if (bits & SENDER_ID)
        put_text(call, &system, "SenderId", message->sender);
    if (bits & RECEIVE_COUNT)
        put_number(call, &system, "ApproximateReceiveCount", message->receives);
    if (bits & SENT_TIMESTAMP)
        put_number(call, &system, "SentTimestamp", message->sent_at);
    if (bits & FIRST_RECEIVE && message->receives > 0)
        put_number(call, &system, "ApproximateFirstReceiveTimestamp", message->first_received);
    if (bits & GROUP_ID)
        put_text(call, &system, "MessageGroupId", message->group);
    if (bits & DEDUPLICATION_ID)
        put_text(call, &system, "MessageDeduplicationId", message->deduplication);
    if (bits & SEQUENCE_NUMBER && queue->is_fifo)
        put_text(call, &system, "SequenceNumber", message_sequence_number(call->arena, message->position));
    if (bits & TRACE_HEADER)
        put_text(call, &system, "AWSTraceHeader", message->trace);
    if (bits & SOURCE_ARN)
        put_text(call, &system, "DeadLetterQueueSourceArn", message->source);
    if (system.size > 0)
        set(&shown, Message_Attributes, system);
    if (attributes.size > 0) {
        set(&shown, Message_MessageAttributes, attributes);
        set(&shown, Message_MD5OfMessageAttributes, value_text(digest));
    }
    return shown;
}

/* --- the operation ------------------------------------------------------------------------------------------------------------- */

static int64_t wait_seconds(struct call *call, const struct queue *queue)
{
    return input_integer(call, ReceiveMessageRequest_WaitTimeSeconds, queue->wait);
}

/* When the call has waited enough. A poll by another part of lowcloud (a mapping's) has no end of its own: it would only be asked again at once, and a clock that
 * is stepped from due thing to due thing would never get beyond it. */
static int64_t end_of_wait(struct call *call, const struct queue *queue)
{
    int64_t seconds = wait_seconds(call, queue);

    return seconds > 0 && call->exchange == NULL ? WAITING_ENDLESS : clock_now() + seconds * 1000;
}

/* Standard queues have refused it. */
static const char *attempt_id(struct call *call, const struct queue *queue)
{
    return queue->is_fifo ? input_text(call, ReceiveMessageRequest_ReceiveRequestAttemptId) : NULL;
}

/* Runs at once, and again whenever the call is woken; `due` is when it has waited enough. */
static enum outcome attempt(struct call *call, int64_t due);

static enum outcome attempt_again(struct call *call)
{
    return attempt(call, waiting_due(call));
}

static enum outcome attempt(struct call *call, int64_t due)
{
    int64_t now = clock_now(), most = input_integer(call, ReceiveMessageRequest_MaxNumberOfMessages, 1);
    struct taken taken[RECEIVE_MAX];
    bool is_unfinished;
    struct queue queue;
    unsigned bits;

    if (!queue_of_call(call, input_text(call, ReceiveMessageRequest_QueueUrl), &queue) || !system_wanted(call, &bits))
        return FAILED;
    if (due == WAITING_UNKNOWN)
        due = end_of_wait(call, &queue);
    if (!retention_sweep(&queue))
        return again(call, due, attempt_again);
    if (queue.messages >= IN_FLIGHT_MAX && counts_in_flight_at_most(&queue) + most > IN_FLIGHT_MAX) {
        struct counts counts;

        counts_read(&queue, &counts);
        int64_t room = IN_FLIGHT_MAX - counts.in_flight;
        /* Documented: a short poll gets the error, a long poll gets nothing and no error, and so does any of a FIFO queue. */
        if (room <= 0 && !queue.is_fifo && wait_seconds(call, &queue) == 0)
            return fail(call, &over_limit, "The maximum number of in flight messages (%d) is reached.", IN_FLIGHT_MAX);
        if (room <= 0)
            return answer(call);
        most = most < room ? most : room;
    }
    int64_t visibility = input_integer(call, ReceiveMessageRequest_VisibilityTimeout, queue.visibility);
    size_t count = take(call, &queue, &(struct taking){most, now + visibility * 1000, attempt_id(call, &queue)}, taken, &is_unfinished);
    if (is_unfinished)
        return again(call, due, attempt_again);
    if (count == 0)
        return due == WAITING_ENDLESS || due > now ? waiting_park(call, &queue, due, attempt_again) : answer(call);
    const struct value *names = input_at(call, ReceiveMessageRequest_MessageAttributeNames);
    struct value messages = value_list_of(call->arena, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        messages.items[i] = receive_show(call, &queue, &taken[i], bits, names);
    output_set(call, ReceiveMessageResult_Messages, messages);
    if (call->exchange == NULL)
        call->cause = taken[0].cause;
    return answer(call);
}

/* Only FIFO queues have it. */
static bool check_attempt(struct call *call)
{
    const char *id = input_text(call, ReceiveMessageRequest_ReceiveRequestAttemptId);
    struct queue queue;
    bool is_good = true;

    if (id == NULL)
        return true;
    if (!queue_of_call(call, input_text(call, ReceiveMessageRequest_QueueUrl), &queue))
        return false;
    for (const char *at = id; *at != '\0'; at++)
        is_good = is_good && isgraph((unsigned char)*at) != 0;
    if (!queue.is_fifo)
        (void)fail(call, &invalid_parameter_value,
                   "Value %s for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type.", id);
    else if (!is_good || id[0] == '\0' || strlen(id) > ATTEMPT_MAX)
        (void)fail(call, &invalid_parameter_value,
                   "Value %s for parameter ReceiveRequestAttemptId is invalid. Reason: ReceiveRequestAttemptId can only include alphanumeric and punctuation"
                   " characters. 1 to 128 in length.",
                   id);
    else
        return true;
    return false;
}

enum outcome receive_message(struct call *call)
{
    if (browse_is_meant(call))
        return browse(call);
    if (!check_range(call, "MaxNumberOfMessages", ReceiveMessageRequest_MaxNumberOfMessages, 1, RECEIVE_MAX, "Must be between 1 and 10") ||
        !check_range(call, "WaitTimeSeconds", ReceiveMessageRequest_WaitTimeSeconds, 0, WAIT_MAX, "Must be >= 0 and <= 20") ||
        !check_range(call, "VisibilityTimeout", ReceiveMessageRequest_VisibilityTimeout, 0, VISIBILITY_MAX, "Must be >= 0 and <= 43200") ||
        !check_attempt(call))
        return FAILED;
    return attempt(call, WAITING_UNKNOWN);
}
