/* Tags of a queue: at most 50, keys of 1 to 128 characters, values of up to 256 (developer guide, "Amazon SQS cost allocation tags"). */
#pragma once
#include "services/sqs/errors.h"
#include "services/sqs/queue.h"

/* `tags` is a map of text, or NULL. */
bool tags_check(struct call *call, const struct value *tags, struct problem *problem);
/* Inside a transaction, after tags_check(). False: the queue would have too many. */
bool tags_store(struct call *call, const struct queue *queue, const struct value *tags, struct problem *problem);

enum outcome tag_queue(struct call *call);
enum outcome untag_queue(struct call *call);
enum outcome list_queue_tags(struct call *call);
