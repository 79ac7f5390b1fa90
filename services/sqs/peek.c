#include "services/sqs/peek.h"

#include <string.h>

#include "emulator/loop/clock.h"
#include "emulator/store/blob.h"
#include "emulator/store/store.h"
#include "services/sqs/body.h"
#include "services/sqs/counts.h"
#include "services/sqs/message.h"
#include "services/sqs/message_attributes.h"

static struct query names_query = QUERY("SELECT name FROM queue WHERE account = ? AND region = ? ORDER BY name");
static struct query messages_query =
    QUERY("SELECT m.visible_at, m.sent_at, m.receives, m.first_received, m.blob, m.source, b.message_id, b.body, b.attributes, b.sender, b.trace, b.group_id,"
          " b.deduplication_id, m.position"
          " FROM message AS m INDEXED BY message_by_sent_at CROSS JOIN message_body AS b ON b.id = m.id"
          " WHERE m.epoch = ? AND m.sent_at > ? ORDER BY m.sent_at, m.id LIMIT ?");

static void put_text(struct arena *arena, struct value *map, const char *name, const char *text)
{
    if (text != NULL)
        value_put(arena, map, name, value_text(text));
}

static struct value show_message(struct arena *arena, const struct queue *queue)
{
    struct query *row = &messages_query;
    int64_t visible_at = query_integer(row, 0), receives = query_integer(row, 2);

    if (queue->is_fifo && receives == 0)
        visible_at += queue->delay * 1000;
    struct value message = value_map();
    struct bytes body = message_body(arena, query_bytes(row, arena, 7), query_integer(row, 4));
    struct value attributes = message_attributes_show(arena, query_bytes(row, arena, 8));

    value_put(arena, &message, "message_id", value_text(query_text(row, arena, 6)));
    value_put(arena, &message, "state", value_text(visible_at <= clock_now() ? "visible" : receives == 0 ? "delayed" : "in flight"));
    value_put(arena, &message, "sent_at", value_integer(query_integer(row, 1)));
    value_put(arena, &message, "visible_at", value_integer(visible_at));
    value_put(arena, &message, "receive_count", value_integer(receives));
    if (receives > 0)
        value_put(arena, &message, "first_received_at", value_integer(query_integer(row, 3)));
    put_text(arena, &message, "sender_id", query_text(row, arena, 9));
    put_text(arena, &message, "trace_header", query_text(row, arena, 10));
    put_text(arena, &message, "message_group_id", query_text(row, arena, 11));
    put_text(arena, &message, "message_deduplication_id", query_text(row, arena, 12));
    put_text(arena, &message, "sequence_number", message_sequence_number(arena, queue->is_fifo ? query_integer(row, 13) : 0));
    put_text(arena, &message, "dead_letter_source_arn", query_text(row, arena, 5));
    if (attributes.size > 0)
        value_put(arena, &message, "attributes", attributes);
    value_put(arena, &message, "body", value_text_of(body));
    return message;
}

static struct value show_messages(struct arena *arena, const struct queue *queue)
{
    struct value messages = value_list();

    query_start(&messages_query, "iii", queue->epoch, clock_now() - queue->retention * 1000, (int64_t)PEEK_MAX);
    while (query_step(&messages_query))
        value_push(arena, &messages, show_message(arena, queue));
    query_end(&messages_query);
    return messages;
}

static struct value show_queue(struct arena *arena, const struct queue *queue)
{
    struct value shown = value_map();
    struct counts counts;

    counts_read(queue, &counts);
    value_put(arena, &shown, "name", value_text(queue->name));
    value_put(arena, &shown, "arn", value_text(queue_arn(arena, queue->account, queue->region, queue->name)));
    value_put(arena, &shown, "visible", value_integer(counts.visible));
    value_put(arena, &shown, "delayed", value_integer(counts.delayed));
    value_put(arena, &shown, "in_flight", value_integer(counts.in_flight));
    put_text(arena, &shown, "dead_letter_queue", queue->dead_letters);
    return shown;
}

const struct value *sqs_peek(struct arena *arena, const char *account, const char *region, const char *what)
{
    struct value *answer = arena_alloc(arena, sizeof *answer);
    struct queue queue;

    *answer = value_map();
    if (text_equal(what, "queues")) {
        struct value names = value_list(), queues = value_list();

        query_start(&names_query, "tt", account, region);
        while (query_step(&names_query))
            value_push(arena, &names, value_text(query_text(&names_query, arena, 0)));
        query_end(&names_query);
        for (uint32_t i = 0; i < names.size; i++)
            if (queue_find(arena, account, region, names.items[i].text, &queue))
                value_push(arena, &queues, show_queue(arena, &queue));
        value_put(arena, answer, "queues", queues);
        return answer;
    }
    if (!text_starts(what, "queues/") || !text_ends(what, "/messages") || strlen(what) <= strlen("queues//messages"))
        return NULL;
    const char *name = arena_copy(arena, what + strlen("queues/"), strlen(what) - strlen("queues//messages"));
    if (!queue_find(arena, account, region, name, &queue))
        return NULL;
    *answer = show_queue(arena, &queue);
    value_put(arena, answer, "messages", show_messages(arena, &queue));
    return answer;
}
