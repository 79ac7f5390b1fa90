#include "services/sqs/deduplication.h"

#include <string.h>

#include "emulator/base/digest.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/message.h"

enum { WINDOW_MS = 300000, FORGET_ROWS = 2 };

static struct query find_query = QUERY("SELECT message_id, position FROM deduplication WHERE epoch = ? AND key = ? AND expires > ?");
static struct query put_query = QUERY("INSERT INTO deduplication(epoch, key, expires, message_id, position) VALUES (?, ?, ?, ?, ?)"
                                      " ON CONFLICT(epoch, key) DO UPDATE SET expires = excluded.expires, message_id = excluded.message_id,"
                                      " position = excluded.position");
/* Twice as many as came: the table stays as large as what five minutes can bring, and no send has much to do. */
static struct query forget_query = QUERY("DELETE FROM deduplication WHERE (epoch, key) IN"
                                         " (SELECT epoch, key FROM deduplication INDEXED BY deduplication_by_expires WHERE expires <= ? LIMIT ?)");

/* Neither part can hold a blank. */
static const char *key_of(struct arena *arena, const struct queue *queue, const struct message *message)
{
    return queue->is_scope_by_group ? arena_print(arena, "%s %s", message->deduplication, message->group) : message->deduplication;
}

char *deduplication_of_content(struct arena *arena, struct bytes body)
{
    return digest_hex(arena, DIGEST_SHA256, body);
}

bool deduplication_find(struct arena *arena, const struct queue *queue, struct message *message)
{
    query_start(&find_query, "iti", queue->epoch, key_of(arena, queue, message), clock_now());
    bool found = query_step(&find_query);
    if (found) {
        memcpy(message->id, query_text(&find_query, NULL, 0), sizeof message->id);
        message->position = query_integer(&find_query, 1);
    }
    query_end(&find_query);
    return found;
}

void deduplication_remember(struct arena *arena, const struct queue *queue, const struct message *message)
{
    int64_t now = clock_now();

    (void)query_run(&forget_query, "ii", now, (int64_t)FORGET_ROWS);
    (void)query_run(&put_query, "ititi", queue->epoch, key_of(arena, queue, message), now + WINDOW_MS, message->id, message->position);
}
