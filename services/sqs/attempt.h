/* ReceiveRequestAttemptId (FIFO): within five minutes, a receive with the same id gets the same messages and receipt handles again, hidden anew, as long as
 * nobody has deleted one, changed its visibility or let it come back. Documentation: "Receiving messages with retries" of FIFO queues. */
#pragma once
#include "services/sqs/queue.h"

/* Inside a transaction: the rows of that receive's messages, at most RECEIVE_MAX; 0: this is a new receive. They are still in flight until *visible_at. */
size_t attempt_find(const struct queue *queue, const char *attempt, int64_t *messages, int64_t *visible_at);
void attempt_remember(const struct queue *queue, const char *attempt, const int64_t *messages, size_t count, int64_t visible_at);
