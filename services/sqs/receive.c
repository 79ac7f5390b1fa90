#include "services/sqs/receive.h"

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/body.h"
#include "services/sqs/counts.h"
#include "services/sqs/errors.h"
#include "services/sqs/message_attributes.h"
#include "services/sqs/queue.h"
#include "services/sqs/receipt.h"
#include "services/sqs/redrive.h"
#include "services/sqs/retention.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/waiting.h"

enum { WAIT_MAX = 20, MOVES_MAX = 500 };

/* System attributes that a client may ask for, as bits. */
enum {
    SENDER_ID = 1, SENT_TIMESTAMP = 2, RECEIVE_COUNT = 4, FIRST_RECEIVE = 8, SEQUENCE_NUMBER = 16, DEDUPLICATION_ID = 32, GROUP_ID = 64,
    TRACE_HEADER = 128, SOURCE_ARN = 256, EVERYTHING = 511
};
static const struct {
    const char *name;
    unsigned bit;
} system_names[] = {
    {"All", EVERYTHING},
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

/* A visible message, on its way out. */
struct taken {
    int64_t id, sent_at, receives, first_received, token, blob;
    uint64_t cause;
    const char *source, *message_id, *digest, *sender, *trace, *group;
    struct bytes body, attributes;
};

static struct query head_query =
    QUERY("SELECT m.id, m.sent_at, m.receives, m.first_received, m.token, m.cause, m.blob, m.source, b.message_id, b.body, b.md5, b.attributes,"
          " b.sender, b.trace, b.group_id"
          " FROM message AS m INDEXED BY message_by_visible_at CROSS JOIN message_body AS b ON b.id = m.id"
          " WHERE m.epoch = ? AND m.visible_at <= ? ORDER BY m.visible_at, m.id LIMIT ?");
static struct query take_query =
    QUERY("UPDATE message SET visible_at = ?, receives = receives + 1, first_received = coalesce(first_received, ?2), received = ?2 WHERE id = ?3");

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

/* --- taking -------------------------------------------------------------------------------------------------------------------- */

static size_t read_head(struct arena *arena, const struct queue *queue, int64_t most, struct taken *taken)
{
    size_t count = 0;

    query_start(&head_query, "iii", queue->epoch, clock_now(), most);
    while (query_step(&head_query))
        taken[count++] = (struct taken){.id = query_integer(&head_query, 0),
                                        .sent_at = query_integer(&head_query, 1),
                                        .receives = query_integer(&head_query, 2),
                                        .first_received = query_integer(&head_query, 3),
                                        .token = query_integer(&head_query, 4),
                                        .cause = (uint64_t)query_integer(&head_query, 5),
                                        .blob = query_integer(&head_query, 6),
                                        .source = query_text(&head_query, arena, 7),
                                        .message_id = query_text(&head_query, arena, 8),
                                        .body = query_bytes(&head_query, arena, 9),
                                        .digest = query_text(&head_query, arena, 10),
                                        .attributes = query_bytes(&head_query, arena, 11),
                                        .sender = query_text(&head_query, arena, 12),
                                        .trace = query_text(&head_query, arena, 13),
                                        .group = query_text(&head_query, arena, 14)};
    query_end(&head_query);
    return count;
}

/* Takes up to `most` visible messages; those that have been received too often go to the dead-letter queue on the way. *is_unfinished: there were so many of
 * those that the next turn has to go on. */
static size_t take(struct call *call, const struct queue *queue, int64_t most, int64_t visible_at, struct taken *taken, bool *is_unfinished)
{
    int64_t now = clock_now();
    size_t kept = 0, moved = 0, count;
    struct queue target;

    do {
        count = read_head(call->arena, queue, most, taken);
        for (size_t i = 0; i < count; i++) {
            if (redrive_is_due(call->arena, queue, taken[i].receives, &target)) {
                redrive_move(call, queue, &target, taken[i].id, taken[i].sent_at, taken[i].cause);
                moved++;
                continue;
            }
            (void)query_run(&take_query, "iii", visible_at, now, taken[i].id);
            taken[kept] = taken[i];
            taken[kept].receives++;
            if (taken[kept].receives == 1 || taken[kept].first_received == 0)
                taken[kept].first_received = now;
            kept++;
        }
    } while (kept == 0 && count > 0 && moved < MOVES_MAX);
    *is_unfinished = kept == 0 && count > 0;
    if (kept > 0 && visible_at > now)
        counts_hide(queue->epoch, visible_at, 0, (int64_t)kept);
    if (kept > 0)
        waiting_notice(queue->id);
    return kept;
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

static struct value render(struct call *call, const struct queue *queue, const struct taken *message, unsigned bits)
{
    struct receipt receipt = {queue->id, message->id, message->token, (uint32_t)message->receives};
    struct value shown = call_struct(call, SHAPE_Message), system = value_map();
    char *digest;
    struct value attributes = message_attributes_select(call, message->attributes, input_at(call, ReceiveMessageRequest_MessageAttributeNames), &digest);

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
    if (bits & FIRST_RECEIVE)
        put_number(call, &system, "ApproximateFirstReceiveTimestamp", message->first_received);
    if (bits & GROUP_ID)
        put_text(call, &system, "MessageGroupId", message->group);
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
        /* Documented: a short poll gets the error, a long poll gets nothing and no error. */
        if (room <= 0 && wait_seconds(call, &queue) == 0)
            return fail(call, &over_limit, "The maximum number of in flight messages (%d) is reached.", IN_FLIGHT_MAX);
        if (room <= 0)
            return answer(call);
        most = most < room ? most : room;
    }
    int64_t visibility = input_integer(call, ReceiveMessageRequest_VisibilityTimeout, queue.visibility);
    size_t count = take(call, &queue, most, now + visibility * 1000, taken, &is_unfinished);
    if (is_unfinished)
        return again(call, due, attempt_again);
    if (count == 0)
        return due == WAITING_ENDLESS || due > now ? waiting_park(call, &queue, due, attempt_again) : answer(call);
    struct value messages = value_list_of(call->arena, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        messages.items[i] = render(call, &queue, &taken[i], bits);
    output_set(call, ReceiveMessageResult_Messages, messages);
    if (call->exchange == NULL)
        call->cause = taken[0].cause;
    return answer(call);
}

enum outcome receive_message(struct call *call)
{
    const char *attempt_id = input_text(call, ReceiveMessageRequest_ReceiveRequestAttemptId);

    if (!check_range(call, "MaxNumberOfMessages", ReceiveMessageRequest_MaxNumberOfMessages, 1, RECEIVE_MAX, "Must be between 1 and 10") ||
        !check_range(call, "WaitTimeSeconds", ReceiveMessageRequest_WaitTimeSeconds, 0, WAIT_MAX, "Must be >= 0 and <= 20") ||
        !check_range(call, "VisibilityTimeout", ReceiveMessageRequest_VisibilityTimeout, 0, VISIBILITY_MAX, "Must be >= 0 and <= 43200"))
        return FAILED;
    if (attempt_id != NULL)
        return fail(call, &invalid_parameter_value,
                    "Value %s for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type.",
                    attempt_id);
    return attempt(call, WAITING_UNKNOWN);
}
