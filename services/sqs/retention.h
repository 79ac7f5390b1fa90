/* Retention: messages older than the queue's MessageRetentionPeriod go when the queue is next touched.
 *
 * There is no timer for it: nothing happens at that moment that anybody could see without touching the queue, and stepping the clock to the next due thing shall
 * not run days ahead to throw away what lies in a dead-letter queue. */
#pragma once
#include "services/sqs/queue.h"

/* Removes what has expired and brings `queue` up to date. False: there was too much for one turn; go on by again(). */
bool retention_sweep(struct queue *queue);

/* The columns of a message's row that its counts depend on. blob 0: the body is in the row of message_body; group: of a FIFO queue, or tenant; 0: none. */
struct standing {
    int64_t id, sent_at, visible_at, receives, blob, group;
};
/* Inside a transaction: one message and its body go. */
void message_remove(const struct queue *queue, const struct standing *message);
