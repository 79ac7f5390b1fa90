/* Moving one message from queue to queue as a new one. */
#pragma once
#include "services/sqs/queue.h"

/* The first visible message of a queue: false when there is none. */
struct movable {
    int64_t id, sent_at, receives, old_group;
    uint64_t cause;
    const char *source; /* ARN of the queue that it was a dead letter of, or NULL */
    const char *group;
};
bool movable_find(struct arena *arena, struct queue *queue, struct movable *message);

/* Inside a transaction: it goes to `target`, a queue of the same type, with a new id and a new time. `cause` is the journal's number of what started it. Both queues are
 * brought up to date. */
void movable_move(struct arena *arena, struct queue *queue, struct queue *target, const struct movable *message, uint64_t cause);
