/* The attributes of a queue: names, ranges, rules, and what a client gets of them.
 *
 * Ranges and names: API reference of SetQueueAttributes; texts: answers recorded from AWS. */
#pragma once
#include "services/sqs/errors.h"
#include "services/sqs/queue.h"

void attributes_default(struct queue *queue);

/* `wanted` is a map of text as sent, or NULL. All three leave the queue as it is. */
bool attributes_check(struct call *call, const struct queue *queue, const struct value *wanted, struct problem *problem);
/* CreateQueue of a queue that exists: everything given has to be what it has now. */
bool attributes_are_current(struct call *call, const struct queue *queue, const struct value *wanted, struct problem *problem);

/* Inside a transaction, after attributes_check(). */
void attributes_store(struct call *call, struct queue *queue, const struct value *wanted);

/* Attributes that are text: NULL when not set. */
const char *attribute_text(struct arena *arena, const struct queue *queue, const char *name);
void attribute_set_text(const struct queue *queue, const char *name, const char *text); /* NULL or "" removes it; the change is dated */

enum outcome get_queue_attributes(struct call *call);
enum outcome set_queue_attributes(struct call *call);
