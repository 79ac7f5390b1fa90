/* What a receive takes from a queue: visible messages, in order, on their way out. */
#pragma once
#include "services/sqs/queue.h"

struct taken {
    int64_t id, sent_at, receives, first_received, token, blob, position, visible_at, group_row;
    uint64_t cause;
    const char *source, *message_id, *digest, *sender, *trace, *group, *deduplication;
    struct bytes body, attributes;
};

struct taking {
    int64_t most; /* at most RECEIVE_MAX */
    int64_t visible_at;
    const char *attempt; /* FIFO: ReceiveRequestAttemptId, or NULL */
};

/* Looks at up to `most` messages that have not expired, without taking them: those whose visible_at has come, or `in_any_state` in order of sending. */
size_t taken_look(struct arena *arena, const struct queue *queue, bool in_any_state, size_t most, struct taken *taken);

/* Inside a transaction: takes up to `most` messages, hidden until visible_at; those that have been received too often go to the dead-letter queue on the way.
 * *is_unfinished: there is so much to do on the way that the next turn has to go on. */
size_t take(struct call *call, const struct queue *queue, const struct taking *taking, struct taken *taken, bool *is_unfinished);
