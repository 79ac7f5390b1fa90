/* Dead letters: redrive policies, and the move of a message that has been received too often.
 *
 * A message moves when a receive would exceed maxReceiveCount, in that receive's transaction: it keeps id, body, attributes, sent time and receive count, and is
 * said to come from its source queue. Facts: services.md 1.6 and 1.10. */
#pragma once
#include "services/sqs/errors.h"
#include "services/sqs/queue.h"

bool redrive_policy_check(struct call *call, const struct queue *queue, const char *text, struct problem *problem);
bool redrive_allow_policy_check(struct call *call, const char *text, struct problem *problem);
/* Sets the queue's dead_letters and most_receives from a checked policy; "" takes them away. */
void redrive_policy_apply(struct arena *arena, const char *text, struct queue *queue);

/* True when a message received `receives` times has to go elsewhere; *target is where. A dead-letter queue that is gone takes nothing. */
bool redrive_is_due(struct arena *arena, const struct queue *queue, int64_t receives, struct queue *target);
/* Inside a transaction: a visible message goes to `target`, which is of the same type; `group` is the name of its message group or NULL (FIFO: it becomes
 * the last of that group there). Its journal record becomes the message's cause. The group or tenant that it leaves is the caller's to refresh. */
void redrive_move(struct call *call, const struct queue *queue, const struct queue *target, int64_t id, const char *group, int64_t sent_at, uint64_t cause);

enum outcome list_dead_letter_source_queues(struct call *call);
