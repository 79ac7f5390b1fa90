/* Retention: messages older than the queue's MessageRetentionPeriod go when the queue is next touched.
 *
 * There is no timer for it: nothing happens at that moment that anybody could see without touching the queue, and stepping the clock to the next due thing shall
 * not run days ahead to throw away what lies in a dead-letter queue. */
#pragma once
#include "services/sqs/queue.h"

/* Removes what has expired and brings `queue` up to date. False: there was too much for one turn; go on by again(). */
bool retention_sweep(struct queue *queue);

/* Inside a transaction: one message and its body go. visible_at and receives are those of its row; blob 0: the body is in its row. */
void message_remove(const struct queue *queue, int64_t id, int64_t visible_at, int64_t receives, int64_t blob);
